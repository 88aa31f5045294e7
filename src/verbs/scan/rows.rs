//! Files -> batches of text: Parquet, CSV and JSON lines, plain or packed, with objects and lists as columns of their own.

use super::super::paths::{Holds, SideFile};
use super::nested::{self, Keys, Leaf};
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::format::compression::Compression;
use crate::format::jsonl_blocks::Blocks;
use crate::format::parquet_scan::ParquetScan;
use crate::format::ranged::{From, Ranged};
use crate::format::{DECODED_BYTES_MAX, FormatFault, csv};
use arrow::array::RecordBatch;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// Rows of a batch.
const BATCH_ROWS: usize = 16_384;

/// Rows as columns of text.
pub struct Batch {
    /// A column for each path.
    pub leaves: Vec<Leaf>,
    /// Rows before it in its file.
    pub first: u64,
    /// Its own rows.
    pub rows: u64,
}

struct Local(File, u64);

impl Ranged for Local {
    fn length(&self) -> u64 {
        self.1
    }

    fn read_at(&self, start: u64, into: &mut [u8]) -> std::io::Result<()> {
        self.0.read_exact_at(into, start)
    }
}

/// Gives each batch of a file to `take`. `keys` are those that objects had before.
pub fn read(file: &SideFile, keys: &mut Keys, take: &mut dyn FnMut(Batch)) -> Result<(), Failure> {
    read_file(file, keys, take).map_err(|fault| {
        let row = fault.row.map(|row| format!(", row {row}")).unwrap_or_default();
        let ending = if fault.fault == csv::NO_HEADER { ending::SIDE_NOT_THERE } else { ending::SCAN_CORRUPT };
        Failure::new(ending, Phase::Extract, format!("`{}`{row} {}", file.name, fault.fault))
    })
}

fn read_file(file: &SideFile, keys: &mut Keys, take: &mut dyn FnMut(Batch)) -> Result<(), FormatFault> {
    let unreadable = |_| FormatFault::new("is not there, or may not be read");
    let opened = File::open(&file.path).map_err(unreadable)?;
    let length = opened.metadata().map_err(unreadable)?.len();
    let bytes: Arc<dyn Ranged> = Arc::new(Local(opened, length));
    let text = || file.packed.stream(From::new(Arc::clone(&bytes), 0), DECODED_BYTES_MAX);
    let mut first = 0;
    let mut of_columns = |batch: RecordBatch| {
        let rows = batch.num_rows() as u64;
        take(Batch { leaves: nested::of_columns(&batch), first, rows });
        first += rows;
    };
    match file.holds {
        Holds::Parquet => {
            let scan = ParquetScan::open(whole(file, &bytes)?)?;
            let places: Vec<usize> = (0..scan.columns().len()).collect();
            for group in 0..scan.groups().len() {
                for batch in scan.rows(group, &places, BATCH_ROWS, None) {
                    of_columns(batch?);
                }
            }
        }
        Holds::Csv => {
            let opened = csv::open_stream(text()?, &|_| true)?;
            let places = (0..opened.columns.len()).collect();
            for batch in opened.rows(places, BATCH_ROWS) {
                of_columns(batch?);
            }
        }
        Holds::JsonLines => {
            let mut first = 0;
            for block in Blocks::new(text()?) {
                let block = block.map_err(|fault| fault.behind(first))?;
                let (leaves, rows) = nested::of_lines(&block, first, keys)?;
                take(Batch { leaves, first, rows });
                first += rows;
            }
        }
    }
    Ok(())
}

/// Parquet that somebody packed once more has to lie in memory.
fn whole(file: &SideFile, bytes: &Arc<dyn Ranged>) -> Result<Arc<dyn Ranged>, FormatFault> {
    if file.packed == Compression::Plain {
        return Ok(Arc::clone(bytes));
    }
    let mut unpacked = Vec::new();
    let read = file.packed.stream(From::new(Arc::clone(bytes), 0), DECODED_BYTES_MAX)?.read_to_end(&mut unpacked);
    read.map_err(|_| FormatFault::new("cannot be read or unpacked to its end"))?;
    Ok(Arc::new(bytes::Bytes::from(unpacked)))
}
