//! A night of the real binary, killed with -9 at a hundred places and more: before and after every class of store call, at up to
//! twelve of the times that it is reached. Each time from the same state; then the night is run again, and what both clouds have is
//! held against the file that it was read from, by us and (of every tenth) by deltalake and DuckDB.
//!
//! Over folders, so that it costs a fraction of a second each; `kills.rs` does the same over real servers, at fewer places.

use crate::ferry::{Ferry, copy};
use crate::readers::python;
use nightferry::access::{Folder, Purpose, open};
use nightferry::job::Location;
use nightferry::store::rows_of_table;
use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

/// Of one place, killed at so many of the times that it is reached, at most.
const TIMES_MAX: u64 = 12;
/// In a soak each place has so many kills at least, at every one of the times that it is reached, and then again.
const SOAKED_MIN: u64 = 40;
const JOB: &str = "jobs/things.toml";
const EXTRACT: &str = "in/app.thing.csv";
const ROWS: &str = "id,amount\n1,10\n2,20\n3,30\n4,40\n5,50\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_kills_leave_one_new_version_that_is_whole_in_both_clouds() {
    let amount = "amount = { type = \"integer\", class = \"open\" }";
    let ferry = Ferry::of_one_file("app.thing.csv", b"id,amount\n1,10\n", amount, "");
    let (from, to) = ("url = \"out/warehouse\"", "url = \"out/warehouse\"\nsecond = \"out/second\"");
    ferry.edit("jobs/environments/dev.toml", from, to);
    let reached_first = reached(&ferry, "2026-11-20");
    copy(&ferry.path("out"), &ferry.path("before"));
    ferry.write(EXTRACT, ROWS.as_bytes());
    let reached = reached(&ferry, "2026-11-21");
    assert!(reached_first.contains_key("store.put.stamp:before"), "{reached_first:?}");

    let is_soak = std::env::var_os("NIGHTFERRY_SOAK").is_some();
    let (mut kills, began) = (0, std::time::Instant::now());
    for (place, times) in &reached {
        let soaked = || (0..SOAKED_MIN.max(*times)).map(|nth| 1 + nth % times).collect();
        for nth in if is_soak { soaked() } else { spread(*times, TIMES_MAX) } {
            std::fs::remove_dir_all(ferry.path("out")).expect("removed");
            copy(&ferry.path("before"), &ferry.path("out"));
            let armed = format!("{place}:{nth}");
            let killed = run(&ferry, "2026-11-21").env("NIGHTFERRY_KILL", &armed).output().expect("it starts");
            assert_eq!(killed.status.signal(), Some(9), "{armed} (is the feature `failpoints` on?)");
            let again = run(&ferry, "2026-11-21").output().expect("it starts");
            assert!(again.status.success(), "{armed}: {}", String::from_utf8_lossy(&again.stderr));
            is_whole(&ferry, &armed, kills % 10 == 0).await;
            kills += 1;
        }
    }
    if is_soak {
        assert!(kills >= SOAKED_MIN * reached.len() as u64, "{kills} kills at {} places", reached.len());
    }
    println!("{kills} failpoints hit ({} places), 0 violations, {:.0} s", reached.len(), began.elapsed().as_secs_f64());
    assert!(kills >= 100 && reached.len() >= 28, "{kills} kills at {} places: {reached:?}", reached.len());
}

fn run(ferry: &Ferry, day: &str) -> std::process::Command {
    ferry.command(&["run", JOB, "--date", day, "--progress", "none"])
}

/// Runs a night, and counts how often each place is reached.
fn reached(ferry: &Ferry, day: &str) -> BTreeMap<String, u64> {
    let counts = ferry.path("counts");
    let ended = run(ferry, day).env("NIGHTFERRY_KILL_COUNTS", &counts).output().expect("it starts");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let mut reached = BTreeMap::new();
    for line in std::fs::read_to_string(&counts).expect("counts (is the feature `failpoints` on?)").lines() {
        *reached.entry(line.to_owned()).or_default() += 1;
    }
    std::fs::remove_file(counts).expect("removed");
    reached
}

/// At most `most` of the numbers 1 to `times`, the first and the last among them.
fn spread(times: u64, most: u64) -> Vec<u64> {
    if times <= most {
        return (1..=times).collect();
    }
    (0..most).map(|nth| 1 + nth * (times - 1) / (most - 1)).collect()
}

/// Two versions, the newer with what the file has, the same in both clouds.
async fn is_whole(ferry: &Ferry, armed: &str, by_others: bool) {
    for cloud in ["warehouse", "second"] {
        let root = ferry.path(&format!("out/{cloud}"));
        let rows = rows_of_table(&folder(&root), "thing").await.expect("rows");
        assert_eq!(rows, ROWS, "{armed}: {cloud}");
        let runs = rows_of_table(&folder(&root), "nightferry_runs").await.expect("rows");
        assert_eq!(runs.lines().count(), 3, "{armed}: one row a night in {cloud}: {runs}");
        let entries = ferry.files(&format!("out/{cloud}/thing/_delta_log"));
        assert_eq!(entries.len(), 2, "{armed}: {cloud}: {entries:?}");
        if by_others {
            let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/versions.py");
            let seen = python(&[script, &root.join("thing").to_string_lossy(), "amount"]);
            assert_eq!(seen.lines().collect::<Vec<_>>(), ["0 1 10", "1 5 150"], "{armed}: {cloud}");
        }
    }
    for verb in ["verify", "compare"] {
        let looked = ferry.run(&["table", verb, "warehouse/thing"]);
        assert_eq!(looked.code, 0, "{armed}: {verb}: {}{}", looked.out, looked.err);
    }
}

fn folder(path: &Path) -> Folder {
    let location = Location { url: path.to_string_lossy().into_owned(), region: None, endpoint: None, ca: None };
    open(&location, Path::new("."), "a folder", Purpose::Read).expect("a folder")
}
