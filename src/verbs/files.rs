//! From the command line to a checked job or environment: the project's folder, its texts, and how their faults are told.

use crate::ending;
use crate::failure::{Failure, Phase};
use crate::job::{self, Checked, Environment};
use crate::problem::{Problem, Problems};
use crate::report::{Outcome, ProblemReport};
use crate::world::{Project, World};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The project around a job file.
pub fn project(job: &Path) -> Result<Project, Failure> {
    Project::around(job).map_err(|_| Failure::new(ending::NOT_THERE, Phase::Files, "the current folder cannot be read"))
}

/// The job files that were named, or every one of the project in the order of their names. None at all is a failure: who
/// asks in the wrong folder must not be told that all is well.
pub fn jobs(project: &Project, named: Vec<PathBuf>) -> Result<Vec<PathBuf>, Failure> {
    if !named.is_empty() {
        return Ok(named);
    }
    let entries = std::fs::read_dir(project.path("jobs")).map(|entries| entries.flatten().collect::<Vec<_>>());
    let mut jobs: Vec<PathBuf> = entries.unwrap_or_default().into_iter().map(|entry| entry.path()).collect();
    jobs.retain(|path| path.is_file() && path.extension().is_some_and(|ending| ending == "toml"));
    jobs.sort();
    if jobs.is_empty() {
        return Err(Failure::new(ending::NOT_THERE, Phase::Files, "there is no job file in `jobs`"));
    }
    Ok(jobs)
}

/// Reads and checks a job with its schemas and environment.
pub fn load(project: &Project, job: &Path, environment: &str) -> Result<Checked, Failure> {
    let name = project
        .name_of(job)
        .map_err(|_| Failure::new(ending::NOT_THERE, Phase::Files, "the current folder cannot be read"))?;
    let read = |name: &str| project.read(name).map_err(|fault| fault.to_string());
    let checked = job::load(&name, environment, &read, &World::variable).map_err(invalid)?;
    Ok(match World::memory_bytes() {
        Some(bytes) => checked.within(bytes),
        None => checked,
    })
}

/// Reads an environment alone, without a job.
pub fn environment(project: &Project, name: &str) -> Result<Environment, Failure> {
    let mut problems = Problems::default();
    let read = |name: &str| project.read(name).map_err(|fault| fault.to_string());
    let environment = job::load_environment(name, &read, &World::variable, &mut problems);
    match environment {
        Some(environment) if problems.is_empty() => Ok(environment),
        _ => Err(invalid(problems)),
    }
}

/// Faults in the files, with the ending that fits the worst of them: a job's before an environment's.
pub fn invalid(problems: Problems) -> Failure {
    let all_of_environment = problems.clone().sorted().iter().all(job::is_of_environment);
    Failure::files(problems, if all_of_environment { ending::ENVIRONMENT_INVALID } else { ending::JOB_INVALID })
}

/// What went wrong, as a report's problems: a fault in a file with its place, everything else as a run tells it.
pub fn problems(failures: &[Failure]) -> Vec<Value> {
    failures.iter().flat_map(problems_of).collect()
}

fn problems_of(failure: &Failure) -> Vec<Value> {
    if failure.problems.is_empty() {
        return vec![json!(failure.report())];
    }
    let faults = failure.problems.clone().sorted();
    let fault = |Problem { id, place, message, hint }: &Problem| {
        let as_reported = ProblemReport { id: (*id).into(), message: message.clone(), ..failure.report() };
        let mut told = json!(as_reported);
        told["file"] = json!(place.file);
        told["line"] = json!(place.line);
        told["column"] = json!(place.column);
        told["hint"] = json!(hint);
        told
    };
    faults.iter().map(fault).collect()
}

/// Tells a failure as [`tell`] does, and as one object on `out` where JSON is asked for.
pub fn tell_as(json: bool, failure: &Failure, out: &mut dyn Write) -> u8 {
    if json {
        let problems = problems_of(failure);
        let told = json!({ "outcome": Outcome::Failed, "exit_code": failure.ending.code, "problems": problems });
        // A closed pipe is the reader's choice.
        let _ = writeln!(out, "{told}");
    }
    tell(failure)
}

/// Tells a failure on stderr: the faults in the files, then the one line. Gives its exit code.
pub fn tell(failure: &Failure) -> u8 {
    let mut stderr = std::io::stderr().lock();
    // Nobody is left to tell that stderr is closed.
    if !failure.problems.is_empty() {
        let _ = writeln!(stderr, "{}", failure.problems);
    }
    let _ = writeln!(stderr, "{failure}");
    failure.ending.code
}
