//! Settlement days and half-hours in Europe/London; and when a job is due (`timetable`).
//!
//! A settlement day runs from local midnight to local midnight: 48 half-hour periods, 46 on the day the clocks go
//! forward, 50 on the day they go back. Pure: the moment comes in as a parameter.

mod timetable;

pub use timetable::{Due, Missed, Timetable};

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Europe::London;

/// Minutes of a settlement period.
const PERIOD_MINUTES: i64 = 30;

/// The settlement day that `now` is in.
pub fn today(now: DateTime<Utc>) -> NaiveDate {
    now.with_timezone(&London).date_naive()
}

/// The last settlement day that is over at `now`: yesterday in London. What a nightly run is for.
pub fn last_full_day(now: DateTime<Utc>) -> NaiveDate {
    let today = today(now);
    today.checked_sub_days(Days::new(1)).unwrap_or(today)
}

/// The moment a settlement day begins. Midnight exists on every day in London: clocks change at 01:00 UTC.
pub fn day_start(day: NaiveDate) -> Option<DateTime<Utc>> {
    let midnight = day.and_time(NaiveTime::MIN);
    London.from_local_datetime(&midnight).earliest().map(|start| start.with_timezone(&Utc))
}

/// How many settlement periods a day has, from the difference of two local midnights in UTC (never of wall clocks).
pub fn periods(day: NaiveDate) -> Option<u32> {
    let next = day.checked_add_days(Days::new(1))?;
    let length = day_start(next)? - day_start(day)?;
    u32::try_from(length.num_minutes() / PERIOD_MINUTES).ok()
}

/// When settlement period `period` (from 1) of `day` begins; `None` for a period the day does not have.
pub fn period_start(day: NaiveDate, period: u32) -> Option<DateTime<Utc>> {
    if period == 0 || period > periods(day)? {
        return None;
    }
    Some(day_start(day)? + chrono::Duration::minutes(PERIOD_MINUTES * i64::from(period - 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    #[test]
    fn counts_46_48_and_50_periods() {
        for (date, count) in [
            ("2024-03-31", 46),
            ("2024-10-27", 50),
            ("2025-03-30", 46),
            ("2025-10-26", 50),
            ("2026-03-29", 46),
            ("2026-10-25", 50),
            ("2026-11-22", 48),
        ] {
            assert_eq!(periods(day(date)), Some(count), "{date}");
        }
    }

    #[test]
    fn starts_period_one_at_2300_utc_the_day_before_in_summer() {
        let start = |date, period| period_start(day(date), period).map(|at| at.to_rfc3339());
        assert_eq!(start("2026-07-01", 1).as_deref(), Some("2026-06-30T23:00:00+00:00"));
        // On the long day, period 5 begins at 01:00 GMT: the second 01:00 of the night.
        assert_eq!(start("2023-10-29", 5).as_deref(), Some("2023-10-29T01:00:00+00:00"));
        assert_eq!(start("2026-03-29", 47), None);
        assert_eq!(start("2026-03-29", 0), None);
    }

    #[test]
    fn a_run_at_night_is_for_yesterday_by_the_clock_in_london() {
        let at = |text: &str| last_full_day(text.parse().expect("a moment"));
        assert_eq!(at("2026-11-23T02:30:00Z"), day("2026-11-22"));
        assert_eq!(at("2026-06-30T23:30:00Z"), day("2026-06-30"));
        assert_eq!(at("2026-06-30T22:59:59Z"), day("2026-06-29"));
    }
}
