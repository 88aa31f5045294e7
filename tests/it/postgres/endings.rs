//! A COPY that is cut short never looks whole.

use super::bench::{Bench, login, name, read, rows, source, spec};
use futures::StreamExt;
use nightferry::job::Limits;
use nightferry::source::PostgresSource;
use nightferry::source::{Source, SourceError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Far more than the sockets between hold, so that the server is still sending when it is stopped.
const ROWS: usize = 200_000;
const COLUMNS: &[(&str, &str)] = &[("n", "integer"), ("v", "text")];

async fn lay(schema: &str) -> Bench {
    let fill = format!("CREATE TABLE t AS SELECT n, repeat('x', 300) AS v FROM generate_series(1, {ROWS}) n");
    Bench::lay(schema, &fill).await
}

#[tokio::test]
async fn a_backend_terminated_after_some_batches_never_looks_whole() {
    let mut bench = lay("it_stopped").await;
    for batches_before in [0, 1, 2, 7, 20] {
        let mut source = source().await;
        let extract = bench.table("t", COLUMNS);
        let mut extraction = source.extract(&extract).await.expect("an extract");
        let mut seen = 0;
        for _ in 0..batches_before {
            seen += extraction.batches.next().await.expect("a batch").expect("rows").rows.num_rows();
        }
        let ended = bench
            .printed("SELECT pg_terminate_backend(pid, 5000)::text FROM pg_stat_activity WHERE application_name = 'nightferry' AND query LIKE '%COPY%it_stopped%'")
            .await;
        assert_eq!(ended, [Some("true".into())]);
        let error = loop {
            match extraction.batches.next().await {
                Some(Ok(batch)) => seen += batch.rows.num_rows(),
                Some(Err(error)) => break error,
                None => panic!("{seen} of {ROWS} rows looked like the whole table"),
            }
        };
        assert!(matches!(error, SourceError::Away { .. }), "{error}");
        assert!(seen < ROWS, "the server had sent everything: the test proves nothing");
        assert!(extraction.batches.next().await.is_none(), "nothing comes after an error");
        drop(extraction);
        let again = source.extract(&extract).await.err().expect("a connection that stays dead");
        assert!(matches!(again, SourceError::Away { .. }), "{again}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backend_terminated_at_any_time_gives_all_rows_or_an_error() {
    let mut bench = lay("it_killed_at").await;
    let extract = bench.table("t", COLUMNS);
    // How long it takes here and now: another machine, or this one with more to do, takes another time.
    let begun = std::time::Instant::now();
    read(&mut source().await, &extract).await.expect("rows");
    let took = begun.elapsed();
    let (mut whole, mut cut) = (0, 0);
    for tenths in 0..10 {
        let mut source = source().await;
        // Another task: in the reader's own, the killing would wait while there is anything to read.
        let killing = tokio::spawn(async move {
            tokio::time::sleep(took * tenths / 10).await;
            bench
                .printed("SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE application_name = 'nightferry' AND query LIKE '%it_killed_at%' AND pid <> pg_backend_pid()")
                .await;
            bench
        });
        let outcome = read(&mut source, &extract).await;
        bench = killing.await.expect("the bench");
        match outcome {
            Ok(batches) => {
                assert_eq!(rows(&batches), ROWS);
                whole += 1;
            }
            Err(error) => {
                assert!(matches!(error, SourceError::Away { .. }), "{error}");
                cut += 1;
            }
        }
    }
    assert!(cut > 0, "{whole} whole, {cut} cut");
}

/// A line that breaks after so many bytes from the server.
async fn breaking_line(bytes_max: u64, to: (String, u16)) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        let (client, _) = listener.accept().await.expect("a client");
        let server = TcpStream::connect(to).await.expect("a server");
        let (mut from_client, mut to_client) = client.into_split();
        let (from_server, mut to_server) = server.into_split();
        tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
        let mut cut = from_server.take(bytes_max);
        let _ = tokio::io::copy(&mut cut, &mut to_client).await;
        let _ = to_client.shutdown().await;
    });
    port
}

#[tokio::test]
async fn a_line_that_breaks_anywhere_never_looks_whole() {
    let bench = lay("it_line").await;
    for bytes_max in [10_000, 100_000, 1_000_000, 20_000_000, 36_000_000] {
        let mut spec = spec();
        spec.port = breaking_line(bytes_max, (spec.host.clone(), spec.port)).await;
        let mut source =
            PostgresSource::open(&name("bench"), &spec, &login(), &Limits::default()).await.expect("a source");
        let error = read(&mut source, &bench.table("t", COLUMNS)).await.expect_err("an error");
        assert!(matches!(error, SourceError::Away { .. }), "{bytes_max}: {error}");
    }
}

#[tokio::test]
async fn an_extract_that_was_left_unfinished_is_told_by_the_next() {
    let bench = lay("it_dropped").await;
    let mut source = source().await;
    let extract = bench.table("t", COLUMNS);
    let mut extraction = source.extract(&extract).await.expect("an extract");
    extraction.batches.next().await.expect("a batch").expect("rows");
    drop(extraction);
    let error = source.extract(&extract).await.err().expect("an error");
    let told = "source `bench` went away while reading it_dropped.t: an extract before it was left unfinished";
    assert_eq!(error.to_string(), told);
}
