//! `nightferry run JOB`: plan, walk, report.

use super::array;
use super::days::Days;
use super::files;
use super::lineage::{Which, tell_event};
use super::measured::Metrics;
use super::stop::stopped;
use super::telling::Teller;
use super::walk::{Options, walk};
use crate::access::task::task;
use crate::failure::Failure;
use crate::job::Plan;
use crate::report::{RunReport, TaskReport, run_ended, run_metrics, run_started, terminal};
use crate::world::{Clock, Progress, ProgressMode, World};
use std::io::Write;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// How long a run that is told to stop may take in all: less than the 24.5 seconds after which a schedule kills it.
const STOPPED_MAX: Duration = Duration::from_millis(23_500);
/// How much of that telling others may take.
const TELLING_STOPPED_MAX: Duration = Duration::from_secs(3);

/// What is asked of `run`.
#[derive(Clone, Debug)]
pub struct RunRequest {
    /// The job file; several are divided among the children of an array job.
    pub jobs: Vec<PathBuf>,
    /// Do the part of a child of an array job alone.
    pub array: bool,
    /// The environment's name.
    pub environment: String,
    /// The settlement days the run is for.
    pub days: Days,
    /// Everything but upload and commit.
    pub dry_run: bool,
    /// Why a period that is published is published again.
    pub again: Option<String>,
    /// How progress is shown.
    pub progress: ProgressMode,
    /// Where numbers go that machines gather.
    pub metrics: Option<Metrics>,
    /// The result as JSON.
    pub json: bool,
}

/// Runs a job.
pub async fn run(request: RunRequest, out: &mut dyn Write) -> u8 {
    let json = request.json;
    match journey(request, out).await {
        Ok(code) => code,
        Err(failure) => files::tell_as(json, &failure, out),
    }
}

async fn journey(request: RunRequest, out: &mut dyn Write) -> Result<u8, Failure> {
    let batch = World::batch();
    let child = array::child(request.array, batch.as_ref())?;
    let array::Taken { job, period } = array::taken(request.jobs, child)?;
    let project = files::project(&job)?;
    let checked = files::load(&project, &job, &request.environment)?;
    let progress = Progress::new(request.progress);
    super::log(&progress);
    let mut world = World { project, clock: Clock::System, progress };
    let days = request.days.begun(world.clock.now())?;
    let days = period.map_or(Ok(days), |child| array::period(&checked.job, days, child))?;
    let plan = checked.plan(days).map_err(files::invalid)?;
    let (began, root) = (world.clock.now(), world.project.root().to_owned());
    let run = World::run_id(began);
    let task = told_task().await;
    let options = Options { dry_run: request.dry_run, again: request.again, run: Some(run.clone()), batch, task };
    let has_events = !options.dry_run && plan.lineage.is_wanted();
    let starting = async {
        if has_events {
            tell_event(&plan, &root, (&run, Which::Start), &run_started(&plan, &run, began), began).await;
        }
    };
    let stopped_at = OnceLock::new();
    let stop = async {
        stopped().await;
        let _ = stopped_at.set(Instant::now());
    };
    // Whoever takes events does not hold up the night.
    let (mut starting, mut is_started) = (std::pin::pin!(starting), false);
    let report = {
        let mut walking = std::pin::pin!(walk(&plan, &mut world, &options, stop));
        loop {
            tokio::select! {
                report = &mut walking => break report,
                () = &mut starting, if !is_started => is_started = true,
            }
        }
    };
    if let Some(metrics) = &request.metrics {
        metrics.put(&run_metrics(&report));
    }
    let now = world.clock.now();
    let telling = async {
        if !is_started {
            starting.await;
        }
        if has_events {
            tell_event(&plan, &root, (&run, Which::End), &run_ended(&plan, &report), now).await;
        }
        if !options.dry_run {
            Teller::of(&plan, &root).run_over(&report, now).await;
        }
    };
    let left = stopped_at.get().map(|at| STOPPED_MAX.saturating_sub(at.elapsed()).min(TELLING_STOPPED_MAX));
    tokio::select! {
        biased;
        () = telling => {}
        // Whoever stops us does not wait for others to be told.
        () = stopped() => tracing::warn!("not everybody could be told: the run was told to stop"),
        () = sleep(left.unwrap_or_default()), if left.is_some() => {
            tracing::warn!("not everybody could be told in time");
        }
    }
    tell(&report, &plan, request.json, out);
    Ok(report.exit_code)
}

/// What ECS tells of the task that this is, where it is one.
async fn told_task() -> Option<TaskReport> {
    let uri = World::variable("ECS_CONTAINER_METADATA_URI_V4")?;
    task(&uri).await.inspect_err(|fault| tracing::warn!("{fault}")).ok()
}

fn tell(report: &RunReport, plan: &Plan, json: bool, out: &mut dyn Write) {
    if json {
        if let Ok(text) = serde_json::to_string(report) {
            let _ = writeln!(out, "{text}");
        }
    } else {
        let _ = write!(out, "{}", terminal(report, &plan.places()));
    }
    let mut stderr = std::io::stderr().lock();
    for problem in &report.problems {
        let _ = writeln!(stderr, "{problem}");
    }
}
