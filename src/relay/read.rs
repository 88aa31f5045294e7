//! Every record of a topic, from its beginning to where it ends now, partition by partition: for who looks for something in it. Nothing
//! is landed.
//!
//! Never in here: what is looked for.

use super::cluster::{Cluster, Queue, Reader, Stretch};
use super::fault::RelayFault;
use super::lane::{IDLE, Lane, serve};
use super::settings::partitions_at_once;
use rdkafka::message::BorrowedMessage;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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

impl Whole<'_> {
    /// Hands out what the topic holds, of each partition in order; gives what was read of each. Blocks.
    pub fn each(&self, takes: &mut Takes<'_>) -> Result<Vec<Stretch>, RelayFault> {
        let all = self.cluster.partitions(self.topic)?;
        let stretches: Vec<Stretch> = all.iter().filter(|stretch| stretch.low < stretch.end).copied().collect();
        let topic: Arc<str> = self.topic.into();
        for some in stretches.chunks(partitions_at_once(self.queue_bytes)) {
            let places: Vec<_> = some.iter().map(|stretch| (self.topic, stretch.partition, stretch.low)).collect();
            let (reader, queues) = self.cluster.reader(&places, self.queue_bytes)?;
            let lane = |(stretch, queue): (&Stretch, Queue)| {
                Lane::new(Arc::clone(&topic), stretch.partition, (stretch.low, stretch.end), queue)
            };
            let mut lanes: Vec<Lane> = some.iter().zip(queues).map(lane).collect();
            self.read(&reader, &mut lanes, takes).map_err(moved)?;
        }
        Ok(all)
    }

    fn read(&self, reader: &Reader, lanes: &mut [Lane], takes: &mut Takes<'_>) -> Result<(), RelayFault> {
        while lanes.iter().any(|lane| !lane.is_over()) {
            if self.is_over.load(Ordering::SeqCst) {
                let landed = lanes.iter().filter(|lane| lane.is_over()).count();
                return Err(RelayFault::Stopped { landed, partitions: lanes.len() });
            }
            serve(self.cluster, reader)?;
            let mut has_come = false;
            for lane in lanes.iter_mut().filter(|lane| !lane.is_over()) {
                has_come |= lane.turn(self.cluster, reader, &mut |message| {
                    takes(message)?;
                    Ok(ControlFlow::Continue(()))
                })?;
            }
            if !has_come {
                std::thread::sleep(IDLE);
                lanes.iter_mut().try_for_each(|lane| lane.ask_if_quiet(self.cluster))?;
            }
        }
        Ok(())
    }
}

/// Nothing that was to be landed is lost where the beginning goes while it is read: it has only moved.
fn moved(fault: RelayFault) -> RelayFault {
    match fault {
        RelayFault::Lost { topic, partition, next, offsets } => {
            RelayFault::Moved { topic, partition, low: next + offsets }
        }
        other => other,
    }
}
