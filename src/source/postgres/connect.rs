//! A connection whose server is verified, in the one transaction that every extract of a job reads in.
//!
//! Never in here: a connection without TLS, and a password in anything but the driver's hands.

use super::fault::{During, fault};
use crate::data::{Name, Origin, PgSnapshot};
use crate::job::PostgresSpec;
use crate::source::SourceError;
use chrono::DateTime;
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection, PgConnection, Row};
use std::time::Duration;

/// What the server's list of sessions calls us.
const APPLICATION_NAME: &str = "nightferry";

/// How long a connection may take to be made.
const CONNECT_SECONDS_MAX: u64 = 30;

/// One consistent moment for everything that follows, and a session that nothing but us ends: a table may take hours to
/// read, and the transaction rests while others of the job are compared. Keepalives come from the server, every minute,
/// so that no NAT between forgets the connection. A backslash in a plain string is a backslash, as `data::filter` reads the
/// author's conditions. Notices are not wanted: they may quote values. Rows that a policy would
/// hide from the role are an error and not left out unsaid: a part of a table is never taken for the table.
const BEGIN: &str = "\
    BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;
    SET LOCAL client_min_messages = 'error';
    SET LOCAL row_security = off;
    SET LOCAL standard_conforming_strings = on;
    SET LOCAL statement_timeout = 0;
    SET LOCAL idle_in_transaction_session_timeout = 0;
    SET LOCAL lock_timeout = '60s';
    SET LOCAL tcp_keepalives_idle = 60;
    SET LOCAL tcp_keepalives_interval = 10;
    SET LOCAL tcp_keepalives_count = 6";

/// The first query of the transaction: it fixes the moment.
const MOMENT: &str = "\
    SELECT pg_catalog.pg_current_snapshot()::text,
           (extract(epoch from pg_catalog.clock_timestamp()) * 1000000)::bigint,
           pg_catalog.current_setting('server_version')";

/// A limit that PostgreSQL 17 brought: switched off where there is one.
const NO_LIMIT: &str = "\
    SELECT pg_catalog.set_config(name, '0', true) FROM pg_catalog.pg_settings WHERE name = 'transaction_timeout'";

/// What a login needs besides its description. Both are resolved elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Login {
    /// Password, for roles that have one.
    pub password: Option<SecretString>,
    /// CA certificates in PEM to trust besides the system's own.
    pub ca_pem: Option<Vec<u8>>,
}

/// Connects and fixes the moment.
pub async fn connect(from: &Name, spec: &PostgresSpec, login: &Login) -> Result<(PgConnection, Origin), SourceError> {
    let connecting = During::Connecting { user: &spec.user, database: &spec.database };
    let away = || SourceError::Away { from: from.clone(), during: "connecting".into(), answer: None };
    let options = options(spec, login);
    let connected = PgConnection::connect_with(&options);
    let connected = tokio::time::timeout(Duration::from_secs(CONNECT_SECONDS_MAX), connected).await;
    let mut connection = connected.map_err(|_| away())?.map_err(|error| fault(from, &error, connecting))?;
    let began = begin(&mut connection).await;
    let origin = began.map_err(|error| fault(from, &error, During::Beginning))?;
    Ok((connection, origin))
}

fn options(spec: &PostgresSpec, login: &Login) -> PgConnectOptions {
    // An empty password in place of none: the driver would look for one in the environment.
    let password = login.password.as_ref().map_or("", |password| password.expose_secret());
    let options = PgConnectOptions::new_without_pgpass()
        .host(&spec.host)
        .port(spec.port)
        .database(&spec.database)
        .username(&spec.user)
        .password(password)
        .ssl_mode(PgSslMode::VerifyFull)
        .application_name(APPLICATION_NAME)
        .disable_statement_logging();
    match &login.ca_pem {
        Some(pem) => options.ssl_root_cert_from_pem(pem.clone()),
        None => options,
    }
}

async fn begin(connection: &mut PgConnection) -> Result<Origin, sqlx::Error> {
    sqlx::raw_sql(BEGIN).execute(&mut *connection).await?;
    let row = sqlx::query(MOMENT).fetch_one(&mut *connection).await?;
    sqlx::query(NO_LIMIT).execute(connection).await?;
    let (snapshot, micros, version): (String, i64, String) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    let snapshot = PgSnapshot::parse(&snapshot);
    let extracted_at = DateTime::from_timestamp_micros(micros);
    let (Some(snapshot), Some(extracted_at)) = (snapshot, extracted_at) else {
        return Err(sqlx::Error::Protocol("no snapshot".into()));
    };
    // `15.18 (Debian 15.18-0+deb12u1)`: the packager's part says nothing about the data.
    let version = version.split(' ').next().unwrap_or_default();
    Ok(Origin {
        extracted_at,
        snapshot: Some(snapshot),
        inputs: Vec::new(),
        server: Some(format!("PostgreSQL {version}")),
    })
}
