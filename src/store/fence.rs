//! Which side of a failover may write: the epochs of a store, each created once and never taken back.
//!
//! ```text
//! _nightferry/epochs/<20 digits>.json     in every cloud of the store
//! ```
//!
//! An environment says the epoch that it writes in (`[store.NAME] epoch`, 0 where it says none). Who fails over to the other
//! cloud raises it there; whoever still has the environment of before, the old primary's scheduler above all, is refused from
//! then on by every cloud that holds the newer epoch. It is looked at when a store is opened, before a job's record, before each
//! table's commit and before anything is carried to the second cloud.
//!
//! What it cannot do: stop a writer that reaches neither the fence nor the cloud that has it. Its log then differs from the
//! other's, which `table compare` and the next carrying find.
//!
//! Never in here: copying, and which url is the first.

use super::absent::{Absent, name, put_if_absent};
use super::fault::{StoreError, damaged};
use super::listed::listed;
use crate::access::Folder;
use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};

const EPOCHS: &str = "_nightferry/epochs";

/// The newest epoch of a cloud; 0 where there is none.
pub async fn epoch(folder: &Folder) -> Result<u64, StoreError> {
    let listed = listed(folder, &folder.at(EPOCHS), None, "listing epochs").await?;
    let digits = listed.iter().filter_map(|meta| meta.location.filename()?.strip_suffix(".json")?.parse().ok());
    Ok(digits.max().unwrap_or(0))
}

/// Refuses a writer of another epoch than the newest of `folder`.
pub(super) async fn check(folder: &Folder, ours: u64) -> Result<(), StoreError> {
    match epoch(folder).await? {
        newest if newest == ours => Ok(()),
        newest => Err(StoreError::Epoch { store: folder.label().to_owned(), newest, ours }),
    }
}

/// Raises the epoch of `folder` to `epoch`, for `reason`. Doing it twice does no harm.
pub async fn raise(folder: &Folder, epoch: u64, reason: &str, at: DateTime<Utc>) -> Result<(), StoreError> {
    let newest = self::epoch(folder).await?;
    if newest > epoch {
        return Err(StoreError::Epoch { store: folder.label().to_owned(), newest, ours: epoch });
    }
    let key = folder.at(&format!("{EPOCHS}/{epoch:020}.json"));
    let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let text = format!("{}\n", serde_json::json!({ "epoch": epoch, "reason": reason, "raised_at": at }));
    match put_if_absent(folder, &key, Bytes::from(text), "store.put.epoch").await? {
        // Whoever raised it first: it is raised.
        Absent::Created | Absent::Mine | Absent::Other(_) => {}
    }
    match self::epoch(folder).await? {
        newest if newest == epoch => Ok(()),
        newest if newest > epoch => Err(StoreError::Epoch { store: folder.label().to_owned(), newest, ours: epoch }),
        _ => Err(damaged(folder, name(folder, &key), "it vanished")),
    }
}
