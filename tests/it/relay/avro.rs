//! Topics in Avro, and rows without an envelope, that are landed for those who may not see everything.

use super::kafka::{Pair, topic, write};
use super::treated::{ferry, records, shows_none};
use super::{ENVIRONMENT, JOB, landed};
use crate::ferry::{Came, Ferry};
use serde_json::{Value, json};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A key and a value in bytes.
type Bytes = (Option<Vec<u8>>, Option<Vec<u8>>);

/// 6 May 1980, in days since 1970.
const BORN: i64 = 3778;

/// Where the commit before a change lies in the log, and the change.
const SEQUENCE: &str = "[\"24023128\",\"24023176\"]";

fn row_schema() -> Value {
    let text = json!(["null", "string"]);
    json!({"type": "record", "name": "Value", "fields": [
        {"name": "id", "type": "long"},
        {"name": "amount", "type": ["null", {"type": "bytes", "scale": 2, "precision": 10, "logicalType": "decimal",
            "connect.name": "org.apache.kafka.connect.data.Decimal"}]},
        {"name": "email", "type": text}, {"name": "phone", "type": text}, {"name": "full_name", "type": text},
        {"name": "born", "type": ["null", {"type": "int", "connect.name": "io.debezium.time.Date"}]},
        {"name": "doc", "type": ["null", {"type": "string", "connect.name": "io.debezium.data.Json"}]},
        {"name": "body", "type": text}]})
}

fn envelope() -> Value {
    json!({"type": "record", "name": "Envelope", "namespace": "app.thing", "fields": [
        {"name": "before", "type": ["null", row_schema()]},
        {"name": "after", "type": ["null", "Value"]},
        {"name": "source", "type": {"type": "record", "name": "Source", "fields": [
            {"name": "txId", "type": "long"}, {"name": "ts_ms", "type": "long"}, {"name": "query", "type": "string"}]}},
        {"name": "op", "type": "string"}]})
}

fn whole(number: i64, out: &mut Vec<u8>) {
    let mut zigzag = ((number << 1) ^ (number >> 63)) as u64;
    while zigzag >= 0x80 {
        out.push(zigzag as u8 | 0x80);
        zigzag >>= 7;
    }
    out.push(zigzag as u8);
}

fn bytes(bytes: &[u8], out: &mut Vec<u8>) {
    whole(bytes.len() as i64, out);
    out.extend(bytes);
}

/// A text that is there, of a union whose first branch is `null`.
fn some(text: &str, out: &mut Vec<u8>) {
    whole(1, out);
    bytes(text.as_bytes(), out);
}

fn framed(schema: u8) -> Vec<u8> {
    vec![0, 0, 0, 0, schema]
}

/// A row in Avro: 2.50, somebody's address and what else is somebody's.
fn row(email: &str, body: &str, out: &mut Vec<u8>) {
    whole(1, out);
    whole(1, out);
    bytes(&[0, 250], out);
    some(email, out);
    some("07700 900123", out);
    some("Wren Alder", out);
    whole(1, out);
    whole(BORN, out);
    some("{\"a\": {\"n\": 1, \"who\": \"wren@example.org\"}, \"street\": \"Millpond\"}", out);
    some(body, out);
}

fn key(id: i64) -> Option<Vec<u8>> {
    let mut key = framed(8);
    whole(id, &mut key);
    Some(key)
}

fn event(op: &str, before: Option<&str>, after: (&str, &str), transaction: i64) -> Bytes {
    let mut value = framed(7);
    match before {
        None => whole(0, &mut value),
        Some(email) => {
            whole(1, &mut value);
            row(email, "plain", &mut value);
        }
    }
    whole(1, &mut value);
    row(after.0, after.1, &mut value);
    whole(transaction, &mut value);
    whole(1_795_000_000_000, &mut value);
    bytes(b"Wren Alder", &mut value);
    bytes(op.as_bytes(), &mut value);
    (key(1), Some(value))
}

fn with_schemas(ferry: &Ferry, topic: &str, value: &Value) {
    ferry.write(&format!("landed/{topic}/_schemas/7.avsc"), value.to_string().as_bytes());
    let key = json!({"type": "record", "name": "Key", "fields": [{"name": "id", "type": "long"}]});
    ferry.write(&format!("landed/{topic}/_schemas/8.avsc"), key.to_string().as_bytes());
}

#[tokio::test]
async fn values_in_avro_are_treated_in_both_images_and_in_nested_json_and_the_night_agrees() {
    let topic = topic(1, &[]).await;
    let ferry = ferry(&topic, "");
    ferry.edit(ENVIRONMENT, "layout = \"relay\"", "layout = \"relay\", payload = \"debezium_avro\"");
    with_schemas(&ferry, &topic, &envelope());
    let first = event("c", None, ("finch@example.org", "plain"), 4000);
    // The placeholder of a value that an update did not touch, and a tombstone of somebody else.
    let untouched = "__debezium_unavailable_value";
    let second = event("u", Some("finch@example.org"), ("wren@example.org", untouched), 4001);
    write(&topic, 0, &[first, second, (key(2), None)]);
    let told = landed(&ferry);
    let counts = ["records", "tombstones", "dead_letters"].map(|count| told[count].clone());
    assert_eq!(counts, [json!(3), json!(1), json!(0)], "{told}");
    shows_none(&ferry, &told.to_string());
    let shown = records(&ferry, "landed");
    let lines: Vec<Value> = shown.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let value: Value = serde_json::from_str(lines[2]["value"].as_str().expect("a value")).expect("JSON");
    let (before, after) = (&value["payload"]["before"], &value["payload"]["after"]);
    assert_ne!(before["email"], after["email"]);
    assert_eq!(after["email"].as_str().map(str::len), Some(32));
    assert_eq!((&after["phone"], &after["born"]), (&json!("***** ****23"), &json!("1980-01-01")), "{after}");
    assert_eq!(after["doc"], "{\"a\":{\"n\":1,\"who\":\"<email>\"}}");
    assert_eq!((&before["body"], &after["body"]), (&json!("plain"), &json!(untouched)));
    assert!(after.get("full_name").is_none(), "{value}");
    assert_eq!((&lines[3]["key"], &lines[3]["value"]), (&json!("{\"id\":2}"), &Value::Null));
    // The extract is treated the same way, and then compared.
    let (came, report) = ferry.report(&[JOB]);
    assert_eq!(came.code, 0, "{}", came.err);
    let compared = &report["datasets"][0]["reconciliation"];
    assert_eq!((&compared["verdict"], &compared["proof"]), (&json!("MATCH"), &json!("txid")), "{compared:#}");
    assert_eq!(compared["compared"], 1);
}

#[tokio::test]
async fn what_no_schema_beside_the_dump_reads_is_put_aside_as_it_came() {
    let topic = topic(1, &[]).await;
    let ferry = ferry(&topic, "");
    ferry.edit(ENVIRONMENT, "layout = \"relay\"", "layout = \"relay\", payload = \"debezium_avro\"");
    with_schemas(&ferry, &topic, &envelope());
    let good = || event("c", None, ("wren@example.org", "plain"), 4000);
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let (key, mut value) = good();
        change(value.as_mut().expect("a value"));
        (key, value)
    };
    let unknown = with(&|value| value[4] = 9);
    let torn = with(&|value| value.truncate(value.len() - 3));
    let more = with(&|value| value.extend(b"Wren Alder"));
    // A topic that some producer writes JSON into: nobody said that, and nobody looks through it.
    let json = (key(1), Some(b"{\"after\":{\"id\":1,\"email\":\"wren@example.org\"},\"op\":\"c\"}".to_vec()));
    let keyless = (Some(b"secret-key".to_vec()), good().1);
    write(&topic, 0, &[unknown, torn, more, json, keyless, good()]);
    let told = landed(&ferry);
    assert_eq!((&told["records"], &told["dead_letters"]), (&json!(1), &json!(5)), "{told}");
    shows_none(&ferry, &told.to_string());
    let aside = records(&ferry, &format!("out/restricted/dead_letters/{topic}"));
    assert_eq!(aside.matches("does not lie beside the dump").count(), 1, "{aside}");
    assert_eq!(aside.matches("it is not what an Avro schema beside the dump says").count(), 4, "{aside}");
    assert!(aside.contains("secret-key"), "as they came");
    // A schema that is none stops it before anything is read.
    ferry.write(&format!("landed/{topic}/_schemas/9.avsc"), b"{");
    let came = super::refused(&ferry, 42, "E-CHAIN-42");
    assert!(came.err.contains("is no Avro schema"), "{}", came.err);
}

#[tokio::test]
async fn one_who_follows_reads_by_a_schema_that_is_laid_beside_the_dump_later() {
    let topic = topic(1, &[]).await;
    let ferry = ferry(&topic, "");
    ferry.edit(ENVIRONMENT, "layout = \"relay\"", "layout = \"relay\", payload = \"debezium_avro\"");
    with_schemas(&ferry, &topic, &envelope());
    write(&topic, 0, &[event("c", None, ("wren@example.org", "plain"), 4000)]);
    let mut command = ferry.command(&["relay", JOB, "--follow", "--every", "2s"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let until = |objects: usize| {
        let landed =
            || ferry.files(&format!("landed/{topic}")).iter().filter(|path| path.ends_with(".parquet")).count();
        let began = Instant::now();
        while landed() < objects {
            assert!(began.elapsed() < Duration::from_secs(60), "{objects} objects");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    until(1);
    ferry.write(&format!("landed/{topic}/_schemas/9.avsc"), envelope().to_string().as_bytes());
    let (key, mut value) = event("u", None, ("finch@example.org", "plain"), 4001);
    value.as_mut().expect("a value")[4] = 9;
    write(&topic, 0, &[(key, value)]);
    until(2);
    Command::new("kill").arg(child.id().to_string()).status().expect("kill runs");
    let came = Came::of(&child.wait_with_output().expect("it ends"));
    assert_eq!(came.code, 0, "{}", came.err);
    assert_eq!(records(&ferry, "landed").matches("\"offset\"").count(), 2);
    assert!(!ferry.path(&format!("out/restricted/dead_letters/{topic}")).exists(), "nothing was put aside");
    shows_none(&ferry, &came.err);
}

#[tokio::test]
async fn rows_without_an_envelope_are_treated_in_json_and_in_avro() {
    for payload in ["debezium_flat", "debezium_flat_avro"] {
        let topic = topic(1, &[]).await;
        let ferry = ferry(&topic, "");
        ferry.edit(ENVIRONMENT, "layout = \"relay\"", &format!("layout = \"relay\", payload = \"{payload}\""));
        if payload == "debezium_flat" {
            let row = json!({"id": 1, "amount": "2.50", "email": "wren@example.org", "phone": "07700 900123",
                "full_name": "Wren Alder", "born": BORN, "doc": "{\"a\": {\"n\": 1, \"who\": \"wren@example.org\"}}", "body": "plain", "__op": "u", "__deleted": "false", "__snapshot": "first_in_data_collection", "__sequence": SEQUENCE,
                "__source_ts_ms": 1_795_000_000_000_u64, "__table": "Wren Alder"});
            let mut new = row.clone();
            new["mail"] = json!("wren@example.org");
            let of = |row: Value| (Some("{\"id\":1}".to_owned()), Some(row.to_string()));
            let mut unread = row.clone();
            unread["born"] = json!("about 1980-05-06");
            // What the connector puts beside a row is landed as far as it says when and where.
            let all: Vec<Pair> = vec![of(new), of(unread), of(row), (Some("{\"id\":2}".to_owned()), None)];
            write(&topic, 0, &all);
        } else {
            let mut schema = row_schema();
            let fields = schema["fields"].as_array_mut().expect("fields");
            fields.extend(["__snapshot", "__sequence", "__table"].map(|name| json!({"name": name, "type": "string"})));
            with_schemas(&ferry, &topic, &schema);
            let mut value = framed(7);
            row("wren@example.org", "plain", &mut value);
            for beside in ["first_in_data_collection", SEQUENCE, "Wren Alder"] {
                bytes(beside.as_bytes(), &mut value);
            }
            let mut torn = value.clone();
            torn.pop();
            write(
                &topic,
                0,
                &[(key(1), Some(torn.clone())), (key(1), Some(torn)), (key(1), Some(value)), (key(2), None)],
            );
        }
        let told = landed(&ferry);
        assert_eq!((&told["records"], &told["dead_letters"]), (&json!(2), &json!(2)), "{payload}: {told}");
        shows_none(&ferry, &told.to_string());
        let shown = records(&ferry, "landed");
        let line: Value = serde_json::from_str(shown.lines().nth(1).expect("a line")).expect("JSON");
        let value: Value = serde_json::from_str(line["value"].as_str().expect("a value")).expect("JSON");
        let row = if payload == "debezium_flat" { &value } else { &value["payload"] };
        assert_eq!((&row["phone"], &row["body"]), (&json!("***** ****23"), &json!("plain")), "{value}");
        assert_eq!(row["born"], "1980-01-01", "{value}");
        let beside = (&row["__snapshot"], &row["__sequence"], row.get("__table"));
        assert_eq!(beside, (&json!("first_in_data_collection"), &json!(SEQUENCE), None), "{value}");
        if payload == "debezium_flat" {
            assert_eq!((&row["__op"], &row["__source_ts_ms"]), (&json!("u"), &json!(1_795_000_000_000_u64)), "{value}");
        }
    }
}
