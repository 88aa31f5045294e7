//! The SQL that an extract sends: names quoted, the author's own SQL set in brackets.
//!
//! Pure. The whole SELECT is prepared on its own before it goes into a COPY: what parses as one statement is balanced,
//! so nothing in it can close the brackets around it.

use crate::data::{Rows, TableName};

/// A name as an SQL identifier.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The columns of a query, before any is chosen.
pub fn whole_query(sql: &str) -> String {
    format!("SELECT * FROM (\n{}\n) AS q", trimmed(sql))
}

/// The rows of an extract: the source's `columns`, in that order.
pub fn select(columns: &[&str], rows: &Rows) -> String {
    let columns = columns.iter().map(|column| quoted(column)).collect::<Vec<_>>().join(", ");
    match rows {
        Rows::Table { table, filter: None } => format!("SELECT {columns} FROM {}", quoted_table(table)),
        // The line end keeps a comment at the filter's end from taking the bracket with it.
        Rows::Table { table, filter: Some(filter) } => {
            format!("SELECT {columns} FROM {} WHERE (\n{}\n)", quoted_table(table), trimmed(&filter.postgres()))
        }
        Rows::Query { sql, .. } => format!("SELECT {columns} FROM (\n{}\n) AS q", trimmed(sql)),
    }
}

/// The COPY of a SELECT.
pub fn copy(select: &str) -> String {
    format!("COPY (\n{select}\n) TO STDOUT (FORMAT binary)")
}

fn quoted_table(table: &TableName) -> String {
    format!("{}.{}", quoted(&table.schema), quoted(&table.table))
}

/// Without the semicolon that a query file may end with.
fn trimmed(sql: &str) -> &str {
    let sql = sql.trim();
    sql.strip_suffix(';').unwrap_or(sql).trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Condition;

    fn table(filter: Option<&str>) -> Rows {
        let table = TableName { schema: "settlements".into(), table: "we\"ird; drop table x;--".into() };
        let filter = filter.and_then(|filter| Condition::read(filter).bind(|_| None));
        Rows::Table { table, filter }
    }

    #[test]
    fn quotes_names_so_that_they_stay_names() {
        assert_eq!(
            select(&["CfD_ID", "a\"b"], &table(None)),
            "SELECT \"CfD_ID\", \"a\"\"b\" FROM \"settlements\".\"we\"\"ird; drop table x;--\""
        );
    }

    #[test]
    fn keeps_a_comment_from_swallowing_the_bracket() {
        let sql = select(&["a"], &table(Some("a > 1 -- all of them;\n")));
        assert!(sql.ends_with("WHERE (\na > 1 -- all of them\n)"), "{sql}");
        let query = Rows::Query { file: "jobs/sql/q.sql".into(), sql: "select 1 as a;\n".into() };
        assert_eq!(select(&["a"], &query), "SELECT \"a\" FROM (\nselect 1 as a\n) AS q");
    }
}
