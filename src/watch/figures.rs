//! How well a job's nights went: availability, time to repair, time between failures. From timetable and ledger.
//!
//! ```text
//! availability  nights published by their deadline / nights whose deadline is past; with Wilson's interval of 95 %, since a night is one sample
//! an incident   from the first sign (a run that failed, or a deadline that passed) to the next good run
//! MTTR          how long incidents lasted, on average     MTBF  from the beginning of one to that of the next
//! ```

use super::{LedgerRun, Tables};
use crate::calendar::Due;
use chrono::{DateTime, TimeDelta, Utc};

/// 97.5 % of a normal distribution lie below.
const Z: f64 = 1.959_964;

/// How well the nights went.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// Nights whose deadline is past.
    pub due: u64,
    /// Those of them that were published by it.
    pub in_time: u64,
    /// The part that was, and the interval in which it lies in truth with 95 %; `None` without nights.
    pub availability: Option<(f64, f64, f64)>,
    /// Incidents, oldest first; the end of one that goes on is `None`.
    pub incidents: Vec<(DateTime<Utc>, Option<DateTime<Utc>>)>,
    /// How long one lasted, on average.
    pub mttr: Option<TimeDelta>,
    /// From one to the next, on average.
    pub mtbf: Option<TimeDelta>,
}

/// By when `due` must be published: its deadline, or when the `next` is due.
fn limit(due: &Due, next: Option<&Due>) -> Option<DateTime<Utc>> {
    due.deadline.or_else(|| next.map(|next| next.at))
}

/// When the days of `due` were published, by a run of theirs or by one that made them good, as the job's `tables` are written.
pub fn published_at(due: &Due, tables: Tables, runs: &[LedgerRun]) -> Option<DateTime<Utc>> {
    let good = runs.iter().filter(|run| run.is_good() && tables.reach(run, due));
    good.map(LedgerRun::ended_at).min()
}

/// The figures of `dues` (oldest first, the next one that is not yet due the last) at `now`, by `runs`, oldest first.
pub fn figures(dues: &[Due], tables: Tables, runs: &[LedgerRun], now: DateTime<Utc>) -> Figures {
    let limits = dues.iter().enumerate().map(|(place, due)| (due, limit(due, dues.get(place + 1))));
    let over: Vec<(&Due, DateTime<Utc>)> =
        limits.filter_map(|(due, limit)| limit.filter(|limit| *limit <= now).map(|limit| (due, limit))).collect();
    let is_in_time =
        |(due, limit): &&(&Due, DateTime<Utc>)| published_at(due, tables, runs).is_some_and(|at| at <= *limit);
    let (due, in_time) = (over.len() as u64, over.iter().filter(is_in_time).count() as u64);
    let failed = runs.iter().filter(|run| !run.is_good()).map(LedgerRun::ended_at);
    let late = over.iter().filter(|late| !is_in_time(late)).map(|(_, limit)| *limit);
    let mut signs: Vec<DateTime<Utc>> = failed.chain(late).collect();
    signs.sort();
    let mut incidents: Vec<(DateTime<Utc>, Option<DateTime<Utc>>)> = Vec::new();
    for sign in signs {
        if incidents.last().is_some_and(|(_, end)| end.is_none_or(|end| sign <= end)) {
            continue;
        }
        let end = runs.iter().filter(|run| run.is_good()).map(LedgerRun::ended_at).filter(|end| *end > sign).min();
        incidents.push((sign, end));
    }
    let lasted: Vec<TimeDelta> = incidents.iter().filter_map(|(begin, end)| Some((*end)? - *begin)).collect();
    let apart: Vec<TimeDelta> = incidents.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    let availability = (due > 0).then(|| wilson(in_time, due));
    Figures { due, in_time, availability, mttr: mean(&lasted), mtbf: mean(&apart), incidents }
}

fn mean(of: &[TimeDelta]) -> Option<TimeDelta> {
    let all: TimeDelta = of.iter().sum();
    (!of.is_empty()).then(|| all / i32::try_from(of.len()).unwrap_or(i32::MAX))
}

/// The part, and Wilson's score interval of 95 % (E. B. Wilson, 1927).
fn wilson(good: u64, all: u64) -> (f64, f64, f64) {
    let (n, part) = (all as f64, good as f64 / all as f64);
    let middle = (part + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (part * (1.0 - part) / n + Z * Z / (4.0 * n * n)).sqrt();
    (part, (middle - half).max(0.0), (middle + half).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::{Missed, Timetable};
    use chrono_tz::Europe::London;

    fn run(day: u32, started_at: &str, outcome: &str) -> LedgerRun {
        let report = serde_json::json!({
            "run": started_at, "outcome": outcome, "exit_code": if outcome == "failed" { 70 } else { 0 },
            "period": { "from": format!("2026-11-{day:02}"), "to": format!("2026-11-{day:02}") },
            "started_at": format!("2026-11-{started_at}:00Z"), "seconds": 600.0, "cost": { "usd": 0.01 },
        });
        LedgerRun::parse(report.to_string().as_bytes()).expect("a report")
    }

    #[test]
    fn says_how_many_nights_were_in_time_and_how_long_it_took_to_mend_the_others() {
        let deadline = chrono::NaiveTime::from_hms_opt(6, 0, 0);
        let table = Timetable::new("30 2 * * *", London, deadline, Missed::Latest).expect("a timetable");
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("a moment");
        let dues = table.between(at("2026-11-01T12:00:00Z"), at("2026-11-06T12:00:00Z"), 99);
        assert_eq!(dues.len(), 5);
        let runs = [
            run(1, "02T02:30", "published"),
            // Fails at 02:40 and 02:55, is mended at 04:10: an hour and a half, and in time.
            run(2, "03T02:30", "failed"),
            run(2, "03T02:45", "failed"),
            run(2, "03T04:00", "published"),
            run(3, "04T02:30", "published"),
            // Nobody ran it: told at its deadline, 06:00; the next night's run is good at 02:40 the day after.
            run(5, "06T02:30", "published"),
        ];
        let figures = figures(&dues, Tables::Whole, &runs, at("2026-11-06T12:00:00Z"));
        assert_eq!((figures.due, figures.in_time, figures.incidents.len()), (5, 4, 2));
        let minutes = |of: Option<TimeDelta>| of.map(|of| of.num_minutes());
        assert_eq!(minutes(figures.mttr), Some((90 + 20 * 60 + 40) / 2));
        assert_eq!(minutes(figures.mtbf), Some(2 * 24 * 60 + 3 * 60 + 20));
        // A table by periods has the rows of a night from nobody but that night.
        let (tables, days) = (Tables::ByPeriods(crate::data::Every::Day), [2, 3].map(|place| dues[place]));
        let minute = |at: DateTime<Utc>| at.format("%d %H:%M").to_string();
        let made_good = |tables| days.map(|due| published_at(&due, tables, &runs).map(minute));
        assert_eq!(made_good(tables), [Some("04 02:40".into()), None]);
        assert_eq!(made_good(Tables::Whole), [Some("04 02:40".into()), Some("06 02:40".into())]);
        // R, binom::binom.wilson(4, 5): 0.8, 0.3755, 0.9638.
        let (part, low, high) = figures.availability.expect("nights");
        assert!((part - 0.8).abs() < 1e-9 && (low - 0.3755).abs() < 1e-4 && (high - 0.9638).abs() < 1e-4);
    }
}
