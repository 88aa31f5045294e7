//! What treating a column, or asking for rows by a path inside it, told of it: which declared fields were there, and what was replaced.
//! Counts, never values.

use std::collections::BTreeMap;

/// What treating cells of a column told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Of JSON, each declared field in its order; of a path by which rows are left out, that alone.
    pub fields: Vec<FieldTold>,
    /// Of free text, kind -> pieces that were replaced.
    pub replaced: BTreeMap<&'static str, u64>,
}

/// A declared field of JSON. Where NULL, JSON's null or an empty list stands on the way to it, nothing is told either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FieldTold {
    /// Places where it was.
    pub hits: u64,
    /// Places where it should have been and something else was, or nothing.
    pub lacking: u64,
}

impl FieldTold {
    /// Whether it was nowhere, and should have been somewhere: it has another name now.
    pub fn is_gone(&self) -> bool {
        self.hits == 0 && self.lacking > 0
    }
}

impl Told {
    /// Both together.
    pub fn and(mut self, other: Told) -> Self {
        self.fields.resize(self.fields.len().max(other.fields.len()), FieldTold::default());
        for (mine, theirs) in self.fields.iter_mut().zip(other.fields) {
            mine.hits += theirs.hits;
            mine.lacking += theirs.lacking;
        }
        for (kind, pieces) in other.replaced {
            *self.replaced.entry(kind).or_default() += pieces;
        }
        self
    }

    /// Whether it tells nothing.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.replaced.is_empty()
    }
}
