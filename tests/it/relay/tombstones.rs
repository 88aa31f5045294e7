//! Keys that a topic is to forget: tombstones where they were seen, once, with a receipt; and whether it has forgotten.

use super::kafka::{Ends, all, topic, transact, write};
use super::{ENVIRONMENT, JOB, ferry};
use crate::ferry::{Came, Ferry};
use serde_json::{Value, json};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A topic in which a tombstone erases something, within a second or two.
const COMPACTED: [(&str, &str); 5] = [
    ("cleanup.policy", "compact"),
    ("segment.ms", "100"),
    ("min.cleanable.dirty.ratio", "0.001"),
    ("delete.retention.ms", "86400000"),
    ("max.compaction.lag.ms", "100"),
];
/// The same, but nothing goes while a test looks.
pub const SLOW: [(&str, &str); 2] = [("cleanup.policy", "compact"), ("max.compaction.lag.ms", "86400000")];

const WREN: &str = "{\"mail\":\"wren@example.org\"}";
const FINCH: &str = "{\"mail\":\"finch@example.org\"}";
const ROOK: &str = "{\"mail\":\"rook@example.org\"}";
const NOBODY: &str = "{\"mail\":\"nobody@example.org\"}";

fn value(key: &str) -> (Option<String>, Option<String>) {
    (Some(key.to_owned()), Some(format!("{{\"after\":{key}}}")))
}

fn gone(key: &str) -> (Option<String>, Option<String>) {
    (Some(key.to_owned()), None)
}

fn asked(ferry: &Ferry, topic: &str, keys: &[&str], more: &[&str]) -> Came {
    ferry.write("keys.txt", (keys.join("\n") + "\n").as_bytes());
    let keys = ferry.path("keys.txt");
    let arguments = ["relay", "tombstone", JOB, "--topic", topic, "--keys", keys.to_str().expect("text")];
    let came = ferry.run(&[&arguments, more].concat());
    // Whatever was asked: no key is ever told.
    for bird in ["wren@", "finch@", "rook@", "nobody@"] {
        assert!(!came.out.contains(bird) && !came.err.contains(bird), "{}{}", came.out, came.err);
    }
    came
}

fn told(came: &Came) -> Value {
    assert_eq!(came.code, 0, "{}{}", came.out, came.err);
    serde_json::from_str(&came.out).expect("JSON")
}

/// What a run told that ended badly.
fn told_by(came: &Came) -> Value {
    serde_json::from_str(&came.out).expect("JSON")
}

fn found(asked: u64, never_seen: u64, values: u64, alive: u64, waiting: u64, sent: u64) -> Value {
    json!({"asked": asked, "never_seen": never_seen, "values": values, "alive": alive, "waiting": waiting, "sent": sent})
}

/// Those of runs that came to their end.
fn receipts(ferry: &Ferry, topic: &str) -> Vec<Value> {
    written(ferry, topic).into_iter().filter(|receipt| receipt["begun"].is_null()).collect()
}

fn begun(ferry: &Ferry, topic: &str) -> Vec<Value> {
    written(ferry, topic).into_iter().filter(|receipt| receipt["begun"] == true).collect()
}

fn written(ferry: &Ferry, topic: &str) -> Vec<Value> {
    let folder = format!("out/security/_tombstones/{topic}");
    if !ferry.path(&folder).exists() {
        return Vec::new();
    }
    let read = |path: &String| {
        let text = ferry.read(&format!("{folder}/{path}"));
        assert!(!text.contains("example.org"), "{text}");
        serde_json::from_str(&text).expect("JSON")
    };
    ferry.files(&folder).iter().map(read).collect()
}

/// Partitions and keys of the records without a value.
fn tombstones(topic: &str) -> Vec<(i32, String)> {
    let dead = all(topic).into_iter().filter(|(_, _, _, value)| value.is_none());
    let mut dead: Vec<_> = dead.map(|(partition, _, key, _)| (partition, key.expect("a key"))).collect();
    dead.sort();
    dead
}

#[tokio::test]
async fn tombstones_go_where_a_key_was_seen_and_nowhere_else_once_and_leave_a_receipt() {
    let topic = topic(4, &SLOW).await;
    let ferry = ferry(&topic, "");
    // In partitions that no partitioner would choose for all of them.
    write(&topic, 3, &[value(WREN), value(ROOK), value(WREN)]);
    write(&topic, 0, &[value(FINCH)]);
    write(&topic, 1, &[value(FINCH), value("{\"mail\": \"wren@example.org\"}")]);
    write(&topic, 2, &[value(ROOK), gone(ROOK)]);
    let keys = [WREN, FINCH, ROOK, NOBODY, WREN];
    // Nothing is sent or written unless that is said.
    let came = asked(&ferry, &topic, &keys, &["--json"]);
    assert_eq!(told(&came)["found"], found(4, 1, 6, 4, 1, 0));
    assert_eq!((tombstones(&topic).len(), receipts(&ferry, &topic).len()), (1, 0));
    let came = asked(&ferry, &topic, &keys, &[]);
    assert!(came.out.contains("nothing was sent or written; --apply sends 4 tombstones"), "{}", came.out);
    let came = asked(&ferry, &topic, &keys, &["--apply", "--reason", "case 7", "--json"]);
    assert_eq!(told(&came)["found"], found(4, 1, 6, 4, 1, 4));
    let dead = [(0, FINCH), (1, FINCH), (2, ROOK), (3, ROOK), (3, WREN)].map(|(at, key)| (at, key.to_owned()));
    assert_eq!(tombstones(&topic), dead);
    let receipt = &receipts(&ferry, &topic)[0];
    assert_eq!((&receipt["reason"], &receipt["found"]["sent"]), (&json!("case 7"), &json!(4)), "{receipt:#}");
    assert_eq!(receipt["settings"]["lag_ms_max"], 86_400_000);
    let listed = receipt["keys"].as_array().expect("keys");
    assert_eq!(listed.len(), 4, "those never seen, too");
    assert!(listed.iter().all(|key| key["key"].as_str().is_some_and(|hash| hash.len() == 64)), "{receipt:#}");
    // Where it says that a tombstone stands, one does.
    let stands: Vec<(i32, i64)> = all(&topic).into_iter().filter(|of| of.3.is_none()).map(|of| (of.0, of.1)).collect();
    let mut said: Vec<(i32, i64)> = listed
        .iter()
        .flat_map(|key| key["at"].as_array().expect("places"))
        .map(|at| (at["partition"].as_i64().expect("a number") as i32, at["tombstone"].as_i64().expect("an offset")))
        .collect();
    said.sort_unstable();
    assert_eq!(said, stands);
    // Said again, nothing is sent again, and that is receipted too.
    let came = asked(&ferry, &topic, &keys, &["--apply", "--reason", "case 7", "--json"]);
    assert_eq!(told(&came)["found"], found(4, 1, 6, 0, 5, 0));
    assert_eq!((tombstones(&topic).len(), receipts(&ferry, &topic).len()), (5, 2));
    // What came of it is landed like any other record.
    assert_eq!(super::landed(&ferry)["tombstones"], 5);
}

#[tokio::test]
async fn killed_in_the_middle_it_goes_on_and_no_key_gets_two() {
    let topic = topic(2, &SLOW).await;
    let ferry = ferry(&topic, "");
    let keys: Vec<String> = (0..40).map(|id| format!("{{\"id\":{id}}}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    for partition in 0..2 {
        let part: Vec<_> = keys.iter().skip(partition as usize).step_by(2).map(|key| value(key)).collect();
        write(&topic, partition, &part);
    }
    ferry.write("keys.txt", (keys.join("\n") + "\n").as_bytes());
    let file = ferry.path("keys.txt");
    let words = ["relay", "tombstone", JOB, "--topic", &topic, "--keys", file.to_str().expect("text")];
    let words = [&words[..], &["--apply", "--reason", "case 7"]].concat();
    let killed = ferry.command(&words).env("NIGHTFERRY_KILL", "store.put.begun:before:1").output().expect("it starts");
    assert_ne!(killed.status.code(), Some(0));
    assert!(tombstones(&topic).is_empty() && written(&ferry, &topic).is_empty());
    for place in ["store.put.begun:after:1", "kafka.send:before:9", "kafka.send:after:30", "store.put.receipt:before:1"]
    {
        let killed = ferry.command(&words).env("NIGHTFERRY_KILL", place).output().expect("the binary starts");
        assert_ne!(killed.status.code(), Some(0), "{place}");
        // What was on its way when the process died arrives, or never does.
        std::thread::sleep(Duration::from_millis(500));
        let mut dead = tombstones(&topic);
        let count = dead.len();
        dead.dedup();
        assert_eq!(dead.len(), count, "{place}: one twice");
        // None was sent that nobody wrote down before.
        let begun = begun(&ferry, &topic);
        let first = &begun[0];
        assert_eq!((&first["reason"], &first["found"]["alive"]), (&json!("case 7"), &json!(40)), "{first:#}");
        let keys = first["keys"].as_array().expect("keys");
        assert!(keys.len() == 40 && keys.iter().all(|key| key["at"][0]["partition"].is_i64()), "{first:#}");
    }
    assert!(receipts(&ferry, &topic).is_empty());
    crate::killed::killed(ferry.command(&words), "store.put.receipt:after:1");
    assert_eq!((receipts(&ferry, &topic).len(), tombstones(&topic).len()), (1, 40), "all is sent and receipted");
    let came = asked(&ferry, &topic, &keys, &["--apply", "--reason", "case 7", "--json"]);
    let all = told(&came)["found"].clone();
    assert_eq!(all["waiting"].as_u64().zip(all["alive"].as_u64()).map(|(a, b)| a + b), Some(40), "{all}");
    assert_eq!(tombstones(&topic).len(), 40);
    let receipt = &receipts(&ferry, &topic)[0];
    let places = receipt["keys"].as_array().expect("keys").iter().flat_map(|key| key["at"].as_array().expect("places"));
    assert!(places.clone().all(|at| at["tombstone"].is_i64()), "{receipt:#}");
    assert_eq!(places.count(), 40);
}

/// A topic of three people whose tombstones are asked for; the process stands at `place`, is told to stop there, and goes on.
async fn told_to_stop_at(place: &str) -> (Ferry, String) {
    let topic = topic(1, &SLOW).await;
    let ferry = ferry(&topic, "");
    write(&topic, 0, &[value(WREN), value(FINCH), value(ROOK)]);
    ferry.write("keys.txt", [WREN, FINCH, ROOK].join("\n").as_bytes());
    let (file, pause) = (ferry.path("keys.txt"), ferry.path("paused"));
    let words = ["relay", "tombstone", JOB, "--topic", &topic, "--keys", file.to_str().expect("text")];
    let mut command = ferry.command(&[&words[..], &["--apply", "--reason", "case 7"]].concat());
    command.env("NIGHTFERRY_PAUSE", format!("{place}:{}", pause.display()));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let began = Instant::now();
    while !pause.exists() {
        assert!(began.elapsed() < Duration::from_secs(60), "{place} is not reached");
        std::thread::sleep(Duration::from_millis(20));
    }
    Command::new("kill").arg(child.id().to_string()).status().expect("kill runs");
    std::thread::sleep(Duration::from_secs(1));
    std::fs::remove_file(&pause).expect("removed");
    let came = Came::of(&child.wait_with_output().expect("it ends"));
    assert_eq!(came.code, 73, "{}", came.err);
    assert_eq!(begun(&ferry, &topic).len(), 1);
    (ferry, topic)
}

#[tokio::test]
async fn told_to_stop_while_it_sends_it_leaves_a_receipt_of_what_was_sent() {
    let (ferry, topic) = told_to_stop_at("kafka.send:after").await;
    let there = tombstones(&topic).len();
    assert_eq!(there, 1);
    let receipt = &receipts(&ferry, &topic)[0];
    assert_eq!((&receipt["ended"], &receipt["found"]["sent"]), (&json!("E-STOP-73"), &json!(there)), "{receipt:#}");
    let places = receipt["keys"].as_array().expect("keys").iter().flat_map(|key| key["at"].as_array().expect("places"));
    assert_eq!(places.filter(|at| at["sent"] == true && at["tombstone"].is_i64()).count(), there, "{receipt:#}");
}

#[tokio::test]
async fn told_to_stop_before_anything_is_sent_it_sends_nothing() {
    // Nobody waits for a signal while it is written down what is begun.
    let (ferry, topic) = told_to_stop_at("store.put.begun:after").await;
    assert!(tombstones(&topic).is_empty());
    let receipt = &receipts(&ferry, &topic)[0];
    assert_eq!((&receipt["ended"], &receipt["found"]["sent"]), (&json!("E-STOP-73"), &json!(0)), "{receipt:#}");
}

#[tokio::test]
async fn a_topic_in_which_nothing_is_ever_compacted_is_refused() {
    for (settings, word) in [
        (vec![("cleanup.policy", "delete")], "cleanup.policy"),
        (vec![("cleanup.policy", "compact")], "max.compaction.lag.ms"),
    ] {
        let topic = topic(1, &settings).await;
        let ferry = ferry(&topic, "");
        write(&topic, 0, &[value(WREN)]);
        for more in [&[][..], &["--apply", "--reason", "case 7"], &["--verify"]] {
            let came = asked(&ferry, &topic, &[WREN], more);
            assert_eq!(came.code, 14, "{}", came.err);
            assert!(came.endings()[0].starts_with("E-COMPACT-14") && came.err.contains(word), "{}", came.err);
        }
        assert!(tombstones(&topic).is_empty() && receipts(&ferry, &topic).is_empty());
    }
}

#[tokio::test]
async fn it_is_attested_once_compaction_has_taken_every_value_and_not_before() {
    let topic = topic(1, &COMPACTED).await;
    let ferry = ferry(&topic, "");
    write(&topic, 0, &[value(WREN), value(FINCH), value(WREN)]);
    let keys = [WREN, FINCH];
    let verified = || asked(&ferry, &topic, &keys, &["--verify", "--json"]);
    let came = verified();
    assert_eq!(came.code, 25, "{}", came.err);
    assert!(came.endings()[0].starts_with("E-TOMB-25") && came.err.contains("values of 2 keys"), "{}", came.err);
    told(&asked(&ferry, &topic, &keys, &["--apply", "--reason", "case 7", "--json"]));
    // The last segment is never compacted, and nothing stands behind it yet.
    let came = verified();
    assert_eq!(came.code, 74, "{}", came.err);
    assert!(came.endings()[0].starts_with("E-TOMB-74"), "{}", came.err);
    tokio::time::sleep(Duration::from_millis(300)).await;
    write(&topic, 0, &[value(ROOK)]);
    let began = Instant::now();
    let came = loop {
        let came = verified();
        if came.code == 0 {
            break came;
        }
        assert_eq!(came.code, 74, "{}", came.err);
        assert!(began.elapsed() < Duration::from_secs(90), "nothing is compacted");
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    assert_eq!(told(&came)["found"], found(2, 0, 0, 0, 0, 0));
    let left: Vec<_> = all(&topic).into_iter().filter(|of| of.3.is_some()).map(|of| of.2).collect();
    assert_eq!(left, [Some(ROOK.to_owned())], "by another reader");
    let receipts = receipts(&ferry, &topic);
    let attested: Vec<&Value> = receipts.iter().map(|receipt| &receipt["none_left"]).collect();
    assert_eq!((attested[0], attested[1], attested[2]), (&json!(false), &Value::Null, &json!(false)), "{attested:?}");
    assert_eq!(attested.last(), Some(&&json!(true)));
    // Whoever writes it again undoes it, and that is told.
    write(&topic, 0, &[value(WREN)]);
    let came = verified();
    assert_eq!(came.code, 25, "{}", came.err);
}

#[tokio::test]
async fn what_is_in_an_open_transaction_and_what_stands_behind_it_is_found_and_never_attested_away() {
    let topic = topic(1, &SLOW).await;
    let ferry = ferry(&topic, "");
    write(&topic, 0, &[value(ROOK)]);
    let open = transact(&topic, &[value(WREN)], Ends::Stays);
    write(&topic, 0, &[value(FINCH)]);
    let came = asked(&ferry, &topic, &[WREN, FINCH], &["--verify", "--json"]);
    assert_eq!(came.code, 25, "{}{}", came.out, came.err);
    let receipt = &receipts(&ferry, &topic)[0];
    assert_eq!((&receipt["found"], &receipt["none_left"]), (&found(2, 0, 2, 2, 0, 0), &json!(false)), "{receipt:#}");
    assert_eq!(receipt["partitions"]["0"], json!({"low": 0, "end": 3}), "up to the high watermark");
    let came = asked(&ferry, &topic, &[WREN, FINCH], &["--apply", "--reason", "case 7", "--json"]);
    assert_eq!(told(&came)["found"], found(2, 0, 2, 2, 0, 2));
    drop(open);
}

#[tokio::test]
async fn keys_that_nobody_ever_saw_in_the_topic_are_not_attested() {
    let topic = topic(1, &[("cleanup.policy", "compact,delete"), ("max.compaction.lag.ms", "86400000")]).await;
    let ferry = ferry(&topic, "");
    write(&topic, 0, &[value(WREN), value(ROOK)]);
    // The same person, in another form than the topic's.
    let spaced = "{\"mail\": \"wren@example.org\"}";
    let verified = |keys: &[&str], code: u8, id: &str, none_left: Value| {
        let came = asked(&ferry, &topic, keys, &["--verify", "--json"]);
        assert_eq!(came.code, i32::from(code), "{}{}", came.out, came.err);
        assert!(came.endings().first().is_none_or(|ending| ending.starts_with(id)), "{}", came.err);
        assert_eq!(receipts(&ferry, &topic).last().expect("a receipt")["none_left"], none_left, "{keys:?}");
        came
    };
    let came = verified(&[spaced, NOBODY], 14, "E-TOMB-14", Value::Null);
    assert!(came.err.contains("was never seen to have 2 of the keys"), "{}", came.err);
    assert_eq!(told_by(&came)["never_in"], 2);
    // What it says of itself is no proof the next time.
    verified(&[spaced, NOBODY], 14, "E-TOMB-14", Value::Null);
    // Nor is that they were asked for with --apply, and nothing was there.
    told(&asked(&ferry, &topic, &[spaced, WREN], &["--apply", "--reason", "case 7", "--json"]));
    verified(&[spaced], 14, "E-TOMB-14", Value::Null);
    verified(&[WREN], 74, "E-TOMB-74", json!(false));
    verified(&[WREN, ROOK, NOBODY], 25, "E-TOMB-25", json!(false));
    // Gone with all that stood there: a receipt knows that it was.
    super::kafka::forget(&topic, 3).await;
    verified(&[WREN], 0, "", json!(true));
    verified(&[WREN, NOBODY], 14, "E-TOMB-14", Value::Null);
}

#[tokio::test]
async fn keys_and_topics_that_nobody_can_mean_are_refused() {
    let topic = topic(1, &SLOW).await;
    let ferry = ferry(&topic, "");
    let refused = |came: Came, what: &str| {
        assert_eq!(came.code, 2, "{}", came.err);
        assert!(came.err.contains(what), "{}", came.err);
    };
    let came = asked(&ferry, "another.topic", &[WREN], &[]);
    assert!(came.endings()[0].starts_with("E-TOMB-2"), "{}", came.err);
    refused(came, "lands no topic `another.topic`");
    refused(asked(&ferry, &topic, &[], &[]), "has no key");
    refused(asked(&ferry, &topic, &[WREN], &["--hex"]), "line 1 of --keys is no hex");
    refused(asked(&ferry, &topic, &[WREN], &["--apply"]), "--reason");
    refused(asked(&ferry, &topic, &[WREN], &["--reason", "x"]), "--apply");
    let both = ["--apply", "--reason", "x", "--verify"];
    refused(asked(&ferry, &topic, &[WREN], &both), "--verify");
    let came = ferry.run(&["relay", "tombstone", JOB, "--topic", &topic, "--keys", "nowhere"]);
    refused(came, "cannot be read");
    // Bytes that are no text.
    write(&topic, 0, &[(Some("\u{1}\u{7f}".to_owned()), Some("v".to_owned()))]);
    let came = asked(&ferry, &topic, &["017F"], &["--hex", "--json"]);
    assert_eq!(told(&came)["found"], found(1, 0, 1, 1, 0, 0));
    // Without a secret there is no receipt that could be told from a guess.
    ferry.edit(ENVIRONMENT, "tokens = { test_key = true }", "");
    let came = asked(&ferry, &topic, &[WREN], &[]);
    assert_eq!(came.code, 11, "{}", came.err);
}
