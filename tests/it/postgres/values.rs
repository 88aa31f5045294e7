//! Every type's nasty values, against what the server itself prints.

use super::bench::{Bench, query, read, rows, source};
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type,
    Time64MicrosecondType, TimestampMicrosecondType,
};
use nightferry::data::RowFault;

/// Type at the source, declared type, how the server prints `v` the way [`printed`] does, values.
const GOOD: &[(&str, &str, &str, &[&str])] = &[
    ("smallint", "smallint", "v::text", &["-32768", "32767", "0"]),
    ("integer", "integer", "v::text", &["-2147483648", "2147483647"]),
    ("integer", "bigint", "v::text", &["-2147483648", "7"]),
    ("bigint", "bigint", "v::text", &["-9223372036854775808", "9223372036854775807", "9007199254740993"]),
    ("bigint", "numeric(20,2)", "v::numeric(20,2)::text", &["-9223372036854775", "1"]),
    (
        "numeric",
        "numeric(38,0)",
        "v::numeric(38,0)::text",
        &["99999999999999999999999999999999999999", "-0", "1e30", "10000"],
    ),
    (
        "numeric(14,2)",
        "numeric(14,2)",
        "v::text",
        &["0.01", "-0.01", "999999999999.99", "-999999999999.99", "10000", "0.10", "100000000"],
    ),
    (
        "numeric",
        "numeric(38,37)",
        "v::numeric(38,37)::text",
        &["0.0000000000000000000000000000000000001", "1.2345678901234567890123456789012345678", "9.9"],
    ),
    ("numeric", "numeric(38,38)", "v::numeric(38,38)::text", &["0.99999999999999999999999999999999999999", "0.00005"]),
    ("numeric", "numeric(14,2)", "v::numeric(14,2)::text", &["1.5000000000", "12345678.9100000000"]),
    ("real", "real", "v::text", &["0.1", "-1.5e-38", "'NaN'", "'-Infinity'", "3.4028235e38", "1e-45"]),
    ("double precision", "double precision", "v::text", &["0.1", "5e-324", "1.7976931348623157e308", "'NaN'", "-0.0"]),
    ("boolean", "boolean", "v::text", &["true", "false"]),
    ("text", "text", "v", &["''", "' x '", "E'tab\\tline\\n\\\\N'", "'Môr 🐉'", "repeat('x', 100000)", "'NULL'"]),
    ("varchar(4)", "varchar(4)", "v", &["'éééé'", "'a '"]),
    ("varchar(40)", "text", "v", &["'wider'"]),
    ("char(4)", "char(4)", "v::text", &["'ab'", "''", "'abcd'", "' a'"]),
    ("uuid", "uuid", "v::text", &["'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'"]),
    (
        "date",
        "date",
        "to_char(v, 'YYYY-MM-DD')",
        &["'0001-01-01'", "'9999-12-31'", "'2024-02-29'", "'1999-12-31'", "'1970-01-01'"],
    ),
    ("time", "time", "to_char(v, 'HH24:MI:SS.US')", &["'00:00'", "'23:59:59.999999'"]),
    (
        "timestamp",
        "timestamp",
        "to_char(v, 'YYYY-MM-DD HH24:MI:SS.US')",
        &["'0001-01-01'", "'9999-12-31 23:59:59.999999'", "'1969-12-31 23:59:59.999999'", "'2026-10-25 01:30'"],
    ),
    (
        "timestamptz",
        "timestamptz",
        "to_char(v at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')",
        &["'2026-10-25 01:30+01'", "'2026-10-25 01:30 Europe/London'", "'2000-01-01 00:00:00.000001+00'"],
    ),
    ("bytea", "bytea", "encode(v, 'hex')", &["'\\x'", "'\\x00ff5c'", "decode(repeat('00', 5000), 'hex')"]),
    ("json", "json", "v::text", &["'{\"b\": 1,  \"a\": 1.10}'", "'null'", "'\"\\u00e9\"'"]),
    ("jsonb", "jsonb", "v::text", &["'{\"b\": 1,  \"a\": 1.10}'", "'[]'"]),
];

/// Values that the declared type cannot hold.
const BAD: &[(&str, &str, &str, RowFault)] = &[
    ("numeric", "numeric(4,2)", "100", RowFault::Range),
    ("numeric", "numeric(4,2)", "0.001", RowFault::Range),
    ("numeric", "numeric(38,0)", "1e38", RowFault::Range),
    ("numeric", "numeric(38,10)", "'NaN'", RowFault::Range),
    ("numeric", "numeric(38,10)", "'-Infinity'", RowFault::Range),
    ("bigint", "numeric(4,0)", "10000", RowFault::Range),
    ("date", "date", "'infinity'", RowFault::Range),
    ("date", "date", "'0044-03-15 BC'", RowFault::Range),
    ("date", "date", "'10000-01-01'", RowFault::Range),
    ("timestamp", "timestamp", "'-infinity'", RowFault::Range),
    ("timestamptz", "timestamptz", "'infinity'", RowFault::Range),
    ("timestamptz", "timestamptz", "'0001-12-31 BC'", RowFault::Range),
    ("time", "time", "'24:00'", RowFault::Range),
    ("varchar", "varchar(3)", "'four'", RowFault::Range),
    ("numeric", "money", "0.005", RowFault::Range),
    ("varbit", "varbit(3)", "B'0101'", RowFault::Range),
    ("text", "text", "repeat('x', 1048577)", RowFault::Large),
];

#[tokio::test]
async fn reads_every_value_as_the_server_prints_it() {
    let mut bench = Bench::lay("it_values", "").await;
    for (index, (at_source, declared, print, values)) in GOOD.iter().enumerate() {
        let list: Vec<_> =
            values.iter().enumerate().map(|(at, value)| format!("({at}, ({value})::{at_source})")).collect();
        let table = format!("it_values.t{index}");
        bench
            .run(&format!(
                "CREATE TABLE {table} (n int, v {at_source}); INSERT INTO {table} VALUES {}, (99, NULL)",
                list.join(", ")
            ))
            .await;
        let expected = bench.printed(&format!("SELECT {print} FROM {table} ORDER BY n")).await;
        let extract = bench.table(&format!("t{index}"), &[("n", "integer"), ("v", declared)]);
        let batches = read(&mut source().await, &extract).await.unwrap_or_else(|error| panic!("{at_source}: {error}"));
        assert_eq!(batches.iter().map(|batch| batch.bad.len()).sum::<usize>(), 0, "{at_source} as {declared}");
        let read: Vec<_> = batches.iter().flat_map(|batch| printed(batch.rows.column(1))).collect();
        assert_eq!(read, expected, "{at_source} as {declared}");
    }
}

#[tokio::test]
async fn sets_aside_what_the_declared_type_cannot_hold_and_reads_on() {
    let mut bench = Bench::lay("it_bad_values", "").await;
    for (index, (at_source, declared, value, fault)) in BAD.iter().enumerate() {
        let table = format!("it_bad_values.t{index}");
        let fine = if declared.contains("var") || *declared == "text" { "'1'" } else { "NULL" };
        bench.run(&format!("CREATE TABLE {table} (n int, v {at_source}); INSERT INTO {table} VALUES (0, {fine}), (1, ({value})::{at_source}), (2, {fine})")).await;
        let extract = bench.table(&format!("t{index}"), &[("n", "integer"), ("v", declared)]);
        let batches = read(&mut source().await, &extract).await.unwrap_or_else(|error| panic!("{at_source}: {error}"));
        let bad: Vec<_> = batches
            .iter()
            .flat_map(|batch| &batch.bad)
            .map(|bad| (bad.ordinal, bad.column.as_str(), bad.fault))
            .collect();
        assert_eq!(bad, [(1, "c1", *fault)], "{value} as {declared}");
        assert_eq!(rows(&batches), 2, "{value} as {declared}");
    }
}

#[tokio::test]
async fn reads_a_table_of_many_batches_whole_and_in_order() {
    let bench = Bench::lay("it_many", "CREATE TABLE t AS SELECT n, n::text || repeat('x', (n % 97)::int) AS v FROM generate_series(1, 12345::bigint) n").await;
    let batches = read(&mut source().await, &bench.table("t", &[("n", "bigint"), ("v", "text")])).await.expect("rows");
    let numbers: Vec<i64> =
        batches.iter().flat_map(|batch| batch.rows.column(0).as_primitive::<Int64Type>().values().to_vec()).collect();
    assert_eq!(numbers, (1..=12345).collect::<Vec<i64>>());
}

#[tokio::test]
async fn reads_an_empty_table_and_rows_without_columns_of_their_own() {
    let bench = Bench::lay(
        "it_empty",
        "CREATE TABLE t (n int); CREATE TABLE wide (n int, x int); INSERT INTO wide VALUES (1, 2)",
    )
    .await;
    let mut source = source().await;
    assert!(read(&mut source, &bench.table("t", &[("n", "integer")])).await.expect("rows").is_empty());
    let batches = read(&mut source, &query("SELECT n FROM it_empty.wide", &[("n", "integer")])).await.expect("rows");
    assert_eq!(rows(&batches), 1);
}

/// A column as the server's expressions in [`GOOD`] print it.
fn printed(cells: &ArrayRef) -> Vec<Option<String>> {
    let cell = |row: usize| match cells.data_type() {
        DataType::Int16 => cells.as_primitive::<Int16Type>().value(row).to_string(),
        DataType::Int32 => cells.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => cells.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Decimal128(..) => cells.as_primitive::<Decimal128Type>().value_as_string(row),
        DataType::Float32 => float(cells.as_primitive::<Float32Type>().value(row)),
        DataType::Float64 => float(cells.as_primitive::<Float64Type>().value(row)),
        DataType::Boolean => cells.as_boolean().value(row).to_string(),
        DataType::Utf8View => cells.as_string_view().value(row).to_owned(),
        DataType::BinaryView => cells.as_binary_view().value(row).iter().map(|byte| format!("{byte:02x}")).collect(),
        DataType::Date32 => cells.as_primitive::<Date32Type>().value_as_date(row).expect("a date").to_string(),
        DataType::Time64(_) => cells
            .as_primitive::<Time64MicrosecondType>()
            .value_as_time(row)
            .expect("a time")
            .format("%H:%M:%S%.6f")
            .to_string(),
        DataType::Timestamp(..) => {
            let moment = cells.as_primitive::<TimestampMicrosecondType>().value_as_datetime(row).expect("a moment");
            moment.format("%Y-%m-%d %H:%M:%S%.6f").to_string()
        }
        other => panic!("{other}"),
    };
    (0..cells.len()).map(|row| (!cells.is_null(row)).then(|| cell(row))).collect()
}

/// As PostgreSQL prints floats: the shortest digits, with an exponent beyond 15 places.
fn float<T: std::fmt::Display + std::fmt::LowerExp + PartialEq + Into<f64> + Copy>(number: T) -> String {
    let wide: f64 = number.into();
    if wide.is_nan() || (wide.is_infinite()) {
        return if wide.is_nan() {
            "NaN".into()
        } else if wide > 0.0 {
            "Infinity".into()
        } else {
            "-Infinity".into()
        };
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').expect("an exponent");
    let exponent: i32 = exponent.parse().expect("a number");
    if (-5..15).contains(&exponent) {
        return number.to_string();
    }
    format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}
