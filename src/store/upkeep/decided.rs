//! What the records of the jobs decided of one table, by which the two clouds are told apart where they differ.
//!
//! Never in here: the clouds.

use super::history::Entry;
use crate::data::Name;
use crate::store::fault::StoreError;
use crate::store::ledger;
use crate::store::part::sha256;
use crate::store::{RUNS, Store};
use std::collections::{BTreeMap, BTreeSet};

/// What the records decided.
#[derive(Debug, Default)]
pub(super) struct Decided {
    /// Version and SHA-256 of an entry -> the epoch in which it was decided.
    entries: BTreeMap<(u64, String), u64>,
    /// Runs that have a record: what they add to `nightferry_runs` is in none.
    runs: BTreeMap<String, Run>,
    is_runs: bool,
}

/// What a run decided of the store.
#[derive(Debug, Default)]
struct Run {
    epoch: u64,
    /// Table and manifest of each commit.
    manifests: Vec<(String, String)>,
}

impl Decided {
    /// Asks the records of every job that one of `entries` is of.
    pub(super) async fn of<'a>(
        store: &Store,
        security: &Store,
        dataset: &str,
        entries: impl Iterator<Item = &'a Entry>,
    ) -> Result<Self, StoreError> {
        let jobs: BTreeSet<Name> = entries.filter_map(|entry| Name::new(entry.info("nightferry.job")?).ok()).collect();
        let mut decided = Decided { is_runs: dataset == RUNS, ..Decided::default() };
        for job in jobs {
            ledger::each(security, &job, |record| {
                let of_store = record.tables.iter().filter(|table| table.store == *store.name());
                for table in of_store {
                    let run = decided.runs.entry(record.run.clone()).or_default();
                    run.epoch = run.epoch.max(table.epoch);
                    run.manifests.push((table.dataset.to_string(), table.manifest.path.clone()));
                    if table.dataset.as_str() == dataset {
                        decided.entries.insert((table.version, sha256(table.entry.as_bytes())), table.epoch);
                    }
                }
            })
            .await?;
        }
        Ok(decided)
    }

    /// The epoch in which this entry was decided as it is; `None` where no record knows it.
    pub(super) fn epoch(&self, entry: &Entry) -> Option<u64> {
        if self.is_runs {
            return self.run(entry).map(|run| run.epoch);
        }
        self.entries.get(&(entry.version, sha256(&entry.text))).copied()
    }

    /// Table and manifest of every commit that came before this entry, or with it: where all are, so is the night.
    pub(super) fn manifests(&self, dataset: &str, entry: &Entry) -> Vec<(String, String)> {
        match self.is_runs {
            true => self.run(entry).map(|run| run.manifests.clone()).unwrap_or_default(),
            false => entry.manifest().map(|(path, _)| (dataset.to_owned(), path.to_owned())).into_iter().collect(),
        }
    }

    fn run(&self, entry: &Entry) -> Option<&Run> {
        self.runs.get(entry.info("nightferry.run")?)
    }
}
