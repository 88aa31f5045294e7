//! What a set of rows amounts to, per column: rows, NULLs, exact sum, smallest and largest value.
//!
//! The law: tally(a + b) = tally(a) + tally(b), exactly. So what was read batch by batch can be held against what is
//! read back from the written parts, however either was cut.

use super::exact_sum::ExactSum;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::kernels::aggregate::{max_binary_view, max_string_view, min_binary_view, min_string_view};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type,
    Int64Type, Time64MicrosecondType, TimeUnit, TimestampMicrosecondType,
};

/// The tally of a set of rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Rows.
    pub rows: u64,
    /// Columns by name, in order.
    pub columns: Vec<(String, ColumnTally)>,
}

/// The tally of one column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColumnTally {
    /// NULLs.
    pub nulls: u64,
    /// Sum, smallest and largest.
    pub total: Total,
}

/// Sum, smallest and largest of a column's values, by kind of value.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Total {
    /// No value yet, or a type that has none of these.
    #[default]
    None,
    /// Whole numbers, decimals in units of the last place, dates in days, times and moments in microseconds.
    Whole {
        /// Sum; `None` once it is beyond 128 bits.
        sum: Option<i128>,
        /// Smallest.
        min: i128,
        /// Largest.
        max: i128,
    },
    /// Floats. Smallest and largest in IEEE 754's total order, so that NaN has a place and -0 is 0.
    Float {
        /// Sum.
        sum: Box<ExactSum>,
        /// Smallest.
        min: TotalOrder,
        /// Largest.
        max: TotalOrder,
    },
    /// Truth values: how many are true.
    Truth(u64),
    /// Text and bytes, in the order of their bytes.
    Bytes {
        /// Bytes in all.
        length: u64,
        /// Smallest.
        min: Vec<u8>,
        /// Largest.
        max: Vec<u8>,
    },
}

/// A float in total order, with one zero and one NaN.
#[derive(Clone, Copy, Debug)]
pub struct TotalOrder(f64);

impl TotalOrder {
    fn of(value: f64) -> Self {
        TotalOrder(if value == 0.0 {
            0.0
        } else if value.is_nan() {
            f64::NAN
        } else {
            value
        })
    }
}

impl PartialEq for TotalOrder {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for TotalOrder {}
impl PartialOrd for TotalOrder {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for TotalOrder {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl Tally {
    /// The tally of `rows`.
    pub fn of(rows: &RecordBatch) -> Self {
        let schema = rows.schema();
        let columns = schema.fields().iter().zip(rows.columns()).map(|(field, values)| {
            let tally = ColumnTally { nulls: values.logical_null_count() as u64, total: total(values.as_ref()) };
            (field.name().clone(), tally)
        });
        Tally { rows: rows.num_rows() as u64, columns: columns.collect() }
    }

    /// The tally of both sets of rows. Columns are matched by name.
    #[must_use]
    pub fn and(mut self, other: Tally) -> Self {
        if self.columns.is_empty() {
            self.columns = other.columns;
            self.rows += other.rows;
            return self;
        }
        self.rows += other.rows;
        for (name, more) in other.columns {
            match self.columns.iter_mut().find(|(known, _)| *known == name) {
                Some((_, tally)) => {
                    tally.nulls += more.nulls;
                    tally.total = std::mem::take(&mut tally.total).and(more.total);
                }
                None => self.columns.push((name, more)),
            }
        }
        self
    }

    /// A column's tally.
    pub fn column(&self, name: &str) -> Option<&ColumnTally> {
        self.columns.iter().find(|(known, _)| known == name).map(|(_, tally)| tally)
    }
}

impl Total {
    fn and(self, other: Total) -> Total {
        match (self, other) {
            (Total::None, other) | (other, Total::None) => other,
            (Total::Whole { sum, min, max }, Total::Whole { sum: more, min: lower, max: higher }) => Total::Whole {
                sum: sum.zip(more).and_then(|(sum, more)| sum.checked_add(more)),
                min: min.min(lower),
                max: max.max(higher),
            },
            (Total::Float { mut sum, min, max }, Total::Float { sum: more, min: lower, max: higher }) => {
                sum.merge(&more);
                Total::Float { sum, min: min.min(lower), max: max.max(higher) }
            }
            (Total::Truth(one), Total::Truth(other)) => Total::Truth(one + other),
            (Total::Bytes { length, min, max }, Total::Bytes { length: more, min: lower, max: higher }) => {
                Total::Bytes { length: length + more, min: min.min(lower), max: max.max(higher) }
            }
            // One column is of one type; two kinds can only be two columns of one name, and those never agree.
            _ => Total::None,
        }
    }
}

fn total(values: &dyn Array) -> Total {
    match values.data_type() {
        DataType::Int16 => whole::<Int16Type>(values),
        DataType::Int32 => whole::<Int32Type>(values),
        DataType::Int64 => whole::<Int64Type>(values),
        DataType::Decimal128(..) => whole::<Decimal128Type>(values),
        DataType::Date32 => whole::<Date32Type>(values),
        DataType::Time64(TimeUnit::Microsecond) => whole::<Time64MicrosecondType>(values),
        DataType::Timestamp(TimeUnit::Microsecond, _) => whole::<TimestampMicrosecondType>(values),
        DataType::Float32 => floats(values.as_primitive::<Float32Type>().iter().flatten().map(f64::from)),
        DataType::Float64 => floats(values.as_primitive::<Float64Type>().iter().flatten()),
        DataType::Boolean => Total::Truth(values.as_boolean().true_count() as u64),
        DataType::Utf8View => {
            let texts = values.as_string_view();
            let length = texts
                .lengths()
                .zip(0..)
                .filter(|(_, row)| texts.is_valid(*row))
                .map(|(length, _)| u64::from(length))
                .sum();
            bytes(length, min_string_view(texts).map(str::as_bytes), max_string_view(texts).map(str::as_bytes))
        }
        DataType::BinaryView => {
            let cells = values.as_binary_view();
            let length = cells.iter().flatten().map(|cell| cell.len() as u64).sum();
            bytes(length, min_binary_view(cells), max_binary_view(cells))
        }
        _ => Total::None,
    }
}

fn whole<T: ArrowPrimitiveType>(values: &dyn Array) -> Total
where
    T::Native: Into<i128> + Ord,
{
    let numbers = values.as_primitive::<T>();
    let mut sum = Some(0i128);
    let mut bounds: Option<(T::Native, T::Native)> = None;
    let mut take = |number: T::Native| {
        sum = sum.and_then(|sum| sum.checked_add(number.into()));
        bounds = Some(bounds.map_or((number, number), |(min, max)| (min.min(number), max.max(number))));
    };
    if numbers.null_count() == 0 {
        numbers.values().iter().copied().for_each(&mut take);
    } else {
        numbers.iter().flatten().for_each(&mut take);
    }
    bounds.map_or(Total::None, |(min, max)| Total::Whole { sum, min: min.into(), max: max.into() })
}

fn floats(values: impl Iterator<Item = f64>) -> Total {
    let mut sum = Box::<ExactSum>::default();
    let mut bounds: Option<(TotalOrder, TotalOrder)> = None;
    for value in values {
        sum.add(value);
        let value = TotalOrder::of(value);
        bounds = Some(bounds.map_or((value, value), |(min, max)| (min.min(value), max.max(value))));
    }
    bounds.map_or(Total::None, |(min, max)| Total::Float { sum, min, max })
}

fn bytes(length: u64, min: Option<&[u8]>, max: Option<&[u8]>) -> Total {
    match min.zip(max) {
        Some((min, max)) => Total::Bytes { length, min: min.to_vec(), max: max.to_vec() },
        None => Total::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, Decimal128Array, Float64Array, StringViewArray};
    use proptest::prelude::*;
    use std::sync::Arc;

    type Row = (Option<i64>, Option<f64>, Option<String>);

    fn rows(rows: &[Row]) -> RecordBatch {
        let money = Decimal128Array::from_iter(rows.iter().map(|row| row.0.map(i128::from)));
        let money: ArrayRef = Arc::new(money.with_precision_and_scale(38, 2).expect("a decimal"));
        let floats: ArrayRef = Arc::new(rows.iter().map(|row| row.1).collect::<Float64Array>());
        let texts: ArrayRef = Arc::new(rows.iter().map(|row| row.2.as_deref()).collect::<StringViewArray>());
        RecordBatch::try_from_iter_with_nullable([
            ("money", money, true),
            ("float", floats, true),
            ("text", texts, true),
        ])
        .expect("rows")
    }

    proptest! {
        #[test]
        fn the_tally_of_both_is_the_sum_of_the_tallies(
            all in proptest::collection::vec((any::<Option<i64>>(), any::<Option<f64>>(), proptest::option::of(".{0,6}")), 0..30),
            cut in 0usize..30,
        ) {
            let cut = cut.min(all.len());
            let parts = Tally::of(&rows(&all[..cut])).and(Tally::of(&rows(&all[cut..])));
            prop_assert_eq!(parts, Tally::of(&rows(&all)));
        }
    }

    #[test]
    fn sees_a_change_that_a_count_does_not() {
        let one = Tally::of(&rows(&[(Some(100), Some(0.5), Some("a".into())), (None, None, None)]));
        let other = Tally::of(&rows(&[(Some(101), Some(0.5), Some("a".into())), (None, None, None)]));
        assert_eq!(one.rows, other.rows);
        assert_ne!(one, other);
        let money = one.column("money").expect("a column");
        assert_eq!(money, &ColumnTally { nulls: 1, total: Total::Whole { sum: Some(100), min: 100, max: 100 } });
    }
}
