//! A night that may be published -> the record that publishes it, and then its commits.
//!
//! ```text
//! waiting parts to their place -> each table's state: ours? -> manifests -> ONE record -> each table's log entry
//! ```
//!
//! Before the record nothing is published; after it everything is, even if nobody is left to write the rest: the next run
//! completes it. Never in here: whether the night is good enough. That is the verdict's business, before this is called.

use super::commit::{Settled, Stores, complete, store_of};
use super::fault::StoreError;
use super::ledger::{self, JobRecord, RecordTable, Written};
use super::mutant::{self, Mutant};
use super::proposal::propose;
use super::{Staged, Store, place, suppression};
use crate::data::{Name, Origin, Period, Schema};
use crate::report::{BatchReport, Proof, Verdict};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// A job's whole night, staged and judged.
#[derive(Debug)]
pub struct Night<'a> {
    /// The job.
    pub job: &'a Name,
    /// The run.
    pub run: &'a str,
    /// The days it is for.
    pub period: Period,
    /// The environment's stamp.
    pub stamp: &'a str,
    /// Why the same period is published again.
    pub again: Option<&'a str>,
    /// The time of every commit of it.
    pub at: DateTime<Utc>,
    /// SHA-256 of the job file, hex.
    pub job_hash: &'a str,
    /// SHA-256 of the environment file, hex.
    pub environment_hash: &'a str,
    /// The version of the suppression list whose people its rows lack; `None` where there was none.
    pub suppression_list: Option<u64>,
    /// The job of AWS Batch that the run is.
    pub batch: Option<&'a BatchReport>,
    /// The task of Amazon ECS that it runs in.
    pub task: Option<&'a str>,
    /// Every dataset of the job.
    pub datasets: Vec<NightDataset<'a>>,
}

/// One dataset, staged for each of its stores.
#[derive(Debug)]
pub struct NightDataset<'a> {
    /// Its schema.
    pub schema: &'a Schema,
    /// SHA-256 of the schema file, hex.
    pub schema_hash: &'a str,
    /// Where and when its rows were read.
    pub origin: &'a Origin,
    /// Of the topic: partition -> first and last position read.
    pub offsets: BTreeMap<String, (u64, u64)>,
    /// Of the comparison.
    pub verdict: Verdict,
    /// How the extract's moment was found in the stream.
    pub proof: Proof,
    /// How its tables are written.
    pub write: NightWrite<'a>,
    /// Its tables, one a store.
    pub tables: Vec<Staged>,
}

/// How the tables of a dataset are written.
#[derive(Clone, Debug)]
pub enum NightWrite<'a> {
    /// The new files are the whole table.
    Replace,
    /// The new files are these periods of it, and the files of no other period are touched.
    Periods {
        /// The column that says when a row belongs.
        by: &'a Name,
        /// The periods, those without rows too.
        periods: Vec<Period>,
        /// Store -> the table's columns with type and treatment, as JSON: what stays must have been made the same way.
        columns: BTreeMap<Name, String>,
    },
    /// The new files hold the changed rows, and what stays of the files whose rows they take the place of.
    Merge {
        /// The moment of the extract that the changed rows are from.
        to: DateTime<Utc>,
        /// Store -> the table's columns with type and treatment, as JSON.
        columns: BTreeMap<Name, String>,
        /// Store -> what becomes of its table.
        tables: BTreeMap<Name, Merged>,
    },
}

/// What becomes of a table into which changes were merged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// The version that they were merged into; another one now has other rows.
    pub version: Option<u64>,
    /// Files that are no longer part of it, as in `add`.
    pub gone: BTreeSet<String>,
    /// Rows that it has then.
    pub rows: u64,
}

/// What became of a night.
#[derive(Debug)]
pub enum Outcome<'a> {
    /// It is published, in every primary.
    Published(Box<JobRecord>),
    /// Another run of the job came first: settle, decide, and publish again if that is the decision, or discard. Nothing
    /// of this night is published, and nothing will be; here it is again.
    Lost(Box<Night<'a>>),
    /// There is a newer suppression list than the one that the night's rows went by: discard it, and extract again. Nothing
    /// of this night is published, and nothing will be; here it is again.
    ListIsNewer(Box<Night<'a>>),
}

/// Publishes `night`, as the record that follows `settled`.
///
/// Takes the night for good: after an error it may be that its record is there after all (an answer was lost), so nobody
/// may discard its parts any more. The next run finds out.
pub async fn publish<'a>(
    night: Night<'a>,
    settled: &Settled,
    security: &Store,
    stores: &Stores,
) -> Result<Outcome<'a>, StoreError> {
    place::claim(security.primary(), night.stamp).await?;
    // Before anything leaves for another cloud, and once more below.
    if is_outrun(&night, security).await? {
        return Ok(Outcome::ListIsNewer(Box::new(night)));
    }
    for staged in night.datasets.iter().flat_map(|dataset| &dataset.tables) {
        place::claim(staged.store().primary(), night.stamp).await?;
        staged.release().await?;
    }
    let tables = match proposals(&night, settled.next).await {
        Ok(tables) => tables,
        // A record stands before its tables do. If it is there now, another run came first, and nothing was lost.
        Err(StoreError::LedgerBehind { .. }) if ledger::records(security, night.job).await?.next > settled.next => {
            return Ok(Outcome::Lost(Box::new(night)));
        }
        Err(error) => return Err(error),
    };
    let record = JobRecord {
        format: 1,
        number: settled.next,
        job: night.job.clone(),
        run: night.run.to_owned(),
        period: night.period,
        stamp: night.stamp.to_owned(),
        reason: night.again.map(str::to_owned),
        published_at: night.at,
        inputs: inputs(&night),
        back_to: None,
        batch: night.batch.cloned(),
        task: night.task.map(str::to_owned),
        tables,
    };
    // As late as can be: whoever was overtaken by a failover meanwhile is refused here.
    for table in &record.tables {
        store_of(stores, &table.store)?.check_epoch().await?;
    }
    if is_outrun(&night, security).await? {
        return Ok(Outcome::ListIsNewer(Box::new(night)));
    }
    if mutant::is(Mutant::TablesFirst) {
        complete(&record, stores).await?;
    }
    match ledger::write(security, &record).await? {
        Written::Lost => Ok(Outcome::Lost(Box::new(night))),
        Written::Ours => {
            complete(&record, stores).await?;
            Ok(Outcome::Published(Box::new(record)))
        }
    }
}

/// Whether somebody is to be forgotten whose rows the night may hold.
async fn is_outrun(night: &Night<'_>, security: &Store) -> Result<bool, StoreError> {
    Ok(!mutant::is(Mutant::ListIgnored) && suppression::is_another(security, night.suppression_list).await?)
}

/// Every table's next version, as the night of this number.
async fn proposals(night: &Night<'_>, number: u64) -> Result<Vec<RecordTable>, StoreError> {
    let mut tables = Vec::new();
    for dataset in &night.datasets {
        for staged in &dataset.tables {
            tables.push(propose(night, number, dataset, staged).await?);
        }
    }
    Ok(tables)
}

/// What every dataset was read from.
fn inputs(night: &Night<'_>) -> BTreeMap<Name, Vec<(String, String)>> {
    let of = |dataset: &NightDataset<'_>| {
        let name = dataset.tables.first()?.dataset().clone();
        (!dataset.origin.inputs.is_empty()).then(|| (name, dataset.origin.inputs.clone()))
    };
    night.datasets.iter().filter_map(of).collect()
}
