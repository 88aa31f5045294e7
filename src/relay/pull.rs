//! The thread that reads: out of the client's queues into a buffer for each partition, and full buffers on to those who land them.
//!
//! A partition is over when it was read as far as it went at the start, and never because nothing comes: a broker that slows us
//! down answers as one does that has nothing more, and one that was elected with less says that there is no more. Memory is held by landing the largest buffer early, and then by leaving the
//! client's queues alone, which pauses its fetching once they are full.
//!
//! Never in here: what a record says, and `await`.

use super::buffer::{Buffer, Filled};
use super::cluster::{Cluster, Queue, Reader};
use super::fault::{Meant, RelayFault, answer, meant};
use super::over::Over;
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedSender;

/// Records that are taken of one partition before the next has its turn.
const TURN_RECORDS: usize = 1_024;
/// And bytes, give or take the last record: memory is looked at in between.
const TURN_BYTES: usize = 256 << 10;
/// How long is slept where nothing came, or there is no room.
const IDLE: Duration = Duration::from_millis(2);

/// How far a run may go on.
#[derive(Debug, Default)]
pub struct Halt(AtomicU8);

impl Halt {
    const STOP: u8 = 1;
    const FAIL: u8 = 2;

    /// Told to stop: what is buffered is still landed.
    pub fn stop(&self) {
        self.0.fetch_max(Self::STOP, Ordering::SeqCst);
    }

    /// Something failed: what is buffered is dropped.
    pub fn fail(&self) {
        self.0.fetch_max(Self::FAIL, Ordering::SeqCst);
    }

    fn is_over(&self) -> bool {
        self.0.load(Ordering::SeqCst) > 0
    }

    fn has_failed(&self) -> bool {
        self.0.load(Ordering::SeqCst) == Self::FAIL
    }
}

/// How much is held at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of records that make an object.
    pub object_bytes: usize,
    /// Bytes of records that are held, over all partitions, those on their way into objects included.
    pub held_bytes: usize,
    /// Bytes that the client may fetch ahead, over all partitions.
    pub queue_bytes: usize,
}

/// A partition that is read.
pub struct Lane {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// Whether it is over.
    pub over: Over,
    /// What comes of it.
    pub queue: Queue,
    /// What came.
    pub buffer: Buffer,
    /// Who lands it; none once it is over.
    pub land: Option<UnboundedSender<Filled>>,
    /// Since when nothing came.
    pub quiet_since: Instant,
}

/// Everything that is read.
pub struct Pull {
    /// Where.
    pub cluster: Arc<Cluster>,
    /// By what.
    pub reader: Arc<Reader>,
    /// Which partitions.
    pub lanes: Vec<Lane>,
    /// How much at once.
    pub bounds: Bounds,
    /// Bytes that are on their way into objects.
    pub held: Arc<AtomicUsize>,
    /// Whether to go on.
    pub halt: Arc<Halt>,
}

impl Pull {
    /// Reads until every partition is over.
    pub fn run(mut self) -> Result<(), RelayFault> {
        while self.lanes.iter().any(|lane| lane.land.is_some()) && !self.halt.is_over() {
            self.serve()?;
            let mut has_come = false;
            for at in 0..self.lanes.len() {
                has_come |= self.turn(at)?;
                self.hold()?;
            }
            if !has_come {
                std::thread::sleep(IDLE);
                self.ask_the_quiet()?;
            }
        }
        if !self.halt.has_failed() {
            for at in 0..self.lanes.len() {
                self.fill(at, None)?;
            }
        }
        Ok(())
    }

    /// Serves what the client says of the whole cluster.
    fn serve(&self) -> Result<(), RelayFault> {
        while let Some(came) = self.reader.poll(Duration::ZERO) {
            // Each partition has its own queue. What came here would be lost to it, and is never passed over.
            if came.is_ok() || matches!(came, Err(KafkaError::PartitionEOF(_))) {
                return Err(RelayFault::Ours);
            }
            // Errors of the whole cluster pass, but for those heard below.
        }
        self.cluster.attend();
        match self.cluster.heard(&self.reader, "reading") {
            Some(fault) => Err(fault),
            None => Ok(()),
        }
    }

    /// Takes some of what came of a partition; whether anything did.
    fn turn(&mut self, at: usize) -> Result<bool, RelayFault> {
        let object_bytes = self.bounds.object_bytes;
        let lane = &mut self.lanes[at];
        if lane.land.is_none() {
            return Ok(false);
        }
        let (mut has_come, mut is_over, before) = (false, false, lane.buffer.bytes());
        // Before we look whether anything came: what the client read so far is in the queue already.
        let read = self.reader.context().read(&lane.topic, lane.partition);
        for _ in 0..TURN_RECORDS {
            match lane.queue.poll(Duration::ZERO) {
                None => {
                    is_over = lane.over.is_over(read);
                    break;
                }
                Some(Ok(message)) => {
                    use rdkafka::message::Message;
                    has_come = true;
                    is_over = message.offset() >= lane.over.end();
                    if !is_over {
                        lane.buffer.push(&message);
                        is_over = lane.over.record(lane.buffer.next());
                    }
                    let taken = lane.buffer.bytes() - before;
                    if is_over || lane.buffer.bytes() >= object_bytes || taken >= TURN_BYTES {
                        break;
                    }
                }
                Some(Err(KafkaError::PartitionEOF(_))) => lane.over.no_more(),
                Some(Err(error)) => {
                    self.weigh(at, &error)?;
                    break;
                }
            }
        }
        let lane = &mut self.lanes[at];
        if has_come || is_over {
            lane.quiet_since = Instant::now();
            self.reader.context().went_well();
        }
        if is_over {
            self.over(at)?;
        } else if lane.buffer.bytes() >= object_bytes {
            self.fill(at, None)?;
        }
        Ok(has_come)
    }

    /// A partition was read as far as it went.
    fn over(&mut self, at: usize) -> Result<(), RelayFault> {
        let end = self.lanes[at].over.end();
        self.fill(at, Some(end))?;
        self.lanes[at].land = None;
        Ok(())
    }

    /// Hands a buffer on. `end`: where its stretch ends, beyond its last record.
    fn fill(&mut self, at: usize, end: Option<i64>) -> Result<(), RelayFault> {
        let lane = &mut self.lanes[at];
        let Some(land) = lane.land.as_ref().filter(|_| end.is_some() || !lane.buffer.is_empty()) else { return Ok(()) };
        let filled = lane.buffer.fill(end.unwrap_or(0)).ok_or(RelayFault::Ours)?;
        self.held.fetch_add(filled.bytes, Ordering::SeqCst);
        // Who lands it is gone only if that failed, which is told there.
        if land.send(filled).is_err() {
            self.halt.fail();
        }
        Ok(())
    }

    /// Keeps within the bounds: lands early, then waits.
    fn hold(&mut self) -> Result<(), RelayFault> {
        loop {
            let buffered: usize = self.lanes.iter().map(|lane| lane.buffer.bytes()).sum();
            let held = self.held.load(Ordering::SeqCst);
            if buffered + held <= self.bounds.held_bytes || self.halt.is_over() {
                return Ok(());
            }
            let largest = (0..self.lanes.len()).max_by_key(|at| self.lanes[*at].buffer.bytes());
            match largest.filter(|_| held == 0 || buffered > self.bounds.held_bytes / 2) {
                Some(at) => self.fill(at, None)?,
                None => {
                    std::thread::sleep(IDLE);
                    self.serve()?;
                }
            }
        }
    }

    /// Asks for a partition of which nothing has come for long: whoever answers where it ends is there, and slow. Where it still
    /// ends before it did at the start, what stood there is gone.
    fn ask_the_quiet(&mut self) -> Result<(), RelayFault> {
        let patience = self.cluster.patience();
        let is_quiet = |lane: &&mut Lane| lane.land.is_some() && lane.quiet_since.elapsed() >= patience;
        let Some(lane) = self.lanes.iter_mut().find(is_quiet) else { return Ok(()) };
        let now = self.cluster.stretch(&lane.topic, lane.partition)?;
        lane.quiet_since = Instant::now();
        let (topic, partition, next) = (lane.topic.to_string(), lane.partition, lane.buffer.next());
        if now.low > next {
            return Err(RelayFault::Lost { topic, partition, next, offsets: now.low - next });
        }
        if now.end < lane.over.end() {
            return Err(RelayFault::Shorter { topic, partition, next: lane.over.end(), end: now.end });
        }
        Ok(())
    }

    /// What an error of one partition means.
    fn weigh(&self, at: usize, error: &KafkaError) -> Result<(), RelayFault> {
        let lane = &self.lanes[at];
        let during = format!("reading partition {} of `{}`", lane.partition, lane.topic);
        match answer(error).map(meant) {
            // The client goes on by itself.
            None | Some(Meant::Passing) => Ok(()),
            Some(Meant::NotThere) => {
                Err(RelayFault::NoTopic { from: self.cluster.from().clone(), topic: lane.topic.to_string() })
            }
            Some(Meant::Refused | Meant::Tls) => Err(self.cluster.fault(error, during)),
            // It stands before what comes behind it, so that nothing of that is landed.
            Some(Meant::Harmed) => Err(RelayFault::Damaged {
                from: self.cluster.from().clone(),
                path: format!("{}/p={}", lane.topic, lane.partition),
                fault: format!(
                    "cannot be read in the cluster from offset {} on: its bytes are harmed",
                    lane.buffer.next()
                ),
            }),
            Some(Meant::OutOfRange) => {
                let now = self.cluster.stretch(&lane.topic, lane.partition)?;
                let (topic, partition, next) = (lane.topic.to_string(), lane.partition, lane.buffer.next());
                Err(match now.low > next {
                    true => RelayFault::Lost { topic, partition, next, offsets: now.low - next },
                    false => RelayFault::Shorter { topic, partition, next, end: now.end },
                })
            }
        }
    }
}
