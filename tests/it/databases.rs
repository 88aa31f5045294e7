//! Databases of a test's own on the tests' PostgreSQL server.

use crate::services::variable;
use crate::worlds::Name;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};
use std::path::Path;
use std::str::FromStr;

/// Databases that no other test has.
pub struct Databases {
    pub admin: PgConnectOptions,
    test: String,
}

impl Databases {
    pub fn new() -> Self {
        let admin = PgConnectOptions::from_str(&variable("NIGHTFERRY_PG_ADMIN_URL")).unwrap();
        let ca = variable("NIGHTFERRY_PG_CA");
        let admin = admin.ssl_mode(PgSslMode::VerifyFull).ssl_root_cert(Path::new(&ca));
        Databases { admin, test: uuid::Uuid::now_v7().simple().to_string() }
    }

    pub fn name(&self, name: Name) -> String {
        format!("{}_{}", name.word(), self.test)
    }

    /// Their servers live no longer than the tests, so a failed test may leave them.
    pub async fn drop(self) {
        let mut connection = self.admin.clone().database("postgres").connect().await.unwrap();
        for name in Name::ALL {
            let sql = format!("drop database if exists \"{}\" with (force)", self.name(name));
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        }
        connection.close().await.unwrap();
    }

    /// A connection that may do anything.
    pub async fn connect(&self, name: Name) -> PgConnection {
        self.admin.clone().database(&self.name(name)).connect().await.unwrap()
    }
}
