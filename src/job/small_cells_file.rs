//! `small_cells` of a schema file -> which groups are too small for an audience to see.

use super::by_audience::by_audience;
use super::tree::{Node, Text};
use crate::data::{Audience, Column, ColumnType, Name, SmallCells, Treatment};
use crate::privacy::treatment;
use crate::problem::Problems;
use std::collections::BTreeMap;

/// Reads the terms of every audience; `columns` are the schema's, `key` those of its key.
pub fn read_small_cells(
    text: &Text,
    tree: &Node,
    columns: &[Column],
    key: &[Name],
    problems: &mut Problems,
) -> BTreeMap<Audience, SmallCells> {
    by_audience(text, tree, ("small_cells", "E-SCHEMA-SMALL"), problems, |node, audience, problems| {
        terms(text, node, audience, (columns, key), problems)
    })
}

fn terms(
    text: &Text,
    node: &Node,
    audience: Audience,
    (columns, key): (&[Column], &[Name]),
    problems: &mut Problems,
) -> Option<SmallCells> {
    let before = problems.len();
    let mut refuse = |message: String, hint: &str| {
        problems.add("E-SCHEMA-SMALL", text.place(node.span.start), message, Some(hint.into()));
    };
    let name = |node: &Node| Name::new(node.text()?).ok();
    let names = |key| node.get(key).map(Node::items).unwrap_or_default().iter().filter_map(name).collect::<Vec<Name>>();
    let (by, total, count) = (names("by"), names("total"), node.get("count").and_then(name));
    let under = node.get("under").and_then(Node::whole).and_then(|under| u64::try_from(under).ok());
    let under = under.unwrap_or(SmallCells::UNDER);
    let seen = |name: &Name| {
        let column = columns.iter().find(|column| column.name == *name)?;
        let treatment = treatment(column, audience).ok().filter(Treatment::is_visible)?;
        Some((column, treatment))
    };
    if by.is_empty() {
        refuse("small groups are told by no column".into(), "`by` names one at least");
    }
    if by.iter().chain(&count).any(|name| seen(name).is_none()) {
        refuse(
            format!("`{audience}` does not see a column that small groups are counted by"),
            "groups are those that the audience sees",
        );
    }
    if under < 2 {
        refuse("no group has fewer people than that".into(), "`under` is 2 or more");
    }
    if total.iter().any(|name| !by.contains(name)) {
        refuse("totals are known by a column that groups are not told by".into(), "`total` names some of `by`");
    }
    if let Some((column, treatment)) = count.as_ref().and_then(seen) {
        let is_whole = matches!(column.column_type, ColumnType::Smallint | ColumnType::Integer | ColumnType::Bigint);
        if !is_whole || treatment != Treatment::Keep || by.contains(&column.name) {
            refuse(
                "the column that counts people does not say how many".into(),
                "a smallint, integer or bigint that the audience gets as it is, and none of `by`",
            );
        }
        // Whatever else a row tells of few people goes with their number; a key cannot.
        if key.iter().any(|name| seen(name).is_some() && !by.contains(name)) {
            refuse(
                "a small group would have no key: all columns but those of `by` are NULL there".into(),
                "`by` names the columns of the key, too",
            );
        }
    }
    (problems.len() == before).then_some(SmallCells { by, count, under, total })
}
