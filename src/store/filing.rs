//! What is kept beside the tables: reports, papers, and parts that no table names (quarantined rows, differing rows).
//!
//! Never in here: tables.

use super::Store;
use super::absent::get;
use super::fault::StoreError;
use super::listed::listed;
use super::part::Part;
use super::staging::{delete, put};
use super::upload::aborted;
use crate::data::Name;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectMeta;
use object_store::path::Path;
use std::collections::BTreeMap;

/// Bytes of one report, at most, to be read again.
const REPORT_BYTES_MAX: u64 = 16 << 20;
/// Reports read at once.
const READS_AT_ONCE: usize = 8;

/// Where a run's report lies in the store of audience `security`; `ending` is `json`, or `html` for the page.
pub fn report_path(job: &Name, run: &str, ending: &str) -> String {
    format!("reports/{job}/{run}.{ending}")
}

/// Where a paper about the personal data of a run lies there; `ending` is `privacy.json`, `dpia.md` or `article30.md`.
pub fn paper_path(job: &Name, run: &str, ending: &str) -> String {
    format!("papers/{job}/{run}.{ending}")
}

/// Files a run's report at its [`report_path`]. It is the last that a run does, also one that is told to stop: beside it the uploads
/// that were given up are seen to their end.
pub async fn file_report(security: &Store, path: &str, report: Bytes) -> Result<(), StoreError> {
    let folder = security.primary();
    let key = folder.at(path);
    let (filed, ()) = futures::join!(put(folder, &key, report, "store.put.report"), aborted());
    filed
}

/// Files a paper at its [`paper_path`], in the place of what was filed there before.
pub async fn file_paper(security: &Store, path: &str, paper: Bytes) -> Result<(), StoreError> {
    let folder = security.primary();
    put(folder, &folder.at(path), paper, "store.put.paper").await
}

/// Reports that were read before, each as what was made of it: `None` of one that nobody can read.
#[derive(Debug)]
pub struct KnownReports<T>(BTreeMap<Path, (ObjectMeta, Option<T>)>);

impl<T> Default for KnownReports<T> {
    fn default() -> Self {
        KnownReports(BTreeMap::new())
    }
}

impl<T: Clone> KnownReports<T> {
    /// What [`reports`] gives, each as `parse` makes it. Who asks again and again reads a report once: it is not written a second time,
    /// and where it is all the same its object is another.
    pub async fn reports(
        &mut self,
        security: &Store,
        (job, since, most): (&Name, DateTime<Utc>, usize),
        parse: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<Vec<T>, StoreError> {
        let newest = newest(security, job, since, most).await?;
        let is_known = |meta: &ObjectMeta| self.0.get(&meta.location).is_some_and(|(known, _)| known == meta);
        let unknown: Vec<ObjectMeta> = newest.iter().filter(|meta| !is_known(meta)).cloned().collect();
        let folder = security.primary();
        let read = futures::stream::iter(unknown).map(|meta| async move {
            let text = get(folder, &meta.location).await?;
            Ok::<_, StoreError>((meta, text))
        });
        let read: Vec<(ObjectMeta, Option<Bytes>)> = read.buffered(READS_AT_ONCE).try_collect().await?;
        self.0.retain(|path, _| newest.iter().any(|meta| meta.location == *path));
        for (meta, text) in read {
            self.0.insert(meta.location.clone(), (meta, text.and_then(|text| parse(&text))));
        }
        // The order of the paths is that of the moments.
        Ok(self.0.values().filter_map(|(_, made)| made.clone()).collect())
    }
}

/// The newest `most` reports of a job's runs, oldest first, of those that began at `since` or later: the ledger. Each is the run's
/// id and the text.
pub async fn reports(
    security: &Store,
    job: &Name,
    since: DateTime<Utc>,
    most: usize,
) -> Result<Vec<(String, Bytes)>, StoreError> {
    let folder = security.primary();
    let newest = newest(security, job, since, most).await?;
    let read = futures::stream::iter(newest).map(|meta| async move {
        let run = meta.location.filename().unwrap_or_default().trim_end_matches(".json").to_owned();
        Ok(get(folder, &meta.location).await?.map(|text| (run, text)))
    });
    let read: Vec<Option<(String, Bytes)>> = read.buffered(READS_AT_ONCE).try_collect().await?;
    Ok(read.into_iter().flatten().collect())
}

/// The objects of those reports.
async fn newest(
    security: &Store,
    job: &Name,
    since: DateTime<Utc>,
    most: usize,
) -> Result<Vec<ObjectMeta>, StoreError> {
    let folder = security.primary();
    let prefix = folder.at(&format!("reports/{job}"));
    // The ids of runs begin with the moment, in thousandths of a second.
    let moment = format!("{:012x}", since.timestamp_millis().max(0));
    let offset = folder.at(&format!("reports/{job}/{}-{}", &moment[..8], &moment[8..]));
    let listed = listed(folder, &prefix, Some(&offset), "listing reports").await?;
    let of_json = |meta: &ObjectMeta| meta.location.filename().is_some_and(|file| file.ends_with(".json"));
    let mut found: Vec<ObjectMeta> =
        listed.into_iter().filter(|meta| of_json(meta) && meta.size <= REPORT_BYTES_MAX).collect();
    found.sort_by(|one, other| one.location.cmp(&other.location));
    Ok(found.split_off(found.len().saturating_sub(most)))
}

/// What was told of a job's nights, as [`keep_told`] left it: `_told/<job>.json` in the security store.
pub async fn told(security: &Store, job: &Name) -> Result<Option<Bytes>, StoreError> {
    let folder = security.primary();
    get(folder, &folder.at(&format!("_told/{job}.json"))).await
}

/// Keeps what was told of a job's nights. Of two at once one is lost, and something is told twice.
pub async fn keep_told(security: &Store, job: &Name, told: Bytes) -> Result<(), StoreError> {
    let folder = security.primary();
    put(folder, &folder.at(&format!("_told/{job}.json")), told, "store.put.told").await
}

/// Files a part that no table names: `<shelf>/<dataset>/run=<run>/<list>-<number>-<8 of sha256>.parquet`, such as list `part` of
/// shelf `quarantine` of the store of audience `restricted`. Gives back its path there.
pub async fn file_part(
    store: &Store,
    [shelf, list]: [&Name; 2],
    run: &str,
    number: u32,
    part: &Part,
) -> Result<String, StoreError> {
    if part.audience() != store.audience() {
        let (wants, got) = (store.audience(), part.audience());
        return Err(StoreError::Audience { store: store.name().to_string(), wants, got });
    }
    let path = format!("{shelf}/{}/run={run}/{list}-{number:05}-{}.parquet", part.dataset(), &part.sha256()[..8]);
    let folder = store.primary();
    put(folder, &folder.at(&path), part.bytes().clone(), "store.put.filed").await?;
    Ok(path)
}

/// Deletes a part that [`file_part`] filed: a list came since that may name people of its rows.
pub async fn take_back(store: &Store, path: &str) -> Result<(), StoreError> {
    let folder = store.primary();
    delete(folder, &folder.at(path)).await
}
