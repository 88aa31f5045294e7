//! Whether two Parquet files hold the same rows in the same order, however each is encoded.
//!
//! A batch of each is decoded at a time. Never in here: whether either is what was written.

use super::parquet_read::open;
use arrow::array::RecordBatch;
use bytes::Bytes;

/// Rows decoded at once, of each.
const BATCH_ROWS: usize = 8_192;

/// Whether `one` and `two` have the same columns, by name and type, and in every row the same values; not where either cannot be read.
pub fn have_same_rows(one: Bytes, two: Bytes) -> bool {
    let (Ok(one), Ok(two)) = (open(one), open(two)) else { return false };
    if one.columns != two.columns {
        return false;
    }
    let places: Vec<usize> = (0..one.columns.len()).collect();
    let (mut one, mut two) = (one.rows(places.clone(), BATCH_ROWS), two.rows(places, BATCH_ROWS));
    // What is left of a batch: how many rows one has goes by the file.
    let (mut left, mut right) = (None, None);
    loop {
        match (left.take().or_else(|| one.next()), right.take().or_else(|| two.next())) {
            (None, None) => return true,
            (Some(Ok(a)), Some(Ok(b))) => {
                let rows = a.num_rows().min(b.num_rows());
                if a.slice(0, rows).columns() != b.slice(0, rows).columns() {
                    return false;
                }
                let rest = |of: RecordBatch| (of.num_rows() > rows).then(|| Ok(of.slice(rows, of.num_rows() - rows)));
                (left, right) = (rest(a), rest(b));
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, StringArray};
    use parquet::arrow::ArrowWriter;
    use parquet::basic::Compression;
    use parquet::file::properties::WriterProperties;
    use std::sync::Arc;

    fn file(numbers: &[i64], name: &str, group_rows: usize) -> Bytes {
        let texts: StringArray =
            numbers.iter().map(|number| (number % 3 > 0).then(|| format!("text {number}"))).collect();
        let columns = [(name, Arc::new(Int64Array::from(numbers.to_vec())) as _), ("note", Arc::new(texts) as _)];
        let batch = RecordBatch::try_from_iter(columns).expect("a batch");
        let compression = if group_rows > 100 { Compression::UNCOMPRESSED } else { Compression::SNAPPY };
        let properties = WriterProperties::builder()
            .set_max_row_group_row_count(Some(group_rows))
            .set_compression(compression)
            .build();
        let mut bytes = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).expect("a writer");
        writer.write(&batch).expect("written");
        writer.close().expect("closed");
        bytes.into()
    }

    #[test]
    fn wide_rows_are_the_same_in_batches_of_whatever_size() {
        let file = |packed: bool| {
            let texts: StringArray = (0..9_000).map(|row| Some(format!("{}", row % 9).repeat(4_000))).collect();
            let batch = RecordBatch::try_from_iter([("note", Arc::new(texts) as _)]).expect("a batch");
            let properties = WriterProperties::builder().set_dictionary_enabled(packed).build();
            let mut bytes = Vec::new();
            let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).expect("a writer");
            writer.write(&batch).expect("written");
            writer.close().expect("closed");
            Bytes::from(bytes)
        };
        assert!(have_same_rows(file(true), file(false)));
    }

    #[test]
    fn rows_are_the_same_however_they_are_encoded_and_others_are_not() {
        let numbers: Vec<i64> = (0..20_000).collect();
        let (one, two) = (file(&numbers, "id", 70), file(&numbers, "id", 9_999));
        assert_ne!(one, two);
        assert!(have_same_rows(one.clone(), two.clone()));
        let mut another = numbers.clone();
        another[19_990] = 7;
        let mut swapped = numbers.clone();
        swapped.swap(3, 4);
        for other in [
            file(&another, "id", 9_999),
            file(&swapped, "id", 9_999),
            file(&numbers[..19_999], "id", 9_999),
            file(&numbers, "number", 9_999),
            two.slice(..two.len() - 9),
        ] {
            assert!(!have_same_rows(one.clone(), other));
        }
    }
}
