//! Two lists of columns -> the columns that are compared, each with the one type in which both sides' values can be held
//! exactly; and what the lists themselves do not share.
//!
//! Whole numbers and decimals of any scale are one kind, floats another: no number passes through a float. Moments with a
//! zone are instants, moments without are not; units do not matter. Text is never a number.

use super::DiffFault;
use arrow::array::{Array, ArrayRef, AsArray, BinaryViewArray, Decimal128Array, make_array, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType, Int64Type, TimeUnit};
use std::sync::Arc;

/// What a column's values are, whatever holds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Whole numbers and decimals.
    Number,
    /// Floats.
    Float,
    /// Truth values.
    Boolean,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
    /// Days.
    Date,
    /// Times of day.
    Time,
    /// Moments with a zone.
    Instant,
    /// Moments without a zone.
    Local,
    /// No value at all.
    Null,
}

/// The kind of an Arrow type; `None` when such values are not compared.
pub fn kind(data_type: &DataType) -> Option<Kind> {
    Some(match data_type {
        data_type if data_type.is_integer() => Kind::Number,
        DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..) => {
            Kind::Number
        }
        DataType::Float16 | DataType::Float32 | DataType::Float64 => Kind::Float,
        DataType::Boolean => Kind::Boolean,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Kind::Text,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => Kind::Bytes,
        DataType::Date32 => Kind::Date,
        DataType::Time32(_) | DataType::Time64(_) => Kind::Time,
        DataType::Timestamp(_, Some(_)) => Kind::Instant,
        DataType::Timestamp(_, None) => Kind::Local,
        DataType::Null => Kind::Null,
        _ => return None,
    })
}

/// The type that holds the values of both exactly; `None` when they are of different kinds, or of one that is not compared.
pub fn common(one: &DataType, two: &DataType) -> Option<DataType> {
    let kinds = (kind(one)?, kind(two)?);
    match kinds {
        (Kind::Null, _) => Some(held(two)),
        (_, Kind::Null) => Some(held(one)),
        (one, two) if one != two => None,
        _ if held(one) == held(two) => Some(held(one)),
        (Kind::Number, _) => number(one, two),
        (Kind::Float, _) => Some(DataType::Float64),
        (Kind::Time | Kind::Instant | Kind::Local, _) => {
            Some(DataType::Decimal128(DECIMAL128_MAX_PRECISION, digits(one)?.max(digits(two)?)))
        }
        _ => None,
    }
}

/// The type in which values of one type are compared with each other.
fn held(data_type: &DataType) -> DataType {
    match data_type {
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 => DataType::Int64,
        DataType::UInt64 => DataType::Decimal128(20, 0),
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        DataType::Float16 => DataType::Float32,
        DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
        DataType::Binary | DataType::LargeBinary | DataType::FixedSizeBinary(_) => DataType::BinaryView,
        DataType::Timestamp(unit, Some(_)) => DataType::Timestamp(*unit, Some("UTC".into())),
        other => other.clone(),
    }
}

fn number(one: &DataType, two: &DataType) -> Option<DataType> {
    let (one, two) = (held(one), held(two));
    if one.is_integer() && two.is_integer() {
        return Some(DataType::Int64);
    }
    let ((whole_one, scale_one), (whole_two, scale_two)) = (places(&one)?, places(&two)?);
    let scale = scale_one.max(scale_two);
    let precision = whole_one.max(whole_two) + i16::from(scale);
    if precision <= i16::from(DECIMAL128_MAX_PRECISION) {
        Some(DataType::Decimal128(DECIMAL128_MAX_PRECISION, scale))
    } else if precision <= i16::from(DECIMAL256_MAX_PRECISION) {
        Some(DataType::Decimal256(DECIMAL256_MAX_PRECISION, scale))
    } else {
        None
    }
}

/// Digits before the point, at most, and behind it.
fn places(data_type: &DataType) -> Option<(i16, i8)> {
    match data_type {
        DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) => {
            Some((i16::from(*precision) - i16::from(*scale), *scale))
        }
        data_type if data_type.is_integer() => Some((19, 0)),
        _ => None,
    }
}

/// Digits behind the second that a unit has.
fn digits(data_type: &DataType) -> Option<i8> {
    let (DataType::Time32(unit) | DataType::Time64(unit) | DataType::Timestamp(unit, _)) = data_type else {
        return None;
    };
    Some(match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 9,
    })
}

/// The same values in a type that [`common`] gave. Nothing is rounded and nothing becomes NULL.
pub fn read_as(cells: &ArrayRef, to: &DataType) -> Result<ArrayRef, DiffFault> {
    let exact = CastOptions { safe: false, ..CastOptions::default() };
    let cast = |cells: &ArrayRef, to: &DataType| cast_with_options(cells, to, &exact).map_err(|_| DiffFault::Shape);
    match (cells.data_type(), to) {
        (from, to) if from == to => Ok(Arc::clone(cells)),
        (DataType::Null, to) => Ok(new_null_array(to, cells.len())),
        (DataType::FixedSizeBinary(_), DataType::BinaryView) => {
            Ok(Arc::new(cells.as_fixed_size_binary().iter().collect::<BinaryViewArray>()))
        }
        // The instant is the same whatever zone it is shown in.
        (DataType::Timestamp(one, Some(_)), DataType::Timestamp(two, Some(_))) if one == two => {
            let data = cells.to_data().into_builder().data_type(to.clone()).build();
            Ok(make_array(data.map_err(|_| DiffFault::Shape)?))
        }
        (from, DataType::Decimal128(precision, scale)) if digits(from).is_some() => {
            let units = cast(cells, &DataType::Int64)?;
            let from = digits(from).ok_or(DiffFault::Shape)?;
            let power = 10i128.pow(u32::from((scale - from).unsigned_abs()));
            let values = units.as_primitive::<Int64Type>();
            let wide: Decimal128Array = values.unary(|units| i128::from(units) * power);
            Ok(Arc::new(wide.with_precision_and_scale(*precision, *scale).map_err(|_| DiffFault::Shape)?))
        }
        (_, to) => cast(cells, to),
    }
}

/// A type as people know it.
pub fn word(data_type: &DataType) -> String {
    match data_type {
        DataType::Int16 => "smallint".into(),
        DataType::Int32 => "integer".into(),
        DataType::Int64 => "bigint".into(),
        DataType::Float32 => "real".into(),
        DataType::Float64 => "double precision".into(),
        DataType::Boolean => "boolean".into(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".into(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            "bytea".into()
        }
        DataType::Date32 => "date".into(),
        DataType::Time32(_) | DataType::Time64(_) => "time".into(),
        DataType::Timestamp(_, None) => "timestamp".into(),
        DataType::Timestamp(_, Some(_)) => "timestamptz".into(),
        DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) => {
            format!("numeric({precision},{scale})")
        }
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => "a list".into(),
        DataType::Struct(_) => "a struct".into(),
        DataType::Map(..) => "a map".into(),
        other => other.to_string(),
    }
}

/// A column as a side has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its name.
    pub name: String,
    /// Its Arrow type.
    pub data_type: DataType,
}

/// A column that both sides have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aligned {
    /// Its name.
    pub name: String,
    /// What its values are.
    pub kind: Kind,
    /// The type in which they are compared.
    pub data_type: DataType,
    /// Its place on either side.
    pub places: [usize; 2],
}

/// What two lists of columns share, and what they do not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alignment {
    /// The columns that are compared, in the left side's order.
    pub columns: Vec<Aligned>,
    /// Columns that only one side has, by side.
    pub only: [Vec<String>; 2],
    /// Columns of two types that have nothing to do with each other: name, left, right.
    pub retyped: Vec<(String, String, String)>,
    /// Columns of a type that is not compared: name, type.
    pub unread: Vec<(String, String)>,
}

/// Aligns two lists of columns, of those that `is_wanted`.
pub fn align(left: &[Found], right: &[Found], is_wanted: &dyn Fn(&str) -> bool) -> Alignment {
    let mut alignment = Alignment::default();
    for (place, column) in left.iter().enumerate().filter(|(_, column)| is_wanted(&column.name)) {
        let name = column.name.clone();
        let Some(other) = right.iter().position(|other| other.name == name) else {
            alignment.only[0].push(name);
            continue;
        };
        let types = [&column.data_type, &right[other].data_type];
        let shared = common(types[0], types[1]);
        match (types.map(kind), shared) {
            (_, Some(data_type)) => {
                let kind = kind(&data_type).unwrap_or(Kind::Null);
                // Times of two units are compared as decimals, and stay times.
                let kind = match types.map(self::kind) {
                    [Some(one), _] if one != Kind::Null => one,
                    _ => kind,
                };
                alignment.columns.push(Aligned { name, kind, data_type, places: [place, other] });
            }
            ([None, _], _) => alignment.unread.push((name, word(types[0]))),
            ([_, None], _) => alignment.unread.push((name, word(types[1]))),
            _ => alignment.retyped.push((name, word(types[0]), word(types[1]))),
        }
    }
    let new =
        right.iter().filter(|column| is_wanted(&column.name) && left.iter().all(|other| other.name != column.name));
    alignment.only[1] = new.map(|column| column.name.clone()).collect();
    alignment
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{TimestampMicrosecondArray, TimestampMillisecondArray, UInt64Array};

    #[test]
    fn holds_numbers_of_every_scale_exactly_or_not_at_all() {
        let decimal = DataType::Decimal128;
        for (one, two, held) in [
            (decimal(14, 2), decimal(14, 4), Some(decimal(38, 4))),
            (decimal(38, 0), decimal(38, 38), Some(DataType::Decimal256(76, 38))),
            (DataType::Int16, DataType::UInt32, Some(DataType::Int64)),
            (DataType::UInt64, DataType::Int64, Some(decimal(38, 0))),
            (DataType::Int64, decimal(38, 30), Some(DataType::Decimal256(76, 30))),
            (DataType::Float32, DataType::Float64, Some(DataType::Float64)),
            (DataType::Float64, DataType::Int64, None),
            (DataType::Float64, decimal(14, 2), None),
            (DataType::Int64, DataType::Utf8View, None),
            (
                DataType::Timestamp(TimeUnit::Second, None),
                DataType::Timestamp(TimeUnit::Second, Some("UTC".into())),
                None,
            ),
        ] {
            assert_eq!(common(&one, &two), held, "{one} {two}");
            assert_eq!(common(&two, &one), held, "{two} {one}");
        }
    }

    #[test]
    fn reads_moments_of_two_units_and_zones_as_the_same_instant() {
        let micros: ArrayRef =
            Arc::new(TimestampMicrosecondArray::from(vec![1_500_000, i64::MAX]).with_timezone("UTC"));
        let millis: ArrayRef = Arc::new(TimestampMillisecondArray::from(vec![1_500, i64::MAX]).with_timezone("+01:00"));
        let held = common(micros.data_type(), millis.data_type()).expect("one kind");
        let (micros, millis) = (read_as(&micros, &held).expect("read"), read_as(&millis, &held).expect("read"));
        assert_eq!(micros.slice(0, 1).as_ref(), millis.slice(0, 1).as_ref());
        assert_ne!(micros.slice(1, 1).as_ref(), millis.slice(1, 1).as_ref());
    }

    #[test]
    fn keeps_the_largest_whole_number() {
        let cells: ArrayRef = Arc::new(UInt64Array::from(vec![u64::MAX]));
        let read = read_as(&cells, &DataType::Decimal128(20, 0)).expect("read");
        assert_eq!(read.as_primitive::<arrow::datatypes::Decimal128Type>().value(0), i128::from(u64::MAX));
    }
}
