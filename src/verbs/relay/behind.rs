//! How far behind topics are: asked, logged, told.

use super::{BTreeSet, Plan, Write, json};
use crate::relay::{Lag, Relay, RelayFault};

/// How far behind topics are.
pub(super) struct Lags {
    /// Of those whose cluster does not say it, that it is not known.
    pub all: Vec<Lag>,
    /// Why the first of these does not.
    pub fault: Option<RelayFault>,
}

impl Lags {
    /// All of them, where it is enough that somebody can read of the fault.
    pub fn warned(self) -> Vec<Lag> {
        if let Some(fault) = self.fault {
            tracing::warn!(fault = %fault, "how far the topics go is unknown");
        }
        self.all
    }
}

/// Asks for those of all topics.
pub(super) async fn lags(relays: &[Relay]) -> Lags {
    let mut lags = Lags { all: Vec::new(), fault: None };
    for relay in relays {
        match relay.lag().await {
            Ok(all) => lags.all.extend(all),
            Err(fault) => {
                lags.all.extend(relay.topics().map(Lag::unknown));
                lags.fault.get_or_insert(fault);
            }
        }
    }
    lags
}

/// The same; none where we are told to stop before they are known.
pub(super) async fn lags_until(relays: &[Relay], stop: impl Future<Output = ()>) -> Option<Lags> {
    tokio::select! {
        lags = lags(relays) => Some(lags),
        () = stop => None,
    }
}

/// Logs the lag of each topic, as far as it is known; the sum of it.
pub(super) fn told_lag(all: &[Lag]) -> i64 {
    let topics: BTreeSet<&str> = all.iter().map(|lag| lag.topic.as_str()).collect();
    let of = |topic: &str| {
        let lags = || all.iter().filter(|lag| lag.topic == topic).map(|lag| lag.lag);
        let unknown = lags().filter(Option::is_none).count();
        let known: i64 = lags().flatten().sum();
        // A sum without what nobody knows would be one that looks well.
        let lag = (unknown == 0).then_some(known);
        tracing::info!(topic, lag, unknown_partitions = unknown, "behind");
        known
    };
    topics.into_iter().map(of).sum()
}

pub(super) fn tell_lag(plan: &Plan, all: &[Lag], is_json: bool, out: &mut dyn Write) {
    if is_json {
        let _ = writeln!(out, "{}", json!({"job": plan.job, "environment": plan.environment, "partitions": all}));
        return;
    }
    let shown = |number: Option<i64>| number.map_or_else(|| "unknown".to_owned(), |number| number.to_string());
    for Lag { topic, partition, landed, end, lag } in all {
        let landed = landed.map_or_else(|| "nothing landed".to_owned(), |landed| format!("landed to {landed}"));
        let _ = writeln!(out, "{topic} {partition}  {landed}, ends at {}, behind by {}", shown(*end), shown(*lag));
    }
}
