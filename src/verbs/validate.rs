//! `nightferry validate [JOB..]`: every fault of the files at once; with `--online` whether the sources have the tables
//! and columns, and take the job's SQL, and for a role that may do more than read the SQL that makes one which may not.

use super::files;
use super::walk::{online, remedies};
use crate::calendar;
use crate::data::{Name, Period};
use crate::ending;
use crate::failure::Failure;
use crate::job::Checked;
use crate::problem::{Place, Problems, shown_path};
use crate::world::{Clock, Progress, ProgressMode, World};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What is asked of `validate`.
#[derive(Clone, Debug)]
pub struct ValidateRequest {
    /// Job files; none stands for every one of the project.
    pub jobs: Vec<PathBuf>,
    /// The environment's name.
    pub environment: String,
    /// Ask the sources too.
    pub online: bool,
    /// The result as JSON.
    pub json: bool,
}

/// Checks jobs.
pub async fn validate(request: ValidateRequest, out: &mut dyn Write) -> u8 {
    let (json, mut remedied) = (request.json, BTreeMap::new());
    let failures = journey(request, &mut remedied, out).await.err().unwrap_or_default();
    if json {
        let mut problems = files::problems(&failures);
        let of_roles = problems.iter_mut().filter(|problem| problem["id"] == ending::MAY_WRITE.id);
        of_roles.for_each(|problem| problem["sql"] = serde_json::json!(remedied));
        let _ = writeln!(out, "{}", serde_json::Value::from(problems));
    } else {
        for (source, sql) in &remedied {
            let _ = write!(out, "-- source {source}: a role that may read what the jobs read, and nothing else\n{sql}");
        }
    }
    failures.iter().map(files::tell).max().unwrap_or(0)
}

/// Jobs that share a name: each would find the other's nights published and pass its own over.
fn names_taken(jobs: &[Checked]) -> Problems {
    let mut problems = Problems::default();
    for (index, Checked { job, .. }) in jobs.iter().enumerate() {
        let same =
            jobs[..index].iter().find(|other| other.job.name == job.name && other.job.text.file != job.text.file);
        if let Some(other) = same {
            let message = format!("the name `{}` is that of `{}` already", job.name, shown_path(&other.job.text.file));
            let hint = "records, reports and tables are kept under the name: each job needs its own".to_owned();
            problems.add("E-JOB-TWICE", Place::start(&job.text.file), message, Some(hint));
        }
    }
    problems
}

async fn journey(
    request: ValidateRequest,
    remedied: &mut BTreeMap<Name, String>,
    out: &mut dyn Write,
) -> Result<(), Vec<Failure>> {
    let start = request.jobs.first().cloned().unwrap_or_else(|| PathBuf::from("jobs"));
    let project = files::project(&start).map_err(|failure| vec![failure])?;
    let jobs = files::jobs(&project, request.jobs).map_err(|failure| vec![failure])?;
    let (mut problems, mut failures, mut checked) = (Problems::default(), Vec::new(), Vec::new());
    for job in &jobs {
        match files::load(&project, job, &request.environment) {
            Ok(job) => checked.push(job),
            Err(failure) if failure.problems.is_empty() => failures.push(failure),
            Err(failure) => problems.extend(failure.problems),
        }
    }
    problems.extend(names_taken(&checked));
    if request.online && problems.is_empty() {
        let world =
            World { project: project.clone(), clock: Clock::System, progress: Progress::new(ProgressMode::None) };
        let mut plans = Vec::new();
        for job in &checked {
            let plan = job.plan(Period::day(calendar::last_full_day(world.clock.now())));
            match plan.map_err(files::invalid) {
                Ok(plan) => {
                    failures.extend(online(&plan, &world).await);
                    plans.push(plan);
                }
                Err(failure) => failures.push(failure),
            }
        }
        if failures.iter().any(|failure| failure.ending == ending::MAY_WRITE) {
            *remedied = remedies(&plans, project.root()).await;
        }
    }
    if !problems.is_empty() {
        failures.push(files::invalid(problems));
    }
    if !failures.is_empty() {
        return Err(failures);
    }
    if !request.json {
        for job in &jobs {
            let name = project.name_of(job).unwrap_or_else(|_| Path::new(job).display().to_string());
            let _ = writeln!(out, "{name}  no fault found ({})", request.environment);
        }
    }
    Ok(())
}
