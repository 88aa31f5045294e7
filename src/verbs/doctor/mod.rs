//! `nightferry doctor`: everything that a run in an environment needs, looked at before the night, each fault with how it is mended.
//!
//! ```text
//! found.rs    findings, each once, and what was looked at
//! machine.rs  memory and scratch space
//! secrets.rs  keys and secrets that the environment refers to
//! places.rs   stores in both clouds: reach, clock, conditional PUT, rights, rules
//! brokers.rs  clusters whose topics are landed
//! jobs.rs     what each job asks of its sources, tables and topics
//! ```
//!
//! What it writes are probes of no content, in the folder that every run uses for its own, and each is deleted again.

mod brokers;
mod found;
mod jobs;
mod machine;
mod places;
mod secrets;

use super::files;
use crate::failure::Failure;
use crate::report::{DoctorReport, doctor_terminal};
use crate::world::{Clock, Progress, ProgressMode, World};
use found::Found;
use std::io::Write;
use std::path::Path;

/// What is asked of `doctor`.
#[derive(Clone, Debug)]
pub struct DoctorRequest {
    /// The environment's name.
    pub environment: String,
    /// The result as JSON.
    pub json: bool,
}

/// Looks at an environment; ends with 1 where anything is found.
pub async fn doctor(request: DoctorRequest, out: &mut dyn Write) -> u8 {
    match journey(&request.environment).await {
        Ok(report) => {
            // A closed pipe is the reader's choice.
            let _ = match (request.json, serde_json::to_string(&report)) {
                (true, Ok(text)) => writeln!(out, "{text}"),
                _ => write!(out, "{}", doctor_terminal(&report)),
            };
            report.exit_code
        }
        Err(failure) => files::tell_as(request.json, &failure, out),
    }
}

async fn journey(name: &str) -> Result<DoctorReport, Failure> {
    let project = files::project(Path::new("jobs"))?;
    let jobs = files::jobs(&project, Vec::new())?;
    let mut found = Found::default();
    let environment = match files::environment(&project, name) {
        Ok(environment) => environment,
        Err(failure) => {
            found.failure("the environment", &failure);
            return Ok(found.report(name));
        }
    };
    let world = World { project, clock: Clock::System, progress: Progress::new(ProgressMode::None) };
    machine::look(&environment, &mut found);
    secrets::look(&environment, &world, &mut found).await;
    places::look(&environment, &world, &mut found).await;
    let mut topics = brokers::Topics::new();
    for job in &jobs {
        for (source, of_job) in jobs::look(job, name, &world, &mut found).await {
            topics.entry(source).or_default().extend(of_job);
        }
    }
    brokers::look(&environment, &topics, &world, &mut found).await;
    Ok(found.report(name))
}
