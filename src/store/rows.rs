//! The rows of a table's newest version as text, in a fixed order: for tests and for people, not for large tables.

use super::absent::get;
use super::delta::action::decode_path;
use super::delta::log::replay;
use super::fault::StoreError;
use crate::access::Folder;
use crate::format::parquet_read;
use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use std::sync::Arc;

/// Rows read at once.
const BATCH_ROWS: usize = 8_192;

/// A header line, then a line a row, sorted; cells in JSON's quotes where they are text, NULL empty.
pub async fn rows_of_table(store: &Folder, table: &str) -> Result<String, StoreError> {
    let folder = store.child(table);
    let state = replay(&folder).await?;
    let unread = || StoreError::ReadBack { dataset: table.to_owned() };
    let (mut header, mut lines) = (String::new(), Vec::new());
    for add in state.files.values() {
        let path = decode_path(&add.path).ok_or_else(unread)?;
        let bytes = get(&folder, &folder.at(&path)).await?.ok_or_else(unread)?;
        let opened = parquet_read::open(bytes).map_err(|_| unread())?;
        header = opened.columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(",");
        let places = (0..opened.columns.len()).collect();
        for batch in opened.rows(places, BATCH_ROWS) {
            lines.extend(text(&batch.map_err(|_| unread())?).ok_or_else(unread)?);
        }
    }
    lines.sort_unstable();
    Ok(std::iter::once(header).chain(lines).map(|line| line + "\n").collect())
}

/// A table's timestamps are UTC: their text needs no zone, and no list of zones to find it in.
fn without_zone(column: &ArrayRef) -> Option<ArrayRef> {
    match column.data_type() {
        DataType::Timestamp(unit, Some(_)) => cast(column, &DataType::Timestamp(*unit, None)).ok(),
        _ => Some(Arc::clone(column)),
    }
}

fn text(batch: &RecordBatch) -> Option<Vec<String>> {
    let options = FormatOptions::default();
    let plain: Vec<ArrayRef> = batch.columns().iter().map(without_zone).collect::<Option<_>>()?;
    let columns = plain.iter().map(|column| ArrayFormatter::try_new(column.as_ref(), &options).ok());
    let columns: Vec<_> = columns.collect::<Option<_>>()?;
    let cell = |place: usize, row: usize| {
        if batch.column(place).is_null(row) {
            return String::new();
        }
        let text = columns[place].value(row).to_string();
        if text.is_empty() || text.contains(['"', ',', '\n', '\r']) {
            serde_json::json!(text).to_string()
        } else {
            text
        }
    };
    Some(
        (0..batch.num_rows())
            .map(|row| (0..columns.len()).map(|place| cell(place, row)).collect::<Vec<_>>().join(","))
            .collect(),
    )
}
