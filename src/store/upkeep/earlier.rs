//! What stays of the versions that a shortened log no longer has, held against what was proven when it was shortened.
//!
//! Files are proven by the manifests that put them there, and that no file is passed over by the checkpoint at which the log begins.
//! Never in here: whether the jobs' records say the same (`verify`).

use super::history::Log;
use super::verify::{Expected, Fault, Finding, Verified};
use crate::access::Folder;
use crate::store::absent::get;
use crate::store::delta::action::decode_path;
use crate::store::delta::checkpoint::checkpoint_path;
use crate::store::delta::log::{checkpointed, entry_path};
use crate::store::delta::shortened::Shortened;
use crate::store::fault::StoreError;
use crate::store::manifest::{Manifest, ManifestFile, ManifestRef};
use crate::store::part::sha256;
use std::collections::{BTreeMap, BTreeSet};

/// Adds what the earlier files should be to `expected`, and tells `seen` what is wrong with what was said of them.
pub(super) async fn look(
    table: &Folder,
    log: &Log,
    begins: &Shortened,
    expected: &mut BTreeMap<String, Expected>,
    seen: &mut Verified,
) -> Result<(), StoreError> {
    let first = log.entry(begins.version);
    if first.is_none_or(|entry| sha256(&entry.text) != begins.entry_sha256) {
        seen.finds(begins.version, entry_path(begins.version), Fault::Entry);
    }
    let mut manifests = BTreeMap::<&ManifestRef, Option<BTreeMap<String, ManifestFile>>>::new();
    for file in &begins.files {
        if let Some(of) = &file.manifest {
            if !manifests.contains_key(of) {
                let found = manifest(table, of, file.version, seen).await?;
                let by_path = |of: Manifest| of.files.into_iter().map(|file| (file.path.clone(), file)).collect();
                manifests.insert(of, found.map(by_path));
            }
            let Some(Some(found)) = manifests.get(of) else { continue };
            let is_it = found.get(&file.path).is_some_and(|listed| {
                listed.sha256 == file.sha256
                    && listed.bytes == file.bytes
                    && file.rows.is_none_or(|rows| rows == listed.rows)
            });
            if !is_it {
                seen.finds(file.version, file.path.clone(), Fault::NotInManifest);
                continue;
            }
        }
        let (version, bytes, rows) = (file.version, file.bytes, file.rows);
        expected.insert(file.path.clone(), Expected { version, bytes, rows, sha256: file.sha256.clone() });
    }
    // What the checkpoint is, and whether it is the one that was proven, is told of with the others.
    let Some((state, _)) = checkpointed(table, begins.version).await? else { return Ok(()) };
    let added: BTreeSet<&str> = first.iter().flat_map(|entry| entry.added()).map(|add| add.path.as_str()).collect();
    let standing: BTreeMap<&str, u64> = begins.standing().map(|file| (file.path.as_str(), file.bytes)).collect();
    for add in state.files.values().filter(|add| !added.contains(add.path.as_str())) {
        let path = decode_path(&add.path);
        let is_told = |path: &String| standing.get(path.as_str()) == Some(&add.size);
        if !path.as_ref().is_some_and(is_told) {
            seen.finds(begins.version, path.unwrap_or_else(|| checkpoint_path(begins.version)), Fault::NotInManifest);
        }
    }
    Ok(())
}

async fn manifest(
    table: &Folder,
    of: &ManifestRef,
    version: u64,
    seen: &mut Verified,
) -> Result<Option<Manifest>, StoreError> {
    let text = get(table, &table.at(&of.path)).await?;
    let fault = match text.map(|text| (sha256(&text) == of.sha256, serde_json::from_slice(&text), text.len())) {
        None => Fault::Missing,
        Some((false, ..)) => Fault::Sha256,
        Some((_, Err(_), _)) => Fault::Unreadable,
        Some((_, Ok(found), bytes)) => {
            seen.objects += 1;
            seen.bytes += bytes as u64;
            return Ok(Some(found));
        }
    };
    seen.finds(version, of.path.clone(), fault);
    Ok(None)
}

impl Verified {
    fn finds(&mut self, version: u64, object: String, fault: Fault) {
        self.findings.push(Finding { version, object, fault });
    }
}
