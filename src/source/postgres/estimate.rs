//! What the server expects of a SELECT, without running it: its cost, its size, and whether it may be read by any session.
//!
//! Never in here: what is decided by it.

use crate::failpoint;
use sqlx::{AssertSqlSafe, PgConnection, Row};

/// The server's estimate of a SELECT.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// In the server's own unit.
    pub cost: f64,
    /// How many rows it gives.
    pub rows: f64,
    /// Of all its rows.
    pub bytes: f64,
}

/// What is different in every session, though they share a snapshot: the time that their transactions began, the clock and
/// chance, and another server's tables, of which each has a snapshot of its own there.
const OF_ONE_SESSION: [&str; 14] = [
    "now()",
    "current_date",
    "current_time",
    "localtime",
    "transaction_timestamp()",
    "statement_timestamp()",
    "clock_timestamp()",
    "timeofday()",
    "age(",
    "random(",
    "gen_random_uuid()",
    "pg_backend_pid()",
    "currval(",
    "foreign scan",
];

/// Words that become the time as soon as the SQL is read, so that no plan shows them.
const TIMES: [&str; 4] = ["'now'", "'today'", "'yesterday'", "'tomorrow'"];

/// The estimate; `None` where the server's line is not understood.
pub async fn estimate(connection: &mut PgConnection, select: &str) -> Result<Option<Estimate>, sqlx::Error> {
    Ok(plan(connection, "EXPLAIN", select).await?.first().and_then(|line| read(line)))
}

/// Whether what `select` gives depends on the session that reads it, so far as its plan and the author's `sql` show.
pub async fn is_of_one_session(connection: &mut PgConnection, select: &str, sql: &str) -> Result<bool, sqlx::Error> {
    let plan = plan(connection, "EXPLAIN (VERBOSE)", select).await?.join("\n").to_lowercase();
    let sql = sql.to_lowercase();
    Ok(OF_ONE_SESSION.iter().any(|word| plan.contains(word)) || TIMES.iter().any(|word| sql.contains(word)))
}

async fn plan(connection: &mut PgConnection, how: &str, select: &str) -> Result<Vec<String>, sqlx::Error> {
    let query = sqlx::raw_sql(AssertSqlSafe(format!("{how} {select}")));
    let rows = failpoint::around("database.plan", query.fetch_all(connection)).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// `Seq Scan on t  (cost=0.00..155.00 rows=10000 width=8)`.
fn read(line: &str) -> Option<Estimate> {
    let after = |word: &str| line.split_once(word).map(|(_, rest)| rest.split([' ', ')']).next().unwrap_or(""));
    let number = |word: &str| after(word).and_then(|number| number.parse::<f64>().ok());
    let rows = number("rows=")?;
    Some(Estimate { cost: number("..")?, rows, bytes: rows * number("width=")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_first_line_of_a_plan() {
        let line = "Seq Scan on parted_low parted_1  (cost=0.29..2650.00 rows=10 width=6)";
        assert_eq!(read(line), Some(Estimate { cost: 2650.0, rows: 10.0, bytes: 60.0 }));
        assert_eq!(read("Seq Scan on t"), None);
    }
}
