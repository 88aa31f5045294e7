//! What each partition of the stream is like: how far it reaches, what of it is lacking, and how much of the drift is in it.

use super::super::compare::CompareFault;
use super::spread::Spread;
use crate::changes::StreamFacts;
use arrow::array::{ArrayRef, BooleanArray, Int32Array, Int64Array, RecordBatch, StringViewArray};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The keys of a partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionKeys {
    /// Keys that are there.
    pub keys: u64,
    /// Of them, those that the extract lacks or has otherwise.
    pub differing: u64,
    /// Where in the partition their last events stand.
    pub places: Spread,
}

/// A partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionHealth {
    /// Its number.
    pub partition: u32,
    /// First and last position that was read.
    pub range: (u64, u64),
    /// Offsets that are not there; `None` where the layout keeps none.
    pub lacking: Option<u64>,
    /// The first runs of them, from and to.
    pub gaps: Vec<(u64, u64)>,
    /// Records that came again.
    pub again: Option<u64>,
    /// Whether it holds something later than the extract.
    pub is_passed: bool,
    /// Its keys.
    pub keys: PartitionKeys,
}

/// Every partition, in order.
pub fn partitions(facts: &StreamFacts, keys: &BTreeMap<u32, PartitionKeys>) -> Vec<PartitionHealth> {
    let ranges: BTreeMap<u32, (u64, u64)> =
        facts.offsets.iter().map(|(partition, range)| (*partition, *range)).collect();
    let health = ranges.into_iter().map(|(partition, range)| {
        let run = facts.runs.get(&partition);
        PartitionHealth {
            partition,
            range,
            lacking: run.map(|run| run.lacking),
            gaps: run.map(|run| run.gaps.clone()).unwrap_or_default(),
            again: run.map(|run| run.again),
            is_passed: facts.passed.contains(&partition),
            keys: keys.get(&partition).cloned().unwrap_or_default(),
        }
    });
    health.collect()
}

/// A row a partition: `partition`, `first_position`, `last_position`, `lacking_offsets`, `gaps` (`3-6, 9-9`), `came_again`,
/// `is_passed`, `keys`, `differing`.
pub fn rows(partitions: &[PartitionHealth]) -> Result<RecordBatch, CompareFault> {
    let number = |of: &dyn Fn(&PartitionHealth) -> Option<u64>| -> ArrayRef {
        Arc::new(partitions.iter().map(|partition| of(partition).map(|n| n as i64)).collect::<Int64Array>())
    };
    let gaps = partitions.iter().map(|partition| {
        let gaps = partition.gaps.iter().map(|(from, to)| format!("{from}-{to}")).collect::<Vec<_>>();
        (!gaps.is_empty()).then(|| gaps.join(", "))
    });
    let columns: [(&str, ArrayRef); 9] = [
        ("partition", Arc::new(Int32Array::from_iter_values(partitions.iter().map(|p| p.partition as i32)))),
        ("first_position", number(&|partition| Some(partition.range.0))),
        ("last_position", number(&|partition| Some(partition.range.1))),
        ("lacking_offsets", number(&|partition| partition.lacking)),
        ("gaps", Arc::new(gaps.collect::<StringViewArray>())),
        ("came_again", number(&|partition| partition.again)),
        ("is_passed", Arc::new(partitions.iter().map(|p| Some(p.is_passed)).collect::<BooleanArray>())),
        ("keys", number(&|partition| Some(partition.keys.keys))),
        ("differing", number(&|partition| Some(partition.keys.differing))),
    ];
    Ok(RecordBatch::try_from_iter_with_nullable(columns.map(|(name, cells)| (name, cells, true)))?)
}
