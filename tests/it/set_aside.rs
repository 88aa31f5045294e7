//! What is set aside in the restricted store: bad rows and differing rows, treated as the schema says for `restricted`.

use crate::ferry::Ferry;
use arrow::util::display::array_value_to_string;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeMap;

const WREN: &str = "wren.alder@example.org";

/// The rows of every part below a folder: column -> cell as text, NULL empty.
fn rows(ferry: &Ferry, folder: &str) -> Vec<BTreeMap<String, String>> {
    listed(ferry, folder, "part")
}

/// The rows of the files of one list.
fn listed(ferry: &Ferry, folder: &str, list: &str) -> Vec<BTreeMap<String, String>> {
    let mut rows = Vec::new();
    let is_of_list = |file: &&String| file.rsplit('/').next().is_some_and(|name| name.starts_with(&format!("{list}-")));
    for file in ferry.files(folder).iter().filter(is_of_list) {
        let bytes = std::fs::read(ferry.path(&format!("{folder}/{file}"))).expect("a file");
        for batch in ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).unwrap().build().unwrap() {
            let batch = batch.expect("rows");
            for row in 0..batch.num_rows() {
                let schema = batch.schema();
                let names = schema.fields().iter().map(|field| field.name().clone());
                let cells = batch.columns().iter().map(|cells| array_value_to_string(cells, row).expect("a cell"));
                rows.push(names.zip(cells).collect());
            }
        }
    }
    rows
}

/// Two people, the second of whom the topic tells otherwise; `email` is treated for `restricted` by `treatment`.
fn people(treatment: &str, csv: &str) -> Ferry {
    let columns = format!(
        "email = {{ type = \"text\", class = \"personal\", treat = {{ restricted = {treatment} }} }}\namount = {{ type = \"integer\", class = \"open\" }}"
    );
    let reconcile = "\n[dataset.thing.reconcile]\nagainst = \"topics\"\ntopic = \"app.app.thing\"\n";
    let ferry = Ferry::of_one_file("app.thing.csv", csv.as_bytes(), &columns, reconcile);
    let topics = "[source.topics]\ndump = { url = \"in/topics\", layout = \"confluent\" }\n\n[store.warehouse]";
    ferry.edit("jobs/environments/dev.toml", "[store.warehouse]", topics);
    ferry.write("in/extract.json", br#"{"extracted_at":"2026-11-23T01:00:00Z","snapshot":"5000:5010:"}"#);
    let event = |transaction: u32, id: u32, amount: u32| {
        format!(
            "{{\"before\":null,\"after\":{{\"id\":{id},\"email\":\"{WREN}\",\"amount\":{amount}}},\"source\":{{\"txId\":{transaction}}},\"op\":\"c\"}}\n"
        )
    };
    let told: String = [event(4001, 1, 10), event(4002, 2, 21), event(6001, 1, 10)].concat();
    ferry.write("in/topics/app.app.thing/partition=0/app.app.thing+0+0000000000.json", told.as_bytes());
    // Compared columns are those that some store gets.
    ferry.edit("schemas/thing.toml", "treat = { ", "treat = { analytics = \"label\", ");
    ferry
}

fn differing(treatment: &str) -> Vec<BTreeMap<String, String>> {
    let ferry = people(treatment, &format!("id,email,amount\n1,{WREN},10\n2,{WREN},20\n"));
    let came = ferry.run(&["run", "jobs/things.toml"]);
    assert_eq!(came.code, 21, "{}", came.err);
    rows(&ferry, "out/restricted/differences")
}

#[test]
fn differing_rows_are_treated_as_the_schema_says_for_restricted() {
    let kept = differing("\"keep\"");
    assert_eq!(kept.len(), 2, "{kept:?}");
    assert!(kept.iter().all(|row| row["email"] == WREN && row["differs"] == "amount"), "{kept:?}");
    let tokens = differing("{ hmac = \"people\" }");
    assert_eq!(tokens.len(), 2, "{tokens:?}");
    for row in &tokens {
        assert!(row["email"].len() == 32 && row["email"].bytes().all(|byte| byte.is_ascii_hexdigit()), "{tokens:?}");
    }
    let dropped = differing("\"drop\"");
    assert!(dropped.iter().all(|row| !row.contains_key("email") && row["amount"].starts_with('2')), "{dropped:?}");
}

#[test]
fn the_key_of_a_differing_row_is_treated_like_any_other_column() {
    let ferry = people("\"drop\"", &format!("id,email,amount\n1,{WREN},10\n2,{WREN},20\n"));
    let id = "id = { type = \"bigint\", class = \"internal\"";
    ferry.edit("schemas/thing.toml", id, &format!("{id}, treat = {{ restricted = {{ hmac = \"things\" }} }}"));
    assert_eq!(ferry.run(&["run", "jobs/things.toml"]).code, 21);
    let rows = rows(&ferry, "out/restricted/differences");
    assert!(rows.len() == 2 && rows.iter().all(|row| row["id"].len() == 32), "{rows:?}");
}

#[test]
fn a_bad_row_is_quarantined_without_the_columns_that_restricted_does_not_keep() {
    for (treatment, is_kept) in [("\"keep\"", true), ("\"drop\"", false), ("{ hmac = \"people\" }", false)] {
        let ferry = people(treatment, &format!("id,email,amount\n1,{WREN},10\n2,{WREN},many\n"));
        ferry.edit("jobs/things.toml", "write = \"replace\"", "write = \"replace\"\nbad_rows_max = 1");
        let came = ferry.run(&["run", "jobs/things.toml"]);
        assert_eq!(came.code, 0, "{}", came.err);
        let rows = rows(&ferry, "out/restricted/quarantine");
        assert_eq!(rows.len(), 1, "{rows:?}");
        assert_eq!((rows[0]["bad_row"].as_str(), rows[0]["bad_column"].as_str()), ("1", "amount"));
        assert_eq!(rows[0]["amount"], "many");
        assert_eq!(rows[0].get("email").map(String::as_str), is_kept.then_some(WREN), "{treatment}");
    }
}

#[test]
fn a_treatment_for_restricted_needs_the_environments_key_too() {
    let ferry = people("{ hmac = \"people\" }", "id,email,amount\n");
    ferry.edit("jobs/environments/dev.toml", "[secrets]\ntokens = { test_key = true }\n", "");
    let came = ferry.run(&["validate", "jobs/things.toml"]);
    assert!(came.code != 0 && came.err.contains("[E-ENV-TOKENS]"), "{}", came.err);
}

#[test]
fn every_bad_row_is_quarantined_however_many_and_the_report_says_where() {
    let csv: String = (0..3_000).map(|id| format!("{id},{WREN},many\n")).collect();
    let ferry = people("\"keep\"", &format!("id,email,amount\n3001,{WREN},1\n{csv}"));
    let limits =
        "\n[limits]\nmemory_max = \"1MiB\"\nbatch_rows_max = 500\nrow_group_rows_max = 500\npart_rows_max = 1000\n";
    let environment = ferry.read("jobs/environments/dev.toml");
    ferry.write("jobs/environments/dev.toml", format!("{environment}{limits}").as_bytes());
    ferry.edit("jobs/things.toml", "write = \"replace\"", "write = \"replace\"\nbad_rows_max = 2999");
    let (came, report) = ferry.report(&["jobs/things.toml"]);
    assert_eq!(came.code, 22, "{}", came.err);
    let thing = &report["datasets"][0];
    let place = thing["quarantine_at"].as_str().expect("a place").to_owned();
    let rows = rows(&ferry, &format!("out/{place}"));
    let places: std::collections::BTreeSet<u64> =
        rows.iter().map(|row| row["bad_row"].parse().expect("a place")).collect();
    assert_eq!((places.len(), thing["rows_bad"].as_u64()), (3_000, Some(3_000)), "{thing}");
    assert!(rows.iter().all(|row| row["email"] == WREN && row["amount"] == "many"));
    assert!(ferry.files(&format!("out/{place}")).len() > 1, "parts have a bound too");
    let came = ferry.run(&["run", "jobs/things.toml"]);
    let look = "look       thing: the bad rows are in out/restricted/quarantine/thing/run=";
    assert!(came.out.contains(look), "{}", came.out);
}
