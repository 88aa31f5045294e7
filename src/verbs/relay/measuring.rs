//! What rounds come to, in numbers that machines gather: on lines since the line before, in a file since the beginning.

use super::super::measured::Metrics;
use crate::failure::Failure;
use crate::job::Plan;
use crate::relay::{Account, Lag, Relay, TopicAccount};
use crate::report::{RelayNumbers, TopicLag, TopicNumbers, relay_metrics};
use crate::world::Clock;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How often one who follows tells his numbers at least.
const EVERY: Duration = Duration::from_secs(60);

/// Numbers on their way to whoever gathers them.
pub(super) struct Measuring {
    to: Metrics,
    job: String,
    environment: String,
    run: String,
    /// Whether anything is landed, so that there is progress.
    lands: bool,
    since: Instant,
    account: Account,
    told_at: Instant,
}

impl Measuring {
    /// Nothing yet.
    pub fn new(to: &Metrics, plan: &Plan, run: &str, lands: bool) -> Self {
        Measuring {
            to: to.clone(),
            job: plan.job.to_string(),
            environment: plan.environment.to_string(),
            run: run.to_owned(),
            lands,
            since: Instant::now(),
            account: Account::default(),
            told_at: Instant::now(),
        }
    }

    /// What a round came to.
    pub fn add(&mut self, account: &Account) {
        self.account.add(account);
    }

    /// Whether it is time to say how things stand, though no round is over.
    pub fn is_due(&self) -> bool {
        self.told_at.elapsed() >= EVERY
    }

    /// Tells everything. `lags`: of all topics, where that was asked; `failure`: what the rounds ended with.
    pub fn put(&mut self, relays: &[Relay], lags: Option<&[Lag]>, failure: Option<&Failure>) {
        let topics: BTreeSet<&str> = relays.iter().flat_map(Relay::topics).collect();
        let topics = topics.into_iter().map(|topic| self.numbers(topic, relays, lags)).collect();
        self.to.put(&relay_metrics(&RelayNumbers {
            at: Clock::System.now(),
            job: self.job.clone(),
            environment: self.environment.clone(),
            run: self.run.clone(),
            seconds: rounded(self.since.elapsed()),
            ending: failure.map(|failure| (failure.ending.id.to_owned(), failure.ending.code)),
            throttled_seconds: rounded(Duration::from_millis(self.account.throttled_ms)),
            throttled_ratio: self.account.throttled_ratio(),
            topics,
        }));
        self.told_at = Instant::now();
        // Lines are added up by whoever gathers them; a file is looked at now and then.
        if self.to == Metrics::Emf {
            (self.since, self.account) = (Instant::now(), Account::default());
        }
    }

    fn numbers(&self, topic: &str, relays: &[Relay], lags: Option<&[Lag]>) -> TopicNumbers {
        let TopicAccount { objects, records, tombstones, bytes, dead_letters, put_conflicts } =
            self.account.topics.get(topic).copied().unwrap_or_default();
        let of = relays.iter().filter(|relay| relay.topics().any(|name| name == topic));
        let since = of.map(|relay| relay.since_progress(topic)).max().filter(|_| self.lands);
        TopicNumbers {
            topic: topic.to_owned(),
            objects,
            records,
            tombstones,
            bytes,
            dead_letters,
            put_conflicts,
            since_progress_seconds: since.map(rounded),
            lag: lags.map(|lags| lag(topic, lags)),
        }
    }
}

/// How far behind a topic is.
fn lag(topic: &str, lags: &[Lag]) -> TopicLag {
    let of = || lags.iter().filter(|lag| lag.topic == topic).map(|lag| lag.lag);
    TopicLag { records: of().flatten().sum(), unknown_partitions: of().filter(Option::is_none).count() }
}

/// Seconds to the millisecond.
fn rounded(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e3).round() / 1e3
}
