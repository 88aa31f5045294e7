//! Which rule places a change before or behind an extract: a commit that stands in the log, and that no snapshot shows yet.

use crate::ferry::{Came, Ferry};
use crate::postgres::server::Server;
use crate::readers::python;
use serde_json::{Value, json};
use sqlx::{PgConnection, Row};

const JOB: &str = "jobs/things.toml";
const DUMP: &str = "in/topics/app.thing/all.jsonl";

/// The server waits for a standby that is not there: a commit is in its log, and its transaction goes on.
const LAY: &str = "create schema app; create table app.thing (id bigint primary key, amount numeric(10,2), note text);
  select pg_create_logical_replication_slot('moments', 'wal2json');
  insert into app.thing values (1, 1, 'a'), (2, 2, 'b'), (3, 3, 'c');
  alter system set synchronous_standby_names = 'nobody'; select pg_reload_conf();";
const CHANGES: &str =
    "select data from pg_logical_slot_peek_changes('moments', null, null, 'format-version', '2', 'include-xids', '1',
  'include-lsn', '1', 'include-timestamp', '1', 'add-tables', 'app.thing')";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_in_the_log_that_no_snapshot_shows_misleads_every_rule_but_that_of_transactions() {
    let server = Server::start().await;
    server.ctl("restart", &["-o", "-c wal_level=logical"]);
    let mut admin = server.admin().await;
    run(&mut admin, "set synchronous_commit = local").await;
    run(&mut admin, LAY).await;
    let mut hanging = server.admin().await;
    let pid: i32 = sqlx::query_scalar("select pg_backend_pid()").fetch_one(&mut hanging).await.expect("a pid");
    let hanging = tokio::spawn(async move {
        run(&mut hanging, "update app.thing set amount = 10 where id = 1").await;
    });
    let waits = "select count(*) > 0 from pg_stat_activity where pid = $1 and wait_event = 'SyncRep'";
    super::stream::until(
        || "the commit does not wait".into(),
        async || sqlx::query(waits).bind(pid).fetch_one(&mut admin).await.expect("asked").get(0),
    )
    .await;
    // It began before, and is committed and shown.
    let before: Vec<String> = sqlx::query_scalar(CHANGES).fetch_all(&mut admin).await.expect("changes");
    run(&mut admin, "update app.thing set amount = 20 where id = 2").await;
    let all: Vec<String> = sqlx::query_scalar(CHANGES).fetch_all(&mut admin).await.expect("changes");
    assert!(all.len() > before.len() && all.starts_with(&before));

    let ferry = ferry(&server);
    // The dump ends behind the commit that is not shown, and before the one that is: it has not come past the extract.
    dump(&ferry, &before);
    let (came, report) = compared(&ferry);
    assert_eq!((came.code, &report["verdict"]), (74, &json!("INCONCLUSIVE")), "{}{report:#}", came.err);
    assert_eq!(report["changed"], 1);
    dump(&ferry, &all);
    let (came, report) = compared(&ferry);
    assert_eq!(
        (came.code, &report["verdict"], &report["proof"]),
        (0, &json!("MATCH"), &json!("txid")),
        "{}{report:#}",
        came.err
    );
    assert_eq!(report["stream"]["later"], 1);

    // Of the same changes and the same extract, by other rules.
    let (_, report) = ferry.report(&[JOB, "--again", "for its position"]);
    let source = &report["datasets"][0]["source"];
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/rules.py");
    let (table, dump) = (ferry.path("out/warehouse/thing"), ferry.path(DUMP));
    let arguments = [table.to_str(), dump.to_str(), source["position"]["lsn"].as_str(), source["snapshot"].as_str()];
    let arguments = arguments.map(|text| text.expect("text"));
    let drift: Value = serde_json::from_str(&python(&[&[script][..], &arguments].concat())).expect("JSON");
    assert_eq!(drift, json!({"transaction": 0, "change_lsn": 1, "commit_lsn": 1}));

    run(&mut admin, "alter system reset synchronous_standby_names; select pg_reload_conf()").await;
    hanging.await.expect("it goes on");
}

async fn run(connection: &mut PgConnection, sql: &'static str) {
    // What cannot be in a block of several goes alone.
    for sql in sql.split_inclusive(';') {
        sqlx::raw_sql(sql).execute(&mut *connection).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

fn ferry(server: &Server) -> Ferry {
    let columns =
        "amount = { type = \"numeric(10,2)\", class = \"open\" }\nnote = { type = \"text\", class = \"open\" }";
    let ferry = Ferry::of_one_file(
        "app.thing.csv",
        b"",
        columns,
        "\n[dataset.thing.reconcile]\nagainst = \"topics\"\ntopic = \"app.thing\"\n",
    );
    let login = ["host", "user", "password", "ca"]
        .map(|part| format!("{part} = {{ env = \"NIGHTFERRY_PG_{}\" }}, ", part.to_uppercase()));
    let postgres = format!("postgres = {{ {}port = {}, database = \"postgres\" }}", login.concat(), server.port);
    let environment = "jobs/environments/dev.toml";
    ferry.edit(environment, "files = { url = \"in\" }", &postgres);
    let topics = "[source.topics]\ndump = { url = \"in/topics\", layout = \"kcat\", payload = \"wal2json\" }\n\n[store.warehouse]";
    ferry.edit(environment, "[store.warehouse]", topics);
    ferry
}

/// The changes as kcat prints what carries them.
fn dump(ferry: &Ferry, changes: &[String]) {
    let line = |(offset, change): (usize, &String)| {
        json!({"topic": "app.thing", "partition": 0, "offset": offset, "tstype": "create", "ts": 1, "broker": 0, "key": null, "payload": change})
            .to_string()
            + "\n"
    };
    ferry.write(DUMP, changes.iter().enumerate().map(line).collect::<String>().as_bytes());
}

fn compared(ferry: &Ferry) -> (Came, Value) {
    let (came, report) = ferry.report(&[JOB]);
    let compared = report["datasets"][0]["reconciliation"].clone();
    (came, compared)
}
