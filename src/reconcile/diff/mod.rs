//! Two datasets, compared key by key and cell by cell, in bounded memory.
//!
//! ```text
//! align.rs       two lists of columns -> the shared ones, each in a type that holds both sides exactly
//! side.rs        a side, read in lanes             print.rs      rows -> fingerprints of 128 bits
//! first.rs       every row as two fingerprints     part.rs       one share of the keys, in memory or put aside
//! second.rs      the differing rows once more      cells.rs      pairs of rows -> cells that differ
//! tolerance.rs   differences declared to be none   json_equal.rs the same JSON in two writings
//! marks.rs       which rows, and the first of them rows_out.rs   the rows themselves, for whoever asked
//! ```
//!
//! Two sides without a difference are read once. What comes out depends neither on the order of rows, nor on files, batches,
//! cores or memory. Pure. Never in here: files, and what an outcome is called.

mod align;
mod cells;
mod first;
mod json_equal;
mod marks;
mod part;
mod print;
mod rows_out;
mod second;
mod side;
#[cfg(test)]
mod tests;
mod tolerance;

pub use align::{Found, Kind, common, word};
pub use rows_out::Sink;
pub use side::{Batches, InputFault, Piece, Side, keep_rows};
pub use tolerance::{Tolerance, ToleranceFault};

use crate::data::scratch::ScratchFault;
use crate::format::spill::Aside;
use align::{Aligned, Alignment, align};
use first::{Prints, SideSeen, first_look};
use marks::Told;
use part::Joined;
use print::Printer;
use rows_out::RowsOut;
use second::{Again, Looked, second_look};
use side::Reading;
use std::collections::BTreeMap;

/// What is compared, and how.
#[derive(Clone, Debug, Default)]
pub struct DiffTerms {
    /// Columns that tell one row from another.
    pub key: Vec<String>,
    /// The columns that are compared; `None` is all of them.
    pub columns: Option<Vec<String>>,
    /// Columns that are not.
    pub ignore: Vec<String>,
    /// Column -> what it may differ by.
    pub tolerate: BTreeMap<String, Tolerance>,
}

/// What a comparison may use.
pub struct Means<'a> {
    /// Decides the keys of the fingerprints; new in every run.
    pub seed: u64,
    /// Lanes that read at once.
    pub cores: usize,
    /// Where rows are put aside.
    pub aside: &'a Aside,
    /// Bytes that the left side's fingerprints may take in memory.
    pub bytes_max: u64,
}

/// Why a comparison cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiffFault {
    /// A side cannot be read.
    #[error(transparent)]
    Input(#[from] InputFault),
    /// Scratch space failed.
    #[error(transparent)]
    Scratch(#[from] ScratchFault),
    /// A column that was named is not there.
    #[error("{side} has no column `{column}`")]
    NoColumn {
        /// The column.
        column: String,
        /// Which side.
        side: &'static str,
    },
    /// The key has two types that have nothing to do with each other.
    #[error(
        "key column `{column}` is {left} on the left side and {right} on the right; hint: `--schema` says what text means"
    )]
    KeyType {
        /// The column.
        column: String,
        /// Its type on the left.
        left: String,
        /// Its type on the right.
        right: String,
    },
    /// A column's values cannot be compared.
    #[error("column `{column}` is {data_type}, whose values are not compared; hint: `--ignore {column}` leaves it out")]
    Unread {
        /// The column.
        column: String,
        /// Its type.
        data_type: String,
    },
    /// A tolerance does not fit its column.
    #[error("column `{column}` cannot be tolerated so: {fault}")]
    Tolerance {
        /// The column.
        column: String,
        /// What is wrong.
        fault: &'static str,
    },
    /// A side has more rows than are numbered.
    #[error("a side has more than 4,294,967,295 rows; hint: compare it in parts")]
    TooManyRows,
    /// A side is not what it was when it was read first.
    #[error("the files changed while they were compared")]
    Changed,
    /// The differing rows could not be handed on.
    #[error("the differing rows cannot be written")]
    Sink,
    /// Columns that do not fit together: a fault of ours.
    #[error("the two sides have columns that do not fit together")]
    Shape,
}

/// Where a row stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The file.
    pub file: String,
    /// The row in it, from 0.
    pub row: u64,
}

/// How many rows, and where the first few of them stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowsTold {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub first: Vec<Position>,
}

/// What one side is like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SideOutcome {
    /// Its rows.
    pub rows: u64,
    /// Rows with a NULL in the key.
    pub null_keys: RowsTold,
    /// Rows whose key an earlier row of the side has.
    pub duplicates: RowsTold,
    /// Columns that only this side has.
    pub only: Vec<String>,
}

/// What one compared column came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnOutcome {
    /// Its name.
    pub name: String,
    /// Rows in which it differs.
    pub changed: u64,
    /// Its tolerance in words, where it has one.
    pub tolerance: Option<String>,
    /// Rows in which it differs within that.
    pub tolerated: u64,
    /// The largest difference that was let pass.
    pub largest: Option<String>,
}

/// A pair of rows that differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedRow {
    /// The row on the left.
    pub left: Position,
    /// The row on the right.
    pub right: Position,
    /// The columns in which they differ.
    pub columns: Vec<String>,
}

/// What a comparison came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiffOutcome {
    /// Both sides.
    pub sides: [SideOutcome; 2],
    /// Keys that are on both sides, once on each.
    pub compared: u64,
    /// Keys that only the left side has.
    pub missing: RowsTold,
    /// Keys that only the right side has.
    pub extra: RowsTold,
    /// Keys on both sides whose values differ.
    pub changed: u64,
    /// The first of them.
    pub changed_first: Vec<ChangedRow>,
    /// Every compared column outside the key.
    pub columns: Vec<ColumnOutcome>,
    /// Columns of two types that have nothing to do with each other: name, left, right.
    pub retyped: Vec<(String, String, String)>,
    /// Columns that both sides have and nobody compared.
    pub ignored: Vec<String>,
    /// Differing rows that were handed on.
    pub rows_out: u64,
}

/// Compares two sides. With a `sink`, the differing rows are handed to it: the columns, then `side` (`missing`, `extra`,
/// `left`, `right`), `differs`, `file` and `row`, by other names where the data has those ([`crate::data::beside`]).
pub fn diff(
    sides: [&dyn Side; 2],
    terms: &DiffTerms,
    means: &Means<'_>,
    sink: Option<&mut Sink<'_>>,
) -> Result<DiffOutcome, DiffFault> {
    let alignment = aligned(sides, terms)?;
    let columns = &alignment.columns;
    let tolerances: Vec<Tolerance> =
        columns.iter().map(|column| terms.tolerate.get(&column.name).cloned().unwrap_or_default()).collect();
    let (key, others): (Vec<usize>, Vec<usize>) =
        (0..columns.len()).partition(|place| terms.key.contains(&columns[*place].name));
    let printer = Printer::new(means.seed, columns.len());
    let prints = Prints { printer: &printer, key: &key, others: &others };

    let known = |side: &dyn Side| side.pieces().iter().map(|piece| piece.rows).collect::<Vec<_>>();
    let readings: [Reading<'_>; 2] =
        std::array::from_fn(|which| Reading::new(sides[which], which, columns, &known(sides[which])));
    let pieces = sides.map(|side| side.pieces().len());
    let (joined, seen) = first_look([&readings[0], &readings[1]], pieces, &prints, means, sink.is_some())?;

    let ranges: [Vec<std::ops::Range<u64>>; 2] = std::array::from_fn(|which| ranges(pieces[which], &seen[which]));
    let position = |which: usize, row: u32| position(sides[which], &ranges[which], row);
    let rows = [seen[0].rows, seen[1].rows];
    let mut out = sink.is_some().then(|| RowsOut::new(columns, rows, means.aside, &position));
    let looked = if joined.marks.iter().any(|marks| marks.count() > 0) {
        let counts = |which: usize| ranges[which].iter().map(|rows| Some(rows.end - rows.start)).collect::<Vec<_>>();
        let readings: [Reading<'_>; 2] =
            std::array::from_fn(|which| Reading::new(sides[which], which, columns, &counts(which)));
        let again = std::array::from_fn(|which| Again {
            reading: &readings[which],
            pieces: ranges[which].clone(),
            marks: &joined.marks[which],
        });
        second_look(again, columns, &tolerances, &prints, joined.differing, means, &mut out)?
    } else {
        Looked { tallies: vec![Default::default(); others.len()], ..Looked::default() }
    };
    let rows_out = match (out, sink) {
        (Some(out), Some(sink)) => out.finish(sink)?,
        _ => 0,
    };
    let outcome = outcome(&alignment, &others, &tolerances, joined, seen, looked, &position);
    Ok(DiffOutcome { rows_out, ignored: ignored(sides, terms), ..outcome })
}

/// The columns that are compared; every column that was named is there.
fn aligned(sides: [&dyn Side; 2], terms: &DiffTerms) -> Result<Alignment, DiffFault> {
    let has = |which: usize, name: &str| sides[which].columns().iter().any(|column| column.name == name);
    for name in &terms.key {
        for (which, side) in ["the left side", "the right side"].into_iter().enumerate() {
            if !has(which, name) {
                return Err(DiffFault::NoColumn { column: name.clone(), side });
            }
        }
    }
    let named = terms.columns.iter().flatten().chain(&terms.ignore).chain(terms.tolerate.keys());
    if let Some(name) = named.into_iter().find(|name| !has(0, name) && !has(1, name)) {
        return Err(DiffFault::NoColumn { column: name.clone(), side: "neither side" });
    }
    let alignment = align(sides[0].columns(), sides[1].columns(), &|name| is_wanted(terms, name));
    if let Some((column, left, right)) = alignment.retyped.iter().find(|(name, ..)| terms.key.contains(name)) {
        return Err(DiffFault::KeyType { column: column.clone(), left: left.clone(), right: right.clone() });
    }
    if let Some((column, data_type)) = alignment.unread.first() {
        return Err(DiffFault::Unread { column: column.clone(), data_type: data_type.clone() });
    }
    for (name, tolerance) in &terms.tolerate {
        let refused = |fault| DiffFault::Tolerance { column: name.clone(), fault };
        if terms.key.contains(name) {
            return Err(refused("a key is the same or it is another"));
        }
        if !is_wanted(terms, name) {
            return Err(refused("it is not compared"));
        }
        if alignment.columns.iter().any(|column| column.name == *name && !tolerance.fits(column.kind)) {
            return Err(refused("such a rule is for values of another type"));
        }
    }
    Ok(alignment)
}

fn is_wanted(terms: &DiffTerms, name: &str) -> bool {
    let is_named = |names: &[String]| names.iter().any(|other| other == name);
    is_named(&terms.key) || (terms.columns.as_ref().is_none_or(|names| is_named(names)) && !is_named(&terms.ignore))
}

fn ignored(sides: [&dyn Side; 2], terms: &DiffTerms) -> Vec<String> {
    let names = sides[0].columns().iter().map(|column| column.name.clone());
    let names = names.filter(|name| !is_wanted(terms, name));
    names.filter(|name| sides[1].columns().iter().any(|column| column.name == *name)).collect()
}

/// The numbers of the rows of each piece.
fn ranges(pieces: usize, seen: &SideSeen) -> Vec<std::ops::Range<u64>> {
    let mut counts = vec![0; pieces];
    seen.counted.iter().for_each(|(piece, rows)| counts[*piece] = *rows);
    let mut first = 0;
    let range = counts.into_iter().map(|rows| {
        first += rows;
        first - rows..first
    });
    range.collect()
}

fn position(side: &dyn Side, ranges: &[std::ops::Range<u64>], row: u32) -> Position {
    let row = u64::from(row);
    let piece = ranges.partition_point(|range| range.end <= row);
    let (piece, range) = (&side.pieces()[piece], &ranges[piece]);
    Position { file: piece.file.clone(), row: piece.first + row - range.start }
}

fn outcome(
    alignment: &Alignment,
    others: &[usize],
    tolerances: &[Tolerance],
    joined: Joined,
    seen: [SideSeen; 2],
    looked: Looked,
    position: &dyn Fn(usize, u32) -> Position,
) -> DiffOutcome {
    let told = |which: usize, told: &Told| RowsTold {
        count: told.count(),
        first: told.first().into_iter().map(|row| position(which, row)).collect(),
    };
    let name = |place: usize| alignment.columns[place].name.clone();
    let column = |(place, tally): (&usize, &cells::ColumnTally)| ColumnOutcome {
        name: name(*place),
        changed: tally.changed,
        tolerance: Some(tolerances[*place].told()).filter(|told| !told.is_empty()),
        tolerated: tally.tolerated,
        largest: tally.largest(),
    };
    DiffOutcome {
        sides: std::array::from_fn(|which| SideOutcome {
            rows: seen[which].rows,
            null_keys: told(which, &seen[which].null_keys),
            duplicates: told(which, &joined.repeated[which]),
            only: alignment.only[which].clone(),
        }),
        compared: joined.compared,
        missing: told(0, &joined.alone[0]),
        extra: told(1, &joined.alone[1]),
        changed: looked.changed,
        changed_first: looked
            .first
            .into_iter()
            .map(|(left, right, columns)| ChangedRow {
                left: position(0, left),
                right: position(1, right),
                columns: columns.into_iter().map(name).collect(),
            })
            .collect(),
        columns: others.iter().zip(&looked.tallies).map(column).collect(),
        retyped: alignment.retyped.clone(),
        ignored: Vec::new(),
        rows_out: 0,
    }
}
