//! Why a source did not give what was asked, and how the object store's own errors become ours.
//!
//! Never in here: what an object store's error means (`access::meaning`), and any foreign text.

use super::postgres::Powers;
use crate::access::secret::SecretFault;
use crate::access::{IdentityFault, Meaning, meaning};
use crate::data::scratch::ScratchFault;
use crate::data::{Name, NoRoom};
use crate::frame::SqlFault;
use std::fmt;

/// What is not there when a listing is refused so.
pub(super) const BUCKET: &str = "the bucket, container or folder";

/// Why a source did not give what was asked. Names, places and codes; never a value.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The source cannot be reached, or went away (exit 70).
    #[error("source `{from}` went away while {during}{}", answer.as_ref().map(Answer::told).unwrap_or_default())]
    Away {
        /// Source of the environment.
        from: Name,
        /// What was being done: `connecting`, `reading settlements.invoice`.
        during: String,
        /// What it answered, where it did.
        answer: Option<Answer>,
    },
    /// It refused us: password, role, certificate (exit 12), or TLS (13).
    #[error("source `{from}` refused {what}{}", code.as_deref().map(|c| format!(" (SQLSTATE {c})")).unwrap_or_default())]
    Refused {
        /// Source of the environment.
        from: Name,
        /// What it refused, such as `the login of user nightferry_ro`.
        what: String,
        /// SQLSTATE.
        code: Option<String>,
        /// Whether it was TLS that failed.
        tls: bool,
    },
    /// The secret that it would be shown cannot be had (exit 11, or what the fault stands for).
    #[error("there is no secret for source `{from}`: {fault}")]
    NoSecret {
        /// Source of the environment.
        from: Name,
        /// Why.
        fault: SecretFault,
    },
    /// Its shared access signature is over (exit 12).
    #[error("the shared access signature of source `{from}` has expired (`sas`)")]
    SasOver {
        /// Source of the environment.
        from: Name,
    },
    /// It sends us to another address (exit 13).
    #[error("source `{from}` answers with another address while {during}, and no redirect is followed")]
    Elsewhere {
        /// Source of the environment.
        from: Name,
        /// What was being done.
        during: String,
    },
    /// The role may do more than read (exit 12).
    #[error("role `{role}` of source `{from}` may do more than read: {powers}")]
    MayWrite {
        /// Source of the environment.
        from: Name,
        /// The role.
        role: String,
        /// What it may do.
        powers: Powers,
    },
    /// The table, file or column asked for is not there (exit 14).
    #[error("{what} is not there{}", hint.as_deref().map(|h| format!("; {h}")).unwrap_or_default())]
    NotThere {
        /// `table settlements.invoice`, `fixtures/x/settlements.invoice.*`.
        what: String,
        /// What is there instead, by name.
        hint: Option<String>,
    },
    /// The source's columns are not those of the schema (exit 20).
    #[error("{table}: {drift}")]
    Drift {
        /// Table or file.
        table: String,
        /// What differs, columns and types by name.
        drift: String,
    },
    /// The author's SQL was refused by the source (exit 10).
    #[error("the SQL of {what} {refusal}")]
    Sql {
        /// Query file or `where` of a dataset.
        what: String,
        /// Who refused it, and why.
        refusal: SqlRefusal,
    },
    /// Whole tables are needed and do not fit (exit 50).
    #[error("the SQL of {what} {no_room}")]
    Memory {
        /// Query file or `where` of a dataset.
        what: String,
        /// How much fits.
        no_room: NoRoom,
    },
    /// There is no room to put an object aside while it is read (exit 51).
    #[error("{0}")]
    Scratch(#[from] ScratchFault),
    /// An export or a dump that did not come to its end, or of which something is not there (exit 22).
    #[error("{what} is not complete: {why}")]
    Unfinished {
        /// `the export of table settlements.invoice`.
        what: String,
        /// What it lacks, in names and known words.
        why: String,
    },
    /// Input that is torn or not in its format (exit 22).
    #[error("{object} is damaged: {fault}{}", row.map(|r| format!(" at row {r}")).unwrap_or_default())]
    Corrupt {
        /// Object or table.
        object: String,
        /// What is wrong, without the value: `ends inside a row group`, `COPY sent 7 of 9 rows`.
        fault: String,
        /// Ordinal from 0, where known.
        row: Option<u64>,
    },
}

/// Why SQL was refused, in words that follow "the SQL of it".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SqlRefusal {
    /// A database's SQLSTATE.
    Database(String),
    /// The engine over files.
    Frames(SqlFault),
    /// Some cells of a column are of its declared type and others are not, or its files differ.
    Mixed,
}

impl fmt::Display for SqlRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SqlRefusal::Database(code) => write!(f, "was refused (SQLSTATE {code})"),
            SqlRefusal::Frames(fault) => fault.fmt(f),
            SqlRefusal::Mixed => f.write_str("meets a column whose cells are not all of one type"),
        }
    }
}

/// What a source answered, by its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A database's.
    SqlState(String),
    /// An object store's.
    Http(u16),
}

/// What a standby answers that must go on replaying and gives up what it shows: our transaction reads only, so that a primary never
/// says the first of it.
const CONFLICTS: [&str; 2] = ["40001", "57014"];

impl Answer {
    /// As a message has it, with what helps where that is known.
    fn told(&self) -> String {
        match self {
            Answer::SqlState(code) if CONFLICTS.contains(&code.as_str()) => format!(
                " ({self}); hint: on a standby that may be a conflict with recovery: set `hot_standby_feedback = on` there, or a longer \
                 `max_standby_streaming_delay`"
            ),
            _ => format!(" ({self})"),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::SqlState(code) => write!(f, "SQLSTATE {code}"),
            Answer::Http(code) => write!(f, "HTTP {code}"),
        }
    }
}

/// Maps an object store's error, met in the folder of source `from` while doing `during` with `what`.
pub(super) fn fault(from: &Name, during: &str, what: &str, error: &object_store::Error) -> SourceError {
    let not_there = |what: &str| SourceError::NotThere { what: format!("{what} of source `{from}`"), hint: None };
    let refused = |what: &str, tls| SourceError::Refused { from: from.clone(), what: what.into(), code: None, tls };
    let away = |answer| SourceError::Away { from: from.clone(), during: during.to_owned(), answer };
    match meaning(error) {
        Meaning::NotThere => not_there(what),
        Meaning::NotAsNamed(what) => not_there(what),
        Meaning::Refused => refused(during, false),
        Meaning::NoSecret(fault) => SourceError::NoSecret { from: from.clone(), fault },
        Meaning::NoToken(IdentityFault::SasOver) => SourceError::SasOver { from: from.clone() },
        Meaning::NoToken(fault) if fault.is_passing() => away(None),
        Meaning::NoToken(fault) => refused(&format!("us, who have no token: {fault}"), false),
        Meaning::NoCredentials => refused("us, who have no credentials", false),
        Meaning::Elsewhere => SourceError::Elsewhere { from: from.clone(), during: during.to_owned() },
        Meaning::Tls => refused("a verified TLS connection", true),
        Meaning::Away(code) => away(code.map(Answer::Http)),
        // Neither is met where nothing is written.
        Meaning::Full | Meaning::Unable => away(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_keeps_a_standby_from_giving_up_where_it_gave_up_and_nowhere_else() {
        let told = |code: &str| {
            let answer = Some(Answer::SqlState(code.to_owned()));
            let from = Name::new("db").expect("a name");
            SourceError::Away { from, during: "reading a.b".into(), answer }.to_string()
        };
        for code in CONFLICTS {
            let told = told(code);
            let hinted = told.split_once("; hint: ").map(|(answer, _)| answer);
            assert_eq!(hinted, Some(format!("source `db` went away while reading a.b (SQLSTATE {code})").as_str()));
            assert!(told.contains("hot_standby_feedback") && told.contains("max_standby_streaming_delay"), "{told}");
        }
        assert_eq!(told("57P01"), "source `db` went away while reading a.b (SQLSTATE 57P01)");
    }
}
