//! A short text with every digit as `0`: texts that differ in their digits alone share it, and most columns of references have few.
//!
//! What a text can hold is asked of its skeleton, with [patterns that take any digit](super::patterns::Patterns::of_any_digit). Where
//! nothing comes of the skeleton, nothing comes of the text, and it is not walked.

/// Bytes of a text that has one here.
const BYTES_MAX: usize = 31;
/// Skeletons that are remembered by a thread: 32 KiB, beside its core.
const PLACES: usize = 1 << 10;
/// What a thread may spend on skeletons that it meets for the first time, and what one costs; one that it knows earns 1.
const CREDIT: u32 = 1 << 10;
const COST: u32 = 8;
/// Texts that pass for each one that is asked again where nothing is left to spend.
const PASSING: u32 = 64;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x80 * ONES;

/// The bytes of a text with its digits as `0`, then zeros, and in the last byte its length.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Skeleton([u64; 4]);

impl Skeleton {
    /// That of a text; none of a long one, or one beyond ASCII.
    pub fn of(text: &[u8]) -> Option<Self> {
        if text.len() > BYTES_MAX || text.is_empty() {
            return None;
        }
        let mut bytes = [0; 32];
        bytes[..text.len()].copy_from_slice(text);
        bytes[BYTES_MAX] = text.len() as u8;
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
            let bytes = u64::from_le_bytes(*bytes);
            if bytes & HIGH != 0 {
                return None;
            }
            // The high bit of a byte's sum says that it is `0` at least, or beyond `9`; no sum carries into the next byte.
            let (least, beyond) = (bytes + ONES * (0x80 - 0x30), bytes + ONES * (0x80 - 0x3a));
            let digits = ((least & !beyond & HIGH) >> 7) * 0xff;
            *word = (bytes & !digits) | ((ONES * 0x30) & digits);
        }
        // The length is no digit.
        words[3] = (words[3] & !(0xff << 56)) | ((text.len() as u64) << 56);
        Some(Skeleton(words))
    }

    /// Its bytes and how many of them are the text's.
    pub fn text(&self) -> ([u8; 32], usize) {
        let mut bytes = [0; 32];
        for (eight, word) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(self.0) {
            *eight = word.to_le_bytes();
        }
        (bytes, usize::from(bytes[BYTES_MAX]))
    }

    fn place(&self) -> usize {
        let [first, second, third, fourth] = self.0;
        (folded(first ^ 0x9e37_79b9_7f4a_7c15, second ^ 0xd1b5_4a32_d192_ed03)
            ^ folded(third ^ 0xbf58_476d_1ce4_e5b9, fourth ^ 0x94d0_49bb_1331_11eb)) as usize
            % PLACES
    }
}

/// Both halves of a product, one upon the other: a place for what stands in two words.
pub fn folded(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    product as u64 ^ (product >> 64) as u64
}

/// Skeletons that a thread has met, and whether anything can come of them.
pub struct Skeletons {
    places: Box<[(Skeleton, bool)]>,
    credit: u32,
    passed: u32,
}

/// What is known of a text by its skeleton.
pub enum Known {
    /// Whether nothing can come of it.
    Quiet(bool),
    /// It is to be found out, and [kept](Skeletons::keep).
    New(Skeleton),
    /// Nothing.
    Nothing,
}

impl Default for Skeletons {
    fn default() -> Self {
        Skeletons { places: vec![Default::default(); PLACES].into_boxed_slice(), credit: CREDIT, passed: 0 }
    }
}

impl Skeletons {
    /// What is known of a text.
    pub fn ask(&mut self, text: &[u8]) -> Known {
        if self.credit < COST {
            #[cfg(test)]
            if self.places.is_empty() {
                return Known::Nothing;
            }
            self.passed += 1;
            if self.passed < PASSING {
                return Known::Nothing;
            }
            (self.passed, self.credit) = (0, COST);
        }
        let Some(skeleton) = Skeleton::of(text) else { return Known::Nothing };
        let (known, is_quiet) = self.places[skeleton.place()];
        if known == skeleton {
            self.credit = CREDIT.min(self.credit + 1);
            return Known::Quiet(is_quiet);
        }
        self.credit -= COST;
        Known::New(skeleton)
    }

    /// Knows nothing, and is told nothing.
    #[cfg(test)]
    pub fn none() -> Self {
        Skeletons { places: Box::default(), credit: 0, passed: 0 }
    }

    /// Remembers whether nothing can come of it.
    pub fn keep(&mut self, skeleton: Skeleton, is_quiet: bool) {
        self.places[skeleton.place()] = (skeleton, is_quiet);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Option<String> {
        let (bytes, length) = Skeleton::of(text.as_bytes())?.text();
        Some(String::from_utf8_lossy(&bytes[..length]).into_owned())
    }

    #[test]
    fn is_the_text_with_every_digit_as_zero() {
        let all: String = (1..0x80u8).map(char::from).collect();
        for start in 0..all.len() {
            for length in 1..=BYTES_MAX.min(all.len() - start) {
                let text = &all[start..start + length];
                let expected: String =
                    text.chars().map(|sign| if sign.is_ascii_digit() { '0' } else { sign }).collect();
                assert_eq!(written(text), Some(expected));
            }
        }
        assert_eq!((written(""), written("caf\u{e9} 1"), written(&"1".repeat(32))), (None, None, None));
    }

    #[test]
    fn texts_of_other_lengths_have_others() {
        let zeros = "\0".repeat(BYTES_MAX);
        let all: Vec<_> = (1..=BYTES_MAX).filter_map(|length| Skeleton::of(&zeros.as_bytes()[..length])).collect();
        assert!(all.iter().enumerate().all(|(place, one)| !all[..place].contains(one)) && all.len() == BYTES_MAX);
    }

    #[test]
    fn gives_up_where_hardly_any_comes_again_and_asks_again_later() {
        let mut skeletons = Skeletons::default();
        let mut met = 0;
        for number in 0..10_000u32 {
            let letters: String = (0..8).map(|place| char::from(b'a' + (number >> (4 * place) & 15) as u8)).collect();
            if let Known::New(skeleton) = skeletons.ask(letters.as_bytes()) {
                met += 1;
                skeletons.keep(skeleton, true);
            }
        }
        assert!((128..400).contains(&met), "{met}");
        let known = (0..10_000).filter(|number| {
            let text = format!("AAA-{number}");
            match skeletons.ask(text.as_bytes()) {
                Known::New(skeleton) => skeletons.keep(skeleton, true),
                Known::Quiet(is_quiet) => return is_quiet,
                Known::Nothing => {}
            }
            false
        });
        assert!(known.count() > 9_000);
    }
}
