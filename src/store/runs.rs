//! `nightferry_runs`: for analysts, one row for each table and night (of a table that is written by periods: and period), beside the tables in every store of audience
//! `analytics`: "when was this extracted, what was done to it, does it agree?"
//!
//! Append only, shared by all jobs of an environment. A night is appended as Delta transaction `<run>`, so doing it again
//! changes nothing; when another job's commit comes in between, it is tried on the next version. The rows go through the
//! same maker as everything that is written.
//!
//! Never in here: counts that are not in the job's record. Whoever completes the record appends the same bytes.

use super::Store;
use super::absent::{Absent, put_if_absent};
use super::checkpoint::keep_up;
use super::commit::Done;
use super::delta::entry::{Commit, Mode, entry};
use super::delta::log::{entry_path, replay};
use super::delta::schema::schema_text;
use super::fault::StoreError;
use super::ledger::{JobRecord, RecordTable};
use super::mutant::{self, Mutant};
use super::owner::{Owner, table_id};
use super::part::{Encoder, Part, PartLimits, Parts};
use super::staging::{StagedPart, put_alone};
use crate::data::{Audience, Beyond, Class, Column, ColumnType, Name, Period, Treatment};
use crate::format::parquet_write::WriteFault;
use crate::privacy::{ColumnTreatment, Keys, redact};
use arrow::array::{ArrayRef, Date32Array, Int64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The table's folder in every store of audience `analytics`.
pub const RUNS: &str = "nightferry_runs";

const DESCRIPTION: &str = "One row for each table and night, or period of it: when its rows were read and published, and whether they agreed.";
/// Commits of other jobs that may come in between.
const ATTEMPTS_MAX: u32 = 16;

/// Column, type and what analysts are told of it.
const COLUMNS: [(&str, ColumnType, &str); 10] = [
    ("dataset", ColumnType::Text, "The table."),
    ("period_from", ColumnType::Date, "First day the night was for."),
    ("period_to", ColumnType::Date, "Last day the night was for."),
    ("extracted_at", ColumnType::Timestamptz, "When the source was read, UTC."),
    ("published_at", ColumnType::Timestamptz, "When the night was published, UTC."),
    ("verdict", ColumnType::Text, "What the comparison with the stream came to."),
    ("proof", ColumnType::Text, "How the moment of the extract was found in the stream."),
    ("rows", ColumnType::Bigint, "Rows published."),
    ("run", ColumnType::Text, "The run; each table's last commit names it as well."),
    ("version", ColumnType::Bigint, "The table's version that has these rows: versions of one run belong together."),
];

/// Appends `record`'s rows to `store`'s table, unless they are there, and says which. Stores of other audiences have none.
pub(super) async fn append(store: &Store, record: &JobRecord) -> Result<Done, StoreError> {
    let rows: Vec<&RecordTable> = record.tables.iter().filter(|table| &table.store == store.name()).collect();
    if store.audience() != Audience::Analytics || rows.is_empty() {
        return Ok(Done::Before);
    }
    let table = store.primary().child(RUNS);
    let owner = Owner { stamp: &record.stamp, job: "nightferry" };
    let mut ready = None;
    for _ in 0..ATTEMPTS_MAX {
        let state = replay(&table).await?;
        owner.check(&table, RUNS, &state)?;
        if state.transactions.contains_key(&record.run) && !mutant::is(Mutant::RunsTwice) {
            keep_up(&table, state.version.unwrap_or(0)).await;
            return Ok(Done::Before);
        }
        let (part, schema_text) = match &ready {
            Some(ready) => ready,
            None => ready.insert(upload(&table, &rows, record).await?),
        };
        let commit = Commit {
            mode: Mode::Append,
            name: RUNS,
            description: DESCRIPTION,
            schema_text: schema_text.clone(),
            configuration: owner.properties(),
            table_id: table_id(&[store.name().as_str(), RUNS, &record.run]),
            parts: std::slice::from_ref(part),
            transaction: (record.run.clone(), 0),
            info: vec![
                ("nightferry.run", Some(record.run.clone())),
                ("nightferry.job", Some(record.job.to_string())),
                ("nightferry.stamp", Some(record.stamp.clone())),
                ("nightferry.period", Some(record.period.to_string())),
                ("nightferry.sha256", Some(part.sha256.clone())),
            ],
            at_ms: record.published_at.timestamp_millis(),
        };
        let text = entry(&state, &commit).map_err(|_| encoder("writing a log entry"))?;
        let key = table.at(&entry_path(state.next_version()));
        match put_if_absent(&table, &key, text.into(), "store.put.runs").await? {
            Absent::Created | Absent::Mine => {
                keep_up(&table, state.next_version()).await;
                return Ok(Done::Now);
            }
            Absent::Other(_) => {}
        }
    }
    Err(StoreError::Outrun { job: record.job.to_string() })
}

async fn upload(
    table: &crate::access::Folder,
    rows: &[&RecordTable],
    record: &JobRecord,
) -> Result<(StagedPart, String), StoreError> {
    let part = encode(rows, record)?;
    let comment = |column: &str| COLUMNS.iter().find(|c| c.0 == column).map(|c| c.2.to_owned());
    let schema_text = schema_text(part.schema(), comment).map_err(|_| encoder("writing a schema"))?;
    let part = put_alone(table, &record.run, &part, "store.put.runs_part").await?;
    Ok((part, schema_text))
}

fn encode(rows: &[&RecordTable], record: &JobRecord) -> Result<Part, StoreError> {
    let columns = columns();
    let dataset = Name::new(RUNS).map_err(|_| encoder("naming the table"))?;
    let batch = batch(rows, record)?;
    // No column has a key of its own: nothing here is about a person.
    let redacted = redact(&batch, &columns, Audience::Analytics, &dataset, &Keys::none());
    let redacted = redacted.map_err(|_| encoder("treating the rows"))?;
    let encoder_of = Encoder::new(&redacted, &columns, &record.run, None)?;
    let mut parts = Parts::new(&encoder_of, PartLimits { rows_max: u64::MAX, bytes_max: u64::MAX });
    parts.append(encoder_of.encode(&[redacted])?)?;
    parts.finish()?.ok_or_else(|| encoder("closing the file"))
}

/// A table's row: of each of its periods, or of the night.
struct Told<'a> {
    table: &'a RecordTable,
    period: Period,
    rows: u64,
}

fn told<'a>(table: &'a RecordTable, record: &JobRecord) -> Vec<Told<'a>> {
    match table.periods.as_slice() {
        [] => vec![Told { table, period: record.period, rows: table.row.rows }],
        periods => periods.iter().map(|(period, rows)| Told { table, period: *period, rows: *rows }).collect(),
    }
}

fn batch(tables: &[&RecordTable], record: &JobRecord) -> Result<RecordBatch, StoreError> {
    let rows: Vec<Told<'_>> = tables.iter().flat_map(|table| told(table, record)).collect();
    let text = |of: &dyn Fn(&RecordTable) -> String| -> ArrayRef {
        Arc::new(StringViewArray::from_iter_values(rows.iter().map(|row| of(row.table))))
    };
    let date = |of: &dyn Fn(&Period) -> NaiveDate| -> ArrayRef {
        let days = |row: &Told<'_>| of(&row.period).signed_duration_since(NaiveDate::default()).num_days();
        Arc::new(Date32Array::from_iter_values(rows.iter().map(|row| i32::try_from(days(row)).unwrap_or(i32::MAX))))
    };
    let time = |of: &dyn Fn(&RecordTable) -> DateTime<Utc>| -> ArrayRef {
        let micros = rows.iter().map(|row| of(row.table).timestamp_micros());
        Arc::new(TimestampMicrosecondArray::from_iter_values(micros).with_timezone("UTC"))
    };
    let number = |of: &dyn Fn(&Told<'_>) -> u64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| i64::try_from(of(row)).unwrap_or(i64::MAX))))
    };
    let values: [ArrayRef; 10] = [
        text(&|row| row.dataset.to_string()),
        date(&|period| period.from),
        date(&|period| period.to),
        time(&|row| row.row.extracted_at),
        time(&|_| record.published_at),
        text(&|row| row.row.verdict.clone()),
        text(&|row| row.row.proof.clone()),
        number(&|row| row.rows),
        text(&|_| record.run.clone()),
        number(&|row| row.table.version),
    ];
    RecordBatch::try_from_iter(COLUMNS.iter().map(|column| column.0).zip(values))
        .map_err(|_| encoder("making the rows"))
}

/// Its columns: nothing here is about a person.
pub(super) fn columns() -> Vec<ColumnTreatment> {
    let column = |(name, column_type, description): &(&str, ColumnType, &str)| {
        let column = Column {
            name: Name::new(name).ok()?,
            column_type: *column_type,
            class: Class::Open,
            kind: None,
            source: vec![(*name).to_owned()],
            nullable: false,
            beyond: Beyond::Error,
            unit: None,
            description: Some((*description).to_owned()),
            references: None,
            treat: BTreeMap::new(),
            not_personal: BTreeMap::new(),
        };
        Some(ColumnTreatment { column, treatment: Treatment::Keep })
    };
    COLUMNS.iter().filter_map(column).collect()
}

fn encoder(during: &'static str) -> StoreError {
    StoreError::Encode { dataset: RUNS.to_owned(), fault: WriteFault::Encoder(during) }
}
