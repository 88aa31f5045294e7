//! A JSON object a line, of any length: a block of whole lines at a time; and what its fields hold, read through once before.
//!
//! Each block is read as [`super::jsonl`] reads a file. Never in here: what a field's values mean beyond JSON's own types.

use super::{FormatFault, Opened, Rows, jsonl};
use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use bytes::Bytes;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::io::Read;

/// Bytes of a block that are aimed at.
const BLOCK_BYTES: usize = 4 << 20;
/// Bytes of one line, at most.
const LINE_BYTES_MAX: usize = 256 << 20;

/// Blocks of whole lines.
pub struct Blocks<R> {
    text: R,
    rest: Vec<u8>,
    line_bytes_max: usize,
    ended: bool,
}

impl<R: Read> Blocks<R> {
    /// The blocks of `text`. A fault of one counts its row from the block's first.
    pub fn new(text: R) -> Self {
        Blocks { text, rest: Vec::new(), line_bytes_max: LINE_BYTES_MAX, ended: false }
    }

    fn block(&mut self) -> Result<Option<Bytes>, FormatFault> {
        let mut block = std::mem::take(&mut self.rest);
        loop {
            let before = block.len();
            let read = self.text.by_ref().take(BLOCK_BYTES as u64).read_to_end(&mut block);
            read.map_err(|_| FormatFault::new("cannot be read or unpacked to its end"))?;
            if block.len() == before {
                self.ended = true;
                return Ok((!block.is_empty()).then(|| block.into()));
            }
            if let Some(end) = block[before..].iter().rposition(|byte| *byte == b'\n') {
                self.rest = block.split_off(before + end + 1);
                return Ok(Some(block.into()));
            }
            if block.len() > self.line_bytes_max {
                return Err(FormatFault::at(0, "has a line of more than 256 MiB"));
            }
        }
    }
}

impl<R: Read> Iterator for Blocks<R> {
    type Item = Result<Bytes, FormatFault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let block = self.block();
        self.ended |= block.is_err();
        block.transpose()
    }
}

/// What a field's values are, of all that were seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Some are texts.
    pub texts: bool,
    /// Some are truth values.
    pub truths: bool,
    /// Some are objects or arrays.
    pub nested: bool,
    /// Some are numbers.
    pub numbers: bool,
    /// Of the numbers: digits before the point, at most.
    pub whole: usize,
    /// Of the numbers: digits behind it.
    pub fraction: usize,
    /// Some numbers have an exponent.
    pub exponents: bool,
}

impl Held {
    /// Adds what another part of the same field holds.
    pub fn add(&mut self, other: Held) {
        self.texts |= other.texts;
        self.truths |= other.truths;
        self.nested |= other.nested;
        self.numbers |= other.numbers;
        self.exponents |= other.exponents;
        self.whole = self.whole.max(other.whole);
        self.fraction = self.fraction.max(other.fraction);
    }

    fn of(value: &str) -> Held {
        match value.as_bytes().first() {
            Some(b'"') => Held { texts: true, ..Held::default() },
            Some(b't' | b'f') => Held { truths: true, ..Held::default() },
            Some(b'{' | b'[') => Held { nested: true, ..Held::default() },
            Some(b'-' | b'0'..=b'9') => {
                let digits = value.trim_start_matches('-');
                let exponents = digits.contains(['e', 'E']);
                let digits = digits.split(['e', 'E']).next().unwrap_or(digits);
                let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
                Held { numbers: true, whole: whole.len(), fraction: fraction.len(), exponents, ..Held::default() }
            }
            _ => Held::default(),
        }
    }
}

#[derive(Default)]
struct Fields {
    fields: Vec<(String, Held)>,
    known: HashMap<String, usize>,
}

impl Fields {
    /// Adds those of a block's objects; how many there are.
    fn add(&mut self, block: &Bytes) -> Result<u64, FormatFault> {
        if block.last().is_some_and(|byte| *byte != b'\n') {
            return Err(FormatFault::new("ends inside a line"));
        }
        let mut rows = 0;
        for line in block.split(|byte| *byte == b'\n').filter(|line| !line.iter().all(u8::is_ascii_whitespace)) {
            let mut json = serde_json::Deserializer::from_slice(line);
            let read = json.deserialize_map(&mut *self).and_then(|()| json.end());
            read.map_err(|_| FormatFault::at(rows, "is not a JSON object"))?;
            rows += 1;
        }
        Ok(rows)
    }
}

/// The fields in the order in which they first appear.
impl<'de> Visitor<'de> for &mut Fields {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(name) = fields.next_key::<Cow<'de, str>>()? {
            let held = Held::of(fields.next_value::<&RawValue>()?.get());
            let place = match self.known.get(name.as_ref()) {
                Some(place) => *place,
                None => {
                    self.known.insert(name.clone().into_owned(), self.fields.len());
                    self.fields.push((name.into_owned(), Held::default()));
                    self.fields.len() - 1
                }
            };
            self.fields[place].1.add(held);
        }
        Ok(())
    }
}

/// A text that can be read from its start any number of times.
pub type Again = Box<dyn Fn() -> Result<Box<dyn Read + Send>, FormatFault> + Send>;

/// Reads the field names of every line; a column that appears late must be classified too.
pub fn open(text: Again) -> Result<Opened, FormatFault> {
    let (found, _) = learn(text()?)?;
    let names: Vec<String> = found.into_iter().map(|(name, _)| name).collect();
    let columns = names.iter().map(|name| (name.clone(), DataType::Utf8View)).collect();
    Ok(Opened::new(columns, move |places, batch_rows_max| -> Rows {
        let names = places.iter().filter_map(|place| names.get(*place).cloned()).collect();
        match text() {
            Ok(text) => Box::new(TextRows::new(text, names, batch_rows_max)),
            Err(fault) => Box::new(std::iter::once(Err(fault))),
        }
    }))
}

/// The fields of a whole text's objects, and how many objects there are.
pub fn learn(text: impl Read) -> Result<(Vec<(String, Held)>, u64), FormatFault> {
    let (mut seen, mut rows) = (Fields::default(), 0);
    for block in Blocks::new(text) {
        rows += block.and_then(|block| seen.add(&block)).map_err(|fault| fault.behind(rows))?;
    }
    Ok((seen.fields, rows))
}

/// The rows of a text, block by block.
pub struct TextRows<R> {
    blocks: Blocks<R>,
    names: Vec<String>,
    batch_rows_max: usize,
    block: Option<Rows>,
    /// Rows before the block in hand, and of it.
    first: u64,
    read: u64,
    failed: bool,
}

impl<R: Read> TextRows<R> {
    /// The fields `names` of the objects of `text`, in that order; one that is not there is NULL.
    pub fn new(text: R, names: Vec<String>, batch_rows_max: usize) -> Self {
        TextRows { blocks: Blocks::new(text), names, batch_rows_max, block: None, first: 0, read: 0, failed: false }
    }
}

impl<R: Read> Iterator for TextRows<R> {
    type Item = Result<RecordBatch, FormatFault>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.failed {
            if let Some(batch) = self.block.as_mut().and_then(Iterator::next) {
                self.failed = batch.is_err();
                self.read += batch.as_ref().map_or(0, |batch| batch.num_rows() as u64);
                return Some(batch.map_err(|fault| fault.behind(self.first)));
            }
            self.first += std::mem::take(&mut self.read);
            match self.blocks.next()? {
                Ok(block) => self.block = Some(jsonl::rows(block, self.names.clone(), self.batch_rows_max)),
                Err(fault) => return Some(Err(fault.behind(self.first))),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::text_cells;
    use super::*;

    fn held(text: &str) -> Vec<(String, Held)> {
        learn(text.as_bytes()).expect("fields").0
    }

    #[test]
    fn a_line_that_is_too_long_is_told_by_its_number() {
        let long = format!("{{\"a\":1}}\n\n{{\"a\":2}}\n{{\"a\":\"{}\"}}\n", "x".repeat(3 * BLOCK_BYTES));
        let mut rows = TextRows::new(long.as_bytes(), vec!["a".into()], 10);
        rows.blocks.line_bytes_max = BLOCK_BYTES;
        assert_eq!(rows.next().map(|batch| batch.map(|rows| rows.num_rows())), Some(Ok(2)));
        assert_eq!(rows.next(), Some(Err(FormatFault::at(2, "has a line of more than 256 MiB"))));
    }

    #[test]
    fn tells_what_each_field_holds() {
        let none = Held::default();
        assert_eq!(
            held("{\"a\":-12.340,\"b\":null,\"c\":\"1\"}\n\n{\"c\":{},\"a\":1e3,\"d\":true}\n"),
            [
                ("a".to_owned(), Held { numbers: true, whole: 2, fraction: 3, exponents: true, ..none }),
                ("b".to_owned(), none),
                ("c".to_owned(), Held { texts: true, nested: true, ..none }),
                ("d".to_owned(), Held { truths: true, ..none }),
            ]
        );
        assert_eq!(learn(&b"{\"a\":1}\n{\"a\":\n"[..]).err(), Some(FormatFault::at(1, "is not a JSON object")));
    }

    #[test]
    fn cuts_blocks_between_lines_and_loses_nothing() {
        let line = format!("{{\"a\":\"{}\"}}\n", "x".repeat(1 << 20));
        let text = line.repeat(11) + "{\"a\":\"last\"}";
        let blocks: Vec<Bytes> = Blocks::new(text.as_bytes()).collect::<Result<_, _>>().expect("blocks");
        assert!(blocks.len() > 2 && blocks[..blocks.len() - 1].iter().all(|block| block.ends_with(b"\n")));
        assert_eq!(blocks.concat(), text.as_bytes());
        assert_eq!(Blocks::new(&b""[..]).count(), 0);
    }

    fn again(text: String) -> Result<Opened, FormatFault> {
        let text = Bytes::from(text);
        open(Box::new(move || Ok(Box::new(std::io::Cursor::new(text.clone())))))
    }

    fn read(text: &str) -> Result<Vec<Vec<Option<String>>>, FormatFault> {
        let opened = again(text.to_owned())?;
        let places = (0..opened.columns.len()).collect();
        text_cells(opened, places)
    }

    #[test]
    fn keeps_the_digits_of_a_number_and_the_text_of_an_object() {
        let cell = |text: &str| Some(text.to_owned());
        let rows = read(
            "{\"id\":9007199254740993,\"amount\":1.10}\n\n{\"id\":2,\"notes\":{\"a\": [1]},\"name\":\"M\\u00f4r\"}\n",
        );
        assert_eq!(
            rows,
            Ok(vec![
                vec![cell("9007199254740993"), cell("1.10"), None, None],
                vec![cell("2"), None, cell("{\"a\": [1]}"), cell("Môr")],
            ])
        );
    }

    #[test]
    fn refuses_a_torn_last_line_and_a_line_that_is_no_object() {
        assert_eq!(read("{\"id\":1}\n{\"id\":"), Err(FormatFault::new("ends inside a line")));
        assert_eq!(read("{\"id\":1}\n[1]\n"), Err(FormatFault::at(1, "is not a JSON object")));
        assert_eq!(read("{\"id\":1} x\n"), Err(FormatFault::at(0, "is not a JSON object")));
    }

    #[test]
    fn counts_rows_over_blocks_in_a_fault() {
        let line = format!("{{\"a\":\"{}\"}}\n", "x".repeat(1 << 20));
        let last = "{\"a\":\"\\ud800\"}\n";
        let opened = again(line.repeat(11) + last).expect("columns");
        let rows: Vec<_> = opened.rows(vec![0], 1).collect();
        assert_eq!(rows.iter().flatten().map(RecordBatch::num_rows).sum::<usize>(), 11);
        assert_eq!(rows.last(), Some(&Err(FormatFault::at(11, "holds a text that is no text"))));
    }
}
