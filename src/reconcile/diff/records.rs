//! Rows as two fingerprints each, in memory or put aside.

use super::DiffFault;
use crate::format::spill::{Aside, Spill};
use arrow::array::{ArrayRef, AsArray, Decimal128Array, RecordBatch, UInt32Array};
use arrow::datatypes::{Decimal128Type, UInt32Type};
use std::ops::Range;
use std::sync::Arc;

/// Rows that wait in memory before they are put aside together.
pub const WAITING_ROWS: usize = 2_048;

/// A row's fingerprints. Both are in one line of the cache: where one is looked at, the other is next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowPrint {
    /// Of the key.
    pub key: u128,
    /// Of the other columns.
    pub others: u128,
}

/// Rows as fingerprints, and their numbers.
#[derive(Clone, Debug, Default)]
pub struct Records {
    /// Fingerprints.
    pub prints: Vec<RowPrint>,
    /// Row numbers.
    pub rows: Vec<u32>,
}

impl Records {
    /// None yet, and room for so many.
    pub fn with_room(rows: usize) -> Self {
        Records { prints: Vec::with_capacity(rows), rows: Vec::with_capacity(rows) }
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Adds some of others' rows.
    pub fn extend(&mut self, other: &Records, range: Range<usize>) {
        self.prints.extend_from_slice(&other.prints[range.clone()]);
        self.rows.extend_from_slice(&other.rows[range]);
    }

    /// 128 bits have no Arrow type of their own but a decimal's, which keeps them.
    fn into_batch(self) -> Result<RecordBatch, DiffFault> {
        let wide = |word: fn(&RowPrint) -> u128| -> ArrayRef {
            Arc::new(Decimal128Array::from_iter_values(self.prints.iter().map(|print| word(print) as i128)))
        };
        let (keys, others) = (wide(|print| print.key), wide(|print| print.others));
        let rows: ArrayRef = Arc::new(UInt32Array::from(self.rows));
        let columns = [("key", keys), ("others", others), ("row", rows)];
        RecordBatch::try_from_iter(columns).map_err(|_| DiffFault::Shape)
    }

    fn of_batch(batch: &RecordBatch) -> Self {
        let wide = |place: usize| batch.column(place).as_primitive::<Decimal128Type>().values().iter();
        let prints = wide(0).zip(wide(1)).map(|(key, others)| RowPrint { key: *key as u128, others: *others as u128 });
        let rows = batch.column(2).as_primitive::<UInt32Type>().values().to_vec();
        Records { prints: prints.collect(), rows }
    }
}

/// Records put aside.
pub struct Waiting {
    here: Records,
    there: Spill,
}

impl Waiting {
    /// Nothing yet.
    pub fn new(aside: &Aside) -> Self {
        Waiting { here: Records::default(), there: Spill::new(&aside.within(0)) }
    }

    /// Adds some of others' rows.
    pub fn extend(&mut self, other: &Records, range: Range<usize>) -> Result<(), DiffFault> {
        self.here.extend(other, range);
        if self.here.len() >= WAITING_ROWS {
            self.there.push(std::mem::take(&mut self.here).into_batch()?)?;
        }
        Ok(())
    }

    /// All of them, a batch at a time.
    pub fn each(self, mut take: impl FnMut(&Records) -> Result<(), DiffFault>) -> Result<(), DiffFault> {
        for batch in self.there.iter() {
            take(&Records::of_batch(&batch?))?;
        }
        take(&self.here)
    }

    /// All of them at once.
    pub fn all(self) -> Result<Records, DiffFault> {
        let mut all = Records::default();
        self.each(|records| {
            all.extend(records, 0..records.len());
            Ok(())
        })?;
        Ok(all)
    }
}
