//! Counts of a column and its name -> the kind that it is of, and how sure that is.
//!
//! With a name that says so, three cells in ten of the shape are enough, and checks only make it surer: real columns are dirty, and a
//! column that is treated for nothing costs less than one that is not. Without, six in ten must have the shape, and of these the checks
//! must hold for half, at the lower end of Wilson's interval; kinds that have no check of their own need the name.

use super::headers::{Said, said};
use super::tally::{CellKind, ColumnTally};
use crate::privacy::recognise::{KINDS, Kind};

/// z of Wilson's interval: one in a hundred is outside, on the lower side.
const Z: f64 = 2.33;
/// Least share of cells of the shape, with a name that says so and without.
const SHAPE_NAMED: f64 = 0.3;
const SHAPE_UNNAMED: f64 = 0.6;
/// Least share of them whose check holds, where no name says so.
const CHECK_UNNAMED: f64 = 0.5;
/// Different values that a column of people's names or streets has, at least, where no name says so.
const DISTINCT_MIN: usize = 20;
/// Cells of free text that hold something, at least: a share, or so many sure ones.
const FREE_TEXT_SHARE: f64 = 0.02;

/// What a column is of.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnVerdict {
    /// The kind, `free_text` for sentences that hold something about people, or nothing.
    pub kind: Option<&'static str>,
    /// How sure that is, from 0 to 1.
    pub confidence: f64,
    /// Whether its name says so.
    pub is_named: bool,
    /// The share of its cells that have the kind's shape as a whole.
    pub shape: f64,
    /// The share of those whose check holds, at the lower end of Wilson's interval.
    pub check: f64,
    /// By kind: cells that hold one.
    pub found: Vec<(Kind, u64)>,
}

/// The lower end of Wilson's interval for `hits` of `all`.
fn wilson(hits: u64, all: u64) -> f64 {
    if all == 0 {
        return 0.0;
    }
    let (n, p) = (all as f64, hits as f64 / all as f64);
    let middle = p + Z * Z / (2.0 * n);
    let spread = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    ((middle - spread) / (1.0 + Z * Z / n)).clamp(0.0, 1.0)
}

/// Judges a column.
pub fn verdict(name: &str, tally: &ColumnTally) -> ColumnVerdict {
    let said = said(name);
    let found: Vec<_> =
        KINDS.iter().map(|(kind, ..)| (*kind, tally.of(*kind)[2])).filter(|(_, cells)| *cells > 0).collect();
    let nothing = ColumnVerdict { kind: None, confidence: 0.0, is_named: false, shape: 0.0, check: 0.0, found };
    if tally.cells == 0 {
        return nothing;
    }
    if let Said::Surely(kind) | Said::Perhaps(kind) = said
        && let Some(verdict) = named(kind, matches!(said, Said::Surely(_)), tally, &nothing)
    {
        return verdict;
    }
    unnamed(said, tally, &nothing).or_else(|| free_text(tally, &nothing)).unwrap_or(nothing)
}

/// The verdict where the name says so.
fn named(kind: Kind, is_sure: bool, tally: &ColumnTally, nothing: &ColumnVerdict) -> Option<ColumnVerdict> {
    let [shapes, checked, ..] = tally.of(kind);
    let shape = if kind == Kind::DateOfBirth && tally.cell_kind == CellKind::Date {
        1.0
    } else {
        shapes as f64 / tally.cells as f64
    };
    let check = wilson(checked, tally.cells);
    let fits = match (kind, tally.cell_kind) {
        (Kind::DateOfBirth, CellKind::Date) => true,
        (_, CellKind::Date | CellKind::Other) => false,
        // Numbers lose their zeros: `07700 900123` is kept as 7700900123.
        (Kind::Phone, CellKind::Number) => tally.bytes >= 9 * tally.cells,
        (Kind::SortCode, CellKind::Number) => tally.bytes >= 5 * tally.cells && tally.bytes <= 6 * tally.cells,
        (Kind::BankAccount, CellKind::Number) => tally.bytes >= 6 * tally.cells && tally.bytes <= 8 * tally.cells,
        (Kind::PersonName, CellKind::Number) => false,
        // `contact` may hold a number as well as a name; `name` a firm's.
        (Kind::PersonName, _) if !is_sure => shape >= 0.5 && checked as f64 >= 0.5 * tally.cells as f64,
        (Kind::PersonName, _) => shape >= 0.5 && checked as f64 >= 0.15 * tally.cells as f64,
        _ => shape >= SHAPE_NAMED,
    };
    let confidence = 0.6 + 0.25 * shape.min(1.0) + 0.14 * check;
    fits.then(|| ColumnVerdict { kind: Some(kind.id()), confidence, is_named: true, shape, check, ..nothing.clone() })
}

/// The verdict by values alone.
fn unnamed(said: Said, tally: &ColumnTally, nothing: &ColumnVerdict) -> Option<ColumnVerdict> {
    let mut best: Option<ColumnVerdict> = None;
    for (kind, ..) in KINDS {
        let [shapes, checked, found, sure] = tally.of(*kind);
        let cells = tally.cells as f64;
        let shape = shapes as f64 / cells;
        let check = wilson(checked, tally.cells);
        let is_text = tally.cell_kind == CellKind::Text;
        let fits = match kind {
            Kind::Email
            | Kind::Iban
            | Kind::Upn
            | Kind::DrivingLicence
            | Kind::MacAddress
            | Kind::IpAddress
            | Kind::Credential => is_text && check >= CHECK_UNNAMED && found as f64 >= SHAPE_UNNAMED * cells,
            Kind::Nino | Kind::VatNumber | Kind::Postcode | Kind::Phone | Kind::VehicleRegistration => {
                is_text
                    && check >= CHECK_UNNAMED
                    && found as f64 >= SHAPE_UNNAMED * cells
                    && sure as f64 >= 0.3 * cells
                    && tally.distinct() > 1
            }
            Kind::NhsNumber | Kind::Card => check >= CHECK_UNNAMED && tally.distinct() > 8,
            Kind::Mpan | Kind::Imei => check >= CHECK_UNNAMED && tally.distinct() > 8 && said != Said::Other,
            Kind::PersonName => {
                is_text
                    && shape >= SHAPE_UNNAMED
                    && checked as f64 >= SHAPE_UNNAMED * cells
                    && tally.distinct() >= DISTINCT_MIN
                    && said != Said::Other
            }
            Kind::Address => {
                is_text
                    && checked as f64 >= SHAPE_UNNAMED * cells
                    && tally.distinct() >= DISTINCT_MIN
                    && tally.sentences * 2 < tally.cells + 1
            }
            // No check of their own: they need a name that says so.
            _ => false,
        };
        let confidence = 0.3 + 0.3 * shape + 0.3 * check;
        if fits && best.as_ref().is_none_or(|best| best.confidence < confidence) {
            best = Some(ColumnVerdict { kind: Some(kind.id()), confidence, shape, check, ..nothing.clone() });
        }
    }
    best
}

/// Sentences that hold something about people.
fn free_text(tally: &ColumnTally, nothing: &ColumnVerdict) -> Option<ColumnVerdict> {
    let is_text = tally.cell_kind == CellKind::Text && tally.sentences * 2 >= tally.cells;
    let share = nothing.found.iter().map(|(_, cells)| *cells).max().unwrap_or(0) as f64 / tally.cells as f64;
    let is_one = is_text && share >= FREE_TEXT_SHARE;
    is_one.then(|| ColumnVerdict {
        kind: Some("free_text"),
        confidence: 0.5 + 0.5 * share.min(0.98),
        ..nothing.clone()
    })
}
