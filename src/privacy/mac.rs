//! HMAC-SHA-256 of many short texts under one key: what pseudonyms and shifts of dates are made of.
//!
//! By RustCrypto's `hmac` and `sha2`, which are in the tree for PostgreSQL's passwords: over a text as long as an e-mail address it
//! takes two thirds of ring's time, since a hash under way is less to copy there. Never in here: what is hashed.

use hmac::{Hmac, KeyInit, Mac as _};
use sha2::Sha256;

/// A key, and what it makes of texts. Debug prints no key.
#[derive(Clone)]
pub struct Mac(Hmac<Sha256>);

/// What it makes of a text.
pub type Tag = [u8; 32];

impl Mac {
    /// With a key of 32 bytes.
    pub fn new(key: &[u8; 32]) -> Self {
        // RFC 2104: a key shorter than a block is filled up with zeros.
        let mut block = [0; 64];
        block[..key.len()].copy_from_slice(key);
        Mac(Hmac::new(&block.into()))
    }

    /// The tag of a text.
    #[inline]
    pub fn of(&self, text: &[u8]) -> Tag {
        self.of_parts(&[text])
    }

    /// The tag of a text that lies in parts.
    #[inline]
    pub fn of_parts(&self, parts: &[&[u8]]) -> Tag {
        let mut hash = self.0.clone();
        parts.iter().for_each(|part| hash.update(part));
        hash.finalize().into_bytes().into()
    }
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

    proptest! {
        #[test]
        fn tags_are_those_of_another_maker_however_the_text_is_cut(key: [u8; 32], text: Vec<u8>, at: usize) {
            let other = ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key), &text);
            let (first, second) = text.split_at(at % (text.len() + 1));
            let mac = Mac::new(&key);
            prop_assert_eq!(mac.of(&text), other.as_ref());
            prop_assert_eq!(mac.of_parts(&[first, second]), other.as_ref());
            prop_assert_eq!(format!("{mac:?}"), "Mac");
        }
    }
}
