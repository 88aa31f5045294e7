//! Objects of a topic's dump: listed, fetched, and the ends of them.
//!
//! Never in here: what they hold, and how they are put, which is [`put_if_absent`](super::put_if_absent) as everywhere.

use super::absent::{get, name};
use super::fault::{StoreError, fault};
use super::listed::listed;
use crate::access::Folder;
use crate::failpoint;
use bytes::Bytes;
use object_store::ObjectStoreExt;
use object_store::path::Path;

/// Every object below `relative`, by its path under `folder`, with its size; in the order of the paths.
pub async fn list(folder: &Folder, relative: &str) -> Result<Vec<(String, u64)>, StoreError> {
    let listed = listed(folder, &folder.at(relative), None, "listing a dump").await?;
    let mut found: Vec<(String, u64)> =
        listed.into_iter().filter_map(|meta| Some((folder.relative(&meta.location)?, meta.size))).collect();
    found.sort();
    Ok(found)
}

/// The object at `relative`.
pub async fn fetch(folder: &Folder, relative: &str) -> Result<Bytes, StoreError> {
    let key = folder.at(relative);
    let missing = || StoreError::NotThere { store: folder.label().to_owned(), what: name(folder, &key) };
    get(folder, &key).await?.ok_or_else(missing)
}

/// The last `bytes` of the object at `relative`, which has `size` of them.
pub async fn fetch_end(folder: &Folder, relative: &str, size: u64, bytes: u64) -> Result<Bytes, StoreError> {
    let key: Path = folder.at(relative);
    let end = failpoint::around("store.get", folder.store().get_range(&key, size.saturating_sub(bytes)..size)).await;
    end.map_err(|error| fault(folder, "reading an object", &name(folder, &key), error))
}
