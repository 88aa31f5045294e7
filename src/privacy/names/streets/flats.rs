//! Flats, floors and blocks, with a house's number or before one: `Flat 3`, `Top floor left`, `12 (2F1)`, `64 Larch House`.

use super::around::is_capital;
use super::ends::MEASURES;
use super::{NAMED, Search, WORDS_MAX};
use crate::privacy::engine::is_among;
use crate::privacy::names::lexicon::Is;

/// Digits of a flat's number behind a stroke, at most.
pub(super) const FLAT_DIGITS_MAX: usize = 2;
/// Bytes of a flat's number and of a house's before a name, at most.
const NUMBER_BYTES_MAX: usize = 4;
/// Words that say on which floor, at most.
const FLOOR_WORDS_MAX: usize = 3;

/// Words before the word for a flat that say where in the house it is.
const FLOORS: &[&[u8]] = &[
    b"ground",
    b"first",
    b"second",
    b"third",
    b"fourth",
    b"fifth",
    b"1st",
    b"2nd",
    b"3rd",
    b"4th",
    b"5th",
    b"top",
    b"basement",
    b"garden",
    b"attic",
    b"lower",
    b"upper",
    b"front",
    b"rear",
    b"floor",
];

/// Words for the side of a floor, and for what is there.
const SIDES: &[&[u8]] = &[b"left", b"right", b"centre", b"middle", b"flat"];

/// Ends of names of houses in which nobody lives, as many as they are.
const OF_ALL: &[&[u8]] = &[b"hall", b"chapel"];

/// Words before `House` that make it none to live in.
const NO_HOUSES: &[&[u8]] = &[
    b"clearing",
    b"open",
    b"opera",
    b"full",
    b"white",
    b"power",
    b"safe",
    b"auction",
    b"publishing",
    b"steak",
    b"custom",
    b"town",
    b"detached",
    b"terraced",
    b"storey",
];

impl Search<'_> {
    /// Where a flat in brackets behind a house's number ends: `12 (2F1) Marchmont Road`.
    pub(super) fn behind_flat(&self, end: usize) -> usize {
        let Some(inside) = self.text[end..].strip_prefix(b" (") else { return end };
        let length = inside.iter().take(NUMBER_BYTES_MAX).take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let is_one = is_flat(&inside[..length]) && inside[length..].starts_with(b")");
        if is_one { end + 2 + length + 1 } else { end }
    }

    /// The end of the name of a house with flats that begins there: `Larch House`. Without a flat's number nothing may stand behind it.
    pub(super) fn block(&self, start: usize, is_unit: bool) -> Option<(usize, f32)> {
        let text = self.text;
        if !is_unit && self.is_loose {
            return None;
        }
        let mut at = start;
        for words in 0..WORDS_MAX {
            let end = self.end_of_word(at);
            let letters = text.get(at..end).filter(|letters| is_capital(letters))?;
            let word = self.lexicon.look(letters);
            if words > 0 && word.is(Is::House) && !self.is_of_site(at) {
                let first = &text[start..self.end_of_word(start)];
                let is_name = !is_among(NO_HOUSES, first) && !is_among(MEASURES, first) && !is_among(OF_ALL, letters);
                return (is_unit || is_name && self.is_over(end)).then_some((end, NAMED));
            }
            if text.get(end) != Some(&b' ') {
                return None;
            }
            at = end + 1;
        }
        None
    }

    /// Where a flat's number before the house's begins.
    pub(super) fn with_unit_before(&self, start: usize) -> usize {
        let text = self.text;
        let from = start.saturating_sub(4);
        let Some(end) = text[from..start]
            .iter()
            .rposition(|byte| !matches!(byte, b' ' | b',' | b'\n'))
            .map(|last| from + last + 1)
            .filter(|end| *end < start)
        else {
            return start;
        };
        let number = self.begin_of_word(end, u8::is_ascii_alphanumeric);
        let flat = &text[number..end];
        let is_number = flat.len() <= NUMBER_BYTES_MAX && flat.iter().any(u8::is_ascii_digit) || flat.len() == 1;
        let (before, word) = self.word_before(number);
        if is_number && word.is(Is::Unit) {
            self.with_floor_before(before)
        } else if is_flat(flat) {
            number
        } else {
            self.begin_of_floor(end).unwrap_or(start)
        }
    }

    /// Where words begin that say on which floor and side a flat is, and end there: `Top floor left`.
    fn begin_of_floor(&self, end: usize) -> Option<usize> {
        let text = self.text;
        let (mut begin, mut at, mut words, mut is_floor) = (end, end, 0, false);
        while words <= FLOOR_WORDS_MAX {
            let low = self.begin_of_word(at, u8::is_ascii_alphanumeric);
            let letters = &text[low..at];
            if !is_among(FLOORS, letters) && !is_among(SIDES, letters) {
                break;
            }
            is_floor |= letters.eq_ignore_ascii_case(b"floor") || letters.eq_ignore_ascii_case(b"flat");
            (begin, words) = (low, words + 1);
            if low == 0 || text[low - 1] != b' ' {
                break;
            }
            at = low - 1;
        }
        (words > 1 && is_floor).then_some(begin)
    }

    /// Where the words begin that say on which floor a flat is: `First Floor Flat`.
    pub(super) fn with_floor_before(&self, start: usize) -> usize {
        let text = self.text;
        let mut start = start;
        for _ in 0..FLOOR_WORDS_MAX {
            if start == 0 || text[start - 1] != b' ' {
                break;
            }
            let begin = self.begin_of_word(start - 1, u8::is_ascii_alphanumeric);
            if !is_among(FLOORS, &text[begin..start - 1]) {
                break;
            }
            start = begin;
        }
        start
    }

    /// Where a number or a flat's number before a house's name begins.
    pub(super) fn with_number_before(&self, start: usize) -> usize {
        let with_unit = self.with_unit_before(start);
        if with_unit < start || start == 0 || self.text[start - 1] != b' ' {
            return with_unit;
        }
        let begin = self.begin_of_word(start - 1, u8::is_ascii_alphanumeric);
        let is_number = start - 1 - begin < NUMBER_BYTES_MAX && self.digits_at(begin) > 0;
        let is_apart = begin == 0 || !b"./-:_#".contains(&self.text[begin - 1]);
        if is_number && is_apart { begin } else { start }
    }
}

/// Whether that is how a flat of Scotland is told: `2F1`, on the second floor, or `GF2`.
fn is_flat(text: &[u8]) -> bool {
    let is_number = |part: &[u8]| (1..=FLAT_DIGITS_MAX).contains(&part.len()) && part.iter().all(u8::is_ascii_digit);
    let mut parts = text.splitn(2, |byte| matches!(byte, b'F' | b'f'));
    let (Some(floor), Some(door)) = (parts.next(), parts.next()) else { return false };
    let is_side = matches!(door, b"L" | b"R" | b"l" | b"r");
    // `GFL`, on the ground floor to the left.
    let is_capital_side = is_side && text.iter().all(u8::is_ascii_uppercase);
    let is_floor = matches!(floor, b"G" | b"P" | b"T" | b"B");
    is_number(floor) && (is_number(door) || is_side) || is_floor && (is_number(door) || is_capital_side)
}
