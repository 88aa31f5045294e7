//! One secret of the environment -> the keys of each domain of pseudonyms: one for tokens, one for FF1, one for dates.
//!
//! HKDF-SHA-256 (RFC 5869): salt `nightferry/tokens/v1`, info `domain/<name>`, then `/ff1` or `/date_shift` for those uses, then
//! `/v<n>` from version 2 on; 32 bytes each. Two domains, uses or versions share nothing, so a token of one says nothing about
//! another; and the secret of the fingerprints (info `fingerprints`) nothing about any. The key of people who are to be forgotten
//! (info `forgotten`) has no version: new pseudonyms bring nobody back. Never in here: where the secret comes from (`access`).

use super::ff1::Ff1;
use super::mac::Mac;
use super::vault::Vault;
use crate::data::Name;
use ring::hkdf;
use std::collections::HashMap;
use std::sync::Arc;

/// Fewest bytes a secret may have: the security strength of what is derived from it.
pub const SECRET_BYTES_MIN: usize = 32;

/// The key that the environment `dev` uses: public, so for invented people only.
pub const TEST_SECRET: &[u8; 32] = b"nightferry-test-key-not-a-secret";

/// No value is written like this: values have no NUL. The number is that of the [one writing](super::canonical) of values: where another
/// is used, tokens are others, and whoever compares checks must not take them for the same.
const CHECKED: &[u8] = b"nightferry\0check\x002";

const SALT: &[u8] = b"nightferry/tokens/v1";

/// The keys of a run's domains. Debug prints names only.
pub struct Keys {
    domains: HashMap<Name, Domain>,
    fingerprints: Option<[u8; 32]>,
    forgotten: Option<Mac>,
    vaults: HashMap<Name, Arc<Vault>>,
}

/// The keys of one domain.
struct Domain {
    token: Mac,
    dates: Mac,
    ff1: Ff1,
}

/// A secret that is too short to be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key for tokens has fewer than {SECRET_BYTES_MIN} bytes")]
pub struct SecretTooShort;

impl Keys {
    /// No domain at all: for jobs without `hmac`.
    pub fn none() -> Self {
        Keys { domains: HashMap::new(), fingerprints: None, forgotten: None, vaults: HashMap::new() }
    }

    /// The same with the vaults of some domains.
    pub fn with_vaults(self, vaults: HashMap<Name, Arc<Vault>>) -> Self {
        Keys { vaults, ..self }
    }

    /// The vault of a domain's tokens.
    pub fn vault(&self, domain: &Name) -> Option<&Arc<Vault>> {
        self.vaults.get(domain)
    }

    /// The keys of each of `domains`, from `secret`, in their first version.
    pub fn derive(secret: &[u8], domains: impl IntoIterator<Item = Name>) -> Result<Self, SecretTooShort> {
        Self::derive_version(secret, 1, domains)
    }

    /// The same in a version from 1: another version gives other values for everything.
    pub fn derive_version(
        secret: &[u8],
        version: u32,
        domains: impl IntoIterator<Item = Name>,
    ) -> Result<Self, SecretTooShort> {
        if secret.len() < SECRET_BYTES_MIN {
            return Err(SecretTooShort);
        }
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, SALT).extract(secret);
        let version = if version > 1 { format!("/v{version}") } else { String::new() };
        let keys = |domain: Name| {
            // 32 bytes is within HKDF's bound of 255 hashes, so expanding cannot fail.
            let of = |usage: &str| {
                let info = [b"domain/", domain.as_str().as_bytes(), usage.as_bytes(), version.as_bytes()];
                let mut key = [0; 32];
                root.expand(&info, hkdf::HKDF_SHA256).and_then(|okm| okm.fill(&mut key)).ok()?;
                Some(key)
            };
            let (token, dates) = (Mac::new(&of("")?), Mac::new(&of("/date_shift")?));
            let of_domain = Domain { token, dates, ff1: Ff1::new(&of("/ff1")?).ok()? };
            Some((domain.clone(), of_domain))
        };
        let mut fingerprints = [0; 32];
        let info = [b"fingerprints".as_slice(), version.as_bytes()];
        let filled = root.expand(&info, hkdf::HKDF_SHA256).and_then(|okm| okm.fill(&mut fingerprints));
        let domains = domains.into_iter().filter_map(keys).collect();
        let mut forgotten = [0; 32];
        let of_forgotten =
            root.expand(&[b"forgotten".as_slice()], hkdf::HKDF_SHA256).and_then(|okm| okm.fill(&mut forgotten));
        let forgotten = of_forgotten.ok().map(|()| Mac::new(&forgotten));
        Ok(Keys { domains, fingerprints: filled.ok().map(|()| fingerprints), forgotten, vaults: HashMap::new() })
    }

    /// The secret of fingerprints that other runs and sites with the same secret share; `None` without one.
    pub fn fingerprints(&self) -> Option<&[u8; 32]> {
        self.fingerprints.as_ref()
    }

    /// Tells one key of a domain from another and says nothing else of it: 16 hex digits of its HMAC of a fixed text.
    pub fn check(&self, domain: &Name) -> Option<String> {
        self.get(domain).map(checked)
    }

    /// The key of people who are to be forgotten, and what tells it from another; `None` without a secret.
    pub fn forgotten(&self) -> Option<(&Mac, String)> {
        self.forgotten.as_ref().map(|key| (key, checked(key)))
    }

    /// The key of a domain's tokens.
    pub fn get(&self, domain: &Name) -> Option<&Mac> {
        self.domains.get(domain).map(|domain| &domain.token)
    }

    /// The key that says how far a domain's dates are moved.
    pub fn dates(&self, domain: &Name) -> Option<&Mac> {
        self.domains.get(domain).map(|domain| &domain.dates)
    }

    /// The permutation of a domain's numbers and texts.
    pub fn ff1(&self, domain: &Name) -> Option<&Ff1> {
        self.domains.get(domain).map(|domain| &domain.ff1)
    }
}

fn checked(key: &Mac) -> String {
    key.of(CHECKED)[..8].iter().map(|byte| format!("{byte:02x}")).collect()
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
        keys.get(&domain(name)).expect("a key").of(b"a@example.org").to_vec()
    }

    #[test]
    fn gives_each_domain_its_own_key_and_the_same_one_every_time() {
        let keys = Keys::derive(TEST_SECRET, [domain("people"), domain("banks")]).expect("keys");
        let again = Keys::derive(TEST_SECRET, [domain("people")]).expect("keys");
        assert_ne!(token(&keys, "people"), token(&keys, "banks"));
        assert_eq!(token(&keys, "people"), token(&again, "people"));
    }

    #[test]
    fn gives_each_use_and_version_its_own_key() {
        let people = domain("people");
        let of = |version| Keys::derive_version(TEST_SECRET, version, [domain("people")]).expect("keys");
        let tag = |key: Option<&Mac>| key.expect("a key").of(b"x");
        let card = |keys: &Keys| keys.ff1(&people).and_then(|ff1| ff1.number(4_000_000_000, u128::MAX));
        let (one, two) = (of(1), of(2));
        assert_ne!(tag(one.get(&people)), tag(one.dates(&people)));
        assert_ne!(tag(one.get(&people)), tag(two.get(&people)));
        assert_ne!(tag(one.dates(&people)), tag(two.dates(&people)));
        assert_ne!(card(&one), card(&two));
        assert_eq!(token(&one, "people"), token(&Keys::derive(TEST_SECRET, [people.clone()]).expect("keys"), "people"));
        assert_ne!(one.check(&people), two.check(&people));
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
