//! sqlx's errors -> ours: the SQLSTATE and what we were doing, never the server's text, which may quote a value.

use super::certificate::reason;
use crate::data::Name;
use crate::source::{Answer, SourceError, SqlRefusal};
use std::io::ErrorKind;

/// What was being done, in the words of a message.
#[derive(Clone, Copy, Debug)]
pub enum During<'a> {
    /// Making the connection.
    Connecting {
        /// Role.
        user: &'a str,
        /// Database.
        database: &'a str,
    },
    /// Taking the snapshot.
    Beginning,
    /// Keeping a session that has nothing to do.
    Waiting,
    /// Reading a table.
    Table(&'a str),
    /// Running the author's SQL (a query file, or a table's `where`).
    Sql(&'a str),
}

/// The error in our words.
pub fn fault(from: &Name, error: &sqlx::Error, during: During<'_>) -> SourceError {
    let code = error.as_database_error().and_then(|error| error.code()).map(|code| code.into_owned());
    match &code {
        Some(code) => told(from, code, during),
        None => silent(from, error, during),
    }
}

/// The server said why. Source of the classes: PostgreSQL 15, appendix A.
fn told(from: &Name, code: &str, during: During<'_>) -> SourceError {
    let away = || SourceError::Away {
        from: from.clone(),
        during: doing(during),
        answer: Some(Answer::SqlState(code.to_owned())),
    };
    let refused =
        |what: String| SourceError::Refused { from: from.clone(), what, code: Some(code.to_owned()), tls: false };
    let not_there = |what: String| SourceError::NotThere { what, hint: None };
    let damaged = |object: &str| SourceError::Corrupt {
        object: object.to_owned(),
        fault: format!("the server found damaged data (SQLSTATE {code})"),
        row: None,
    };
    match (code, during) {
        ("3D000", During::Connecting { database, .. }) => not_there(format!("database `{database}`")),
        ("42501", During::Connecting { database, .. }) => refused(format!("database `{database}`")),
        (_, During::Connecting { user, .. }) if code.starts_with("28") => refused(format!("the login of `{user}`")),
        (_, During::Connecting { .. } | During::Beginning | During::Waiting) => away(),
        ("XX001" | "XX002", During::Table(what) | During::Sql(what)) => damaged(what),
        ("42501", During::Table(what) | During::Sql(what)) => refused(format!("reading {what}")),
        ("42P01" | "3F000", During::Table(what)) => not_there(format!("table {what}")),
        // Connection, resources, serialisation, locks, an operator's hand, the system, a snapshot too old, the server itself.
        (_, _) if ["08", "53", "40", "55", "57", "58", "72", "XX"].iter().any(|class| code.starts_with(class)) => {
            away()
        }
        (_, During::Table(what) | During::Sql(what)) => {
            SourceError::Sql { what: what.to_owned(), refusal: SqlRefusal::Database(code.to_owned()) }
        }
    }
}

/// Nobody said why: the line or its encryption.
fn silent(from: &Name, error: &sqlx::Error, during: During<'_>) -> SourceError {
    let tls = match error {
        sqlx::Error::Tls(error) => Some(reason(&error.to_string())),
        // rustls' refusal of a certificate comes as invalid data; PostgreSQL's own words never do.
        sqlx::Error::Io(error) if error.kind() == ErrorKind::InvalidData => Some(reason(&error.to_string())),
        // A key that is none.
        sqlx::Error::Configuration(error) => Some(reason(&error.to_string())),
        _ => None,
    };
    match (during, tls) {
        (During::Connecting { .. }, Some(reason)) => {
            let what = format!("a verified TLS connection: {reason}");
            SourceError::Refused { from: from.clone(), what, code: None, tls: true }
        }
        _ => SourceError::Away { from: from.clone(), during: doing(during), answer: None },
    }
}

fn doing(during: During<'_>) -> String {
    match during {
        During::Connecting { .. } => "connecting".into(),
        During::Beginning => "taking the snapshot".into(),
        During::Waiting => "keeping the snapshot".into(),
        During::Table(what) | During::Sql(what) => format!("reading {what}"),
    }
}
