//! A database of a test's own on the tests' server, and roles that go with it.

use super::bench::spec;
use crate::services::variable;
use nightferry::job::{LoginSpec, PostgresSpec, Trust};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::str::FromStr;

/// A database of this test's own, and roles that go with it.
pub struct Town {
    pub database: String,
    options: PgConnectOptions,
    pub admin: PgConnection,
}

impl Town {
    pub async fn lay(database: &str) -> Self {
        let options = PgConnectOptions::from_str(&variable("NIGHTFERRY_PG_ADMIN_URL")).expect("an address");
        // Plain, on this machine: what is tried here is not the line, and to read the system's authorities takes most of a login.
        let options = options.ssl_mode(PgSslMode::Disable);
        let mut server = PgConnection::connect_with(&options.clone().database("postgres")).await.expect("a connection");
        for sql in [
            format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)"),
            format!("CREATE DATABASE {database}"),
            format!("REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC"),
        ] {
            run(&mut server, &sql).await;
        }
        let options = options.database(database);
        let admin = PgConnection::connect_with(&options).await.expect("a connection");
        Town { database: database.to_owned(), options, admin }
    }

    /// A role that may log in and see the schema `app`.
    pub async fn role(&mut self, role: &str) {
        self.unrole(role).await;
        run(
            &mut self.admin,
            &format!("CREATE ROLE {role} LOGIN PASSWORD 'kestrel'; GRANT USAGE ON SCHEMA app TO {role}"),
        )
        .await;
    }

    pub async fn unrole(&mut self, role: &str) {
        let drop = format!(
            "DO $$ BEGIN IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{role}') THEN DROP OWNED BY {role}; DROP ROLE {role}; END IF; END $$"
        );
        run(&mut self.admin, &drop).await;
    }

    pub fn spec(&self, role: &str) -> PostgresSpec {
        let login = LoginSpec { trust: Trust::Unchecked, ..LoginSpec::default() };
        PostgresSpec { database: self.database.clone(), user: role.into(), login, ..spec() }
    }

    /// Does `act` as the role, and undoes it.
    pub async fn tries(&self, role: &str, act: &str) -> Result<(), sqlx::Error> {
        let options = self.options.clone().username(role).password("kestrel");
        let mut connection = PgConnection::connect_with(&options).await?;
        sqlx::raw_sql("BEGIN").execute(&mut connection).await?;
        let done = sqlx::raw_sql(AssertSqlSafe(act.to_owned())).execute(&mut connection).await.map(drop);
        sqlx::raw_sql("ROLLBACK").execute(&mut connection).await?;
        connection.close().await?;
        done
    }

    pub async fn go(mut self, roles: &[&str]) {
        for role in roles {
            self.unrole(role).await;
        }
        self.admin.close().await.expect("closed");
        let mut server = PgConnection::connect_with(&self.options.database("postgres")).await.expect("a connection");
        run(&mut server, &format!("DROP DATABASE {} WITH (FORCE)", self.database)).await;
    }
}

pub async fn run(connection: &mut PgConnection, sql: &str) {
    let ran = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await;
    ran.unwrap_or_else(|error| panic!("{sql}: {error}"));
}
