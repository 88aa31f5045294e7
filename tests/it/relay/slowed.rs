//! A broker that holds the reader back: it answers with nothing, as one does that has nothing more.

use super::kafka::{brokers, things, topic, write};
use super::{ENVIRONMENT, JOB, chain, ferry};
use serde_json::{Value, json};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Lets a client read so many bytes a second.
pub fn quota(client: &str, bytes: u64) {
    let jars = concat!(env!("CARGO_MANIFEST_DIR"), "/target/services/kafka/jars/*");
    let mut command = Command::new("java");
    command.args(["-Xmx128m", "-XX:TieredStopAtLevel=1", "-cp", jars, "kafka.admin.ConfigCommand"]);
    command.args(["--bootstrap-server", &brokers(), "--alter", "--entity-type", "clients", "--entity-name", client]);
    command.args(["--add-config", &format!("consumer_byte_rate={bytes}")]);
    let done = command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("java starts");
    assert!(done.success(), "the quota is set");
}

#[tokio::test]
async fn a_broker_that_holds_the_reader_back_is_waited_for_told_of_and_nothing_is_left_out() {
    const RECORDS: u64 = 8_000;
    let topic = topic(1, &[]).await;
    // It is silent for longer than the relay would wait for one that is away.
    let ferry = ferry(&topic, ", stall_seconds_max = 2");
    // A source, and so a client, of its own: nobody else is held back.
    let source = format!("slowed_{}", uuid::Uuid::now_v7().simple());
    let client = format!("nightferry-relay.{source}");
    ferry.edit(ENVIRONMENT, "[source.topics]", &format!("[source.{source}]"));
    ferry.edit(JOB, "against = \"topics\"", &format!("against = \"{source}\""));
    // In small batches: one that is larger than the quota over its window is never handed out.
    for first in (0..RECORDS).step_by(200) {
        write(&topic, 0, &things(first..first + 200, 4000));
    }
    let fast = ferry.run(&["relay", JOB, "--json"]);
    assert_eq!(fast.code, 0, "{}", fast.err);
    let told: Value = serde_json::from_str(&fast.out).expect("JSON");
    assert_eq!(told["sources"][0]["throttled_ms"], 0, "{told}");
    assert!(!fast.err.contains("N-SLOWED"), "{}", fast.err);

    std::fs::remove_dir_all(ferry.path("landed")).expect("removed");
    quota(&client, 60_000);
    let began = Instant::now();
    let came = ferry.run(&["relay", JOB, "--json", "--metrics", "emf"]);
    let took = began.elapsed();
    assert_eq!(came.code, 0, "{}", came.err);
    let told: Value = serde_json::from_str(&came.out).expect("JSON");
    let (landed, of) = (&told["topics"][0], &told["sources"][0]);
    assert_eq!((&landed["records"], &landed["complete"]), (&json!(RECORDS), &json!(true)), "{told}");
    assert_eq!((&of["source"], &of["client"]), (&json!(source), &json!(client)), "{told}");
    assert!(of["throttled_ms"].as_u64().is_some_and(|held| held > 2_000), "{told}");
    assert!(of["throttled_ratio"].as_f64().is_some_and(|part| part > 0.2 && part <= 1.0), "{told}");
    assert!(took > Duration::from_secs(3), "longer than it is patient: {took:?}");
    let numbers = crate::metrics::lines(&came.err);
    assert_eq!(
        (&numbers[0]["dataset"], &numbers[0]["relay_throttled_ratio"]),
        (&json!("things.all"), &of["throttled_ratio"])
    );
    // Whoever looks after the cluster is told, and where to read on.
    assert!(came.err.contains("N-SLOWED") && came.err.contains("RB-12"), "{}", came.err);
    let told = chain(&ferry, &topic)["0"].clone();
    assert_eq!(
        (&told["whole"], &told["once"], &told["next"]),
        (&json!(true), &json!(RECORDS), &json!(RECORDS)),
        "{told}"
    );
}
