//! Which files of a table hold which period, and which of them a new night takes the place of. Pure.
//!
//! A file of a table that is written by periods holds the rows of one period, and its `add` says which in `tags`: the
//! protocol's place for what a writer says of a file, which no reader takes for a column. A partition column would say the
//! same to everybody, but every reader would show it, and take it out of the file. The tags are in the table's own log, so
//! that nothing has to be kept beside it.
//!
//! Whoever rewrites the files (another tool that compacts them, a job that wrote the whole table at once) leaves none of
//! our tags: then nobody knows what a period's files are, and the night is refused rather than guessed at.
//!
//! Never in here: periods that have no rows; the commit names them (`log`).

use super::action::Add;
use super::log::{Published, TableState};
use crate::data::Period;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What a commit says of its periods: every one of them, with a blank between.
pub const PERIODS: &str = "nightferry.periods";
/// What a commit says of its rows: when the source was read.
pub const EXTRACTED_AT: &str = "nightferry.extractedAt";
/// What a commit says of the changes it merged: the moment of the extract that they are from. No later one is known than the
/// commit itself, so the moment advances with it and never without.
pub const MERGED_TO: &str = "nightferry.mergedTo";
/// What a commit that goes back says of all the periods that the table has then: each with the moment (milliseconds since
/// 1970) that it is of and the run that published it.
pub const HELD: &str = "nightferry.held";
/// Tag of a file: its period.
const PERIOD: &str = "nightferry.period";
/// Tag of a file: the column that says when a row belongs.
const BY: &str = "nightferry.period.by";
/// Property of a table: its columns, each with type and treatment, as JSON.
pub const COLUMNS: &str = "nightferry.columns";

/// Why a table cannot take a period.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LayoutFault {
    /// It was written at once, or rewritten by somebody.
    #[error("its files say no period: they hold the whole table, or somebody rewrote them")]
    Unmarked,
    /// Its periods are those of another column.
    #[error("its periods are by another column than `{by}`")]
    By {
        /// The column that is asked for now.
        by: String,
    },
    /// A longer period of it holds the one that is asked for.
    #[error("it holds {theirs} in one piece, and {ours} is a part of it")]
    Straddles {
        /// The table's.
        theirs: Period,
        /// The one that is asked for.
        ours: Period,
    },
    /// Files stay whose columns are of another type, or were treated otherwise.
    #[error("column `{column}` was of another type or treatment in the periods that stay, or is no more")]
    Column {
        /// The column.
        column: String,
    },
}

/// What the `add` of a file says.
pub fn tags(by: &str, period: Period) -> BTreeMap<String, String> {
    BTreeMap::from([(BY.to_owned(), by.to_owned()), (PERIOD.to_owned(), period.to_string())])
}

/// The period whose rows a file holds, where it says one.
pub fn period_of(add: &Add) -> Option<Period> {
    Period::parse(add.tags.as_ref()?.get(PERIOD)?)
}

/// What a commit says of all periods that a table has; `None` where it has none by itself.
pub fn held_text(periods: &BTreeMap<Period, Published>) -> Option<String> {
    let one = |(period, of): (&Period, &Published)| format!("{period}|{}|{}", of.as_of_ms, of.run);
    (!periods.is_empty()).then(|| periods.iter().map(one).collect::<Vec<_>>().join(" "))
}

/// What [`held_text`] wrote.
pub fn held_of(text: &str) -> Option<BTreeMap<Period, Published>> {
    let one = |text: &str| {
        let mut parts = text.splitn(3, '|');
        let (period, as_of_ms, run) = (Period::parse(parts.next()?)?, parts.next()?.parse().ok()?, parts.next()?);
        Some((period, Published { as_of_ms, run: run.to_owned() }))
    };
    text.split(' ').map(one).collect()
}

/// The files that hold rows of `periods`, and of nothing else.
pub fn gone(state: &TableState, by: &str, periods: &[Period]) -> Result<BTreeSet<String>, LayoutFault> {
    let mut gone = BTreeSet::new();
    for file in state.files.values() {
        let tag = |name: &str| file.tags.as_ref()?.get(name);
        let period = tag(PERIOD).and_then(|period| Period::parse(period)).ok_or(LayoutFault::Unmarked)?;
        if tag(BY).is_none_or(|theirs| theirs != by) {
            return Err(LayoutFault::By { by: by.to_owned() });
        }
        for ours in periods.iter().filter(|ours| ours.meets(period)) {
            if !ours.holds(period) {
                return Err(LayoutFault::Straddles { theirs: period, ours: *ours });
            }
            gone.insert(file.path.clone());
        }
    }
    Ok(gone)
}

/// Refuses columns that the files which stay were not made with. A new column is well: it is NULL in them.
pub fn check_columns(state: &TableState, gone: &BTreeSet<String>, columns: &str) -> Result<(), LayoutFault> {
    if state.files.keys().all(|path| gone.contains(path)) {
        return Ok(());
    }
    let read = |text: &str| serde_json::from_str::<BTreeMap<String, Value>>(text).unwrap_or_default();
    let (before, now) = (read(state.property(COLUMNS).unwrap_or_default()), read(columns));
    match before.iter().find(|(column, made)| now.get(*column) != Some(made)) {
        Some((column, _)) => Err(LayoutFault::Column { column: column.clone() }),
        None if before.is_empty() => Err(LayoutFault::Unmarked),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::delta::action::{Format, MetaData};

    fn period(text: &str) -> Period {
        Period::parse(text).expect("a period")
    }

    fn state(files: &[Option<&str>], columns: &str) -> TableState {
        let file = |(n, of): (usize, &Option<&str>)| {
            let add = Add {
                path: format!("part-{n}"),
                partition_values: BTreeMap::new(),
                size: 1,
                modification_time: 0,
                data_change: true,
                stats: None,
                tags: of.map(|of| tags("day", period(of))),
            };
            (add.path.clone(), add)
        };
        let metadata = MetaData {
            id: "x".into(),
            name: None,
            description: None,
            format: Format { provider: "parquet".into(), options: BTreeMap::new() },
            schema_string: String::new(),
            partition_columns: Vec::new(),
            configuration: BTreeMap::from([(COLUMNS.to_owned(), columns.to_owned())]),
            created_time: None,
        };
        let files = files.iter().enumerate().map(file).collect();
        TableState { metadata: Some(metadata), files, ..TableState::default() }
    }

    fn named(gone: Result<BTreeSet<String>, LayoutFault>) -> Vec<String> {
        gone.expect("whole files").into_iter().collect()
    }

    #[test]
    fn takes_exactly_the_files_of_the_periods() {
        let days = state(&[Some("2026-03-28"), Some("2026-03-29"), Some("2026-03-29"), Some("2026-04-01")], "{}");
        assert_eq!(named(gone(&days, "day", &[period("2026-03-29")])), ["part-1", "part-2"]);
        assert_eq!(named(gone(&days, "day", &[period("2026-03-30")])), Vec::<String>::new());
        // A longer period takes the shorter ones in it.
        assert_eq!(named(gone(&days, "day", &[period("2026-03-01..2026-03-31")])), ["part-0", "part-1", "part-2"]);
    }

    #[test]
    fn refuses_what_it_would_have_to_guess() {
        let month = state(&[Some("2026-03-01..2026-03-31")], "{}");
        let (theirs, ours) = (period("2026-03-01..2026-03-31"), period("2026-03-29"));
        assert_eq!(gone(&month, "day", &[ours]), Err(LayoutFault::Straddles { theirs, ours }));
        assert_eq!(gone(&month, "other", &[theirs]), Err(LayoutFault::By { by: "other".into() }));
        let rewritten = state(&[Some("2026-03-29"), None], "{}");
        assert_eq!(gone(&rewritten, "day", &[ours]), Err(LayoutFault::Unmarked));
    }

    #[test]
    fn lets_columns_be_added_and_no_other_be_changed_while_files_stay() {
        let made = r#"{"amount":"numeric(14,2) keep","owner":"text label"}"#;
        let state = state(&[Some("2026-03-28"), Some("2026-03-29")], made);
        let one = BTreeSet::from(["part-0".to_owned()]);
        let all = BTreeSet::from(["part-0".to_owned(), "part-1".to_owned()]);
        let wider = r#"{"amount":"numeric(14,2) keep","owner":"text label","unit":"text keep"}"#;
        assert_eq!(check_columns(&state, &one, made), Ok(()));
        assert_eq!(check_columns(&state, &one, wider), Ok(()));
        for (other, column) in [
            (r#"{"amount":"numeric(16,2) keep","owner":"text label"}"#, "amount"),
            (r#"{"amount":"numeric(14,2) keep","owner":"text hmac (people) 1f"}"#, "owner"),
            (r#"{"amount":"numeric(14,2) keep"}"#, "owner"),
        ] {
            assert_eq!(check_columns(&state, &one, other), Err(LayoutFault::Column { column: column.into() }));
            assert_eq!(check_columns(&state, &all, other), Ok(()));
        }
    }
}
