//! Whether this run may publish, given what the job has published before. Pure.

use super::ledger::JobRecord;
use super::mutant::{self, Mutant};
use crate::data::{Name, Period};

/// What becomes of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It publishes.
    Publish,
    /// The same period is published already; nothing to do (exit 0).
    AlreadyPublished {
        /// By this run.
        run: String,
    },
    /// The same period is published, but not all that the job is for today: it is another job than it was (exit 10).
    Incomplete {
        /// What its record lacks, in words: ``"`unit` in `warehouse`"``.
        lacks: Vec<String>,
    },
    /// A newer period is published, and its state is not overwritten by an older one (exit 0).
    Superseded {
        /// The newer period.
        by: Period,
    },
}

/// Decides, from the job's newest records (oldest first); `tables` are those the night is for, each a store and a dataset.
///
/// A period is older when its last day is. A record that went back to an earlier version of a table is no night. `again` (a reason given by a person) makes a new version of the same period, but
/// never puts an older state over a newer one: the tables hold one state, and the analysts' newest day would be gone.
pub fn decide(records: &[JobRecord], tables: &[(Name, Name)], period: Period, again: Option<&str>) -> Decision {
    let nights = || records.iter().filter(|record| record.back_to.is_none());
    let is_newer = |record: &&JobRecord| record.period.to > period.to && !mutant::is(Mutant::OlderOverNewer);
    if let Some(newer) = nights().rev().find(is_newer) {
        return Decision::Superseded { by: newer.period };
    }
    match nights().rev().find(|record| record.period == period) {
        Some(same) if again.is_none() && !mutant::is(Mutant::PeriodTwice) => {
            let has = |(store, dataset): &(Name, Name)| {
                same.tables.iter().any(|table| table.store == *store && table.dataset == *dataset)
            };
            let lacks: Vec<String> = tables
                .iter()
                .filter(|table| !has(table))
                .map(|(store, dataset)| format!("`{dataset}` in `{store}`"))
                .collect();
            if lacks.is_empty() {
                Decision::AlreadyPublished { run: same.run.clone() }
            } else {
                Decision::Incomplete { lacks }
            }
        }
        _ => Decision::Publish,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, NaiveDate};

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, day).expect("a day")
    }

    fn record(number: u64, period: Period) -> JobRecord {
        JobRecord {
            format: 1,
            number,
            job: Name::new("settlements").expect("a name"),
            run: format!("run-{number}"),
            period,
            stamp: "dev".into(),
            reason: None,
            published_at: DateTime::UNIX_EPOCH,
            inputs: Default::default(),
            back_to: None,
            batch: None,
            task: None,
            tables: Vec::new(),
        }
    }

    #[test]
    fn publishes_a_period_once_unless_a_person_says_again() {
        let records = [record(0, Period::day(day(21))), record(1, Period::day(day(22)))];
        assert_eq!(decide(&[], &[], Period::day(day(22)), None), Decision::Publish);
        assert_eq!(decide(&records, &[], Period::day(day(23)), None), Decision::Publish);
        let already = Decision::AlreadyPublished { run: "run-1".into() };
        assert_eq!(decide(&records, &[], Period::day(day(22)), None), already);
        assert_eq!(decide(&records, &[], Period::day(day(22)), Some("a corrected source")), Decision::Publish);
    }

    #[test]
    fn never_puts_an_older_state_over_a_newer_one() {
        let records = [record(0, Period::day(day(21))), record(1, Period::day(day(22)))];
        let superseded = Decision::Superseded { by: Period::day(day(22)) };
        for again in [None, Some("a corrected source")] {
            assert_eq!(decide(&records, &[], Period::day(day(21)), again), superseded);
            assert_eq!(decide(&records, &[], Period::day(day(20)), again), superseded);
        }
    }

    #[test]
    fn tells_periods_of_the_same_last_day_apart() {
        let week = Period { from: day(16), to: day(22) };
        assert_eq!(decide(&[record(0, Period::day(day(22)))], &[], week, None), Decision::Publish);
        let both = [record(0, week), record(1, Period::day(day(22)))];
        assert_eq!(decide(&both, &[], week, None), Decision::AlreadyPublished { run: "run-0".into() });
    }

    #[test]
    fn calls_no_period_published_that_lacks_a_table() {
        let name = |text: &str| Name::new(text).expect("a name");
        let records = [record(0, Period::day(day(22)))];
        let wanted = [(name("warehouse"), name("unit"))];
        let lacks = vec!["`unit` in `warehouse`".to_owned()];
        assert_eq!(decide(&records, &wanted, Period::day(day(22)), None), Decision::Incomplete { lacks });
        assert_eq!(decide(&records, &wanted, Period::day(day(22)), Some("a new table")), Decision::Publish);
        assert_eq!(decide(&records, &wanted, Period::day(day(23)), None), Decision::Publish);
    }
}
