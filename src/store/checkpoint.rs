//! Checkpoints of a table's log: every hundredth version, so that whoever opens a table, we ourselves as well, reads one file and
//! a hundred entries at most, however long its log is.
//!
//! ```text
//! after the commit of version 100, 200 ..   100.checkpoint.parquet, created once; then `_last_checkpoint`, which names it
//! ```
//!
//! No commit waits for them, and nobody is told of one that could not be written: it is written by whoever publishes next, since
//! the hint says how far they have come. A kill between the two leaves a checkpoint that is found by its name, and named by the
//! next run. Where nothing can be written over, the hint stays behind for ever, and costs no more than that.
//! The entries stay until `table gc` shortens the log: `table verify` reads them all, and holds every checkpoint against them.
//!
//! Never in here: reading a table by its checkpoint (`delta::log`).

use super::absent::{Absent, put_if_absent};
use super::delta::checkpoint::{HINT, Hint, checkpoint_path};
use super::delta::log::{TableState, checkpointed, hint, replay_to};
use super::delta::resume::written;
use super::fault::{StoreError, damaged, fault};
use super::mutant::{self, Mutant};
use super::staging::head;
use crate::access::Folder;
use crate::failpoint;
use object_store::{ObjectStoreExt, PutPayload};
use std::time::Duration;

/// How long a night waits for one.
const WAITS: Duration = Duration::from_secs(120);

/// Versions from one checkpoint to the next.
#[cfg(not(test))]
const EVERY: u64 = 100;

#[cfg(test)]
thread_local! {
    /// So often that short tests have some.
    pub(super) static EVERY_OF_TESTS: std::cell::Cell<u64> = const { std::cell::Cell::new(2) };
}

fn every() -> u64 {
    #[cfg(test)]
    return EVERY_OF_TESTS.get();
    #[cfg(not(test))]
    EVERY
}

/// Whether the log should have a checkpoint of this version.
pub(super) fn is_due(version: u64) -> bool {
    version > 0 && version.is_multiple_of(every())
}

/// Sees to it that the newest checkpoint that a log with version `newest` should have is there, and is named.
pub(super) async fn keep_up(table: &Folder, newest: u64) {
    let due = newest - newest % every();
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

async fn write(table: &Folder, due: u64) -> Result<(), StoreError> {
    if named(table).await?.is_some_and(|known| known >= due) {
        return Ok(());
    }
    let key = table.at(&checkpoint_path(due));
    // One that is there needs a name alone; where it gets none, this is all that a night does about it.
    if let Some(bytes) = head(table, &key).await? {
        return match checkpointed(table, due).await? {
            Some((state, actions)) => name(table, &hint_of(due, &state, actions, bytes)).await,
            // Whatever it says, nobody is led to it by us; `table verify` says whether it is right.
            None => Ok(()),
        };
    }
    let of = if mutant::is(Mutant::CheckpointOfBefore) { due - 1 } else { due };
    let state = replay_to(table, Some(of)).await?;
    let unwritable = || damaged(table, format!("`{}`", checkpoint_path(due)), "it cannot be written as Parquet");
    let (bytes, actions) = written(&state).ok_or_else(unwritable)?;
    let hint = hint_of(due, &state, actions, bytes.len() as u64);
    if mutant::is(Mutant::HintFirst) {
        name(table, &hint).await?;
    }
    match put_if_absent(table, &key, bytes, "store.put.checkpoint").await? {
        Absent::Created | Absent::Mine => name(table, &hint).await,
        Absent::Other(_) => Ok(()),
    }
}

fn hint_of(version: u64, state: &TableState, actions: u64, bytes: u64) -> Hint {
    Hint { version, size: actions, size_in_bytes: bytes, num_of_add_files: state.files.len() as u64 }
}

/// Names the newest checkpoint. Written over what is there: it is a hint, and an older one leads to the same table.
async fn name(table: &Folder, hint: &Hint) -> Result<(), StoreError> {
    let text = serde_json::to_vec(hint).unwrap_or_default();
    let written = failpoint::around("store.put.hint", table.store().put(&table.at(HINT), PutPayload::from(text))).await;
    match written.map_err(|error| fault(table, "writing an object", "the bucket or container", error)) {
        Err(StoreError::Refused { .. }) => {
            tracing::debug!(
                store = table.label(),
                version = hint.version,
                "nothing can be written over: a checkpoint is not named"
            );
            Ok(())
        }
        written => written.map(drop),
    }
}
