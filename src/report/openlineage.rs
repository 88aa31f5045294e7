//! Where a job's rows come from, where they go and what becomes of each column on the way, as events that catalogues read.
//!
//! Source: OpenLineage 2-0-2, `RunEvent`, and the facets whose versions stand with them below. A run has one `START` and one of
//! `COMPLETE`, `FAIL` and `ABORT`.
//!
//! Pure. Never in here: a value of the data, and the text of a query: a condition may hold one.

use super::dataset::{DatasetReport, Verdict};
use super::run::{Outcome, RunReport};
use crate::data::{Audience, Column, Rows, Treatment};
use crate::job::{DatasetPlan, Location, OutputPlan, Plan, Severity, SourceSpec};
use crate::privacy::published_schema;
use arrow::datatypes::DataType;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

const PRODUCER: &str = concat!("pkg:cargo/nightferry@", env!("CARGO_PKG_VERSION"));
const EVENT_SCHEMA: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
/// Characters of an id of a run that are its UUID.
const UUID_CHARS: usize = 36;

/// A run of `plan` begins.
pub fn run_started(plan: &Plan, run: &str, at: DateTime<Utc>) -> Value {
    event("START", plan, run, at, Map::new(), None)
}

/// It is over.
pub fn run_ended(plan: &Plan, report: &RunReport) -> Value {
    let at = report.started_at + chrono::TimeDelta::milliseconds((report.seconds * 1000.0) as i64);
    let kind = match (report.exit_code, report.outcome) {
        // Interrupted: nobody knows what it would have come to.
        (73, _) => "ABORT",
        (_, Outcome::Refused | Outcome::Failed) => "FAIL",
        _ => "COMPLETE",
    };
    let mut facets = Map::new();
    if let Some(problem) = report.problems.first() {
        let message = format!("{} {} ({}; {})", problem.id, problem.message, problem.safe, problem.runbook);
        let body = json!({ "message": message, "programmingLanguage": "RUST" });
        facets.insert("errorMessage".into(), facet("1-0-1", "ErrorMessageRunFacet", body));
    }
    event(kind, plan, &report.run, at, facets, Some(report))
}

fn event(
    kind: &str,
    plan: &Plan,
    run: &str,
    at: DateTime<Utc>,
    mut facets: Map<String, Value>,
    report: Option<&RunReport>,
) -> Value {
    let day = |day: chrono::NaiveDate| format!("{day}T00:00:00Z");
    let nominal = json!({ "nominalStartTime": day(plan.period.from), "nominalEndTime": day(plan.period.until()) });
    facets.insert("nominalTime".into(), facet("1-0-1", "NominalTimeRunFacet", nominal));
    let engine = json!({ "version": env!("CARGO_PKG_VERSION"), "name": "nightferry" });
    facets.insert("processing_engine".into(), facet("1-1-1", "ProcessingEngineRunFacet", engine));
    let of = |dataset: &DatasetPlan| {
        report.and_then(|report| report.datasets.iter().find(|told| told.name == dataset.name.as_str()))
    };
    let inputs: Vec<Value> = plan.datasets.iter().flat_map(|dataset| inputs(plan, dataset, of(dataset))).collect();
    let outputs = plan
        .datasets
        .iter()
        .flat_map(|dataset| dataset.outputs.iter().map(move |output| self::output(plan, dataset, output, of(dataset))));
    json!({
        "eventType": kind,
        "eventTime": at.to_rfc3339_opts(SecondsFormat::Millis, true),
        "producer": PRODUCER,
        "schemaURL": EVENT_SCHEMA,
        "run": { "runId": run.get(..UUID_CHARS).unwrap_or(run), "facets": facets },
        "job": { "namespace": job_namespace(plan), "name": plan.job.as_str(), "facets": job_facets(plan) },
        "inputs": inputs,
        "outputs": outputs.collect::<Vec<_>>(),
    })
}

fn job_namespace(plan: &Plan) -> String {
    format!("nightferry/{}", plan.environment)
}

fn job_facets(plan: &Plan) -> Value {
    let mut facets = json!({
        "jobType": facet("2-0-3", "JobTypeJobFacet", json!({ "processingType": "BATCH", "integration": "NIGHTFERRY", "jobType": "JOB" })),
        "documentation": facet("1-0-1", "DocumentationJobFacet", json!({ "description": plan.description })),
    });
    if let Some(owner) = &plan.owner {
        facets["ownership"] =
            facet("1-0-1", "OwnershipJobFacet", json!({ "owners": [{ "name": owner, "type": "MAINTAINER" }] }));
    }
    facets
}

/// A facet with the two fields that each must have.
fn facet(version: &str, name: &str, mut body: Value) -> Value {
    body["_producer"] = json!(PRODUCER);
    body["_schemaURL"] = json!(format!("https://openlineage.io/spec/facets/{version}/{name}.json#/$defs/{name}"));
    body
}

/// Where rows come from: the table or query, and the topic that they are compared with.
fn inputs(plan: &Plan, dataset: &DatasetPlan, told: Option<&DatasetReport>) -> Vec<Value> {
    let (namespace, name) = input_name(plan, dataset);
    let columns: Vec<&Column> =
        dataset.schema.columns.iter().filter(|column| dataset.extract.columns.contains(&column.name)).collect();
    let fields =
        columns.iter().map(|column| json!({ "name": source_name(column), "type": column.column_type.to_string() }));
    let mut rows = json!({
        "namespace": namespace, "name": name,
        "facets": { "schema": facet("1-1-1", "SchemaDatasetFacet", json!({ "fields": fields.collect::<Vec<_>>() })) },
    });
    if let Some(told) = told.filter(|told| told.source.is_some()) {
        let metrics = json!({ "rowCount": told.rows_read, "columnMetrics": {} });
        rows["inputFacets"] = json!({
            "dataQualityMetrics": facet("1-0-2", "DataQualityMetricsInputDatasetFacet", metrics),
            "dataQualityAssertions": facet("1-0-1", "DataQualityAssertionsDatasetFacet", json!({ "assertions": assertions(told) })),
        });
    }
    let topic = dataset.reconcile.as_ref().and_then(|reconcile| {
        let (namespace, folder) = match plan.sources.get(&reconcile.against)? {
            SourceSpec::Dump { url, .. } => place(url),
            _ => return None,
        };
        Some(json!({ "namespace": namespace, "name": within(&folder, &reconcile.topic) }))
    });
    [Some(rows), topic].into_iter().flatten().collect()
}

/// What the job claims of the rows, and whether it holds: its checks, and that they agree with the topic.
fn assertions(told: &DatasetReport) -> Vec<Value> {
    let checks = told.checks.iter().map(|check| {
        let severity = if check.severity == Severity::Error { "error" } else { "warn" };
        json!({ "assertion": check.name, "success": check.holds, "severity": severity })
    });
    let verdict = told.reconciliation.verdict;
    let compared = (verdict != Verdict::NotCompared).then(
        || json!({ "assertion": "agrees with its topic", "success": verdict == Verdict::Match, "severity": "error" }),
    );
    checks.chain(compared).collect()
}

fn output(plan: &Plan, dataset: &DatasetPlan, output: &OutputPlan, told: Option<&DatasetReport>) -> Value {
    let (namespace, folder) = plan.stores.get(&output.store).map(|store| place(&store.primary)).unwrap_or_default();
    let kept = || output.columns.iter().filter(|shown| shown.treatment != Treatment::Drop);
    let published = published_schema(&output.columns);
    let fields = kept().filter_map(|shown| {
        let column = &shown.column;
        let field = published.field_with_name(column.name.as_str()).ok()?;
        Some(json!({ "name": column.name.as_str(), "type": delta_word(field.data_type()), "description": column.description }))
    });
    let (input_namespace, input_name) = input_name(plan, dataset);
    let lineage: Map<String, Value> = kept()
        .map(|shown| {
            let transformation = transformation(&shown.treatment, output.audience);
            let input = json!({
                "namespace": input_namespace, "name": input_name, "field": source_name(&shown.column), "transformations": [transformation],
            });
            (shown.column.name.to_string(), json!({ "inputFields": [input] }))
        })
        .collect();
    let mut table = json!({
        "namespace": namespace, "name": within(&folder, dataset.name.as_str()),
        "facets": {
            "schema": facet("1-1-1", "SchemaDatasetFacet", json!({ "fields": fields.collect::<Vec<_>>() })),
            "columnLineage": facet("1-2-0", "ColumnLineageDatasetFacet", json!({ "fields": lineage })),
        },
    });
    let store = told.and_then(|told| told.stores.iter().find(|store| store.name == output.store.as_str()));
    if let Some(store) = store {
        if let Some(version) = store.version {
            table["facets"]["version"] =
                facet("1-0-1", "DatasetVersionDatasetFacet", json!({ "datasetVersion": version.to_string() }));
        }
        let statistics = json!({ "rowCount": store.rows_written, "size": store.bytes, "fileCount": store.files });
        table["outputFacets"] =
            json!({ "outputStatistics": facet("1-0-2", "OutputStatisticsOutputDatasetFacet", statistics) });
    }
    table
}

/// What becomes of a column on its way.
fn transformation(treatment: &Treatment, audience: Audience) -> Value {
    let subtype = if matches!(treatment, Treatment::Keep) { "IDENTITY" } else { "TRANSFORMATION" };
    json!({ "type": "DIRECT", "subtype": subtype, "description": format!("{treatment} for {audience}"), "masking": is_masking(treatment) })
}

/// Whether less of the value is seen than there was.
pub(super) fn is_masking(treatment: &Treatment) -> bool {
    match treatment {
        Treatment::Keep => false,
        // JSON of which every named field is kept lacks the others, so that it is masked too.
        _ => true,
    }
}

/// Delta's word for a type of what is published.
pub(super) fn delta_word(of: &DataType) -> String {
    match of {
        DataType::Int16 => "short".into(),
        DataType::Int32 => "integer".into(),
        DataType::Int64 => "long".into(),
        DataType::Float32 => "float".into(),
        DataType::Float64 => "double".into(),
        DataType::Boolean => "boolean".into(),
        DataType::Date32 => "date".into(),
        DataType::Timestamp(_, _) => "timestamp".into(),
        DataType::Binary => "binary".into(),
        DataType::Decimal128(precision, scale) => format!("decimal({precision},{scale})"),
        _ => "string".into(),
    }
}

/// The first name of a column at its source.
pub(super) fn source_name(column: &Column) -> &str {
    column.source.first().map_or(column.name.as_str(), String::as_str)
}

/// Namespace and name of the rows of a dataset, by OpenLineage's naming.
pub(super) fn input_name(plan: &Plan, dataset: &DatasetPlan) -> (String, String) {
    let rows = match &dataset.extract.rows {
        Rows::Table { table, .. } => format!("{}.{}", table.schema, table.table),
        Rows::Query { file, .. } => file.clone(),
    };
    match plan.sources.get(&dataset.from) {
        Some(SourceSpec::Postgres(of)) => {
            (format!("postgres://{}:{}", of.host, of.port), format!("{}.{rows}", of.database))
        }
        Some(SourceSpec::Files { url } | SourceSpec::PgDump { url, .. } | SourceSpec::Dump { url, .. }) => {
            let (namespace, folder) = place(url);
            (namespace, within(&folder, &rows))
        }
        Some(SourceSpec::RdsExport { url, database }) => {
            let (namespace, folder) = place(url);
            (namespace, within(&folder, &format!("{database}/{rows}")))
        }
        None => (job_namespace(plan), rows),
    }
}

/// Namespace and name of a folder: `s3://bucket` and a key, `abfss://container@account..` and a path, `file` and a path.
pub(super) fn place(location: &Location) -> (String, String) {
    let url = location.url.trim_end_matches('/');
    match url.split_once("://") {
        Some(("file", path)) => ("file".into(), path.into()),
        Some((scheme, rest)) => {
            let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
            (format!("{scheme}://{authority}"), path.into())
        }
        None => ("file".into(), url.into()),
    }
}

/// A name inside of a folder.
pub(super) fn within(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}
