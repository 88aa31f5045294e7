//! The one moment of a group: the session that fixes and exports it, and those that import it.
//!
//! ```text
//! first session   BEGIN, snapshot taken and exported      -> Moment
//! every other     BEGIN, SET TRANSACTION SNAPSHOT '...'   the same snapshot
//! ```
//!
//! A session that has imported the snapshot holds it itself; the exporter must live only until the last has come.
//!
//! Never in here: reading a table, and a second snapshot in a group.

use super::fault::{During, fault};
use super::login::Login;
use super::patience::{Waits, connect_patiently};
use super::pulse::answered;
use crate::data::{Name, Origin, PgPosition, PgSnapshot};
use crate::failpoint;
use crate::job::PostgresSpec;
use crate::source::SourceError;
use chrono::DateTime;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row};

/// A moment, and what other sessions need to read at it.
#[derive(Clone, Debug)]
pub struct Moment {
    /// What is told of it.
    pub origin: Origin,
    /// The exported snapshot's name.
    exported: String,
    /// `server_version_num`, such as 150018.
    pub version: i32,
}

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";

/// A session that nothing but us ends: a table may take hours to read, and the transaction rests while others of the job
/// are compared. A day without a word is none of ours: one that waits for work says one every half minute, and one whose rows wait
/// for their turn has them within the night. Keepalives come from the server, every minute, so that no NAT between forgets the
/// connection, and a client that is gone is known within two. Notices are
/// not wanted: they may quote values. Rows that a policy would hide from the role are an error and not left out unsaid: a
/// part of a table is never taken for the table. Rows come in one order: a scan does not start where another one is, and
/// no worker processes mix theirs. What is printed as text is printed one way, whatever the role's or the database's settings
/// are. A backslash in a plain string is a backslash, as `data::filter` reads the author's conditions.
const SETTINGS: &str = "\
    SET LOCAL client_min_messages = 'error';
    SET LOCAL row_security = off;
    SET LOCAL standard_conforming_strings = on;
    SET LOCAL DateStyle = 'ISO';
    SET LOCAL IntervalStyle = 'postgres';
    SET LOCAL TimeZone = 'UTC';
    SET LOCAL extra_float_digits = 1;
    SET LOCAL bytea_output = 'hex';
    SET LOCAL quote_all_identifiers = off;
    SET LOCAL statement_timeout = 0;
    SET LOCAL idle_in_transaction_session_timeout = '1d';
    SET LOCAL lock_timeout = '30s';
    SET LOCAL tcp_keepalives_idle = 60;
    SET LOCAL tcp_keepalives_interval = 10;
    SET LOCAL tcp_keepalives_count = 6;
    SET LOCAL synchronize_seqscans = off;
    SET LOCAL max_parallel_workers_per_gather = 0";

/// Where another session of the group has the lock already, only a change of the table that waits for it stands before us:
/// it would wait longer than we do.
const IMPORTED_SETTINGS: &str = "SET LOCAL lock_timeout = '10s'";

/// The first query of the transaction: it fixes the moment.
const MOMENT: &str = "\
    SELECT pg_catalog.pg_current_snapshot()::text,
           (extract(epoch from pg_catalog.clock_timestamp()) * 1000000)::bigint,
           pg_catalog.current_setting('server_version'),
           pg_catalog.current_setting('server_version_num')::int,
           pg_catalog.pg_export_snapshot()";

/// Which snapshot a session reads.
const SNAPSHOT: &str = "SELECT pg_catalog.pg_current_snapshot()::text";

/// A limit that PostgreSQL 17 brought: switched off where there is one.
const NO_LIMIT: &str = "\
    SELECT pg_catalog.set_config(name, '0', true) FROM pg_catalog.pg_settings WHERE name = 'transaction_timeout'";

/// How often the server looks, in the middle of a query, whether we are still there: a long one does not outlive a run that was
/// killed. PostgreSQL 14 brought it; a server on a system that cannot look refuses it.
const LOOKS_FOR_US: &str = "\
    SELECT pg_catalog.set_config(name, '5s', true) FROM pg_catalog.pg_settings
    WHERE name = 'client_connection_check_interval'";

/// Where the log stands. Services that keep their log elsewhere have no such functions.
const LSN: &str = "\
    SELECT pg_catalog.pg_is_in_recovery(),
           (CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
                 ELSE pg_catalog.pg_current_wal_insert_lsn() END)::text";

/// Which cluster it is. Not every role may ask.
const SYSTEM: &str = "SELECT s.system_identifier::text FROM pg_catalog.pg_control_system() s";

/// On which timeline. A primary writes it into the names of its log's files from the moment of its promotion; the control
/// file, which is all that a standby has, knows of another only by its next checkpoint or flush.
const TIMELINE: &str = "\
    SELECT CASE WHEN pg_catalog.pg_is_in_recovery()
                THEN (SELECT greatest(c.timeline_id, r.min_recovery_end_timeline)
                      FROM pg_catalog.pg_control_checkpoint() c, pg_catalog.pg_control_recovery() r)
                ELSE ('x' || pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 8))::bit(32)::int END";

/// The first session of a group: connected, its moment fixed and exported.
pub async fn open(
    from: &Name,
    spec: &PostgresSpec,
    login: &Login,
    waits: Waits,
) -> Result<(PgConnection, Moment), SourceError> {
    let mut connection = connect_patiently(from, spec, login, waits).await?;
    let exported = async { export(&mut connection).await.map_err(|error| fault(from, &error, During::Beginning)) };
    let moment = answered(from, "taking the snapshot", exported).await?;
    Ok((connection, moment))
}

/// Fixes the moment in a new transaction and exports it.
async fn export(connection: &mut PgConnection) -> Result<Moment, sqlx::Error> {
    say(connection, "database.begin", BEGIN).await?;
    say(connection, "database.begin", SETTINGS).await?;
    let row = failpoint::around("database.moment", sqlx::query(MOMENT).fetch_one(&mut *connection)).await?;
    // At once: what commits in between stands before it in the log, and is not shown.
    let position = position(connection).await?;
    say(connection, "database.begin", NO_LIMIT).await?;
    if_allowed(connection, LOOKS_FOR_US).await?;
    let (snapshot, micros, version): (String, i64, String) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    let (number, exported): (i32, String) = (row.try_get(3)?, row.try_get(4)?);
    let (Some(snapshot), Some(extracted_at)) = (PgSnapshot::parse(&snapshot), DateTime::from_timestamp_micros(micros))
    else {
        return Err(sqlx::Error::Protocol("no snapshot".into()));
    };
    // `15.18 (Debian 15.18-0+deb12u1)`: the packager's part says nothing about the data.
    let version = version.split(' ').next().unwrap_or_default();
    let origin = Origin {
        extracted_at,
        snapshot: Some(snapshot),
        inputs: Vec::new(),
        server: Some(format!("PostgreSQL {version}")),
        position,
    };
    Ok(Moment { origin, exported, version: number })
}

/// Begins a transaction at `moment`, for as long as its exporter lives.
pub async fn import(connection: &mut PgConnection, moment: &Moment) -> Result<(), sqlx::Error> {
    let is_name = moment.exported.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    if !is_name {
        return Err(sqlx::Error::Protocol("no snapshot".into()));
    }
    say(connection, "database.begin", BEGIN).await?;
    let import = AssertSqlSafe(format!("SET TRANSACTION SNAPSHOT '{}'", moment.exported));
    failpoint::around("database.import", sqlx::raw_sql(import).execute(&mut *connection)).await?;
    let row = failpoint::around("database.import", sqlx::query(SNAPSHOT).fetch_one(&mut *connection)).await?;
    // A server that was restarted may give an old name to another snapshot.
    if PgSnapshot::parse(row.try_get(0)?) != moment.origin.snapshot {
        return Err(sqlx::Error::Protocol("another snapshot".into()));
    }
    say(connection, "database.begin", SETTINGS).await?;
    say(connection, "database.begin", IMPORTED_SETTINGS).await?;
    say(connection, "database.begin", NO_LIMIT).await?;
    if_allowed(connection, LOOKS_FOR_US).await.map(drop)
}

/// A word now and then on a session that has nothing to do: no line between forgets it, and its end is noticed.
pub async fn keep_alive(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    say(connection, "database.alive", "SELECT 1").await
}

async fn position(connection: &mut PgConnection) -> Result<Option<PgPosition>, sqlx::Error> {
    let Some(row) = if_allowed(connection, LSN).await? else { return Ok(None) };
    let (standby, lsn): (bool, Option<String>) = (row.try_get(0)?, row.try_get(1)?);
    let Some(lsn) = lsn else { return Ok(None) };
    let (mut system, mut timeline) = (None, None);
    if let Some(row) = if_allowed(connection, SYSTEM).await? {
        system = row.try_get::<Option<String>, _>(0)?;
    }
    if let Some(row) = if_allowed(connection, TIMELINE).await? {
        timeline = row.try_get::<Option<i32>, _>(0)?.and_then(|timeline| u32::try_from(timeline).ok());
    }
    Ok(Some(PgPosition { lsn, timeline, system, standby }))
}

/// What a query gives, or nothing where the server refuses it; the transaction goes on either way.
async fn if_allowed(connection: &mut PgConnection, query: &'static str) -> Result<Option<PgRow>, sqlx::Error> {
    mark(connection).await?;
    match failpoint::around("database.position", sqlx::query(query).fetch_optional(&mut *connection)).await {
        Ok(row) => keep(connection).await.map(|()| row),
        Err(sqlx::Error::Database(_)) => undo(connection).await.map(|()| None),
        Err(error) => Err(error),
    }
}

/// Marks a place in the transaction, to come back to if what follows is refused.
pub async fn mark(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    say(connection, "database.mark", "SAVEPOINT asked").await
}

/// Keeps what was done since the mark, locks above all.
pub async fn keep(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    say(connection, "database.mark", "RELEASE SAVEPOINT asked").await
}

/// Goes back to the mark.
pub async fn undo(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    say(connection, "database.mark", "ROLLBACK TO SAVEPOINT asked; RELEASE SAVEPOINT asked").await
}

/// Says what is answered by nothing that anybody needs, at `place`.
async fn say(connection: &mut PgConnection, place: &str, sql: &'static str) -> Result<(), sqlx::Error> {
    failpoint::around(place, sqlx::raw_sql(sql).execute(connection)).await.map(drop)
}
