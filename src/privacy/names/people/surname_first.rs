//! `Smith, John`: a surname and a forename behind it, where an entry of a list, a line or a value begins.

use super::known::is_company;
use super::lists::Heading;
use super::row::{Token, is_capital, is_capital_particle};
use super::sure::is_made;
use super::{Search, name};
use crate::privacy::engine::Scored;
use crate::privacy::names::lexicon::{Is, Word};

/// How sure a surname and a forename behind it are: surer than the forename with whatever else stands behind it.
const REVERSED: f32 = 1.05;
/// And where the lists do not have both, but a heading or a list says what they are.
const REVERSED_UNKNOWN: f32 = 0.86;

/// A surname and behind it a forename, or letters for one: `Smith, John`, `Smith, J. R.`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reversed {
    pub(super) start: usize,
    pub(super) end: usize,
    /// The lists have both.
    pub(super) is_sure: bool,
    /// The lists have one.
    pub(super) is_known: bool,
    /// Letters stand for the forename.
    pub(super) is_initials: bool,
    /// No sentence goes on behind it.
    pub(super) is_closed: bool,
}

impl Search<'_> {
    /// `Smith, John` behind a heading, a mark or a line's end, with the list that it stands in; or a table's first column of names.
    pub(super) fn reversed(&self, tokens: &[Token], scored: &mut Vec<Scored>) {
        let text = self.text;
        let [particles @ .., surname] = tokens else { return };
        if surname.start < self.walked.get() {
            return;
        }
        if surname.word.is(Is::Stop) {
            self.table(surname, scored);
            return;
        }
        let is_particle = |token: &Token| is_capital_particle(&text[token.start..token.end]);
        if !text[surname.end..].starts_with(b", ") || !particles.iter().all(is_particle) {
            return;
        }
        let mut start = particles.first().unwrap_or(surname).start;
        // `van der Berg, Jan`.
        for _ in 0..2 {
            let (word, gap) = self.word_before(start);
            let is_small = word.first().is_some_and(u8::is_ascii_lowercase);
            if gap != b" " || !is_small || !self.lexicon.look(word).is(Is::Particle) {
                break;
            }
            start -= gap.len() + word.len();
        }
        if start < self.walked.get() || !self.begins_entry(start) {
            return;
        }
        let Some(found) = self.entry(start) else { return };
        let heading = self.heading(start);
        let may_be_listed = found.is_initials && found.is_known;
        if !found.is_sure && (heading == Heading::None && !may_be_listed || !found.is_closed) {
            return;
        }
        // `Ada, Ruby and Julia`: three in a row.
        let is_row = || {
            let rest = &text[found.end..];
            let next = rest.strip_prefix(b" and ").or_else(|| rest.strip_prefix(b" & "));
            next.is_some_and(|next| next.first().is_some_and(u8::is_ascii_uppercase))
        };
        if heading == Heading::None && is_row() && self.next_of_list(&found).is_none() {
            return;
        }
        let first = scored.len();
        let (mut count, mut is_known) = (0, false);
        let mut next = Some(if found.is_sure && heading == Heading::None { self.first_of_list(found) } else { found });
        while let Some(one) = next {
            scored.push(name(one.start, one.end, if one.is_sure { REVERSED } else { REVERSED_UNKNOWN }));
            count += 1;
            is_known |= one.is_known;
            self.walked.set(one.end);
            next = self.next_of_list(&one);
        }
        let is_list = found.is_sure
            || match heading {
                Heading::Surely => true,
                Heading::Perhaps => is_known || count > 1,
                Heading::None => count > 1,
            };
        if !is_list {
            scored.truncate(first);
        }
    }

    /// Whether an entry of a list, a line or a value may begin at a place.
    fn begins_entry(&self, start: usize) -> bool {
        let before = &self.text[..start];
        let near = &before[start.saturating_sub(4)..];
        let length = near.iter().rposition(|byte| !matches!(byte, b' ' | b'"' | b'\'')).map_or(0, |last| last + 1);
        match &near[..length] {
            // Blanks are all that is there, or as much as was looked at.
            [] => start < 4 || before.ends_with(b"  "),
            [.., b'\n' | b'\t' | b':' | b'(' | b'>' | b'|' | b';'] => true,
            [b'-' | b'*'] | [.., b' ' | b'\n', b'-' | b'*'] => true,
            [.., b'0'..=b'9', b'.' | b')'] => true,
            _ => matches!(before.last(), Some(b'"' | b'\'' | b',')) || before.ends_with(b"  "),
        }
    }

    /// A surname and what stands for a forename behind it, at a place.
    pub(super) fn entry(&self, start: usize) -> Option<Reversed> {
        let text = self.text;
        let mut surname = self.short_token(start)?;
        for _ in 0..2 {
            let letters = &text[surname.start..surname.end];
            let is_particle = surname.word.is(Is::Particle) || is_capital_particle(letters);
            if !is_particle || text.get(surname.end) != Some(&b' ') {
                break;
            }
            surname = self.short_token(surname.end + 1)?;
        }
        let word = surname.word;
        let is_written = |token: &Token| self.is_loose || is_capital(text, token.start);
        let is_other = |word: Word| {
            word.ordinary() > 0
                || word.is(Is::Place)
                || word.is(Is::Firm)
                || is_company(&text[surname.start..surname.end])
                || word.is_unknown() && is_made(&text[surname.start..surname.end])
        };
        if surname.end - surname.start < 2
            || !is_written(&surname)
            || !text[surname.end..].starts_with(b", ")
            || word.is(Is::Stop)
            || word.is(Is::Title) && word.surname() < 3
            || word.surname() == 0 && is_other(word)
        {
            return None;
        }
        let mut last = self.short_token(surname.end + 2)?;
        // `Smith, Mr John`.
        if last.word.is(Is::Title) && last.word.forename() < 2 {
            let behind = text[last.end..].strip_prefix(b".").unwrap_or(&text[last.end..]);
            behind.strip_prefix(b" ")?;
            last = self.short_token(text.len() - behind.len() + 1)?;
        }
        if !is_written(&last) {
            return None;
        }
        let (other, is_initials) = (last.word, last.is_initial);
        // `Sarah, Tom`: two who are greeted or meet.
        if word.forename() == 3 && word.surname() < 2 && other.forename() > 1 {
            return None;
        }
        let is_followed = text[last.end..].starts_with(b", ") && !word.is_unknown() && other.surname() == 3;
        let is_sure = !is_initials
            && !is_followed
            && other.forename() >= 2
            && other.ordinary() < 3
            && !other.is(Is::Place)
            && (word.surname() == 3 || word.surname() > 0 && word.ordinary() < 2);
        if !is_sure && !is_initials {
            let is_ordinary =
                other.ordinary() == 3 && other.forename() < 3 || other.ordinary() > 0 && other.forename() < 2;
            let is_thing = other.is(Is::Place) || other.is(Is::Firm) || other.is(Is::Stop) || other.is(Is::Title);
            let is_made = other.is_unknown() && is_made(&text[last.start..last.end]);
            if self.is_loose
                || last.end - last.start < 2
                || is_ordinary
                || is_made
                || is_thing && other.forename() < 2
                || word.is(Is::Place) && other.forename() == 0
            {
                return None;
            }
        }
        if !is_sure && word.ordinary() == 3 && word.surname() < 2 || is_initials && self.is_loose && word.surname() < 2
        {
            return None;
        }
        // Names in the middle, and more letters.
        for _ in 0..2 {
            let gap = match text[last.end..] {
                [b'.', b' ', ..] if last.is_initial => 2,
                [b'.', ..] if last.is_initial => 1,
                [b' ', ..] => 1,
                _ => break,
            };
            let Some(next) = self.short_token(last.end + gap) else { break };
            let word = next.word;
            let is_name = word.forename() > 0 && word.ordinary() == 0 && !word.is(Is::Stop) && !word.is(Is::Firm)
                || word.is_unknown() && !self.is_loose && self.is_closed(next.end, false);
            let is_middle = is_capital(text, next.start) || self.is_loose && word.forename() >= 2;
            if !(is_middle && (next.is_initial || !is_initials && is_name)) {
                break;
            }
            last = next;
        }
        let is_known = if is_initials {
            word.surname() > 1 && word.ordinary() == 0 && !word.is(Is::Place)
        } else {
            is_sure || other.forename() > 0 || word.surname() == 3
        };
        let is_closed = self.is_closed(last.end, last.is_initial);
        Some(Reversed { start, end: last.end, is_sure, is_known, is_initials, is_closed })
    }

    /// Whether no sentence goes on behind a name that was read up to a place.
    fn is_closed(&self, end: usize, is_initial: bool) -> bool {
        let rest = &self.text[end..];
        let rest = if is_initial { rest.strip_prefix(b".").unwrap_or(rest) } else { rest };
        match rest {
            [] | [b'.'] => true,
            [b';' | b'\n' | b'\r' | b'\t' | b'"' | b')' | b'|' | b'/' | b'<', ..] => true,
            [b'.', b' ' | b'\n' | b'\r', ..] => true,
            [b' ', b' ' | b'(' | b'<' | b'[' | b'|' | b';' | b'/', ..] | [b' ', b'-', b' ', ..] => true,
            [b',', b'0'..=b'9', ..] | [b',', b' ', b'0'..=b'9', ..] => true,
            [b',', ..] => is_initial,
            _ => rest.starts_with(b" and ") || rest.starts_with(b" & "),
        }
    }
}
