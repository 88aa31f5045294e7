//! Debezium's events as images of rows - before, after, and the key - which are landed with other cells than they came with.
//!
//! ```text
//! read    key and value -> images; the cells that are made anew, typed, a row an image
//! write   the same with those cells as they were made -> key and value
//! ```
//!
//! Nothing is landed that is not named here: fields of a row that are columns, and of the envelope what tells its operation, its
//! transaction and its times. What stands for a value that an update did not touch, and NULL, stay what they are. An event that
//! cannot be read so, or has a field that nobody declared, is not landed at all.
//!
//! Never in here: what is done to a cell (`privacy`).

mod write;

use super::blocks::SchemaBlocks;
use super::cell::{Manner, Target, Told, Untold, push};
use super::event::is_of_snapshots;
use super::form::{Form, Open};
use super::reading::Reading;
use super::scan::{Json, NotJson, Scanner};
use super::value::Value;
use crate::data::cell::CellBuilder;
use crate::data::{Column, ColumnType};
use arrow::array::{
    Array, ArrayRef, BinaryViewArray, RecordBatch, RecordBatchOptions, StringViewArray, StringViewBuilder,
};
use arrow::datatypes::{Field, Schema};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;
use write::comma;

/// How a column is landed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LandedAs {
    /// As it came.
    Kept,
    /// Not at all.
    LeftOut,
    /// As NULL.
    Nulled,
    /// Made of its typed value.
    Made,
}

/// What is declared of a topic that is landed with other cells.
pub struct ImageTerms<'a> {
    /// The columns of its rows; none of a heartbeat's.
    pub columns: &'a [Column],
    /// Of each how it is landed.
    pub landed: &'a [LandedAs],
    /// Columns that are read as their type besides those that are made.
    pub needed: &'a [bool],
    /// Whether a field that is no column is left out; else its event is not landed.
    pub leaves_new_out: bool,
    /// How values are written.
    pub reading: &'a Reading,
}

/// Why a record is not landed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotLanded {
    /// Its value is no event of Debezium's.
    NoEvent,
    /// Its key is no row.
    NoKey,
    /// It has a field that no schema declares.
    NewField,
    /// A cell is no value of its column.
    Cell,
}

impl NotLanded {
    /// In words.
    pub fn phrase(self) -> &'static str {
        match self {
            NotLanded::NoEvent => "its value is no change event",
            NotLanded::NoKey => "its key is no row",
            NotLanded::NewField => "it has a field that no schema declares",
            NotLanded::Cell => "a value is none of its column",
        }
    }
}

impl ImageTerms<'_> {
    /// Whether a cell that is landed as it came is no text, where its column is of texts: what its escapes hide is looked at by nobody.
    fn is_no_text(&self, cell: &Cell<'_>) -> bool {
        let is_nested = self.landed[cell.place] == LandedAs::Kept && matches!(cell.value, Json::Nested(_));
        is_nested
            && match self.columns[cell.place].column_type {
                ColumnType::Text | ColumnType::Varchar(_) | ColumnType::Char(_) | ColumnType::Uuid => true,
                // Arrays and the like, which are nested by nature.
                ColumnType::Printed(_) => cell.written.contains('\\'),
                _ => false,
            }
    }
}

/// A field of an image, by the place of its column.
struct Cell<'a> {
    place: usize,
    name: Cow<'a, str>,
    value: Json<'a>,
    written: &'a str,
}

/// What stands for an image.
enum Slot {
    /// No such field.
    Absent,
    /// `null`
    Null,
    /// The image of that number.
    Image(usize),
}

/// A key or value, without its images.
struct Frame<'a> {
    /// A schema block beside it, without what columns are when nothing is said.
    schema: Option<Arc<str>>,
    before: Slot,
    after: Slot,
    /// The envelope's other fields, in order, each as it is landed.
    rest: Vec<(&'static str, String)>,
    /// The block as it came.
    block: Option<&'a str>,
    /// Whether it is `after` alone, without an envelope.
    is_flat: bool,
}

enum Part<'a> {
    None,
    Key(Frame<'a>),
    Event(Frame<'a>),
}

/// Records, read.
pub struct Images<'a> {
    records: Vec<Result<(Part<'a>, Part<'a>), NotLanded>>,
    images: Vec<Vec<Cell<'a>>>,
    /// Rows among them: the others are keys.
    rows: u64,
    /// Typed column -> its place among the columns.
    typed: Vec<usize>,
    /// The typed cells, a row an image.
    cells: RecordBatch,
    /// Of each image and typed column what it tells.
    tells: Vec<Vec<Tells>>,
    /// Column -> images that have it.
    hits: Vec<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tells {
    Value,
    Kept,
    Absent,
}

struct Reader<'t, 'a> {
    terms: &'t ImageTerms<'t>,
    places: HashMap<&'t str, usize>,
    images: Vec<Vec<Cell<'a>>>,
    /// Of each image whether it is a row, and not a key.
    are_rows: Vec<bool>,
    blocks: HashMap<&'a str, Arc<str>>,
}

/// The parts of `source` that say where and when, and none that may say what.
const SOURCE: &[&str] = &[
    "version",
    "connector",
    "name",
    "ts_ms",
    "ts_us",
    "ts_ns",
    "snapshot",
    "db",
    "sequence",
    "schema",
    "table",
    "txId",
    "lsn",
    "xmin",
];
/// What stands beside the fields of a row without an envelope, and says nothing of them.
const BESIDE: [&str; 16] = [
    "__op",
    "__deleted",
    "__txId",
    "__source_txId",
    "__lsn",
    "__source_lsn",
    "__sequence",
    "__source_sequence",
    "__snapshot",
    "__source_snapshot",
    "__ts_ms",
    "__source_ts_ms",
    "__table",
    "__source_table",
    "__source_schema",
    "__source_db",
];
/// The times of an envelope.
const TIMES: [&str; 3] = ["ts_ms", "ts_us", "ts_ns"];

impl<'a> Images<'a> {
    /// Reads records.
    pub fn read(keys: &'a BinaryViewArray, values: &'a BinaryViewArray, terms: &ImageTerms<'_>) -> Option<Self> {
        let mut places = HashMap::new();
        for (place, column) in terms.columns.iter().enumerate() {
            for name in column.source.iter().map(String::as_str).chain([column.name.as_str()]) {
                places.entry(name).or_insert(place);
            }
        }
        let mut reader = Reader { terms, places, images: Vec::new(), are_rows: Vec::new(), blocks: HashMap::new() };
        let mut records = Vec::with_capacity(keys.len());
        let mut owners: Vec<usize> = Vec::new();
        for row in 0..keys.len() {
            let kept = reader.images.len();
            let read = reader
                .record(keys.is_valid(row).then(|| keys.value(row)), values.is_valid(row).then(|| values.value(row)));
            if read.is_err() {
                reader.images.truncate(kept);
                reader.are_rows.truncate(kept);
            }
            owners.resize(reader.images.len(), row);
            records.push(read);
        }
        let (images, are_rows) = (reader.images, reader.are_rows);
        let typed: Vec<usize> = (0..terms.columns.len())
            .filter(|place| terms.landed[*place] == LandedAs::Made || terms.needed[*place])
            .collect();
        let forms = Forms::of(&records, &owners, terms);
        let mut open = Open::new(typed.len(), terms.reading.times);
        let (mut cells, mut tells, mut bad) = typed_cells(&images, &typed, &forms, terms, &mut open);
        if let Some(mut settled) = open.settled() {
            (cells, tells, bad) = typed_cells(&images, &typed, &forms, terms, &mut settled);
        }
        let harmed = images.iter().enumerate().filter(|(_, cells)| cells.iter().any(|cell| terms.is_no_text(cell)));
        for image in bad.into_iter().chain(harmed.map(|(image, _)| image)) {
            records[owners[image]] = Err(NotLanded::Cell);
        }
        let (mut hits, mut rows) = (vec![0; terms.columns.len()], 0);
        for (image, cells) in images.iter().enumerate() {
            if are_rows[image] && records[owners[image]].is_ok() {
                rows += 1;
                cells.iter().for_each(|cell| hits[cell.place] += 1);
            }
        }
        let fields = typed.iter().map(|place| {
            let column = &terms.columns[*place];
            Field::new(column.name.as_str(), column.column_type.arrow(), true)
        });
        let options = RecordBatchOptions::new().with_row_count(Some(images.len()));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let cells = RecordBatch::try_new_with_options(schema, cells, &options).ok()?;
        Some(Images { records, images, rows, typed, cells, tells, hits })
    }

    /// The cells that are made anew, and those that are needed beside them: a row an image.
    pub fn cells(&self) -> &RecordBatch {
        &self.cells
    }

    /// How many rows there are among the images.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The texts of a column as they came, of every image that has one.
    pub fn texts(&self, place: usize) -> StringViewArray {
        let mut room = String::new();
        let mut texts = StringViewBuilder::new();
        for cell in self.images.iter().flatten().filter(|cell| cell.place == place) {
            match cell.value {
                Json::Text(text) => match text.read(&mut room) {
                    Ok(text) => texts.append_value(text),
                    Err(_) => texts.append_value(cell.written),
                },
                Json::Null => {}
                _ => texts.append_value(cell.written),
            }
        }
        texts.finish()
    }

    /// Of each column, how many rows have it.
    pub fn hits(&self) -> &[u64] {
        &self.hits
    }

    /// Why a record is not landed; `None` where it is.
    pub fn not_landed(&self, record: usize) -> Option<NotLanded> {
        self.records[record].as_ref().err().copied()
    }
}

/// The forms by the schema block of each image's record.
struct Forms {
    of: Vec<Arc<[Form]>>,
}

impl Forms {
    fn of(records: &[Result<(Part<'_>, Part<'_>), NotLanded>], owners: &[usize], terms: &ImageTerms<'_>) -> Self {
        let columns: Vec<&Column> = terms.columns.iter().collect();
        let mut blocks = SchemaBlocks::new(&columns);
        let mut forms = |row: usize| match &records[row] {
            Ok((_, Part::Event(Frame { block: Some(block), .. }))) => blocks.forms(block),
            _ => Arc::default(),
        };
        Forms { of: owners.iter().map(|row| forms(*row)).collect() }
    }
}

type Typed = (Vec<ArrayRef>, Vec<Vec<Tells>>, Vec<usize>);

fn typed_cells(
    images: &[Vec<Cell<'_>>],
    typed: &[usize],
    forms: &Forms,
    terms: &ImageTerms<'_>,
    open: &mut Open,
) -> Typed {
    let manner = Manner {
        placeholder: Some(&terms.reading.placeholder),
        is_moved: false,
        are_numbers_exact: false,
        is_absent_kept: false,
        is_nan_null: false,
        are_bytes_hex: false,
        decimals: terms.reading.decimals,
    };
    let mut builders: Vec<CellBuilder> =
        typed.iter().map(|place| CellBuilder::new(terms.columns[*place].column_type, images.len())).collect();
    let (mut tells, mut bad, mut room) = (Vec::with_capacity(images.len()), Vec::new(), String::new());
    for (number, image) in images.iter().enumerate() {
        let mut told = Vec::with_capacity(typed.len());
        for (nth, place) in typed.iter().enumerate() {
            let column = &terms.columns[*place];
            let form = forms.of[number].get(*place).copied().unwrap_or_default();
            let mut target = Target { cells: &mut builders[nth], place: nth, beyond: column.beyond, form, open };
            let cell = image.iter().rfind(|cell| cell.place == *place);
            let value = cell.map_or(Value::Absent, |cell| Value::from(cell.value));
            let pushed = push(&mut target, value, &manner, &mut room);
            let is_kept = terms.landed[*place] == LandedAs::Kept && pushed != Told::Kept;
            if is_kept && cell.is_some_and(|cell| is_undeclared(cell, column, form, terms, &mut room)) {
                bad.push(number);
            }
            told.push(match pushed {
                Told::Value => Tells::Value,
                Told::Kept => Tells::Kept,
                Told::Unknown(untold) => {
                    // What is landed as it came may be in a form that nobody here is certain of, but not of another type.
                    let is_made = terms.landed[*place] == LandedAs::Made;
                    if cell.is_some() && (is_made || untold == Untold::Unread) {
                        bad.push(number);
                    }
                    Tells::Absent
                }
            });
        }
        tells.push(told);
    }
    (builders.iter_mut().map(CellBuilder::finish).collect(), tells, bad)
}

/// Whether a cell is a text in a column of numbers that is no number as it stands, where nobody said that base64 stands there: four
/// letters of a name are base64 too, and what is landed as it came is looked at by nobody else.
fn is_undeclared(cell: &Cell<'_>, column: &Column, form: Form, terms: &ImageTerms<'_>, room: &mut String) -> bool {
    let Json::Text(text) = cell.value else { return false };
    if !matches!(column.column_type, ColumnType::Numeric { .. })
        || form != Form::Open
        || terms.reading.decimals.is_some()
    {
        return false;
    }
    let is_number = |text: &str| {
        let is_one_of = |byte: u8| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E');
        let is_written = text.bytes().all(is_one_of) && text.bytes().any(|byte| byte.is_ascii_digit());
        is_written || matches!(text, "NaN" | "Infinity" | "-Infinity")
    };
    !text.read(room).is_ok_and(is_number)
}

impl<'a> Reader<'_, 'a> {
    fn record(&mut self, key: Option<&'a [u8]>, value: Option<&'a [u8]>) -> Result<(Part<'a>, Part<'a>), NotLanded> {
        let key = match key {
            None => Part::None,
            Some(key) => Part::Key(self.key(key)?),
        };
        let value = match value {
            None => Part::None,
            Some(value) => Part::Event(self.event(value)?),
        };
        Ok((key, value))
    }

    fn key(&mut self, key: &'a [u8]) -> Result<Frame<'a>, NotLanded> {
        let text = std::str::from_utf8(key).map_err(|_| NotLanded::NoKey)?;
        let (schema, payload) = self.unframed(text).map_err(|_| NotLanded::NoKey)?;
        let after = self.image(payload, NotLanded::NoKey)?;
        if matches!(after, Slot::Image(_)) {
            self.are_rows.push(false);
        }
        Ok(Frame { schema, before: Slot::Absent, after, rest: Vec::new(), block: None, is_flat: true })
    }

    fn event(&mut self, value: &'a [u8]) -> Result<Frame<'a>, NotLanded> {
        let no_event = |_| NotLanded::NoEvent;
        let text = std::str::from_utf8(value).map_err(|_| NotLanded::NoEvent)?;
        let block = block(text).map_err(no_event)?;
        let (schema, payload) = self.unframed(text).map_err(no_event)?;
        let mut frame =
            Frame { schema, before: Slot::Absent, after: Slot::Absent, rest: Vec::new(), block, is_flat: false };
        // A heartbeat has no row that could be without its envelope.
        if self.terms.reading.payload.is_flat() && !self.terms.columns.is_empty() {
            frame.is_flat = true;
            self.flat(payload, &mut frame)?;
            return Ok(frame);
        }
        let mut is_told = false;
        let mut fields = Vec::new();
        each(payload, &mut |name, value, written| fields.push((name, value, written))).map_err(no_event)?;
        for (name, value, written) in fields {
            match (name.as_ref(), value) {
                ("before", _) => frame.before = self.row(written)?,
                ("after", _) => frame.after = self.row(written)?,
                ("op", Json::Text(op)) if op.plain().is_some_and(|op| op.len() == 1) => {
                    is_told = true;
                    frame.rest.push(("op", written.to_owned()));
                }
                ("source", Json::Nested(source)) => {
                    is_told |= self.terms.columns.is_empty();
                    frame.rest.push(("source", source_of(source).map_err(no_event)?));
                }
                (name, Json::Number(_)) => {
                    if let Some(time) = TIMES.into_iter().find(|time| *time == name) {
                        // A heartbeat tells its time and nothing else.
                        is_told |= self.terms.columns.is_empty();
                        frame.rest.push((time, written.to_owned()));
                    }
                }
                _ => {}
            }
        }
        if is_told { Ok(frame) } else { Err(NotLanded::NoEvent) }
    }

    /// A row without an envelope: what stands beside its fields is landed as it came, as far as it is known and no text of more than a
    /// place in a log.
    fn flat(&mut self, payload: &'a str, frame: &mut Frame<'a>) -> Result<(), NotLanded> {
        if payload.trim() == "null" {
            frame.after = Slot::Null;
            return Ok(());
        }
        let mut row = Vec::new();
        each(payload, &mut |name, value, written| match BESIDE.into_iter().find(|known| *known == name) {
            Some(known) if is_of_a_log(value) => frame.rest.push((known, written.to_owned())),
            Some(_) => {}
            None => row.push((name, value, written)),
        })
        .map_err(|_| NotLanded::NoEvent)?;
        frame.after = self.cells(row)?;
        self.are_rows.push(true);
        Ok(())
    }

    /// The schema block beside a payload, and the payload; the whole where there is none.
    fn unframed(&mut self, text: &'a str) -> Result<(Option<Arc<str>>, &'a str), NotJson> {
        let Some(found) = block(text)? else { return Ok((None, text)) };
        let mut payload = None;
        each(text, &mut |name, _, written| {
            if name == "payload" {
                payload = Some(written);
            }
        })?;
        let schema = match self.blocks.get(found) {
            Some(known) => Arc::clone(known),
            None => {
                let mut block: serde_json::Value = serde_json::from_str(found).map_err(|_| NotJson)?;
                without_defaults(&mut block);
                let made: Arc<str> = block.to_string().into();
                self.blocks.insert(found, Arc::clone(&made));
                made
            }
        };
        Ok((Some(schema), payload.ok_or(NotJson)?))
    }

    fn row(&mut self, text: &'a str) -> Result<Slot, NotLanded> {
        let slot = self.image(text, NotLanded::NoEvent)?;
        if matches!(slot, Slot::Image(_)) {
            self.are_rows.push(true);
        }
        Ok(slot)
    }

    fn image(&mut self, text: &'a str, fault: NotLanded) -> Result<Slot, NotLanded> {
        if text == "null" {
            return Ok(Slot::Null);
        }
        let mut fields = Vec::new();
        each(text, &mut |name, value, written| fields.push((name, value, written))).map_err(|_| fault)?;
        self.cells(fields)
    }

    fn cells(&mut self, fields: Vec<(Cow<'a, str>, Json<'a>, &'a str)>) -> Result<Slot, NotLanded> {
        let mut cells = Vec::with_capacity(fields.len());
        for (name, value, written) in fields {
            match self.places.get(name.as_ref()) {
                Some(place) => cells.push(Cell { place: *place, name, value, written }),
                None if self.terms.leaves_new_out => {}
                None => return Err(NotLanded::NewField),
            }
        }
        self.images.push(cells);
        Ok(Slot::Image(self.images.len() - 1))
    }
}

/// Whether a value is no more than an operation, a number, a word of snapshots or a place in a log.
fn is_of_a_log(value: Json<'_>) -> bool {
    match value {
        Json::Text(text) => {
            // What it says is looked at, not how: an escape may stand for any letter.
            let mut room = String::new();
            text.read(&mut room).is_ok_and(|text| {
                matches!(text, "true" | "false") || is_of_snapshots(text) || text.len() == 1 || is_sequence(text)
            })
        }
        Json::Nested(_) => false,
        _ => true,
    }
}

/// A list of whole numbers in quotes, or nulls.
fn is_sequence(text: &str) -> bool {
    let is_number = |place: &Option<String>| {
        place.as_ref().is_none_or(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    // An escape within it is one that nobody writes.
    !text.contains('\\')
        && serde_json::from_str::<Vec<Option<String>>>(text).is_ok_and(|places| places.iter().all(is_number))
}

/// Hands out the fields of an object: name, value, and the value as it is written.
fn each<'a>(text: &'a str, of: &mut dyn FnMut(Cow<'a, str>, Json<'a>, &'a str)) -> Result<(), NotJson> {
    let mut scanner = Scanner::new(text);
    let mut goes_on = scanner.enter()?;
    while goes_on {
        let name = scanner.name()?;
        let name = match name.plain() {
            Some(name) => Cow::Borrowed(name),
            None => Cow::Owned(name.read(&mut String::new())?.to_owned()),
        };
        let mut ahead = scanner.clone();
        let value = ahead.value()?;
        let written = scanner.upto(&ahead);
        scanner = ahead;
        of(name, value, written);
        goes_on = scanner.more()?;
    }
    scanner.end()
}

/// The schema block of a value that has one beside its payload.
fn block(text: &str) -> Result<Option<&str>, NotJson> {
    let (mut schema, mut has_payload) = (None, false);
    each(text, &mut |name, value, written| match (name.as_ref(), value) {
        ("schema", Json::Nested(_)) => schema = Some(written),
        ("payload", _) => has_payload = true,
        _ => {}
    })?;
    Ok(schema.filter(|_| has_payload))
}

fn source_of(text: &str) -> Result<String, NotJson> {
    let mut out = String::from("{");
    each(text, &mut |name, value, written| {
        if let Some(known) = SOURCE.iter().find(|known| **known == name)
            && !matches!(value, Json::Nested(_))
        {
            comma(&mut out);
            let _ = write!(out, "\"{known}\":{written}");
        }
    })?;
    out.push('}');
    Ok(out)
}

/// What a column is where nothing is said may be somebody's; it goes out of a schema block.
fn without_defaults(block: &mut serde_json::Value) {
    match block {
        serde_json::Value::Object(fields) => {
            fields.remove("default");
            fields.values_mut().for_each(without_defaults);
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(without_defaults),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
