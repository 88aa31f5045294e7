//! How many different values there are, in bounded memory: exactly while there are few, then nearly.
//!
//! The smallest of the values' fingerprints are kept: how far the largest of these has come tells how many there are in all.
//! Source: Bar-Yossef et al., "Counting distinct elements in a data stream", 2002 (KMV); relative error about 1/sqrt(k), 3 %.

use std::collections::BTreeSet;

/// Fingerprints that are kept: to so many values the count is exact.
pub const KEPT_MAX: usize = 1_024;

/// Different values so far.
#[derive(Clone, Debug, Default)]
pub struct Sketch {
    kept: BTreeSet<u64>,
    /// The largest that is kept, once there are as many as may be.
    most: Option<u64>,
}

impl Sketch {
    /// Adds a value by its fingerprint.
    pub fn add(&mut self, print: u128) {
        let print = (print >> 64) as u64;
        if self.most.is_some_and(|most| print >= most) || !self.kept.insert(print) {
            return;
        }
        if self.kept.len() > KEPT_MAX {
            self.kept.pop_last();
        }
        if self.kept.len() == KEPT_MAX {
            self.most = self.kept.last().copied();
        }
    }

    /// How many different values there are.
    pub fn count(&self) -> u64 {
        match self.most {
            // (k - 1) / (the k-th smallest, as a part of the whole range).
            Some(most) => (((KEPT_MAX as u128 - 1) << 64) / (u128::from(most) + 1)) as u64,
            None => self.kept.len() as u64,
        }
    }

    /// Whether the count is exact.
    pub fn is_exact(&self) -> bool {
        self.most.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::diff::Printer;
    use super::*;
    use arrow::array::{ArrayRef, Int64Array};
    use std::sync::Arc;

    fn counted(values: impl Iterator<Item = i64>) -> Sketch {
        let cells: ArrayRef = Arc::new(Int64Array::from_iter_values(values));
        let mut sketch = Sketch::default();
        let prints = Printer::new(3, 1).prints(std::iter::once((0, &cells)), cells.len()).expect("prints");
        prints.into_iter().for_each(|print| sketch.add(print));
        sketch
    }

    #[test]
    fn counts_few_exactly_and_many_nearly() {
        let few = counted((0..900).chain(0..900));
        assert_eq!((few.count(), few.is_exact()), (900, true));
        let many = counted((0..200_000).chain(50_000..60_000));
        assert!(!many.is_exact());
        assert!((180_000..220_000).contains(&many.count()), "{}", many.count());
    }
}
