//! The bytes of one column's cells -> a column of its declared type.
//!
//! How to read a column is decided once, when the column is made; a cell is then one match and one push.

use super::numeric;
use super::texts::Texts;
use super::wire::Wire;
use crate::data::text::{day_fits, moment_fits};
use crate::data::{ColumnType, RowFault};
use arrow::array::{
    ArrayRef, BinaryViewBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float32Builder, Float64Builder,
    Int16Builder, Int32Builder, Int64Builder, Time64MicrosecondBuilder, TimestampMicrosecondBuilder,
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
pub struct Cells {
    wire: Wire,
    declared: ColumnType,
    rows: usize,
    read: Read,
}

enum Read {
    Int16(Int16Builder),
    Int32(Int32Builder, Wire),
    Int64(Int64Builder, Wire),
    /// Whole numbers as decimals: what one is in units of the last place, and the limit.
    Whole(Decimal128Builder, Wire, i128, i128),
    /// The same of whole numbers without a sign.
    Unsigned(Decimal128Builder, i128, i128),
    Decimal(Decimal128Builder, u8, i128),
    Float32(Float32Builder),
    Float64(Float64Builder),
    Boolean(BooleanBuilder),
    Text(Texts),
    Padded(Texts),
    Jsonb(Texts),
    Uuid(Texts),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Timestamp(TimestampMicrosecondBuilder),
    Bytes(BinaryViewBuilder),
}

impl Cells {
    /// An empty column of `wire` cells read as `declared`, with room for `rows`; `None` when they cannot be.
    pub fn new(wire: Wire, declared: ColumnType, rows: usize) -> Option<Self> {
        let read = Read::new(wire, declared, rows)?;
        Some(Cells { wire, declared, rows, read })
    }

    /// Adds a cell. On a fault nothing is added: the caller adds NULL or gives up.
    #[inline]
    pub fn push(&mut self, cell: &[u8]) -> Result<(), CellFault> {
        match &mut self.read {
            Read::Int16(cells) => cells.append_value(i16::from_be_bytes(exactly(cell)?)),
            Read::Int32(cells, Wire::Int2) => cells.append_value(i16::from_be_bytes(exactly(cell)?).into()),
            Read::Int32(cells, _) => cells.append_value(i32::from_be_bytes(exactly(cell)?)),
            Read::Int64(cells, wire) => cells.append_value(whole(cell, *wire)?),
            Read::Whole(cells, wire, one, limit) => {
                let number = i128::from(whole(cell, *wire)?).checked_mul(*one);
                let number = number.filter(|number| number.unsigned_abs() < limit.unsigned_abs());
                cells.append_value(number.ok_or(OUT_OF_RANGE)?);
            }
            Read::Unsigned(cells, one, limit) => {
                let number = i128::from(u64::from_be_bytes(exactly(cell)?)).checked_mul(*one);
                cells.append_value(number.filter(|number| number < limit).ok_or(OUT_OF_RANGE)?);
            }
            Read::Decimal(cells, scale, limit) => cells.append_value(numeric::unscaled(cell, *scale, *limit)?),
            Read::Float32(cells) => cells.append_value(f32::from_be_bytes(exactly(cell)?)),
            Read::Float64(cells) => cells.append_value(f64::from_be_bytes(exactly(cell)?)),
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
                cells.append_value(day.filter(|day| day_fits(i64::from(*day))).ok_or(OUT_OF_RANGE)?);
            }
            Read::Time(cells) => {
                // 24:00:00 is a time to PostgreSQL and to nobody else.
                let micros = i64::from_be_bytes(exactly(cell)?);
                cells.append_value(Some(micros).filter(|t| (0..DAY_MICROS).contains(t)).ok_or(OUT_OF_RANGE)?);
            }
            Read::Timestamp(cells) => {
                let micros = i64::from_be_bytes(exactly(cell)?).checked_add(EPOCH_MICROS);
                cells.append_value(micros.filter(|micros| moment_fits(*micros)).ok_or(OUT_OF_RANGE)?);
            }
            Read::Bytes(cells) => cells.append_value(cell),
        }
        Ok(())
    }

    /// Adds NULL.
    #[inline]
    pub fn push_null(&mut self) {
        match &mut self.read {
            Read::Int16(cells) => cells.append_null(),
            Read::Int32(cells, _) => cells.append_null(),
            Read::Int64(cells, _) => cells.append_null(),
            Read::Whole(cells, ..) | Read::Unsigned(cells, ..) => cells.append_null(),
            Read::Decimal(cells, ..) => cells.append_null(),
            Read::Float32(cells) => cells.append_null(),
            Read::Float64(cells) => cells.append_null(),
            Read::Boolean(cells) => cells.append_null(),
            Read::Text(cells) | Read::Padded(cells) | Read::Jsonb(cells) | Read::Uuid(cells) => cells.push_null(),
            Read::Date(cells) => cells.append_null(),
            Read::Time(cells) => cells.append_null(),
            Read::Timestamp(cells) => cells.append_null(),
            Read::Bytes(cells) => cells.append_null(),
        }
    }

    /// The column so far, and its rows whose cells turned out to be no text, which are NULL in it: a database in SQL_ASCII sends
    /// whatever bytes were stored. Empty again then, with room for the next batch.
    pub fn finish(&mut self) -> (ArrayRef, Vec<usize>) {
        let built = self.read.finish();
        // Texts have kept room for the next batch by what this one took.
        let is_text = matches!(self.read, Read::Text(_) | Read::Padded(_) | Read::Jsonb(_) | Read::Uuid(_));
        if let Some(read) = Read::new(self.wire, self.declared, self.rows).filter(|_| !is_text) {
            self.read = read;
        }
        built
    }
}

impl Read {
    fn new(wire: Wire, declared: ColumnType, rows: usize) -> Option<Self> {
        if !wire.reads_as(declared) {
            return None;
        }
        Some(match (declared, wire) {
            (ColumnType::Smallint, _) => Read::Int16(Int16Builder::with_capacity(rows)),
            (ColumnType::Integer, _) => Read::Int32(Int32Builder::with_capacity(rows), wire),
            (ColumnType::Bigint, _) => Read::Int64(Int64Builder::with_capacity(rows), wire),
            (ColumnType::Numeric { precision, scale }, _) => {
                let cells = Decimal128Builder::with_capacity(rows).with_data_type(declared.arrow());
                let limit = 10i128.checked_pow(precision.into())?;
                match wire {
                    Wire::Numeric => Read::Decimal(cells, scale, limit),
                    Wire::Xid8 => Read::Unsigned(cells, 10i128.checked_pow(scale.into())?, limit),
                    _ => Read::Whole(cells, wire, 10i128.checked_pow(scale.into())?, limit),
                }
            }
            (ColumnType::Real, _) => Read::Float32(Float32Builder::with_capacity(rows)),
            (ColumnType::Double, _) => Read::Float64(Float64Builder::with_capacity(rows)),
            (ColumnType::Boolean, _) => Read::Boolean(BooleanBuilder::with_capacity(rows)),
            (ColumnType::Char(_), Wire::Bpchar) => Read::Padded(Texts::with_capacity(rows)),
            (ColumnType::Text | ColumnType::Varchar(_) | ColumnType::Char(_), _)
            | (ColumnType::Json | ColumnType::Printed(_), _) => Read::Text(Texts::with_capacity(rows)),
            (ColumnType::Jsonb, _) => Read::Jsonb(Texts::with_capacity(rows)),
            (ColumnType::Uuid, _) => Read::Uuid(Texts::with_capacity(rows)),
            (ColumnType::Date, _) => Read::Date(Date32Builder::with_capacity(rows)),
            (ColumnType::Time, _) => Read::Time(Time64MicrosecondBuilder::with_capacity(rows)),
            (ColumnType::Timestamp | ColumnType::Timestamptz, _) => {
                Read::Timestamp(TimestampMicrosecondBuilder::with_capacity(rows).with_data_type(declared.arrow()))
            }
            (ColumnType::Bytea, _) => Read::Bytes(BinaryViewBuilder::with_capacity(rows)),
        })
    }

    fn finish(&mut self) -> (ArrayRef, Vec<usize>) {
        let built: ArrayRef = match self {
            Read::Int16(cells) => Arc::new(cells.finish()),
            Read::Int32(cells, _) => Arc::new(cells.finish()),
            Read::Int64(cells, _) => Arc::new(cells.finish()),
            Read::Whole(cells, ..) | Read::Unsigned(cells, ..) => Arc::new(cells.finish()),
            Read::Decimal(cells, ..) => Arc::new(cells.finish()),
            Read::Float32(cells) => Arc::new(cells.finish()),
            Read::Float64(cells) => Arc::new(cells.finish()),
            Read::Boolean(cells) => Arc::new(cells.finish()),
            Read::Text(cells) | Read::Padded(cells) | Read::Jsonb(cells) | Read::Uuid(cells) => {
                return cells.finish();
            }
            Read::Date(cells) => Arc::new(cells.finish()),
            Read::Time(cells) => Arc::new(cells.finish()),
            Read::Timestamp(cells) => Arc::new(cells.finish()),
            Read::Bytes(cells) => Arc::new(cells.finish()),
        };
        (built, Vec::new())
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
