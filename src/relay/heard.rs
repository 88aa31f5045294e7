//! What the client says by itself, whoever asked it: errors of the whole cluster, how far it has read, how brokers held it back.
//!
//! Its log is nobody's: it may quote what it choked on.

use super::account::Tally;
use super::fault::answer;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::statistics::{Broker, Statistics};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What was heard of a client.
#[derive(Default)]
pub struct Heard {
    error: Mutex<Option<RDKafkaErrorCode>>,
    /// Topic -> partition -> the offset up to which it had read on when it last found no more.
    read: Mutex<HashMap<String, HashMap<i32, i64>>>,
    /// How old the client was when it last told its numbers, in microseconds.
    age: Mutex<i64>,
    tally: Arc<Tally>,
}

impl Heard {
    /// Nothing yet; what is counted goes into `tally`.
    pub fn new(tally: Arc<Tally>) -> Self {
        Heard { tally, ..Heard::default() }
    }

    /// The offset up to which the client had read on when it last found no more; `None` where it was not so far yet.
    pub fn read(&self, topic: &str, partition: i32) -> Option<i64> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.get(topic)?.get(&partition).copied()
    }

    /// The last error of the whole cluster.
    pub fn last_error(&self) -> Option<RDKafkaErrorCode> {
        *self.error.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Heard {
    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}

    fn error(&self, error: KafkaError, _: &str) {
        // That all brokers are down follows whatever brought them down, and says less.
        if let Some(code) = answer(&error).filter(|code| *code != RDKafkaErrorCode::AllBrokersDown) {
            *self.error.lock().unwrap_or_else(PoisonError::into_inner) = Some(code);
        }
    }

    fn stats(&self, statistics: Statistics) {
        let mut age = self.age.lock().unwrap_or_else(PoisonError::into_inner);
        let since_ms = u64::try_from(statistics.age - *age).unwrap_or(0) / 1_000;
        *age = statistics.age;
        drop(age);
        for broker in statistics.brokers.values().filter(|broker| is_read_of(broker)) {
            // What is told is of the time since it was told last.
            let throttled = broker.throttle.as_ref().map_or(0, |throttle| throttle.sum);
            self.tally.read(since_ms, u64::try_from(throttled).unwrap_or(0));
        }
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, topic) in statistics.topics {
            let ends = topic.partitions.into_iter().filter(|(_, partition)| partition.eof_offset >= 0);
            read.entry(name).or_default().extend(ends.map(|(number, partition)| (number, partition.eof_offset)));
        }
    }
}

impl ConsumerContext for Heard {}

/// Whether anything was ever fetched from a broker.
fn is_read_of(broker: &Broker) -> bool {
    broker.req.get("Fetch").is_some_and(|count| *count > 0)
}
