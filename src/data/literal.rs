//! Values that a job sets into SQL: typed, few, and written by one function.
//!
//! PostgreSQL's COPY takes no bound parameters, so a value has to stand in the text. It is therefore never the text of a
//! person that stands there: a value is read into one of five types first, and [`Literal::postgres`], the only writer,
//! makes its SQL from the typed value.
//!
//! * A date, a moment and a number are written from their parts: digits, `-`, `.`, `:` and nothing else, in a form that no
//!   setting of the server reads otherwise (ISO 8601; UTC with its offset).
//! * A text has no control characters and at most [`TEXT_CHARS_MAX`] signs. A quote is doubled. Where there is a backslash it
//!   is doubled too and the constant is an escape string (`E'..'`), which means the same whatever
//!   `standard_conforming_strings` says. The connection's encoding is UTF-8, in which no byte of a longer sign is a quote.
//! * Each carries its type and stands in brackets, so that it is one value to whatever stands beside it.
//!
//! Over frames there is no writing at all: a value is a column beside the table's ([`Literal::column`]).
//!
//! Never in here: names. A column is found in the catalogue and quoted there.

use super::text::decimal;
use arrow::array::{ArrayRef, Date32Array, Decimal128Array, Int64Array, StringViewArray, TimestampMicrosecondArray};
use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, Utc};
use std::sync::Arc;

/// Longest text, in signs.
pub const TEXT_CHARS_MAX: usize = 1_000;
/// Digits of a number in all.
const DIGITS_MAX: u8 = 38;

/// A value of a type that SQL knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// `date`
    Date(NaiveDate),
    /// `timestamptz`, microseconds.
    Moment(DateTime<Utc>),
    /// `bigint`
    Bigint(i64),
    /// `numeric`, as unscaled value and scale.
    Numeric(i128, u8),
    /// `text`
    Text(String),
}

impl Literal {
    /// The types, in PostgreSQL's words.
    pub const TYPES: [&'static str; 5] = ["date", "timestamptz", "bigint", "numeric", "text"];

    /// Reads `text` as a value of the type `word`; the fault says what is expected.
    pub fn read(word: &str, text: &str) -> Result<Self, &'static str> {
        let is_four_digits = |year: i32| (1..=9999).contains(&year);
        match word {
            "date" => {
                let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == 10);
                day.map(Literal::Date).ok_or("a day such as \"2026-11-22\"")
            }
            "timestamptz" => {
                let moment = DateTime::parse_from_rfc3339(text).ok().map(|moment| moment.to_utc());
                let exact = moment.filter(|moment| {
                    moment.timestamp_subsec_nanos() % 1_000 == 0
                        && moment.timestamp_subsec_micros() < 1_000_000
                        && is_four_digits(moment.year())
                });
                exact.map(Literal::Moment).ok_or("a moment with its offset, such as \"2026-11-22T00:00:00Z\"")
            }
            "bigint" => text.parse().map(Literal::Bigint).map_err(|_| "a whole number in quotes, such as \"5\""),
            "numeric" => {
                let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'));
                let text = if is_plain { text } else { "" };
                let scale = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
                let scale = u8::try_from(scale).ok().filter(|scale| *scale <= DIGITS_MAX);
                let unscaled = scale.and_then(|scale| Some((decimal(text, DIGITS_MAX, scale).ok()?, scale)));
                unscaled.map(|(unscaled, scale)| Literal::Numeric(unscaled, scale)).ok_or("a number such as \"0.01\"")
            }
            _ => {
                let plain = text.chars().count() <= TEXT_CHARS_MAX && !text.chars().any(char::is_control);
                plain.then(|| Literal::Text(text.to_owned())).ok_or("a text of up to 1000 signs on one line")
            }
        }
    }

    /// The constant as PostgreSQL reads it.
    pub fn postgres(&self) -> String {
        match self {
            Literal::Date(day) => format!("('{}'::pg_catalog.date)", day.format("%Y-%m-%d")),
            Literal::Moment(at) => {
                let text = at.to_rfc3339_opts(SecondsFormat::Micros, false);
                format!("('{text}'::pg_catalog.timestamptz)")
            }
            Literal::Bigint(number) => format!("('{number}'::pg_catalog.int8)"),
            Literal::Numeric(unscaled, scale) => format!("('{}'::pg_catalog.numeric)", digits(*unscaled, *scale)),
            Literal::Text(text) => {
                let escape = if text.contains('\\') { "E" } else { "" };
                let text = text.replace('\\', "\\\\").replace('\'', "''");
                format!("({escape}'{text}'::pg_catalog.text)")
            }
        }
    }

    /// A column of `rows` cells, each the value.
    pub fn column(&self, rows: usize) -> ArrayRef {
        match self {
            Literal::Date(day) => {
                let days = day.signed_duration_since(NaiveDate::default()).num_days();
                Arc::new(Date32Array::from_value(i32::try_from(days).unwrap_or(i32::MAX), rows))
            }
            Literal::Moment(at) => {
                Arc::new(TimestampMicrosecondArray::from_value(at.timestamp_micros(), rows).with_timezone("UTC"))
            }
            Literal::Bigint(number) => Arc::new(Int64Array::from_value(*number, rows)),
            Literal::Numeric(unscaled, scale) => {
                let cells = Decimal128Array::from_value(*unscaled, rows);
                // A scale of up to 38 fits 38 digits.
                Arc::new(cells.with_data_type(arrow::datatypes::DataType::Decimal128(DIGITS_MAX, *scale as i8)))
            }
            Literal::Text(text) => Arc::new(StringViewArray::from_iter_values((0..rows).map(|_| text.as_str()))),
        }
    }
}

fn digits(unscaled: i128, scale: u8) -> String {
    let scale = usize::from(scale);
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if unscaled < 0 { "-" } else { "" };
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_each_type_in_the_one_form_that_no_setting_reads_otherwise() {
        for (word, text, sql) in [
            ("date", "2026-03-29", "('2026-03-29'::pg_catalog.date)"),
            (
                "timestamptz",
                "2026-03-29T01:00:00+01:00",
                "('2026-03-29T00:00:00.000000+00:00'::pg_catalog.timestamptz)",
            ),
            ("bigint", "-5", "('-5'::pg_catalog.int8)"),
            ("numeric", "-0.010", "('-0.010'::pg_catalog.numeric)"),
            ("numeric", "12", "('12'::pg_catalog.numeric)"),
            ("text", "it's; drop table x;--", "('it''s; drop table x;--'::pg_catalog.text)"),
            ("text", "a\\' or true --", "(E'a\\\\'' or true --'::pg_catalog.text)"),
        ] {
            assert_eq!(Literal::read(word, text).expect(word).postgres(), sql);
        }
    }

    #[test]
    fn reads_nothing_but_the_type_that_is_named() {
        for (word, text) in [
            ("date", "2026-02-30"),
            ("date", "2026-2-3"),
            ("date", "+12026-01-01"),
            ("date", "2026-01-01' or true"),
            ("timestamptz", "2026-01-01T00:00:00"),
            ("timestamptz", "2026-01-01T00:00:00.0000001Z"),
            ("timestamptz", "2026-12-31T23:59:60Z"),
            ("bigint", "1; select 1"),
            ("bigint", "9223372036854775808"),
            ("numeric", "1e5"),
            ("numeric", "NaN"),
            ("numeric", "0x10"),
            ("text", "two\nlines"),
            ("text", "nul\0"),
        ] {
            assert!(Literal::read(word, text).is_err(), "{word} {text}");
        }
        assert!(Literal::read("text", &"x".repeat(TEXT_CHARS_MAX + 1)).is_err());
    }
}
