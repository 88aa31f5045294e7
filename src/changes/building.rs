//! Events -> batches: the schema's columns, what each event tells of them, and where it stands.

use super::cell::{Manner, Target, Told, Untold, push};
use super::decode::{Op, Place};
use super::form::{Form, Open};
use super::tells::{self, Tells, TellsBuilder};
use super::value::{Row, Value};
use crate::data::Column;
use crate::data::cell::CellBuilder;
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, UInt8Array, UInt32Array, UInt64Array, UInt64Builder};
use arrow::datatypes::{Field, Schema, SchemaRef};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Columns that stand behind the data's own: what the event tells of these, read by [`TellsColumn`](super::TellsColumn); ..
pub const TELLS: &str = "@tells";
/// .. what it does, and where it stands in the topic.
pub const OP: &str = "@op";
/// Partition of the event.
pub const PARTITION: &str = "@partition";
/// Position in the partition.
pub const POSITION: &str = "@position";

/// What else is known of it: bits of [`About`].
pub const ABOUT: &str = "@about";
/// Its place in the database's log, where it tells one.
pub const LSN: &str = "@lsn";

/// What is known of an event besides its row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct About(pub u8);

impl About {
    /// Nobody can tell whether the extract shows it.
    pub const IN_FLIGHT: About = About(1);
    /// A snapshot of the whole table read it.
    pub const READ: About = About(2);
    /// A snapshot that goes on beside the changes read it.
    pub const READ_BESIDE: About = About(4);
    /// A snapshot read it after the extract.
    pub const READ_LATER: About = About(8);

    /// Both.
    #[must_use]
    pub fn and(self, other: About) -> Self {
        About(self.0 | other.0)
    }

    /// Whether that is among it.
    pub fn has(self, other: About) -> bool {
        self.0 & other.0 == other.0
    }
}

/// The schema of [`Changes::batches`] for these columns.
pub fn schema(columns: &[&Column]) -> SchemaRef {
    use arrow::datatypes::DataType::{UInt8, UInt32, UInt64};
    let cells = columns.iter().map(|column| Field::new(column.name.as_str(), column.column_type.arrow(), true));
    let tells = (TELLS, tells::arrow(columns.len()));
    let place = [tells, (OP, UInt8), (PARTITION, UInt32), (POSITION, UInt64), (ABOUT, UInt8)];
    let place = place.map(|(name, kind)| Field::new(name, kind, false));
    let lsn = Field::new(LSN, UInt64, true);
    Arc::new(Schema::new(cells.chain(place).chain([lsn]).collect::<Vec<_>>()))
}

/// Events on their way to a batch.
pub struct Building<'a> {
    columns: &'a [&'a Column],
    cells: Vec<CellBuilder>,
    tells: TellsBuilder,
    op: Vec<u8>,
    partition: Vec<u32>,
    position: Vec<u64>,
    about: Vec<u8>,
    lsn: UInt64Builder,
    /// Of the last event, which cells it tells and are not NULL.
    known: Vec<bool>,
    /// Events so far.
    pub rows: usize,
    /// What the block has shown of open forms.
    pub open: Open,
    /// Column -> why some event did not tell it.
    pub untold: BTreeMap<String, Untold>,
    /// Takes a text whose escapes are read.
    room: String,
}

impl<'a> Building<'a> {
    /// None yet, with room for about so many.
    pub fn new(columns: &'a [&'a Column], open: Open, rows: usize) -> Self {
        Building {
            columns,
            cells: columns.iter().map(|column| CellBuilder::new(column.column_type, rows)).collect(),
            tells: TellsBuilder::new(columns.len()),
            op: Vec::with_capacity(rows),
            partition: Vec::with_capacity(rows),
            position: Vec::with_capacity(rows),
            about: Vec::with_capacity(rows),
            lsn: UInt64Builder::with_capacity(rows),
            known: Vec::new(),
            rows: 0,
            open,
            untold: Default::default(),
            room: String::new(),
        }
    }

    /// Adds the event; gives which of its cells hold a value.
    pub fn push(&mut self, row: &Row<'_>, forms: &[Form], manner: &Manner<'_>, op: Op, event: Place) -> &[bool] {
        self.known.clear();
        self.tells.begin();
        for (place, cells) in self.cells.iter_mut().enumerate() {
            let value = row.cell(place);
            let form = forms.get(place).copied().unwrap_or_default();
            let beyond = self.columns[place].beyond;
            let mut target = Target { cells, place, beyond, form, open: &mut self.open };
            let said = push(&mut target, value, manner, &mut self.room);
            match said {
                Told::Value => {}
                Told::Kept => self.tells.put(place, Tells::Kept),
                Told::Unknown(untold) => {
                    self.tells.put(place, Tells::Nothing);
                    // A delete tells its key and need not tell more; and what no topic tells is not compared.
                    let is_compared = super::printed::untold(self.columns[place].column_type).is_none();
                    if op == Op::Upsert && is_compared && !self.untold.contains_key(self.columns[place].name.as_str()) {
                        self.untold.insert(self.columns[place].name.to_string(), untold);
                    }
                }
            }
            self.known.push(said == Told::Value && !matches!(value, Value::Null));
        }
        self.op.push(op as u8);
        self.partition.push(event.partition);
        self.position.push(event.position);
        self.about.push(event.about.0);
        self.lsn.append_option(event.lsn);
        self.rows += 1;
        &self.known
    }

    /// The batch, and room for the next; none only if its columns did not fit together, which they do by construction.
    pub fn batch(&mut self) -> Option<RecordBatch> {
        let cells = self.cells.iter_mut().map(CellBuilder::finish);
        let place: [ArrayRef; 6] = [
            self.tells.finish()?,
            Arc::new(UInt8Array::from(std::mem::take(&mut self.op))),
            Arc::new(UInt32Array::from(std::mem::take(&mut self.partition))),
            Arc::new(UInt64Array::from(std::mem::take(&mut self.position))),
            Arc::new(UInt8Array::from(std::mem::take(&mut self.about))),
            Arc::new(self.lsn.finish()),
        ];
        let columns = cells.chain(place).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(std::mem::take(&mut self.rows)));
        RecordBatch::try_new_with_options(schema(self.columns), columns, &options).ok()
    }
}
