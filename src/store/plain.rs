//! A copy of a table for tools that take a folder and read no log: one Parquet object a period, or one of the whole table.
//!
//! ```text
//! plain/<dataset>/_version.json                       which version of which run the folder has, and whether it is whole
//! plain/<dataset>/period=2026-11-25.parquet           of a table that is written by periods; period=2026-11-01_2026-11-30 of a longer one
//! plain/<dataset>/all.parquet                         of any other
//!
//! begin       the job says `plain_copy`: `_version.json`, not whole, of no version
//! follow      after every commit, whoever made it: the copy that is there becomes that of the newest version
//!               whole: false  ->  what is no longer part of it is deleted  ->  objects, each whole or not at all  ->  whole: true
//! clear       the job no longer says so: objects, then `_version.json`
//! ```
//!
//! The table is the truth, and nothing here is needed to publish it: what fails, or is killed, is made up for by whoever comes next.
//! So it is a copy that is *there* which is followed, not one that somebody remembers to make: a way back, an erasure and a `gc`
//! reach it as a night does. An object is made anew unless `_version.json` says that it was made of the very same parts and the
//! store still says the same of it (size and tag); so of a table of many periods one is written a night. A version that comes
//! while a copy is made begins it anew, so of two writers the last to end leaves that of the newest.
//!
//! In the second cloud the same, once its log has come as far; from the first cloud's parts, so that both have the same bytes.
//!
//! Never in here: rows. Parts are joined by their encoded columns (`format::parquet_join`).

use super::Store;
use super::absent::{get, name};
use super::delta::action::Add;
use super::delta::layout::period_of;
use super::delta::log::{TableState, actions, read, replay};
use super::fault::{StoreError, damaged, fault};
use super::staging::{delete, put};
use super::suppression;
use super::table::read_part;
use super::upload::{Upload, Uploaded};
use crate::access::Folder;
use crate::data::{Name, Period};
use crate::failpoint;
use crate::format::parquet_join::{JoinFault, Joined};
use crate::store::delta::action::Action;
use bytes::Bytes;
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The folder of the copies in a store; no dataset is named so.
pub const PLAIN: &str = "plain";
/// What a folder says of itself.
const SAID: &str = "_version.json";
/// Versions that may come while a copy is made.
const ATTEMPTS_MAX: u32 = 4;

/// What a copy says of itself: `_version.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlainCopy {
    /// Version of this format: 1.
    pub format: u32,
    /// Whether the folder is that version, and nothing else. Read it before the objects and after: it must say so twice, of one version.
    pub whole: bool,
    /// The table.
    pub dataset: String,
    /// The version of the table that it has, or is to have; `None` before the first.
    pub version: Option<u64>,
    /// The run that published that version.
    pub run: Option<String>,
    /// Version of the list of people who are to be forgotten that its rows went by.
    pub suppression_list: Option<u64>,
    /// Rows of all objects.
    pub rows: u64,
    /// Its objects, by path; of a copy that is not whole those that are right already.
    pub objects: Vec<PlainObject>,
}

/// One object of a copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlainObject {
    /// Its name in the folder.
    pub path: String,
    /// The period whose rows it has, where the table is written by periods.
    pub period: Option<Period>,
    /// Rows.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
    /// SHA-256, hex.
    pub sha256: String,
    /// The parts that it was made of, as the table's log names them, in the order of its rows.
    pub parts: Vec<String>,
    /// The store's tag of it, by which it is seen that nobody wrote over it since.
    pub etag: Option<String>,
}

/// What became of a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    /// The version that it has.
    pub version: u64,
    /// Its objects.
    pub objects: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes of those that were written now.
    pub bytes_written: u64,
}

/// Sees to it that the table `dataset` of `store` has a copy, or that it has none: from now on it is followed, or it is gone. The
/// second cloud does as the first does.
pub async fn wanted(store: &Store, dataset: &Name, is_wanted: bool) -> Result<(), StoreError> {
    let plain = folder(store.primary(), dataset.as_str());
    if !is_wanted {
        return match clear(&plain).await {
            // Rights that were given before there were copies do not reach here, nor did anybody who could have made one.
            Err(error @ StoreError::Refused { .. }) => {
                tracing::warn!(dataset = %dataset, error = %error, "whether a plain copy is left of it cannot be seen");
                Ok(())
            }
            other => other,
        };
    }
    let said = PlainCopy { format: 1, dataset: dataset.to_string(), ..PlainCopy::default() };
    match get(&plain, &plain.at(SAID)).await? {
        Some(_) => Ok(()),
        None => say(&plain, &said).await,
    }
}

/// The folder of a table's copy.
pub(super) fn folder(store: &Folder, dataset: &str) -> Folder {
    store.child(PLAIN).child(dataset)
}

/// Follows the copy of `dataset` in the first cloud, and in the second where that log `is_as_far`. Gives what became of the first's,
/// `None` where there is none, and what failed. Where no retry helps the first, the second is seen to all the same: it must not keep
/// what the table no longer has.
pub(super) async fn follow_both(
    store: &Store,
    dataset: &str,
    is_as_far: bool,
) -> (Option<Followed>, Option<StoreError>) {
    let (followed, failed) = match follow(store, dataset).await {
        Ok(followed) => (followed, None),
        Err(error) => (None, Some(error)),
    };
    let Some(second) = store.second().filter(|_| is_as_far) else { return (followed, failed) };
    let theirs = match &failed {
        None => follow_second(store, second, dataset, followed.is_some()).await,
        Some(error) if error.is_passing() => Ok(()),
        // Whether one is wanted is not known then: only one that is there.
        Some(_) => match said(&folder(second, dataset)).await {
            Ok(Some(_)) => follow_second(store, second, dataset, true).await,
            other => other.map(drop),
        },
    };
    (followed, failed.or(theirs.err()))
}

/// Ends a copy of `dataset` that an earlier run left behind, in the second cloud too where its log is as far as the first's.
pub async fn ended(store: &Store, dataset: &Name) -> Result<(), StoreError> {
    let dataset = dataset.as_str();
    let is_as_far = match store.second() {
        Some(second) => {
            let (first, second) = (store.primary().child(dataset), second.child(dataset));
            // A second cloud that is away, or apart, is told of where it is carried to.
            replay(&second).await.ok().map(|state| state.version) == Some(replay(&first).await?.version)
        }
        None => false,
    };
    follow_both(store, dataset, is_as_far).await.1.map_or(Ok(()), Err)
}

/// Makes the copy of `dataset` in the first cloud that of the newest version; `None` where there is none.
async fn follow(store: &Store, dataset: &str) -> Result<Option<Followed>, StoreError> {
    let plain = folder(store.primary(), dataset);
    if said(&plain).await?.is_none() {
        return Ok(None);
    }
    let table = store.primary().child(dataset);
    keep_up(&table, &plain, dataset).await
}

/// The same in the second cloud, or none where the first has none. To be called once its log has come as far.
async fn follow_second(store: &Store, second: &Folder, dataset: &str, is_there: bool) -> Result<(), StoreError> {
    let plain = folder(second, dataset);
    match is_there {
        false => clear(&plain).await,
        true => keep_up(&store.primary().child(dataset), &plain, dataset).await.map(drop),
    }
}

/// What the copy says of itself; one that nobody can read says that it is not whole.
pub(super) async fn said(plain: &Folder) -> Result<Option<PlainCopy>, StoreError> {
    let text = get(plain, &plain.at(SAID)).await?;
    Ok(text.map(|text| serde_json::from_slice(&text).unwrap_or_default()))
}

async fn say(plain: &Folder, copy: &PlainCopy) -> Result<(), StoreError> {
    let mut text = serde_json::to_vec_pretty(copy).unwrap_or_default();
    text.push(b'\n');
    put(plain, &plain.at(SAID), text.into(), "store.put.plain_version").await
}

/// An object that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct There {
    pub(super) bytes: u64,
    pub(super) etag: Option<String>,
}

/// Every object of the folder but what it says of itself, by name.
pub(super) async fn objects(plain: &Folder) -> Result<BTreeMap<String, There>, StoreError> {
    failpoint::before("store.list");
    let listed = plain.store().list(Some(&plain.at(""))).try_collect::<Vec<_>>().await;
    failpoint::after("store.list");
    let listed = match listed {
        Ok(listed) => listed,
        Err(object_store::Error::NotFound { .. }) => Vec::new(),
        Err(error) => return Err(fault(plain, "listing a plain copy", "the bucket or container", error)),
    };
    let one = |meta: object_store::ObjectMeta| {
        let path = plain.relative(&meta.location).filter(|path| path != SAID)?;
        Some((path, There { bytes: meta.size, etag: meta.e_tag }))
    };
    Ok(listed.into_iter().filter_map(one).collect())
}

/// Takes the copy away: what it says of itself last, so that whoever comes next goes on.
async fn clear(plain: &Folder) -> Result<(), StoreError> {
    let Some(copy) = said(plain).await? else { return Ok(()) };
    if copy.whole {
        say(plain, &PlainCopy { whole: false, objects: Vec::new(), rows: 0, ..copy }).await?;
    }
    delete_all(plain, objects(plain).await?.keys()).await?;
    delete(plain, &plain.at(SAID)).await
}

/// Deletes all that can be deleted, and fails then where one could not.
async fn delete_all(plain: &Folder, paths: impl Iterator<Item = &String>) -> Result<(), StoreError> {
    let mut deleted = Ok(());
    for path in paths {
        deleted = deleted.and(delete(plain, &plain.at(path)).await);
    }
    deleted
}

/// The objects that a copy of `state` has, by name: the period, and the parts in the order of their paths.
fn groups(state: &TableState) -> BTreeMap<String, (Option<Period>, Vec<&Add>)> {
    let mut groups: BTreeMap<String, (Option<Period>, Vec<&Add>)> = BTreeMap::new();
    for add in state.files.values() {
        let period = period_of(add);
        let path = match period {
            Some(period) => format!("period={}.parquet", period.to_string().replace("..", "_")),
            None => "all.parquet".to_owned(),
        };
        groups.entry(path).or_insert_with(|| (period, Vec::new())).1.push(add);
    }
    groups
}

/// Makes the copy `plain` that of the newest version of `table`.
async fn keep_up(table: &Folder, plain: &Folder, dataset: &str) -> Result<Option<Followed>, StoreError> {
    let mut bytes_written = 0;
    for _ in 0..ATTEMPTS_MAX {
        let state = replay(table).await?;
        let Some(version) = state.version else { return Ok(None) };
        let before = said(plain).await?.unwrap_or_default();
        let (wanted, there) = (groups(&state), objects(plain).await?);
        let is_right = |object: &PlainObject| {
            let parts = wanted.get(&object.path).map(|(_, parts)| parts.iter().map(|add| add.path.as_str()));
            let is_of = parts.is_some_and(|parts| parts.eq(object.parts.iter().map(String::as_str)));
            is_of && there.get(&object.path) == Some(&There { bytes: object.bytes, etag: object.etag.clone() })
        };
        let mut right: Vec<PlainObject> = before.objects.iter().filter(|object| is_right(object)).cloned().collect();
        let is_same = right.len() == wanted.len() && there.len() == wanted.len();
        if is_same && before.whole && before.version == Some(version) {
            return Ok(Some(Followed::of(&before, version, bytes_written)));
        }
        let mut copy = PlainCopy {
            format: 1,
            whole: false,
            dataset: dataset.to_owned(),
            version: Some(version),
            run: run_of(table, version).await?,
            suppression_list: state.property(suppression::PROPERTY).and_then(|list| list.parse().ok()),
            rows: right.iter().map(|object| object.rows).sum(),
            objects: right.clone(),
        };
        say(plain, &copy).await?;
        // First what nobody may see any more.
        delete_all(plain, there.keys().filter(|path| !wanted.contains_key(*path))).await?;
        for (path, (period, parts)) in &wanted {
            if right.iter().any(|object| object.path == *path) {
                continue;
            }
            let (Uploaded { bytes, sha256 }, rows) = match join(table, plain, (dataset, path), parts).await {
                Ok(joined) => joined,
                Err(error) if error.is_passing() => return Err(error),
                Err(error) => {
                    // No next run will write over them: rows that are no longer in the table must not stay for that.
                    let is_right = |path: &String| right.iter().any(|object| object.path == *path);
                    delete_all(plain, wanted.keys().filter(|path| !is_right(path))).await?;
                    return Err(error);
                }
            };
            bytes_written += bytes;
            let parts = parts.iter().map(|add| add.path.clone()).collect();
            right.push(PlainObject { path: path.clone(), period: *period, rows, bytes, sha256, parts, etag: None });
        }
        if replay(table).await?.version != Some(version) {
            continue;
        }
        let there = objects(plain).await?;
        right.sort_by(|one, other| one.path.cmp(&other.path));
        for object in &mut right {
            match there.get(&object.path) {
                Some(found) if found.bytes == object.bytes => object.etag.clone_from(&found.etag),
                _ => {
                    let object = format!("`{PLAIN}/{dataset}/{}`", object.path);
                    let (store, fault) = (plain.label().to_owned(), "its size there is another");
                    return Err(StoreError::Checksum { store, object, fault });
                }
            }
        }
        copy = PlainCopy { whole: true, rows: right.iter().map(|object| object.rows).sum(), objects: right, ..copy };
        say(plain, &copy).await?;
        if replay(table).await?.version == Some(version) {
            return Ok(Some(Followed::of(&copy, version, bytes_written)));
        }
    }
    Err(StoreError::Outrun { job: dataset.to_owned() })
}

impl Followed {
    fn of(copy: &PlainCopy, version: u64, bytes_written: u64) -> Self {
        let bytes = copy.objects.iter().map(|object| object.bytes).sum();
        Followed { version, objects: copy.objects.len(), bytes, bytes_written }
    }
}

/// The run that published a version, as its commit says.
async fn run_of(table: &Folder, version: u64) -> Result<Option<String>, StoreError> {
    let text = read(table, version).await?;
    let found = actions(&text).ok().and_then(|actions| {
        actions.into_iter().find_map(|action| match action {
            Action::CommitInfo(info) => info.get("nightferry.run").and_then(Value::as_str).map(str::to_owned),
            _ => None,
        })
    });
    Ok(found)
}

/// Joins `parts` into one object; gives what was uploaded, and its rows.
async fn join(
    table: &Folder,
    plain: &Folder,
    (dataset, path): (&str, &str),
    parts: &[&Add],
) -> Result<(Uploaded, u64), StoreError> {
    let failed = |fault: JoinFault| {
        let fault = match fault {
            JoinFault::Unreadable => "a file of it is no Parquet",
            JoinFault::Columns => "its files have other columns than each other: no plain copy can be made of it",
            JoinFault::Writer => "its files do not join",
        };
        damaged(table, format!("table `{dataset}`"), fault)
    };
    let mut upload = Upload::new(plain, plain.at(path), "store.put.plain");
    let mut joined: Option<Joined> = None;
    for part in parts {
        // What is decoded is what was written, and one part at a time is in memory.
        let bytes: Bytes = read_part(table, dataset, part).await?;
        let into = match &mut joined {
            Some(joined) => joined,
            none => none.insert(Joined::begin(&bytes).map_err(failed)?),
        };
        let next = into.append(&bytes).map_err(failed)?;
        drop(bytes);
        upload.write(&next).await?;
    }
    let joined = joined
        .ok_or_else(|| StoreError::NotThere { store: table.label().to_owned(), what: name(table, &table.at(path)) })?;
    let (last, rows) = joined.finish().map_err(failed)?;
    upload.write(&last).await?;
    Ok((upload.finish().await?, rows))
}
