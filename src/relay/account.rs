//! What rounds come to, counted while they go on, so that one that fails can say it too.

use super::chain::Link;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Of the time that brokers are read of, the part that they may hold us back before it is worth a word.
const THROTTLED_RATIO_MAX: f64 = 0.01;

/// What rounds came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Account {
    /// Milliseconds for which brokers, each by itself, held the reading back: by their quota for us.
    pub throttled_ms: u64,
    /// Milliseconds for which brokers, each by itself, were read of.
    pub reading_ms: u64,
    /// Topic -> what was landed of it.
    pub topics: BTreeMap<String, TopicAccount>,
}

/// What was landed of a topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TopicAccount {
    /// Objects.
    pub objects: u64,
    /// Records in them.
    pub records: u64,
    /// Those without a value.
    pub tombstones: u64,
    /// Their size.
    pub bytes: u64,
    /// Records that could not be treated, and were put aside.
    pub dead_letters: u64,
    /// Objects that somebody else had landed where one of ours was to be.
    pub put_conflicts: u64,
}

impl Account {
    /// Of the time that brokers were read of, the part that they held us back. What they announce last may reach beyond the end.
    pub fn throttled_ratio(&self) -> f64 {
        if self.reading_ms == 0 {
            return 0.0;
        }
        let ratio = self.throttled_ms as f64 / self.reading_ms as f64;
        (ratio.min(1.0) * 1e4).round() / 1e4
    }

    /// Whether that is more than passes without a word.
    pub fn is_slowed(&self) -> bool {
        self.throttled_ratio() > THROTTLED_RATIO_MAX
    }

    /// Together with what other rounds came to.
    pub fn add(&mut self, other: &Account) {
        self.throttled_ms += other.throttled_ms;
        self.reading_ms += other.reading_ms;
        for (topic, of) in &other.topics {
            let sum = self.topics.entry(topic.clone()).or_default();
            sum.objects += of.objects;
            sum.records += of.records;
            sum.tombstones += of.tombstones;
            sum.bytes += of.bytes;
            sum.dead_letters += of.dead_letters;
            sum.put_conflicts += of.put_conflicts;
        }
    }
}

/// An account that is written.
#[derive(Debug)]
pub struct Tally {
    account: Mutex<Account>,
    /// Topic -> when it last went on.
    progress: Mutex<BTreeMap<String, Instant>>,
    begun: Instant,
}

impl Default for Tally {
    fn default() -> Self {
        Tally { account: Mutex::default(), progress: Mutex::default(), begun: Instant::now() }
    }
}

impl Tally {
    /// A broker was read of for so long, and held us back for so much of it.
    pub fn read(&self, reading_ms: u64, throttled_ms: u64) {
        let mut account = self.account();
        account.reading_ms += reading_ms;
        account.throttled_ms += throttled_ms;
    }

    /// An object of ours is there.
    pub fn landed(&self, topic: &str, link: &Link) {
        self.of(topic, |of| {
            of.objects += 1;
            of.records += link.records;
            of.tombstones += link.tombstones;
            of.bytes += link.bytes;
        });
        self.went_on(topic);
    }

    /// Somebody else's object stands where ours would.
    pub fn conflicted(&self, topic: &str) {
        self.of(topic, |of| of.put_conflicts += 1);
        self.went_on(topic);
    }

    /// Records were put aside.
    pub fn put_aside(&self, topic: &str, records: u64) {
        self.of(topic, |of| of.dead_letters += records);
    }

    /// Something of a topic was landed, or nothing is left to be.
    pub fn went_on(&self, topic: &str) {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.insert(topic.to_owned(), Instant::now());
    }

    /// How long ago that was; since the beginning where it never was.
    pub fn since_progress(&self, topic: &str) -> Duration {
        let progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.get(topic).unwrap_or(&self.begun).elapsed()
    }

    /// What there is since it was taken last.
    pub fn so_far(&self) -> Account {
        self.account().clone()
    }

    /// The same, which is then told.
    pub fn take(&self) -> Account {
        std::mem::take(&mut *self.account())
    }

    fn of(&self, topic: &str, change: impl FnOnce(&mut TopicAccount)) {
        change(self.account().topics.entry(topic.to_owned()).or_default());
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_that_of_the_time_read_and_never_more_than_all_of_it() {
        let of = |throttled_ms, reading_ms| Account { throttled_ms, reading_ms, ..Account::default() };
        assert_eq!(of(0, 0).throttled_ratio(), 0.0);
        assert_eq!(of(300, 1_000).throttled_ratio(), 0.3);
        assert_eq!(of(5_000, 1_000).throttled_ratio(), 1.0);
        assert!(!of(10, 1_000).is_slowed() && of(11, 1_000).is_slowed());
        let tally = Tally::default();
        tally.read(200, 0);
        tally.read(200, 150);
        assert_eq!((tally.take(), tally.take()), (of(150, 400), of(0, 0)));
    }

    #[test]
    fn accounts_add_up_topic_by_topic() {
        let tally = Tally::default();
        tally.put_aside("a", 2);
        tally.conflicted("b");
        let mut sum = tally.take();
        tally.put_aside("a", 3);
        sum.add(&tally.take());
        assert_eq!((sum.topics["a"].dead_letters, sum.topics["b"].put_conflicts), (5, 1));
    }
}
