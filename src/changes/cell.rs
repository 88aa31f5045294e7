//! A JSON value of a Debezium event -> a cell of the declared type.
//!
//! Debezium writes what a column holds in ways that its configuration and the schema block decide: decimals as base64 of
//! the unscaled two's complement (`precise`), as text or as a float; dates as days; times in millis or micros. Where no
//! schema block tells, the schema file's type does, with Debezium's defaults (`precise`, `adaptive`).
//! Source: Debezium documentation, PostgreSQL connector, "Data type mappings".

use super::debezium::FieldHint;
use super::printed;
use crate::data::cell::CellBuilder;
use crate::data::{Beyond, ColumnType, RowFault};
use crate::format::jsonl;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;

/// What Debezium writes for a long value that an update did not touch: PostgreSQL leaves it out of the WAL.
pub(super) const UNAVAILABLE: &str = "__debezium_unavailable_value";

/// What an event tells of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The value was added to the column.
    Value,
    /// Nothing: the event does not say, or says it in a way that cannot be read. A NULL was added in its place.
    Unknown,
}

/// Adds the cell to `column`. A value that the type cannot hold becomes the same NULL as in the extract where the schema says
/// so (`beyond`), if it was certainly read as it was meant.
pub fn push(column: &mut CellBuilder, beyond: Beyond, value: Option<&RawValue>, hint: Option<&FieldHint>) -> Told {
    let pushed = match value {
        None => Err(RowFault::Type),
        Some(value) if value.get() == "null" => {
            column.push_null();
            Ok(())
        }
        Some(value) => decode(column, value, hint),
    };
    match pushed {
        Ok(()) => Told::Value,
        Err(RowFault::Range)
            if beyond == Beyond::Null && value.is_some_and(|value| is_certain(column.column_type(), value, hint)) =>
        {
            column.push_null();
            Told::Value
        }
        Err(_) => {
            column.push_null();
            Told::Unknown
        }
    }
}

fn decode(column: &mut CellBuilder, value: &RawValue, hint: Option<&FieldHint>) -> Result<(), RowFault> {
    let raw = value.get();
    if let ColumnType::Printed(printed) = column.column_type() {
        return column.push_text(&printed::text(printed, value, hint)?);
    }
    if raw.starts_with('{') && matches!(column.column_type(), ColumnType::Numeric { .. }) {
        let variable = variable_scale(raw)?;
        return column.push_decimal(unscaled(&variable.value)?, variable.scale);
    }
    let text = jsonl::cell(value).map_err(|_| RowFault::Type)?.ok_or(RowFault::Null)?;
    let is_text = raw.starts_with('"');
    if is_text && text == UNAVAILABLE {
        return Err(RowFault::Type);
    }
    let logical = hint.and_then(|hint| hint.name.as_deref()).unwrap_or_default();
    match column.column_type() {
        ColumnType::Numeric { scale, .. } if is_text && is_base64_decimal(&text, hint) => {
            let scale = hint.and_then(|hint| hint.scale).unwrap_or(i32::from(scale));
            column.push_decimal(unscaled(&text)?, scale)
        }
        ColumnType::Time | ColumnType::Timestamp | ColumnType::Timestamptz if !is_text => {
            let number: i64 = text.parse().map_err(|_| RowFault::Type)?;
            column.push_whole(micros(number, logical)?)
        }
        ColumnType::Date if !is_text => column.push_whole(text.parse().map_err(|_| RowFault::Type)?),
        ColumnType::Bytea if is_text => {
            let bytes = STANDARD.decode(text.as_bytes()).map_err(|_| RowFault::Type)?;
            // In base64 like any other value of the column.
            if bytes == UNAVAILABLE.as_bytes() { Err(RowFault::Type) } else { column.push_bytes(&bytes) }
        }
        _ => column.push_text(&text),
    }
}

/// `numeric` without a declared scale: `{"scale":2,"value":"fQ=="}`.
#[derive(serde::Deserialize)]
pub(super) struct VariableScale {
    pub(super) scale: i32,
    pub(super) value: String,
}

pub(super) fn variable_scale(raw: &str) -> Result<VariableScale, RowFault> {
    serde_json::from_str(raw).map_err(|_| RowFault::Type)
}

/// Whether a value that the declared type cannot hold is one, and not another value in a writing that was taken for its:
/// a float stands for some other number, and base64 without a scale of its own was read by the schema file's.
fn is_certain(column_type: ColumnType, value: &RawValue, hint: Option<&FieldHint>) -> bool {
    let raw = value.get();
    let text = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"'));
    let logical = hint.and_then(|hint| hint.name.as_deref()).unwrap_or_default();
    match (column_type, text) {
        (ColumnType::Numeric { .. }, None) => raw.starts_with('{'),
        (ColumnType::Numeric { .. }, Some("NaN" | "Infinity" | "-Infinity")) => true,
        (ColumnType::Numeric { .. }, Some(text)) => {
            !is_base64_decimal(text, hint) || hint.is_some_and(|hint| hint.scale.is_some())
        }
        (ColumnType::Date | ColumnType::Timestamp | ColumnType::Timestamptz, Some(text)) => {
            matches!(text, "infinity" | "-infinity")
        }
        (ColumnType::Date, None) => raw.parse::<i64>().is_ok(),
        (ColumnType::Time | ColumnType::Timestamp | ColumnType::Timestamptz, None) => {
            raw.parse().is_ok_and(|number| micros(number, logical).is_ok())
        }
        _ => false,
    }
}

/// Whether a decimal given as text is base64 (`precise`) rather than digits (`string`). The schema block knows. Without one,
/// a sign, a point or a length that base64 cannot have shows digits, and anything else is Debezium's default.
pub(super) fn is_base64_decimal(text: &str, hint: Option<&FieldHint>) -> bool {
    match hint.and_then(|hint| hint.physical.as_deref()) {
        Some("bytes") => true,
        Some(_) => false,
        None => {
            text.len().is_multiple_of(4) && !text.contains(['.', '-']) && !text.is_empty() && !text.starts_with("NaN")
        }
    }
}

/// Big-endian two's complement of up to 16 bytes.
fn unscaled(base64: &str) -> Result<i128, RowFault> {
    let bytes = STANDARD.decode(base64.as_bytes()).map_err(|_| RowFault::Type)?;
    let first = *bytes.first().ok_or(RowFault::Type)?;
    let sign: u8 = if first & 0x80 == 0 { 0 } else { 0xff };
    let surplus = bytes.len().saturating_sub(16);
    // Leading bytes that only repeat the sign carry nothing.
    if bytes[..surplus].iter().any(|byte| *byte != sign) {
        return Err(RowFault::Range);
    }
    let mut wide = [sign; 16];
    let kept = &bytes[surplus..];
    wide[16 - kept.len()..].copy_from_slice(kept);
    let number = i128::from_be_bytes(wide);
    if (number < 0) == (sign != 0) { Ok(number) } else { Err(RowFault::Range) }
}

/// Microseconds of a time or timestamp given as a number, by its logical type.
fn micros(number: i64, logical: &str) -> Result<i64, RowFault> {
    match logical {
        "io.debezium.time.Timestamp"
        | "io.debezium.time.Time"
        | "org.apache.kafka.connect.data.Timestamp"
        | "org.apache.kafka.connect.data.Time" => number.checked_mul(1_000).ok_or(RowFault::Range),
        "io.debezium.time.NanoTimestamp" | "io.debezium.time.NanoTime" if number % 1_000 == 0 => Ok(number / 1_000),
        "io.debezium.time.NanoTimestamp" | "io.debezium.time.NanoTime" => Err(RowFault::Range),
        _ => Ok(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::{Decimal128Type, TimestampMicrosecondType};

    fn column(column_type: &str) -> CellBuilder {
        CellBuilder::new(ColumnType::parse(column_type).expect("a type"), 1)
    }

    fn decimal(column_type: &str, json: &str, hint: Option<&FieldHint>) -> Option<i128> {
        let mut cells = column(column_type);
        let raw = RawValue::from_string(json.into()).expect("JSON");
        let told = push(&mut cells, Beyond::Error, Some(&raw), hint);
        let cells = cells.finish();
        (told == Told::Value).then(|| cells.as_primitive::<Decimal128Type>().value(0))
    }

    #[test]
    fn reads_decimals_in_every_writing() {
        // Unscaled integers in base64, as a live connector wrote them; worked out by hand.
        assert_eq!(decimal("numeric(14,2)", r#""fQ==""#, None), Some(125));
        assert_eq!(decimal("numeric(14,4)", r#""BAg=""#, None), Some(1032));
        assert_eq!(decimal("numeric(14,2)", r#""AcnDgA==""#, None), Some(30_000_000));
        assert_eq!(decimal("numeric(14,2)", r#""/w==""#, None), Some(-1));
        assert_eq!(decimal("numeric(20,0)", r#""AP//////////""#, None), Some(18_446_744_073_709_551_615));
        assert_eq!(decimal("numeric(14,2)", r#"{"scale":0,"value":"Ag=="}"#, None), Some(200));
        assert_eq!(decimal("numeric(14,2)", r#""-1.50""#, None), Some(-150));
        assert_eq!(decimal("numeric(14,2)", "1.5", None), Some(150));
        assert_eq!(decimal("numeric(14,2)", r#"{"scale":-2147483648,"value":"Ag=="}"#, None), None);
        let text = FieldHint { physical: Some("string".into()), ..FieldHint::default() };
        assert_eq!(decimal("numeric(14,0)", r#""1234""#, Some(&text)), Some(1234));
        let bytes = FieldHint { physical: Some("bytes".into()), scale: Some(3), ..FieldHint::default() };
        assert_eq!(decimal("numeric(14,2)", r#""BNI=""#, Some(&bytes)), None);
        let beyond = FieldHint { scale: Some(i32::MIN), ..bytes };
        assert_eq!(decimal("numeric(14,2)", r#""BNI=""#, Some(&beyond)), None);
    }

    #[test]
    fn reads_times_by_their_logical_type() {
        let millis = FieldHint { name: Some("io.debezium.time.Timestamp".into()), ..FieldHint::default() };
        for (json, hint, expected) in [("1500", Some(&millis), 1_500_000), ("1500", None, 1500)] {
            let mut cells = column("timestamp");
            assert_eq!(
                push(&mut cells, Beyond::Error, Some(&RawValue::from_string(json.into()).expect("JSON")), hint),
                Told::Value
            );
            assert_eq!(cells.finish().as_primitive::<TimestampMicrosecondType>().value(0), expected);
        }
        let mut cells = column("timestamptz");
        let iso = RawValue::from_string(r#""2026-11-22T00:00:00.5Z""#.into()).expect("JSON");
        assert_eq!(push(&mut cells, Beyond::Error, Some(&iso), None), Told::Value);
    }

    #[test]
    fn does_not_know_what_is_absent_unavailable_or_unreadable() {
        for json in [None, Some(r#""__debezium_unavailable_value""#), Some("[1]")] {
            let mut cells = column("numeric(4,2)");
            let raw = json.map(|json| RawValue::from_string(json.into()).expect("JSON"));
            assert_eq!(push(&mut cells, Beyond::Error, raw.as_deref(), None), Told::Unknown);
            assert_eq!(cells.finish().null_count(), 1);
        }
        let mut cells = column("bytea");
        let placeholder = format!("\"{}\"", STANDARD.encode(UNAVAILABLE));
        let raw = RawValue::from_string(placeholder).expect("JSON");
        assert_eq!(push(&mut cells, Beyond::Error, Some(&raw), None), Told::Unknown);
        let mut cells = column("text");
        let null = RawValue::from_string("null".into()).expect("JSON");
        assert_eq!(push(&mut cells, Beyond::Error, Some(&null), None), Told::Value);
    }

    #[test]
    fn makes_the_extracts_null_only_of_what_is_certainly_beyond_the_type() {
        let text = FieldHint { physical: Some("string".into()), ..FieldHint::default() };
        let scaled = FieldHint { physical: Some("bytes".into()), scale: Some(3), ..FieldHint::default() };
        let nanos = FieldHint { name: Some("io.debezium.time.NanoTimestamp".into()), ..FieldHint::default() };
        for (word, json, hint, told) in [
            ("numeric(4,2)", r#""NaN""#, None, Told::Value),
            ("numeric(4,2)", r#""Infinity""#, Some(&text), Told::Value),
            ("numeric(4,2)", r#""123.456""#, Some(&text), Told::Value),
            ("numeric(4,2)", r#"{"scale":3,"value":"BNI="}"#, None, Told::Value),
            ("numeric(4,2)", r#""BNI=""#, Some(&scaled), Told::Value),
            ("numeric(4,2)", r#""AcnDgA==""#, None, Told::Unknown),
            ("numeric(4,2)", "0.30000000000000004", None, Told::Unknown),
            ("date", "2147483647", None, Told::Value),
            ("date", "-800000", None, Told::Value),
            ("timestamp", "9223372036825200000", None, Told::Value),
            ("timestamp", "1500", Some(&nanos), Told::Unknown),
            ("timestamptz", r#""-infinity""#, None, Told::Value),
            ("timestamptz", r#""2026-11-22""#, None, Told::Unknown),
            ("time", "86400000000", None, Told::Value),
        ] {
            let raw = RawValue::from_string(json.into()).expect("JSON");
            let mut cells = column(word);
            assert_eq!(push(&mut cells, Beyond::Null, Some(&raw), hint), told, "{word} {json}");
            let mut cells = column(word);
            assert_eq!(push(&mut cells, Beyond::Error, Some(&raw), hint), Told::Unknown, "{word} {json}");
        }
    }
}
