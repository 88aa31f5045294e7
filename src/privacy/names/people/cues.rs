//! What stands before or behind a name and speaks for it: titles, greetings, who speaks, what people do.

use super::row::{Token, is_letter, length_of_word};
use super::{Search, WORD_BYTES_MAX};
use crate::privacy::engine::{ends_with, is_among};
use crate::privacy::names::lexicon::{Is, Word};

/// Bytes of a time before who speaks, at most.
const STAMP_BYTES_MAX: usize = 40;

/// What speaks for a name before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cue {
    None,
    /// Who speaks.
    Label,
    Strong,
}

impl Search<'_> {
    /// What stands before a name.
    pub(super) fn cue(&self, tokens: &[Token], from: usize, start: usize) -> Cue {
        if from > 0 && tokens[from - 1].word.is(Is::Cue) {
            return Cue::Strong;
        }
        let (word, gap) = self.word_before(start);
        if gap.iter().any(|byte| matches!(byte, b'.' | b'!' | b'?')) && !gap.contains(&b'\n') {
            return self.label(tokens, from);
        }
        if !word.is_empty()
            && (self.lexicon.look(word).is(Is::Cue) || is_key_of_name(word, gap) || is_short_cue(word, gap))
        {
            return Cue::Strong;
        }
        let place = start - gap.len() - word.len();
        let (other, between) = self.word_before(place);
        if !word.is_empty()
            && between.len() <= 2
            && !other.is_empty()
            && self.lexicon.look(&self.text[place - between.len() - other.len()..start - gap.len()]).is(Is::CueWords)
        {
            return Cue::Strong;
        }
        self.label(tokens, from)
    }

    /// `Sarah: yes, please`: who speaks, at the start of a line.
    fn label(&self, tokens: &[Token], from: usize) -> Cue {
        let (Some(first), Some(last)) = (tokens.get(from), tokens.last()) else { return Cue::None };
        let from = first.start.saturating_sub(STAMP_BYTES_MAX);
        let line =
            self.text[from..first.start].iter().rposition(|byte| *byte == b'\n').map_or(from, |at| from + at + 1);
        let before = self.text[line..first.start].trim_ascii();
        let is_stamp = before.iter().all(|byte| byte.is_ascii_digit() || b"[]()-: ./APMapm>*".contains(byte));
        let speaks = self.text[last.end..].starts_with(b":") && !self.text[last.end..].starts_with(b"://");
        if is_stamp && speaks { Cue::Label } else { Cue::None }
    }

    /// The word before a place, and what stands between.
    pub(super) fn word_before(&self, start: usize) -> (&[u8], &[u8]) {
        let from = start.saturating_sub(6);
        let end =
            self.text[from..start].iter().rposition(|byte| is_letter(*byte)).map_or(start, |last| from + last + 1);
        let begin_of = |end: usize| {
            let from = end.saturating_sub(WORD_BYTES_MAX);
            self.text[from..end].iter().rposition(|byte| !is_letter(*byte)).map_or(from, |before| from + before + 1)
        };
        let begin = begin_of(end);
        // `First name(s): Nosheen`.
        if &self.text[begin..end] == b"s"
            && begin > 1
            && self.text[begin - 1] == b'('
            && is_letter(self.text[begin - 2])
            && self.text.get(end) == Some(&b')')
        {
            let end = begin - 1;
            return (&self.text[begin_of(end)..end], &self.text[end..start]);
        }
        let is_part = begin > 0 && self.text[begin - 1].is_ascii_digit();
        if end == start && start > 0 || is_part { (&[], &[]) } else { (&self.text[begin..end], &self.text[end..start]) }
    }

    pub(super) fn is_behind_title(&self, start: usize) -> bool {
        let (word, gap) = self.word_before(start);
        let before = &self.text[..start - gap.len() - word.len()];
        // `Rev'd`, `Rev'd Canon`.
        if word == b"d" && gap == b" " && before.ends_with(b"Rev'")
            || word == b"Canon"
                && [&b"Rev "[..], b"Rev. ", b"Revd ", b"Revd. ", b"Rev'd ", b"Reverend "]
                    .iter()
                    .any(|rev| before.ends_with(rev))
        {
            return true;
        }
        // Without capitals `dc` and `st` are anything.
        let is_plain = !self.is_loose || is_among(&[b"mr", b"mrs", b"ms", b"miss", b"dr", b"prof"], word);
        is_plain && self.lexicon.look(word).is(Is::Title)
    }

    /// `Dear Sarah & Gwenllian,`: the other of two who are greeted.
    pub(super) fn is_greeted_too(&self, start: usize) -> bool {
        let before = &self.text[..start];
        let Some(before) = before.strip_suffix(b" & ").or_else(|| before.strip_suffix(b" and ")) else { return false };
        let from = before.len().saturating_sub(WORD_BYTES_MAX);
        let length = before[from..].iter().rev().take_while(|byte| is_letter(**byte) || **byte == b'-').count();
        let greeting = &before[..before.len() - length];
        length > 1 && [&b"dear "[..], b"hi ", b"hello ", b"hey ", b"hiya "].iter().any(|word| ends_with(greeting, word))
    }

    /// Whether whoever stands before it is told something: `told Frank`, `Ask Dawn`.
    pub(super) fn is_told(&self, start: usize) -> bool {
        let (word, gap) = self.word_before(start);
        gap == b" "
            && is_among(
                &[b"told", b"tell", b"ask", b"asked", b"copied", b"thanked", b"emailed", b"phoned", b"rang"],
                word,
            )
    }

    /// Whether a word before it takes somebody: `to Raj`, `with Raj`.
    pub(super) fn is_given_to(&self, start: usize) -> bool {
        let (word, gap) = self.word_before(start);
        gap == b" "
            && is_among(
                &[b"to", b"with", b"from", b"by", b"told", b"asked", b"and", b"met", b"ask", b"tell", b"copied"],
                word,
            )
    }

    /// `Pay D Penry`, `my da, S Magennis`: letters and a surname of whom somebody pays or is a child of.
    pub(super) fn is_paid(&self, start: usize, surname: &Token) -> bool {
        let (word, gap) = self.word_before(start);
        matches!(gap, [b' '] | [b':' | b',', b' '])
            && is_among(&[b"pay", b"paid", b"payment", b"payments", b"transfer", b"da", b"mam", b"nan", b"gran"], word)
            && surname.word.ordinary() == 0
            && !surname.word.is(Is::Place)
            && surname.end - surname.start > 2
            && self.is_capital_word(surname)
    }

    /// Whether a stamp of a talk stands before who speaks: `[10:32] Ngaire: hi`.
    pub(super) fn is_stamped(&self, start: usize) -> bool {
        let near = &self.text[start.saturating_sub(10)..start];
        let line = near.iter().rposition(|byte| *byte == b'\n').map_or(near, |at| &near[at + 1..]);
        line.contains(&b']') || line.contains(&b'>') || line.contains(&b':')
    }

    /// The word behind a place and one blank.
    pub(super) fn small_word_behind(&self, end: usize) -> Option<Word> {
        let rest = self.text[end..].strip_prefix(b" ")?;
        let length = length_of_word(rest);
        (length > 0).then(|| self.lexicon.look(&rest[..length]))
    }

    /// Whether a word of what people do stands behind a place.
    pub(super) fn acts(&self, end: usize) -> bool {
        self.small_word_behind(end).is_some_and(|word| word.is(Is::CueBehind)) || self.does(end)
    }

    /// Whether somebody who `has`, `is` or is `to` do what people do stands before a place.
    fn does(&self, end: usize) -> bool {
        let rest = &self.text[end..];
        let linked = [
            &b" has "[..],
            b" is ",
            b" to ",
            b" will ",
            b" was ",
            b" did not ",
            b" didn't ",
            b" has not ",
            b" hasn't ",
        ]
        .iter()
        .find_map(|link| rest.strip_prefix(*link));
        linked.is_some_and(|rest| {
            let length = length_of_word(rest);
            length > 0 && self.lexicon.look(&rest[..length]).is(Is::Does)
        })
    }

    /// `Chase (age 9)`.
    pub(super) fn is_aged(&self, end: usize) -> bool {
        let rest = &self.text[end..];
        [&b" (age "[..], b" (aged ", b" (DOB", b" (dob", b" (d.o.b", b" (born ", b", aged "]
            .iter()
            .any(|words| rest.starts_with(words))
    }

    /// `Tunji's brother`.
    pub(super) fn is_kin(&self, end: usize) -> bool {
        let Some(rest) = self.text[end..].strip_prefix(b"'s ") else { return false };
        let kin = &rest[..length_of_word(rest)];
        is_among(
            &[
                b"brother",
                b"sister",
                b"mum",
                b"mam",
                b"mother",
                b"dad",
                b"father",
                b"son",
                b"daughter",
                b"wife",
                b"husband",
            ],
            kin,
        )
    }
}

/// Cues that hold only as they are written: `Pt Abdulrahman`, `Given names: Nosheen`, `Best,` on a line of its own.
fn is_short_cue(word: &[u8], gap: &[u8]) -> bool {
    match gap {
        [b' '] => [&b"Pt"[..], b"pt", b"Cx", b"cx", b"Cust", b"cust"].contains(&word),
        [b':', ..] | [b')', b':', ..] | [b'(', b's', b')', b':', ..] => {
            is_among(&[b"names", b"forenames", b"surnames", b"pt", b"cx", b"cust", b"passenger", b"copied"], word)
        }
        [b',', b'\n' | b'\r', ..] | [b',', b' ', b' ', ..] => {
            is_among(&[b"best", b"warmly", b"ta", b"thx", b"soon"], word)
        }
        _ => false,
    }
}

/// `"first": "Aroha"`, `<lastName>Tamati`: the key of a value that is a name. In a sentence the same words say nothing.
fn is_key_of_name(word: &[u8], gap: &[u8]) -> bool {
    const KEYS: &[&[u8]] = &[
        b"first",
        b"last",
        b"given",
        b"family",
        b"middle",
        b"firstname",
        b"lastname",
        b"givenname",
        b"familyname",
        b"fullname",
        b"surname",
        b"forename",
        b"displayname",
        b"name",
    ];
    let is_value = gap.contains(&b'>') || gap.contains(&b'=') || gap.contains(&b'"') && gap.contains(&b':');
    is_value && is_among(KEYS, word)
}

/// `MY NAME IS `, `NEXT OF KIN `: whatever word comes behind it is a name.
pub(super) fn is_introduced(before: &[u8]) -> bool {
    [&b"name is "[..], b"of kin ", b"of kin: "].iter().any(|words| ends_with(before, words))
}
