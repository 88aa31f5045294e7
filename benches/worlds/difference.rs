//! Known differences between a table and its topic.
//!
//! Of `count` differences a third are rows that the topic lacks, a third rows that only the topic has, and the rest (one at
//! least) rows that have another value in one column of the topic. The rows lie spread over the table.

use super::Fault;
use super::life::SHOWN;
use super::table::Table;
use std::collections::BTreeMap;

/// What is different in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// The topic has another value.
    Changed,
    /// The topic does not have the row.
    MissingFromTopic,
}

/// The differences of one table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Planted {
    rows: BTreeMap<u64, Sort>,
    only_in_topic: u64,
}

/// Differences planted, in the words of nightferry's report.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct DifferencesMade {
    /// The table.
    pub table: String,
    /// The column whose value was changed.
    pub column: String,
    /// Rows that have another value in the topic.
    pub changed: u64,
    /// Rows that the topic has and the extract lacks.
    pub missing: u64,
    /// Rows that the extract has and the topic lacks.
    pub extra: u64,
}

impl Planted {
    /// Chooses the rows. Fails when the table has too few that its topic carries.
    pub fn new(table: &Table, count: u64) -> Result<Self, Fault> {
        let third = count / 3;
        let in_rows = count - third;
        let rows = table.sketch.rows;
        let mut planted = Planted { rows: BTreeMap::new(), only_in_topic: third };
        for number in 0..in_rows {
            let slot = rows * number / in_rows..rows * (number + 1) / in_rows;
            let mut eligible = slot.filter(|index| table.life(*index)[SHOWN] == Some(0));
            let found = eligible.find(|index| table.carries(&table.row(*index, 0)));
            let too_few = || Fault::TooManyDifferences { table: table.sketch.name, count };
            let sort = if number < in_rows - third { Sort::Changed } else { Sort::MissingFromTopic };
            planted.rows.insert(found.ok_or_else(too_few)?, sort);
        }
        Ok(planted)
    }

    /// What is planted in a row.
    pub fn sort(&self, index: u64) -> Option<Sort> {
        self.rows.get(&index).copied()
    }

    /// How many rows only the topic has: those behind all others of the table.
    pub fn only_in_topic(&self) -> u64 {
        self.only_in_topic
    }

    /// What there is to find.
    pub fn made(&self, table: &Table) -> DifferencesMade {
        let of = |sort: Sort| self.rows.values().filter(|other| **other == sort).count() as u64;
        DifferencesMade {
            table: table.sketch.name.to_owned(),
            column: table.definition.columns[table.differing()].name.clone(),
            changed: of(Sort::Changed),
            missing: self.only_in_topic,
            extra: of(Sort::MissingFromTopic),
        }
    }
}
