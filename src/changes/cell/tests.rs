//! Every form of a value, held against the text that PostgreSQL prints of the same.

use super::super::debezium::FieldHint;
use super::super::form::{Times, described};
use super::super::scan::Scanner;
use super::*;
use crate::data::Beyond;
use arrow::array::ArrayRef;
use proptest::prelude::*;

const UPDATE: Manner<'_> = Manner {
    placeholder: Some(UNAVAILABLE),
    is_moved: false,
    are_numbers_exact: false,
    is_absent_kept: false,
    is_nan_null: false,
    are_bytes_hex: false,
    decimals: None,
};
const INSERT: Manner<'_> = Manner { placeholder: None, ..UPDATE };

fn hint(name: &str, physical: &str, scale: Option<i32>) -> FieldHint {
    let name = (!name.is_empty()).then(|| name.to_owned());
    FieldHint { name, physical: Some(physical.into()), scale }
}

/// What is told of a value of a column, and the cell.
fn pushed(word: &str, value: Value<'_>, hint: Option<&FieldHint>, manner: Manner<'_>) -> (Told, ArrayRef) {
    let column_type = ColumnType::parse(word).expect("a type");
    let (mut cells, mut open) = (CellBuilder::new(column_type, 1), Open::new(1, Some(Times::Adaptive)));
    let form = hint.map_or(Form::Open, |hint| described(hint, column_type));
    let mut target = Target { cells: &mut cells, place: 0, beyond: Beyond::Error, form, open: &mut open };
    let told = push(&mut target, value, &manner, &mut String::new());
    (told, cells.finish())
}

fn json(word: &str, text: &str, hint: Option<&FieldHint>, manner: Manner<'_>) -> (Told, ArrayRef) {
    pushed(word, Scanner::new(text).value().expect("JSON").into(), hint, manner)
}

/// The cell that PostgreSQL's text gives.
fn printed(word: &str, text: &str) -> ArrayRef {
    let mut cells = CellBuilder::new(ColumnType::parse(word).expect("a type"), 1);
    cells.push_text(text).expect("a value");
    cells.finish()
}

fn is_read(word: &str, value: &str, hint: Option<&FieldHint>, expected: &str) {
    assert_eq!(json(word, value, hint, UPDATE), (Told::Value, printed(word, expected)), "{word} {value}");
}

fn is_untold(word: &str, value: &str, hint: Option<&FieldHint>, untold: Untold) {
    let (told, cell) = json(word, value, hint, UPDATE);
    // What is certainly beyond the type is told apart where the schema makes NULL of it.
    let told = if told == Told::Unknown(Untold::Beyond) { Told::Unknown(Untold::Unread) } else { told };
    assert_eq!((told, cell.null_count()), (Told::Unknown(untold), 1), "{word} {value}");
}

#[test]
fn reads_decimals_in_every_writing() {
    // Unscaled integers in base64, as a live connector wrote them; worked out by hand.
    for (word, value, expected) in [
        ("numeric(14,2)", r#""fQ==""#, "1.25"),
        ("numeric(14,4)", r#""BAg=""#, "0.1032"),
        ("numeric(14,2)", r#""AcnDgA==""#, "300000.00"),
        ("numeric(14,2)", r#""/w==""#, "-0.01"),
        ("numeric(20,0)", r#""AP//////////""#, "18446744073709551615"),
        ("numeric(14,2)", r#"{"scale":0,"value":"Ag=="}"#, "2.00"),
        ("numeric(14,2)", r#""-1.50""#, "-1.50"),
        ("numeric(14,2)", "1.5", "1.50"),
        ("numeric(14,2)", "-0.0", "0"),
    ] {
        is_read(word, value, None, expected);
    }
    is_read("numeric(14,0)", r#""1234""#, Some(&hint("", "string", None)), "1234");
    let scaled = |scale| hint("org.apache.kafka.connect.data.Decimal", "bytes", Some(scale));
    is_read("numeric(14,3)", r#""BNI=""#, Some(&scaled(3)), "1.234");
    is_untold("numeric(14,2)", r#""BNI=""#, Some(&scaled(3)), Untold::Unread);
    is_untold("numeric(14,2)", r#""BNI=""#, Some(&scaled(i32::MIN)), Untold::Unread);
    is_untold("numeric(14,2)", r#""BNI=""#, Some(&hint("", "bytes", None)), Untold::Decimal);
    is_untold("numeric(14,2)", r#"{"scale":-2147483648,"value":"Ag=="}"#, None, Untold::Unread);
    for value in [r#""NaN""#, r#""""#, "[1]", "true", r#"{"scale":2}"#] {
        is_untold("numeric(14,2)", value, None, Untold::Unread);
    }
}

#[test]
fn reads_the_words_for_what_is_no_number() {
    let said = Manner { decimals: Some(Decimals::String), ..UPDATE };
    for (word, expected) in [("NAN", "NaN"), ("POSITIVE_INFINITY", "Infinity"), ("NEGATIVE_INFINITY", "-Infinity")] {
        let text = format!("\"{word}\"");
        assert_eq!(json("numeric", &text, None, said), (Told::Value, printed("numeric", expected)));
        assert_eq!(json("numeric(14,2)", &text, None, said).0, Told::Unknown(Untold::Beyond), "{word}");
    }
}

#[test]
fn takes_digits_for_a_numeric_of_any_size_only_where_they_are_the_servers_own() {
    let exact = Manner { are_numbers_exact: true, is_nan_null: true, ..UPDATE };
    assert_eq!(json("numeric", "3.1400", None, exact), (Told::Value, printed("numeric", "3.1400")));
    assert_eq!(json("numeric", "1e3", None, exact).0, Told::Unknown(Untold::Unread));
    is_untold("numeric", "3.1400", None, Untold::Unread);
    // What cannot be written in JSON comes as NULL too.
    assert_eq!(json("numeric", "null", None, exact).0, Told::Unknown(Untold::Unread));
    assert_eq!(json("numeric", "null", None, UPDATE).0, Told::Value);
}

#[test]
fn takes_a_float_for_a_decimal_only_as_far_as_it_is_exact() {
    let double = hint("", "double", None);
    is_read("numeric(20,2)", "1234567890123.45", Some(&double), "1234567890123.45");
    is_read("numeric(20,2)", "9.99999999999999E12", Some(&double), "9999999999999.99");
    for value in ["1.0E13", "10000000000000", "12345678901234567.0"] {
        is_untold("numeric(20,2)", value, Some(&double), Untold::Float);
    }
    // The shortest digits of a float that no decimal of two places gave.
    is_untold("numeric(20,2)", "0.30000000000000004", Some(&double), Untold::Unread);
    is_read("numeric(20,0)", "12345678901234567", Some(&hint("", "int64", None)), "12345678901234567");
    let exact = Manner { are_numbers_exact: true, ..UPDATE };
    let read = json("numeric(20,2)", "123456789012345678.01", None, exact);
    assert_eq!(read, (Told::Value, printed("numeric(20,2)", "123456789012345678.01")));
}

#[test]
fn reads_times_by_their_logical_type() {
    for (word, name, value, expected) in [
        ("timestamp", "io.debezium.time.Timestamp", "1500", "1970-01-01 00:00:01.5"),
        ("timestamp", "io.debezium.time.MicroTimestamp", "1500", "1970-01-01 00:00:00.0015"),
        ("timestamp", "io.debezium.time.NanoTimestamp", "1500000", "1970-01-01 00:00:00.0015"),
        ("timestamp", "org.apache.kafka.connect.data.Timestamp", "-1", "1969-12-31 23:59:59.999"),
        (
            "timestamp",
            "io.debezium.time.IsoTimestamp",
            r#""2026-11-22T00:31:00.649422Z""#,
            "2026-11-22 00:31:00.649422",
        ),
        ("time", "io.debezium.time.Time", "1500", "00:00:01.5"),
        ("time", "io.debezium.time.MicroTime", "86399999999", "23:59:59.999999"),
        ("time", "io.debezium.time.IsoTime", r#""10:28:00Z""#, "10:28"),
        ("date", "io.debezium.time.Date", "20779", "2026-11-22"),
        ("date", "io.debezium.time.IsoDate", r#""2026-11-22Z""#, "2026-11-22"),
        ("timestamptz", "io.debezium.time.ZonedTimestamp", r#""2026-03-28T15:30:00Z""#, "2026-03-29 02:30+11"),
    ] {
        is_read(word, value, Some(&hint(name, "int64", None)), expected);
    }
    is_untold("timestamp", "1500", Some(&hint("io.debezium.time.NanoTimestamp", "int64", None)), Untold::Unread);
    // A number of a schema block that gives it no meaning.
    is_untold("timestamp", "1500", Some(&hint("", "int64", None)), Untold::Unit);
    is_untold("date", "1500", Some(&hint("", "int32", None)), Untold::Unit);
    // The infinities of `adaptive`, and PostgreSQL's own.
    for value in ["9223372036825200000", "-9223372036832400000"] {
        is_untold("timestamp", value, Some(&hint("io.debezium.time.MicroTimestamp", "int64", None)), Untold::Unread);
    }
    is_untold("timestamptz", r#""infinity""#, None, Untold::Unread);
}

#[test]
fn knows_the_placeholder_in_every_writing_and_only_where_it_can_stand() {
    let base64 = format!("{:?}", STANDARD.encode(UNAVAILABLE));
    let quoted = format!("{UNAVAILABLE:?}");
    for word in ["text", "jsonb", "varchar(40)", "numeric(14,2)", "uuid"] {
        assert_eq!(json(word, &quoted, None, UPDATE).0, Told::Kept, "{word}");
    }
    assert_eq!(json("bytea", &base64, None, UPDATE).0, Told::Kept);
    assert_eq!(pushed("bytea", Value::Bytes(UNAVAILABLE.as_bytes()), None, UPDATE).0, Told::Kept);
    let hstore = format!(r#""{{\"{UNAVAILABLE}\":\"{UNAVAILABLE}\"}}""#);
    assert_eq!(json("text", &hstore, None, UPDATE).0, Told::Kept);
    // Arrays are never read as a text: of numbers, of texts, of UUIDs.
    for value in [format!("[{quoted}]"), "[95,95,100]".into(), r#"["b68a35a7-17ad-35b3-af2a-ae46edb4545a"]"#.into()] {
        is_untold("text", &value, None, Untold::Unread);
    }
    assert_eq!(json("text", &quoted, None, INSERT), (Told::Value, printed("text", UNAVAILABLE)));
    let other = Manner { placeholder: Some("<kept>"), ..UPDATE };
    assert_eq!(json("text", "\"<kept>\"", None, other).0, Told::Kept);
    assert_eq!(json("text", &quoted, None, other).0, Told::Value);
}

#[test]
fn tells_absent_from_null_and_values_from_what_is_none() {
    assert_eq!(pushed("text", Value::Absent, None, UPDATE).0, Told::Unknown(Untold::Absent));
    assert_eq!(pushed("text", Value::Absent, None, Manner { is_absent_kept: true, ..UPDATE }).0, Told::Kept);
    let (told, cell) = pushed("text", Value::Null, None, UPDATE);
    assert_eq!((told, cell.null_count()), (Told::Value, 1));
    let nulls = Manner { is_nan_null: true, ..UPDATE };
    assert_eq!(pushed("real", Value::Null, None, nulls).0, Told::Unknown(Untold::Unread));
    assert_eq!(pushed("text", Value::Null, None, nulls).0, Told::Value);
    // A number is no text, and a text that is broken is none.
    is_untold("text", "5", None, Untold::Unread);
    is_untold("text", r#""\ud800""#, None, Untold::Unread);
    is_untold("bigint", "9223372036854775808", None, Untold::Unread);
    is_read("bigint", "9007199254740993", None, "9007199254740993");
    is_read("text", r#""\u00e9 \"x\"""#, None, "é \"x\"");
    is_read("boolean", "true", None, "t");
    is_read("double precision", r#""NaN""#, None, "NaN");
}

#[test]
fn reads_bytes_in_base64_its_url_safe_writing_and_hexadecimal() {
    for (value, hint, expected) in [
        (r#""3q2+7w==""#, None, "\\xdeadbeef"),
        (r#""3q2-7w==""#, None, "\\xdeadbeef"),
        (r#""deadbeef00""#, None, "\\xdeadbeef00"),
        (r#""deadbeef""#, Some(hint("", "bytes", None)), "\\x75e69d6de79f"),
    ] {
        is_read("bytea", value, hint.as_ref(), expected);
    }
    is_untold("bytea", r#""no bytes""#, None, Untold::Unread);
}

#[test]
fn makes_the_extracts_null_only_of_what_is_certainly_beyond_the_type() {
    let text = hint("", "string", None);
    let scaled = hint("org.apache.kafka.connect.data.Decimal", "bytes", Some(3));
    let nanos = hint("io.debezium.time.NanoTimestamp", "int64", None);
    let of = |word: &str, value: &str, hint: Option<&FieldHint>, beyond: Beyond| {
        let column_type = ColumnType::parse(word).expect("a type");
        let (mut cells, mut open) = (CellBuilder::new(column_type, 1), Open::new(1, None));
        let form = hint.map_or(Form::Open, |hint| described(hint, column_type));
        let mut target = Target { cells: &mut cells, place: 0, beyond, form, open: &mut open };
        let value = Scanner::new(value).value().expect("JSON").into();
        push(&mut target, value, &UPDATE, &mut String::new()) == Told::Value
    };
    for (word, value, hint, is_null) in [
        ("numeric(4,2)", r#""NaN""#, Some(&text), true),
        ("numeric(4,2)", r#""123.456""#, Some(&text), true),
        ("numeric(4,2)", r#"{"scale":3,"value":"BNI="}"#, None, true),
        ("numeric(4,2)", r#""BNI=""#, Some(&scaled), true),
        ("numeric(4,2)", r#""AcnDgA==""#, None, false),
        ("numeric(4,2)", "0.30000000000000004", None, false),
        ("date", "2147483647", None, true),
        ("date", "-800000", None, true),
        ("timestamp", "9223372036825200000", None, true),
        ("timestamp", "1500", Some(&nanos), false),
        ("timestamptz", r#""-infinity""#, None, true),
        ("timestamptz", r#""2026-11-22""#, None, false),
    ] {
        assert_eq!(of(word, value, hint, Beyond::Null), is_null, "{word} {value}");
        assert!(!of(word, value, hint, Beyond::Error), "{word} {value}");
    }
}

#[test]
fn reads_what_avro_carries() {
    let scaled = hint("org.apache.kafka.connect.data.Decimal", "bytes", Some(2));
    for (word, value, hint, expected) in [
        ("numeric(14,2)", Value::Bytes(&[0x7d]), Some(&scaled), "1.25"),
        ("numeric(14,2)", Value::Decimal(&[0, 0x9c], 2), None, "1.56"),
        ("numeric(14,2)", Value::Double(1.25), None, "1.25"),
        ("real", Value::Float(0.1f32.into()), None, "0.1"),
        ("smallint", Value::Whole(-3), None, "-3"),
        ("text", Value::Text("x"), None, "x"),
    ] {
        assert_eq!(pushed(word, value, hint, UPDATE), (Told::Value, printed(word, expected)), "{word} {value:?}");
    }
    assert_eq!(pushed("numeric(14,2)", Value::Double(f64::NAN), None, UPDATE).0, Told::Unknown(Untold::Unread));
    assert_eq!(pushed("smallint", Value::Whole(40_000), None, UPDATE).0, Told::Unknown(Untold::Beyond));
    assert_eq!(pushed("text", Value::Bytes(b"x"), None, UPDATE).0, Told::Unknown(Untold::Unread));
}

proptest! {
    #[test]
    fn gives_back_any_decimal_that_a_float_was_made_of(units in -999_999_999_999_999i64..=999_999_999_999_999, scale in 0u8..=6) {
        let word = format!("numeric(20,{scale})");
        let digits = format!("{:0>width$}", units.unsigned_abs(), width = usize::from(scale) + 1);
        let (whole, fraction) = digits.split_at(digits.len() - usize::from(scale));
        let text = format!("{}{whole}.{fraction}0", if units < 0 { "-" } else { "" });
        // As a connector in `double` writes it: the shortest digits of the float.
        let float: f64 = text.parse().expect("a float");
        let read = json(&word, &format!("{float:e}"), Some(&hint("", "double", None)), UPDATE);
        prop_assert_eq!(read, (Told::Value, printed(&word, &text)));
    }

    #[test]
    fn any_value_of_any_type_is_read_or_untold(text in any::<String>(), whole in any::<i64>(), bytes in proptest::collection::vec(any::<u8>(), 0..40), scale in any::<i32>()) {
        for word in ["smallint", "numeric(38,9)", "real", "boolean", "text", "char(2)", "uuid", "date", "time", "timestamp", "timestamptz", "bytea", "jsonb"] {
            for value in [Value::Text(&text), Value::Whole(whole), Value::Bytes(&bytes), Value::Decimal(&bytes, scale.into()), Value::Nested(&text), Value::Other] {
                for form in [None, Some(&hint("io.debezium.time.NanoTimestamp", "bytes", Some(scale)))] {
                    prop_assert_eq!(pushed(word, value, form, UPDATE).1.len(), 1);
                }
            }
        }
    }
}
