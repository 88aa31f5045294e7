//! A number and a street's name: `Flat 3, 12 High Street`, `64 Hooper Manor`, `Rose Cottage, Mill Lane`, `PO Box 12`.

use super::lexicon::{Is, Lexicon};
use crate::privacy::engine::{Scored, Surroundings, position};
use crate::privacy::recognise::{Kind, RECOGNISERS};

/// Words of a street's name before its end, at most.
const WORDS_MAX: usize = 4;
/// Letters of a word, at most.
const WORD_BYTES_MAX: usize = 24;
/// Digits of a house's number, at most.
const NUMBER_DIGITS_MAX: usize = 4;

const NUMBERED: f32 = 0.8;
const SMALL: f32 = 0.65;
const NAMED: f32 = 0.6;

/// Finds addresses.
pub fn find(lexicon: &Lexicon, around: &Surroundings<'_>, scored: &mut Vec<Scored>) {
    let text = around.text;
    let search = Search { lexicon, text, is_loose: !(around.has_capital && around.has_small) };
    let mut at = 0;
    if around.has_digit {
        while let Some(start) = position(text, at, b'0'..=b'9', |byte| byte.is_ascii_digit()) {
            let digits = text[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            at = start + digits;
            if digits <= NUMBER_DIGITS_MAX
                && let Some(address) = search.numbered(start, at)
            {
                at = at.max(address.end);
                scored.push(address);
            }
        }
    }
    if around.has_capital && around.has_small {
        search.named(scored);
    }
}

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
];

/// Words before `Farm` that make it no house.
const OF_SITES: &[&[u8]] = &[b"wind ", b"solar ", b"battery ", b"offshore ", b"onshore ", b"energy "];

fn address(start: usize, end: usize, score: f32) -> Scored {
    // Before names, of which streets have many.
    Scored { start, end, kind: Kind::Address, score: score + 0.3, row: RECOGNISERS.len(), is_named: false }
}

struct Search<'a> {
    lexicon: &'a Lexicon,
    text: &'a [u8],
    is_loose: bool,
}

impl Search<'_> {
    /// The address whose number is there.
    fn numbered(&self, start: usize, digits_end: usize) -> Option<Scored> {
        let text = self.text;
        let is_apart = start == 0 || !(text[start - 1].is_ascii_alphanumeric() || b"./-:_#".contains(&text[start - 1]));
        let (before, unit) = self.word_before(start);
        let is_unit = unit.is(Is::Unit);
        if ends_with(&text[..start], b"box ") {
            return Some(address(before.saturating_sub(3), digits_end, NAMED));
        }
        if !is_apart {
            return None;
        }
        // `12a`, `12-14`.
        let mut end = digits_end;
        if text.get(end).is_some_and(u8::is_ascii_alphabetic)
            && !text.get(end + 1).is_some_and(u8::is_ascii_alphanumeric)
        {
            end += 1;
        } else if text.get(end) == Some(&b'-') && text.get(end + 1).is_some_and(u8::is_ascii_digit) {
            end += 1 + text[end + 1..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        }
        let from = if is_unit { before } else { start };
        let rest = &text[end..];
        let gap = rest.iter().take(3).take_while(|byte| matches!(byte, b' ' | b',' | b'\n')).count();
        let is_gap = gap > 0 && (is_unit || !rest[..gap].contains(&b'\n'));
        if !is_gap {
            return None;
        }
        let street_start = end + gap;
        // `Flat 3, 12 High Street`: the house's own number comes next.
        if is_unit && text.get(street_start).is_some_and(u8::is_ascii_digit) {
            let digits = text[street_start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let inner = self.numbered(street_start, street_start + digits)?;
            return Some(Scored { start: from, ..inner });
        }
        let (street_end, score) = self.street(street_start, is_unit)?;
        // `Flat 2, Rose House, 12 Mill Lane`.
        if is_unit && text[street_end..].starts_with(b", ") && text.get(street_end + 2).is_some_and(u8::is_ascii_digit)
        {
            let next = street_end + 2;
            let digits = text[next..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            if let Some(inner) = self.numbered(next, next + digits) {
                return Some(Scored { start: from, ..inner });
            }
        }
        let from = self.with_unit_before(from);
        Some(address(from, street_end, score))
    }

    /// Where a flat's number before the house's begins.
    fn with_unit_before(&self, start: usize) -> usize {
        let text = self.text;
        let Some(end) =
            text[..start].iter().rposition(|byte| !matches!(byte, b' ' | b',' | b'\n')).map(|last| last + 1)
        else {
            return start;
        };
        if start - end > 3 || start == end {
            return start;
        }
        let number = text[..end].iter().rposition(|byte| !byte.is_ascii_alphanumeric()).map_or(0, |before| before + 1);
        let is_number = end - number <= 4 && text[number..end].iter().any(u8::is_ascii_digit) || end - number == 1;
        let (before, word) = self.word_before(number);
        if is_number && word.is(Is::Unit) { before } else { start }
    }

    /// The end of a street's name that begins with the word for a street, as in Wales: `14 Heol y Bryn`.
    fn street_of_wales(&self, start: usize) -> Option<(usize, f32)> {
        let first = self.end_of_word(start);
        let is_one = OF_WALES.iter().any(|word| self.text[start..first].eq_ignore_ascii_case(word));
        let (mut end, mut words) = (first, 0);
        while is_one && words < WORDS_MAX && self.text.get(end) == Some(&b' ') {
            let next = self.end_of_word(end + 1);
            let letters = &self.text[end + 1..next];
            let is_link = letters == b"y" || letters == b"yr";
            if !is_link && !letters.first().is_some_and(u8::is_ascii_uppercase) {
                break;
            }
            (end, words) = (next, words + 1);
        }
        (words > 0 && self.text[start].is_ascii_uppercase()).then_some((end, NUMBERED))
    }

    /// The end of a street's name that begins there.
    fn street(&self, start: usize, is_unit: bool) -> Option<(usize, f32)> {
        if let Some(street) = self.street_of_wales(start) {
            return Some(street);
        }
        let (mut at, mut words, mut best) = (start, 0, None);
        let mut has_capitals = true;
        while words <= WORDS_MAX {
            let end = self.end_of_word(at);
            if end == at || end - at > WORD_BYTES_MAX {
                break;
            }
            let letters = &self.text[at..end];
            let word = self.lexicon.look(letters);
            let is_capital = letters[0].is_ascii_uppercase() || letters[0] >= 0xc3;
            let is_first = words == 0;
            if !is_first && word.is(Is::Street) && (has_capitals || word.is(Is::StreetSurely)) {
                best = Some((end, if has_capitals && !self.is_loose { NUMBERED } else { SMALL }));
            } else if is_first && letters.eq_ignore_ascii_case(b"broadway") {
                best = Some((end, NUMBERED));
            }
            let is_article = is_first && is_capital && letters.eq_ignore_ascii_case(b"the");
            let is_link =
                !is_first && (letters == b"of" || letters == b"the" || letters == b"and" || letters == b"upon");
            if is_first && !is_capital && word.is(Is::Between)
                || !is_link && !is_article && !is_capital && best.is_none() && word.is(Is::Between)
            {
                break;
            }
            if !is_capital && !is_link && !word.is(Is::Street) {
                has_capitals = false;
                // In a text with capitals a street's name has them; a typist may leave them out of all of it.
                if !self.is_loose && words > 0 && best.is_none() && self.text[start].is_ascii_uppercase() {
                    break;
                }
            }
            words += 1;
            at = match self.text[end..] {
                [b' ', ..] => end + 1,
                [b'.', b' ', ..] if end - at <= 2 => end + 2,
                _ => break,
            };
            // A street's name ends with its end, unless another end follows: `Mill Lane Close`.
            if best.is_some() && !self.next_is_street(at) {
                break;
            }
        }
        best.filter(|(_, score)| *score > SMALL || is_unit || words <= 3 || self.is_loose)
    }

    fn next_is_street(&self, at: usize) -> bool {
        let Some(letters) = self.text.get(at..self.end_of_word(at)) else { return false };
        letters.first().is_some_and(u8::is_ascii_uppercase) && self.lexicon.look(letters).is(Is::StreetSurely)
    }

    /// Streets without a number: behind a word that says that somebody lives there, or behind a house that has a name.
    fn named(&self, scored: &mut Vec<Scored>) {
        let text = self.text;
        let mut at = 0;
        let (mut row, mut words) = (None, 0);
        let mut row_end = 0;
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
                words = 0;
                at
            });
            words += 1;
            if (2..=WORDS_MAX).contains(&words) {
                let word = self.lexicon.look(letters);
                let is_site = words > 1 && OF_SITES.iter().any(|site| ends_with(&text[..at], site));
                if word.is(Is::House)
                    && !is_site
                    && text[end..].starts_with(b", ")
                    && text.get(end + 2).is_some_and(u8::is_ascii_uppercase)
                {
                    if let Some((street_end, _)) = self.street(end + 2, false).filter(|(_, score)| *score >= NUMBERED) {
                        scored.push(address(start, street_end, NAMED));
                        at = street_end;
                        row = None;
                        continue;
                    }
                } else if word.is(Is::StreetSurely) && !self.next_is_street(end + 1) && self.is_lived_in(start) {
                    scored.push(address(start, end, NAMED));
                }
            }
            at = end.max(at + 1);
        }
    }

    fn is_lived_in(&self, start: usize) -> bool {
        let (before, word) = self.word_before(start);
        let (_, other) = self.word_before(before);
        let is_place = |word: super::Word| word.is(Is::Lives);
        let before_word = &self.text[before..start];
        let is_link = before_word.len() <= 4;
        is_place(word) && (!is_link || is_place(other))
    }

    fn word_before(&self, start: usize) -> (usize, super::Word) {
        let from = start.saturating_sub(2);
        let end = self.text[from..start]
            .iter()
            .rposition(|byte| byte.is_ascii_alphabetic())
            .map_or(from, |last| from + last + 1);
        let low = end.saturating_sub(WORD_BYTES_MAX);
        let begin = self.text[low..end]
            .iter()
            .rposition(|byte| !byte.is_ascii_alphabetic())
            .map_or(low, |before| low + before + 1);
        (begin, self.lexicon.look(&self.text[begin..end]))
    }

    fn end_of_word(&self, start: usize) -> usize {
        let is_word = |byte: &u8| byte.is_ascii_alphabetic() || *byte >= 0x80 || matches!(byte, b'\'' | b'-');
        start
            + self
                .text
                .get(start..)
                .map_or(0, |rest| rest.iter().take(WORD_BYTES_MAX + 1).take_while(|byte| is_word(byte)).count())
    }
}

/// Whether a text ends so, in any case.
fn ends_with(text: &[u8], ending: &[u8]) -> bool {
    text.len() >= ending.len() && text[text.len() - ending.len()..].eq_ignore_ascii_case(ending)
}
