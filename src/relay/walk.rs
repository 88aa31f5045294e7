//! A run of the relay over the topics of one cluster, from the first question to the manifests.

use super::account::Account;
use super::buffer::Buffer;
use super::cluster::{Cluster, Sees, Stretch};
use super::fault::RelayFault;
use super::identity::{self, Known};
use super::lag::{Lag, lag};
use super::land::{Hands, Landing};
use super::lane::Lane;
use super::letters::Letters;
use super::login::Login;
use super::pull::{Bounds, Halt, Pull, Pulled};
use super::settings::partitions_at_once;
use super::told::{Told, tell};
use super::topic::Topic;
use super::treat::TopicTreatment;
use crate::access::Folder;
use crate::data::Name;
use crate::job::KafkaSpec;
use futures::future::FutureExt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

/// What is left for landing once we are told to stop: of the 30 s that a container has, some are for the manifests and for going.
const STOP: Duration = Duration::from_secs(18);
/// How long the manifests of a run that was stopped may take.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// What is to be landed.
pub struct Asked {
    /// The source of the environment.
    pub from: Name,
    /// Its cluster.
    pub kafka: KafkaSpec,
    /// What we show it.
    pub login: Login,
    /// Where the markers of what is landed are put.
    pub group: String,
    /// The run's id.
    pub run: String,
    /// The topics.
    pub topics: Vec<TopicAsked>,
    /// The dump's folder.
    pub folder: Folder,
    /// The folder of the store of audience `restricted`.
    pub restricted: Folder,
    /// How much is held at once.
    pub bounds: Bounds,
    /// Where a topic begins that is not landed yet; none: where the cluster does.
    pub begin: Option<Begin>,
}

/// Where a topic begins that is not landed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// At this offset of every partition.
    Offset(i64),
    /// At the first record that is not older, milliseconds since 1970.
    Time(i64),
}

/// A topic that is to be landed.
pub struct TopicAsked {
    /// Its name.
    pub name: String,
    /// What is done to its records; none where they are landed as they are.
    pub treatment: Option<Arc<TopicTreatment>>,
}

/// Topics of one cluster on their way into a dump, round after round.
pub struct Relay {
    asked: Asked,
    cluster: Arc<Cluster>,
    letters: Arc<Letters>,
    topics: Vec<Topic>,
    rounds: u64,
}

impl Relay {
    /// Over a cluster that is not asked anything yet.
    pub fn new(asked: Asked) -> Result<Self, RelayFault> {
        let cluster = Arc::new(Cluster::new(
            &asked.from,
            &asked.kafka,
            asked.login.clone(),
            asked.group.clone(),
            Sees::Committed,
        )?);
        let letters = Arc::new(Letters::new(&asked.restricted, &asked.run, asked.kafka.dead_letters_max));
        Ok(Relay { asked, cluster, letters, topics: Vec::new(), rounds: 0 })
    }

    /// Its source in the environment.
    pub fn from(&self) -> &Name {
        &self.asked.from
    }

    /// What rounds have come to since this was asked last, those that failed among them.
    pub fn account(&self) -> Account {
        self.cluster.tally().take()
    }

    /// How long ago anything of a topic was landed, or nothing of it was left to be.
    pub fn since_progress(&self, topic: &str) -> Duration {
        self.cluster.tally().since_progress(topic)
    }

    /// Its topics.
    pub fn topics(&self) -> impl Iterator<Item = &str> {
        self.asked.topics.iter().map(|topic| topic.name.as_str())
    }

    /// Lands the topics as far as they go now. `stop` ends when the process is told to. Where a partition is away the others are landed
    /// all the same, before that is the fault.
    pub async fn round(&mut self, stop: impl Future<Output = ()>) -> Result<Vec<Told>, RelayFault> {
        self.rounds += 1;
        let done = self.land_all(stop).await;
        // How far it came is asked of the chain again.
        let is_asked = |topic: &&mut Topic| done.is_err() || topic.away.is_some();
        self.topics.iter_mut().filter(is_asked).for_each(|topic| topic.said = None);
        let told = done?;
        match self.topics.iter_mut().find_map(|topic| topic.away.take()) {
            Some(fault) => Err(fault),
            None => Ok(told),
        }
    }

    async fn land_all(&mut self, stop: impl Future<Output = ()>) -> Result<Vec<Told>, RelayFault> {
        let stop = stop.shared();
        let Relay { asked, cluster, letters, topics, rounds } = self;
        if topics.is_empty() {
            *topics = asked.topics.iter().map(Topic::new).collect();
        }
        for topic in topics.iter_mut() {
            tokio::select! {
                opened = topic.open(asked, cluster, letters) => opened?,
                () = stop.clone() => return Err(RelayFault::Stopped { landed: 0, partitions: 0 }),
            }
        }
        tokio::select! {
            confirmed = confirm(asked, cluster, topics) => confirmed?,
            () = stop.clone() => return Err(RelayFault::Stopped { landed: 0, partitions: 0 }),
        }
        let is_stopped = land(asked, cluster, topics, stop).await?;
        if is_stopped {
            // What no manifest names is named by the next run. So is a topic of which what came so far lacks a path: that run is
            // the one that has it all, and says whether it is lacking.
            let _ = tokio::time::timeout(LAST_WORDS, tell(asked, cluster.tally(), topics, *rounds)).await;
            let all = || topics.iter().flat_map(|topic| topic.partitions.values().map(move |stretch| (topic, stretch)));
            let landed = all().filter(|(topic, stretch)| topic.covered(stretch.partition) >= stretch.end).count();
            return Err(RelayFault::Stopped { landed, partitions: all().count() });
        }
        // Of a topic that is not read whole nobody says yet what it lacks.
        for topic in topics.iter().filter(|topic| topic.away.is_none()) {
            if let Some(path) = topic.path_lacking()? {
                return Err(RelayFault::Path { topic: topic.name.to_string(), path });
            }
        }
        tell(asked, cluster.tally(), topics, *rounds).await
    }

    /// How far everything is landed, held against what the cluster says by itself.
    pub async fn lag(&self) -> Result<Vec<Lag>, RelayFault> {
        lag(&self.asked, &self.cluster, &self.topics).await
    }
}

/// Looks whether the topics are still those that were landed, before anything is landed behind that.
async fn confirm(asked: &Asked, cluster: &Arc<Cluster>, topics: &mut [Topic]) -> Result<(), RelayFault> {
    let known: Vec<Known> = topics.iter().flat_map(Topic::known).collect();
    let queue_bytes = asked.bounds.queue_bytes;
    for some in known.chunks(partitions_at_once(queue_bytes)) {
        let (asks, some, over) = (Arc::clone(cluster), some.to_vec(), Flag::default());
        // Where nobody waits for the answer any more, it is not sought.
        let is_over = Arc::clone(&over.0);
        let asked = tokio::task::spawn_blocking(move || identity::confirm(&asks, &some, queue_bytes, &is_over));
        asked.await.map_err(|_| RelayFault::Ours)??;
    }
    topics.iter_mut().filter(|topic| topic.away.is_none()).for_each(|topic| topic.is_known = true);
    Ok(())
}

/// Set once it is dropped.
#[derive(Default)]
struct Flag(Arc<AtomicBool>);

impl Drop for Flag {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A partition that goes on, and where it is landed.
type Open = (Arc<str>, Stretch, Arc<Landing>);

/// Reads and lands every partition that goes on; whether we were told to stop.
async fn land(
    asked: &Asked,
    cluster: &Arc<Cluster>,
    topics: &[Topic],
    stop: impl Future<Output = ()> + Clone,
) -> Result<bool, RelayFault> {
    let mut open: Vec<Open> = Vec::new();
    for topic in topics {
        for (partition, landing) in &topic.landings {
            let stretch = topic.partitions.get(partition).ok_or(RelayFault::Ours)?;
            if landing.landed().covered < stretch.end {
                open.push((Arc::clone(&topic.name), *stretch, Arc::clone(landing)));
            }
        }
    }
    // As many as memory has room for what is fetched ahead of them.
    for some in open.chunks(partitions_at_once(asked.bounds.queue_bytes)) {
        if land_some(asked, cluster, some, stop.clone()).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn land_some(
    asked: &Asked,
    cluster: &Arc<Cluster>,
    open: &[Open],
    stop: impl Future<Output = ()>,
) -> Result<bool, RelayFault> {
    let from = |(topic, stretch, landing): &Open| {
        // What is before the partition's beginning is known to hold nothing.
        let next = landing.landed().next.max(stretch.low);
        (topic.to_string(), stretch.partition, next)
    };
    let places: Vec<(String, i32, i64)> = open.iter().map(from).collect();
    let (asks, queue_bytes) = (Arc::clone(cluster), asked.bounds.queue_bytes);
    let reader = tokio::task::spawn_blocking(move || {
        let places: Vec<_> =
            places.iter().map(|(topic, partition, next)| (topic.as_str(), *partition, *next)).collect();
        asks.reader(&places, queue_bytes)
    });
    let (reader, queues) = reader.await.map_err(|_| RelayFault::Ours)??;
    let (held, halt) = (Arc::new(AtomicUsize::new(0)), Arc::new(Halt::default()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let hands =
        Arc::new(Hands { makers: Semaphore::new(threads), held: Arc::clone(&held), reader: Arc::clone(&reader) });
    let (mut lanes, mut tasks) = (Vec::new(), JoinSet::new());
    for ((topic, stretch, landing), queue) in open.iter().zip(queues) {
        let (land, lands) = mpsc::unbounded_channel();
        let next = landing.landed().next;
        lanes.push(Pulled {
            lane: Lane::new(Arc::clone(topic), stretch.partition, (next, stretch.end), queue),
            buffer: Buffer::new(next),
            land: Some(land),
        });
        tasks.spawn(Arc::clone(landing).all(lands, Arc::clone(&hands)));
    }
    let cluster = Arc::clone(cluster);
    let pull = Pull { cluster, reader, lanes, bounds: asked.bounds, held, halt: Arc::clone(&halt) };
    tasks.spawn(async move {
        // A thread of its own for as long as it takes.
        tokio::task::spawn_blocking(move || pull.run()).await.map_err(|_| RelayFault::Ours)?
    });
    finish(tasks, &halt, stop).await
}

/// Waits for all; whether we were told to stop.
async fn finish(
    mut tasks: JoinSet<Result<(), RelayFault>>,
    halt: &Halt,
    stop: impl Future<Output = ()>,
) -> Result<bool, RelayFault> {
    tokio::pin!(stop);
    let (mut is_stopped, mut fault) = (false, None);
    let mut over = Instant::now();
    loop {
        let left = over.saturating_duration_since(Instant::now());
        tokio::select! {
            done = tasks.join_next() => match done {
                None => break,
                Some(Ok(Ok(()))) => {}
                // Those that follow from the first are told by it.
                Some(Ok(Err(first))) => {
                    halt.fail();
                    fault.get_or_insert(first);
                }
                Some(Err(_)) => {
                    halt.fail();
                    fault.get_or_insert(RelayFault::Ours);
                }
            },
            () = &mut stop, if !is_stopped => {
                halt.stop();
                (is_stopped, over) = (true, Instant::now() + STOP);
            }
            () = tokio::time::sleep(left), if is_stopped => {
                halt.fail();
                tasks.abort_all();
                break;
            }
        }
    }
    fault.map_or(Ok(is_stopped), Err)
}
