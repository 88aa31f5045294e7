//! The parts of a table -> one object of its plain copy.
//!
//! Never in here: what the copy says of itself, and when it is made (`plain`).

use super::absent::name;
use super::delta::action::{Action, Add};
use super::delta::layout::period_of;
use super::delta::listing::list_from;
use super::delta::log::{TableState, actions, read};
use super::fault::{StoreError, damaged};
use super::mutant::{self, Mutant};
use super::table::read_part;
use super::upload::{Upload, Uploaded};
use crate::access::Folder;
use crate::data::Period;
use crate::format::parquet_join::{JoinFault, Joined};
use bytes::Bytes;
use serde_json::Value;
use std::collections::BTreeMap;

/// The objects that a copy of a table has, by name: the period, and the parts in the order of their paths.
pub(super) type Groups<'a> = BTreeMap<String, (Option<Period>, Vec<&'a Add>)>;

/// The objects of a copy of `state`.
pub(super) fn groups(state: &TableState) -> Groups<'_> {
    let mut groups = Groups::new();
    for add in state.files.values() {
        let period = period_of(add);
        let path = match period {
            Some(period) => format!("period={}.parquet", period.to_string().replace("..", "_")),
            None => "all.parquet".to_owned(),
        };
        groups.entry(path).or_insert_with(|| (period, Vec::new())).1.push(add);
    }
    groups
}

/// The run that published a version, as its commit says.
pub(super) async fn run_of(table: &Folder, version: u64) -> Result<Option<String>, StoreError> {
    let text = read(table, version).await?;
    let found = actions(&text).ok().and_then(|actions| {
        actions.into_iter().find_map(|action| match action {
            Action::CommitInfo(info) => info.get("nightferry.run").and_then(Value::as_str).map(str::to_owned),
            _ => None,
        })
    });
    Ok(found)
}

/// Whether no version came after `version`.
pub(super) async fn is_newest(table: &Folder, version: u64) -> Result<bool, StoreError> {
    let versions = list_from(table, Some(version)).await?.versions;
    Ok(mutant::is(Mutant::StalledCopyGoesOn) || versions.last().is_none_or(|last| *last <= version))
}

/// Joins the parts of `version` into one object; gives what was uploaded, and its rows. `None`, and nothing of it is there, where a later
/// version or another writer came meanwhile: however long this one stood still, it does not end over what they wrote.
pub(super) async fn join(
    table: &Folder,
    plain: &Folder,
    (dataset, version, path): (&str, u64, &str),
    parts: &[&Add],
) -> Result<Option<(Uploaded, u64)>, StoreError> {
    let mut upload = Upload::over(plain, plain.at(path), "store.put.plain").await?;
    match written(&mut upload, table, (dataset, version, path), parts).await {
        Ok(Some(rows)) => Ok(upload.finish().await?.map(|uploaded| (uploaded, rows))),
        other => {
            upload.abort().await;
            other.map(|_| None)
        }
    }
}

/// Joins the parts into `upload`, but for its end; gives its rows. `None` where a later version came meanwhile.
async fn written(
    upload: &mut Upload<'_>,
    table: &Folder,
    (dataset, version, path): (&str, u64, &str),
    parts: &[&Add],
) -> Result<Option<u64>, StoreError> {
    let failed = |fault: JoinFault| {
        let fault = match fault {
            JoinFault::Unreadable => "a file of it is no Parquet",
            JoinFault::Columns => "its files have other columns than each other: no plain copy can be made of it",
            JoinFault::Writer => "its files do not join",
        };
        damaged(table, format!("table `{dataset}`"), fault)
    };
    let mut joined: Option<Joined> = None;
    for part in parts {
        // What is decoded is what was written, and one part at a time is in memory.
        let bytes: Bytes = read_part(table, dataset, part).await?;
        let into = match &mut joined {
            Some(joined) => joined,
            none => none.insert(Joined::begin(&bytes).map_err(failed)?),
        };
        let next = into.append(&bytes).map_err(failed)?;
        drop(bytes);
        upload.write(&next).await?;
    }
    let joined = joined
        .ok_or_else(|| StoreError::NotThere { store: table.label().to_owned(), what: name(table, &table.at(path)) })?;
    let (last, rows) = joined.finish().map_err(failed)?;
    upload.write(&last).await?;
    Ok(is_newest(table, version).await?.then_some(rows))
}
