//! Every object of a table against its manifest, every manifest against the one before it, every entry of the log against the
//! job's record that decided it, and every record against the log.
//!
//! What lies there is read as a whole: a size that agrees says nothing of the bytes. Never in here: mending.

use super::checkpoints;
use super::collect::collected;
use super::copies::{self, CopySeen};
use super::earlier;
pub use super::finding::{Fault, Finding};
use super::history::{Entry, Log, live, path, rows};
use super::meanwhile::{Judged, Watched, may_pass};
use super::objects::{READS_AT_ONCE, look};
use crate::access::Folder;
use crate::data::{Audience, Name};
use crate::store::absent::get;
use crate::store::delta::action::encode_path;
use crate::store::delta::log::entry_path;
use crate::store::fault::StoreError;
use crate::store::ledger;
use crate::store::manifest::{Manifest, ManifestRef};
use crate::store::part::sha256;
use crate::store::{RUNS, Store};
use futures::{StreamExt, TryStreamExt};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A table that was looked at as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Versions that the log has.
    pub versions: usize,
    /// The first of them: 0, or where `table gc` shortened the log to.
    pub begins: u64,
    /// Objects that were read: parts and manifests.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Rows of the parts.
    pub rows: u64,
    /// Parts of earlier versions that `table gc` took away.
    pub collected: u64,
    /// Versions that a job's record decided and that the log does not have yet: the next run of the job completes them.
    pub begun: u64,
    /// Its plain copy, where it has one; what is wrong with it is named from the store's folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plain: Option<CopySeen>,
    /// What is not what it should be.
    pub findings: Vec<Finding>,
}

/// What a part should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) version: u64,
    pub(super) bytes: u64,
    /// Known of parts that a manifest lists.
    pub(super) rows: Option<u64>,
    pub(super) sha256: String,
}

/// Looks at the table `dataset` of `store`, at all versions that its log has, and at what stays of those that it no longer has. What
/// only went or changed meanwhile is not told (`meanwhile`).
pub async fn verify(store: &Store, security: &Store, dataset: &str) -> Result<Verified, StoreError> {
    let mut watched = Watched::begin(vec![store.primary()], dataset).await?;
    let mut before = Vec::new();
    loop {
        let mut seen = once(store, security, dataset).await;
        if seen.as_ref().map_or_else(|error| !may_pass(error), |seen| seen.findings.is_empty()) {
            return seen;
        }
        match (watched.judge().await?, &mut seen) {
            (Judged::Again, Ok(seen)) => before = std::mem::take(&mut seen.findings),
            (Judged::Again, Err(_)) => {}
            (Judged::Changing, Ok(found)) => {
                found.findings.retain(|one| before.contains(one));
                return seen;
            }
            _ => return seen,
        }
    }
}

async fn once(store: &Store, security: &Store, dataset: &str) -> Result<Verified, StoreError> {
    let table = store.primary().child(dataset);
    let log = Log::look(&table).await?;
    let mut seen = Verified { versions: log.entries.len(), begins: log.first(), ..Verified::default() };
    let live = live(log.begins.as_ref(), log.entries.iter());
    let (mut expected, mut before) = (BTreeMap::new(), Some(None));
    if let Some(begins) = &log.begins {
        earlier::look(&table, &log, begins, &mut expected, &mut seen).await?;
        before = Some(begins.manifest_before_sha256.clone());
    }
    for entry in &log.entries {
        if entry.is_unreadable() {
            let (version, object) = (entry.version, entry_path(entry.version));
            seen.findings.push(Finding { version, object, fault: Fault::Unreadable });
            // Which manifest it named nobody knows.
            before = None;
            continue;
        }
        let known = manifest(&table, entry, &mut before, &mut seen).await?;
        expect(entry, known.as_ref(), &mut expected, &mut seen.findings);
    }
    records(store, security, dataset, &log, &mut seen).await?;
    let texts = log.entries.iter().map(|entry| (entry.version, &entry.text));
    seen.findings.extend(checkpoints::look(&table, log.begins.as_ref(), texts).await?);
    if let Some(newest) = log.next().checked_sub(1) {
        let (plain, findings) = copies::look(store.primary(), dataset, (newest, &live)).await?;
        seen.plain = plain;
        seen.findings.extend(findings);
    }
    let gone = collected(&table).await?;
    let looks = futures::stream::iter(expected).map(|(path, expected)| {
        let table = &table;
        async move { Ok::<_, StoreError>((look(table, &path).await?, path, expected)) }
    });
    let mut looks = looks.buffered(READS_AT_ONCE);
    while let Some((found, path, expected)) = looks.try_next().await? {
        let mut wrong = |fault| {
            seen.findings.push(Finding { version: expected.version, object: path.clone(), fault });
        };
        let Some(found) = found else {
            match gone.contains(&path) && !live.contains(&encode_path(&path)) {
                true => seen.collected += 1,
                false => wrong(Fault::Missing),
            }
            continue;
        };
        match (found.bytes == expected.bytes, found.sha256 == expected.sha256, &found.footer) {
            (false, ..) => wrong(Fault::Size),
            (_, false, _) => wrong(Fault::Sha256),
            (_, _, None) => wrong(Fault::Unreadable),
            (_, _, Some(footer)) if expected.rows.is_some_and(|rows| rows != footer.rows) => wrong(Fault::Rows),
            _ => {}
        }
        seen.objects += 1;
        seen.bytes += found.bytes;
        seen.rows = seen.rows.saturating_add(found.footer.map_or(0, |footer| footer.rows));
    }
    Ok(seen)
}

/// The manifest of an entry, looked at; `before` is the hash of the one before it, if it is known which that is.
async fn manifest(
    table: &Folder,
    entry: &Entry,
    before: &mut Option<Option<String>>,
    seen: &mut Verified,
) -> Result<Option<Manifest>, StoreError> {
    let Some((path, expected)) = entry.manifest() else { return Ok(None) };
    let mut wrong = |fault| seen.findings.push(Finding { version: entry.version, object: path.to_owned(), fault });
    let previous = before.replace(Some(expected.to_owned()));
    let Some(text) = get(table, &table.at(path)).await? else {
        wrong(Fault::Missing);
        return Ok(None);
    };
    if sha256(&text) != expected {
        wrong(Fault::Sha256);
        return Ok(None);
    }
    let Ok(found) = serde_json::from_slice::<Manifest>(&text) else {
        wrong(Fault::Unreadable);
        return Ok(None);
    };
    if previous.is_some_and(|previous| found.previous_manifest_sha256 != previous) {
        wrong(Fault::Chain);
    }
    seen.objects += 1;
    seen.bytes += text.len() as u64;
    Ok(Some(found))
}

/// What the parts of an entry should be, as its manifest says.
fn expect(
    entry: &Entry,
    known: Option<&Manifest>,
    expected: &mut BTreeMap<String, Expected>,
    findings: &mut Vec<Finding>,
) {
    let version = entry.version;
    let mut wrong = |object: String| findings.push(Finding { version, object, fault: Fault::NotInManifest });
    let files = known.map(Manifest::by_path).unwrap_or_default();
    for add in entry.added() {
        let Some(path) = path(add) else {
            wrong("a path outside the table".into());
            continue;
        };
        let listed = files.get(path.as_str());
        let part = match (listed, entry.info("nightferry.sha256"), entry.manifest()) {
            (Some(file), ..) if file.bytes == add.size && rows(add).is_none_or(|rows| rows == file.rows) => {
                Expected { version, bytes: file.bytes, rows: Some(file.rows), sha256: file.sha256.clone() }
            }
            // An entry without a manifest has one part and says its hash itself.
            (_, Some(sha256), None) => {
                Expected { version, bytes: add.size, rows: rows(add), sha256: sha256.to_owned() }
            }
            // The manifest itself is told of already.
            (None, _, Some(_)) if known.is_none() => continue,
            _ => {
                wrong(path);
                continue;
            }
        };
        match expected.get(&path) {
            // A version that goes back names files of an earlier one.
            Some(earlier) if earlier.sha256 != part.sha256 => wrong(path),
            Some(_) => {}
            None => drop(expected.insert(path, part)),
        }
    }
}

/// Entries that are not, byte for byte, what the job's records decided, and entries that none decided. The one that comes
/// next may be under way.
async fn records(
    store: &Store,
    security: &Store,
    dataset: &str,
    log: &Log,
    seen: &mut Verified,
) -> Result<(), StoreError> {
    let entries = &log.entries;
    let jobs: BTreeSet<&str> = entries.iter().filter_map(|entry| entry.info("nightferry.job")).collect();
    // Version -> the epoch in which it was decided as it is; and those that a record wants otherwise.
    let (mut decided, mut otherwise) = (BTreeMap::<u64, u64>::new(), BTreeSet::new());
    // What the records decided of versions that are no longer in the log.
    let mut manifests = BTreeSet::<(u64, ManifestRef)>::new();
    for job in jobs.into_iter().filter_map(|job| Name::new(job).ok()) {
        ledger::each(security, &job, |record| {
            let ours = |table: &&ledger::RecordTable| table.store == *store.name() && table.dataset.as_str() == dataset;
            for table in record.tables.iter().filter(ours) {
                if table.version < log.first() {
                    manifests.insert((table.version, table.manifest.clone()));
                    continue;
                }
                match log.entry(table.version) {
                    Some(entry) if entry.text == table.entry => {
                        decided.insert(table.version, table.epoch);
                    }
                    None if table.version == log.next() => seen.begun += 1,
                    _ => {
                        otherwise.insert((table.version, table.epoch));
                    }
                }
            }
        })
        .await?;
    }
    let mut wrong = |version, fault| seen.findings.push(Finding { version, object: entry_path(version), fault });
    let mut told = BTreeSet::new();
    for (version, epoch) in otherwise {
        // A night of an earlier epoch that never came to the cloud that took over: the version is another night's there.
        if decided.get(&version).is_none_or(|later| *later <= epoch) && told.insert(version) {
            wrong(version, Fault::Record);
        }
    }
    // The entries of these have no record: what every night adds is in its own, and a vault's rows come before it.
    let is_vault = store.audience() == Audience::Restricted && dataset.starts_with("token_vault_");
    if dataset != RUNS && !is_vault {
        for entry in entries {
            if !decided.contains_key(&entry.version) && !told.contains(&entry.version) && !entry.is_unreadable() {
                wrong(entry.version, Fault::Foreign);
            }
        }
        for file in log.begins.iter().flat_map(|begins| &begins.files) {
            let is_decided = file.manifest.clone().is_some_and(|of| manifests.contains(&(file.version, of)));
            if !is_decided {
                let object = file.path.clone();
                seen.findings.push(Finding { version: file.version, object, fault: Fault::Foreign });
            }
        }
    }
    Ok(())
}
