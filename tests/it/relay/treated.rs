//! Topics that are landed for those who may not see everything: what they see, what they do not, and what is not landed at all.

use super::kafka::{Pair, topic, write, write_with};
use super::{ENVIRONMENT, JOB, landed, refused};
use crate::ferry::Ferry;
use crate::readers::python;
use serde_json::{Value, json};

/// What nobody outside of the restricted store may ever read.
const CANARIES: [&str; 7] =
    ["wren@example.org", "finch@example.org", "07700 900123", "Wren Alder", "1980-05-06", "Millpond", "secret-key"];

const SCHEMA: &str = "amount = { type = \"numeric(10,2)\", class = \"open\", nullable = true }
email = { type = \"text\", class = \"personal\", kind = \"email\", nullable = true, treat = { analytics = { hmac = \"people\" } } }
phone = { type = \"text\", class = \"personal\", kind = \"phone\", nullable = true, treat = { analytics = { mask = { last = 2 } } } }
full_name = { type = \"text\", class = \"personal\", kind = \"name\", nullable = true }
born = { type = \"date\", class = \"personal\", nullable = true, treat = { analytics = { generalise = \"year\" } } }
doc = { type = \"jsonb\", class = \"sensitive\", nullable = true, treat = { analytics = { fields = { \"a.n\" = { treat = \"keep\" }, \"a.who\" = { kind = \"email\", treat = \"label\" } } } } }
body = { type = \"text\", class = \"internal\", nullable = true }";

pub fn ferry(topic: &str, kafka: &str) -> Ferry {
    let reconcile = format!("\n[dataset.thing.reconcile]\nagainst = \"topics\"\ntopic = \"{topic}\"\n");
    let row = json!({"id": 1, "amount": "2.50", "email": "wren@example.org", "phone": "07700 900123", "full_name": "Wren Alder",
        "born": "1980-05-06", "doc": "{\"a\": {\"n\": 1, \"who\": \"wren@example.org\"}, \"street\": \"Millpond\"}", "body": "plain"});
    let ferry = Ferry::of_one_file("app.thing.jsonl", format!("{row}\n").as_bytes(), SCHEMA, &reconcile);
    let source = super::source(&format!(", audience = \"analytics\"{kafka}"));
    ferry.edit(ENVIRONMENT, "[store.warehouse]", &format!("{source}\n\n[store.warehouse]"));
    ferry.write("in/extract.json", br#"{"extracted_at":"2026-11-23T01:00:00Z","snapshot":"5000:5010:"}"#);
    ferry
}

/// 6 May 1980, in days since 1970.
const BORN: u32 = 3778;

fn row(email: &str, body: &str) -> Value {
    json!({"id": 1, "amount": "2.50", "email": email, "phone": "07700 900123", "full_name": "Wren Alder", "born": BORN,
        "doc": "{\"a\": {\"n\": 1, \"who\": \"wren@example.org\"}, \"street\": \"Millpond\"}", "body": body})
}

fn event(op: &str, before: Value, after: Value, transaction: u32) -> Pair {
    let value = json!({"before": before, "after": after, "op": op, "ts_ms": 5, "message": "Wren Alder",
        "source": {"txId": transaction, "ts_ms": 1_795_000_000_000_u64, "query": "Wren Alder"}});
    (Some(json!({"id": 1}).to_string()), Some(value.to_string()))
}

/// Somebody's history: made, changed with both images, a long value left out of the last change; then a tombstone of somebody else.
fn history() -> Vec<Pair> {
    let first = row("finch@example.org", "plain");
    let last = row("wren@example.org", "__debezium_unavailable_value");
    vec![
        event("c", Value::Null, first.clone(), 4000),
        event("u", first, last, 4001),
        (Some(json!({"id": 2}).to_string()), None),
    ]
}

/// Every record of the relay below a folder of the project, as text.
pub fn records(ferry: &Ferry, folder: &str) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/records.py");
    python(&[script, ferry.path(folder).to_str().expect("text")])
}

/// Nothing of what was landed, nor of what was said, has a canary in it.
pub fn shows_none(ferry: &Ferry, said: &str) {
    let manifests: String = ferry
        .files("landed")
        .iter()
        .filter(|path| path.ends_with(".json"))
        .map(|path| ferry.read(&format!("landed/{path}")))
        .collect();
    let shown = records(ferry, "landed") + &manifests + said;
    let seen: Vec<&&str> = CANARIES.iter().filter(|canary| shown.contains(**canary)).collect();
    assert!(seen.is_empty(), "{seen:?}");
}

#[tokio::test]
async fn values_are_treated_in_both_images_and_the_night_still_agrees() {
    let topic = topic(1, &[]).await;
    let ferry = ferry(&topic, "");
    write(&topic, 0, &history());
    let told = landed(&ferry);
    assert_eq!(
        (&told["records"], &told["tombstones"], &told["dead_letters"]),
        (&json!(3), &json!(1), &json!(0)),
        "{told}"
    );
    shows_none(&ferry, &told.to_string());
    let shown = records(&ferry, "landed");
    let lines: Vec<Value> = shown.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let value: Value = serde_json::from_str(lines[2]["value"].as_str().expect("a value")).expect("JSON");
    let (before, after) = (&value["before"], &value["after"]);
    assert_ne!(before["email"], after["email"]);
    assert_eq!(after["email"].as_str().map(str::len), Some(32));
    assert_eq!((&after["phone"], &after["born"]), (&json!("***** ****23"), &json!("1980-01-01")), "{after}");
    assert_eq!(after["doc"], "{\"a\":{\"n\":1,\"who\":\"<email>\"}}");
    assert_eq!((&before["body"], &after["body"]), (&json!("plain"), &json!("__debezium_unavailable_value")));
    assert!(after.get("full_name").is_none() && value.get("message").is_none(), "{value}");
    assert_eq!((&lines[3]["key"], &lines[3]["value"]), (&json!("{\"id\":2}"), &Value::Null));
    let run = &ferry.files(&format!("landed/{topic}/_runs"))[0];
    let manifest: Value = serde_json::from_str(&ferry.read(&format!("landed/{topic}/_runs/{run}"))).expect("JSON");
    assert_eq!(manifest["treated"]["email"]["treatment"], json!({"hmac": "people"}));
    assert_eq!(manifest["treated"]["email"]["key"].as_str().map(str::len), Some(16));
    assert_eq!(manifest["hits"]["email"], 3, "of three images");
    // The extract is treated the same way, and then compared.
    let (came, report) = ferry.report(&[JOB]);
    assert_eq!(came.code, 0, "{}", came.err);
    let compared = &report["datasets"][0]["reconciliation"];
    assert_eq!((&compared["verdict"], &compared["proof"]), (&json!("MATCH"), &json!("txid")), "{compared:#}");
    assert_eq!(compared["compared"], 1);
    // Another address would not have been the same.
    ferry.edit("in/app.thing.jsonl", "wren@example.org\",\"full_name", "finch@example.org\",\"full_name");
    std::fs::remove_dir_all(ferry.path("out")).expect("removed");
    let (came, report) = ferry.report(&[JOB]);
    assert_eq!(came.code, 74, "nothing shows that the stream has come further: {}", came.err);
    let compared = &report["datasets"][0]["reconciliation"];
    assert_eq!(compared["changed_columns"], json!({"email": 1}), "{compared:#}");
}

#[tokio::test]
async fn what_cannot_be_treated_is_put_aside_and_past_the_limit_the_run_ends() {
    let topic = topic(1, &[]).await;
    let ferry = ferry(&topic, ", dead_letters_max = 4");
    let mut new = row("wren@example.org", "plain");
    new["mail"] = json!("wren@example.org");
    let mut unread = row("wren@example.org", "plain");
    unread["born"] = json!("about 1980-05-06");
    let bad = vec![
        event("u", Value::Null, new, 4001),
        event("u", unread, row("wren@example.org", "plain"), 4001),
        (Some("secret-key".into()), Some("Wren Alder".into())),
        event("u", Value::Null, json!({"id": 1, "amount": "wren@example.org"}), 4001),
    ];
    write(&topic, 0, &bad);
    // An object of nothing but what was put aside is an object all the same: the chain goes on.
    let told = landed(&ferry);
    assert_eq!(
        (&told["records"], &told["dead_letters"], &told["objects"]),
        (&json!(0), &json!(4), &json!(1)),
        "{told}"
    );
    write(&topic, 0, &history());
    assert_eq!(landed(&ferry)["records"], 3);
    shows_none(&ferry, "");
    let aside = records(&ferry, &format!("out/restricted/dead_letters/{topic}"));
    for (told, canary) in [
        ("it has a field that no schema declares", "mail"),
        ("a value is none of its column", "about 1980-05-06"),
        ("its key is no row", "secret-key"),
    ] {
        let line = aside.lines().find(|line| line.contains(told)).unwrap_or_else(|| panic!("{told} in {aside}"));
        assert!(line.contains(canary), "{line}");
    }
    // What differs may be what is not in the dump.
    ferry.edit("in/app.thing.jsonl", "2.50", "3.50");
    let (came, report) = ferry.report(&[JOB]);
    assert_eq!(came.code, 24, "{:#}{}", report["datasets"][0]["reconciliation"], came.err);
    write(&topic, 0, &vec![(Some("secret-key".to_owned()), Some("Wren Alder".to_owned())); 5]);
    let came = refused(&ferry, 22, "E-LETTERS-22");
    assert!(came.err.contains(&format!("5 records of topic `{topic}` cannot be treated, and 4 may")), "{}", came.err);
    shows_none(&ferry, &came.err);
}

#[tokio::test]
async fn a_declared_column_that_no_row_has_ends_the_run() {
    let topic = topic(1, &[]).await;
    let ferry = ferry(&topic, "");
    ferry.edit("schemas/thing.toml", "key = [\"id\"]", "key = [\"id\"]\non_new_column = \"withhold\"");
    // No row is no miss.
    write(&topic, 0, &[(Some(json!({"id": 2}).to_string()), None)]);
    landed(&ferry);
    let mut renamed = row("wren@example.org", "plain");
    let email = renamed.as_object_mut().expect("a row").remove("email");
    renamed["mail"] = email.expect("an address");
    write(&topic, 0, &[event("c", Value::Null, renamed, 4000)]);
    let came = refused(&ferry, 23, "E-PATH-23");
    assert!(came.err.contains("`email` is declared to be treated and is in no row of topic"), "{}", came.err);
    shows_none(&ferry, &came.err);
    assert_eq!(ferry.files(&format!("landed/{topic}/_runs")).len(), 1, "no manifest names what was landed");
    // Who runs it again has mended nothing: what is landed is judged with what comes, whoever landed it.
    refused(&ferry, 23, "E-PATH-23");
    assert_eq!(ferry.files(&format!("landed/{topic}/_runs")).len(), 1, "nor does the next one");
    // A row that has it tells that the others lack it by themselves.
    write(&topic, 0, &[event("c", Value::Null, row("wren@example.org", "plain"), 4001)]);
    let told = landed(&ferry);
    assert_eq!((&told["records"], &told["found"]), (&json!(2), &json!(1)), "{told}");
}

#[tokio::test]
async fn told_to_stop_before_a_declared_column_was_met_it_names_nothing_and_the_next_run_says_why() {
    const RECORDS: usize = 20_000;
    let topic = topic(1, &[]).await;
    let ferry = ferry(&topic, "");
    ferry.edit("schemas/thing.toml", "key = [\"id\"]", "key = [\"id\"]\non_new_column = \"withhold\"");
    ferry.edit(ENVIRONMENT, "[secrets]", "[limits]\npart_max = \"64KiB\"\n\n[secrets]");
    let mut renamed = row("wren@example.org", "plain");
    let email = renamed.as_object_mut().expect("a row").remove("email");
    renamed["mail"] = email.expect("an address");
    write(&topic, 0, &vec![event("c", Value::Null, renamed, 4000); RECORDS]);
    let mut command = ferry.command(&["relay", JOB]);
    let child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn();
    let child = child.expect("the binary starts");
    let objects = || {
        let all = ferry.files(&format!("landed/{topic}"));
        all.iter().filter(|path| path.ends_with(".parquet")).count()
    };
    let began = std::time::Instant::now();
    while objects() < 2 {
        assert!(began.elapsed() < std::time::Duration::from_secs(60), "nothing is landed");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    std::process::Command::new("kill").arg(child.id().to_string()).status().expect("kill runs");
    let came = crate::ferry::Came::of(&child.wait_with_output().expect("it ends"));
    assert_eq!(came.code, 73, "{}", came.err);
    let landed = objects();
    assert!(landed < RECORDS / 64, "it was over before it was told to stop: {landed}");
    assert!(ferry.files(&format!("landed/{topic}/_runs")).is_empty(), "no manifest names what lacks a column");
    // The run that has it all is the one that says whether it is lacking.
    let came = refused(&ferry, 23, "E-PATH-23");
    assert!(came.err.contains("`email` is declared to be treated and is in no row"), "{}", came.err);
    assert!(ferry.files(&format!("landed/{topic}/_runs")).is_empty());
    shows_none(&ferry, &came.err);
}

#[tokio::test]
async fn one_who_follows_ends_in_the_round_in_which_a_declared_column_is_gone() {
    let topic = topic(1, &[]).await;
    let ferry = ferry(&topic, "");
    ferry.edit("schemas/thing.toml", "key = [\"id\"]", "key = [\"id\"]\non_new_column = \"withhold\"");
    write(&topic, 0, &[event("c", Value::Null, row("wren@example.org", "plain"), 4000)]);
    let mut command = ferry.command(&["relay", JOB, "--follow", "--every", "2s"]);
    let child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn();
    let child = child.expect("the binary starts");
    let runs = || ferry.files(&format!("landed/{topic}/_runs")).len();
    let began = std::time::Instant::now();
    while runs() == 0 {
        assert!(began.elapsed() < std::time::Duration::from_secs(60), "the first round");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let mut renamed = row("wren@example.org", "plain");
    renamed.as_object_mut().expect("a row").remove("email");
    write(&topic, 0, &[event("u", Value::Null, renamed, 4001)]);
    let came = crate::ferry::Came::of(&child.wait_with_output().expect("it ends"));
    assert_eq!(came.code, 23, "{}", came.err);
    assert!(came.err.contains("E-PATH-23"), "{}", came.err);
    assert_eq!(runs(), 1, "no manifest names that round");
}

#[tokio::test]
async fn an_address_in_a_column_that_is_kept_ends_the_run_before_it_is_landed() {
    let topic = topic(1, &[]).await;
    let ferry = ferry(&topic, "");
    write(&topic, 0, &[event("c", Value::Null, row("wren@example.org", "ask finch@example.org"), 4000)]);
    let came = refused(&ferry, 23, "E-PRIVACY-23");
    assert!(
        came.err.contains("column `body` of dataset `thing` is landed as it comes and has `email` in 1 cells"),
        "{}",
        came.err
    );
    assert!(!ferry.files(&format!("landed/{topic}")).iter().any(|path| path.ends_with(".parquet")));
}

#[tokio::test]
async fn what_the_relay_cannot_treat_is_refused_before_anything_is_read() {
    let topic = topic(1, &[]).await;
    let ferry = ferry(&topic, "");
    ferry.edit(ENVIRONMENT, "layout = \"relay\"", "layout = \"relay\", payload = \"wal2json\"");
    let came = refused(&ferry, 10, "E-JOB-10");
    assert!(
        came.err.contains("cannot be landed for `analytics`: it holds values of another payload than Debezium's"),
        "{}",
        came.err
    );
    assert!(!ferry.path(&format!("landed/{topic}")).exists());
}

/// Events of [`a_hundred_thousand_fields_leave_no_value_outside_of_the_restricted_store`], each with ten fields that are treated in
/// its two images.
const CANARY_EVENTS: u64 = 10_000;
/// Every so many of them have a field that nobody declared.
const UNDECLARED: u64 = 100;

#[tokio::test]
async fn a_hundred_thousand_fields_leave_no_value_outside_of_the_restricted_store() {
    let topic = topic(1, &[]).await;
    let ferry = ferry(&topic, "");
    let image = |number: u64| {
        json!({"id": number, "amount": "2.50", "email": format!("zqx{number}@example.org"), "phone": format!("zqx 07700 9{number:05}"),
            "full_name": format!("Zqx {number} Alder"), "born": BORN, "body": "plain",
            "doc": json!({"a": {"n": 1, "who": format!("zqx{number}@example.net")}, "street": format!("{number} Zqx Row")}).to_string()})
    };
    let event = |number: u64| {
        let mut after = image(number + CANARY_EVENTS);
        if number.is_multiple_of(UNDECLARED) {
            after["alias"] = json!(format!("zqx{number}"));
        }
        let value = json!({"before": image(number), "after": after, "op": "u", "ts_ms": 5, "message": "zqx",
            "source": {"txId": 4000, "ts_ms": 1_795_000_000_000_u64, "query": "zqx"}});
        (Some(json!({"id": number, "email": format!("zqx{number}@example.org")}).to_string()), Some(value.to_string()))
    };
    let all: Vec<Pair> = (0..CANARY_EVENTS).map(event).collect();
    write_with(&topic, 0, &all, Some(("zqx-header", "zqx")));
    // All that is ever said on the way, and all that machines are told.
    let mut command = ferry.command(&["relay", JOB, "--json", "--metrics", "numbers.prom"]);
    command.env("NIGHTFERRY_LOG", "trace");
    let came = crate::ferry::Came::of(&command.output().expect("the binary starts"));
    assert_eq!(came.code, 0, "{}", came.err);
    let numbers = ferry.read("numbers.prom");
    assert!(numbers.contains("relay_dead_letters"), "{numbers}");
    let told: Value = serde_json::from_str(&came.out).expect("JSON");
    let told = &told["topics"][0];
    let dead = CANARY_EVENTS / UNDECLARED;
    assert_eq!(
        (&told["records"], &told["dead_letters"], &told["complete"]),
        (&json!(CANARY_EVENTS - dead), &json!(dead), &json!(true)),
        "{told}"
    );
    let run = &ferry.files(&format!("landed/{topic}/_runs"))[0];
    let manifest = ferry.read(&format!("landed/{topic}/_runs/{run}"));
    let shown = records(&ferry, "landed");
    assert_eq!(shown.matches("\"offset\"").count() as u64, CANARY_EVENTS - dead);
    for (place, text) in
        [("landed", &shown), ("manifest", &manifest), ("out", &came.out), ("log", &came.err), ("metrics", &numbers)]
    {
        let text = text.to_lowercase();
        assert_eq!(text.matches("zqx").count(), 0, "{place}");
        assert_eq!(text.matches("07700 9").count(), 0, "{place}");
    }
    // Whoever may see it finds it where it was put aside: value, key, header and all.
    let aside = records(&ferry, &format!("out/restricted/dead_letters/{topic}"));
    assert_eq!(aside.matches("zqx-header").count() as u64, dead);
    assert!(aside.contains("\\\"alias\\\": \\\"zqx") || aside.contains("zqx9900"), "{}", &aside[..500]);
}
