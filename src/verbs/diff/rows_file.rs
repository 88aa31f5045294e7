//! The differing rows as a Parquet file that somebody named: for its owner alone, and whole or not there.
//!
//! Never in here: a file that is there already. It may be somebody's data.

use crate::ending;
use crate::failure::{Failure, Phase};
use crate::format::parquet_write::{File as ParquetFile, Recipe};
use crate::world::{Readers, WholeFile};
use arrow::array::{Array, ArrayRef, RecordBatch, StringViewArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows of one row group.
const GROUP_ROWS: usize = 65_536;

/// A file of differing rows under way.
pub struct RowsFile {
    path: PathBuf,
    file: Option<WholeFile>,
    parquet: Option<(Recipe, ParquetFile)>,
    waiting: Vec<RecordBatch>,
}

impl RowsFile {
    /// The file at `path`, which is not there yet. It is begun with its first row.
    pub fn new(path: &Path) -> Result<Self, Failure> {
        // Rows of whoever was killed are not kept for that there are none this time.
        WholeFile::tidy(path);
        if path.symlink_metadata().is_ok() {
            let what = "the file of `--out` is there already; hint: name another, or remove it";
            return Err(Failure::new(ending::DIFF_USAGE, Phase::Open, what));
        }
        Ok(RowsFile { path: path.into(), file: None, parquet: None, waiting: Vec::new() })
    }

    /// Adds rows; `None` when they cannot be written.
    pub fn add(&mut self, rows: &RecordBatch) -> Option<()> {
        let rows = plain(rows)?;
        if self.file.is_none() {
            let recipe = Recipe::choose(&rows, &[("nightferry", "differing rows as they are")], |_| false).ok()?;
            let parquet = ParquetFile::new(&recipe, 0).ok()?;
            let file = WholeFile::begin(&self.path, Readers::Owner).ok()?;
            (self.file, self.parquet) = (Some(file), Some((recipe, parquet)));
        }
        self.waiting.push(rows);
        let waiting: usize = self.waiting.iter().map(RecordBatch::num_rows).sum();
        if waiting >= GROUP_ROWS { self.flush() } else { Some(()) }
    }

    fn flush(&mut self) -> Option<()> {
        let (recipe, parquet) = self.parquet.as_mut()?;
        let group = recipe.encode(&self.waiting.iter().collect::<Vec<_>>()).ok()?;
        parquet.append(group).ok()?;
        self.waiting.clear();
        self.file.as_mut()?.write_all(&parquet.take().ok()?).ok()
    }

    /// Completes the file, where there is one; `None` also where something has its name by now.
    pub fn finish(mut self) -> Option<()> {
        if !self.waiting.is_empty() {
            self.flush()?;
        }
        let Some(mut file) = self.file else { return Some(()) };
        let (_, parquet) = self.parquet?;
        file.write_all(&parquet.finish().ok()?.bytes).ok()?;
        file.put_new().ok()
    }
}

/// The columns in types that every reader of Parquet shares; of others the text.
fn plain(rows: &RecordBatch) -> Option<RecordBatch> {
    let cells = rows.columns().iter().map(plain_cells).collect::<Option<Vec<_>>>()?;
    let schema = rows.schema();
    let fields = schema.fields().iter().zip(&cells);
    let fields: Vec<_> =
        fields.map(|(field, cells)| Field::new(field.name(), cells.data_type().clone(), true)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), cells).ok()
}

fn plain_cells(cells: &ArrayRef) -> Option<ArrayRef> {
    let as_they_are = match cells.data_type() {
        DataType::Int8 => return cast(cells, &DataType::Int16).ok(),
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) => zone.as_ref() == "UTC",
        DataType::Decimal128(_, scale) => *scale >= 0,
        DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Float32
        | DataType::Float64
        | DataType::Boolean
        | DataType::Date32
        | DataType::Utf8View
        | DataType::BinaryView => true,
        _ => false,
    };
    if as_they_are {
        return Some(Arc::clone(cells));
    }
    // A moment in UTC needs no zone to be written, and no list of zones to find it in.
    let cells = match cells.data_type() {
        DataType::Timestamp(unit, Some(_)) => cast(cells, &DataType::Timestamp(*unit, None)).ok()?,
        _ => Arc::clone(cells),
    };
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(cells.as_ref(), &options).ok()?;
    let text = |row: usize| (!cells.is_null(row)).then(|| formatter.value(row).try_to_string().ok()).flatten();
    Some(Arc::new((0..cells.len()).map(text).collect::<StringViewArray>()))
}
