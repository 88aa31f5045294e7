//! Whether periods are published: asked of the tables' own logs, which know every period however long ago it was.
//!
//! A table that is written by periods has no newest state for an older one to overwrite, so nothing is superseded. A period is
//! done once every table has it as its source had it after its end; before that every night brings what is new in it. When that was
//! published says nothing: an export may be of the evening before, and a night that begins before midnight commits after it.
//!
//! Never in here: jobs with a table that is replaced as a whole (`decision`).

use super::commit::{Stores, store_of};
use super::decision::{Decision, decide};
use super::delta::layout;
use super::delta::log::{Published, replay};
use super::fault::StoreError;
use super::ledger::JobRecord;
use super::proposal::layout_fault;
use crate::calendar::{day_start, today};
use crate::data::{Name, Period};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// A table, and the periods that a night would write.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The store.
    pub store: Name,
    /// The table.
    pub dataset: Name,
    /// The column that says when a row belongs.
    pub by: Name,
    /// The periods.
    pub periods: Vec<Period>,
    /// The moment that its source shows, as far as that is known before it is read.
    pub as_of: DateTime<Utc>,
}

/// When each period of a table was published.
pub type Held = BTreeMap<Period, Published>;

/// What each table holds of its periods. Refuses a table whose files could not give way to the periods asked for, before
/// a row is read for them.
pub async fn held(stores: &Stores, asked: &[Asked]) -> Result<Vec<Held>, StoreError> {
    let mut held = Vec::new();
    for Asked { store, dataset, by, periods, .. } in asked {
        let store = store_of(stores, store)?;
        let state = replay(&store.primary().child(dataset.as_str())).await?;
        layout::gone(&state, by.as_str(), periods).map_err(|fault| layout_fault(store, dataset, &fault))?;
        held.push(state.periods);
    }
    Ok(held)
}

/// Decides for a job whose every table is written by periods, for the days `days`; `held` is what each table of `asked`
/// holds. `again` (a reason given by a person) publishes whatever is published.
pub fn decide_periods(
    records: &[JobRecord],
    asked: &[Asked],
    held: &[Held],
    days: Period,
    again: Option<&str>,
    now: DateTime<Utc>,
) -> Decision {
    if again.is_some() {
        return Decision::Publish;
    }
    let run = |asked: &Asked, held: &Held| {
        // Nothing is new, either, in a source that shows the same moment as then.
        let is_done =
            |of: &Published, period| is_after(of.as_of_ms, period) || of.as_of_ms >= asked.as_of.timestamp_millis();
        let done = asked.periods.iter().map(|period| held.get(period).filter(|of| is_done(of, *period)));
        done.collect::<Option<Vec<_>>>()?.last().map(|published| published.run.clone())
    };
    let runs: Option<Vec<String>> = asked.iter().zip(held).map(|(asked, held)| run(asked, held)).collect();
    if let Some(run) = runs.as_ref().and_then(|runs| runs.last()) {
        return Decision::AlreadyPublished { run: run.clone() };
    }
    // The same night again: unless the days were not over then, and it is another day now.
    let same: Vec<JobRecord> =
        records.iter().filter(|record| record.back_to.is_none() && record.period == days).cloned().collect();
    let tables: Vec<(Name, Name)> = asked.iter().map(|asked| (asked.store.clone(), asked.dataset.clone())).collect();
    let is_fresh = |record: &JobRecord| {
        let as_of = record.tables.iter().map(|table| table.row.extracted_at).min().unwrap_or(record.published_at);
        is_after(as_of.timestamp_millis(), days) || today(as_of) == today(now)
    };
    // Of other periods of the same days (their length is another now) the record says nothing.
    let has = |(asked, held): (&Asked, &Held)| asked.periods.iter().all(|period| held.contains_key(period));
    match same.last().is_some_and(is_fresh) && asked.iter().zip(held).all(has) {
        true => decide(&same, &tables, days, None),
        false => Decision::Publish,
    }
}

/// Whether a moment comes after the end of a period.
fn is_after(at_ms: i64, period: Period) -> bool {
    day_start(period.until()).is_some_and(|end| end.timestamp_millis() <= at_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).expect("a name")
    }

    fn period(text: &str) -> Period {
        Period::parse(text).expect("a period")
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a moment")
    }

    fn record(days: &str, published_at: &str) -> JobRecord {
        JobRecord {
            format: 1,
            number: 0,
            job: name("settlements"),
            run: "of-the-record".into(),
            period: period(days),
            stamp: "dev".into(),
            reason: None,
            published_at: at(published_at),
            inputs: Default::default(),
            back_to: None,
            batch: None,
            task: None,
            tables: Vec::new(),
        }
    }

    /// What is decided at `now` for a table that holds `held` (period, moment), asked for `days` of the period `of`.
    fn decided(records: &[JobRecord], held: &[(&str, &str)], days: &str, of: &str, now: &str) -> &'static str {
        let (store, dataset, by) = (name("warehouse"), name("payment"), name("day"));
        let asked = [Asked { store, dataset, by, periods: vec![period(of)], as_of: at(now) }];
        let held: Held = held
            .iter()
            .map(|(of, published)| {
                (period(of), Published { as_of_ms: at(published).timestamp_millis(), run: "of-the-table".into() })
            })
            .collect();
        match decide_periods(records, &asked, &[held], period(days), None, at(now)) {
            Decision::Publish => "publish",
            Decision::AlreadyPublished { run } if run == "of-the-table" => "the table has it",
            Decision::AlreadyPublished { .. } => "the same night",
            Decision::Incomplete { .. } => "incomplete",
            Decision::Superseded { .. } => "superseded",
        }
    }

    #[test]
    fn publishes_an_older_period_and_none_twice() {
        let newer = [("2026-11-22", "2026-11-23T02:30:00Z")];
        let both = [newer[0], ("2026-11-20", "2026-11-23T03:00:00Z")];
        let now = "2026-11-23T04:00:00Z";
        assert_eq!(decided(&[], &newer, "2026-11-20", "2026-11-20", now), "publish");
        assert_eq!(decided(&[], &both, "2026-11-20", "2026-11-20", now), "the table has it");
        // A day that was published before it was over, by London's clock.
        let summer = [("2026-07-01", "2026-07-01T22:59:59Z")];
        assert_eq!(decided(&[], &summer, "2026-07-01", "2026-07-01", now), "publish");
        let summer = [("2026-07-01", "2026-07-01T23:00:00Z")];
        assert_eq!(decided(&[], &summer, "2026-07-01", "2026-07-01", now), "the table has it");
    }

    #[test]
    fn takes_the_same_export_once_though_it_is_from_before_the_periods_end() {
        let (store, dataset, by) = (name("warehouse"), name("payment"), name("day"));
        let held = Held::from([(
            period("2026-11-22"),
            Published { as_of_ms: at("2026-11-22T22:00:00Z").timestamp_millis(), run: "of-the-table".into() },
        )]);
        for (as_of, expected) in [("2026-11-22T22:00:00Z", true), ("2026-11-22T22:00:01Z", false)] {
            let asked = Asked {
                store: store.clone(),
                dataset: dataset.clone(),
                by: by.clone(),
                periods: vec![period("2026-11-22")],
                as_of: at(as_of),
            };
            let now = at("2026-11-23T02:30:00Z");
            let decision = decide_periods(&[], &[asked], std::slice::from_ref(&held), period("2026-11-22"), None, now);
            assert_eq!(decision != Decision::Publish, expected, "{as_of}");
        }
    }

    #[test]
    fn brings_every_night_what_is_new_in_a_period_that_is_not_over() {
        let month = "2026-11-01..2026-11-30";
        let held = [(month, "2026-11-23T02:30:00Z")];
        let records = [record("2026-11-22", "2026-11-23T02:30:00Z")];
        let now = "2026-11-24T02:30:00Z";
        assert_eq!(decided(&records, &held, "2026-11-23", month, now), "publish");
        let lacks = "incomplete";
        assert_eq!(decided(&records, &held, "2026-11-22", month, now), lacks, "its record names no table");
        let whole = [(month, "2026-12-01T02:30:00Z")];
        assert_eq!(decided(&records, &whole, "2026-11-22", month, now), "the table has it");
    }

    #[test]
    fn takes_a_night_of_a_day_that_was_not_over_for_done_until_the_next_day() {
        let held = [("2026-11-23", "2026-11-23T12:00:00Z")];
        let records = [record("2026-11-23", "2026-11-23T12:00:00Z")];
        let at = |now| decided(&records, &held, "2026-11-23", "2026-11-23", now);
        assert_eq!(at("2026-11-23T13:00:00Z"), "incomplete");
        assert_eq!(at("2026-11-24T02:30:00Z"), "publish");
        // Days in the records, and months in the tables now.
        let month = "2026-11-01..2026-11-30";
        assert_eq!(decided(&records, &held, "2026-11-23", month, "2026-11-23T13:00:00Z"), "publish");
    }
}
