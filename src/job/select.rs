//! The SELECT that a plan shows: what a PostgreSQL source is asked, so far as the files tell it. Its form is `data::select`'s.

use crate::data::{Column, Extract, Name, Rows, select};

/// The query, a column by its first spelling; at run time it is the spelling that is there.
///
/// A query file names its columns itself, most often as the warehouse does: its column is the first of the warehouse's name
/// and the spellings that the text has as a word.
pub fn select(extract: &Extract) -> String {
    let column = |name: &Name| {
        let spelling = extract.schema.column(name.as_str()).and_then(|column| spelling(column, &extract.rows));
        select::quoted(spelling.unwrap_or(name.as_str()))
    };
    let columns: Vec<String> = extract.columns.iter().map(&column).collect();
    select::select(&columns, &extract.rows, &extract.conditions(&column))
}

fn spelling<'a>(column: &'a Column, rows: &Rows) -> Option<&'a str> {
    let own = column.name.as_str();
    match rows {
        Rows::Table { .. } => column.source.first().map(String::as_str),
        Rows::Query { sql, .. } => {
            let has = |name: &&str| select::has_word(sql, name);
            std::iter::once(own).chain(column.source.iter().map(String::as_str)).find(has).or(Some(own))
        }
    }
}
