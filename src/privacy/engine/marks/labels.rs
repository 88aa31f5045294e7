//! Secrets behind a word that names them (`password: ..`, `<add key="ApiKey" value="..">`, `the token is ..`), in the address of a server,
//! and in commands (`curl -u`, `mysql -p`).

use super::issued::{KEY_BYTES_MIN, hook};
use super::values::{
    Patience, begin_at, begin_of_secret, behind_scheme, is_day_or_version, is_given, is_two_words, secret_at,
    secret_from,
};
use super::{FIELD_BYTES_MAX, KEY, is_key, is_letter, one};
use crate::privacy::engine::{Scored, ends_with, is_among};
use crate::privacy::recognise::Kind;
use memchr::memmem::Finder;
use std::ops::Range;
use std::sync::LazyLock;

/// Bytes of who logs in and of where, as far as a password is looked for between.
const LOGIN_BYTES_MAX: usize = 128;

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

/// The word that a scheme stands behind.
const AUTHORIZATION: &[u8] = b"authorization";

/// A word of its own behind which a secret stands, and the end of a key's name: `SMTP_PASS=`.
const PASS: &[u8] = b"pass";
/// Words before it that make something else of it.
const NO_SECRETS: &[&[u8]] = &[
    b"boarding",
    b"test",
    b"bus",
    b"day",
    b"travel",
    b"season",
    b"visitor",
    b"guest",
    b"parking",
    b"rail",
    b"press",
    b"ski",
    b"first",
    b"second",
    b"third",
    b"last",
    b"next",
    b"final",
    b"single",
    b"high",
    b"low",
    b"band",
    b"mountain",
    b"hall",
    b"week",
    b"month",
    b"year",
    b"review",
    b"all",
    b"tests",
    b"checks",
    b"to",
    b"will",
    b"not",
];
/// Where the value of what was named before stands: `<add key="ApiKey" value="..">`.
const VALUE: &[u8] = b"value";

/// Bytes before the password of a command, as far as its program is looked for; and behind the program's name as far as the password is.
const COMMAND_BYTES_MAX: usize = 128;
/// Bytes of who logs in by a command, at most.
const USER_BYTES_MAX: usize = 48;

/// What stands between a word and the secret that it names.
static IS: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(" is "));

/// The secret behind a word that names it, and `:` or `=`.
pub(super) fn password(text: &[u8], at: usize, patience: &mut Patience) -> Option<Scored> {
    let quotes = |byte: &u8| matches!(byte, b'"' | b'\'' | b' ' | b'`');
    let mut end_of_word = at;
    while end_of_word > 0 && quotes(&text[end_of_word - 1]) {
        end_of_word -= 1;
    }
    // Most colons stand behind a digit or a letter that ends no such word.
    let last = end_of_word.checked_sub(1).map_or(0, |last| text[last] | 0x20);
    let may_be_named = b"detnygw".contains(&last);
    if text[at..].starts_with(b"://") {
        return hook(text, at).or_else(|| login(text, at));
    }
    if let Some(word) = may_be_named.then(|| name_of_secret(text, end_of_word)).flatten() {
        // What people choose may be a day; what a program gives out is none.
        let is_chosen = word.starts_with(b"pass") || word.starts_with(b"pw");
        let is_secret = |secret: &Scored| is_chosen || !is_day_or_version(&text[secret.start..secret.end]);
        return patience.secret_from(text, begin_at(text, at + 1), is_secret);
    }
    if may_be_named && ends_with(&text[..end_of_word], AUTHORIZATION) {
        // `Authorization: Basic ...`: where no scheme stands it is an ordinary word.
        return patience.secret_from(text, behind_scheme(text, begin_of_secret(text, at + 1))?, |_| true);
    }
    // Both words are ordinary ones too: what stands behind them has to look like a secret.
    if last == b'e' && is_value_of_secret(text, end_of_word) || last == b's' && is_pass(text, end_of_word) {
        let is_secret = |secret: &Scored| is_given(&text[secret.start..secret.end]);
        return patience.secret_from(text, begin_at(text, at + 1), is_secret);
    }
    if text[at] == b':' { of_curl(text, at) } else { None }
}

/// The word which names a secret that ends there.
fn name_of_secret(text: &[u8], end: usize) -> Option<&'static [u8]> {
    let names = |word: &&&[u8]| {
        let Some(start) = end.checked_sub(word.len()) else { return false };
        text[start..end].eq_ignore_ascii_case(word)
            && (start == 0 || !text[start - 1].is_ascii_alphanumeric() || word.len() > 5)
    };
    SECRETS.iter().find(names).copied()
}

/// Whether `value` ends there, and before it in quotes what names a secret: `name="DB_PASSWORD" value=`, `"name":"ApiKey","value":`.
fn is_value_of_secret(text: &[u8], end: usize) -> bool {
    if !ends_with(&text[..end], VALUE) {
        return false;
    }
    let front = &text[..end - VALUE.len()];
    let is_between = |byte: &&u8| matches!(**byte, b' ' | b',' | b'"' | b'\'');
    let between = front.iter().rev().take(FIELD_BYTES_MAX).take_while(is_between).count();
    let name = front.len() - between;
    front[name..].iter().any(|byte| matches!(byte, b'"' | b'\'')) && name_of_secret(text, name).is_some()
}

/// Whether `pass` ends there: alone, or as the last part of a key (`SMTP_PASS`, `smtpPass`). A pass to get aboard with is none.
fn is_pass(text: &[u8], end: usize) -> bool {
    if !ends_with(&text[..end], PASS) {
        return false;
    }
    let front = &text[..end - PASS.len()];
    match front.last() {
        Some(b' ') => {
            let last = front[..front.len() - 1].rsplit(|byte| !is_letter(byte)).next();
            !last.is_some_and(|word| is_among(NO_SECRETS, word))
        }
        Some(byte) if byte.is_ascii_lowercase() => text[end - PASS.len()] == b'P',
        Some(byte) => !is_letter(byte) && !byte.is_ascii_digit(),
        None => true,
    }
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

/// The password in `curl -u user:password`, around its colon.
fn of_curl(text: &[u8], at: usize) -> Option<Scored> {
    let is_user = |byte: &&u8| byte.is_ascii_alphanumeric() || b"._-@\\".contains(*byte);
    let user = text[..at].iter().rev().take(USER_BYTES_MAX).take_while(is_user).count();
    if user == 0 || text.get(at + 1).is_none_or(|next| matches!(next, b' ' | b'/' | b'"' | b'\'')) {
        return None;
    }
    let (front, user) = (&text[..at - user], &text[at - user..at]);
    let unquoted = match front {
        [front @ .., b'"' | b'\''] => front,
        front => front,
    };
    let front = match unquoted {
        // `-uadmin:..`
        [.., b' '] if user.len() > 2 && user.starts_with(b"-u") => unquoted,
        [option @ .., b' ' | b'='] if ends_with(option, b" -u") || ends_with(option, b" --user") => option,
        [.., b'u'] if unquoted.ends_with(b" -u") => unquoted,
        _ => return None,
    };
    let front = &front[front.len().saturating_sub(COMMAND_BYTES_MAX)..];
    if !front.windows(5).any(|part| part == b"curl ") {
        return None;
    }
    secret_from(text, at + 1)
}

/// The password in `mysql -uroot -ppassword`, behind the name of the program. With a blank behind `-p` comes the name of a database.
pub(super) fn of_mysql(text: &[u8], end: usize) -> Option<Scored> {
    let rest = &text[end..text.len().min(end + COMMAND_BYTES_MAX)];
    let line = &rest[..rest.iter().position(|byte| matches!(byte, b'\n' | b'|' | b';')).unwrap_or(rest.len())];
    let option = end + line.windows(3).position(|part| part == b" -p")? + 3;
    let start = option + usize::from(matches!(text.get(option), Some(b'"' | b'\'')));
    secret_from(text, start).filter(|secret| text[secret.start..secret.end].iter().any(u8::is_ascii_digit))
}

/// `the password is ...` in a piece of the text.
pub(super) fn named(text: &[u8], piece: Range<usize>, scored: &mut Vec<Scored>) {
    for end in IS.find_iter(&text[piece.clone()]).map(|at| piece.start + at) {
        let from = piece.start.max(end.saturating_sub(KEY_BYTES_MIN));
        let start = text[from..end].iter().rposition(|byte| !is_key(byte)).map_or(from, |before| from + before + 1);
        if is_among(SECRETS, &text[start..end]) {
            scored.extend(secret_at(text, end + 4).filter(|secret| !is_two_words(&text[secret.start..secret.end])));
        }
    }
}
