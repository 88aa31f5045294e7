//! `nightferry table ..`: a published table between its nights.
//!
//! ```text
//! open.rs      `STORE/TABLE` -> the store, opened, and the table
//! versions.rs  what there is            verify.rs    every object against its manifest
//! compare.rs   the two clouds           rollback.rs  an earlier version as the next one
//! gc.rs        what nobody names        failover.rs  the other cloud takes over
//! ddl.rs       a view of it for readers of SQL
//! ```
//!
//! Never in here: a value of the data. Versions, paths, hashes and counts only.

mod compare;
mod ddl;
mod failover;
mod gc;
mod open;
mod rollback;
mod verify;
mod versions;

use super::files;
use crate::failure::Failure;
use crate::report::DdlFor;
use open::Place;
use serde::Serialize;
use std::io::Write;

/// What is asked of `table`.
#[derive(Clone, Debug)]
pub struct TableRequest {
    /// What is wanted.
    pub what: TableWhat,
    /// The environment's name.
    pub environment: String,
    /// The result as JSON.
    pub json: bool,
}

/// What is wanted; a table is named `STORE/TABLE`.
#[derive(Clone, Debug)]
pub enum TableWhat {
    /// Its versions.
    Versions(String),
    /// Every object of it, looked at.
    Verify(String),
    /// Its two clouds, held against each other.
    Compare(String),
    /// An earlier version as the next one.
    Rollback {
        /// The table.
        table: String,
        /// The version.
        to: u64,
        /// Why.
        reason: String,
    },
    /// A view of it, for readers of SQL.
    Ddl {
        /// The table.
        table: String,
        /// For whom.
        target: DdlFor,
        /// The url of the folder that holds it, or the lakehouse.
        at: Option<String>,
        /// The schema of the view.
        schema: String,
    },
    /// What nobody names, taken away.
    Gc {
        /// The table.
        table: String,
        /// Days that a version stays readable after another took its place.
        keep_days: u32,
        /// Whether anything is written or deleted.
        apply: bool,
    },
    /// Another epoch of a store.
    Failover {
        /// The store.
        store: String,
        /// The epoch.
        epoch: u64,
        /// Why.
        reason: String,
        /// Whether it is raised.
        apply: bool,
    },
}

/// Does what is asked of a published table.
pub async fn table(request: TableRequest, out: &mut dyn Write) -> u8 {
    let TableRequest { what, environment, json } = request;
    let came = match &what {
        TableWhat::Versions(table) => versions::versions(&environment, table).await,
        TableWhat::Verify(table) => verify::verify(&environment, table).await,
        TableWhat::Compare(table) => compare::compare(&environment, table).await,
        TableWhat::Rollback { table, to, reason } => rollback::rollback(&environment, table, *to, reason).await,
        TableWhat::Ddl { table, target, at, schema } => {
            ddl::ddl(&environment, table, *target, at.as_deref(), schema).await
        }
        TableWhat::Gc { table, keep_days, apply } => gc::gc(&environment, table, *keep_days, *apply).await,
        TableWhat::Failover { store, epoch, reason, apply } => {
            failover::failover(&environment, store, *epoch, reason, *apply).await
        }
    };
    match came {
        Err(failure) => files::tell_as(json, &failure, out),
        Ok(Told { face, value, failure }) => {
            // A closed pipe is the reader's choice.
            let _ = match json {
                true => writeln!(out, "{value}"),
                false => write!(out, "{face}"),
            };
            failure.map_or(0, |failure| files::tell(&failure))
        }
    }
}

/// What it came to: for people, for programs, and how it ends where that is not well.
struct Told {
    face: String,
    value: serde_json::Value,
    failure: Option<Failure>,
}

impl Told {
    fn new(face: String, value: &impl Serialize) -> Self {
        Told { face, value: serde_json::json!(value), failure: None }
    }

    fn ending(self, failure: Option<Failure>) -> Self {
        Told { failure, ..self }
    }
}
