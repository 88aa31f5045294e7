//! A job's records: `_jobs/<job>/<20 digits>.json` in the store of audience `security`, each created once.
//!
//! A record is the moment of a night's commit. It holds the exact text of the next log entry of every table, so whoever
//! finds it can finish the night from the parts that are already there. Numbers have no gap; a run that finds its number
//! taken has lost its turn, and looks again.
//!
//! Never in here: values of the data. Entries tell bounds of columns that are about no person only (`part`).

use super::Store;
use super::absent::{Absent, get, name, put_if_absent};
use super::beginning;
use super::fault::{StoreError, damaged};
use super::listed::listed;
use super::manifest::ManifestRef;
use super::mutant::{self, Mutant};
use crate::data::{Name, Period};
use crate::report::BatchReport;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Nights looked at to decide, newest first: a month of them.
pub const NIGHTS_MAX: usize = 32;
/// Records read to find them, at most: a way back is a record and no night.
const RECORDS_MAX: usize = 4_096;
/// Bytes of one record, at most.
const RECORD_BYTES_MAX: usize = 64 << 20;
/// Records read at once.
const READS_AT_ONCE: usize = 8;

/// One night of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobRecord {
    /// Version of this format: 1.
    pub format: u32,
    /// Its number, from 0.
    pub number: u64,
    /// The job.
    pub job: Name,
    /// The run that wrote it.
    pub run: String,
    /// The days it is for.
    pub period: Period,
    /// The environment's stamp.
    pub stamp: String,
    /// Why the same period was published again.
    pub reason: Option<String>,
    /// When the night was decided; the time of every commit of it.
    pub published_at: DateTime<Utc>,
    /// Dataset -> the objects that it was read from, by name, and their tags.
    #[serde(default)]
    pub inputs: BTreeMap<Name, Vec<(String, String)>>,
    /// The version of its one table whose rows that table got again, where a person went back (`upkeep::rollback`): this
    /// is no night, and says nothing of what is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back_to: Option<u64>,
    /// The job of AWS Batch that decided it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<BatchReport>,
    /// The task of Amazon ECS that it was decided in: the last part of its ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// Every table's next version.
    pub tables: Vec<RecordTable>,
}

/// One table's next version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordTable {
    /// Store of the environment.
    pub store: Name,
    /// The table's folder in it.
    pub dataset: Name,
    /// The version.
    pub version: u64,
    /// The epoch of the store that it was decided in.
    #[serde(default, skip_serializing_if = "is_first")]
    pub epoch: u64,
    /// The exact text of its log entry.
    pub entry: String,
    /// Its manifest, which lists the objects that a second cloud gets.
    pub manifest: ManifestRef,
    /// Its row in `nightferry_runs`.
    pub row: RunRow,
    /// The rows of each period, where the table is written by periods: each has a row there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub periods: Vec<(Period, u64)>,
}

fn is_first(epoch: &u64) -> bool {
    *epoch == 0
}

/// One row of `nightferry_runs`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRow {
    /// When the source was read.
    pub extracted_at: DateTime<Utc>,
    /// Of the comparison.
    pub verdict: String,
    /// How the extract's moment was found in the stream.
    pub proof: String,
    /// Rows published.
    pub rows: u64,
}

/// What became of a record that was offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is the job's next record: the night is decided.
    Ours,
    /// Another run took the number first: settle and decide again.
    Lost,
}

/// The newest records of a job.
#[derive(Clone, Debug, PartialEq)]
pub struct Newest {
    /// Oldest first: so many that [`NIGHTS_MAX`] of them are nights, or all.
    pub records: Vec<JobRecord>,
    /// The number that comes next.
    pub next: u64,
    /// The number at which the listing began that found them.
    pub listed_from: u64,
}

/// The newest records of `job`. Of a job whose newest 4,096 records hold no night, nobody can say what is published:
/// [`StoreError::Damaged`].
pub async fn records(security: &Store, job: &Name) -> Result<Newest, StoreError> {
    if let Some(from) = beginning::told(security, job).await {
        let numbers = numbers(security, job, from).await?;
        // What is told is a hint: a record that is not there begins nothing.
        if numbers.first() == Some(&from) || mutant::is(Mutant::BeginningBelieved) {
            let newest = newest(security, job, &numbers, from).await?;
            if from == 0 || nights(&newest.records) >= nights_max() || mutant::is(Mutant::BeginningBelieved) {
                return Ok(newest);
            }
        }
    }
    let numbers = numbers(security, job, 0).await?;
    let newest = newest(security, job, &numbers, 0).await?;
    if newest.records.len() < numbers.len() && nights(&newest.records) == 0 {
        let key = security.primary().at(&format!("_jobs/{job}"));
        return Err(damaged(
            security.primary(),
            name(security.primary(), &key),
            "its newest 4,096 records hold no night",
        ));
    }
    Ok(newest)
}

/// Those of the records with these numbers that a run needs.
async fn newest(security: &Store, job: &Name, numbers: &[u64], listed_from: u64) -> Result<Newest, StoreError> {
    let next = numbers.last().map_or(0, |last| last + 1);
    let (mut records, mut left) = (Vec::new(), numbers);
    while !left.is_empty() && nights(&records) < nights_max() && records.len() < RECORDS_MAX {
        let (earlier, newest) = left.split_at(left.len().saturating_sub(nights_max()));
        let read = futures::stream::iter(newest.to_vec()).map(|number| read(security, job, number));
        let mut read: Vec<JobRecord> = read.buffered(READS_AT_ONCE).try_collect().await?;
        read.append(&mut records);
        (records, left) = (read, earlier);
    }
    Ok(Newest { records, next, listed_from })
}

fn nights(records: &[JobRecord]) -> usize {
    records.iter().filter(|record| record.back_to.is_none()).count()
}

fn nights_max() -> usize {
    #[cfg(test)]
    return beginning::OF_TESTS.get().1;
    #[cfg(not(test))]
    NIGHTS_MAX
}

/// The numbers of the job's records from `from` on, in order: names are in the order of numbers, so that S3 and Azure begin where
/// they are told to.
async fn numbers(security: &Store, job: &Name, from: u64) -> Result<Vec<u64>, StoreError> {
    let folder = security.primary();
    let prefix = folder.at(&format!("_jobs/{job}"));
    let before = from.checked_sub(1).map(|before| folder.at(&record_path(job, before)));
    let listed = listed(folder, &prefix, before.as_ref(), "listing job records").await?;
    let mut numbers: Vec<u64> = listed.iter().filter_map(|meta| number_of(meta.location.filename()?)).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// Tells `look` every record of `job`, oldest first, one at a time in memory.
pub(super) async fn each(security: &Store, job: &Name, mut look: impl FnMut(&JobRecord)) -> Result<(), StoreError> {
    for number in numbers(security, job, 0).await? {
        look(&read(security, job, number).await?);
    }
    Ok(())
}

/// Offers `record` as the job's next.
pub async fn write(security: &Store, record: &JobRecord) -> Result<Written, StoreError> {
    let folder = security.primary();
    let key = folder.at(&record_path(&record.job, record.number));
    let text = serde_json::to_vec_pretty(record).map(Bytes::from);
    let text = text.map_err(|_| damaged(folder, name(folder, &key), "it cannot be written as JSON"))?;
    match put_if_absent(folder, &key, text, "store.put.record").await? {
        Absent::Created | Absent::Mine => Ok(Written::Ours),
        Absent::Other(_) => Ok(Written::Lost),
    }
}

async fn read(security: &Store, job: &Name, number: u64) -> Result<JobRecord, StoreError> {
    let folder = security.primary();
    let key = folder.at(&record_path(job, number));
    let damaged = |fault| damaged(folder, name(folder, &key), fault);
    let text = get(folder, &key).await?.ok_or_else(|| damaged("it vanished"))?;
    if text.len() > RECORD_BYTES_MAX {
        return Err(damaged("it is larger than 64 MiB"));
    }
    let record: JobRecord = serde_json::from_slice(&text).map_err(|_| damaged("it is no job record"))?;
    if record.format != 1 || record.number != number || &record.job != job {
        return Err(damaged("it is the record of something else"));
    }
    Ok(record)
}

fn record_path(job: &Name, number: u64) -> String {
    format!("_jobs/{job}/{number:020}.json")
}

pub(super) fn number_of(file: &str) -> Option<u64> {
    let digits = file.strip_suffix(".json")?;
    (digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok())?
}
