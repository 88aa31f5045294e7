//! Where the next byte of a sort is: most bytes of a text are of none, and are passed over eight at a time.

use std::ops::RangeInclusive;

/// A bit for each of eight bytes.
const HIGH: u64 = 0x8080_8080_8080_8080;
const ONES: u64 = 0x0101_0101_0101_0101;

/// The first place from `from` on whose byte `is` true of; that is so of bytes of `among`, which are ASCII, and of bytes beyond ASCII
/// alone.
#[inline(always)]
pub fn position(text: &[u8], from: usize, among: RangeInclusive<u8>, is: impl Fn(u8) -> bool) -> Option<usize> {
    let rest = &text[from..];
    let (low, high) = (ONES * u64::from(0x80 - among.start()), ONES * u64::from(0x7f - among.end()));
    let (blocks, _) = rest.as_chunks::<8>();
    let may_hold = |block: &[u8; 8]| {
        let bytes = u64::from_le_bytes(*block);
        let plain = bytes & !HIGH;
        // The high bit of a byte's sum says that it is `low` at least, or beyond `high`; no sum carries into the next byte.
        (((plain + low) ^ (plain + high)) | bytes) & HIGH != 0
    };
    let passed = 8 * blocks.iter().take_while(|block| !may_hold(block)).count();
    rest[passed..].iter().position(|byte| is(*byte)).map(|next| from + passed + next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_first_byte_wherever_it_stands() {
        for (one, other) in [(b'0', b'/'), (b'9', b':'), (0xc3, b'z'), (b'5', 0xc2)] {
            let is = |byte: u8| byte.is_ascii_digit() || byte == 0xc3;
            for length in 0..40 {
                for place in 0..length {
                    let mut text = vec![other; length];
                    text[place] = one;
                    for from in 0..=length {
                        let found = position(&text, from, b'0'..=b'9', is);
                        assert_eq!(
                            found,
                            (from <= place).then_some(place),
                            "{one} among {other}: {length} {place} {from}"
                        );
                    }
                }
            }
        }
    }
}
