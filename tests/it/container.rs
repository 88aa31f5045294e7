//! Credentials of the role that a container runs as, from a local server that hands them out as ECS does: buckets and logins to databases are
//! signed with them.

use crate::assumed::{bare, came, in_buckets, workload};
use crate::federated::Tokens;
use crate::ferry::Ferry;
use crate::postgres::iam::Rds;
use crate::resigned::{all_were_signed, resigned};
use crate::services::variable;
use serde_json::{Value, json};
use std::process::Command;

const TOKEN: &str = "opensesame-of-the-task";

fn of_container(tokens: &Tokens, command: &mut Command) {
    let here = format!("http://127.0.0.1:{}/v2/credentials", tokens.port);
    command.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", here).env("AWS_CONTAINER_AUTHORIZATION_TOKEN", TOKEN);
}

fn run(tokens: &Tokens, ferry: &Ferry) -> Command {
    let mut command = bare(ferry, &["run", "jobs/things.toml", "--progress", "none"]);
    of_container(tokens, &mut command);
    command
}

#[test]
fn a_night_signs_with_the_credentials_of_its_container_and_asks_again_before_they_are_over() {
    let (tokens, (endpoint, seen)) = (workload(), resigned());
    let ended = came(&mut run(&tokens, &in_buckets(&endpoint, "")));
    assert_eq!(ended.code, 0, "{}", ended.err);
    let requests = all_were_signed(&seen);
    let asked = tokens.asked("container");
    assert!(requests > 20 && (3..=12).contains(&asked), "{requests} {asked}");
    // The token may lie in a file, which its platform changes.
    let ferry = in_buckets(&endpoint, "");
    ferry.write("token", format!("{TOKEN}\n").as_bytes());
    let mut command = run(&tokens, &ferry);
    command.env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "another");
    assert_eq!(came(command.env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", ferry.path("token"))).code, 0);
    // What is over in five minutes is asked for again each time.
    tokens.say(&json!({ "seconds": 200, "container": ["429", "500", "garbage"] }));
    let ended = came(&mut run(&tokens, &in_buckets(&endpoint, "")));
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(tokens.asked("container") > 2 * asked, "{} and {asked}", tokens.asked("container"));
    // Keys of the surroundings come first, as with AWS's own tools.
    tokens.say(&json!({ "seconds": 3600 }));
    let ferry = in_buckets(&variable("NIGHTFERRY_S3_ENDPOINT"), "");
    let mut command = run(&tokens, &ferry);
    command.env("AWS_ACCESS_KEY_ID", variable("AWS_ACCESS_KEY_ID"));
    command.env("AWS_SECRET_ACCESS_KEY", variable("AWS_SECRET_ACCESS_KEY"));
    assert_eq!(came(&mut command).code, 0);
    assert_eq!(tokens.asked("container"), 0);
}

#[test]
fn a_login_to_a_database_is_signed_with_the_credentials_of_the_container() {
    let ferry = Ferry::of_one_file("app.thing.csv", b"", "", "");
    let tokens = workload();
    tokens.say(&json!({ "keys": ["ASIAEXAMPLE", "sec/ret+example"], "session": "tok/en+==" }));
    let mut rds = Rds::before(&ferry, "ASIAEXAMPLE", None);
    let look = |what: &Value| {
        tokens.say(what);
        let mut command = bare(&ferry, &["validate", "--online"]);
        of_container(&tokens, &mut command);
        came(&mut command)
    };
    let ended = look(&json!({}));
    assert_eq!(ended.code, 12, "the door lets nobody in: {}", ended.err);
    assert_eq!(rds.next(), "night_ferry valid");
    let refused = look(&json!({ "container": ["401"] }));
    assert!(refused.code == 12 && refused.err.contains("no AWS credentials to sign the login with"), "{}", refused.err);
    let away = look(&json!({ "container": vec!["500"; 40] }));
    assert!(away.code == 70 && away.err.contains("getting AWS credentials"), "{}", away.err);
    assert_eq!(rds.close(), Vec::<String>::new());
}

/// Runs where somebody says `what`, and ends so, with nothing asked of a bucket.
fn ends(what: &Value, change: impl Fn(&mut Command), id: &str, message: &str) -> Tokens {
    let (tokens, (endpoint, seen)) = (workload(), resigned());
    tokens.say(what);
    let ferry = in_buckets(&endpoint, "");
    let mut command = run(&tokens, &ferry);
    change(&mut command);
    let ended = came(&mut command);
    let code: i32 = id.rsplit('-').next().and_then(|code| code.parse().ok()).expect("a code");
    assert_eq!(ended.code, code, "{}", ended.err);
    let ending = ended.endings()[0];
    assert!(ending.starts_with(&format!("{id} ")) && ending.contains(message), "{id} {message}: {}", ended.err);
    assert_eq!(ending.contains("retryable=true"), (70..80).contains(&code), "{ending}");
    assert_eq!(seen.lock().expect("requests").len(), 0, "no bucket was asked");
    tokens
}

fn as_it_is(_: &mut Command) {}

#[test]
fn credentials_that_a_container_is_refused_end_with_12_and_say_how() {
    let tokens = ends(&json!({ "container": vec!["401"; 40] }), as_it_is, "E-ACCESS-12", "refused us (HTTP 401)");
    assert!(tokens.asked("container") <= 3, "what no retry cures is asked once for a place: {:?}", tokens.seen());
    ends(&json!({ "container": vec!["404"; 40] }), as_it_is, "E-ACCESS-12", "refused us (HTTP 404)");
    let other = |command: &mut Command| {
        command.env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "another");
    };
    ends(&json!({}), other, "E-ACCESS-12", "refused us (HTTP 401)");
    ends(&json!({ "container": vec!["redirect"; 40] }), as_it_is, "E-REDIRECT-13", "no redirect is followed");
}

#[test]
fn whoever_hands_out_a_containers_credentials_and_is_away_or_answers_garbage_ends_with_71() {
    for (fault, message) in [("429", "asked too often"), ("500", "it fails"), ("garbage", "is no token")] {
        let tokens = ends(&json!({ "container": vec![fault; 40] }), as_it_is, "E-STORE-71", message);
        let asked = tokens.asked("container");
        assert!((3..=20).contains(&asked), "{fault}: {asked}");
    }
    // Those that are over are none.
    ends(&json!({ "seconds": -10 }), as_it_is, "E-STORE-71", "is no token");
}

#[test]
fn whoever_is_to_hand_them_out_is_looked_at_first() {
    for (name, value) in [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.169.254/latest/meta-data"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://credentials.example.org/v2"),
        ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@127.0.0.1/v2"),
    ] {
        let changed = |command: &mut Command| {
            command.env(name, value);
        };
        let tokens = ends(&json!({}), changed, "E-ENV-11", "AWS_CONTAINER_CREDENTIALS");
        assert_eq!(tokens.seen(), [], "{value}");
    }
}
