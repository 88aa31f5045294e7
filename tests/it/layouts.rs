//! One history in every layout and packing that a dump may have, by the real binary: a row that changed, a row that is gone, and
//! an event that the extract does not show.

use crate::ferry::Ferry;
use arrow::array::{ArrayRef, BinaryArray, Int64Array, RecordBatch, TimestampMillisecondArray};
use parquet::arrow::ArrowWriter;
use serde_json::{Value, json};
use std::io::Write;
use std::sync::Arc;

/// Key and value of each record. The delete has no old row: its key alone says which.
fn records() -> Vec<(Value, Value)> {
    let event = |op: &str, after: Value, transaction: u32| json!({"before": null, "after": after, "source": {"txId": transaction, "ts_ms": 1_795_000_000_000_u64}, "op": op});
    let row = |id: u32, amount: &str| json!({"id": id, "amount": amount});
    vec![
        (json!({"id": 1}), event("c", row(1, "1.50"), 4000)),
        (json!({"id": 2}), event("c", row(2, "9.00"), 4000)),
        (json!({"id": 1}), event("u", row(1, "2.50"), 4001)),
        (json!({"id": 2}), event("d", Value::Null, 4002)),
        (json!({"id": 2}), Value::Null),
        (json!({"id": 3}), event("c", row(3, "7.00"), 6000)),
    ]
}

/// The job over a dump that is declared so.
fn ferry(declared: &str) -> Ferry {
    let reconcile =
        "\n[dataset.thing.reconcile]\nagainst = \"topics\"\ntopic = \"app.thing\"\non_drift = \"publish\"\n";
    let columns = "amount = { type = \"numeric(10,2)\", class = \"open\", nullable = true }";
    let ferry = Ferry::of_one_file("app.thing.jsonl", b"{\"id\":1,\"amount\":\"2.50\"}\n", columns, reconcile);
    let topics = format!("[source.topics]\ndump = {{ url = \"in/topics\", {declared} }}\n\n[store.warehouse]");
    ferry.edit("jobs/environments/dev.toml", "[store.warehouse]", &topics);
    ferry.write("in/extract.json", br#"{"extracted_at":"2026-11-23T01:00:00Z","snapshot":"5000:5010:"}"#);
    ferry
}

fn compared(ferry: &Ferry) -> Value {
    let (came, report) = ferry.report(&["jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    report["datasets"][0]["reconciliation"].clone()
}

/// It agrees, by transaction.
fn matches(ferry: &Ferry) -> Value {
    let compared = compared(ferry);
    assert_eq!((&compared["verdict"], &compared["proof"]), (&json!("MATCH"), &json!("txid")), "{compared}");
    assert_eq!(compared["compared"], 1);
    compared["stream"].clone()
}

fn lines(of: impl Fn(usize, &Value, &Value) -> String) -> Vec<u8> {
    records().iter().enumerate().map(|(at, (key, value))| of(at, key, value) + "\n").collect::<String>().into_bytes()
}

fn lz4(bytes: &[u8]) -> Vec<u8> {
    let mut packer = lz4_flex::frame::FrameEncoder::new(Vec::new());
    packer.write_all(bytes).expect("packed");
    packer.finish().expect("packed")
}

fn snappy(bytes: &[u8]) -> Vec<u8> {
    let mut packer = snap::write::FrameEncoder::new(Vec::new());
    packer.write_all(bytes).expect("packed");
    packer.into_inner().expect("packed")
}

#[test]
fn confluents_values_with_their_keys_beside_them() {
    let ferry = ferry("layout = \"confluent\"");
    let folder = "in/topics/app.thing/partition=0/app.thing+0+0000000000";
    ferry.write(&format!("{folder}.json"), &lines(|_, _, value| value.to_string()));
    // Without its key nobody knows which row the delete is about.
    let came = ferry.run(&["run", "jobs/things.toml"]);
    assert_eq!(came.code, 22);
    assert!(came.err.contains("line 4 deletes a row and does not tell its key"), "{}", came.err);
    ferry.write(&format!("{folder}.keys.json"), &lines(|_, key, _| key.to_string()));
    let stream = matches(&ferry);
    assert_eq!((&stream["events"], &stream["later"], &stream["tombstones"]), (&json!(5), &json!(1), &json!(1)));
}

#[test]
fn confluents_keys_that_are_fewer_than_its_values() {
    let ferry = ferry("layout = \"confluent\"");
    let folder = "in/topics/app.thing/partition=0/app.thing+0+0000000000";
    ferry.write(&format!("{folder}.json"), &lines(|_, _, value| value.to_string()));
    ferry.write(&format!("{folder}.keys.json"), b"{\"id\":1}\n");
    let came = ferry.run(&["run", "jobs/things.toml"]);
    assert_eq!(came.code, 22);
    assert!(came.err.contains("line 2 is no record of the dump's layout"), "{}", came.err);
}

#[test]
fn confluents_tombstones_where_they_alone_tell_deletions() {
    let ferry = ferry("layout = \"confluent\", payload = \"debezium_flat\"");
    ferry.write("in/topics/app.thing/partition=0/app.thing+0+0000000000.json", b"{\"id\":1,\"amount\":\"2.50\"}\n");
    ferry.write("in/topics/app.thing/tombstone/app.thing+0+0000000001.keys.json", b"{\"id\":2}\n");
    let came = ferry.run(&["run", "jobs/things.toml"]);
    assert_eq!(came.code, 22);
    assert!(came.err.contains("holds deletions whose place among the values nobody knows"), "{}", came.err);
}

#[test]
fn what_kcat_prints_of_two_partitions_in_one_file() {
    let ferry = ferry("layout = \"kcat\"");
    let line = |partition: u32, offset: usize, key: &Value, value: &Value| {
        let text = |value: &Value| if value.is_null() { Value::Null } else { json!(value.to_string()) };
        json!({"topic": "app.thing", "partition": partition, "offset": offset, "tstype": "create", "ts": 1, "broker": 0,
            "headers": ["h", "v"], "key": text(key), "payload": text(value)})
        .to_string()
    };
    let of_key = |key: &Value| if key["id"] == json!(2) { 7 } else { 4 };
    ferry
        .write("in/topics/app.thing/night.jsonl.lz4", &lz4(&lines(|at, key, value| line(of_key(key), at, key, value))));
    let stream = matches(&ferry);
    assert_eq!((&stream["lacking_offsets"], &stream["again"]), (&json!(4), &json!(0)), "{stream}");
}

#[test]
fn lenses_envelope() {
    let ferry = ferry("layout = \"lenses\"");
    let line = |at: usize, key: &Value, value: &Value| {
        json!({"key": key, "value": value, "headers": {}, "metadata": {"offset": at, "partition": 0, "timestamp": 1, "topic": "app.thing"}}).to_string()
    };
    // The tombstone was delivered again.
    let again = [lines(line), line(4, &json!({"id": 2}), &Value::Null).into_bytes(), b"\n".to_vec()].concat();
    ferry.write("in/topics/app.thing/0/5.json", &again);
    assert_eq!(matches(&ferry)["again"], 1);
}

#[test]
fn aivens_names_and_fields() {
    let ferry = ferry("layout = \"aiven\"");
    let line = |at: usize, key: &Value, value: &Value| {
        json!({"offset": at, "timestamp": "2026-11-22T00:00:00Z", "key": key, "value": value, "headers": []})
            .to_string()
    };
    ferry.write("in/topics/app.thing-0-0.snappy", &snappy(&lines(line)));
    // Another topic's.
    ferry.write("in/topics/app.thing2-0-0.snappy", b"none of ours");
    matches(&ferry);
}

#[test]
fn lines_of_key_and_value() {
    let ferry = ferry("layout = \"key_value\"");
    let all = lines(|_, key, value| if value.is_null() { format!("{key}^NULL") } else { format!("{key}^{value}") });
    let half = all.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(2).map_or(0, |(at, _)| at + 1);
    ferry.write("in/topics/app.thing/partition=0/a.txt", &all[..half]);
    ferry.write("in/topics/app.thing/partition=0/b.txt", &all[half..]);
    matches(&ferry);
}

/// Key and value, as bytes.
type Bytes = (Option<Vec<u8>>, Option<Vec<u8>>);

/// Records in Parquet, the first at that offset.
pub fn parquet(first: i64, records: &[Bytes]) -> Vec<u8> {
    let column =
        |of: fn(&Bytes) -> Option<&[u8]>| -> ArrayRef { Arc::new(BinaryArray::from_iter(records.iter().map(of))) };
    let count = records.len() as i64;
    let offsets: ArrayRef = Arc::new(Int64Array::from_iter_values(first..first + count));
    let times: ArrayRef = Arc::new(TimestampMillisecondArray::from(vec![1; records.len()]).with_timezone("UTC"));
    let rows = RecordBatch::try_from_iter_with_nullable([
        ("offset", offsets, false),
        ("timestamp", times, true),
        ("key", column(|record| record.0.as_deref()), true),
        ("value", column(|record| record.1.as_deref()), true),
    ]);
    let rows = rows.expect("rows");
    let mut writer = ArrowWriter::try_new(Vec::new(), rows.schema(), None).expect("a writer");
    writer.write(&rows).expect("written");
    writer.into_inner().expect("written")
}

#[test]
fn records_in_parquet_and_a_gap_between_two_of_them() {
    let bytes = |value: &Value| (!value.is_null()).then(|| value.to_string().into_bytes());
    let records: Vec<_> = records().iter().map(|(key, value)| (bytes(key), bytes(value))).collect();
    let of = |second: i64| {
        let ferry = ferry("layout = \"relay\", cleanup = \"delete\"");
        let folder = "in/topics/app.thing/p=0";
        ferry.write(&format!("{folder}/00000000000000000010.parquet"), &parquet(10, &records[..3]));
        ferry.write(&format!("{folder}/{second:020}.parquet"), &parquet(second, &records[3..]));
        ferry
    };
    assert_eq!(matches(&of(13))["lacking_offsets"], 0);
    let compared = compared(&of(15));
    assert_eq!(compared["verdict"], "DRIFT", "{compared}");
    assert_eq!(compared["phrase"], "the topic's dump lacks 2 offsets");
}

/// Avro's bytes: a whole number, a text or bytes, a branch of a union.
pub fn whole(number: i64) -> Vec<u8> {
    let mut left = (number << 1 ^ number >> 63) as u64;
    let mut bytes = Vec::new();
    while left >= 0x80 {
        bytes.push(left as u8 | 0x80);
        left >>= 7;
    }
    bytes.push(left as u8);
    bytes
}

fn text(of: &[u8]) -> Vec<u8> {
    [whole(of.len() as i64), of.to_vec()].concat()
}

#[test]
fn avro_whose_schemas_lie_beside_the_topic() {
    let row = r#"{"type":"record","name":"Value","fields":[{"name":"id","type":"long"},{"name":"amount","type":["null",{"type":"bytes","scale":2,"connect.name":"org.apache.kafka.connect.data.Decimal"}]}]}"#;
    let schema = format!(
        r#"{{"type":"record","name":"Envelope","fields":[{{"name":"before","type":["null",{row}]}},{{"name":"after","type":["null","Value"]}},{{"name":"source","type":{{"type":"record","name":"Source","fields":[{{"name":"txId","type":["null","long"]}}]}}}},{{"name":"op","type":"string"}}]}}"#
    );
    let frame = |id: u32| [vec![0], id.to_be_bytes().to_vec()].concat();
    let value = |id: i64, cents: u8, op: &str, transaction: i64| {
        let row = [whole(1), whole(id), whole(1), text(&[cents])].concat();
        let images = if op == "d" { [whole(0), whole(0)].concat() } else { [whole(0), row].concat() };
        Some([frame(9), images, whole(1), whole(transaction), text(op.as_bytes())].concat())
    };
    let key = |id: i64| Some([frame(300), whole(id)].concat());
    let records = [
        (key(1), value(1, 100, "c", 4000)),
        (key(2), value(2, 90, "c", 4000)),
        (key(2), value(2, 0, "d", 4001)),
        (key(2), None),
        (key(1), value(1, 125, "u", 4002)),
        (key(3), value(3, 1, "c", 6000)),
    ];
    let ferry = ferry("layout = \"relay\", payload = \"debezium_avro\"");
    ferry.write("in/app.thing.jsonl", b"{\"id\":1,\"amount\":\"1.25\"}\n");
    ferry.write("in/topics/app.thing/p=0/00000000000000000000.parquet", &parquet(0, &records));
    ferry.write("in/topics/app.thing/_schemas/9.avsc", schema.as_bytes());
    let unknown = ferry.run(&["run", "jobs/things.toml"]);
    assert_eq!(unknown.code, 22);
    assert!(unknown.err.contains("line 3 is of schema 300"), "{}", unknown.err);
    let of_key = r#"{"type":"record","name":"Key","fields":[{"name":"id","type":"long"}]}"#;
    ferry.write("in/topics/app.thing/_schemas/300.avsc", of_key.as_bytes());
    matches(&ferry);
}

#[test]
fn avro_rows_without_an_envelope_whose_schema_a_header_names_by_its_guid() {
    use arrow::array::{BinaryBuilder, ListBuilder, StringBuilder, StructBuilder};
    use arrow::datatypes::{DataType, Field};
    let schema = r#"{"type":"record","name":"Value","fields":[{"name":"id","type":"long"},{"name":"amount","type":["null",{"type":"bytes","scale":2,"connect.name":"org.apache.kafka.connect.data.Decimal"}]},{"name":"__deleted","type":"string"},{"name":"__source_txId","type":["null","long"]}]}"#;
    let of_key = r#"{"type":"record","name":"Key","fields":[{"name":"id","type":"long"}]}"#;
    let value = |id: i64, cents: u8, deleted: &str, transaction: i64| {
        let cells = [whole(id), whole(1), text(&[cents]), text(deleted.as_bytes()), whole(1), whole(transaction)];
        Some(cells.concat())
    };
    let records = [
        (whole(1), value(1, 100, "false", 4000)),
        (whole(2), value(2, 90, "false", 4000)),
        (whole(1), value(1, 125, "false", 4001)),
        (whole(2), value(2, 0, "true", 4002)),
        (whole(2), None),
        (whole(3), value(3, 1, "false", 6000)),
    ];
    let (value_id, key_id) = (7u128, 8u128);
    let fields = vec![Field::new("key", DataType::Utf8, false), Field::new("value", DataType::Binary, true)];
    let mut headers = ListBuilder::new(StructBuilder::from_fields(fields, 2 * records.len()));
    for _ in &records {
        for (name, id) in [("__value_schema_id", value_id), ("__key_schema_id", key_id)] {
            let one = headers.values();
            one.field_builder::<StringBuilder>(0).expect("names").append_value(name);
            let header = [&[1][..], &id.to_be_bytes()].concat();
            one.field_builder::<BinaryBuilder>(1).expect("values").append_value(header);
            one.append(true);
        }
        headers.append(true);
    }
    let binary = |cells: Vec<Option<&[u8]>>| -> ArrayRef { Arc::new(BinaryArray::from(cells)) };
    let count = records.len() as i64;
    let rows = RecordBatch::try_from_iter_with_nullable([
        ("offset", Arc::new(Int64Array::from_iter_values(0..count)) as ArrayRef, false),
        ("timestamp", Arc::new(TimestampMillisecondArray::from(vec![1; records.len()])) as ArrayRef, true),
        ("key", binary(records.iter().map(|record| Some(record.0.as_slice())).collect()), true),
        ("value", binary(records.iter().map(|record| record.1.as_deref()).collect()), true),
        ("headers", Arc::new(headers.finish()) as ArrayRef, true),
    ]);
    let rows = rows.expect("rows");
    let mut writer = ArrowWriter::try_new(Vec::new(), rows.schema(), None).expect("a writer");
    writer.write(&rows).expect("written");
    let bytes = writer.into_inner().expect("written");
    let ferry = ferry("layout = \"relay\", payload = \"debezium_flat_avro\"");
    ferry.write("in/app.thing.jsonl", b"{\"id\":1,\"amount\":\"1.25\"}\n");
    ferry.write("in/topics/app.thing/p=0/00000000000000000000.parquet", &bytes);
    let beside = |id: u128| format!("in/topics/app.thing/_schemas/00000000-0000-0000-0000-{id:012}.avsc");
    ferry.write(&beside(value_id), schema.as_bytes());
    let unknown = ferry.run(&["run", "jobs/things.toml"]);
    assert_eq!(unknown.code, 22);
    assert!(unknown.err.contains("is of schema 00000000-0000-0000-0000-000000000008"), "{}", unknown.err);
    ferry.write(&beside(key_id), of_key.as_bytes());
    let stream = matches(&ferry);
    assert_eq!((&stream["events"], &stream["later"], &stream["tombstones"]), (&json!(5), &json!(1), &json!(1)));
}
