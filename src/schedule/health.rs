//! What a schedule has come to know of its nights: for the line that says that it lives, and for how it ends.

use crate::data::Period;
use crate::ending;
use crate::failure::{Failure, Phase};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Mutex;

/// What a schedule knows, shared by the keepers of its jobs.
#[derive(Debug, Default)]
pub struct Health(Mutex<Known>);

/// What is known.
#[derive(Debug, Default)]
pub struct Known {
    /// The night that runs now.
    pub running: Option<String>,
    /// When each job is looked at next.
    pub next: BTreeMap<String, DateTime<Utc>>,
    /// Nights run.
    pub nights: u64,
    /// Those of them that ended badly.
    pub failed: u64,
    /// The night of each job that failed, by us or before us, and that is not made good.
    pub unmended: BTreeMap<String, Period>,
    /// Why the ledger of a job cannot be asked.
    pub unasked: BTreeMap<String, Failure>,
    /// Jobs that were left out since their files are not valid.
    pub left_out: usize,
}

/// How a schedule ends that was not told to stop while a night ran.
#[derive(Debug)]
pub enum Ended {
    /// Nobody has anything to do.
    Well,
    /// A night failed, or failed before and is not made good.
    Unmended,
    /// The ledger could not be asked, so nobody knows.
    Unasked(Failure),
}

impl Health {
    /// Notes something down.
    pub fn know(&self, what: impl FnOnce(&mut Known)) {
        if let Ok(mut known) = self.0.lock() {
            what(&mut known);
        }
    }

    /// The line that says that all is well.
    pub fn tell(&self) {
        let Ok(known) = self.0.lock() else { return };
        let next = known.next.iter().min_by_key(|(_, at)| **at);
        tracing::info!(
            running = known.running.as_deref().unwrap_or("nothing"),
            next_job = next.map_or("none", |(job, _)| job.as_str()),
            next_at = next.map(|(_, at)| at.to_rfc3339()),
            nights = known.nights,
            failed = known.failed,
            left_out = known.left_out,
            "health"
        );
    }

    /// Says what was done, what waits for a person and what comes next.
    pub fn tell_end(&self, out: &mut dyn Write) -> Ended {
        let Ok(known) = self.0.lock() else {
            return Ended::Unasked(Failure::new(ending::INTERRUPTED, Phase::Open, "a job's keeper ended"));
        };
        let unmended = known.unmended.iter().map(|(job, period)| format!("; {job} {period} is not published"));
        let next = known.next.iter().min_by_key(|(_, at)| **at);
        let next = next.map(|(job, at)| format!("; {job} is looked at next {}", at.format("%Y-%m-%d %H:%M:%S UTC")));
        let told: String = unmended.chain(next).collect();
        // A closed pipe is the reader's choice.
        let _ = writeln!(out, "{} nights run, {} of them failed{told}", known.nights, known.failed);
        match (known.unasked.values().next(), known.failed > 0 || !known.unmended.is_empty()) {
            (Some(failure), _) => Ended::Unasked(failure.clone()),
            (None, true) => Ended::Unmended,
            (None, false) => Ended::Well,
        }
    }
}
