//! The checkpoints of a log, held against its entries: readers believe them.

use super::verify::{Fault, Finding};
use crate::access::Folder;
use crate::format::parquet_back::read_back;
use crate::store::absent::get;
use crate::store::delta::checkpoint::{HINT, Hint, checkpoint, checkpoint_of, checkpoint_path};
use crate::store::delta::log::replay_to;
use crate::store::failpoint;
use crate::store::fault::{StoreError, fault};
use bytes::Bytes;
use futures::TryStreamExt;
use std::collections::BTreeSet;

/// What is wrong with the checkpoints below `table`, and with the hint that names the newest.
pub(super) async fn look(table: &Folder) -> Result<Vec<Finding>, StoreError> {
    let there = listed(table).await?;
    let mut found = Vec::new();
    for version in there.iter().copied() {
        let object = checkpoint_path(version);
        let Some(bytes) = get(table, &table.at(&object)).await? else { continue };
        if !is_of(table, version, bytes).await? {
            found.push(Finding { version, object, fault: Fault::Checkpoint });
        }
    }
    let hint = get(table, &table.at(HINT)).await?;
    match hint.map(|text| serde_json::from_slice::<Hint>(&text)) {
        Some(Err(_)) => found.push(Finding { version: 0, object: HINT.to_owned(), fault: Fault::Unreadable }),
        Some(Ok(hint)) if !there.contains(&hint.version) => {
            let (version, object) = (hint.version, checkpoint_path(hint.version));
            found.push(Finding { version, object, fault: Fault::Missing });
        }
        _ => {}
    }
    Ok(found)
}

/// Whether the actions of a checkpoint are what the entries up to its version come to.
async fn is_of(table: &Folder, version: u64, bytes: Bytes) -> Result<bool, StoreError> {
    let Ok(state) = replay_to(table, Some(version)).await else { return Ok(true) };
    let Ok(wanted) = checkpoint(&state) else { return Ok(false) };
    let batches = read_back(bytes, wanted.schema()).ok().and_then(|rows| rows.collect::<Result<Vec<_>, _>>().ok());
    let found = batches.and_then(|found| arrow::compute::concat_batches(&wanted.schema(), &found).ok());
    Ok(state.version == Some(version) && found.is_some_and(|found| found == wanted))
}

async fn listed(table: &Folder) -> Result<BTreeSet<u64>, StoreError> {
    failpoint::before("store.list");
    let listed = table.store().list(Some(&table.at("_delta_log"))).try_collect::<Vec<_>>().await;
    failpoint::after("store.list");
    match listed {
        Ok(listed) => Ok(listed.iter().filter_map(|meta| checkpoint_of(&table.relative(&meta.location)?)).collect()),
        Err(object_store::Error::NotFound { .. }) => Ok(BTreeSet::new()),
        Err(error) => Err(fault(table, "listing a log", "the bucket or container", error)),
    }
}
