//! Objects that no version in retention names: first put on a list, and deleted a day later at the earliest.
//!
//! ```text
//! <table>/_gc/<20 digits>-<id>.json    {"format":1,"marked_at":..,"objects":[..]}: created once, never taken away
//! ```
//!
//! Two phases, so that whoever goes back to an earlier version can see that its files are about to go (`rollback` refuses
//! them), and whoever went back before they were listed is seen at the deletion: what is on a list is looked at once more.
//!
//! Kept, always: what the newest version names, what any version named that was the newest within the retention, what a version
//! names that the second cloud still lacks, what an open job record names, every manifest of a version, and whatever is younger
//! than the retention by the store's own clock. A parts folder of a run that is under way is never older than that.
//!
//! A cloud whose log has no version is refused as a whole: nobody can say then what its table needs, nor which job to ask.
//!
//! Never in here: which entries of `_delta_log` go (`shorten`), how a plain copy is followed (`plain`), and any other object outside
//! a `run=` folder.

use super::history::{Entry, Log, path};
use super::shorten::{self, Cut};
use crate::access::Folder;
use crate::data::Name;
use crate::store::absent::{Absent, get, name, put_if_absent};
use crate::store::delta::action::encode_path;
use crate::store::delta::log::entry_path;
use crate::store::delta::shortened::Shortened;
use crate::store::fault::{StoreError, damaged};
use crate::store::listed::listed;
use crate::store::mutant::{self, Mutant};
use crate::store::staging::delete;
use crate::store::{Store, ledger, plain};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectMeta;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Days that a version stays readable after another took its place, at least: longer than the longest reader.
pub const KEEP_DAYS_MIN: u32 = 7;
/// The same, at most: a hundred years.
pub const KEEP_DAYS_MAX: u32 = 36_500;
/// Hours between the listing of an object and its deletion, at least.
const MARKED_HOURS_MIN: i64 = 24;
/// Deletions at once.
const DELETES_AT_ONCE: usize = 16;
/// Where the lists are.
pub(super) const LISTS: &str = "_gc";

/// How objects are collected.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Now.
    pub now: DateTime<Utc>,
    /// Days that a version stays readable; [`KEEP_DAYS_MIN`] at least.
    pub keep_days: u32,
    /// Whether anything is written or deleted.
    pub apply: bool,
}

/// What was collected in one cloud, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Collected {
    /// `first` or `second`.
    pub cloud: &'static str,
    /// Objects in the table's run folders.
    pub objects: usize,
    /// Those that are put on a list now.
    pub marked: Vec<String>,
    /// Those that are on a list and not a day yet.
    pub waiting: usize,
    /// Those that are deleted now.
    pub deleted: Vec<String>,
    /// Bytes of those that are deleted.
    pub deleted_bytes: u64,
    /// The version at which the log begins then.
    pub log_begins: u64,
    /// Entries and checkpoints before it that are deleted now.
    pub log_deleted: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct List {
    format: u32,
    marked_at: DateTime<Utc>,
    objects: Vec<String>,
}

/// Collects the table `dataset` of `store`, in both clouds. Fails with [`StoreError::NotThere`], and collects nothing, where
/// either of them has no version of it: its first night may be decided and not committed, or its log lost.
pub async fn collect(
    store: &Store,
    security: &Store,
    dataset: &str,
    terms: Terms,
) -> Result<Vec<Collected>, StoreError> {
    let first = store.primary().child(dataset);
    let second = store.second().map(|second| second.child(dataset));
    let kept = TimeDelta::days(i64::from(terms.keep_days.max(KEEP_DAYS_MIN)));
    // Before all time nothing is old.
    let oldest = terms.now.checked_sub_signed(kept).unwrap_or(DateTime::<Utc>::MIN_UTC);
    let mut needed = BTreeSet::new();
    let log = known(&first, dataset).await?;
    let theirs = match &second {
        Some(second) => Some(known(second, dataset).await?),
        None => None,
    };
    let mut next = log.next();
    needs(&first, &log, oldest, &mut needed).await?;
    if let (Some(second), Some(theirs)) = (&second, &theirs) {
        next = if mutant::is(Mutant::SecondForgotten) { log.next() } else { theirs.next() };
        needs(second, theirs, oldest, &mut needed).await?;
    }
    let lacked = log.entries.iter().filter(|entry| entry.version >= next);
    needed.extend(lacked.flat_map(Entry::added).filter_map(path));
    open_records(security, store.name(), dataset, &log, &mut needed).await?;
    let mut clouds = vec![("first", &first, &log, second.as_ref().zip(theirs.as_ref()))];
    clouds.extend(
        second.as_ref().zip(theirs.as_ref()).map(|(second, theirs)| ("second", second, theirs, Some((&first, &log)))),
    );
    let mut collected = Vec::new();
    for (cloud, folder, log, other) in clouds {
        let cut = shorten::cut(folder, log, other, oldest).await?;
        let mut of = sweep(folder, cloud, &needed, oldest, terms).await?;
        if terms.apply {
            shorten::apply(folder, &cut).await?;
        }
        let Cut { begins, gone, .. } = cut;
        (of.log_begins, of.log_deleted) = (begins, gone);
        collected.push(of);
    }
    if terms.apply {
        // What lies in a plain copy and is no longer part of it, or never was.
        if let (_, Some(error)) = plain::follow_both(store, dataset, next == log.next()).await {
            return Err(error);
        }
    }
    Ok(collected)
}

/// The log of a table that has any.
async fn known(table: &Folder, dataset: &str) -> Result<Log, StoreError> {
    let log = Log::read(table).await?;
    if log.entries.is_empty() {
        let what = format!("a version of table `{dataset}`");
        return Err(StoreError::NotThere { store: table.label().to_owned(), what });
    }
    Ok(log)
}

/// Every object that is on a list: it may be gone.
pub(in crate::store) async fn collected(table: &Folder) -> Result<BTreeSet<String>, StoreError> {
    Ok(lists(table).await?.into_iter().flat_map(|list| list.objects).collect())
}

/// What the versions of one log need.
async fn needs(
    table: &Folder,
    log: &Log,
    oldest: DateTime<Utc>,
    needed: &mut BTreeSet<String>,
) -> Result<(), StoreError> {
    let written = written(table).await?;
    let begins = log.begins.iter();
    needed
        .extend(begins.flat_map(|begins| &begins.files).filter_map(|file| Some(file.manifest.as_ref()?.path.clone())));
    let standing = log.begins.iter().flat_map(Shortened::standing);
    let mut live: BTreeMap<String, String> =
        standing.map(|file| (encode_path(&file.path), file.path.clone())).collect();
    for entry in &log.entries {
        needed.extend(entry.manifest().map(|(path, _)| path.to_owned()));
        for gone in entry.removed() {
            let path = live.remove(gone);
            if committed(entry, &written) > oldest {
                needed.extend(path);
            }
        }
        live.extend(entry.added().filter_map(|add| Some((add.path.clone(), path(add)?))));
    }
    needed.extend(live.into_values());
    Ok(())
}

/// When each object of a log was written, by the store's own clock.
pub(super) async fn written(table: &Folder) -> Result<BTreeMap<String, DateTime<Utc>>, StoreError> {
    Ok(list(table, "_delta_log").await?.into_iter().map(|(path, meta)| (path, meta.last_modified)).collect())
}

/// When a version was committed: the later of two clocks, the run's and the store's.
pub(super) fn committed(entry: &Entry, written: &BTreeMap<String, DateTime<Utc>>) -> DateTime<Utc> {
    let by_run = DateTime::from_timestamp_millis(entry.at_ms()).unwrap_or(DateTime::<Utc>::MAX_UTC);
    let by_store = written.get(&entry_path(entry.version)).copied().unwrap_or(DateTime::<Utc>::MAX_UTC);
    by_run.max(by_store)
}

/// What the newest record of each of the table's jobs names and the log does not have yet.
async fn open_records(
    security: &Store,
    store: &Name,
    dataset: &str,
    log: &Log,
    needed: &mut BTreeSet<String>,
) -> Result<(), StoreError> {
    let jobs: BTreeSet<&str> = log.entries.iter().filter_map(|entry| entry.info("nightferry.job")).collect();
    for job in jobs.into_iter().filter_map(|job| Name::new(job).ok()) {
        let records = ledger::records(security, &job).await?.records;
        let tables = records.iter().flat_map(|record| &record.tables);
        for table in tables.filter(|table| table.store == *store && table.dataset.as_str() == dataset) {
            needed.insert(table.manifest.path.clone());
            if table.version >= log.next() {
                let entry = Entry::parse(table.version, Bytes::from(table.entry.clone()));
                needed.extend(entry.iter().flat_map(Entry::added).filter_map(path));
            }
        }
    }
    Ok(())
}

/// One cloud: what nobody needs is listed, and deleted where it was listed long enough.
async fn sweep(
    table: &Folder,
    cloud: &'static str,
    needed: &BTreeSet<String>,
    oldest: DateTime<Utc>,
    terms: Terms,
) -> Result<Collected, StoreError> {
    let there = list(table, "").await?;
    let there: BTreeMap<String, ObjectMeta> = there.into_iter().filter(|(path, _)| path.starts_with("run=")).collect();
    let lists = lists(table).await?;
    let marked: BTreeSet<&String> = lists.iter().flat_map(|list| &list.objects).collect();
    let long_ago = terms.now - TimeDelta::hours(MARKED_HOURS_MIN);
    let ripe: BTreeSet<&String> =
        lists.iter().filter(|list| list.marked_at <= long_ago).flat_map(|list| &list.objects).collect();
    let mut collected = Collected { cloud, objects: there.len(), ..Collected::default() };
    let mut going = Vec::new();
    for (path, meta) in &there {
        if needed.contains(path) || (meta.last_modified > oldest && !mutant::is(Mutant::NoGrace)) {
            continue;
        }
        match (marked.contains(path), ripe.contains(path) || mutant::is(Mutant::OnePhase)) {
            (_, true) => {
                collected.deleted_bytes += meta.size;
                collected.deleted.push(path.clone());
                going.push(meta.location.clone());
            }
            (true, false) => collected.waiting += 1,
            (false, false) => collected.marked.push(path.clone()),
        }
    }
    if !terms.apply {
        return Ok(collected);
    }
    if !collected.marked.is_empty() {
        mark(table, terms.now, collected.marked.clone()).await?;
    }
    let deletions = futures::stream::iter(going).map(|location| async move { delete(table, &location).await });
    deletions.buffer_unordered(DELETES_AT_ONCE).try_collect::<()>().await?;
    Ok(collected)
}

async fn mark(table: &Folder, now: DateTime<Utc>, objects: Vec<String>) -> Result<(), StoreError> {
    let list = List { format: 1, marked_at: now, objects };
    let key = table.at(&format!("{LISTS}/{:020}-{}.json", now.timestamp_millis(), uuid::Uuid::now_v7()));
    let unwritable = |fault| damaged(table, name(table, &key), fault);
    let text = serde_json::to_vec_pretty(&list).map_err(|_| unwritable("it cannot be written as JSON"))?;
    match put_if_absent(table, &key, text.into(), "store.put.gc").await? {
        Absent::Created | Absent::Mine => Ok(()),
        Absent::Other(_) => Err(unwritable("somebody else wrote it")),
    }
}

async fn lists(table: &Folder) -> Result<Vec<List>, StoreError> {
    let read = |(path, text): (String, Bytes)| {
        serde_json::from_slice(&text).map_err(|_| damaged(table, format!("`{path}`"), "it is no list of objects"))
    };
    texts_of_lists(table).await?.into_iter().map(read).collect()
}

/// Every list as it lies there, by its path under the table's folder.
pub(in crate::store) async fn texts_of_lists(table: &Folder) -> Result<Vec<(String, Bytes)>, StoreError> {
    let mut texts = Vec::new();
    for (path, meta) in list(table, LISTS).await? {
        texts.extend(get(table, &meta.location).await?.map(|text| (path, text)));
    }
    Ok(texts)
}

/// Every object below `relative`, by its path under the table's folder.
pub(super) async fn list(table: &Folder, relative: &str) -> Result<Vec<(String, ObjectMeta)>, StoreError> {
    let listed = listed(table, &table.at(relative), None, "listing a table").await?;
    Ok(listed.into_iter().filter_map(|meta| Some((table.relative(&meta.location)?, meta))).collect())
}
