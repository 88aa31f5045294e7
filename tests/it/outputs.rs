//! What a reconciliation leaves behind, held against worlds whose drift is written down by hand.

use crate::ferry::Ferry;
use crate::forgotten::{SECRET, forget};
use crate::readers::python;
use arrow::array::{Array, RecordBatch};
use arrow::util::display::array_value_to_string;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

type Row = BTreeMap<String, Option<String>>;

const RUN: [&str; 1] = ["jobs/things.toml"];

/// An account a line: its number, whose it is, its amount, when it changed.
const EXTRACT: &str = "id,email,amount,at\n\
    1,wren.alder@example.org,10.00,2026-11-22T10:00:00Z\n\
    2,robin.ash@example.org,20.50,2026-11-22T11:00:00Z\n\
    3,finch.oak@example.org,30.00,2026-11-22T12:00:00Z\n\
    5,heron.elm@example.org,50.00,2026-11-22T13:00:00Z\n\
    6,tern.yew@example.org,60.00,2026-11-22T14:00:00Z\n";

/// What the topic comes to: 2 has another amount, 3 another person, 4 is too many, 5 was deleted, 6 was never told.
const STATE: &str = "id,email,amount,at\n\
    1,wren.alder@example.org,10.00,2026-11-22T10:00:00Z\n\
    2,robin.ash@example.org,20.75,2026-11-22T11:00:00Z\n\
    3,kite.beech@example.org,30.00,2026-11-22T12:00:00Z\n\
    4,crane.fir@example.org,40.00,2026-11-22T12:30:00Z\n";

fn event(op: &str, line: &str, transaction: u32) -> String {
    let cells: Vec<&str> = line.split(',').collect();
    let row = json!({"id": cells[0].parse::<i64>().unwrap(), "email": cells[1], "amount": cells[2], "at": cells[3]});
    let (before, after) = if op == "d" { (row, Value::Null) } else { (Value::Null, row) };
    json!({"before": before, "after": after, "op": op, "source": {"txId": transaction}}).to_string()
}

/// A record of `kcat -J`, behind the others of its partition.
fn record(lines: &mut Vec<String>, partition: u32, value: &str) {
    let before = lines.iter().filter(|line| line.contains(&format!("\"partition\":{partition},"))).count();
    let line = json!({"topic": "app.app.thing", "partition": partition, "offset": before, "tstype": "create", "ts": 1, "broker": 0,
        "key": Value::Null, "payload": value});
    // The order of the fields is serde's: by name.
    lines.push(line.to_string());
}

/// A project whose extract and topic are those above; `restricted` is how its store treats the address.
fn things(restricted: &str) -> Ferry {
    let columns = format!(
        "email = {{ type = \"text\", class = \"personal\", treat = {{ analytics = \"label\"{restricted} }} }}\n\
         amount = {{ type = \"numeric(12,2)\", class = \"open\" }}\nat = {{ type = \"timestamptz\", class = \"internal\" }}"
    );
    let reconcile = "\n[dataset.thing.reconcile]\nagainst = \"topics\"\ntopic = \"app.app.thing\"\n";
    let ferry = Ferry::of_one_file("app.thing.csv", EXTRACT.as_bytes(), &columns, reconcile);
    let topics = "[source.topics]\ndump = { url = \"in/topics\", layout = \"kcat\" }\n\n[store.warehouse]";
    ferry.edit("jobs/environments/dev.toml", "[store.warehouse]", topics);
    ferry.write("in/extract.json", br#"{"extracted_at":"2026-11-23T01:00:00Z","snapshot":"5000:5010:"}"#);
    let mut lines = Vec::new();
    for line in STATE.lines().skip(1) {
        record(&mut lines, 0, &event("c", line, 4_000));
    }
    let five = EXTRACT.lines().nth(4).unwrap();
    record(&mut lines, 1, &event("c", five, 4_001));
    record(&mut lines, 1, &event("d", five, 4_002));
    for partition in [0, 1] {
        record(&mut lines, partition, &event("c", "9,later@example.org,1.00,2026-11-23T02:00:00Z", 6_000));
    }
    ferry.write("in/topics/app.app.thing/dump.jsonl", (lines.join("\n") + "\n").as_bytes());
    ferry
}

/// A list of the report's, read back.
fn list(ferry: &Ferry, report: &Value, name: &str) -> Vec<Row> {
    let output = &report["datasets"][0]["reconciliation"]["outputs"][name];
    let at = output["at"].as_str().unwrap_or_else(|| panic!("no {name} in {report}"));
    let bytes = std::fs::read(ferry.path(&format!("out/{at}"))).expect("a file");
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).unwrap().build().unwrap();
    let rows: Vec<Row> = reader.flat_map(|batch| cells(&batch.expect("rows"))).collect();
    assert_eq!(output["rows"], rows.len(), "{name}");
    rows
}

fn cells(batch: &RecordBatch) -> Vec<Row> {
    let schema = batch.schema();
    let cell = |name: &str, cells: &dyn Array, row: usize| {
        let text = cells.is_valid(row).then(|| array_value_to_string(cells, row).expect("a cell"));
        (name.to_owned(), text)
    };
    let row = |row: usize| {
        let columns = schema.fields().iter().zip(batch.columns());
        columns.map(|(field, cells)| cell(field.name(), cells.as_ref(), row)).collect()
    };
    (0..batch.num_rows()).map(row).collect()
}

/// Some cells of each row, in order of the first.
fn told(rows: &[Row], names: &[&str]) -> Vec<Vec<String>> {
    let cells = |row: &Row| names.iter().map(|name| row[*name].clone().unwrap_or_else(|| "-".into())).collect();
    let mut told: Vec<Vec<String>> = rows.iter().map(cells).collect();
    told.sort();
    told
}

#[test]
fn the_drift_is_listed_key_by_key_and_cell_by_cell_and_shows_nobody() {
    let ferry = things("");
    let (came, report) = ferry.report(&RUN);
    assert_eq!(came.code, 21, "{}", came.err);
    let rows = list(&ferry, &report, "drift_rows");
    let expected = [
        ["2", "changed", "amount", "0", "1"],
        ["3", "changed", "email", "0", "2"],
        ["4", "missing", "", "0", "3"],
        // Of a row that the topic deleted, the event that did it; of one that it never told, nothing.
        ["5", "extra", "", "1", "1"],
        ["6", "extra", "", "-", "-"],
    ];
    assert_eq!(told(&rows, &["id", "drift", "columns", "topic_partition", "topic_position"]), expected);
    for row in &rows {
        let is_changed = row["drift"].as_deref() == Some("changed");
        assert_eq!(row["extract_print"].is_some(), is_changed || row["drift"].as_deref() == Some("extra"), "{row:?}");
        assert_ne!(row["extract_print"], row["topic_print"]);
        assert_eq!(row["key_print"].as_ref().map(String::len), Some(32));
    }
    let cells = list(&ferry, &report, "drift_cells");
    let columns = ["id", "column_name", "drift", "extract_value", "topic_value", "is_withheld"];
    let expected = [["2", "amount", "changed", "20.50", "20.75", "false"], ["3", "email", "changed", "-", "-", "true"]];
    assert_eq!(told(&cells, &columns), expected);
    let stats = list(&ferry, &report, "column_stats");
    let columns = ["column_name", "extract_distinct", "extract_min", "topic_max", "compared", "different"];
    let expected = [
        ["amount", "5", "10.00", "40.00", "3", "1"],
        ["at", "5", "2026-11-22T10:00:00", "2026-11-22T12:30:00", "3", "0"],
        ["email", "5", "-", "-", "3", "1"],
        ["id", "5", "1", "4", "0", "0"],
    ];
    assert_eq!(told(&stats, &columns), expected);
    let health = list(&ferry, &report, "stream_health");
    let columns = ["partition", "first_position", "last_position", "lacking_offsets", "is_passed", "keys", "differing"];
    let expected = [["0", "0", "4", "0", "true", "4", "3"], ["1", "0", "2", "0", "true", "0", "0"]];
    assert_eq!(told(&health, &columns), expected);
    // Nobody is found in the lists; the differing rows and the change set are the restricted store's own.
    let lists = ["drift_rows", "drift_cells", "column_stats", "stream_health", "fingerprints"];
    for file in ferry.files("out/restricted").iter().filter(|file| lists.iter().any(|list| file.contains(list))) {
        let bytes = std::fs::read(ferry.path(&format!("out/restricted/{file}"))).expect("a file");
        assert!(!String::from_utf8_lossy(&bytes).contains("example.org"), "{file}");
    }
}

#[test]
fn fingerprints_are_the_same_in_every_run_and_differ_where_the_rows_do() {
    let ferry = things("");
    let run = || {
        let (_, report) = ferry.report(&RUN);
        let prints = list(&ferry, &report, "fingerprints");
        (report["datasets"][0]["reconciliation"]["fingerprints"].clone(), prints)
    };
    let (whole, buckets) = run();
    let different = buckets.iter().filter(|bucket| bucket["is_same"].as_deref() == Some("false")).count();
    // Five keys, as many buckets, but for two that fall into one.
    assert!((3..=5).contains(&different), "{different}");
    assert_eq!((&whole["buckets"], &whole["buckets_differing"]), (&json!(1024), &json!(different)));
    assert_eq!(run(), (whole.clone(), buckets));
    // The topic as it should be: its fingerprint is the extract's of before.
    let mut lines = Vec::new();
    for line in EXTRACT.lines().skip(1) {
        record(&mut lines, 0, &event("c", line, 4_000));
    }
    ferry.write("in/topics/app.app.thing/dump.jsonl", (lines.join("\n") + "\n").as_bytes());
    let (came, report) = ferry.report(&RUN);
    assert_eq!(came.code, 0, "{}", came.err);
    let same = &report["datasets"][0]["reconciliation"];
    assert_eq!(
        (&same["fingerprints"]["topic"], &same["fingerprints"]["buckets_differing"]),
        (&whole["extract"], &json!(0))
    );
    assert_eq!(same["change_set"]["state"], "not_needed");
    assert!(same["outputs"].get("changeset").is_none() && same["outputs"].get("drift_rows").is_none(), "{same}");
}

/// The change set applied by SQL to a state.
fn applied(ferry: &Ferry, report: &Value, state: &str) -> Value {
    let at = report["datasets"][0]["reconciliation"]["outputs"]["changeset"]["at"].as_str().expect("a change set");
    ferry.write("state.csv", state.as_bytes());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readers/apply_changes.py");
    let changeset = ferry.path(&format!("out/{at}"));
    let state = ferry.path("state.csv");
    let paths = [&script, &changeset, &state].map(|path| path.to_string_lossy().into_owned());
    serde_json::from_str(&python(&[&paths[0], &paths[1], &paths[2], "id"])).expect("one JSON object")
}

#[test]
fn the_change_set_brings_the_topics_state_to_the_extract_by_sql_too_once_and_twice() {
    let ferry = things("");
    let (_, report) = ferry.report(&RUN);
    let change_set = &report["datasets"][0]["reconciliation"]["change_set"];
    assert_eq!((&change_set["state"], &change_set["changes"]), (&json!("proven"), &json!(5)), "{change_set}");
    let came = applied(&ferry, &report, STATE);
    let emails: Vec<&str> = came["once"].as_array().unwrap().iter().map(|row| row["email"].as_str().unwrap()).collect();
    let expected: Vec<&str> = EXTRACT.lines().skip(1).map(|line| line.split(',').nth(1).unwrap()).collect();
    assert_eq!(emails, expected, "{came}");
    let amounts: Vec<&str> =
        came["once"].as_array().unwrap().iter().map(|row| row["amount"].as_str().unwrap()).collect();
    assert_eq!(amounts, ["10.00", "20.50", "30.00", "50.00", "60.00"]);
    assert_eq!((&came["twice"], &came["refused"], &came["refused_again"]), (&came["once"], &json!(0), &json!(0)));
    // Somebody changed a row meanwhile: that change alone is refused, and what they wrote stays.
    let meanwhile = applied(&ferry, &report, &STATE.replace("20.75", "20.99"));
    assert_eq!(meanwhile["refused"], 1, "{meanwhile}");
    assert!(meanwhile["once"].as_array().unwrap().iter().any(|row| row["amount"] == "20.99"), "{meanwhile}");
}

#[test]
fn there_is_no_change_set_where_nobody_knows_what_is_true_or_may_see_it() {
    // Nothing in the topic is later than the extract: what differs may still come.
    let behind = things("");
    let dump = behind.read("in/topics/app.app.thing/dump.jsonl");
    let dump: String = dump.lines().filter(|line| !line.contains("6000")).map(|line| format!("{line}\n")).collect();
    behind.write("in/topics/app.app.thing/dump.jsonl", dump.as_bytes());
    for (ferry, code, why) in [(behind, 74, "inconclusive"), (things(", restricted = \"drop\""), 21, "`email`")] {
        let (came, report) = ferry.report(&RUN);
        assert_eq!(came.code, code, "{}", came.err);
        let reconciliation = &report["datasets"][0]["reconciliation"];
        assert_eq!(reconciliation["change_set"]["state"], "refused", "{reconciliation}");
        assert!(reconciliation["change_set"]["phrase"].as_str().unwrap().contains(why), "{reconciliation}");
        assert!(reconciliation["outputs"].get("changeset").is_none());
        assert!(!ferry.files("out/restricted").iter().any(|file| file.contains("changeset")));
        assert_eq!(list(&ferry, &report, "drift_rows").len(), 5);
    }
}

#[test]
fn a_cell_that_the_stream_does_not_tell_is_a_drift_of_its_own_kind() {
    let ferry = things("");
    // Nothing else differs, and of 1 an update left the address out.
    let mut lines = Vec::new();
    for line in EXTRACT.lines().skip(2) {
        record(&mut lines, 0, &event("c", line, 4_000));
    }
    let update = event("u", EXTRACT.lines().nth(1).unwrap(), 4_001);
    record(&mut lines, 0, &update.replace("wren.alder@example.org", "__debezium_unavailable_value"));
    ferry.write("in/topics/app.app.thing/dump.jsonl", (lines.join("\n") + "\n").as_bytes());
    let (came, report) = ferry.report(&RUN);
    assert_eq!(came.code, 24, "{}", came.err);
    let rows = list(&ferry, &report, "drift_rows");
    assert_eq!(told(&rows, &["id", "drift", "columns"]), [["1", "unknown", "email"]]);
    let cells = list(&ferry, &report, "drift_cells");
    assert_eq!(told(&cells, &["id", "column_name", "drift", "is_withheld"]), [["1", "email", "unknown", "true"]]);
    assert_eq!(report["datasets"][0]["reconciliation"]["change_set"]["state"], "refused");
}

/// The dump's events without the address, as a connector leaves it out.
fn without_address(ferry: &Ferry) {
    let path = "in/topics/app.app.thing/dump.jsonl";
    let without = |line: &str| {
        let mut record: Value = serde_json::from_str(line).expect("a record");
        let mut payload: Value = serde_json::from_str(record["payload"].as_str().expect("text")).expect("an event");
        for image in ["before", "after"] {
            payload[image].as_object_mut().map(|row| row.remove("email"));
        }
        record["payload"] = json!(payload.to_string());
        format!("{record}\n")
    };
    let dump: String = ferry.read(path).lines().map(without).collect();
    ferry.write(path, dump.as_bytes());
}

#[test]
fn where_somebody_is_to_be_forgotten_no_list_tells_whose_a_row_is() {
    let ferry = things("");
    ferry.edit("schemas/thing.toml", "class = \"personal\", treat", "class = \"personal\", kind = \"email\", treat");
    forget(&ferry, SECRET, 0, "dev", &["email", "robin.ash@example.org"]);
    let (came, report) = ferry.report(&RUN);
    assert_eq!(came.code, 21, "{}", came.err);
    let reconciliation = &report["datasets"][0]["reconciliation"];
    assert_eq!(reconciliation["changed"], 2, "the comparison is of all rows: {reconciliation}");
    assert_eq!(reconciliation.get("outputs"), None, "{reconciliation}");
    let phrase = reconciliation["change_set"]["phrase"].as_str().expect("a phrase");
    assert!(reconciliation["change_set"]["state"] == "refused" && phrase.contains("are to be forgotten"), "{phrase}");
    assert!(!ferry.files("out/restricted").iter().any(|file| file.ends_with("parquet")));
}

#[test]
fn a_column_that_is_looked_at_for_the_list_alone_is_not_compared() {
    let asked = |list: bool| {
        let ferry = things(", restricted = \"drop\"");
        ferry.edit("schemas/thing.toml", "analytics = \"label\"", "analytics = \"drop\"");
        ferry.edit(
            "schemas/thing.toml",
            "class = \"personal\", treat",
            "class = \"personal\", kind = \"email\", treat",
        );
        without_address(&ferry);
        if list {
            forget(&ferry, SECRET, 0, "dev", &["email", "robin.ash@example.org"]);
        }
        let (came, report) = ferry.report(&RUN);
        (came.code, report["datasets"][0]["reconciliation"]["changed_columns"].clone())
    };
    let (code, counts) = asked(false);
    assert_eq!((code, &counts), (21, &json!({ "amount": 1 })));
    assert_eq!(asked(true), (code, counts));
}
