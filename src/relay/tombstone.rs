//! Values that a topic is to forget: what it holds of some keys, tombstones for those that are alive, and what is left of them later.
//!
//! ```text
//! look    settings (cleaning) -> refused, or what stands there of each key and where (seek)
//! bury    a tombstone for each key and partition whose newest record is a value (send)
//! ```
//!
//! What has a tombstone already gets no second one: so it may be said again, and goes on where a run was killed.
//!
//! Never in here: where keys come from, and what is told of them.

use super::cleaning::{Cleaning, cleaning};
use super::cluster::{Cluster, Sees};
use super::fault::RelayFault;
use super::login::Login;
use super::read::Whole;
use super::seek::{Seen, seek};
use super::send::{Sent, Tombstone, send};
use crate::data::Name;
use crate::job::KafkaSpec;
use futures::FutureExt;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long a look that is told to stop is waited for: it leaves nothing, and may ask brokers that do not answer.
const LOOK_ENDS: Duration = Duration::from_secs(2);

/// Keys of one topic.
pub struct Burial {
    cluster: Arc<Cluster>,
    topic: Arc<str>,
    keys: Arc<Vec<Vec<u8>>>,
    queue_bytes: usize,
}

impl Burial {
    /// Of `keys` in `topic` of the cluster of source `from`; nothing is asked yet.
    pub fn new(
        from: &Name,
        kafka: &KafkaSpec,
        login: Login,
        topic: &str,
        keys: Vec<Vec<u8>>,
        queue_bytes: usize,
    ) -> Result<Self, RelayFault> {
        // It puts no marker, so that no group has to be named for it. And it reads what an open transaction wrote, and what was
        // written behind that: a value is there whether or not it is committed.
        let cluster = Cluster::new(from, kafka, login, "nightferry.tombstone".to_owned(), Sees::Everything);
        let cluster = Arc::new(cluster?);
        Ok(Burial { cluster, topic: topic.into(), keys: Arc::new(keys), queue_bytes })
    }

    /// By which settings the topic is compacted; refuses one in which a tombstone would erase nothing.
    pub async fn cleaning(&self) -> Result<Cleaning, RelayFault> {
        let (cluster, topic) = (Arc::clone(&self.cluster), Arc::clone(&self.topic));
        // That it is there is asked first: a topic that is not has settings all the same, for whoever would make it.
        let brokers = tokio::task::spawn_blocking(move || {
            cluster.partitions(&topic)?;
            cluster.brokers()
        });
        let brokers = brokers.await.map_err(|_| RelayFault::Ours)??;
        let cleaning = cleaning(&self.cluster, &self.topic, &brokers).await?;
        match cleaning.refusal() {
            Some(why) => Err(RelayFault::NeverCompacted { topic: self.topic.to_string(), why }),
            None => Ok(cleaning),
        }
    }

    /// What the topic holds of the keys, up to where it ends now. `stop` ends it.
    pub async fn look(&self, stop: impl Future<Output = ()>) -> Result<Seen, RelayFault> {
        let (cluster, topic, keys) = (Arc::clone(&self.cluster), Arc::clone(&self.topic), Arc::clone(&self.keys));
        let queue_bytes = self.queue_bytes;
        until(stop, LOOK_ENDS, move |is_over| {
            let numbers: HashMap<Vec<u8>, usize> =
                keys.iter().enumerate().map(|(number, key)| (key.clone(), number)).collect();
            seek(&Whole { cluster: &cluster, topic: &topic, queue_bytes, is_over }, &numbers)
        })
        .await
    }

    /// Sends a tombstone to every partition in which a value of a key is alive; gives those that it has now, also
    /// where it has not all.
    pub async fn bury(&self, seen: &Seen, stop: impl Future<Output = ()>) -> Result<Sent, RelayFault> {
        let (cluster, topic, keys) = (Arc::clone(&self.cluster), Arc::clone(&self.topic), Arc::clone(&self.keys));
        let alive: Vec<(usize, i32)> =
            seen.held.iter().filter(|(_, held)| held.is_alive()).map(|(place, _)| *place).collect();
        if alive.is_empty() {
            return Ok(Sent::default());
        }
        // What is under way is told within the patience of the client, and nobody else knows of it.
        until(stop, Duration::MAX, move |is_over| {
            let all = alive.iter().filter_map(|(number, partition)| {
                let key = keys.get(*number)?.as_slice();
                Some(Tombstone { number: *number, key, partition: *partition })
            });
            send(&cluster, &topic, &all.collect::<Vec<_>>(), is_over)
        })
        .await
    }
}

/// Blocks elsewhere until it is done; told to stop, `is_over` is raised, and it is waited for no longer than `patience`.
async fn until<T: Send + 'static>(
    stop: impl Future<Output = ()>,
    patience: Duration,
    blocks: impl FnOnce(&AtomicBool) -> Result<T, RelayFault> + Send + 'static,
) -> Result<T, RelayFault> {
    tokio::pin!(stop);
    // Who was told so before begins nothing.
    if stop.as_mut().now_or_never().is_some() {
        return Err(RelayFault::Stopped { landed: 0, partitions: 0 });
    }
    let is_over = Arc::new(AtomicBool::new(false));
    let raised = Arc::clone(&is_over);
    let mut done = tokio::task::spawn_blocking(move || blocks(&raised));
    tokio::select! {
        done = &mut done => return done.map_err(|_| RelayFault::Ours)?,
        () = &mut stop => is_over.store(true, Ordering::SeqCst),
    }
    match tokio::time::timeout(patience, done).await {
        Ok(done) => done.map_err(|_| RelayFault::Ours)?,
        Err(_) => Err(RelayFault::Stopped { landed: 0, partitions: 0 }),
    }
}
