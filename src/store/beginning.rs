//! Where a listing of a job's records may begin: `_nightferry/ledgers/<job>.json` in the store of audience `security`, so that a
//! night lists two hundred names at most, however many nights the job has had.
//!
//! ```text
//! {"from":3500}    at record 3,700: there is a record 3,500, and a hundred at least come after it
//! ```
//!
//! A hint, and no more. The newest record is whatever the listing ends with; a hint that is behind makes it longer, and where there is
//! none, or one that names a record which is not there, or behind which there are too few nights, all are listed. It is written
//! over by whoever settles a job and had to list twice as many as it should; where nothing can be written over it stays as it is.
//!
//! Never in here: a record, and what is published.

use super::Store;
use super::absent::get;
use super::fault::{StoreError, fault};
use crate::data::Name;
use crate::failpoint;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Records that a listing goes back at least: three times as many as a run needs of nights.
#[cfg(not(test))]
const BACK: u64 = 100;
/// How long a run waits until it is written.
const WAITS: Duration = Duration::from_secs(30);

#[cfg(test)]
thread_local! {
    /// Records that a listing goes back, and nights that a run needs: as few as short storms have.
    pub(super) static OF_TESTS: std::cell::Cell<(u64, usize)> = const { std::cell::Cell::new((100, super::ledger::NIGHTS_MAX)) };
}

fn back() -> u64 {
    #[cfg(test)]
    return OF_TESTS.get().0;
    #[cfg(not(test))]
    BACK
}

#[derive(Serialize, Deserialize)]
struct Beginning {
    from: u64,
}

/// The number that is told; `None` where none is, or none that can be read. Whether it is right is for the listing to say.
pub(super) async fn told(security: &Store, job: &Name) -> Option<u64> {
    let folder = security.primary();
    let found = get(folder, &key(security, job)).await.ok()??;
    serde_json::from_slice::<Beginning>(&found).ok().map(|beginning| beginning.from)
}

/// Tells later runs where to begin, where a listing that began at `listed_from` is longer than need be, of a job whose next record is
/// `next`. No run fails for it.
pub(super) async fn keep_up(security: &Store, job: &Name, listed_from: u64, next: u64) {
    if next.saturating_sub(listed_from) <= 2 * back() {
        return;
    }
    let told = match tokio::time::timeout(WAITS, tell(security, job, next - 1 - back())).await {
        Ok(told) => told,
        Err(_) => Err(StoreError::Away { store: security.name().to_string(), during: "writing an object", code: None }),
    };
    if let Err(error) = told {
        tracing::debug!(job = %job, error = %error, "where a listing of records begins was left to the next run");
    }
}

/// Written over what is there: whichever of two runs is the last, what it says leads to the same records.
async fn tell(security: &Store, job: &Name, from: u64) -> Result<(), StoreError> {
    let folder = security.primary();
    let text = serde_json::to_vec(&Beginning { from }).unwrap_or_default();
    let written =
        failpoint::around("store.put.beginning", folder.store().put(&key(security, job), PutPayload::from(text))).await;
    written.map(drop).map_err(|error| fault(folder, "writing an object", "the bucket or container", error))
}

fn key(security: &Store, job: &Name) -> Path {
    security.primary().at(&format!("_nightferry/ledgers/{job}.json"))
}
