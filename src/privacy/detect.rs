//! What looks like personal data in a text that nobody declared as such: the last look at what was written.
//!
//! ```text
//! cell -> bytes that rule it out? -> one writing (NFKC, one hyphen, one blank) -> windows -> shape -> validator
//! ```
//!
//! A shape finds candidates, a validator decides, so that plant ids, company numbers and meter points pass. Cells
//! without an `@` and without six digits are not looked at further: nothing here can match them.
//! Never in here: the value found. A finding is a kind and a count.

use arrow::array::{Array, Int64Array, StringViewArray};
use regex::{Regex, RegexBuilder};
use std::borrow::Cow;
use std::collections::BTreeMap;
use unicode_normalization::UnicodeNormalization;

/// Bytes of a cell that are looked at in one go; regular expressions over longer texts may take quadratic time.
pub const WINDOW_BYTES_MAX: usize = 32 * 1024;

/// Bytes that a window shares with the one before: more than twice what any number or the host of an address can take.
const OVERLAP_BYTES: usize = 6 * 1024;

/// Whole numbers of a batch below which cards among them could be chance: one number in ten has Luhn's sum.
const CARDS_AMONG_MIN: usize = 16;

/// Fewest digits in anything a shape can match, addresses aside.
const DIGITS_MIN: usize = 6;

/// The kind of a payment card's number.
pub const CARD: &str = "payment_card";

/// What must hold of a candidate, from byte to byte of a text, besides its shape.
type Validator = fn(&str, usize, usize) -> bool;

/// One kind of personal data: a shape and what must hold besides.
struct Recogniser {
    kind: &'static str,
    /// Fewest digits of anything of the kind; none for addresses, which have an `@`.
    digits_min: usize,
    shape: Regex,
    holds: Validator,
}

/// All recognisers, compiled once for a run.
pub struct Recognisers(Vec<Recogniser>);

/// The shapes. Sources: RFC 5321 for addresses, of which only what stands around the `@` is asked for (counted repetitions are
/// slow); HMRC NIM39110 for National Insurance numbers; ISO 13616 for IBAN; ISO/IEC 7812-1 for cards (Luhn); Ofcom's National
/// Telephone Numbering Plan for mobile numbers.
const SHAPES: [(&str, usize, &str, Validator); 5] = [
    (
        "email",
        0,
        r"[a-z0-9\x{80}-\x{10ffff}._%+'-]@[a-z0-9\x{80}-\x{10ffff}-]+\.[a-z0-9\x{80}-\x{10ffff}]",
        |_, _, _| true,
    ),
    (
        "nino",
        DIGITS_MIN,
        r"(?-u:\b)[a-ceghj-prstw-z][a-ceghj-nprstw-z][ .\-/]?\d{2}[ .\-/]?\d{2}[ .\-/]?\d{2}[ .\-/]?[a-d](?-u:\b)",
        is_nino,
    ),
    (
        "iban",
        DIGITS_MIN,
        r"(?-u:\b)[a-z]{2}\d{2}(?:[ .\-/]?[a-z0-9]{4}){2,7}(?:[ .\-/]?[a-z0-9]{1,3})?(?-u:\b)",
        is_iban,
    ),
    (
        CARD,
        15,
        r"(?-u:\b)(?:(?:4\d{3}|5[1-5]\d{2}|2[2-7]\d{2}|6011|65\d{2})(?:[ .\-]?\d{4}){3}|3[47]\d{2}[ .\-]?\d{6}[ .\-]?\d{5})(?-u:\b)",
        is_card,
    ),
    (
        "mobile_number",
        10,
        r"(?:(?:\+|(?-u:\b)(?:00)?)44\)?[ .\-/]?(?:\(0\))?[ .\-/]?\(?0?|(?-u:\b)0 ?)7(?:\d{3}\)?[ .\-/]{0,2}\d{3}[ .\-/]?\d{3}|\d{3}[ .\-/]\d{2}[ .\-/]\d{2}[ .\-/]\d{2}|\d[ .\-/]\d{4}[ .\-/]\d{4})(?-u:\b)",
        is_apart,
    ),
];

/// Letters and digits of an IBAN by its country. Source: the IBAN registry of ISO 13616-1 (SWIFT).
const IBAN_SIGNS: &[(usize, &str)] = &[
    (15, "NO"),
    (16, "BE"),
    (18, "DK FO FI GL NL"),
    (19, "MK SI"),
    (20, "AT BA EE KZ LT LU XK"),
    (21, "CH HR LI LV"),
    (22, "BG BH CR DE GB GE IE ME RS VA"),
    (23, "AE GI IL"),
    (24, "AD CZ ES MD PK RO SA SE SK TN VG"),
    (25, "PT"),
    (26, "IS TR"),
    (27, "FR GR IT MC MR SM"),
    (28, "AL AZ CY DO GT HU LB PL"),
    (29, "BR EG PS QA UA"),
    (30, "JO KW MU"),
    (31, "MT"),
];

impl Recognisers {
    /// Compiles the shapes.
    pub fn new() -> Result<Self, regex::Error> {
        let recognisers = SHAPES.iter().map(|(kind, digits_min, shape, holds)| {
            let shape = RegexBuilder::new(shape).case_insensitive(true).build()?;
            Ok(Recogniser { kind, digits_min: *digits_min, shape, holds: *holds })
        });
        recognisers.collect::<Result<_, _>>().map(Recognisers)
    }

    /// How many cells of a column hold something of each kind. NULL and hopeless cells cost a look at their bytes.
    pub fn findings(&self, column: &StringViewArray) -> BTreeMap<&'static str, u64> {
        let mut found = BTreeMap::new();
        for cell in column.iter().flatten() {
            if !may_hold(cell.as_bytes()) {
                continue;
            }
            let text = one_writing(cell);
            for recogniser in &self.0 {
                if windows(&text).any(|(start, end)| recogniser.is_in(&text, start, end)) {
                    *found.entry(recogniser.kind).or_default() += 1;
                }
            }
        }
        found
    }

    /// How many of a batch's whole numbers are payment cards: none unless most are.
    pub fn cards(&self, numbers: &Int64Array) -> u64 {
        let shape = self.0.iter().find(|recogniser| recogniser.kind == CARD);
        let is_card = |number: &i64| {
            (300_000_000_000_000..=6_999_999_999_999_999).contains(number) && {
                let text = number.to_string();
                shape.is_some_and(|shape| shape.is_in(&text, 0, text.len()))
            }
        };
        let all = numbers.len() - numbers.null_count();
        let cards = numbers.iter().flatten().filter(is_card).count();
        if all >= CARDS_AMONG_MIN && cards > all / 2 { cards as u64 } else { 0 }
    }
}

impl Recogniser {
    /// Whether something of the kind is in a window. What touches an end that the text goes on behind may be a part of
    /// something else, and stands whole in the next window.
    fn is_in(&self, text: &str, start: usize, end: usize) -> bool {
        let window = &text[start..end];
        let whole = |from: usize, to: usize| (from > start || start == 0) && (to < end || end == text.len());
        self.may_be_in(window.as_bytes())
            && self.shape.find_iter(window).any(|found| {
                let (from, to) = (start + found.start(), start + found.end());
                whole(from, to) && (self.holds)(text, from, to)
            })
    }

    /// Whether there is an `@`, or digits enough: most texts are ruled out by a look at their bytes.
    fn may_be_in(&self, window: &[u8]) -> bool {
        match self.digits_min {
            0 => window.contains(&b'@'),
            least => window.iter().filter(|byte| byte.is_ascii_digit()).take(least).count() == least,
        }
    }
}

/// Start and end of each window, from the front.
fn windows(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let mut next = Some(0);
    std::iter::from_fn(move || {
        let start = next?;
        let end = text.floor_char_boundary(start + WINDOW_BYTES_MAX);
        next = (end < text.len()).then(|| text.floor_char_boundary(end - OVERLAP_BYTES));
        Some((start, end))
    })
}

/// Escapes of JSON and compatibility forms as what they stand for, every hyphen as one and every blank as one; what has no
/// width is left out.
fn one_writing(cell: &str) -> Cow<'_, str> {
    let plain = unescaped(cell);
    if plain.is_ascii() {
        return plain;
    }
    let signs =
        plain.nfkc().filter(|sign| !matches!(sign, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'));
    let signs = signs.map(|sign| match sign {
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        blank if blank.is_whitespace() => ' ',
        sign => sign,
    });
    Cow::Owned(signs.collect())
}

/// `\u0040` and the other escapes that stand for ASCII.
fn unescaped(cell: &str) -> Cow<'_, str> {
    let mut pieces = cell.split("\\u00");
    let first = pieces.next().unwrap_or_default();
    if first.len() == cell.len() {
        return Cow::Borrowed(cell);
    }
    let mut out = first.to_owned();
    for piece in pieces {
        let sign = piece.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(u8::is_ascii_graphic);
        match sign {
            Some(sign) => {
                out.push(char::from(sign));
                out.push_str(&piece[2..]);
            }
            None => {
                out.push(' ');
                out.push_str(piece);
            }
        }
    }
    Cow::Owned(out)
}

/// Whether the bytes of a cell, whatever its writing, let it hold anything. A sign beyond ASCII may stand for a digit, and
/// one that starts with 0xEF for an `@` (U+FE6B, U+FF20), as may an escape.
fn may_hold(cell: &[u8]) -> bool {
    let mut digits = 0;
    cell.iter().any(|byte| {
        digits += usize::from(byte.is_ascii_digit() || *byte >= 0xc0);
        matches!(*byte, b'@' | b'\\' | 0xef) || digits >= DIGITS_MIN
    })
}

/// Whether a candidate is no piece of a longer row of numbers, such as a decimal fraction, a date or a UUID.
fn is_apart(text: &str, from: usize, to: usize) -> bool {
    let is_joint = |byte: Option<&u8>| byte.is_some_and(|byte| b".-/_:".contains(byte));
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let (mut before, mut after) = (text.as_bytes()[..from].iter().rev(), text.as_bytes()[to..].iter());
    let goes_on = is_joint(after.next()) && is_digit(after.next());
    !(goes_on || is_joint(before.next()) && is_digit(before.next()))
}

/// Prefixes that HMRC never issues.
fn is_nino(text: &str, from: usize, to: usize) -> bool {
    let prefix = text.get(from..from + 2).unwrap_or_default().to_ascii_uppercase();
    is_apart(text, from, to) && !["BG", "GB", "KN", "NK", "NT", "TN", "ZZ"].contains(&prefix.as_str())
}

/// The length of its country, and ISO 7064 mod 97-10 over the rearranged letters and digits. A word behind the number
/// may have got into the candidate.
fn is_iban(text: &str, from: usize, to: usize) -> bool {
    let candidate = &text.as_bytes()[from..to];
    let country = String::from_utf8_lossy(&candidate[..2]).to_ascii_uppercase();
    let Some((length, _)) = IBAN_SIGNS.iter().find(|(_, countries)| countries.split(' ').any(|one| one == country))
    else {
        return false;
    };
    let mut places = (0..candidate.len()).filter(|place| candidate[*place].is_ascii_alphanumeric());
    let Some(last) = places.nth(length - 1) else { return false };
    if candidate.get(last + 1).is_some_and(u8::is_ascii_alphanumeric) {
        return false;
    }
    let signs: Vec<u8> = candidate[..=last].iter().copied().filter(u8::is_ascii_alphanumeric).collect();
    let rearranged = signs[4..].iter().chain(&signs[..4]);
    let remainder = rearranged.fold(0u32, |remainder, sign| match sign {
        b'0'..=b'9' => (remainder * 10 + u32::from(sign - b'0')) % 97,
        letter => (remainder * 100 + u32::from(letter.to_ascii_uppercase() - b'A') + 10) % 97,
    });
    remainder == 1
}

/// Luhn's sum, groups divided in one way, and a number of Mastercard's 2-series from 2221 to 2720.
fn is_card(text: &str, from: usize, to: usize) -> bool {
    let candidate = &text[from..to];
    let digits: Vec<u8> = candidate.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
    let divided: Vec<u8> = candidate.bytes().filter(|byte| !byte.is_ascii_digit()).collect();
    let groups = if digits.len() == 15 { 3 } else { 4 };
    let is_even = divided.is_empty() || divided.len() == groups - 1 && divided.iter().all(|by| *by == divided[0]);
    let first = digits.iter().take(4).fold(0, |number, digit| number * 10 + u32::from(*digit));
    let is_issued = digits.first() != Some(&2) || (2221..=2720).contains(&first);
    is_even && is_issued && is_apart(text, from, to) && is_luhn(&digits)
}

fn is_luhn(digits: &[u8]) -> bool {
    let doubled = |digit: u32| digit * 2 / 10 + digit * 2 % 10;
    let of = |(place, digit): (usize, &u8)| if place % 2 == 0 { u32::from(*digit) } else { doubled((*digit).into()) };
    digits.iter().rev().enumerate().map(of).sum::<u32>().is_multiple_of(10)
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
        for phone in [
            "07700 900123",
            "+447700900123",
            "+44 (0)7700 900 123",
            "0044 7700 900123",
            "+44-7700-900123",
            "07700.900123",
            "07700/900 123",
            "(07700) 900123",
            "447700900123",
            "(+44) 7700 900123",
            "0 7700 900123",
            "call 077 0090 0123.",
        ] {
            assert_eq!(kinds(phone), ["mobile_number"], "{phone}");
        }
    }

    #[test]
    fn finds_it_in_every_writing_that_a_person_would_read() {
        for address in [
            "wren\u{ff20}example.org",
            "wren@m\u{fc}ller.example",
            "\u{eb}@example.org",
            r#"{"e":"wren\u0040example.org"}"#,
        ] {
            assert_eq!(kinds(address), ["email"], "{address}");
        }
        assert_eq!(kinds("\u{ff10}\u{ff17}\u{ff17}\u{ff10}\u{ff10} \u{ff19}00123"), ["mobile_number"]);
        assert_eq!(kinds("07700\u{2011}900123"), ["mobile_number"]);
        assert_eq!(kinds("077\u{200b}00 900123"), ["mobile_number"]);
        for nino in ["AB\u{a0}12\u{a0}34\u{a0}56\u{a0}C", "AB-12-34-56-C", "ab.12.34.56.c"] {
            assert_eq!(kinds(nino), ["nino"], "{nino}");
        }
        for iban in ["GB82-WEST-1234-5698-7654-32", "GB82WEST12345698765432 paid", "BE68 5390 0754 7034 paid twice"] {
            assert_eq!(kinds(iban), ["iban"], "{iban}");
        }
        for card in
            ["4111.1111.1111.1111", "4111\u{a0}1111\u{a0}1111\u{a0}1111", "3782 822463 10005", "378282246310005"]
        {
            assert_eq!(kinds(card), ["payment_card"], "{card}");
        }
    }

    #[test]
    fn finds_what_stands_anywhere_in_a_long_cell() {
        let address = "wren.alder@example.org";
        for at in [0, WINDOW_BYTES_MAX - OVERLAP_BYTES - 11, WINDOW_BYTES_MAX - 11, WINDOW_BYTES_MAX, 300_000] {
            let cell = format!("{}{address}{}", "\u{eb} ".repeat(at / 3) + &" ".repeat(at % 3), " x".repeat(50_000));
            assert_eq!(kinds(&cell), ["email"], "at {at}");
        }
        let border = WINDOW_BYTES_MAX - 8;
        assert_eq!(kinds(&format!("{}07700 900123", ". ".repeat(border / 2))), ["mobile_number"]);
        // A border cuts a long number into what would look like a card.
        let cut = format!("{}4111111111111111{}", " ".repeat(WINDOW_BYTES_MAX - 16), "0".repeat(100));
        assert_eq!(kinds(&cut), Vec::<&str>::new());
    }

    #[test]
    fn finds_cards_among_whole_numbers_where_most_are_cards() {
        let recognisers = Recognisers::new().expect("shapes");
        let with_check_digit = |front: i64| {
            let of = |digit: i64| format!("{front}{digit}").bytes().map(|sign| sign - b'0').collect::<Vec<_>>();
            (0..10).find(|digit| is_luhn(&of(*digit))).map(|digit| front * 10 + digit)
        };
        let cards: Vec<_> = (0..20).map(|n| with_check_digit(411_111_111_111_100 + n * 37)).collect();
        assert_eq!(recognisers.cards(&Int64Array::from(cards.clone())), 20);
        assert_eq!(recognisers.cards(&Int64Array::from(cards[..3].to_vec())), 0);
        let ids: Int64Array = (0..2000).map(|n| Some(4_000_000_000_000_000 + n)).collect();
        assert_eq!(recognisers.cards(&ids), 0);
        let stamps: Int64Array = (0..2000).map(|n| Some(1_795_305_600_000_000 + n)).collect();
        assert_eq!(recognisers.cards(&stamps), 0);
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
            "1234.07123456789",
            "2345.678901234567",
            "41111111-1111-4111-a111-111111111111",
            "00000000-0000-0000-4111-111111111111",
            "2026-07-12 07:41:32.123456",
            "2026-11-23T02:30:00Z",
            "07/12/2026 100",
            "1200023456789",
            "SC123456",
            "2026-11-23/48",
            "GB12 3456 7890",
            "EXP-2020-0712-345678",
            "447700",
        ] {
            assert_eq!(kinds(harmless), Vec::<&str>::new(), "{harmless}");
        }
    }

    #[test]
    fn takes_bounded_time_over_a_hostile_cell() {
        for piece in ["1@", "a@b.", "07700 ", "4111 ", "GB82 "] {
            kinds(&piece.repeat(1_000_000 / piece.len()));
        }
    }
}
