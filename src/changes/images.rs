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
use arrow::datatypes::{Field as ArrowField, Schema};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use write::field;

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
    fn is_no_text(&self, place: usize, cell: &Cell<'_>) -> bool {
        let is_nested = self.landed[place] == LandedAs::Kept && matches!(cell.value, Json::Nested(_));
        is_nested
            && match self.columns[place].column_type {
                ColumnType::Text | ColumnType::Varchar(_) | ColumnType::Char(_) | ColumnType::Uuid => true,
                // Arrays and the like, which are nested by nature.
                ColumnType::Printed(_) => cell.value.written().contains('\\'),
                _ => false,
            }
    }
}

/// A field of an image. Small, since tens of thousands of records have theirs in memory at once.
struct Cell<'a> {
    /// Which of the names by which columns go ([`Spelling`]).
    spelling: u32,
    value: Json<'a>,
}

/// A name by which a column goes in a topic.
struct Spelling {
    name: String,
    place: usize,
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
    rest: Vec<(&'static str, Cow<'a, str>)>,
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

/// The cells of images, one image behind the other.
#[derive(Default)]
struct Rows<'a> {
    cells: Vec<Cell<'a>>,
    /// Where each image ends.
    ends: Vec<usize>,
}

impl<'a> Rows<'a> {
    fn len(&self) -> usize {
        self.ends.len()
    }

    /// Ends the image whose cells came since the last; its number.
    fn end(&mut self) -> usize {
        self.ends.push(self.cells.len());
        self.ends.len() - 1
    }

    /// Leaves the first so many images, and no cell of another.
    fn truncate(&mut self, images: usize) {
        self.ends.truncate(images);
        self.cells.truncate(self.ends.last().copied().unwrap_or(0));
    }

    fn image(&self, number: usize) -> &[Cell<'a>] {
        let start = if number == 0 { 0 } else { self.ends[number - 1] };
        &self.cells[start..self.ends[number]]
    }

    fn iter(&self) -> impl Iterator<Item = &[Cell<'a>]> {
        (0..self.len()).map(|number| self.image(number))
    }
}

/// Records, read.
pub struct Images<'a> {
    records: Vec<Result<(Part<'a>, Part<'a>), NotLanded>>,
    spellings: Vec<Spelling>,
    images: Rows<'a>,
    /// Rows among them: the others are keys.
    rows: u64,
    /// Typed column -> its place among the columns.
    typed: Vec<usize>,
    /// The typed cells, a row an image.
    cells: RecordBatch,
    /// Of each image and in it each typed column what it tells.
    tells: Vec<Tells>,
    /// Column -> images that have it.
    hits: Vec<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tells {
    Value,
    Kept,
    Absent,
}

/// A field of an object: its name, its value, and the value as it is written.
type Field<'a> = (Cow<'a, str>, Json<'a>, &'a str);

struct Reader<'t, 'a> {
    terms: &'t ImageTerms<'t>,
    /// Name -> its place among the spellings.
    spellings: HashMap<&'t str, u32>,
    images: Rows<'a>,
    /// Fields of the event in hand.
    fields: Vec<Field<'a>>,
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
/// Images of a record: its key, before and after.
const IMAGES_MAX: usize = 3;
/// Fields of an envelope beside its images.
const REST_EXPECTED: usize = 5;
/// The times of an envelope.
const TIMES: [&str; 3] = ["ts_ms", "ts_us", "ts_ns"];

impl<'a> Images<'a> {
    /// Reads records.
    pub fn read(keys: &'a BinaryViewArray, values: &'a BinaryViewArray, terms: &ImageTerms<'_>) -> Option<Self> {
        let (mut by_name, mut spellings) = (HashMap::new(), Vec::new());
        for (place, column) in terms.columns.iter().enumerate() {
            for name in column.source.iter().map(String::as_str).chain([column.name.as_str()]) {
                by_name.entry(name).or_insert_with(|| {
                    spellings.push(Spelling { name: name.to_owned(), place });
                    spellings.len() as u32 - 1
                });
            }
        }
        let place_of = |cell: &Cell<'_>| spellings[cell.spelling as usize].place;
        let (images, fields) = (Rows::default(), Vec::new());
        let mut reader =
            Reader { terms, spellings: by_name, images, fields, are_rows: Vec::new(), blocks: HashMap::new() };
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
            if row == 0 {
                // Most events of a topic have as many cells, and none that is honest more: what grows by itself is copied, and takes up
                // to twice as much.
                let each = reader.images.cells.len().min(IMAGES_MAX * terms.columns.len());
                reader.images.cells.reserve_exact(each * (keys.len() - 1));
            }
        }
        let (images, are_rows) = (reader.images, reader.are_rows);
        let typed: Vec<usize> = (0..terms.columns.len())
            .filter(|place| terms.landed[*place] == LandedAs::Made || terms.needed[*place])
            .collect();
        let forms = Forms::of(&records, &owners, terms);
        let mut open = Open::new(typed.len(), terms.reading.times);
        let (mut cells, mut tells, mut bad) = typed_cells(&images, &spellings, &typed, &forms, terms, &mut open);
        if let Some(mut settled) = open.settled() {
            (cells, tells, bad) = typed_cells(&images, &spellings, &typed, &forms, terms, &mut settled);
        }
        let harmed = images
            .iter()
            .enumerate()
            .filter(|(_, cells)| cells.iter().any(|cell| terms.is_no_text(place_of(cell), cell)));
        for image in bad.into_iter().chain(harmed.map(|(image, _)| image)) {
            records[owners[image]] = Err(NotLanded::Cell);
        }
        let (mut hits, mut rows) = (vec![0; terms.columns.len()], 0);
        for (image, cells) in images.iter().enumerate() {
            if are_rows[image] && records[owners[image]].is_ok() {
                rows += 1;
                cells.iter().for_each(|cell| hits[place_of(cell)] += 1);
            }
        }
        let fields = typed.iter().map(|place| {
            let column = &terms.columns[*place];
            ArrowField::new(column.name.as_str(), column.column_type.arrow(), true)
        });
        let options = RecordBatchOptions::new().with_row_count(Some(images.len()));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let cells = RecordBatch::try_new_with_options(schema, cells, &options).ok()?;
        Some(Images { records, spellings, images, rows, typed, cells, tells, hits })
    }

    /// The cells that are made anew, and those that are needed beside them: a row an image.
    pub fn cells(&self) -> &RecordBatch {
        &self.cells
    }

    /// How many rows there are among the images.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    fn place(&self, cell: &Cell<'_>) -> usize {
        self.spellings[cell.spelling as usize].place
    }

    /// The texts of a column as they came, of every image that has one.
    pub fn texts(&self, place: usize) -> StringViewArray {
        let mut room = String::new();
        let mut texts = StringViewBuilder::new();
        for cell in self.images.cells.iter().filter(|cell| self.place(cell) == place) {
            match cell.value {
                Json::Text(text) => match text.read(&mut room) {
                    Ok(text) => texts.append_value(text),
                    Err(_) => texts.append_value(text.written()),
                },
                Json::Null => {}
                value => texts.append_value(value.written()),
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

type Typed = (Vec<ArrayRef>, Vec<Tells>, Vec<usize>);

fn typed_cells(
    images: &Rows<'_>,
    spellings: &[Spelling],
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
    let (mut tells, mut bad, mut room) = (Vec::with_capacity(images.len() * typed.len()), Vec::new(), String::new());
    for (number, image) in images.iter().enumerate() {
        for (nth, place) in typed.iter().enumerate() {
            let column = &terms.columns[*place];
            let form = forms.of[number].get(*place).copied().unwrap_or_default();
            let mut target = Target { cells: &mut builders[nth], place: nth, beyond: column.beyond, form, open };
            let cell = image.iter().rfind(|cell| spellings[cell.spelling as usize].place == *place);
            let value = cell.map_or(Value::Absent, |cell| Value::from(cell.value));
            let pushed = push(&mut target, value, &manner, &mut room);
            let is_kept = terms.landed[*place] == LandedAs::Kept && pushed != Told::Kept;
            if is_kept && cell.is_some_and(|cell| is_undeclared(cell, column, form, terms, &mut room)) {
                bad.push(number);
            }
            tells.push(match pushed {
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
        let (mut schema, mut payload) = (None, text);
        if let Some((block, within)) = framed(text).map_err(|_| NotLanded::NoKey)? {
            (schema, payload) = (Some(self.schema(block).map_err(|_| NotLanded::NoKey)?), within);
        }
        let after = self.image(payload, NotLanded::NoKey)?;
        if matches!(after, Slot::Image(_)) {
            self.are_rows.push(false);
        }
        Ok(Frame { schema, before: Slot::Absent, after, rest: Vec::new(), block: None, is_flat: true })
    }

    fn event(&mut self, value: &'a [u8]) -> Result<Frame<'a>, NotLanded> {
        let text = std::str::from_utf8(value).map_err(|_| NotLanded::NoEvent)?;
        let mut fields = std::mem::take(&mut self.fields);
        let read = self.event_of(text, &mut fields);
        fields.clear();
        self.fields = fields;
        read
    }

    fn event_of(&mut self, text: &'a str, fields: &mut Vec<Field<'a>>) -> Result<Frame<'a>, NotLanded> {
        let no_event = |_| NotLanded::NoEvent;
        let rest = Vec::with_capacity(REST_EXPECTED);
        let mut frame =
            Frame { schema: None, before: Slot::Absent, after: Slot::Absent, rest, block: None, is_flat: false };
        each(text, &mut |field| fields.push(field)).map_err(no_event)?;
        // A heartbeat has no row that could be without its envelope.
        frame.is_flat = self.terms.reading.payload.is_flat() && !self.terms.columns.is_empty();
        if let Some((block, payload)) = framed_of(fields) {
            frame.block = Some(block);
            frame.schema = Some(self.schema(block).map_err(no_event)?);
            fields.clear();
            if frame.is_flat && payload.trim() == "null" {
                frame.after = Slot::Null;
                return Ok(frame);
            }
            each(payload, &mut |field| fields.push(field)).map_err(no_event)?;
        }
        match frame.is_flat {
            true => self.flat(fields, &mut frame)?,
            false => self.envelope(fields, &mut frame)?,
        }
        Ok(frame)
    }

    fn envelope(&mut self, fields: &mut Vec<Field<'a>>, frame: &mut Frame<'a>) -> Result<(), NotLanded> {
        let mut is_told = false;
        for (name, value, written) in fields.drain(..) {
            match (name.as_ref(), value) {
                ("before", _) => frame.before = self.row(written)?,
                ("after", _) => frame.after = self.row(written)?,
                ("op", Json::Text(op)) if op.plain().is_some_and(|op| op.len() == 1) => {
                    is_told = true;
                    frame.rest.push(("op", written.into()));
                }
                ("source", Json::Nested(source)) => {
                    is_told |= self.terms.columns.is_empty();
                    frame.rest.push(("source", source_of(source).map_err(|_| NotLanded::NoEvent)?.into()));
                }
                (name, Json::Number(_)) => {
                    if let Some(time) = TIMES.into_iter().find(|time| *time == name) {
                        // A heartbeat tells its time and nothing else.
                        is_told |= self.terms.columns.is_empty();
                        frame.rest.push((time, written.into()));
                    }
                }
                _ => {}
            }
        }
        if is_told { Ok(()) } else { Err(NotLanded::NoEvent) }
    }

    /// A row without an envelope: what stands beside its fields is landed as it came, as far as it is known and no text of more than a
    /// place in a log.
    fn flat(&mut self, fields: &mut Vec<Field<'a>>, frame: &mut Frame<'a>) -> Result<(), NotLanded> {
        let mut is_declared = true;
        for (name, value, written) in fields.drain(..) {
            match BESIDE.into_iter().find(|known| *known == name) {
                Some(known) if is_of_a_log(value) => frame.rest.push((known, written.into())),
                Some(_) => {}
                None => is_declared &= self.cell(&name, value),
            }
        }
        if !is_declared {
            return Err(NotLanded::NewField);
        }
        frame.after = Slot::Image(self.images.end());
        self.are_rows.push(true);
        Ok(())
    }

    /// A schema block as it is landed.
    fn schema(&mut self, block: &'a str) -> Result<Arc<str>, NotJson> {
        if let Some(known) = self.blocks.get(block) {
            return Ok(Arc::clone(known));
        }
        let mut bare: serde_json::Value = serde_json::from_str(block).map_err(|_| NotJson)?;
        without_defaults(&mut bare);
        let made: Arc<str> = bare.to_string().into();
        self.blocks.insert(block, Arc::clone(&made));
        Ok(made)
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
        let mut is_declared = true;
        each(text, &mut |(name, value, _)| is_declared &= self.cell(&name, value)).map_err(|_| fault)?;
        if is_declared { Ok(Slot::Image(self.images.end())) } else { Err(NotLanded::NewField) }
    }

    /// Adds a cell to the image in hand; whether it may be there.
    fn cell(&mut self, name: &str, value: Json<'a>) -> bool {
        match self.spellings.get(name) {
            Some(spelling) => self.images.cells.push(Cell { spelling: *spelling, value }),
            None => return self.terms.leaves_new_out,
        }
        true
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

/// Hands out the fields of an object.
fn each<'a>(text: &'a str, of: &mut dyn FnMut(Field<'a>)) -> Result<(), NotJson> {
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
        of((name, value, written));
        goes_on = scanner.more()?;
    }
    scanner.end()
}

/// The schema block beside a payload, and the payload, where a text has both.
fn framed(text: &str) -> Result<Option<(&str, &str)>, NotJson> {
    let mut fields = Vec::new();
    each(text, &mut |field| fields.push(field))?;
    Ok(framed_of(&fields))
}

/// The same of fields.
fn framed_of<'a>(fields: &[Field<'a>]) -> Option<(&'a str, &'a str)> {
    let schema = fields.iter().rfind(|(name, value, _)| name == "schema" && matches!(value, Json::Nested(_)));
    let payload = fields.iter().rfind(|(name, ..)| name == "payload");
    schema.zip(payload).map(|((.., block), (.., payload))| (*block, *payload))
}

fn source_of(text: &str) -> Result<String, NotJson> {
    let mut out = String::with_capacity(text.len());
    out.push('{');
    each(text, &mut |(name, value, written)| {
        if let Some(known) = SOURCE.iter().find(|known| **known == name)
            && !matches!(value, Json::Nested(_))
        {
            field(known, written, &mut out);
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
