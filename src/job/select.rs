//! The SELECT that a plan shows: what a PostgreSQL source is asked, so far as the files tell it.

use crate::data::{Column, Extract, Rows};

/// The query, a column by its first spelling; at run time it is the spelling that is there.
///
/// A query file names its columns itself, most often as the warehouse does: its column is the first of the warehouse's name
/// and the spellings that the text has as a word.
pub fn select(extract: &Extract) -> String {
    let columns = extract.columns.iter().map(|name| {
        let spelling = extract.schema.column(name.as_str()).and_then(|column| spelling(column, &extract.rows));
        quoted(spelling.unwrap_or(name.as_str()))
    });
    let columns = columns.collect::<Vec<_>>().join(", ");
    let select = match &extract.rows {
        Rows::Table { table, filter } => {
            let from = format!("{}.{}", quoted(&table.schema), quoted(&table.table));
            let filter = filter.as_ref().map(|filter| format!(" WHERE (\n{}\n)", trimmed(&filter.postgres())));
            format!("SELECT {columns} FROM {from}{}", filter.unwrap_or_default())
        }
        Rows::Query { sql, .. } => format!("SELECT {columns} FROM (\n{}\n) AS q", trimmed(sql)),
    };
    match &extract.within {
        Some(within) => {
            let column = extract.schema.column(within.by.as_str()).and_then(|column| spelling(column, &extract.rows));
            within.select(&select, &quoted(column.unwrap_or(within.by.as_str())))
        }
        None => select,
    }
}

fn spelling<'a>(column: &'a Column, rows: &Rows) -> Option<&'a str> {
    let own = column.name.as_str();
    match rows {
        Rows::Table { .. } => column.source.first().map(String::as_str),
        Rows::Query { sql, .. } => {
            let has = |name: &&str| has_word(sql, name);
            std::iter::once(own).chain(column.source.iter().map(String::as_str)).find(has).or(Some(own))
        }
    }
}

fn has_word(sql: &str, name: &str) -> bool {
    let is_inside = |c: char| c.is_alphanumeric() || c == '_';
    sql.match_indices(name)
        .any(|(at, _)| !sql[..at].ends_with(is_inside) && !sql[at + name.len()..].starts_with(is_inside))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Without the semicolon that a query file may end with.
fn trimmed(sql: &str) -> &str {
    let sql = sql.trim();
    sql.strip_suffix(';').unwrap_or(sql).trim_end()
}
