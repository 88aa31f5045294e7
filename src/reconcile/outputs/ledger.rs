//! Fingerprints of buckets of keys: whether two sides, two runs or two sites hold the same, without a row of either.
//!
//! A bucket is its rows, the sum and the exclusive or of their sums: order means nothing, a row that is there twice shows, and
//! one row gives way to another by arithmetic.

use super::super::compare::CompareFault;
use super::seal::Seal;
use arrow::array::{ArrayRef, BooleanArray, Int32Array, Int64Array, RecordBatch, StringViewArray};
use std::sync::Arc;

/// Buckets, by the first bits of a key's fingerprint.
pub const LEDGER_BUCKETS: usize = 1 << LEDGER_BITS;
const LEDGER_BITS: u32 = 10;

/// What a bucket holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Bucket {
    rows: u64,
    sum: u128,
    xor: u128,
}

impl Bucket {
    fn add(&mut self, state: u128) {
        self.rows += 1;
        self.sum = self.sum.wrapping_add(state);
        self.xor ^= state;
    }

    fn take(&mut self, state: u128) {
        self.rows = self.rows.wrapping_sub(1);
        self.sum = self.sum.wrapping_sub(state);
        self.xor ^= state;
    }

    fn shown(&self, seal: &Seal, number: usize) -> String {
        seal.shown("bucket/v1", &[number as u128, u128::from(self.rows), self.sum, self.xor])
    }
}

/// The buckets of one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buckets(Vec<Bucket>);

impl Default for Buckets {
    fn default() -> Self {
        Buckets(vec![Bucket::default(); LEDGER_BUCKETS])
    }
}

impl Buckets {
    /// Adds states by their keys.
    pub fn add(&mut self, keys: &[u128], states: &[u128]) {
        keys.iter().zip(states).for_each(|(key, state)| self.0[place(*key)].add(*state));
    }

    /// Takes them out.
    pub fn take(&mut self, keys: &[u128], states: &[u128]) {
        keys.iter().zip(states).for_each(|(key, state)| self.0[place(*key)].take(*state));
    }

    /// All of them in one.
    pub fn whole(&self, seal: &Seal) -> String {
        let parts: Vec<u128> =
            self.0.iter().flat_map(|bucket| [u128::from(bucket.rows), bucket.sum, bucket.xor]).collect();
        seal.shown("whole/v1", &parts)
    }
}

fn place(key: u128) -> usize {
    (key >> (u128::BITS - LEDGER_BITS)) as usize
}

/// Buckets that are not the same on both sides.
pub fn differing(extract: &Buckets, topic: &Buckets) -> u64 {
    extract.0.iter().zip(&topic.0).filter(|(one, two)| one != two).count() as u64
}

/// A row a bucket: `bucket`, `extract_rows`, `extract_print`, `topic_rows`, `topic_print`, `is_same`.
pub fn rows(extract: &Buckets, topic: &Buckets, seal: &Seal) -> Result<RecordBatch, CompareFault> {
    let counts = |side: &Buckets| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(side.0.iter().map(|bucket| bucket.rows as i64)))
    };
    let prints = |side: &Buckets| -> ArrayRef {
        let shown = side.0.iter().enumerate().map(|(number, bucket)| bucket.shown(seal, number));
        Arc::new(StringViewArray::from_iter_values(shown))
    };
    let numbers: ArrayRef = Arc::new(Int32Array::from_iter_values(0..LEDGER_BUCKETS as i32));
    let is_same = BooleanArray::from_iter(extract.0.iter().zip(&topic.0).map(|(one, two)| Some(one == two)));
    let columns: [(&str, ArrayRef); 6] = [
        ("bucket", numbers),
        ("extract_rows", counts(extract)),
        ("extract_print", prints(extract)),
        ("topic_rows", counts(topic)),
        ("topic_print", prints(topic)),
        ("is_same", Arc::new(is_same)),
    ];
    Ok(RecordBatch::try_from_iter_with_nullable(columns.map(|(name, cells)| (name, cells, true)))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seal() -> Seal {
        Seal::new(&[7; 32])
    }

    proptest! {
        #[test]
        fn is_the_same_in_any_order_and_another_where_a_row_is_there_twice(
            states in proptest::collection::vec((any::<u128>(), any::<u128>()), 1..30), at in any::<prop::sample::Index>(),
        ) {
            let (keys, sums): (Vec<u128>, Vec<u128>) = states.iter().copied().unzip();
            let (mut one, mut other) = (Buckets::default(), Buckets::default());
            one.add(&keys, &sums);
            let (back, turned): (Vec<u128>, Vec<u128>) = states.iter().rev().copied().unzip();
            other.add(&back, &turned);
            prop_assert_eq!(&one, &other);
            prop_assert_eq!(one.whole(&seal()), other.whole(&seal()));
            let twice = at.index(states.len());
            other.add(&keys[twice..=twice], &sums[twice..=twice]);
            prop_assert_eq!(differing(&one, &other), 1);
            prop_assert_ne!(one.whole(&seal()), other.whole(&seal()));
            other.take(&keys[twice..=twice], &sums[twice..=twice]);
            prop_assert_eq!(differing(&one, &other), 0);
        }
    }

    #[test]
    fn shows_another_fingerprint_under_another_key() {
        let buckets = Buckets::default();
        assert_ne!(buckets.whole(&seal()), buckets.whole(&Seal::new(&[8; 32])));
        let rows = rows(&buckets, &buckets, &seal()).expect("rows");
        assert_eq!((rows.num_rows(), rows.num_columns()), (LEDGER_BUCKETS, 6));
    }
}
