//! Comma separated text -> columns of text.
//!
//! Takes what real extracts hold: a byte order mark, quotes, blank rows, lines of junk before the header. The header is
//! the first of the first [`HEADER_ROWS_MAX`] records that `is_header` knows. An empty cell, quoted or not, is NULL: the
//! format cannot tell it from an empty text. A row of another width than the header's is damage, not a bad row: its cells
//! cannot be told apart. An end inside quotes is damage too; an end inside a cell without quotes looks like any other.

use super::{FormatFault, Opened, Rows, text_batch};
use arrow::array::{RecordBatch, StringViewBuilder};
use arrow::datatypes::DataType;
use csv::{ByteRecord, Reader, ReaderBuilder};
use std::io::{Chain, Cursor, Read};

/// Records among which the header is looked for.
pub const HEADER_ROWS_MAX: usize = 10;

/// What is said of a text without a header.
pub const NO_HEADER: &str = "has no header with the key columns among its first 10 records";

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Longest name of a column: PostgreSQL's own limit for an identifier.
const HEADER_CELL_BYTES_MAX: usize = 63;

/// Put behind the text: a record of its own where the text is whole, part of a cell where it ends inside quotes, which the
/// reader takes for whole. No text of a database holds a NUL.
const END: &[u8] = b"\n\0";

/// Bytes of one row, at most: a quote that nobody closed makes a cell of everything behind it.
const ROW_BYTES_MAX: u64 = 256 << 20;
/// Bytes of a batch's cells after which it is full, however few rows it has.
const BATCH_BYTES: usize = 16 << 20;

/// The text, and [`END`] behind it.
type Text = Chain<Guarded, &'static [u8]>;

/// A text of which one row may have so many bytes.
struct Guarded {
    text: Box<dyn Read + Send>,
    row_bytes: u64,
    row_bytes_max: u64,
}

impl Read for Guarded {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.row_bytes > self.row_bytes_max {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        let count = self.text.read(into)?;
        self.row_bytes += count as u64;
        Ok(count)
    }
}

/// The next record, if there is one.
fn next(reader: &mut Reader<Text>, record: &mut ByteRecord) -> Result<bool, &'static str> {
    reader.get_mut().get_mut().0.row_bytes = 0;
    reader.read_byte_record(record).map_err(|error| match error.kind() {
        csv::ErrorKind::Io(error) if error.kind() == std::io::ErrorKind::FileTooLarge => TOO_LARGE,
        csv::ErrorKind::Io(_) => UNREADABLE,
        _ => "is not comma separated text",
    })
}

/// What is said of a text that cannot be read on.
const UNREADABLE: &str = "cannot be read or unpacked to its end";
const TOO_LARGE: &str = "has a row of more than 256 MiB, or unpacks to more than its cap";

/// Finds the header of a text that comes from front to back and never lies in memory whole.
pub fn open_stream(text: Box<dyn Read + Send>, is_header: &dyn Fn(&[&str]) -> bool) -> Result<Opened, FormatFault> {
    open_within(text, is_header, ROW_BYTES_MAX)
}

fn open_within(
    mut text: Box<dyn Read + Send>,
    is_header: &dyn Fn(&[&str]) -> bool,
    row_bytes_max: u64,
) -> Result<Opened, FormatFault> {
    let mut start = Vec::with_capacity(BYTE_ORDER_MARK.len());
    let begun = text.by_ref().take(BYTE_ORDER_MARK.len() as u64).read_to_end(&mut start);
    begun.map_err(|_| FormatFault::new(UNREADABLE))?;
    if start == BYTE_ORDER_MARK {
        start.clear();
    }
    let text = Guarded { text: Box::new(Cursor::new(start).chain(text)), row_bytes: 0, row_bytes_max };
    let mut reader: Reader<Text> = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.chain(END));
    let mut record = ByteRecord::new();
    for _ in 0..HEADER_ROWS_MAX {
        if !next(&mut reader, &mut record).map_err(FormatFault::new)? {
            break;
        }
        let lossy: Vec<_> = record.iter().map(String::from_utf8_lossy).collect();
        let names: Vec<&str> = lossy.iter().map(|name| name.trim()).collect();
        if !is_header(&names) {
            continue;
        }
        // Windows writes UTF-16 and its own code pages: read as UTF-8 they would hold nothing of anybody.
        if names.iter().any(|name| name.contains(['\u{fffd}', '\0'])) {
            return Err(FormatFault::new("has a header that is not UTF-8"));
        }
        // An unbalanced quote makes a name of everything behind it.
        if names.iter().any(|name| name.len() > HEADER_CELL_BYTES_MAX || name.contains(['\n', '\r'])) {
            return Err(FormatFault::new("has a header with a line end in a name, or a name longer than 63 bytes"));
        }
        let columns: Vec<_> = names.iter().map(|name| ((*name).to_owned(), DataType::Utf8View)).collect();
        let width = columns.len();
        let names: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
        return Ok(Opened::new(columns, move |places, batch_rows_max| -> Rows {
            Box::new(CsvRows {
                reader,
                record: ByteRecord::new(),
                names,
                places,
                width,
                batch_rows_max,
                row: 0,
                ended: false,
            })
        }));
    }
    Err(FormatFault::new(NO_HEADER))
}

struct CsvRows {
    reader: Reader<Text>,
    record: ByteRecord,
    names: Vec<String>,
    places: Vec<usize>,
    width: usize,
    batch_rows_max: usize,
    row: u64,
    ended: bool,
}

impl Iterator for CsvRows {
    type Item = Result<RecordBatch, FormatFault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let batch = self.batch();
        self.ended |= batch.is_err();
        batch.transpose()
    }
}

impl CsvRows {
    fn batch(&mut self) -> Result<Option<RecordBatch>, FormatFault> {
        let mut cells: Vec<_> = self.places.iter().map(|_| StringViewBuilder::new()).collect();
        let (mut rows, mut bytes) = (0, 0);
        while rows < self.batch_rows_max && bytes < BATCH_BYTES {
            if !next(&mut self.reader, &mut self.record).map_err(|fault| FormatFault::at(self.row, fault))? {
                self.ended = true;
                break;
            }
            let is_blank = self.record.iter().all(|cell| cell.iter().all(u8::is_ascii_whitespace));
            if is_blank || (self.record.len() == 1 && self.record.as_slice() == b"\0") {
                continue;
            }
            if self.record.iter().next_back().is_some_and(|cell| cell.ends_with(END)) {
                return Err(FormatFault::at(self.row, "ends inside quotes"));
            }
            if self.record.len() != self.width {
                return Err(FormatFault::at(
                    self.row,
                    format!("has {} cells where the header has {}", self.record.len(), self.width),
                ));
            }
            for (place, column) in self.places.iter().zip(&mut cells) {
                let cell = self.record.get(*place).unwrap_or_default();
                let cell = std::str::from_utf8(cell).map_err(|_| FormatFault::at(self.row, "is not text in UTF-8"))?;
                column.append_option((!cell.is_empty()).then_some(cell));
            }
            rows += 1;
            bytes += self.record.as_slice().len();
            self.row += 1;
        }
        text_batch(&self.names, &self.places, cells, rows).map_err(|fault| FormatFault::at(self.row, fault))
    }
}

#[cfg(test)]
mod tests {
    use super::super::text_cells;
    use super::*;
    use bytes::Bytes;

    fn open(text: Bytes, is_header: &dyn Fn(&[&str]) -> bool) -> Result<Opened, FormatFault> {
        open_stream(Box::new(Cursor::new(text)), is_header)
    }

    fn read(text: &str, places: Vec<usize>) -> Result<Vec<Vec<Option<String>>>, FormatFault> {
        let opened = open(Bytes::copy_from_slice(text.as_bytes()), &|names| names.contains(&"CfD_ID"))?;
        text_cells(opened, places)
    }

    #[test]
    fn reads_past_a_mark_junk_blank_rows_and_quotes() {
        let text = "\u{feff}Published by the portal\n\nCfD_ID,\"Name, of unit\",MW\nAAA-ONE-101,\"Awel y Môr, \"\"A\"\"\",\n,,\n\nAAA-TWO-102,\"\",3\n";
        let cell = |text: &str| Some(text.to_owned());
        assert_eq!(
            read(text, vec![1, 0]),
            Ok(vec![vec![cell("Awel y Môr, \"A\""), cell("AAA-ONE-101")], vec![None, cell("AAA-TWO-102")]])
        );
    }

    #[test]
    fn refuses_a_row_of_another_width_and_bytes_that_are_no_text() {
        let refused = read("CfD_ID,MW\nA,1\nB\n", vec![0]);
        assert_eq!(refused, Err(FormatFault::at(1, "has 1 cells where the header has 2")));
        let opened = open(Bytes::from_static(b"CfD_ID\n\xff\n"), &|_| true).expect("a header");
        assert_eq!(opened.rows(vec![0], 10).next(), Some(Err(FormatFault::at(0, "is not text in UTF-8"))));
    }

    #[test]
    fn ends_at_a_row_without_end_and_fills_no_memory_with_few_rows() {
        let endless = || Box::new(Cursor::new("a,b\n1,\"").chain(std::io::repeat(b'x')));
        let opened = open_within(endless(), &|_| true, 100_000).expect("a header");
        assert_eq!(opened.rows(vec![0], 10).next(), Some(Err(FormatFault::at(0, TOO_LARGE))));
        let row = format!("1,{}\n", "x".repeat(BATCH_BYTES / 2));
        let opened = open(Bytes::from(format!("a,b\n{row}{row}{row}")), &|_| true).expect("a header");
        let batches: Vec<_> = opened.rows(vec![0], 10).map(|batch| batch.expect("rows").num_rows()).collect();
        assert_eq!(batches, [2, 1]);
    }

    #[test]
    fn says_so_when_there_is_no_header() {
        assert!(read("a,b\n1,2\n", vec![0]).is_err());
        assert!(read("", vec![0]).is_err());
    }
}
