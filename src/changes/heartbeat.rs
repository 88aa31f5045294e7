//! A topic that shows how far a connector has come, also where nothing happens: Debezium's heartbeats, which tell the time, or
//! the changes of a table that its `heartbeat.action.query` writes to, which tell their transaction.
//! Source: Debezium documentation, PostgreSQL connector, `heartbeat.interval.ms` and `heartbeat.action.query`.

use super::alike::Shapes;
use super::as_of::{AsOf, Placed};
use super::avro::Framed;
use super::block::Block;
use super::event::{Event, Snapshot, Source, whole};
use super::fault::{Because, DecodeFault};
use super::reading::Reading;
use super::record::each;
use super::value::Names;
use super::{avro, debezium, flat};

/// Debezium's name of a heartbeat's time.
const TIME: &str = "ts_ms";

/// Whether the records of `block` show a position past the extract's.
pub fn passes(block: &Block, as_of: &AsOf, reading: &Reading) -> Result<bool, DecodeFault> {
    let mut passes = false;
    let mut names = Names::of(TIME);
    each::<DecodeFault>(block, &mut |record| {
        let Some(value) = record.value.as_deref() else { return Ok(()) };
        let fault = DecodeFault { line: record.line, because: Because::NoHeartbeat };
        let value = Framed { bytes: value, header: record.value_schema };
        let beat = beat(value, reading, &mut names).ok_or(fault)?;
        let is_read = beat.snapshot != Snapshot::No;
        passes |= !is_read && as_of.place(&beat).0 == Placed::Later && as_of.is_past(beat.txid);
        Ok(())
    })?;
    Ok(passes)
}

/// What a value tells of its moment.
fn beat(value: Framed<'_>, reading: &Reading, names: &mut Names) -> Option<Source> {
    let mut row = names.row();
    let told = |event: Event<'_>| Some(event.source).filter(|source| *source != Source::default());
    let source = match reading.payload {
        payload if payload.is_avro() && !avro::is_printed(value) => {
            let event = avro::read(value, &reading.schemas, names, &mut row).ok().flatten();
            match event {
                Some((event, _)) => told(event),
                None => {
                    row.clear();
                    avro::key(value, &reading.schemas, names, &mut row).ok()?;
                    None
                }
            }
        }
        _ => {
            let text = std::str::from_utf8(value.bytes).ok()?;
            match debezium::read(text, "", names, &mut Shapes::default(), &mut row).ok().flatten() {
                Some(event) => told(event),
                None => {
                    row.clear();
                    flat::read(text, names, &mut row).ok()?.and_then(told)
                }
            }
        }
    };
    source.or_else(|| Some(Source { committed_ms: Some(whole(row.cell(0))?), ..Source::default() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::{Layout, Object};
    use crate::data::PgSnapshot;

    fn passes_with(lines: &str) -> Result<bool, String> {
        let as_of = AsOf {
            snapshot: PgSnapshot::parse("700:705:702"),
            position: None,
            extracted_ms: 1_795_000_000_000,
            window_ms: 1_000,
        };
        let object = Object { partition: 0, first_offset: 0, path: "h/partition=0/h+0+0.json".into() };
        let block = Block::whole(&object, Layout::Confluent, lines.to_owned().into());
        passes(&block, &as_of, &Reading::default()).map_err(|fault| fault.to_string())
    }

    #[test]
    fn takes_a_later_time_or_a_later_transaction_for_a_position_past_the_extract() {
        for (lines, expected) in [
            (r#"{"ts_ms":1795000001000}"#, false),
            (r#"{"ts_ms":1795000001001}"#, true),
            (r#"{"schema":{"type":"struct"},"payload":{"ts_ms":1795000001001}}"#, true),
            ("{\"ts_ms\":1795000001001}\n{\"ts_ms\":1}", true),
            (r#"{"after":{"id":1},"source":{"txId":700,"ts_ms":1},"op":"u"}"#, false),
            (r#"{"after":{"id":1},"source":{"txId":705,"ts_ms":1},"op":"u","ts_ms":1795000009000}"#, true),
            // In progress when the extract was taken: others that it shows may come behind.
            (r#"{"after":{"id":1},"source":{"txId":702,"ts_ms":1},"op":"u"}"#, false),
            // A transaction that the extract shows shows no more, whatever the time.
            (r#"{"after":{"id":1},"source":{"txId":700,"ts_ms":1795000009000},"op":"u","ts_ms":1795000009000}"#, false),
            (r#"{"after":{"id":1},"source":{"txId":705,"snapshot":"true"},"op":"r"}"#, false),
            ("null", false),
        ] {
            assert_eq!(passes_with(lines), Ok(expected), "{lines}");
        }
        for lines in ["{}", "1", r#"{"ts_ms":"soon"}"#, r#"{"ts_ms":1"#] {
            let told = "line 1 is neither a heartbeat nor a change event";
            assert_eq!(passes_with(lines), Err(told.to_owned()), "{lines}");
        }
    }
}
