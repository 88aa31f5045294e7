//! Logins by AWS IAM, judged by AWS's own library.

use super::own::OwnServer;
use crate::ferry::{Came, Ferry};
use crate::readers::python;
use crate::services::variable;
use chrono::DateTime;
use nightferry::access::Signed;
use nightferry::access::iam::presigned;
use object_store::aws::AwsCredential;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// Host, port, role, region, and the credentials: key id, secret, the session's token.
type Case = (&'static str, u16, &'static str, &'static str, &'static str, &'static str, Option<&'static str>);

/// Those of AWS's own examples, and ones with every sign that needs care.
const CASES: &[Case] = &[
    (
        "db.abc123.eu-west-2.rds.amazonaws.com",
        5432,
        "nightferry_ro",
        "eu-west-2",
        "AKIDEXAMPLE",
        "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        None,
    ),
    (
        "db.abc123.eu-west-2.rds.amazonaws.com",
        5432,
        "nightferry_ro",
        "eu-west-2",
        "ASIDEXAMPLE",
        "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        Some("IQoJb3/JpZ2luX2Vj+E//8=a=="),
    ),
    (
        "a.us-east-1.rds.amazonaws.com",
        15432,
        "night ferry+ro/~*'()@example.org",
        "us-east-1",
        "AKID",
        "s",
        Some("+ /=&?%"),
    ),
    ("b.cn-north-1.rds.amazonaws.com.cn", 1, "Zürich", "cn-north-1", "AKID", "é", None),
];
/// Midnight, the last second of a day, and a day like any other.
const MOMENTS: &[i64] = &[1_790_035_200, 1_790_035_199, 1_790_000_000];

fn script(name: &str) -> Command {
    let mut command = Command::new(variable("NIGHTFERRY_READERS_PYTHON"));
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readers").join(name));
    command
}

/// What a token says, the order of its parts apart: AWS's library writes the session's token last, and signs it in its place.
fn parts(token: &str) -> (&str, Vec<&str>) {
    let (host, query) = token.split_once('?').expect("a query");
    let mut parts: Vec<&str> = query.split('&').collect();
    parts.sort_unstable();
    (host, parts)
}

#[test]
fn a_token_is_the_one_that_awss_own_library_signs() {
    let mut compared = 0;
    for (host, port, user, region, key_id, secret_key, token) in CASES {
        for moment in MOMENTS {
            let (port_text, moment_text) = (port.to_string(), moment.to_string());
            let arguments = [host, port_text.as_str(), user, region, moment_text.as_str(), key_id, secret_key];
            let theirs = script("iam_token.py").args(arguments).args(token).output().expect("python starts");
            assert!(theirs.status.success(), "{}", String::from_utf8_lossy(&theirs.stderr));
            let theirs = String::from_utf8(theirs.stdout).expect("text");
            let credential = AwsCredential {
                key_id: (*key_id).into(),
                secret_key: (*secret_key).into(),
                token: token.map(str::to_owned),
            };
            let now = DateTime::from_timestamp(*moment, 0).expect("a moment");
            let ours = presigned(&Signed { host, port: *port, user, region }, &credential, now);
            assert_eq!(parts(&ours), parts(&theirs), "{user} at {moment}");
            compared += 1;
        }
    }
    assert_eq!(compared, CASES.len() * MOMENTS.len());
}

const SECRET: &str = "sec/ret+example";

/// A database that looks as on RDS: the door before it, and the lines that it writes.
pub struct Rds {
    door: Child,
    seen: Lines<BufReader<ChildStdout>>,
}

impl Rds {
    /// Becomes the source of `ferry`'s job, for who has the credentials of `key_id`; who is let in comes to `server`, if there
    /// is one.
    pub fn before(ferry: &Ferry, key_id: &str, server: Option<u16>) -> Self {
        let made = ferry.path("made");
        std::fs::create_dir(&made).expect("made");
        let certificates = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/certificates.py");
        python(&[certificates, &made.to_string_lossy()]);
        let mut door = script("iam_login.py")
            .args([made.join("good.pem"), made.join("good.key")])
            .args(["localhost", "0", "eu-west-2", key_id, SECRET, "tok/en+=="])
            .args(server.map(|port| port.to_string()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python starts");
        let mut seen = BufReader::new(door.stdout.take().expect("its output")).lines();
        let port = seen.next().expect("a line").expect("a port");
        let postgres = format!(
            "postgres = {{ host = \"localhost\", port = {port}, database = \"postgres\", user = \"night_ferry\", auth = \"iam\", region = \"eu-west-2\", ca = \"made/ca.pem\", connections = 2 }}"
        );
        ferry.edit("jobs/environments/dev.toml", "files = { url = \"in\" }", &postgres);
        Rds { door, seen }
    }

    /// User and verdict of the next who came.
    pub fn next(&mut self) -> String {
        let line = self.seen.next().expect("a line").expect("a verdict");
        line.rsplit_once(' ').expect("a moment").0.to_owned()
    }

    /// Closes; the lines of all who came since.
    pub fn close(mut self) -> Vec<String> {
        drop(self.door.stdin.take());
        self.door.wait().expect("it ends with its input");
        self.seen.map(|line| line.expect("a line")).collect()
    }
}

/// What comes of `arguments` for one who has this secret.
fn came(ferry: &Ferry, arguments: &[&str], secret: &str) -> Came {
    let credentials =
        [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", secret), ("AWS_SESSION_TOKEN", "tok/en+==")];
    let came = Came::of(&ferry.command(arguments).envs(credentials).output().expect("the binary starts"));
    assert!(!came.err.contains("X-Amz") && !came.err.contains(secret), "{}", came.err);
    came
}

#[test]
fn a_login_shows_a_token_over_tls_and_no_password() {
    let ferry = Ferry::of_one_file("app.thing.csv", b"", "", "");
    let mut rds = Rds::before(&ferry, "AKIDEXAMPLE", None);
    for secret in [SECRET, SECRET, "another"] {
        let came = came(&ferry, &["validate", "--online"], secret);
        assert_eq!(came.code, 12, "{}", came.err);
        assert!(came.err.contains("refused the login of `night_ferry` (SQLSTATE 28000)"), "{}", came.err);
        let verdict = if secret == SECRET { "night_ferry valid" } else { "night_ferry wrong" };
        assert_eq!(rds.next(), verdict);
    }
    assert_eq!(rds.close(), Vec::<String>::new());
}

#[tokio::test]
async fn each_session_of_a_run_shows_a_token_of_its_own() {
    let server = OwnServer::start("hostnossl postgres night_ferry 127.0.0.1/32 trust\n").await;
    server
        .run(
            "REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC; CREATE ROLE night_ferry LOGIN; CREATE SCHEMA app;
             CREATE TABLE app.thing AS SELECT id, repeat('x', 1900) AS note FROM generate_series(1, 20000::bigint) id;
             GRANT USAGE ON SCHEMA app TO night_ferry; GRANT SELECT ON app.thing TO night_ferry",
        )
        .await;
    let ferry = Ferry::of_one_file("app.thing.csv", b"", "note = { type = \"text\", class = \"open\" }", "");
    let rds = Rds::before(&ferry, "AKIDEXAMPLE", Some(server.port));
    let came = came(&ferry, &["run", "jobs/things.toml", "--json"], SECRET);
    assert_eq!(came.code, 0, "{}", came.err);
    let report: serde_json::Value = serde_json::from_str(&came.out).expect("a report");
    assert_eq!(report["datasets"][0]["rows_read"], 20_000);
    let seen = rds.close();
    assert!(seen.iter().all(|line| line.starts_with("night_ferry valid ")), "{seen:?}");
    let tokens: BTreeSet<&String> = seen.iter().collect();
    assert!(tokens.len() >= 2, "one token for all: {seen:?}");
}
