//! A JSON object a line -> columns of text.
//!
//! A number stays the digits it was written with, so that no value passes through a float; an object or an array stays
//! its text. An absent field and `null` are NULL. A last line without its end is damage: the writer was cut off.

use super::{FormatFault, Opened, Rows, text_batch};
use arrow::array::{RecordBatch, StringViewBuilder};
use arrow::datatypes::DataType;
use bytes::Bytes;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

/// Reads the field names of every line; a column that appears late must be classified too.
pub fn open(bytes: Bytes) -> Result<Opened, FormatFault> {
    if bytes.last().is_some_and(|byte| *byte != b'\n') {
        return Err(FormatFault::new("ends inside a line"));
    }
    let mut names: Vec<String> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for (row, line) in lines(&bytes).enumerate() {
        let at = |fault: &str| FormatFault::at(row as u64, fault);
        let line = std::str::from_utf8(line).map_err(|_| at("is not text in UTF-8"))?;
        let mut learn = |name: Cow<'_, str>| {
            if !known.contains_key(name.as_ref()) {
                known.insert(name.clone().into_owned(), names.len());
                names.push(name.into_owned());
            }
        };
        let mut json = serde_json::Deserializer::from_str(line);
        json.deserialize_map(Names(&mut learn)).and_then(|()| json.end()).map_err(|_| at("is not a JSON object"))?;
    }
    let columns = names.iter().map(|name| (name.clone(), DataType::Utf8View)).collect();
    Ok(Opened::new(columns, move |places, batch_rows_max| -> Rows {
        Box::new(JsonRows { bytes, at: 0, row: 0, names, places, batch_rows_max, failed: false })
    }))
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == b'\n').filter(|line| !line.iter().all(u8::is_ascii_whitespace))
}

/// Visits an object's field names.
struct Names<'a>(&'a mut dyn FnMut(Cow<'_, str>));

impl<'de> Visitor<'de> for Names<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(name) = fields.next_key::<Cow<'de, str>>()? {
            (self.0)(name);
            fields.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

struct JsonRows {
    bytes: Bytes,
    at: usize,
    row: u64,
    names: Vec<String>,
    places: Vec<usize>,
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
        let mut cells: Vec<_> = self.places.iter().map(|_| StringViewBuilder::new()).collect();
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
            for (place, column) in self.places.iter().zip(&mut cells) {
                match fields.get(self.names[*place].as_str()).map(|value| cell(value)) {
                    Some(Ok(cell)) => column.append_option(cell),
                    Some(Err(_)) => return Err(FormatFault::at(self.row, "holds a text that is no text")),
                    None => column.append_null(),
                }
            }
            rows += 1;
            self.row += 1;
        }
        text_batch(&self.names, &self.places, cells, rows).map_err(|fault| FormatFault::at(self.row, fault))
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

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, AsArray};

    fn read(text: &str) -> Result<Vec<Vec<Option<String>>>, FormatFault> {
        let opened = open(Bytes::copy_from_slice(text.as_bytes()))?;
        let places = (0..opened.columns.len()).collect();
        let mut rows = Vec::new();
        for batch in opened.rows(places, 2) {
            let batch = batch?;
            let cell = |column: &ArrayRef, row| column.as_string_view().iter().nth(row).flatten().map(str::to_owned);
            rows.extend(
                (0..batch.num_rows()).map(|row| batch.columns().iter().map(|column| cell(column, row)).collect()),
            );
        }
        Ok(rows)
    }

    #[test]
    fn keeps_the_digits_of_a_number_and_the_text_of_an_object() {
        let cell = |text: &str| Some(text.to_owned());
        let rows = read(
            "{\"id\":9007199254740993,\"amount\":1.10}\n\n{\"id\":2,\"notes\":{\"a\": [1]},\"name\":\"M\\u00f4r\"}\n",
        );
        assert_eq!(
            rows,
            Ok(vec![
                vec![cell("9007199254740993"), cell("1.10"), None, None],
                vec![cell("2"), None, cell("{\"a\": [1]}"), cell("Môr")],
            ])
        );
    }

    #[test]
    fn refuses_a_torn_last_line_and_a_line_that_is_no_object() {
        assert_eq!(read("{\"id\":1}\n{\"id\":"), Err(FormatFault::new("ends inside a line")));
        assert_eq!(read("{\"id\":1}\n[1]\n"), Err(FormatFault::at(1, "is not a JSON object")));
        assert_eq!(read("{\"id\":1} x\n"), Err(FormatFault::at(0, "is not a JSON object")));
    }
}
