//! A second cloud that has to be caught up, killed before and after each write there: a reader finds a whole night whenever it looks, and
//! the next run carries the rest, so that both clouds hold the same.

use super::{
    ALONE, BOTH, CLOUDS, ENVIRONMENT, OVER, afresh, csv, ended, extract, is_the_same_in_both, killed, night, reached,
    seen, things, well,
};
use crate::ferry::{Ferry, copy};
use crate::readers::python;
use std::process::Command;

/// What the source has each night, from the 20th on.
const NIGHTS: [&str; 4] = ["1,10\n", "1,10\n2,20\n", "3,30\n", "4,40\n5,50\n"];
/// Of so many kills one is looked at by other people's readers.
const LOOKED_AT: usize = 8;

fn nth_night(ferry: &Ferry, nth: usize) -> Command {
    extract(ferry, NIGHTS[nth]);
    night(ferry, &format!("2026-11-{}", 20 + nth))
}

/// The last night is about to begin: the second cloud has had the first `carried`, the first has had all since.
fn behind(carried: usize) -> Ferry {
    let ferry = things("");
    ferry.edit(ENVIRONMENT, ALONE, BOTH);
    for nth in 0..3 {
        if nth == carried {
            ferry.edit(ENVIRONMENT, BOTH, ALONE);
        }
        well(nth_night(&ferry, nth), "a night before");
    }
    ferry
}

/// Has the second cloud looked for again, and keeps what there is.
fn is_back(ferry: &Ferry) {
    ferry.edit(ENVIRONMENT, ALONE, BOTH);
    copy(&ferry.path("out"), &ferry.path("before"));
}

#[test]
fn a_second_cloud_that_is_nights_behind_is_caught_up_wherever_it_is_killed() {
    let ferry = behind(1);
    is_back(&ferry);
    let reached = reached(&ferry, nth_night(&ferry, 3));
    let carried: Vec<_> = reached.iter().filter(|(place, _)| place.starts_with("store.second.")).collect();
    // Of each night a part of the table and one of the runs, a manifest, and two entries.
    let times: Vec<u64> = carried.iter().map(|(_, times)| **times).collect();
    assert_eq!(times, [6, 6, 3, 3, 6, 6], "{carried:?}");
    let mut kills = 0;
    for (place, times) in carried {
        for nth in 1..=*times {
            let armed = format!("{place}:{nth}");
            afresh(&ferry);
            killed(nth_night(&ferry, 3), &armed);
            let by_others = kills % LOOKED_AT == 0;
            if by_others {
                let [first, second] = <[_; 2]>::try_from(seen(&ferry, &CLOUDS)).expect("two clouds");
                assert_eq!(first, (3, csv(NIGHTS[3])), "{armed}: it is published before it is carried");
                let of_its_night = csv(NIGHTS[second.0 as usize]);
                assert_eq!(second.1, of_its_night, "{armed}: a whole night, of version {}", second.0);
            }
            well(nth_night(&ferry, 3), &armed);
            is_the_same_in_both(&ferry, &armed);
            for cloud in CLOUDS {
                let versions = ferry.files(&format!("out/{cloud}/thing/_delta_log"));
                assert_eq!(versions.len(), NIGHTS.len(), "{armed}: {cloud}: {versions:?}");
                if by_others {
                    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/versions.py");
                    let table = ferry.path(&format!("out/{cloud}/thing"));
                    let seen = python(&[script, &table.to_string_lossy(), "amount"]);
                    let lines: Vec<&str> = seen.lines().collect();
                    assert_eq!(lines, ["0 1 10", "1 2 30", "2 1 30", "3 2 90"], "{armed}: {cloud}");
                }
            }
            kills += 1;
        }
    }
    println!("{kills} kills of a second cloud that is caught up");
}

#[test]
fn the_lists_of_what_is_gone_are_there_before_a_version_without_its_files() {
    // The second cloud never had a night, and the first has the files of its newest version alone.
    let ferry = behind(0);
    for days in ["40", "80"] {
        let mut gc = ferry.command(&["table", "gc", "warehouse/thing", "--apply"]);
        gc.env("NIGHTFERRY_DAYS_AHEAD", days);
        well(gc, "what is gone");
    }
    is_back(&ferry);
    let lists = |cloud: &str| {
        let folder = format!("out/{cloud}/thing/_gc");
        let files = ferry.files(&folder).into_iter();
        files.map(|file| (ferry.read(&format!("{folder}/{file}")), file)).collect::<Vec<_>>()
    };
    for (armed, is_there) in [
        ("store.second.list:before:1", false),
        ("store.second.list:after:1", true),
        // Behind the runs' entries, the first of the table: it names a file that nobody has.
        ("store.second.manifest:before:1", true),
        ("store.second.log:after:5", true),
    ] {
        afresh(&ferry);
        killed(nth_night(&ferry, 3), armed);
        assert_eq!(!lists("second").is_empty(), is_there, "{armed}");
        well(nth_night(&ferry, 3), armed);
        assert_eq!(lists("second"), lists("warehouse"), "{armed}");
        is_the_same_in_both(&ferry, armed);
        assert_eq!(seen(&ferry, &CLOUDS), [(3, csv(NIGHTS[3])), (3, csv(NIGHTS[3]))], "{armed}");
    }
}

#[test]
fn a_cloud_that_took_no_part_in_a_failover_is_raised_before_anything_is_carried_there() {
    let ferry = things(NIGHTS[0]);
    ferry.edit(ENVIRONMENT, ALONE, BOTH);
    well(nth_night(&ferry, 0), "the night before");
    let words = ["table", "failover", "warehouse", "--epoch", "1", "--reason", "away", "--apply"];
    well(ferry.command(&words), "a failover");
    // As if the cloud that was the first had not answered.
    std::fs::remove_dir_all(ferry.path("out/warehouse/_nightferry/epochs")).expect("removed");
    ferry.edit(ENVIRONMENT, BOTH, OVER);
    copy(&ferry.path("out"), &ferry.path("before"));
    let epochs = || ferry.files("out/warehouse/_nightferry/epochs");
    for (side, is_raised) in [("before", false), ("after", true)] {
        let armed = format!("store.put.epoch:{side}:1");
        afresh(&ferry);
        killed(nth_night(&ferry, 1), &armed);
        assert_eq!(epochs().len(), usize::from(is_raised), "{armed}");
        let [first, second] = [(1_u64, csv(NIGHTS[1])), (0, csv(NIGHTS[0]))];
        assert_eq!(seen(&ferry, &["second", "warehouse"]), [first.clone(), second], "{armed}");
        well(nth_night(&ferry, 1), &armed);
        assert_eq!(epochs(), ["00000000000000000001.json"], "{armed}");
        is_the_same_in_both(&ferry, &armed);
        assert_eq!(seen(&ferry, &CLOUDS), [first.clone(), first], "{armed}");
        // Whoever still takes it for the first is refused there now.
        ferry.edit(ENVIRONMENT, OVER, BOTH);
        let old = ended(nth_night(&ferry, 2));
        assert!(old.code == 12 && old.endings()[0].starts_with("E-EPOCH-12"), "{armed}: {}", old.err);
        ferry.edit(ENVIRONMENT, BOTH, OVER);
    }
}
