//! What is called as people are, and is no person: firms, places, streets, sites, and things called after somebody.

use super::row::{Token, is_letter, length_of_word};
use super::{Search, WORD_BYTES_MAX};
use crate::privacy::engine::is_among;
use crate::privacy::names::lexicon::Is;

/// Words around a name that may be of one place or firm with it, and words of a list of sites, at most.
const KNOWN_WORDS_MAX: usize = 3;
const SITES_WORDS_MAX: usize = 6;

impl Search<'_> {
    pub(super) fn is_known_place(&self, start: usize, end: usize) -> bool {
        let row = &self.text[start..end];
        let is_row = row.iter().any(|byte| matches!(byte, b' ' | b'-'));
        is_row && self.lexicon.look(row).is(if row.contains(&b'&') { Is::Joined } else { Is::Known })
    }

    /// Whether a name is a part of a place's or a firm's: `King's Lynn`, `Burton upon Trent`, `Marks & Spencer`, `West Burton A`,
    /// `Newton Abbot Racecourse`.
    pub(super) fn is_part_of_known(&self, stretch: &[Token]) -> bool {
        let (Some(first), Some(last)) = (stretch.first(), stretch.last()) else { return false };
        // `Laura Ashley Smith` is somebody.
        if let [one, two, three, ..] = stretch
            && three.word.surname() < 2
            && self.is_known_place(one.start, two.end)
        {
            return true;
        }
        if let [one, .., two, three] = stretch
            && one.word.forename() == 0
            && !one.is_initial
            && self.is_known_place(two.start, three.end)
        {
            return true;
        }
        let mut begin = first.start;
        for _ in 0..KNOWN_WORDS_MAX {
            let (word, gap) = self.word_before(begin);
            if word.is_empty() || !joins_known(gap) {
                break;
            }
            begin -= word.len() + gap.len();
            if self.is_known_place(begin, last.end) {
                return true;
            }
        }
        let mut end = last.end;
        for _ in 0..KNOWN_WORDS_MAX {
            let Some((start, next)) = self.next_word(end) else { break };
            if !joins_known(&self.text[end..start]) {
                break;
            }
            end = next;
            if self.is_known_place(first.start, end) {
                return true;
            }
        }
        false
    }

    /// Where the word behind a place begins and ends, across a few bytes.
    fn next_word(&self, end: usize) -> Option<(usize, usize)> {
        let rest = &self.text[end..];
        let gap = rest.iter().take(4).take_while(|byte| !is_letter(**byte)).count();
        let length = rest[gap..].iter().take(WORD_BYTES_MAX).take_while(|byte| is_letter(**byte)).count();
        (length > 0).then_some((end + gap, end + gap + length))
    }

    /// A site that is a forename too, among its like: `Beatrice, Moray East and Kincardine`, `Morgan and Mona projects`.
    pub(super) fn is_site(&self, token: &Token) -> bool {
        if !token.word.is(Is::Site) || self.is_loose {
            return false;
        }
        let (mut from, mut end) = (token.start, token.end);
        for _ in 0..SITES_WORDS_MAX {
            let Some((start, next)) = self.next_word(end) else { break };
            let gap = &self.text[end..start];
            if !divides_sites(gap) || !self.may_be_of_sites(start, next) {
                break;
            }
            // `Sofia, Project Manager`.
            let is_apart = gap == b", " && self.lexicon.look(&self.text[start..next]).is(Is::OfSites);
            if !is_apart && self.is_of_sites(start, next) || self.lexicon.look(&self.text[from..next]).is(Is::Site) {
                return true;
            }
            (from, end) = (start, next);
        }
        let (mut begin, mut until) = (token.start, token.end);
        for _ in 0..SITES_WORDS_MAX {
            let (word, gap) = self.word_before(begin);
            let end = begin - gap.len();
            let start = end - word.len();
            if word.is_empty() || !divides_sites(gap) || !self.may_be_of_sites(start, end) {
                break;
            }
            if self.is_of_sites(start, end) || self.lexicon.look(&self.text[start..until]).is(Is::Site) {
                return true;
            }
            (begin, until) = (start, end);
        }
        false
    }

    /// A word that no forename is, and that says where energy is made.
    fn is_of_sites(&self, start: usize, end: usize) -> bool {
        let word = self.lexicon.look(&self.text[start..end]);
        word.is(Is::OfSites) || word.is(Is::Site) && word.forename() < 2 && word.surname() < 3
    }

    /// A word that may stand in a list of sites.
    fn may_be_of_sites(&self, start: usize, end: usize) -> bool {
        let word = &self.text[start..end];
        word[0].is_ascii_uppercase() || matches!(word, b"and" | b"or") || self.lexicon.look(word).is(Is::OfSites)
    }

    /// `Murphy & Sons`, `Smith and Partners`, `Allen & Overy Ltd`.
    pub(super) fn is_before_firm(&self, end: usize) -> bool {
        let rest = &self.text[end..];
        let (rest, is_sign) = match (rest.strip_prefix(b" & "), rest.strip_prefix(b" and ")) {
            (Some(rest), _) => (rest, true),
            (None, Some(rest)) => (rest, false),
            (None, None) => return false,
        };
        let letters = &rest[..length_of_word(rest)];
        if !letters.first().is_some_and(u8::is_ascii_uppercase) {
            return false;
        }
        let is_firm = is_among(
            &[b"sons", b"son", b"co", b"company", b"partners", b"associates", b"daughters", b"brothers", b"bros"],
            letters,
        );
        let behind = rest[letters.len()..].strip_prefix(b" ").unwrap_or_default();
        is_firm || is_sign && is_company(&behind[..length_of_word(behind)])
    }

    /// Whether the next word is what a company writes behind its name.
    pub(super) fn next_is_company(&self, end: usize) -> bool {
        let rest = self.text[end..].strip_prefix(b" ").unwrap_or_default();
        is_company(&rest[..length_of_word(rest)])
    }

    /// Behind `Sir` and the like, whom streets and hospitals are called after.
    pub(super) fn is_grand(&self, start: usize) -> bool {
        let title = self.word_before(start).0;
        is_among(&[b"sir", b"royal", b"lord", b"lady", b"dame", b"queen", b"king"], title)
    }

    /// `Allen & Overy`: two surnames with a sign between are a firm's, more than people's.
    pub(super) fn is_of_two_partners(&self, end: usize) -> bool {
        let Some(rest) = self.text[end..].strip_prefix(b" & ") else { return false };
        let letters = &rest[..length_of_word(rest)];
        let word = self.lexicon.look(letters);
        letters.first().is_some_and(u8::is_ascii_uppercase) && word.surname() > 0 && word.forename() < 2
    }

    /// `Clare's Law`, `Parkinson's disease`.
    pub(super) fn is_before_law(&self, end: usize) -> bool {
        let Some(rest) = self.text[end..].strip_prefix(b"'s ") else { return false };
        let thing = &rest[..length_of_word(rest)];
        // `Guy's Hospital`, and somebody's hospital appointment.
        let is_house = [&b"Cathedral"[..], b"Church", b"College", b"Hospital"].contains(&thing);
        is_house || is_among(&[b"law", b"rule", b"theorem", b"syndrome", b"disease"], thing)
    }

    /// `Dean of Faculty`, `Earl of Sandwich`.
    pub(super) fn is_rank(&self, token: &Token) -> bool {
        let letters = &self.text[token.start..token.end];
        [&b"Dean"[..], b"Earl", b"Duke", b"Bishop", b"Prince", b"Marquis", b"Abbot"].contains(&letters)
            && self.text[token.end..].starts_with(b" of ")
    }

    /// `A Larsen trap`: no letter of a name, but a thing that is called after somebody.
    pub(super) fn is_article(&self, first: &Token, last: &Token, behind: bool) -> bool {
        let before = &self.text[..first.start];
        let begins = before.is_empty() || before.ends_with(b". ") || before.ends_with(b"\n");
        let is_one = &self.text[first.start..first.end] == b"A" && self.text.get(first.end) == Some(&b' ');
        if !begins || !is_one || behind {
            return false;
        }
        let rest = self.text[last.end..].strip_prefix(b" ").unwrap_or_default();
        let thing = &rest[..length_of_word(rest)];
        [
            &b"trap"[..],
            b"screen",
            b"index",
            b"test",
            b"scale",
            b"chart",
            b"curve",
            b"plot",
            b"diagram",
            b"model",
            b"method",
            b"valve",
            b"pump",
            b"engine",
            b"turbine",
            b"frame",
            b"knot",
        ]
        .contains(&thing)
    }
}

/// Ends of streets' names that are hardly anybody's, however many are called so.
pub(super) fn ends_street(word: &[u8]) -> bool {
    is_among(
        &[
            b"street",
            b"road",
            b"rd",
            b"avenue",
            b"ave",
            b"close",
            b"drive",
            b"crescent",
            b"gardens",
            b"terrace",
            b"square",
            b"mews",
            b"boulevard",
            b"parade",
        ],
        word,
    )
}

/// What is called after somebody and is nobody's surname: `Hamilton Wing`, `Bradford Factor`.
pub(super) fn ends_thing(word: &[u8]) -> bool {
    is_among(&[b"wing", b"manor", b"halls", b"brothers", b"factor", b"principles", b"union"], word)
}

/// The rest of houses that are called after somebody, and of shops.
pub(super) fn ends_building(word: &[u8]) -> bool {
    is_among(&[b"infirmary", b"hospital", b"hospice", b"memorial", b"way", b"supermarket", b"supermarkets"], word)
}

/// What stands between the words of a place's or a firm's name.
fn joins_known(gap: &[u8]) -> bool {
    !gap.is_empty() && gap.iter().all(|byte| matches!(byte, b' ' | b'\'' | b'-' | b'&' | b'+'))
}

/// What stands between sites of a list.
fn divides_sites(gap: &[u8]) -> bool {
    matches!(gap, b" " | b", " | b" & " | b"/" | b" / ")
}

/// What a company writes behind its name.
pub(super) fn is_company(word: &[u8]) -> bool {
    is_among(&[b"ltd", b"limited", b"plc", b"llp", b"inc", b"gmbh"], word)
}
