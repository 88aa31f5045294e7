//! Which rows a dataset is made of, as its job says it: `table` or `query`, `where` and its `parameters`.
//!
//! Never in here: how the rows are written (`write_file`).

use super::job_file::{Dataset, DatasetRows, Parameter, Placed};
use super::shape::{nearest, shown};
use super::tree::{Entry, Node, Text};
use crate::data::{Condition, Literal, Name, TableName};
use crate::problem::Problems;
use std::ops::Range;

/// Parameters that every `where` has: the period's first day, its last, the day after it, and the instants at which the first
/// day and the day after begin in London.
pub const OF_THE_PERIOD: [&str; 5] = ["from", "to", "until", "from_time", "until_time"];

/// Reads which rows a dataset is made of.
pub fn read_rows(
    text: &Text,
    name: &Name,
    key_span: &Range<usize>,
    node: &Node,
    problems: &mut Problems,
) -> Option<DatasetRows> {
    let placed = |node: &Node| Some(Placed { value: Condition::read(node.text()?), at: node.span.start });
    let filter = node.get("where").and_then(placed);
    match (node.get("table"), node.get("query")) {
        (Some(table), None) => {
            let parts = table.text().unwrap_or_default().split_once('.');
            let plain =
                |part: &str| !part.is_empty() && !part.contains(['.', '/', '\\', '"', '\0']) && part.len() <= 63;
            match parts {
                Some((schema, name)) if plain(schema) && plain(name) => {
                    let table = TableName { schema: schema.to_owned(), table: name.to_owned() };
                    Some(DatasetRows::Table(table, filter))
                }
                _ => {
                    let at = text.place(table.span.start);
                    problems.add(
                        "E-JOB-TABLE",
                        at,
                        "`table` is no table",
                        Some("schema.table, names as at the source, without quotes".into()),
                    );
                    None
                }
            }
        }
        (None, Some(query)) => {
            if let Some(node) = node.get("where") {
                let hint = "the query file can say it itself".to_owned();
                problems.add(
                    "E-JOB-WHERE",
                    text.place(node.span.start),
                    "`where` goes with `table`, not with `query`",
                    Some(hint),
                );
            }
            Some(DatasetRows::Query(Placed { value: query.text()?.to_owned(), at: query.span.start }))
        }
        _ => {
            let message = format!("dataset `{name}` needs either `table` or `query`");
            problems.add("E-JOB-ROWS", text.place(key_span.start), message, None);
            None
        }
    }
}

/// Reads the values of `where`, each of the type that its only key names; `None` stands for one that is told as a fault.
pub fn read_parameters(text: &Text, node: &Node, problems: &mut Problems) -> Vec<Parameter> {
    let mut parameters = Vec::new();
    for Entry { key, key_span, node } in node.get("parameters").map(Node::entries).unwrap_or_default() {
        if OF_THE_PERIOD.contains(&key.as_str()) {
            let message = format!("`parameters.{key}` is the period's own");
            let hint = "`$from`, `$to`, `$until`, `$from_time` and `$until_time` are always there".to_owned();
            problems.add("E-JOB-PARAMETER", text.place(key_span.start), message, Some(hint));
            continue;
        }
        let Some(Entry { key: word, node: value, .. }) = node.entries().first() else { continue };
        let literal = Literal::read(word, value.text().unwrap_or_default());
        if let Err(expected) = literal {
            let message = format!("`parameters.{}.{}` is no {}", shown(key), shown(word), shown(word));
            problems.add("E-JOB-PARAMETER", text.place(value.span.start), message, Some(expected.into()));
        }
        parameters.push((Placed { value: key.clone(), at: key_span.start }, literal.ok()));
    }
    parameters
}

/// Tells parameters of a dataset's `where` that have no value, and values that nothing asks for.
pub fn check_parameters(text: &Text, dataset: &Dataset, problems: &mut Problems) {
    let condition = match &dataset.rows {
        DatasetRows::Table(_, condition) => condition.as_ref(),
        DatasetRows::Query(_) => None,
    };
    let declared: Vec<&str> = dataset.parameters.iter().map(|(name, _)| name.value.as_str()).collect();
    let known: Vec<&str> = declared.iter().copied().chain(OF_THE_PERIOD).collect();
    if let Some(condition) = condition.filter(|condition| condition.value.closes_others()) {
        let message = "`where` closes a bracket that it has not opened".to_owned();
        problems.add("E-JOB-WHERE", text.place(condition.at), message, None);
    }
    let mut told = |at: usize, message: String, hint: String| {
        problems.add("E-JOB-PARAMETER", text.place(at), message, Some(hint));
    };
    if let Some(condition) = condition {
        if condition.value.has_numbers() {
            let hint = "a parameter has a name, such as `$from`, or one of `parameters`".to_owned();
            told(condition.at, "`where` has a parameter by number".into(), hint);
        }
        for name in condition.value.parameters().filter(|name| !known.contains(name)) {
            let message = format!("`where` has a parameter `${}` without a value", shown(name));
            told(condition.at, message, nearest(name, &known));
        }
    }
    let asked = |name: &str| condition.is_some_and(|c| c.value.parameters().any(|asked| asked == name));
    for (name, _) in dataset.parameters.iter().filter(|(name, _)| !asked(&name.value)) {
        let hint = format!("`${}` in `where` stands for it", shown(&name.value));
        told(name.at, format!("nothing asks for the parameter `{}`", shown(&name.value)), hint);
    }
}
