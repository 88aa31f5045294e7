//! The second cloud: the primary's versions that it lacks, in order, same bytes.
//!
//! The primary's log is the outbox. For each missing version: its parts, then its manifest, and its log entry last, so that a
//! reader there never sees a version whose files have not arrived. Only what a committed log entry names is copied, and every
//! object's SHA-256 is checked on the way. What is pending tonight is carried by the next run.
//!
//! Never in here: a decision about the night. It is published when this begins.

use super::absent::{Absent, put_if_absent};
use super::carried::{Gone, begin, objects};
use super::checkpoint::{is_due, keep_up, named};
use super::commit::{Stores, store_of};
use super::delta::listing::list_from;
use super::delta::log::{entry_path, gap, is_gapless, read, versions};
use super::delta::shortened::shortened;
use super::fault::StoreError;
use super::ledger::{JobRecord, RecordTable};
use super::mutant::{self, Mutant};
use super::plain::Followed;
use super::{RUNS, Store, fence, place, plain};
use crate::access::Folder;
use crate::data::{Audience, Name};
use std::collections::BTreeSet;

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

impl SecondState {
    /// Whether it is about a copy whose folder cannot be looked into, by rights that were given before there were copies. Where the job asks
    /// for none that is no fault: with such rights nobody has made one.
    pub fn is_unseen(&self) -> bool {
        self.plain.is_some() && matches!(self.pending, Some(StoreError::Refused { .. }))
    }
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
    let mut gone = Gone::default();
    if here.is_empty()
        && let Some(begins) = shortened(&from).await?
    {
        begin(&from, &to, &begins, &mut gone).await?;
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
        objects(&from, &to, &text, &mut gone).await?;
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
