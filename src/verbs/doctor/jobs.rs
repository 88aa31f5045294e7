//! What each job asks of its sources, of the stores that its tables lie in, and of the topics that it is compared with: whether its files
//! are right, the role may read that and no more, and the tables and columns are there. No row is read.

use super::super::walk::{keys, online};
use super::super::{files, stores};
use super::brokers::Topics;
use super::found::Found;
use crate::access::{self, Meters, Purpose};
use crate::calendar;
use crate::data::{Name, Period};
use crate::failure::{Failure, Phase};
use crate::job::{Location, Plan, SourceSpec};
use crate::store;
use crate::world::World;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Looks at what the job of `file` needs; the topics that it wants of each source.
pub async fn look(file: &Path, environment: &str, world: &World, found: &mut Found) -> Topics {
    let plan = files::load(&world.project, file, environment).and_then(|checked| {
        checked.plan(Period::day(calendar::last_full_day(world.clock.now()))).map_err(files::invalid)
    });
    let here = format!("job `{}`", file.file_stem().unwrap_or_default().to_string_lossy());
    let plan = match plan {
        Ok(plan) => plan,
        Err(failure) => {
            found.failure(&here, &failure);
            return Topics::new();
        }
    };
    if plan.tokens.is_none()
        && let Err(failure) = keys(&plan, world.project.root()).await
    {
        found.failure(&here, &failure);
    }
    for (name, spec) in &plan.sources {
        if !matches!(spec, SourceSpec::Dump { .. }) {
            source(&plan, name, world, found).await;
        }
    }
    let mut wanted = Topics::new();
    for (name, (url, topics)) in dumps(&plan) {
        wanted.entry(name.clone()).or_default().extend(topics.iter().map(|topic| (*topic).to_owned()));
        let is_compared = plan.datasets.iter().flat_map(|of| &of.reconcile).any(|of| of.against == *name);
        // Whoever lands topics makes the folder where it is not there.
        let purpose = if is_compared { Purpose::Read } else { Purpose::Write };
        look_at(name, url, purpose, topics, world, found).await;
    }
    tables(&plan, &here, world, found).await;
    found.checked(&here, &["files", "sources", "tables", "topics"]);
    wanted
}

/// A source by itself: one that cannot be reached does not hide another.
async fn source(plan: &Plan, name: &Name, world: &World, found: &mut Found) {
    let mut alone = plan.clone();
    alone.sources.retain(|other, _| other == name);
    alone.datasets.retain(|dataset| dataset.from == *name);
    for failure in online(&alone, world).await {
        found.failure(&format!("source `{name}`"), &failure);
    }
}

/// Each dump with the topics of the job in it: those that are compared with, those that are landed beside, and their heartbeats.
fn dumps(plan: &Plan) -> BTreeMap<&Name, (&Location, BTreeSet<&str>)> {
    let compared = plan.datasets.iter().filter_map(|dataset| {
        let reconcile = dataset.reconcile.as_ref()?;
        let source = plan.sources.get(&reconcile.against)?;
        Some((&reconcile.against, source, &reconcile.topic, &reconcile.heartbeat))
    });
    let landed = plan.topics.iter().map(|topic| (&topic.from, &topic.source, &topic.topic, &topic.heartbeat));
    let mut dumps = BTreeMap::new();
    for (from, source, topic, heartbeat) in compared.chain(landed) {
        if let SourceSpec::Dump { url, .. } = source {
            let (_, topics) = dumps.entry(from).or_insert_with(|| (url, BTreeSet::new()));
            topics.extend(std::iter::once(topic).chain(heartbeat).map(String::as_str));
        }
    }
    dumps
}

/// Whether the topics of a dump may be listed.
async fn look_at(
    name: &Name,
    url: &Location,
    purpose: Purpose,
    topics: BTreeSet<&str>,
    world: &World,
    found: &mut Found,
) {
    let here = format!("source `{name}`");
    let folder = match access::open(url, world.project.root(), name.as_str(), purpose) {
        Ok(folder) => folder,
        Err(error) => return found.failure(&here, &Failure::access(&error)),
    };
    for topic in topics {
        if let Err(error) = store::may_list(&folder, topic).await {
            found.failure(&here, &Failure::store(&error, Phase::Open));
        }
    }
}

/// Whether the logs of the job's tables and its records may be listed, as every run does.
async fn tables(plan: &Plan, here: &str, world: &World, found: &mut Found) {
    // A store that cannot be opened is told of already.
    let Ok(stores) = stores::open(&plan.stores, world.project.root(), Purpose::Write, &Meters::default()) else {
        return;
    };
    let records = stores.get("security").map(|security| (security, format!("_jobs/{}", plan.job)));
    let outputs = plan.datasets.iter().flat_map(|dataset| dataset.outputs.iter().map(move |output| (dataset, output)));
    let logs = outputs
        .filter_map(|(dataset, output)| Some((stores.get(&output.store)?, format!("{}/_delta_log", dataset.name))));
    for (store, folder) in records.into_iter().chain(logs) {
        if let Err(error) = store::may_list(store.primary(), &folder).await {
            found.failure(here, &Failure::store(&error, Phase::Open));
        }
    }
}
