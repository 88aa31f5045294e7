//! A night that is killed where sessions take the snapshot over or wait for work: the next run reads all of it, of one moment.

use super::bench::Bench;
use super::nights::{ROWS, Running, assert_nothing, ferry, lay};
use crate::ferry::Came;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

const JOB: [&str; 3] = ["run", "jobs/things.toml", "--json"];

#[tokio::test]
async fn killed_where_a_session_takes_the_snapshot_over_a_night_is_read_again() {
    let _bench = Bench::lay("it_killed_import", &lay("it_killed_import")).await;
    for place in ["database.import:before:1", "database.import:after:1"] {
        let ferry = ferry("it_killed_import", &[("connections", "2")]);
        let killed = ferry.command(&JOB).env("NIGHTFERRY_KILL", place).output().expect("the binary starts");
        assert_eq!(killed.status.signal(), Some(9), "{place}: {}", String::from_utf8_lossy(&killed.stderr));
        assert_nothing(&ferry, &Came::of(&killed), "", ROWS);
    }
}

#[tokio::test]
async fn killed_where_a_session_that_waits_says_a_word_a_night_is_read_again() {
    let schema = "it_killed_alive";
    // Two sessions read the first table, and one of them the second, which takes longer than the other waits without a word.
    let mut bench = Bench::lay(schema, &format!("{}; {}", lay(schema), slow(schema, 45))).await;
    let places = ["database.alive:before:1", "database.alive:after:1"];
    let ferries = places.map(|_| ferry(schema, &[("connections", "2")]));
    let start = |at: usize| -> Child {
        let mut command = ferries[at].command(&JOB);
        command.env("NIGHTFERRY_KILL", places[at]).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("the binary starts")
    };
    let killed = [start(0), start(1)].map(|child| child.wait_with_output().expect("it ends"));
    bench.run(&format!("UPDATE {schema}.pause SET seconds = 0")).await;
    for ((place, ferry), killed) in places.iter().zip(&ferries).zip(&killed) {
        assert_eq!(killed.status.signal(), Some(9), "{place}: {}", String::from_utf8_lossy(&killed.stderr));
        assert_nothing(ferry, &Came::of(killed), "", ROWS);
    }
}

/// Makes the second table a view that sleeps before its first row.
fn slow(schema: &str, seconds: u32) -> String {
    format!(
        "CREATE TABLE {schema}.pause AS SELECT {seconds} AS seconds; ALTER TABLE {schema}.there RENAME TO kept;
         CREATE VIEW {schema}.there AS WITH slept AS MATERIALIZED (SELECT seconds, pg_sleep(seconds)::text AS done FROM {schema}.pause)
         SELECT kept.* FROM slept, {schema}.kept WHERE slept.done IS NOT NULL"
    )
}

#[tokio::test]
async fn a_night_that_is_killed_in_the_middle_of_a_long_query_leaves_it_to_nobody() {
    let schema = "it_killed_query";
    let mut bench = Bench::lay(schema, &format!("{}; {}", lay(schema), slow(schema, 300))).await;
    let ferry = ferry(schema, &[("connections", "2")]);
    let mut running = Running::of(&ferry);
    let sleeping = format!(
        "FROM pg_stat_activity WHERE application_name = 'nightferry' AND query LIKE '%\"{schema}\"%' AND wait_event = 'PgSleep'"
    );
    running.until(&mut bench, &format!("SELECT (count(*) > 0)::text {sleeping}")).await;
    running.kill();
    let (came, killed_at) = (running.came(), Instant::now());
    assert_eq!(came.code, -1, "{}", came.err);
    let is_gone = format!("SELECT (count(*) = 0)::text {sleeping}");
    while bench.printed(&is_gone).await != [Some("true".into())] {
        assert!(killed_at.elapsed() < Duration::from_secs(20), "the query goes on for a client that is gone");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    bench.run(&format!("UPDATE {schema}.pause SET seconds = 0")).await;
    assert_nothing(&ferry, &came, "", ROWS);
}
