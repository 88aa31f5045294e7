//! Letters -> a word with what the lists say of it; words that stand together -> a row.

use super::{Search, WORD_BYTES_MAX};
use crate::privacy::names::lexicon::{Is, Word};

/// Words of one row, at most.
const ROW_WORDS_MAX: usize = 8;

/// A word of a row.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Token {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) word: Word,
    /// One letter, with or without a full stop.
    pub(super) is_initial: bool,
    /// Two syllables as `Hye-jin` and `Kwok-wai` have them.
    pub(super) is_syllables: bool,
}

/// A row of words.
#[derive(Default)]
pub(super) struct Row {
    tokens: [Token; ROW_WORDS_MAX],
    pub(super) count: usize,
}

impl Row {
    pub(super) fn all(&self) -> &[Token] {
        &self.tokens[..self.count]
    }

    fn last(&self) -> Option<&Token> {
        self.all().last()
    }

    pub(super) fn push(&mut self, token: Token) {
        if self.count < ROW_WORDS_MAX {
            self.tokens[self.count] = token;
            self.count += 1;
        }
    }
}

impl Search<'_> {
    /// Letters, and apostrophes and hyphens between them; without a genitive's ending.
    pub(super) fn end_of_word(&self, start: usize) -> usize {
        self.end_within(start, self.text.len())
    }

    /// The same, looked for no farther than `most`.
    fn end_within(&self, start: usize, most: usize) -> usize {
        let mut end = start;
        while end < most {
            let is_inside =
                matches!(self.text[end], b'\'' | b'-') && self.text.get(end + 1).is_some_and(|next| is_letter(*next));
            if !is_letter(self.text[end]) && !is_inside {
                break;
            }
            end += 1;
        }
        end
    }

    /// The word that begins at a place, where it is no longer than a name's.
    pub(super) fn short_token(&self, at: usize) -> Option<Token> {
        if !self.text.get(at).is_some_and(|byte| is_letter(*byte)) {
            return None;
        }
        let end = self.end_within(at, self.text.len().min(at + WORD_BYTES_MAX + 1));
        (end - at <= WORD_BYTES_MAX).then(|| self.token(at, end))
    }

    pub(super) fn token(&self, start: usize, end: usize) -> Token {
        let mut end = end;
        if self.text[start..end].ends_with(b"'s") || self.text[start..end].ends_with(b"'S") {
            end -= 2;
        }
        let letters = &self.text[start..end];
        let is_initial = letters.len() == 1 && letters[0].is_ascii_uppercase();
        // Double names are known by their halves.
        let hyphen = letters.iter().position(|byte| *byte == b'-');
        let mut is_syllables = false;
        let word = match hyphen {
            Some(hyphen) => {
                let (one, other) = (&letters[..hyphen], &letters[hyphen + 1..]);
                let (first, second) = (self.lexicon.look(one), self.lexicon.look(other));
                let may_be = |letters: &[u8], word: Word| {
                    (2..=6).contains(&letters.len())
                        && letters[1..].iter().all(u8::is_ascii_lowercase)
                        && word.ordinary() == 0
                };
                let is_name = |word: Word| word.forename() > 0 || word.surname() > 0;
                is_syllables = may_be(one, first)
                    && may_be(other, second)
                    && one[0].is_ascii_uppercase()
                    && other[0].is_ascii_lowercase()
                    && (is_name(first) || is_name(second));
                if first.forename() > 1 || first.surname() > 1 && second.surname() > 0 {
                    first
                } else {
                    self.lexicon.look(letters)
                }
            }
            None => self.lexicon.look(letters),
        };
        Token { start, end, word, is_initial, is_syllables }
    }

    /// Whether `token` stands in the row: behind one blank, or behind an initial's or a title's full stop.
    pub(super) fn goes_on(&self, row: &Row, token: &Token) -> bool {
        let Some(last) = row.last() else { return true };
        match &self.text[last.end..token.start] {
            b" " | b"  " => true,
            b". " | b"." => last.is_initial || last.word.is(Is::Title),
            // `Stephen (Steve) Rawnsley`: what somebody is called stands between the names.
            opening @ (b" (" | b" \"") => {
                let word = token.word;
                let is_called = word.forename() > 0 || opening == b" \"" && word.is_unknown();
                let is_other = word.is(Is::Place) || word.is(Is::Firm) || word.is(Is::Stop) || word.is(Is::Title);
                !self.is_loose
                    && last.word.forename() >= 2
                    && is_called
                    && !is_other
                    && word.ordinary() == 0
                    && self.is_capital_word(token)
                    && matches!(self.text[token.end..], [b')' | b'"', b' ', b'A'..=b'Z', ..])
            }
            b") " | b"\" " => {
                row.count > 1 && last.start > 0 && matches!(self.text[last.start - 1], b'(' | b'"') && !self.is_loose
            }
            between if ends_in_particle(between) => !self.is_loose && !last.word.is(Is::Stop) && between.len() <= 4,
            between
                if !self.is_loose && between.len() <= 14 && between.starts_with(b" ") && between.ends_with(b" ") =>
            {
                let words = between.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
                let mut count = 0;
                let all = words.inspect(|_| count += 1).all(|word| self.lexicon.look(word).is(Is::Particle));
                all && count > 0 && row.count + 1 < ROW_WORDS_MAX && !last.word.is(Is::Stop)
            }
            _ => false,
        }
    }

    pub(super) fn is_capital_word(&self, token: &Token) -> bool {
        let letters = &self.text[token.start..token.end];
        letters.len() > 1 && letters[1..].iter().any(u8::is_ascii_lowercase)
    }
}

/// A letter of any script, as far as bytes tell.
pub(super) fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte >= 0xc3 || (0x80..0xc0).contains(&byte)
}

/// Letters at the front of a text.
pub(super) fn length_of_word(rest: &[u8]) -> usize {
    rest.iter().take(WORD_BYTES_MAX).take_while(|byte| is_letter(**byte)).count()
}

/// What joins a word to the one before it, so that it begins none: `user_name`, `@name`, `a.name`.
pub(super) fn is_joined(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'@' | b'_' | b'\\' | b'#' | b'$' | b'&' | b'%')
}

pub(super) fn is_capital(text: &[u8], at: usize) -> bool {
    match text[at] {
        b'A'..=b'Z' => true,
        // Latin-1 and Latin Extended-A: capitals and small letters go by turns there.
        0xc3 => text.get(at + 1).is_some_and(|next| (0x80..=0x9e).contains(next)),
        0xc4 | 0xc5 => text.get(at + 1).is_some_and(|next| next % 2 == 0),
        _ => false,
    }
}

/// `al-Farsi`, `d'Arcy`: a small word that is joined to the name behind it.
pub(super) fn ends_in_particle(before: &[u8]) -> bool {
    [&b" al-"[..], b" el-", b" ul-", b" d'"].iter().any(|particle| before.ends_with(particle))
}

/// `Lotte Van Den Berg`: particles as many write their own.
pub(super) fn is_capital_particle(letters: &[u8]) -> bool {
    [&b"Van"[..], b"Von", b"Den", b"Der", b"Ter", b"De", b"Du", b"Da", b"Al", b"El", b"Bin"].contains(&letters)
}

/// Words inside of Irish names that are written with a capital: `P\u{e1}draig \u{d3} Briain`.
pub(super) fn is_of_ireland(letters: &[u8]) -> bool {
    ["\u{d3}", "N\u{ed}", "U\u{ed}", "Nic", "Mac"].iter().any(|word| letters == word.as_bytes())
}
