//! A row of words -> stretches that may be names. Which words begin one, which follow, and what a whole stretch is instead.

use super::cues::Cue;
use super::known::{ends_building, ends_street, ends_thing, is_company};
use super::row::{Row, Token, is_capital_particle, is_joined, is_letter, is_of_ireland};
use super::sure::initials;
use super::{Search, WORD_BYTES_MAX, name};
use crate::privacy::engine::{SCORE_MIN, Scored, ends_with, is_among};
use crate::privacy::names::lexicon::Is;

impl Search<'_> {
    /// The names in a row.
    pub(super) fn judge(&self, row: &Row, scored: &mut Vec<Scored>) {
        let tokens = row.all();
        let mut at = 0;
        while at < tokens.len() {
            if let [one, other, ..] = &tokens[at..]
                && self.is_of_the_east(one, other)
            {
                scored.push(name(one.start, other.end, 0.75));
                at += 2;
                continue;
            }
            if !self.may_begin(&tokens[at]) {
                at += 1;
                continue;
            }
            let mut end = at + 1;
            while end < tokens.len() && self.may_follow(&tokens[at..end], &tokens[end]) {
                end += 1;
            }
            self.judge_stretch(tokens, at, end, scored);
            at = end;
        }
        if let Some(last) = tokens.last() {
            if matches!(self.text.get(last.end), Some(b',' | b'\t' | b'|' | b';')) {
                self.reversed(tokens, scored);
            } else if last.word.is(Is::Title) {
                self.booked(tokens, scored);
            }
        }
    }

    /// `Hye-jin Park`, `Hung Kwok-wai`: two syllables and a surname, whichever is first.
    fn is_of_the_east(&self, one: &Token, other: &Token) -> bool {
        let surname = match (one.is_syllables, other.is_syllables) {
            (true, false) => other,
            (false, true) => one,
            _ => return false,
        };
        let word = surname.word;
        word.surname() >= 2
            && !word.is(Is::Title)
            && !word.is(Is::Stop)
            && !surname.is_initial
            && &self.text[one.end..other.start] == b" "
    }

    /// `ADEWALE/OLUMIDE MR`: as tickets have it.
    fn booked(&self, tokens: &[Token], scored: &mut Vec<Scored>) {
        let (text, [first, .., last]) = (self.text, tokens) else { return };
        let title = &text[last.start..last.end];
        let is_title = [&b"MR"[..], b"MRS", b"MS", b"MISS", b"MSTR", b"DR"].contains(&title);
        if !is_title || !(first.word.forename() > 0 || first.word.is_unknown()) || first.is_initial {
            return;
        }
        let Some(before) = text[..first.start].strip_suffix(b"/") else { return };
        let length = before.iter().rev().take(WORD_BYTES_MAX).take_while(|byte| byte.is_ascii_uppercase()).count();
        let start = before.len() - length;
        let begins =
            start == 0 || !is_joined(text[start - 1]) && !is_letter(text[start - 1]) && text[start - 1] != b'/';
        if length > 1 && begins {
            scored.push(name(start, tokens[tokens.len() - 2].end, 0.95));
        }
    }

    fn may_begin(&self, token: &Token) -> bool {
        let word = token.word;
        if token.is_initial {
            return true;
        }
        if word.is(Is::Title) || word.is(Is::Stop) && word.forename() < 2 {
            return false;
        }
        if token.end - token.start < 2 {
            return false;
        }
        let letters = &self.text[token.start..token.end];
        match word.ordinary() {
            0 => !(word.is_unknown() && is_job(letters)),
            3 => word.forename() == 3 || word.surname() >= 2 && self.is_behind_title(token.start),
            // `Rev'd Canon Philippa Stote`.
            _ if letters == b"Canon" && self.is_behind_title(token.start) => false,
            // `Lady Tilling`: nobody is called so but by a title.
            1 if word.forename() == 0 && word.surname() == 0 => {
                !self.is_loose
                    && is_among(
                        &[b"mr", b"mrs", b"ms", b"miss", b"baroness", b"lord", b"lady", b"sir", b"dame"],
                        self.word_before(token.start).0,
                    )
                    && self.is_capital_word(token)
            }
            _ => word.forename() > 0 || word.surname() > 0,
        }
    }

    fn may_follow(&self, before: &[Token], token: &Token) -> bool {
        let word = token.word;
        let letters = &self.text[token.start..token.end];
        // `On 3 May I asked`: whoever writes it, and no letter of a name.
        let is_writer = || matches!(self.text[token.end..], [b' ', next, ..] if next.is_ascii_lowercase());
        if letters == b"I" && is_writer() {
            return false;
        }
        if token.is_initial || is_of_ireland(letters) || is_capital_particle(letters) {
            return before.len() < 4;
        }
        if word.is(Is::Title) && word.surname() < 3
            || word.is(Is::Stop) && word.forename() < 2 && word.surname() < 3
            || token.end - token.start < 2
        {
            return false;
        }
        let has_forename = before.iter().any(|token| {
            token.is_initial || token.word.forename() > 0 && token.word.ordinary() == 0 || token.word.forename() == 3
        });
        // `Reece French`, `Zoe Page`: words of business that are common surnames.
        if (word.is(Is::Stop) || word.is(Is::Title)) && word.forename() < 2 {
            return has_forename && before.len() == 1;
        }
        match word.ordinary() {
            0 => !(word.is_unknown() && is_job(letters)),
            3 if word.forename() == 3 || word.surname() >= 2 && has_forename => true,
            1.. if !has_forename && self.is_surname_of_unknown(before, token) => true,
            3 => false,
            _ => word.forename() >= 2 || word.surname() > 0 && has_forename,
        }
    }

    /// `Spoke to Ottoline Grey`: an ordinary word that is a common surname, behind a word that no list has, where somebody is spoken of.
    fn is_surname_of_unknown(&self, before: &[Token], token: &Token) -> bool {
        let ([first], word) = (before, token.word) else { return false };
        word.surname() == 3
            && first.word.is_unknown()
            && !self.is_loose
            && !word.is(Is::Firm)
            && !word.is(Is::Place)
            && self.is_capital_word(first)
            && self.is_capital_word(token)
            && (self.acts(token.end) || self.cue(before, 0, first.start) == Cue::Strong)
    }

    /// A stretch of words that may be of a name.
    fn judge_stretch(&self, tokens: &[Token], from: usize, to: usize, scored: &mut Vec<Scored>) {
        let (mut from, mut to) = (from, to);
        // Words that are no names at the end belong to what follows.
        while to > from + 1 && is_weak(&tokens[to - 1]) {
            to -= 1;
        }
        // An unknown word before a forename and a surname is a firm's or a place's.
        if to - from >= 3
            && tokens[from].word.forename() == 0
            && !tokens[from].is_initial
            && tokens[from + 1].word.forename() >= 2
            && !is_capital_particle(&self.text[tokens[from + 1].start..tokens[from + 1].end])
        {
            from += 1;
        }
        let stretch = &tokens[from..to];
        let (Some(first), Some(last)) = (stretch.first(), stretch.last()) else { return };
        let is_titled = self.is_behind_title(first.start);
        let letters_of = |token: &Token| &self.text[token.start..token.end];
        let letters = letters_of(last);
        let is_kin = self.is_kin(last.end);
        let cue = match self.cue(tokens, from, first.start) {
            Cue::None if first.word.forename() > 0 && (is_kin || self.is_aged(last.end)) => Cue::Strong,
            cue => cue,
        };
        let behind = self.acts(last.end) || is_kin;
        let is_spoken_of = behind || cue == Cue::Strong;
        // A trade in small letters may be what somebody is rung about: `Spoke to John Whitfield maintenance booked`.
        let is_trade = match tokens.get(to) {
            Some(token) => token.word.is(Is::Firm),
            None => self
                .small_word_behind(last.end)
                .is_some_and(|word| word.is(Is::Firm) && (cue != Cue::Strong || self.next_is_company(last.end))),
        };
        let is_firm = !is_titled
            && (is_trade
                || self.is_before_firm(last.end)
                || stretch.len() == 1 && cue != Cue::Strong && self.is_before_law(last.end)
                || tokens.get(to + 1).is_some_and(|token| is_company(letters_of(token))));
        // Whoever a street or a house of the sick is called after, title and all: `Sir Tom Finney Way`, `Royal Victoria Infirmary`.
        // `Mrs Jones Hospital appointment` is about somebody.
        let is_called_after = !self.is_loose
            && (is_titled && self.is_grand(first.start) || !is_titled && !is_spoken_of)
            && tokens.get(to).is_some_and(|token| {
                let letters = letters_of(token);
                ends_street(letters) || ends_building(letters) || ends_thing(letters)
            });
        // `Monica Wing has signed`.
        let is_thing = ends_thing(letters)
            && !is_spoken_of
            && !(last.word.surname() > 0 && first.word.forename() == 3 && first.word.surname() < 2);
        // `Victoria Park`: a place's name, and a word of places that is a surname too.
        let is_spot = stretch.len() > 1 && first.word.is(Is::Place) && last.word.is(Is::Firm) && !is_titled;
        let is_street = stretch.len() > 1
            && !is_titled
            && (last.word.is(Is::Firm) && last.word.surname() < 3 || ends_street(letters) || is_thing)
            || !self.is_loose && stretch.len() > 2 && (ends_street(letters) || letters == b"Way")
            // `Robinson Way`: a surname is no forename.
            || stretch.len() == 2
                && !is_titled
                && !first.is_initial
                && last.word.is(Is::Firm)
                && last.word.is(Is::Street)
                && first.word.surname() == 3
                && first.word.forename() < 2;
        let is_weather = matches!(&self.text[first.start..first.end], b"Storm" | b"Hurricane") && stretch.len() == 2;
        // Where somebody is spoken of, or other things about a person stand, a firm's or place's name is somebody's.
        let may_be_known = !is_titled && !is_spoken_of && !self.is_personal;
        if is_firm
            || is_called_after
            || is_weather
            || is_spot
            || is_street
            || may_be_known && self.is_known_place(first.start, last.end)
        {
            return;
        }
        let words = stretch.iter().filter(|token| !token.is_initial).count();
        let mut score = match words {
            0 => return,
            1 if stretch.len() == 1 => self.one_word(first, is_titled, cue, behind),
            1 => {
                let is_given = !self.is_loose
                    && cue == Cue::None
                    && (self.is_given_to(first.start) || first.is_initial && self.is_paid(first.start, last));
                if !is_given && cue == Cue::None && !is_titled && self.is_article(first, last, behind) {
                    return;
                }
                initials(stretch, is_titled, if is_given { Cue::Strong } else { cue })
            }
            _ => self.several(stretch, is_titled, cue),
        };
        if behind && words > 1 {
            score += 0.1;
        }
        if words == 2 && stretch.len() == 2 && !self.is_loose && score < SCORE_MIN {
            score = score.max(self.unknown(first, last, behind, cue));
        }
        // `Ottoline Grey did not`.
        if behind && words == 2 && score < SCORE_MIN && first.word.is_unknown() && last.word.surname() == 3 {
            score = 0.6;
        }
        if self.is_line(first.start, last.end) && words > 1 && last.word.ordinary() == 0 {
            score += 0.1;
        }
        if score >= SCORE_MIN && may_be_known {
            let is_bare = stretch.len() == 1 && cue == Cue::None;
            if self.is_part_of_known(stretch) || is_bare && self.is_site(first) {
                return;
            }
        }
        // A full stop behind the last initial is not the name's.
        scored.push(name(first.start, last.end, score));
    }

    fn is_line(&self, start: usize, end: usize) -> bool {
        let before = start == 0 || self.text[start - 1] == b'\n';
        before && self.text.get(end).is_none_or(|next| matches!(next, b'\n' | b'\r' | b','))
    }
}

/// A word that is none of a name where it stands last.
fn is_weak(token: &Token) -> bool {
    let word = token.word;
    !token.is_initial
        && (word.ordinary() > 0 && word.surname() == 0 && word.forename() < 3 || word.is(Is::Cue) && word.surname() < 2)
}

/// `Urologist`: ends of words that are what somebody does.
fn is_job(word: &[u8]) -> bool {
    [&b"ologist"[..], b"iatrist", b"ometrist", b"ician", b"opath", b"ographer"]
        .iter()
        .any(|end| word.len() > end.len() && ends_with(word, end))
}
