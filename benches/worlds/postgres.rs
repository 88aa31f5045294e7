//! A world into a real PostgreSQL: its schema made anew, a first load by COPY, then transactions that change it to what the
//! extract is to show.
//!
//! Changes go through a staging table, so that the WAL holds real inserts, updates and deletes and a world of millions loads in
//! minutes. What stood in the schema before is gone.

use super::cell::{Cell, Row};
use super::life::{AFTER, LOADED};
use super::moment::Moments;
use super::table::Table;
use super::{Fault, World};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};

/// Bytes of rows that are sent at once.
const CHUNK_BYTES: usize = 1 << 20;

/// Loads the tables that `is_wanted` wants into `database`, which is made when it is not there. Gives the transactions.
pub async fn load(
    world: &World,
    admin: &PgConnectOptions,
    database: &str,
    is_wanted: &dyn Fn(&Table) -> bool,
) -> Result<Moments, Fault> {
    let mut connection = connect(admin, database).await?;
    let schema = world.name.word();
    let fresh = format!(
        "set client_min_messages = 'warning'; drop publication if exists nightferry_{schema}; \
         drop schema if exists {schema} cascade; {}",
        if world.is_logged { world.name.sql().to_owned() } else { unlogged(world.name.sql()) }
    );
    run(&mut connection, "make the tables", &fresh).await?;
    let tables: Vec<_> = world.tables.iter().filter(|table| is_wanted(table)).collect();
    let mut txids = [0; AFTER];
    for (moment, txid) in txids.iter_mut().enumerate() {
        run(&mut connection, "begin", "begin").await?;
        *txid = current_txid(&mut connection).await?;
        for table in &tables {
            let doing = format!("load `{}`", table.sketch.name);
            load_moment(&mut connection, table, moment).await.map_err(|source| Fault::Database { doing, source })?;
        }
        run(&mut connection, "commit", "commit").await?;
    }
    for table in &tables {
        run(&mut connection, "analyze", &format!("analyze {}", table.definition.quoted())).await?;
    }
    let closed = connection.close().await;
    closed.map_err(|source| Fault::Database { doing: "disconnect".into(), source })?;
    Ok(Moments::of(txids))
}

/// The tables that `sql` makes, not logged; such a table can be in no publication.
fn unlogged(sql: &str) -> String {
    let (tables, _) = sql.split_once("create publication").unwrap_or((sql, ""));
    tables.replace("create table ", "create unlogged table ")
}

async fn connect(admin: &PgConnectOptions, database: &str) -> Result<PgConnection, Fault> {
    let fault = |doing: &str| {
        let doing = doing.to_owned();
        move |source| Fault::Database { doing, source }
    };
    let mut server = admin.clone().database("postgres").connect().await.map_err(fault("connect"))?;
    let there = sqlx::query("select 1 from pg_database where datname = $1").bind(database);
    if there.fetch_optional(&mut server).await.map_err(fault("look for the database"))?.is_none() {
        run(&mut server, "make the database", &format!("create database \"{database}\"")).await?;
        // Everybody may make temporary tables in a new database, and a role that may is refused.
        let revoke = format!("revoke temporary on database \"{database}\" from public");
        run(&mut server, "revoke what everybody may do", &revoke).await?;
    }
    server.close().await.map_err(fault("disconnect"))?;
    admin.clone().database(database).connect().await.map_err(fault("connect to the database"))
}

async fn run(connection: &mut PgConnection, doing: &str, sql: &str) -> Result<(), Fault> {
    let ran = sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await;
    ran.map(drop).map_err(|source| Fault::Database { doing: doing.to_owned(), source })
}

async fn current_txid(connection: &mut PgConnection) -> Result<u64, Fault> {
    let asked = sqlx::query_scalar("select pg_current_xact_id()::text").fetch_one(connection).await;
    let txid = asked.and_then(|text: String| text.parse().map_err(|error| sqlx::Error::Decode(Box::new(error))));
    txid.map_err(|source| Fault::Database { doing: "ask for the transaction".into(), source })
}

async fn load_moment(connection: &mut PgConnection, table: &Table, moment: usize) -> Result<(), sqlx::Error> {
    let target = table.definition.quoted();
    let changes = || (0..table.indexes()).filter_map(|index| table.change(index, moment));
    if moment == LOADED {
        return copy(connection, &target, changes().filter_map(|change| change.after)).await;
    }
    let stage = format!("create temp table stage (like {target}) on commit drop");
    sqlx::raw_sql(AssertSqlSafe(stage.as_str())).execute(&mut *connection).await?;
    let gone = changes().filter(|change| change.after.is_none()).filter_map(|change| change.before);
    copy(connection, "stage", gone).await?;
    let key = &table.definition.key;
    let same = key.iter().map(|place| {
        let name = &table.definition.columns[*place].name;
        format!("target.\"{name}\" = stage.\"{name}\"")
    });
    let delete = format!("delete from {target} as target using stage where {}", same.collect::<Vec<_>>().join(" and "));
    sqlx::raw_sql(AssertSqlSafe(delete)).execute(&mut *connection).await?;
    sqlx::raw_sql("truncate stage").execute(&mut *connection).await?;
    copy(connection, "stage", changes().filter_map(|change| change.after)).await?;
    let others = (0..table.definition.columns.len()).filter(|place| !table.definition.is_key(*place));
    let set = others.map(|place| {
        let name = &table.definition.columns[place].name;
        format!("\"{name}\" = excluded.\"{name}\"")
    });
    let upsert = format!(
        "insert into {target} select * from stage on conflict ({}) do update set {}",
        table.definition.quoted_columns(key),
        set.collect::<Vec<_>>().join(", ")
    );
    sqlx::raw_sql(AssertSqlSafe(upsert)).execute(&mut *connection).await?;
    sqlx::raw_sql("drop table stage").execute(&mut *connection).await.map(drop)
}

async fn copy(connection: &mut PgConnection, target: &str, rows: impl Iterator<Item = Row>) -> Result<(), sqlx::Error> {
    let mut copying = connection.copy_in_raw(&format!("copy {target} from stdin")).await?;
    let (mut chunk, mut cell_text, mut sent) = (String::with_capacity(CHUNK_BYTES + 4096), String::new(), 0_u64);
    for row in rows {
        sent += 1;
        line(&mut chunk, &mut cell_text, &row).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
        if chunk.len() >= CHUNK_BYTES {
            copying.send(chunk.as_bytes()).await?;
            chunk.clear();
        }
    }
    copying.send(chunk.as_bytes()).await?;
    let taken = copying.finish().await?;
    if taken == sent { Ok(()) } else { Err(sqlx::Error::Protocol(format!("{taken} rows taken of {sent}"))) }
}

/// A row in COPY's text format.
fn line(out: &mut String, cell_text: &mut String, row: &Row) -> std::fmt::Result {
    for (place, cell) in row.iter().enumerate() {
        if place > 0 {
            out.push('\t');
        }
        if *cell == Cell::Null {
            out.push_str("\\N");
            continue;
        }
        cell_text.clear();
        cell.write(cell_text)?;
        if cell_text.bytes().any(|byte| matches!(byte, b'\\' | b'\t' | b'\n' | b'\r')) {
            for letter in cell_text.chars() {
                match letter {
                    '\\' => out.push_str("\\\\"),
                    '\t' => out.push_str("\\t"),
                    '\n' => out.push_str("\\n"),
                    '\r' => out.push_str("\\r"),
                    letter => out.push(letter),
                }
            }
        } else {
            out.push_str(cell_text);
        }
    }
    out.push('\n');
    Ok(())
}
