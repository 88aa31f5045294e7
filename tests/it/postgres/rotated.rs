//! A password that changes before a night and in the middle of it, and a line that falls silent: what the binary makes of them.

use super::bench::Bench;
use super::nights::{ROWS, Running, assert_nothing, assert_published, ferry, lay};
use super::stalls::forgetting_line;
use crate::federated::Tokens;
use crate::ferry::{Came, Ferry};
use crate::services::variable;
use serde_json::json;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Stdio};
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

/// A run that waits behind the moment that it took until the file is removed.
pub async fn paused_at_its_moment(ferry: &Ferry) -> (Child, PathBuf) {
    let paused = ferry.path("paused");
    let mut command = ferry.command(&["run", "jobs/things.toml", "--json"]);
    command.env("NIGHTFERRY_PAUSE", format!("database.moment:after:{}", paused.display()));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let began = Instant::now();
    while !paused.exists() {
        assert!(began.elapsed() < Duration::from_secs(30), "no moment was ever taken");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    (child, paused)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_that_is_changed_in_the_night_is_read_again_and_carries_it() {
    let schema = "it_changed_midway";
    let (mut bench, ferry) = laid(schema).await;
    let (child, paused) = paused_at_its_moment(&ferry).await;
    // The first session is in; every later one is let in by the new password alone.
    bench.run(&format!("ALTER ROLE {schema}_reader PASSWORD 'hollowmere'")).await;
    write(&ferry, "hollowmere");
    std::fs::remove_file(&paused).expect("goes on");
    let came = Came::of(&child.wait_with_output().expect("it ends"));
    assert!(!came.err.contains("hollowmere") && !came.err.contains("kestrel"), "{}", came.err);
    assert_published(&ferry, &came);
}

/// A project whose role's password lies in a manager, under `pg`.
async fn managed(schema: &str, reference: &str) -> (Bench, Ferry) {
    let (bench, ferry) = laid(schema).await;
    ferry.edit("jobs/environments/dev.toml", "{ file = \"password\" }", reference);
    (bench, ferry)
}

/// Takes the new password from a file: for the runs by which a night is judged.
fn without_manager(ferry: &Ferry, reference: &str) {
    ferry.edit("jobs/environments/dev.toml", reference, "{ file = \"password\" }");
    write(ferry, "hollowmere");
}

/// Begins a night beside `tokens`, has the role's password changed once the first session is in, and gives what it came to.
async fn changed_midway(
    (bench, ferry): (&mut Bench, &Ferry),
    schema: &str,
    tokens: &Tokens,
    then: &serde_json::Value,
) -> Came {
    let paused = ferry.path("paused");
    let mut command = crate::managers::command(tokens, ferry, &["run", "jobs/things.toml", "--json"]);
    command.env("NIGHTFERRY_AZURE_AUDIENCE", "api://AzureADTokenExchange").env("NIGHTFERRY_LOG", "info");
    command.env("NIGHTFERRY_PAUSE", format!("database.moment:after:{}", paused.display()));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let began = Instant::now();
    while !paused.exists() {
        assert!(began.elapsed() < Duration::from_secs(30), "no moment was ever taken");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    bench.run(&format!("ALTER ROLE {schema}_reader PASSWORD 'hollowmere'")).await;
    tokens.say(then);
    std::fs::remove_file(&paused).expect("goes on");
    let came = Came::of(&child.wait_with_output().expect("it ends"));
    assert!(!came.err.contains("hollowmere") && !came.err.contains("kestrel"), "{}", came.err);
    came
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_that_its_manager_rotates_in_the_night_is_asked_for_again_and_carries_it() {
    let tokens = Tokens::start();
    let rds = |password: &str| json!({ "username": "reader", "password": password }).to_string();
    let vault = format!("{{ key_vault = \"http://127.0.0.1:{}/secrets/pg\" }}", tokens.port);
    for (schema, reference, who, old, new) in [
        (
            "it_rotated_aws",
            "{ aws_secret = \"pg\", field = \"password\" }",
            "manager",
            rds("kestrel"),
            rds("hollowmere"),
        ),
        ("it_rotated_azure", vault.as_str(), "vault", "kestrel".to_owned(), "hollowmere".to_owned()),
    ] {
        let (mut bench, ferry) = managed(schema, reference).await;
        tokens.say(&json!({ "secrets": { "pg": old } }));
        let then = json!({ "secrets": { "pg": new } });
        let night = changed_midway((&mut bench, &ferry), schema, &tokens, &then).await;
        assert!(tokens.asked(who) >= 1, "{who} was asked again");
        assert!(!night.err.contains("one session fewer reads"), "{}", night.err);
        // The next night reads the new one at once, and once.
        tokens.say(&json!({ "manager": [], "vault": [] }));
        let mut again = crate::managers::command(&tokens, &ferry, &["validate", "--online"]);
        again.env("NIGHTFERRY_AZURE_AUDIENCE", "api://AzureADTokenExchange");
        let came = Came::of(&again.output().expect("the binary starts"));
        assert_eq!((came.code, tokens.asked(who)), (0, 1), "{}", came.err);
        without_manager(&ferry, reference);
        assert_published(&ferry, &night);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_whose_manager_still_has_the_old_one_is_asked_for_once_more_and_refused_with_12() {
    let (schema, tokens, reference) = ("it_rotated_late", Tokens::start(), "{ aws_secret = \"pg\" }");
    let (mut bench, ferry) = managed(schema, reference).await;
    let old = json!({ "secrets": { "pg": "kestrel" } });
    tokens.say(&old);
    // The session that is in already reads both tables alone.
    let night = changed_midway((&mut bench, &ferry), schema, &tokens, &old).await;
    assert!(night.err.contains("one session fewer reads") && tokens.asked("manager") >= 1, "{}", night.err);
    // The next night has none.
    tokens.say(&old);
    let mut next = crate::managers::command(&tokens, &ferry, &["validate", "--online"]);
    let came = Came::of(&next.output().expect("the binary starts"));
    assert_eq!((came.code, tokens.asked("manager")), (12, 2), "{}", came.err);
    assert!(came.endings()[0].starts_with("E-ACCESS-12 "), "{}", came.err);
    without_manager(&ferry, reference);
    assert_published(&ferry, &night);
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
