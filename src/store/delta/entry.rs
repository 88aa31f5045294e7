//! State of a table + new files -> the exact text of its next entry. Pure: the same input gives the same bytes, so whoever
//! completes a commit writes what its author would have written.

use super::action::{Action, Add, Format, MetaData, Protocol, Remove, Txn, encode_path};
use super::layout;
use super::log::TableState;
use super::stats::stats_text;
use crate::store::mutant::{self, Mutant};
use crate::store::staging::StagedPart;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What becomes of the files that are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They are no longer part of the table.
    Replace,
    /// They stay.
    Append,
    /// Those of some periods are no longer part of it; the new ones are marked with theirs.
    Periods {
        /// The column that says when a row belongs.
        by: String,
        /// Paths, as in `add`.
        gone: BTreeSet<String>,
    },
    /// Those whose rows are in the new ones, or nowhere any more.
    Merge {
        /// Paths, as in `add`.
        gone: BTreeSet<String>,
    },
}

impl Mode {
    fn removes(&self, path: &str) -> bool {
        match self {
            Mode::Replace => !mutant::is(Mutant::OldFilesStay),
            Mode::Append => false,
            Mode::Periods { gone, .. } | Mode::Merge { gone } => gone.contains(path),
        }
    }

    fn tags(&self, part: &StagedPart) -> Option<BTreeMap<String, String>> {
        match self {
            Mode::Replace | Mode::Append | Mode::Merge { .. } => None,
            Mode::Periods { by, .. } => Some(layout::tags(by, part.period?)),
        }
    }
}

/// A commit, decided.
#[derive(Clone, Debug)]
pub struct Commit<'a> {
    /// What becomes of the files that are there.
    pub mode: Mode,
    /// The table's name.
    pub name: &'a str,
    /// What it is, for people.
    pub description: &'a str,
    /// Delta's schema, as JSON text.
    pub schema_text: String,
    /// Properties of the table: whose it is.
    pub configuration: BTreeMap<String, String>,
    /// Id of the table if this is its first commit.
    pub table_id: String,
    /// New files.
    pub parts: &'a [StagedPart],
    /// The application and its counter.
    pub transaction: (String, i64),
    /// What the commit says of itself, beside time, operation and engine.
    pub info: Vec<(&'static str, Option<String>)>,
    /// Milliseconds since 1970, one for the whole night.
    pub at_ms: i64,
}

/// The text of the entry that follows `state`.
pub fn entry(state: &TableState, commit: &Commit) -> Result<String, serde_json::Error> {
    let mode = match &commit.mode {
        Mode::Replace | Mode::Periods { .. } | Mode::Merge { .. } => "Overwrite",
        Mode::Append => "Append",
    };
    let parameters = serde_json::json!({ "mode": mode, "partitionBy": "[]" });
    let mut actions = vec![Action::CommitInfo(info("WRITE", parameters, commit.at_ms, &commit.info))];
    if state.version.is_none() {
        actions.push(Action::Protocol(Protocol { min_reader_version: 1, min_writer_version: 2 }));
    }
    let metadata = metadata(state, commit);
    if state.metadata.as_ref() != Some(&metadata) {
        actions.push(Action::MetaData(Box::new(metadata)));
    }
    let (app_id, version) = commit.transaction.clone();
    actions.push(Action::Txn(Txn { app_id, version, last_updated: Some(commit.at_ms) }));
    actions.extend(state.files.values().filter(|file| commit.mode.removes(&file.path)).map(|file| {
        Action::Remove(Remove {
            path: file.path.clone(),
            deletion_timestamp: Some(commit.at_ms),
            data_change: true,
            extended_file_metadata: Some(true),
            partition_values: Some(BTreeMap::new()),
            size: Some(file.size),
        })
    }));
    actions.extend(commit.parts.iter().map(|part| {
        Action::Add(Add {
            path: encode_path(&part.path),
            partition_values: BTreeMap::new(),
            size: part.bytes,
            modification_time: commit.at_ms,
            data_change: true,
            stats: stats_text(part),
            tags: commit.mode.tags(part),
        })
    }));
    let lines = actions.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
    Ok(lines.join("\n") + "\n")
}

/// What a commit says of itself, in the order in which it is written.
pub(super) fn info(
    operation: &str,
    parameters: Value,
    at_ms: i64,
    more: &[(&'static str, Option<String>)],
) -> Map<String, Value> {
    let mut info = Map::new();
    info.insert("timestamp".into(), at_ms.into());
    info.insert("operation".into(), operation.into());
    info.insert("operationParameters".into(), parameters);
    info.insert("engineInfo".into(), concat!("nightferry/", env!("CARGO_PKG_VERSION")).into());
    info.extend(more.iter().filter_map(|(key, value)| Some(((*key).to_owned(), value.clone()?.into()))));
    info
}

fn metadata(state: &TableState, commit: &Commit) -> MetaData {
    let before = state.metadata.as_ref();
    MetaData {
        id: before.map_or_else(|| commit.table_id.clone(), |before| before.id.clone()),
        name: Some(commit.name.to_owned()),
        description: Some(commit.description.to_owned()),
        format: Format { provider: "parquet".into(), options: BTreeMap::new() },
        schema_string: commit.schema_text.clone(),
        partition_columns: Vec::new(),
        configuration: commit.configuration.clone(),
        created_time: before.map_or(Some(commit.at_ms), |before| before.created_time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Period;
    use crate::store::delta::log::actions;

    fn part(path: &str) -> StagedPart {
        StagedPart { path: path.into(), bytes: 10, rows: 2, sha256: "ab".into(), columns: Vec::new(), period: None }
    }

    fn commit<'a>(mode: Mode, parts: &'a [StagedPart]) -> Commit<'a> {
        Commit {
            mode,
            name: "invoice",
            description: "Invoices.",
            schema_text: r#"{"type":"struct","fields":[]}"#.into(),
            configuration: BTreeMap::from([("nightferry.job".into(), "settlements".into())]),
            table_id: "0199".into(),
            parts,
            transaction: ("nightferry:settlements".into(), 0),
            info: vec![("nightferry.run", Some("0199".into())), ("nightferry.snapshot", None)],
            at_ms: 1_700_000_000_000,
        }
    }

    fn kinds(text: &str) -> Vec<&'static str> {
        let kind = |action: &Action| match action {
            Action::CommitInfo(_) => "commitInfo",
            Action::Protocol(_) => "protocol",
            Action::MetaData(_) => "metaData",
            Action::Txn(_) => "txn",
            Action::Remove(_) => "remove",
            Action::Add(_) => "add",
        };
        actions(text.as_bytes()).expect("actions").iter().map(kind).collect()
    }

    fn after(state: &TableState, text: &str) -> TableState {
        let mut next = state.clone();
        for action in actions(text.as_bytes()).expect("actions") {
            match action {
                Action::Add(add) => {
                    next.files.insert(add.path.clone(), add);
                }
                Action::Remove(remove) => {
                    next.files.remove(&remove.path);
                }
                Action::MetaData(metadata) => next.metadata = Some(*metadata),
                _ => {}
            }
        }
        next.version = Some(state.next_version());
        next
    }

    #[test]
    fn replaces_every_file_and_repeats_the_metadata_only_when_it_changes() {
        let nothing = TableState::default();
        let (first_parts, second_parts) = ([part("run=a/part-0"), part("run=a/part-1")], [part("run=b/part-0")]);
        let first = entry(&nothing, &commit(Mode::Replace, &first_parts)).expect("a text");
        assert_eq!(kinds(&first), ["commitInfo", "protocol", "metaData", "txn", "add", "add"]);
        let state = after(&nothing, &first);
        let second = entry(&state, &commit(Mode::Replace, &second_parts)).expect("a text");
        assert_eq!(kinds(&second), ["commitInfo", "txn", "remove", "remove", "add"]);
        assert_eq!(after(&state, &second).files.keys().collect::<Vec<_>>(), ["run=b/part-0"]);
        let mut wider = commit(Mode::Append, &second_parts);
        wider.schema_text = r#"{"type":"struct","fields":[{}]}"#.into();
        let third = entry(&state, &wider).expect("a text");
        assert_eq!(kinds(&third), ["commitInfo", "metaData", "txn", "add"]);
        assert_eq!(after(&state, &third).metadata.expect("metadata").id, "0199");
    }

    #[test]
    fn takes_the_files_of_a_period_away_and_leaves_the_others() {
        let day = |day: u32| Period::day(chrono::NaiveDate::from_ymd_opt(2026, 3, day).expect("a day"));
        let periods = |gone: &[&str]| Mode::Periods {
            by: "day".into(),
            gone: gone.iter().map(|path| (*path).to_owned()).collect(),
        };
        let first = [28, 29].map(|n| StagedPart { period: Some(day(n)), ..part(&format!("run=a/part-{n}")) });
        let first = entry(&TableState::default(), &commit(periods(&[]), &first)).expect("a text");
        let state = after(&TableState::default(), &first);
        let gone = layout::gone(&state, "day", &[day(29)]).expect("whole files");
        let again = [StagedPart { period: Some(day(29)), ..part("run=b/part-0") }];
        let second = entry(&state, &commit(Mode::Periods { by: "day".into(), gone }, &again)).expect("a text");
        assert_eq!(kinds(&second), ["commitInfo", "txn", "remove", "add"]);
        let state = after(&state, &second);
        assert_eq!(state.files.keys().collect::<Vec<_>>(), ["run=a/part-28", "run=b/part-0"]);
        let tags = state.files["run=b/part-0"].tags.as_ref().expect("tags");
        assert_eq!(tags, &layout::tags("day", day(29)));
    }

    #[test]
    fn gives_the_same_bytes_for_the_same_commit() {
        let parts = [part("run=a/part-0")];
        let texts = [0, 1].map(|_| entry(&TableState::default(), &commit(Mode::Replace, &parts)).expect("a text"));
        assert_eq!(texts[0], texts[1]);
    }
}
