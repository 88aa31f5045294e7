//! Other people's Parquet -> columns as they are.
//!
//! A small file may decode to terabytes (a dictionary page and a run length); a footer's sizes are only claims. So rows
//! come in batches, and a batch that decodes to more than its share ends the read.

use super::{FormatFault, Opened, Rows};
use arrow::array::RecordBatch;
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// Decoded bytes of one batch, at most.
const BATCH_BYTES_MAX: usize = 256 << 20;

/// Reads the footer. Nested columns come as they are; whoever wants them says so by place.
pub fn open(bytes: Bytes) -> Result<Opened, FormatFault> {
    let damaged = |_| FormatFault::new("is not whole Parquet");
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(damaged)?;
    let columns = builder.schema().fields().iter().map(|field| (field.name().clone(), field.data_type().clone()));
    Ok(Opened::new(columns.collect(), move |places, batch_rows_max| -> Rows {
        let mask = ProjectionMask::roots(builder.parquet_schema(), places.iter().copied());
        // A mask keeps the file's order; what was asked for may have another.
        let mut sorted = places.clone();
        sorted.sort_unstable();
        let order: Vec<usize> = places.iter().map(|place| sorted.partition_point(|other| other < place)).collect();
        match builder.with_projection(mask).with_batch_size(batch_rows_max).build() {
            Ok(reader) => {
                let mut row = 0;
                Box::new(reader.map(move |batch| {
                    let batch = batch.map_err(|_| FormatFault::at(row, "holds a damaged page"))?;
                    row += batch.num_rows() as u64;
                    if batch.get_array_memory_size() > BATCH_BYTES_MAX {
                        return Err(FormatFault::at(row, "decodes to more than its cap"));
                    }
                    ordered(&batch, &order)
                }))
            }
            Err(_) => Box::new(std::iter::once(Err(FormatFault::new("is not whole Parquet")))),
        }
    }))
}

fn ordered(batch: &RecordBatch, order: &[usize]) -> Result<RecordBatch, FormatFault> {
    batch.project(order).map_err(|_| FormatFault::new("lacks a column"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, AsArray, Int64Array, StringArray};
    use arrow::datatypes::Int64Type;
    use parquet::arrow::ArrowWriter;
    use std::sync::Arc;

    fn file() -> Vec<u8> {
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..1000));
        let names: ArrayRef = Arc::new(StringArray::from_iter_values((0..1000).map(|id| format!("unit {id}"))));
        let rows = RecordBatch::try_from_iter([("id", ids), ("name", names)]).expect("rows");
        let mut file = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut file, rows.schema(), None).expect("a writer");
        writer.write(&rows).expect("written");
        writer.close().expect("closed");
        file
    }

    #[test]
    fn reads_columns_in_the_order_asked_for() {
        let opened = open(file().into()).expect("a footer");
        let batches: Vec<_> = opened.rows(vec![1, 0], 300).collect::<Result<_, _>>().expect("rows");
        assert_eq!(batches.iter().map(RecordBatch::num_rows).collect::<Vec<_>>(), [300, 300, 300, 100]);
        assert_eq!(batches[1].schema().field(0).name(), "name");
        assert_eq!(batches[1].column(1).as_primitive::<Int64Type>().value(0), 300);
    }

    #[test]
    fn refuses_a_truncated_file_wherever_it_is_cut() {
        let whole = file();
        for cut in [0, 3, 100, whole.len() / 2, whole.len() - 1] {
            let torn = Bytes::copy_from_slice(&whole[..cut]);
            assert_eq!(open(torn).err(), Some(FormatFault::new("is not whole Parquet")), "{cut}");
        }
    }

    #[test]
    fn tells_a_damaged_page() {
        let mut damaged = file();
        damaged[4..60].fill(0xff);
        let outcome =
            open(damaged.into()).and_then(|opened| opened.rows(vec![0, 1], 100).collect::<Result<Vec<_>, _>>());
        assert!(outcome.is_err());
    }
}
