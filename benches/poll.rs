//! Reads a topic to its end and does nothing with it: what the client gives whoever only polls. For `benches/relay.py`.
//!
//! `poll BROKERS TOPIC [KEY=VALUE ...]` prints the records and the bytes of their keys and values as JSON. The settings come on top of the
//! client's own.

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::process::ExitCode;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let told = match words.as_slice() {
        [brokers, topic, settings @ ..] => read(brokers, topic, settings),
        _ => Err("poll BROKERS TOPIC [KEY=VALUE ...]".into()),
    };
    match told {
        Ok((records, bytes)) => {
            use std::io::Write;
            let _ = writeln!(std::io::stdout(), "{{\"records\": {records}, \"bytes\": {bytes}}}");
            ExitCode::SUCCESS
        }
        Err(fault) => {
            use std::io::Write;
            let _ = writeln!(std::io::stderr(), "{fault}");
            ExitCode::FAILURE
        }
    }
}

fn read(brokers: &str, topic: &str, settings: &[String]) -> Result<(u64, u64), Box<dyn std::error::Error>> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers).set("group.id", "poll").set("enable.auto.commit", "false");
    config.set("enable.partition.eof", "true");
    for setting in settings {
        let (key, value) = setting.split_once('=').ok_or("a setting is KEY=VALUE")?;
        config.set(key, value);
    }
    let consumer: BaseConsumer = config.create()?;
    let metadata = consumer.fetch_metadata(Some(topic), PATIENCE)?;
    let found = metadata.topics().first().ok_or("no such topic")?;
    let mut list = TopicPartitionList::new();
    for partition in found.partitions() {
        list.add_partition_offset(topic, partition.id(), Offset::Beginning)?;
    }
    let mut left = list.count();
    consumer.assign(&list)?;
    let (mut records, mut bytes) = (0, 0);
    while left > 0 {
        match consumer.poll(PATIENCE) {
            Some(Ok(message)) => {
                records += 1;
                bytes += (message.payload_len() + message.key_len()) as u64;
            }
            Some(Err(KafkaError::PartitionEOF(_))) => left -= 1,
            Some(Err(fault)) => return Err(fault.into()),
            None => return Err("nothing came".into()),
        }
    }
    Ok((records, bytes))
}
