//! Logins by AWS IAM, judged by AWS's own library.

use crate::ferry::Ferry;
use crate::services::variable;
use chrono::DateTime;
use nightferry::access::Signed;
use nightferry::access::iam::presigned;
use object_store::aws::AwsCredential;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

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

#[test]
fn each_connection_shows_a_token_of_its_own_over_tls_and_no_password() {
    let ferry = Ferry::of_one_file("app.thing.csv", b"", "", "");
    let made = ferry.path("made");
    std::fs::create_dir(&made).expect("made");
    let certificates = script("certificates.py").arg(&made).output().expect("python starts");
    assert!(certificates.status.success(), "{}", String::from_utf8_lossy(&certificates.stderr));
    let mut door = script("iam_login.py")
        .args([made.join("good.pem"), made.join("good.key")])
        .args(["localhost", "0", "eu-west-2", "AKIDEXAMPLE", "sec/ret+example", "tok/en+=="])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python starts");
    let mut seen = BufReader::new(door.stdout.take().expect("its output")).lines();
    let port = seen.next().expect("a line").expect("a port");
    let postgres = format!(
        "postgres = {{ host = \"localhost\", port = {port}, database = \"app\", user = \"night_ferry\", auth = \"iam\", region = \"eu-west-2\", ca = \"made/ca.pem\" }}"
    );
    ferry.edit("jobs/environments/dev.toml", "files = { url = \"in\" }", &postgres);
    for secret in ["sec/ret+example", "sec/ret+example", "another"] {
        let credentials = [
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", secret),
            ("AWS_SESSION_TOKEN", "tok/en+=="),
        ];
        let came = ferry.command(&["validate", "--online"]).envs(credentials).output().expect("the binary starts");
        let err = String::from_utf8_lossy(&came.stderr);
        assert_eq!(came.status.code(), Some(12), "{err}");
        assert!(err.contains("refused the login of `night_ferry` (SQLSTATE 28000)"), "{err}");
        assert!(!err.contains("X-Amz") && !err.contains(secret), "{err}");
        let verdict = if secret == "another" { "night_ferry wrong" } else { "night_ferry valid" };
        assert_eq!(seen.next().expect("a line").expect("a verdict"), verdict);
    }
    drop(door.stdin.take());
    door.wait().expect("it ends with its input");
}
