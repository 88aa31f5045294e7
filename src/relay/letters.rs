//! Dead letters: records that cannot be treated, as they came, in the store of audience `restricted`.
//!
//! They are there before the object that goes on without them.

use super::fault::RelayFault;
use crate::access::Folder;
use crate::store::{Absent, StoreError, put_if_absent, sha256};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Where the dead letters of a run go, and how many may.
pub struct Letters {
    folder: Folder,
    run: String,
    max: u64,
    /// Topic, partition and where a stretch of it begins -> its dead letters. A round that fails is followed by one that lands from the
    /// same offset on: its word stands in place of the one before.
    counts: Mutex<BTreeMap<(String, i32, i64), u64>>,
}

impl Letters {
    /// None yet. `folder` is the store's.
    pub fn new(folder: &Folder, run: &str, max: u64) -> Self {
        Letters { folder: folder.clone(), run: run.to_owned(), max, counts: Mutex::default() }
    }

    /// Puts aside those of a stretch that begins with `first`; gives where they are.
    pub async fn put(&self, topic: &str, (partition, first): (i32, i64), bytes: Bytes) -> Result<String, RelayFault> {
        // A run that comes later may cut the same stretch otherwise.
        let begins = format!("{}/{first:020}-{}", folder_of(topic, partition), self.run);
        let path = format!("{begins}.parquet");
        if self.create(&path, bytes.clone()).await? {
            return Ok(path);
        }
        // So may a later round of this one, with what came meanwhile. The same bytes are the same object.
        let path = format!("{begins}-{}.parquet", sha256(&bytes));
        if self.create(&path, bytes).await? {
            return Ok(path);
        }
        let (store, object) = (self.folder.label().to_owned(), format!("`{path}`"));
        Err(StoreError::Damaged { store, object, fault: "it does not hash to its name" }.into())
    }

    /// Whether these bytes are there now.
    async fn create(&self, path: &str, bytes: Bytes) -> Result<bool, RelayFault> {
        let put = put_if_absent(&self.folder, &self.folder.at(path), bytes, "store.put.dead_letters").await?;
        Ok(matches!(put, Absent::Created | Absent::Mine))
    }

    /// Counts `records` of a stretch that begins with `first`, in place of what was counted of it; gives how many more that is.
    pub fn count(&self, topic: &str, (partition, first): (i32, i64), records: u64) -> u64 {
        let (mut counts, place) = (self.counts(), (topic.to_owned(), partition, first));
        let before = match records {
            0 => counts.remove(&place),
            _ => counts.insert(place, records),
        };
        records.saturating_sub(before.unwrap_or(0))
    }

    /// Past the limit the run ends. `path`: where the last of them are.
    pub fn weigh(&self, topic: &str, path: String) -> Result<(), RelayFault> {
        let count: u64 = self.counts().values().sum();
        if count > self.max {
            return Err(RelayFault::DeadLetters { topic: topic.to_owned(), path, count, max: self.max });
        }
        Ok(())
    }

    /// Another relay's object stands where ours would: its dead letters count, and of ours those behind it once more when they come.
    pub fn instead(&self, topic: &str, (partition, first): (i32, i64), theirs: u64) -> Result<(), RelayFault> {
        self.count(topic, (partition, first), theirs);
        self.weigh(topic, folder_of(topic, partition))
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<(String, i32, i64), u64>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn folder_of(topic: &str, partition: i32) -> String {
    format!("dead_letters/{topic}/p={partition}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::dump;
    use object_store::memory::InMemory;
    use object_store::path::Path;
    use std::sync::Arc;

    fn letters(max: u64) -> (Folder, Letters) {
        let folder = Folder::new(Arc::new(InMemory::new()), Path::from("out"), "restricted");
        let letters = Letters::new(&folder, "run", max);
        (folder, letters)
    }

    /// What the letters of a topic are, by their objects.
    async fn there(folder: &Folder) -> Vec<Bytes> {
        let mut found = Vec::new();
        for (path, _) in dump::list(folder, "dead_letters").await.expect("listed") {
            found.push(dump::fetch(folder, &path).await.expect("fetched"));
        }
        found
    }

    #[tokio::test]
    async fn a_later_round_that_has_more_of_a_stretch_puts_that_aside_too_and_the_same_only_once() {
        let (folder, letters) = letters(10);
        let (one, two) = (Bytes::from_static(b"120"), Bytes::from_static(b"120 160"));
        let first = letters.put("t", (0, 100), one.clone()).await.expect("put");
        assert_eq!(first, "dead_letters/t/p=0/00000000000000000100-run.parquet");
        // The object that goes on without them could not be put, and what came meanwhile is in the next round.
        let second = letters.put("t", (0, 100), two.clone()).await.expect("put");
        assert_ne!(first, second);
        let bytes = dump::fetch(&folder, &second).await.expect("it is where it was said to be");
        assert_eq!(bytes, two);
        assert_eq!(letters.put("t", (0, 100), two.clone()).await.expect("put"), second);
        assert_eq!(letters.put("t", (0, 100), one.clone()).await.expect("put"), first);
        let there = there(&folder).await;
        assert!(there.len() == 2 && there.contains(&one) && there.contains(&two), "{there:?}");
    }

    #[test]
    fn rounds_that_fail_over_the_same_records_count_them_once() {
        let (_, letters) = letters(3);
        let weighed = || letters.weigh("t", String::new());
        assert_eq!(letters.count("t", (0, 100), 2), 2);
        for _ in 0..10 {
            assert_eq!(letters.count("t", (0, 100), 2), 0);
            assert_eq!(weighed(), Ok(()));
        }
        assert_eq!(letters.count("t", (0, 100), 3), 1);
        assert_eq!(weighed(), Ok(()));
        // Those of another partition are others, as are those of another stretch.
        assert_eq!(letters.count("t", (1, 100), 1), 1);
        assert!(matches!(weighed(), Err(RelayFault::DeadLetters { count: 4, max: 3, .. })));
        // What can be treated now, by a schema that came since, is none any more.
        assert_eq!(letters.count("t", (1, 100), 0), 0);
        assert_eq!(weighed(), Ok(()));
        assert_eq!(letters.count("t", (0, 200), 1), 1);
        assert!(weighed().is_err());
    }

    #[test]
    fn an_adopted_objects_dead_letters_are_counted_once_and_ours_are_not() {
        let (_, letters) = letters(5);
        // Ours are put aside, and their object is there, with three of the same five.
        letters.count("t", (0, 0), 5);
        assert_eq!(letters.instead("t", (0, 0), 3), Ok(()));
        // What is left of ours is put aside again, and lands.
        letters.count("t", (0, 40), 2);
        assert_eq!(letters.weigh("t", String::new()), Ok(()));
        letters.count("t", (0, 60), 1);
        assert!(letters.weigh("t", String::new()).is_err());
    }
}
