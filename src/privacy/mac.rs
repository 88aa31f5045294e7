//! HMAC-SHA-256 of many short texts under one key: what pseudonyms and shifts of dates are made of.
//!
//! By RustCrypto's `hmac` and `sha2`, which are in the tree for PostgreSQL's passwords: over a text as long as an e-mail address it
//! takes two thirds of ring's time, since a hash under way is less to copy there. A text that fits one block, as nearly all do, is
//! hashed by `sha2`'s compression alone, twice, from where the key leaves both hashes: what is made for texts of any length costs
//! half as much again. Never in here: what is hashed.

use hmac::{Hmac, KeyInit, Mac as _};
use sha2::Sha256;
use sha2::block_api::compress256;

/// A key, and what it makes of texts. Debug prints no key.
#[derive(Clone)]
pub struct Mac {
    /// For texts of any length.
    any: Hmac<Sha256>,
    /// SHA-256 behind the block of the key, of the hash within and of the hash around it.
    inner: State,
    outer: State,
}

/// SHA-256 under way, between two blocks.
type State = [u32; 8];

/// Where SHA-256 begins. FIPS 180-4, 5.3.3.
const BEGIN: State =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];
/// Bytes of a block, and of the count of bits that ends the last one.
const BLOCK: usize = 64;
const COUNT: usize = 8;
/// Bytes of the longest text that leaves room in its block for its end.
const SHORT_MAX: usize = BLOCK - COUNT - 1;
/// Behind the last byte that is hashed. FIPS 180-4, 5.1.1.
const END: u8 = 0x80;
/// What a key's block is made from. RFC 2104, 2.
const INNER_PAD: u8 = 0x36;
const OUTER_PAD: u8 = 0x5c;

/// What it makes of a text.
pub type Tag = [u8; 32];

impl Mac {
    /// With a key of 32 bytes.
    pub fn new(key: &[u8; 32]) -> Self {
        // RFC 2104: a key shorter than a block is filled up with zeros.
        let mut block = [0; BLOCK];
        block[..key.len()].copy_from_slice(key);
        let behind = |pad: u8| {
            let mut state = BEGIN;
            compress256(&mut state, &[block.map(|byte| byte ^ pad)]);
            state
        };
        Mac { any: Hmac::new(&block.into()), inner: behind(INNER_PAD), outer: behind(OUTER_PAD) }
    }

    /// The tag of a text.
    #[inline]
    pub fn of(&self, text: &[u8]) -> Tag {
        self.of_parts(&[text])
    }

    /// The tag of a text that lies in parts.
    #[inline]
    pub fn of_parts(&self, parts: &[&[u8]]) -> Tag {
        let bytes: usize = parts.iter().map(|part| part.len()).sum();
        if bytes > SHORT_MAX {
            let mut hash = self.any.clone();
            parts.iter().for_each(|part| hash.update(part));
            return hash.finalize().into_bytes().into();
        }
        let (mut block, mut at) = (ended_behind(bytes), 0);
        for part in parts {
            block[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
        let within = ended(self.inner, &block);
        let mut block = ended_behind(within.len());
        block[..within.len()].copy_from_slice(&within);
        ended(self.outer, &block)
    }
}

/// The second and last block of a hash, with room for so many bytes, at most [`SHORT_MAX`].
fn ended_behind(bytes: usize) -> [u8; BLOCK] {
    debug_assert!(bytes <= SHORT_MAX);
    let mut block = [0; BLOCK];
    block[bytes] = END;
    let bits = 8 * (BLOCK + bytes) as u64;
    block[BLOCK - COUNT..].copy_from_slice(&bits.to_be_bytes());
    block
}

/// What a hash comes to whose last block this is.
fn ended(mut state: State, block: &[u8; BLOCK]) -> Tag {
    compress256(&mut state, std::slice::from_ref(block));
    let mut tag = Tag::default();
    for (bytes, word) in tag.chunks_exact_mut(4).zip(state) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    tag
}

impl std::fmt::Debug for Mac {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mac")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_of_every_length_about_a_block_have_the_tags_of_another_maker() {
        let (key, text) = ([7; 32], [0xa5; 3 * BLOCK]);
        let other = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key);
        for length in 0..text.len() {
            let tag = Mac::new(&key).of(&text[..length]);
            assert_eq!(tag, ring::hmac::sign(&other, &text[..length]).as_ref(), "{length} bytes");
        }
    }

    proptest! {
        #[test]
        fn tags_are_those_of_another_maker_however_the_text_is_cut(
            key: [u8; 32], text in proptest::collection::vec(any::<u8>(), 0..130), at: usize,
        ) {
            let other = ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key), &text);
            let (first, second) = text.split_at(at % (text.len() + 1));
            let mac = Mac::new(&key);
            prop_assert_eq!(mac.of(&text), other.as_ref());
            prop_assert_eq!(mac.of_parts(&[first, second]), other.as_ref());
            prop_assert_eq!(format!("{mac:?}"), "Mac");
        }
    }
}
