//! What is landed, from one run to the next, and by two at once.

use super::kafka::{Member, marker, things, topic, write};
use super::{JOB, chain, ferry, landed};
use crate::ferry::{Came, Ferry};
use crate::services::{CONTAINER, variable};
use nightferry::access::{Purpose, open};
use nightferry::job::Location;
use nightferry::store::dump;
use serde_json::{Value, json};
use std::process::Stdio;

/// Records and a tombstone, of which the extract shows one row: `{"id":1,"amount":"2.50"}`.
fn history() -> Vec<(Option<String>, Option<String>)> {
    let event = |op: &str, after: Value, transaction: u32| {
        Some(json!({"before": null, "after": after, "source": {"txId": transaction, "ts_ms": 1_795_000_000_000_u64}, "op": op}).to_string())
    };
    let key = |id: u32| Some(json!({"id": id}).to_string());
    let row = |id: u32, amount: &str| json!({"id": id, "amount": amount});
    vec![
        (key(1), event("c", row(1, "1.50"), 4000)),
        (key(2), event("c", row(2, "9.00"), 4000)),
        (key(1), event("u", row(1, "2.50"), 4001)),
        (key(2), event("d", Value::Null, 4002)),
        (key(2), None),
    ]
}

fn reconciled(ferry: &Ferry) -> Value {
    let (came, report) = ferry.report(&[JOB]);
    assert_eq!(came.code, 0, "{}", came.err);
    report["datasets"][0]["reconciliation"].clone()
}

#[tokio::test]
async fn lands_a_topic_once_goes_on_behind_it_and_the_night_agrees() {
    let topic = topic(2, &[]).await;
    let ferry = ferry(&topic, "");
    write(&topic, 0, &history());
    let told = landed(&ferry);
    assert_eq!((&told["records"], &told["tombstones"], &told["objects"]), (&json!(5), &json!(1), &json!(1)), "{told}");
    assert_eq!((&told["partitions"], &told["complete"]), (&json!(2), &json!(true)), "{told}");
    // Nothing is new: nothing is landed, and the manifest says that it was looked at.
    let told = landed(&ferry);
    assert_eq!((&told["records"], &told["objects"], &told["complete"]), (&json!(0), &json!(0), &json!(true)), "{told}");
    write(&topic, 0, &things(3..6, 6000));
    write(&topic, 1, &things(6..7, 6000));
    assert_eq!(landed(&ferry)["records"], 4);
    let objects = ferry.files(&format!("landed/{topic}"));
    let objects: Vec<&String> = objects.iter().filter(|path| path.ends_with(".parquet")).collect();
    let named =
        ["p=0/00000000000000000000.parquet", "p=0/00000000000000000005.parquet", "p=1/00000000000000000000.parquet"];
    assert_eq!(objects, named);
    let chain = chain(&ferry, &topic);
    let expected = json!({"first": 0, "next": 8, "objects": 2, "records": 8, "once": 8, "ascending": true, "last": 7,
        "tombstones": 1, "epochs": [[0, 0]], "whole": true});
    assert_eq!(chain["0"], expected);
    let compared = reconciled(&ferry);
    assert_eq!((&compared["verdict"], &compared["proof"]), (&json!("MATCH"), &json!("txid")), "{compared}");
    let stream = &compared["stream"];
    assert_eq!((&stream["lacking_offsets"], &stream["again"]), (&json!(0), &json!(0)), "{compared}");
    assert_eq!((&stream["later"], &stream["tombstones"]), (&json!(4), &json!(1)), "{compared}");
}

#[tokio::test]
async fn the_groups_marker_stands_behind_what_is_landed_for_others_to_see() {
    let topic = topic(2, &[]).await;
    let ferry = ferry(&topic, "");
    let stands = || marker("nightferry.things.topics", &topic, 2);
    write(&topic, 0, &things(0..5, 4000));
    landed(&ferry);
    assert_eq!(stands(), [Some(5), None]);
    write(&topic, 0, &things(5..8, 4000));
    write(&topic, 1, &things(8..9, 4000));
    landed(&ferry);
    assert_eq!(stands(), [Some(8), Some(1)]);
    // Where objects are gone, it is them that the relay goes by.
    std::fs::remove_dir_all(ferry.path(&format!("landed/{topic}"))).expect("removed");
    assert_eq!(landed(&ferry)["records"], 9);
}

#[tokio::test]
async fn objects_that_no_manifest_names_are_named_by_the_next_run() {
    let topic = topic(1, &[]).await;
    let ferry = ferry(&topic, "");
    write(&topic, 0, &history());
    landed(&ferry);
    // As if the run had been killed between the two.
    std::fs::remove_dir_all(ferry.path(&format!("landed/{topic}/_runs"))).expect("removed");
    write(&topic, 0, &things(3..4, 6000));
    let told = landed(&ferry);
    assert_eq!((&told["records"], &told["found"], &told["objects"]), (&json!(6), &json!(1), &json!(2)), "{told}");
    assert_eq!(reconciled(&ferry)["verdict"], "MATCH");
}

/// Three relays at once over a topic of three partitions of 8,000 records, in small objects.
async fn three_at_once(topic: &str, ferry: &Ferry) {
    for partition in 0..3 {
        write(topic, partition, &things(0..8_000, 4000));
    }
    // Each cuts the topic otherwise: the same stretches would be the same bytes, and nobody could tell whose they are.
    let start = |(name, size): (&str, &str)| {
        let limited = ferry.read(super::ENVIRONMENT) + &format!("\n[limits]\npart_max = \"{size}\"\n");
        ferry.write(&format!("jobs/environments/{name}.toml"), limited.as_bytes());
        let mut command = ferry.command(&["relay", JOB, "--env", name, "--json"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts")
    };
    let all = [("one", "64KiB"), ("two", "80KiB"), ("three", "100KiB")].map(start);
    let mut found = 0;
    for child in all {
        let came = Came::of(&child.wait_with_output().expect("it ends"));
        assert_eq!(came.code, 0, "{}", came.err);
        let told: Value = serde_json::from_str(&came.out).expect("JSON");
        found += told["topics"][0]["found"].as_u64().expect("a number");
    }
    assert!(found > 0, "they never met");
}

fn is_one_chain(ferry: &Ferry, topic: &str) {
    let chain = chain(ferry, topic);
    for partition in ["0", "1", "2"] {
        let told = &chain[partition];
        let counts = ["records", "once", "next"].map(|count| &told[count]);
        assert_eq!(counts, [&json!(8000); 3], "{told}");
        assert_eq!((&told["whole"], &told["ascending"]), (&json!(true), &json!(true)), "{told}");
        assert!(told["objects"].as_u64().is_some_and(|objects| objects > 5), "{told}");
    }
}

#[tokio::test]
async fn three_at_once_make_one_chain() {
    let topic = topic(3, &[]).await;
    let ferry = ferry(&topic, "");
    three_at_once(&topic, &ferry).await;
    is_one_chain(&ferry, &topic);
}

#[tokio::test]
async fn three_at_once_make_one_chain_on_s3_and_on_azure() {
    let (s3, azure) = (variable("NIGHTFERRY_S3_ENDPOINT"), variable("NIGHTFERRY_AZURE_ENDPOINT"));
    for (scheme, bucket, endpoint) in [("s3", "nightferry-topics", s3), ("az", CONTAINER, azure)] {
        let topic = topic(3, &[]).await;
        let ferry = ferry(&topic, if scheme == "az" { ", audience = \"analytics\"" } else { "" });
        let url = format!("{scheme}://{bucket}/{topic}");
        let place = format!("url = \"{url}\", region = \"eu-west-2\", endpoint = \"{endpoint}\"");
        ferry.edit(super::ENVIRONMENT, "url = \"landed\"", &place);
        three_at_once(&topic, &ferry).await;
        // For the reader, which knows files.
        let location =
            Location { url, region: Some("eu-west-2".into()), endpoint: Some(endpoint), ..Location::default() };
        let folder = open(&location, ferry.root(), "topics", Purpose::Read).expect("a place");
        for (path, _) in dump::list(&folder, &topic).await.expect("listed") {
            ferry.write(&format!("landed/{path}"), &dump::fetch(&folder, &path).await.expect("fetched"));
        }
        is_one_chain(&ferry, &topic);
    }
}

#[tokio::test]
async fn a_budget_that_one_record_fills_lands_early_and_loses_nothing() {
    let topic = topic(2, &[]).await;
    let ferry = ferry(&topic, "");
    ferry.edit(super::ENVIRONMENT, "[secrets]", "[limits]\nmemory_max = \"8MiB\"\n\n[secrets]");
    let large = |id: usize| {
        let value = json!({"after": {"id": id, "amount": "1.00", "note": "x".repeat(900_000)}, "source": {"txId": 6000}, "op": "c"});
        (Some(json!({"id": id}).to_string()), Some(value.to_string()))
    };
    for partition in 0..2 {
        write(&topic, partition, &(0..12).map(large).collect::<Vec<_>>());
    }
    let told = landed(&ferry);
    assert_eq!((&told["records"], &told["complete"]), (&json!(24), &json!(true)), "{told}");
    assert!(
        told["objects"].as_u64().is_some_and(|objects| objects >= 12),
        "an eighth of 8 MiB holds one of them: {told}"
    );
    let chain = chain(&ferry, &topic);
    for partition in ["0", "1"] {
        assert_eq!((&chain[partition]["once"], &chain[partition]["whole"]), (&json!(12), &json!(true)), "{chain}");
    }
}

#[tokio::test]
async fn who_begins_a_partition_first_decides_where_it_begins() {
    let topic = topic(2, &[]).await;
    let ferry = ferry(&topic, "");
    for partition in 0..2 {
        write(&topic, partition, &things(0..4_000, 4000));
    }
    let start = |more: &[&str]| {
        let mut command = ferry.command(&[&["relay", JOB], more].concat());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts")
    };
    let all = [start(&[]), start(&["--from-offset", "7"]), start(&["--from-offset", "9"])];
    let came = all.map(|child| Came::of(&child.wait_with_output().expect("it ends")).code);
    assert!(came.contains(&0) && came.iter().all(|code| [0, 2].contains(code)), "{came:?}");
    // Whoever it was: another run ends what a run left that was refused at the second partition.
    landed(&ferry);
    let chain = chain(&ferry, &topic);
    for partition in ["0", "1"] {
        let told = &chain[partition];
        let first = told["first"].as_u64().expect("an offset");
        assert!([0, 7, 9].contains(&first), "{told}");
        assert_eq!((&told["once"], &told["records"]), (&json!(4_000 - first), &json!(4_000 - first)), "{told}");
        assert_eq!((&told["whole"], &told["next"]), (&json!(true), &json!(4_000)), "{told}");
    }
}

#[tokio::test]
async fn a_run_that_was_killed_before_its_first_object_has_begun_all_the_same() {
    let topic = topic(1, &[]).await;
    let ferry = ferry(&topic, "");
    write(&topic, 0, &things(0..10, 4000));
    let begin = json!({"begin": 1, "topic": topic, "partition": 0, "first": 4});
    ferry.write(&format!("landed/{topic}/p=0/_begin.json"), begin.to_string().as_bytes());
    let came = ferry.run(&["relay", JOB, "--from-offset", "2"]);
    assert_eq!(came.code, 2, "{}", came.err);
    assert_eq!(landed(&ferry)["records"], 6);
    assert_eq!(chain(&ferry, &topic)["0"]["first"], 4);
}

#[tokio::test]
async fn a_chain_that_is_forked_is_refused() {
    let topic = topic(1, &[]).await;
    let (whole, other) = (ferry(&topic, ""), ferry(&topic, ""));
    write(&topic, 0, &things(0..10, 4000));
    landed(&whole);
    let came = other.run(&["relay", JOB, "--from-offset", "4"]);
    assert_eq!(came.code, 0, "{}", came.err);
    let fork = format!("landed/{topic}/p=0/00000000000000000004.parquet");
    whole.write(&fork, &std::fs::read(other.path(&fork)).expect("an object"));
    let came = super::refused(&whole, 42, "E-CHAIN-42");
    assert!(came.err.contains("begins before the end of the object before it: the chain is forked"), "{}", came.err);
}

#[tokio::test]
async fn a_chain_that_has_lost_an_object_is_refused_before_anything_is_landed_behind_it() {
    let topic = topic(1, &[]).await;
    let ferry = ferry(&topic, "");
    for first in [0, 10, 20] {
        write(&topic, 0, &things(first..first + 10, 4000));
        landed(&ferry);
    }
    let lost = format!("landed/{topic}/p=0/00000000000000000010.parquet");
    let bytes = std::fs::read(ferry.path(&lost)).expect("an object");
    std::fs::remove_file(ferry.path(&lost)).expect("removed");
    write(&topic, 0, &things(30..40, 4000));
    let came = super::refused(&ferry, 42, "E-CHAIN-42");
    let told = format!(
        "`{topic}/p=0/00000000000000000020.parquet` of source `topics` begins behind the end of the object \
                        before it: one between them is gone"
    );
    assert!(came.err.contains(&told), "{}", came.err);
    assert!(!ferry.path(&format!("landed/{topic}/p=0/00000000000000000030.parquet")).exists());
    // The lag is no smaller for it, and once the object is back the chain goes on.
    ferry.write(&lost, &bytes);
    assert_eq!(landed(&ferry)["records"], 10);
}

#[tokio::test]
async fn of_many_manifests_the_newest_are_read_and_nothing_is_named_twice() {
    let topic = topic(1, &[]).await;
    let ferry = ferry(&topic, "");
    write(&topic, 0, &history());
    landed(&ferry);
    write(&topic, 0, &things(3..4, 6000));
    landed(&ferry);
    let runs = format!("landed/{topic}/_runs");
    let names = ferry.files(&runs);
    let (first, second) = (&names[0], &names[1]);
    let text = ferry.read(&format!("{runs}/{second}"));
    for number in 0..63 {
        ferry.write(&format!("{runs}/{}-{number:02}.json", second.trim_end_matches(".json")), text.as_bytes());
    }
    // Older than the newest 64: whoever looked at it would be stopped.
    ferry.write(&format!("{runs}/{first}"), b"torn");
    write(&topic, 0, &things(4..5, 6000));
    let told = landed(&ferry);
    assert_eq!((&told["records"], &told["found"], &told["objects"]), (&json!(1), &json!(0), &json!(1)), "{told}");
}

#[tokio::test]
async fn a_group_of_its_name_that_is_shared_out_anew_meanwhile_changes_nothing() {
    let topic = topic(2, &[]).await;
    let ferry = ferry(&topic, "");
    ferry.edit(super::ENVIRONMENT, "[secrets]", "[limits]\npart_max = \"64KiB\"\n\n[secrets]");
    for partition in 0..2 {
        write(&topic, partition, &things(0..8_000, 4000));
    }
    // Somebody reads by the name under which the relay puts its markers, and a second one joins and leaves while it lands.
    let first = Member::of("nightferry.things.topics", &topic);
    let mut command = ferry.command(&["relay", JOB]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    drop(Member::of("nightferry.things.topics", &topic));
    let came = Came::of(&child.wait_with_output().expect("it ends"));
    assert_eq!(came.code, 0, "{}", came.err);
    drop(first);
    let told = chain(&ferry, &topic);
    for partition in ["0", "1"] {
        let told = &told[partition];
        let counts = ["records", "once", "next"].map(|count| &told[count]);
        assert_eq!(counts, [&json!(8_000); 3], "{told}");
        assert_eq!((&told["whole"], &told["ascending"]), (&json!(true), &json!(true)), "{told}");
    }
    // Nor does what the group says it has read: the chain alone says where it goes on.
    write(&topic, 0, &things(8_000..8_001, 4000));
    assert_eq!(landed(&ferry)["records"], 1);
}
