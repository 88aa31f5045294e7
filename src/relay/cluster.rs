//! A cluster: which partitions its topics have, where they begin and end, and a reader of some of them.
//!
//! Everything in here blocks, and is called where that does no harm.

use super::account::Tally;
use super::fault::{Meant, RelayFault, answer, meant};
pub use super::heard::Heard;
use super::login::{Login, Tokens};
use super::settings;
pub use super::settings::Sees;
use crate::data::Name;
use crate::job::{KafkaAuth, KafkaSpec};
use rdkafka::ClientConfig;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long one partition is asked for its ends, at most.
const ASK: Duration = Duration::from_secs(10);
/// The same where another of its topic did not answer.
const ASK_OTHERS: Duration = Duration::from_secs(3);

/// How long a question is waited for the first time, before we look whether somebody refused us; twice as long each time.
const FIRST: Duration = Duration::from_secs(1);
/// How long a client is served for what it wants to say or to be given.
const SERVE: Duration = Duration::from_millis(5);
/// How long a client is waited for that asks whether we are let in.
const KNOCK: Duration = Duration::from_secs(5);

/// A cluster that was named in the environment.
pub struct Cluster {
    from: Name,
    kafka: KafkaSpec,
    login: Login,
    sees: Sees,
    tokens: Option<Arc<Tokens>>,
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
    /// The offset behind the last that may be read: the last stable one, or the high watermark ([`Sees`]).
    pub end: i64,
}

/// The one kind of reader that there is.
pub type Reader = BaseConsumer<Heard>;
/// What comes of one partition.
pub type Queue = PartitionQueue<Heard>;

impl Cluster {
    /// A cluster, not yet asked anything. `from` is its source in the environment, `group` where markers are put.
    pub fn new(from: &Name, kafka: &KafkaSpec, login: Login, group: String, sees: Sees) -> Result<Self, RelayFault> {
        let tokens = match &kafka.auth {
            KafkaAuth::Iam { region, token_seconds } => Some(Arc::new(Tokens::new(region, *token_seconds))),
            KafkaAuth::Scram { .. } | KafkaAuth::None => None,
        };
        let tally = Arc::new(Tally::default());
        let config = settings::asking(from, kafka, &login, sees);
        let asks = BaseConsumer::from_config_and_context(&config, Heard::new(Arc::clone(&tally), tokens.clone()));
        let asks = asks.map_err(|_| RelayFault::Client { from: from.clone() })?;
        Ok(Cluster { from: from.clone(), kafka: kafka.clone(), login, sees, tokens, group, asks, tally })
    }

    /// What a client of it is told before all else.
    pub fn asking(&self) -> ClientConfig {
        settings::asking(&self.from, &self.kafka, &self.login, self.sees)
    }

    /// What another client of it is heard by.
    pub fn hearing(&self) -> Heard {
        Heard::new(Arc::clone(&self.tally), self.tokens.clone())
    }

    /// What is counted.
    pub fn tally(&self) -> &Arc<Tally> {
        &self.tally
    }

    /// Its source in the environment.
    pub fn from(&self) -> &Name {
        &self.from
    }

    /// Longest silence.
    pub fn patience(&self) -> Duration {
        Duration::from_secs(self.kafka.stall_seconds_max)
    }

    /// The numbers of its brokers.
    pub fn brokers(&self) -> Result<Vec<i32>, RelayFault> {
        let metadata =
            self.asked(self.patience().min(ASK), "looking for brokers", |asks, left| asks.fetch_metadata(None, left))?;
        Ok(metadata.brokers().iter().map(|broker| broker.id()).collect())
    }

    /// The partitions of a topic, in their order.
    pub fn partitions(&self, topic: &str) -> Result<Vec<Stretch>, RelayFault> {
        self.numbers(topic)?.into_iter().map(|partition| self.stretch(topic, partition)).collect()
    }

    /// Those of them of which somebody can say where they begin and end; and why nobody can of the first of the others, as where it has
    /// no leader.
    pub fn reachable(&self, topic: &str) -> Result<(Vec<Stretch>, Option<RelayFault>), RelayFault> {
        let (mut reachable, mut away) = (Vec::new(), None);
        for partition in self.numbers(topic)? {
            // Where one is away so may others be, and those that are not are not kept waiting for each of them.
            let patience = if away.is_none() { ASK } else { ASK_OTHERS };
            match self.stretch_within(patience, topic, partition) {
                Ok(stretch) => reachable.push(stretch),
                Err(fault @ RelayFault::Away { .. }) => {
                    away.get_or_insert(fault);
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok((reachable, away))
    }

    /// The numbers of a topic's partitions, in their order.
    fn numbers(&self, topic: &str) -> Result<Vec<i32>, RelayFault> {
        let during = || format!("looking for topic `{topic}`");
        let metadata = self.asked(self.patience(), &during(), |asks, left| asks.fetch_metadata(Some(topic), left))?;
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
        Ok(partitions)
    }

    /// The partitions of a topic, each with its stretch; none where nobody can say it just now. Never zero in its place: a
    /// partition without a leader has an end that is not known.
    pub fn known(&self, topic: &str) -> Result<Vec<(i32, Option<Stretch>)>, RelayFault> {
        let (patience, during) = (self.patience().min(ASK), format!("looking for topic `{topic}`"));
        let metadata = self.asked(patience, &during, |asks, left| asks.fetch_metadata(Some(topic), left))?;
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
        let found =
            self.asked(self.patience().min(ASK), &during(), |asks, left| asks.offsets_for_times(list.clone(), left))?;
        Ok(match found.find_partition(topic, stretch.partition).map(|found| found.offset()) {
            Some(Offset::Offset(offset)) => offset.min(stretch.end),
            _ => stretch.end,
        })
    }

    /// Where a partition begins and ends just now, asked of its leader.
    pub fn stretch(&self, topic: &str, partition: i32) -> Result<Stretch, RelayFault> {
        self.stretch_within(ASK, topic, partition)
    }

    fn stretch_within(&self, patience: Duration, topic: &str, partition: i32) -> Result<Stretch, RelayFault> {
        let during = format!("asking where partition {partition} of `{topic}` ends");
        let patience = self.patience().min(patience);
        let (low, end) = self.asked(patience, &during, |asks, left| asks.fetch_watermarks(topic, partition, left))?;
        Ok(Stretch { partition, low, end })
    }

    /// A reader of partitions, each from its offset on, and the queue of each in the same order. It fetches `queue_bytes` ahead
    /// over all of them, which have to be no more than [`settings::partitions_at_once`] says.
    pub fn reader(
        &self,
        from: &[(&str, i32, i64)],
        queue_bytes: usize,
    ) -> Result<(Arc<Reader>, Vec<Queue>), RelayFault> {
        let config = settings::reading(self.asking(), &self.group, from.len(), queue_bytes);
        let reader = BaseConsumer::from_config_and_context(&config, self.hearing());
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

    /// Serves the client that asks, for as long as nobody asks anything: it would show a token that is over.
    pub fn attend(&self) {
        while self.asks.poll(Duration::ZERO).is_some() {}
    }

    /// Puts a question until it is answered, we are refused, or patience is over. A broker that goes away while we log in, or shake
    /// hands, is heard as one that refuses us: so somebody else is sent to knock.
    fn asked<T>(
        &self,
        patience: Duration,
        during: &str,
        question: impl Fn(&Reader, Duration) -> KafkaResult<T>,
    ) -> Result<T, RelayFault> {
        let refused = |_: &Heard| self.knock(during).err().filter(RelayFault::is_refusal);
        self.put(&self.asks, patience, during, question, refused)
    }

    /// Whether we are let in, by a client that never was.
    fn knock(&self, during: &str) -> Result<(), RelayFault> {
        let client: Reader = BaseConsumer::from_config_and_context(&self.asking(), self.hearing())
            .map_err(|_| RelayFault::Client { from: self.from.clone() })?;
        let question = |client: &Reader, left| client.fetch_metadata(None, left);
        let refused = |heard: &Heard| Some(self.coded_by(None, heard, during.to_owned()));
        self.put(&client, KNOCK, during, question, refused).map(|_| ())
    }

    fn put<T>(
        &self,
        client: &Reader,
        patience: Duration,
        during: &str,
        question: impl Fn(&Reader, Duration) -> KafkaResult<T>,
        refused: impl Fn(&Heard) -> Option<RelayFault>,
    ) -> Result<T, RelayFault> {
        let heard = client.context();
        let (begun, mut next) = (Instant::now(), FIRST);
        loop {
            heard.went_well();
            // Nobody else does: a client is given its token here, which it asks for before all else.
            while client.poll(Duration::ZERO).is_some() {}
            let left = patience.saturating_sub(begun.elapsed());
            let error = match question(client, next.min(left).max(SERVE)) {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            // And says here that it was refused.
            while client.poll(SERVE).is_some() {}
            if heard.refusal().is_some()
                && let Some(fault) = refused(heard)
            {
                return Err(fault);
            }
            if left <= next || answer(&error).map(meant) != Some(Meant::Passing) {
                return Err(self.coded_by(answer(&error), heard, during.to_owned()));
            }
            next *= 2;
        }
    }

    /// What an error of the client ends a run with.
    pub fn fault(&self, error: &KafkaError, during: String) -> RelayFault {
        self.coded(answer(error), during)
    }

    /// The same of what a reader heard of the whole cluster; `None` while that may pass. Whether it does is asked by a client of its
    /// own: one that was let in before may stay in for long.
    pub fn heard(&self, reader: &Reader, during: &str) -> Option<RelayFault> {
        let heard = reader.context();
        if !heard.refusal().is_some_and(|refusal| refusal.stands()) {
            return None;
        }
        match self.knock(during) {
            Err(fault) if fault.is_refusal() => Some(fault),
            _ => {
                heard.put_off();
                None
            }
        }
    }

    /// What an answer of the cluster ends a run with.
    pub fn coded(&self, code: Option<RDKafkaErrorCode>, during: String) -> RelayFault {
        self.coded_by(code, self.asks.context(), during)
    }

    /// The same, where another client of it heard why.
    pub fn coded_by(&self, code: Option<RDKafkaErrorCode>, heard: &Heard, during: String) -> RelayFault {
        let from = self.from.clone();
        let of = code.map(|code| (meant(code), code)).filter(|(of, _)| matches!(of, Meant::Refused | Meant::Tls));
        // A question that was not answered does not know why; the connection does.
        let refusal = heard.refusal().map(|refusal| (refusal.meant, refusal.code));
        let unsigned = self.tokens.as_ref().and_then(|tokens| tokens.fault());
        match (of.or(refusal), unsigned) {
            (Some((Meant::Refused, _)), Some(fault)) => RelayFault::Unsigned { from, fault },
            (Some((Meant::Refused, answer)), None) => RelayFault::Refused { from, during, answer },
            (Some(_), _) => RelayFault::Tls { from },
            (None, _) => RelayFault::Away { from, during, answer: code },
        }
    }
}
