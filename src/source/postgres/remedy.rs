//! The SQL that makes a role which may read what a job reads, and nothing else.
//!
//! Text for a person to look at and an owner to run. Never in here: running it.

use super::exporter;
use super::fault::{During, fault};
use super::login::Login;
use super::patience::Waits;
use super::pulse::answered;
use super::roles::{OWN, Roles};
use super::{catalog, powers};
use crate::data::select::{quoted, whole_query};
use crate::data::{Extract, Name, Rows, TableName};
use crate::failpoint;
use crate::job::{Auth, PostgresSpec};
use crate::problem::shown_path;
use crate::source::SourceError;
use sqlx::{PgConnection, Row};
use std::collections::BTreeSet;
use std::fmt::Write;

/// What a role is called that has no name yet.
const ROLE: &str = "nightferry_ro";
/// What it is called where that is the name of the one that may too much.
const ANOTHER_ROLE: &str = "nightferry_reader";

/// What everybody may do besides reading: no role is read-only while that stands.
const OF_EVERYBODY: &str = "\
    SELECT 'REVOKE TEMPORARY ON DATABASE ' || pg_catalog.quote_ident(d.datname) || ' FROM PUBLIC;'
    FROM pg_catalog.pg_database d
    CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) grants
    WHERE d.datname = pg_catalog.current_database() AND grants.grantee = 0 AND grants.privilege_type = 'TEMPORARY'
    UNION ALL
    SELECT 'REVOKE CREATE ON SCHEMA ' || pg_catalog.quote_ident(n.nspname) || ' FROM PUBLIC;'
    FROM pg_catalog.pg_namespace n CROSS JOIN LATERAL pg_catalog.aclexplode(n.nspacl) grants
    WHERE grants.grantee = 0 AND grants.privilege_type = 'CREATE'
    UNION ALL
    SELECT pg_catalog.format('REVOKE %s ON %s%I.%I FROM PUBLIC;', pg_catalog.string_agg(grants.privilege_type, ', '),
                             CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE '' END, n.nspname, c.relname)
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) grants
    WHERE grants.grantee = 0 AND grants.privilege_type <> 'SELECT' AND c.oid <> 'pg_catalog.pg_settings'::regclass
    GROUP BY n.nspname, c.relname, c.relkind";

/// Tables and views that our plans locked: what a query reads.
const LOCKED: &str = "\
    SELECT n.nspname::text, c.relname::text
    FROM pg_catalog.pg_locks l
    JOIN pg_catalog.pg_class c ON c.oid = l.relation
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation'
      AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
      AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
      AND n.nspname NOT IN ('pg_catalog', 'information_schema')";

/// The SQL, if a role that reads for `spec` may do more than that: for each such role, one that reads the same.
pub async fn remedy(
    from: &Name,
    spec: &PostgresSpec,
    login: &Login,
    extracts: &[&Extract],
) -> Result<Option<String>, SourceError> {
    let roles = Roles::of(from, spec, login).await?;
    let mut told = String::new();
    for (place, role) in roles.all().enumerate() {
        let (mut connection, _) = exporter::open(from, &role.spec, &role.login, Waits::ForRoom).await?;
        let its: Vec<&Extract> =
            extracts.iter().copied().filter(|extract| roles.of_rows(&extract.rows) == place).collect();
        let name = new_name(&roles, place);
        let written = async {
            let found = written(&mut connection, &role.spec, &name, &its).await;
            found.map_err(|error| fault(from, &error, During::Beginning))
        };
        told.extend(answered(from, "looking at the role", written).await?);
    }
    Ok((!told.is_empty()).then_some(told))
}

/// What the role is called that takes the place of another: as none of those that read now.
fn new_name(roles: &Roles, place: usize) -> String {
    let number = if place == OWN { String::new() } else { format!("_{}", place + 1) };
    let name = format!("{ROLE}{number}");
    match roles.all().any(|role| role.spec.user == name) {
        true => format!("{ANOTHER_ROLE}{number}"),
        false => name,
    }
}

async fn written(
    connection: &mut PgConnection,
    spec: &PostgresSpec,
    name: &str,
    extracts: &[&Extract],
) -> Result<Option<String>, sqlx::Error> {
    if powers::powers(connection, &spec.login.powers_known).await?.is_empty() {
        return Ok(None);
    }
    let everybody = sqlx::query(OF_EVERYBODY).fetch_all(&mut *connection);
    let everybody = failpoint::around("database.remedy", everybody).await?;
    let everybody = everybody.iter().map(|row| row.try_get(0)).collect::<Result<Vec<String>, _>>()?;
    let mut tables: BTreeSet<TableName> = BTreeSet::new();
    let mut unplanned = Vec::new();
    for extract in extracts {
        match &extract.rows {
            Rows::Table { table, .. } => {
                tables.insert(table.clone());
            }
            Rows::Query { file, sql } => {
                exporter::mark(connection).await?;
                match catalog::planned(connection, &whole_query(sql)).await {
                    Ok(_) => tables.extend(locked(connection).await?),
                    Err(_) => unplanned.push(file.as_str()),
                }
                exporter::undo(connection).await?;
            }
        }
    }
    Ok(Some(sql(spec, name, &everybody, &tables, &unplanned)))
}

async fn locked(connection: &mut PgConnection) -> Result<Vec<TableName>, sqlx::Error> {
    let rows = failpoint::around("database.remedy", sqlx::query(LOCKED).fetch_all(connection)).await?;
    rows.iter().map(|row| Ok(TableName { schema: row.try_get(0)?, table: row.try_get(1)? })).collect()
}

fn sql(
    spec: &PostgresSpec,
    name: &str,
    everybody: &[String],
    tables: &BTreeSet<TableName>,
    unplanned: &[&str],
) -> String {
    let role = quoted(name);
    let database = quoted(&spec.database);
    let mut out = format!("CREATE ROLE {role} LOGIN;\n");
    let _ = match spec.login.auth {
        Auth::Iam { .. } => writeln!(out, "GRANT rds_iam TO {role};"),
        Auth::Password => writeln!(out, "-- its password, in psql: \\password {role}"),
    };
    if !everybody.is_empty() {
        out.push_str("-- what everybody may do, this role may do: other roles that need it are granted it by name\n");
    }
    for revoke in everybody {
        let _ = writeln!(out, "{revoke}");
    }
    let _ = writeln!(out, "GRANT CONNECT ON DATABASE {database} TO {role};");
    for schema in tables.iter().map(|table| &table.schema).collect::<BTreeSet<_>>() {
        let _ = writeln!(out, "GRANT USAGE ON SCHEMA {} TO {role};", quoted(schema));
    }
    for TableName { schema, table } in tables {
        let _ = writeln!(out, "GRANT SELECT ON {}.{} TO {role};", quoted(schema), quoted(table));
    }
    for file in unplanned {
        let _ = writeln!(out, "-- and SELECT on what {} reads, which the server refuses as it is", shown_path(file));
    }
    out
}
