//! A plain copy that becomes that of its table's newest version, and what that sends.
//!
//! Never in here: who asks for one, and what becomes of one that could not be made (`plain`).

use super::Store;
use super::delta::log::replay;
use super::fault::StoreError;
use super::joined::{Groups, groups, is_newest, join, run_of};
use super::out::OutLimit;
use super::plain::{
    ATTEMPTS_MAX, Followed, PLAIN, PlainCopy, PlainObject, There, delete_all, folder, objects, said, say, seen,
};
use super::suppression;
use super::upload::Uploaded;
use crate::access::Folder;
use crate::data::{Name, Period};
use std::collections::{BTreeMap, BTreeSet};

/// Makes the copy `plain` that of the newest version of `table`.
pub(super) async fn keep_up(
    table: &Folder,
    plain: &Folder,
    dataset: &str,
    out: Option<&OutLimit>,
) -> Result<Option<Followed>, StoreError> {
    let mut bytes_written = 0;
    for _ in 0..ATTEMPTS_MAX {
        let state = replay(table).await?;
        let Some(version) = state.version else { return Ok(None) };
        let (before, seen) = seen(plain).await?;
        let before = before.unwrap_or_default();
        let (wanted, there) = (groups(&state), objects(plain).await?);
        let right = right(&before, &wanted, &there);
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
            objects: right,
        };
        let Some(seen) = say(plain, &copy, seen).await? else { continue };
        // First what nobody may see any more.
        delete_all(plain, there.keys().filter(|path| !wanted.contains_key(*path))).await?;
        let before = copy.objects.len();
        let made = match counted(out, dataset, owed_of(&copy.objects, &wanted)) {
            Ok(()) => make(table, plain, &mut copy, version, &wanted).await,
            Err(error) => Err(error),
        };
        bytes_written += copy.objects[before..].iter().map(|object| object.bytes).sum::<u64>();
        match made {
            Ok(true) => {}
            Ok(false) => continue,
            Err(error) if error.is_passing() => return Err(error),
            // A later version is made instead, of files of its own.
            Err(_) if !is_newest(table, version).await? => continue,
            Err(error) => {
                // No next run will write over them: rows that are no longer in the table must not stay for that.
                let is_right = |path: &String| copy.objects.iter().any(|object| object.path == *path);
                delete_all(plain, wanted.keys().filter(|path| !is_right(path))).await?;
                return Err(error);
            }
        }
        let there = objects(plain).await?;
        if !is_newest(table, version).await? {
            continue;
        }
        let copy = whole(copy, plain, &there)?;
        if say(plain, &copy, seen).await?.is_some() && is_newest(table, version).await? {
            return Ok(Some(Followed::of(&copy, version, bytes_written)));
        }
    }
    Err(StoreError::Outrun { job: dataset.to_owned() })
}

/// What a copy says whose objects are all there: how large each is, and the store's tag of it.
fn whole(mut copy: PlainCopy, plain: &Folder, there: &BTreeMap<String, There>) -> Result<PlainCopy, StoreError> {
    copy.objects.sort_by(|one, other| one.path.cmp(&other.path));
    for object in &mut copy.objects {
        match there.get(&object.path) {
            Some(found) if found.bytes == object.bytes => object.etag.clone_from(&found.etag),
            _ => {
                let object = format!("`{PLAIN}/{}/{}`", copy.dataset, object.path);
                let (store, fault) = (plain.label().to_owned(), "its size there is another");
                return Err(StoreError::Checksum { store, object, fault });
            }
        }
    }
    Ok(PlainCopy { whole: true, rows: copy.objects.iter().map(|object| object.rows).sum(), ..copy })
}

/// Bytes of what has to be made anew, as the parts have them; encoded columns are joined as they are.
fn owed_of(right: &[PlainObject], wanted: &Groups<'_>) -> u64 {
    let right: BTreeSet<&str> = right.iter().map(|object| object.path.as_str()).collect();
    let owed = wanted.iter().filter(|(path, _)| !right.contains(path.as_str()));
    owed.flat_map(|(_, (_, parts))| parts).map(|add| add.size).sum()
}

/// Counts what would leave AWS before any of it is sent.
fn counted(out: Option<&OutLimit>, dataset: &str, bytes: u64) -> Result<(), StoreError> {
    match out.filter(|out| !out.count(bytes)) {
        None => Ok(()),
        Some(out) => {
            let (table, left) = (dataset.to_owned(), out.most().saturating_sub(out.counted()));
            Err(StoreError::TooMuchOut { table, bytes, left })
        }
    }
}

/// Bytes that the copy of `dataset` still owes the table as it is, where what leaves AWS is counted, besides those of `periods`.
pub async fn owed(store: &Store, dataset: &Name, periods: &[Period]) -> Result<u64, StoreError> {
    let plain = folder(store.second().unwrap_or(store.primary()), dataset.as_str());
    let state = replay(&store.primary().child(dataset.as_str())).await?;
    let (before, there) = (said(&plain).await?.unwrap_or_default(), objects(&plain).await?);
    let mut wanted = groups(&state);
    wanted.retain(|_, (period, _)| period.is_some_and(|of| periods.iter().all(|period| !of.meets(*period))));
    Ok(owed_of(&right(&before, &wanted, &there), &wanted))
}

/// The objects of a copy that need not be made anew.
fn right(before: &PlainCopy, wanted: &Groups<'_>, there: &BTreeMap<String, There>) -> Vec<PlainObject> {
    let is_right = |object: &&PlainObject| {
        let parts = wanted.get(&object.path).map(|(_, parts)| parts.iter().map(|add| add.path.as_str()));
        let is_of = parts.is_some_and(|parts| parts.eq(object.parts.iter().map(String::as_str)));
        is_of && there.get(&object.path) == Some(&There { bytes: object.bytes, etag: object.etag.clone() })
    };
    before.objects.iter().filter(is_right).cloned().collect()
}

/// Makes the objects that `copy` lacks, and adds each to it. Gives whether all were: not where a later version came.
async fn make(
    table: &Folder,
    plain: &Folder,
    copy: &mut PlainCopy,
    version: u64,
    wanted: &Groups<'_>,
) -> Result<bool, StoreError> {
    for (path, (period, parts)) in wanted {
        if copy.objects.iter().any(|object| object.path == *path) {
            continue;
        }
        let joined = join(table, plain, (&copy.dataset, version, path), parts).await?;
        let Some((Uploaded { bytes, sha256 }, rows)) = joined else { return Ok(false) };
        let parts = parts.iter().map(|add| add.path.clone()).collect();
        copy.objects.push(PlainObject { path: path.clone(), period: *period, rows, bytes, sha256, parts, etag: None });
    }
    Ok(true)
}
