//! Who was told of what, so that one thing is told once, and once more for every day that it stays.
//!
//! ```text
//! a cause is one by its id, dataset and direction; another cause of the same job is another message
//! what a retry may cure      is told when it comes a second time in a row
//! anything else              is told at once
//! the same cause again       after 24 hours
//! a night that is good       ends what was told before: that is told once
//! ```
//!
//! Pure. Never in here: how it is told.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// After which it is told again.
pub const AGAIN_AFTER: TimeDelta = TimeDelta::hours(24);
/// Times in a row after which somebody is told of what a retry may cure.
const RETRIED: u32 = 2;

/// What is known to be wrong with a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// By cause.
    pub causes: BTreeMap<String, Known>,
}

/// What is known of a cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Times in a row that it came.
    pub times: u32,
    /// When somebody was told.
    pub told_at: Option<DateTime<Utc>>,
}

/// A cause that is there now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Present {
    /// By what it is one: `invoice/E-SOURCE-70`, `invoice/N-ROWS/low`.
    pub key: String,
    /// Whether a retry may cure it.
    pub retryable: bool,
}

/// After what it is weighed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// A run that published, or found it published: what it does not say is over.
    Good,
    /// A run that did not: another cause is over, a night that is late stays so.
    Failed,
    /// Something else that came: it goes beside what is known, and ends nothing.
    Notice,
}

/// What there is to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telling {
    /// Nothing.
    Nothing,
    /// What is wrong.
    Wrong,
    /// That it is over.
    Mended,
}

impl Told {
    /// Weighs what is wrong now. Changes nothing but what is counted.
    pub fn weigh(&mut self, present: &[Present], after: After, now: DateTime<Utc>) -> Telling {
        let was_told = self.causes.values().any(|known| known.told_at.is_some());
        let is_late = |key: &str| after == After::Failed && key.ends_with(crate::report::LATE);
        if after != After::Notice {
            self.causes.retain(|key, _| present.iter().any(|cause| cause.key == *key) || is_late(key));
        }
        let mut telling = Telling::Nothing;
        for cause in present {
            let known = self.causes.entry(cause.key.clone()).or_insert(Known { times: 0, told_at: None });
            known.times = known.times.saturating_add(1);
            let is_new = known.told_at.is_none_or(|told| now - told >= AGAIN_AFTER);
            if is_new && (!cause.retryable || known.times >= RETRIED) {
                telling = Telling::Wrong;
            }
        }
        match present.is_empty() && after == After::Good && was_told {
            true => Telling::Mended,
            false => telling,
        }
    }

    /// Somebody was told of all of it.
    pub fn were_told(&mut self, present: &[Present], now: DateTime<Utc>) {
        for cause in present {
            if let Some(known) = self.causes.get_mut(&cause.key) {
                known.told_at = Some(now);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_once_what_no_retry_cures_and_what_came_twice_and_again_after_a_day() {
        let at = |hours: i64| DateTime::<Utc>::UNIX_EPOCH + TimeDelta::hours(hours);
        let cause = |key: &str, retryable| Present { key: key.into(), retryable };
        let (away, drift) = (cause("/E-SOURCE-70", true), cause("invoice/E-DRIFT-21", false));
        let mut told = Told::default();
        let mut step = |present: &[Present], hours| {
            let after = if present.is_empty() { After::Good } else { After::Failed };
            let telling = told.weigh(present, after, at(hours));
            if telling == Telling::Wrong {
                told.were_told(present, at(hours));
            }
            telling
        };
        let (wrong, nothing, mended) = (Telling::Wrong, Telling::Nothing, Telling::Mended);
        for (present, hours, expected) in [
            (vec![away.clone()], 0, nothing),
            // It came back by itself: nobody was woken, and nobody hears of it.
            (vec![], 1, nothing),
            (vec![away.clone()], 2, nothing),
            (vec![away.clone()], 3, wrong),
            (vec![away.clone()], 4, nothing),
            // Another cause is another message.
            (vec![drift.clone(), away.clone()], 5, wrong),
            (vec![drift.clone()], 28, nothing),
            (vec![drift.clone()], 29, wrong),
            (vec![], 30, mended),
            (vec![], 31, nothing),
            (vec![drift.clone()], 32, wrong),
        ] {
            assert_eq!(step(&present, hours), expected, "after {hours} hours");
        }
    }

    #[test]
    fn a_night_that_is_late_stays_so_until_one_is_good() {
        let now = DateTime::<Utc>::UNIX_EPOCH;
        let late = [Present { key: format!("/{}", crate::report::LATE), retryable: false }];
        let other = [Present { key: "/E-CHECK-25".into(), retryable: false }];
        let mut told = Told::default();
        assert_eq!(told.weigh(&late, After::Notice, now), Telling::Wrong);
        told.were_told(&late, now);
        assert_eq!(told.weigh(&other, After::Failed, now), Telling::Wrong);
        assert_eq!(told.causes.len(), 2);
        assert_eq!(told.weigh(&late, After::Notice, now), Telling::Nothing);
        // A good night with few rows is late no more.
        let few = [Present { key: "invoice/low/N-ROWS".into(), retryable: false }];
        assert_eq!(told.clone().weigh(&few, After::Good, now), Telling::Wrong);
        assert_eq!(told.weigh(&[], After::Good, now), Telling::Mended);
    }
}
