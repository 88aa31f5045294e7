//! The keys that a merge goes by: the source's, all of them, and those of a table's files.
//!
//! Never in here: what becomes of their rows (`merged`).

use super::merged::{lost, unreadable};
use super::unit::no_room;
use crate::data::Column;
use crate::data::conform::conform;
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::format::parquet_read;
use crate::format::spill::Aside;
use crate::job::{DatasetPlan, MergePlan};
use crate::reconcile::KeyBuckets;
use crate::source::Source;
use crate::store::Table;
use crate::world::compute;
use bytes::Bytes;
use futures::StreamExt;

/// Rows of a file that are looked at together.
const BATCH_ROWS: usize = 65_536;

/// Every key that the source has. One that cannot be read ends the run: the table's row would be taken for deleted.
pub async fn listed(
    source: &mut dyn Source,
    dataset: &DatasetPlan,
    plan: &MergePlan,
    key: &[Column],
    aside: &Aside,
) -> Result<KeyBuckets, Failure> {
    let away = |error| Failure::source(&error, Phase::Extract);
    let mut keys = KeyBuckets::new(key.to_vec(), Some(plan.watermark.clone()), aside);
    let of = plan.keys.columns.iter().filter_map(|name| dataset.schema.column(name.as_str()));
    let columns: Vec<&Column> = of.collect();
    let mut extraction = source.extract(&plan.keys).await.map_err(away)?;
    while let Some(raw) = extraction.batches.next().await {
        let raw = raw.map_err(away)?;
        let batch = conform(&raw.rows, &columns, keys.rows(), raw.faults)
            .map_err(|drift| Failure::new(ending::SCHEMA_DRIFT, Phase::Extract, drift.to_string()))?;
        if let Some(bad) = batch.bad.first() {
            let what =
                format!("a key of the source cannot be read: row {}: `{}` is {}", bad.ordinal, bad.column, bad.fault);
            return Err(Failure::new(ending::BAD_ROWS, Phase::Extract, what));
        }
        keys.add(&batch.rows, 0, 0).map_err(no_room)?;
    }
    Ok(keys)
}

/// The keys of a table's files, and how many rows each file has. One file is in memory at a time.
pub async fn held(
    table: &Table,
    key: &[Column],
    watermark: Option<&Column>,
    aside: &Aside,
) -> Result<(KeyBuckets, Vec<usize>), Failure> {
    let mark = watermark.map(|column| column.name.clone());
    let (mut keys, mut files) = (KeyBuckets::new(key.to_vec(), mark, aside), Vec::new());
    let beside = watermark.filter(|watermark| key.iter().all(|column| column.name != watermark.name));
    for file in 0..table.files() {
        let bytes = table.read(file).await.map_err(lost)?;
        let of: Vec<Column> = key.iter().chain(beside).cloned().collect();
        let rows = compute(move || keys_of(bytes, &of, file as u32, &mut keys).map(|rows| (keys, rows))).await;
        let rows = rows.map_err(|fault| fault.unwrap_or_else(unreadable))?;
        keys = rows.0;
        files.push(rows.1);
    }
    Ok((keys, files))
}

/// Adds the keys of one file; gives its rows. `Err(None)` where it is no file of ours.
fn keys_of(bytes: Bytes, of: &[Column], file: u32, keys: &mut KeyBuckets) -> Result<usize, Option<Failure>> {
    let opened = parquet_read::open(bytes).map_err(|_| None)?;
    let place = |column: &Column| opened.columns.iter().position(|(name, _)| name == column.name.as_str());
    let places: Vec<usize> = of.iter().map(place).collect::<Option<_>>().ok_or(None)?;
    let (columns, mut rows): (Vec<&Column>, usize) = (of.iter().collect(), 0);
    for batch in opened.rows(places, BATCH_ROWS) {
        let batch = batch.map_err(|_| None)?;
        let read = conform(&batch, &columns, 0, Vec::new()).map_err(|_| None)?;
        if !read.bad.is_empty() {
            return Err(None);
        }
        keys.add(&read.rows, file, rows as u32).map_err(|fault| Some(no_room(fault)))?;
        rows += read.rows.num_rows();
    }
    Ok(rows)
}
