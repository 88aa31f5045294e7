//! A JSON object a line, of any length: a block of whole lines at a time; and what its fields hold, read through once before.
//!
//! Each block is read as [`super::jsonl`] reads a file. Never in here: what a field's values mean beyond JSON's own types.

use super::{FormatFault, jsonl};
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
    ended: bool,
}

impl<R: Read> Blocks<R> {
    /// The blocks of `text`.
    pub fn new(text: R) -> Self {
        Blocks { text, rest: Vec::new(), ended: false }
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
            if block.len() > LINE_BYTES_MAX {
                return Err(FormatFault::new("has a line of more than 256 MiB"));
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

/// The fields of a block's objects, in the order in which they first appear, and how many objects there are.
pub fn fields(block: &Bytes) -> Result<(Vec<(String, Held)>, u64), FormatFault> {
    let mut seen = Fields::default();
    let mut rows = 0;
    for line in block.split(|byte| *byte == b'\n').filter(|line| !line.iter().all(u8::is_ascii_whitespace)) {
        let mut json = serde_json::Deserializer::from_slice(line);
        let read = json.deserialize_map(&mut seen).and_then(|()| json.end());
        read.map_err(|_| FormatFault::at(rows, "is not a JSON object"))?;
        rows += 1;
    }
    Ok((seen.fields, rows))
}

#[derive(Default)]
struct Fields {
    fields: Vec<(String, Held)>,
    known: HashMap<String, usize>,
}

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

/// The rows of a block: the fields `names`, in that order, as text; a field that no object of the block has is NULL.
pub fn rows(block: Bytes, names: &[String], batch_rows_max: usize) -> Result<super::Rows, FormatFault> {
    let opened = jsonl::open(block)?;
    let places: Vec<Option<usize>> =
        names.iter().map(|name| opened.columns.iter().position(|(column, _)| column == name)).collect();
    let wanted: Vec<usize> = places.iter().flatten().copied().collect();
    let batches = opened.rows(wanted, batch_rows_max);
    Ok(Box::new(batches.map(move |batch| batch.map(|batch| super::with_absent(&batch, &places)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(text: &str) -> Vec<(String, Held)> {
        fields(&Bytes::copy_from_slice(text.as_bytes())).expect("fields").0
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
        assert_eq!(
            fields(&Bytes::from_static(b"{\"a\":1}\n{\"a\":")).err(),
            Some(FormatFault::at(1, "is not a JSON object"))
        );
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
}
