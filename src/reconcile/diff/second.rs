//! The second look: the rows whose fingerprints differ, cell by cell; and, where somebody wants them, the rows of one side.
//!
//! The marked rows of both sides are read again and put aside in buckets by key, so that both of a pair are in one; one bucket
//! is in memory at a time. A row that is not where it was ends the comparison: the files are others than before.

use super::cells::{ColumnTally, differing};
use super::first::Prints;
use super::marks::{Marks, TOLD_MAX};
use super::rows_out::RowsOut;
use super::side::Reading;
use super::tolerance::Tolerance;
use super::{Aligned, DiffFault, Means};
use crate::format::spill::Spill;
use crate::format::spill::compact;
use arrow::array::{ArrayRef, AsArray, BooleanArray, Decimal128Array, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{DataType, Decimal128Type, Field, Schema, SchemaRef, UInt32Type};
use rayon::prelude::*;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// Rows of one bucket that are aimed at.
const BUCKET_ROWS: u64 = 1 << 15;
/// Buckets, at most.
const BUCKETS_MAX: u64 = 256;

/// A row that differs: its numbers on both sides and the columns, by their places.
pub type Changed = (u32, u32, Vec<usize>);

/// What the second look shows.
#[derive(Default)]
pub struct Looked {
    /// Rows that differ by more than is tolerated.
    pub changed: u64,
    /// The first of them by the left side's order.
    pub first: Vec<Changed>,
    /// Of every aligned column.
    pub tallies: Vec<ColumnTally>,
}

/// One side as it is read the second time.
pub struct Again<'a> {
    /// How it is read.
    pub reading: &'a Reading<'a>,
    /// The numbers of its pieces' rows.
    pub pieces: Vec<Range<u64>>,
    /// The rows that are wanted.
    pub marks: &'a Marks,
}

/// Looks at the marked rows; `differing_rows` pairs of them have fingerprints that differ.
pub fn second_look(
    sides: [Again<'_>; 2],
    columns: &[Aligned],
    tolerances: &[Tolerance],
    prints: &Prints<'_>,
    differing_rows: u64,
    means: &Means<'_>,
    out: &mut Option<RowsOut<'_>>,
) -> Result<Looked, DiffFault> {
    let rows = sides[0].marks.count().max(sides[1].marks.count());
    let buckets = (rows / BUCKET_ROWS).next_power_of_two().clamp(1, BUCKETS_MAX) as usize;
    let schema = with_key_and_row(sides[0].reading.schema());
    let [left, right] =
        [gather(&sides[0], &schema, buckets, prints, means)?, gather(&sides[1], &schema, buckets, prints, means)?];
    let compared: Vec<(usize, &Aligned, &Tolerance)> =
        prints.others.iter().map(|place| (*place, &columns[*place], &tolerances[*place])).collect();
    let mut looked = Looked { tallies: vec![ColumnTally::default(); compared.len()], ..Looked::default() };
    let mut pairs = 0;
    for (left, right) in left.into_iter().zip(right) {
        let left = concat_batches(&schema, &left.batches()?).map_err(|_| DiffFault::Shape)?;
        let right = concat_batches(&schema, &right.batches()?).map_err(|_| DiffFault::Shape)?;
        pairs += bucket(&left, &right, &compared, &mut looked, out)?;
    }
    if pairs != differing_rows {
        return Err(DiffFault::Changed);
    }
    Ok(looked)
}

/// The fingerprint of the key and the row's number stand behind the columns.
fn with_key_and_row(schema: &SchemaRef) -> SchemaRef {
    let mut fields: Vec<_> = schema.fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new("key", DataType::Decimal128(38, 10), false)));
    fields.push(Arc::new(Field::new("row", DataType::UInt32, false)));
    Arc::new(Schema::new(fields))
}

fn gather(
    side: &Again<'_>,
    schema: &SchemaRef,
    buckets: usize,
    prints: &Prints<'_>,
    means: &Means<'_>,
) -> Result<Vec<Spill>, DiffFault> {
    let mut gathered: Vec<Spill> = (0..buckets).map(|_| Spill::new(means.aside)).collect();
    let wanted = side.pieces.iter().enumerate().filter_map(|(piece, rows)| {
        let keep: Vec<u32> = side.marks.within(rows.clone()).map(|row| (row - rows.start) as u32).collect();
        (!keep.is_empty()).then_some((piece, Some(keep)))
    });
    let mut lanes = side.reading.lanes(wanted.collect(), means.cores);
    loop {
        let read = lanes.par_iter_mut().map(|lane| -> Result<_, DiffFault> {
            let Some((rows, batch)) = lane.next()? else { return Ok(None) };
            spread(rows, &batch, schema, buckets, prints).map(Some)
        });
        let read = read.collect::<Result<Vec<_>, _>>()?;
        if read.iter().all(Option::is_none) {
            return Ok(gathered);
        }
        for (bucket, rows) in read.into_iter().flatten().flatten() {
            gathered[bucket].push(rows)?;
        }
    }
}

/// Rows by bucket, each with no more than its own texts.
fn spread(
    rows: Vec<u32>,
    batch: &RecordBatch,
    schema: &SchemaRef,
    buckets: usize,
    prints: &Prints<'_>,
) -> Result<Vec<(usize, RecordBatch)>, DiffFault> {
    let fault = |_| DiffFault::Shape;
    let keys = prints.keys(batch)?;
    let mut places = vec![Vec::new(); buckets];
    keys.iter().enumerate().for_each(|(row, key)| places[(*key as usize) & (buckets - 1)].push(row as u32));
    let mut columns = batch.columns().to_vec();
    columns.push(Arc::new(Decimal128Array::from_iter_values(keys.into_iter().map(|key| key as i128))));
    columns.push(Arc::new(UInt32Array::from(rows)));
    let batch = RecordBatch::try_new(schema.clone(), columns).map_err(fault)?;
    let filled = places.into_iter().enumerate().filter(|(_, places)| !places.is_empty());
    filled
        .map(|(bucket, places)| {
            let rows = take_record_batch(&batch, &UInt32Array::from(places)).map_err(fault)?;
            Ok((bucket, compact(&rows).map_err(|_| DiffFault::Shape)?))
        })
        .collect()
}

/// Compares a bucket; gives how many pairs it has.
fn bucket(
    left: &RecordBatch,
    right: &RecordBatch,
    columns: &[(usize, &Aligned, &Tolerance)],
    looked: &mut Looked,
    out: &mut Option<RowsOut<'_>>,
) -> Result<u64, DiffFault> {
    let fault = |_| DiffFault::Shape;
    let keys = |side: &RecordBatch| {
        let keys = side.column(side.num_columns() - 2).as_primitive::<Decimal128Type>().values();
        keys.iter().copied().zip(0u32..).collect::<Vec<_>>()
    };
    let mut others: HashMap<i128, u32> = keys(right).into_iter().collect();
    let (mut pairs, mut alone) = (Vec::new(), Vec::new());
    for (key, place) in keys(left) {
        match others.remove(&key) {
            Some(other) => pairs.push((place, other)),
            None => alone.push(place),
        }
    }
    let mut others: Vec<u32> = others.into_values().collect();
    others.sort_unstable();
    let places = [
        UInt32Array::from_iter_values(pairs.iter().map(|(left, _)| *left)),
        UInt32Array::from_iter_values(pairs.iter().map(|(_, right)| *right)),
    ];
    let ours = take_record_batch(left, &places[0]).map_err(fault)?;
    let theirs = take_record_batch(right, &places[1]).map_err(fault)?;
    let differs = differing(columns, [&ours, &theirs], &mut looked.tallies)?;
    let changed: Vec<usize> =
        (0..pairs.len()).filter(|pair| differs.iter().any(|column| column.value(*pair))).collect();
    looked.changed += changed.len() as u64;
    tell(&changed, [&ours, &theirs], &differs, columns, looked);
    if let Some(out) = out {
        let named = |pair: usize| {
            let named = columns.iter().zip(&differs).filter(|(_, differs)| differs.value(pair));
            named.map(|((_, column, _), _)| column.name.as_str()).collect::<Vec<_>>().join(", ")
        };
        let changed_rows = UInt32Array::from_iter_values(changed.iter().map(|pair| *pair as u32));
        let pick = |rows: &RecordBatch, places: &UInt32Array| take_record_batch(rows, places).map_err(fault);
        out.changed([&pick(&ours, &changed_rows)?, &pick(&theirs, &changed_rows)?], &|row| named(changed[row]))?;
        out.alone(0, &pick(left, &UInt32Array::from(alone))?)?;
        out.alone(1, &pick(right, &UInt32Array::from(others))?)?;
    }
    Ok(pairs.len() as u64)
}

/// Keeps the first changed rows.
fn tell(
    changed: &[usize],
    sides: [&RecordBatch; 2],
    differs: &[BooleanArray],
    columns: &[(usize, &Aligned, &Tolerance)],
    looked: &mut Looked,
) {
    let rows = sides.map(numbers);
    for pair in changed {
        let left = rows[0][*pair];
        let is_early = looked.first.len() < TOLD_MAX || looked.first.last().is_some_and(|last| left < last.0);
        if is_early {
            let named = columns.iter().zip(differs).filter(|(_, differs)| differs.value(*pair));
            looked.first.push((left, rows[1][*pair], named.map(|((place, ..), _)| *place).collect()));
            looked.first.sort_unstable();
            looked.first.truncate(TOLD_MAX);
        }
    }
}

/// The numbers of gathered rows.
pub fn numbers(rows: &RecordBatch) -> Vec<u32> {
    let column: &ArrayRef = rows.column(rows.num_columns() - 1);
    column.as_primitive::<UInt32Type>().values().to_vec()
}
