//! `nightferry relay JOB`: the topics that the job's datasets are compared with, landed as dumps.
//!
//! `landing.rs` lands them, `login.rs` reads what their cluster is shown, `treatment.rs` says what is done to their records, `measuring.rs`
//! what it comes to in numbers, `behind.rs` how far behind they are; without the feature `relay` there is neither.

#[cfg(feature = "relay")]
mod behind;
#[cfg(feature = "relay")]
mod landing;
#[cfg(feature = "relay")]
mod login;
#[cfg(feature = "relay")]
mod measuring;
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
use std::path::PathBuf;
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
    let project = files::project(&request.job)?;
    let checked = files::load(&project, &request.job, &request.environment)?;
    let days = super::Days::default();
    let plan = checked.plan(days.period(Clock::System.now())?).map_err(files::invalid)?;
    let roads = roads(&plan);
    if request.plan {
        show(&plan, &roads, request.json, out);
        return Ok(());
    }
    go(&project, &plan, roads, &request, out).await
}

/// Every topic that a dataset is compared with, and every heartbeat, by its source.
fn roads(plan: &Plan) -> Vec<Road> {
    let mut topics: BTreeMap<&Name, BTreeSet<&String>> = BTreeMap::new();
    for reconcile in plan.datasets.iter().filter_map(|dataset| dataset.reconcile.as_ref()) {
        let of = topics.entry(&reconcile.against).or_default();
        of.insert(&reconcile.topic);
        of.extend(&reconcile.heartbeat);
    }
    let road = |(from, topics): (&Name, BTreeSet<&String>)| match plan.sources.get(from) {
        Some(SourceSpec::Dump { url, kafka, reading, .. }) => Some(Road {
            from: from.clone(),
            url: url.clone(),
            kafka: kafka.clone(),
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
    use crate::ending;
    use crate::failure::Phase;
    Err(Failure::new(ending::NO_RELAY, Phase::Open, "there is no relay in this binary"))
}

#[cfg(feature = "relay")]
use landing::go;
