//! A bucket's rows against the latest states: which keys are on one side only, which cells differ.
//!
//! Values are compared by their type: 1.50 is 1.5 (one scale by declaration), NaN is NaN, -0.0 is 0.0, NULL is not '' and
//! NULL is not NaN. A cell that the stream does not tell is counted, not compared.

use super::diff::{Passed, Tolerance, beyond};
use super::latest::{Latest, Settled};
use crate::data::{Column, ColumnType, Within, beside};
use crate::frame::match_keys;
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryViewArray, BooleanArray, RecordBatch, StringViewArray, UInt32Array,
};
use arrow::compute::kernels::cmp::distinct;
use arrow::compute::{and, take};
use arrow::datatypes::{DataType, Field, Float32Type, Float64Type, Schema};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// Differing rows that are kept to be shown, at most.
pub const DIFFERENCES_MAX: usize = 1_000;

/// A comparison in numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts {
    /// Rows of the extract that were compared.
    pub extract_rows: u64,
    /// Keys that the topic holds.
    pub topic_keys: u64,
    /// Keys on both sides.
    pub compared: u64,
    /// Keys in the topic that the extract lacks.
    pub missing: u64,
    /// Keys in the extract that the topic lacks.
    pub extra: u64,
    /// Keys on both sides whose values differ.
    pub changed: u64,
    /// Column -> rows in which it differs.
    pub changed_columns: BTreeMap<String, u64>,
    /// Partition -> keys of the topic that are missing from the extract or changed; of rows that only the extract has, nobody
    /// knows the partition.
    pub differing_in: BTreeMap<u32, u64>,
    /// Rows of the extract that share a key with an earlier one.
    pub duplicates: u64,
    /// Rows of the extract with a NULL in the key.
    pub null_keys: u64,
    /// Cells that the stream does not tell.
    pub unknown_cells: u64,
    /// Column -> what differs in it within its tolerance.
    pub tolerated: BTreeMap<String, Passed>,
    /// Keys whose last change came so near to the extract's moment that nobody can tell on which side.
    pub in_flight: u64,
    /// Keys whose last event stands before others in the database's log, with nothing that explains it.
    pub out_of_order: u64,
    /// Events that came again behind newer ones of their key.
    pub replayed: u64,
    /// Rows that a snapshot read before a change of theirs that stands before them.
    pub stale: u64,
}

impl Counts {
    /// Cells that differ within their tolerance.
    pub fn tolerated_cells(&self) -> u64 {
        self.tolerated.values().map(|passed| passed.cells).sum()
    }
}

/// The comparison itself failed: a fault of ours, or no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompareFault {
    /// Scratch space failed.
    #[error(transparent)]
    Scratch(#[from] crate::data::scratch::ScratchFault),
    /// Columns of the two sides do not fit together.
    #[error("the two sides have columns that do not fit together")]
    Shape,
}

impl From<ArrowError> for CompareFault {
    fn from(_: ArrowError) -> Self {
        CompareFault::Shape
    }
}

/// What is compared, and how.
pub struct Terms {
    /// The columns, in the order of both sides.
    pub columns: Vec<Column>,
    /// Places of the key's columns.
    pub key: Vec<usize>,
    /// For each column, whether a topic tells it.
    pub told: Vec<bool>,
    /// For each column, what it may differ by.
    pub tolerance: Vec<Tolerance>,
    /// The place of the column that says when a row belongs, and the period that the extract is of; `None` is everything.
    pub within: Option<(usize, Within)>,
}

impl Terms {
    /// One writing for equal keys.
    pub fn converter(&self) -> Result<RowConverter, ArrowError> {
        let field = |place: &usize| SortField::new(self.columns[*place].column_type.arrow());
        RowConverter::new(self.key.iter().map(field).collect())
    }
}

/// Compares one bucket. Adds to `counts`, and to `differences` up to [`DIFFERENCES_MAX`] rows: the columns, then `side`
/// (`missing`, `extra`, `extract`, `topic`) and `differs` (the columns that differ), by other names where the data
/// has those ([`beside`]).
pub fn compare(
    terms: &Terms,
    rows: &RecordBatch,
    latest: &Latest,
    left_out: &HashSet<Vec<u8>>,
    counts: &mut Counts,
    differences: &mut Vec<RecordBatch>,
) -> Result<(), CompareFault> {
    let converter = terms.converter()?;
    let key_columns: Vec<ArrayRef> = terms.key.iter().map(|place| rows.column(*place).clone()).collect();
    let keys = converter.convert_columns(&key_columns)?;
    let open: HashSet<&[u8]> = of_keys(latest, |settled| settled != Settled::Yes);
    let mut seen: HashSet<&[u8]> = HashSet::new();
    let (mut unique, mut undecided) = (Vec::new(), 0);
    for row in 0..rows.num_rows() {
        if key_columns.iter().any(|column| column.is_null(row)) {
            counts.null_keys += 1;
        } else if !seen.insert(keys.row(row).data()) {
            counts.duplicates += 1;
        } else if open.contains(keys.row(row).data()) {
            undecided += 1;
        } else if !left_out.contains(keys.row(row).data()) {
            unique.push(row as u32);
        }
    }
    let belongs = belonging(terms, latest, |key| seen.contains(key))?;
    let mut topic: Vec<u32> = (0..latest.keys.len() as u32)
        .filter(|key| belongs[*key as usize] && !left_out.contains(&latest.keys[*key as usize]))
        .collect();
    counts.extract_rows += unique.len() as u64 + undecided;
    counts.topic_keys += topic.len() as u64;
    counts.replayed += latest.replayed;
    counts.stale += latest.stale;
    let of = |settled: Settled| topic.iter().filter(|key| latest.settled[**key as usize] == settled).count() as u64;
    counts.in_flight += of(Settled::InFlight);
    counts.out_of_order += of(Settled::OutOfOrder);
    topic.retain(|key| latest.settled[*key as usize] == Settled::Yes);
    let left = BinaryViewArray::from_iter_values(unique.iter().map(|row| keys.row(*row as usize).data()));
    let right = BinaryViewArray::from_iter_values(topic.iter().map(|key| latest.keys[*key as usize].as_slice()));
    let matched = match_keys(Arc::new(left), Arc::new(right)).map_err(|_| CompareFault::Shape)?;
    counts.compared += matched.both.len() as u64;
    counts.extra += matched.left_only.len() as u64;
    counts.missing += matched.right_only.len() as u64;
    let ours = UInt32Array::from_iter_values(matched.both.iter().map(|(left, _)| unique[*left as usize]));
    let theirs = UInt32Array::from_iter_values(matched.both.iter().map(|(_, right)| topic[*right as usize]));
    let differs = cells(terms, rows, latest, &ours, &theirs, counts)?;
    let changed: Vec<usize> =
        (0..ours.len()).filter(|pair| differs.iter().any(|(_, differs)| differs.value(*pair))).collect();
    counts.changed += changed.len() as u64;
    let one_sided = matched.right_only.iter().map(|row| topic[*row as usize]);
    for key in one_sided.chain(changed.iter().map(|pair| theirs.value(*pair))) {
        *counts.differing_in.entry(latest.partitions[key as usize]).or_default() += 1;
    }

    let places = |rows: &[u32], from: &[u32]| UInt32Array::from_iter_values(rows.iter().map(|row| from[*row as usize]));
    let named = |pair: usize| {
        let names = differs.iter().filter(|(_, differs)| differs.value(pair)).map(|(name, _)| *name);
        names.collect::<Vec<_>>().join(", ")
    };
    keep(differences, terms, rows.columns(), &places(&matched.left_only, &unique), "extra", &|_| String::new())?;
    keep(differences, terms, &latest.columns, &places(&matched.right_only, &topic), "missing", &|_| String::new())?;
    let pick = |places: &UInt32Array| UInt32Array::from_iter_values(changed.iter().map(|pair| places.value(*pair)));
    keep(differences, terms, rows.columns(), &pick(&ours), "extract", &|row| named(changed[row]))?;
    keep(differences, terms, &latest.columns, &pick(&theirs), "topic", &|row| named(changed[row]))?;
    Ok(())
}

/// The keys that the stream settles so.
fn of_keys(latest: &Latest, is_so: impl Fn(Settled) -> bool) -> HashSet<&[u8]> {
    let keys = latest.keys.iter().zip(&latest.settled).filter(|(_, settled)| is_so(**settled));
    keys.map(|(key, _)| key.as_slice()).collect()
}

/// Which of the topic's latest states are compared with an extract of one period: those of the period, those that do not tell
/// their day, and those of another day whose key the extract has (they differ in the column that says when).
fn belonging(terms: &Terms, latest: &Latest, is_of_extract: impl Fn(&[u8]) -> bool) -> Result<Vec<bool>, CompareFault> {
    let Some((place, within)) = &terms.within else { return Ok(vec![true; latest.keys.len()]) };
    let inside = within.mask(&latest.columns[*place])?;
    Ok(latest.keys.iter().enumerate().map(|(at, key)| inside.value(at) || is_of_extract(key)).collect())
}

/// For each column outside the key that a topic tells, which of the pairs differ in it.
fn cells<'a>(
    terms: &'a Terms,
    rows: &RecordBatch,
    latest: &Latest,
    ours: &UInt32Array,
    theirs: &UInt32Array,
    counts: &mut Counts,
) -> Result<Vec<(&'a str, BooleanArray)>, CompareFault> {
    let mut out = Vec::new();
    let is_compared = |place: &usize| !terms.key.contains(place) && terms.told[*place];
    for (place, column) in terms.columns.iter().enumerate().filter(|(place, _)| is_compared(place)) {
        let (one, two) = (take(rows.column(place), ours, None)?, take(&latest.columns[place], theirs, None)?);
        let known = take(&latest.known[place], theirs, None)?;
        let known = is_told(&one, &two, known.as_boolean(), column.column_type)?;
        counts.unknown_cells += (known.len() - known.true_count()) as u64;
        let (one, two) = (plain(one, column.column_type), plain(two, column.column_type));
        let mut differs = and(&distinct(&one, &two)?, &known)?;
        if differs.true_count() > 0 && terms.tolerance[place] != Tolerance::default() {
            let passed = counts.tolerated.entry(column.name.to_string()).or_default();
            differs = beyond(&differs, [&one, &two], &terms.tolerance[place], passed)?;
        }
        if differs.true_count() > 0 {
            *counts.changed_columns.entry(column.name.to_string()).or_default() += differs.true_count() as u64;
            out.push((column.name.as_str(), differs));
        }
    }
    Ok(out)
}

/// Which of the stream's known cells are told. Connectors that write numerics by their digits write NULL for NaN and the infinities
/// (Debezium's `decimal.handling.mode = precise`, wal2json): beside one of these, nobody knows what NULL was.
fn is_told(
    one: &ArrayRef,
    two: &ArrayRef,
    known: &BooleanArray,
    column_type: ColumnType,
) -> Result<BooleanArray, CompareFault> {
    if !is_printed_numeric(column_type) {
        return Ok(known.clone());
    }
    let is_number = |text: Option<&str>| text.is_none_or(|text| !matches!(text, "NaN" | "Infinity" | "-Infinity"));
    let told = one.as_string_view().iter().enumerate().map(|(row, text)| Some(two.is_valid(row) || is_number(text)));
    Ok(and(known, &told.collect())?)
}

fn is_printed_numeric(column_type: ColumnType) -> bool {
    matches!(column_type, ColumnType::Printed(printed) if printed.word() == "numeric" && !printed.is_array())
}

/// The values with one writing for equals: one zero and one NaN; `char(n)` without trailing blanks, a printed `numeric` without
/// trailing zeros.
fn plain(values: ArrayRef, column_type: ColumnType) -> ArrayRef {
    match column_type {
        ColumnType::Real => Arc::new(values.as_primitive::<Float32Type>().unary::<_, Float32Type>(|x| {
            if x == 0.0 {
                0.0
            } else if x.is_nan() {
                f32::NAN
            } else {
                x
            }
        })),
        ColumnType::Double => Arc::new(values.as_primitive::<Float64Type>().unary::<_, Float64Type>(|x| {
            if x == 0.0 {
                0.0
            } else if x.is_nan() {
                f64::NAN
            } else {
                x
            }
        })),
        ColumnType::Char(_) => {
            let trimmed = values.as_string_view().iter().map(|text| text.map(|text| text.trim_end_matches(' ')));
            Arc::new(trimmed.collect::<StringViewArray>())
        }
        _ if is_printed_numeric(column_type) => {
            let trimmed = |number: &str| match number.contains('.') {
                true => number.trim_end_matches('0').trim_end_matches('.').to_owned(),
                false => number.to_owned(),
            };
            let numbers = values.as_string_view().iter().map(|number| number.map(trimmed));
            Arc::new(numbers.collect::<StringViewArray>())
        }
        _ => values,
    }
}

/// Keeps rows to be shown, while there is room.
fn keep(
    differences: &mut Vec<RecordBatch>,
    terms: &Terms,
    columns: &[ArrayRef],
    places: &UInt32Array,
    side: &str,
    differs: &dyn Fn(usize) -> String,
) -> Result<(), CompareFault> {
    let kept: usize = differences.iter().map(RecordBatch::num_rows).sum();
    let places = places.slice(0, places.len().min(DIFFERENCES_MAX.saturating_sub(kept)));
    if places.is_empty() {
        return Ok(());
    }
    let mut fields: Vec<Field> =
        terms.columns.iter().map(|column| Field::new(column.name.as_str(), column.column_type.arrow(), true)).collect();
    let mut cells =
        columns.iter().take(fields.len()).map(|column| take(column, &places, None)).collect::<Result<Vec<_>, _>>()?;
    let taken = |name: &str| terms.columns.iter().any(|column| column.name.as_str() == name);
    fields.extend(["side", "differs"].map(|name| Field::new(beside(name, taken), DataType::Utf8View, true)));
    cells.push(Arc::new(StringViewArray::from_iter_values((0..places.len()).map(|_| side))));
    cells.push(Arc::new(StringViewArray::from_iter_values((0..places.len()).map(differs))));
    differences.push(RecordBatch::try_new(Arc::new(Schema::new(fields)), cells)?);
    Ok(())
}
