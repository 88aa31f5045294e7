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
        let path = format!("{}/{first:020}-{}.parquet", folder_of(topic, partition), self.run);
        put_if_absent(&self.folder, &self.folder.at(&path), bytes, "store.put.dead_letters").await?;
        self.weigh(topic, path, instead(&self.count, 0, records))
    }

    /// Another relay's object stands where ours would: its dead letters count, and of ours those behind it once more when they come.
    pub fn instead(&self, topic: &str, partition: i32, ours: u64, theirs: u64) -> Result<(), RelayFault> {
        self.weigh(topic, folder_of(topic, partition), instead(&self.count, ours, theirs))
    }

    fn weigh(&self, topic: &str, path: String, count: u64) -> Result<(), RelayFault> {
        if count > self.max {
            return Err(RelayFault::DeadLetters { topic: topic.to_owned(), path, count, max: self.max });
        }
        Ok(())
    }
}

fn folder_of(topic: &str, partition: i32) -> String {
    format!("dead_letters/{topic}/p={partition}")
}

/// Counts `theirs` in place of `ours`; gives the sum.
fn instead(count: &AtomicU64, ours: u64, theirs: u64) -> u64 {
    count.fetch_sub(ours, Ordering::SeqCst);
    count.fetch_add(theirs, Ordering::SeqCst) + theirs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_adopted_objects_dead_letters_are_counted_once_and_ours_are_not() {
        let count = AtomicU64::new(0);
        // Ours are put aside, and their object is there, with three of the same five.
        assert_eq!(instead(&count, 0, 5), 5);
        assert_eq!(instead(&count, 5, 3), 3);
        // What is left of ours is put aside again, and lands.
        assert_eq!(instead(&count, 0, 2), 5);
    }
}
