//! Passwords as people say them in sentences (`the password for the portal is ..`, `.. as the password`, `I've reset it to ..`), and in XML.

use super::labels::of_mysql;
use super::values::{SAID_BYTES_MAX, looks_secret, secret_at, secret_from};
use super::{FIELD_BYTES_MAX, is_letter, is_of_word};
use crate::privacy::engine::normal::Seen;
use crate::privacy::engine::{Scored, is_among};
use memchr::memmem::Finder;
use std::ops::Range;
use std::sync::LazyLock;

/// What is in the words that people name passwords by, whether or not their first letter is a capital; each is rare.
static IN_PASSWORD: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("ass"));
static IN_PW: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("pw"));
static IN_RESET: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("eset "));

/// Words that people name by what they log in with.
const PASSWORDS: &[&[u8]] = &[b"password", b"passcode", b"passphrase", b"passwd", b"pwd", b"pw"];
/// The one of digits alone.
const PASSCODE: &[u8] = b"passcode";
/// Digits of such a one, at least and at most.
const PASSCODE_DIGITS_MIN: usize = 6;
const PASSCODE_DIGITS_MAX: usize = 8;

/// Words between that and the secret: behind these it comes, behind those not yet.
const LINKS: &[&[u8]] = &[b"is", b"was", b"now", b"still", b"currently", b"be"];
const LINKS_ON: &[&[u8]] = &[b"has", b"been", b"will", b"just"];
/// Words behind which it comes after `to`.
const LINKS_SET: &[&[u8]] = &[b"set", b"reset", b"changed", b"updated", b"back"];
/// How many of them in a row, and how long one may be.
const LINKS_MAX: usize = 6;
const LINK_BYTES_MAX: usize = 12;
/// Blanks in a row, at most.
const BLANKS_MAX: usize = 4;

/// What begins the words that say whose it is, how far those may reach, and their ends where what comes is no secret.
const WHOSE: &[&[u8]] = &[b" for ", b" to ", b" of ", b" on ", b" at "];
const WHOSE_BYTES_MAX: usize = 64;
const WHO: &[&[u8]] = &[
    b"user",
    b"username",
    b"userid",
    b"name",
    b"id",
    b"ref",
    b"reference",
    b"number",
    b"email",
    b"ticket",
    b"host",
    b"hostname",
    b"server",
    b"address",
    b"customer",
];

/// What is in the words before it where somebody sets one, and where somebody asks for one: `forgot the password r.gill22`.
const SETS: &[&[u8]] = &[b"set", b"chang", b"updat"];
const ASKS: &[&[u8]] = &[b"reset", b"forg", b"chang", b"lost", b"updat"];
const VERB_BYTES_MAX: usize = 24;
/// Words between `as` and that which it is.
const OWNERS: &[&[u8]] = &[
    b"the",
    b"a",
    b"your",
    b"my",
    b"his",
    b"her",
    b"their",
    b"our",
    b"its",
    b"new",
    b"temporary",
    b"temp",
    b"initial",
    b"default",
];
/// What is reset, besides by its name.
const RESETS: &[&[u8]] = &[
    b"it", b"them", b"that", b"this", b"yours", b"his", b"hers", b"mine", b"your", b"my", b"the", b"her", b"their",
    b"login", b"account",
];

/// Secrets in sentences and commands.
pub(super) fn in_sentences(text: &[u8], seen: Seen, scored: &mut Vec<Scored>) {
    for at in IN_PASSWORD.find_iter(text) {
        let end = at + 3;
        if text[..end].ends_with(b"sshpass") {
            scored.extend(text[end..].starts_with(b" -p").then(|| secret_at(text, end + 3)).flatten());
        } else if let Some(start) = at.checked_sub(1) {
            scored.extend(said(text, start));
        }
    }
    for at in IN_PW.find_iter(text) {
        scored.extend(said(text, at));
    }
    if seen.has_capital {
        for at in IN_RESET.find_iter(text) {
            scored.extend(reset(text, at));
        }
    }
    // A letter as rare as that is quicker to look for than the word.
    for at in memchr::memchr_iter(b'q', text) {
        if text[..=at].ends_with(b"mysq") && text[at + 1..].starts_with(b"l") {
            scored.extend(of_mysql(text, at + 2));
        }
    }
}

/// Whether one of a list is in a text, in any case.
fn holds_any(text: &[u8], words: &[&[u8]]) -> bool {
    let holds = |word: &&[u8]| text.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    words.iter().any(holds)
}

/// What people say a secret is, around a word for one that begins there: `password Summer24`, `Summer24 as the password`.
pub(super) fn said(text: &[u8], start: usize) -> Option<Scored> {
    let rest = &text[start..];
    let begins = |word: &&&[u8]| {
        rest.get(..word.len()).is_some_and(|front| front.eq_ignore_ascii_case(word))
            && !rest.get(word.len()).is_some_and(is_of_word)
    };
    let word = PASSWORDS.iter().find(begins)?;
    if word.len() <= 5 && start > 0 && is_of_word(&text[start - 1]) {
        return None;
    }
    let end = start + word.len();
    match text.get(end) {
        Some(b'>') => in_tag(text, start, end),
        _ => behind_word(text, start, end).or_else(|| before_word(text, start, end)),
    }
}

/// `<password>..</password>`, also where the tag's name is longer.
fn in_tag(text: &[u8], start: usize, end: usize) -> Option<Scored> {
    let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b'_' | b'-' | b':' | b'.');
    let name = text[..start].iter().rev().take(FIELD_BYTES_MAX).take_while(is_name).count();
    if text[..start - name].ends_with(b"<") { secret_from(text, end + 1) } else { None }
}

/// `password is ..`, `password - ..`, `password for the portal is ..`, where what comes looks like a secret.
fn behind_word(text: &[u8], start: usize, end: usize) -> Option<Scored> {
    if !matches!(text.get(end), Some(b' ' | b'-' | b'\'')) {
        return None;
    }
    let front = &text[start.saturating_sub(VERB_BYTES_MAX)..start];
    let mut may_be_to = holds_any(front, SETS);
    // Whether a secret may come here, and whether it was said that one does.
    let (mut is_open, mut is_surely) = (true, false);
    let mut at = end;
    if text[at..].starts_with(b"'s ") {
        (at, is_surely) = (at + 2, true);
    } else if text[at..].starts_with(b"- ") {
        at += 1;
    } else if !(may_be_to && text[at..].starts_with(b" to "))
        && let Some(next) = behind_whose(text, at)
    {
        (at, is_surely) = (next, text[next - 1] == b':');
    }
    let mut place = next_word(text, at)?;
    for _ in 0..LINKS_MAX {
        let link = &text[place.clone()];
        let link = link.strip_suffix(b":").unwrap_or(link);
        if link == b"-" || link == b"--" || link == b"->" {
            is_open = true;
        } else if is_among(LINKS, link) || may_be_to && link.eq_ignore_ascii_case(b"to") {
            (is_open, is_surely) = (true, true);
        } else if is_among(LINKS_SET, link) {
            (is_open, may_be_to) = (false, true);
        } else if is_among(LINKS_ON, link) {
            is_open = false;
        } else {
            break;
        }
        place = next_word(text, place.end)?;
    }
    if !is_open || !is_surely && holds_any(front, ASKS) {
        return None;
    }
    let is_quote = |byte: &&u8| matches!(**byte, b'"' | b'\'' | b'`' | b'(');
    let secret = secret_from(text, place.start + text[place.start..].iter().take_while(is_quote).count())?;
    let value = &text[secret.start..secret.end];
    let is_passcode = text[start..end].eq_ignore_ascii_case(PASSCODE)
        && (PASSCODE_DIGITS_MIN..=PASSCODE_DIGITS_MAX).contains(&value.len())
        && value.iter().all(u8::is_ascii_digit);
    (is_passcode || looks_secret(value)).then_some(secret)
}

/// Behind the words that say whose a password is: before the ` is ` or behind the colon.
fn behind_whose(text: &[u8], at: usize) -> Option<usize> {
    let piece = &text[at..text.len().min(at + WHOSE_BYTES_MAX)];
    if !WHOSE.iter().any(|word| piece.starts_with(word)) {
        return None;
    }
    for (place, byte) in piece.iter().enumerate() {
        let next = piece.get(place + 1);
        match byte {
            b' ' if piece[place..].starts_with(b" is ") || piece[place..].starts_with(b" was ") => {
                return Some(at + place);
            }
            b':' if next == Some(&b' ') => {
                let last = piece[..place].rsplit(|byte| !is_letter(byte)).next();
                return (!last.is_some_and(|word| is_among(WHO, word))).then_some(at + place + 1);
            }
            b'.' | b',' if next.is_none_or(|next| *next == b' ') => return None,
            b'\n' | b';' | b'?' | b'!' | b'(' | b'"' => return None,
            _ => {}
        }
    }
    None
}

/// The next word, behind a blank at least, as far as a link is long.
fn next_word(text: &[u8], at: usize) -> Option<Range<usize>> {
    let blanks = text[at..].iter().take(BLANKS_MAX).take_while(|byte| **byte == b' ').count();
    let start = at + blanks;
    let length = text[start..].iter().take(LINK_BYTES_MAX).take_while(|byte| !byte.is_ascii_whitespace()).count();
    (blanks > 0 && length > 0).then(|| start..start + length)
}

/// `.. as the password`, and `.. is the password` where a sentence or the word ends.
fn before_word(text: &[u8], start: usize, end: usize) -> Option<Scored> {
    let from = start.saturating_sub(VERB_BYTES_MAX + SAID_BYTES_MAX);
    let mut front = text[from..start].strip_suffix(b" ")?;
    while let Some(blank) = front.iter().rposition(|byte| *byte == b' ')
        && is_among(OWNERS, &front[blank + 1..])
    {
        front = &front[..blank];
    }
    let is_end = text.get(end).is_none_or(|next| b".,;!)".contains(next)) || text[end..].starts_with(b" for ");
    let front = match front {
        [front @ .., b' ', b'a', b's'] => front,
        [front @ .., b' ', b'i', b's'] if is_end => front,
        _ => return None,
    };
    let front = match front {
        [front @ .., b'"' | b'\'' | b'`'] => front,
        front => front,
    };
    let is_before = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`' | b'(');
    let begin = match front.iter().rposition(is_before) {
        Some(before) => before + 1,
        None if from == 0 => 0,
        None => return None,
    };
    let secret = secret_from(text, from + begin)?;
    (secret.end <= from + front.len() && looks_secret(&text[secret.start..secret.end])).then_some(secret)
}

/// `I've reset it to ..`, around the end of `reset`. Much is reset to something: it has to look like a secret in every way.
fn reset(text: &[u8], at: usize) -> Option<Scored> {
    let start = at.checked_sub(1)?;
    if !text[start].eq_ignore_ascii_case(&b'r') || start > 0 && is_of_word(&text[start - 1]) {
        return None;
    }
    let mut place = next_word(text, at + 4)?;
    let first = place.start;
    while is_among(RESETS, &text[place.clone()]) && place.start < first + VERB_BYTES_MAX {
        place = next_word(text, place.end)?;
    }
    let preposition = &text[place.clone()];
    if place.start == first || preposition != b"to" {
        return None;
    }
    let value = next_word(text, place.end)?.start;
    let secret = secret_from(text, value + usize::from(matches!(text[value], b'"' | b'\'' | b'`')))?;
    let word = &text[secret.start..secret.end];
    let has = |is: fn(&u8) -> bool| word.iter().any(is);
    let digits = word.iter().filter(|byte| byte.is_ascii_digit()).count();
    (looks_secret(word) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && digits > 1).then_some(secret)
}
