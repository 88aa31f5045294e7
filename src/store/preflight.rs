//! Before anything is read: is this place there, does it let us in, and is its create-only write exclusive?
//!
//! Some S3 servers take If-None-Match and ignore it; there, two runs would both commit version 7. So two different texts
//! are offered for one key: the second must be refused and the first must be what is found. The probe holds no data.
//!
//! Never in here: whose data the store holds (`place`).

use super::absent::{Absent, get, put_if_absent};
use super::fault::{StoreError, fault};
use crate::access::Folder;
use crate::failpoint;
use bytes::Bytes;
use futures::StreamExt;
use object_store::ObjectStoreExt;
use uuid::Uuid;

/// Writes, reads and deletes a probe object under `_nightferry/`.
pub async fn preflight(folder: &Folder) -> Result<(), StoreError> {
    let key = folder.at(&format!("_nightferry/probe-{}", Uuid::now_v7()));
    // One plain question first: a place that does not answer is told of at once, not after every attempt of a commit.
    get(folder, &key).await?;
    let verdict = exclusive(folder, &key).await;
    let deleted = failpoint::around("store.delete", folder.store().delete(&key)).await;
    verdict?;
    deleted.map_err(|error| fault(folder, "deleting a probe", "the probe", error))
}

/// Whether a folder may be listed; that there is nothing in it is no fault.
pub async fn may_list(folder: &Folder, relative: &str) -> Result<(), StoreError> {
    let prefix = folder.at(relative);
    let first = failpoint::around("store.list", folder.store().list(Some(&prefix)).next()).await;
    match first {
        Some(Err(error)) => Err(fault(folder, "listing", &format!("`{relative}`"), error)),
        _ => Ok(()),
    }
}

async fn exclusive(folder: &Folder, key: &object_store::path::Path) -> Result<(), StoreError> {
    let [first, second] = ["first", "second"].map(Bytes::from);
    let not_exclusive = || StoreError::NotExclusive { store: folder.label().to_owned() };
    match put_if_absent(folder, key, first.clone(), "store.put.probe").await? {
        Absent::Created | Absent::Mine => {}
        Absent::Other(_) => return Err(not_exclusive()),
    }
    match put_if_absent(folder, key, second, "store.put.probe").await? {
        Absent::Other(found) if found == first => Ok(()),
        _ => Err(not_exclusive()),
    }
}
