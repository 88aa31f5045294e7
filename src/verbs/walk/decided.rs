//! Whether this run publishes, given what is published; how its tables are written.
//!
//! Never in here: publishing.

use super::crossed::Crossed;
use super::open::Opened;
use crate::data::{Column, Name, Rows, Treatment};
use crate::failure::{Failure, Phase};
use crate::job::{DatasetPlan, OF_THE_PERIOD, OutputPlan, Plan, WriteMode};
use crate::privacy::Keys;
use crate::store::{self, Asked, Decision, NightWrite, Settled};
use chrono::{DateTime, Utc};
use serde_json::json;
use std::collections::BTreeMap;

/// Where the rows of a table that merges come from, among its columns.
const FROM: &str = "(from)";

/// Decides from the job's records and, where every table is written by periods, from the tables' own logs.
pub async fn decided(
    plan: &Plan,
    settled: &Settled,
    opened: &Opened,
    again: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Decision, Failure> {
    let failed = |error| Failure::store(&error, Phase::Open);
    let as_of =
        |dataset: &DatasetPlan| opened.sources.get(&dataset.from).map_or(now, |from| from.origin().extracted_at);
    let asked: Vec<Asked> = plan.datasets.iter().flat_map(|dataset| asked(dataset, as_of(dataset))).collect();
    // Looked at whatever is decided: a table that cannot take its periods is told before a row is read.
    let held = store::held(&opened.stores, &asked).await.map_err(failed)?;
    let is_by_periods = |dataset: &DatasetPlan| matches!(dataset.write, WriteMode::ReplacePeriod { .. });
    Ok(match plan.datasets.iter().all(is_by_periods) {
        true => store::decide_periods(&settled.records, &asked, &held, plan.period, again, now),
        false => store::decide(&settled.records, &tables(plan), plan.period, again),
    })
}

/// The periods of each of a dataset's tables.
fn asked(dataset: &DatasetPlan, as_of: DateTime<Utc>) -> Vec<Asked> {
    let WriteMode::ReplacePeriod { by, .. } = &dataset.write else { return Vec::new() };
    let of = |output: &OutputPlan| Asked {
        store: output.store.clone(),
        dataset: dataset.name.clone(),
        by: by.clone(),
        periods: dataset.write.periods(),
        as_of,
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
    match &dataset.write {
        WriteMode::Replace => NightWrite::Replace,
        WriteMode::Merge(_) => {
            let made = |output: &OutputPlan| (output.store.clone(), merged_from(dataset, output, keys));
            let columns = dataset.outputs.iter().map(made).collect();
            let merged = crossed.merged.iter().flat_map(|merged| &merged.outputs);
            let merged = dataset.outputs.iter().zip(merged);
            let tables = merged.map(|(output, of)| (output.store.clone(), of.merged.clone())).collect();
            NightWrite::Merge { to: crossed.origin.extracted_at, columns, tables }
        }
        WriteMode::ReplacePeriod { by, .. } => {
            let made = |output: &OutputPlan| (output.store.clone(), json!(columns(output, keys)).to_string());
            let columns = dataset.outputs.iter().map(made).collect();
            NightWrite::Periods { by, periods: dataset.write.periods(), columns }
        }
    }
}

/// What the rows of a table that merges are made of: its columns, and where they come from. Those that stay when the changed ones
/// come must have been made of the same.
pub fn merged_from(dataset: &DatasetPlan, output: &OutputPlan, keys: &Keys) -> String {
    let rows = match &dataset.extract.rows {
        Rows::Table { table, filter } => {
            json!([table.to_string(), filter.as_ref().map(|filter| filter.but(&OF_THE_PERIOD))])
        }
        Rows::Query { sql, .. } => json!([sql]),
    };
    let visible = output.columns.iter().filter(|shown| shown.treatment.is_visible());
    let sources: Vec<&Vec<String>> = visible.map(|shown| &shown.column.source).collect();
    let from = json!([dataset.from, rows, sources]).to_string();
    // No column is called so.
    let from = (FROM.to_owned(), store::sha256(from.as_bytes()));
    json!(columns(output, keys).into_iter().chain([from]).collect::<BTreeMap<_, _>>()).to_string()
}

/// The columns of a table, each with its type, its treatment, what it is about and, of a pseudonym, which key made it: rows that
/// were made otherwise do not belong in one table with these.
fn columns(output: &OutputPlan, keys: &Keys) -> BTreeMap<String, String> {
    let visible = output.columns.iter().filter(|shown| shown.treatment.is_visible());
    let made = visible.map(|shown| {
        let (column, treatment) = (&shown.column, &shown.treatment);
        let checks = treatment.domains().into_iter().filter_map(|domain| keys.check(domain));
        let words = checks.chain(kinds(column, treatment));
        let words: String = words.map(|word| format!(" {word}")).collect();
        (column.name.to_string(), format!("{} {treatment}{words}", column.column_type))
    });
    made.collect()
}

/// What treated values are about: they are written by its rules before they are hashed, and labelled by it.
fn kinds(column: &Column, treatment: &Treatment) -> Vec<String> {
    match treatment {
        Treatment::Keep => Vec::new(),
        Treatment::Fields(fields) => fields.iter().filter_map(|field| field.kind.clone()).collect(),
        _ => column.kind.clone().into_iter().collect(),
    }
}
