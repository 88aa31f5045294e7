//! What a run that is told to stop still does: it ends the publishing it has begun, within a time, and says how far it came.
//!
//! Whether a night is published must not be hidden by the ending: once the job's record may have been written, the run
//! goes on to know. Past the time it says that it does not know; the next run finds out.

use super::{Walked, fail};
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::report::Outcome;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::timeout;

/// How long publishing may still take: less than the 30 seconds that a container has between SIGTERM and SIGKILL.
const PUBLISHING_MAX: Duration = Duration::from_secs(20);

/// How long filing the report may take.
const FILING_MAX: Duration = Duration::from_secs(4);

/// What `work` comes to; `None` when `stop` came first, and `work` was not publishing or did not end in time.
pub async fn unless<T>(
    work: impl Future<Output = T>,
    stop: impl Future<Output = ()>,
    publishing: &AtomicBool,
) -> Option<T> {
    let mut work = std::pin::pin!(work);
    tokio::select! {
        done = &mut work => return Some(done),
        () = stop => {}
    }
    match publishing.load(Ordering::Relaxed) {
        true => timeout(PUBLISHING_MAX, work).await.ok(),
        false => None,
    }
}

/// How a stopped night ends: what is published by its record stays so.
pub fn outcome(night: &mut Walked<'_>, was_publishing: bool) -> Outcome {
    let is_published = night.record.is_some();
    let failure = match (was_publishing, is_published) {
        (false, _) => told_to_stop(if night.judging() { Phase::Reconcile } else { Phase::Extract }),
        (true, true) => told_to_stop(Phase::Publish),
        (true, false) => {
            let what =
                "the run was told to stop while it published; whether the night is published the next run finds out";
            Failure::new(ending::INTERRUPTED, Phase::Publish, what)
        }
    };
    match (fail(night, failure), is_published) {
        (_, true) => Outcome::SecondPending,
        (failed, false) => failed,
    }
}

/// The run was told to stop, and nothing that it did can be seen.
pub fn told_to_stop(phase: Phase) -> Failure {
    Failure::new(ending::INTERRUPTED, phase, "the run was told to stop")
}

/// Gives `filing` a few seconds; what it comes to, `false` when it did not end in them.
pub async fn briefly(filing: impl Future<Output = bool>) -> bool {
    timeout(FILING_MAX, filing).await.unwrap_or_else(|_| {
        tracing::warn!("the report could not be filed in time");
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};

    #[tokio::test]
    async fn stops_at_once_unless_the_night_is_being_published() {
        let slowly = || async {
            tokio::task::yield_now().await;
            1
        };
        assert_eq!(unless(slowly(), pending(), &AtomicBool::new(false)).await, Some(1));
        assert_eq!(unless(pending::<u8>(), ready(()), &AtomicBool::new(false)).await, None);
        assert_eq!(unless(slowly(), ready(()), &AtomicBool::new(true)).await, Some(1));
    }
}
