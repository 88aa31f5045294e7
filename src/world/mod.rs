//! What a verb may use of the world: the project's folder, the clock, the CPU pool, the environment's variables, progress,
//! and whether it is told to stop.
//!
//! Everything a pure room needs comes from here as a parameter, so that a test can give another world.

mod clock;
mod memory;
mod pool;
mod progress;
mod project;
mod scratch;
mod scratch_folder;
mod stop;
mod usage;
mod whole_file;

pub use clock::Clock;
pub use pool::compute;
pub use progress::{Progress, ProgressMode, TableProgress};
pub use project::{Project, ReadFault};
pub use scratch::DiskScratch;
pub use scratch_folder::ScratchFolder;
pub use stop::{is_stopped, stopped};
pub use usage::Usage;
pub use whole_file::{Readers, WholeFile};

use crate::report::BatchReport;
use chrono::{DateTime, Utc};
use std::path::Path;
use uuid::Uuid;

/// The variable by which whoever starts a run for somebody says so.
pub const STARTED_BY: &str = "NIGHTFERRY_STARTED_BY";

/// The world as one process sees it.
pub struct World {
    /// The folder that holds `jobs/`.
    pub project: Project,
    /// What time it is.
    pub clock: Clock,
    /// What people see meanwhile.
    pub progress: Progress,
}

impl World {
    /// A variable of the environment; `None` when it is not set, not text, or empty.
    pub fn variable(name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }

    /// The memory that the container may take; `None` outside of one.
    pub fn memory_bytes() -> Option<u64> {
        memory::container_bytes(Path::new("/"))
    }

    /// The memory that the machine has.
    pub fn machine_bytes() -> Option<u64> {
        memory::machine_bytes(Path::new("/"))
    }

    /// What is left for us on the disk that `folder` lies on.
    pub fn free_bytes(folder: &Path) -> Option<u64> {
        let disk = rustix::fs::statvfs(folder).ok()?;
        disk.f_bavail.checked_mul(disk.f_frsize)
    }

    /// The job of AWS Batch that this process is, as its variables tell it.
    pub fn batch() -> Option<BatchReport> {
        let number = |name: &str| World::variable(name).and_then(|value| value.parse::<u32>().ok());
        Some(BatchReport {
            job: plain("AWS_BATCH_JOB_ID")?,
            attempt: number("AWS_BATCH_JOB_ATTEMPT"),
            array_index: number("AWS_BATCH_JOB_ARRAY_INDEX"),
            array_size: number("AWS_BATCH_JOB_ARRAY_SIZE"),
            compute_environment: plain("AWS_BATCH_CE_NAME"),
        })
    }

    /// Who started this process: `schedule`, `aws_batch:<job id>` or `user:<name>`.
    pub fn started_by() -> String {
        let batch = || plain("AWS_BATCH_JOB_ID").map(|id| format!("aws_batch:{id}"));
        let user = || plain("USER").map(|name| format!("user:{name}"));
        plain(STARTED_BY).or_else(batch).or_else(user).unwrap_or_else(|| "unknown".into())
    }

    /// The id of a run that starts at `now`: a UUID v7, and the attempt where AWS Batch counts attempts. Never the date
    /// alone: two attempts must never write in one folder.
    pub fn run_id(now: DateTime<Utc>) -> String {
        let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
        let uuid = Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, now.timestamp_subsec_nanos()));
        match World::variable("AWS_BATCH_JOB_ATTEMPT").filter(|attempt| attempt.bytes().all(|b| b.is_ascii_digit())) {
            Some(attempt) => format!("{uuid}-{attempt}"),
            None => uuid.to_string(),
        }
    }
}

/// A variable that is one plain word.
fn plain(name: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    World::variable(name).filter(|value| value.len() <= 128 && value.chars().all(is_plain))
}
