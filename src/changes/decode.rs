//! A block of an object -> [`Changes`]: the rows that the events tell, typed, with what each of them does and knows.
//!
//! An event counts when the extract shows it, or may (`as_of`). Events after the extract's moment are left out, and their being
//! there shows how far the stream has come.

use super::alike::Shapes;
use super::as_of::{AsOf, Placed};
use super::avro::Framed;
use super::block::Block;
use super::blocks::SchemaBlocks;
use super::building::{About, Building};
use super::cell::Manner;
use super::debezium;
use super::event::{Event, Operation, Snapshot, Source, Unread};
use super::facts::StreamFacts;
use super::fault::{Because, DecodeFault};
use super::form::{Form, Open};
use super::reading::{Cleanup, Payload, Reading};
use super::record::{Record, each};
use super::value::{Names, Row, Value};
use super::{avro, dms, flat, wal2json};
use crate::data::Column;
use arrow::array::RecordBatch;

/// Events of one batch, at most.
const BATCH_EVENTS_MAX: usize = 16_384;

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

/// Events of one block.
#[derive(Clone, Debug)]
pub struct Changes {
    /// The columns asked for, then [`TELLS`](super::TELLS), [`OP`](super::OP), [`PARTITION`](super::PARTITION),
    /// [`POSITION`](super::POSITION), [`ABOUT`](super::ABOUT) and [`LSN`](super::LSN).
    pub batches: Vec<RecordBatch>,
    /// What the block shows of the stream.
    pub facts: StreamFacts,
}

/// Reads the records of `block` as events on `columns`; `key` are the places of the key's columns, which every event that counts
/// has to tell.
pub fn decode(
    block: &Block,
    columns: &[&Column],
    key: &[usize],
    as_of: &AsOf,
    reading: &Reading,
) -> Result<Changes, DecodeFault> {
    let terms = Terms { columns, key, as_of, reading };
    let rows = block.rows_about().min(BATCH_EVENTS_MAX);
    let first = Pass::new(&terms, Open::new(columns.len(), reading.times), rows);
    let (changes, open) = first.over(block)?;
    match open.settled() {
        None => Ok(changes),
        // What was taken of a form is not what the block came to: its events are read by what is certain.
        Some(settled) => Ok(Pass::new(&terms, settled, rows).over(block)?.0),
    }
}

/// What is asked of a block.
struct Terms<'a> {
    columns: &'a [&'a Column],
    key: &'a [usize],
    as_of: &'a AsOf,
    reading: &'a Reading,
}

/// A block being read.
struct Pass<'a> {
    terms: &'a Terms<'a>,
    names: Names,
    /// The room of the last row.
    room: Row<'static>,
    shapes: Shapes,
    building: Building<'a>,
    blocks: SchemaBlocks,
    batches: Vec<RecordBatch>,
    facts: StreamFacts,
    /// Whether the record in hand says that its row had another key before.
    is_moved: Option<bool>,
    /// The delete before: the tombstone that follows it has its fate.
    deleted: Option<(Place, Placed)>,
}

/// Where an event stands.
#[derive(Clone, Copy)]
pub(super) struct Place {
    line: u64,
    pub(super) partition: u32,
    pub(super) position: u64,
    pub(super) about: About,
    pub(super) lsn: Option<u64>,
    timestamp_ms: Option<i64>,
}

impl Place {
    fn known_as(self, placed: Placed) -> Self {
        let in_flight = if placed == Placed::InFlight { About::IN_FLIGHT } else { About::default() };
        Place { about: self.about.and(in_flight), ..self }
    }

    fn fault(&self, because: Because) -> DecodeFault {
        DecodeFault { line: self.line, because }
    }
}

impl<'a> Pass<'a> {
    fn new(terms: &'a Terms<'a>, open: Open, rows: usize) -> Self {
        Pass {
            terms,
            names: Names::new(terms.columns),
            room: Row::default(),
            shapes: Shapes::default(),
            building: Building::new(terms.columns, open, rows),
            blocks: SchemaBlocks::new(terms.columns),
            batches: Vec::new(),
            facts: StreamFacts::default(),
            is_moved: None,
            deleted: None,
        }
    }

    fn over(mut self, block: &Block) -> Result<(Changes, Open), DecodeFault> {
        each(block, &mut |record| {
            self.facts.at(record.partition, record.position, block.layout.has_offsets());
            self.record(record)
        })?;
        if self.building.rows > 0 {
            self.batches.extend(self.building.batch());
        }
        self.facts.is_every_offset_due = self.terms.reading.cleanup == Some(Cleanup::Delete);
        self.facts.untold = std::mem::take(&mut self.building.untold);
        Ok((Changes { batches: self.batches, facts: self.facts }, self.building.open))
    }

    fn record(&mut self, record: &Record<'_>) -> Result<(), DecodeFault> {
        let Record { line, partition, position, timestamp_ms, .. } = *record;
        let place = Place { line, partition, position, about: About::default(), lsn: None, timestamp_ms };
        let key = record.key.as_deref().map(|bytes| Framed { bytes, header: record.key_schema });
        self.is_moved = record.is_moved;
        let mut row = self.names.row_in(std::mem::take(&mut self.room));
        let unread = |unread| match unread {
            Unread::NoEvent => place.fault(Because::NoEvent),
            Unread::NoSchema(id) => place.fault(Because::NoSchema(id)),
        };
        let Some(value) = record.value.as_deref() else { return self.tombstone(place, key) };
        let reading = self.terms.reading;
        let framed = Framed { bytes: value, header: record.value_schema };
        if reading.payload.is_avro() && !avro::is_printed(framed) {
            let value = framed;
            let event = match reading.payload.is_flat() {
                true => avro::row(value, &reading.schemas, &mut self.names, &mut row),
                false => avro::read(value, &reading.schemas, &mut self.names, &mut row),
            };
            return match event.map_err(unread)? {
                Some((event, id)) => {
                    let forms = self.blocks.of_schema(id, &reading.schemas);
                    self.event(place, &event, row, key, Some(&forms))
                }
                None => self.tombstone(place, key),
            };
        }
        let text = simdutf8::basic::from_utf8(value).map_err(|_| place.fault(Because::NoEvent))?;
        let known = &self.blocks.text;
        let event = match reading.payload {
            Payload::Debezium | Payload::DebeziumAvro => {
                debezium::read(text, known, &mut self.names, &mut self.shapes, &mut row)
            }
            Payload::DebeziumFlat | Payload::DebeziumFlatAvro => flat::read(text, &mut self.names, &mut row),
            Payload::Dms => dms::read(text, &mut self.names, &mut row),
            Payload::Wal2json => return self.wal2json(place, text, key),
        };
        match event.map_err(unread)? {
            Some(event) => self.event(place, &event, row, key, None),
            None => self.tombstone(place, key),
        }
    }

    /// A value of wal2json holds any number of changes.
    fn wal2json(&mut self, place: Place, text: &str, key: Option<Framed<'_>>) -> Result<(), DecodeFault> {
        let changes = wal2json::changes(text).map_err(|_| place.fault(Because::NoEvent))?;
        for (index, change) in changes.iter().enumerate() {
            let mut row = self.names.row();
            let event = change.read(&mut self.names, &mut row).map_err(|_| place.fault(Because::NoEvent))?;
            let position = wal2json::position(place.position, index).ok_or(place.fault(Because::NoEvent))?;
            self.event(Place { position, ..place }, &event, row, key, None)?;
        }
        Ok(())
    }

    fn event<'r>(
        &mut self,
        place: Place,
        event: &Event<'r>,
        mut row: Row<'r>,
        key: Option<Framed<'r>>,
        forms: Option<&[Form]>,
    ) -> Result<(), DecodeFault> {
        let op = match event.operation {
            Operation::Upsert => Op::Upsert,
            Operation::Delete => Op::Delete,
            Operation::Truncate => Op::Truncate,
            Operation::Other => return Ok(()),
        };
        self.facts.events += 1;
        if let Some(table) = event.table.as_ref().filter(|table| !self.facts.tables.contains(*table)) {
            self.facts.tables.insert(table.clone());
        }
        let source = event.source;
        let read = match source.snapshot {
            Snapshot::No => About::default(),
            Snapshot::Whole => About::READ,
            Snapshot::Incremental => About::READ_BESIDE,
        };
        let placed = self.facts.placed(self.terms.as_of, (place.partition, place.position), &source);
        let place = Place { about: place.about.and(read), lsn: source.lsn, ..place };
        if op == Op::Delete {
            self.deleted = Some((place, placed));
        }
        if placed == Placed::Later {
            self.facts.later += 1;
            // A row that a snapshot read says nothing of the changes that came before it.
            if event.source.snapshot == Snapshot::No && self.terms.as_of.is_past(event.source.txid) {
                self.facts.passed.insert(place.partition);
            }
            if op == Op::Upsert && event.source.snapshot != Snapshot::No {
                // It was there then; since when, the stream may never have told.
                let place = Place { about: place.about.and(About::READ_LATER), ..place };
                let told = event.schema.map(|block| self.blocks.forms(block));
                return self.push(place, op, event, &row, forms.or(told.as_deref()).unwrap_or_default());
            }
            return Ok(());
        }
        let place = place.known_as(placed);
        self.facts.counts(op, place.partition, &source, placed);
        let is_whole =
            |row: &Row<'_>| self.terms.key.iter().all(|at| !matches!(row.cell(*at), Value::Absent | Value::Null));
        if op == Op::Delete
            && !is_whole(&row)
            && let Some(key) = key
        {
            self.key(key, &mut row).map_err(|unread| match unread {
                Unread::NoSchema(id) => place.fault(Because::NoSchema(id)),
                Unread::NoEvent => place.fault(Because::DeleteWithoutKey),
            })?;
        }
        let told = event.schema.map(|block| self.blocks.forms(block));
        self.push(place, op, event, &row, forms.or(told.as_deref()).unwrap_or_default())?;
        self.room = row.over();
        Ok(())
    }

    fn push(
        &mut self,
        place: Place,
        op: Op,
        event: &Event<'_>,
        row: &Row<'_>,
        forms: &[Form],
    ) -> Result<(), DecodeFault> {
        let reading = self.terms.reading;
        let is_moved = self.may_be_moved(op, event);
        let manner = Manner {
            placeholder: (event.is_untouched_possible || is_moved).then_some(reading.placeholder.as_str()),
            is_moved,
            are_numbers_exact: reading.payload == Payload::Wal2json,
            is_absent_kept: reading.payload == Payload::Wal2json && event.is_untouched_possible,
            is_nan_null: reading.payload == Payload::Wal2json,
            are_bytes_hex: reading.payload == Payload::Wal2json,
            decimals: reading.decimals,
        };
        let is_known = self.building.push(row, forms, &manner, op, place);
        let is_told = self.terms.key.iter().all(|at| is_known[*at]);
        match op {
            Op::Upsert if !is_told => return Err(place.fault(Because::NoKey)),
            Op::Delete if !is_told => return Err(place.fault(Because::DeleteWithoutKey)),
            Op::Upsert | Op::Delete | Op::Truncate => {}
        }
        if self.building.rows == BATCH_EVENTS_MAX {
            self.batches.extend(self.building.batch());
        }
        Ok(())
    }

    /// Whether it may be the event of a row under a new key. Debezium makes a delete and a create of such an update, and the
    /// create leaves out what the update left out. Without headers nobody can tell it from a row that was inserted.
    fn may_be_moved(&self, op: Op, event: &Event<'_>) -> bool {
        use Payload::{Debezium, DebeziumAvro, DebeziumFlat, DebeziumFlatAvro};
        let payload = self.terms.reading.payload;
        let is_debezium = matches!(payload, Debezium | DebeziumFlat | DebeziumAvro | DebeziumFlatAvro);
        let is_create = op == Op::Upsert && !event.is_untouched_possible && event.source.snapshot == Snapshot::No;
        is_debezium && is_create && self.is_moved != Some(false)
    }

    /// Reads a record's key into the key's columns.
    fn key<'r>(&mut self, key: Framed<'r>, row: &mut Row<'r>) -> Result<(), Unread> {
        if self.terms.reading.payload.is_avro() && !avro::is_printed(key) {
            return avro::key(key, &self.terms.reading.schemas, &mut self.names, row);
        }
        let text = std::str::from_utf8(key.bytes).map_err(|_| Unread::NoEvent)?;
        flat::key(text, &mut self.names, row)
    }

    /// A record without a value. Behind a delete it says the same again. By itself it matters where the delete may be gone: in rows
    /// without an envelope, and in a compacted topic.
    fn tombstone(&mut self, place: Place, key: Option<Framed<'_>>) -> Result<(), DecodeFault> {
        self.facts.tombstones += 1;
        let reading = self.terms.reading;
        let is_flat = reading.payload.is_flat();
        if !is_flat && (reading.cleanup != Some(Cleanup::Compact) || key.is_none()) {
            return Ok(());
        }
        let key = key.ok_or(place.fault(Because::TombstoneWithoutKey))?;
        let is_behind = |(deleted, _): &(Place, Placed)| {
            deleted.partition == place.partition && deleted.position.checked_add(1) == Some(place.position)
        };
        let (lsn, placed) = match self.deleted.take().filter(is_behind) {
            Some((deleted, placed)) => (deleted.lsn, placed),
            None => {
                let source = Source { committed_ms: place.timestamp_ms, ..Source::default() };
                let at = (place.partition, place.position);
                (None, self.facts.placed(self.terms.as_of, at, &source))
            }
        };
        if placed == Placed::Later {
            return Ok(());
        }
        let place = Place { lsn, ..place.known_as(placed) };
        let mut row = self.names.row();
        let without_key = place.fault(Because::TombstoneWithoutKey);
        self.key(key, &mut row).map_err(|unread| match unread {
            Unread::NoSchema(id) => place.fault(Because::NoSchema(id)),
            Unread::NoEvent => without_key,
        })?;
        let event = Event::tombstone();
        self.push(place, Op::Delete, &event, &row, &[]).map_err(|_| without_key)
    }
}

#[cfg(test)]
mod tests;
