//! A change of a row -> the line that Debezium's PostgreSQL connector writes for it, as JSON without or with its schema.
//!
//! Decimals in base64 of the unscaled number, dates in days, times in microseconds, timestamps with a zone as text. A row
//! filter turns an update across its border into a create or a delete. Source: Debezium documentation, PostgreSQL
//! connector, "Data change events" and "Data type mappings"; what a live connector wrote (`fixtures/*/topics`).

use super::cell::{Cell, Row, timestamp};
use super::definition::{Column, Definition};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use std::fmt::Write;

/// Where and when an event comes from.
pub struct Stamp {
    /// The database's transaction.
    pub txid: u64,
    /// Place in the WAL.
    pub lsn: u64,
    /// When the transaction committed, milliseconds since 1970.
    pub committed_ms: i64,
    /// `false`, or `first` or `true` in the first load.
    pub snapshot: &'static str,
}

/// Writes the events of one table.
pub struct Encoder {
    names: Vec<String>,
    key: Vec<usize>,
    whole_before: bool,
    /// What stands before and after the envelope.
    around: (String, &'static str),
    schema: String,
    table: String,
}

impl Encoder {
    /// The events of a table, each with its schema or without.
    pub fn new(definition: &Definition, with_schema: bool) -> Self {
        let names = definition.columns.iter().map(|column| json!(column.name).to_string()).collect();
        let around = match with_schema {
            true => (format!("{{\"schema\":{},\"payload\":", envelope(definition)), "}"),
            false => (String::new(), ""),
        };
        let (schema, table) = (definition.schema.clone(), definition.table.clone());
        Encoder { names, key: definition.key.clone(), whole_before: definition.whole_before, around, schema, table }
    }

    /// Adds a line, without its end, for a change as the topic carries it: an image that the row filter keeps out is `None`,
    /// and one at least is there.
    pub fn line(&self, out: &mut String, before: Option<&Row>, after: Option<&Row>, stamp: &Stamp) -> std::fmt::Result {
        let op = match (before, after) {
            (_, None) => 'd',
            (Some(_), Some(_)) => 'u',
            (None, Some(_)) if stamp.snapshot == "false" => 'c',
            (None, Some(_)) => 'r',
        };
        out.push_str(&self.around.0);
        out.push_str("{\"before\":");
        match before {
            // Without the full replica identity the WAL knows an earlier row's key only, and tells it when the row goes.
            Some(row) if self.whole_before || op == 'd' => self.image(out, row, self.whole_before)?,
            _ => out.push_str("null"),
        }
        out.push_str(",\"after\":");
        match after {
            Some(row) => self.image(out, row, true)?,
            None => out.push_str("null"),
        }
        let (Encoder { schema, table, .. }, Stamp { txid, lsn, committed_ms, snapshot }) = (self, stamp);
        write!(
            out,
            ",\"source\":{{\"version\":\"2.7.4.Final\",\"connector\":\"postgresql\",\"name\":\"{schema}\",\
             \"ts_ms\":{committed_ms},\"snapshot\":\"{snapshot}\",\"db\":\"{schema}\",\
             \"sequence\":\"[\\\"{}\\\",\\\"{lsn}\\\"]\",\"schema\":\"{schema}\",\"table\":\"{table}\",\
             \"txId\":{txid},\"lsn\":{lsn},\"xmin\":null}},\"op\":\"{op}\",\"ts_ms\":{},\"transaction\":null}}",
            lsn - 32,
            committed_ms + 381,
        )?;
        out.push_str(self.around.1);
        Ok(())
    }

    fn image(&self, out: &mut String, row: &Row, is_whole: bool) -> std::fmt::Result {
        for (place, (name, cell)) in self.names.iter().zip(row).enumerate() {
            out.push(if place == 0 { '{' } else { ',' });
            out.push_str(name);
            out.push(':');
            if is_whole || self.key.contains(&place) { value(out, cell)? } else { out.push_str("null") }
        }
        out.push('}');
        Ok(())
    }
}

fn value(out: &mut String, cell: &Cell) -> std::fmt::Result {
    match cell {
        Cell::Null => out.push_str("null"),
        Cell::Bool(is) => write!(out, "{is}")?,
        Cell::Whole(number) | Cell::Time(number) | Cell::Timestamp(number) => write!(out, "{number}")?,
        Cell::Date(days) => write!(out, "{days}")?,
        // With a point even when whole, as Java writes them.
        Cell::Real(number) => write!(out, "{number:?}")?,
        Cell::Double(number) => write!(out, "{number:?}")?,
        Cell::Decimal(unscaled, _) => base64(out, twos_complement(&unscaled.to_be_bytes())),
        Cell::Bytes(bytes) => base64(out, bytes),
        Cell::Text(text) if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') => {
            write!(out, "\"{text}\"")?;
        }
        Cell::Text(text) => write!(out, "{}", json!(text))?,
        Cell::Uuid(bits) => write!(out, "\"{}\"", uuid::Uuid::from_u128(*bits))?,
        Cell::Timestamptz(micros) => {
            out.push('"');
            timestamp(out, *micros, 'T')?;
            out.push_str("Z\"");
        }
    }
    Ok(())
}

/// The fewest bytes that still show the sign.
fn twos_complement(bytes: &[u8]) -> &[u8] {
    let repeats = |pair: &[u8]| matches!((pair[0], pair[1] & 0x80), (0, 0) | (0xff, 0x80));
    let surplus = bytes.windows(2).take_while(|pair| repeats(pair)).count();
    &bytes[surplus..]
}

fn base64(out: &mut String, bytes: &[u8]) {
    out.push('"');
    STANDARD.encode_string(bytes, out);
    out.push('"');
}

/// The schema block of a table's events.
fn envelope(definition: &Definition) -> String {
    let topic = format!("{0}.{0}.{1}", definition.schema, definition.table);
    let row = |field: &str| {
        let fields: Vec<_> = definition.columns.iter().map(field_schema).collect();
        json!({"type": "struct", "fields": fields, "optional": true, "name": format!("{topic}.Value"), "field": field})
    };
    let plain =
        |field: &str, kind: &str, is_optional: bool| json!({"type": kind, "optional": is_optional, "field": field});
    let source = [
        plain("version", "string", false),
        plain("connector", "string", false),
        plain("name", "string", false),
        plain("ts_ms", "int64", false),
        plain("snapshot", "string", true),
        plain("db", "string", false),
        plain("sequence", "string", true),
        plain("schema", "string", false),
        plain("table", "string", false),
        plain("txId", "int64", true),
        plain("lsn", "int64", true),
        plain("xmin", "int64", true),
    ];
    let source = json!({
        "type": "struct", "fields": source, "optional": false, "name": "io.debezium.connector.postgresql.Source",
        "field": "source",
    });
    let fields = [row("before"), row("after"), source, plain("op", "string", false), plain("ts_ms", "int64", true)];
    json!({
        "type": "struct", "fields": fields, "optional": false, "name": format!("{topic}.Envelope"), "version": 1,
    })
    .to_string()
}

fn field_schema(column: &Column) -> serde_json::Value {
    let (base, numbers) = column.sql_type.split_once('(').unwrap_or((&column.sql_type, ""));
    let (physical, logical) = match base {
        "smallint" => ("int16", None),
        "integer" => ("int32", None),
        "bigint" => ("int64", None),
        "boolean" => ("boolean", None),
        "real" => ("float", None),
        "double precision" => ("double", None),
        "numeric" => ("bytes", Some("org.apache.kafka.connect.data.Decimal")),
        "bytea" => ("bytes", None),
        "date" => ("int32", Some("io.debezium.time.Date")),
        "time" => ("int64", Some("io.debezium.time.MicroTime")),
        "timestamp" => ("int64", Some("io.debezium.time.MicroTimestamp")),
        "timestamptz" => ("string", Some("io.debezium.time.ZonedTimestamp")),
        "uuid" => ("string", Some("io.debezium.data.Uuid")),
        "json" | "jsonb" => ("string", Some("io.debezium.data.Json")),
        _ => ("string", None),
    };
    let mut field = json!({"type": physical, "optional": column.nullable, "field": column.name});
    if let Some(logical) = logical {
        field["name"] = json!(logical);
        field["version"] = json!(1);
    }
    if let ("numeric", Some((precision, scale))) = (base, numbers.trim_end_matches(')').split_once(',')) {
        field["parameters"] = json!({"scale": scale, "connect.decimal.precision": precision});
    }
    field
}
