//! Arrow types -> the types of a schema file: what a proposed schema says of a column.

use crate::data::ColumnType;
use arrow::datatypes::DataType;

/// Digits of the widest `numeric`.
const PRECISION_MAX: u8 = 38;

/// The type of a schema file that holds all values of an Arrow type; `None` where there can be none.
pub fn declared(data_type: &DataType) -> Option<ColumnType> {
    Some(match data_type {
        DataType::Null => return None,
        DataType::Int8 | DataType::Int16 | DataType::UInt8 => ColumnType::Smallint,
        DataType::Int32 | DataType::UInt16 => ColumnType::Integer,
        DataType::Int64 | DataType::UInt32 => ColumnType::Bigint,
        DataType::UInt64 => ColumnType::Numeric { precision: 20, scale: 0 },
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => numeric(*precision, *scale),
        DataType::Float16 | DataType::Float32 => ColumnType::Real,
        DataType::Float64 => ColumnType::Double,
        DataType::Boolean => ColumnType::Boolean,
        DataType::Date32 | DataType::Date64 => ColumnType::Date,
        DataType::Time32(_) | DataType::Time64(_) => ColumnType::Time,
        DataType::Timestamp(_, None) => ColumnType::Timestamp,
        DataType::Timestamp(_, Some(_)) => ColumnType::Timestamptz,
        DataType::FixedSizeBinary(16) => ColumnType::Uuid,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            ColumnType::Bytea
        }
        _ => ColumnType::Text,
    })
}

/// What PostgreSQL has no `numeric` for is text.
fn numeric(precision: u8, scale: i8) -> ColumnType {
    match u8::try_from(scale) {
        Ok(scale) if (1..=PRECISION_MAX).contains(&precision) && scale <= precision => {
            ColumnType::Numeric { precision, scale }
        }
        _ => ColumnType::Text,
    }
}

/// A type that holds what both hold.
pub fn wider(one: Option<ColumnType>, other: Option<ColumnType>) -> Option<ColumnType> {
    use ColumnType::{Bigint, Double, Integer, Numeric, Real, Smallint, Text};
    let (Some(one), Some(other)) = (one, other) else { return one.or(other) };
    Some(match (one, other) {
        _ if one == other => one,
        (Smallint, Integer) | (Integer, Smallint) => Integer,
        (Smallint | Integer | Bigint, Smallint | Integer | Bigint) => Bigint,
        (Numeric { scale, .. }, Smallint | Integer | Bigint) | (Smallint | Integer | Bigint, Numeric { scale, .. }) => {
            Numeric { precision: PRECISION_MAX, scale }
        }
        (Numeric { scale: one, .. }, Numeric { scale: other, .. }) => {
            Numeric { precision: PRECISION_MAX, scale: one.max(other) }
        }
        (Real | Double, Smallint | Integer | Bigint | Real | Double) | (Smallint | Integer | Bigint, Real | Double) => {
            Double
        }
        _ => Text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::TimeUnit;

    #[test]
    fn every_type_of_a_file_has_its_own_in_a_schema() {
        for (data_type, word) in [
            (DataType::Int16, "smallint"),
            (DataType::UInt32, "bigint"),
            (DataType::Decimal128(12, 3), "numeric(12,3)"),
            (DataType::Decimal256(60, 3), "text"),
            (DataType::Decimal128(5, -2), "text"),
            (DataType::Float64, "double precision"),
            (DataType::Boolean, "boolean"),
            (DataType::Timestamp(TimeUnit::Nanosecond, None), "timestamp"),
            (DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())), "timestamptz"),
            (DataType::LargeUtf8, "text"),
            (DataType::BinaryView, "bytea"),
        ] {
            let declared = declared(&data_type).expect("a type");
            assert_eq!(declared.to_string(), word);
            assert_eq!(ColumnType::parse(word), Some(declared));
        }
    }

    #[test]
    fn types_of_several_files_come_to_one_that_holds_all_whichever_comes_first() {
        for (one, other, both) in [
            ("smallint", "integer", "integer"),
            ("integer", "bigint", "bigint"),
            ("bigint", "numeric(38,0)", "numeric(38,0)"),
            ("numeric(12,2)", "numeric(14,3)", "numeric(38,3)"),
            ("bigint", "double precision", "double precision"),
            ("numeric(12,2)", "double precision", "text"),
            ("date", "timestamp", "text"),
            ("text", "bigint", "text"),
        ] {
            let [one, other, both] = [one, other, both].map(ColumnType::parse);
            assert_eq!((wider(one, other), wider(other, one)), (both, both));
            assert_eq!((wider(one, None), wider(None, one)), (one, one));
        }
    }
}
