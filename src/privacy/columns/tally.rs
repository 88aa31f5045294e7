//! Cells of one column, one by one -> counts of shapes, checks, findings and different values.

use crate::privacy::engine::{Engine, Finding, Header, Work};
use crate::privacy::recognise::{KINDS, Kind, RECOGNISERS};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Different values that are counted, at most.
const DISTINCT_MAX: usize = 10_000;
/// The same where nothing but the verdict is wanted: it asks for twenty at most.
const DISTINCT_JUDGED_MAX: usize = 32;

/// Digits of the shortest number whose check alone makes a column one of people's.
const DIGITS_MIN: usize = 10;

/// Blanks of a cell that is a sentence.
const BLANKS_MIN: usize = 3;

/// What cells of a column are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CellKind {
    /// Text.
    #[default]
    Text,
    /// Whole numbers, as text.
    Number,
    /// Days.
    Date,
    /// Anything else: fractions, moments, truth values.
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
#[derive(Clone, Debug, Default)]
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
    distinct: HashSet<u64>,
    distinct_max: usize,
}

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
        self.add_one(cell);
        let mut found = std::mem::take(&mut work.found);
        found.clear();
        // A number is only what its column's name says that it is.
        if self.cell_kind == CellKind::Text || self.cell_kind == CellKind::Number && header.speaks() {
            engine.find(cell, header, work, &mut found);
        }
        if matches!(self.cell_kind, CellKind::Text | CellKind::Number) {
            self.shape(cell, &found, true, engine, work);
        }
        self.add_findings(&found);
        work.found = found;
    }

    /// Counts a cell that was looked at already, `found` being what is in it. For less: only what might be a number with a check
    /// of its own is held against the shapes once more.
    ///
    /// Gives what is to be known of a cell like it, to count it again by [`add_harmless`](Self::add_harmless): whether it may be a name;
    /// nothing where it is more than that.
    pub fn add_found(&mut self, cell: &str, found: &[Finding], engine: &Engine, work: &mut Work) -> Option<WholeName> {
        self.add_one(cell);
        let trimmed = cell.trim();
        let is_number = trimmed.len() >= DIGITS_MIN && trimmed.bytes().all(|byte| b"0123456789 -".contains(&byte));
        let name = self.shape(cell, found, is_number, engine, work);
        self.add_findings(found);
        (found.is_empty() && !is_number).then_some(name)
    }

    /// Counts a cell like one that was looked at before, and in which nothing was found.
    pub fn add_harmless(&mut self, cell: &str, name: WholeName) {
        self.add_one(cell);
        self.add_shapes(cell.trim(), name, 0, 0);
    }

    fn add_one(&mut self, cell: &str) {
        self.cells += 1;
        self.bytes += cell.len() as u64;
        if self.distinct.len() < self.distinct_max {
            let mut hasher = DefaultHasher::new();
            cell.hash(&mut hasher);
            self.distinct.insert(hasher.finish());
        }
    }

    fn add_findings(&mut self, found: &[Finding]) {
        let mut seen = 0u64;
        for finding in found {
            let at = finding.kind as usize;
            if seen >> at & 1 == 0 {
                self.found[at] += 1;
                seen |= 1 << at;
            }
            if finding.score >= SURE && seen >> (at + 32) & 1 == 0 {
                self.sure[at] += 1;
                seen |= 1 << (at + 32);
            }
        }
    }

    /// Which kinds the cell is as a whole; `all`: also those that nobody would find in a text.
    fn shape(&mut self, cell: &str, found: &[Finding], all: bool, engine: &Engine, work: &mut Work) -> WholeName {
        let trimmed = cell.trim();
        let (mut shapes, mut checked) = (0u64, 0u64);
        if all {
            engine.shapes(cell, work, &mut |row, holds| {
                let kind = RECOGNISERS[row].kind as usize;
                shapes |= 1 << kind;
                checked |= u64::from(holds) << kind;
            });
        }
        let is_whole = |finding: &Finding| finding.end - finding.start == trimmed.len();
        for finding in found.iter().filter(|finding| is_whole(finding)) {
            if finding.kind != Kind::PersonName {
                shapes |= 1 << finding.kind as usize;
                checked |= 1 << finding.kind as usize;
            }
        }
        // Half an address is the street, the rest is the town.
        let is_address = found
            .iter()
            .any(|finding| finding.kind == Kind::Address && (finding.end - finding.start) * 3 >= trimmed.len());
        checked |= u64::from(is_address) << Kind::Address as usize;
        let (may_be, is_one) = engine.name(trimmed);
        let name = WholeName { may_be, is_one };
        self.add_shapes(trimmed, name, shapes, checked);
        name
    }

    /// Counts a cell's shapes, with those that its bytes alone tell.
    fn add_shapes(&mut self, trimmed: &str, name: WholeName, mut shapes: u64, mut checked: u64) {
        let (mut has_letters, mut has_number, mut blanks) = (false, false, 0);
        for byte in trimmed.bytes() {
            has_letters |= byte.is_ascii_alphabetic();
            has_number |= byte.is_ascii_digit();
            blanks += usize::from(byte == b' ');
        }
        if has_letters && (has_number || blanks > 0) {
            shapes |= 1 << Kind::Address as usize;
        }
        shapes |= u64::from(name.may_be) << Kind::PersonName as usize;
        checked |= u64::from(name.is_one) << Kind::PersonName as usize;
        if trimmed.len() >= 6 && blanks == 0 {
            shapes |= 1 << Kind::Credential as usize;
        }
        self.sentences += u64::from(!name.may_be && blanks >= BLANKS_MIN);
        for (counts, mut bits) in [(&mut self.shapes, shapes), (&mut self.checked, checked)] {
            while bits != 0 {
                counts[bits.trailing_zeros() as usize] += 1;
                bits &= bits - 1;
            }
        }
    }

    /// Both together.
    pub fn and(mut self, other: ColumnTally) -> Self {
        if other.cell_kind == CellKind::Text {
            self.cell_kind = CellKind::Text;
        }
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

/// Whether a whole cell may be a person's name, and whether the lists have it as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WholeName {
    /// It may be.
    pub may_be: bool,
    /// It is.
    pub is_one: bool,
}

/// Whether a cell has as many words as a sentence.
pub fn may_be_sentence(cell: &str) -> bool {
    cell.bytes().filter(|byte| *byte == b' ').nth(BLANKS_MIN - 1).is_some()
}
