//! A timetable, what was attempted and what came of it -> what to do now.
//!
//! ```text
//! exit 0, by whomever                 done
//! 70-79                               again: after 1, 2, 4 .. 30 minutes, give or take half, until the next night is due
//! killed, or a bug (101, 128 ..)      again, three times in a row at most
//! anything else                       a person's: nothing until the next night, or until somebody runs it
//! ```

use super::{LedgerRun, Tables};
use crate::calendar::{Due, Missed, Timetable, day_start};
use chrono::{DateTime, TimeDelta, Utc};

/// Missed nights that are made good, at most.
const MISSED_MAX: usize = 31;
/// The pause after the first attempt; each next is twice as long.
const PAUSE_SECONDS: i64 = 60;
/// The longest pause.
const PAUSE_SECONDS_MAX: i64 = 30 * 60;
/// Attempts in a row that end without a word.
const CRASHES_MAX: usize = 3;

/// An attempt that a schedule made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Until when it is somebody's; when it was given back, that moment.
    pub until: DateTime<Utc>,
    /// How it ended; `None` while it goes on, or where nobody came back to say.
    pub exit_code: Option<i32>,
}

/// How a night stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is published, or there is nothing to do.
    Done,
    /// No retry cures it: a person's.
    GivenUp,
    /// Somebody is at it until then, unless they say that they go on.
    Held(DateTime<Utc>),
    /// It is tried again then.
    Again(DateTime<Utc>),
    /// It is tried now.
    Ready,
}

/// The nights that may have to be done at `now`, oldest first. `since` is when the job was first seen: nothing before it is
/// missed. Of `missed = "none"` the latest is given all the same: it goes on where it was begun, which who asks finds out.
///
/// What one of `runs` published, or made good as the job's `tables` are written, is left out. Of each missed night of a table by periods that is
/// itself alone: a later night has none of its rows.
pub fn candidates(
    table: &Timetable,
    tables: Tables,
    since: DateTime<Utc>,
    runs: &[LedgerRun],
    now: DateTime<Utc>,
) -> Vec<Due> {
    let most = if table.missed == Missed::Each { MISSED_MAX } else { 1 };
    let good: Vec<&LedgerRun> = runs.iter().filter(|run| run.exit_code == 0 && run.started_at <= now).collect();
    // Up to the last day that is published as a whole there is nothing to look for.
    let newest = good.iter().map(|run| run.period.until()).max().filter(|_| tables == Tables::Whole);
    let done = newest.and_then(day_start).unwrap_or(DateTime::<Utc>::MIN_UTC);
    // A month is enough of what has to be walked through.
    let from = since.max(now - TimeDelta::days(MISSED_MAX as i64 + 1)).max(done);
    let mut dues = table.between(from, now, most);
    dues.retain(|due| !good.iter().any(|run| tables.reach(run, due)));
    dues
}

/// How `due` stands at `now`, by the runs of its days and the attempts of schedules, each oldest first. `spread` is a number of the job's:
/// jobs that failed together are not tried again together.
pub fn standing(due: &Due, runs: &[LedgerRun], attempts: &[Attempt], spread: u64, now: DateTime<Utc>) -> Standing {
    let is_done = |run: &LedgerRun| run.period == due.period && run.exit_code == 0;
    if runs.iter().any(is_done) || attempts.iter().any(|attempt| attempt.exit_code == Some(0)) {
        return Standing::Done;
    }
    let Some(last) = attempts.last() else { return Standing::Ready };
    let Some(code) = last.exit_code else {
        return match (last.until > now, crashes(attempts) >= CRASHES_MAX) {
            (true, _) => Standing::Held(last.until),
            (false, true) => Standing::GivenUp,
            (false, false) => Standing::Ready,
        };
    };
    let again = match (is_retryable(code), is_crash(code)) {
        (true, _) => true,
        (_, true) => crashes(attempts) < CRASHES_MAX,
        _ => false,
    };
    if !again {
        return Standing::GivenUp;
    }
    let pause = pause(attempts.len(), spread);
    match last.until.checked_add_signed(pause).unwrap_or(last.until) {
        at if at > now => Standing::Again(at),
        _ => Standing::Ready,
    }
}

fn is_retryable(code: i32) -> bool {
    (70..80).contains(&code)
}

/// A panic of ours, or a signal.
fn is_crash(code: i32) -> bool {
    code >= 101
}

/// Attempts in a row, the last ones, that ended without a word of why.
fn crashes(attempts: &[Attempt]) -> usize {
    attempts.iter().rev().take_while(|attempt| attempt.exit_code.is_none_or(is_crash)).count()
}

/// The pause after attempt `number`, from 1: as long for every schedule that looks.
fn pause(number: usize, spread: u64) -> TimeDelta {
    let doubled = PAUSE_SECONDS << number.saturating_sub(1).min(10);
    let longest = doubled.min(PAUSE_SECONDS_MAX);
    // From half of it to one and a half: Fibonacci hashing of the job's number and the attempt's.
    let mixed = spread.wrapping_add(number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 54;
    TimeDelta::milliseconds(longest * 500 + longest * 1000 * i64::try_from(mixed).unwrap_or(0) / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Every;
    use chrono_tz::Europe::London;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a moment")
    }

    fn table(missed: Missed) -> Timetable {
        Timetable::new("30 2 * * *", London, None, missed).expect("a timetable")
    }

    fn due() -> Due {
        table(Missed::Latest).after(at("2026-11-23T00:00:00Z")).expect("a due")
    }

    fn stands(codes: &[Option<i32>], now: &str) -> Standing {
        let until = at("2026-11-23T02:35:00Z");
        let attempts: Vec<Attempt> = codes.iter().map(|code| Attempt { until, exit_code: *code }).collect();
        standing(&due(), &[], &attempts, 7, at(now))
    }

    #[test]
    fn makes_good_the_latest_night_or_each_of_a_month_and_none_from_before_the_job_was_seen() {
        let (since, now) = (at("2026-11-19T12:00:00Z"), at("2026-11-23T03:00:00Z"));
        let days = |missed, since| {
            candidates(&table(missed), Tables::Whole, since, &[], now)
                .iter()
                .map(|due| due.period.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(days(Missed::Latest, since), ["2026-11-22"]);
        assert_eq!(days(Missed::Each, since), ["2026-11-19", "2026-11-20", "2026-11-21", "2026-11-22"]);
        assert_eq!(days(Missed::Each, at("2020-01-01T00:00:00Z")).len(), MISSED_MAX);
        assert!(days(Missed::Each, now).is_empty());
    }

    fn good(period: &str, started_at: &str) -> LedgerRun {
        let period = crate::data::Period::parse(period).expect("a period");
        let report = serde_json::json!({
            "run": started_at, "outcome": "published", "exit_code": 0, "period": period,
            "started_at": started_at, "seconds": 60.0, "cost": { "usd": 0.01 },
        });
        LedgerRun::parse(report.to_string().as_bytes()).expect("a report")
    }

    #[test]
    fn goes_on_with_the_other_missed_nights_once_one_of_them_was_made_good() {
        // Nobody watched from the 20th on; on the 26th the oldest, or another, is made good.
        let (since, now) = (at("2026-11-20T12:00:00Z"), at("2026-11-26T09:00:00Z"));
        let left = |missed, tables, runs: &[LedgerRun]| {
            let dues = candidates(&table(missed), tables, since, runs, now);
            dues.iter().map(|due| due.period.to.format("%d").to_string()).collect::<Vec<_>>().join(" ")
        };
        let (whole, days) = (Tables::Whole, Tables::ByPeriods(Every::Day));
        let [first, middle, last] =
            ["2026-11-20", "2026-11-22", "2026-11-25"].map(|day| good(day, "2026-11-26T08:00:00Z"));
        for tables in [whole, days, Tables::ByPeriods(Every::Month)] {
            assert_eq!(left(Missed::Each, tables, &[]), "20 21 22 23 24 25");
            assert_eq!(left(Missed::Each, tables, std::slice::from_ref(&first)), "21 22 23 24 25");
        }
        assert_eq!(left(Missed::Each, days, &[middle.clone(), first.clone()]), "21 23 24 25");
        assert_eq!(left(Missed::Each, days, std::slice::from_ref(&last)), "20 21 22 23 24");
        assert_eq!(left(Missed::Each, whole, &[middle, first]), "23 24 25");
        assert_eq!(left(Missed::Each, whole, std::slice::from_ref(&last)), "");
        // The whole month was written with its last day, and a range with each of its days.
        assert_eq!(left(Missed::Each, Tables::ByPeriods(Every::Month), std::slice::from_ref(&last)), "");
        assert_eq!(left(Missed::Each, days, &[good("2026-11-21..2026-11-23", "2026-11-26T08:00:00Z")]), "20 24 25");
        // Begun before the days were over.
        assert_eq!(
            left(Missed::Each, days, &[good("2026-11-21..2026-11-23", "2026-11-22T08:00:00Z")]),
            "20 22 23 24 25"
        );
        assert_eq!(left(Missed::Latest, days, &[]), "25");
        assert_eq!(left(Missed::Latest, days, &[last]), "");
    }

    #[test]
    fn tries_again_by_the_exit_code() {
        let soon = "2026-11-23T02:35:01Z";
        assert_eq!(stands(&[], soon), Standing::Ready);
        assert_eq!(stands(&[Some(70), Some(0)], soon), Standing::Done);
        for code in [1, 2, 10, 12, 14, 20, 21, 23, 25, 41, 42, 50] {
            assert_eq!(stands(&[Some(code)], "2026-11-24T02:00:00Z"), Standing::GivenUp, "{code}");
        }
        for code in [70, 71, 72, 73, 74, 101, 137, 143] {
            assert!(matches!(stands(&[Some(code)], soon), Standing::Again(_)), "{code}");
            assert_eq!(stands(&[Some(code)], "2026-11-23T02:37:00Z"), Standing::Ready, "{code}");
        }
    }

    #[test]
    fn gives_up_what_dies_three_times_in_a_row_and_waits_for_who_is_at_it() {
        let later = "2026-11-23T05:00:00Z";
        assert_eq!(stands(&[Some(137), None, Some(101)], later), Standing::GivenUp);
        assert_eq!(stands(&[Some(137), Some(70), Some(101)], later), Standing::Ready);
        assert_eq!(stands(&[None], "2026-11-23T02:34:59Z"), Standing::Held(at("2026-11-23T02:35:00Z")));
        assert_eq!(stands(&[None], "2026-11-23T02:35:00Z"), Standing::Ready);
    }

    #[test]
    fn waits_longer_each_time_up_to_half_an_hour_and_not_as_long_for_every_job() {
        for spread in 0..100u64 {
            for number in 1..40 {
                let longest = (60i64 << (number - 1).min(5)).min(30 * 60) as f64;
                let seconds = pause(number, spread).num_milliseconds() as f64 / 1000.0;
                assert!(seconds >= longest * 0.5 && seconds <= longest * 1.5, "{number}: {seconds}");
            }
        }
        let pauses: std::collections::BTreeSet<_> = (0..100u64).map(|spread| pause(1, spread)).collect();
        assert!(pauses.len() > 50);
    }
}
