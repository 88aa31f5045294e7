//! What a relay tells machines: what its lines, its file and its manifest say is what it landed, and what is not known is not there.

use super::kafka::{brokers, things, topic, write};
use super::{ENVIRONMENT, JOB, chain, ferry};
use crate::ferry::{Came, Ferry};
use crate::metrics::{lines, parsed};
use serde_json::{Value, json};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn numbers(came: &Came, dataset: &str) -> Value {
    let all = lines(&came.err);
    all.iter().find(|line| line["dataset"] == dataset).unwrap_or_else(|| panic!("{dataset}: {}", came.err)).clone()
}

/// What the newest manifest of a topic says.
fn manifest(ferry: &Ferry, topic: &str) -> Value {
    let runs = ferry.files(&format!("landed/{topic}/_runs"));
    let last = runs.iter().max().expect("a manifest");
    serde_json::from_str(&ferry.read(&format!("landed/{topic}/_runs/{last}"))).expect("JSON")
}

#[tokio::test]
async fn a_run_tells_what_it_landed_and_that_nothing_is_left() {
    let topic = topic(2, &[]).await;
    let ferry = ferry(&topic, "");
    write(&topic, 0, &things(0..5, 4000));
    write(&topic, 1, &[(Some("{\"id\":5}".to_owned()), None)]);
    let came = ferry.run(&["relay", JOB, "--json", "--metrics", "emf"]);
    assert_eq!(came.code, 0, "{}", came.err);
    let told: Value = serde_json::from_str(&came.out).expect("JSON");
    let (landed, of, whole) = (&told["topics"][0], numbers(&came, &topic), numbers(&came, "things.all"));
    for (name, told) in [
        ("relay_records", &landed["records"]),
        ("relay_tombstones", &landed["tombstones"]),
        ("relay_objects", &landed["objects"]),
        ("relay_landed_bytes", &landed["bytes"]),
        ("relay_dead_letters", &json!(0)),
        ("relay_put_conflicts", &landed["put_conflicts"]),
        ("relay_lag_records", &json!(0)),
        ("relay_lag_unknown_partitions", &json!(0)),
    ] {
        assert_eq!(of[name].as_f64(), told.as_f64(), "{name}: {of} {told}");
    }
    assert_eq!((of["relay_records"].as_f64(), of["relay_tombstones"].as_f64()), (Some(6.0), Some(1.0)));
    assert!(of["relay_since_progress_seconds"].as_f64().is_some_and(|ago| ago < 10.0), "{of}");
    assert_eq!((&whole["failed"], &whole["event_code"], &whole["run"]), (&json!(0.0), &json!("relay"), &told["run"]));
    assert!(whole["relay_seconds"].as_f64().is_some_and(|took| took > 0.0), "{whole}");
    assert_eq!(whole["relay_throttled_ratio"], 0.0);
    let said = manifest(&ferry, &topic);
    assert_eq!((&said["put_conflicts"], &said["throttled_ms"]), (&json!(0), &json!(0)), "{said}");
    // What came since is behind, and nothing is told of a progress that nobody makes.
    write(&topic, 0, &things(5..8, 4000));
    let came = ferry.run(&["relay", JOB, "--lag", "--metrics", "emf"]);
    assert_eq!(came.code, 0, "{}", came.err);
    let of = numbers(&came, &topic);
    assert_eq!((&of["relay_lag_records"], &of["relay_records"]), (&json!(3.0), &json!(0.0)), "{of}");
    assert!(of["relay_since_progress_seconds"].is_null(), "{of}");
}

#[tokio::test]
async fn one_who_follows_keeps_a_file_of_all_that_he_landed() {
    let topic = topic(1, &[]).await;
    let ferry = ferry(&topic, "");
    write(&topic, 0, &things(0..5, 4000));
    let mut command = ferry.command(&["relay", JOB, "--follow", "--every", "2s", "--metrics", "numbers.prom"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let of = |name: &str| {
        let text = std::fs::read_to_string(ferry.path("numbers.prom")).ok()?;
        parsed(&text).get(&format!("nightferry_{name}{{dataset=\"{topic}\",environment=\"dev\"}}")).copied()
    };
    let until = |records: f64| {
        let began = Instant::now();
        while of("relay_records") != Some(records) {
            assert!(began.elapsed() < Duration::from_secs(60), "{:?} records, not {records}", of("relay_records"));
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    until(5.0);
    write(&topic, 0, &things(5..8, 4000));
    until(8.0);
    assert_eq!((of("relay_objects"), of("relay_lag_records")), (Some(2.0), Some(0.0)));
    // Whoever has nothing to land does not stand still.
    std::thread::sleep(Duration::from_secs(10));
    assert!(
        of("relay_since_progress_seconds").is_some_and(|ago| ago < 8.0),
        "{:?}",
        of("relay_since_progress_seconds")
    );
    Command::new("kill").arg(child.id().to_string()).status().expect("kill runs");
    let came = Came::of(&child.wait_with_output().expect("it ends"));
    assert_eq!(came.code, 0, "{}", came.err);
    assert_eq!(of("relay_records"), Some(8.0));
}

#[tokio::test]
async fn one_who_follows_a_cluster_that_is_away_tells_no_lag_and_how_long_nothing_came() {
    let topic = topic(1, &[]).await;
    let ferry = ferry(&topic, ", stall_seconds_max = 1");
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("a port").to_string();
    ferry.edit(ENVIRONMENT, &brokers(), &free);
    let mut command = ferry.command(&["relay", JOB, "--follow", "--every", "2s", "--metrics", "numbers.prom"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let began = Instant::now();
    let seen = loop {
        let text = std::fs::read_to_string(ferry.path("numbers.prom")).unwrap_or_default();
        let since = "nightferry_relay_since_progress_seconds{";
        let ago =
            text.lines().find(|line| line.starts_with(since)).and_then(|line| line.rsplit_once(' ')?.1.parse().ok());
        if ago.is_some_and(|ago: f64| ago > 3.0) {
            break text;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{text}");
        std::thread::sleep(Duration::from_millis(50));
    };
    assert!(!seen.contains("relay_lag_records"), "{seen}");
    let unknown = format!("nightferry_relay_lag_unknown_partitions{{dataset=\"{topic}\",environment=\"dev\"}} 1\n");
    assert!(seen.contains(&unknown), "{seen}");
    Command::new("kill").arg(child.id().to_string()).status().expect("kill runs");
    child.wait_with_output().expect("it ends");
}

#[tokio::test]
async fn a_run_that_fails_tells_what_it_failed_with_and_what_it_put_aside() {
    let topic = topic(1, &[]).await;
    let ferry = ferry(&topic, ", audience = \"analytics\", dead_letters_max = 2");
    write(&topic, 0, &vec![(Some("secret-key".to_owned()), Some("Wren Alder".to_owned())); 5]);
    let came = ferry.run(&["relay", JOB, "--metrics", "emf"]);
    assert_eq!(came.code, 22, "{}", came.err);
    let (of, whole) = (numbers(&came, &topic), numbers(&came, "things.all"));
    assert_eq!((&of["relay_dead_letters"], &of["relay_records"]), (&json!(5.0), &json!(0.0)), "{of}");
    assert_eq!((&whole["failed"], &whole["exit_code"]), (&json!(1.0), &json!(22)), "{whole}");
    assert_eq!((&whole["event_code"], &whole["severity"]), (&json!("E-LETTERS-22"), &json!("High")), "{whole}");
    // Nobody asked how far it goes.
    assert!(of["relay_lag_records"].is_null() && of["relay_lag_unknown_partitions"].is_null(), "{of}");
    assert!(!came.err.contains("Wren") && !came.err.contains("secret-key"), "{}", came.err);
}

#[tokio::test]
async fn a_second_relay_is_told_as_conflicts_and_its_objects_are_not_counted_as_ours() {
    const RECORDS: u64 = 3_000;
    let topic = topic(1, &[]).await;
    let ferry = ferry(&topic, "");
    write(&topic, 0, &things(0..RECORDS, 4000));
    // The second makes smaller objects.
    let other = ferry.read(ENVIRONMENT).replace("[secrets]", "[limits]\npart_max = \"64KiB\"\n\n[secrets]");
    ferry.write("jobs/environments/other.toml", other.as_bytes());
    let gate = ferry.path("gate");
    let mut command = ferry.command(&["relay", JOB, "--json", "--metrics", "emf"]);
    command.env("NIGHTFERRY_PAUSE", format!("store.put.dump:before:{}", gate.display()));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let began = Instant::now();
    while !gate.exists() {
        assert!(began.elapsed() < Duration::from_secs(60), "the gate");
        std::thread::sleep(Duration::from_millis(10));
    }
    let second = ferry.run(&["relay", JOB, "--env", "other", "--json"]);
    assert_eq!(second.code, 0, "{}", second.err);
    std::fs::remove_file(&gate).expect("opened");
    let came = Came::of(&child.wait_with_output().expect("it ends"));
    assert_eq!(came.code, 0, "{}", came.err);
    let told: Value = serde_json::from_str(&came.out).expect("JSON");
    let (of, second): (Value, Value) = (numbers(&came, &topic), serde_json::from_str(&second.out).expect("JSON"));
    let theirs = second["topics"][0]["objects"].as_f64().expect("objects");
    assert!(theirs > 1.0, "{second}");
    let (conflicts, ours) = (of["relay_put_conflicts"].as_f64(), of["relay_objects"].as_f64());
    let (conflicts, ours) = (conflicts.expect("a number"), ours.expect("a number"));
    // The last stretch may be the same for both, and its bytes are: nobody can tell whose they are.
    assert!(conflicts >= theirs - 1.0 && conflicts + ours == theirs, "{theirs}: {of}");
    assert_eq!(told["topics"][0]["put_conflicts"].as_f64(), Some(conflicts), "{told}");
    let told = chain(&ferry, &topic)["0"].clone();
    assert_eq!((&told["whole"], &told["once"]), (&json!(true), &json!(RECORDS)), "{told}");
}
