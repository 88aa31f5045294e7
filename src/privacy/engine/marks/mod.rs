//! What has a mark of its own and no pattern: addresses around an `@` (`../emails.rs`), passwords, keys and tokens.
//!
//! ```text
//! labels.rs      a secret behind a word that names it, in the address of a server and in commands
//! sentences.rs   passwords as people say them, and in XML
//! issued.rs      keys that say by their first letters whose they are, private keys, addresses with a secret
//! values.rs      where a secret begins and ends, and what looks like one and is none
//! ```

mod issued;
mod labels;
mod sentences;
mod values;

use super::Scored;
use super::context::Surroundings;
use super::emails;
use super::normal::Seen;
use crate::privacy::recognise::{Kind, RECOGNISERS};
use issued::{KEY_BYTES_MIN, long_words, private, private_key};
use labels::{named, password};
use sentences::{in_sentences, said};
use std::ops::Range;
use values::Patience;

const EMAIL: f32 = 0.95;
const KEY: f32 = 0.95;

/// Bytes of a field's name in the address of a page, at most.
const FIELD_BYTES_MAX: usize = 32;

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

/// Finds what has a mark of its own.
pub fn find(context: &Surroundings<'_>, seen: Seen, scored: &mut Vec<Scored>) {
    let text = context.text;
    let email = |piece: Range<usize>| one(Kind::Email, piece.start, piece.end, EMAIL);
    if seen.has_mark {
        let (mut secret_end, mut patience) = (0, Patience::over(text));
        for at in memchr::memchr3_iter(b'@', b':', b'=', text) {
            match text[at] {
                b'@' => scored.extend(emails::around(text, at..at + 1).map(email)),
                _ if at >= secret_end => {
                    if let Some(secret) = password(text, at, &mut patience) {
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
        keys(text, seen, scored);
    } else {
        long_words(text, 0..text.len(), scored);
        // Of a text as short as that the word which names a secret is the first.
        if seen.has_digit && text.first().is_some_and(|first| first.eq_ignore_ascii_case(&b'p')) {
            scored.extend(said(text, 0));
        }
    }
}

fn one(kind: Kind, start: usize, end: usize, score: f32) -> Scored {
    Scored { start, end, kind, score, row: RECOGNISERS.len(), is_named: false }
}

fn is_key(byte: &u8) -> bool {
    OF_KEYS[*byte as usize]
}

/// Long words that begin as an issuer's keys do, private keys, and secrets behind a word that names them.
fn keys(text: &[u8], seen: Seen, scored: &mut Vec<Scored>) {
    let mut from = 0;
    // What is looked for has capitals or small letters: a text without is not gone through.
    while let Some((start, end)) = seen.has_capital.then(|| private(text, from)).flatten() {
        long_words(text, from..start, scored);
        named(text, from..start, scored);
        from = private_key(text, start, scored).max(end);
    }
    long_words(text, from..text.len(), scored);
    if seen.has_small {
        named(text, from..text.len(), scored);
        in_sentences(text, seen, scored);
    }
}

fn is_letter(byte: &u8) -> bool {
    byte.is_ascii_alphabetic() || *byte >= 0x80
}

fn is_of_word(byte: &u8) -> bool {
    is_letter(byte) || byte.is_ascii_digit() || *byte == b'_'
}
