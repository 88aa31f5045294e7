//! `nightferry plan JOB`: every query, path, treatment and limit; touches no source and no store.

use super::files;
use crate::calendar;
use crate::cli::PlanArgs;
use crate::data::Period;
use crate::failure::Failure;
use crate::job;
use crate::world::Clock;
use std::io::Write;

/// Prints the plan of a job.
pub fn plan(args: PlanArgs, out: &mut dyn Write) -> u8 {
    match journey(&args, out) {
        Ok(()) => 0,
        Err(failure) => files::tell(&failure),
    }
}

fn journey(args: &PlanArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let project = files::project(&args.job)?;
    let checked = files::load(&project, &args.job, &args.common.environment)?;
    let day = args.date.unwrap_or_else(|| calendar::last_full_day(Clock::System.now()));
    let plan = checked.plan(Period::day(day)).map_err(files::invalid)?;
    let _ = match args.common.json {
        true => writeln!(out, "{}", job::json(&plan)),
        false => write!(out, "{}", job::face(&plan)),
    };
    Ok(())
}
