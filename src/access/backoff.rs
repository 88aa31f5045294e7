//! How long to wait before something is tried again: twice as long each time, and never the same for two who wait.
//!
//! Never in here: what is worth another try, and how often.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// The pause after the `tried`th try: `first`, twice the one before each time, `most` at most; give or take half.
pub fn pause(first: Duration, most: Duration, tried: u32) -> Duration {
    let pause = first.saturating_mul(1 << tried.saturating_sub(1).min(16)).min(most);
    // Every `RandomState` has keys of its own.
    let random = RandomState::new().hash_one(tried) as f64 / u64::MAX as f64;
    pause.mul_f64(0.5 + random)
}
