//! What is kept beside the tables, and verbs that write none, killed before and after each call: what is there is whole or not there, and
//! saying it again does what was asked.

use super::{ALONE, ENVIRONMENT, JOB, counted, csv, ended, killed, night, reached, seen, things, well};
use crate::ferry::{Came, Ferry};
use crate::readers::python;
use crate::services::{BUCKET, variable};
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;

const ROWS: &str = "1,10\n2,20\n";
const DAY: &str = "2026-11-20";

/// Every file of the security store is whole: each that is JSON can be read, and each page has its end.
fn are_whole(ferry: &Ferry, told: &str) -> Vec<String> {
    let files = ferry.files("out/security");
    for file in &files {
        let text = ferry.read(&format!("out/security/{file}"));
        let is_whole = match file.rsplit_once('.') {
            Some((_, "json")) => serde_json::from_str::<Value>(&text).is_ok(),
            Some((_, "html")) => text.trim_end().ends_with("</html>"),
            _ => !text.is_empty(),
        };
        assert!(is_whole, "{told}: {file}");
    }
    files
}

/// What a night leaves beside its tables, in order: that it began; its papers, before it is published; what it came to and its page;
/// its papers once more; that it ended.
const LEFT: [(&str, u64); 10] = [
    ("report", 1),
    ("paper", 1),
    ("paper", 2),
    ("paper", 3),
    ("report", 2),
    ("report", 3),
    ("paper", 4),
    ("paper", 5),
    ("paper", 6),
    ("report", 4),
];

#[test]
fn events_reports_and_papers_of_a_night_that_is_killed_between_them_are_whole_or_not_there() {
    let project = || {
        let ferry = things(ROWS);
        let text = ferry.read(ENVIRONMENT) + "\n[lineage]\nstore = true\n";
        ferry.write(ENVIRONMENT, text.as_bytes());
        ferry
    };
    let ferry = project();
    let reached = reached(&ferry, night(&ferry, DAY));
    for (kind, times) in [("report", 4), ("paper", 6)] {
        assert_eq!(reached.get(&format!("store.put.{kind}:before")), Some(&times), "{reached:?}");
    }
    let kept = |files: &[String]| {
        let of = |folder: &str| files.iter().filter(|file| file.starts_with(folder)).count();
        [of("lineage/"), of("reports/"), of("papers/")]
    };
    assert_eq!(kept(&are_whole(&ferry, "undisturbed")), [2, 2, 3]);
    for side in ["before", "after"] {
        for (place, (kind, nth)) in LEFT.iter().enumerate() {
            let armed = format!("store.put.{kind}:{side}:{nth}");
            let ferry = project();
            killed(night(&ferry, DAY), &armed);
            let done = if side == "before" { place } else { place + 1 };
            let before = kept(&are_whole(&ferry, &armed));
            let expected = [usize::from(done > 0) + usize::from(done > 9), done.clamp(4, 6) - 4, done.clamp(1, 4) - 1];
            assert_eq!(before, expected, "{armed}");
            // The record lies between the third paper and the report.
            let is_published = place > 3;
            assert_eq!(ferry.is_published("out/warehouse/thing"), is_published, "{armed}");
            well(night(&ferry, DAY), &armed);
            // Of a night that was published before, the next run has no rows to write a paper of.
            let after = kept(&are_whole(&ferry, &armed));
            let papers = if is_published { 3 } else { before[2] + 3 };
            assert!(after[0] >= before[0] + 2, "{armed}: {before:?}, then {after:?}");
            assert_eq!([after[1], after[2]], [before[1] + 2, papers], "{armed}: {before:?}, then {after:?}");
            assert_eq!(ferry.files("out/warehouse/thing/_delta_log").len(), 1, "{armed}: one version");
            if place + 1 == LEFT.len() {
                assert_eq!(seen(&ferry, &["warehouse"]), [(0, csv(ROWS))], "{armed}");
            }
        }
    }
}

/// The run that the one version of the table names, and the papers of that run: as JSON, and the two pages.
fn papers_of_what_is_published(ferry: &Ferry, told: &str) -> (Value, [String; 2]) {
    let versions = ended(ferry.command(&["table", "versions", "warehouse/thing", "--json"]));
    let versions: Value = serde_json::from_str(&versions.out).expect("JSON");
    let versions = versions["versions"].as_array().expect("versions");
    assert_eq!(versions.len(), 1, "{told}");
    let run = versions[0]["run"].as_str().expect("a run");
    let paper = |ending: &str| ferry.read(&format!("out/security/papers/things/{run}.{ending}"));
    let json: Value = serde_json::from_str(&paper("privacy.json")).expect("JSON");
    assert_eq!(json["run"]["run"], run, "{told}");
    (json, [paper("dpia.md"), paper("article30.md")])
}

#[test]
fn what_is_published_has_its_papers_wherever_its_run_was_killed() {
    // Whether the killed run is the one that published it, and whether its papers know how it ended.
    for (armed, papers, is_ended) in [
        ("store.put.paper:before:1", 3, true),
        ("store.put.paper:after:3", 6, true),
        ("store.put.record:before:1", 6, true),
        ("store.put.record:after:1", 3, false),
        ("store.put.log:before:1", 3, false),
        ("store.put.runs:after:1", 3, false),
        ("store.put.report:before:1", 3, false),
        ("store.put.paper:before:4", 3, false),
        ("store.put.paper:after:6", 3, true),
    ] {
        let ferry = things(ROWS);
        killed(night(&ferry, DAY), armed);
        well(night(&ferry, DAY), armed);
        let (json, [dpia, article30]) = papers_of_what_is_published(&ferry, armed);
        assert_eq!(ferry.files("out/security/papers").len(), papers, "{armed}");
        let store = &json["datasets"][0]["stores"][0];
        assert_eq!((&store["name"], &store["rows_written"]), (&"warehouse".into(), &2.into()), "{armed}: {json}");
        assert_eq!(store["columns"][1]["found"]["findings"], 0, "{armed}: {json}");
        let (how, said, did) = match is_ended {
            true => (Value::from("published"), "which ended as: published.", "did it on"),
            false => (
                Value::Null,
                "as it was about to publish; it did where the table `nightferry_runs` has it.",
                "was about to do it on",
            ),
        };
        assert_eq!((&json["run"]["outcome"], &store["state"]), (&how, &how), "{armed}: {json}");
        assert!(dpia.contains(said) && article30.contains(did), "{armed}: {dpia}{article30}");
    }
}

#[test]
fn a_page_of_the_nights_that_is_killed_is_not_there_or_whole_and_made_again() {
    let ferry = things(ROWS);
    well(night(&ferry, DAY), "a night");
    let (status, page) = (["status", JOB, "--html"], "out/security/reports/things/nights.html");
    for (side, is_there) in [("before", false), ("after", true)] {
        let armed = format!("store.put.report:{side}:1");
        killed(ferry.command(&status), &armed);
        are_whole(&ferry, &armed);
        assert_eq!(ferry.path(page).exists(), is_there, "{armed}");
        well(ferry.command(&status), &armed);
        assert!(ferry.read(page).contains(DAY), "{armed}");
        std::fs::remove_file(ferry.path(page)).expect("removed");
    }
}

#[test]
fn a_file_of_diff_that_is_killed_at_its_end_has_its_name_where_it_is_whole_and_the_next_one_writes_it() {
    let ferry = Ferry::empty();
    ferry.write("left.csv", b"id,amount\n1,10\n2,20\n3,30\n");
    ferry.write("right.csv", b"id,amount\n1,10\n2,21\n3,31\n");
    let given = ferry.files("");
    for (option, name) in [("--out", "rows.parquet"), ("--html", "diff.html")] {
        let diff = || ferry.command(&["diff", "left.csv", "right.csv", "--key", "id", option, name]);
        for side in ["before", "after"] {
            let armed = format!("{option} file.sync:{side}:1");
            killed(diff(), &format!("file.sync:{side}:1"));
            assert!(!ferry.path(name).exists(), "{armed}: it may be half of one after a power cut");
            let left = ferry.files("");
            let beside = format!(".{name}.nightferry-");
            let is_one = left.len() == given.len() + 1 && left.iter().any(|file| file.starts_with(&beside));
            assert!(is_one, "{armed}: {left:?}");
            let made = ended(diff());
            assert_eq!(made.code, 1, "{armed}: two rows differ: {}", made.err);
            let mut expected = [given.as_slice(), &[name.to_owned()]].concat();
            expected.sort();
            assert_eq!(ferry.files(""), expected, "{armed}: what was left is gone");
            match option {
                "--html" => assert!(ferry.read(name).trim_end().ends_with("</html>"), "{armed}"),
                _ => {
                    let count = "import sys, duckdb; print(len(duckdb.read_parquet(sys.argv[1]).fetchall()))";
                    let rows = python(&["-c", count, &ferry.path(name).to_string_lossy()]);
                    assert_eq!(rows.trim(), "4", "{armed}: both sides of each");
                }
            }
            // It is somebody's now.
            let whole = std::fs::read(ferry.path(name)).expect("what was written");
            let again = ended(diff());
            assert!(again.code == 2 && again.err.contains("is there already"), "{armed}: {} {}", again.code, again.err);
            assert!(std::fs::read(ferry.path(name)).expect("the same") == whole, "{armed}");
            std::fs::remove_file(ferry.path(name)).expect("removed");
        }
    }
    // One who comes meanwhile is not written over.
    let held = ferry.path("held");
    let pause = format!("file.sync:after:{}", held.display());
    let mut slow = ferry.command(&["diff", "left.csv", "right.csv", "--key", "id", "--out", "rows.parquet"]);
    slow.env("NIGHTFERRY_PAUSE", pause).stdout(Stdio::piped()).stderr(Stdio::piped());
    let slow = slow.spawn().expect("it starts");
    while !held.exists() {
        std::thread::sleep(Duration::from_millis(20));
    }
    ferry.write("rows.parquet", b"somebody's");
    std::fs::remove_file(held).expect("let go");
    let slow = Came::of(&slow.wait_with_output().expect("it ends"));
    assert!(slow.code == 51 && slow.err.contains("cannot be written"), "{} {}", slow.code, slow.err);
    assert_eq!(ferry.read("rows.parquet"), "somebody's");
    assert_eq!(ferry.files("").len(), given.len() + 1);
}

#[test]
fn doctor_that_is_killed_anywhere_leaves_a_probe_at_most_and_finds_the_same_again() {
    let ferry = things(ROWS);
    let (own, endpoint) = (uuid::Uuid::now_v7(), variable("NIGHTFERRY_S3_ENDPOINT"));
    let place = format!("url = \"s3://{BUCKET}/{own}\"\nregion = \"eu-west-2\"\nendpoint = \"{endpoint}\"");
    ferry.edit(ENVIRONMENT, ALONE, &format!("{place}\nsecond = \"out/second\""));
    let doctor = || ferry.command(&["doctor", "--json"]);
    let (undisturbed, reached) = counted(&ferry, doctor());
    assert!(matches!(undisturbed.code, 0 | 1), "{}", undisturbed.err);
    assert_eq!(ferry.files("out"), Vec::<String>::new(), "every probe is taken back");
    let mut kills = 0;
    for (place, times) in &reached {
        // The last of a place is that of the store in a cloud, or behind it.
        for nth in BTreeSet::from([times.div_ceil(2), *times]) {
            let armed = format!("{place}:{nth}");
            let there = ferry.files("out").len();
            killed(doctor(), &armed);
            let left = ferry.files("out");
            assert!(left.len() <= there + 1, "{armed}: {left:?}");
            assert!(left.iter().all(|file| file.contains("/_nightferry/probe-")), "{armed}: {left:?}");
            let again = ended(doctor());
            assert_eq!((again.code, &again.out), (undisturbed.code, &undisturbed.out), "{armed}");
            assert_eq!(ferry.files("out"), left, "{armed}");
            kills += 1;
        }
    }
    println!("{kills} kills of doctor ({} places)", reached.len());
    for place in [
        "store.put.probe:before",
        "store.get:before",
        "store.list:before",
        "store.delete:before",
        "store.delete_nothing:before",
        "store.ask:before",
    ] {
        assert!(reached.contains_key(place), "{place}: {reached:?}");
    }
    // No night minds what is left.
    well(night(&ferry, DAY), "a night behind all of it");
    well(ferry.command(&["table", "compare", "warehouse/thing"]), "the same in both clouds");
    assert_eq!(seen(&ferry, &["second"]), [(0, csv(ROWS))]);
}
