//! Lines that fall silent, servers that have no room, passwords that change.

use super::bench::{Bench, login, name, query, read, rows, spec};
use super::town::{Town, run};
use nightferry::failure::{Failure, Phase};
use nightferry::job::{Limits, LoginSpec, PostgresSpec, SecretRef};
use nightferry::source::{Login, PostgresSource, SourceError};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

const COLUMNS: &[(&str, &str)] = &[("n", "integer"), ("v", "text")];

/// A silence of so many seconds is a stall.
fn patient(stall_seconds_max: u64) -> PostgresSpec {
    PostgresSpec { login: LoginSpec { stall_seconds_max, ..LoginSpec::default() }, ..spec() }
}

async fn open(spec: &PostgresSpec, login: &Login) -> Result<PostgresSource, SourceError> {
    PostgresSource::open(&name("bench"), spec, login, &Limits::default()).await
}

/// A line that forgets its first connection after so many bytes from the server, without a word to either end. Later
/// connections are carried, or forgotten from the start.
pub async fn forgetting_line(bytes_max: u64, later: bool, to: (String, u16)) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        let mut bytes_max = bytes_max;
        while let Ok((client, _)) = listener.accept().await {
            if bytes_max == 0 {
                kept.push(client);
                continue;
            }
            let server = TcpStream::connect(to.clone()).await.expect("a server");
            tokio::spawn(carry(client, server, bytes_max));
            bytes_max = if later { u64::MAX } else { 0 };
        }
    });
    port
}

/// A line that counts who comes.
async fn counting_line(to: (String, u16)) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let came = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&came);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            let server = TcpStream::connect(to.clone()).await.expect("a server");
            tokio::spawn(carry(client, server, u64::MAX));
        }
    });
    (port, came)
}

/// A line that forgets every connection once it is told to, without a word to either end.
async fn line_until_told(to: (String, u16)) -> (u16, watch::Sender<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (tell, told) = watch::channel(false);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let (to, mut told) = (to.clone(), told.clone());
            tokio::spawn(async move {
                let mut server = TcpStream::connect(to).await.expect("a server");
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
                    // Both ends stay open and nothing moves.
                    () = async { drop(told.wait_for(|is_told| *is_told).await) } => std::future::pending::<()>().await,
                }
            });
        }
    });
    (port, tell)
}

async fn carry(client: TcpStream, server: TcpStream, bytes_max: u64) {
    let (mut from_client, mut to_client) = client.into_split();
    let (from_server, mut to_server) = server.into_split();
    let up = tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
    let mut some = from_server.take(bytes_max);
    let _ = tokio::io::copy(&mut some, &mut to_client).await;
    if some.limit() == 0 {
        // Both ends stay open and nothing moves.
        std::future::pending::<()>().await;
    }
    let _ = to_client.shutdown().await;
    let _ = up.await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_falls_silent_in_the_middle_is_found_out() {
    let fill = "CREATE TABLE t AS SELECT n, repeat('x', 300) AS v FROM generate_series(1, 100000) n";
    let bench = Bench::lay("it_silent", fill).await;
    for later in [true, false] {
        let mut spec = patient(2);
        spec.port = forgetting_line(5_000_000, later, (spec.host.clone(), spec.port)).await;
        let mut source = open(&spec, &login()).await.expect("a source");
        let error = read(&mut source, &bench.table("t", COLUMNS)).await.expect_err("an error");
        let told = "source `bench` went away while reading it_silent.t: nothing came for 2 s";
        assert_eq!(error.to_string(), told, "later connections: {later}");
        assert_eq!(Failure::source(&error, Phase::Extract).ending.code, 70);
    }
}

#[tokio::test]
async fn limits_that_the_role_has_at_the_server_do_not_end_its_sessions() {
    const ROLE: &str = "it_limits";
    let mut town = Town::lay(ROLE).await;
    let lay = "CREATE SCHEMA app; CREATE VIEW app.slow AS SELECT 1 AS n, 'x'::text AS v FROM pg_sleep(5)";
    run(&mut town.admin, lay).await;
    town.role(ROLE).await;
    let limits = ["statement_timeout = '3s'", "idle_in_transaction_session_timeout = '3s'"];
    run(&mut town.admin, &format!("GRANT SELECT ON app.slow TO {ROLE}")).await;
    for limit in limits {
        run(&mut town.admin, &format!("ALTER ROLE {ROLE} SET {limit}")).await;
    }
    let ended = town.tries(ROLE, "SELECT * FROM app.slow").await.expect_err("the limit").to_string();
    assert!(ended.contains("statement timeout"), "{ended}");
    let login = Login { password: Some("kestrel".to_owned().into()), ..login() };
    let mut source = open(&town.spec(ROLE), &login).await.expect("a source");
    tokio::time::sleep(Duration::from_secs(4)).await;
    let asked = query("SELECT n, v FROM app.slow", COLUMNS);
    assert_eq!(rows(&read(&mut source, &asked).await.expect("rows")), 1);
    drop(source);
    town.go(&[ROLE]).await;
}

/// Longest time after which a line that was cut is known to be.
const KNOWN_WITHIN: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_falls_silent_while_the_session_waits_for_work_is_found_out_within_a_minute() {
    assert!(LoginSpec::default().stall_seconds_max <= KNOWN_WITHIN.as_secs(), "in the middle of rows");
    let lay = "CREATE TABLE t AS SELECT n, 'x'::text AS v FROM generate_series(1, 100) n";
    let bench = Bench::lay("it_silent_idle", lay).await;
    let spec = PostgresSpec { connections: 1, ..patient(4) };
    // Asked for at once, while nobody knows of it; and while the session waits for the answer to its own word.
    let asked_after = [Duration::ZERO, Duration::from_secs(31)].map(|wait| {
        let (mut spec, table) = (spec.clone(), bench.table("t", COLUMNS));
        async move {
            let (port, tell) = line_until_told((spec.host.clone(), spec.port)).await;
            spec.port = port;
            let mut source = open(&spec, &login()).await.expect("a source");
            assert_eq!(rows(&read(&mut source, &table).await.expect("rows")), 100);
            tell.send(true).expect("the line is there");
            let cut_at = Instant::now();
            tokio::time::sleep(wait).await;
            let asked = tokio::time::timeout(2 * KNOWN_WITHIN, read(&mut source, &table)).await;
            let error = asked.expect("an answer").expect_err("an error");
            (error, cut_at.elapsed())
        }
    });
    for (error, after) in futures::future::join_all(asked_after).await {
        let told = error.to_string();
        assert!(told.starts_with("source `bench` went away while ") && told.ends_with(": no answer in time"), "{told}");
        assert!(after < KNOWN_WITHIN + Duration::from_secs(5), "{told}, after {after:?}");
        assert_eq!(Failure::source(&error, Phase::Extract).ending.code, 70);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_falls_silent_after_the_password_was_changed_is_found_out_all_the_same() {
    let fill = "CREATE TABLE t AS SELECT n, repeat('x', 300) AS v FROM generate_series(1, 100000) n";
    let mut bench = Bench::lay("it_silent_rotated", fill).await;
    role(&mut bench, "it_silent_reader", "").await;
    bench.run("GRANT pg_read_all_data TO it_silent_reader").await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("password");
    let at = SecretRef::File(file.to_string_lossy().into_owned());
    let login = Login { password: Some("kestrel".to_owned().into()), password_at: Some(at), ..login() };
    // The secret is changed as well, or not yet.
    for now in ["hollowmere", "kestrel"] {
        bench.run("ALTER ROLE it_silent_reader PASSWORD 'kestrel'").await;
        let mut spec = PostgresSpec { user: "it_silent_reader".into(), ..patient(8) };
        spec.port = forgetting_line(5_000_000, true, (spec.host.clone(), spec.port)).await;
        let mut source = open(&spec, &login).await.expect("a source");
        bench.run("ALTER ROLE it_silent_reader PASSWORD 'hollowmere'").await;
        std::fs::write(&file, now).expect("written");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("permissions");
        let (began, table) = (Instant::now(), bench.table("t", COLUMNS));
        let came = tokio::time::timeout(KNOWN_WITHIN, read(&mut source, &table)).await;
        let error = came.expect("a stall is known").expect_err("an error");
        let told = "source `bench` went away while reading it_silent_rotated.t: nothing came for 8 s";
        assert_eq!(error.to_string(), told, "the secret says `{now}`, after {:?}", began.elapsed());
    }
}

#[tokio::test]
async fn a_server_that_takes_its_time_is_no_silent_line() {
    let bench = Bench::lay("it_slow", "CREATE TABLE t AS SELECT 1 AS n, 'x'::text AS v").await;
    // Half of it passes before anybody asks, and asking has a quarter.
    let mut source = open(&patient(12), &login()).await.expect("a source");
    // Before the first row the server says nothing at all: longer than an answer to anything else may take, where there is time to see.
    let seconds = if std::env::var_os("NIGHTFERRY_SOAK").is_some() { 65 } else { 8 };
    let slow = bench.filtered("t", &format!("pg_sleep({seconds}) IS NOT NULL"), COLUMNS);
    assert_eq!(rows(&read(&mut source, &slow).await.expect("rows")), 1);
}

#[tokio::test]
async fn a_role_without_a_connection_left_is_asked_again_until_it_has_one() {
    let mut bench = Bench::lay("it_full", "CREATE TABLE t (n int)").await;
    role(&mut bench, "it_full_reader", "CONNECTION LIMIT 1").await;
    let mut spec = PostgresSpec { user: "it_full_reader".into(), ..spec() };
    let login = Login { password: Some("kestrel".to_owned().into()), ..login() };
    let first = open(&spec, &login).await.expect("a source");
    let came;
    (spec.port, came) = counting_line((spec.host.clone(), spec.port)).await;
    let second = tokio::spawn(async move { open(&spec, &login).await.map(drop) });
    // Whoever comes a third time was turned away twice.
    while came.load(Ordering::Relaxed) < 3 {
        assert!(!second.is_finished(), "it was turned away for good, or let in as a second");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    drop(first);
    second.await.expect("no panic").expect("a source, once there is room");
}

#[tokio::test]
async fn a_password_that_was_changed_is_read_again_once() {
    let mut bench = Bench::lay("it_rotated", "CREATE TABLE t (n int)").await;
    role(&mut bench, "it_rotated_reader", "").await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("password");
    let write = |password: &str| {
        std::fs::write(&file, format!("{password}\n")).expect("written");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("permissions");
    };
    let spec = PostgresSpec { user: "it_rotated_reader".into(), ..spec() };
    let at = SecretRef::File(file.to_string_lossy().into_owned());
    let stale = Login { password: Some("kestrel".to_owned().into()), password_at: Some(at), ..login() };
    write("kestrel");
    open(&spec, &stale).await.map(drop).expect("a source");
    // Between two connections of a run: the role's password and the secret change.
    bench.run("ALTER ROLE it_rotated_reader PASSWORD 'hollowmere'").await;
    let refused = "source `bench` refused the login of `it_rotated_reader` (SQLSTATE 28P01)";
    let unchanged = open(&spec, &stale).await.err().expect("a refusal while the file says the same");
    assert_eq!(unchanged.to_string(), refused);
    write("hollowmere");
    open(&spec, &stale).await.map(drop).expect("a source by the new password");
    write("wrong too");
    assert_eq!(open(&spec, &stale).await.err().expect("a refusal").to_string(), refused);
    let unset = Login { password_at: None, ..stale };
    assert_eq!(open(&spec, &unset).await.err().expect("a refusal").to_string(), refused);
}

async fn role(bench: &mut Bench, role: &str, options: &str) {
    bench
        .run(&format!(
            "DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE {role}; END IF; END $$;
             ALTER ROLE {role} LOGIN PASSWORD 'kestrel' {options}"
        ))
        .await;
}
