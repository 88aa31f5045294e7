//! Into which parts an extract is divided, by what the server knows of its table in our snapshot.
//!
//! ```text
//! table, materialized view    ranges of pages (TID range scans, PostgreSQL 14 and later)
//! partitioned table           each partition's ranges of pages, partitions by name
//! anything else               one part
//! ```
//!
//! Pages are asked for only where reading them one after the other is the way of reading: a condition of the author's that an
//! index answers is left whole, since every part would ask the index anew, or read the table.
//!
//! Never in here: how many readers there are. It must not matter to what is read.

use super::exporter::Moment;
use super::ranges::by_page;
use crate::data::select::{Part, quoted_table, select, select_part};
use crate::data::{Extract, Rows, TableName};
use sqlx::{AssertSqlSafe, PgConnection, Row};

/// The first version with TID range scans: an older one reads the whole table for each range.
const RANGES_SINCE: i32 = 140_000;

/// What a table is. Who may read some of its columns only may not ask for pages.
const KIND: &str = "\
    SELECT c.relkind::text,
           c.relhassubclass OR NOT pg_catalog.has_table_privilege(c.oid, 'SELECT'),
           COALESCE(pg_catalog.pg_relation_size(c.oid), 0),
           pg_catalog.current_setting('block_size')::bigint
    FROM pg_catalog.pg_class c
    WHERE c.oid = $1::pg_catalog.regclass";

/// The partitions that hold a partitioned table's rows, by name: in our snapshot, so that one that is detached meanwhile
/// is read and one that is attached is not. Whether each may be read as the whole may. One whose detaching was begun and
/// left is no longer read through the whole either; PostgreSQL 14 brought that column.
const LEAVES: &str = "\
    WITH RECURSIVE tree AS (
        SELECT i.inhrelid FROM pg_catalog.pg_inherits i
        WHERE i.inhparent = $1::pg_catalog.regclass
          AND NOT COALESCE((pg_catalog.to_jsonb(i) ->> 'inhdetachpending')::boolean, false)
        UNION ALL
        SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN tree t ON i.inhparent = t.inhrelid
        WHERE NOT COALESCE((pg_catalog.to_jsonb(i) ->> 'inhdetachpending')::boolean, false))
    SELECT n.nspname::text, c.relname::text, COALESCE(pg_catalog.pg_relation_size(c.oid), 0),
           c.relkind = 'r' AND NOT c.relhassubclass AND NOT c.relrowsecurity
             AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
    FROM tree t
    JOIN pg_catalog.pg_class c ON c.oid = t.inhrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind <> 'p'
    ORDER BY n.nspname::text COLLATE \"C\", c.relname::text COLLATE \"C\"";

/// Partitioned tables we hold a lock on that have other partitions now than in our snapshot.
///
/// Which partitions a query reads is decided by what they are now: rows of one that was detached would be missing.
const REPARTITIONED: &str = "\
    SELECT n.nspname || '.' || c.relname
    FROM pg_catalog.pg_locks l
    JOIN pg_catalog.pg_class c ON c.oid = l.relation
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation'
      AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
      AND c.relkind = 'p'
      AND (SELECT pg_catalog.array_agg(i.inhrelid::bigint ORDER BY i.inhrelid)
           FROM pg_catalog.pg_inherits i
           WHERE i.inhparent = c.oid
             AND NOT COALESCE((pg_catalog.to_jsonb(i) ->> 'inhdetachpending')::boolean, false))
          IS DISTINCT FROM
          (SELECT pg_catalog.array_agg(t.relid::oid::bigint ORDER BY t.relid::oid)
           FROM pg_catalog.pg_partition_tree(c.oid) t WHERE t.level = 1)
    ORDER BY 1 LIMIT 1";

/// A partitioned table that got or lost a partition since our snapshot, if there is one among those that are locked.
pub async fn repartitioned(connection: &mut PgConnection) -> Result<Option<String>, sqlx::Error> {
    sqlx::query(REPARTITIONED).fetch_optional(connection).await?.map(|row| row.try_get(0)).transpose()
}

/// The parts of an extract, in order: together all of its rows, each once.
pub async fn parts(
    connection: &mut PgConnection,
    extract: &Extract,
    moment: &Moment,
) -> Result<Vec<Part>, sqlx::Error> {
    let whole = || vec![Part::default()];
    let Rows::Table { table, filter } = &extract.rows else { return Ok(whole()) };
    if moment.version < RANGES_SINCE {
        return Ok(whole());
    }
    let row = sqlx::query(KIND).bind(quoted_table(table)).fetch_one(&mut *connection).await?;
    let (kind, is_whole): (String, bool) = (row.try_get(0)?, row.try_get(1)?);
    let (bytes, page_bytes): (i64, i64) = (row.try_get(2)?, row.try_get(3)?);
    let parts = match kind.as_str() {
        "r" | "m" if !is_whole => pages(None, bytes, page_bytes),
        // A condition that names the schema does not fit a partition, and what a partition grants is its own.
        "p" if filter.as_ref().is_none_or(|filter| !filter.contains(table.schema.as_str())) => {
            leaves(connection, table, page_bytes).await?.unwrap_or_else(whole)
        }
        _ => whole(),
    };
    match filter.is_some() && parts.len() > 1 && !is_worth(connection, extract, &parts).await? {
        true => Ok(whole()),
        false => Ok(parts),
    }
}

fn pages(leaf: Option<&TableName>, bytes: i64, page_bytes: i64) -> Vec<Part> {
    let ranges = by_page(bytes.unsigned_abs(), page_bytes.unsigned_abs());
    ranges.into_iter().map(|pages| Part { leaf: leaf.cloned(), condition: pages.condition() }).collect()
}

/// Every partition's parts; `None` where one of them cannot be read for itself.
async fn leaves(
    connection: &mut PgConnection,
    table: &TableName,
    page_bytes: i64,
) -> Result<Option<Vec<Part>>, sqlx::Error> {
    let rows = sqlx::query(LEAVES).bind(quoted_table(table)).fetch_all(connection).await?;
    let mut parts = Vec::new();
    for row in rows {
        if !row.try_get::<bool, _>(3)? {
            return Ok(None);
        }
        let leaf = TableName { schema: row.try_get(0)?, table: row.try_get(1)? };
        parts.extend(pages(Some(&leaf), row.try_get(2)?, page_bytes));
    }
    Ok((!parts.is_empty()).then_some(parts))
}

/// How much more than the whole its parts may cost together, by the server's own estimate.
const COST_RATIO_MAX: f64 = 1.5;

/// Parts that are asked about, at most: of more, some from all over stand for the others.
const COSTED_MAX: usize = 16;

/// Whether the server expects the parts to cost about what the whole does.
async fn is_worth(connection: &mut PgConnection, extract: &Extract, parts: &[Part]) -> Result<bool, sqlx::Error> {
    let Some(whole) = cost(connection, &select(&["ctid"], &extract.rows)).await? else { return Ok(false) };
    let (mut sum, mut asked) = (0.0, 0.0);
    for part in parts.iter().step_by(parts.len().div_ceil(COSTED_MAX)) {
        let Some(cost) = cost(connection, &select_part(&["ctid"], &extract.rows, part)).await? else {
            return Ok(false);
        };
        sum += cost;
        asked += 1.0;
    }
    Ok(sum / asked * parts.len() as f64 <= whole * COST_RATIO_MAX)
}

/// What the server expects a SELECT to cost: the second of `cost=0.00..155.00`.
async fn cost(connection: &mut PgConnection, select: &str) -> Result<Option<f64>, sqlx::Error> {
    let rows = sqlx::raw_sql(AssertSqlSafe(format!("EXPLAIN {select}"))).fetch_all(connection).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let line: String = row.try_get(0)?;
    let after = line.split_once("..").and_then(|(_, rest)| rest.split_once(' '));
    Ok(after.and_then(|(cost, _)| cost.parse().ok()))
}
