//! Which rows of a side are to be looked at again: a bit a row; and the first few of many rows, to be told.

use std::collections::BinaryHeap;
use std::ops::Range;

/// A bit a row.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    words: Vec<u64>,
    count: u64,
}

impl Marks {
    /// Marks a row.
    pub fn set(&mut self, row: u32) {
        let (word, bit) = (row as usize / 64, 1 << (row % 64));
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        self.count += u64::from(self.words[word] & bit == 0);
        self.words[word] |= bit;
    }

    /// Rows that are marked.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The marked rows of `rows`, in order.
    pub fn within(&self, rows: Range<u64>) -> impl Iterator<Item = u64> {
        let first = rows.start / 64;
        let words = (first..rows.end.div_ceil(64)).map_while(|word| Some((word, *self.words.get(word as usize)?)));
        let bits = words.flat_map(|(word, bits)| {
            let mut left = bits;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros();
                left &= left.wrapping_sub(1);
                (bit < 64).then_some(word * 64 + u64::from(bit))
            })
        });
        bits.filter(move |row| rows.contains(row))
    }
}

/// How many rows, and the first few of them.
#[derive(Clone, Debug, Default)]
pub struct Told {
    count: u64,
    first: BinaryHeap<u32>,
}

/// Rows that are told one by one, at most.
pub const TOLD_MAX: usize = 5;

impl Told {
    /// Counts a row.
    pub fn add(&mut self, row: u32) {
        self.count += 1;
        self.first.push(row);
        if self.first.len() > TOLD_MAX {
            self.first.pop();
        }
    }

    /// Counts others' rows too.
    pub fn merge(&mut self, other: Told) {
        let more = other.count - other.first.len() as u64;
        other.first.into_iter().for_each(|row| self.add(row));
        self.count += more;
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The first of them, in order.
    pub fn first(&self) -> Vec<u32> {
        self.first.clone().into_sorted_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn gives_back_what_was_marked(rows in proptest::collection::btree_set(0u32..500, 0..60), from in 0u64..500, length in 0u64..300) {
            let mut marks = Marks::default();
            rows.iter().chain(&rows).for_each(|row| marks.set(*row));
            let range = from..from + length;
            let expected: Vec<u64> = rows.iter().map(|row| u64::from(*row)).filter(|row| range.contains(row)).collect();
            prop_assert_eq!(marks.within(range).collect::<Vec<_>>(), expected);
            prop_assert_eq!(marks.count(), rows.len() as u64);
        }

        #[test]
        fn tells_the_first_whatever_the_order(mut rows in proptest::collection::vec(0u32..500, 0..30)) {
            let mut told = Told::default();
            rows.iter().for_each(|row| told.add(*row));
            rows.sort_unstable();
            prop_assert_eq!(told.count(), rows.len() as u64);
            rows.truncate(TOLD_MAX);
            prop_assert_eq!(told.first(), rows);
        }
    }
}
