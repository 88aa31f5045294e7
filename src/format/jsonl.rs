//! Lines of JSON objects -> columns of text.
//!
//! A number stays the digits it was written with, so that no value passes through a float; an object or an array stays
//! its text. An absent field and `null` are NULL. A last line without its end is damage: the writer was cut off.

use super::{FormatFault, Rows, text_batch};
use arrow::array::{RecordBatch, StringViewBuilder};
use bytes::Bytes;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashMap;

/// The rows of a text of whole lines: the fields `names`, in that order; one that no object has is NULL. Faults count rows from
/// the text's first.
pub fn rows(text: Bytes, names: Vec<String>, batch_rows_max: usize) -> Rows {
    Box::new(JsonRows { bytes: text, at: 0, row: 0, names, batch_rows_max, failed: false })
}

struct JsonRows {
    bytes: Bytes,
    at: usize,
    row: u64,
    names: Vec<String>,
    batch_rows_max: usize,
    failed: bool,
}

impl Iterator for JsonRows {
    type Item = Result<RecordBatch, FormatFault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let batch = self.batch();
        self.failed = batch.is_err();
        batch.transpose()
    }
}

impl JsonRows {
    fn batch(&mut self) -> Result<Option<RecordBatch>, FormatFault> {
        let mut cells: Vec<_> = self.names.iter().map(|_| StringViewBuilder::new()).collect();
        let mut rows = 0;
        while rows < self.batch_rows_max && self.at < self.bytes.len() {
            let rest = &self.bytes[self.at..];
            let length = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| end + 1);
            let line = &rest[..length];
            self.at += length;
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            // A field that is there twice counts as its last value, as PostgreSQL's jsonb has it.
            let fields: HashMap<Cow<'_, str>, &RawValue> =
                serde_json::from_slice(line).map_err(|_| FormatFault::at(self.row, "is not a JSON object"))?;
            for (name, column) in self.names.iter().zip(&mut cells) {
                match fields.get(name.as_str()).map(|value| cell(value)) {
                    Some(Ok(cell)) => column.append_option(cell),
                    Some(Err(_)) => return Err(FormatFault::at(self.row, "holds a text that is no text")),
                    None => column.append_null(),
                }
            }
            rows += 1;
            self.row += 1;
        }
        text_batch(&self.names, &(0..self.names.len()).collect::<Vec<_>>(), cells, rows)
            .map_err(|fault| FormatFault::at(self.row, fault))
    }
}

/// A JSON value as the text of a cell: a text without its quotes, anything else as written.
pub fn cell(value: &RawValue) -> Result<Option<Cow<'_, str>>, serde_json::Error> {
    match value.get() {
        "null" => Ok(None),
        text if text.starts_with('"') => serde_json::from_str(text).map(Some),
        other => Ok(Some(other.into())),
    }
}
