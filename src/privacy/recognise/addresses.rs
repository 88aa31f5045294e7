//! What speaks for a computer's address: dotted numbers that are no version and no division of a document, groups with colons, and the
//! pairs of a card's hardware address.

use super::judge::Evidence::{self, Likely, Proven, Shape};
use super::judge::{Candidate, NEAR_BYTES, SIGNS_MAX, digits_at_front, if_, last_word};
use crate::privacy::engine::is_among;
use core::net::{Ipv4Addr, Ipv6Addr};

/// Divisions of a document and what has versions: their numbers have dots.
const DIVISIONS: &[&[u8]] = &[
    b"annex",
    b"annexe",
    b"appendice",
    b"appendix",
    b"article",
    b"chapter",
    b"clause",
    b"fig",
    b"figure",
    b"firmware",
    b"para",
    b"paragraph",
    b"release",
    b"schedule",
    b"section",
    b"subclause",
    b"subparagraph",
    b"subsection",
    b"supersede",
    b"version",
];
/// What a version stands behind, and addresses seldom: a word for an address speaks against it.
const VERSIONED: &[&[u8]] = &[b"build", b"driver", b"table"];
/// What becomes another version `from` one.
const CHANGES: &[&[u8]] = &[b"bumped", b"changed", b"go", b"going", b"gone", b"moved", b"moving", b"went"];
const UPGRADES: &[&[u8]] = &[b"upgrade", b"upgraded", b"upgrading"];
/// What an address may stand behind with a colon: `net/client:10.2.3.4` names no container image.
const HOSTS: &[&[u8]] = &[
    b"addr", b"address", b"client", b"dst", b"from", b"gateway", b"host", b"ip", b"node", b"peer", b"remote",
    b"server", b"source", b"src",
];
/// A first number of so much is no division's and no version's, and most addresses have one.
const NUMBER_MAX: u8 = 100;
/// And every number of a version that nothing else speaks for is below that, and the first of one behind a path below this.
const VERSION_MAX: u8 = 20;
const VERSION_BEGIN_MAX: u8 = 10;

/// What the name of a container image and a colon right before leave of an address: nothing of `image: registry/app:1.18.4.2`. A path
/// alone may be a log's name of who wrote the line.
fn behind_image(before: &[u8], numbers: [u8; 4]) -> Evidence {
    let Some(before) = before.strip_suffix(b":") else { return Likely };
    let is_of_name = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'-' || **byte == b'_';
    let length = before.iter().rev().take(NEAR_BYTES).take_while(is_of_name).count();
    let (front, name) = before.split_at(before.len() - length);
    let is_path = matches!(front, [.., sign, b'/'] if sign.is_ascii_alphanumeric());
    let last = name.rsplit(|byte| !byte.is_ascii_alphanumeric()).next().unwrap_or(name);
    if length == 0 || is_among(HOSTS, last) {
        return Likely;
    }
    let is_of_path = |byte: &&u8| byte.is_ascii_alphanumeric() || b"-_/.:".contains(*byte);
    let path_length = before.iter().rev().take(NEAR_BYTES).take_while(is_of_path).count();
    let (front_of_path, path) = before.split_at(before.len() - path_length);
    let is_image = |word: &[u8]| is_among(&[b"image", b"images"], word);
    let is_said = is_image(last_word(front)) || is_image(last_word(front_of_path));
    let is_labelled = path.split(|byte| *byte == b':').rev().skip(1).any(is_image);
    let is_quoted = || matches!(front_of_path, [.., b'"' | b'\'' | b'`']);
    // A recipe of an image, where names have small letters only.
    let is_built = || front_of_path.ends_with(b"FROM ") && !path.iter().any(u8::is_ascii_uppercase);
    match is_path {
        _ if is_said || is_labelled => Evidence::None,
        true if is_quoted() || is_built() => Evidence::None,
        true if numbers[0] < VERSION_BEGIN_MAX => Shape,
        _ => Likely,
    }
}

/// Whether ` to ` and a dotted number begin a text: what stands before it is the version that was.
fn begins_with_next_version(text: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(b" to ") else { return false };
    let rest = rest.strip_prefix(b"v").unwrap_or(rest);
    let length = digits_at_front(rest);
    length > 0 && matches!(rest[length..], [b'.', digit, ..] if digit.is_ascii_digit())
}

/// What speaks for an address among dotted numbers, by the words before it: nothing behind `Clauses 14.2.3.1 and`, `from 10.2.3 to` or
/// the name of an image, little behind `driver`.
fn dotted(seen: &Candidate<'_>, numbers: [u8; 4]) -> Evidence {
    let before = &seen.text[..seen.start];
    let of_image = behind_image(before, numbers);
    if of_image != Likely {
        return of_image;
    }
    let mut is_version = numbers.iter().all(|number| *number < VERSION_MAX);
    let near = &before[before.len().saturating_sub(NEAR_BYTES)..];
    let near = near.rsplit(|byte| b":;\n".contains(byte)).next().unwrap_or(near);
    let (mut is_behind_to, mut is_behind_from) = (false, false);
    for word in near.rsplit(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'.')) {
        let word = word.strip_suffix(b".").unwrap_or(word);
        let dots = word.iter().filter(|byte| **byte == b'.').count();
        if word.is_empty() || is_among(&[b"and", b"or"], word) {
            continue;
        }
        if word[0].is_ascii_digit() {
            // `Section 3, 10.0.0.1`: a number without a dot is none of the same row.
            if dots == 0 || !word.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.') {
                return Likely;
            }
            if is_behind_to && dots == 2 {
                return Evidence::None;
            }
            (is_behind_to, is_version) = (false, true);
        } else if is_among(&[b"to"], word) {
            is_behind_to = true;
        } else if is_among(&[b"from"], word) {
            is_behind_from = true;
        } else if is_behind_from && is_among(CHANGES, word) {
            continue;
        } else {
            let word = word.strip_suffix(b"s").unwrap_or(word);
            return match is_among(UPGRADES, word) {
                true if is_behind_from && (is_version || begins_with_next_version(&seen.text[seen.end..])) => {
                    Evidence::None
                }
                true if is_behind_from => Likely,
                true => Shape,
                false if is_among(DIVISIONS, word) => Evidence::None,
                false if is_among(VERSIONED, word) => Shape,
                false => Likely,
            };
        }
    }
    Likely
}

/// Four numbers up to 255. Four of one digit are a version sooner than an address, unless they come in twos: `8.8.4.4`.
pub fn ip_v4(seen: &Candidate<'_>) -> Evidence {
    let address = std::str::from_utf8(seen.piece()).ok().and_then(|piece| piece.parse::<Ipv4Addr>().ok());
    let goes_on = matches!(seen.text[seen.end..], [b'.' | b'-', digit, ..] if digit.is_ascii_digit());
    let comes_from = matches!(seen.text[..seen.start], [.., b'.' | b'-' | b'_']);
    let Some(numbers) = address.filter(|address| !address.is_unspecified()).map(|address| address.octets()) else {
        return Evidence::None;
    };
    if goes_on || comes_from {
        return Evidence::None;
    }
    if numbers[0] >= NUMBER_MAX {
        return Likely;
    }
    let is_short = numbers.iter().all(|number| *number < 10);
    let is_in_twos = numbers[0] == numbers[1] && numbers[2] == numbers[3];
    match dotted(seen, numbers) {
        Likely if is_short && !is_in_twos => Shape,
        evidence => evidence,
    }
}

/// Eight groups, or fewer and `::`; the last two may be written as an address of version 4. Eight pairs are a card's hardware address.
pub fn ip_v6(seen: &Candidate<'_>) -> Evidence {
    let piece = seen.piece();
    let colons = piece.iter().filter(|byte| **byte == b':').count();
    let is_whole = colons == if piece.contains(&b'.') { 6 } else { 7 };
    let is_of_pairs = piece.split(|byte| *byte == b':').all(|group| group.len() == 2);
    let has_shape = is_whole && !is_of_pairs || piece.windows(2).any(|pair| pair == b"::");
    let address =
        std::str::from_utf8(piece).ok().filter(|_| has_shape).and_then(|piece| piece.parse::<Ipv6Addr>().ok());
    let goes_on = seen.text.get(seen.end).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b':');
    if_(address.is_some_and(|address| !address.is_unspecified()) && !goes_on, Proven)
}

/// Six pairs, or eight, and no more: a certificate's serial number has twenty. Digits alone with another sign than a colon between are
/// any number.
pub fn mac(seen: &Candidate<'_>) -> Evidence {
    let goes_on = matches!(seen.text[seen.end..], [b':' | b'-', digit, ..] if digit.is_ascii_hexdigit());
    let comes_from = matches!(seen.text[..seen.start], [.., digit, b':' | b'-'] if digit.is_ascii_hexdigit());
    let is_written = seen.piece().iter().any(|byte| byte.is_ascii_alphabetic() || *byte == b':');
    if_(!goes_on && !comes_from && seen.is_apart(), if is_written { Proven } else { Shape })
}

/// The same in one piece or with blanks between, as any hexadecimal number is written: with a letter at least.
pub fn mac_bare(seen: &Candidate<'_>) -> Evidence {
    let piece = seen.piece();
    let is_row = piece.contains(&b' ');
    let goes_on = is_row && matches!(&seen.text[seen.end..], [b' ', rest @ ..] if is_group(rest.iter()));
    let comes_from = is_row && matches!(&seen.text[..seen.start], [rest @ .., b' '] if is_group(rest.iter().rev()));
    let has_letter = piece.iter().any(u8::is_ascii_alphabetic);
    if_(has_letter && !goes_on && !comes_from && seen.is_apart(), Shape)
}

/// Whether the next word may be a group of a hexadecimal number: a pair, or more with a digit among them.
fn is_group<'a>(signs: impl Iterator<Item = &'a u8>) -> bool {
    let (mut count, mut digits) = (0, 0);
    for sign in signs.take(SIGNS_MAX).take_while(|sign| sign.is_ascii_alphanumeric()) {
        if !sign.is_ascii_hexdigit() {
            return false;
        }
        count += 1;
        digits += usize::from(sign.is_ascii_digit());
    }
    count == 2 || digits > 0
}
