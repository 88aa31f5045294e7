//! Rows -> a record for each group of a unit: what is left of them once all that can be added up is.
//!
//! ```text
//! keyed      key  first  count  second     the places of its first two rows (a NULL where there is no second)
//! sums       key  first  sum               in units of the last place, 256 bits: 10^19 rows of 38 digits fit
//! periods    key  first  day  seen  odd    a bit for each period; odd: one is NULL, there twice or beyond 64
//! days       key  first  day               each day once
//! intervals  key  first  from  to          each row; days or microseconds, NULL where it is open
//! ```
//!
//! The key of `periods` is that of the group and the day, of all others that of the group; records of one key meet in one bucket.

use super::super::compare::CompareFault;
use super::super::sides::{BUCKETS, bucket};
use super::key::{is_whole, keys, wide};
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, Decimal256Array, RecordBatch, UInt32Array,
    UInt64Array,
};
use arrow::compute::{cast, take_record_batch};
use arrow::datatypes::{DECIMAL256_MAX_PRECISION, DataType, Date32Type, Decimal128Type, Int64Type, TimeUnit, i256};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

/// Records by bucket.
type Records = Result<Vec<(usize, RecordBatch)>, CompareFault>;

/// How often each key is there.
pub fn keyed(columns: &[ArrayRef], with_null: bool, places: &[u64]) -> Records {
    let keys = keys(columns, places.len())?;
    let mut groups = Groups::new(&keys);
    let mut counted: Vec<(u64, Option<u64>)> = Vec::new();
    for (row, place) in places.iter().enumerate() {
        if !with_null && !is_whole(columns, row) {
            continue;
        }
        match groups.of(row) {
            Ok(known) => {
                counted[known].0 += 1;
                counted[known].1.get_or_insert(*place);
            }
            Err(()) => counted.push((1, None)),
        }
    }
    let count = UInt64Array::from_iter_values(counted.iter().map(|(count, _)| *count));
    let second = UInt64Array::from_iter(counted.iter().map(|(_, second)| *second));
    groups.records(places, vec![("count", Arc::new(count)), ("second", Arc::new(second))])
}

/// The sum of `of` for each group.
pub fn sums(per: &[ArrayRef], of: &ArrayRef, places: &[u64]) -> Records {
    let keys = keys(per, places.len())?;
    let mut groups = Groups::new(&keys);
    let mut sums: Vec<i256> = Vec::new();
    for row in 0..places.len() {
        let value = value(of, row)?;
        match groups.of(row) {
            Ok(known) => sums[known] = sums[known].wrapping_add(value),
            Err(()) => sums.push(value),
        }
    }
    let scale = if let DataType::Decimal128(_, scale) = of.data_type() { *scale } else { 0 };
    let sums = Decimal256Array::from(sums).with_precision_and_scale(DECIMAL256_MAX_PRECISION, scale)?;
    groups.records(places, vec![("sum", Arc::new(sums))])
}

/// A number in units of its last place; a NULL is none.
fn value(of: &ArrayRef, row: usize) -> Result<i256, CompareFault> {
    if of.is_null(row) {
        return Ok(i256::ZERO);
    }
    match of.data_type() {
        DataType::Int64 => Ok(i256::from_i128(of.as_primitive::<Int64Type>().value(row).into())),
        DataType::Decimal128(..) => Ok(i256::from_i128(of.as_primitive::<Decimal128Type>().value(row))),
        _ => Err(CompareFault::Shape),
    }
}

/// Which periods each day of a group has.
pub fn periods(per: &[ArrayRef], day: &ArrayRef, period: &ArrayRef, places: &[u64]) -> Records {
    let grouped: Vec<ArrayRef> = per.iter().chain([day]).cloned().collect();
    let keys = keys(&grouped, places.len())?;
    let periods = period.as_primitive_opt::<Int64Type>().ok_or(CompareFault::Shape)?;
    let mut groups = Groups::new(&keys);
    let mut seen: Vec<(u64, bool)> = Vec::new();
    for row in 0..places.len() {
        let bit = periods.is_valid(row).then(|| periods.value(row)).and_then(bit);
        let (bit, is_odd) = (bit.unwrap_or(0), bit.is_none());
        match groups.of(row) {
            Ok(known) => {
                let (bits, odd) = &mut seen[known];
                *odd |= is_odd || *bits & bit != 0;
                *bits |= bit;
            }
            Err(()) => seen.push((bit, is_odd)),
        }
    }
    let days = day.as_primitive_opt::<Date32Type>().ok_or(CompareFault::Shape)?;
    let day = Date32Array::from_iter(groups.firsts.iter().map(|row| days.is_valid(*row).then(|| days.value(*row))));
    let bits = UInt64Array::from_iter_values(seen.iter().map(|(bits, _)| *bits));
    let odd = BooleanArray::from_iter(seen.iter().map(|(_, odd)| Some(*odd)));
    groups.records(places, vec![("day", Arc::new(day)), ("seen", Arc::new(bits)), ("odd", Arc::new(odd))])
}

/// The bit of a period, from 1.
fn bit(period: i64) -> Option<u64> {
    let place = u32::try_from(period).ok()?.checked_sub(1)?;
    1u64.checked_shl(place)
}

/// Which days a group has. A NULL is no day.
pub fn days(per: &[ArrayRef], day: &ArrayRef, places: &[u64]) -> Records {
    let keys = keys(per, places.len())?;
    let days = day.as_primitive_opt::<Date32Type>().ok_or(CompareFault::Shape)?;
    let mut known: HashMap<(&[u8], i32), ()> = HashMap::new();
    let mut rows = Vec::new();
    for row in (0..places.len()).filter(|row| days.is_valid(*row)) {
        if let Entry::Vacant(new) = known.entry((keys.value(row), days.value(row))) {
            new.insert(());
            rows.push(row);
        }
    }
    let day = Date32Array::from_iter_values(rows.iter().map(|row| days.value(*row)));
    spread(&keys, &rows, places, vec![("day", Arc::new(day))])
}

/// The intervals of a group, a record a row.
pub fn intervals(per: &[ArrayRef], from: &ArrayRef, to: &ArrayRef, places: &[u64]) -> Records {
    let keys = keys(per, places.len())?;
    let ends = [("from", whole(from)?), ("to", whole(to)?)];
    spread(&keys, &(0..places.len()).collect::<Vec<_>>(), places, ends.into())
}

/// Days, microseconds or numbers as whole numbers.
fn whole(ends: &ArrayRef) -> Result<ArrayRef, CompareFault> {
    Ok(match ends.data_type() {
        DataType::Date32 => cast(&cast(ends, &DataType::Int32)?, &DataType::Int64)?,
        DataType::Timestamp(TimeUnit::Microsecond, _) | DataType::Int64 => cast(ends, &DataType::Int64)?,
        DataType::Int16 | DataType::Int32 => wide(ends)?,
        _ => return Err(CompareFault::Shape),
    })
}

/// The groups of a unit, in the order of their first rows.
struct Groups<'a> {
    keys: &'a BinaryArray,
    known: HashMap<&'a [u8], usize>,
    firsts: Vec<usize>,
}

impl<'a> Groups<'a> {
    fn new(keys: &'a BinaryArray) -> Self {
        Groups { keys, known: HashMap::new(), firsts: Vec::new() }
    }

    /// The group of a row; `Err` when it is a new one, which then is the last.
    fn of(&mut self, row: usize) -> Result<usize, ()> {
        match self.known.entry(self.keys.value(row)) {
            Entry::Occupied(known) => Ok(*known.get()),
            Entry::Vacant(new) => {
                new.insert(self.firsts.len());
                self.firsts.push(row);
                Err(())
            }
        }
    }

    fn records(self, places: &[u64], more: Vec<(&str, ArrayRef)>) -> Records {
        spread(self.keys, &self.firsts, places, more)
    }
}

/// The records of `rows` by the bucket of their key: `key`, `first` and `more`, which has a cell for each of `rows`.
fn spread(keys: &BinaryArray, rows: &[usize], places: &[u64], more: Vec<(&str, ArrayRef)>) -> Records {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let key: ArrayRef = Arc::new(BinaryArray::from_iter_values(rows.iter().map(|row| keys.value(*row))));
    let first: ArrayRef = Arc::new(UInt64Array::from_iter_values(rows.iter().map(|row| places[*row])));
    let all = [("key", key), ("first", first)].into_iter().chain(more);
    let records = RecordBatch::try_from_iter_with_nullable(all.map(|(name, cells)| (name, cells, true)))?;
    let mut of: Vec<Vec<u32>> = vec![Vec::new(); BUCKETS];
    for (record, row) in rows.iter().enumerate() {
        of[bucket(keys.value(*row), BUCKETS)].push(record as u32);
    }
    let filled = of.into_iter().enumerate().filter(|(_, records)| !records.is_empty());
    filled.map(|(bucket, places)| Ok((bucket, take_record_batch(&records, &UInt32Array::from(places))?))).collect()
}
