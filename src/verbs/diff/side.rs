//! Files -> a side of a comparison: which columns there are in all of them, and their rows, read where they lie.
//!
//! Never in here: what a file's columns are (`learn`).

use super::learn::{Learned, Open, learn, told};
use super::paths::SideFile;
use crate::data::conform::conform;
use crate::data::{Column, ColumnType, Name, Schema};
use crate::format::jsonl_blocks::TextRows;
use crate::format::ranged::Ranged;
use crate::format::{FormatFault, Rows, csv, with_absent};
use crate::reconcile::diff::{Batches, Found, InputFault, Piece, Side, common, keep_rows};
use arrow::array::{Array, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, Schema as ArrowSchema};
use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::Arc;

/// Rows read at once.
const BATCH_ROWS: usize = 8_192;
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
            Box::new(TextRows::new(text, names, BATCH_ROWS))
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
    Column::plain(Name::new("cell").unwrap_or_else(|_| unreachable!("`cell` is a name")), column_type)
}

fn state(file: &File) -> Option<(u64, i64, i64)> {
    let about = file.metadata().ok()?;
    Some((about.len(), about.mtime(), about.mtime_nsec()))
}

fn input(file: &SideFile, fault: FormatFault) -> InputFault {
    InputFault { file: file.name.clone(), fault: fault.fault, row: fault.row }
}
