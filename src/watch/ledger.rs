//! A run's report, read again. The reports in the security store are the ledger: there is no second one that could differ.
//!
//! Fields that an older version did not write have a value that says so.

use crate::data::Period;
use crate::problem::is_unseen;
use crate::report::{BatchReport, Outcome, TaskReport};
use chrono::{DateTime, Datelike, TimeDelta, Utc};
use serde::Deserialize;
use std::collections::BTreeMap;

/// No run takes as long: four months.
const SECONDS_MAX: f64 = 1e7;
/// No run costs as many dollars, or seconds of processor.
const AMOUNT_MAX: f64 = 1e9;
/// No count is as high; those below are the same in every reader of JSON.
const COUNT_MAX: u64 = 1 << 53;

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
    /// The job of AWS Batch that it was.
    #[serde(default)]
    pub batch: Option<BatchReport>,
    /// The task of Amazon ECS that it ran in.
    #[serde(default)]
    pub task: Option<TaskReport>,
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
    /// Requests to each place in a cloud.
    #[serde(default)]
    pub requests: BTreeMap<String, LedgerRequests>,
    /// Bytes that left AWS, by store.
    #[serde(default)]
    pub bytes_out: BTreeMap<String, u64>,
}

/// Requests to one place.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct LedgerRequests {
    /// Those that write.
    pub puts: u64,
    /// Listings.
    pub lists: u64,
    /// Those that read.
    pub gets: u64,
    /// Deletes.
    #[serde(default)]
    pub deletes: u64,
}

impl LedgerCost {
    /// Requests in all.
    pub fn requests_all(&self) -> u64 {
        let all = self.requests.values().flat_map(|of| [of.puts, of.lists, of.gets, of.deletes]);
        all.fold(0, u64::saturating_add)
    }

    fn counts(&self) -> impl Iterator<Item = u64> {
        self.bytes_out.values().copied().chain([self.requests_all()])
    }
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
    /// Reads a report; `None` of a text that is none, or that holds what no run of ours can have written: it may be damaged, and who
    /// reckons with it must not fail. Control characters of its words are shown as `\u{fffd}`.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let mut run: Self = serde_json::from_slice(text).ok()?;
        run.words().for_each(plain);
        Some(run).filter(Self::is_sane)
    }

    /// When it was over.
    pub fn ended_at(&self) -> DateTime<Utc> {
        let took = TimeDelta::milliseconds((self.seconds * 1000.0) as i64);
        self.started_at.checked_add_signed(took).unwrap_or(self.started_at)
    }

    fn is_sane(&self) -> bool {
        let is_year = |year: i32| (2000..=2100).contains(&year);
        let Period { from, to } = self.period;
        let seconds =
            self.seconds_by_stage.values().chain([&self.seconds]).all(|seconds| is_within(*seconds, SECONDS_MAX));
        let vcpu = self.task.as_ref().and_then(|task| task.vcpu).unwrap_or(0.0);
        let amounts = [self.cost.usd, self.cpu_seconds.unwrap_or(0.0), vcpu];
        let amounts = amounts.into_iter().all(|of| is_within(of, AMOUNT_MAX));
        let counts = self.datasets.iter().flat_map(LedgerDataset::counts).chain(self.peak_memory_bytes);
        let counts = counts.chain(self.cost.counts()).chain(self.task.as_ref().and_then(|task| task.memory_mib));
        is_year(self.started_at.year())
            && is_year(from.year())
            && is_year(to.year())
            && from <= to
            && seconds
            && amounts
            && counts.into_iter().all(|count| count < COUNT_MAX)
    }

    /// Every text of it.
    fn words(&mut self) -> impl Iterator<Item = &mut String> {
        let problems = self.problems.iter_mut().flat_map(|problem| {
            let LedgerProblem { id, dataset, message, safe, next } = problem;
            [id, message, safe, next].into_iter().chain(dataset)
        });
        let datasets = self.datasets.iter_mut().flat_map(|dataset| {
            let stores = dataset.stores.iter_mut().flat_map(|store| [&mut store.name, &mut store.state]);
            [&mut dataset.name, &mut dataset.reconciliation.verdict].into_iter().chain(stores)
        });
        let platform = self.batch.iter_mut().flat_map(BatchReport::words);
        let platform = platform.chain(self.task.iter_mut().flat_map(TaskReport::words));
        let own = [&mut self.run, &mut self.started_by].into_iter().chain(&mut self.page_at);
        own.chain(platform).chain(problems).chain(datasets)
    }

    /// Whether its night is published now, by it or before it.
    pub fn is_good(&self) -> bool {
        matches!(
            self.outcome,
            Outcome::Published | Outcome::SecondPending | Outcome::AlreadyPublished | Outcome::Superseded
        )
    }
}

impl LedgerDataset {
    /// Keys that differ.
    pub fn drift(&self) -> u64 {
        let LedgerComparison { changed, missing, extra, .. } = self.reconciliation;
        changed.saturating_add(missing).saturating_add(extra)
    }

    fn counts(&self) -> Vec<u64> {
        let LedgerComparison { changed, missing, extra, .. } = self.reconciliation;
        let mut counts = vec![self.rows_read, self.rows_written, self.rows_bad, changed, missing, extra];
        for store in &self.stores {
            counts.extend([store.version.unwrap_or(0), store.bytes]);
            counts.extend(store.columns.iter().map(|column| column.findings));
        }
        counts
    }
}

fn is_within(of: f64, most: f64) -> bool {
    (0.0..most).contains(&of)
}

/// What would move a terminal's cursor, or turn the direction of what is read.
fn plain(text: &mut String) {
    if text.contains(is_unseen) {
        *text = text.replace(is_unseen, "\u{fffd}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn parsed(change: impl FnOnce(&mut Value)) -> Option<LedgerRun> {
        let mut report = json!({
            "run": "0193", "outcome": "published", "exit_code": 0,
            "period": { "from": "2026-11-22", "to": "2026-11-22" },
            "started_at": "2026-11-23T02:30:00Z", "seconds": 600.5,
            "batch": { "job": "3f0c:4", "attempt": 2, "array_index": 4, "array_size": 31 },
            "task": { "id": "9c1e", "vcpu": 1.0, "memory_mib": 2048, "log_group": "nightferry", "log_stream": "run/9c1e" },
            "cost": { "usd": 0.01, "requests": { "warehouse": { "puts": 1, "lists": 2, "gets": 3 } }, "bytes_out": { "warehouse": 4 } },
            "datasets": [{
                "name": "invoice", "rows_read": 10, "rows_written": 10, "rows_bad": 0,
                "reconciliation": { "verdict": "MATCH", "changed": 1, "missing": 2, "extra": 3 },
                "stores": [{ "name": "warehouse", "state": "published", "version": 4, "bytes": 5, "columns": [{ "findings": 0 }] }],
            }],
        });
        change(&mut report);
        LedgerRun::parse(report.to_string().as_bytes())
    }

    #[test]
    fn passes_over_a_report_that_no_run_can_have_written() {
        let sound = parsed(|_| {}).expect("a report");
        assert_eq!(
            (sound.ended_at().to_rfc3339(), sound.datasets[0].drift(), sound.cost.requests_all()),
            ("2026-11-23T02:40:00.500+00:00".into(), 6, 6)
        );
        for (pointer, value) in [
            ("/started_at", json!("-262143-01-01T00:00:00Z")),
            ("/started_at", json!("+262142-12-31T23:59:59Z")),
            ("/started_at", json!("1999-12-31T23:59:59Z")),
            ("/period/to", json!("9999-12-31")),
            ("/period/to", json!("2026-11-21")),
            ("/period/from", json!("-200000-01-01")),
            ("/seconds", json!(1e300)),
            ("/seconds", json!(-1.0)),
            ("/cost/usd", json!(1e308)),
            ("/datasets/0/rows_written", json!(u64::MAX)),
            ("/datasets/0/rows_read", json!(1u64 << 53)),
            ("/datasets/0/reconciliation/changed", json!(u64::MAX)),
            ("/datasets/0/reconciliation/extra", json!(u64::MAX)),
            ("/datasets/0/stores/0/bytes", json!(u64::MAX)),
            ("/cost/requests/warehouse/gets", json!(u64::MAX)),
            ("/cost/bytes_out/warehouse", json!(1u64 << 53)),
            ("/datasets/0/stores/0/columns/0/findings", json!(u64::MAX)),
            ("/task/vcpu", json!(-1.0)),
            ("/task/memory_mib", json!(u64::MAX)),
            ("/batch/array_index", json!(-1)),
        ] {
            let told = format!("{pointer} {value}");
            let run = parsed(|report| *report.pointer_mut(pointer).expect("a field") = value);
            assert!(run.is_none(), "{told}");
        }
    }

    #[test]
    fn keeps_control_characters_from_whoever_shows_it() {
        let run = parsed(|report| {
            report["started_by"] = json!("user:\u{1b}[2Jx\u{9b}31m");
            report["batch"]["job"] = json!("a\u{7}");
            report["task"]["log_stream"] = json!("b\r");
            report["datasets"][0]["name"] = json!("in\u{202e}voice\r");
            report["problems"] = json!([{ "id": "E\u{7}", "message": "a\nb", "safe": "", "next": "" }]);
        });
        let run = run.expect("a report");
        assert_eq!(run.started_by, "user:\u{fffd}[2Jx\u{fffd}31m");
        assert_eq!((&*run.datasets[0].name, &*run.problems[0].id), ("in\u{fffd}voice\u{fffd}", "E\u{fffd}"));
        assert_eq!(run.problems[0].message, "a\u{fffd}b");
        let platform = (run.batch.expect("a job").job, run.task.expect("a task").log());
        assert_eq!(platform, ("a\u{fffd}".into(), Some("nightferry b\u{fffd}".into())));
    }
}
