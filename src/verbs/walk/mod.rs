//! The walk of a run: extract, redact, reconcile, publish, report. `run` and `test` take it.
//!
//! ```text
//! open.rs       plan -> sources, stores, keys, scratch, opened and looked at
//! decided.rs    whether it publishes, given what is published
//! forgotten.rs  people who are to be forgotten: the list, and what is looked at for it
//! login.rs      what a PostgreSQL login needs, read
//! moment.rs     another moment in the place of one that was lost
//! cross.rs      one dataset: rows -> conformed -> redacted -> encoded -> staged
//! crossed.rs    what is known of it then
//! merged.rs     changed rows -> into the tables they belong to
//! merged_keys.rs the keys that this goes by
//! held.rs       rows that wait until it is known whether their group is small
//! unit.rs       a row group's worth of rows, on the CPU pool
//! lane.rs       one store's parts of a dataset: read back, scanned, uploaded unseen
//! against.rs    the dataset against its topic
//! treated.rs    the same where the topic's dump was treated
//! filed.rs      rows that a person may have to look at -> the restricted store
//! left.rs       what a comparison left behind -> there too
//! judged.rs     what all of it comes to: verdicts, checks, what was read back
//! checked.rs    the checks; looked_up.rs, the keys of a table that another job published
//! leaving.rs    whether what would leave AWS is within the limit
//! plain.rs      copies with one object a period, begun and taken away
//! papers.rs     the papers about personal data, before it is published and once it is over
//! published.rs  the night -> its record and commits, then the second cloud
//! taken_back.rs what must not stay of a night that is not published: deleted, or told
//! stopped.rs    what a run that is told to stop still does
//! vaults.rs     the tokens that values have, read; those that they got, kept
//! told.rs       the report
//! ```
//!
//! Nothing is published before every dataset is judged; one refused dataset publishes none.

mod against;
mod checked;
mod cross;
mod crossed;
mod decided;
mod filed;
mod forgotten;
mod held;
mod judged;
mod lane;
mod leaving;
mod left;
mod login;
mod looked_up;
mod merged;
mod merged_keys;
mod moment;
mod open;
mod papers;
mod plain;
mod published;
mod stopped;
mod taken_back;
mod told;
mod treated;
mod unit;
mod vaults;

use crate::access::Meters;
use crate::ending::{self, Ending};
use crate::failure::{Failure, Phase};
use crate::job::{Plan, WriteMode};
use crate::report::{BatchReport, Outcome, RunReport, TaskReport, run_page};
use crate::store::{self, Decision, JobRecord, SecondState, Store};
use crate::world::World;
use chrono::{DateTime, Utc};
use crossed::Crossed;
use judged::Judgement;
#[cfg(feature = "relay")]
pub use login::read;
pub use login::{login, remedies};
use open::Opened;
#[cfg(feature = "relay")]
pub use open::keys_of;
pub use open::{keys, security, security_of};
use published::{carry, incomplete, publish};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// What a person asked of a run besides its job.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Everything but upload and commit.
    pub dry_run: bool,
    /// Why a period that is published is published again.
    pub again: Option<String>,
    /// The run's id, where somebody told of it already.
    pub run: Option<String>,
    /// The job of AWS Batch that it is.
    pub batch: Option<BatchReport>,
    /// The task of Amazon ECS that it runs in.
    pub task: Option<TaskReport>,
}

/// A run so far: what its report is made of.
pub(super) struct Walked<'a> {
    pub(super) plan: &'a Plan,
    pub(super) run: String,
    /// When it began.
    pub(super) started: DateTime<Utc>,
    /// Datasets that were begun.
    pub(super) begun: usize,
    pub(super) crossed: Vec<Crossed>,
    pub(super) judged: Vec<Judgement>,
    pub(super) failures: Vec<Failure>,
    /// Runs whose nights had been begun, and that this run completed.
    pub(super) completed: Vec<String>,
    pub(super) record: Option<JobRecord>,
    pub(super) second: Vec<SecondState>,
    /// What became of its plain copies.
    pub(super) copies: Vec<SecondState>,
    /// Those that an earlier run left, and that could not be ended before the night.
    pub(super) unfinished: Vec<plain::Unfinished>,
    /// Seconds of each stage that came to its end.
    pub(super) stages: BTreeMap<&'static str, f64>,
    /// What was asked of stores and sources that lie in a cloud.
    pub(super) meters: Meters,
}

impl Walked<'_> {
    /// A stage that began at `since` is over.
    fn stage(&mut self, stage: &'static str, since: Instant) {
        *self.stages.entry(stage).or_default() += since.elapsed().as_secs_f64();
    }

    /// Whether every dataset came over, so that what they come to is being looked at.
    fn judging(&self) -> bool {
        self.crossed.len() == self.plan.datasets.len()
    }
}

/// Walks `plan` to its end, whatever that is, or until `stop` says so; the report says which.
pub async fn walk(plan: &Plan, world: &mut World, options: &Options, stop: impl Future<Output = ()>) -> RunReport {
    let started = world.clock.now();
    let clock = Instant::now();
    let (mut stop, meters) = (std::pin::pin!(stop), Meters::default());
    let listed = tokio::select! {
        // First, since asking for it is what makes the process hear a signal at all.
        biased;
        () = &mut stop => Err(stopped::told_to_stop(Phase::Open)),
        listed = forgotten::listed(plan, world.project.root(), started, &meters) => listed,
    };
    let (listed, widened) = match listed.and_then(|listed| Ok((listed.widen(plan)?, listed))) {
        Ok((widened, listed)) => (Ok(listed), widened),
        Err(failure) => (Err(failure), None),
    };
    let plan = widened.as_ref().unwrap_or(plan);
    let mut night = Walked {
        plan,
        run: options.run.clone().unwrap_or_else(|| World::run_id(started)),
        started,
        begun: 0,
        crossed: Vec::new(),
        judged: Vec::new(),
        failures: Vec::new(),
        completed: Vec::new(),
        record: None,
        second: Vec::new(),
        copies: Vec::new(),
        unfinished: Vec::new(),
        stages: BTreeMap::new(),
        meters,
    };
    let opened = match listed {
        Err(failure) => Err(failure),
        Ok(listed) => tokio::select! {
            opened = open::open(plan, world, &night.run, options, &night.meters, &listed) => opened,
            () = &mut stop => Err(stopped::told_to_stop(Phase::Open)),
        },
    };
    let mut opened = match opened {
        Ok(opened) => opened,
        Err(failure) => {
            let outcome = fail(&mut night, failure);
            world.progress.finish();
            let report = told::told(&night, outcome, options, clock.elapsed());
            return unopened(report, plan, world, options).await;
        }
    };
    night.stage("open", clock);
    let publishing = AtomicBool::new(false);
    let crossing = cross_over(&mut night, &mut opened, world, options, &publishing);
    let (outcome, is_stopped) = match stopped::unless(crossing, stop, &publishing).await {
        Some(outcome) => (outcome, false),
        None => (stopped::outcome(&mut night, publishing.into_inner()), true),
    };
    plain::tell(&mut night);
    let mut report = told::told(&night, outcome, options, clock.elapsed());
    if !options.dry_run {
        report.page_at = Some(format!("security/{}", store::report_path(&plan.job, &report.run, "html")));
        let filing = file(&report, &opened.security, plan);
        let is_filed = match is_stopped {
            true => stopped::briefly(filing).await,
            false => filing.await,
        };
        report.page_at = report.page_at.filter(|_| is_filed);
    }
    world.progress.finish();
    report
}

/// Extracts, judges and publishes.
async fn cross_over(
    night: &mut Walked<'_>,
    opened: &mut Opened,
    world: &mut World,
    options: &Options,
    publishing: &AtomicBool,
) -> Outcome {
    let plan = night.plan;
    let since = Instant::now();
    let settled = if options.dry_run {
        None
    } else {
        match store::settle(&opened.security, &opened.stores, &plan.job, &plan.stamp).await {
            Ok(settled) => Some(settled),
            Err(error) => return fail(night, Failure::store(&error, Phase::Open)),
        }
    };
    if let Some(settled) = &settled {
        night.completed.extend(settled.completed.clone());
        night.unfinished = plain::end(plan, opened, &settled.records).await;
        let again = options.again.as_deref();
        let outcome = match decided::decided(plan, settled, opened, again, world.clock.now()).await {
            Ok(Decision::Publish) => None,
            Ok(Decision::Incomplete { lacks }) => return fail(night, incomplete(&lacks)),
            Ok(Decision::AlreadyPublished { .. }) => Some(Outcome::AlreadyPublished),
            Ok(Decision::Superseded { .. }) => Some(Outcome::Superseded),
            Err(failure) => return fail(night, failure),
        };
        if let Some(outcome) = outcome {
            return carry(night, opened, settled.records.last(), outcome).await;
        }
    }
    night.stage("decide", since);
    let since = Instant::now();
    let mut moments = moment::Moments::default();
    loop {
        world.progress.job(plan.job.as_str(), plan.datasets.len() as u64);
        extract(night, opened, world, options).await;
        if !moments.another(night, opened, world, options).await {
            break;
        }
    }
    if !options.dry_run {
        quarantine(night, opened).await;
    }
    night.stage("extract", since);
    let since = Instant::now();
    if night.failures.is_empty() {
        let (judged, failures) =
            judged::judge(plan, &night.run, &mut night.crossed, opened, &world.progress, options).await;
        night.judged = judged;
        night.failures = failures;
        night.failures.extend(leaving::too_much(night, opened).await);
        night.stage("judge", since);
    }
    if let Some(worst) = ending::worst(night.failures.iter().map(|failure| failure.ending)) {
        // Whatever else went wrong: parts that may hold what nobody may see do not stay.
        if night.failures.iter().any(|failure| is_privacy(failure.ending)) && !options.dry_run {
            let left = discard(night).await;
            night.failures = night.failures.drain(..).map(|failure| taken_back::told(failure, &left)).collect();
        }
        return if (20..30).contains(&worst.code) { Outcome::Refused } else { Outcome::Failed };
    }
    match settled {
        None => Outcome::DryRun,
        Some(settled) => {
            world.progress.stage(plan.job.as_str(), "publishing");
            let since = Instant::now();
            papers::before(night, &opened.security, options).await;
            publishing.store(true, Ordering::Relaxed);
            if let Err(mut failure) = vaults::keep(opened, plan, &night.run, world.clock.now()).await {
                if failure.ending.id == ending::LIST_NEWER.id {
                    let left = [discard(night).await, taken_back::aside(opened).await].concat();
                    taken_back::unfiled(night);
                    failure = taken_back::told(failure, &left);
                }
                return fail(night, failure);
            }
            let outcome = publish(night, opened, settled, world, options).await;
            night.stage("publish", since);
            outcome
        }
    }
}

/// Carries the datasets over, one after the other, up to the first that does not come.
async fn extract(night: &mut Walked<'_>, opened: &mut Opened, world: &World, options: &Options) {
    let plan = night.plan;
    for (name, source) in &mut opened.sources {
        let of_it: Vec<_> = plan.datasets.iter().filter(|dataset| dataset.from == *name).collect();
        // Periods and merges ask several times, and a merge knows only then for what.
        if of_it.iter().all(|dataset| matches!(dataset.write, WriteMode::Replace)) {
            source.tell_what_comes(&of_it.iter().map(|dataset| &dataset.extract).collect::<Vec<_>>());
        }
    }
    for dataset in &plan.datasets {
        night.begun += 1;
        match cross::cross(dataset, plan, &night.run, opened, &world.progress, options).await {
            Ok(crossed) => night.crossed.push(crossed),
            Err((failures, crossed)) => {
                night.crossed.extend(crossed);
                night.failures.extend(failures.into_iter().map(|failure| failure.of(&dataset.name)));
                break;
            }
        }
    }
}

/// Files the rows that were set aside so far, also when they are why the night goes no further: a person must see them.
async fn quarantine(night: &mut Walked<'_>, opened: &Opened) {
    if night.failures.iter().any(|failure| is_privacy(failure.ending)) {
        return;
    }
    for (dataset, crossed) in night.plan.datasets.iter().zip(&mut night.crossed) {
        match filed::quarantine(night.plan, dataset, crossed, &night.run, opened).await {
            Ok(path) => crossed.quarantine_at = path.map(|path| format!("restricted/{path}")),
            Err(failure) => night.failures.push(failure.of(&dataset.name)),
        }
    }
}

/// After these nothing of the night stays anywhere: it may hold what nobody may see.
fn is_privacy(ending: Ending) -> bool {
    matches!(ending.code, 20 | 23)
}

fn fail(night: &mut Walked<'_>, failure: Failure) -> Outcome {
    night.failures.push(failure);
    Outcome::Failed
}

/// Deletes what was staged. Gives the places where that could not be done.
async fn discard(night: &Walked<'_>) -> Vec<String> {
    let lanes = night.crossed.iter().flat_map(|crossed| &crossed.lanes);
    taken_back::parts(lanes.filter_map(|lane| lane.staged.as_ref())).await
}

/// A run that could not open everything leaves its report all the same, where the security store is there and the
/// environment's own: who looks in the morning must see that there was a run.
async fn unopened(mut report: RunReport, plan: &Plan, world: &World, options: &Options) -> RunReport {
    if options.dry_run {
        return report;
    }
    let path = format!("security/{}", store::report_path(&plan.job, &report.run, "html"));
    let filing = async {
        let Ok(security) = open::security(plan, world.project.root()) else { return false };
        report.page_at = Some(path);
        security.check_stamp(&plan.stamp).await.is_ok() && file(&report, &security, plan).await
    };
    let is_filed = stopped::briefly(filing).await;
    report.page_at = report.page_at.filter(|_| is_filed);
    report
}

/// Keeps the report, its page and the papers in the security store: a container's disk is gone in the morning. Gives whether they are there.
async fn file(report: &RunReport, security: &Store, plan: &Plan) -> bool {
    let places = plan.places();
    let (page, text) = (run_page(report, &places), serde_json::to_vec_pretty(report).unwrap_or_default());
    let report_at = |ending| store::report_path(&plan.job, &report.run, ending);
    let mut is_filed = true;
    for (path, text) in [(report_at("json"), text), (report_at("html"), page.into_bytes())] {
        if let Err(error) = store::file_report(security, &path, text.into()).await {
            tracing::warn!(error = %error, "the report could not be filed");
            is_filed = false;
        }
    }
    papers::after(report, security, plan).await && is_filed
}

/// Asks the sources of a plan whether their tables have the columns that the schemas say, and whether they take the job's
/// SQL; reads no row.
pub async fn online(plan: &Plan, world: &World) -> Vec<Failure> {
    let mut failures = Vec::new();
    let (_scratch, aside) = match open::room_aside(plan, &uuid::Uuid::now_v7().to_string(), &open::spill(plan)) {
        Ok(room) => room,
        Err(failure) => return vec![failure],
    };
    let (mut sources, _) = match open::sources(plan, world.project.root(), &aside, &Meters::default()).await {
        Ok(opened) => opened,
        Err(failure) => return vec![failure],
    };
    for dataset in &plan.datasets {
        let Some(source) = sources.get_mut(&dataset.from) else { continue };
        if let Err(error) = source.look(&dataset.extract).await {
            failures.push(Failure::source(&error, Phase::Open).of(&dataset.name));
        }
    }
    failures
}
