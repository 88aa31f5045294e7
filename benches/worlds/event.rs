//! A change of a row -> the line that Debezium's PostgreSQL connector writes for it, as JSON without or with its schema.
//!
//! Decimals in base64 of the unscaled number, dates in days, times in microseconds, timestamps with a zone as text. A row
//! filter turns an update across its border into a create or a delete. Source: Debezium documentation, PostgreSQL
//! connector, "Data change events" and "Data type mappings"; a live connector's events, which a test holds these against
//! (`tests/it/live/invented.rs`).

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
    /// What stands for a cell of an earlier row of which only the key is known.
    blanks: Vec<&'static str>,
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
        let blanks = definition.columns.iter().map(blank).collect();
        Encoder {
            names,
            blanks,
            key: definition.key.clone(),
            whole_before: definition.whole_before,
            around,
            schema,
            table,
        }
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
        let (last_lsn, seen_ms) = (lsn - 32, committed_ms + 381);
        write!(
            out,
            ",\"source\":{{\"version\":\"3.3.1.Final\",\"connector\":\"postgresql\",\"name\":\"{schema}\",\
             \"ts_ms\":{committed_ms},\"snapshot\":\"{snapshot}\",\"db\":\"{schema}\",\
             \"sequence\":\"[\\\"{last_lsn}\\\",\\\"{lsn}\\\"]\",\"ts_us\":{committed_ms}000,\"ts_ns\":{committed_ms}000000,\
             \"schema\":\"{schema}\",\"table\":\"{table}\",\"txId\":{txid},\"lsn\":{lsn},\"xmin\":null}},\
             \"transaction\":null,\"op\":\"{op}\",\"ts_ms\":{seen_ms},\"ts_us\":{seen_ms}000,\"ts_ns\":{seen_ms}000000}}",
        )?;
        out.push_str(self.around.1);
        Ok(())
    }

    fn image(&self, out: &mut String, row: &Row, is_whole: bool) -> std::fmt::Result {
        for (place, (name, cell)) in self.names.iter().zip(row).enumerate() {
            out.push(if place == 0 { '{' } else { ',' });
            out.push_str(name);
            out.push(':');
            if is_whole || self.key.contains(&place) { value(out, cell)? } else { out.push_str(self.blanks[place]) }
        }
        out.push('}');
        Ok(())
    }
}

/// A column that may not be NULL is nothing of its type where it is not known.
fn blank(column: &Column) -> &'static str {
    if column.nullable {
        return "null";
    }
    match column.sql_type.split_once('(').map_or(column.sql_type.as_str(), |(base, _)| base) {
        "smallint" | "integer" | "bigint" | "date" | "time" | "timestamp" => "0",
        "real" | "double precision" => "0.0",
        "boolean" => "false",
        "numeric" => "\"AA==\"",
        "timestamptz" => "\"1970-01-01T00:00:00Z\"",
        _ => "\"\"",
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
            // Six digits, also where they are none.
            out.push_str(if micros.rem_euclid(1_000_000) == 0 { ".000000Z\"" } else { "Z\"" });
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
    let snapshot = json!({
        "type": "string", "optional": true, "name": "io.debezium.data.Enum", "version": 1, "default": "false", "field": "snapshot",
        "parameters": {"allowed": "true,first,first_in_data_collection,last_in_data_collection,last,false,incremental"},
    });
    let source = [
        plain("version", "string", false),
        plain("connector", "string", false),
        plain("name", "string", false),
        plain("ts_ms", "int64", false),
        snapshot,
        plain("db", "string", false),
        plain("sequence", "string", true),
        plain("ts_us", "int64", true),
        plain("ts_ns", "int64", true),
        plain("schema", "string", false),
        plain("table", "string", false),
        plain("txId", "int64", true),
        plain("lsn", "int64", true),
        plain("xmin", "int64", true),
    ];
    let source = json!({
        "type": "struct", "fields": source, "optional": false, "name": "io.debezium.connector.postgresql.Source",
        "version": 1, "field": "source",
    });
    let block = [
        plain("id", "string", false),
        plain("total_order", "int64", false),
        plain("data_collection_order", "int64", false),
    ];
    let transaction = json!({
        "type": "struct", "fields": block, "optional": true, "name": "event.block", "version": 1, "field": "transaction",
    });
    let mut fields = vec![row("before"), row("after"), source, transaction, plain("op", "string", false)];
    fields.extend(["ts_ms", "ts_us", "ts_ns"].map(|field| plain(field, "int64", true)));
    json!({
        "type": "struct", "fields": fields, "optional": false, "name": format!("{topic}.Envelope"), "version": 2,
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
