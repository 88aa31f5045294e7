//! Values -> a column of a declared type, one cell at a time: text that is read as the type says, or values that a
//! format carries as numbers.
//!
//! Never in here: where the cells come from. A cell that does not fit is a [`RowFault`]; the builder then holds nothing
//! new, so the caller pushes NULL or leaves the row out.

use super::text;
use super::{ColumnType, RowFault};
use arrow::array::{
    ArrayRef, BinaryViewBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float32Builder, Float64Builder,
    Int16Builder, Int32Builder, Int64Builder, StringViewBuilder, Time64MicrosecondBuilder, TimestampMicrosecondBuilder,
};
use std::sync::Arc;

/// A column under way.
pub struct CellBuilder {
    column_type: ColumnType,
    cells: Cells,
}

enum Cells {
    Int16(Int16Builder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    Decimal(Decimal128Builder),
    Float32(Float32Builder),
    Float64(Float64Builder),
    Boolean(BooleanBuilder),
    Text(StringViewBuilder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Timestamp(TimestampMicrosecondBuilder),
    Bytes(BinaryViewBuilder),
}

impl CellBuilder {
    /// An empty column with room for `rows`.
    pub fn new(column_type: ColumnType, rows: usize) -> Self {
        let cells = match column_type {
            ColumnType::Smallint => Cells::Int16(Int16Builder::with_capacity(rows)),
            ColumnType::Integer => Cells::Int32(Int32Builder::with_capacity(rows)),
            ColumnType::Bigint => Cells::Int64(Int64Builder::with_capacity(rows)),
            ColumnType::Numeric { .. } => {
                Cells::Decimal(Decimal128Builder::with_capacity(rows).with_data_type(column_type.arrow()))
            }
            ColumnType::Real => Cells::Float32(Float32Builder::with_capacity(rows)),
            ColumnType::Double => Cells::Float64(Float64Builder::with_capacity(rows)),
            ColumnType::Boolean => Cells::Boolean(BooleanBuilder::with_capacity(rows)),
            ColumnType::Date => Cells::Date(Date32Builder::with_capacity(rows)),
            ColumnType::Time => Cells::Time(Time64MicrosecondBuilder::with_capacity(rows)),
            ColumnType::Timestamp | ColumnType::Timestamptz => {
                Cells::Timestamp(TimestampMicrosecondBuilder::with_capacity(rows).with_data_type(column_type.arrow()))
            }
            ColumnType::Bytea => Cells::Bytes(BinaryViewBuilder::with_capacity(rows)),
            ColumnType::Text
            | ColumnType::Varchar(_)
            | ColumnType::Char(_)
            | ColumnType::Uuid
            | ColumnType::Json
            | ColumnType::Jsonb
            | ColumnType::Printed(_) => Cells::Text(StringViewBuilder::with_capacity(rows)),
        };
        CellBuilder { column_type, cells }
    }

    /// The type of the column.
    pub fn column_type(&self) -> ColumnType {
        self.column_type
    }

    /// Adds a cell given as text.
    pub fn push_text(&mut self, cell: &str) -> Result<(), RowFault> {
        match &mut self.cells {
            Cells::Int16(cells) => cells.append_value(text::whole(cell)?),
            Cells::Int32(cells) => cells.append_value(text::whole(cell)?),
            Cells::Int64(cells) => cells.append_value(text::whole(cell)?),
            Cells::Decimal(cells) => {
                let ColumnType::Numeric { precision, scale } = self.column_type else { return Err(RowFault::Type) };
                cells.append_value(text::decimal(cell, precision, scale)?);
            }
            Cells::Float32(cells) => cells.append_value(text::float(cell)?),
            Cells::Float64(cells) => cells.append_value(text::float(cell)?),
            Cells::Boolean(cells) => cells.append_value(text::boolean(cell)?),
            Cells::Date(cells) => cells.append_value(text::date(cell)?),
            Cells::Time(cells) => cells.append_value(text::time(cell)?),
            Cells::Timestamp(cells) => cells.append_value(match self.column_type {
                ColumnType::Timestamptz => text::timestamptz(cell)?,
                _ => text::timestamp(cell)?,
            }),
            Cells::Bytes(cells) => cells.append_value(text::bytea(cell)?),
            Cells::Text(cells) => match self.column_type {
                ColumnType::Uuid => cells.append_value(text::uuid(cell)?),
                column_type => cells.append_value(checked_text(column_type, cell)?),
            },
        }
        Ok(())
    }

    /// Adds a whole number: for whole-number columns as it is, for dates as days since 1970, for times and timestamps
    /// as microseconds. For a decimal column it is the number itself, not units of its last place.
    pub fn push_whole(&mut self, number: i64) -> Result<(), RowFault> {
        match &mut self.cells {
            Cells::Int16(cells) => cells.append_value(i16::try_from(number).map_err(|_| RowFault::Range)?),
            Cells::Int32(cells) => cells.append_value(i32::try_from(number).map_err(|_| RowFault::Range)?),
            Cells::Int64(cells) => cells.append_value(number),
            Cells::Date(cells) if text::day_fits(number) => {
                cells.append_value(i32::try_from(number).map_err(|_| RowFault::Range)?);
            }
            Cells::Date(_) => return Err(RowFault::Range),
            Cells::Time(cells) if (0..86_400_000_000).contains(&number) => cells.append_value(number),
            Cells::Time(_) => return Err(RowFault::Range),
            Cells::Timestamp(cells) if text::moment_fits(number) => cells.append_value(number),
            Cells::Timestamp(_) => return Err(RowFault::Range),
            Cells::Decimal(_) | Cells::Float32(_) | Cells::Float64(_) => return self.push_text(&number.to_string()),
            Cells::Boolean(_) | Cells::Text(_) | Cells::Bytes(_) => return Err(RowFault::Type),
        }
        Ok(())
    }

    /// Adds a decimal number of `unscaled` units of 10^-`scale`.
    pub fn push_decimal(&mut self, unscaled: i128, scale: i32) -> Result<(), RowFault> {
        let (Cells::Decimal(cells), ColumnType::Numeric { precision, scale: declared }) =
            (&mut self.cells, self.column_type)
        else {
            return Err(RowFault::Type);
        };
        cells.append_value(rescaled(unscaled, scale, precision, declared)?);
        Ok(())
    }

    /// Adds bytes.
    pub fn push_bytes(&mut self, bytes: &[u8]) -> Result<(), RowFault> {
        match &mut self.cells {
            Cells::Bytes(cells) => cells.append_value(bytes),
            _ => return Err(RowFault::Type),
        }
        Ok(())
    }

    /// Adds a NULL.
    pub fn push_null(&mut self) {
        match &mut self.cells {
            Cells::Int16(cells) => cells.append_null(),
            Cells::Int32(cells) => cells.append_null(),
            Cells::Int64(cells) => cells.append_null(),
            Cells::Decimal(cells) => cells.append_null(),
            Cells::Float32(cells) => cells.append_null(),
            Cells::Float64(cells) => cells.append_null(),
            Cells::Boolean(cells) => cells.append_null(),
            Cells::Text(cells) => cells.append_null(),
            Cells::Date(cells) => cells.append_null(),
            Cells::Time(cells) => cells.append_null(),
            Cells::Timestamp(cells) => cells.append_null(),
            Cells::Bytes(cells) => cells.append_null(),
        }
    }

    /// The column; the builder is empty again.
    pub fn finish(&mut self) -> ArrayRef {
        match &mut self.cells {
            Cells::Int16(cells) => Arc::new(cells.finish()),
            Cells::Int32(cells) => Arc::new(cells.finish()),
            Cells::Int64(cells) => Arc::new(cells.finish()),
            Cells::Decimal(cells) => Arc::new(cells.finish()),
            Cells::Float32(cells) => Arc::new(cells.finish()),
            Cells::Float64(cells) => Arc::new(cells.finish()),
            Cells::Boolean(cells) => Arc::new(cells.finish()),
            Cells::Text(cells) => Arc::new(cells.finish()),
            Cells::Date(cells) => Arc::new(cells.finish()),
            Cells::Time(cells) => Arc::new(cells.finish()),
            Cells::Timestamp(cells) => Arc::new(cells.finish()),
            Cells::Bytes(cells) => Arc::new(cells.finish()),
        }
    }
}

/// `unscaled` x 10^-`scale` in units of 10^-`declared`, if nothing is lost and it has no more than `precision` digits.
pub fn rescaled(unscaled: i128, scale: i32, precision: u8, declared: u8) -> Result<i128, RowFault> {
    // Scales come from a topic too: any number may stand there.
    let shift = i32::from(declared).checked_sub(scale).ok_or(RowFault::Range)?;
    let power = 10i128.checked_pow(shift.unsigned_abs());
    let number = match (shift, power) {
        _ if unscaled == 0 => 0,
        (0, _) => unscaled,
        (1.., Some(power)) => unscaled.checked_mul(power).ok_or(RowFault::Range)?,
        (..0, Some(power)) if unscaled % power == 0 => unscaled / power,
        _ => return Err(RowFault::Range),
    };
    text::fits(number, precision)
}

/// The text as the type holds it: its length checked, trailing blanks of `char(n)` left out, JSON read through.
pub fn checked_text(column_type: ColumnType, cell: &str) -> Result<&str, RowFault> {
    let within = |text: &str, length: u32| {
        let longer = text.len() > length as usize && text.chars().count() > length as usize;
        if longer { Err(RowFault::Range) } else { Ok(()) }
    };
    match column_type {
        ColumnType::Varchar(length) => within(cell, length).map(|()| cell),
        ColumnType::Char(length) => {
            let cell = cell.trim_end_matches(' ');
            within(cell, length).map(|()| cell)
        }
        ColumnType::Json | ColumnType::Jsonb => {
            serde_json::from_str::<serde::de::IgnoredAny>(cell).map(|_| cell).map_err(|_| RowFault::Type)
        }
        ColumnType::Printed(printed) => printed.check(cell).map(|()| cell),
        _ => Ok(cell),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::Decimal128Type;

    fn builder(column_type: &str) -> CellBuilder {
        CellBuilder::new(ColumnType::parse(column_type).expect("a type"), 4)
    }

    #[test]
    fn builds_the_declared_type_from_text_and_keeps_null() {
        for (column_type, cell) in [
            ("smallint", "1"),
            ("integer", "1"),
            ("bigint", "1"),
            ("numeric(4,2)", "1.25"),
            ("real", "1"),
            ("double precision", "1"),
            ("boolean", "t"),
            ("text", "x"),
            ("varchar(1)", "é"),
            ("char(3)", "x  "),
            ("uuid", "0199b6c27d3a7c11a1b2c3d4e5f60718"),
            ("date", "2026-11-22"),
            ("time", "00:00"),
            ("timestamp", "2026-11-22 00:00"),
            ("timestamptz", "2026-11-22 00:00Z"),
            ("bytea", "\\x01"),
            ("json", "{\"a\": 1}"),
            ("jsonb", "[]"),
        ] {
            let mut cells = builder(column_type);
            cells.push_text(cell).unwrap_or_else(|fault| panic!("{column_type}: {fault}"));
            cells.push_null();
            let built = cells.finish();
            assert_eq!(built.data_type(), &ColumnType::parse(column_type).expect("a type").arrow(), "{column_type}");
            assert_eq!((built.len(), built.null_count()), (2, 1), "{column_type}");
        }
    }

    #[test]
    fn leaves_nothing_behind_when_a_cell_does_not_fit() {
        let mut cells = builder("numeric(4,2)");
        assert_eq!(cells.push_text("100"), Err(RowFault::Range));
        assert_eq!(cells.push_decimal(12_345, 3), Err(RowFault::Range));
        assert_eq!(cells.push_decimal(1250, 3), Ok(()));
        assert_eq!(cells.push_whole(-7), Ok(()));
        assert_eq!(cells.finish().as_primitive::<Decimal128Type>().values().to_vec(), [125, -700]);
    }

    #[test]
    fn refuses_a_scale_beyond_all_reason() {
        for scale in [i32::MIN, i32::MIN + 1, -39, 60, i32::MAX] {
            assert_eq!(rescaled(2, scale, 38, 4), Err(RowFault::Range), "{scale}");
        }
    }

    #[test]
    fn checks_lengths_in_characters() {
        let mut cells = builder("varchar(2)");
        assert_eq!(cells.push_text("éé"), Ok(()));
        assert_eq!(cells.push_text("ééé"), Err(RowFault::Range));
        assert_eq!(builder("json").push_text("{"), Err(RowFault::Type));
        assert_eq!(builder("bit(3)").push_text("01"), Err(RowFault::Range));
        assert_eq!(builder("varbit(3)").push_text("01"), Ok(()));
    }
}
