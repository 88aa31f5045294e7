//! A night that is killed where sessions take the snapshot over or wait for work: the next run reads all of it, of one moment. And verbs
//! that only ask a database, killed where they do: they leave nothing, and say the same when they are asked again.

use super::bench::Bench;
use super::drafts::project;
use super::nights::{NOTHING, ROWS, Running, assert_nothing, ferry, lay, shown};
use super::town::{Town, run};
use crate::ferry::{Came, Ferry};
use crate::killed::{killed, reached};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

const JOB: [&str; 3] = ["run", "jobs/things.toml", "--json"];
/// In a soak each place has so many kills.
const SOAKED: u64 = 40;

#[tokio::test]
async fn killed_at_every_message_to_the_database_a_night_is_read_again() {
    let schema = "it_killed_message";
    let _bench = Bench::lay(schema, &lay(schema)).await;
    let afresh = || ferry(schema, &[("connections", "2")]);
    let mut ferry = afresh();
    let reached = reached(&ferry, ferry.command(&JOB));
    let places = reached.iter().filter(|(place, _)| place.starts_with("database."));
    let each = if std::env::var_os("NIGHTFERRY_SOAK").is_some() { SOAKED } else { 1 };
    let (mut kills, mut last) = (0, None);
    ferry = afresh();
    for (place, times) in places.clone() {
        // How often each of two sessions says something is not the same each time.
        let half = times.div_ceil(2);
        for nth in (0..each).map(|kill| 1 + kill * (half - 1) / each) {
            let came = killed(ferry.command(&JOB), &format!("{place}:{nth}"));
            assert_eq!(shown(&ferry), NOTHING, "{place}:{nth}");
            last = Some(came);
            kills += 1;
        }
        if each > 1 {
            assert_nothing(&ferry, &last.take().expect("a kill"), "", ROWS);
            ferry = afresh();
        }
    }
    last.iter().for_each(|came| assert_nothing(&ferry, came, "", ROWS));
    println!("{kills} failpoints hit ({} places of the database), 0 violations", places.clone().count());
    assert!(places.count() >= 28, "{reached:?}");
}

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

/// A database with a table and a role that reads it, and a project that knows of it.
async fn asked(database: &str) -> (Town, Ferry, String) {
    let mut town = Town::lay(database).await;
    let reader = format!("{database}_reader");
    run(&mut town.admin, "CREATE SCHEMA app; CREATE TABLE app.party (id bigint PRIMARY KEY, grade text NOT NULL)")
        .await;
    town.role(&reader).await;
    run(&mut town.admin, &format!("GRANT SELECT ON app.party TO {reader}")).await;
    (town, project(database), reader)
}

#[tokio::test]
async fn killed_where_the_catalogue_is_read_a_draft_is_written_by_the_next() {
    let database = "it_killed_survey";
    let (town, ferry, reader) = asked(database).await;
    let init = ["init", "--source", "town"];
    let undisturbed = project(database);
    let times = reached(&undisturbed, undisturbed.command(&init));
    for side in ["before", "after"] {
        let place = format!("database.survey:{side}");
        for nth in 1..=times[&place] {
            killed(ferry.command(&init), &format!("{place}:{nth}"));
            let left = ["jobs/town.toml", "schemas/party.toml"].map(|file| ferry.path(file).exists());
            assert_eq!(left, [false, false], "{place}:{nth} left a part of a draft");
        }
    }
    let came = ferry.run(&init);
    assert_eq!(came.code, 0, "{}", came.err);
    for file in ["jobs/town.toml", "schemas/party.toml"] {
        assert_eq!(ferry.read(file), undisturbed.read(file), "{file}");
    }
    town.go(&[&reader]).await;
}

#[tokio::test]
async fn killed_where_a_role_is_looked_at_the_sql_that_mends_it_is_told_by_the_next() {
    let (mut town, ferry, reader) = asked("it_killed_remedy").await;
    assert_eq!(ferry.run(&["init", "--source", "town"]).code, 0);
    ferry.edit("schemas/party.toml", ", confirmed = false", "");
    run(&mut town.admin, &format!("GRANT DELETE ON app.party TO {reader}")).await;
    let validate = ["validate", "jobs/town.toml", "--online"];
    let undisturbed = ferry.run(&validate);
    let grant = "GRANT SELECT ON \"app\".\"party\" TO \"nightferry_ro\";";
    assert!(undisturbed.code == 12 && undisturbed.out.contains(grant), "{}{}", undisturbed.out, undisturbed.err);
    for armed in ["database.remedy:before:1", "database.remedy:after:1"] {
        let killed = killed(ferry.command(&validate), armed);
        assert!(!killed.out.contains("GRANT"), "{armed} told a part of it: {}", killed.out);
        let again = ferry.run(&validate);
        assert_eq!((again.code, again.out), (12, undisturbed.out.clone()), "{armed}");
    }
    town.go(&[&reader]).await;
}
