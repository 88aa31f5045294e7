//! Jobs that a schedule leaves out since their files are not valid: whom the environment wants told is told, once, and again after a day
//! for as long as the schedule lives.

use crate::verbs::{Refused, Teller};
use crate::watch::AGAIN_AFTER;
use crate::world::{Clock, Project};
use chrono::{DateTime, Utc};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// How often it is looked at whether a day has passed since somebody was told.
const LOOK_EVERY: Duration = Duration::from_secs(3600);

/// Those jobs.
pub struct LeftOut(Vec<Left>);

/// A job, by who tells of it and why it is left out.
struct Left {
    teller: Teller,
    why: String,
    /// When, since no store may be there to say that somebody was.
    told_at: Option<DateTime<Utc>>,
}

impl LeftOut {
    /// Of the jobs `refused`. Where the environment itself is not valid nobody can be told but the log.
    pub fn of(project: &Project, refused: &[Refused], environment: &str) -> Self {
        let tellers = refused.iter().filter_map(|refused| {
            let teller = Teller::of_file(project, &refused.path, environment)?;
            Some(Left { teller, why: refused.failure.first_fault(), told_at: None })
        });
        LeftOut(tellers.collect())
    }

    /// Tells whoever does not know yet.
    pub async fn tell(&mut self) {
        let now = Clock::System.now();
        for left in &mut self.0 {
            let is_known = left.told_at.is_some_and(|at| now - at < AGAIN_AFTER);
            if !is_known && left.teller.left_out(&left.why, now).await {
                left.told_at = Some(now);
            }
        }
    }

    /// Tells now, and looks again until `is_over`.
    async fn keep(mut self, mut is_over: watch::Receiver<bool>, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = self.tell() => {}
                // Whoever stops us does not wait for others to be told: the next schedule tells it.
                _ = stop.changed() => return,
            }
            if *is_over.borrow() {
                return;
            }
            tokio::select! {
                () = sleep(LOOK_EVERY) => {}
                _ = is_over.changed() => return,
                _ = stop.changed() => return,
            }
        }
    }

    /// Tells beside the nights of the others, until `stop` at most.
    pub fn beside(self, stop: watch::Receiver<bool>) -> Beside {
        let (end, is_over) = watch::channel(false);
        Beside { end, telling: tokio::spawn(self.keep(is_over, stop)) }
    }
}

/// Telling, beside the nights of the others.
pub struct Beside {
    end: watch::Sender<bool>,
    telling: JoinHandle<()>,
}

impl Beside {
    /// Ends once those who do not know yet are told, which has a bound of its own.
    pub async fn over(self) {
        let _ = self.end.send(true);
        let _ = self.telling.await;
    }
}
