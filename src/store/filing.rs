//! What is kept beside the tables: reports, and parts that no table names (quarantined rows, differing rows).
//!
//! Never in here: tables.

use super::Store;
use super::fault::StoreError;
use super::part::Part;
use super::staging::put;
use crate::data::Name;
use bytes::Bytes;

/// Files a run's report: `reports/<job>/<run>.json` in the store of audience `security`. Gives back its path there.
pub async fn file_report(security: &Store, job: &Name, run: &str, report: Bytes) -> Result<String, StoreError> {
    let path = format!("reports/{job}/{run}.json");
    let folder = security.primary();
    put(folder, &folder.at(&path), report, "store.put.report").await?;
    Ok(path)
}

/// Files a part that no table names: `<shelf>/<dataset>/run=<run>/part-<number>-<8 of sha256>.parquet`, such as shelf
/// `quarantine` of the store of audience `restricted`. Gives back its path there.
pub async fn file_part(store: &Store, shelf: &Name, run: &str, number: u32, part: &Part) -> Result<String, StoreError> {
    if part.audience() != store.audience() {
        let (wants, got) = (store.audience(), part.audience());
        return Err(StoreError::Audience { store: store.name().to_string(), wants, got });
    }
    let path = format!("{shelf}/{}/run={run}/part-{number:05}-{}.parquet", part.dataset(), &part.sha256()[..8]);
    let folder = store.primary();
    put(folder, &folder.at(&path), part.bytes().clone(), "store.put.filed").await?;
    Ok(path)
}
