//! The entries of a table -> its state.
//!
//! Strict: versions without a gap from 0, only the actions and the protocol that we write. A log that somebody else has
//! cleaned up or upgraded is refused rather than half understood.
//!
//! Never in here: writing.

use super::action::{Action, Add, MetaData, Remove};
use super::layout::{HELD, MERGED_TO, PERIODS, held_of};
use crate::access::Folder;
use crate::data::Period;
use crate::store::absent::get;
use crate::store::failpoint;
use crate::store::fault::{StoreError, fault};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Entries of one log, at most.
pub const ENTRIES_MAX: usize = 10_000;
/// Bytes of one entry, at most.
const ENTRY_BYTES_MAX: usize = 64 << 20;
/// Entries read at once.
const READS_AT_ONCE: usize = 16;

/// What a table is after its last commit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableState {
    /// Last version; `None` when there is no table yet.
    pub version: Option<u64>,
    /// Columns and properties.
    pub metadata: Option<MetaData>,
    /// Files, by path as in `add`.
    pub files: BTreeMap<String, Add>,
    /// Files that it no longer has, by path; every one that it ever had.
    pub removed: BTreeMap<String, Remove>,
    /// When the last commit was made, milliseconds since 1970.
    pub at_ms: i64,
    /// Last version of each application.
    pub transactions: BTreeMap<String, i64>,
    /// SHA-256 of the last manifest, hex.
    pub manifest_sha256: Option<String>,
    /// Periods that the table holds one by one, those without rows too: when each was last published, and by which run.
    pub periods: BTreeMap<Period, Published>,
    /// The moment up to which the source's changes are merged into it, where the last commit merged some.
    pub merged_to: Option<DateTime<Utc>>,
}

/// When something was published, and by which run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Milliseconds since 1970.
    pub at_ms: i64,
    /// The run.
    pub run: String,
}

impl TableState {
    /// The version that comes next.
    pub fn next_version(&self) -> u64 {
        self.version.map_or(0, |version| version + 1)
    }

    /// A property of the table.
    pub fn property(&self, key: &str) -> Option<&str> {
        self.metadata.as_ref()?.configuration.get(key).map(String::as_str)
    }
}

/// Path of an entry under the table's folder.
pub fn entry_path(version: u64) -> String {
    format!("_delta_log/{version:020}.json")
}

/// Versions that are there, in order and without a gap.
pub async fn versions(table: &Folder) -> Result<Vec<u64>, StoreError> {
    let found = listed(table).await?;
    let damaged = |fault| {
        let object = format!("`{}`", table.at("_delta_log"));
        StoreError::Damaged { store: table.label().into(), object, fault }
    };
    if found.iter().enumerate().any(|(index, version)| *version != index as u64) {
        return Err(damaged("its versions have a gap"));
    }
    if found.len() > ENTRIES_MAX {
        return Err(damaged("it has more entries than are replayed"));
    }
    Ok(found)
}

/// Versions that are there, in order, whatever is missing between them.
pub async fn listed(table: &Folder) -> Result<Vec<u64>, StoreError> {
    let prefix = table.at("_delta_log");
    failpoint::before("store.list");
    let listed = table.store().list(Some(&prefix)).try_collect::<Vec<_>>().await;
    failpoint::after("store.list");
    let listed = match listed {
        Ok(listed) => listed,
        // A local folder that was never made.
        Err(object_store::Error::NotFound { .. }) => Vec::new(),
        Err(error) => return Err(fault(table, "listing a log", "the bucket or container", error)),
    };
    let mut found: Vec<u64> = listed.iter().filter_map(|meta| version_of(meta.location.filename()?)).collect();
    found.sort_unstable();
    Ok(found)
}

/// Replays the log of the table in `table`.
pub async fn replay(table: &Folder) -> Result<TableState, StoreError> {
    replay_to(table, None).await
}

/// Replays the log up to and with version `last`, or all of it.
pub async fn replay_to(table: &Folder, last: Option<u64>) -> Result<TableState, StoreError> {
    let mut versions = versions(table).await?;
    versions.retain(|version| last.is_none_or(|last| *version <= last));
    let entries =
        futures::stream::iter(versions).map(|version| async move { Ok((version, read(table, version).await?)) });
    let mut entries = entries.buffered(READS_AT_ONCE);
    let mut state = TableState::default();
    while let Some((version, text)) = entries.try_next().await? {
        apply(&mut state, version, &text).map_err(|fault| damaged(table, version, fault))?;
    }
    Ok(state)
}

/// The text of one entry.
pub async fn read(table: &Folder, version: u64) -> Result<Bytes, StoreError> {
    match get(table, &table.at(&entry_path(version))).await? {
        Some(text) if text.len() <= ENTRY_BYTES_MAX => Ok(text),
        Some(_) => Err(damaged(table, version, "it is larger than 64 MiB")),
        None => Err(damaged(table, version, "it vanished")),
    }
}

/// The actions of one entry: one at least.
pub fn actions(text: &[u8]) -> Result<Vec<Action>, &'static str> {
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let read = |line| serde_json::from_slice(line).map_err(|_| "a line is no action that we know");
    let actions: Vec<Action> = lines.map(read).collect::<Result<_, _>>()?;
    if actions.is_empty() { Err("it is empty") } else { Ok(actions) }
}

fn apply(state: &mut TableState, version: u64, text: &[u8]) -> Result<(), &'static str> {
    for action in actions(text)? {
        match action {
            Action::Protocol(protocol) if protocol.min_reader_version > 1 || protocol.min_writer_version > 2 => {
                return Err("its protocol is newer than reader 1 / writer 2");
            }
            Action::Protocol(_) => {}
            Action::MetaData(metadata) => state.metadata = Some(*metadata),
            Action::Txn(txn) => {
                state.transactions.insert(txn.app_id, txn.version);
            }
            Action::Remove(remove) => {
                state.files.remove(&remove.path);
                state.removed.insert(remove.path.clone(), remove);
            }
            Action::Add(add) => {
                state.removed.remove(&add.path);
                state.files.insert(add.path.clone(), add);
            }
            Action::CommitInfo(info) => {
                let sha256 = info.get("nightferry.manifestSha256").and_then(|value| value.as_str());
                state.manifest_sha256 = sha256.map(str::to_owned).or(state.manifest_sha256.take());
                state.at_ms = info.get("timestamp").and_then(Value::as_i64).unwrap_or(state.at_ms);
                take_periods(state, &info)?;
                let merged_to = info.get(MERGED_TO).and_then(Value::as_str);
                let merged_to = merged_to.map(|text| text.parse().map_err(|_| "it says no moment")).transpose();
                state.merged_to = merged_to?;
            }
        }
    }
    state.version = Some(version);
    Ok(())
}

/// A commit that names periods publishes those; one of another kind leaves none that is held by itself.
fn take_periods(state: &mut TableState, info: &Map<String, Value>) -> Result<(), &'static str> {
    if let Some(held) = info.get(HELD).and_then(Value::as_str) {
        state.periods = held_of(held).ok_or("it names no period")?;
        return Ok(());
    }
    let Some(periods) = info.get(PERIODS).and_then(Value::as_str) else {
        state.periods.clear();
        return Ok(());
    };
    let at_ms = info.get("timestamp").and_then(Value::as_i64).unwrap_or(0);
    let run = info.get("nightferry.run").and_then(Value::as_str).unwrap_or_default();
    for period in periods.split(' ') {
        let period = Period::parse(period).ok_or("it names no period")?;
        state.periods.retain(|there, _| !there.meets(period));
        state.periods.insert(period, Published { at_ms, run: run.to_owned() });
    }
    Ok(())
}

fn version_of(file: &str) -> Option<u64> {
    let digits = file.strip_suffix(".json")?;
    (digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok())?
}

fn damaged(table: &Folder, version: u64, fault: &'static str) -> StoreError {
    let object = format!("`{}`", table.at(&entry_path(version)));
    StoreError::Damaged { store: table.label().into(), object, fault }
}
