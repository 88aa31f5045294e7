//! Pieces with capitals before a postcode: `3 Pudding Chare, Newcastle upon Tyne, NE1 1UD`.

use super::around::GAP_BYTES_MAX;
use super::ends::MEASURES;
use super::numbered::{COUNTED, NUMBER_DIGITS_MAX};
use super::wales::HOUSES_OF_WALES;
use super::{POSTED, Search, address};
use crate::privacy::engine::{Scored, ends_with, is_among};
use crate::privacy::names::lexicon::Is;
use crate::privacy::recognise::month;

/// Pieces between commas or lines before a postcode, at most.
const PIECES_MAX: usize = 6;
/// Words of such a piece, at most.
const PIECE_WORDS_MAX: usize = 5;

/// Small words inside of the names of places and streets.
const INSIDE: &[&[u8]] = &[b"of", b"the", b"upon", b"on", b"in", b"by", b"under", b"le", b"and", b"y", b"yr"];

/// Words before a house's number.
const BEFORE_NUMBERS: &[&[u8]] = &[b"no", b"number", b"is", b"from", b"in", b"by"];

/// Words before a number that is no house's, though they are small.
const BEFORE_OTHERS: &[&[u8]] = &[
    b"invoice",
    b"order",
    b"ticket",
    b"ref",
    b"reference",
    b"account",
    b"case",
    b"lot",
    b"batch",
    b"policy",
    b"claim",
    b"contract",
    b"job",
    b"project",
    b"sold",
    b"bought",
    b"ordered",
    b"supplied",
    b"about",
    b"over",
    b"than",
    b"least",
    b"only",
    b"all",
    b"these",
    b"those",
    b"our",
    b"with",
];

/// Words behind a time, and days.
const BEHIND_TIMES: &[&[u8]] =
    &[b"am", b"pm", b"monday", b"tuesday", b"wednesday", b"thursday", b"friday", b"saturday", b"sunday"];

/// Pieces of an address before a postcode, the last one first.
#[derive(Default)]
struct Chain {
    starts: [usize; PIECES_MAX],
    count: usize,
    /// Where the first of them begins that is a house's name.
    house: Option<usize>,
    /// Whether its street is found by itself.
    is_known: bool,
}

impl Search<'_> {
    /// `3 Pudding Chare, Newcastle upon Tyne, NE1 1UD`: pieces with capitals before the postcode that begins there, from a house's number
    /// on, from a house's name, or from where words say that an address comes. A street that is known by its end is found by itself.
    pub(super) fn posted(&self, postcode: usize) -> Option<Scored> {
        let text = self.text;
        let end = self.begin_of_gap(postcode);
        if end == postcode {
            return None;
        }
        let mut chain = Chain::default();
        let (mut at, mut begin, mut piece_end, mut words, mut links) = (end, end, end, 0, 0);
        while chain.count < PIECES_MAX {
            // `4 St. Aubyns`.
            let word_end = if text[..at].ends_with(b"St.") { at - 1 } else { at };
            let Some(low) = self.begin_of_part(word_end) else { break };
            let letters = &text[low..word_end];
            if letters[0].is_ascii_digit() {
                if let Some(start) = self.house_number(low, word_end, (begin, piece_end, words), chain.count) {
                    let is_known = self.numbered(low, low + self.digits_at(low), true).is_some();
                    return (!is_known).then(|| address(self.with_front_before(start), end, POSTED));
                }
                break;
            }
            if !self.is_part_of_name(letters) {
                if words == 0
                    || links == PIECE_WORDS_MAX
                    || !INSIDE.contains(&letters)
                    || text[..low].last() != Some(&b' ')
                {
                    break;
                }
                (at, links) = (low - 1, links + 1);
                continue;
            }
            if words == PIECE_WORDS_MAX {
                words = 0;
                break;
            }
            (begin, words) = (low, words + 1);
            let gap = self.begin_of_gap(low);
            if gap == low {
                break;
            }
            if &text[gap..low] != b" " {
                self.take_piece(&mut chain, begin, piece_end, words);
                (piece_end, words, links) = (gap, 0, 0);
            }
            at = gap;
        }
        if words > 0 && chain.count < PIECES_MAX {
            self.take_piece(&mut chain, begin, piece_end, words);
        }
        let start = self.begin_of_chain(&chain)?;
        Some(address(start, end, POSTED))
    }

    /// Takes one more piece, which stands before the others.
    fn take_piece(&self, chain: &mut Chain, start: usize, end: usize, words: usize) {
        chain.starts[chain.count] = start;
        chain.count += 1;
        // `Glan Conwy` right before a postcode is a town.
        let is_town = chain.count == 1 && is_among(HOUSES_OF_WALES, &self.text[start..self.end_of_word(start)]);
        if !is_town && self.is_house(start, end, words) {
            chain.house = Some(start);
            chain.is_known |=
                !self.is_loose && self.text[end..].starts_with(b", ") && self.street_of_house(end + 2).is_some();
        }
    }

    /// Where the address begins that pieces without a house's number are.
    fn begin_of_chain(&self, chain: &Chain) -> Option<usize> {
        let last = chain.count.checked_sub(1)?;
        let begin = chain.starts[last];
        let is_found = || !self.is_loose && self.is_lived_in(begin) && self.street_with_capitals(begin).is_some();
        if chain.is_known || chain.house != Some(begin) && is_found() {
            return None;
        }
        if chain.house == Some(begin) || last == 0 || !self.is_labelled(begin) {
            return chain.house;
        }
        let first_end = self.end_of_word(begin);
        let first = self.lexicon.look(&self.text[begin..first_end]);
        let is_one = self.text[first_end..].first() != Some(&b' ');
        if is_one && first.is(Is::Place) {
            return chain.house;
        }
        // `Address: Sarah Whitcombe, Thistledown, Kelso`.
        let second = self.text.get(first_end + 1..self.end_of_word(first_end + 1)).unwrap_or_default();
        let is_named = first.forename() > 1 && !is_one && self.lexicon.look(second).surname() > 0;
        if first.is(Is::Title) || is_named {
            return chain.house.or_else(|| (last > 1).then(|| chain.starts[last - 1]));
        }
        Some(begin)
    }

    /// Where the number of a house that stands there begins, with the word for a flat before it. Behind it in its piece are that many
    /// words, and that many pieces behind those.
    fn house_number(
        &self,
        start: usize,
        end: usize,
        (begin, piece_end, words): (usize, usize, usize),
        pieces: usize,
    ) -> Option<usize> {
        let text = self.text;
        let digits = self.digits_at(start);
        let is_number = digits <= NUMBER_DIGITS_MAX && self.end_of_number(start + digits).0 == end;
        // A small word stands between.
        let is_behind = words == 0 || begin == end + 1;
        if !is_number || !is_behind || self.is_year(start) {
            return None;
        }
        if start > 1 && text[start - 1] == b' ' && text[start - 2].is_ascii_alphabetic() {
            let (before, word) = self.word_before(start);
            let letters = &text[before..start - 1];
            if word.is(Is::Unit) || letters.eq_ignore_ascii_case(b"croft") {
                return (words > 0 || pieces > 0).then(|| self.with_floor_before(before));
            }
            let is_small = !self.is_loose && letters.first().is_some_and(u8::is_ascii_lowercase);
            let may_be = word.is(Is::Lives)
                || is_among(BEFORE_NUMBERS, letters)
                || is_small && !is_among(BEFORE_OTHERS, letters);
            if words == 0 || !may_be || self.counts_else(before, start, false) {
                return None;
            }
        } else {
            let gap = &text[start.saturating_sub(GAP_BYTES_MAX)..start];
            let blanks = gap.iter().rev().take_while(|byte| byte.is_ascii_whitespace()).count();
            let is_line = gap[gap.len() - blanks..].contains(&b'\n');
            let marks: &[u8] = if words == 0 { b":\"" } else { b",:;.|>=\"'(" };
            let last = gap[..gap.len() - blanks].last();
            if !is_line && !last.is_none_or(|byte| marks.contains(byte)) {
                return None;
            }
        }
        if words == 0 {
            // `6, Alexandra Mansions`; without a blank it is a row of a table.
            let is_parted = matches!(text[end..], [b',', b' ' | b'\n', ..]);
            return (pieces > 0 && is_parted).then_some(start);
        }
        let first = &text[begin..self.end_of_word(begin)];
        // Many a place begins as a month does; a month is no part of a name.
        let is_month = month(first).is_some() && self.lexicon.look(first).is(Is::Stop);
        let is_time = is_month || is_among(BEHIND_TIMES, first);
        let counts = is_time || is_among(COUNTED, first) || is_among(MEASURES, first);
        if counts || pieces == 0 && !self.is_labelled(start) {
            return None;
        }
        // `2 Offshore Turbines`: what is counted, and is many.
        let letters = &text[self.begin_of_part(piece_end)?..piece_end];
        let last = self.lexicon.look(letters);
        let is_many = ends_with(letters, b"s") && last.ordinary() > 0 && last.surname() == 0 && !last.is(Is::Street);
        (!is_many || first.eq_ignore_ascii_case(b"the")).then_some(start)
    }
}
