//! Rows of a column that are NULL: most columns have none, or few.

use arrow::buffer::NullBuffer;

/// The rows so far, in order.
#[derive(Debug, Default)]
pub struct Nulls(Vec<usize>);

impl Nulls {
    /// Adds a row.
    #[inline]
    pub fn push(&mut self, row: usize) {
        self.0.push(row);
    }

    /// For a column of so many `rows`; `None` where no row is NULL. Empty again then.
    pub fn finish(&mut self, rows: usize) -> Option<NullBuffer> {
        let nulls = std::mem::take(&mut self.0);
        (!nulls.is_empty()).then(|| {
            let mut is_there = vec![true; rows];
            nulls.iter().for_each(|row| is_there[*row] = false);
            NullBuffer::from(is_there)
        })
    }
}
