//! Azure -> AWS without a secret: a token of the workload's own, exchanged at STS for credentials of a role, and buckets that are asked with
//! them. Azure and STS are a local server that checks what it is asked as the real ones do (`tests/readers/workload.py`); the buckets are the
//! tests' S3, behind somebody who knows such credentials.

use crate::federated::Tokens;
use crate::ferry::{Came, Ferry};
use crate::resigned::{SECRET, all_were_signed, resigned};
use serde_json::{Value, json};
use std::process::Command;

const ENVIRONMENT: &str = "jobs/environments/dev.toml";
const ROLE: &str = "arn:aws:iam::111122223333:role/lccc/nightferry-azure";

pub fn workload() -> Tokens {
    Tokens::of(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/workload.py"))
}

/// A project of one thing whose stores are buckets at `endpoint`; `words` are of each.
pub fn in_buckets(endpoint: &str, words: &str) -> Ferry {
    let amount = "amount = { type = \"integer\", class = \"open\" }";
    let ferry = Ferry::of_one_file("app.thing.csv", b"id,amount\n1,10\n", amount, "");
    let own = uuid::Uuid::now_v7();
    for store in ["warehouse", "restricted", "security"] {
        let place = format!(
            "url = \"s3://nightferry-{store}/{own}\"\nregion = \"eu-west-2\"\nendpoint = \"{endpoint}\"\n{words}"
        );
        ferry.edit(ENVIRONMENT, &format!("url = \"out/{store}\""), &place);
    }
    ferry
}

/// The binary, without any credentials of the surroundings.
pub fn bare(ferry: &Ferry, arguments: &[&str]) -> Command {
    let mut command = ferry.command(arguments);
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION"] {
        command.env_remove(name);
    }
    command.env("NIGHTFERRY_LOG", "trace");
    command
}

fn command(tokens: &Tokens, ferry: &Ferry) -> Command {
    let here = format!("http://127.0.0.1:{}", tokens.port);
    let mut command = bare(ferry, &["run", "jobs/things.toml", "--progress", "none"]);
    command.env("IDENTITY_ENDPOINT", format!("{here}/msi/token")).env("IDENTITY_HEADER", "opensesame-of-the-container");
    command.env("AZURE_CLIENT_ID", "client-1").env("AWS_ENDPOINT_URL_STS", &here);
    command.env("NIGHTFERRY_AWS_AUDIENCE", "api://nightferry-aws");
    command
}

pub fn came(command: &mut Command) -> Came {
    let came = Came::of(&command.output().expect("the binary starts"));
    let is_told = ["opensesame", "eyJ", SECRET].into_iter().any(|of| came.err.contains(of));
    assert!(!is_told, "a secret or token is told: {}", came.err);
    came
}

fn with_a_role(endpoint: &str) -> Ferry {
    in_buckets(endpoint, &format!("role = \"{ROLE}\""))
}

#[test]
fn a_night_in_azure_reaches_buckets_without_a_secret_and_asks_once_for_each() {
    let (tokens, (endpoint, seen)) = (workload(), resigned());
    let ended = came(&mut command(&tokens, &with_a_role(&endpoint)));
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(all_were_signed(&seen) > 20);
    // One for each place that is opened, however many requests it gets.
    let (azure, sts) = (tokens.asked("azure"), tokens.asked("sts"));
    assert!(azure == sts && (3..=12).contains(&sts), "{azure} {sts}");
    assert!(tokens.seen().iter().all(|(_, status)| *status == 200));
    // What is over in five minutes is not kept.
    tokens.say(&json!({ "seconds": 200 }));
    assert_eq!(came(&mut command(&tokens, &with_a_role(&endpoint))).code, 0);
    assert!(tokens.asked("sts") > 2 * sts, "{} and {sts}", tokens.asked("sts"));
    // What passes is waited for.
    tokens.say(&json!({ "seconds": 3600, "azure": ["429"], "sts": ["500", "provider", "garbage"] }));
    let ended = came(&mut command(&tokens, &with_a_role(&endpoint)));
    assert_eq!(ended.code, 0, "{}", ended.err);
    let statuses: Vec<u16> = tokens.seen().into_iter().map(|(_, status)| status).collect();
    assert_eq!(statuses.iter().filter(|status| **status != 200).count(), 3, "{statuses:?}");
}

#[test]
fn a_workload_of_kubernetes_exchanges_its_own_token_first() {
    let (tokens, (endpoint, seen)) = (workload(), resigned());
    let own = tokens.ask("GET /_token HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let run = |token: &str| {
        let ferry = with_a_role(&endpoint);
        ferry.write("token", token.as_bytes());
        let mut command = command(&tokens, &ferry);
        command.env_remove("IDENTITY_ENDPOINT").env("AZURE_FEDERATED_TOKEN_FILE", ferry.path("token"));
        command
            .env("AZURE_TENANT_ID", "tenant-1")
            .env("AZURE_AUTHORITY_HOST", format!("http://127.0.0.1:{}/", tokens.port));
        came(&mut command)
    };
    let ended = run(&format!("{own}\n"));
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(all_were_signed(&seen) > 20);
    assert!(tokens.asked("entra") > 0 && tokens.asked("entra") == tokens.asked("sts") && tokens.asked("azure") == 0);
    let ended = run("eyJh.eyJh.opensesame");
    assert!(ended.code == 12 || ended.code == 71, "{}", ended.err);
    let (head, signature) = own.rsplit_once('.').expect("a token");
    let forged = format!("{head}.{}", signature.chars().rev().collect::<String>());
    let ended = run(&forged);
    assert_eq!(ended.code, 12, "{}", ended.err);
    assert!(ended.endings()[0].contains("Entra takes no token of this workload"), "{}", ended.err);
}

/// Runs where somebody says `what`, and ends so, with nothing asked of a bucket.
fn ends(what: &Value, change: impl Fn(&mut Command), id: &str, message: &str) -> Tokens {
    let (tokens, (endpoint, seen)) = (workload(), resigned());
    tokens.say(what);
    let ferry = with_a_role(&endpoint);
    let mut command = command(&tokens, &ferry);
    change(&mut command);
    let ended = came(&mut command);
    let code: i32 = id.rsplit('-').next().and_then(|code| code.parse().ok()).expect("a code");
    assert_eq!(ended.code, code, "{}", ended.err);
    let ending = ended.endings()[0];
    assert!(ending.starts_with(&format!("{id} ")) && ending.contains(message), "{id} {message}: {}", ended.err);
    assert_eq!(ending.contains("retryable=true"), (70..80).contains(&code), "{ending}");
    let runbook = crate::runbooks::runbooks();
    assert!(runbook.values().any(|text| text.contains(&format!("`{id}`"))), "{id} has a runbook");
    assert_eq!(seen.lock().expect("requests").len(), 0, "no bucket was asked");
    tokens
}

fn as_it_is(_: &mut Command) {}

#[test]
fn a_token_for_another_audience_or_of_another_issuer_ends_with_12() {
    for fault in ["audience", "issuer", "tampered"] {
        let tokens = ends(&json!({ "azure": vec![fault; 40] }), as_it_is, "E-ACCESS-12", "InvalidIdentityToken");
        assert_eq!(tokens.seen()[..2], [("azure".to_owned(), 200), ("sts".to_owned(), 400)]);
        assert!(tokens.asked("sts") <= 3, "what no retry cures is asked once for a place: {:?}", tokens.seen());
    }
    let other = |command: &mut Command| {
        command.env("NIGHTFERRY_AWS_AUDIENCE", "api://another");
    };
    ends(&json!({}), other, "E-ACCESS-12", "InvalidIdentityToken");
    ends(&json!({ "sts": vec!["rejected"; 40] }), as_it_is, "E-ACCESS-12", "InvalidIdentityToken");
}

#[test]
fn a_token_of_azure_that_is_over_ends_with_12() {
    ends(&json!({ "azure": vec!["over"; 40] }), as_it_is, "E-ACCESS-12", "the token of Azure has expired");
    ends(&json!({ "sts": vec!["expired"; 40] }), as_it_is, "E-ACCESS-12", "the token of Azure has expired");
}

#[test]
fn a_role_that_does_not_trust_the_workload_ends_with_12() {
    let message = "its trust policy does not name this workload";
    ends(&json!({ "subject": "identity-2" }), as_it_is, "E-ACCESS-12", message);
    ends(&json!({ "sts": vec!["401"; 40] }), as_it_is, "E-ACCESS-12", "refused us");
    ends(&json!({ "sts": vec!["redirect"; 40] }), as_it_is, "E-ACCESS-12", "refused us");
}

#[test]
fn a_workload_that_azure_gives_no_token_ends_with_12() {
    for (name, value) in [
        ("IDENTITY_HEADER", "another"),
        ("NIGHTFERRY_AWS_AUDIENCE", "https://a.example.org"),
        ("AZURE_CLIENT_ID", "client-2"),
    ] {
        let other = |command: &mut Command| {
            command.env(name, value);
        };
        let tokens = ends(&json!({}), other, "E-ACCESS-12", "Azure hands this workload no token");
        assert_eq!(tokens.asked("sts"), 0, "{name}");
    }
}

#[test]
fn a_clock_twenty_minutes_off_ends_with_12_also_where_nobody_signs() {
    for ahead in [1200, -1200] {
        ends(&json!({ "ahead": ahead }), as_it_is, "E-CLOCK-12", "this machine's clock");
    }
}

#[test]
fn whoever_is_away_throttles_or_answers_garbage_ends_with_71_after_a_few_tries() {
    for (who, fault, message) in [
        ("azure", "429", "asked too often"),
        ("azure", "500", "it fails"),
        ("azure", "garbage", "is no token"),
        ("sts", "throttled", "asked too often"),
        ("sts", "429", "asked too often"),
        ("sts", "500", "it fails"),
        ("sts", "garbage", "is no token"),
        ("sts", "provider", "IDPCommunicationError"),
    ] {
        let tokens = ends(&json!({ who: vec![fault; 40] }), as_it_is, "E-STORE-71", message);
        let asked = tokens.asked(who);
        assert!((3..=20).contains(&asked), "{who} was asked {asked} times");
    }
}

#[test]
fn whoever_is_to_be_asked_for_a_role_is_looked_at_first() {
    for (name, value, message) in [
        ("IDENTITY_ENDPOINT", "http://169.254.169.254/metadata/identity/oauth2/token", "IDENTITY_ENDPOINT"),
        ("IDENTITY_ENDPOINT", "http://identity.example.org/token", "IDENTITY_ENDPOINT"),
        ("IDENTITY_HEADER", "", "IDENTITY_HEADER"),
        ("AWS_ENDPOINT_URL_STS", "http://sts.example.org", "AWS_ENDPOINT_URL_STS"),
        ("NIGHTFERRY_AWS_AUDIENCE", "", "NIGHTFERRY_AWS_AUDIENCE"),
        ("IDENTITY_ENDPOINT", "", "AZURE_FEDERATED_TOKEN_FILE"),
    ] {
        let changed = |command: &mut Command| {
            command.env(name, value);
        };
        let tokens = ends(&json!({}), changed, "E-ENV-11", message);
        assert_eq!(tokens.seen(), [], "{name}");
    }
}
