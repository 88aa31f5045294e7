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
//! while a copy is made begins it anew, so of two writers the last to end leaves that of the newest. However long one stood still, it
//! ends nothing over what a later version's left: it looks at the log before, and writes over what it has seen alone (`over`).
//!
//! In the second cloud the same, once its log has come as far; from the first cloud's parts, so that both have the same bytes.
//!
//! Never in here: how one is made (`made`), and rows: parts are joined by their encoded columns (`joined`).

use super::Store;
use super::absent::get;
use super::delta::log::replay;
use super::fault::StoreError;
use super::listed::listed;
use super::made::keep_up;
use super::over::{self, Before, put_over};
use super::staging::delete;
use crate::access::Folder;
use crate::data::{Name, Period};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The folder of the copies in a store; no dataset is named so.
pub const PLAIN: &str = "plain";
/// What a folder says of itself.
const SAID: &str = "_version.json";
/// Versions that may come while a copy is made.
pub(super) const ATTEMPTS_MAX: u32 = 4;

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
    /// Their rows.
    pub rows: u64,
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
    match seen(&plain).await? {
        (None, before) => say(&plain, &said, before).await.map(drop),
        _ => Ok(()),
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
    keep_up(&table, &plain, dataset, store.out(false)).await
}

/// The same in the second cloud, or none where the first has none. To be called once its log has come as far.
async fn follow_second(store: &Store, second: &Folder, dataset: &str, is_there: bool) -> Result<(), StoreError> {
    let plain = folder(second, dataset);
    match is_there {
        false => clear(&plain).await,
        true => keep_up(&store.primary().child(dataset), &plain, dataset, store.out(true)).await.map(drop),
    }
}

/// What the copy says of itself; one that nobody can read says that it is not whole.
pub(super) async fn said(plain: &Folder) -> Result<Option<PlainCopy>, StoreError> {
    Ok(seen(plain).await?.0)
}

/// The same, and what there is to compare with by whoever writes over it.
pub(super) async fn seen(plain: &Folder) -> Result<(Option<PlainCopy>, Before), StoreError> {
    let (text, before) = over::seen(plain, &plain.at(SAID)).await?;
    Ok((text.map(|text| serde_json::from_slice(&text).unwrap_or_default()), before))
}

/// The same as it lies there, below a store's folder.
pub(super) async fn text(store: &Folder, dataset: &str) -> Result<Option<Bytes>, StoreError> {
    let plain = folder(store, dataset);
    get(&plain, &plain.at(SAID)).await
}

/// Says what the copy is, in the place of what was said `before`; also of what somebody else says meanwhile, but of a later version: then
/// `None`, and theirs stands.
pub(super) async fn say(plain: &Folder, copy: &PlainCopy, mut before: Before) -> Result<Option<Before>, StoreError> {
    let mut text = serde_json::to_vec_pretty(copy).unwrap_or_default();
    text.push(b'\n');
    let text = Bytes::from(text);
    for _ in 0..ATTEMPTS_MAX {
        let put = put_over(plain, &plain.at(SAID), text.clone(), &before, "store.put.plain_version").await?;
        if put.is_some() {
            return Ok(put);
        }
        let (theirs, now) = seen(plain).await?;
        if theirs.and_then(|theirs| theirs.version) > copy.version {
            return Ok(None);
        }
        before = now;
    }
    Ok(None)
}

/// An object that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct There {
    pub(super) bytes: u64,
    pub(super) etag: Option<String>,
}

/// Every object of the folder but what it says of itself, by name.
pub(super) async fn objects(plain: &Folder) -> Result<BTreeMap<String, There>, StoreError> {
    let listed = listed(plain, &plain.at(""), None, "listing a plain copy").await?;
    let one = |meta: object_store::ObjectMeta| {
        let path = plain.relative(&meta.location).filter(|path| path != SAID)?;
        Some((path, There { bytes: meta.size, etag: meta.e_tag }))
    };
    Ok(listed.into_iter().filter_map(one).collect())
}

/// Takes the copy away: what it says of itself last, so that whoever comes next goes on.
async fn clear(plain: &Folder) -> Result<(), StoreError> {
    let (Some(copy), before) = seen(plain).await? else { return Ok(()) };
    if copy.whole {
        say(plain, &PlainCopy { whole: false, objects: Vec::new(), rows: 0, ..copy }, before).await?;
    }
    delete_all(plain, objects(plain).await?.keys()).await?;
    delete(plain, &plain.at(SAID)).await
}

/// Deletes all that can be deleted, and fails then where one could not.
pub(super) async fn delete_all(plain: &Folder, paths: impl Iterator<Item = &String>) -> Result<(), StoreError> {
    let mut deleted = Ok(());
    for path in paths {
        deleted = deleted.and(delete(plain, &plain.at(path)).await);
    }
    deleted
}

impl Followed {
    pub(super) fn of(copy: &PlainCopy, version: u64, bytes_written: u64) -> Self {
        let bytes = copy.objects.iter().map(|object| object.bytes).sum();
        Followed { version, objects: copy.objects.len(), rows: copy.rows, bytes, bytes_written }
    }
}
