//! The change set: what brings the topic's state to the extract's, which shows the database and so is the authority.
//!
//! A change names what must be there before (`update_preimage`, `delete`: the whole row; `insert`: nothing) and what is there
//! after. It is done where the first is found, passed over where the second is found already, and refused anywhere else: twice is
//! once, and nothing that came meanwhile is written over. The words are those of Delta's change data feed.
//!
//! Never in here: whether it is written. That is the verdict's.

use super::super::compare::{CompareFault, Counts, Terms, compare};
use super::super::latest::{Latest, Settled};
use super::drift::{Bucket, named, unknown};
use super::prints::Prints;
use super::seal::Seal;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, StringViewArray, UInt32Array};
use arrow::compute::{interleave, take, take_record_batch};
use arrow::datatypes::Int64Type;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// Keys that a change set may name.
pub const CHANGES_MAX: u64 = 10_000;

const INSERT: &str = "insert";
const DELETE: &str = "delete";
const BEFORE: &str = "update_preimage";
const AFTER: &str = "update_postimage";

/// Columns of ours, that stand behind the data's.
const OURS: usize = 5;

/// Why changes cannot be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeFault {
    /// A key is neither as it was nor as it should be: something came meanwhile.
    Conflict,
    /// Columns that do not fit together: a fault of ours.
    Shape,
}

impl<E: Into<CompareFault>> From<E> for ChangeFault {
    fn from(_: E) -> Self {
        ChangeFault::Shape
    }
}

/// One image of a change: where its row is, and what it says.
struct Image {
    number: u64,
    word: &'static str,
    row: Option<u32>,
    state: Option<u32>,
    /// What must be there before.
    expects: Option<u32>,
    /// What is there after.
    becomes: Option<u32>,
    unknown: Option<String>,
}

/// The changes of a bucket, numbered from `first`: the columns, then `change`, `change_number`, `unknown_columns` (of a
/// preimage, what the stream does not tell), `expected_print` and `result_print`.
pub fn changes(
    terms: &Terms,
    bucket: &Bucket<'_>,
    seal: &Seal,
    first: u64,
) -> Result<Option<RecordBatch>, CompareFault> {
    let Bucket { columns: [rows, states], latest, found, prints } = bucket;
    let mut images: Vec<Image> = Vec::new();
    let mut number = first;
    let untold = |state: u32| {
        let names = terms.columns.iter().zip(&latest.known);
        let names = names.filter(|(_, known)| !known.value(state as usize)).map(|(column, _)| column.name.as_str());
        Some(names.collect::<Vec<_>>().join(", ")).filter(|names| !names.is_empty())
    };
    for state in found.missing.values() {
        let image = Image {
            number,
            word: DELETE,
            row: None,
            state: Some(*state),
            expects: Some(*state),
            becomes: None,
            unknown: untold(*state),
        };
        images.push(image);
        number += 1;
    }
    for pair in found.changed.iter().copied().chain(unknown(found)) {
        let (row, state) = (found.ours.value(pair as usize), found.theirs.value(pair as usize));
        let both = (Some(state), Some(row));
        let before = Image {
            number,
            word: BEFORE,
            row: None,
            state: Some(state),
            expects: both.0,
            becomes: both.1,
            unknown: untold(state),
        };
        let after =
            Image { number, word: AFTER, row: Some(row), state: None, expects: both.0, becomes: both.1, unknown: None };
        images.extend([before, after]);
        number += 1;
    }
    for row in found.extra.values() {
        let image = Image {
            number,
            word: INSERT,
            row: Some(*row),
            state: None,
            expects: None,
            becomes: Some(*row),
            unknown: None,
        };
        images.push(image);
        number += 1;
    }
    if images.is_empty() {
        return Ok(None);
    }
    let pick: Vec<(usize, usize)> = images
        .iter()
        .map(|image| match (image.row, image.state) {
            (Some(row), _) => (0, row as usize),
            (None, state) => (1, state.unwrap_or_default() as usize),
        })
        .collect();
    let cells = terms.columns.iter().enumerate().map(|(place, column)| {
        Ok((column.name.to_string(), interleave(&[rows[place].as_ref(), states[place].as_ref()], &pick)?))
    });
    let shown = |side: usize, of: &dyn Fn(&Image) -> Option<u32>| -> ArrayRef {
        let shown =
            images.iter().map(|image| Some(seal.shown("state/v1", &[prints.states[side][of(image)? as usize]])));
        Arc::new(shown.collect::<StringViewArray>())
    };
    let ours: [(&str, ArrayRef); OURS] = [
        ("change", Arc::new(StringViewArray::from_iter_values(images.iter().map(|image| image.word)))),
        ("change_number", Arc::new(Int64Array::from_iter_values(images.iter().map(|image| image.number as i64)))),
        ("unknown_columns", Arc::new(images.iter().map(|image| image.unknown.clone()).collect::<StringViewArray>())),
        ("expected_print", shown(1, &|image| image.expects)),
        ("result_print", shown(0, &|image| image.becomes)),
    ];
    named(terms, cells.collect::<Result<_, CompareFault>>()?, &ours).map(Some)
}

/// What `state` is once `changes` are applied to it. Whoever applies them elsewhere does the same.
pub fn apply(terms: &Terms, prints: &Prints, state: &Latest, changes: &RecordBatch) -> Result<Latest, ChangeFault> {
    let width = terms.columns.len();
    let cells = &changes.columns()[..width];
    let words = changes.column(width).as_string_view();
    let numbers = changes.column(width + 1).as_primitive::<Int64Type>();
    let known = known(terms, changes.column(width + 2).as_string_view());
    let converter = terms.converter()?;
    let keys = converter.convert_columns(&terms.key.iter().map(|place| cells[*place].clone()).collect::<Vec<_>>())?;
    let images = prints.states(terms, cells, Some(&known))?;
    let states = prints.states(terms, &state.columns, Some(&state.known))?;

    let mut now: BTreeMap<&[u8], (usize, usize)> =
        state.keys.iter().enumerate().map(|(place, key)| (key.as_slice(), (0, place))).collect();
    let print = |at: &(usize, usize)| if at.0 == 0 { states[at.1] } else { images[at.1] };
    for (before, after) in pairs(words, numbers) {
        let image = after.or(before).ok_or(ChangeFault::Shape)?;
        let key = keys.row(image).data();
        let there = now.get(key).map(print);
        if there == before.map(|before| images[before]) {
            match after {
                // The row's key is that of the batch, which lives as long.
                Some(after) => now.insert(keys.row(after).data(), (1, after)),
                None => now.remove(key),
            };
        } else if there != after.map(|after| images[after]) {
            return Err(ChangeFault::Conflict);
        }
    }
    let pick: Vec<(usize, usize)> = now.values().copied().collect();
    let masks = |place: usize| -> Result<BooleanArray, ChangeFault> {
        Ok(interleave(&[&state.known[place], &known[place]], &pick)?.as_boolean().clone())
    };
    let columns =
        (0..width).map(|place| Ok(interleave(&[state.columns[place].as_ref(), cells[place].as_ref()], &pick)?));
    let place = |at: &(usize, usize), of: &dyn Fn(usize) -> u64| if at.0 == 0 { of(at.1) } else { 0 };
    let count = pick.len();
    Ok(Latest {
        columns: columns.collect::<Result<_, ChangeFault>>()?,
        known: (0..width).map(masks).collect::<Result<_, _>>()?,
        keys: now.keys().map(|key| key.to_vec()).collect(),
        partitions: pick.iter().map(|at| place(at, &|at| u64::from(state.partitions[at])) as u32).collect(),
        positions: pick.iter().map(|at| place(at, &|at| state.positions[at])).collect(),
        settled: vec![Settled::Yes; count],
        ..Latest::default()
    })
}

/// The images of each change: before and after.
fn pairs(words: &StringViewArray, numbers: &Int64Array) -> Vec<(Option<usize>, Option<usize>)> {
    let mut pairs: BTreeMap<i64, (Option<usize>, Option<usize>)> = BTreeMap::new();
    for row in 0..words.len() {
        let pair = pairs.entry(numbers.value(row)).or_default();
        match words.value(row) {
            DELETE | BEFORE => pair.0 = Some(row),
            _ => pair.1 = Some(row),
        }
    }
    pairs.into_values().collect()
}

/// For each column, which cells of the images are known.
fn known(terms: &Terms, unknown: &StringViewArray) -> Vec<BooleanArray> {
    let is_known =
        |name: &str, names: Option<&str>| !names.is_some_and(|names| names.split(", ").any(|one| one == name));
    let columns = terms.columns.iter();
    columns.map(|column| unknown.iter().map(|names| Some(is_known(column.name.as_str(), names))).collect()).collect()
}

/// Whether the changes of a bucket do what they are for: applied to the states of the keys that they name, once and twice, they
/// leave nothing that differs from the extract and nothing unknown.
pub fn proves(
    terms: &Terms,
    prints: &Prints,
    bucket: &Bucket<'_>,
    changes: &RecordBatch,
) -> Result<bool, CompareFault> {
    let Bucket { columns: [rows, _], latest, found, .. } = bucket;
    let converter = terms.converter()?;
    let key = |columns: &[ArrayRef]| {
        converter.convert_columns(&terms.key.iter().map(|at| columns[*at].clone()).collect::<Vec<_>>())
    };
    let named = key(changes.columns())?;
    let named: HashSet<&[u8]> = named.iter().map(|key| key.data()).collect::<Vec<_>>().into_iter().collect();
    let of_rows = key(rows)?;
    let ours: UInt32Array = found
        .extract
        .iter()
        .copied()
        .filter(|row| named.contains(of_rows.row(*row as usize).data()))
        .collect::<Vec<_>>()
        .into();
    let theirs: UInt32Array = found
        .topic
        .iter()
        .copied()
        .filter(|state| named.contains(latest.keys[*state as usize].as_slice()))
        .collect::<Vec<_>>()
        .into();
    let fields = terms
        .columns
        .iter()
        .map(|column| arrow::datatypes::Field::new(column.name.as_str(), column.column_type.arrow(), true));
    let schema = Arc::new(arrow::datatypes::Schema::new(fields.collect::<Vec<_>>()));
    let rows = take_record_batch(&RecordBatch::try_new(schema, rows.to_vec())?, &ours)?;
    let state = of_keys(latest, &theirs)?;
    let applied = |state: &Latest| apply(terms, prints, state, changes);
    let Ok(once) = applied(&state) else { return Ok(false) };
    let Ok(twice) = applied(&once) else { return Ok(false) };
    let mut counts = Counts::default();
    compare(terms, &rows, &once, &HashSet::new(), &mut counts)?;
    let left = counts.missing + counts.extra + counts.changed + counts.unknown_cells + counts.tolerated_cells();
    let is_same = once.keys == twice.keys && once.columns == twice.columns && once.known == twice.known;
    Ok(left == 0 && is_same && counts.extract_rows == rows.num_rows() as u64)
}

/// Some of the states.
fn of_keys(latest: &Latest, places: &UInt32Array) -> Result<Latest, CompareFault> {
    let pick = |column: &ArrayRef| Ok(take(column, places, None)?);
    let mask = |known: &BooleanArray| Ok(take(known, places, None)?.as_boolean().clone());
    let at = || places.values().iter().map(|place| *place as usize);
    let count = places.len();
    Ok(Latest {
        columns: latest.columns.iter().map(pick).collect::<Result<_, CompareFault>>()?,
        known: latest.known.iter().map(mask).collect::<Result<_, CompareFault>>()?,
        keys: at().map(|place| latest.keys[place].clone()).collect(),
        partitions: at().map(|place| latest.partitions[place]).collect(),
        positions: at().map(|place| latest.positions[place]).collect(),
        settled: vec![Settled::Yes; count],
        ..Latest::default()
    })
}
