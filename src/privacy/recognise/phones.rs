//! What speaks for a telephone number: of the UK by its plan, abroad by its country's code, in North America by how it is written.

use super::judge::Evidence::{self, Likely, Proven, Shape};
use super::judge::{Candidate, SIGNS_MAX, digits_at_front, if_, is_dummy, is_joint};

/// A number of the UK's plan: 01 and 02 with an area's code, 03, 05, 07, 08 and 09, of ten digits behind the zero (some areas nine).
/// Source: Ofcom, National Telephone Numbering Plan.
pub fn phone_uk(seen: &Candidate<'_>) -> Evidence {
    let piece = seen.piece();
    let digits = seen.digits();
    let is_international =
        piece.iter().find(|byte| **byte != b'(').is_some_and(|byte| *byte == b'+') || digits.starts_with(&[0, 0]);
    let national: &[u8] = match &digits[..] {
        [0, 0, 4, 4, rest @ ..] | [4, 4, rest @ ..] => rest.strip_prefix(&[0]).unwrap_or(rest),
        [0, rest @ ..] => rest,
        _ => return Evidence::None,
    };
    let is_national = !is_international && digits[0] == 0;
    let fits = match (national.first(), national.len()) {
        (Some(1), 9 | 10) => national[1..4].iter().any(|digit| *digit != 0),
        (Some(2), 10) => matches!(national[1], 0 | 3 | 4 | 8 | 9),
        // A digit short, as typists leave them.
        (Some(2), 9) => matches!(national[1], 0 | 3 | 4 | 8 | 9) && (seen.is_grouped() || is_international),
        (Some(3), 10) => matches!(national[1], 0 | 3 | 4 | 7),
        // Of firms, and of telephones on the internet.
        (Some(5), 10) => matches!(national[1], 5 | 6),
        (Some(7), 10) => national[1] != 0 || national[2] != 0,
        (Some(8), 10) => matches!(national[1], 0 | 4 | 7),
        (Some(8), 9) => national.starts_with(&[8, 0, 0]),
        (Some(9), 10) => matches!(national[1], 0 | 1 | 8),
        _ => false,
    };
    let opens = piece.iter().filter(|byte| **byte == b'(').count();
    let closes = piece.iter().filter(|byte| **byte == b')').count();
    let is_apart = (seen.begins_apart() || is_second(seen)) && (seen.ends_apart() || is_first(seen));
    let is_another = is_like_a_date(piece) || is_like_a_range(piece, national.len());
    if !fits || opens != closes || !is_apart || is_another || seen.is_money() {
        return Evidence::None;
    }
    if has_long_end(seen) {
        return Shape;
    }
    match (is_international, is_national, national[0], seen.is_grouped()) {
        (true, ..) => Proven,
        (_, _, 2, _) if national.len() == 9 => Shape,
        // Few have one, and in one piece it is any reference.
        (_, _, 5, false) => Shape,
        (_, true, 7, _) if national.len() == 10 => Proven,
        (_, true, _, true) => Proven,
        (_, true, _, false) if national.len() == 10 => Likely,
        (_, false, 7, _) => Likely,
        _ => Shape,
    }
}

/// Digits of a telephone number beside another, at least; and of another of which only the end is written, at most: of a short one, and
/// of one that a word has to speak for.
const PHONE_DIGITS_MIN: usize = 9;
const END_DIGITS_MAX: usize = 2;
const LONG_END_DIGITS_MAX: usize = 8;

/// A mobile number as spreadsheets and JSON leave it, which drop a zero at the front: only a word tells it from any other number.
pub fn phone_without_zero(seen: &Candidate<'_>) -> Evidence {
    if_(matches!(seen.digits()[..], [7, 1..=9, ..]) && seen.is_apart() && !seen.is_money(), Shape)
}

/// How many digits a telephone number has, sign by sign, as far as it goes.
fn phone_digits<'a>(signs: impl Iterator<Item = &'a u8>) -> usize {
    let is_of_phone = |byte: &&u8| byte.is_ascii_digit() || b" -()+".contains(byte);
    signs.take(SIGNS_MAX).take_while(is_of_phone).filter(|byte| byte.is_ascii_digit()).count()
}

/// `0121 496 0123/07700 900123`: whether another number and a stroke stand before it.
fn is_second(seen: &Candidate<'_>) -> bool {
    match &seen.text[..seen.start] {
        [before @ .., b'/'] => phone_digits(before.iter().rev()) >= PHONE_DIGITS_MIN,
        _ => false,
    }
}

/// Whether a stroke and another number stand behind it, or the last digits of one: `01632 960123/4`.
fn is_first(seen: &Candidate<'_>) -> bool {
    let [b'/', rest @ ..] = &seen.text[seen.end..] else { return has_long_end(seen) };
    let is_end = seen.is_grouped() && end_digits(rest).is_some_and(|digits| digits <= END_DIGITS_MAX);
    is_end || has_long_end(seen) || is_phone_at_front(rest)
}

/// Whether more of another number stands behind it: `0121 496 0123/0124`, `0121 496 0123-4`.
fn has_long_end(seen: &Candidate<'_>) -> bool {
    let [joint @ (b'/' | b'-'), rest @ ..] = &seen.text[seen.end..] else { return false };
    let least = if *joint == b'/' { END_DIGITS_MAX + 1 } else { 1 };
    let is_end = end_digits(rest).is_some_and(|digits| (least..=LONG_END_DIGITS_MAX).contains(&digits));
    is_end && seen.is_grouped() && !is_phone_at_front(rest)
}

fn is_phone_at_front(text: &[u8]) -> bool {
    phone_digits(text.iter()) >= PHONE_DIGITS_MIN
}

/// How many digits stand at the front of a text where they are the end of a number.
fn end_digits(text: &[u8]) -> Option<usize> {
    let digits = digits_at_front(text);
    let is_over = match &text[digits..] {
        [] => true,
        [sign] => !sign.is_ascii_alphanumeric(),
        [sign, next, ..] => !(sign.is_ascii_alphanumeric() || is_joint(sign) && next.is_ascii_alphanumeric()),
    };
    (digits > 0 && is_over).then_some(digits)
}

/// Digits behind the zero of a number with a dash between blanks.
const DASHED_DIGITS: usize = 10;

/// `0900 - 1730 245`: hours, and a number behind them; `01234 - 01238`: from one number to another.
fn is_like_a_range(piece: &[u8], digits: usize) -> bool {
    let Some(dash) = piece.windows(3).position(|signs| signs == b" - ") else { return false };
    let (from, to) = (&piece[..dash], &piece[dash + 3..]);
    let is_hour = |text: &[u8]| match text {
        [b'0' | b'1', _, b'0'..=b'5', _, rest @ ..] | [b'2', b'0'..=b'3', b'0'..=b'5', _, rest @ ..] => {
            !rest.first().is_some_and(u8::is_ascii_digit)
        }
        _ => false,
    };
    digits != DASHED_DIGITS || to.starts_with(b"0") || is_hour(from) && is_hour(to)
}

/// `01/02/2024 10`: groups as of a date, and a time behind it.
fn is_like_a_date(piece: &[u8]) -> bool {
    let mut groups = piece.split(|byte| !byte.is_ascii_digit()).map(<[u8]>::len);
    let slashes = piece.iter().filter(|byte| matches!(byte, b'/' | b'.' | b'-')).count();
    slashes >= 2 && matches!((groups.next(), groups.next(), groups.next()), (Some(2 | 4), Some(2), Some(2 | 4)))
}

/// A number with its country's code, which E.164 allows fifteen digits.
pub fn phone_abroad(seen: &Candidate<'_>) -> Evidence {
    let digits = seen.digits();
    let is_uk = digits.starts_with(&[4, 4]) || digits.starts_with(&[0, 0, 4, 4]);
    // `00481275` is a customer's number: dialled by zeros a number is longer, or its groups are apart.
    let is_long = !digits.starts_with(&[0, 0]) || digits.len() >= 11 || seen.is_grouped();
    let is_bare = digits.starts_with(&[0, 0]) && !seen.is_grouped();
    let is_country = seen.piece().starts_with(b"+") || is_dialled(seen.piece());
    if_(
        (8..=15).contains(&digits.len()) && is_long && is_country && !is_uk && !is_dummy(&digits) && seen.is_apart(),
        if is_bare { Shape } else { Likely },
    )
}

/// Whether what stands behind `00` may be a country: `002-334-118` and `001788120394` are references. A country's number has one digit
/// for 1 and 7, two or three else; North America's ten digits behind it begin with none below 2, and nobody's is shorter than eight.
fn is_dialled(piece: &[u8]) -> bool {
    let Some(rest) = piece.strip_prefix(b"00") else { return true };
    // `0030 0100 0130`: half hours.
    let mut groups = piece.split(|byte| !byte.is_ascii_digit());
    if piece.len() > 4 && groups.all(|group| group.len() == 4 && group[0] == b'0') {
        return false;
    }
    let digits: Vec<u8> = rest.iter().copied().filter(u8::is_ascii_digit).collect();
    let group = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match digits.first() {
        Some(b'1') => digits.len() == 11 && digits[1] > b'1' && digits[4] > b'1',
        Some(b'7') => digits.len() == 11,
        Some(_) => group != 1 && digits.len() >= 8,
        None => false,
    }
}

/// A number as it is written in North America.
pub fn phone_america(seen: &Candidate<'_>) -> Evidence {
    let (digits, piece) = (seen.digits(), seen.piece());
    let national = digits.strip_prefix(&[1]).unwrap_or(&digits);
    let fits = national.len() == 10 && national[0] > 1 && national[3] > 1;
    if_(fits && seen.is_apart(), if piece.contains(&b'(') { Likely } else { Shape })
}
