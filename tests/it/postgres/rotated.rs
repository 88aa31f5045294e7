//! A password that changes before a night and in the middle of it, and a line that falls silent: what the binary makes of them.

use super::bench::Bench;
use super::nights::{ROWS, Running, assert_nothing, assert_published, ferry, lay};
use super::stalls::forgetting_line;
use crate::ferry::{Came, Ferry};
use crate::services::variable;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// A role of this test's own, and a project that reads by it with two sessions; its password is `kestrel`, in a file.
async fn laid(schema: &str) -> (Bench, Ferry) {
    let mut bench = Bench::lay(schema, &lay(schema)).await;
    let role = format!("{schema}_reader");
    bench
        .run(&format!(
            "DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE {role}; END IF; END $$;
             ALTER ROLE {role} LOGIN PASSWORD 'kestrel'; GRANT pg_read_all_data TO {role}"
        ))
        .await;
    let ferry = ferry(schema, &[("connections", "2"), ("user", &format!("\"{role}\""))]);
    ferry.edit("jobs/environments/dev.toml", "{ env = \"NIGHTFERRY_PG_PASSWORD\" }", "{ file = \"password\" }");
    write(&ferry, "kestrel");
    (bench, ferry)
}

fn write(ferry: &Ferry, password: &str) {
    ferry.write("password", password.as_bytes());
    std::fs::set_permissions(ferry.path("password"), std::fs::Permissions::from_mode(0o600)).expect("set");
}

#[tokio::test]
async fn a_password_that_was_changed_before_the_night_ends_it_with_12() {
    let schema = "it_changed";
    let (_bench, ferry) = laid(schema).await;
    write(&ferry, "of the year before");
    let came = ferry.run(&["run", "jobs/things.toml", "--json"]);
    assert!(!came.err.contains("of the year before") && !came.out.contains("of the year before"), "{}", came.err);
    write(&ferry, "kestrel");
    assert_nothing(&ferry, &came, "E-ACCESS-12", ROWS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_that_is_changed_in_the_night_is_read_again_and_carries_it() {
    let schema = "it_changed_midway";
    let (mut bench, ferry) = laid(schema).await;
    let paused = ferry.path("paused");
    let mut command = ferry.command(&["run", "jobs/things.toml", "--json"]);
    command.env("NIGHTFERRY_PAUSE", format!("database.moment:after:{}", paused.display()));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let began = Instant::now();
    while !paused.exists() {
        assert!(began.elapsed() < Duration::from_secs(30), "no moment was ever taken");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // The first session is in; every later one is let in by the new password alone.
    bench.run(&format!("ALTER ROLE {schema}_reader PASSWORD 'hollowmere'")).await;
    write(&ferry, "hollowmere");
    std::fs::remove_file(&paused).expect("goes on");
    let came = Came::of(&child.wait_with_output().expect("it ends"));
    assert!(!came.err.contains("hollowmere") && !came.err.contains("kestrel"), "{}", came.err);
    assert_published(&ferry, &came);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_falls_silent_in_the_night_is_read_again() {
    let schema = "it_silent_night";
    let _bench = Bench::lay(schema, &lay(schema)).await;
    let server = variable("NIGHTFERRY_PG_PORT").parse().expect("a port");
    // The line of the first session, in the middle of its rows; both ends stay open. There is one session, so that it is that
    // one which reads.
    let port = forgetting_line(5_000_000, true, (variable("NIGHTFERRY_PG_HOST"), server)).await.to_string();
    let ferry = ferry(schema, &[("port", &port), ("connections", "1"), ("stall_seconds_max", "6")]);
    let came = Running::of(&ferry).came();
    assert!(came.err.contains("nothing came for 6 s"), "{}", came.err);
    assert!(came.err.contains("every table is read again, at another moment"), "{}", came.err);
    assert_published(&ferry, &came);
}
