//! The thread that reads: out of the client's queues into a buffer for each partition, and full buffers on to those who land them.
//!
//! A partition is over when it was read as far as it went at the start, and never because nothing comes: a broker that slows us
//! down answers as one does that has nothing more, and one that was elected with less says that there is no more. Memory is held by landing the largest buffer early, and then by leaving the
//! client's queues alone, which pauses its fetching once they are full.
//!
//! Never in here: what a record says, and `await`.

use super::buffer::{Buffer, Filled};
use super::cluster::{Cluster, Reader};
use super::fault::RelayFault;
use super::lane::{IDLE, Lane, serve};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use tokio::sync::mpsc::UnboundedSender;

/// Bytes that are taken of one partition before the next has its turn, give or take the last record: memory is looked at in between.
const TURN_BYTES: usize = 256 << 10;

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

/// A partition that is read, and where it goes.
pub struct Pulled {
    /// What comes of it.
    pub lane: Lane,
    /// What came.
    pub buffer: Buffer,
    /// Who lands it; none once it is over.
    pub land: Option<UnboundedSender<Filled>>,
}

/// Everything that is read.
pub struct Pull {
    /// Where.
    pub cluster: Arc<Cluster>,
    /// By what.
    pub reader: Arc<Reader>,
    /// Which partitions.
    pub lanes: Vec<Pulled>,
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
        while self.lanes.iter().any(|pulled| pulled.land.is_some()) && !self.halt.is_over() {
            serve(&self.cluster, &self.reader)?;
            let mut has_come = false;
            for at in 0..self.lanes.len() {
                has_come |= self.turn(at)?;
                self.hold()?;
            }
            if !has_come {
                std::thread::sleep(IDLE);
                self.lanes.iter_mut().try_for_each(|pulled| pulled.lane.ask_if_quiet(&self.cluster))?;
            }
        }
        if !self.halt.has_failed() {
            for at in 0..self.lanes.len() {
                self.fill(at, None)?;
            }
        }
        Ok(())
    }

    /// Takes some of what came of a partition; whether anything did.
    fn turn(&mut self, at: usize) -> Result<bool, RelayFault> {
        let object_bytes = self.bounds.object_bytes;
        let Pulled { lane, buffer, land } = &mut self.lanes[at];
        if land.is_none() {
            return Ok(false);
        }
        let before = buffer.bytes();
        let has_come = lane.turn(&self.cluster, &self.reader, &mut |message| {
            buffer.push(message);
            let is_enough = buffer.bytes() >= object_bytes || buffer.bytes() - before >= TURN_BYTES;
            Ok(if is_enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        if lane.is_over() {
            // It was read as far as it went.
            let end = lane.end();
            self.fill(at, Some(end))?;
            self.lanes[at].land = None;
        } else if buffer.bytes() >= object_bytes {
            self.fill(at, None)?;
        }
        Ok(has_come)
    }

    /// Hands a buffer on. `end`: where its stretch ends, beyond its last record.
    fn fill(&mut self, at: usize, end: Option<i64>) -> Result<(), RelayFault> {
        let Pulled { buffer, land, .. } = &mut self.lanes[at];
        let Some(land) = land.as_ref().filter(|_| end.is_some() || !buffer.is_empty()) else { return Ok(()) };
        let filled = buffer.fill(end.unwrap_or(0)).ok_or(RelayFault::Ours)?;
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
            let buffered: usize = self.lanes.iter().map(|pulled| pulled.buffer.bytes()).sum();
            let held = self.held.load(Ordering::SeqCst);
            if buffered + held <= self.bounds.held_bytes || self.halt.is_over() {
                return Ok(());
            }
            let largest = (0..self.lanes.len()).max_by_key(|at| self.lanes[*at].buffer.bytes());
            match largest.filter(|_| held == 0 || buffered > self.bounds.held_bytes / 2) {
                Some(at) => self.fill(at, None)?,
                None => {
                    std::thread::sleep(IDLE);
                    serve(&self.cluster, &self.reader)?;
                }
            }
        }
    }
}
