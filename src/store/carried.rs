//! What a version names, carried from the first cloud to the second: its parts, then its manifest; and what a log begins with that was
//! shortened.
//!
//! A part of an earlier version that `table gc` took away in the first cloud nobody can carry. It is passed over, once the second has
//! the lists by which it went (`_gc`): whoever looks at either cloud finds the same versions without their files, and why. A part that
//! the newest version has, or that is on no list, is missed as ever.
//!
//! Never in here: which versions are carried, and their log entries (`replicate`).

use super::absent::{Absent, get, get_written, name, put_if_absent};
use super::checkpoint::keep_up;
use super::delta::action::{Action, decode_path};
use super::delta::checkpoint::checkpoint_path;
use super::delta::log::{actions, entry_path, read, replay};
use super::delta::shortened::Shortened;
use super::fault::{StoreError, damaged};
use super::manifest::Manifest;
use super::part::sha256;
use super::staging::{copy, head};
use super::upkeep::collect::{collected, texts_of_lists};
use crate::access::Folder;
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};

/// Parts that `table gc` may have taken away in the first cloud. Asked for when one is missed, and not before: no night of two clouds
/// that are as far as each other asks for it.
#[derive(Debug, Default)]
pub(super) struct Gone(Option<BTreeSet<String>>);

impl Gone {
    /// Whether `path` is one of them.
    async fn has(&mut self, from: &Folder, to: &Folder, path: &str) -> Result<bool, StoreError> {
        let gone = match &mut self.0 {
            Some(gone) => gone,
            none => none.insert(gone(from, to).await?),
        };
        Ok(gone.contains(path))
    }
}

/// What is on the first cloud's lists of what may go and not in its newest version. The second has those lists then.
async fn gone(from: &Folder, to: &Folder) -> Result<BTreeSet<String>, StoreError> {
    let mut gone = collected(from).await?;
    for path in replay(from).await?.files.keys().filter_map(|path| decode_path(path)) {
        gone.remove(&path);
    }
    for (path, text) in texts_of_lists(from).await? {
        same(from, to, &path, text, "store.second.list").await?;
    }
    Ok(gone)
}

/// Lets the log of a cloud that has none begin where the first's was shortened to: the files that stay, what is said of them, the
/// checkpoint, and the entry beside it last.
pub(super) async fn begin(from: &Folder, to: &Folder, begins: &Shortened, gone: &mut Gone) -> Result<(), StoreError> {
    let said = begins.text().ok_or_else(|| damaged(from, format!("`{}`", begins.path()), "it is too large"))?;
    let entry = read(from, begins.version).await?;
    objects(from, to, &entry, gone).await?;
    let mut manifests = BTreeSet::new();
    for file in begins.standing() {
        part(from, to, (&file.path, file.bytes, &file.sha256), gone).await?;
    }
    for of in begins.files.iter().filter_map(|file| file.manifest.as_ref()).filter(|of| manifests.insert(*of)) {
        let (path, text, _) = manifest(from, &of.path, &of.sha256).await?;
        same(from, to, &path, text, "store.second.manifest").await?;
    }
    let path = checkpoint_path(begins.version);
    let checkpoint = get(from, &from.at(&path)).await?.filter(|bytes| sha256(bytes) == begins.checkpoint_sha256);
    let checkpoint =
        checkpoint.ok_or_else(|| damaged(from, format!("`{path}`"), "it is not the one at which the log begins"))?;
    same(from, to, &begins.path(), said, "store.second.log").await?;
    same(from, to, &path, checkpoint, "store.second.log").await?;
    same(from, to, &entry_path(begins.version), entry, "store.second.log").await?;
    keep_up(to, begins.version).await;
    Ok(())
}

/// Copies the objects that one log entry names.
pub(super) async fn objects(from: &Folder, to: &Folder, text: &Bytes, gone: &mut Gone) -> Result<(), StoreError> {
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
        part(from, to, (&path, size, expected), gone).await?;
    }
    match manifest {
        Some((path, text, _)) => same(from, to, &path, text, "store.second.manifest").await,
        None => Ok(()),
    }
}

/// Copies a part (path, bytes and SHA-256) that the second lacks, or passes it over where it is one that is gone.
async fn part(
    from: &Folder,
    to: &Folder,
    (path, bytes, sha256): (&str, u64, &str),
    gone: &mut Gone,
) -> Result<(), StoreError> {
    if head(to, &to.at(path)).await? == Some(bytes) {
        return Ok(());
    }
    match copy(from, &from.at(path), to, path, sha256, "store.second.part").await {
        // A bucket that is not there is none of these: the first cloud itself lacks the part.
        Err(StoreError::NotThere { .. })
            if head(from, &from.at(path)).await?.is_none() && gone.has(from, to, path).await? =>
        {
            Ok(())
        }
        copied => copied,
    }
}

async fn manifest(from: &Folder, path: &str, expected: &str) -> Result<(String, Bytes, Manifest), StoreError> {
    let key = from.at(path);
    let (store, object) = (from.label().to_owned(), name(from, &key));
    let is_it = |text: &Bytes| sha256(text) == expected;
    let Some(text) = get_written(from, &key, "its SHA-256 is another", is_it).await? else {
        return Err(StoreError::NotThere { store, what: object });
    };
    match serde_json::from_slice(&text) {
        Ok(manifest) => Ok((path.to_owned(), text, manifest)),
        Err(_) => Err(damaged(from, object, "it is no manifest")),
    }
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
