//! Totals that everybody knows -> those that would tell a hidden group, and the group that is hidden with it.
//!
//! Groups are put aside in buckets by their totals, and what goes with them in buckets by its groups: memory holds one bucket at a
//! time, however many totals there are.
//!
//! Never in here: which groups are small (`small_cells`).

use super::risk::{Written, in_buckets};
use super::small_cells::{BUCKETS, SmallCellsFault};
use crate::format::spill::{Aside, Spill};
use arrow::array::{ArrayRef, AsArray, BinaryArray, BooleanArray, RecordBatch, UInt64Array};
use arrow::compute::take;
use arrow::datatypes::UInt64Type;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Groups that are put aside at once, at most.
const GROUPS_MAX: usize = 1 << 16;

/// A group of which all rows have been seen.
pub struct Counted {
    /// Its values, and those of the total it is in.
    pub group: Written,
    pub total: Written,
    /// Its people, and whether that is all of them.
    pub people: u64,
    pub is_certain: bool,
    /// Whether it is hidden.
    pub is_small: bool,
}

/// The totals of groups.
pub struct Totals {
    under: u64,
    aside: Aside,
    /// By total.
    buckets: Vec<Spill>,
}

/// Groups that go with hidden ones.
pub struct Beside {
    /// By group, in the buckets that groups are in.
    buckets: Vec<Spill>,
    /// How many they are.
    pub groups: u64,
    /// Totals that tell a hidden group all the same: nobody else is in them.
    pub open_totals: u64,
}

/// A total: of its groups the hidden ones, their people, and the one that would go with them.
#[derive(Default)]
struct Total {
    small: u64,
    /// Of them, those of which all is known.
    sure: u64,
    people: u64,
    next: Option<(u64, Written)>,
}

impl Total {
    fn add(&mut self, group: &[u8], people: u64, is_certain: bool, is_small: bool) {
        if is_small {
            self.small += 1;
            self.sure += u64::from(is_certain);
            self.people = self.people.saturating_add(people);
        } else if people > 0 && self.next.as_ref().is_none_or(|(fewest, name)| (people, group) < (*fewest, &**name)) {
            self.next = Some((people, group.into()));
        }
    }

    /// Whether it tells what is hidden.
    fn tells(&self, under: u64) -> bool {
        // Whoever knows that each has somebody in it knows that no one has more than the sum less the others.
        let others = self.sure.saturating_sub(1);
        self.small > 0 && (self.small < 2 || self.people < under.saturating_add(others))
    }
}

impl Totals {
    /// Of no groups yet.
    pub fn new(under: u64, aside: &Aside) -> Self {
        Totals { under, aside: aside.clone(), buckets: spills(aside) }
    }

    /// Adds groups.
    pub fn add(&mut self, groups: impl Iterator<Item = Counted>) -> Result<(), SmallCellsFault> {
        let mut groups = groups.peekable();
        while groups.peek().is_some() {
            let some: Vec<Counted> = groups.by_ref().take(GROUPS_MAX).collect();
            let totals = BinaryArray::from_iter_values(some.iter().map(|group| &group.total));
            let names: ArrayRef = Arc::new(BinaryArray::from_iter_values(some.iter().map(|group| &group.group)));
            let people: ArrayRef = Arc::new(UInt64Array::from_iter_values(some.iter().map(|group| group.people)));
            let truths = |truth: fn(&Counted) -> bool| -> ArrayRef {
                Arc::new(some.iter().map(|group| Some(truth(group))).collect::<BooleanArray>())
            };
            let (certain, small) = (truths(|group| group.is_certain), truths(|group| group.is_small));
            for (bucket, places) in in_buckets(&totals, self.buckets.len()) {
                let cells = [
                    ("total", take(&totals, &places, None)?),
                    ("group", take(&names, &places, None)?),
                    ("people", take(&people, &places, None)?),
                    ("certain", take(&certain, &places, None)?),
                    ("small", take(&small, &places, None)?),
                ];
                self.buckets[bucket].push(RecordBatch::try_from_iter(cells)?)?;
            }
        }
        Ok(())
    }

    /// Decides which groups go with the hidden ones.
    pub fn decide(self) -> Result<Beside, SmallCellsFault> {
        let mut beside = Beside { buckets: spills(&self.aside), groups: 0, open_totals: 0 };
        for bucket in self.buckets {
            let totals = totals_of(&bucket)?;
            let telling = totals.into_values().filter(|total| total.tells(self.under)).map(|total| total.next);
            let (with, without): (Vec<_>, Vec<_>) = telling.partition(Option::is_some);
            beside.open_totals += without.len() as u64;
            beside.groups += with.len() as u64;
            for some in with.chunks(GROUPS_MAX) {
                let names = BinaryArray::from_iter_values(some.iter().flatten().map(|(_, name)| name));
                for (bucket, places) in in_buckets(&names, BUCKETS) {
                    let names = RecordBatch::try_from_iter([("group", take(&names, &places, None)?)])?;
                    beside.buckets[bucket].push(names)?;
                }
            }
        }
        Ok(beside)
    }
}

/// The totals of one bucket.
fn totals_of(bucket: &Spill) -> Result<HashMap<Written, Total>, SmallCellsFault> {
    let mut totals: HashMap<Written, Total> = HashMap::new();
    for rows in bucket.iter() {
        let rows = rows?;
        let shape = || SmallCellsFault::Shape;
        let text = |place: usize| rows.column(place).as_binary_opt::<i32>().ok_or_else(shape);
        let truth = |place: usize| rows.column(place).as_boolean_opt().ok_or_else(shape);
        let (total, group, certain, small) = (text(0)?, text(1)?, truth(3)?, truth(4)?);
        let people = rows.column(2).as_primitive_opt::<UInt64Type>().ok_or_else(shape)?;
        for row in 0..rows.num_rows() {
            if !totals.contains_key(total.value(row)) {
                totals.insert(total.value(row).into(), Total::default());
            }
            if let Some(of) = totals.get_mut(total.value(row)) {
                of.add(group.value(row), people.value(row), certain.value(row), small.value(row));
            }
        }
    }
    Ok(totals)
}

impl Beside {
    /// Those of one bucket of groups.
    pub fn of(&self, bucket: usize) -> Result<HashSet<Written>, SmallCellsFault> {
        let mut names = HashSet::new();
        for rows in self.buckets[bucket].iter() {
            let rows = rows?;
            let cells = rows.column(0).as_binary_opt::<i32>().ok_or(SmallCellsFault::Shape)?;
            names.extend(cells.iter().flatten().map(Written::from));
        }
        Ok(names)
    }
}

fn spills(aside: &Aside) -> Vec<Spill> {
    (0..BUCKETS).map(|_| Spill::new(aside)).collect()
}
