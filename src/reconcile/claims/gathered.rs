//! What a claim needs of a dataset, of all the units so far, put aside.

use super::super::compare::CompareFault;
use super::super::sides::BUCKETS;
use super::take::Taken;
use crate::format::spill::{Aside, Spill};
use arrow::array::RecordBatch;
use std::collections::BinaryHeap;

/// Rows that are kept to be shown, at most.
pub const ROWS_MAX: usize = 1_000;

/// What was taken of a dataset for one side of a claim.
pub struct Gathered {
    pub(super) broken: u64,
    pub(super) first: First,
    pub(super) rows: Vec<RecordBatch>,
    pub(super) buckets: Vec<Spill>,
}

impl Gathered {
    /// Nothing yet.
    pub fn new(aside: &Aside) -> Self {
        let buckets = (0..BUCKETS).map(|_| Spill::new(aside)).collect();
        Gathered { broken: 0, first: First::default(), rows: Vec::new(), buckets }
    }

    /// Adds what was taken of the unit that comes next.
    pub fn add(&mut self, taken: Taken) -> Result<(), CompareFault> {
        self.broken += taken.broken;
        let left = ROWS_MAX - self.rows.iter().map(RecordBatch::num_rows).sum::<usize>();
        self.rows.extend(taken.rows.filter(|_| left > 0).map(|rows| rows.slice(0, rows.num_rows().min(left))));
        taken.places.into_iter().for_each(|place| self.first.add(place));
        for (bucket, records) in taken.records {
            self.buckets[bucket].push(records)?;
        }
        Ok(())
    }
}

/// The smallest of many places, [`ROWS_MAX`] at most: the same whatever their order.
#[derive(Default)]
pub(super) struct First(BinaryHeap<u64>);

impl First {
    pub(super) fn add(&mut self, place: u64) {
        if self.0.len() < ROWS_MAX {
            self.0.push(place);
        } else if let Some(mut largest) = self.0.peek_mut().filter(|largest| place < **largest) {
            *largest = place;
        }
    }

    /// In order.
    pub(super) fn sorted(self) -> Vec<u64> {
        self.0.into_sorted_vec()
    }
}
