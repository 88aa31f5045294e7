//! Landing that goes on, where it begins, and how far behind it is.

use super::kafka::{brokers, things, topic, write};
use super::{ENVIRONMENT, JOB, chain, ferry, landed};
use crate::ferry::{Came, Ferry};
use serde_json::{Value, json};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn lag(ferry: &Ferry) -> Value {
    let came = ferry.run(&["relay", JOB, "--lag", "--json"]);
    assert_eq!(came.code, 0, "{}", came.err);
    serde_json::from_str::<Value>(&came.out).expect("JSON")["partitions"].clone()
}

fn start(ferry: &Ferry) -> Child {
    let mut command = ferry.command(&["relay", JOB, "--follow", "--every", "2s"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts")
}

fn until(what: &str, done: impl Fn() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn objects(ferry: &Ferry, topic: &str) -> usize {
    ferry.files(&format!("landed/{topic}")).iter().filter(|path| path.ends_with(".parquet")).count()
}

#[tokio::test]
async fn one_who_follows_lands_what_comes_says_so_in_manifests_and_ends_when_told_to() {
    let topic = topic(2, &[]).await;
    let ferry = ferry(&topic, "");
    write(&topic, 0, &things(0..5, 4000));
    let child = start(&ferry);
    until("the first round", || objects(&ferry, &topic) == 1);
    write(&topic, 0, &things(5..8, 6000));
    write(&topic, 1, &things(8..9, 6000));
    // In as many rounds as it takes: how fast they are is the machine's.
    until("all that came", || {
        let told = chain(&ferry, &topic);
        told["0"]["records"] == 8 && told["1"]["records"] == 1
    });
    std::thread::sleep(Duration::from_secs(3));
    let runs = ferry.files(&format!("landed/{topic}/_runs"));
    std::thread::sleep(Duration::from_secs(5));
    Command::new("kill").arg(child.id().to_string()).status().expect("kill runs");
    let came = Came::of(&child.wait_with_output().expect("it ends"));
    assert_eq!(came.code, 0, "{}", came.err);
    assert!(came.err.contains("landed") && !came.err.contains("tried again"), "{}", came.err);
    // Rounds in which nothing came leave nothing.
    assert_eq!(ferry.files(&format!("landed/{topic}/_runs")), runs);
    assert!((2..=5).contains(&runs.len()), "{runs:?}");
    let told = chain(&ferry, &topic);
    assert_eq!(
        (&told["0"]["records"], &told["0"]["whole"], &told["1"]["records"]),
        (&json!(8), &json!(true), &json!(1))
    );
    // Whoever comes next goes on behind it.
    write(&topic, 1, &things(9..10, 6000));
    let told = landed(&ferry);
    assert_eq!((&told["records"], &told["found"]), (&json!(1), &json!(0)), "{told}");
}

#[tokio::test]
async fn one_who_follows_outlives_a_cluster_that_is_away() {
    let topic = topic(1, &[]).await;
    let ferry = ferry(&topic, ", stall_seconds_max = 1");
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("a port").to_string();
    ferry.edit(ENVIRONMENT, &brokers(), &free);
    let mut child = start(&ferry);
    std::thread::sleep(Duration::from_secs(5));
    assert!(child.try_wait().expect("asked").is_none(), "it is still there");
    Command::new("kill").arg(child.id().to_string()).status().expect("kill runs");
    let came = Came::of(&child.wait_with_output().expect("it ends"));
    assert!(came.err.contains("tried again") && came.err.contains("went away"), "{}", came.err);
}

#[tokio::test]
async fn the_lag_is_that_of_the_chain_and_nobody_elses() {
    let topic = topic(2, &[]).await;
    let ferry = ferry(&topic, "");
    write(&topic, 0, &things(0..5, 4000));
    let of = |landed: Value, end: u64, lag: u64| json!({"topic": topic, "partition": 0, "landed": landed, "end": end, "lag": lag});
    assert_eq!(lag(&ferry)[0], of(Value::Null, 5, 5));
    landed(&ferry);
    assert_eq!(lag(&ferry)[0], of(json!(5), 5, 0));
    write(&topic, 0, &things(5..8, 4000));
    let told = lag(&ferry);
    assert_eq!((&told[0], &told[1]["lag"]), (&of(json!(5), 8, 3), &json!(0)));
    // What is taken away from the chain is not landed, whatever the group's marker says.
    std::fs::remove_dir_all(ferry.path("landed")).expect("removed");
    assert_eq!(lag(&ferry)[0], of(Value::Null, 8, 8));
}

#[tokio::test]
async fn a_topic_can_be_begun_behind_its_beginning_and_only_once() {
    let topic = topic(1, &[]).await;
    write(&topic, 0, &things(0..10, 4000));
    std::thread::sleep(Duration::from_millis(1_500));
    let between = chrono::Utc::now();
    std::thread::sleep(Duration::from_millis(1_500));
    write(&topic, 0, &things(10..14, 4000));
    let begun = |flag: &str, value: &str| {
        let ferry = ferry(&topic, "");
        let came = ferry.run(&["relay", JOB, flag, value]);
        assert_eq!(came.code, 0, "{}", came.err);
        let told = chain(&ferry, &topic)["0"].clone();
        assert_eq!((&told["next"], &told["whole"]), (&json!(14), &json!(true)), "{told}");
        (ferry, told["first"].clone())
    };
    assert_eq!(begun("--from-time", &between.to_rfc3339()).1, 10);
    let (ferry, first) = begun("--from-offset", "4");
    assert_eq!(first, 4);
    let came = ferry.run(&["relay", JOB, "--from-offset", "2"]);
    assert_eq!(came.code, 2, "{}", came.err);
    assert!(came.endings()[0].starts_with("E-BEGUN-2"), "{}", came.err);
    write(&topic, 0, &things(14..15, 4000));
    assert_eq!(landed(&ferry)["records"], 1);
    super::kafka::forget(&topic, 8).await;
    let ferry = super::ferry(&topic, "");
    let came = ferry.run(&["relay", JOB, "--from-offset", "3"]);
    assert_eq!(came.code, 26, "{}", came.err);
}
