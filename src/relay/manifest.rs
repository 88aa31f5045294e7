//! What a run says of what it landed of a topic: the text that [`changes::Manifest`](crate::changes::Manifest) reads, written last.
//!
//! What was landed before with another treatment, by a run that was killed before it could say so, gets a manifest of its own.

use super::account::Account;
use super::chain::Link;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A stretch of a partition, as it stands at the end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Where the partition began in the cluster.
    pub low: i64,
    /// The first offset that the run answers for.
    pub first: i64,
    /// The offset before which nothing is left to be read.
    pub next: i64,
    /// Where it ended when the run began.
    pub end: i64,
}

/// A run over a topic.
pub struct Said<'a> {
    /// Its id.
    pub run: &'a str,
    /// The topic.
    pub topic: &'a str,
    /// Who may see what it landed.
    pub audience: &'a str,
    /// What it does to records, as text.
    pub treated: &'a str,
    /// Treated column, or path within one -> rows that had it, of all that is named.
    pub hits: &'a BTreeMap<String, u64>,
    /// Every partition.
    pub partitions: &'a BTreeMap<i32, Stretch>,
    /// Everything that no manifest names yet.
    pub links: &'a [Link],
    /// What the round came to until now, over all topics that were read with it.
    pub account: &'a Account,
    /// Objects that stood where one of the round's was to be.
    pub conflicts: u64,
}

/// The manifests: the name of each below `_runs/`, and its text.
pub fn manifests(said: &Said<'_>) -> Vec<(String, String)> {
    let before: BTreeSet<&str> = said.links.iter().map(|link| link.treated.as_str()).collect();
    let others = before.into_iter().filter(|treated| *treated != said.treated);
    let all: Vec<_> = std::iter::once(said.treated).chain(others).enumerate().collect();
    // Its own comes last: it answers for all of them, as who reads it may rely on.
    all.into_iter()
        .rev()
        .map(|(number, treated)| {
            let name = if number == 0 { format!("{}.json", said.run) } else { format!("{}-{number}.json", said.run) };
            (name, text(said, treated, number == 0))
        })
        .collect()
}

fn text(said: &Said<'_>, treated: &str, is_own: bool) -> String {
    let links: Vec<&Link> = said.links.iter().filter(|link| link.treated == treated).collect();
    let partitions: Map<String, Value> = if is_own {
        let of = |(partition, at): (&i32, &Stretch)| {
            let told = json!({"low": at.low, "first": at.first, "next": at.next, "end": at.end});
            (partition.to_string(), told)
        };
        said.partitions.iter().map(of).collect()
    } else {
        let mut ranges: BTreeMap<i32, (i64, i64)> = BTreeMap::new();
        for link in &links {
            let range = ranges.entry(link.partition).or_insert((link.first, link.next));
            *range = (range.0.min(link.first), range.1.max(link.next));
        }
        let of = |(partition, (first, next)): (i32, (i64, i64))| {
            (partition.to_string(), json!({"first": first, "next": next, "end": next}))
        };
        ranges.into_iter().map(of).collect()
    };
    let objects: Vec<Value> = links
        .iter()
        .map(|link| {
            json!({"path": link.path, "first": link.first, "next": link.next, "records": link.records,
                "tombstones": link.tombstones, "dead_letters": link.dead_letters, "bytes": link.bytes, "sha256": link.sha256})
        })
        .collect();
    let sum = |of: fn(&Link) -> u64| links.iter().map(|link| of(link)).sum::<u64>();
    let is_complete = said.partitions.values().all(|at| at.next >= at.end);
    let treated: Value = serde_json::from_str(treated).unwrap_or_else(|_| json!({}));
    let mut told = json!({
        "manifest": 1, "run": said.run, "topic": said.topic, "complete": is_complete, "audience": said.audience,
        "partitions": partitions, "objects": objects, "treated": treated,
        "records": sum(|link| link.records), "tombstones": sum(|link| link.tombstones),
        "dead_letters": sum(|link| link.dead_letters), "hits": if is_own { json!(said.hits) } else { json!({}) },
    });
    if is_own {
        told["put_conflicts"] = json!(said.conflicts);
        told["throttled_ms"] = json!(said.account.throttled_ms);
        told["throttled_ratio"] = json!(said.account.throttled_ratio());
    }
    format!("{told}\n")
}
