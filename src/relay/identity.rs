//! Whether a topic is still the one that was landed: the last records of its chain, read once more.
//!
//! A topic that was deleted and made again has its name and may be longer than what was landed of it. Each object says of its last
//! records when they were written, and where it keeps values as they are also what they hash to; a hash of what was treated would
//! let who sees the dump guess at it. Records that compaction or age took away tell nothing, and are no fault.
//!
//! Never in here: where records are landed.

use super::cluster::{Cluster, Queue};
use super::fault::{Meant, RelayFault, answer, meant};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMillisecondType};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Records at the end of an object that tell whose it is.
const WITNESSES: usize = 8;
/// Bytes of their hashes.
const HASH_BYTES: usize = 16;
/// How long is slept where nothing came.
const IDLE: Duration = Duration::from_millis(2);

/// A record that was landed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    offset: i64,
    /// When it was written, milliseconds since 1970.
    time: Option<i64>,
    /// Of its key and value, where the dump has both as they came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hash: Option<String>,
}

/// A partition and what is known of it.
#[derive(Clone, Debug)]
pub struct Known {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// Its first offset in the cluster.
    pub low: i64,
    /// The offset behind its chain.
    pub next: i64,
    /// The last records of its chain, in order.
    pub witnesses: Vec<Witness>,
}

/// The last of `records`, as they came; with hashes only where `is_kept`.
pub fn witnesses(records: &RecordBatch, is_kept: bool) -> Vec<Witness> {
    let offsets = records.column(0).as_primitive::<Int64Type>();
    let times = records.column(1).as_primitive::<TimestampMillisecondType>();
    let (keys, values) = (records.column(2).as_binary_view(), records.column(3).as_binary_view());
    let rows = records.num_rows();
    let witness = |row: usize| Witness {
        offset: offsets.value(row),
        time: times.is_valid(row).then(|| times.value(row)),
        hash: is_kept.then(|| {
            hash(keys.is_valid(row).then(|| keys.value(row)), values.is_valid(row).then(|| values.value(row)))
        }),
    };
    (rows.saturating_sub(WITNESSES)..rows).map(witness).collect()
}

fn hash(key: Option<&[u8]>, value: Option<&[u8]>) -> String {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    for part in [key, value] {
        let length = part.map_or(-1, |part| i64::try_from(part.len()).unwrap_or(i64::MAX));
        context.update(&length.to_be_bytes());
        context.update(part.unwrap_or_default());
    }
    context.finish().as_ref()[..HASH_BYTES].iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Known {
    /// Where its witnesses are read from; none where the cluster has none of them any more.
    pub fn from(&self) -> Option<i64> {
        let (first, last) = (self.witnesses.first()?.offset, self.witnesses.last()?.offset);
        (self.low <= last).then(|| first.max(self.low))
    }

    /// Whether the record at `offset` may be one that was landed.
    fn is_same(&self, offset: i64, time: Option<i64>, key: Option<&[u8]>, value: Option<&[u8]>) -> bool {
        // Where the chain has none, there was none that could be read: nothing puts one there later.
        let Some(witness) = self.witnesses.iter().find(|witness| witness.offset == offset) else { return false };
        witness.time == time && witness.hash.as_ref().is_none_or(|landed| *landed == hash(key, value))
    }
}

/// Reads the witnesses of partitions, of which each has some; refuses a topic that has others. Blocks; `is_over` ends it.
pub fn confirm(cluster: &Cluster, all: &[Known], queue_bytes: usize, is_over: &AtomicBool) -> Result<(), RelayFault> {
    let places: Vec<(&str, i32, i64)> =
        all.iter().filter_map(|known| Some((known.topic.as_str(), known.partition, known.from()?))).collect();
    let (reader, queues) = cluster.reader(&places, queue_bytes)?;
    let mut open: Vec<(&Known, Queue)> = all.iter().filter(|known| known.from().is_some()).zip(queues).collect();
    let mut quiet_since = Instant::now();
    while !open.is_empty() && !is_over.load(Ordering::SeqCst) {
        // Errors of the whole cluster are heard below.
        while reader.poll(Duration::ZERO).is_some() {}
        cluster.attend();
        if let Some(fault) = cluster.heard(&reader, "reading") {
            return Err(fault);
        }
        let before = open.len();
        let mut fault = None;
        open.retain(|(known, queue)| match confirmed(cluster, known, queue) {
            Ok(is_done) => !is_done,
            Err(found) => {
                fault.get_or_insert(found);
                false
            }
        });
        if let Some(fault) = fault {
            return Err(fault);
        }
        if open.len() < before {
            quiet_since = Instant::now();
        } else {
            std::thread::sleep(IDLE);
        }
        if let Some((known, _)) = open.first().filter(|_| quiet_since.elapsed() >= cluster.patience()) {
            // Whoever answers is there, and slow.
            cluster.stretch(&known.topic, known.partition)?;
            quiet_since = Instant::now();
        }
    }
    Ok(())
}

/// Whether nothing more of a partition has to be asked.
fn confirmed(cluster: &Cluster, known: &Known, queue: &Queue) -> Result<bool, RelayFault> {
    let last = known.witnesses.last().map_or(i64::MIN, |witness| witness.offset);
    loop {
        match queue.poll(Duration::ZERO) {
            None => return Ok(false),
            Some(Ok(message)) if message.offset() >= known.next => return Ok(true),
            Some(Ok(message)) => {
                let (offset, time) = (message.offset(), message.timestamp().to_millis());
                if !known.is_same(offset, time, message.key(), message.payload()) {
                    return Err(RelayFault::Anew { topic: known.topic.clone(), partition: known.partition, offset });
                }
                if offset >= last {
                    return Ok(true);
                }
            }
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(true),
            Some(Err(error)) => match answer(&error).map(meant) {
                None | Some(Meant::Passing) => return Ok(false),
                // Told where the partition is read on.
                Some(Meant::OutOfRange | Meant::Harmed) => return Ok(true),
                Some(Meant::NotThere) => {
                    return Err(RelayFault::NoTopic { from: cluster.from().clone(), topic: known.topic.clone() });
                }
                Some(Meant::Refused | Meant::Tls) => {
                    let during = format!("reading partition {} of `{}`", known.partition, known.topic);
                    return Err(cluster.fault(&error, during));
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, BinaryViewArray, Int64Array, TimestampMillisecondArray};
    use std::sync::Arc;

    fn records() -> RecordBatch {
        let times = TimestampMillisecondArray::from((0..20).map(|row| (row != 19).then_some(row)).collect::<Vec<_>>());
        let columns: [(&str, ArrayRef, bool); 4] = [
            ("offset", Arc::new(Int64Array::from_iter_values((0..20).map(|row| row * 2))), false),
            ("timestamp", Arc::new(times), true),
            ("key", Arc::new(BinaryViewArray::from_iter(std::iter::repeat_n(Some(b"k"), 20))), true),
            ("value", Arc::new(BinaryViewArray::from_iter((0..20).map(|row| (row != 18).then_some(b"v")))), true),
        ];
        RecordBatch::try_from_iter_with_nullable(columns).expect("records")
    }

    fn known(is_kept: bool) -> Known {
        Known { topic: "t".into(), partition: 0, low: 0, next: 40, witnesses: witnesses(&records(), is_kept) }
    }

    #[test]
    fn knows_its_own_last_records_and_no_others() {
        let kept = known(true);
        assert_eq!((kept.witnesses.len(), kept.from()), (8, Some(24)));
        assert!(kept.is_same(34, Some(17), Some(b"k"), Some(b"v")));
        assert!(kept.is_same(36, Some(18), Some(b"k"), None));
        assert!(kept.is_same(38, None, Some(b"k"), Some(b"v")));
        for (offset, time, key, value) in [
            (34, Some(16), Some(b"k".as_slice()), Some(b"v".as_slice())),
            (34, Some(17), Some(b"k"), Some(b"w")),
            (34, Some(17), Some(b"kv"), Some(b"")),
            (34, Some(17), Some(b"k"), None),
            (36, Some(18), Some(b"k"), Some(b"")),
            // Nothing stood there.
            (35, Some(17), Some(b"k"), Some(b"v")),
        ] {
            assert!(!kept.is_same(offset, time, key, value), "{offset} {time:?}");
        }
    }

    #[test]
    fn says_of_treated_records_nothing_but_when_they_were_written() {
        let treated = known(false);
        assert!(!serde_json::to_string(&treated.witnesses).expect("JSON").contains("hash"));
        assert!(treated.is_same(34, Some(17), None, Some(b"another")));
        assert!(!treated.is_same(34, Some(16), None, Some(b"another")));
    }

    #[test]
    fn asks_for_no_record_that_the_cluster_no_longer_has() {
        let mut aged = known(true);
        aged.low = 30;
        assert_eq!(aged.from(), Some(30));
        aged.low = 39;
        assert_eq!(aged.from(), None);
        aged.witnesses.clear();
        assert_eq!(aged.from(), None);
    }
}
