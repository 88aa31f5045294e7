//! A block of an object -> [`Changes`]: the rows that the events tell, typed, with what each of them does and knows.
//!
//! An event counts when its transaction is visible in the extract's snapshot: the only rule that gives no false drift on
//! a live server. Without transactions on both sides, the commit time against the extract's does, and the proof is a
//! window. Events after the extract's moment are left out, and their being there shows how far the stream has come.

use super::block::{Block, is_blank};
use super::cell::{Told, push};
use super::debezium::{self, FieldHint, Operation, Unread};
use crate::data::cell::CellBuilder;
use crate::data::{Column, Origin, PgSnapshot};
use arrow::array::{
    ArrayRef, BooleanBuilder, RecordBatch, RecordBatchOptions, UInt8Builder, UInt32Builder, UInt64Builder,
};
use arrow::datatypes::{Field, Schema, SchemaRef};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Events of one batch, at most.
const BATCH_EVENTS_MAX: usize = 16_384;

/// Columns that stand behind the data's own: what the event does, and where it stands in the topic.
pub const OP: &str = "@op";
/// Partition of the event.
pub const PARTITION: &str = "@partition";
/// Position in the partition.
pub const POSITION: &str = "@position";

/// What an event does to its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Op {
    /// The row is there with these cells.
    Upsert = 0,
    /// The row is gone.
    Delete = 1,
    /// Every earlier row of the partition is gone.
    Truncate = 2,
}

/// The moment that events are compared with.
#[derive(Clone, Debug, PartialEq)]
pub struct AsOf {
    /// The extract's transactions.
    pub snapshot: Option<PgSnapshot>,
    /// The extract's time, milliseconds since 1970.
    pub extracted_ms: i64,
}

impl From<&Origin> for AsOf {
    fn from(origin: &Origin) -> Self {
        AsOf { snapshot: origin.snapshot.clone(), extracted_ms: origin.extracted_at.timestamp_millis() }
    }
}

/// Events of one block.
#[derive(Clone, Debug)]
pub struct Changes {
    /// The columns asked for, then for each a boolean `?name` (true: the event tells it), then [`OP`], [`PARTITION`], [`POSITION`].
    pub batches: Vec<RecordBatch>,
    /// What the block shows of the stream.
    pub facts: StreamFacts,
}

/// What is known of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamFacts {
    /// Events that count, and later ones.
    pub events: u64,
    /// Events after the extract's moment.
    pub later: u64,
    /// Events whose transaction could not be compared: the window of time decided.
    pub by_window: u64,
    /// Tombstones.
    pub tombstones: u64,
    /// Truncations that count.
    pub truncates: u64,
    /// Partition -> first and last position.
    pub offsets: HashMap<u32, (u64, u64)>,
    /// Partitions that hold an event after the extract's moment: what the extract shows has arrived in them, all of it.
    pub passed: BTreeSet<u32>,
}

impl StreamFacts {
    /// Takes over what another block of the same topic shows.
    pub fn add(&mut self, other: &StreamFacts) {
        self.events += other.events;
        self.later += other.later;
        self.by_window += other.by_window;
        self.tombstones += other.tombstones;
        self.truncates += other.truncates;
        self.passed.extend(&other.passed);
        for (partition, (first, last)) in &other.offsets {
            let range = self.offsets.entry(*partition).or_insert((*first, *last));
            *range = (range.0.min(*first), range.1.max(*last));
        }
    }
}

/// A line that cannot be taken for what happened to a row, by its number in the object from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} {because}")]
pub struct DecodeFault {
    /// The line.
    pub line: u64,
    /// What is wrong with it.
    pub because: Because,
}

/// What is wrong with a line. An event whose key is not known cannot be left out either: the row that it is about would
/// be compared with an older state of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Because {
    /// It is no event.
    #[error("is no change event")]
    NoEvent,
    /// Its key is absent, NULL, or of another type than the schema says.
    #[error("does not tell the key of its row in a way that can be read")]
    NoKey,
    /// The same of a delete, whose old row is what the table's REPLICA IDENTITY puts into the log.
    #[error("deletes a row and does not tell its key; hint: the table's REPLICA IDENTITY has to hold the key")]
    DeleteWithoutKey,
}

/// The schema of [`Changes::batches`] for these columns.
pub fn schema(columns: &[&Column]) -> SchemaRef {
    use arrow::datatypes::DataType::{Boolean, UInt8, UInt32, UInt64};
    let cells = columns.iter().map(|column| Field::new(column.name.as_str(), column.column_type.arrow(), true));
    let told = columns.iter().map(|column| Field::new(format!("?{}", column.name), Boolean, false));
    let place =
        [(OP, UInt8), (PARTITION, UInt32), (POSITION, UInt64)].map(|(name, kind)| Field::new(name, kind, false));
    Arc::new(Schema::new(cells.chain(told).chain(place).collect::<Vec<_>>()))
}

/// Reads the lines of `block` as events on `columns`; `key` are the places of the key's columns, which every event that counts
/// has to tell.
pub fn decode(block: &Block, columns: &[&Column], key: &[usize], as_of: &AsOf) -> Result<Changes, DecodeFault> {
    let mut facts = StreamFacts::default();
    let mut batches = Vec::new();
    let mut building = Building::new(columns);
    let mut hints = Hints::default();
    let mut number = 0;
    for (index, line) in block.bytes.split(|byte| *byte == b'\n').enumerate() {
        let fault = |because| DecodeFault { line: block.first_line + index as u64, because };
        if is_blank(line) {
            continue;
        }
        let position = block.first_position + number;
        number += 1;
        facts.offsets.insert(block.partition, (block.first_position, position));
        let line = std::str::from_utf8(line).map_err(|_| fault(Because::NoEvent))?;
        let event = debezium::read(line).map_err(|unread| match unread {
            Unread::NoEvent => fault(Because::NoEvent),
            Unread::NoOldRow => fault(Because::DeleteWithoutKey),
        })?;
        let Some(event) = event else {
            facts.tombstones += 1;
            continue;
        };
        let op = match event.operation {
            Operation::Upsert => Op::Upsert,
            Operation::Delete => Op::Delete,
            Operation::Truncate => Op::Truncate,
            Operation::Other => continue,
        };
        facts.events += 1;
        if !counts(&event, as_of, &mut facts) {
            facts.later += 1;
            facts.passed.insert(block.partition);
            continue;
        }
        facts.truncates += u64::from(op == Op::Truncate);
        let is_known = building.push(&event, hints.of(event.schema), op, block.partition, position);
        match op {
            Op::Upsert if !key.iter().all(|place| is_known[*place]) => return Err(fault(Because::NoKey)),
            Op::Delete if !key.iter().all(|place| is_known[*place]) => return Err(fault(Because::DeleteWithoutKey)),
            Op::Upsert | Op::Delete | Op::Truncate => {}
        }
        if building.rows == BATCH_EVENTS_MAX {
            batches.extend(std::mem::replace(&mut building, Building::new(columns)).finish());
        }
    }
    if building.rows > 0 {
        batches.extend(building.finish());
    }
    Ok(Changes { batches, facts })
}

/// Whether the extract shows the event. What tells nothing of its moment counts, and the proof says so.
fn counts(event: &debezium::Event<'_>, as_of: &AsOf, facts: &mut StreamFacts) -> bool {
    match (&as_of.snapshot, event.txid) {
        (Some(snapshot), Some(txid)) => snapshot.shows(txid),
        _ => {
            facts.by_window += 1;
            event.committed_ms.is_none_or(|committed| committed <= as_of.extracted_ms)
        }
    }
}

/// The hints of the last schema block: a topic repeats the same one on every line.
#[derive(Default)]
struct Hints {
    text: String,
    hints: HashMap<String, FieldHint>,
}

impl Hints {
    fn of(&mut self, schema: Option<&serde_json::value::RawValue>) -> &HashMap<String, FieldHint> {
        let text = schema.map_or("", |schema| schema.get());
        if text != self.text {
            self.hints = schema.map(debezium::hints).unwrap_or_default();
            self.text = text.to_owned();
        }
        &self.hints
    }
}

struct Building<'a> {
    columns: &'a [&'a Column],
    cells: Vec<CellBuilder>,
    told: Vec<BooleanBuilder>,
    op: UInt8Builder,
    partition: UInt32Builder,
    position: UInt64Builder,
    /// Of the last event, which cells it tells and are not NULL.
    known: Vec<bool>,
    rows: usize,
}

impl<'a> Building<'a> {
    fn new(columns: &'a [&'a Column]) -> Self {
        Building {
            columns,
            cells: columns.iter().map(|column| CellBuilder::new(column.column_type, 0)).collect(),
            told: columns.iter().map(|_| BooleanBuilder::new()).collect(),
            op: UInt8Builder::new(),
            partition: UInt32Builder::new(),
            position: UInt64Builder::new(),
            known: Vec::new(),
            rows: 0,
        }
    }

    /// Adds the event; gives which of its cells hold a value.
    fn push(
        &mut self,
        event: &debezium::Event<'_>,
        hints: &HashMap<String, FieldHint>,
        op: Op,
        partition: u32,
        position: u64,
    ) -> &[bool] {
        self.known.clear();
        for (column, (cells, told)) in self.columns.iter().zip(self.cells.iter_mut().zip(&mut self.told)) {
            let spellings = column.source.iter().map(String::as_str).chain([column.name.as_str()]);
            let found = spellings.filter_map(|name| event.image.get(name).map(|value| (name, *value))).next();
            let hint = found.and_then(|(name, _)| hints.get(name));
            let found = found.map(|(_, value)| value);
            let is_told = push(cells, column.beyond, found, hint) == Told::Value;
            told.append_value(is_told);
            self.known.push(is_told && found.is_some_and(|value| value.get() != "null"));
        }
        self.op.append_value(op as u8);
        self.partition.append_value(partition);
        self.position.append_value(position);
        self.rows += 1;
        &self.known
    }

    /// The batch; none only if its columns did not fit together, which they do by construction.
    fn finish(mut self) -> Option<RecordBatch> {
        let cells = self.cells.iter_mut().map(CellBuilder::finish);
        let told = self.told.iter_mut().map(|told| -> ArrayRef { Arc::new(told.finish()) });
        let place: [ArrayRef; 3] =
            [Arc::new(self.op.finish()), Arc::new(self.partition.finish()), Arc::new(self.position.finish())];
        let columns = cells.chain(told).chain(place).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        RecordBatch::try_new_with_options(schema(self.columns), columns, &options).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::Object;
    use crate::data::{Beyond, Class, ColumnType, Name};

    fn column(name: &str) -> Column {
        Column {
            name: Name::new(name).expect("a name"),
            column_type: ColumnType::Bigint,
            class: Class::Internal,
            kind: None,
            source: vec![name.into()],
            nullable: true,
            beyond: Beyond::Error,
            unit: None,
            description: None,
            references: None,
            treat: Default::default(),
        }
    }

    fn decoded(lines: &str) -> Result<u64, String> {
        let (id, amount) = (column("id"), column("amount"));
        let object = Object { partition: 0, first_offset: 0, path: "t/partition=0/t+0+0.json".into() };
        let as_of = AsOf { snapshot: None, extracted_ms: 1_000 };
        let changes = decode(&Block::whole(&object, lines.to_owned().into()), &[&id, &amount], &[0], &as_of);
        changes.map(|changes| changes.facts.events).map_err(|fault| fault.to_string())
    }

    #[test]
    fn refuses_an_event_whose_key_it_does_not_know() {
        let whole = r#"{"after":{"id":1,"amount":null},"op":"c"}"#;
        assert_eq!(decoded(whole), Ok(1));
        for after in [r#"{"ID":1}"#, r#"{"id":null}"#, r#"{"id":"x"}"#, "{}"] {
            let fault = decoded(&format!("{whole}\n{{\"after\":{after},\"op\":\"u\"}}"));
            let expected = "line 2 does not tell the key of its row in a way that can be read";
            assert_eq!(fault, Err(expected.into()), "{after}");
        }
        for before in [r#"{"ID":1}"#, r#"{"id":null}"#, "{}", "null"] {
            let fault = decoded(&format!("{whole}\n{{\"before\":{before},\"op\":\"d\"}}"));
            let expected = "line 2 deletes a row and does not tell its key; hint: the table's REPLICA IDENTITY has to hold the key";
            assert_eq!(fault, Err(expected.into()), "{before}");
        }
    }

    #[test]
    fn asks_no_key_of_a_truncation_and_of_what_came_later() {
        assert_eq!(decoded(r#"{"op":"t"}"#), Ok(1));
        assert_eq!(decoded(r#"{"after":{"ID":1},"source":{"ts_ms":2000},"op":"c"}"#), Ok(1));
    }
}
