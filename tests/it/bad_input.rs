//! Input that is torn, swollen or empty, by the real binary: a message of its own with the object and the place in it, rows in
//! quarantine with their ordinals, and no value of the data anywhere but there.

use crate::ferry::{Came, Ferry};
use crate::layouts::{parquet, whole};
use serde_json::json;
use std::io::Write;
use std::time::{Duration, Instant};

/// What stands in the data and must not be told.
const SECRET: &str = "opensesame";
const COLUMNS: &str = "note = { type = \"text\", class = \"open\", nullable = true }";
const FOLDER: &str = "in/topics/app.thing/partition=0/app.thing+0+0000000000";

fn ferry(declared: &str) -> Ferry {
    let reconcile = "\n[dataset.thing.reconcile]\nagainst = \"topics\"\ntopic = \"app.thing\"\n";
    let row = format!("{{\"id\":1,\"note\":\"{SECRET}\"}}\n");
    let ferry = Ferry::of_one_file("app.thing.jsonl", row.as_bytes(), COLUMNS, reconcile);
    let topics = format!("[source.topics]\ndump = {{ url = \"in/topics\", {declared} }}\n\n[store.warehouse]");
    ferry.edit("jobs/environments/dev.toml", "[store.warehouse]", &topics);
    ferry.write("in/extract.json", br#"{"extracted_at":"2026-11-23T01:00:00Z","snapshot":"5000:5010:"}"#);
    ferry
}

fn event(id: u32, note: &str) -> String {
    json!({"before": null, "after": {"id": id, "note": note}, "source": {"txId": 4000}, "op": "c"}).to_string()
}

/// It ends with that code and says all of `words`, and nothing of the data.
fn refused(ferry: &Ferry, code: i32, words: &[&str]) -> Came {
    let came = ferry.run(&["run", "jobs/things.toml"]);
    assert_eq!(came.code, code, "{}", came.err);
    for word in words {
        assert!(came.err.contains(word), "{word}: {}", came.err);
    }
    assert!(!came.err.contains(SECRET) && !came.out.contains(SECRET), "{} {}", came.err, came.out);
    assert!(!ferry.is_published("out/warehouse/thing"));
    came
}

/// A gzip of `members` times sixteen mebibytes of nothing, behind a few bytes of something.
fn bomb(members: usize) -> Vec<u8> {
    let packed = |bytes: &[u8]| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(bytes).expect("packed");
        packer.finish().expect("packed")
    };
    [packed(SECRET.as_bytes()), packed(&vec![0; 16 << 20]).repeat(members)].concat()
}

#[test]
fn half_a_json_line_of_a_topic() {
    let ferry = ferry("layout = \"confluent\"");
    let half = event(2, SECRET);
    let lines = format!("{}\n{}", event(1, SECRET), &half[..half.len() / 2]);
    ferry.write(&format!("{FOLDER}.json"), lines.as_bytes());
    refused(&ferry, 22, &["E-INPUT-22", "app.thing+0+0000000000.json", "line 2 is no change event"]);
}

#[test]
fn half_a_json_line_of_an_extract() {
    let ferry = ferry("layout = \"confluent\"");
    ferry.write(&format!("{FOLDER}.json"), event(1, SECRET).as_bytes());
    ferry.write("in/app.thing.jsonl", format!("{{\"id\":1,\"note\":\"{SECRET}\"}}\n{{\"id\":2,\"no").as_bytes());
    refused(&ferry, 22, &["E-INPUT-22", "app.thing.jsonl"]);
}

#[test]
fn a_cell_of_a_gibibyte_in_a_topic() {
    let ferry = ferry("layout = \"confluent\"");
    let line = event(2, SECRET);
    let (front, back) = line.split_at(line.len() - 40);
    ferry.write(&format!("{FOLDER}.json"), format!("{}\n{front}", event(1, SECRET)).as_bytes());
    // A file with a hole: a gibibyte of zeros within the text.
    let path = ferry.path(&format!("{FOLDER}.json"));
    let mut file = std::fs::OpenOptions::new().append(true).open(path).expect("there");
    let length = file.metadata().expect("there").len();
    file.set_len(length + (1 << 30)).expect("room");
    file.write_all(back.as_bytes()).expect("written");
    let since = Instant::now();
    refused(&ferry, 22, &["E-INPUT-22", "app.thing+0+0000000000.json", "line 2 is longer than 64 MiB"]);
    assert!(since.elapsed() < Duration::from_secs(60), "{:?}", since.elapsed());
}

#[test]
fn a_cell_beyond_the_limit_goes_to_quarantine_with_its_ordinal() {
    let ferry = ferry("layout = \"confluent\"");
    ferry.write(&format!("{FOLDER}.json"), event(1, SECRET).as_bytes());
    let large = format!("{SECRET}{}", "x".repeat(2 << 20));
    let rows = format!("{{\"id\":1,\"note\":\"{SECRET}\"}}\n{{\"id\":2,\"note\":\"{large}\"}}\n");
    ferry.write("in/app.thing.jsonl", rows.as_bytes());
    let came = refused(&ferry, 22, &["E-ROWS-22"]);
    assert!(came.err.contains("row 1"), "the row is told by its ordinal, from 0: {}", came.err);
    let kept = ferry.files("out/restricted/quarantine");
    assert!(kept.iter().any(|path| path.ends_with(".parquet")), "{kept:?}");
}

#[test]
fn a_number_that_says_two_gibibytes_follow() {
    let row =
        r#"{"type":"record","name":"Value","fields":[{"name":"id","type":"long"},{"name":"note","type":"string"}]}"#;
    let schema = format!(
        r#"{{"type":"record","name":"Envelope","fields":[{{"name":"after","type":{row}}},{{"name":"op","type":"string"}}]}}"#
    );
    let ferry = ferry("layout = \"relay\", payload = \"debezium_avro\"");
    ferry.write("in/topics/app.thing/_schemas/7.avsc", schema.as_bytes());
    let note = [whole(2_147_483_647), SECRET.as_bytes().to_vec()].concat();
    let value = [vec![0, 0, 0, 0, 7], whole(1), note].concat();
    ferry.write("in/topics/app.thing/p=0/00000000000000000000.parquet", &parquet(0, &[(None, Some(value))]));
    let since = Instant::now();
    refused(&ferry, 22, &["E-INPUT-22", "00000000000000000000.parquet", "line 1 is no change event"]);
    assert!(since.elapsed() < Duration::from_secs(20), "{:?}", since.elapsed());
}

#[test]
fn a_gzip_bomb() {
    // A third of a mebibyte of gzip that holds a thousand times as much: as values of a topic, as their keys.
    let bomb = bomb(20);
    assert!(bomb.len() < 4 << 20, "{} bytes", bomb.len());
    let one = ferry("layout = \"confluent\"");
    one.write(&format!("{FOLDER}.json.gz"), &bomb);
    refused(&one, 22, &["E-INPUT-22", "line 1 is longer than 64 MiB"]);
    let keys = ferry("layout = \"confluent\"");
    keys.write(&format!("{FOLDER}.json"), event(1, SECRET).as_bytes());
    keys.write(&format!("{FOLDER}.keys.json.gz"), &bomb);
    refused(&keys, 22, &["E-INPUT-22", ".keys.json.gz", "unpacks to more than its cap"]);
}

#[test]
fn an_unknown_schema_id() {
    let ferry = ferry("layout = \"relay\", payload = \"debezium_avro\"");
    let value = [vec![0, 0, 0, 1, 44], SECRET.as_bytes().to_vec()].concat();
    ferry.write("in/topics/app.thing/p=0/00000000000000000000.parquet", &parquet(0, &[(None, Some(value))]));
    refused(&ferry, 22, &["E-INPUT-22", "line 1 is of schema 300, which is not in `_schemas`"]);
}

#[test]
fn an_empty_side() {
    let ferry = ferry("layout = \"confluent\"");
    // An object without an event, and nothing that shows how far the stream has come: what it lacks may still come.
    ferry.write(&format!("{FOLDER}.json"), b"\n");
    refused(&ferry, 74, &["E-STREAM-74", "the topic has no events yet"]);
    ferry.write(&format!("{FOLDER}.json"), event(1, SECRET).as_bytes());
    std::fs::remove_file(ferry.path("in/app.thing.jsonl")).expect("gone");
    ferry.write("in/app.thing.csv", b"id,note\n");
    refused(&ferry, 22, &["E-KEY-22", "the source gave no rows, and `allow_empty` is false"]);
    ferry.edit("jobs/things.toml", "write = \"replace\"", "write = \"replace\"\nallow_empty = true");
    // The topic's one row is missing from the extract, once the stream has come past it.
    let later = event(9, SECRET).replace("4000", "6000");
    ferry.write(&format!("{FOLDER}.json"), format!("{}\n{later}\n", event(1, SECRET)).as_bytes());
    refused(&ferry, 21, &["E-RECON-21", "1 row missing from the extract"]);
}
