//! A number and a street's name: `12 High Street`, `12/4 Leith Walk`, `1 Rose Cottages, Ivy Lane`, `PO Box 12`, `Croft 4, Balmeanach`; and
//! which numbers count something else.

use super::around::is_capital;
use super::ends::DIRECTIONS;
use super::flats::FLAT_DIGITS_MAX;
use super::{NAMED, NUMBERED, Search, WORDS_MAX, address};
use crate::privacy::engine::{Scored, ends_with, is_among};
use crate::privacy::names::lexicon::Is;
use crate::privacy::recognise::month;

/// Digits of a house's number, at most.
pub(super) const NUMBER_DIGITS_MAX: usize = 4;
/// Digits of the number of a box of the post, at most.
pub(super) const BOX_DIGITS_MAX: usize = 6;

/// Ends of streets' names in Scotland, where a house and a flat are told by one number: `12/4 Kirk Wynd`.
const OF_SCOTLAND: &[&[u8]] = &[b"wynd", b"gait", b"loan", b"brae", b"quay", b"path"];

/// What stands before the word box where it is one of the post's.
const OF_POST: &[&[u8]] = &[b"p.o.", b"p. o.", b"p.o", b"po", b"p o", b"post office"];

/// Ends of the name of a row or a block of houses, which stands in a street of its own: `1 Rose Cottages, Ivy Lane`.
const ROWS: &[&[u8]] = &[b" cottages", b" villas", b" buildings", b" mansions", b" mews", b" terrace", b" court"];

/// Words before a flat's number; others are before the number of a part of any building.
const HOMES: &[&[u8]] = &[b"flat", b"apartment", b"apt", b"maisonette", b"penthouse", b"studio"];

/// Words before a day, behind which `12/4` is one and no flat.
const BEFORE_DAYS: &[&[u8]] = &[b"on", b"by", b"until", b"till", b"since", b"before", b"after", b"due", b"dated"];

/// Words before a year.
const BEFORE_YEARS: &[&[u8]] = &[b"in", b"during", b"since", b"until", b"by", b"before", b"after", b"copyright", b"c)"];

/// What a number counts that stands behind it, and no houses.
pub(super) const COUNTED: &[&[u8]] = &[
    b"chapter",
    b"section",
    b"part",
    b"step",
    b"phase",
    b"stage",
    b"figure",
    b"fig",
    b"table",
    b"page",
    b"version",
    b"volume",
    b"vol",
    b"episode",
    b"season",
    b"scene",
    b"act",
    b"lesson",
    b"appendix",
    b"annex",
    b"schedule",
    b"clause",
    b"article",
    b"rule",
    b"question",
    b"task",
    b"item",
    b"period",
    b"week",
    b"round",
    b"paragraph",
    b"ward",
];

impl Search<'_> {
    /// The address whose number is there. The one inside of another looks for none in itself, so that a row of them costs no more.
    pub(super) fn numbered(&self, start: usize, digits_end: usize, is_inner: bool) -> Option<Scored> {
        if let Some(address) = self.boxed(start, digits_end) {
            return Some(address);
        }
        let text = self.text;
        let is_apart = start == 0 || !(text[start - 1].is_ascii_alphanumeric() || b"./-:_#".contains(&text[start - 1]));
        // `has paid \u{a3}40 towards court costs`.
        let is_money = text[..start].ends_with("\u{a3}".as_bytes()) || text[..start].ends_with("\u{20ac}".as_bytes());
        if !is_apart || is_money || digits_end - start > NUMBER_DIGITS_MAX {
            return None;
        }
        self.before_a_street(start, digits_end, is_inner)
            .or_else(|| self.behind_a_street(start, digits_end))
            .or_else(|| self.croft(start, digits_end))
    }

    /// `PO Box 12`, whose number is there.
    fn boxed(&self, start: usize, end: usize) -> Option<Scored> {
        const BOX: &[u8] = b"box ";
        let text = self.text;
        if !ends_with(&text[..start], BOX) {
            return None;
        }
        let front = &text[..start - BOX.len()];
        let front = front.strip_suffix(b" ").unwrap_or(front);
        let begin = front.len() - OF_POST.iter().find(|post| ends_with(front, post))?.len();
        (begin == 0 || !text[begin - 1].is_ascii_alphanumeric()).then(|| address(begin, end, NAMED))
    }

    /// The address whose number is there, before the street's name.
    fn before_a_street(&self, start: usize, digits_end: usize, is_inner: bool) -> Option<Scored> {
        let text = self.text;
        let (end, is_parted) = self.end_of_number(digits_end);
        let end = self.behind_flat(end);
        let (before, unit) = self.word_before(start);
        let is_unit = unit.is(Is::Unit);
        let rest = &text[end..];
        let gap = rest.iter().take(3).take_while(|byte| matches!(byte, b' ' | b',' | b'\n')).count();
        let is_gap = gap > 0 && (is_unit || !rest[..gap].contains(&b'\n'));
        if !is_gap {
            return None;
        }
        let from = if is_unit { self.with_floor_before(before) } else { start };
        let street_start = end + gap;
        // `Flat 3, 12 High Street`, `3/1, 12 High Street`: the house's own number comes next.
        let digits = self.digits_at(street_start);
        if (is_unit || is_parted) && digits > 0 {
            let inner = if is_inner { None } else { self.numbered(street_start, street_start + digits, true) };
            let inner = inner.or_else(|| self.of_one_word(before, street_start, street_start + digits))?;
            let is_dated = is_parted && self.counts_else(before, start, is_parted);
            return (!is_dated).then_some(Scored { start: from.min(inner.start), ..inner });
        }
        // `4 May 2019, Robin Lane`.
        if rest[..gap].contains(&b',') && self.is_year(start) {
            return None;
        }
        let (street_end, score) = self
            .street(street_start, is_unit)
            .or_else(|| self.block(street_start, is_unit).filter(|_| is_unit || !self.is_year(start)))
            .or_else(|| self.behind_letter(street_start))?;
        if self.counts_else(before, start, is_parted) || is_parted && !self.may_be_parted(street_start, street_end) {
            return None;
        }
        if !is_inner && let Some(next) = self.behind_gap(street_end) {
            let digits = self.digits_at(next);
            // `Flat 2, Rose House, 12 Mill Lane`.
            if is_unit
                && digits > 0
                && let Some(inner) = self.numbered(next, next + digits, true)
            {
                return Some(Scored { start: from.min(inner.start), ..inner });
            }
            // `1 Rose Cottages, Ivy Lane`.
            if ROWS.iter().any(|row| ends_with(&text[..street_end], row))
                && let Some((behind, score)) = self.street_with_capitals(next)
            {
                return Some(address(self.with_front_before(from), behind, score));
            }
        }
        Some(address(self.with_front_before(from), street_end, score))
    }

    /// The end of the street behind a number's letter that stands apart: `45 a Antrim Rd`.
    fn behind_letter(&self, start: usize) -> Option<(usize, f32)> {
        let begins = match self.text.get(start..)? {
            [b'a'..=b'h', b' ', next, ..] => next.is_ascii_uppercase(),
            [b'A'..=b'H', b' ', next, ..] => self.is_loose && next.is_ascii_uppercase(),
            _ => false,
        };
        let street = if begins { self.street(start + 2, false) } else { None };
        street.filter(|(_, score)| self.is_loose || *score >= NUMBERED)
    }

    /// `Croft 4, Balmeanach`: a holding of the Highlands by its number, and where it is.
    fn croft(&self, start: usize, digits_end: usize) -> Option<Scored> {
        const CROFT: &[u8] = b"croft ";
        let text = self.text;
        if !ends_with(&text[..start], CROFT) {
            return None;
        }
        let begin = start - CROFT.len();
        // `Lara Croft 4`.
        let (before, _) = self.word_before(begin);
        let is_behind_name = begin > 1
            && text[begin - 1] == b' '
            && text[begin - 2].is_ascii_alphabetic()
            && text[before].is_ascii_uppercase()
            && !self.is_loose;
        let is_apart = begin == 0 || !(text[begin - 1].is_ascii_alphanumeric() || text[begin - 1] >= 0x80);
        if !text[begin].is_ascii_uppercase() || is_behind_name || !is_apart {
            return None;
        }
        let next = self.behind_gap(self.end_of_number(digits_end).0)?;
        let mut end = self.end_of_word(next);
        let letters = text.get(next..end).filter(|letters| is_capital(letters))?;
        if self.lexicon.look(letters).is(Is::Stop) {
            return None;
        }
        for _ in 1..WORDS_MAX {
            let last = self.end_of_word(end + 1);
            let goes_on = text.get(end) == Some(&b' ') && text.get(end + 1..last).is_some_and(is_capital);
            if !goes_on || self.is_loose {
                break;
            }
            end = last;
        }
        Some(address(begin, end, NAMED))
    }

    /// Where a number ends whose digits end there, `12a`, `12-14`, and whether a stroke parts it: `12/4`, a house and a flat.
    pub(super) fn end_of_number(&self, digits_end: usize) -> (usize, bool) {
        let text = self.text;
        let mut end = digits_end;
        if text.get(end).is_some_and(u8::is_ascii_alphabetic)
            && !text.get(end + 1).is_some_and(u8::is_ascii_alphanumeric)
        {
            end += 1;
        }
        match text[end..] {
            [b'-', digit, ..] if digit.is_ascii_digit() => {
                (end + 1 + text[end + 1..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count(), false)
            }
            [b'/', ..] if (1..=FLAT_DIGITS_MAX).contains(&self.digits_at(end + 1)) => {
                (end + 1 + self.digits_at(end + 1), true)
            }
            _ => (end, false),
        }
    }

    /// Whether the word before a number says that it counts no houses: `Figure 3 Flow Path`, `in 2024 Mill Lane`, `on 12/4 Mill Lane`.
    pub(super) fn counts_else(&self, before: usize, start: usize, is_parted: bool) -> bool {
        let word = &self.text[before..start];
        let Some(letters) = word.strip_suffix(b" ") else { return false };
        let letters = letters.strip_suffix(b".").unwrap_or(letters);
        is_among(COUNTED, letters)
            || is_parted && is_among(BEFORE_DAYS, letters)
            || self.is_year(start) && (is_among(BEFORE_YEARS, letters) || month(letters).is_some())
    }

    /// Whether the number there may be a year.
    pub(super) fn is_year(&self, start: usize) -> bool {
        let begins = matches!(self.text[start..], [b'1', b'9', ..] | [b'2', b'0', ..]);
        begins && self.digits_at(start) == NUMBER_DIGITS_MAX
    }

    /// Whether a number with a stroke may stand before that street: behind a day comes what somebody did on it, behind a fraction anything.
    fn may_be_parted(&self, start: usize, end: usize) -> bool {
        let first = &self.text[start..self.end_of_word(start)];
        let word = self.lexicon.look(first);
        let is_done = word.is(Is::CueBehind) || word.is(Is::Does) || first.len() > 4 && ends_with(first, b"ed");
        let last = |end: usize| &self.text[self.begin_of_word(end, u8::is_ascii_alphabetic)..end];
        let end = if is_among(DIRECTIONS, last(end)) { end - last(end).len() - 1 } else { end };
        let is_sure = self.lexicon.look(last(end)).is(Is::StreetSurely) || is_among(OF_SCOTLAND, last(end));
        is_capital(first) && !is_done && is_sure
    }

    /// `200 Deansgate` behind a flat's number: of one word that is no other. `digits_end` is where its number's digits end.
    fn of_one_word(&self, before: usize, start: usize, digits_end: usize) -> Option<Scored> {
        let text = self.text;
        let home = &text[before..self.end_of_word(before)];
        if digits_end - start > NUMBER_DIGITS_MAX || !is_among(HOMES, home) {
            return None;
        }
        let (number_end, _) = self.end_of_number(digits_end);
        let begin = number_end + 1;
        let end = self.end_of_word(begin);
        let letters = text.get(begin..end).filter(|letters| text[number_end] == b' ' && is_capital(letters))?;
        let word = self.lexicon.look(letters);
        let is_other = word.is(Is::Stop) || word.ordinary() > 0 || word.is(Is::Place);
        let is_street = self.is_of_one_word(letters) || !is_other;
        (is_street && self.is_over(end)).then(|| address(start, end, NAMED))
    }
}
