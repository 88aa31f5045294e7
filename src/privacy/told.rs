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
    /// The first, in rows that are left out: nothing of them is shown, and the field has its name there all the same.
    pub unseen_hits: u64,
    /// The second, in these rows.
    pub unseen_lacking: u64,
}

impl FieldTold {
    /// The same of rows that are left out.
    pub fn unseen(self) -> Self {
        FieldTold { unseen_hits: self.hits, unseen_lacking: self.lacking, ..FieldTold::default() }
    }

    /// Whether it was nowhere, and should have been somewhere: it has another name now. Rows that are left out count, too.
    pub fn is_gone(&self) -> bool {
        self.hits + self.unseen_hits == 0 && self.lacking_anywhere() > 0
    }

    /// Places of all rows where it should have been and was not.
    pub fn lacking_anywhere(&self) -> u64 {
        self.lacking + self.unseen_lacking
    }
}

impl Told {
    /// Both together.
    pub fn and(mut self, other: Told) -> Self {
        self.fields.resize(self.fields.len().max(other.fields.len()), FieldTold::default());
        for (mine, theirs) in self.fields.iter_mut().zip(other.fields) {
            mine.hits += theirs.hits;
            mine.lacking += theirs.lacking;
            mine.unseen_hits += theirs.unseen_hits;
            mine.unseen_lacking += theirs.unseen_lacking;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn field(hits: u64, lacking: u64) -> FieldTold {
        FieldTold { hits, lacking, ..FieldTold::default() }
    }

    fn told(field: FieldTold) -> Told {
        Told { fields: vec![field], ..Told::default() }
    }

    #[test]
    fn a_field_is_gone_where_no_row_has_it_seen_or_not() {
        for (seen, unseen, is_gone) in [
            ((0, 2), (0, 0), true),
            ((0, 0), (0, 2), true),
            ((0, 2), (1, 0), false),
            ((1, 0), (0, 2), false),
            ((0, 0), (0, 0), false),
            ((0, 0), (1, 0), false),
        ] {
            let both = told(field(seen.0, seen.1)).and(told(field(unseen.0, unseen.1).unseen()));
            let both = both.fields[0];
            assert_eq!(both.is_gone(), is_gone, "{both:?}");
            assert_eq!((both.hits, both.lacking), seen, "what is shown is told by itself");
            assert_eq!(both.lacking_anywhere(), seen.1 + unseen.1);
        }
    }
}
