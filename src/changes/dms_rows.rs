//! Rows of AWS DMS's files on S3 -> records: the same values that it writes to Kafka, as far as a file tells them.
//!
//! `Op` says what a row does; files of the first load may be without it. A column `commit_timestamp` (the endpoint's
//! `TimestampColumnName`) tells when it was committed, or loaded. Of CSV an empty cell may be NULL or an empty text: it is not told;
//! `NULL` is NULL, as the endpoint's `CsvNullValue` is by itself.
//! Source: AWS DMS user guide, "Using Amazon S3 as a target".

use super::block::Block;
use super::record::{NoRecord, Record};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringViewArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;

/// What a row does.
const OP: &str = "Op";
/// When it was committed.
const COMMITTED: &str = "commit_timestamp";
/// What CSV has for NULL.
const NULL: &str = "NULL";

/// A column of a file.
struct Cells {
    /// Its name, in quotes.
    name: String,
    texts: StringViewArray,
    /// Whether it comes as text, so that NULL is written out and nothing means nothing.
    is_csv: bool,
}

/// Gives every row of `rows` as a record to `of`, in order.
pub fn each<E: From<NoRecord>>(
    block: &Block,
    rows: &RecordBatch,
    of: &mut dyn FnMut(&Record<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let no_record = |row: usize| NoRecord { line: block.first_line + row as u64 };
    let texts = |name: &str| rows.column_by_name(name).and_then(written);
    let (ops, times) = (texts(OP), texts(COMMITTED));
    let mut columns = Vec::new();
    for (field, cells) in rows.schema().fields().iter().zip(rows.columns()) {
        if matches!(field.name().as_str(), OP | COMMITTED) {
            continue;
        }
        // What no text can stand for is not told.
        let Some(texts) = written(cells) else { continue };
        let name = serde_json::to_string(field.name()).map_err(|_| no_record(0))?;
        columns.push(Cells { name, texts, is_csv: block.is_text });
    }
    let mut value = String::new();
    for row in 0..rows.num_rows() {
        let op = ops.as_ref().filter(|ops| ops.is_valid(row)).map(|ops| ops.value(row));
        let operation = match op {
            Some("I") | None if block.is_load => "load",
            Some("I") => "insert",
            Some("U") => "update",
            Some("D") => "delete",
            _ => return Err(no_record(row).into()),
        };
        value.clear();
        value.push_str("{\"data\":{");
        columns.iter().try_for_each(|cells| cells.write(row, &mut value)).map_err(|_| no_record(row))?;
        value.push_str("},\"metadata\":{\"record-type\":\"data\",\"operation\":\"");
        value.push_str(operation);
        if let Some(time) = times.as_ref().filter(|times| times.is_valid(row)).map(|times| times.value(row)) {
            let time = serde_json::to_string(&moment(time)).map_err(|_| no_record(row))?;
            value.push_str("\",\"commit-timestamp\":");
            value.push_str(&time);
            value.push_str("}}");
        } else {
            value.push_str("\"}}");
        }
        of(&Record {
            line: block.first_line + row as u64,
            partition: block.partition,
            position: block.first_position + row as u64,
            key: None,
            value: Some(Cow::Borrowed(value.as_bytes())),
            timestamp_ms: None,
            value_schema: None,
            key_schema: None,
            is_moved: None,
        })?;
    }
    Ok(())
}

impl Cells {
    /// The field in JSON, with a comma before it where it is not the first; nothing where the cell does not tell it.
    fn write(&self, row: usize, value: &mut String) -> Result<(), serde_json::Error> {
        let text = self.texts.is_valid(row).then(|| self.texts.value(row));
        let text = match text {
            None if self.is_csv => return Ok(()),
            Some(NULL) if self.is_csv => None,
            text => text,
        };
        if !value.ends_with('{') {
            value.push(',');
        }
        value.push_str(&self.name);
        value.push(':');
        value.push_str(&serde_json::to_string(&text)?);
        Ok(())
    }
}

/// Cells as texts; bytes in base64.
fn written(cells: &ArrayRef) -> Option<StringViewArray> {
    if let DataType::Binary | DataType::LargeBinary | DataType::BinaryView = cells.data_type() {
        let bytes = cast(cells, &DataType::BinaryView).ok()?;
        return Some(bytes.as_binary_view().iter().map(|bytes| bytes.map(|bytes| STANDARD.encode(bytes))).collect());
    }
    let texts = cast(cells, &DataType::Utf8).ok()?;
    Some(cast(&texts, &DataType::Utf8View).ok()?.as_string_view().clone())
}

/// `2026-11-24 01:34:00.123456`, in UTC, as RFC 3339 writes it.
fn moment(text: &str) -> String {
    let text = text.trim().replacen(' ', "T", 1);
    if text.ends_with('Z') { text } else { text + "Z" }
}
