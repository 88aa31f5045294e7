//! Words with capitals in a row -> the name of a person, where the words are names, or something before or behind says so.
//!
//! ```text
//! text -> words with capitals, in rows -> stretches without words that are none of a name -> how sure -> a candidate
//!
//! row.rs            letters -> a word; words -> a row
//! judge.rs          a row -> stretches that may be names
//! sure.rs           a stretch -> how sure it is
//! cues.rs           what stands before or behind a name and speaks for it
//! known.rs          firms, places and sites that are no people
//! surname_first.rs  `Surname, Forename`
//! lists.rs          headings, lists and tables of such
//! ```
//!
//! A text without capitals, or of nothing else, says less: there two names must stand together, or one behind a word that greets.

mod cues;
mod judge;
mod known;
mod lists;
mod row;
mod sure;
mod surname_first;

use super::lexicon::{Is, Lexicon};
use crate::privacy::engine::{Scored, Surroundings, position};
use crate::privacy::recognise::{Kind, RECOGNISERS};
use cues::is_introduced;
use row::{Row, Token, ends_in_particle, is_capital, is_joined, is_letter};
use std::cell::Cell;

/// Words of a row in a text whose capitals say nothing, at most.
const LOOSE_WORDS_MAX: usize = 4;
/// Letters of a word of a name, at most.
const WORD_BYTES_MAX: usize = 32;
/// How sure something else in a text must be to speak for a name.
const PERSONAL_MIN: f32 = 0.6;
/// How sure a name in a row of names is, and more than which a single word has to have by itself.
const LISTED: f32 = 0.56;
const LISTED_MIN: f32 = 0.25;
/// Bytes of a name, at most.
const NAME_BYTES_MAX: usize = 60;

/// Finds names of people.
pub fn find(lexicon: &Lexicon, around: &Surroundings<'_>, scored: &mut Vec<Scored>) {
    if around.header.is_of_names() && whole(lexicon, around.text).0 {
        let start = around.text.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        scored.push(name(start, around.text.trim_ascii_end().len(), 0.8));
        return;
    }
    let is_loose = !(around.has_capital && around.has_small);
    let is_personal = scored.iter().any(|one| one.score >= PERSONAL_MIN);
    let search = Search { lexicon, text: around.text, is_loose, is_personal, walked: Cell::new(0) };
    let first = scored.len();
    search.run(scored);
    listed(around.text, &mut scored[first..]);
}

/// `Jean-Luc Moreau, Hye-jin Park and B. Anand`: what stands in a row with somebody's whole name is a name too.
fn listed(text: &[u8], names: &mut [Scored]) {
    let is_whole = |one: &Scored| one.score >= PERSONAL_MIN && text[one.start..one.end].contains(&b' ');
    let in_a_row = |one: &Scored, next: &Scored| match text.get(one.end..next.start) {
        Some(b", " | b"; " | b" and " | b" & " | b", and ") => true,
        // What they are to the meeting: `Tamsin Ogilvy (chair), Jean-Luc Moreau`.
        Some(between) => between.len() <= NAME_BYTES_MAX && between.starts_with(b" (") && between.ends_with(b"), "),
        None => false,
    };
    let takes = |one: &mut Scored| {
        let piece = &text[one.start..one.end];
        // `Dear Sarah Jones, NI AB123456C`.
        let is_short = piece.len() < 4 && piece.iter().all(u8::is_ascii_uppercase);
        let may_be = piece.contains(&b' ') || one.score > LISTED_MIN && !is_short;
        if may_be && one.score < LISTED {
            one.score = LISTED;
        }
        may_be
    };
    let mut is_led = false;
    for place in 0..names.len() {
        is_led &= place > 0 && in_a_row(&names[place - 1], &names[place]);
        if is_led {
            is_led = takes(&mut names[place]);
        }
        is_led |= is_whole(&names[place]);
    }
    let mut is_led = false;
    for place in (0..names.len()).rev() {
        is_led &= place + 1 < names.len() && in_a_row(&names[place], &names[place + 1]);
        if is_led {
            is_led = takes(&mut names[place]);
        }
        is_led |= is_whole(&names[place]);
    }
}

fn name(start: usize, end: usize, score: f32) -> Scored {
    Scored { start, end, kind: Kind::PersonName, score, row: RECOGNISERS.len() + 1, is_named: false }
}

/// Whether a text may be nothing but a name (up to five words of letters, none of them of another trade), and whether the lists have it
/// as one.
pub fn whole(lexicon: &Lexicon, text: &[u8]) -> (bool, bool) {
    let text = text.trim_ascii();
    let is_letters = |byte: &u8| byte.is_ascii_alphabetic() || *byte >= 0x80 || b" '-.,".contains(byte);
    if text.is_empty() || text.len() > NAME_BYTES_MAX || !text.iter().all(is_letters) {
        return (false, false);
    }
    let (mut count, mut names, mut unlike) = (0, 0, 0);
    for part in text.split(|byte| matches!(byte, b' ' | b',' | b'.')).filter(|part| !part.is_empty()) {
        let word = lexicon.look(part);
        if word.is(Is::Title) || part.len() == 1 || word.is(Is::Particle) {
            continue;
        }
        if word.is(Is::Firm) && word.surname() < 3 || word.is(Is::Stop) && word.forename() == 0 && word.surname() < 3 {
            return (false, false);
        }
        let is_name = word.forename() > 1
            || word.surname() > 1
            || (word.forename() > 0 || word.surname() > 0) && word.ordinary() == 0;
        names += usize::from(is_name && (word.ordinary() < 3 || word.forename() == 3 || word.surname() == 3));
        unlike += usize::from(
            word.ordinary() > 1 && word.surname() < 2 && word.forename() < 2
                || word.is(Is::Place) && count == 0 && word.forename() < 2,
        );
        count += 1;
    }
    let may_be = (1..=5).contains(&count) && unlike * 2 <= count && unlike < 2;
    (may_be, may_be && names * 2 > count)
}

struct Search<'a> {
    lexicon: &'a Lexicon,
    text: &'a [u8],
    is_loose: bool,
    /// Whether the text holds other things about a person.
    is_personal: bool,
    /// Up to where lists and tables were read already: no piece of them is read twice.
    walked: Cell<usize>,
}

impl Search<'_> {
    fn run(&self, scored: &mut Vec<Scored>) {
        let text = self.text;
        let mut row = Row::default();
        let mut at = 0;
        // Where no word can begin is passed over at once: most of a text is small letters.
        let next = |at: usize| {
            if self.is_loose {
                text[at..].iter().position(|byte| is_letter(*byte)).map(|next| at + next)
            } else {
                position(text, at, b'A'..=b'Z', |byte| matches!(byte, b'A'..=b'Z' | 0xc3..=0xc5))
            }
        };
        while let Some(start) = next(at) {
            let end = self.end_of_word(start);
            let begins = match text[..start] {
                ref before if ends_in_particle(before) => true,
                [.., letter, b'\'' | b'-'] if is_letter(letter) => false,
                [.., before] => !is_joined(before) && !is_letter(before),
                [] => true,
            };
            let ends = text.get(end).is_none_or(|next| !next.is_ascii_digit() && !matches!(next, b'@' | b'_'));
            let is_one = begins && ends && end - start <= WORD_BYTES_MAX && (self.is_loose || is_capital(text, start));
            if is_one && self.is_loose {
                self.take_loose(start, end, &mut row, scored);
            } else if is_one {
                let token = self.token(start, end);
                if !self.goes_on(&row, &token) {
                    self.judge(&row, scored);
                    row.count = 0;
                }
                row.push(token);
                if token.word.is(Is::Cue) && text.get(end) == Some(&b':') {
                    self.small_name(end + 1, scored);
                }
            }
            at = end.max(start + 1);
        }
        self.judge(&row, scored);
    }

    /// A word of a text whose capitals say nothing: a row begins with a forename, behind a title or with a surname and a comma, and is short.
    fn take_loose(&self, start: usize, end: usize, row: &mut Row, scored: &mut Vec<Scored>) {
        if row.count > 0 {
            let token = self.token(start, end);
            if row.count < LOOSE_WORDS_MAX && self.goes_on(row, &token) {
                row.push(token);
                return;
            }
            self.judge(row, scored);
            row.count = 0;
        }
        let may_be_titled = start > 2 && self.text[start - 1] == b' ' && b"rsfRSF.".contains(&self.text[start - 2]);
        let letters = &self.text[start..end];
        if end - start == 1 && letters[0].is_ascii_uppercase()
            || self.lexicon.may_be_forename(letters)
            || self.text[end..].starts_with(b", ")
            || may_be_titled && self.is_behind_title(start)
            || is_introduced(&self.text[..start])
        {
            row.push(self.token(start, end));
        }
    }

    /// `Customer: its tomasz grabowski`: a name in small letters behind a label that is of a name.
    fn small_name(&self, from: usize, scored: &mut Vec<Scored>) {
        let text = self.text;
        let (mut at, mut first) = (from, None::<Token>);
        for _ in 0..4 {
            if text.get(at) != Some(&b' ') || !text.get(at + 1).is_some_and(u8::is_ascii_lowercase) {
                break;
            }
            let Some(token) = self.short_token(at + 1) else { return };
            let word = token.word;
            at = token.end;
            if let Some(first) = first {
                let is_name = word.ordinary() == 0
                    && (word.surname() > 0 || word.forename() > 0)
                    && !word.is(Is::Firm)
                    && !word.is(Is::Stop);
                if is_name && !self.is_known_place(first.start, token.end) {
                    scored.push(name(first.start, token.end, 0.75));
                    return;
                }
                break;
            }
            let letters = &text[token.start..token.end];
            if [&b"its"[..], b"it", b"is", b"this", b"im"].contains(&letters) {
                at += if text[at..].starts_with(b"'s ") { 2 } else { 0 };
                continue;
            }
            if word.forename() < 2 || word.ordinary() > 0 || word.is(Is::Stop) {
                return;
            }
            first = Some(token);
        }
        let Some(first) = first else { return };
        let ends = text.get(first.end).is_none_or(|byte| matches!(byte, b'\n' | b'\r' | b',' | b';'));
        if !first.word.is(Is::Place) && (ends || self.acts(first.end)) {
            scored.push(name(first.start, first.end, 0.6));
        }
    }
}
