//! gzip, zstd, LZ4, Snappy or plain -> bytes, with a cap: a hundred kilobytes of gzip may hold a hundred megabytes of nothing.

use super::FormatFault;
use bytes::Bytes;
use std::io::{Cursor, Error, ErrorKind, Read};

/// Packed bytes of a whole that has to be looked at before it is read, at most.
const PACKED_BYTES_MAX: u64 = 1 << 30;

/// All of a text, for a format that is not read from front to back.
pub fn whole(mut text: impl Read) -> Result<Bytes, FormatFault> {
    let mut bytes = Vec::new();
    text.read_to_end(&mut bytes).map_err(|_| FormatFault::new("cannot be read or unpacked to its end"))?;
    Ok(bytes.into())
}

/// How bytes are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    Plain,
    /// gzip, any number of members.
    Gzip,
    /// Zstandard, any number of frames.
    Zstd,
    /// LZ4, any number of frames.
    Lz4,
    /// Snappy, in its own frames or in those of Java's `SnappyOutputStream`. Neither marks its end: a cut between two of them
    /// shows only in what was cut.
    Snappy,
}

impl Compression {
    /// By the name's last ending; the rest of the name comes back as well.
    pub fn of(name: &str) -> (Self, &str) {
        if let Some(rest) = name.strip_suffix(".gz") {
            (Compression::Gzip, rest)
        } else if let Some(rest) = name.strip_suffix(".zst") {
            (Compression::Zstd, rest)
        } else if let Some(rest) = name.strip_suffix(".lz4") {
            (Compression::Lz4, rest)
        } else if let Some(rest) = name.strip_suffix(".snappy").or_else(|| name.strip_suffix(".sz")) {
            (Compression::Snappy, rest)
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
        let mut reader = self.reader(Cursor::new(packed))?.take(bytes_max + 1);
        reader.read_to_end(&mut unpacked).map_err(|_| self.torn())?;
        if unpacked.len() as u64 > bytes_max {
            return Err(FormatFault::new("unpacks to more than its cap"));
        }
        Ok(unpacked.into())
    }

    /// The bytes of `packed` unpacked as they are read; more than `bytes_max` of them end in [`ErrorKind::FileTooLarge`].
    pub fn stream(
        self,
        packed: impl Read + Send + 'static,
        bytes_max: u64,
    ) -> Result<Box<dyn Read + Send>, FormatFault> {
        Ok(match self {
            // What is not packed is no bomb.
            Compression::Plain => Box::new(packed),
            packing => Box::new(Capped { bytes: packing.reader(packed)?, left: bytes_max }),
        })
    }

    fn reader(self, mut packed: impl Read + Send + 'static) -> Result<Box<dyn Read + Send>, FormatFault> {
        Ok(match self {
            Compression::Plain => Box::new(packed),
            Compression::Gzip => Box::new(flate2::read::MultiGzDecoder::new(packed)),
            Compression::Zstd => Box::new(zstd::stream::read::Decoder::new(packed).map_err(|_| self.torn())?),
            // Neither says at its end that it is one: they are looked at whole.
            Compression::Lz4 | Compression::Snappy => {
                let mut bytes = Vec::new();
                let read = packed.by_ref().take(PACKED_BYTES_MAX).read_to_end(&mut bytes).map_err(|_| self.torn())?;
                if read as u64 == PACKED_BYTES_MAX || (self == Compression::Lz4 && !super::lz4::is_whole(&bytes)) {
                    return Ok(Box::new(Torn));
                }
                match self {
                    Compression::Lz4 => Box::new(lz4_flex::frame::FrameDecoder::new(Cursor::new(bytes))),
                    _ => super::snappy::reader(Cursor::new(bytes.into())),
                }
            }
        })
    }

    /// What is said of packed bytes that are not whole.
    pub fn torn(self) -> FormatFault {
        match self {
            Compression::Gzip => FormatFault::new("is not whole gzip"),
            Compression::Lz4 => FormatFault::new("is not whole LZ4"),
            Compression::Snappy => FormatFault::new("is not whole Snappy"),
            _ => FormatFault::new("is not whole zstd"),
        }
    }
}

/// Of what is known to be cut.
struct Torn;

impl Read for Torn {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(ErrorKind::InvalidData.into())
    }
}

/// Bytes of which there may be so many and no more.
struct Capped {
    bytes: Box<dyn Read + Send>,
    left: u64,
}

impl Read for Capped {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let read = self.bytes.read(into)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| Error::from(ErrorKind::FileTooLarge))?;
        Ok(read)
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
    fn streams_what_it_would_unpack_and_no_more_than_the_cap() {
        let zeros = vec![0; 100_000];
        let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
        lz4.write_all(&zeros).expect("packed");
        let lz4 = lz4.finish().expect("packed");
        for (compression, packed) in [
            (Compression::Gzip, gzip(&zeros)),
            (Compression::Zstd, zstd::encode_all(&zeros[..], 1).expect("packed")),
            (Compression::Lz4, lz4),
        ] {
            let read = |bytes: &[u8], bytes_max| {
                let mut out = Vec::new();
                let stream = compression.stream(Cursor::new(bytes.to_vec()), bytes_max);
                stream.expect("a stream").read_to_end(&mut out).map(|_| out).map_err(|error| error.kind())
            };
            assert_eq!(read(&packed, 100_000).as_ref(), Ok(&zeros), "{compression:?}");
            assert_eq!(read(&packed, 99_999), Err(ErrorKind::FileTooLarge), "{compression:?}");
            assert!(read(&packed[..packed.len() / 2], 100_000).is_err(), "{compression:?}");
        }
    }

    #[test]
    fn knows_them_by_name() {
        assert_eq!(Compression::of("a.csv.gz"), (Compression::Gzip, "a.csv"));
        assert_eq!(Compression::of("a.jsonl.zst"), (Compression::Zstd, "a.jsonl"));
        assert_eq!(Compression::of("a.jsonl.lz4"), (Compression::Lz4, "a.jsonl"));
        assert_eq!(Compression::of("a.json.snappy"), (Compression::Snappy, "a.json"));
        assert_eq!(Compression::of("a.parquet"), (Compression::Plain, "a.parquet"));
    }
}
