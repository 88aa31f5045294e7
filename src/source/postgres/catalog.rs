//! What the server says about tables and queries: columns, types, and whether a table is still the one of our snapshot.

use super::declared::is_wider;
use super::estimate::{Estimate, estimate};
use super::types::SourceType;
use crate::data::select::{self, Large, Shown};
use crate::data::{ColumnType, TableName};
use crate::failpoint;
use crate::source::pgcopy::Wire;
use sqlx::{AssertSqlSafe, Column, Executor, PgConnection, Row, SqlSafeStr};
use std::collections::HashMap;

/// A column at the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceColumn {
    /// Its name.
    pub name: String,
    /// Its type in the server's words, such as `character varying(40)`.
    pub word: String,
    /// Its type; `None` where the catalogue of our moment does not have it.
    pub source_type: Option<SourceType>,
}

impl SourceColumn {
    /// How it comes as `declared`; `None` when it cannot, or might hold more than that.
    pub fn read_as(&self, declared: ColumnType) -> Option<(Shown, Wire)> {
        if is_wider(&self.word, declared) {
            return None;
        }
        self.source_type.as_ref()?.read_as(declared)
    }

    /// How a value that is too large is cut at the server, where it is asked for like that.
    pub fn large(&self, shown: Shown) -> Option<Large> {
        self.source_type.as_ref()?.large(shown)
    }
}

/// Tables named in a hint, at most.
const HINT_TABLES_MAX: i64 = 5;

/// Columns in their order.
const COLUMNS: &str = "\
    SELECT a.attname::text, a.atttypid::bigint, pg_catalog.format_type(a.atttypid, a.atttypmod)
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    ORDER BY a.attnum";

/// Types by id. A domain counts as the type it is made of, and so do the domains that an array is made of.
const TYPES: &str = "\
    WITH RECURSIVE seen AS (
        SELECT wanted.id AS start, wanted.id, false AS is_array FROM pg_catalog.unnest($1::bigint[]) AS wanted(id)
        UNION
        SELECT seen.start,
               CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.typelem END::bigint,
               seen.is_array OR t.typtype <> 'd'
        FROM seen
        JOIN pg_catalog.pg_type t ON t.oid = seen.id
        LEFT JOIN pg_catalog.pg_type element ON element.oid = t.typelem AND element.typarray = t.oid
        WHERE t.typtype = 'd' OR element.oid IS NOT NULL)
    SELECT seen.start, pg_catalog.format_type(seen.start::oid, NULL), seen.id, t.typname::text,
           t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace, t.typtype::text, seen.is_array
    FROM seen
    JOIN pg_catalog.pg_type t ON t.oid = seen.id
    WHERE t.typtype <> 'd'
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_type element WHERE element.oid = t.typelem AND element.typarray = t.oid)";

/// Tables of a schema, those whose names are alike first.
const TABLES: &str = "\
    SELECT c.relname::text
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
    ORDER BY pg_catalog.lower(c.relname) <> pg_catalog.lower($2),
             pg_catalog.left(c.relname, 4) <> pg_catalog.left($2, 4), c.relname
    LIMIT $3";

/// Tables we hold a lock on that are not what our snapshot shows, and what became of them.
///
/// Names are looked up in the catalogue as it is now, and rows by the snapshot: a table that took another's name since has none
/// of its own to show, or those of another table. (One that is new by name too, such as a partition, has no row that the snapshot
/// shows, and takes none away.) TRUNCATE and the ALTERs that rewrite a table are not transactional for a snapshot taken before
/// them: the table looks empty. The catalogue read in our snapshot has the old name and file; `pg_identify_object` and
/// `pg_relation_filenode` tell the present ones. A view is what it is now; the tables under it are looked at.
/// Source: PostgreSQL 15, chapter 13.6 `Caveats`.
const CHANGED: &str = "\
    SELECT now.identity,
           CASE WHEN c.oid IS NULL OR now.identity <> pg_catalog.format('%I.%I', n.nspname, c.relname)
                THEN 'is another table' ELSE 'was emptied or rewritten' END
    FROM pg_catalog.pg_locks l
    CROSS JOIN LATERAL pg_catalog.pg_identify_object('pg_catalog.pg_class'::pg_catalog.regclass, l.relation, 0) now
    LEFT JOIN pg_catalog.pg_class c ON c.oid = l.relation
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation'
      AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
      AND now.type IN ('table', 'materialized view', 'foreign table')
      AND CASE WHEN c.oid IS NULL THEN EXISTS (
                    SELECT FROM pg_catalog.pg_class was JOIN pg_catalog.pg_namespace its ON its.oid = was.relnamespace
                    WHERE pg_catalog.format('%I.%I', its.nspname, was.relname) = now.identity)
               ELSE now.identity <> pg_catalog.format('%I.%I', n.nspname, c.relname)
                    OR c.relkind IN ('r', 'm') AND c.relfilenode <> 0
                       AND c.relfilenode IS DISTINCT FROM pg_catalog.pg_relation_filenode(c.oid) END
    ORDER BY 1 LIMIT 1";

/// Whether a value of a table may lie outside its own pages, which is where large ones are: not where neither it nor any of its
/// partitions and heirs has a page for them. Of what is no table nobody knows.
///
/// Source: PostgreSQL 15, chapter 73.2 `TOAST`.
const MAY_HOLD_LARGE: &str = "\
    WITH RECURSIVE parts AS (
        SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relname = $2
        UNION
        SELECT i.inhrelid FROM parts JOIN pg_catalog.pg_inherits i ON i.inhparent = parts.oid)
    SELECT COALESCE(pg_catalog.bool_or(
        c.relkind NOT IN ('r', 'p', 'm')
        OR c.reltoastrelid <> 0 AND COALESCE(pg_catalog.pg_relation_size(c.reltoastrelid), 1) > 0), true)
    FROM parts JOIN pg_catalog.pg_class c ON c.oid = parts.oid";

/// The columns of a table, view, partitioned or foreign table; none when there is no such thing.
pub async fn columns(connection: &mut PgConnection, table: &TableName) -> Result<Vec<SourceColumn>, sqlx::Error> {
    let query = sqlx::query(COLUMNS).bind(&table.schema).bind(&table.table);
    let rows = failpoint::around("database.catalog", query.fetch_all(&mut *connection)).await?;
    let column = |row: &sqlx::postgres::PgRow| Ok((row.try_get(0)?, row.try_get(1)?, Some(row.try_get(2)?)));
    let found = rows.iter().map(column).collect::<Result<Vec<_>, sqlx::Error>>()?;
    with_types(connection, found).await
}

/// Columns by name, id of the type, and its word where that is known better than the type alone can tell it.
async fn with_types(
    connection: &mut PgConnection,
    found: Vec<(String, i64, Option<String>)>,
) -> Result<Vec<SourceColumn>, sqlx::Error> {
    let ids: Vec<i64> = found.iter().map(|(_, id, _)| *id).collect();
    let mut types = HashMap::new();
    for row in failpoint::around("database.catalog", sqlx::query(TYPES).bind(ids).fetch_all(connection)).await? {
        let (id, kind): (i64, String) = (row.try_get(2)?, row.try_get(5)?);
        let source_type = SourceType {
            id: u32::try_from(id).unwrap_or_default(),
            name: row.try_get(3)?,
            is_builtin: row.try_get(4)?,
            kind: kind.chars().next().unwrap_or_default(),
            is_array: row.try_get(6)?,
        };
        types.insert(row.try_get::<i64, _>(0)?, (row.try_get::<String, _>(1)?, source_type));
    }
    let column = |(name, id, word): (String, i64, Option<String>)| {
        let known = types.get(&id).cloned();
        let word = word.or_else(|| known.as_ref().map(|(word, _)| word.clone()));
        let word = word.unwrap_or_else(|| "of a type that is not there".into());
        SourceColumn { name, word, source_type: known.map(|(_, source_type)| source_type) }
    };
    Ok(found.into_iter().map(column).collect())
}

/// Tables that are there instead, by name.
pub async fn tables(connection: &mut PgConnection, table: &TableName) -> Result<Vec<String>, sqlx::Error> {
    let query = sqlx::query(TABLES).bind(&table.schema).bind(&table.table).bind(HINT_TABLES_MAX);
    let rows = failpoint::around("database.catalog", query.fetch_all(connection)).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// The columns that a SELECT gives, without reading its rows. From here on the tables it names are locked against change.
///
/// It is first prepared, which takes one statement and no more; only then is it asked for the types of its columns, in a way
/// that has the driver look none of them up: it knows no multirange.
pub async fn prepared(connection: &mut PgConnection, sql: &str) -> Result<Vec<SourceColumn>, sqlx::Error> {
    let parses = AssertSqlSafe(select::parses(sql)).into_sql_str();
    failpoint::around("database.prepare", connection.prepare(parses)).await?;
    let query = sqlx::raw_sql(AssertSqlSafe(select::columns_alone(sql)));
    let row = failpoint::around("database.prepare", query.fetch_one(&mut *connection)).await?;
    let column = |column: &sqlx::postgres::PgColumn| {
        let id = column.type_info().oid().map_or(0, |id| i64::from(id.0));
        (column.name().to_owned(), id, None)
    };
    with_types(connection, row.columns().iter().map(column).collect()).await
}

/// The columns of a query.
pub async fn query_columns(connection: &mut PgConnection, sql: &str) -> Result<Vec<SourceColumn>, sqlx::Error> {
    prepared(connection, &select::whole_query(sql)).await
}

/// Plans a prepared SELECT, so that every table and partition it will read is locked and every permission checked; and what the
/// server expects of it.
pub async fn planned(connection: &mut PgConnection, select: &str) -> Result<Option<Estimate>, sqlx::Error> {
    estimate(connection, select).await
}

/// Whether a table may hold values that are too large to be sent.
pub async fn may_hold_large(connection: &mut PgConnection, table: &TableName) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(MAY_HOLD_LARGE).bind(&table.schema).bind(&table.table);
    failpoint::around("database.catalog", query.fetch_one(connection)).await?.try_get(0)
}

/// A table that is not what our snapshot shows, and what became of it, if there is one among those that are locked.
pub async fn changed(connection: &mut PgConnection) -> Result<Option<(String, String)>, sqlx::Error> {
    let row = failpoint::around("database.locks", sqlx::query(CHANGED).fetch_optional(connection)).await?;
    row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose()
}
