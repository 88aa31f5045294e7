//! Memory that whole tables may take: counted as they are gathered, so that the end comes in words and not by a kill.
//!
//! Never in here: rows that pass through in bounded batches; those have bounds of their own.

use arrow::array::RecordBatch;

/// Bytes that may still be taken.
#[derive(Debug)]
pub struct Room {
    left: u64,
    bytes_max: u64,
}

/// There is less room than was wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "takes more than the {bytes_max} bytes of rows that may be held at once; hint: raise `memory_max` in the environment's `[limits]`"
)]
pub struct NoRoom {
    /// All that there was.
    pub bytes_max: u64,
}

impl Room {
    /// All of `bytes_max`.
    pub fn new(bytes_max: u64) -> Self {
        Room { left: bytes_max, bytes_max }
    }

    /// Takes what `rows` hold.
    pub fn take(&mut self, rows: &RecordBatch) -> Result<(), NoRoom> {
        let bytes = rows.get_array_memory_size() as u64;
        self.left = self.left.checked_sub(bytes).ok_or(NoRoom { bytes_max: self.bytes_max })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::Int64Array;
    use std::sync::Arc;

    #[test]
    fn takes_what_fits_and_no_more() {
        let numbers = Arc::new(Int64Array::from_iter_values(0..1000));
        let rows = RecordBatch::try_from_iter([("n", numbers as _)]).expect("rows");
        let bytes = rows.get_array_memory_size() as u64;
        let mut room = Room::new(2 * bytes);
        assert_eq!((room.take(&rows), room.take(&rows)), (Ok(()), Ok(())));
        assert_eq!(room.take(&rows), Err(NoRoom { bytes_max: 2 * bytes }));
    }
}
