//! How a run of the relay ends that cannot go on, or is told not to.

use super::kafka::{brokers, things, topic, write};
use super::{ENVIRONMENT, JOB, chain, ferry, landed, refused};
use crate::ferry::{Came, Ferry};
use serde_json::{Value, json};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Records of a partition, in the tests that end a run while it reads.
const RECORDS: u64 = 30_000;
const PARTITIONS: i32 = 3;

#[test]
fn a_cluster_that_nobody_answers_for_is_away() {
    let ferry = ferry("none", ", stall_seconds_max = 2");
    // Nothing listens there: the port was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("a port").to_string();
    ferry.edit(ENVIRONMENT, &brokers(), &free);
    let began = Instant::now();
    let came = refused(&ferry, 70, "E-SOURCE-70");
    assert!(
        came.err.contains("the cluster of source `topics` went away while looking for topic `none`"),
        "{}",
        came.err
    );
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_topic_that_is_not_there_is_named() {
    let came = refused(&ferry("relay.nobody.made.this", ""), 14, "E-THERE-14");
    assert!(came.err.contains("the cluster of source `topics` has no topic `relay.nobody.made.this`"), "{}", came.err);
}

#[test]
fn a_cluster_without_tls_is_not_spoken_to_unless_it_is_here_and_somebody_said_so() {
    let ferry = ferry("none", ", stall_seconds_max = 3");
    ferry.edit(ENVIRONMENT, "insecure = true, ", "");
    let came = ferry.run(&["relay", JOB]);
    assert!([13, 70].contains(&came.code), "{} {}", came.code, came.err);
    assert!(!ferry.path("landed/none").exists());
}

#[tokio::test]
async fn an_object_that_no_relay_wrote_is_left_alone_and_told() {
    let topic = topic(1, &[]).await;
    let ferry = ferry(&topic, "");
    write(&topic, 0, &things(0..5, 4000));
    let path = format!("landed/{topic}/p=0/00000000000000000000.parquet");
    let bytes = crate::layouts::parquet(0, &[(None, Some(b"{}".to_vec()))]);
    ferry.write(&path, &bytes);
    let came = refused(&ferry, 42, "E-CHAIN-42");
    assert!(came.err.contains("says that it lies elsewhere in the chain"), "{}", came.err);
    ferry.write(&path, b"torn");
    let came = refused(&ferry, 42, "E-CHAIN-42");
    assert!(came.err.contains("is no whole object of Parquet"), "{}", came.err);
    assert_eq!(ferry.read(&path), "torn");
}

#[tokio::test]
async fn a_folder_of_another_environment_is_refused() {
    let topic = topic(1, &[]).await;
    let ferry = ferry(&topic, "");
    write(&topic, 0, &things(0..5, 4000));
    landed(&ferry);
    ferry.edit(ENVIRONMENT, "stamp = \"dev\"", "stamp = \"prod\"");
    ferry.edit(ENVIRONMENT, "tokens = { test_key = true }", "tokens = { env = \"NIGHTFERRY_KEY\" }");
    refused(&ferry, 14, "E-STAMP-14");
}

/// A topic of [`PARTITIONS`] partitions with [`RECORDS`] in each, and a project that makes small objects of them.
async fn large() -> (String, Ferry) {
    let topic = topic(PARTITIONS, &[]).await;
    let ferry = ferry(&topic, "");
    ferry.edit(ENVIRONMENT, "[secrets]", "[limits]\npart_max = \"128KiB\"\n\n[secrets]");
    for partition in 0..PARTITIONS {
        write(&topic, partition, &things(0..RECORDS, 4000));
    }
    (topic, ferry)
}

fn start(ferry: &Ferry) -> Child {
    let mut command = ferry.command(&["relay", JOB]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts")
}

/// How many objects there are.
fn objects(ferry: &Ferry, topic: &str) -> usize {
    ferry.files(&format!("landed/{topic}")).iter().filter(|path| path.ends_with(".parquet")).count()
}

fn is_whole(ferry: &Ferry, topic: &str) {
    let chain = chain(ferry, topic);
    for partition in 0..PARTITIONS {
        let told: &Value = &chain[partition.to_string()];
        let counts = ["records", "once", "next"].map(|count| &told[count]);
        assert_eq!(counts, [&json!(RECORDS); 3], "{told}");
        assert_eq!((&told["whole"], &told["ascending"]), (&json!(true), &json!(true)), "{told}");
    }
}

#[tokio::test]
async fn told_to_stop_it_ends_in_time_with_whole_objects_and_the_next_run_goes_on() {
    let (topic, ferry) = large().await;
    let child = start(&ferry);
    while objects(&ferry, &topic) < 2 {
        std::thread::sleep(Duration::from_millis(1));
    }
    let began = Instant::now();
    Command::new("kill").arg(child.id().to_string()).status().expect("kill runs");
    let came = Came::of(&child.wait_with_output().expect("it ends"));
    assert!(began.elapsed() < Duration::from_secs(25), "{:?}", began.elapsed());
    assert_eq!(came.code, 73, "{}{}", came.out, came.err);
    assert!(came.endings()[0].starts_with("E-STOP-73"), "{}", came.err);
    let runs = ferry.files(&format!("landed/{topic}/_runs"));
    let manifest: Value =
        serde_json::from_str(&ferry.read(&format!("landed/{topic}/_runs/{}", runs[0]))).expect("JSON");
    assert_eq!(manifest["complete"], false);
    assert_eq!(manifest["objects"].as_array().map(Vec::len), Some(objects(&ferry, &topic)));
    landed(&ferry);
    is_whole(&ferry, &topic);
}

#[test]
fn told_to_stop_while_brokers_say_nothing_it_is_out_in_time() {
    // It follows until it is told otherwise, so that this is no failure of it.
    for (words, code) in [(&[][..], 73), (&["--follow", "--every", "2s"][..], 0)] {
        let ferry = ferry("none", "");
        // Connections are taken, and nothing is ever said on one.
        let mute = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        ferry.edit(ENVIRONMENT, &brokers(), &mute.local_addr().expect("a port").to_string());
        let mut command = ferry.command(&[&["relay", JOB][..], words].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
        let _asks = mute.accept().expect("it asks");
        std::thread::sleep(Duration::from_secs(4));
        assert!(child.try_wait().expect("asked").is_none(), "it still asks");
        let began = Instant::now();
        Command::new("kill").arg(child.id().to_string()).status().expect("kill runs");
        let came = Came::of(&child.wait_with_output().expect("it ends"));
        // Brokers are waited for a minute.
        assert!(began.elapsed() < Duration::from_secs(15), "{words:?}: {:?}", began.elapsed());
        assert_eq!(came.code, code, "{words:?}: {}{}", came.out, came.err);
        assert!(code == 0 || came.endings()[0].starts_with("E-STOP-73"), "{}", came.err);
    }
}

/// Kills of a relay under way.
fn kills() -> usize {
    if std::env::var_os("NIGHTFERRY_SOAK").is_some() { 200 } else { 10 }
}

#[tokio::test]
async fn killed_at_any_moment_it_leaves_a_chain_without_a_gap_and_with_nothing_twice() {
    let (topic, ferry) = large().await;
    let mut draws = crate::live::Draws(9);
    landed(&ferry);
    let all = objects(&ferry, &topic);
    std::fs::remove_dir_all(ferry.path("landed")).expect("removed");
    let mut met = 0;
    for _ in 0..kills() {
        // A moment by what is landed till then, so that it is one under way on a slow machine as on a fast one.
        let already = objects(&ferry, &topic);
        let enough = already + draws.below(all.saturating_sub(already).max(1) as u64) as usize;
        let mut child = start(&ferry);
        while objects(&ferry, &topic) < enough && child.try_wait().expect("asked").is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(draws.below(30)));
        let is_over = child.try_wait().expect("asked").is_some();
        child.kill().expect("killed");
        child.wait().expect("it ended");
        if is_over {
            is_whole(&ferry, &topic);
            std::fs::remove_dir_all(ferry.path("landed")).expect("removed");
            continue;
        }
        if objects(&ferry, &topic) > 0 {
            met += 1;
            let chain = chain(&ferry, &topic);
            for told in chain.as_object().expect("partitions").values() {
                assert_eq!((&told["whole"], &told["ascending"]), (&json!(true), &json!(true)), "{told}");
                assert_eq!((&told["records"], &told["first"]), (&told["next"], &json!(0)), "{told}");
            }
        }
    }
    landed(&ferry);
    is_whole(&ferry, &topic);
    assert!(met * 5 >= kills(), "{met} of {} kills met a chain under way", kills());
}
