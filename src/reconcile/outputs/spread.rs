//! Over which part of a range things lie, in a few bins, whatever the range turns out to be.
//!
//! Bins are a power of two wide and grow when something lies outside. Never in here: what is at the ends of the range; it is a
//! value of the data.

/// Bins, at most.
pub const BINS_MAX: usize = 64;

/// How many things, and how many of them differ, in each bin of a range.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    low: i64,
    high: i64,
    /// A bin is 2^shift wide.
    shift: u32,
    bins: Vec<(u64, u64)>,
}

impl Spread {
    /// Adds things by where they are.
    pub fn add(&mut self, places: impl Iterator<Item = i64> + Clone, differ: bool) {
        let (Some(low), Some(high)) = (places.clone().min(), places.clone().max()) else { return };
        self.cover(low, high);
        let first = self.low >> self.shift;
        for place in places {
            let bin = &mut self.bins[((place >> self.shift) - first) as usize];
            if differ { bin.1 += 1 } else { bin.0 += 1 }
        }
    }

    /// Makes room for a range: bins become wider until there are few enough.
    fn cover(&mut self, low: i64, high: i64) {
        let (before, before_shift) = (std::mem::take(&mut self.bins), self.shift);
        let first_before = self.low >> before_shift;
        if before.is_empty() {
            (self.low, self.high) = (low, high);
        } else {
            (self.low, self.high) = (self.low.min(low), self.high.max(high));
        }
        let count = |shift: u32| i128::from(self.high >> shift) - i128::from(self.low >> shift) + 1;
        while count(self.shift) > BINS_MAX as i128 {
            self.shift += 1;
        }
        let first = self.low >> self.shift;
        self.bins = vec![(0, 0); count(self.shift) as usize];
        for (bin, (all, differing)) in before.into_iter().enumerate() {
            let place = (first_before + bin as i64) >> (self.shift - before_shift);
            let to = &mut self.bins[(place - first) as usize];
            (to.0, to.1) = (to.0 + all, to.1 + differing);
        }
    }

    /// In each bin, from the lowest: all things, and those of them that differ. Empty where there is nothing.
    pub fn bins(&self) -> &[(u64, u64)] {
        &self.bins
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn counts_the_same_however_the_things_come(mut places in proptest::collection::vec(prop_oneof![any::<i64>(), -50i64..50, Just(i64::MIN), Just(i64::MAX)], 1..60), cut in any::<prop::sample::Index>()) {
            let mut whole = Spread::default();
            whole.add(places.iter().copied(), false);
            let cut = cut.index(places.len());
            places.reverse();
            let mut parts = Spread::default();
            parts.add(places[..cut].iter().copied(), false);
            parts.add(places[cut..].iter().copied(), false);
            prop_assert_eq!(&whole, &parts);
            prop_assert!(whole.bins().len() <= BINS_MAX);
            prop_assert_eq!(whole.bins().iter().map(|bin| bin.0).sum::<u64>(), places.len() as u64);
        }
    }

    #[test]
    fn keeps_what_lies_apart_apart() {
        let mut spread = Spread::default();
        spread.add(0..1000, false);
        spread.add(900..910, true);
        let differing: Vec<usize> = (0..spread.bins().len()).filter(|bin| spread.bins()[*bin].1 > 0).collect();
        assert_eq!(differing, [56]);
        assert_eq!(spread.bins()[56], (16, 10));
    }
}
