//! One secret of the environment -> one HMAC key for each domain of pseudonyms.
//!
//! HKDF-SHA-256 (RFC 5869): salt `nightferry/tokens/v1`, info `domain/<name>`, 32 bytes. Two domains share nothing, so a
//! token of one says nothing about the other; and the secret of the fingerprints (info `fingerprints`) nothing about either.
//! Never in here: where the secret comes from (`access`).

use crate::data::Name;
use ring::{hkdf, hmac};
use std::collections::HashMap;

/// Fewest bytes a secret may have: the security strength of what is derived from it.
pub const SECRET_BYTES_MIN: usize = 32;

/// The key that the environment `dev` uses: public, so for invented people only.
pub const TEST_SECRET: &[u8; 32] = b"nightferry-test-key-not-a-secret";

/// No value is written like this: values have no NUL.
const CHECKED: &[u8] = b"nightferry\0check";

const SALT: &[u8] = b"nightferry/tokens/v1";

/// The keys of a run's domains. Debug prints names only.
pub struct Keys {
    domains: HashMap<Name, hmac::Key>,
    fingerprints: Option<[u8; 32]>,
}

/// So many bytes are asked of HKDF.
struct Bytes32;

impl hkdf::KeyType for Bytes32 {
    fn len(&self) -> usize {
        32
    }
}

/// A secret that is too short to be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key for tokens has fewer than {SECRET_BYTES_MIN} bytes")]
pub struct SecretTooShort;

impl Keys {
    /// No domain at all: for jobs without `hmac`.
    pub fn none() -> Self {
        Keys { domains: HashMap::new(), fingerprints: None }
    }

    /// A key for each of `domains`, from `secret`.
    pub fn derive(secret: &[u8], domains: impl IntoIterator<Item = Name>) -> Result<Self, SecretTooShort> {
        if secret.len() < SECRET_BYTES_MIN {
            return Err(SecretTooShort);
        }
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, SALT).extract(secret);
        let mut keys = HashMap::new();
        for domain in domains {
            let info = [b"domain/".as_slice(), domain.as_str().as_bytes()];
            // 32 bytes is within HKDF's bound of 255 hashes, so expanding cannot fail.
            let key = root.expand(&info, hmac::HMAC_SHA256).map(hmac::Key::from);
            keys.extend(key.into_iter().map(|key| (domain.clone(), key)));
        }
        let mut fingerprints = [0; 32];
        let filled = root.expand(&[b"fingerprints"], Bytes32).and_then(|key| key.fill(&mut fingerprints));
        Ok(Keys { domains: keys, fingerprints: filled.ok().map(|()| fingerprints) })
    }

    /// The secret of fingerprints that other runs and sites with the same secret share; `None` without one.
    pub fn fingerprints(&self) -> Option<&[u8; 32]> {
        self.fingerprints.as_ref()
    }

    /// Tells one key of a domain from another and says nothing else of it: 16 hex digits of its HMAC of a fixed text.
    pub fn check(&self, domain: &Name) -> Option<String> {
        let tag = hmac::sign(self.get(domain)?, CHECKED);
        Some(tag.as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The key of a domain.
    pub fn get(&self, domain: &Name) -> Option<&hmac::Key> {
        self.domains.get(domain)
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.domains.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(name: &str) -> Name {
        Name::new(name).expect("a name")
    }

    fn token(keys: &Keys, name: &str) -> Vec<u8> {
        hmac::sign(keys.get(&domain(name)).expect("a key"), b"a@example.org").as_ref().to_vec()
    }

    #[test]
    fn gives_each_domain_its_own_key_and_the_same_one_every_time() {
        let keys = Keys::derive(TEST_SECRET, [domain("people"), domain("banks")]).expect("keys");
        let again = Keys::derive(TEST_SECRET, [domain("people")]).expect("keys");
        assert_ne!(token(&keys, "people"), token(&keys, "banks"));
        assert_eq!(token(&keys, "people"), token(&again, "people"));
    }

    #[test]
    fn tells_keys_apart_without_telling_them() {
        let of = |secret: &[u8]| Keys::derive(secret, [domain("people")]).expect("keys").check(&domain("people"));
        assert_eq!(of(TEST_SECRET), of(TEST_SECRET));
        assert_ne!(of(TEST_SECRET), of(b"nightferry-test-key-not-a-secreT"));
        assert_eq!(of(TEST_SECRET).map(|check| check.len()), Some(16));
        assert_eq!(Keys::none().check(&domain("people")), None);
    }

    #[test]
    fn refuses_a_short_secret() {
        assert_eq!(Keys::derive(b"short", []).err(), Some(SecretTooShort));
    }
}
