//! The rows of each dataset, night by night, and what there is to tell of the last. Pure.

use super::band::{Alarm, Counted, alarms};
use super::ledger::LedgerRun;
use std::collections::BTreeMap;

/// A dataset's nights, oldest first: rows, and keys that differ.
pub type Series = Vec<(Counted, u64)>;

/// The rows of each of `names`, of the last run of each day that published, with the keys that differ. A dataset without a night is left out.
pub fn series(names: impl Iterator<Item = String>, runs: &[LedgerRun]) -> Vec<(String, Series)> {
    let of = |name: &str| {
        let mut nights = BTreeMap::new();
        for run in runs.iter().filter(|run| run.is_good()) {
            for dataset in run.datasets.iter().filter(|dataset| dataset.name == name) {
                nights.insert(run.period.to, (dataset.rows_written, dataset.drift()));
            }
        }
        nights.into_iter().map(|(day, (rows, drift))| (Counted { day, rows }, drift)).collect()
    };
    names.map(|name| (name.clone(), of(&name))).filter(|(_, nights): &(_, Series)| !nights.is_empty()).collect()
}

/// What there is to tell of the last of `nights`.
pub fn last_alarm(nights: &[(Counted, u64)]) -> Option<Alarm> {
    let nights: Vec<Counted> = nights.iter().map(|(night, _)| *night).collect();
    alarms(&nights).pop().filter(|alarm| Some(&alarm.night) == nights.last())
}
