//! Sessions that end in the middle of a run, and servers that have no room: all of one snapshot is published, or nothing.

use super::bench::Bench;
use super::nights::{ROWS, Running, assert_nothing, assert_published, ferry, lay, moves, reading, reads};
use crate::five::PERSON;
use crate::hostile::Mount;
use std::time::Duration;

/// Ends the first of our sessions (the exporter), or the last.
fn end_one(schema: &str, order: &str) -> String {
    let of_it = format!(
        "application_name = 'nightferry' AND pid IN (SELECT pid FROM pg_stat_activity WHERE {})",
        reading(schema)
    );
    format!(
        "SELECT pg_terminate_backend(pid, 5000)::text FROM pg_stat_activity WHERE {of_it} ORDER BY backend_start {order} LIMIT 1"
    )
}

/// A run of which one session is ended while money is moved: it reads everything again and publishes.
async fn ended_once(schema: &str, order: &str) {
    let mut bench = Bench::lay(schema, &lay(schema)).await;
    let ferry = ferry(schema, &[("connections", "2")]);
    let mut running = Running::of(&ferry);
    let two = format!("SELECT (count(*) = 2)::text FROM pg_stat_activity WHERE {}", reading(schema));
    // Its moment is before the moves, the next one after them.
    running.hold_when(&mut bench, &two).await;
    for id in 1..=40 {
        bench.run(&moves(schema, id)).await;
    }
    assert_eq!(bench.printed(&end_one(schema, order)).await, [Some("true".into())]);
    running.go_on();
    let came = running.came();
    assert!(came.err.contains("every table is read again, at another moment"), "{}", came.err);
    assert_published(&ferry, &came);
    // What is published is what the tables hold now.
    let moved = bench.printed(&format!("SELECT sum(amount)::text FROM {schema}.here")).await;
    assert_eq!(moved, [Some((i64::from(ROWS) * 1000 - 40).to_string())]);
    assert_eq!(published_sum(&ferry, "here"), moved[0].clone().expect("a sum"));
}

fn published_sum(ferry: &crate::ferry::Ferry, table: &str) -> String {
    let sum = "import sys, duckdb; from deltalake import DeltaTable; d = DeltaTable(sys.argv[1]).to_pyarrow_dataset();
print(duckdb.sql('select sum(amount)::bigint from d').fetchall()[0][0])";
    let root = ferry.path(&format!("out/warehouse/{table}"));
    crate::readers::python(&["-c", sum, root.to_str().expect("a path")]).trim().to_owned()
}

#[tokio::test]
async fn an_exporter_that_is_ended_takes_everything_to_another_moment() {
    ended_once("it_lost_exporter", "ASC").await;
}

#[tokio::test]
async fn a_reader_that_is_ended_takes_everything_to_another_moment() {
    ended_once("it_lost_reader", "DESC").await;
}

#[tokio::test]
async fn a_source_whose_sessions_are_always_ended_publishes_nothing() {
    let schema = "it_lost_always";
    let mut bench = Bench::lay(schema, &lay(schema)).await;
    let ferry = ferry(schema, &[]);
    let mut running = Running::of(&ferry);
    let end = format!("SELECT count(pg_terminate_backend(pid))::text FROM pg_stat_activity WHERE {}", reading(schema));
    while !running.is_over() {
        bench.printed(&end).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let came = running.came();
    assert_eq!(came.err.matches("every table is read again, at another moment").count(), 3, "{}", came.err);
    let left = ferry.files("out/warehouse").into_iter().filter(|file| file.ends_with(".parquet")).count();
    assert!(left <= 1, "the parts of given-up moments are still there: {left}");
    assert_nothing(&ferry, &came, "E-SOURCE-70", ROWS);
}

#[tokio::test]
async fn a_role_with_room_for_one_session_is_read_by_one() {
    let schema = "it_lost_room";
    let mut bench = Bench::lay(schema, &lay(schema)).await;
    bench
        .run(
            "DO $$ BEGIN IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'it_single') THEN DROP OWNED BY it_single; DROP ROLE it_single; END IF; END $$;
             CREATE ROLE it_single LOGIN PASSWORD 'single' CONNECTION LIMIT 1; GRANT pg_read_all_data TO it_single",
        )
        .await;
    let ferry = ferry(schema, &[("connections", "3"), ("user", "\"it_single\"")]);
    ferry.write("single", b"single");
    std::fs::set_permissions(ferry.path("single"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("set");
    ferry.edit("jobs/environments/dev.toml", "{ env = \"NIGHTFERRY_PG_PASSWORD\" }", "{ file = \"single\" }");
    // The one place is taken when the run begins: it comes back for it.
    let mut taken = single().await;
    let running = Running::of(&ferry);
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(bench.printed(&reads(schema)).await, [Some("false".into())]);
    sqlx::Connection::close(std::mem::replace(&mut taken, super::bench::admin().await)).await.expect("closed");
    let came = running.came();
    assert!(came.err.contains("the server cannot take a connection now"), "{}", came.err);
    assert_published(&ferry, &came);
}

async fn single() -> sqlx::PgConnection {
    use crate::services::variable;
    use sqlx::postgres::{PgConnectOptions, PgSslMode};
    let options = PgConnectOptions::new_without_pgpass()
        .host(&variable("NIGHTFERRY_PG_HOST"))
        .port(variable("NIGHTFERRY_PG_PORT").parse().expect("a port"))
        .database("postgres")
        .username("it_single")
        .password("single")
        .ssl_mode(PgSslMode::VerifyFull)
        .ssl_root_cert(variable("NIGHTFERRY_PG_CA"));
    <sqlx::PgConnection as sqlx::Connection>::connect_with(&options).await.expect("a connection")
}

#[tokio::test]
async fn of_two_runs_at_once_one_publishes_one_moment() {
    let schema = "it_lost_two";
    let _bench = Bench::lay(schema, &lay(schema)).await;
    let ferry = ferry(schema, &[("connections", "2")]);
    let came = [Running::of(&ferry), Running::of(&ferry)].map(Running::came);
    let outcome = |came: &crate::ferry::Came| -> String {
        assert_eq!(came.code, 0, "{}", came.err);
        let report: serde_json::Value = serde_json::from_str(&came.out).expect("a report");
        report["outcome"].as_str().expect("an outcome").to_owned()
    };
    let mut outcomes = came.each_ref().map(outcome);
    outcomes.sort();
    assert_eq!(outcomes, ["already_published", "published"]);
    let published = came.iter().find(|came| outcome(came) == "published").expect("one of them");
    assert_published(&ferry, published);
}

/// Two tables of [`KEYS`] small rows each: their keys are put aside, and past a little memory on the disk.
fn many_keys(schema: &str) -> String {
    format!(
        "CREATE TABLE {schema}.here (id bigint, amount integer, note text, name text); CREATE TABLE {schema}.there (LIKE {schema}.here);
         INSERT INTO {schema}.here SELECT n, 1000, 'n', '{PERSON}' FROM generate_series(1, {KEYS}) n; INSERT INTO {schema}.there TABLE {schema}.here"
    )
}

const KEYS: u32 = 200_000;

#[tokio::test]
async fn a_scratch_disk_that_is_full_publishes_nothing() {
    let schema = "it_lost_disk";
    let _bench = Bench::lay(schema, &many_keys(schema)).await;
    let ferry = ferry(schema, &[]);
    // Little of the keys in memory.
    ferry.edit("jobs/environments/dev.toml", "32MiB", "4MiB");
    std::fs::create_dir_all(ferry.path("small")).expect("made");
    let small = Mount::of_kilobytes(&ferry.path("small"), 64);
    let output = ferry.command(&["run", "jobs/things.toml", "--json"]).env("TMPDIR", ferry.path("small")).output();
    let came = crate::ferry::Came::of(&output.expect("the binary starts"));
    assert!(came.endings()[0].starts_with("E-DISK-51 dataset=here"), "{}", came.err);
    drop(small);
    assert_nothing(&ferry, &came, "E-DISK-51", KEYS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_would_take_more_of_the_disk_than_spill_max_ends_a_night_with_51() {
    let schema = "it_spilled";
    let _bench = Bench::lay(schema, &many_keys(schema)).await;
    let ferry = ferry(schema, &[]);
    // Little of the keys in memory.
    ferry.edit("jobs/environments/dev.toml", "32MiB\"", "4MiB\"\nspill_max = \"128KiB\"");
    let came = ferry.run(&["run", "jobs/things.toml", "--json"]);
    let told = "scratch space cannot be written: more than `spill_max` would lie there";
    assert!(came.err.contains(told) && came.err.contains("or raise `spill_max`"), "{}", came.err);
    ferry.edit("jobs/environments/dev.toml", "spill_max = \"128KiB\"", "spill_max = \"1GiB\"");
    assert_nothing(&ferry, &came, "E-DISK-51", KEYS);
}
