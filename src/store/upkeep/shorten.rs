//! Entries of a log that no version in retention needs: they go once a checkpoint that was proven stands for them.
//!
//! ```text
//! 0 1 2 .. 99 [100] 101 .. 199 [200] 201 .. 205      kept: whatever was the newest version within the retention, say 203 to 205
//!                               200  201 .. 205      so the log begins at 200, and `_shortened/<200>.json` says what was before
//! ```
//!
//! The newest checkpoint at or before the oldest version that is kept, and none that readers are not led to (`_last_checkpoint` names
//! it or a later one). It is held against every entry before it, by a replay from where the log began: from 0, or from the checkpoint
//! which was proven so the last time. Every file that stays must be in the manifest that put it there. Where either cannot be
//! shown the log stays as it is; `table verify` says why. A cloud's log begins no later than where the other's may go on from.
//!
//! First `_shortened/<version>.json` is created, and from then on that is where the log begins; then what is before it goes, the oldest first.
//! Killed in between, the next `table gc` deletes what is left over.
//!
//! Never in here: objects of runs (`collect`).

use super::collect::{committed, list, written};
use super::history::{Entry, Log, path, rows};
use crate::access::Folder;
use crate::store::absent::{Absent, get, name, put_if_absent};
use crate::store::delta::action::decode_path;
use crate::store::delta::checkpoint::{checkpoint_of, checkpoint_path};
use crate::store::delta::listing::{list_from, version_of};
use crate::store::delta::log::{TableState, apply as follow, checkpointed, hint};
use crate::store::delta::resume::is_of;
use crate::store::delta::shortened::{Earlier, SHORTENED, Shortened};
use crate::store::fault::{StoreError, damaged};
use crate::store::manifest::{Manifest, ManifestRef};
use crate::store::mutant::{self, Mutant};
use crate::store::part::sha256;
use crate::store::staging::delete;
use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt};
use std::collections::{BTreeMap, BTreeSet};

/// Deletions at once: begun in the order of the versions.
const DELETES_AT_ONCE: usize = 8;

/// How a log is shortened.
#[derive(Debug, Default)]
pub(super) struct Cut {
    /// The version at which it begins then.
    pub(super) begins: u64,
    /// What is said of it, where it begins later than it did.
    said: Option<Shortened>,
    /// Entries, checkpoints and earlier such sayings that go, the oldest first.
    pub(super) gone: Vec<String>,
}

/// How the log of `table` may be shortened; `other` is the other cloud and its log, which may go on from this one's.
pub(super) async fn cut(
    table: &Folder,
    log: &Log,
    other: Option<(&Folder, &Log)>,
    oldest: DateTime<Utc>,
) -> Result<Cut, StoreError> {
    let mut limit = kept(table, log, oldest).await?;
    let Some(named) = hint(table).await?.map(|hint| hint.version) else { return left(table, log.first(), None).await };
    limit = limit.min(named);
    if let Some((other, theirs)) = other {
        // Whoever carries asks both logs from the other's newest checkpoint on, and holds its newest entry against ours.
        let named = hint(other).await?.map(|hint| hint.version);
        limit = limit.min(theirs.next().saturating_sub(1)).min(named.unwrap_or(u64::MAX));
    }
    let checkpoints = list_from(table, Some(log.first())).await?.checkpoints;
    let newest = checkpoints.into_iter().rfind(|version| *version <= limit && *version > log.first());
    let said = match newest {
        Some(version) => said(table, log, version).await?,
        None => None,
    };
    left(table, said.as_ref().map_or(log.first(), |said| said.version), said).await
}

/// The oldest version that was the newest one within the retention.
async fn kept(table: &Folder, log: &Log, oldest: DateTime<Utc>) -> Result<u64, StoreError> {
    let written = written(table).await?;
    let next = log.entries.iter().find(|entry| entry.version > log.first() && committed(entry, &written) > oldest);
    Ok(next.map_or(log.next(), |next| next.version).saturating_sub(1))
}

/// What lies before the version at which the log begins.
async fn left(table: &Folder, begins: u64, said: Option<Shortened>) -> Result<Cut, StoreError> {
    let mut gone = Vec::new();
    for (path, _) in list(table, "_delta_log").await? {
        if let Some(version) = version_of(&path).or_else(|| checkpoint_of(&path)).filter(|version| *version < begins) {
            gone.push((version, path));
        }
    }
    for (path, _) in list(table, SHORTENED).await? {
        let version = path.rsplit('/').next().and_then(|name| name.strip_suffix(".json")?.parse().ok());
        gone.extend(version.filter(|version: &u64| *version < begins).map(|version| (version, path)));
    }
    gone.sort();
    Ok(Cut { begins, said, gone: gone.into_iter().map(|(_, path)| path).collect() })
}

/// What is to be said of a log that begins at `version`; `None` where not all of it can be proven.
async fn said(table: &Folder, log: &Log, version: u64) -> Result<Option<Shortened>, StoreError> {
    let Some((before, state)) = replayed(table, log, version).await? else { return Ok(None) };
    let Some(bytes) = get(table, &table.at(&checkpoint_path(version))).await? else { return Ok(None) };
    // By both: that it is one which our own begin at, and that every entry before it says the same.
    let is_ours = checkpointed(table, version).await?.is_some_and(|(of, _)| of.files == state.files);
    if !is_ours || !is_of(bytes.clone(), &state) {
        return Ok(None);
    }
    let Some(files) = earlier(table, log, version, &state).await? else { return Ok(None) };
    let entry_sha256 = state.entry_sha256.clone().unwrap_or_default();
    let (checkpoint_sha256, manifest_before_sha256) = (sha256(&bytes), before.manifest_sha256);
    let said = Shortened { format: 1, version, entry_sha256, checkpoint_sha256, manifest_before_sha256, files };
    Ok(said.text().is_some().then_some(said))
}

/// What the table was before `version` and at it, by every entry from where the log begins; `None` where that cannot be said.
async fn replayed(table: &Folder, log: &Log, version: u64) -> Result<Option<(TableState, TableState)>, StoreError> {
    let mut state = TableState::default();
    if let Some(begins) = &log.begins {
        let bytes = get(table, &table.at(&checkpoint_path(begins.version))).await?;
        let is_it = bytes.is_some_and(|bytes| sha256(&bytes) == begins.checkpoint_sha256);
        let Some((begun, _)) = checkpointed(table, begins.version).await?.filter(|_| is_it) else { return Ok(None) };
        state = begun;
    }
    let mut before = TableState::default();
    let next = state.next_version();
    for entry in log.entries.iter().filter(|entry| (next..=version).contains(&entry.version)) {
        if entry.version == version {
            before = state.clone();
        }
        if follow(&mut state, entry.version, &entry.text).is_err() {
            return Ok(None);
        }
    }
    Ok((state.version == Some(version)).then_some((before, state)))
}

/// The files of versions before `version` that it has, or a later one names again; `None` where one is in no manifest that is whole.
async fn earlier(
    table: &Folder,
    log: &Log,
    version: u64,
    state: &TableState,
) -> Result<Option<Vec<Earlier>>, StoreError> {
    let of = |entries: &mut dyn Iterator<Item = &Entry>| -> BTreeSet<String> {
        entries.flat_map(Entry::added).filter_map(path).collect()
    };
    let own = of(&mut log.entry(version).into_iter());
    let standing: BTreeSet<String> =
        state.files.keys().filter_map(|path| decode_path(path)).filter(|path| !own.contains(path)).collect();
    let again = of(&mut log.entries.iter().filter(|entry| entry.version >= version));
    let mut found = BTreeMap::<String, Earlier>::new();
    for file in log.begins.iter().flat_map(|begins| &begins.files) {
        found.insert(file.path.clone(), file.clone());
    }
    for entry in log.entries.iter().filter(|entry| entry.version < version) {
        let is_wanted = |path: &String| standing.contains(path) || again.contains(path);
        let wanted = entry.added().filter_map(|add| Some((path(add)?, add)));
        let wanted: Vec<_> = wanted.filter(|(path, _)| is_wanted(path) && !found.contains_key(path)).collect();
        if wanted.is_empty() {
            continue;
        }
        let of = entry.manifest().map(|(path, sha256)| ManifestRef { path: path.into(), sha256: sha256.into() });
        let manifest = match &of {
            None => None,
            Some(of) => match get(table, &table.at(&of.path)).await?.filter(|text| sha256(text) == of.sha256) {
                Some(text) => serde_json::from_slice::<Manifest>(&text).ok(),
                None => return Ok(None),
            },
        };
        let files = manifest.as_ref().map(Manifest::by_path).unwrap_or_default();
        for (path, add) in wanted {
            let listed = files.get(path.as_str());
            let alone = entry.info("nightferry.sha256").filter(|_| of.is_none());
            let proven = match (listed, alone) {
                (Some(file), _) if file.bytes == add.size => (Some(file.rows), file.sha256.clone()),
                (None, Some(sha256)) => (rows(add), sha256.to_owned()),
                _ => return Ok(None),
            };
            let (rows, sha256) = proven;
            let (version, bytes, manifest) = (entry.version, add.size, of.clone());
            found.insert(path.clone(), Earlier { path, bytes, rows, sha256, version, manifest, stands: false });
        }
    }
    let mut files: Vec<Earlier> = found.into_values().collect();
    files.retain(|file| standing.contains(&file.path) || again.contains(&file.path));
    files.iter_mut().for_each(|file| file.stands = standing.contains(&file.path));
    // All of them are told of: each path is there once.
    let told = files.iter().filter(|file| file.stands).count();
    Ok((told == standing.len()).then_some(files))
}

/// Shortens the log.
pub(super) async fn apply(table: &Folder, cut: &Cut) -> Result<(), StoreError> {
    if !mutant::is(Mutant::LogCutFirst) {
        say(table, cut).await?;
    }
    let deletions = futures::stream::iter(&cut.gone).map(|path| async move { delete(table, &table.at(path)).await });
    deletions.buffered(DELETES_AT_ONCE).try_collect::<()>().await?;
    if mutant::is(Mutant::LogCutFirst) {
        say(table, cut).await?;
    }
    Ok(())
}

async fn say(table: &Folder, cut: &Cut) -> Result<(), StoreError> {
    let Some(said) = &cut.said else { return Ok(()) };
    let key = table.at(&said.path());
    let damaged = |fault| damaged(table, name(table, &key), fault);
    let text = said.text().ok_or_else(|| damaged("it is too large"))?;
    match put_if_absent(table, &key, text, "store.put.shortened").await? {
        Absent::Created | Absent::Mine => Ok(()),
        Absent::Other(_) => Err(damaged("somebody else wrote it, and it says something else of the log")),
    }
}
