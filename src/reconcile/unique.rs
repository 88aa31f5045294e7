//! Is every key there once, and whole? Asked of a table that is compared with nothing.
//!
//! ```text
//! rows in the order of their key -> the run: each key is new when it comes; kept on disk, walked once at the end
//! all other rows (changed later)  -> late keys, in buckets; sorted and walked beside the run, or, if they are many,
//!                                    everything bucket by bucket
//! ```
//!
//! Keys are compared in the one writing of Arrow's row format, whose bytes sort as the values do.

use super::compare::CompareFault;
use super::sides::{BUCKETS, bucket};
use crate::data::Column;
use crate::format::ascending::Ascending;
use crate::format::buckets::{Bucket, Buckets, keys_in};
use crate::format::spill::Aside;
use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, RecordBatch, UInt32Array};
use arrow::compute::take;
use arrow::row::{RowConverter, SortField};
use rayon::prelude::*;
use std::cmp::Ordering;

/// Late keys that are sorted all at once.
const LATE_ROWS_MAX: u64 = 1 << 20;

/// Bytes of a key that is sorted as one number, its length behind it.
const SHORT_BYTES_MAX: usize = 15;

/// The keys of a table, so far.
pub struct UniqueKeys {
    run: Ascending,
    late: Buckets,
    null_keys: u64,
    late_rows_max: u64,
}

/// The keys of some rows.
pub struct Keys {
    keys: BinaryArray,
    ascends: bool,
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
        let rows = keys.num_rows();
        let mut keys = keys.try_into_binary()?;
        if cells.iter().any(|cells| cells.logical_null_count() > 0) {
            let is_whole = |row: &usize| cells.iter().all(|cells| cells.is_valid(*row));
            let whole = UInt32Array::from_iter_values((0..rows).filter(is_whole).map(|row| row as u32));
            keys = take(&keys, &whole, None)?.as_binary::<i32>().clone();
        }
        let null_keys = (rows - keys.len()) as u64;
        let ascends = (1..keys.len()).all(|row| keys.value(row - 1) < keys.value(row));
        Ok(Keys { keys, ascends, null_keys })
    }
}

impl UniqueKeys {
    /// None yet.
    pub fn new(aside: &Aside) -> Self {
        let late = Buckets::new(aside, BUCKETS);
        UniqueKeys { run: Ascending::new(aside), late, null_keys: 0, late_rows_max: LATE_ROWS_MAX }
    }

    /// Adds the keys of more rows.
    pub fn add(&mut self, keys: Keys) -> Result<(), CompareFault> {
        let Keys { keys, ascends, null_keys } = keys;
        self.null_keys += null_keys;
        if ascends && self.run.add(&keys)? { Ok(()) } else { spread(&keys, &mut self.late) }
    }

    /// Counts what is wrong.
    pub fn finish(self) -> Result<KeyFaults, CompareFault> {
        let UniqueKeys { run, late, null_keys, late_rows_max } = self;
        let duplicates = match late.keys() {
            0 => 0,
            few if few <= late_rows_max => late_beside(&run, late)?,
            _ => in_buckets(&run, late)?,
        };
        Ok(KeyFaults { null_keys, duplicates })
    }
}

/// Puts each key into its bucket.
fn spread(keys: &BinaryArray, buckets: &mut Buckets) -> Result<(), CompareFault> {
    for key in keys.iter().flatten() {
        buckets.add(bucket(key, buckets.count()), key)?;
    }
    Ok(())
}

/// The late keys in order, side by side with the run: as numbers where all keys are short enough.
fn late_beside(run: &Ascending, late: Buckets) -> Result<u64, CompareFault> {
    let buckets = late.into_each();
    let pieces = buckets.iter().flat_map(Bucket::pieces).collect::<Result<Vec<_>, _>>()?;
    let late = || pieces.iter().flat_map(|piece| keys_in(piece));
    let numbers: Option<Vec<u128>> = late().map(number).collect();
    let by_number = |late: &u128, key: &[u8]| Some(late.cmp(&number(key)?));
    if let Some(duplicates) = numbers.map(|late| beside(run, late, by_number)).transpose()?.flatten() {
        return Ok(duplicates);
    }
    let duplicates = beside(run, late().collect(), |late: &&[u8], key| Some((*late).cmp(key)))?;
    // Bytes have a place among bytes, whatever they are.
    duplicates.ok_or(CompareFault::Shape)
}

/// Everything by buckets, one on each core at a time.
fn in_buckets(run: &Ascending, mut buckets: Buckets) -> Result<u64, CompareFault> {
    run.iter().try_for_each(|keys| spread(&keys?, &mut buckets))?;
    buckets.into_each().into_par_iter().map(repeats).sum()
}

/// How many of the late keys are in the run or come again among themselves; `None` where a key of the run has no place in their order.
fn beside<K: Ord + Send>(
    run: &Ascending,
    mut late: Vec<K>,
    order: impl Fn(&K, &[u8]) -> Option<Ordering>,
) -> Result<Option<u64>, CompareFault> {
    late.par_sort_unstable();
    let all = late.len();
    late.dedup();
    let mut duplicates = (all - late.len()) as u64;
    let mut late = late.iter().peekable();
    for of_run in run.iter() {
        if late.peek().is_none() {
            break;
        }
        for key in of_run?.iter().flatten() {
            while let Some(next) = late.peek() {
                let Some(order) = order(next, key) else { return Ok(None) };
                if order.is_gt() {
                    break;
                }
                duplicates += u64::from(order == Ordering::Equal);
                late.next();
            }
        }
    }
    Ok(Some(duplicates))
}

/// Keys of a bucket that came before.
fn repeats(bucket: Bucket) -> Result<u64, CompareFault> {
    let mut numbers: Vec<u128> = Vec::with_capacity(bucket.count() as usize);
    for piece in bucket.pieces() {
        numbers.extend(keys_in(&piece?).map_while(number));
    }
    if numbers.len() as u64 == bucket.count() {
        return Ok(repeats_in(numbers));
    }
    drop(numbers);
    let pieces = bucket.pieces().collect::<Result<Vec<_>, _>>()?;
    Ok(repeats_in(pieces.iter().flat_map(|piece| keys_in(piece)).collect()))
}

fn repeats_in<K: Ord>(mut keys: Vec<K>) -> u64 {
    keys.sort_unstable();
    keys.windows(2).filter(|pair| pair[0] == pair[1]).count() as u64
}

/// A short key as a number that no other key has: numbers are sorted many times as fast as texts.
fn number(key: &[u8]) -> Option<u128> {
    let mut bytes = [0; SHORT_BYTES_MAX + 1];
    bytes.get_mut(..key.len()).filter(|_| key.len() <= SHORT_BYTES_MAX)?.copy_from_slice(key);
    bytes[SHORT_BYTES_MAX] = key.len() as u8;
    Some(u128::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::scratch::MemoryScratch;
    use crate::data::{ColumnType, Name};
    use arrow::array::{Int64Array, StringViewArray};
    use proptest::prelude::*;
    use std::collections::HashSet;
    use std::sync::Arc;

    fn column(name: &str, column_type: ColumnType) -> Column {
        Column::plain(Name::new(name).expect("a name"), column_type)
    }

    type Batch<'a> = (Vec<Option<i64>>, Vec<Option<&'a str>>);

    /// By every road that late keys may take: all at once, spread from the first, spread when more came than that.
    fn faults(batches: &[Batch<'_>]) -> KeyFaults {
        faults_of(&[column("id", ColumnType::Bigint), column("part", ColumnType::Text)], batches)
    }

    fn faults_of(key: &[Column], batches: &[Batch<'_>]) -> KeyFaults {
        let [at_once, spread, both] = [LATE_ROWS_MAX, 0, 5].map(|late_rows_max| found(key, batches, late_rows_max));
        assert_eq!((at_once, at_once), (spread, both));
        at_once
    }

    fn found(key: &[Column], batches: &[Batch<'_>], late_rows_max: u64) -> KeyFaults {
        let mut keys = UniqueKeys::new(&Aside::new(Arc::new(MemoryScratch::default()), 1 << 20));
        keys.late_rows_max = late_rows_max;
        for (ids, parts) in batches {
            let ids: ArrayRef = Arc::new(Int64Array::from(ids.clone()));
            let parts: ArrayRef = Arc::new(StringViewArray::from_iter(parts.iter().copied()));
            let rows = RecordBatch::try_from_iter_with_nullable([("id", ids, true), ("part", parts, true)]);
            keys.add(Keys::of(key, &rows.expect("rows")).expect("keys")).expect("room");
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

    proptest! {
        #[test]
        fn counts_as_many_as_are_missing_from_the_set_of_keys(
            batches in proptest::collection::vec(
                proptest::collection::vec(proptest::option::weighted(0.9, 0i64..60), 0..12), 0..8,
            ),
            is_sorted in any::<bool>(),
        ) {
            let mut batches = batches;
            if is_sorted {
                batches.iter_mut().for_each(|batch| batch.sort_unstable());
            }
            let all = batches.concat();
            let whole: Vec<i64> = all.iter().copied().flatten().collect();
            let distinct: HashSet<i64> = whole.iter().copied().collect();
            let rows: Vec<Batch<'_>> =
                batches.iter().map(|ids| (ids.clone(), vec![Some("a"); ids.len()])).collect();
            let null_keys = (all.len() - whole.len()) as u64;
            let expected = KeyFaults { null_keys, duplicates: (whole.len() - distinct.len()) as u64 };
            prop_assert_eq!(faults(&rows), expected);
            // A key short enough to be a number.
            prop_assert_eq!(faults_of(&[column("id", ColumnType::Bigint)], &rows), expected);
        }
    }

    #[test]
    fn keys_of_any_length_are_found_again_beside_long_ones_of_the_run() {
        let key = [column("part", ColumnType::Text)];
        let rows = |parts: &[&'static str]| (vec![None; parts.len()], parts.iter().copied().map(Some).collect());
        let long = "a key that takes more bytes than a number";
        assert_eq!(faults_of(&key, &[rows(&["a", long, "b"]), rows(&["a", "c"])]).duplicates, 1);
        assert_eq!(faults_of(&key, &[rows(&["a", "b", "c"]), rows(&[long, "b", long])]).duplicates, 2);
    }

    #[test]
    fn counts_a_null_in_any_part_of_a_key_and_an_empty_text_as_a_value() {
        let rows = (vec![Some(1), None, Some(1), None], vec![None, Some("a"), Some(""), Some("a")]);
        assert_eq!(faults(&[rows]), KeyFaults { null_keys: 3, duplicates: 0 });
    }
}
