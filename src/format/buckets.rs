//! Keys put aside by buckets, as bytes one behind the other: those of one bucket come back together, whatever came between them.
//!
//! Never in here: which bucket a key goes into, and what it means.

use super::spill::Aside;
use crate::data::scratch::{Piece, SEAL_BYTES, ScratchFault};

/// Bytes of a bucket that are in memory, about; then they are put aside.
const OPEN_BYTES: usize = 128 << 10;

/// Bytes that say how long a key is. A key of 4 GiB is no cell of any database.
const LENGTH_BYTES: usize = 4;

/// Keys by buckets.
pub struct Buckets {
    buckets: Vec<Bucket>,
}

/// Keys of one bucket.
pub struct Bucket {
    aside: Aside,
    pieces: Vec<Piece>,
    open: Vec<u8>,
    count: u64,
}

impl Buckets {
    /// So many empty ones, in the scratch space of `aside` and with memory of their own.
    pub fn new(aside: &Aside, count: usize) -> Self {
        let empty = || Bucket { aside: aside.clone(), pieces: Vec::new(), open: Vec::new(), count: 0 };
        Buckets { buckets: (0..count).map(|_| empty()).collect() }
    }

    /// How many buckets there are.
    pub fn count(&self) -> usize {
        self.buckets.len()
    }

    /// Keys in all of them.
    pub fn keys(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.count).sum()
    }

    /// Adds a key to the bucket at `place`, of which there is one.
    pub fn add(&mut self, place: usize, key: &[u8]) -> Result<(), ScratchFault> {
        self.buckets[place].add(key)
    }

    /// Each for itself.
    pub fn into_each(self) -> Vec<Bucket> {
        self.buckets
    }
}

impl Bucket {
    fn add(&mut self, key: &[u8]) -> Result<(), ScratchFault> {
        if self.open.capacity() == 0 {
            self.open.reserve_exact(OPEN_BYTES + SEAL_BYTES);
        }
        let length = u32::try_from(key.len()).map_err(|_| ScratchFault("written: a key is too long"))?;
        self.open.extend_from_slice(&length.to_le_bytes());
        self.open.extend_from_slice(key);
        self.count += 1;
        if self.open.len() >= OPEN_BYTES {
            self.pieces.push(self.aside.scratch().put(std::mem::take(&mut self.open))?);
        }
        Ok(())
    }

    /// Keys in it.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// All of it, piece by piece, each to be taken apart by [`keys_in`].
    pub fn pieces(&self) -> impl Iterator<Item = Result<Vec<u8>, ScratchFault>> {
        let aside = self.pieces.iter().map(|piece| self.aside.scratch().get(*piece));
        aside.chain(std::iter::once_with(|| Ok(self.open.clone())))
    }
}

/// The keys of one of a bucket's pieces.
pub fn keys_in(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, behind) = bytes.split_first_chunk::<LENGTH_BYTES>()?;
        let (key, behind) = behind.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        bytes = behind;
        Some(key)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::scratch::MemoryScratch;
    use std::sync::Arc;

    #[test]
    fn keys_come_back_by_their_buckets_from_memory_and_from_the_disk() {
        let scratch = Arc::new(MemoryScratch::default());
        let mut buckets = Buckets::new(&Aside::new(scratch.clone(), 0), 3);
        let key = |number: usize| format!("{number}").repeat(number % 5).into_bytes();
        let count = 60_000;
        (0..count).for_each(|number| buckets.add(number % 2, &key(number)).expect("room"));
        assert_eq!((buckets.count(), buckets.keys()), (3, count as u64));
        assert!(scratch.pieces() > 2, "more than memory is for");
        for (place, bucket) in buckets.into_each().into_iter().enumerate() {
            let expected: Vec<Vec<u8>> = (0..count).filter(|number| number % 2 == place).map(key).collect();
            assert_eq!(bucket.count(), expected.len() as u64);
            let pieces: Vec<Vec<u8>> = bucket.pieces().collect::<Result<_, _>>().expect("pieces");
            let back: Vec<Vec<u8>> = pieces.iter().flat_map(|piece| keys_in(piece)).map(<[u8]>::to_vec).collect();
            assert_eq!(back, expected, "{place}");
        }
    }
}
