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
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

/// The binary that is running, also where another has taken its place on disk since.
const SELF: &str = "/proc/self/exe";
/// How long a night that is told to stop may take: a run ends by itself within 24 s, and a container has 30.
const STOPPING_MAX: Duration = Duration::from_millis(24_500);
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
        let code = match self.start() {
            Ok(mut child) => self.keep(&mut child, stop).await,
            Err(_) => NOT_STARTED,
        };
        let now = Clock::System.now();
        if let Err(error) = self.lease.give_back(now, code).await {
            // Then it runs out by itself.
            tracing::warn!(error = %error, "the turn could not be given back");
        }
        let is_stopped = *stop.borrow() && code != 0;
        (code, if is_stopped { Past::Stopped } else { Past::Look(now) })
    }

    fn start(&self) -> std::io::Result<Child> {
        let Period { from, to } = self.period;
        let mut command = Command::new(SELF);
        command.arg0("nightferry").arg("run").arg(self.job).args(["--env", self.environment, "--progress", "log"]);
        command.args(["--from".to_owned(), from.to_string(), "--to".to_owned(), to.to_string()]);
        command.env(STARTED_BY, "schedule").stdin(Stdio::null()).kill_on_drop(true).spawn()
    }

    async fn keep(&self, child: &mut Child, stop: &mut watch::Receiver<bool>) -> i32 {
        let length = self.length.to_std().unwrap_or(Duration::from_secs(60));
        let mut renewals = interval(length / RENEWALS);
        renewals.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut kill_at: Option<Instant> = None;
        loop {
            let never = Instant::now() + Duration::from_secs(3600);
            tokio::select! {
                ended = child.wait() => return ended.map_or(NOT_STARTED, code),
                _ = stop.changed(), if kill_at.is_none() => {
                    tracing::info!("the night is told to stop");
                    kill_at = Some(terminate(child));
                }
                _ = renewals.tick() => match self.lease.renew(Clock::System.now() + self.length).await {
                    Ok(true) => {}
                    Ok(false) if kill_at.is_none() => {
                        tracing::warn!("another schedule has taken the night over; ours is told to stop");
                        kill_at = Some(terminate(child));
                    }
                    Ok(false) => {}
                    // The night goes on: should another begin meanwhile, publishing decides between them.
                    Err(error) => tracing::warn!(error = %error, "the turn could not be renewed"),
                },
                () = sleep_until(kill_at.unwrap_or(never)), if kill_at.is_some() => {
                    tracing::error!("the night did not stop in time and is killed");
                    let _ = child.kill().await;
                    kill_at = None;
                }
            }
        }
    }
}

/// Tells a night to stop; gives when it is killed.
fn terminate(child: &Child) -> Instant {
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid {
        // One that is gone already is reaped next.
        let _ = kill_process(pid, Signal::TERM);
    }
    Instant::now() + STOPPING_MAX
}

fn code(status: ExitStatus) -> i32 {
    status.code().or_else(|| Some(128 + status.signal()?)).unwrap_or(NOT_STARTED)
}
