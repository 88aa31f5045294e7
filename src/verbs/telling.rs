//! Whom a job's environment wants told, and what of: after a run, when a deadline has passed, when a night ended without a word.
//!
//! Each is told once (`watch::Told`); what was told lies in the security store as `_told/<job>.json`. Nothing of it changes how a run ends:
//! what does not come through is a line in the log, and is tried again with the next run.

use super::desk::Desk;
use super::{files, walk};
use crate::access::Meters;
use crate::data::{Name, Period};
use crate::job::{MessageSpec, Plan, TELLING_MAX};
use crate::notify::{Surroundings, send};
use crate::report::{Cause, KILLED, LATE, LEFT_OUT, Message, MessageState, NOTICES, ROWS, RunReport};
use crate::store::{self, Store};
use crate::watch::{After, Direction, LedgerRun, Present, Telling, Told, last_alarm, series};
use crate::world::{Project, World};
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::timeout;

/// How far back nights are looked at for what is usual: six weeks, and some.
const DAYS_BACK: i64 = 45;
/// Runs of it, the newest.
const RUNS_MAX: usize = 120;

/// Who tells, of one job.
#[derive(Clone, Debug)]
pub struct Teller {
    job: Name,
    environment: String,
    stamp: String,
    datasets: Vec<String>,
    messages: Vec<MessageSpec>,
    /// `None` where it cannot be opened: then everything is told.
    security: Option<Store>,
    project: PathBuf,
}

/// What came.
struct Came {
    run: Option<String>,
    period: Option<Period>,
    page_at: Option<String>,
    causes: Vec<(String, Cause)>,
    after: After,
}

impl Teller {
    /// Of the job that is planned.
    pub fn of(plan: &Plan, project: &Path) -> Self {
        Teller {
            job: plan.job.clone(),
            environment: plan.environment.to_string(),
            stamp: plan.stamp.clone(),
            datasets: plan.datasets.iter().map(|dataset| dataset.name.to_string()).collect(),
            messages: plan.messages.clone(),
            security: walk::security(plan, project).ok(),
            project: project.to_owned(),
        }
    }

    /// Of a job that is watched over.
    pub fn at(desk: &Desk, project: &Path) -> Self {
        Teller { security: Some(desk.security.clone()), ..Teller::of(&desk.plan, project) }
    }

    /// Of the job in a file that is not valid, so that nothing is known of it but the file's name; `None` where the environment cannot be read, or
    /// names nobody.
    pub fn of_file(project: &Project, file: &Path, environment: &str) -> Option<Self> {
        let environment = files::environment(project, environment).ok()?;
        if environment.messages.is_empty() {
            return None;
        }
        Some(Teller {
            job: Name::new(file.file_stem()?.to_str()?).ok()?,
            environment: environment.name.to_string(),
            stamp: environment.stamp,
            datasets: Vec::new(),
            messages: environment.messages,
            security: walk::security_of(&environment.stores, project.root(), &Meters::default()).ok(),
            project: project.root().to_owned(),
        })
    }

    /// A schedule leaves the job out, for `why`; gives whether somebody was told now.
    pub async fn left_out(&self, why: &str, now: DateTime<Utc>) -> bool {
        let what = format!("no night of the job runs: {why}");
        let next = "mend the places that `nightferry validate` lists, then start the schedule anew";
        self.notice(LEFT_OUT, None, what, next, now).await
    }

    /// A run is over.
    pub async fn run_over(&self, report: &RunReport, now: DateTime<Utc>) {
        let mut causes: Vec<(String, Cause)> = report
            .problems
            .iter()
            .map(|problem| {
                let cause = Cause {
                    id: problem.id.clone(),
                    dataset: problem.dataset.clone(),
                    what: problem.message.clone(),
                    safe: problem.safe.clone(),
                    next: problem.next.clone(),
                    runbook: problem.runbook.to_owned(),
                    retryable: problem.retryable,
                };
                (key(&cause, None), cause)
            })
            .collect();
        let all = async {
            if report.exit_code == 0 && !self.messages.is_empty() {
                causes.extend(self.unusual(now).await);
            }
            let (run, period) = (Some(report.run.clone()), Some(report.period));
            let after = if report.exit_code == 0 { After::Good } else { After::Failed };
            self.tell(Came { run, period, page_at: report.page_at.clone(), causes, after }, now).await;
        };
        within(TELLING_MAX, all).await;
    }

    /// A deadline has passed.
    pub async fn late(&self, period: Period, deadline: Option<DateTime<Utc>>, now: DateTime<Utc>) {
        let deadline = deadline.map(|at| format!(" ({})", at.format("%Y-%m-%d %H:%M UTC"))).unwrap_or_default();
        let what = format!("the night is not published by its deadline{deadline}");
        let next = "look at the last run with `nightferry status`";
        self.notice(LATE, Some(period), what, next, now).await;
    }

    /// A night ended without a report.
    pub async fn killed(&self, period: Period, code: i32, now: DateTime<Utc>) {
        let what = format!("the night's process ended with {code} and left no report");
        let next = "look at the log of its container; 137 is mostly too little memory";
        self.notice(KILLED, Some(period), what, next, now).await;
    }

    async fn notice(&self, id: &str, period: Option<Period>, what: String, next: &str, now: DateTime<Utc>) -> bool {
        let cause = Cause {
            id: id.to_owned(),
            dataset: None,
            what,
            safe: "readers see the last good night, whole".into(),
            next: next.into(),
            runbook: runbook(id).into(),
            retryable: false,
        };
        let causes = vec![(key(&cause, None), cause)];
        let telling = self.tell(Came { run: None, period, page_at: None, causes, after: After::Notice }, now);
        within(TELLING_MAX, telling).await.unwrap_or(false)
    }

    /// Datasets of which the last night has fewer or more rows than is usual.
    async fn unusual(&self, now: DateTime<Utc>) -> Vec<(String, Cause)> {
        let Some(security) = &self.security else { return Vec::new() };
        let reports = store::reports(security, &self.job, now - TimeDelta::days(DAYS_BACK), RUNS_MAX).await;
        let Ok(reports) = reports else {
            tracing::warn!(job = %self.job, "the ledger cannot be asked for what is usual");
            return Vec::new();
        };
        let runs: Vec<LedgerRun> = reports.iter().filter_map(|(_, text)| LedgerRun::parse(text)).collect();
        let alarms = series(self.datasets.iter().cloned(), &runs).into_iter().filter_map(|(dataset, nights)| {
            let alarm = last_alarm(&nights)?;
            let (low, high) = (alarm.band.low().ceil(), alarm.band.high().floor());
            let direction = if alarm.direction == Direction::Low { "low" } else { "high" };
            let cause = Cause {
                id: ROWS.into(),
                what: format!("{} rows on {}, where {low} to {high} are usual", alarm.night.rows, alarm.night.day),
                dataset: Some(dataset),
                safe: "the night is published as it came".into(),
                next: "ask at the source whether it is so".into(),
                runbook: runbook(ROWS).into(),
                retryable: false,
            };
            Some((key(&cause, Some(direction)), cause))
        });
        alarms.collect()
    }

    /// Tells what somebody does not know yet; gives whether somebody was told now.
    async fn tell(&self, came: Came, now: DateTime<Utc>) -> bool {
        if self.messages.is_empty() {
            // A run has its own lines on stderr.
            if came.run.is_none() {
                log(self.job.as_str(), came.causes.iter().map(|(_, cause)| cause));
            }
            return true;
        }
        let present: Vec<Present> =
            came.causes.iter().map(|(key, cause)| Present { key: key.clone(), retryable: cause.retryable }).collect();
        let known = self.known().await;
        // Where nobody knows what was told, everything is.
        let (mut told, telling) = match known.clone() {
            Some(mut told) => {
                let telling = told.weigh(&present, came.after, now);
                (Some(told), telling)
            }
            None if present.is_empty() => (None, Telling::Nothing),
            None => (None, Telling::Wrong),
        };
        let state = match telling {
            Telling::Nothing => None,
            Telling::Wrong => Some(MessageState::Wrong),
            Telling::Mended => Some(MessageState::Mended),
        };
        let mut told_now = false;
        if let Some(state) = state {
            let Came { run, period, page_at, causes, .. } = came;
            let (job, environment) = (self.job.to_string(), self.environment.clone());
            let causes = causes.into_iter().map(|(_, cause)| cause).collect();
            let is_told =
                self.send(&Message { job, environment, at: now, state, run, period, causes, page_at }, now).await;
            told_now = is_told;
            if let Some(told) = told.as_mut().filter(|_| is_told) {
                told.were_told(&present, now);
            }
            // Nobody heard that it is over: what was told stays, so that the next good night says so.
            if state == MessageState::Mended && !is_told {
                return false;
            }
        }
        if let Some(told) = told.filter(|told| known.as_ref() != Some(told)) {
            self.keep(&told).await;
        }
        told_now
    }

    /// Sends it to all; whether anybody took it. The log has it in any case.
    async fn send(&self, message: &Message, now: DateTime<Utc>) -> bool {
        let job = &message.job;
        log(job, message.causes.iter());
        if message.state == MessageState::Mended {
            tracing::info!(job, "what was told is mended");
        }
        let around = Surroundings { project: &self.project, variable: &World::variable, now };
        let sent = join_all(self.messages.iter().map(|spec| async move { (spec, send(spec, message, around).await) }));
        let mut is_told = false;
        for (spec, sent) in sent.await {
            match sent {
                Ok(()) => {
                    is_told = true;
                    tracing::info!(job, to = %spec.name, "told");
                }
                Err(fault) => tracing::warn!(job, to = %spec.name, why = %fault, "could not be told"),
            }
        }
        is_told
    }

    /// What was told; `None` where nobody can say.
    async fn known(&self) -> Option<Told> {
        let security = self.security.as_ref()?;
        // What another environment told says nothing of ours.
        security.check_stamp(&self.stamp).await.ok()?;
        match store::told(security, &self.job).await {
            Ok(Some(text)) => Some(serde_json::from_slice(&text).unwrap_or_default()),
            Ok(None) => Some(Told::default()),
            Err(_) => None,
        }
    }

    async fn keep(&self, told: &Told) {
        let Some(security) = &self.security else { return };
        let keeping = async {
            // Another environment's store gets nothing.
            security.check_stamp(&self.stamp).await?;
            store::keep_told(security, &self.job, serde_json::to_vec(told).unwrap_or_default().into()).await
        };
        if let Err(error) = keeping.await {
            tracing::warn!(job = %self.job, error = %error, "what was told could not be noted");
        }
    }
}

fn log<'a>(job: &str, causes: impl Iterator<Item = &'a Cause>) {
    for Cause { id, dataset, runbook, .. } in causes {
        tracing::error!(
            job,
            dataset,
            id,
            runbook = format!("deploy/runbooks/{runbook}"),
            "a person has something to do"
        );
    }
}

fn key(cause: &Cause, direction: Option<&str>) -> String {
    let parts = [cause.dataset.as_deref().unwrap_or_default(), direction.unwrap_or_default(), &cause.id];
    parts.join("/")
}

fn runbook(id: &str) -> &'static str {
    NOTICES.iter().find(|(notice, _)| *notice == id).map_or("RB-01", |(_, runbook)| runbook)
}

async fn within<T>(most: Duration, telling: impl Future<Output = T>) -> Option<T> {
    let told = timeout(most, telling).await.ok();
    if told.is_none() {
        tracing::warn!("not everybody could be told in time");
    }
    told
}
