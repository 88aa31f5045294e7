//! How far topics are landed: the chain's word, held against the cluster's own.

use super::chain::{Chain, Owner};
use super::cluster::Cluster;
use super::fault::RelayFault;
use super::topic::Topic;
use super::walk::{Asked, TopicAsked};
use std::sync::Arc;

/// How far a partition is landed, and how far it goes.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Lag {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The offset before which nothing is left to be read; none where nothing of it was read.
    pub landed: Option<i64>,
    /// Where it ends now; none where nobody can say it, as where it has no leader.
    pub end: Option<i64>,
    /// Offsets between the two.
    pub lag: Option<i64>,
}

impl Lag {
    /// Of a topic of which nobody says even how many partitions it has.
    pub fn unknown(topic: &str) -> Self {
        Lag { topic: topic.to_owned(), partition: -1, landed: None, end: None, lag: None }
    }
}

/// Of every partition of the topics that are asked for; `topics` are those that were landed here.
pub async fn lag(asked: &Asked, cluster: &Arc<Cluster>, topics: &[Topic]) -> Result<Vec<Lag>, RelayFault> {
    let mut all = Vec::new();
    for TopicAsked { name, .. } in &asked.topics {
        let (asks, topic) = (Arc::clone(cluster), name.clone());
        let known = tokio::task::spawn_blocking(move || asks.known(&topic)).await.map_err(|_| RelayFault::Ours)??;
        // Of a topic that no round has come to yet nothing is known here, and the chain itself is asked.
        let chain = match topics.iter().find(|topic| *topic.name == **name).and_then(Topic::landed_to) {
            Some(landed) => landed,
            None => {
                let owner = Owner { from: &asked.from, topic: name, audience: asked.kafka.audience };
                Chain::read(&asked.folder, owner).await?.landed_to()
            }
        };
        all.extend(known.into_iter().map(|(partition, stretch)| {
            let landed = chain.get(&partition).copied();
            let end = stretch.map(|stretch| stretch.end);
            // Nothing was landed: everything that is there is before us.
            let from = landed.or(stretch.map(|stretch| stretch.low));
            let lag = from.zip(end).map(|(from, end)| (end - from).max(0));
            Lag { topic: name.clone(), partition, landed, end, lag }
        }));
        // Whoever has nothing to land does not stand still.
        if all.iter().filter(|lag| lag.topic == *name).all(|lag| lag.lag == Some(0)) {
            cluster.tally().went_on(name);
        }
    }
    Ok(all)
}
