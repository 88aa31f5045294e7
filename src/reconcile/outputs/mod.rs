//! What a comparison leaves behind: for the person who looks into it, for other runs, and to mend what differs.
//!
//! ```text
//! drift.rs    a row a differing key, a row a differing cell, the differing rows as they are
//! columns.rs  what each column is like on both sides          sketch.rs  how many different values it has
//! health.rs   what each partition of the stream is like       spread.rs  over which part of a range things lie
//! ledger.rs   fingerprints of buckets of keys                 prints.rs  rows and states -> sums; seal.rs: shown under a key
//! changes.rs  what brings the topic's state to the extract's, and the proof that it does
//! ```
//!
//! A bucket of keys at a time; lists are put aside and have a cap, and say how much there was. Pure. Never in here: where it goes.

mod changes;
mod columns;
mod drift;
mod health;
mod ledger;
mod prints;
mod seal;
mod sketch;
mod spread;
#[cfg(test)]
mod tests;

pub use changes::{CHANGES_MAX, ChangeFault};
pub use columns::{ColumnStats, is_readable};
pub use health::{PartitionHealth, PartitionKeys};
pub use ledger::LEDGER_BUCKETS;
pub use seal::{SECRET_BYTES, Seal};
pub use spread::Spread;

use super::compare::{CompareFault, Found, Terms};
use super::latest::Latest;
use crate::changes::StreamFacts;
use crate::data::scratch::ScratchFault;
use crate::format::spill::{Aside, Spill, compact};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Int64Type};
use drift::{Bucket, BucketPrints, DIFFERENCES_MAX, DRIFT_CELLS_MAX, DRIFT_ROWS_MAX};
use ledger::Buckets;
use prints::Prints;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A list of rows with a cap, put aside.
pub struct Listed {
    rows: Spill,
    rows_max: u64,
    found: u64,
}

impl Listed {
    fn new(aside: &Aside, rows_max: u64) -> Self {
        Listed { rows: Spill::new(aside), rows_max, found: 0 }
    }

    /// How many of `more` rows there is room for; all of them are counted.
    fn room(&mut self, more: u64) -> usize {
        self.found += more;
        more.min(self.rows_max.saturating_sub(self.rows.rows())) as usize
    }

    /// Adds rows that were taken out of a bucket; of its texts they keep their own.
    fn push(&mut self, rows: &RecordBatch) -> Result<(), CompareFault> {
        Ok(self.rows.push(compact(rows)?)?)
    }

    /// Rows in it.
    pub fn rows(&self) -> u64 {
        self.rows.rows()
    }

    /// Rows that there were.
    pub fn found(&self) -> u64 {
        self.found
    }

    /// Its rows, in order.
    pub fn iter(&self) -> impl Iterator<Item = Result<RecordBatch, ScratchFault>> {
        self.rows.iter()
    }
}

/// The change set of a comparison.
pub struct ChangeSet {
    /// Its images, in order.
    pub images: Listed,
    /// Keys that it changes.
    pub changes: u64,
    /// What is known of it.
    pub state: ChangeState,
}

/// What is known of a change set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeState {
    /// It was applied to the topic's state in this run, once and twice, and left nothing that differs.
    Proven,
    /// More keys differ than one may name.
    TooMany,
    /// It was applied and left something that differs: a fault of ours.
    Unproven,
}

/// What a comparison leaves behind.
pub struct Outputs {
    /// Differing rows as they are: the columns, then `side` and `differs`.
    pub differences: Listed,
    /// A row a differing key.
    pub drift_rows: Listed,
    /// A row a differing cell.
    pub drift_cells: Listed,
    /// The columns, in the order of the comparison.
    pub columns: Vec<ColumnStats>,
    /// Rows of `column_stats`.
    pub column_stats: RecordBatch,
    /// Rows of `fingerprints`.
    pub fingerprints: RecordBatch,
    /// Buckets of keys that differ.
    pub buckets_differing: u64,
    /// Each side as a whole.
    pub prints: [String; 2],
    /// The partitions of the stream.
    pub partitions: Vec<PartitionHealth>,
    /// Rows of `stream_health`.
    pub stream_health: RecordBatch,
    /// The first column of the key that has an order one can draw, and over which part of it rows differ.
    pub spread: Option<(String, Spread)>,
    /// Keys of which the stream does not tell everything, and that differ in nothing else.
    pub unknown_rows: u64,
    /// What brings the topic's state to the extract's.
    pub changes: ChangeSet,
}

/// Outputs on their way.
pub struct Gathering {
    seal: Seal,
    prints: Prints,
    differences: Listed,
    drift_rows: Listed,
    drift_cells: Listed,
    columns: Vec<ColumnStats>,
    buckets: [Buckets; 2],
    /// The topic's buckets once the changes are applied.
    after: Buckets,
    partitions: BTreeMap<u32, PartitionKeys>,
    spread: Option<(usize, Spread)>,
    unknown_rows: u64,
    changes: ChangeSet,
}

impl Gathering {
    /// Nothing yet.
    pub fn new(terms: &Terms, seal: &Seal, aside: &Aside) -> Self {
        let listed = |rows_max| Listed::new(aside, rows_max);
        let ordered = terms.key.iter().find(|place| has_order(&terms.columns[**place].column_type.arrow()));
        Gathering {
            seal: seal.clone(),
            prints: Prints::new(terms, seal.seed()),
            differences: listed(DIFFERENCES_MAX),
            drift_rows: listed(DRIFT_ROWS_MAX),
            drift_cells: listed(DRIFT_CELLS_MAX),
            columns: vec![ColumnStats::default(); terms.columns.len()],
            buckets: Default::default(),
            after: Buckets::default(),
            partitions: BTreeMap::new(),
            spread: ordered.map(|place| (*place, Spread::default())),
            unknown_rows: 0,
            changes: ChangeSet { images: listed(2 * CHANGES_MAX), changes: 0, state: ChangeState::Proven },
        }
    }

    /// Adds a bucket that was compared.
    pub fn add(
        &mut self,
        terms: &Terms,
        rows: &RecordBatch,
        latest: &Latest,
        found: &Found<'_>,
    ) -> Result<(), CompareFault> {
        let columns: [&[ArrayRef]; 2] = [rows.columns(), &latest.columns];
        let prints = BucketPrints {
            keys: [self.prints.keys(terms, columns[0])?, self.prints.keys(terms, columns[1])?],
            states: [
                self.prints.states(terms, columns[0], None)?,
                self.prints.states(terms, columns[1], Some(&latest.known))?,
            ],
        };
        let equals = match self.prints.are_alike() {
            true => prints.states.clone(),
            false => [
                self.prints.equals(terms, columns[0], None)?,
                self.prints.equals(terms, columns[1], Some(&latest.known))?,
            ],
        };
        let counted: [&[u32]; 2] = [&found.extract, &found.topic];
        for side in 0..2 {
            let (keys, states) = (of(&prints.keys[side], counted[side]), of(&equals[side], counted[side]));
            self.buckets[side].add(&keys, &states);
            if side == 1 {
                self.after.add(&keys, &states);
            }
        }
        self.stats(terms, columns, latest, counted)?;
        columns::add_pairs(&mut self.columns, found);
        self.places(columns, latest, found)?;
        self.unknown_rows += drift::unknown(found).len() as u64;
        drift::keep(&mut self.differences, terms, columns, found)?;
        drift::add_cells(&mut self.drift_cells, terms, columns, found)?;
        let converter = terms.converter()?;
        let keys =
            converter.convert_columns(&terms.key.iter().map(|at| columns[0][*at].clone()).collect::<Vec<_>>())?;
        let key = |row: u32| keys.row(row as usize).data().to_vec();
        let bucket = Bucket { columns, latest, found, prints };
        drift::add_rows(&mut self.drift_rows, terms, &bucket, &self.seal, &key)?;
        self.change(terms, &bucket, &equals)
    }

    fn stats(
        &mut self,
        terms: &Terms,
        columns: [&[ArrayRef]; 2],
        latest: &Latest,
        counted: [&[u32]; 2],
    ) -> Result<(), CompareFault> {
        let prints = &self.prints;
        self.columns.par_iter_mut().enumerate().try_for_each(|(place, stats)| {
            let rows = some(&columns[0][place], counted[0])?;
            stats.sides[0].add(terms, place, &rows, None, prints)?;
            let states = some(&columns[1][place], counted[1])?;
            let known: ArrayRef = Arc::new(latest.known[place].clone());
            let known = some(&known, counted[1])?;
            stats.sides[1].add(terms, place, &states, Some(known.as_boolean()), prints)
        })
    }

    /// Where the keys lie, and where those that differ: over the key's range, and over the partitions.
    fn places(&mut self, columns: [&[ArrayRef]; 2], latest: &Latest, found: &Found<'_>) -> Result<(), CompareFault> {
        let changed = found.changed.iter().map(|pair| *pair as usize);
        let changed: Vec<(u32, u32)> = changed.map(|pair| (found.ours.value(pair), found.theirs.value(pair))).collect();
        if let Some((place, spread)) = &mut self.spread {
            let whole = |side: usize| cast(&columns[side][*place], &DataType::Int64);
            let (rows, states) = (whole(0)?, whole(1)?);
            let (rows, states) = (rows.as_primitive::<Int64Type>(), states.as_primitive::<Int64Type>());
            let at = |cells: &arrow::array::Int64Array, place: u32| cells.value(place as usize);
            spread.add(found.extract.iter().map(|row| at(rows, *row)), false);
            spread.add(found.missing.values().iter().map(|state| at(states, *state)), false);
            let rows_differ = found.extra.values().iter().chain(changed.iter().map(|(row, _)| row));
            spread.add(rows_differ.map(|row| at(rows, *row)), true);
            spread.add(found.missing.values().iter().map(|state| at(states, *state)), true);
        }
        let mut by: BTreeMap<u32, [Vec<i64>; 2]> = BTreeMap::new();
        let mut put = |state: u32, which: usize| {
            let (partition, position) = (latest.partitions[state as usize], latest.positions[state as usize]);
            by.entry(partition).or_default()[which].push(position as i64);
        };
        found.topic.iter().for_each(|state| put(*state, 0));
        found.missing.values().iter().chain(changed.iter().map(|(_, state)| state)).for_each(|state| put(*state, 1));
        for (partition, [all, differing]) in by {
            let keys = self.partitions.entry(partition).or_default();
            keys.keys += all.len() as u64;
            keys.differing += differing.len() as u64;
            keys.places.add(all.into_iter(), false);
            keys.places.add(differing.into_iter(), true);
        }
        Ok(())
    }

    /// Adds the changes of a bucket, once they are proven.
    fn change(&mut self, terms: &Terms, bucket: &Bucket<'_>, equals: &[Vec<u128>; 2]) -> Result<(), CompareFault> {
        let Bucket { found, prints, .. } = bucket;
        if self.changes.state != ChangeState::Proven {
            return Ok(());
        }
        let unknown = drift::unknown(found);
        let more = found.missing.len() + found.extra.len() + found.changed.len() + unknown.len();
        if self.changes.changes + more as u64 > CHANGES_MAX {
            self.changes.state = ChangeState::TooMany;
            return Ok(());
        }
        let changes = changes::changes(terms, bucket, &self.seal, self.changes.changes)?;
        let Some(changes) = changes else { return Ok(()) };
        if !changes::proves(terms, &self.prints, bucket, &changes)? {
            self.changes.state = ChangeState::Unproven;
            return Ok(());
        }
        let pairs: Vec<usize> = found.changed.iter().chain(&unknown).map(|pair| *pair as usize).collect();
        let gone = found.missing.values().iter().copied().chain(pairs.iter().map(|pair| found.theirs.value(*pair)));
        let come = found.extra.values().iter().copied().chain(pairs.iter().map(|pair| found.ours.value(*pair)));
        let (gone, come): (Vec<u32>, Vec<u32>) = (gone.collect(), come.collect());
        self.after.take(&of(&prints.keys[1], &gone), &of(&equals[1], &gone));
        self.after.add(&of(&prints.keys[0], &come), &of(&equals[0], &come));
        self.changes.changes += more as u64;
        let room = self.changes.images.room(changes.num_rows() as u64);
        self.changes.images.push(&changes.slice(0, room))
    }

    /// All buckets were compared.
    pub fn finish(mut self, terms: &Terms, facts: &StreamFacts) -> Result<Outputs, CompareFault> {
        let [extract, topic] = &self.buckets;
        // The second road to the same: the buckets of the topic once changed are those of the extract.
        if self.changes.state == ChangeState::Proven && ledger::differing(extract, &self.after) > 0 {
            self.changes.state = ChangeState::Unproven;
        }
        let partitions = health::partitions(facts, &self.partitions);
        Ok(Outputs {
            differences: self.differences,
            drift_rows: self.drift_rows,
            drift_cells: self.drift_cells,
            column_stats: columns::rows(terms, &self.columns)?,
            columns: self.columns,
            fingerprints: ledger::rows(extract, topic, &self.seal)?,
            buckets_differing: ledger::differing(extract, topic),
            prints: [extract.whole(&self.seal), topic.whole(&self.seal)],
            stream_health: health::rows(&partitions)?,
            partitions,
            spread: self.spread.map(|(place, spread)| (terms.columns[place].name.to_string(), spread)),
            unknown_rows: self.unknown_rows,
            changes: self.changes,
        })
    }
}

/// Whether values of a type are whole numbers underneath, in their own order.
fn has_order(data_type: &DataType) -> bool {
    use DataType::{Date32, Int16, Int32, Int64, Timestamp};
    matches!(data_type, Int16 | Int32 | Int64 | Date32 | Timestamp(..))
}

fn of(sums: &[u128], places: &[u32]) -> Vec<u128> {
    places.iter().map(|place| sums[*place as usize]).collect()
}

/// Some cells of a column; without a copy where they are all of them.
fn some(cells: &ArrayRef, places: &[u32]) -> Result<ArrayRef, CompareFault> {
    if places.len() == cells.len() {
        return Ok(Arc::clone(cells));
    }
    Ok(take(cells, &UInt32Array::from(places.to_vec()), None)?)
}
