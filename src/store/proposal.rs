//! One staged table of a night -> its next version: manifest in place, text of its log entry.
//!
//! Never in here: the order of a night (`night`), and committing (`commit`).

use super::delta::entry::{Commit, Mode, entry};
use super::delta::layout::{self, LayoutFault};
use super::delta::log::{TableState, replay};
use super::delta::schema::schema_text;
use super::fault::{StoreError, damaged};
use super::ledger::{RecordTable, RunRow};
use super::manifest::{self, Manifest, ManifestFile};
use super::mutant::{self, Mutant};
use super::night::{Night, NightDataset, NightWrite};
use super::owner::{self, Owner};
use super::part::sha256;
use super::{Staged, Store, suppression};
use crate::data::{Audience, Name, Period, Schema};
use crate::format::parquet_write::WriteFault;
use arrow::datatypes::DataType;
use chrono::SecondsFormat;
use serde::Serialize;
use std::collections::BTreeMap;

/// One table's next version: its manifest in place, its entry's text.
pub(super) async fn propose(
    night: &Night<'_>,
    number: u64,
    dataset: &NightDataset<'_>,
    staged: &Staged,
) -> Result<RecordTable, StoreError> {
    let table = staged.store().primary().child(staged.dataset().as_str());
    let state = replay(&table).await?;
    let owner = Owner { stamp: night.stamp, job: night.job.as_str() };
    owner.check(&table, staged.dataset().as_str(), &state)?;
    suppression::check(&table, &state, night.suppression_list)?;
    let transaction = (format!("nightferry:{}", night.job), i64::try_from(number).unwrap_or(i64::MAX));
    if state.transactions.get(&transaction.0).is_some_and(|done| *done >= transaction.1) {
        // Nobody may say what is the newest night while the ledger does not know it.
        return Err(StoreError::LedgerBehind {
            store: staged.store().name().to_string(),
            table: staged.dataset().to_string(),
            job: night.job.to_string(),
        });
    }
    let schema_text = schema_text(staged.schema(), |column| comment(dataset.schema, column)).map_err(|column| {
        let fault = WriteFault::Type { column, data_type: DataType::Null };
        StoreError::Encode { dataset: staged.dataset().to_string(), fault }
    })?;
    let manifest = manifest_of(night, dataset, staged, &schema_text, &state);
    let (verdict, proof) = (manifest.verdict.clone(), manifest.proof.clone());
    let manifest = manifest::create(&table, &manifest).await?;
    let Written { mode, mut configuration, periods, merged_to } = written(&state, &owner, dataset, staged)?;
    if let Some(list) = night.suppression_list {
        configuration.insert(suppression::PROPERTY.to_owned(), list.to_string());
    }
    let commit = Commit {
        mode,
        name: staged.dataset().as_str(),
        description: &dataset.schema.description,
        schema_text,
        configuration,
        table_id: owner::table_id(&[staged.store().name().as_str(), staged.dataset().as_str(), night.run]),
        parts: staged.parts(),
        transaction,
        info: vec![
            ("nightferry.run", Some(night.run.to_owned())),
            ("nightferry.job", Some(night.job.to_string())),
            ("nightferry.stamp", Some(night.stamp.to_owned())),
            ("nightferry.period", Some(night.period.to_string())),
            (layout::EXTRACTED_AT, Some(dataset.origin.extracted_at.to_rfc3339_opts(SecondsFormat::Micros, true))),
            (layout::PERIODS, periods),
            (layout::MERGED_TO, merged_to),
            ("nightferry.snapshot", dataset.origin.snapshot.as_ref().map(ToString::to_string)),
            ("nightferry.verdict", Some(verdict.clone())),
            ("nightferry.proof", Some(proof.clone())),
            ("nightferry.manifest", Some(manifest.path.clone())),
            ("nightferry.manifestSha256", Some(manifest.sha256.clone())),
        ],
        at_ms: night.at.timestamp_millis(),
    };
    let unwritable = |_| damaged(&table, "a log entry", "it cannot be written as JSON");
    Ok(RecordTable {
        store: staged.store().name().clone(),
        dataset: staged.dataset().clone(),
        version: state.next_version(),
        epoch: staged.store().epoch(),
        entry: entry(&state, &commit).map_err(unwritable)?,
        manifest,
        row: RunRow { extracted_at: dataset.origin.extracted_at, verdict, proof, rows: rows_of(dataset, staged) },
        periods: rows_of_periods(dataset, staged),
    })
}

/// What becomes of the files that are there, the table's properties, and what the commit says of its periods.
struct Written {
    mode: Mode,
    configuration: BTreeMap<String, String>,
    periods: Option<String>,
    merged_to: Option<String>,
}

fn written(
    state: &TableState,
    owner: &Owner<'_>,
    dataset: &NightDataset<'_>,
    staged: &Staged,
) -> Result<Written, StoreError> {
    let mut configuration = owner.properties();
    let (by, periods, columns) = match &dataset.write {
        NightWrite::Replace => {
            return Ok(Written { mode: Mode::Replace, configuration, periods: None, merged_to: None });
        }
        NightWrite::Merge { to, columns, tables } => {
            let (store, merged) = (staged.store().name(), tables.get(staged.store().name()));
            let merged = merged.filter(|merged| merged.version == state.version);
            // Somebody committed since: the rows that stay were read out of files that are no longer the table.
            let merged = merged.ok_or_else(|| StoreError::Outrun { job: owner.job.to_owned() })?;
            configuration.insert(layout::COLUMNS.to_owned(), columns.get(store).cloned().unwrap_or_default());
            let to = to.to_rfc3339_opts(SecondsFormat::Micros, true);
            let mode = Mode::Merge { gone: merged.gone.clone() };
            return Ok(Written { mode, configuration, periods: None, merged_to: Some(to) });
        }
        NightWrite::Periods { by, periods, columns } => (by, periods, columns),
    };
    let columns = columns.get(staged.store().name()).cloned().unwrap_or_default();
    let gone = layout::gone(state, by.as_str(), periods)
        .and_then(|gone| layout::check_columns(state, &gone, &columns).map(|()| gone));
    let gone = gone.map_err(|fault| layout_fault(staged.store(), staged.dataset(), &fault))?;
    configuration.insert(layout::COLUMNS.to_owned(), columns);
    let named = periods.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let mode = Mode::Periods { by: by.to_string(), gone };
    Ok(Written { mode, configuration, periods: Some(named), merged_to: None })
}

/// A table that cannot take the periods of the night.
pub(super) fn layout_fault(store: &Store, table: &Name, fault: &LayoutFault) -> StoreError {
    StoreError::Layout { store: store.name().to_string(), table: table.to_string(), fault: fault.to_string() }
}

/// Rows that the night publishes: of a table into which changes were merged, all that it has then.
fn rows_of(dataset: &NightDataset<'_>, staged: &Staged) -> u64 {
    match &dataset.write {
        NightWrite::Merge { tables, .. } => tables.get(staged.store().name()).map_or(0, |merged| merged.rows),
        _ => staged.rows(),
    }
}

fn rows_of_periods(dataset: &NightDataset<'_>, staged: &Staged) -> Vec<(Period, u64)> {
    let NightWrite::Periods { periods, .. } = &dataset.write else { return Vec::new() };
    let rows =
        |period: &Period| staged.parts().iter().filter(|part| part.period == Some(*period)).map(|part| part.rows).sum();
    periods.iter().map(|period| (*period, rows(period))).collect()
}

fn manifest_of(
    night: &Night<'_>,
    dataset: &NightDataset<'_>,
    staged: &Staged,
    schema_text: &str,
    before: &TableState,
) -> Manifest {
    let file = |part: &super::StagedPart| ManifestFile {
        path: part.path.clone(),
        rows: part.rows,
        bytes: part.bytes,
        sha256: part.sha256.clone(),
        period: part.period,
    };
    Manifest {
        format: 1,
        dataset: staged.dataset().clone(),
        store: staged.store().name().clone(),
        audience: staged.store().audience(),
        stamp: night.stamp.to_owned(),
        job: night.job.clone(),
        run: night.run.to_owned(),
        period: night.period,
        files: staged.parts().iter().map(file).collect(),
        rows: staged.rows(),
        schema: serde_json::from_str(schema_text).unwrap_or_default(),
        extracted_at: dataset.origin.extracted_at,
        snapshot: dataset.origin.snapshot.as_ref().map(ToString::to_string),
        server: dataset.origin.server.clone(),
        position: dataset.origin.position.clone(),
        offsets: dataset.offsets.clone(),
        inputs: inputs(staged.store().audience(), &dataset.origin.inputs),
        verdict: word(&dataset.verdict),
        proof: word(&dataset.proof),
        job_hash: night.job_hash.to_owned(),
        schema_hash: dataset.schema_hash.to_owned(),
        environment_hash: night.environment_hash.to_owned(),
        suppression_list: night.suppression_list,
        previous_manifest_sha256: before.manifest_sha256.clone().filter(|_| !mutant::is(Mutant::Unchained)),
        nightferry: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// The objects that were read. Their names are the source's own and may say more than a table does: those who may not see
/// the source are told a name's SHA-256, and the job's record in the security store has the name.
fn inputs(audience: Audience, inputs: &[(String, String)]) -> Vec<(String, String)> {
    match audience {
        Audience::Restricted | Audience::Security => inputs.to_vec(),
        Audience::Analytics | Audience::Public => {
            inputs.iter().map(|(name, tag)| (sha256(name.as_bytes()), tag.clone())).collect()
        }
    }
}

/// The word that the report uses.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// What analysts are told of a column: what it is, and its unit.
fn comment(schema: &Schema, column: &str) -> Option<String> {
    let column = schema.column(column)?;
    match (&column.description, &column.unit) {
        (Some(description), Some(unit)) => Some(format!("{description} [{unit}]")),
        (Some(text), None) | (None, Some(text)) => Some(text.clone()),
        (None, None) => None,
    }
}
