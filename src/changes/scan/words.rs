//! Bytes of a text, a word of them at a time.
//!
//! Never in here: what they mean.

/// Whether two texts of one length are the same: eight bytes at a time, since what stands between two values is mostly too short
/// for a call to be worth its while.
#[inline]
pub(super) fn are_same(one: &[u8], other: &[u8]) -> bool {
    match (one.last_chunk::<8>(), other.last_chunk::<8>()) {
        (Some(last), Some(other_last)) => {
            one.as_chunks::<8>().0.iter().zip(other.as_chunks::<8>().0).all(|(one, other)| one == other)
                && last == other_last
        }
        _ => one.iter().eq(other),
    }
}

/// How many bytes are digits, before the first that is none. Eight at a time: connectors tell the time in nanoseconds.
pub(super) fn digit_bytes(bytes: &[u8]) -> usize {
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    const OVER: u64 = 0x7676_7676_7676_7676;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let mut at = 0;
    while let Some(chunk) = bytes.get(at..at + 8).and_then(|chunk| <[u8; 8]>::try_from(chunk).ok()) {
        let word = u64::from_le_bytes(chunk) ^ ZEROS;
        // Digits are 0 to 9 now, and everything else is more: of each byte whether its own high bit or the sum's is set.
        let found = (((word & !HIGHS) + OVER) | word) & HIGHS;
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = &bytes[at..];
    at + rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len())
}

/// Bytes after which a text is long, and those of a step through one that is.
const LONG_BYTES: usize = 16;
/// See [`LONG_BYTES`].
const WIDE_BYTES: usize = 32;

/// How many bytes go on before a quote, a backslash or a control character. Eight at a time: most of a dump is texts.
pub(super) fn plain_bytes(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let has_zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let mut at = 0;
    let ends = |byte: &u8| (*byte == b'"') | (*byte == b'\\') | (*byte < 0x20);
    while let Some(chunk) = bytes.get(at..at + 8).and_then(|chunk| <[u8; 8]>::try_from(chunk).ok()) {
        let word = u64::from_le_bytes(chunk);
        let controls = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        let found = has_zero(word ^ (ONES * u64::from(b'"'))) | has_zero(word ^ (ONES * u64::from(b'\\'))) | controls;
        if found != 0 {
            // The lowest bit that is set is right; those above it may be borrowed.
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
        // A long text is passed in wide steps; the eights find the place in the last of them.
        while at >= LONG_BYTES
            && let Some(wide) = bytes.get(at..at + WIDE_BYTES)
            && !wide.iter().fold(false, |any, byte| any | ends(byte))
        {
            at += WIDE_BYTES;
        }
    }
    let rest = &bytes[at..];
    at + rest.iter().position(ends).unwrap_or(rest.len())
}
