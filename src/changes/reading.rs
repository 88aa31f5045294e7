//! How a topic's values are read, as the environment declares it.

use super::avro::Schemas;
use super::cell::UNAVAILABLE;
use super::form::{Decimals, Times};
use std::sync::Arc;

/// What the values of a topic are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Payload {
    /// Debezium's envelope in JSON, with its schema block or without.
    #[default]
    Debezium,
    /// Rows that Debezium's `ExtractNewRecordState` took out of their envelope, in JSON.
    DebeziumFlat,
    /// Debezium's envelope in Avro, in Confluent's wire format.
    DebeziumAvro,
    /// The rows without their envelope in Avro.
    DebeziumFlatAvro,
    /// AWS DMS, in JSON.
    Dms,
    /// wal2json, a change or a transaction a value.
    Wal2json,
}

impl Payload {
    /// The words of `payload`.
    pub const WORDS: &'static [&'static str] =
        &["debezium", "debezium_flat", "debezium_avro", "debezium_flat_avro", "dms", "wal2json"];

    /// By its word.
    pub fn parse(word: &str) -> Option<Self> {
        use Payload::{Debezium, DebeziumAvro, DebeziumFlat, DebeziumFlatAvro, Dms, Wal2json};
        let all = [Debezium, DebeziumFlat, DebeziumAvro, DebeziumFlatAvro, Dms, Wal2json];
        Self::WORDS.iter().zip(all).find(|(known, _)| **known == word).map(|(_, payload)| payload)
    }

    /// Whether it is written in Avro.
    pub fn is_avro(self) -> bool {
        matches!(self, Payload::DebeziumAvro | Payload::DebeziumFlatAvro)
    }

    /// The same in JSON, where it is written in Avro.
    #[must_use]
    pub fn in_json(self) -> Self {
        match self {
            Payload::DebeziumAvro => Payload::Debezium,
            Payload::DebeziumFlatAvro => Payload::DebeziumFlat,
            other => other,
        }
    }

    /// Whether rows come without an envelope, so that a deletion may be told by a tombstone alone.
    pub fn is_flat(self) -> bool {
        matches!(self, Payload::DebeziumFlat | Payload::DebeziumFlatAvro)
    }
}

/// What becomes of old records of a topic: its `cleanup.policy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleanup {
    /// The newest of each key stays.
    Compact,
    /// All go after a time; until then each offset is there.
    Delete,
}

impl Cleanup {
    /// The words of `cleanup`.
    pub const WORDS: &'static [&'static str] = &["compact", "delete"];

    /// By its word.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "compact" => Some(Cleanup::Compact),
            "delete" => Some(Cleanup::Delete),
            _ => None,
        }
    }
}

/// What is declared of a dump.
#[derive(Clone, Debug)]
pub struct Reading {
    /// What its values are.
    pub payload: Payload,
    /// How decimals are written where the value does not say it.
    pub decimals: Option<Decimals>,
    /// How times are written where the value does not say it.
    pub times: Option<Times>,
    /// What stands for a value that an update did not touch.
    pub placeholder: String,
    /// What becomes of old records.
    pub cleanup: Option<Cleanup>,
    /// The Avro schemas beside the dump.
    pub schemas: Arc<Schemas>,
}

impl Default for Reading {
    fn default() -> Self {
        Reading {
            payload: Payload::default(),
            decimals: None,
            times: None,
            placeholder: UNAVAILABLE.into(),
            cleanup: None,
            schemas: Arc::default(),
        }
    }
}
