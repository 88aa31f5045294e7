//! A candidate of some shape -> what speaks for its being what the shape is of, apart from the words around it.

use super::areas::is_area;
use super::{checks, dates};
use crate::privacy::engine::is_among;

/// What speaks for a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// It is something else.
    None,
    /// Its shape and nothing else: a word nearby must say what it is.
    Shape,
    /// A shape that little else has.
    Likely,
    /// A check digit, or a writing of its own.
    Proven,
}

pub use super::accounts::{bank_account, sort_code};
pub use super::addresses::{ip_v4, ip_v6, mac, mac_bare};
pub use super::phones::{phone_abroad, phone_america, phone_uk, phone_without_zero};
pub use super::vehicles::{vehicle, vehicle_older, vehicle_spaced};
use Evidence::{Likely, Proven, Shape};

/// A piece of a text that has a recogniser's shape.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The text that it is a piece of, in ASCII where it matters.
    pub text: &'a [u8],
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
}

/// Most letters and digits that a check looks at.
pub(super) const SIGNS_MAX: usize = 40;

impl<'a> Candidate<'a> {
    /// The piece itself.
    pub fn piece(&self) -> &'a [u8] {
        &self.text[self.start..self.end]
    }

    /// Its digits, as numbers.
    pub fn digits(&self) -> Signs {
        Signs::of(self.piece().iter().filter(|byte| byte.is_ascii_digit()).map(|byte| byte - b'0'))
    }

    /// Its letters, in capitals, and digits.
    pub fn signs(&self) -> Signs {
        Signs::of(self.piece().iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_uppercase))
    }

    pub(super) fn is_grouped(&self) -> bool {
        self.piece().iter().any(|byte| !byte.is_ascii_alphanumeric())
    }

    /// Whether all that divides its groups is the same sign.
    fn is_evenly_divided(&self) -> bool {
        let mut divided = self.piece().iter().filter(|byte| !byte.is_ascii_alphanumeric());
        let first = divided.next();
        divided.all(|sign| Some(sign) == first)
    }

    pub(super) fn has_capitals_only(&self) -> bool {
        !self.piece().iter().any(u8::is_ascii_lowercase)
    }

    /// Whether it is no piece of a longer row of numbers, such as a decimal fraction, a date or a UUID.
    pub fn is_apart(&self) -> bool {
        self.begins_apart() && self.ends_apart()
    }

    pub(super) fn begins_apart(&self) -> bool {
        let mut before = self.text[..self.start].iter().rev();
        let (first, second) = (before.next(), before.next());
        // `ref:123`, `id-123` and `/123` are how logs write; digits on both sides of a joint are one number.
        let comes_from = first.is_some_and(is_joint) && second.is_some_and(u8::is_ascii_digit);
        !comes_from && first != Some(&b'_')
    }

    pub(super) fn ends_apart(&self) -> bool {
        let mut after = self.text[self.end..].iter();
        let goes_on = after.next().is_some_and(is_joint) && after.next().is_some_and(u8::is_ascii_alphanumeric);
        !goes_on || self.ends_a_sentence()
    }

    /// `12345678.Next`: a full stop that nobody put a blank behind; `07700 900123-ask for Wren`: a dash.
    fn ends_a_sentence(&self) -> bool {
        match &self.text[self.end..] {
            [b'.' | b':' | b'/', letter, ..] => letter.is_ascii_alphabetic(),
            [b'-', rest @ ..] => begins_with_a_word(rest),
            _ => false,
        }
    }

    pub(super) fn is_money(&self) -> bool {
        let before = self.text[..self.start].trim_ascii_end();
        before.ends_with(b"\xc2\xa3") || before.ends_with(b"$") || before.ends_with(b"\xe2\x82\xac")
    }
}

/// Whether what stands on its both sides may be one number.
pub(super) fn is_joint(byte: &u8) -> bool {
    b".-/_:".contains(byte)
}

/// Letters of a word that is looked at behind a dash, at most.
const WORD_BYTES_MAX: usize = 24;

/// Whether a text begins with a word, and not with another group of a reference: a UUID's groups have letters up to `f`, and what ends
/// other references is a single letter or of capitals.
fn begins_with_a_word(text: &[u8]) -> bool {
    let length = text.iter().take(WORD_BYTES_MAX).take_while(|byte| byte.is_ascii_alphabetic()).count();
    let (word, behind) = text.split_at(length);
    length > 1
        && word[length - 1].is_ascii_lowercase()
        && word.iter().any(|byte| !byte.is_ascii_hexdigit())
        && !behind.first().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// Letters or digits, few of them.
pub struct Signs {
    signs: [u8; SIGNS_MAX],
    count: usize,
}

impl Signs {
    fn of(all: impl Iterator<Item = u8>) -> Self {
        let mut signs = Signs { signs: [0; SIGNS_MAX], count: 0 };
        for sign in all.take(SIGNS_MAX) {
            signs.signs[signs.count] = sign;
            signs.count += 1;
        }
        signs
    }
}

impl std::ops::Deref for Signs {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.signs[..self.count]
    }
}

pub(super) fn if_(holds: bool, evidence: Evidence) -> Evidence {
    if holds { evidence } else { Evidence::None }
}

/// Digits all the same, or each one more than the last: what people type where they must type something.
pub(super) fn is_dummy(digits: &[u8]) -> bool {
    let steps = |by: u8| digits.windows(2).all(|pair| pair[1] == (pair[0] + by) % 10);
    steps(0) || steps(1)
}

/// Bytes before a candidate in which a check looks for words.
pub(super) const NEAR_BYTES: usize = 48;
/// Signs between a word and what it is right before, at most.
const SIGNS_BETWEEN_MAX: usize = 4;

/// The word that a text ends with but for a few signs; empty where digits stand there.
pub(super) fn last_word(text: &[u8]) -> &[u8] {
    let signs = text.iter().rev().take(SIGNS_BETWEEN_MAX).take_while(|byte| !byte.is_ascii_alphanumeric()).count();
    let text = &text[..text.len() - signs];
    let length = text.iter().rev().take(WORD_BYTES_MAX).take_while(|byte| byte.is_ascii_alphabetic()).count();
    &text[text.len() - length..]
}

/// The last words of a text, the last first.
pub(super) fn words_before(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let near = &text[text.len().saturating_sub(NEAR_BYTES)..];
    near.rsplit(|byte| !byte.is_ascii_alphabetic()).filter(|word| !word.is_empty())
}

/// With its last letter hardly anything else looks so; without it much does.
pub fn nino(seen: &Candidate<'_>) -> Evidence {
    let signs = seen.signs();
    let prefix = [signs[0], signs[1]];
    let is_issued = ![*b"BG", *b"GB", *b"KN", *b"NK", *b"NT", *b"TN", *b"ZZ"].contains(&prefix);
    let evidence = if signs.len() == 9 { Proven } else { Shape };
    if_(is_issued && seen.is_apart(), evidence)
}

/// The same as forms with a box for each sign have it: `M M 4 7 1 2 0 9 C`. A longer row of boxes is something else.
pub fn nino_boxes(seen: &Candidate<'_>) -> Evidence {
    let is_sign = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let goes_on =
        matches!(&seen.text[seen.end..], [b' ', sign, rest @ ..] if is_sign(Some(sign)) && !is_sign(rest.first()));
    let comes_from =
        matches!(&seen.text[..seen.start], [front @ .., sign, b' '] if is_sign(Some(sign)) && !is_sign(front.last()));
    match nino(seen) {
        Evidence::None => Evidence::None,
        Proven if seen.has_capitals_only() && !goes_on && !comes_from => Likely,
        _ => Shape,
    }
}

/// A temporary reference: a digit, and a letter in its third place.
pub fn temporary(seen: &Candidate<'_>) -> Evidence {
    if_(seen.is_apart(), Shape)
}

/// The check digit holds for one number in eleven: groups of 3, 3 and 4, or a range that is issued, must speak for it too.
pub fn nhs(seen: &Candidate<'_>) -> Evidence {
    let digits = seen.digits();
    if !checks::nhs(&digits) || is_dummy(&digits) || !seen.is_apart() || !seen.is_evenly_divided() {
        return Evidence::None;
    }
    let front = digits[..3].iter().fold(0, |number, digit| number * 10 + u32::from(*digit));
    let day = digits[0] * 10 + digits[1];
    let is_chi = front <= 311 && (1..=31).contains(&day) && (1..=12).contains(&(digits[2] * 10 + digits[3]));
    let is_range = is_chi || matches!(front, 320..=499 | 600..=799 | 900..=999);
    if seen.is_grouped() || is_range { Likely } else { Shape }
}

/// One number in eleven passes, and the numbers of much else have ten digits: only `K` at its end speaks for itself.
pub fn utr(seen: &Candidate<'_>) -> Evidence {
    let has_letter = seen.piece().last().is_some_and(|byte| byte.eq_ignore_ascii_case(&b'k'));
    if_(checks::utr(&seen.digits()) && seen.is_apart(), if has_letter { Likely } else { Shape })
}

/// `GB` and a check digit are enough; government departments (`GD`) and health authorities (`HA`) have none.
pub fn vat(seen: &Candidate<'_>) -> Evidence {
    let (signs, digits) = (seen.signs(), seen.digits());
    let has_country = signs.starts_with(b"GB") || signs.starts_with(b"XI");
    let holds = matches!(digits.len(), 9 | 12) && checks::vat(&digits[..9]);
    if_(holds && seen.is_apart(), if has_country { Proven } else { Shape })
}

/// Nothing but a shape.
pub fn shape(seen: &Candidate<'_>) -> Evidence {
    if_(seen.is_apart() && !seen.is_money(), Shape)
}

/// Words that a passport's letters and digits stand behind where a blank divides them.
const PASSPORT_WORDS: &[&[u8]] = &[b"passport", b"passports", b"document", b"pp", b"ppt", b"hmpo"];
/// What is no letters of a passport there: `PASSPORT NO 1234567`.
const NO_LETTERS: &[&[u8]] = &[b"no", b"nr", b"id", b"is"];

/// Nothing but a shape; a blank between letters and digits behind a word alone.
pub fn passport(seen: &Candidate<'_>) -> Evidence {
    let piece = seen.piece();
    let letters = piece.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let is_divided = letters > 0 && piece.get(letters) == Some(&b' ');
    let is_written = || {
        let mut words = words_before(&seen.text[..seen.start]);
        seen.has_capitals_only()
            && !is_among(NO_LETTERS, &piece[..letters])
            && words.any(|word| is_among(PASSPORT_WORDS, word))
    };
    if_(!is_divided || is_written(), shape(seen))
}

/// How many digits a text begins with, as far as is looked.
pub(super) fn digits_at_front(text: &[u8]) -> usize {
    text.iter().take(SIGNS_MAX).take_while(|byte| byte.is_ascii_digit()).count()
}

/// A district's letters and a number. Apart from its letters, which are capitals then, it is no year: `on the roll in 2019`.
pub fn electoral_roll(seen: &Candidate<'_>) -> Evidence {
    let piece = seen.piece();
    let is_year = matches!(piece, [.., b' ', b'1', b'9', _, _] | [.., b' ', b'2', b'0', _, _]);
    let is_written = !piece.contains(&b' ') || seen.has_capitals_only() && !is_year;
    if_(is_written, shape(seen))
}

/// The second line of a passport's machine-readable zone: the number, the birthday and the day of expiry have check digits.
pub fn machine_readable(seen: &Candidate<'_>) -> Evidence {
    let line = seen.piece();
    let holds = |from: usize, to: usize| checks::machine_readable(&line[from..to], line[to]);
    if_(line.len() == 44 && holds(0, 9) && holds(13, 19) && holds(21, 27), Proven)
}

/// Five signs of the surname, a birthday whose month is 50 later for women, initials. The check signs are not public.
pub fn driving_licence(seen: &Candidate<'_>) -> Evidence {
    let signs = seen.signs();
    if signs.len() < 16 {
        return Evidence::None;
    }
    let letters = signs[..5].iter().take_while(|sign| sign.is_ascii_alphabetic()).count();
    let is_filled = letters >= 1 && signs[letters..5].iter().all(|sign| *sign == b'9');
    let number = |place: usize| signs[place].wrapping_sub(b'0') * 10 + signs[place + 1].wrapping_sub(b'0');
    let (month, day) = (number(6) % 50, number(8));
    let has_initial = signs[11].is_ascii_alphabetic();
    if_(is_filled && has_initial && number(6) < 63 && (1..=12).contains(&month) && (1..=31).contains(&day), Proven)
}

/// A postcode of an area that there is. In small letters and in one piece it may be anything.
pub fn postcode(seen: &Candidate<'_>) -> Evidence {
    let piece = seen.piece();
    let letters = piece.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let signs = seen.signs();
    if !is_area(&piece[..letters]) && !signs.starts_with(b"GIR") || !seen.is_apart() {
        return Evidence::None;
    }
    match (seen.is_grouped(), seen.has_capitals_only()) {
        (true, true) => Proven,
        (true, false) => Likely,
        (false, true) if signs.len() > 5 => Likely,
        _ => Shape,
    }
}

/// What the pattern says is enough.
pub fn likely(seen: &Candidate<'_>) -> Evidence {
    if_(seen.is_apart(), Likely)
}

/// Words behind `birth` and `born` with which they speak of no day on which somebody was.
const OF_BIRTH: &[&[u8]] = &[
    b"certificate",
    b"certificates",
    b"digital",
    b"rate",
    b"rates",
    b"weight",
    b"registration",
    b"registrations",
    b"registered",
    b"register",
    b"registers",
    b"record",
    b"records",
    b"control",
    b"defect",
    b"defects",
];
/// Words right before a day with which what is before them says it: `the birth certificate shows 14/03/1960`.
const TELLING: &[&[u8]] =
    &[b"shows", b"showing", b"states", b"stating", b"says", b"gives", b"confirms", b"confirming", b"of", b"as"];

/// Whether the nearest word that may speak for a birthday is said of a thing, and the day of what came of it: `birth certificate fee from
/// 1 April 2025`. Right before the day it is its label: `birth certificate: 14/03/1960`.
fn is_of_birth_only(before: &[u8]) -> bool {
    let mut behind: &[u8] = b"";
    let mut last: &[u8] = b"";
    for (place, word) in words_before(before).enumerate() {
        if is_among(&[b"birth", b"born"], word) {
            return place > 1 && is_among(OF_BIRTH, behind) && !is_among(TELLING, last);
        }
        if is_among(&[b"dob", b"birthday", b"birthdate", b"bday", b"geni", b"ganwyd", b"ganed"], word) {
            return false;
        }
        if place == 0 {
            last = word;
        }
        behind = word;
    }
    false
}

/// Whether a day is no piece of a longer row of numbers.
fn is_day_apart(seen: &Candidate<'_>) -> bool {
    let (before, after) = (&seen.text[..seen.start], &seen.text[seen.end..]);
    let goes_on = matches!(after, [b'-' | b'/' | b'.', digit, ..] if digit.is_ascii_digit());
    let comes_from = matches!(before, [.., digit, b'-' | b'/' | b'.'] if digit.is_ascii_digit());
    !goes_on && !comes_from
}

/// A day on which somebody may have been born.
pub fn birthday(seen: &Candidate<'_>) -> Evidence {
    let is_day = dates::is_birthday(seen.piece()) && is_day_apart(seen);
    if_(is_day && !is_of_birth_only(&seen.text[..seen.start]), Shape)
}

/// The same with its month in Welsh.
pub fn birthday_welsh(seen: &Candidate<'_>) -> Evidence {
    if_(dates::is_welsh_birthday(seen.piece()) && is_day_apart(seen), Shape)
}

/// The same behind a name and a bracket, or a comma: `(b. 23.4.1952)`.
pub fn birthday_in_brackets(seen: &Candidate<'_>) -> Evidence {
    let before = seen.text[..seen.start].trim_ascii_end();
    let before = before.strip_suffix(b".").unwrap_or(before);
    let is_said = matches!(before, [.., b'(' | b'[', b'b' | b'B'] | [.., b',', b' ', b'b']);
    if_(is_said && dates::is_birthday(seen.piece()) && is_day_apart(seen), Shape)
}

/// The same with a time behind it, as computers write a day: `1985-04-03T00:00:00Z`.
pub fn birthday_and_time(seen: &Candidate<'_>) -> Evidence {
    let day = seen.piece().split(|byte| matches!(byte, b't' | b'T')).next();
    if_(day.is_some_and(dates::is_birthday) && seen.is_apart(), Shape)
}

/// The length of its country and the remainder of one.
pub fn iban(seen: &Candidate<'_>) -> Evidence {
    let piece = seen.piece();
    let Some(length) = checks::iban_length([piece[0], piece[1]]) else { return Evidence::None };
    // A sign between groups of four, at most.
    if !(length..=length + length / 4 + 1).contains(&piece.len()) {
        return Evidence::None;
    }
    let signs = seen.signs();
    let fits = signs.len() == length;
    if_(fits && checks::iban(&signs) && !seen.text.get(seen.end).is_some_and(u8::is_ascii_alphanumeric), Proven)
}

/// The same of digits alone in groups of any size. Its country is in capitals: `no 12` and `at 12` are words.
pub fn iban_grouped(seen: &Candidate<'_>) -> Evidence {
    let (piece, signs) = (seen.piece(), seen.signs());
    let fits = checks::iban_length([piece[0], piece[1]]) == Some(signs.len());
    if_(fits && piece[..2].iter().all(u8::is_ascii_uppercase) && checks::iban(&signs) && seen.is_apart(), Proven)
}

/// The same in the groups of a British or Irish account: a bank's letters, a sort code and a number.
pub fn iban_of_sort_code(seen: &Candidate<'_>) -> Evidence {
    let signs = seen.signs();
    let fits = checks::iban_length([signs[0], signs[1]]) == Some(signs.len());
    if_(fits && checks::iban(&signs) && seen.is_apart(), Proven)
}

/// An issuer's number with Luhn's sum. Numbers of thirteen digits are those of goods and of moments too.
pub fn card(seen: &Candidate<'_>) -> Evidence {
    let digits = seen.digits();
    let fits = checks::card(&digits) && !is_dummy(&digits) && seen.is_evenly_divided() && seen.is_apart();
    if_(fits && !seen.is_money(), if digits.len() < 14 { Shape } else { Proven })
}

/// The letter is the sum of the digits.
pub fn upn(seen: &Candidate<'_>) -> Evidence {
    if_(checks::upn(&seen.signs()) && seen.is_apart(), Proven)
}

/// The check digit and a distributor that there is; in one piece one number in fifty passes.
pub fn mpan(seen: &Candidate<'_>) -> Evidence {
    let digits = seen.digits();
    let Some(core) = digits.len().checked_sub(13).map(|from| &digits[from..]) else { return Evidence::None };
    let is_distributor = matches!(core[0] * 10 + core[1], 10..=31);
    let fits = checks::mpan(core) && is_distributor && seen.is_apart();
    if_(fits, if seen.is_grouped() || digits.len() == 21 { Proven } else { Shape })
}

/// Two check digits.
pub fn mprn(seen: &Candidate<'_>) -> Evidence {
    let digits = seen.digits();
    if_(checks::mprn(&digits) && !is_dummy(&digits) && seen.is_apart(), Shape)
}

/// Luhn's sum; in groups of 2, 6, 6 and 1 it speaks for itself.
pub fn imei(seen: &Candidate<'_>) -> Evidence {
    let digits = seen.digits();
    let fits = digits.len() == 15 && checks::luhn(&digits) && !is_dummy(&digits) && seen.is_apart();
    if_(fits, if seen.is_grouped() { Likely } else { Shape })
}
