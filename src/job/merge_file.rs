//! `write = "merge"` as a job says it, and what it needs of the schema, the source and the rest of the job.
//!
//! What cannot be done soundly is refused here: a comparison of a part of the rows with a topic, a check over a part of them, a
//! key that the stores do not show as it is.
//!
//! Never in here: the other ways of writing (`write_file`).

use super::environment_file::Environment;
use super::job_file::{Check, Dataset, Job, Placed, Written};
use super::shape::nearest;
use super::tree::{Node, Text};
use crate::data::{ColumnType, Name, Schema, Treatment};
use crate::privacy::treatment;
use crate::problem::Problems;
use crate::reconcile::Deleted;
use crate::reconcile::claims::Claim;

/// Longest `lag`: a month.
const LAG_SECONDS_MAX: i64 = 31 * 86_400;

/// Reads `merge`. `None` when it is not there, or its `lag` is no duration.
pub fn read_merge(text: &Text, node: &Node, problems: &mut Problems) -> Option<Written> {
    let mut told = |node: &Node, message: &str, hint: &str| {
        problems.add("E-JOB-MERGE", text.place(node.span.start), message, Some(hint.into()));
        None
    };
    let Some(merge) = node.get("merge") else {
        let hint = "such as merge = { watermark = \"updated_at\", lag = \"15m\", deleted = \"remove\" }";
        return told(node.get("write")?, "`merge` needs to know what has changed", hint);
    };
    let (watermark, lag) = (merge.get("watermark")?, merge.get("lag")?);
    let Some(lag_seconds) = seconds(lag.text()?) else {
        return told(lag, "`merge.lag` is no length of time", "from \"1s\" to \"31d\": a whole number of s, m, h or d");
    };
    Some(Written::Merge {
        watermark: Placed { value: Name::new(watermark.text()?).ok()?, at: watermark.span.start },
        lag_seconds,
        deleted: match merge.get("deleted").and_then(Node::text)? {
            "keep" => Deleted::Keep,
            _ => Deleted::Remove,
        },
    })
}

/// `15m` in seconds.
pub(super) fn seconds(text: &str) -> Option<i64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let number: i64 = text[..digits].parse().ok()?;
    let unit = match &text[digits..] {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    number.checked_mul(unit).filter(|seconds| (1..=LAG_SECONDS_MAX).contains(seconds))
}

/// Tells what the schema, the environment and the rest of the job have against a merge.
pub fn check_merge(job: &Job, dataset: &Dataset, schema: &Schema, environment: &Environment, problems: &mut Problems) {
    let Written::Merge { watermark: Placed { value: watermark, at }, .. } = &dataset.write else { return };
    let names: Vec<&str> = schema.columns.iter().map(|column| column.name.as_str()).collect();
    let place = |at: usize| job.text.place(at);
    match schema.column(watermark.as_str()) {
        None => {
            let hint = nearest(watermark.as_str(), &names);
            problems.add("E-JOB-COLUMN", place(*at), format!("unknown column `{watermark}`"), Some(hint));
        }
        Some(column) if column.column_type != ColumnType::Timestamptz || column.nullable => {
            let message = format!("column `{watermark}` does not say of every row when it was changed");
            let hint = "a watermark is a timestamptz that is not nullable";
            problems.add("E-JOB-MERGE", place(*at), message, Some(hint.into()));
        }
        Some(_) => {}
    }
    let mut told = |message: String, hint: &str| {
        problems.add("E-JOB-MERGE", place(dataset.at), message, Some(hint.into()));
    };
    let name = &dataset.name;
    if dataset.reconcile.is_some() {
        let hint = "the extract has the changed rows alone, and the topic tells of all: \"replace\" and \"replace_period\" can be compared";
        told(format!("dataset `{name}` merges, and cannot be compared with a topic"), hint);
    }
    if dataset.bad_rows_max > 0 {
        let hint = "a row that is set aside would look like one that the table lacks: bad_rows_max = 0";
        told(format!("dataset `{name}` merges, and lets bad rows pass"), hint);
    }
    let audience = |store: &Name| environment.stores.get(store).map(|store| store.audience);
    if dataset
        .to
        .iter()
        .filter_map(|store| audience(&store.value))
        .any(|audience| schema.suppress_rows.contains_key(&audience))
    {
        let hint = "a row that is left out would look like one that the table lacks: \"replace\" and \"replace_period\" can leave rows out";
        told(format!("dataset `{name}` merges, and leaves rows out for an audience"), hint);
    }
    if dataset.to.iter().filter_map(|store| audience(&store.value)).any(|audience| schema.risk.contains_key(&audience))
    {
        let hint = "the run has the changed rows alone, and the risk is that of all: \"replace\" can be counted";
        told(format!("dataset `{name}` merges, and the risk of all its rows is asked for"), hint);
    }
    if dataset
        .to
        .iter()
        .filter_map(|store| audience(&store.value))
        .any(|audience| schema.small_cells.contains_key(&audience))
    {
        let hint = "a group has rows that the run does not see: \"replace\" and \"replace_period\" can hide small ones";
        told(format!("dataset `{name}` merges, and small groups of its rows are not shown"), hint);
    }
    let words =
        |sql: &str| sql.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == name.as_str());
    if job.datasets.iter().flat_map(|dataset| &dataset.checks).filter_map(Check::sql).any(words) {
        told(
            format!("dataset `{name}` merges, and a check asks for all its rows"),
            "the run has the changed rows alone",
        );
    }
    for column in schema.columns.iter().filter(|column| schema.is_key(&column.name)) {
        let column_name = &column.name;
        if column.column_type.published() != column.column_type.arrow() {
            let hint = "the table has it in another type than the source";
            told(
                format!("column `{column_name}` of the key is {}, by which no row is found", column.column_type),
                hint,
            );
        }
        for store in dataset.to.iter().filter_map(|store| environment.stores.get(&store.value)) {
            if treatment(column, store.audience).is_ok_and(|treatment| treatment != Treatment::Keep) {
                let message =
                    format!("column `{column_name}` of the key is not shown to `{}` as it is", store.audience);
                told(message, "rows of a table are found by their key: `keep` it, or write the table as a whole");
            }
        }
    }
}

/// Tells a claim that needs all rows of a dataset of which the run has the changed ones.
pub fn check_merged(job: &Job, dataset: &Dataset, check: &Check, claim: &Claim, problems: &mut Problems) {
    for (name, _) in claim.sides(&dataset.name) {
        let is_merged = |dataset: &&Dataset| matches!(dataset.write, Written::Merge { .. }) && dataset.name == *name;
        if job.datasets.iter().any(|dataset| is_merged(&dataset)) {
            let message = format!("dataset `{name}` merges, and a check asks for all its rows");
            let place = job.text.place(check.node.span.start);
            problems.add("E-JOB-MERGE", place, message, Some("the run has the changed rows alone".into()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_lengths_of_time_with_their_unit() {
        assert_eq!(seconds("90s"), Some(90));
        assert_eq!(seconds("15m"), Some(900));
        assert_eq!(seconds("2h"), Some(7_200));
        assert_eq!(seconds("31d"), Some(LAG_SECONDS_MAX));
        for text in ["", "15", "m", "0s", "32d", "1.5h", "-1m", "15 m", "15min", "99999999999999999999s"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
