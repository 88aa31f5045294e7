//! The SELECT of an extract, as a plan shows it and as PostgreSQL is sent it: names quoted, the author's own SQL set in
//! brackets. One text for both, so that what is run has the form of what was shown.
//!
//! The whole SELECT is prepared on its own before it goes into a COPY: what parses as one statement is balanced, so nothing
//! in it can close the brackets around it.
//!
//! Never in here: which spelling of a column is there, and how a table is divided among readers.

use super::{Rows, TableName};

/// A name as an SQL identifier.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// How a column is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// In its own binary form.
    AsItIs,
    /// As a `numeric`: of money, whose binary form counts a unit that only the server knows.
    Numeric,
    /// As the text that the server prints.
    Printed,
    /// The same by a cast, which takes the server about half the time where it is the same.
    Cast,
}

/// One column of a SELECT, under its own name.
pub fn cell(name: &str, shown: Shown) -> String {
    let name = quoted(name);
    match shown {
        Shown::AsItIs => name,
        Shown::Numeric => format!("{name}::pg_catalog.numeric AS {name}"),
        Shown::Cast => format!("{name}::pg_catalog.text AS {name}"),
        // `format` writes what psql does; a cast to text may not (an inet's adds its netmask). It writes NULL as '', and
        // `IS NULL` is true of a composite of NULLs, which is no NULL.
        Shown::Printed => {
            format!("CASE WHEN {name} IS DISTINCT FROM NULL THEN pg_catalog.format('%s', {name}) END AS {name}")
        }
    }
}

/// A value that the server is told to cut before it sends it, since all of a row comes in one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Large {
    /// Text of any length. Its size is known without fetching it.
    Text,
    /// `bytea`; the same.
    Bytes,
    /// Of another type, asked for as the text that the server prints.
    Printed,
    /// `json` or `jsonb`, by the function that makes one.
    Json(&'static str),
}

/// Bytes at rest from which on a value of another type is printed to learn its length: smaller ones stay in their table's own
/// pages, packed to a 255th at most.
const AT_REST_SMALL: usize = 2000;

/// [`cell`], no larger than a little more than `bytes_max`. One that is larger is sent cut, and still larger than `bytes_max`:
/// whoever reads it counts it as too large, and never takes it for the value.
pub fn bounded_cell(name: &str, shown: Shown, large: Large, bytes_max: usize) -> String {
    let (column, cut) = (quoted(name), bytes_max.saturating_add(1));
    let whole = cell(name, shown);
    let suffix = format!(" AS {column}");
    let value = whole.strip_suffix(&suffix).unwrap_or(&whole);
    let is_large_printed = |printed: &str| {
        format!(
            "pg_catalog.pg_column_size({column}) > {AT_REST_SMALL} AND pg_catalog.octet_length({printed}) > {bytes_max}"
        )
    };
    let (is_large, instead) = match large {
        Large::Text => {
            (format!("pg_catalog.octet_length({column}) > {bytes_max}"), format!("pg_catalog.left({column}, {cut})"))
        }
        Large::Bytes => (
            format!("pg_catalog.octet_length({column}) > {bytes_max}"),
            format!("pg_catalog.substr({column}, 1, {cut})"),
        ),
        Large::Printed => (is_large_printed(value), format!("pg_catalog.left({value}, {cut})")),
        Large::Json(make) => (
            is_large_printed(&format!("{column}::pg_catalog.text")),
            format!("pg_catalog.{make}(pg_catalog.repeat('x', {cut}))"),
        ),
    };
    format!("CASE WHEN {is_large} THEN {instead} ELSE {value} END{suffix}")
}

/// The columns of a query, before any is chosen.
pub fn whole_query(sql: &str) -> String {
    format!("SELECT * FROM (\n{}\n) AS q", trimmed(sql))
}

/// The columns of `select`, all NULL in one row, and none of its own rows read. It parses as one statement only if `select`
/// does.
pub fn columns_alone(select: &str) -> String {
    format!("SELECT q.* FROM (SELECT) AS one LEFT JOIN (\n{select}\n) AS q ON false")
}

/// A statement that parses only if [`columns_alone`] does, and tells nothing.
pub fn parses(select: &str) -> String {
    format!("SELECT 1 FROM (SELECT) AS one LEFT JOIN (\n{select}\n) AS q ON false")
}

/// A part of an extract's rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// The table that holds it, where one is read for itself: a partition, an heir, or the extract's own table without those.
    pub leaf: Option<TableName>,
    /// A condition on its rows, beside the author's own.
    pub condition: Option<String>,
}

/// The rows of an extract: the source's `columns` ([`cell`]), in that order, of the rows that meet all of `conditions`, which
/// are of our own making.
pub fn select(columns: &[String], rows: &Rows, conditions: &[String]) -> String {
    select_part(columns, rows, conditions, &Part::default())
}

/// The rows of a part of an extract.
pub fn select_part(columns: &[String], rows: &Rows, conditions: &[String], part: &Part) -> String {
    let columns = columns.join(", ");
    let (from, filter) = match (rows, &part.leaf) {
        (Rows::Table { table, filter }, None) => (quoted_table(table), filter.as_ref()),
        (Rows::Table { table, filter }, Some(leaf)) if leaf == table => {
            (format!("ONLY {}", quoted_table(table)), filter.as_ref())
        }
        // By the name of the whole, which the author's condition may use.
        (Rows::Table { table, filter }, Some(leaf)) => {
            (format!("ONLY {} AS {}", quoted_table(leaf), quoted(&table.table)), filter.as_ref())
        }
        (Rows::Query { sql, .. }, _) => (format!("(\n{}\n) AS q", trimmed(sql)), None),
    };
    // The line end keeps a comment at the filter's end from taking the bracket with it.
    let filter = filter.map(|filter| format!("(\n{}\n)", trimmed(&filter.postgres())));
    let all: Vec<String> = filter.into_iter().chain(conditions.iter().cloned()).chain(part.condition.clone()).collect();
    match all.as_slice() {
        [] => format!("SELECT {columns} FROM {from}"),
        conditions => format!("SELECT {columns} FROM {from} WHERE {}", conditions.join(" AND ")),
    }
}

/// Whether SQL has a word, or name, as one of its own.
pub fn has_word(sql: &str, word: &str) -> bool {
    let is_inside = |c: char| c.is_alphanumeric() || c == '_';
    sql.match_indices(word)
        .any(|(at, _)| !sql[..at].ends_with(is_inside) && !sql[at + word.len()..].starts_with(is_inside))
}

/// A table as SQL names it.
pub fn quoted_table(table: &TableName) -> String {
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
        Rows::Table { table, filter: filter.and_then(|filter| Condition::read(filter).bind(|_| None)) }
    }

    #[test]
    fn quotes_names_so_that_they_stay_names() {
        assert_eq!(
            select(&["CfD_ID", "a\"b"].map(quoted), &table(None), &[]),
            "SELECT \"CfD_ID\", \"a\"\"b\" FROM \"settlements\".\"we\"\"ird; drop table x;--\""
        );
    }

    #[test]
    fn asks_for_what_psql_prints_where_no_binary_form_is_read() {
        assert_eq!(cell("a\"b", Shown::Numeric), "\"a\"\"b\"::pg_catalog.numeric AS \"a\"\"b\"");
        let printed = "CASE WHEN \"a\" IS DISTINCT FROM NULL THEN pg_catalog.format('%s', \"a\") END AS \"a\"";
        assert_eq!(cell("a", Shown::Printed), printed);
        assert_eq!(cell("a", Shown::Cast), "\"a\"::pg_catalog.text AS \"a\"");
    }

    #[test]
    fn has_the_server_cut_what_is_too_large_to_be_sent() {
        for (shown, large, expected) in [
            (
                Shown::AsItIs,
                Large::Text,
                "CASE WHEN pg_catalog.octet_length(\"a\") > 9 THEN pg_catalog.left(\"a\", 10) ELSE \"a\" END AS \"a\"",
            ),
            (
                Shown::Cast,
                Large::Printed,
                "CASE WHEN pg_catalog.pg_column_size(\"a\") > 2000 AND pg_catalog.octet_length(\"a\"::pg_catalog.text) > 9 \
                 THEN pg_catalog.left(\"a\"::pg_catalog.text, 10) ELSE \"a\"::pg_catalog.text END AS \"a\"",
            ),
        ] {
            assert_eq!(bounded_cell("a", shown, large, 9), expected);
        }
    }

    #[test]
    fn narrows_what_the_author_asked_for_to_a_part_of_it() {
        let leaf = TableName { schema: "settlements".into(), table: "invoice_2026".into() };
        let part = |leaf| Part { leaf, condition: Some("ctid >= '(1,0)'".into()) };
        let invoice = TableName { schema: "settlements".into(), table: "invoice".into() };
        let rows = Rows::Table { table: invoice, filter: Condition::read("a > 1 OR b").bind(|_| None) };
        assert_eq!(
            select_part(&[quoted("a")], &rows, &["(b OR c)".into()], &part(Some(leaf))),
            "SELECT \"a\" FROM ONLY \"settlements\".\"invoice_2026\" AS \"invoice\" WHERE (\na > 1 OR b\n) AND (b OR c) AND ctid >= '(1,0)'"
        );
        let query = Rows::Query { file: "jobs/sql/q.sql".into(), sql: "select 1 as a".into() };
        assert_eq!(
            select_part(&[quoted("a")], &query, &[], &part(None)),
            "SELECT \"a\" FROM (\nselect 1 as a\n) AS q WHERE ctid >= '(1,0)'"
        );
    }

    #[test]
    fn keeps_a_comment_from_swallowing_the_bracket() {
        let sql = select(&[quoted("a")], &table(Some("a > 1 -- all of them;\n")), &[]);
        assert!(sql.ends_with("WHERE (\na > 1 -- all of them\n)"), "{sql}");
        let query = Rows::Query { file: "jobs/sql/q.sql".into(), sql: "select 1 as a;\n".into() };
        assert_eq!(select(&[quoted("a")], &query, &[]), "SELECT \"a\" FROM (\nselect 1 as a\n) AS q");
    }
}
