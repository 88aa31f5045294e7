//! What stands in a cell of an event, whatever its encoding; and a row of such cells by the schema's columns.
//!
//! Never in here: what a value means for a column (`cell`).

use super::scan::{Json, NotJson, Quoted, Scanner};
use crate::data::Column;
use std::collections::HashMap;

/// A cell of an event. No part of it is smaller than a word, as in [`Json`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Value<'a> {
    /// The event has no such field. Not the same as NULL.
    #[default]
    Absent,
    /// NULL.
    Null,
    /// A truth value.
    True,
    /// A truth value.
    False,
    /// A number in JSON, as written.
    Number(&'a str),
    /// A text in JSON, as written.
    Quoted(Quoted<'a>),
    /// An object or an array in JSON, as written.
    Nested(&'a str),
    /// A text.
    Text(&'a str),
    /// A whole number.
    Whole(i64),
    /// A number of four bytes, in eight.
    Float(f64),
    /// A number in eight bytes.
    Double(f64),
    /// Bytes.
    Bytes(&'a [u8]),
    /// A decimal of unscaled big-endian two's complement, and digits after its point.
    Decimal(&'a [u8], i64),
    /// Something that no column of ours can hold.
    Other,
}

impl From<bool> for Value<'_> {
    fn from(truth: bool) -> Self {
        if truth { Value::True } else { Value::False }
    }
}

impl<'a> From<Json<'a>> for Value<'a> {
    #[inline]
    fn from(json: Json<'a>) -> Self {
        match json {
            Json::Null => Value::Null,
            Json::True => Value::True,
            Json::False => Value::False,
            Json::Number(number) => Value::Number(number),
            Json::Text(text) => Value::Quoted(text),
            Json::Nested(nested) => Value::Nested(nested),
        }
    }
}

/// The names under which a field may come -> the columns that it fills, and how good the name is for each (0 the best).
#[derive(Debug)]
pub struct Names {
    by_name: HashMap<String, Vec<(usize, usize)>>,
    columns: usize,
    /// The fields of the last row, in their order: most rows have the same.
    last: Vec<(String, Vec<(usize, usize)>)>,
}

impl Names {
    /// Of these columns: their names at the source, in their order, then their own.
    pub fn new(columns: &[&Column]) -> Self {
        let mut by_name: HashMap<String, Vec<(usize, usize)>> = HashMap::new();
        for (place, column) in columns.iter().enumerate() {
            let names = column.source.iter().map(String::as_str).chain([column.name.as_str()]);
            for (rank, name) in names.enumerate() {
                by_name.entry(name.to_owned()).or_default().push((place, rank));
            }
        }
        Names { by_name, columns: columns.len(), last: Vec::new() }
    }

    /// Of one field.
    pub fn of(name: &str) -> Self {
        Names { by_name: HashMap::from([(name.to_owned(), vec![(0, 0)])]), columns: 1, last: Vec::new() }
    }

    /// The columns that a field of that name fills, and how good the name is for each.
    pub fn places(&self, name: &str) -> &[(usize, usize)] {
        self.by_name.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// An empty row.
    pub fn row<'a>(&self) -> Row<'a> {
        Row { cells: vec![(Value::Absent, usize::MAX); self.columns] }
    }

    /// The same, in the room of another.
    pub fn row_in<'a>(&self, mut room: Row<'a>) -> Row<'a> {
        room.cells.clear();
        room.cells.resize(self.columns, (Value::Absent, usize::MAX));
        room
    }

    /// Puts the `nth` field of a row into the columns that it fills. The last one of a name counts, as in PostgreSQL's jsonb.
    pub fn put<'a>(&mut self, row: &mut Row<'a>, nth: usize, name: &str, value: Value<'a>) {
        if self.last.get(nth).is_none_or(|(known, _)| known != name) {
            self.last.truncate(nth);
            if self.last.len() < nth {
                // A field before this one was not ours to put.
                return row.fill(self.places(name), value);
            }
            self.last.push((name.to_owned(), self.by_name.get(name).cloned().unwrap_or_default()));
        }
        row.fill(&self.last[nth].1, value);
    }

    /// Reads an object into `row`; `of` gets each field first and takes those that are none of the row's.
    pub fn read<'a>(
        &mut self,
        scanner: &mut Scanner<'a>,
        row: &mut Row<'a>,
        of: &mut dyn FnMut(&str, Value<'a>) -> bool,
    ) -> Result<(), NotJson> {
        let mut room = String::new();
        let (mut nth, mut goes_on) = (0, scanner.enter()?);
        while goes_on {
            let name = scanner.name()?;
            let value = Value::from(scanner.value()?);
            let name = name.read(&mut room)?;
            if !of(name, value) {
                self.put(row, nth, name, value);
                nth += 1;
            }
            goes_on = scanner.more()?;
        }
        Ok(())
    }
}

/// The cells of an event, by column.
#[derive(Clone, Debug, Default)]
pub struct Row<'a> {
    cells: Vec<(Value<'a>, usize)>,
}

impl<'a> Row<'a> {
    /// The cell of the column at `place`.
    #[inline]
    pub fn cell(&self, place: usize) -> Value<'a> {
        self.cells.get(place).map(|(value, _)| *value).unwrap_or_default()
    }

    /// The room of this row, for another one.
    pub fn over<'b>(mut self) -> Row<'b> {
        self.cells.clear();
        // Nothing is in it: the room is kept, and what the cells were borrowed from is not.
        Row { cells: self.cells.into_iter().map(|(_, rank)| (Value::Absent, rank)).collect() }
    }

    /// Every cell absent again.
    pub fn clear(&mut self) {
        self.cells.fill((Value::Absent, usize::MAX));
    }

    /// Puts a value into the columns that it fills.
    #[inline]
    pub fn fill(&mut self, places: &[(usize, usize)], value: Value<'a>) {
        places.iter().for_each(|place| self.put(*place, value));
    }

    fn put(&mut self, (place, rank): (usize, usize), value: Value<'a>) {
        if let Some(cell) = self.cells.get_mut(place)
            && rank <= cell.1
        {
            *cell = (value, rank);
        }
    }
}

#[cfg(test)]
pub(super) mod testing {
    use super::Column;
    use crate::data::{Class, ColumnType, Name};

    /// A column of that name at the source too.
    pub fn column(name: &str, column_type: &str) -> Column {
        Column {
            name: Name::new(name).expect("a name"),
            column_type: ColumnType::parse(column_type).expect("a type"),
            class: Class::Internal,
            kind: None,
            source: vec![name.into()],
            beyond: crate::data::Beyond::Error,
            nullable: true,
            unit: None,
            description: None,
            references: None,
            treat: Default::default(),
            not_personal: Default::default(),
        }
    }
}
