//! What is kept beside the tables, and verbs that write none, killed before and after each call: what is there is whole or not there, and
//! saying it again does what was asked.

use super::{ALONE, ENVIRONMENT, JOB, counted, csv, ended, killed, night, reached, seen, things, well};
use crate::ferry::Ferry;
use crate::readers::python;
use crate::services::{BUCKET, variable};
use serde_json::Value;
use std::collections::BTreeSet;

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
    // The beginning and the end of a run, what it came to and its page, and three papers.
    assert_eq!(reached.get("store.put.report:before"), Some(&7), "{reached:?}");
    let kept = |files: &[String]| {
        let of = |folder: &str| files.iter().filter(|file| file.starts_with(folder)).count();
        [of("lineage/"), of("reports/"), of("papers/")]
    };
    assert_eq!(kept(&are_whole(&ferry, "undisturbed")), [2, 2, 3]);
    for side in ["before", "after"] {
        for nth in 1..=7 {
            let armed = format!("store.put.report:{side}:{nth}");
            let ferry = project();
            killed(night(&ferry, DAY), &armed);
            let before = kept(&are_whole(&ferry, &armed));
            assert_eq!(before.iter().sum::<usize>(), if side == "before" { nth - 1 } else { nth }, "{armed}");
            well(night(&ferry, DAY), &armed);
            // Of a night that was published before, the next run has no rows to write a paper of.
            let after = kept(&are_whole(&ferry, &armed));
            assert!(after[0] >= before[0] + 2 && after[1] == before[1] + 2, "{armed}: {before:?}, then {after:?}");
            assert_eq!(ferry.files("out/warehouse/thing/_delta_log").len(), 1, "{armed}: one version");
            if nth == 7 {
                assert_eq!(seen(&ferry, &["warehouse"]), [(0, csv(ROWS))], "{armed}");
            }
        }
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
fn a_file_of_differing_rows_that_is_killed_at_its_end_is_written_over_by_nobody() {
    let ferry = Ferry::empty();
    ferry.write("left.csv", b"id,amount\n1,10\n2,20\n3,30\n");
    ferry.write("right.csv", b"id,amount\n1,10\n2,21\n3,31\n");
    let diff = || ferry.command(&["diff", "left.csv", "right.csv", "--key", "id", "--out", "rows.parquet"]);
    for side in ["before", "after"] {
        let armed = format!("file.sync:{side}:1");
        killed(diff(), &armed);
        let left = std::fs::read(ferry.path("rows.parquet")).expect("what was written");
        // It may be half of one after a power cut; whoever asks again is told, and decides.
        let again = ended(diff());
        assert!(again.code == 2 && again.err.contains("is there already"), "{armed}: {} {}", again.code, again.err);
        assert!(std::fs::read(ferry.path("rows.parquet")).expect("the same") == left, "{armed}");
        std::fs::remove_file(ferry.path("rows.parquet")).expect("removed");
        let made = ended(diff());
        assert_eq!(made.code, 1, "{armed}: two rows differ: {}", made.err);
        let count = "import sys, duckdb; print(len(duckdb.read_parquet(sys.argv[1]).fetchall()))";
        let rows = python(&["-c", count, &ferry.path("rows.parquet").to_string_lossy()]);
        assert_eq!(rows.trim(), "4", "{armed}: both sides of each");
        std::fs::remove_file(ferry.path("rows.parquet")).expect("removed");
    }
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
