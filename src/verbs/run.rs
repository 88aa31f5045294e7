//! `nightferry run JOB`: plan, walk, report.

use super::files;
use super::walk::{Options, walk};
use crate::calendar;
use crate::cli::{ProgressArg, RunArgs};
use crate::data::Period;
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::job::Plan;
use crate::report::{RunReport, terminal};
use crate::world::{Clock, Progress, ProgressMode, World};
use std::io::Write;
use tokio::signal::unix::{SignalKind, signal};

/// Runs a job.
pub async fn run(args: RunArgs, out: &mut dyn Write) -> u8 {
    match journey(args, out).await {
        Ok(code) => code,
        Err(failure) => files::tell(&failure),
    }
}

async fn journey(args: RunArgs, out: &mut dyn Write) -> Result<u8, Failure> {
    let project = files::project(&args.job)?;
    let checked = files::load(&project, &args.job, &args.common.environment)?;
    let progress = Progress::new(mode(args.progress));
    super::log(&progress);
    let mut world = World { project, clock: Clock::System, progress };
    let day = args.date.unwrap_or_else(|| calendar::last_full_day(world.clock.now()));
    let plan = checked.plan(Period::day(day)).map_err(files::invalid)?;
    let options = Options { dry_run: args.dry_run, again: args.again };
    let report = tokio::select! {
        report = walk(&plan, &mut world, &options) => report,
        () = stopped() => return Err(Failure::new(ending::INTERRUPTED, Phase::Extract, "the run was told to stop")),
    };
    tell(&report, &plan, args.common.json, out);
    Ok(report.exit_code)
}

/// Ends when the process is asked to stop.
async fn stopped() {
    let (terminate, interrupt) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    match (terminate, interrupt) {
        (Ok(mut terminate), Ok(mut interrupt)) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
        // Without handlers the system's own way of stopping stays.
        _ => std::future::pending().await,
    }
}

fn tell(report: &RunReport, plan: &Plan, json: bool, out: &mut dyn Write) {
    if json {
        if let Ok(text) = serde_json::to_string(report) {
            let _ = writeln!(out, "{text}");
        }
    } else {
        let places = plan.stores.iter().map(|(name, store)| (name.to_string(), store.primary.url.clone())).collect();
        let _ = write!(out, "{}", terminal(report, &places));
    }
    let mut stderr = std::io::stderr().lock();
    for problem in &report.problems {
        let dataset = problem.dataset.as_ref().map(|dataset| format!(" dataset={dataset}")).unwrap_or_default();
        let _ = writeln!(
            stderr,
            "{}{dataset} what={:?} safe={:?} retryable={} next={:?}",
            problem.id, problem.message, problem.safe, problem.retryable, problem.next
        );
    }
}

fn mode(progress: ProgressArg) -> ProgressMode {
    match progress {
        ProgressArg::Auto => ProgressMode::Auto,
        ProgressArg::Bar => ProgressMode::Bar,
        ProgressArg::Log => ProgressMode::Log,
        ProgressArg::Json => ProgressMode::Json,
        ProgressArg::None => ProgressMode::None,
    }
}
