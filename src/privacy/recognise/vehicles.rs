//! What speaks for the mark of a vehicle: a half-year that was issued, words that are said of marks, and no day, no year and no road.

use super::dates;
use super::judge::Evidence::{self, Likely, Shape};
use super::judge::{Candidate, digits_at_front, if_, last_word};
use crate::privacy::engine::is_among;

/// Words that are said of a mark alone, where they stand right before it.
const MARK_WORDS: &[&[u8]] = &[b"reg", b"registration", b"vrm", b"vrn", b"plate", b"no", b"number", b"mark"];
/// Words that look like the letters of a mark: `ON 12 DEC`.
const NO_MARKS: &[&[u8]] =
    &[b"am", b"as", b"at", b"by", b"in", b"is", b"no", b"of", b"on", b"or", b"pm", b"to", b"up", b"we"];
/// Words right before a year.
const YEAR_WORDS: &[&[u8]] = &[b"by", b"during", b"from", b"in", b"of", b"since", b"to", b"until", b"year"];

fn is_behind_mark_word(seen: &Candidate<'_>) -> bool {
    is_among(MARK_WORDS, last_word(&seen.text[..seen.start]))
}

/// Whether letters, digits and letters are of a mark that was issued: a half-year, no `I` and no `Q`.
fn is_issued_mark(signs: &[u8]) -> bool {
    let age = (signs[2] - b'0') * 10 + signs[3] - b'0';
    matches!(age, 2..=29 | 51..=79) && !signs.iter().any(|sign| b"IQ".contains(sign)) && signs[0] != b'Z'
}

/// Two letters, a half-year and three letters, as issued since 2001. Source: DVLA INF104, "Vehicle registration numbers".
pub fn vehicle(seen: &Candidate<'_>) -> Evidence {
    match (seen.is_apart(), seen.has_capitals_only()) {
        (false, _) => Evidence::None,
        (true, true) if is_issued_mark(&seen.signs()) => Likely,
        (true, _) => Shape,
    }
}

/// The same with a blank before the half-year, as words and days have it too: no month, and small letters or a word's right behind a word
/// for marks alone.
pub fn vehicle_spaced(seen: &Candidate<'_>) -> Evidence {
    let signs = seen.signs();
    let is_month = dates::month(&signs[4..]).is_some();
    let is_written = match (seen.has_capitals_only(), is_among(NO_MARKS, &signs[..2])) {
        (true, false) => true,
        (false, true) => false,
        _ => is_behind_mark_word(seen),
    };
    if_(is_issued_mark(&signs) && !is_month && is_written && seen.is_apart(), Shape)
}

/// Whether a mark's shape is a year (`January 2025 I`), a day (`JAN 22`, `12 JAN`, `ON 12`) or a road (`M25`).
fn is_day_or_road(seen: &Candidate<'_>) -> bool {
    let piece = seen.piece();
    if let [b'1', b'9', _, _, b' ', rest @ ..] | [b'2', b'0', _, _, b' ', rest @ ..] = piece {
        let word = last_word(&seen.text[..seen.start]);
        return is_among(&[b"a", b"i"], rest) || dates::month(word).is_some() || is_among(YEAR_WORDS, word);
    }
    if matches!(digits_at_front(piece), 1 | 2) {
        return dates::month(last_word(piece)).is_some();
    }
    let (letters, behind) = piece.split_at(piece.iter().take_while(|byte| byte.is_ascii_alphabetic()).count());
    match behind {
        [b' ' | b'-', number @ ..] if number.iter().all(u8::is_ascii_digit) => {
            dates::month(letters).is_some() || is_among(NO_MARKS, letters)
        }
        number => number.iter().all(u8::is_ascii_digit) && is_among(&[b"a", b"b", b"m"], letters),
    }
}

/// Marks of other years look like much else: in capitals only.
pub fn vehicle_older(seen: &Candidate<'_>) -> Evidence {
    // No mark's number begins with a nought: `FOR 0600` is a time.
    let number = seen.piece().iter().position(u8::is_ascii_digit).map_or(b'0', |first| seen.piece()[first]);
    let fits = seen.has_capitals_only() && number != b'0' && seen.is_apart();
    if_(fits && (is_behind_mark_word(seen) || !is_day_or_road(seen)), Shape)
}
