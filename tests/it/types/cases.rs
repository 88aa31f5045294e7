//! What a column of the test is; the types that readers have themselves, with nasty values, and what is beyond them.

/// One column of the table.
pub struct Case {
    /// `type` in the schema file.
    pub declared: &'static str,
    /// `beyond` in the schema file, where it is there.
    pub beyond: &'static str,
    /// The column's type at the source.
    pub at_source: &'static str,
    /// What psql is asked for in place of `v` itself: for types that a reader holds as such, the form that it shows them in.
    pub print: &'static str,
    /// Values, in SQL.
    pub values: &'static [&'static str],
}

/// A column that is carried as the text which psql prints.
pub const fn text(declared: &'static str, at_source: &'static str, values: &'static [&'static str]) -> Case {
    Case { declared, beyond: "", at_source, print: "v", values }
}

/// A column with a type of its own.
const fn own(
    declared: &'static str,
    at_source: &'static str,
    print: &'static str,
    values: &'static [&'static str],
) -> Case {
    Case { declared, beyond: "", at_source, print, values }
}

/// A column some of whose values the declared type cannot hold.
const fn beyond(
    declared: &'static str,
    beyond: &'static str,
    at_source: &'static str,
    print: &'static str,
    values: &'static [&'static str],
) -> Case {
    Case { declared, beyond, at_source, print, values }
}

/// Types, and what is in them.
pub const SETUP: &str = r#"
CREATE TYPE mood AS ENUM ('fine', 'it''s "so"', 'Môr 🐉', ' blank ', 'NULL', 'a,b\c', '{}');
CREATE TYPE thing AS (a int, b text, c numeric[]);
CREATE TYPE floatrange AS RANGE (subtype = float8);
CREATE DOMAIN pence AS numeric(12,2);
CREATE DOMAIN fee AS pence CHECK (VALUE >= 0);
CREATE DOMAIN scores AS int[];
CREATE DOMAIN feeling AS mood;
CREATE DOMAIN pair AS thing;
CREATE TABLE "We""ird, table" (n int);
"#;

const DAYS: &[&str] = &[
    "'infinity'",
    "'-infinity'",
    "'4713-01-01 BC'",
    "'0001-12-31 BC'",
    "'0001-01-01'",
    "'9999-12-31'",
    "'10000-01-01'",
    "'5874897-12-31'",
    "'2024-02-29'",
];
const MOMENTS: &[&str] = &[
    "'infinity'",
    "'-infinity'",
    "'4713-01-01 00:00:00 BC'",
    "'0001-12-31 23:59:59.999999 BC'",
    "'0001-01-01'",
    "'9999-12-31 23:59:59.999999'",
    "'10000-01-01'",
    "'294276-12-31 23:59:59.999999'",
    "'2026-10-25 01:30:00.000001'",
];
const ZONED: &[&str] = &[
    "'infinity'",
    "'-infinity'",
    "'4713-01-01 00:00:00+00 BC'",
    "'0001-01-01 00:00:00+00'",
    "'0001-01-01 00:00:00+01'",
    "'9999-12-31 23:59:59.999999+00'",
    "'9999-12-31 23:59:59-00:00:01'",
    "'294276-12-31 23:59:59.999999+00'",
    "'2026-10-25 01:30 Europe/London'",
];
pub const NUMBERS: &[&str] = &[
    "'NaN'",
    "'Infinity'",
    "'-Infinity'",
    "repeat('9', 131072)",
    "'-1' || repeat('0', 131071) || '.' || repeat('3', 16383)",
    "'0.' || repeat('0', 16382) || '1'",
    "'1.500'",
    "'-0'",
    "'1e38'",
    "'0.10'",
    "'-123456789012.34'",
];
const IN_YEARS: &str =
    "CASE WHEN isfinite(v) AND v >= '0001-01-01 00:00:00+00' AND v < '10000-01-01 00:00:00+00' THEN ";

/// The columns.
pub const CASES: &[Case] = &[
    own("smallint", "smallint", "v", &["-32768", "32767", "0"]),
    own("integer", "integer", "v", &["-2147483648", "2147483647"]),
    own("bigint", "bigint", "v", &["-9223372036854775808", "9223372036854775807", "9007199254740993"]),
    own("numeric(14,2)", "numeric(14,2)", "v", &["0.01", "-999999999999.99", "999999999999.99", "10000"]),
    own(
        "numeric(38,0)",
        "numeric",
        "v::numeric(38,0)",
        &["repeat('9', 38)", "'-' || repeat('9', 38)", "'-0'", "'1e37'"],
    ),
    own("numeric(38,38)", "numeric", "v::numeric(38,38)", &["'0.' || repeat('9', 38)", "'1e-38'", "'-5e-1'"]),
    own("numeric(12,2)", "fee", "v", &["0", "9999999999.99"]),
    own(
        "real",
        "real",
        "encode(float4send(v), 'hex')",
        &["0.1", "'-0'", "1e-45", "3.4028235e38", "'NaN'", "'-Infinity'"],
    ),
    own(
        "double precision",
        "double precision",
        "encode(float8send(v), 'hex')",
        &["0.1", "'-0'", "5e-324", "1.7976931348623157e308", "'NaN'", "'Infinity'"],
    ),
    own("boolean", "boolean", "v", &["true", "false"]),
    own(
        "text",
        "text",
        "v",
        &[
            "''",
            "' x '",
            r"E'tab\tline\n\\N\r'",
            "'Môr 🐉'",
            "'NULL'",
            r"E'\u0001\ufffe\ufffd\u0301\u200f'",
            r"E'\U0010fffe'",
            "repeat('é', 300000)",
        ],
    ),
    own("varchar(4)", "varchar(4)", "v", &["'éééé'", "'a '", "'🐉🐉🐉🐉'"]),
    own("char(4)", "char(4)", "v::text", &["'ab'", "''", "' a'", "'🐉'"]),
    own("uuid", "uuid", "v", &["'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "'00000000-0000-0000-0000-000000000000'"]),
    own("date", "date", "to_char(v, 'YYYY-MM-DD')", &["'0001-01-01'", "'9999-12-31'", "'2024-02-29'"]),
    own("time", "time", "to_char(v, 'HH24:MI:SS.US')", &["'00:00'", "'23:59:59.999999'"]),
    own(
        "timestamp",
        "timestamp",
        "to_char(v, 'YYYY-MM-DD HH24:MI:SS.US')",
        &["'0001-01-01'", "'9999-12-31 23:59:59.999999'", "'1969-12-31 23:59:59.999999'"],
    ),
    own(
        "timestamptz",
        "timestamptz",
        "to_char(v, 'YYYY-MM-DD HH24:MI:SS.US')",
        &["'0001-01-01 00:00:00+00'", "'2026-10-25 01:30 Europe/London'", "'9999-12-31 23:59:59.999999+00'"],
    ),
    own("bytea", "bytea", "encode(v, 'hex')", &[r"'\x'", r"'\x00ff5c'", "decode(repeat('00', 5000), 'hex')"]),
    own("json", "json", "v", &["'{\"b\": 1,  \"a\": 1.10, \"a\": 2}'", "'null'", r#"'"\u00e9"'"#, "' [1e400] '"]),
    own(
        "jsonb",
        "jsonb",
        "v",
        &["'{\"b\": 1,  \"a\": 1.10}'", "'[]'", "'1e400'", "'-0.00'", "'0.1000000000000000055511151231257827'"],
    ),
    own("money", "money", "v::numeric(19,2)", &["'-92233720368547758.08'", "'92233720368547758.07'", "'0.01'"]),
    own("oid", "oid", "v", &["0", "4294967295"]),
    own("xid", "xid", "v", &["'3'", "'4294967295'"]),
    own("cid", "cid", "v", &["'0'", "'4294967295'"]),
    own("xid8", "xid8", "v", &["'0'", "'18446744073709551615'"]),
    // What a declared type cannot hold.
    beyond(
        "numeric(14,2)",
        "null",
        "numeric",
        "CASE WHEN v = trunc(v, 2) AND abs(v) < 1e12 THEN v::numeric(14,2) END",
        NUMBERS,
    ),
    beyond(
        "money",
        "null",
        "numeric",
        "CASE WHEN v = trunc(v, 2) AND abs(v) < 1e17 THEN v::numeric(19,2) END",
        NUMBERS,
    ),
    beyond(
        "date",
        "null",
        "date",
        "CASE WHEN v BETWEEN '0001-01-01' AND '9999-12-31' THEN to_char(v, 'YYYY-MM-DD') END",
        DAYS,
    ),
    beyond(
        "time",
        "null",
        "time",
        "CASE WHEN v < '24:00' THEN to_char(v, 'HH24:MI:SS.US') END",
        &["'24:00'", "'00:00'"],
    ),
    beyond("timestamp", "null", "timestamp", "to_char(v, 'YYYY-MM-DD HH24:MI:SS.US')", MOMENTS),
    beyond("timestamptz", "null", "timestamptz", "to_char(v, 'YYYY-MM-DD HH24:MI:SS.US')", ZONED),
    beyond("numeric(14,2)", "text", "numeric", "v", NUMBERS),
    beyond("date", "text", "date", "v", DAYS),
    beyond("time", "text", "time", "v", &["'24:00'", "'23:59:59.999999'"]),
    beyond("timestamp", "text", "timestamp", "v", MOMENTS),
    beyond("timestamptz", "text", "timestamptz", "v", ZONED),
];

/// Where `print` shows NULL for moments that no reader holds.
pub fn print(case: &Case) -> String {
    match (case.beyond, case.at_source) {
        ("null", "timestamp" | "timestamptz") => format!("{IN_YEARS}{} END", case.print),
        _ => case.print.to_owned(),
    }
}
