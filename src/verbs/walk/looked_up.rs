//! The keys of a table that another job has published: what a reference of this job is held against.
//!
//! One file is in memory at a time; a file that is not what its log says ends the run.

use super::merged::{lost, unreadable};
use super::open::Opened;
use super::unit::no_room;
use crate::data::{Batch, Column, Name};
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::format::parquet_read;
use crate::job::{DatasetPlan, Plan};
use crate::reconcile::claims::{Gathered, PublishedBy, Referenced, Taker, wide_type};
use crate::store::Table;
use crate::world::compute;
use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use bytes::Bytes;
use std::collections::BTreeMap;

/// Rows of a file that are looked at together.
const BATCH_ROWS: usize = 65_536;

/// What came of looking.
pub enum LookedUp {
    /// The keys, and the version they are of.
    Keys(Gathered, u64),
    /// There is nothing to look them up in; why.
    Not(String),
}

/// The keys of the table that `of` names, for references by `columns` of `dataset`.
pub async fn looked_up(
    plan: &Plan,
    dataset: &DatasetPlan,
    columns: &[Name],
    of: &Referenced,
    by: &PublishedBy,
    opened: &Opened,
) -> Result<LookedUp, Failure> {
    let missing = || Failure::new(ending::NOT_THERE, Phase::Reconcile, format!("needs store `{}`", by.store));
    let store = opened.stores.get(&by.store).ok_or_else(missing)?;
    let table = Table::open_at(store, &of.dataset, &plan.stamp, &by.job, by.version).await.map_err(lost)?;
    let found = table.version().filter(|found| by.version.is_none_or(|wanted| wanted == *found));
    let Some(version) = found else {
        let what = by.version.map_or_else(String::new, |version| format!(" with a version {version}"));
        let reason =
            format!("job `{}` has published no table `{}`{what} in store `{}` yet", by.job, of.dataset, by.store);
        return Ok(LookedUp::Not(reason));
    };
    let ours = columns.iter().filter_map(|name| dataset.schema.column(name.as_str()));
    let key: Vec<Column> =
        ours.zip(&of.key).map(|(column, name)| Column { name: name.clone(), ..column.clone() }).collect();
    let taker = Taker::new(of.take(), &key).filter(|_| key.len() == columns.len());
    let mut taker = taker.ok_or_else(unreadable)?;
    let mut keys = Gathered::new(&opened.aside);
    for file in 0..table.files() {
        let bytes = table.read(file).await.map_err(lost)?;
        let of_file = key.clone();
        let (read, taker_again, keys_again) = compute(move || {
            let read = add(bytes, &of_file, &taker, &mut keys);
            (read, taker, keys)
        })
        .await;
        (taker, keys) = (taker_again, keys_again);
        if !read? {
            let reason = format!("table `{}` in store `{}` has not the columns of the key", of.dataset, by.store);
            return Ok(LookedUp::Not(reason));
        }
    }
    Ok(LookedUp::Keys(keys, version))
}

/// Adds the keys of one file; false when it has not their columns.
fn add(bytes: Bytes, key: &[Column], taker: &Taker, keys: &mut Gathered) -> Result<bool, Failure> {
    let opened = parquet_read::open(bytes).map_err(|_| unreadable())?;
    let place = |column: &Column| {
        let is_it = |(name, data_type): &(String, DataType)| {
            name == column.name.as_str() && wide_type(data_type) == wide_type(&column.column_type.arrow())
        };
        opened.columns.iter().position(is_it)
    };
    let Some(places) = key.iter().map(place).collect::<Option<Vec<usize>>>() else { return Ok(false) };
    for rows in opened.rows(places, BATCH_ROWS) {
        let rows = rows.map_err(|_| unreadable())?;
        let bad_rows = RecordBatch::new_empty(rows.schema());
        let batch = Batch { rows, bad: Vec::new(), bad_rows, nulled: BTreeMap::new() };
        keys.add(taker.of(&batch, 0).map_err(no_room)?).map_err(no_room)?;
    }
    Ok(true)
}
