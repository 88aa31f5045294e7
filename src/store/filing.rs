//! What is kept beside the tables: reports, and parts that no table names (quarantined rows, differing rows).
//!
//! Never in here: tables.

use super::Store;
use super::fault::StoreError;
use super::part::Part;
use super::staging::put;
use crate::data::Name;
use bytes::Bytes;

/// Where a run's report lies in the store of audience `security`; `ending` is `json`, or `html` for the page.
pub fn report_path(job: &Name, run: &str, ending: &str) -> String {
    format!("reports/{job}/{run}.{ending}")
}

/// Files a run's report at its [`report_path`].
pub async fn file_report(security: &Store, path: &str, report: Bytes) -> Result<(), StoreError> {
    let folder = security.primary();
    put(folder, &folder.at(path), report, "store.put.report").await
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
