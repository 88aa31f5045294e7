//! Which entries and checkpoints a log has, from one of them on.
//!
//! A log grows until `table gc` shortens it, and is never listed as a whole by a night: names are in the order of versions, so that S3 and Azure begin
//! where they are told to. Never in here: what the objects say.

use super::checkpoint::checkpoint_of;
use super::log::entry_path;
use crate::access::Folder;
use crate::store::fault::StoreError;
use crate::store::listed::listed;

/// What a log has, each in order, whatever is missing between.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Versions that have an entry.
    pub versions: Vec<u64>,
    /// Versions that have a checkpoint.
    pub checkpoints: Vec<u64>,
}

/// What there is of version `from` and of every later one; of all of them where there is none to begin at.
pub async fn list_from(table: &Folder, from: Option<u64>) -> Result<Listing, StoreError> {
    let prefix = table.at("_delta_log");
    // `.checkpoint.parquet` of the next one comes after `.json` of this one, whatever lies between.
    let before = from.and_then(|from| from.checked_sub(1)).map(|before| table.at(&entry_path(before)));
    let listed = listed(table, &prefix, before.as_ref(), "listing a log").await?;
    let mut found = Listing::default();
    for path in listed.iter().filter_map(|meta| table.relative(&meta.location)) {
        found.versions.extend(version_of(&path));
        found.checkpoints.extend(checkpoint_of(&path));
    }
    found.versions.sort_unstable();
    found.checkpoints.sort_unstable();
    Ok(found)
}

/// The version whose entry lies at `path` under the table's folder.
pub fn version_of(path: &str) -> Option<u64> {
    let digits = path.strip_prefix("_delta_log/")?.strip_suffix(".json")?;
    (digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok())?
}
