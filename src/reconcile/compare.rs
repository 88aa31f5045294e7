//! A bucket's rows against the latest states: which keys are on one side only, which cells differ.
//!
//! Values are compared by their type: 1.50 is 1.5 (one scale by declaration), NaN is NaN, -0.0 is 0.0, NULL is not '' and
//! NULL is not NaN. A cell that the stream does not tell is counted, not compared.

use super::diff::{Passed, Tolerance, beyond};
use super::latest::{Latest, Settled};
use crate::data::{Column, ColumnType, Within};
use crate::frame::match_keys;
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryViewArray, BooleanArray, RecordBatch, StringViewArray, UInt32Array,
};
use arrow::compute::kernels::cmp::distinct;
use arrow::compute::{and, not, take};
use arrow::datatypes::{Float32Type, Float64Type};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};
use foldhash::fast::RandomState;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

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
    /// Rows of the extract of which the stream tells nothing but that a snapshot read them later.
    pub read_later: u64,
    /// Events that came again behind newer ones of their key.
    pub replayed: u64,
    /// Rows that a snapshot read before a change of theirs that stands before them.
    pub stale: u64,
}

impl Counts {
    /// Keys of which nobody can tell what the extract should show.
    pub fn undecided(&self) -> u64 {
        self.in_flight + self.out_of_order + self.read_later
    }

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

    /// Places of the columns that are compared cell by cell: outside the key, and told by the topic.
    pub fn compared(&self) -> impl Iterator<Item = usize> + '_ {
        let places = 0..self.columns.len();
        places.filter(|place| !self.key.contains(place) && self.told[*place])
    }
}

/// What a bucket's rows and latest states are to each other, by their places.
pub struct Found<'a> {
    /// The rows that count: one a key, without those that are left out.
    pub extract: Vec<u32>,
    /// The latest states that count.
    pub topic: Vec<u32>,
    /// Rows that the topic lacks.
    pub extra: UInt32Array,
    /// Latest states that the extract lacks.
    pub missing: UInt32Array,
    /// The rows of the keys that are on both sides.
    pub ours: UInt32Array,
    /// Their latest states.
    pub theirs: UInt32Array,
    /// Of those pairs, cell by cell: every compared column outside the key.
    pub columns: Vec<ColumnFound<'a>>,
    /// The pairs that differ.
    pub changed: Vec<u32>,
}

/// A column of the pairs.
pub struct ColumnFound<'a> {
    /// Its place.
    pub place: usize,
    /// Its name.
    pub name: &'a str,
    /// Pairs that differ in it.
    pub differs: BooleanArray,
    /// Pairs of which the stream tells it.
    pub known: BooleanArray,
    /// Pairs of which it does not.
    pub untold: BooleanArray,
    /// Pairs that differ in it within its tolerance.
    pub tolerated: u64,
}

impl Found<'_> {
    /// The columns in which a pair differs.
    pub fn differing(&self, pair: usize) -> String {
        let names = self.columns.iter().filter(|column| column.differs.value(pair)).map(|column| column.name);
        names.collect::<Vec<_>>().join(", ")
    }

    /// The columns that the stream does not tell of a pair.
    pub fn unknown(&self, pair: usize) -> String {
        let names = self.columns.iter().filter(|column| column.untold.value(pair)).map(|column| column.name);
        names.collect::<Vec<_>>().join(", ")
    }
}

/// Compares one bucket. Adds to `counts`.
pub fn compare<'a>(
    terms: &'a Terms,
    rows: &RecordBatch,
    latest: &Latest,
    left_out: &HashSet<Vec<u8>>,
    counts: &mut Counts,
) -> Result<Found<'a>, CompareFault> {
    let converter = terms.converter()?;
    let key_columns: Vec<ArrayRef> = terms.key.iter().map(|place| rows.column(*place).clone()).collect();
    let keys = converter.convert_columns(&key_columns)?;
    let open: HashSet<&[u8], RandomState> = of_keys(latest, |settled| settled != Settled::Yes);
    let mut seen: HashSet<&[u8], RandomState> = HashSet::default();
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
    // One that the extract does not have may have come in between.
    let is_later = |key: &u32| latest.settled[*key as usize] == Settled::ReadLater;
    let later = topic.iter().filter(|key| is_later(key));
    counts.read_later += later.filter(|key| seen.contains(latest.keys[**key as usize].as_slice())).count() as u64;
    topic.retain(|key| latest.settled[*key as usize] == Settled::Yes);
    let left = BinaryViewArray::from_iter_values(unique.iter().map(|row| keys.row(*row as usize).data()));
    let right = BinaryViewArray::from_iter_values(topic.iter().map(|key| latest.keys[*key as usize].as_slice()));
    let matched = match_keys(Arc::new(left), Arc::new(right)).map_err(|_| CompareFault::Shape)?;
    counts.compared += matched.both.len() as u64;
    counts.extra += matched.left_only.len() as u64;
    counts.missing += matched.right_only.len() as u64;
    let ours = UInt32Array::from_iter_values(matched.both.iter().map(|(left, _)| unique[*left as usize]));
    let theirs = UInt32Array::from_iter_values(matched.both.iter().map(|(_, right)| topic[*right as usize]));
    let columns = cells(terms, rows, latest, &ours, &theirs, counts)?;
    let changed = any(columns.iter().map(|column| &column.differs), ours.len());
    counts.changed += changed.len() as u64;
    let places = |rows: &[u32], from: &[u32]| UInt32Array::from_iter_values(rows.iter().map(|row| from[*row as usize]));
    let (extra, missing) = (places(&matched.left_only, &unique), places(&matched.right_only, &topic));
    for key in missing.values().iter().copied().chain(changed.iter().map(|pair| theirs.value(*pair as usize))) {
        *counts.differing_in.entry(latest.partitions[key as usize]).or_default() += 1;
    }
    Ok(Found { extract: unique, topic, extra, missing, ours, theirs, columns, changed })
}

/// The places at which any of the masks is set.
pub fn any<'a>(masks: impl Iterator<Item = &'a BooleanArray>, length: usize) -> Vec<u32> {
    let mut places = vec![0u64; length.div_ceil(64)];
    for mask in masks.filter(|mask| mask.true_count() > 0) {
        mask.values().set_indices().for_each(|place| places[place / 64] |= 1 << (place % 64));
    }
    let bits = places.into_iter().enumerate().flat_map(|(word, bits)| {
        (0..64u32).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| word as u32 * 64 + bit)
    });
    bits.collect()
}

/// The keys that the stream settles so.
fn of_keys(latest: &Latest, is_so: impl Fn(Settled) -> bool) -> HashSet<&[u8], RandomState> {
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

/// For each column outside the key that a topic tells, what the pairs are to each other.
fn cells<'a>(
    terms: &'a Terms,
    rows: &RecordBatch,
    latest: &Latest,
    ours: &UInt32Array,
    theirs: &UInt32Array,
    counts: &mut Counts,
) -> Result<Vec<ColumnFound<'a>>, CompareFault> {
    let mut out = Vec::new();
    for place in terms.compared() {
        let column = &terms.columns[place];
        let name = column.name.as_str();
        let (one, two) = (take(rows.column(place), ours, None)?, take(&latest.columns[place], theirs, None)?);
        let known = take(&latest.known[place], theirs, None)?;
        let known = is_told(&one, &two, known.as_boolean(), column.column_type)?;
        let untold = not(&known)?;
        counts.unknown_cells += untold.true_count() as u64;
        let (one, two) = (plain(one, column.column_type), plain(two, column.column_type));
        let mut differs = and(&distinct(&one, &two)?, &known)?;
        let mut tolerated = 0;
        if differs.true_count() > 0 && terms.tolerance[place] != Tolerance::default() {
            let passed = counts.tolerated.entry(name.to_owned()).or_default();
            let before = passed.cells;
            differs = beyond(&differs, [&one, &two], &terms.tolerance[place], passed)?;
            tolerated = passed.cells - before;
        }
        if differs.true_count() > 0 {
            *counts.changed_columns.entry(name.to_owned()).or_default() += differs.true_count() as u64;
        }
        out.push(ColumnFound { place, name, differs, known, untold, tolerated });
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
pub fn plain(values: ArrayRef, column_type: ColumnType) -> ArrayRef {
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
