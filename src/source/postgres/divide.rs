//! Into which parts an extract is divided, by what the server knows of it in our snapshot.
//!
//! ```text
//! table, materialized view    ranges of pages (TID range scans, PostgreSQL 14 and later)
//! partitioned table           each partition's ranges of pages, partitions by name; so a table that others inherit from
//! view, query                 ranges of a key of one column, where there is one that has an order and a measure
//! anything else               one part
//! ```
//!
//! Parts are asked for only where the server expects all of them to cost about what the whole does. A condition that an
//! index answers is left whole, since every part would ask the index anew, or read the table; so is a query that has to be
//! worked out whole before any of its rows is known.
//!
//! What would be different in another session is left whole and read by the first of its role: foreign tables, and SQL that asks for
//! the time.
//!
//! Never in here: how many readers there are. It must not matter to what is read.

use super::estimate::{Estimate, estimate, is_of_one_session};
use super::exporter::{Moment, keep, mark, undo};
use super::keys::{KEY_RANGES_MAX, Kind, conditions};
use super::ranges::{RANGE_BYTES, by_page};
use crate::data::select::{Part, has_word, quoted, quoted_table, select, select_part};
use crate::data::{Extract, Filter, Rows, TableName};
use crate::failpoint;
use crate::source::pgcopy::CopyColumn;
use sqlx::{AssertSqlSafe, PgConnection, Row};

/// The first version with TID range scans: an older one reads the whole table for each range.
const RANGES_SINCE: i32 = 140_000;

/// What a table is, whether it is one that inherits as PostgreSQL has it, and whether others inherit from it. TimescaleDB has a way of its
/// own: it leaves out chunks that a query does not need, and reads what it has packed through the whole alone. Who may read some of its
/// columns only may not ask for pages.
const KIND: &str = "\
    SELECT c.relkind::text,
           c.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE e.extname = 'timescaledb'),
           EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhparent = c.oid),
           NOT pg_catalog.has_table_privilege(c.oid, 'SELECT'),
           COALESCE(pg_catalog.pg_relation_size(c.oid), 0),
           pg_catalog.current_setting('block_size')::bigint
    FROM pg_catalog.pg_class c
    WHERE c.oid = $1::pg_catalog.regclass";

/// The tables that hold a table's rows, by name - itself, its partitions and heirs: in our snapshot, so that one that is detached
/// meanwhile is read and one that is attached is not. Whether each may be read as the whole may. A table that inherits by two roads
/// is there once. One whose detaching was begun and left is no longer read through the whole either; PostgreSQL 14 brought that column.
const LEAVES: &str = "\
    WITH RECURSIVE tree AS (
        SELECT $1::pg_catalog.regclass::oid AS relid
        UNION
        SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN tree t ON i.inhparent = t.relid
        WHERE NOT COALESCE((pg_catalog.to_jsonb(i) ->> 'inhdetachpending')::boolean, false))
    SELECT n.nspname::text, c.relname::text, COALESCE(pg_catalog.pg_relation_size(c.oid), 0),
           c.relkind = 'r' AND NOT c.relrowsecurity
             AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
    FROM tree t
    JOIN pg_catalog.pg_class c ON c.oid = t.relid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind <> 'p'
    ORDER BY n.nspname::text COLLATE \"C\", c.relname::text COLLATE \"C\"";

/// Partitioned tables we hold a lock on that have other partitions now than in our snapshot; not those that were made since, which
/// have no row to show.
///
/// Which partitions a query reads is decided by what they are now: rows of one that was detached would be missing.
const REPARTITIONED: &str = "\
    SELECT n.nspname || '.' || c.relname
    FROM pg_catalog.pg_locks l
    JOIN pg_catalog.pg_class c ON c.oid = l.relation
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN LATERAL (
        SELECT COALESCE(pg_catalog.array_agg(i.inhrelid ORDER BY i.inhrelid), '{}') AS parts FROM pg_catalog.pg_inherits i
        WHERE i.inhparent = c.oid AND NOT COALESCE((pg_catalog.to_jsonb(i) ->> 'inhdetachpending')::boolean, false)) was
    CROSS JOIN LATERAL (
        SELECT COALESCE(pg_catalog.array_agg(there.oid ORDER BY there.oid), '{}') AS parts
        FROM pg_catalog.pg_partition_tree(c.oid) t JOIN pg_catalog.pg_class there ON there.oid = t.relid
        WHERE t.level = 1) now
    WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation'
      AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
      AND c.relkind = 'p' AND was.parts <> now.parts
    ORDER BY 1 LIMIT 1";

/// Tables we hold a lock on whose heirs we do not hold, though the snapshot has them: they were dropped or left it, and their rows
/// would be missing. `$1` is the table that is asked for by name, whose heirs were asked for with it; of others, and only where `$2`,
/// some must be held or gone: who asks for `ONLY` a table holds none. Nothing is known so where TimescaleDB is ([`KIND`]).
const DISINHERITED: &str = "\
    WITH held AS (
        SELECT l.relation FROM pg_catalog.pg_locks l
        WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation'
          AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()))
    SELECT n.nspname || '.' || c.relname
    FROM held
    JOIN pg_catalog.pg_class c ON c.oid = held.relation
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_inherits i ON i.inhparent = c.oid
    JOIN pg_catalog.pg_class heir ON heir.oid = i.inhrelid
    WHERE c.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE e.extname = 'timescaledb')
    GROUP BY c.oid, n.nspname, c.relname
    HAVING pg_catalog.bool_or(i.inhrelid NOT IN (SELECT held.relation FROM held))
       AND (c.oid = pg_catalog.to_regclass($1)
            OR $2 AND pg_catalog.bool_or(i.inhrelid IN (SELECT held.relation FROM held)
                                         OR heir.relkind = 'r' AND pg_catalog.pg_relation_filenode(heir.oid) IS NULL))
    ORDER BY 1 LIMIT 1";

/// A table that has other partitions than in our snapshot, or lost an heir, and what became of it, if there is one among those that
/// are locked for `rows`.
pub async fn repartitioned(
    connection: &mut PgConnection,
    rows: &Rows,
) -> Result<Option<(String, &'static str)>, sqlx::Error> {
    let query = sqlx::query(REPARTITIONED);
    if let Some(row) = failpoint::around("database.locks", query.fetch_optional(&mut *connection)).await? {
        return Ok(Some((row.try_get(0)?, "got or lost a partition")));
    }
    let (table, others) = match rows {
        Rows::Table { table, .. } => (Some(quoted_table(table)), true),
        Rows::Query { sql, .. } => (None, !has_word(&sql.to_ascii_lowercase(), "only")),
    };
    let query = sqlx::query(DISINHERITED).bind(table).bind(others);
    let row = failpoint::around("database.locks", query.fetch_optional(connection)).await?;
    row.map(|row| Ok((row.try_get(0)?, "lost a table that inherits from it"))).transpose()
}

/// An extract, divided.
#[derive(Clone, Debug, Default)]
pub struct Division {
    /// The parts, in order: together all of its rows, each once.
    pub parts: Vec<Part>,
    /// Only the first session of its role may read it.
    pub is_of_one_session: bool,
}

/// The columns of an extract: as they are named at the source, and as they will come.
#[derive(Clone, Copy)]
pub struct Columns<'a> {
    /// At the source.
    pub names: &'a [String],
    /// As they are asked for, uncut, in the same order.
    pub cells: &'a [String],
    /// What the rows must meet beside the author's own condition.
    pub conditions: &'a [String],
    /// In the same order.
    pub read: &'a [CopyColumn],
}

/// Divides an extract.
pub async fn divided(
    connection: &mut PgConnection,
    extract: &Extract,
    columns: Columns<'_>,
    moment: &Moment,
) -> Result<Division, sqlx::Error> {
    let (table, filter) = match &extract.rows {
        Rows::Table { table, filter } => (table, filter.as_ref().map(Filter::postgres)),
        Rows::Query { sql, .. } => return by_key(connection, extract, columns, sql).await,
    };
    let query = sqlx::query(KIND).bind(quoted_table(table));
    let row = failpoint::around("database.parts", query.fetch_one(&mut *connection)).await?;
    let (kind, is_plain): (String, bool) = (row.try_get(0)?, row.try_get(1)?);
    let (has_heirs, is_of_columns): (bool, bool) = (row.try_get(2)?, row.try_get(3)?);
    let (bytes, page_bytes): (i64, i64) = (row.try_get(4)?, row.try_get(5)?);
    let has_ranges = moment.version >= RANGES_SINCE && !is_of_columns;
    // For itself: what comes to inherit from it meanwhile is none of its parts.
    let itself = (is_plain && !has_heirs).then_some(table);
    let one = vec![Part { leaf: itself.cloned(), condition: None }];
    let parts = match kind.as_str() {
        "r" | "m" if has_ranges && !has_heirs => pages(itself, bytes, page_bytes),
        // A condition that names the schema does not fit a partition, and what a partition grants is its own.
        "p" | "r"
            if (is_plain || kind == "p") && has_heirs && has_parts_of_its_own(table, filter.as_deref(), moment) =>
        {
            match leaves(connection, table, page_bytes).await? {
                Some(parts) => parts,
                None => return by_key(connection, extract, columns, &filter.unwrap_or_default()).await,
            }
        }
        "r" | "m" => one.clone(),
        _ => return by_key(connection, extract, columns, &filter.unwrap_or_default()).await,
    };
    if filter.is_none() && columns.conditions.is_empty() {
        return Ok(Division { parts, is_of_one_session: false });
    }
    let filter = filter.unwrap_or_default();
    let select = select(columns.cells, &extract.rows, columns.conditions);
    if is_of_one_session(connection, &select, &filter).await? {
        return Ok(Division { parts: one, is_of_one_session: true });
    }
    let is_worth = match estimate(connection, &select).await? {
        Some(expected) => is_worth(connection, extract, columns, expected, &parts).await?,
        None => false,
    };
    Ok(Division { parts: if is_worth { parts } else { one }, is_of_one_session: false })
}

fn has_parts_of_its_own(table: &TableName, filter: Option<&str>, moment: &Moment) -> bool {
    moment.version >= RANGES_SINCE && filter.is_none_or(|filter| !filter.contains(table.schema.as_str()))
}

/// Ranges of the key; one part where it has none that can be divided, or where that would cost more.
async fn by_key(
    connection: &mut PgConnection,
    extract: &Extract,
    columns: Columns<'_>,
    sql: &str,
) -> Result<Division, sqlx::Error> {
    let select = select(columns.cells, &extract.rows, columns.conditions);
    let whole = |is_of_one_session| Division { parts: vec![Part::default()], is_of_one_session };
    if is_of_one_session(connection, &select, sql).await? {
        return Ok(whole(true));
    }
    let (Some(expected), Some((key, kind))) = (estimate(connection, &select).await?, key(extract, columns)) else {
        return Ok(whole(false));
    };
    let count = ((expected.bytes / RANGE_BYTES as f64).ceil() as u64).min(KEY_RANGES_MAX);
    if count < 2 {
        return Ok(whole(false));
    }
    let mut ends = Vec::new();
    for order in ["ASC", "DESC"] {
        match end(connection, extract, columns.conditions, (key, kind), order, expected).await? {
            Some(end) => ends.push(end),
            None => return Ok(whole(false)),
        }
    }
    let Some(conditions) = conditions(kind, key, &ends[0], &ends[1], count) else { return Ok(whole(false)) };
    let part = |condition| Part { leaf: None, condition: Some(condition) };
    let parts: Vec<Part> = conditions.into_iter().map(part).collect();
    match is_worth(connection, extract, columns, expected, &parts).await? {
        true => Ok(Division { parts, is_of_one_session: false }),
        false => Ok(whole(false)),
    }
}

/// The key, where it is one column that is read and has a measure.
fn key<'a>(extract: &Extract, columns: Columns<'a>) -> Option<(&'a str, Kind)> {
    let [key] = extract.schema.key.as_slice() else { return None };
    let place = extract.columns.iter().position(|name| name == key)?;
    Some((columns.names.get(place)?, Kind::of(columns.read.get(place)?.wire)?))
}

/// The part of the whole's cost that finding an end of the key may take: what an index answers takes next to nothing.
const END_COST_PART: f64 = 0.1;

/// Longest time to find an end of the key in: the estimate may be wrong by far, and the whole comes without it too.
const END_WITHIN: &str = "SET LOCAL statement_timeout = '10s'";
const NO_LIMIT: &str = "SET LOCAL statement_timeout = 0";
/// SQLSTATE of a statement that took too long.
const TOO_LONG: &str = "57014";

/// The key's smallest or largest value, where it is cheap to find.
async fn end(
    connection: &mut PgConnection,
    extract: &Extract,
    conditions: &[String],
    (key, kind): (&str, Kind),
    order: &str,
    expected: Estimate,
) -> Result<Option<String>, sqlx::Error> {
    let there = Part { leaf: None, condition: Some(format!("{} IS NOT NULL", quoted(key))) };
    let rows = select_part(&[quoted(key)], &extract.rows, conditions, &there);
    let first = format!("SELECT {} FROM ({rows} ORDER BY {} {order} LIMIT 1) AS e", kind.text(key), quoted(key));
    let is_cheap = estimate(connection, &first).await?.is_some_and(|first| first.cost <= expected.cost * END_COST_PART);
    if !is_cheap {
        return Ok(None);
    }
    mark(connection).await?;
    failpoint::around("database.parts", sqlx::raw_sql(END_WITHIN).execute(&mut *connection)).await?;
    let query = sqlx::raw_sql(AssertSqlSafe(first));
    match failpoint::around("database.parts", query.fetch_all(&mut *connection)).await {
        Ok(rows) => {
            failpoint::around("database.parts", sqlx::raw_sql(NO_LIMIT).execute(&mut *connection)).await?;
            keep(connection).await?;
            rows.first().map_or(Ok(None), |row| row.try_get(0))
        }
        Err(sqlx::Error::Database(error)) => {
            undo(connection).await?;
            match error.code().is_some_and(|code| code == TOO_LONG) {
                true => Ok(None),
                false => Err(sqlx::Error::Database(error)),
            }
        }
        Err(error) => Err(error),
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
    let query = sqlx::query(LEAVES).bind(quoted_table(table));
    let rows = failpoint::around("database.parts", query.fetch_all(connection)).await?;
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
async fn is_worth(
    connection: &mut PgConnection,
    extract: &Extract,
    columns: Columns<'_>,
    whole: Estimate,
    parts: &[Part],
) -> Result<bool, sqlx::Error> {
    let (mut sum, mut asked) = (0.0, 0.0);
    for part in parts.iter().step_by(parts.len().div_ceil(COSTED_MAX).max(1)) {
        let select = select_part(columns.cells, &extract.rows, columns.conditions, part);
        let Some(part) = estimate(connection, &select).await? else { return Ok(false) };
        sum += part.cost;
        asked += 1.0;
    }
    Ok(sum <= whole.cost * COST_RATIO_MAX * asked / parts.len() as f64)
}
