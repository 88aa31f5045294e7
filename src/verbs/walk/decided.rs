//! Whether this run publishes, given what is published; how its tables are written.
//!
//! Never in here: publishing.

use super::crossed::Crossed;
use super::open::Opened;
use crate::data::Name;
use crate::failure::{Failure, Phase};
use crate::job::{DatasetPlan, OutputPlan, Plan, WriteMode};
use crate::privacy::Keys;
use crate::store::{self, Asked, Decision, NightWrite, Settled};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// Decides from the job's records and, where every table is written by periods, from the tables' own logs.
pub async fn decided(
    plan: &Plan,
    settled: &Settled,
    opened: &Opened,
    again: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Decision, Failure> {
    let failed = |error| Failure::store(&error, Phase::Open);
    let asked: Vec<Asked> = plan.datasets.iter().flat_map(asked).collect();
    // Looked at whatever is decided: a table that cannot take its periods is told before a row is read.
    let held = store::held(&opened.stores, &asked).await.map_err(failed)?;
    let is_by_periods = |dataset: &DatasetPlan| matches!(dataset.write, WriteMode::ReplacePeriod { .. });
    Ok(match plan.datasets.iter().all(is_by_periods) {
        true => store::decide_periods(&settled.records, &asked, &held, plan.period, again, now),
        false => store::decide(&settled.records, &tables(plan), plan.period, again),
    })
}

/// The periods of each of a dataset's tables.
fn asked(dataset: &DatasetPlan) -> Vec<Asked> {
    let WriteMode::ReplacePeriod { by, .. } = &dataset.write else { return Vec::new() };
    let of = |output: &OutputPlan| Asked {
        store: output.store.clone(),
        dataset: dataset.name.clone(),
        by: by.clone(),
        periods: dataset.write.periods(),
    };
    dataset.outputs.iter().map(of).collect()
}

/// The tables that the night is for, each a store and a dataset.
fn tables(plan: &Plan) -> Vec<(Name, Name)> {
    let of = |dataset: &DatasetPlan| -> Vec<_> {
        dataset.outputs.iter().map(|output| (output.store.clone(), dataset.name.clone())).collect()
    };
    plan.datasets.iter().flat_map(of).collect()
}

/// How the store is to write a dataset's tables.
pub fn night_write<'a>(dataset: &'a DatasetPlan, crossed: &Crossed, keys: &Keys) -> NightWrite<'a> {
    let columns = |output: &OutputPlan| (output.store.clone(), columns(output, keys));
    let columns = || dataset.outputs.iter().map(columns).collect::<BTreeMap<Name, String>>();
    match &dataset.write {
        WriteMode::Replace => NightWrite::Replace,
        WriteMode::Merge(_) => {
            let merged = crossed.merged.iter().flat_map(|merged| &merged.outputs);
            let merged = dataset.outputs.iter().zip(merged);
            let tables = merged.map(|(output, of)| (output.store.clone(), of.merged.clone())).collect();
            NightWrite::Merge { to: crossed.origin.extracted_at, columns: columns(), tables }
        }
        WriteMode::ReplacePeriod { by, .. } => {
            let columns = columns();
            NightWrite::Periods { by, periods: dataset.write.periods(), columns }
        }
    }
}

/// The columns of a table, each with its type, its treatment and, of a pseudonym, which key made it: rows that were made
/// otherwise do not belong in one table with these.
pub fn columns(output: &OutputPlan, keys: &Keys) -> String {
    let made = output.columns.iter().filter(|shown| shown.treatment.is_visible()).map(|shown| {
        let checks = shown.treatment.domains().into_iter().filter_map(|domain| keys.check(domain));
        let key: String = checks.map(|check| format!(" {check}")).collect();
        let of = format!("{} {}{}", shown.column.column_type, shown.treatment, key);
        (shown.column.name.to_string(), of)
    });
    serde_json::json!(made.collect::<BTreeMap<_, _>>()).to_string()
}
