//! How long a server that cannot take us just now is asked again: with a pause that grows, never the same for two who wait.
//!
//! Never in here: what is lost when a session ends. A session that was there and is gone is not waited for.

use super::login::{Login, enter};
use crate::access::backoff;
use crate::data::Name;
use crate::failpoint;
use crate::job::PostgresSpec;
use crate::source::{Answer, SourceError};
use sqlx::PgConnection;
use std::time::Duration;

/// Times that a connection is tried: for room, in ten minutes or so.
const TRIES_FOR_ROOM_MAX: u32 = 36;
/// The same for a server that does not answer.
const TRIES_FOR_RETURN_MAX: u32 = 8;
/// The first pause.
const PAUSE_FIRST: Duration = Duration::from_millis(500);
/// The longest.
const PAUSE_MAX: Duration = Duration::from_secs(20);

/// Too many connections, of the server, the database or the role.
const FULL: &str = "53300";
/// The server is starting, or on its way down.
const STARTING: &str = "57P03";

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// A free connection, and a server that is starting.
    ForRoom,
    /// These, and a server that was there a moment ago and does not answer.
    ForItsReturn,
}

/// Connects, in so many tries.
pub async fn connect_patiently(
    from: &Name,
    spec: &PostgresSpec,
    login: &Login,
    waits: Waits,
) -> Result<PgConnection, SourceError> {
    let mut tried = 0;
    loop {
        let entered = failpoint::around("database.open", enter(from, spec, login)).await;
        let error = match entered {
            Ok(connection) => return Ok(connection),
            Err(error) => error,
        };
        tried += 1;
        let tries_max = match waits {
            Waits::ForRoom => TRIES_FOR_ROOM_MAX,
            Waits::ForItsReturn => TRIES_FOR_RETURN_MAX,
        };
        if tried >= tries_max || !passes(&error, waits) {
            return Err(error);
        }
        tracing::info!(source = %from, tried, "the server cannot take a connection now: {error}");
        tokio::time::sleep(pause(tried)).await;
    }
}

fn passes(error: &SourceError, waits: Waits) -> bool {
    match error {
        SourceError::Away { answer: Some(Answer::SqlState(code)), .. } => {
            code == FULL || code == STARTING || waits == Waits::ForItsReturn
        }
        SourceError::Away { .. } => waits == Waits::ForItsReturn,
        _ => false,
    }
}

/// The pause after the `tried`th try.
fn pause(tried: u32) -> Duration {
    backoff::pause(PAUSE_FIRST, PAUSE_MAX, tried)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_longer_each_time_and_never_too_long() {
        for (tried, least, most) in [(1, 250, 750), (2, 500, 1_500), (4, 2_000, 6_000), (7, 10_000, 30_000)] {
            let pause = pause(tried).as_millis();
            assert!((least..=most).contains(&pause), "{tried}: {pause}");
        }
        assert!((2..20).any(|_| pause(3) != pause(3)), "two who wait come back together");
    }

    #[test]
    fn waits_for_what_passes_and_for_nothing_else() {
        let from = || Name::new("db").expect("a name");
        let away = |code: Option<&str>| SourceError::Away {
            from: from(),
            during: "connecting".into(),
            answer: code.map(|code| Answer::SqlState(code.into())),
        };
        let refused = SourceError::Refused { from: from(), what: "the login".into(), code: None, tls: false };
        let passed = |waits| {
            [&away(Some("53300")), &away(Some("57P03")), &away(None), &refused].map(|error| passes(error, waits))
        };
        assert_eq!(passed(Waits::ForRoom), [true, true, false, false]);
        assert_eq!(passed(Waits::ForItsReturn), [true, true, true, false]);
    }
}
