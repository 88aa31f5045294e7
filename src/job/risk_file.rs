//! `risk` of a schema file -> what is asked of the risk that is left for each audience.

use super::by_audience::by_audience;
use super::tree::{Node, Text};
use crate::data::{Audience, Column, Name, RiskBeyond, RiskTerms};
use crate::privacy::treatment;
use crate::problem::Problems;
use std::collections::BTreeMap;

/// Reads the terms of every audience; `columns` are the schema's.
pub fn read_risk(
    text: &Text,
    tree: &Node,
    columns: &[Column],
    problems: &mut Problems,
) -> BTreeMap<Audience, RiskTerms> {
    by_audience(text, tree, ("risk", "E-SCHEMA-RISK"), problems, |node, audience, problems| {
        terms(text, node, audience, columns, problems)
    })
}

fn terms(
    text: &Text,
    node: &Node,
    audience: Audience,
    columns: &[Column],
    problems: &mut Problems,
) -> Option<RiskTerms> {
    let before = problems.len();
    let mut refuse = |message: String, hint: &str| {
        problems.add("E-SCHEMA-RISK", text.place(node.span.start), message, Some(hint.into()));
    };
    let name = |node: &Node| Name::new(node.text()?).ok();
    let quasi: Vec<Name> = node.get("quasi").map(Node::items).unwrap_or_default().iter().filter_map(name).collect();
    let sensitive = node.get("sensitive").and_then(name);
    if quasi.is_empty() {
        refuse("the risk is counted by no column".into(), "`quasi` names one at least");
    }
    for name in quasi.iter().chain(&sensitive) {
        let column = columns.iter().find(|column| column.name == *name);
        let is_seen = column.is_some_and(|column| treatment(column, audience).is_ok_and(|seen| seen.is_visible()));
        if !is_seen {
            refuse(
                format!("`{audience}` does not see a column that the risk is counted by"),
                "the risk is counted on what the audience sees",
            );
        }
    }
    if sensitive.as_ref().is_some_and(|name| quasi.contains(name)) {
        refuse("the sensitive column is one of those that the rows are found by".into(), "leave it out of `quasi`");
    }
    if node.get("l_min").is_some() && sensitive.is_none() {
        refuse("`l_min` is of a column that is not named".into(), "`sensitive = \"..\"` names it");
    }
    let mut share = |key: &str| {
        let share = node.get(key)?.text()?.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
        if share.is_none() {
            refuse(format!("`{key}` is no share"), "a share is a number from 0 to 1 in quotes: \"0.01\"");
        }
        share
    };
    let (under_5_max, under_10_max, unique_max) = (share("under_5_max"), share("under_10_max"), share("unique_max"));
    let count = |key: &str| node.get(key).and_then(Node::whole).and_then(|count| u64::try_from(count).ok());
    let beyond = match node.get("beyond").and_then(Node::text) {
        Some("warn") => RiskBeyond::Warn,
        _ => RiskBeyond::Stop,
    };
    let (k_min, l_min) = (count("k_min"), count("l_min"));
    let terms = RiskTerms { quasi, sensitive, k_min, l_min, under_5_max, under_10_max, unique_max, beyond };
    (problems.len() == before).then_some(terms)
}
