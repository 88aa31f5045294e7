//! What a column of a finished Parquet file holds, in numbers: NULLs, smallest and largest value.
//!
//! Smallest and largest are taken from the statistics that the encoder kept anyway. Floats are left out (NaN is in no statistics, so a bound would
//! lie to a reader that sorts NaN last), and so are texts that were cut short.
//!
//! Never in here: who may see a bound. It is a value of the data; `store` decides.

use arrow::datatypes::DataType;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::statistics::Statistics;

/// A smallest or largest value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bound {
    /// An integer.
    Integer(i64),
    /// A decimal: the unscaled number and its scale.
    Decimal(i128, i8),
    /// Days since 1970-01-01.
    Date(i32),
    /// Microseconds since 1970-01-01 UTC.
    Timestamp(i64),
    /// A text, by its bytes.
    Text(String),
}

/// One column of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnBounds {
    /// NULLs.
    pub nulls: u64,
    /// Smallest and largest, both exact; `None` when all is NULL, when it is not known, and where nobody was to know.
    pub range: Option<(Bound, Bound)>,
}

/// Smallest and largest value of one column over all row groups of a file.
pub fn range(chunks: &[&ColumnChunkMetaData], data_type: &DataType) -> Option<(Bound, Bound)> {
    let mut range: Option<(Bound, Bound)> = None;
    for chunk in chunks {
        let all_null =
            chunk.statistics().and_then(Statistics::null_count_opt) == u64::try_from(chunk.num_values()).ok();
        match chunk.statistics().and_then(|statistics| read(statistics, data_type)) {
            Some((low, high)) => {
                range = Some(match range {
                    Some((lowest, highest)) => (lowest.min(low), highest.max(high)),
                    None => (low, high),
                });
            }
            None if all_null => {}
            None => return None,
        }
    }
    range
}

fn read(statistics: &Statistics, data_type: &DataType) -> Option<(Bound, Bound)> {
    if !statistics.min_is_exact() || !statistics.max_is_exact() {
        return None;
    }
    let (low, high) = (statistics.min_bytes_opt()?, statistics.max_bytes_opt()?);
    Some((bound(low, statistics, data_type)?, bound(high, statistics, data_type)?))
}

fn bound(bytes: &[u8], statistics: &Statistics, data_type: &DataType) -> Option<Bound> {
    // Plain encoding: little-endian for numbers; decimals too wide for them are big-endian two's complement.
    let integer = || match statistics {
        Statistics::Int32(_) => bytes.try_into().ok().map(|bytes| i64::from(i32::from_le_bytes(bytes))),
        Statistics::Int64(_) => bytes.try_into().ok().map(i64::from_le_bytes),
        _ => None,
    };
    match data_type {
        DataType::Int16 | DataType::Int32 | DataType::Int64 => integer().map(Bound::Integer),
        DataType::Decimal128(_, scale) => match statistics {
            Statistics::FixedLenByteArray(_) => wide(bytes).map(|number| Bound::Decimal(number, *scale)),
            _ => integer().map(|number| Bound::Decimal(i128::from(number), *scale)),
        },
        DataType::Date32 => integer().and_then(|days| i32::try_from(days).ok()).map(Bound::Date),
        DataType::Timestamp(..) => integer().map(Bound::Timestamp),
        DataType::Utf8View => std::str::from_utf8(bytes).ok().map(|text| Bound::Text(text.to_owned())),
        _ => None,
    }
}

fn wide(bytes: &[u8]) -> Option<i128> {
    if bytes.is_empty() || bytes.len() > 16 {
        return None;
    }
    let start = if bytes[0] & 0x80 == 0 { 0 } else { -1 };
    Some(bytes.iter().fold(start, |number: i128, byte| (number << 8) | i128::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_wide_decimals_with_their_sign() {
        assert_eq!(wide(&[0, 0, 1, 0]), Some(256));
        assert_eq!(wide(&[0xff, 0xff, 0xff, 0xfe]), Some(-2));
        assert_eq!(wide(&i128::MIN.to_be_bytes()), Some(i128::MIN));
        assert_eq!(wide(&[]), None);
        assert_eq!(wide(&[0; 17]), None);
    }
}
