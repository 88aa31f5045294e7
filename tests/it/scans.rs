//! `nightferry scan` as people and CI meet it, over texts whose personal data is known: a set written by hand, a generated one whose values
//! come from generators of other people, and columns of many kinds. What is right is written down there; nothing is tuned to it here.

use crate::ferry::Ferry;
use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Decimal128Array, Float64Array, Int64Array, LargeListArray, LargeStringArray,
    ListArray, RecordBatch, StringArray, StructArray, TimestampMicrosecondArray,
};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field, Int64Type};
use parquet::arrow::ArrowWriter;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// A text and the spans in it: first character, the one after the last, kind.
struct Labelled {
    text: String,
    spans: Vec<(usize, usize, String)>,
}

/// Hits, false findings and misses.
#[derive(Default)]
struct Score {
    hits: usize,
    false_findings: usize,
    misses: usize,
    /// A line for each kind.
    told: Vec<String>,
}

impl Score {
    fn f1(&self) -> f64 {
        2.0 * self.hits as f64 / (2 * self.hits + self.false_findings + self.misses).max(1) as f64
    }
}

/// Scans the texts as JSON lines and scores each span: the same kind, and half of both in common.
fn score(texts: &[Labelled], name: &str) -> Score {
    let ferry = Ferry::empty();
    let lines: String = texts.iter().map(|labelled| format!("{}\n", json!({ "text": labelled.text }))).collect();
    ferry.write("texts.jsonl", lines.as_bytes());
    let came = ferry.run(&["scan", "texts.jsonl", "--spans", "--json"]);
    assert_eq!((came.code, came.err.as_str()), (0, ""));
    let mut found: BTreeMap<u64, Vec<(usize, usize, String)>> = BTreeMap::new();
    let mut last = 0;
    for line in came.out.lines() {
        let told: Value = serde_json::from_str(line).expect("JSON");
        let number = |field: &str| told[field].as_u64().expect("a number");
        assert!(number("row") >= last && told["column"] == "text", "{line}");
        last = number("row");
        let span =
            (number("start") as usize, number("end") as usize, told["kind"].as_str().expect("a kind").to_owned());
        found.entry(last).or_default().push(span);
    }
    let mut kinds: BTreeMap<String, Score> = BTreeMap::new();
    for (row, labelled) in texts.iter().enumerate() {
        let mut left = found.remove(&(row as u64)).unwrap_or_default();
        for (start, end, kind) in &labelled.spans {
            let is_it = |span: &(usize, usize, String)| {
                let shared = span.1.min(*end).saturating_sub(span.0.max(*start));
                span.2 == *kind && shared * 2 >= span.1.max(*end) - span.0.min(*start)
            };
            let score = kinds.entry(kind.clone()).or_default();
            match left.iter().position(is_it) {
                Some(place) => {
                    left.swap_remove(place);
                    score.hits += 1;
                }
                None => score.misses += 1,
            }
        }
        for (_, _, kind) in left {
            kinds.entry(kind).or_default().false_findings += 1;
        }
    }
    let mut all = Score::default();
    for (kind, score) in &kinds {
        let counts = format!("{} hits, {} false, {} missed", score.hits, score.false_findings, score.misses);
        all.told.push(format!("{name}: {kind:<22} F1 {:.3} ({counts})", score.f1()));
        all.hits += score.hits;
        all.false_findings += score.false_findings;
        all.misses += score.misses;
    }
    all.told.push(format!("{name}: {} texts, micro-F1 {:.4}", texts.len(), all.f1()));
    all
}

/// `[[kind|value]]` and the text around it.
fn written(line: &str) -> Labelled {
    let line = line.replace("\\n", "\n");
    let (mut text, mut spans, mut rest) = (String::new(), Vec::new(), line.as_str());
    while let Some((before, from)) = rest.split_once("[[") {
        let (marked, behind) = from.split_once("]]").expect("an end");
        let (kind, value) = marked.split_once('|').expect("a kind");
        text.push_str(before);
        let start = text.chars().count();
        text.push_str(value);
        spans.push((start, text.chars().count(), kind.to_owned()));
        rest = behind;
    }
    text.push_str(rest);
    Labelled { text, spans }
}

fn by_hand(file: &str) -> Vec<Labelled> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/privacy").join(file);
    let text = std::fs::read_to_string(path).expect("texts");
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(written).collect()
}

fn python(script: &str, arguments: &[&str]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/privacy").join(script);
    crate::readers::python(&[&[&*path.to_string_lossy()], arguments].concat())
}

#[test]
fn finds_what_a_person_marked_in_texts_of_many_styles() {
    // All but the first were written before anybody knew what is made of them.
    let files = [("written.txt", 120, 0.97), ("staff.txt", 100, 0.93), ("late.txt", 40, 0.93), ("pens.txt", 300, 0.93)];
    for (file, hits, f1) in files {
        let score = score(&by_hand(file), file);
        println!("{}", score.told.join("\n"));
        assert!(score.hits > hits && score.f1() >= f1, "{file}: {}", score.f1());
    }
}

/// Texts that a script makes, a JSON object a line.
fn made(script: &str, arguments: &[&str]) -> Vec<Labelled> {
    let labelled = |line: &str| {
        let made: Value = serde_json::from_str(line).expect("JSON");
        let spans = made["spans"].as_array().expect("spans").iter().map(|span| {
            let place = |at: usize| span[at].as_u64().expect("a place") as usize;
            (place(0), place(1), span[2].as_str().expect("a kind").to_owned())
        });
        Labelled { text: made["text"].as_str().expect("a text").to_owned(), spans: spans.collect() }
    };
    python(script, arguments).lines().map(labelled).collect()
}

#[test]
fn finds_values_in_styles_that_it_was_not_made_with() {
    let texts = made("unseen.py", &["800", "77"]);
    let score = score(&texts, "unseen");
    println!("{}", score.told.join("\n"));
    assert!(texts.len() >= 400 && score.hits > 800 && score.f1() >= 0.93, "{}", score.f1());
}

#[test]
fn finds_generated_values_and_passes_as_many_lookalikes() {
    let texts = made("corpus.py", &["6000", "20261125"]);
    let score = score(&texts, "generated");
    println!("{}", score.told.join("\n"));
    assert!(texts.len() >= 5000 && score.hits > 5000 && score.f1() >= 0.97, "{}", score.f1());
}

#[test]
fn knows_what_columns_are_of_and_takes_none_for_personal_that_is_not() {
    let ferry = Ferry::empty();
    let out = ferry.path("columns.csv").to_string_lossy().into_owned();
    let truth: BTreeMap<String, Option<String>> =
        serde_json::from_str(&python("columns.py", &["300", "11", &out])).expect("JSON");
    let came = ferry.run(&["scan", "columns.csv", "--json"]);
    let told: BTreeMap<String, Option<String>> = came
        .out
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .map(|told: Value| (told["column"].as_str().expect("a name").into(), told["kind"].as_str().map(str::to_owned)))
        .collect();
    let personal = truth.values().flatten().count();
    let right = truth.iter().filter(|(name, kind)| kind.is_some() && told[*name] == **kind).count();
    let wrong: Vec<_> = truth.iter().filter(|(name, kind)| kind.is_none() && told[*name].is_some()).collect();
    let missed: Vec<_> = truth.iter().filter(|(name, kind)| kind.is_some() && told[*name] != **kind).collect();
    println!(
        "columns: {} of {} personal ones right, {} of {} others taken for personal",
        right,
        personal,
        wrong.len(),
        truth.len() - personal
    );
    assert!(truth.len() >= 120 && personal >= 30);
    assert!(right as f64 >= 0.96 * personal as f64, "{missed:?}");
    assert!(wrong.len() as f64 <= 0.01 * (truth.len() - personal) as f64, "{wrong:?}");
}

/// The rows as a file, with the schema of Arrow that its writer has.
fn parquet(rows: &RecordBatch) -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, rows.schema(), None).expect("a writer");
    writer.write(rows).expect("written");
    writer.close().expect("closed");
    file
}

#[test]
fn columns_of_every_type_are_looked_at_and_what_is_not_is_told_by_name() {
    let ferry = Ferry::empty();
    let mails: ArrayRef = Arc::new(LargeStringArray::from(vec!["wren@example.org", "rook@example.org"]));
    let offsets = OffsetBuffer::new(ScalarBuffer::from(vec![0i64, 1, 2]));
    let lists = LargeListArray::new(Arc::new(Field::new("item", DataType::LargeUtf8, true)), offsets, mails, None);
    let rows = RecordBatch::try_from_iter([
        ("emails", Arc::new(lists) as ArrayRef),
        ("email", Arc::new(BinaryArray::from(vec![&b"wren@example.org"[..], &b"rook@example.org"[..]])) as ArrayRef),
        ("photo", Arc::new(BinaryArray::from(vec![&b"\xff\xd8"[..], &b"\xff\xd8"[..]])) as ArrayRef),
        ("mobile", Arc::new(Float64Array::from(vec![Some(7_700_900_123.0), None])) as ArrayRef),
        ("date_of_birth", Arc::new(TimestampMicrosecondArray::from(vec![0, 1])) as ArrayRef),
        ("is_live", Arc::new(BooleanArray::from(vec![true, false])) as ArrayRef),
    ]);
    ferry.write("t.parquet", &parquet(&rows.expect("rows")));
    let came = ferry.run(&["scan", "t.parquet", "--json"]);
    let told: Vec<Value> = came.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let kinds: Vec<_> = told.iter().map(|told| (told["column"].as_str(), told["kind"].as_str())).collect();
    let expected = [
        ("emails[]", Some("email")),
        ("email", Some("email")),
        ("photo", None),
        ("mobile", Some("phone")),
        ("date_of_birth", Some("date_of_birth")),
        ("is_live", None),
    ];
    assert_eq!(kinds, expected.map(|(column, kind)| (Some(column), kind)));
    assert_eq!(came.err.trim_end(), "column `photo` was not scanned: 2 of its 2 cells hold bytes that are no text");
}

#[test]
fn the_answer_does_not_hang_on_which_file_comes_first() {
    let lines = |cell: &str| format!("{{\"reference\":{cell}}}\n").repeat(30);
    let mails: String = (0..30).map(|n| format!("{{\"reference\":\"wren{n}@example.org\"}}\n")).collect();
    for [first, second] in [["a", "b"], ["b", "a"]] {
        let ferry = Ferry::empty();
        ferry.write(&format!("all/{first}.jsonl"), lines("null").as_bytes());
        ferry.write(&format!("all/{second}.jsonl"), mails.as_bytes());
        let came = ferry.run(&["scan", "all", "--json"]);
        let told: Value = serde_json::from_str(&came.out).expect("JSON");
        assert_eq!((&told["kind"], &told["nulls"]), (&json!("email"), &json!(30)), "{first}");
    }
}

#[test]
fn a_proposed_schema_has_each_name_once_and_leaves_open_what_somebody_has_to_decide() {
    let ferry = Ferry::empty();
    let remark = |n: usize| if n == 7 { "wren@example.org" } else { "-" };
    let rows: String = (0..60).map(|n| format!("{n},x,y,{}\n", remark(n))).collect();
    ferry.write("t.csv", format!("Tel. no,E-Mail,E mail,remark\n{rows}").as_bytes());
    let toml = ferry.run(&["scan", "t.csv", "--toml"]).out;
    for line in ["tel_no = ", "e_mail = ", "e_mail_2 = "] {
        assert!(toml.lines().any(|told| told.starts_with(line)), "{toml}");
    }
    let remark = "remark = { type = \"text\", class = \"personal\", kind = \"email\", confirmed = false }";
    assert!(toml.lines().any(|line| line == remark), "{toml}");
    let amounts = Decimal128Array::from(vec![150, 250]).with_precision_and_scale(12, 2).expect("a scale");
    let rows = RecordBatch::try_from_iter([
        ("seen_at", Arc::new(TimestampMicrosecondArray::from(vec![0, 1]).with_timezone("UTC")) as ArrayRef),
        ("share", Arc::new(Float64Array::from(vec![0.5, 1.0])) as ArrayRef),
        ("is_live", Arc::new(BooleanArray::from(vec![true, false])) as ArrayRef),
        ("amount", Arc::new(amounts) as ArrayRef),
    ]);
    ferry.write("t.parquet", &parquet(&rows.expect("rows")));
    let toml = ferry.run(&["scan", "t.parquet", "--toml"]).out;
    for (name, word) in
        [("seen_at", "timestamptz"), ("share", "double precision"), ("is_live", "boolean"), ("amount", "numeric(12,2)")]
    {
        assert!(toml.contains(&format!("{name} = {{ type = \"{word}\", class = \"internal\"")), "{toml}");
    }
}

#[test]
fn a_key_of_an_object_is_looked_at_and_never_told() {
    let ferry = Ferry::empty();
    ferry.write("k.jsonl", b"{\"by_user\":{\"wren@example.org\":1},\"note\":\"07700 900123\",\"note\":\"-\"}\n");
    let came = ferry.run(&["scan", "k.jsonl", "--json"]);
    assert!(!came.out.contains("wren") && came.err.is_empty(), "{}{}", came.out, came.err);
    let told: Vec<Value> = came.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let found: Vec<_> = told.iter().map(|told| (told["column"].as_str(), &told["found"])).collect();
    let (mail, phone, nothing) = (json!({"email": 1}), json!({"phone": 1}), json!({}));
    // The first of two values of one key counts as the second does.
    assert_eq!(found, [(Some("by_user.key"), &mail), (Some("by_user.value"), &nothing), (Some("note"), &phone)]);
    assert_eq!(ferry.run(&["scan", "k.jsonl", "--fail-on", "email"]).code, 1);
    let keys: Vec<String> = (0..3_000).map(|n| format!("\"k{n}\":\"rook{n}@example.org\"")).collect();
    ferry.write("many.jsonl", format!("{{\"by_id\":{{{}}}}}\n", keys.join(",")).as_bytes());
    let came = ferry.run(&["scan", "many.jsonl", "--json"]);
    assert!(came.out.lines().count() <= 2_001 && came.err.contains("more than 2,000 columns"), "{}", came.err);
    let told = came.out.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    assert_eq!(told.filter_map(|told| told["found"]["email"].as_u64()).sum::<u64>(), 3_000);
}

#[test]
fn counts_in_characters_in_every_format_and_in_nested_columns() {
    let ferry = Ferry::empty();
    let (one, two) = ("caf\u{e9} \u{1f600}: write to wren.alder@example.org", "nothing here");
    ferry.write("t.csv", format!("id,text\n1,{one}\n2,{two}\n").as_bytes());
    ferry
        .write("t.jsonl", format!("{}\n{}\n", json!({"id": 1, "text": one}), json!({"id": 2, "text": two})).as_bytes());
    let texts: ArrayRef = Arc::new(StringArray::from(vec![one, two]));
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    let inner = StructArray::from(vec![(Arc::new(Field::new("text", DataType::Utf8, true)), Arc::clone(&texts))]);
    let lists = ListArray::from_iter_primitive::<Int64Type, _, _>([Some(vec![Some(1)]), None]);
    let rows =
        RecordBatch::try_from_iter([("id", ids), ("text", texts), ("who", Arc::new(inner)), ("list", Arc::new(lists))]);
    ferry.write("t.parquet", &parquet(&rows.expect("rows")));
    for name in ["t.csv", "t.jsonl", "t.parquet"] {
        let came = ferry.run(&["scan", name, "--spans", "--json"]);
        let told: Vec<Value> = came.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let expected = json!({"row": 0, "column": "text", "start": 17, "end": 39, "kind": "email", "score": 0.95});
        assert_eq!(told[0], expected, "{name}");
        let columns: Vec<_> = told.iter().map(|told| told["column"].as_str().unwrap_or_default()).collect();
        assert_eq!(columns, if name == "t.parquet" { vec!["text", "who.text"] } else { vec!["text"] }, "{name}");
    }
    ferry.write("n.jsonl", b"{\"a\":{\"contacts\":[{\"mail\":\"x\"},{\"mail\":\"wren@example.org\"}]}}\n");
    let came = ferry.run(&["scan", "n.jsonl", "--spans", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&came.out).expect("JSON")["column"], "a.contacts[].mail");
}

#[test]
fn tells_places_and_kinds_and_never_a_value() {
    let ferry = Ferry::empty();
    let texts = by_hand("written.txt");
    let lines: String = texts.iter().map(|labelled| format!("{}\n", json!({ "text": labelled.text }))).collect();
    ferry.write("texts.jsonl", lines.as_bytes());
    let values: BTreeSet<String> = texts
        .iter()
        .flat_map(|labelled| {
            labelled
                .spans
                .iter()
                .map(|(start, end, _)| labelled.text.chars().skip(*start).take(end - start).collect::<String>())
        })
        .filter(|value| value.len() > 4)
        .collect();
    assert!(values.len() > 100);
    for flags in [&["--json"][..], &[], &["--spans"], &["--spans", "--json"], &["--toml"], &["--fail-on", "any"]] {
        let arguments: Vec<&str> = ["scan", "texts.jsonl"].iter().chain(flags).copied().collect();
        let came = ferry.run(&arguments);
        for value in &values {
            assert!(!came.out.contains(value) && !came.err.contains(value), "{flags:?} tells a value");
        }
    }
}

#[test]
fn ends_with_1_where_it_finds_what_it_was_told_to_fail_on() {
    let ferry = Ferry::empty();
    ferry.write("t.csv", b"note\n\"call 07700 900123, please\"\n");
    for (kinds, code) in [("phone", 1), ("any", 1), ("nino,phone", 1), ("nino", 0)] {
        assert_eq!(ferry.run(&["scan", "t.csv", "--fail-on", kinds]).code, code, "{kinds}");
    }
    let kinds = ferry.run(&["scan", "--kinds", "--json"]);
    let listed: Vec<Value> = kinds.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(listed.iter().any(|kind| kind["kind"] == "nino" && kind["presidio"] == "UK_NINO"));
    for kind in &listed {
        let by = kind["recognised_by"].as_array().expect("recognisers");
        assert!(!by.is_empty() && by.len() == kind["recognisers"].as_array().expect("ids").len(), "{kind}");
    }
}

#[test]
fn usage_that_makes_no_sense_ends_with_2() {
    let ferry = Ferry::empty();
    ferry.write("t.csv", b"note\nx\n");
    ferry.write("t.txt", b"x");
    for arguments in [["scan", "t.csv", "--fail-on", "shoe_size"], ["scan", "t.txt", "--fail-on", "any"]] {
        let came = ferry.run(&arguments);
        assert!(came.code == 2 && came.endings()[0].starts_with("E-SCAN-2 "), "{arguments:?}: {}", came.err);
    }
}

#[test]
fn a_torn_file_ends_with_22() {
    let ferry = Ferry::empty();
    ferry.write("t.jsonl", b"{\"note\":\"x\"}\n[1]\n");
    ferry.write("t.csv", b"note\n\"never closed");
    ferry.write("t.parquet", b"PAR1");
    for name in ["t.jsonl", "t.csv", "t.parquet"] {
        let came = ferry.run(&["scan", name]);
        assert!(came.code == 22 && came.endings()[0].starts_with("E-SCAN-22 "), "{name}: {}", came.err);
    }
}

#[test]
fn a_text_that_is_not_utf_8_is_no_text_without_people() {
    let ferry = Ferry::empty();
    let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let marked = |text: &str| [b"\xff\xfe".to_vec(), utf_16(text)].concat();
    let text = "name,email\nx,wren@example.org\n";
    for (name, bytes) in [
        ("marked.csv", marked(text)),
        ("unmarked.csv", utf_16(text)),
        ("latin.csv", b"r\xe9f,email\n1,wren@example.org\n".to_vec()),
    ] {
        ferry.write(name, &bytes);
        let came = ferry.run(&["scan", name, "--fail-on", "any"]);
        assert!(came.code == 22 && came.endings()[0].starts_with("E-SCAN-22 "), "{name}: {}{}", came.out, came.err);
    }
}

#[test]
fn a_first_row_of_values_is_no_header_that_is_told() {
    let ferry = Ferry::empty();
    ferry.write("bare.csv", b"wren.alder@example.org,AB123456C,3\nrook@example.org,AB123457C,4\n");
    for flags in [&["--json"][..], &[], &["--toml"], &["--spans"]] {
        let came = ferry.run(&[&["scan", "bare.csv"], flags].concat());
        assert!(!came.out.contains("wren") && !came.out.contains("AB123456C"), "{flags:?} tells a value: {}", came.out);
        assert!(came.out.contains("column 1 (its name is not repeated)"), "{flags:?}: {}", came.out);
    }
}

#[test]
fn what_is_nested_too_deep_is_looked_at_as_text() {
    let ferry = Ferry::empty();
    let deep = format!("{}\"wren@example.org\"{}", "{\"a\":".repeat(40), "}".repeat(40));
    ferry.write("deep.jsonl", format!("{deep}\n").as_bytes());
    assert_eq!(ferry.run(&["scan", "deep.jsonl", "--fail-on", "email"]).code, 1);
}

#[test]
fn scrubbed_text_is_published_without_what_was_in_it() {
    let notes = "id,notes\n1,\"Spoke to Sarah Whitcombe on 07700 900461, NI QQ 12 34 56 C\"\n2,The unit was out from 3 May to 9 May.\n3,\n";
    let column = "notes = { type = \"text\", class = \"personal\", kind = \"free_text\", nullable = true, treat = { analytics = \"scrub\" } }";
    let ferry = Ferry::of_one_file("app.thing.csv", notes.as_bytes(), column, "");
    let came = ferry.run(&["run", "jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}{}", came.out, came.err);
    assert!(came.out.contains("notes scrub"), "{}", came.out);
    let scanned = ferry.run(&["scan", "out/warehouse/thing", "--spans", "--json"]);
    assert_eq!((scanned.code, scanned.out.as_str()), (0, ""));
    let kept = ferry.run(&["scan", "out/warehouse/thing", "--json"]);
    assert!(kept.out.contains("\"cells\":2"), "{}", kept.out);
}

#[test]
fn stands_beside_what_macie_found_column_by_column() {
    let ferry = Ferry::empty();
    let rows: String =
        (0..40).map(|row| format!("{row},gwen.mercer{row}@example.org,QQ 12 34 56 C,note {row},x\n")).collect();
    ferry.write("extract/people.csv", format!("id,email,ni_number,remark,code\n{rows}").as_bytes());
    let found = |word: &str, occurrences: Value| json!({ "type": word, "count": 40, "occurrences": occurrences });
    let finding = json!({
        "findings": [{
            "classificationDetails": { "result": {
                "sensitiveData": [{ "category": "PERSONAL_INFORMATION", "detections": [
                    found("UK_NATIONAL_INSURANCE_NUMBER", json!({ "cells": [{ "column": 3, "columnName": "ni_number", "row": 2 }] })),
                    found("UK_NHS_NUMBER", json!({ "cells": [{ "column": 5, "columnName": null, "row": 2 }] })),
                    found("ADDRESS", json!({ "lineRanges": [{ "start": 1, "end": 2 }] })),
                ]}],
                "customDataIdentifiers": { "detections": [{ "name": "nightferry_utr", "count": 1, "occurrences": { "records": [{ "jsonPath": "$.remark" }] } }] },
            }},
            "resourcesAffected": { "s3Object": { "key": "landing/2026/people.csv" } },
        }],
    });
    ferry.write("macie.json", finding.to_string().as_bytes());
    let came = ferry.run(&["scan", "extract/people.csv", "--macie", "macie.json", "--json"]);
    assert_eq!(came.code, 0, "{}", came.err);
    let told: Vec<Value> = came.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let verdicts: BTreeMap<&str, &str> =
        told.iter().filter_map(|told| Some((told["column"].as_str()?, told["verdict"].as_str()?))).collect();
    let expected = [
        ("code", "only macie"),
        ("email", "only nightferry"),
        ("id", "neither"),
        ("ni_number", "agree"),
        ("remark", "only macie"),
    ];
    assert_eq!(verdicts, expected.into_iter().collect());
    assert_eq!(told.last().expect("a line"), &json!({ "elsewhere": "landing/2026/people.csv", "macie": ["ADDRESS"] }));
    let people = ferry.run(&["scan", "extract/people.csv", "--macie", "macie.json"]);
    assert!(
        people.out.contains("only macie") && people.out.contains("macie found ADDRESS elsewhere"),
        "{}",
        people.out
    );
    ferry.write("none.json", b"{}");
    for file in ["none.json", "nowhere.json"] {
        assert_eq!(ferry.run(&["scan", "extract/people.csv", "--macie", file]).code, 14, "{file}");
    }
}

#[test]
fn exports_its_recognisers_as_the_api_of_macie_takes_them() {
    let ferry = Ferry::empty();
    let came = ferry.run(&["scan", "--macie-identifiers"]);
    assert_eq!(came.code, 0, "{}", came.err);
    ferry.write("identifiers.jsonl", came.out.as_bytes());
    let path = ferry.path("identifiers.jsonl").to_string_lossy().into_owned();
    let told = python("macie.py", &[&path]);
    println!("{told}");
    assert!(told.starts_with("identifiers that botocore takes: ") && came.out.contains("nightferry_mpan"), "{told}");
}
