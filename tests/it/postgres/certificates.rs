//! Every bad certificate is refused before a password leaves; our own certificate is shown where it is asked for.

use super::bench::name;
use super::own::OwnServer;
use crate::ferry::{Came, Ferry};
use nightferry::ending;
use nightferry::failure::{Failure, Phase};
use nightferry::job::{Limits, LoginSpec, PostgresSpec, Trust};
use nightferry::source::{ClientCertificate, Login, PostgresSource, SourceError};

/// What is said of each bad certificate.
const SAID: &[(&str, &str)] = &[
    ("expired", "its certificate, or one of its authorities', has expired"),
    ("not-valid-yet", "its certificate, or one of its authorities', is not valid yet"),
    ("of-another-host", "its certificate is for another host"),
    ("of-a-name-and-no-address", "its certificate is for another host"),
    ("of-a-wildcard-elsewhere", "its certificate is for another host"),
    ("named-only-in-its-subject", "its certificate is for another host"),
    ("of-another-authority", "no authority that is trusted vouches for its certificate"),
    ("signed-by-itself", "no authority that is trusted vouches for its certificate"),
    ("without-the-authority-between", "no authority that is trusted vouches for its certificate"),
    ("signed-by-no-authority", "its certificate is signed by one that is no authority"),
    ("below-an-expired-authority", "its certificate, or one of its authorities', has expired"),
    ("below-an-authority-of-other-hosts", "its authority may not vouch for this host"),
    ("below-an-authority-that-makes-none", "its authority may not make other authorities"),
    ("for-clients", "its certificate is not for servers"),
    ("that-is-an-authority", "its certificate is an authority's"),
    ("with-a-critical-unknown", "its certificate demands something that cannot be checked"),
    ("of-a-short-key", "its certificate was altered, or is not signed by whom it names"),
    ("with-a-signature-of-sha1", "its certificate is signed or keyed in a way that is no longer safe"),
    ("altered", "its certificate was altered, or is not signed by whom it names"),
];

const RULES: &str = "hostssl all guarded 127.0.0.1/32 cert\nhostssl all all 127.0.0.1/32 scram-sha-256\nhostnossl all unguarded 127.0.0.1/32 scram-sha-256\n";

async fn open(spec: &PostgresSpec, login: &Login) -> Result<PostgresSource, SourceError> {
    PostgresSource::open(&name("own"), spec, login, &Limits::default()).await
}

async fn server() -> OwnServer {
    let server = OwnServer::start(RULES).await;
    server.run("REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC; CREATE ROLE reader LOGIN PASSWORD 'kestrel'; CREATE ROLE unguarded LOGIN PASSWORD 'kestrel'; CREATE ROLE guarded LOGIN").await;
    server
}

fn login(server: &OwnServer) -> Login {
    let ca_pem = Some(std::fs::read(server.made("ca.pem")).expect("a CA"));
    Login { password: Some("kestrel".to_owned().into()), ca_pem, ..Login::default() }
}

#[tokio::test]
async fn every_bad_certificate_is_refused_with_13_and_no_password_is_sent() {
    let server = server().await;
    let (spec, login) = (server.spec("reader"), login(&server));
    let cases = std::fs::read_to_string(server.made("cases")).expect("cases");
    let (mut good, mut bad) = (0, Vec::new());
    for (kind, case) in cases.lines().map(|line| line.split_once(' ').expect("two words")) {
        server.show(case).await;
        match (kind, open(&spec, &login).await) {
            ("good", opened) => {
                opened.unwrap_or_else(|error| panic!("{case}: {error}"));
                good += 1;
            }
            (_, Ok(_)) => panic!("{case} was taken"),
            (_, Err(error)) => {
                let failure = Failure::source(&error, Phase::Open);
                assert_eq!(failure.ending, ending::TLS_REFUSED, "{case}: {error}");
                let said = SAID.iter().find(|(said, _)| *said == case).unwrap_or_else(|| panic!("{case}: {error}")).1;
                assert_eq!(
                    error.to_string(),
                    format!("source `own` refused a verified TLS connection: {said}"),
                    "{case}"
                );
                bad.push(case);
            }
        }
    }
    assert!(bad.len() >= 14 && bad.len() == SAID.len() && good == 2, "{good} good, {bad:?}");
    // What the server saw: it knows who comes, and asks for a password, only after TLS.
    let log = server.logged("could not accept SSL connection", bad.len()).await;
    let comes = log.lines().filter(|line| line.contains("identity=\"reader\"")).count();
    let authorized = log.lines().filter(|line| line.contains("user=reader")).count();
    assert_eq!((comes, authorized), (good, good), "{log}");
}

#[tokio::test]
async fn our_certificate_is_shown_where_it_is_asked_for() {
    let server = server().await;
    let spec = server.spec("guarded");
    let client = |case: &str| {
        let read = |ending: &str| std::fs::read_to_string(server.made(&format!("{case}.{ending}"))).expect("read");
        Login {
            password: None,
            client: Some(ClientCertificate { certificate_pem: read("pem").into(), key_pem: read("key").into() }),
            ..login(&server)
        }
    };
    open(&spec, &client("client")).await.map(drop).expect("a source, without any password");
    let none = Login { client: None, ..login(&server) };
    for (login, code) in
        [(none, 12), (client("client-of-another-name"), 12), (client("client-of-another-authority"), 13)]
    {
        let error = open(&spec, &login).await.err().expect("a refusal");
        assert_eq!(Failure::source(&error, Phase::Open).ending.code, code, "{error}");
    }
    let mut no_key = client("client");
    no_key.client.as_mut().expect("a certificate").key_pem = "opensesame".to_owned().into();
    let error = open(&spec, &no_key).await.err().expect("a refusal");
    assert_eq!(Failure::source(&error, Phase::Open).ending.code, 13, "{error}");
    assert!(!format!("{error}{error:?}{no_key:?}").contains("opensesame"));
}

#[tokio::test]
async fn an_unchecked_server_is_spoken_to_on_this_machine_alone() {
    let server = server().await;
    server.show("signed-by-itself").await;
    let unchecked = LoginSpec { trust: Trust::Unchecked, ..LoginSpec::default() };
    for user in ["reader", "unguarded"] {
        let spec = PostgresSpec { login: unchecked.clone(), ..server.spec(user) };
        let login = Login { ca_pem: None, ..login(&server) };
        open(&spec, &login).await.map(drop).unwrap_or_else(|error| panic!("{user}: {error}"));
        // The files' check refuses this with its place; the source would not take it either.
        let elsewhere = PostgresSpec { host: "localhost.example.org".into(), ..spec };
        let error = open(&elsewhere, &login).await.err().expect("a refusal");
        assert_eq!(Failure::source(&error, Phase::Open).ending, ending::TLS_REFUSED, "{error}");
    }
}

#[tokio::test]
async fn the_environment_says_where_our_certificate_is_and_which_server_goes_unchecked() {
    let server = server().await;
    server.run("CREATE SCHEMA app; CREATE TABLE app.thing (id bigint PRIMARY KEY, m int); GRANT USAGE ON SCHEMA app TO guarded, unguarded; GRANT SELECT ON app.thing TO guarded, unguarded").await;
    let online = |login: &str| {
        let ferry =
            Ferry::of_one_file("x.csv", b"", "m = { type = \"integer\", class = \"internal\", nullable = true }", "");
        let postgres =
            format!("postgres = {{ host = \"127.0.0.1\", port = {}, database = \"postgres\", {login} }}", server.port);
        ferry.edit("jobs/environments/dev.toml", "files = { url = \"in\" }", &postgres);
        let mut command = ferry.command(&["validate", "--online"]);
        let came = Came::of(&command.env("IT_PASSWORD", "kestrel").output().expect("the binary starts"));
        (came.code, came.err)
    };
    let made = |name: &str| server.made(name).display().to_string();
    let guarded = format!("user = \"guarded\", ca = \"{}\"", made("ca.pem"));
    let shown =
        |key: &str| format!("{guarded}, client_cert = \"{}\", client_key = {{ file = \"{key}\" }}", made("client.pem"));
    let (code, err) = online(&shown(&made("client.key")));
    assert_eq!(code, 0, "{err}");
    assert_eq!(online(&guarded).0, 12);
    // The certificate lies open, as it may; a key must not.
    let (code, err) = online(&shown(&made("client.pem")));
    assert!(code == 11 && err.contains("may be read by others than its owner"), "{err}");
    let unguarded = "user = \"unguarded\", password = { env = \"IT_PASSWORD\" }";
    let (code, err) = online(&format!("{unguarded}, insecure = true"));
    assert_eq!(code, 0, "{err}");
    assert_eq!(online(unguarded).0, 13, "without a word it is checked");
}
