//! `where` and `query` of a job over files: whole tables in memory, run by Polars SQL.
//!
//! Never in here: which objects hold a table (`names.rs`), and the engine's own words.

use super::within::OfPeriod;
use super::{Files, Input, corrupt, found};
use crate::data::drift::match_columns;
use crate::data::{Column, Extract, Filter, Literal, Room, Rows, TableName};
use crate::format::Opened;
use crate::frame::{self, SqlFault};
use crate::source::{Extraction, RawBatch, SourceError, SqlRefusal};
use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema as ArrowSchema, SchemaRef};
use futures::{StreamExt, stream};
use std::sync::Arc;

/// What of the tables is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    /// Every row.
    Rows,
    /// What columns there are: the SQL is run over none of the rows.
    Columns,
}

impl Files {
    /// The wanted columns of every row that the SQL leaves.
    pub(super) async fn selected(
        &mut self,
        extract: &Extract,
        reads: Reads,
    ) -> Result<Extraction<'static>, SourceError> {
        let (what, query, tables) = match &extract.rows {
            Rows::Query { file, sql } => (file.clone(), sql.clone(), self.tables_in(sql)),
            Rows::Table { table, filter } => {
                let condition = filter.as_ref().map_or_else(|| "true".to_owned(), Filter::frames);
                (
                    format!("`where` of `{}`", extract.dataset),
                    format!("select * from \"{table}\" where {condition}"),
                    vec![table.clone()],
                )
            }
        };
        let is_query = matches!(extract.rows, Rows::Query { .. });
        let parameters = match &extract.rows {
            Rows::Table { filter: Some(filter), .. } => filter.columns(),
            _ => Vec::new(),
        };
        let asked = Asked { what: &what, reads, is_query };
        let (mut frames, mut room) = (Vec::new(), Room::new(self.tables_bytes_max));
        for table in &tables {
            // A query may name columns that its outcome lacks, so the tables below it come whole, as the files name them.
            let (schema, batches) = self.whole(table, extract, &asked, &mut room).await?;
            let (schema, batches) = with_values(&schema, &batches, &parameters).ok_or_else(|| clash(&what))?;
            frames.push((table.to_string(), schema, batches));
        }
        let names: Vec<_> = frames.iter().map(|(name, ..)| name.as_str()).collect();
        let query = if is_query { quoted(&query, &names) } else { query };
        let tables: Vec<_> = frames
            .iter()
            .map(|(name, schema, batches)| frame::Table { name, schema: schema.clone(), batches })
            .collect();
        let result = frame::sql(&tables, &query);
        let result = result.map_err(|fault| refused(&what, SqlRefusal::Frames(fault)))?;
        let result = without_values(result, &parameters).ok_or_else(|| clash(&what))?;
        room.take(&result).map_err(|no_room| SourceError::Memory { what: what.clone(), no_room })?;
        let found: Vec<_> = result.schema().fields().iter().map(|field| found(field.name())).collect();
        let matched = match_columns(&found, &extract.schema, &extract.columns)
            .map_err(|drift| SourceError::Drift { table: what, drift: drift.to_string() })?;
        let rows = result.project(&matched.places).map_err(|_| SourceError::Corrupt {
            object: extract.dataset.to_string(),
            fault: "lost a column".into(),
            row: None,
        })?;
        let rows = match OfPeriod::of(extract) {
            Some(period) => period.of_these(&rows).map_err(|fault| corrupt(extract.dataset.as_str(), fault))?,
            None => rows,
        };
        let size = extract.batch_rows_max;
        let batches: Vec<_> = (0..rows.num_rows())
            .step_by(size.max(1))
            .map(|at| Ok(RawBatch { rows: rows.slice(at, size.min(rows.num_rows() - at)), faults: Vec::new() }))
            .collect();
        Ok(Extraction { withheld: matched.withheld, rows_expected: None, batches: stream::iter(batches).boxed() })
    }

    /// The tables that some SQL names, among those that are there.
    fn tables_in(&self, sql: &str) -> Vec<TableName> {
        let mut tables: Vec<TableName> = Vec::new();
        for table in self.form.tables(&self.objects) {
            if mentions(sql, &table) && !tables.contains(&table) {
                tables.push(table);
            }
        }
        tables
    }

    /// Every column and row of a table, text read as the schema says. For a `where`, columns that the schema does not know are looked at first.
    async fn whole(
        &mut self,
        table: &TableName,
        extract: &Extract,
        asked: &Asked<'_>,
        room: &mut Room,
    ) -> Result<(SchemaRef, Vec<RecordBatch>), SourceError> {
        let schema = &extract.schema;
        let (mut batches, mut empty, mut ordinal) = (Vec::new(), None, 0);
        for part in self.parts_of(table)? {
            let Input { at, found, opened: input } = self.open_part(table, &part, schema).await?;
            if !asked.is_query {
                match_columns(&found, schema, &[])
                    .map_err(|drift| SourceError::Drift { table: at.clone(), drift: drift.to_string() })?;
            }
            empty.get_or_insert_with(|| without_rows(&input));
            if asked.reads == Reads::Columns {
                continue;
            }
            let places = (0..input.columns.len()).collect();
            for batch in input.rows(places, extract.batch_rows_max) {
                let batch = batch.map_err(|fault| corrupt(&at, fault))?;
                let batch = typed(&batch, ordinal, &schema.columns, asked.what)?;
                room.take(&batch).map_err(|no_room| SourceError::Memory { what: asked.what.into(), no_room })?;
                ordinal += batch.num_rows() as u64;
                batches.push(batch);
            }
        }
        // SQL over a table without rows is held against its columns all the same.
        if let (true, Some(empty)) = (batches.is_empty(), empty) {
            batches.push(typed(&empty, 0, &schema.columns, asked.what)?);
        }
        let schema = batches.first().map_or_else(|| Arc::new(ArrowSchema::empty()), RecordBatch::schema);
        if batches.iter().any(|batch| batch.schema() != schema) {
            return Err(refused(asked.what, SqlRefusal::Mixed));
        }
        Ok((schema, batches))
    }
}

/// A table with a column beside its own for each parameter of the `where`: a value is bound, not written into the SQL.
/// `None` where the table has a column of such a name.
fn with_values(
    schema: &SchemaRef,
    batches: &[RecordBatch],
    parameters: &[(String, &Literal)],
) -> Option<(SchemaRef, Vec<RecordBatch>)> {
    let has = |name: &String| schema.column_with_name(name).is_some();
    if parameters.iter().any(|(name, _)| has(name)) {
        return None;
    }
    let values = |rows: usize| parameters.iter().map(move |(name, literal)| (name, literal.column(rows)));
    let beside = values(0).map(|(name, cells)| Field::new(name, cells.data_type().clone(), true));
    let fields = schema.fields().iter().map(|field| field.as_ref().clone()).chain(beside);
    let schema = Arc::new(ArrowSchema::new(fields.collect::<Vec<_>>()));
    let wider = |batch: &RecordBatch| {
        let cells = batch.columns().iter().cloned().chain(values(batch.num_rows()).map(|(_, cells)| cells));
        RecordBatch::try_new(schema.clone(), cells.collect()).ok()
    };
    let batches = batches.iter().map(wider).collect::<Option<_>>()?;
    Some((schema, batches))
}

/// The table's own columns.
fn without_values(rows: RecordBatch, parameters: &[(String, &Literal)]) -> Option<RecordBatch> {
    let schema = rows.schema();
    let is_own = |place: &usize| parameters.iter().all(|(name, _)| name != schema.field(*place).name());
    rows.project(&(0..rows.num_columns()).filter(is_own).collect::<Vec<_>>()).ok()
}

fn clash(what: &str) -> SourceError {
    refused(what, SqlRefusal::Frames(SqlFault::Column))
}

/// What is asked of whole tables.
struct Asked<'a> {
    /// Query file or `where`, for messages.
    what: &'a str,
    reads: Reads,
    is_query: bool,
}

fn without_rows(input: &Opened) -> RecordBatch {
    let fields = input.columns.iter().map(|(name, kind)| Field::new(name, kind.clone(), true));
    RecordBatch::new_empty(Arc::new(ArrowSchema::new(fields.collect::<Vec<_>>())))
}

/// Rows from `ordinal` on, with text read as the schema says, for SQL that compares and computes: `where` sees the columns'
/// declared types. Columns that the schema does not know stay as they are.
fn typed(batch: &RecordBatch, ordinal: u64, columns: &[Column], what: &str) -> Result<RecordBatch, SourceError> {
    let mut fields = Vec::new();
    let mut cells = Vec::new();
    for (field, values) in batch.schema().fields().iter().zip(batch.columns()) {
        let known = columns.iter().find(|column| column.is_spelt(field.name()) || column.name.as_str() == field.name());
        let read = known.and_then(|column| {
            let one = RecordBatch::try_from_iter_with_nullable([(field.name().as_str(), values.clone(), true)]).ok()?;
            let nullable = Column { nullable: true, ..column.clone() };
            let conformed = crate::data::conform::conform(&one, &[&nullable], ordinal, Vec::new()).ok()?;
            // A cell that cannot be read stays text: the comparison is the author's, the bad row is told later.
            conformed.bad.is_empty().then(|| conformed.rows.column(0).clone())
        });
        let values = read.unwrap_or_else(|| values.clone());
        fields.push(Field::new(field.name(), values.data_type().clone(), true));
        cells.push(values);
    }
    let rows = RecordBatch::try_new(Arc::new(ArrowSchema::new(fields)), cells);
    rows.map_err(|_| refused(what, SqlRefusal::Frames(SqlFault::Failed)))
}

fn refused(what: &str, refusal: SqlRefusal) -> SourceError {
    SourceError::Sql { what: what.to_owned(), refusal }
}

/// `settlements.invoice` and `"settlements"."invoice"` as the one name that the engine knows: `"settlements.invoice"`.
fn quoted(sql: &str, tables: &[&str]) -> String {
    let mut sql = sql.to_owned();
    for name in tables {
        let (schema, table) = name.split_once('.').unwrap_or(("", name));
        for spelling in
            [format!("\"{schema}\".\"{table}\""), format!("{schema}.\"{table}\""), format!("{schema}.{table}")]
        {
            sql = replace_word(&sql, &spelling, &format!("\"{name}\""));
        }
    }
    sql
}

fn mentions(sql: &str, table: &TableName) -> bool {
    let (schema, table) = (&table.schema, &table.table);
    [format!("\"{schema}\".\"{table}\""), format!("{schema}.\"{table}\""), format!("{schema}.{table}")]
        .iter()
        .any(|spelling| replace_word(sql, spelling, "") != sql)
}

/// Replaces `word` where it does not stand inside a longer name.
fn replace_word(text: &str, word: &str, by: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '.' || c == '"';
    while let Some(at) = rest.find(word) {
        let (before, after) = (&rest[..at], &rest[at + word.len()..]);
        let alone =
            !before.ends_with(is_part) && !after.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '"');
        out.push_str(before);
        out.push_str(if alone { by } else { word });
        rest = after;
    }
    out.push_str(rest);
    out
}
