//! Where a street's name ends: `Mill Lane Close`, `Smith Crescent East`, `Mill Lane Ind. Est.`; and what is no street: `Wheel drive`,
//! `Solar Park`.

use super::around::is_capital;
use super::{NUMBERED, Search, WORDS_MAX};
use crate::privacy::engine::{ends_with, is_among};
use crate::privacy::names::{Word, lexicon::Is};

const SMALL: f32 = 0.65;

/// What may stand behind the end of a street's name.
pub(super) const DIRECTIONS: &[&[u8]] = &[b"east", b"west", b"north", b"south"];

/// Words before `Estate`, `Park` or `Centre` behind the end of a street's name.
const OF_ESTATES: &[&[u8]] =
    &[b"industrial", b"ind", b"trading", b"business", b"retail", b"enterprise", b"technology", b"science"];

/// Words before `Drive` that make it a part of a machine.
const DRIVES: &[&[u8]] = &[b"wheel", b"hard", b"disk", b"disc", b"flash", b"pen", b"tape", b"test"];

/// Words before `View` that make it one of a calendar, unless a town follows.
const VIEWS: &[&[u8]] = &[b"day", b"week", b"month", b"year", b"list", b"table"];
/// And of a station that is a site.
const STATIONS: &[&[u8]] = &[b"power", b"generating", b"pumping"];

/// Words before `Court` that make it one of law, where a small word follows.
const COURTS: &[&[u8]] = &[b"crown", b"county", b"high", b"supreme", b"magistrates", b"magistrates'"];

/// Small words that make something else of the end of a street's name: `Road safety`, `Square metres`.
const BEHIND_ENDS: &[&[u8]] =
    &[b"safety", b"traffic", b"users", b"lighting", b"trials", b"hearings", b"metres", b"meters", b"miles", b"feet"];

/// Ends of streets of one word, where a town follows.
const ENDS_OF_ONE_WORD: &[&[u8]] = &[b"way", b"side", b"bank", b"wick"];

/// Words of `BETWEEN` that streets are called by all the same; in capitals alone nothing else tells.
const OF_STREETS: &[&[u8]] = &[b"main", b"new", b"up", b"down"];

/// Streets of one word in more than one town.
const OF_ONE_WORD: &[&[u8]] =
    &[b"cheapside", b"piccadilly", b"haymarket", b"kingsway", b"strand", b"westgate", b"cornhill"];

/// What a number counts that stands before it, and no street is called by.
pub(super) const MEASURES: &[&[u8]] = &[
    b"mw", b"gw", b"kw", b"mwh", b"gwh", b"kwh", b"mva", b"kva", b"kv", b"gb", b"tb", b"mb", b"kb", b"ghz", b"mhz",
    b"km", b"kg", b"mm", b"cm", b"ml", b"hrs", b"hour", b"hours", b"min", b"mins", b"minute", b"minutes", b"month",
    b"months", b"weeks", b"days", b"years", b"miles", b"metre", b"metres", b"meters", b"percent", b"bed", b"beds",
    b"bedroom",
];

/// Words before `Farm` that make it no house, and before `Park` that make it no street.
const BEFORE_SITES: &[&[u8]] = &[b"wind ", b"solar ", b"battery ", b"offshore ", b"onshore ", b"energy ", b"storage "];

impl Search<'_> {
    /// Whether a word may be a street's whole name: `Cheapside`, `Eastgate`.
    pub(super) fn is_of_one_word(&self, letters: &[u8]) -> bool {
        let is_gate = || {
            let word = self.lexicon.look(letters);
            let is_other = word.ordinary() > 0 || word.surname() > 0 || word.is(Is::Place);
            letters.len() > 6 && ends_with(letters, b"gate") && !is_other
        };
        is_among(OF_ONE_WORD, letters) || is_gate()
    }

    /// Whether a word is a street's whole name by its end, and a town follows: `60 Queensway, Bognor Regis`.
    fn is_of_one_word_with_town(&self, letters: &[u8], end: usize) -> bool {
        letters.len() > 6
            && ENDS_OF_ONE_WORD.iter().any(|ending| ends_with(letters, ending))
            && matches!(self.text[end..], [b',', b' ', next, ..] if next.is_ascii_uppercase())
            && self.lexicon.look(letters).is_unknown()
    }

    /// The end of a street's name that begins there.
    pub(super) fn street(&self, start: usize, is_unit: bool) -> Option<(usize, f32)> {
        if let Some(street) = self.street_of_wales(start) {
            return Some(street);
        }
        let (mut at, mut words, mut best) = (start, 0, None);
        let mut has_capitals = true;
        while words <= WORDS_MAX {
            let end = self.end_of_word(at);
            if end == at {
                break;
            }
            let letters = &self.text[at..end];
            let word = self.lexicon.look(letters);
            let is_capital = is_capital(letters);
            let is_first = words == 0;
            if !is_first && self.is_end(at, letters, word, has_capitals) {
                best = Some((end, if has_capitals && !self.is_loose { NUMBERED } else { SMALL }));
            } else if is_first
                && (letters.eq_ignore_ascii_case(b"broadway")
                    || (is_capital || self.is_loose && word.ordinary() == 0)
                        && self.is_over(end)
                        && (self.is_of_one_word(letters)
                            || is_capital && !self.is_loose && self.is_of_one_word_with_town(letters, end)))
            {
                best = Some((end, NUMBERED));
            }
            let is_article =
                is_first && letters.eq_ignore_ascii_case(b"the") && (is_capital || self.is_behind_article(end));
            let is_link =
                !is_first && (letters == b"of" || letters == b"the" || letters == b"and" || letters == b"upon");
            // In capitals alone a small word looks like a name: `7 FOLLOWING FALL`.
            let is_small = !is_capital || self.is_loose && !is_among(OF_STREETS, letters);
            if is_first && is_small && !is_article && word.is(Is::Between)
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
        let first = &self.text[start..self.end_of_word(start)];
        best.filter(|(_, score)| *score > SMALL || is_unit || words <= 3 || self.is_loose)
            .filter(|_| !is_among(MEASURES, first))
            .map(|(end, score)| (self.with_ending(end), score))
    }

    /// The same where its words have capitals and others have none.
    pub(super) fn street_with_capitals(&self, start: usize) -> Option<(usize, f32)> {
        self.street(start, false).filter(|(_, score)| *score >= NUMBERED)
    }

    /// Whether a word is the end of a street's name: with a capital as the words before it, or surely.
    fn is_end(&self, at: usize, letters: &[u8], word: Word, has_capitals: bool) -> bool {
        let is_written = has_capitals && is_capital(letters) || word.is(Is::StreetSurely);
        let is_short = || {
            letters.eq_ignore_ascii_case(b"est") && {
                let before = self.word_before(at).0;
                is_among(OF_ESTATES, &self.text[before..self.end_of_word(before)])
            }
        };
        // `12 Solar Park`, `3 Parks and Gardens`.
        let is_no_name = || {
            letters.eq_ignore_ascii_case(b"park") && self.is_of_site(at)
                || ends_with(&self.text[..at], b" and ")
                || self.is_of_phrase(at, letters)
        };
        is_written && (word.is(Is::Street) && !is_no_name() || is_short())
    }

    /// Whether the end of a street's name that is there is of something else: `Wheel drive`, `Crown Court trials`, `Road safety`.
    fn is_of_phrase(&self, at: usize, letters: &[u8]) -> bool {
        let text = self.text;
        let end = at + letters.len();
        let is_behind = |list: &[&[u8]]| {
            let before = self.word_before(at).0;
            is_among(list, &text[before..self.end_of_word(before)])
        };
        let is_before_capital = matches!(
            text[end..],
            [b',', b' ' | b'\n', next, ..] | [b' ' | b'\n', next, ..] if next.is_ascii_uppercase()
        );
        let is_pair = letters.eq_ignore_ascii_case(b"drive") && is_behind(DRIVES)
            || letters.eq_ignore_ascii_case(b"view") && is_behind(VIEWS) && !is_before_capital
            || letters.eq_ignore_ascii_case(b"station") && is_behind(STATIONS);
        if is_pair {
            return true;
        }
        let is_before_small = matches!(text[end..], [b' ', next, ..] if next.is_ascii_lowercase());
        if letters.eq_ignore_ascii_case(b"court") && is_before_small && is_behind(COURTS) {
            return true;
        }
        let next = text.get(end + 1..self.end_of_word(end + 1)).unwrap_or_default();
        text.get(end) == Some(&b' ') && (self.is_loose || !is_capital(next)) && is_among(BEHIND_ENDS, next)
    }

    /// `the mews`: a street without a name of its own and without capitals, and no other word behind it.
    fn is_behind_article(&self, article_end: usize) -> bool {
        let end = self.end_of_word(article_end + 1);
        let word = self.text.get(article_end + 1..end).map(|letters| self.lexicon.look(letters)).unwrap_or_default();
        self.text[article_end..].starts_with(b" ")
            && word.is(Is::StreetSurely)
            && word.ordinary() < 3
            && self.is_over(end)
    }

    /// Where what stands behind a street's end ends: `Smith Crescent East`, `Mill Lane Ind. Est.`.
    fn with_ending(&self, end: usize) -> usize {
        let text = self.text;
        let begin = end + 1;
        let last = self.end_of_word(begin);
        let Some(letters) = text.get(begin..last).filter(|_| text[end] == b' ') else { return end };
        if !self.is_loose && !is_capital(letters) {
            return end;
        }
        if is_among(DIRECTIONS, letters) {
            // `Smith Street, East Midlands` without its comma.
            let goes_on = match text[last..] {
                [b' ', next, ..] => next.is_ascii_uppercase() || self.is_loose && next.is_ascii_alphabetic(),
                [next, ..] => next.is_ascii_alphanumeric(),
                [] => false,
            };
            return if goes_on { end } else { last };
        }
        if matches!(letters, b"E" | b"W" | b"N" | b"S") && matches!(text[last..], [] | [b',' | b'\n', ..]) {
            return last;
        }
        let next = match text[last..] {
            [b'.', b' ', ..] => last + 2,
            [b' ', ..] => last + 1,
            _ => return end,
        };
        let estate_end = self.end_of_word(next);
        let is_estate = || {
            let estate = &text[next..estate_end];
            self.lexicon.look(estate).is(Is::Street) || estate.eq_ignore_ascii_case(b"est")
        };
        if is_among(OF_ESTATES, letters) && is_estate() { estate_end } else { end }
    }

    /// Whether the word that begins there is of a place that makes power: `Solar Park`, `Wind Farm`.
    pub(super) fn is_of_site(&self, at: usize) -> bool {
        BEFORE_SITES.iter().any(|site| ends_with(&self.text[..at], site))
    }

    pub(super) fn next_is_street(&self, at: usize) -> bool {
        let Some(letters) = self.text.get(at..self.end_of_word(at)) else { return false };
        letters.first().is_some_and(u8::is_ascii_uppercase) && self.lexicon.look(letters).is(Is::StreetSurely)
    }
}
