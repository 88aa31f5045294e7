//! A value of AWS DMS in JSON -> an event.
//!
//! DMS counts transactions in its own way, so they are not compared with the extract's; `commit-timestamp` gives a window. What
//! it loads at first has no moment. Source: AWS DMS user guide, "Using Apache Kafka as a target".

use super::event::{Event, Operation, Snapshot, Source, Unread};
use super::scan::{Json, Scanner};
use super::value::{Names, Row};

/// Reads a record.
pub fn read<'a>(text: &'a str, names: &mut Names, row: &mut Row<'a>) -> Result<Option<Event<'a>>, Unread> {
    let no_event = |_| Unread::NoEvent;
    let mut scanner = Scanner::new(text);
    let mut room = String::new();
    let (mut metadata, mut has_row) = (None, false);
    let mut goes_on = scanner.enter().map_err(no_event)?;
    while goes_on {
        let name = scanner.name().map_err(no_event)?;
        match name.read(&mut room).map_err(no_event)? {
            "data" if scanner.peek() == Some(b'{') && !has_row => {
                has_row = true;
                names.read(&mut scanner, row, &mut |_, _| false).map_err(no_event)?;
            }
            "metadata" if scanner.peek() == Some(b'{') && metadata.is_none() => {
                metadata = Some(Metadata::read(&mut scanner)?);
            }
            _ => drop(scanner.value().map_err(no_event)?),
        }
        goes_on = scanner.more().map_err(no_event)?;
    }
    scanner.end().map_err(no_event)?;
    let metadata = metadata.ok_or(Unread::NoEvent)?;
    let operation = match (metadata.record_type.as_str(), metadata.operation.as_str()) {
        // Of the table's own making: `create-table`, `add-column`.
        ("control", _) => Operation::Other,
        ("data" | "", "load" | "insert" | "update") if has_row => Operation::Upsert,
        ("data" | "", "delete") if has_row => Operation::Delete,
        _ => return Err(Unread::NoEvent),
    };
    // What is loaded at first was read, not changed.
    let snapshot = if metadata.operation == "load" { Snapshot::Whole } else { Snapshot::No };
    let source = Source { committed_ms: metadata.committed_ms, snapshot, ..Source::default() };
    let table = (!metadata.table.is_empty()).then(|| format!("{}.{}", metadata.schema, metadata.table));
    Ok(Some(Event { operation, is_untouched_possible: metadata.operation == "update", source, schema: None, table }))
}

#[derive(Default)]
struct Metadata {
    record_type: String,
    operation: String,
    schema: String,
    table: String,
    committed_ms: Option<i64>,
}

impl Metadata {
    fn read(scanner: &mut Scanner<'_>) -> Result<Self, Unread> {
        let no_event = |_| Unread::NoEvent;
        let mut metadata = Metadata::default();
        let (mut room, mut word) = (String::new(), String::new());
        let mut goes_on = scanner.enter().map_err(no_event)?;
        while goes_on {
            let name = scanner.name().map_err(no_event)?;
            let value = scanner.value().map_err(no_event)?;
            if let Json::Text(text) = value {
                let text = text.read(&mut word).map_err(no_event)?.to_owned();
                match name.read(&mut room).map_err(no_event)? {
                    "record-type" => metadata.record_type = text,
                    "operation" => metadata.operation = text,
                    "schema-name" => metadata.schema = text,
                    "table-name" => metadata.table = text,
                    "commit-timestamp" => {
                        metadata.committed_ms =
                            crate::data::text::rfc3339(&text).map(|moment| moment.timestamp_millis());
                    }
                    _ => {}
                }
            }
            goes_on = scanner.more().map_err(no_event)?;
        }
        Ok(metadata)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::value::testing::column;

    fn said(text: &str) -> Result<(Operation, Option<i64>, Option<String>), Unread> {
        let id = column("id", "bigint");
        let mut names = Names::new(&[&id]);
        let mut row = names.row();
        let event = read(text, &mut names, &mut row)?.ok_or(Unread::NoEvent)?;
        Ok((event.operation, event.source.committed_ms, event.table))
    }

    #[test]
    fn reads_changes_and_passes_control_records_over() {
        let of = |operation: &str, kind: &str| {
            format!(
                r#"{{"data":{{"id":1}},"metadata":{{"timestamp":"2026-11-22T00:00:09Z","record-type":"{kind}","operation":"{operation}","schema-name":"app","table-name":"thing","transaction-id":81604379072,"commit-timestamp":"1970-01-01T00:00:01.5Z"}}}}"#
            )
        };
        let table = Some("app.thing".to_owned());
        for (operation, expected) in
            [("load", Operation::Upsert), ("update", Operation::Upsert), ("delete", Operation::Delete)]
        {
            assert_eq!(said(&of(operation, "data")), Ok((expected, Some(1_500), table.clone())));
        }
        assert_eq!(said(&of("create-table", "control")), Ok((Operation::Other, Some(1_500), table)));
        for text in [
            of("truncate", "data"),
            "{}".into(),
            r#"{"data":{"id":1}}"#.into(),
            r#"{"metadata":{"operation":"insert"}}"#.into(),
        ] {
            assert_eq!(said(&text), Err(Unread::NoEvent), "{text}");
        }
    }
}
