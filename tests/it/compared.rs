//! Extract against topic by the real binary: cells are compared by their type, and a verdict says how it was reached.

use crate::ferry::Ferry;
use serde_json::{Value, json};

const COLUMNS: &str = "amount = { type = \"numeric(10,2)\", class = \"open\", nullable = true }\n\
    share = { type = \"double precision\", class = \"open\", nullable = true }\n\
    note = { type = \"text\", class = \"open\", nullable = true }";

/// Rows of an extract, and what the topic tells of them; differences are published, so that the report has them.
fn ferry(extract: &[Value], topic: &[Value]) -> Ferry {
    let lines = |rows: &[Value]| rows.iter().map(|row| format!("{row}\n")).collect::<String>();
    let reconcile =
        "\n[dataset.thing.reconcile]\nagainst = \"topics\"\ntopic = \"app.app.thing\"\non_drift = \"publish\"\n";
    let ferry = Ferry::of_one_file("app.thing.jsonl", lines(extract).as_bytes(), COLUMNS, reconcile);
    let topics = "[source.topics]\ndump = { url = \"in/topics\", layout = \"confluent\" }\n\n[store.warehouse]";
    ferry.edit("jobs/environments/dev.toml", "[store.warehouse]", topics);
    ferry.write("in/extract.json", br#"{"extracted_at":"2026-11-23T01:00:00Z","snapshot":"5000:5010:"}"#);
    let event = |row: &Value, transaction: u32, millis: u64| json!({"before": null, "after": row, "source": {"txId": transaction, "ts_ms": millis}, "op": "c"});
    let mut events: Vec<Value> = topic.iter().map(|row| event(row, 4000, 1_795_000_000_000)).collect();
    // Shows that the stream has come past the extract, by transaction and by time.
    events.push(event(&json!({"id": 999, "amount": "1.00", "share": 1.0, "note": "later"}), 6000, 1_800_000_000_000));
    ferry.write("in/topics/app.app.thing/partition=0/app.app.thing+0+0000000000.json", lines(&events).as_bytes());
    ferry
}

fn compared(ferry: &Ferry) -> Value {
    let (came, report) = ferry.report(&["jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    report["datasets"][0]["reconciliation"].clone()
}

#[test]
fn values_that_are_written_otherwise_and_are_the_same_match() {
    let row = |id: u32, amount: Value, share: Value, note: Value| json!({"id": id, "amount": amount, "share": share, "note": note});
    let extract = [
        row(1, json!("1.50"), json!("NaN"), json!("a")),
        row(2, json!("-0.10"), json!("-0"), json!("b")),
        row(3, Value::Null, Value::Null, Value::Null),
    ];
    let topic = [
        row(1, json!("1.5"), json!("NaN"), json!("a")),
        row(2, json!("-0.1"), json!(0.0), json!("b")),
        row(3, Value::Null, Value::Null, Value::Null),
    ];
    let compared = compared(&ferry(&extract, &topic));
    assert_eq!((&compared["verdict"], &compared["proof"]), (&json!("MATCH"), &json!("txid")), "{compared}");
    assert_eq!(compared["compared"], 3);
}

#[test]
fn null_is_not_nan_and_no_text_is_not_an_empty_text() {
    let row = |id: u32, share: Value, note: Value| json!({"id": id, "amount": "1.00", "share": share, "note": note});
    let extract = [row(1, Value::Null, json!("a")), row(2, json!(1.5), Value::Null), row(3, json!("NaN"), json!("c"))];
    let topic = [row(1, json!("NaN"), json!("a")), row(2, json!(1.5), json!("")), row(3, json!(0.0), json!("c"))];
    let compared = compared(&ferry(&extract, &topic));
    assert_eq!(compared["verdict"], "DRIFT", "{compared}");
    assert_eq!(compared["changed"], 3);
    assert_eq!(compared["changed_columns"], json!({"share": 2, "note": 1}));
}

#[test]
fn without_the_extracts_transactions_the_proof_is_a_window() {
    let rows = [json!({"id": 1, "amount": "1.50", "share": 0.5, "note": "a"})];
    let ferry = ferry(&rows, &rows);
    ferry.write("in/extract.json", br#"{"extracted_at":"2026-11-23T01:00:00Z"}"#);
    let compared = compared(&ferry);
    assert_eq!((&compared["verdict"], &compared["proof"]), (&json!("MATCH"), &json!("window")), "{compared}");
}
