//! Topics of a real Kafka, landed by the real binary, and what a night makes of what it landed.
//!
//! ```text
//! kafka.rs    topics of a test's own, and what is written into them
//! beside.rs   topics that nothing is compared with
//! avro.rs     what is written in Avro, or without an envelope
//! chain.rs    what is landed, from one run to the next, and by two at once
//! holes.rs    what a topic no longer holds, never held, or does not hold yet
//! endings.rs  how a run ends that cannot go on
//! killed.rs   a run that is killed before and after each of its writes
//! treated.rs  what is landed for those who may not see everything
//! follow.rs   landing that goes on, where it begins, how far behind it is
//! slowed.rs   a broker that holds the reader back
//! logins.rs   what a cluster is shown, and what becomes of a run that it does not let in
//! numbers.rs  what it tells machines
//! stores.rs   places that refuse what is to be landed
//! three.rs    three brokers of a test's own
//! tombstones.rs  keys that a topic is to forget
//! nights.rs   PostgreSQL -> Debezium -> Kafka -> relay -> run
//! ```

mod avro;
mod beside;
mod chain;
mod endings;
mod follow;
mod holes;
pub mod kafka;
mod killed;
mod logins;
mod nights;
mod numbers;
mod slowed;
mod stores;
mod three;
mod tombstones;
mod treated;

use crate::ferry::{Came, Ferry};
use crate::readers::python;
use kafka::brokers;
use serde_json::Value;

/// The job of `Ferry::of_one_file`.
pub const JOB: &str = "jobs/things.toml";
pub const ENVIRONMENT: &str = "jobs/environments/dev.toml";

/// A project whose one dataset is compared with `topic`, landed from the tests' cluster; `kafka` are more words of that table.
pub fn ferry(topic: &str, kafka: &str) -> Ferry {
    let reconcile = format!("\n[dataset.thing.reconcile]\nagainst = \"topics\"\ntopic = \"{topic}\"\n");
    let columns = "amount = { type = \"numeric(10,2)\", class = \"open\", nullable = true }";
    let ferry = Ferry::of_one_file("app.thing.jsonl", b"{\"id\":1,\"amount\":\"2.50\"}\n", columns, &reconcile);
    ferry.edit(ENVIRONMENT, "[store.warehouse]", &format!("{}\n\n[store.warehouse]", source(kafka)));
    ferry.write("in/extract.json", br#"{"extracted_at":"2026-11-23T01:00:00Z","snapshot":"5000:5010:"}"#);
    ferry
}

/// The dump `topics` in `landed`.
pub fn source(kafka: &str) -> String {
    let brokers = brokers();
    format!(
        "[source.topics]\ndump = {{ url = \"landed\", layout = \"relay\", cleanup = \"delete\", \
         kafka = {{ brokers = \"{brokers}\", insecure = true{kafka} }} }}"
    )
}

/// What a run of the relay tells of its one topic.
pub fn landed(ferry: &Ferry) -> Value {
    let came = ferry.run(&["relay", JOB, "--json"]);
    assert_eq!(came.code, 0, "{}", came.err);
    serde_json::from_str::<Value>(&came.out).expect("JSON")["topics"][0].clone()
}

/// A run of the relay that ends badly.
pub fn refused(ferry: &Ferry, code: i32, id: &str) -> Came {
    let came = ferry.run(&["relay", JOB]);
    assert_eq!(came.code, code, "{}{}", came.out, came.err);
    assert!(came.endings()[0].starts_with(id), "{}", came.err);
    came
}

/// What the chains of a topic hold, by another reader.
pub fn chain(ferry: &Ferry, topic: &str) -> Value {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/chain.py");
    let folder = ferry.path("landed").join(topic);
    serde_json::from_str(&python(&[script, folder.to_str().expect("text")])).expect("JSON")
}
