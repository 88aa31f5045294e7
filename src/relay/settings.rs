//! What the client is told, each setting with its reason.
//!
//! Never in here: a secret in a message, and what is done with the client.

use super::login::Login;
use crate::data::Name;
use crate::job::{KafkaAuth, KafkaSpec, ScramHash, Trust};
use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use secrecy::ExposeSecret;
use std::time::Duration;

/// The least that is fetched ahead of one partition: a fetch has to fit, which may come on top of a queue that is nearly full.
const QUEUE_KBYTES_MIN: usize = 128;
/// What an answer may hold at least, in the client's own measure.
const ANSWER_BYTES_MIN: usize = 1_000_000;
/// Bytes of one partition that a broker is asked for at once, at most.
const FETCH_BYTES_MAX: usize = 1 << 20;

/// Of how many partitions is read at once where `queue_bytes` may be fetched ahead of all: each has a queue and a fetch of its own.
pub fn partitions_at_once(queue_bytes: usize) -> usize {
    (queue_bytes / (2 * QUEUE_KBYTES_MIN * 1024)).max(1)
}

/// KiB of the queue of each of so many partitions; as much again is its fetch.
fn queue_kbytes(partitions: usize, queue_bytes: usize) -> usize {
    (queue_bytes / 1024 / 2 / partitions.max(1)).max(QUEUE_KBYTES_MIN)
}

/// The name by which the quotas of a cluster know us.
pub fn client_id(from: &Name) -> String {
    format!("nightferry-relay.{from}")
}

/// What of a log may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sees {
    /// What is committed: a partition ends at its last stable offset.
    Committed,
    /// All that its leader has: a partition ends at its high watermark, behind whatever transaction is open.
    Everything,
}

/// For questions alone: what topics there are, and where their partitions end. It needs no group.
pub fn asking(from: &Name, kafka: &KafkaSpec, login: &Login, sees: Sees) -> ClientConfig {
    let isolation = match sees {
        // The end of a partition is then the last stable offset: what an open transaction wrote is not promised to be read.
        Sees::Committed => "read_committed",
        Sees::Everything => "read_uncommitted",
    };
    let client = client_id(from);
    let mut config = ClientConfig::new();
    config.set_log_level(RDKafkaLogLevel::Emerg);
    for (key, value) in [
        ("bootstrap.servers", kafka.brokers.as_str()),
        // One of each source, so that its cluster can give it a quota of its own.
        ("client.id", client.as_str()),
        ("isolation.level", isolation),
        // After a broker was away: at once when it is back, not after the client's ten seconds.
        ("reconnect.backoff.max.ms", "1000"),
        // A call that nobody answers is over before the 25 s that SIGTERM leaves.
        ("socket.timeout.ms", "10000"),
        ("socket.connection.setup.timeout.ms", "10000"),
        // A new leader is known after half a minute at most; five are the client's own measure.
        ("topic.metadata.refresh.interval.ms", "30000"),
    ] {
        config.set(key, value);
    }
    match kafka.trust {
        Trust::Verified => secured(&mut config, kafka, login),
        Trust::Unchecked => {
            config.set("security.protocol", "plaintext");
        }
    }
    config
}

/// What a client that sends is told besides.
pub fn sending(config: &mut ClientConfig, patience: Duration) {
    let patience = patience.as_millis().to_string();
    for (key, value) in [
        // It is there once all replicas that are in step have it.
        ("acks", "all"),
        // And once, however often the client has to say it.
        ("enable.idempotence", "true"),
        // After this the client says that it is not there, and does not try for ever.
        ("message.timeout.ms", patience.as_str()),
        // Some come together.
        ("linger.ms", "5"),
    ] {
        config.set(key, value);
    }
}

/// TLS that is always verified, and what we show.
fn secured(config: &mut ClientConfig, kafka: &KafkaSpec, login: &Login) {
    // The client's own measure, said all the same: that a broker has a certificate of somebody else's is no broker of ours.
    config.set("enable.ssl.certificate.verification", "true").set("ssl.endpoint.identification.algorithm", "https");
    match &login.ca {
        Some(ca) => config.set("ssl.ca.location", ca.to_string_lossy()),
        // An OpenSSL that is linked in whole does not know where a system keeps its roots; the client knows some places.
        None => config.set("ssl.ca.location", "probe"),
    };
    if let Some(client) = &login.client {
        config.set("ssl.certificate.pem", &client.certificate).set("ssl.key.pem", client.key.expose_secret());
    }
    let protocol = if kafka.auth == KafkaAuth::None { "ssl" } else { "sasl_ssl" };
    config.set("security.protocol", protocol);
    match &kafka.auth {
        KafkaAuth::None => {}
        KafkaAuth::Scram { hash, user, .. } => {
            let mechanism = match hash {
                ScramHash::Sha256 => "SCRAM-SHA-256",
                ScramHash::Sha512 => "SCRAM-SHA-512",
            };
            config.set("sasl.mechanism", mechanism).set("sasl.username", user);
            if let Some(password) = &login.password {
                config.set("sasl.password", password.expose_secret());
            }
        }
        // The client asks for a token when it needs one.
        KafkaAuth::Iam { .. } => {
            config.set("sasl.mechanism", "OAUTHBEARER");
        }
    }
}

/// For reading `partitions` of them, each from a queue of its own; beside what one who asks is told.
pub fn reading(mut config: ClientConfig, group: &str, partitions: usize, queue_bytes: usize) -> ClientConfig {
    let kbytes = queue_kbytes(partitions, queue_bytes);
    for (key, value) in [
        // Where the marker of what is landed is put, for others to see. Nobody joins it: partitions are assigned by us.
        ("group.id", group),
        // The marker follows an object that is there, never a record that was only read.
        ("enable.auto.commit", "false"),
        ("enable.auto.offset.store", "false"),
        // An offset that is gone ends the run. Any other word reads again from an end, and says nothing of it.
        ("auto.offset.reset", "error"),
        // A batch that was harmed is told, and ends the run; the client does not look by itself.
        ("check.crcs", "true"),
        // A full queue is looked at again after 10 ms. With the client's 1000 ms a reader that is as fast as this one waits
        // most of its time: 2.7 times as many bytes a second were measured.
        ("fetch.queue.backoff.ms", "10"),
        // For each partition, since each has a queue of its own; beyond it one fetch at most.
        ("queued.max.messages.kbytes", &kbytes.to_string()),
        ("fetch.message.max.bytes", &(kbytes * 1024).min(FETCH_BYTES_MAX).to_string()),
        // An answer holds what several partitions have, and is in memory whole.
        ("fetch.max.bytes", &queue_bytes.max(ANSWER_BYTES_MIN).to_string()),
        // That the end was come to is said, also where nothing but marks of transactions stands before it.
        ("enable.partition.eof", "true"),
        // Up to which offset that was so is told here alone, as is for how long brokers hold us back.
        ("statistics.interval.ms", "200"),
    ] {
        config.set(key, value);
    }
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_fetched_ahead_is_within_its_budget_for_any_count_of_partitions() {
        for queue_bytes in [512 << 10, 2 << 20, 16 << 20, 64 << 20] {
            let at_once = partitions_at_once(queue_bytes);
            for partitions in [1, 2, 7, 64, 1_000].map(|partitions: usize| partitions.min(at_once)) {
                let queues = queue_kbytes(partitions, queue_bytes) * 1024;
                let ahead = partitions * (queues + queues.min(FETCH_BYTES_MAX));
                assert!(ahead <= queue_bytes, "{partitions} partitions and {queue_bytes} bytes: {ahead}");
            }
        }
        // A budget that is none still reads one after another.
        assert_eq!(partitions_at_once(0), 1);
    }
}
