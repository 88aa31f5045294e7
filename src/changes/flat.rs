//! A row without an envelope in JSON, as Debezium's `ExtractNewRecordState` leaves it, and a record's key.
//!
//! What the row was is told by `__op` and `__deleted` where `add.fields` and the delete handling put them there; its transaction
//! mostly not at all, so a comparison is by a window of time. Source: Debezium documentation, "New record state extraction".

use super::event::{Event, Operation, Source, Unread};
use super::scan::{Json, Scanner};
use super::value::{Names, Row, Value};

/// What stands beside the row's own fields.
#[derive(Default)]
pub(super) struct Beside<'a> {
    schema: Option<&'a str>,
    payload: Option<Option<&'a str>>,
    op: Option<String>,
    is_deleted: bool,
    source: Source,
}

impl<'a> Beside<'a> {
    /// Takes a field that is none of the row's.
    pub(super) fn takes(&mut self, name: &str, value: Value<'a>) -> bool {
        match (name, value) {
            ("schema", Value::Nested(block)) if block.starts_with('{') => self.schema = Some(block),
            ("payload", Value::Nested(payload)) if self.schema.is_some() => self.payload = Some(Some(payload)),
            ("payload", Value::Null) if self.schema.is_some() => self.payload = Some(None),
            ("__op", Value::Quoted(op)) => self.op = Some(op.plain().unwrap_or_default().to_owned()),
            ("__deleted", Value::Quoted(text)) => self.is_deleted = text.plain() == Some("true"),
            ("__op", Value::Text(op)) => self.op = Some(op.to_owned()),
            ("__deleted", Value::Text(text)) => self.is_deleted = text == "true",
            ("__deleted", Value::True | Value::False) => self.is_deleted = value == Value::True,
            ("__op" | "__deleted", Value::Null) => {}
            ("__txId" | "__source_txId", value) => self.source.put("txId", value),
            ("__lsn" | "__source_lsn", value) => self.source.put("lsn", value),
            ("__sequence" | "__source_sequence", value) => self.source.put("sequence", value),
            ("__snapshot" | "__source_snapshot", value) => self.source.put("snapshot", value),
            // `__ts_ms` is when the connector saw it, which says nothing of the commit.
            ("__source_ts_ms", value) => self.source.put("ts_ms", value),
            _ => return false,
        }
        true
    }
}

impl<'a> Beside<'a> {
    /// What the row was.
    pub(super) fn event(self) -> Result<Event<'a>, Unread> {
        let letter = self.op.as_deref();
        let operation = match letter {
            _ if self.is_deleted => Operation::Delete,
            None => Operation::Upsert,
            Some(letter) => Operation::of(letter).ok_or(Unread::NoEvent)?,
        };
        let is_untouched_possible = !matches!(letter, Some("c" | "r"));
        Ok(Event { operation, is_untouched_possible, source: self.source, schema: self.schema, table: None })
    }
}

/// Reads a row; `Ok(None)` is a tombstone.
pub fn read<'a>(text: &'a str, names: &mut Names, row: &mut Row<'a>) -> Result<Option<Event<'a>>, Unread> {
    let mut scanner = Scanner::new(text);
    if scanner.peek() == Some(b'n') {
        let is_null = scanner.value().is_ok_and(|value| value == Json::Null) && scanner.end().is_ok();
        return if is_null { Ok(None) } else { Err(Unread::NoEvent) };
    }
    fields(text, names, row)?.map(Beside::event).transpose()
}

/// Reads a record's key: an object of the key's fields, with a schema block beside it or without.
pub fn key<'a>(text: &'a str, names: &mut Names, row: &mut Row<'a>) -> Result<(), Unread> {
    fields(text, names, row)?.map(drop).ok_or(Unread::NoEvent)
}

/// The fields of a row, or of the payload that it is; `None` where that is `null`.
fn fields<'a>(text: &'a str, names: &mut Names, row: &mut Row<'a>) -> Result<Option<Beside<'a>>, Unread> {
    let mut object = |text: &'a str, row: &mut Row<'a>, beside: &mut Beside<'a>| {
        let mut scanner = Scanner::new(text);
        let read = names.read(&mut scanner, row, &mut |name, value| beside.takes(name, value));
        read.and_then(|()| scanner.end()).map_err(|_| Unread::NoEvent)
    };
    let mut beside = Beside::default();
    object(text, row, &mut beside)?;
    match beside.payload {
        None => Ok(Some(beside)),
        Some(None) => Ok(None),
        Some(Some(payload)) => {
            row.clear();
            let mut inner = Beside::default();
            object(payload, row, &mut inner)?;
            Ok(Some(Beside { schema: beside.schema, ..inner }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::value::testing::column;

    fn said(text: &str) -> Result<Option<(Operation, bool, Option<u64>)>, Unread> {
        let id = column("id", "bigint");
        let mut names = Names::new(&[&id]);
        let mut row = names.row();
        let event = read(text, &mut names, &mut row)?;
        assert!(event.is_none() || matches!(row.cell(0), Value::Number("1")), "{text}");
        Ok(event.map(|event| (event.operation, event.is_untouched_possible, event.source.txid)))
    }

    #[test]
    fn tells_what_a_row_was_by_what_stands_beside_it() {
        for (text, expected) in [
            (r#"{"id":1}"#, (Operation::Upsert, true, None)),
            (r#"{"id":1,"__op":"c","__deleted":"false"}"#, (Operation::Upsert, false, None)),
            (r#"{"id":1,"__op":"u","__source_txId":571}"#, (Operation::Upsert, true, Some(571))),
            (r#"{"id":1,"__deleted":"true"}"#, (Operation::Delete, true, None)),
            (r#"{"id":1,"__op":"d"}"#, (Operation::Delete, true, None)),
            (r#"{"schema":{"type":"struct"},"payload":{"id":1,"__op":"r"}}"#, (Operation::Upsert, false, None)),
        ] {
            assert_eq!(said(text), Ok(Some(expected)), "{text}");
        }
        assert_eq!(said("null"), Ok(None));
        assert_eq!(said(r#"{"schema":{},"payload":null}"#), Ok(None));
        for text in ["1", "[]", r#"{"id":1"#, r#"{"id":1}x"#, r#"{"id":1,"__op":"z"}"#] {
            assert_eq!(said(text), Err(Unread::NoEvent), "{text}");
        }
    }
}
