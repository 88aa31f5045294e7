//! What looks like personal data in a text that nobody declared as such: the last look at what was written.
//!
//! A shape finds candidates, a validator decides, so that plant ids, company numbers and meter points pass. Cells
//! without an `@` and without six digits are not looked at further: nothing here can match them.
//! Never in here: the value found. A finding is a kind and a count.

use arrow::array::StringViewArray;
use regex::{Regex, RegexBuilder};
use std::collections::BTreeMap;

/// Bytes of a cell that are looked at; regular expressions over longer texts may take quadratic time.
pub const CELL_BYTES_MAX: usize = 32 * 1024;

/// Fewest digits in anything a shape can match, addresses aside.
const DIGITS_MIN: usize = 6;

/// What must hold of a candidate besides its shape.
type Validator = fn(&str) -> bool;

/// One kind of personal data: a shape and what must hold besides.
struct Recogniser {
    kind: &'static str,
    shape: Regex,
    holds: Validator,
}

/// All recognisers, compiled once for a run.
pub struct Recognisers(Vec<Recogniser>);

/// The shapes. Sources: RFC 5321 for addresses (simplified); HMRC NIM39110 for National Insurance numbers; ISO 13616 for IBAN; ISO/IEC 7812-1
/// for cards (Luhn); Ofcom's National Telephone Numbering Plan for mobile numbers.
const SHAPES: [(&str, &str, Validator); 5] = [
    ("email", r"(?-u:\b)[a-z0-9._%+'-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}", |_| true),
    ("nino", r"(?-u:\b)[a-ceghj-prstw-z][a-ceghj-nprstw-z][ -]?\d{2}[ -]?\d{2}[ -]?\d{2}[ -]?[a-d](?-u:\b)", is_nino),
    ("iban", r"(?-u:\b)[a-z]{2}\d{2}(?: ?[a-z0-9]{4}){3,7}(?: ?[a-z0-9]{1,3})?(?-u:\b)", is_iban),
    ("payment_card", r"(?-u:\b)(?:4\d{3}|5[1-5]\d{2}|2[2-7]\d{2}|6011)(?:[ -]?\d{4}){3}(?-u:\b)", is_luhn),
    ("mobile_number", r"(?:\+44 ?(?:\(0\))? ?|(?-u:\b)0)7\d{3}[ -]?\d{3}[ -]?\d{3}(?-u:\b)", |_| true),
];

impl Recognisers {
    /// Compiles the shapes.
    pub fn new() -> Result<Self, regex::Error> {
        let recognisers = SHAPES.iter().map(|(kind, shape, holds)| {
            let shape = RegexBuilder::new(shape).case_insensitive(true).build()?;
            Ok(Recogniser { kind, shape, holds: *holds })
        });
        recognisers.collect::<Result<_, _>>().map(Recognisers)
    }

    /// How many cells of a column hold something of each kind. NULL and hopeless cells cost a look at their bytes.
    pub fn findings(&self, column: &StringViewArray) -> BTreeMap<&'static str, u64> {
        let mut found = BTreeMap::new();
        for cell in column.iter().flatten() {
            let cell = capped(cell);
            if !is_candidate(cell.as_bytes()) {
                continue;
            }
            for recogniser in &self.0 {
                if recogniser.shape.find_iter(cell).any(|candidate| (recogniser.holds)(candidate.as_str())) {
                    *found.entry(recogniser.kind).or_default() += 1;
                }
            }
        }
        found
    }
}

fn capped(cell: &str) -> &str {
    let mut end = cell.len().min(CELL_BYTES_MAX);
    while !cell.is_char_boundary(end) {
        end -= 1;
    }
    &cell[..end]
}

fn is_candidate(cell: &[u8]) -> bool {
    let mut digits = 0;
    cell.iter().any(|byte| {
        digits += usize::from(byte.is_ascii_digit());
        *byte == b'@' || digits >= DIGITS_MIN
    })
}

/// Prefixes that HMRC never issues.
fn is_nino(candidate: &str) -> bool {
    let prefix = candidate.get(..2).unwrap_or_default().to_ascii_uppercase();
    !["BG", "GB", "KN", "NK", "NT", "TN", "ZZ"].contains(&prefix.as_str())
}

/// ISO 7064 mod 97-10 over the rearranged letters and digits.
fn is_iban(candidate: &str) -> bool {
    let signs: Vec<u8> = candidate.bytes().filter(u8::is_ascii_alphanumeric).collect();
    if !(15..=34).contains(&signs.len()) {
        return false;
    }
    let rearranged = signs[4..].iter().chain(&signs[..4]);
    let remainder = rearranged.fold(0u32, |remainder, sign| match sign {
        b'0'..=b'9' => (remainder * 10 + u32::from(sign - b'0')) % 97,
        letter => (remainder * 100 + u32::from(letter.to_ascii_uppercase() - b'A') + 10) % 97,
    });
    remainder == 1
}

fn is_luhn(candidate: &str) -> bool {
    let digits = candidate.bytes().rev().filter(u8::is_ascii_digit).map(|digit| u32::from(digit - b'0'));
    let sum: u32 = digits
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit * 2) {
            (0, _) => digit,
            (_, doubled) => doubled / 10 + doubled % 10,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(cell: &str) -> Vec<&'static str> {
        let column = StringViewArray::from_iter([Some(cell), None]);
        Recognisers::new().expect("shapes").findings(&column).into_keys().collect()
    }

    #[test]
    fn finds_what_is_about_a_person() {
        assert_eq!(kinds("write to wren.alder@example.org, please"), ["email"]);
        assert_eq!(kinds("NI: ab 12 34 56 c"), ["nino"]);
        assert_eq!(kinds("GB82 WEST 1234 5698 7654 32"), ["iban"]);
        assert_eq!(kinds("4111 1111 1111 1111"), ["payment_card"]);
        for phone in ["07700 900123", "+447700900123", "+44 (0)7700 900 123"] {
            assert_eq!(kinds(phone), ["mobile_number"], "{phone}");
        }
    }

    #[test]
    fn passes_what_only_looks_like_it() {
        for harmless in [
            "AAA-LIG-176",
            "T_DRAXX-3",
            "C__FMAGN003",
            "12345678",
            "2020-05-23 00:00:00.0000000",
            "22 7867 6232 781",
            "GB82 WEST 1234 5698 7654 33",
            "4111 1111 1111 1112",
            "TN 12 34 56 C",
            "user@localhost",
            "0199b6c2-7d3a-7c11-a1b2-c3d4e5f60718",
            "AR4-2021-000123",
            "1234567.890123",
        ] {
            assert_eq!(kinds(harmless), Vec::<&str>::new(), "{harmless}");
        }
    }

    #[test]
    fn takes_bounded_time_over_a_hostile_cell() {
        assert_eq!(kinds(&"1@".repeat(500_000)), Vec::<&str>::new());
    }
}
