//! Whether LZ4's frames are there to their last byte. The decoder takes an end that was cut off for an end.
//!
//! Source: lz4, `doc/lz4_Frame_format.md`.

/// What a frame begins with, and what one that holds nothing begins with (its last four bits are anything).
const MAGIC: u32 = 0x184d_2204;
const SKIPPED: u32 = 0x184d_2a50;

/// Whether `packed` is whole frames, one behind the other.
pub(super) fn is_whole(packed: &[u8]) -> bool {
    let mut rest = packed;
    while !rest.is_empty() {
        match behind(rest) {
            Some(behind) => rest = behind,
            None => return false,
        }
    }
    !packed.is_empty()
}

/// What stands behind the first frame.
fn behind(bytes: &[u8]) -> Option<&[u8]> {
    let (magic, bytes) = number(bytes)?;
    if magic & !0xf == SKIPPED {
        let (length, bytes) = number(bytes)?;
        return bytes.get(length as usize..);
    }
    let flags = *bytes.first().filter(|_| magic == MAGIC)?;
    let is_set = |bit: u8| usize::from(flags >> bit & 1);
    // Flags, block sizes, the content's length, a dictionary's id, and the checksum of all that.
    let mut bytes = bytes.get(2 + 8 * is_set(3) + 4 * is_set(0) + 1..)?;
    loop {
        let (length, rest) = number(bytes)?;
        if length == 0 {
            return rest.get(4 * is_set(2)..);
        }
        // The highest bit says that a block is not packed.
        bytes = rest.get((length & 0x7fff_ffff) as usize + 4 * is_set(4)..)?;
    }
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_le_bytes(*number), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lz4_flex::frame::{BlockMode, FrameEncoder, FrameInfo};
    use proptest::prelude::*;
    use std::io::Write;

    proptest! {
        #[test]
        fn tells_whole_frames_from_cut_ones(
            bytes in proptest::collection::vec(0u8..4, 0..3_000), flags in any::<[bool; 3]>(), cut in any::<prop::sample::Index>(),
        ) {
            let info = FrameInfo::new().block_checksums(flags[0]).content_checksum(flags[1]).block_mode(BlockMode::Independent);
            let info = if flags[2] { info.content_size(Some(bytes.len() as u64)) } else { info };
            let mut packer = FrameEncoder::with_frame_info(info, Vec::new());
            packer.write_all(&bytes).expect("packed");
            let packed = packer.finish().expect("packed");
            prop_assert!(is_whole(&packed) && is_whole(&packed.repeat(2)));
            prop_assert!(!is_whole(&packed[..cut.index(packed.len())]));
        }

        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = (is_whole(&bytes), is_whole(&[&MAGIC.to_le_bytes()[..], &bytes].concat()));
        }
    }
}
