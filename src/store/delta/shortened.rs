//! What a shortened log says of the versions that it no longer has.
//!
//! ```text
//! <table>/_shortened/<20 digits>.json    the version at which the log begins; created once, before anything before it goes
//! ```
//!
//! From the moment that this is there, the log begins at that version: entries before it are left over, whether or not they are
//! deleted yet. It holds what the entries that go have proven and no checkpoint says: the hashes of the checkpoint and of the
//! entry beside it, of the manifest before, and of every earlier file that is still named, with the manifest that put it there.
//! The same log gives the same bytes, so whoever shortens it at the same time writes the same.
//!
//! Nights never read it: a replay begins at a checkpoint (`log`). Never in here: when a log may be shortened (`upkeep::shorten`).

use crate::access::Folder;
use crate::store::absent::{get, name};
use crate::store::fault::{StoreError, damaged};
use crate::store::listed::listed;
use crate::store::manifest::ManifestRef;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// Where it is, under the table's folder.
pub const SHORTENED: &str = "_shortened";
/// Bytes of it, at most: some hundred thousand files.
const BYTES_MAX: usize = 64 << 20;

/// Where a log begins, and what was proven before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortened {
    /// Version of this format: 1.
    pub format: u32,
    /// The first version that the log has: one with a checkpoint.
    pub version: u64,
    /// SHA-256 of its entry, hex.
    pub entry_sha256: String,
    /// SHA-256 of its checkpoint, which was held against every entry before it.
    pub checkpoint_sha256: String,
    /// SHA-256 of the last manifest before it.
    pub manifest_before_sha256: Option<String>,
    /// Files of earlier versions that this one has, or a later one has again, by path.
    pub files: Vec<Earlier>,
}

/// A file of a version that is no longer in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earlier {
    /// Path under the table's folder.
    pub path: String,
    /// Bytes.
    pub bytes: u64,
    /// Rows, where they are known.
    pub rows: Option<u64>,
    /// SHA-256, hex.
    pub sha256: String,
    /// The version that first named it.
    pub version: u64,
    /// The manifest of that version, where it has one.
    pub manifest: Option<ManifestRef>,
    /// Whether the first version that the log has is one that has it.
    pub stands: bool,
}

impl Shortened {
    /// Its path under the table's folder.
    pub fn path(&self) -> String {
        path_of(self.version)
    }

    /// Its bytes; `None` where it is too large to be read again.
    pub fn text(&self) -> Option<Bytes> {
        let text = serde_json::to_vec_pretty(self).ok()?;
        (text.len() < BYTES_MAX).then(|| text.into())
    }

    /// The files that the first version has.
    pub fn standing(&self) -> impl Iterator<Item = &Earlier> {
        self.files.iter().filter(|file| file.stands)
    }
}

/// Path of what is said of a log that begins at `version`.
pub fn path_of(version: u64) -> String {
    format!("{SHORTENED}/{version:020}.json")
}

/// The versions at which the log was ever made to begin, in order.
pub async fn beginnings(table: &Folder) -> Result<Vec<u64>, StoreError> {
    let listed = listed(table, &table.at(SHORTENED), None, "listing a table").await?;
    let version = |path: String| path.strip_prefix(SHORTENED)?.strip_prefix('/')?.strip_suffix(".json")?.parse().ok();
    let mut found: Vec<u64> =
        listed.iter().filter_map(|meta| table.relative(&meta.location)).filter_map(version).collect();
    found.sort_unstable();
    Ok(found)
}

/// Where the log of `table` begins; `None` where that is version 0.
pub async fn shortened(table: &Folder) -> Result<Option<Shortened>, StoreError> {
    let mut newest = beginnings(table).await?.last().copied();
    while let Some(version) = newest {
        let key = table.at(&path_of(version));
        let damaged = || damaged(table, name(table, &key), "it does not say where the log begins");
        let Some(text) = get(table, &key).await? else {
            // Whoever shortens it further takes this away, once it is said where the log begins then.
            newest = beginnings(table).await?.last().copied().filter(|now| *now > version);
            if newest.is_none() {
                return Err(damaged());
            }
            continue;
        };
        let said = (text.len() < BYTES_MAX).then(|| serde_json::from_slice::<Shortened>(&text).ok()).flatten();
        let is_it = |said: &Shortened| said.format == 1 && said.version == version && version > 0;
        return said.filter(is_it).map(Some).ok_or_else(damaged);
    }
    Ok(None)
}
