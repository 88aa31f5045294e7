//! The lines of a Delta log entry: one action each, the fields in the order in which they are written.
//!
//! Source: Delta transaction log protocol, "Actions". Never in here: actions that reader 1 / writer 2 does not know.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Action {
    /// Who committed, when and what.
    #[serde(rename = "commitInfo")]
    CommitInfo(Map<String, Value>),
    /// What a reader and a writer must know.
    #[serde(rename = "protocol")]
    Protocol(Protocol),
    /// Columns and properties.
    #[serde(rename = "metaData")]
    MetaData(Box<MetaData>),
    /// A transaction of an application: so that none is done twice.
    #[serde(rename = "txn")]
    Txn(Txn),
    /// A file that is no longer part of the table.
    #[serde(rename = "remove")]
    Remove(Remove),
    /// A file that is part of the table.
    #[serde(rename = "add")]
    Add(Add),
}

/// What a reader and a writer must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Protocol {
    /// Of readers.
    pub min_reader_version: u32,
    /// Of writers.
    pub min_writer_version: u32,
}

/// Columns and properties of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetaData {
    /// The table's own id, for ever the same.
    pub id: String,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Always Parquet.
    pub format: Format,
    /// Delta's schema, as JSON text.
    pub schema_string: String,
    /// None.
    pub partition_columns: Vec<String>,
    /// Properties; `nightferry.stamp` and `nightferry.job` say whose it is.
    #[serde(default)]
    pub configuration: BTreeMap<String, String>,
    /// Milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_time: Option<i64>,
}

/// How files are encoded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Format {
    /// `parquet`
    pub provider: String,
    /// None.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
}

/// A transaction of an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Txn {
    /// The application: `nightferry:<job>`, or a run.
    pub app_id: String,
    /// Its own counter.
    pub version: i64,
    /// Milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_updated: Option<i64>,
}

/// A file that is part of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Add {
    /// Path under the table's folder, percent-encoded.
    pub path: String,
    /// None.
    pub partition_values: BTreeMap<String, Option<String>>,
    /// Bytes.
    pub size: u64,
    /// Milliseconds since 1970.
    pub modification_time: i64,
    /// Always.
    pub data_change: bool,
    /// Statistics, as JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stats: Option<String>,
    /// What its writer says of it: of a file that holds one period, which (`layout`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
}

/// A file that is no longer part of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Remove {
    /// Path as in its `add`.
    pub path: String,
    /// Milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_timestamp: Option<i64>,
    /// Always.
    pub data_change: bool,
    /// Whether `partitionValues` and `size` are there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extended_file_metadata: Option<bool>,
    /// None.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition_values: Option<BTreeMap<String, Option<String>>>,
    /// Bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

/// A path as `add` and `remove` write it: everything but unreserved characters, `/` and `=` percent-encoded (RFC 3986).
pub fn encode_path(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b'=' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// The path that `add` and `remove` mean; `None` when it is not one under the table's folder.
pub fn decode_path(encoded: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first == b'%' {
            let hex = std::str::from_utf8(tail.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(hex, 16).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
        }
    }
    let path = String::from_utf8(bytes).ok()?;
    let inside = !path.starts_with('/') && !path.contains("://") && path.split('/').all(|part| part != "..");
    inside.then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn decodes_what_it_encodes(path in "[a-z0-9=é %#+][a-z0-9=/é %#+]{0,30}") {
            prop_assert_eq!(decode_path(&encode_path(&path)), Some(path));
        }
    }

    #[test]
    fn refuses_paths_that_leave_the_table() {
        for path in ["s3://other/x", "/etc/x", "run=1/%2e%2e/x", "a%zz", "a%2"] {
            assert_eq!(decode_path(path), None, "{path}");
        }
        assert_eq!(encode_path("run=0199/part 1.parquet"), "run=0199/part%201.parquet");
    }
}
