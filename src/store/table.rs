//! A table as it is published: its files, to be read again where changes are merged into it.
//!
//! Never in here: what is read out of them (`format`, `privacy`), and any write.

use super::Store;
use super::absent::get_written;
use super::delta::action::{Add, decode_path};
use super::delta::layout;
use super::delta::log::{TableState, replay_to};
use super::fault::StoreError;
use super::owner::Owner;
use super::part::sha256;
use crate::access::Folder;
use crate::data::Name;
use bytes::Bytes;
use chrono::{DateTime, Utc};

/// A table as its log says it is now.
#[derive(Debug)]
pub struct Table {
    folder: Folder,
    dataset: Name,
    state: TableState,
    files: Vec<Add>,
}

impl Table {
    /// The table of `dataset` in `store`, which must be this job's of this environment, or not there yet.
    pub async fn open(store: &Store, dataset: &Name, stamp: &str, job: &Name) -> Result<Self, StoreError> {
        Self::open_at(store, dataset, stamp, job, None).await
    }

    /// The same as it was at `version`, or at its last version before, where there is none of that number.
    pub async fn open_at(
        store: &Store,
        dataset: &Name,
        stamp: &str,
        job: &Name,
        version: Option<u64>,
    ) -> Result<Self, StoreError> {
        let folder = store.primary().child(dataset.as_str());
        let state = replay_to(&folder, version).await?;
        Owner { stamp, job: job.as_str() }.check(&folder, dataset.as_str(), &state)?;
        let files = state.files.values().cloned().collect();
        Ok(Table { folder, dataset: dataset.clone(), state, files })
    }

    /// The dataset.
    pub(super) fn dataset(&self) -> &Name {
        &self.dataset
    }

    /// What its log says.
    pub(super) fn state(&self) -> &TableState {
        &self.state
    }

    /// Its version; `None` when it is not there yet.
    pub fn version(&self) -> Option<u64> {
        self.state.version
    }

    /// The moment up to which the source's changes are in it; `None` when its last commit was of another kind.
    pub fn merged_to(&self) -> Option<DateTime<Utc>> {
        self.state.merged_to
    }

    /// Its columns with type and treatment, as the commit that made them wrote it.
    pub fn columns(&self) -> Option<&str> {
        self.state.property(layout::COLUMNS)
    }

    /// How many files it has.
    pub fn files(&self) -> usize {
        self.files.len()
    }

    /// The bytes of a file, as its log has them.
    pub fn bytes(&self, file: usize) -> u64 {
        self.files.get(file).map_or(0, |file| file.size)
    }

    /// The path of a file, as its log has it.
    pub fn path(&self, file: usize) -> Option<&str> {
        self.files.get(file).map(|file| file.path.as_str())
    }

    /// The bytes of a file, when they are what was written: its size is the log's, and its name has eight digits of its hash.
    pub async fn read(&self, file: usize) -> Result<Bytes, StoreError> {
        let vanished = || vanished(&self.folder, self.dataset.as_str());
        let add = self.files.get(file).ok_or_else(vanished)?;
        read_part(&self.folder, self.dataset.as_str(), add).await
    }
}

fn vanished(folder: &Folder, dataset: &str) -> StoreError {
    StoreError::NotThere { store: folder.label().to_owned(), what: format!("a file of table `{dataset}`") }
}

/// The bytes of a part of the table `dataset` in `folder`, when they are what was written: its size is the log's, and its name has
/// eight digits of its hash.
pub(super) async fn read_part(folder: &Folder, dataset: &str, add: &Add) -> Result<Bytes, StoreError> {
    let vanished = || vanished(folder, dataset);
    let path = decode_path(&add.path).ok_or_else(vanished)?;
    let key = folder.at(&path);
    let digits = path.rsplit(['-', '/']).next().and_then(|end| end.strip_suffix(".parquet"));
    let is_it = |bytes: &Bytes| {
        let is_of = digits.is_some_and(|digits| digits.len() == 8 && sha256(bytes).starts_with(digits));
        is_of && bytes.len() as u64 == add.size
    };
    get_written(folder, &key, "its size or SHA-256 is another", is_it).await?.ok_or_else(vanished)
}
