//! Files by the tables' names: Parquet, CSV, JSON lines and COPY text, packed or not.
//!
//! The table `settlements.invoice` is `<folder>/settlements.invoice.<parquet|csv|jsonl|copy>[.gz|.zst]`, or every such object
//! in `<folder>/settlements.invoice/`, in the order of their names; whatever else may be the table's is refused, not passed
//! over. `<folder>/extract.json` says what moment the files show; without it only the objects' own times are known.
//!
//! `.copy` is what `\copy .. to 'file' with (header)` writes: COPY's text with the columns' names in its first line, so that
//! no list kept elsewhere can name the cells wrongly. (PostgreSQL before 15 writes no such line; it can be put in front.)
//!
//! Never in here: which name is what (names.rs).

use super::names::{Kind, Place, READ, place};
use super::{Part, corrupt};
use crate::data::{Column, Name, Origin, PgPosition, PgSnapshot, Schema, TableName};
use crate::format::compression::{Compression, whole};
use crate::format::ranged::{From, Ranged};
use crate::format::{DECODED_BYTES_MAX, FormatFault, Opened, copy_text, csv, jsonl_blocks, parquet_read, parquet_scan};
use crate::source::SourceError;
use bytes::Bytes;
use chrono::DateTime;
use object_store::ObjectMeta;
use std::sync::Arc;

/// Says what moment the files beside it show.
pub const MOMENT: &str = "extract.json";

/// `extract.json`.
#[derive(serde::Deserialize)]
struct Moment {
    extracted_at: String,
    snapshot: Option<String>,
    /// Where the database's log stood when the snapshot had been taken: `0/16B3748`.
    lsn: Option<String>,
    server_version: Option<String>,
}

/// Takes what `extract.json` says into `origin`.
pub fn learn(bytes: &Bytes, origin: &mut Origin) -> Result<(), SourceError> {
    let damaged = |fault: &str| corrupt(MOMENT, FormatFault::new(fault));
    let moment: Moment =
        serde_json::from_slice(bytes).map_err(|_| damaged("is not the JSON object that it should be"))?;
    let extracted_at = DateTime::parse_from_rfc3339(&moment.extracted_at);
    origin.extracted_at = extracted_at.map_err(|_| damaged("`extracted_at` is no moment in RFC 3339"))?.to_utc();
    if let Some(snapshot) = moment.snapshot {
        let snapshot = PgSnapshot::parse(&snapshot).ok_or_else(|| damaged("`snapshot` is no PostgreSQL snapshot"))?;
        origin.snapshot = Some(snapshot);
    }
    if let Some(lsn) = moment.lsn {
        let position = PgPosition { lsn, timeline: None, system: None, standby: false };
        position.place().ok_or_else(|| damaged("`lsn` is no place in a PostgreSQL log"))?;
        origin.position = Some(position);
    }
    origin.server = moment.server_version.as_deref().and_then(server);
    Ok(())
}

/// A version is digits and dots; anything else is not repeated in a report.
pub fn server(version: &str) -> Option<String> {
    let is_version = version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    is_version.then(|| format!("PostgreSQL {version}"))
}

/// The objects that hold a table, in the order of their names.
pub fn parts(source: &Name, table: &TableName, objects: &[(String, ObjectMeta)]) -> Result<Vec<Part>, SourceError> {
    let refused = |object: &str, fault: &str| corrupt(object, FormatFault::new(format!("{fault}; {READ}")));
    let (mut found, mut alone) = (Vec::new(), None);
    for (name, object) in objects {
        match place(name, object.size, table) {
            Place::Elsewhere | Place::PassedOver => continue,
            Place::Unread(why) => return Err(refused(name, why)),
            Place::Alone => alone = Some(name),
            Place::InFolder => {}
        }
        found.push(Part::Object(object.clone()));
    }
    if let Some(alone) = alone.filter(|_| found.len() > 1) {
        return Err(refused(alone, "is not all that there is of the table, which is one file or one folder"));
    }
    if found.is_empty() {
        let hint = format!("source `{source}` has {}", there(objects).join(", "));
        return Err(SourceError::NotThere { what: format!("the table {table}"), hint: Some(hint) });
    }
    Ok(found)
}

/// What may be tables, by the objects' names.
fn there(objects: &[(String, ObjectMeta)]) -> Vec<String> {
    let tables = objects.iter().filter_map(|(path, _)| {
        let name = path.split('/').next()?;
        let end = if path.contains('/') { name.len() } else { name.match_indices('.').nth(1)?.0 };
        name.get(..end).map(str::to_owned)
    });
    let mut tables: Vec<_> = tables.collect();
    tables.dedup();
    tables
}

/// Tables by the first two parts of the objects' names.
pub fn tables(objects: &[(String, ObjectMeta)]) -> Vec<TableName> {
    let table = |(path, _): &(String, ObjectMeta)| {
        let mut parts = path.split(['.', '/']);
        Some(TableName { schema: parts.next()?.into(), table: parts.next()?.into() })
    };
    objects.iter().filter_map(table).collect()
}

/// Reads an object as far as its columns.
pub fn open(path: &str, bytes: Arc<dyn Ranged>, schema: &Schema) -> Result<Opened, FormatFault> {
    let Some((kind, compression)) = Kind::of(path) else { return Err(FormatFault::new("is of no known format")) };
    let key: Vec<&Column> = schema.key.iter().filter_map(|name| schema.column(name.as_str())).collect();
    let holds_key = |names: &[&str]| {
        key.iter().all(|column| names.iter().any(|name| column.is_spelt(name) || column.name.as_str() == *name))
    };
    let whole_file = Arc::clone(&bytes);
    let text = move || compression.stream(From::new(Arc::clone(&bytes), 0), DECODED_BYTES_MAX);
    match kind {
        Kind::Parquet if compression == Compression::Plain => parquet_scan::open(whole_file),
        // Parquet that somebody packed once more has to lie in memory.
        Kind::Parquet => parquet_read::open(whole(text()?)?),
        Kind::JsonLines => jsonl_blocks::open(Box::new(text)),
        Kind::Csv => csv::open_stream(text()?, &holds_key),
        Kind::Copy => copy_text::open_with_header(text()?, &holds_key),
    }
}
