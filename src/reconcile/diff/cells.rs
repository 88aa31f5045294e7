//! Rows of the same keys, side by side -> the cells that differ, column by column.

use super::DiffFault;
use super::align::{Aligned, Kind, kind};
use super::print::{one_double, one_single};
use super::tolerance::Tolerance;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Decimal256Array, RecordBatch};
use arrow::compute::cast;
use arrow::compute::kernels::cmp::distinct;
use arrow::datatypes::{
    DECIMAL256_MAX_PRECISION, DataType, Decimal256Type, DecimalType, Float32Type, Float64Type, Int64Type, TimeUnit,
    i256,
};
use arrow::error::ArrowError;
use std::sync::Arc;

/// A column's cells that differ, and those that differ by no more than was declared.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColumnTally {
    /// Rows in which it differs.
    pub changed: u64,
    /// Rows in which it differs within its tolerance.
    pub passed: Passed,
}

/// Cells of a column that differ by no more than was declared.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Passed {
    /// How many.
    pub cells: u64,
    largest: Option<Largest>,
}

/// The largest difference that was let pass.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Largest {
    /// In units of 10^-scale.
    Exact(i256, i8),
    Float(f64),
}

impl Passed {
    /// The largest difference that was let pass, as a decimal number; of moments in seconds.
    pub fn largest(&self) -> Option<String> {
        Some(match self.largest? {
            Largest::Exact(apart, scale) => Decimal256Type::format_decimal(apart, DECIMAL256_MAX_PRECISION, scale),
            Largest::Float(apart) => format!("{apart:e}"),
        })
    }

    fn let_pass(&mut self, apart: Option<Largest>) {
        self.cells += 1;
        let is_larger = match (self.largest, apart) {
            (_, None) => false,
            (None, _) => true,
            (Some(Largest::Exact(before, _)), Some(Largest::Exact(now, _))) => now > before,
            (Some(Largest::Float(before)), Some(Largest::Float(now))) => now > before,
            _ => false,
        };
        if is_larger {
            self.largest = apart;
        }
    }
}

/// Which rows differ in which of `columns`, the places of both batches' columns. Adds to the `tallies` of those columns.
pub fn differing(
    columns: &[(usize, &Aligned, &Tolerance)],
    [one, two]: [&RecordBatch; 2],
    tallies: &mut [ColumnTally],
) -> Result<Vec<BooleanArray>, DiffFault> {
    let mut all = Vec::with_capacity(columns.len());
    for ((place, column, tolerance), tally) in columns.iter().zip(tallies) {
        let (one, two) = (plain(one.column(*place)), plain(two.column(*place)));
        let mut differs = match one.data_type() {
            DataType::Null => BooleanArray::from(vec![false; one.len()]),
            _ => distinct(&one, &two).map_err(|_| DiffFault::Shape)?,
        };
        if differs.true_count() > 0 && **tolerance != Tolerance::default() {
            differs = within(column.kind, &differs, [&one, &two], tolerance, &mut tally.passed)?;
        }
        tally.changed += differs.true_count() as u64;
        all.push(differs);
    }
    Ok(all)
}

/// Of the rows in which two columns of one type differ, those in which they do by more than was declared; counts the others.
pub fn beyond(
    differs: &BooleanArray,
    sides: [&ArrayRef; 2],
    tolerance: &Tolerance,
    passed: &mut Passed,
) -> Result<BooleanArray, ArrowError> {
    match kind(sides[0].data_type()) {
        Some(kind) => within(kind, differs, sides, tolerance, passed).map_err(|_| ArrowError::CastError(String::new())),
        None => Ok(differs.clone()),
    }
}

fn within(
    kind: Kind,
    differs: &BooleanArray,
    sides: [&ArrayRef; 2],
    tolerance: &Tolerance,
    passed: &mut Passed,
) -> Result<BooleanArray, DiffFault> {
    let near = Near::of(kind, sides, tolerance)?;
    let beyond = (0..differs.len()).map(|row| {
        let passes = differs.value(row) && near.at(row, tolerance, passed);
        Some(differs.value(row) && !passes)
    });
    Ok(beyond.collect())
}

/// The values with one writing for equals: one zero and one NaN.
fn plain(values: &ArrayRef) -> ArrayRef {
    match values.data_type() {
        DataType::Float32 => Arc::new(values.as_primitive::<Float32Type>().unary::<_, Float32Type>(one_single)),
        DataType::Float64 => Arc::new(values.as_primitive::<Float64Type>().unary::<_, Float64Type>(one_double)),
        _ => Arc::clone(values),
    }
}

/// Both sides of a column, as its tolerance looks at them.
enum Near {
    Numbers([Decimal256Array; 2], i8),
    Moments([Decimal256Array; 2], i8),
    Singles([ArrayRef; 2]),
    Doubles([ArrayRef; 2]),
    Texts([ArrayRef; 2]),
    Never,
}

impl Near {
    fn of(kind: Kind, sides: [&ArrayRef; 2], tolerance: &Tolerance) -> Result<Near, DiffFault> {
        let exact = |scale: i8| -> Result<[Decimal256Array; 2], DiffFault> {
            let read = |cells: &ArrayRef| -> Result<Decimal256Array, DiffFault> {
                let fault = |_| DiffFault::Shape;
                // Of times and moments the units.
                let units: ArrayRef = match cells.data_type() {
                    DataType::Time32(_) | DataType::Time64(_) | DataType::Timestamp(..) => {
                        let units = cast(cells, &DataType::Int64).map_err(fault)?;
                        let units =
                            units.as_primitive::<Int64Type>().unary::<_, Decimal256Type>(|n| i256::from_i128(n.into()));
                        return units.with_precision_and_scale(DECIMAL256_MAX_PRECISION, scale).map_err(fault);
                    }
                    _ => cast(cells, &DataType::Decimal256(DECIMAL256_MAX_PRECISION, scale)).map_err(fault)?,
                };
                Ok(units.as_primitive::<Decimal256Type>().clone())
            };
            Ok([read(sides[0])?, read(sides[1])?])
        };
        let both = || sides.map(Arc::clone);
        if !tolerance.fits(kind) {
            return Ok(Near::Never);
        }
        Ok(match (kind, sides[0].data_type()) {
            (Kind::Number, data_type) => {
                let scale = scale(data_type);
                Near::Numbers(exact(scale)?, scale)
            }
            (Kind::Time | Kind::Instant | Kind::Local, data_type) => {
                let scale = scale(data_type);
                Near::Moments(exact(scale)?, scale)
            }
            (Kind::Float, DataType::Float32) => Near::Singles(both()),
            (Kind::Float, DataType::Float64) => Near::Doubles(both()),
            (Kind::Text, DataType::Utf8View) => Near::Texts(both()),
            _ => Near::Never,
        })
    }

    /// Whether the cells of a row, which differ, are as good as the same.
    fn at(&self, row: usize, tolerance: &Tolerance, passes: &mut Passed) -> bool {
        let passed = match self {
            Near::Numbers(sides, scale) => values(sides, row).and_then(|[one, two]| {
                let apart = tolerance.numbers(one, two, u32::from(scale.unsigned_abs()))?;
                Some(Some(Largest::Exact(apart, *scale)))
            }),
            Near::Moments(sides, scale) => values(sides, row).and_then(|[one, two]| {
                let apart = tolerance.moments(one.to_i128()?, two.to_i128()?, u32::from(scale.unsigned_abs()))?;
                Some(Some(Largest::Exact(i256::from_i128(apart), *scale)))
            }),
            Near::Singles(sides) => floats::<Float32Type>(sides, row).and_then(|[one, two]| {
                let apart =
                    tolerance.floats(one.into(), two.into(), steps(one.to_bits().into(), two.to_bits().into(), 31))?;
                Some(Some(Largest::Float(apart)))
            }),
            Near::Doubles(sides) => floats::<Float64Type>(sides, row).and_then(|[one, two]| {
                let apart = tolerance.floats(one, two, steps(one.to_bits(), two.to_bits(), 63))?;
                Some(Some(Largest::Float(apart)))
            }),
            Near::Texts(sides) => {
                let [one, two] = sides.each_ref().map(|side| {
                    let texts = side.as_string_view();
                    texts.is_valid(row).then(|| texts.value(row))
                });
                tolerance.texts(one, two).then_some(None)
            }
            Near::Never => None,
        };
        if let Some(apart) = passed {
            passes.let_pass(apart);
        }
        passed.is_some()
    }
}

/// Digits behind the point, or behind the second.
fn scale(data_type: &DataType) -> i8 {
    match data_type {
        DataType::Decimal128(_, scale) | DataType::Decimal256(_, scale) => *scale,
        DataType::Time32(unit) | DataType::Time64(unit) | DataType::Timestamp(unit, _) => match unit {
            TimeUnit::Second => 0,
            TimeUnit::Millisecond => 3,
            TimeUnit::Microsecond => 6,
            TimeUnit::Nanosecond => 9,
        },
        _ => 0,
    }
}

/// Both values; NULL is near to nothing.
fn values(sides: &[Decimal256Array; 2], row: usize) -> Option<[i256; 2]> {
    let are_there = sides.iter().all(|side| side.is_valid(row));
    are_there.then(|| sides.each_ref().map(|side| side.value(row)))
}

fn floats<T: arrow::array::ArrowPrimitiveType>(sides: &[ArrayRef; 2], row: usize) -> Option<[T::Native; 2]> {
    let sides = sides.each_ref().map(|side| side.as_primitive::<T>());
    let are_there = sides.iter().all(|side| side.is_valid(row));
    are_there.then(|| sides.map(|side| side.value(row)))
}

/// How many floats lie between two, by their bits; `sign` is the place of the sign.
fn steps(one: u64, two: u64, sign: u32) -> u64 {
    let place = |bits: u64| {
        let size = i128::from(bits & !(1 << sign));
        if bits >> sign & 1 == 1 { -size } else { size }
    };
    u64::try_from((place(one) - place(two)).unsigned_abs()).unwrap_or(u64::MAX)
}
