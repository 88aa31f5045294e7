//! The report of one run. The JSON names are an API: `--json`, `report.json`, the ledger and other tools read them.

use crate::data::Period;
use crate::job::Severity;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// What one run did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunReport {
    /// Run id: a UUID v7, with `-<attempt>` where the platform counts attempts.
    pub run: String,
    /// Job.
    pub job: String,
    /// Environment.
    pub environment: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The process's exit code.
    pub exit_code: u8,
    /// Version of the binary.
    pub nightferry: &'static str,
    /// The days it was for.
    pub period: Period,
    /// When it began, UTC.
    #[serde(serialize_with = "seconds_utc")]
    pub started_at: DateTime<Utc>,
    /// Wall-clock seconds.
    pub seconds: f64,
    /// Why a period was published again (`--again`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub again: Option<String>,
    /// Runs whose publishing this run found half done and completed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub completed: Vec<String>,
    /// Each dataset, in the job's order.
    pub datasets: Vec<DatasetReport>,
    /// What went wrong, the deciding one first.
    pub problems: Vec<ProblemReport>,
    /// What it cost.
    pub cost: CostReport,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Everything is published, in both clouds where there are two.
    Published,
    /// The primary is published, the second cloud is behind.
    SecondPending,
    /// This period was published before.
    AlreadyPublished,
    /// A later period is published; this one would overwrite it.
    Superseded,
    /// `--dry-run`: everything but upload and commit.
    DryRun,
    /// The data was not fit to publish.
    Refused,
    /// The run could not do its work.
    Failed,
}

/// One dataset of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DatasetReport {
    /// Dataset.
    pub name: String,
    /// Rows the source gave.
    pub rows_read: u64,
    /// Rows in each store: `rows_read - rows_bad`.
    pub rows_written: u64,
    /// Rows set aside in quarantine.
    pub rows_bad: u64,
    /// Those rows, in the restricted store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quarantine_at: Option<String>,
    /// Columns at the source that nobody classified and that were left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<String>,
    /// The moment the extract shows.
    pub source: Option<SourceReport>,
    /// The comparison.
    pub reconciliation: ReconciliationReport,
    /// The author's checks.
    pub checks: Vec<CheckReport>,
    /// What each store got.
    pub stores: Vec<StoreReport>,
}

/// The moment an extract shows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SourceReport {
    /// When it was taken, UTC.
    #[serde(serialize_with = "seconds_utc")]
    pub extracted_at: DateTime<Utc>,
    /// PostgreSQL's snapshot, where it is known.
    pub snapshot: Option<String>,
    /// Of the topic: partition -> first and last position read.
    pub offsets: BTreeMap<String, (u64, u64)>,
}

/// What a comparison came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    /// Every row and column compared is the same.
    Match,
    /// Rows differ.
    Drift,
    /// It cannot be decided.
    Inconclusive,
    /// The comparison cannot be made: a duplicate or NULL key, an empty side.
    Error,
    /// The dataset has no `reconcile`.
    NotCompared,
}

/// How the extract's moment was found in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// By transaction id: exact.
    Txid,
    /// By the clocks of source and stream: a window.
    Window,
    /// There was nothing to compare.
    None,
}

/// A comparison in numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReconciliationReport {
    /// What it came to.
    pub verdict: Verdict,
    /// By which means.
    pub proof: Proof,
    /// In words, such as `1 row differs in amount_gbp`.
    pub phrase: String,
    /// Keys on both sides.
    pub compared: u64,
    /// Keys in the topic that the extract lacks.
    pub missing: u64,
    /// Keys in the extract that the topic lacks.
    pub extra: u64,
    /// Keys on both sides whose values differ.
    pub changed: u64,
    /// Columns that differ -> rows.
    pub changed_columns: BTreeMap<String, u64>,
    /// Rows that share a key with an earlier one.
    pub duplicates: u64,
    /// Rows with a NULL in the key.
    pub null_keys: u64,
    /// Cells the stream does not tell.
    pub unknown_cells: u64,
    /// Cells that differ within their tolerance.
    pub tolerated: u64,
    /// Columns that were not compared.
    pub not_compared: Vec<String>,
    /// The differing rows, in the restricted store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows_at: Option<String>,
}

impl ReconciliationReport {
    /// Of a dataset without `reconcile`.
    pub fn not_compared() -> Self {
        ReconciliationReport {
            verdict: Verdict::NotCompared,
            proof: Proof::None,
            phrase: "not compared".into(),
            compared: 0,
            missing: 0,
            extra: 0,
            changed: 0,
            changed_columns: BTreeMap::new(),
            duplicates: 0,
            null_keys: 0,
            unknown_cells: 0,
            tolerated: 0,
            not_compared: Vec::new(),
            rows_at: None,
        }
    }
}

/// What a check came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckReport {
    /// Its claim.
    pub name: String,
    /// Whether it holds.
    pub holds: bool,
    /// What its failure does.
    pub severity: Severity,
    /// Why it does not hold, when it is not simply false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What one store got of a dataset.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoreReport {
    /// Store.
    pub name: String,
    /// Who may see it.
    pub audience: String,
    /// How far it got.
    pub state: StoreState,
    /// The table's version, once committed.
    pub version: Option<u64>,
    /// Parts.
    pub files: u64,
    /// Bytes of the parts.
    pub bytes: u64,
    /// Columns of the schema, and what became of each.
    pub columns: Vec<ColumnReport>,
}

/// How far a store got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreState {
    /// Its new version is there for every reader.
    Published,
    /// Published in the primary; the second cloud is behind.
    SecondPending,
    /// Parts are there, unseen by readers.
    Staged,
    /// Nothing is there.
    Nothing,
}

/// What became of a column.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColumnReport {
    /// Column.
    pub name: String,
    /// How delicate it is.
    pub class: String,
    /// What was done to it.
    pub treatment: String,
    /// NULLs in what was written.
    pub nulls: u64,
    /// Cells that looked like personal data in what was written.
    pub findings: u64,
}

/// Something that went wrong.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProblemReport {
    /// Message id.
    pub id: String,
    /// Exit code it stands for.
    pub exit_code: u8,
    /// Whether a retry may cure it.
    pub retryable: bool,
    /// Dataset, where it is one's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// What was being done, such as `extract`.
    pub phase: String,
    /// What happened.
    pub message: String,
    /// What holds in spite of it.
    pub safe: String,
    /// What to do next.
    pub next: String,
}

/// The one line that says how something ended: id, where, what, what is safe, what next. For people and for machines.
impl fmt::Display for ProblemReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ProblemReport { id, retryable, dataset, phase, message, safe, next, .. } = self;
        write!(f, "{id}")?;
        if let Some(dataset) = dataset {
            write!(f, " dataset={dataset}")?;
        }
        write!(f, " phase={phase} what={message:?} safe={safe:?} retryable={retryable} next={next:?}")
    }
}

/// What a run cost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CostReport {
    /// USD, estimated.
    pub usd: f64,
    /// Which prices.
    pub basis: String,
}

fn seconds_utc<S: serde::Serializer>(moment: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&moment.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
}
