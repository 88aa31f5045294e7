//! A place to put bytes aside for the length of a run, and how many may lie there. A pure room gets one as a parameter.

use std::sync::{Arc, Mutex};

/// Where a piece of bytes was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// First byte.
    pub offset: u64,
    /// Bytes there.
    pub length: u64,
    /// How many pieces were put before it.
    pub number: u64,
}

/// Bytes that may lie on the disk at once, of everything that a run puts aside: `spill_max`.
#[derive(Debug)]
pub struct Allowance {
    left: Mutex<u64>,
}

impl Allowance {
    /// `bytes_max` in all.
    pub fn new(bytes_max: u64) -> Self {
        Allowance { left: Mutex::new(bytes_max) }
    }

    /// As much as there is.
    pub fn unlimited() -> Arc<Self> {
        Arc::new(Allowance::new(u64::MAX))
    }

    /// Takes `bytes` of it; false, and nothing is taken, when so many are not left.
    pub fn take(&self, bytes: u64) -> bool {
        let Ok(mut left) = self.left.lock() else { return false };
        left.checked_sub(bytes).inspect(|rest| *left = *rest).is_some()
    }

    /// Gives back what was taken.
    pub fn give_back(&self, bytes: u64) {
        if let Ok(mut left) = self.left.lock() {
            *left = left.saturating_add(bytes);
        }
    }
}

/// There is no room left, or what was put aside cannot be read again (exit 51).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("scratch space cannot be {0}")]
pub struct ScratchFault(pub &'static str);

/// What a seal takes behind the bytes that it is put on.
pub const SEAL_BYTES: usize = 16;

/// Bytes put aside and read again, any number of times, by any thread. What was put comes back byte for byte or not at
/// all; nothing of it outlives the run, and whoever reads the disk meanwhile learns nothing.
pub trait Scratch: Send + Sync {
    /// Puts `bytes` aside. Room for [`SEAL_BYTES`] behind them spares a copy.
    fn put(&self, bytes: Vec<u8>) -> Result<Piece, ScratchFault>;

    /// Reads a piece again.
    fn get(&self, piece: Piece) -> Result<Vec<u8>, ScratchFault>;

    /// Gives a piece up: its place may be taken by another of the same length.
    fn free(&self, piece: Piece);
}

/// Scratch space of a test, in memory and in the open.
#[cfg(test)]
#[derive(Default)]
pub struct MemoryScratch(Mutex<Vec<Vec<u8>>>);

#[cfg(test)]
impl MemoryScratch {
    /// Pieces that were put.
    pub fn pieces(&self) -> usize {
        self.0.lock().expect("a lock").len()
    }
}

#[cfg(test)]
impl Scratch for MemoryScratch {
    fn put(&self, bytes: Vec<u8>) -> Result<Piece, ScratchFault> {
        let mut pieces = self.0.lock().expect("a lock");
        let length = bytes.len() as u64;
        pieces.push(bytes);
        Ok(Piece { offset: 0, length, number: pieces.len() as u64 - 1 })
    }

    fn get(&self, piece: Piece) -> Result<Vec<u8>, ScratchFault> {
        Ok(self.0.lock().expect("a lock")[piece.number as usize].clone())
    }

    fn free(&self, piece: Piece) {
        self.0.lock().expect("a lock")[piece.number as usize].clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allowance_is_taken_as_far_as_it_goes_and_comes_back() {
        let allowance = Allowance::new(10);
        assert!(allowance.take(7));
        assert!(!allowance.take(4), "three are left");
        assert!(allowance.take(3));
        allowance.give_back(4);
        assert!(allowance.take(4) && !allowance.take(1));
    }
}
