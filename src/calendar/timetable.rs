//! When a job is due: five fields of cron and a zone -> instants; and until when it must be done.
//!
//! The pattern is croner's, matched against the clock on the wall; the instants are the zone's own. A time that the clock skips
//! is due at the first moment after the gap; a time that it shows twice is due once, the first time, unless the hour field
//! says "every hour" (`*`, `*/2`): those go on in both. croner's own search over a zone is not used: in the hour that comes twice it
//! gives a moment that is past (3.0.1), and leaves out the second half of what is due every half hour.
//!
//! Never in here: what was done. The moment comes in as a parameter.

use super::last_full_day;
use crate::data::Period;
use chrono::{DateTime, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use croner::Cron;
use std::str::FromStr;

/// The longest change of clocks, and more: what is due is looked for this far around the hand of the clock.
const CHANGE_HOURS_MAX: i64 = 3;

/// What becomes of runs that were missed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missed {
    /// The latest alone is made good.
    #[default]
    Latest,
    /// Each is, the oldest first.
    Each,
    /// None is.
    None,
}

impl Missed {
    /// The word in the job file.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "latest" => Missed::Latest,
            "each" => Missed::Each,
            "none" => Missed::None,
            _ => return None,
        })
    }
}

/// When a job is due.
#[derive(Clone, Debug, PartialEq)]
pub struct Timetable {
    cron: Cron,
    zone: Tz,
    /// When it must be done, local time.
    deadline: Option<NaiveTime>,
    /// What becomes of missed runs.
    pub missed: Missed,
    /// Whether what is due in the hour that comes twice is due twice.
    is_hourly: bool,
}

/// A night that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    /// From when it may begin.
    pub at: DateTime<Utc>,
    /// The days it is for: the last one that is over in London by then.
    pub period: Period,
    /// By when it must be published.
    pub deadline: Option<DateTime<Utc>>,
}

impl Timetable {
    /// Five fields of cron in `zone`; `None` when they are no cron line, or never due.
    pub fn new(cron: &str, zone: Tz, deadline: Option<NaiveTime>, missed: Missed) -> Option<Self> {
        let fields: Vec<&str> = cron.split_whitespace().collect();
        let is_hourly = fields.get(1)?.starts_with('*');
        let parsed = Cron::from_str(cron).ok().filter(|_| fields.len() == 5)?;
        parsed.find_next_occurrence(&DateTime::UNIX_EPOCH, false).ok()?;
        Some(Timetable { cron: parsed, zone, deadline, missed, is_hourly })
    }

    /// The first due after `moment`.
    pub fn after(&self, moment: DateTime<Utc>) -> Option<Due> {
        let around = TimeDelta::hours(CHANGE_HOURS_MAX);
        let hand = moment.with_timezone(&self.zone).naive_local().with_nanosecond(0)?;
        // The wall's clock, written as if it were UTC: croner then knows no change of clocks.
        let mut wall = hand.checked_sub_signed(around)?.and_utc();
        let mut first: Option<(DateTime<Utc>, DateTime<Utc>)> = None;
        while let Ok(next) = self.cron.find_next_occurrence(&wall, false) {
            if first.is_some_and(|(_, shown)| next - shown > around) {
                break;
            }
            for at in self.instants(next.naive_utc()).into_iter().filter(|at| *at > moment) {
                first = match first {
                    Some((earlier, shown)) => Some((earlier.min(at), shown)),
                    None => Some((at, next)),
                };
            }
            wall = next;
        }
        first.map(|(at, _)| self.due(at))
    }

    /// Every due after `moment` and up to `until`, the newest `most` of them.
    pub fn between(&self, moment: DateTime<Utc>, until: DateTime<Utc>, most: usize) -> Vec<Due> {
        let mut dues = std::collections::VecDeque::new();
        let mut from = moment;
        while let Some(due) = self.after(from).filter(|due| due.at <= until) {
            from = due.at;
            if dues.len() == most {
                dues.pop_front();
            }
            dues.push_back(due);
        }
        dues.into()
    }

    fn due(&self, at: DateTime<Utc>) -> Due {
        let deadline = self.deadline.and_then(|time| {
            let day = at.with_timezone(&self.zone).date_naive();
            let on = |day: chrono::NaiveDate| self.instants(day.and_time(time)).first().copied();
            on(day).filter(|deadline| *deadline > at).or_else(|| on(day.succ_opt()?))
        });
        Due { at, period: Period::day(last_full_day(at)), deadline }
    }

    /// The instants at which the clock on the wall shows `wall`.
    fn instants(&self, wall: NaiveDateTime) -> Vec<DateTime<Utc>> {
        use chrono::LocalResult::{Ambiguous, None, Single};
        match self.zone.from_local_datetime(&wall) {
            Single(at) => vec![at.to_utc()],
            Ambiguous(first, second) if self.is_hourly => vec![first.to_utc(), second.to_utc()],
            Ambiguous(first, _) => vec![first.to_utc()],
            None if self.is_hourly => Vec::new(),
            None => {
                let later = (1..=CHANGE_HOURS_MAX * 60).filter_map(|minutes| {
                    let minute = wall.checked_add_signed(TimeDelta::minutes(minutes))?;
                    self.zone.from_local_datetime(&minute).earliest()
                });
                later.take(1).map(|at| at.to_utc()).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Europe::London;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a moment")
    }

    fn table(cron: &str, deadline: Option<&str>) -> Timetable {
        let deadline = deadline.map(|time| NaiveTime::parse_from_str(time, "%H:%M").expect("a time"));
        Timetable::new(cron, London, deadline, Missed::Latest).expect("a timetable")
    }

    fn next(cron: &str, moment: &str) -> String {
        table(cron, None).after(at(moment)).expect("a due").at.to_rfc3339()
    }

    #[test]
    fn is_due_at_the_walls_time_whatever_the_clocks_did() {
        assert_eq!(next("30 2 * * *", "2027-03-27T02:29:59Z"), "2027-03-27T02:30:00+00:00");
        assert_eq!(next("30 2 * * *", "2027-03-27T02:30:00Z"), "2027-03-28T01:30:00+00:00");
        assert_eq!(next("30 2 * * *", "2026-10-24T01:30:00Z"), "2026-10-25T02:30:00+00:00");
        // On the second, at whatever moment it is asked.
        assert_eq!(next("30 2 * * *", "2027-03-27T02:29:59.987654Z"), "2027-03-27T02:30:00+00:00");
    }

    #[test]
    fn is_due_once_in_the_hour_that_is_skipped_and_in_the_one_that_comes_twice() {
        assert_eq!(next("30 1 * * *", "2027-03-27T12:00:00Z"), "2027-03-28T01:00:00+00:00");
        assert_eq!(next("30 1 * * *", "2026-10-24T12:00:00Z"), "2026-10-25T00:30:00+00:00");
        // In the second half past one, and before it in the second hour: the next is tomorrow's.
        for moment in ["2026-10-25T00:30:00Z", "2026-10-25T01:10:00Z", "2026-10-25T01:30:00Z"] {
            assert_eq!(next("30 1 * * *", moment), "2026-10-26T01:30:00+00:00", "{moment}");
        }
    }

    #[test]
    fn goes_on_through_both_hours_where_every_hour_is_due() {
        let half_hours =
            table("*/30 * * * *", None).between(at("2026-10-25T00:00:00Z"), at("2026-10-25T03:00:00Z"), 99);
        assert_eq!(half_hours.len(), 6, "{half_hours:?}");
        assert!(half_hours.windows(2).all(|pair| pair[1].at - pair[0].at == TimeDelta::minutes(30)));
        let spring = table("*/30 * * * *", None).between(at("2027-03-28T00:00:00Z"), at("2027-03-28T03:00:00Z"), 99);
        assert_eq!(spring.len(), 6, "{spring:?}");
    }

    #[test]
    fn says_until_when_it_must_be_done_and_which_day_it_is_for() {
        let due = table("30 2 * * *", Some("06:00")).after(at("2026-07-01T12:00:00Z")).expect("a due");
        assert_eq!((due.at, due.deadline), (at("2026-07-02T01:30:00Z"), Some(at("2026-07-02T05:00:00Z"))));
        assert_eq!(due.period.to_string(), "2026-07-01");
        // Due in the evening, done in the morning.
        let due = table("0 22 * * *", Some("06:00")).after(at("2026-12-01T12:00:00Z")).expect("a due");
        assert_eq!((due.deadline, due.period.to_string()), (Some(at("2026-12-02T06:00:00Z")), "2026-11-30".into()));
    }

    #[test]
    fn refuses_what_is_no_cron_line_and_what_is_never_due() {
        for cron in ["", "30 2 * *", "61 2 * * *", "0 0 30 2 *", "@daily", "* * * * * *"] {
            assert_eq!(Timetable::new(cron, London, None, Missed::None), None, "{cron}");
        }
    }
}
