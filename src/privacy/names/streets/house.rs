//! Houses with names, before a house's number or a street: `Rose Cottage, Mill Lane`, `Wellesley House, 40 Mill Lane`; and streets without a
//! number.

use super::around::is_capital;
use super::wales::HOUSES_OF_WALES;
use super::{NAMED, Search, WORDS_MAX, address};
use crate::privacy::engine::{Scored, is_among, position};
use crate::privacy::names::lexicon::Is;

/// Letters of a house's name of one word, at least.
const HOUSE_BYTES_MIN: usize = 5;

/// Houses that are hardly anything else: a street may stand behind them without a comma.
const HOUSES_SURELY: &[&[u8]] =
    &[b"farm", b"farmhouse", b"cottage", b"house", b"barn", b"bungalow", b"rectory", b"vicarage"];

/// Ends of houses' names that people are called by: `Sarah Hall`.
const OF_PEOPLE: &[&[u8]] = &[b"hall", b"mill", b"croft", b"barn", b"forge", b"grange", b"chapel"];

/// Numbers in letters.
const NUMBERS: &[&[u8]] = &[
    b"two",
    b"three",
    b"four",
    b"five",
    b"six",
    b"seven",
    b"eight",
    b"nine",
    b"ten",
    b"eleven",
    b"twelve",
    b"thirteen",
    b"fourteen",
    b"fifteen",
    b"sixteen",
    b"seventeen",
    b"eighteen",
    b"nineteen",
    b"twenty",
];

/// In a text of capitals alone no name goes on before them.
const OUTSIDE: &[&[u8]] =
    &[b"at", b"is", b"to", b"from", b"in", b"was", b"has", b"lives", b"living", b"lived", b"resides", b"address"];

impl Search<'_> {
    /// Where a flat's number and a building's name before a house's number begin: `Flat 3, Wellesley House, 40 Mill Lane`.
    pub(super) fn with_front_before(&self, start: usize) -> usize {
        self.with_building_before(self.with_unit_before(start))
    }

    /// Where the name of a building, and its number or a flat's, before a comma or in the line before begins.
    fn with_building_before(&self, start: usize) -> usize {
        let text = self.text;
        let end = self.begin_of_gap(start);
        let gap = &text[end..start];
        if end == 0 || gap.is_empty() || gap == b" " {
            return start;
        }
        let (mut at, mut begin, mut words) = (end, end, 0);
        while words < WORDS_MAX {
            let Some(low) = self.begin_of_part(at).filter(|low| self.is_part_of_name(&text[*low..at])) else { break };
            begin = low;
            words += 1;
            if low == 0 || text[low - 1] != b' ' {
                break;
            }
            at = low - 1;
        }
        if words == 0 {
            return start;
        }
        if words < WORDS_MAX {
            let with_unit = self.with_unit_before(begin);
            if with_unit < begin && text[with_unit].is_ascii_alphabetic() {
                return with_unit;
            }
        }
        if self.is_house(begin, end, words) {
            return self.with_number_before(begin);
        }
        // `Fernlea, 2 Quarry Bank`: a name of no other sort, where an address begins.
        let letters = &text[begin..end];
        let is_name = words == 1
            && letters.len() >= HOUSE_BYTES_MIN
            && gap.starts_with(b",")
            && self.lexicon.look(letters).is_unknown();
        let begins = || begin == 0 || matches!(text[begin - 1], b'\n' | b'"') || self.is_labelled(begin);
        if is_name && begins() { begin } else { start }
    }

    /// Whether a word may be one of a building's name.
    pub(super) fn is_part_of_name(&self, letters: &[u8]) -> bool {
        let is_word = is_capital(letters) && !letters.iter().any(|byte| byte.is_ascii_digit() || *byte == b'/');
        is_word && !(self.is_loose && is_among(OUTSIDE, letters))
    }

    /// Whether a name of that many words is a house's: `Low Moor Farm`, `Bryn Awel`.
    pub(super) fn is_house(&self, start: usize, end: usize, words: usize) -> bool {
        let text = self.text;
        let Some(last) = self.begin_of_part(end).filter(|last| words > 1 && *last > start) else { return false };
        let (first, letters) = (&text[start..self.end_of_word(start)], &text[last..end]);
        let (begins, ends) = (self.lexicon.look(first), self.lexicon.look(letters));
        if is_among(HOUSES_OF_WALES, first) {
            // Bryn is many a man, too.
            return !first.eq_ignore_ascii_case(b"bryn") || ends.surname() == 0;
        }
        let is_called = first.len() == 1 || begins.forename() > 1;
        let is_person = begins.is(Is::Title) || is_among(OF_PEOPLE, letters) && is_called;
        ends.is(Is::House) && !self.is_of_site(last) && !is_person
    }

    /// Streets without a number: behind a word that says that somebody lives there, or behind a house that has a name.
    pub(super) fn named(&self, scored: &mut Vec<Scored>) {
        let text = self.text;
        let mut at = 0;
        let (mut row, mut words) = (None, 0);
        let (mut row_end, mut house_end) = (0, 0);
        while let Some(begin) = position(text, at, b'A'..=b'Z', |byte| byte.is_ascii_uppercase()) {
            at = begin;
            let end = self.end_of_word(at);
            let letters = &text[at..end];
            // A row goes on behind one blank; a comma ends a house's name.
            if at != row_end + 1 || text[row_end] != b' ' {
                row = None;
            }
            row_end = end;
            let start = *row.get_or_insert_with(|| {
                (words, house_end) = (0, 0);
                at
            });
            words += 1;
            if (2..=WORDS_MAX).contains(&words) {
                let word = self.lexicon.look(letters);
                let has_comma = text[end..].starts_with(b", ");
                let is_house = word.is(Is::House) && !self.is_of_site(at);
                let street = match has_comma {
                    true if is_house => self.street_of_house(end + 2),
                    true => self.street_of_house_of_wales(start, letters, end + 2),
                    false => None,
                };
                if let Some(street) = street {
                    at = street.end;
                    row = None;
                    scored.push(Scored { start: self.with_number_before(start), ..street });
                    continue;
                }
                if is_house && is_among(HOUSES_SURELY, letters) {
                    house_end = end;
                }
                if is_house && self.is_labelled(start) {
                    scored.push(address(start, end, NAMED));
                } else if word.is(Is::StreetSurely) && !self.next_is_street(end + 1) {
                    if let Some(start) = self.with_number_in_letters(start, end) {
                        scored.push(address(start, end, NAMED));
                    } else if house_end > 0 && at > house_end + 1 {
                        // `Hill Farm Lower Road`.
                        scored.push(address(self.with_number_before(start), end, NAMED));
                    } else if self.is_lived_in(start) {
                        scored.push(address(start, end, NAMED));
                    }
                }
            }
            at = end.max(at + 1);
        }
    }

    /// Where a number in letters before a street's name begins: `twelve Larch Grove`.
    fn with_number_in_letters(&self, start: usize, end: usize) -> Option<usize> {
        let text = self.text;
        let last = start.checked_sub(1).filter(|last| text[*last] == b' ')?;
        let begin = self.begin_of_word(last, |byte| byte.is_ascii_alphabetic() || *byte == b'-');
        let is_number = text[begin..last].rsplit(|byte| *byte == b'-').next().is_some_and(|one| is_among(NUMBERS, one));
        (is_number && (self.is_over(end) || self.is_lived_in(begin))).then_some(begin)
    }

    /// The street behind a house's name, with the house's number or without: `Rose Cottage, 4 Mill Lane`.
    pub(super) fn street_of_house(&self, start: usize) -> Option<Scored> {
        match self.digits_at(start) {
            0 if self.text.get(start).is_some_and(u8::is_ascii_uppercase) => {
                self.street_with_capitals(start).map(|(end, _)| address(start, end, NAMED))
            }
            0 => None,
            digits => self.numbered(start, start + digits, true),
        }
    }
}
