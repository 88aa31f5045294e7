//! One object a period in a folder of its own, by the real binary: what tools see that know no log is what the log says, wherever the
//! copy was killed, and nobody is in it who is not in the table.

mod ends;
mod pieces;

use crate::faulty::server::{Fault, Script, Server};
use crate::ferry::{Came, Ferry};
use crate::forgotten::{SECRET, forget};
use crate::readers::python;
use crate::services::{BUCKET, variable};
use nightferry::access::{Folder, Purpose, open};
use nightferry::job::Location;
use serde_json::{Value, json};
use std::path::Path;
use tokio::runtime::Runtime;

const ENVIRONMENT: &str = "jobs/environments/dev.toml";
const JOB: &str = "jobs/things.toml";
const PLAIN: &str = "plain_copy = true\n";
const PERIODS: &str = "plain_copy = true\nallow_empty = true\nperiod = { by = \"day\", every = \"day\" }\n";
const COLUMNS: &str = "amount = { type = \"integer\", class = \"open\" }\n\
    mail = { type = \"text\", class = \"personal\", kind = \"email\", nullable = true, treat = { analytics = \"drop\" } }";
const ROWS: &str = "id,amount,mail\n1,10,wren.alder@example.org\n2,20,rook@example.org\n3,30,\n";

/// A table that is written whole, in two clouds, a row group and a part for each row.
fn whole(rows: &str) -> Ferry {
    let ferry = Ferry::of_one_file("app.thing.csv", rows.as_bytes(), COLUMNS, PLAIN);
    clouds(ferry)
}

/// A table of days.
fn days(rows: &str) -> Ferry {
    let day = "day = { type = \"date\", class = \"open\" }\namount = { type = \"integer\", class = \"open\" }";
    let ferry = Ferry::of_one_file("app.thing.csv", rows.as_bytes(), day, PERIODS);
    ferry.edit(JOB, "write = \"replace\"", "write = \"replace_period\"");
    ferry.edit("schemas/thing.toml", "key = [\"id\"]", "key = [\"id\", \"day\"]");
    clouds(ferry)
}

fn clouds(ferry: Ferry) -> Ferry {
    ferry.edit(ENVIRONMENT, "url = \"out/warehouse\"", "url = \"out/warehouse\"\nsecond = \"out/second\"");
    ferry.edit(ENVIRONMENT, "[secrets]", "[limits]\nrow_group_rows_max = 1\npart_rows_max = 1\n\n[secrets]");
    ferry
}

fn run(ferry: &Ferry, more: &[&str]) -> Came {
    ferry.run(&[&["run", JOB, "--progress", "none"], more].concat())
}

fn published(ferry: &Ferry, more: &[&str]) {
    let came = run(ferry, more);
    assert_eq!(came.code, 0, "{}", came.err);
}

/// What readers see of the copy in a cloud, which is what they see of the table there.
fn seen(ferry: &Ferry, cloud: &str) -> Value {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/plain.py");
    let at = |path: &str| ferry.path(path).to_string_lossy().into_owned();
    let (table, plain) = (at(&format!("out/{cloud}/thing")), at(&format!("out/{cloud}/plain/thing")));
    serde_json::from_str(&python(&[script, &table, &plain, "amount"])).expect("what they saw")
}

fn in_both(ferry: &Ferry) -> Value {
    let first = seen(ferry, "warehouse");
    assert_eq!(seen(ferry, "second"), first);
    for verb in ["verify", "compare"] {
        let came = ferry.run(&["table", verb, "warehouse/thing"]);
        assert_eq!(came.code, 0, "{verb}: {}{}", came.out, came.err);
    }
    first
}

fn said(ferry: &Ferry) -> Value {
    serde_json::from_str(&ferry.read("out/warehouse/plain/thing/_version.json")).expect("JSON")
}

#[test]
fn a_folder_has_one_object_of_a_table_and_one_of_each_period_with_its_rows() {
    let ferry = whole(ROWS);
    published(&ferry, &[]);
    let all = in_both(&ferry);
    assert_eq!((&all["objects"], &all["sum"], &all["whole"]), (&json!({ "all.parquet": 3 }), &json!(60), &json!(true)));
    assert!(ferry.run(&["plan", JOB]).out.contains("out/warehouse/plain/thing"), "the plan says where");

    let ferry = days("id,day,amount\n1,2026-11-20,1\n2,2026-11-20,2\n3,2026-11-21,4\n4,2026-11-22,8\n");
    published(&ferry, &["--from", "2026-11-20", "--to", "2026-11-22"]);
    let three =
        json!({ "period=2026-11-20.parquet": 2, "period=2026-11-21.parquet": 1, "period=2026-11-22.parquet": 1 });
    let seen = in_both(&ferry);
    assert_eq!((&seen["objects"], &seen["sum"]), (&three, &json!(15)));
    // A day anew: its object is another, those of the other days are not touched; and a day that is empty has none.
    let when = |day: &str| {
        let object = format!("out/warehouse/plain/thing/period=2026-11-{day}.parquet");
        std::fs::metadata(ferry.path(&object)).and_then(|of| of.modified()).expect("it")
    };
    let before = [when("20"), when("22")];
    ferry.write("in/app.thing.csv", b"id,day,amount\n5,2026-11-21,16\n6,2026-11-21,32\n");
    published(&ferry, &["--date", "2026-11-21", "--again", "a wrong day"]);
    let seen = in_both(&ferry);
    assert_eq!((&seen["sum"], &seen["ids"]), (&json!(59), &json!([1, 2, 4, 5, 6])));
    assert_eq!([when("20"), when("22")], before);
    published(&ferry, &["--date", "2026-11-22", "--again", "nothing of that day"]);
    let objects = in_both(&ferry)["objects"].clone();
    assert_eq!(objects, json!({ "period=2026-11-20.parquet": 2, "period=2026-11-21.parquet": 2 }));
}

#[test]
fn a_copy_that_is_killed_between_its_objects_says_so_and_the_next_run_ends_it() {
    let rows = "id,day,amount\n1,2026-11-20,1\n2,2026-11-21,2\n3,2026-11-22,4\n";
    let period = ["--from", "2026-11-20", "--to", "2026-11-22"];
    for armed in [
        "store.put.plain:before:1",
        "store.put.plain:after:2",
        "store.put.plain:before:5",
        "store.put.plain_version:before:1",
        "store.put.plain_version:after:1",
        "store.put.plain_version:after:2",
        "store.put.plain_version:before:3",
        "store.put.plain_version:after:3",
        "store.put.plain_version:before:5",
    ] {
        let ferry = days(rows);
        let mut command = ferry.command(&[&["run", JOB, "--progress", "none"], period.as_slice()].concat());
        let killed = Came::of(&command.env("NIGHTFERRY_KILL", armed).output().expect("it starts"));
        assert_eq!(killed.code, -1, "{armed} (is the feature `failpoints` on?)");
        assert!(ferry.is_published("out/warehouse/thing"), "{armed}: the table does not wait for it");
        if ferry.path("out/warehouse/plain/thing/_version.json").exists() && said(&ferry)["whole"] == true {
            seen(&ferry, "warehouse");
        }
        assert_eq!(ferry.run(&["table", "verify", "warehouse/thing"]).code, 0, "{armed}: it is only behind");
        published(&ferry, &period);
        assert_eq!(in_both(&ferry)["sum"], 7, "{armed}");
    }
}

#[test]
fn a_copy_that_cannot_be_made_unpublishes_nothing_and_ends_with_72_until_it_can() {
    let ferry = whole(ROWS);
    // A file where the folder should be.
    ferry.write("out/warehouse/plain", b"in the way");
    let came = run(&ferry, &[]);
    assert_ne!(came.code, 0);
    let line = came.endings()[0].to_owned();
    assert!(line.contains("plain copy of `thing`") && line.contains("safe=\"the tables are published"), "{line}");
    assert!(ferry.is_published("out/warehouse/thing") && ferry.is_published("out/second/thing"));
    std::fs::remove_file(ferry.path("out/warehouse/plain")).expect("removed");
    published(&ferry, &[]);
    assert_eq!(in_both(&ferry)["sum"], 60);
}

#[test]
fn whoever_is_gone_from_the_table_is_gone_from_its_copy() {
    let ferry = whole(ROWS);
    published(&ferry, &["--date", "2026-11-20"]);
    assert_eq!(in_both(&ferry)["ids"], json!([1, 2, 3]));
    forget(&ferry, SECRET, 0, "dev", &["email", "wren.alder@example.org"]);
    published(&ferry, &["--date", "2026-11-21"]);
    assert_eq!(in_both(&ferry)["ids"], json!([2, 3]));
    assert_eq!(said(&ferry)["suppression_list"], 0);
    // Gone back to and collected, it follows as well.
    ferry.write("in/app.thing.csv", b"id,amount,mail\n2,21,\n");
    published(&ferry, &["--date", "2026-11-22"]);
    let back = ferry.run(&["table", "rollback", "warehouse/thing", "--to", "1", "--reason", "a wrong list"]);
    assert_eq!(back.code, 0, "{}", back.err);
    assert_eq!(in_both(&ferry)["ids"], json!([2, 3]));
    ferry.write("out/warehouse/plain/thing/period=2020-01-01.parquet", b"left over");
    let found = ferry.run(&["table", "verify", "warehouse/thing"]);
    assert!(found.code == 42 && found.out.contains("surplus"), "{}{}", found.out, found.err);
    let gc = ferry.run(&["table", "gc", "warehouse/thing", "--apply"]);
    assert_eq!(gc.code, 0, "{}", gc.err);
    in_both(&ferry);
    // The job no longer says so: no copy stays.
    ferry.edit(JOB, PLAIN, "");
    published(&ferry, &["--date", "2026-11-23"]);
    for cloud in ["warehouse", "second"] {
        assert_eq!(ferry.files(&format!("out/{cloud}/plain")), Vec::<String>::new(), "{cloud}");
    }
}

#[test]
fn an_object_that_somebody_wrote_over_is_found_and_made_anew() {
    let ferry = whole(ROWS);
    published(&ferry, &[]);
    let object = "out/second/plain/thing/all.parquet";
    let mut bytes = std::fs::read(ferry.path(object)).expect("it");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    ferry.write(object, &bytes);
    let found = ferry.run(&["table", "compare", "warehouse/thing"]);
    assert!(found.code == 41 && found.out.contains("second"), "{}{}", found.out, found.err);
    ferry.write(&object.replace("second", "warehouse"), &bytes);
    let found = ferry.run(&["table", "verify", "warehouse/thing"]);
    assert!(found.code == 42 && found.out.contains("plain/thing/all.parquet"), "{}{}", found.out, found.err);
    published(&ferry, &[]);
    assert_eq!(in_both(&ferry)["sum"], 60);
}

#[test]
fn what_a_copy_takes_counts_in_what_may_leave_aws() {
    let rows: String = (1..=12).map(|id| format!("{id},{id}0,\n")).collect();
    let ferry = whole(&format!("id,amount,mail\n{rows}"));
    let (_, report) = ferry.report(&[JOB, "--dry-run"]);
    let bytes = report["datasets"][0]["stores"][0]["bytes"].as_u64().expect("bytes");
    // The table alone would fit.
    ferry.edit(ENVIRONMENT, "[limits]", &format!("[limits]\nbytes_out_max = \"{}KiB\"", bytes.div_ceil(1024) + 1));
    let came = run(&ferry, &[]);
    assert_eq!(came.code, 52, "{bytes} {}", came.err);
    ferry.edit(JOB, PLAIN, "");
    published(&ferry, &[]);
}

#[test]
fn a_copy_whose_cloud_is_away_is_behind_and_the_next_run_makes_it() {
    let (ferry, endpoint) = in_s3();
    published(&ferry, &[]);
    // Only what is written below `plain/` is refused, as by a store that is asked too much.
    let script =
        Script { faults: vec![Fault::SlowDown], methods: &["PUT"], path: "/plain/", one_in: 1, most: 1_000, seed: 3 };
    let server = Server::before(&endpoint, script);
    ferry.write("in/app.thing.csv", b"id,amount,mail\n7,70,\n");
    ferry.edit(ENVIRONMENT, &endpoint, &server.endpoint(&endpoint));
    let came = run(&ferry, &["--again", "another extract"]);
    assert_eq!(came.code, 72, "{}", came.err);
    let line = came.endings()[0].to_owned();
    assert!(line.starts_with("E-PLAIN-72") && line.contains("retryable=true"), "{line}");
    ferry.edit(ENVIRONMENT, &server.endpoint(&endpoint), &endpoint);
    let came = ferry.run(&["table", "verify", "warehouse/thing"]);
    assert!(
        came.code == 0 && came.out.contains("its plain copy is not that of the newest"),
        "{}{}",
        came.out,
        came.err
    );
    published(&ferry, &[]);
    let came = ferry.run(&["table", "verify", "warehouse/thing"]);
    assert!(
        came.code == 0 && came.out.contains("its plain copy is whole: 1 object, 1 rows"),
        "{}{}",
        came.out,
        came.err
    );
}

/// The table in a bucket, and where that is.
fn in_s3() -> (Ferry, String) {
    let ferry = Ferry::of_one_file("app.thing.csv", ROWS.as_bytes(), COLUMNS, PLAIN);
    let endpoint = into_s3(&ferry);
    (ferry, endpoint)
}

/// Puts the store into a bucket, of the server that is given.
fn into_s3(ferry: &Ferry) -> String {
    let (own, endpoint) = (uuid::Uuid::now_v7(), variable("NIGHTFERRY_S3_ENDPOINT"));
    let place = format!("url = \"s3://{BUCKET}/{own}\"\nregion = \"eu-west-2\"\nendpoint = \"{endpoint}\"");
    ferry.edit(ENVIRONMENT, "url = \"out/warehouse\"", &place);
    endpoint
}

/// The folder of the copy in a bucket, for somebody else's client, and what waits for that.
fn bucket(ferry: &Ferry) -> (Folder, Runtime) {
    let environment: toml::Table = ferry.read(ENVIRONMENT).parse().expect("TOML");
    let of = |key: &str| environment["store"]["warehouse"][key].as_str().map(str::to_owned);
    let location = Location {
        url: of("url").expect("a url"),
        region: of("region"),
        endpoint: of("endpoint"),
        ..Location::default()
    };
    let store = open(&location, Path::new("."), "a place", Purpose::Read).expect("a place");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    (store.child("plain/thing"), runtime)
}

#[test]
fn a_night_that_is_refused_leaves_nobody_in_a_copy_that_an_earlier_one_did_not_end() {
    let ferry = whole(ROWS);
    published(&ferry, &["--date", "2026-11-20"]);
    ferry.write("in/app.thing.csv", b"id,amount,mail\n2,20,rook@example.org\n3,30,\n");
    let mut command = ferry.command(&["run", JOB, "--progress", "none", "--date", "2026-11-21"]);
    let killed = Came::of(&command.env("NIGHTFERRY_KILL", "store.put.plain:before:1").output().expect("it starts"));
    assert_eq!(killed.code, -1);
    assert_eq!(said(&ferry)["whole"], false);
    ferry.write("in/app.thing.csv", b"id,amount,mail\n2,many,rook@example.org\n");
    let came = run(&ferry, &["--date", "2026-11-22"]);
    assert_ne!(came.code, 0, "{}", came.err);
    assert_eq!(said(&ferry)["version"], 1);
    assert_eq!(in_both(&ferry)["ids"], json!([2, 3]));
    // Nor does one that asks for no copy any more.
    ferry.edit(JOB, PLAIN, "");
    assert_ne!(run(&ferry, &["--date", "2026-11-22"]).code, 0);
    assert!(!ferry.path("out/warehouse/plain/thing/_version.json").exists());
}

#[test]
fn an_object_that_cannot_be_made_leaves_none_of_an_earlier_version_beside_it() {
    let period = ["--from", "2026-11-20", "--to", "2026-11-21"];
    let ferry = days("id,day,amount\n1,2026-11-20,1\n2,2026-11-21,2\n");
    published(&ferry, &period);
    ferry.write("in/app.thing.csv", b"id,day,amount\n3,2026-11-20,4\n4,2026-11-21,8\n");
    let again = [period.as_slice(), &["--again", "wrong people"]].concat();
    let mut command = ferry.command(&[&["run", JOB, "--progress", "none"], again.as_slice()].concat());
    let killed = Came::of(&command.env("NIGHTFERRY_KILL", "store.put.plain:before:1").output().expect("it starts"));
    assert_eq!(killed.code, -1);
    let log = ferry.read("out/warehouse/thing/_delta_log/00000000000000000001.json");
    let add = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()?.get("add").cloned());
    let parts: Vec<String> = add.filter_map(|add| Some(add["path"].as_str()?.to_owned())).collect();
    ferry.write(&format!("out/warehouse/thing/{}", parts[0].replace("%3D", "=")), b"no part");
    assert_ne!(run(&ferry, &period).code, 0);
    for cloud in ["warehouse", "second"] {
        let folder = std::fs::read_dir(ferry.path(&format!("out/{cloud}/plain/thing"))).expect("a folder");
        let left: Vec<_> = folder.filter_map(|of| Some(of.ok()?.file_name())).collect();
        assert_eq!(left, ["_version.json"], "{cloud}");
    }
}
