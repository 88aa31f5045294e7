//! The two clouds of a store, held against each other: versions, entries of the log, manifests, and every part by its size,
//! hash, rows and columns.
//!
//! Where one log or both were shortened, they are held against each other from the later beginning on, with every file that stays
//! from before it. Both sides are read as a whole; what a manifest says of a part, and the job's record of an entry, tells which side is wrong. Never in here: mending.

use super::checkpoints;
use super::collect::collected;
use super::copies;
use super::decided::Decided;
use super::history::{Entry, live, path};
use super::meanwhile::{Judged, Watched, may_pass};
use super::objects::{READS_AT_ONCE, Seen, look};
use super::verify::{Fault, Finding};
use crate::access::Folder;
use crate::store::Store;
use crate::store::absent::get;
use crate::store::delta::action::encode_path;
use crate::store::delta::listing::list_from;
use crate::store::delta::log::{checkpointed, entry_path};
use crate::store::delta::shortened::{Shortened, shortened};
use crate::store::fault::StoreError;
use crate::store::manifest::Manifest;
use crate::store::part::sha256;
use crate::store::staging::head;
use futures::{StreamExt, TryStreamExt};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Which cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The first, whose log is the truth.
    First,
    /// The second.
    Second,
    /// Both, or it cannot be told which.
    Both,
}

/// Something in which the clouds differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The version that names it.
    pub version: u64,
    /// The object, as a path under the table's folder.
    pub object: String,
    /// The cloud that is wrong.
    pub side: Side,
    /// What is wrong there.
    pub fault: Fault,
}

/// A table in two clouds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// Versions that both have.
    pub versions: u64,
    /// Objects that were read on both sides.
    pub objects: u64,
    /// Their bytes on the first.
    pub bytes: u64,
    /// Versions that the second lacks: the next run carries them.
    pub behind: Vec<u64>,
    /// Whether its plain copy is not that of the newest version, and the first's is: the next run makes it.
    pub copy_behind: bool,
    /// In what they differ.
    pub differences: Vec<Difference>,
}

/// What is known of a part: the version that names it, and its hash, where a manifest that is whole says it.
type Known = BTreeMap<String, (u64, Option<String>)>;

/// An entry on both sides, where it can be read.
type Pair = (Option<Entry>, Option<Entry>);

/// Compares the table `dataset` of `store` with what is below `second`, its other cloud; `security` has the records of the jobs,
/// which say what should be there where a log does not. What only went or changed meanwhile is not told (`meanwhile`).
pub async fn compare(store: &Store, second: &Folder, security: &Store, dataset: &str) -> Result<Compared, StoreError> {
    let mut watched = Watched::begin(vec![store.primary(), second], dataset).await?;
    let mut before = Vec::new();
    loop {
        let mut seen = once(store, second, security, dataset).await;
        if seen.as_ref().map_or_else(|error| !may_pass(error), |seen| seen.differences.is_empty()) {
            return seen;
        }
        match (watched.judge().await?, &mut seen) {
            (Judged::Again, Ok(seen)) => before = std::mem::take(&mut seen.differences),
            (Judged::Again, Err(_)) => {}
            (Judged::Changing, Ok(found)) => {
                found.differences.retain(|one| before.contains(one));
                return seen;
            }
            _ => return seen,
        }
    }
}

async fn once(store: &Store, second_store: &Folder, security: &Store, dataset: &str) -> Result<Compared, StoreError> {
    let (first, second) = (&store.primary().child(dataset), &second_store.child(dataset));
    let begins = &[shortened(first).await?, shortened(second).await?];
    let logs = [log(first, begins[0].as_ref()).await?, log(second, begins[1].as_ref()).await?];
    let of = logs.iter().flat_map(BTreeMap::values).map(|text| text.1.clone());
    let decided = Decided::of(store, security, dataset, of.collect::<Vec<_>>().iter()).await?;
    let [here, there] = &logs;
    let (mut seen, mut parts) = (Compared::default(), Known::new());
    let begun = begins.iter().flatten().max_by_key(|of| of.version);
    let from = begun.map_or(0, |begun| begun.version);
    let mut manifests = BTreeSet::new();
    // A cloud that has nothing yet is only behind.
    let has_both = !here.is_empty() && !there.is_empty();
    for file in begun.iter().filter(|_| has_both).flat_map(|begun| &begun.files) {
        parts.insert(file.path.clone(), (file.version, Some(file.sha256.clone())));
        if let Some(of) = file.manifest.as_ref().filter(|of| manifests.insert(*of)) {
            manifest(first, second, (file.version, &of.path, &of.sha256), &mut seen).await?;
        }
    }
    if let [Some(one), Some(two)] = begins
        && one.version == two.version
        && !is_same_beginning([first, second], [one, two]).await?
    {
        seen.differs(one.version, one.path(), Side::Both, Fault::Entry);
    }
    let versions: BTreeSet<u64> = here.keys().chain(there.keys()).copied().filter(|version| *version >= from).collect();
    for version in versions {
        let object = entry_path(version);
        match (here.get(&version), there.get(&version)) {
            (Some(one), Some(two)) => {
                seen.versions += 1;
                if one.0 != two.0 {
                    seen.differs(version, object.clone(), wrong(&decided, &one.1, &two.1), Fault::Entry);
                }
                let read = |entry: &Entry| (!entry.is_unreadable()).then(|| entry.clone());
                entry(first, second, version, (read(&one.1), read(&two.1)), &mut seen, &mut parts).await?;
            }
            (Some(_), None) if there.last_key_value().is_none_or(|(last, _)| *last < version) => {
                seen.behind.push(version);
            }
            (Some(_), None) => seen.differs(version, object, Side::Second, Fault::Missing),
            (None, Some((_, of))) => {
                let is_gap = here.last_key_value().is_some_and(|(last, _)| *last > version);
                match is_gap || is_lost(store, dataset, &decided, of).await? {
                    true => seen.differs(version, object, Side::First, Fault::Missing),
                    false => seen.differs(version, object, Side::Second, Fault::Surplus),
                }
            }
            (None, None) => {}
        }
    }
    let live = live(begun, here.values().map(|(_, entry)| entry).filter(|entry| entry.version >= from));
    let gone = [collected(first).await?, collected(second).await?];
    let looks = futures::stream::iter(parts).map(|(path, (version, sha256))| async move {
        let (one, two) = futures::try_join!(look(first, &path), look(second, &path))?;
        Ok::<_, StoreError>((path, version, sha256, one, two))
    });
    let mut looks = looks.buffered(READS_AT_ONCE);
    while let Some((path, version, sha256, one, two)) = looks.try_next().await? {
        let is_gone = |side: usize, found: &Option<Seen>| found.is_none() && gone[side].contains(&path);
        if (is_gone(0, &one) || is_gone(1, &two)) && !live.contains(&encode_path(&path)) {
            continue;
        }
        seen.objects += 1;
        seen.bytes += one.as_ref().map_or(0, |one| one.bytes);
        part(&mut seen, (&path, version), sha256.as_deref(), one.as_ref(), two.as_ref());
    }
    let [one, two] = begins;
    for (side, folder, log, begins) in [(Side::First, first, here, one), (Side::Second, second, there, two)] {
        let texts = log.iter().map(|(version, of)| (*version, &of.0));
        for wrong in checkpoints::look(folder, begins.as_ref(), texts).await? {
            seen.differs(wrong.version, wrong.object, side, wrong.fault);
        }
    }
    if seen.behind.is_empty()
        && let Some(newest) = here.last_key_value().map(|(version, _)| *version)
    {
        let of = copies::compare([store.primary(), second_store], dataset, (newest, &live)).await?;
        seen.copy_behind = of.is_behind;
        for (side, Finding { version, object, fault }) in of.findings {
            seen.differs(version, object, side, fault);
        }
    }
    seen.differences.sort_by(|one, two| (one.version, &one.object).cmp(&(two.version, &two.object)));
    Ok(seen)
}

/// Whether two logs that begin at one version say the same of what was before. Their checkpoints may be written otherwise, by two
/// versions of nightferry: then it counts what they hold, and that each is whole is looked at with the others.
async fn is_same_beginning(clouds: [&Folder; 2], [one, two]: [&Shortened; 2]) -> Result<bool, StoreError> {
    let besides = Shortened { checkpoint_sha256: one.checkpoint_sha256.clone(), ..two.clone() };
    if *one != besides || one.checkpoint_sha256 == two.checkpoint_sha256 {
        return Ok(*one == besides);
    }
    let held = [checkpointed(clouds[0], one.version).await?, checkpointed(clouds[1], two.version).await?];
    Ok(matches!(held, [Some((one, _)), Some((two, _))] if one == two))
}

/// Every entry of a log from where it begins, its bytes and what they say.
async fn log(table: &Folder, begins: Option<&Shortened>) -> Result<BTreeMap<u64, (bytes::Bytes, Entry)>, StoreError> {
    let versions = list_from(table, begins.map(|begins| begins.version)).await?.versions;
    let one = |version| async move { Ok((version, get(table, &table.at(&entry_path(version))).await?)) };
    let found = futures::stream::iter(versions).map(one).buffered(READS_AT_ONCE).try_collect::<Vec<_>>().await?;
    let of = |(version, text): (u64, Option<bytes::Bytes>)| Some((version, (text.clone()?, Entry::of(version, text?))));
    Ok(found.into_iter().filter_map(of).collect())
}

/// Of two entries that differ, the side that the records of the jobs speak against: the later decision of a version holds.
fn wrong(decided: &Decided, one: &Entry, two: &Entry) -> Side {
    match (decided.epoch(one), decided.epoch(two)) {
        (Some(_), None) => Side::Second,
        (None, Some(_)) => Side::First,
        (Some(one), Some(two)) if one > two => Side::Second,
        (Some(one), Some(two)) if one < two => Side::First,
        _ => Side::Both,
    }
}

/// Whether an entry that the second cloud alone has is one that the first has lost: a record decided it, and it was not left
/// behind by a failover (what it names came over; of a run's rows: what every table of the run named).
async fn is_lost(store: &Store, dataset: &str, decided: &Decided, of: &Entry) -> Result<bool, StoreError> {
    let Some(then) = decided.epoch(of) else { return Ok(false) };
    if then < store.epoch() {
        for (dataset, manifest) in decided.manifests(dataset, of) {
            let table = store.primary().child(&dataset);
            if head(&table, &table.at(&manifest)).await?.is_none() {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

impl Compared {
    fn differs(&mut self, version: u64, object: String, side: Side, fault: Fault) {
        self.differences.push(Difference { version, object, side, fault });
    }
}

/// A version that both have: its entry, its manifest, and the parts that they name.
async fn entry(
    first: &Folder,
    second: &Folder,
    version: u64,
    (one, two): Pair,
    seen: &mut Compared,
    parts: &mut Known,
) -> Result<(), StoreError> {
    // Where the first's cannot be read the second's says what to look at.
    if one.is_none() && two.is_none() {
        seen.differs(version, entry_path(version), Side::Both, Fault::Unreadable);
    }
    let Some(entry) = one.or(two) else { return Ok(()) };
    let mut known = None;
    if let Some((path, expected)) = entry.manifest() {
        known = manifest(first, second, (version, path, expected), seen).await?;
    }
    let files = known.as_ref().map(Manifest::by_path).unwrap_or_default();
    for path in entry.added().filter_map(path) {
        let listed = files.get(path.as_str());
        let alone = entry.info("nightferry.sha256").filter(|_| entry.manifest().is_none());
        let sha256 = listed.map(|file| file.sha256.as_str()).or(alone).map(str::to_owned);
        parts.entry(path).or_insert((version, sha256));
    }
    Ok(())
}

/// The manifest, from whichever cloud has it whole.
async fn manifest(
    first: &Folder,
    second: &Folder,
    (version, path, expected): (u64, &str, &str),
    seen: &mut Compared,
) -> Result<Option<Manifest>, StoreError> {
    let mut whole = None;
    for (side, folder) in [(Side::First, first), (Side::Second, second)] {
        let fault = match get(folder, &folder.at(path)).await? {
            None => Fault::Missing,
            Some(text) if sha256(&text) != expected => Fault::Sha256,
            Some(text) => {
                whole = whole.or(Some(text));
                continue;
            }
        };
        seen.differs(version, path.to_owned(), side, fault);
    }
    seen.objects += 1;
    Ok(whole.and_then(|text| serde_json::from_slice(&text).ok()))
}

/// A part on both sides.
fn part(seen: &mut Compared, at: (&str, u64), expected: Option<&str>, one: Option<&Seen>, two: Option<&Seen>) {
    let (path, version) = at;
    let mut differs = |side, fault| seen.differs(version, path.to_owned(), side, fault);
    let (one, two) = match (one, two) {
        (Some(one), Some(two)) => (one, two),
        (None, None) => return differs(Side::Both, Fault::Missing),
        (None, Some(_)) => return differs(Side::First, Fault::Missing),
        (Some(_), None) => return differs(Side::Second, Fault::Missing),
    };
    let is_wrong = |seen: &Seen| expected.is_some_and(|expected| seen.sha256 != expected);
    let side = match (is_wrong(one), is_wrong(two)) {
        (false, false) if one.sha256 == two.sha256 => return,
        (true, false) => Side::First,
        (false, true) => Side::Second,
        _ => Side::Both,
    };
    // One is the rule that both break; the others say how far it goes.
    differs(side, if one.bytes == two.bytes { Fault::Sha256 } else { Fault::Size });
    match (&one.footer, &two.footer) {
        (Some(one), Some(two)) => {
            if one.rows != two.rows {
                differs(side, Fault::Rows);
            }
            if one.columns != two.columns {
                differs(side, Fault::Schema);
            }
        }
        _ => differs(side, Fault::Unreadable),
    }
}
