//! Digits and letters -> others of the same form, and back for whoever has the key: FF1 of NIST SP 800-38G (and of the second
//! draft of its revision 1, which keeps FF1 alone), over AES-256.
//!
//! A text's letters or digits are permuted among all texts of the same length, what stands between them stays where it is. A
//! whole number is permuted among those of its sign and number of digits, the ones below a million among themselves: the
//! smallest domain that the standard lets pass. What is no text of the alphabet, or too short, gives nothing of itself away.
//!
//! Never in here: keys.

use crate::data::Alphabet;
use aes::Aes256;
use fpe::ff1::{FF1, FlexibleNumeralString, InvalidRadix};

/// Says what is encrypted, so that the key of a domain gives other values for other uses.
const TWEAK: &[u8] = b"nightferry/ff1/v1";

/// Signs of the longest text: an account number has 34 at most, and the work grows with the square.
const SIGNS_MAX: usize = 64;

/// Numbers below this are permuted among themselves.
const SMALL: u128 = 1_000_000;
const SMALL_DIGITS: usize = 6;

/// A permutation of the texts of each length, and of the whole numbers of each.
pub struct Ff1 {
    digits: FF1<Aes256>,
    letters: FF1<Aes256>,
}

impl Ff1 {
    /// By a key of 256 bits.
    pub fn new(key: &[u8; 32]) -> Result<Self, InvalidRadix> {
        Ok(Ff1 { digits: FF1::new(key, 10)?, letters: FF1::new(key, 36)? })
    }

    /// Writes `text` with its digits, or letters and digits in upper case, changed; false, and nothing, where it has other
    /// letters, too few of them or too many.
    pub fn text(&self, text: &str, alphabet: Alphabet, out: &mut String) -> bool {
        let radix = if alphabet == Alphabet::Digits { 10 } else { 36 };
        let mut numerals = Vec::new();
        for sign in text.chars().filter(|sign| sign.is_alphanumeric()) {
            match sign.to_digit(radix).filter(|_| numerals.len() < SIGNS_MAX) {
                Some(digit) => numerals.push(digit as u16),
                None => return false,
            }
        }
        let Some(changed) = self.permuted(alphabet, TWEAK, numerals) else { return false };
        let mut changed = changed.into_iter();
        out.extend(text.chars().map(|sign| match sign.is_alphanumeric().then(|| changed.next()).flatten() {
            Some(digit) => char::from_digit(digit.into(), radix).unwrap_or('0').to_ascii_uppercase(),
            None => sign,
        }));
        true
    }

    /// Another whole number of the same sign and number of digits (below a million: of up to six), up to `max`.
    pub fn number(&self, number: u128, max: u128) -> Option<u128> {
        if number > max || max < SMALL - 1 {
            return None;
        }
        let (least, digits) = match number {
            ..SMALL => (0, SMALL_DIGITS),
            _ => (10u128.pow(number.ilog10()), number.ilog10() as usize + 1),
        };
        // Walked until it is one of them again: still a permutation, of those alone.
        let mut walked = number;
        loop {
            let numerals = format!("{walked:0digits$}").bytes().map(|digit| u16::from(digit - b'0')).collect();
            let changed = self.permuted(Alphabet::Digits, TWEAK, numerals)?;
            walked = changed.into_iter().fold(0, |number, digit| number * 10 + u128::from(digit));
            if (least..=max).contains(&walked) {
                return Some(walked);
            }
        }
    }

    fn permuted(&self, alphabet: Alphabet, tweak: &[u8], numerals: Vec<u16>) -> Option<Vec<u16>> {
        let cipher = if alphabet == Alphabet::Digits { &self.digits } else { &self.letters };
        cipher.encrypt(tweak, &FlexibleNumeralString::from(numerals)).ok().map(Vec::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    /// The key of the samples of NIST SP 800-38G for AES-256.
    const NIST: [u8; 32] = [
        0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c, 0xef, 0x43,
        0x59, 0xd8, 0xd5, 0x80, 0xaa, 0x4f, 0x7f, 0x03, 0x6d, 0x6f, 0x04, 0xfc, 0x6a, 0x94,
    ];

    fn ff1() -> Ff1 {
        Ff1::new(&NIST).expect("a cipher")
    }

    #[test]
    fn gives_what_nist_gives() {
        // FF1samples.pdf of NIST's cryptographic standards, samples 7, 8 and 9.
        let numerals = |text: &str| text.chars().map(|sign| sign.to_digit(36).expect("a sign") as u16).collect();
        let written = |numerals: Vec<u16>| -> String {
            numerals.into_iter().map(|digit| char::from_digit(digit.into(), 36).expect("a sign")).collect()
        };
        let tweak = b"\x39\x38\x37\x36\x35\x34\x33\x32\x31\x30";
        let longer = b"\x37\x37\x37\x37\x70\x71\x72\x73\x37\x37\x37";
        for (alphabet, tweak, plain, cipher) in [
            (Alphabet::Digits, b"".as_slice(), "0123456789", "6657667009"),
            (Alphabet::Digits, tweak.as_slice(), "0123456789", "1001623463"),
            (Alphabet::Alphanumeric, longer.as_slice(), "0123456789abcdefghi", "xs8a0azh2avyalyzuwd"),
        ] {
            assert_eq!(ff1().permuted(alphabet, tweak, numerals(plain)).map(written).as_deref(), Some(cipher));
        }
    }

    #[test]
    fn shows_nothing_of_what_is_no_text_of_the_alphabet() {
        let ff1 = ff1();
        for (text, alphabet) in [
            ("12345", Alphabet::Digits),
            ("AB1", Alphabet::Alphanumeric),
            ("12-34-5X", Alphabet::Digits),
            ("１２３４５６", Alphabet::Digits),
            ("Zoë 1234567", Alphabet::Alphanumeric),
            ("", Alphabet::Digits),
            ("--", Alphabet::Alphanumeric),
        ] {
            let mut out = String::new();
            assert!(!ff1.text(text, alphabet, &mut out) && out.is_empty(), "{text}");
        }
        let mut out = String::new();
        assert!(!ff1.text(&"1".repeat(1 << 20), Alphabet::Digits, &mut out));
        assert_eq!(ff1.number(5, 32_767), None);
    }

    #[test]
    fn is_a_permutation_of_the_numbers_below_a_million() {
        let ff1 = ff1();
        let seen: HashSet<u128> = (0..2_000).map(|number| ff1.number(number, u128::MAX).expect("a number")).collect();
        assert!(seen.len() == 2_000 && seen.iter().all(|number| *number < SMALL));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

        #[test]
        fn keeps_the_form_and_joins_and_nothing_else(text in "[0-9]{2}[- ]?[0-9]{4,12}", other in "[0-9]{2}[- ]?[0-9]{4,12}") {
            let of = |text: &str| {
                let mut out = String::new();
                assert!(ff1().text(text, Alphabet::Digits, &mut out));
                out
            };
            let shape = |text: &str| text.replace(|sign: char| sign.is_ascii_digit(), "0");
            prop_assert_eq!(shape(&of(&text)), shape(&text));
            prop_assert_eq!(of(&text) == of(&other), text == other);
        }

        #[test]
        fn numbers_stay_within_their_type_and_length(number in any::<i64>(), other in any::<i64>()) {
            let max = u128::from(i64::MAX.unsigned_abs());
            let of = |number: i64| ff1().number(u128::from(number.unsigned_abs()).min(max), max).expect("a number");
            let changed = of(number);
            prop_assert!(changed <= max);
            let digits = |number: u128| number.max(1).ilog10().max(5);
            prop_assert_eq!(digits(changed), digits(number.unsigned_abs().into()));
            prop_assert_eq!(changed == of(other), number.unsigned_abs() == other.unsigned_abs());
        }
    }
}
