//! Every record of a topic, from its beginning to where it ends now, partition by partition: for who looks for something in it. Nothing
//! is landed.
//!
//! Never in here: what is looked for.

use super::cluster::{Cluster, Queue, Reader, Stretch};
use super::fault::{Meant, RelayFault, answer, meant};
use super::over::Over;
use super::settings::partitions_at_once;
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Records that are taken of one partition before the next has its turn.
const TURN_RECORDS: usize = 1_024;
/// How long is slept where nothing came.
const IDLE: Duration = Duration::from_millis(2);

/// A topic that is read.
pub struct Whole<'a> {
    /// Where.
    pub cluster: &'a Cluster,
    /// Its name.
    pub topic: &'a str,
    /// Bytes that are fetched ahead, over all partitions.
    pub queue_bytes: usize,
    /// Ends it once it is raised.
    pub is_over: &'a AtomicBool,
}

/// Who gets each record.
pub type Takes<'a> = dyn FnMut(&BorrowedMessage<'_>) -> Result<(), RelayFault> + 'a;

struct Lane {
    partition: i32,
    over: Over,
    queue: Queue,
    next: i64,
    is_done: bool,
}

impl Whole<'_> {
    /// Hands out what the topic holds, of each partition in order; gives what was read of each. Blocks.
    pub fn each(&self, takes: &mut Takes<'_>) -> Result<Vec<Stretch>, RelayFault> {
        let all = self.cluster.partitions(self.topic)?;
        let stretches: Vec<Stretch> = all.iter().filter(|stretch| stretch.low < stretch.end).copied().collect();
        for some in stretches.chunks(partitions_at_once(self.queue_bytes)) {
            let places: Vec<_> = some.iter().map(|stretch| (self.topic, stretch.partition, stretch.low)).collect();
            let (reader, queues) = self.cluster.reader(&places, self.queue_bytes)?;
            let lane = |(stretch, queue): (&Stretch, Queue)| {
                let over = Over::at(stretch.end);
                Lane { partition: stretch.partition, over, queue, next: stretch.low, is_done: false }
            };
            let mut lanes: Vec<Lane> = some.iter().zip(queues).map(lane).collect();
            self.read(&reader, &mut lanes, takes)?;
        }
        Ok(all)
    }

    fn read(&self, reader: &Reader, lanes: &mut [Lane], takes: &mut Takes<'_>) -> Result<(), RelayFault> {
        let mut quiet_since = Instant::now();
        while lanes.iter().any(|lane| !lane.is_done) {
            if self.is_over.load(Ordering::SeqCst) {
                let landed = lanes.iter().filter(|lane| lane.is_done).count();
                return Err(RelayFault::Stopped { landed, partitions: lanes.len() });
            }
            while let Some(came) = reader.poll(Duration::ZERO) {
                // Each partition has its own queue: what came here would be missed.
                if came.is_ok() {
                    return Err(RelayFault::Ours);
                }
            }
            self.cluster.attend();
            if let Some(fault) = self.cluster.heard(reader, "reading") {
                return Err(fault);
            }
            let mut has_come = false;
            for lane in lanes.iter_mut().filter(|lane| !lane.is_done) {
                has_come |= self.turn(reader, lane, takes)?;
            }
            if has_come {
                quiet_since = Instant::now();
                continue;
            }
            std::thread::sleep(IDLE);
            let quiet = lanes.iter().find(|lane| !lane.is_done);
            if let Some(lane) = quiet.filter(|_| quiet_since.elapsed() >= self.cluster.patience()) {
                // Whoever answers where it ends is there, and slow. Where it ends before, what stood there is gone.
                let now = self.cluster.stretch(self.topic, lane.partition)?;
                if now.end < lane.over.end() {
                    let (topic, partition, next) = (self.topic.to_owned(), lane.partition, lane.over.end());
                    return Err(RelayFault::Shorter { topic, partition, next, end: now.end });
                }
                quiet_since = Instant::now();
            }
        }
        Ok(())
    }

    /// Takes some of what came of a partition; whether anything did.
    fn turn(&self, reader: &Reader, lane: &mut Lane, takes: &mut Takes<'_>) -> Result<bool, RelayFault> {
        let mut has_come = false;
        // Before we look whether anything came: what the client read so far is in the queue already.
        let read = reader.context().read(self.topic, lane.partition);
        for _ in 0..TURN_RECORDS {
            match lane.queue.poll(Duration::ZERO) {
                None => {
                    lane.is_done = lane.over.is_over(read);
                    break;
                }
                Some(Ok(message)) => {
                    has_come = true;
                    if message.offset() < lane.over.end() {
                        takes(&message)?;
                    }
                    lane.next = message.offset() + 1;
                    lane.is_done = lane.over.record(lane.next);
                }
                Some(Err(KafkaError::PartitionEOF(_))) => lane.over.no_more(),
                Some(Err(error)) => {
                    self.weigh(lane, &error)?;
                    break;
                }
            }
            if lane.is_done {
                break;
            }
        }
        if has_come || lane.is_done {
            reader.context().went_well();
        }
        Ok(has_come)
    }

    /// What an error of one partition means: unlike where records are landed, any that is not passing ends it.
    fn weigh(&self, lane: &Lane, error: &KafkaError) -> Result<(), RelayFault> {
        let (topic, partition, from) = (self.topic.to_owned(), lane.partition, self.cluster.from().clone());
        match answer(error).map(meant) {
            None | Some(Meant::Passing) => Ok(()),
            Some(Meant::NotThere) => Err(RelayFault::NoTopic { from, topic }),
            Some(Meant::Refused | Meant::Tls) => {
                Err(self.cluster.fault(error, format!("reading partition {partition} of `{topic}`")))
            }
            Some(Meant::Harmed) => {
                let fault = format!("cannot be read in the cluster from offset {} on: its bytes are harmed", lane.next);
                Err(RelayFault::Damaged { from, path: format!("{topic}/p={partition}"), fault })
            }
            Some(Meant::OutOfRange) => {
                let low = self.cluster.stretch(self.topic, partition)?.low;
                Err(RelayFault::Moved { topic, partition, low })
            }
        }
    }
}
