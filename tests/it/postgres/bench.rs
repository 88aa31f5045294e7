//! A table bench for the PostgreSQL tests: a schema of its own on the real server, and an extract read to its end.

use crate::services::variable;
use futures::{StreamExt, TryStreamExt};
use nightferry::data::conform::conform;
use nightferry::data::{
    Batch, Beyond, Class, Column, ColumnType, Condition, Extract, Name, OnNewColumn, Rows, Schema, TableName,
};
use nightferry::job::{Limits, LoginSpec, PostgresSpec};
use nightferry::source::{Login, PostgresSource};
use nightferry::source::{Source, SourceError};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

pub const ROWS_MAX: usize = 1000;

pub struct Bench {
    pub admin: PgConnection,
    pub schema: String,
}

pub fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

impl Bench {
    /// Lays a fresh schema; its name must be the test's alone.
    pub async fn lay(schema: &str, sql: &str) -> Self {
        let mut admin = admin().await;
        let sql = format!(
            "SET client_min_messages = 'error'; DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}; SET search_path = {schema}; {sql}"
        );
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await.expect("a schema laid");
        Bench { admin, schema: schema.to_owned() }
    }

    pub async fn run(&mut self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut self.admin).await.expect("run");
    }

    /// One value as the server prints it; NULL is `None`.
    pub async fn printed(&mut self, sql: &str) -> Vec<Option<String>> {
        let rows = sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_all(&mut self.admin).await.expect("rows");
        rows.iter().map(|row| row.try_get::<Option<String>, _>(0).expect("text")).collect()
    }

    pub fn table(&self, table: &str, columns: &[(&str, &str)]) -> Extract {
        let table = TableName { schema: self.schema.clone(), table: table.to_owned() };
        extract(Rows::Table { table, filter: None }, columns)
    }

    pub fn filtered(&self, table: &str, filter: &str, columns: &[(&str, &str)]) -> Extract {
        let table = TableName { schema: self.schema.clone(), table: table.to_owned() };
        extract(Rows::Table { table, filter: Condition::read(filter).bind(|_| None) }, columns)
    }
}

pub fn query(sql: &str, columns: &[(&str, &str)]) -> Extract {
    extract(Rows::Query { file: "jobs/sql/it.sql".into(), sql: sql.to_owned() }, columns)
}

fn extract(rows: Rows, columns: &[(&str, &str)]) -> Extract {
    let columns: Vec<Column> =
        columns.iter().enumerate().map(|(index, (name, word))| column(index, name, word)).collect();
    Extract {
        dataset: name("it"),
        rows,
        within: None,
        since: None,
        columns: columns.iter().map(|column| column.name.clone()).collect(),
        schema: Arc::new(Schema {
            name: name("it"),
            description: String::new(),
            key: vec![columns[0].name.clone()],
            on_new_column: OnNewColumn::Stop,
            suppress_rows: Default::default(),
            risk: Default::default(),
            small_cells: Default::default(),
            columns,
        }),
        batch_rows_max: ROWS_MAX,
    }
}

/// Columns are `c0`, `c1`, ... in the warehouse and have the given names at the source.
fn column(index: usize, source: &str, word: &str) -> Column {
    Column {
        name: name(&format!("c{index}")),
        column_type: ColumnType::parse(word).unwrap_or_else(|| panic!("{word}")),
        class: Class::Open,
        kind: None,
        source: vec![source.to_owned()],
        nullable: true,
        beyond: Beyond::Error,
        unit: None,
        description: None,
        references: None,
        treat: BTreeMap::new(),
        not_personal: BTreeMap::new(),
    }
}

pub async fn admin() -> PgConnection {
    let options = PgConnectOptions::from_str(&variable("NIGHTFERRY_PG_ADMIN_URL")).expect("an address");
    let options =
        options.database("postgres").ssl_mode(PgSslMode::VerifyFull).ssl_root_cert(variable("NIGHTFERRY_PG_CA"));
    PgConnection::connect_with(&options).await.expect("a connection")
}

pub fn spec() -> PostgresSpec {
    PostgresSpec {
        host: variable("NIGHTFERRY_PG_HOST"),
        port: variable("NIGHTFERRY_PG_PORT").parse().expect("a port"),
        database: "postgres".into(),
        user: variable("NIGHTFERRY_PG_USER"),
        password: None,
        ca: None,
        connections: 1,
        login: LoginSpec::default(),
        schemas: BTreeMap::new(),
    }
}

pub fn login() -> Login {
    Login {
        password: Some(variable("NIGHTFERRY_PG_PASSWORD").into()),
        ca_pem: Some(std::fs::read(variable("NIGHTFERRY_PG_CA")).expect("a CA")),
        ..Login::default()
    }
}

pub async fn source() -> PostgresSource {
    source_of(1, &Limits::default()).await
}

/// A source that may have so many sessions.
pub async fn source_of(connections: u32, limits: &Limits) -> PostgresSource {
    let spec = PostgresSpec { connections, ..spec() };
    PostgresSource::open(&name("bench"), &spec, &login(), limits).await.expect("a source")
}

/// Every batch, conformed.
pub async fn read(source: &mut PostgresSource, extract: &Extract) -> Result<Vec<Batch>, SourceError> {
    let columns: Vec<&Column> =
        extract.columns.iter().map(|name| extract.schema.column(name.as_str()).expect("a column")).collect();
    let extraction = source.extract(extract).await?;
    let mut first = 0;
    let batches = extraction.batches.map(|raw| {
        raw.map(|raw| {
            assert!(raw.rows.num_rows() <= ROWS_MAX && raw.rows.num_rows() > 0);
            let batch = conform(&raw.rows, &columns, first, raw.faults).expect("the declared types");
            first += raw.rows.num_rows() as u64;
            batch
        })
    });
    batches.try_collect().await
}

pub fn rows(batches: &[Batch]) -> usize {
    batches.iter().map(|batch| batch.rows.num_rows()).sum()
}
