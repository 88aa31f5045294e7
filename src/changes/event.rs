//! An event, whatever it is written in: what it does, and what it says of its transaction.

use super::avro::SchemaId;
use super::scan::{NotJson, Scanner};
use super::value::Value;
use crate::data::text::whole_i64;

/// What an event does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Create, update or snapshot read: the row is the new state.
    Upsert,
    /// Delete: the row holds the key.
    Delete,
    /// The table was emptied.
    Truncate,
    /// Something that is no row: a message.
    Other,
}

impl Operation {
    /// By Debezium's letter.
    pub fn of(letter: &str) -> Option<Self> {
        match letter {
            "c" | "u" | "r" => Some(Operation::Upsert),
            "d" => Some(Operation::Delete),
            "t" => Some(Operation::Truncate),
            "m" => Some(Operation::Other),
            _ => None,
        }
    }
}

/// One event. Its cells are in the row that it was read into.
pub struct Event<'a> {
    /// What it does.
    pub operation: Operation,
    /// Whether it may be an update, which leaves long values out that it did not touch.
    pub is_untouched_possible: bool,
    /// What it says of its transaction.
    pub source: Source,
    /// The schema block beside it.
    pub schema: Option<&'a str>,
    /// The table, of writings whose topics may hold several.
    pub table: Option<String>,
}

impl Event<'_> {
    /// A record without a value.
    pub fn tombstone() -> Self {
        let source = Source::default();
        Event { operation: Operation::Delete, is_untouched_possible: false, source, schema: None, table: None }
    }
}

/// Why a value cannot be read as an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It is none.
    NoEvent,
    /// It names a schema that is not beside the dump.
    NoSchema(SchemaId),
}

/// What an event says of its transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The database's transaction.
    pub txid: Option<u64>,
    /// When it committed, milliseconds since 1970.
    pub committed_ms: Option<i64>,
    /// The place of the change in the log. Neither unique nor in order, in a sound topic too.
    pub lsn: Option<u64>,
    /// Where the commit before this transaction's lies in the log.
    pub last_commit: Option<u64>,
    /// Whether the row was read by a snapshot.
    pub snapshot: Snapshot,
}

/// Whether a row was read by a snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Snapshot {
    /// It was changed.
    #[default]
    No,
    /// By one of the whole table.
    Whole,
    /// By one that goes on beside the changes.
    Incremental,
}

/// Transaction ids below it stand for no transaction. Source: PostgreSQL, `FirstNormalTransactionId` in `access/transam.h`.
const FIRST_TXID: u64 = 3;

impl Source {
    /// Reads Debezium's `source`, an object. What is not in it, or is garbage, is not told.
    pub fn read(scanner: &mut Scanner<'_>) -> Result<Self, NotJson> {
        let mut source = Source::default();
        let mut room = String::new();
        let mut goes_on = scanner.enter()?;
        while goes_on {
            let name = scanner.name()?;
            let value = Value::from(scanner.value()?);
            source.put(name.read(&mut room)?, value);
            goes_on = scanner.more()?;
        }
        Ok(source)
    }

    /// Takes over one of its fields.
    pub fn put(&mut self, name: &str, value: Value<'_>) {
        if let Some(spoken) = Spoken::of(name) {
            self.hear(spoken, value);
        }
    }

    /// Takes over what one of its fields says.
    pub fn hear(&mut self, spoken: Spoken, value: Value<'_>) {
        match spoken {
            Spoken::Transaction => {
                self.txid = whole(value).and_then(|id| u64::try_from(id).ok()).filter(|id| *id >= FIRST_TXID)
            }
            Spoken::Committed => self.committed_ms = whole(value),
            Spoken::Place => self.lsn = whole(value).and_then(|lsn| u64::try_from(lsn).ok()).filter(|lsn| *lsn > 0),
            Spoken::Sequence => {
                self.last_commit = match value {
                    Value::Quoted(text) => last_commit(text.written()),
                    Value::Text(text) => last_commit(text),
                    _ => None,
                }
            }
            Spoken::Snapshot => {
                self.snapshot = match value {
                    Value::True => Snapshot::Whole,
                    Value::Quoted(text) => snapshot(text.plain().unwrap_or_default()),
                    Value::Text(text) => snapshot(text),
                    _ => Snapshot::No,
                }
            }
        }
    }
}

/// The fields of Debezium's `source` that say something of the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoken {
    /// `txId`
    Transaction,
    /// `ts_ms`
    Committed,
    /// `lsn`
    Place,
    /// `sequence`
    Sequence,
    /// `snapshot`
    Snapshot,
}

impl Spoken {
    /// By its name.
    pub fn of(name: &str) -> Option<Self> {
        match name {
            "txId" => Some(Spoken::Transaction),
            "ts_ms" => Some(Spoken::Committed),
            "lsn" => Some(Spoken::Place),
            "sequence" => Some(Spoken::Sequence),
            "snapshot" => Some(Spoken::Snapshot),
            _ => None,
        }
    }
}

/// The first of the two numbers of `["<last commit>","<change>"]`, an array in a text: its quotes may be escaped or not.
/// Source: Debezium, `SourceInfo.java`.
fn last_commit(sequence: &str) -> Option<u64> {
    let is_sign = |byte: &u8| matches!(byte, b'[' | b'\\' | b'"' | b' ');
    let first = &sequence.as_bytes()[..sequence.bytes().position(|byte| byte == b',')?];
    let from = first.iter().position(|byte| !is_sign(byte))?;
    let end = first.iter().rposition(|byte| !is_sign(byte))?;
    whole_i64(sequence.get(from..=end)?).and_then(|lsn| u64::try_from(lsn).ok()).filter(|lsn| *lsn > 0)
}

/// Whether it is a word by which a snapshot says what it read.
pub fn is_of_snapshots(word: &str) -> bool {
    snapshot(word) != Snapshot::No
}

/// Source: Debezium, `SnapshotRecord.java`.
fn snapshot(word: &str) -> Snapshot {
    match word {
        "true" | "first" | "first_in_data_collection" | "last_in_data_collection" | "last" => Snapshot::Whole,
        "incremental" => Snapshot::Incremental,
        _ => Snapshot::No,
    }
}

/// A whole number, also where it is written as a text.
pub fn whole(value: Value<'_>) -> Option<i64> {
    match value {
        Value::Whole(number) => Some(number),
        Value::Number(text) | Value::Text(text) => whole_i64(text),
        Value::Quoted(text) => whole_i64(text.plain()?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_nothing_from_garbage() {
        let read = |text: &str| Source::read(&mut Scanner::new(text));
        let told = Source {
            txid: Some(571),
            committed_ms: Some(9),
            lsn: Some(7),
            last_commit: Some(5),
            snapshot: Snapshot::Whole,
        };
        let text = r#"{"txId":"571","ts_ms":9,"lsn":7,"sequence":"[\"5\", \"7\"]","snapshot":"last","x":{}}"#;
        assert_eq!(read(text), Ok(told));
        for text in [
            r#"{"txId":null,"lsn":-9223372036854776000,"snapshot":false}"#,
            r#"{"txId":0,"lsn":-1,"ts_ms":"soon","snapshot":"false"}"#,
            r#"{"txId":5.71e2,"lsn":1e3,"ts_ms":99999999999999999999}"#,
            r#"{"sequence":"[null,\"7\"]"}"#,
            r#"{"sequence":"[\"5\"]"}"#,
            r#"{"sequence":[5,7]}"#,
            "{}",
        ] {
            assert_eq!(read(text), Ok(Source::default()), "{text}");
        }
        assert_eq!(read(r#"{"snapshot":"incremental"}"#).map(|source| source.snapshot), Ok(Snapshot::Incremental));
    }
}
