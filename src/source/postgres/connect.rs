//! The one transaction that every extract of a job reads in, and its moment.
//!
//! Never in here: how the connection comes about (`login`).

use super::fault::{During, fault};
use super::login::{Login, enter};
use super::pulse::answered;
use crate::data::{Name, Origin, PgSnapshot};
use crate::job::PostgresSpec;
use crate::source::SourceError;
use chrono::DateTime;
use sqlx::{PgConnection, Row};

/// One consistent moment for everything that follows, and a session that nothing but us ends: a table may take hours to
/// read, and the transaction rests while others of the job are compared. Keepalives come from the server, every minute,
/// so that no NAT between forgets the connection. Notices are not wanted: they may quote values. Rows that a policy would
/// hide from the role are an error and not left out unsaid: a part of a table is never taken for the table. What is printed
/// as text is printed one way, whatever the role's or the database's settings are.
const BEGIN: &str = "\
    BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;
    SET LOCAL client_min_messages = 'error';
    SET LOCAL row_security = off;
    SET LOCAL DateStyle = 'ISO';
    SET LOCAL IntervalStyle = 'postgres';
    SET LOCAL TimeZone = 'UTC';
    SET LOCAL extra_float_digits = 1;
    SET LOCAL bytea_output = 'hex';
    SET LOCAL quote_all_identifiers = off;
    SET LOCAL statement_timeout = 0;
    SET LOCAL idle_in_transaction_session_timeout = 0;
    SET LOCAL lock_timeout = '30s';
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

/// Connects and fixes the moment.
pub async fn connect(from: &Name, spec: &PostgresSpec, login: &Login) -> Result<(PgConnection, Origin), SourceError> {
    let mut connection = enter(from, spec, login).await?;
    let began = async { begin(&mut connection).await.map_err(|error| fault(from, &error, During::Beginning)) };
    let origin = answered(from, "taking the snapshot", began).await?;
    Ok((connection, origin))
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
