//! RDS snapshot exports, in AWS's documented layout and types. There is no AWS here: `tests/readers/write_rds_export.py`
//! writes them, out of what a real server printed.

use super::{Laid, Succeeds, agrees, copy_folder, project, refused, run};
use crate::ferry::Ferry;
use crate::services::{BUCKET, CONTAINER, variable};
use nightferry::access::{Purpose, open};
use nightferry::job::Location;
use object_store::{ObjectStoreExt, PutPayload};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

const SOURCE: &str = "rds_export = { url = \"in/night-1\", database = \"forms\" }";
const EXPORT_INFO: &str = "in/night-1/export_info_night-1.json";
const TABLES_INFO: &str = "in/night-1/export_tables_info_night-1_from_1_to_3.json";
const SNAPSHOT_TIME: &str = "2026-11-23T01:00:00Z";

/// What the catalogue says of the columns of a table, as AWS repeats it, and the rows as the server's text.
fn exported(laid: &Laid, schema: &str, table: &str) -> Value {
    let names = laid.psql(&format!(
        "select column_name || '|' || data_type from information_schema.columns \
         where table_schema = '{schema}' and table_name = '{table}' order by ordinal_position"
    ));
    let columns: Vec<(&str, &str)> = names.iter().map(|line| line.rsplit_once('|').expect("a type")).collect();
    let cells: Vec<String> =
        columns.iter().map(|(name, _)| format!("\"{}\"::text", name.replace('"', "\"\""))).collect();
    let sql = format!("select json_build_array({})::text from {schema}.{table} order by 1", cells.join(", "));
    let rows: Vec<Value> = laid.psql(&sql).iter().map(|row| serde_json::from_str(row).expect("JSON")).collect();
    // A table with a comma in a column's name is left out of an export: here the column has its other name.
    let columns: Vec<Value> =
        columns.iter().map(|(name, of)| json!([if name.contains(',') { "note" } else { name }, of])).collect();
    json!({ "name": format!("{schema}.{table}"), "columns": columns, "rows": rows })
}

/// Writes an export into the project: of both tables, unless `more` says otherwise.
fn write(ferry: &Ferry, laid: &Laid, more: &Value) {
    let mut asked = json!({
        "export": "night-1", "database": "forms", "snapshot_time": SNAPSHOT_TIME, "naming": "batches",
        "tables": [exported(laid, "app", "thing"), exported(laid, "app", "nothing")],
    });
    for (key, value) in more.as_object().expect("an object") {
        asked[key] = value.clone();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readers/write_rds_export.py");
    let mut python = crate::readers::interpreter()
        .arg(script)
        .arg(ferry.path("in/night-1"))
        .stdin(Stdio::piped())
        .spawn()
        .expect("started");
    python.stdin.take().expect("a pipe").write_all(asked.to_string().as_bytes()).expect("written");
    assert!(python.wait().expect("ended").success());
}

fn project_with(laid: &Laid, more: &Value) -> Ferry {
    let ferry = project(SOURCE);
    write(&ferry, laid, more);
    ferry
}

/// Files of the export whose path holds `part`.
fn files(ferry: &Ferry, part: &str) -> Vec<String> {
    let all = ferry.files("in/night-1").into_iter().map(|file| format!("in/night-1/{file}"));
    all.filter(|file| file.contains(part)).collect()
}

fn remove(ferry: &Ferry, file: &str) {
    std::fs::remove_file(ferry.path(file)).expect("removed");
}

#[test]
fn both_namings_give_what_the_server_holds() {
    let laid = Laid::new();
    let printed = laid.printed();
    for naming in ["batches", "older", "one batch"] {
        let ferry = project_with(&laid, &json!({ "naming": naming }));
        assert_eq!(files(&ferry, "app.thing/").iter().filter(|file| file.ends_with(".gz.parquet")).count(), 2);
        let report = run(&ferry);
        agrees(&ferry, &printed, naming);
        let source = &report["datasets"][0]["source"];
        let at = chrono::DateTime::parse_from_rfc3339(source["extracted_at"].as_str().expect("a text"));
        assert_eq!(at, chrono::DateTime::parse_from_rfc3339(SNAPSHOT_TIME), "{source}");
        assert_eq!(source["snapshot"], Value::Null);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_in_s3_or_azure_gives_what_the_server_holds() {
    let laid = Laid::new();
    let there = [("s3", BUCKET, "NIGHTFERRY_S3_ENDPOINT"), ("az", CONTAINER, "NIGHTFERRY_AZURE_ENDPOINT")];
    for (scheme, bucket, endpoint) in there {
        let url = format!("{scheme}://{bucket}/{}/night-1", uuid::Uuid::now_v7());
        let endpoint = variable(endpoint);
        let ferry = project(&format!(
            "rds_export = {{ url = \"{url}\", database = \"forms\", region = \"eu-west-2\", endpoint = \"{endpoint}\" }}"
        ));
        write(&ferry, &laid, &json!({}));
        let location =
            Location { url, region: Some("eu-west-2".into()), endpoint: Some(endpoint), ..Location::default() };
        let folder = open(&location, ferry.root(), "an export", Purpose::Write).expect("a place");
        for file in ferry.files("in/night-1") {
            let bytes = std::fs::read(ferry.path("in/night-1").join(&file)).expect("a file");
            folder.store().put(&folder.at(&file), PutPayload::from(bytes)).await.expect("uploaded");
        }
        std::fs::remove_dir_all(ferry.path("in")).expect("removed");
        run(&ferry);
        agrees(&ferry, &laid.printed(), scheme);
    }
}

#[test]
fn a_condition_and_a_query_see_the_declared_types() {
    let laid = Laid::new();
    let ferry = project_with(&laid, &json!({}));
    ferry.edit("jobs/things.toml", "table = \"app.thing\"", "table = \"app.thing\"\nwhere = \"amount > 1 and id < 9\"");
    run(&ferry);
    let ids = super::published(&ferry, "thing", "id");
    let printed: Vec<Value> = laid
        .psql("select id from app.thing where amount > 1 and id < 9 order by id")
        .iter()
        .map(|id| json!([id]))
        .collect();
    assert_eq!(ids, printed);
    assert_eq!(ids.len(), 1);
}

#[test]
fn says_which_folder_is_read() {
    let ferry = project(SOURCE);
    let plan = ferry.run(&["plan", "jobs/things.toml"]);
    assert_eq!(plan.code, 0, "{}", plan.err);
    for line in ["from      app (RDS export of forms in in/night-1)", "read      in/night-1/forms/app.thing/"] {
        assert!(plan.out.contains(line), "{line}: {}", plan.out);
    }
}

#[test]
fn refuses_an_export_that_did_not_end_well() {
    let laid = Laid::new();
    let ferry = project_with(&laid, &json!({}));
    let (info, tables) = (ferry.read(EXPORT_INFO), ferry.read(TABLES_INFO));
    let complete = "\"status\": \"COMPLETE\"";
    for status in ["STARTING", "IN_PROGRESS", "FAILED", "CANCELED"] {
        ferry.write(EXPORT_INFO, info.replace(complete, &format!("\"status\": \"{status}\"")).as_bytes());
        refused(&ferry, "E-EXPORT-22", &format!("is not complete: its status is {status}"));
    }
    ferry.write(EXPORT_INFO, info.replace("2026-11-23T", "23.11.").as_bytes());
    refused(&ferry, "E-EXPORT-22", "its `snapshotTime` is no moment in RFC 3339");
    ferry.write(EXPORT_INFO, b"{\"status\":");
    refused(&ferry, "E-INPUT-22", "is not the JSON object that an export writes");
    ferry.write(EXPORT_INFO, info.as_bytes());

    ferry.write(TABLES_INFO, tables.replacen(complete, "\"status\": \"FAILED\"", 1).as_bytes());
    refused(&ferry, "E-EXPORT-22", "the export of table app.thing is not complete: its status is FAILED");
    let partly = tables.replacen("\"numberOfCompletedPartitions\": 4", "\"numberOfCompletedPartitions\": 3", 1);
    ferry.write(TABLES_INFO, partly.as_bytes());
    refused(&ferry, "E-EXPORT-22", "3 of its 4 partitions were exported");
    ferry.write(TABLES_INFO, tables.replace("forms.app.thing", "forms.app.other").as_bytes());
    refused(&ferry, "E-THERE-14", "the export tells of app.nothing, app.other in database `forms`");
    remove(&ferry, TABLES_INFO);
    refused(&ferry, "E-EXPORT-22", "its export_tables_info_<export>_from_<n>_to_<m>.json is not there");
    remove(&ferry, EXPORT_INFO);
    refused(&ferry, "E-EXPORT-22", "its export_info_<export>.json is not there");
}

#[test]
fn refuses_a_table_of_which_something_is_missing() {
    let whole = project_with(&Laid::new(), &json!({}));
    let again = || {
        let ferry = project(SOURCE);
        copy_folder(&whole.path("in"), &ferry.path("in"));
        ferry
    };
    let ferry = again();
    remove(&ferry, "in/night-1/forms/app.thing/2/_SUCCESS");
    refused(&ferry, "E-EXPORT-22", "folder 2 has no _SUCCESS: it was not written to its end");

    let ferry = again();
    files(&ferry, "app.thing/1/").iter().for_each(|file| remove(&ferry, file));
    refused(&ferry, "E-EXPORT-22", "folder 1 of 2 is not there");

    let ferry = again();
    files(&ferry, "app.thing/").iter().filter(|file| file.ends_with(".parquet")).for_each(|file| remove(&ferry, file));
    refused(&ferry, "E-EXPORT-22", "it is said to hold data, and no part of it is there");

    let ferry = again();
    let part = files(&ferry, "app.thing/2/part-").remove(0);
    let bytes = std::fs::read(ferry.path(&part)).expect("a part");
    ferry.write(&part, &bytes[..bytes.len() - 10]);
    refused(&ferry, "E-INPUT-22", "is damaged: is not whole Parquet");

    let ferry = again();
    ferry.write("in/night-1/forms/app.thing/2/part-00009.csv", b"1\n");
    refused(&ferry, "E-INPUT-22", "is named otherwise than an RDS export names its files");
}

#[test]
fn refuses_a_type_that_would_lose_something_by_table_column_and_type() {
    let laid = Laid::new();
    let ferry = project_with(&laid, &json!({ "int96": true }));
    refused(&ferry, "E-DRIFT-20", "`local_at` is a timestamp in nanoseconds (INT96), the schema says timestamp");

    let ferry = project_with(&laid, &json!({}));
    let schema = ferry.read("schemas/thing.toml");
    for (from, to, told) in [
        (
            "type = \"timestamptz\"",
            "type = \"timestamp\"",
            "`at` is timestamp with time zone, the schema says timestamp",
        ),
        (
            "type = \"double precision\"",
            "type = \"numeric(20,2)\"",
            "`share` is double precision, the schema says numeric(20,2)",
        ),
        ("id = { type = \"bigint\"", "id = { type = \"integer\"", "`id` is bigint, the schema says integer"),
        ("type = \"bytea\"", "type = \"text\"", "`raw` is bytea, the schema says text"),
    ] {
        ferry.write("schemas/thing.toml", schema.replacen(from, to, 1).as_bytes());
        let line = refused(&ferry, "E-DRIFT-20", told);
        assert!(line.contains("forms/app.thing/1/part-00000-"), "{line}");
    }
}

#[test]
fn refuses_a_later_part_that_is_not_like_the_first_and_leaves_nothing() {
    let laid = Laid::new();
    let whole = project_with(&laid, &json!({}));
    let with_part_of = |other: &Ferry| {
        let ferry = project(SOURCE);
        copy_folder(&whole.path("in"), &ferry.path("in"));
        let (ours, theirs) =
            (files(&ferry, "app.thing/2/part-").remove(0), files(other, "app.thing/2/part-").remove(0));
        std::fs::copy(other.path(&theirs), ferry.path(&ours)).expect("copied");
        ferry
    };
    let ferry = with_part_of(&project_with(&laid, &json!({ "int96": true })));
    refused(&ferry, "E-DRIFT-20", "forms/app.thing/2/part-00001-");
    assert_eq!(ferry.files("out/warehouse"), Vec::<String>::new());

    let mut thing = exported(&laid, "app", "thing");
    thing["columns"][18][0] = json!("another");
    let ferry = with_part_of(&project_with(&laid, &json!({ "tables": [thing, exported(&laid, "app", "nothing")] })));
    let schema = ferry.read("schemas/thing.toml");
    let without: Vec<&str> = schema.lines().filter(|line| !line.starts_with("docb = ")).collect();
    let schema = without.join("\n").replace("\n[columns]", "on_new_column = \"withhold\"\n\n[columns]");
    ferry.write("schemas/thing.toml", schema.as_bytes());
    refused(&ferry, "E-INPUT-22", "is damaged: has other columns than the first part of its table");
}

#[test]
fn is_compared_with_the_topic_by_a_window_of_time() {
    let laid = Laid::new();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/settlements");
    laid.client("psql").args(["-qv", "ON_ERROR_STOP=1", "-f"]).arg(fixtures.join("tables.sql")).succeeds();
    let csv = fixtures.join("extract/settlements.cfd_unit.csv");
    let copy = format!("\\copy settlements.cfd_unit from '{}' with (format csv, header)", csv.to_string_lossy());
    laid.client("psql").args(["-qc", &copy]).succeeds();
    let ferry = Ferry::shipped();
    write(&ferry, &laid, &json!({ "tables": [exported(&laid, "settlements", "cfd_unit")] }));
    ferry.edit("jobs/environments/dev.toml", "files = { url = \"fixtures/settlements/extract\" }", SOURCE);
    let job = ferry.read("jobs/settlements.toml");
    let one = job.split_once("[dataset.metered_output]").expect("the next dataset").0;
    ferry.write("jobs/settlements.toml", one.as_bytes());
    let (came, report) = ferry.report(&["jobs/settlements.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    let compared = &report["datasets"][0]["reconciliation"];
    assert_eq!(
        (&compared["verdict"], &compared["proof"], &compared["compared"]),
        (&json!("MATCH"), &json!("window"), &json!(12))
    );
}
