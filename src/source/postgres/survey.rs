//! Tables as the catalogue describes them: what a first schema is drafted from.
//!
//! Never in here: a row. Nothing is guessed from data.

use super::declared::{Fit, declared};
use super::exporter;
use super::fault::{During, fault};
use super::login::Login;
use super::patience::Waits;
use super::pulse::answered;
use super::roles::Roles;
use super::table::{during, what};
use super::{catalog, powers};
use crate::data::{ColumnType, Name, Rows, TableName};
use crate::failpoint;
use crate::job::PostgresSpec;
use crate::source::SourceError;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use std::collections::BTreeMap;

/// Tables of one survey, at most.
pub const TABLES_MAX: usize = 500;

/// Which tables are wanted; an empty list stands for all.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// PostgreSQL schemas.
    pub schemas: Vec<String>,
    /// Tables, as `table` or `schema.table`.
    pub tables: Vec<String>,
}

/// What the catalogue says.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// Tables that the role may read, by name.
    pub tables: Vec<FoundTable>,
    /// How many more there are that it may not.
    pub forbidden: usize,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundTable {
    /// Its name.
    pub name: TableName,
    /// Its comment.
    pub comment: Option<String>,
    /// Columns that can be read, in their order.
    pub columns: Vec<ReadableColumn>,
    /// Columns that cannot, and the server's word for their type, or `None` where the role may not read them.
    pub unreadable: Vec<(String, Option<String>)>,
    /// What tells a row from another.
    pub key: FoundKey,
    /// Its foreign keys, those of one column first.
    pub references: Vec<FoundReference>,
}

/// A column that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadableColumn {
    /// Its name.
    pub name: String,
    /// What to declare for it.
    pub column_type: ColumnType,
    /// Whether that is the source's own type.
    pub fit: Fit,
    /// Whether NULL may occur.
    pub nullable: bool,
    /// Its comment.
    pub comment: Option<String>,
}

/// What tells a row from another, as far as the catalogue says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoundKey {
    /// A primary key, or the smallest unique index over columns that are never NULL.
    Columns(Vec<String>),
    /// Nothing.
    None,
}

/// A foreign key: columns that together point at another table's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundReference {
    /// The columns.
    pub columns: Vec<String>,
    /// The other table.
    pub table: TableName,
    /// Its columns, in the order of these.
    pub to: Vec<String>,
}

/// Tables that are wanted: plain and partitioned ones, not the partitions, not what an extension brought.
const TABLES: &str = "\
    SELECT c.oid, n.nspname::text, c.relname::text, pg_catalog.obj_description(c.oid, 'pg_class'),
           pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT')
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
      AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
      AND (pg_catalog.cardinality($1::text[]) = 0 OR n.nspname::text = ANY ($1))
      AND (pg_catalog.cardinality($2::text[]) = 0 OR c.relname::text = ANY ($2) OR n.nspname || '.' || c.relname = ANY ($2))
      AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d
                      WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY 2, 3 LIMIT $3";

/// Columns: a domain's word is that of the type it is made of, and it may forbid NULL.
const COLUMNS: &str = "\
    SELECT a.attrelid, a.attname::text,
           (WITH RECURSIVE made AS (
                SELECT a.atttypid AS type, a.atttypmod AS modifier
                UNION ALL
                SELECT t.typbasetype, t.typtypmod FROM made JOIN pg_catalog.pg_type t ON t.oid = made.type
                WHERE t.typtype = 'd')
            SELECT pg_catalog.format_type(made.type, made.modifier) FROM made JOIN pg_catalog.pg_type t ON t.oid = made.type
            WHERE t.typtype <> 'd'),
           NOT (a.attnotnull OR t.typnotnull), pg_catalog.col_description(a.attrelid, a.attnum),
           pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT')
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = ANY ($1) AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attrelid, a.attnum";

/// Unique indexes over whole columns that are never NULL, the best of each table first.
const KEYS: &str = "\
    SELECT i.indrelid,
           ARRAY (SELECT a.attname::text
                  FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY part (attnum, place)
                  JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = part.attnum
                  WHERE part.place <= i.indnkeyatts ORDER BY part.place)
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = ANY ($1) AND i.indisunique AND i.indisvalid AND i.indimmediate
      AND i.indpred IS NULL AND i.indexprs IS NULL
      AND NOT EXISTS (SELECT 1 FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY part (attnum, place)
                      JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = part.attnum
                      WHERE part.place <= i.indnkeyatts AND NOT a.attnotnull)
    ORDER BY i.indrelid, i.indisprimary DESC, i.indnkeyatts, c.relname";

/// Foreign keys, a row for each.
const REFERENCES: &str = "\
    SELECT f.conrelid, n.nspname::text, c.relname::text,
           ARRAY (SELECT a.attname::text
                  FROM pg_catalog.unnest(f.conkey) WITH ORDINALITY part (attnum, place)
                  JOIN pg_catalog.pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = part.attnum
                  ORDER BY part.place),
           ARRAY (SELECT a.attname::text
                  FROM pg_catalog.unnest(f.confkey) WITH ORDINALITY part (attnum, place)
                  JOIN pg_catalog.pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = part.attnum
                  ORDER BY part.place)
    FROM pg_catalog.pg_constraint f
    JOIN pg_catalog.pg_class c ON c.oid = f.confrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE f.contype = 'f' AND f.convalidated AND f.conparentid = 0 AND f.conrelid = ANY ($1)
    ORDER BY f.conrelid, pg_catalog.cardinality(f.conkey), f.conname";

/// What the catalogue of a database says of the wanted tables, each to the role that reads it. More than [`TABLES_MAX`] are
/// refused.
pub async fn survey(from: &Name, spec: &PostgresSpec, login: &Login, wanted: &Wanted) -> Result<Survey, SourceError> {
    let roles = Roles::of(from, spec, login).await?;
    let mut survey = Survey::default();
    for (place, role) in roles.all().enumerate() {
        let (mut connection, _) = exporter::open(from, &role.spec, &role.login, Waits::ForRoom).await?;
        answered(from, "looking at the role", powers::refuse(from, &role.spec, &mut connection)).await?;
        let looked = async {
            let found = look(&mut connection, wanted, (&roles, place)).await;
            found.map_err(|error| fault(from, &error, During::Table("the catalogue")))
        };
        let found = answered(from, "reading the catalogue", looked).await?;
        survey.tables.extend(found.tables);
        survey.forbidden += found.forbidden;
    }
    survey.tables.sort_by(|one, other| one.name.cmp(&other.name));
    if survey.tables.len() + survey.forbidden > TABLES_MAX {
        let what = format!("a choice of {TABLES_MAX} tables or fewer");
        let hint = Some("there are more; choose with --schema and --table".to_owned());
        return Err(SourceError::NotThere { what, hint });
    }
    Ok(survey)
}

/// What a query gives: the columns that can be read, and the others with the server's word for their type. Reads no row.
pub async fn described(
    from: &Name,
    spec: &PostgresSpec,
    login: &Login,
    file: &str,
    sql: &str,
) -> Result<(Vec<ReadableColumn>, Vec<(String, Option<String>)>), SourceError> {
    let (mut connection, _) = exporter::open(from, spec, login, Waits::ForRoom).await?;
    answered(from, "looking at the role", powers::refuse(from, spec, &mut connection)).await?;
    let rows = Rows::Query { file: file.to_owned(), sql: sql.to_owned() };
    let what = what(&rows);
    let looked = async {
        let found = catalog::query_columns(&mut connection, sql).await;
        found.map_err(|error| fault(from, &error, during(&rows, &what)))
    };
    let (mut readable, mut unreadable) = (Vec::new(), Vec::new());
    for column in answered(from, "looking at the query", looked).await? {
        match declared(&column.word, |to| column.read_as(to).is_some()) {
            Some((column_type, fit)) => {
                readable.push(ReadableColumn { name: column.name, column_type, fit, nullable: true, comment: None });
            }
            None => unreadable.push((column.name, Some(column.word))),
        }
    }
    Ok((readable, unreadable))
}

/// The wanted tables of schemas that the role at `place` reads.
async fn look(
    connection: &mut PgConnection,
    wanted: &Wanted,
    (roles, place): (&Roles, usize),
) -> Result<Survey, sqlx::Error> {
    let limit = TABLES_MAX as i64 + 1;
    let rows = sqlx::query(TABLES).bind(&wanted.schemas).bind(&wanted.tables).bind(limit);
    let rows = failpoint::around("database.survey", rows.fetch_all(&mut *connection)).await?;
    let mut tables = BTreeMap::new();
    let mut forbidden = 0;
    for row in &rows {
        let name = TableName { schema: row.try_get(1)?, table: row.try_get(2)? };
        if roles.of_schema(&name.schema) != place {
            continue;
        }
        if !row.try_get::<bool, _>(4)? {
            forbidden += 1;
            continue;
        }
        tables.insert(oid(row)?, empty(name, row.try_get(3)?));
    }
    let oids: Vec<sqlx::postgres::types::Oid> = tables.keys().map(|oid| sqlx::postgres::types::Oid(*oid)).collect();
    let mut described: BTreeMap<u32, Vec<PgRow>> = BTreeMap::new();
    let columns = sqlx::query(COLUMNS).bind(&oids).fetch_all(&mut *connection);
    for row in failpoint::around("database.survey", columns).await? {
        described.entry(oid(&row)?).or_default().push(row);
    }
    for (oid, rows) in described {
        let Some(table) = tables.get_mut(&oid) else { continue };
        let found = catalog::columns(connection, &table.name).await?;
        for row in rows {
            column(table, &found, &row)?;
        }
    }
    let keys = sqlx::query(KEYS).bind(&oids).fetch_all(&mut *connection);
    for row in failpoint::around("database.survey", keys).await? {
        let Some(table) = tables.get_mut(&oid(&row)?) else { continue };
        let columns: Vec<String> = row.try_get(1)?;
        let is_readable = |name: &String| table.columns.iter().any(|column| column.name == *name);
        if table.key == FoundKey::None && !columns.is_empty() && columns.iter().all(is_readable) {
            table.key = FoundKey::Columns(columns);
        }
    }
    let references = sqlx::query(REFERENCES).bind(&oids).fetch_all(connection);
    for row in failpoint::around("database.survey", references).await? {
        let Some(table) = tables.get_mut(&oid(&row)?) else { continue };
        let other = TableName { schema: row.try_get(1)?, table: row.try_get(2)? };
        table.references.push(FoundReference { columns: row.try_get(3)?, table: other, to: row.try_get(4)? });
    }
    Ok(Survey { tables: tables.into_values().collect(), forbidden })
}

fn oid(row: &PgRow) -> Result<u32, sqlx::Error> {
    row.try_get::<sqlx::postgres::types::Oid, _>(0).map(|oid| oid.0)
}

fn empty(name: TableName, comment: Option<String>) -> FoundTable {
    let (columns, unreadable, references) = (Vec::new(), Vec::new(), Vec::new());
    FoundTable { name, comment, columns, unreadable, key: FoundKey::None, references }
}

/// Adds the column of `row` to its table.
fn column(table: &mut FoundTable, found: &[catalog::SourceColumn], row: &PgRow) -> Result<(), sqlx::Error> {
    let name: String = row.try_get(1)?;
    let word: Option<String> = row.try_get(2)?;
    let word = word.unwrap_or_default();
    if !row.try_get::<bool, _>(5)? {
        table.unreadable.push((name, None));
        return Ok(());
    }
    let own = found.iter().find(|column| column.name == name);
    match declared(&word, |to| own.is_some_and(|column| column.read_as(to).is_some())) {
        Some((column_type, fit)) => {
            let (nullable, comment) = (row.try_get(3)?, row.try_get(4)?);
            table.columns.push(ReadableColumn { name, column_type, fit, nullable, comment });
        }
        None => table.unreadable.push((name, Some(word))),
    }
    Ok(())
}
