//! Everything before the first row of an extract: its columns held against the schema, the author's SQL prepared and
//! planned, its tables locked and looked at; then, where it is read, its rows divided.
//!
//! Never in here: the rows.

use super::catalog::{self, SourceColumn};
use super::divide::{self, Columns, Division};
use super::estimate::Estimate;
use super::exporter::Moment;
use super::fault::{During, fault};
use crate::data::drift::{Drift, FoundColumn, match_columns};
use crate::data::select::{Large, Part, Shown, bounded_cell, cell, quoted, select, select_part};
use crate::data::{Column, Extract, Name, Rows};
use crate::source::SourceError;
use crate::source::pgcopy::CopyColumn;
use sqlx::PgConnection;

/// An extract that can start.
#[derive(Debug)]
pub struct Table {
    /// The table or query file, for messages.
    pub what: String,
    /// What is asked.
    pub extract: Extract,
    /// The columns as they will come.
    pub columns: Vec<CopyColumn>,
    /// Columns that nobody classified and that are left out.
    pub withheld: Vec<String>,
    /// How many rows the server expects.
    pub rows_expected: Option<u64>,
    /// Its parts.
    pub division: Division,
    /// Its columns as they are named at the source.
    names: Vec<String>,
    /// The same as they are asked for, whole: what the server's estimates are made of, since it knows no width of a cut one.
    uncut: Vec<String>,
    /// The same as they are asked for.
    cells: Vec<String>,
    /// What its rows must meet beside the author's own condition.
    conditions: Vec<String>,
}

impl Table {
    /// Looks at what `extract` asks for, on a session of the group. Its locks stay until the group ends. Of a cell that is larger
    /// than `cell_bytes_max` it asks for a little more than that.
    pub async fn ready(
        from: &Name,
        connection: &mut PgConnection,
        extract: &Extract,
        cell_bytes_max: usize,
    ) -> Result<Self, SourceError> {
        let what = what(&extract.rows);
        let away = |error: sqlx::Error| fault(from, &error, during(&extract.rows, &what));
        let found = match &extract.rows {
            Rows::Table { table, .. } => {
                let found = catalog::columns(connection, table).await.map_err(away)?;
                if found.is_empty() {
                    let tables = catalog::tables(connection, table).await.map_err(away)?;
                    return Err(no_table(&what, &table.schema, &tables));
                }
                found
            }
            Rows::Query { sql, .. } => catalog::query_columns(connection, sql).await.map_err(away)?,
        };
        let (names, withheld) = choose(&found, extract, &what)?;
        let source_name = |wanted: &Name| {
            let place = extract.columns.iter().position(|column| column == wanted);
            place.and_then(|place| names.get(place)).map_or_else(|| quoted(wanted.as_str()), |name| quoted(name))
        };
        let conditions = extract.conditions(&source_name);
        let as_they_are: Vec<String> = names.iter().map(|name| quoted(name)).collect();
        let prepared =
            catalog::prepared(connection, &select(&as_they_are, &extract.rows, &conditions)).await.map_err(away)?;
        let (shown, columns) = copy_columns(&prepared, extract, &what)?;
        let may_be_large = match &extract.rows {
            Rows::Table { table, .. } => catalog::may_hold_large(connection, table).await.map_err(away)?,
            Rows::Query { .. } => true,
        };
        let uncut: Vec<String> = names.iter().zip(&shown).map(|(name, (shown, _))| cell(name, *shown)).collect();
        let cut = |((name, (shown, large)), whole): ((&&str, Asked), &String)| match large.filter(|_| may_be_large) {
            Some(large) => bounded_cell(name, shown, large, cell_bytes_max),
            None => whole.clone(),
        };
        let cells: Vec<String> = names.iter().zip(shown).zip(&uncut).map(cut).collect();
        let expected = hold(from, connection, extract, &select(&cells, &extract.rows, &conditions)).await?;
        let names = names.into_iter().map(str::to_owned).collect();
        Ok(Table {
            what,
            extract: extract.clone(),
            columns,
            withheld,
            rows_expected: expected.map(|expected| expected.rows as u64),
            division: Division::default(),
            names,
            uncut,
            cells,
            conditions,
        })
    }

    /// Divides it. A query's key may be asked for its smallest and largest value.
    pub async fn divide(
        &mut self,
        from: &Name,
        connection: &mut PgConnection,
        moment: &Moment,
    ) -> Result<(), SourceError> {
        let known =
            Columns { names: &self.names, cells: &self.uncut, conditions: &self.conditions, read: &self.columns };
        let divided = divide::divided(connection, &self.extract, known, moment).await;
        self.division = divided.map_err(|error| fault(from, &error, self.during()))?;
        Ok(())
    }

    /// Takes the locks of the session that looked at it for another as well, and looks whether it is still what the snapshot
    /// shows: the first may be gone before anybody knows, and its locks with it.
    pub async fn hold(&self, from: &Name, connection: &mut PgConnection) -> Result<(), SourceError> {
        hold(from, connection, &self.extract, &self.select(&Part::default())).await.map(|_| ())
    }

    /// Holds against the snapshot once more what is locked, before a part of the whole is read: a partition may be attached to a table
    /// that is being read, and later parts would have its rows. What is read for itself, or in one part, cannot change.
    pub async fn still(&self, from: &Name, connection: &mut PgConnection, part: &Part) -> Result<(), SourceError> {
        match part {
            Part { leaf: None, condition: Some(_) } => held(from, connection, &self.extract).await,
            _ => Ok(()),
        }
    }

    /// The SELECT of one part.
    pub fn select(&self, part: &Part) -> String {
        select_part(&self.cells, &self.extract.rows, &self.conditions, part)
    }

    /// What is being done while it is read.
    pub fn during(&self) -> During<'_> {
        during(&self.extract.rows, &self.what)
    }
}

/// Locks what `select` reads, and holds what it is now against the snapshot. What the server expects of it.
async fn hold(
    from: &Name,
    connection: &mut PgConnection,
    extract: &Extract,
    select: &str,
) -> Result<Option<Estimate>, SourceError> {
    let what = what(&extract.rows);
    let away = |error: sqlx::Error| fault(from, &error, during(&extract.rows, &what));
    let expected = catalog::planned(connection, select).await.map_err(away)?;
    held(from, connection, extract).await.map(|()| expected)
}

/// Holds what is locked against the snapshot.
async fn held(from: &Name, connection: &mut PgConnection, extract: &Extract) -> Result<(), SourceError> {
    let what = what(&extract.rows);
    let away = |error: sqlx::Error| fault(from, &error, during(&extract.rows, &what));
    let changed = |table: String, how: &str| {
        let during = format!("reading {what}: {table} {how} since the snapshot");
        Err(SourceError::Away { from: from.clone(), during, answer: None })
    };
    if let Some((table, how)) = divide::repartitioned(connection, &extract.rows).await.map_err(away)? {
        return changed(table, how);
    }
    match catalog::changed(connection).await.map_err(away)? {
        Some((table, how)) => changed(table, &how),
        None => Ok(()),
    }
}

/// The source's names of the wanted columns, and what is withheld.
fn choose<'a>(
    found: &'a [SourceColumn],
    extract: &Extract,
    what: &str,
) -> Result<(Vec<&'a str>, Vec<String>), SourceError> {
    let declared = |name: &str| {
        let is_it = |column: &&Column| column.is_spelt(name) || column.name.as_str() == name;
        extract.schema.columns.iter().find(is_it).map(|column| column.column_type)
    };
    let columns: Vec<_> = found
        .iter()
        .map(|column| {
            let reads = declared(&column.name).is_none_or(|to| column.read_as(to).is_some());
            FoundColumn { name: column.name.clone(), unreadable: (!reads).then(|| column.word.clone()) }
        })
        .collect();
    let matched = match_columns(&columns, &extract.schema, &extract.columns).map_err(|drift| drifted(what, &drift))?;
    Ok((matched.places.iter().map(|place| found[*place].name.as_str()).collect(), matched.withheld))
}

/// How a column is asked for, and cut where it is too large.
type Asked = (Shown, Option<Large>);

/// How each column is asked for and read: types once more, now that the tables are locked.
fn copy_columns(
    prepared: &[SourceColumn],
    extract: &Extract,
    what: &str,
) -> Result<(Vec<Asked>, Vec<CopyColumn>), SourceError> {
    let mut drift = Drift::default();
    let (mut shown, mut columns) = (Vec::new(), Vec::with_capacity(prepared.len()));
    for (name, found) in extract.columns.iter().zip(prepared) {
        let Some(column) = extract.schema.column(name.as_str()) else { return Err(changed(what)) };
        match found.read_as(column.column_type) {
            Some((how, wire)) => {
                shown.push((how, found.large(how)));
                columns.push(CopyColumn { name: name.to_string(), wire, declared: column.column_type });
            }
            None => drift.retyped.push((name.to_string(), found.word.clone(), column.column_type.to_string())),
        }
    }
    if drift == Drift::default() { Ok((shown, columns)) } else { Err(drifted(what, &drift)) }
}

/// The table or query file, for messages.
pub fn what(rows: &Rows) -> String {
    match rows {
        Rows::Table { table, .. } => table.to_string(),
        Rows::Query { file, .. } => file.clone(),
    }
}

/// What is being done while `rows` are read.
pub fn during<'a>(rows: &Rows, what: &'a str) -> During<'a> {
    if is_sql(rows) { During::Sql(what) } else { During::Table(what) }
}

fn is_sql(rows: &Rows) -> bool {
    !matches!(rows, Rows::Table { filter: None, .. })
}

fn drifted(what: &str, drift: &Drift) -> SourceError {
    SourceError::Drift { table: what.to_owned(), drift: drift.to_string() }
}

/// Another shape than a moment ago.
pub fn changed(what: &str) -> SourceError {
    SourceError::Drift { table: what.to_owned(), drift: "its columns changed while they were being read".into() }
}

fn no_table(what: &str, schema: &str, tables: &[String]) -> SourceError {
    let hint = match tables {
        [] => format!("there is no table in a schema `{schema}`"),
        tables => {
            let names: Vec<_> = tables.iter().map(|table| format!("`{table}`")).collect();
            format!("`{schema}` has {}", names.join(", "))
        }
    };
    SourceError::NotThere { what: format!("table {what}"), hint: Some(hint) }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::data::{OnNewColumn, Schema, TableName};
    use std::sync::Arc;

    /// A table in so many parts.
    pub fn table(parts: usize) -> Table {
        let name = Name::new("thing").expect("a name");
        let rows = Rows::Table { table: TableName { schema: "app".into(), table: "thing".into() }, filter: None };
        let schema = Schema {
            name: name.clone(),
            description: String::new(),
            key: Vec::new(),
            on_new_column: OnNewColumn::Stop,
            suppress_rows: Default::default(),
            risk: Default::default(),
            small_cells: Default::default(),
            columns: Vec::new(),
        };
        Table {
            what: what(&rows),
            extract: Extract {
                dataset: name,
                rows,
                schema: Arc::new(schema),
                columns: Vec::new(),
                within: None,
                since: None,
                batch_rows_max: 1,
            },
            columns: Vec::new(),
            withheld: Vec::new(),
            rows_expected: None,
            division: Division { parts: vec![Part::default(); parts], is_of_one_session: false },
            names: Vec::new(),
            uncut: Vec::new(),
            cells: Vec::new(),
            conditions: Vec::new(),
        }
    }
}
