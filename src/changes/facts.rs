//! What a stream shows of itself while it is read: how much, how far, and whether it is sound.
//!
//! Never in here: what that means for a verdict.

use super::as_of::{AsOf, Means, Placed};
use super::cell::Untold;
use super::decode::Op;
use super::event::{Snapshot, Source};
use super::log::LogFacts;
use std::collections::{BTreeMap, BTreeSet};

/// Runs of offsets that a partition lacks, told one by one, at most.
const GAPS_MAX: usize = 16;

/// What is known of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamFacts {
    /// Events that count, and later ones.
    pub events: u64,
    /// Events after the extract's moment.
    pub later: u64,
    /// Events whose transaction could not be compared: the window of time decided.
    pub by_window: u64,
    /// Events that places in the log decided.
    pub by_log: u64,
    /// Tombstones.
    pub tombstones: u64,
    /// Truncations that count.
    pub truncates: u64,
    /// Truncations of which nobody can tell whether the extract shows them.
    pub truncates_in_flight: u64,
    /// The furthest place in the log of a truncation that counts.
    pub emptied_at: Option<u64>,
    /// Events that count and do not tell their place in the log.
    pub without_place: u64,
    /// What it shows of the database's log.
    pub log: LogFacts,
    /// Partition -> first and last position.
    pub offsets: BTreeMap<u32, (u64, u64)>,
    /// Partitions that hold an event after the extract's moment: what the extract shows has arrived in them, all of it.
    pub passed: BTreeSet<u32>,
    /// Column -> why some event that counts did not tell it.
    pub untold: BTreeMap<String, Untold>,
    /// The tables whose changes it holds, of writings that name them.
    pub tables: BTreeSet<String>,
    /// Partition -> its offsets, where records tell them.
    pub runs: BTreeMap<u32, Run>,
    /// Whether an offset that is not there is a record that is not there: the topic's cleanup policy is `delete`.
    pub is_every_offset_due: bool,
}

/// The offsets of a partition, in the order in which they were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The first that was read.
    first: u64,
    /// The largest so far.
    last: u64,
    /// Offsets between the first and the last that are not there, up to those that came later.
    pub lacking: u64,
    /// The first runs of them, from and to.
    pub gaps: Vec<(u64, u64)>,
    /// Records whose offset was not beyond all before: delivered, or dumped, again.
    pub again: u64,
}

impl Run {
    fn new(offset: u64) -> Self {
        Run { first: offset, last: offset, lacking: 0, gaps: Vec::new(), again: 0 }
    }

    fn gap(&mut self, from: u64, to: u64) {
        self.lacking += to - from + 1;
        if self.gaps.len() < GAPS_MAX {
            self.gaps.push((from, to));
        }
    }

    fn goes_on(&mut self, offset: u64) {
        if offset <= self.last {
            self.again += 1;
            return;
        }
        if offset > self.last + 1 {
            self.gap(self.last + 1, offset - 1);
        }
        self.last = offset;
    }

    /// Goes on with a run that was read by itself.
    fn add(&mut self, other: &Run) {
        self.again += other.again;
        if other.first > self.last {
            if other.first > self.last + 1 {
                self.gap(self.last + 1, other.first - 1);
            }
            self.lacking += other.lacking;
            self.gaps.extend(&other.gaps);
            self.gaps.truncate(GAPS_MAX);
        } else {
            // What overlaps was there before; how much of it nobody knows without every offset.
            let overlap = self.last.min(other.last) - other.first + 1;
            self.again += overlap.saturating_sub(other.lacking).max(1);
            let beyond = self.last;
            other.gaps.iter().filter(|(from, _)| *from > beyond).for_each(|(from, to)| self.gap(*from, *to));
        }
        self.last = self.last.max(other.last);
    }
}

impl StreamFacts {
    /// A record stands at that position, which is its offset where the layout keeps it.
    pub fn at(&mut self, partition: u32, position: u64, is_offset: bool) {
        let range = self.offsets.entry(partition).or_insert((position, position));
        *range = (range.0.min(position), range.1.max(position));
        if is_offset {
            match self.runs.get_mut(&partition) {
                Some(run) => run.goes_on(position),
                None => drop(self.runs.insert(partition, Run::new(position))),
            }
        }
    }

    /// Where an event stands to the extract; how that is known is counted. `at`: its partition and position.
    pub(super) fn placed(&mut self, as_of: &AsOf, at: (u32, u64), source: &Source) -> Placed {
        let (placed, means) = as_of.place(source);
        match means {
            Means::Transaction => {}
            Means::Log => self.by_log += 1,
            Means::Clock => self.by_window += 1,
        }
        if let (Means::Log, Some(commit)) = (means, source.last_commit) {
            let is_before = as_of.position.is_some_and(|position| commit < position);
            match placed {
                Placed::Later if is_before => self.log.committed(commit),
                Placed::Later => {}
                Placed::Shown | Placed::InFlight => self.log.shown(commit, at.0, at.1),
            }
        }
        placed
    }

    /// An event that counts does that, and tells this of the log.
    pub(super) fn counts(&mut self, op: Op, partition: u32, source: &Source, placed: Placed) {
        match source.lsn {
            Some(lsn) if source.snapshot == Snapshot::Whole => self.log.read(partition, lsn),
            Some(lsn) => self.log.changed(partition, lsn),
            None => self.without_place += 1,
        }
        if op == Op::Truncate {
            self.truncates += 1;
            self.truncates_in_flight += u64::from(placed == Placed::InFlight);
            self.emptied_at = self.emptied_at.max(source.lsn);
        }
    }

    /// Takes over what the block behind shows of the same topic.
    pub fn add(&mut self, other: &StreamFacts) {
        self.events += other.events;
        self.later += other.later;
        self.by_window += other.by_window;
        self.by_log += other.by_log;
        self.tombstones += other.tombstones;
        self.truncates += other.truncates;
        self.truncates_in_flight += other.truncates_in_flight;
        self.emptied_at = self.emptied_at.max(other.emptied_at);
        self.without_place += other.without_place;
        self.log.add(&other.log);
        self.passed.extend(&other.passed);
        self.tables.extend(other.tables.iter().cloned());
        self.is_every_offset_due |= other.is_every_offset_due;
        for (partition, (first, last)) in &other.offsets {
            let range = self.offsets.entry(*partition).or_insert((*first, *last));
            *range = (range.0.min(*first), range.1.max(*last));
        }
        for (column, untold) in &other.untold {
            self.untold.entry(column.clone()).or_insert(*untold);
        }
        for (partition, run) in &other.runs {
            match self.runs.get_mut(partition) {
                Some(known) => known.add(run),
                None => drop(self.runs.insert(*partition, run.clone())),
            }
        }
    }

    /// Where in the log the table was last emptied, where that alone tells which rows of several partitions were there before: a
    /// truncation locks the table, so every other change lies on one side of it.
    pub fn emptied_across(&self) -> Option<u64> {
        let is_ordered = self.without_place == 0 && !self.log.begins_anew();
        self.emptied_at.filter(|_| self.offsets.len() > 1 && is_ordered)
    }

    /// Offsets that are not there, in all partitions.
    pub fn lacking(&self) -> u64 {
        self.runs.values().map(|run| run.lacking).sum()
    }

    /// Records that were delivered, or dumped, again.
    pub fn again(&self) -> u64 {
        self.runs.values().map(|run| run.again).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn facts(offsets: &[u64]) -> StreamFacts {
        let mut facts = StreamFacts::default();
        offsets.iter().for_each(|offset| facts.at(3, *offset, true));
        facts
    }

    #[test]
    fn counts_what_is_lacking_and_what_came_again() {
        let read = facts(&[5, 6, 9, 9, 8, 10, 12]);
        let run = &read.runs[&3];
        assert_eq!((read.lacking(), read.again(), run.gaps.clone()), (3, 2, vec![(7, 8), (11, 11)]));
        assert_eq!(read.offsets[&3], (5, 12));
    }

    #[test]
    fn knows_nothing_of_gaps_where_no_record_tells_its_offset() {
        let mut facts = StreamFacts::default();
        facts.at(0, 1, false);
        facts.at(0, 7, false);
        assert_eq!((facts.lacking(), facts.runs.len()), (0, 0));
    }

    proptest! {
        #[test]
        fn is_the_same_however_a_run_is_cut(gaps in proptest::collection::vec(1u64..4, 1..40), cut in any::<prop::sample::Index>()) {
            let offsets: Vec<u64> = gaps.iter().scan(100, |at, gap| { *at += gap; Some(*at) }).collect();
            let (one, two) = offsets.split_at(cut.index(offsets.len()));
            let mut read = facts(one);
            read.add(&facts(two));
            prop_assert_eq!(read, facts(&offsets));
        }
    }
}
