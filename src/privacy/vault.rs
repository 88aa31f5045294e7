//! The tokens of one domain: value -> random token, known ones and those that this run gave.
//!
//! A token says nothing of its value: only the vault knows, and who takes a row out of the vault leaves a token that stands for
//! nobody. What is held here is a keyed hash of each value and its token, 32 bytes, and the values that are new.
//! Never in here: where the vault lies (`store`), and where randomness comes from.

use super::canonical::Writing;
use ring::hmac;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Hexadecimal digits of a token: 128 random bits.
const TOKEN_DIGITS: usize = 32;

/// What an entry takes in memory, about, with the room that its table keeps.
const ENTRY_BYTES: u64 = 64;

/// Gives random bytes; false when there are none.
pub type Randomness = dyn Fn(&mut [u8]) -> bool + Send + Sync;

/// The tokens of one domain. Threads share it; the first that asks for a value's token gives it.
pub struct Vault {
    key: hmac::Key,
    random: Box<Randomness>,
    bytes_max: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    tokens: HashMap<u128, u128>,
    minted: Vec<Minted>,
    bytes: u64,
    is_full: bool,
}

/// A value and its token, as the vault keeps them.
#[derive(Clone, PartialEq, Eq)]
pub struct Minted {
    /// The value in its canonical writing.
    pub value: String,
    /// Whether it is as it was, because that writing would have lost what tells it from others.
    pub is_exact: bool,
    /// Its token.
    pub token: String,
}

/// Two tokens for one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a value has two tokens")]
pub struct TwoTokens;

/// Why a known token cannot be taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultFault {
    /// The value has another token here.
    #[error(transparent)]
    TwoTokens(#[from] TwoTokens),
    /// It is no token.
    #[error("what should be a token is none")]
    NoToken,
    /// There is no room for more.
    #[error("the tokens of a domain need more memory than there is for them")]
    Full,
}

impl Vault {
    /// An empty one, whose hashes are under `secret`, which need not outlive the run; it takes `bytes_max` at most.
    pub fn new(secret: &[u8; 32], random: Box<Randomness>, bytes_max: u64) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        Vault { key, random, bytes_max, state: Mutex::default() }
    }

    /// Takes in what a vault has. Of a value that has a token here, it must be that token.
    pub fn know(&self, value: &str, is_exact: bool, token: &str) -> Result<(), VaultFault> {
        let known = Some(token).filter(|token| token.len() == TOKEN_DIGITS);
        let token = known.and_then(|token| u128::from_str_radix(token, 16).ok()).ok_or(VaultFault::NoToken)?;
        let hash = self.hash(value, is_exact);
        let mut state = self.state();
        if state.tokens.get(&hash).is_some_and(|known| *known != token) {
            return Err(TwoTokens.into());
        }
        if !state.has_room(ENTRY_BYTES, self.bytes_max) {
            return Err(VaultFault::Full);
        }
        state.tokens.insert(hash, token);
        Ok(())
    }

    /// Appends the token of a value to `out`: the one it has, or else a new one. `None` when there is no room or randomness for it.
    pub(super) fn token(&self, writing: Writing, written: &str, out: &mut String) -> Option<()> {
        let is_exact = writing == Writing::AsItIs;
        let hash = self.hash(written, is_exact);
        let mut guard = self.state();
        let state = &mut *guard;
        let has_room = state.has_room(0, self.bytes_max);
        let token = match state.tokens.entry(hash) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(_) if !has_room => return None,
            Entry::Vacant(vacant) => {
                let mut bytes = [0; 16];
                if !(self.random)(&mut bytes) {
                    return None;
                }
                let token = *vacant.insert(u128::from_be_bytes(bytes));
                state.bytes += 2 * ENTRY_BYTES + 2 * written.len() as u64;
                state.minted.push(Minted { value: written.to_owned(), is_exact, token: text(token) });
                token
            }
        };
        out.push_str(&text(token));
        Some(())
    }

    /// The values that got their token here, in the order in which they came.
    pub fn minted(&self) -> Vec<Minted> {
        self.state().minted.clone()
    }

    /// Values that got their token here.
    pub fn minted_count(&self) -> u64 {
        self.state().minted.len() as u64
    }

    /// Whether a value did not get one for lack of room.
    pub fn is_full(&self) -> bool {
        self.state().is_full
    }

    /// Of a value by itself nothing can be found out from its hash: the key dies with the run.
    fn hash(&self, value: &str, is_exact: bool) -> u128 {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(&[u8::from(is_exact)]);
        context.update(value.as_bytes());
        let mut first = [0; 16];
        first.copy_from_slice(&context.sign().as_ref()[..16]);
        u128::from_be_bytes(first)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A thread that panicked ends the run; what it left is whole, since each change is one insertion.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_room(&mut self, more: u64, bytes_max: u64) -> bool {
        self.is_full |= self.bytes + more > bytes_max;
        self.bytes += if self.is_full { 0 } else { more };
        !self.is_full
    }
}

fn text(token: u128) -> String {
    format!("{token:032x}")
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU8, Ordering};

    fn vault(bytes_max: u64) -> Vault {
        let next = AtomicU8::new(1);
        let random = move |bytes: &mut [u8]| {
            bytes.fill(next.fetch_add(1, Ordering::Relaxed));
            true
        };
        Vault::new(&[7; 32], Box::new(random), bytes_max)
    }

    fn token(vault: &Vault, value: &str) -> Option<String> {
        let mut out = String::new();
        vault.token(Writing::Canonical, value, &mut out).map(|()| out)
    }

    #[test]
    fn gives_a_value_one_token_and_another_value_another() {
        let vault = vault(1 << 20);
        let wren = token(&vault, "wren@example.org").expect("a token");
        assert_eq!(wren.len(), TOKEN_DIGITS);
        assert_eq!(token(&vault, "wren@example.org"), Some(wren.clone()));
        assert_ne!(token(&vault, "tobias@example.org"), Some(wren.clone()));
        let mut as_it_is = String::new();
        vault.token(Writing::AsItIs, "wren@example.org", &mut as_it_is).expect("a token");
        assert_ne!(as_it_is, wren, "what is no address is another value");
        let minted: Vec<_> = vault.minted().into_iter().map(|minted| (minted.value, minted.is_exact)).collect();
        let wren = ("wren@example.org".to_owned(), false);
        assert_eq!(minted, [wren, ("tobias@example.org".into(), false), ("wren@example.org".into(), true)]);
    }

    #[test]
    fn knows_what_the_vault_has_and_refuses_a_second_token() {
        let vault = vault(1 << 20);
        let known = "0123456789abcdef0123456789abcdef";
        assert_eq!(vault.know("wren@example.org", false, known), Ok(()));
        assert_eq!(token(&vault, "wren@example.org").as_deref(), Some(known));
        assert_eq!(vault.minted_count(), 0);
        assert_eq!(vault.know("wren@example.org", false, known), Ok(()));
        let other = known.replace('0', "1");
        assert_eq!(vault.know("wren@example.org", false, &other), Err(VaultFault::TwoTokens(TwoTokens)));
        assert_eq!(vault.know("x", false, "short"), Err(VaultFault::NoToken));
    }

    #[test]
    fn says_when_there_is_no_room() {
        let vault = vault(1000);
        let given = (0..100).take_while(|n| token(&vault, &format!("value {n}")).is_some()).count();
        assert!((2..20).contains(&given) && vault.is_full(), "{given}");
        assert!(token(&vault, "value 0").is_some(), "a known one needs none");
    }
}
