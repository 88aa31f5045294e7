//! Short cells -> what they told when they were looked at, so that a cell like it is counted and not looked at again.
//!
//! Most columns say the same few things over and over: a unit, a status, a district. A place follows from a cell's bytes; two cells
//! share a pair of places, and of three the oldest goes. Cells are held byte for byte, so that none is taken for another; they stay
//! in memory and in this thread.

use crate::privacy::engine::folded;

/// Bytes of a cell that is remembered, at most.
const CELL_BYTES_MAX: usize = 28;
/// Pairs of places: 512 KiB in all, which stays near a core.
const PAIRS: usize = 1 << 13;
/// Different things that cells may have told, at most: more than shapes and kinds go together in practice.
const OUTCOMES_MAX: usize = 1 << OUTCOME_BITS;
/// Columns that are told apart, at most.
const COLUMNS_MAX: u32 = (1 << 19) - 1;

/// Cells of a piece (different texts, where those are counted) after which it shows whether any come again, and the part of them that must have.
const CELLS_TO_SEE: usize = 512;
const KNOWN_PART: usize = 4;

/// In the last word, above the cell's last four bytes: its length, what it told, its column.
const LENGTH_AT: u32 = 32;
const OUTCOME_AT: u32 = 37;
const OUTCOME_BITS: u32 = 8;
const COLUMN_AT: u32 = OUTCOME_AT + OUTCOME_BITS;
const OUTCOME_MASK: u64 = ((1 << OUTCOME_BITS) - 1) << OUTCOME_AT;

/// A cell byte for byte, and behind it its length, what it told and its column; all zero is an empty place.
type Remembered = [u64; 4];

/// What cells of some columns told. A thread has its own, and takes cells in pieces: what is known is only counted, and told at the
/// end of the piece.
pub struct Memo<T> {
    places: Box<[[Remembered; 2]]>,
    /// What cells told, and how many of the piece in hand told it that were known.
    outcomes: Vec<(T, u64)>,
    /// Of each place, whether its cell was met in the piece in hand.
    met: Box<[u8]>,
    asked: usize,
    known: usize,
}

/// What is known of a cell.
pub enum Asked {
    /// All: it is counted. Whether it is the first like it of this piece.
    Known { is_first: bool },
    /// Nothing, and it can be remembered.
    New(NewCell),
    /// Nothing, and it is too long, or hardly any cell comes again.
    Passing,
}

/// A cell that can be remembered.
pub struct NewCell(Remembered, usize);

impl<T: Copy + PartialEq> Default for Memo<T> {
    fn default() -> Self {
        Memo {
            places: vec![[Remembered::default(); 2]; PAIRS].into_boxed_slice(),
            outcomes: Vec::new(),
            met: vec![0; PAIRS].into_boxed_slice(),
            asked: 0,
            known: 0,
        }
    }
}

impl<T: Copy + PartialEq> Memo<T> {
    /// What is known of a cell of `column`; counted so many times where all is.
    pub fn ask(&mut self, cell: &str, times: u64, column: u32) -> Asked {
        let is_new_each_time = self.asked >= CELLS_TO_SEE && self.known < self.asked / KNOWN_PART;
        if cell.len() > CELL_BYTES_MAX || column >= COLUMNS_MAX || is_new_each_time {
            return Asked::Passing;
        }
        self.asked += 1;
        let cell = remembered(cell.as_bytes(), column);
        let pair = pair_of(&cell);
        for (way, place) in self.places[pair].iter().enumerate() {
            if [place[0], place[1], place[2], place[3] & !OUTCOME_MASK] == cell {
                self.known += 1;
                self.outcomes[((place[3] & OUTCOME_MASK) >> OUTCOME_AT) as usize].1 += times;
                let is_first = self.met[pair] >> way & 1 == 0;
                self.met[pair] |= 1 << way;
                return Asked::Known { is_first };
            }
        }
        Asked::New(NewCell(cell, pair))
    }

    /// Remembers what a cell told.
    pub fn keep(&mut self, NewCell(mut cell, pair): NewCell, told: T) {
        // The last that was new comes next most often.
        let known = self.outcomes.iter().rposition(|(outcome, _)| *outcome == told);
        let outcome = match known {
            Some(outcome) => outcome,
            None if self.outcomes.len() == OUTCOMES_MAX => return,
            None => {
                self.outcomes.push((told, 0));
                self.outcomes.len() - 1
            }
        };
        cell[3] |= (outcome as u64) << OUTCOME_AT;
        let [newer, older] = &mut self.places[pair];
        *older = *newer;
        *newer = cell;
        self.met[pair] = self.met[pair] << 1 | 1;
    }

    /// Ends a piece: how many known cells told what.
    pub fn settle(&mut self, mut told: impl FnMut(&T, u64)) {
        for (outcome, times) in self.outcomes.iter_mut().filter(|(_, times)| *times > 0) {
            told(outcome, *times);
            *times = 0;
        }
        self.met.fill(0);
        (self.asked, self.known) = (0, 0);
    }
}

/// The bytes of a cell, then zeros; its length and its column.
fn remembered(cell: &[u8], column: u32) -> Remembered {
    let length = cell.len() as u32;
    let (low, high) = if let (Some(first), Some(last)) = (cell.first_chunk(), cell.last_chunk()) {
        (u128::from_le_bytes(*first), u128::from_le_bytes(*last).checked_shr(8 * (32 - length)).unwrap_or(0))
    } else if let (Some(first), Some(last)) = (cell.first_chunk(), cell.last_chunk()) {
        let last = u64::from_le_bytes(*last).checked_shr(8 * (16 - length)).unwrap_or(0);
        (u128::from(u64::from_le_bytes(*first)) | u128::from(last) << 64, 0)
    } else if let (Some(first), Some(last)) = (cell.first_chunk(), cell.last_chunk()) {
        let last = u32::from_le_bytes(*last).checked_shr(8 * (8 - length)).unwrap_or(0);
        (u128::from(u32::from_le_bytes(*first)) | u128::from(last) << 32, 0)
    } else {
        (cell.iter().rev().fold(0, |bytes, byte| bytes << 8 | u128::from(*byte)), 0)
    };
    let about = u64::from(length) << LENGTH_AT | u64::from(column + 1) << COLUMN_AT;
    [low as u64, (low >> 64) as u64, high as u64, (high >> 64) as u64 | about]
}

fn pair_of(cell: &Remembered) -> usize {
    (folded(cell[0] ^ 0x9e37_79b9_7f4a_7c15, cell[1] ^ 0xd1b5_4a32_d192_ed03)
        ^ folded(cell[2] ^ 0xbf58_476d_1ce4_e5b9, cell[3] ^ 0x94d0_49bb_1331_11eb)) as usize
        % PAIRS
}

/// A hash by which different cells are counted.
pub fn hash(cell: &[u8]) -> u64 {
    let mut hash = 0x9e37_79b9_7f4a_7c15 ^ cell.len() as u64;
    let (words, rest) = cell.as_chunks::<8>();
    for word in words {
        hash = folded(hash ^ u64::from_le_bytes(*word), 0xd1b5_4a32_d192_ed03);
    }
    let rest = rest.iter().fold(0, |bytes, byte| bytes << 8 | u64::from(*byte));
    folded(hash ^ rest, 0xbf58_476d_1ce4_e5b9) ^ hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_a_cell_by_all_of_its_bytes_and_its_column() {
        let text = "0123456789abcdefghijklmnopqr\u{e9}";
        let cells: Vec<&str> = (0..=28).map(|end| &text[..end]).chain(["\0", "\0\0", "0\0", text]).collect();
        let mut memo = Memo::default();
        for column in [0, 1] {
            for (told, cell) in cells.iter().enumerate() {
                match memo.ask(cell, 1, column) {
                    Asked::New(new) => memo.keep(new, told),
                    Asked::Known { .. } => panic!("{cell:?} was never seen"),
                    Asked::Passing => assert_eq!(*cell, text),
                }
            }
        }
        memo.settle(|_, cells| assert_eq!(cells, 0));
        for column in [0, 1] {
            for cell in &cells {
                let is_known = matches!(memo.ask(cell, 1, column), Asked::Known { is_first: true });
                assert_eq!(is_known, cell.len() <= CELL_BYTES_MAX && *cell != text, "{cell:?}");
            }
        }
    }
}
