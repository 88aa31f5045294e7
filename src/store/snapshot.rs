//! The files of a table at one of its versions, for whoever reads them elsewhere.

use super::delta::action::decode_path;
use super::delta::log::replay_to;
use super::fault::StoreError;
use crate::access::Folder;

/// A table at one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The version.
    pub version: u64,
    /// Its files, as paths under the table's folder, in the order of their names.
    pub files: Vec<String>,
}

/// The table in `table` at `version`, or at its newest.
pub async fn snapshot(table: &Folder, version: Option<u64>) -> Result<Snapshot, StoreError> {
    let state = replay_to(table, version).await?;
    let not_there = || {
        let what = version
            .map_or_else(|| "any version of the table".into(), |version| format!("version {version} of the table"));
        StoreError::NotThere { store: table.label().into(), what }
    };
    let found = state.version.filter(|found| version.is_none_or(|wanted| wanted == *found)).ok_or_else(not_there)?;
    let unread = || StoreError::ReadBack { dataset: table.label().into() };
    let files =
        state.files.values().map(|add| decode_path(&add.path).ok_or_else(unread)).collect::<Result<Vec<_>, _>>()?;
    Ok(Snapshot { version: found, files })
}
