//! The one way in which anything is committed: create an object only if it is absent, and know for certain whose it is.
//!
//! The answer to a conditional PUT cannot be trusted by itself. An object store client reports "already exists" for
//! one's own write when the server stored it and then answered 500, and for S3's 409 (a conflict in flight) that stored
//! nothing; on Azure 409 really means that it exists; a time-out says nothing at all. So every attempt ends with a GET and a
//! comparison of bytes, and that alone decides.
//!
//! Never in here: what the bytes mean.

use super::fault::{StoreError, fault};
use super::mutant::{self, Mutant};
use crate::access::Folder;
use crate::failpoint;
use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutMode, PutOptions, PutPayload};
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

/// Attempts of one create-only write, over and above the client's own retries.
const ATTEMPTS_MAX: u32 = 6;
/// Attempts whose look at the key failed too. The client has been patient with each already, so the place is away.
const UNSEEN_MAX: u32 = 2;
/// Reads of an object that is not what was written, before it is called so: a bit may flip on the way to us.
const READS_MAX: u32 = 3;
/// First pause between attempts, in milliseconds; each next one is up to twice as long, with jitter.
const PAUSE_MS_FIRST: u64 = if cfg!(test) { 1 } else { 25 };

/// What is at the key now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Absent {
    /// Our bytes, and the store said so at once.
    Created,
    /// Our bytes, written by an earlier attempt of ours or by somebody who completes the same work.
    Mine,
    /// Somebody else's bytes.
    Other(Bytes),
}

/// Creates `key` with `bytes` unless it is there, and says whose bytes are there now. `call` names the kill point.
///
/// `Err(StoreError::Away)` means that it is not known: the write may still arrive. Ask again before deciding anything.
pub async fn put_if_absent(
    folder: &Folder,
    key: &Path,
    bytes: Bytes,
    call: &'static str,
) -> Result<Absent, StoreError> {
    let during = "creating an object";
    let (mut last, mut unseen) = (None, 0);
    for attempt in 0..ATTEMPTS_MAX {
        if attempt > 0 {
            tokio::time::sleep(pause(attempt)).await;
        }
        let mode = if mutant::is(Mutant::WritesOver) { PutMode::Overwrite } else { PutMode::Create };
        let options = PutOptions { mode, ..PutOptions::default() };
        let answer =
            failpoint::around(call, folder.store().put_opts(key, PutPayload::from_bytes(bytes.clone()), options)).await;
        if mutant::is(Mutant::AnswerBelieved) {
            return believed(folder, key, answer);
        }
        match get(folder, key).await {
            Ok(Some(found)) if found == bytes => {
                return Ok(if answer.is_ok() { Absent::Created } else { Absent::Mine });
            }
            Ok(Some(found)) => return Ok(Absent::Other(found)),
            // Nothing is there: a conflict that stored nothing, or a write that never arrived.
            Ok(None) => {
                if mutant::is(Mutant::ConflictTaken) && matches!(answer, Err(object_store::Error::AlreadyExists { .. }))
                {
                    return Ok(Absent::Other(Bytes::new()));
                }
                let refused = answer.err().map(|error| fault(folder, during, &name(folder, key), error));
                match refused {
                    // An object that vanished, or S3's 409: both are tried again.
                    None | Some(StoreError::Away { .. }) => last = refused,
                    // Not a missing object but a missing bucket.
                    Some(StoreError::NotThere { store, .. }) => {
                        return Err(StoreError::NotThere { store, what: "the bucket or container".into() });
                    }
                    Some(other) => return Err(other),
                }
            }
            Err(error) if error.is_passing() && unseen + 1 < UNSEEN_MAX => (last, unseen) = (Some(error), unseen + 1),
            Err(error) => return Err(error),
        }
    }
    Err(last.unwrap_or(StoreError::Away { store: folder.label().to_owned(), during, code: None }))
}

/// What [`put_if_absent`] must never do: take the answer for the truth.
fn believed(
    folder: &Folder,
    key: &Path,
    answer: object_store::Result<object_store::PutResult>,
) -> Result<Absent, StoreError> {
    match answer {
        Ok(_) => Ok(Absent::Created),
        Err(object_store::Error::AlreadyExists { .. }) => Ok(Absent::Other(Bytes::new())),
        Err(error) => Err(fault(folder, "creating an object", &name(folder, key), error)),
    }
}

/// The whole object, or `None` when it is not there.
pub(super) async fn get(folder: &Folder, key: &Path) -> Result<Option<Bytes>, StoreError> {
    let found = async { folder.store().get(key).await?.bytes().await };
    let found = failpoint::around("store.get", found).await;
    match found {
        Ok(bytes) => Ok(Some(bytes)),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(fault(folder, "reading an object", &name(folder, key), error)),
    }
}

/// The same, as far as `is_it` takes it for what was written. What is still another after [`READS_MAX`] reads is damaged where it lies;
/// `fault` says how.
pub(super) async fn get_written(
    folder: &Folder,
    key: &Path,
    fault: &'static str,
    is_it: impl Fn(&Bytes) -> bool,
) -> Result<Option<Bytes>, StoreError> {
    for read in 1..=READS_MAX {
        match get(folder, key).await? {
            Some(bytes) if !is_it(&bytes) => {
                let object = name(folder, key);
                tracing::warn!(store = folder.label(), object, read, "an object is not what was written: {fault}");
            }
            found => return Ok(found),
        }
    }
    Err(StoreError::Checksum { store: folder.label().to_owned(), object: name(folder, key), fault })
}

/// What messages call an object.
pub(super) fn name(folder: &Folder, key: &Path) -> String {
    format!("`{}`", folder.relative(key).unwrap_or_else(|| key.to_string()))
}

/// A pause before attempt `attempt`, from 1: half fixed, half jitter, so that two who collided do not collide again.
fn pause(attempt: u32) -> Duration {
    let longest = PAUSE_MS_FIRST << attempt.min(8);
    let jitter = std::hash::RandomState::new().build_hasher().finish() % longest;
    Duration::from_millis((longest + jitter) / 2)
}
