//! `reconcile` of a dataset as its job says it.
//!
//! Never in here: the schema's columns, and what lies at the source (`load`).

use super::job_file::{Placed, Reconcile};
use super::merge_file::seconds;
use super::plan::OnVerdict;
use super::shape::shown;
use super::tree::{Entry, Node, Text};
use crate::data::Name;
use crate::problem::Problems;
use crate::reconcile::diff::Tolerance;
use chrono::TimeDelta;

/// Longest `wait` and longest `window`: a day.
const SECONDS_MAX: i64 = 86_400;

/// Reads `reconcile`. Every fault is told.
pub fn read_reconcile(text: &Text, node: &Node, problems: &mut Problems) -> Option<Reconcile> {
    let on = |key: &str| match node.get(key).and_then(Node::text) {
        Some("publish") => OnVerdict::Publish,
        _ => OnVerdict::Refuse,
    };
    let mut tolerate = Vec::new();
    for Entry { key, key_span, node } in node.get("tolerate").map(Node::entries).unwrap_or_default() {
        let tolerance = read_tolerance(text, key, node, problems);
        tolerate.extend(Name::new(key).ok().map(|value| (Placed { value, at: key_span.start }, tolerance)));
    }
    let wait = length(text, node, "wait", problems);
    let window = length(text, node, "window", problems);
    let heartbeat = node.get("heartbeat").and_then(|node| topic(text, node, "heartbeat", problems));
    let topic = topic(text, node.get("topic")?, "topic", problems)?;
    let against = node.get("against")?;
    Some(Reconcile {
        against: Placed { value: Name::new(against.text()?).ok()?, at: against.span.start },
        topic,
        wait,
        window,
        heartbeat,
        on_drift: on("on_drift"),
        on_inconclusive: on("on_inconclusive"),
        tolerate,
    })
}

/// A length of time; none where it is not there.
fn length(text: &Text, node: &Node, key: &str, problems: &mut Problems) -> TimeDelta {
    let Some(node) = node.get(key) else { return TimeDelta::zero() };
    let seconds = node.text().and_then(seconds).filter(|seconds| *seconds <= SECONDS_MAX);
    let length = seconds.and_then(TimeDelta::try_seconds);
    if length.is_none() {
        let hint = "from \"1s\" to \"24h\": a whole number of s, m or h";
        let message = format!("`reconcile.{key}` is no length of time");
        problems.add("E-JOB-WAIT", text.place(node.span.start), message, Some(hint.into()));
    }
    length.unwrap_or_default()
}

/// The name of a topic, by Kafka's own rule, which also keeps it inside its folder.
pub(super) fn topic(text: &Text, node: &Node, key: &str, problems: &mut Problems) -> Option<String> {
    let name = node.text()?;
    let is_topic = name.len() <= 249
        && !matches!(name, "." | "..")
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    if !is_topic {
        let hint = "letters, digits, `.`, `_` and `-`";
        let message = format!("`{key}` is no name of a topic");
        problems.add("E-JOB-TOPIC", text.place(node.span.start), message, Some(hint.into()));
    }
    Some(name.to_owned())
}

/// What a column may differ by. `null_equals` may be values of the data: they are not repeated.
fn read_tolerance(text: &Text, column: &str, node: &Node, problems: &mut Problems) -> Tolerance {
    let mut tolerance = Tolerance::default();
    let mut told = |at: usize, message: String, hint: &str| {
        problems.add("E-JOB-TOLERATE", text.place(at), message, Some(hint.into()));
    };
    let column = shown(column);
    if node.entries().is_empty() {
        let hint = "such as { abs = \"0.01\" }, { precision = \"ms\" } or { trim = true }";
        told(node.span.start, format!("`tolerate.{column}` says nothing"), hint);
    }
    for Entry { key, node, .. } in node.entries() {
        let rules: Vec<String> = match key.as_str() {
            "null_equals" => {
                node.items().iter().filter_map(Node::text).map(|text| format!("null_equals:{text}")).collect()
            }
            "ulp" => node.whole().iter().map(|number| format!("ulp:{number}")).collect(),
            "abs" | "rel" | "precision" => node.text().iter().map(|value| format!("{key}:{value}")).collect(),
            flag => node.truth().filter(|truth| *truth).iter().map(|_| flag.to_owned()).collect(),
        };
        for rule in rules {
            if tolerance.add(&rule).is_err() {
                let message = format!("`tolerate.{column}.{}` is no number of 0 or more", shown(key));
                told(node.span.start, message, "in quotes, such as \"0.01\"");
            }
        }
    }
    tolerance
}
