//! AWS -> Azure without a secret: a token that AWS signs for the role, exchanged at Entra, and Azure's own blobs behind it. Both are local
//! servers that check what they are asked as the real ones do (`tests/readers/tokens.py`); the blobs are Azurite's, over TLS, which takes
//! no request here without such a token.

use crate::ferry::{Came, Ferry};
use crate::readers::python;
use crate::services::variable;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Somebody who hands out tokens and secrets; ends with this.
pub struct Tokens {
    process: Child,
    pub port: u16,
}

impl Drop for Tokens {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Tokens {
    pub fn start() -> Self {
        Self::of(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/tokens.py"))
    }

    /// The one of a script.
    pub fn of(script: &str) -> Self {
        let mut command = Command::new(variable("NIGHTFERRY_READERS_PYTHON"));
        let mut process = command.arg(script).stdout(Stdio::piped()).stdin(Stdio::null()).spawn().expect("python");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("stdout")).read_line(&mut line).expect("a port");
        Tokens { process, port: line.trim().parse().expect("a port") }
    }

    pub fn ask(&self, request: &str) -> String {
        let mut server = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        server.write_all(request.as_bytes()).expect("asked");
        let mut answer = String::new();
        let _ = server.set_read_timeout(Some(Duration::from_secs(60)));
        server.read_to_string(&mut answer).expect("answered");
        answer.split_once("\r\n\r\n").expect("a body").1.to_owned()
    }

    /// What it does from here on.
    pub fn say(&self, what: &Value) {
        let body = what.to_string();
        self.ask(&format!(
            "POST /_said HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ));
    }

    /// Who was asked, and what was answered.
    pub fn seen(&self) -> Vec<(String, u16)> {
        serde_json::from_str(&self.ask("GET /_seen HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).expect("JSON")
    }

    /// How often `who` was asked.
    pub fn asked(&self, who: &str) -> usize {
        self.seen().iter().filter(|(of, _)| of == who).count()
    }

    fn command(&self, ferry: &Ferry) -> Command {
        let mut command = ferry.command(&["run", "jobs/things.toml", "--progress", "none"]);
        let here = format!("http://127.0.0.1:{}", self.port);
        command.env("AWS_ENDPOINT_URL_STS", &here).env("AZURE_AUTHORITY_HOST", &here).env("AWS_REGION", "eu-west-2");
        command.env("AWS_ACCESS_KEY_ID", "AKIDOFTHENIGHT").env("AWS_SECRET_ACCESS_KEY", "opensesame/of+the/night");
        command
            .env("AWS_SESSION_TOKEN", "session//opensesame==")
            .env("NIGHTFERRY_AZURE_AUDIENCE", "api://AzureADTokenExchange");
        command.env("AZURE_CLIENT_ID", "client-1").env("AZURE_TENANT_ID", "tenant-1").env("NIGHTFERRY_LOG", "trace");
        command.env("AZURE_STORAGE_ACCOUNT_NAME", "devstoreaccount1");
        command
    }

    fn run(&self, ferry: &Ferry) -> Came {
        let came = Came::of(&self.command(ferry).output().expect("the binary starts"));
        assert!(
            !came.err.contains("opensesame") && !came.err.contains("eyJ"),
            "a secret or token is told: {}",
            came.err
        );
        came
    }
}

/// One thing, published to Azure at `endpoint`.
fn things(endpoint: &str) -> Ferry {
    let amount = "amount = { type = \"integer\", class = \"open\" }";
    let ferry = Ferry::of_one_file("app.thing.csv", b"id,amount\n1,10\n", amount, "");
    let to = format!("url = \"az://night/{}\"\nendpoint = \"{endpoint}\"\nca = \"ca.pem\"", uuid::Uuid::now_v7());
    ferry.edit("jobs/environments/dev.toml", "url = \"out/warehouse\"", &to);
    ferry
}

/// A project whose Azure is never reached, since there is no token for it.
fn nowhere() -> Ferry {
    let ferry = things("http://127.0.0.1:9/devstoreaccount1");
    ferry.edit("jobs/environments/dev.toml", "\nca = \"ca.pem\"", "");
    ferry
}

/// Azurite over TLS, which takes tokens of Entra's, and its account's key.
pub struct Blobs {
    process: Child,
    folder: tempfile::TempDir,
    port: u16,
}

impl Drop for Blobs {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Blobs {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        let cases = python(&[concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/certificates.py"), &at("")]);
        let good = cases.lines().find_map(|line| line.strip_prefix("good ")).expect("a good certificate").to_owned();
        let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/target/services/azurite/node_modules/.bin/azurite-blob");
        let mut command = Command::new(program);
        command.args(["--blobHost", "127.0.0.1", "--blobPort", &port.to_string(), "--location", &at("blobs")]);
        command.args(["--silent", "--disableTelemetry", "--skipApiVersionCheck", "--oauth", "basic"]);
        command.args(["--cert", &at(&format!("{good}.pem")), "--key", &at(&format!("{good}.key"))]);
        let process =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("Azurite starts");
        let since = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(since.elapsed() < Duration::from_secs(30), "Azurite does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        let blobs = Blobs { process, folder, port };
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/containers.py");
        python(&[script, &blobs.endpoint(), "night", "shown", &blobs.ca()]);
        blobs
    }

    pub fn endpoint(&self) -> String {
        format!("https://127.0.0.1:{}/devstoreaccount1", self.port)
    }

    pub fn ca(&self) -> String {
        self.folder.path().join("ca.pem").to_string_lossy().into_owned()
    }

    pub fn project(&self) -> Ferry {
        let ferry = things(&self.endpoint());
        ferry.write("ca.pem", &std::fs::read(self.ca()).expect("a CA"));
        ferry
    }
}

#[test]
fn a_night_reaches_azure_without_a_secret_and_asks_once_for_all_of_it() {
    let (tokens, blobs) = (Tokens::start(), Blobs::start());
    let ferry = blobs.project();
    let came = tokens.run(&ferry);
    assert_eq!(came.code, 0, "{}", came.err);
    assert_eq!(tokens.seen(), [("sts".to_owned(), 200), ("entra".to_owned(), 200)], "one token serves the whole night");
    let again = tokens.run(&ferry);
    assert_eq!(again.code, 0, "{}", again.err);
    // Azurite is no door that is open: without a token nothing is let in.
    let mut bare = tokens.command(&ferry);
    bare.env_remove("NIGHTFERRY_AZURE_AUDIENCE").env("AZURE_STORAGE_TOKEN", "opensesame");
    assert_eq!(Came::of(&bare.output().expect("the binary starts")).code, 12);
    // A token that is nearly over is exchanged for another, before a request is made with it.
    tokens.say(&json!({ "seconds": 301 }));
    let ferry = blobs.project();
    assert_eq!(tokens.run(&ferry).code, 0);
    let (sts, entra) = (tokens.asked("sts"), tokens.asked("entra"));
    assert!(sts >= 1 && sts == entra, "{sts} {entra}");
    tokens.say(&json!({ "seconds": 200 }));
    let ferry = blobs.project();
    assert_eq!(tokens.run(&ferry).code, 0);
    assert!(tokens.asked("entra") > 10, "of a token that is over in five minutes none is kept");
    // What passes is waited for.
    tokens.say(&json!({ "seconds": 3600, "sts": ["500", "throttled"], "entra": ["garbage", "429"] }));
    let ferry = blobs.project();
    let came = tokens.run(&ferry);
    assert_eq!(came.code, 0, "{}", came.err);
    let statuses: Vec<u16> = tokens.seen().into_iter().map(|(_, status)| status).collect();
    assert_eq!(statuses, [500, 400, 200, 200, 200, 429, 200, 200]);
}

/// Runs where somebody says `what`, and ends so.
fn ends(what: &Value, change: impl Fn(&mut Command), id: &str, message: &str) -> Tokens {
    let tokens = Tokens::start();
    tokens.say(what);
    let mut command = tokens.command(&nowhere());
    change(&mut command);
    let ferry = nowhere();
    command.current_dir(ferry.root());
    let came = Came::of(&command.output().expect("the binary starts"));
    assert!(!came.err.contains("opensesame") && !came.err.contains("eyJ"), "a secret or token is told: {}", came.err);
    let code: i32 = id.rsplit('-').next().and_then(|code| code.parse().ok()).expect("a code");
    assert_eq!(came.code, code, "{}", came.err);
    let ending = came.endings()[0];
    assert!(ending.starts_with(&format!("{id} ")) && ending.contains(message), "{id} {message}: {}", came.err);
    let is_retried = ending.contains("retryable=true");
    assert_eq!(is_retried, (70..80).contains(&code), "{ending}");
    let runbook = crate::runbooks::runbooks();
    assert!(runbook.values().any(|text| text.contains(&format!("`{id}`"))), "{id} has a runbook");
    tokens
}

fn as_it_is(_: &mut Command) {}

#[test]
fn a_tampered_signature_ends_with_12_and_says_whose_it_is() {
    let tokens = ends(&json!({ "secret": "another" }), as_it_is, "E-ACCESS-12", "AWS does not take the signature");
    assert_eq!(tokens.seen(), [("sts".to_owned(), 403)], "what no retry cures is not tried again");
    let tokens = ends(
        &json!({ "sts": ["tampered"] }),
        as_it_is,
        "E-ACCESS-12",
        "Azure does not take the signature of AWS's token",
    );
    assert_eq!(tokens.seen(), [("sts".to_owned(), 200), ("entra".to_owned(), 401)]);
}

#[test]
fn a_wrong_audience_ends_with_12_and_the_token_is_shown_to_nobody() {
    let tokens = ends(&json!({ "sts": ["audience"] }), as_it_is, "E-ACCESS-12", "for another audience");
    assert_eq!(tokens.asked("entra"), 0, "a token for somebody else does not leave AWS");
    let other = |command: &mut Command| {
        command.env("NIGHTFERRY_AZURE_AUDIENCE", "https://other.example.org");
    };
    ends(&json!({}), other, "E-ACCESS-12", "for another audience");
    ends(
        &json!({ "subject": "arn:aws:iam::111122223333:role/another" }),
        as_it_is,
        "E-ACCESS-12",
        "trusts no token of this role",
    );
    ends(&json!({ "client": "client-2" }), as_it_is, "E-ACCESS-12", "does not know the application or tenant");
}

#[test]
fn an_expired_token_ends_with_12_and_says_which_one_it_was() {
    let tokens = ends(&json!({ "sts": ["over"] }), as_it_is, "E-ACCESS-12", "the token of AWS has expired");
    assert_eq!(tokens.asked("entra"), 0);
    ends(&json!({ "sts": ["expired"] }), as_it_is, "E-ACCESS-12", "the AWS credentials have expired");
    ends(&json!({ "sts": ["denied"] }), as_it_is, "E-ACCESS-12", "sts:GetWebIdentityToken");
    ends(&json!({ "sts": ["off"] }), as_it_is, "E-ACCESS-12", "outbound web identity federation is off");
    ends(&json!({ "entra": ["401"] }), as_it_is, "E-ACCESS-12", "refused us");
}

#[test]
fn a_clock_twenty_minutes_off_ends_with_12_and_is_called_a_clock() {
    for ahead in [1200, -1200] {
        ends(&json!({ "ahead": ahead }), as_it_is, "E-CLOCK-12", "this machine's clock");
    }
}

#[test]
fn a_throttled_endpoint_ends_with_71_after_a_few_tries_and_batch_tries_again() {
    for (who, fault) in [("sts", "throttled"), ("sts", "429"), ("entra", "429"), ("entra", "500"), ("sts", "garbage")] {
        let tokens = ends(&json!({ who: vec![fault; 40] }), as_it_is, "E-STORE-71", "hands out tokens");
        let asked = tokens.asked(who);
        assert!((3..=20).contains(&asked), "{who} was asked {asked} times");
    }
}

#[test]
fn whoever_hands_out_tokens_is_looked_at_before_anything_is_sent_there() {
    for (name, address, id) in [
        ("AWS_ENDPOINT_URL_STS", "http://169.254.169.254", "E-ENV-11"),
        ("AWS_ENDPOINT_URL_STS", "http://sts.example.org", "E-ENV-11"),
        ("AZURE_AUTHORITY_HOST", "https://opensesame@login.example.org", "E-ENV-11"),
        ("AZURE_TENANT_ID", "../opensesame", "E-ENV-11"),
        ("AZURE_CLIENT_ID", "", "E-ENV-11"),
    ] {
        let changed = |command: &mut Command| {
            command.env(name, address);
        };
        let tokens = ends(&json!({}), changed, id, "NIGHTFERRY_AZURE_AUDIENCE");
        assert_eq!(tokens.seen(), [], "{name}");
    }
    let tokens = ends(&json!({ "sts": ["redirect"] }), as_it_is, "E-ACCESS-12", "refused us");
    assert_eq!(tokens.seen().len(), 1, "a redirect is not followed");
}
