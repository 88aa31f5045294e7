//! `validate --online`: the server plans the job's SQL and reads no row.

use super::bench::Bench;
use crate::ferry::{Came, Ferry};

const TABLE: &str = "CREATE TABLE thing (id bigint PRIMARY KEY, amount integer); INSERT INTO thing VALUES (1, 10)";
/// True of no row, and an error of whoever asks it of one.
const NO_ROW_BEARS: &str = "id / (amount - amount) = 1";

/// The job over the table `thing` of `schema`, with `rows` in the place of its table.
fn ferry(schema: &str, rows: &str) -> Ferry {
    let amount = "amount = { type = \"integer\", class = \"open\" }";
    let ferry = Ferry::of_one_file("app.thing.csv", b"", amount, "");
    let postgres = "postgres = { host = { env = \"NIGHTFERRY_PG_HOST\" }, port = { env = \"NIGHTFERRY_PG_PORT\" }, database = \"postgres\", user = { env = \"NIGHTFERRY_PG_USER\" }, password = { env = \"NIGHTFERRY_PG_PASSWORD\" }, ca = { env = \"NIGHTFERRY_PG_CA\" } }";
    ferry.edit("jobs/environments/dev.toml", "files = { url = \"in\" }", postgres);
    ferry.edit("jobs/things.toml", "table = \"app.thing\"", &rows.replace("SCHEMA", schema));
    ferry
}

fn online(ferry: &Ferry) -> Came {
    ferry.run(&["validate", "jobs/things.toml", "--online"])
}

#[tokio::test]
async fn a_wrong_where_is_found_and_a_right_one_is_asked_of_no_row() {
    let _bench = Bench::lay("it_online", TABLE).await;
    let of = |filter: &str| ferry("it_online", &format!("table = \"SCHEMA.thing\"\nwhere = \"{filter}\""));
    for wrong in ["nosuch = 1", "amount = 'CANARY1@example.org'", "amount >"] {
        let came = online(&of(wrong));
        assert_eq!((came.code, came.endings().len()), (10, 1), "{wrong}: {}", came.err);
        assert!(came.endings()[0].starts_with("E-JOB-10 dataset=thing"), "{}", came.err);
        assert!(!came.err.contains("CANARY"), "{}", came.err);
    }
    let came = online(&of(NO_ROW_BEARS));
    assert_eq!(came.code, 0, "{}", came.err);
    assert_eq!(of(NO_ROW_BEARS).run(&["run", "jobs/things.toml"]).code, 10, "a row was asked");
    assert_eq!(online(&of("amount > 1 -- and so on")).code, 0);
}

#[tokio::test]
async fn a_query_is_planned_and_not_run() {
    let _bench = Bench::lay("it_online_query", TABLE).await;
    let of = |sql: &str| {
        let ferry = ferry("it_online_query", "query = \"jobs/sql/thing.sql\"");
        ferry.write("jobs/sql/thing.sql", sql.as_bytes());
        ferry
    };
    let came = online(&of("select id, nosuch as amount from it_online_query.thing"));
    assert!(came.endings()[0].starts_with("E-JOB-10 dataset=thing"), "{}", came.err);
    let came = online(&of("select id, id as amounts from it_online_query.thing"));
    assert!(came.endings()[0].starts_with("E-DRIFT-20 dataset=thing"), "{}", came.err);
    let bears = of(&format!("select id, amount from it_online_query.thing where {NO_ROW_BEARS}"));
    let came = online(&bears);
    assert_eq!(came.code, 0, "{}", came.err);
    assert_eq!(bears.run(&["run", "jobs/things.toml"]).code, 10, "a row was asked");
}
