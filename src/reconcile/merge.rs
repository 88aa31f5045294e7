//! Which rows of a table give way when changed rows are merged into it: those of the same key, and those whose key the source
//! no longer has.
//!
//! ```text
//! changed keys (the extract) --+
//! all keys of the source ------+--> buckets by key, put aside --> one bucket at a time --> a bit for each row of each file
//! keys of the table's files ---+
//! ```
//!
//! The source's keys are listed whole, in the extract's own snapshot: what is deleted leaves no row to say so. A row that was
//! written by a transaction which ended too late to be seen by its moment is found because the table lacks its key, or has it
//! with another watermark (where the table shows it).
//!
//! Never in here: what becomes of a deleted row's values.

use super::compare::CompareFault;
use super::sides::{BUCKETS, bucket};
use crate::data::{Column, Name};
use crate::format::spill::{Aside, Spill};
use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, BooleanBufferBuilder, Int64Array, RecordBatch, UInt32Array};
use arrow::buffer::BooleanBuffer;
use arrow::compute::take_record_batch;
use arrow::datatypes::{Int64Type, TimestampMicrosecondType, UInt32Type};
use arrow::row::{RowConverter, SortField};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Keys in buckets.
pub struct KeyBuckets {
    key: Vec<Column>,
    watermark: Option<Name>,
    buckets: Vec<Spill>,
    rows: u64,
}

/// What a merge does to a table.
#[derive(Debug, Default)]
pub struct Merge {
    /// For each file, which of its rows stay; `None` when all do.
    pub stays: Vec<Option<BooleanBuffer>>,
    /// Rows of the table that give way to a changed row.
    pub replaced: u64,
    /// Rows of the table whose key the source no longer has.
    pub deleted: u64,
    /// Keys of the source that are neither in the table nor among the changed rows.
    pub missing: u64,
    /// Keys that the source has with another watermark than the table, and that are not among the changed rows.
    pub stale: u64,
    /// Keys that the table or the source has more than once, or that changed rows have and the source's list has not.
    pub faults: u64,
}

/// What a row whose key the source no longer has does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// It is removed from the table.
    Remove,
    /// It stays as it was.
    Keep,
}

impl KeyBuckets {
    /// No keys yet, of the columns `key`, each with the moment in the column `watermark` where there is one.
    pub fn new(key: Vec<Column>, watermark: Option<Name>, aside: &Aside) -> Self {
        KeyBuckets { key, watermark, buckets: (0..BUCKETS).map(|_| Spill::new(aside)).collect(), rows: 0 }
    }

    /// Keys so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Adds the keys of `rows`, which come first at `first` in `file`.
    pub fn add(&mut self, rows: &RecordBatch, file: u32, first: u32) -> Result<(), CompareFault> {
        let cells: Option<Vec<ArrayRef>> =
            self.key.iter().map(|column| rows.column_by_name(column.name.as_str()).cloned()).collect();
        let cells = cells.ok_or(CompareFault::Shape)?;
        let fields = self.key.iter().map(|column| SortField::new(column.column_type.arrow())).collect();
        let keys = RowConverter::new(fields)?.convert_columns(&cells)?.try_into_binary()?;
        let marks = self.watermark.as_ref().and_then(|column| rows.column_by_name(column.as_str()));
        let marks = match marks.and_then(|marks| marks.as_primitive_opt::<TimestampMicrosecondType>()) {
            Some(moments) => moments.reinterpret_cast::<Int64Type>(),
            None => Int64Array::new_null(keys.len()),
        };
        let mut places: Vec<Vec<u32>> = vec![Vec::new(); BUCKETS];
        (0..keys.len()).for_each(|row| places[bucket(keys.value(row), BUCKETS)].push(row as u32));
        let count = keys.len() as u32;
        let of = RecordBatch::try_from_iter_with_nullable([
            ("key", Arc::new(keys) as ArrayRef, false),
            ("file", Arc::new(UInt32Array::from_value(file, count as usize)) as ArrayRef, false),
            ("row", Arc::new(UInt32Array::from_iter_values(first..first + count)) as ArrayRef, false),
            ("mark", Arc::new(marks) as ArrayRef, true),
        ])?;
        for (bucket, places) in self.buckets.iter_mut().zip(places).filter(|(_, places)| !places.is_empty()) {
            bucket.push(take_record_batch(&of, &UInt32Array::from(places))?)?;
        }
        self.rows += u64::from(count);
        Ok(())
    }
}

/// What merging `changed` into the table whose keys are `table` does, `files` rows in each of its files, where the source has
/// the keys `source`. A bucket at a time.
pub fn merge(
    changed: &KeyBuckets,
    source: &KeyBuckets,
    table: &KeyBuckets,
    files: &[usize],
    deleted: Deleted,
) -> Result<Merge, CompareFault> {
    let mut stays: Vec<Option<BooleanBufferBuilder>> = files.iter().map(|_| None).collect();
    let mut merge = Merge::default();
    for ((changed, source), table) in changed.buckets.iter().zip(&source.buckets).zip(&table.buckets) {
        let (changed, source, table) = (changed.batches()?, source.batches()?, table.batches()?);
        let changed: HashSet<&[u8]> = changed.iter().flat_map(keys).collect();
        let listed: usize = source.iter().map(RecordBatch::num_rows).sum();
        // Key of the source -> whether the table will have it, and its watermark.
        let marked = |batch| keys(batch).zip(marks(batch));
        let mut source: HashMap<&[u8], (bool, Option<i64>)> =
            source.iter().flat_map(marked).map(|(key, mark)| (key, (changed.contains(key), mark))).collect();
        merge.faults += (listed - source.len()) as u64;
        merge.faults += changed.iter().filter(|key| !source.contains_key(*key)).count() as u64;
        let mut seen: HashSet<&[u8]> = HashSet::new();
        for batch in &table {
            let (file, row) =
                (batch.column(1).as_primitive::<UInt32Type>(), batch.column(2).as_primitive::<UInt32Type>());
            for (at, (key, mark)) in keys(batch).zip(marks(batch)).enumerate() {
                merge.faults += u64::from(!seen.insert(key));
                let goes = match source.get_mut(key) {
                    Some(_) if changed.contains(key) => {
                        merge.replaced += 1;
                        true
                    }
                    Some((is_there, at_source)) => {
                        *is_there = true;
                        merge.stale += u64::from(mark.zip(*at_source).is_some_and(|(ours, theirs)| ours != theirs));
                        false
                    }
                    None => {
                        merge.deleted += 1;
                        deleted == Deleted::Remove
                    }
                };
                let file = file.value(at) as usize;
                if let Some((stays, rows)) = stays.get_mut(file).zip(files.get(file)).filter(|_| goes) {
                    stays.get_or_insert_with(|| all(*rows)).set_bit(row.value(at) as usize, false);
                }
            }
        }
        merge.missing += source.values().filter(|(is_there, _)| !is_there).count() as u64;
    }
    merge.stays = stays.into_iter().map(|stays| stays.map(|mut stays| stays.finish())).collect();
    Ok(merge)
}

fn all(rows: usize) -> BooleanBufferBuilder {
    let mut all = BooleanBufferBuilder::new(rows);
    all.append_n(rows, true);
    all
}

fn keys(batch: &RecordBatch) -> impl Iterator<Item = &[u8]> {
    let keys: &BinaryArray = batch.column(0).as_binary::<i32>();
    (0..keys.len()).map(|row| keys.value(row))
}

fn marks(batch: &RecordBatch) -> impl Iterator<Item = Option<i64>> {
    batch.column(3).as_primitive::<Int64Type>().iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::scratch::MemoryScratch;
    use crate::data::{Class, ColumnType};
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn buckets(files: &[Vec<i64>]) -> KeyBuckets {
        let column = Column {
            name: Name::new("id").expect("a name"),
            column_type: ColumnType::Bigint,
            class: Class::Open,
            kind: None,
            source: vec!["id".into()],
            beyond: crate::data::Beyond::Error,
            nullable: false,
            unit: None,
            description: None,
            references: None,
            treat: BTreeMap::new(),
            not_personal: BTreeMap::new(),
        };
        let mut buckets = KeyBuckets::new(vec![column], None, &Aside::new(Arc::new(MemoryScratch::default()), 1 << 10));
        for (file, ids) in files.iter().enumerate() {
            for (batch, ids) in ids.chunks(3).enumerate() {
                let ids = Arc::new(Int64Array::from(ids.to_vec())) as ArrayRef;
                let rows = RecordBatch::try_from_iter([("id", ids)]).expect("rows");
                buckets.add(&rows, file as u32, 3 * batch as u32).expect("room");
            }
        }
        buckets
    }

    fn merged(changed: &[i64], source: &[i64], table: &[Vec<i64>], deleted: Deleted) -> Merge {
        let files: Vec<usize> = table.iter().map(Vec::len).collect();
        let (changed, source) = (buckets(&[changed.to_vec()]), buckets(&[source.to_vec()]));
        merge(&changed, &source, &buckets(table), &files, deleted).expect("merged")
    }

    fn left(merge: &Merge, table: &[Vec<i64>]) -> Vec<Vec<i64>> {
        let left = |(ids, stays): (&Vec<i64>, &Option<BooleanBuffer>)| match stays {
            None => ids.clone(),
            Some(stays) => ids.iter().zip(stays).filter(|(_, stays)| *stays).map(|(id, _)| *id).collect(),
        };
        table.iter().zip(&merge.stays).map(left).collect()
    }

    #[test]
    fn touches_no_file_without_a_key_that_goes_and_says_what_is_missing_or_wrong() {
        let table = [vec![1, 2, 3, 4], vec![5, 6], vec![7]];
        let merge = merged(&[2, 9], &[1, 2, 4, 5, 6, 7, 9, 10], &table, Deleted::Remove);
        assert_eq!(left(&merge, &table), [vec![1, 4], vec![5, 6], vec![7]]);
        assert!(merge.stays[1].is_none() && merge.stays[2].is_none());
        assert_eq!((merge.replaced, merge.deleted, merge.missing, merge.faults), (1, 1, 1, 0));
        let kept = merged(&[2, 9], &[1, 2, 4, 5, 6, 7, 9], &table, Deleted::Keep);
        assert_eq!(left(&kept, &table), [vec![1, 3, 4], vec![5, 6], vec![7]]);
        assert_eq!((kept.deleted, kept.missing), (1, 0));
        assert_eq!(merged(&[8], &[1, 1], &[vec![1], vec![1]], Deleted::Keep).faults, 3);
    }

    proptest! {
        #[test]
        fn a_merged_table_has_the_keys_of_the_source(
            table in prop::collection::btree_set(0i64..200, 0..80),
            source in prop::collection::btree_set(0i64..200, 0..80),
            updated in prop::collection::btree_set(0i64..200, 0..20),
        ) {
            let files: Vec<Vec<i64>> = table.iter().copied().collect::<Vec<_>>().chunks(7).map(<[i64]>::to_vec).collect();
            // What is new at the source, and some of what both have.
            let changed: BTreeSet<i64> = source.iter().filter(|id| !table.contains(id) || updated.contains(id)).copied().collect();
            let of = |ids: &BTreeSet<i64>| ids.iter().copied().collect::<Vec<_>>();
            let merge = merged(&of(&changed), &of(&source), &files, Deleted::Remove);
            let mut after: Vec<i64> = left(&merge, &files).concat();
            after.extend(&changed);
            after.sort_unstable();
            prop_assert_eq!(after, of(&source));
            prop_assert_eq!((merge.missing, merge.faults), (0, 0));
            prop_assert_eq!(merge.deleted as usize, table.difference(&source).count());
        }
    }
}
