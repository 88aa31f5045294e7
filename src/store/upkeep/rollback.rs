//! An earlier version of a table as its next one: a record of the job, then the table's commit, as any night.
//!
//! The files are those of that version, so nothing is encoded or copied; the manifest lists every one of them, so that the second
//! cloud gets what it lacks. The job's nights are not undone: which period is published is what it was, the newest night stays
//! "already published", and the next one writes its own version over this.
//!
//! Refused: a version that is no longer in the log (`shorten`), or whose files are gone, or on a list of what may go (`collect`); nobody could promise that they stay until
//! the commit. And a version that shows what today's job does not (`today`), or whose files were made by an older suppression list.
//!
//! Never in here: what other tables of the same night hold. `nightferry.run` in each tells them apart.

use super::collect::collected;
use super::history::{BACK_TO, Entry, Log, path, rows};
use crate::access::Folder;
use crate::data::{Name, Period};
use crate::store::absent::get;
use crate::store::commit::{Stores, complete, settle, store_of};
use crate::store::delta::back::{Back, back_entry};
use crate::store::delta::layout;
use crate::store::delta::log::{TableState, entry_path, replay, replay_to};
use crate::store::fault::{StoreError, damaged};
use crate::store::ledger::{self, JobRecord, RecordTable, RunRow, Written};
use crate::store::manifest::{self, Manifest, ManifestFile};
use crate::store::mutant::{self, Mutant};
use crate::store::owner::{JOB, Owner};
use crate::store::part::sha256;
use crate::store::staging::head;
use crate::store::suppression;
use crate::store::{RUNS, Store, VAULT_OWNER};
use chrono::{DateTime, SecondsFormat, Utc};
use std::collections::{BTreeMap, BTreeSet};

pub use super::today::Today;

/// Runs of the same job that may come in between.
const ATTEMPTS_MAX: u32 = 4;

/// What a version shows that was made by an older suppression list.
const FORGOTTEN_SINCE: &str =
    "was made before the newest suppression list, and may show people who are to be forgotten";

/// What is asked.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// The store.
    pub store: &'a Name,
    /// The table.
    pub dataset: &'a Name,
    /// The version whose rows it gets.
    pub to: u64,
    /// Why, for the job's record.
    pub reason: &'a str,
    /// The run that does it.
    pub run: &'a str,
    /// The environment's stamp.
    pub stamp: &'a str,
    /// The time of the commit.
    pub at: DateTime<Utc>,
    /// How the table is treated today: a version that shows more is refused.
    pub today: &'a Today,
}

/// The job whose table it is; fails where it is nobody's.
pub async fn job_of(store: &Store, dataset: &Name) -> Result<Name, StoreError> {
    owner(dataset, &store.primary().child(dataset.as_str())).await
}

/// What became of it.
#[derive(Clone, Debug, PartialEq)]
pub enum WentBack {
    /// The table has the rows of that version in its newest already.
    There,
    /// This record made a new version of it.
    Done(Box<JobRecord>),
}

/// Makes version `to` of a table its next one.
pub async fn rollback(asked: &Asked<'_>, security: &Store, stores: &Stores) -> Result<WentBack, StoreError> {
    let store = store_of(stores, asked.store)?;
    let table = store.primary().child(asked.dataset.as_str());
    // Before the newest night is completed: nothing is decided by whoever was overtaken.
    store.check_epoch().await?;
    for _ in 0..ATTEMPTS_MAX {
        let job = owner(asked.dataset, &table).await?;
        let settled = settle(security, stores, &job, asked.stamp).await?;
        let (now, then) = (replay(&table).await?, replay_to(&table, Some(asked.to)).await?);
        Owner { stamp: asked.stamp, job: job.as_str() }.check(&table, asked.dataset.as_str(), &now)?;
        if then.version != Some(asked.to) {
            let what = format!("version {} of table `{}`", asked.to, asked.dataset);
            return Err(StoreError::NotThere { store: table.label().into(), what });
        }
        if now.version == then.version || (now.files == then.files && now.metadata == then.metadata) {
            return Ok(WentBack::There);
        }
        let list = suppression::newest(security, None).await?;
        let record = propose(asked, &job, &table, [&now, &then], (settled.next, store.epoch(), list)).await?;
        crate::store::fence::check(store.primary(), store.epoch()).await?;
        match ledger::write(security, &record).await? {
            Written::Lost => {}
            Written::Ours => {
                complete(&record, stores).await?;
                return Ok(WentBack::Done(Box::new(record)));
            }
        }
    }
    Err(StoreError::Outrun { job: asked.dataset.to_string() })
}

/// The job whose table it is.
async fn owner(dataset: &Name, table: &Folder) -> Result<Name, StoreError> {
    let state = replay(table).await?;
    let not_ours = |theirs: &str| StoreError::Owner {
        store: table.label().to_owned(),
        table: dataset.to_string(),
        theirs: theirs.to_owned(),
        ours: "any of ours".to_owned(),
    };
    if state.version.is_none() {
        let what = format!("table `{dataset}`");
        return Err(StoreError::NotThere { store: table.label().into(), what });
    }
    let job = state.property(JOB).ok_or_else(|| not_ours("somebody else"))?;
    // The other is a vault of tokens.
    match dataset.as_str() == RUNS || job == VAULT_OWNER {
        true => Err(not_ours("nightferry itself, which only adds to it")),
        false => Name::new(job).map_err(|_| not_ours("somebody else")),
    }
}

async fn propose(
    asked: &Asked<'_>,
    job: &Name,
    table: &Folder,
    [now, then]: [&TableState; 2],
    (number, epoch, list): (u64, u64, Option<u64>),
) -> Result<JobRecord, StoreError> {
    let log = Log::read(table).await?;
    if asked.to < log.first() {
        let (store, version, oldest) = (table.label().to_owned(), asked.to, log.first());
        return Err(StoreError::Shortened { store, version, oldest });
    }
    let (files, made_by) = files(asked, table, &log, then).await?;
    let of = of_version(asked, table, &log).await?;
    // Of a table that is written by periods, files of earlier nights and their schemas stay.
    let shows = |manifest: &Manifest| {
        let is_older = manifest.suppression_list < list;
        is_older.then(|| FORGOTTEN_SINCE.to_owned()).or_else(|| asked.today.shown(manifest))
    };
    if let Some(shows) = made_by.iter().chain([&of]).find_map(shows) {
        let (store, table) = (asked.store.to_string(), asked.dataset.to_string());
        return Err(StoreError::TreatedSince { store, table, version: asked.to, shows });
    }
    let rows: u64 = files.iter().map(|file| file.rows).sum();
    let manifest = Manifest {
        run: asked.run.to_owned(),
        rows,
        files,
        schema: then.metadata.as_ref().and_then(|of| serde_json::from_str(&of.schema_string).ok()).unwrap_or_default(),
        previous_manifest_sha256: now.manifest_sha256.clone(),
        nightferry: env!("CARGO_PKG_VERSION").to_owned(),
        ..of.clone()
    };
    let manifest = manifest::create(table, &manifest).await?;
    let transaction = (format!("nightferry:{job}"), i64::try_from(number).unwrap_or(i64::MAX));
    if now.transactions.get(&transaction.0).is_some_and(|done| *done >= transaction.1) {
        let (store, table) = (asked.store.to_string(), asked.dataset.to_string());
        return Err(StoreError::LedgerBehind { store, table, job: job.to_string() });
    }
    let period: Period = of.period;
    let merged_to = then.merged_to.map(|to| to.to_rfc3339_opts(SecondsFormat::Micros, true));
    let back = Back {
        to: asked.to,
        transaction,
        at_ms: asked.at.timestamp_millis(),
        info: vec![
            ("nightferry.run", Some(asked.run.to_owned())),
            ("nightferry.job", Some(job.to_string())),
            ("nightferry.stamp", Some(asked.stamp.to_owned())),
            ("nightferry.period", Some(period.to_string())),
            (layout::EXTRACTED_AT, Some(of.extracted_at.to_rfc3339_opts(SecondsFormat::Micros, true))),
            (BACK_TO, Some(asked.to.to_string())),
            (layout::HELD, layout::held_text(&then.periods)),
            (layout::MERGED_TO, merged_to),
            ("nightferry.snapshot", of.snapshot.clone()),
            ("nightferry.verdict", Some(of.verdict.clone())),
            ("nightferry.proof", Some(of.proof.clone())),
            ("nightferry.manifest", Some(manifest.path.clone())),
            ("nightferry.manifestSha256", Some(manifest.sha256.clone())),
        ],
    };
    let unwritable = |_| damaged(table, "a log entry", "it cannot be written as JSON");
    let one = RecordTable {
        store: asked.store.clone(),
        dataset: asked.dataset.clone(),
        version: now.next_version(),
        epoch,
        entry: back_entry(now, then, &back).map_err(unwritable)?,
        manifest,
        row: RunRow { extracted_at: of.extracted_at, verdict: of.verdict, proof: of.proof, rows },
        periods: Vec::new(),
    };
    Ok(JobRecord {
        format: 1,
        number,
        job: job.clone(),
        run: asked.run.to_owned(),
        period,
        stamp: asked.stamp.to_owned(),
        reason: Some(asked.reason.to_owned()),
        published_at: asked.at,
        inputs: BTreeMap::new(),
        back_to: Some(asked.to),
        batch: None,
        task: None,
        tables: vec![one],
    })
}

/// The files of the version, as the manifests that put them there list them, and those manifests; each file is looked for.
async fn files(
    asked: &Asked<'_>,
    table: &Folder,
    log: &Log,
    then: &TableState,
) -> Result<(Vec<ManifestFile>, Vec<Manifest>), StoreError> {
    let (mut listed, mut manifests) = (BTreeMap::<String, (ManifestFile, usize)>::new(), Vec::new());
    // Files of versions that are no longer in the log were put there by manifests that are kept for that.
    let earlier: BTreeSet<_> =
        log.begins.iter().flat_map(|begins| &begins.files).filter_map(|file| file.manifest.as_ref()).collect();
    let earlier = earlier.into_iter().map(|of| (of.path.as_str(), of.sha256.as_str()));
    let later = log.entries.iter().filter(|entry| entry.version <= asked.to).filter_map(Entry::manifest);
    for (path, sha256) in earlier.chain(later) {
        let mut manifest = read(table, path, sha256).await?;
        for file in std::mem::take(&mut manifest.files) {
            // Who went back to a file did not make it.
            listed.entry(file.path.clone()).or_insert((file, manifests.len()));
        }
        manifests.push(manifest);
    }
    let going = if mutant::is(Mutant::MarkedIgnored) { Default::default() } else { collected(table).await? };
    let (mut files, mut makers) = (Vec::new(), BTreeSet::new());
    for add in then.files.values() {
        let gone = || {
            let what = format!(
                "a file of version {} of table `{}`, which was collected or is about to be,",
                asked.to, asked.dataset
            );
            StoreError::NotThere { store: table.label().into(), what }
        };
        let path = path(add).filter(|path| !going.contains(path)).ok_or_else(gone)?;
        let is_it = |file: &ManifestFile| file.bytes == add.size && rows(add).is_none_or(|rows| rows == file.rows);
        let unlisted = || {
            let version = format!("version {} of table `{}`", asked.to, asked.dataset);
            damaged(table, version, "a file of it is in no manifest")
        };
        let (file, maker) = listed.get(&path).filter(|(file, _)| is_it(file)).ok_or_else(unlisted)?;
        if head(table, &table.at(&path)).await? != Some(file.bytes) {
            return Err(gone());
        }
        makers.insert(*maker);
        files.push(file.clone());
    }
    Ok((files, makers.into_iter().map(|maker| manifests[maker].clone()).collect()))
}

/// The manifest of the version itself: where its rows are from.
async fn of_version(asked: &Asked<'_>, table: &Folder, log: &Log) -> Result<Manifest, StoreError> {
    let named = log.entry(asked.to).and_then(Entry::manifest);
    let none = || damaged(table, format!("`{}`", entry_path(asked.to)), "it names no manifest");
    let (path, sha256) = named.ok_or_else(none)?;
    read(table, path, sha256).await
}

async fn read(table: &Folder, path: &str, expected: &str) -> Result<Manifest, StoreError> {
    let (store, object) = (table.label().to_owned(), format!("`{path}`"));
    let Some(text) = get(table, &table.at(path)).await? else {
        return Err(StoreError::NotThere { store, what: object });
    };
    if sha256(&text) != expected {
        return Err(StoreError::Checksum { store, object, fault: "its SHA-256 is another" });
    }
    serde_json::from_slice(&text).map_err(|_| damaged(table, object, "it is no manifest"))
}
