//! Every extract of a source shows one moment.

use super::bench::{Bench, login, name, query, read, source, spec};
use arrow::array::AsArray;
use arrow::datatypes::{Decimal128Type, Int64Type};
use chrono::Utc;
use nightferry::data::PgSnapshot;
use nightferry::job::Limits;
use nightferry::source::PostgresSource;
use nightferry::source::{Source, SourceError};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_tables_agree_while_a_writer_moves_money_between_them() {
    const LAY: &str = "CREATE TABLE here (amount numeric(12,2)); CREATE TABLE there (amount numeric(12,2));
        INSERT INTO here SELECT 1 FROM generate_series(1, 500); INSERT INTO there SELECT 1 FROM generate_series(1, 500)";
    let mut bench = Bench::lay("it_moment", LAY).await;
    let (here, there) =
        (bench.table("here", &[("amount", "numeric(12,2)")]), bench.table("there", &[("amount", "numeric(12,2)")]));
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let writer = tokio::spawn(async move {
        let mut moves = 0;
        while !stopped.load(Ordering::Relaxed) {
            bench.run("BEGIN; UPDATE it_moment.here SET amount = amount - 0.01; UPDATE it_moment.there SET amount = amount + 0.01; COMMIT").await;
            moves += 1;
        }
        moves
    });
    let mut sums = Vec::new();
    for _ in 0..10 {
        let mut source = source().await;
        let mut sum = 0;
        for extract in [&here, &there] {
            for batch in read(&mut source, extract).await.expect("rows") {
                sum += batch.rows.column(0).as_primitive::<Decimal128Type>().values().iter().sum::<i128>();
            }
        }
        sums.push(sum);
    }
    stop.store(true, Ordering::Relaxed);
    assert!(writer.await.expect("a writer") > 10, "the writer hardly wrote");
    assert_eq!(sums, [100_000; 10]);
}

#[tokio::test]
async fn the_recorded_snapshot_is_the_one_that_is_read() {
    let mut bench = Bench::lay(
        "it_snapshot",
        "CREATE TABLE t (n bigint); INSERT INTO t VALUES (pg_current_xact_id()::text::bigint)",
    )
    .await;
    let before = bench.printed("SELECT pg_current_xact_id()::text").await;
    let began = Utc::now();
    let mut source = source().await;
    bench.run("INSERT INTO it_snapshot.t VALUES (pg_current_xact_id()::text::bigint)").await;
    let after = bench.printed("SELECT pg_current_xact_id()::text").await;
    let origin = source.origin().clone();
    let snapshot: PgSnapshot = origin.snapshot.expect("a snapshot");
    let number = |text: &[Option<String>]| text[0].as_ref().expect("a number").parse::<u64>().expect("a number");
    assert!(snapshot.shows(number(&before)) && !snapshot.shows(number(&after)));
    assert!((origin.extracted_at - began).num_seconds().abs() < 60);
    let batches = read(&mut source, &bench.table("t", &[("n", "bigint")])).await.expect("rows");
    let seen = batches[0].rows.column(0).as_primitive::<Int64Type>().values().to_vec();
    assert!(seen.len() == 1 && seen.iter().all(|xid| snapshot.shows(*xid as u64)), "{seen:?}");
}

#[tokio::test]
async fn a_table_emptied_or_rewritten_since_the_snapshot_is_no_empty_extract() {
    const LAY: &str = "CREATE TABLE truncated AS SELECT 1 AS n; CREATE TABLE altered AS SELECT 1 AS n; CREATE TABLE same AS SELECT 1 AS n;
        CREATE TABLE under AS SELECT 1 AS n; CREATE VIEW over AS SELECT n FROM under;
        CREATE TABLE parted (n int) PARTITION BY RANGE (n); CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10); INSERT INTO parted VALUES (1)";
    let mut bench = Bench::lay("it_rewritten", LAY).await;
    for change in [
        "TRUNCATE it_rewritten.truncated; INSERT INTO it_rewritten.truncated VALUES (2)",
        "ALTER TABLE it_rewritten.altered ALTER n TYPE bigint",
        "TRUNCATE it_rewritten.under",
        "TRUNCATE it_rewritten.parted_1",
    ] {
        let mut source = source().await;
        assert_eq!(read(&mut source, &bench.table("same", &[("n", "integer")])).await.expect("rows").len(), 1);
        bench.run(change).await;
        let table = ["truncated", "altered", "under", "parted"]
            .into_iter()
            .find(|table| change.contains(table))
            .expect("a table");
        let extract = match table {
            "under" => bench.table("over", &[("n", "integer")]),
            table => bench.table(table, &[("n", "bigint")]),
        };
        let error = read(&mut source, &extract).await.expect_err("an error");
        assert!(matches!(error, SourceError::Away { .. }), "{change}: {error}");
        assert!(error.to_string().contains("was emptied or rewritten since the snapshot"), "{change}: {error}");
    }
    let mut source = source().await;
    assert_eq!(
        read(&mut source, &query("SELECT n FROM it_rewritten.same", &[("n", "integer")])).await.expect("rows").len(),
        1
    );
}

#[tokio::test]
async fn another_table_that_took_the_name_since_the_snapshot_is_not_taken_for_it() {
    const LAY: &str = "CREATE TABLE swapped AS SELECT 1 AS n; CREATE TABLE swapped_new (n int);
        CREATE TABLE made AS SELECT 1 AS n; CREATE TABLE beside AS SELECT 1 AS n;
        CREATE VIEW seen AS SELECT 1 AS n; CREATE TABLE \"In, dexed\" AS SELECT 1 AS n";
    let mut bench = Bench::lay("it_renamed", LAY).await;
    let columns = [("n", "integer")];
    let made = "SELECT b.n FROM it_renamed.beside b LEFT JOIN it_renamed.made m ON m.n = b.n WHERE m.n IS NULL";
    for (change, extract, told) in [
        (
            "ALTER TABLE it_renamed.swapped RENAME TO swapped_old; ALTER TABLE it_renamed.swapped_new RENAME TO swapped",
            bench.table("swapped", &columns),
            "it_renamed.swapped is another table since the snapshot",
        ),
        (
            "DROP TABLE it_renamed.made; CREATE TABLE it_renamed.made AS SELECT 1 AS n; GRANT SELECT ON it_renamed.made TO PUBLIC",
            query(made, &columns),
            "it_renamed.made is another table since the snapshot",
        ),
    ] {
        let mut source = source().await;
        bench.run(change).await;
        let error = read(&mut source, &extract).await.expect_err(change);
        assert!(matches!(error, SourceError::Away { .. }), "{change}: {error}");
        assert!(error.to_string().contains(told), "{change}: {error}");
        assert!(source.take_another_moment().await.expect("another moment"));
        read(&mut source, &extract).await.expect("rows of another moment");
    }
    // An index is none of its rows, a name that needs quotes is the same in both places, and a view is what it is now.
    let mut source = source().await;
    bench
        .run(
            "CREATE INDEX ON it_renamed.\"In, dexed\" (n); DROP VIEW it_renamed.seen;
             CREATE VIEW it_renamed.seen AS SELECT n FROM it_renamed.\"In, dexed\"; GRANT SELECT ON it_renamed.seen TO PUBLIC",
        )
        .await;
    assert_eq!(
        super::bench::rows(&read(&mut source, &query("SELECT n FROM it_renamed.seen", &columns)).await.expect("rows")),
        1
    );
    let batches = read(&mut source, &bench.table("In, dexed", &columns)).await.expect("rows");
    assert_eq!(super::bench::rows(&batches), 1);
}

#[tokio::test]
async fn the_same_extract_twice_gives_the_same_rows() {
    let mut bench = Bench::lay("it_twice", "CREATE TABLE t AS SELECT n FROM generate_series(1, 3000::bigint) n").await;
    let mut source =
        PostgresSource::open(&name("bench"), &spec(), &login(), &Limits::default()).await.expect("a source");
    let extract = bench.table("t", &[("n", "bigint")]);
    let first = read(&mut source, &extract).await.expect("rows");
    bench.run("DELETE FROM it_twice.t WHERE n % 2 = 0; INSERT INTO it_twice.t VALUES (-1)").await;
    let second = read(&mut source, &extract).await.expect("rows");
    let numbers = |batches: &[nightferry::data::Batch]| -> Vec<i64> {
        batches.iter().flat_map(|batch| batch.rows.column(0).as_primitive::<Int64Type>().values().to_vec()).collect()
    };
    assert_eq!(numbers(&first), numbers(&second));
}
