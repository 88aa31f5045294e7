//! Cells of text -> a column: gathered one behind the other, and looked at as UTF-8 all at once.
//!
//! A cell is then a copy of its bytes, and a batch is one walk over all of them; cell by cell the look costs as much as all
//! else that is done to a short text. Only in a batch that is not all text is it asked which cells are to blame.

use super::nulls::Nulls;
use super::room_after;
use arrow::array::{ArrayRef, LargeStringArray, StringViewArray};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use std::sync::Arc;

/// A column of text under way.
#[derive(Debug)]
pub struct Texts {
    bytes: Vec<u8>,
    /// Where each cell begins, and where the last one ends.
    offsets: Vec<i64>,
    nulls: Nulls,
}

impl Texts {
    /// An empty column with room for `rows`.
    pub fn with_capacity(rows: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Texts { bytes: Vec::new(), offsets, nulls: Nulls::default() }
    }

    /// Adds a cell, whatever it holds: [`finish`](Self::finish) tells what is no text.
    #[inline]
    pub fn push(&mut self, cell: &[u8]) {
        self.bytes.extend_from_slice(cell);
        self.offsets.push(self.bytes.len() as i64);
    }

    /// Adds NULL.
    #[inline]
    pub fn push_null(&mut self) {
        self.nulls.push(self.offsets.len() - 1);
        self.offsets.push(self.bytes.len() as i64);
    }

    /// The column so far, and the rows whose cells are no UTF-8, which are NULL in it. Empty again then.
    pub fn finish(&mut self) -> (ArrayRef, Vec<usize>) {
        let rows = self.offsets.len() - 1;
        let room = Vec::with_capacity(room_after(self.bytes.len()));
        let bytes = std::mem::replace(&mut self.bytes, room);
        let offsets = std::mem::replace(&mut self.offsets, Texts::with_capacity(room_after(rows)).offsets);
        let bytes = Buffer::from_vec(bytes);
        let are_null = self.nulls.finish(rows);
        let ends = OffsetBuffer::new(ScalarBuffer::from(offsets));
        match LargeStringArray::try_new(ends.clone(), bytes.clone(), are_null.clone()) {
            Ok(texts) => (Arc::new(StringViewArray::from(&texts)), Vec::new()),
            Err(_) => one_by_one(&ends, &bytes, are_null.as_ref()),
        }
    }
}

/// The same where some cell is no text.
fn one_by_one(ends: &OffsetBuffer<i64>, bytes: &Buffer, nulls: Option<&NullBuffer>) -> (ArrayRef, Vec<usize>) {
    let mut bad = Vec::new();
    let cells = ends.windows(2).enumerate().map(|(row, ends)| {
        if nulls.is_some_and(|nulls| nulls.is_null(row)) {
            return None;
        }
        let text = std::str::from_utf8(&bytes[ends[0] as usize..ends[1] as usize]).ok();
        if text.is_none() {
            bad.push(row);
        }
        text
    });
    (Arc::new(cells.collect::<StringViewArray>()), bad)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::AsArray;
    use proptest::prelude::*;

    fn column(texts: &mut Texts) -> (Vec<Option<String>>, Vec<usize>) {
        let (cells, bad) = texts.finish();
        (cells.as_string_view().iter().map(|cell| cell.map(str::to_owned)).collect(), bad)
    }

    #[test]
    fn a_sign_that_two_cells_share_is_text_in_neither_of_them() {
        let mut texts = Texts::with_capacity(4);
        // Both halves of `é` next to each other: UTF-8 as a whole, and no text in either cell.
        texts.push(b"\xc3");
        texts.push(b"\xa9");
        texts.push_null();
        texts.push("é".as_bytes());
        assert_eq!(column(&mut texts), (vec![None, None, None, Some("é".into())], vec![0, 1]));
    }

    #[test]
    fn a_column_is_empty_after_it_was_taken() {
        let mut texts = Texts::with_capacity(0);
        texts.push_null();
        texts.push(b"a text that is longer than a view");
        assert_eq!(column(&mut texts), (vec![None, Some("a text that is longer than a view".into())], vec![]));
        assert_eq!(column(&mut texts), (vec![], vec![]));
        texts.push(b"");
        assert_eq!(column(&mut texts), (vec![Some(String::new())], vec![]));
    }

    proptest! {
        #[test]
        fn cells_are_what_each_alone_would_be(
            cells in proptest::collection::vec(proptest::option::of(prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..20), any::<String>().prop_map(String::into_bytes),
            ]), 0..20),
        ) {
            let mut texts = Texts::with_capacity(cells.len());
            for cell in &cells {
                match cell {
                    Some(cell) => texts.push(cell),
                    None => texts.push_null(),
                }
            }
            let alone: Vec<Option<String>> =
                cells.iter().map(|cell| String::from_utf8(cell.clone()?).ok()).collect();
            let bad = (0..cells.len()).filter(|row| cells[*row].is_some() && alone[*row].is_none()).collect();
            prop_assert_eq!(column(&mut texts), (alone, bad));
        }
    }
}
