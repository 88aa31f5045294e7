//! What wakes a schedule: tokio-cron-scheduler, every second of UTC.
//!
//! It is the ticker alone, and is given no job and no zone. Left to itself (0.15.1) it keeps the UTC offset of the moment at which a job was
//! created, and fires an hour off after a change of clocks; it begins a run while the former goes on; and it knows nothing of runs that were missed. What is
//! due says `calendar`, at each tick anew, by the clock.

use crate::ending;
use crate::failure::{Failure, Phase};
use tokio::sync::watch;
use tokio_cron_scheduler::{Job, JobScheduler};

/// Ticks, counted.
pub async fn ticks() -> Result<watch::Sender<u64>, Failure> {
    let (tell, _) = watch::channel(0);
    let every = tell.clone();
    let failed = |_| Failure::new(ending::MEMORY, Phase::Open, "the ticker does not start");
    let job = Job::new("* * * * * *", move |_, _| every.send_modify(|ticks| *ticks += 1)).map_err(failed)?;
    let scheduler = JobScheduler::new().await.map_err(failed)?;
    scheduler.add(job).await.map_err(failed)?;
    scheduler.start().await.map_err(failed)?;
    Ok(tell)
}
