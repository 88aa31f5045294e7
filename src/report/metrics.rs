//! What a run, or the nights of a job, come to in numbers that machines gather: lines of CloudWatch's embedded metric format, or an
//! OpenMetrics text.
//!
//! Dimensions are `dataset` and `environment` alone, since each pair of theirs is paid for; what is of a job as a whole has `<job>.all` in the
//! place of a dataset, which no dataset is called.
//!
//! Sources: AWS, "Embedded metric format specification"; OpenMetrics 1.0.0.
//!
//! Pure. Never in here: a value of the data, and ids of runs as dimensions or labels: each would be a series of its own.

use super::nights::NightsReport;
use super::run::RunReport;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Bytes of a line, at most: more is not taken by all of CloudWatch.
pub const LINE_BYTES_MAX: usize = 256 << 10;
/// Metrics of a line, at most.
const METRICS_MAX: usize = 100;
const NAMESPACE: &str = "nightferry";

/// A kind of number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// Its name, with its unit last, without our own before it.
    name: &'static str,
    /// What it says.
    help: &'static str,
    /// What it counts.
    unit: Unit,
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unit {
    Seconds,
    Bytes,
    Ratio,
    Count,
    PerSecond,
    Usd,
}

impl Unit {
    /// CloudWatch's word.
    fn cloudwatch(self) -> &'static str {
        match self {
            Unit::Seconds => "Seconds",
            Unit::Bytes => "Bytes",
            Unit::Count => "Count",
            Unit::PerSecond => "Count/Second",
            Unit::Ratio | Unit::Usd => "None",
        }
    }

    /// OpenMetrics' word, with which the name ends.
    fn openmetrics(self) -> Option<&'static str> {
        match self {
            Unit::Seconds => Some("seconds"),
            Unit::Bytes => Some("bytes"),
            Unit::Ratio => Some("ratio"),
            Unit::Count | Unit::PerSecond | Unit::Usd => None,
        }
    }
}

pub(super) const fn kind(name: &'static str, unit: Unit, help: &'static str) -> Kind {
    Kind { name, help, unit }
}

const RUN: Kind = kind("run_seconds", Unit::Seconds, "How long the run took.");
const STAGES: [(&str, Kind); 5] = [
    ("open", kind("open_seconds", Unit::Seconds, "How long sources and stores took to open.")),
    ("decide", kind("decide_seconds", Unit::Seconds, "How long it took to know what is published.")),
    ("extract", kind("extract_seconds", Unit::Seconds, "How long reading, treating and staging took.")),
    ("judge", kind("judge_seconds", Unit::Seconds, "How long comparing and checking took.")),
    ("publish", kind("publish_seconds", Unit::Seconds, "How long publishing took.")),
];
pub(super) const FAILED: Kind = kind("failed", Unit::Count, "1 where the run did not end with 0.");
const READ: Kind = kind("rows_read", Unit::Count, "Rows that the source gave.");
const WRITTEN: Kind = kind("rows_written", Unit::Count, "Rows in the store that gets most.");
const BAD: Kind = kind("rows_bad", Unit::Count, "Rows set aside.");
const DIFFERING: Kind = kind("keys_differing", Unit::Count, "Keys that differ from the topic.");
const FINDINGS: Kind = kind("findings", Unit::Count, "What looked like personal data in what was written.");
const WRITTEN_BYTES: Kind = kind("written_bytes", Unit::Bytes, "Bytes of the files that stores got.");
const PER_SECOND: Kind =
    kind("rows_per_second", Unit::PerSecond, "Rows read for each second of reading, treating and staging.");
const CPU: Kind = kind("cpu_seconds", Unit::Seconds, "Processor time.");
const MEMORY: Kind = kind("memory_peak_bytes", Unit::Bytes, "The most memory at once.");
const COST: Kind = kind("cost_usd", Unit::Usd, "What it cost, estimated.");
const REQUESTS: Kind = kind("requests", Unit::Count, "Requests to stores and sources in a cloud, tries among them.");
const OUT: Kind = kind("out_bytes", Unit::Bytes, "Bytes that left AWS.");
const DUE: Kind = kind("nights_due", Unit::Count, "Nights of the last 90 days whose deadline is past.");
const IN_TIME: Kind = kind("nights_in_time", Unit::Count, "Those of them that were published by it.");
const AVAILABILITY: Kind = kind("availability_ratio", Unit::Ratio, "The part of nights that were in time.");
const AVAILABILITY_LOW: Kind =
    kind("availability_low_ratio", Unit::Ratio, "Where that part begins in truth, with 95 %.");
const AVAILABILITY_HIGH: Kind =
    kind("availability_high_ratio", Unit::Ratio, "Where that part ends in truth, with 95 %.");
const INCIDENTS: Kind = kind("incidents", Unit::Count, "Times that nights failed or were late, until a good one.");
const MTTR: Kind = kind("mean_time_to_repair_seconds", Unit::Seconds, "How long such a time lasted, on average.");
const MTBF: Kind =
    kind("mean_time_between_failures_seconds", Unit::Seconds, "From one such time to the next, on average.");
const MISSED: Kind = kind("nights_missed", Unit::Count, "Days that were due and are neither published nor made good.");
const ALARMS: Kind = kind("rows_unusual", Unit::Count, "Datasets whose last night has unusually few or many rows.");
const NEEDS: Kind = kind("needs_somebody", Unit::Count, "1 where a person has something to do.");

/// Numbers of one dataset, or of a job as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    pub(super) at: DateTime<Utc>,
    pub(super) environment: String,
    pub(super) dataset: String,
    pub(super) numbers: Vec<(Kind, f64)>,
    /// What a line says besides, in words.
    pub(super) facts: Vec<(&'static str, Value)>,
}

/// What a run comes to.
pub fn run_metrics(report: &RunReport) -> Vec<Measured> {
    let took = chrono::TimeDelta::milliseconds((report.seconds * 1000.0) as i64);
    let at = report.started_at + took;
    let facts = || {
        vec![
            ("event_code", json!(report.problems.first().map_or("run", |problem| problem.id.as_str()))),
            ("severity", json!(if report.exit_code == 0 { "Informational" } else { "High" })),
            ("time_generated", json!(at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))),
            ("job", json!(report.job)),
            ("run", json!(report.run)),
            ("period_to", json!(report.period.to)),
            ("outcome", json!(report.outcome)),
            ("exit_code", json!(report.exit_code)),
            ("nightferry", json!(report.nightferry)),
        ]
    };
    let measured = |dataset: String, numbers| Measured {
        at,
        environment: report.environment.clone(),
        dataset,
        numbers,
        facts: facts(),
    };
    let read: u64 = report.datasets.iter().map(|dataset| dataset.rows_read).sum();
    let mut whole =
        vec![(RUN, report.seconds), (FAILED, f64::from(u8::from(report.exit_code != 0))), (READ, read as f64)];
    whole.extend(STAGES.iter().filter_map(|(stage, kind)| Some((*kind, *report.seconds_by_stage.get(stage)?))));
    let extract = report.seconds_by_stage.get("extract").copied().filter(|seconds| *seconds > 0.0);
    whole.extend(extract.map(|seconds| (PER_SECOND, (read as f64 / seconds).round())));
    whole.extend(report.cpu_seconds.map(|seconds| (CPU, seconds)));
    whole.extend(report.peak_memory_bytes.map(|bytes| (MEMORY, bytes as f64)));
    whole.push((COST, report.cost.usd));
    whole.push((REQUESTS, report.cost.requests_all() as f64));
    whole.push((OUT, report.cost.bytes_out.values().sum::<u64>() as f64));
    let mut all = vec![measured(format!("{}.all", report.job), whole)];
    for dataset in &report.datasets {
        let compared = &dataset.reconciliation;
        let differing = compared.missing + compared.extra + compared.changed;
        let stores = || dataset.stores.iter();
        let findings: u64 = stores().flat_map(|store| &store.columns).map(|column| column.findings).sum();
        let bytes: u64 = stores().map(|store| store.bytes).sum();
        let numbers = [
            (READ, dataset.rows_read),
            (WRITTEN, dataset.rows_written),
            (BAD, dataset.rows_bad),
            (DIFFERING, differing),
            (FINDINGS, findings),
            (WRITTEN_BYTES, bytes),
        ];
        all.push(measured(dataset.name.clone(), numbers.map(|(kind, number)| (kind, number as f64)).into()));
    }
    all
}

/// What the nights of a job come to.
pub fn nights_metrics(report: &NightsReport) -> Vec<Measured> {
    let figures = &report.figures;
    let mut numbers = vec![
        (DUE, figures.due as f64),
        (IN_TIME, figures.in_time as f64),
        (INCIDENTS, figures.incidents as f64),
        (MISSED, report.missed.len() as f64),
        (ALARMS, report.alarms.len() as f64),
        (NEEDS, f64::from(u8::from(report.needs_somebody()))),
    ];
    numbers.extend(figures.availability.map(|part| (AVAILABILITY, part)));
    numbers.extend(
        figures
            .availability_between
            .into_iter()
            .flat_map(|[low, high]| [(AVAILABILITY_LOW, low), (AVAILABILITY_HIGH, high)]),
    );
    numbers.extend(figures.mttr_seconds.map(|seconds| (MTTR, seconds as f64)));
    numbers.extend(figures.mtbf_seconds.map(|seconds| (MTBF, seconds as f64)));
    let facts = vec![
        ("event_code", json!("status")),
        ("time_generated", json!(report.at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))),
        ("job", json!(report.job)),
    ];
    let (environment, dataset) = (report.environment.clone(), format!("{}.all", report.job));
    vec![Measured { at: report.at, environment, dataset, numbers, facts }]
}

/// Each as lines of the embedded metric format: whole JSON objects, each of [`LINE_BYTES_MAX`] bytes at most.
pub fn emf(measured: &[Measured]) -> Vec<String> {
    let lines = measured
        .iter()
        .flat_map(|measured| measured.numbers.chunks(METRICS_MAX).map(|numbers| emf_line(measured, numbers)));
    lines.filter(|line| line.len() <= LINE_BYTES_MAX).collect()
}

fn emf_line(measured: &Measured, numbers: &[(Kind, f64)]) -> String {
    let metrics: Vec<Value> =
        numbers.iter().map(|(kind, _)| json!({ "Name": kind.name, "Unit": kind.unit.cloudwatch() })).collect();
    let directive = json!({ "Namespace": NAMESPACE, "Dimensions": [["dataset", "environment"]], "Metrics": metrics });
    let mut line = Map::new();
    line.insert(
        "_aws".into(),
        json!({ "Timestamp": measured.at.timestamp_millis(), "CloudWatchMetrics": [directive] }),
    );
    line.insert("dataset".into(), json!(measured.dataset));
    line.insert("environment".into(), json!(measured.environment));
    line.extend(measured.facts.iter().map(|(name, fact)| ((*name).to_owned(), fact.clone())));
    line.extend(numbers.iter().map(|(kind, number)| (kind.name.to_owned(), json!(number))));
    Value::Object(line).to_string()
}

/// All as one OpenMetrics text, a family after the other. The content type of such a text is
/// `application/openmetrics-text; version=1.0.0; charset=utf-8`.
pub fn openmetrics(measured: &[Measured]) -> String {
    let mut families: BTreeMap<Kind, Vec<String>> = BTreeMap::new();
    for Measured { environment, dataset, numbers, .. } in measured {
        for (kind, number) in numbers {
            let labels = format!("dataset=\"{}\",environment=\"{}\"", label(dataset), label(environment));
            families.entry(*kind).or_default().push(format!("{NAMESPACE}_{}{{{labels}}} {number}", kind.name));
        }
    }
    let mut text = String::new();
    for (Kind { name, help, unit }, samples) in families {
        let _ = writeln!(text, "# TYPE {NAMESPACE}_{name} gauge");
        if let Some(unit) = unit.openmetrics() {
            let _ = writeln!(text, "# UNIT {NAMESPACE}_{name} {unit}");
        }
        let _ = writeln!(text, "# HELP {NAMESPACE}_{name} {help}\n{}", samples.join("\n"));
    }
    text + "# EOF\n"
}

/// A label's text as the format escapes it.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_ends_with_its_unit_and_is_there_once() {
        let stages = STAGES.map(|(_, kind)| kind);
        let rest = [
            RUN,
            FAILED,
            READ,
            WRITTEN,
            BAD,
            DIFFERING,
            FINDINGS,
            WRITTEN_BYTES,
            PER_SECOND,
            CPU,
            MEMORY,
            COST,
            REQUESTS,
            OUT,
            DUE,
            IN_TIME,
            AVAILABILITY,
            AVAILABILITY_LOW,
            AVAILABILITY_HIGH,
            INCIDENTS,
            MTTR,
            MTBF,
            MISSED,
            ALARMS,
            NEEDS,
        ];
        let all: Vec<Kind> = stages.into_iter().chain(rest).chain(super::super::relay_metrics::ALL).collect();
        for (place, kind) in all.iter().enumerate() {
            assert!(
                kind.unit.openmetrics().is_none_or(|unit| kind.name.ends_with(&format!("_{unit}"))),
                "{}",
                kind.name
            );
            assert!(all[..place].iter().all(|other| other.name != kind.name), "{}", kind.name);
            // A gauge must not end as a counter or a histogram does.
            assert!(
                !["_total", "_count", "_sum", "_bucket", "_info", "_created"]
                    .iter()
                    .any(|end| kind.name.ends_with(end)),
                "{}",
                kind.name
            );
        }
    }

    #[test]
    fn what_is_more_than_a_line_takes_is_another_line() {
        let measured = Measured {
            at: DateTime::UNIX_EPOCH,
            environment: "dev".into(),
            dataset: "a\"\\\n".into(),
            numbers: vec![(RUN, 0.25); 201],
            facts: Vec::new(),
        };
        let lines = emf(std::slice::from_ref(&measured));
        assert_eq!(lines.len(), 3);
        assert!(lines.iter().all(|line| !line.contains('\n')));
        let text = openmetrics(&[Measured { numbers: vec![(RUN, 0.25)], ..measured }]);
        assert_eq!(
            text,
            "# TYPE nightferry_run_seconds gauge\n# UNIT nightferry_run_seconds seconds\n# HELP nightferry_run_seconds How long the run took.\n\
             nightferry_run_seconds{dataset=\"a\\\"\\\\\\n\",environment=\"dev\"} 0.25\n# EOF\n"
        );
    }
}
