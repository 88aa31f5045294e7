//! What its issuer made so that it is known by itself: keys and tokens by their first letters, recovery keys, private keys, and addresses
//! in which a secret stands.

use super::{KEY, is_key, one};
use crate::privacy::engine::{Scored, ends_with};
use crate::privacy::recognise::Kind;
use memchr::memmem::Finder;
use std::ops::Range;
use std::sync::LazyLock;

/// Letters of a word of keys, at least.
pub(super) const KEY_BYTES_MIN: usize = 20;
/// And at most, as far as is looked.
const KEY_BYTES_MAX: usize = 8192;

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

/// Addresses to which whoever knows them can post; behind each stands the secret. Source: the issuers' own documentation.
const HOOKS: &[&[u8]] = &[
    b"hooks.slack.com/services/",
    b"hooks.slack.com/triggers/",
    b"hooks.slack.com/workflows/",
    b"discord.com/api/webhooks/",
    b"discordapp.com/api/webhooks/",
];
/// Bytes of a secret in the address of a page, at least and at most.
const HOOK_BYTES_MIN: usize = 16;
const HOOK_BYTES_MAX: usize = 256;

/// Digits of a group of a recovery key of BitLocker's, what each is a multiple of, what each is below, and bytes of the whole: 8 groups.
/// Source: Microsoft, MS-FVE; BitLocker recovery password.
const RECOVERY_DIGITS: usize = 6;
const RECOVERY_FACTOR: u32 = 11;
const RECOVERY_END: u32 = 720_896;
const RECOVERY_BYTES: usize = 55;

/// How a private key begins.
static PRIVATE: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("-----BEGIN"));

/// The address of a page in which a secret stands, which is one as a whole.
pub(super) fn hook(text: &[u8], at: usize) -> Option<Scored> {
    let host = at + 3;
    let front = HOOKS.iter().find(|front| text[host..].starts_with(front))?;
    let path = host + front.len();
    let length = text[path..].iter().take(HOOK_BYTES_MAX).take_while(|byte| is_key(byte)).count();
    let mut end = path + length;
    while end > path && text[end - 1] == b'.' {
        end -= 1;
    }
    let secret = text[path..end].rsplit(|byte| *byte == b'/').next()?;
    let is_secret = secret.len() >= HOOK_BYTES_MIN && secret.iter().any(|byte| !b"xX.-_".contains(byte));
    let start = if ends_with(&text[..at], b"https") { at - 5 } else { host };
    is_secret.then(|| one(Kind::Credential, start, end, KEY + 0.3))
}

/// The first word from `from` on that a private key begins with.
pub(super) fn private(text: &[u8], from: usize) -> Option<(usize, usize)> {
    let is_word = |start: &usize| *start == from || !is_key(&text[start - 1]);
    let start = PRIVATE.find_iter(&text[from..]).map(|at| from + at).find(is_word)?;
    let end = text[start..].iter().position(|byte| !is_key(byte)).map_or(text.len(), |next| start + next);
    Some((start, end))
}

/// Words of a piece of the text that are as long as keys: where its last byte would be is asked first, and says no to nearly every word.
pub(super) fn long_words(text: &[u8], piece: Range<usize>, scored: &mut Vec<Scored>) {
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
    if word.first().is_some_and(u8::is_ascii_digit) && is_recovery_key(word) {
        // Before all that its groups would be.
        scored.push(one(Kind::Credential, from, from + word.len(), KEY + 0.3));
        return;
    }
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

/// A recovery key of BitLocker's: each group has a check of its own.
fn is_recovery_key(word: &[u8]) -> bool {
    let is_group = |group: &[u8]| {
        let number =
            group.iter().fold(0, |number: u32, digit| number.wrapping_mul(10).wrapping_add(u32::from(digit & 15)));
        group.len() == RECOVERY_DIGITS
            && group.iter().all(u8::is_ascii_digit)
            && number.is_multiple_of(RECOVERY_FACTOR)
            && number < RECOVERY_END
    };
    word.len() == RECOVERY_BYTES
        && word.split(|byte| *byte == b'-').all(is_group)
        && word.iter().any(|byte| matches!(byte, b'1'..=b'9'))
}

/// From `-----BEGIN .. PRIVATE KEY-----` to its end; gives where that is.
pub(super) fn private_key(text: &[u8], start: usize, scored: &mut Vec<Scored>) -> usize {
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
