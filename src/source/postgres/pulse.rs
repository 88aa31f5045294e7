//! Whether a silent server is at work or its line is cut. A line that is cut without a word (a NAT that forgot it, a host that
//! is gone) looks like a long sort: TCP itself tells the two apart after a quarter of an hour, and only to whoever sends.
//!
//! A second connection asks what the first one's backend does. Where the backend waits for us to take what it sends, and
//! nothing comes, the line is cut; where no second connection can be made, there is no server. It comes in by the password that is
//! right now, as a new session does. One that is not let in has seen nothing, and nothing is no sign of life.
//!
//! Never in here: a row. The second connection would show another moment.

use super::login::{Login, enter};
use crate::data::Name;
use crate::failpoint;
use crate::job::PostgresSpec;
use crate::source::{Answer, SourceError};
use futures::{FutureExt, Stream, StreamExt};
use sqlx::{Connection, PgConnection, Row};
use std::time::Duration;

/// Longest silence of a server at work. A sort of a large table may take long before its first row.
const SILENCE_SECONDS_MAX: u64 = 30 * 60;

/// Longest time to answer what is no matter of rows: columns, types, a plan. Longer than a lock is waited for.
const ANSWER_SECONDS_MAX: u64 = 60;

/// Whether a backend waits for its client; no row where there is no such backend.
const ACTIVITY: &str = "\
    SELECT a.wait_event_type = 'Client' FROM pg_catalog.pg_stat_activity a WHERE a.pid = $1";

/// Whose pulse is felt, and by whom.
pub struct Pulse {
    name: Name,
    spec: PostgresSpec,
    login: Login,
    backend: i32,
}

/// What a silent server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beat {
    /// Its backend works, or the server has no room to tell.
    Working,
    /// Its backend waits for us.
    Sending,
    /// There is no backend, or no server.
    Gone,
    /// The server does not let us in.
    Unseen,
}

impl Beat {
    /// What a connection that was not made says of another.
    fn of_none(error: &SourceError) -> Self {
        match error {
            SourceError::Refused { .. } | SourceError::NotThere { .. } => Beat::Unseen,
            SourceError::Away { answer: Some(Answer::SqlState(_)), .. } => Beat::Working,
            _ => Beat::Gone,
        }
    }
}

impl Pulse {
    /// Of the backend at the other end of `connection`.
    pub async fn of(
        name: &Name,
        spec: &PostgresSpec,
        login: &Login,
        connection: &mut PgConnection,
    ) -> Result<Self, sqlx::Error> {
        let query = sqlx::query("SELECT pg_catalog.pg_backend_pid()");
        let backend = failpoint::around("database.pulse", query.fetch_one(connection)).await?.try_get(0)?;
        Ok(Pulse { name: name.clone(), spec: spec.clone(), login: login.clone(), backend })
    }

    /// The next of `messages`, however long the server works on it; an error says how long nothing came.
    pub async fn next<T>(&self, messages: &mut (impl Stream<Item = T> + Unpin)) -> Result<Option<T>, Duration> {
        let stall_max = Duration::from_secs(self.spec.login.stall_seconds_max);
        let mut silent = Duration::ZERO;
        while silent.as_secs() < SILENCE_SECONDS_MAX {
            if let Ok(message) = tokio::time::timeout(stall_max / 2, messages.next()).await {
                return Ok(message);
            }
            silent += stall_max / 2;
            let last = match self.feel(stall_max / 4).await {
                Beat::Working => continue,
                // It may have begun to send this very moment.
                Beat::Sending => tokio::time::timeout(stall_max / 4, messages.next()).await.ok(),
                Beat::Gone => messages.next().now_or_never(),
                Beat::Unseen => {
                    if let Ok(message) = tokio::time::timeout(stall_max / 8, messages.next()).await {
                        return Ok(message);
                    }
                    // A password is another at the server for a moment before it is where it is read: asked once more.
                    if self.feel(stall_max / 8).await == Beat::Working {
                        continue;
                    }
                    messages.next().now_or_never()
                }
            };
            return last.ok_or(stall_max);
        }
        Err(silent)
    }

    /// What the backend does, found out within `within`.
    async fn feel(&self, within: Duration) -> Beat {
        tokio::time::timeout(within, self.ask()).await.unwrap_or(Beat::Gone)
    }

    async fn ask(&self) -> Beat {
        let entered = enter(&self.name, &self.spec, &self.login);
        let mut connection = match failpoint::around("database.pulse", entered).await {
            Ok(connection) => connection,
            Err(error) => return Beat::of_none(&error),
        };
        let query = sqlx::query(ACTIVITY).bind(self.backend);
        let found = failpoint::around("database.pulse", query.fetch_optional(&mut connection)).await;
        let beat = match found.map(|row| row.map(|row| row.try_get::<Option<bool>, _>(0))) {
            Ok(Some(Ok(Some(true)))) => Beat::Sending,
            Ok(Some(_)) => Beat::Working,
            Ok(None) | Err(_) => Beat::Gone,
        };
        // A pulse is over when it is felt, however the goodbye goes.
        let _ = failpoint::around("database.pulse", connection.close()).await;
        beat
    }
}

/// What the server answers, if it does so in time.
pub async fn answered<T>(
    from: &Name,
    during: &str,
    answer: impl Future<Output = Result<T, SourceError>>,
) -> Result<T, SourceError> {
    answered_within(from, during, Duration::from_secs(ANSWER_SECONDS_MAX), answer).await
}

/// What the server answers, if it does so within `within`.
pub async fn answered_within<T>(
    from: &Name,
    during: &str,
    within: Duration,
    answer: impl Future<Output = Result<T, SourceError>>,
) -> Result<T, SourceError> {
    let in_time = tokio::time::timeout(within, answer).await;
    let late =
        || SourceError::Away { from: from.clone(), during: format!("{during}: no answer in time"), answer: None };
    in_time.unwrap_or_else(|_| Err(late()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_that_is_refused_is_no_sign_of_life() {
        let from = || Name::new("db").expect("a name");
        let away = |answer| SourceError::Away { from: from(), during: "connecting".into(), answer };
        let refused = |code: &str, tls| {
            let what = "the login of `reader`".to_owned();
            SourceError::Refused { from: from(), what, code: Some(code.to_owned()), tls }
        };
        let beats = [
            refused("28P01", false),
            refused("28000", false),
            SourceError::NotThere { what: "database `town`".into(), hint: None },
            away(Some(Answer::SqlState("53300".into()))),
            away(None),
        ]
        .map(|error| Beat::of_none(&error));
        assert_eq!(beats, [Beat::Unseen, Beat::Unseen, Beat::Unseen, Beat::Working, Beat::Gone]);
    }

    #[tokio::test]
    async fn an_answer_that_does_not_come_in_time_is_a_source_that_went_away() {
        let from = Name::new("db").expect("a name");
        let never = std::future::pending::<Result<(), SourceError>>();
        let late = answered_within(&from, "keeping the snapshot", Duration::from_millis(1), never).await;
        let told = late.expect_err("an error").to_string();
        assert_eq!(told, "source `db` went away while keeping the snapshot: no answer in time");
    }
}
