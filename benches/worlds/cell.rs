//! One cell of a row, and how PostgreSQL writes it as text.
//!
//! Never in here: what stands around a cell in a file (`files.rs`), a COPY (`postgres.rs`) or an event (`event.rs`).

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Timelike};
use std::borrow::Cow;
use std::fmt::Write;

/// Cells in the order of the table's columns.
pub type Row = Vec<Cell>;

/// A value of one of the types that the tables use.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing.
    Null,
    /// `boolean`
    Bool(bool),
    /// `smallint`, `integer`, `bigint`
    Whole(i64),
    /// `real`
    Real(f32),
    /// `double precision`
    Double(f64),
    /// `numeric(_, scale)`: the unscaled number and its scale
    Decimal(i64, u8),
    /// `text`, `varchar(n)`, `json`, `jsonb`, and `char(n)` with its padding
    Text(Cow<'static, str>),
    /// `bytea`
    Bytes(Vec<u8>),
    /// `date`, in days since 1970
    Date(i32),
    /// `time`, in microseconds
    Time(i64),
    /// `timestamp`, in microseconds since 1970
    Timestamp(i64),
    /// `timestamptz`, in microseconds since 1970 UTC
    Timestamptz(i64),
    /// `uuid`
    Uuid(u128),
}

impl From<&'static str> for Cell {
    fn from(text: &'static str) -> Self {
        Cell::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Cell::Text(Cow::Owned(text))
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(cell: Option<T>) -> Self {
        cell.map_or(Cell::Null, Into::into)
    }
}

impl Cell {
    /// This, or NULL.
    pub fn or_null(self, is_null: bool) -> Self {
        if is_null { Cell::Null } else { self }
    }

    /// Another value of the same type, `by` steps away. NULL stays.
    pub fn moved(self, by: u8) -> Self {
        let step = i64::from(by);
        match self {
            Cell::Null => Cell::Null,
            Cell::Bool(is) => Cell::Bool(is ^ !by.is_multiple_of(2)),
            Cell::Whole(number) => Cell::Whole(number + step),
            Cell::Real(number) => Cell::Real(number + f32::from(by) * 0.125),
            Cell::Double(number) => Cell::Double(number + f64::from(by) * 0.125),
            Cell::Decimal(unscaled, scale) => Cell::Decimal(unscaled + 45 * step, scale),
            Cell::Text(text) => Cell::from(format!("{text} ({by})")),
            Cell::Bytes(mut bytes) => {
                bytes.push(by);
                Cell::Bytes(bytes)
            }
            Cell::Date(days) => Cell::Date(days + i32::from(by)),
            Cell::Time(micros) => Cell::Time((micros + step) % 86_400_000_000),
            Cell::Timestamp(micros) => Cell::Timestamp(micros + step * 1_000_000),
            Cell::Timestamptz(micros) => Cell::Timestamptz(micros + step * 1_000_000),
            Cell::Uuid(bits) => Cell::Uuid(bits ^ u128::from(by)),
        }
    }

    /// Writes the text that PostgreSQL reads back as this value; nothing for NULL.
    pub fn write(&self, out: &mut String) -> std::fmt::Result {
        match self {
            Cell::Null => Ok(()),
            Cell::Bool(is) => out.write_char(if *is { 't' } else { 'f' }),
            Cell::Whole(number) => write!(out, "{number}"),
            Cell::Real(number) => write!(out, "{number}"),
            Cell::Double(number) => write!(out, "{number}"),
            Cell::Decimal(unscaled, scale) => decimal(out, *unscaled, *scale),
            Cell::Text(text) => out.write_str(text),
            Cell::Bytes(bytes) => {
                out.push_str("\\x");
                bytes.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
            }
            Cell::Date(days) => date(out, *days),
            Cell::Time(micros) => time(out, *micros),
            Cell::Timestamp(micros) => timestamp(out, *micros, ' '),
            Cell::Timestamptz(micros) => {
                timestamp(out, *micros, ' ')?;
                out.write_str("+00")
            }
            Cell::Uuid(bits) => write!(out, "{}", uuid::Uuid::from_u128(*bits)),
        }
    }
}

fn decimal(out: &mut String, unscaled: i64, scale: u8) -> std::fmt::Result {
    let one = 10_u64.pow(u32::from(scale));
    let (sign, digits) = (if unscaled < 0 { "-" } else { "" }, unscaled.unsigned_abs());
    write!(out, "{sign}{}.{:0width$}", digits / one, digits % one, width = usize::from(scale))
}

fn date(out: &mut String, days: i32) -> std::fmt::Result {
    let day = NaiveDate::from_epoch_days(days).ok_or(std::fmt::Error)?;
    write!(out, "{:04}-{:02}-{:02}", day.year(), day.month(), day.day())
}

fn time(out: &mut String, micros: i64) -> std::fmt::Result {
    let seconds = micros / 1_000_000;
    write!(out, "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)?;
    fraction(out, micros % 1_000_000)
}

/// `2026-11-22<between>00:00:00.000001`, without a zone.
pub fn timestamp(out: &mut String, micros: i64, between: char) -> std::fmt::Result {
    let at: NaiveDateTime = DateTime::from_timestamp_micros(micros).ok_or(std::fmt::Error)?.naive_utc();
    write!(out, "{:04}-{:02}-{:02}{between}", at.year(), at.month(), at.day())?;
    write!(out, "{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second())?;
    fraction(out, micros.rem_euclid(1_000_000))
}

fn fraction(out: &mut String, micros: i64) -> std::fmt::Result {
    if micros == 0 { Ok(()) } else { write!(out, ".{micros:06}") }
}
