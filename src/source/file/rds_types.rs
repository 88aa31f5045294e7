//! The types of an RDS snapshot export -> what each may be declared as, so that no value changes.
//!
//! | PostgreSQL | in the export | may be declared as |
//! |---|---|---|
//! | smallint, integer, bigint | INT32, INT32, INT64 | itself, a wider one, numeric |
//! | real, double precision | FLOAT, DOUBLE | itself; real also double precision |
//! | numeric | text, so that neither digits nor NaN are lost | numeric(p,s), text |
//! | boolean | BOOLEAN | itself |
//! | text, varchar, char, name, "char", xml, citext | text | text, varchar(n), char(n) |
//! | date, time, timestamp, timestamptz | text as the server prints it | itself, text |
//! | uuid, json, jsonb | text | itself, text |
//! | bytea | bytes | itself |
//! | arrays, enums, composites, ranges, money, bit, interval, timetz, inet, cidr, macaddr, geometry, tsvector, pg_lsn | text | text |
//! | oid | not exported | nothing: the column is not there |
//!
//! Source: AWS, "Data conversion when exporting to an Amazon S3 bucket for Amazon RDS", section "PostgreSQL data type mapping
//! to Parquet". What the table does not list is refused, by table, column and type; so is a timestamp in nanoseconds, as the
//! INT96 of other exports is read: it wraps around beyond the years 1677 and 2262.
//!
//! Never in here: how a cell is read (`data::conform`).

use crate::data::ColumnType;
use arrow::datatypes::{DataType, TimeUnit};

/// What a type may be declared as, besides its own word.
const ALSO: &[(&str, &[&str])] = &[
    ("smallint", &["integer", "bigint", "numeric"]),
    ("integer", &["bigint", "numeric"]),
    ("bigint", &["numeric"]),
    ("real", &["double precision"]),
    ("text", &["varchar", "char"]),
    ("varchar", &["char"]),
    ("char", &["varchar"]),
    ("name", &["varchar", "char"]),
    ("\"char\"", &["varchar", "char"]),
];

/// Longest word for a type that is repeated in a message.
const WORD_BYTES_MAX: usize = 40;

/// Why a column cannot be read as declared: its type, as it may be told. `original` is the type at the source, where the
/// export tells it; `found` the type in Parquet.
pub fn unreadable(original: Option<&str>, found: &DataType, declared: ColumnType) -> Option<String> {
    if matches!(found, DataType::Timestamp(TimeUnit::Nanosecond, _)) {
        return Some("a timestamp in nanoseconds (INT96)".into());
    }
    let original = original?;
    let declared = declared.to_string();
    let declared = declared.split('(').next().unwrap_or_default();
    let word = in_our_words(original);
    let is_text = matches!(found, DataType::Utf8View | DataType::Null);
    let also = ALSO.iter().find(|(from, _)| *from == word).map_or(&[][..], |(_, also)| also);
    let is_array = original == "ARRAY" && declared.ends_with("[]");
    let fits = word == declared || also.contains(&declared) || is_array || (declared == "text" && is_text);
    (!fits).then(|| told(original))
}

/// A type of `information_schema.columns` in the words of a schema file.
fn in_our_words(original: &str) -> &str {
    match original {
        "character varying" => "varchar",
        "character" => "char",
        "timestamp without time zone" => "timestamp",
        "timestamp with time zone" => "timestamptz",
        "time without time zone" => "time",
        "time with time zone" => "timetz",
        other => other,
    }
}

fn told(original: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphabetic() || b" _-\"".contains(&byte);
    let is_tellable = original.len() <= WORD_BYTES_MAX && original.bytes().all(is_plain) && !original.is_empty();
    if is_tellable { original.to_owned() } else { "of a type that is not repeated".into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(original: &str, found: DataType, declared: &str) -> Option<String> {
        unreadable(Some(original), &found, ColumnType::parse(declared).expect("a type"))
    }

    #[test]
    fn takes_what_loses_nothing() {
        for (original, found, declared) in [
            ("bigint", DataType::Int64, "bigint"),
            ("smallint", DataType::Int16, "integer"),
            ("integer", DataType::Int32, "numeric(12,0)"),
            ("numeric", DataType::Utf8View, "numeric(14,2)"),
            ("numeric", DataType::Utf8View, "text"),
            ("character varying", DataType::Utf8View, "varchar(40)"),
            ("character", DataType::Utf8View, "char(4)"),
            ("timestamp with time zone", DataType::Utf8View, "timestamptz"),
            ("bytea", DataType::BinaryView, "bytea"),
            ("ARRAY", DataType::Utf8View, "text"),
            ("USER-DEFINED", DataType::Utf8View, "text"),
            ("interval", DataType::Utf8View, "text"),
            ("boolean", DataType::Boolean, "boolean"),
        ] {
            assert_eq!(refused(original, found, declared), None, "{original} as {declared}");
        }
        let unknown = unreadable(None, &DataType::Int64, ColumnType::Bigint);
        assert_eq!(unknown, None, "without a word of the export, the cells decide");
    }

    #[test]
    fn refuses_by_name_what_might() {
        for (original, found, declared) in [
            ("bigint", DataType::Int64, "integer"),
            ("bigint", DataType::Int64, "text"),
            ("double precision", DataType::Float64, "numeric(14,2)"),
            ("double precision", DataType::Float64, "real"),
            ("timestamp without time zone", DataType::Utf8View, "timestamptz"),
            ("timestamp with time zone", DataType::Utf8View, "date"),
            ("money", DataType::Utf8View, "numeric(14,2)"),
            ("text", DataType::Utf8View, "date"),
            ("bytea", DataType::BinaryView, "text"),
        ] {
            assert_eq!(refused(original, found, declared).as_deref(), Some(original), "as {declared}");
        }
        let int96 = DataType::Timestamp(TimeUnit::Nanosecond, None);
        assert!(refused("timestamp without time zone", int96, "timestamp").is_some_and(|told| told.contains("INT96")));
        let told = refused("ada@example.org", DataType::Utf8View, "date");
        assert_eq!(told.as_deref(), Some("of a type that is not repeated"));
    }
}
