//! Schemas of one database that roles of their own read: one moment, and each role is looked at.

use super::bench::Bench;
use super::nights::{ROWS, Running, assert_nothing, assert_published, ferry, lay, reads};
use super::rotated::paused_at_its_moment;
use crate::ferry::{Came, Ferry};
use std::os::unix::fs::PermissionsExt;

const JOB: &str = "jobs/things.toml";
const ENVIRONMENT: &str = "jobs/environments/dev.toml";

/// The tables `here` and `there` in a schema each, a role that may read each of them alone, and a project that reads both at one
/// source with two sessions.
struct Laid {
    bench: Bench,
    ferry: Ferry,
    here: String,
    there: String,
}

async fn laid(name: &str) -> Laid {
    let (here, there) = (format!("{name}_here"), format!("{name}_there"));
    Bench::lay(&there, "").await;
    let mut bench = Bench::lay(&here, &lay(&here)).await;
    bench.run(&format!("ALTER TABLE {here}.there SET SCHEMA {there}")).await;
    for (schema, password) in [(&here, "kestrel"), (&there, "hollowmere")] {
        bench
            .run(&format!(
                "DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{schema}_reader') THEN CREATE ROLE {schema}_reader; END IF; END $$;
                 ALTER ROLE {schema}_reader LOGIN PASSWORD '{password}'; GRANT USAGE ON SCHEMA {schema} TO {schema}_reader;
                 GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {schema}_reader"
            ))
            .await;
    }
    for (schema, other) in [(&here, &there), (&there, &here)] {
        let may = format!("SELECT has_schema_privilege('{schema}_reader', '{other}', 'USAGE')::text");
        assert_eq!(bench.printed(&may).await, [Some("false".into())], "each role reads its own schema alone");
    }
    let ferry = ferry(&here, &[("connections", "2"), ("user", &format!("\"{here}_reader\""))]);
    ferry.edit(ENVIRONMENT, "{ env = \"NIGHTFERRY_PG_PASSWORD\" }", "{ file = \"here\" }");
    let password = ferry.path("there").display().to_string();
    let schemas = format!(
        "connections = 2, schemas = {{ {there} = {{ user = \"{there}_reader\", password = {{ file = \"{password}\" }} }} }}"
    );
    ferry.edit(ENVIRONMENT, "connections = 2", &schemas);
    ferry.edit(JOB, &format!("table = \"{here}.there\""), &format!("table = \"{there}.there\""));
    write(&ferry, "here", "kestrel");
    write(&ferry, "there", "hollowmere");
    Laid { bench, ferry, here, there }
}

fn write(ferry: &Ferry, file: &str, password: &str) {
    ferry.write(file, password.as_bytes());
    std::fs::set_permissions(ferry.path(file), std::fs::Permissions::from_mode(0o600)).expect("set");
}

fn tells_no_password(came: &Came) {
    for password in ["kestrel", "hollowmere", "marlinspike"] {
        assert!(!came.err.contains(password) && !came.out.contains(password), "{}", came.err);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_schemas_with_a_role_each_show_one_moment() {
    let Laid { mut bench, ferry, here, there } = laid("it_two_roles").await;
    let mut running = Running::of(&ferry);
    // In the middle of the first table: the second was not begun, or is being read.
    running.hold_when(&mut bench, &reads(&here)).await;
    let sessions = format!(
        "SELECT string_agg(usename, ' ' ORDER BY usename) FROM pg_stat_activity WHERE application_name = 'nightferry' AND usename IN ('{here}_reader', '{there}_reader')"
    );
    assert_eq!(bench.printed(&sessions).await, [Some(format!("{here}_reader {there}_reader"))], "one session each");
    for id in 1..=40 {
        let moves = format!(
            "BEGIN; UPDATE {here}.here SET amount = amount - 1 WHERE id = {id}; UPDATE {there}.there SET amount = amount + 1 WHERE id = {id}; COMMIT"
        );
        bench.run(&moves).await;
    }
    running.go_on();
    let came = running.came();
    tells_no_password(&came);
    assert_published(&ferry, &came);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_sessions_than_roles_are_shared_by_them() {
    let Laid { ferry, .. } = laid("it_five_sessions").await;
    ferry.edit(ENVIRONMENT, "connections = 2", "connections = 5");
    let came = Running::of(&ferry).came();
    assert_published(&ferry, &came);
}

#[tokio::test]
async fn a_role_that_may_write_in_the_second_schema_is_refused_before_anything_is_read() {
    let Laid { mut bench, ferry, here, there } = laid("it_wide_role").await;
    bench.run(&format!("GRANT INSERT ON {there}.there TO {there}_reader")).await;
    let refused = format!(
        "E-ROLE-12 phase=open what=\"role `{there}_reader` of source `app` may do more than read: INSERT on `{there}.there`"
    );
    let online = ferry.run(&["validate", JOB, "--online"]);
    assert!(online.code == 12 && online.endings()[0].starts_with(&refused), "{}{}", online.out, online.err);
    // One that reads what it reads, and nothing for the role that may only read.
    let takes_its_place = [format!("GRANT SELECT ON \"{there}\".\"there\" TO \"nightferry_ro_2\";")];
    let grants: Vec<&str> = online.out.lines().filter(|line| line.starts_with("GRANT SELECT")).collect();
    assert_eq!(grants, takes_its_place, "{}", online.out);
    assert!(!online.out.contains(&format!("\"{here}\"")), "{}", online.out);
    let came = ferry.run(&["run", JOB, "--json"]);
    assert!(came.endings()[0].starts_with(&refused), "{}", came.err);
    tells_no_password(&came);
    bench.run(&format!("REVOKE INSERT ON {there}.there FROM {there}_reader")).await;
    assert_nothing(&ferry, &came, "E-ROLE-12", ROWS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_password_of_a_schemas_role_that_was_changed_is_read_again() {
    let Laid { mut bench, ferry, there, .. } = laid("it_rotated_role").await;
    let (child, paused) = paused_at_its_moment(&ferry).await;
    // Both passwords were read; only the source's own role is in.
    bench.run(&format!("ALTER ROLE {there}_reader PASSWORD 'marlinspike'")).await;
    write(&ferry, "there", "marlinspike");
    std::fs::remove_file(&paused).expect("goes on");
    let came = Came::of(&child.wait_with_output().expect("it ends"));
    tells_no_password(&came);
    assert_published(&ferry, &came);
    // Where it lies as it was, the login is refused by the role's name.
    write(&ferry, "there", "hollowmere");
    let came = ferry.run(&["validate", JOB, "--online"]);
    let refused =
        format!("E-ACCESS-12 phase=open what=\"source `app` refused the login of `{there}_reader` (SQLSTATE 28P01)");
    assert!(came.code == 12 && came.endings()[0].starts_with(&refused), "{}", came.err);
    tells_no_password(&came);
}

#[tokio::test]
async fn a_first_job_is_drafted_over_both_schemas() {
    let Laid { ferry, here, there, .. } = laid("it_drafted_roles").await;
    let came = ferry.run(&["init", "--source", "app", "--schema", &here, "--schema", &there, "--job", "both"]);
    assert!(came.code == 0 && !came.out.contains("left out"), "{}{}", came.out, came.err);
    let job = ferry.read("jobs/both.toml");
    for table in [format!("table = \"{here}.here\""), format!("table = \"{there}.there\"")] {
        assert!(job.contains(&table), "{job}");
    }
}
