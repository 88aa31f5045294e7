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
    runs: BTreeSet<String>,
    is_runs: bool,
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
                    decided.runs.insert(record.run.clone());
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
            return entry.info("nightferry.run").filter(|run| self.runs.contains(*run)).map(|_| 0);
        }
        self.entries.get(&(entry.version, sha256(&entry.text))).copied()
    }
}
