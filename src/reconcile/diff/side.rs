//! One side of a comparison, read in lanes: batches in the types in which both sides are compared, each row with its number.
//!
//! ```text
//! pieces of known length     every lane takes the next piece that no lane has: a lane a core
//! pieces of unknown length   one lane, which counts as it goes
//! ```
//!
//! Row numbers go through a side from its first piece to its last, whoever reads which piece when.

use super::DiffFault;
use super::align::{Aligned, Found, read_as};
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use std::collections::VecDeque;
use std::sync::Arc;

/// Rows of one side, at most: their numbers are kept in 32 bits.
pub const ROWS_MAX: u64 = u32::MAX as u64;

/// A dataset that can be read again and again, and is the same each time.
pub trait Side: Sync {
    /// Its columns.
    fn columns(&self) -> &[Found];

    /// Its parts, in order.
    fn pieces(&self) -> &[Piece];

    /// The rows of a part: the columns at the places `columns`, in that order, each of the type that [`Side::columns`] says or
    /// of one that it holds ([`super::common`]; `Null` where the part lacks the column). `keep` are numbers of rows within the part, ascending: those rows and no others.
    fn read(&self, piece: usize, columns: &[usize], keep: Option<Vec<u32>>) -> Batches;
}

/// A part of a side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The file it is in.
    pub file: String,
    /// The number of its first row in the file, from 0.
    pub first: u64,
    /// How many rows it has, where that is known before it is read.
    pub rows: Option<u64>,
}

/// Rows, in order.
pub type Batches = Box<dyn Iterator<Item = Result<RecordBatch, InputFault>> + Send>;

/// Why a side cannot be read. No value in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{file}` {fault}{}", row.map(|row| format!(" (row {row})")).unwrap_or_default())]
pub struct InputFault {
    /// The file.
    pub file: String,
    /// What is wrong with it.
    pub fault: String,
    /// The row in the file from 0, where known.
    pub row: Option<u64>,
}

/// The rows of `batches` whose numbers are in `keep`.
pub fn keep_rows(batches: Batches, keep: Vec<u32>) -> Batches {
    let (mut keep, mut first) = (VecDeque::from(keep), 0u64);
    let kept = batches.map_while(move |batch| {
        if keep.is_empty() {
            return None;
        }
        Some(batch.map(|batch| {
            let end = first + batch.num_rows() as u64;
            let count = keep.partition_point(|row| u64::from(*row) < end);
            let places = UInt32Array::from_iter_values(keep.drain(..count).map(|row| (u64::from(row) - first) as u32));
            first = end;
            take_record_batch(&batch, &places).unwrap_or_else(|_| batch.slice(0, 0))
        }))
    });
    Box::new(kept)
}

/// How one side is read.
pub struct Reading<'a> {
    side: &'a dyn Side,
    places: Vec<usize>,
    schema: SchemaRef,
    /// The number of the first row of each piece, as far as known.
    firsts: Vec<Option<u64>>,
    rows: Option<u64>,
}

impl<'a> Reading<'a> {
    /// The aligned `columns` of the side that is the `which`th. `counts` are the rows of each piece, as far as known.
    pub fn new(side: &'a dyn Side, which: usize, columns: &[Aligned], counts: &[Option<u64>]) -> Self {
        let mut next = Some(0);
        let firsts = counts.iter().map(|rows| -> Option<u64> {
            let first = next;
            next = first.zip(*rows).map(|(first, rows): (u64, u64)| first.saturating_add(rows));
            first
        });
        let fields = columns.iter().map(|column| Field::new(&column.name, column.data_type.clone(), true));
        let firsts = firsts.collect();
        Reading {
            side,
            places: columns.iter().map(|column| column.places[which]).collect(),
            schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
            firsts,
            rows: next,
        }
    }

    /// Its rows, where they are known.
    pub fn rows(&self) -> Option<u64> {
        self.rows
    }

    /// The columns of its batches.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Lanes over the `pieces`, as many as `cores` where their lengths are known. With `keep`: for each of them its rows.
    pub fn lanes(&'a self, pieces: Vec<(usize, Option<Vec<u32>>)>, cores: usize) -> Vec<Lane<'a>> {
        let is_known = self.firsts.iter().all(Option::is_some);
        let lanes = if is_known { cores.clamp(1, pieces.len().max(1)) } else { 1 };
        let mut shares: Vec<VecDeque<_>> = vec![VecDeque::new(); lanes];
        pieces.into_iter().enumerate().for_each(|(index, piece)| shares[index % lanes].push_back(piece));
        shares
            .into_iter()
            .map(|pieces| Lane { reading: self, pieces, current: None, next: 0, counted: Vec::new() })
            .collect()
    }

    fn aligned(&self, batch: &RecordBatch) -> Result<RecordBatch, DiffFault> {
        let read = |(cells, field): (&ArrayRef, &Arc<Field>)| read_as(cells, field.data_type());
        let cells = batch.columns().iter().zip(self.schema.fields()).map(read).collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(self.schema.clone(), cells, &options).map_err(|_| DiffFault::Shape)
    }
}

/// A reader of some of a side's pieces, one after the other.
pub struct Lane<'a> {
    reading: &'a Reading<'a>,
    pieces: VecDeque<(usize, Option<Vec<u32>>)>,
    current: Option<Current>,
    /// The number of the next row, where nobody knew it before.
    next: u64,
    /// Pieces that were read to their end, and their rows.
    pub counted: Vec<(usize, u64)>,
}

struct Current {
    piece: usize,
    batches: Batches,
    first: u64,
    rows: u64,
    keep: Option<VecDeque<u32>>,
}

impl Lane<'_> {
    /// The next rows with their numbers.
    pub fn next(&mut self) -> Result<Option<(Vec<u32>, RecordBatch)>, DiffFault> {
        loop {
            let Some(current) = &mut self.current else {
                let Some((piece, keep)) = self.pieces.pop_front() else { return Ok(None) };
                let first = self.reading.firsts.get(piece).copied().flatten().unwrap_or(self.next);
                let batches = self.reading.side.read(piece, &self.reading.places, keep.clone());
                self.current = Some(Current { piece, batches, first, rows: 0, keep: keep.map(VecDeque::from) });
                continue;
            };
            let Some(batch) = current.batches.next() else {
                self.end()?;
                continue;
            };
            let batch = batch?;
            let count = batch.num_rows();
            let from = current.first.saturating_add(current.rows);
            if from.saturating_add(count as u64) > ROWS_MAX {
                return Err(DiffFault::TooManyRows);
            }
            current.rows += count as u64;
            let numbers = match &mut current.keep {
                None => (from as u32..(from + count as u64) as u32).collect::<Vec<_>>(),
                Some(keep) => {
                    let first = current.first as u32;
                    keep.drain(..count.min(keep.len())).map(|row| first + row).collect()
                }
            };
            if numbers.len() != count {
                return Err(DiffFault::Changed);
            }
            if count > 0 {
                return Ok(Some((numbers, self.reading.aligned(&batch)?)));
            }
        }
    }

    /// A piece that ends before its footer says so, or without a row that was there before, is not what it was.
    fn end(&mut self) -> Result<(), DiffFault> {
        let Some(current) = self.current.take() else { return Ok(()) };
        self.next = current.first.saturating_add(current.rows);
        match current.keep {
            Some(left) if !left.is_empty() => Err(DiffFault::Changed),
            Some(_) => Ok(()),
            None => {
                let piece = &self.reading.side.pieces()[current.piece];
                if piece.rows.is_some_and(|rows| rows != current.rows) {
                    let fault = "does not hold as many rows as it says".to_owned();
                    return Err(InputFault { file: piece.file.clone(), fault, row: None }.into());
                }
                self.counted.push((current.piece, current.rows));
                Ok(())
            }
        }
    }
}
