//! Debezium's connectors, and dumps of the topics that they fill.

use crate::services::variable;
use serde_json::{Map, Value, json};
use sqlx::{AssertSqlSafe, PgConnection, Row};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longest wait for a server to do what it is about to do.
const PATIENCE: Duration = Duration::from_secs(120);

/// A connector under way. Its topics are `<name>.<schema>.<table>`, of three partitions, and of one where the table is `queue`.
pub struct Connector {
    pub name: String,
}

impl Connector {
    /// Streams `tables` of a database, and comes back when it does. `keys` are its own settings.
    pub async fn start(admin: &mut PgConnection, name: &str, tables: &str, keys: &[(&str, &str)]) -> Self {
        let database: String =
            sqlx::query_scalar("select current_database()::text").fetch_one(&mut *admin).await.unwrap();
        let (user, password) = administrator();
        let mut config: Map<String, Value> = [
            ("connector.class", "io.debezium.connector.postgresql.PostgresConnector"),
            ("database.hostname", "127.0.0.1"),
            ("database.port", &variable("NIGHTFERRY_PG_PORT")),
            ("database.user", &user),
            ("database.password", &password),
            ("database.dbname", &database),
            ("topic.prefix", name),
            ("plugin.name", "pgoutput"),
            ("slot.name", name),
            ("publication.name", name),
            ("publication.autocreate.mode", "filtered"),
            ("table.include.list", tables),
            // Without it the connector passes truncations over.
            ("skipped.operations", "none"),
            ("poll.interval.ms", "50"),
            ("topic.creation.default.partitions", "3"),
            ("topic.creation.default.replication.factor", "1"),
            ("topic.creation.groups", "whole"),
            ("topic.creation.whole.include", ".*queue"),
            ("topic.creation.whole.partitions", "1"),
            ("topic.creation.whole.replication.factor", "1"),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), json!(value)))
        .collect();
        config.extend(keys.iter().map(|(key, value)| ((*key).to_owned(), json!(value))));
        rest("POST", "/connectors", Some(&json!({"name": name, "config": config})));
        let connector = Connector { name: name.to_owned() };
        // While a slot is being made it is active too, and the connector's snapshot is still to come.
        let active = format!(
            "select count(*) = 1 from pg_replication_slots s join pg_stat_replication r on r.pid = s.active_pid
             where s.slot_name = '{name}' and r.state in ('catchup', 'streaming')"
        );
        until(
            || connector.status(),
            async || sqlx::query(AssertSqlSafe(active.as_str())).fetch_one(&mut *admin).await.unwrap().get(0),
        )
        .await;
        connector
    }

    pub fn topic(&self, table: &str) -> String {
        format!("{}.{table}", self.name)
    }

    pub async fn stop(self, admin: &mut PgConnection) {
        rest("DELETE", &format!("/connectors/{}", self.name), None);
        drop_slot(admin, &self.name).await;
    }

    fn status(&self) -> String {
        rest("GET", &format!("/connectors/{}/status", self.name), None).to_string()
    }
}

/// Waits until `done`; `why` tells what there was instead.
pub async fn until(why: impl Fn() -> String, mut done: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !done().await {
        assert!(began.elapsed() < PATIENCE, "{}", why());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The role that may do anything, and its password.
fn administrator() -> (String, String) {
    let url = variable("NIGHTFERRY_PG_ADMIN_URL");
    let login = url.trim_start_matches("postgres://").split_once('@').expect("an address").0;
    let (user, password) = login.split_once(':').expect("a password");
    (user.to_owned(), password.to_owned())
}

/// Asks Connect.
fn rest(verb: &str, path: &str, body: Option<&Value>) -> Value {
    let url = variable("NIGHTFERRY_CONNECT") + path;
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--fail-with-body", "--noproxy", "*", "--request", verb, &url]);
    if let Some(body) = body {
        command.args(["--header", "content-type: application/json", "--data", &body.to_string()]);
    }
    let output = command.output().expect("curl starts");
    let said = String::from_utf8_lossy(&output.stdout);
    // A request that comes while connectors are put in order has to be made again.
    assert!(output.status.success(), "{verb} {path}: {said}{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&said).unwrap_or_default()
}

fn kcat(arguments: &[&str]) -> Command {
    let mut command = Command::new("kcat");
    command.args(["-q", "-b", &variable("NIGHTFERRY_KAFKA")]).args(arguments).stdin(Stdio::null());
    command
}

/// What kcat prints of a topic from its beginning to its end.
pub fn dump(topic: &str, arguments: &[&str]) -> String {
    printed(topic, "beginning", arguments)
}

fn printed(topic: &str, from: &str, arguments: &[&str]) -> String {
    // While events keep coming, the end is seen only by who does not wait for the next.
    let mut command = kcat(&["-C", "-t", topic, "-o", from, "-e", "-X", "fetch.wait.max.ms=2"]);
    let output = command.args(arguments).output().expect("kcat starts");
    let said = String::from_utf8_lossy(&output.stderr);
    // Its first event makes the topic.
    assert!(output.status.success() || said.contains("Unknown topic"), "{topic}: {said}");
    String::from_utf8(output.stdout).expect("text")
}

/// A record as `kcat -J` printed it.
#[derive(Clone)]
pub struct Line {
    pub text: String,
    pub record: Value,
    /// What is in `payload`, without a schema beside it.
    pub event: Value,
}

impl Line {
    pub fn of(text: &str) -> Self {
        let record: Value = serde_json::from_str(text).expect("a line of kcat's");
        let mut event: Value = serde_json::from_str(record["payload"].as_str().unwrap_or("null")).expect("an event");
        if event.get("schema").is_some_and(Value::is_object) {
            event = event["payload"].take();
        }
        Line { text: text.to_owned(), record, event }
    }

    pub fn partition(&self) -> u64 {
        self.record["partition"].as_u64().expect("a partition")
    }

    /// Its transaction, unless a snapshot read it, or there is none.
    pub fn transaction(&self) -> Option<u64> {
        let source = &self.event["source"];
        match source.is_object() {
            true => source["txId"].as_u64().filter(|_| source["snapshot"] == "false"),
            false => self.event["xid"].as_u64(),
        }
    }
}

/// The records of a topic.
pub fn lines(topic: &str) -> Vec<Line> {
    dump(topic, &["-J"]).lines().map(Line::of).collect()
}

/// Waits until every one of a topic's `partitions` holds a transaction from `beyond` on: what had committed before is in front of it.
pub async fn passed(topic: &str, partitions: u64, beyond: u64) {
    until(
        || format!("{topic} does not come to transaction {beyond}"),
        async || {
            let last: Vec<Line> = printed(topic, "-100", &["-J"]).lines().map(Line::of).collect();
            (0..partitions).all(|partition| {
                last.iter()
                    .any(|line| line.partition() == partition && line.transaction().is_some_and(|id| id >= beyond))
            })
        },
    )
    .await;
}

/// wal2json's changes of a table, from a slot of its own into a topic of one partition: `pg_recvlogical | kcat -P`.
pub struct Wal2json {
    pub topic: String,
    receiver: Child,
    sender: Child,
}

impl Wal2json {
    pub fn start(database: &str, name: &str, table: &str) -> Self {
        let receive = |arguments: &[&str]| {
            let (user, password) = administrator();
            let mut command = Command::new(Path::new(&variable("NIGHTFERRY_PG_BIN")).join("pg_recvlogical"));
            command.args(["--host", "127.0.0.1", "--port", &variable("NIGHTFERRY_PG_PORT"), "--username", &user]);
            command.args(["--dbname", database, "--slot", name]).args(arguments).env("PGPASSWORD", password);
            command.stdin(Stdio::null()).stdout(Stdio::piped());
            command
        };
        let made = receive(&["--create-slot", "--plugin", "wal2json"]).status().expect("pg_recvlogical starts");
        assert!(made.success());
        let tables = format!("add-tables={table}");
        let options = ["format-version=2", "include-xids=true", "include-lsn=true", "include-timestamp=true", &tables];
        let options: Vec<&str> = options.iter().flat_map(|option| ["--option", option]).collect();
        let mut receiver =
            receive(&["--start", "--no-loop", "--file", "-"]).args(options).spawn().expect("pg_recvlogical starts");
        let mut sender = kcat(&["-P", "-t", name, "-X", "linger.ms=20"]);
        let changes = receiver.stdout.take().expect("its output");
        let sender = sender.stdin(changes).spawn().expect("kcat starts");
        Wal2json { topic: name.to_owned(), receiver, sender }
    }

    /// Ends both, and drops the slot.
    pub async fn stop(self, admin: &mut PgConnection) {
        let name = self.topic.clone();
        drop(self);
        drop_slot(admin, &name).await;
    }
}

impl Drop for Wal2json {
    /// Also when a test fails: nobody else would end them.
    fn drop(&mut self) {
        for process in [&mut self.receiver, &mut self.sender] {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// A slot keeps the server's log for as long as it is there.
async fn drop_slot(admin: &mut PgConnection, name: &str) {
    let sql = format!(
        "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = '{name}' and not active"
    );
    until(
        || "its slot is still in use".into(),
        async || sqlx::query(AssertSqlSafe(sql.as_str())).fetch_optional(&mut *admin).await.unwrap().is_some(),
    )
    .await;
}
