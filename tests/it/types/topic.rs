//! The same types against a topic: what it tells as PostgreSQL prints it is compared, what is beyond a type is one NULL on both
//! sides, and what it does not tell is said not to be compared.

use super::database::Database;
use crate::ferry::Ferry;
use serde_json::{Value, json};

const TABLE: &str = "
CREATE TABLE told (
    id int PRIMARY KEY, valid_to date, seen timestamp, amount numeric, free numeric, feeling mood, host inet, span int4range,
    paid money, lasted interval, tags text[], until date);
INSERT INTO told VALUES
    (1, 'infinity', '-infinity', 'NaN', 1.50, 'it''s \"so\"', '10.0.0.1', '[1,10)', 12.34, '1 mon', '{a,\"b c\"}', 'infinity'),
    (2, '2026-11-22', '2026-11-22', 1.25, 'NaN', 'fine', '10.0.0.0/8', 'empty', 0, '1 day', '{}', '2026-11-22'),
    (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)";

const SCHEMA: &str = r#"
description = "What a topic tells."
key = ["id"]

[columns]
id       = { type = "integer", class = "open" }
valid_to = { type = "date", class = "open", nullable = true, beyond = "null" }
seen     = { type = "timestamp", class = "open", nullable = true, beyond = "null" }
amount   = { type = "numeric(10,2)", class = "open", nullable = true, beyond = "null" }
free     = { type = "numeric", class = "open", nullable = true }
feeling  = { type = "enum", class = "open", nullable = true }
host     = { type = "inet", class = "open", nullable = true }
span     = { type = "int4range", class = "open", nullable = true }
paid     = { type = "money", class = "open", nullable = true }
lasted   = { type = "interval", class = "open", nullable = true }
tags     = { type = "text[]", class = "open", nullable = true }
until    = { type = "date", class = "open", nullable = true, beyond = "text" }
"#;

const JOB: &str = r#"
name = "told"
description = "What a topic tells."

[dataset.told]
from = "app"
table = "public.told"
schema = "told"
to = ["warehouse"]

[dataset.told.reconcile]
against = "topics"
topic = "app.told"
on_drift = "publish"
"#;

/// The rows as Debezium writes them by its defaults: unscaled numbers in base64, days, microseconds, infinities as numbers beyond all years.
fn rows() -> [Value; 3] {
    let nothing = ["valid_to", "seen", "amount", "free", "feeling", "host", "span", "paid", "lasted", "tags", "until"];
    let mut third: serde_json::Map<String, Value> =
        nothing.iter().map(|name| ((*name).to_owned(), Value::Null)).collect();
    third.insert("id".into(), json!(3));
    [
        json!({"id": 1, "valid_to": 2_147_483_647, "seen": -9_223_372_036_832_400_000i64, "amount": "NaN",
            "free": {"scale": 3, "value": "Bdw="}, "feeling": "it's \"so\"", "host": "10.0.0.1", "span": "[1,10)", "paid": "BNI=",
            "lasted": 2_629_800_000_000i64, "tags": ["a", "b c"], "until": 2_147_483_647}),
        json!({"id": 2, "valid_to": 20_779, "seen": 1_795_305_600_000_000i64, "amount": {"scale": 2, "value": "fQ=="}, "free": "NaN",
            "feeling": "fine", "host": "10.0.0.0/8", "span": "empty", "paid": "AA==", "lasted": 86_400_000_000i64, "tags": [],
            "until": 20_779}),
        Value::Object(third),
    ]
}

fn project(database: &Database, rows: &[Value]) -> Ferry {
    let ferry = Ferry::empty();
    ferry.write("schemas/told.toml", SCHEMA.as_bytes());
    ferry.write("jobs/told.toml", JOB.as_bytes());
    let topics = "[source.topics]\ndump = { url = \"topics\", layout = \"confluent\", times = \"adaptive\" }\n";
    ferry.write("jobs/environments/dev.toml", format!("{}\n{topics}", database.environment()).as_bytes());
    let event = |row: &Value, transaction: u64| json!({"before": null, "after": row, "source": {"txId": transaction, "ts_ms": 1_000}, "op": "c"});
    // The last shows that the topic has come past the extract.
    let events = rows.iter().map(|row| event(row, 10)).chain([event(&json!({"id": 4}), 1 << 40)]);
    let lines: String = events.map(|event| format!("{event}\n")).collect();
    ferry.write("topics/app.told/partition=0/app.told+0+0000000000.json", lines.as_bytes());
    ferry
}

#[test]
fn a_value_beyond_its_type_is_the_same_null_on_both_sides_and_is_told() {
    let database = Database::lay();
    database.admin(TABLE);
    let (came, report) = project(&database, &rows()).report(&["jobs/told.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    let dataset = &report["datasets"][0];
    let compared = &dataset["reconciliation"];
    assert_eq!((&compared["verdict"], &compared["proof"]), (&json!("MATCH"), &json!("txid")), "{compared}");
    assert_eq!((&compared["compared"], &compared["unknown_cells"]), (&json!(3), &json!(0)));
    assert_eq!(compared["not_compared"], json!(["lasted", "tags", "until"]));
    let because = compared["not_compared_because"].as_object().unwrap();
    assert_eq!(because.keys().collect::<Vec<_>>(), ["lasted", "tags", "until"]);
    assert_eq!(dataset["cells_beyond"], json!({"amount": 1, "seen": 1, "valid_to": 1}));
}

#[test]
fn the_screen_tells_each_null_that_was_made_and_each_column_that_was_not_compared() {
    let database = Database::lay();
    database.admin(TABLE);
    let came = project(&database, &rows()).run(&["run", "jobs/told.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    for column in ["amount", "seen", "valid_to"] {
        assert!(came.out.contains(&format!("  beyond     {column} of told: NULL for 1 value ")), "{}", came.out);
    }
    for column in ["lasted", "tags", "until"] {
        assert!(came.out.contains(&format!("  untold     {column} of told was not compared: ")), "{}", came.out);
    }
}

#[test]
fn the_plan_tells_what_becomes_of_each_before_the_night() {
    let database = Database::lay();
    let came = project(&database, &rows()).run(&["plan", "jobs/told.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    for line in [
        "  beyond    valid_to: what the declared type cannot hold is NULL, and counted\n",
        "  beyond    until: what the declared type cannot hold is PostgreSQL's text, as all of it\n",
        "            tags is not compared: a topic writes arrays in another form than the text that PostgreSQL prints\n",
    ] {
        assert!(came.out.contains(line), "{}", came.out);
    }
}

#[test]
fn what_differs_is_drift_and_what_is_not_told_is_none() {
    let database = Database::lay();
    database.admin(TABLE);
    let mut rows = rows();
    rows[0]["amount"] = json!({"scale": 2, "value": "fQ=="});
    rows[0]["free"] = json!({"scale": 2, "value": "AJc="});
    rows[1]["valid_to"] = json!(2_147_483_647);
    rows[1]["feeling"] = json!("Fine");
    rows[1]["host"] = json!("10.0.0.0");
    rows[1]["lasted"] = json!(1);
    rows[2]["tags"] = json!(["x"]);
    let (came, report) = project(&database, &rows).report(&["jobs/told.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    let compared = &report["datasets"][0]["reconciliation"];
    assert_eq!(compared["verdict"], "DRIFT", "{compared}");
    let columns = json!({"amount": 1, "feeling": 1, "free": 1, "host": 1, "valid_to": 1});
    assert_eq!((&compared["changed"], &compared["changed_columns"]), (&json!(2), &columns));
}

#[test]
fn what_cannot_be_read_for_certain_is_neither_match_nor_drift() {
    let database = Database::lay();
    database.admin(TABLE);
    let mut rows = rows();
    // As a float, and as a number that no schema block explains: of either nobody knows what it was.
    rows[0]["amount"] = json!(0.300_000_000_000_000_04);
    rows[0]["free"] = json!("fQ==");
    let (came, report) = project(&database, &rows).report(&["jobs/told.toml"]);
    assert_eq!(came.code, 24, "{}", came.err);
    let compared = &report["datasets"][0]["reconciliation"];
    assert_eq!((&compared["verdict"], &compared["unknown_cells"]), (&json!("INCONCLUSIVE"), &json!(2)), "{compared}");
}
