//! Bytes put aside as they come, of which any range can be read: an object of any size in the memory of a few pieces.
//!
//! In memory while there is room, else in scratch space, whose room is free again when they go.

use super::ranged::Ranged;
use super::spill::Aside;
use crate::data::scratch::{Piece, SEAL_BYTES, ScratchFault};
use bytes::Bytes;
use std::io;
use std::sync::{Mutex, PoisonError};

/// Bytes of a piece in scratch space; all are of one length, so that one takes the place of another.
const PIECE_BYTES: usize = 1 << 20;

/// Bytes put aside.
pub struct Pieces {
    aside: Aside,
    kept: Vec<Kept>,
    length: u64,
    /// The piece that was last fetched, by its place, with its bytes.
    last: Mutex<Option<(usize, Vec<u8>)>>,
}

/// A run of bytes, and where it starts.
struct Kept {
    start: u64,
    length: usize,
    at: At,
}

enum At {
    Here(Bytes),
    There(Piece),
}

impl Pieces {
    /// None yet.
    pub fn new(aside: &Aside) -> Self {
        Pieces { aside: aside.clone(), kept: Vec::new(), length: 0, last: Mutex::default() }
    }

    /// Puts `bytes` behind the others.
    pub fn push(&mut self, bytes: Bytes) -> Result<(), ScratchFault> {
        if self.aside.take(bytes.len() as u64) {
            self.keep(bytes.len(), At::Here(bytes));
            return Ok(());
        }
        for piece in bytes.chunks(PIECE_BYTES) {
            let mut padded = Vec::with_capacity(PIECE_BYTES + SEAL_BYTES);
            padded.extend_from_slice(piece);
            padded.resize(PIECE_BYTES, 0);
            let put = self.aside.scratch().put(padded)?;
            self.keep(piece.len(), At::There(put));
        }
        Ok(())
    }

    fn keep(&mut self, length: usize, at: At) {
        self.kept.push(Kept { start: self.length, length, at });
        self.length += length as u64;
    }

    /// Fills as much of `into` as the piece that holds the byte at `start` has.
    fn read_some(&self, start: u64, into: &mut [u8]) -> io::Result<usize> {
        let place = self.kept.partition_point(|kept| kept.start <= start).checked_sub(1);
        let (place, kept) =
            place.and_then(|place| Some((place, self.kept.get(place)?))).ok_or(io::ErrorKind::UnexpectedEof)?;
        let from = usize::try_from(start - kept.start).unwrap_or(usize::MAX);
        let mut copy = |bytes: &[u8]| {
            let found = bytes.get(from..kept.length).filter(|found| !found.is_empty());
            let found = found.ok_or(io::ErrorKind::UnexpectedEof)?;
            let count = found.len().min(into.len());
            into[..count].copy_from_slice(&found[..count]);
            Ok(count)
        };
        let piece = match &kept.at {
            At::Here(bytes) => return copy(bytes),
            At::There(piece) => *piece,
        };
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, bytes)) = last.as_ref().filter(|(known, _)| *known == place) {
            return copy(bytes);
        }
        let bytes = self.aside.scratch().get(piece).map_err(io::Error::other)?;
        let count = copy(&bytes);
        *last = Some((place, bytes));
        count
    }
}

impl Ranged for Pieces {
    fn length(&self) -> u64 {
        self.length
    }

    fn read_at(&self, start: u64, into: &mut [u8]) -> io::Result<()> {
        let mut filled = 0;
        while filled < into.len() {
            filled += self.read_some(start.saturating_add(filled as u64), &mut into[filled..])?;
        }
        Ok(())
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        for kept in &self.kept {
            match &kept.at {
                At::Here(bytes) => self.aside.give_back(bytes.len() as u64),
                At::There(piece) => self.aside.scratch().free(*piece),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::scratch::MemoryScratch;
    use std::sync::Arc;

    #[test]
    fn reads_any_range_wherever_the_bytes_are() {
        let all: Vec<u8> = (0..3 * PIECE_BYTES + 77).map(|at| (at % 251) as u8).collect();
        let whole = Bytes::from(all.clone());
        for memory in [0, 100, PIECE_BYTES as u64, 1 << 30] {
            let aside = Aside::new(Arc::new(MemoryScratch::default()), memory);
            let mut pieces = Pieces::new(&aside);
            let cuts = [0, 90, PIECE_BYTES + 100, PIECE_BYTES + 101, all.len()];
            cuts.windows(2).for_each(|cut| pieces.push(whole.slice(cut[0]..cut[1])).expect("room"));
            assert_eq!(pieces.length(), all.len() as u64);
            for (start, length) in [(0, all.len()), (89, 2), (PIECE_BYTES - 5, 200), (all.len() - 1, 1), (all.len(), 0)]
            {
                let mut read = vec![0; length];
                pieces.read_at(start as u64, &mut read).expect("a range");
                assert_eq!(read, all[start..start + length], "{memory} {start} {length}");
            }
            assert!(pieces.read_at(all.len() as u64, &mut [0]).is_err());
            assert!(pieces.read_at(u64::MAX, &mut [0, 0]).is_err());
        }
        assert!(Pieces::new(&Aside::new(Arc::new(MemoryScratch::default()), 0)).read_at(0, &mut [0]).is_err());
    }

    #[test]
    fn gives_its_room_back_when_it_goes() {
        let aside = Aside::new(Arc::new(MemoryScratch::default()), 10);
        let mut pieces = Pieces::new(&aside);
        pieces.push(Bytes::from_static(b"ten bytes.")).expect("room");
        assert!(!aside.take(1));
        drop(pieces);
        assert!(aside.take(10));
    }
}
