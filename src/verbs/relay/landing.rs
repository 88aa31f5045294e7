//! Relays for the sources of a job, and what they are asked: a round, rounds until told to stop, or how far they are.
//!
//! Never in here: what is done to a record.

use super::super::cluster::login;
use super::super::log_lines;
use super::behind::{Lags, lags, lags_until, tell_lag, told_lag};
use super::measuring::Measuring;
use super::treatment::treatment;
use super::{Duration, Failure, Plan, Project, Reading, RelayBegin, RelayRequest, Road, Write, json};
use crate::access::{self, Purpose, backoff};
use crate::data::Name;
use crate::ending;
use crate::failure::Phase;
use crate::job::{Boundary, StoreSpec};
use crate::relay::{Account, Asked, Begin, Bounds, Relay, RelayFault, Told, TopicAsked, client_id, schemas};
use crate::report::{NOTICES, SLOWED};
use crate::store::{Store, preflight};
use crate::world::{Clock, Progress, ProgressMode, World, stopped};
use futures::FutureExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Of the memory that a run may take, what the relay holds in records; the rest is for objects under way and the program.
const HELD_PART: u64 = 8;
/// And this at most: more is no faster.
const HELD_BYTES_MAX: u64 = 64 << 20;
/// And of it, what the client fetches ahead.
const QUEUE_PART: u64 = 16;
/// And this at most.
const QUEUE_BYTES_MAX: u64 = 16 << 20;
/// How often one who follows asks how far the topics go.
const PROBE: Duration = Duration::from_secs(10);
/// So many records that are not landed begin a round before it is due.
const BEHIND_RECORDS: i64 = 100_000;
/// The first pause after brokers or a store were away, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

pub(super) async fn go(
    project: &Project,
    plan: &Plan,
    roads: Vec<Road>,
    request: &RelayRequest,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    log_lines(&Progress::new(ProgressMode::None));
    let run = World::run_id(Clock::System.now());
    let mut relays = Vec::new();
    let restricted = restricted(plan, project.root()).await?;
    for Road { from, url, kafka, reading, topics } in roads {
        let Some(kafka) = kafka else { continue };
        let (from, audience) = (&from, kafka.audience);
        let treated = async |topic: &str, reading: &Reading| {
            treatment(plan, from, topic, audience, reading, project.root()).await
        };
        // What cannot be treated is refused before any place is opened.
        for topic in &topics {
            treated(topic, &reading).await?;
        }
        let store = StoreSpec {
            name: from.clone(),
            primary: url,
            second: None,
            audience: kafka.audience,
            boundary: Boundary::Internal,
            epoch: 0,
        };
        let store = opened(&store, plan, project.root()).await?;
        let mut asked_topics = Vec::new();
        for name in topics {
            let reading = match reading.payload.is_avro() {
                true => {
                    let beside = schemas(store.primary(), from, &name).await.map_err(failed)?;
                    Reading { schemas: Arc::new(beside), ..reading.clone() }
                }
                false => reading.clone(),
            };
            asked_topics.push(TopicAsked { treatment: treated(&name, &reading).await?, name });
        }
        let asked = Asked {
            group: format!("nightferry.{}.{from}", plan.job),
            run: run.clone(),
            topics: asked_topics,
            login: login(from, &kafka, project.root()).await?,
            folder: store.primary().clone(),
            restricted: restricted.primary().clone(),
            bounds: bounds(plan),
            begin: request.begin.map(|begin| match begin {
                RelayBegin::Offset(offset) => Begin::Offset(offset),
                RelayBegin::Time(moment) => Begin::Time(moment.timestamp_millis()),
            }),
            from: from.clone(),
            kafka,
        };
        relays.push(Relay::new(asked).map_err(failed)?);
    }
    if relays.is_empty() {
        let what = "no source that the job's datasets are compared with names a `kafka`";
        return Err(Failure::new(ending::ENVIRONMENT_INVALID, Phase::Files, what));
    }
    let mut measuring = request.metrics.as_ref().map(|to| Measuring::new(to, plan, &run, !request.lag));
    if request.lag {
        let asked = lags(&relays).await;
        if let Some(measuring) = &mut measuring {
            measuring.put(&relays, Some(&asked.all), asked.fault.clone().map(failed).as_ref());
        }
        asked.fault.map_or(Ok(()), |fault| Err(failed(fault)))?;
        tell_lag(plan, &asked.all, request.json, out);
        return Ok(());
    }
    if let Some(every) = request.follow {
        let followed = follow(&mut relays, every, measuring.as_mut()).await;
        if let Some(measuring) = &mut measuring {
            measuring.put(&relays, None, followed.as_ref().err());
        }
        return followed;
    }
    let (landed, accounts) = once(&mut relays).await;
    if let Some(measuring) = &mut measuring {
        accounts.iter().for_each(|(_, account)| measuring.add(account));
        // All is landed: who is told to stop does not wait for what nobody said yet.
        let lags = if landed.is_ok() { lags_until(&relays, stopped()).await.map(Lags::warned) } else { None };
        measuring.put(&relays, lags.as_deref(), landed.as_ref().err());
    }
    tell(plan, &run, (&landed?, &accounts), request.json, out);
    Ok(())
}

/// A round of each; what they came to, the one that failed among them.
async fn once(relays: &mut [Relay]) -> (Result<Vec<Told>, Failure>, Vec<(Name, Account)>) {
    let (mut told, mut accounts) = (Vec::new(), Vec::new());
    for relay in relays {
        let landed = relay.round(stopped()).await;
        accounts.push((relay.from().clone(), heeded(relay)));
        match landed {
            Ok(landed) => told.extend(landed),
            Err(fault) => return (Err(failed(fault)), accounts),
        }
    }
    (Ok(told), accounts)
}

/// What a relay has come to since it was asked last; where brokers hold it back, a person may want to know.
fn heeded(relay: &Relay) -> Account {
    let account = relay.account();
    if account.is_slowed() {
        let (throttled_ms, throttled_ratio) = (account.throttled_ms, account.throttled_ratio());
        let (id, runbook, source, client) = (SLOWED, runbook(SLOWED), relay.from(), client_id(relay.from()));
        tracing::warn!(id, runbook, %source, client, throttled_ms, throttled_ratio, "brokers hold the reading back");
    }
    account
}

/// The runbook of a notice.
fn runbook(id: &str) -> &'static str {
    NOTICES.iter().find(|(notice, _)| *notice == id).map_or("RB-01", |(_, runbook)| runbook)
}

fn failed(fault: RelayFault) -> Failure {
    Failure::relay(&fault)
}

/// Round after round, until told to stop. Between two of them nothing is held: what is not landed is the cluster's.
async fn follow(relays: &mut [Relay], every: Duration, mut measuring: Option<&mut Measuring>) -> Result<(), Failure> {
    let stop = stopped().shared();
    let mut tried = 0;
    loop {
        let begun = Instant::now();
        let mut is_away = false;
        for relay in relays.iter_mut() {
            let landed = relay.round(stop.clone()).await;
            let account = heeded(relay);
            if let Some(measuring) = &mut measuring {
                measuring.add(&account);
            }
            match landed {
                Ok(told) => {
                    told.iter().for_each(|Told { topic, records, objects, bytes, dead_letters, found, .. }| {
                        tracing::info!(topic, records, objects, bytes, dead_letters, found, "landed");
                    })
                }
                // What was being landed is, and its manifest says so.
                Err(RelayFault::Stopped { .. }) => return Ok(()),
                // Brokers and stores come back.
                Err(fault) if fault.is_passing() => {
                    is_away = true;
                    tracing::warn!(fault = %fault, "tried again");
                }
                Err(fault) => return Err(failed(fault)),
            }
        }
        if let Some(measuring) = &mut measuring {
            let Some(lags) = lags_until(relays, stop.clone()).await else { return Ok(()) };
            measuring.put(relays, Some(&lags.warned()), None);
        }
        tried = if is_away { tried + 1 } else { 0 };
        let wait = if is_away { backoff::pause(PAUSES.0, PAUSES.1, tried).min(every) } else { every };
        if wait_for(relays, begun + wait, stop.clone(), measuring.as_deref_mut()).await {
            return Ok(());
        }
    }
}

/// Waits until a round is due, or there is much to land; whether we were told to stop meanwhile.
async fn wait_for(
    relays: &[Relay],
    due: Instant,
    stop: impl Future<Output = ()> + Clone,
    mut measuring: Option<&mut Measuring>,
) -> bool {
    loop {
        let left = due.saturating_duration_since(Instant::now());
        tokio::select! {
            () = stop.clone() => return true,
            () = tokio::time::sleep(left.min(PROBE)) => {}
        }
        if left <= PROBE {
            return false;
        }
        let Some(lags) = lags_until(relays, stop.clone()).await else { return true };
        let all = lags.warned();
        if let Some(measuring) = measuring.as_deref_mut().filter(|measuring| measuring.is_due()) {
            measuring.put(relays, Some(&all), None);
        }
        if told_lag(&all) >= BEHIND_RECORDS {
            return false;
        }
    }
}

/// The dump's folder, as a store of the environment is opened: marked as its own, and asked whether two can create one object.
pub(super) async fn opened(spec: &StoreSpec, plan: &Plan, root: &Path) -> Result<Store, Failure> {
    let folder = access::open(&spec.primary, root, spec.name.as_str(), Purpose::Write);
    let store = Store::new(spec, folder.map_err(|error| Failure::access(&error))?, None);
    let failed = |error| Failure::store(&error, Phase::Open);
    preflight(store.primary()).await.map_err(failed)?;
    store.claim(&plan.stamp).await.map_err(failed)?;
    Ok(store)
}

/// The store of dead letters.
async fn restricted(plan: &Plan, root: &Path) -> Result<Store, Failure> {
    let spec = plan.stores.iter().find(|(name, _)| name.as_str() == "restricted").map(|(_, spec)| spec);
    let missing = || Failure::new(ending::NOT_THERE, Phase::Open, "there is no store `restricted`");
    opened(spec.ok_or_else(missing)?, plan, root).await
}

pub(super) fn bounds(plan: &Plan) -> Bounds {
    let held = (plan.limits.memory_bytes_max / HELD_PART).min(HELD_BYTES_MAX);
    let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    let queue = (plan.limits.memory_bytes_max / QUEUE_PART).min(QUEUE_BYTES_MAX);
    Bounds { object_bytes: size(plan.limits.part_bytes_max), held_bytes: size(held), queue_bytes: size(queue) }
}

fn tell(plan: &Plan, run: &str, (told, accounts): (&[Told], &[(Name, Account)]), is_json: bool, out: &mut dyn Write) {
    if is_json {
        let sources = accounts.iter().map(|(source, account)| {
            json!({"source": source, "client": client_id(source), "throttled_ms": account.throttled_ms,
                "throttled_ratio": account.throttled_ratio()})
        });
        let sources: Vec<_> = sources.collect();
        let told =
            json!({"job": plan.job, "environment": plan.environment, "run": run, "topics": told, "sources": sources});
        let _ = writeln!(out, "{told}");
        return;
    }
    let _ = writeln!(out, "{} · relay · run {} · {}\n", plan.job, &run[..8], plan.environment);
    for topic in told {
        let Told { topic, partitions, objects, records, tombstones, bytes, dead_letters, .. } = topic;
        let of = format!("{records} records ({tombstones} tombstones) of {partitions} partitions");
        let _ = writeln!(out, "  {topic}  {of} in {objects} objects, {bytes} bytes");
        if *dead_letters > 0 {
            let _ = writeln!(
                out,
                "    {dead_letters} records could not be treated: dead_letters/{topic} in the restricted store"
            );
        }
    }
    for (source, account) in accounts.iter().filter(|(_, account)| account.is_slowed()) {
        let (seconds, percent) = (account.throttled_ms as f64 / 1e3, account.throttled_ratio() * 100.0);
        let by = format!("by their quota for `{}` ({})", client_id(source), runbook(SLOWED));
        let _ = writeln!(
            out,
            "\n  the brokers of {source} held the reading back for {seconds:.1} s, {percent:.0} % of it: {by}"
        );
    }
}
