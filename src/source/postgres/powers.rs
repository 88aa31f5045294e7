//! What a role may do besides reading. Grants are the boundary: a session that calls itself read-only may say otherwise later,
//! and a job's author writes SQL that we send.
//!
//! Looked at is everything that the role may do itself, what PUBLIC may do, and what every role may do that it is a member of,
//! inherited or not: it could become each of them.
//!
//! Not looked at: functions that everybody may call. PostgreSQL lets everybody make large objects (`lo_create`), and the owner of
//! a database on RDS cannot take that away; from version 16 on our read-only transaction does. A grant to the role by name is
//! looked at: of these, and of what not everybody may call and runs with its owner's rights, or is the server's or an extension's
//! own; but for those that come with the server's roles for reading (`pg_monitor`).

use super::fault::{During, fault};
use crate::data::Name;
use crate::failpoint;
use crate::job::{KnownPower, PostgresSpec};
use crate::source::SourceError;
use sqlx::{PgConnection, Row};
use std::fmt;

/// Kinds of power told, at most.
const TOLD_MAX: usize = 4;

/// Roles that came with the server or its landlord and may write, stop or take over something.
const WRITERS: &[&str] = &[
    "pg_write_all_data",
    "pg_read_server_files",
    "pg_write_server_files",
    "pg_execute_server_program",
    "pg_signal_backend",
    "pg_checkpoint",
    "pg_maintain",
    "pg_create_subscription",
    "pg_signal_autovacuum_worker",
    "rds_superuser",
    "rds_replication",
    "rdsadmin",
    "azure_pg_admin",
    "cloudsqlsuperuser",
];

/// Power, first object and number of objects, by kind of power. `everybody` is role 0, as grants name PUBLIC.
///
/// A table that somebody granted anything on carries its owner's own grants too: those are told as ownership.
/// `pg_settings` may be updated by everybody, which is how `SET` may be written as SQL.
/// Source: PostgreSQL 15, chapters 5.7 `Privileges`, 22 `Predefined Roles`, 53 `System Catalogs`.
const POWERS: &str = "\
    WITH RECURSIVE role AS (
        SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = session_user
        UNION
        SELECT m.roleid FROM pg_catalog.pg_auth_members m JOIN role ON m.member = role.oid
    ), holder AS (
        SELECT role.oid FROM role UNION ALL SELECT 0::oid
    ), here AS (
        SELECT d.oid, d.datname, d.datdba, d.datacl FROM pg_catalog.pg_database d
        WHERE d.datname = pg_catalog.current_database()
    ), found (place, power, object) AS (
        SELECT 1, attribute.word || ' of', r.rolname::text
        FROM role JOIN pg_catalog.pg_roles r USING (oid)
        CROSS JOIN LATERAL (VALUES ('SUPERUSER', r.rolsuper), ('CREATEROLE', r.rolcreaterole), ('CREATEDB', r.rolcreatedb),
                                   ('REPLICATION', r.rolreplication), ('BYPASSRLS', r.rolbypassrls)) attribute (word, has)
        WHERE attribute.has
        UNION ALL
        SELECT 2, 'membership of', r.rolname::text
        FROM role JOIN pg_catalog.pg_roles r USING (oid) WHERE r.rolname::text = ANY ($1)
        UNION ALL
        SELECT 3, 'ownership of', coalesce(thing.type || ' ' || thing.identity, 'something')
        FROM pg_catalog.pg_shdepend s JOIN role ON s.refobjid = role.oid
        CROSS JOIN LATERAL pg_catalog.pg_identify_object(s.classid, s.objid, s.objsubid) thing
        WHERE s.refclassid = 'pg_catalog.pg_authid'::regclass AND s.deptype = 'o'
          AND s.classid NOT IN ('pg_catalog.pg_default_acl'::regclass, 'pg_catalog.pg_user_mapping'::regclass)
          AND s.dbid IN (SELECT 0::oid UNION ALL SELECT here.oid FROM here)
        UNION ALL
        SELECT CASE c.relkind WHEN 'S' THEN 6 ELSE 4 END,
               grants.privilege_type || CASE c.relkind WHEN 'S' THEN ' on sequence' ELSE ' on' END,
               n.nspname || '.' || c.relname
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) grants JOIN holder ON grants.grantee = holder.oid
        WHERE grants.privilege_type <> 'SELECT' AND grants.grantee <> c.relowner
          AND c.oid <> 'pg_catalog.pg_settings'::regclass
        UNION ALL
        SELECT 5, grants.privilege_type || ' on column', n.nspname || '.' || c.relname || '.' || a.attname
        FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        CROSS JOIN LATERAL pg_catalog.aclexplode(a.attacl) grants JOIN holder ON grants.grantee = holder.oid
        WHERE grants.privilege_type <> 'SELECT'
        UNION ALL
        SELECT 7, 'CREATE on schema', n.nspname::text
        FROM pg_catalog.pg_namespace n
        CROSS JOIN LATERAL pg_catalog.aclexplode(n.nspacl) grants JOIN holder ON grants.grantee = holder.oid
        WHERE grants.privilege_type = 'CREATE' AND grants.grantee <> n.nspowner
        UNION ALL
        SELECT 8, grants.privilege_type || ' on database', here.datname::text
        FROM here
        CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(here.datacl, pg_catalog.acldefault('d', here.datdba))) grants
        JOIN holder ON grants.grantee = holder.oid
        WHERE grants.privilege_type IN ('CREATE', 'TEMPORARY') AND grants.grantee <> here.datdba
        UNION ALL
        SELECT 9, 'CREATE on tablespace', t.spcname::text
        FROM pg_catalog.pg_tablespace t
        CROSS JOIN LATERAL pg_catalog.aclexplode(t.spcacl) grants JOIN holder ON grants.grantee = holder.oid
        WHERE grants.privilege_type = 'CREATE' AND grants.grantee <> t.spcowner
        UNION ALL
        SELECT 10, 'UPDATE on large object', l.oid::text
        FROM pg_catalog.pg_largeobject_metadata l
        CROSS JOIN LATERAL pg_catalog.aclexplode(l.lomacl) grants JOIN holder ON grants.grantee = holder.oid
        WHERE grants.privilege_type = 'UPDATE' AND grants.grantee <> l.lomowner
        UNION ALL
        SELECT 11, 'EXECUTE on', p.oid::regprocedure::text
        FROM pg_catalog.pg_proc p
        CROSS JOIN LATERAL pg_catalog.aclexplode(p.proacl) grants JOIN role ON grants.grantee = role.oid
        JOIN pg_catalog.pg_roles named ON named.oid = role.oid
        WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname ~ '^(lo_(creat|from|import|export|put|trunc|unlink)|lowrite)'
           OR NOT EXISTS (SELECT FROM pg_catalog.aclexplode(p.proacl) everybodys WHERE everybodys.grantee = 0)
              AND (p.prosecdef AND p.proowner <> role.oid
                   OR named.rolname NOT LIKE 'pg\\_%' AND (p.pronamespace = 'pg_catalog'::regnamespace OR EXISTS (
                        SELECT FROM pg_catalog.pg_depend d
                        WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')))
        UNION ALL
        SELECT 12, grants.privilege_type || ' by default on what is made by', maker.rolname::text
        FROM pg_catalog.pg_default_acl f JOIN pg_catalog.pg_roles maker ON maker.oid = f.defaclrole
        CROSS JOIN LATERAL pg_catalog.aclexplode(f.defaclacl) grants JOIN holder ON grants.grantee = holder.oid
        WHERE grants.grantee <> f.defaclrole
          AND (f.defaclobjtype IN ('r', 'S') AND grants.privilege_type <> 'SELECT'
               OR f.defaclobjtype = 'L' AND grants.privilege_type = 'UPDATE'
               OR f.defaclobjtype = 'n' AND grants.privilege_type = 'CREATE')
        UNION ALL
        SELECT 13, 'USAGE on foreign server', s.srvname::text
        FROM pg_catalog.pg_foreign_server s
        CROSS JOIN LATERAL pg_catalog.aclexplode(s.srvacl) grants JOIN holder ON grants.grantee = holder.oid
        WHERE grants.grantee <> s.srvowner
        UNION ALL
        SELECT 14, 'USAGE on foreign data wrapper', w.fdwname::text
        FROM pg_catalog.pg_foreign_data_wrapper w
        CROSS JOIN LATERAL pg_catalog.aclexplode(w.fdwacl) grants JOIN holder ON grants.grantee = holder.oid
        WHERE grants.grantee <> w.fdwowner
    )
    SELECT found.power, min(found.object), count(DISTINCT found.object)
    FROM found GROUP BY found.place, found.power ORDER BY found.place, found.power";

/// The same of settings of the server, from version 15 on: before it nobody can be granted any.
const SETTINGS: &str = "\
    WITH RECURSIVE role AS (
        SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = session_user
        UNION
        SELECT m.roleid FROM pg_catalog.pg_auth_members m JOIN role ON m.member = role.oid
    )
    SELECT 'ALTER SYSTEM on parameter', min(p.parname), count(DISTINCT p.parname)
    FROM pg_catalog.pg_parameter_acl p CROSS JOIN LATERAL pg_catalog.aclexplode(p.paracl) grants
    WHERE grants.privilege_type = 'ALTER SYSTEM'
      AND grants.grantee IN (SELECT role.oid FROM role UNION ALL SELECT 0::oid)
    HAVING count(*) > 0";

/// Whether the server knows grants of settings.
const HAS_SETTINGS: &str = "SELECT pg_catalog.to_regclass('pg_catalog.pg_parameter_acl') IS NOT NULL";

/// What a role may do besides reading, by kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Powers(Vec<Power>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Power {
    /// `INSERT on`, `membership of`.
    power: String,
    /// The first of what it may do that to.
    object: String,
    /// How many there are.
    objects: i64,
}

impl Power {
    fn is(&self, known: KnownPower) -> bool {
        let power = match known {
            KnownPower::Temporary => "TEMPORARY on database",
            KnownPower::Bypassrls => "BYPASSRLS of",
        };
        self.power == power
    }
}

impl fmt::Display for Powers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Power { power, object, objects }) in self.0.iter().take(TOLD_MAX).enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            write!(f, "{comma}{power} `{object}`")?;
            if *objects > 1 {
                write!(f, " and {} more", objects - 1)?;
            }
        }
        match self.0.len().saturating_sub(TOLD_MAX) {
            0 => Ok(()),
            more => write!(f, ", and {more} more kinds"),
        }
    }
}

/// What the session's role may do besides reading and what the environment says is known.
pub async fn powers(connection: &mut PgConnection, known: &[KnownPower]) -> Result<Powers, sqlx::Error> {
    let query = sqlx::query(POWERS).bind(WRITERS);
    let mut rows = failpoint::around("database.powers", query.fetch_all(&mut *connection)).await?;
    let has_settings = sqlx::query(HAS_SETTINGS).fetch_one(&mut *connection);
    if failpoint::around("database.powers", has_settings).await?.try_get(0)? {
        rows.extend(failpoint::around("database.powers", sqlx::query(SETTINGS).fetch_all(connection)).await?);
    }
    let power = |row: &sqlx::postgres::PgRow| {
        Ok(Power { power: row.try_get(0)?, object: row.try_get(1)?, objects: row.try_get(2)? })
    };
    let mut powers = rows.iter().map(power).collect::<Result<Vec<_>, sqlx::Error>>()?;
    powers.retain(|power| !known.iter().any(|known| power.is(*known)));
    Ok(Powers(powers))
}

/// Refuses a role that may do more than read.
pub async fn refuse(from: &Name, spec: &PostgresSpec, connection: &mut PgConnection) -> Result<(), SourceError> {
    let powers = powers(connection, &spec.login.powers_known).await;
    let powers = powers.map_err(|error| fault(from, &error, During::Beginning))?;
    match powers.0.is_empty() {
        true => Ok(()),
        false => Err(SourceError::MayWrite { from: from.clone(), role: spec.user.clone(), powers }),
    }
}

impl Powers {
    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
