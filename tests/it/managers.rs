//! Secrets that lie in AWS Secrets Manager or Azure Key Vault: both are local servers that check what they are asked as the real ones do
//! (`tests/readers/tokens.py`: the signature is computed anew by botocore, the token verified by its public key), and answer as they do when
//! something is wrong.

use crate::federated::Tokens;
use crate::ferry::{Came, Ferry};
use crate::readers::python;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// The key of pseudonyms: 32 bytes, in hex.
const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const ENVIRONMENT: &str = "jobs/environments/dev.toml";

/// One person under a pseudonym, whose key is found so.
fn project(tokens: &str) -> Ferry {
    let name = "name = { type = \"text\", class = \"personal\", kind = \"person_name\", treat = { analytics = { hmac = \"people\" } } }";
    let ferry = Ferry::of_one_file("app.thing.csv", b"id,name\n1,Wren Ashdown\n", name, "");
    ferry.edit(ENVIRONMENT, "{ test_key = true }", tokens);
    ferry
}

/// The binary beside a manager, with a role's credentials.
pub fn command(tokens: &Tokens, ferry: &Ferry, arguments: &[&str]) -> Command {
    let mut command = ferry.command(arguments);
    let here = format!("http://127.0.0.1:{}", tokens.port);
    for name in ["AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_ENDPOINT_URL_STS", "AZURE_AUTHORITY_HOST"] {
        command.env(name, &here);
    }
    command.env("AWS_REGION", "eu-west-2").env("AWS_ACCESS_KEY_ID", "AKIDOFTHENIGHT");
    command
        .env("AWS_SECRET_ACCESS_KEY", "opensesame/of+the/night")
        .env("AWS_SESSION_TOKEN", "session//opensesame==")
        .env("AZURE_CLIENT_ID", "client-1")
        .env("AZURE_TENANT_ID", "tenant-1")
        .env("NIGHTFERRY_LOG", "trace");
    command
}

/// Comes to Azure by a token that AWS signs.
fn from_aws(command: &mut Command) {
    command.env("NIGHTFERRY_AZURE_AUDIENCE", "api://AzureADTokenExchange");
}

fn as_it_is(_: &mut Command) {}

fn run(tokens: &Tokens, ferry: &Ferry, change: impl Fn(&mut Command)) -> Came {
    let mut command = command(tokens, ferry, &["run", "jobs/things.toml", "--progress", "none"]);
    change(&mut command);
    let came = Came::of(&command.output().expect("the binary starts"));
    for secret in ["opensesame", "eyJ", &KEY[..16]] {
        assert!(!came.err.contains(secret) && !came.out.contains(secret), "a secret is told: {}", came.err);
    }
    came
}

/// The pseudonym that was published.
fn pseudonym(ferry: &Ferry) -> String {
    let look =
        "import sys; from deltalake import DeltaTable; print(DeltaTable(sys.argv[1]).to_pyarrow_table()['name'][0])";
    python(&["-c", look, &ferry.path("out/warehouse/thing").to_string_lossy()]).trim().to_owned()
}

/// The pseudonym under the key where it lies in a file.
fn expected() -> String {
    let ferry = project("{ file = \"key\" }");
    ferry.write("key", KEY.as_bytes());
    std::fs::set_permissions(ferry.path("key"), std::fs::Permissions::from_mode(0o600)).expect("set");
    assert_eq!(ferry.run(&["run", "jobs/things.toml"]).code, 0);
    pseudonym(&ferry)
}

fn vault(tokens: &Tokens) -> String {
    format!("{{ key_vault = \"http://127.0.0.1:{}/secrets/key\" }}", tokens.port)
}

#[test]
fn a_key_in_either_manager_makes_the_pseudonyms_that_it_makes_in_a_file() {
    let (tokens, expected) = (Tokens::start(), expected());
    let of_json = json!({ "made": 1, "key": KEY, "other": "opensesame" }).to_string();
    tokens.say(&json!({ "secrets": {
        "key": format!("{KEY}\n"), "nightferry/key": KEY, "of_json": of_json, "packed": { "binary": KEY },
    } }));
    let arn = "{ aws_secret = \"arn:aws:secretsmanager:eu-west-2:111122223333:secret:nightferry/key\" }";
    for (reference, change) in [
        ("{ aws_secret = \"nightferry/key\" }", as_it_is as fn(&mut Command)),
        ("{ aws_secret = \"of_json\", field = \"key\" }", as_it_is),
        ("{ aws_secret = \"packed\" }", as_it_is),
        // The region is that of the ARN, whatever the surroundings say.
        (arn, |command| {
            command.env("AWS_REGION", "us-east-1");
        }),
        (&vault(&tokens), from_aws),
        (&vault(&tokens).replace("/key\"", "/key/0a1b2c\""), from_aws),
    ] {
        let ferry = project(reference);
        let came = run(&tokens, &ferry, change);
        assert_eq!((came.code, pseudonym(&ferry)), (0, expected.clone()), "{reference}: {}", came.err);
    }
    // By the secret of an application, as a machine without AWS does.
    tokens.say(&json!({ "client_secret": "opensesame-of-azure", "secrets": { "key": KEY } }));
    let ferry = project(&vault(&tokens));
    let by_secret = |command: &mut Command| {
        command.env("AZURE_CLIENT_SECRET", "opensesame-of-azure");
    };
    let came = run(&tokens, &ferry, by_secret);
    assert_eq!((came.code, pseudonym(&ferry)), (0, expected), "{}", came.err);
    assert_eq!((tokens.asked("sts"), tokens.asked("manager")), (0, 0));
}

#[test]
fn what_passes_is_waited_for_and_a_manager_that_does_not_answer_is_asked_again() {
    let tokens = Tokens::start();
    let secrets = json!({ "nightferry/key": KEY, "key": KEY });
    tokens.say(&json!({ "secrets": secrets, "manager": ["m-500", "m-throttled", "garbage"] }));
    assert_eq!(run(&tokens, &project("{ aws_secret = \"nightferry/key\" }"), as_it_is).code, 0);
    let statuses: Vec<u16> = tokens.seen().into_iter().map(|(_, status)| status).collect();
    assert_eq!(statuses, [500, 400, 200, 200]);
    tokens.say(&json!({ "manager": ["silent"] }));
    assert_eq!(run(&tokens, &project("{ aws_secret = \"nightferry/key\" }"), as_it_is).code, 0);
    assert_eq!(tokens.asked("manager"), 2);
    tokens.say(&json!({ "vault": ["v-429", "v-503", "garbage"], "sts": ["500"] }));
    assert_eq!(run(&tokens, &project(&vault(&tokens)), from_aws).code, 0);
    assert_eq!(tokens.asked("vault"), 4);
}

/// Runs where somebody says `what`, and ends so; gives who was asked.
fn ends(
    tokens: &Tokens,
    reference: &str,
    what: &Value,
    change: impl Fn(&mut Command),
    (id, words): (&str, &str),
) -> usize {
    tokens.say(&json!({ "secrets": { "nightferry/key": KEY, "key": KEY }, "sts": [], "entra": [], "manager": [], "vault": [] }));
    tokens.say(&json!({ "ahead": 0, "secret": "opensesame/of+the/night", "client_secret": null }));
    tokens.say(what);
    let ferry = project(reference);
    let came = run(tokens, &ferry, change);
    let code: i32 = id.rsplit('-').next().and_then(|code| code.parse().ok()).expect("a code");
    assert_eq!(came.code, code, "{what}: {}", came.err);
    let ending = came.endings()[0];
    assert!(ending.starts_with(&format!("{id} ")) && ending.contains(words), "{what}: {}", came.err);
    assert_eq!(ending.contains("retryable=true"), (70..80).contains(&code), "{ending}");
    let runbooks = crate::runbooks::runbooks();
    let of = nightferry::ending::ALL.iter().find(|of| of.id == id).expect("an ending").runbook();
    assert!(runbooks[of].contains(&format!("`{id}`")), "{of} does not name {id}");
    assert!(!ferry.is_published("out/warehouse/thing"), "{what}");
    tokens.asked("manager") + tokens.asked("vault")
}

#[test]
fn what_secrets_manager_refuses_is_told_once_with_what_to_do() {
    let tokens = Tokens::start();
    let key = "{ aws_secret = \"nightferry/key\" }";
    let refused = |fault: &str| json!({ "manager": [fault] });
    for (what, told) in [
        (refused("m-denied"), ("E-SECRET-12", "secretsmanager:GetSecretValue")),
        (refused("m-key"), ("E-SECRET-12", "kms:Decrypt")),
        (refused("m-undecrypted"), ("E-SECRET-12", "kms:Decrypt")),
        (refused("m-expired"), ("E-SECRET-12", "the AWS credentials have expired")),
        (refused("401"), ("E-SECRET-12", "the manager refused us")),
        (json!({ "secret": "another" }), ("E-SECRET-12", "AWS does not take the signature")),
        (refused("m-deleted"), ("E-SECRET-11", "it is deleted, or waits to be")),
        (
            json!({ "secrets": {} }),
            ("E-SECRET-11", "the secret nightferry/key of AWS Secrets Manager cannot be had: there is no such"),
        ),
        (json!({ "secrets": { "nightferry/key": "{\"key\":\"opensesame\"}" } }), ("E-SECRET-11", "no `field` says")),
        (json!({ "secrets": { "nightferry/key": "" } }), ("E-SECRET-11", "is no text, is empty")),
        (refused("redirect"), ("E-REDIRECT-13", "no redirect is followed")),
        (json!({ "ahead": 1200 }), ("E-CLOCK-12", "this machine's clock")),
        (json!({ "ahead": -1200 }), ("E-CLOCK-12", "this machine's clock")),
    ] {
        assert_eq!(ends(&tokens, key, &what, as_it_is, told), 1, "what no retry cures is not tried again: {what}");
    }
    let of_field = "{ aws_secret = \"nightferry/key\", field = \"password\" }";
    let json = json!({ "secrets": { "nightferry/key": "{\"key\":\"opensesame\",\"password\":5}" } });
    ends(&tokens, of_field, &json, as_it_is, ("E-SECRET-11", "field password cannot be had: it has no text under"));
    for fault in ["m-throttled", "429", "m-500", "garbage", "large"] {
        let asked =
            ends(&tokens, key, &json!({ "manager": vec![fault; 20] }), as_it_is, ("E-SECRET-70", "the manager"));
        assert_eq!(asked, 5, "{fault}");
    }
}

#[test]
fn what_key_vault_refuses_is_told_once_with_what_to_do() {
    let tokens = Tokens::start();
    let key = vault(&tokens);
    let refused = |fault: &str| json!({ "vault": [fault] });
    for (what, told) in [
        (refused("v-denied"), ("E-SECRET-12", "Key Vault Secrets User")),
        (refused("v-network"), ("E-SECRET-12", "network rules")),
        (refused("v-401"), ("E-SECRET-12", "the vault does not take our token")),
        (refused("v-disabled"), ("E-SECRET-11", "it is disabled")),
        (refused("v-deleted"), ("E-SECRET-11", "it is deleted, or waits to be")),
        (json!({ "secrets": {} }), ("E-SECRET-11", "of Azure Key Vault cannot be had: there is no such secret")),
        (refused("redirect"), ("E-REDIRECT-13", "no redirect is followed")),
    ] {
        assert_eq!(ends(&tokens, &key, &what, from_aws, told), 1, "what no retry cures is not tried again: {what}");
    }
    for fault in ["v-429", "v-503", "garbage", "large"] {
        let asked = ends(&tokens, &key, &json!({ "vault": vec![fault; 20] }), from_aws, ("E-SECRET-70", "the manager"));
        assert_eq!(asked, 5, "{fault}");
    }
    // Who hands out the token says no, or is away: no vault is asked.
    for (what, told) in [
        (json!({ "sts": ["denied"] }), ("E-SECRET-12", "sts:GetWebIdentityToken")),
        (json!({ "entra": ["401"] }), ("E-SECRET-12", "there is no token to show the vault")),
        (json!({ "ahead": 1200 }), ("E-CLOCK-12", "this machine's clock")),
        (json!({ "entra": vec!["429"; 20] }), ("E-SECRET-70", "asked too often")),
    ] {
        assert_eq!(ends(&tokens, &key, &what, from_aws, told), 0, "{what}");
    }
    let by_secret = |command: &mut Command| {
        command.env("AZURE_CLIENT_SECRET", "opensesame-of-azure");
    };
    let another = json!({ "client_secret": "another" });
    ends(&tokens, &key, &another, by_secret, ("E-SECRET-12", "does not take the secret of the application"));
    // A clock that is behind: Entra looks at no moment of ours then, the vault at the token's.
    let behind = json!({ "client_secret": "opensesame-of-azure", "ahead": -1200 });
    ends(&tokens, &key, &behind, by_secret, ("E-CLOCK-12", "this machine's clock"));
    ends(&tokens, &key, &json!({}), as_it_is, ("E-SECRET-11", "NIGHTFERRY_AZURE_AUDIENCE or AZURE_CLIENT_SECRET"));
}

#[test]
fn a_manager_is_looked_at_before_anything_is_sent_there() {
    let tokens = Tokens::start();
    let key = "{ aws_secret = \"nightferry/key\" }";
    for address in ["http://169.254.169.254", "http://secretsmanager.example.org", "https://opensesame@example.org"] {
        let changed = |command: &mut Command| {
            command.env("AWS_ENDPOINT_URL_SECRETS_MANAGER", address);
        };
        let told = ("E-SECRET-11", "AWS_ENDPOINT_URL_SECRETS_MANAGER is an address that is never asked");
        assert_eq!(ends(&tokens, key, &json!({}), changed, told), 0, "{address}");
    }
    for region in ["", "evil.example.org/"] {
        let changed = |command: &mut Command| {
            command.env("AWS_REGION", region).env_remove("AWS_DEFAULT_REGION");
        };
        assert_eq!(ends(&tokens, key, &json!({}), changed, ("E-SECRET-11", "needs AWS_REGION")), 0, "{region}");
    }
    // Of a reference that leads elsewhere the file's own check tells, and repeats nothing of it.
    for wrong in [
        "{ key_vault = \"https://opensesame.example.org/secrets/key\" }",
        "{ key_vault = \"http://169.254.169.254/secrets/key\" }",
        "{ aws_secret = \"open sesame\" }",
        "{ env = \"A\", field = \"key\" }",
        "{ aws_secret = \"a\", key_vault = \"b\" }",
    ] {
        let came = run(&tokens, &project(wrong), as_it_is);
        assert_eq!(came.code, 11, "{wrong}: {}", came.err);
        assert!(!came.err.contains("open sesame") && !came.err.contains("example.org"), "{}", came.err);
    }
    assert_eq!(tokens.seen(), []);
}

#[test]
fn doctor_reads_every_secret_of_a_manager_and_tells_none() {
    let tokens = Tokens::start();
    let found = |reference: &str, what: &Value| {
        tokens.say(what);
        let ferry = project(reference);
        let hook = "[message.nights]\nwebhook = { url = { aws_secret = \"hook\" }, body = \"slack\" }\n\n[secrets]";
        ferry.edit(ENVIRONMENT, "[secrets]", hook);
        let came = Came::of(&command(&tokens, &ferry, &["doctor", "--json"]).output().expect("the binary starts"));
        assert!(!came.out.contains("opensesame") && !came.out.contains(KEY), "{}", came.out);
        let report: Value = serde_json::from_str(&came.out).expect("a report");
        let findings = report["findings"].as_array().expect("findings").iter();
        findings.map(|finding| format!("{} {}", finding["id"], finding["place"]).replace('"', "")).collect::<Vec<_>>()
    };
    let key = "{ aws_secret = \"nightferry/key\" }";
    let hook = "https://hooks.example.org/opensesame";
    let none: [&str; 0] = [];
    assert_eq!(found(key, &json!({ "secrets": { "nightferry/key": KEY, "hook": hook } })), none);
    assert_eq!(tokens.asked("manager"), 2);
    let lacking = json!({ "secrets": { "nightferry/key": KEY } });
    assert_eq!(found(key, &lacking), ["E-SECRET-11 message `nights`"]);
    let short = json!({ "secrets": { "nightferry/key": "opensesame", "hook": hook } });
    assert_eq!(found(key, &short), ["D-KEY the key of tokens"]);
    let denied = json!({ "secrets": { "nightferry/key": KEY, "hook": hook }, "manager": ["m-denied"] });
    assert_eq!(found(key, &denied), ["E-SECRET-12 the key of tokens"]);
}

#[test]
fn the_plan_says_where_secrets_lie_and_asks_nobody() {
    let tokens = Tokens::start();
    let ferry = project("{ aws_secret = \"nightferry/key\" }");
    let hook = "[message.nights]\nwebhook = { url = { key_vault = \"https://lccc.vault.azure.net/secrets/hook\" }, body = \"slack\" }\n\n[secrets]";
    ferry.edit(ENVIRONMENT, "[secrets]", hook);
    let came = Came::of(&command(&tokens, &ferry, &["plan", "jobs/things.toml"]).output().expect("the binary starts"));
    let words = "its address in secret https://lccc.vault.azure.net/secrets/hook of Azure Key Vault";
    assert!(came.code == 0 && came.out.contains(words), "{} {}", came.out, came.err);
    assert_eq!(tokens.seen(), []);
}
