//! Parts on their way: uploaded to their last place, where no reader looks, until the job's verdict.
//!
//! `<store>/<dataset>/run=<run>/part-00000-<8 of sha256>.parquet`. The run's id is in every path, so two attempts never
//! share a folder, and nothing that a reader knows of names it before the commit. A store that lies outside and waits for
//! the verdict gets nothing yet: its parts wait in a local folder and are carried over by [`Staged::release`].
//!
//! Never in here: deciding. What is staged is published or discarded by somebody who knows the verdict.

use super::Store;
use super::absent::{get_written, name};
use super::fault::{StoreError, fault};
use super::listed::listed;
use super::part::{Part, PartColumn, sha256};
use crate::access::Folder;
use crate::data::scratch::Allowance;
use crate::data::{Name, Period};
use crate::failpoint;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use std::sync::Arc;

/// Objects deleted at once.
const DELETES_AT_ONCE: usize = 16;

/// Where parts wait that may not leave before the verdict: a local folder, and how much may lie there.
#[derive(Clone, Debug)]
pub struct WaitingRoom {
    folder: Folder,
    spill: Arc<Allowance>,
}

impl WaitingRoom {
    /// `folder`, in which what waits counts into `spill`.
    pub fn new(folder: Folder, spill: &Arc<Allowance>) -> Self {
        WaitingRoom { folder, spill: Arc::clone(spill) }
    }

    fn of(&self, store: &Store) -> Self {
        WaitingRoom { folder: self.folder.child(store.name().as_str()), spill: Arc::clone(&self.spill) }
    }
}

/// A table's parts of one run.
#[derive(Debug)]
pub struct Staging {
    store: Store,
    dataset: Name,
    run: String,
    waiting_room: Option<WaitingRoom>,
    schema: SchemaRef,
    parts: Vec<StagedPart>,
}

/// What waited here is deleted, or carried away and needed no more.
impl Drop for Staging {
    fn drop(&mut self) {
        if let Some(room) = &self.waiting_room {
            room.spill.give_back(self.parts.iter().map(|part| part.bytes).sum());
        }
    }
}

/// A part that is uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagedPart {
    /// Its path under the table's folder.
    pub path: String,
    /// Bytes.
    pub bytes: u64,
    /// Rows.
    pub rows: u64,
    /// SHA-256, hex.
    pub sha256: String,
    /// Its columns.
    pub columns: Vec<PartColumn>,
    /// The period whose rows it holds, where a table is written by periods.
    pub period: Option<Period>,
}

impl StagedPart {
    fn of(part: &Part, path: String, period: Option<Period>) -> Self {
        StagedPart {
            path,
            bytes: part.bytes().len() as u64,
            rows: part.rows(),
            sha256: part.sha256().to_owned(),
            columns: part.columns().to_vec(),
            period,
        }
    }
}

/// A table whose parts are all uploaded. There is one of it, and `publish` takes it: what may be published is never
/// discarded by mistake.
#[derive(Debug)]
pub struct Staged {
    staging: Staging,
}

impl Staging {
    /// Nothing staged yet, of `dataset` in `store` by run `run`. `waiting_room` is for a store that waits for the verdict;
    /// it holds treated rows only.
    pub fn new(store: &Store, dataset: &Name, run: &str, schema: &SchemaRef, waiting_room: &WaitingRoom) -> Self {
        let waiting_room = store.waits_for_verdict().then(|| waiting_room.of(store));
        Staging {
            store: store.clone(),
            dataset: dataset.clone(),
            run: run.to_owned(),
            waiting_room,
            schema: schema.clone(),
            parts: Vec::new(),
        }
    }

    /// Uploads `part` and asks the store how large it is there.
    pub async fn add(&mut self, part: &Part) -> Result<(), StoreError> {
        self.add_of(part, None).await
    }

    /// As [`Staging::add`], of rows of one period.
    pub async fn add_of(&mut self, part: &Part, period: Option<Period>) -> Result<(), StoreError> {
        if part.audience() != self.store.audience() || part.dataset() != &self.dataset {
            let (wants, got) = (self.store.audience(), part.audience());
            return Err(StoreError::Audience { store: self.store.name().to_string(), wants, got });
        }
        let path = format!("run={}/part-{:05}-{}.parquet", self.run, self.parts.len(), &part.sha256()[..8]);
        let folder = match &self.waiting_room {
            Some(room) if !room.spill.take(part.bytes().len() as u64) => return Err(StoreError::Spilled),
            Some(room) => &room.folder,
            None => self.store.primary(),
        };
        let key = folder.at(&format!("{}/{path}", self.dataset));
        put(folder, &key, part.bytes().clone(), "store.put.part").await?;
        self.parts.push(StagedPart::of(part, path, period));
        Ok(())
    }

    /// Every part is there.
    pub fn finish(self) -> Staged {
        Staged { staging: self }
    }

    /// Deletes what this run has staged of this table, wherever it waits.
    pub async fn discard(&self) -> Result<(), StoreError> {
        let folder = format!("{}/run={}", self.dataset, self.run);
        let waiting = self.waiting_room.iter().map(|room| &room.folder);
        for place in waiting.chain(std::iter::once(self.store.primary())) {
            delete_all(place, &folder).await?;
        }
        Ok(())
    }
}

impl Staged {
    /// The store.
    pub fn store(&self) -> &Store {
        &self.staging.store
    }

    /// The dataset: the table's folder.
    pub fn dataset(&self) -> &Name {
        &self.staging.dataset
    }

    /// The table's columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.staging.schema
    }

    /// The parts, in order.
    pub fn parts(&self) -> &[StagedPart] {
        &self.staging.parts
    }

    /// Rows of all parts.
    pub fn rows(&self) -> u64 {
        self.parts().iter().map(|part| part.rows).sum()
    }

    /// Bytes of all parts.
    pub fn bytes(&self) -> u64 {
        self.parts().iter().map(|part| part.bytes).sum()
    }

    /// After the verdict: carries waiting parts to the primary, checking each. Doing it twice does no harm.
    pub(super) async fn release(&self) -> Result<(), StoreError> {
        let Some(waiting_room) = self.staging.waiting_room.as_ref().map(|room| &room.folder) else { return Ok(()) };
        for part in self.parts() {
            let relative = format!("{}/{}", self.dataset(), part.path);
            let from = waiting_room.at(&relative);
            copy(waiting_room, &from, self.store().primary(), &relative, &part.sha256, "store.put.part").await?;
        }
        Ok(())
    }

    /// As [`Staging::discard`]: the verdict was against it, or another run came first.
    pub async fn discard(&self) -> Result<(), StoreError> {
        self.staging.discard().await
    }
}

/// Copies `from` to `relative` of `target` when its SHA-256 is `expected`.
pub(super) async fn copy(
    source: &Folder,
    from: &Path,
    target: &Folder,
    relative: &str,
    expected: &str,
    call: &'static str,
) -> Result<(), StoreError> {
    let is_it = |bytes: &Bytes| sha256(bytes) == expected;
    let Some(bytes) = get_written(source, from, "its SHA-256 is another", is_it).await? else {
        return Err(StoreError::NotThere { store: source.label().to_owned(), what: name(source, from) });
    };
    put(target, &target.at(relative), bytes, call).await
}

/// Writes the only part that run `run` has for a table, where no log names it yet.
pub(super) async fn put_alone(
    table: &Folder,
    run: &str,
    part: &Part,
    call: &'static str,
) -> Result<StagedPart, StoreError> {
    let path = format!("run={run}/part-00000-{}.parquet", &part.sha256()[..8]);
    put(table, &table.at(&path), part.bytes().clone(), call).await?;
    Ok(StagedPart::of(part, path, None))
}

/// Writes an object whose name is its own (no other writer uses it), and asks the store how large it is there.
pub(super) async fn put(folder: &Folder, key: &Path, bytes: Bytes, call: &'static str) -> Result<(), StoreError> {
    let size = bytes.len() as u64;
    let written = failpoint::around(call, folder.store().put(key, PutPayload::from_bytes(bytes))).await;
    written.map_err(|error| match fault(folder, "writing an object", "the bucket or container", error) {
        StoreError::NotExclusive { store } => StoreError::Away { store, during: "writing an object", code: None },
        other => other,
    })?;
    match head(folder, key).await? {
        Some(found) if found == size => Ok(()),
        _ => {
            let (store, object) = (folder.label().to_owned(), name(folder, key));
            Err(StoreError::Checksum { store, object, fault: "its size there is another" })
        }
    }
}

/// Size of an object, or `None` when it is not there.
pub(super) async fn head(folder: &Folder, key: &Path) -> Result<Option<u64>, StoreError> {
    let found = failpoint::around("store.head", folder.store().head(key)).await;
    match found {
        Ok(meta) => Ok(Some(meta.size)),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(fault(folder, "asking for an object's size", &name(folder, key), error)),
    }
}

async fn delete_all(folder: &Folder, relative: &str) -> Result<(), StoreError> {
    let prefix = folder.at(relative);
    let found = listed(folder, &prefix, None, "deleting what was staged").await?;
    let deletions = futures::stream::iter(found).map(|meta| async move { delete(folder, &meta.location).await });
    deletions.buffer_unordered(DELETES_AT_ONCE).try_collect::<()>().await
}

/// Deletes an object, or finds that it is gone.
pub(super) async fn delete(folder: &Folder, key: &Path) -> Result<(), StoreError> {
    let deleted = failpoint::around("store.delete", folder.store().delete(key)).await;
    match deleted {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(fault(folder, "deleting an object", &name(folder, key), error)),
    }
}
