//! How sure a stretch is a name: one word, several, letters before a surname, or words that no list has.

use super::Search;
use super::cues::{Cue, is_introduced};
use super::row::{Token, is_of_ireland};
use crate::privacy::names::lexicon::Is;

impl Search<'_> {
    pub(super) fn one_word(&self, token: &Token, is_titled: bool, cue: Cue, behind: bool) -> f32 {
        let word = token.word;
        let is_name = word.forename() > 0 || word.surname() > 0;
        let is_plain = word.ordinary() == 0;
        let is_place = word.is(Is::Place);
        let before = &self.text[..token.start];
        let is_stop = word.is(Is::Stop);
        if !self.is_loose
            && !is_stop
            && !is_place
            && (word.forename() > 1 && word.ordinary() < 3 || is_plain && self.is_capital_word(token))
            && self.is_greeted_too(token.start)
        {
            return 0.75;
        }
        // `approved by April`: a date; `Dean of Faculty`: what somebody is.
        if is_stop && [&b" by "[..], b" for ", b" of "].iter().any(|word| before.ends_with(word))
            || !is_titled && cue == Cue::None && self.is_rank(token)
            || !is_titled && cue == Cue::None && word.surname() == 3 && self.is_of_two_partners(token.end)
        {
            return 0.2;
        }
        if before.ends_with(b"& ")
            || before.ends_with(b"St ")
            || before.ends_with(b"St. ")
            || before.ends_with(b"Saint ")
            || [&b"Storm "[..], b"Hurricane ", b"HMS ", b"RMS ", b"MV "].iter().any(|word| before.ends_with(word))
        {
            return 0.2;
        }
        // Months that are forenames too, where a number stands beside them.
        let has_number = before.trim_ascii_end().last().is_some_and(u8::is_ascii_digit)
            || self.text[token.end..].trim_ascii_start().first().is_some_and(u8::is_ascii_digit);
        if word.is(Is::Stop) && (has_number || cue != Cue::Strong && !is_titled) {
            return 0.2;
        }
        if is_titled {
            return if word.ordinary() < 3 || word.surname() >= 2 { 0.85 } else { 0.3 };
        }
        if self.is_loose {
            if is_plain && is_introduced(before) {
                return 0.7;
            }
            return match (cue, word.forename(), is_plain) {
                (Cue::Strong, 2.., true) => 0.7,
                (Cue::Strong, 3, false) => 0.55,
                (Cue::Strong, 1, true) if !is_place => 0.55,
                (_, 3, true) if !is_place => 0.52,
                _ => 0.2,
            };
        }
        match cue {
            Cue::Strong if word.forename() >= 2 && word.ordinary() < 3 => 0.8,
            Cue::Strong if word.forename() == 3 => 0.7,
            Cue::Strong if is_plain && is_name => 0.7,
            Cue::Strong if is_plain && !is_place && self.is_capital_word(token) => 0.55,
            Cue::Label if word.forename() > 1 && word.ordinary() < 3 => 0.75,
            Cue::Label if word.forename() == 3 && token.start > 0 => 0.7,
            Cue::Label
                if (word.forename() == 1 || is_plain && token.start > 0 && !is_place)
                    && self.is_capital_word(token)
                    // A word that no list has is the name of a field as well as of whoever speaks.
                    && (is_name || self.is_stamped(token.start)) =>
            {
                0.6
            }
            // `told Frank`: nothing but people is told anything.
            Cue::None
                if word.forename() > 1
                    && matches!(word.ordinary(), 1 | 2)
                    && !is_place
                    && !is_stop
                    && self.is_capital_word(token)
                    && self.is_told(token.start) =>
            {
                0.6
            }
            _ if is_place || !is_plain && !behind => 0.2,
            _ => match (word.forename(), behind) {
                _ if !self.is_capital_word(token) => 0.3,
                (3, _) => 0.65,
                // `Ford`, `Wells`: a surname, or a firm's or a place's, far oftener.
                (2, false) if word.surname() == 3 => 0.35,
                (2, _) => 0.56,
                (1, _) if self.is_given_to(token.start) => 0.52,
                (1, true) => 0.55,
                // Rare, and nothing else that a list has.
                (1, false) if is_plain && word.surname() == 0 && token.end - token.start > 3 => 0.5,
                (0, true) if word.surname() >= 2 && is_plain => 0.5,
                _ => 0.25,
            },
        }
    }

    pub(super) fn several(&self, stretch: &[Token], is_titled: bool, cue: Cue) -> f32 {
        let first = stretch.iter().find(|token| !token.is_initial).map(|token| token.word).unwrap_or_default();
        let last = stretch.iter().rev().find(|token| !token.is_initial).map(|token| token.word).unwrap_or_default();
        let has_cue = is_titled || cue != Cue::None;
        let is_plain = first.ordinary() == 0;
        let last_is_plain = last.ordinary() == 0;
        let is_irish = stretch.iter().skip(1).any(|token| is_of_ireland(&self.text[token.start..token.end]));
        let base = match (first.forename(), last.surname()) {
            (2.., 1..) if is_plain && last_is_plain => 0.9,
            (2.., 1..) if is_plain || last_is_plain => 0.8,
            (2.., 1..) => 0.55,
            (2.., 0) if is_plain && last_is_plain && !last.is(Is::Place) => 0.75,
            (2.., 0) if is_plain && last.forename() > 0 => 0.7,
            (1, 1..) if is_plain && last_is_plain => 0.75,
            (1, 1..) => 0.5,
            (1, 0) if is_plain && last_is_plain => {
                if is_irish {
                    0.65
                } else {
                    0.5
                }
            }
            (2.., 0) if is_irish => 0.75,
            (0, 2..) if first.surname() > 0 && last_is_plain && is_plain => 0.55,
            (0, 2..) if is_plain && last_is_plain && !first.is(Is::Place) => 0.5,
            (0, _) if first.surname() > 0 && last.forename() >= 2 && is_plain => 0.6,
            _ => 0.25,
        };
        let is_sure = has_cue && (is_plain || first.forename() > 1) && (last_is_plain || last.surname() > 0);
        let base = if self.is_loose && (base < 0.75 && !has_cue) { base - 0.3 } else { base };
        if is_titled {
            f32::max(base + 0.2, 0.8)
        } else if is_sure && cue == Cue::Strong {
            f32::max(base + 0.15, 0.65)
        } else {
            base
        }
    }

    /// Two words that no list has, in a text that is about a person or does what people do.
    pub(super) fn unknown(&self, first: &Token, last: &Token, behind: bool, cue: Cue) -> f32 {
        let is_name = |token: &Token| {
            token.word.ordinary() == 0
                && !token.word.is(Is::Place)
                && !token.word.is(Is::Firm)
                && self.is_capital_word(token)
                && !(token.word.is_unknown() && is_made(&self.text[token.start..token.end]))
        };
        let has_name = first.word.forename() > 0 || first.word.surname() > 0 || last.word.surname() > 0;
        match is_name(first) && is_name(last) {
            true if behind || cue == Cue::Strong => 0.6,
            true if self.is_personal => 0.55,
            true if has_name => 0.5,
            _ => 0.0,
        }
    }
}

/// `J. Smith`, `J R R Tolkien`, `Sarah J`.
pub(super) fn initials(stretch: &[Token], is_titled: bool, cue: Cue) -> f32 {
    let word = stretch.iter().find(|token| !token.is_initial).map(|token| token.word).unwrap_or_default();
    let begins = stretch.first().is_some_and(|token| token.is_initial);
    let is_plain = word.ordinary() == 0 && !word.is(Is::Place);
    match (begins, is_titled || cue != Cue::None) {
        (_, true) if word.ordinary() < 3 || word.surname() > 1 => 0.85,
        (true, false) if is_plain && word.surname() > 0 => 0.7,
        (true, false) if is_plain && stretch.len() > 2 => 0.55,
        (false, false) if is_plain && word.forename() >= 2 => 0.65,
        _ => 0.25,
    }
}

/// Words that are no name, though no list has them: `Rebooted`, `FortiGate`.
pub(super) fn is_made(word: &[u8]) -> bool {
    let is_inside = |pair: &[u8]| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase();
    let is_of_clan =
        [&b"Mc"[..], b"Mac", b"De", b"Di", b"Le", b"La", b"Van", b"Fitz"].iter().any(|clan| word.starts_with(clan));
    // `SSE`: a firm's or a thing's letters.
    let is_short = word.len() < 5 && word.iter().all(u8::is_ascii_uppercase);
    is_short || word.len() > 5 && word.ends_with(b"ed") || !is_of_clan && word.windows(2).any(is_inside)
}
