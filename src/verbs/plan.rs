//! `nightferry plan JOB`: every query, path, treatment and limit; touches no source and no store.

use super::days::Days;
use super::files;
use crate::failure::Failure;
use crate::job;
use crate::report::{article30, dpia, paper};
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
    /// A paper about personal data, instead of the plan.
    pub papers: Option<PaperKind>,
    /// The result as JSON.
    pub json: bool,
}

/// A paper about personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaperKind {
    /// For a data protection impact assessment.
    Dpia,
    /// A record of processing.
    Article30,
    /// What both are made of.
    Json,
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
    let paper = || paper(&plan, None);
    // A closed pipe is the reader's choice.
    let _ = match (request.papers, request.json) {
        (Some(PaperKind::Dpia), _) => write!(out, "{}", dpia(&paper())),
        (Some(PaperKind::Article30), _) => write!(out, "{}", article30(&paper())),
        (Some(PaperKind::Json), _) => writeln!(out, "{}", serde_json::to_string_pretty(&paper()).unwrap_or_default()),
        (None, true) => writeln!(out, "{}", job::json(&plan)),
        (None, false) => write!(out, "{}", job::face(&plan)),
    };
    Ok(())
}
