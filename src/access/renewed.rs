//! What is good for a while, kept until shortly before its end and then asked for again: a token, credentials.
//!
//! One asks, the others wait for what it gets. What may pass is asked again a few times.
//!
//! Never in here: whom to ask, and anything on a disk.

use super::backoff::pause;
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// How long before its end a thing is no longer shown.
const EARLY: TimeDelta = TimeDelta::minutes(5);
/// How often somebody is asked for one.
const TRIES_MAX: u32 = 5;

/// What is held, with its end.
pub(super) struct Renewed<T>(Mutex<Option<(Arc<T>, DateTime<Utc>)>>);

impl<T> std::fmt::Debug for Renewed<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Renewed").finish_non_exhaustive()
    }
}

impl<T> Default for Renewed<T> {
    fn default() -> Self {
        Renewed(Mutex::new(None))
    }
}

impl<T> Renewed<T> {
    /// What is held, or what `ask` gives at a moment, with its end; asked again where its fault may pass.
    pub async fn get<A, E>(
        &self,
        ask: impl Fn(DateTime<Utc>) -> A,
        is_passing: impl Fn(&E) -> bool,
    ) -> Result<Arc<T>, E>
    where
        A: Future<Output = Result<(T, DateTime<Utc>), E>>,
    {
        let mut held = self.0.lock().await;
        let now = Utc::now();
        if let Some((of, _)) = held.as_ref().filter(|(_, until)| *until - EARLY > now) {
            return Ok(Arc::clone(of));
        }
        let mut tried = 0;
        loop {
            tried += 1;
            match ask(Utc::now()).await {
                Ok((fresh, until)) => return Ok(Arc::clone(&held.insert((Arc::new(fresh), until)).0)),
                Err(fault) if is_passing(&fault) && tried < TRIES_MAX => {
                    tokio::time::sleep(pause(Duration::from_millis(200), Duration::from_secs(3), tried)).await;
                }
                Err(fault) => return Err(fault),
            }
        }
    }
}
