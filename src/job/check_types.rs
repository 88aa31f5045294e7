//! Which columns a claim takes, by their types.

use crate::data::{Column, ColumnType, Form};
use crate::reconcile::claims::wide_type;

/// A fault of a check and where it stands.
#[derive(Debug)]
pub struct Told {
    pub id: &'static str,
    pub at: usize,
    pub message: String,
    pub hint: String,
}

impl Told {
    pub fn new(at: usize, message: String, hint: String) -> Self {
        Told { id: "E-JOB-CHECK", at, message, hint }
    }
}

type Fits = Result<(), &'static str>;

fn fits(is_fit: bool, takes: &'static str) -> Fits {
    if is_fit { Ok(()) } else { Err(takes) }
}

/// Equal values are written alike.
pub fn keyed(column: &Column) -> Fits {
    fits(is_keyed(column.column_type), "equal values of it may have several texts: `sql` can say which are meant")
}

fn is_keyed(column_type: ColumnType) -> bool {
    let may_vary = matches!(column_type, ColumnType::Printed(printed) if printed.form() == Form::Varied);
    !may_vary && column_type != ColumnType::Json
}

/// Whether a check can look the values of a column up in another: equal values are written alike, in both. Those of `citext` are equal
/// in any case.
pub fn can_point(from: ColumnType, to: ColumnType) -> bool {
    let is_caseless =
        |column_type: ColumnType| matches!(column_type, ColumnType::Printed(printed) if printed.word() == "citext");
    is_keyed(from) && is_keyed(to) && comparable(from, to) && !is_caseless(from) && !is_caseless(to)
}

/// A day.
pub fn dated(column: &Column) -> Fits {
    fits(column.column_type == ColumnType::Date, "a day is a date")
}

/// A whole number.
pub fn whole(column: &Column) -> Fits {
    fits(is_whole(column.column_type), "a period's number is a smallint, integer or bigint")
}

fn is_whole(column_type: ColumnType) -> bool {
    matches!(column_type, ColumnType::Smallint | ColumnType::Integer | ColumnType::Bigint)
}

/// What has an order that everybody agrees on: of texts it depends on the collation.
pub fn ranged(column: &Column) -> Fits {
    use ColumnType::{Date, Double, Numeric, Real, Time, Timestamp, Timestamptz};
    let column_type = column.column_type;
    let is_ordered = matches!(column_type, Numeric { .. } | Real | Double | Date | Time | Timestamp | Timestamptz)
        || is_whole(column_type);
    fits(is_ordered, "it takes numbers, dates and times")
}

/// What adds up exactly.
pub fn summed(column: &Column) -> Fits {
    let is_exact = is_whole(column.column_type) || matches!(column.column_type, ColumnType::Numeric { .. });
    fits(is_exact, "whole numbers and numerics add up exactly; floats do not: `sql` can say how near is near enough")
}

/// An end of an interval.
pub fn end_of(column: &Column) -> Fits {
    let is_end = matches!(column.column_type, ColumnType::Date | ColumnType::Timestamp | ColumnType::Timestamptz);
    fits(is_end || is_whole(column.column_type), "it takes dates, timestamps and whole numbers")
}

/// Whether equal values of the two types have one key.
pub fn comparable(one: ColumnType, other: ColumnType) -> bool {
    wide_type(&one.arrow()) == wide_type(&other.arrow())
}
