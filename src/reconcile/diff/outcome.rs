//! What a comparison came to, in numbers, names and places.
//!
//! Never in here: a value of either side, and what the numbers are called in the end.

use super::align::Alignment;
use super::cells::ColumnTally;
use super::first::SideSeen;
use super::marks::Told;
use super::part::Joined;
use super::second::Looked;
use super::tolerance::Tolerance;

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

/// Puts together what both looks showed.
pub fn outcome(
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
    let column = |(place, tally): (&usize, &ColumnTally)| ColumnOutcome {
        name: name(*place),
        changed: tally.changed,
        tolerance: Some(tolerances[*place].told()).filter(|told| !told.is_empty()),
        tolerated: tally.passed.cells,
        largest: tally.passed.largest(),
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
