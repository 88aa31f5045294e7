//! `fixtures/<world>/tables.sql` -> the tables' columns and keys: the one place that names them.
//!
//! Reads the plain statements of those two files, a column a line, and no SQL beyond them.

use super::Fault;

/// A table as its `create table` defines it.
#[derive(Clone, Debug)]
pub struct Definition {
    /// Its schema, which bears the world's name.
    pub schema: String,
    /// Its name.
    pub table: String,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// Places of the primary key's columns.
    pub key: Vec<usize>,
    /// Whether the WAL, and so the topic, carries whole earlier rows (`replica identity full`).
    pub whole_before: bool,
}

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name, as the database spells it.
    pub name: String,
    /// Its type, as the file spells it.
    pub sql_type: String,
    /// Whether it may be NULL.
    pub nullable: bool,
}

impl Definition {
    /// Place of a column.
    pub fn place(&self, column: &str) -> Result<usize, Fault> {
        let place = self.columns.iter().position(|known| known.name == column);
        place.ok_or_else(|| Fault::Definition { what: format!("{}.{column}", self.table) })
    }

    /// `"schema"."table"`
    pub fn quoted(&self) -> String {
        format!("\"{}\".\"{}\"", self.schema, self.table)
    }

    /// The columns at `places`, quoted and separated by commas.
    pub fn quoted_columns(&self, places: &[usize]) -> String {
        places.iter().map(|place| format!("\"{}\"", self.columns[*place].name)).collect::<Vec<_>>().join(", ")
    }

    /// Whether the column at `place` is of the primary key.
    pub fn is_key(&self, place: usize) -> bool {
        self.key.contains(&place)
    }
}

/// The table named `table` in `sql`.
pub fn definition(sql: &str, table: &str) -> Result<Definition, Fault> {
    let not_there = || Fault::Definition { what: table.to_owned() };
    let mut lines = sql.lines();
    let name = lines.find_map(|line| {
        let name = line.strip_prefix("create table ")?.strip_suffix(" (")?;
        name.ends_with(&format!(".{table}")).then_some(name)
    });
    let (schema, _) = name.and_then(|name| name.split_once('.')).ok_or_else(not_there)?;
    let mut definition = Definition {
        schema: schema.to_owned(),
        table: table.to_owned(),
        columns: Vec::new(),
        key: Vec::new(),
        whole_before: sql.contains(&format!("alter table {schema}.{table} replica identity full;")),
    };
    for line in lines.map(str::trim).take_while(|line| *line != ");") {
        match line.strip_prefix("primary key (") {
            Some(key) => {
                let names = key.trim_end_matches(')').split(", ").map(|name| name.trim_matches('"'));
                definition.key = names.map(|name| definition.place(name)).collect::<Result<_, _>>()?;
            }
            None => definition.columns.push(column(line).ok_or_else(not_there)?),
        }
    }
    Ok(definition)
}

/// `"Settlement_Run_Type"  char(3) not null,`
fn column(line: &str) -> Option<Column> {
    let (name, rest) = line.trim_end_matches(',').strip_prefix('"')?.split_once('"')?;
    let rest = rest.trim();
    let sql_type = rest.strip_suffix(" not null").unwrap_or(rest);
    Some(Column { name: name.to_owned(), sql_type: sql_type.to_owned(), nullable: sql_type == rest })
}
