//! Why a line cannot be taken for what happened to a row. No value in it.

use super::avro::SchemaId;
use super::record::NoRecord;

/// A line that cannot be taken for what happened to a row, by its number in the object from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} {because}")]
pub struct DecodeFault {
    /// The line.
    pub line: u64,
    /// What is wrong with it.
    pub because: Because,
}

/// What is wrong with a line. An event whose key is not known cannot be left out either: the row that it is about would
/// be compared with an older state of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Because {
    /// It is no record of its layout.
    #[error("is no record of the dump's layout")]
    NoRecord,
    /// It is no event.
    #[error("is no change event")]
    NoEvent,
    /// It shows nothing of how far the stream has come.
    #[error("is neither a heartbeat nor a change event")]
    NoHeartbeat,
    /// It names a schema that is not beside the dump.
    #[error("is of schema {0}, which is not in `_schemas` beside the topic's objects")]
    NoSchema(SchemaId),
    /// It tells that a row is gone, and not which.
    #[error("is a deletion without its key; hint: a layout that keeps keys tells it")]
    TombstoneWithoutKey,
    /// Its key is absent, NULL, or of another type than the schema says.
    #[error("does not tell the key of its row in a way that can be read")]
    NoKey,
    /// The same of a delete, whose old row is what the table's REPLICA IDENTITY puts into the log.
    #[error("deletes a row and does not tell its key; hint: the table's REPLICA IDENTITY has to hold the key")]
    DeleteWithoutKey,
}

impl From<NoRecord> for DecodeFault {
    fn from(NoRecord { line }: NoRecord) -> Self {
        DecodeFault { line, because: Because::NoRecord }
    }
}
