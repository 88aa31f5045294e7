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
use crate::format::spill::{Aside, Spill};
use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, RecordBatch, UInt32Array};
use arrow::compute::take;
use arrow::row::{RowConverter, SortField};
use rayon::prelude::*;
use std::cmp::Ordering;
use std::sync::Arc;

/// Late keys that are sorted all at once.
const LATE_ROWS_MAX: u64 = 1 << 20;

/// Memory for late keys, before they go to the disk: a run's peak is not to grow with the rows that were changed.
const LATE_BYTES_MAX: u64 = 16 << 20;

/// Bytes of a key that is sorted as one number, its length behind it.
const SHORT_BYTES_MAX: usize = 15;

/// The keys of a table, so far.
pub struct UniqueKeys {
    run: Spill,
    /// Of the run.
    last: Option<Vec<u8>>,
    late: Vec<Spill>,
    null_keys: u64,
    late_rows_max: u64,
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
        let aside_of_late = aside.within(LATE_BYTES_MAX);
        UniqueKeys {
            // Read once at the end, if at all: not worth the run's memory.
            run: Spill::new(&aside.within(0)),
            last: None,
            late: (0..BUCKETS).map(|_| Spill::new(&aside_of_late)).collect(),
            null_keys: 0,
            late_rows_max: LATE_ROWS_MAX,
        }
    }

    /// Adds the keys of more rows.
    pub fn add(&mut self, keys: Keys) -> Result<(), CompareFault> {
        self.null_keys += keys.null_keys;
        let spread = match keys.keys {
            Order::Ascending(keys) if keys.is_empty() => return Ok(()),
            Order::Ascending(keys) if self.last.as_deref().is_none_or(|last| last < keys.value(0)) => {
                self.last = Some(keys.value(keys.len() - 1).to_vec());
                return Ok(self.run.push(batch(keys)?)?);
            }
            Order::Ascending(keys) => spread(&keys, &(0..keys.len()).collect::<Vec<_>>())?,
            Order::Any(spread) => spread,
        };
        for (bucket, keys) in spread {
            self.late[bucket].push(batch(keys)?)?;
        }
        Ok(())
    }

    /// Counts what is wrong.
    pub fn finish(self) -> Result<KeyFaults, CompareFault> {
        let late: u64 = self.late.iter().map(Spill::rows).sum();
        let null_keys = self.null_keys;
        let duplicates = match late {
            0 => 0,
            late if late <= self.late_rows_max => self.walked()?,
            _ => self.in_buckets()?,
        };
        Ok(KeyFaults { null_keys, duplicates })
    }

    /// The late keys in order, side by side with the run: as numbers where all keys are short enough.
    fn walked(self) -> Result<u64, CompareFault> {
        let batches = self.late.iter().flat_map(Spill::iter).collect::<Result<Vec<_>, _>>()?;
        let late = || batches.iter().flat_map(keys);
        let numbers: Option<Vec<u128>> = late().map(number).collect();
        let by_number = |late: &u128, key: &[u8]| Some(late.cmp(&number(key)?));
        if let Some(duplicates) = numbers.map(|late| beside(&self.run, late, by_number)).transpose()?.flatten() {
            return Ok(duplicates);
        }
        let duplicates = beside(&self.run, late().collect(), |late: &&[u8], key| Some((*late).cmp(key)))?;
        duplicates.ok_or(CompareFault::Shape)
    }

    /// Everything by buckets, one on each core at a time.
    fn in_buckets(mut self) -> Result<u64, CompareFault> {
        for run in self.run.iter() {
            let run = run?;
            let keys = run.column(0).as_binary::<i32>();
            for (bucket, keys) in spread(keys, &(0..keys.len()).collect::<Vec<_>>())? {
                self.late[bucket].push(batch(keys)?)?;
            }
        }
        self.late.into_par_iter().map(|bucket| repeats(&bucket)).sum()
    }
}

/// How many of the late keys are in the run or come again among themselves; `None` where a key of the run has no place in their order.
fn beside<K: Ord + Send>(
    run: &Spill,
    mut late: Vec<K>,
    order: impl Fn(&K, &[u8]) -> Option<Ordering>,
) -> Result<Option<u64>, CompareFault> {
    late.par_sort_unstable();
    let all = late.len();
    late.dedup();
    let mut duplicates = (all - late.len()) as u64;
    let mut late = late.iter().peekable();
    for batch in run.iter() {
        for key in keys(&batch?) {
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
fn repeats(bucket: &Spill) -> Result<u64, CompareFault> {
    let mut numbers: Vec<u128> = Vec::with_capacity(bucket.rows() as usize);
    for batch in bucket.iter() {
        let batch = batch?;
        let before = numbers.len();
        numbers.extend(keys(&batch).map_while(number));
        if numbers.len() < before + batch.num_rows() {
            drop(numbers);
            let batches = bucket.batches()?;
            return Ok(repeats_in(batches.iter().flat_map(keys).collect()));
        }
    }
    Ok(repeats_in(numbers))
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

fn keys(batch: &RecordBatch) -> impl Iterator<Item = &[u8]> {
    batch.column(0).as_binary::<i32>().iter().flatten()
}

fn batch(keys: BinaryArray) -> Result<RecordBatch, CompareFault> {
    Ok(RecordBatch::try_from_iter([("key", Arc::new(keys) as ArrayRef)])?)
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
    use crate::data::scratch::MemoryScratch;
    use crate::data::{ColumnType, Name};
    use arrow::array::{Int64Array, StringViewArray};
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn column(name: &str, column_type: ColumnType) -> Column {
        Column::plain(Name::new(name).expect("a name"), column_type)
    }

    type Batch<'a> = (Vec<Option<i64>>, Vec<Option<&'a str>>);

    /// By both roads that late keys may take.
    fn faults(batches: &[Batch<'_>]) -> KeyFaults {
        faults_of(&[column("id", ColumnType::Bigint), column("part", ColumnType::Text)], batches)
    }

    fn faults_of(key: &[Column], batches: &[Batch<'_>]) -> KeyFaults {
        let [walked, in_buckets] = [LATE_ROWS_MAX, 0].map(|late_rows_max| found(key, batches, late_rows_max));
        assert_eq!(walked, in_buckets);
        walked
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
            batches in proptest::collection::vec(proptest::collection::vec(0i64..60, 0..12), 0..8),
            is_sorted in any::<bool>(),
        ) {
            let mut batches = batches;
            if is_sorted {
                batches.iter_mut().for_each(|batch| batch.sort_unstable());
            }
            let all: Vec<i64> = batches.concat();
            let distinct: HashSet<i64> = all.iter().copied().collect();
            let rows: Vec<Batch<'_>> = batches
                .iter()
                .map(|ids| (ids.iter().copied().map(Some).collect(), vec![Some("a"); ids.len()]))
                .collect();
            let expected = KeyFaults { null_keys: 0, duplicates: (all.len() - distinct.len()) as u64 };
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
