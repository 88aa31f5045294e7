//! A database of a test's own on the tests' server, and a job over it that is held up between its snapshot and its verdict.

use super::stream::until;
use crate::ferry::{Came, Ferry};
use crate::services::variable;
use serde_json::Value;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, Row};
use std::process::{Child, Stdio};
use std::str::FromStr;

pub const JOB: &str = "jobs/live.toml";
const ENVIRONMENT: &str = "jobs/environments/dev.toml";

/// Advisory locks: who holds the gate shut, and who stands before it.
const SHUT: u32 = 41;
const WAITS: u32 = 42;

/// A query of a run waits in it for as long as it is shut: the snapshot is taken by then, and nothing is judged before the query
/// has answered. The list of locks is of the moment, not of the snapshot.
const GATE: &str = "create function app.gate() returns bigint language plpgsql as $$ begin
  perform pg_advisory_lock_shared(42);
  while exists (select from pg_locks where locktype = 'advisory' and objid = 41 and database = (select oid from pg_database where datname = current_database())) loop
    perform pg_sleep(0.02);
  end loop;
  return 1;
end $$;";

pub struct Server {
    pub database: String,
    pub options: PgConnectOptions,
    pub admin: PgConnection,
}

impl Server {
    /// A database with a schema `app`, what `sql` makes in it, and the gate.
    pub async fn lay(sql: &str) -> Self {
        let database = format!("live_{}", uuid::Uuid::now_v7().simple());
        let options = PgConnectOptions::from_str(&variable("NIGHTFERRY_PG_ADMIN_URL")).expect("an address");
        let options = options.ssl_mode(PgSslMode::Disable);
        let mut server = options.clone().database("postgres").connect().await.expect("a connection");
        run(&mut server, &format!("create database {database}")).await;
        run(&mut server, &format!("revoke temporary on database {database} from public")).await;
        server.close().await.expect("closed");
        let options = options.database(&database);
        let mut admin = options.connect().await.expect("a connection");
        run(&mut admin, &format!("create schema app; {GATE} {sql}")).await;
        Server { database, options, admin }
    }

    pub async fn go(self) {
        self.admin.close().await.expect("closed");
        let mut server = self.options.database("postgres").connect().await.expect("a connection");
        run(&mut server, &format!("drop database {} with (force)", self.database)).await;
    }

    /// A project whose job has these datasets, `from = "app"` in each, and the gate.
    pub fn ferry(&self, datasets: &str, dumps: &str) -> Ferry {
        let ferry = Ferry::of_one_file("app.thing.csv", b"", "", "");
        let login = ["host", "port", "user", "password", "ca"]
            .map(|part| format!("{part} = {{ env = \"NIGHTFERRY_PG_{}\" }}, ", part.to_uppercase()));
        let postgres = format!("postgres = {{ {}database = \"{}\" }}", login.concat(), self.database);
        ferry.edit(ENVIRONMENT, "files = { url = \"in\" }", &postgres);
        ferry.edit(ENVIRONMENT, "[store.warehouse]", &format!("{dumps}\n[store.warehouse]"));
        let job = format!(
            "name = \"live\"\ndescription = \"Under load.\"\nowner = \"Tests\"\n\n{datasets}\n[dataset.gate]\nfrom = \"app\"\n\
             query = \"jobs/sql/gate.sql\"\nschema = \"gate\"\nto = [\"restricted\"]\nwrite = \"replace\"\n"
        );
        ferry.write(JOB, job.as_bytes());
        ferry.write("jobs/sql/gate.sql", b"select app.gate() as id");
        ferry.write("schemas/gate.toml", &schema(&[("id", "bigint")]));
        std::fs::remove_file(ferry.path("jobs/things.toml")).expect("removed");
        ferry
    }

    /// The transactions that a snapshot taken now shows: `xmin`, `xmax`, and those in progress.
    pub async fn snapshot(&mut self) -> nightferry::data::PgSnapshot {
        let text: String = self.printed("select pg_current_snapshot()::text").await;
        nightferry::data::PgSnapshot::parse(&text).expect("a snapshot")
    }

    pub async fn printed(&mut self, sql: &str) -> String {
        sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_one(&mut self.admin).await.expect(sql).get(0)
    }

    /// Starts the job and comes back when it has its snapshot and stands before the gate.
    pub async fn extract(&mut self, ferry: &Ferry) -> Held {
        run(&mut self.admin, &format!("select pg_advisory_lock({SHUT})")).await;
        let mut command = ferry.command(&["run", JOB, "--json"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
        let mut held = Held(child);
        let waits = format!(
            "select count(*) > 0 from pg_locks where locktype = 'advisory' and objid = {WAITS} and granted
             and database = (select oid from pg_database where datname = current_database())"
        );
        let mut over = None;
        until(
            || "no run came to the gate".into(),
            async || {
                over = held.0.try_wait().expect("asked");
                over.is_some()
                    || sqlx::query(AssertSqlSafe(waits.as_str())).fetch_one(&mut self.admin).await.unwrap().get(0)
            },
        )
        .await;
        if over.is_some() {
            let came = Came::of(&held.0.wait_with_output().expect("it ended"));
            panic!("the run ended with {}: {}", came.code, came.err);
        }
        held
    }

    /// Opens the gate: what the run comes to.
    pub async fn open(&mut self, held: Held) -> (Came, Value) {
        run(&mut self.admin, &format!("select pg_advisory_unlock({SHUT})")).await;
        let output = tokio::task::spawn_blocking(move || held.0.wait_with_output());
        let came = Came::of(&output.await.expect("it ends").expect("it ends"));
        let report = serde_json::from_str(&came.out).unwrap_or_else(|_| panic!("no report: {}", came.err));
        (came, report)
    }
}

/// A run that has its snapshot and waits.
pub struct Held(Child);

/// A dataset that is compared with a topic of the dump `against`.
pub fn dataset(name: &str, table: &str, schema: &str, against: &str, topic: &str, on_drift: &str) -> String {
    format!(
        "[dataset.{name}]\nfrom = \"app\"\ntable = \"{table}\"\nschema = \"{schema}\"\nto = [\"restricted\"]\nwrite = \"replace\"\n\
         [dataset.{name}.reconcile]\nagainst = \"{against}\"\ntopic = \"{topic}\"\non_drift = \"{on_drift}\"\n\n"
    )
}

/// A schema of open columns, the first of which is the key; another column of the source is left out.
pub fn schema(columns: &[(&str, &str)]) -> Vec<u8> {
    let line = |(place, (name, word)): (usize, &(&str, &str))| {
        format!("{name} = {{ type = \"{word}\", class = \"open\", nullable = {} }}\n", place > 0)
    };
    let lines: String = columns.iter().enumerate().map(line).collect();
    let key = columns[0].0;
    format!("description = \"Live.\"\nkey = [\"{key}\"]\non_new_column = \"withhold\"\n\n[columns]\n{lines}")
        .into_bytes()
}

pub async fn run(connection: &mut PgConnection, sql: &str) {
    let ran = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await;
    ran.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// The outcome of a dataset's comparison.
pub fn compared<'a>(report: &'a Value, name: &str) -> &'a Value {
    let datasets = report["datasets"].as_array().expect("datasets");
    let found = datasets.iter().find(|dataset| dataset["name"] == name);
    &found.unwrap_or_else(|| panic!("no dataset {name}"))["reconciliation"]
}
