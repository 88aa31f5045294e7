//! A store of the environment, opened: its folder, its second cloud, who it is for, and whose data it holds.
//!
//! Never in here: tables; a store knows only the folder that each has.

use super::absent::{Absent, get, put_if_absent};
use super::fault::{StoreError, damaged};
use super::fence;
use super::out::OutLimit;
use crate::access::Folder;
use crate::data::{Audience, Name};
use crate::job::StoreSpec;
use bytes::Bytes;
use std::sync::Arc;

/// Says whose data a store holds; created once, by the first run that publishes or files there.
const STAMP: &str = "_nightferry/stamp.json";

/// A store of the environment, opened.
#[derive(Clone, Debug)]
pub struct Store {
    name: Name,
    audience: Audience,
    primary: Folder,
    second: Option<Folder>,
    waits: bool,
    epoch: u64,
    out: Option<Arc<OutLimit>>,
}

impl Store {
    /// `spec`, reached through `primary` and, where it has one, `second`.
    pub fn new(spec: &StoreSpec, primary: Folder, second: Option<Folder>) -> Self {
        Store {
            name: spec.name.clone(),
            audience: spec.audience,
            primary,
            second,
            waits: spec.primary.is_outside_aws(),
            epoch: spec.epoch,
            out: None,
        }
    }

    /// The same store, of which some cloud is not in AWS, where plain copies send no more than `out` lets.
    pub fn within(self, out: Arc<OutLimit>) -> Self {
        Store { out: Some(out), ..self }
    }

    /// The limit of what leaves AWS, of the cloud where it is counted: the second, where there is one.
    pub(super) fn out(&self, is_second: bool) -> Option<&OutLimit> {
        self.out.as_deref().filter(|_| is_second == self.second.is_some())
    }

    /// Its name in the environment.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// Who may see what is in it.
    pub fn audience(&self) -> Audience {
        self.audience
    }

    /// Where the truth of each table is.
    pub fn primary(&self) -> &Folder {
        &self.primary
    }

    /// The second cloud.
    pub fn second(&self) -> Option<&Folder> {
        self.second.as_ref()
    }

    /// Whether nothing may be written to the primary before the job's verdict: parts wait in scratch.
    pub fn waits_for_verdict(&self) -> bool {
        self.waits
    }

    /// The epoch that the environment writes in.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Refuses a writer that a failover has overtaken, in either cloud. A second cloud that cannot be asked now is asked again
    /// before anything is carried there.
    pub async fn check_epoch(&self) -> Result<(), StoreError> {
        fence::check(&self.primary, self.epoch).await?;
        match &self.second {
            Some(second) => match fence::check(second, self.epoch).await {
                // A second cloud that was away in a failover has an older one: whoever carries there raises it.
                Err(error @ StoreError::Epoch { newest, ours, .. }) if newest > ours => Err(error),
                _ => Ok(()),
            },
            None => Ok(()),
        }
    }

    /// Marks the store as `stamp`'s, for ever, or refuses one that is another's. Nothing may be written before.
    pub async fn claim(&self, stamp: &str) -> Result<(), StoreError> {
        claim(&self.primary, stamp).await
    }

    /// Refuses when the store, or its second cloud, holds the data of an environment other than `stamp`. Writes nothing.
    ///
    /// A second cloud that cannot be asked now is asked again before anything is carried there.
    pub async fn check_stamp(&self, stamp: &str) -> Result<(), StoreError> {
        if let Some(found) = get(&self.primary, &self.primary.at(STAMP)).await? {
            same(&self.primary, &found, stamp)?;
        }
        if let Some(second) = &self.second
            && let Ok(Some(found)) = get(second, &second.at(STAMP)).await
        {
            same(second, &found, stamp)?;
        }
        Ok(())
    }
}

/// Whether a folder is marked as `stamp`'s; refuses one that is another's.
pub async fn is_stamped(folder: &Folder, stamp: &str) -> Result<bool, StoreError> {
    match get(folder, &folder.at(STAMP)).await? {
        Some(found) => same(folder, &found, stamp).map(|()| true),
        None => Ok(false),
    }
}

/// Marks a folder as `stamp`'s, for ever, or refuses one that is another's.
pub(super) async fn claim(folder: &Folder, stamp: &str) -> Result<(), StoreError> {
    let key = folder.at(STAMP);
    match get(folder, &key).await? {
        Some(found) => same(folder, &found, stamp),
        None => match put_if_absent(folder, &key, text(stamp), "store.put.stamp").await? {
            Absent::Created | Absent::Mine => Ok(()),
            Absent::Other(found) => same(folder, &found, stamp),
        },
    }
}

fn text(stamp: &str) -> Bytes {
    format!("{}\n", serde_json::json!({ "stamp": stamp })).into()
}

fn same(folder: &Folder, found: &Bytes, stamp: &str) -> Result<(), StoreError> {
    let parsed = serde_json::from_slice::<serde_json::Value>(found).ok();
    let Some(theirs) = parsed.as_ref().and_then(|value| value.get("stamp")).and_then(|stamp| stamp.as_str()) else {
        return Err(damaged(folder, format!("`{STAMP}`"), "it names no stamp"));
    };
    if theirs == stamp {
        return Ok(());
    }
    let (store, what) = (folder.label().to_owned(), "what is there".to_owned());
    Err(StoreError::Stamp { store, what, theirs: theirs.to_owned(), ours: stamp.to_owned() })
}
