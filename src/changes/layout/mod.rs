//! Names of dump objects -> what they hold.
//!
//! A layout is a row of [`Layout::WORDS`] and a file; each says what it keeps of a record, since what it does not keep cannot be
//! proven.
//!
//! ```text
//!            offset  key          tombstones   time
//! confluent  -       with .keys   not in place -      Confluent's S3 sink, JSON lines
//! relay      yes     yes          yes          yes    Parquet, a record a row
//! kcat       yes     yes          yes          yes    lines of `kcat -J`
//! lenses     yes     yes          yes          yes    lines of Lenses' envelope
//! aiven      if told if told      if told      if told  Aiven's S3 sink, JSON lines
//! key_value  -       yes          yes          -      lines `key^value`
//! dms        -       in the row   -            if told  AWS DMS on S3, Parquet or CSV, a row a row
//! ```

mod confluent;
mod dms;
mod named;

pub use confluent::confluent;
pub use dms::is_load;

/// How a dump's objects are named and what they hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// Confluent's S3 sink: `<topic>/partition=<n>/<topic>+<n>+<first offset>.json`.
    #[default]
    Confluent,
    /// Records in Parquet: `<topic>/p=<n>/<first offset>.parquet`.
    Relay,
    /// What `kcat -J` prints, in any file of the topic's folder.
    Kcat,
    /// Lenses' envelope in JSON lines, in any file of the topic's folder.
    Lenses,
    /// Aiven's S3 sink: `<topic>-<n>-<first offset>`, JSON lines.
    Aiven,
    /// What `kcat -K^` prints: `<topic>/partition=<n>/<any name>`.
    KeyValue,
    /// AWS DMS on S3: `<schema>/<table>/LOAD<n>.parquet` and `<schema>/<table>/<time>.parquet`, or `.csv` with names.
    Dms,
}

/// An object of a dump.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object {
    /// Partition of the topic; 0 where each line tells its own.
    pub partition: u32,
    /// Offset of its first record; 0 where each line tells its own.
    pub first_offset: u64,
    /// Path under the dump's folder.
    pub path: String,
}

/// What an object under a topic's folder is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// It holds values of the topic.
    Values(Object),
    /// It holds the keys of the values in the object at this path.
    Keys(String),
    /// It holds tombstones that have lost their place among the values.
    Tombstones,
    /// It holds what is no value: headers, marks of other tools.
    Beside,
    /// Nobody can say: to pass it over would be to compare with less than the topic told.
    Unknown,
}

impl Layout {
    /// The words of `layout`.
    pub const WORDS: &'static [&'static str] = &["confluent", "relay", "kcat", "lenses", "aiven", "key_value", "dms"];

    /// By its word.
    pub fn parse(word: &str) -> Option<Self> {
        use Layout::{Aiven, Confluent, Dms, Kcat, KeyValue, Lenses, Relay};
        let all = [Confluent, Relay, Kcat, Lenses, Aiven, KeyValue, Dms];
        Self::WORDS.iter().zip(all).find(|(known, _)| **known == word).map(|(_, layout)| layout)
    }

    /// How its objects are named, for messages.
    pub fn named(self) -> &'static str {
        match self {
            Layout::Confluent => "<topic>/partition=<n>/<topic>+<n>+<offset>.json",
            Layout::Relay => "<topic>/p=<n>/<offset of 20 digits>.parquet",
            Layout::Kcat | Layout::Lenses => "<topic>/<any name>.json or .jsonl",
            Layout::Aiven => "<topic>-<n>-<offset>, also with .jsonl",
            Layout::KeyValue => "<topic>/partition=<n>/<any name>.txt",
            Layout::Dms => "<schema>/<table>/LOAD<n>.csv and <schema>/<table>/<yyyymmdd-hhmmssmmm>.csv, or .parquet",
        }
    }

    /// Whether records tell their own offsets.
    pub fn has_offsets(self) -> bool {
        matches!(self, Layout::Relay | Layout::Kcat | Layout::Lenses)
    }

    /// Whether objects are lines that are each a record, and no rows.
    pub fn is_lines(self) -> bool {
        !matches!(self, Layout::Relay | Layout::Dms)
    }

    /// The folder that holds `topic`.
    pub fn folder(self, topic: &str) -> String {
        match self {
            // Its objects lie beside each other, the topic in their names.
            Layout::Aiven => String::new(),
            Layout::Dms => dms::folder(topic),
            _ => topic.to_owned(),
        }
    }

    /// Whether objects tell no offset, so that positions go on from one to the next in their order.
    pub fn is_in_order_of_names(self) -> bool {
        matches!(self, Layout::KeyValue | Layout::Dms)
    }

    /// What the object at `path` (under the dump's folder) is to `topic`.
    pub fn held(self, path: &str, topic: &str) -> Held {
        let file = path.rsplit('/').next().unwrap_or(path);
        // A topic's own name may begin so: Debezium's heartbeats do.
        let is_named = matches!(self, Layout::Confluent | Layout::Aiven) && file.starts_with(topic);
        if file.starts_with(['_', '.']) && !is_named {
            return Held::Beside;
        }
        let values = match self {
            Layout::Confluent => return confluent::held(path, topic),
            Layout::Relay => named::relay(path, topic),
            Layout::Kcat | Layout::Lenses => named::any(path, topic),
            Layout::Aiven => named::aiven(path, topic),
            Layout::KeyValue => named::key_value(path, topic),
            Layout::Dms => dms::dms(path, topic),
        };
        match values {
            Some(object) => Held::Values(object),
            // A folder of another topic, whose name begins with this one's.
            None if self == Layout::Aiven => Held::Beside,
            None => Held::Unknown,
        }
    }
}
