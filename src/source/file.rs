//! Extracts that somebody else made: Parquet, CSV and JSON lines, packed or not, in a folder of any store.
//!
//! The table `settlements.invoice` is `<folder>/settlements.invoice.<parquet|csv|jsonl>[.gz|.zst]`, or every such object in
//! `<folder>/settlements.invoice/`, in the order of their names. `<folder>/extract.json` says what moment the files show;
//! without it only the objects' own times are known. `where` and `query` are run by Polars SQL over whole tables.
//!
//! Never in here: what the cells mean; text is read by the schema later.

use super::fault::{BUCKET, fault};
use super::{Extraction, RawBatch, Source, SourceError};
use crate::access::Folder;
use crate::data::drift::{FoundColumn, Matched, match_columns};
use crate::data::{Column, Extract, Name, Origin, PgSnapshot, Rows, Schema, TableName};
use crate::format::compression::Compression;
use crate::format::{DECODED_BYTES_MAX, FormatFault, Opened, csv, jsonl, parquet_read};
use crate::frame;
use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema as ArrowSchema, SchemaRef};
use bytes::Bytes;
use chrono::DateTime;
use futures::future::BoxFuture;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::{ObjectMeta, ObjectStoreExt};
use std::sync::Arc;

/// Packed bytes of one object, at most.
const OBJECT_BYTES_MAX: u64 = 2 << 30;

/// Says what moment the files beside it show.
const MOMENT: &str = "extract.json";

/// A folder of extracts.
pub struct Files {
    name: Name,
    folder: Folder,
    objects: Vec<ObjectMeta>,
    origin: Origin,
}

/// `extract.json`.
#[derive(serde::Deserialize)]
struct Moment {
    extracted_at: String,
    snapshot: Option<String>,
    server_version: Option<String>,
}

impl Files {
    /// Lists the folder and reads its `extract.json`.
    pub async fn open(name: &Name, folder: Folder) -> Result<Self, SourceError> {
        let listed = folder.store().list(Some(&folder.at(""))).try_collect::<Vec<_>>().await;
        let mut objects = listed.map_err(|error| fault(name, "listing its files", BUCKET, &error))?;
        objects.sort_by(|one, other| one.location.cmp(&other.location));
        if objects.is_empty() {
            return Err(SourceError::NotThere { what: format!("any file of source `{name}`"), hint: None });
        }
        let mut files = Files {
            name: name.clone(),
            folder,
            origin: Origin {
                extracted_at: objects.iter().map(|object| object.last_modified).max().unwrap_or_default(),
                snapshot: None,
                inputs: Vec::new(),
                server: None,
            },
            objects,
        };
        if let Some(about) = files.objects.iter().find(|object| files.relative(object) == MOMENT).cloned() {
            let bytes = files.read(&about).await?;
            files.learn(&bytes)?;
        }
        Ok(files)
    }

    fn learn(&mut self, bytes: &Bytes) -> Result<(), SourceError> {
        let damaged = |fault: &str| SourceError::Corrupt { object: MOMENT.into(), fault: fault.into(), row: None };
        let moment: Moment =
            serde_json::from_slice(bytes).map_err(|_| damaged("is not the JSON object that it should be"))?;
        let extracted_at = DateTime::parse_from_rfc3339(&moment.extracted_at);
        self.origin.extracted_at =
            extracted_at.map_err(|_| damaged("`extracted_at` is no moment in RFC 3339"))?.to_utc();
        if let Some(snapshot) = moment.snapshot {
            let snapshot =
                PgSnapshot::parse(&snapshot).ok_or_else(|| damaged("`snapshot` is no PostgreSQL snapshot"))?;
            self.origin.snapshot = Some(snapshot);
        }
        // A version is digits and dots; anything else is not repeated in a report.
        let is_version = |text: &String| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        self.origin.server = moment.server_version.filter(is_version).map(|version| format!("PostgreSQL {version}"));
        Ok(())
    }

    fn relative(&self, object: &ObjectMeta) -> String {
        self.folder.relative(&object.location).unwrap_or_default()
    }

    async fn read(&mut self, object: &ObjectMeta) -> Result<Bytes, SourceError> {
        let relative = self.relative(object);
        if object.size > OBJECT_BYTES_MAX {
            return Err(SourceError::Corrupt { object: relative, fault: "is larger than 2 GiB".into(), row: None });
        }
        let got = self.folder.store().get(&object.location).await;
        let away = |error| fault(&self.name, &format!("reading {relative}"), &relative, &error);
        let got = got.map_err(away)?;
        let tag = got.meta.e_tag.clone().unwrap_or_default();
        let bytes = got.bytes().await.map_err(away)?;
        if !self.origin.inputs.iter().any(|(input, _)| *input == relative) {
            self.origin.inputs.push((relative, tag));
        }
        Ok(bytes)
    }

    /// The objects that hold a table, in the order of their names.
    fn objects_of(&self, table: &TableName) -> Result<Vec<ObjectMeta>, SourceError> {
        let (single, folder) = (format!("{table}."), format!("{table}/"));
        let belongs = |object: &&ObjectMeta| {
            let relative = self.relative(object);
            let in_folder = relative.strip_prefix(&folder).is_some_and(|rest| !rest.contains('/'));
            (in_folder || relative.starts_with(&single)) && Kind::of(&relative).is_some()
        };
        let found: Vec<_> = self.objects.iter().filter(belongs).cloned().collect();
        if found.is_empty() {
            let tables = self.objects.iter().map(|object| self.relative(object)).filter_map(|path| {
                let name = path.split('/').next()?;
                let end = if path.contains('/') { name.len() } else { name.match_indices('.').nth(1)?.0 };
                name.get(..end).map(str::to_owned)
            });
            let mut tables: Vec<_> = tables.collect();
            tables.dedup();
            let hint = format!("source `{}` has {}", self.name, tables.join(", "));
            return Err(SourceError::NotThere { what: format!("the table {table}"), hint: Some(hint) });
        }
        Ok(found)
    }

    /// Opens every object of a table and finds the wanted columns in each.
    async fn table(
        &mut self,
        table: &TableName,
        schema: &Schema,
        wanted: &[Name],
    ) -> Result<(Vec<(String, Opened, Vec<usize>)>, Vec<String>), SourceError> {
        let mut opened = Vec::new();
        let mut withheld = Vec::new();
        for object in self.objects_of(table)? {
            let relative = self.relative(&object);
            let bytes = self.read(&object).await?;
            let input = open(&relative, bytes, schema).map_err(|fault| corrupt(&relative, fault))?;
            let found: Vec<_> = input.columns.iter().map(|(name, _)| found(name)).collect();
            let Matched { places, withheld: mut new } = match_columns(&found, schema, wanted)
                .map_err(|drift| SourceError::Drift { table: relative.clone(), drift: drift.to_string() })?;
            withheld.append(&mut new);
            opened.push((relative, input, places));
        }
        withheld.sort();
        withheld.dedup();
        Ok((opened, withheld))
    }

    /// The wanted columns of every row that the SQL leaves.
    async fn selected(&mut self, extract: &Extract) -> Result<Extraction<'static>, SourceError> {
        let (what, query, tables) = match &extract.rows {
            Rows::Query { file, sql } => (file.clone(), sql.clone(), self.tables_in(sql)),
            Rows::Table { table, filter } => {
                let filter = filter.as_deref().unwrap_or("true");
                (
                    format!("`where` of `{}`", extract.dataset),
                    format!("select * from \"{table}\" where {filter}"),
                    vec![table.clone()],
                )
            }
        };
        let mut frames = Vec::new();
        let (is_query, columns) = (matches!(extract.rows, Rows::Query { .. }), &extract.schema.columns);
        for table in &tables {
            // A query may name columns that its outcome lacks, so the tables below it come whole, as the files name them.
            let (schema, batches) = self.whole(table, &extract.schema, extract.batch_rows_max, is_query).await?;
            let (schema, batches) = typed(&schema, &batches, columns, is_query)?;
            frames.push((table.to_string(), schema, batches));
        }
        let names: Vec<_> = frames.iter().map(|(name, ..)| name.as_str()).collect();
        let query = if is_query { quoted(&query, &names) } else { query };
        let tables: Vec<_> = frames
            .iter()
            .map(|(name, schema, batches)| frame::Table { name, schema: schema.clone(), batches })
            .collect();
        let result = frame::sql(&tables, &query);
        let result = result.map_err(|fault| SourceError::Sql { what: what.clone(), code: fault.code().into() })?;
        let found: Vec<_> = result.schema().fields().iter().map(|field| found(field.name())).collect();
        let matched = match_columns(&found, &extract.schema, &extract.columns)
            .map_err(|drift| SourceError::Drift { table: what, drift: drift.to_string() })?;
        let rows = result.project(&matched.places).map_err(|_| SourceError::Corrupt {
            object: extract.dataset.to_string(),
            fault: "lost a column".into(),
            row: None,
        })?;
        let size = extract.batch_rows_max;
        let batches: Vec<_> = (0..rows.num_rows())
            .step_by(size.max(1))
            .map(|at| Ok(RawBatch { rows: rows.slice(at, size.min(rows.num_rows() - at)), faults: Vec::new() }))
            .collect();
        Ok(Extraction { withheld: matched.withheld, batches: stream::iter(batches).boxed() })
    }

    /// The tables that some SQL names, among those that are there.
    fn tables_in(&self, sql: &str) -> Vec<TableName> {
        let mut tables: Vec<TableName> = Vec::new();
        for object in &self.objects {
            let path = self.relative(object);
            let mut parts = path.split(['.', '/']);
            let (Some(schema), Some(table)) = (parts.next(), parts.next()) else { continue };
            let table = TableName { schema: schema.into(), table: table.into() };
            if mentions(sql, &table) && !tables.contains(&table) {
                tables.push(table);
            }
        }
        tables
    }

    /// Every column and row of a table. For a `where`, columns that the schema does not know are looked at first.
    async fn whole(
        &mut self,
        table: &TableName,
        schema: &Schema,
        batch_rows_max: usize,
        is_query: bool,
    ) -> Result<(SchemaRef, Vec<RecordBatch>), SourceError> {
        let mut batches = Vec::new();
        for object in self.objects_of(table)? {
            let relative = self.relative(&object);
            let bytes = self.read(&object).await?;
            let input = open(&relative, bytes, schema).map_err(|fault| corrupt(&relative, fault))?;
            if !is_query {
                let found: Vec<_> = input.columns.iter().map(|(name, _)| found(name)).collect();
                match_columns(&found, schema, &[])
                    .map_err(|drift| SourceError::Drift { table: relative.clone(), drift: drift.to_string() })?;
            }
            let places = (0..input.columns.len()).collect();
            for batch in input.rows(places, batch_rows_max) {
                batches.push(batch.map_err(|fault| corrupt(&relative, fault))?);
            }
        }
        let schema = batches.first().map_or_else(|| Arc::new(ArrowSchema::empty()), RecordBatch::schema);
        Ok((schema, batches))
    }
}

impl Source for Files {
    fn origin(&self) -> &Origin {
        &self.origin
    }

    fn extract<'a>(&'a mut self, extract: &'a Extract) -> BoxFuture<'a, Result<Extraction<'a>, SourceError>> {
        Box::pin(async move {
            let Rows::Table { table, filter: None } = &extract.rows else {
                return self.selected(extract).await;
            };
            let (inputs, withheld) = self.table(table, &extract.schema, &extract.columns).await?;
            let size = extract.batch_rows_max;
            let batches = inputs.into_iter().flat_map(move |(object, input, places)| {
                input.rows(places, size).map(move |batch| match batch {
                    Ok(rows) => Ok(RawBatch { rows, faults: Vec::new() }),
                    Err(fault) => Err(corrupt(&object, fault)),
                })
            });
            Ok(Extraction { withheld, batches: stream::iter(batches).boxed() })
        })
    }
}

/// The formats that a table's files may have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Parquet,
    Csv,
    JsonLines,
}

impl Kind {
    fn of(path: &str) -> Option<(Kind, Compression)> {
        let (compression, rest) = Compression::of(path);
        let kind = match rest.rsplit_once('.')?.1 {
            "parquet" => Kind::Parquet,
            "csv" => Kind::Csv,
            "jsonl" => Kind::JsonLines,
            _ => return None,
        };
        Some((kind, compression))
    }
}

fn open(path: &str, bytes: Bytes, schema: &Schema) -> Result<Opened, FormatFault> {
    let Some((kind, compression)) = Kind::of(path) else { return Err(FormatFault::new("is of no known format")) };
    let bytes = compression.unpack(bytes, DECODED_BYTES_MAX)?;
    let key: Vec<&Column> = schema.key.iter().filter_map(|name| schema.column(name.as_str())).collect();
    let holds_key = |names: &[&str]| {
        key.iter().all(|column| names.iter().any(|name| column.is_spelt(name) || column.name.as_str() == *name))
    };
    match kind {
        Kind::Parquet => parquet_read::open(bytes),
        Kind::JsonLines => jsonl::open(bytes),
        Kind::Csv => csv::open(bytes, &holds_key),
    }
}

/// The rows with text read as the schema says, for SQL that compares and computes: `where` sees the columns' declared types.
/// Columns of a query's tables that the schema does not know stay as they are.
fn typed(
    schema: &SchemaRef,
    batches: &[RecordBatch],
    columns: &[Column],
    lenient: bool,
) -> Result<(SchemaRef, Vec<RecordBatch>), SourceError> {
    let mut out = Vec::with_capacity(batches.len());
    let mut ordinal = 0;
    for batch in batches {
        let mut fields = Vec::new();
        let mut cells = Vec::new();
        for (field, values) in schema.fields().iter().zip(batch.columns()) {
            let known =
                columns.iter().find(|column| column.is_spelt(field.name()) || column.name.as_str() == field.name());
            let read = known.and_then(|column| {
                let one =
                    RecordBatch::try_from_iter_with_nullable([(field.name().as_str(), values.clone(), true)]).ok()?;
                let nullable = Column { nullable: true, ..column.clone() };
                let conformed = crate::data::conform::conform(&one, &[&nullable], ordinal, Vec::new()).ok()?;
                // A cell that cannot be read stays text: the comparison is the author's, the bad row is told later.
                conformed.bad.is_empty().then(|| conformed.rows.column(0).clone())
            });
            let values = read.unwrap_or_else(|| values.clone());
            fields.push(Field::new(field.name(), values.data_type().clone(), true));
            cells.push(values);
        }
        ordinal += batch.num_rows() as u64;
        let rows = RecordBatch::try_new(Arc::new(ArrowSchema::new(fields)), cells);
        out.push(rows.map_err(|_| SourceError::Sql { what: "a table".into(), code: "shape".into() })?);
    }
    let schema = out.first().map_or_else(|| schema.clone(), RecordBatch::schema);
    if out.iter().any(|batch| batch.schema() != schema) {
        let code = if lenient { "types_differ" } else { "bad_cells" };
        return Err(SourceError::Sql { what: "a table whose files differ in type".into(), code: code.into() });
    }
    Ok((schema, out))
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

fn found(name: &str) -> FoundColumn {
    FoundColumn { name: name.to_owned(), unreadable: None }
}

fn corrupt(object: &str, fault: FormatFault) -> SourceError {
    SourceError::Corrupt { object: object.to_owned(), fault: fault.fault, row: fault.row }
}
