//! What the server says about tables and queries: columns, types, and whether a table is still the one of our snapshot.

use crate::data::{TableName, select};
use crate::source::pgcopy::Wire;
use sqlx::{AssertSqlSafe, Column, Executor, PgConnection, Row, SqlSafeStr, Statement, TypeInfo};

/// A column at the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceColumn {
    /// Its name.
    pub name: String,
    /// Its type in the server's words, such as `character varying(40)`.
    pub word: String,
    /// How it is read; `None` for a type that is not.
    pub wire: Option<Wire>,
}

/// Tables named in a hint, at most.
const HINT_TABLES_MAX: i64 = 5;

/// Columns in their order; a domain counts as the type it is made of.
const COLUMNS: &str = "\
    SELECT a.attname::text,
           pg_catalog.format_type(a.atttypid, a.atttypmod),
           (WITH RECURSIVE made AS (
                SELECT t.oid, t.typbasetype, t.typtype FROM pg_catalog.pg_type t WHERE t.oid = a.atttypid
                UNION ALL
                SELECT t.oid, t.typbasetype, t.typtype FROM pg_catalog.pg_type t JOIN made ON t.oid = made.typbasetype
                WHERE made.typtype = 'd')
            SELECT made.oid::bigint FROM made WHERE made.typtype <> 'd')
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    ORDER BY a.attnum";

/// Tables of a schema, those whose names are alike first.
const TABLES: &str = "\
    SELECT c.relname::text
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
    ORDER BY pg_catalog.lower(c.relname) <> pg_catalog.lower($2),
             pg_catalog.left(c.relname, 4) <> pg_catalog.left($2, 4), c.relname
    LIMIT $3";

/// Tables we hold a lock on whose rows moved to another file since our snapshot.
///
/// TRUNCATE and the ALTERs that rewrite a table are not transactional for a snapshot taken before them: the table looks
/// empty. The catalog read in our snapshot names the old file; `pg_relation_filenode` names the present one.
/// Source: PostgreSQL 15, chapter 13.6 `Caveats`.
const REWRITTEN: &str = "\
    SELECT n.nspname || '.' || c.relname
    FROM pg_catalog.pg_locks l
    JOIN pg_catalog.pg_class c ON c.oid = l.relation
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation'
      AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
      AND c.relkind IN ('r', 'm') AND c.relfilenode <> 0
      AND c.relfilenode IS DISTINCT FROM pg_catalog.pg_relation_filenode(c.oid)
    ORDER BY 1 LIMIT 1";

/// The columns of a table, view, partitioned or foreign table; none when there is no such thing.
pub async fn columns(connection: &mut PgConnection, table: &TableName) -> Result<Vec<SourceColumn>, sqlx::Error> {
    let rows = sqlx::query(COLUMNS).bind(&table.schema).bind(&table.table).fetch_all(connection).await?;
    let column = |row: &sqlx::postgres::PgRow| {
        let type_id: Option<i64> = row.try_get(2)?;
        Ok(SourceColumn {
            name: row.try_get(0)?,
            word: row.try_get(1)?,
            wire: type_id.and_then(|id| u32::try_from(id).ok()).and_then(Wire::of),
        })
    };
    rows.iter().map(column).collect()
}

/// Tables that are there instead, by name.
pub async fn tables(connection: &mut PgConnection, table: &TableName) -> Result<Vec<String>, sqlx::Error> {
    let query = sqlx::query(TABLES).bind(&table.schema).bind(&table.table).bind(HINT_TABLES_MAX);
    query.fetch_all(connection).await?.iter().map(|row| row.try_get(0)).collect()
}

/// The columns that a statement gives, without running it. From here on the tables it names are locked against change.
pub async fn prepared(connection: &mut PgConnection, sql: &str) -> Result<Vec<SourceColumn>, sqlx::Error> {
    let statement = connection.prepare(AssertSqlSafe(sql.to_owned()).into_sql_str()).await?;
    let column = |column: &sqlx::postgres::PgColumn| SourceColumn {
        name: column.name().to_owned(),
        word: column.type_info().name().to_lowercase(),
        wire: column.type_info().oid().and_then(|id| Wire::of(id.0)),
    };
    Ok(statement.columns().iter().map(column).collect())
}

/// The columns of a query.
pub async fn query_columns(connection: &mut PgConnection, sql: &str) -> Result<Vec<SourceColumn>, sqlx::Error> {
    prepared(connection, &select::whole_query(sql)).await
}

/// Plans a prepared SELECT, so that every table and partition it will read is locked and every permission checked.
pub async fn planned(connection: &mut PgConnection, select: &str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(format!("EXPLAIN {select}"))).execute(connection).await.map(|_| ())
}

/// A table that was truncated or rewritten after our snapshot, if there is one among those that are locked.
pub async fn rewritten(connection: &mut PgConnection) -> Result<Option<String>, sqlx::Error> {
    sqlx::query(REWRITTEN).fetch_optional(connection).await?.map(|row| row.try_get(0)).transpose()
}
