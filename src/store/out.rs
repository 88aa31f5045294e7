//! What plain copies may still send out of AWS in a run: counted before a byte of them is sent.
//!
//! Never in here: what leaves with the parts (`verbs::walk` counts it before it publishes).

use std::sync::atomic::{AtomicU64, Ordering};

/// A run's limit; one for all of its stores.
#[derive(Debug)]
pub struct OutLimit {
    most: u64,
    counted: AtomicU64,
}

impl OutLimit {
    /// So many bytes, and none counted yet.
    pub fn new(most: u64) -> Self {
        OutLimit { most, counted: AtomicU64::new(0) }
    }

    /// The limit.
    pub fn most(&self) -> u64 {
        self.most
    }

    /// Bytes that were counted.
    pub fn counted(&self) -> u64 {
        self.counted.load(Ordering::Relaxed)
    }

    /// Counts `bytes`, where they are within the limit together with those before. Gives whether they are.
    pub fn count(&self, bytes: u64) -> bool {
        let sum = |counted: u64| counted.checked_add(bytes).filter(|sum| *sum <= self.most);
        self.counted.fetch_update(Ordering::Relaxed, Ordering::Relaxed, sum).is_ok()
    }
}
