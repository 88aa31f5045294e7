//! How a dataset's table is written, as its job says it: `write` and `period`, and what they need of the schema.
//!
//! Never in here: which rows there are (`rows_file`).

use super::job_file::{Dataset, Placed, Written};
use super::merge_file::read_merge;
use super::shape::nearest;
use super::tree::{Node, Text};
use crate::data::{ColumnType, Every, Name, Schema};
use crate::problem::Problems;

/// Reads `write` and `period`. `None` when they do not go together.
pub fn read_write(text: &Text, node: &Node, problems: &mut Problems) -> Option<Written> {
    let period = node.get("period");
    let write = node.get("write").and_then(Node::text);
    let is_by_period = write == Some("replace_period");
    if let Some(merge) = node.get("merge").filter(|_| write != Some("merge")) {
        let hint = "without it the whole table or period is written every time".to_owned();
        problems.add("E-JOB-MERGE", text.place(merge.span.start), "`merge` goes with `write = \"merge\"`", Some(hint));
    }
    let mut told = |node: &Node, message: &str, hint: &str| {
        problems.add("E-JOB-PERIOD", text.place(node.span.start), message, Some(hint.into()));
        None
    };
    match (is_by_period, period) {
        (false, None) if write == Some("merge") => read_merge(text, node, problems),
        (false, None) => Some(Written::Replace),
        (false, Some(period)) => told(
            period,
            "`period` goes with `write = \"replace_period\"`",
            "the others write all that there is, whatever its day",
        ),
        (true, None) => told(
            node.get("write")?,
            "`replace_period` needs a `period`",
            "such as period = { by = \"settlement_date\", every = \"day\" }",
        ),
        (true, Some(period)) => {
            let by = period.get("by")?;
            let every = period.get("every").and_then(Node::text)?;
            Some(Written::ReplacePeriod {
                by: Placed { value: Name::new(by.text()?).ok()?, at: by.span.start },
                every: Every::ALL.into_iter().find(|known| known.as_str() == every)?,
            })
        }
    }
}

/// Tells what the schema has against a dataset's way of being written.
pub fn check_write(text: &Text, dataset: &Dataset, schema: &Schema, problems: &mut Problems) {
    let Written::ReplacePeriod { by, .. } = &dataset.write else { return };
    let Placed { value: by, at } = by;
    let names: Vec<&str> = schema.columns.iter().map(|column| column.name.as_str()).collect();
    let Some(column) = schema.column(by.as_str()) else {
        let message = format!("unknown column `{by}`");
        return problems.add("E-JOB-COLUMN", text.place(*at), message, Some(nearest(by.as_str(), &names)));
    };
    let mut told = |message: String, hint: &str| {
        problems.add("E-JOB-PERIOD", text.place(*at), message, Some(hint.into()));
    };
    if !matches!(column.column_type, ColumnType::Date | ColumnType::Timestamptz) {
        let message = format!("column `{by}` is {}, which says no period", column.column_type);
        told(message, "a date does, or a timestamptz; a timestamp without a zone is no moment");
    }
    if column.nullable {
        told(format!("column `{by}` may be NULL, and such a row is of no period"), "a period's column is not nullable");
    }
    // Then no two periods have a row of the same key: whatever moves is another row.
    if !schema.is_key(by) {
        let message =
            format!("column `{by}` is no part of the key: a row that moves to another period would be there twice");
        told(message, "a period's column is one of the schema's `key`");
    }
    if column.class.is_personal() {
        let message = format!("column `{by}` is `{}`, and a table's log tells its periods", column.class);
        told(message, "a period is named by a column that is `open` or `internal`");
    }
}
