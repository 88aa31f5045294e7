//! The report of one run. The JSON names are an API: `--json`, `report.json`, the ledger and other tools read them.

use super::dataset::DatasetReport;
use super::numbers::counted;
use super::platform::{BatchReport, TaskReport};
use crate::data::Period;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
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
    /// Seconds of each stage of the walk: `open`, `decide`, `extract`, `judge`, `publish`. The stage it ended in is not told.
    pub seconds_by_stage: BTreeMap<&'static str, f64>,
    /// Who started it: `schedule`, `aws_batch:<job id>` or `user:<name>`.
    pub started_by: String,
    /// The job of AWS Batch that it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<BatchReport>,
    /// The task of Amazon ECS that it ran in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskReport>,
    /// Seconds of processor time, where the system tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_seconds: Option<f64>,
    /// The most memory at once, where the system tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_memory_bytes: Option<u64>,
    /// Why a period was published again (`--again`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub again: Option<String>,
    /// Runs whose publishing this run found half done and completed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub completed: Vec<String>,
    /// The page that shows all this in a browser, in the security store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_at: Option<String>,
    /// Each dataset, in the job's order.
    pub datasets: Vec<DatasetReport>,
    /// What went wrong, the deciding one first.
    pub problems: Vec<ProblemReport>,
    /// What it cost.
    pub cost: CostReport,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The runbook that says it at length: `deploy/runbooks/<this>-*.md`.
    pub runbook: &'static str,
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
    /// Seconds of a vCPU that are billed, for a task of the size that `basis` names.
    pub vcpu_seconds: f64,
    /// Seconds of a GB of memory, as well.
    pub gb_seconds: f64,
    /// Bytes that left AWS, by the store they went to.
    pub bytes_out: BTreeMap<String, u64>,
    /// Requests to each store, second cloud (`<store>.second`) and source that lies in a cloud, tries among them; without those that
    /// file this report.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub requests: BTreeMap<String, RequestsReport>,
}

/// Requests to one place.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RequestsReport {
    /// PUT, POST and COPY.
    pub puts: u64,
    /// Listings.
    pub lists: u64,
    /// GET and HEAD.
    pub gets: u64,
    /// Deletes, which cost nothing.
    pub deletes: u64,
    /// Bytes sent with them.
    pub bytes_sent: u64,
    /// USD, without what is paid for bytes.
    pub usd: f64,
}

impl CostReport {
    /// Requests in all.
    pub fn requests_all(&self) -> u64 {
        self.requests.values().map(|of| of.puts + of.lists + of.gets + of.deletes).sum()
    }

    /// What it comes to, in words: dollars, and requests where some were made.
    pub fn phrase(&self) -> String {
        let requests = match self.requests_all() {
            0 => String::new(),
            all => format!(", with {} to stores", counted(all, "request")),
        };
        format!("on Fargate (1 vCPU, 2 GB) about {:.4} USD{requests}", self.usd)
    }
}

/// A moment as the report writes it.
pub(super) fn seconds_utc<S: serde::Serializer>(moment: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&moment.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
}

/// The same of one that may not be.
pub(super) fn maybe_seconds_utc<S: serde::Serializer>(
    moment: &Option<DateTime<Utc>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match moment {
        Some(moment) => seconds_utc(moment, serializer),
        None => serializer.serialize_none(),
    }
}
