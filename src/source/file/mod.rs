//! Extracts that somebody else made, in a folder of any store: files by the tables' names, an RDS snapshot export, a dump.
//!
//! ```text
//! form.rs        which of the three a folder is, and what each of them answers
//! named.rs       Parquet, CSV, JSON lines and COPY text, packed or not; names.rs: which objects hold a table
//! rds_export.rs  what AWS writes: rds_info.rs, rds_layout.rs, rds_types.rs
//! pg_dump.rs     what `pg_dump -Fd` writes
//! sql.rs         `where` and `query`, run by Polars SQL over whole tables
//! within.rs      the rows of one period
//! ```
//!
//! Never in here: what the cells mean; text is read by the schema later.

mod form;
mod named;
mod names;
mod pg_dump;
mod rds_export;
mod rds_info;
mod rds_layout;
mod rds_types;
mod sql;
mod within;

use super::fault::{BUCKET, fault};
use super::{Extraction, RawBatch, Source, SourceError, objects};
use crate::access::Folder;
use crate::data::drift::{FoundColumn, Matched, match_columns};
use crate::data::{Extract, Name, Origin, Rows, Schema, TableName};
use crate::format::pieces::Pieces;
use crate::format::ranged::Ranged;
use crate::format::spill::Aside;
use crate::format::{FormatFault, Opened};
use bytes::Bytes;
use form::Form;
pub use form::Layout;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::{GetOptions, GetRange, ObjectMeta};
use sql::Reads;
use std::sync::Arc;
use within::OfPeriod;

/// Bytes of an object that are fetched at once.
const FETCH_BYTES: u64 = 8 << 20;

/// Bytes of an object that tells of others, at most: the contents of a dump of a hundred thousand tables.
const NAMED_BYTES_MAX: usize = 256 << 20;

/// Tables named in a hint, at most.
const HINT_TABLES_MAX: usize = 20;

/// A folder of extracts.
pub struct Files {
    name: Name,
    folder: Folder,
    /// By their names in the folder, in the order of these.
    objects: Vec<(String, ObjectMeta)>,
    form: Form,
    origin: Origin,
    tables_bytes_max: u64,
    aside: Aside,
}

/// A part of a table.
#[derive(Debug)]
enum Part {
    Object(ObjectMeta),
    /// The table has no rows, so that no object holds any.
    WithoutRows,
}

/// The parts of a table.
struct Table {
    opened: Vec<MatchedPart>,
    withheld: Vec<String>,
    in_turn: Vec<Part>,
}

/// A part, and where the wanted columns are in it.
struct MatchedPart {
    input: Input,
    matched: Matched,
}

type Batches<'a> = BoxStream<'a, Result<RawBatch, SourceError>>;

impl MatchedPart {
    fn names(&self) -> Vec<String> {
        self.input.found.iter().map(|column| column.name.clone()).collect()
    }

    fn rows(
        self,
        batch_rows_max: usize,
        period: Option<OfPeriod>,
    ) -> impl Iterator<Item = Result<RawBatch, SourceError>> + Send {
        let Input { at, opened, .. } = self.input;
        let of_period = move |rows| match &period {
            Some(period) => period.of_these(&rows),
            None => Ok(rows),
        };
        opened.rows(self.matched.places, batch_rows_max).map(move |batch| match batch.and_then(&of_period) {
            Ok(rows) => Ok(RawBatch { rows, faults: Vec::new() }),
            Err(fault) => Err(corrupt(&at, fault)),
        })
    }
}

/// A part whose columns are known.
struct Input {
    /// What messages call it.
    at: String,
    found: Vec<FoundColumn>,
    opened: Opened,
}

impl Files {
    /// Lists the folder and reads what it says of itself. The whole tables that one `where` or `query` needs may take
    /// `tables_bytes_max` bytes; the objects being read are put aside in `aside`.
    pub async fn open(
        name: &Name,
        folder: Folder,
        layout: Layout<'_>,
        tables_bytes_max: u64,
        aside: &Aside,
    ) -> Result<Self, SourceError> {
        let listed = objects::listed(&folder, &folder.at("")).await;
        let mut listed = listed.map_err(|error| fault(name, "listing its files", BUCKET, &error))?;
        listed.sort_by(|one, other| one.location.cmp(&other.location));
        let relative = |object: &ObjectMeta| folder.relative(&object.location).unwrap_or_default();
        let objects: Vec<_> = listed.into_iter().map(|object| (relative(&object), object)).collect();
        if objects.is_empty() {
            return Err(SourceError::NotThere { what: format!("any file of source `{name}`"), hint: None });
        }
        let mut files = Files {
            name: name.clone(),
            folder,
            origin: Origin {
                extracted_at: objects.iter().map(|(_, object)| object.last_modified).max().unwrap_or_default(),
                snapshot: None,
                inputs: Vec::new(),
                server: None,
                position: None,
            },
            objects,
            form: Form::Named,
            tables_bytes_max,
            aside: aside.clone(),
        };
        files.form = files.learn(layout).await?;
        Ok(files)
    }

    /// Fetches an object, all of it of one version.
    async fn fetch(&mut self, object: &ObjectMeta) -> Result<Pieces, SourceError> {
        let relative = self.folder.relative(&object.location).unwrap_or_default();
        let away = |error| fault(&self.name, &format!("reading {relative}"), &relative, &error);
        let mut pieces = Pieces::new(&self.aside);
        let mut tag = None;
        loop {
            let start = pieces.length();
            // An empty object has no range.
            let range = (object.size > 0).then(|| GetRange::Bounded(start..start + FETCH_BYTES));
            let options = GetOptions { range, if_match: tag.clone(), ..GetOptions::default() };
            let got = objects::got(&self.folder, &object.location, options).await.map_err(away)?;
            let (size, of_tag) = (got.meta.size, got.meta.e_tag.clone());
            let bytes = got.bytes().await.map_err(away)?;
            if bytes.is_empty() && size > start {
                return Err(corrupt(&relative, FormatFault::new("ends before the bytes that it should have")));
            }
            tag = of_tag;
            pieces.push(bytes)?;
            if pieces.length() >= size {
                break;
            }
        }
        if !self.origin.inputs.iter().any(|(input, _)| *input == relative) {
            self.origin.inputs.push((relative, tag.unwrap_or_default()));
        }
        Ok(pieces)
    }

    /// Reads an object of the folder by its name, where it is there: one that tells of others, and is small.
    async fn read_named(&mut self, name: &str) -> Result<Option<Bytes>, SourceError> {
        let Some(object) = self.objects.iter().find(|(known, _)| known == name).map(|(_, object)| object.clone())
        else {
            return Ok(None);
        };
        let too_large = || corrupt(name, FormatFault::new("is larger than 256 MiB"));
        let length = usize::try_from(object.size).ok().filter(|size| *size <= NAMED_BYTES_MAX).ok_or_else(too_large)?;
        let pieces = self.fetch(&object).await?;
        let mut bytes = vec![0; length];
        // Another length than was listed: the object was written meanwhile.
        let read = pieces.length() == object.size && pieces.read_at(0, &mut bytes).is_ok();
        if read { Ok(Some(bytes.into())) } else { Err(corrupt(name, FormatFault::new("changed while it was read"))) }
    }

    /// The parts of a table, in order.
    fn parts_of(&self, table: &TableName) -> Result<Vec<Part>, SourceError> {
        self.form.parts(&self.name, table, &self.objects)
    }

    /// Reads a part as far as its columns.
    async fn open_part(&mut self, table: &TableName, part: &Part, schema: &Schema) -> Result<Input, SourceError> {
        let (at, opened) = match part {
            Part::WithoutRows => (table.to_string(), self.form.without_rows(table)?),
            Part::Object(object) => {
                let bytes = Arc::new(self.fetch(object).await?);
                let name = self.folder.relative(&object.location).unwrap_or_default();
                (self.form.at(table, &name), self.form.open(table, &name, bytes, schema)?)
            }
        };
        let found = self.form.found(table, &opened, schema)?;
        Ok(Input { at, found, opened })
    }

    /// Opens a part and finds the wanted columns in it.
    async fn match_part(
        &mut self,
        table: &TableName,
        part: &Part,
        extract: &Extract,
    ) -> Result<MatchedPart, SourceError> {
        let input = self.open_part(table, part, &extract.schema).await?;
        let matched = match_columns(&input.found, &extract.schema, &extract.columns)
            .map_err(|drift| SourceError::Drift { table: input.at.clone(), drift: drift.to_string() })?;
        Ok(MatchedPart { input, matched })
    }

    /// The parts of a table: opened as many as it takes to know all its columns, and those that are opened in their turn.
    async fn table(&mut self, table: &TableName, extract: &Extract) -> Result<Table, SourceError> {
        let mut parts = self.parts_of(table)?;
        let in_turn = parts.split_off(parts.len().min(self.form.parts_with_all_columns()));
        let (mut opened, mut withheld) = (Vec::new(), Vec::new());
        for part in parts {
            let part = self.match_part(table, &part, extract).await?;
            withheld.extend_from_slice(&part.matched.withheld);
            opened.push(part);
        }
        withheld.sort();
        withheld.dedup();
        Ok(Table { opened, withheld, in_turn })
    }

    /// The rows of parts that are opened when it is their turn: one is held at a time.
    fn in_turn<'a>(
        &'a mut self,
        table: &'a TableName,
        extract: &'a Extract,
        parts: Vec<Part>,
        like: Vec<String>,
    ) -> Batches<'a> {
        let start = (self, parts.into_iter());
        let batches = stream::try_unfold((start, like), move |((files, mut parts), like)| async move {
            let Some(part) = parts.next() else { return Ok(None) };
            let part = files.match_part(table, &part, extract).await?;
            if part.names() != like {
                let fault = FormatFault::new("has other columns than the first part of its table");
                return Err(corrupt(&part.input.at, fault));
            }
            Ok(Some((stream::iter(part.rows(extract.batch_rows_max, OfPeriod::of(extract))), ((files, parts), like))))
        });
        batches.try_flatten().boxed()
    }
}

impl Source for Files {
    fn origin(&self) -> &Origin {
        &self.origin
    }

    fn extract<'a>(&'a mut self, extract: &'a Extract) -> BoxFuture<'a, Result<Extraction<'a>, SourceError>> {
        Box::pin(async move {
            let Rows::Table { table, filter: None } = &extract.rows else {
                return self.selected(extract, Reads::Rows).await;
            };
            let (size, period) = (extract.batch_rows_max, OfPeriod::of(extract));
            let Table { opened, withheld, in_turn } = self.table(table, extract).await?;
            let like = opened.first().map(MatchedPart::names).unwrap_or_default();
            let first = stream::iter(opened.into_iter().flat_map(move |part| part.rows(size, period.clone())));
            let batches = first.chain(self.in_turn(table, extract, in_turn, like)).boxed();
            Ok(Extraction { withheld, rows_expected: None, batches })
        })
    }

    fn look<'a>(&'a mut self, extract: &'a Extract) -> BoxFuture<'a, Result<(), SourceError>> {
        Box::pin(async move {
            match &extract.rows {
                Rows::Table { table, filter: None } => self.table(table, extract).await.map(|_| ()),
                _ => self.selected(extract, Reads::Columns).await.map(|_| ()),
            }
        })
    }
}

fn found(name: &str) -> FoundColumn {
    FoundColumn { name: name.to_owned(), unreadable: None }
}

fn corrupt(object: &str, fault: FormatFault) -> SourceError {
    SourceError::Corrupt { object: object.to_owned(), fault: fault.fault, row: fault.row }
}

/// Tables as a hint tells them.
fn told<'a>(tables: impl Iterator<Item = &'a TableName>) -> String {
    let mut names: Vec<String> = tables.map(ToString::to_string).collect();
    let more = names.len().saturating_sub(HINT_TABLES_MAX);
    names.truncate(HINT_TABLES_MAX);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    if names.is_empty() { "no table".into() } else { names.join(", ") + &more }
}
