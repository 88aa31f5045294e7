//! A JSON value of a Debezium event -> the text that PostgreSQL prints of it, where that is certain.
//!
//! Debezium's decoder takes some types as the text that the server printed and hands it on; of others it makes something of
//! its own (an interval of average months, a `timetz` without its offset, arrays as JSON), from which the text cannot be had
//! back. Those are not compared at all, which the report says. A numeric without a scale comes without the zeros at its end.
//! Sources: Debezium documentation, PostgreSQL connector, "Data type mappings"; its `ReplicationMessageColumnValueResolver` and
//! `PostgresValueConverter`.

use super::cell::{Target, Told, Untold};
use super::form::{Decimals, Form};
use super::value::Value;
use crate::data::{ColumnType, Printed, is_number};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;

/// Types whose text Debezium hands on as it is.
const HANDED_ON: &[&str] = &[
    "enum",
    "citext",
    "ltree",
    "xml",
    "inet",
    "cidr",
    "macaddr",
    "macaddr8",
    "int4range",
    "int8range",
    "numrange",
    "daterange",
];

/// Bytes of a number, at most: some 2,400 digits. Making digits of more takes long.
const NUMBER_BYTES_MAX: usize = 1024;

/// Digits after the point, at most: PostgreSQL's own limit.
const SCALE_MAX: usize = 16_383;

/// Nine digits at a time.
const BILLION: u64 = 1_000_000_000;

/// Why a topic does not tell a column of that type as PostgreSQL prints it; `None` when it does.
pub fn untold(column_type: ColumnType) -> Option<&'static str> {
    let ColumnType::Printed(printed) = column_type else { return None };
    match printed.word() {
        _ if printed.is_array() => Some("a topic writes arrays in another form than the text that PostgreSQL prints"),
        "numeric" => None,
        word if HANDED_ON.contains(&word) => None,
        "date" | "time" | "timestamp" | "timestamptz" => {
            Some("it is published as PostgreSQL's text, and a topic writes it as a number")
        }
        _ => Some("a topic does not write it as the text that PostgreSQL prints"),
    }
}

/// Adds what is written as text.
pub(super) fn written(
    target: &mut Target<'_>,
    printed: Printed,
    text: &str,
    decimals: Option<Decimals>,
) -> Result<(), Untold> {
    if untold(ColumnType::Printed(printed)).is_some() {
        return Err(Untold::Unread);
    }
    let text = match printed.word() {
        "numeric" => number(target.form, text, decimals)?,
        _ => Cow::Borrowed(text),
    };
    target.cells.push_text(&text).map_err(|_| Untold::Unread)
}

/// Adds what is no text: numbers of any size in their bytes, or digit by digit where `are_numbers_exact`.
pub(super) fn push(target: &mut Target<'_>, value: Value<'_>, are_numbers_exact: bool) -> Told {
    let ColumnType::Printed(printed) = target.cells.column_type() else { return Told::Unknown(Untold::Unread) };
    let digits = match value {
        _ if printed.word() != "numeric" || printed.is_array() => Err(Untold::Unread),
        Value::Number(text) if are_numbers_exact && is_number(text) => Ok(text.to_owned()),
        Value::Nested(text) => variable_scale(text),
        Value::Decimal(bytes, scale) => {
            i32::try_from(scale).map_err(|_| Untold::Unread).and_then(|scale| digits(bytes.to_vec(), scale))
        }
        _ => Err(Untold::Unread),
    };
    match digits.and_then(|digits| target.cells.push_text(&digits).map_err(|_| Untold::Unread)) {
        Ok(()) => Told::Value,
        Err(untold) => Told::Unknown(untold),
    }
}

/// A number's text: digits, or base64 where that is said. Without a schema block nobody knows the scale of base64; nor whether
/// `1234` is any.
fn number(form: Form, text: &str, decimals: Option<Decimals>) -> Result<Cow<'_, str>, Untold> {
    let is_text = match (form, decimals) {
        (Form::Unscaled(scale), _) => {
            return in_base64(text, scale.ok_or(Untold::Decimal)?).map(Cow::Owned);
        }
        (Form::Open, Some(mode)) => mode != Decimals::Precise,
        (Form::Open, None) => !(text.len().is_multiple_of(4) && text.bytes().all(|byte| byte.is_ascii_digit())),
        _ => true,
    };
    let text = spelled(text);
    match is_text {
        true if is_number(text) => Ok(Cow::Borrowed(text)),
        true => Err(Untold::Unread),
        false => Err(Untold::Decimal),
    }
}

/// A number's text as PostgreSQL spells it. Source: Debezium, `SpecialValueDecimal.java`.
pub(super) fn spelled(text: &str) -> &str {
    match text {
        "NAN" => "NaN",
        "POSITIVE_INFINITY" => "Infinity",
        "NEGATIVE_INFINITY" => "-Infinity",
        text => text,
    }
}

/// `numeric` without a declared scale: `{"scale":2,"value":"fQ=="}`.
fn variable_scale(text: &str) -> Result<String, Untold> {
    #[derive(serde::Deserialize)]
    struct Variable<'a> {
        scale: i32,
        #[serde(borrow)]
        value: Cow<'a, str>,
    }
    let variable: Variable<'_> = serde_json::from_str(text).map_err(|_| Untold::Unread)?;
    in_base64(&variable.value, variable.scale)
}

fn in_base64(base64: &str, scale: i32) -> Result<String, Untold> {
    if base64.len() > NUMBER_BYTES_MAX * 2 {
        return Err(Untold::Unread);
    }
    digits(STANDARD.decode(base64.as_bytes()).map_err(|_| Untold::Unread)?, scale)
}

/// A number of `scale` digits after the point from its unscaled big-endian two's complement.
fn digits(mut bytes: Vec<u8>, scale: i32) -> Result<String, Untold> {
    let scale = usize::try_from(scale).ok().filter(|scale| *scale <= SCALE_MAX).ok_or(Untold::Unread)?;
    if bytes.len() > NUMBER_BYTES_MAX {
        return Err(Untold::Unread);
    }
    let is_negative = bytes.first().ok_or(Untold::Unread)? & 0x80 != 0;
    if is_negative {
        let mut carries = true;
        for byte in bytes.iter_mut().rev() {
            let (negated, more) = (!*byte).overflowing_add(u8::from(carries));
            (*byte, carries) = (negated, more);
        }
    }
    // Groups of nine digits, the last first.
    let mut groups: Vec<u64> = vec![0];
    for byte in bytes {
        let mut carry = u64::from(byte);
        for group in &mut groups {
            let sum = *group * 256 + carry;
            (*group, carry) = (sum % BILLION, sum / BILLION);
        }
        if carry > 0 {
            groups.push(carry);
        }
    }
    let whole: String = groups.iter().rev().map(|group| format!("{group:09}")).collect();
    let whole = format!("{:0>width$}", whole.trim_start_matches('0'), width = scale + 1);
    let (whole, fraction) = whole.split_at(whole.len() - scale);
    let sign = if is_negative { "-" } else { "" };
    let dot = if fraction.is_empty() { "" } else { "." };
    Ok(format!("{sign}{whole}{dot}{fraction}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn says_of_every_other_type_that_it_is_not_told() {
        for word in ["interval", "timetz", "bit(3)", "tstzrange", "hstore", "composite", "point", "enum[]", "money[]"] {
            assert!(ColumnType::parse(word).is_some_and(|column_type| untold(column_type).is_some()), "{word}");
        }
        for word in ["enum", "citext", "inet", "int4range", "numeric"] {
            assert!(ColumnType::parse(word).is_some_and(|column_type| untold(column_type).is_none()), "{word}");
        }
        let date = ColumnType::Date.beyond_as_text().expect("text");
        assert!(untold(date).is_some() && untold(ColumnType::Date).is_none());
    }

    #[test]
    fn writes_a_number_of_any_size_as_postgresql_does() {
        // Worked out by hand, and 2^128 by Python.
        for (json, expected) in [
            (r#"{"scale":2,"value":"fQ=="}"#, Some("1.25")),
            (r#"{"scale":0,"value":"/w=="}"#, Some("-1")),
            (r#"{"scale":3,"value":"AA=="}"#, Some("0.000")),
            (r#"{"scale":3,"value":"gA=="}"#, Some("-0.128")),
            (r#"{"scale":0,"value":"AQAAAAAAAAAAAAAAAAAAAAA="}"#, Some("340282366920938463463374607431768211456")),
            (r#"{"scale":-2,"value":"Ag=="}"#, None),
            (r#"{"scale":2,"value":""}"#, None),
        ] {
            assert_eq!(variable_scale(json).ok().as_deref(), expected, "{json}");
        }
    }

    #[test]
    fn takes_a_text_for_a_number_where_it_can_be_nothing_else() {
        let read = |form, text, decimals| number(form, text, decimals).map(Cow::into_owned);
        for (form, text, decimals, expected) in [
            (Form::Open, "-1.50", None, Ok("-1.50")),
            (Form::Open, "NaN", None, Ok("NaN")),
            (Form::Open, "NAN", Some(Decimals::String), Ok("NaN")),
            (Form::Plain, "NEGATIVE_INFINITY", None, Ok("-Infinity")),
            (Form::Open, "1234", None, Err(Untold::Decimal)),
            (Form::Open, "1234", Some(Decimals::String), Ok("1234")),
            (Form::Open, "1234", Some(Decimals::Precise), Err(Untold::Decimal)),
            (Form::Open, "1E+30", None, Err(Untold::Unread)),
            (Form::Open, "fQ==", None, Err(Untold::Unread)),
            (Form::Plain, "1234", None, Ok("1234")),
            (Form::Unscaled(Some(2)), "fQ==", None, Ok("1.25")),
            (Form::Unscaled(None), "fQ==", None, Err(Untold::Decimal)),
        ] {
            assert_eq!(read(form, text, decimals), expected.map(str::to_owned), "{text} {form:?} {decimals:?}");
        }
    }

    proptest! {
        #[test]
        fn writes_whole_numbers_as_rust_does(number: i128) {
            prop_assert_eq!(digits(number.to_be_bytes().to_vec(), 0), Ok(number.to_string()));
        }

        #[test]
        fn takes_any_text_without_panic(text in "\\PC{0,40}", scale: i32) {
            let _ = in_base64(&text, scale);
            let _ = variable_scale(&text);
            let _ = number(Form::Open, &text, None);
        }
    }
}
