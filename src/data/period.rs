//! The days a run is for, and the stretches of the calendar that a table's rows are kept in.

use chrono::{Datelike, Days, Months, NaiveDate};
use serde::Serialize;
use std::fmt;

/// Whole local days (Europe/London), first and last included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize)]
pub struct Period {
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
}

impl Period {
    /// One day.
    pub fn day(day: NaiveDate) -> Self {
        Period { from: day, to: day }
    }

    /// The day after the last.
    pub fn until(self) -> NaiveDate {
        self.to.checked_add_days(Days::new(1)).unwrap_or(self.to)
    }

    /// Whether every day of `other` is one of its own.
    pub fn holds(self, other: Period) -> bool {
        self.from <= other.from && other.to <= self.to
    }

    /// Whether they share a day.
    pub fn meets(self, other: Period) -> bool {
        self.from <= other.to && other.from <= self.to
    }

    /// What [`Display`](fmt::Display) wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let day = |text: &str| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
        match text.split_once("..") {
            Some((from, to)) => {
                Some(Period { from: day(from)?, to: day(to)? }).filter(|period| period.from < period.to)
            }
            None => day(text).map(Period::day),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from == self.to { write!(f, "{}", self.from) } else { write!(f, "{}..{}", self.from, self.to) }
    }
}

/// How long a period of a table is. The year of accounts begins on 1 April, the delivery year of the capacity market on
/// 1 October.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Every {
    /// A settlement day.
    Day,
    /// A month.
    Month,
    /// Three months, from January, April, July or October.
    Quarter,
    /// 1 April to 31 March.
    FinancialYear,
    /// 1 October to 30 September.
    DeliveryYear,
}

impl Every {
    /// All of them, in the order of their length.
    pub const ALL: [Every; 5] = [Every::Day, Every::Month, Every::Quarter, Every::FinancialYear, Every::DeliveryYear];

    /// The word in the job file.
    pub fn as_str(self) -> &'static str {
        match self {
            Every::Day => "day",
            Every::Month => "month",
            Every::Quarter => "quarter",
            Every::FinancialYear => "financial_year",
            Every::DeliveryYear => "delivery_year",
        }
    }

    /// Its months, and the month in which one of them begins.
    fn months(self) -> Option<(u32, u32)> {
        match self {
            Every::Day => None,
            Every::Month => Some((1, 1)),
            Every::Quarter => Some((3, 1)),
            Every::FinancialYear => Some((12, 4)),
            Every::DeliveryYear => Some((12, 10)),
        }
    }

    /// The period that `day` is in.
    pub fn around(self, day: NaiveDate) -> Period {
        let whole = || {
            let (months, begins) = self.months()?;
            let into = (day.month() + 12 - begins) % months;
            let from = day.with_day(1)?.checked_sub_months(Months::new(into))?;
            Some(Period { from, to: from.checked_add_months(Months::new(months))?.pred_opt()? })
        };
        whole().unwrap_or(Period::day(day))
    }

    /// The periods that have a day in `asked`, each whole, in their order; `None` when there are more than `most`.
    pub fn periods(self, asked: Period, most: usize) -> Option<Vec<Period>> {
        let mut periods = vec![self.around(asked.from)];
        while let Some(last) = periods.last().filter(|last| last.to < asked.to) {
            let next = self.around(last.until());
            if periods.len() == most || next == *last {
                return None;
            }
            periods.push(next);
        }
        Some(periods)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    fn around(every: Every, text: &str) -> String {
        every.around(day(text)).to_string()
    }

    #[test]
    fn knows_months_of_every_length() {
        for (at, period) in [
            ("2026-02-14", "2026-02-01..2026-02-28"),
            ("2028-02-29", "2028-02-01..2028-02-29"),
            ("2100-02-28", "2100-02-01..2100-02-28"),
            ("2026-12-31", "2026-12-01..2026-12-31"),
        ] {
            assert_eq!(around(Every::Month, at), period);
        }
        assert_eq!(around(Every::Day, "2028-02-29"), "2028-02-29");
    }

    #[test]
    fn begins_quarters_with_the_year_and_years_with_their_own_month() {
        for (every, at, period) in [
            (Every::Quarter, "2026-03-31", "2026-01-01..2026-03-31"),
            (Every::Quarter, "2026-04-01", "2026-04-01..2026-06-30"),
            (Every::Quarter, "2026-12-31", "2026-10-01..2026-12-31"),
            (Every::FinancialYear, "2026-03-31", "2025-04-01..2026-03-31"),
            (Every::FinancialYear, "2026-04-01", "2026-04-01..2027-03-31"),
            (Every::FinancialYear, "2028-02-29", "2027-04-01..2028-03-31"),
            (Every::DeliveryYear, "2026-09-30", "2025-10-01..2026-09-30"),
            (Every::DeliveryYear, "2026-10-01", "2026-10-01..2027-09-30"),
            (Every::DeliveryYear, "2027-01-01", "2026-10-01..2027-09-30"),
        ] {
            assert_eq!(around(every, at), period, "{every:?} {at}");
        }
    }

    #[test]
    fn gives_every_period_that_has_a_day_in_a_range_and_no_more_than_it_may() {
        let asked = Period { from: day("2026-01-31"), to: day("2026-03-01") };
        let months: Vec<String> = Every::Month.periods(asked, 12).expect("few").iter().map(Period::to_string).collect();
        assert_eq!(months, ["2026-01-01..2026-01-31", "2026-02-01..2026-02-28", "2026-03-01..2026-03-31"]);
        assert_eq!(Every::Day.periods(asked, 30).map(|days| days.len()), Some(30));
        assert_eq!(Every::Day.periods(asked, 29), None);
    }

    proptest! {
        #[test]
        fn every_day_is_in_one_period_and_the_next_begins_the_day_after(days in 0i64..76_000, every in 0usize..5) {
            let (every, day) = (Every::ALL[every], day("1990-01-01") + chrono::Duration::days(days));
            let period = every.around(day);
            prop_assert!(period.holds(Period::day(day)));
            prop_assert_eq!(every.around(period.from), period);
            prop_assert_eq!(every.around(period.to), period);
            prop_assert_eq!(every.around(period.until()).from, period.until());
            prop_assert_eq!(Period::parse(&period.to_string()), Some(period));
        }
    }
}
