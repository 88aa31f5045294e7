//! A night of the real binary, killed with -9 at a hundred places and more: before and after every class of store call, at up to
//! twelve of the times that it is reached. Each time from the same state; then the night is run again, and what both clouds have is
//! held against the file that it was read from, by us and (of every tenth) by deltalake and DuckDB.
//!
//! Over folders, so that it costs a fraction of a second each; `kills.rs` does the same over real servers, at fewer places.

use crate::ferry::{Came, Ferry, copy};
use crate::five::{Befallen, PERSON, rows};
use crate::readers::python;
use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;

/// Of one place, killed at so many of the times that it is reached, at most.
const TIMES_MAX: u64 = 12;
/// In a soak each place has so many kills at least, at every one of the times that it is reached, and then again.
const SOAKED_MIN: u64 = 40;
const JOB: &str = "jobs/things.toml";
const EXTRACT: &str = "in/app.thing.csv";
const BEFORE: &str = "id,amount\n1,10\n";
const ROWS: &str = "id,amount\n1,10\n2,20\n3,30\n4,40\n5,50\n";

#[test]
fn a_hundred_kills_leave_one_new_version_that_is_whole_in_both_clouds() {
    let columns = "amount = { type = \"integer\", class = \"open\" }\n\
        name = { type = \"text\", class = \"personal\", kind = \"person_name\", treat = { analytics = \"drop\" } }";
    let ferry = Ferry::of_one_file("app.thing.csv", extract(BEFORE).as_bytes(), columns, "");
    let (from, to) = ("url = \"out/warehouse\"", "url = \"out/warehouse\"\nsecond = \"out/second\"");
    ferry.edit("jobs/environments/dev.toml", from, to);
    let reached_first = reached(&ferry, "2026-11-20");
    copy(&ferry.path("out"), &ferry.path("before"));
    ferry.write(EXTRACT, extract(ROWS).as_bytes());
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
            is_whole(&ferry, &Came::of(&killed), &armed, kills % 10 == 0);
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

/// The five things, and two versions, the same in both clouds.
fn is_whole(ferry: &Ferry, killed: &Came, armed: &str, by_others: bool) {
    let clouds = ["warehouse", "second"].map(|cloud| ferry.path(&format!("out/{cloud}")));
    let of = |table: &str| clouds.iter().map(|root| rows(&root.to_string_lossy(), None, table)).collect::<Vec<_>>();
    let befallen = Befallen {
        ferry,
        before: BEFORE.to_owned(),
        after: ROWS.to_owned(),
        rows_of_runs: 2,
        shown: &|| of("thing"),
        runs: &|| of("nightferry_runs"),
        run: &|arguments| ferry.run(arguments),
        again: &["run", JOB, "--date", "2026-11-21", "--progress", "none"],
        tables: &["thing"],
    };
    befallen.five(killed, &[""], || {});
    for root in &clouds {
        let log = root.strip_prefix(ferry.root()).expect("below").join("thing/_delta_log");
        let entries = ferry.files(&log.to_string_lossy());
        assert_eq!(entries.len(), 2, "{armed}: {entries:?}");
        if by_others {
            let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/versions.py");
            let seen = python(&[script, &root.join("thing").to_string_lossy(), "amount"]);
            assert_eq!(seen.lines().collect::<Vec<_>>(), ["0 1 10", "1 5 150"], "{armed}: {}", root.display());
        }
    }
    let looked = ferry.run(&["table", "compare", "warehouse/thing"]);
    assert_eq!(looked.code, 0, "{armed}: {}{}", looked.out, looked.err);
}

/// The CSV whose rows a table shows as `shown`: somebody is in every row.
fn extract(shown: &str) -> String {
    let row = |line: &str| format!("{line},{}\n", if line.starts_with("id") { "name" } else { PERSON });
    shown.lines().map(row).collect()
}
