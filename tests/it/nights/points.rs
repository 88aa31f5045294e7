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

#[test]
fn a_failover_that_is_killed_anywhere_is_ended_by_the_next_and_the_other_cloud_goes_on() {
    const ENVIRONMENT: &str = "jobs/environments/dev.toml";
    const HERE: &str = "url = \"out/warehouse\"\nsecond = \"out/second\"";
    const THERE: &str = "url = \"out/second\"\nsecond = \"out/warehouse\"\nepoch = 1";
    let ferry = of_two_clouds();
    assert_eq!(ferry.run(&["run", JOB, "--date", "2026-11-20", "--progress", "none"]).code, 0);
    ferry.write(EXTRACT, extract(ROWS).as_bytes());
    copy(&ferry.path("out"), &ferry.path("before"));
    let failover = ["table", "failover", "warehouse", "--epoch", "1", "--reason", "away", "--apply"];
    let reached = reached(&ferry, ferry.command(&failover));
    let night = || ferry.run(&["run", JOB, "--date", "2026-11-21", "--progress", "none"]);
    let mut kills = 0;
    for (place, times) in &reached {
        for nth in spread(*times, TIMES_MAX) {
            let armed = format!("{place}:{nth}");
            afresh(&ferry, "before");
            killed(ferry.command(&failover), &armed);
            assert_eq!(shown(&ferry), [BEFORE, BEFORE], "{armed}");
            // Who writes as before is let in by all, or by none: the cloud that takes over is fenced first.
            if ferry.files("out/second/_nightferry").iter().any(|file| file.starts_with("epochs/")) {
                let before = night();
                let is_refused = before.code == 12 && before.endings()[0].starts_with("E-EPOCH-12");
                assert!(is_refused, "{armed}: {} {}", before.code, before.err);
                assert_eq!(shown(&ferry), [BEFORE, BEFORE], "{armed}");
            }
            let ended = ferry.run(&failover);
            assert_eq!(ended.code, 0, "{armed}: {}", ended.err);
            let before = night();
            assert_eq!(before.code, 12, "{armed}: {}", before.err);
            // The other cloud is the first now.
            ferry.edit(ENVIRONMENT, HERE, THERE);
            let next = night();
            assert_eq!(next.code, 0, "{armed}: {}", next.err);
            assert_eq!(shown(&ferry), [ROWS, ROWS], "{armed}");
            for look in ["verify", "compare"] {
                let looked = ferry.run(&["table", look, "warehouse/thing"]);
                assert_eq!(looked.code, 0, "{armed} {look}: {}{}", looked.out, looked.err);
            }
            ferry.edit(ENVIRONMENT, THERE, HERE);
            kills += 1;
        }
    }
    println!("{kills} failpoints hit ({} places of a failover), 0 violations", reached.len());
    assert!(reached.get("store.put.epoch:before") >= Some(&2), "a fence in each cloud: {reached:?}");
}

#[test]
fn a_schedule_that_is_killed_where_it_takes_or_gives_back_a_turn_runs_the_night_once_all_the_same() {
    let ferry = of_two_clouds();
    assert_eq!(ferry.run(&["run", JOB, "--date", "2026-11-20", "--progress", "none"]).code, 0);
    ferry.write(EXTRACT, extract(ROWS).as_bytes());
    crate::schedule::due_two_hours_ago(&ferry, JOB, "out/security", "things");
    copy(&ferry.path("out"), &ferry.path("before"));
    let once = || ferry.command(&["schedule", "--once", "--lease", "2s"]);
    let records = || ferry.files("out/security/_jobs/things").len();
    let (began, reached) = (records(), reached(&ferry, once()));
    let mut kills = 0;
    for (place, times) in reached.iter().filter(|(place, _)| place.starts_with("store.put.lease")) {
        for nth in 1..=*times {
            let armed = format!("{place}:{nth}");
            afresh(&ferry, "before");
            killed(once(), &armed);
            // Whoever comes next waits until the turn is over, and a night that goes on by itself has ended by then.
            let since = std::time::Instant::now();
            while records() == began {
                assert!(since.elapsed().as_secs() < 60, "{armed}: nobody runs the night");
                let came = Came::of(&once().output().expect("it starts"));
                assert_eq!(came.code, 0, "{armed}: {}{}", came.out, came.err);
                std::thread::sleep(std::time::Duration::from_millis(200));
            }
            let after = Came::of(&once().output().expect("it starts"));
            assert_eq!((after.code, records()), (0, began + 1), "{armed}: once: {}{}", after.out, after.err);
            assert_eq!(shown(&ferry), [ROWS, ROWS], "{armed}");
            kills += 1;
        }
    }
    println!("{kills} failpoints hit (turns of a schedule), 0 violations");
    assert!(kills >= 4, "{reached:?}");
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

/// A command that is killed at that place.
fn killed(mut command: Command, armed: &str) -> Came {
    let killed = command.env("NIGHTFERRY_KILL", armed).output().expect("it starts");
    assert_eq!(killed.status.signal(), Some(9), "{armed} (is the feature `failpoints` on?)");
    Came::of(&killed)
}

fn run(ferry: &Ferry, day: &str) -> Command {
    ferry.command(&["run", JOB, "--date", day, "--progress", "none"])
}

/// Runs a command, and counts how often each place is reached.
fn reached(ferry: &Ferry, mut command: Command) -> BTreeMap<String, u64> {
    let counts = ferry.path("counts");
    let ended = command.env("NIGHTFERRY_KILL_COUNTS", &counts).output().expect("it starts");
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
