//! Tables that are written a period at a time or by merging what has changed, by the real binary over real servers: PostgreSQL on the near bank, S3 and
//! Azure on the far one.
//!
//! ```text
//! half_hours.rs  days of 46, 48 and 50 half-hours, years that begin in April
//! again.rs       a period once more: what stays, what goes, what is refused
//! agree.rs       periods against a topic
//! killed.rs      a period that is killed on its way
//! merged.rs      changed rows merged into a table
//! ```
//!
//! What is expected is what SQL finds at the source, by the dates that PostgreSQL makes of the moments; what is published is
//! what DuckDB and `deltalake` find in the files.

mod again;
mod agree;
mod half_hours;
mod killed;
mod merged;

use crate::databases::Databases;
use crate::ferry::Ferry;
use crate::readers::python;
use crate::services::variable;
use crate::worlds::Name;
use serde_json::Value;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, Row};

const JOB: &str = "jobs/grid.toml";

/// A project over one table `grid.output` of a database of its own: a row a half-hour and unit.
pub struct Grid {
    pub ferry: Ferry,
    databases: Databases,
    own: String,
}

/// A table as other people's readers see it.
pub struct Seen {
    pub version: u64,
    pub rows: Vec<Vec<String>>,
    /// Path below `run=`, rows, first and last of the column that says when.
    pub files: Vec<(String, u64, String, String)>,
}

impl Grid {
    /// Half-hours of two units on every day of `days` (each first and last, both included), by London's clock.
    pub async fn new(days: &[(&str, &str)]) -> Self {
        let grid =
            Grid { ferry: Ferry::empty(), databases: Databases::new(), own: uuid::Uuid::now_v7().simple().to_string() };
        let mut admin = grid.databases.admin.clone().database("postgres").connect().await.expect("the server");
        let name = grid.databases.name(Name::Settlements);
        run(&mut admin, &format!("create database \"{name}\"")).await;
        run(&mut admin, &format!("revoke temporary on database \"{name}\" from public")).await;
        admin.close().await.expect("closed");
        let mut database = grid.database().await;
        run(&mut database, TABLE).await;
        for (from, to) in days {
            let insert = format!(
                "insert into grid.output (unit, \"Starts_At\", day, mwh, note)
                 select unit, at, (at at time zone 'Europe/London')::date,
                        (extract(epoch from at)::bigint / 1800 % 997)::numeric / 8 + length(unit), 'as metered'
                 from generate_series(timestamp '{from} 00:00' at time zone 'Europe/London',
                                      timestamp '{to} 00:00' at time zone 'Europe/London' + interval '25 hours',
                                      interval '30 minutes') at, (values ('AAA-1'), ('AAA-22')) units (unit)
                 where (at at time zone 'Europe/London')::date between '{from}' and '{to}'"
            );
            run(&mut database, &insert).await;
        }
        let user = variable("NIGHTFERRY_PG_USER");
        run(
            &mut database,
            &format!("grant usage on schema grid to \"{user}\"; grant select on grid.output to \"{user}\""),
        )
        .await;
        grid.ferry.write("schemas/output.toml", SCHEMA.as_bytes());
        grid.ferry.write("jobs/environments/dev.toml", grid.environment(&name).as_bytes());
        grid
    }

    fn environment(&self, database: &str) -> String {
        let own = &self.own;
        format!(
            "stamp = \"dev\"\n\n[source.grid_db.postgres]\nhost = {{ env = \"NIGHTFERRY_PG_HOST\" }}\n\
             port = {{ env = \"NIGHTFERRY_PG_PORT\" }}\ndatabase = \"{database}\"\n\
             user = {{ env = \"NIGHTFERRY_PG_USER\" }}\npassword = {{ env = \"NIGHTFERRY_PG_PASSWORD\" }}\n\
             ca = {{ env = \"NIGHTFERRY_PG_CA\" }}\n\n[source.topics]\n\
             dump = {{ url = \"in/topics\", layout = \"confluent\" }}\n\n[store.warehouse]\n\
             url = \"s3://nightferry-warehouse/{own}\"\nregion = \"eu-west-2\"\n\
             endpoint = {{ env = \"NIGHTFERRY_S3_ENDPOINT\" }}\nsecond = \"az://warehouse/{own}\"\n\
             second_endpoint = {{ env = \"NIGHTFERRY_AZURE_ENDPOINT\" }}\naudience = \"analytics\"\n\
             boundary = \"external\"\n\n[store.restricted]\nurl = \"out/restricted\"\naudience = \"restricted\"\n\n\
             [store.security]\nurl = \"out/security\"\naudience = \"security\"\n"
        )
    }

    /// Writes the job; `rows` says which rows, `more` is whatever else the dataset has.
    pub fn job(&self, by: &str, every: &str, rows: &str, more: &str) {
        let job = format!(
            "name = \"grid\"\ndescription = \"What the units gave.\"\nowner = \"Tests\"\n\n[dataset.output]\n\
             from = \"grid_db\"\n{rows}\nschema = \"output\"\nto = [\"warehouse\"]\nwrite = \"replace_period\"\n\
             period = {{ by = \"{by}\", every = \"{every}\" }}\n{more}"
        );
        self.ferry.write(JOB, job.as_bytes());
    }

    /// A run that must end well, with its report.
    pub fn night(&self, arguments: &[&str]) -> Value {
        let (came, report) = self.ferry.report(&[&[JOB], arguments].concat());
        assert_eq!(came.code, 0, "{}{}", came.out, came.err);
        report
    }

    pub async fn database(&self) -> PgConnection {
        self.databases.connect(Name::Settlements).await
    }

    /// The address of a table, in the first cloud and in the second.
    pub fn urls(&self, table: &str) -> [String; 2] {
        [format!("s3://nightferry-warehouse/{}/{table}", self.own), format!("az://warehouse/{}/{table}", self.own)]
    }

    /// The newest version of the table in both clouds, which must be one.
    pub fn seen(&self, by: &str) -> Seen {
        let [first, second] = self.urls("output");
        let mut seen = seen(by, &[first, second]);
        let (second, first) = (seen.remove(1), seen.remove(0));
        assert_eq!((first.version, &first.rows, &first.files), (second.version, &second.rows, &second.files));
        first
    }

    pub async fn drop(self) {
        self.databases.drop().await;
    }
}

/// Tables at their addresses, in that order.
pub fn seen(by: &str, urls: &[String]) -> Vec<Seen> {
    let mut arguments = vec![concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/rows.py"), by];
    arguments.extend(urls.iter().map(String::as_str));
    let text = |cell: &Value| cell.as_str().unwrap_or("NULL").to_owned();
    let seen = |line: &str| {
        let seen: Value = serde_json::from_str(line).expect("JSON");
        let rows = seen["rows"].as_array().expect("rows").iter();
        let rows: Vec<Vec<String>> =
            rows.map(|row| row.as_array().expect("cells").iter().map(text).collect()).collect();
        assert_eq!(seen["deltalake"], rows.len(), "two readers, one number of rows");
        let files = seen["files"].as_array().expect("files").iter();
        let file = |file: &Value| (text(&file[0]), file[1].as_u64().expect("rows"), text(&file[2]), text(&file[3]));
        Seen { version: seen["version"].as_u64().expect("a version"), rows, files: files.map(file).collect() }
    };
    python(&arguments).lines().map(seen).collect()
}

/// The rows of a query as text, in the order of all columns.
pub async fn at_source(database: &mut PgConnection, condition: &str) -> Vec<Vec<String>> {
    let sql = format!(
        "select unit, to_char(\"Starts_At\" at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS\"+00\"'), day::text, mwh::text, note
         from grid.output where {condition} order by unit collate \"C\", \"Starts_At\""
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(database).await.expect("rows");
    rows.iter().map(|row| (0..5).map(|cell| row.get::<String, _>(cell)).collect()).collect()
}

pub async fn run(database: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(database)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// Rows of each period, as a report tells them.
pub fn periods(report: &Value) -> Vec<(String, u64)> {
    let periods = report["datasets"][0]["periods"].as_array().expect("periods").iter();
    periods
        .map(|period| {
            let day = |key: &str| period[key].as_str().expect("a day").to_owned();
            let (from, to) = (day("from"), day("to"));
            let named = if from == to { from } else { format!("{from}..{to}") };
            (named, period["rows"].as_u64().expect("rows"))
        })
        .collect()
}

const TABLE: &str = "\
    create schema grid;
    create table grid.output (
        unit text not null, \"Starts_At\" timestamptz not null, day date not null, mwh numeric(12,3) not null,
        note text not null, primary key (unit, \"Starts_At\"))";

const SCHEMA: &str = "\
description = \"What a unit gave in a half-hour.\"
key = [\"unit\", \"starts_at\", \"day\"]

[columns]
unit      = { type = \"text\", class = \"open\" }
starts_at = { type = \"timestamptz\", class = \"open\", source = \"Starts_At\" }
day       = { type = \"date\", class = \"open\" }
mwh       = { type = \"numeric(12,3)\", class = \"open\", unit = \"MWh\" }
note      = { type = \"text\", class = \"open\" }
";
