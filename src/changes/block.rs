//! The bytes of an object as they arrive -> blocks of whole lines, which are decoded on their own.
//!
//! Never in here: what a line says.

use super::layout::{Layout, Object};
use super::scan::NotJson;
use arrow::array::RecordBatch;
use bytes::Bytes;
use std::sync::Arc;

/// Bytes after which a block ends with its line.
const BLOCK_BYTES: usize = 4 << 20;
/// Bytes of a line, at most: an event with its old and new row, and a schema beside each.
const LINE_BYTES_MAX: usize = 64 << 20;

/// Bytes of a block by whose lines all are estimated.
const HEAD_BYTES: usize = 64 << 10;

/// Whole lines of an object, or rows of one.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// What a line is.
    pub layout: Layout,
    /// Partition of the topic.
    pub partition: u32,
    /// Position of its first event in the partition.
    pub first_position: u64,
    /// Number of its first line in the object, from 1.
    pub first_line: u64,
    /// The lines.
    pub bytes: Bytes,
    /// The rows, where there are no lines.
    pub rows: Option<RecordBatch>,
    /// The keys of the whole object's lines, where they lie beside it.
    pub keys: Option<Arc<KeyLines>>,
    /// Whether the rows are of a first load of the table.
    pub is_load: bool,
    /// Whether the rows were texts, of which none tells NULL from nothing.
    pub is_text: bool,
}

/// The keys of an object's records, a line each.
#[derive(Debug, PartialEq, Eq)]
pub struct KeyLines {
    bytes: Bytes,
    /// Where each line ends.
    ends: Vec<usize>,
}

impl KeyLines {
    /// Of the whole object.
    pub fn new(bytes: Bytes) -> Self {
        let mut ends: Vec<usize> = memchr::memchr_iter(b'\n', &bytes).collect();
        ends.push(bytes.len());
        KeyLines { bytes, ends }
    }

    /// The key of the line of this number, from 1. A value without a key line beside it stands in a damaged pair.
    pub fn line(&self, number: u64) -> Result<&[u8], NotJson> {
        let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1)).ok_or(NotJson)?;
        let from = index.checked_sub(1).map_or(0, |before| self.ends.get(before).map_or(0, |end| end + 1));
        let line = self.ends.get(index).and_then(|end| self.bytes.get(from..*end)).ok_or(NotJson)?;
        if is_blank(line) { Err(NotJson) } else { Ok(line) }
    }
}

/// A line is longer than any event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {0} is longer than 64 MiB")]
pub struct LongLine(pub u64);

/// An object being cut.
#[derive(Debug)]
pub struct Cutter {
    layout: Layout,
    keys: Option<Arc<KeyLines>>,
    /// What is not cut yet: [`Unpacker`](crate::format::unpack::Unpacker) writes behind it.
    pub pending: Vec<u8>,
    /// Bytes at its beginning that are known to hold no line end.
    searched: usize,
    partition: u32,
    position: u64,
    line: u64,
}

impl Block {
    /// All lines of `object` at once.
    pub fn whole(object: &Object, layout: Layout, bytes: Bytes) -> Self {
        let (partition, first_position) = (object.partition, object.first_offset);
        Block {
            layout,
            partition,
            first_position,
            first_line: 1,
            bytes,
            rows: None,
            keys: None,
            is_load: false,
            is_text: false,
        }
    }

    /// How many lines or rows it has, about: nobody counts them for that.
    pub fn rows_about(&self) -> usize {
        if let Some(rows) = &self.rows {
            return rows.num_rows();
        }
        let head = &self.bytes[..self.bytes.len().min(HEAD_BYTES)];
        let lines = memchr::memchr_iter(b'\n', head).count() + 1;
        // Lines are not of one length: an eighth more.
        lines * self.bytes.len() / head.len().max(1) * 9 / 8 + 1
    }

    /// Rows of `object`, the first of which has that number, from 1.
    pub fn of_rows(object: &Object, layout: Layout, first_line: u64, rows: RecordBatch) -> Self {
        Block { first_line, rows: Some(rows), ..Block::whole(object, layout, Bytes::new()) }
    }
}

impl Cutter {
    /// At the beginning of `object`, whose keys may lie beside it.
    pub fn new(object: &Object, layout: Layout, keys: Option<Arc<KeyLines>>) -> Self {
        let (partition, position) = (object.partition, object.first_offset);
        Cutter { layout, keys, pending: Vec::new(), searched: 0, partition, position, line: 1 }
    }

    /// The next block, when there is enough for one.
    pub fn cut(&mut self) -> Result<Option<Block>, LongLine> {
        if self.pending.len() < BLOCK_BYTES {
            return Ok(None);
        }
        match memchr::memrchr(b'\n', &self.pending[self.searched..]) {
            Some(at) => {
                let rest = self.pending.split_off(self.searched + at + 1);
                self.searched = rest.len();
                let bytes = std::mem::replace(&mut self.pending, rest);
                Ok(Some(self.block(bytes.into())))
            }
            None if self.pending.len() > LINE_BYTES_MAX => Err(LongLine(self.line)),
            None => {
                self.searched = self.pending.len();
                Ok(None)
            }
        }
    }

    /// The next block of a piece that begins with a line, out of the piece itself; nothing may be pending. `None` when it holds no
    /// whole line any more, or, at the object's end, nothing.
    pub fn cut_from(&mut self, piece: &mut Bytes, is_last: bool) -> Option<Block> {
        let most = piece.len().min(BLOCK_BYTES);
        let end = match memchr::memrchr(b'\n', &piece[..most]) {
            Some(end) if most < piece.len() || !is_last => end + 1,
            _ => match memchr::memchr(b'\n', &piece[most..]) {
                Some(end) => most + end + 1,
                None if is_last => piece.len(),
                None => return None,
            },
        };
        (end > 0).then(|| self.block(piece.split_to(end)))
    }

    /// What is left at the object's end.
    pub fn finish(&mut self) -> Option<Block> {
        let bytes = std::mem::take(&mut self.pending);
        (!bytes.is_empty()).then(|| self.block(bytes.into()))
    }

    fn block(&mut self, bytes: Bytes) -> Block {
        let block = Block {
            layout: self.layout,
            partition: self.partition,
            first_position: self.position,
            first_line: self.line,
            bytes,
            rows: None,
            keys: self.keys.clone(),
            is_load: false,
            is_text: false,
        };
        let (mut count, mut events) = (0, 0);
        for line in lines(&block.bytes) {
            count += 1;
            events += u64::from(!is_blank(line));
        }
        // Behind the last line's end there is one more, which the next block begins.
        self.line += count - 1;
        self.position += events;
        block
    }
}

/// The lines of a text, without their ends: one more than it has line ends.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = memchr::memchr(b'\n', text);
        rest = end.map(|end| &text[end + 1..]);
        Some(&text[..end.unwrap_or(text.len())])
    })
}

/// Whether a line holds no event.
pub(super) fn is_blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_the_same_lines_out_of_pieces_that_begin_with_one() {
        let line = [vec![b'x'; 100_000], b"\n".to_vec(), b" \n".to_vec()].concat();
        for end in [&b""[..], b"last", b"last\n", b"\n\n"] {
            let text = [line.repeat(200), end.to_vec()].concat();
            let object = Object { partition: 3, first_offset: 40, path: String::new() };
            let (mut cutter, mut blocks, mut at) = (Cutter::new(&object, Layout::Confluent, None), Vec::new(), 0);
            while at < text.len() {
                let mut piece = Bytes::copy_from_slice(&text[at..text.len().min(at + (9 << 20))]);
                at += piece.len();
                let is_last = at == text.len();
                while let Some(block) = cutter.cut_from(&mut piece, is_last) {
                    blocks.push(block);
                }
                at -= piece.len();
            }
            assert!(blocks.iter().all(|block| block.bytes.len() <= BLOCK_BYTES + 100_001));
            let expected = cut(&text, 1 << 20).expect("blocks");
            let all = |blocks: &[Block]| blocks.iter().flat_map(|block| block.bytes.to_vec()).collect::<Vec<_>>();
            assert_eq!(all(&blocks), text);
            assert_eq!(all(&expected), text);
            let (mut lines_so_far, mut events) = (1, 40);
            for block in &blocks {
                assert_eq!((block.first_line, block.first_position), (lines_so_far, events));
                lines_so_far += block.bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
                events += lines(&block.bytes).filter(|line| !is_blank(line)).count() as u64;
            }
        }
        let mut cutter =
            Cutter::new(&Object { partition: 0, first_offset: 0, path: String::new() }, Layout::Confluent, None);
        assert_eq!(cutter.cut_from(&mut Bytes::from_static(b"half a line"), false), None);
        assert_eq!(cutter.cut_from(&mut Bytes::new(), true), None);
    }

    #[test]
    fn takes_a_block_for_about_as_many_lines_as_it_has() {
        let object = Object { partition: 0, first_offset: 0, path: String::new() };
        for (text, lines) in [("", 0), ("one", 1), (&"a line of events\n".repeat(100_000), 100_000)] {
            let about = Block::whole(&object, Layout::Confluent, Bytes::copy_from_slice(text.as_bytes())).rows_about();
            assert!((lines..lines + lines / 4 + 4).contains(&about), "{about} for {lines}");
        }
    }

    fn cut(text: &[u8], feed_bytes: usize) -> Result<Vec<Block>, LongLine> {
        let object = Object { partition: 3, first_offset: 40, path: String::new() };
        let (mut cutter, mut blocks) = (Cutter::new(&object, Layout::Confluent, None), Vec::new());
        for piece in text.chunks(feed_bytes) {
            cutter.pending.extend_from_slice(piece);
            blocks.extend(cutter.cut()?);
        }
        blocks.extend(cutter.finish());
        Ok(blocks)
    }

    #[test]
    fn cuts_at_line_ends_and_goes_on_counting() {
        let line = [vec![b'x'; 1_000], b"\n".to_vec(), b" \n".to_vec()].concat();
        let text = [line.repeat(10_000), b"last".to_vec()].concat();
        let blocks = cut(&text, 1 << 20).expect("blocks");
        assert!(blocks.len() > 1);
        assert_eq!(blocks.iter().flat_map(|block| block.bytes.to_vec()).collect::<Vec<_>>(), text);
        let (mut line, mut position) = (1, 40);
        for block in &blocks {
            assert_eq!((block.partition, block.first_line, block.first_position), (3, line, position));
            line += block.bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
            position += block.bytes.split(|byte| *byte == b'\n').filter(|line| !is_blank(line)).count() as u64;
        }
        assert_eq!((line, position), (20_001, 10_041));
    }

    #[test]
    fn gives_the_lines_that_a_split_gives() {
        for text in ["", "\n", "a", "a\n", "a\nb", "\n\na\n \nb\n\n"] {
            let split: Vec<&[u8]> = text.as_bytes().split(|byte| *byte == b'\n').collect();
            assert_eq!(lines(text.as_bytes()).collect::<Vec<_>>(), split, "{text:?}");
        }
    }

    #[test]
    fn finds_the_key_of_a_line_and_misses_one_that_is_not_there() {
        let keys = KeyLines::new(Bytes::from_static(b"{\"id\":1}\n\n{\"id\":3}"));
        assert_eq!(keys.line(1), Ok(&b"{\"id\":1}"[..]));
        assert_eq!(keys.line(3), Ok(&b"{\"id\":3}"[..]));
        for number in [0, 2, 4, u64::MAX] {
            assert_eq!(keys.line(number), Err(NotJson), "{number}");
        }
    }

    #[test]
    fn refuses_a_line_that_does_not_end() {
        let text = [b"a\n".to_vec(), vec![b'x'; LINE_BYTES_MAX + 2]].concat();
        assert_eq!(cut(&text, 8 << 20), Err(LongLine(2)));
        assert_eq!(cut(b"", 1), Ok(Vec::new()));
    }
}
