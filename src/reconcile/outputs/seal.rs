//! Fingerprints that leave the run: under a key, so that nobody without it can try values until one fits.
//!
//! Inside a run a fingerprint is a sum that can be added to and taken from; outside it is 128 bits of HMAC-SHA-256 over that
//! sum. Whoever has the same secret and the same schema gets the same, in another run and at another site. Never in here:
//! where the secret comes from.

use ring::hmac;

/// Bytes of a secret.
pub const SECRET_BYTES: usize = 32;
/// Bytes of a fingerprint that is shown.
const SHOWN_BYTES: usize = 16;

/// The key of a run's fingerprints.
#[derive(Clone)]
pub struct Seal {
    key: hmac::Key,
}

impl Seal {
    /// From a secret.
    pub fn new(secret: &[u8; SECRET_BYTES]) -> Self {
        Seal { key: hmac::Key::new(hmac::HMAC_SHA256, secret) }
    }

    /// Decides the keys of the sums.
    pub(super) fn seed(&self) -> u64 {
        let tag = hmac::sign(&self.key, b"seed/v1");
        tag.as_ref().iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte))
    }

    /// A sum as it is shown: 32 hexadecimal digits.
    pub(super) fn shown(&self, what: &str, parts: &[u128]) -> String {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(what.as_bytes());
        context.update(&[0]);
        parts.iter().for_each(|part| context.update(&part.to_be_bytes()));
        let tag = context.sign();
        tag.as_ref().iter().take(SHOWN_BYTES).map(|byte| format!("{byte:02x}")).collect()
    }
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal")
    }
}
