//! The bytes of one column's cells -> a column of its declared type.
//!
//! How to read a column is decided once, when the column is made; a cell is then one match and one push.

use super::numbers::Numbers;
use super::numeric;
use super::room_after;
use super::texts::Texts;
use super::wire::Wire;
use crate::data::text::{day_fits, moment_fits};
use crate::data::{ColumnType, RowFault};
use arrow::array::{ArrayBuilder, ArrayRef, BinaryViewBuilder, BooleanBuilder};
use arrow::datatypes::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, Time64MicrosecondType,
    TimestampMicrosecondType,
};
use std::sync::Arc;

/// Days from 1970-01-01, where Arrow's dates begin, to 2000-01-01, where PostgreSQL's do.
const EPOCH_DAYS: i32 = 10_957;
/// The same in microseconds.
const EPOCH_MICROS: i64 = EPOCH_DAYS as i64 * DAY_MICROS;
const DAY_MICROS: i64 = 86_400_000_000;
/// The one version of `jsonb`'s binary form.
const JSONB_VERSION: u8 = 1;

/// What is wrong with a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellFault {
    /// Its row is bad.
    Row(RowFault),
    /// It is not of its type's form at all: the stream is damaged.
    Torn,
}

/// A column under way.
pub struct Cells(Read);

enum Read {
    Int16(Numbers<Int16Type>),
    Int32(Numbers<Int32Type>, Wire),
    Int64(Numbers<Int64Type>, Wire),
    /// Whole numbers as decimals: what one is in units of the last place, and the limit.
    Whole(Numbers<Decimal128Type>, Wire, i128, i128),
    /// The same of whole numbers without a sign.
    Unsigned(Numbers<Decimal128Type>, i128, i128),
    Decimal(Numbers<Decimal128Type>, u8, i128),
    Float32(Numbers<Float32Type>),
    Float64(Numbers<Float64Type>),
    Boolean(BooleanBuilder),
    Text(Texts),
    Padded(Texts),
    Jsonb(Texts),
    Uuid(Texts),
    Date(Numbers<Date32Type>),
    Time(Numbers<Time64MicrosecondType>),
    Timestamp(Numbers<TimestampMicrosecondType>),
    Bytes(BinaryViewBuilder),
}

impl Cells {
    /// An empty column of `wire` cells read as `declared`, with room for `rows`; `None` when they cannot be.
    pub fn new(wire: Wire, declared: ColumnType, rows: usize) -> Option<Self> {
        Read::new(wire, declared, rows).map(Cells)
    }

    /// Adds a cell. On a fault nothing is added: the caller adds NULL or gives up.
    #[inline]
    pub fn push(&mut self, cell: &[u8]) -> Result<(), CellFault> {
        match &mut self.0 {
            Read::Int16(cells) => cells.push(i16::from_be_bytes(exactly(cell)?)),
            Read::Int32(cells, Wire::Int2) => cells.push(i16::from_be_bytes(exactly(cell)?).into()),
            Read::Int32(cells, _) => cells.push(i32::from_be_bytes(exactly(cell)?)),
            Read::Int64(cells, wire) => cells.push(whole(cell, *wire)?),
            Read::Whole(cells, wire, one, limit) => {
                let number = i128::from(whole(cell, *wire)?).checked_mul(*one);
                let number = number.filter(|number| number.unsigned_abs() < limit.unsigned_abs());
                cells.push(number.ok_or(OUT_OF_RANGE)?);
            }
            Read::Unsigned(cells, one, limit) => {
                let number = i128::from(u64::from_be_bytes(exactly(cell)?)).checked_mul(*one);
                cells.push(number.filter(|number| number < limit).ok_or(OUT_OF_RANGE)?);
            }
            Read::Decimal(cells, scale, limit) => cells.push(numeric::unscaled(cell, *scale, *limit)?),
            Read::Float32(cells) => cells.push(f32::from_be_bytes(exactly(cell)?)),
            Read::Float64(cells) => cells.push(f64::from_be_bytes(exactly(cell)?)),
            Read::Boolean(cells) => match cell {
                [0] => cells.append_value(false),
                [1] => cells.append_value(true),
                _ => return Err(CellFault::Torn),
            },
            Read::Text(cells) => cells.push(cell),
            // Blanks at the end are padding: PostgreSQL drops them whenever it makes text of a char(n).
            Read::Padded(cells) => cells.push(trim_end(cell)),
            Read::Jsonb(cells) => match cell {
                [JSONB_VERSION, json @ ..] => cells.push(json),
                _ => return Err(CellFault::Torn),
            },
            Read::Uuid(cells) => {
                let uuid = uuid::Uuid::from_bytes(exactly(cell)?);
                cells.push(uuid.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()).as_bytes());
            }
            Read::Date(cells) => {
                // The ends of the range stand for the infinities; they are out of range with the centuries before them.
                let day = i32::from_be_bytes(exactly(cell)?).checked_add(EPOCH_DAYS);
                cells.push(day.filter(|day| day_fits(i64::from(*day))).ok_or(OUT_OF_RANGE)?);
            }
            Read::Time(cells) => {
                // 24:00:00 is a time to PostgreSQL and to nobody else.
                let micros = i64::from_be_bytes(exactly(cell)?);
                cells.push(Some(micros).filter(|t| (0..DAY_MICROS).contains(t)).ok_or(OUT_OF_RANGE)?);
            }
            Read::Timestamp(cells) => {
                let micros = i64::from_be_bytes(exactly(cell)?).checked_add(EPOCH_MICROS);
                cells.push(micros.filter(|micros| moment_fits(*micros)).ok_or(OUT_OF_RANGE)?);
            }
            Read::Bytes(cells) => cells.append_value(cell),
        }
        Ok(())
    }

    /// Adds NULL.
    #[inline]
    pub fn push_null(&mut self) {
        match &mut self.0 {
            Read::Int16(cells) => cells.push_null(),
            Read::Int32(cells, _) => cells.push_null(),
            Read::Int64(cells, _) => cells.push_null(),
            Read::Whole(cells, ..) | Read::Unsigned(cells, ..) => cells.push_null(),
            Read::Decimal(cells, ..) => cells.push_null(),
            Read::Float32(cells) => cells.push_null(),
            Read::Float64(cells) => cells.push_null(),
            Read::Boolean(cells) => cells.append_null(),
            Read::Text(cells) | Read::Padded(cells) | Read::Jsonb(cells) | Read::Uuid(cells) => cells.push_null(),
            Read::Date(cells) => cells.push_null(),
            Read::Time(cells) => cells.push_null(),
            Read::Timestamp(cells) => cells.push_null(),
            Read::Bytes(cells) => cells.append_null(),
        }
    }

    /// The column so far, and its rows whose cells turned out to be no text, which are NULL in it: a database in SQL_ASCII sends
    /// whatever bytes were stored. Empty again then, with room for about as much.
    pub fn finish(&mut self) -> (ArrayRef, Vec<usize>) {
        let built: ArrayRef = match &mut self.0 {
            Read::Int16(cells) => cells.finish(),
            Read::Int32(cells, _) => cells.finish(),
            Read::Int64(cells, _) => cells.finish(),
            Read::Whole(cells, ..) | Read::Unsigned(cells, ..) | Read::Decimal(cells, ..) => cells.finish(),
            Read::Float32(cells) => cells.finish(),
            Read::Float64(cells) => cells.finish(),
            Read::Boolean(cells) => {
                let room = BooleanBuilder::with_capacity(room_after(cells.len()));
                Arc::new(std::mem::replace(cells, room).finish())
            }
            Read::Text(cells) | Read::Padded(cells) | Read::Jsonb(cells) | Read::Uuid(cells) => {
                return cells.finish();
            }
            Read::Date(cells) => cells.finish(),
            Read::Time(cells) => cells.finish(),
            Read::Timestamp(cells) => cells.finish(),
            Read::Bytes(cells) => {
                let room = BinaryViewBuilder::with_capacity(room_after(cells.len()));
                Arc::new(std::mem::replace(cells, room).finish())
            }
        };
        (built, Vec::new())
    }
}

impl Read {
    fn new(wire: Wire, declared: ColumnType, rows: usize) -> Option<Self> {
        if !wire.reads_as(declared) {
            return None;
        }
        let carried = declared.arrow();
        Some(match (declared, wire) {
            (ColumnType::Smallint, _) => Read::Int16(Numbers::with_capacity(rows, carried)),
            (ColumnType::Integer, _) => Read::Int32(Numbers::with_capacity(rows, carried), wire),
            (ColumnType::Bigint, _) => Read::Int64(Numbers::with_capacity(rows, carried), wire),
            (ColumnType::Numeric { precision, scale }, _) => {
                let cells = Numbers::with_capacity(rows, carried);
                let limit = 10i128.checked_pow(precision.into())?;
                match wire {
                    Wire::Numeric => Read::Decimal(cells, scale, limit),
                    Wire::Xid8 => Read::Unsigned(cells, 10i128.checked_pow(scale.into())?, limit),
                    _ => Read::Whole(cells, wire, 10i128.checked_pow(scale.into())?, limit),
                }
            }
            (ColumnType::Real, _) => Read::Float32(Numbers::with_capacity(rows, carried)),
            (ColumnType::Double, _) => Read::Float64(Numbers::with_capacity(rows, carried)),
            (ColumnType::Boolean, _) => Read::Boolean(BooleanBuilder::with_capacity(rows)),
            (ColumnType::Char(_), Wire::Bpchar) => Read::Padded(Texts::with_capacity(rows)),
            (ColumnType::Text | ColumnType::Varchar(_) | ColumnType::Char(_), _)
            | (ColumnType::Json | ColumnType::Printed(_), _) => Read::Text(Texts::with_capacity(rows)),
            (ColumnType::Jsonb, _) => Read::Jsonb(Texts::with_capacity(rows)),
            (ColumnType::Uuid, _) => Read::Uuid(Texts::with_capacity(rows)),
            (ColumnType::Date, _) => Read::Date(Numbers::with_capacity(rows, carried)),
            (ColumnType::Time, _) => Read::Time(Numbers::with_capacity(rows, carried)),
            (ColumnType::Timestamp | ColumnType::Timestamptz, _) => {
                Read::Timestamp(Numbers::with_capacity(rows, carried))
            }
            (ColumnType::Bytea, _) => Read::Bytes(BinaryViewBuilder::with_capacity(rows)),
        })
    }
}

const OUT_OF_RANGE: CellFault = CellFault::Row(RowFault::Range);

fn exactly<const N: usize>(cell: &[u8]) -> Result<[u8; N], CellFault> {
    cell.try_into().map_err(|_| CellFault::Torn)
}

fn whole(cell: &[u8], wire: Wire) -> Result<i64, CellFault> {
    Ok(match wire {
        Wire::Int2 => i16::from_be_bytes(exactly(cell)?).into(),
        Wire::Int4 => i32::from_be_bytes(exactly(cell)?).into(),
        Wire::Oid => u32::from_be_bytes(exactly(cell)?).into(),
        _ => i64::from_be_bytes(exactly(cell)?),
    })
}

/// A text without the blanks at its end.
fn trim_end(cell: &[u8]) -> &[u8] {
    let length = cell.iter().rposition(|byte| *byte != b' ').map_or(0, |last| last + 1);
    &cell[..length]
}
