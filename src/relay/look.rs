//! A cluster as somebody looks at it before the night: whether it lets us in, has the topics, and lets us read them. Nothing of a record is
//! looked at, and nothing is kept or put anywhere.

use super::cluster::{Cluster, Queue};
use super::fault::{Meant, RelayFault, answer, meant};
use super::login::Login;
use super::settings::Sees;
use crate::data::Name;
use crate::job::KafkaSpec;
use rdkafka::error::KafkaError;
use std::time::{Duration, Instant};

/// Longest silence: a person waits for the answer.
const SILENCE_SECONDS_MAX: u64 = 10;
/// How long a partition is waited for once, before it is looked whether somebody refuses us.
const TURN: Duration = Duration::from_millis(50);
/// Bytes that are fetched ahead, of the one partition that is read: the least that a fetch fits into.
const QUEUE_BYTES: usize = 256 << 10;

/// What is wrong with the cluster of source `from`, and with each of the topics there.
pub async fn look(from: &Name, kafka: &KafkaSpec, login: Login, topics: Vec<String>) -> Vec<RelayFault> {
    let (from, mut kafka) = (from.clone(), kafka.clone());
    kafka.stall_seconds_max = kafka.stall_seconds_max.min(SILENCE_SECONDS_MAX);
    let looked = tokio::task::spawn_blocking(move || looked(&from, &kafka, login, &topics));
    looked.await.unwrap_or_else(|_| vec![RelayFault::Ours])
}

fn looked(from: &Name, kafka: &KafkaSpec, login: Login, topics: &[String]) -> Vec<RelayFault> {
    // No marker is put, so that it matters to nobody which group this is.
    let cluster = match Cluster::new(from, kafka, login, format!("nightferry.doctor.{from}"), Sees::Committed) {
        Ok(cluster) => cluster,
        Err(fault) => return vec![fault],
    };
    match cluster.brokers() {
        Ok(_) => topics.iter().filter_map(|topic| read(&cluster, topic).err()).collect(),
        // Whoever is not let in knows nothing of the topics.
        Err(fault) => vec![fault],
    }
}

/// Reads the first that there is of one partition: who may ask where it ends need not be one who may read it.
fn read(cluster: &Cluster, topic: &str) -> Result<(), RelayFault> {
    let stretches = cluster.partitions(topic)?;
    let Some(first) = stretches.first() else { return Ok(()) };
    let (reader, queues) = cluster.reader(&[(topic, first.partition, first.low)], QUEUE_BYTES)?;
    let during = format!("reading topic `{topic}`");
    let began = Instant::now();
    while began.elapsed() < cluster.patience() {
        // Errors of the whole cluster are heard below.
        while reader.poll(Duration::ZERO).is_some() {}
        cluster.attend();
        if let Some(fault) = cluster.heard(&reader, &during) {
            return Err(fault);
        }
        for queue in &queues {
            if is_read(cluster, queue, &during)? {
                return Ok(());
            }
        }
    }
    Err(RelayFault::Away { from: cluster.from().clone(), during, answer: None })
}

/// Whether something came, were it that there is nothing.
fn is_read(cluster: &Cluster, queue: &Queue, during: &str) -> Result<bool, RelayFault> {
    match queue.poll(TURN) {
        None => Ok(false),
        Some(Ok(_) | Err(KafkaError::PartitionEOF(_))) => Ok(true),
        Some(Err(error)) => match answer(&error).map(meant) {
            Some(Meant::Refused | Meant::Tls) => Err(cluster.fault(&error, during.to_owned())),
            None | Some(Meant::Passing | Meant::NotThere) => Ok(false),
            // What is harmed, or went meanwhile, was shown to us.
            Some(Meant::Harmed | Meant::OutOfRange) => Ok(true),
        },
    }
}
