//! What is around a place in a text: words, numbers, gaps between pieces; and words which say that an address comes.

use super::Search;
use crate::privacy::engine::is_among;
use crate::privacy::names::{Word, lexicon::Is};

/// Letters of a word, at most.
const WORD_BYTES_MAX: usize = 24;
/// Bytes between two pieces, and before a label's value, at most.
pub(super) const GAP_BYTES_MAX: usize = 4;
/// Words between a label and what it is for, at most.
const LABEL_WORDS_MAX: usize = 3;

/// Words before an address, with a colon or `is` between.
const LABELS: &[&[u8]] = &[b"address", b"addr", b"residence"];

/// Words before an address, with `at` between.
const LIVED: &[&[u8]] =
    &[b"lives", b"live", b"living", b"lived", b"resides", b"reside", b"residing", b"stays", b"staying"];

/// Words between those and the address.
const BEHIND_LABELS: &[&[u8]] = &[b"at", b"is", b"the", b"now", b"still", b"currently"];

impl Search<'_> {
    /// Where the next piece of an address begins, behind a comma or in the next line.
    pub(super) fn behind_gap(&self, end: usize) -> Option<usize> {
        let length = match self.text.get(end..)? {
            [b',', b' ', b' ' | b'\n', ..] | [b',', b'\r', b'\n', ..] => 3,
            [b',', b' ' | b'\n', ..] | [b'\r', b'\n', ..] | [b' ', b' ', ..] => 2,
            [b'\n', ..] => 1,
            _ => return None,
        };
        Some(end + length)
    }

    /// Where commas, blanks and ends of lines begin that end there.
    pub(super) fn begin_of_gap(&self, start: usize) -> usize {
        let gap = &self.text[start.saturating_sub(GAP_BYTES_MAX)..start];
        start - gap.iter().rev().take_while(|byte| matches!(**byte, b' ' | b',' | b'\n' | b'\r')).count()
    }

    /// Where the word or the number begins that ends there; none where it is too long.
    pub(super) fn begin_of_part(&self, end: usize) -> Option<usize> {
        let begin = self.begin_of_word(end, is_of_part);
        let is_whole = begin == 0 || !is_of_part(&self.text[begin - 1]);
        (begin < end && is_whole).then_some(begin)
    }

    /// Whether words before a place say that an address comes: `Address: `, `lives at `, `my address is `.
    pub(super) fn is_labelled(&self, start: usize) -> bool {
        let text = self.text;
        let gap = &text[start.saturating_sub(GAP_BYTES_MAX)..start];
        let gap = gap.iter().rev().take_while(|byte| b" :=\"'>\n\r\t-".contains(*byte)).count();
        let mut end = start - gap;
        let is_plain = &text[end..start] == b" ";
        let mut links = 0;
        while links <= LABEL_WORDS_MAX {
            let begin = self.begin_of_word(end, u8::is_ascii_alphabetic);
            let letters = &text[begin..end];
            if is_among(LABELS, letters) {
                return gap > 0 && (links > 0 || !is_plain);
            }
            if is_among(LIVED, letters) {
                return links > 0 && is_plain;
            }
            if !is_plain || !is_among(BEHIND_LABELS, letters) || begin == 0 || text[begin - 1] != b' ' {
                return false;
            }
            (end, links) = (begin - 1, links + 1);
        }
        false
    }

    /// Whether a name that ends there goes on in no other word.
    pub(super) fn is_over(&self, end: usize) -> bool {
        self.text.get(end).is_none_or(|next| matches!(next, b',' | b'\n' | b'.' | b';' | b'"'))
    }

    pub(super) fn is_lived_in(&self, start: usize) -> bool {
        let (before, word) = self.word_before(start);
        let (_, other) = self.word_before(before);
        let is_place = |word: Word| word.is(Is::Lives);
        let before_word = &self.text[before..start];
        let is_link = before_word.len() <= 4;
        is_place(word) && (!is_link || is_place(other))
    }

    pub(super) fn word_before(&self, start: usize) -> (usize, Word) {
        let from = start.saturating_sub(2);
        let end = self.text[from..start]
            .iter()
            .rposition(|byte| byte.is_ascii_alphabetic())
            .map_or(from, |last| from + last + 1);
        let begin = self.begin_of_word(end, u8::is_ascii_alphabetic);
        (begin, self.lexicon.look(&self.text[begin..end]))
    }

    /// Where the word begins that ends there, of letters of that sort.
    pub(super) fn begin_of_word(&self, end: usize, is_letter: impl Fn(&u8) -> bool) -> usize {
        let low = end.saturating_sub(WORD_BYTES_MAX);
        self.text[low..end].iter().rposition(|byte| !is_letter(byte)).map_or(low, |before| low + before + 1)
    }

    /// How many digits begin there.
    pub(super) fn digits_at(&self, start: usize) -> usize {
        self.text.get(start..).map_or(0, |rest| rest.iter().take_while(|byte| byte.is_ascii_digit()).count())
    }

    /// The end of the word that begins there; one that is too long is none, and ends at once. Signs of four bytes are no letters of ours.
    pub(super) fn end_of_word(&self, start: usize) -> usize {
        let is_word = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'\'' | b'-' | 0x80..0xf0);
        let rest = self.text.get(start..).unwrap_or_default();
        let length = rest.iter().take(WORD_BYTES_MAX + 1).take_while(|byte| is_word(byte)).count();
        if length > WORD_BYTES_MAX { start } else { start + length }
    }
}

/// Whether a word begins with a capital; of letters beyond ASCII that is not asked.
pub(super) fn is_capital(letters: &[u8]) -> bool {
    letters.first().is_some_and(|first| first.is_ascii_uppercase() || *first >= 0xc3)
}

/// Whether a byte is one of a word or a number of an address. Signs of four bytes are no letters of ours.
fn is_of_part(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'\'' | b'-' | b'/' | 0x80..0xf0)
}
