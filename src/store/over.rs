//! An object that is written over what was seen at its key, and over nothing else: whoever was slower than somebody else gives way.
//!
//! S3 and Azure compare the tag (`If-Match`), or refuse where there should be nothing (`If-None-Match`). A local folder, and a store
//! that cannot compare, writes over whatever is there: its writers look beforehand, and the last one looks again.
//!
//! Never in here: what the bytes mean.

use super::absent::name;
use super::fault::{StoreError, fault};
use super::mutant::{self, Mutant};
use crate::access::{Folder, Meaning, meaning};
use crate::failpoint;
use bytes::Bytes;
use object_store::path::Path;
use object_store::{Error, ObjectMeta, ObjectStoreExt, PutMode, PutOptions, PutPayload, UpdateVersion};

/// The answer of a store that knows no such condition.
const NOT_IMPLEMENTED: u16 = 501;

/// What was at a key when it was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Before {
    /// Nothing.
    #[default]
    Nothing,
    /// An object that has this tag.
    Tagged(UpdateVersion),
    /// An object without a tag.
    Untagged,
}

impl Before {
    fn of(e_tag: Option<String>, version: Option<String>) -> Self {
        match e_tag {
            Some(_) => Before::Tagged(UpdateVersion { e_tag, version }),
            None => Before::Untagged,
        }
    }

    fn mode(&self) -> PutMode {
        match self {
            Before::Nothing => PutMode::Create,
            Before::Tagged(version) => PutMode::Update(version.clone()),
            Before::Untagged => PutMode::Overwrite,
        }
    }
}

impl From<ObjectMeta> for Before {
    fn from(meta: ObjectMeta) -> Self {
        Before::of(meta.e_tag, meta.version)
    }
}

/// What is at a key, and what there is to compare with.
pub(super) async fn seen(folder: &Folder, key: &Path) -> Result<(Option<Bytes>, Before), StoreError> {
    let found = async {
        let found = folder.store().get(key).await?;
        let before = Before::from(found.meta.clone());
        Ok((Some(found.bytes().await?), before))
    };
    let found = failpoint::around("store.get", found).await;
    match found {
        Err(Error::NotFound { .. }) => Ok((None, Before::Nothing)),
        found => found.map_err(|error| fault(folder, "reading an object", &name(folder, key), error)),
    }
}

/// The same without its bytes.
pub(super) async fn tag(folder: &Folder, key: &Path) -> Result<Before, StoreError> {
    let found = failpoint::around("store.head", folder.store().head(key)).await;
    match found {
        Ok(meta) => Ok(meta.into()),
        Err(Error::NotFound { .. }) => Ok(Before::Nothing),
        Err(error) => Err(fault(folder, "asking for an object's tag", &name(folder, key), error)),
    }
}

/// Writes `bytes` in the place of what was there `before`. Gives what is there then; `None` where somebody else's bytes were quicker.
pub(super) async fn put_over(
    folder: &Folder,
    key: &Path,
    bytes: Bytes,
    before: &Before,
    call: &'static str,
) -> Result<Option<Before>, StoreError> {
    let put = |mode| {
        let options = PutOptions { mode, ..PutOptions::default() };
        failpoint::around(call, folder.store().put_opts(key, PutPayload::from_bytes(bytes.clone()), options))
    };
    let is_asked = !mutant::is(Mutant::StalledCopyGoesOn);
    let mut answer = put(if is_asked { before.mode() } else { PutMode::Overwrite }).await;
    let is_unable = |error| matches!(meaning(error), Meaning::Unable | Meaning::Away(Some(NOT_IMPLEMENTED)));
    if answer.as_ref().is_err_and(is_unable) {
        answer = put(PutMode::Overwrite).await;
    }
    match answer {
        Ok(written) => Ok(Some(Before::of(written.e_tag, written.version))),
        // Our own, of an attempt whose answer was lost, or the same of somebody else.
        Err(Error::Precondition { .. } | Error::AlreadyExists { .. }) => match seen(folder, key).await? {
            (Some(found), now) if found == bytes => Ok(Some(now)),
            _ => Ok(None),
        },
        Err(error) => Err(match fault(folder, "writing an object", "the bucket or container", error) {
            StoreError::NotExclusive { store } => StoreError::Away { store, during: "writing an object", code: None },
            other => other,
        }),
    }
}
