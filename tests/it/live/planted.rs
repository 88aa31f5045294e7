//! Differences made in a dump, in rows that nobody changes just now.

use super::stream::Line;
use nightferry::data::PgSnapshot;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Keys that only the topic ever has.
const GHOSTS: u64 = 9_000_000;

/// A dump with differences, and what a comparison has to find.
pub struct Planted {
    pub lines: Vec<String>,
    pub changed: u64,
    /// Rows that the topic has lost.
    pub extra: u64,
    /// Rows that only the topic has.
    pub missing: u64,
    pub columns: BTreeMap<&'static str, u64>,
}

/// Plants `count` differences into a topic of the ledger: half are values, the rest rows. All events of such a row are in `shown`,
/// a snapshot from before the extract's, so that the last of them is what the extract shows.
pub fn plant(lines: &[Line], shown: &PgSnapshot, count: usize) -> Planted {
    let mut keys: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, line) in lines.iter().enumerate() {
        keys.entry(line.record["key"].as_str().expect("a key")).or_default().push(at);
    }
    let is_still = |at: &Vec<usize>| {
        at.iter().all(|at| lines[*at].transaction().is_none_or(|transaction| shown.shows(transaction)))
            && at.last().is_some_and(|at| lines[*at].event["after"].is_object())
    };
    let still: Vec<&Vec<usize>> = keys.values().filter(|at| is_still(at)).collect();
    assert!(still.len() >= count, "{} rows of {} are still", still.len(), keys.len());
    let mut planted = Planted { lines: Vec::new(), changed: 0, extra: 0, missing: 0, columns: BTreeMap::new() };
    let (mut texts, mut gone): (BTreeMap<usize, String>, BTreeSet<usize>) = Default::default();
    let mut ghosts = Vec::new();
    let step = still.len() / count;
    for (number, at) in still.into_iter().step_by(step).take(count).enumerate() {
        let last = *at.last().expect("an event");
        match number % 4 {
            0 | 2 => {
                let column = ["is_live", "amount"][number / 2 % 2];
                texts.insert(last, changed(&lines[last], column));
                planted.changed += 1;
                *planted.columns.entry(column).or_default() += 1;
            }
            1 => {
                gone.extend(at);
                planted.extra += 1;
            }
            _ => {
                ghosts.push(ghost(&lines[last], number as u64));
                planted.missing += 1;
            }
        }
    }
    let kept = lines.iter().enumerate().filter(|(at, _)| !gone.contains(at));
    planted.lines = kept.map(|(at, line)| texts.get(&at).unwrap_or(&line.text).clone()).chain(ghosts).collect();
    planted
}

impl Planted {
    /// What was found in a comparison is what was planted, and nothing else.
    pub fn assert_found(&self, found: &Value) {
        let counts = ["changed", "extra", "missing"].map(|count| found[count].as_u64().expect("a count"));
        assert_eq!(counts, [self.changed, self.extra, self.missing], "{found:#}");
        assert_eq!(found["changed_columns"], json!(self.columns), "{found:#}");
        assert_eq!(found["verdict"], "DRIFT", "{found:#}");
    }
}

/// Another value in that column; nothing else is written anew, since a number that is read and printed may be another.
fn changed(line: &Line, column: &str) -> String {
    let payload = line.record["payload"].as_str().expect("a value");
    let was = &line.event["after"][column];
    let is = match (column, was) {
        ("is_live", Value::Bool(true)) => json!(false),
        ("is_live", _) => json!(true),
        // 0.03 and 0.04
        (_, was) if *was != json!("Aw==") => json!("Aw=="),
        _ => json!("BA=="),
    };
    let (from, to) = (format!("\"{column}\":{was}"), format!("\"{column}\":{is}"));
    assert_eq!(payload.matches(&from).count(), 1, "{payload}");
    with_payload(line, &payload.replace(&from, &to))
}

/// The row under a key that is not in the table.
fn ghost(line: &Line, number: u64) -> String {
    let payload = line.record["payload"].as_str().expect("a value");
    let (was, is) = (&line.event["after"]["id"], GHOSTS + number);
    let mut ghost = line.clone();
    ghost.record["key"] = json!(json!({ "id": is }).to_string());
    ghost.record["offset"] = json!(GHOSTS + number);
    with_payload(&ghost, &payload.replacen(&format!("\"id\":{was}"), &format!("\"id\":{is}"), 1))
}

fn with_payload(line: &Line, payload: &str) -> String {
    let mut record = line.record.clone();
    record["payload"] = json!(payload);
    record.to_string()
}
