//! The drift itself: a row a differing key, a row a differing cell, and the differing rows as they are.
//!
//! Never in here: a value of a column that may not be read ([`is_readable`]); the rows as they are go through the policy of
//! whoever writes them.

use super::super::compare::{CompareFault, Found, Terms, any};
use super::super::latest::Latest;
use super::Listed;
use super::columns::{is_readable, texts};
use super::seal::Seal;
use crate::data::beside;
use arrow::array::{ArrayRef, BooleanArray, Int32Array, Int64Array, RecordBatch, StringViewArray, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{Field, Schema};
use std::sync::Arc;

/// Rows that are kept whole, at most.
pub const DIFFERENCES_MAX: u64 = 1_000;
/// Rows of `drift_rows`, at most.
pub const DRIFT_ROWS_MAX: u64 = 100_000;
/// Rows of `drift_cells`, at most.
pub const DRIFT_CELLS_MAX: u64 = 100_000;

/// The sums of a bucket's rows and states, by their places.
pub struct BucketPrints {
    /// Of the keys of the rows, and of the states.
    pub keys: [Vec<u128>; 2],
    /// What they are.
    pub states: [Vec<u128>; 2],
}

/// A bucket that was compared.
pub struct Bucket<'a> {
    /// The rows' columns, and the latest states'.
    pub columns: [&'a [ArrayRef]; 2],
    /// The latest states.
    pub latest: &'a Latest,
    /// What they are to each other.
    pub found: &'a Found<'a>,
    /// Their sums.
    pub prints: BucketPrints,
}

/// A differing key on its way.
struct DriftRow {
    kind: &'static str,
    columns: String,
    row: Option<u32>,
    state: Option<u32>,
}

/// Adds the differing keys of a bucket to `out`: the key, then `drift` (`missing`, `extra`, `changed`, `unknown`), `columns`,
/// `topic_partition` and `topic_position` of the key's last event (of an `extra` row, of the event that deleted it),
/// `key_print`, `extract_print` and `topic_print`.
pub fn add_rows(
    out: &mut Listed,
    terms: &Terms,
    bucket: &Bucket<'_>,
    seal: &Seal,
    keys_of_rows: &dyn Fn(u32) -> Vec<u8>,
) -> Result<(), CompareFault> {
    let Bucket { columns: [rows, states], latest, found, prints } = bucket;
    let missing = found.missing.values().iter();
    let missing =
        missing.map(|state| DriftRow { kind: "missing", columns: String::new(), row: None, state: Some(*state) });
    let extra = found.extra.values().iter();
    let extra = extra.map(|row| DriftRow { kind: "extra", columns: String::new(), row: Some(*row), state: None });
    let pair = |kind: &'static str, pair: u32, columns: String| {
        let (row, state) = (found.ours.value(pair as usize), found.theirs.value(pair as usize));
        DriftRow { kind, columns, row: Some(row), state: Some(state) }
    };
    let changed = found.changed.iter().map(|at| pair("changed", *at, found.differing(*at as usize)));
    let unknown = unknown(found).into_iter().map(|at| pair("unknown", at, found.unknown(at as usize)));
    let all: Vec<DriftRow> = missing.chain(extra).chain(changed).chain(unknown).collect();
    let room = out.room(all.len() as u64);
    let told = &all[..room];
    if told.is_empty() {
        return Ok(());
    }
    let mut cells: Vec<(String, ArrayRef)> = Vec::new();
    for place in &terms.key {
        // One side or the other has it: both tell the same.
        let pick: Vec<(usize, usize)> = told
            .iter()
            .map(|drift| match (drift.row, drift.state) {
                (Some(row), _) => (0, row as usize),
                (None, state) => (1, state.unwrap_or_default() as usize),
            })
            .collect();
        let key = arrow::compute::interleave(&[rows[*place].as_ref(), states[*place].as_ref()], &pick)?;
        cells.push((terms.columns[*place].name.to_string(), key));
    }
    let place = |drift: &DriftRow| match (drift.state, drift.row) {
        (Some(state), _) => Some((latest.partitions[state as usize], latest.positions[state as usize])),
        (None, Some(row)) => latest.deleted.get(&keys_of_rows(row)).copied(),
        (None, None) => None,
    };
    let places: Vec<Option<(u32, u64)>> = told.iter().map(place).collect();
    let print = |what: &str, sums: &[Vec<u128>; 2], side: usize, drift: &DriftRow| {
        let at = if side == 0 { drift.row } else { drift.state };
        at.map(|at| seal.shown(what, &[sums[side][at as usize]]))
    };
    let key_print = |drift: &DriftRow| {
        let side = usize::from(drift.row.is_none());
        print("key/v1", &prints.keys, side, drift)
    };
    let ours: [(&str, ArrayRef); 7] = [
        ("drift", Arc::new(StringViewArray::from_iter_values(told.iter().map(|drift| drift.kind)))),
        ("columns", Arc::new(StringViewArray::from_iter_values(told.iter().map(|drift| &drift.columns)))),
        ("topic_partition", Arc::new(places.iter().map(|place| place.map(|(n, _)| n as i32)).collect::<Int32Array>())),
        ("topic_position", Arc::new(places.iter().map(|place| place.map(|(_, n)| n as i64)).collect::<Int64Array>())),
        ("key_print", Arc::new(told.iter().map(key_print).collect::<StringViewArray>())),
        (
            "extract_print",
            Arc::new(told.iter().map(|d| print("state/v1", &prints.states, 0, d)).collect::<StringViewArray>()),
        ),
        (
            "topic_print",
            Arc::new(told.iter().map(|d| print("state/v1", &prints.states, 1, d)).collect::<StringViewArray>()),
        ),
    ];
    out.push(&named(terms, cells, &ours)?)
}

/// Pairs that differ in nothing, of which the stream does not tell everything.
pub fn unknown(found: &Found<'_>) -> Vec<u32> {
    let mut untold = any(found.columns.iter().map(|column| &column.untold), found.ours.len());
    untold.retain(|pair| found.changed.binary_search(pair).is_err());
    untold
}

/// Adds the differing cells of a bucket: the key, then `column_name`, `drift` (`changed` or `unknown`), `extract_value` and
/// `topic_value` as text, and `is_withheld`, where the values may not be read.
pub fn add_cells(
    out: &mut Listed,
    terms: &Terms,
    [rows, states]: [&[ArrayRef]; 2],
    found: &Found<'_>,
) -> Result<(), CompareFault> {
    for column in &found.columns {
        let pairs = any([&column.differs, &column.untold].into_iter(), found.ours.len());
        let pairs = UInt32Array::from(pairs[..out.room(pairs.len() as u64)].to_vec());
        if pairs.is_empty() {
            continue;
        }
        let (ours, theirs) = (take(&found.ours, &pairs, None)?, take(&found.theirs, &pairs, None)?);
        let mut cells: Vec<(String, ArrayRef)> = Vec::new();
        for place in &terms.key {
            cells.push((terms.columns[*place].name.to_string(), take(&rows[*place], &ours, None)?));
        }
        let is_shown = is_readable(&terms.columns[column.place]);
        let values = |side: &[ArrayRef], places: &ArrayRef| -> Result<ArrayRef, CompareFault> {
            let texts = match is_shown {
                true => texts(&take(&side[column.place], places, None)?)?,
                false => vec![None; places.len()],
            };
            Ok(Arc::new(texts.into_iter().collect::<StringViewArray>()))
        };
        let kind = |pair: &u32| if column.known.value(*pair as usize) { "changed" } else { "unknown" };
        let ours: [(&str, ArrayRef); 5] = [
            ("column_name", Arc::new(StringViewArray::from_iter_values(pairs.iter().map(|_| column.name)))),
            ("drift", Arc::new(StringViewArray::from_iter_values(pairs.values().iter().map(kind)))),
            ("extract_value", values(rows, &ours)?),
            ("topic_value", values(states, &theirs)?),
            ("is_withheld", Arc::new(BooleanArray::from(vec![!is_shown; pairs.len()]))),
        ];
        out.push(&named(terms, cells, &ours)?)?;
    }
    Ok(())
}

/// Columns of the data, then ours, by other names where the data has those.
pub fn named(
    terms: &Terms,
    data: Vec<(String, ArrayRef)>,
    ours: &[(&str, ArrayRef)],
) -> Result<RecordBatch, CompareFault> {
    let taken = |name: &str| terms.columns.iter().any(|column| column.name.as_str() == name);
    let ours = ours.iter().map(|(name, cells)| (beside(name, taken), Arc::clone(cells)));
    let all: Vec<(String, ArrayRef)> = data.into_iter().chain(ours).collect();
    let fields: Vec<Field> =
        all.iter().map(|(name, cells)| Field::new(name, cells.data_type().clone(), true)).collect();
    let cells = all.into_iter().map(|(_, cells)| cells).collect();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), cells)?)
}

/// Keeps differing rows as they are: the columns, then `side` (`missing`, `extra`, `extract`, `topic`) and `differs`.
pub fn keep(
    kept: &mut Listed,
    terms: &Terms,
    [rows, states]: [&[ArrayRef]; 2],
    found: &Found<'_>,
) -> Result<(), CompareFault> {
    let changed = UInt32Array::from(found.changed.clone());
    let names = |pair: usize| found.differing(found.changed[pair] as usize);
    let pick = |places: &UInt32Array| -> Result<UInt32Array, CompareFault> {
        use arrow::array::AsArray;
        Ok(take(places, &changed, None)?.as_primitive().clone())
    };
    let (ours, theirs) = (pick(&found.ours)?, pick(&found.theirs)?);
    let all = [
        (rows, &found.extra, "extra", false),
        (states, &found.missing, "missing", false),
        (rows, &ours, "extract", true),
        (states, &theirs, "topic", true),
    ];
    for (from, places, side, is_pair) in all {
        let places = places.slice(0, kept.room(places.len() as u64));
        if places.is_empty() {
            continue;
        }
        let differs = |row: usize| if is_pair { names(row) } else { String::new() };
        let cells = terms.columns.iter().enumerate();
        let cells = cells.map(|(place, column)| Ok((column.name.to_string(), take(&from[place], &places, None)?)));
        let ours: [(&str, ArrayRef); 2] = [
            ("side", Arc::new(StringViewArray::from_iter_values((0..places.len()).map(|_| side)))),
            ("differs", Arc::new(StringViewArray::from_iter_values((0..places.len()).map(differs)))),
        ];
        kept.push(&named(terms, cells.collect::<Result<_, CompareFault>>()?, &ours)?)?;
    }
    Ok(())
}
