//! Dates moved by a number of days that is the same for all dates of one person: how long lies between two of them stays, and
//! when they were is lost.
//!
//! The number is an HMAC of the person, written canonically, under a key of the domain: never 0, at most the declared one either
//! way, the same in every table and every night. Never in here: which column says whose a row is.

use super::canonical::Canonical;
use super::mac::Mac;
use super::treat::{hashed, text_of};
use crate::data::Column;
use arrow::array::{Array, ArrayRef, AsArray, Date32Array, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Date32Type, TimeUnit, TimestampMicrosecondType};
use std::sync::Arc;

pub(super) const DAY_MICROS: i64 = 86_400_000_000;

/// First and last day that every reader knows: 1 January 0001 and 31 December 9999, in days from 1970.
const FIRST_DAY: i64 = -719_162;
const LAST_DAY: i64 = 2_932_896;

/// Whose the rows are.
pub struct Subject<'a> {
    /// The column that says it.
    pub column: &'a Column,
    /// Its values, before treatment.
    pub values: &'a ArrayRef,
}

/// Dates or moments, each moved by its subject's days. A row of nobody is moved by what its own date gives. NULL stays NULL.
pub fn shifted(values: &ArrayRef, subject: &Subject<'_>, days_max: u16, key: &Mac) -> Option<ArrayRef> {
    let days = shifts(values, subject, days_max, key)?;
    match values.data_type() {
        DataType::Date32 => {
            let dates = values.as_primitive::<Date32Type>().iter().zip(days);
            let moved = dates.map(|(date, days)| Some(moved(date?.into(), days) as i32));
            Some(Arc::new(moved.collect::<Date32Array>()))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            let moments = values.as_primitive::<TimestampMicrosecondType>().iter().zip(days);
            let moved = moments.map(|(micros, days)| {
                let (day, time) = (micros?.div_euclid(DAY_MICROS), micros?.rem_euclid(DAY_MICROS));
                moved(day, days).checked_mul(DAY_MICROS)?.checked_add(time)
            });
            Some(Arc::new(moved.collect::<TimestampMicrosecondArray>().with_timezone("UTC")))
        }
        _ => None,
    }
}

/// A day (days from 1970) moved; the other way where it would leave the calendar.
pub(super) fn moved(day: i64, days: i64) -> i64 {
    let there = day.saturating_add(days);
    if (FIRST_DAY..=LAST_DAY).contains(&there) { there } else { day.saturating_sub(days) }
}

/// How far each row is moved.
fn shifts(values: &ArrayRef, subject: &Subject<'_>, days_max: u16, key: &Mac) -> Option<Vec<i64>> {
    let days = days_of(subject, days_max, key)?;
    let all =
        days.iter().enumerate().map(|(row, days)| days.unwrap_or_else(|| nobodys(own(values, row), days_max, key)));
    (days.len() == values.len()).then(|| all.collect())
}

/// How far the dates of each row's subject are moved; `None` of a row of nobody.
pub(super) fn days_of(subject: &Subject<'_>, days_max: u16, key: &Mac) -> Option<Vec<Option<i64>>> {
    let canonical = Canonical::of(subject.column.kind.as_deref());
    let (mut written, mut tags) = (String::new(), key.tags(subject.values.len()));
    let mut is_somebody = Vec::with_capacity(subject.values.len());
    text_of(subject.values, subject.column, &mut |person| {
        if let Some(person) = person {
            tags.add(&hashed(canonical.write(person, &mut written), &written));
        }
        is_somebody.push(person.is_some());
    })?;
    let mut tags = tags.finish().into_iter();
    let mut days = || tags.next().map(|tag| of_tag(&tag, days_max));
    Some(is_somebody.into_iter().map(|is_somebody| if is_somebody { days() } else { None }).collect())
}

/// How far a date of nobody is moved, by what it is itself (days from 1970).
pub(super) fn nobodys(own: i64, days_max: u16, key: &Mac) -> i64 {
    of_tag(&key.of_parts(&[b"\0nobody", &own.to_be_bytes()]), days_max)
}

/// A row's own date as a number.
fn own(values: &ArrayRef, row: usize) -> i64 {
    match values.data_type() {
        _ if values.is_null(row) => 0,
        DataType::Date32 => values.as_primitive::<Date32Type>().value(row).into(),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            values.as_primitive::<TimestampMicrosecondType>().value(row).div_euclid(DAY_MICROS)
        }
        _ => 0,
    }
}

/// -days_max .. -1, 1 .. days_max.
fn of_tag(tag: &[u8], days_max: u16) -> i64 {
    let days_max = i64::from(days_max.max(1));
    let number = tag.iter().take(8).fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    let place = (number % (2 * days_max).unsigned_abs()) as i64;
    if place < days_max { place - days_max } else { place - days_max + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Class, ColumnType, Name};
    use arrow::array::{Int64Array, StringViewArray};
    use proptest::prelude::*;

    fn column(column_type: &str, kind: &str) -> Column {
        let plain =
            Column::plain(Name::new("person").expect("a name"), ColumnType::parse(column_type).expect("a type"));
        Column { class: Class::Personal, kind: Some(kind.into()), ..plain }
    }

    fn key(of: &[u8]) -> Mac {
        let mut key = [0; 32];
        key[..of.len()].copy_from_slice(of);
        Mac::new(&key)
    }

    fn dates(days: &[Option<i32>]) -> ArrayRef {
        Arc::new(Date32Array::from(days.to_vec()))
    }

    fn by_email(days: &[Option<i32>], emails: &[Option<&str>], of: &[u8]) -> Vec<Option<i32>> {
        let emails: ArrayRef = Arc::new(emails.iter().copied().collect::<StringViewArray>());
        let subject = Subject { column: &column("text", "email"), values: &emails };
        let moved = shifted(&dates(days), &subject, 30, &key(of)).expect("moved");
        moved.as_primitive::<Date32Type>().iter().collect()
    }

    #[test]
    fn one_person_is_one_in_any_writing_and_type() {
        let emails = [Some("wren@example.org"), Some(" WREN@example.org"), Some("tobias@example.org")];
        let moved = by_email(&[Some(100), Some(110), Some(100)], &emails, b"a");
        assert_eq!(moved[1].expect("a date") - moved[0].expect("a date"), 10);
        let ids: ArrayRef = Arc::new(Int64Array::from(vec![77; 1]));
        let texts: ArrayRef = Arc::new(StringViewArray::from_iter_values(["77"]));
        let by = |values: &ArrayRef, column_type: &str| {
            let subject = Subject { column: &column(column_type, "id"), values };
            shifted(&dates(&[Some(0)]), &subject, 30, &key(b"a")).expect("moved")
        };
        assert_eq!(by(&ids, "bigint").as_ref(), by(&texts, "text").as_ref());
    }

    #[test]
    fn stays_in_the_calendar_and_keeps_the_time_of_day() {
        for day in [FIRST_DAY as i32, LAST_DAY as i32] {
            let moved = by_email(&[Some(day); 40], &[None; 40], b"a")[0].expect("a date");
            assert!((FIRST_DAY..=LAST_DAY).contains(&i64::from(moved)) && moved != day);
        }
        let at: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![Some(-1), None]).with_timezone("UTC"));
        let people: ArrayRef = Arc::new(StringViewArray::from_iter_values(["a", "b"]));
        let subject = Subject { column: &column("text", "id"), values: &people };
        let moved = shifted(&at, &subject, 3650, &key(b"a")).expect("moved");
        let moved = moved.as_primitive::<TimestampMicrosecondType>();
        assert_eq!(moved.value(0).rem_euclid(DAY_MICROS), DAY_MICROS - 1);
        assert!(moved.is_null(1) && moved.value(0) != -1);
    }

    proptest! {
        #[test]
        fn moves_every_date_and_never_further_than_said(
            days in proptest::collection::vec(proptest::option::of(-100_000i32..100_000), 1..20),
            people in proptest::collection::vec(proptest::option::of("[a-c]"), 20),
        ) {
            let people: Vec<Option<&str>> = people.iter().take(days.len()).map(Option::as_deref).collect();
            let moved = by_email(&days, &people, b"a");
            prop_assert_eq!(&moved, &by_email(&days, &people, b"a"));
            for (day, moved) in days.iter().zip(&moved) {
                prop_assert_eq!(day.is_some(), moved.is_some());
                let by = day.zip(*moved).map_or(1, |(day, moved)| moved - day);
                prop_assert!(by != 0 && by.abs() <= 30);
            }
            for one in 0..days.len() {
                for other in 0..one {
                    if let (Some(a), Some(b), Some(c), Some(d)) = (days[one], days[other], moved[one], moved[other])
                        && people[one].is_some() && people[one] == people[other]
                    {
                        prop_assert_eq!(a - b, c - d);
                    }
                }
            }
        }
    }

    #[test]
    fn moves_by_what_python_makes_of_each_person() {
        let people: Vec<_> =
            (0..12).map(|person| (person % 5 != 3).then(|| format!("p{person}@example.org"))).collect();
        let emails: ArrayRef = Arc::new(people.iter().map(Option::as_deref).collect::<StringViewArray>());
        let subject = Subject { column: &column("text", "email"), values: &emails };
        let by_python = [
            Some(-25),
            Some(-8),
            Some(-24),
            None,
            Some(-19),
            Some(-1),
            Some(-5),
            Some(29),
            None,
            Some(-4),
            Some(-21),
            Some(6),
        ];
        assert_eq!(days_of(&subject, 30, &key(b"a")), Some(by_python.to_vec()));
    }

    #[test]
    fn two_domains_do_not_move_alike() {
        let people: Vec<String> = (0..200).map(|person| format!("p{person}@example.org")).collect();
        let people: Vec<Option<&str>> = people.iter().map(|person| Some(person.as_str())).collect();
        let days = vec![Some(0); 200];
        let (one, other) = (by_email(&days, &people, b"a"), by_email(&days, &people, b"b"));
        let alike = one.iter().zip(&other).filter(|(one, other)| one == other).count();
        // One in sixty by chance.
        assert!(alike < 20, "{alike} of 200");
    }
}
