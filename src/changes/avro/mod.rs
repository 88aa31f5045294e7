//! Debezium's envelope in Avro, or a row that was taken out of one -> an event. Which schema it is of stands before it or in a
//! header of its record (`id`).
//!
//! Bytes are read as the writer's schema says, straight into the row; nothing is made of what no column asks for. It replaces a
//! crate that makes a tree of every value. Source: Apache Avro 1.11 specification, "Binary encoding"; Confluent
//! documentation, "Wire format".

mod bytes;
mod id;
mod json;
mod schema;

use super::debezium::FieldHint;
use super::event::{Event, Operation, Source, Unread};
use super::flat::Beside;
use super::value::{Names, Row, Value};
use bytes::{Bytes, Damaged};
pub use id::{KEY_HEADER, SchemaId, VALUE_HEADER};
pub use json::{Printed, printed};
pub use schema::{BadSchema, Schema};
use schema::{Node, Record};
use std::collections::{BTreeMap, HashMap};

/// The schemas beside a dump, by id.
#[derive(Debug, Default)]
pub struct Schemas(pub BTreeMap<SchemaId, Schema>);

impl Schemas {
    /// How the row of an envelope of that schema is described.
    pub fn hints(&self, id: SchemaId) -> HashMap<String, FieldHint> {
        self.0.get(&id).map(Schema::hints).unwrap_or_default()
    }
}

/// A value, or a key, and the header that may name its schema.
#[derive(Clone, Copy, Debug)]
pub struct Framed<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    /// The header's.
    pub header: Option<&'a [u8]>,
}

/// Whether a value is one that was landed with other cells than it came with: in JSON (`json`), which begins as no value in Avro does.
pub fn is_printed(value: Framed<'_>) -> bool {
    value.header.is_none() && value.bytes.first() == Some(&b'{')
}

/// The schema that a value names, and its body.
fn framed<'a, 's>(value: Framed<'a>, schemas: &'s Schemas) -> Result<(SchemaId, &'s Schema, Bytes<'a>), Unread> {
    let (id, body) = match value.header {
        Some(header) => SchemaId::split(header).filter(|(_, rest)| rest.is_empty()).map(|(id, _)| (id, value.bytes)),
        None => SchemaId::split(value.bytes),
    }
    .ok_or(Unread::NoEvent)?;
    let schema = schemas.0.get(&id).ok_or(Unread::NoSchema(id))?;
    Ok((id, schema, Bytes::new(body)))
}

/// Reads an event and the id of its schema; `Ok(None)` is a `null`.
pub fn read<'a>(
    value: Framed<'a>,
    schemas: &Schemas,
    names: &mut Names,
    row: &mut Row<'a>,
) -> Result<Option<(Event<'a>, SchemaId)>, Unread> {
    let (id, schema, mut bytes) = framed(value, schemas)?;
    let no_event = |_: Damaged| Unread::NoEvent;
    let envelope = match bytes.branch(schema, schema.root()).map_err(no_event)? {
        Node::Null => return bytes.end().map(|()| None).map_err(no_event),
        Node::Record(envelope) => envelope,
        _ => return Err(Unread::NoEvent),
    };
    let mut found = Found::default();
    for field in &envelope.fields {
        found.field(&mut bytes, schema, &field.name, field.node).map_err(no_event)?;
    }
    bytes.end().map_err(no_event)?;
    let letter = found.op.ok_or(Unread::NoEvent)?;
    let operation = Operation::of(letter).ok_or(Unread::NoEvent)?;
    let image = match operation {
        Operation::Upsert => Some(found.after.ok_or(Unread::NoEvent)?),
        Operation::Delete => found.before,
        Operation::Truncate | Operation::Other => None,
    };
    if let Some((mut bytes, node)) = image {
        match bytes.branch(schema, node).map_err(no_event)? {
            Node::Record(record) => fields(&mut bytes, schema, record, names, row).map_err(no_event)?,
            _ if operation == Operation::Upsert => return Err(Unread::NoEvent),
            // The record's key may tell the row.
            _ => {}
        }
    }
    let event =
        Event { operation, is_untouched_possible: letter == "u", source: found.source, schema: None, table: None };
    Ok(Some((event, id)))
}

/// Reads a row without an envelope, as `ExtractNewRecordState` leaves it, and the id of its schema; `Ok(None)` is a `null`.
pub fn row<'a>(
    value: Framed<'a>,
    schemas: &Schemas,
    names: &mut Names,
    row: &mut Row<'a>,
) -> Result<Option<(Event<'a>, SchemaId)>, Unread> {
    let (id, schema, mut bytes) = framed(value, schemas)?;
    let no_event = |_: Damaged| Unread::NoEvent;
    let record = match bytes.branch(schema, schema.root()).map_err(no_event)? {
        Node::Null => return bytes.end().map(|()| None).map_err(no_event),
        Node::Record(record) => record,
        _ => return Err(Unread::NoEvent),
    };
    let (mut beside, mut nth) = (Beside::default(), 0);
    for field in &record.fields {
        let value = bytes.value(schema, field.node).map_err(no_event)?;
        if !beside.takes(&field.name, value) {
            names.put(row, nth, &field.name, value);
            nth += 1;
        }
    }
    bytes.end().map_err(no_event)?;
    Ok(Some((beside.event()?, id)))
}

/// Reads a record's key.
pub fn key<'a>(value: Framed<'a>, schemas: &Schemas, names: &mut Names, row: &mut Row<'a>) -> Result<(), Unread> {
    let (_, schema, mut bytes) = framed(value, schemas)?;
    match bytes.branch(schema, schema.root()) {
        Ok(Node::Record(record)) => {
            fields(&mut bytes, schema, record, names, row).and_then(|()| bytes.end()).map_err(|_| Unread::NoEvent)
        }
        _ => Err(Unread::NoEvent),
    }
}

/// What an envelope holds; its rows wait until it is known which of them counts.
#[derive(Default)]
struct Found<'a> {
    before: Option<(Bytes<'a>, usize)>,
    after: Option<(Bytes<'a>, usize)>,
    op: Option<&'a str>,
    source: Source,
}

impl<'a> Found<'a> {
    fn field(&mut self, bytes: &mut Bytes<'a>, schema: &Schema, name: &str, node: usize) -> Result<(), Damaged> {
        match name {
            "before" => self.before = Some((bytes.clone(), node)),
            "after" => self.after = Some((bytes.clone(), node)),
            "op" => {
                if let Value::Text(op) = bytes.value(schema, node)? {
                    self.op = Some(op);
                }
                return Ok(());
            }
            "source" => {
                let Node::Record(record) = bytes.branch(schema, node)? else { return Err(Damaged) };
                for field in &record.fields {
                    self.source.put(&field.name, bytes.value(schema, field.node)?);
                }
                return Ok(());
            }
            _ => {}
        }
        bytes.skip(schema, node)
    }
}

fn fields<'a>(
    bytes: &mut Bytes<'a>,
    schema: &Schema,
    record: &Record,
    names: &mut Names,
    row: &mut Row<'a>,
) -> Result<(), Damaged> {
    for (nth, field) in record.fields.iter().enumerate() {
        let value = bytes.value(schema, field.node)?;
        names.put(row, nth, &field.name, value);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
