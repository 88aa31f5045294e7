//! Streets and houses of Wales, whose names begin with the word for one: `14 Heol y Bryn`, `Stryd Fawr 14`, `Plas Gwyn, Heol Fawr`.

use super::around::is_capital;
use super::numbered::NUMBER_DIGITS_MAX;
use super::{NAMED, NUMBERED, POSTED, Search, WORDS_MAX, address};
use crate::privacy::engine::{Scored, is_among};

/// Words that streets of Wales begin with.
const OF_WALES: &[&[u8]] = &[
    b"heol",
    b"ffordd",
    b"lon",
    "l\u{f4}n".as_bytes(),
    b"stryd",
    b"clos",
    b"maes",
    b"rhodfa",
    b"rhiw",
    b"cilgant",
    b"llwyn",
    b"tan",
    b"pen",
    b"bro",
    b"parc",
    b"erw",
    b"bryn",
    b"cae",
    b"cwrt",
    b"rhes",
    b"plas",
    b"trem",
    b"gerddi",
];

/// Those of them that are nothing else: a number may stand behind such a street, too.
const OF_WALES_SURELY: &[&[u8]] = &[b"heol", b"ffordd", "l\u{f4}n".as_bytes(), b"stryd", b"rhodfa", b"cilgant"];

/// Words that houses of Wales begin with.
pub(super) const HOUSES_OF_WALES: &[&[u8]] = &[
    b"ty",
    "t\u{177}".as_bytes(),
    b"bryn",
    b"plas",
    b"hafod",
    b"hendre",
    b"llys",
    b"bwthyn",
    b"llwyn",
    b"maes",
    b"cae",
    b"glan",
    b"fron",
];

impl Search<'_> {
    /// The address whose number is there, behind the street's name, as some in Wales write it: `Stryd Fawr 14`.
    pub(super) fn behind_a_street(&self, start: usize, digits_end: usize) -> Option<Scored> {
        let text = self.text;
        let (end, is_parted) = self.end_of_number(digits_end);
        let goes_on = match text[end..] {
            [b' ', next, ..] => !next.is_ascii_uppercase(),
            [next, ..] => !matches!(next, b',' | b'.' | b';' | b'\n' | b')' | b'"'),
            [] => false,
        };
        if goes_on || is_parted || digits_end - start >= NUMBER_DIGITS_MAX {
            return None;
        }
        let (mut begin, mut words) = (start, 0);
        while words < WORDS_MAX && begin > 0 && text[begin - 1] == b' ' {
            let last = begin - 1;
            begin = self.begin_of_word(last, |byte| byte.is_ascii_alphabetic() || *byte >= 0x80);
            let letters = &text[begin..last];
            if words > 0 && is_among(OF_WALES_SURELY, letters) {
                return Some(address(begin, end, NAMED));
            }
            if !is_capital(letters) && (words == 0 || !is_link_of_wales(letters)) {
                break;
            }
            words += 1;
        }
        None
    }

    /// The end of a street's name that begins with the word for a street, as in Wales, or has an article of theirs inside: `14 Heol y
    /// Bryn`, `8 Min y Mor`.
    pub(super) fn street_of_wales(&self, start: usize) -> Option<(usize, f32)> {
        let text = self.text;
        if !text.get(start).is_some_and(u8::is_ascii_uppercase) {
            return None;
        }
        let first = self.end_of_word(start);
        // `8 Maes-y-Deri`.
        let is_joined = text[start..first].split(|byte| *byte == b'-').skip(1).any(is_link_of_wales);
        let is_one = is_among(OF_WALES, &text[start..first])
            || is_joined
            || text[first..].starts_with(b" y ")
            || text[first..].starts_with(b" yr ");
        // The end of the last word that is no link.
        let (mut end, mut at, mut words) = (first, first, 0);
        while is_one && words < WORDS_MAX && text.get(at) == Some(&b' ') {
            let next = self.end_of_word(at + 1);
            let letters = &text[at + 1..next];
            if is_capital(letters) {
                end = next;
            } else if !is_link_of_wales(letters) {
                break;
            }
            (at, words) = (next, words + 1);
        }
        (end > first || is_joined).then_some((end, NUMBERED))
    }

    /// `T\u{177} Gwyn, Ffordd y M\u{f4}r`: the street behind a house of Wales, of whose name `letters` are the last word.
    pub(super) fn street_of_house_of_wales(&self, start: usize, letters: &[u8], street: usize) -> Option<Scored> {
        let text = self.text;
        let is_street = || is_among(OF_WALES_SURELY, &text[street..self.end_of_word(street)]);
        let is_house = || {
            let first = &text[start..self.end_of_word(start)];
            let may_be_man = first.eq_ignore_ascii_case(b"bryn") && self.lexicon.look(letters).surname() > 0;
            is_among(HOUSES_OF_WALES, first) && !may_be_man
        };
        if !is_street() || !is_house() {
            return None;
        }
        self.street_of_wales(street).map(|(end, _)| address(street, end, POSTED))
    }
}

/// Articles inside of the names of streets of Wales.
fn is_link_of_wales(letters: &[u8]) -> bool {
    letters == b"y" || letters == b"yr"
}
