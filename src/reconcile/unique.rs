//! Is every key there once, and whole? Asked of a table that is compared with nothing.
//!
//! Most tables are read in the order of their key: while keys ascend, each is new, and they are only kept in case that ends.
//! When it does, keys in their one writing go into buckets, put aside until all are there; a bucket is looked at by itself.

use super::compare::CompareFault;
use super::sides::{BUCKETS, bucket};
use crate::data::Column;
use crate::format::spill::{Aside, Spill};
use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, RecordBatch, UInt32Array};
use arrow::compute::take;
use arrow::row::{RowConverter, SortField};
use rayon::prelude::*;
use std::collections::HashSet;
use std::sync::Arc;

/// The keys of a table, so far.
pub struct UniqueKeys {
    aside: Aside,
    seen: Seen,
    null_keys: u64,
}

enum Seen {
    /// All ascend; the last.
    Run(Spill, Option<Vec<u8>>),
    Buckets(Vec<Spill>),
}

/// The keys of some rows.
pub struct Keys {
    keys: Order,
    null_keys: u64,
}

enum Order {
    Ascending(BinaryArray),
    Any(Vec<(usize, BinaryArray)>),
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
        let is_whole = |row: &usize| cells.iter().all(|cells| cells.is_valid(*row));
        let whole: Vec<usize> = (0..keys.num_rows()).filter(is_whole).collect();
        let null_keys = (keys.num_rows() - whole.len()) as u64;
        let keys = keys.try_into_binary()?;
        let ascends = null_keys == 0 && whole.windows(2).all(|pair| keys.value(pair[0]) < keys.value(pair[1]));
        let keys = if ascends { Order::Ascending(keys) } else { Order::Any(spread(&keys, &whole)?) };
        Ok(Keys { keys, null_keys })
    }
}

impl UniqueKeys {
    /// None yet.
    pub fn new(aside: &Aside) -> Self {
        UniqueKeys { aside: aside.clone(), seen: Seen::Run(Spill::new(aside), None), null_keys: 0 }
    }

    /// Adds the keys of more rows.
    pub fn add(&mut self, keys: Keys) -> Result<(), CompareFault> {
        self.null_keys += keys.null_keys;
        if let (Seen::Run(run, last), Order::Ascending(more)) = (&mut self.seen, &keys.keys) {
            if more.is_empty() {
                return Ok(());
            }
            if last.as_deref().is_none_or(|last| last < more.value(0)) {
                *last = Some(more.value(more.len() - 1).to_vec());
                return Ok(run.push(batch(more.clone())?)?);
            }
        }
        self.scatter()?;
        let spread = match keys.keys {
            Order::Ascending(keys) => all(&keys)?,
            Order::Any(spread) => spread,
        };
        self.put(spread)
    }

    /// Once keys no longer ascend: what was kept goes into buckets.
    fn scatter(&mut self) -> Result<(), CompareFault> {
        let Seen::Run(run, _) = &mut self.seen else { return Ok(()) };
        let run = std::mem::replace(run, Spill::new(&self.aside));
        self.seen = Seen::Buckets((0..BUCKETS).map(|_| Spill::new(&self.aside)).collect());
        for keys in run.iter() {
            self.put(all(keys?.column(0).as_binary())?)?;
        }
        Ok(())
    }

    fn put(&mut self, spread: Vec<(usize, BinaryArray)>) -> Result<(), CompareFault> {
        if let Seen::Buckets(buckets) = &mut self.seen {
            for (bucket, keys) in spread {
                buckets[bucket].push(batch(keys)?)?;
            }
        }
        Ok(())
    }

    /// Counts what is wrong, a bucket at a time on each core.
    pub fn finish(self) -> Result<KeyFaults, CompareFault> {
        let duplicates = match self.seen {
            Seen::Run(..) => 0,
            Seen::Buckets(buckets) => buckets.into_par_iter().map(duplicates).sum::<Result<_, CompareFault>>()?,
        };
        Ok(KeyFaults { null_keys: self.null_keys, duplicates })
    }
}

fn duplicates(bucket: Spill) -> Result<u64, CompareFault> {
    let batches = bucket.batches()?;
    let mut seen: HashSet<&[u8]> = HashSet::with_capacity(bucket.rows() as usize);
    let keys = batches.iter().flat_map(|keys| keys.column(0).as_binary::<i32>().iter().flatten());
    Ok(keys.map(|key| u64::from(!seen.insert(key))).sum())
}

fn batch(keys: BinaryArray) -> Result<RecordBatch, CompareFault> {
    Ok(RecordBatch::try_from_iter([("key", Arc::new(keys) as ArrayRef)])?)
}

fn all(keys: &BinaryArray) -> Result<Vec<(usize, BinaryArray)>, CompareFault> {
    spread(keys, &(0..keys.len()).collect::<Vec<_>>())
}

/// The keys at `rows`, by bucket.
fn spread(keys: &BinaryArray, rows: &[usize]) -> Result<Vec<(usize, BinaryArray)>, CompareFault> {
    let mut places = vec![Vec::new(); BUCKETS];
    for row in rows {
        places[bucket(keys.value(*row), BUCKETS)].push(*row as u32);
    }
    let filled = places.into_iter().enumerate().filter(|(_, places)| !places.is_empty());
    let buckets = filled
        .map(|(bucket, places)| Ok((bucket, take(keys, &UInt32Array::from(places), None)?.as_binary::<i32>().clone())));
    buckets.collect()
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
    fn finds_a_key_that_comes_again_after_keys_that_ascend() {
        let rows = |ids: &[i64]| (ids.iter().copied().map(Some).collect(), vec![Some("a"); ids.len()]);
        assert_eq!(faults(&[rows(&[1, 2]), rows(&[]), rows(&[3, 9])]), KeyFaults::default());
        assert_eq!(faults(&[rows(&[1, 2]), rows(&[2, 3])]).duplicates, 1);
        assert_eq!(faults(&[rows(&[1, 3]), rows(&[4, 2]), rows(&[5, 6]), rows(&[3, 6])]).duplicates, 2);
        assert_eq!(faults(&[rows(&[1, 1])]).duplicates, 1);
    }

    #[test]
    fn counts_a_null_in_any_part_of_a_key_and_an_empty_text_as_a_value() {
        let rows = (vec![Some(1), None, Some(1), None], vec![None, Some("a"), Some(""), Some("a")]);
        assert_eq!(faults(&[rows]), KeyFaults { null_keys: 3, duplicates: 0 });
    }
}
