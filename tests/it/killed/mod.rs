//! Every place where a test may kill the process, and the tests that kill the real binary there with -9, run it again, and hold what is
//! there then against the source; and the kills of those verbs that are no night's.
//!
//! ```text
//! failover.rs     a failover: each cloud has the old epoch or the new one, and whoever was overtaken is refused
//! turns.rs        a schedule: whose turn a night is
//! behind.rs       a second cloud that is nights behind, lacks what is gone, or took no part in a failover
//! checkpoints.rs  the hundredth version of a log, and a log that begins there
//! beside.rs       what is kept beside the tables, and verbs that write none
//! ```

mod behind;
mod beside;
mod checkpoints;
mod failover;
mod turns;

use crate::ferry::{Came, Ferry, copy};
use crate::matrix::gather;
use crate::readers::python;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

/// A place, and a file of tests that kill there, before and after it.
const PLACES: [(&str, &str); 63] = [
    ("database.alive", "postgres/killed.rs"),
    ("database.begin", "nights/kills.rs"),
    ("database.catalog", "nights/kills.rs"),
    ("database.copy", "nights/kills.rs"),
    ("database.import", "postgres/killed.rs"),
    ("database.locks", "nights/kills.rs"),
    ("database.mark", "nights/kills.rs"),
    ("database.message", "nights/kills.rs"),
    ("database.moment", "nights/kills.rs"),
    ("database.open", "nights/kills.rs"),
    ("database.parts", "nights/kills.rs"),
    ("database.plan", "nights/kills.rs"),
    ("database.position", "nights/kills.rs"),
    ("database.powers", "nights/kills.rs"),
    ("database.prepare", "nights/kills.rs"),
    ("database.pulse", "nights/kills.rs"),
    ("database.remedy", "postgres/killed.rs"),
    ("database.survey", "postgres/killed.rs"),
    ("file.sync", "killed/beside.rs"),
    ("kafka.send", "relay/tombstones.rs"),
    ("source.get", "nights/points.rs"),
    ("source.list", "nights/points.rs"),
    ("store.ask", "killed/beside.rs"),
    ("store.delete", "nights/kills.rs"),
    ("store.delete_nothing", "killed/beside.rs"),
    ("store.get", "nights/kills.rs"),
    ("store.head", "nights/kills.rs"),
    ("store.list", "nights/kills.rs"),
    ("store.put.abort", "plain/pieces.rs"),
    ("store.put.begin", "plain/pieces.rs"),
    ("store.put.beginning", "publishing.rs"),
    ("store.put.begun", "relay/tombstones.rs"),
    ("store.put.checkpoint", "killed/checkpoints.rs"),
    ("store.put.dead_letters", "relay/killed.rs"),
    ("store.put.dump", "relay/killed.rs"),
    ("store.put.dump_begin", "relay/killed.rs"),
    ("store.put.dump_manifest", "relay/killed.rs"),
    ("store.put.epoch", "killed/failover.rs"),
    ("store.put.filed", "nights/kills.rs"),
    ("store.put.gc", "nights/points.rs"),
    ("store.put.hint", "killed/checkpoints.rs"),
    ("store.put.lease", "killed/turns.rs"),
    ("store.put.log", "nights/kills.rs"),
    ("store.put.manifest", "nights/kills.rs"),
    ("store.put.paper", "nights/kills.rs"),
    ("store.put.part", "nights/kills.rs"),
    ("store.put.plain", "plain/mod.rs"),
    ("store.put.plain_version", "plain/mod.rs"),
    ("store.put.probe", "nights/kills.rs"),
    ("store.put.receipt", "relay/tombstones.rs"),
    ("store.put.record", "nights/kills.rs"),
    ("store.put.report", "nights/kills.rs"),
    ("store.put.runs", "nights/kills.rs"),
    ("store.put.runs_part", "nights/kills.rs"),
    ("store.put.shortened", "publishing.rs"),
    ("store.put.stamp", "nights/kills.rs"),
    ("store.put.told", "messages.rs"),
    ("store.put.vault", "tokens.rs"),
    ("store.put.vault_part", "tokens.rs"),
    ("store.second.list", "killed/behind.rs"),
    ("store.second.log", "nights/kills.rs"),
    ("store.second.manifest", "nights/kills.rs"),
    ("store.second.part", "nights/kills.rs"),
];
/// What the name of a place begins with.
const KINDS: [&str; 5] = ["store.", "source.", "database.", "kafka.", "file."];

#[test]
fn every_place_that_the_sources_name_is_one_where_a_test_kills() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = String::new();
    gather(&root.join("src"), &mut sources);
    let is_name = |word: &str| {
        let rest = KINDS.iter().find_map(|kind| word.strip_prefix(kind)).unwrap_or_default();
        !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'.'))
    };
    let named: BTreeSet<&str> = sources.split('"').filter(|word| is_name(word)).collect();
    assert_eq!(named, BTreeSet::from(PLACES.map(|(place, _)| place)), "the list above has no other places");
    for (place, file) in PLACES {
        let test = std::fs::read_to_string(root.join("tests/it").join(file)).expect("a file of tests");
        let is_there = [format!("\"{place}\""), format!("\"{place}:")].iter().any(|text| test.contains(text));
        assert!(is_there, "{file} names no {place}");
    }
}

/// A command that is killed at that place.
pub fn killed(mut command: Command, armed: &str) -> Came {
    let killed = command.env("NIGHTFERRY_KILL", armed).output().expect("it starts");
    let told = String::from_utf8_lossy(&killed.stderr);
    assert_eq!(killed.status.signal(), Some(9), "{armed} (is the feature `failpoints` on?): {told}");
    Came::of(&killed)
}

/// Runs a command that ends well, and counts how often each place is reached.
pub fn reached(ferry: &Ferry, command: Command) -> BTreeMap<String, u64> {
    let (came, reached) = counted(ferry, command);
    assert_eq!(came.code, 0, "{}", came.err);
    reached
}

/// The same of one that may find something.
fn counted(ferry: &Ferry, mut command: Command) -> (Came, BTreeMap<String, u64>) {
    let counts = ferry.path("counts");
    let ended = command.env("NIGHTFERRY_KILL_COUNTS", &counts).output().expect("it starts");
    let mut reached = BTreeMap::new();
    for line in std::fs::read_to_string(&counts).expect("counts (is the feature `failpoints` on?)").lines() {
        *reached.entry(line.to_owned()).or_default() += 1;
    }
    std::fs::remove_file(counts).expect("removed");
    (Came::of(&ended), reached)
}

const ENVIRONMENT: &str = "jobs/environments/dev.toml";
const JOB: &str = "jobs/things.toml";
/// The two clouds, as folders.
const CLOUDS: [&str; 2] = ["warehouse", "second"];
/// The store's place in the environment, in one cloud and in two.
const ALONE: &str = "url = \"out/warehouse\"";
const BOTH: &str = "url = \"out/warehouse\"\nsecond = \"out/second\"";
/// After a failover: the second is the first.
const OVER: &str = "url = \"out/second\"\nsecond = \"out/warehouse\"\nepoch = 1";

/// A project of one table, in one cloud; nothing is published yet.
fn things(rows: &str) -> Ferry {
    let amount = "amount = { type = \"integer\", class = \"open\" }";
    let ferry = Ferry::of_one_file("app.thing.csv", b"", amount, "");
    extract(&ferry, rows);
    ferry
}

/// What the source has from now on.
fn extract(ferry: &Ferry, rows: &str) {
    ferry.write("in/app.thing.csv", csv(rows).as_bytes());
}

/// The same as readers show it.
fn csv(rows: &str) -> String {
    format!("id,amount\n{rows}")
}

fn night(ferry: &Ferry, day: &str) -> Command {
    ferry.command(&["run", JOB, "--date", day, "--progress", "none"])
}

fn ended(mut command: Command) -> Came {
    Came::of(&command.output().expect("it starts"))
}

/// A command that ends well.
fn well(command: Command, told: &str) {
    let came = ended(command);
    assert_eq!(came.code, 0, "{told}: {}{}", came.out, came.err);
}

/// Both clouds hold the same, and what the job's records say.
fn is_the_same_in_both(ferry: &Ferry, told: &str) {
    for look in ["verify", "compare"] {
        well(ferry.command(&["table", look, "warehouse/thing"]), told);
    }
}

/// All stores as they were kept.
fn afresh(ferry: &Ferry) {
    std::fs::remove_dir_all(ferry.path("out")).expect("removed");
    copy(&ferry.path("before"), &ferry.path("out"));
}

/// The version and the rows of the table in each of `clouds`, by deltalake and DuckDB.
fn seen(ferry: &Ferry, clouds: &[&str]) -> Vec<(u64, String)> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/rows.py");
    let tables: Vec<String> =
        clouds.iter().map(|cloud| ferry.path(&format!("out/{cloud}/thing")).to_string_lossy().into_owned()).collect();
    let arguments: Vec<&str> = [script, "id"].into_iter().chain(tables.iter().map(String::as_str)).collect();
    let table = |line: &str| {
        let seen: Value = serde_json::from_str(line).expect("JSON");
        let rows: Vec<Vec<String>> = serde_json::from_value(seen["rows"].clone()).expect("rows");
        assert_eq!(seen["deltalake"].as_u64(), Some(rows.len() as u64), "both readers: {line}");
        let rows: String = rows.iter().map(|row| row.join(",") + "\n").collect();
        (seen["version"].as_u64().expect("a version"), csv(&rows))
    };
    python(&arguments).lines().map(table).collect()
}
