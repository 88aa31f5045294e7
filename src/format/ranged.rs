//! Bytes that lie somewhere, of which any range can be read at any time: what a format that is not read from front to back
//! needs of a file.
//!
//! Never in here: files. Whoever has one says how it is read.

use bytes::Bytes;
use std::io::{self, Read};
use std::sync::Arc;

/// Bytes that can be read anywhere, by any thread, any number of times.
pub trait Ranged: Send + Sync {
    /// How many there are.
    fn length(&self) -> u64;

    /// Fills `into` from the byte at `start`, or fails.
    fn read_at(&self, start: u64, into: &mut [u8]) -> io::Result<()>;
}

impl Ranged for Bytes {
    fn length(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, start: u64, into: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        let range = start.checked_add(into.len()).and_then(|end| self.get(start..end));
        into.copy_from_slice(range.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// Ranged bytes from a place on, front to back.
pub struct From {
    bytes: Arc<dyn Ranged>,
    at: u64,
}

impl From {
    /// From the byte at `at`.
    pub fn new(bytes: Arc<dyn Ranged>, at: u64) -> Self {
        From { bytes, at }
    }
}

impl Read for From {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = self.bytes.length().saturating_sub(self.at);
        let count = into.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        if count > 0 {
            self.bytes.read_at(self.at, &mut into[..count])?;
            self.at += count as u64;
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_to_the_end_and_not_beyond_it() {
        let bytes: Arc<dyn Ranged> = Arc::new(Bytes::from_static(b"abcdef"));
        let mut rest = String::new();
        From::new(Arc::clone(&bytes), 2).read_to_string(&mut rest).expect("read");
        assert_eq!(rest, "cdef");
        assert!(bytes.read_at(4, &mut [0; 3]).is_err());
        assert!(bytes.read_at(u64::MAX, &mut [0; 3]).is_err());
        assert_eq!(From::new(bytes, 9).read(&mut [0; 3]).expect("read"), 0);
    }
}
