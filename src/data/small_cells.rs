//! Which groups of people are too small to be shown, and what would give them away. Only the words: who counts is `privacy`.

use super::Name;

/// What one audience must not see of small groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmallCells {
    /// Columns, as the audience sees them: rows that share their values are a group.
    pub by: Vec<Name>,
    /// The column that says how many people a row is about; without it each row is one.
    pub count: Option<Name>,
    /// Groups of fewer people than this are small.
    pub under: u64,
    /// Of `by`, those by which totals are known: people of all groups that share their values. Without any, of the whole table.
    pub total: Vec<Name>,
}

impl SmallCells {
    /// What `under` is where nobody says.
    pub const UNDER: u64 = 5;

    /// In a phrase, for the plan.
    pub fn phrase(&self) -> String {
        let names = |names: &[Name]| names.iter().map(Name::as_str).collect::<Vec<_>>().join(", ");
        let becomes = match &self.count {
            Some(count) => format!("in {count} have all but these columns NULL"),
            None => "are left out".into(),
        };
        let total = match self.total.as_slice() {
            [] => "the table".into(),
            columns => names(columns),
        };
        let (by, under) = (names(&self.by), self.under);
        format!("by {by} groups of fewer than {under} {becomes}, and more where the total of {total} would tell them")
    }
}
