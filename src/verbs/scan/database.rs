//! Tables of a PostgreSQL source, or what a query gives -> the same look that files get: every cell, at one moment, by the reader of `run`.
//!
//! The role is looked at as before a night: one that may do more than read is refused. Never in here: a password of the command line.

use super::super::files;
use super::super::walk::login;
use super::look::{Look, Scanned};
use super::nested;
use super::rows::Batch;
use crate::data::{Column, Extract, Name, OnNewColumn, Rows, Schema};
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::job::{self, Environment, PostgresSpec, SourceSpec};
use crate::privacy::Engine;
use crate::problem::Problems;
use crate::source::{
    FoundTable, Login, PostgresSource, ReadableColumn, Source, SourceError, Wanted, described, survey,
};
use crate::world::{Project, World, compute};
use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema as ArrowSchema};
use futures::StreamExt;
use std::path::Path;
use std::sync::Arc;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Database {
    /// The environment's name.
    pub environment: String,
    /// The source's.
    pub source: Name,
    /// These tables, as `table` or `schema.table`; all of them where there is none.
    pub tables: Vec<String>,
    /// The rows that the SELECT of this file gives, instead.
    pub query: Option<String>,
}

impl Database {
    /// What the result calls it.
    pub fn told(&self) -> String {
        match (&self.query, &self.tables[..]) {
            (Some(file), _) => format!("{file} at {}", self.source),
            (None, []) => self.source.to_string(),
            (None, tables) => format!("{} of {}", tables.join(", "), self.source),
        }
    }
}

/// Something to read: what it is called, which rows, and its columns.
struct Part {
    told: String,
    rows: Rows,
    columns: Vec<ReadableColumn>,
    unread: Vec<(String, Option<String>)>,
}

/// Looks at every cell of what is asked for.
pub async fn look(asked: &Database, engine: &'static Engine, wants_spans: bool) -> Result<Scanned, Failure> {
    let project = files::project(Path::new("jobs"))?;
    let environment = load(&project, &asked.environment)?;
    let spec = spec(&environment, &asked.source)?;
    let login = login(&asked.source, spec, project.root()).await?;
    let parts = parts(asked, spec, &login).await?;
    let is_of_several = parts.len() > 1;
    let unread = unread(&parts, is_of_several);
    let parts: Vec<Part> = parts.into_iter().filter(|part| !part.columns.is_empty()).collect();
    let extracts: Vec<Extract> = parts.iter().enumerate().map(extract).collect::<Result<_, _>>()?;
    let opened = PostgresSource::open(&asked.source, spec, &login, &environment.limits).await;
    let mut source = opened.map_err(|error| Failure::source(&error, Phase::Open))?;
    source.tell_what_comes(&extracts.iter().collect::<Vec<_>>());
    let (mut look, mut cells_unread) = (Look::new(engine, wants_spans), 0);
    for (file, (part, extract)) in parts.iter().zip(&extracts).enumerate() {
        let away = |error: SourceError| Failure::source(&error, Phase::Extract);
        let mut extraction = source.extract(extract).await.map_err(away)?;
        let (table, mut first) = (if is_of_several { part.told.clone() } else { String::new() }, 0);
        while let Some(batch) = extraction.batches.next().await {
            let batch = batch.map_err(away)?;
            cells_unread += batch.faults.len() as u64;
            let (rows, named, table) =
                (batch.rows.num_rows() as u64, named(&batch.rows, &part.columns)?, table.clone());
            look = compute(move || {
                look.take(file, &table, &Batch { leaves: nested::of_columns(&named), first, rows });
                look
            })
            .await;
            first += rows;
        }
    }
    let mut scanned = look.finish(parts.iter().map(|part| part.told.clone()).collect());
    scanned.cells_unread = cells_unread;
    scanned.unread.extend(unread);
    Ok(scanned)
}

fn load(project: &Project, environment: &str) -> Result<Environment, Failure> {
    let mut problems = Problems::default();
    let read = |name: &str| project.read(name).map_err(|fault| fault.to_string());
    let environment = job::load_environment(environment, &read, &World::variable, &mut problems);
    match environment {
        Some(environment) if problems.is_empty() => Ok(environment),
        _ => Err(files::invalid(problems)),
    }
}

fn spec<'a>(environment: &'a Environment, source: &Name) -> Result<&'a PostgresSpec, Failure> {
    let what = match environment.sources.get(source) {
        Some(SourceSpec::Postgres(spec)) => return Ok(spec),
        Some(_) => format!("source `{source}` is no PostgreSQL database: scan its files by their path"),
        None => {
            let known: Vec<_> = environment.sources.keys().map(|name| format!("`{name}`")).collect();
            format!("there is no source `{source}`; hint: `{}` has {}", environment.name, known.join(", "))
        }
    };
    Err(Failure::new(ending::NOT_THERE, Phase::Files, what))
}

async fn parts(asked: &Database, spec: &PostgresSpec, login: &Login) -> Result<Vec<Part>, Failure> {
    let away = |error: SourceError| Failure::source(&error, Phase::Open);
    let not_there = |what: String| Failure::new(ending::NOT_THERE, Phase::Files, what);
    if let Some(file) = &asked.query {
        let sql = std::fs::read_to_string(file).map_err(|_| not_there(format!("the query `{file}` cannot be read")))?;
        let (columns, unread) = described(&asked.source, spec, login, file, &sql).await.map_err(away)?;
        let rows = Rows::Query { file: file.clone(), sql };
        return Ok(vec![Part { told: file.clone(), rows, columns, unread }]);
    }
    let wanted = Wanted { schemas: Vec::new(), tables: asked.tables.clone() };
    let found = survey(&asked.source, spec, login, &wanted).await.map_err(away)?;
    // A look that leaves a table out would say that nothing is there.
    if found.forbidden > 0 {
        let what = format!(
            "{} of the tables asked for may not be read by the role: name others, or grant it",
            found.forbidden
        );
        return Err(Failure::new(ending::REFUSED, Phase::Open, what));
    }
    for table in &asked.tables {
        let is_it = |found: &FoundTable| {
            found.name.table == *table || format!("{}.{}", found.name.schema, found.name.table) == *table
        };
        if !found.tables.iter().any(is_it) {
            return Err(not_there(format!("there is no table `{table}` in source `{}`", asked.source)));
        }
    }
    if found.tables.is_empty() {
        return Err(not_there(format!("there is no table in source `{}`", asked.source)));
    }
    let part = |table: FoundTable| Part {
        told: format!("{}.{}", table.name.schema, table.name.table),
        rows: Rows::Table { table: table.name, filter: None },
        columns: table.columns,
        unread: table.unreadable,
    };
    Ok(found.tables.into_iter().map(part).collect())
}

/// A part as an extract: every column under a name of ours, since those of a database may be anything.
fn extract((number, part): (usize, &Part)) -> Result<Extract, Failure> {
    let name = |text: String| {
        Name::new(&text).map_err(|_| Failure::new(ending::NOT_THERE, Phase::Files, "a column has no name of ours"))
    };
    let columns = part.columns.iter().enumerate().map(|(place, found)| {
        let column = Column::plain(name(format!("scanned_column_{place}"))?, found.column_type);
        Ok(Column { source: vec![found.name.clone()], ..column })
    });
    let columns = columns.collect::<Result<Vec<_>, Failure>>()?;
    let names: Vec<Name> = columns.iter().map(|column| column.name.clone()).collect();
    let dataset = name(format!("scanned_{number}"))?;
    let schema = Schema {
        name: dataset.clone(),
        description: String::new(),
        key: names.first().cloned().into_iter().collect(),
        on_new_column: OnNewColumn::Withhold,
        suppress_rows: Default::default(),
        risk: Default::default(),
        small_cells: Default::default(),
        columns,
    };
    Ok(Extract {
        dataset,
        rows: part.rows.clone(),
        within: None,
        since: None,
        schema: Arc::new(schema),
        columns: names,
        batch_rows_max: BATCH_ROWS_MAX,
    })
}

/// Rows of a batch, at most.
const BATCH_ROWS_MAX: usize = 16_384;

/// The rows under the names of the database.
fn named(rows: &RecordBatch, columns: &[ReadableColumn]) -> Result<RecordBatch, Failure> {
    let schema = rows.schema();
    let named = schema
        .fields()
        .iter()
        .zip(columns)
        .map(|(field, column)| Field::new(&column.name, field.data_type().clone(), true));
    let schema = Arc::new(ArrowSchema::new(named.collect::<Vec<_>>()));
    RecordBatch::try_new(schema, rows.columns().to_vec())
        .map_err(|_| Failure::new(ending::SCAN_CORRUPT, Phase::Extract, "rows do not have the columns asked for"))
}

fn unread(parts: &[Part], is_of_several: bool) -> Vec<(String, String)> {
    let of_part = |part: &Part| {
        let told = if is_of_several { format!("{}.", part.told) } else { String::new() };
        let unread = part.unread.iter().map(move |(name, word)| {
            let why = word.as_ref().map(|word| format!("of type {word}"));
            (format!("{told}{name}"), why.unwrap_or_else(|| "the role may not read it".to_owned()))
        });
        unread.collect::<Vec<_>>()
    };
    parts.iter().flat_map(of_part).collect()
}
