//! From the command line to a checked job: the project's folder, its texts, and how their faults are told.

use crate::ending;
use crate::failure::{Failure, Phase};
use crate::job::{self, Checked};
use crate::problem::Problems;
use crate::world::{Project, World};
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
    job::load(&name, environment, &read, &World::variable).map_err(invalid)
}

/// Faults in the files, with the ending that fits the worst of them: a job's before an environment's.
pub fn invalid(problems: Problems) -> Failure {
    let all_of_environment = problems.clone().sorted().iter().all(job::is_of_environment);
    Failure::files(problems, if all_of_environment { ending::ENVIRONMENT_INVALID } else { ending::JOB_INVALID })
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
