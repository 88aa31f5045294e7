//! Files of AWS DMS on S3, written by Python as its user guide says: first load and changes, in Parquet and in CSV, by the real binary.

use crate::ferry::{Came, Ferry};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

/// Two rows were loaded, one was inserted, changed, deleted; and one changed long after the extract.
fn files() -> Value {
    let (load, change, later) =
        ("2026-11-22 22:00:00.000000", "2026-11-22 23:00:00.250000", "2026-11-23 02:00:00.000000");
    json!([
        {"file": "LOAD00000001", "op": false, "rows": [["I", load, 1, "1.50", "one"], ["I", load, 2, "2.00", null]]},
        {"file": "LOAD0000000A", "op": false, "rows": [["I", load, 3, "3.00", "three"]]},
        {"file": "20261122-230000250", "op": true, "rows": [
            ["U", change, 1, "2.50", "one, \"quoted\""],
            ["I", change, 4, "4.00", "four"],
            ["D", change, 3, "3.00", "three"]]},
        {"file": "20261123-020000000", "op": true, "rows": [["U", later, 4, "9.00", "later"]]},
    ])
}

fn write(ferry: &Ferry, form: &str, files: &Value) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readers/write_dms.py");
    let mut python = crate::readers::interpreter()
        .arg(script)
        .arg(ferry.path("in/dms/app/thing"))
        .arg(form)
        .stdin(Stdio::piped())
        .spawn()
        .expect("started");
    python.stdin.take().expect("a pipe").write_all(files.to_string().as_bytes()).expect("written");
    assert!(python.wait().expect("ended").success());
}

fn ferry() -> Ferry {
    let reconcile = "\n[dataset.thing.reconcile]\nagainst = \"topics\"\ntopic = \"app.thing\"\nwindow = \"10m\"\n";
    let columns = "amount = { type = \"numeric(10,2)\", class = \"open\", nullable = true }\n\
        note = { type = \"text\", class = \"open\", nullable = true }\n\
        noted_at = { type = \"timestamp\", class = \"open\", nullable = true }";
    let rows: String = [
        (1, json!("2.50"), json!("one, \"quoted\"")),
        (2, json!("2.00"), Value::Null),
        (4, json!("4.00"), json!("four")),
    ]
    .iter()
    .map(|(id, amount, note)| {
        json!({"id": id, "amount": amount, "note": note, "noted_at": "2026-11-20T10:00:00.5"}).to_string() + "\n"
    })
    .collect();
    let ferry = Ferry::of_one_file("app.thing.jsonl", rows.as_bytes(), columns, reconcile);
    let topics = "[source.topics]\ndump = { url = \"in/dms\", layout = \"dms\" }\n\n[store.warehouse]";
    ferry.edit("jobs/environments/dev.toml", "[store.warehouse]", topics);
    ferry
}

fn compared(ferry: &Ferry) -> (Came, Value) {
    let (came, report) = ferry.report(&["jobs/things.toml", "--again", "to look at it"]);
    (came, report["datasets"][0]["reconciliation"].clone())
}

#[test]
fn loads_and_changes_agree_with_the_extract_by_a_window_of_time_in_parquet_and_in_csv() {
    for form in ["parquet", "csv"] {
        let ferry = ferry();
        write(&ferry, form, &files());
        let (came, told) = compared(&ferry);
        assert_eq!(
            (came.code, &told["verdict"], &told["proof"]),
            (0, &json!("MATCH"), &json!("window")),
            "{told} {}",
            came.err
        );
        assert_eq!((&told["compared"], &told["stream"]["later"]), (&json!(3), &json!(1)), "{told}");
    }
}

#[test]
fn a_difference_a_row_that_is_lacking_and_one_too_many_are_found() {
    for form in ["parquet", "csv"] {
        let ferry = ferry();
        let mut files = files();
        files[2]["rows"][0][3] = json!("2.51");
        files[2]["rows"][2] = json!(["D", "2026-11-22 23:00:00.250000", 2, "2.00", null]);
        write(&ferry, form, &files);
        let (came, told) = compared(&ferry);
        assert_eq!(came.code, 21, "{told} {}", came.err);
        assert_eq!((&told["changed"], &told["extra"], &told["missing"]), (&json!(1), &json!(1), &json!(1)), "{told}");
        assert_eq!(told["changed_columns"], json!({"amount": 1}));
    }
}

#[test]
fn an_empty_cell_of_csv_is_not_told() {
    let ferry = ferry();
    let mut files = files();
    files[0]["rows"][1][4] = json!("");
    write(&ferry, "csv", &files);
    let (came, told) = compared(&ferry);
    assert_eq!(
        (came.code, &told["verdict"], &told["unknown_cells"]),
        (24, &json!("INCONCLUSIVE"), &json!(1)),
        "{told} {}",
        came.err
    );
}

#[test]
fn files_without_names_of_columns_or_called_otherwise_are_refused() {
    let ferry = ferry();
    ferry.write("in/dms/app/thing/LOAD00000001.csv", b"1,1.50,one\n2,2.00,two\n");
    let (came, _) = compared(&ferry);
    assert_eq!(came.code, 22, "{}", came.err);
    ferry.write("in/dms/app/thing/part-0.csv", b"id\n1\n");
    let (came, _) = compared(&ferry);
    assert!(came.code == 22 && came.err.contains("is named otherwise than the layout says"), "{}", came.err);
}
