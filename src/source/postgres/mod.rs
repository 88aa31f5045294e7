//! PostgreSQL: one connection, one REPEATABLE READ READ ONLY transaction for the whole job, COPY out. The only sqlx.
//!
//! ```text
//! connect.rs  TLS, login, the transaction and its moment
//! catalog.rs  columns, types, tables rewritten since the moment
//! select.rs   the SQL that is sent
//! fault.rs    the driver's errors -> ours
//! ```
//!
//! What shows that an extract is whole: the binary COPY's own end mark (checked in `pgcopy`), and that the driver ends
//! the stream without error only after CopyDone, CommandComplete and ReadyForQuery. It keeps the number in
//! `COPY n` to itself; the end mark is written by the server after its last row, and a server that is stopped writes none.
//!
//! Never in here: a second connection (it would show another moment), and anything that writes.

mod catalog;
mod connect;
mod fault;
mod select;

use super::pgcopy::{CopyColumn, CopyFault, CopyLimits, CopyReader};
use super::{Extraction, RawBatch, Source, SourceError};
use crate::data::drift::{Drift, FoundColumn, match_columns};
use crate::data::{Column, Extract, Name, Origin, Rows};
use crate::job::{Limits, PostgresSpec};
use bytes::Bytes;
use catalog::SourceColumn;
pub use connect::Login;
use fault::{During, fault};
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt, TryFutureExt};
use sqlx::PgConnection;
use std::time::Duration;

/// Bytes of COPY in a batch: wide rows end a batch before `batch_rows_max` does.
const BATCH_BYTES_MAX: usize = 16 << 20;

/// Longest silence of a server that is asked for rows. A sort of a large table may take long before its first row.
const SILENCE_SECONDS_MAX: u64 = 30 * 60;

/// A PostgreSQL database at one moment.
pub struct PostgresSource {
    name: Name,
    connection: PgConnection,
    origin: Origin,
    cell_bytes_max: usize,
    /// An extract was begun and not read to its end. The driver cannot skip what is still on the line, and a new connection
    /// would show another moment, so nothing more can be read.
    unfinished: bool,
}

impl PostgresSource {
    /// Connects as the environment says, over TLS with the server's certificate and name verified, and fixes the moment.
    ///
    /// Errors: [`SourceError::Away`], [`SourceError::Refused`] (login, TLS), [`SourceError::NotThere`] (database).
    pub async fn open(name: &Name, spec: &PostgresSpec, login: &Login, limits: &Limits) -> Result<Self, SourceError> {
        let (connection, origin) = connect::connect(name, spec, login).await?;
        let cell_bytes_max = limits.cell_bytes_max;
        Ok(PostgresSource { name: name.clone(), connection, origin, cell_bytes_max, unfinished: false })
    }

    /// Everything before the first row: the author's SQL as it will be sent, prepared and planned.
    async fn ready(&mut self, extract: &Extract) -> Result<Ready, SourceError> {
        let what = what(&extract.rows);
        let during = during(&extract.rows, &what);
        if self.unfinished {
            let during = format!("reading {what}: an extract before it was left unfinished");
            return Err(SourceError::Away { from: self.name.clone(), during, answer: None });
        }
        let away = |error: sqlx::Error| fault(&self.name, &error, during);
        let connection = &mut self.connection;
        let found = match &extract.rows {
            Rows::Table { table, .. } => {
                let found = catalog::columns(connection, table).await.map_err(away)?;
                if found.is_empty() {
                    let tables = catalog::tables(connection, table).await.map_err(away)?;
                    return Err(no_table(&what, &table.schema, &tables));
                }
                found
            }
            Rows::Query { sql, .. } => catalog::query_columns(connection, sql).await.map_err(away)?,
        };
        let (names, withheld) = choose(&found, extract, &what)?;
        let select = select::select(&names, &extract.rows);
        let select = match &extract.within {
            Some(within) => within.select(&select, &select::quoted(name_of(&within.by, &names, extract, &what)?)),
            None => select,
        };
        let select = match &extract.since {
            Some(since) => since.select(&select, &select::quoted(name_of(&since.by, &names, extract, &what)?)),
            None => select,
        };
        let prepared = catalog::prepared(connection, &select).await.map_err(away)?;
        let columns = copy_columns(&prepared, extract, &what)?;
        catalog::planned(connection, &select).await.map_err(away)?;
        if let Some(table) = catalog::rewritten(connection).await.map_err(away)? {
            let during = format!("reading {what}: {table} was emptied or rewritten since the snapshot");
            return Err(SourceError::Away { from: self.name.clone(), during, answer: None });
        }
        Ok(Ready { what, select, columns, withheld })
    }

    async fn start<'a>(&'a mut self, extract: &'a Extract) -> Result<Extraction<'a>, SourceError> {
        let Ready { what, select, columns, withheld } = self.ready(extract).await?;
        let limits = CopyLimits {
            batch_rows_max: extract.batch_rows_max,
            batch_bytes_max: BATCH_BYTES_MAX,
            cell_bytes_max: self.cell_bytes_max,
        };
        let reader = CopyReader::new(&columns, limits).ok_or_else(|| changed(&what))?;
        self.unfinished = true;
        let away = |error: sqlx::Error| fault(&self.name, &error, during(&extract.rows, &what));
        let messages = self.connection.copy_out_raw(&select::copy(&select)).await.map_err(away)?;
        let unfinished = &mut self.unfinished;
        let reading = Reading { messages, reader, name: &self.name, what, is_sql: is_sql(&extract.rows), unfinished };
        let batches = stream::try_unfold(Some(reading), |reading| async move {
            let Some(mut reading) = reading else { return Ok(None) };
            Ok(match reading.batch().await? {
                Step::Batch(batch) => Some((batch, Some(reading))),
                Step::Last(batch) => batch.map(|batch| (batch, None)),
            })
        });
        Ok(Extraction { withheld, batches: batches.boxed() })
    }
}

impl Source for PostgresSource {
    fn origin(&self) -> &Origin {
        &self.origin
    }

    fn extract<'a>(&'a mut self, extract: &'a Extract) -> BoxFuture<'a, Result<Extraction<'a>, SourceError>> {
        self.start(extract).boxed()
    }

    fn look<'a>(&'a mut self, extract: &'a Extract) -> BoxFuture<'a, Result<(), SourceError>> {
        self.ready(extract).map_ok(|_| ()).boxed()
    }
}

/// An extract that could start.
struct Ready {
    what: String,
    select: String,
    columns: Vec<CopyColumn>,
    withheld: Vec<String>,
}

/// The source's names of the wanted columns, and what is withheld.
fn choose<'a>(
    found: &'a [SourceColumn],
    extract: &Extract,
    what: &str,
) -> Result<(Vec<&'a str>, Vec<String>), SourceError> {
    let declared = |name: &str| {
        let is_it = |column: &&Column| column.is_spelt(name) || column.name.as_str() == name;
        extract.schema.columns.iter().find(is_it).map(|column| column.column_type)
    };
    let columns: Vec<_> = found
        .iter()
        .map(|column| {
            let reads = declared(&column.name).is_none_or(|to| column.wire.is_some_and(|wire| wire.reads_as(to)));
            FoundColumn { name: column.name.clone(), unreadable: (!reads).then(|| column.word.clone()) }
        })
        .collect();
    let matched = match_columns(&columns, &extract.schema, &extract.columns).map_err(|drift| drifted(what, &drift))?;
    Ok((matched.places.iter().map(|place| found[*place].name.as_str()).collect(), matched.withheld))
}

/// The source's name of a wanted column.
fn name_of<'a>(wanted: &Name, names: &[&'a str], extract: &Extract, what: &str) -> Result<&'a str, SourceError> {
    let place = extract.columns.iter().position(|column| column == wanted);
    place.and_then(|place| names.get(place).copied()).ok_or_else(|| changed(what))
}

/// The columns as they will come: types once more, now that the tables are locked.
fn copy_columns(prepared: &[SourceColumn], extract: &Extract, what: &str) -> Result<Vec<CopyColumn>, SourceError> {
    let mut drift = Drift::default();
    let mut columns = Vec::with_capacity(prepared.len());
    for (name, found) in extract.columns.iter().zip(prepared) {
        let Some(column) = extract.schema.column(name.as_str()) else { return Err(changed(what)) };
        match found.wire.filter(|wire| wire.reads_as(column.column_type)) {
            Some(wire) => columns.push(CopyColumn { name: name.to_string(), wire, declared: column.column_type }),
            None => drift.retyped.push((name.to_string(), found.word.clone(), column.column_type.to_string())),
        }
    }
    if drift == Drift::default() { Ok(columns) } else { Err(drifted(what, &drift)) }
}

/// A COPY under way.
struct Reading<'a> {
    messages: BoxStream<'a, Result<Bytes, sqlx::Error>>,
    reader: CopyReader,
    name: &'a Name,
    what: String,
    is_sql: bool,
    unfinished: &'a mut bool,
}

enum Step {
    Batch(RawBatch),
    Last(Option<RawBatch>),
}

impl Reading<'_> {
    async fn batch(&mut self) -> Result<Step, SourceError> {
        loop {
            if let Some(batch) = self.reader.batch().map_err(|fault| self.damaged(&fault))? {
                return Ok(Step::Batch(batch));
            }
            match self.message().await? {
                Some(message) => self.reader.feed(message).map_err(|fault| self.damaged(&fault))?,
                None => {
                    let last = self.reader.finish().map_err(|fault| self.damaged(&fault))?;
                    *self.unfinished = false;
                    return Ok(Step::Last(last));
                }
            }
        }
    }

    async fn message(&mut self) -> Result<Option<Bytes>, SourceError> {
        // Most messages are here already; a timer for each of millions would cost as much as reading it.
        let message = match self.messages.next().now_or_never() {
            Some(message) => message,
            None => {
                let silence = Duration::from_secs(SILENCE_SECONDS_MAX);
                let waited = tokio::time::timeout(silence, self.messages.next()).await;
                let during = format!("reading {}: nothing came for {} s", self.what, silence.as_secs());
                waited.map_err(|_| SourceError::Away { from: self.name.clone(), during, answer: None })?
            }
        };
        message.transpose().map_err(|error| {
            let during = if self.is_sql { During::Sql(&self.what) } else { During::Table(&self.what) };
            fault(self.name, &error, during)
        })
    }

    fn damaged(&self, fault: &CopyFault) -> SourceError {
        SourceError::Corrupt { object: self.what.clone(), fault: fault.fault.into(), row: Some(fault.row) }
    }
}

/// The table or query file, for messages.
fn what(rows: &Rows) -> String {
    match rows {
        Rows::Table { table, .. } => table.to_string(),
        Rows::Query { file, .. } => file.clone(),
    }
}

fn during<'a>(rows: &Rows, what: &'a str) -> During<'a> {
    if is_sql(rows) { During::Sql(what) } else { During::Table(what) }
}

fn is_sql(rows: &Rows) -> bool {
    !matches!(rows, Rows::Table { filter: None, .. })
}

fn drifted(what: &str, drift: &Drift) -> SourceError {
    SourceError::Drift { table: what.to_owned(), drift: drift.to_string() }
}

fn changed(what: &str) -> SourceError {
    SourceError::Drift { table: what.to_owned(), drift: "its columns changed while they were being read".into() }
}

fn no_table(what: &str, schema: &str, tables: &[String]) -> SourceError {
    let hint = match tables {
        [] => format!("there is no table in a schema `{schema}`"),
        tables => {
            let names: Vec<_> = tables.iter().map(|table| format!("`{table}`")).collect();
            format!("`{schema}` has {}", names.join(", "))
        }
    };
    SourceError::NotThere { what: format!("table {what}"), hint: Some(hint) }
}
