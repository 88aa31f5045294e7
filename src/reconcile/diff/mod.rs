//! Two datasets, compared key by key and cell by cell, in bounded memory.
//!
//! ```text
//! align.rs       two lists of columns -> the shared ones, each in a type that holds both sides exactly
//! side.rs        a side, read in lanes             print.rs      rows -> fingerprints of 128 bits
//! first.rs       every row as two fingerprints     part.rs       one share of the keys, in memory or put aside
//! second.rs      the differing rows once more      cells.rs      pairs of rows -> cells that differ
//! tolerance.rs   differences declared to be none   json_equal.rs the same JSON in two writings
//! marks.rs       which rows, and the first of them outcome.rs    what it came to
//! records.rs     fingerprints, put aside           rows_out.rs   the rows themselves, for whoever asked
//! ```
//!
//! Two sides without a difference are read once. What comes out depends neither on the order of rows, nor on files, batches,
//! cores or memory. Pure. Never in here: files, and what an outcome is called.

mod align;
mod cells;
mod first;
mod json_equal;
mod marks;
mod outcome;
mod part;
mod print;
mod records;
mod rows_out;
mod second;
mod side;
#[cfg(test)]
mod tests;
mod tolerance;

pub use align::{Found, Kind, common, kind, word};
pub use cells::{Passed, beyond};
pub use outcome::{ChangedRow, ColumnOutcome, DiffOutcome, Position, RowsTold, SideOutcome};
pub use rows_out::Sink;
pub use side::{Batches, InputFault, Piece, Side, keep_rows};
pub use tolerance::{Tolerance, ToleranceFault};

use crate::data::drift::is_tellable;
use crate::data::scratch::ScratchFault;
use crate::format::spill::Aside;
use align::{Aligned, Alignment, align};
use first::{Prints, SideSeen, first_look};
use outcome::outcome;
pub(super) use print::Printer;
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
    #[error("{side} column `{column}`")]
    NoColumn {
        /// The column.
        column: String,
        /// Which side has it not, in words.
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
        for (which, side) in ["the left side has no", "the right side has no"].into_iter().enumerate() {
            if !has(which, name) {
                return Err(DiffFault::NoColumn { column: name.clone(), side });
            }
        }
    }
    let named = terms.columns.iter().flatten().chain(&terms.ignore).chain(terms.tolerate.keys());
    if let Some(name) = named.into_iter().find(|name| !has(0, name) && !has(1, name)) {
        return Err(DiffFault::NoColumn { column: name.clone(), side: "neither side has a" });
    }
    let alignment = align(sides[0].columns(), sides[1].columns(), &|name| is_wanted(terms, name));
    if let Some((column, left, right)) = alignment.retyped.iter().find(|(name, ..)| terms.key.contains(name)) {
        return Err(DiffFault::KeyType { column: column.clone(), left: left.clone(), right: right.clone() });
    }
    if let Some((column, data_type)) = alignment.unread.first() {
        let column = if is_tellable(column) { column } else { "(its name is not repeated)" };
        return Err(DiffFault::Unread { column: column.into(), data_type: data_type.clone() });
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
