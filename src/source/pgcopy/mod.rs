//! PostgreSQL's binary COPY -> batches.
//!
//! ```text
//! wire.rs     the types that are read, and what each may be read as
//! cells.rs    one column's bytes -> Arrow
//! texts.rs    a column of text
//! numbers.rs  a column of numbers, dates or moments
//! nulls.rs    which rows of a column are NULL
//! numeric.rs  groups of four digits -> a decimal
//! ```
//!
//! The stream is `signature, flags, extension`, then rows of `field count, (length, bytes)...`, then a field count of -1.
//! Every length is checked against what has arrived, so that no bytes can make it panic or reserve more than they are.
//!
//! PostgreSQL sends one row in each message, the head with the first of them, and the end mark in a message of its own (of
//! no rows, with the head). That is its promise for COPY out (PostgreSQL 15, 55.2.6 `COPY Operations`: "always one per
//! row"), and the driver hands the messages on as they were sent. So the messages are the server's own count of its rows,
//! made by another road than our reading of their bytes: each row must end where its message does, and there must be one
//! message more than rows. Whatever stands between and cuts the messages otherwise is told as damage; who rewrites them
//! may also lose some.
//!
//! Never in here: the connection, and a value in an error.

mod cells;
mod nulls;
mod numbers;
mod numeric;
mod texts;
mod wire;

use crate::data::{ColumnType, RowFault};
use crate::source::RawBatch;
use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, Schema, SchemaRef};
use cells::{CellFault, Cells};
use std::sync::Arc;
pub use wire::Wire;

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// Flags that a reader must understand; none is known since object ids left the rows.
const CRITICAL_FLAGS: u32 = 0xffff_0000;
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

/// A COPY being read: [`feed`](Self::feed) it a message, take the [`batch`](Self::batch) that it fills, and at the stream's
/// end take what [`finish`](Self::finish) gives.
pub struct CopyReader {
    columns: Vec<Cells>,
    schema: SchemaRef,
    limits: CopyLimits,
    station: Station,
    /// Messages so far: the server's count of its rows, and one for the end mark.
    messages: u64,
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
            messages: 0,
            faults: Vec::new(),
            rows: 0,
            bytes: 0,
            row: 0,
        })
    }

    /// Reads the next message: a row, or the end mark; before the first of them, the head. A fault ends the reading: of its row some
    /// cells were taken and others not.
    pub fn feed(&mut self, message: &[u8]) -> Result<(), CopyFault> {
        self.messages += 1;
        let message = match self.station {
            Station::Head => self.head(message)?,
            Station::Rows => message,
            Station::Ended => return Err(self.fault("goes on after its end")),
        };
        self.station = Station::Rows;
        let Some(count) = message.first_chunk::<2>().map(|bytes| i16::from_be_bytes(*bytes)) else {
            return Err(self.fault("has a message that holds no row"));
        };
        if count != -1 {
            return self.row(count, message);
        }
        self.station = Station::Ended;
        if message.len() == 2 { Ok(()) } else { Err(self.fault("goes on after its end")) }
    }

    /// The batch that the last message filled.
    pub fn batch(&mut self) -> Result<Option<RawBatch>, CopyFault> {
        let full = self.rows >= self.limits.batch_rows_max || self.bytes >= self.limits.batch_bytes_max;
        if full && self.rows > 0 { self.take().map(Some) } else { Ok(None) }
    }

    /// The last rows, once the stream has ended: only a stream that said so itself has, and sent as many rows as messages.
    pub fn finish(&mut self) -> Result<Option<RawBatch>, CopyFault> {
        if self.station != Station::Ended {
            return Err(self.fault("ends before its end mark"));
        }
        if self.messages != self.row + 1 {
            return Err(self.fault("was sent in another number of messages than it has rows"));
        }
        if self.rows == 0 { Ok(None) } else { self.take().map(Some) }
    }

    /// What follows the head.
    fn head<'a>(&self, message: &'a [u8]) -> Result<&'a [u8], CopyFault> {
        let Some(message) = message.strip_prefix(SIGNATURE) else { return Err(self.fault("is no binary COPY")) };
        let (Some(flags), Some(extension)) = (word(message, 0), word(message, 4)) else {
            return Err(self.fault("is no binary COPY"));
        };
        if flags & CRITICAL_FLAGS != 0 {
            return Err(self.fault("is of a form that is not known"));
        }
        message[8..].get(extension as usize..).ok_or_else(|| self.fault("is no binary COPY"))
    }

    /// A row of `count` cells, which is all of `message`. Every cell that does not fit is told: some may be allowed to be NULL.
    fn row(&mut self, count: i16, message: &[u8]) -> Result<(), CopyFault> {
        if usize::try_from(count) != Ok(self.columns.len()) {
            return Err(self.fault("has a row of another width"));
        }
        let row = self.row;
        let torn = |fault| CopyFault { row, fault };
        let cut = || torn("has a row that does not end where its message does");
        let (_, mut rest) = message.split_at(2);
        for (index, cells) in self.columns.iter_mut().enumerate() {
            let (length, behind) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
            let length = match i32::from_be_bytes(*length) {
                -1 => {
                    cells.push_null();
                    rest = behind;
                    continue;
                }
                length => usize::try_from(length).map_err(|_| torn("has a cell of negative length"))?,
            };
            let (cell, behind) = behind.split_at_checked(length).ok_or_else(cut)?;
            rest = behind;
            let pushed = match length > self.limits.cell_bytes_max {
                true => Err(CellFault::Row(RowFault::Large)),
                false => cells.push(cell),
            };
            match pushed {
                Ok(()) => {}
                Err(CellFault::Row(fault)) => {
                    cells.push_null();
                    self.faults.push((self.rows, index, fault));
                }
                Err(CellFault::Torn) => return Err(torn("has a cell that is not of its type's form")),
            }
        }
        if !rest.is_empty() {
            return Err(cut());
        }
        self.rows += 1;
        self.row += 1;
        self.bytes += message.len();
        Ok(())
    }

    fn take(&mut self) -> Result<RawBatch, CopyFault> {
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        let mut columns = Vec::with_capacity(self.columns.len());
        for (index, cells) in self.columns.iter_mut().enumerate() {
            let (column, no_text) = cells.finish();
            columns.push(column);
            self.faults.extend(no_text.into_iter().map(|row| (row, index, RowFault::Type)));
        }
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

/// Room for what comes behind so many rows or bytes: the next batch is about as large, and were it one larger than its room it would take
/// twice as much.
fn room_after(used: usize) -> usize {
    used + used / 8
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

    /// The messages that PostgreSQL sends for `rows`.
    fn messages(rows: &[&[Option<&[u8]>]]) -> Vec<Vec<u8>> {
        let mut messages: Vec<Vec<u8>> = Vec::new();
        for row in rows {
            let mut bytes = (row.len() as i16).to_be_bytes().to_vec();
            for cell in *row {
                bytes.extend(cell.map_or(-1, |cell| cell.len() as i32).to_be_bytes());
                bytes.extend(cell.unwrap_or_default());
            }
            messages.push(bytes);
        }
        messages.push((-1i16).to_be_bytes().to_vec());
        messages[0].splice(0..0, [SIGNATURE, &[0; 8]].concat());
        messages
    }

    fn read(mut reader: CopyReader, messages: &[Vec<u8>]) -> Result<Vec<RawBatch>, CopyFault> {
        let mut batches = Vec::new();
        for message in messages {
            reader.feed(message)?;
            batches.extend(reader.batch()?);
        }
        batches.extend(reader.finish()?);
        Ok(batches)
    }

    fn fault(messages: &[Vec<u8>]) -> Option<String> {
        read(reader(&[(Wire::Int4, "integer")]), messages).err().map(|fault| fault.to_string())
    }

    #[test]
    fn reads_rows_into_batches_in_their_order() {
        let ids: Vec<[u8; 4]> = (0i32..7).map(i32::to_be_bytes).collect();
        let rows: Vec<[Option<&[u8]>; 2]> = ids.iter().map(|id| [Some(id.as_slice()), Some(b"x".as_slice())]).collect();
        let rows: Vec<&[Option<&[u8]>]> = rows.iter().map(|row| row.as_slice()).collect();
        let batches = read(reader(&[(Wire::Int4, "integer"), (Wire::Text, "text")]), &messages(&rows));
        let batches = batches.expect("a whole COPY");
        assert_eq!(batches.iter().map(|batch| batch.rows.num_rows()).collect::<Vec<_>>(), [3, 3, 1]);
        assert_eq!(batches[2].rows.column(0).as_primitive::<Int32Type>().value(0), 6);
        assert!(read(reader(&[(Wire::Int4, "integer")]), &messages(&[])).expect("a whole COPY").is_empty());
    }

    #[test]
    fn takes_no_stream_for_whole_that_is_cut_anywhere_or_goes_on() {
        let whole = messages(&[&[Some(&[0, 0, 0, 1])], &[None]]);
        assert_eq!(fault(&whole), None);
        for kept in 0..whole.len() {
            assert!(fault(&whole[..kept]).is_some(), "{kept} messages");
            for cut in 0..whole[kept].len() {
                let torn = [&whole[..kept], &[whole[kept][..cut].to_vec()]].concat();
                assert!(fault(&torn).is_some(), "{kept} messages and {cut} bytes");
            }
        }
        let more = [whole.as_slice(), &[vec![0]]].concat();
        assert_eq!(fault(&more).as_deref(), Some("goes on after its end at row 2"));
    }

    #[test]
    fn tells_a_cell_of_negative_length() {
        let negative = [&1i16.to_be_bytes()[..], &(-2i32).to_be_bytes()].concat();
        let mut torn = messages(&[&[Some(&[0, 0, 0, 1])], &[None]]);
        torn[1] = negative;
        assert_eq!(fault(&torn).as_deref(), Some("has a cell of negative length at row 1"));
    }

    #[test]
    fn tells_messages_that_were_not_sent_one_a_row() {
        let whole = messages(&[&[Some(&[0, 0, 0, 1])], &[Some(&[0, 0, 0, 2])]]);
        let cut = |row| Some(format!("has a row that does not end where its message does at row {row}"));
        // Two rows in one, a row in two, the end mark with the last row, the head on its own.
        let joined = [[whole[0].clone(), whole[1].clone()].concat(), whole[2].clone()];
        assert_eq!(fault(&joined), cut(0));
        let divided = [whole[0].clone(), whole[1][..5].to_vec(), whole[1][5..].to_vec(), whole[2].clone()];
        assert_eq!(fault(&divided), cut(1));
        let ended = [whole[0].clone(), [whole[1].clone(), whole[2].clone()].concat()];
        assert_eq!(fault(&ended), cut(1));
        let (head, row) = whole[0].split_at(SIGNATURE.len() + 8);
        let headed = [head.to_vec(), row.to_vec(), whole[1].clone(), whole[2].clone()];
        assert_eq!(fault(&headed).as_deref(), Some("has a message that holds no row at row 0"));
    }

    #[test]
    fn makes_a_bad_row_of_a_value_that_does_not_fit_and_reads_on() {
        let infinity = i64::MAX.to_be_bytes();
        let sent = messages(&[
            &[Some(&infinity), Some(&[0, 0, 0, 0, 0xc0, 0, 0, 0])],
            &[Some(&[0; 8]), Some(&[0, 1, 0, 0, 0, 0, 0, 0, 0, 7])],
        ]);
        let columns = [(Wire::Timestamptz, "timestamptz"), (Wire::Numeric, "numeric(4,2)")];
        let batches = read(reader(&columns), &sent).expect("a whole COPY");
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
        let batches = read(reader(&[(Wire::Date, "date")]), &messages(&rows)).expect("a whole COPY");
        let held: Vec<_> =
            batches.iter().flat_map(|batch| batch.rows.column(0).as_primitive::<Date32Type>().iter()).collect();
        assert_eq!(held, [Some(-719_162), None, Some(2_932_896), None, None, None]);
    }

    #[test]
    fn sets_a_row_with_a_huge_cell_aside() {
        let long = [b'x'; 101];
        let batches = read(reader(&[(Wire::Text, "text")]), &messages(&[&[Some(&long)], &[Some(b"y")]]));
        let batch = &batches.expect("a whole COPY")[0];
        assert_eq!(batch.faults, [(0, 0, RowFault::Large)]);
        assert_eq!(batch.rows.column(0).as_string_view().value(1), "y");
    }

    #[test]
    fn ends_a_batch_by_its_bytes_too() {
        let columns = [CopyColumn { name: "a".into(), wire: Wire::Text, declared: ColumnType::Text }];
        let limits = CopyLimits { batch_rows_max: 100, batch_bytes_max: 50, cell_bytes_max: 100 };
        let reader = CopyReader::new(&columns, limits).expect("columns that can be read");
        let cell = [b'x'; 30];
        let row: &[Option<&[u8]>] = &[Some(&cell)];
        let batches = read(reader, &messages(&[row; 5])).expect("a whole COPY");
        assert_eq!(batches.iter().map(|batch| batch.rows.num_rows()).collect::<Vec<_>>(), [2, 2, 1]);
    }

    proptest! {
        #[test]
        fn takes_any_bytes_without_panic(
            sent in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..4), signed: bool,
        ) {
            let columns = [
                (Wire::Int4, "bigint"), (Wire::Numeric, "numeric(20,4)"), (Wire::Jsonb, "jsonb"), (Wire::Uuid, "uuid"),
                (Wire::Bpchar, "char(3)"), (Wire::Time, "time"), (Wire::Bool, "boolean"), (Wire::Bytea, "bytea"),
                (Wire::Oid, "oid"), (Wire::Xid8, "xid8"), (Wire::Text, "integer[]"), (Wire::Text, "bit(3)"),
            ];
            let mut sent = sent;
            if let Some(first) = sent.first_mut().filter(|_| signed) {
                *first = [SIGNATURE, &[0; 8], &12i16.to_be_bytes(), first].concat();
            }
            let _ = read(reader(&columns), &sent);
        }

        #[test]
        fn tells_any_changed_byte_of_the_frame_or_reads_as_many_rows(at in 0usize..41, to: u8) {
            let mut changed = messages(&[&[Some(&[0, 0, 0, 1])], &[Some(&[0, 0, 0, 2])]]);
            let mut left = at;
            for message in &mut changed {
                match message.get_mut(left) {
                    Some(byte) => {
                        *byte = to;
                        break;
                    }
                    None => left -= message.len(),
                }
            }
            if let Ok(batches) = read(reader(&[(Wire::Int4, "integer")]), &changed) {
                prop_assert_eq!(batches.iter().map(|batch| batch.rows.num_rows()).sum::<usize>(), 2);
            }
        }
    }
}
