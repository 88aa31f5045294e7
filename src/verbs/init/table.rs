//! One table of a catalogue -> the text of its schema file.
//!
//! Pure.

use super::guess::{guess, is_one_value};
use super::names::{snake, unique};
use crate::data::{Class, ColumnType, Name, TableName};
use crate::job::can_point;
use crate::source::{Fit, FoundKey, FoundReference, FoundTable, ReadableColumn};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Longest column name that every warehouse reader takes.
const COLUMN_NAME_MAX: usize = 32;
/// Longest comment of the source that is taken over, in characters.
const COMMENT_MAX: usize = 300;

/// A table with the names that it and its columns get.
pub struct Named<'a> {
    /// The table.
    pub table: &'a FoundTable,
    /// The dataset and its schema.
    pub name: Name,
    /// Its columns' names, in their order.
    pub columns: Vec<Name>,
}

/// A foreign key between two tables that are drafted, in the names that they get.
pub struct ForeignKey {
    /// The columns.
    pub columns: Vec<Name>,
    /// The other dataset, and its schema.
    pub to: Name,
    /// The columns there, in the order of these.
    pub key: Vec<Name>,
    /// Whether a check can look the values up there.
    pub is_checkable: bool,
}

/// Whether pseudonyms can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tokens {
    /// The environment has a key for them.
    Keyed,
    /// It has none.
    None,
}

/// Names for the columns of a table. A column whose own name will do keeps it; no other may have it.
pub fn named(table: &FoundTable, name: Name) -> Option<Named<'_>> {
    let fits = |column: &&ReadableColumn| column.name.len() <= COLUMN_NAME_MAX && Name::new(&column.name).is_ok();
    let mut taken: BTreeSet<String> = table.columns.iter().filter(fits).map(|column| column.name.clone()).collect();
    taken.extend(table.columns.iter().map(|column| column.name.clone()));
    let mut name_of = |column: &ReadableColumn| match fits(&column) {
        true => Name::new(&column.name).ok(),
        false => unique(&snake(&column.name, COLUMN_NAME_MAX), COLUMN_NAME_MAX, &mut taken),
    };
    let columns = table.columns.iter().map(&mut name_of).collect::<Option<Vec<_>>>()?;
    Some(Named { table, name, columns })
}

/// A column's class, and what about: a guess.
fn classed(of: &Named<'_>, place: usize) -> (Class, Option<&'static str>) {
    let column_type = of.table.columns[place].column_type;
    let guess = guess(of.name.as_str(), of.columns[place].as_str(), column_type);
    (guess.class, guess.kind)
}

impl Named<'_> {
    /// The columns of its key, as places: the source's, or every column that is never NULL and can tell rows apart; none where
    /// there is nothing of the sort.
    pub fn key(&self) -> Vec<usize> {
        let columns = &self.table.columns;
        match &self.table.key {
            FoundKey::Columns(key) => {
                key.iter().filter_map(|key| columns.iter().position(|column| column.name == *key)).collect()
            }
            FoundKey::None => (0..columns.len()).filter(|place| may_be_key(&columns[*place])).collect(),
        }
    }

    /// Whether analysts would see anything of it.
    pub fn shows_something(&self, tokens: Tokens) -> bool {
        (0..self.columns.len()).any(|place| {
            let (class, kind) = classed(self, place);
            !is_delicate(class) || self.pseudonym(place, kind, tokens).is_some()
        })
    }

    /// The domain of the pseudonyms that a delicate key column gets, so that rows can still be told apart and joined.
    fn pseudonym(&self, place: usize, kind: Option<&'static str>, tokens: Tokens) -> Option<&'static str> {
        use ColumnType::{Bigint, Integer, Smallint};
        let column_type = self.table.columns[place].column_type;
        let takes = column_type.is_text() || matches!(column_type, Smallint | Integer | Bigint);
        let wanted = tokens == Tokens::Keyed && takes && self.key().contains(&place);
        if wanted { kind } else { None }
    }

    /// The schema file's text. `drafted` are the tables that a reference may point at.
    pub fn schema(&self, source: &Name, drafted: &BTreeMap<&TableName, &Named<'_>>, tokens: Tokens) -> String {
        let FoundTable { name, comment, unreadable, key, .. } = self.table;
        let mut out = format!(
            "# Drafted from the catalogue of source `{source}`. Each class is a guess from names and types: look at every column, then take its\n# `confirmed = false` out. Nothing runs before.\n"
        );
        let description = comment.as_deref().map(plain).filter(|comment| !comment.is_empty());
        let description = description.unwrap_or_else(|| format!("Rows of {}.", plain(&name.to_string())));
        let _ = writeln!(out, "description = {}", text(&description));
        if *key == FoundKey::None {
            out.push_str("# The source has no key: these are the columns that are never NULL. Two rows that are alike in all of them end the run.\n");
        }
        let names: Vec<_> = self.key().into_iter().map(|place| text(self.columns[place].as_str())).collect();
        let _ = writeln!(out, "key = [{}]", names.join(", "));
        for (column, word) in unreadable {
            let why =
                word.as_ref().map_or("the role may not read it".into(), |word| format!("its type is {}", plain(word)));
            let _ = writeln!(out, "# not read: {}: {why}", plain(column));
        }
        let on_new_column = if unreadable.is_empty() { "stop" } else { "withhold" };
        let _ = writeln!(out, "on_new_column = \"{on_new_column}\"");
        let foreign = self.foreign_keys(drafted);
        out.push_str(&of_several_columns(&foreign));
        out.push_str("\n[columns]\n");
        let width = self.columns.iter().map(|column| column.as_str().len()).max().unwrap_or(0);
        for place in 0..self.columns.len() {
            if self.table.columns[place].fit == Fit::Guess {
                out.push_str("# The source says nothing of its digits that would fit: a value that this does not hold is a bad row.\n");
            }
            let _ = writeln!(out, "{:<width$} = {}", self.columns[place], self.column(place, &foreign, tokens));
        }
        out
    }

    fn column(&self, place: usize, foreign: &[ForeignKey], tokens: Tokens) -> String {
        let (column, name) = (&self.table.columns[place], &self.columns[place]);
        let (class, kind) = classed(self, place);
        let mut out = format!("{{ type = {}, class = \"{class}\"", text(&column.column_type.to_string()));
        if column.nullable && !self.key().contains(&place) {
            out.push_str(", nullable = true");
        }
        if column.name != name.as_str() {
            let _ = write!(out, ", source = {}", text(&column.name));
        }
        if let Some(kind) = kind {
            let _ = write!(out, ", kind = \"{kind}\"");
        }
        let description = column.comment.as_deref().map(plain).filter(|comment| !comment.is_empty());
        if let Some(description) = description {
            let _ = write!(out, ", description = {}", text(&description));
        }
        // Of several columns each may point at one that is no key by itself.
        let of_it =
            |foreign: &&ForeignKey| foreign.is_checkable && matches!(foreign.columns.as_slice(), [one] if one == name);
        if let Some(ForeignKey { to, key, .. }) = foreign.iter().find(of_it) {
            let key = key.iter().map(Name::as_str).collect::<String>();
            let _ = write!(out, ", references = {{ schema = \"{to}\", column = \"{key}\" }}");
        }
        if let Some(domain) = self.pseudonym(place, kind, tokens).filter(|_| is_delicate(class)) {
            let _ = write!(out, ", treat = {{ analytics = {{ hmac = \"{domain}\" }} }}");
        }
        out.push_str(", confirmed = false }");
        out
    }

    /// Its foreign keys whose other table is drafted too, those of one column first: of each column one, and of several columns one
    /// to each table.
    pub fn foreign_keys(&self, drafted: &BTreeMap<&TableName, &Named<'_>>) -> Vec<ForeignKey> {
        let mut found: Vec<ForeignKey> = Vec::new();
        for reference in &self.table.references {
            let Some(foreign) = drafted.get(&reference.table).and_then(|other| self.foreign_key(reference, other))
            else {
                continue;
            };
            let is_told = |told: &ForeignKey| {
                told.columns == foreign.columns && (foreign.columns.len() == 1 || told.to == foreign.to)
            };
            if !found.iter().any(is_told) {
                found.push(foreign);
            }
        }
        found
    }

    /// A foreign key in the names that both tables get; `None` where one of its columns is not read.
    fn foreign_key(&self, reference: &FoundReference, other: &Named<'_>) -> Option<ForeignKey> {
        let ours = reference.columns.iter().map(|name| self.place_of(name)).collect::<Option<Vec<_>>>()?;
        let theirs = reference.to.iter().map(|name| other.place_of(name)).collect::<Option<Vec<_>>>()?;
        let can = |(ours, theirs): (&usize, &usize)| {
            can_point(self.table.columns[*ours].column_type, other.table.columns[*theirs].column_type)
        };
        Some(ForeignKey {
            columns: ours.iter().map(|place| self.columns[*place].clone()).collect(),
            to: other.name.clone(),
            key: theirs.iter().map(|place| other.columns[*place].clone()).collect(),
            is_checkable: ours.iter().zip(&theirs).all(can),
        })
    }

    /// The place of a column of the source.
    fn place_of(&self, source: &str) -> Option<usize> {
        self.table.columns.iter().position(|column| column.name == source)
    }
}

/// The `references` of a schema: a line for each foreign key of several columns; a comment for what no check could look up.
fn of_several_columns(foreign: &[ForeignKey]) -> String {
    let (mut lines, mut comments) = (String::new(), String::new());
    for ForeignKey { columns, to, key, is_checkable } in foreign {
        let (names, key) = (list(columns), list(key));
        let _ = match (*is_checkable, columns.len()) {
            (false, _) => writeln!(
                comments,
                "# a foreign key that no check can look up, since equal values may be written otherwise there: {names} point at {key} of {to}"
            ),
            (true, 1) => Ok(()),
            (true, _) => writeln!(lines, "    {{ columns = {names}, schema = \"{to}\", key = {key} }},"),
        };
    }
    match lines.is_empty() {
        true => comments,
        false => format!("{comments}references = [\n{lines}]\n"),
    }
}

/// A TOML list of names.
pub fn list(names: &[Name]) -> String {
    format!("[{}]", names.iter().map(|name| text(name.as_str())).collect::<Vec<_>>().join(", "))
}

fn is_delicate(class: Class) -> bool {
    matches!(class, Class::Personal | Class::Sensitive)
}

fn may_be_key(column: &ReadableColumn) -> bool {
    let is_inexact = matches!(column.column_type, ColumnType::Real | ColumnType::Double);
    !column.nullable && is_one_value(column.column_type) && !is_inexact
}

/// A comment as one line of printable text, no longer than [`COMMENT_MAX`].
pub fn plain(comment: &str) -> String {
    let words: Vec<&str> = comment.split(|sign: char| sign.is_whitespace() || sign.is_control()).collect();
    let line = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    line.chars().take(COMMENT_MAX).collect()
}

/// A TOML text.
pub fn text(value: &str) -> String {
    let mut out = String::from("\"");
    for sign in value.chars() {
        match sign {
            '"' | '\\' => out.extend(['\\', sign]),
            sign if sign.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(sign));
            }
            sign => out.push(sign),
        }
    }
    out.push('"');
    out
}
