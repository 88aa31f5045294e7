//! The same sums on every side of a claim? To the last place, at any size.

use super::settle::{Tally, keys, numbers};
use crate::data::text::decimal;
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Decimal256Type, UInt64Type, i256};
use std::collections::{BTreeSet, HashMap};

/// Digits after the point of a tolerance.
const WITHIN_SCALE: u8 = 18;

/// Groups whose sums differ, or that one side lacks.
pub fn balance(sides: &[Vec<RecordBatch>], within: Option<&str>, tally: &mut Tally) {
    let within = within.and_then(|within| decimal(within, 38, WITHIN_SCALE).ok()).unwrap_or(0);
    let sums: Vec<HashMap<&[u8], (u64, Amount)>> = sides.iter().map(|side| summed(side)).collect();
    let groups: BTreeSet<&[u8]> = sums.iter().flat_map(|side| side.keys().copied()).collect();
    for group in groups {
        let of_group: Vec<Option<&(u64, Amount)>> = sums.iter().map(|side| side.get(group)).collect();
        let is_alone = of_group.iter().any(Option::is_none);
        let amounts: Vec<Amount> = of_group.iter().flatten().map(|(_, amount)| *amount).collect();
        if is_alone || amounts.iter().any(|amount| !amount.is_within(amounts[0], within)) {
            tally.add(1, of_group[0].map(|(first, _)| *first));
            tally.more += u64::from(is_alone);
        }
    }
}

fn summed(records: &[RecordBatch]) -> HashMap<&[u8], (u64, Amount)> {
    let mut known: HashMap<&[u8], (u64, Amount)> = HashMap::new();
    for batch in records {
        let sums = batch.column(2).as_primitive::<Decimal256Type>();
        let sums = sums.values().iter().map(|units| Amount { units: *units, scale: sums.scale() });
        for ((key, first), sum) in keys(batch).zip(numbers::<UInt64Type>(batch, 1)).zip(sums) {
            let first = first.unwrap_or(u64::MAX);
            let known = known.entry(key).or_insert((first, Amount { units: i256::ZERO, scale: sum.scale }));
            known.0 = known.0.min(first);
            known.1.units = known.1.units.wrapping_add(sum.units);
        }
    }
    known
}

/// A sum of `units` x 10^-`scale`.
#[derive(Clone, Copy, Debug)]
struct Amount {
    units: i256,
    scale: i8,
}

impl Amount {
    /// Whether two amounts differ by `within` x 10^-18 at most. What does not fit 256 bits once both are written alike is so much
    /// larger that it differs.
    fn is_within(self, other: Amount, within: i128) -> bool {
        let scale = self.scale.max(other.scale).max(WITHIN_SCALE as i8);
        let (Some(one), Some(other), Some(within)) =
            (self.at(scale), other.at(scale), Amount { units: i256::from_i128(within), scale: 18 }.at(scale))
        else {
            return self.units == other.units && self.scale == other.scale;
        };
        let difference = one.wrapping_sub(other);
        difference.wrapping_abs() <= within
    }

    fn at(self, scale: i8) -> Option<i256> {
        let by = u32::try_from(scale - self.scale).ok()?;
        self.units.checked_mul(i256::from_i128(10).checked_pow(by)?)
    }
}
