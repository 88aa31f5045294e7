//! What a relay comes to in numbers that machines gather: of its rounds as a whole (`<job>.all`), and of each topic, by its name.
//!
//! What is not known is not there: no lag where a partition has nobody who knows its end, and never 0 in its place.

use super::metrics::{FAILED, Kind, Measured, Unit, kind};
use chrono::{DateTime, Utc};
use serde_json::json;

const TOOK: Kind = kind("relay_seconds", Unit::Seconds, "How long the relay's rounds took.");
const THROTTLED: Kind = kind(
    "relay_throttled_seconds",
    Unit::Seconds,
    "How long brokers, each by itself, held the reading back by their quota.",
);
const THROTTLED_PART: Kind =
    kind("relay_throttled_ratio", Unit::Ratio, "The part of the reading that brokers held it back for.");
const RECORDS: Kind = kind("relay_records", Unit::Count, "Records in objects that were landed.");
const TOMBSTONES: Kind = kind("relay_tombstones", Unit::Count, "Those of them without a value.");
const OBJECTS: Kind = kind("relay_objects", Unit::Count, "Objects that were landed.");
const BYTES: Kind = kind("relay_landed_bytes", Unit::Bytes, "Bytes of the objects that were landed.");
const DEAD: Kind = kind("relay_dead_letters", Unit::Count, "Records that could not be treated and were put aside.");
const CONFLICTS: Kind =
    kind("relay_put_conflicts", Unit::Count, "Objects that somebody else had landed first: there is a second relay.");
const SINCE: Kind = kind(
    "relay_since_progress_seconds",
    Unit::Seconds,
    "How long ago anything of the topic was landed, or nothing of it was left to land.",
);
const LAG: Kind =
    kind("relay_lag_records", Unit::Count, "Offsets that are not landed; not there where it is not known.");
const UNKNOWN: Kind =
    kind("relay_lag_unknown_partitions", Unit::Count, "Partitions of which nobody can say how far they go.");

/// All of them.
#[cfg(test)]
pub(super) const ALL: [Kind; 12] =
    [TOOK, THROTTLED, THROTTLED_PART, RECORDS, TOMBSTONES, OBJECTS, BYTES, DEAD, CONFLICTS, SINCE, LAG, UNKNOWN];

/// What rounds of a relay came to.
#[derive(Clone, Debug, PartialEq)]
pub struct RelayNumbers {
    /// When they were over.
    pub at: DateTime<Utc>,
    /// The job.
    pub job: String,
    /// The environment.
    pub environment: String,
    /// The run.
    pub run: String,
    /// How long they took.
    pub seconds: f64,
    /// The id of the message that they ended with, and the exit code; none where they went well.
    pub ending: Option<(String, u8)>,
    /// For how long brokers, each by itself, held the reading back.
    pub throttled_seconds: f64,
    /// Of the time that brokers were read of, the part that they did.
    pub throttled_ratio: f64,
    /// Each topic.
    pub topics: Vec<TopicNumbers>,
}

/// What they came to of a topic.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicNumbers {
    /// The topic.
    pub topic: String,
    /// Records in objects that were landed.
    pub records: u64,
    /// Those without a value.
    pub tombstones: u64,
    /// The objects.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Records put aside.
    pub dead_letters: u64,
    /// Objects that somebody else had landed first.
    pub put_conflicts: u64,
    /// Since anything of it was landed, or nothing was left to be; none where nobody lands.
    pub since_progress_seconds: Option<f64>,
    /// How far behind it is; none where nobody was asked.
    pub lag: Option<TopicLag>,
}

/// How far behind a topic is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TopicLag {
    /// Offsets that are not landed, of the partitions of which that is known.
    pub records: i64,
    /// Partitions of which nobody can say it.
    pub unknown_partitions: usize,
}

/// The same as numbers that machines gather.
pub fn relay_metrics(of: &RelayNumbers) -> Vec<Measured> {
    let measured = |dataset: String, numbers| Measured {
        at: of.at,
        environment: of.environment.clone(),
        dataset,
        numbers,
        facts: vec![
            ("event_code", json!(of.ending.as_ref().map_or("relay", |(id, _)| id.as_str()))),
            ("severity", json!(if of.ending.is_none() { "Informational" } else { "High" })),
            ("time_generated", json!(of.at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))),
            ("job", json!(of.job)),
            ("run", json!(of.run)),
            ("exit_code", json!(of.ending.as_ref().map_or(0, |(_, code)| *code))),
            ("nightferry", json!(env!("CARGO_PKG_VERSION"))),
        ],
    };
    let whole = vec![
        (TOOK, of.seconds),
        (FAILED, f64::from(u8::from(of.ending.is_some()))),
        (THROTTLED, of.throttled_seconds),
        (THROTTLED_PART, of.throttled_ratio),
    ];
    let topics = of.topics.iter().map(|topic| measured(topic.topic.clone(), numbers(topic)));
    std::iter::once(measured(format!("{}.all", of.job), whole)).chain(topics).collect()
}

fn numbers(topic: &TopicNumbers) -> Vec<(Kind, f64)> {
    let mut numbers = vec![
        (RECORDS, topic.records as f64),
        (TOMBSTONES, topic.tombstones as f64),
        (OBJECTS, topic.objects as f64),
        (BYTES, topic.bytes as f64),
        (DEAD, topic.dead_letters as f64),
        (CONFLICTS, topic.put_conflicts as f64),
    ];
    numbers.extend(topic.since_progress_seconds.map(|seconds| (SINCE, seconds)));
    if let Some(TopicLag { records, unknown_partitions }) = topic.lag {
        numbers.push((UNKNOWN, unknown_partitions as f64));
        // A sum without those that nobody knows would be one that looks well.
        if unknown_partitions == 0 {
            numbers.push((LAG, records as f64));
        }
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::super::metrics::{emf, openmetrics};
    use super::*;

    fn told(lag: Option<TopicLag>) -> (String, Vec<String>) {
        let topic = TopicNumbers { topic: "bank.app.thing".into(), records: 5, lag, ..TopicNumbers::default() };
        let of = RelayNumbers {
            at: DateTime::UNIX_EPOCH,
            job: "things".into(),
            environment: "dev".into(),
            run: "0199".into(),
            seconds: 1.5,
            ending: None,
            throttled_seconds: 0.0,
            throttled_ratio: 0.0,
            topics: vec![topic],
        };
        let measured = relay_metrics(&of);
        (openmetrics(&measured), emf(&measured))
    }

    #[test]
    fn a_lag_that_is_not_known_is_not_there_and_never_0() {
        let (text, lines) = told(Some(TopicLag { records: 7, unknown_partitions: 0 }));
        assert!(text.contains("nightferry_relay_lag_records{dataset=\"bank.app.thing\",environment=\"dev\"} 7\n"));
        assert!(lines[1].contains("\"relay_lag_records\":7.0"), "{}", lines[1]);
        for unknown in [Some(TopicLag { records: 7, unknown_partitions: 2 }), None] {
            let (text, lines) = told(unknown);
            assert!(!text.contains("relay_lag_records") && !lines.concat().contains("relay_lag_records"), "{text}");
            assert_eq!(text.contains("relay_lag_unknown_partitions{dataset=\"bank.app.thing\""), unknown.is_some());
        }
    }
}
