//! Events in Avro as the same events in JSON, with the schema block beside them that tells how each column is written: what is landed
//! with other cells than it came with is landed so. Avro's types leave no room for what a treatment makes: a text in the place of a
//! number, a column that is gone.
//!
//! Fails closed: whose schema does not lie beside the dump, or which is not what its schema says, is not landed.

use super::super::event::Unread;
use super::super::record::Headers;
use super::bytes::{Bytes, Damaged};
use super::schema::{Node, Schema};
use super::{Framed, KEY_HEADER, SchemaId, Schemas, VALUE_HEADER, framed};
use arrow::array::{Array, AsArray, BinaryViewArray, BinaryViewBuilder, RecordBatch};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Tree, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Types within types, at most.
const DEPTH_MAX: usize = 64;
/// Items of an array or a map, at most: a `null` takes no byte in Avro, and four in JSON.
const ITEMS_MAX: usize = 1 << 20;

/// Records as they are read on.
pub struct Printed {
    /// Keys in JSON.
    pub keys: BinaryViewArray,
    /// Values in JSON.
    pub values: BinaryViewArray,
    /// Of each record why it could not be printed; its key and value are nothing that can be read then.
    pub faults: Vec<Option<&'static str>>,
}

/// The schema blocks of the schemas that were met.
struct Printer<'a> {
    schemas: &'a Schemas,
    blocks: BTreeMap<SchemaId, String>,
}

/// `records` of the relay's columns, in Avro; `None` where they are other columns.
pub fn printed(records: &RecordBatch, schemas: &Schemas) -> Option<Printed> {
    let (keys, values) = (records.column_by_name("key")?, records.column_by_name("value")?);
    let (keys, values) = (keys.as_binary_view_opt()?, values.as_binary_view_opt()?);
    let headers = Headers::of(records);
    let mut printer = Printer { schemas, blocks: BTreeMap::new() };
    let (mut all_keys, mut all_values, mut faults) = (BinaryViewBuilder::new(), BinaryViewBuilder::new(), Vec::new());
    for row in 0..records.num_rows() {
        let header = |name| headers.as_ref().and_then(|headers| headers.get(row, name));
        let of = |bytes: &BinaryViewArray| bytes.is_valid(row);
        let key = of(keys).then(|| Framed { bytes: keys.value(row), header: header(KEY_HEADER) });
        let value = of(values).then(|| Framed { bytes: values.value(row), header: header(VALUE_HEADER) });
        let key = key.map(|key| printer.key(key)).transpose();
        let value = value.map(|value| printer.value(value)).transpose();
        let (key, value, fault) = match (key, value) {
            (Ok(key), Ok(value)) => (key, value, None),
            (Err(unread), _) | (_, Err(unread)) => {
                // No text of JSON is empty.
                (Some(String::new()), Some(String::new()), Some(phrase(&unread)))
            }
        };
        all_keys.append_option(key);
        all_values.append_option(value);
        faults.push(fault);
    }
    Some(Printed { keys: all_keys.finish(), values: all_values.finish(), faults })
}

fn phrase(unread: &Unread) -> &'static str {
    match unread {
        Unread::NoSchema(_) => "it names an Avro schema that does not lie beside the dump",
        Unread::NoEvent => "it is not what an Avro schema beside the dump says",
    }
}

impl Printer<'_> {
    fn key(&mut self, key: Framed<'_>) -> Result<String, Unread> {
        let (_, schema, mut bytes) = framed(key, self.schemas)?;
        body(&mut bytes, schema).map_err(|Damaged| Unread::NoEvent)
    }

    fn value(&mut self, value: Framed<'_>) -> Result<String, Unread> {
        let (id, schema, mut bytes) = framed(value, self.schemas)?;
        let payload = body(&mut bytes, schema).map_err(|Damaged| Unread::NoEvent)?;
        let block = self.blocks.entry(id).or_insert_with(|| block(schema, schema.root(), true).to_string());
        Ok(format!("{{\"schema\":{block},\"payload\":{payload}}}"))
    }
}

fn body(bytes: &mut Bytes<'_>, schema: &Schema) -> Result<String, Damaged> {
    let mut out = String::new();
    print(bytes, schema, schema.root(), 0, &mut out)?;
    bytes.end()?;
    Ok(out)
}

/// A value as Kafka Connect's JSON has it.
fn print(bytes: &mut Bytes<'_>, schema: &Schema, place: usize, depth: usize, out: &mut String) -> Result<(), Damaged> {
    if depth > DEPTH_MAX {
        return Err(Damaged);
    }
    match bytes.branch(schema, place)? {
        Node::Null => out.push_str("null"),
        Node::Boolean => out.push_str(if bytes.truth()? { "true" } else { "false" }),
        Node::Whole => written(out, bytes.whole()?)?,
        Node::Float => {
            let number = bytes.array().map(f32::from_le_bytes)?;
            if number.is_finite() { written(out, number)? } else { quoted(out, beyond(number.into()))? }
        }
        Node::Double => {
            let number = bytes.array().map(f64::from_le_bytes)?;
            if number.is_finite() { written(out, number)? } else { quoted(out, beyond(number))? }
        }
        Node::Bytes => quoted(out, &STANDARD.encode(bytes.prefixed()?))?,
        Node::Fixed(size) => quoted(out, &STANDARD.encode(bytes.take(*size)?))?,
        Node::Text => quoted(out, bytes.text()?)?,
        Node::Enum(words) => {
            let word = usize::try_from(bytes.whole()?).ok().and_then(|word| words.get(word)).ok_or(Damaged)?;
            quoted(out, word)?;
        }
        Node::Array(of) => {
            out.push('[');
            items(bytes, &mut |bytes, nth| {
                comma(out, nth);
                print(bytes, schema, *of, depth + 1, out)
            })?;
            out.push(']');
        }
        Node::Map(of) => {
            out.push('{');
            items(bytes, &mut |bytes, nth| {
                comma(out, nth);
                quoted(out, bytes.text()?)?;
                out.push(':');
                print(bytes, schema, *of, depth + 1, out)
            })?;
            out.push('}');
        }
        Node::Record(record) => {
            out.push('{');
            for (nth, field) in record.fields.iter().enumerate() {
                comma(out, nth);
                quoted(out, &field.name)?;
                out.push(':');
                print(bytes, schema, field.node, depth + 1, out)?;
            }
            out.push('}');
        }
        Node::Union(_) | Node::Begun => return Err(Damaged),
    }
    Ok(())
}

/// Hands out the items of blocks, up to an empty one.
fn items<'a>(
    bytes: &mut Bytes<'a>,
    of: &mut dyn FnMut(&mut Bytes<'a>, usize) -> Result<(), Damaged>,
) -> Result<(), Damaged> {
    let mut nth = 0;
    loop {
        let count = bytes.whole()?;
        if count < 0 {
            // Its bytes are told, for who passes it over.
            bytes.whole()?;
        }
        let count = usize::try_from(count.unsigned_abs()).map_err(|_| Damaged)?;
        if count == 0 {
            return Ok(());
        }
        if count > ITEMS_MAX - nth {
            return Err(Damaged);
        }
        for _ in 0..count {
            of(bytes, nth)?;
            nth += 1;
        }
    }
}

fn written(out: &mut String, number: impl std::fmt::Display) -> Result<(), Damaged> {
    write!(out, "{number}").map_err(|_| Damaged)
}

fn quoted(out: &mut String, text: &str) -> Result<(), Damaged> {
    out.push_str(&serde_json::to_string(text).map_err(|_| Damaged)?);
    Ok(())
}

fn comma(out: &mut String, nth: usize) {
    if nth > 0 {
        out.push(',');
    }
}

/// What JSON has no number for, in PostgreSQL's words.
fn beyond(number: f64) -> &'static str {
    match number {
        number if number.is_nan() => "NaN",
        number if number > 0.0 => "Infinity",
        _ => "-Infinity",
    }
}

/// What a schema block says of a record: its fields, and of an envelope those of its rows. No default of theirs: it may be somebody's.
fn block(schema: &Schema, place: usize, is_envelope: bool) -> Tree {
    let fields = schema.record(place).map(|record| record.fields.as_slice()).unwrap_or_default();
    let of = |field: &super::schema::Field| {
        let hint = schema.hint(field.node);
        let is_row = is_envelope && matches!(field.name.as_str(), "before" | "after");
        let mut told = match is_row && schema.record(field.node).is_some() {
            true => block(schema, field.node, false),
            false => json!({ "type": hint.physical.unwrap_or_else(|| "struct".to_owned()) }),
        };
        told["field"] = json!(field.name);
        told["optional"] = json!(true);
        if let Some(name) = hint.name {
            told["name"] = json!(name);
        }
        if let Some(scale) = hint.scale {
            told["parameters"] = json!({ "scale": scale.to_string() });
        }
        told
    };
    json!({ "type": "struct", "fields": fields.iter().map(of).collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ENVELOPE, UPDATE};
    use super::*;
    use arrow::array::{ArrayRef, Int64Array};
    use std::sync::Arc;

    fn of(values: &[&[u8]]) -> Printed {
        let schemas = Schemas([(SchemaId::Number(7), Schema::parse(ENVELOPE.as_bytes()).expect("a schema"))].into());
        let offsets: ArrayRef = Arc::new(Int64Array::from_iter_values(0..values.len() as i64));
        let nothing: ArrayRef = Arc::new(BinaryViewArray::from(vec![None; values.len()]));
        let values: ArrayRef = Arc::new(BinaryViewArray::from_iter_values(values));
        let columns = [("offset", offsets, false), ("key", nothing, true), ("value", values, true)];
        printed(&RecordBatch::try_from_iter_with_nullable(columns).expect("records"), &schemas).expect("printed")
    }

    #[test]
    fn prints_an_event_as_connect_does_with_the_block_that_tells_its_forms() {
        let printed = of(&[UPDATE]);
        let told: Tree = serde_json::from_slice(printed.values.value(0)).expect("JSON");
        let after = json!({"id": 1, "amount": "fQ==", "at": 3, "wide": {"scale": 2, "value": "AJw="}, "tags": ["a"]});
        assert_eq!((&told["payload"]["after"], &told["payload"]["before"]), (&after, &Tree::Null));
        assert_eq!(told["payload"]["source"], json!({"ts_ms": 100, "txId": 571, "snapshot": "false"}));
        let hints = super::super::super::debezium::hints(&told["schema"].to_string());
        assert_eq!(hints["amount"].scale, Some(2));
        assert_eq!(hints["amount"].physical.as_deref(), Some("bytes"));
        assert_eq!(hints["at"].name.as_deref(), Some("io.debezium.time.MicroTimestamp"));
        assert_eq!(printed.faults, [None]);
    }

    #[test]
    fn what_is_not_as_its_schema_says_is_told_and_is_nothing_that_can_be_read() {
        let mut unknown = UPDATE.to_vec();
        unknown[4] = 8;
        let many = [&UPDATE[..16], b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"].concat();
        let more = [UPDATE, b"\x00"].concat();
        let printed = of(&[&unknown, &many, &more, b"", b"{}", UPDATE]);
        assert!(printed.faults[0].is_some_and(|fault| fault.contains("does not lie beside")));
        assert!(printed.faults[1..5].iter().all(Option::is_some), "{:?}", printed.faults);
        assert!((0..5).all(|row| printed.values.value(row).is_empty() && printed.keys.value(row).is_empty()));
        assert_eq!(printed.faults[5], None);
    }
}
