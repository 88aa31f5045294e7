//! A turn that is ours -> `nightferry run` in a process of its own: its lease is renewed while it runs, and it is told to stop when the schedule is, or
//! when another schedule has taken the night over.

use crate::data::Period;
use crate::store::Lease;
use crate::world::{Clock, STARTED_BY};
use chrono::{DateTime, TimeDelta, Utc};
use rustix::process::{Pid, Signal, kill_process};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout_at};

/// The binary that is running, also where another has taken its place on disk since.
const SELF: &str = "/proc/self/exe";
/// How long a night that is told to stop may take: a run ends by itself within 24 s, and a container has 30.
const STOPPING_MAX: Duration = Duration::from_millis(24_500);
/// How long the schedule may take in all from there, the turn given back among it.
const OUT_MAX: Duration = Duration::from_millis(24_900);
/// Renewals in one length of a lease.
const RENEWALS: u32 = 4;
/// What a process that could not even be started is given as its exit code: a shell's for the same.
const NOT_STARTED: i32 = 126;

/// A night to run.
pub struct Night<'a> {
    /// The job file.
    pub job: &'a Path,
    /// The environment's name.
    pub environment: &'a str,
    /// Whether it tells its numbers.
    pub metrics: bool,
    /// The days it is for.
    pub period: Period,
    /// The turn.
    pub lease: &'a Lease,
    /// How long it is ours without a word.
    pub length: TimeDelta,
}

/// What became of a look.
#[derive(Debug)]
pub enum Past {
    /// Look again then.
    Look(DateTime<Utc>),
    /// A night was interrupted, because the schedule was told to stop.
    Stopped,
}

impl Night<'_> {
    /// Runs it to its end, or to the schedule's. Gives the exit code, 128 and the signal's number of what was killed.
    pub async fn run(&self, stop: &mut watch::Receiver<bool>) -> (i32, Past) {
        let (code, out_by) = match self.start() {
            Ok(mut child) => self.keep(&mut child, stop).await,
            Err(_) => (NOT_STARTED, None),
        };
        let now = Clock::System.now();
        // Where it is not given back it runs out by itself.
        let giving_back = self.lease.give_back(now, code);
        let given_back = match out_by {
            Some(out_by) => timeout_at(out_by, giving_back).await,
            None => Ok(giving_back.await),
        };
        match given_back {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(error = %error, "the turn could not be given back"),
            Err(_) => tracing::warn!("the turn could not be given back in time"),
        }
        let is_stopped = *stop.borrow() && code != 0;
        (code, if is_stopped { Past::Stopped } else { Past::Look(now) })
    }

    fn start(&self) -> std::io::Result<Child> {
        let Period { from, to } = self.period;
        let mut command = Command::new(SELF);
        command.arg0("nightferry").arg("run").arg(self.job).args(["--env", self.environment, "--progress", "log"]);
        command.args(["--from".to_owned(), from.to_string(), "--to".to_owned(), to.to_string()]);
        if self.metrics {
            command.args(["--metrics", "emf"]);
        }
        command.env(STARTED_BY, "schedule").stdin(Stdio::null()).kill_on_drop(true).spawn()
    }

    /// Waits for its end; also gives by when we have to be out, where it was told to stop.
    async fn keep(&self, child: &mut Child, stop: &mut watch::Receiver<bool>) -> (i32, Option<Instant>) {
        // A store that is slow holds up the renewal, and nothing else.
        let mut renewing = std::pin::pin!(self.renew());
        let (mut is_ours, mut told_at): (bool, Option<Instant>) = (true, None);
        loop {
            let kill_at = told_at.map(|told| told + STOPPING_MAX);
            tokio::select! {
                ended = child.wait() => {
                    return (ended.map_or(NOT_STARTED, code), told_at.map(|told| told + OUT_MAX));
                }
                _ = stop.changed(), if told_at.is_none() => {
                    tracing::info!("the night is told to stop");
                    told_at = Some(terminate(child));
                }
                () = &mut renewing, if is_ours => {
                    is_ours = false;
                    if told_at.is_none() {
                        tracing::warn!("another schedule has taken the night over; ours is told to stop");
                        told_at = Some(terminate(child));
                    }
                }
                () = sleep_until(kill_at.unwrap_or_else(Instant::now)), if kill_at.is_some() => {
                    tracing::error!("the night did not stop in time and is killed");
                    let _ = child.kill().await;
                    return (128 + Signal::KILL.as_raw(), told_at.map(|told| told + OUT_MAX));
                }
            }
        }
    }

    /// Keeps the turn, until somebody has taken the next.
    async fn renew(&self) {
        let length = self.length.to_std().unwrap_or(Duration::from_secs(60));
        let mut renewals = interval(length / RENEWALS);
        renewals.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            renewals.tick().await;
            match self.lease.renew(Clock::System.now() + self.length).await {
                Ok(true) => {}
                Ok(false) => return,
                // The night goes on: should another begin meanwhile, publishing decides between them.
                Err(error) => tracing::warn!(error = %error, "the turn could not be renewed"),
            }
        }
    }
}

/// Tells a night to stop; gives when it was told.
fn terminate(child: &Child) -> Instant {
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid {
        // One that is gone already is reaped next.
        let _ = kill_process(pid, Signal::TERM);
    }
    Instant::now()
}

fn code(status: ExitStatus) -> i32 {
    status.code().or_else(|| Some(128 + status.signal()?)).unwrap_or(NOT_STARTED)
}

#[cfg(test)]
mod tests {
    use super::super::tests::security;
    use super::*;
    use crate::data::Name;
    use object_store::memory::InMemory;
    use object_store::throttle::{ThrottleConfig, ThrottledStore};

    #[tokio::test]
    async fn a_store_that_is_slow_does_not_keep_a_night_from_being_told_to_stop() {
        let throttled = ThrottledStore::new(InMemory::new(), ThrottleConfig::default());
        let store = security(throttled);
        let (job, day) = (Name::new("things").expect("a name"), "2026-11-22".parse().expect("a day"));
        let (period, now) = (Period::day(day), Clock::System.now());
        let length = TimeDelta::seconds(60);
        let lease = Lease::take(&store, (&job, period), None, "us", now, length).await.expect("asked").expect("ours");
        // From here on whatever is asked of the store takes a minute.
        let minute = Duration::from_secs(60);
        let slow = ThrottleConfig { wait_get_per_call: minute, wait_put_per_call: minute, ..Default::default() };
        let slow = security(ThrottledStore::new(InMemory::new(), slow));
        let lease = lease.at(&slow);
        let night = Night {
            job: Path::new("jobs/things.toml"),
            environment: "dev",
            metrics: false,
            period,
            lease: &lease,
            length,
        };
        let mut child = Command::new("sleep").arg("100").kill_on_drop(true).spawn().expect("it starts");
        let (tell, mut stop) = watch::channel(false);
        let since = Instant::now();
        let (ended, ()) = tokio::join!(night.keep(&mut child, &mut stop), async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            tell.send(true).expect("told");
        });
        assert_eq!(ended.0, 128 + Signal::TERM.as_raw());
        assert!(ended.1.is_some() && since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
    }
}
