//! A block -> records of the topic: key and value as bytes, where they stand, and when.
//!
//! Never in here: what a value says.

use super::avro::{KEY_HEADER, VALUE_HEADER};
use super::block::{Block, is_blank, lines};
use super::dms_rows;
use super::event::whole;
use super::layout::Layout;
use super::scan::{Json, NotJson, Scanner};
use super::value::Value;
use arrow::array::{Array, AsArray, BinaryViewArray, ListArray, RecordBatch, StringViewArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimeUnit};
use std::borrow::Cow;

/// A record of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its line or row in the object, from 1.
    pub line: u64,
    /// Partition.
    pub partition: u32,
    /// Offset, or where the layout keeps none the place in the partition.
    pub position: u64,
    /// Key, where the layout keeps it and the record has one.
    pub key: Option<Cow<'a, [u8]>>,
    /// Value; a tombstone has none.
    pub value: Option<Cow<'a, [u8]>>,
    /// The record's own time, milliseconds since 1970, where the layout keeps it.
    pub timestamp_ms: Option<i64>,
    /// The header that names the value's schema, and the one that names the key's.
    pub value_schema: Option<&'a [u8]>,
    /// See `value_schema`.
    pub key_schema: Option<&'a [u8]>,
    /// Whether its headers say that the row had another key before; `None` where the layout keeps no headers.
    pub is_moved: Option<bool>,
}

/// A line or row that is no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRecord {
    /// Its number in the object, from 1.
    pub line: u64,
}

/// Gives every record of `block` to `of`, in order.
pub fn each<E: From<NoRecord>>(block: &Block, of: &mut dyn FnMut(&Record<'_>) -> Result<(), E>) -> Result<(), E> {
    if let Some(rows) = &block.rows {
        return match block.layout {
            Layout::Dms => dms_rows::each(block, rows, of),
            _ => each_row(block, rows, of),
        };
    }
    let mut number = 0;
    for (index, line) in lines(&block.bytes).enumerate() {
        if is_blank(line) {
            continue;
        }
        let at = block.first_line + index as u64;
        let place = Record {
            line: at,
            partition: block.partition,
            position: block.first_position + number,
            key: None,
            value: None,
            timestamp_ms: None,
            value_schema: None,
            key_schema: None,
            is_moved: None,
        };
        number += 1;
        let record = match block.layout {
            Layout::Confluent => {
                let key = block.keys.as_ref().map(|keys| keys.line(at)).transpose();
                key.map(|key| Record { key: key.map(Cow::Borrowed), value: value(line), ..place })
            }
            Layout::KeyValue => Ok(key_value(line, place)),
            Layout::Kcat => enveloped(line, &KCAT, place),
            Layout::Lenses => enveloped(line, &LENSES, place),
            Layout::Aiven => enveloped(line, &AIVEN, place),
            Layout::Relay | Layout::Dms => Err(NotJson),
        };
        of(&record.map_err(|_| NoRecord { line: at })?)?;
    }
    Ok(())
}

/// A line as a value; `null` is a tombstone.
fn value(line: &[u8]) -> Option<Cow<'_, [u8]>> {
    if line.trim_ascii() == b"null" { None } else { Some(Cow::Borrowed(line)) }
}

/// `key^value`, as `kcat -K^` prints a record. An empty value or `NULL` is a tombstone, as `-Z` prints one.
fn key_value<'a>(line: &'a [u8], place: Record<'a>) -> Record<'a> {
    let at = line.iter().position(|byte| *byte == b'^');
    let (key, rest) = at.map_or((None, line), |at| (Some(&line[..at]), &line[at + 1..]));
    let is_none = |text: &[u8]| text.trim_ascii().is_empty() || text.trim_ascii() == b"NULL";
    let key = key.filter(|key| !is_none(key)).map(Cow::Borrowed);
    Record { key, value: value(rest).filter(|value| !is_none(value)), ..place }
}

/// What the fields of a line are called that holds a whole record.
struct Envelope {
    key: &'static str,
    value: &'static str,
    offset: &'static str,
    timestamp: &'static str,
    /// The object within, that holds offset, partition and timestamp.
    metadata: Option<&'static str>,
    /// Whether key and value are JSON in a text.
    are_texts: bool,
    /// Whether offset and partition have to be there.
    is_placed: bool,
    /// Whether a record without `headers` had none.
    are_headers_told: bool,
}

/// The header of a row's event under its new key. Source: Debezium documentation, PostgreSQL connector, "Primary key updates".
const OLD_KEY: &str = "__debezium.oldkey";

/// Source: kcat, `json.c`.
const KCAT: Envelope = Envelope {
    key: "key",
    value: "payload",
    offset: "offset",
    timestamp: "ts",
    metadata: None,
    are_texts: true,
    is_placed: true,
    are_headers_told: true,
};

/// Source: Lenses, "Backup and restore", `store.envelope`.
const LENSES: Envelope = Envelope {
    key: "key",
    value: "value",
    offset: "offset",
    timestamp: "timestamp",
    metadata: Some("metadata"),
    are_texts: false,
    is_placed: true,
    are_headers_told: false,
};

/// Source: Aiven's S3 connector, `format.output.type = jsonl` and `format.output.fields`.
const AIVEN: Envelope = Envelope {
    key: "key",
    value: "value",
    offset: "offset",
    timestamp: "timestamp",
    metadata: None,
    are_texts: false,
    is_placed: false,
    are_headers_told: false,
};

fn enveloped<'a>(line: &'a [u8], envelope: &Envelope, mut record: Record<'a>) -> Result<Record<'a>, NotJson> {
    let text = std::str::from_utf8(line).map_err(|_| NotJson)?;
    let mut scanner = Scanner::new(text);
    let mut found = Found::default();
    record.is_moved = envelope.are_headers_told.then_some(false);
    fields(&mut scanner, envelope, &mut record, &mut found, true)?;
    scanner.end()?;
    if !found.value || envelope.is_placed && !(found.offset && found.partition) {
        return Err(NotJson);
    }
    Ok(record)
}

#[derive(Default)]
struct Found {
    value: bool,
    offset: bool,
    partition: bool,
}

fn fields<'a>(
    scanner: &mut Scanner<'a>,
    envelope: &Envelope,
    record: &mut Record<'a>,
    found: &mut Found,
    is_outer: bool,
) -> Result<(), NotJson> {
    let mut room = String::new();
    let mut goes_on = scanner.enter()?;
    while goes_on {
        let name = scanner.name()?;
        let name = name.read(&mut room)?;
        let is_place = envelope.metadata.is_none() || !is_outer;
        if is_outer && Some(name) == envelope.metadata && scanner.peek() == Some(b'{') {
            fields(scanner, envelope, record, found, false)?;
            goes_on = scanner.more()?;
            continue;
        }
        let mut ahead = scanner.clone();
        let value = ahead.value()?;
        let written = scanner.upto(&ahead);
        *scanner = ahead;
        if is_outer && name == envelope.key {
            record.key = content(value, written, envelope)?;
        } else if is_outer && name == envelope.value {
            record.value = content(value, written, envelope)?;
            found.value = true;
        } else if is_place && name == envelope.offset {
            record.position = whole(Value::from(value)).and_then(|offset| u64::try_from(offset).ok()).ok_or(NotJson)?;
            found.offset = true;
        } else if is_place && name == "partition" {
            record.partition = whole(Value::from(value)).and_then(|n| u32::try_from(n).ok()).ok_or(NotJson)?;
            found.partition = true;
        } else if is_place && name == envelope.timestamp {
            record.timestamp_ms = moment(value);
        } else if is_outer && name == "headers" {
            record.is_moved = Some(written.contains(OLD_KEY));
        }
        goes_on = scanner.more()?;
    }
    Ok(())
}

fn content<'a>(value: Json<'a>, written: &'a str, envelope: &Envelope) -> Result<Option<Cow<'a, [u8]>>, NotJson> {
    match value {
        Json::Null => Ok(None),
        Json::Text(text) if envelope.are_texts => match text.plain() {
            Some(text) => Ok(Some(Cow::Borrowed(text.as_bytes()))),
            None => {
                let mut room = String::new();
                text.read(&mut room)?;
                Ok(Some(Cow::Owned(room.into_bytes())))
            }
        },
        _ => Ok(Some(Cow::Borrowed(written.as_bytes()))),
    }
}

/// Milliseconds as a number, or as a text of RFC 3339.
fn moment(value: Json<'_>) -> Option<i64> {
    let text = match value {
        Json::Text(text) => text.plain(),
        _ => None,
    };
    let printed = || crate::data::text::rfc3339(text?).map(|moment| moment.timestamp_millis());
    whole(Value::from(value)).or_else(printed)
}

/// The columns of the relay's files.
pub const COLUMNS: [&str; 4] = ["offset", "timestamp", "key", "value"];
/// A column that they may have beside them: of each record its headers, each a name and bytes.
pub const HEADERS: &str = "headers";

/// Headers of rows.
pub(super) struct Headers<'a> {
    of: &'a ListArray,
    names: StringViewArray,
    values: BinaryViewArray,
}

impl<'a> Headers<'a> {
    /// `None` where there are none, or they are written otherwise.
    pub(super) fn of(rows: &'a RecordBatch) -> Option<Self> {
        let of: &ListArray = rows.column_by_name(HEADERS)?.as_list_opt::<i32>()?;
        let fields = of.values().as_struct_opt()?;
        let [name, value] = fields.columns() else { return None };
        Some(Headers {
            of,
            names: cast(name, &DataType::Utf8View).ok()?.as_string_view().clone(),
            values: cast(value, &DataType::BinaryView).ok()?.as_binary_view().clone(),
        })
    }

    /// The last header of that name in a row.
    pub(super) fn get(&self, row: usize, name: &str) -> Option<&[u8]> {
        let offsets = self.of.value_offsets();
        let place = |at: usize| offsets.get(at).and_then(|offset| usize::try_from(*offset).ok());
        let found = (place(row)?..place(row + 1)?)
            .rfind(|at| self.of.is_valid(row) && self.names.is_valid(*at) && self.names.value(*at) == name)?;
        self.values.is_valid(found).then(|| self.values.value(found))
    }
}

fn each_row<E: From<NoRecord>>(
    block: &Block,
    rows: &RecordBatch,
    of: &mut dyn FnMut(&Record<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let bad = |row: usize| NoRecord { line: block.first_line + row as u64 };
    let column = |name: &str, to: DataType| {
        let column = rows.column_by_name(name)?;
        cast(column, &to).ok()
    };
    let millis = |name: &str| {
        let found = rows.column_by_name(name)?;
        let found = match found.data_type() {
            DataType::Timestamp(_, zone) => {
                cast(found, &DataType::Timestamp(TimeUnit::Millisecond, zone.clone())).ok()?
            }
            _ => found.clone(),
        };
        cast(&found, &DataType::Int64).ok()
    };
    let offsets = column(COLUMNS[0], DataType::Int64).ok_or(bad(0))?;
    let times = millis(COLUMNS[1]).ok_or(bad(0))?;
    let keys = column(COLUMNS[2], DataType::BinaryView).ok_or(bad(0))?;
    let values = column(COLUMNS[3], DataType::BinaryView).ok_or(bad(0))?;
    let (offsets, times) = (offsets.as_primitive::<Int64Type>(), times.as_primitive::<Int64Type>());
    let (keys, values) = (keys.as_binary_view(), values.as_binary_view());
    let headers = Headers::of(rows);
    let header = |row: usize, name: &str| headers.as_ref().and_then(|headers| headers.get(row, name));
    for row in 0..rows.num_rows() {
        let offset = offsets.is_valid(row).then(|| u64::try_from(offsets.value(row)).ok()).flatten();
        of(&Record {
            line: block.first_line + row as u64,
            partition: block.partition,
            position: offset.ok_or(bad(row))?,
            key: keys.is_valid(row).then(|| Cow::Borrowed(keys.value(row))),
            value: values.is_valid(row).then(|| Cow::Borrowed(values.value(row))),
            timestamp_ms: times.is_valid(row).then(|| times.value(row)),
            value_schema: header(row, VALUE_HEADER),
            key_schema: header(row, KEY_HEADER),
            is_moved: headers.as_ref().map(|headers| headers.get(row, OLD_KEY).is_some()),
        })?;
    }
    Ok(())
}
