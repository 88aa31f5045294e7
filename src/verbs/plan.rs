//! `nightferry plan JOB`: every query, path, treatment and limit; touches no source and no store.

use super::days::Days;
use super::files;
use crate::failure::Failure;
use crate::job;
use crate::world::Clock;
use std::io::Write;
use std::path::PathBuf;

/// What is asked of `plan`.
#[derive(Clone, Debug)]
pub struct PlanRequest {
    /// The job file.
    pub job: PathBuf,
    /// The environment's name.
    pub environment: String,
    /// The settlement days the run would be for.
    pub days: Days,
    /// The result as JSON.
    pub json: bool,
}

/// Prints the plan of a job.
pub fn plan(request: &PlanRequest, out: &mut dyn Write) -> u8 {
    match journey(request, out) {
        Ok(()) => 0,
        Err(failure) => files::tell_as(request.json, &failure, out),
    }
}

fn journey(request: &PlanRequest, out: &mut dyn Write) -> Result<(), Failure> {
    let project = files::project(&request.job)?;
    let checked = files::load(&project, &request.job, &request.environment)?;
    let plan = checked.plan(request.days.period(Clock::System.now())?).map_err(files::invalid)?;
    let _ = match request.json {
        true => writeln!(out, "{}", job::json(&plan)),
        false => write!(out, "{}", job::face(&plan)),
    };
    Ok(())
}
