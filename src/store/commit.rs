//! From a job's record to its tables: every commit that the record names, whoever finds it.
//!
//! Idempotent, and safe when several do it at once: all write the same bytes, and only into absent versions.
//!
//! Never in here: deciding what a commit says. The record has it, byte for byte.

use super::absent::{Absent, get, put_if_absent};
use super::beginning;
use super::checkpoint::keep_up;
use super::delta::log::entry_path;
use super::fault::StoreError;
use super::ledger::{self, JobRecord, Newest, RecordTable};
use super::mutant::{self, Mutant};
use super::staging::head;
use super::{Store, runs};
use crate::access::Folder;
use crate::data::Name;
use std::collections::{BTreeMap, BTreeSet};

/// The stores of an environment, opened, by name.
pub type Stores = BTreeMap<Name, Store>;

/// What a job has published before, every commit of it done.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// Its newest records, oldest first; after a failover those alone whose nights came over.
    pub records: Vec<JobRecord>,
    /// The number of its next record.
    pub next: u64,
    /// The run whose night was begun and not done, and is done now.
    pub completed: Option<String>,
}

/// Reads the job's records and completes the newest: the first thing that every run does. Refuses the records of an
/// environment other than `stamp`.
pub async fn settle(security: &Store, stores: &Stores, job: &Name, stamp: &str) -> Result<Settled, StoreError> {
    security.check_stamp(stamp).await?;
    let Newest { records, next, listed_from } = ledger::records(security, job).await?;
    let mut completed = None;
    if let Some(newest) = records.last() {
        if newest.stamp != stamp {
            let (store, what) = (security.name().to_string(), format!("the ledger of job `{job}`"));
            return Err(StoreError::Stamp { store, what, theirs: newest.stamp.clone(), ours: stamp.to_owned() });
        }
        if !mutant::is(Mutant::NoRecovery) && complete(newest, stores).await? == Done::Now {
            completed = Some(newest.run.clone());
        }
    }
    beginning::keep_up(security, job, listed_from, next).await;
    Ok(Settled { records: standing(records, stores).await?, next, completed })
}

/// When a commit was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Done {
    /// It was there already.
    Before,
    /// By this call.
    Now,
}

/// Does whatever commits `record` names and are not done: its tables, then `nightferry_runs`. Says whether there was any.
/// Every error is a [`StoreError::Decided`]: the record stands.
pub async fn complete(record: &JobRecord, stores: &Stores) -> Result<Done, StoreError> {
    commits(record, stores).await.map_err(|error| StoreError::Decided(Box::new(error)))
}

async fn commits(record: &JobRecord, stores: &Stores) -> Result<Done, StoreError> {
    let mut done = Done::Before;
    for name in record.tables.iter().map(|table| &table.store).collect::<BTreeSet<_>>() {
        store_of(stores, name)?.check_epoch().await?;
    }
    let (mut left_behind, mut committed) = (BTreeSet::new(), Vec::new());
    for table in &record.tables {
        let store = store_of(stores, &table.store)?;
        if table.epoch < store.epoch() && !arrived(store.primary(), table).await? {
            left_behind.insert(&table.store);
            continue;
        }
        let this = commit(store.primary(), table).await?;
        if mutant::is(Mutant::FirstTableOnly) && this == Done::Before {
            return Ok(Done::Before);
        }
        done = done.max(this);
        committed.push((store.primary().child(table.dataset.as_str()), table.version));
    }
    for name in record.tables.iter().map(|table| &table.store).collect::<BTreeSet<_>>() {
        if left_behind.contains(name) {
            continue;
        }
        done = done.max(runs::append(store_of(stores, name)?, record).await?);
    }
    // Last: no table waits for another's.
    for (table, version) in committed {
        keep_up(&table, version).await;
    }
    Ok(done)
}

/// Whether what an earlier epoch decided came to the cloud that took over: its commit, or at least everything that the commit
/// names (the manifest is carried last).
async fn arrived(folder: &Folder, table: &RecordTable) -> Result<bool, StoreError> {
    let folder = folder.child(table.dataset.as_str());
    match get(&folder, &folder.at(&entry_path(table.version))).await? {
        Some(found) => Ok(found == table.entry),
        None => Ok(head(&folder, &folder.at(&table.manifest.path)).await?.is_some()),
    }
}

/// The records that hold where the stores are now: a night of an earlier epoch that never came to the cloud that took over is
/// not published there.
async fn standing(records: Vec<JobRecord>, stores: &Stores) -> Result<Vec<JobRecord>, StoreError> {
    let mut standing = Vec::new();
    'records: for record in records {
        for table in &record.tables {
            // Of a store that the environment no longer has, nobody can say more.
            let Some(store) = stores.get(&table.store) else { continue };
            if table.epoch < store.epoch() && !arrived(store.primary(), table).await? {
                continue 'records;
            }
        }
        standing.push(record);
    }
    Ok(standing)
}

/// The store that a record or plan names.
pub(super) fn store_of<'a>(stores: &'a Stores, name: &Name) -> Result<&'a Store, StoreError> {
    stores.get(name).ok_or_else(|| StoreError::NotThere {
        store: name.to_string(),
        what: "the store itself, which the job's last record names,".into(),
    })
}

async fn commit(folder: &Folder, table: &RecordTable) -> Result<Done, StoreError> {
    let folder = folder.child(table.dataset.as_str());
    let key = folder.at(&entry_path(table.version));
    let store = || folder.label().to_owned();
    let conflict = || StoreError::Conflict { store: store(), table: table.dataset.to_string(), version: table.version };
    match get(&folder, &key).await? {
        Some(found) if found == table.entry => return Ok(Done::Before),
        Some(_) => return Err(conflict()),
        None => {}
    }
    // Somebody may have removed the table since: an entry over missing files, or over a gap, would be worse than none.
    if head(&folder, &folder.at(&table.manifest.path)).await?.is_none() {
        let what = format!("the manifest of version {} of table `{}`", table.version, table.dataset);
        return Err(StoreError::NotThere { store: store(), what });
    }
    if let Some(before) = table.version.checked_sub(1)
        && head(&folder, &folder.at(&entry_path(before))).await?.is_none()
    {
        let what = format!("version {before} of table `{}`", table.dataset);
        return Err(StoreError::NotThere { store: store(), what });
    }
    match put_if_absent(&folder, &key, table.entry.clone().into(), "store.put.log").await? {
        Absent::Created | Absent::Mine => Ok(Done::Now),
        Absent::Other(_) => Err(conflict()),
    }
}
