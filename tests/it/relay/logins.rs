//! What a cluster is shown, and what becomes of a run that it does not let in: a broker with SASL and certificates over TLS.

use super::kafka::{brokers, things, topic, write};
use super::slowed::quota;
use super::{ENVIRONMENT, JOB, chain, ferry, landed, refused};
use crate::ferry::{Came, Ferry};
use crate::services::variable;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use nightferry::access::msk::presigned;
use object_store::aws::AwsCredential;
use rdkafka::ClientConfig;
use rdkafka::client::{ClientContext, OAuthToken};
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use serde_json::json;
use std::collections::BTreeSet;
use std::error::Error;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A file of the broker's TLS.
fn tls(name: &str) -> String {
    Path::new(&variable("NIGHTFERRY_KAFKA_TLS")).join(name).to_string_lossy().into_owned()
}

/// A project that reads a topic at one of the broker's guarded doors; `words` are of its `kafka` table.
fn guarded(topic: &str, door: &str, words: &str) -> Ferry {
    let ferry = ferry(topic, "");
    ferry.edit(ENVIRONMENT, &brokers(), &variable(door));
    ferry.edit(ENVIRONMENT, "insecure = true", words);
    ferry
}

fn by_password(topic: &str, hash: &str, password: &str) -> Ferry {
    let words = format!("ca = \"{}\", auth = \"{hash}\", user = \"ferry\", password = {password}", tls("ca.pem"));
    guarded(topic, "NIGHTFERRY_KAFKA_SASL", &words)
}

const BY_VARIABLE: &str = "{ env = \"NIGHTFERRY_KAFKA_PASSWORD\" }";

#[tokio::test]
async fn a_password_over_tls_lets_in_by_either_hash_and_is_nowhere_told() {
    let topic = topic(2, &[]).await;
    write(&topic, 0, &things(0..5, 4000));
    write(&topic, 1, &things(5..8, 4000));
    for hash in ["scram-sha-256", "scram-sha-512"] {
        let ferry = by_password(&topic, hash, BY_VARIABLE);
        let came = ferry.run(&["relay", JOB, "--plan", "--json"]);
        assert!(came.out.contains(&format!("\"auth\":\"{hash}\"")), "{}{}", came.out, came.err);
        assert!(!came.out.contains(&variable("NIGHTFERRY_KAFKA_PASSWORD")), "{}", came.out);
        assert_eq!(landed(&ferry)["records"], 8, "{hash}");
    }
    let ferry = by_password(&topic, "scram-sha-512", "{ file = \"password\" }");
    refused(&ferry, 11, "E-ENV-11");
    ferry.write("password", variable("NIGHTFERRY_KAFKA_PASSWORD").as_bytes());
    std::fs::set_permissions(ferry.path("password"), std::fs::Permissions::from_mode(0o640)).expect("permissions");
    refused(&ferry, 11, "E-ENV-11");
    std::fs::set_permissions(ferry.path("password"), std::fs::Permissions::from_mode(0o600)).expect("permissions");
    assert_eq!(landed(&ferry)["records"], 8);
}

#[tokio::test]
async fn a_wrong_password_ends_with_12_at_once_and_lands_nothing() {
    let topic = topic(1, &[]).await;
    write(&topic, 0, &things(0..5, 4000));
    for (user, secret) in [("ferry", "opensesame-wrong"), ("nobody", "opensesame-wrong")] {
        let ferry = by_password(&topic, "scram-sha-512", "{ file = \"password\" }");
        ferry.edit(ENVIRONMENT, "user = \"ferry\"", &format!("user = \"{user}\""));
        ferry.write("password", secret.as_bytes());
        std::fs::set_permissions(ferry.path("password"), std::fs::Permissions::from_mode(0o600)).expect("permissions");
        let began = Instant::now();
        let came = refused(&ferry, 12, "E-ACCESS-12");
        assert!(began.elapsed() < Duration::from_secs(20), "not after a minute of trying: {:?}", began.elapsed());
        assert!(came.err.contains("the cluster of source `topics` refused us"), "{}", came.err);
        assert!(!came.err.contains("opensesame") && !came.out.contains("opensesame"), "{}", came.err);
        assert!(!ferry.path(&format!("landed/{topic}")).exists());
        // Nor does it say how far the topic goes.
        assert_eq!(ferry.run(&["relay", JOB, "--lag"]).code, 12);
    }
}

#[tokio::test]
async fn a_broker_is_verified_whatever_it_is_shown() {
    let topic = topic(1, &[]).await;
    write(&topic, 0, &things(0..5, 4000));
    let ferry = by_password(&topic, "scram-sha-512", BY_VARIABLE);
    let ca = format!("ca = \"{}\", ", tls("ca.pem"));
    let refused_by_tls = |what: &str| {
        let came = refused(&ferry, 13, "E-TLS-13");
        assert!(
            came.err.contains("the certificate of the cluster of source `topics` is not trusted"),
            "{what}: {}",
            came.err
        );
        assert!(!ferry.path(&format!("landed/{topic}")).exists(), "{what}");
    };
    ferry.edit(ENVIRONMENT, &ca, "");
    refused_by_tls("an authority that the system does not know");
    ferry.edit(ENVIRONMENT, "auth =", &format!("ca = \"{}\", auth =", variable("NIGHTFERRY_PG_CA")));
    refused_by_tls("another authority than its own");
    ferry.edit(ENVIRONMENT, &format!("ca = \"{}\", ", variable("NIGHTFERRY_PG_CA")), &ca);
    // The certificate is that of `localhost`, and of no address.
    ferry.edit(ENVIRONMENT, "brokers = \"localhost:", "brokers = \"127.0.0.1:");
    refused_by_tls("another name than its own");
    ferry.edit(ENVIRONMENT, "brokers = \"127.0.0.1:", "brokers = \"localhost:");
    assert_eq!(landed(&ferry)["records"], 5);
}

#[tokio::test]
async fn a_broker_that_is_trusted_no_more_when_tombstones_are_sent_is_told_as_such() {
    let topic = topic(1, &super::tombstones::SLOW).await;
    write(&topic, 0, &things(0..2, 4000));
    let ferry = by_password(&topic, "scram-sha-512", BY_VARIABLE);
    ferry.edit(ENVIRONMENT, &format!("ca = \"{}\"", tls("ca.pem")), "stall_seconds_max = 5, ca = \"ca.pem\"");
    ferry.write("ca.pem", &std::fs::read(tls("ca.pem")).expect("an authority"));
    ferry.write("keys.txt", b"{\"id\":0}\n");
    let (file, pause) = (ferry.path("keys.txt"), ferry.path("paused"));
    let words = ["relay", "tombstone", JOB, "--topic", &topic, "--keys", file.to_str().expect("text")];
    let mut command = ferry.command(&[&words[..], &["--apply", "--reason", "case 7"]].concat());
    command.env("NIGHTFERRY_PAUSE", format!("store.put.begun:before:{}", pause.display()));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let began = Instant::now();
    while !pause.exists() {
        assert!(began.elapsed() < Duration::from_secs(60), "nothing is begun");
        std::thread::sleep(Duration::from_millis(20));
    }
    // The client that sends is made after this, and knows another authority.
    ferry.write("ca.pem", &std::fs::read(variable("NIGHTFERRY_PG_CA")).expect("an authority"));
    std::fs::remove_file(&pause).expect("removed");
    let came = Came::of(&child.wait_with_output().expect("it ends"));
    assert_eq!(came.code, 13, "{}", came.err);
    assert!(came.err.contains("the certificate of the cluster of source `topics` is not trusted"), "{}", came.err);
    let receipts = ferry.files(&format!("out/security/_tombstones/{topic}"));
    assert_eq!(receipts.len(), 2, "that it was begun, and how it ended: {receipts:?}");
}

/// A certificate that signed itself, with its key.
fn self_signed(ferry: &Ferry, name: &str) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=client", "-keyout"])
        .arg(ferry.path(&format!("{name}.key")))
        .arg("-out")
        .arg(ferry.path(&format!("{name}.pem")))
        .stderr(Stdio::null())
        .status()
        .expect("openssl starts");
    assert!(made.success());
}

#[tokio::test]
async fn a_certificate_of_our_own_lets_in_and_nobody_comes_in_without_it() {
    let topic = topic(1, &[]).await;
    write(&topic, 0, &things(0..5, 4000));
    let shown = |words: &str| guarded(&topic, "NIGHTFERRY_KAFKA_MUTUAL", &format!("ca = \"{}\"{words}", tls("ca.pem")));
    let ours =
        format!(", client_cert = \"{}\", client_key = {{ file = \"{}\" }}", tls("client.pem"), tls("client.key"));
    assert_eq!(landed(&shown(&ours))["records"], 5);
    let came = refused(&shown(""), 12, "E-ACCESS-12");
    assert!(came.err.contains("the cluster of source `topics` refused us"), "{}", came.err);
    let others = ", client_cert = \"other.pem\", client_key = { file = \"other.key\" }";
    let ferry = shown(others);
    self_signed(&ferry, "other");
    refused(&ferry, 12, "E-ACCESS-12");
    // A key of another certificate is no key of this one.
    let mixed = format!(", client_cert = \"{}\", client_key = {{ file = \"other.key\" }}", tls("client.pem"));
    let ferry = shown(&mixed);
    self_signed(&ferry, "other");
    refused(&ferry, 11, "E-ENV-11");
}

/// An access key of AWS that the broker's door knows, and what became of the tokens that it signed.
struct AccessKey {
    id: String,
    door: PathBuf,
}

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

impl AccessKey {
    fn new() -> Self {
        let key = AccessKey {
            id: format!("AKIA{}", uuid::Uuid::now_v7().simple()),
            door: variable("NIGHTFERRY_KAFKA_DOOR").into(),
        };
        key.let_in();
        key
    }

    fn let_in(&self) {
        std::fs::write(self.door.join("keys").join(&self.id), SECRET).expect("written");
    }

    fn shut_out(&self) {
        std::fs::remove_file(self.door.join("keys").join(&self.id)).expect("removed");
    }

    /// Of each token that was shown, in order, when it was signed and what the door said.
    fn seen(&self) -> Vec<(String, String)> {
        let lines = std::fs::read_to_string(self.door.join("seen").join(&self.id)).unwrap_or_default();
        let two = |line: &str| line.split_once(' ').map(|(moment, said)| (moment.to_owned(), said.to_owned()));
        lines.lines().filter_map(two).collect()
    }

    fn command(&self, ferry: &Ferry, secret: &str) -> Command {
        let mut command = ferry.command(&["relay", JOB, "--json"]);
        command.envs([("AWS_ACCESS_KEY_ID", self.id.as_str()), ("AWS_SECRET_ACCESS_KEY", secret)]);
        command.env("AWS_SESSION_TOKEN", "tok/en+==").stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// A project whose cluster is shown tokens that are good for so many seconds; `source` is its name there, and so in its quotas.
fn by_token(topic: &str, source: &str, seconds: u32) -> Ferry {
    let words =
        format!("ca = \"{}\", auth = \"iam\", region = \"eu-west-2\", token_seconds = {seconds}", tls("ca.pem"));
    let ferry = guarded(topic, "NIGHTFERRY_KAFKA_SASL", &words);
    ferry.edit(ENVIRONMENT, "[source.topics]", &format!("[source.{source}]"));
    ferry.edit(JOB, "against = \"topics\"", &format!("against = \"{source}\""));
    ferry
}

#[tokio::test]
async fn tokens_of_iam_let_in_and_those_of_another_secret_end_with_12() {
    let topic = topic(1, &[]).await;
    write(&topic, 0, &things(0..5, 4000));
    let key = AccessKey::new();
    let ferry = by_token(&topic, "tokens", 900);
    let came = Came::of(&key.command(&ferry, "another").output().expect("the binary starts"));
    assert_eq!(came.code, 12, "{}{}", came.out, came.err);
    assert!(came.endings()[0].starts_with("E-ACCESS-12"), "{}", came.err);
    assert!(!came.err.contains("X-Amz") && !came.err.contains("another"), "{}", came.err);
    assert!(!ferry.path(&format!("landed/{topic}")).exists());
    let seen = key.seen();
    assert!(!seen.is_empty() && seen.iter().all(|(_, said)| said == "forged"), "{seen:?}");
    let came = Came::of(&key.command(&ferry, SECRET).output().expect("the binary starts"));
    assert_eq!(came.code, 0, "{}{}", came.out, came.err);
    assert!(key.seen()[seen.len()..].iter().all(|(_, said)| said == "in"), "{:?}", key.seen());
    assert_eq!(chain(&ferry, &topic)["0"]["once"], 5);
}

/// A topic that takes its reader some seconds, who reads it by tokens of ten; how many records it has.
async fn slow(seconds: u64) -> (String, Ferry, u64) {
    let (records, topic) = (seconds * 600, topic(1, &[]).await);
    // In small batches: one that is larger than the quota over its window is never handed out.
    for first in (0..records).step_by(200) {
        write(&topic, 0, &things(first..first + 200, 4000));
    }
    // A source, and so a client, of its own: nobody else is held back.
    let source = format!("slow_{}", uuid::Uuid::now_v7().simple());
    quota(&format!("nightferry-relay.{source}"), 60_000);
    let ferry = by_token(&topic, &source, 10);
    ferry.edit(ENVIRONMENT, "[secrets]", "[limits]\npart_max = \"64KiB\"\n\n[secrets]");
    (topic, ferry, records)
}

#[tokio::test]
async fn tokens_are_signed_anew_before_they_are_over_and_a_run_goes_on_over_many() {
    let (topic, ferry, records) = slow(30).await;
    let key = AccessKey::new();
    let began = Instant::now();
    let came = Came::of(&key.command(&ferry, SECRET).output().expect("the binary starts"));
    assert_eq!(came.code, 0, "{}{}", came.out, came.err);
    let seen = key.seen();
    assert!(began.elapsed() > Duration::from_secs(16), "too fast to need another: {:?}", began.elapsed());
    let moments: BTreeSet<&String> = seen.iter().map(|(moment, _)| moment).collect();
    assert!(moments.len() >= 3, "{seen:?}");
    assert!(seen.iter().all(|(_, said)| said == "in"), "{seen:?}");
    let told = chain(&ferry, &topic)["0"].clone();
    assert_eq!(
        (&told["whole"], &told["once"], &told["next"]),
        (&json!(true), &json!(records), &json!(records)),
        "{told}"
    );
}

#[tokio::test]
async fn credentials_that_are_over_under_way_end_with_12_and_what_was_not_landed_never_counts_as_such() {
    let (topic, ferry, records) = slow(30).await;
    let key = AccessKey::new();
    let child = key.command(&ferry, SECRET).spawn().expect("the binary starts");
    let objects = || ferry.files(&format!("landed/{topic}")).iter().filter(|path| path.ends_with(".parquet")).count();
    let began = Instant::now();
    while objects() < 2 {
        assert!(began.elapsed() < Duration::from_secs(60), "the first objects");
        std::thread::sleep(Duration::from_millis(20));
    }
    key.shut_out();
    let came = Came::of(&child.wait_with_output().expect("it ends"));
    assert_eq!(came.code, 12, "{}{}", came.out, came.err);
    assert!(came.endings()[0].starts_with("E-ACCESS-12"), "{}", came.err);
    assert!(key.seen().iter().any(|(_, said)| said == "unknown"), "{:?}", key.seen());
    let told = chain(&ferry, &topic)["0"].clone();
    let landed = told["next"].as_u64().expect("an offset");
    assert_eq!((&told["whole"], &told["once"]), (&json!(true), &json!(landed)), "{told}");
    assert!(landed > 0 && landed < records, "{landed} of {records}");
    // Once somebody has mended it, the rest comes, and nothing twice.
    key.let_in();
    let came = Came::of(&key.command(&ferry, SECRET).output().expect("the binary starts"));
    assert_eq!(came.code, 0, "{}{}", came.out, came.err);
    let told = chain(&ferry, &topic)["0"].clone();
    assert_eq!(
        (&told["whole"], &told["once"], &told["next"]),
        (&json!(true), &json!(records), &json!(records)),
        "{told}"
    );
}

/// Shows one token, whatever it is asked.
struct Shows(String);

impl ClientContext for Shows {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn generate_oauth_token(&self, _: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        let lifetime_ms = Utc::now().timestamp_millis() + 60_000;
        Ok(OAuthToken { token: self.0.clone(), principal_name: "somebody".into(), lifetime_ms })
    }
}

impl ConsumerContext for Shows {}

/// Whether a client that shows this token is let in.
fn is_let_in(token: String) -> bool {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", variable("NIGHTFERRY_KAFKA_SASL")).set("security.protocol", "sasl_ssl");
    config.set("sasl.mechanism", "OAUTHBEARER").set("ssl.ca.location", tls("ca.pem"));
    let client = BaseConsumer::from_config_and_context(&config, Shows(token)).expect("a client");
    let _ = client.poll(Duration::from_millis(50));
    client.fetch_metadata(None, Duration::from_secs(5)).is_ok()
}

#[test]
fn a_token_lets_in_until_it_is_over_and_no_longer() {
    let key = AccessKey::new();
    let credential = AwsCredential { key_id: key.id.clone(), secret_key: SECRET.into(), token: None };
    let signed = |ago: i64| presigned("eu-west-2", 900, &credential, Utc::now() - TimeDelta::seconds(ago));
    assert!(is_let_in(signed(880)));
    assert!(!is_let_in(signed(901)));
    let said: Vec<String> = key.seen().into_iter().map(|(_, said)| said).collect();
    assert!(
        said.first().is_some_and(|said| said == "in") && said.last().is_some_and(|said| said == "over"),
        "{said:?}"
    );
}

/// The parts of a url's query, in no order: AWS's library has another.
fn parts(url: &str) -> (&str, BTreeSet<&str>) {
    let (before, query) = url.split_once('?').expect("a query");
    (before, query.split('&').collect())
}

#[test]
fn a_token_is_the_one_that_awss_own_library_signs_in_base64_for_urls() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readers/msk_token.py");
    for (region, seconds, moment, token) in [
        ("eu-west-2", 900, 1_790_035_200, None),
        ("eu-west-1", 60, 1_790_035_199, Some("IQoJb3/JpZ2luX2Vj+E//8=a==")),
        ("us-gov-west-1", 1, 1_790_000_000, Some("+ /=&?%")),
    ] {
        let mut command = Command::new(variable("NIGHTFERRY_READERS_PYTHON"));
        command
            .arg(&script)
            .args([region, &seconds.to_string(), &moment.to_string(), "AKIDEXAMPLE", SECRET])
            .args(token);
        let theirs = command.output().expect("python starts");
        assert!(theirs.status.success(), "{}", String::from_utf8_lossy(&theirs.stderr));
        let theirs = String::from_utf8(theirs.stdout).expect("text");
        let credential =
            AwsCredential { key_id: "AKIDEXAMPLE".into(), secret_key: SECRET.into(), token: token.map(str::to_owned) };
        let ours = presigned(region, seconds, &credential, DateTime::from_timestamp(moment, 0).expect("a moment"));
        let ours = BASE64_URL_SAFE_NO_PAD.decode(ours).expect("base64 for urls");
        let ours = String::from_utf8(ours).expect("text");
        let (signed, agent) = ours.rsplit_once("&User-Agent=").expect("who made it, behind the signature");
        assert_eq!(parts(signed), parts(&theirs), "{region}");
        assert!(agent.starts_with("nightferry"), "{agent}");
    }
}
