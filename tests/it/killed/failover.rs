//! `table failover`, killed before and after every call that it makes: each cloud has the old epoch or the new one and nothing between,
//! saying it again ends it, and whoever still writes with the environment of before is refused from the first cloud that was raised.

use super::{
    BOTH, CLOUDS, ENVIRONMENT, OVER, afresh, csv, ended, extract, is_the_same_in_both, killed, night, reached, seen,
    things, well,
};
use crate::ferry::{Came, Ferry, copy};
use crate::five::rows;
use serde_json::{Value, json};
use std::process::Command;

const BEFORE: &str = "1,10\n";
/// What the old side publishes where it still may, and the new side.
const OLD: &str = "1,10\n2,20\n";
const NEW: &str = "3,30\n";

fn raise(ferry: &Ferry) -> Command {
    ferry.command(&["table", "failover", "warehouse", "--epoch", "1", "--reason", "away", "--apply"])
}

/// Whether each cloud is raised, by what lies there: no epoch, or the new one and all of it.
fn raised(ferry: &Ferry, told: &str) -> [bool; 2] {
    CLOUDS.map(|cloud| {
        let folder = format!("out/{cloud}/_nightferry/epochs");
        let files = ferry.files(&folder);
        for file in &files {
            assert_eq!(file, "00000000000000000001.json", "{told}: {cloud}");
            let said: Value = serde_json::from_str(&ferry.read(&format!("{folder}/{file}"))).expect("a whole epoch");
            assert_eq!((&said["epoch"], &said["reason"]), (&json!(1), &json!("away")), "{told}: {cloud}");
        }
        !files.is_empty()
    })
}

fn is_overtaken(came: &Came, told: &str) {
    assert_eq!(came.code, 12, "{told}: {}{}", came.out, came.err);
    assert!(came.endings()[0].starts_with("E-EPOCH-12"), "{told}: {}", came.err);
}

/// What our own reader shows of each cloud.
fn shown(ferry: &Ferry) -> [String; 2] {
    CLOUDS.map(|cloud| rows(&ferry.path(&format!("out/{cloud}")).to_string_lossy(), None, "thing"))
}

#[test]
fn a_failover_that_is_killed_anywhere_is_ended_by_saying_it_again_and_the_old_writer_is_refused() {
    let ferry = things(BEFORE);
    ferry.edit(ENVIRONMENT, super::ALONE, BOTH);
    well(night(&ferry, "2026-11-20"), "the night before");
    copy(&ferry.path("out"), &ferry.path("before"));
    let environment = ferry.read(ENVIRONMENT);
    let reached = reached(&ferry, raise(&ferry));
    let mut kills = 0;
    for (place, times) in &reached {
        for nth in 1..=*times {
            let armed = format!("{place}:{nth}");
            afresh(&ferry);
            ferry.write(ENVIRONMENT, environment.as_bytes());
            extract(&ferry, OLD);
            killed(raise(&ferry), &armed);
            let is_raised = raised(&ferry, &armed);
            assert!(is_raised != [true, false], "{armed}: the one that takes over goes first");
            // The old side still writes as long as no cloud is raised, and no longer.
            let old = ended(night(&ferry, "2026-11-21"));
            let shows = if is_raised == [false, false] {
                assert_eq!(old.code, 0, "{armed}: {}", old.err);
                OLD
            } else {
                is_overtaken(&old, &armed);
                BEFORE
            };
            assert_eq!(shown(&ferry), [csv(shows), csv(shows)], "{armed}");
            well(raise(&ferry), &armed);
            assert_eq!(raised(&ferry, &armed), [true, true], "{armed}");
            is_overtaken(&ended(night(&ferry, "2026-11-22")), &armed);
            assert_eq!(shown(&ferry), [csv(shows), csv(shows)], "{armed}");
            // And the new side goes on behind what was published.
            ferry.edit(ENVIRONMENT, BOTH, OVER);
            extract(&ferry, NEW);
            well(night(&ferry, "2026-11-23"), &armed);
            is_the_same_in_both(&ferry, &armed);
            let version = if shows == OLD { 2 } else { 1 };
            if place.starts_with("store.put.epoch") {
                assert_eq!(seen(&ferry, &CLOUDS), [(version, csv(NEW)), (version, csv(NEW))], "{armed}");
            } else {
                assert_eq!(shown(&ferry), [csv(NEW), csv(NEW)], "{armed}");
            }
            kills += 1;
        }
    }
    println!("{kills} kills of a failover ({} places)", reached.len());
    for place in ["store.put.epoch:before", "store.put.epoch:after"] {
        assert_eq!(reached.get(place), Some(&2), "each cloud is raised: {reached:?}");
    }
}
