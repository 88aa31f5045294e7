//! How the rows of a view or a query are divided: ranges of a key, between its smallest and its largest value. Pure.
//!
//! The first range has no lower end, the last no upper one, and one behind it has the rows without a key (beside the last, by
//! OR, no index would find either): together they are all rows, whatever the two values were.

use crate::data::select::quoted;
use crate::source::pgcopy::Wire;
use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta};

/// Ranges of a key, at most: each is a query of its own.
pub const KEY_RANGES_MAX: u64 = 32;

const MOMENT: &str = "%Y-%m-%d %H:%M:%S%.6f";

/// A key that has an order and a measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Whole numbers.
    Whole,
    /// Days.
    Date,
    /// Moments, without or with zone.
    Timestamp(bool),
    /// UUIDs, in the order of their bytes.
    Uuid,
}

impl Kind {
    /// Of a column; `None` where its type is not divided.
    pub fn of(wire: Wire) -> Option<Self> {
        Some(match wire {
            Wire::Int2 | Wire::Int4 | Wire::Int8 => Kind::Whole,
            Wire::Date => Kind::Date,
            Wire::Timestamp => Kind::Timestamp(false),
            Wire::Timestamptz => Kind::Timestamp(true),
            Wire::Uuid => Kind::Uuid,
            _ => return None,
        })
    }

    /// A key's value as the text that [`conditions`] reads, in SQL: the same whatever the session's style of dates.
    pub fn text(self, key: &str) -> String {
        let key = quoted(key);
        match self {
            Kind::Whole | Kind::Uuid => format!("{key}::text"),
            Kind::Date => format!("pg_catalog.to_char({key}, 'YYYY-MM-DD')"),
            Kind::Timestamp(false) => format!("pg_catalog.to_char({key}, 'YYYY-MM-DD HH24:MI:SS.US')"),
            Kind::Timestamp(true) => {
                format!("pg_catalog.to_char({key} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')")
            }
        }
    }

    /// A value's place on the measure; `None` for an infinity and for years that are not counted in four digits.
    fn place(self, text: &str) -> Option<i128> {
        match self {
            Kind::Whole => text.parse::<i64>().ok().map(i128::from),
            Kind::Date => {
                let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
                Some(i128::from(day.signed_duration_since(NaiveDate::default()).num_days()))
            }
            Kind::Timestamp(_) => {
                let moment = NaiveDateTime::parse_from_str(text, MOMENT).ok()?;
                Some(i128::from(moment.and_utc().timestamp_micros()))
            }
            // Shifted, so that the measure has a sign as the others have.
            Kind::Uuid => Some((uuid::Uuid::parse_str(text).ok()?.as_u128() ^ (1 << 127)) as i128),
        }
    }

    /// The value at a place, as SQL.
    fn literal(self, place: i128) -> Option<String> {
        Some(match self {
            Kind::Whole => format!("({place})"),
            Kind::Date => {
                let day = NaiveDate::default().checked_add_signed(TimeDelta::try_days(i64::try_from(place).ok()?)?)?;
                format!("'{day}'::date")
            }
            Kind::Timestamp(has_zone) => {
                let moment = DateTime::from_timestamp_micros(i64::try_from(place).ok()?)?.naive_utc().format(MOMENT);
                match has_zone {
                    true => format!("'{moment}+00'::timestamptz"),
                    false => format!("'{moment}'::timestamp"),
                }
            }
            Kind::Uuid => format!("'{}'::uuid", uuid::Uuid::from_u128(place as u128 ^ (1 << 127))),
        })
    }
}

/// The conditions of `count` ranges of `key`, whose smallest and largest values are `least` and `most`, and of what has no key;
/// none where there is nothing to divide.
pub fn conditions(kind: Kind, key: &str, least: &str, most: &str, count: u64) -> Option<Vec<String>> {
    let (least, most) = (kind.place(least)?, kind.place(most)?);
    // Of UUIDs the width may pass what is signed; halves are exact enough to cut by.
    let step = (most / 2 - least / 2) / i128::from(count.max(1)) * 2;
    if step < 1 || count < 2 {
        return None;
    }
    // On its way it may pass what is signed; where it arrives it does not.
    let cut = |nth: u64| kind.literal(least.wrapping_add(step.wrapping_mul(i128::from(nth))));
    let cuts = (1..count).map(cut).collect::<Option<Vec<_>>>()?;
    let key = quoted(key);
    let first = cuts.first().map(|cut| format!("{key} < {cut}"));
    let between = cuts.windows(2).map(|cuts| format!("{key} >= {} AND {key} < {}", cuts[0], cuts[1]));
    let last = cuts.last().map(|cut| format!("{key} >= {cut}"));
    let without = std::iter::once(format!("{key} IS NULL"));
    Some(first.into_iter().chain(between).chain(last).chain(without).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cuts_each_kind_of_key_at_equal_widths() {
        let told = |kind, least, most| conditions(kind, "k", least, most, 3).expect("ranges");
        assert_eq!(
            told(Kind::Whole, "-90", "210"),
            ["\"k\" < (10)", "\"k\" >= (10) AND \"k\" < (110)", "\"k\" >= (110)", "\"k\" IS NULL"]
        );
        assert_eq!(told(Kind::Date, "2026-01-01", "2026-01-31")[0], "\"k\" < '2026-01-11'::date");
        let hours = ["2026-01-01 00:00:00.000000", "2026-01-01 06:00:00.000000"];
        assert_eq!(
            told(Kind::Timestamp(false), hours[0], hours[1])[0],
            "\"k\" < '2026-01-01 02:00:00.000000'::timestamp"
        );
        assert_eq!(
            told(Kind::Timestamp(true), hours[0], hours[1])[2],
            "\"k\" >= '2026-01-01 04:00:00.000000+00'::timestamptz"
        );
        let (least, most) = (uuid::Uuid::nil().to_string(), uuid::Uuid::max().to_string());
        assert!(told(Kind::Uuid, &least, &most)[0].starts_with("\"k\" < '55555555-5555-5555-5555-5555"));
    }

    #[test]
    fn divides_nothing_where_there_is_no_width_or_no_measure() {
        for (least, most) in [("7", "7"), ("7", "8"), ("", ""), ("infinity", "infinity")] {
            assert_eq!(conditions(Kind::Whole, "k", least, most, 4), None, "{least} to {most}");
        }
        assert_eq!(conditions(Kind::Date, "k", "2026-01-01", "", 4), None);
        assert_eq!(conditions(Kind::Whole, "k", "1", "1000", 1), None);
    }

    proptest! {
        #[test]
        fn every_value_is_in_one_range(least: i64, most: i64, count in 2u64..=KEY_RANGES_MAX) {
            let Some(told) = conditions(Kind::Whole, "k", &least.to_string(), &most.to_string(), count) else {
                return Ok(());
            };
            let (without, told) = told.split_last().expect("ranges");
            prop_assert_eq!((without.as_str(), told.len() as u64), ("\"k\" IS NULL", count));
            // Each upper end is the next one's lower end, and they rise.
            let numbers = |text: &str| -> Vec<i128> {
                text.split(['(', ')']).filter_map(|word| word.parse().ok()).collect()
            };
            let mut ends: Vec<i128> = vec![i128::MIN];
            for range in &told[..told.len() - 1] {
                let found = numbers(range);
                prop_assert!(found.len() == 1 || Some(&found[0]) == ends.last());
                ends.extend(found.last());
            }
            prop_assert_eq!(numbers(&told[told.len() - 1]).first().copied(), ends.last().copied());
            prop_assert!(ends.is_sorted());
        }
    }
}
