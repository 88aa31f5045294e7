//! PostgreSQL's COPY in text format -> columns of text.
//!
//! ```text
//! a row         cells divided by TAB, ended by LF; a raw CR, LF or TAB never stands inside a cell
//! \N            NULL, where it is the whole cell; an empty cell is an empty text
//! \b \f \n \r \t \v \\     one byte each;  \101 and \x41 a byte by its number;  any other \c is c
//! \.            alone on a line: the end; pg_dump writes it, `\copy .. to 'file'` does not
//! ```
//!
//! Source: PostgreSQL 17, reference page `COPY`, "Text Format". Only the defaults of COPY are read (delimiter TAB, NULL `\N`).
//! A row of another width than the columns' is damage, not a bad row: its cells cannot be told apart. Rows are read as they
//! come, so that a table need not fit into memory; one row has a cap.
//!
//! Never in here: which file holds a table, and what the cells mean.

use super::{FormatFault, Opened, Rows, text_batch};
use arrow::array::{RecordBatch, StringViewBuilder};
use arrow::datatypes::DataType;
use std::borrow::Cow;
use std::io::{BufRead, BufReader, ErrorKind, Read};

/// Bytes of one row, at most. PostgreSQL's own limit is 1 GiB; what a warehouse reads is far below this one.
const ROW_BYTES_MAX: usize = 64 << 20;

/// Bytes of the rows of one batch; the row that passes it is the batch's last.
const BATCH_BYTES_MAX: usize = 32 << 20;

/// Longest name of a column: PostgreSQL's own limit for an identifier.
const HEADER_CELL_BYTES_MAX: usize = 63;

/// The line that ends the rows.
const END_MARK: &[u8] = b"\\.";

/// What must stand behind the last row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The end mark: without it the rows were cut off.
    Marked,
    /// The end mark or nothing.
    MarkedOrNot,
}

/// COPY's text, as it is read.
pub type Text = Box<dyn Read + Send>;

/// Rows of `columns`, which COPY itself does not name.
pub fn open(columns: Vec<String>, text: Text, end: End) -> Opened {
    opened(columns, Lines::new(text, ROW_BYTES_MAX), end)
}

/// Rows below a line with the columns' names, as `COPY .. TO .. WITH (HEADER)` writes it. `is_header` says whether it is one.
pub fn open_with_header(text: Text, is_header: &dyn Fn(&[&str]) -> bool) -> Result<Opened, FormatFault> {
    let mut lines = Lines::new(text, ROW_BYTES_MAX);
    let no_header = || FormatFault::new("has no first line with the key columns, as COPY .. WITH (HEADER) writes it");
    let line = lines.next(0)?.ok_or_else(no_header)?;
    let name = |cell: &[u8]| cell_text(cell).ok().flatten().map(Cow::into_owned);
    let names: Vec<String> = line.split(is_tab).map(name).collect::<Option<_>>().ok_or_else(no_header)?;
    if names.iter().any(|name| name.len() > HEADER_CELL_BYTES_MAX) {
        return Err(no_header());
    }
    if !is_header(&names.iter().map(String::as_str).collect::<Vec<_>>()) {
        return Err(no_header());
    }
    Ok(opened(names, lines, End::MarkedOrNot))
}

fn opened(names: Vec<String>, lines: Lines, end: End) -> Opened {
    let columns = names.iter().map(|name| (name.clone(), DataType::Utf8View)).collect();
    Opened::new(columns, move |places, batch_rows_max| -> Rows {
        Box::new(CopyRows { lines, names, places, batch_rows_max, end, row: 0, ended: false })
    })
}

/// Lines without their end, one at a time.
struct Lines {
    text: BufReader<Text>,
    line: Vec<u8>,
    line_bytes_max: usize,
}

impl Lines {
    fn new(text: Text, line_bytes_max: usize) -> Self {
        Lines { text: BufReader::with_capacity(128 << 10, text), line: Vec::new(), line_bytes_max }
    }

    /// The next line; `None` behind the last.
    fn next(&mut self, row: u64) -> Result<Option<&[u8]>, FormatFault> {
        self.line.clear();
        let at_most = self.line_bytes_max as u64 + 1;
        let read = self.text.by_ref().take(at_most).read_until(b'\n', &mut self.line);
        read.map_err(|error| match error.kind() {
            ErrorKind::FileTooLarge => FormatFault::at(row, "unpacks to more than its cap"),
            _ => FormatFault::at(row, "is not whole: it cannot be unpacked any further"),
        })?;
        match self.line.pop() {
            None => Ok(None),
            Some(b'\n') if self.line.contains(&b'\r') => {
                Err(FormatFault::at(row, "holds a carriage return, which COPY writes as \\r"))
            }
            Some(b'\n') => Ok(Some(&self.line)),
            Some(_) if self.line.len() >= self.line_bytes_max => {
                Err(FormatFault::at(row, "has a row that is larger than the cap of 64 MiB"))
            }
            Some(_) => Err(FormatFault::at(row, "ends inside a row")),
        }
    }
}

struct CopyRows {
    lines: Lines,
    names: Vec<String>,
    places: Vec<usize>,
    batch_rows_max: usize,
    end: End,
    row: u64,
    ended: bool,
}

impl Iterator for CopyRows {
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

impl CopyRows {
    fn batch(&mut self) -> Result<Option<RecordBatch>, FormatFault> {
        let mut columns: Vec<_> = self.places.iter().map(|_| StringViewBuilder::new()).collect();
        let (mut rows, mut bytes) = (0, 0);
        while rows < self.batch_rows_max && bytes < BATCH_BYTES_MAX {
            match self.lines.next(self.row)? {
                None if self.end == End::MarkedOrNot => self.ended = true,
                None => return Err(FormatFault::at(self.row, "ends before its end mark")),
                Some(END_MARK) => {
                    self.ended = true;
                    nothing_more(&mut self.lines, self.row)?;
                }
                Some(line) => {
                    bytes += line.len();
                    push(line, self.names.len(), &self.places, &mut columns)
                        .map_err(|fault| FormatFault::at(self.row, fault))?;
                    rows += 1;
                    self.row += 1;
                    continue;
                }
            }
            break;
        }
        text_batch(&self.names, &self.places, columns, rows).map_err(|fault| FormatFault::at(self.row, fault))
    }
}

/// Behind the end mark stand empty lines at most.
fn nothing_more(lines: &mut Lines, row: u64) -> Result<(), FormatFault> {
    while let Some(line) = lines.next(row)? {
        if !line.is_empty() {
            return Err(FormatFault::at(row, "goes on behind its end mark"));
        }
    }
    Ok(())
}

fn is_tab(byte: &u8) -> bool {
    *byte == b'\t'
}

/// Adds a row's wanted cells.
fn push(line: &[u8], width: usize, places: &[usize], columns: &mut [StringViewBuilder]) -> Result<(), String> {
    let cells: Vec<&[u8]> = match width {
        // A table without columns: its rows are empty lines.
        0 if line.is_empty() => Vec::new(),
        _ => line.split(is_tab).collect(),
    };
    if cells.len() != width {
        return Err(format!("has {} cells where there are {width} columns", cells.len()));
    }
    for (place, column) in places.iter().zip(columns) {
        column.append_option(cell_text(cells.get(*place).copied().unwrap_or_default())?);
    }
    Ok(())
}

/// A cell's text; `None` is NULL.
fn cell_text(cell: &[u8]) -> Result<Option<Cow<'_, str>>, &'static str> {
    if cell == b"\\N" {
        return Ok(None);
    }
    let bytes = if cell.contains(&b'\\') { Cow::Owned(unescaped(cell)?) } else { Cow::Borrowed(cell) };
    if bytes.contains(&0) {
        return Err("holds a NUL, which no text of PostgreSQL does");
    }
    let text = match bytes {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
    };
    text.map(Some).ok_or("is not text in UTF-8")
}

fn unescaped(cell: &[u8]) -> Result<Vec<u8>, &'static str> {
    let mut out = Vec::with_capacity(cell.len());
    let mut rest = cell;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        out.extend_from_slice(&rest[..at]);
        let Some((escape, behind)) = rest[at + 1..].split_first() else { return Err("ends a cell inside an escape") };
        rest = behind;
        let (byte, digits) = match escape {
            b'b' => (8, 0),
            b'f' => (12, 0),
            b'n' => (b'\n', 0),
            b'r' => (b'\r', 0),
            b't' => (b'\t', 0),
            b'v' => (11, 0),
            b'0'..=b'7' => number(escape - b'0', rest, 8, 2),
            b'x' if rest.first().is_some_and(u8::is_ascii_hexdigit) => number(0, rest, 16, 2),
            other => (*other, 0),
        };
        out.push(byte);
        rest = &rest[digits..];
    }
    out.extend_from_slice(rest);
    Ok(out)
}

/// The byte that `first` and at most `digits_max` digits behind it stand for, and how many those were. A number above 255
/// keeps its low eight bits, as COPY itself reads it.
fn number(first: u8, rest: &[u8], base: u32, digits_max: usize) -> (u8, usize) {
    let digits = rest.iter().take(digits_max).map_while(|byte| char::from(*byte).to_digit(base));
    digits.fold((first, 0), |(number, count), digit| {
        (number.wrapping_mul(base as u8).wrapping_add(digit as u8), count + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::super::text_cells;
    use super::*;
    use proptest::prelude::*;
    use std::io::Cursor;

    type Outcome = Result<Vec<Vec<Option<String>>>, FormatFault>;

    fn rows(opened: Opened, places: Vec<usize>) -> Outcome {
        text_cells(opened, places)
    }

    fn read(text: &[u8], width: usize, end: End) -> Outcome {
        let names = (0..width).map(|n| format!("c{n}")).collect();
        rows(open(names, Box::new(Cursor::new(text.to_vec())), end), (0..width).collect())
    }

    fn cell(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn tells_null_from_an_empty_text_and_reads_every_escape() {
        let text = b"\\N\t\n\\\\N\ta\\tb\\\\c\\n\\r\\b\\f\\v\n\\.x\t\\101\\x4a\\x4Ag\\q\\xg\\0601\n\\.\n\n\n";
        assert_eq!(
            read(text, 2, End::Marked),
            Ok(vec![
                vec![None, cell("")],
                vec![cell("\\N"), cell("a\tb\\c\n\r\u{8}\u{c}\u{b}")],
                vec![cell(".x"), cell("AJJgqxg01")],
            ])
        );
    }

    #[test]
    fn takes_columns_in_the_order_asked_for() {
        let opened = open(
            vec!["a".into(), "b".into(), "c".into()],
            Box::new(Cursor::new(b"1\t2\t3\n4\t5\t6\n7\t8\t9\n\\.\n".to_vec())),
            End::Marked,
        );
        let read = rows(opened, vec![2, 0]);
        let row = |c: &str, a: &str| vec![cell(c), cell(a)];
        assert_eq!(read, Ok(vec![row("3", "1"), row("6", "4"), row("9", "7")]));
    }

    #[test]
    fn refuses_what_was_cut_and_what_goes_on_behind_the_end() {
        let fault = |row, what: &str| Err(FormatFault::at(row, what));
        assert_eq!(read(b"1\n2\n", 1, End::Marked), fault(2, "ends before its end mark"));
        assert_eq!(read(b"", 1, End::Marked), fault(0, "ends before its end mark"));
        assert_eq!(read(b"1\n2", 1, End::MarkedOrNot), fault(1, "ends inside a row"));
        assert_eq!(read(b"1\n\\.\n2\n", 1, End::Marked), fault(1, "goes on behind its end mark"));
        assert_eq!(read(b"1\n\\.", 1, End::MarkedOrNot), fault(1, "ends inside a row"));
        assert_eq!(read(b"1\n", 1, End::MarkedOrNot), Ok(vec![vec![cell("1")]]));
    }

    #[test]
    fn refuses_rows_of_another_width_and_bytes_that_are_no_text() {
        let fault = |row, what: &str| Err(FormatFault::at(row, what));
        assert_eq!(read(b"1\t2\n3\n\\.\n", 2, End::Marked), fault(1, "has 1 cells where there are 2 columns"));
        assert_eq!(read(b"1\t2\n\\.\n", 1, End::Marked), fault(0, "has 2 cells where there are 1 columns"));
        assert_eq!(read(b"\xff\n\\.\n", 1, End::Marked), fault(0, "is not text in UTF-8"));
        assert_eq!(read(b"\\xff\n\\.\n", 1, End::Marked), fault(0, "is not text in UTF-8"));
        assert_eq!(read(b"a\\000\n\\.\n", 1, End::Marked), fault(0, "holds a NUL, which no text of PostgreSQL does"));
        assert_eq!(read(b"a\\\n\\.\n", 1, End::Marked), fault(0, "ends a cell inside an escape"));
        assert_eq!(
            read(b"a\r\n\\.\r\n", 1, End::Marked),
            fault(0, "holds a carriage return, which COPY writes as \\r")
        );
    }

    #[test]
    fn stops_at_a_row_that_is_larger_than_its_cap() {
        let endless = std::io::repeat(b'x').take(1 << 40);
        let mut lines = Lines::new(Box::new(endless), 1000);
        assert_eq!(lines.next(3).err(), Some(FormatFault::at(3, "has a row that is larger than the cap of 64 MiB")));
        assert!(lines.line.capacity() < 1 << 20);
    }

    #[test]
    fn finds_the_columns_in_the_first_line() {
        let open =
            |text: &[u8]| open_with_header(Box::new(Cursor::new(text.to_vec())), &|names| names.contains(&"CfD_ID"));
        let opened = open(b"CfD_ID\tName, \\\\ of\\tunit\nAAA-1\t\\N\n").expect("a header");
        let names: Vec<_> = opened.columns.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["CfD_ID", "Name, \\ of\tunit"]);
        assert_eq!(rows(opened, vec![0, 1]), Ok(vec![vec![cell("AAA-1"), None]]));
        let long = format!("CfD_ID\t{}\n", "x".repeat(64));
        for text in [&b"AAA-1\t2\n"[..], b"", b"CfD_ID\t\\N\n", b"CfD_ID\t\xff\n", long.as_bytes()] {
            assert!(open(text).is_err());
        }
    }

    /// COPY's own writing, from its reference page: an escape for what would be taken for something else.
    fn written(rows: &[Vec<Option<String>>]) -> String {
        let escaped = |text: &String| {
            [
                ('\\', "\\\\"),
                ('\u{8}', "\\b"),
                ('\u{c}', "\\f"),
                ('\n', "\\n"),
                ('\r', "\\r"),
                ('\t', "\\t"),
                ('\u{b}', "\\v"),
            ]
            .iter()
            .fold(text.clone(), |text, (from, to)| text.replace(*from, to))
        };
        let cell = |cell: &Option<String>| cell.as_ref().map_or("\\N".into(), escaped);
        rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>().join("\t") + "\n").collect()
    }

    proptest! {
        #[test]
        fn reads_back_whatever_was_written(
            rows in proptest::collection::vec(proptest::collection::vec(proptest::option::of("[\\\\Nx.0-9\t\n\r\u{8}\u{b}\u{c}é🐉]{0,6}"), 3), 0..8),
        ) {
            let text = written(&rows);
            let marked = read(format!("{text}\\.\n\n\n").as_bytes(), 3, End::Marked);
            prop_assert_eq!(marked.as_ref(), Ok(&rows));
            prop_assert_eq!(read(text.as_bytes(), 3, End::MarkedOrNot), Ok(rows));
        }

        #[test]
        fn reads_or_refuses_any_bytes(bytes in proptest::collection::vec(prop_oneof![Just(b'\\'), Just(b'\t'), Just(b'\n'), any::<u8>()], 0..60)) {
            for end in [End::Marked, End::MarkedOrNot] {
                if let Ok(rows) = read(&bytes, 2, end) {
                    prop_assert!(rows.len() <= bytes.len());
                }
            }
        }
    }
}
