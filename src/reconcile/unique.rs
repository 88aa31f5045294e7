//! Is every key there once, and whole? Asked of a table that is compared with nothing.
//!
//! Keys in their one writing go into buckets, put aside until all are there; a bucket is looked at by itself.

use super::compare::CompareFault;
use super::sides::{BUCKETS, bucket};
use crate::data::Column;
use crate::format::spill::{Aside, Spill};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array};
use arrow::compute::take;
use arrow::row::{RowConverter, SortField};
use std::collections::HashSet;
use std::sync::Arc;

/// The keys of a table, so far.
pub struct UniqueKeys {
    buckets: Vec<Spill>,
    null_keys: u64,
}

/// The keys of some rows, by bucket.
pub struct Keys {
    buckets: Vec<(usize, RecordBatch)>,
    null_keys: u64,
}

/// What is wrong with a table's keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyFaults {
    /// Rows with a NULL in the key.
    pub null_keys: u64,
    /// Rows that share a key with an earlier one.
    pub duplicates: u64,
}

impl Keys {
    /// The keys of `rows`: the columns named in `key`.
    pub fn of(key: &[Column], rows: &RecordBatch) -> Result<Self, CompareFault> {
        let cells: Option<Vec<ArrayRef>> =
            key.iter().map(|column| rows.column_by_name(column.name.as_str()).cloned()).collect();
        let cells = cells.ok_or(CompareFault::Shape)?;
        let fields = cells.iter().map(|cells| SortField::new(cells.data_type().clone())).collect();
        let keys = RowConverter::new(fields)?.convert_columns(&cells)?;
        let (mut places, mut null_keys) = (vec![Vec::new(); BUCKETS], 0);
        for (row, key) in keys.iter().enumerate() {
            if cells.iter().any(|cells| cells.is_null(row)) {
                null_keys += 1;
            } else {
                places[bucket(key.data(), BUCKETS)].push(row as u32);
            }
        }
        let keys: ArrayRef = Arc::new(keys.try_into_binary()?);
        let filled = places.into_iter().enumerate().filter(|(_, places)| !places.is_empty());
        let buckets = filled.map(|(bucket, places)| {
            let keys = take(&keys, &UInt32Array::from(places), None)?;
            Ok((bucket, RecordBatch::try_from_iter([("key", keys)])?))
        });
        Ok(Keys { buckets: buckets.collect::<Result<_, CompareFault>>()?, null_keys })
    }
}

impl UniqueKeys {
    /// None yet.
    pub fn new(aside: &Aside) -> Self {
        UniqueKeys { buckets: (0..BUCKETS).map(|_| Spill::new(aside)).collect(), null_keys: 0 }
    }

    /// Adds the keys of more rows.
    pub fn add(&mut self, keys: Keys) -> Result<(), CompareFault> {
        self.null_keys += keys.null_keys;
        for (bucket, keys) in keys.buckets {
            self.buckets[bucket].push(keys)?;
        }
        Ok(())
    }

    /// Counts what is wrong, a bucket at a time.
    pub fn finish(self) -> Result<KeyFaults, CompareFault> {
        let mut faults = KeyFaults { null_keys: self.null_keys, duplicates: 0 };
        for bucket in self.buckets {
            let batches = bucket.batches()?;
            let mut seen: HashSet<&[u8]> = HashSet::with_capacity(bucket.rows() as usize);
            for key in batches.iter().flat_map(|keys| keys.column(0).as_binary::<i32>().iter().flatten()) {
                faults.duplicates += u64::from(!seen.insert(key));
            }
        }
        Ok(faults)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::scratch::{Piece, Scratch, ScratchFault};
    use crate::data::{Class, ColumnType, Name};
    use arrow::array::{Int64Array, StringViewArray};

    struct NoRoom;

    impl Scratch for NoRoom {
        fn put(&self, _: &[u8]) -> Result<Piece, ScratchFault> {
            Err(ScratchFault("used"))
        }

        fn get(&self, _: Piece) -> Result<Vec<u8>, ScratchFault> {
            Err(ScratchFault("used"))
        }
    }

    fn column(name: &str, column_type: ColumnType) -> Column {
        Column {
            name: Name::new(name).expect("a name"),
            source: Vec::new(),
            column_type,
            class: Class::Open,
            kind: None,
            nullable: true,
            unit: None,
            description: None,
            references: None,
            treat: Default::default(),
        }
    }

    type Batch<'a> = (Vec<Option<i64>>, Vec<Option<&'a str>>);

    fn faults(batches: &[Batch<'_>]) -> KeyFaults {
        let key = [column("id", ColumnType::Bigint), column("part", ColumnType::Text)];
        let mut keys = UniqueKeys::new(&Aside::new(Arc::new(NoRoom), 1 << 20));
        for (ids, parts) in batches {
            let ids: ArrayRef = Arc::new(Int64Array::from(ids.clone()));
            let parts: ArrayRef = Arc::new(StringViewArray::from_iter(parts.iter().copied()));
            let rows = RecordBatch::try_from_iter_with_nullable([("id", ids, true), ("part", parts, true)]);
            keys.add(Keys::of(&key, &rows.expect("rows")).expect("keys")).expect("room");
        }
        keys.finish().expect("counted")
    }

    #[test]
    fn finds_a_key_that_comes_again_in_a_later_batch() {
        let first = (vec![Some(1), Some(2)], vec![Some("a"), Some("a")]);
        let second = (vec![Some(1), Some(2)], vec![Some("b"), Some("a")]);
        assert_eq!(faults(&[first, second]), KeyFaults { null_keys: 0, duplicates: 1 });
    }

    #[test]
    fn counts_a_null_in_any_part_of_a_key_and_an_empty_text_as_a_value() {
        let rows = (vec![Some(1), None, Some(1), None], vec![None, Some("a"), Some(""), Some("a")]);
        assert_eq!(faults(&[rows]), KeyFaults { null_keys: 3, duplicates: 0 });
    }
}
