//! What a set of rows amounts to, per column: rows, NULLs, exact sum, smallest and largest value.
//!
//! The law: tally(a + b) = tally(a) + tally(b), exactly. So what was read batch by batch can be held against what is
//! read back from the written parts, however either was cut.

use super::exact_sum::ExactSum;
use crate::data::CountedTexts;
use arrow::array::{Array, AsArray, GenericByteViewArray, MAX_INLINE_VIEW_LEN, RecordBatch};

use arrow::datatypes::{
    ArrowPrimitiveType, ByteViewType, DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type,
    Int32Type, Int64Type, Time64MicrosecondType, TimeUnit, TimestampMicrosecondType,
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
        /// Sum, modulo 2^128: the same however the rows are cut, which no sum that stops at an end of its type is.
        sum: i128,
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
        Self::of_some(rows, |_| true)
    }

    /// The same, with a total of those columns alone that are asked for by name; of the others only NULLs are counted.
    pub fn of_some(rows: &RecordBatch, is_totalled: impl Fn(&str) -> bool) -> Self {
        let schema = rows.schema();
        let columns = schema.fields().iter().zip(rows.columns()).map(|(field, values)| {
            let total = if is_totalled(field.name()) { total(values.as_ref()) } else { Total::None };
            (field.name().clone(), ColumnTally { nulls: values.logical_null_count() as u64, total })
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
            (Total::Whole { sum, min, max }, Total::Whole { sum: more, min: lower, max: higher }) => {
                Total::Whole { sum: sum.wrapping_add(more), min: min.min(lower), max: max.max(higher) }
            }
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
        DataType::Utf8View => bytes(values.as_string_view()),
        DataType::BinaryView => bytes(values.as_binary_view()),
        DataType::Dictionary(..) => CountedTexts::of(values).map_or(Total::None, |texts| counted(&texts)),
        _ => Total::None,
    }
}

fn whole<T: ArrowPrimitiveType>(values: &dyn Array) -> Total
where
    T::Native: Into<i128> + Ord,
{
    let numbers = values.as_primitive::<T>();
    let mut sum = 0i128;
    let mut bounds: Option<(T::Native, T::Native)> = None;
    let mut take = |number: T::Native| {
        sum = sum.wrapping_add(number.into());
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

/// Texts of which each is there so many times.
fn counted(texts: &CountedTexts<'_>) -> Total {
    let mut length = 0;
    let mut bounds: Option<(&str, &str)> = None;
    for (text, times) in texts.iter() {
        length += times * text.len() as u64;
        bounds = Some(bounds.map_or((text, text), |(min, max)| (min.min(text), max.max(text))));
    }
    let owned = |text: &str| text.as_bytes().to_vec();
    bounds.map_or(Total::None, |(min, max)| Total::Bytes { length, min: owned(min), max: owned(max) })
}

/// One look at each cell: its first eight bytes as a number tell most cells from the smallest and the largest.
fn bytes<T: ByteViewType>(cells: &GenericByteViewArray<T>) -> Total {
    let views = cells.views();
    let cell = |row: usize| -> &[u8] { cells.value(row).as_ref() };
    let first_bytes = |row: usize, length: u32| {
        // A short cell stands in its view. Filled up with zeros two cells are in their order or alike, and those that are alike are compared
        // whole.
        let first = if length <= MAX_INLINE_VIEW_LEN { None } else { cell(row).first_chunk().copied() };
        first.map_or(((views[row] >> 32) as u64).swap_bytes(), u64::from_be_bytes)
    };
    let mut length = 0;
    let mut bounds: Option<((u64, usize), (u64, usize))> = None;
    for row in (0..cells.len()).filter(|row| cells.is_valid(*row)) {
        let of_cell = views[row] as u32;
        length += u64::from(of_cell);
        let one = (first_bytes(row, of_cell), row);
        let (min, max) = bounds.get_or_insert((one, one));
        let order = |other: &(u64, usize)| one.0.cmp(&other.0).then_with(|| cell(row).cmp(cell(other.1)));
        if order(min).is_lt() {
            *min = one;
        }
        if order(max).is_gt() {
            *max = one;
        }
    }
    match bounds {
        Some(((_, min), (_, max))) => Total::Bytes { length, min: cell(min).to_vec(), max: cell(max).to_vec() },
        None => Total::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::packed_texts;
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
    fn sums_beyond_128_bits_are_the_same_however_the_rows_are_cut() {
        let most = 10i128.pow(38) - 1;
        let batch = |values: &[i128]| {
            let money = Decimal128Array::from(values.to_vec()).with_precision_and_scale(38, 0).expect("decimals");
            RecordBatch::try_from_iter([("money", Arc::new(money) as ArrayRef)]).expect("rows")
        };
        let all = [most, most, -most, -most, most];
        let whole = Tally::of(&batch(&all));
        for cut in 0..=all.len() {
            let parts = Tally::of(&batch(&all[..cut])).and(Tally::of(&batch(&all[cut..])));
            assert_eq!(parts, whole, "cut at {cut}");
        }
    }

    proptest! {
        #[test]
        fn smallest_and_largest_texts_are_those_of_a_sort(
            all in proptest::collection::vec(proptest::option::of("(aaaa|aaab|b|)[a-c\u{0}é]{0,14}"), 0..40),
        ) {
            let texts: ArrayRef = Arc::new(all.iter().map(Option::as_deref).collect::<StringViewArray>());
            let mut sorted: Vec<&[u8]> = all.iter().flatten().map(String::as_bytes).collect();
            sorted.sort_unstable();
            let length = sorted.iter().map(|text| text.len() as u64).sum();
            let expected = match (sorted.first(), sorted.last()) {
                (Some(min), Some(max)) => Total::Bytes { length, min: min.to_vec(), max: max.to_vec() },
                _ => Total::None,
            };
            prop_assert_eq!(total(texts.as_ref()), expected.clone());
            let packed = arrow::compute::cast(&texts, &packed_texts()).expect("a dictionary");
            prop_assert_eq!(total(packed.as_ref()), expected);
            let of = |cells| Tally::of(&RecordBatch::try_from_iter_with_nullable([("text", cells, true)]).expect("rows"));
            prop_assert_eq!(of(packed), of(texts));
        }
    }

    #[test]
    fn sees_a_change_that_a_count_does_not() {
        let one = Tally::of(&rows(&[(Some(100), Some(0.5), Some("a".into())), (None, None, None)]));
        let other = Tally::of(&rows(&[(Some(101), Some(0.5), Some("a".into())), (None, None, None)]));
        assert_eq!(one.rows, other.rows);
        assert_ne!(one, other);
        let money = one.column("money").expect("a column");
        assert_eq!(money, &ColumnTally { nulls: 1, total: Total::Whole { sum: 100, min: 100, max: 100 } });
    }
}
