//! A JSON value of a Debezium event -> the text that PostgreSQL prints of it, where that is certain.
//!
//! Debezium's decoder takes some types as the text that the server printed and hands it on; of others it makes something of
//! its own (an interval of average months, a `timetz` without its offset, arrays as JSON), from which the text cannot be had
//! back. Those are not compared at all, which the report says. A numeric without a scale comes without the zeros at its end.
//! Sources: Debezium documentation, PostgreSQL connector, "Data type mappings"; its `ReplicationMessageColumnValueResolver` and
//! `PostgresValueConverter`.

use super::cell::{UNAVAILABLE, is_base64_decimal, variable_scale};
use super::debezium::FieldHint;
use crate::data::{ColumnType, Printed, RowFault, is_number};
use crate::format::jsonl;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;

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

/// The text.
pub(super) fn text(printed: Printed, value: &RawValue, hint: Option<&FieldHint>) -> Result<String, RowFault> {
    if untold(ColumnType::Printed(printed)).is_some() {
        return Err(RowFault::Type);
    }
    let raw = value.get();
    if printed.word() == "numeric" && raw.starts_with('{') {
        let variable = variable_scale(raw)?;
        return digits(&variable.value, variable.scale);
    }
    if !raw.starts_with('"') {
        return Err(RowFault::Type);
    }
    let text = jsonl::cell(value).map_err(|_| RowFault::Type)?.ok_or(RowFault::Null)?;
    if text == UNAVAILABLE {
        return Err(RowFault::Type);
    }
    if printed.word() != "numeric" {
        return Ok(text.into_owned());
    }
    if is_base64_decimal(&text, hint) {
        // Without a schema block nobody knows the scale; nor whether `1234` is base64 at all.
        let scale = hint.and_then(|hint| hint.scale).ok_or(RowFault::Type)?;
        return digits(&text, scale);
    }
    if is_number(&text) { Ok(text.into_owned()) } else { Err(RowFault::Type) }
}

/// A number of `scale` digits after the point from its unscaled big-endian two's complement in base64.
fn digits(base64: &str, scale: i32) -> Result<String, RowFault> {
    let scale = usize::try_from(scale).ok().filter(|scale| *scale <= SCALE_MAX).ok_or(RowFault::Type)?;
    if base64.len() > NUMBER_BYTES_MAX * 2 {
        return Err(RowFault::Type);
    }
    let mut bytes = STANDARD.decode(base64.as_bytes()).map_err(|_| RowFault::Type)?;
    let is_negative = bytes.first().ok_or(RowFault::Type)? & 0x80 != 0;
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

    fn read(word: &str, json: &str, hint: Option<&FieldHint>) -> Option<String> {
        let raw = RawValue::from_string(json.into()).expect("JSON");
        text(Printed::parse(word).expect("a type"), &raw, hint).ok()
    }

    #[test]
    fn hands_on_the_text_of_what_debezium_takes_as_text() {
        for (word, text) in
            [("enum", "it's"), ("inet", "10.0.0.1"), ("int4range", "[1,10)"), ("xml", "<a/>"), ("citext", "Wren")]
        {
            assert_eq!(read(word, &format!("{text:?}"), None).as_deref(), Some(text), "{word}");
            assert_eq!(read(word, "1", None), None, "{word}");
            assert_eq!(read(word, &format!("{UNAVAILABLE:?}"), None), None, "{word}");
        }
    }

    #[test]
    fn says_of_every_other_type_that_it_is_not_told() {
        for word in ["interval", "timetz", "bit(3)", "tstzrange", "hstore", "composite", "point", "enum[]", "money[]"] {
            assert!(ColumnType::parse(word).is_some_and(|column_type| untold(column_type).is_some()), "{word}");
            assert_eq!(read(word, r#""x""#, None), None, "{word}");
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
            (r#""-1.50""#, Some("-1.50")),
            (r#""NaN""#, Some("NaN")),
            (r#""1E+30""#, None),
            (r#""fQ==""#, None),
            ("1.5", None),
        ] {
            assert_eq!(read("numeric", json, None).as_deref(), expected, "{json}");
        }
        let bytes = FieldHint { physical: Some("bytes".into()), scale: Some(2), ..FieldHint::default() };
        assert_eq!(read("numeric", r#""fQ==""#, Some(&bytes)).as_deref(), Some("1.25"));
        let text = FieldHint { physical: Some("string".into()), ..FieldHint::default() };
        assert_eq!(read("numeric", r#""1234""#, Some(&text)).as_deref(), Some("1234"));
    }

    proptest! {
        #[test]
        fn writes_whole_numbers_as_rust_does(number: i128) {
            let json = format!(r#"{{"scale":0,"value":"{}"}}"#, STANDARD.encode(number.to_be_bytes()));
            prop_assert_eq!(read("numeric", &json, None), Some(number.to_string()));
        }

        #[test]
        fn takes_any_text_without_panic(json in "\\PC{0,40}", scale: i32) {
            let _ = digits(&json, scale);
            let _ = read("numeric", &serde_json::to_string(&json).expect("JSON"), None);
        }
    }
}
