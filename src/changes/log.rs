//! What a stream shows of the database's log: the last commit that the extract certainly shows, and whether the log began anew.
//!
//! Never in here: what that means for a verdict.

use std::collections::BTreeMap;

/// Of a whole stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFacts {
    /// Of the events that are shown as far as the log tells, those behind the last commit before the extract's position: their
    /// own commit is not proven.
    last: Option<Last>,
    /// Partition -> how far its log came.
    partitions: BTreeMap<u32, Reach>,
}

/// Events of one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Last {
    /// Where the commit before it lies.
    commit: u64,
    /// Partition -> its first and last position.
    at: BTreeMap<u32, (u64, u64)>,
}

/// How far a partition's log came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Reach {
    /// The furthest place of a change.
    changed: u64,
    /// The nearest place of a row that a snapshot of the whole table read.
    read: Option<u64>,
    /// Whether such a snapshot stood before a change that came earlier.
    fell: bool,
}

impl LogFacts {
    /// An event that the log shows to have come before the extract, or to be of the transaction behind the last commit.
    pub fn shown(&mut self, commit: u64, partition: u32, position: u64) {
        let one = Last { commit, at: BTreeMap::from([(partition, (position, position))]) };
        self.last(&one);
    }

    /// A commit there, before the extract's position, which a later event tells.
    pub fn committed(&mut self, commit: u64) {
        self.last(&Last { commit, at: BTreeMap::new() });
    }

    /// A change at that place.
    pub fn changed(&mut self, partition: u32, lsn: u64) {
        let reach = self.partitions.entry(partition).or_default();
        reach.changed = reach.changed.max(lsn);
    }

    /// A row that a snapshot of the whole table read at that place.
    pub fn read(&mut self, partition: u32, lsn: u64) {
        let reach = self.partitions.entry(partition).or_default();
        reach.fell |= lsn < reach.changed;
        reach.read = Some(reach.read.map_or(lsn, |read| read.min(lsn)));
    }

    /// Takes over what the block behind shows.
    pub fn add(&mut self, other: &LogFacts) {
        if let Some(last) = &other.last {
            self.last(last);
        }
        for (partition, behind) in &other.partitions {
            let reach = self.partitions.entry(*partition).or_default();
            reach.fell |= behind.fell || behind.read.is_some_and(|read| read < reach.changed);
            reach.changed = reach.changed.max(behind.changed);
            reach.read = reach.read.into_iter().chain(behind.read).min();
        }
    }

    fn last(&mut self, other: &Last) {
        match &mut self.last {
            Some(last) if last.commit > other.commit => {}
            Some(last) if last.commit == other.commit => {
                for (partition, (first, end)) in &other.at {
                    let range = last.at.entry(*partition).or_insert((*first, *end));
                    *range = (range.0.min(*first), range.1.max(*end));
                }
            }
            last => *last = Some(other.clone()),
        }
    }

    /// Whether the event there is of the transaction whose commit nothing proves.
    pub fn is_unproven(&self, partition: u32, position: u64) -> bool {
        let range = self.last.as_ref().and_then(|last| last.at.get(&partition));
        range.is_some_and(|(first, end)| (*first..=*end).contains(&position))
    }

    /// Whether places before and behind are those of different logs: the database was made anew, and read as a whole.
    pub fn begins_anew(&self) -> bool {
        self.partitions.values().any(|reach| reach.fell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_one_transaction_whose_commit_nothing_proves() {
        let mut facts = LogFacts::default();
        facts.shown(10, 0, 1);
        facts.shown(20, 0, 2);
        let mut behind = LogFacts::default();
        behind.shown(20, 0, 3);
        behind.shown(20, 1, 7);
        facts.add(&behind);
        let mut earlier = LogFacts::default();
        earlier.shown(10, 1, 8);
        facts.add(&earlier);
        let unproven = |partition: u32| (0..10).filter(|at| facts.is_unproven(partition, *at)).collect::<Vec<_>>();
        assert_eq!((unproven(0), unproven(1), unproven(2)), (vec![2, 3], vec![7], vec![]));
        facts.committed(15);
        assert!(facts.is_unproven(0, 2));
        facts.committed(25);
        assert!(!facts.is_unproven(0, 2) && !facts.is_unproven(1, 7));
    }

    #[test]
    fn sees_a_log_that_began_anew_wherever_the_stream_is_cut() {
        let events = [(true, 5), (false, 9), (false, 7), (true, 6), (false, 8)];
        let of = |events: &[(bool, u64)]| {
            let mut facts = LogFacts::default();
            for (is_read, lsn) in events {
                if *is_read { facts.read(0, *lsn) } else { facts.changed(0, *lsn) }
            }
            facts
        };
        for cut in 0..=events.len() {
            let mut facts = of(&events[..cut]);
            facts.add(&of(&events[cut..]));
            assert_eq!(facts, of(&events), "{cut}");
            assert!(facts.begins_anew());
        }
        assert!(!of(&events[..3]).begins_anew());
    }
}
