//! The log of a table, entry by entry, and what each version is.
//!
//! Never in here: the objects that it names.

use crate::access::Folder;
use crate::store::delta::action::{Action, Add, decode_path, encode_path};
use crate::store::delta::log::{actions, texts};
use crate::store::delta::shortened::Shortened;
use crate::store::fault::{StoreError, damaged};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What a commit that goes back says of itself: the version whose rows it has.
pub(in crate::store) const BACK_TO: &str = "nightferry.backTo";

/// One version, as its log tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Version {
    /// Its number.
    pub version: u64,
    /// When it was committed, UTC.
    pub committed_at: DateTime<Utc>,
    /// The run that published it.
    pub run: Option<String>,
    /// Of this job.
    pub job: Option<String>,
    /// The days that the run was for.
    pub period: Option<String>,
    /// What the comparison came to.
    pub verdict: Option<String>,
    /// Rows of the table.
    pub rows: u64,
    /// Its files.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// The version whose rows these are, where it went back to one.
    pub back_to: Option<u64>,
}

/// One entry of a log.
#[derive(Clone, Debug)]
pub(in crate::store) struct Entry {
    pub(in crate::store) version: u64,
    pub(in crate::store) text: Bytes,
    actions: Vec<Action>,
}

impl Entry {
    /// Of this text; `None` where a line is no action that we know, or there is none.
    pub(in crate::store) fn parse(version: u64, text: Bytes) -> Option<Self> {
        let actions = actions(&text).ok()?;
        Some(Entry { version, text, actions })
    }

    /// Of this text, or without an action where it cannot be read: whoever only looks goes on to the next.
    pub(super) fn of(version: u64, text: Bytes) -> Self {
        let actions = actions(&text).unwrap_or_default();
        Entry { version, text, actions }
    }

    /// Whether it cannot be read: every entry that can has an action.
    pub(super) fn is_unreadable(&self) -> bool {
        self.actions.is_empty()
    }

    /// What the commit says of itself.
    pub(in crate::store) fn info(&self, key: &str) -> Option<&str> {
        self.value(key)?.as_str()
    }

    fn value(&self, key: &str) -> Option<&Value> {
        self.actions.iter().find_map(|action| match action {
            Action::CommitInfo(info) => info.get(key),
            _ => None,
        })
    }

    /// When it was committed, milliseconds since 1970.
    pub(in crate::store) fn at_ms(&self) -> i64 {
        self.value("timestamp").and_then(Value::as_i64).unwrap_or(0)
    }

    /// The files that it adds.
    pub(in crate::store) fn added(&self) -> impl Iterator<Item = &Add> {
        self.actions.iter().filter_map(|action| match action {
            Action::Add(add) => Some(add),
            _ => None,
        })
    }

    /// The files that it takes away, as in `add`.
    pub(in crate::store) fn removed(&self) -> impl Iterator<Item = &str> {
        self.actions.iter().filter_map(|action| match action {
            Action::Remove(remove) => Some(remove.path.as_str()),
            _ => None,
        })
    }

    /// Path and SHA-256 of its manifest.
    pub(in crate::store) fn manifest(&self) -> Option<(&str, &str)> {
        Some((self.info("nightferry.manifest")?, self.info("nightferry.manifestSha256")?))
    }
}

/// A log as a whole.
#[derive(Clone, Debug, Default)]
pub(in crate::store) struct Log {
    /// What is said of it where it was shortened.
    pub(in crate::store) begins: Option<Shortened>,
    /// Every entry from there on, in order and without a gap.
    pub(in crate::store) entries: Vec<Entry>,
}

impl Log {
    /// The first version that it has.
    pub(in crate::store) fn first(&self) -> u64 {
        self.begins.as_ref().map_or(0, |begins| begins.version)
    }

    /// The version that comes next.
    pub(in crate::store) fn next(&self) -> u64 {
        self.first() + self.entries.len() as u64
    }

    /// The entry of a version.
    pub(in crate::store) fn entry(&self, version: u64) -> Option<&Entry> {
        self.entries.get(usize::try_from(version.checked_sub(self.first())?).ok()?)
    }

    /// The log of a table, in which an entry that cannot be read has no action.
    pub(super) async fn look(table: &Folder) -> Result<Log, StoreError> {
        let (begins, texts) = texts(table).await?;
        Ok(Log { begins, entries: texts.into_iter().map(|(version, text)| Entry::of(version, text)).collect() })
    }

    /// The log of a table; fails where an entry cannot be read.
    pub(in crate::store) async fn read(table: &Folder) -> Result<Log, StoreError> {
        let log = Log::look(table).await?;
        match log.entries.iter().find(|entry| entry.is_unreadable()) {
            None => Ok(log),
            Some(entry) => {
                let object = format!("version {} of its log", entry.version);
                Err(damaged(table, object, "a line is no action that we know"))
            }
        }
    }
}

/// Every version of the table in `table` that its log has, in order.
pub async fn history(table: &Folder) -> Result<Vec<Version>, StoreError> {
    let log = Log::read(table).await?;
    let before = log.begins.iter().flat_map(Shortened::standing);
    let mut files: BTreeMap<String, (u64, u64)> =
        before.map(|file| (encode_path(&file.path), (file.bytes, file.rows.unwrap_or(0)))).collect();
    let mut versions = Vec::new();
    for entry in &log.entries {
        for gone in entry.removed() {
            files.remove(gone);
        }
        files.extend(entry.added().map(|add| (add.path.clone(), (add.size, rows(add).unwrap_or(0)))));
        let told = |key: &str| entry.info(key).map(str::to_owned);
        versions.push(Version {
            version: entry.version,
            committed_at: DateTime::from_timestamp_millis(entry.at_ms()).unwrap_or(DateTime::UNIX_EPOCH),
            run: told("nightferry.run"),
            job: told("nightferry.job"),
            period: told("nightferry.period"),
            verdict: told("nightferry.verdict"),
            // Whoever wrote the statistics may say anything.
            rows: files.values().fold(0, |sum, (_, rows)| sum.saturating_add(*rows)),
            files: files.len(),
            bytes: files.values().fold(0, |sum, (bytes, _)| sum.saturating_add(*bytes)),
            back_to: entry.info(BACK_TO).and_then(|version| version.parse().ok()),
        });
    }
    Ok(versions)
}

/// The files of the last of `entries`, as in `add`; they follow one another from where the log begins.
pub(super) fn live<'a>(begins: Option<&Shortened>, entries: impl Iterator<Item = &'a Entry>) -> BTreeSet<String> {
    let standing = begins.into_iter().flat_map(Shortened::standing);
    let mut live: BTreeSet<String> = standing.map(|file| encode_path(&file.path)).collect();
    for entry in entries {
        for gone in entry.removed() {
            live.remove(gone);
        }
        live.extend(entry.added().map(|add| add.path.clone()));
    }
    live
}

/// Rows of a file, as its statistics tell them.
pub(in crate::store) fn rows(add: &Add) -> Option<u64> {
    let stats: Value = serde_json::from_str(add.stats.as_deref()?).ok()?;
    stats.get("numRecords")?.as_u64()
}

/// The path of a file under the table's folder.
pub(in crate::store) fn path(add: &Add) -> Option<String> {
    decode_path(&add.path)
}
