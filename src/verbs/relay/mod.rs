//! `nightferry relay JOB`: the topics that the job's datasets are compared with, and those it names beside, landed as dumps.
//!
//! `landing.rs` lands them, `treatment.rs` says what is done to their records, `measuring.rs`
//! what it comes to in numbers, `behind.rs` how far behind they are; `tombstone.rs` lets them forget keys. Without the feature `relay` there
//! is none of it.

#[cfg(feature = "relay")]
mod behind;
#[cfg(feature = "relay")]
mod landing;
#[cfg(feature = "relay")]
mod measuring;
#[cfg(feature = "relay")]
mod receipts;
#[cfg(feature = "relay")]
mod tombstone;
#[cfg(feature = "relay")]
mod treatment;

use super::files;
use super::measured::Metrics;
use crate::changes::Reading;
use crate::data::Name;
use crate::failure::Failure;
use crate::job::{KafkaAuth, KafkaSpec, Location, Plan, SourceSpec};
use crate::world::{Clock, Project};
use chrono::{DateTime, Utc};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What is asked of `relay`.
#[derive(Clone, Debug)]
pub struct RelayRequest {
    /// The job file.
    pub job: PathBuf,
    /// The environment's name.
    pub environment: String,
    /// Say what would be landed, and touch nothing.
    pub plan: bool,
    /// Say how far each partition is landed, and how far it goes.
    pub lag: bool,
    /// Go on until told to stop, a round each time this is over.
    pub follow: Option<Duration>,
    /// Where topics begin that are not landed yet.
    pub begin: Option<RelayBegin>,
    /// Where numbers go that machines gather.
    pub metrics: Option<Metrics>,
    /// The result as JSON.
    pub json: bool,
}

/// Where topics begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelayBegin {
    /// At this offset of every partition.
    Offset(i64),
    /// At the first record that is not older.
    Time(DateTime<Utc>),
}

/// What is asked of `relay tombstone`.
#[derive(Clone, Debug)]
pub struct TombstoneRequest {
    /// The job file.
    pub job: PathBuf,
    /// The environment's name.
    pub environment: String,
    /// The topic, one of the job's.
    pub topic: String,
    /// The file of keys, a line each.
    pub keys: PathBuf,
    /// Whether they are written in hex.
    pub hex: bool,
    /// What is done.
    pub how: TombstoneHow,
    /// The result as JSON.
    pub json: bool,
}

/// What is done with keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TombstoneHow {
    /// They are looked for, and nothing is sent or written.
    Look,
    /// Tombstones are sent.
    Apply {
        /// Why, for the receipt.
        reason: String,
    },
    /// What is left of them is attested.
    Verify,
}

/// Lets a topic forget keys.
pub async fn tombstone(request: TombstoneRequest, out: &mut dyn Write) -> u8 {
    let json = request.json;
    let done = async {
        let (project, plan) = planned(&request.job, &request.environment)?;
        bury(&project, &plan, &request, out).await
    };
    match done.await {
        Ok(None) => 0,
        // What was found is told already.
        Ok(Some(failure)) => files::tell(&failure),
        Err(failure) => files::tell_as(json, &failure, out),
    }
}

/// The topics of one source.
struct Road {
    from: Name,
    url: Location,
    kafka: Option<KafkaSpec>,
    #[cfg_attr(not(feature = "relay"), expect(dead_code, reason = "only who lands looks at values"))]
    reading: Reading,
    topics: Vec<String>,
}

/// Lands the topics of a job.
pub async fn relay(request: RelayRequest, out: &mut dyn Write) -> u8 {
    let json = request.json;
    match journey(request, out).await {
        Ok(()) => 0,
        Err(failure) => files::tell_as(json, &failure, out),
    }
}

async fn journey(request: RelayRequest, out: &mut dyn Write) -> Result<(), Failure> {
    let (project, plan) = planned(&request.job, &request.environment)?;
    let roads = roads(&plan);
    if request.plan {
        show(&plan, &roads, request.json, out);
        return Ok(());
    }
    go(&project, &plan, roads, &request, out).await
}

fn planned(job: &Path, environment: &str) -> Result<(Project, Plan), Failure> {
    let project = files::project(job)?;
    let checked = files::load(&project, job, environment)?;
    let days = super::Days::default();
    let plan = checked.plan(days.period(Clock::System.now())?).map_err(files::invalid)?;
    Ok((project, plan))
}

/// Every topic that a dataset is compared with or a table of its own names, and every heartbeat, by its source.
fn roads(plan: &Plan) -> Vec<Road> {
    let mut topics: BTreeMap<&Name, BTreeSet<&String>> = BTreeMap::new();
    for reconcile in plan.datasets.iter().filter_map(|dataset| dataset.reconcile.as_ref()) {
        let of = topics.entry(&reconcile.against).or_default();
        of.insert(&reconcile.topic);
        of.extend(&reconcile.heartbeat);
    }
    for topic in &plan.topics {
        let of = topics.entry(&topic.from).or_default();
        of.insert(&topic.topic);
        of.extend(&topic.heartbeat);
    }
    let source = |from: &Name| {
        let of_topic = plan.topics.iter().find(|topic| topic.from == *from).map(|topic| &topic.source);
        plan.sources.get(from).or(of_topic)
    };
    let road = |(from, topics): (&Name, BTreeSet<&String>)| match source(from) {
        Some(SourceSpec::Dump { url, kafka, reading, .. }) => Some(Road {
            from: from.clone(),
            url: url.clone(),
            kafka: kafka.as_deref().cloned(),
            reading: reading.clone(),
            topics: topics.into_iter().cloned().collect(),
        }),
        _ => None,
    };
    topics.into_iter().filter_map(road).collect()
}

fn show(plan: &Plan, roads: &[Road], is_json: bool, out: &mut dyn Write) {
    let audience = |road: &Road| road.kafka.as_ref().map(|kafka| kafka.audience);
    if is_json {
        let told = roads.iter().map(|road| {
            json!({"source": road.from, "url": road.url.url, "audience": audience(road), "topics": road.topics,
                "brokers": road.kafka.as_ref().map(|kafka| &kafka.brokers),
                "auth": road.kafka.as_ref().map(|kafka| kafka.auth.word()),
                "client_cert": road.kafka.as_ref().and_then(|kafka| Some(&kafka.client.as_ref()?.certificate))})
        });
        let told = json!({"job": plan.job, "environment": plan.environment, "sources": told.collect::<Vec<_>>()});
        let _ = writeln!(out, "{told}");
        return;
    }
    let _ = writeln!(out, "{} · relay · {}\n", plan.job, plan.environment);
    for road in roads {
        let _ = match audience(road) {
            Some(audience) => {
                let shown = road.kafka.as_ref().map(shown).unwrap_or_default();
                writeln!(out, "  {} to {}, for {audience}{shown}", road.from, road.url.url)
            }
            None => writeln!(out, "  {} is not landed: it names no `kafka`", road.from),
        };
        for topic in &road.topics {
            let _ = writeln!(out, "    {topic}");
        }
    }
}

/// What its cluster is shown, in words.
fn shown(kafka: &KafkaSpec) -> String {
    let auth = match &kafka.auth {
        KafkaAuth::None => String::new(),
        KafkaAuth::Scram { user, .. } => format!("; `{user}` by {}", kafka.auth.word()),
        KafkaAuth::Iam { region, .. } => format!("; by tokens of AWS IAM in {region}"),
    };
    let client = kafka.client.as_ref().map(|client| format!("; with the certificate {}", client.certificate));
    auth + &client.unwrap_or_default()
}

#[cfg(not(feature = "relay"))]
async fn go(_: &Project, _: &Plan, _: Vec<Road>, _: &RelayRequest, _: &mut dyn Write) -> Result<(), Failure> {
    no_relay()
}

#[cfg(not(feature = "relay"))]
async fn bury(_: &Project, _: &Plan, _: &TombstoneRequest, _: &mut dyn Write) -> Result<Option<Failure>, Failure> {
    no_relay().map(|()| None)
}

#[cfg(not(feature = "relay"))]
fn no_relay() -> Result<(), Failure> {
    use crate::ending;
    use crate::failure::Phase;
    Err(Failure::new(ending::NO_RELAY, Phase::Open, "there is no relay in this binary"))
}

#[cfg(feature = "relay")]
use landing::go;
#[cfg(feature = "relay")]
use tombstone::go as bury;
