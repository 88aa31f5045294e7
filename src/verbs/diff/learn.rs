//! A file -> its columns, and how its rows are had.
//!
//! A schema says what its columns are and what they are called; without one Parquet's columns are of their own types, those of
//! JSON lines of the types that all their values have, and those of CSV are text.

use super::paths::{Holds, SideFile};
use crate::data::drift::is_tellable;
use crate::data::{ColumnType, Schema};
use crate::format::compression::{Compression, whole as whole_text};
use crate::format::jsonl_blocks::{self, Held};
use crate::format::parquet_scan::ParquetScan;
use crate::format::ranged::{From, Ranged};
use crate::format::{DECODED_BYTES_MAX, FormatFault, csv};
use arrow::datatypes::DataType;
use std::io::Read;
use std::sync::Arc;

/// Digits that a decimal holds.
const DIGITS_MAX: usize = 38;

/// Digits of which a double keeps every one.
const DOUBLE_DIGITS: usize = 15;

/// How the rows of a piece are had.
#[derive(Clone)]
pub enum Open {
    /// A row group.
    Group(ParquetScan, usize),
    /// A text with a header.
    Csv(Text, Vec<String>),
    /// A text with those fields.
    JsonLines(Text, Vec<String>),
}

/// A text from its first byte, as often as is needed.
#[derive(Clone)]
pub struct Text {
    bytes: Arc<dyn Ranged>,
    file: SideFile,
}

impl Text {
    /// From its first byte.
    pub fn open(&self) -> Result<Box<dyn Read + Send>, FormatFault> {
        self.file.packed.stream(From::new(Arc::clone(&self.bytes), 0), DECODED_BYTES_MAX)
    }
}

/// A file whose columns are known.
pub struct Learned {
    /// Its columns: name, Arrow type, and the type that its text is read as.
    pub columns: Vec<(String, DataType, Option<ColumnType>)>,
    /// Its pieces: how each is read, its first row, and its rows where they are known.
    pub pieces: Vec<(Open, u64, Option<u64>)>,
}

/// Learns what there is in a file; `key` is what a header of CSV must name.
pub fn learn(
    file: &SideFile,
    bytes: Arc<dyn Ranged>,
    schema: Option<&Schema>,
    key: &[String],
) -> Result<Learned, FormatFault> {
    let text = Text { bytes: Arc::clone(&bytes), file: file.clone() };
    // The name and type that the schema has for a column of the file.
    let known = |name: &str| {
        let column = schema?.columns.iter().find(|column| column.is_spelt(name) || column.name.as_str() == name)?;
        Some((column.name.to_string(), column.column_type.arrow(), Some(column.column_type)))
    };
    match file.holds {
        Holds::Parquet => {
            let scan = ParquetScan::open(whole(&text, bytes)?)?;
            let columns = scan.columns().into_iter();
            let columns = columns.map(|(name, data_type)| known(&name).unwrap_or((name, data_type, None))).collect();
            let mut first = 0;
            let groups = scan.groups().into_iter().enumerate().map(|(group, rows)| {
                first = u64::saturating_add(first, rows);
                (Open::Group(scan.clone(), group), first - rows, Some(rows))
            });
            Ok(Learned { columns, pieces: groups.collect() })
        }
        Holds::Csv => {
            let is_header = |names: &[&str]| {
                let named = |key: &String| {
                    names.iter().any(|name| name == key || known(name).is_some_and(|(name, ..)| name == *key))
                };
                key.iter().all(named)
            };
            let opened = csv::open_stream(text.open()?, &is_header)?;
            let header: Vec<String> = opened.columns.into_iter().map(|(name, _)| name).collect();
            let columns = header.iter().map(|name| known(name).unwrap_or((name.clone(), DataType::Utf8View, None)));
            Ok(Learned { columns: columns.collect(), pieces: vec![(Open::Csv(text, header.clone()), 0, None)] })
        }
        Holds::JsonLines => {
            let (fields, rows) = jsonl_blocks::learn(text.open()?)?;
            let columns = fields.iter().map(|(name, held)| match known(name) {
                Some(known) => Ok(known),
                None => held_type(name, *held).map(|(data_type, declared)| (name.clone(), data_type, declared)),
            });
            let columns = columns.collect::<Result<Vec<_>, _>>()?;
            let names = fields.into_iter().map(|(name, _)| name).collect();
            Ok(Learned { columns, pieces: vec![(Open::JsonLines(text, names), 0, Some(rows))] })
        }
    }
}

/// Parquet that somebody packed once more has to lie in memory.
fn whole(text: &Text, bytes: Arc<dyn Ranged>) -> Result<Arc<dyn Ranged>, FormatFault> {
    if text.file.packed == Compression::Plain {
        return Ok(bytes);
    }
    Ok(Arc::new(whole_text(text.open()?)?))
}

/// The type of a field of JSON, by all its values.
fn held_type(name: &str, held: Held) -> Result<(DataType, Option<ColumnType>), FormatFault> {
    let declared = |column_type: ColumnType| Ok((column_type.arrow(), Some(column_type)));
    let several = || {
        let told = told(name);
        let fault = format!(
            "holds in {told} values of several types, or of more digits than are read without being told; hint: `--schema` says what they are"
        );
        Err(FormatFault::new(fault))
    };
    match (held.texts, held.truths, held.nested, held.numbers) {
        (false, false, false, false) => Ok((DataType::Null, None)),
        (true, false, false, false) | (false, false, true, false) => Ok((DataType::Utf8View, None)),
        (false, true, false, false) => declared(ColumnType::Boolean),
        (false, false, false, true) if held.exponents && held.whole + held.fraction <= DOUBLE_DIGITS => {
            declared(ColumnType::Double)
        }
        (false, false, false, true) if held.exponents => several(),
        (false, false, false, true) if held.fraction == 0 && held.whole <= 18 => declared(ColumnType::Bigint),
        (false, false, false, true) if held.whole + held.fraction <= DIGITS_MAX => {
            declared(ColumnType::Numeric { precision: DIGITS_MAX as u8, scale: held.fraction as u8 })
        }
        _ => several(),
    }
}

/// What messages call a column.
pub fn told(name: &str) -> String {
    if is_tellable(name) { format!("`{name}`") } else { "a column (its name is not repeated)".into() }
}
