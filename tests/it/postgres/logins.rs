//! Who gets in, and over what.

use super::bench::{Bench, login, name, read, rows, source, spec};
use nightferry::job::{Limits, PostgresSpec};
use nightferry::source::{Login, PostgresSource};
use nightferry::source::{Source, SourceError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// An authority that signed nothing.
const ANOTHER_CA: &str = "-----BEGIN CERTIFICATE-----
MIIBjjCCATWgAwIBAgIUOa76mkDGzZTIDmvFzIa8muOrV3YwCgYIKoZIzj0EAwIw
HDEaMBgGA1UEAwwRYW5vdGhlciBhdXRob3JpdHkwIBcNMjYxMTI0MTQxMjE3WhgP
MjEyNjEwMzExNDEyMTdaMBwxGjAYBgNVBAMMEWFub3RoZXIgYXV0aG9yaXR5MFkw
EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE2MQRK6a4y68HRPgrGx7EOpkdUROuwL1S
2Oi4b3Kh/OPDpT7Cki+DrKo4CxkYSQu3V3cFQt1sB5vI2yDPgc0I3KNTMFEwHQYD
VR0OBBYEFOPI8p08rRPKV6DXkX9soOH5zGlNMB8GA1UdIwQYMBaAFOPI8p08rRPK
V6DXkX9soOH5zGlNMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIg
RP+CuzF9C95MKCDPzc0xf5sJlvc94THgmfzPQg4Dj+ECIHvOYjtS4Q1ne4bmGstF
7XW4rAp7+4ohcUJLWFF1KIzL
-----END CERTIFICATE-----
";

async fn refusal(spec: &PostgresSpec, login: &Login) -> SourceError {
    PostgresSource::open(&name("bench"), spec, login, &Limits::default()).await.err().expect("a refusal")
}

#[tokio::test]
async fn a_wrong_password_or_role_is_refused_by_name_and_code() {
    let wrong = Login { password: Some("opensesame".to_owned().into()), ..login() };
    let error = refusal(&spec(), &wrong).await;
    assert_eq!(error.to_string(), "source `bench` refused the login of `nightferry_ro` (SQLSTATE 28P01)");
    assert!(!format!("{error:?}{wrong:?}").contains("opensesame"));
    let nobody = PostgresSpec { user: "it_nobody".into(), ..spec() };
    assert_eq!(
        refusal(&nobody, &login()).await.to_string(),
        "source `bench` refused the login of `it_nobody` (SQLSTATE 28P01)"
    );
}

#[tokio::test]
async fn a_database_that_is_not_there_is_told() {
    let elsewhere = PostgresSpec { database: "it_nowhere".into(), ..spec() };
    assert_eq!(refusal(&elsewhere, &login()).await.to_string(), "database `it_nowhere` is not there");
}

#[tokio::test]
async fn a_certificate_of_another_authority_or_for_another_name_is_refused() {
    let other = Login { ca_pem: Some(ANOTHER_CA.into()), ..login() };
    let none = Login { ca_pem: None, ..login() };
    let rubbish =
        Login { ca_pem: Some(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec()), ..login() };
    let nobody = "no authority that is trusted vouches for its certificate";
    let unusable = "a certificate, its own or our `ca`, is none";
    for (login, reason) in [(other, nobody), (none, nobody), (rubbish, unusable)] {
        let error = refusal(&spec(), &login).await;
        assert_eq!(error.to_string(), format!("source `bench` refused a verified TLS connection: {reason}"));
        assert!(matches!(error, SourceError::Refused { tls: true, .. }));
    }
    // The certificate is for 127.0.0.1 and localhost; this is the same machine by a name it does not carry.
    let other_name = PostgresSpec { host: "127.0.0.2".into(), ..spec() };
    let error = refusal(&other_name, &login()).await;
    assert!(matches!(error, SourceError::Refused { tls: true, .. } | SourceError::Away { .. }), "{error}");
}

#[tokio::test]
async fn a_server_without_tls_gets_neither_name_nor_password() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let server = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.expect("a client");
        let mut request = [0u8; 8];
        client.read_exact(&mut request).await.expect("a request for TLS");
        client.write_all(b"N").await.expect("no");
        let mut more = Vec::new();
        let _ = client.read_to_end(&mut more).await;
        more
    });
    let plain = PostgresSpec { port, ..spec() };
    let error = refusal(&plain, &login()).await;
    assert!(matches!(error, SourceError::Refused { tls: true, .. }), "{error}");
    assert_eq!(server.await.expect("a server"), Vec::<u8>::new());
}

#[tokio::test]
async fn a_server_that_is_not_there_is_away() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let error = refusal(&PostgresSpec { port, ..spec() }, &login()).await;
    assert_eq!(error.to_string(), "source `bench` went away while connecting");
}

#[tokio::test]
async fn a_table_that_the_role_may_not_read_is_refused_before_the_first_row() {
    let mut bench = Bench::lay("it_forbidden", "CREATE TABLE t (n int, secret text)").await;
    bench
        .run(
            "DO $$ BEGIN IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'it_narrow') THEN DROP OWNED BY it_narrow; DROP ROLE it_narrow; END IF; END $$;
             CREATE ROLE it_narrow LOGIN PASSWORD 'narrow'; GRANT USAGE ON SCHEMA it_forbidden TO it_narrow; GRANT SELECT (n) ON it_forbidden.t TO it_narrow",
        )
        .await;
    let narrow = PostgresSpec { user: "it_narrow".into(), ..spec() };
    let login = Login { password: Some("narrow".to_owned().into()), ..login() };
    let mut source = PostgresSource::open(&name("bench"), &narrow, &login, &Limits::default()).await.expect("a source");
    let mut extract = bench.table("t", &[("n", "integer"), ("secret", "text")]);
    // A column it may not read is no hindrance while nobody wants it.
    extract.columns.truncate(1);
    assert!(read(&mut source, &extract).await.expect("rows").is_empty());
    let error =
        source.extract(&bench.table("t", &[("n", "integer"), ("secret", "text")])).await.err().expect("a refusal");
    assert_eq!(error.to_string(), "source `bench` refused reading it_forbidden.t (SQLSTATE 42501)");
}

#[tokio::test]
async fn a_policy_that_would_hide_rows_is_a_refusal_and_no_shorter_table() {
    let mut bench = Bench::lay(
        "it_policy",
        "CREATE TABLE t (n int); INSERT INTO t VALUES (1), (2), (3); ALTER TABLE t ENABLE ROW LEVEL SECURITY",
    )
    .await;
    bench.run(&format!("GRANT USAGE ON SCHEMA it_policy TO {0}; GRANT SELECT ON it_policy.t TO {0}; CREATE POLICY a_part ON it_policy.t TO {0} USING (n < 3)", spec().user)).await;
    let refused = "source `bench` refused reading it_policy.t (SQLSTATE 42501)";
    let mut narrow = source().await;
    let table = bench.table("t", &[("n", "integer")]);
    assert_eq!(read(&mut narrow, &table).await.err().map(|error| error.to_string()).as_deref(), Some(refused));
    bench.run("ALTER TABLE it_policy.t DISABLE ROW LEVEL SECURITY").await;
    assert_eq!(rows(&read(&mut source().await, &table).await.expect("rows")), 3);
}

#[tokio::test]
async fn the_session_is_encrypted_named_and_cannot_write() {
    let mut bench = Bench::lay("it_session", "CREATE TABLE t (n int)").await;
    let mut source = source().await;
    let session = "SELECT s.ssl::text || ' ' || s.version FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE a.application_name = 'nightferry' AND a.query LIKE '%it_session%'";
    let extract = bench.table("t", &[("n", "integer")]);
    drop(source.extract(&extract).await.expect("an extract"));
    assert_eq!(bench.printed(session).await, [Some("true TLSv1.3".into())]);
    assert!(source.origin().server.as_deref().is_some_and(|server| server.starts_with("PostgreSQL ")));
}
