//! A value of an event -> a cell of the declared type.
//!
//! Debezium writes what a column holds in ways that its configuration and the schema block decide: decimals as base64 of
//! the unscaled two's complement (`precise`), as text or as a float; dates as days; times in millis, micros or nanos. What the
//! block says is done (`form`); what nobody says is read where it can mean one thing only.
//! Source: Debezium documentation, PostgreSQL connector, "Data type mappings".

mod decimal;

use super::form::{Decimals, Form, Open, micros};
use super::value::Value;
use super::{moment, printed};
use crate::data::cell::CellBuilder;
use crate::data::{Beyond, ColumnType, RowFault};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use decimal::{integer, unscaled, variable_scale};

/// What Debezium writes for a long value that an update did not touch: PostgreSQL leaves it out of the WAL.
pub(super) const UNAVAILABLE: &str = "__debezium_unavailable_value";

/// What Debezium writes for the infinities of a timestamp.
const INFINITIES: [i64; 2] = [9_223_372_036_825_200_000, -9_223_372_036_832_400_000];

/// What an event tells of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The value was added to the column.
    Value,
    /// That it is what it was: an update that did not touch it. A NULL was added in its place.
    Kept,
    /// Nothing, or in a form that is not certain. A NULL was added in its place.
    Unknown(Untold),
}

/// Why an event does not tell a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Untold {
    /// The event has no such field.
    Absent,
    /// What stands there is no value of the type.
    Unread,
    /// What stands there is certainly a value, and beyond what the type holds.
    Beyond,
    /// A time's unit.
    Unit,
    /// Digits or base64.
    Decimal,
    /// A float of more digits than floats keep.
    Float,
    /// Base64 or hexadecimal.
    Bytes,
    /// What stands for a long value, in an event that says nothing of the row's key before.
    Moved,
}

impl Untold {
    /// In words, behind `column: `.
    pub fn phrase(self) -> &'static str {
        match self {
            Untold::Absent => "events do not hold it",
            Untold::Unread => "what events hold is no value that its type can take",
            Untold::Beyond => "what events hold is beyond what its type can take",
            Untold::Unit => "nothing says what its numbers count; hint: `times` of the source",
            Untold::Decimal => "nothing says whether it is digits or base64; hint: `decimals` of the source",
            Untold::Float => "a float keeps no more than 15 of its digits",
            Untold::Bytes => "nothing says whether it is base64 or hexadecimal",
            Untold::Moved => {
                "where a row's key changed, its event leaves out long values that stayed; hint: replica identity full"
            }
        }
    }
}

/// What an event says of all its cells.
#[derive(Clone, Copy, Debug)]
pub struct Manner<'a> {
    /// What stands for a value that an update did not touch; `None` where the event is no update and every value is one.
    pub placeholder: Option<&'a str>,
    /// Whether the row may be new under its key, so that there is nothing that it would stand for.
    pub is_moved: bool,
    /// Whether numbers are written digit by digit, and never come from a float.
    pub are_numbers_exact: bool,
    /// Whether a field that is not there was not touched.
    pub is_absent_kept: bool,
    /// Whether NaN and the infinities come as NULL.
    pub is_nan_null: bool,
    /// Whether bytes are hexadecimal.
    pub are_bytes_hex: bool,
    /// How decimals are written where no schema block says so.
    pub decimals: Option<Decimals>,
}

/// A column and what is known of its form.
pub struct Target<'a> {
    /// The cells.
    pub cells: &'a mut CellBuilder,
    /// The place of the column in `open`.
    pub place: usize,
    /// What becomes of a value that its type cannot hold.
    pub beyond: Beyond,
    /// As the schema block says.
    pub form: Form,
    /// What the block has shown.
    pub open: &'a mut Open,
}

/// Adds the cell.
pub fn push(target: &mut Target<'_>, value: Value<'_>, manner: &Manner<'_>, room: &mut String) -> Told {
    let told = match value {
        Value::Null if manner.is_nan_null && is_number(target.cells.column_type()) => Told::Unknown(Untold::Unread),
        Value::Null => {
            target.cells.push_null();
            return Told::Value;
        }
        Value::Absent if manner.is_absent_kept => kept(manner),
        Value::Absent => Told::Unknown(Untold::Absent),
        Value::Quoted(text) => match text.read(room) {
            Ok(text) => written(target, text, manner),
            Err(_) => Told::Unknown(Untold::Unread),
        },
        Value::Text(text) => written(target, text, manner),
        // Most connectors' numbers have no scale of their own that PostgreSQL would print.
        _ if matches!(target.cells.column_type(), ColumnType::Printed(_)) => {
            printed::push(target, value, manner.are_numbers_exact)
        }
        Value::Number(text) => done(number(target, text, manner)),
        Value::Whole(number) => done(whole(target, number)),
        Value::Float(number) => done(float(target, &(number as f32).to_string(), number)),
        Value::Double(number) => done(float(target, &number.to_string(), number)),
        Value::True | Value::False if target.cells.column_type() == ColumnType::Boolean => {
            let text = if value == Value::True { "true" } else { "false" };
            done(target.cells.push_text(text).map_err(unread))
        }
        Value::Bytes(bytes) => raw(target, bytes, manner),
        Value::Decimal(bytes, scale) => {
            done(i32::try_from(scale).map_err(|_| Untold::Unread).and_then(|scale| decimal(target, bytes, scale)))
        }
        Value::Nested(text) if matches!(target.cells.column_type(), ColumnType::Numeric { .. }) => {
            done(variable_scale(target, text))
        }
        Value::Nested(_) | Value::True | Value::False | Value::Other => Told::Unknown(Untold::Unread),
    };
    // The extract's NULL of such a value is this one.
    let is_nulled = told == Told::Unknown(Untold::Beyond) && target.beyond == Beyond::Null;
    if told != Told::Value {
        target.cells.push_null();
    }
    if is_nulled { Told::Value } else { told }
}

fn is_number(column_type: ColumnType) -> bool {
    match column_type {
        ColumnType::Real | ColumnType::Double | ColumnType::Numeric { .. } => true,
        ColumnType::Printed(printed) => printed.word() == "numeric" && !printed.is_array(),
        _ => false,
    }
}

fn done(pushed: Result<(), Untold>) -> Told {
    match pushed {
        Ok(()) => Told::Value,
        Err(untold) => Told::Unknown(untold),
    }
}

fn unread(fault: RowFault) -> Untold {
    match fault {
        RowFault::Range => Untold::Beyond,
        _ => Untold::Unread,
    }
}

/// Of a float, which may be another number than the one that was stored: nothing that does not fit is certain.
fn uncertain(_: RowFault) -> Untold {
    Untold::Unread
}

fn written(target: &mut Target<'_>, text: &str, manner: &Manner<'_>) -> Told {
    if manner.placeholder.is_some_and(|placeholder| is_placeholder(text, placeholder)) {
        return kept(manner);
    }
    match target.cells.column_type() {
        ColumnType::Printed(printed) => done(printed::written(target, printed, text, manner.decimals)),
        ColumnType::Numeric { scale, .. } => done(decimal_text(target, text, i32::from(scale), manner)),
        ColumnType::Bytea if manner.are_bytes_hex => {
            done(hex(text).and_then(|bytes| target.cells.push_bytes(&bytes).map_err(unread)))
        }
        ColumnType::Bytea => match bytes(target, text) {
            Ok(bytes) => raw(target, &bytes, manner),
            Err(untold) => Told::Unknown(untold),
        },
        ColumnType::Timestamp | ColumnType::Timestamptz if let Some(micros) = moment::utc(text) => {
            done(target.cells.push_whole(micros).map_err(unread))
        }
        // Without a zone at the source: connectors print it as if it were UTC.
        ColumnType::Date | ColumnType::Time | ColumnType::Timestamp => {
            done(target.cells.push_text(text.strip_suffix('Z').unwrap_or(text)).map_err(unread))
        }
        _ => done(target.cells.push_text(text).map_err(unread)),
    }
}

/// What is told of a value that an update did not touch.
fn kept(manner: &Manner<'_>) -> Told {
    if manner.is_moved { Told::Unknown(Untold::Moved) } else { Told::Kept }
}

/// The placeholder itself, or of `hstore` in JSON as key and value.
fn is_placeholder(text: &str, placeholder: &str) -> bool {
    let is_hstore = || {
        let key = text.strip_prefix("{\"").and_then(|text| text.strip_prefix(placeholder));
        let value = key.and_then(|text| text.strip_prefix("\":\"")).and_then(|text| text.strip_prefix(placeholder));
        value == Some("\"}")
    };
    text == placeholder || text.starts_with('{') && is_hstore()
}

/// Bytes, which are the placeholder's where an update did not touch them.
fn raw(target: &mut Target<'_>, bytes: &[u8], manner: &Manner<'_>) -> Told {
    if manner.placeholder.is_some_and(|placeholder| placeholder.as_bytes() == bytes) {
        return kept(manner);
    }
    match (target.cells.column_type(), target.form) {
        (ColumnType::Bytea, _) => done(target.cells.push_bytes(bytes).map_err(unread)),
        (ColumnType::Numeric { scale, .. }, Form::Unscaled(told)) => {
            done(decimal(target, bytes, told.unwrap_or(i32::from(scale))))
        }
        _ => Told::Unknown(Untold::Unread),
    }
}

/// Bytes in base64, or in hexadecimal where every one of them is a digit of it.
fn bytes(target: &mut Target<'_>, text: &str) -> Result<Vec<u8>, Untold> {
    let base64 = || STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).map_err(|_| Untold::Unread);
    if target.form == Form::Base64 || text.is_empty() {
        return base64();
    }
    let is_hex = text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let decoded = base64();
    let is_either = is_hex && decoded.is_ok();
    match target.open.is_base64(target.place, !is_hex, is_either).ok_or(Untold::Bytes)? {
        true => decoded,
        false => hex(text),
    }
}

fn hex(text: &str) -> Result<Vec<u8>, Untold> {
    crate::data::text::bytea(&format!("\\x{text}")).map_err(unread)
}

fn decimal_text(target: &mut Target<'_>, text: &str, scale: i32, manner: &Manner<'_>) -> Result<(), Untold> {
    let is_base64 = match (target.form, manner.decimals) {
        (Form::Unscaled(_), _) => true,
        (Form::Open, Some(mode)) => mode == Decimals::Precise,
        (Form::Open, None) => {
            let decodes = text.len().is_multiple_of(4) && !text.is_empty() && unscaled(text).is_ok();
            let is_number = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'));
            let is_either = decodes && (is_number || text == "Infinity");
            target.open.is_base64(target.place, decodes, is_either).ok_or(Untold::Decimal)?
        }
        _ => false,
    };
    if !is_base64 {
        return target.cells.push_text(printed::spelled(text)).map_err(unread);
    }
    let scale = match target.form {
        Form::Unscaled(told) => told.ok_or(Untold::Decimal)?,
        _ => scale,
    };
    // Without a block the scale is the declared one, which may not be the one that was meant.
    let fault = if matches!(target.form, Form::Unscaled(_)) { unread } else { uncertain };
    target.cells.push_decimal(unscaled(text).map_err(fault)?, scale).map_err(fault)
}

fn decimal(target: &mut Target<'_>, bytes: &[u8], scale: i32) -> Result<(), Untold> {
    target.cells.push_decimal(integer(bytes).map_err(unread)?, scale).map_err(unread)
}

fn number(target: &mut Target<'_>, text: &str, manner: &Manner<'_>) -> Result<(), Untold> {
    let is_exact = manner.are_numbers_exact || target.form == Form::Plain;
    match target.cells.column_type() {
        ColumnType::Numeric { precision, scale } if !is_exact => {
            let units = crate::data::text::decimal(text, precision, scale).map_err(uncertain)?;
            let units = float_units(units)?;
            target.cells.push_decimal(units, i32::from(scale)).map_err(uncertain)
        }
        ColumnType::Smallint
        | ColumnType::Integer
        | ColumnType::Bigint
        | ColumnType::Date
        | ColumnType::Time
        | ColumnType::Timestamp
        | ColumnType::Timestamptz => whole(target, crate::data::text::whole_i64(text).ok_or(Untold::Unread)?),
        ColumnType::Numeric { .. } | ColumnType::Real | ColumnType::Double | ColumnType::Boolean => {
            target.cells.push_text(text).map_err(unread)
        }
        _ => Err(Untold::Unread),
    }
}

/// Units of a decimal that came as a float: with 15 digits or fewer it is the decimal that the float was made of.
fn float_units(units: i128) -> Result<i128, Untold> {
    if units.unsigned_abs() < 1_000_000_000_000_000 { Ok(units) } else { Err(Untold::Float) }
}

fn float(target: &mut Target<'_>, text: &str, number: f64) -> Result<(), Untold> {
    match target.cells.column_type() {
        ColumnType::Real | ColumnType::Double => target.cells.push_text(text).map_err(unread),
        ColumnType::Numeric { precision, scale } if number.is_finite() => {
            let units = crate::data::text::decimal(text, precision, scale).map_err(uncertain)?;
            target.cells.push_decimal(float_units(units)?, i32::from(scale)).map_err(uncertain)
        }
        _ => Err(Untold::Unread),
    }
}

fn whole(target: &mut Target<'_>, number: i64) -> Result<(), Untold> {
    let column_type = target.cells.column_type();
    // A number whose unit is not told is beyond the type only where no unit makes it anything else.
    let is_time = matches!(column_type, ColumnType::Time | ColumnType::Timestamp | ColumnType::Timestamptz);
    let is_certain = !is_time || target.form != Form::Open;
    let fault = if is_certain { unread } else { uncertain };
    let number = match (column_type, target.form) {
        (ColumnType::Timestamp | ColumnType::Timestamptz, Form::Open) if INFINITIES.contains(&number) => {
            return Err(Untold::Beyond);
        }
        (ColumnType::Time | ColumnType::Timestamp | ColumnType::Timestamptz, Form::Count(unit)) => {
            micros(number, unit).map_err(uncertain)?
        }
        (ColumnType::Time | ColumnType::Timestamp | ColumnType::Timestamptz, Form::Open) => {
            target.open.micros(target.place, column_type, number).ok_or(Untold::Unit)?
        }
        (ColumnType::Time | ColumnType::Timestamp | ColumnType::Timestamptz, _) => return Err(Untold::Unit),
        (ColumnType::Date, Form::Days | Form::Open) => number,
        (ColumnType::Date, _) => return Err(Untold::Unit),
        _ => number,
    };
    target.cells.push_whole(number).map_err(fault)
}

#[cfg(test)]
mod tests;
