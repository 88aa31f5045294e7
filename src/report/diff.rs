//! What a comparison of two datasets came to, as plain values; their JSON names are an API.

use super::numbers::counted;
use crate::ending::{FOUND, SIDES_ERROR};
use crate::reconcile::diff::{ColumnOutcome, DiffOutcome, Position, RowsTold};
use serde::Serialize;

/// What it came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum DiffVerdict {
    /// The same.
    Match,
    /// Rows or columns differ.
    Drift,
    /// It cannot be said: keys that are NULL or there twice, or an empty side.
    Error,
}

/// A side as it was named.
#[derive(Clone, Debug)]
pub struct DiffSide {
    /// Its path.
    pub path: String,
    /// Its version, where it is a table.
    pub version: Option<u64>,
}

/// The report.
#[derive(Clone, Debug, Serialize)]
pub struct DiffReport {
    /// What it came to.
    pub verdict: DiffVerdict,
    /// The exit code.
    pub exit_code: u8,
    /// In words.
    pub phrase: String,
    /// The columns that tell one row from another.
    pub key: Vec<String>,
    /// The side that was named first.
    pub left: SideReport,
    /// The other.
    pub right: SideReport,
    /// Keys on both sides, once on each.
    pub compared: u64,
    /// Keys that only the left side has.
    pub missing: u64,
    /// Keys that only the right side has.
    pub extra: u64,
    /// Keys on both sides whose values differ.
    pub changed: u64,
    /// Rows of either side whose key an earlier row of it has.
    pub duplicates: u64,
    /// Rows of either side with a NULL in the key.
    pub null_keys: u64,
    /// Cells that differ within their tolerance.
    pub tolerated: u64,
    /// Every compared column outside the key.
    pub columns: Vec<DiffColumn>,
    /// Columns of two types that have nothing to do with each other.
    pub retyped: Vec<Retyped>,
    /// Columns that both sides have and nobody compared.
    pub not_compared: Vec<String>,
    /// Where the first differing rows stand.
    pub first: FirstRows,
    /// Where the differing rows went, and how many.
    pub out: Option<RowsWritten>,
}

/// One side.
#[derive(Clone, Debug, Serialize)]
pub struct SideReport {
    /// As it was named.
    pub path: String,
    /// Its version, where it is a table.
    pub version: Option<u64>,
    /// Its rows.
    pub rows: u64,
    /// Rows with a NULL in the key.
    pub null_keys: u64,
    /// Rows whose key an earlier row of the side has.
    pub duplicates: u64,
    /// Columns that only this side has.
    pub only: Vec<String>,
}

/// A compared column.
#[derive(Clone, Debug, Serialize)]
pub struct DiffColumn {
    /// Its name.
    pub name: String,
    /// Rows in which it differs.
    pub changed: u64,
    /// What it may differ by.
    pub tolerance: Option<String>,
    /// Rows in which it differs by no more.
    pub tolerated: u64,
    /// The largest difference that was let pass.
    pub largest: Option<String>,
}

/// A column of two types.
#[derive(Clone, Debug, Serialize)]
pub struct Retyped {
    /// Its name.
    pub name: String,
    /// Its type on the left.
    pub left: String,
    /// Its type on the right.
    pub right: String,
}

/// A row by its place: never by what it holds.
#[derive(Clone, Debug, Serialize)]
pub struct RowPlace {
    /// The file.
    pub file: String,
    /// The row in it, from 0.
    pub row: u64,
}

/// The first rows of each kind.
#[derive(Clone, Debug, Serialize)]
pub struct FirstRows {
    /// Rows of the left side alone.
    pub missing: Vec<RowPlace>,
    /// Rows of the right side alone.
    pub extra: Vec<RowPlace>,
    /// Pairs that differ.
    pub changed: Vec<FirstChanged>,
    /// Rows whose key an earlier row has.
    pub duplicates: Vec<RowPlace>,
    /// Rows with a NULL in the key.
    pub null_keys: Vec<RowPlace>,
}

/// A pair that differs.
#[derive(Clone, Debug, Serialize)]
pub struct FirstChanged {
    /// Its row on the left.
    pub left: RowPlace,
    /// Its row on the right.
    pub right: RowPlace,
    /// The columns in which they differ.
    pub columns: Vec<String>,
}

/// A file of differing rows.
#[derive(Clone, Debug, Serialize)]
pub struct RowsWritten {
    /// Its path.
    pub path: String,
    /// Rows in it.
    pub rows: u64,
}

impl DiffReport {
    /// The report of `outcome`. `out` is where differing rows go.
    pub fn new(
        outcome: &DiffOutcome,
        sides: [DiffSide; 2],
        key: Vec<String>,
        out: Option<String>,
        allow_empty: bool,
    ) -> Self {
        let [left, right] = &outcome.sides;
        let side = |named: DiffSide, side: &crate::reconcile::diff::SideOutcome| SideReport {
            path: named.path,
            version: named.version,
            rows: side.rows,
            null_keys: side.null_keys.count,
            duplicates: side.duplicates.count,
            only: names(&side.only),
        };
        let both = |one: &RowsTold, two: &RowsTold| one.first.iter().chain(&two.first).map(place).collect();
        let [left_side, right_side] = sides;
        let (verdict, phrase) = judge(outcome, allow_empty);
        DiffReport {
            verdict,
            exit_code: match verdict {
                DiffVerdict::Match => 0,
                DiffVerdict::Drift => FOUND,
                DiffVerdict::Error => SIDES_ERROR.code,
            },
            phrase,
            key: names(&key),
            compared: outcome.compared,
            missing: outcome.missing.count,
            extra: outcome.extra.count,
            changed: outcome.changed,
            duplicates: left.duplicates.count + right.duplicates.count,
            null_keys: left.null_keys.count + right.null_keys.count,
            tolerated: outcome.columns.iter().map(|column| column.tolerated).sum(),
            columns: outcome.columns.iter().map(column).collect(),
            retyped: outcome
                .retyped
                .iter()
                .map(|(name, left, right)| Retyped { name: named(name), left: left.clone(), right: right.clone() })
                .collect(),
            not_compared: names(&outcome.ignored),
            first: FirstRows {
                missing: outcome.missing.first.iter().map(place).collect(),
                extra: outcome.extra.first.iter().map(place).collect(),
                changed: outcome.changed_first.iter().map(changed).collect(),
                duplicates: both(&left.duplicates, &right.duplicates),
                null_keys: both(&left.null_keys, &right.null_keys),
            },
            out: out.filter(|_| outcome.rows_out > 0).map(|path| RowsWritten { path, rows: outcome.rows_out }),
            left: side(left_side, left),
            right: side(right_side, right),
        }
    }
}

/// The verdict and why.
fn judge(outcome: &DiffOutcome, allow_empty: bool) -> (DiffVerdict, String) {
    let [left, right] = &outcome.sides;
    let nulls = left.null_keys.count + right.null_keys.count;
    let duplicates = left.duplicates.count + right.duplicates.count;
    let parts = [part(nulls, "with a NULL key"), part(duplicates, "with the key of another")];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if !parts.is_empty() {
        return (DiffVerdict::Error, parts.join(", "));
    }
    if !allow_empty && left.rows.min(right.rows) == 0 {
        let side = match (left.rows, right.rows) {
            (0, 0) => "both sides have no rows",
            (0, _) => "the left side has no rows",
            _ => "the right side has no rows",
        };
        return (DiffVerdict::Error, side.into());
    }
    let columns = left.only.len() + right.only.len() + outcome.retyped.len();
    let columns =
        (columns > 0).then(|| format!("{} on one side alone or of two types", counted(columns as u64, "column")));
    let parts = [
        part(outcome.changed, if outcome.changed == 1 { "differs" } else { "differ" }),
        part(outcome.missing.count, "on the left alone"),
        part(outcome.extra.count, "on the right alone"),
        columns,
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        let tolerated: u64 = outcome.columns.iter().map(|column| column.tolerated).sum();
        let tolerated = match tolerated {
            0 => String::new(),
            cells => format!(" ({} within tolerance)", counted(cells, "cell")),
        };
        return (DiffVerdict::Match, format!("{} the same{tolerated}", counted(outcome.compared, "row")));
    }
    (DiffVerdict::Drift, parts.join(", "))
}

fn part(number: u64, words: &str) -> Option<String> {
    (number > 0).then(|| format!("{} {words}", counted(number, "row")))
}

fn column(column: &ColumnOutcome) -> DiffColumn {
    let ColumnOutcome { name, changed, tolerance, tolerated, largest } = column.clone();
    DiffColumn { name: named(&name), changed, tolerance, tolerated, largest }
}

fn changed(row: &crate::reconcile::diff::ChangedRow) -> FirstChanged {
    FirstChanged { left: place(&row.left), right: place(&row.right), columns: names(&row.columns) }
}

fn place(position: &Position) -> RowPlace {
    RowPlace { file: position.file.clone(), row: position.row }
}

fn names(all: &[String]) -> Vec<String> {
    all.iter().map(|name| named(name)).collect()
}

/// A column's name, where it looks like one: a header may be a row of values.
fn named(name: &str) -> String {
    if crate::data::drift::is_tellable(name) { name.to_owned() } else { "(a name that is not repeated)".into() }
}
