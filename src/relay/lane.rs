//! One partition that is read: what came of it, until it was read as far as it went at the start.
//!
//! Never in here: what becomes of a record.

use super::cluster::{Cluster, Queue, Reader};
use super::fault::{Meant, RelayFault, answer, meant};
use super::over::Over;
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Records that are taken of one partition before the next has its turn.
const TURN_RECORDS: usize = 1_024;
/// How long is slept where nothing came, or there is no room.
pub const IDLE: Duration = Duration::from_millis(2);

/// A partition that is read.
pub struct Lane {
    topic: Arc<str>,
    partition: i32,
    over: Over,
    queue: Queue,
    next: i64,
    is_over: bool,
    quiet_since: Instant,
}

/// Who gets a record; breaks off where the turn is to end with it.
pub type Takes<'a> = dyn FnMut(&BorrowedMessage<'_>) -> Result<ControlFlow<()>, RelayFault> + 'a;

/// Serves what the client says of the whole cluster.
pub fn serve(cluster: &Cluster, reader: &Reader) -> Result<(), RelayFault> {
    while let Some(came) = reader.poll(Duration::ZERO) {
        // Each partition has its own queue. What came here would be lost to it, and is never passed over.
        if came.is_ok() || matches!(came, Err(KafkaError::PartitionEOF(_))) {
            return Err(RelayFault::Ours);
        }
        // Errors of the whole cluster pass, but for those heard below.
    }
    cluster.attend();
    cluster.heard(reader, "reading").map_or(Ok(()), Err)
}

impl Lane {
    /// Read from `next` on, and over at `end`; `queue` is what comes of it.
    pub fn new(topic: Arc<str>, partition: i32, (next, end): (i64, i64), queue: Queue) -> Self {
        Lane { topic, partition, over: Over::at(end), queue, next, is_over: false, quiet_since: Instant::now() }
    }

    /// Where it is over.
    pub fn end(&self) -> i64 {
        self.over.end()
    }

    /// Whether it was read as far as it went.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// Takes some of what came; whether anything did. What stands at its end or behind is not handed out.
    pub fn turn(&mut self, cluster: &Cluster, reader: &Reader, takes: &mut Takes<'_>) -> Result<bool, RelayFault> {
        let mut has_come = false;
        // Before we look whether anything came: what the client read so far is in the queue already.
        let read = reader.context().read(&self.topic, self.partition);
        for _ in 0..TURN_RECORDS {
            match self.queue.poll(Duration::ZERO) {
                None => {
                    self.is_over = self.over.is_over(read);
                    break;
                }
                Some(Ok(message)) => {
                    has_come = true;
                    let is_before = message.offset() < self.over.end();
                    let then = if is_before { takes(&message)? } else { ControlFlow::Break(()) };
                    self.next = message.offset() + 1;
                    self.is_over = self.over.record(self.next);
                    if self.is_over || then.is_break() {
                        break;
                    }
                }
                Some(Err(KafkaError::PartitionEOF(_))) => self.over.no_more(),
                Some(Err(error)) => {
                    weigh(cluster, (&self.topic, self.partition), self.next, &error)?;
                    break;
                }
            }
        }
        if has_come || self.is_over {
            self.quiet_since = Instant::now();
            reader.context().went_well();
        }
        Ok(has_come)
    }

    /// Asks where nothing has come for long: whoever answers where it ends is there, and slow. Where it still ends before it did at
    /// the start, what stood there is gone.
    pub fn ask_if_quiet(&mut self, cluster: &Cluster) -> Result<(), RelayFault> {
        if self.is_over || self.quiet_since.elapsed() < cluster.patience() {
            return Ok(());
        }
        let now = cluster.stretch(&self.topic, self.partition)?;
        self.quiet_since = Instant::now();
        let (topic, partition, next, end) = (self.topic.to_string(), self.partition, self.next, self.over.end());
        if now.low > next {
            return Err(RelayFault::Lost { topic, partition, next, offsets: now.low - next });
        }
        if now.end < end {
            return Err(RelayFault::Shorter { topic, partition, next: end, end: now.end });
        }
        Ok(())
    }
}

/// What an error of one partition means.
fn weigh(cluster: &Cluster, (topic, partition): (&str, i32), next: i64, error: &KafkaError) -> Result<(), RelayFault> {
    match answer(error).map(meant) {
        // The client goes on by itself.
        None | Some(Meant::Passing) => Ok(()),
        Some(Meant::NotThere) => Err(RelayFault::NoTopic { from: cluster.from().clone(), topic: topic.to_owned() }),
        Some(Meant::Refused | Meant::Tls) => {
            Err(cluster.fault(error, format!("reading partition {partition} of `{topic}`")))
        }
        // It stands before what comes behind it, so that nothing of that is taken.
        Some(Meant::Harmed) => Err(RelayFault::Damaged {
            from: cluster.from().clone(),
            path: format!("{topic}/p={partition}"),
            fault: format!("cannot be read in the cluster from offset {next} on: its bytes are harmed"),
        }),
        Some(Meant::OutOfRange) => {
            let now = cluster.stretch(topic, partition)?;
            let topic = topic.to_owned();
            Err(match now.low > next {
                true => RelayFault::Lost { topic, partition, next, offsets: now.low - next },
                false => RelayFault::Shorter { topic, partition, next, end: now.end },
            })
        }
    }
}
