//! What rounds come to, counted while they go on, so that one that fails can say it too.

use std::sync::{Mutex, PoisonError};

/// Of the time that brokers are read of, the part that they may hold us back before it is worth a word.
const THROTTLED_RATIO_MAX: f64 = 0.01;

/// What rounds came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Account {
    /// Milliseconds for which brokers, each by itself, held the reading back: by their quota for us.
    pub throttled_ms: u64,
    /// Milliseconds for which brokers, each by itself, were read of.
    pub reading_ms: u64,
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
}

/// An account that is written.
#[derive(Debug, Default)]
pub struct Tally(Mutex<Account>);

impl Tally {
    /// A broker was read of for so long, and held us back for so much of it.
    pub fn read(&self, reading_ms: u64, throttled_ms: u64) {
        let mut account = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        account.reading_ms += reading_ms;
        account.throttled_ms += throttled_ms;
    }

    /// What there is since it was asked last.
    pub fn take(&self) -> Account {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_that_of_the_time_read_and_never_more_than_all_of_it() {
        let of = |throttled_ms, reading_ms| Account { throttled_ms, reading_ms };
        assert_eq!(of(0, 0).throttled_ratio(), 0.0);
        assert_eq!(of(300, 1_000).throttled_ratio(), 0.3);
        assert_eq!(of(5_000, 1_000).throttled_ratio(), 1.0);
        assert!(!of(10, 1_000).is_slowed() && of(11, 1_000).is_slowed());
        let tally = Tally::default();
        tally.read(200, 0);
        tally.read(200, 150);
        assert_eq!((tally.take(), tally.take()), (of(150, 400), of(0, 0)));
    }
}
