//! A place to put bytes aside for the length of a run. A pure room gets one as a parameter.

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
pub struct MemoryScratch(std::sync::Mutex<Vec<Vec<u8>>>);

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
