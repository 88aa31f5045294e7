//! `nightferry schedule [JOB..]`: runs jobs when they are due, and nothing else.
//!
//! ```text
//! tick.rs    what wakes it: the only tokio-cron-scheduler
//! turn.rs    timetable, ledger and claims -> whose turn a night is, and whether it is late
//! night.rs   a turn that is ours -> `nightferry run` in a process of its own, and its lease kept
//! tests.rs   ten years of nights
//! ```
//!
//! A night runs in a process of its own, of the same binary: what it takes of memory goes back when it ends, a panic or the kernel's
//! killer ends that night alone, and a signal reaches one night. It costs its start, some hundredths of a second. Nights of one schedule
//! run one after the other, since each may take the memory of the whole container.
//!
//! Never in here: what a night does.

mod night;
mod tick;
mod turn;

use crate::calendar::{Due, Timetable};
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::verbs::{Desk, log_lines, no_timetable, tell_as};
use crate::world::{Clock, Progress, ProgressMode};
use chrono::{DateTime, TimeDelta, Utc};
use night::{Night, Past};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use turn::{Holder, Turn, turn};

/// How often a line says that all is well.
const HEALTH_EVERY: Duration = Duration::from_secs(60);
/// How long to wait where the store of the ledger cannot be asked.
const STORE_AWAY_SECONDS: i64 = 30;

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
    /// What goes wrong at the start as JSON.
    pub json: bool,
}

/// Runs jobs until it is told to stop. Gives 0 when nothing had to be interrupted.
pub async fn schedule(request: ScheduleRequest, out: &mut dyn Write) -> u8 {
    let json = request.json;
    match journey(request, out).await {
        Ok(code) => code,
        Err(failure) => tell_as(json, &failure, out),
    }
}

/// What a schedule has come to know, for its health line.
#[derive(Debug, Default)]
struct Health {
    running: Option<String>,
    next: BTreeMap<String, DateTime<Utc>>,
    nights: u64,
    failed: u64,
}

async fn journey(request: ScheduleRequest, out: &mut dyn Write) -> Result<u8, Failure> {
    log_lines(&Progress::new(ProgressMode::Log));
    let all = request.jobs.is_empty();
    let (_, desks) = Desk::of(request.jobs, &request.environment)?;
    let mut timed = Vec::new();
    for desk in desks {
        match desk.timetable.clone() {
            Some(timetable) => timed.push((desk, timetable)),
            None if all => tracing::info!(job = %desk.job, "has no [schedule] and is left out"),
            None => return Err(no_timetable(&desk)),
        }
    }
    if timed.is_empty() {
        return Err(Failure::new(ending::JOB_INVALID, Phase::Files, "no job has a [schedule]"));
    }
    let lease = TimeDelta::from_std(request.lease).unwrap_or(TimeDelta::minutes(1));
    let holder = Arc::new(Holder { name: uuid::Uuid::now_v7().to_string(), alive_since: Clock::System.now(), lease });
    let (ticks, stop) = (tick::ticks().await?, stopped());
    let health = Arc::new(Mutex::new(Health::default()));
    let one_at_a_time = Arc::new(Semaphore::new(1));
    let mut jobs = JoinSet::new();
    tracing::info!(schedule = holder.name, jobs = timed.len(), environment = request.environment, "begins");
    for (desk, timetable) in timed {
        // Another environment's store is refused before anything is written there.
        let claimed = desk.security.claim(&desk.plan.stamp).await;
        claimed.map_err(|error| Failure::store(&error, Phase::Open))?;
        let watched = Watched {
            desk,
            timetable,
            environment: request.environment.clone(),
            once: request.once,
            holder: holder.clone(),
            health: health.clone(),
            one_at_a_time: one_at_a_time.clone(),
        };
        jobs.spawn(watched.keep(ticks.subscribe(), stop.clone()));
    }
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
            _ = told.tick() => tell_health(&health),
        }
    }
    tracing::info!(schedule = holder.name, interrupted = is_interrupted, "ends");
    let failed = tell_end(&health, out);
    match is_interrupted {
        true => {
            Err(Failure::new(ending::INTERRUPTED, Phase::Publish, "the schedule was told to stop while a night ran"))
        }
        false if request.once && failed > 0 => Ok(ending::FOUND),
        false => Ok(0),
    }
}

/// Says what was done and what comes next. Gives how many nights ended badly.
fn tell_end(health: &Mutex<Health>, out: &mut dyn Write) -> u64 {
    let Ok(health) = health.lock() else { return 0 };
    let next = health.next.iter().min_by_key(|(_, at)| **at);
    let next = next.map(|(job, at)| format!("; {job} is looked at next {}", at.format("%Y-%m-%d %H:%M:%S UTC")));
    // A closed pipe is the reader's choice.
    let _ = writeln!(out, "{} nights run, {} of them failed{}", health.nights, health.failed, next.unwrap_or_default());
    health.failed
}

fn tell_health(health: &Mutex<Health>) {
    let Ok(health) = health.lock() else { return };
    let next = health.next.iter().min_by_key(|(_, at)| **at);
    tracing::info!(
        running = health.running.as_deref().unwrap_or("nothing"),
        next_job = next.map_or("none", |(job, _)| job.as_str()),
        next_at = next.map(|(_, at)| at.to_rfc3339()),
        nights = health.nights,
        failed = health.failed,
        "health"
    );
}

/// A job that is kept to its timetable.
struct Watched {
    desk: Desk,
    timetable: Timetable,
    environment: String,
    once: bool,
    holder: Arc<Holder>,
    health: Arc<Mutex<Health>>,
    one_at_a_time: Arc<Semaphore>,
}

impl Watched {
    /// Looks at every tick whether something is to be done, until `stop`. Gives whether a night was interrupted.
    async fn keep(self, mut ticks: watch::Receiver<u64>, mut stop: watch::Receiver<bool>) -> bool {
        let mut look_at = DateTime::<Utc>::MIN_UTC;
        while !*stop.borrow() {
            let now = Clock::System.now();
            if now >= look_at {
                match self.look(now, &mut stop).await {
                    Past::Stopped => return true,
                    Past::Look(at) => look_at = at,
                }
                if self.once && look_at > Clock::System.now() {
                    break;
                }
                continue;
            }
            tokio::select! {
                // Whoever gives the ticks ends with the process.
                _ = ticks.changed() => {}
                _ = stop.changed() => {}
            }
        }
        false
    }

    /// Does what there is to do at `now`; gives when to look again.
    async fn look(&self, now: DateTime<Utc>, stop: &mut watch::Receiver<bool>) -> Past {
        let permit = tokio::select! {
            permit = self.one_at_a_time.acquire() => permit,
            _ = stop.changed() => return Past::Look(now),
        };
        if *stop.borrow() {
            return Past::Look(now);
        }
        // The clock has gone on while another job's night ran.
        let now = Clock::System.now().max(now);
        let mut late = Vec::new();
        let table = (&self.timetable, self.desk.tables);
        let asked = turn(&self.desk.security, &self.desk.job, table, &self.holder, now, &mut late).await;
        late.iter().for_each(|due| self.tell_late(due));
        let Turn { start, look_at, .. } = match asked {
            Ok(asked) => asked,
            Err(error) => {
                // A trigger outside learns of it by the exit code.
                self.know(|health| health.failed += u64::from(self.once));
                tracing::warn!(job = %self.desk.job, error = %error, "the ledger cannot be asked");
                return Past::Look(now + TimeDelta::seconds(STORE_AWAY_SECONDS));
            }
        };
        self.know(|health| {
            health.next.insert(self.desk.job.to_string(), look_at);
        });
        let Some((due, lease)) = start else { return Past::Look(look_at) };
        self.know(|health| health.running = Some(format!("{} {}", self.desk.job, due.period)));
        let night = Night {
            job: &self.desk.path,
            environment: &self.environment,
            period: due.period,
            lease: &lease,
            length: self.holder.lease,
        };
        let (code, past) = self.run(night, &due, stop).await;
        self.know(|health| {
            health.running = None;
            health.nights += 1;
            health.failed += u64::from(code != 0);
        });
        tracing::info!(job = %self.desk.job, period = %due.period, exit_code = code, "night over");
        drop(permit);
        past
    }

    /// Runs a night; where its deadline passes meanwhile, that is told at once.
    async fn run(&self, night: Night<'_>, due: &Due, stop: &mut watch::Receiver<bool>) -> (i32, Past) {
        let left = due.deadline.and_then(|deadline| (deadline - Clock::System.now()).to_std().ok());
        let mut running = std::pin::pin!(night.run(stop));
        tokio::select! {
            ended = &mut running => return ended,
            () = tokio::time::sleep(left.unwrap_or_default()), if left.is_some() => {}
        }
        if left.is_some() {
            let (security, now) = (&self.desk.security, Clock::System.now());
            match crate::store::is_ours_to_tell(security, &self.desk.job, due.period, "late", now).await {
                Ok(true) => self.tell_late(due),
                Ok(false) => {}
                // It is asked again when the night is over.
                Err(error) => tracing::warn!(job = %self.desk.job, error = %error, "the ledger cannot be asked"),
            }
        }
        running.await
    }

    fn tell_late(&self, due: &Due) {
        let deadline = due.deadline.map(|deadline| deadline.to_rfc3339());
        tracing::error!(job = %self.desk.job, period = %due.period, deadline, "not published by its deadline");
    }

    fn know(&self, what: impl FnOnce(&mut Health)) {
        if let Ok(mut health) = self.health.lock() {
            what(&mut health);
        }
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
