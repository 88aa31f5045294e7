//! Keys in ascending order, put aside until all are there: of keys of one length, of up to sixteen bytes, nothing but the steps from each to
//! the next. Where few numbers are left out a step takes a byte or two; no step takes more than nineteen.
//!
//! Never in here: what a key means.

use super::spill::{Aside, Spill};
use crate::data::scratch::{Piece, SEAL_BYTES, ScratchFault};
use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, BinaryBuilder, RecordBatch};
use std::sync::Arc;

/// Bytes of a key that is a number for its steps, at most.
const NUMBER_BYTES_MAX: usize = 16;
/// Bits of a step in one of its bytes; the highest bit says that more follow. LEB128.
const STEP_BITS: u32 = 7;
const MORE: u8 = 1 << STEP_BITS;

/// Keys, each greater than the one before.
pub struct Ascending {
    aside: Aside,
    parts: Vec<Part>,
    /// Keys that are no numbers of one length, in the order of their parts.
    whole: Spill,
    last: Option<Vec<u8>>,
}

enum Part {
    /// Keys of so many bytes each, by their steps, the first from zero.
    Steps(usize, Piece),
    /// A batch of its own.
    Whole,
}

impl Ascending {
    /// None yet; in the scratch space of `aside`, and none of its memory.
    pub fn new(aside: &Aside) -> Self {
        // Read once at the end, if at all: not worth a run's memory.
        let aside = aside.within(0);
        Ascending { whole: Spill::new(&aside), aside, parts: Vec::new(), last: None }
    }

    /// Adds `keys`, each greater than the one before, where they go on behind those that are here; false, and none is added, where they
    /// do not.
    pub fn add(&mut self, keys: &BinaryArray) -> Result<bool, ScratchFault> {
        let Some(last) = keys.len().checked_sub(1) else { return Ok(true) };
        if self.last.as_deref().is_some_and(|before| before >= keys.value(0)) {
            return Ok(false);
        }
        self.last = Some(keys.value(last).to_vec());
        self.parts.push(match steps(keys) {
            Some(steps) => Part::Steps(keys.value(0).len(), self.aside.scratch().put(steps)?),
            None => {
                let rows = RecordBatch::try_from_iter([("key", Arc::new(keys.clone()) as ArrayRef)]);
                self.whole.push(rows.map_err(|_| ScratchFault("packed"))?)?;
                Part::Whole
            }
        });
        Ok(true)
    }

    /// All of them in their order, batch by batch as they came.
    pub fn iter(&self) -> impl Iterator<Item = Result<BinaryArray, ScratchFault>> {
        let mut whole = self.whole.iter();
        self.parts.iter().map(move |part| match part {
            Part::Steps(length, piece) => walked(&self.aside.scratch().get(*piece)?, *length).ok_or(UNREADABLE),
            Part::Whole => Ok(whole.next().ok_or(UNREADABLE)??.column(0).as_binary::<i32>().clone()),
        })
    }
}

/// What was put aside is not what comes back.
const UNREADABLE: ScratchFault = ScratchFault("read again");

/// The steps from key to key; `None` where keys are too long or not of one length.
fn steps(keys: &BinaryArray) -> Option<Vec<u8>> {
    let length = keys.value(0).len();
    if length > NUMBER_BYTES_MAX || keys.offsets().lengths().any(|other| other != length) {
        return None;
    }
    let mut steps = Vec::with_capacity(2 * keys.len() + SEAL_BYTES);
    let mut before = 0;
    for key in keys.iter().flatten() {
        let mut bytes = [0; NUMBER_BYTES_MAX];
        bytes[NUMBER_BYTES_MAX - length..].copy_from_slice(key);
        let number = u128::from_be_bytes(bytes);
        let mut step = number.checked_sub(before)?;
        while step >= u128::from(MORE) {
            steps.push(step as u8 | MORE);
            step >>= STEP_BITS;
        }
        steps.push(step as u8);
        before = number;
    }
    Some(steps)
}

/// The keys of so many bytes that the steps lead to; `None` where they lead nowhere.
fn walked(steps: &[u8], length: usize) -> Option<BinaryArray> {
    let count = steps.iter().filter(|byte| **byte & MORE == 0).count();
    let mut keys = BinaryBuilder::with_capacity(count, count * length);
    let (mut number, mut step, mut bits) = (0u128, 0u128, 0);
    for byte in steps {
        step |= u128::from(byte & !MORE).checked_shl(bits)?;
        bits += STEP_BITS;
        if byte & MORE == 0 {
            number = number.checked_add(step)?;
            keys.append_value(&number.to_be_bytes()[NUMBER_BYTES_MAX - length..]);
            (step, bits) = (0, 0);
        }
    }
    (bits == 0).then(|| keys.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::scratch::MemoryScratch;
    use proptest::prelude::*;

    fn put_aside(batches: &[Vec<Vec<u8>>]) -> (Vec<bool>, Vec<Vec<u8>>) {
        let mut all = Ascending::new(&Aside::new(Arc::new(MemoryScratch::default()), 1 << 20));
        let add = |keys: &Vec<Vec<u8>>| all.add(&BinaryArray::from_iter_values(keys)).expect("room");
        let added = batches.iter().map(add).collect();
        let back = all.iter().map(|keys| keys.expect("keys").iter().flatten().map(<[u8]>::to_vec).collect::<Vec<_>>());
        (added, back.flatten().collect())
    }

    proptest! {
        #[test]
        fn keys_come_back_as_they_were(
            keys in prop_oneof![
                proptest::collection::btree_set(proptest::collection::vec(any::<u8>(), 0..20), 0..60),
                proptest::collection::btree_set(proptest::collection::vec(any::<u8>(), 16), 0..60),
                proptest::collection::btree_set((0u64..200).prop_map(|n| [&[1], &n.to_be_bytes()[..]].concat()), 0..60),
            ],
            pieces in 1usize..9,
        ) {
            let keys: Vec<Vec<u8>> = keys.into_iter().collect();
            let batches: Vec<Vec<Vec<u8>>> = keys.chunks(pieces).map(<[_]>::to_vec).collect();
            let (added, back) = put_aside(&batches);
            prop_assert!(added.into_iter().all(|added| added));
            prop_assert_eq!(back, keys);
        }
    }

    #[test]
    fn keys_that_do_not_go_on_are_not_taken() {
        let key = |n: u8| vec![1, n];
        let batches = [vec![key(3), key(5)], vec![key(5), key(6)], vec![key(2)], vec![], vec![key(6)]];
        let (added, back) = put_aside(&batches);
        assert_eq!(added, [true, false, false, true, true]);
        assert_eq!(back, [key(3), key(5), key(6)]);
    }

    #[test]
    fn takes_none_of_a_runs_memory() {
        let scratch = Arc::new(MemoryScratch::default());
        let mut all = Ascending::new(&Aside::new(scratch.clone(), 1 << 20));
        for key in [vec![1; 9], vec![2; 9], vec![3; 17], vec![4; 17]] {
            all.add(&BinaryArray::from_iter_values([key])).expect("room");
        }
        assert_eq!(scratch.pieces(), 4);
    }

    #[test]
    fn steps_that_are_cut_lead_nowhere() {
        let steps = steps(&BinaryArray::from_iter_values([[1, 0], [9, 9]])).expect("steps");
        assert!(walked(&steps, 2).is_some() && walked(&steps[..steps.len() - 1], 2).is_none());
    }

    #[test]
    fn keys_that_follow_each_other_take_a_byte_each() {
        let keys = BinaryArray::from_iter_values(
            (5_000_000_000u64..5_000_001_000).map(|n| [&[1], &n.to_be_bytes()[..]].concat()),
        );
        assert!(steps(&keys).expect("steps").len() < 1_020);
    }
}
