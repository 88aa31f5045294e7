//! A server that is restarted in the middle of a run, and a standby that gives up what it shows: of the test's own, since
//! others read the shared one.

use super::bench::{Bench, name, spec};
use super::nights::{Running, assert_published, ferry, lay, moves, reads};
use super::server::Server;
use super::town::run;
use nightferry::job::{Limits, PostgresSpec};
use nightferry::source::{PostgresSource, Source};
use sqlx::{AssertSqlSafe, PgConnection};
use std::time::{Duration, Instant};

const AGAIN: &str = "every table is read again, at another moment";

async fn laid(server: &Server, schema: &str) -> Bench {
    let mut bench = Bench { admin: server.admin().await, schema: schema.into() };
    bench.run(&format!("CREATE SCHEMA {schema}; {}", lay(schema))).await;
    bench
}

#[tokio::test]
async fn a_server_that_is_restarted_in_the_middle_is_read_again_when_it_is_back() {
    let server = Server::start().await;
    let mut bench = laid(&server, "it_restart").await;
    // Once in order, and once as a crash.
    for mode in ["fast", "immediate"] {
        let ferry = ferry("it_restart", &[("port", &server.port.to_string())]);
        let mut running = Running::of(&ferry);
        running.hold_when(&mut bench, &reads("it_restart")).await;
        bench.run(&moves("it_restart", 7)).await;
        server.ctl("restart", &["-m", mode]);
        running.go_on();
        bench.admin = server.admin().await;
        bench.run(&moves("it_restart", 8)).await;
        let came = running.came();
        assert!(came.err.contains(AGAIN), "{mode}: {}", came.err);
        assert_published(&ferry, &came);
    }
}

#[tokio::test]
async fn a_standby_that_had_to_clean_up_behind_the_snapshot_is_read_again() {
    let server = Server::start().await;
    let mut primary = laid(&server, "it_standby").await;
    let standby = server.standby();
    let mut bench = Bench { admin: standby.admin().await, schema: "it_standby".into() };
    let ferry = ferry("it_standby", &[("port", &standby.port.to_string())]);
    let mut running = Running::of(&ferry);
    running.hold_when(&mut bench, &reads("it_standby")).await;
    for id in 1..=50 {
        primary.run(&moves("it_standby", id)).await;
    }
    primary.run("VACUUM it_standby.here").await;
    primary.run("VACUUM it_standby.there").await;
    running.go_on();
    let came = running.came();
    assert!(came.err.contains(AGAIN), "{}", came.err);
    assert_published(&ferry, &came);
    let report: serde_json::Value = serde_json::from_str(&came.out).expect("a report");
    assert_eq!(report["datasets"][0]["source"]["position"]["standby"], true, "{report}");
}

async fn one(connection: &mut PgConnection, sql: &str) -> String {
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(connection).await.expect("a value")
}

#[tokio::test]
async fn the_moment_names_server_log_and_cluster_as_far_as_the_role_may_ask() {
    let server = Server::start().await;
    let mut admin = server.admin().await;
    let origin_at = async |port| {
        let (spec, login) = (PostgresSpec { port, ..spec() }, server.login());
        let source = PostgresSource::open(&name("own"), &spec, &login, &Limits::default()).await;
        source.expect("a source").origin().clone()
    };
    let position_at = async |port| origin_at(port).await.position.expect("a position");
    let before = one(&mut admin, "SELECT pg_current_wal_insert_lsn()::text").await;
    let origin = origin_at(server.port).await;
    let position = origin.position.expect("a position");
    let order =
        format!("SELECT ('{before}'::pg_lsn <= '{0}' AND '{0}' <= pg_current_wal_insert_lsn())::text", position.lsn);
    assert_eq!(one(&mut admin, &order).await, "true");
    let system = one(&mut admin, "SELECT system_identifier::text FROM pg_control_system()").await;
    assert_eq!((position.system, position.timeline, position.standby), (Some(system), Some(1), false));
    let version =
        one(&mut admin, "SELECT 'PostgreSQL ' || split_part(current_setting('server_version'), ' ', 1)").await;
    assert_eq!(origin.server, Some(version));
    // A standby that was promoted is on a timeline of its own from that moment, long before its next checkpoint.
    run(&mut admin, "CREATE TABLE pages AS SELECT n, repeat('x', 1000) FROM generate_series(1, 30000) n").await;
    let standby = server.standby();
    run(&mut admin, "UPDATE pages SET n = -n").await;
    let written = one(&mut admin, "SELECT pg_current_wal_insert_lsn()::text").await;
    let mut there = standby.admin().await;
    let deadline = Instant::now() + Duration::from_secs(60);
    while one(&mut there, &format!("SELECT ('{written}'::pg_lsn <= pg_last_wal_replay_lsn())::text")).await != "true" {
        assert!(Instant::now() < deadline, "the standby replays nothing");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let position = position_at(standby.port).await;
    assert_eq!((position.timeline, position.standby), (Some(1), true));
    standby.ctl("promote", &[]);
    let position = position_at(standby.port).await;
    assert_eq!((position.timeline, position.standby), (Some(2), false));
    run(&mut admin, "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM public").await;
    let origin = origin_at(server.port).await;
    let position = origin.position.expect("a position");
    assert_eq!((position.system, position.timeline), (None, Some(1)));
    run(&mut admin, "REVOKE EXECUTE ON FUNCTION pg_walfile_name(pg_lsn) FROM public").await;
    assert_eq!(position_at(server.port).await.timeline, None);
    assert!(origin.snapshot.is_some());
}
