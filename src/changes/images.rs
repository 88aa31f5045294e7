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

use super::blocks::SchemaBlocks;
use super::cell::{Manner, Target, Told, push};
use super::form::Open;
use super::reading::Reading;
use super::scan::{Json, NotJson, Scanner};
use super::value::Value;
use crate::data::Column;
use crate::data::cell::CellBuilder;
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryViewArray, RecordBatch, RecordBatchOptions, StringViewArray, StringViewBuilder,
};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Field, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, Schema,
    TimeUnit, TimestampMicrosecondType,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

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
    /// Columns that are needed typed besides those that are made.
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
    /// A cell that has to be made anew is no value of its column.
    Cell,
}

impl NotLanded {
    /// In words.
    pub fn phrase(self) -> &'static str {
        match self {
            NotLanded::NoEvent => "its value is no change event",
            NotLanded::NoKey => "its key is no row",
            NotLanded::NewField => "it has a field that no schema declares",
            NotLanded::Cell => "a value that has to be treated is none of its column",
        }
    }
}

/// A field of an image, by the place of its column.
struct Cell<'a> {
    place: usize,
    name: String,
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
    room: String,
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
        let mut reader = Reader {
            terms,
            places,
            images: Vec::new(),
            are_rows: Vec::new(),
            room: String::new(),
            blocks: HashMap::new(),
        };
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
        for image in bad {
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

    /// Key and value of a record with the cells of `made`, which are those of [`Images::cells`] as they are landed, by name.
    /// `None` where it is not landed, or a cell of `made` is of a type that no event holds.
    pub fn write(
        &self,
        record: usize,
        made: &RecordBatch,
        terms: &ImageTerms<'_>,
    ) -> Option<(Option<String>, Option<String>)> {
        let (key, value) = self.records.get(record)?.as_ref().ok()?;
        let part = |part: &Part<'_>| -> Option<Option<String>> {
            let (frame, is_event) = match part {
                Part::None => return Some(None),
                Part::Key(frame) => (frame, false),
                Part::Event(frame) => (frame, true),
            };
            let mut out = String::new();
            if let Some(schema) = &frame.schema {
                write!(out, "{{\"schema\":{schema},\"payload\":").ok()?;
            }
            if is_event {
                out.push('{');
                for (name, slot) in [("before", &frame.before), ("after", &frame.after)] {
                    if !matches!(slot, Slot::Absent) {
                        comma(&mut out);
                        write!(out, "\"{name}\":").ok()?;
                        self.slot(slot, made, terms, &mut out)?;
                    }
                }
                for (name, text) in &frame.rest {
                    comma(&mut out);
                    write!(out, "\"{name}\":{text}").ok()?;
                }
                out.push('}');
            } else {
                self.slot(&frame.after, made, terms, &mut out)?;
            }
            if frame.schema.is_some() {
                out.push('}');
            }
            Some(Some(out))
        };
        Some((part(key)?, part(value)?))
    }

    fn slot(&self, slot: &Slot, made: &RecordBatch, terms: &ImageTerms<'_>, out: &mut String) -> Option<()> {
        let Slot::Image(image) = slot else {
            out.push_str("null");
            return Some(());
        };
        out.push('{');
        let cells = &self.images[*image];
        for (at, cell) in cells.iter().enumerate() {
            // Of a field that is there twice the last one counts.
            if cells[at + 1..].iter().any(|later| later.place == cell.place && later.name == cell.name) {
                continue;
            }
            if terms.landed[cell.place] == LandedAs::LeftOut {
                continue;
            }
            comma(out);
            quote(&cell.name, out)?;
            out.push(':');
            match terms.landed[cell.place] {
                LandedAs::Kept => out.push_str(cell.written),
                LandedAs::Made => {
                    let nth = self.typed.iter().position(|place| *place == cell.place)?;
                    match self.tells[*image][nth] {
                        Tells::Kept => quote(&terms.reading.placeholder, out)?,
                        _ => printed(made.column_by_name(terms.columns[cell.place].name.as_str())?, *image, out)?,
                    }
                }
                LandedAs::Nulled | LandedAs::LeftOut => out.push_str("null"),
            }
        }
        out.push('}');
        Some(())
    }
}

/// The forms by the schema block of each image's record.
struct Forms {
    of: Vec<Arc<[super::form::Form]>>,
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
            told.push(match push(&mut target, value, &manner, &mut room) {
                Told::Value => Tells::Value,
                Told::Kept => Tells::Kept,
                Told::Unknown(_) => {
                    if cell.is_some() {
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
        Ok(Frame { schema, before: Slot::Absent, after, rest: Vec::new(), block: None })
    }

    fn event(&mut self, value: &'a [u8]) -> Result<Frame<'a>, NotLanded> {
        let no_event = |_| NotLanded::NoEvent;
        let text = std::str::from_utf8(value).map_err(|_| NotLanded::NoEvent)?;
        let block = block(text).map_err(no_event)?;
        let (schema, payload) = self.unframed(text).map_err(no_event)?;
        let mut frame = Frame { schema, before: Slot::Absent, after: Slot::Absent, rest: Vec::new(), block };
        let mut is_told = false;
        let mut fields = Vec::new();
        each(payload, &mut self.room, &mut |name, value, written| fields.push((name.to_owned(), value, written)))
            .map_err(no_event)?;
        for (name, value, written) in fields {
            match (name.as_str(), value) {
                ("before", _) => frame.before = self.row(written)?,
                ("after", _) => frame.after = self.row(written)?,
                ("op", Json::Text(op)) if op.plain().is_some_and(|op| op.len() == 1) => {
                    is_told = true;
                    frame.rest.push(("op", written.to_owned()));
                }
                ("source", Json::Nested(source)) => {
                    is_told |= self.terms.columns.is_empty();
                    frame.rest.push(("source", source_of(source, &mut self.room).map_err(no_event)?));
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

    /// The schema block beside a payload, and the payload; the whole where there is none.
    fn unframed(&mut self, text: &'a str) -> Result<(Option<Arc<str>>, &'a str), NotJson> {
        let Some(found) = block(text)? else { return Ok((None, text)) };
        let mut payload = None;
        each(text, &mut self.room, &mut |name, _, written| {
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
        let mut cells = Vec::new();
        let (places, leaves_out) = (&self.places, self.terms.leaves_new_out);
        let mut is_new = false;
        each(text, &mut self.room, &mut |name, value, written| match places.get(name) {
            Some(place) => cells.push(Cell { place: *place, name: name.to_owned(), value, written }),
            None => is_new |= !leaves_out,
        })
        .map_err(|_| fault)?;
        if is_new {
            return Err(NotLanded::NewField);
        }
        self.images.push(cells);
        Ok(Slot::Image(self.images.len() - 1))
    }
}

/// Hands out the fields of an object: name, value, and the value as it is written.
fn each<'a>(text: &'a str, room: &mut String, of: &mut dyn FnMut(&str, Json<'a>, &'a str)) -> Result<(), NotJson> {
    let mut scanner = Scanner::new(text);
    let mut goes_on = scanner.enter()?;
    while goes_on {
        let name = scanner.name()?;
        let mut ahead = scanner.clone();
        let value = ahead.value()?;
        let written = scanner.upto(&ahead);
        scanner = ahead;
        of(name.read(room)?, value, written);
        goes_on = scanner.more()?;
    }
    scanner.end()
}

/// The schema block of a value that has one beside its payload.
fn block(text: &str) -> Result<Option<&str>, NotJson> {
    let (mut schema, mut has_payload) = (None, false);
    each(text, &mut String::new(), &mut |name, value, written| match (name, value) {
        ("schema", Json::Nested(_)) => schema = Some(written),
        ("payload", _) => has_payload = true,
        _ => {}
    })?;
    Ok(schema.filter(|_| has_payload))
}

fn source_of(text: &str, room: &mut String) -> Result<String, NotJson> {
    let mut out = String::from("{");
    each(text, room, &mut |name, value, written| {
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

fn comma(out: &mut String) {
    if !out.ends_with(['{', '[']) {
        out.push(',');
    }
}

fn quote(text: &str, out: &mut String) -> Option<()> {
    out.push_str(&serde_json::to_string(text).ok()?);
    Some(())
}

/// A cell as an event holds it, in a form that no configuration of a connector makes another value of.
fn printed(cells: &ArrayRef, row: usize, out: &mut String) -> Option<()> {
    if cells.is_null(row) {
        out.push_str("null");
        return Some(());
    }
    match cells.data_type() {
        DataType::Utf8View => return quote(cells.as_string_view().value(row), out),
        DataType::Int16 => write!(out, "{}", cells.as_primitive::<Int16Type>().value(row)),
        DataType::Int32 => write!(out, "{}", cells.as_primitive::<Int32Type>().value(row)),
        DataType::Int64 => write!(out, "{}", cells.as_primitive::<Int64Type>().value(row)),
        DataType::Float32 => write!(out, "{}", cells.as_primitive::<Float32Type>().value(row)),
        DataType::Float64 => write!(out, "{}", cells.as_primitive::<Float64Type>().value(row)),
        DataType::Boolean => write!(out, "{}", cells.as_boolean().value(row)),
        DataType::Decimal128(_, scale) => {
            let units = cells.as_primitive::<Decimal128Type>().value(row);
            write!(out, "{{\"scale\":{scale},\"value\":\"{}\"}}", STANDARD.encode(units.to_be_bytes()))
        }
        DataType::Date32 => {
            let day = cells.as_primitive::<Date32Type>().value_as_date(row)?;
            write!(out, "\"{}\"", day.format("%Y-%m-%d"))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            let moment = cells.as_primitive::<TimestampMicrosecondType>().value_as_datetime(row)?;
            write!(out, "\"{}Z\"", moment.format("%Y-%m-%dT%H:%M:%S%.6f"))
        }
        _ => return None,
    }
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::value::testing;
    use serde_json::json;

    const COLUMNS: [(&str, &str, LandedAs); 6] = [
        ("id", "bigint", LandedAs::Kept),
        ("email", "text", LandedAs::Made),
        ("born", "date", LandedAs::Made),
        ("name", "text", LandedAs::LeftOut),
        ("note", "text", LandedAs::Nulled),
        ("doc", "jsonb", LandedAs::Kept),
    ];

    fn columns() -> Vec<Column> {
        COLUMNS.iter().map(|(name, word, _)| testing::column(name, word)).collect()
    }

    /// Key and value as they are landed, where every text that is made is `<email>` and every date its first of January.
    fn landed(key: Option<&str>, value: Option<&str>, leaves_new_out: bool) -> Result<[Option<String>; 2], NotLanded> {
        let (columns, reading) = (columns(), Reading::default());
        let landed = COLUMNS.map(|column| column.2);
        let terms = ImageTerms {
            columns: &columns,
            landed: &landed,
            needed: &[false; COLUMNS.len()],
            leaves_new_out,
            reading: &reading,
        };
        let bytes = |text: Option<&str>| BinaryViewArray::from(vec![text.map(str::as_bytes)]);
        let (keys, values) = (bytes(key), bytes(value));
        let images = Images::read(&keys, &values, &terms).expect("images");
        if let Some(because) = images.not_landed(0) {
            return Err(because);
        }
        let cells = images.cells();
        let email = cells.column(0).as_string_view().iter().map(|cell| cell.map(|_| "<email>"));
        let made: Vec<ArrayRef> = vec![Arc::new(email.collect::<StringViewArray>()), cells.column(1).clone()];
        let made = RecordBatch::try_new(cells.schema(), made).expect("cells");
        let (key, value) = images.write(0, &made, &terms).expect("written");
        Ok([key, value])
    }

    fn value(value: &str) -> Result<String, NotLanded> {
        landed(None, Some(value), false).map(|[_, value]| value.expect("a value"))
    }

    #[test]
    fn lands_both_images_and_the_key_with_other_cells_and_nothing_that_nobody_named() {
        let event = r#" {"before": {"id": 7, "email": "a\u0040b.c", "born": 1, "name": "Wren", "note": null}, "op":"u",
            "after":{"id":7.0,"email":null,"born":null,"name":"Wren","note":"Wren","doc":"{\"a\": 1}"}, "who":"Wren",
            "source":{"txId":5,"query":"Wren","table":"t","more":{"a":"Wren"},"sequence":"[\"1\",\"2\"]"},
            "transaction":{"id":"Wren"},"ts_ms":9} "#;
        let expected = concat!(
            r#"{"before":{"id":7,"email":"<email>","born":"1970-01-02","note":null},"#,
            r#""after":{"id":7.0,"email":null,"born":null,"note":null,"doc":"{\"a\": 1}"},"#,
            r#""op":"u","source":{"txId":5,"table":"t","sequence":"[\"1\",\"2\"]"},"ts_ms":9}"#
        );
        let [key, value] = landed(Some(r#"{"id":7,"email":"a@b.c"}"#), Some(event), false).expect("landed");
        assert_eq!(value.as_deref(), Some(expected));
        assert_eq!(key.as_deref(), Some(r#"{"id":7,"email":"<email>"}"#));
        // A tombstone keeps its key.
        let [key, value] = landed(Some(r#"{"id":7}"#), None, false).expect("landed");
        assert_eq!((key.as_deref(), value), (Some(r#"{"id":7}"#), None));
    }

    #[test]
    fn keeps_what_stands_for_an_untouched_value_and_of_a_field_twice_the_last() {
        let event = r#"{"after":{"id":1,"email":"__debezium_unavailable_value","born":3,"email":"x","email":"__debezium_unavailable_value"},"op":"u"}"#;
        let expected = r#"{"after":{"id":1,"born":"1970-01-04","email":"__debezium_unavailable_value"},"op":"u"}"#;
        assert_eq!(value(event).as_deref(), Ok(expected));
        assert_eq!(
            value(r#"{"before":null,"after":null,"op":"d"}"#).as_deref(),
            Ok(r#"{"before":null,"after":null,"op":"d"}"#)
        );
    }

    #[test]
    fn takes_out_of_a_schema_block_what_a_column_is_by_itself() {
        let event = r#"{"schema":{"type":"struct","fields":[{"field":"email","type":"string","default":"wren@example.org"}]},
            "payload":{"after":{"id":1,"email":"x"},"op":"c"}}"#;
        let landed: serde_json::Value = serde_json::from_str(&value(event).expect("landed")).expect("JSON");
        let schema = json!({"type": "struct", "fields": [{"field": "email", "type": "string"}]});
        assert_eq!(landed, json!({"schema": schema, "payload": {"after": {"id": 1, "email": "<email>"}, "op": "c"}}));
    }

    #[test]
    fn does_not_land_what_it_cannot_read_or_nobody_declared() {
        for event in [
            "",
            "1",
            "{",
            "[]",
            "null1",
            "Wren",
            r#"{"after":{"id":1}}"#,
            r#"{"after":[1],"op":"c"}"#,
            r#"{"op":"c"} x"#,
        ] {
            assert_eq!(value(event), Err(NotLanded::NoEvent), "{event}");
        }
        let new = r#"{"after":{"id":1,"mail":"wren@example.org"},"op":"c"}"#;
        assert_eq!(value(new), Err(NotLanded::NewField));
        let withheld = landed(None, Some(new), true).expect("landed");
        assert_eq!(withheld[1].as_deref(), Some(r#"{"after":{"id":1},"op":"c"}"#));
        for cell in [r#""soon""#, "true", "[1]", "9999999999999"] {
            let event = format!(r#"{{"before":{{"born":{cell}}},"after":{{"id":1}},"op":"u"}}"#);
            assert_eq!(value(&event), Err(NotLanded::Cell), "{cell}");
        }
        for key in ["wren@example.org", "7", r#"{"id":1"#] {
            assert_eq!(landed(Some(key), None, false), Err(NotLanded::NoKey), "{key}");
        }
        let bad = BinaryViewArray::from(vec![Some(b"\xff{}".as_slice())]);
        let reading = Reading::default();
        let terms = ImageTerms { columns: &[], landed: &[], needed: &[], leaves_new_out: true, reading: &reading };
        let images = Images::read(&bad, &bad, &terms).expect("images");
        assert_eq!(images.not_landed(0), Some(NotLanded::NoKey));
    }

    #[test]
    fn lands_of_a_heartbeat_its_time_and_where_it_stands() {
        let reading = Reading::default();
        let terms = ImageTerms { columns: &[], landed: &[], needed: &[], leaves_new_out: true, reading: &reading };
        let keys = BinaryViewArray::from(vec![Some(br#"{"serverName":"Wren"}"#.as_slice()); 2]);
        let beats = [r#"{"ts_ms":5,"who":"Wren"}"#, r#"{"after":{"id":"Wren"},"source":{"txId":3},"op":"u"}"#];
        let values = BinaryViewArray::from_iter_values(beats.iter().map(|beat| beat.as_bytes()));
        let images = Images::read(&keys, &values, &terms).expect("images");
        let landed = |at| images.write(at, images.cells(), &terms).expect("landed");
        assert_eq!(landed(0), (Some("{}".into()), Some(r#"{"ts_ms":5}"#.into())));
        assert_eq!(landed(1).1.as_deref(), Some(r#"{"after":{},"source":{"txId":3},"op":"u"}"#));
    }
}
