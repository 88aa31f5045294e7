//! `nightferry schedule [JOB..]`: runs jobs when they are due, and nothing else.
//!
//! ```text
//! tick.rs    what wakes it: the only tokio-cron-scheduler
//! watched.rs one job, kept to its timetable: its nights and its deadlines
//! turn.rs    timetable, ledger and claims -> whose turn a night is, and whether it is late
//! night.rs   a turn that is ours -> `nightferry run` in a process of its own, and its lease kept
//! left_out.rs jobs whose files are not valid: who is told
//! health.rs  what is known of all of them: the line that says so, and how the schedule ends
//! tests.rs   ten years of nights
//! ```
//!
//! A night runs in a process of its own, of the same binary: what it takes of memory goes back when it ends, a panic or the kernel's
//! killer ends that night alone, and a signal reaches one night. It costs its start, some hundredths of a second. Nights of one schedule
//! run one after the other, since each may take the memory of the whole container.
//!
//! Never in here: what a night does.

mod health;
mod left_out;
mod night;
mod tick;
mod turn;
mod watched;

use crate::ending;
use crate::failure::{Failure, Phase};
use crate::verbs::{Desk, Desks, Teller, log_lines, no_timetable, tell_as, told_once};
use crate::world::{Clock, Progress, ProgressMode};
use chrono::TimeDelta;
use health::{Ended, Health};
use left_out::LeftOut;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use turn::Holder;
use watched::Watched;

/// How often a line says that all is well.
const HEALTH_EVERY: Duration = Duration::from_secs(60);

/// What is asked of `schedule`.
#[derive(Clone, Debug)]
pub struct ScheduleRequest {
    /// Job files; none stands for every one that has a schedule.
    pub jobs: Vec<PathBuf>,
    /// The environment's name.
    pub environment: String,
    /// How long a night belongs to a schedule that says nothing.
    pub lease: Duration,
    /// Whether it ends once nothing is to be done now.
    pub once: bool,
    /// Whether each night tells its numbers, as lines on stderr.
    pub metrics: bool,
    /// What goes wrong at the start as JSON.
    pub json: bool,
}

/// Runs jobs until it is told to stop. Gives 0 when nothing had to be interrupted, and every job could be kept.
pub async fn schedule(request: ScheduleRequest, out: &mut dyn Write) -> u8 {
    let json = request.json;
    match journey(request, out).await {
        Ok(code) => code,
        Err(failure) => tell_as(json, &failure, out),
    }
}

async fn journey(request: ScheduleRequest, out: &mut dyn Write) -> Result<u8, Failure> {
    log_lines(&Progress::new(ProgressMode::Log));
    let all = request.jobs.is_empty();
    let Desks { project, desks, mut refused } = Desk::of(request.jobs, &request.environment)?;
    let mut timed = Vec::new();
    for desk in desks {
        match desk.timetable.clone() {
            Some(timetable) => timed.push((desk, timetable)),
            None if all => tracing::info!(job = %desk.job, "has no [schedule] and is left out"),
            None => refused.push(no_timetable(&desk)),
        }
    }
    // A job whose files are not valid is told and left out; the nights of the others do not wait for it.
    for failure in told_once(&refused) {
        tell_as(request.json, failure, out);
    }
    let mut left_out = LeftOut::of(&project, &refused, &request.environment);
    let refused_code = ending::worst(refused.iter().map(|refused| refused.failure.ending)).map(|ending| ending.code);
    if let (true, Some(code)) = (timed.is_empty(), refused_code) {
        left_out.tell().await;
        return Ok(code);
    }
    if timed.is_empty() {
        return Err(Failure::new(ending::JOB_INVALID, Phase::Files, "no job has a [schedule]"));
    }
    let lease = TimeDelta::from_std(request.lease).unwrap_or(TimeDelta::minutes(1));
    let holder = Arc::new(Holder { name: uuid::Uuid::now_v7().to_string(), alive_since: Clock::System.now(), lease });
    let (ticks, stop) = (tick::ticks().await?, stopped());
    let health = Arc::new(Health::default());
    health.know(|known| known.left_out = refused.len());
    let one_at_a_time = Arc::new(Semaphore::new(1));
    let mut jobs = JoinSet::new();
    tracing::info!(schedule = holder.name, jobs = timed.len(), environment = request.environment, "begins");
    for (desk, timetable) in timed {
        // Another environment's store is refused before anything is written there.
        let claimed = desk.security.claim(&desk.plan.stamp).await;
        claimed.map_err(|error| Failure::store(&error, Phase::Open))?;
        let watched = Watched {
            teller: Teller::at(&desk, project.root()),
            desk,
            timetable,
            environment: request.environment.clone(),
            once: request.once,
            metrics: request.metrics,
            holder: holder.clone(),
            health: health.clone(),
            one_at_a_time: one_at_a_time.clone(),
        };
        jobs.spawn(watched.keep(ticks.subscribe(), stop.clone()));
    }
    let left_out = left_out.beside(stop.clone());
    let mut told = tokio::time::interval(HEALTH_EVERY);
    let mut is_interrupted = false;
    loop {
        tokio::select! {
            ended = jobs.join_next() => match ended {
                None => break,
                // A panic of one job's keeper must not leave the others without a word: the process ends, and is begun anew.
                Some(Err(_)) => return Err(Failure::new(ending::INTERRUPTED, Phase::Open, "a job's keeper ended")),
                Some(Ok(interrupted)) => is_interrupted |= interrupted,
            },
            _ = told.tick() => health.tell(),
        }
    }
    left_out.over().await;
    tracing::info!(schedule = holder.name, interrupted = is_interrupted, "ends");
    let ended = health.tell_end(out);
    if is_interrupted {
        let what = "the schedule was told to stop while a night ran";
        return Err(Failure::new(ending::INTERRUPTED, Phase::Publish, what));
    }
    match ended {
        Ended::Unasked(failure) if request.once => Err(failure),
        Ended::Unmended if request.once => Ok(refused_code.unwrap_or(ending::FOUND)),
        _ => Ok(refused_code.unwrap_or(0)),
    }
}

/// Turns true when the process is asked to stop.
fn stopped() -> watch::Receiver<bool> {
    use tokio::signal::unix::{SignalKind, signal};
    let (tell, told) = watch::channel(false);
    tokio::spawn(async move {
        let (terminate, interrupt) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
        if let (Ok(mut terminate), Ok(mut interrupt)) = (terminate, interrupt) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            let _ = tell.send(true);
        }
        // Without handlers the system's own way of stopping stays; the sender is kept, so that nobody is woken by its end.
        tell.closed().await;
    });
    told
}

#[cfg(test)]
mod tests;
