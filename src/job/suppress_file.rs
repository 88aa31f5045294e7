//! `suppress_rows` of a schema file -> the conditions under which an audience does not see a row.

use super::by_audience::by_audience;
use super::treatment_file::{PATH, is_path, read_path};
use super::tree::{Node, Text};
use crate::data::{Audience, Column, Name, RowCondition, RowTest};
use crate::privacy::condition_refusal;
use crate::problem::Problems;
use std::collections::BTreeMap;

/// Reads the conditions of every audience; `columns` are the schema's.
pub fn read_suppress_rows(
    text: &Text,
    tree: &Node,
    columns: &[Column],
    problems: &mut Problems,
) -> BTreeMap<Audience, Vec<RowCondition>> {
    by_audience(text, tree, ("suppress_rows", "E-SCHEMA-SUPPRESS"), problems, |list, audience, problems| {
        if list.items().is_empty() {
            let message = format!("`{audience}` has no condition by which rows are left out");
            let hint = format!("name a condition, or leave `{audience}` out: it sees all rows then");
            problems.add("E-SCHEMA-SUPPRESS", text.place(list.span.start), message, Some(hint));
        }
        let conditions = list.items().iter().filter_map(|node| condition(text, node, columns, problems));
        let conditions: Vec<RowCondition> = conditions.collect();
        (!conditions.is_empty()).then_some(conditions)
    })
}

fn condition(text: &Text, node: &Node, columns: &[Column], problems: &mut Problems) -> Option<RowCondition> {
    let mut refuse = |at: &Node, message: String, hint: &str| {
        problems.add("E-SCHEMA-SUPPRESS", text.place(at.span.start), message, Some(hint.into()));
        None
    };
    let texts = |key: &str| {
        let list = node.get(key)?.items();
        Some(list.iter().filter_map(Node::text).map(str::to_owned).collect::<Vec<_>>())
    };
    let one = |key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
    let tests = [
        texts("is").map(RowTest::Is),
        texts("is_not").map(RowTest::IsNot),
        one("under").map(RowTest::Under),
        one("from").map(RowTest::From),
        node.get("null").and_then(Node::truth).filter(|null| *null).map(|_| RowTest::Null),
    ];
    let mut tests = tests.into_iter().flatten();
    let (Some(test), None) = (tests.next(), tests.next()) else {
        return refuse(
            node,
            "a condition asks for one thing".into(),
            "one of `is`, `is_not`, `under`, `from` and `null = true`",
        );
    };
    let name = Name::new(node.get("column")?.text()?).ok()?;
    let Some(column) = columns.iter().find(|column| column.name == name) else {
        return refuse(node, "rows are left out by a column that is not there".into(), "a column of this schema");
    };
    let way = node.get("path");
    let path = way.and_then(Node::text).map(read_path).unwrap_or_default();
    if let Some(way) = way.filter(|_| !is_path(&path)) {
        return refuse(way, format!("`path` is no path into column `{}`", column.name), PATH);
    }
    let optional = node.get("optional").and_then(Node::truth).unwrap_or(false);
    let condition = RowCondition { column: name, path, optional, test };
    if let Some(takes) = condition_refusal(&condition, column.column_type) {
        let what = format!("column `{}` is {}, of which this cannot be asked", column.name, column.column_type);
        return refuse(node, what, takes);
    }
    Some(condition)
}
