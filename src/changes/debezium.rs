//! A value of a dump in JSON -> Debezium's event.
//!
//! With `schemas.enable` the envelope is the `payload` beside a `schema`; without, it is the value itself. The same topic may
//! switch from one to the other, so every value is looked at for itself. `source` differs from version to version: its parts
//! are read leniently. Source: Debezium documentation, PostgreSQL connector, "Data change events".

use super::alike::Shapes;
use super::event::{Event, Operation, Source, Unread};
use super::scan::{Json, Scanner};
use super::value::{Names, Row};
use serde::Deserialize;
use std::collections::HashMap;

/// An envelope, as far as it was read.
#[derive(Default)]
struct Envelope<'a> {
    /// `before`, to be read if the event is a delete; `after` is read where it stands.
    before: Option<Json<'a>>,
    after: Option<bool>,
    operation: Option<Option<Operation>>,
    is_update: bool,
    source: Source,
    schema: Option<&'a str>,
    /// Whether there is a payload, and whether it is more than `null`.
    payload: Option<bool>,
}

/// Reads an event and puts its cells into `row`; `Ok(None)` is a tombstone (`null`, or a `null` payload). `known` is the last
/// schema block: a topic repeats it with every event; `shapes` are what events before were like.
pub fn read<'a>(
    text: &'a str,
    known: &str,
    names: &mut Names,
    shapes: &mut Shapes,
    row: &mut Row<'a>,
) -> Result<Option<Event<'a>>, Unread> {
    if let Some(along) = shapes.read(text, row) {
        return Ok(Some(Event {
            operation: Operation::Upsert,
            is_untouched_possible: along.is_update,
            source: along.source,
            schema: None,
            table: None,
        }));
    }
    let mut scanner = Scanner::new(text);
    if scanner.peek() == Some(b'n') {
        let is_null = scanner.value().is_ok_and(|value| value == Json::Null) && scanner.end().is_ok();
        return if is_null { Ok(None) } else { Err(Unread::NoEvent) };
    }
    let mut envelope = Envelope::default();
    fields(&mut scanner, &mut envelope, known, names, row, Level::Outer)?;
    scanner.end().map_err(|_| Unread::NoEvent)?;
    if envelope.operation.is_none() && envelope.schema.is_some() && envelope.payload != Some(true) {
        return Ok(None);
    }
    let operation = envelope.operation.flatten().ok_or(Unread::NoEvent)?;
    match operation {
        Operation::Upsert if envelope.after != Some(true) => return Err(Unread::NoEvent),
        Operation::Upsert => shapes.learn(text, names),
        Operation::Delete => {
            row.clear();
            match envelope.before {
                Some(Json::Nested(before)) if before.starts_with('{') => {
                    let mut before = Scanner::new(before);
                    names.read(&mut before, row, &mut |_, _| false).map_err(|_| Unread::NoEvent)?;
                }
                // The record's key may tell it.
                _ => {}
            }
        }
        _ => {}
    }
    Ok(Some(envelope.event(operation)))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    /// The value itself.
    Outer,
    /// The payload beside a schema.
    Payload,
}

fn fields<'a>(
    scanner: &mut Scanner<'a>,
    envelope: &mut Envelope<'a>,
    known: &str,
    names: &mut Names,
    row: &mut Row<'a>,
    level: Level,
) -> Result<(), Unread> {
    let no_event = |_| Unread::NoEvent;
    let mut room = String::new();
    let mut goes_on = scanner.enter().map_err(no_event)?;
    while goes_on {
        let name = scanner.name().map_err(no_event)?;
        match name.read(&mut room).map_err(no_event)? {
            "after" if scanner.peek() == Some(b'{') => {
                if envelope.after.replace(true).is_some() {
                    return Err(Unread::NoEvent);
                }
                names.read(scanner, row, &mut |_, _| false).map_err(no_event)?;
            }
            "payload" if level == Level::Outer && scanner.peek() == Some(b'{') => {
                if envelope.payload.replace(true).is_some() {
                    return Err(Unread::NoEvent);
                }
                fields(scanner, envelope, known, names, row, Level::Payload)?;
            }
            "schema" if level == Level::Outer => envelope.schema = block(scanner, known)?,
            "source" if scanner.peek() == Some(b'{') => envelope.source = Source::read(scanner).map_err(no_event)?,
            name => {
                let value = scanner.value().map_err(no_event)?;
                match (name, value) {
                    ("before", value) => envelope.before = Some(value),
                    ("op", Json::Text(op)) => {
                        let op = op.plain().unwrap_or_default();
                        envelope.is_update = op == "u";
                        if envelope.operation.replace(Operation::of(op)).is_some() {
                            return Err(Unread::NoEvent);
                        }
                    }
                    ("payload", Json::Null) if level == Level::Outer => envelope.payload = Some(false),
                    _ => {}
                }
            }
        }
        goes_on = scanner.more().map_err(no_event)?;
    }
    Ok(())
}

/// A schema block: mostly the one that is known.
pub(super) fn block<'a>(scanner: &mut Scanner<'a>, known: &str) -> Result<Option<&'a str>, Unread> {
    let mut ahead = scanner.clone();
    if ahead.skips(known) {
        let text = scanner.upto(&ahead);
        *scanner = ahead;
        return Ok(Some(text));
    }
    match scanner.value().map_err(|_| Unread::NoEvent)? {
        Json::Nested(block) => Ok(Some(block)),
        _ => Ok(None),
    }
}

impl<'a> Envelope<'a> {
    fn event(self, operation: Operation) -> Event<'a> {
        Event {
            operation,
            is_untouched_possible: self.is_update,
            source: self.source,
            schema: self.schema,
            table: None,
        }
    }
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

/// The fields of the row, as a schema block describes them: those of `after`, or of a row without an envelope the block's own;
/// empty when it is none that we know.
pub fn hints(schema: &str) -> HashMap<String, FieldHint> {
    let Ok(mut block) = serde_json::from_str::<SchemaField>(schema) else { return HashMap::new() };
    let envelope = block.fields.iter().position(|field| field.field == "after" && !field.fields.is_empty());
    let row = match envelope {
        Some(at) => block.fields.swap_remove(at).fields,
        None => block.fields,
    };
    let hint = |field: SchemaField| {
        let scale = field.parameters.get("scale").and_then(|scale| scale.parse().ok());
        (field.field, FieldHint { name: field.name, physical: field.physical, scale })
    };
    row.into_iter().map(hint).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::value::{Value, testing};

    type Read = Result<Option<(Operation, Source, Option<String>)>, Unread>;

    /// What an event does, what it says of itself, and the digits of its column `id`.
    fn event(text: &str, known: &str) -> Read {
        let column = testing::column("id", "bigint");
        let mut names = Names::new(&[&column]);
        let mut row = names.row();
        let event = read(text, known, &mut names, &mut Shapes::default(), &mut row)?;
        let id = match row.cell(0) {
            Value::Number(id) => Some(id.to_owned()),
            _ => None,
        };
        Ok(event.map(|event| (event.operation, event.source, id)))
    }

    #[test]
    fn reads_an_envelope_with_and_without_its_schema() {
        let bare = r#"{"before":null,"after":{"id":1},"source":{"txId":571,"ts_ms":1795305600000,"lsn":-9223372036854776000},"op":"u"}"#;
        let source = Source { txid: Some(571), committed_ms: Some(1_795_305_600_000), ..Source::default() };
        let expected = Ok(Some((Operation::Upsert, source, Some("1".to_owned()))));
        assert_eq!(event(bare, ""), expected);
        let block = r#"{"type":"struct","fields":[]}"#;
        for text in [
            format!(r#"{{"schema":{block},"payload":{bare}}}"#),
            format!(r#"{{ "payload" : {bare} , "schema" : {block} }}"#),
        ] {
            assert_eq!(event(&text, ""), expected);
            assert_eq!(event(&text, block), expected);
        }
    }

    #[test]
    fn takes_a_delete_from_before_and_a_null_for_a_tombstone() {
        let delete = r#"{"before":{"id":7},"after":null,"source":{"txId":null},"op":"d"}"#;
        assert_eq!(event(delete, ""), Ok(Some((Operation::Delete, Source::default(), Some("7".into())))));
        assert_eq!(event(" null ", ""), Ok(None));
        assert_eq!(event(r#"{"schema":null,"payload":null}"#, ""), Err(Unread::NoEvent));
        assert_eq!(event(r#"{"schema":{},"payload":null}"#, ""), Ok(None));
        for text in [r#"{"op":"d","before":null}"#, r#"{"op":"d"}"#] {
            assert_eq!(event(text, ""), Ok(Some((Operation::Delete, Source::default(), None))), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_event() {
        for text in [
            "",
            "1",
            "{}",
            "nul",
            r#"{"op":"c"}"#,
            r#"{"op":"x"}"#,
            r#"{"after":{"id":1},"op":"c""#,
            r#"{"after":{"id":1},"op":"c"} 1"#,
            r#"{"after":{"id":1},"op":"c","op":"d"}"#,
            r#"{"after":{"id":1},"after":{"id":2},"op":"c"}"#,
        ] {
            assert_eq!(event(text, "").err(), Some(Unread::NoEvent), "{text}");
        }
    }

    #[test]
    fn describes_the_row_of_an_envelope_and_one_without() {
        let field = r#"{"type":"bytes","name":"org.apache.kafka.connect.data.Decimal","parameters":{"scale":"2"},"field":"amount"}"#;
        let expected = FieldHint {
            name: Some("org.apache.kafka.connect.data.Decimal".into()),
            physical: Some("bytes".into()),
            scale: Some(2),
        };
        for block in [
            format!(
                r#"{{"type":"struct","fields":[{{"field":"before","fields":[]}},{{"field":"after","fields":[{field}]}}]}}"#
            ),
            format!(r#"{{"type":"struct","fields":[{field}]}}"#),
        ] {
            assert_eq!(hints(&block).get("amount"), Some(&expected));
        }
        assert_eq!(hints("1"), HashMap::new());
    }
}
