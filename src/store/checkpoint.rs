//! Checkpoints of a table's log: every hundredth version, so that a reader far away opens a table with one read and not with a
//! thousand.
//!
//! ```text
//! after the commit of version 100, 200 ..   100.checkpoint.parquet, created once; then `_last_checkpoint`, which names it
//! ```
//!
//! Nothing depends on them, and nobody is told of one that could not be written: it is written by whoever publishes next, since
//! the hint says how far they have come. A kill between the two leaves a checkpoint that readers find by its name, or not at all.
//! The entries stay: they are the only log, `table verify` reads them all, and a reader of any version finds it.
//!
//! Never in here: reading a table by its checkpoint. What we decide by is the entries themselves.

use super::absent::{Absent, get, put_if_absent};
use super::delta::checkpoint::{HINT, Hint, checkpoint, checkpoint_path};
use super::delta::log::replay_to;
use super::failpoint;
use super::fault::{StoreError, fault};
use super::mutant::{self, Mutant};
use crate::access::Folder;
use crate::format::parquet_plain::encode;
use bytes::Bytes;
use object_store::{ObjectStoreExt, PutPayload};
use std::time::Duration;

/// How long a night waits for one.
const WAITS: Duration = Duration::from_secs(120);

/// Versions from one checkpoint to the next.
const EVERY: u64 = if cfg!(test) { 2 } else { 100 };

/// Sees to it that the newest checkpoint that a log with version `newest` should have is there, and is named.
pub(super) async fn keep_up(table: &Folder, newest: u64) {
    let due = newest - newest % EVERY;
    if due == 0 {
        return;
    }
    match tokio::time::timeout(WAITS, write(table, due)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::warn!(store = table.label(), version = due, error = %error, "a checkpoint was left to the next run");
        }
        Err(_) => {
            tracing::warn!(store = table.label(), version = due, "a checkpoint took too long: left to the next run")
        }
    }
}

/// The version of the checkpoint that readers of a table are led to.
pub(super) async fn named(table: &Folder) -> Result<Option<u64>, StoreError> {
    Ok(hint(table).await?.map(|hint| hint.version))
}

async fn hint(table: &Folder) -> Result<Option<Hint>, StoreError> {
    Ok(get(table, &table.at(HINT)).await?.and_then(|text| serde_json::from_slice(&text).ok()))
}

async fn write(table: &Folder, due: u64) -> Result<(), StoreError> {
    if named(table).await?.is_some_and(|known| known >= due) {
        return Ok(());
    }
    let of = if mutant::is(Mutant::CheckpointOfBefore) { due - 1 } else { due };
    let state = replay_to(table, Some(of)).await?;
    let unwritable = || StoreError::Damaged {
        store: table.label().to_owned(),
        object: format!("`{}`", checkpoint_path(due)),
        fault: "it cannot be written as Parquet",
    };
    let actions = checkpoint(&state).map_err(|_| unwritable())?;
    let bytes = Bytes::from(encode(&actions).ok_or_else(unwritable)?);
    let hint = Hint {
        version: due,
        size: actions.num_rows() as u64,
        size_in_bytes: bytes.len() as u64,
        num_of_add_files: state.files.len() as u64,
    };
    let key = table.at(&checkpoint_path(due));
    if mutant::is(Mutant::HintFirst) {
        name(table, &hint).await?;
    }
    match put_if_absent(table, &key, bytes, "store.put.checkpoint").await? {
        Absent::Created | Absent::Mine => name(table, &hint).await,
        // Whatever it says, nobody is led to it by us; `table verify` says whether it is right.
        Absent::Other(_) => Ok(()),
    }
}

/// Names the newest checkpoint. Written over what is there: it is a hint, and an older one leads to the same table.
async fn name(table: &Folder, hint: &Hint) -> Result<(), StoreError> {
    let text = serde_json::to_vec(hint).unwrap_or_default();
    failpoint::before("store.put.hint");
    let written = table.store().put(&table.at(HINT), PutPayload::from(text)).await;
    failpoint::after("store.put.hint");
    written.map(drop).map_err(|error| fault(table, "writing an object", "the bucket or container", error))
}
