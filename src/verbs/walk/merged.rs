//! Changed rows merged into the tables they belong to: copy on write of the files that hold rows of the same keys.
//!
//! ```text
//! begin    each store's table as it is: up to which moment are the source's changes in it?
//! since    the earliest of those moments, less the declared lag -> what the source is asked for
//! add      the keys of what came, put aside
//! finish   all keys of the source, in the same snapshot; the keys of the tables' files, a file at a time
//!            -> which rows give way (`reconcile::merge`); what stays of their files goes through the same maker, the same
//!               parts and the same last scan as the changed rows
//! ```
//!
//! Why the state is a moment and no `max(updated_at)`: a row says when its transaction began, and is seen when that has ended. A
//! transaction that is still open at the extract leaves rows that are older than the newest row seen, and would never be asked
//! for. The moment of the extract less the longest that a transaction takes (`lag`) is before all of them. Should one take
//! longer all the same, its rows are found by the list of keys, missing or with another watermark, and the night is refused.
//!
//! Never in here: the order of a night, and the commit.

use super::lane::Lane;
use super::merged_keys::{held, listed};
use crate::data::{Column, Literal, Name, Since};
use crate::ending::{self, Ending};
use crate::failure::{Failure, Phase};
use crate::format::parquet_back::published;
use crate::format::spill::Aside;
use crate::job::{DatasetPlan, MergePlan, OutputPlan, Plan, SourceSpec, WriteMode};
use crate::privacy::{self, Keys};
use crate::reconcile::{Deleted, KeyBuckets, Merge, Tally, merge};
use crate::source::Source;
use crate::store::{Encoded, Encoder, Merged, StoreError, Stores, Table};
use crate::world::compute;
use arrow::array::{BooleanArray, RecordBatch};
use arrow::buffer::BooleanBuffer;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A merge under way.
pub struct Merging {
    plan: Box<MergePlan>,
    key: Vec<Column>,
    /// Each with whether its columns are today's.
    tables: Vec<(Table, bool)>,
    since: Option<DateTime<Utc>>,
    changed: KeyBuckets,
    aside: Aside,
}

/// Small files that a table may have besides those that are written anyway.
const SMALL_FILES_MAX: usize = 15;

/// What a merge came to.
pub struct MergedAll {
    /// Since when changes were asked for; `None` is all rows.
    pub since: Option<DateTime<Utc>>,
    /// Keys that the source has.
    pub source_rows: u64,
    /// For each output, in their order.
    pub outputs: Vec<MergedOutput>,
}

/// What it came to in one store.
#[derive(Default)]
pub struct MergedOutput {
    /// What becomes of the table.
    pub merged: Merged,
    /// The tally of the rows that were written again.
    pub again: Tally,
    /// Rows that gave way to changed ones.
    pub replaced: u64,
    /// Rows whose key the source no longer has.
    pub deleted: u64,
    /// Bytes of the files that stay as they are.
    pub stays_bytes: u64,
}

impl Merging {
    /// Opens the tables of `dataset`, and finds out since when changes are wanted; `None` where it does not merge. All rows are
    /// wanted for a table that is new, that was written otherwise or whose columns or origin were, where a person asks `again`, and of files.
    pub async fn begin(
        dataset: &DatasetPlan,
        plan: &Plan,
        stores: &Stores,
        keys: &Keys,
        aside: &Aside,
        again: bool,
    ) -> Result<Option<Self>, Failure> {
        let WriteMode::Merge(merge) = &dataset.write else { return Ok(None) };
        let mut tables = Vec::new();
        let mut moments = Vec::new();
        for output in &dataset.outputs {
            let Some(store) = stores.get(&output.store) else { continue };
            let table = Table::open(store, &dataset.name, &plan.stamp, &plan.job).await.map_err(lost)?;
            let is_same = table.columns() == Some(super::decided::merged_from(dataset, output, keys).as_str());
            moments.push(table.merged_to().filter(|_| is_same && !again));
            tables.push((table, is_same));
        }
        // Files have every row at hand, and no transactions by which to tell what they may lack.
        let is_database = matches!(plan.sources.get(&dataset.from), Some(SourceSpec::Postgres(_)));
        let since = moments.into_iter().collect::<Option<Vec<_>>>().and_then(|moments| moments.into_iter().min());
        let since = since.filter(|_| is_database);
        let key: Vec<Column> =
            dataset.schema.key.iter().filter_map(|name| dataset.schema.column(name.as_str()).cloned()).collect();
        Ok(Some(Merging {
            plan: merge.clone(),
            changed: KeyBuckets::new(key.clone(), None, aside),
            key,
            tables,
            since: since.and_then(|since| since.checked_sub_signed(merge.lag)),
            aside: aside.clone(),
        }))
    }

    /// What the source is asked for: rows that have changed since.
    pub fn since(&self) -> Option<Since> {
        Some(Since { by: self.plan.watermark.clone(), from: Literal::Moment(self.since?) })
    }

    /// Adds changed rows.
    pub fn add(&mut self, rows: &RecordBatch) -> Result<(), Failure> {
        self.changed.add(rows, 0, 0).map_err(super::unit::no_room)
    }

    /// Lists the source's keys, finds what gives way in each table, and sends what stays of its files down its lane.
    pub async fn finish(
        self,
        source: &mut dyn Source,
        dataset: &DatasetPlan,
        encoders: &[Encoder],
        lanes: &mut [Lane],
        small_bytes_max: u64,
    ) -> Result<MergedAll, Failure> {
        let Merging { plan, key, tables, since, changed, aside } = self;
        let listed = Arc::new(listed(source, dataset, &plan, &key, &aside).await?);
        let (source_rows, changed) = (listed.rows(), Arc::new(changed));
        let mut outputs = Vec::new();
        for ((((table, is_same), output), encoder), lane) in
            tables.iter().zip(&dataset.outputs).zip(encoders).zip(lanes)
        {
            // A table of other columns may not have it, and gets every row anyway.
            let watermark = shown(output, &plan.watermark).filter(|_| *is_same);
            let (held, files) = held(table, &key, watermark, &aside).await?;
            let (changed_keys, listed, rows) = (Arc::clone(&changed), Arc::clone(&listed), files.clone());
            let deleted = plan.deleted;
            let merge = compute(move || merge(&changed_keys, &listed, &held, &rows, deleted)).await;
            let merge = merge.map_err(super::unit::no_room)?;
            sound(&merge, output)?;
            let mut done = MergedOutput { replaced: merge.replaced, deleted: merge.deleted, ..Default::default() };
            let goes = merge.replaced + if deleted == Deleted::Remove { merge.deleted } else { 0 };
            let left = (files.iter().sum::<usize>() as u64).saturating_sub(goes);
            if left > 0 && !is_same {
                return Err(other_columns(output, left));
            }
            let rows = left + changed.rows();
            done.merged = Merged { version: table.version(), gone: BTreeSet::new(), rows };
            for (file, stays) in together(merge.stays, &files, table, small_bytes_max).into_iter().enumerate() {
                let Some(stays) = stays else { continue };
                done.merged.gone.extend(table.path(file).map(str::to_owned));
                if stays.count_set_bits() == 0 {
                    continue;
                }
                let bytes = table.read(file).await.map_err(lost)?;
                let terms = (output.clone(), encoder.clone(), dataset.name.clone());
                let (encoded, tally) = compute(move || once_more(bytes, &stays, &terms)).await?;
                done.again = std::mem::take(&mut done.again).and(tally);
                for encoded in encoded {
                    lane.append(encoded).await?;
                }
            }
            let is_gone = |file: usize| table.path(file).is_none_or(|path| done.merged.gone.contains(path));
            done.stays_bytes = (0..table.files()).filter(|file| !is_gone(*file)).map(|file| table.bytes(file)).sum();
            outputs.push(done);
        }
        Ok(MergedAll { since, source_rows, outputs })
    }
}

/// Files that are small and many are written together with the others: every night adds one.
fn together(
    mut stays: Vec<Option<BooleanBuffer>>,
    files: &[usize],
    table: &Table,
    small_bytes_max: u64,
) -> Vec<Option<BooleanBuffer>> {
    let is_small = |file: &usize| table.bytes(*file) < small_bytes_max;
    let small: Vec<usize> = (0..stays.len()).filter(|file| stays[*file].is_none()).filter(is_small).collect();
    for file in small.iter().filter(|_| small.len() > SMALL_FILES_MAX) {
        stays[*file] = Some(BooleanBuffer::new_set(files[*file]));
    }
    stays
}

/// What stays of a file, encoded once more, and its tally. Rows that a store shows already: not treated again, but through the
/// maker that takes nothing else, and scanned as everything is that is written.
fn once_more(
    bytes: Bytes,
    stays: &BooleanBuffer,
    (output, encoder, dataset): &(OutputPlan, Encoder, Name),
) -> Result<(Vec<Encoded>, Tally), Failure> {
    let (mut encoded, mut tally, mut at) = (Vec::new(), Tally::default(), 0);
    let kept = |name: &str| {
        let mut shown = output.columns.iter().filter(|shown| shown.treatment == crate::data::Treatment::Keep);
        shown.any(|shown| shown.column.name.as_str() == name)
    };
    for rows in published(bytes, encoder.schema().clone()).map_err(|_| unreadable())? {
        let rows = rows.map_err(|_| unreadable())?;
        let many = rows.rows().num_rows();
        let mask = BooleanArray::new(stays.slice(at, many), None);
        at += many;
        let rows = rows.kept(&mask).map_err(|_| unreadable())?;
        tally = tally.and(Tally::of_some(rows.rows(), kept));
        let redacted = privacy::again(&rows, &output.columns, output.audience, dataset);
        let redacted = redacted.map_err(|_| unreadable())?;
        encoded.push(encoder.encode(&[redacted]).map_err(lost)?);
    }
    Ok((encoded, tally))
}

/// The watermark, where the store shows it as it is.
fn shown<'a>(output: &'a OutputPlan, watermark: &Name) -> Option<&'a Column> {
    let mut shown = output.columns.iter().filter(|shown| shown.treatment == crate::data::Treatment::Keep);
    shown.find(|shown| shown.column.name == *watermark).map(|shown| &shown.column)
}

/// Refuses a table that merging would not make whole.
fn sound(merge: &Merge, output: &OutputPlan) -> Result<(), Failure> {
    let refused = |what: String, next: &'static str| {
        Err(Failure::new(Ending { next, ..ending::COMPARISON_ERROR }, Phase::Reconcile, what))
    };
    if merge.faults > 0 {
        let what = format!(
            "keys are there twice, or are not in the source's own list (keys: {}; store `{}`)",
            merge.faults, output.store
        );
        return refused(what, ending::COMPARISON_ERROR.next);
    }
    if merge.missing + merge.stale > 0 {
        let what = format!(
            "store `{}` would lack rows that the source has, or have them as they were: their watermark is older than the \
             extract before less `lag` (lacks: {}, as they were: {})",
            output.store, merge.missing, merge.stale
        );
        return refused(
            what,
            "publish all rows once with `--again REASON`, and make `lag` longer than any transaction takes",
        );
    }
    Ok(())
}

/// A table that could not be read.
pub fn lost(error: StoreError) -> Failure {
    Failure::store(&error, Phase::Stage)
}

/// A file that is no file of ours.
pub fn unreadable() -> Failure {
    Failure::new(ending::CHECKSUM, Phase::Stage, "a file of the table does not read back")
}

/// The source no longer has them, so nobody can treat them as today's columns say.
fn other_columns(output: &OutputPlan, rows: u64) -> Failure {
    let what = format!(
        "rows that only the table has were made with other columns or treatments than today's (store `{}`; rows: {rows})",
        output.store
    );
    let next = "say deleted = \"remove\", which lets them go; or give the dataset another name";
    Failure::new(Ending { next, ..ending::LAYOUT }, Phase::Stage, what)
}
