//! Tombstones on their way into a topic: records without a value, each under the very bytes of a key and in the partition where that
//! key was seen. None counts that the cluster did not say it has, on all replicas that are in step.
//!
//! Never in here: which keys.

use super::cluster::{Cluster, Heard};
use super::fault::{RelayFault, answer};
use super::settings;
use crate::failpoint;
use rdkafka::client::{ClientContext, OAuthToken};
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long the client is waited for before we look again.
const LOOK: Duration = Duration::from_millis(50);

/// A tombstone that is to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Tombstone<'a> {
    /// The key's number.
    pub number: usize,
    /// Its bytes.
    pub key: &'a [u8],
    /// The partition in which it was seen.
    pub partition: i32,
}

/// A tombstone that the cluster has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// The key's number.
    pub number: usize,
    /// The partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
}

/// What became of tombstones.
#[derive(Debug, Default)]
pub struct Sent {
    /// Those that the cluster has.
    pub delivered: Vec<Delivered>,
    /// Why it has not the others; none where it has all.
    pub fault: Option<RelayFault>,
}

/// What the client says of each.
struct Reports {
    heard: Heard,
    said: Mutex<Said>,
}

#[derive(Default)]
struct Said {
    delivered: Vec<Delivered>,
    failed: usize,
    first: Option<RDKafkaErrorCode>,
}

impl ClientContext for Reports {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn generate_oauth_token(&self, config: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        self.heard.generate_oauth_token(config)
    }

    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}

    fn error(&self, error: KafkaError, reason: &str) {
        self.heard.error(error, reason);
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = Box<usize>;

    fn delivery(&self, result: &DeliveryResult<'_>, number: Box<usize>) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(message) => {
                let (partition, offset) = (message.partition(), message.offset());
                said.delivered.push(Delivered { number: *number, partition, offset });
                self.heard.went_well();
            }
            Err((error, _)) => {
                said.failed += 1;
                said.first = said.first.or(answer(error));
            }
        }
    }
}

/// Sends all of them and waits until each is delivered. Blocks; `is_over` ends it once what is under way is told. Where it fails, what
/// was delivered stands, and is told with the fault.
pub fn send(cluster: &Cluster, topic: &str, all: &[Tombstone<'_>], is_over: &AtomicBool) -> Result<Sent, RelayFault> {
    let mut config = cluster.asking();
    settings::sending(&mut config, cluster.patience());
    let producer: BaseProducer<Reports> =
        BaseProducer::from_config_and_context(&config, Reports { heard: cluster.hearing(), said: Mutex::default() })
            .map_err(|_| RelayFault::Client { from: cluster.from().clone() })?;
    let said = || producer.context().said.lock().unwrap_or_else(PoisonError::into_inner);
    let (mut sent, mut refused) = (0, None);
    for Tombstone { number, key, partition } in all {
        // The first that fails is the last: the reason is that of the next, too.
        if is_over.load(Ordering::SeqCst) || said().failed > 0 {
            break;
        }
        failpoint::before("kafka.send");
        let record = BaseRecord::<[u8], [u8], Box<usize>>::with_opaque_to(topic, Box::new(*number));
        let mut record = Some(record.partition(*partition).key(*key));
        while let Some(next) = record.take() {
            match producer.send(next) {
                Ok(()) => sent += 1,
                Err((error, back)) if answer(&error) == Some(RDKafkaErrorCode::QueueFull) => {
                    producer.poll(LOOK);
                    record = Some(back);
                }
                Err((error, _)) => refused = answer(&error),
            }
        }
        producer.poll(Duration::ZERO);
        failpoint::after("kafka.send");
        if refused.is_some() {
            break;
        }
    }
    // The client tells of each within the patience that it was given.
    let is_told = || {
        let said = said();
        said.delivered.len() + said.failed == sent
    };
    while !is_told() {
        producer.poll(LOOK);
    }
    let Said { delivered, failed, first } = std::mem::take(&mut *said());
    let (there, of) = (delivered.len(), all.len());
    let during = format!("tombstones were sent into `{topic}`, of which it has {there} of {of}");
    let fault = if failed > 0 || refused.is_some() {
        // That one was not taken in time does not say why; what the client heard of the brokers meanwhile does.
        Some(cluster.coded_by(first.or(refused), &producer.context().heard, during))
    } else {
        (there < of).then_some(RelayFault::Stopped { landed: 0, partitions: 0 })
    };
    Ok(Sent { delivered, fault })
}
