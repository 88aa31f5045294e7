//! A table of a world: how many rows, how each comes to be, and what the topic carries of it.

use super::Fault;
use super::cell::{Cell, Row};
use super::definition::{Definition, definition};
use super::life::{self, Life};

/// Row `index` in version `version`, with its cells in the order of the definition.
pub type RowOf = Box<dyn Fn(u64, u8) -> Row + Send + Sync>;

/// A table before its definition is looked up.
pub struct Sketch {
    /// Its name.
    pub name: &'static str,
    /// Rows that the extract shows.
    pub rows: u64,
    /// Makes a row.
    pub row: RowOf,
    /// Columns in which versions differ. The first is never NULL and kept in the warehouse: planted changes are made in it.
    pub changing: &'static [&'static str],
    /// A life that is not the usual one.
    pub life: Option<Box<dyn Fn(u64) -> Option<Life> + Send + Sync>>,
    /// Whether the publication's row filter lets a row into the topic.
    pub carried: fn(&Definition, &Row) -> bool,
    /// Partitions of the topic.
    pub partitions: u32,
    /// How the topic is written.
    pub writing: Writing,
}

/// How a topic is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// The envelope alone.
    Bare,
    /// The envelope alone, the last events before the extract delivered twice.
    Redelivered,
    /// Each envelope beside its schema.
    WithSchema,
}

/// A table.
pub struct Table {
    /// Its columns and key.
    pub definition: Definition,
    /// How it is made.
    pub sketch: Sketch,
    seed: u64,
    changing: Vec<usize>,
}

/// What a moment does to a row.
pub struct Change {
    /// The row before it.
    pub before: Option<Row>,
    /// The row after it.
    pub after: Option<Row>,
}

/// Every row is in the topic.
pub fn everything(_: &Definition, _: &Row) -> bool {
    true
}

impl Table {
    /// The table with its definition from `sql`.
    pub fn new(sketch: Sketch, sql: &str, seed: u64) -> Result<Self, Fault> {
        let definition = definition(sql, sketch.name)?;
        let changing = sketch.changing.iter().map(|name| definition.place(name)).collect::<Result<_, _>>()?;
        Ok(Table { definition, sketch, seed, changing })
    }

    /// Rows that the extract shows and ghosts: every index that the database ever sees is below it.
    pub fn indexes(&self) -> u64 {
        self.sketch.rows + life::ghosts(self.sketch.rows)
    }

    /// The row in one of its versions. Version 0 is what the extract shows.
    pub fn row(&self, index: u64, version: u8) -> Row {
        let mut row = (self.sketch.row)(index, version);
        if version > 0 {
            for place in &self.changing {
                // Odd versions hold NULL where they may: changes from and to NULL are changes too.
                let becomes_null = self.definition.columns[*place].nullable && version % 2 == 1;
                let cell = std::mem::replace(&mut row[*place], Cell::Null);
                row[*place] = if becomes_null { Cell::Null } else { cell.moved(version) };
            }
        }
        row
    }

    /// What becomes of the row.
    pub fn life(&self, index: u64) -> Life {
        let own = self.sketch.life.as_ref().and_then(|life| life(index));
        own.unwrap_or_else(|| life::life(self.seed, self.sketch.name, self.sketch.rows, index))
    }

    /// What moment `moment` does to the row; `None` when it leaves it alone.
    pub fn change(&self, index: u64, moment: usize) -> Option<Change> {
        let life = self.life(index);
        let before = moment.checked_sub(1).and_then(|earlier| life[earlier]);
        let after = life[moment];
        let row = |version: Option<u8>| version.map(|version| self.row(index, version));
        (before != after).then(|| Change { before: row(before), after: row(after) })
    }

    /// Whether the topic carries the row.
    pub fn carries(&self, row: &Row) -> bool {
        (self.sketch.carried)(&self.definition, row)
    }

    /// The column of planted changes.
    pub fn differing(&self) -> usize {
        self.changing[0]
    }
}
