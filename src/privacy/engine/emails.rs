//! E-mail addresses, around an `@` or around what stands for one in the address of a page. Never in here: how sure that is.

use super::is_among;
use memchr::memmem::Finder;
use std::ops::Range;
use std::sync::LazyLock;
use unicode_normalization::char::is_combining_mark;

/// Longest local part and longest domain. Source: RFC 5321, 4.5.3.1.
const LOCAL_BYTES_MAX: usize = 64;
const DOMAIN_BYTES_MAX: usize = 255;

/// Bytes of a number before a percent sign, at most: `5%40windfarm.co`, `12.5%40`.
const PERCENTAGE_BYTES_MAX: usize = 4;

/// Endings of files, which are no domains: `logo@2x.png`.
const FILES: &[&[u8]] = &[
    b"png", b"jpg", b"jpeg", b"gif", b"svg", b"webp", b"pdf", b"txt", b"csv", b"json", b"xml", b"html", b"js", b"css",
    b"py", b"rs", b"log",
];

/// What stands for an `@` in the address of a page.
const ESCAPED_AT: &[u8] = b"%40";
static AT: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(ESCAPED_AT));

/// The address around an `@`, or around what stands for one.
///
/// Two full stops in a row and one before the `@` are nobody's address by the letter of RFC 5321, and somebody's all the same, mistyped.
pub fn around(text: &[u8], sign: Range<usize>) -> Option<Range<usize>> {
    let (at, is_escaped) = (sign.start, sign.len() > 1);
    let start = begin_of_local(text, at);
    let start = if is_escaped { start + behind_escapes(&text[start..at]) } else { start };
    if is_escaped && is_percentage(&text[start..at]) {
        return None;
    }
    let end = end_of_host(text, sign.end);
    let domain = &text[sign.end..end];
    let ending = domain.iter().rposition(|byte| *byte == b'.').map(|dot| &domain[dot + 1..])?;
    let is_name =
        ending.len() >= 2 && ending.iter().all(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80 || *byte == b'-');
    let is_file = is_among(FILES, ending);
    let is_whole = start < at && !domain.starts_with(b".") && !domain.windows(2).any(|pair| pair == b"..");
    // `git@host:path` is where a repository lies.
    let is_repository = text[start..at].eq_ignore_ascii_case(b"git") && text.get(end) == Some(&b':');
    (is_name && is_whole && !is_file && !is_repository).then_some(start..end)
}

/// All around what stands for an `@`.
pub fn escaped(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    AT.find_iter(text).filter_map(move |at| around(text, at..at + ESCAPED_AT.len()))
}

fn is_local(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || *byte >= 0x80 || b"._%+'-".contains(byte)
}

/// Whether what stands before a percent sign is a number that people write there: nobody's address is as short and of digits alone.
fn is_percentage(local: &[u8]) -> bool {
    local.len() <= PERCENTAGE_BYTES_MAX && local.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
}

/// Where the local part before an `@` begins.
fn begin_of_local(text: &[u8], at: usize) -> usize {
    if let Some(start) = begin_of_quoted(text, at) {
        return start;
    }
    let from = at.saturating_sub(LOCAL_BYTES_MAX);
    let start = text[from..at].iter().rposition(|byte| !is_local(byte)).map_or(from, |before| from + before + 1);
    let start =
        start + text[start..at].iter().take_while(|byte| b".'-%".contains(byte) || is_continued(**byte)).count();
    // A bullet before an address is no part of it.
    match std::str::from_utf8(&text[start..at]) {
        Ok(local) if !local.is_ascii() => match local.trim_start_matches(is_no_letter) {
            "" => start,
            letters => at - letters.len(),
        },
        _ => start,
    }
}

/// Where one in quotes begins: `"wren alder"@example.org`. Of two texts in quotes what stands between them is none.
fn begin_of_quoted(text: &[u8], at: usize) -> Option<usize> {
    let end = at.checked_sub(1).filter(|end| text[*end] == b'"')?;
    let from = end.saturating_sub(LOCAL_BYTES_MAX);
    let start = from + text[from..end].iter().rposition(|byte| matches!(*byte, b'"' | b'\n'))?;
    let quoted = &text[start + 1..end];
    let is_apart = start == 0 || !is_local(&text[start - 1]);
    let is_local_part = quoted.iter().any(is_local) && !quoted.iter().any(|byte| b",:;<>{}[]".contains(byte));
    (text[start] == b'"' && is_local_part && is_apart).then_some(start)
}

/// How much of a local part stands before the last `%3D`, `%20` or the like and in it: signs that no local part has.
fn behind_escapes(local: &[u8]) -> usize {
    let is_foreign = |escape: &[u8]| {
        let digits = std::str::from_utf8(&escape[1..]).ok().filter(|_| escape[0] == b'%');
        digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).is_some_and(|byte| !is_local(&byte))
    };
    local.windows(ESCAPED_AT.len()).rposition(is_foreign).map_or(0, |at| at + ESCAPED_AT.len())
}

/// Where the name of a host that begins there ends.
fn end_of_host(text: &[u8], start: usize) -> usize {
    let is_domain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte >= 0x80 || b".-".contains(byte);
    let limit = text.len().min(start + DOMAIN_BYTES_MAX);
    let host = &text[start..limit];
    let host = &host[..host.iter().position(|byte| !is_domain(byte)).unwrap_or(host.len())];
    let mut end = start + if host.is_ascii() { host.len() } else { letters_of_host(host) };
    while end > start && b".-".contains(&text[end - 1]) {
        end -= 1;
    }
    end
}

/// How many bytes of a name stand before a sign that no name has: `example.org\u{a9}`. The last sign may have been cut.
fn letters_of_host(host: &[u8]) -> usize {
    let whole = match std::str::from_utf8(host) {
        Ok(_) => host.len(),
        Err(fault) => fault.valid_up_to(),
    };
    let host = std::str::from_utf8(&host[..whole]).unwrap_or_default();
    host.find(is_no_letter).unwrap_or(whole)
}

/// Whether a sign beyond ASCII is neither a letter, a digit nor a mark upon one.
fn is_no_letter(sign: char) -> bool {
    !sign.is_ascii() && !sign.is_alphanumeric() && !is_combining_mark(sign)
}

/// A byte inside a sign of UTF-8.
fn is_continued(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}
