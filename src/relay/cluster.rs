//! A cluster: which partitions its topics have, where they begin and end, and a reader of some of them.
//!
//! Everything in here blocks, and is called where that does no harm.

use super::account::{Account, Tally};
use super::fault::{Meant, RelayFault, answer, meant};
pub use super::heard::Heard;
use super::settings;
use crate::data::Name;
use crate::job::KafkaSpec;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How long one partition is asked for its ends, at most.
const ASK: Duration = Duration::from_secs(10);

/// A cluster that was named in the environment.
pub struct Cluster {
    from: Name,
    kafka: KafkaSpec,
    ca: Option<PathBuf>,
    group: String,
    asks: BaseConsumer<Heard>,
    tally: Arc<Tally>,
}

/// What of a partition can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The partition.
    pub partition: i32,
    /// Its first offset.
    pub low: i64,
    /// The offset behind the last that may be read: the last stable one.
    pub end: i64,
}

/// The one kind of reader that there is.
pub type Reader = BaseConsumer<Heard>;
/// What comes of one partition.
pub type Queue = PartitionQueue<Heard>;

impl Cluster {
    /// A cluster, not yet asked anything. `from` is its source in the environment, `group` where markers are put.
    pub fn new(from: &Name, kafka: &KafkaSpec, ca: Option<PathBuf>, group: String) -> Result<Self, RelayFault> {
        let config = settings::asking(from, kafka, ca.as_deref());
        let asks = BaseConsumer::from_config_and_context(&config, Heard::default());
        let asks = asks.map_err(|_| RelayFault::Client { from: from.clone() })?;
        Ok(Cluster { from: from.clone(), kafka: kafka.clone(), ca, group, asks, tally: Arc::default() })
    }

    /// What reading has come to since this was asked last.
    pub fn account(&self) -> Account {
        self.tally.take()
    }

    /// Its source in the environment.
    pub fn from(&self) -> &Name {
        &self.from
    }

    /// Longest silence.
    pub fn patience(&self) -> Duration {
        Duration::from_secs(self.kafka.stall_seconds_max)
    }

    /// The partitions of a topic, in their order.
    pub fn partitions(&self, topic: &str) -> Result<Vec<Stretch>, RelayFault> {
        let during = || format!("looking for topic `{topic}`");
        let metadata = self.asks.fetch_metadata(Some(topic), self.patience());
        let metadata = metadata.map_err(|error| self.fault(&error, during()))?;
        let no_topic = || RelayFault::NoTopic { from: self.from.clone(), topic: topic.to_owned() };
        let found = metadata.topics().iter().find(|found| found.name() == topic).ok_or_else(no_topic)?;
        if let Some(error) = found.error() {
            let code = RDKafkaErrorCode::from(error);
            return Err(match meant(code) {
                Meant::NotThere => no_topic(),
                _ => self.coded(Some(code), during()),
            });
        }
        let mut partitions: Vec<i32> = found.partitions().iter().map(|partition| partition.id()).collect();
        if partitions.is_empty() {
            return Err(no_topic());
        }
        partitions.sort_unstable();
        partitions.into_iter().map(|partition| self.stretch(topic, partition)).collect()
    }

    /// The partitions of a topic, each with its stretch; none where nobody can say it just now. Never zero in its place: a
    /// partition without a leader has an end that is not known.
    pub fn known(&self, topic: &str) -> Result<Vec<(i32, Option<Stretch>)>, RelayFault> {
        let metadata = self.asks.fetch_metadata(Some(topic), self.patience().min(ASK));
        let metadata = metadata.map_err(|error| self.fault(&error, format!("looking for topic `{topic}`")))?;
        let found = metadata.topics().iter().find(|found| found.name() == topic && found.error().is_none());
        let no_topic = || RelayFault::NoTopic { from: self.from.clone(), topic: topic.to_owned() };
        let partitions = found.ok_or_else(no_topic)?.partitions().iter();
        let known = partitions.map(|partition| {
            let has_leader = partition.leader() >= 0;
            (partition.id(), has_leader.then(|| self.stretch(topic, partition.id()).ok()).flatten())
        });
        let mut known: Vec<_> = known.collect();
        known.sort_unstable_by_key(|(partition, _)| *partition);
        Ok(known)
    }

    /// The first offset of a partition whose record is not older than `millis` since 1970; its end where there is none.
    pub fn offset_at(&self, topic: &str, stretch: Stretch, millis: i64) -> Result<i64, RelayFault> {
        let mut list = TopicPartitionList::with_capacity(1);
        let added = list.add_partition_offset(topic, stretch.partition, Offset::Offset(millis));
        added.map_err(|_| RelayFault::Ours)?;
        let during = || format!("asking for a moment of partition {} of `{topic}`", stretch.partition);
        let found = self.asks.offsets_for_times(list, self.patience().min(ASK));
        let found = found.map_err(|error| self.fault(&error, during()))?;
        Ok(match found.find_partition(topic, stretch.partition).map(|found| found.offset()) {
            Some(Offset::Offset(offset)) => offset.min(stretch.end),
            _ => stretch.end,
        })
    }

    /// Where a partition begins and ends just now, asked of its leader.
    pub fn stretch(&self, topic: &str, partition: i32) -> Result<Stretch, RelayFault> {
        let asked = self.asks.fetch_watermarks(topic, partition, self.patience().min(ASK));
        let (low, end) = asked
            .map_err(|error| self.fault(&error, format!("asking where partition {partition} of `{topic}` ends")))?;
        Ok(Stretch { partition, low, end })
    }

    /// A reader of partitions, each from its offset on, and the queue of each in the same order. It fetches `queue_bytes` ahead
    /// over all of them, which have to be no more than [`settings::partitions_at_once`] says.
    pub fn reader(
        &self,
        from: &[(&str, i32, i64)],
        queue_bytes: usize,
    ) -> Result<(Arc<Reader>, Vec<Queue>), RelayFault> {
        let ca = self.ca.as_deref();
        let config = settings::reading(&self.from, &self.kafka, ca, &self.group, from.len(), queue_bytes);
        let reader = BaseConsumer::from_config_and_context(&config, Heard::new(Arc::clone(&self.tally)));
        let reader: Arc<Reader> = Arc::new(reader.map_err(|_| RelayFault::Client { from: self.from.clone() })?);
        // Before anything is fetched: what came into the queue that all share would be read out of its order.
        let split = |(topic, partition, _): &(&str, i32, i64)| reader.split_partition_queue(topic, *partition);
        let queues = from.iter().map(split).collect::<Option<Vec<_>>>().ok_or(RelayFault::Ours)?;
        let mut list = TopicPartitionList::with_capacity(from.len());
        for (topic, partition, offset) in from {
            let added = list.add_partition_offset(topic, *partition, Offset::Offset(*offset));
            added.map_err(|_| RelayFault::Ours)?;
        }
        reader.assign(&list).map_err(|error| self.fault(&error, "beginning to read".into()))?;
        Ok((reader, queues))
    }

    /// What an error of the client ends a run with.
    pub fn fault(&self, error: &KafkaError, during: String) -> RelayFault {
        self.coded(answer(error), during)
    }

    /// The same of what a reader heard of the whole cluster; `None` while that may pass.
    pub fn heard(&self, reader: &Reader, during: &str) -> Option<RelayFault> {
        let code = reader.context().last_error();
        let is_final = code.is_some_and(|code| matches!(meant(code), Meant::Refused | Meant::Tls));
        is_final.then(|| self.coded(code, during.to_owned()))
    }

    fn coded(&self, code: Option<RDKafkaErrorCode>, during: String) -> RelayFault {
        let from = self.from.clone();
        // A question that was not answered does not know why; the connection does.
        let heard = self.asks.context().last_error();
        let is_final = |code: &RDKafkaErrorCode| matches!(meant(*code), Meant::Refused | Meant::Tls);
        match code.filter(is_final).or(heard.filter(is_final)) {
            Some(answer) if meant(answer) == Meant::Refused => RelayFault::Refused { from, during, answer },
            Some(_) => RelayFault::Tls { from },
            None => RelayFault::Away { from, during, answer: code },
        }
    }
}
