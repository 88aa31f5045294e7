//! PostgreSQL's binary COPY -> batches.
//!
//! ```text
//! wire.rs     the types that are read, and what each may be read as
//! cells.rs    one column's bytes -> Arrow
//! numeric.rs  groups of four digits -> a decimal
//! ```
//!
//! The stream is `signature, flags, extension`, then rows of `field count, (length, bytes)...`, then a field count of -1.
//! A row may be cut anywhere between two messages, though PostgreSQL sends one whole row in each. Every length is checked
//! against what has arrived, so that no bytes can make it panic or reserve more than they are.
//!
//! Never in here: the connection, and a value in an error.

mod cells;
mod numeric;
mod wire;

use crate::data::{ColumnType, RowFault};
use crate::source::RawBatch;
use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, Schema, SchemaRef};
use bytes::{Buf, Bytes};
use cells::{CellFault, Cells};
use std::sync::Arc;
pub use wire::Wire;

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// Signature, flags and the length of the extension.
const HEAD_BYTES: usize = SIGNATURE.len() + 8;
/// Flags that a reader must understand; none is known since object ids left the rows.
const CRITICAL_FLAGS: u32 = 0xffff_0000;
/// One row, at most: PostgreSQL's own limit for a message.
const ROW_BYTES_MAX: usize = 1 << 30;
/// Rows that room is kept for when a batch begins.
const ROWS_EXPECTED_MAX: usize = 65_536;

/// A column to read.
#[derive(Clone, Debug)]
pub struct CopyColumn {
    /// Its name in the batches.
    pub name: String,
    /// What its bytes mean.
    pub wire: Wire,
    /// What they are read as.
    pub declared: ColumnType,
}

/// How much is held at once.
#[derive(Clone, Copy, Debug)]
pub struct CopyLimits {
    /// Rows in a batch.
    pub batch_rows_max: usize,
    /// Bytes of COPY in a batch; the row that passes it is the batch's last.
    pub batch_bytes_max: usize,
    /// Bytes of a cell; a larger one makes a bad row.
    pub cell_bytes_max: usize,
}

/// Why a stream is no whole COPY. No value in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fault} at row {row}")]
pub struct CopyFault {
    /// Rows before it.
    pub row: u64,
    /// What is wrong.
    pub fault: &'static str,
}

/// A COPY being read: [`feed`](Self::feed) it a message, take [`batch`](Self::batch)es until there is none, and at the
/// stream's end take what [`finish`](Self::finish) gives.
pub struct CopyReader {
    columns: Vec<Cells>,
    schema: SchemaRef,
    limits: CopyLimits,
    station: Station,
    input: Bytes,
    /// Where the cells of the row in hand are in `input`; no length for NULL.
    places: Vec<(usize, Option<usize>)>,
    faults: Vec<(usize, usize, RowFault)>,
    rows: usize,
    bytes: usize,
    row: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Station {
    Head,
    Rows,
    Ended,
}

impl CopyReader {
    /// A reader of those columns; `None` when one of them cannot be read as declared.
    pub fn new(columns: &[CopyColumn], limits: CopyLimits) -> Option<Self> {
        let room = limits.batch_rows_max.min(ROWS_EXPECTED_MAX);
        let cells = columns.iter().map(|column| Cells::new(column.wire, column.declared, room));
        let fields = columns.iter().map(|column| Field::new(&column.name, column.declared.arrow(), true));
        Some(CopyReader {
            columns: cells.collect::<Option<_>>()?,
            schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
            limits,
            station: Station::Head,
            input: Bytes::new(),
            places: vec![(0, None); columns.len()],
            faults: Vec::new(),
            rows: 0,
            bytes: 0,
            row: 0,
        })
    }

    /// Takes the next message.
    pub fn feed(&mut self, message: Bytes) -> Result<(), CopyFault> {
        if self.input.is_empty() {
            self.input = message;
        } else if self.input.len() + message.len() > ROW_BYTES_MAX {
            return Err(self.fault("has a row of more than 1 GiB"));
        } else {
            self.input = [self.input.as_ref(), message.as_ref()].concat().into();
        }
        Ok(())
    }

    /// A full batch, or `None` when the next message is needed first.
    pub fn batch(&mut self) -> Result<Option<RawBatch>, CopyFault> {
        loop {
            if self.rows > 0 && (self.rows >= self.limits.batch_rows_max || self.bytes >= self.limits.batch_bytes_max) {
                return self.take().map(Some);
            }
            let moved = match self.station {
                Station::Head => self.head()?,
                Station::Rows => self.next_row()?,
                Station::Ended if self.input.is_empty() => false,
                Station::Ended => return Err(self.fault("goes on after its end")),
            };
            if !moved {
                return Ok(None);
            }
        }
    }

    /// The last rows, once the stream has ended: only a stream that said so itself has.
    pub fn finish(&mut self) -> Result<Option<RawBatch>, CopyFault> {
        if self.station != Station::Ended || !self.input.is_empty() {
            return Err(self.fault("ends before its end mark"));
        }
        if self.rows == 0 { Ok(None) } else { self.take().map(Some) }
    }

    /// Whether the head was there.
    fn head(&mut self) -> Result<bool, CopyFault> {
        let known = self.input.len().min(SIGNATURE.len());
        if self.input[..known] != SIGNATURE[..known] {
            return Err(self.fault("is no binary COPY"));
        }
        let (Some(flags), Some(extension)) = (word(&self.input, SIGNATURE.len()), word(&self.input, HEAD_BYTES - 4))
        else {
            return Ok(false);
        };
        if flags & CRITICAL_FLAGS != 0 {
            return Err(self.fault("is of a form that is not known"));
        }
        let end = HEAD_BYTES.saturating_add(extension as usize);
        if end > ROW_BYTES_MAX {
            return Err(self.fault("is no binary COPY"));
        }
        if self.input.len() < end {
            return Ok(false);
        }
        self.input.advance(end);
        self.station = Station::Rows;
        Ok(true)
    }

    /// Whether a whole row (or the end) was there.
    fn next_row(&mut self) -> Result<bool, CopyFault> {
        let Some(count) = self.input.first_chunk::<2>().map(|bytes| i16::from_be_bytes(*bytes)) else {
            return Ok(false);
        };
        if count == -1 {
            self.input.advance(2);
            self.station = Station::Ended;
            return Ok(true);
        }
        if usize::try_from(count) != Ok(self.columns.len()) {
            return Err(self.fault("has a row of another width"));
        }
        let mut at = 2;
        for place in &mut self.places {
            let Some(length) = word(&self.input, at) else { return Ok(false) };
            at += 4;
            *place = match length as i32 {
                -1 => (at, None),
                length => match usize::try_from(length) {
                    Ok(length) => (at, Some(length)),
                    Err(_) => return Err(CopyFault { row: self.row, fault: "has a cell of negative length" }),
                },
            };
            // The cell's own bytes: at most 2 GiB each, so this cannot overflow before the check stops it.
            at += place.1.unwrap_or(0);
            if at > self.input.len() {
                return Ok(false);
            }
        }
        self.push_row()?;
        self.input.advance(at);
        self.rows += 1;
        self.row += 1;
        self.bytes += at;
        Ok(true)
    }

    /// Adds the row whose cells are at `places`. Every cell that does not fit is told: some may be allowed to be NULL.
    fn push_row(&mut self) -> Result<(), CopyFault> {
        for (index, (cells, (at, length))) in self.columns.iter_mut().zip(&self.places).enumerate() {
            let Some(length) = length else {
                cells.push_null();
                continue;
            };
            let pushed = match *length > self.limits.cell_bytes_max {
                true => Err(CellFault::Row(RowFault::Range)),
                false => cells.push(&self.input[*at..*at + *length]),
            };
            match pushed {
                Ok(()) => {}
                Err(CellFault::Row(fault)) => {
                    cells.push_null();
                    self.faults.push((self.rows, index, fault));
                }
                Err(CellFault::Torn) => {
                    return Err(CopyFault { row: self.row, fault: "has a cell that is not of its type's form" });
                }
            }
        }
        Ok(())
    }

    fn take(&mut self) -> Result<RawBatch, CopyFault> {
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        let columns = self.columns.iter_mut().map(Cells::finish).collect();
        let rows = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
            .map_err(|_| self.fault("has columns of other lengths"))?;
        self.rows = 0;
        self.bytes = 0;
        Ok(RawBatch { rows, faults: std::mem::take(&mut self.faults) })
    }

    fn fault(&self, fault: &'static str) -> CopyFault {
        CopyFault { row: self.row, fault }
    }
}

fn word(input: &[u8], at: usize) -> Option<u32> {
    input.get(at..)?.first_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::{Date32Type, Decimal128Type, Int32Type, TimestampMicrosecondType};
    use proptest::prelude::*;

    const LIMITS: CopyLimits = CopyLimits { batch_rows_max: 3, batch_bytes_max: 1 << 20, cell_bytes_max: 100 };

    fn reader(columns: &[(Wire, &str)]) -> CopyReader {
        let columns: Vec<_> = columns
            .iter()
            .enumerate()
            .map(|(index, (wire, word))| CopyColumn {
                name: format!("c{index}"),
                wire: *wire,
                declared: ColumnType::parse(word).expect("a type"),
            })
            .collect();
        CopyReader::new(&columns, LIMITS).expect("columns that can be read")
    }

    fn stream(rows: &[&[Option<&[u8]>]]) -> Vec<u8> {
        let mut bytes = [SIGNATURE, &[0; 8]].concat();
        for row in rows {
            bytes.extend((row.len() as i16).to_be_bytes());
            for cell in *row {
                bytes.extend(cell.map_or(-1, |cell| cell.len() as i32).to_be_bytes());
                bytes.extend(cell.unwrap_or_default());
            }
        }
        bytes.extend((-1i16).to_be_bytes());
        bytes
    }

    fn read(mut reader: CopyReader, bytes: &[u8], message_bytes: usize) -> Result<Vec<RawBatch>, CopyFault> {
        let mut batches = Vec::new();
        for message in bytes.chunks(message_bytes.max(1)) {
            reader.feed(Bytes::copy_from_slice(message))?;
            while let Some(batch) = reader.batch()? {
                batches.push(batch);
            }
        }
        batches.extend(reader.finish()?);
        Ok(batches)
    }

    #[test]
    fn reads_rows_wherever_the_messages_are_cut() {
        let ids: Vec<[u8; 4]> = (0i32..7).map(i32::to_be_bytes).collect();
        let rows: Vec<[Option<&[u8]>; 2]> = ids.iter().map(|id| [Some(id.as_slice()), Some(b"x".as_slice())]).collect();
        let rows: Vec<&[Option<&[u8]>]> = rows.iter().map(|row| row.as_slice()).collect();
        let bytes = stream(&rows);
        for message_bytes in [1, 2, 3, 7, 19, 64, bytes.len()] {
            let batches = read(reader(&[(Wire::Int4, "integer"), (Wire::Text, "text")]), &bytes, message_bytes);
            let batches = batches.expect("a whole COPY");
            assert_eq!(batches.iter().map(|batch| batch.rows.num_rows()).collect::<Vec<_>>(), [3, 3, 1]);
            assert_eq!(batches[2].rows.column(0).as_primitive::<Int32Type>().value(0), 6);
        }
    }

    #[test]
    fn takes_no_stream_for_whole_that_is_cut_anywhere_or_goes_on() {
        let bytes = stream(&[&[Some(&[0, 0, 0, 1])], &[None]]);
        assert!(read(reader(&[(Wire::Int4, "integer")]), &bytes, 5).is_ok());
        for cut in 0..bytes.len() {
            assert!(read(reader(&[(Wire::Int4, "integer")]), &bytes[..cut], 5).is_err(), "cut at {cut}");
        }
        let more = [bytes.as_slice(), b"\0"].concat();
        let fault = read(reader(&[(Wire::Int4, "integer")]), &more, 500).err();
        assert_eq!(fault.map(|fault| fault.to_string()).as_deref(), Some("goes on after its end at row 2"));
    }

    #[test]
    fn makes_a_bad_row_of_a_value_that_does_not_fit_and_reads_on() {
        let infinity = i64::MAX.to_be_bytes();
        let bytes = stream(&[
            &[Some(&infinity), Some(&[0, 0, 0, 0, 0xc0, 0, 0, 0])],
            &[Some(&[0; 8]), Some(&[0, 1, 0, 0, 0, 0, 0, 0, 0, 7])],
        ]);
        let columns = [(Wire::Timestamptz, "timestamptz"), (Wire::Numeric, "numeric(4,2)")];
        let batches = read(reader(&columns), &bytes, 1000).expect("a whole COPY");
        assert_eq!(batches[0].faults, [(0, 0, RowFault::Range), (0, 1, RowFault::Range)]);
        assert!(batches[0].rows.column(0).is_null(0) && batches[0].rows.column(1).is_null(0));
        // 2000-01-01T00:00:00Z by the Unix clock.
        assert_eq!(batches[0].rows.column(0).as_primitive::<TimestampMicrosecondType>().value(1), 946_684_800_000_000);
        assert_eq!(batches[0].rows.column(1).as_primitive::<Decimal128Type>().value(1), 700);
    }

    #[test]
    fn keeps_dates_to_the_years_that_readers_hold() {
        // 0001-01-01, the day before, 9999-12-31, the day after, and both infinities, in days since 2000-01-01.
        let days = [-730_119, -730_120, 2_921_939, 2_921_940, i32::MAX, i32::MIN].map(i32::to_be_bytes);
        let rows: Vec<[Option<&[u8]>; 1]> = days.iter().map(|day| [Some(day.as_slice())]).collect();
        let rows: Vec<&[Option<&[u8]>]> = rows.iter().map(|row| row.as_slice()).collect();
        let batches = read(reader(&[(Wire::Date, "date")]), &stream(&rows), 1000).expect("a whole COPY");
        let held: Vec<_> =
            batches.iter().flat_map(|batch| batch.rows.column(0).as_primitive::<Date32Type>().iter()).collect();
        assert_eq!(held, [Some(-719_162), None, Some(2_932_896), None, None, None]);
    }

    #[test]
    fn sets_a_row_with_a_huge_cell_aside() {
        let long = [b'x'; 101];
        let batches = read(reader(&[(Wire::Text, "text")]), &stream(&[&[Some(&long)], &[Some(b"y")]]), 1000);
        let batch = &batches.expect("a whole COPY")[0];
        assert_eq!(batch.faults, [(0, 0, RowFault::Range)]);
        assert_eq!(batch.rows.column(0).as_string_view().value(1), "y");
    }

    #[test]
    fn ends_a_batch_by_its_bytes_too() {
        let columns = [CopyColumn { name: "a".into(), wire: Wire::Text, declared: ColumnType::Text }];
        let limits = CopyLimits { batch_rows_max: 100, batch_bytes_max: 50, cell_bytes_max: 100 };
        let reader = CopyReader::new(&columns, limits).expect("columns that can be read");
        let cell = [b'x'; 30];
        let row: &[Option<&[u8]>] = &[Some(&cell)];
        let batches = read(reader, &stream(&[row; 5]), 10_000).expect("a whole COPY");
        assert_eq!(batches.iter().map(|batch| batch.rows.num_rows()).collect::<Vec<_>>(), [2, 2, 1]);
    }

    proptest! {
        #[test]
        fn takes_any_bytes_without_panic(
            tail in proptest::collection::vec(any::<u8>(), 0..200), message_bytes in 1usize..64, signed: bool,
        ) {
            let columns = [
                (Wire::Int4, "bigint"), (Wire::Numeric, "numeric(20,4)"), (Wire::Jsonb, "jsonb"), (Wire::Uuid, "uuid"),
                (Wire::Bpchar, "char(3)"), (Wire::Time, "time"), (Wire::Bool, "boolean"), (Wire::Bytea, "bytea"),
                (Wire::Oid, "oid"), (Wire::Xid8, "xid8"), (Wire::Text, "integer[]"), (Wire::Text, "bit(3)"),
            ];
            let head = if signed { [SIGNATURE, &[0; 8], &12i16.to_be_bytes()].concat() } else { Vec::new() };
            let _ = read(reader(&columns), &[head, tail].concat(), message_bytes);
        }

        #[test]
        fn tells_any_changed_byte_of_the_frame_or_reads_as_many_rows(at in 0usize..40, to: u8) {
            let bytes = stream(&[&[Some(&[0, 0, 0, 1])], &[Some(&[0, 0, 0, 2])]]);
            let mut changed = bytes.clone();
            let at = at % bytes.len();
            changed[at] = to;
            if let Ok(batches) = read(reader(&[(Wire::Int4, "integer")]), &changed, 1000) {
                prop_assert_eq!(batches.iter().map(|batch| batch.rows.num_rows()).sum::<usize>(), 2);
            }
        }
    }
}
