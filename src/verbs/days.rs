//! The days that a person names on the command line -> the days a run is for.

use crate::calendar;
use crate::data::Period;
use crate::ending;
use crate::failure::{Failure, Phase};
use chrono::{DateTime, NaiveDate, Utc};

/// The days as they were named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Days {
    /// One settlement day.
    pub date: Option<NaiveDate>,
    /// The first of several days and the last, both included.
    pub range: Option<(NaiveDate, NaiveDate)>,
}

impl Days {
    /// The days, by default the last full one in London. Refuses days in the wrong order.
    pub fn period(self, now: DateTime<Utc>) -> Result<Period, Failure> {
        match self.range {
            Some((from, to)) if from <= to => Ok(Period { from, to }),
            Some((from, to)) => {
                Err(Failure::new(ending::DAYS, Phase::Files, format!("{from} (--from) comes after {to} (--to)")))
            }
            None => Ok(Period::day(self.date.unwrap_or_else(|| calendar::last_full_day(now)))),
        }
    }

    /// The days, for a run: refuses those that have not begun in London.
    pub fn begun(self, now: DateTime<Utc>) -> Result<Period, Failure> {
        let period = self.period(now)?;
        match period.to > calendar::today(now) {
            true => {
                let what = format!("{} has not begun in London", period.to);
                Err(Failure::new(ending::NOT_YET, Phase::Files, what))
            }
            false => Ok(period),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_yesterday_in_london_unless_days_are_named_and_never_a_day_to_come() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
        // 00:30 on the 1st in London.
        let now: DateTime<Utc> = "2026-06-30T23:30:00Z".parse().expect("a moment");
        assert_eq!(Days::default().begun(now).expect("a day").to_string(), "2026-06-30");
        let range = |from, to| Days { date: None, range: Some((day(from), day(to))) };
        let days = range("2026-03-28", "2026-07-01").begun(now).expect("days");
        assert_eq!(days.to_string(), "2026-03-28..2026-07-01");
        let told = |days: Days| days.begun(now).expect_err("refused").ending.id;
        assert_eq!(told(range("2026-03-29", "2026-03-28")), "E-DAYS-2");
        assert_eq!(told(range("2026-06-30", "2026-07-02")), "E-DATE-2");
        assert_eq!(told(Days { date: Some(day("2026-07-02")), range: None }), "E-DATE-2");
    }
}
