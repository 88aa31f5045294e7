//! A value of wal2json -> its changes: one object a transaction (format 1) or one a change (format 2).
//!
//! It writes NaN and the infinities as `null`, so a `null` of a number says nothing; it leaves out what an update did not touch;
//! a change of a key is one update with the old key. Source: wal2json 2.5, README and `wal2json.c`.

use super::event::{Event, Operation, Source, Unread};
use super::scan::{Json, Scanner};
use super::value::{Names, Row, Value};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Changes of one value, at most: a place in a partition has so much room for their order.
const CHANGES_MAX: u64 = 1 << 20;

/// A change.
pub struct Change<'a> {
    operation: Operation,
    is_update: bool,
    source: Source,
    table: String,
    cells: Vec<(Cow<'a, str>, &'a RawValue)>,
}

/// The place of the change at `index` of the value at `position`; `None` beyond all offsets.
pub fn position(position: u64, index: usize) -> Option<u64> {
    let index = u64::try_from(index).ok().filter(|index| *index < CHANGES_MAX)?;
    position.checked_mul(CHANGES_MAX)?.checked_add(index)
}

#[derive(Deserialize)]
struct Written<'a> {
    #[serde(borrow)]
    action: Option<Cow<'a, str>>,
    #[serde(borrow)]
    xid: Option<&'a RawValue>,
    #[serde(borrow)]
    timestamp: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    schema: Cow<'a, str>,
    #[serde(borrow, default)]
    table: Cow<'a, str>,
    #[serde(borrow, default)]
    columns: Vec<Cell<'a>>,
    #[serde(borrow, default)]
    identity: Vec<Cell<'a>>,
    #[serde(borrow)]
    change: Option<Vec<InTransaction<'a>>>,
}

#[derive(Deserialize)]
struct Cell<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    value: &'a RawValue,
}

#[derive(Deserialize)]
struct InTransaction<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    schema: Cow<'a, str>,
    #[serde(borrow, default)]
    table: Cow<'a, str>,
    #[serde(borrow, default)]
    columnnames: Vec<Cow<'a, str>>,
    #[serde(borrow, default)]
    columnvalues: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    oldkeys: OldKeys<'a>,
}

#[derive(Default, Deserialize)]
struct OldKeys<'a> {
    #[serde(borrow, default)]
    keynames: Vec<Cow<'a, str>>,
    #[serde(borrow, default)]
    keyvalues: Vec<&'a RawValue>,
}

type Cells<'a> = Vec<(Cow<'a, str>, &'a RawValue)>;

/// The changes of a value, in their order; none of what only begins or ends a transaction.
pub fn changes(text: &str) -> Result<Vec<Change<'_>>, Unread> {
    let written: Written<'_> = serde_json::from_str(text).map_err(|_| Unread::NoEvent)?;
    let mut source = Source::default();
    if let Some(xid) = written.xid {
        source.put("txId", Value::Number(xid.get()));
    }
    source.committed_ms = written
        .timestamp
        .and_then(|text| crate::data::text::timestamptz(&text).ok())
        .map(|micros| micros.div_euclid(1_000));
    let mut changes = Vec::new();
    match (written.action.as_deref(), written.change) {
        (Some("B" | "C" | "M"), None) => {}
        (Some(action), None) => {
            let table = format!("{}.{}", written.schema, written.table);
            put(&mut changes, action, source, table, named(written.columns), named(written.identity))?;
        }
        (None, Some(list)) => {
            for one in list {
                let paired = |names: Vec<_>, values: Vec<_>| {
                    if names.len() == values.len() {
                        Ok(names.into_iter().zip(values).collect())
                    } else {
                        Err(Unread::NoEvent)
                    }
                };
                let action = match one.kind.as_ref() {
                    "insert" => "I",
                    "update" => "U",
                    "delete" => "D",
                    "message" => continue,
                    _ => return Err(Unread::NoEvent),
                };
                let old = paired(one.oldkeys.keynames, one.oldkeys.keyvalues)?;
                let table = format!("{}.{}", one.schema, one.table);
                put(&mut changes, action, source, table, paired(one.columnnames, one.columnvalues)?, old)?;
            }
        }
        _ => return Err(Unread::NoEvent),
    }
    Ok(changes)
}

fn named(cells: Vec<Cell<'_>>) -> Cells<'_> {
    cells.into_iter().map(|cell| (cell.name, cell.value)).collect()
}

fn put<'a>(
    changes: &mut Vec<Change<'a>>,
    action: &str,
    source: Source,
    table: String,
    cells: Cells<'a>,
    old: Cells<'a>,
) -> Result<(), Unread> {
    let change = |operation, is_update, cells| Change { operation, is_update, source, table: table.clone(), cells };
    match action {
        "I" => changes.push(change(Operation::Upsert, false, cells)),
        "D" => changes.push(change(Operation::Delete, false, old)),
        "T" => changes.push(change(Operation::Truncate, false, Vec::new())),
        "U" => {
            let is_other = |(name, was): &(Cow<'_, str>, &RawValue)| {
                cells.iter().any(|(new, is)| new == name && is.get() != was.get())
            };
            // Under another key it is another row: what was not touched of the old one nobody carries over.
            let is_moved = old.iter().any(is_other);
            if is_moved {
                changes.push(change(Operation::Delete, false, old));
            }
            changes.push(change(Operation::Upsert, true, cells));
        }
        _ => return Err(Unread::NoEvent),
    }
    Ok(())
}

impl<'a> Change<'a> {
    /// Puts its cells into `row`.
    pub fn read(&self, names: &mut Names, row: &mut Row<'a>) -> Result<Event<'a>, Unread> {
        for (nth, (name, value)) in self.cells.iter().enumerate() {
            let value: Json<'a> = Scanner::new(value.get()).value().map_err(|_| Unread::NoEvent)?;
            names.put(row, nth, name, Value::from(value));
        }
        Ok(Event {
            operation: self.operation,
            is_untouched_possible: self.is_update,
            source: self.source,
            schema: None,
            table: Some(self.table.clone()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Result<Vec<(Operation, usize, Option<u64>)>, Unread> {
        Ok(changes(text)?.iter().map(|change| (change.operation, change.cells.len(), change.source.txid)).collect())
    }

    #[test]
    fn reads_both_formats() {
        let insert = r#"{"action":"I","xid":571,"timestamp":"2026-11-22 00:00:00+00","schema":"app","table":"thing","columns":[{"name":"id","type":"bigint","value":1},{"name":"note","type":"text","value":null}]}"#;
        assert_eq!(said(insert), Ok(vec![(Operation::Upsert, 2, Some(571))]));
        let transaction = r#"{"xid":572,"change":[{"kind":"insert","columnnames":["id"],"columntypes":["bigint"],"columnvalues":[1]},{"kind":"delete","oldkeys":{"keynames":["id"],"keytypes":["bigint"],"keyvalues":[1]}}]}"#;
        assert_eq!(said(transaction), Ok(vec![(Operation::Upsert, 1, Some(572)), (Operation::Delete, 1, Some(572))]));
        assert_eq!(said(r#"{"action":"T","schema":"app","table":"thing"}"#), Ok(vec![(Operation::Truncate, 0, None)]));
        for text in [r#"{"action":"B","xid":1}"#, r#"{"action":"C"}"#, r#"{"change":[]}"#] {
            assert_eq!(said(text), Ok(Vec::new()), "{text}");
        }
    }

    #[test]
    fn makes_a_delete_and_a_new_row_of_a_key_that_changed() {
        let moved = r#"{"action":"U","columns":[{"name":"id","value":6}],"identity":[{"name":"id","value":5}]}"#;
        assert_eq!(said(moved), Ok(vec![(Operation::Delete, 1, None), (Operation::Upsert, 1, None)]));
        let stayed = r#"{"action":"U","columns":[{"name":"id","value":5}],"identity":[{"name":"id","value":5}]}"#;
        assert_eq!(said(stayed), Ok(vec![(Operation::Upsert, 1, None)]));
    }

    #[test]
    fn refuses_what_is_none_of_its_values() {
        for text in [
            "{}",
            "1",
            "null",
            r#"{"action":"X"}"#,
            r#"{"change":[{"kind":"insert","columnnames":["id"],"columnvalues":[]}]}"#,
        ] {
            assert_eq!(said(text).err(), Some(Unread::NoEvent), "{text}");
        }
        assert_eq!(position(u64::MAX, 0), None);
        assert_eq!(position(1, CHANGES_MAX as usize), None);
        assert!(position(1, 0) > position(0, 5));
    }
}
