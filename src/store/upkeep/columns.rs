//! The columns of a table as it is published now, and how long the longest text of each is.
//!
//! Never in here: a text.

use crate::access::Folder;
use crate::format::parquet_read;
use crate::store::absent::{get, name};
use crate::store::delta::action::decode_path;
use crate::store::delta::log::replay;
use crate::store::fault::{StoreError, damaged};
use arrow::array::AsArray;
use arrow::datatypes::DataType;
use bytes::Bytes;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Rows looked at at once.
const BATCH_ROWS: usize = 65_536;

/// A column, as the log has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableColumn {
    /// Its name.
    pub name: String,
    /// Delta's type.
    pub delta_type: String,
    /// Bytes of its longest text, where it is one of text or bytes and a row has any.
    pub bytes_max: Option<u64>,
}

#[derive(Deserialize)]
struct Schema {
    fields: Vec<Field>,
}

#[derive(Deserialize)]
struct Field {
    name: String,
    #[serde(rename = "type")]
    delta_type: String,
}

/// The version and the columns of the table in `table`; `None` where it has none. Reads every file of it.
pub async fn columns(table: &Folder) -> Result<Option<(u64, Vec<TableColumn>)>, StoreError> {
    let state = replay(table).await?;
    let (Some(version), Some(metadata)) = (state.version, &state.metadata) else { return Ok(None) };
    let damaged = |object: String, fault| damaged(table, object, fault);
    let schema: Schema = serde_json::from_str(&metadata.schema_string)
        .map_err(|_| damaged("its schema".into(), "a column of it is of no type that is published"))?;
    let mut longest = BTreeMap::new();
    for add in state.files.values() {
        let path =
            decode_path(&add.path).ok_or_else(|| damaged("a log entry".into(), "it names a file outside the table"))?;
        let key = table.at(&path);
        let Some(bytes) = get(table, &key).await? else {
            return Err(StoreError::NotThere { store: table.label().to_owned(), what: name(table, &key) });
        };
        measure(bytes, &mut longest).ok_or_else(|| damaged(name(table, &key), "it is not whole Parquet"))?;
    }
    let column = |field: Field| {
        let bytes_max = longest.get(&field.name).copied();
        TableColumn { name: field.name, delta_type: field.delta_type, bytes_max }
    };
    Ok(Some((version, schema.fields.into_iter().map(column).collect())))
}

/// The longest text of each column of a file; `None` where it is not whole.
fn measure(bytes: Bytes, longest: &mut BTreeMap<String, u64>) -> Option<()> {
    let opened = parquet_read::open(bytes).ok()?;
    let of_text = |kind: &DataType| matches!(kind, DataType::Utf8View | DataType::BinaryView);
    let (places, names): (Vec<usize>, Vec<String>) = opened
        .columns
        .iter()
        .enumerate()
        .filter(|(_, (_, kind))| of_text(kind))
        .map(|(place, (name, _))| (place, name.clone()))
        .unzip();
    if places.is_empty() {
        return Some(());
    }
    for batch in opened.rows(places, BATCH_ROWS) {
        for (array, name) in batch.ok()?.columns().iter().zip(&names) {
            let bytes_max = match array.data_type() {
                DataType::Utf8View => array.as_string_view().iter().flatten().map(str::len).max(),
                _ => array.as_binary_view().iter().flatten().map(<[u8]>::len).max(),
            };
            if let Some(bytes_max) = bytes_max {
                let known = longest.entry(name.clone()).or_default();
                *known = (*known).max(bytes_max as u64);
            }
        }
    }
    Some(())
}
