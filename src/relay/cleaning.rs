//! What becomes of old values in a topic, by its settings: whether a tombstone ever erases anything there.

use super::cluster::{Cluster, Heard};
use super::fault::RelayFault;
use rdkafka::admin::{AdminClient, AdminOptions, ConfigResource, ResourceSpecifier};
use rdkafka::config::FromClientConfigAndContext;
use std::time::Duration;

/// Kafka's word for "never": the largest number that it knows.
const NEVER: i64 = i64::MAX;

/// Settings by which a topic is compacted.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Cleaning {
    /// `cleanup.policy`
    pub policy: String,
    /// `max.compaction.lag.ms`: a value is looked at after this, whatever else there is to do.
    pub lag_ms_max: i64,
    /// `min.compaction.lag.ms`: and not before.
    pub lag_ms_min: i64,
    /// `delete.retention.ms`: how long a tombstone stays for others to see.
    pub tombstone_ms: i64,
    /// `segment.ms`
    pub segment_ms: i64,
    /// Whether every broker that was asked has a cleaner; none where none may be asked.
    pub has_cleaner: Option<bool>,
}

impl Cleaning {
    /// Why a tombstone would erase nothing.
    pub fn refusal(&self) -> Option<&'static str> {
        if !self.policy.split(',').any(|word| word.trim() == "compact") {
            return Some("its `cleanup.policy` is without `compact`");
        }
        if self.has_cleaner == Some(false) {
            return Some("a broker has `log.cleaner.enable = false`");
        }
        if self.lag_ms_min == NEVER {
            return Some("its `min.compaction.lag.ms` puts it off for ever");
        }
        // By then a segment is closed, and compacted however little of it is old. Without it a share of old values decides.
        if self.lag_ms_max == NEVER {
            return Some("its `max.compaction.lag.ms` is not set, so that nothing says when it comes");
        }
        None
    }
}

/// Asks for the settings of a topic, and of the brokers as far as they let us.
pub async fn cleaning(cluster: &Cluster, topic: &str, brokers: &[i32]) -> Result<Cleaning, RelayFault> {
    let config = cluster.asking();
    let admin = AdminClient::from_config_and_context(&config, cluster.hearing());
    let admin: AdminClient<Heard> = admin.map_err(|_| RelayFault::Client { from: cluster.from().clone() })?;
    let options = AdminOptions::new().request_timeout(Some(cluster.patience().min(Duration::from_secs(10))));
    let during = || format!("asking for the settings of `{topic}`");
    let told = admin.describe_configs(&[ResourceSpecifier::Topic(topic)], &options).await;
    let told = told.map_err(|error| cluster.fault(&error, during()))?;
    let of = match told.into_iter().next() {
        Some(Ok(of)) => of,
        Some(Err(code)) => return Err(cluster.coded(Some(code), during())),
        None => return Err(RelayFault::Ours),
    };
    let mut has_cleaner = None;
    for broker in brokers {
        // Who may read a topic's settings may not always read a broker's.
        let told = admin.describe_configs(&[ResourceSpecifier::Broker(*broker)], &options).await;
        let Some(Ok(told)) = told.ok().and_then(|told| told.into_iter().next()) else { continue };
        let is_on = text(&told, "log.cleaner.enable").is_none_or(|word| word != "false");
        has_cleaner = Some(has_cleaner.unwrap_or(true) && is_on);
    }
    let number = |name: &str| text(&of, name).and_then(|number| number.parse().ok()).ok_or(RelayFault::Ours);
    Ok(Cleaning {
        policy: text(&of, "cleanup.policy").unwrap_or_default().to_owned(),
        lag_ms_max: number("max.compaction.lag.ms")?,
        lag_ms_min: number("min.compaction.lag.ms")?,
        tombstone_ms: number("delete.retention.ms")?,
        segment_ms: number("segment.ms")?,
        has_cleaner,
    })
}

fn text<'a>(of: &'a ConfigResource, name: &str) -> Option<&'a str> {
    of.get(name)?.value.as_deref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_refused_in_which_nothing_would_ever_be_compacted() {
        let good = Cleaning {
            policy: "delete,compact".into(),
            lag_ms_max: 86_400_000,
            lag_ms_min: 0,
            tombstone_ms: 86_400_000,
            segment_ms: 604_800_000,
            has_cleaner: None,
        };
        assert_eq!(good.refusal(), None);
        for (bad, word) in [
            (Cleaning { policy: "delete".into(), ..good.clone() }, "cleanup.policy"),
            (Cleaning { policy: String::new(), ..good.clone() }, "cleanup.policy"),
            (Cleaning { lag_ms_max: i64::MAX, ..good.clone() }, "max.compaction.lag.ms"),
            (Cleaning { lag_ms_min: i64::MAX, ..good.clone() }, "min.compaction.lag.ms"),
            (Cleaning { has_cleaner: Some(false), ..good.clone() }, "log.cleaner.enable"),
        ] {
            assert!(bad.refusal().is_some_and(|why| why.contains(word)), "{bad:?}");
        }
    }
}
