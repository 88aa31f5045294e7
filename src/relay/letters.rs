//! Dead letters: records that cannot be treated, as they came, in the store of audience `restricted`.
//!
//! They are there before the object that goes on without them.

use super::fault::RelayFault;
use crate::access::Folder;
use crate::store::put_if_absent;
use bytes::Bytes;
use std::sync::atomic::{AtomicU64, Ordering};

/// Where the dead letters of a run go, and how many may.
pub struct Letters {
    folder: Folder,
    run: String,
    max: u64,
    count: AtomicU64,
}

impl Letters {
    /// None yet. `folder` is the store's.
    pub fn new(folder: &Folder, run: &str, max: u64) -> Self {
        Letters { folder: folder.clone(), run: run.to_owned(), max, count: AtomicU64::new(0) }
    }

    /// Puts `records` of them aside, which a stretch from `first` has; past the limit the run ends.
    pub async fn put(
        &self,
        topic: &str,
        (partition, first): (i32, i64),
        bytes: Bytes,
        records: u64,
    ) -> Result<(), RelayFault> {
        // A run that comes later may cut the same stretch otherwise.
        let path = format!("dead_letters/{topic}/p={partition}/{first:020}-{}.parquet", self.run);
        put_if_absent(&self.folder, &self.folder.at(&path), bytes, "store.put.dead_letters").await?;
        let count = self.count.fetch_add(records, Ordering::SeqCst) + records;
        if count > self.max {
            return Err(RelayFault::DeadLetters { topic: topic.to_owned(), path, count, max: self.max });
        }
        Ok(())
    }
}
