//! What can be wrong with an object of a table.
//!
//! Never in here: how it is found.

use serde::Serialize;

/// What is wrong with something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// It is not there.
    Missing,
    /// It has another size.
    Size,
    /// Of the same size, it has other bytes.
    Sha256,
    /// It has another number of rows.
    Rows,
    /// It has other columns, or columns of another type.
    Schema,
    /// It is not in its format.
    Unreadable,
    /// It names a file that its manifest does not, or names it otherwise.
    NotInManifest,
    /// The manifest before it is another.
    Chain,
    /// The job's record decided something else.
    Record,
    /// A checkpoint that says something else than the entries it stands for.
    Checkpoint,
    /// A log entry that has other bytes.
    Entry,
    /// A version that only this side has.
    Surplus,
    /// A version that no record of any job decided: somebody else wrote it, or records are lost.
    Foreign,
}

/// Something that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The version that names it.
    pub version: u64,
    /// The object, as a path under the table's folder.
    pub object: String,
    /// What is wrong with it.
    pub fault: Fault,
}
