//! Whose a table is: the environment and the job that its properties name.
//!
//! Never in here: who may see it; that is its store's audience.

use super::delta::log::TableState;
use super::fault::StoreError;
use super::part::sha256;
use crate::access::Folder;
use std::collections::BTreeMap;

/// Property of a table: the environment whose data it holds.
const STAMP: &str = "nightferry.stamp";
/// Property of a table: the job that may write it.
pub(super) const JOB: &str = "nightferry.job";

/// Who writes a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner<'a> {
    /// Stamp of the environment.
    pub(super) stamp: &'a str,
    /// The job.
    pub(super) job: &'a str,
}

impl Owner<'_> {
    /// Refuses a table that holds another environment's data, or that another job or tool writes.
    pub(super) fn check(&self, table: &Folder, name: &str, state: &TableState) -> Result<(), StoreError> {
        if state.version.is_none() {
            return Ok(());
        }
        let store = table.label().to_owned();
        match state.property(STAMP) {
            Some(theirs) if theirs != self.stamp => {
                let (theirs, ours) = (theirs.to_owned(), self.stamp.to_owned());
                return Err(StoreError::Stamp { store, what: format!("table `{name}`"), theirs, ours });
            }
            _ => {}
        }
        let theirs = match state.property(JOB) {
            Some(job) if job == self.job => return Ok(()),
            Some(job) => format!("job `{job}`"),
            None => "somebody else".to_owned(),
        };
        Err(StoreError::Owner { store, table: name.to_owned(), theirs, ours: self.job.to_owned() })
    }

    /// What a table's properties say.
    pub(super) fn properties(&self) -> BTreeMap<String, String> {
        // The log is the only one there is: nobody else may shorten it.
        [(STAMP, self.stamp), (JOB, self.job), ("delta.enableExpiredLogCleanup", "false")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into()
    }
}

/// An id for a new table that everyone who completes its first commit agrees on: from a hash, in the form of a UUID of
/// version 8 (RFC 9562).
pub(super) fn table_id(of: &[&str]) -> String {
    let hash = sha256(of.join("\n").as_bytes());
    format!("{}-{}-8{}-8{}-{}", &hash[..8], &hash[8..12], &hash[12..15], &hash[15..18], &hash[18..30])
}
