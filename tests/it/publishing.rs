//! Readers while a job publishes two tables, two hundred times and once, by the real binary: other people's readers never see anything
//! but whole nights, and can always tell whether what they have of two tables is of one run.

use crate::ferry::{Came, Ferry, copy};
use crate::readers::python;
use chrono::{Days, NaiveDate};
use serde_json::{Value, json};
use std::process::{Child, Stdio};

const JOB: &str = "jobs/things.toml";
/// As many as have two checkpoints, at versions 100 and 200.
const NIGHTS: u64 = 201;
/// The night whose version is the first to have a checkpoint. It dies between the checkpoint of its first table and its name; that of
/// `nightferry_runs` comes before.
const KILLED: u64 = 100;

/// Two tables of one job, `thing` and `twin`, whose rows say which night they are of; five rows a file at most.
fn pair() -> Ferry {
    let column = |name: &str| format!("{name} = {{ type = \"bigint\", class = \"open\" }}\n");
    let columns = ["night", "amount", "seal"].map(column).concat();
    let twin = "\n[dataset.twin]\nfrom = \"app\"\ntable = \"app.twin\"\nschema = \"thing\"\nto = [\"warehouse\"]\nwrite = \"replace\"\n";
    let ferry = Ferry::of_one_file("app.thing.csv", b"", &columns, twin);
    ferry.edit(
        "jobs/environments/dev.toml",
        "[secrets]",
        "[limits]\nrow_group_rows_max = 5\npart_rows_max = 5\n\n[secrets]",
    );
    ferry
}

/// The rows of a night, with their seal, as `tests/readers/poll.py` knows them.
fn rows(night: u64) -> String {
    let ids = 0..1 + night * 7 % 23;
    let amount = |id: u64| (night * 37 + id * 11) % 1_000;
    let seal = ids.clone().map(|id| (id * 31 + amount(id) * 17 + night * 7) * (id + 1)).sum::<u64>() % 999_983;
    let lines = ids.map(|id| format!("{id},{night},{},{seal}\n", amount(id)));
    format!("id,night,amount,seal\n{}", lines.collect::<String>())
}

/// Runs the job for a night of its own, to be killed or not.
fn night(ferry: &Ferry, night: u64, armed: Option<&str>) -> Came {
    for table in ["thing", "twin"] {
        ferry.write(&format!("in/app.{table}.csv"), rows(night).as_bytes());
    }
    let day = NaiveDate::from_ymd_opt(2026, 4, 1).expect("a day") + Days::new(night);
    let mut command = ferry.command(&["run", JOB, "--date", &day.to_string()]);
    if let Some(armed) = armed {
        command.env("NIGHTFERRY_KILL", armed);
    }
    Came::of(&command.output().expect("the binary starts"))
}

/// A reader of both tables, until the file `stop` is there.
fn reader(ferry: &Ferry) -> Child {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/poll.py");
    let mut command = crate::readers::interpreter();
    command.arg(script).args([ferry.path("out/warehouse"), ferry.path("stop")]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("python starts")
}

fn read(ferry: &Ferry, reader: Child) -> Value {
    ferry.write("stop", b"");
    let read = reader.wait_with_output().expect("it ends");
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    serde_json::from_slice(&read.stdout).expect("what it saw")
}

#[test]
fn a_reader_sees_whole_nights_alone_while_two_hundred_are_published() {
    let (ferry, began) = (pair(), std::time::Instant::now());
    let reading = reader(&ferry);
    for number in 0..NIGHTS {
        let armed = (number == KILLED).then_some("store.put.hint:before:2");
        let came = night(&ferry, number, armed);
        assert_eq!(came.code, if armed.is_some() { -1 } else { 0 }, "night {number}: {}", came.err);
        if armed.is_some() {
            let log = ferry.files("out/warehouse/thing/_delta_log");
            let found = log.iter().filter(|file| file.contains("checkpoint")).collect::<Vec<_>>();
            assert_eq!(found, ["00000000000000000100.checkpoint.parquet"], "one that nobody names");
        }
    }
    let seen = read(&ferry, reading);
    println!("{NIGHTS} nights of two tables in {:.0} s, read meanwhile: {seen}", began.elapsed().as_secs_f64());
    // Each round looks at four versions; how many of the nights it meets is the machine's to say.
    assert!(seen["pinned"].as_u64().expect("a number") >= 20, "{seen}");
    assert!(seen["versions"][0].as_u64().expect("a number") >= 10, "{seen}");
    copy(&ferry.path("out"), &ferry.path("kept"));
    a_log_that_is_shortened_under_kills_is_read_from_where_it_begins(&ferry);
    let back = ferry.run(&["table", "rollback", "warehouse/thing", "--to", "150", "--reason", "x"]);
    assert!(back.code == 14 && back.err.contains("E-LOG-14"), "{}", back.err);
    assert!(back.err.contains("begins at version 200"), "{}", back.err);
    std::fs::remove_dir_all(ferry.path("out")).expect("removed");
    copy(&ferry.path("kept"), &ferry.path("out"));
    every_version_is_read_with_checkpoints_and_without(&ferry);
}

/// Forty days later: killed before and after it is said where the log begins, and three times while its entries go.
fn a_log_that_is_shortened_under_kills_is_read_from_where_it_begins(ferry: &Ferry) {
    // By now the job has so many records that a run says where a listing of them may begin, and is killed before and after that.
    let beginning = "out/security/_nightferry/ledgers/things.json";
    for (side, is_there) in [("before", false), ("after", true)] {
        let armed = format!("store.put.beginning:{side}:1");
        assert_eq!(night(ferry, NIGHTS, Some(&armed)).code, -1, "{armed}");
        assert_eq!(ferry.path(beginning).exists(), is_there, "{armed}");
    }
    assert_eq!(night(ferry, NIGHTS, None).code, 0, "a night behind the newest checkpoint");
    let gc = |armed: &str| {
        let mut command = ferry.command(&["table", "gc", "warehouse/thing", "--apply"]);
        command.env("NIGHTFERRY_DAYS_AHEAD", "40").env("NIGHTFERRY_KILL", armed);
        Came::of(&command.output().expect("the binary starts"))
    };
    let log = |ferry: &Ferry| ferry.files("out/warehouse/thing/_delta_log").len() as u64;
    let whole = log(ferry);
    assert_eq!(whole, NIGHTS + 1 + 3, "every entry, two checkpoints, and the hint");
    for (armed, left) in [
        ("store.put.shortened:before:1", whole),
        ("store.put.shortened:after:1", whole),
        ("store.delete:before:1", whole),
        ("store.delete:after:60", whole - 60),
        ("store.delete:before:101", whole - 160),
    ] {
        assert_eq!(gc(armed).code, -1, "{armed} (is the feature `failpoints` on?)");
        // Eight go at once, of which some may be gone when it is killed and others not.
        assert!(log(ferry).abs_diff(left) <= 8, "{armed}: {} of {whole}", log(ferry));
        let came = ferry.run(&["table", "verify", "warehouse/thing"]);
        assert_eq!(came.code, 0, "{armed}: {}{}", came.out, came.err);
        assert_eq!(versions(ferry, "thing", NIGHTS)["nights"], json!([NIGHTS]), "{armed}: the newest");
    }
    let came = gc("");
    assert_eq!((came.code, log(ferry)), (0, 4), "two entries, a checkpoint, and the hint: {}", came.err);
    assert!(came.out.contains("its log begins at version 200: "), "{}", came.out);
    let seen = versions(ferry, "thing", 200);
    assert_eq!((&seen["nights"], &seen["checkpoints"]), (&json!([200, NIGHTS]), &json!([200])), "by three readers");
    let came = ferry.run(&["table", "versions", "warehouse/thing"]);
    assert!(came.out.contains("thing · 2 versions") && came.out.contains("version 200 is the oldest"), "{}", came.out);
    let came = ferry.run(&["table", "verify", "warehouse/thing"]);
    assert!(came.code == 0 && came.out.contains("proven from version 200 on"), "{}{}", came.out, came.err);
    assert_eq!(night(ferry, NIGHTS + 1, None).code, 0, "the next night");
    assert_eq!(versions(ferry, "thing", NIGHTS + 1)["nights"], json!([NIGHTS + 1]));
}

/// By deltalake, DuckDB and Polars: with the checkpoints, without them, and (to show that they are used) with nothing before one.
fn every_version_is_read_with_checkpoints_and_without(ferry: &Ferry) {
    let nights: Vec<u64> = (0..NIGHTS).collect();
    for table in ["thing", "twin"] {
        let seen = versions(ferry, table, 0);
        let expected = (&json!(nights), &json!([100, 200]), &json!(200));
        assert_eq!((&seen["nights"], &seen["checkpoints"], &seen["hint"]), expected, "{table}");
    }
    for verb in ["table verify warehouse/thing", "table verify warehouse/nightferry_runs"] {
        let came = ferry.run(&verb.split(' ').collect::<Vec<_>>());
        assert_eq!(came.code, 0, "{verb}: {}{}", came.out, came.err);
    }
    for number in 0..100 {
        remove(ferry, "thing", &format!("{number:020}.json"));
    }
    assert_eq!(
        versions(ferry, "thing", 100)["nights"],
        json!(nights[100..]),
        "all that they need is in the checkpoint"
    );
    for file in
        ["_last_checkpoint", "00000000000000000100.checkpoint.parquet", "00000000000000000200.checkpoint.parquet"]
    {
        remove(ferry, "twin", file);
    }
    let seen = versions(ferry, "twin", 0);
    assert_eq!((&seen["nights"], &seen["hint"]), (&json!(nights), &Value::Null));
}

fn versions(ferry: &Ferry, table: &str, from: u64) -> Value {
    let table = ferry.path(&format!("out/warehouse/{table}"));
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/checkpoints.py");
    serde_json::from_str(&python(&[script, &table.to_string_lossy(), &from.to_string()])).expect("what they saw")
}

fn remove(ferry: &Ferry, table: &str, file: &str) {
    std::fs::remove_file(ferry.path(&format!("out/warehouse/{table}/_delta_log/{file}"))).expect("removed");
}

#[test]
fn a_reader_can_tell_that_two_tables_are_not_of_one_run() {
    let ferry = pair();
    assert_eq!(night(&ferry, 0, None).code, 0);
    // Killed once the first table is committed: the other is a night behind until the next run completes it.
    assert_ne!(night(&ferry, 1, Some("store.put.log:after:1")).code, 0);
    let versions = |table: &str| ferry.files(&format!("out/warehouse/{table}/_delta_log")).len();
    assert_eq!((versions("thing"), versions("twin")), (2, 1));
    let seen = read(&ferry, reader(&ferry));
    assert_eq!((&seen["mixed"], &seen["pinned"]), (&1.into(), &1.into()), "{seen}");
    assert_eq!(night(&ferry, 2, None).code, 0);
    std::fs::remove_file(ferry.path("stop")).expect("removed");
    let seen = read(&ferry, reader(&ferry));
    assert_eq!((&seen["mixed"], &seen["versions"]), (&0.into(), &json!([1, 1])), "{seen}");
}
