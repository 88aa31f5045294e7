//! The generator's events beside those that Debezium writes of the same transactions.

use super::stream::{Connector, Line, lines, until};
use crate::databases::Databases;
use crate::ferry::Ferry;
use crate::worlds::{Name, Settings, World};
use serde_json::Value;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

/// What is the connector's own, or the moment's.
const OWN: [&str; 9] = ["version", "name", "db", "ts_ms", "ts_us", "ts_ns", "sequence", "lsn", "snapshot"];

/// Key and transaction -> the events of the row.
type Events = BTreeMap<(String, u64), Vec<Value>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_generators_events_are_those_that_debezium_writes() {
    let ferry = Ferry::empty();
    let databases = Databases::new();
    for name in Name::ALL {
        let database = databases.name(name);
        let connector = format!("invented_{database}");
        let mut server = databases.admin.clone().database("postgres").connect().await.expect("a connection");
        let create = format!("create database \"{database}\"");
        sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut server).await.expect("made");
        server.close().await.expect("closed");
        // The slot first: what the world is made of then comes as changes.
        let mut admin = databases.connect(name).await;
        let slot = format!("select pg_create_logical_replication_slot('{connector}', 'pgoutput')");
        sqlx::raw_sql(AssertSqlSafe(slot)).execute(&mut admin).await.expect("a slot");
        let settings = Settings { seed: 17, rows: 100, ..Settings::default() };
        let world = World::new(name, &settings).expect("a world");
        let folder = ferry.path(name.word());
        let made = world.load(&databases.admin, &database, Some(&folder)).await.expect("loaded");
        let publication = format!("nightferry_{}", name.word());
        let keys = [
            ("publication.name", publication.as_str()),
            ("publication.autocreate.mode", "disabled"),
            ("snapshot.mode", "no_data"),
            ("value.converter", "org.apache.kafka.connect.json.JsonConverter"),
            ("value.converter.schemas.enable", "true"),
        ];
        let connector = Connector::start(&mut admin, &connector, &format!("{}\\..*", name.word()), &keys).await;
        for table in made.tables.keys() {
            let topic = connector.topic(&format!("{}.{table}", name.word()));
            let ours = invented(&folder.join(format!("{0}.{0}.{table}", name.word())), &made.transactions);
            let count = ours.len();
            let mut theirs = Vec::new();
            until(
                || format!("{topic} comes to fewer events than {count}"),
                async || {
                    theirs = lines(&topic).into_iter().filter(|line| line.event.is_object()).collect::<Vec<Line>>();
                    theirs.len() >= count
                },
            )
            .await;
            same(table, ours, &theirs);
        }
        connector.stop(&mut admin).await;
        admin.close().await.expect("closed");
    }
    databases.drop().await;
}

/// The generator's events of these transactions, each once, with their schema where they have one.
fn invented(folder: &Path, transactions: &[u64]) -> Vec<Value> {
    let mut objects = Vec::new();
    for partition in std::fs::read_dir(folder).expect("partitions") {
        for object in std::fs::read_dir(partition.expect("a partition").path()).expect("objects") {
            objects.push(object.expect("an object").path());
        }
    }
    objects.sort();
    let (mut seen, mut events) = (BTreeSet::new(), Vec::new());
    for object in objects {
        let (bytes, mut text) = (std::fs::read(&object).expect("read"), String::new());
        match object.extension().and_then(|ending| ending.to_str()) {
            Some("gz") => {
                let mut unpacked = flate2::read::MultiGzDecoder::new(bytes.as_slice());
                unpacked.read_to_string(&mut text).expect("text");
            }
            Some("zst") => {
                text = String::from_utf8(zstd::decode_all(bytes.as_slice()).expect("unpacked")).expect("text")
            }
            _ => text = String::from_utf8(bytes).expect("text"),
        }
        for line in text.lines().filter(|line| seen.insert((*line).to_owned())) {
            let event: Value = serde_json::from_str(line).expect("an event");
            let payload = if event.get("schema").is_some() { &event["payload"] } else { &event };
            if transactions.contains(&payload["source"]["txId"].as_u64().expect("a transaction")) {
                events.push(event);
            }
        }
    }
    events
}

/// Every event has its like, field by field.
fn same(table: &str, ours: Vec<Value>, theirs: &[Line]) {
    let key_names: Vec<String> = {
        let key: Value = serde_json::from_str(theirs[0].record["key"].as_str().expect("a key")).expect("a key");
        key.as_object().expect("an object").keys().cloned().collect()
    };
    let key = |event: &Value| {
        let row = if event["after"].is_object() { &event["after"] } else { &event["before"] };
        let cells: Vec<String> = key_names.iter().map(|name| row[name].to_string()).collect();
        (cells.join(","), event["source"]["txId"].as_u64().expect("a transaction"))
    };
    let (mut invented, mut live, mut schema) = (Events::new(), Events::new(), None);
    for mut event in ours {
        if event.get("schema").is_some() {
            schema = Some(event["schema"].take());
            event = event["payload"].take();
        }
        invented.entry(key(&event)).or_default().push(event);
    }
    for line in theirs {
        live.entry(key(&line.event)).or_default().push(line.event.clone());
    }
    assert_eq!(invented.keys().collect::<Vec<_>>(), live.keys().collect::<Vec<_>>(), "{table}");
    for (at, ours) in &invented {
        let theirs = &live[at];
        assert_eq!(ours.len(), theirs.len(), "{table} {at:?}");
        for (one, two) in ours.iter().zip(theirs) {
            assert_eq!(names(one), names(two), "{table}");
            assert_eq!(names(&one["source"]), names(&two["source"]), "{table}");
            // The generator's first load is what a snapshot reads; here it was streamed.
            let op = if one["op"] == "r" { "c" } else { one["op"].as_str().expect("a letter") };
            assert_eq!(
                (op, &one["before"], &one["after"]),
                (two["op"].as_str().expect("a letter"), &two["before"], &two["after"]),
                "{table} {at:?}"
            );
            for (name, value) in one["source"].as_object().expect("a source") {
                let other = &two["source"][name];
                match OWN.contains(&name.as_str()) {
                    true => assert_eq!(kind(value), kind(other), "{table} {name}"),
                    false => assert_eq!(value, other, "{table} {name}"),
                }
            }
        }
    }
    if let Some(ours) = schema {
        let written: Value =
            serde_json::from_str(theirs[0].record["payload"].as_str().expect("a value")).expect("JSON");
        assert_eq!(unnamed(ours), unnamed(written["schema"].clone()), "{table}");
    }
}

fn names(object: &Value) -> Vec<&String> {
    object.as_object().expect("an object").keys().collect()
}

fn kind(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Number(_) => 1,
        Value::String(_) => 2,
        _ => 3,
    }
}

/// Without the topic's name in the names of rows and envelope.
fn unnamed(mut schema: Value) -> Value {
    for ending in [".Value", ".Envelope"] {
        let is_named = |value: &Value| value["name"].as_str().is_some_and(|name| name.ends_with(ending));
        if is_named(&schema) {
            schema["name"] = ending.into();
        }
        for field in schema["fields"].as_array_mut().expect("fields").iter_mut().filter(|field| is_named(field)) {
            field["name"] = ending.into();
        }
    }
    schema
}
