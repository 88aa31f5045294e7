//! Cells of one column, one by one -> counts of shapes, checks, findings and different values.

use super::memo::{Asked, Memo, hash};
use crate::privacy::engine::{Engine, Finding, Header, Work};
use crate::privacy::recognise::{KINDS, Kind, RECOGNISERS};
use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

/// Different values that are counted, at most.
const DISTINCT_MAX: usize = 10_000;
/// The same where nothing but the verdict is wanted: it asks for twenty at most.
const DISTINCT_JUDGED_MAX: usize = 32;

/// Digits of the shortest number whose check alone makes a column one of people's.
const DIGITS_MIN: usize = 10;

/// Blanks of a cell that is a sentence.
const BLANKS_MIN: usize = 3;

/// What cells of a column are made of; that of which the most is looked at stands first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum CellKind {
    /// Text.
    #[default]
    Text,
    /// Whole numbers, as text.
    Number,
    /// Days and moments.
    Date,
    /// Anything else: fractions, times of day, truth values.
    Other,
}

/// A finding with its row, from byte to byte of the cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// Its row, from 0.
    pub row: u64,
    /// Its first character (a Unicode scalar value).
    pub start: usize,
    /// The character after its last.
    pub end: usize,
    /// What it is.
    pub kind: Kind,
    /// How sure that is.
    pub score: f32,
}

/// Counts of one column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColumnTally {
    /// What its cells are made of.
    pub cell_kind: CellKind,
    /// Cells with a value.
    pub cells: u64,
    /// Cells without one.
    pub nulls: u64,
    /// Bytes of all of them.
    pub bytes: u64,
    /// Cells of several words that are no name.
    pub sentences: u64,
    /// By kind: cells that have its shape as a whole.
    shapes: [u64; KINDS.len()],
    /// And whose check holds.
    checked: [u64; KINDS.len()],
    /// By kind: cells with a finding.
    found: [u64; KINDS.len()],
    /// And with one that is sure.
    sure: [u64; KINDS.len()],
    distinct: HashSet<u64, BuildHasherDefault<AsItIs>>,
    distinct_max: usize,
}

/// What is a hash already is not hashed again.
#[derive(Clone, Debug, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = hash(bytes);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// What one cell tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CellTold {
    /// A bit a kind: it has its shape as a whole.
    shapes: u32,
    /// And its check holds.
    checked: u32,
    /// A finding of it is in the cell.
    found: u32,
    /// And one that is sure.
    sure: u32,
    is_sentence: bool,
}

/// A letter and a digit of ASCII.
const LETTER: u8 = 1;
const DIGIT: u8 = 2;

/// Whether a byte is either: a bit each.
static SIGNS: [u8; 256] = {
    let (mut signs, mut byte) = ([0; 256], 0u8);
    while byte < 128 {
        let letter = if byte.is_ascii_alphabetic() { LETTER } else { 0 };
        signs[byte as usize] = letter | if byte.is_ascii_digit() { DIGIT } else { 0 };
        byte += 1;
    }
    signs
};

// A bit a kind.
const _: () = assert!(KINDS.len() <= 32);

/// How sure a finding must be to count as sure.
const SURE: f32 = 0.75;

impl ColumnTally {
    /// An empty one.
    pub fn new(cell_kind: CellKind) -> Self {
        ColumnTally { cell_kind, distinct_max: DISTINCT_MAX, ..ColumnTally::default() }
    }

    /// An empty one for a verdict and nothing else.
    pub fn for_verdict(cell_kind: CellKind) -> Self {
        ColumnTally { cell_kind, distinct_max: DISTINCT_JUDGED_MAX, ..ColumnTally::default() }
    }

    /// The same as if nothing of `kind` had been there.
    pub fn without(mut self, kind: Kind) -> Self {
        let at = kind as usize;
        (self.shapes[at], self.checked[at], self.found[at], self.sure[at]) = (0, 0, 0, 0);
        self
    }

    /// Cells that are not looked at any further.
    pub fn add_unlike(&mut self, cells: u64) {
        self.cells += cells;
    }

    /// Cells that have a kind's shape as a whole, those of them whose check holds, cells with a finding of it, and with a sure one.
    pub fn of(&self, kind: Kind) -> [u64; 4] {
        let at = kind as usize;
        [self.shapes[at], self.checked[at], self.found[at], self.sure[at]]
    }

    /// Different values; [`DISTINCT_MAX`] and no more.
    pub fn distinct(&self) -> usize {
        self.distinct.len()
    }

    /// Counts a NULL.
    pub fn add_null(&mut self) {
        self.nulls += 1;
    }

    /// Looks at a cell and counts it; its findings stay in `work`.
    pub fn add(&mut self, cell: &str, header: &Header, engine: &Engine, work: &mut Work) {
        let told = self.tell(cell, header, engine, work);
        self.add_told(cell, 1, &told);
    }

    /// Counts a cell by nothing but its shapes and their checks: of a number whose column's name says nothing of it no verdict asks for more.
    pub fn add_shapes(&mut self, cell: &str, engine: &Engine, work: &mut Work) {
        let told = told(cell, &[], true, engine, work);
        self.add_told(cell, 1, &told);
    }

    /// Looks at a cell of the column that `memo` calls `column` and counts it, where none like it was looked at before. Its findings are not kept,
    /// [`settle`](Self::settle) must follow, and what `memo` counts of one column must come together.
    pub fn add_once(
        &mut self,
        cell: &str,
        (column, header): (u32, &Header),
        engine: &Engine,
        work: &mut Work,
        memo: &mut Memo<CellTold>,
    ) {
        let asked = memo.ask(cell, 1, column);
        if let Asked::Known { .. } = asked {
            // As a value it was counted in the piece in which it was new.
            return self.add_known(cell, 1, false);
        }
        let told = self.tell(cell, header, engine, work);
        self.add_told(cell, 1, &told);
        if let Asked::New(new) = asked {
            memo.keep(new, told);
        }
    }

    /// Counts what the cells told that were known.
    pub fn settle(&mut self, memo: &mut Memo<CellTold>) {
        memo.settle(|told, cells| self.count(told, cells));
    }

    /// What a cell of the column tells; its findings stay in `work`.
    pub fn tell(&self, cell: &str, header: &Header, engine: &Engine, work: &mut Work) -> CellTold {
        let mut found = std::mem::take(&mut work.found);
        found.clear();
        // A number is only what its column's name says that it is.
        if self.cell_kind == CellKind::Text || self.cell_kind == CellKind::Number && header.speaks() {
            engine.find(cell, header, work, &mut found);
        }
        let told = match self.cell_kind {
            CellKind::Text | CellKind::Number => told(cell, &found, true, engine, work),
            // Any day may be one on which somebody was born; its column's name has to say so.
            CellKind::Date => CellTold { shapes: 1 << Kind::DateOfBirth as u32, ..CellTold::default() },
            CellKind::Other => CellTold::default(),
        };
        work.found = found;
        told
    }

    /// Counts so many cells that are alike, one of which was looked at, and what it told.
    pub fn add_told(&mut self, cell: &str, times: u64, told: &CellTold) {
        self.add_known(cell, times, true);
        self.count(told, times);
    }

    /// Counts so many cells whose like was looked at, all but what it told; `is_first` where its like was not met in this tally before.
    pub fn add_known(&mut self, cell: &str, times: u64, is_first: bool) {
        self.cells += times;
        self.bytes += times * cell.len() as u64;
        if is_first && self.distinct.len() < self.distinct_max {
            self.distinct.insert(hash(cell.as_bytes()));
        }
    }

    /// Counts what `cells` cells told.
    pub fn count(&mut self, told: &CellTold, cells: u64) {
        self.sentences += u64::from(told.is_sentence) * cells;
        for (counts, mut bits) in [
            (&mut self.shapes, told.shapes),
            (&mut self.checked, told.checked),
            (&mut self.found, told.found),
            (&mut self.sure, told.sure),
        ] {
            while bits != 0 {
                counts[bits.trailing_zeros() as usize] += cells;
                bits &= bits - 1;
            }
        }
    }

    /// Both together. What has no cells says nothing of their kind; of two kinds that counts of which more is looked at.
    pub fn and(mut self, other: ColumnTally) -> Self {
        self.cell_kind = match (self.cells, other.cells) {
            (0, 1..) => other.cell_kind,
            (1.., 0) => self.cell_kind,
            _ => self.cell_kind.min(other.cell_kind),
        };
        self.cells += other.cells;
        self.nulls += other.nulls;
        self.bytes += other.bytes;
        self.sentences += other.sentences;
        for (mine, theirs) in [
            (&mut self.shapes, &other.shapes),
            (&mut self.checked, &other.checked),
            (&mut self.found, &other.found),
            (&mut self.sure, &other.sure),
        ] {
            mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine += theirs);
        }
        self.distinct_max = self.distinct_max.max(other.distinct_max);
        let room = self.distinct_max.saturating_sub(self.distinct.len());
        self.distinct.extend(other.distinct.into_iter().take(room));
        self
    }
}

/// What a cell tells in which `found` was found, for less: only what might be a number with a check of its own is held against the
/// shapes once more.
pub fn told_of_found(cell: &str, found: &[Finding], engine: &Engine, work: &mut Work) -> CellTold {
    let trimmed = cell.trim();
    let is_number = trimmed.len() >= DIGITS_MIN && trimmed.bytes().all(|byte| b"0123456789 -".contains(&byte));
    told(cell, found, is_number, engine, work)
}

/// Which kinds a cell is as a whole, and which are in it; `all`: also those shapes that nobody would find in a text.
fn told(cell: &str, found: &[Finding], all: bool, engine: &Engine, work: &mut Work) -> CellTold {
    let trimmed = cell.trim();
    let mut told = CellTold::default();
    if all {
        engine.shapes(cell, work, &mut |row, holds| {
            let kind = RECOGNISERS[row].kind as usize;
            told.shapes |= 1 << kind;
            told.checked |= u32::from(holds) << kind;
        });
    }
    for finding in found {
        let (kind, length) = (1 << finding.kind as u32, finding.end - finding.start);
        told.found |= kind;
        if finding.score >= SURE {
            told.sure |= kind;
        }
        if length == trimmed.len() && finding.kind != Kind::PersonName {
            told.shapes |= kind;
            told.checked |= kind;
        }
        // Half an address is the street, the rest is the town.
        if finding.kind == Kind::Address && length * 3 >= trimmed.len() {
            told.checked |= kind;
        }
    }
    let (may_be_name, is_name) = engine.name(trimmed);
    let (mut signs, mut blanks) = (0, 0);
    for byte in trimmed.bytes() {
        signs |= SIGNS[usize::from(byte)];
        blanks += usize::from(byte == b' ');
    }
    if signs & LETTER != 0 && (signs & DIGIT != 0 || blanks > 0) {
        told.shapes |= 1 << Kind::Address as u32;
    }
    told.shapes |= u32::from(may_be_name) << Kind::PersonName as u32;
    told.checked |= u32::from(is_name) << Kind::PersonName as u32;
    if trimmed.len() >= 6 && blanks == 0 {
        told.shapes |= 1 << Kind::Credential as u32;
    }
    told.is_sentence = !may_be_name && blanks >= BLANKS_MIN;
    told
}

/// Whether a cell has as many words as a sentence.
pub fn may_be_sentence(cell: &str) -> bool {
    cell.bytes().filter(|byte| *byte == b' ').nth(BLANKS_MIN - 1).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privacy::columns::verdict;

    /// So many cells of a kind, as one file has them, each with one text.
    fn part(kind: CellKind, cell: &str, cells: u64) -> ColumnTally {
        let engine = Engine::shared().expect("an engine");
        let (mut part, mut work) = (ColumnTally::new(kind), engine.take_work());
        (0..cells).for_each(|_| part.add(cell, &Header::new("date_of_birth"), engine, &mut work));
        engine.give_back(work);
        part
    }

    #[test]
    fn parts_of_other_kinds_come_to_the_same_in_any_order() {
        let kinds = [CellKind::Text, CellKind::Number, CellKind::Date, CellKind::Other];
        for (one, two) in kinds.into_iter().flat_map(|one| kinds.map(|two| (one, two))) {
            let (empty, full) = (part(one, "", 0), part(two, "", 3));
            assert_eq!(empty.clone().and(full.clone()).cell_kind, two, "{one:?} without cells");
            assert_eq!(full.and(empty).cell_kind, two, "{one:?} without cells");
            let (one, two) = (part(one, "", 2), part(two, "", 3));
            let least = one.cell_kind.min(two.cell_kind);
            let (both, back) = (one.clone().and(two.clone()), two.and(one));
            assert_eq!((both.cell_kind, &both), (least, &back));
        }
    }

    #[test]
    fn a_column_is_of_the_same_kind_whichever_of_its_files_comes_first() {
        let nothing = part(CellKind::Other, "", 0);
        let days = part(CellKind::Date, "", 30);
        let texts = part(CellKind::Text, "n/a", 3);
        for parts in [[&nothing, &days, &texts], [&texts, &nothing, &days], [&days, &texts, &nothing]] {
            let all = parts.into_iter().cloned().reduce(ColumnTally::and).expect("parts");
            assert_eq!(verdict("date_of_birth", &all).kind, Some("date_of_birth"));
        }
    }

    proptest::proptest! {
        #[test]
        fn cells_that_come_again_count_as_if_each_was_looked_at(
            values in proptest::collection::vec((0..RECOGNISERS.len(), 0..9usize, "[ a-z0-9]{0,3}"), 1..40),
            order in proptest::collection::vec(0..40usize, 0..300),
            pieces in 1..80usize,
        ) {
            let value = |(row, which, tail): &(usize, usize, String)| {
                let row = &RECOGNISERS[*row];
                let of: Vec<_> = row.examples.iter().chain(row.counter_examples).chain(row.words).collect();
                format!("{}{tail}", of[which % of.len()])
            };
            let values: Vec<String> = values.iter().map(value).collect();
            let engine = Engine::shared().expect("an engine");
            let (mut work, mut memo) = (engine.take_work(), Memo::default());
            for (column, name) in ["note", "account number", "full_name"].iter().enumerate() {
                let header = Header::new(name);
                let (mut plain, mut told) = (ColumnTally::new(CellKind::Text), ColumnTally::new(CellKind::Text));
                for piece in order.chunks(pieces) {
                    let mut once = ColumnTally::new(CellKind::Text);
                    for cell in piece.iter().map(|at| &values[at % values.len()]) {
                        plain.add(cell, &header, engine, &mut work);
                        once.add_once(cell, (column as u32, &header), engine, &mut work, &mut memo);
                    }
                    once.settle(&mut memo);
                    told = told.and(once);
                }
                proptest::prop_assert_eq!(&told, &plain, "{}", name);
            }
            engine.give_back(work);
        }
    }
}
