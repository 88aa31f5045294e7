//! Snappy as it is packed: in its own frames, or in those of Java's `SnappyOutputStream`.
//!
//! Source: google/snappy, `framing_format.txt`; xerial/snappy-java, `SnappyOutputStream.java` and `SnappyCodec.java`.

use bytes::Bytes;
use std::io::{Cursor, Error, ErrorKind, Read};

/// What `SnappyOutputStream` begins with; two numbers of four bytes follow.
const JAVA: &[u8] = b"\x82SNAPPY\0";
const JAVA_HEADER_BYTES: usize = 16;
/// What one block may unpack to. Java's are of 32 KiB unless told otherwise.
const BLOCK_BYTES_MAX: usize = 64 << 20;

/// The bytes unpacked as they are read.
pub(super) fn reader(packed: Cursor<Bytes>) -> Box<dyn Read + Send> {
    let packed = packed.into_inner();
    if packed.starts_with(JAVA) {
        return Box::new(Java { packed, block: Vec::new(), at: 0 });
    }
    Box::new(snap::read::FrameDecoder::new(Cursor::new(packed)))
}

struct Java {
    packed: Bytes,
    block: Vec<u8>,
    at: usize,
}

impl Java {
    /// Unpacks the next block; whether there was one.
    fn next(&mut self) -> Result<bool, Error> {
        // Streams that were put one behind the other each begin anew.
        while self.packed.starts_with(JAVA) {
            self.take(JAVA_HEADER_BYTES)?;
        }
        if self.packed.is_empty() {
            return Ok(false);
        }
        let length = self.take(4)?;
        let length = length.iter().fold(0usize, |length, byte| length << 8 | usize::from(*byte));
        let block = self.take(length)?;
        let torn = |_| Error::from(ErrorKind::InvalidData);
        if snap::raw::decompress_len(&block).map_err(torn)? > BLOCK_BYTES_MAX {
            return Err(ErrorKind::FileTooLarge.into());
        }
        self.block = snap::raw::Decoder::new().decompress_vec(&block).map_err(torn)?;
        self.at = 0;
        Ok(true)
    }

    fn take(&mut self, bytes: usize) -> Result<Bytes, Error> {
        if bytes > self.packed.len() {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(self.packed.split_to(bytes))
    }
}

impl Read for Java {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        while self.at == self.block.len() {
            if !self.next()? {
                return Ok(0);
            }
        }
        let bytes = into.len().min(self.block.len() - self.at);
        into[..bytes].copy_from_slice(&self.block[self.at..self.at + bytes]);
        self.at += bytes;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;

    fn java(blocks: &[&[u8]]) -> Vec<u8> {
        let mut packed = [JAVA, &1u32.to_be_bytes()[..], &1u32.to_be_bytes()[..]].concat();
        for block in blocks {
            let block = snap::raw::Encoder::new().compress_vec(block).expect("packed");
            packed.extend((block.len() as u32).to_be_bytes());
            packed.extend(block);
        }
        packed
    }

    fn unpacked(packed: Vec<u8>) -> Result<Vec<u8>, ErrorKind> {
        let mut out = Vec::new();
        reader(Cursor::new(packed.into())).read_to_end(&mut out).map(|_| out).map_err(|error| error.kind())
    }

    #[test]
    fn unpacks_both_kinds_of_frames() {
        let mut frames = snap::write::FrameEncoder::new(Vec::new());
        frames.write_all(b"abcdef").expect("packed");
        assert_eq!(unpacked(frames.into_inner().expect("packed")), Ok(b"abcdef".to_vec()));
        assert_eq!(unpacked([java(&[b"abc", b"", b"d"]), java(&[b"ef"])].concat()), Ok(b"abcdef".to_vec()));
        let bomb = [java(&[]), 6u32.to_be_bytes().to_vec(), vec![0xff, 0xff, 0xff, 0xff, 0x0f, 0]].concat();
        assert_eq!(unpacked(bomb), Err(ErrorKind::FileTooLarge));
    }

    proptest! {
        #[test]
        fn unpacks_or_refuses_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..60), cut in 1usize..12) {
            let _ = unpacked(bytes.clone());
            let _ = unpacked([java(&[]), bytes.clone()].concat());
            let mut packed = java(&[&bytes]);
            let length = packed.len();
            packed.truncate(length - cut.min(length - JAVA_HEADER_BYTES - 1));
            prop_assert!(unpacked(packed).is_err());
        }
    }
}
