//! A run's report, read again. The reports in the security store are the ledger: there is no second one that could differ.
//!
//! Fields that an older version did not write have a value that says so.

use crate::data::Period;
use crate::report::Outcome;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A run, as its report tells it.
#[derive(Clone, Debug, Deserialize)]
pub struct LedgerRun {
    /// Its id.
    pub run: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The process's exit code.
    pub exit_code: u8,
    /// The days it was for.
    pub period: Period,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// Wall-clock seconds.
    pub seconds: f64,
    /// Seconds of each stage.
    #[serde(default)]
    pub seconds_by_stage: BTreeMap<String, f64>,
    /// Who started it.
    #[serde(default)]
    pub started_by: String,
    /// Seconds of processor time.
    #[serde(default)]
    pub cpu_seconds: Option<f64>,
    /// The most memory at once.
    #[serde(default)]
    pub peak_memory_bytes: Option<u64>,
    /// Its page in the security store.
    #[serde(default)]
    pub page_at: Option<String>,
    /// Its datasets.
    #[serde(default)]
    pub datasets: Vec<LedgerDataset>,
    /// What went wrong, the deciding one first.
    #[serde(default)]
    pub problems: Vec<LedgerProblem>,
    /// What it cost.
    pub cost: LedgerCost,
}

/// What went wrong.
#[derive(Clone, Debug, Deserialize)]
pub struct LedgerProblem {
    /// Message id.
    pub id: String,
    /// Dataset, where it is one's.
    #[serde(default)]
    pub dataset: Option<String>,
    /// What happened.
    pub message: String,
    /// What holds in spite of it.
    pub safe: String,
    /// What to do next.
    pub next: String,
}

/// What it cost.
#[derive(Clone, Debug, Deserialize)]
pub struct LedgerCost {
    /// USD, estimated.
    pub usd: f64,
}

/// A dataset of a run.
#[derive(Clone, Debug, Deserialize)]
pub struct LedgerDataset {
    /// Its name.
    pub name: String,
    /// Rows the source gave.
    pub rows_read: u64,
    /// Rows in each store.
    pub rows_written: u64,
    /// Rows set aside.
    pub rows_bad: u64,
    /// The comparison.
    pub reconciliation: LedgerComparison,
    /// What each store got.
    #[serde(default)]
    pub stores: Vec<LedgerStore>,
}

/// A comparison.
#[derive(Clone, Debug, Deserialize)]
pub struct LedgerComparison {
    /// Its word, such as `MATCH`.
    pub verdict: String,
    /// Keys that differ.
    #[serde(default)]
    pub changed: u64,
    /// Keys that the extract lacks.
    #[serde(default)]
    pub missing: u64,
    /// Keys that the topic lacks.
    #[serde(default)]
    pub extra: u64,
}

/// What a store got.
#[derive(Clone, Debug, Deserialize)]
pub struct LedgerStore {
    /// The store.
    pub name: String,
    /// How far it came: `published`, `second_pending` ..
    pub state: String,
    /// The table's version.
    #[serde(default)]
    pub version: Option<u64>,
    /// Bytes of its files.
    #[serde(default)]
    pub bytes: u64,
    /// Its columns.
    #[serde(default)]
    pub columns: Vec<LedgerColumn>,
}

/// A column of what a store got.
#[derive(Clone, Debug, Deserialize)]
pub struct LedgerColumn {
    /// What looked like personal data and was not declared.
    #[serde(default)]
    pub findings: u64,
}

impl LedgerRun {
    /// Reads a report; `None` of a text that is none.
    pub fn parse(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok()
    }

    /// When it was over.
    pub fn ended_at(&self) -> DateTime<Utc> {
        self.started_at + TimeDelta::milliseconds((self.seconds * 1000.0) as i64)
    }

    /// Whether its night is published now, by it or before it.
    pub fn is_good(&self) -> bool {
        matches!(
            self.outcome,
            Outcome::Published | Outcome::SecondPending | Outcome::AlreadyPublished | Outcome::Superseded
        )
    }
}
