//! A night of the real binary, killed with -9 at a hundred places and more: before and after every class of store call, at up to
//! twelve of the times that it is reached. Each time from the same state; then the night is run again, and what both clouds have is
//! held against the file that it was read from, by us and (of every tenth) by deltalake and DuckDB.
//!
//! Over folders, so that it costs a fraction of a second each; `kills.rs` does the same over real servers, at fewer places.

use crate::ferry::{Came, Ferry, copy};
use crate::five::{Befallen, PERSON, rows};
use crate::killed::{killed, reached};
use crate::readers::python;
use std::collections::BTreeMap;
use std::process::Command;

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
    let ferry = of_two_clouds();
    let reached_first = reached(&ferry, run(&ferry, "2026-11-20"));
    copy(&ferry.path("out"), &ferry.path("before"));
    ferry.write(EXTRACT, extract(ROWS).as_bytes());
    let reached = reached(&ferry, run(&ferry, "2026-11-21"));
    assert!(reached_first.contains_key("store.put.stamp:before"), "{reached_first:?}");
    for place in ["source.list:before", "source.get:after"] {
        assert!(reached.contains_key(place), "{reached:?}");
    }

    let is_soak = std::env::var_os("NIGHTFERRY_SOAK").is_some();
    let (mut kills, began) = (0, std::time::Instant::now());
    for (place, times) in &reached {
        let soaked = || (0..SOAKED_MIN.max(*times)).map(|nth| 1 + nth % times).collect();
        for nth in if is_soak { soaked() } else { spread(*times, TIMES_MAX) } {
            let armed = format!("{place}:{nth}");
            afresh(&ferry, "before");
            let killed = killed(run(&ferry, "2026-11-21"), &armed);
            is_whole(&ferry, &killed, &armed, kills % 10 == 0);
            kills += 1;
        }
    }
    if is_soak {
        assert!(kills >= SOAKED_MIN * reached.len() as u64, "{kills} kills at {} places", reached.len());
    }
    println!("{kills} failpoints hit ({} places), 0 violations, {:.0} s", reached.len(), began.elapsed().as_secs_f64());
    assert!(kills >= 100 && reached.len() >= 28, "{kills} kills at {} places: {reached:?}", reached.len());
}

#[test]
fn upkeep_that_is_killed_anywhere_shows_whole_versions_and_the_next_night_is_published() {
    let ferry = of_two_clouds();
    assert_eq!(ferry.run(&["run", JOB, "--date", "2026-11-20", "--progress", "none"]).code, 0);
    ferry.write(EXTRACT, extract(ROWS).as_bytes());
    assert_eq!(ferry.run(&["run", JOB, "--date", "2026-11-21", "--progress", "none"]).code, 0);
    copy(&ferry.path("out"), &ferry.path("before"));
    let shown = || shown(&ferry);
    let is_soak = std::env::var_os("NIGHTFERRY_SOAK").is_some();
    let (mut kills, mut places) = (0, BTreeMap::new());
    let rollback = ["table", "rollback", "warehouse/thing", "--to", "0", "--reason", "wrong"].as_slice();
    let collect = ["table", "gc", "warehouse/thing", "--apply"].as_slice();
    // What no version shows any more is told first, and goes when it was told long enough.
    for (state, verb, days) in [("before", rollback, "0"), ("before", collect, "40"), ("told", collect, "80")] {
        let command = || {
            let mut command = ferry.command(verb);
            command.env("NIGHTFERRY_DAYS_AHEAD", days);
            command
        };
        afresh(&ferry, state);
        let reached = reached(&ferry, command());
        if days == "40" {
            copy(&ferry.path("out"), &ferry.path("told"));
        }
        for (place, times) in &reached {
            // How often something is read is not the same each time.
            let half = times.div_ceil(2);
            for nth in if is_soak { spread(half, TIMES_MAX) } else { vec![half] } {
                let armed = format!("{place}:{nth}");
                afresh(&ferry, state);
                killed(command(), &armed);
                for shown in shown() {
                    assert!(shown == ROWS || (verb == rollback && shown == BEFORE), "{verb:?} {armed}: {shown}");
                }
                let next = ferry.run(&["run", JOB, "--date", "2026-11-22", "--progress", "none"]);
                assert_eq!(next.code, 0, "{verb:?} {armed}: {}", next.err);
                assert_eq!(shown(), [ROWS, ROWS], "{verb:?} {armed}");
                for look in ["verify", "compare"] {
                    let looked = ferry.run(&["table", look, "warehouse/thing"]);
                    assert_eq!(looked.code, 0, "{verb:?} {armed} {look}: {}{}", looked.out, looked.err);
                }
                kills += 1;
            }
        }
        places.extend(reached);
    }
    println!("{kills} failpoints hit ({} places of upkeep), 0 violations", places.len());
    for place in ["store.put.gc", "store.delete", "store.put.log"] {
        assert!(places.contains_key(&format!("{place}:before")), "{place}: {places:?}");
    }
}

/// What readers see of the table in each cloud.
fn shown(ferry: &Ferry) -> [String; 2] {
    ["warehouse", "second"].map(|cloud| rows(&ferry.path(&format!("out/{cloud}")).to_string_lossy(), None, "thing"))
}

/// One table, in two clouds.
fn of_two_clouds() -> Ferry {
    let columns = "amount = { type = \"integer\", class = \"open\" }\n\
        name = { type = \"text\", class = \"personal\", kind = \"person_name\", treat = { analytics = \"drop\" } }";
    let ferry = Ferry::of_one_file("app.thing.csv", extract(BEFORE).as_bytes(), columns, "");
    let (from, to) = ("url = \"out/warehouse\"", "url = \"out/warehouse\"\nsecond = \"out/second\"");
    ferry.edit("jobs/environments/dev.toml", from, to);
    ferry
}

/// Both clouds as they were kept.
fn afresh(ferry: &Ferry, state: &str) {
    std::fs::remove_dir_all(ferry.path("out")).expect("removed");
    copy(&ferry.path(state), &ferry.path("out"));
}

fn run(ferry: &Ferry, day: &str) -> Command {
    ferry.command(&["run", JOB, "--date", day, "--progress", "none"])
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
