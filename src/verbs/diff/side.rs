//! Files -> a side of a comparison: which columns there are in all of them, and their rows, read where they lie.
//!
//! A schema says what its columns are and what they are called; without one Parquet's columns are of their own types, those of
//! JSON lines of the types that all their values have, and those of CSV are text.

use super::paths::{Holds, SideFile};
use crate::data::conform::conform;
use crate::data::drift::is_tellable;
use crate::data::{Class, Column, ColumnType, Name, Schema};
use crate::format::jsonl_blocks::{self, Blocks, Held};
use crate::format::parquet_scan::ParquetScan;
use crate::format::ranged::{From, Ranged};
use crate::format::{DECODED_BYTES_MAX, FormatFault, Rows, csv, with_absent};
use crate::reconcile::diff::{Batches, Found, InputFault, Piece, Side, common, keep_rows};
use arrow::array::{Array, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, Schema as ArrowSchema};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::Arc;

/// Rows read at once.
const BATCH_ROWS: usize = 8_192;
/// Digits that a decimal holds.
const DIGITS_MAX: usize = 38;

/// Digits of which a double keeps every one.
const DOUBLE_DIGITS: usize = 15;

/// A file that stays open.
struct OpenFile {
    file: File,
    bytes: u64,
}

impl Ranged for OpenFile {
    fn length(&self) -> u64 {
        self.bytes
    }

    fn read_at(&self, start: u64, into: &mut [u8]) -> std::io::Result<()> {
        self.file.read_exact_at(into, start)
    }
}

/// A side.
pub struct FileSide {
    columns: Vec<Found>,
    pieces: Vec<Piece>,
    parts: Vec<Part>,
    /// Each file's length and last change, as they were.
    states: Vec<(SideFile, (u64, i64, i64))>,
}

/// What a piece is of a file.
struct Part {
    open: Open,
    /// For each column of the side, its place in the file.
    places: Vec<Option<usize>>,
    /// And the type that its text is read as, where that is known.
    declared: Vec<Option<ColumnType>>,
}

#[derive(Clone)]
enum Open {
    Group(ParquetScan, usize),
    Csv(Text, Vec<String>),
    JsonLines(Text, Vec<String>),
}

/// A text from its first byte, as often as is needed.
#[derive(Clone)]
struct Text {
    bytes: Arc<dyn Ranged>,
    file: SideFile,
}

impl Text {
    fn open(&self) -> Result<Box<dyn Read + Send>, FormatFault> {
        self.file.packed.stream(From::new(Arc::clone(&self.bytes), 0), DECODED_BYTES_MAX)
    }
}

/// A file whose columns are known.
struct Learned {
    columns: Vec<(String, DataType, Option<ColumnType>)>,
    pieces: Vec<(Open, u64, Option<u64>)>,
}

impl FileSide {
    /// Opens every file; `key` is what a header of CSV must name.
    pub fn open(files: Vec<SideFile>, schema: Option<&Schema>, key: &[String]) -> Result<Self, InputFault> {
        let mut side = FileSide { columns: Vec::new(), pieces: Vec::new(), parts: Vec::new(), states: Vec::new() };
        let mut learned = Vec::new();
        for file in files {
            let fault = |fault: &str| input(&file, FormatFault::new(fault));
            let opened = File::open(&file.path).map_err(|_| fault("is not there, or may not be read"))?;
            let state = state(&opened).ok_or_else(|| fault("cannot be looked at"))?;
            let bytes: Arc<dyn Ranged> = Arc::new(OpenFile { bytes: state.0, file: opened });
            let known = learn(&file, bytes, schema, key).map_err(|fault| input(&file, fault))?;
            side.states.push((file.clone(), state));
            learned.push((file, known));
        }
        for (file, known) in &learned {
            side.join(known).map_err(|fault| input(file, fault))?;
        }
        for (file, known) in learned {
            let place = |column: &Found| known.columns.iter().position(|(name, ..)| *name == column.name);
            let places: Vec<Option<usize>> = side.columns.iter().map(place).collect();
            let declared: Vec<_> = places.iter().map(|place| place.and_then(|place| known.columns[place].2)).collect();
            for (open, first, rows) in known.pieces {
                side.pieces.push(Piece { file: file.name.clone(), first, rows });
                side.parts.push(Part { open, places: places.clone(), declared: declared.clone() });
            }
        }
        Ok(side)
    }

    /// Takes a file's columns into the side's.
    fn join(&mut self, file: &Learned) -> Result<(), FormatFault> {
        let mut names = BTreeSet::new();
        for (name, data_type, _) in &file.columns {
            if !names.insert(name) {
                return Err(FormatFault::new(format!("has {} twice", told(name))));
            }
            let Some(place) = self.columns.iter().position(|column| column.name == *name) else {
                self.columns.push(Found { name: name.clone(), data_type: data_type.clone() });
                continue;
            };
            let column = &mut self.columns[place];
            if column.data_type != *data_type {
                let shared = common(&column.data_type, data_type);
                let other = || FormatFault::new(format!("has another type of {} than the files before it", told(name)));
                column.data_type = shared.ok_or_else(other)?;
            }
        }
        Ok(())
    }

    /// JSON lines without a line have no columns: they are taken to have those of the other side, and no value in them.
    pub fn be_like(&mut self, other: &FileSide) {
        if !self.columns.is_empty() {
            return;
        }
        let without = |column: &Found| Found { name: column.name.clone(), data_type: DataType::Null };
        self.columns = other.columns.iter().map(without).collect();
        for part in &mut self.parts {
            part.places = vec![None; other.columns.len()];
            part.declared = vec![None; other.columns.len()];
        }
    }

    /// Whether the files are still what they were when they were opened.
    pub fn is_unchanged(&self) -> bool {
        let now = |file: &SideFile| File::open(&file.path).ok().and_then(|file| state(&file));
        self.states.iter().all(|(file, then)| now(file) == Some(*then))
    }
}

impl Side for FileSide {
    fn columns(&self) -> &[Found] {
        &self.columns
    }

    fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    fn read(&self, piece: usize, columns: &[usize], keep: Option<Vec<u32>>) -> Batches {
        let (part, about) = (&self.parts[piece], self.pieces[piece].clone());
        let places: Vec<Option<usize>> = columns.iter().map(|column| part.places[*column]).collect();
        let declared: Vec<Option<ColumnType>> = columns.iter().map(|column| part.declared[*column]).collect();
        let names: Vec<String> = columns.iter().map(|column| self.columns[*column].name.clone()).collect();
        let is_group = matches!(part.open, Open::Group(..));
        let rows = rows(&part.open, &places, keep.as_deref().filter(|_| is_group));
        let mut read = 0;
        let batches = rows.map(move |batch| {
            let fault = |fault: FormatFault, first: u64| InputFault {
                file: about.file.clone(),
                fault: fault.fault,
                row: fault.row.map(|row| row + first),
            };
            let batch = batch.map_err(|found| fault(found, about.first))?;
            let batch = typed(&batch, &declared, &names).map_err(|found| fault(found, about.first + read))?;
            read += batch.num_rows() as u64;
            Ok(batch)
        });
        match keep {
            Some(keep) if !is_group => keep_rows(Box::new(batches), keep),
            _ => Box::new(batches),
        }
    }
}

/// The rows of a piece, a NULL for every column that it lacks.
fn rows(open: &Open, places: &[Option<usize>], keep: Option<&[u32]>) -> Rows {
    let there: Vec<usize> = places.iter().flatten().copied().collect();
    let places = places.to_vec();
    let opened = match open {
        Open::Group(scan, group) => Ok(scan.rows(*group, &there, BATCH_ROWS, keep)),
        Open::Csv(text, header) => text.open().and_then(|text| {
            let is_header = |names: &[&str]| names.iter().eq(header.iter());
            csv::open_stream(text, &is_header).map(|opened| opened.rows(there, BATCH_ROWS))
        }),
        Open::JsonLines(text, names) => text.open().map(|text| -> Rows {
            let names: Vec<String> = there.iter().map(|place| names[*place].clone()).collect();
            let rows = Blocks::new(text).flat_map(move |block| -> Rows {
                // Rows of a block are counted from its own first.
                let nowhere = |fault: FormatFault| FormatFault { row: None, ..fault };
                match block.and_then(|block| jsonl_blocks::rows(block, &names, BATCH_ROWS)) {
                    Ok(rows) => Box::new(rows.map(move |batch| batch.map_err(nowhere))),
                    Err(fault) => Box::new(std::iter::once(Err(nowhere(fault)))),
                }
            });
            Box::new(rows)
        }),
    };
    match opened {
        Ok(rows) => Box::new(rows.map(move |batch| batch.map(|batch| with_absent(&batch, &places)))),
        Err(fault) => Box::new(std::iter::once(Err(fault))),
    }
}

/// The batch with its declared columns read as they are declared.
fn typed(batch: &RecordBatch, declared: &[Option<ColumnType>], names: &[String]) -> Result<RecordBatch, FormatFault> {
    let mut columns = batch.columns().to_vec();
    for (place, column_type) in declared.iter().enumerate().filter_map(|(place, found)| Some((place, (*found)?))) {
        let one = batch.project(&[place]).map_err(|_| FormatFault::new("has columns of other lengths"))?;
        let told = told(&names[place]);
        let drift = |_| FormatFault::new(format!("has {told} of a type that cannot be read as {column_type}"));
        let read = conform(&one, &[&column(column_type)], 0, Vec::new()).map_err(drift)?;
        if let Some(bad) = read.bad.first() {
            return Err(FormatFault::at(bad.ordinal, format!("holds in {told} {}", bad.fault)));
        }
        columns[place] = Arc::clone(read.rows.column(0));
    }
    let fields = columns.iter().zip(names).map(|(cells, name)| Field::new(name, cells.data_type().clone(), true));
    let schema = Arc::new(ArrowSchema::new(fields.collect::<Vec<_>>()));
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let typed = RecordBatch::try_new_with_options(schema, columns, &options);
    typed.map_err(|_| FormatFault::new("has columns of other lengths"))
}

/// A column of a schema that says no more than a type.
fn column(column_type: ColumnType) -> Column {
    Column {
        name: Name::new("cell").unwrap_or_else(|_| unreachable!("`cell` is a name")),
        column_type,
        class: Class::Open,
        kind: None,
        source: Vec::new(),
        nullable: true,
        unit: None,
        description: None,
        references: None,
        treat: Default::default(),
    }
}

fn learn(
    file: &SideFile,
    bytes: Arc<dyn Ranged>,
    schema: Option<&Schema>,
    key: &[String],
) -> Result<Learned, FormatFault> {
    let text = Text { bytes: Arc::clone(&bytes), file: file.clone() };
    // The name and type that the schema has for a column of the file.
    let known = |name: &str| {
        let column = schema?.columns.iter().find(|column| column.is_spelt(name) || column.name.as_str() == name)?;
        Some((column.name.to_string(), column.column_type.arrow(), Some(column.column_type)))
    };
    match file.holds {
        Holds::Parquet => {
            let scan = ParquetScan::open(whole(&text, bytes)?)?;
            let columns = scan.columns().into_iter();
            let columns = columns.map(|(name, data_type)| known(&name).unwrap_or((name, data_type, None))).collect();
            let mut first = 0;
            let groups = scan.groups().into_iter().enumerate().map(|(group, rows)| {
                first += rows;
                (Open::Group(scan.clone(), group), first - rows, Some(rows))
            });
            Ok(Learned { columns, pieces: groups.collect() })
        }
        Holds::Csv => {
            let is_header = |names: &[&str]| {
                let named = |key: &String| {
                    names.iter().any(|name| name == key || known(name).is_some_and(|(name, ..)| name == *key))
                };
                key.iter().all(named)
            };
            let opened = csv::open_stream(text.open()?, &is_header)?;
            let header: Vec<String> = opened.columns.into_iter().map(|(name, _)| name).collect();
            let columns = header.iter().map(|name| known(name).unwrap_or((name.clone(), DataType::Utf8View, None)));
            Ok(Learned { columns: columns.collect(), pieces: vec![(Open::Csv(text, header.clone()), 0, None)] })
        }
        Holds::JsonLines => {
            let (mut fields, mut rows): (Vec<(String, Held)>, u64) = (Vec::new(), 0);
            for block in Blocks::new(text.open()?) {
                let at = |fault: FormatFault| FormatFault { row: fault.row.map(|row| row + rows), ..fault };
                let (found, count) = jsonl_blocks::fields(&block?).map_err(at)?;
                rows += count;
                for (name, held) in found {
                    match fields.iter_mut().find(|(known, _)| *known == name) {
                        Some((_, before)) => before.add(held),
                        None => fields.push((name, held)),
                    }
                }
            }
            let columns = fields.iter().map(|(name, held)| match known(name) {
                Some(known) => Ok(known),
                None => held_type(name, *held).map(|(data_type, declared)| (name.clone(), data_type, declared)),
            });
            let columns = columns.collect::<Result<Vec<_>, _>>()?;
            let names = fields.into_iter().map(|(name, _)| name).collect();
            Ok(Learned { columns, pieces: vec![(Open::JsonLines(text, names), 0, Some(rows))] })
        }
    }
}

/// Parquet that somebody packed once more has to lie in memory.
fn whole(text: &Text, bytes: Arc<dyn Ranged>) -> Result<Arc<dyn Ranged>, FormatFault> {
    if text.file.packed == crate::format::compression::Compression::Plain {
        return Ok(bytes);
    }
    let mut unpacked = Vec::new();
    let read = text.open()?.read_to_end(&mut unpacked);
    read.map_err(|_| FormatFault::new("cannot be read or unpacked to its end"))?;
    Ok(Arc::new(bytes::Bytes::from(unpacked)))
}

/// The type of a field of JSON, by all its values.
fn held_type(name: &str, held: Held) -> Result<(DataType, Option<ColumnType>), FormatFault> {
    let declared = |column_type: ColumnType| Ok((column_type.arrow(), Some(column_type)));
    let several = || {
        let told = told(name);
        let fault = format!(
            "holds in {told} values of several types, or of more digits than are read without being told; hint: `--schema` says what they are"
        );
        Err(FormatFault::new(fault))
    };
    match (held.texts, held.truths, held.nested, held.numbers) {
        (false, false, false, false) => Ok((DataType::Null, None)),
        (true, false, false, false) | (false, false, true, false) => Ok((DataType::Utf8View, None)),
        (false, true, false, false) => declared(ColumnType::Boolean),
        (false, false, false, true) if held.exponents && held.whole + held.fraction <= DOUBLE_DIGITS => {
            declared(ColumnType::Double)
        }
        (false, false, false, true) if held.exponents => several(),
        (false, false, false, true) if held.fraction == 0 && held.whole <= 18 => declared(ColumnType::Bigint),
        (false, false, false, true) if held.whole + held.fraction <= DIGITS_MAX => {
            declared(ColumnType::Numeric { precision: DIGITS_MAX as u8, scale: held.fraction as u8 })
        }
        _ => several(),
    }
}

/// What messages call a column.
pub fn told(name: &str) -> String {
    if is_tellable(name) { format!("`{name}`") } else { "a column (its name is not repeated)".into() }
}

fn state(file: &File) -> Option<(u64, i64, i64)> {
    let about = file.metadata().ok()?;
    Some((about.len(), about.mtime(), about.mtime_nsec()))
}

fn input(file: &SideFile, fault: FormatFault) -> InputFault {
    InputFault { file: file.name.clone(), fault: fault.fault, row: fault.row }
}
