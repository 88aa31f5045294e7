//! Cases of a topic against an extract (`fixtures/reconcile/cases.jsonl`, one a line), as records of `kcat -J` through the
//! decoder, the comparison and the verdict.

use arrow::array::{ArrayRef, RecordBatch, StringViewArray};
use nightferry::changes::{AsOf, Block, Cleanup, Decimals, Layout, Means, Object, Payload, Reading, Times, decode};
use nightferry::data::conform::conform;
use nightferry::data::scratch::Allowance;
use nightferry::data::{Beyond, Class, Column, ColumnType, Name, Origin, PgPosition, PgSnapshot};
use nightferry::format::spill::{Aside, Spill};
use nightferry::reconcile::diff::Tolerance;
use nightferry::reconcile::outputs::Seal;
use nightferry::reconcile::{CheckOutcome, CheckTable, Comparison, Stream, check, judge};
use nightferry::world::DiskScratch;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Of whatever the extract does not show.
const LATER: u64 = 4_000_000_000_000;

fn columns(case: &Value) -> Vec<Column> {
    let of = |(name, word): (&String, &Value)| Column {
        name: Name::new(name).expect("a name"),
        column_type: ColumnType::parse(word.as_str().expect("a word")).expect("a type"),
        class: Class::Open,
        kind: None,
        source: vec![name.clone()],
        beyond: match case["declared"]["beyond"][name].as_str() {
            Some("null") => Beyond::Null,
            _ => Beyond::Error,
        },
        nullable: true,
        unit: None,
        description: None,
        references: None,
        treat: BTreeMap::new(),
        not_personal: BTreeMap::new(),
    };
    case["columns"].as_object().expect("columns").iter().map(of).collect()
}

fn reading(case: &Value) -> Reading {
    let word = |key: &str| case["declared"][key].as_str();
    let standard = Reading::default();
    Reading {
        payload: word("payload").map_or(standard.payload, |word| Payload::parse(word).expect("a payload")),
        decimals: word("decimals").map(|word| Decimals::parse(word).expect("a mode")),
        times: word("times").map(|word| Times::parse(word).expect("a mode")),
        placeholder: word("placeholder").map_or(standard.placeholder, str::to_owned),
        cleanup: word("cleanup").map(|word| Cleanup::parse(word).expect("a policy")),
        schemas: standard.schemas,
    }
}

/// A line as `kcat -J` prints it.
fn line(record: &Value) -> String {
    let text = |value: &Value| if value.is_null() { Value::Null } else { json!(value.to_string()) };
    let place = (&record["partition"], &record["offset"]);
    json!({"topic": "t", "partition": place.0, "offset": place.1, "tstype": "create", "ts": 1, "broker": 0,
        "key": text(&record["key"]), "payload": text(&record["value"])})
    .to_string()
        + "\n"
}

/// The case's records, and behind the last of each partition one that the extract does not show: the stream has come past it.
fn lines(case: &Value, columns: &[Column], payload: Payload) -> String {
    let records = case["records"].as_array().expect("records");
    let mut lines: String = records.iter().map(line).collect();
    if case["passed"] == json!(false) {
        return lines;
    }
    let row: BTreeMap<String, Value> = columns.iter().map(|column| (column.name.to_string(), Value::Null)).collect();
    let partitions: BTreeSet<u64> = records.iter().filter_map(|record| record["partition"].as_u64()).collect();
    for partition in partitions {
        let of = records.iter().filter(|record| record["partition"] == partition);
        let next = of.filter_map(|record| record["offset"].as_u64()).max().map_or(0, |last| last + 1);
        let value = match payload {
            Payload::DebeziumFlat => json!({"__op": "c", "__source_txId": LATER}),
            Payload::Dms => {
                json!({"data": row, "metadata": {"record-type": "data", "operation": "insert", "schema-name": "app", "table-name": "thing", "commit-timestamp": "2200-01-01T00:00:00Z"}})
            }
            Payload::Wal2json => json!({"action": "I", "xid": LATER, "schema": "app", "table": "thing", "columns": []}),
            _ => json!({"after": row, "op": "c", "source": {"txId": LATER}}),
        };
        lines += &line(&json!({"partition": partition, "offset": next, "key": null, "value": value}));
    }
    lines
}

/// What columns may differ by, as `--tolerate` has it.
fn tolerate(case: &Value) -> BTreeMap<Name, Tolerance> {
    let of = |(name, rules): (&String, &Value)| {
        let mut tolerance = Tolerance::default();
        for rule in rules.as_array().expect("rules") {
            tolerance.add(rule.as_str().expect("a rule")).expect("a rule");
        }
        (Name::new(name).expect("a name"), tolerance)
    };
    case["declared"]["tolerate"].as_object().into_iter().flatten().map(of).collect()
}

/// Whether the case's check holds over its rows; `null` without one.
fn checked(case: &Value, rows: &RecordBatch, aside: &Aside) -> Value {
    let Some(sql) = case["check"].as_str() else { return Value::Null };
    let mut kept = Spill::new(aside);
    kept.push(rows.clone()).expect("room");
    let tables = [CheckTable { name: "thing", schema: rows.schema(), rows: &kept }];
    json!(check(&tables, sql, 1 << 20).expect("made") == CheckOutcome::Holds)
}

/// Verdict and proof, what keys come to, and what the stream showed.
fn judged(case: &Value) -> Value {
    let (columns, reading) = (columns(case), reading(case));
    let key: Vec<Name> = case["key"]
        .as_array()
        .expect("a key")
        .iter()
        .map(|name| Name::new(name.as_str().expect("a name")).expect("a name"))
        .collect();
    let folder = tempfile::tempdir().expect("a folder");
    let aside =
        Aside::new(Arc::new(DiskScratch::open(folder.path(), &Allowance::unlimited()).expect("scratch")), 1 << 20);
    let mut comparison = Comparison::new(columns.clone(), &key, &tolerate(case), &Seal::new(&[1; 32]), &aside);
    let rows = case["rows"].as_array().expect("rows");
    let cells = columns.iter().map(|column| -> (&str, ArrayRef, bool) {
        let cells = rows.iter().map(|row| row[column.name.as_str()].as_str());
        (column.name.as_str(), Arc::new(cells.collect::<StringViewArray>()), true)
    });
    let raw = RecordBatch::try_from_iter_with_nullable(cells).expect("rows");
    let batch = conform(&raw, &columns.iter().collect::<Vec<_>>(), 0, Vec::new()).expect("text");
    assert!(batch.bad.is_empty(), "{case}");
    comparison.add_extract(&batch).expect("added");
    let snapshot = PgSnapshot::parse(case["snapshot"].as_str().expect("a snapshot"));
    let has_snapshot = snapshot.is_some();
    let extracted_at = chrono::DateTime::from_timestamp(1_767_225_700, 0).expect("a moment");
    let place = |lsn: u64| PgPosition {
        lsn: format!("{:X}/{:X}", lsn >> 32, lsn & 0xffff_ffff),
        timeline: None,
        system: None,
        standby: false,
    };
    let position = case["extract_lsn"].as_u64().map(place);
    let origin = Origin { extracted_at, snapshot, inputs: Vec::new(), server: None, position };
    let window = chrono::TimeDelta::seconds(case["declared"]["window_seconds"].as_i64().unwrap_or(0));
    let object = Object { partition: 0, first_offset: 0, path: "t/a.jsonl".into() };
    let places = comparison.key().to_vec();
    let block = Block::whole(&object, Layout::Kcat, lines(case, &columns, reading.payload).into());
    match decode(&block, &columns.iter().collect::<Vec<_>>(), &places, &AsOf::from(&origin).within(window), &reading) {
        Ok(changes) => comparison.add_changes(&changes).expect("added"),
        // A record whose key is NULL: the comparison is not made.
        Err(_) => return json!({"verdict": "ERROR", "missing": 0, "extra": 0, "changed": 0}),
    }
    let outcome = comparison.finish().expect("compared");
    let is_true = |key: &str| case[key] == json!(true);
    let stream =
        Stream { has_snapshot, allow_empty: is_true("allow_empty"), heartbeat: is_true("heartbeat"), dead_letters: 0 };
    let judged = judge(&outcome.counts, &outcome.facts, stream);
    let verdict = match judged.verdict {
        nightferry::reconcile::Verdict::Match => "MATCH",
        nightferry::reconcile::Verdict::Drift => "DRIFT",
        nightferry::reconcile::Verdict::Inconclusive(_) => "INCONCLUSIVE",
        nightferry::reconcile::Verdict::Error => "ERROR",
    };
    let proof = match judged.means {
        Means::Transaction => "txid",
        Means::Log => "commit_lsn",
        Means::Clock => "window",
    };
    let (counts, facts) = (&outcome.counts, &outcome.facts);
    let told = match verdict {
        "ERROR" => [0; 3],
        _ => [counts.missing, counts.extra, counts.changed],
    };
    json!({"verdict": verdict, "missing": told[0], "extra": told[1], "changed": told[2], "proof": proof,
        "tolerated": counts.tolerated_cells(), "undecided": counts.undecided(),
        "duplicates": counts.duplicates, "null_keys": counts.null_keys,
        "later": facts.later, "again": facts.again(), "replayed": counts.replayed, "stale": counts.stale,
        "holds": checked(case, &batch.rows, &aside)})
}

#[test]
fn every_case_of_a_topic_against_an_extract_comes_to_its_verdict() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/reconcile/cases.jsonl");
    let text = std::fs::read_to_string(path).expect("the cases");
    let cases: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("a case")).collect();
    assert!(cases.len() >= 84, "{} cases", cases.len());
    let is_as_expected = |case: &Value, judged: &Value| {
        case["expect"].as_object().expect("what is expected").iter().all(|(key, expected)| judged[key] == *expected)
    };
    let wrong: Vec<String> = cases
        .iter()
        .map(|case| (case, judged(case)))
        .filter(|(case, judged)| !is_as_expected(case, judged))
        .map(|(case, judged)| format!("{} {}: {judged}, not {}", case["case"], case["title"], case["expect"]))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
