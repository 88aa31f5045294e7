//! Views, queries and foreign tables: divided by a key where that costs no more, and read by one session where another
//! would see something else.

use super::bench::{Bench, query, read, rows, source, source_of};
use crate::services::variable;
use arrow::array::AsArray;
use arrow::datatypes::{Decimal128Type, Int64Type};
use nightferry::data::{Batch, Extract, OnNewColumn};
use nightferry::job::Limits;
use nightferry::source::Source;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Twenty thousand rows of about 1,900 bytes, with keys of every kind that can be divided.
const LAY: &str = "CREATE TABLE t AS
        SELECT n, n::int - 10000 AS i, date '2026-01-01' + (n / 60)::int AS d,
               timestamp '2026-01-01' + n * interval '7 minutes' AS m, timestamptz '2026-01-01 UTC' + n * interval '7 minutes' AS z,
               lpad(to_hex(n * 1000000000), 32, '0')::uuid AS u, md5(n::text)::uuid AS mixed, CASE WHEN n = 5 THEN date 'infinity' ELSE date '2026-01-01' + (n / 60)::int END AS endless,
               repeat(chr(65 + (n % 26)::int), 1900) AS v
        FROM generate_series(1, 20000::bigint) n;
    UPDATE t SET d = NULL, m = NULL, z = NULL, u = NULL WHERE n % 100 = 0;
    CREATE INDEX ON t (n); CREATE INDEX ON t (i); CREATE INDEX ON t (d); CREATE INDEX ON t (m); CREATE INDEX ON t (z);
    CREATE INDEX ON t (u); CREATE INDEX ON t (mixed); CREATE INDEX ON t (endless); ANALYZE t;
    CREATE VIEW seen AS SELECT * FROM t WHERE v <> 'x'";

/// The second column's numbers: how many, how many of them are different, their sum.
fn facts(batches: &[Batch]) -> String {
    let of = |batch: &Batch| batch.rows.column(1).as_primitive::<Int64Type>().values().to_vec();
    let numbers: Vec<i64> = batches.iter().flat_map(of).collect();
    let distinct: std::collections::BTreeSet<i64> = numbers.iter().copied().collect();
    format!("{} {} {}", numbers.len(), distinct.len(), numbers.iter().sum::<i64>())
}

/// The same, whatever other columns there are.
fn withheld(mut extract: Extract) -> Extract {
    Arc::make_mut(&mut extract.schema).on_new_column = OnNewColumn::Withhold;
    extract
}

/// The last thing that our one session asked.
async fn last_copy(bench: &mut Bench) -> String {
    let sql = format!(
        "SELECT query FROM pg_stat_activity WHERE application_name = 'nightferry' AND query LIKE '%COPY%{}%' AND pid <> pg_backend_pid()",
        bench.schema
    );
    bench.printed(&sql).await[0].clone().expect("a query")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_view_is_divided_by_a_key_of_every_kind_that_has_a_measure() {
    let mut bench = Bench::lay("it_keys_kinds", LAY).await;
    let expected = "SELECT concat_ws(' ', count(*), count(DISTINCT n), sum(n)) FROM it_keys_kinds.seen";
    let expected = bench.printed(expected).await[0].clone().expect("facts");
    for (key, word, is_divided) in [
        ("n", "bigint", true),
        ("i", "integer", true),
        ("d", "date", true),
        ("m", "timestamp", true),
        ("z", "timestamptz", true),
        ("u", "uuid", true),
        // In the order of its key the table would be read by single pages.
        ("mixed", "uuid", false),
        // An infinity has no place on a measure.
        ("endless", "date", false),
    ] {
        let second = if key == "n" { "n_too" } else { "n" };
        let sql = format!("SELECT {key}, n AS {second}, v FROM it_keys_kinds.seen");
        for (extract, how) in [
            (withheld(bench.table("seen", &[(key, word), ("n", "bigint"), ("v", "text")])), "view"),
            (query(&sql, &[(key, word), (second, "bigint"), ("v", "text")]), "query"),
        ] {
            if key == "n" && how == "view" {
                continue;
            }
            let mut source = source().await;
            let batches = read(&mut source, &extract).await.expect("rows");
            let bad: usize = batches.iter().map(|batch| batch.bad.len()).sum();
            assert_eq!(bad, usize::from(key == "endless"), "{key}");
            if key != "endless" {
                assert_eq!(facts(&batches), expected, "{how} by {key}");
            }
            let last = last_copy(&mut bench).await;
            assert_eq!(last.contains(&format!("WHERE \"{key}\" IS NULL")), is_divided, "{how} by {key}: {last}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_would_cost_more_in_parts_or_differs_by_session_is_left_whole() {
    let mut bench = Bench::lay("it_keys_whole", LAY).await;
    let columns = &[("n", "bigint"), ("v", "text")];
    let of_some = |table: &str, filter: &str, columns| withheld(bench.filtered(table, filter, columns));
    let kept = |sql: &str| query(&sql.replace("SCHEMA", "it_keys_whole"), columns);
    let extracts: Vec<Extract> = vec![
        // Worked out whole before its first row is known.
        kept("SELECT n, max(v) AS v FROM SCHEMA.t GROUP BY n ORDER BY max(v) LIMIT 19000"),
        kept("SELECT row_number() OVER (ORDER BY u) AS n, v FROM SCHEMA.t"),
        // The time is another in each session.
        kept("SELECT n, v FROM SCHEMA.t WHERE z < now() + interval '10 years'"),
        of_some("t", "z < 'tomorrow'::timestamptz + interval '10 years'", columns),
        // An index answers it.
        of_some("t", "n BETWEEN 7 AND 9", columns),
    ];
    for extract in &extracts {
        let mut source = source().await;
        assert!(rows(&read(&mut source, extract).await.expect("rows")) > 0);
        let last = last_copy(&mut bench).await;
        assert!(!last.contains("IS NULL") && !last.contains("ctid"), "{last}");
    }
    // The same table, where every page has to be read in any case.
    let most = withheld(bench.filtered("t", "n % 10 > 0", columns));
    let mut source = source().await;
    assert_eq!(rows(&read(&mut source, &most).await.expect("rows")), 18_000);
    assert!(last_copy(&mut bench).await.contains("ctid >="));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_servers_tables_are_all_seen_at_one_moment() {
    let lay = format!(
        "CREATE EXTENSION IF NOT EXISTS postgres_fdw;
         CREATE TABLE one (amount numeric(12,2)); INSERT INTO one SELECT 1 FROM generate_series(1, 500);
         CREATE TABLE two (LIKE one); INSERT INTO two TABLE one;
         CREATE VIEW late AS SELECT one.amount FROM (SELECT pg_sleep(0.5)) AS asleep, one;
         DROP SERVER IF EXISTS it_elsewhere CASCADE;
         CREATE SERVER it_elsewhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '{port}', dbname 'postgres', sslmode 'disable');
         CREATE USER MAPPING FOR {user} SERVER it_elsewhere OPTIONS (user '{user}', password '{password}');
         CREATE FOREIGN TABLE far_one (amount numeric(12,2)) SERVER it_elsewhere OPTIONS (schema_name 'it_keys_far', table_name 'late');
         CREATE FOREIGN TABLE far_two (amount numeric(12,2)) SERVER it_elsewhere OPTIONS (schema_name 'it_keys_far', table_name 'two')",
        port = variable("NIGHTFERRY_PG_PORT"),
        user = variable("NIGHTFERRY_PG_USER"),
        password = variable("NIGHTFERRY_PG_PASSWORD"),
    );
    let mut bench = Bench::lay("it_keys_far", &lay).await;
    let tables = ["far_one", "far_two"].map(|table| bench.table(table, &[("amount", "numeric(12,2)")]));
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let writer = tokio::spawn(async move {
        while !stopped.load(Ordering::Relaxed) {
            bench.run("BEGIN; UPDATE it_keys_far.one SET amount = amount - 0.01; UPDATE it_keys_far.two SET amount = amount + 0.01; COMMIT").await;
        }
        bench
    });
    let mut sums = Vec::new();
    for _ in 0..6 {
        let mut source = source_of(3, &Limits::default()).await;
        // The first comes late: other sessions would have begun the second long before.
        source.tell_what_comes(&[&tables[0], &tables[1]]);
        let mut sum = 0;
        for extract in &tables {
            for batch in read(&mut source, extract).await.expect("rows") {
                sum += batch.rows.column(0).as_primitive::<Decimal128Type>().values().iter().sum::<i128>();
            }
        }
        sums.push(sum);
    }
    stop.store(true, Ordering::Relaxed);
    let mut bench = writer.await.expect("a writer");
    bench.run("DROP SERVER it_elsewhere CASCADE").await;
    assert_eq!(sums, [100_000; 6]);
}
