//! A column that nobody declared as personal, by all of its cells: does what is in it agree with its class?
//!
//! A single e-mail address ends a night by itself (`detect`). Names of people, streets and postcodes do not, since open columns hold
//! them on purpose; a column that is full of them is judged here, as `scan` judges it. Who has looked and knows better says so in the
//! schema, kind by kind (`not_personal`), and nothing else is let pass by that. Never in here: a value.

use super::columns::{CellKind, ColumnTally, Said, said, verdict};
use super::detect::Recognisers;
use super::recognise::Kind;
use crate::data::{Class, Column, ColumnType};
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{Decimal128Type, Int16Type, Int32Type, Int64Type};
use std::collections::BTreeMap;

/// What stands for a column of sentences that hold something about people.
const FREE_TEXT: &str = "free_text";

/// What a column's cells tell, part by part.
#[derive(Clone, Debug)]
pub struct Content(ColumnTally);

/// A column whose content is not of its class.
#[derive(Clone, Debug, PartialEq)]
pub struct Disagreement {
    /// What it is of.
    pub kind: &'static str,
    /// The share of its cells that look like it, from 0 to 1.
    pub share: f64,
    /// How sure that is, from 0 to 1.
    pub confidence: f64,
}

/// Whether a schema file may say of a kind that values are not of it.
pub fn is_kind(id: &str) -> bool {
    id == FREE_TEXT || Kind::parse(id).is_some()
}

impl Content {
    /// Looks at published cells of `column`: cells of each kind that no open column may hold, and what tells its content; that is
    /// `None` of a type in which nobody keeps what is about a person, and of JSON.
    pub fn look(
        cells: &ArrayRef,
        column: &Column,
        recognisers: &Recognisers,
    ) -> (BTreeMap<&'static str, u64>, Option<Self>) {
        let name = column.name.as_str();
        let numbers = |tally| (BTreeMap::new(), Some(Content(tally)));
        match column.column_type {
            ColumnType::Text | ColumnType::Varchar(_) | ColumnType::Char(_) => match cells.as_string_view_opt() {
                Some(texts) => {
                    let (found, tally) = recognisers.findings_and_tally(texts, name);
                    (found, Some(Content(tally)))
                }
                None => (BTreeMap::new(), None),
            },
            ColumnType::Smallint => {
                let cells = cells.as_primitive::<Int16Type>();
                numbers(recognisers.numbers(cells.iter().flatten().map(i128::from), name))
            }
            ColumnType::Integer => {
                let cells = cells.as_primitive::<Int32Type>();
                numbers(recognisers.numbers(cells.iter().flatten().map(i128::from), name))
            }
            ColumnType::Bigint => {
                let cells = cells.as_primitive::<Int64Type>();
                numbers(recognisers.numbers(cells.iter().flatten().map(i128::from), name))
            }
            ColumnType::Numeric { scale: 0, .. } => {
                let cells = cells.as_primitive::<Decimal128Type>();
                numbers(recognisers.numbers(cells.iter().flatten(), name))
            }
            ColumnType::Date if said(name) == Said::Surely(Kind::DateOfBirth) => {
                let mut tally = ColumnTally::for_verdict(CellKind::Date);
                tally.add_unlike((cells.len() - cells.null_count()) as u64);
                numbers(tally)
            }
            _ => (BTreeMap::new(), None),
        }
    }

    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Content(self.0.and(other.0))
    }

    /// What is wrong with `column` being open or internal, if anything is.
    pub fn against(&self, column: &Column) -> Option<Disagreement> {
        if !matches!(column.class, Class::Open | Class::Internal) {
            return None;
        }
        let known = column.not_personal.keys().filter_map(|kind| Kind::parse(kind));
        let tally = known.fold(self.0.clone(), ColumnTally::without);
        judged(column, &tally).filter(|found| !column.not_personal.contains_key(found.kind))
    }

    /// What the column is of, whatever its class and whoever knows better.
    pub fn of(&self, column: &Column) -> Option<Disagreement> {
        judged(column, &self.0)
    }
}

fn judged(column: &Column, tally: &ColumnTally) -> Option<Disagreement> {
    let judged = verdict(column.name.as_str(), tally);
    let kind = judged.kind?;
    let found = judged.found.iter().map(|(_, cells)| *cells).max().unwrap_or(0);
    let share = if kind == FREE_TEXT { found as f64 / tally.cells as f64 } else { judged.shape };
    Some(Disagreement { kind, share, confidence: judged.confidence })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Name;
    use arrow::array::{Date32Array, Int64Array, StringViewArray};
    use std::sync::Arc;

    fn column(name: &str, column_type: ColumnType) -> Column {
        Column::plain(Name::new(name).expect("a name"), column_type)
    }

    fn found(column: &Column, cells: ArrayRef) -> Option<Disagreement> {
        let recognisers = Recognisers::new().expect("patterns");
        // In two parts, as a table is written.
        let half = cells.len() / 2;
        let look = |cells: ArrayRef| Content::look(&cells, column, &recognisers).1.expect("a content");
        look(cells.slice(0, half)).and(look(cells.slice(half, cells.len() - half))).against(column)
    }

    fn texts(cells: impl Iterator<Item = String>) -> ArrayRef {
        Arc::new(StringViewArray::from_iter_values(cells))
    }

    fn names() -> ArrayRef {
        let surnames = ["Alder", "Ashdown", "Whitcombe", "Hartley", "Fletcher", "Barnes", "Hughes"];
        let forenames = ["Sarah", "Tobias", "Zoe", "Martin", "Helen"];
        texts((0..70).map(|at| format!("{} {}", forenames[at % 5], surnames[at % 7])))
    }

    #[test]
    fn a_column_full_of_people_is_not_open_whatever_it_is_called() {
        let reference = column("reference", ColumnType::Text);
        let ninos = texts((0..40).map(|at| format!("QQ{:06}A", 100_000 + at * 7)).map(|nino| nino.replace("QQ", "AB")));
        let kind = |column: &Column, cells| found(column, cells).map(|found| found.kind);
        assert_eq!(kind(&reference, ninos), Some("nino"));
        assert_eq!(kind(&reference, names()), Some("person_name"));
        let born: ArrayRef = Arc::new(Date32Array::from_iter_values(0..9));
        assert_eq!(kind(&column("born_on", ColumnType::Date), born), Some("date_of_birth"));
    }

    #[test]
    fn numbers_are_told_by_their_check_digits() {
        let check = |front: i64| {
            let digits: Vec<i64> = format!("{front:09}").bytes().map(|digit| i64::from(digit - b'0')).collect();
            let sum: i64 = digits.iter().zip((2..=10).rev()).map(|(digit, weight)| digit * weight).sum();
            match 11 - sum % 11 {
                11 => Some(front * 10),
                10 => None,
                digit => Some(front * 10 + digit),
            }
        };
        let nhs: Vec<i64> = (999_100_000..).filter_map(check).take(40).collect();
        let any: Vec<i64> = (999_100_000..).map(|front| front * 10 + 3).take(40).collect();
        let reference = column("reference", ColumnType::Bigint);
        let kind = |cells: Vec<i64>| found(&reference, Arc::new(Int64Array::from(cells))).map(|found| found.kind);
        assert_eq!(kind(nhs.clone()), Some("nhs_number"));
        assert_eq!(kind(any), None);
        let text = found(&column("reference", ColumnType::Text), texts(nhs.iter().map(i64::to_string)));
        assert_eq!(text.map(|found| found.kind), Some("nhs_number"));
    }

    #[test]
    fn what_somebody_knows_is_let_pass_of_that_kind_and_no_other() {
        let mut reference = column("reference", ColumnType::Text);
        reference.not_personal.insert("person_name".into(), "ships".into());
        assert_eq!(found(&reference, names()), None);
        let ninos = texts((0..40).map(|at| format!("AB{:06}A", 100_000 + at * 7)));
        assert_eq!(found(&reference, ninos).map(|found| found.kind), Some("nino"));
    }

    #[test]
    fn units_sites_statuses_and_references_are_nobodys() {
        for (name, cells) in [
            ("unit_name", &["Awel y Môr Offshore Wind Farm A Phase 1", "Charity Farm", "Drax 3", "Burbo Bank"][..]),
            ("technology", &["Solar PV", "Offshore Wind", "Dedicated Biomass with CHP"]),
            ("cfd_id", &["AAA-LIG-176", "AR2-HRN-306", "NUC-HPC-198"]),
            ("status", &["Live (Post-FIC)", "Terminated", "Pre-Start Date"]),
            ("counterparty", &["Hornsea 1 Limited", "Ørsted A/S", "Drax Power Limited"]),
            ("bmu_id", &["T_DRAXX-3", "E_BURBO", "2__PSTAT001"]),
        ] {
            let cells = texts((0..60).map(|at| cells[at % cells.len()].to_owned()));
            assert_eq!(found(&column(name, ColumnType::Text), cells), None, "{name}");
        }
    }
}
