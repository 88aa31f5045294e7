//! What has a mark of its own and no pattern: addresses around an `@` (`emails.rs`), passwords behind a word that names them, keys and
//! tokens that say by their first letters whose they are.

use super::Scored;
use super::context::Surroundings;
use super::emails;
use super::normal::Seen;
use crate::privacy::recognise::{Kind, RECOGNISERS};
use memchr::memmem::Finder;
use std::ops::Range;
use std::sync::LazyLock;

/// Bytes of who logs in and of where, as far as a password is looked for between.
const LOGIN_BYTES_MAX: usize = 128;
/// Letters of a word of keys, at least.
const KEY_BYTES_MIN: usize = 20;
/// And at most, as far as is looked.
const KEY_BYTES_MAX: usize = 8192;
/// Letters of a secret behind a word that names it, at most.
const PASSWORD_BYTES_MAX: usize = 1024;
/// Fewest letters of a password that is told from a word.
const PASSWORD_BYTES_MIN: usize = 6;
/// Numbers of a version, at most.
const GROUPS_MAX: usize = 4;

const EMAIL: f32 = 0.95;
const KEY: f32 = 0.95;
const PASSWORD: f32 = 0.8;

/// How keys begin, and how long they are at least. Source: the issuers' own documentation, as secret scanning of public repositories uses it.
const KEYS: &[(&[u8], usize)] = &[
    (b"AKIA", 20),
    (b"ASIA", 20),
    (b"AROA", 20),
    (b"ghp_", 36),
    (b"gho_", 36),
    (b"ghu_", 36),
    (b"ghs_", 36),
    (b"ghr_", 36),
    (b"github_pat_", 40),
    (b"glpat-", 20),
    (b"xoxb-", 24),
    (b"xoxp-", 24),
    (b"xoxa-", 24),
    (b"xoxr-", 24),
    (b"xapp-", 24),
    (b"sk_live_", 20),
    (b"sk_test_", 20),
    (b"rk_live_", 20),
    (b"pk_live_", 20),
    (b"AIza", 39),
    (b"ya29.", 30),
    (b"SG.", 40),
    (b"npm_", 36),
    (b"pypi-", 40),
    (b"dop_v1_", 40),
    (b"sk-", 24),
    (b"hvs.", 24),
    (b"eyJ", 30),
];

/// Bytes that the words of [`KEYS`] begin with: most long words begin with another.
const BEGIN_KEYS: [bool; 256] = {
    let mut begin = [false; 256];
    let mut at = 0;
    while at < KEYS.len() {
        begin[KEYS[at].0[0] as usize] = true;
        at += 1;
    }
    begin
};

/// Words behind which a secret stands.
const SECRETS: &[&[u8]] = &[
    b"password",
    b"passwd",
    b"pwd",
    b"passphrase",
    b"passcode",
    b"secret",
    b"token",
    b"apikey",
    b"api key",
    b"api_key",
    b"api-key",
    b"accesskey",
    b"access key",
    b"access_key",
    b"secret_key",
    b"secret key",
    b"secretkey",
    b"accountkey",
    b"sharedaccesskey",
    b"client_secret",
    b"client secret",
    b"auth_token",
    b"access_token",
    b"refresh_token",
    b"private_key",
    b"secret_access_key",
    b"sig",
    b"pw",
];

/// How one says who one is to a server, behind which a secret stands. Source: RFC 9110, 11.6.2; RFC 6750; RFC 7617.
const SCHEMES: &[&[u8]] = &[b"bearer ", b"basic ", b"token "];
/// The word that a scheme stands behind.
const AUTHORIZATION: &[u8] = b"authorization";

/// Bytes of a field's name in the address of a page, at most.
const FIELD_BYTES_MAX: usize = 32;

/// What stands where a secret was.
const PLACEHOLDERS: &[&[u8]] = &[
    b"null",
    b"none",
    b"true",
    b"false",
    b"redacted",
    b"hidden",
    b"changed",
    b"required",
    b"expired",
    b"invalid",
    b"disabled",
    b"enabled",
    b"missing",
    b"unknown",
    b"revoked",
    b"rotated",
];

/// Finds what has a mark of its own.
pub fn find(context: &Surroundings<'_>, seen: Seen, scored: &mut Vec<Scored>) {
    let text = context.text;
    let email = |piece: Range<usize>| one(Kind::Email, piece.start, piece.end, EMAIL);
    if seen.has_mark {
        let mut secret_end = 0;
        for at in memchr::memchr3_iter(b'@', b':', b'=', text) {
            match text[at] {
                b'@' => scored.extend(emails::around(text, at..at + 1).map(email)),
                _ if at >= secret_end => {
                    if let Some(secret) = password(text, at) {
                        secret_end = secret.end;
                        scored.push(secret);
                    }
                }
                _ => {}
            }
        }
    }
    if seen.has_percent {
        scored.extend(emails::escaped(text).map(email));
    }
    if seen.has_digit && text.len() >= KEY_BYTES_MIN {
        keys(text, scored);
    } else {
        long_words(text, 0..text.len(), scored);
    }
}

fn one(kind: Kind, start: usize, end: usize, score: f32) -> Scored {
    Scored { start, end, kind, score, row: RECOGNISERS.len(), is_named: false }
}

/// The secret behind a word that names it, and `:` or `=`.
fn password(text: &[u8], at: usize) -> Option<Scored> {
    let quotes = |byte: &u8| matches!(byte, b'"' | b'\'' | b' ' | b'`');
    let mut end_of_word = at;
    while end_of_word > 0 && quotes(&text[end_of_word - 1]) {
        end_of_word -= 1;
    }
    // Most colons stand behind a digit or a letter that ends no such word.
    let may_be_named = end_of_word > 0 && b"detnygw".contains(&(text[end_of_word - 1] | 0x20));
    let names = |word: &&&[u8]| {
        let Some(start) = end_of_word.checked_sub(word.len()) else { return false };
        text[start..end_of_word].eq_ignore_ascii_case(word)
            && (start == 0 || !text[start - 1].is_ascii_alphanumeric() || word.len() > 5)
    };
    let named = may_be_named.then(|| SECRETS.iter().find(names)).flatten();
    if text[at..].starts_with(b"://") {
        return login(text, at);
    }
    if let Some(word) = named {
        // What people choose may be a day; what a program gives out is none.
        let is_chosen = word.starts_with(b"pass") || word.starts_with(b"pw");
        let is_secret = |secret: &Scored| is_chosen || !is_day_or_version(&text[secret.start..secret.end]);
        return secret_at(text, at + 1).filter(is_secret);
    }
    if may_be_named && ends_with(&text[..end_of_word], AUTHORIZATION) {
        // `Authorization: Basic ...`: where no scheme stands it is an ordinary word.
        return secret_from(text, behind_scheme(text, begin_of_secret(text, at + 1))?);
    }
    None
}

/// Whether a text ends so, in any case.
pub fn ends_with(text: &[u8], ending: &[u8]) -> bool {
    text.len().checked_sub(ending.len()).is_some_and(|start| text[start..].eq_ignore_ascii_case(ending))
}

/// The secret that begins there, behind quotes and the like.
fn secret_at(text: &[u8], from: usize) -> Option<Scored> {
    let start = begin_of_secret(text, from);
    secret_from(text, behind_scheme(text, start).unwrap_or(start))
}

/// Behind quotes and the like.
fn begin_of_secret(text: &[u8], from: usize) -> usize {
    let is_before = |byte: &&u8| matches!(**byte, b'"' | b'\'' | b' ' | b'`' | b':' | b'=' | b'>');
    from + text[from..].iter().take_while(is_before).count()
}

/// Behind a scheme that begins there, in any case.
fn behind_scheme(text: &[u8], start: usize) -> Option<usize> {
    let rest = &text[start..];
    let begins = |scheme: &&&[u8]| rest.get(..scheme.len()).is_some_and(|front| front.eq_ignore_ascii_case(scheme));
    SCHEMES.iter().find(begins).map(|scheme| start + scheme.len())
}

/// The secret that begins there.
fn secret_from(text: &[u8], start: usize) -> Option<Scored> {
    let limit = text.len().min(start + PASSWORD_BYTES_MAX);
    let is_over = |at: &usize| match text[*at] {
        // A password may have it; in the address of a page another field comes.
        b'&' => begins_with_a_field(&text[at + 1..limit]),
        byte => byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`' | b',' | b';' | b')' | b'}' | b'<'),
    };
    let mut end = (start..limit).find(is_over).unwrap_or(limit);
    while end > start && matches!(text[end - 1], b'.' | b']') {
        end -= 1;
    }
    let value = &text[start..end];
    let is_word = value.iter().all(|byte| byte.is_ascii_lowercase())
        || value.first().is_some_and(u8::is_ascii_uppercase) && value[1..].iter().all(|byte| byte.is_ascii_lowercase());
    let is_placeholder =
        value.iter().all(|byte| b"*xX.-_#".contains(byte)) || value.starts_with(b"$") || value.starts_with(b"{");
    let is_told = PLACEHOLDERS.iter().any(|word| value.eq_ignore_ascii_case(word));
    (value.len() >= PASSWORD_BYTES_MIN && !is_word && !is_placeholder && !is_told)
        .then(|| one(Kind::Credential, start, end, PASSWORD))
}

/// Whether it is a day, with a time or without, a time of day, a version or a fraction: `2026-11-25T10:00:00Z`, `25/11/2026`, `10:30:00`,
/// `v2.14.1003`.
fn is_day_or_version(value: &[u8]) -> bool {
    let value = value.strip_prefix(b"v").unwrap_or(value);
    let (front, time) = value.split_at(value.iter().position(|byte| *byte == b'T').unwrap_or(value.len()));
    let Some(sign) = front.iter().find(|byte| !byte.is_ascii_digit()) else { return false };
    // How many digits each group has, and what they say.
    let (mut groups, mut count) = ([(0, 0); GROUPS_MAX], 0);
    for group in front.split(|byte| byte == sign) {
        let is_number = (1..=4).contains(&group.len()) && group.iter().all(u8::is_ascii_digit);
        if !is_number || count == GROUPS_MAX {
            return false;
        }
        groups[count] = (group.len(), group.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0')));
        count += 1;
    }
    let is_time = time.iter().skip(1).all(|byte| byte.is_ascii_digit() || b":.+-Z".contains(byte));
    match (sign, &groups[..count]) {
        (b'.', _) => time.is_empty(),
        (b':', of_time) => time.is_empty() && of_time.iter().all(|(digits, number)| *digits <= 2 && *number < 60),
        (b'-' | b'/', [(4, _), month, day] | [month, day, (2 | 4, _)]) => {
            let (less, more) = (month.1.min(day.1), month.1.max(day.1));
            is_time && (1..=12).contains(&less) && more <= 31
        }
        _ => false,
    }
}

/// `name=`, as in the address of a page.
fn begins_with_a_field(text: &[u8]) -> bool {
    let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b'_' | b'-' | b'.');
    let length = text.iter().take(FIELD_BYTES_MAX).take_while(is_name).count();
    length > 0 && text.get(length) == Some(&b'=')
}

/// The password in `scheme://user:password@host`.
fn login(text: &[u8], at: usize) -> Option<Scored> {
    let start = at + 3;
    let limit = text.len().min(start + LOGIN_BYTES_MAX);
    let end =
        text[start..limit].iter().position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'"' | b'\''));
    let authority = &text[start..end.map_or(limit, |next| start + next)];
    let host = authority.iter().rposition(|byte| *byte == b'@')?;
    let colon = authority[..host].iter().position(|byte| *byte == b':')?;
    // Before the address that the password and the host would make.
    (host > colon + 1).then(|| one(Kind::Credential, start + colon + 1, start + host, KEY + 0.3))
}

/// Bytes that keys are made of.
const OF_KEYS: [bool; 256] = {
    let mut of_keys = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let sign = byte as u8;
        of_keys[byte] = sign.is_ascii_alphanumeric() || matches!(sign, b'_' | b'-' | b'.' | b'+' | b'/' | b'=' | b'~');
        byte += 1;
    }
    of_keys
};

fn is_key(byte: &u8) -> bool {
    OF_KEYS[*byte as usize]
}

/// How a private key begins, and what stands between a word and the secret that it names.
static PRIVATE: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("-----BEGIN"));
static IS: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(" is "));

/// Long words that begin as an issuer's keys do, private keys, and secrets behind a word that names them.
fn keys(text: &[u8], scored: &mut Vec<Scored>) {
    let mut from = 0;
    while let Some((start, end)) = private(text, from) {
        long_words(text, from..start, scored);
        named(text, from..start, scored);
        from = private_key(text, start, scored).max(end);
    }
    long_words(text, from..text.len(), scored);
    named(text, from..text.len(), scored);
}

/// The first word from `from` on that a private key begins with.
fn private(text: &[u8], from: usize) -> Option<(usize, usize)> {
    let is_word = |start: &usize| *start == from || !is_key(&text[start - 1]);
    let start = PRIVATE.find_iter(&text[from..]).map(|at| from + at).find(is_word)?;
    let end = text[start..].iter().position(|byte| !is_key(byte)).map_or(text.len(), |next| start + next);
    Some((start, end))
}

/// Words of a piece of the text that are as long as keys: where its last byte would be is asked first, and says no to nearly every word.
fn long_words(text: &[u8], piece: Range<usize>, scored: &mut Vec<Scored>) {
    let mut at = piece.start;
    while at + KEY_BYTES_MIN <= piece.end {
        let least = &text[at..at + KEY_BYTES_MIN];
        if let Some(between) = least.iter().rposition(|byte| !is_key(byte)) {
            at += between + 1;
            continue;
        }
        let rest = &text[at + KEY_BYTES_MIN..piece.end];
        let end = rest.iter().position(|byte| !is_key(byte)).map_or(piece.end, |next| at + KEY_BYTES_MIN + next);
        long_word(text, at, end, scored);
        at = end;
    }
}

/// A key, where a word begins as an issuer's do.
fn long_word(text: &[u8], start: usize, end: usize, scored: &mut Vec<Scored>) {
    let mut word = &text[start..end.min(start + KEY_BYTES_MAX)];
    let mut from = start;
    // `key=AKIA...` is one word here.
    while let Some(equals) =
        word.iter().position(|byte| *byte == b'=').filter(|place| place + KEY_BYTES_MIN < word.len())
    {
        from += equals + 1;
        word = &word[equals + 1..];
    }
    while word.last().is_some_and(|byte| matches!(byte, b'.' | b'-')) {
        word = &word[..word.len() - 1];
    }
    let is_issued = |(front, least): &(&[u8], usize)| {
        word.starts_with(front) && word.len() >= *least && (*front != b"eyJ" || is_token(word))
    };
    let may_be_issued = word.first().is_some_and(|first| BEGIN_KEYS[usize::from(*first)]);
    if may_be_issued && KEYS.iter().any(is_issued) && (word.iter().any(u8::is_ascii_digit) || is_of_amazon(word)) {
        scored.push(one(Kind::Credential, from, from + word.len(), KEY));
    }
}

/// Three parts, or two where nobody signed it. Source: RFC 7515, 7.1; RFC 7519, 6.
fn is_token(word: &[u8]) -> bool {
    match word.iter().filter(|byte| **byte == b'.').count() {
        1 => word.windows(4).any(|part| part == b".eyJ"),
        2 => true,
        _ => false,
    }
}

/// An access key of Amazon's: of its sixteen letters, which may be 32, none is a digit in one key of thirty.
fn is_of_amazon(word: &[u8]) -> bool {
    word.starts_with(b"AKIA") && word.len() == KEY_BYTES_MIN && word.iter().all(u8::is_ascii_uppercase)
}

/// `the password is ...` in a piece of the text.
fn named(text: &[u8], piece: Range<usize>, scored: &mut Vec<Scored>) {
    for end in IS.find_iter(&text[piece.clone()]).map(|at| piece.start + at) {
        let from = piece.start.max(end.saturating_sub(KEY_BYTES_MIN));
        let start = text[from..end].iter().rposition(|byte| !is_key(byte)).map_or(from, |before| from + before + 1);
        if SECRETS.iter().any(|word| text[start..end].eq_ignore_ascii_case(word)) {
            scored.extend(secret_at(text, end + 4));
        }
    }
}

/// From `-----BEGIN .. PRIVATE KEY-----` to its end; gives where that is.
fn private_key(text: &[u8], start: usize, scored: &mut Vec<Scored>) -> usize {
    let head = &text[start..text.len().min(start + 40)];
    if !head.windows(11).any(|part| part == b"PRIVATE KEY") {
        return 0;
    }
    let body = &text[start..text.len().min(start + KEY_BYTES_MAX)];
    let end = body.windows(8).position(|part| part == b"-----END").map_or(body.len(), |at| {
        let tail = &body[at + 8..];
        let dashes = tail.windows(5).position(|part| part == b"-----").map_or(tail.len(), |dashes| dashes + 5);
        at + 8 + dashes
    });
    scored.push(one(Kind::Credential, start, start + end, KEY));
    start + end
}
