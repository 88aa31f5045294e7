//! State of a table now and at an earlier version -> the text of the entry that goes back. Pure.
//!
//! The files are named again as that version named them, statistics and tags too; those that came since are removed.

use super::action::{Action, Remove, Txn};
use super::entry::info;
use super::log::TableState;
use std::collections::BTreeMap;

/// A commit that goes back, decided.
#[derive(Clone, Debug)]
pub struct Back {
    /// The version whose rows the table gets.
    pub to: u64,
    /// The application and its counter.
    pub transaction: (String, i64),
    /// Milliseconds since 1970.
    pub at_ms: i64,
    /// What the commit says of itself, beside time, operation and engine.
    pub info: Vec<(&'static str, Option<String>)>,
}

/// The text of the entry that follows `now` and has the rows of `then`.
pub fn back_entry(now: &TableState, then: &TableState, back: &Back) -> Result<String, serde_json::Error> {
    let parameters = serde_json::json!({ "version": back.to.to_string() });
    let mut actions = vec![Action::CommitInfo(info("RESTORE", parameters, back.at_ms, &back.info))];
    if now.metadata != then.metadata {
        actions.extend(then.metadata.clone().map(|metadata| Action::MetaData(Box::new(metadata))));
    }
    let (app_id, version) = back.transaction.clone();
    actions.push(Action::Txn(Txn { app_id, version, last_updated: Some(back.at_ms) }));
    let gone = now.files.values().filter(|file| !then.files.contains_key(&file.path));
    actions.extend(gone.map(|file| {
        Action::Remove(Remove {
            path: file.path.clone(),
            deletion_timestamp: Some(back.at_ms),
            data_change: true,
            extended_file_metadata: Some(true),
            partition_values: Some(BTreeMap::new()),
            size: Some(file.size),
        })
    }));
    actions.extend(then.files.values().filter(|file| !now.files.contains_key(&file.path)).cloned().map(Action::Add));
    let lines = actions.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
    Ok(lines.join("\n") + "\n")
}
