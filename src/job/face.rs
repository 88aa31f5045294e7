//! The plan as a person reads it: every query, path, treatment and limit.

use super::plan::{DatasetPlan, OnVerdict, Plan, SourceSpec};
use crate::data::{Extract, Rows, Treatment};
use serde_json::{Value, json};
use std::fmt::Write;

/// The plan as text.
pub fn face(plan: &Plan) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{} · {} · {} (stamp {})", plan.job, plan.period, plan.environment, plan.stamp);
    let _ = writeln!(out, "  {}", plan.description);
    for dataset in &plan.datasets {
        out.push('\n');
        write_dataset(&mut out, plan, dataset);
    }
    let limits = &plan.limits;
    let _ = writeln!(
        out,
        "\nlimits\n  rows      {} a batch, {} a row group, {} a part\n  bytes     {} of rows in memory, {} a part, {} a cell",
        limits.batch_rows_max,
        limits.row_group_rows_max,
        limits.part_rows_max,
        limits.memory_bytes_max,
        limits.part_bytes_max,
        limits.cell_bytes_max
    );
    out
}

fn write_dataset(out: &mut String, plan: &Plan, dataset: &DatasetPlan) {
    let _ = writeln!(out, "{}", dataset.name);
    let from = match plan.sources.get(&dataset.from) {
        Some(SourceSpec::Postgres(postgres)) => {
            format!("PostgreSQL {} at {}:{}", postgres.database, postgres.host, postgres.port)
        }
        Some(SourceSpec::Files { url }) => format!("files in {}", url.url),
        Some(SourceSpec::Dump { url, .. }) => format!("dumps in {}", url.url),
        None => "nowhere".into(),
    };
    let _ = writeln!(out, "  from      {} ({from})", dataset.from);
    let select = select(&dataset.extract);
    let _ = writeln!(out, "  select    {}", select.trim_end().replace('\n', "\n            "));
    for output in &dataset.outputs {
        if let Some(store) = plan.stores.get(&output.store) {
            let second = store
                .second
                .as_ref()
                .map(|second| format!(", then {}/{}", second.url, dataset.name))
                .unwrap_or_default();
            let _ =
                writeln!(out, "  to        {}/{}{second}  for {}", store.primary.url, dataset.name, output.audience);
        }
        for shown in output.columns.iter().filter(|shown| shown.treatment != Treatment::Keep) {
            let _ =
                writeln!(out, "            {:<32} {:<10} {}", shown.column.name, shown.column.class, shown.treatment);
        }
    }
    match &dataset.reconcile {
        Some(reconcile) => {
            let on = |on: OnVerdict| if on == OnVerdict::Publish { "publish" } else { "refuse" };
            let (drift, inconclusive) = (on(reconcile.on_drift), on(reconcile.on_inconclusive));
            let _ = writeln!(
                out,
                "  against   {} of {} (drift: {drift}, inconclusive: {inconclusive})",
                reconcile.topic, reconcile.against
            );
            for (column, abs) in &reconcile.tolerate {
                let _ = writeln!(out, "            {column} may differ by {abs}");
            }
        }
        None => {
            let _ = writeln!(out, "  against   nothing: not compared");
        }
    }
    for check in &dataset.checks {
        let _ = writeln!(out, "  check     {}", check.name);
    }
    let empty = if dataset.allow_empty { "fine" } else { "refused" };
    let _ = writeln!(out, "  refuses   more than {} bad rows; no rows at all is {empty}", dataset.bad_rows_max);
}

/// The query that a PostgreSQL source is asked, a column by its first spelling; at run time it is the spelling that is there.
pub fn select(extract: &Extract) -> String {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let columns = extract.columns.iter().map(|name| {
        let spelling = extract.schema.column(name.as_str()).and_then(|column| column.source.first());
        quoted(spelling.map_or(name.as_str(), String::as_str))
    });
    let columns = columns.collect::<Vec<_>>().join(", ");
    match &extract.rows {
        Rows::Table { table, filter } => {
            let from = format!("{}.{}", quoted(&table.schema), quoted(&table.table));
            let filter = filter.as_ref().map(|filter| format!(" WHERE ({filter})")).unwrap_or_default();
            format!("SELECT {columns} FROM {from}{filter}")
        }
        Rows::Query { file, .. } => format!("SELECT {columns} FROM (the query of {file})"),
    }
}

/// The plan as JSON, names as in the files.
pub fn json(plan: &Plan) -> Value {
    let dataset = |dataset: &DatasetPlan| {
        let outputs = dataset.outputs.iter().map(|output| {
            let store = plan.stores.get(&output.store);
            let at = |url: &str| format!("{url}/{}", dataset.name);
            json!({
                "store": output.store,
                "audience": output.audience,
                "url": store.map(|store| at(&store.primary.url)),
                "second": store.and_then(|store| Some(at(&store.second.as_ref()?.url))),
                "columns": output.columns.iter().map(|shown| json!({
                    "name": shown.column.name, "type": shown.column.column_type.to_string(),
                    "class": shown.column.class, "treatment": shown.treatment.to_string(),
                })).collect::<Vec<_>>(),
            })
        });
        json!({
            "name": dataset.name,
            "from": dataset.from,
            "select": select(&dataset.extract),
            "schema_sha256": dataset.schema_hash,
            "to": outputs.collect::<Vec<_>>(),
            "against": dataset.reconcile.as_ref().map(|reconcile| json!({
                "source": reconcile.against, "topic": reconcile.topic, "tolerate": reconcile.tolerate,
            })),
            "checks": dataset.checks.iter().map(|check| json!({ "name": check.name, "severity": check.severity })).collect::<Vec<_>>(),
            "bad_rows_max": dataset.bad_rows_max,
            "allow_empty": dataset.allow_empty,
        })
    };
    let limits = &plan.limits;
    json!({
        "job": plan.job, "environment": plan.environment, "stamp": plan.stamp, "period": plan.period,
        "job_sha256": plan.job_hash, "environment_sha256": plan.environment_hash,
        "datasets": plan.datasets.iter().map(dataset).collect::<Vec<_>>(),
        "limits": {
            "memory_bytes_max": limits.memory_bytes_max, "batch_rows_max": limits.batch_rows_max,
            "row_group_rows_max": limits.row_group_rows_max, "part_rows_max": limits.part_rows_max,
            "part_bytes_max": limits.part_bytes_max, "cell_bytes_max": limits.cell_bytes_max,
        },
    })
}
