//! `nightferry relay JOB`: the topics that the job's datasets are compared with, landed as dumps.

use super::files;
use crate::changes::Reading;
use crate::data::Name;
use crate::failure::Failure;
use crate::job::{KafkaSpec, Location, Plan, SourceSpec};
use crate::world::{Clock, Project};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;

/// What is asked of `relay`.
#[derive(Clone, Debug)]
pub struct RelayRequest {
    /// The job file.
    pub job: PathBuf,
    /// The environment's name.
    pub environment: String,
    /// Say what would be landed, and touch nothing.
    pub plan: bool,
    /// The result as JSON.
    pub json: bool,
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
    go(&project, &plan, roads, request.json, out).await
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
                "brokers": road.kafka.as_ref().map(|kafka| &kafka.brokers)})
        });
        let told = json!({"job": plan.job, "environment": plan.environment, "sources": told.collect::<Vec<_>>()});
        let _ = writeln!(out, "{told}");
        return;
    }
    let _ = writeln!(out, "{} · relay · {}\n", plan.job, plan.environment);
    for road in roads {
        let _ = match audience(road) {
            Some(audience) => writeln!(out, "  {} to {}, for {audience}", road.from, road.url.url),
            None => writeln!(out, "  {} is not landed: it names no `kafka`", road.from),
        };
        for topic in &road.topics {
            let _ = writeln!(out, "    {topic}");
        }
    }
}

#[cfg(not(feature = "relay"))]
async fn go(_: &Project, _: &Plan, _: Vec<Road>, _: bool, _: &mut dyn Write) -> Result<(), Failure> {
    use crate::ending;
    use crate::failure::Phase;
    Err(Failure::new(ending::NO_RELAY, Phase::Open, "there is no relay in this binary"))
}

#[cfg(feature = "relay")]
use landing::go;

#[cfg(feature = "relay")]
mod landing {
    use super::super::log_lines;
    use super::super::stop::stopped;
    use super::super::walk;
    use super::{Failure, Name, Plan, Project, Reading, Road, Write, json};
    use crate::access::{self, Purpose};
    use crate::changes::Payload;
    use crate::data::{Audience, OnNewColumn, Treatment};
    use crate::ending;
    use crate::failure::Phase;
    use crate::job::{Boundary, DatasetPlan, StoreSpec};
    use crate::privacy::{self, ColumnTreatment, Keys};
    use crate::relay::{Asked, Bounds, Told, TopicAsked, TopicTreatment, relay};
    use crate::store::{Store, preflight};
    use crate::world::{Clock, Progress, ProgressMode, World};
    use std::path::Path;
    use std::sync::Arc;

    /// Of the memory that a run may take, what the relay holds in records; the rest is for objects under way and the program.
    const HELD_PART: u64 = 8;
    /// And this at most: more is no faster.
    const HELD_BYTES_MAX: u64 = 96 << 20;

    pub(super) async fn go(
        project: &Project,
        plan: &Plan,
        roads: Vec<Road>,
        is_json: bool,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        log_lines(&Progress::new(ProgressMode::None));
        let run = World::run_id(Clock::System.now());
        let mut told = Vec::new();
        let mut is_any = false;
        let restricted = restricted(plan, project.root()).await?;
        for Road { from, url, kafka, reading, topics } in roads {
            let Some(kafka) = kafka else { continue };
            is_any = true;
            let treated = |topic: String| {
                let treatment = treatment(plan, &from, &topic, kafka.audience, &reading, project.root())?;
                Ok(TopicAsked { name: topic, treatment })
            };
            let topics = topics.into_iter().map(treated).collect::<Result<Vec<_>, Failure>>()?;
            let store = StoreSpec {
                name: from.clone(),
                primary: url,
                second: None,
                audience: kafka.audience,
                boundary: Boundary::Internal,
                epoch: 0,
            };
            let store = opened(&store, plan, project.root()).await?;
            let asked = Asked {
                group: format!("nightferry.{}.{from}", plan.job),
                run: run.clone(),
                topics,
                ca: kafka.ca.as_ref().map(|ca| project.root().join(ca)),
                folder: store.primary().clone(),
                restricted: restricted.primary().clone(),
                bounds: bounds(plan),
                from,
                kafka,
            };
            told.extend(relay(asked, stopped()).await.map_err(|fault| Failure::relay(&fault))?);
        }
        if !is_any {
            let what = "no source that the job's datasets are compared with names a `kafka`";
            return Err(Failure::new(ending::ENVIRONMENT_INVALID, Phase::Files, what));
        }
        tell(plan, &run, &told, is_json, out);
        Ok(())
    }

    /// The dump's folder, as a store of the environment is opened: marked as its own, and asked whether two can create one object.
    async fn opened(spec: &StoreSpec, plan: &Plan, root: &Path) -> Result<Store, Failure> {
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

    /// What is done to a topic's records for `audience`; none where they are landed as they are. A heartbeat has no columns.
    fn treatment(
        plan: &Plan,
        from: &Name,
        topic: &str,
        audience: Audience,
        reading: &Reading,
        root: &Path,
    ) -> Result<Option<Arc<TopicTreatment>>, Failure> {
        let invalid = |what: String| Failure::new(ending::JOB_INVALID, Phase::Open, what);
        let is_of = |dataset: &&DatasetPlan| {
            dataset.reconcile.as_ref().is_some_and(|reconcile| reconcile.against == *from && reconcile.topic == topic)
        };
        let mut datasets = plan.datasets.iter().filter(is_of);
        let Some(dataset) = datasets.next() else {
            if audience == Audience::Restricted {
                return Ok(None);
            }
            let made = TopicTreatment::new(from, Vec::new(), audience, true, reading, Arc::new(Keys::none()));
            return made.map(|made| Some(Arc::new(made))).map_err(|fault| Failure::relay(&fault));
        };
        let schema = &dataset.schema;
        let shown = schema.columns.iter().map(|column| {
            let treatment = privacy::treatment(column, audience);
            let treatment = treatment.map_err(|fault| invalid(format!("column `{}` {fault}", column.name)))?;
            Ok(ColumnTreatment { column: column.clone(), treatment })
        });
        let shown = shown.collect::<Result<Vec<_>, Failure>>()?;
        if audience == Audience::Restricted && shown.iter().all(|shown| shown.treatment == Treatment::Keep) {
            return Ok(None);
        }
        let refused = if datasets.any(|other| other.schema_hash != dataset.schema_hash) {
            Some("is that of datasets of several schemas")
        } else if reading.payload != Payload::Debezium {
            Some("holds values of another payload than `debezium`")
        } else if shown.iter().any(|shown| !shown.treatment.vaults().is_empty()) {
            Some("has a column with the treatment `token`, which a night alone gives")
        } else if schema.suppress_rows.contains_key(&audience)
            || schema.small_cells.contains_key(&audience)
            || schema.risk.contains_key(&audience)
        {
            Some("has rows that are left out, or weighed, for which a whole table is needed")
        } else {
            None
        };
        if let Some(because) = refused {
            let hint = "hint: land it for `restricted`, and let the night treat it";
            return Err(invalid(format!("topic `{topic}` cannot be landed for `{audience}`: it {because}; {hint}")));
        }
        let domains = shown.iter().flat_map(|shown| shown.treatment.domains()).cloned().collect();
        let keys = Arc::new(walk::keys_of(plan, root, domains)?);
        let leaves_new_out = schema.on_new_column == OnNewColumn::Withhold;
        let made = TopicTreatment::new(&dataset.name, shown, audience, leaves_new_out, reading, keys);
        made.map(|made| Some(Arc::new(made))).map_err(|fault| Failure::relay(&fault))
    }

    fn bounds(plan: &Plan) -> Bounds {
        let held = (plan.limits.memory_bytes_max / HELD_PART).min(HELD_BYTES_MAX);
        let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        Bounds { object_bytes: size(plan.limits.part_bytes_max), held_bytes: size(held) }
    }

    fn tell(plan: &Plan, run: &str, told: &[Told], is_json: bool, out: &mut dyn Write) {
        if is_json {
            let told = json!({"job": plan.job, "environment": plan.environment, "run": run, "topics": told});
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
    }
}
