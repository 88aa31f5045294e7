//! The checkpoint of a log's hundredth version, killed before and after each of its two writes in both clouds; and a second cloud that
//! begins with a log which was shortened to there.

use super::{
    ALONE, BOTH, CLOUDS, ENVIRONMENT, csv, ended, extract, is_the_same_in_both, killed, night, reached, seen, things,
    well,
};
use crate::ferry::Ferry;
use crate::readers::python;
use chrono::{Days, NaiveDate};
use std::process::Command;

/// The first version of a log that is to have a checkpoint.
const DUE: u64 = 100;
/// Four logs: the table's and that of the runs, in each cloud.
const LOGS: u64 = 4;

/// A night whose only row says which one it is.
fn nth_night(ferry: &Ferry, nth: u64) -> Command {
    extract(ferry, &format!("1,{nth}\n"));
    let day = NaiveDate::from_ymd_opt(2026, 4, 1).expect("a day") + Days::new(nth);
    night(ferry, &day.to_string())
}

fn shows(nth: u64) -> (u64, String) {
    (nth, csv(&format!("1,{nth}\n")))
}

/// A table in one cloud whose next version is the hundredth.
fn a_hundred_nights() -> Ferry {
    let ferry = things("");
    for nth in 0..DUE {
        well(nth_night(&ferry, nth), "a night before");
    }
    ferry
}

/// Files of all logs that are a checkpoint, and that name one.
fn checkpoints(ferry: &Ferry) -> [Vec<String>; 2] {
    ["00000000000000000100.checkpoint.parquet", "_last_checkpoint"].map(|name| {
        let files = ferry.files("out").into_iter().filter(|file| file.ends_with(name));
        files.map(|file| format!("out/{file}")).collect()
    })
}

#[test]
fn a_checkpoint_that_is_killed_at_either_write_is_written_by_the_next_run_and_every_version_is_read() {
    let ferry = a_hundred_nights();
    ferry.edit(ENVIRONMENT, ALONE, BOTH);
    // How many of both are there behind the nth time, less than n.
    for (place, lacking) in [
        ("store.put.checkpoint:before", [1_u64, 1]),
        ("store.put.checkpoint:after", [0, 1]),
        ("store.put.hint:before", [0, 1]),
        ("store.put.hint:after", [0, 0]),
    ] {
        for nth in 1..=LOGS {
            let armed = format!("{place}:{nth}");
            // The first kill meets the night itself, the others a night that is published and has lost its checkpoints.
            for file in checkpoints(&ferry).iter().flatten() {
                std::fs::remove_file(ferry.path(file)).expect("removed");
            }
            killed(nth_night(&ferry, DUE), &armed);
            let there = checkpoints(&ferry).map(|files| files.len() as u64);
            assert_eq!(there, lacking.map(|less| nth - less), "{armed}");
            // The first of the two logs of a cloud is that of the runs. One that nobody names is met by readers all the same.
            if nth.is_multiple_of(2) && lacking == [0, 1] {
                assert_eq!(seen(&ferry, &CLOUDS), [shows(DUE), shows(DUE)], "{armed}");
            }
            well(nth_night(&ferry, DUE), &armed);
            assert_eq!(checkpoints(&ferry).map(|files| files.len() as u64), [LOGS; 2], "{armed}");
        }
    }
    is_the_same_in_both(&ferry, "after all kills");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/versions.py");
    let versions = python(&[script, &ferry.path("out/warehouse/thing").to_string_lossy(), "amount"]);
    let expected: Vec<String> = (0..=DUE).map(|nth| format!("{nth} 1 {nth}")).collect();
    assert_eq!(versions.lines().collect::<Vec<_>>(), expected);
    // All that a reader needs of what came before is in the checkpoint.
    for cloud in CLOUDS {
        for nth in 0..DUE {
            let entry = format!("out/{cloud}/thing/_delta_log/{nth:020}.json");
            std::fs::remove_file(ferry.path(&entry)).expect("removed");
        }
    }
    assert_eq!(seen(&ferry, &CLOUDS), [shows(DUE), shows(DUE)]);
}

#[test]
fn a_second_cloud_that_begins_with_a_shortened_log_shows_whole_nights_wherever_it_is_killed() {
    let ferry = a_hundred_nights();
    for nth in [DUE, DUE + 1] {
        well(nth_night(&ferry, nth), "a night before");
    }
    let mut gc = ferry.command(&["table", "gc", "warehouse/thing", "--apply"]);
    gc.env("NIGHTFERRY_DAYS_AHEAD", "40");
    let came = ended(gc);
    assert!(came.code == 0 && came.out.contains("its log begins at version 100"), "{}{}", came.out, came.err);
    // The runs are carried once, and the table's folder is lost again and again.
    ferry.edit(ENVIRONMENT, ALONE, BOTH);
    let last = || nth_night(&ferry, DUE + 1);
    well(last(), "the second cloud is new");
    let lose = || std::fs::remove_dir_all(ferry.path("out/second/thing")).expect("removed");
    lose();
    let reached = reached(&ferry, last());
    let is_there = |place: &str| place.starts_with("store.second.") || place.starts_with("store.put.hint");
    let mut kills = 0;
    for (place, times) in reached.iter().filter(|(place, _)| is_there(place)) {
        for nth in 1..=*times {
            let armed = format!("{place}:{nth}");
            lose();
            killed(last(), &armed);
            let log = ferry.files("out/second/thing/_delta_log");
            let is_readable = log.iter().any(|file| file.ends_with(".checkpoint.parquet") || file.ends_with(".json"));
            if is_readable && (place.contains(".log:") || place.contains(".hint:")) {
                let of = seen(&ferry, &["second"]).remove(0);
                assert!([shows(DUE), shows(DUE + 1)].contains(&of), "{armed}: {of:?}");
            }
            well(last(), &armed);
            is_the_same_in_both(&ferry, &armed);
            kills += 1;
        }
    }
    println!("{kills} kills of a second cloud that begins with a shortened log");
    // The word that it was shortened, the checkpoint, and both entries.
    assert_eq!(reached.get("store.second.log:before"), Some(&4), "{reached:?}");
    assert_eq!(seen(&ferry, &CLOUDS), [shows(DUE + 1), shows(DUE + 1)]);
}
