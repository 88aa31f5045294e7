//! The plan as JSON, names as in the files.

use super::face::{domains, read, usd_at_least, vaults};
use super::plan::{CheckedBy, DatasetPlan, Plan, SourceSpec, StoreSpec, TopicPlan};
use super::requests::requests_at_least;
use super::select::select;
use super::told;
use super::write_plan::WriteMode;
use crate::cost::{REFERENCE, usd_an_hour};
use crate::data::OnNewColumn;
use crate::privacy::ColumnTreatment;
use crate::reconcile::Deleted;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The plan as JSON.
pub fn json(plan: &Plan) -> Value {
    let limits = &plan.limits;
    let [messages, lineage] = told::json(plan);
    let requests = requests_at_least(plan).into_iter().map(|(place, of)| {
        (place, json!({ "puts": of.puts, "lists": of.lists, "gets": of.gets, "usd": of.usd(&plan.prices) }))
    });
    json!({
        "job": plan.job, "description": plan.description, "owner": plan.owner, "environment": plan.environment, "stamp": plan.stamp, "period": plan.period,
        "job_sha256": plan.job_hash, "environment_sha256": plan.environment_hash,
        "datasets": plan.datasets.iter().map(|of| dataset(plan, of)).collect::<Vec<_>>(),
        "topics": plan.topics.iter().map(topic).collect::<Vec<_>>(),
        "keys": { "domains": domains(plan), "version": plan.tokens_version },
        "vaults": vaults(plan),
        "restricted": store(plan, "restricted"),
        "security": store(plan, "security"),
        "cost": {
            "basis": plan.prices.basis, "usd_an_hour": usd_an_hour(&plan.prices, REFERENCE), "usd_at_least": usd_at_least(plan),
            "egress_gb_usd": plan.prices.egress_gb_usd, "bytes_out_max": limits.bytes_out_max,
            "put_thousand_usd": plan.prices.put_thousand_usd, "get_thousand_usd": plan.prices.get_thousand_usd,
            "requests_at_least": requests.collect::<BTreeMap<_, _>>(),
        },
        "messages": messages,
        "lineage": lineage,
        "limits": {
            "memory_bytes_max": limits.memory_bytes_max, "spill_bytes_max": limits.spill_bytes_max,
            "batch_rows_max": limits.batch_rows_max,
            "row_group_rows_max": limits.row_group_rows_max, "part_rows_max": limits.part_rows_max,
            "row_group_bytes_max": limits.unit_bytes_max(), "part_bytes_max": limits.part_bytes_max, "cell_bytes_max": limits.cell_bytes_max,
        },
    })
}

fn store(plan: &Plan, name: &str) -> Option<Value> {
    let StoreSpec { primary, second, audience, .. } = plan.stores.values().find(|store| store.name.as_str() == name)?;
    Some(json!({ "url": primary.url, "second": second.as_ref().map(|second| &second.url), "audience": audience }))
}

fn columns(columns: &[ColumnTreatment]) -> Vec<Value> {
    let column = |shown: &ColumnTreatment| {
        json!({
            "name": shown.column.name, "type": shown.column.column_type.to_string(), "beyond": shown.column.beyond.as_str(),
            "class": shown.column.class, "not_personal": shown.column.not_personal, "treatment": shown.treatment.to_string(),
        })
    };
    columns.iter().map(column).collect()
}

fn topic(topic: &TopicPlan) -> Value {
    let (url, audience) = match &topic.source {
        SourceSpec::Dump { url, kafka, .. } => (Some(&url.url), kafka.as_ref().map(|kafka| kafka.audience)),
        _ => (None, None),
    };
    json!({
        "name": topic.name, "from": topic.from, "topic": topic.topic, "heartbeat": topic.heartbeat, "url": url,
        "audience": audience, "schema_sha256": topic.schema_hash, "columns": columns(&topic.columns),
    })
}

fn dataset(plan: &Plan, dataset: &DatasetPlan) -> Value {
    let outputs = dataset.outputs.iter().map(|output| {
        let store = plan.stores.get(&output.store);
        let at = |url: &str| format!("{url}/{}", dataset.name);
        json!({
            "store": output.store,
            "audience": output.audience,
            "url": store.map(|store| at(&store.primary.url)),
            "second": store.and_then(|store| Some(at(&store.second.as_ref()?.url))),
            "columns": columns(&output.columns),
            "risk": output.risk.as_ref().map(|risk| json!({
                "quasi": risk.quasi, "sensitive": risk.sensitive, "k_min": risk.k_min, "l_min": risk.l_min,
                "under_5_max": risk.under_5_max, "under_10_max": risk.under_10_max, "unique_max": risk.unique_max,
            })),
            "small_cells": output.small_cells.as_ref().map(|cells| json!({
                "by": cells.by, "count": cells.count, "under": cells.under, "total": cells.total,
            })),
            "suppress_rows": output.suppress_rows.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    });
    let dump = |name| match plan.sources.get(name) {
        Some(SourceSpec::Dump { url, .. }) => Some(&url.url),
        _ => None,
    };
    json!({
        "name": dataset.name,
        "from": dataset.from,
        "read": read(plan.sources.get(&dataset.from), &dataset.extract.rows),
        "select": select(&dataset.extract),
        "write": dataset.write.as_str(),
        "period_by": dataset.write.by(),
        "periods": dataset.write.periods(),
        "merge": match &dataset.write {
            WriteMode::Merge(merge) => json!({
                "watermark": merge.watermark, "lag_seconds": merge.lag.num_seconds(), "keys": select(&merge.keys),
                "deleted": match merge.deleted { Deleted::Remove => "remove", Deleted::Keep => "keep" },
            }),
            _ => Value::Null,
        },
        "on_new_column": match dataset.schema.on_new_column {
            OnNewColumn::Stop => "stop",
            OnNewColumn::Withhold => "withhold",
        },
        "schema_sha256": dataset.schema_hash,
        "to": outputs.collect::<Vec<_>>(),
        "set_aside": columns(&dataset.set_aside),
        "against": dataset.reconcile.as_ref().map(|reconcile| json!({
            "source": reconcile.against, "url": dump(&reconcile.against), "topic": reconcile.topic,
            "on_drift": reconcile.on_drift.as_str(), "on_inconclusive": reconcile.on_inconclusive.as_str(),
            "wait_seconds": reconcile.wait.num_seconds(), "heartbeat": reconcile.heartbeat,
            "window_seconds": reconcile.window.num_seconds(),
            "tolerate": reconcile.tolerate.iter().map(|(column, rules)| (column.to_string(), rules.told())).collect::<BTreeMap<_, _>>(),
        })),
        "checks": dataset.checks.iter().map(|check| json!({
            "name": check.name, "severity": check.severity,
            "kind": match &check.how { CheckedBy::Sql(_) => "sql", CheckedBy::Claim(claim) => claim.kind() },
            "sql": match &check.how { CheckedBy::Sql(sql) => Some(sql), CheckedBy::Claim(_) => None },
            "claim": match &check.how { CheckedBy::Sql(_) => None, CheckedBy::Claim(claim) => Some(claim.to_string()) },
        })).collect::<Vec<_>>(),
        "plain_copy": dataset.plain_copy,
        "bad_rows_max": dataset.bad_rows_max,
        "allow_empty": dataset.allow_empty,
    })
}
