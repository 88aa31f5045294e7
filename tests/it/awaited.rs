//! A stream that is behind the extract, by the real binary: waited for, told to have come far enough by its heartbeat, or left
//! undecided with the reason.

use crate::ferry::Ferry;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const TOPIC: &str = "in/topics/app.thing/partition=0/app.thing+0+";

/// Row 1 is 2.00 in the extract, of 2026-11-23 01:00 (1,795,395,600,000 ms) and transactions up to 5009.
fn ferry(reconcile: &str) -> Ferry {
    let reconcile = format!("\n[dataset.thing.reconcile]\nagainst = \"topics\"\ntopic = \"app.thing\"\n{reconcile}\n");
    let columns = "amount = { type = \"numeric(10,2)\", class = \"open\", nullable = true }";
    let ferry = Ferry::of_one_file("app.thing.jsonl", b"{\"id\":1,\"amount\":\"2.00\"}\n", columns, &reconcile);
    let topics = "[source.topics]\ndump = { url = \"in/topics\", layout = \"confluent\" }\n\n[store.warehouse]";
    ferry.edit("jobs/environments/dev.toml", "[store.warehouse]", topics);
    ferry.write("in/extract.json", br#"{"extracted_at":"2026-11-23T01:00:00Z","snapshot":"5000:5010:"}"#);
    ferry
}

fn event(id: u32, amount: &str, source: Value) -> String {
    json!({"before": null, "after": {"id": id, "amount": amount}, "source": source, "op": "u"}).to_string() + "\n"
}

fn of(transaction: u32) -> Value {
    json!({"txId": transaction, "ts_ms": 1_795_000_000_000_u64})
}

fn put(ferry: &Ferry, offset: u32, lines: &str) {
    ferry.write(&format!("{TOPIC}{offset:010}.json"), lines.as_bytes());
}

fn reconciliation(report: &Value) -> &Value {
    &report["datasets"][0]["reconciliation"]
}

/// A run that waits for the stream, with the rest of what it says.
fn waiting(ferry: &Ferry) -> (Child, BufReader<std::process::ChildStderr>) {
    let mut command = ferry.command(&["run", "jobs/things.toml", "--progress", "log", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
    let mut told = BufReader::new(child.stderr.take().expect("piped"));
    let mut line = String::new();
    while !line.contains("waiting for the stream") {
        line.clear();
        assert!(told.read_line(&mut line).expect("text") > 0, "the run ended before it waited");
    }
    (child, told)
}

fn ended(mut child: Child, mut told: BufReader<std::process::ChildStderr>) -> (Option<i32>, Value) {
    let (mut err, mut out) = (String::new(), String::new());
    told.read_to_string(&mut err).expect("text");
    child.stdout.take().expect("piped").read_to_string(&mut out).expect("text");
    let code = child.wait().expect("ended").code();
    (code, serde_json::from_str(&out).unwrap_or_else(|_| panic!("no report: {err}")))
}

#[test]
fn a_stream_that_is_behind_is_waited_for_until_what_it_lacks_has_come() {
    let ferry = ferry("wait = \"5m\"");
    put(&ferry, 0, &event(1, "1.00", of(4000)));
    let (child, told) = waiting(&ferry);
    // What decides the row, and what shows that the stream has come past the extract, in two objects.
    put(&ferry, 1, &event(1, "2.00", of(4001)));
    put(&ferry, 2, &event(9, "9.00", of(6000)));
    let (code, report) = ended(child, told);
    assert_eq!((code, &reconciliation(&report)["verdict"]), (Some(0), &json!("MATCH")), "{report}");
    assert!(report["seconds"].as_f64().is_some_and(|seconds| seconds < 100.0), "it waits no longer than it has to");
}

#[test]
fn a_wait_that_is_over_ends_with_74_or_publishes_by_declaration() {
    let ferry = ferry("wait = \"2s\"");
    put(&ferry, 0, &event(1, "1.00", of(4000)));
    let started = Instant::now();
    let came = ferry.run(&["run", "jobs/things.toml"]);
    assert_eq!(came.code, 74, "{}", came.err);
    assert!(came.err.contains("E-STREAM-74") && started.elapsed() >= Duration::from_secs(2), "{}", came.err);
    assert!(!ferry.is_published("out/warehouse/thing"));
    ferry.edit("jobs/things.toml", "wait = \"2s\"", "wait = \"1s\"\non_inconclusive = \"publish\"");
    let (came, report) = ferry.report(&["jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    let told = reconciliation(&report);
    assert_eq!((&told["verdict"], &told["proof"]), (&json!("INCONCLUSIVE"), &json!("txid")), "{told}");
}

#[test]
fn what_agrees_is_not_waited_for() {
    let ferry = ferry("wait = \"1h\"");
    put(&ferry, 0, &event(1, "2.00", of(4000)));
    let (came, report) = ferry.report(&["jobs/things.toml"]);
    assert_eq!((came.code, &reconciliation(&report)["verdict"]), (0, &json!("MATCH")), "{}", came.err);
}

#[test]
fn a_run_that_waits_and_is_told_to_stop_stops_at_once() {
    let ferry = ferry("wait = \"1h\"");
    put(&ferry, 0, &event(1, "1.00", of(4000)));
    let (child, told) = waiting(&ferry);
    let since = Instant::now();
    let stopped = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill starts");
    assert!(stopped.success(), "the run was still there");
    let (code, report) = ended(child, told);
    assert_eq!((code, &report["problems"][0]["id"]), (Some(73), &json!("E-STOP-73")), "{report}");
    assert!(since.elapsed() < Duration::from_secs(25), "{:?}", since.elapsed());
}

#[test]
fn a_heartbeat_shows_of_a_quiet_topic_that_it_was_read_far_enough() {
    let ferry = ferry("heartbeat = \"__debezium-heartbeat.app\"");
    put(&ferry, 0, &event(1, "1.00", of(4000)));
    let beat = |line: &str| {
        let name = "__debezium-heartbeat.app";
        ferry.write(&format!("in/topics/{name}/partition=0/{name}+0+0000000000.json"), line.as_bytes());
        let (came, report) = ferry.report(&["jobs/things.toml"]);
        (came.code, reconciliation(&report)["verdict"].clone(), reconciliation(&report)["stream"]["heartbeat"].clone())
    };
    // Without a heartbeat, and with one from before the extract, nobody knows whether more is to come.
    assert_eq!(ferry.run(&["run", "jobs/things.toml"]).code, 74);
    assert_eq!(beat("{\"ts_ms\":1795395599000}\n"), (74, json!("INCONCLUSIVE"), json!(false)));
    assert_eq!(beat("{\"ts_ms\":1795395601000}\n"), (21, json!("DRIFT"), json!(true)));
    // A table that the connector writes to tells its transaction, which counts and not the time.
    assert_eq!(beat(&event(1, "0.00", of(4999))), (74, json!("INCONCLUSIVE"), json!(false)));
    assert_eq!(beat(&event(1, "0.00", of(6000))), (21, json!("DRIFT"), json!(true)));
}

#[test]
fn a_heartbeat_that_is_none_is_damaged_input() {
    let ferry = ferry("heartbeat = \"beats\"");
    put(&ferry, 0, &event(1, "1.00", of(4000)));
    ferry.write("in/topics/beats/partition=0/beats+0+0000000000.json", b"{\"opensesame\":1}\n");
    let came = ferry.run(&["run", "jobs/things.toml"]);
    assert_eq!(came.code, 22);
    assert!(came.err.contains("line 1 is neither a heartbeat nor a change event"), "{}", came.err);
    assert!(!came.err.contains("opensesame"), "{}", came.err);
}

#[test]
fn a_row_that_changed_within_the_window_ends_with_74_and_is_published_by_declaration() {
    let ferry = ferry("window = \"30s\"");
    let at = |ms: u64| json!({"ts_ms": ms});
    let lines = [
        event(1, "1.00", at(1_795_395_000_000)),
        event(1, "2.00", at(1_795_395_580_000)),
        event(9, "9.00", at(1_795_395_700_000)),
    ];
    put(&ferry, 0, &lines.concat());
    let came = ferry.run(&["run", "jobs/things.toml"]);
    assert_eq!(came.code, 74, "{}", came.err);
    assert!(came.err.contains("E-WINDOW-74") && came.err.contains("1 row changed so near"), "{}", came.err);
    ferry.edit("jobs/things.toml", "window = \"30s\"", "window = \"30s\"\non_inconclusive = \"publish\"");
    let (came, report) = ferry.report(&["jobs/things.toml"]);
    let told = reconciliation(&report);
    assert_eq!((came.code, &told["proof"], &told["undecided"]), (0, &json!("window"), &json!(1)), "{told}");
    // Twenty seconds before the extract are enough where ten are declared.
    ferry.edit("jobs/things.toml", "window = \"30s\"", "window = \"10s\"");
    let (_, report) = ferry.report(&["jobs/things.toml", "--again", "another window"]);
    assert_eq!(reconciliation(&report)["verdict"], "MATCH", "{report}");
}

#[test]
fn without_transactions_the_databases_log_decides_and_says_so() {
    let ferry = ferry("");
    let at = |lsn: u64, last_commit: u64| {
        let sequence = json!([last_commit.to_string(), lsn.to_string()]).to_string();
        json!({"ts_ms": 1_795_000_000_000_u64, "lsn": lsn, "sequence": sequence})
    };
    // 0/3E8 is 1,000. The update committed before it, which the event behind tells; that one came later.
    ferry.write("in/extract.json", br#"{"extracted_at":"2026-11-23T01:00:00Z","lsn":"0/3E8"}"#);
    let lines = [event(1, "1.00", at(100, 90)), event(1, "2.00", at(800, 700)), event(9, "9.00", at(1_100, 950))];
    put(&ferry, 0, &lines.concat());
    let (came, report) = ferry.report(&["jobs/things.toml"]);
    let told = reconciliation(&report);
    assert_eq!((came.code, &told["verdict"], &told["proof"]), (0, &json!("MATCH"), &json!("commit_lsn")), "{told}");
    let terminal = ferry.run(&["run", "jobs/things.toml", "--again", "to look at it"]);
    assert!(terminal.out.contains("MATCH  by the database's log"), "{}", terminal.out);
    // Without what came behind, nothing proves that the update had committed.
    put(&ferry, 0, &lines[..2].concat());
    let came = ferry.run(&["run", "jobs/things.toml", "--again", "less of the topic"]);
    assert_eq!(came.code, 74, "{}", came.err);
    assert!(came.err.contains("E-WINDOW-74"), "{}", came.err);
    ferry.write("in/extract.json", br#"{"extracted_at":"2026-11-23T01:00:00Z","lsn":"opensesame"}"#);
    let came = ferry.run(&["run", "jobs/things.toml", "--again", "a damaged file"]);
    assert!(came.code == 22 && !came.err.contains("opensesame"), "{}", came.err);
}

#[test]
fn what_is_let_pass_is_counted_and_printed_with_the_largest_difference() {
    let ferry = ferry("tolerate = { amount = { abs = \"0.01\" } }");
    put(&ferry, 0, &[event(1, "1.99", of(4000)), event(9, "9.00", of(6000))].concat());
    let told = ferry.run(&["run", "jobs/things.toml", "--dry-run"]);
    assert!(told.out.contains("tolerated  amount of thing: 1 cell by abs 0.01, at most 0.01 apart"), "{}", told.out);
    let (came, report) = ferry.report(&["jobs/things.toml"]);
    let told = reconciliation(&report);
    assert_eq!((came.code, &told["verdict"], &told["tolerated"]), (0, &json!("MATCH"), &json!(1)), "{told}");
    assert_eq!(told["tolerated_columns"], json!({"amount": {"rule": "abs 0.01", "cells": 1, "largest": "0.01"}}));
    ferry.edit("jobs/things.toml", "abs = \"0.01\"", "abs = \"0.009\"");
    let (came, report) = ferry.report(&["jobs/things.toml", "--again", "a smaller tolerance"]);
    assert_eq!(came.code, 21);
    let told = &reconciliation(&report)["tolerated_columns"];
    assert_eq!(told, &json!({"amount": {"rule": "abs 0.009", "cells": 0}}));
}
