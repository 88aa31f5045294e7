//! One line of a dump -> Debezium's envelope.
//!
//! With `schemas.enable` the envelope is the `payload` beside a `schema`; without, it is the line itself. The same topic may
//! switch from one to the other, so every line is looked at for itself. `source` differs from version to version: its parts
//! are read leniently. Source: Debezium documentation, PostgreSQL connector, "Data change events".

use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashMap;

/// Fields of an image: name -> JSON text.
pub type Image<'a> = HashMap<Cow<'a, str>, &'a RawValue>;

/// What an event does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Create, update or snapshot read: `after` is the new state.
    Upsert,
    /// Delete: `before` holds the key.
    Delete,
    /// The table was emptied.
    Truncate,
    /// Something that is no row: a message.
    Other,
}

/// One event.
pub struct Event<'a> {
    /// What it does.
    pub operation: Operation,
    /// The row's cells: `after`, or `before` of a delete.
    pub image: Image<'a>,
    /// The database's transaction, where the event tells it.
    pub txid: Option<u64>,
    /// When the transaction committed, milliseconds since 1970, where the event tells it.
    pub committed_ms: Option<i64>,
    /// The `schema` beside the payload.
    pub schema: Option<&'a RawValue>,
}

/// Why a line cannot be read as an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It is none.
    NoEvent,
    /// It deletes a row and does not say which.
    NoOldRow,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    schema: Option<&'a RawValue>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    #[serde(borrow)]
    before: Option<&'a RawValue>,
    #[serde(borrow)]
    after: Option<&'a RawValue>,
    #[serde(borrow)]
    source: Option<&'a RawValue>,
    #[serde(borrow)]
    op: Option<Cow<'a, str>>,
}

/// Reads a line; `Ok(None)` is a tombstone (`null`, or a `null` payload).
pub fn read(line: &str) -> Result<Option<Event<'_>>, Unread> {
    if line.trim() == "null" {
        return Ok(None);
    }
    let mut envelope: Line<'_> = serde_json::from_str(line).map_err(|_| Unread::NoEvent)?;
    let mut schema = None;
    if envelope.op.is_none()
        && let (Some(beside), payload) = (envelope.schema, envelope.payload)
    {
        let Some(payload) = payload else { return Ok(None) };
        schema = Some(beside);
        envelope = serde_json::from_str(payload.get()).map_err(|_| Unread::NoEvent)?;
    }
    let operation = match envelope.op.as_deref() {
        Some("c" | "u" | "r") => Operation::Upsert,
        Some("d") => Operation::Delete,
        Some("t") => Operation::Truncate,
        Some("m") => Operation::Other,
        _ => return Err(Unread::NoEvent),
    };
    let image = match operation {
        Operation::Upsert => image(envelope.after.ok_or(Unread::NoEvent)?)?,
        Operation::Delete => image(envelope.before.ok_or(Unread::NoOldRow)?)?,
        Operation::Truncate | Operation::Other => Image::new(),
    };
    let source =
        envelope.source.and_then(|source| serde_json::from_str::<Image<'_>>(source.get()).ok()).unwrap_or_default();
    // `txId` may be null, and garbage was seen in the wild: what is no whole number is not told.
    let number = |key: &str| source.get(key).map(|value| value.get().trim_matches('"'));
    Ok(Some(Event {
        operation,
        image,
        txid: number("txId").and_then(|text| text.parse().ok()),
        committed_ms: number("ts_ms").and_then(|text| text.parse().ok()),
        schema,
    }))
}

fn image(raw: &RawValue) -> Result<Image<'_>, Unread> {
    serde_json::from_str(raw.get()).map_err(|_| Unread::NoEvent)
}

/// What a schema block says of a field of the row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldHint {
    /// The logical type, such as `io.debezium.time.MicroTimestamp`.
    pub name: Option<String>,
    /// The physical type, such as `int64`.
    pub physical: Option<String>,
    /// Digits after the point of a decimal.
    pub scale: Option<i32>,
}

#[derive(Deserialize)]
struct SchemaBlock {
    #[serde(default)]
    fields: Vec<SchemaField>,
}

#[derive(Deserialize)]
struct SchemaField {
    #[serde(default)]
    field: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(rename = "type", default)]
    physical: Option<String>,
    #[serde(default)]
    parameters: HashMap<String, String>,
    #[serde(default)]
    fields: Vec<SchemaField>,
}

/// The fields of `after`, as a schema block describes them; empty when it is none that we know.
pub fn hints(schema: &RawValue) -> HashMap<String, FieldHint> {
    let Ok(block) = serde_json::from_str::<SchemaBlock>(schema.get()) else { return HashMap::new() };
    let row = block.fields.into_iter().find(|field| field.field == "after");
    let hint = |field: SchemaField| {
        let scale = field.parameters.get("scale").and_then(|scale| scale.parse().ok());
        (field.field, FieldHint { name: field.name, physical: field.physical, scale })
    };
    row.map(|row| row.fields.into_iter().map(hint).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_an_envelope_with_and_without_its_schema() {
        let bare = r#"{"before":null,"after":{"id":1},"source":{"txId":571,"ts_ms":1795305600000,"lsn":-9223372036854776000},"op":"u"}"#;
        let event = read(bare).ok().flatten().expect("an event");
        assert_eq!(
            (event.operation, event.txid, event.committed_ms),
            (Operation::Upsert, Some(571), Some(1_795_305_600_000))
        );
        let wrapped = format!(r#"{{"schema":{{"type":"struct","fields":[]}},"payload":{bare}}}"#);
        let event = read(&wrapped).ok().flatten().expect("an event");
        assert_eq!(event.image.get("id").map(|value| value.get()), Some("1"));
        assert!(event.schema.is_some());
    }

    #[test]
    fn takes_a_delete_from_before_and_a_null_for_a_tombstone() {
        let event = read(r#"{"before":{"id":7},"after":null,"source":{"txId":null},"op":"d"}"#)
            .ok()
            .flatten()
            .expect("an event");
        assert_eq!((event.operation, event.txid), (Operation::Delete, None));
        assert!(read("null").is_ok_and(|event| event.is_none()));
        assert!(read(r#"{"schema":null,"payload":null}"#).is_err());
        assert!(read(r#"{"schema":{},"payload":null}"#).is_ok_and(|event| event.is_none()));
    }

    #[test]
    fn refuses_what_is_no_event() {
        for line in ["", "1", "{}", r#"{"op":"c"}"#, r#"{"op":"x"}"#, r#"{"after":{"id":1},"op":"c""#] {
            assert_eq!(read(line).err(), Some(Unread::NoEvent), "{line}");
        }
    }

    #[test]
    fn tells_a_delete_without_its_old_row_from_what_is_no_event() {
        for line in [r#"{"op":"d","before":null}"#, r#"{"op":"d"}"#] {
            assert_eq!(read(line).err(), Some(Unread::NoOldRow), "{line}");
        }
    }
}
