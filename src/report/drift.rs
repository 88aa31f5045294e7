//! What a report says of where the two sides differ, and of what a comparison left behind. The JSON names are an API.

use serde::Serialize;

/// A compared column outside the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ComparedColumn {
    /// Its name.
    pub name: String,
    /// Pairs of cells that were compared.
    pub compared: u64,
    /// Of them, those that differ.
    pub different: u64,
    /// Those that differ within the column's tolerance.
    pub tolerated: u64,
    /// Cells that the stream does not tell.
    pub unknown: u64,
}

/// Over which part of a range things lie. What is at its ends is not told: it is data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SpreadReport {
    /// The column whose values the range is of.
    pub column: String,
    /// Keys in each of its equal parts, from the lowest.
    pub keys: Vec<u64>,
    /// Of them, those that differ.
    pub differing: Vec<u64>,
}

/// Fingerprints of both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FingerprintReport {
    /// Of the extract.
    pub extract: String,
    /// Of the topic's latest state.
    pub topic: String,
    /// Buckets of keys.
    pub buckets: u64,
    /// Of them, those that differ.
    pub buckets_differing: u64,
}

/// A change set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangeSetReport {
    /// Whether there is one.
    pub state: ChangeSetState,
    /// Keys that it changes.
    pub changes: u64,
    /// In words.
    pub phrase: String,
}

/// Whether there is a change set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeSetState {
    /// It is written; applied to the topic's state in this run it came to a MATCH.
    Proven,
    /// Nothing differs.
    NotNeeded,
    /// It is not written; the phrase says why.
    Refused,
}

/// A list that a comparison left in the restricted store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutputReport {
    /// Where it lies.
    pub at: String,
    /// Rows in it.
    pub rows: u64,
    /// Rows that there were, where there is room for fewer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows_of: Option<u64>,
}

/// A partition of the stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartitionReport {
    /// Its number.
    pub partition: u32,
    /// First and last position that was read.
    pub positions: (u64, u64),
    /// Offsets that are not there, where records tell theirs.
    pub lacking_offsets: Option<u64>,
    /// Records that came again, where records tell their offsets.
    pub again: Option<u64>,
    /// Whether it holds something later than the extract.
    pub passed: bool,
    /// Keys that are in it.
    pub keys: u64,
    /// Of them, those that the extract lacks or has otherwise.
    pub differing: u64,
    /// Keys by where in the partition their last events stand, from its beginning.
    pub keys_at: Vec<u64>,
    /// Of them, those that differ.
    pub differing_at: Vec<u64>,
}
