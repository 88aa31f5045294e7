//! The entries of a table -> its state, from the newest checkpoint of ours or from version 0.
//!
//! A log that was shortened (`shortened`) begins at the version of a checkpoint; an older one is refused by its own name.
//!
//! Strict: versions without a gap, only the actions and the protocol that we write. A log that somebody else has upgraded is
//! refused rather than half understood. A checkpoint is believed when it says, by two hashes, that it is whole and of the very
//! entry that lies beside it (`resume`); another is passed over, and the entries before it are read instead.
//!
//! Never in here: writing.

use super::action::{Action, Add, MetaData, Remove};
use super::checkpoint::{HINT, Hint, checkpoint_path};
use super::layout::{EXTRACTED_AT, HELD, MERGED_TO, PERIODS, held_of};
use super::listing::{Listing, list_from};
use super::resume::resumed;
use super::shortened::{Shortened, beginnings, shortened};
use crate::access::Folder;
use crate::data::Period;
use crate::store::absent::get;
use crate::store::fault::{StoreError, damaged};
use crate::store::part::sha256;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Entries of a log that is read as a whole, at most: of five jobs an hour, twenty years. No night reads one as a whole.
const ENTRIES_MAX: usize = 1_000_000;
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
    /// The latest moment that any commit says it was made, milliseconds since 1970.
    pub latest_ms: i64,
    /// SHA-256 of the last entry, hex.
    pub entry_sha256: Option<String>,
    /// Last version of each application.
    pub transactions: BTreeMap<String, i64>,
    /// SHA-256 of the last manifest, hex.
    pub manifest_sha256: Option<String>,
    /// Periods that the table holds one by one, those without rows too: as of when each was last published, and by which run.
    pub periods: BTreeMap<Period, Published>,
    /// The moment up to which the source's changes are merged into it, where the last commit merged some.
    pub merged_to: Option<DateTime<Utc>>,
}

/// As of when something was published, and by which run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// When its source was read, which may be long before its commit. Milliseconds since 1970.
    pub as_of_ms: i64,
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

/// A log as a whole: what is said of it where it was shortened, and the text of every version that it has, in order and without
/// a gap.
pub type Texts = (Option<Shortened>, Vec<(u64, Bytes)>);

/// The versions from where the log begins, in order and without a gap: from 0, or from where it was shortened to. What lies
/// before that is left over.
pub async fn versions(table: &Folder, begins: Option<&Shortened>) -> Result<Vec<u64>, StoreError> {
    let first = begins.map_or(0, |begins| begins.version);
    let found = list_from(table, Some(first)).await?.versions;
    let is_lost = found.is_empty() && begins.is_some();
    if is_lost || found.first().is_some_and(|found| *found != first) || !is_gapless(&found) {
        return Err(gap(table));
    }
    if found.len() > ENTRIES_MAX {
        return Err(damaged_log(table, "it has more than a million entries"));
    }
    Ok(found)
}

/// The log as a whole.
pub async fn texts(table: &Folder) -> Result<Texts, StoreError> {
    let mut begins = shortened(table).await?;
    loop {
        let of = match versions(table, begins.as_ref()).await {
            Ok(versions) => reads(table, versions).try_collect().await,
            Err(error) => Err(error),
        };
        let error = match of {
            Ok(texts) => return Ok((begins, texts)),
            Err(error) => error,
        };
        // It may have been shortened meanwhile: each time further, so this ends.
        let now = shortened(table).await?;
        let at = |begins: &Option<Shortened>| begins.as_ref().map_or(0, |begins| begins.version);
        if at(&now) <= at(&begins) {
            return Err(error);
        }
        begins = now;
    }
}

/// The texts of these versions, in this order.
pub fn reads(table: &Folder, versions: Vec<u64>) -> impl futures::Stream<Item = Result<(u64, Bytes), StoreError>> + '_ {
    let one = move |version| async move { Ok((version, read(table, version).await?)) };
    futures::stream::iter(versions).map(one).buffered(READS_AT_ONCE)
}

/// Whether each of `versions` follows the one before it.
pub fn is_gapless(versions: &[u64]) -> bool {
    versions.windows(2).all(|pair| pair[0] + 1 == pair[1])
}

/// What readers are led to: the newest checkpoint, as far as is known.
pub async fn hint(table: &Folder) -> Result<Option<Hint>, StoreError> {
    Ok(get(table, &table.at(HINT)).await?.and_then(|text| serde_json::from_slice(&text).ok()))
}

/// Replays the log of the table in `table`.
pub async fn replay(table: &Folder) -> Result<TableState, StoreError> {
    replay_to(table, None).await
}

/// Replays the log up to and with version `last`, or all of it.
pub async fn replay_to(table: &Folder, last: Option<u64>) -> Result<TableState, StoreError> {
    let is_asked = |version: u64| last.is_none_or(|last| version <= last);
    let hinted = hint(table).await?.map(|hint| hint.version).filter(|hinted| is_asked(*hinted));
    // What lies before the named checkpoint is listed only where that one leads nowhere.
    let attempts = [hinted, None];
    for from in attempts.into_iter().skip(usize::from(hinted.is_none())) {
        let mut listing = list_from(table, from).await?;
        if from.is_some_and(|from| listing.versions.first() != Some(&from)) {
            continue;
        }
        if from.is_none() {
            listing.versions = without_gap(listing.versions);
        }
        if !is_gapless(&listing.versions) {
            return Err(gap(table));
        }
        let Some(begun) = begin(table, &listing, last).await? else {
            if let Some(version) = last.filter(|_| from.is_none())
                && let Some(oldest) = beginnings(table).await?.last().copied().filter(|oldest| version < *oldest)
            {
                let store = table.label().to_owned();
                return Err(StoreError::Shortened { store, version, oldest });
            }
            continue;
        };
        let next = begun.next_version();
        let versions = listing.versions.into_iter().filter(|version| *version >= next && is_asked(*version)).collect();
        return follow(table, begun, versions).await;
    }
    Err(gap(table))
}

/// The versions behind the last gap: a log that is being shortened loses its first entries, one by one. Whether they are enough
/// to begin with is asked next.
fn without_gap(mut versions: Vec<u64>) -> Vec<u64> {
    let gap = versions.windows(2).rposition(|pair| pair[0] + 1 != pair[1]);
    versions.split_off(gap.map_or(0, |gap| gap + 1))
}

/// The state at the newest checkpoint that is asked for and to be believed, or nothing where the log begins at version 0;
/// `None` where it begins later, with none.
async fn begin(table: &Folder, listing: &Listing, last: Option<u64>) -> Result<Option<TableState>, StoreError> {
    let is_asked = |version: &&u64| last.is_none_or(|last| **version <= last);
    for version in listing.checkpoints.iter().rev().filter(is_asked) {
        if listing.versions.binary_search(version).is_ok()
            && let Some((state, _)) = checkpointed(table, *version).await?
        {
            return Ok(Some(state));
        }
    }
    Ok((listing.versions.first().is_none_or(|first| *first == 0)).then(TableState::default))
}

/// The state at the checkpoint of `version`, and its actions; `None` where it is not there, or not to be believed.
pub async fn checkpointed(table: &Folder, version: u64) -> Result<Option<(TableState, u64)>, StoreError> {
    let Some(bytes) = get(table, &table.at(&checkpoint_path(version))).await? else { return Ok(None) };
    let Some((state, actions)) = resumed(bytes).filter(|(state, _)| state.version == Some(version)) else {
        return Ok(None);
    };
    let beside = get(table, &table.at(&entry_path(version))).await?;
    let is_of = beside.is_some_and(|text| state.entry_sha256.as_deref() == Some(&sha256(&text)));
    Ok(is_of.then_some((state, actions)))
}

async fn follow(table: &Folder, mut state: TableState, versions: Vec<u64>) -> Result<TableState, StoreError> {
    let mut entries = std::pin::pin!(reads(table, versions));
    while let Some((version, text)) = entries.try_next().await? {
        apply(&mut state, version, &text).map_err(|fault| damaged_entry(table, version, fault))?;
    }
    Ok(state)
}

/// The text of one entry.
pub async fn read(table: &Folder, version: u64) -> Result<Bytes, StoreError> {
    match get(table, &table.at(&entry_path(version))).await? {
        Some(text) if text.len() <= ENTRY_BYTES_MAX => Ok(text),
        Some(_) => Err(damaged_entry(table, version, "it is larger than 64 MiB")),
        None => Err(damaged_entry(table, version, "it vanished")),
    }
}

/// The actions of one entry: one at least.
pub fn actions(text: &[u8]) -> Result<Vec<Action>, &'static str> {
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let read = |line| serde_json::from_slice(line).map_err(|_| "a line is no action that we know");
    let actions: Vec<Action> = lines.map(read).collect::<Result<_, _>>()?;
    if actions.is_empty() { Err("it is empty") } else { Ok(actions) }
}

/// What `state` is after the entry `text` of `version`.
pub fn apply(state: &mut TableState, version: u64, text: &[u8]) -> Result<(), &'static str> {
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
                let at_ms = info.get("timestamp").and_then(Value::as_i64);
                state.latest_ms = state.latest_ms.max(at_ms.unwrap_or(state.latest_ms));
                take_periods(state, &info)?;
                let merged_to = info.get(MERGED_TO).and_then(Value::as_str);
                let merged_to = merged_to.map(|text| text.parse().map_err(|_| "it says no moment")).transpose();
                state.merged_to = merged_to?;
            }
        }
    }
    state.version = Some(version);
    state.entry_sha256 = Some(sha256(text));
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
    let moment = info.get(EXTRACTED_AT).and_then(Value::as_str);
    let moment = moment.map(|text| text.parse::<DateTime<Utc>>().map_err(|_| "it says no moment")).transpose()?;
    // Of a commit that does not say, nobody knows: its periods are published once more.
    let as_of_ms = moment.map_or(0, |moment| moment.timestamp_millis());
    let run = info.get("nightferry.run").and_then(Value::as_str).unwrap_or_default();
    for period in periods.split(' ') {
        let period = Period::parse(period).ok_or("it names no period")?;
        state.periods.retain(|there, _| !there.meets(period));
        state.periods.insert(period, Published { as_of_ms, run: run.to_owned() });
    }
    Ok(())
}

fn damaged_entry(table: &Folder, version: u64, fault: &'static str) -> StoreError {
    damaged(table, format!("`{}`", table.at(&entry_path(version))), fault)
}

/// A log that lacks a version.
pub fn gap(table: &Folder) -> StoreError {
    damaged_log(table, "its versions have a gap")
}

fn damaged_log(table: &Folder, fault: &'static str) -> StoreError {
    damaged(table, format!("`{}`", table.at("_delta_log")), fault)
}
