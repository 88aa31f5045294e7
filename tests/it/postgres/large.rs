//! A cell larger than `cell_max`: the server is told to cut it before it sends it, and it is still a bad row.

use super::bench::{Bench, query, read, rows, source};
use crate::ferry::{Came, Ferry};
use arrow::array::AsArray;
use nightferry::data::RowFault;
use serde_json::Value;
use std::process::Command;

/// The default of `cell_max`.
const CELL_MAX: usize = 1 << 20;

/// Type at the source, the declared one, and a value that is printed as `$n` bytes.
const LARGE: &[(&str, &str, &str)] = &[
    ("text", "text", "repeat('é', $n / 2)"),
    ("varchar", "text", "repeat('x', $n)"),
    ("citext", "citext", "repeat('x', $n)"),
    ("bytea", "bytea", "decode(repeat('00', $n), 'hex')"),
    ("json", "json", "('\"' || repeat('x', $n - 2) || '\"')::json"),
    ("jsonb", "jsonb", "('\"' || repeat('x', $n - 2) || '\"')::jsonb"),
    ("xml", "xml", "('<a>' || repeat('x', $n - 7) || '</a>')::xml"),
    ("text[]", "text[]", "ARRAY[repeat('x', $n - 2)]::text[]"),
    ("varbit", "varbit", "repeat('1', $n)::varbit"),
];

/// Text that no compression makes small, so that it lies in pieces of its own.
const LOOSE: &str = "(SELECT string_agg(md5(i::text), '') FROM generate_series(1, $n / 32) i)";

#[tokio::test]
async fn a_cell_is_read_up_to_the_limit_and_is_a_bad_row_beyond_it() {
    let mut bench = Bench::lay("it_large", "CREATE EXTENSION citext SCHEMA it_large").await;
    let texts = LARGE.iter().chain(&[("text", "text", LOOSE)]);
    for (index, (at_source, declared, value)) in texts.enumerate() {
        let of = |bytes: usize| value.replace("$n", &bytes.to_string());
        let table = format!("it_large.t{index}");
        bench
            .run(&format!(
                "CREATE TABLE {table} (n int, v {at_source}); \
                 INSERT INTO {table} VALUES (0, {}), (1, {}), (2, NULL)",
                of(CELL_MAX - 32),
                of(CELL_MAX + 32)
            ))
            .await;
        let columns = [("n", "integer"), ("v", *declared)];
        let whole = format!("SELECT * FROM {table}");
        for extract in [bench.table(&format!("t{index}"), &columns), query(&whole, &columns)] {
            let batches =
                read(&mut source().await, &extract).await.unwrap_or_else(|error| panic!("{at_source}: {error}"));
            let bad = batches.iter().flat_map(|batch| &batch.bad);
            let bad: Vec<_> = bad.map(|bad| (bad.ordinal, bad.column.as_str(), bad.fault)).collect();
            assert_eq!(bad, [(1, "c1", RowFault::Large)], "{at_source}");
            assert_eq!(rows(&batches), 2, "{at_source}");
            let read = batches[0].rows.column(1);
            let length = read
                .as_string_view_opt()
                .map_or_else(|| read.as_binary_view().value(0).len(), |read| read.value(0).len());
            assert_eq!(length, CELL_MAX - 32, "{at_source}");
        }
    }
}

/// A job over the columns `id` and `note` of a table of the server.
pub fn of_table(table: &str, dataset: &str) -> Ferry {
    let ferry = Ferry::of_one_file("unused.csv", b"", "note = { type = \"text\", class = \"open\" }", dataset);
    let postgres = "postgres = { host = { env = \"NIGHTFERRY_PG_HOST\" }, port = { env = \"NIGHTFERRY_PG_PORT\" }, database = \"postgres\", user = { env = \"NIGHTFERRY_PG_USER\" }, password = { env = \"NIGHTFERRY_PG_PASSWORD\" }, ca = { env = \"NIGHTFERRY_PG_CA\" } }";
    ferry.edit("jobs/environments/dev.toml", "files = { url = \"in\" }", postgres);
    ferry.edit("jobs/things.toml", "app.thing", table);
    ferry
}

/// The binary, given so much address space; a message of 400 MiB is received into a buffer that doubles.
fn within_700_mib(ferry: &Ferry, arguments: &[&str]) -> Came {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -v 716800; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_nightferry")]).args(arguments);
    // Else each thread reserves 64 MiB that it does not use.
    command.env("MALLOC_ARENA_MAX", "1").current_dir(ferry.root());
    Came::of(&command.output().expect("the binary starts"))
}

#[tokio::test]
async fn a_cell_of_400_mib_costs_no_memory_wherever_it_lies() {
    let lay = "CREATE TABLE one (id bigint, note text); CREATE TABLE parted (id bigint, note text) PARTITION BY RANGE (id); \
        CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (9); CREATE TABLE heir () INHERITS (one); \
        CREATE VIEW seen AS SELECT * FROM one; \
        INSERT INTO one VALUES (1, 'a'); INSERT INTO heir VALUES (2, repeat('x', 400 << 20)); INSERT INTO parted SELECT * FROM one";
    let _bench = Bench::lay("it_enormous", lay).await;
    for (table, row) in [("one", 0), ("parted", 1), ("seen", 1)] {
        let ferry = of_table(&format!("it_enormous.{table}"), "bad_rows_max = 1");
        let came = within_700_mib(&ferry, &["run", "jobs/things.toml", "--json"]);
        assert_eq!(came.code, 0, "{table}: {}", came.err);
        let report: Value = serde_json::from_str(&came.out).expect("a report");
        assert_eq!(
            (&report["datasets"][0]["rows_read"], &report["datasets"][0]["rows_bad"]),
            (&2.into(), &1.into()),
            "{table}"
        );
        // Where none is allowed, the run ends and says which cell it is.
        ferry.edit("jobs/things.toml", "bad_rows_max = 1", "bad_rows_max = 0");
        let came = within_700_mib(&ferry, &["run", "jobs/things.toml", "--again", "none is allowed"]);
        let said =
            format!("1 of 2 rows are bad, 0 are allowed; row {row}: `note` is larger than a cell may be (`cell_max`)");
        assert!(came.code == 22 && came.err.contains(&said), "{table}: {} {}", came.code, came.err);
    }
}
