//! Stores in Azure by what the environment refers to: a shared access signature, shown to Azurite, which checks it; and the secret of an
//! application, shown to a local Entra.

use crate::federated::{Blobs, Tokens};
use crate::ferry::{Came, Ferry};
use crate::managers::command;
use crate::readers::python;
use crate::services::{CONTAINER, variable};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ENVIRONMENT: &str = "jobs/environments/dev.toml";
/// All that a night needs of a store.
const ENOUGH: &str = "racwdl";

/// A signature that Azure's own library makes.
fn signature(seconds: i64, permissions: &str) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/signature.py");
    python(&[script, CONTAINER, &seconds.to_string(), permissions])
}

/// One thing, published to Azurite by what `words` of its environment say.
fn project(words: &str) -> Ferry {
    let amount = "amount = { type = \"integer\", class = \"open\" }";
    let ferry = Ferry::of_one_file("app.thing.csv", b"id,amount\n1,10\n", amount, "");
    let (own, endpoint) = (uuid::Uuid::now_v7(), variable("NIGHTFERRY_AZURE_ENDPOINT"));
    let to = format!("url = \"az://{CONTAINER}/{own}\"\nendpoint = \"{endpoint}\"\n{words}");
    ferry.edit(ENVIRONMENT, "url = \"out/warehouse\"", &to);
    ferry
}

fn put(ferry: &Ferry, signature: &str) {
    ferry.write("sas", signature.as_bytes());
    std::fs::set_permissions(ferry.path("sas"), std::fs::Permissions::from_mode(0o600)).expect("set");
}

/// By a signature in a file.
fn by(signature: &str) -> Ferry {
    let ferry = project("sas = { file = \"sas\" }");
    put(&ferry, signature);
    ferry
}

fn bare(command: &mut Command) -> Came {
    for name in ["AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_SAS_TOKEN", "AZURE_CLIENT_SECRET"] {
        command.env_remove(name);
    }
    let came = Came::of(&command.env("NIGHTFERRY_LOG", "trace").output().expect("the binary starts"));
    let is_told = |text: &str| text.contains("sig=") || text.contains("opensesame");
    assert!(!is_told(&came.err) && !is_told(&came.out), "a secret is told: {}", came.err);
    came
}

fn run(ferry: &Ferry) -> Came {
    bare(&mut ferry.command(&["run", "jobs/things.toml", "--progress", "none"]))
}

#[test]
fn a_night_reaches_azure_by_a_shared_access_signature() {
    let good = signature(3600, ENOUGH);
    for signature in [good.clone(), format!("?{good}\n")] {
        let ferry = by(&signature);
        let came = run(&ferry);
        assert_eq!(came.code, 0, "{}", came.err);
        assert_eq!(run(&ferry).code, 0, "and once more");
    }
    // The second cloud alone, and a source.
    let ferry = Ferry::of_one_file(
        "app.thing.csv",
        b"id,amount\n1,10\n",
        "amount = { type = \"integer\", class = \"open\" }",
        "",
    );
    let (own, endpoint) = (uuid::Uuid::now_v7(), variable("NIGHTFERRY_AZURE_ENDPOINT"));
    let second = format!(
        "url = \"out/warehouse\"\nsecond = \"az://{CONTAINER}/{own}\"\nsecond_endpoint = \"{endpoint}\"\nsecond_sas = {{ file = \"sas\" }}"
    );
    ferry.edit(ENVIRONMENT, "url = \"out/warehouse\"", &second);
    put(&ferry, &good);
    let came = run(&ferry);
    assert_eq!(came.code, 0, "{}", came.err);
    let from = format!(
        "files = {{ url = \"az://{CONTAINER}/{own}\", endpoint = \"{endpoint}\", sas = {{ file = \"sas\" }} }}"
    );
    ferry.edit(ENVIRONMENT, "files = { url = \"in\" }", &from);
    let came = bare(&mut ferry.command(&["validate", "--online"]));
    assert!(came.code == 14 && came.err.contains("E-THERE-14"), "reached, and nothing is there: {}", came.err);
    put(&ferry, &signature(-60, ENOUGH));
    let came = bare(&mut ferry.command(&["validate", "--online"]));
    assert_eq!((came.code, came.endings()[0].starts_with("E-SAS-12 ")), (12, true), "{}", came.err);
}

#[test]
fn a_signature_that_is_over_is_called_that_before_it_is_shown_to_anybody() {
    let ferry = by(&signature(-60, ENOUGH));
    let came = run(&ferry);
    let ending = came.endings()[0];
    assert_eq!(came.code, 12, "{}", came.err);
    assert!(ending.starts_with("E-SAS-12 ") && ending.contains("store `warehouse`: the shared access"), "{ending}");
    assert!(ending.contains("make another shared access signature"), "{ending}");
    // Another takes its place: nothing else is changed.
    put(&ferry, &signature(3600, ENOUGH));
    assert_eq!(run(&ferry).code, 0);
}

#[test]
fn a_signature_that_is_tampered_with_too_narrow_or_none_ends_with_12() {
    let good = signature(3600, ENOUGH);
    let tampered = good.replace("sp=racwdl", "sp=racwdlt");
    assert_ne!(tampered, good);
    for (signature, words) in [
        (tampered, "refused us"),
        (signature(3600, "r"), "refused us"),
        ("opensesame".to_owned(), "is no shared access signature"),
    ] {
        let came = run(&by(&signature));
        assert_eq!(came.code, 12, "{words}: {}", came.err);
        let ending = came.endings()[0];
        assert!(ending.starts_with("E-ACCESS-12 ") && ending.contains(words), "{ending}");
    }
    let lacking = project("sas = { env = \"NIGHTFERRY_NO_SUCH_SAS\" }");
    let came = run(&lacking);
    assert_eq!(came.code, 11, "{}", came.err);
    assert!(came.endings()[0].contains("`NIGHTFERRY_NO_SUCH_SAS` is not set"), "{}", came.err);
}

#[test]
fn a_signature_that_ends_in_the_night_is_read_again_where_it_is_found() {
    let ferry = by(&signature(15, ENOUGH));
    let paused = ferry.path("paused");
    let mut command = ferry.command(&["run", "jobs/things.toml", "--progress", "none"]);
    command.env("NIGHTFERRY_PAUSE", format!("store.put.part:after:{}", paused.display()));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let began = Instant::now();
    while !paused.exists() {
        assert!(began.elapsed() < Duration::from_secs(60), "no part was ever written");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_secs(16).saturating_sub(began.elapsed()));
    put(&ferry, &signature(3600, ENOUGH));
    std::fs::remove_file(&paused).expect("goes on");
    let came = Came::of(&child.wait_with_output().expect("it ends"));
    assert_eq!(came.code, 0, "{}", came.err);
}

#[test]
fn doctor_tells_of_a_signature_a_week_before_it_is_over() {
    let found = |seconds: i64| {
        let came = bare(&mut by(&signature(seconds, ENOUGH)).command(&["doctor", "--json"]));
        let report: Value = serde_json::from_str(&came.out).expect("a report");
        let findings = report["findings"].as_array().expect("findings").iter();
        findings.map(|of| format!("{} {}", of["id"], of["place"]).replace('"', "")).collect::<Vec<_>>()
    };
    let day = 86_400;
    assert_eq!(found(30 * day), Vec::<String>::new());
    assert_eq!(found(3 * day), ["D-SAS store `warehouse`"]);
    assert_eq!(found(-day), ["E-SAS-12 store `warehouse`"]);
}

/// By the secret of an application, which lies in Secrets Manager.
fn by_secret(blobs: &Blobs) -> Ferry {
    let ferry = blobs.project();
    let words = "client_secret = { aws_secret = \"azure\" }\nclient_id = \"client-1\"\ntenant_id = \"tenant-1\"\nca = \"ca.pem\"";
    ferry.edit(ENVIRONMENT, "ca = \"ca.pem\"", words);
    ferry
}

#[test]
fn a_night_reaches_azure_by_the_secret_of_an_application_and_follows_its_rotation() {
    let (tokens, blobs) = (Tokens::start(), Blobs::start());
    let run = |ferry: &Ferry| {
        let mut command = command(&tokens, ferry, &["run", "jobs/things.toml", "--progress", "none"]);
        // The environment names both.
        command.env_remove("AZURE_CLIENT_ID").env_remove("AZURE_TENANT_ID");
        bare(command.env("AZURE_STORAGE_ACCOUNT_NAME", "devstoreaccount1"))
    };
    let ferry = by_secret(&blobs);
    tokens.say(&json!({ "client_secret": "opensesame-1", "secrets": { "azure": "opensesame-1" } }));
    let came = run(&ferry);
    assert_eq!(came.code, 0, "{}", came.err);
    let asked = ["sts", "manager", "entra"].map(|who| tokens.asked(who));
    assert_eq!(asked, [0, 1, 1], "one token serves the whole night");
    // Exchanged at Entra and in the manager: the next night goes by the new one.
    tokens.say(&json!({ "client_secret": "opensesame-2" }));
    let came = run(&ferry);
    assert_eq!(came.code, 12, "{}", came.err);
    let ending = came.endings()[0];
    assert!(ending.starts_with("E-ACCESS-12 ") && ending.contains("does not take the secret"), "{ending}");
    tokens.say(&json!({ "secrets": { "azure": "opensesame-2" } }));
    assert_eq!(run(&ferry).code, 0);
    // Whoever keeps it has none, or is away.
    tokens.say(&json!({ "secrets": {} }));
    let came = run(&ferry);
    let ending = came.endings()[0];
    assert!(came.code == 11 && ending.starts_with("E-SECRET-11 "), "{}", came.err);
    assert!(ending.contains("no secret for store `warehouse`: the secret azure of AWS"), "{ending}");
    tokens.say(&json!({ "secrets": { "azure": "opensesame-2" }, "manager": vec!["m-throttled"; 20] }));
    let came = run(&ferry);
    assert!(came.code == 70 && came.endings()[0].starts_with("E-SECRET-70 "), "{}", came.err);
    tokens.say(&json!({ "manager": [], "entra": ["429", "500"] }));
    assert_eq!(run(&ferry).code, 0);
    assert_eq!(tokens.asked("entra"), 3);
}

#[test]
fn words_about_a_login_to_azure_that_nobody_can_mean_are_told_with_their_place() {
    for (words, told) in [
        ("sas = { env = \"A\" }\nclient_secret = { env = \"B\" }", "`client_secret` stands beside `sas`"),
        ("client_id = \"client-1\"", "`client_id` says nothing without `client_secret`"),
        ("sas = { test_key = true }", "`sas` is no key of tests"),
        ("sas = \"sv=1&sig=opensesame\"", "`store.warehouse.sas` is written in the file"),
    ] {
        let came = bare(&mut project(words).command(&["validate"]));
        assert!(
            came.code == 11 && (came.out.contains(told) || came.err.contains(told)),
            "{told}: {}{}",
            came.out,
            came.err
        );
    }
    let ferry = Ferry::of_one_file(
        "app.thing.csv",
        b"id,amount\n1,10\n",
        "amount = { type = \"integer\", class = \"open\" }",
        "",
    );
    ferry.edit(ENVIRONMENT, "url = \"out/warehouse\"", "url = \"out/warehouse\"\nsas = { env = \"A\" }");
    let came = ferry.run(&["validate"]);
    assert!(came.code == 11 && came.err.contains("`sas` is of a place in Azure"), "{}{}", came.out, came.err);
}
