//! Which columns and tables are read, and which are refused.

use super::bench::{Bench, query, read, rows, source};
use arrow::array::AsArray;
use arrow::datatypes::Int32Type;
use nightferry::data::OnNewColumn;
use nightferry::source::Source;
use std::sync::Arc;

async fn refusal(extract: &nightferry::data::Extract) -> String {
    let mut source = source().await;
    let refused = source.extract(extract).await.err().expect("a refusal");
    refused.to_string()
}

#[tokio::test]
async fn reads_views_partitions_domains_and_names_that_need_quotes() {
    let bench = Bench::lay(
        "it_kinds",
        "CREATE DOMAIN pence AS numeric(12,2); CREATE DOMAIN fee AS pence CHECK (VALUE >= 0);
         CREATE TABLE \"We\"\"ird; TABLE\" (\"CfD ID\" int, \"select\" text, fee fee);
         INSERT INTO \"We\"\"ird; TABLE\" VALUES (1, 'a', 1.5), (2, 'b', NULL);
         CREATE VIEW seen AS SELECT \"CfD ID\" AS id FROM \"We\"\"ird; TABLE\";
         CREATE MATERIALIZED VIEW kept AS SELECT id FROM seen;
         CREATE TABLE parted (id int) PARTITION BY RANGE (id);
         CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10);
         CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (10) TO (20);
         INSERT INTO parted VALUES (1), (11), (12)",
    )
    .await;
    let mut source = source().await;
    let quoted = bench.table("We\"ird; TABLE", &[("CfD ID", "integer"), ("select", "text"), ("fee", "numeric(12,2)")]);
    for (extract, count) in [
        (quoted, 2),
        (bench.table("seen", &[("id", "integer")]), 2),
        (bench.table("kept", &[("id", "integer")]), 2),
        (bench.table("parted", &[("id", "integer")]), 3),
    ] {
        assert_eq!(rows(&read(&mut source, &extract).await.expect("rows")), count);
    }
}

#[tokio::test]
async fn reads_the_part_that_the_author_asked_for() {
    let bench =
        Bench::lay("it_filter", "CREATE TABLE t AS SELECT n, n % 2 = 0 AS even FROM generate_series(1, 10) n").await;
    let columns = &[("n", "integer"), ("even", "boolean")];
    let mut source = source().await;
    let batches =
        read(&mut source, &bench.filtered("t", "even AND n > 4 -- the later half", columns)).await.expect("rows");
    assert_eq!(batches[0].rows.column(0).as_primitive::<Int32Type>().values().to_vec(), [6, 8, 10]);
    let sql = "WITH t AS (SELECT n, even FROM it_filter.t) SELECT n, even FROM t WHERE n < 3; ";
    assert_eq!(rows(&read(&mut source, &query(sql, columns)).await.expect("rows")), 2);
}

#[tokio::test]
async fn selects_no_column_that_nobody_wants_and_none_that_nobody_classified() {
    let bench = Bench::lay("it_drift", "CREATE TABLE t (n int, note text, extra money, more text)").await;
    let known = bench.table("t", &[("n", "integer"), ("note", "text")]);
    assert_eq!(refusal(&known).await, "it_drift.t: nobody classified `extra`, `more`");
    let mut withheld = known.clone();
    let schema = Arc::make_mut(&mut withheld.schema);
    schema.on_new_column = OnNewColumn::Withhold;
    withheld.columns.truncate(1);
    let mut source = source().await;
    let extraction = source.extract(&withheld).await.expect("an extract");
    assert_eq!(extraction.withheld, ["extra", "more"]);
}

#[tokio::test]
async fn tells_every_column_that_changed_by_name_and_type() {
    let bench = Bench::lay(
        "it_retyped",
        "CREATE TYPE mood AS ENUM ('x'); CREATE TABLE t (a text, b money, c mood, d int[], e timestamp, f bigint)",
    )
    .await;
    let extract = bench.table(
        "t",
        &[
            ("a", "numeric(14,2)"),
            ("b", "text"),
            ("c", "varchar(9)"),
            ("d", "text"),
            ("e", "timestamptz"),
            ("f", "integer"),
            ("g", "text"),
        ],
    );
    assert_eq!(
        refusal(&extract).await,
        "it_retyped.t: `c6` not there; `c0` is text, the schema says numeric(14,2); `c1` is money, the schema says text; \
         `c2` is it_retyped.mood, the schema says varchar(9); `c3` is integer[], the schema says text; \
         `c4` is timestamp without time zone, the schema says timestamptz; `c5` is bigint, the schema says integer"
    );
    let sql = "SELECT a AS n FROM it_retyped.t";
    assert_eq!(
        refusal(&query(sql, &[("n", "integer")])).await,
        "jobs/sql/it.sql: `c0` is text, the schema says integer"
    );
}

#[tokio::test]
async fn says_what_is_there_instead_of_a_table_that_is_not() {
    let bench =
        Bench::lay("it_absent", "CREATE TABLE invoice (n int); CREATE VIEW invoices AS SELECT n FROM invoice").await;
    assert_eq!(
        refusal(&bench.table("Invoice", &[("n", "integer")])).await,
        "table it_absent.Invoice is not there; `it_absent` has `invoice`, `invoices`"
    );
    let mut nowhere = Bench::lay("it_absent_too", "").await;
    nowhere.run("DROP SCHEMA it_absent_too").await;
    assert_eq!(
        refusal(&nowhere.table("t", &[("n", "integer")])).await,
        "table it_absent_too.t is not there; there is no table in a schema `it_absent_too`"
    );
}

#[tokio::test]
async fn refuses_sql_that_is_wrong_writes_or_breaks_out_and_quotes_none_of_it() {
    let mut bench = Bench::lay("it_sql", "CREATE TABLE t (n int); INSERT INTO t VALUES (1)").await;
    let columns = &[("n", "integer")];
    for (filter, code) in [
        ("n = 'CANARY1@example.org'", "22P02"),
        ("nosuch = 1", "42703"),
        ("n = ", "42601"),
        ("true)) TO STDOUT; DELETE FROM it_sql.t; --", "42601"),
        ("true) UNION SELECT 1; DROP TABLE it_sql.t; SELECT (1", "42601"),
        ("true /*", "42601"),
    ] {
        assert_eq!(
            refusal(&bench.filtered("t", filter, columns)).await,
            format!("the SQL of it_sql.t was refused (SQLSTATE {code})"),
            "{filter}"
        );
    }
    for (sql, code) in [
        ("WITH gone AS (DELETE FROM it_sql.t RETURNING n) SELECT n FROM gone", "0A000"),
        ("SELECT n FROM it_sql.t; SELECT 2", "42601"),
        ("DELETE FROM it_sql.t", "42601"),
    ] {
        let mut source = source().await;
        let error = read(&mut source, &query(sql, columns)).await.expect_err("a refusal");
        assert_eq!(error.to_string(), format!("the SQL of jobs/sql/it.sql was refused (SQLSTATE {code})"), "{sql}");
    }
    assert_eq!(bench.printed("SELECT count(*)::text FROM it_sql.t").await, [Some("1".into())]);
}

#[tokio::test]
async fn ends_in_an_error_when_the_authors_sql_fails_on_a_later_row() {
    let bench = Bench::lay("it_late", "CREATE TABLE t AS SELECT n FROM generate_series(1, 20000) n").await;
    let extract = query("SELECT 100 / (15000 - n) AS n FROM it_late.t", &[("n", "integer")]);
    let error = read(&mut source().await, &extract).await.expect_err("an error");
    assert_eq!(error.to_string(), "the SQL of jobs/sql/it.sql was refused (SQLSTATE 22012)");
    drop(bench);
}
