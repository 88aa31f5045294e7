//! Packed bytes as they arrive -> bytes, a slice at a time: an object of gigabytes never lies in memory whole.
//!
//! Never in here: what the bytes mean, and where they come from.

use super::FormatFault;
use super::compression::Compression;
use std::io::Write;
use zstd::stream::raw::{Decoder, InBuffer, Operation, OutBuffer};

/// Packed bytes that are taken at once. gzip makes a thousand times as much of them at most.
pub const SLICE_BYTES: usize = 16 << 10;
/// What one slice may unpack to.
const SLICE_UNPACKED_BYTES_MAX: usize = 32 << 20;
/// Room that zstd is given at a time.
const STEP_BYTES: usize = 128 << 10;

/// Something packed, being unpacked.
pub struct Unpacker {
    kind: Compression,
    gzip: Option<flate2::write::MultiGzDecoder<Vec<u8>>>,
    zstd: Option<(Decoder<'static>, Vec<u8>)>,
    /// Whether nothing has been begun that is not at its end.
    is_whole: bool,
    left: u64,
}

impl Unpacker {
    /// Whether bytes packed as `kind` can be unpacked as they arrive; others are first put together ([`Compression::stream`]).
    pub fn takes(kind: Compression) -> bool {
        matches!(kind, Compression::Plain | Compression::Gzip | Compression::Zstd)
    }

    /// For bytes packed as `kind`, which it [takes](Unpacker::takes); they unpack to `bytes_max` at most.
    pub fn new(kind: Compression, bytes_max: u64) -> Result<Self, FormatFault> {
        if !Unpacker::takes(kind) {
            return Err(kind.torn());
        }
        let zstd = match kind {
            Compression::Zstd => Some((Decoder::new().map_err(|_| kind.torn())?, vec![0; STEP_BYTES])),
            _ => None,
        };
        let gzip = (kind == Compression::Gzip).then(|| flate2::write::MultiGzDecoder::new(Vec::new()));
        Ok(Unpacker { kind, gzip, zstd, is_whole: kind != Compression::Gzip, left: bytes_max })
    }

    /// Unpacks the next `slice` (of [`SLICE_BYTES`] at most) behind `out`.
    pub fn push(&mut self, slice: &[u8], out: &mut Vec<u8>) -> Result<(), FormatFault> {
        let before = out.len();
        if let Some(gzip) = &mut self.gzip {
            gzip.write_all(slice).and_then(|()| gzip.flush()).map_err(|_| self.kind.torn())?;
            out.append(gzip.get_mut());
        } else if self.zstd.is_some() {
            self.push_zstd(slice, out)?;
        } else {
            out.extend_from_slice(slice);
        }
        let grown = (out.len() - before) as u64;
        self.left = self.left.checked_sub(grown).ok_or_else(bomb)?;
        Ok(())
    }

    fn push_zstd(&mut self, slice: &[u8], out: &mut Vec<u8>) -> Result<(), FormatFault> {
        let Some((zstd, room)) = &mut self.zstd else { return Ok(()) };
        let mut input = InBuffer::around(slice);
        let most = out.len() + SLICE_UNPACKED_BYTES_MAX;
        loop {
            let (at, written) = {
                let mut output = OutBuffer::around(room.as_mut_slice());
                let left = zstd.run(&mut input, &mut output).map_err(|_| Compression::Zstd.torn())?;
                self.is_whole = left == 0;
                (input.pos(), output.pos())
            };
            out.extend_from_slice(&room[..written]);
            if out.len() > most {
                return Err(bomb());
            }
            // A full room may mean that there is more to come of the same input.
            if at == slice.len() && written < room.len() {
                return Ok(());
            }
        }
    }

    /// What comes at the very end. Fails when the packed bytes were cut short.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<(), FormatFault> {
        if let Some(gzip) = self.gzip.take() {
            out.append(&mut gzip.finish().map_err(|_| self.kind.torn())?);
            return Ok(());
        }
        if self.is_whole { Ok(()) } else { Err(self.kind.torn()) }
    }
}

fn bomb() -> FormatFault {
    FormatFault::new("unpacks to more than its cap")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packed(kind: Compression, bytes: &[u8]) -> Vec<u8> {
        match kind {
            Compression::Plain => bytes.to_vec(),
            Compression::Gzip => {
                let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                packer.write_all(bytes).expect("packed");
                packer.finish().expect("packed")
            }
            _ => zstd::encode_all(bytes, 1).expect("packed"),
        }
    }

    fn unpacked(kind: Compression, bytes: &[u8], slice_bytes: usize, bytes_max: u64) -> Result<Vec<u8>, FormatFault> {
        let (mut unpacker, mut out) = (Unpacker::new(kind, bytes_max)?, Vec::new());
        for slice in bytes.chunks(slice_bytes) {
            unpacker.push(slice, &mut out)?;
        }
        unpacker.finish(&mut out).map(|()| out)
    }

    const KINDS: [Compression; 3] = [Compression::Plain, Compression::Gzip, Compression::Zstd];

    proptest! {
        #[test]
        fn gives_what_was_packed_however_it_is_sliced(
            bytes in proptest::collection::vec(0u8..4, 0..2_000), more in proptest::collection::vec(any::<u8>(), 0..50), slice_bytes in 1usize..300,
        ) {
            for kind in KINDS {
                let twice = [packed(kind, &bytes), packed(kind, &more)].concat();
                let whole = [bytes.clone(), more.clone()].concat();
                prop_assert_eq!(unpacked(kind, &twice, slice_bytes, 1 << 20), Ok(whole), "{:?}", kind);
            }
        }

        #[test]
        fn takes_nothing_that_was_cut_short(bytes in proptest::collection::vec(any::<u8>(), 1..300), cut in 1usize..40) {
            for kind in [Compression::Gzip, Compression::Zstd] {
                let packed = packed(kind, &bytes);
                let cut = cut.min(packed.len() - 1);
                prop_assert!(unpacked(kind, &packed[..packed.len() - cut], 64, 1 << 20).is_err(), "{:?}", kind);
            }
        }
    }

    #[test]
    fn stops_at_the_cap_and_at_a_bomb() {
        for kind in KINDS {
            let packed = packed(kind, &[b'x'; 10_000]);
            assert_eq!(unpacked(kind, &packed, SLICE_BYTES, 9_999), Err(bomb()), "{kind:?}");
            assert!(unpacked(kind, &packed, SLICE_BYTES, 10_000).is_ok(), "{kind:?}");
        }
        let bomb_of_zeros = packed(Compression::Zstd, &vec![0; SLICE_UNPACKED_BYTES_MAX + STEP_BYTES]);
        assert_eq!(unpacked(Compression::Zstd, &bomb_of_zeros, SLICE_BYTES, u64::MAX), Err(bomb()));
    }
}
