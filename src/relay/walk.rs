//! A run of the relay over the topics of one cluster, from the first question to the manifests.

use super::buffer::Buffer;
use super::chain::{Chain, Link, Owner, Tail};
use super::cluster::{Cluster, Stretch};
use super::fault::RelayFault;
use super::land::{Hands, Landed, Landing};
use super::letters::Letters;
use super::manifest::{self, Said};
use super::pull::{Bounds, Halt, Lane, Pull};
use super::treat::TopicTreatment;
use crate::access::Folder;
use crate::data::Name;
use crate::job::KafkaSpec;
use crate::store::{Absent, StoreError, put_if_absent};
use futures::future::FutureExt;
use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
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
    /// PEM file with the CA to trust.
    pub ca: Option<PathBuf>,
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
}

/// A topic that is to be landed.
pub struct TopicAsked {
    /// Its name.
    pub name: String,
    /// What is done to its records; none where they are landed as they are.
    pub treatment: Option<Arc<TopicTreatment>>,
}

/// What became of a topic.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Told {
    /// The topic.
    pub topic: String,
    /// Its partitions.
    pub partitions: usize,
    /// Objects that the run's manifest names.
    pub objects: usize,
    /// Records in them.
    pub records: u64,
    /// Those without a value.
    pub tombstones: u64,
    /// Their size.
    pub bytes: u64,
    /// Records that could not be treated, and were put aside.
    pub dead_letters: u64,
    /// Objects that others had landed, or a run that was killed.
    pub found: u64,
    /// Whether every partition was read as far as it went at the start.
    pub complete: bool,
}

/// A topic under way.
struct Topic {
    name: Arc<str>,
    treatment: Option<Arc<TopicTreatment>>,
    partitions: BTreeMap<i32, Stretch>,
    chain: Chain,
    landings: BTreeMap<i32, Arc<Landing>>,
}

/// Lands the topics as far as they go now. `stop` ends when the process is told to.
pub async fn relay(asked: Asked, stop: impl Future<Output = ()>) -> Result<Vec<Told>, RelayFault> {
    let stop = stop.shared();
    let cluster = Arc::new(Cluster::new(&asked.from, &asked.kafka, asked.ca.clone(), asked.group.clone())?);
    let letters = Arc::new(Letters::new(&asked.restricted, &asked.run, asked.kafka.dead_letters_max));
    let mut topics = Vec::new();
    for topic in &asked.topics {
        tokio::select! {
            topic = Topic::open(&asked, &cluster, topic, &letters) => topics.push(topic?),
            () = stop.clone() => return Err(RelayFault::Stopped { landed: 0, partitions: 0 }),
        }
    }
    let is_stopped = land(&asked, &cluster, &topics, stop).await?;
    let words = tell(&asked, &topics);
    if !is_stopped {
        for topic in &topics {
            if let Some(path) = topic.treatment.as_ref().and_then(|treatment| treatment.path_lacking()) {
                return Err(RelayFault::Path { topic: topic.name.to_string(), path });
            }
        }
        return words.await;
    }
    // What no manifest names is named by the next run.
    let _ = tokio::time::timeout(LAST_WORDS, words).await;
    let all = || topics.iter().flat_map(|topic| topic.partitions.values().map(move |stretch| (topic, stretch)));
    let landed = all().filter(|(topic, stretch)| topic.covered(stretch.partition) >= stretch.end).count();
    Err(RelayFault::Stopped { landed, partitions: all().count() })
}

impl Topic {
    /// Where it ends now, and how far it is landed. First its ends: what is landed after them is not among them.
    async fn open(
        asked: &Asked,
        cluster: &Arc<Cluster>,
        TopicAsked { name, treatment }: &TopicAsked,
        letters: &Arc<Letters>,
    ) -> Result<Self, RelayFault> {
        let (asks, topic) = (Arc::clone(cluster), name.clone());
        let stretches = tokio::task::spawn_blocking(move || asks.partitions(&topic));
        let stretches = stretches.await.map_err(|_| RelayFault::Ours)??;
        let owner = Owner { from: &asked.from, topic: name, audience: asked.kafka.audience };
        let chain = Chain::read(&asked.folder, owner).await?;
        let name: Arc<str> = name.as_str().into();
        let mut landings = BTreeMap::new();
        for Stretch { partition, low, end } in &stretches {
            let tail = chain.tails.get(partition).copied().unwrap_or(Tail { next: *low, covered: *low });
            let (topic, partition, next) = (name.to_string(), *partition, tail.covered);
            if *low > next {
                return Err(RelayFault::Lost { topic, partition, next, offsets: low - next });
            }
            if *end < next {
                return Err(RelayFault::Shorter { topic, partition, next, end: *end });
            }
            let landed = Landed { next: tail.next, covered: tail.covered, ..Landed::default() };
            let landing = Landing {
                folder: asked.folder.clone(),
                from: asked.from.clone(),
                topic: Arc::clone(&name),
                partition,
                audience: asked.kafka.audience,
                treatment: treatment.clone(),
                letters: Arc::clone(letters),
                landed: Mutex::new(landed),
            };
            landings.insert(partition, Arc::new(landing));
        }
        let partitions = stretches.into_iter().map(|stretch| (stretch.partition, stretch)).collect();
        Ok(Topic { name, treatment: treatment.clone(), partitions, chain, landings })
    }

    fn covered(&self, partition: i32) -> i64 {
        self.landings.get(&partition).map_or(0, |landing| landing.landed().covered)
    }
}

/// Reads and lands every partition that goes on; whether we were told to stop.
async fn land(
    asked: &Asked,
    cluster: &Arc<Cluster>,
    topics: &[Topic],
    stop: impl Future<Output = ()>,
) -> Result<bool, RelayFault> {
    let mut open: Vec<(&Topic, &Stretch, &Arc<Landing>)> = Vec::new();
    for topic in topics {
        for (partition, landing) in &topic.landings {
            let stretch = topic.partitions.get(partition).ok_or(RelayFault::Ours)?;
            if landing.landed().covered < stretch.end {
                open.push((topic, stretch, landing));
            }
        }
    }
    if open.is_empty() {
        return Ok(false);
    }
    let from = |(topic, stretch, landing): &(&Topic, &Stretch, &Arc<Landing>)| {
        // What is before the partition's beginning is known to hold nothing.
        let next = landing.landed().next.max(stretch.low);
        (topic.name.to_string(), stretch.partition, next)
    };
    let places: Vec<(String, i32, i64)> = open.iter().map(from).collect();
    let asks = Arc::clone(cluster);
    let reader = tokio::task::spawn_blocking(move || {
        let places: Vec<_> =
            places.iter().map(|(topic, partition, next)| (topic.as_str(), *partition, *next)).collect();
        asks.reader(&places)
    });
    let reader = reader.await.map_err(|_| RelayFault::Ours)??;
    let (held, halt) = (Arc::new(AtomicUsize::new(0)), Arc::new(Halt::default()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let hands =
        Arc::new(Hands { makers: Semaphore::new(threads), held: Arc::clone(&held), reader: Arc::clone(&reader) });
    let (mut lanes, mut tasks) = (Vec::new(), JoinSet::new());
    for (topic, stretch, landing) in open {
        let (land, lands) = mpsc::unbounded_channel();
        let queue = reader.split_partition_queue(&topic.name, stretch.partition).ok_or(RelayFault::Ours)?;
        lanes.push(Lane {
            topic: Arc::clone(&topic.name),
            partition: stretch.partition,
            end: stretch.end,
            queue,
            buffer: Buffer::new(landing.landed().next),
            land: Some(land),
            quiet_since: Instant::now(),
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

/// Writes the manifests.
async fn tell(asked: &Asked, topics: &[Topic]) -> Result<Vec<Told>, RelayFault> {
    let mut told = Vec::new();
    for topic in topics {
        let mut links: Vec<Link> = topic.chain.unnamed.clone();
        let mut found = links.len() as u64;
        let mut partitions = BTreeMap::new();
        for (partition, landing) in &topic.landings {
            let stretch = topic.partitions.get(partition).ok_or(RelayFault::Ours)?;
            let landed = landing.landed();
            let before = topic.chain.tails.get(partition).map_or(stretch.low, |tail| tail.next);
            let unnamed = topic.chain.unnamed.iter().filter(|link| link.partition == *partition);
            let first = unnamed.map(|link| link.first).fold(before, i64::min);
            let at = manifest::Stretch { low: stretch.low, first, next: landed.covered, end: stretch.end };
            partitions.insert(*partition, at);
            links.extend(landed.links.iter().cloned());
            found += landed.adopted;
        }
        links.sort_by_key(|link| (link.partition, link.first));
        let audience = asked.kafka.audience;
        let treated = topic.treatment.as_ref().map_or_else(|| "{}".to_owned(), |treatment| treatment.text());
        let hits = topic.treatment.as_ref().map(|treatment| treatment.hits()).unwrap_or_default();
        let said = Said {
            run: &asked.run,
            topic: &topic.name,
            audience: audience.as_str(),
            treated: &treated,
            hits: &hits,
            partitions: &partitions,
            links: &links,
        };
        for (name, text) in manifest::manifests(&said) {
            let key = asked.folder.at(&format!("{}/_runs/{name}", topic.name));
            match put_if_absent(&asked.folder, &key, text.into(), "store.put.dump_manifest").await? {
                Absent::Created | Absent::Mine => {}
                Absent::Other(_) => {
                    let (store, object) = (asked.folder.label().to_owned(), format!("`_runs/{name}`"));
                    return Err(StoreError::Damaged { store, object, fault: "another run has its name" }.into());
                }
            }
        }
        let sum = |of: fn(&Link) -> u64| links.iter().map(of).sum::<u64>();
        told.push(Told {
            topic: topic.name.to_string(),
            partitions: partitions.len(),
            objects: links.len(),
            records: sum(|link| link.records),
            tombstones: sum(|link| link.tombstones),
            bytes: sum(|link| link.bytes),
            dead_letters: sum(|link| link.dead_letters),
            found,
            complete: partitions.values().all(|at| at.next >= at.end),
        });
    }
    Ok(told)
}
