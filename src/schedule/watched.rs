//! A job that is kept to its timetable: its nights are run one at a time with those of the other jobs, and its deadlines are told when
//! they pass, whatever runs meanwhile.

use super::health::Health;
use super::night::{Night, Past};
use super::turn::{Holder, Ledger, Turn, overdue, turn};
use crate::calendar::{Due, Timetable};
use crate::failure::{Failure, Phase};
use crate::verbs::{Desk, Teller};
use crate::world::Clock;
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

/// Runs that may have come meanwhile.
const RUNS_OF_A_NIGHT: usize = 16;
/// How long to wait where the store of the ledger cannot be asked.
const STORE_AWAY_SECONDS: i64 = 30;
/// How far back a deadline is looked for that is still to come: a night's lies within a day of it.
const DEADLINES_BACK: TimeDelta = TimeDelta::days(2);
/// The clock is looked at as often: it may be set, and a machine may sleep.
const CLOCK_EVERY: Duration = Duration::from_secs(20);
/// How long telling a deadline may still take once we are told to stop.
const TELLING_MAX: Duration = Duration::from_secs(3);

/// A job that is kept to its timetable.
pub struct Watched {
    /// The job.
    pub desk: Desk,
    /// Who tells of it.
    pub teller: Teller,
    /// When it is due.
    pub timetable: Timetable,
    /// The environment's name.
    pub environment: String,
    /// Whether it ends once nothing is to be done now.
    pub once: bool,
    /// Whether its nights tell their numbers.
    pub metrics: bool,
    /// Who keeps it.
    pub holder: Arc<Holder>,
    /// What the schedule knows.
    pub health: Arc<Health>,
    /// Nights of one schedule run one after the other.
    pub one_at_a_time: Arc<Semaphore>,
}

impl Watched {
    /// Looks at every tick whether something is to be done, until `stop`. Gives whether a night was interrupted.
    pub async fn keep(self, ticks: watch::Receiver<u64>, stop: watch::Receiver<bool>) -> bool {
        let (end, is_over) = watch::channel(false);
        let mut deadlines = std::pin::pin!(self.watch_deadlines(is_over));
        let nights = self.keep_nights(ticks, stop.clone());
        let is_interrupted = tokio::select! {
            is_interrupted = nights => is_interrupted,
            // It ends when it is told to, which is below.
            () = &mut deadlines => return false,
        };
        // What somebody else will not tell any more is told before we go.
        let _ = end.send(true);
        let is_stopped = *stop.borrow();
        match is_stopped {
            true => {
                let _ = timeout(TELLING_MAX, deadlines).await;
            }
            false => deadlines.await,
        }
        is_interrupted
    }

    async fn keep_nights(&self, mut ticks: watch::Receiver<u64>, mut stop: watch::Receiver<bool>) -> bool {
        let (mut look_at, mut ledger) = (DateTime::<Utc>::MIN_UTC, Ledger::default());
        while !*stop.borrow() {
            let now = Clock::System.now();
            if now >= look_at {
                match self.look(now, &mut stop, &mut ledger).await {
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
    async fn look(&self, now: DateTime<Utc>, stop: &mut watch::Receiver<bool>, ledger: &mut Ledger) -> Past {
        let permit = tokio::select! {
            permit = self.one_at_a_time.acquire() => permit,
            _ = stop.changed() => return Past::Look(now),
        };
        if *stop.borrow() {
            return Past::Look(now);
        }
        // The clock has gone on while another job's night ran.
        let now = Clock::System.now().max(now);
        let table = (&self.timetable, self.desk.tables);
        let asked = tokio::select! {
            asked = turn(&self.desk.security, &self.desk.job, table, &self.holder, ledger, now) => Some(asked),
            // A turn that was taken and that nobody comes back from runs out by itself.
            _ = stop.changed() => None,
        };
        let job = self.desk.job.to_string();
        let Turn { start, look_at, unmended } = match asked {
            None => return Past::Look(now),
            Some(Ok(asked)) => asked,
            Some(Err(error)) => {
                let failure = Failure::store(&error, Phase::Open);
                self.health.know(|known| {
                    known.unasked.insert(job, failure);
                });
                tracing::warn!(job = %self.desk.job, error = %error, "the ledger cannot be asked");
                return Past::Look(now + TimeDelta::seconds(STORE_AWAY_SECONDS));
            }
        };
        self.health.know(|known| {
            known.unasked.remove(&job);
            known.next.insert(job.clone(), look_at);
            match &unmended {
                Some(due) => known.unmended.insert(job.clone(), due.period),
                None => known.unmended.remove(&job),
            };
        });
        let Some((due, lease)) = start else { return Past::Look(look_at) };
        self.health.know(|known| known.running = Some(format!("{job} {}", due.period)));
        let night = Night {
            job: &self.desk.path,
            environment: &self.environment,
            metrics: self.metrics,
            period: due.period,
            lease: &lease,
            length: self.holder.lease,
        };
        let (code, past) = night.run(stop).await;
        self.health.know(|known| {
            known.running = None;
            known.nights += 1;
            known.failed += u64::from(code != 0);
        });
        tracing::info!(job, period = %due.period, exit_code = code, "night over");
        drop(permit);
        if code != 0 && !*stop.borrow() && self.left_no_report(&due, now).await {
            self.teller.killed(due.period, code, Clock::System.now()).await;
        }
        past
    }

    /// Whether no run of the night of `due` that began at `since` or later has said what became of it. Where nobody can tell, one may have.
    async fn left_no_report(&self, due: &Due, since: DateTime<Utc>) -> bool {
        // A report tells whole seconds.
        let since = since - TimeDelta::seconds(1);
        let runs = self.desk.runs(since, RUNS_OF_A_NIGHT).await;
        runs.is_ok_and(|runs| !runs.iter().any(|run| run.period == due.period && run.started_at >= since))
    }

    /// Tells each deadline that passes, also while this job's night runs or waits for another's, until `is_over`.
    async fn watch_deadlines(&self, mut is_over: watch::Receiver<bool>) {
        let (mut ask_at, mut ledger) = (DateTime::<Utc>::MIN_UTC, Ledger::default());
        loop {
            let now = Clock::System.now();
            if now >= ask_at {
                ask_at = self.tell_overdue(now, &mut ledger).await;
            }
            if *is_over.borrow() {
                return;
            }
            tokio::select! {
                () = sleep(((ask_at - now).to_std()).unwrap_or_default().min(CLOCK_EVERY)) => {}
                _ = is_over.changed() => {}
            }
        }
    }

    /// Tells the nights whose deadline is past at `now`; gives when to ask again.
    async fn tell_overdue(&self, now: DateTime<Utc>, ledger: &mut Ledger) -> DateTime<Utc> {
        let mut late = Vec::new();
        let table = (&self.timetable, self.desk.tables);
        let asked = overdue(&self.desk.security, &self.desk.job, table, ledger, now, &mut late).await;
        for due in &late {
            self.tell_late(due).await;
        }
        // That the ledger cannot be asked tells who looks for nights.
        let again = now + TimeDelta::seconds(STORE_AWAY_SECONDS);
        asked.map_or(again, |()| self.next_deadline(now).unwrap_or(now + TimeDelta::days(1)))
    }

    fn next_deadline(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let dues = self.timetable.between(now - DEADLINES_BACK, now, usize::MAX);
        let all = dues.into_iter().chain(self.timetable.after(now));
        all.filter_map(|due| due.deadline).filter(|deadline| *deadline > now).min()
    }

    async fn tell_late(&self, due: &Due) {
        let deadline = due.deadline.map(|deadline| deadline.to_rfc3339());
        tracing::error!(job = %self.desk.job, period = %due.period, deadline, "not published by its deadline");
        self.teller.late(due.period, due.deadline, Clock::System.now()).await;
    }
}
