//! `schedule`, killed before and after each look and each write by which the turn of a night is taken, kept, given back and told: the
//! night is run once, and who was killed loses the turn when the lease is over and not before.

use super::{JOB, csv, killed, seen, things};
use crate::ferry::Ferry;
use crate::schedule::due_two_hours_ago;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use std::time::{Duration, Instant};

const SECURITY: &str = "out/security";
const TURNS: &str = "out/security/_schedule/things";
const ROWS: &str = "1,10\n2,20\n";

/// Where it is killed, how long a turn is anybody's, and what is there then: claims, and whether the night was begun. Of a night that was
/// begun the process goes on by itself, and who waits for the one that was killed waits for that one too.
const KILLS: [(&str, &str, usize, bool); 10] = [
    ("store.list:before:1", "1h", 0, false),
    ("store.list:after:1", "1h", 0, false),
    ("store.list:before:2", "1h", 0, false),
    ("store.list:after:2", "1h", 0, false),
    // The claim.
    ("store.put.lease:before:1", "1h", 0, false),
    ("store.put.lease:after:1", "2s", 1, false),
    // That it is kept, with the night under way.
    ("store.put.lease:before:2", "1h", 1, true),
    ("store.put.lease:after:2", "1h", 1, true),
    // That it is given back.
    ("store.put.lease:before:3", "1h", 1, true),
    ("store.put.lease:after:3", "1h", 1, true),
];

/// Files of claims, as they are named: a number of five digits.
fn claims(ferry: &Ferry) -> Vec<String> {
    let is_claim = |file: &String| file.split('/').nth(1).is_some_and(|file| file.len() == "00000.json".len());
    ferry.files(TURNS).into_iter().filter(is_claim).collect()
}

fn moment(ferry: &Ferry, file: &str, word: &str) -> DateTime<Utc> {
    let said: Value = serde_json::from_str(&ferry.read(&format!("{TURNS}/{file}"))).expect("JSON");
    said[word].as_str().and_then(|at| at.parse().ok()).expect("a moment")
}

#[test]
fn a_schedule_that_is_killed_around_its_turn_leaves_a_night_that_is_run_once() {
    for (armed, lease, claimed, is_begun) in KILLS {
        let ferry = things(ROWS);
        due_two_hours_ago(&ferry, JOB, SECURITY, "things");
        let once = ["schedule", JOB, "--once", "--lease", lease];
        killed(ferry.command(&once), armed);
        let is_published = || ferry.is_published("out/warehouse/thing");
        assert_eq!((claims(&ferry).len(), is_published()), (claimed, is_begun), "{armed}");
        let since = Instant::now();
        loop {
            let came = ferry.run(&once);
            assert_eq!(came.code, 0, "{armed}: {}{}", came.out, came.err);
            if is_published() {
                break;
            }
            assert!(came.out.contains("0 nights run") && since.elapsed() < Duration::from_secs(60), "{armed}");
            std::thread::sleep(Duration::from_millis(100));
        }
        // A night that is published is nobody's turn any more, however long it was to be somebody's.
        let (claims, again) = (claims(&ferry), ferry.run(&once));
        assert!(again.code == 0 && again.out.contains("0 nights run"), "{armed}: {}{}", again.out, again.err);
        assert_eq!(claims.len(), if is_begun { 1 } else { claimed + 1 }, "{armed}: {claims:?}");
        if let [first, second] = claims.as_slice() {
            // Nobody came back to say more of the first.
            let (until, taken) = (moment(&ferry, first, "until"), moment(&ferry, second, "at"));
            assert!(taken >= until, "{armed}: taken over {taken}, theirs until {until}");
        }
        assert_eq!(ferry.files(&format!("{SECURITY}/_jobs/things")).len(), 1, "{armed}: one night");
        assert_eq!(seen(&ferry, &["warehouse"]), [(0, csv(ROWS))], "{armed}");
    }
}

#[test]
fn since_when_a_job_is_watched_is_said_once_wherever_the_first_schedule_is_killed() {
    let ferry = things(ROWS);
    due_two_hours_ago(&ferry, JOB, SECURITY, "things");
    let since = format!("{TURNS}/since.json");
    std::fs::remove_file(ferry.path(&since)).expect("removed");
    let once = ["schedule", JOB, "--once"];
    killed(ferry.command(&once), "store.put.lease:before:1");
    assert!(!ferry.path(&since).exists());
    killed(ferry.command(&once), "store.put.lease:after:1");
    let first = ferry.read(&since);
    assert!(moment(&ferry, "since.json", "since") <= Utc::now());
    let came = ferry.run(&once);
    assert!(came.code == 0 && came.out.contains("0 nights run"), "nothing was due since: {}{}", came.out, came.err);
    assert_eq!((ferry.read(&since), claims(&ferry).len()), (first, 0));
}

#[test]
fn that_a_night_is_late_is_told_once_at_most_wherever_the_schedule_is_killed() {
    // Who was killed behind the word that it is theirs to tell has told nobody, and nobody else will.
    for (side, told) in [("before", 1), ("after", 0)] {
        let ferry = things(ROWS);
        due_two_hours_ago(&ferry, JOB, SECURITY, "things");
        let deadline = (Utc::now() - TimeDelta::hours(1)).format("deadline = \"%H:%M\"\nmissed = \"none\"").to_string();
        ferry.edit(JOB, "time_zone = \"UTC\"\n", &format!("time_zone = \"UTC\"\n{deadline}\n"));
        let once = ["schedule", JOB, "--once"];
        let came = killed(ferry.command(&once), &format!("store.put.lease:{side}:1"));
        assert!(!came.err.contains("not published by its deadline"), "{side}: {}", came.err);
        let times = || ferry.run(&once).err.matches("not published by its deadline").count();
        assert_eq!([times(), times()], [told, 0], "{side}");
        let words = ferry.files(TURNS).into_iter().filter(|file| file.ends_with("told-late.json")).count();
        assert_eq!(words, 1, "{side}");
    }
}
