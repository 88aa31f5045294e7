//! The second cloud: the primary's versions that it lacks, in order, same bytes.
//!
//! The primary's log is the outbox. For each missing version: its parts, then its manifest, and its log entry last, so that a
//! reader there never sees a version whose files have not arrived. Only what a committed log entry names is copied, and every
//! object's SHA-256 is checked on the way. What is pending tonight is carried by the next run.
//!
//! Never in here: a decision about the night. It is published when this begins.

use super::absent::{Absent, get, name, put_if_absent};
use super::checkpoint::{is_due, keep_up, named};
use super::commit::{Stores, store_of};
use super::delta::action::{Action, decode_path};
use super::delta::checkpoint::checkpoint_path;
use super::delta::listing::list_from;
use super::delta::log::{actions, entry_path, gap, is_gapless, read, versions};
use super::delta::shortened::{Shortened, shortened};
use super::fault::{StoreError, damaged};
use super::ledger::{JobRecord, RecordTable};
use super::manifest::Manifest;
use super::mutant::{self, Mutant};
use super::part::sha256;
use super::plain::Followed;
use super::staging::{copy, head};
use super::{RUNS, Store, fence, place, plain};
use crate::access::Folder;
use crate::data::{Audience, Name};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};

/// How far a table's second cloud has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondState {
    /// The store.
    pub store: Name,
    /// The table.
    pub table: String,
    /// Versions that were carried now.
    pub carried: u64,
    /// Why it stopped short of the primary, if it did (exit 72): the next run goes on.
    pub pending: Option<StoreError>,
    /// Of the table's plain copy, in both clouds, where this is about that: what became of it.
    pub plain: Option<Option<Followed>>,
}

/// Carries every table of `record` (and `nightferry_runs`) to its store's second cloud, where it has one, and makes the plain copies
/// that are there those of the newest versions, in both.
///
/// `Err` only when the clouds differ, or an object is not what was written: what no retry cures. The copies in the first cloud are
/// followed all the same: whoever is gone from its tables must not stay there for it.
pub async fn replicate(record: &JobRecord, stores: &Stores) -> Result<Vec<SecondState>, StoreError> {
    let mut tables: BTreeSet<(&Name, &str)> =
        record.tables.iter().map(|table| (&table.store, table.dataset.as_str())).collect();
    for table in &record.tables {
        if store_of(stores, &table.store)?.audience() == Audience::Analytics {
            tables.insert((&table.store, RUNS));
        }
    }
    let (mut states, mut parted) = (Vec::new(), None);
    for (store, table) in tables {
        let store = store_of(stores, store)?;
        let Some(second) = store.second() else { continue };
        match catch_up(store, second, table, record).await {
            Ok(state) => states.push(state),
            Err(error) => {
                parted = Some(error);
                break;
            }
        }
    }
    let has_arrived = |store: &Name, table: &str| {
        let of = states.iter().find(|state| state.store == *store && state.table == table);
        of.is_some_and(|state| state.pending.is_none())
    };
    let mut copies = Vec::new();
    for RecordTable { store, dataset, .. } in &record.tables {
        let second = has_arrived(store, dataset.as_str());
        copies.extend(copied(store_of(stores, store)?, dataset, second).await);
    }
    if let Some(error) = parted {
        for failed in copies.iter().filter_map(|of| of.pending.as_ref()) {
            tracing::warn!(error = %failed, "a plain copy is not that of the newest version either");
        }
        return Err(error);
    }
    states.append(&mut copies);
    Ok(states)
}

/// The plain copy of a table, followed in the first cloud, and in the second where that is as far; `None` where there is none.
async fn copied(store: &Store, dataset: &Name, second: bool) -> Option<SecondState> {
    let table = dataset.as_str();
    let (followed, pending) = plain::follow_both(store, table, second).await;
    let of = SecondState {
        store: store.name().clone(),
        table: table.to_owned(),
        carried: 0,
        pending,
        plain: Some(followed),
    };
    (of.pending.is_some() || of.plain != Some(None)).then_some(of)
}

async fn catch_up(store: &Store, second: &Folder, table: &str, record: &JobRecord) -> Result<SecondState, StoreError> {
    let mut state =
        SecondState { store: store.name().clone(), table: table.to_owned(), carried: 0, pending: None, plain: None };
    match carry(store, second, table, record, &mut state.carried).await {
        Ok(()) => Ok(state),
        Err(
            error @ (StoreError::Diverged { .. }
            | StoreError::Checksum { .. }
            | StoreError::Damaged { .. }
            | StoreError::Stamp { .. }
            | StoreError::Epoch { .. }),
        ) => Err(error),
        Err(error) => Ok(SecondState { pending: Some(error), ..state }),
    }
}

async fn carry(
    store: &Store,
    second: &Folder,
    table: &str,
    record: &JobRecord,
    carried: &mut u64,
) -> Result<(), StoreError> {
    let (stamp, at) = (&record.stamp, record.published_at);
    place::claim(second, stamp).await?;
    match fence::check(second, store.epoch()).await {
        // It was away when the other cloud took over.
        Err(StoreError::Epoch { newest, ours, .. }) if newest < ours => {
            fence::raise(second, ours, "carried from the first cloud", at).await?;
        }
        other => other?,
    }
    let (from, to) = (store.primary().child(table), second.child(table));
    // Both logs from the second's newest checkpoint on: what lies before it was carried.
    let known = named(&to).await?;
    let (mut here, there) = (listed(&to, known).await?, listed(&from, known).await?);
    let diverged = |version: u64| StoreError::Diverged {
        store: store.name().to_string(),
        what: format!("version {version} of table `{table}`"),
    };
    // Readers begin at a checkpoint: one of a branch that was given up would be believed before any entry.
    if let Some(ahead) = known.filter(|known| here.first() != Some(known)) {
        return Err(diverged(ahead));
    }
    if known.is_some() && there.first().is_some_and(|first| Some(*first) != known) {
        return Err(gap(&from));
    }
    if here.is_empty()
        && let Some(begins) = shortened(&from).await?
    {
        begin(&from, &to, &begins).await?;
        (here, *carried) = (vec![begins.version], 1);
    }
    let (newest_here, newest_there) = (here.last().copied(), there.last().copied());
    if let Some(last) = newest_here
        && (newest_there.is_none_or(|newest| last > newest) || read(&from, last).await? != read(&to, last).await?)
    {
        return Err(diverged(last));
    }
    let newest_alone = mutant::is(Mutant::SecondNewestOnly).then_some(newest_there).flatten();
    let lacks = |version: &u64| newest_here.is_none_or(|last| *version > last);
    for version in
        there.into_iter().filter(lacks).filter(|version| newest_alone.is_none_or(|newest| *version == newest))
    {
        let text = read(&from, version).await?;
        if mutant::is(Mutant::SecondLogFirst) {
            put_if_absent(&to, &to.at(&entry_path(version)), text.clone(), "store.second.log").await?;
        }
        objects(&from, &to, &text).await?;
        match put_if_absent(&to, &to.at(&entry_path(version)), text, "store.second.log").await? {
            Absent::Created | Absent::Mine => *carried += 1,
            Absent::Other(_) => return Err(diverged(version)),
        }
        if is_due(version) {
            keep_up(&to, version).await;
        }
    }
    // One that was left to this run.
    if let Some(newest) = newest_there.filter(|newest| !is_due(*newest) || newest_here == newest_there) {
        keep_up(&to, newest).await;
    }
    Ok(())
}

/// Lets the log of a cloud that has none begin where the first's was shortened to: the files that stay, what is said of them, the
/// checkpoint, and the entry beside it last.
async fn begin(from: &Folder, to: &Folder, begins: &Shortened) -> Result<(), StoreError> {
    let said = begins.text().ok_or_else(|| damaged(from, format!("`{}`", begins.path()), "it is too large"))?;
    let entry = read(from, begins.version).await?;
    objects(from, to, &entry).await?;
    let mut manifests = BTreeSet::new();
    for file in begins.standing() {
        if head(to, &to.at(&file.path)).await? != Some(file.bytes) {
            copy(from, &from.at(&file.path), to, &file.path, &file.sha256, "store.second.part").await?;
        }
    }
    for of in begins.files.iter().filter_map(|file| file.manifest.as_ref()).filter(|of| manifests.insert(*of)) {
        let (path, text, _) = manifest(from, &of.path, &of.sha256).await?;
        same(from, to, &path, text, "store.second.manifest").await?;
    }
    let path = checkpoint_path(begins.version);
    let checkpoint = get(from, &from.at(&path)).await?.filter(|bytes| sha256(bytes) == begins.checkpoint_sha256);
    let checkpoint = checkpoint.ok_or_else(|| damaged(from, format!("`{path}`"), "it is not the one at which the log begins"))?;
    same(from, to, &begins.path(), said, "store.second.log").await?;
    same(from, to, &path, checkpoint, "store.second.log").await?;
    same(from, to, &entry_path(begins.version), entry, "store.second.log").await?;
    keep_up(to, begins.version).await;
    Ok(())
}

/// Creates an object of the first cloud in the second, or finds it there.
async fn same(from: &Folder, to: &Folder, path: &str, text: Bytes, call: &'static str) -> Result<(), StoreError> {
    match put_if_absent(to, &to.at(path), text, call).await? {
        Absent::Created | Absent::Mine => Ok(()),
        Absent::Other(_) => {
            let (store, what) = (from.label().to_owned(), name(to, &to.at(path)));
            Err(StoreError::Diverged { store, what })
        }
    }
}

/// The versions of a log from `from` on, without a gap.
async fn listed(table: &Folder, from: Option<u64>) -> Result<Vec<u64>, StoreError> {
    let found = list_from(table, from).await?.versions;
    match (is_gapless(&found), from) {
        (true, Some(_)) => Ok(found),
        (false, Some(_)) => Err(gap(table)),
        (true, None) if found.first().is_none_or(|first| *first == 0) => Ok(found),
        (_, None) => versions(table, shortened(table).await?.as_ref()).await,
    }
}

/// Copies the objects that one log entry names.
async fn objects(from: &Folder, to: &Folder, text: &Bytes) -> Result<(), StoreError> {
    let damaged = |fault| damaged(from, "a log entry", fault);
    let actions = actions(text).map_err(damaged)?;
    let info = |key: &str| {
        actions.iter().find_map(|action| match action {
            Action::CommitInfo(info) => info.get(key)?.as_str().map(str::to_owned),
            _ => None,
        })
    };
    let added = actions.iter().filter_map(|action| match action {
        Action::Add(add) => Some((decode_path(&add.path), add.size)),
        _ => None,
    });
    let manifest = match (info("nightferry.manifest"), info("nightferry.manifestSha256")) {
        (Some(path), Some(sha256)) => Some(manifest(from, &path, &sha256).await?),
        _ => None,
    };
    let known: BTreeMap<&str, &str> = match &manifest {
        Some((_, _, manifest)) => manifest.files.iter().map(|f| (f.path.as_str(), f.sha256.as_str())).collect(),
        None => BTreeMap::new(),
    };
    // An entry without a manifest has one part and says its hash itself.
    let alone = info("nightferry.sha256");
    for (path, size) in added {
        let path = path.ok_or_else(|| damaged("it names a file outside the table"))?;
        let expected = known.get(path.as_str()).copied().or(alone.as_deref());
        let expected = expected.ok_or_else(|| damaged("its manifest does not know one of its files"))?;
        if head(to, &to.at(&path)).await? != Some(size) {
            copy(from, &from.at(&path), to, &path, expected, "store.second.part").await?;
        }
    }
    match manifest {
        Some((path, text, _)) => same(from, to, &path, text, "store.second.manifest").await,
        None => Ok(()),
    }
}

async fn manifest(from: &Folder, path: &str, expected: &str) -> Result<(String, Bytes, Manifest), StoreError> {
    let key = from.at(path);
    let (store, object) = (from.label().to_owned(), name(from, &key));
    let Some(text) = get(from, &key).await? else { return Err(StoreError::NotThere { store, what: object }) };
    if sha256(&text) != expected {
        return Err(StoreError::Checksum { store, object, fault: "its SHA-256 is another" });
    }
    match serde_json::from_slice(&text) {
        Ok(manifest) => Ok((path.to_owned(), text, manifest)),
        Err(_) => Err(damaged(from, object, "it is no manifest")),
    }
}
