//! The bytes of an object as they arrive -> blocks of whole lines, which are decoded on their own.
//!
//! Never in here: what a line says.

use super::layout::Object;
use bytes::Bytes;

/// Bytes after which a block ends with its line.
const BLOCK_BYTES: usize = 4 << 20;
/// Bytes of a line, at most: an event with its old and new row, and a schema beside each.
const LINE_BYTES_MAX: usize = 64 << 20;

/// Whole lines of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Partition of the topic.
    pub partition: u32,
    /// Position of its first event in the partition.
    pub first_position: u64,
    /// Number of its first line in the object, from 1.
    pub first_line: u64,
    /// The lines.
    pub bytes: Bytes,
}

/// A line is longer than any event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {0} is longer than 64 MiB")]
pub struct LongLine(pub u64);

/// An object being cut.
#[derive(Debug)]
pub struct Cutter {
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
    pub fn whole(object: &Object, bytes: Bytes) -> Self {
        Block { partition: object.partition, first_position: object.first_offset, first_line: 1, bytes }
    }
}

impl Cutter {
    /// At the beginning of `object`.
    pub fn new(object: &Object) -> Self {
        Cutter { pending: Vec::new(), searched: 0, partition: object.partition, position: object.first_offset, line: 1 }
    }

    /// The next block, when there is enough for one.
    pub fn cut(&mut self) -> Result<Option<Block>, LongLine> {
        if self.pending.len() < BLOCK_BYTES {
            return Ok(None);
        }
        match self.pending[self.searched..].iter().rposition(|byte| *byte == b'\n') {
            Some(at) => {
                let rest = self.pending.split_off(self.searched + at + 1);
                self.searched = rest.len();
                let bytes = std::mem::replace(&mut self.pending, rest);
                Ok(Some(self.block(bytes)))
            }
            None if self.pending.len() > LINE_BYTES_MAX => Err(LongLine(self.line)),
            None => {
                self.searched = self.pending.len();
                Ok(None)
            }
        }
    }

    /// What is left at the object's end.
    pub fn finish(&mut self) -> Option<Block> {
        let bytes = std::mem::take(&mut self.pending);
        (!bytes.is_empty()).then(|| self.block(bytes))
    }

    fn block(&mut self, bytes: Vec<u8>) -> Block {
        let block = Block {
            partition: self.partition,
            first_position: self.position,
            first_line: self.line,
            bytes: bytes.into(),
        };
        for line in block.bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line += u64::from(line.ends_with(b"\n"));
            self.position += u64::from(!is_blank(line));
        }
        block
    }
}

/// Whether a line holds no event.
pub(super) fn is_blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &[u8], feed_bytes: usize) -> Result<Vec<Block>, LongLine> {
        let object = Object { partition: 3, first_offset: 40, path: String::new() };
        let (mut cutter, mut blocks) = (Cutter::new(&object), Vec::new());
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
    fn refuses_a_line_that_does_not_end() {
        let text = [b"a\n".to_vec(), vec![b'x'; LINE_BYTES_MAX + 2]].concat();
        assert_eq!(cut(&text, 8 << 20), Err(LongLine(2)));
        assert_eq!(cut(b"", 1), Ok(Vec::new()));
    }
}
