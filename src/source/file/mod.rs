//! Extracts that somebody else made: Parquet, CSV and JSON lines, packed or not, in a folder of any store.
//!
//! ```text
//! names.rs   which objects hold a table
//! sql.rs     `where` and `query`
//! within.rs  the rows of one period
//! ```
//!
//! The table `settlements.invoice` is `<folder>/settlements.invoice.<parquet|csv|jsonl>[.gz|.zst]`, or every such object in
//! `<folder>/settlements.invoice/`, in the order of their names; whatever else may be the table's is refused, not passed over. `<folder>/extract.json` says what moment the files show;
//! without it only the objects' own times are known. `where` and `query` are run by Polars SQL over whole tables.
//!
//! Never in here: what the cells mean; text is read by the schema later.

mod names;
mod sql;
mod within;

use super::fault::{BUCKET, fault};
use super::{Extraction, RawBatch, Source, SourceError};
use crate::access::Folder;
use crate::data::drift::{FoundColumn, Matched, match_columns};
use crate::data::{Column, Extract, Name, Origin, PgSnapshot, Rows, Schema, TableName};
use crate::format::{DECODED_BYTES_MAX, FormatFault, Opened, csv, jsonl, parquet_read};
use bytes::Bytes;
use chrono::DateTime;
use futures::future::BoxFuture;
use futures::{StreamExt, TryStreamExt, stream};
use names::{Kind, Place, READ, place};
use object_store::{ObjectMeta, ObjectStoreExt};
use sql::Reads;
use within::OfPeriod;

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
    tables_bytes_max: u64,
}

/// `extract.json`.
#[derive(serde::Deserialize)]
struct Moment {
    extracted_at: String,
    snapshot: Option<String>,
    server_version: Option<String>,
}

impl Files {
    /// Lists the folder and reads its `extract.json`. The whole tables that one `where` or `query` needs may take
    /// `tables_bytes_max` bytes.
    pub async fn open(name: &Name, folder: Folder, tables_bytes_max: u64) -> Result<Self, SourceError> {
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
            tables_bytes_max,
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
        let refused = |object: &str, fault: &str| SourceError::Corrupt {
            object: object.to_owned(),
            fault: format!("{fault}; {READ}"),
            row: None,
        };
        let (mut found, mut alone) = (Vec::new(), None);
        for object in &self.objects {
            let relative = self.relative(object);
            match place(&relative, object.size, table) {
                Place::Elsewhere | Place::PassedOver => continue,
                Place::Unread(why) => return Err(refused(&relative, why)),
                Place::Alone => alone = Some(relative),
                Place::InFolder => {}
            }
            found.push(object.clone());
        }
        if let Some(alone) = alone.filter(|_| found.len() > 1) {
            return Err(refused(&alone, "is not all that there is of the table, which is one file or one folder"));
        }
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
            let (inputs, withheld) = self.table(table, &extract.schema, &extract.columns).await?;
            let (size, period) = (extract.batch_rows_max, OfPeriod::of(extract));
            let batches = inputs.into_iter().flat_map(move |(object, input, places)| {
                let period = period.clone();
                let of_period = move |rows| match &period {
                    Some(period) => period.of_these(&rows),
                    None => Ok(rows),
                };
                input.rows(places, size).map(move |batch| match batch.and_then(&of_period) {
                    Ok(rows) => Ok(RawBatch { rows, faults: Vec::new() }),
                    Err(fault) => Err(corrupt(&object, fault)),
                })
            });
            Ok(Extraction { withheld, batches: stream::iter(batches).boxed() })
        })
    }

    fn look<'a>(&'a mut self, extract: &'a Extract) -> BoxFuture<'a, Result<(), SourceError>> {
        Box::pin(async move {
            match &extract.rows {
                Rows::Table { table, filter: None } => {
                    self.table(table, &extract.schema, &extract.columns).await.map(|_| ())
                }
                _ => self.selected(extract, Reads::Columns).await.map(|_| ()),
            }
        })
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

fn found(name: &str) -> FoundColumn {
    FoundColumn { name: name.to_owned(), unreadable: None }
}

fn corrupt(object: &str, fault: FormatFault) -> SourceError {
    SourceError::Corrupt { object: object.to_owned(), fault: fault.fault, row: fault.row }
}
