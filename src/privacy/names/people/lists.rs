//! Lists and tables of `Smith, John`: the heading before, the entries before and behind, and columns of names.

use super::row::{Token, is_letter};
use super::surname_first::Reversed;
use super::{NAME_BYTES_MAX, Search, WORD_BYTES_MAX, name};
use crate::privacy::engine::{Scored, is_among};
use crate::privacy::names::lexicon::Is;

/// Bytes of one entry of a list, at most, and entries of another kind between two that are looked past.
const ENTRY_BYTES_MAX: usize = 80;
const ENTRIES_PAST_MAX: usize = 3;
/// Bytes of a line of a table, and its columns, at most.
const LINE_BYTES_MAX: usize = 200;
const COLUMNS_MAX: usize = 32;
/// How sure a value below the heading of names is.
const IN_TABLE: f32 = 0.85;

/// What a heading says of what stands behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heading {
    None,
    /// People, or where they are from.
    Perhaps,
    Surely,
}

impl Search<'_> {
    /// What a heading right before a place says: `To: `, `Apologies:`, `"Name": "`.
    pub(super) fn heading(&self, start: usize) -> Heading {
        let near = &self.text[start.saturating_sub(WORD_BYTES_MAX + 8)..start];
        let of =
            |near: &[u8], is: &dyn Fn(u8) -> bool| near.iter().rposition(|byte| !is(*byte)).map_or(0, |last| last + 1);
        let is_between = |byte: u8| is_wrap(byte) || matches!(byte, b'\n' | b'-' | b'*');
        let Some(near) = near[..of(near, &is_between)].strip_suffix(b":") else { return Heading::None };
        let near = near.strip_suffix(b"\"").unwrap_or(near);
        let near = near.strip_suffix(b"(s)").unwrap_or(near);
        let begin = of(near, &is_letter);
        let (before, word) = near.split_at(begin);
        let is_in = |list: &[&[u8]]| is_among(list, word);
        if is_in(&[b"name", b"names"]) {
            // `Site name:` is nobody's.
            let Some(before) = before.strip_suffix(b" ") else { return Heading::Surely };
            let other = &before[of(before, &is_letter)..];
            let is_of_people = self.lexicon.look(other).is(Is::Cue)
                || is_among(&[b"full", b"your", b"my", b"her", b"his", b"their", b"staff", b"child"], other);
            return if is_of_people { Heading::Surely } else { Heading::None };
        }
        let is_surely = is_in(&[b"from", b"sender", b"author", b"authors"]);
        let is_perhaps = is_in(&[
            b"to",
            b"cc",
            b"bcc",
            b"present",
            b"attendance",
            b"attending",
            b"absent",
            b"invited",
            b"invitees",
            b"recipients",
            b"distribution",
            b"participants",
            b"delegates",
            b"signatories",
            b"trustees",
            b"patients",
            b"pupils",
        ]);
        match (is_surely, is_perhaps || !word.is_empty() && self.lexicon.look(word).is(Is::Cue)) {
            (true, _) => Heading::Surely,
            (false, true) => Heading::Perhaps,
            (false, false) => Heading::None,
        }
    }

    /// The first entry of a list that a sure one stands in.
    pub(super) fn first_of_list(&self, found: Reversed) -> Reversed {
        let text = self.text;
        let mut first = found;
        for _ in 0..8 {
            let from = first.start.saturating_sub(ENTRY_BYTES_MAX).max(self.walked.get());
            if from >= first.start {
                break;
            }
            let near = &text[from..first.start];
            let Some(mark) = near.iter().rposition(|byte| !is_wrap(*byte)) else { break };
            if !matches!(near[mark], b';' | b'\n') {
                break;
            }
            let begin = near[..mark].iter().rposition(|byte| matches!(byte, b';' | b'\n' | b':'));
            let Some(begin) = begin.map(|at| from + at + 1).or((from == 0).then_some(0)) else { break };
            let ahead =
                text[begin..first.start].iter().take_while(|byte| is_wrap(**byte) || matches!(**byte, b'-' | b'*'));
            match self.entry(begin + ahead.count()) {
                Some(one) if one.is_closed && one.end <= from + mark => first = one,
                _ => break,
            }
        }
        first
    }

    /// The next entry of a list: behind a semicolon, a line's end or a dash, or what stands between letters for forenames.
    pub(super) fn next_of_list(&self, one: &Reversed) -> Option<Reversed> {
        let text = self.text;
        let mut at = one.end;
        let joins = if one.is_initials {
            at += usize::from(text.get(at) == Some(&b'.'));
            [&b" and "[..], b" & ", b", and ", b", & ", b", "]
        } else {
            [&b" and "[..], b" & ", b" - ", b"; ", b"\n"]
        };
        if let Some(join) = joins.iter().find(|join| text[at..].starts_with(join))
            && let Some(next) = self.entry(at + join.len())
            && next.is_closed
            && (next.is_known || *join != b"\n")
        {
            return Some(next);
        }
        // What is said of one stands before the next.
        for _ in 0..ENTRIES_PAST_MAX {
            let far = text.len().min(at + ENTRY_BYTES_MAX);
            at += text[at..far].iter().position(|byte| matches!(byte, b';' | b'\n'))? + 1;
            // A line may be of anything.
            let is_line = text[at - 1] == b'\n';
            let ahead = text[at..].iter().take(4);
            at += ahead.take_while(|byte| is_wrap(**byte) || matches!(**byte, b'\n' | b'-' | b'*')).count();
            if let Some(next) = self.entry(at)
                && next.is_closed
                && (next.is_known || !is_line)
            {
                return Some(next);
            }
        }
        None
    }

    /// `Surname,Forename,DOB` and rows below it: what stands in columns of names.
    pub(super) fn table(&self, label: &Token, scored: &mut Vec<Scored>) {
        let text = self.text;
        if !is_column_of_names(&text[label.start..label.end]) {
            return;
        }
        let from = label.start.saturating_sub(LINE_BYTES_MAX);
        let begin = text[from..label.start].iter().rposition(|byte| *byte == b'\n').map_or(from, |at| from + at + 1);
        let (Some(mark), Some(end)) = (text.get(label.end).copied(), self.end_of_line(begin)) else { return };
        let heads = text[begin..end].split(|byte| *byte == mark);
        let (mut columns, mut count) = (0u32, 0);
        for (place, head) in heads.take(COLUMNS_MAX).enumerate() {
            columns |= u32::from(is_column_of_names(unwrapped(head).1)) << place;
            count = place + 1;
        }
        if columns.count_ones() < 2 {
            return;
        }
        let mut at = end;
        while at < text.len() {
            let start = at + 1;
            let Some(end) = self.end_of_line(start) else { break };
            let fields = text[start..end].split(|byte| *byte == mark);
            if fields.clone().take(COLUMNS_MAX).count() != count {
                break;
            }
            let mut place = start;
            for (column, field) in fields.take(COLUMNS_MAX).enumerate() {
                let (ahead, value) = unwrapped(field);
                let is_name = value.first().is_some_and(|byte| is_letter(*byte))
                    && value.len() <= NAME_BYTES_MAX
                    && value.iter().all(|byte| is_letter(*byte) || matches!(byte, b' ' | b'\'' | b'-' | b'.'));
                if columns >> column & 1 == 1 && is_name && !self.lexicon.look(value).is(Is::Stop) {
                    scored.push(name(place + ahead, place + ahead + value.len(), IN_TABLE));
                }
                place += field.len() + 1;
            }
            at = end;
        }
        self.walked.set(at);
    }

    /// Where a line ends, if that is near.
    fn end_of_line(&self, start: usize) -> Option<usize> {
        let far = self.text.len().min(start + LINE_BYTES_MAX);
        let end = self.text[start..far].iter().position(|byte| *byte == b'\n').map(|at| start + at);
        end.or((far == self.text.len()).then_some(far))
    }
}

/// What stands around a value of a table or of a list.
fn is_wrap(byte: u8) -> bool {
    matches!(byte, b' ' | b'"' | b'\'' | b'\r')
}

/// A value without what stands around it, and how much stands before.
fn unwrapped(field: &[u8]) -> (usize, &[u8]) {
    let ahead = field.iter().take_while(|byte| is_wrap(**byte)).count();
    let end = field.iter().rposition(|byte| !is_wrap(*byte)).map_or(ahead, |last| last + 1);
    (ahead, &field[ahead..end])
}

/// The names of columns that hold parts of names.
fn is_column_of_names(label: &[u8]) -> bool {
    const LABELS: &[&[u8]] = &[
        b"surname",
        b"forename",
        b"forenames",
        b"firstname",
        b"lastname",
        b"first name",
        b"last name",
        b"first_name",
        b"last_name",
        b"given name",
        b"given names",
        b"family name",
        b"middle name",
        b"full name",
        b"name",
    ];
    is_among(LABELS, label)
}
