//! Topics of a test's own on the tests' cluster, and what is written into them.

use crate::services::variable;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders, ToBytes};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext, ThreadedProducer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::util::Timeout;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

pub fn brokers() -> String {
    variable("NIGHTFERRY_KAFKA")
}

fn config() -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers());
    config
}

fn admin() -> AdminClient<DefaultClientContext> {
    config().create().expect("a client")
}

/// A topic of that many partitions; `settings` are its own.
pub async fn topic(partitions: i32, settings: &[(&str, &str)]) -> String {
    let name = format!("relay.{}", uuid::Uuid::now_v7().simple());
    make(&name, partitions, settings).await;
    name
}

pub async fn make(name: &str, partitions: i32, settings: &[(&str, &str)]) {
    let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
    for (key, value) in settings {
        topic = topic.set(key, value);
    }
    let made = admin().create_topics(&[topic], &AdminOptions::new()).await.expect("asked");
    made[0].as_ref().expect("a topic");
}

pub async fn unmake(name: &str) {
    let gone = admin().delete_topics(&[name], &AdminOptions::new()).await.expect("asked");
    gone[0].as_ref().expect("gone");
}

/// The records of partition 0 before `offset` go, as they do once they are older than the topic keeps them.
pub async fn forget(name: &str, offset: i64) {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(name, 0, Offset::Offset(offset)).expect("a partition");
    admin().delete_records(&list, &AdminOptions::new()).await.expect("asked");
}

/// Counts what the cluster says that it has.
#[derive(Clone, Default)]
pub struct Counted(Arc<AtomicU64>);

impl rdkafka::ClientContext for Counted {}

impl ProducerContext for Counted {
    type DeliveryOpaque = ();
    fn delivery(&self, delivered: &DeliveryResult<'_>, (): ()) {
        assert!(delivered.is_ok(), "not delivered");
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Key and value.
pub type Pair = (Option<String>, Option<String>);

/// Writes records into one partition; all of them are there when it comes back.
pub fn write<T: ToBytes>(topic: &str, partition: i32, records: &[(Option<T>, Option<T>)]) {
    write_with(topic, partition, records, None);
}

/// The same, each with a header.
pub fn write_with<T: ToBytes>(
    topic: &str,
    partition: i32,
    records: &[(Option<T>, Option<T>)],
    header: Option<(&str, &str)>,
) {
    let made = records.iter().map(|(key, value)| {
        let mut record = BaseRecord::<T, T>::to(topic).partition(partition);
        record.key = key.as_ref();
        record.payload = value.as_ref();
        record.headers = header.map(|(key, value)| OwnedHeaders::new().insert(Header { key, value: Some(value) }));
        record
    });
    deliver(made);
}

/// Writes what `kcat -J` printed of another topic: the same partitions, keys, values and headers, in their order.
pub fn write_printed(topic: &str, lines: &[String]) {
    let lines: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).expect("a line of kcat's")).collect();
    let made = lines.iter().map(|line| {
        let partition = line["partition"].as_i64().and_then(|number| i32::try_from(number).ok());
        let mut record = BaseRecord::<str, str>::to(topic).partition(partition.expect("a partition"));
        record.key = line["key"].as_str();
        record.payload = line["payload"].as_str();
        let texts = line["headers"].as_array().map(|all| all.iter().map(Value::as_str).collect::<Vec<_>>());
        let header = |headers: OwnedHeaders, pair: &[Option<&str>]| {
            headers.insert(Header { key: pair[0].expect("a name"), value: pair[1] })
        };
        record.headers = texts.map(|texts| texts.chunks_exact(2).fold(OwnedHeaders::new(), header));
        record
    });
    deliver(made);
}

/// All of them are there when it comes back.
fn deliver<'a, T: ToBytes + ?Sized + 'a>(records: impl ExactSizeIterator<Item = BaseRecord<'a, T, T>>) {
    let (counted, count) = (Counted::default(), records.len() as u64);
    let mut config = config();
    config.set("enable.idempotence", "true").set("linger.ms", "5");
    let producer: ThreadedProducer<Counted> = config.create_with_context(counted.clone()).expect("a producer");
    for record in records {
        let mut record = Some(record);
        while let Some(next) = record.take() {
            // A full queue is emptied by the thread behind it.
            if let Err((_, back)) = producer.send(next) {
                std::thread::sleep(Duration::from_millis(5));
                record = Some(back);
            }
        }
    }
    producer.flush(Timeout::After(PATIENCE)).expect("written");
    assert_eq!(counted.0.load(Ordering::SeqCst), count);
}

/// A record of a topic: partition, offset, key, value.
pub type Record = (i32, i64, Option<String>, Option<String>);

/// Every record of a topic, by a reader of the tests' own.
pub fn all(topic: &str) -> Vec<Record> {
    use rdkafka::Message;
    let mut config = config();
    config.set("group.id", "tests").set("enable.partition.eof", "true").set("enable.auto.commit", "false");
    let consumer: BaseConsumer = config.create().expect("a consumer");
    let metadata = consumer.fetch_metadata(Some(topic), PATIENCE).expect("asked");
    let mut list = TopicPartitionList::new();
    for partition in metadata.topics()[0].partitions() {
        list.add_partition_offset(topic, partition.id(), Offset::Beginning).expect("a partition");
    }
    consumer.assign(&list).expect("assigned");
    let (mut records, mut open) = (Vec::new(), list.count());
    let text = |bytes: Option<&[u8]>| bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    while open > 0 {
        match consumer.poll(PATIENCE).expect("it answers") {
            Ok(message) => {
                let (key, value) = (text(message.key()), text(message.payload()));
                records.push((message.partition(), message.offset(), key, value));
            }
            Err(rdkafka::error::KafkaError::PartitionEOF(_)) => open -= 1,
            Err(error) => panic!("{error}"),
        }
    }
    records.sort();
    records
}

/// Where a group's marker stands in each of a topic's partitions; none where there is none.
pub fn marker(group: &str, topic: &str, partitions: i32) -> Vec<Option<i64>> {
    let consumer: BaseConsumer = config().set("group.id", group).create().expect("a consumer");
    let mut list = TopicPartitionList::new();
    list.add_partition_range(topic, 0, partitions - 1);
    let told = consumer.committed_offsets(list, PATIENCE).expect("asked");
    told.elements().iter().map(|place| place.offset().to_raw().filter(|offset| *offset >= 0)).collect()
}

/// How a transaction ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    Commits,
    Aborts,
    /// Not yet: it is open until the producer goes.
    Stays,
}

/// Writes records in one transaction into partition 0.
pub fn transact(topic: &str, records: &[Pair], ends: Ends) -> BaseProducer {
    let mut config = config();
    config.set("transactional.id", uuid::Uuid::now_v7().to_string());
    let producer: BaseProducer = config.create().expect("a producer");
    producer.init_transactions(PATIENCE).expect("begun");
    producer.begin_transaction().expect("begun");
    for (key, value) in records {
        let mut record = BaseRecord::<String, String>::to(topic).partition(0);
        record.key = key.as_ref();
        record.payload = value.as_ref();
        producer.send(record).map_err(|(error, _)| error).expect("sent");
    }
    producer.flush(PATIENCE).expect("written");
    match ends {
        Ends::Commits => producer.commit_transaction(PATIENCE).expect("committed"),
        Ends::Aborts => producer.abort_transaction(PATIENCE).expect("aborted"),
        Ends::Stays => {}
    }
    producer
}

/// Rows of `app.thing` as Debezium tells them, the first of them `id` of that transaction.
pub fn things(ids: std::ops::Range<u64>, transaction: u64) -> Vec<Pair> {
    ids.map(|id| {
        let value = serde_json::json!({"before": null, "after": {"id": id, "amount": format!("{id}.50")},
            "source": {"txId": transaction, "ts_ms": 1_795_000_000_000_u64}, "op": "c"});
        (Some(format!("{{\"id\":{id}}}")), Some(value.to_string()))
    })
    .collect()
}

/// A member of a group that reads a topic; it leaves when this goes.
pub struct Member {
    is_over: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Member {
    /// Comes back once the group has given it a partition.
    pub fn of(group: &str, topic: &str) -> Self {
        let mut config = config();
        config.set("group.id", group).set("auto.offset.reset", "earliest").set("session.timeout.ms", "6000");
        let consumer: BaseConsumer = config.create().expect("a consumer");
        consumer.subscribe(&[topic]).expect("asked");
        let (is_over, is_in) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (over, joined) = (Arc::clone(&is_over), Arc::clone(&is_in));
        let thread = std::thread::spawn(move || {
            while !over.load(Ordering::SeqCst) {
                let _ = consumer.poll(Duration::from_millis(50));
                joined.store(consumer.assignment().is_ok_and(|of| of.count() > 0), Ordering::SeqCst);
            }
        });
        let began = std::time::Instant::now();
        while !is_in.load(Ordering::SeqCst) {
            assert!(began.elapsed() < PATIENCE, "the group takes nobody in");
            std::thread::sleep(Duration::from_millis(20));
        }
        Member { is_over, thread: Some(thread) }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
