//! Rows -> fingerprints of 128 bits, a column at a time.
//!
//! A cell is one to four words of 64 bits (a text: its length and its bytes); a row's fingerprint is the sum of its words,
//! each times a key of its own, twice with other keys, of which the upper halves are kept. Whatever two different rows hold,
//! the chance that they come out alike is about 2^-126 over the keys; and the keys are new in every run, so nobody who
//! writes data knows them. Source: Lemire and Kaser, "Strongly universal string hashing is fast", 2014 (MULTILINEAR).
//!
//! Equal values have one writing: one zero and one NaN; NULL is a word of its own, beside every value. Both sides come in the
//! same types. Never in here: which types are made alike.

use super::DiffFault;
use arrow::array::{Array, ArrayRef, AsArray, BinaryViewArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, Time32MillisecondType, Time32SecondType, Time64MicrosecondType, Time64NanosecondType, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};

/// Words of one cell, at most.
const CELL_WORDS_MAX: usize = 4;
/// Words of a long text that are summed before the sum is carried on as two words.
const BLOCK_WORDS: usize = 128;
/// Bytes of a text that its view holds itself.
const INLINE_BYTES: u32 = 12;

/// The key of one word, for both sums.
#[derive(Clone, Copy)]
struct Key {
    one: u128,
    two: u128,
}

/// Both sums of a row so far.
#[derive(Clone, Copy, Default)]
struct Sums {
    one: u128,
    two: u128,
}

impl Sums {
    #[inline(always)]
    fn add(&mut self, key: &Key, word: u64) {
        self.one = self.one.wrapping_add(key.one.wrapping_mul(u128::from(word)));
        self.two = self.two.wrapping_add(key.two.wrapping_mul(u128::from(word)));
    }

    #[inline(always)]
    fn print(self) -> u128 {
        (self.one >> 64 << 64) | (self.two >> 64)
    }
}

/// The keys of one run.
pub struct Printer {
    columns: Vec<ColumnKeys>,
    block: Vec<Key>,
}

#[derive(Clone, Copy)]
struct ColumnKeys {
    words: [Key; CELL_WORDS_MAX],
    null: Key,
}

impl Printer {
    /// Keys for so many columns.
    pub fn new(seed: u64, columns: usize) -> Self {
        let mut state = seed;
        let mut word = || u128::from(split_mix(&mut state)) << 64 | u128::from(split_mix(&mut state));
        let mut key = || Key { one: word(), two: word() };
        let columns = (0..columns).map(|_| ColumnKeys { words: std::array::from_fn(|_| key()), null: key() }).collect();
        Printer { columns, block: (0..BLOCK_WORDS + 2).map(|_| key()).collect() }
    }

    /// The fingerprints of `rows` rows over the cells of `columns`: each with its place among all columns.
    pub fn prints<'a>(
        &self,
        columns: impl Iterator<Item = (usize, &'a ArrayRef)>,
        rows: usize,
    ) -> Result<Vec<u128>, DiffFault> {
        let mut sums = vec![Sums::default(); rows];
        for (place, cells) in columns {
            let keys = self.columns.get(place).ok_or(DiffFault::Shape)?;
            self.add(&mut sums, keys, cells)?;
        }
        Ok(sums.into_iter().map(Sums::print).collect())
    }

    fn add(&self, sums: &mut [Sums], keys: &ColumnKeys, cells: &ArrayRef) -> Result<(), DiffFault> {
        let nulls = cells.nulls();
        macro_rules! each {
            ($type:ty, |$value:ident| $word:expr) => {{
                let values = cells.as_primitive::<$type>().values();
                column(sums, keys, nulls, values.iter().copied(), |sums, $value| sums.add(&keys.words[0], $word))
            }};
        }
        match cells.data_type() {
            DataType::Int8 => each!(Int8Type, |n| i64::from(n) as u64),
            DataType::Int16 => each!(Int16Type, |n| i64::from(n) as u64),
            DataType::Int32 => each!(Int32Type, |n| i64::from(n) as u64),
            DataType::Int64 => each!(Int64Type, |n| n as u64),
            DataType::Date32 => each!(Date32Type, |n| i64::from(n) as u64),
            DataType::Time32(TimeUnit::Second) => each!(Time32SecondType, |n| i64::from(n) as u64),
            DataType::Time32(_) => each!(Time32MillisecondType, |n| i64::from(n) as u64),
            DataType::Time64(TimeUnit::Microsecond) => each!(Time64MicrosecondType, |n| n as u64),
            DataType::Time64(_) => each!(Time64NanosecondType, |n| n as u64),
            DataType::Timestamp(TimeUnit::Second, _) => each!(TimestampSecondType, |n| n as u64),
            DataType::Timestamp(TimeUnit::Millisecond, _) => each!(TimestampMillisecondType, |n| n as u64),
            DataType::Timestamp(TimeUnit::Microsecond, _) => each!(TimestampMicrosecondType, |n| n as u64),
            DataType::Timestamp(TimeUnit::Nanosecond, _) => each!(TimestampNanosecondType, |n| n as u64),
            DataType::Float32 => each!(Float32Type, |x| u64::from(one_single(x).to_bits())),
            DataType::Float64 => each!(Float64Type, |x| one_double(x).to_bits()),
            DataType::Decimal128(..) => {
                let values = cells.as_primitive::<Decimal128Type>().values();
                column(sums, keys, nulls, values.iter().copied(), |sums, n| {
                    sums.add(&keys.words[0], n as u64);
                    sums.add(&keys.words[1], (n >> 64) as u64);
                });
            }
            DataType::Decimal256(..) => {
                let values = cells.as_primitive::<Decimal256Type>().values();
                column(sums, keys, nulls, values.iter().copied(), |sums, n| {
                    let (low, high) = n.to_parts();
                    let words = [low as u64, (low >> 64) as u64, high as u64, (high >> 64) as u64];
                    keys.words.iter().zip(words).for_each(|(key, word)| sums.add(key, word));
                });
            }
            DataType::Boolean => {
                let values = cells.as_boolean().values();
                column(sums, keys, nulls, values.iter(), |sums, holds| sums.add(&keys.words[0], u64::from(holds)));
            }
            DataType::Utf8View => self.bytes(sums, keys, &cells.as_string_view().clone().to_binary_view()),
            DataType::BinaryView => self.bytes(sums, keys, cells.as_binary_view()),
            // A column without any value, on both sides.
            DataType::Null => {}
            _ => return Err(DiffFault::Shape),
        }
        Ok(())
    }

    fn bytes(&self, sums: &mut [Sums], keys: &ColumnKeys, cells: &BinaryViewArray) {
        let views = cells.views();
        for (row, sums) in sums.iter_mut().enumerate() {
            if cells.is_null(row) {
                sums.add(&keys.null, 1);
                continue;
            }
            let view = views[row];
            let length = view as u32;
            if length <= INLINE_BYTES {
                // Length and bytes stand in the view, padded with zeros.
                sums.add(&keys.words[0], view as u64);
                sums.add(&keys.words[1], (view >> 64) as u64);
            } else {
                let digest = self.digest(cells.value(row));
                sums.add(&keys.words[0], u64::from(length));
                sums.add(&keys.words[1], digest as u64);
                sums.add(&keys.words[2], (digest >> 64) as u64);
            }
        }
    }

    /// A long text as two words. Its length is told beside it, so zeros at its end are no others.
    fn digest(&self, bytes: &[u8]) -> u128 {
        let mut digest = 0u128;
        for block in bytes.chunks(BLOCK_WORDS * 8) {
            let mut sums = Sums::default();
            sums.add(&self.block[BLOCK_WORDS], digest as u64);
            sums.add(&self.block[BLOCK_WORDS + 1], (digest >> 64) as u64);
            let (words, rest) = block.as_chunks::<8>();
            for (key, word) in self.block.iter().zip(words) {
                sums.add(key, u64::from_le_bytes(*word));
            }
            if !rest.is_empty() {
                let mut last = [0; 8];
                last[..rest.len()].copy_from_slice(rest);
                sums.add(&self.block[words.len()], u64::from_le_bytes(last));
            }
            digest = sums.print();
        }
        digest
    }
}

/// Adds a column's values, and NULL where there is none.
#[inline(always)]
fn column<T>(
    sums: &mut [Sums],
    keys: &ColumnKeys,
    nulls: Option<&NullBuffer>,
    values: impl Iterator<Item = T>,
    add: impl Fn(&mut Sums, T),
) {
    match nulls.filter(|nulls| nulls.null_count() > 0) {
        None => sums.iter_mut().zip(values).for_each(|(sums, value)| add(sums, value)),
        Some(nulls) => {
            for ((sums, value), is_valid) in sums.iter_mut().zip(values).zip(nulls.iter()) {
                if is_valid { add(sums, value) } else { sums.add(&keys.null, 1) }
            }
        }
    }
}

/// One zero and one NaN.
pub fn one_double(x: f64) -> f64 {
    if x.is_nan() { f64::NAN } else { x + 0.0 }
}

/// One zero and one NaN.
pub fn one_single(x: f32) -> f32 {
    if x.is_nan() { f32::NAN } else { x + 0.0 }
}

/// Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut word = *state;
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{BinaryViewArray, Float64Array, StringViewArray};
    use std::collections::BTreeSet;
    use std::sync::Arc;

    fn prints(columns: &[ArrayRef]) -> Vec<u128> {
        let printer = Printer::new(7, columns.len());
        printer.prints(columns.iter().enumerate(), columns[0].len()).expect("prints")
    }

    #[test]
    fn tells_texts_of_every_length_from_each_other_and_from_null() {
        // Around what a view holds, a word, and a block; and zeros at the end.
        let texts: Vec<Vec<u8>> = [0usize, 1, 4, 7, 8, 11, 12, 13, 16, 17, 1023, 1024, 1025, 1032, 2048, 5000]
            .iter()
            .flat_map(|length| [vec![0; *length], vec![7; *length], [vec![7; *length], vec![0]].concat()])
            .collect();
        let different: BTreeSet<&Vec<u8>> = texts.iter().collect();
        let cells = texts.iter().map(|text| Some(text.as_slice())).chain([None]);
        let column: ArrayRef = Arc::new(BinaryViewArray::from_iter(cells));
        let found: BTreeSet<u128> = prints(&[column]).into_iter().collect();
        assert_eq!(found.len(), different.len() + 1);
    }

    #[test]
    fn has_one_writing_for_equal_floats_and_none_for_null() {
        let quiet = f64::from_bits(f64::NAN.to_bits() ^ 1);
        let cells = Float64Array::from(vec![Some(0.0), Some(-0.0), Some(f64::NAN), Some(quiet), None, Some(1.0)]);
        let found = prints(&[Arc::new(cells)]);
        assert_eq!((found[0], found[2]), (found[1], found[3]));
        assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), 4);
    }

    #[test]
    fn knows_which_column_a_cell_is_in() {
        let text = |cells: [Option<&str>; 4]| -> ArrayRef { Arc::new(StringViewArray::from_iter(cells)) };
        let found =
            prints(&[text([Some("a"), Some("bc"), None, Some("x")]), text([Some("bc"), Some("a"), Some("x"), None])]);
        assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), 4);
    }
}
