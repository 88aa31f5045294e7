//! gzip, zstd or plain -> bytes, with a cap: a hundred kilobytes of gzip may hold a hundred megabytes of nothing.

use super::FormatFault;
use bytes::Bytes;
use std::io::{Cursor, Read};

/// How bytes are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    Plain,
    /// gzip, any number of members.
    Gzip,
    /// Zstandard, any number of frames.
    Zstd,
}

impl Compression {
    /// By the name's last ending; the rest of the name comes back as well.
    pub fn of(name: &str) -> (Self, &str) {
        if let Some(rest) = name.strip_suffix(".gz") {
            (Compression::Gzip, rest)
        } else if let Some(rest) = name.strip_suffix(".zst") {
            (Compression::Zstd, rest)
        } else {
            (Compression::Plain, name)
        }
    }

    /// The bytes unpacked, at most `bytes_max` of them.
    pub fn unpack(self, packed: Bytes, bytes_max: u64) -> Result<Bytes, FormatFault> {
        if self == Compression::Plain {
            return Ok(packed);
        }
        let mut unpacked = Vec::new();
        let mut reader = self.reader(packed)?.take(bytes_max + 1);
        reader.read_to_end(&mut unpacked).map_err(|_| self.torn())?;
        if unpacked.len() as u64 > bytes_max {
            return Err(FormatFault::new("unpacks to more than its cap"));
        }
        Ok(unpacked.into())
    }

    /// The bytes of `packed` unpacked as they are read; more than `bytes_max` of them are an error.
    pub fn stream(
        self,
        packed: impl Read + Send + 'static,
        bytes_max: u64,
    ) -> Result<Box<dyn Read + Send>, FormatFault> {
        let bytes: Box<dyn Read + Send> = match self {
            Compression::Plain => return Ok(Box::new(packed)),
            Compression::Gzip => Box::new(flate2::read::MultiGzDecoder::new(packed)),
            Compression::Zstd => Box::new(zstd::stream::read::Decoder::new(packed).map_err(|_| self.torn())?),
        };
        Ok(Box::new(Capped { bytes, left: bytes_max }))
    }

    fn reader(self, packed: Bytes) -> Result<Box<dyn Read + Send>, FormatFault> {
        let packed = Cursor::new(packed);
        Ok(match self {
            Compression::Plain => Box::new(packed),
            Compression::Gzip => Box::new(flate2::read::MultiGzDecoder::new(packed)),
            Compression::Zstd => Box::new(zstd::stream::read::Decoder::new(packed).map_err(|_| self.torn())?),
        })
    }

    /// What is said of packed bytes that are not whole.
    pub(super) fn torn(self) -> FormatFault {
        match self {
            Compression::Gzip => FormatFault::new("is not whole gzip"),
            _ => FormatFault::new("is not whole zstd"),
        }
    }
}

/// Bytes of which there may be so many and no more.
struct Capped {
    bytes: Box<dyn Read + Send>,
    left: u64,
}

impl Read for Capped {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.bytes.read(into)?;
        self.left = self.left.checked_sub(count as u64).ok_or(std::io::ErrorKind::FileTooLarge)?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(bytes).expect("packed");
        packer.finish().expect("packed")
    }

    #[test]
    fn unpacks_members_and_frames_one_after_the_other() {
        let twice = [gzip(b"ab"), gzip(b"cd")].concat();
        assert_eq!(Compression::Gzip.unpack(twice.into(), 100), Ok(Bytes::from_static(b"abcd")));
        let twice =
            [zstd::encode_all(&b"ab"[..], 1).expect("packed"), zstd::encode_all(&b"cd"[..], 1).expect("packed")]
                .concat();
        assert_eq!(Compression::Zstd.unpack(twice.into(), 100), Ok(Bytes::from_static(b"abcd")));
    }

    #[test]
    fn refuses_what_is_torn_and_what_is_a_bomb() {
        let whole = gzip(&[b'x'; 10_000]);
        let torn = Bytes::copy_from_slice(&whole[..whole.len() - 9]);
        assert_eq!(Compression::Gzip.unpack(torn, 100_000), Err(FormatFault::new("is not whole gzip")));
        assert!(Compression::Gzip.unpack(whole.into(), 9_999).is_err());
        assert!(Compression::Zstd.unpack(Bytes::from_static(b"no"), 10).is_err());
    }

    #[test]
    fn streams_what_is_whole_and_ends_at_a_bomb_or_a_tear() {
        let read = |packed: Vec<u8>, bytes_max| {
            let mut unpacked = Vec::new();
            let mut bytes = Compression::Gzip.stream(Cursor::new(packed), bytes_max).expect("gzip");
            bytes.read_to_end(&mut unpacked).ok().map(|_| unpacked)
        };
        let whole = gzip(&[b'x'; 10_000]);
        assert_eq!(read(whole.clone(), 10_000), Some(vec![b'x'; 10_000]));
        assert_eq!(read(whole.clone(), 9_999), None);
        assert_eq!(read(whole[..whole.len() - 9].to_vec(), 10_000), None);
    }

    #[test]
    fn knows_them_by_name() {
        assert_eq!(Compression::of("a.csv.gz"), (Compression::Gzip, "a.csv"));
        assert_eq!(Compression::of("a.jsonl.zst"), (Compression::Zstd, "a.jsonl"));
        assert_eq!(Compression::of("a.parquet"), (Compression::Plain, "a.parquet"));
    }
}
