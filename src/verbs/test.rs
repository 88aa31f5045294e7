//! `nightferry test [JOB..]`: each job over its fixture by the same walk, its report and its published rows compared with
//! `fixtures/<job>/expected/`. `UPDATE=1` writes what came out; a person reviews the difference.

use super::files;
use super::walk::{Options, walk};
use crate::data::{Audience, Period};
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::job::{Location, Plan};
use crate::report::RunReport;
use crate::store::rows_of_table;
use crate::world::{Clock, Progress, ProgressMode, Project, ScratchFolder, World};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The environment whose sources are the fixtures.
const ENVIRONMENT: &str = "dev";

/// The day and the moment of every test run, so that what comes out is the same every time.
fn fixed() -> (NaiveDate, DateTime<Utc>) {
    let moment = DateTime::UNIX_EPOCH + chrono::Duration::days(20_780) + chrono::Duration::minutes(150);
    (moment.date_naive().pred_opt().unwrap_or_default(), moment)
}

/// What one job came to.
struct Tested {
    job: String,
    /// Files that are not as expected.
    differ: Vec<String>,
}

/// What is asked of `test`.
#[derive(Clone, Debug)]
pub struct TestRequest {
    /// Job files; none stands for every one of the project.
    pub jobs: Vec<PathBuf>,
    /// The result as JSON, a line a job.
    pub json: bool,
}

/// Tests jobs.
pub async fn test(request: TestRequest, out: &mut dyn Write) -> u8 {
    let json = request.json;
    match journey(request, out).await {
        Ok(true) => 0,
        Ok(false) => ending::FOUND,
        Err(failure) => files::tell_as(json, &failure, out),
    }
}

async fn journey(request: TestRequest, out: &mut dyn Write) -> Result<bool, Failure> {
    let start = request.jobs.first().cloned().unwrap_or_else(|| PathBuf::from("jobs"));
    let project = files::project(&start)?;
    let jobs = files::jobs(&project, request.jobs)?;
    let update = World::variable("UPDATE").is_some_and(|update| update == "1");
    let mut all = true;
    for job in &jobs {
        let tested = test_job(&project, job, update).await?;
        all &= tested.differ.is_empty();
        let _ = match (request.json, tested.differ.is_empty()) {
            (true, _) => writeln!(
                out,
                "{}",
                serde_json::json!({ "job": tested.job, "passed": tested.differ.is_empty(), "differ": tested.differ })
            ),
            (false, true) => writeln!(out, "{}  as expected", tested.job),
            (false, false) => {
                writeln!(
                    out,
                    "{}  differs in {}\n  hint: UPDATE=1 writes what came out; `git diff` shows it",
                    tested.job,
                    tested.differ.join(", ")
                )
            }
        };
    }
    Ok(all)
}

async fn test_job(project: &Project, job: &Path, update: bool) -> Result<Tested, Failure> {
    let checked = files::load(project, job, ENVIRONMENT)?;
    let (day, moment) = fixed();
    let mut plan = checked.plan(Period::day(day)).map_err(files::invalid)?;
    let no_scratch = |_| Failure::new(ending::DISK, Phase::Open, "no scratch space can be made");
    let scratch = ScratchFolder::make(&std::env::temp_dir(), &format!("test-{}", uuid::Uuid::now_v7()));
    let scratch = scratch.map_err(no_scratch)?;
    into(&mut plan, scratch.path());
    let mut world =
        World { project: project.clone(), clock: Clock::Fixed(moment), progress: Progress::new(ProgressMode::None) };
    let report = walk(&plan, &mut world, &Options::default(), std::future::pending()).await;
    let produced = produced(&plan, &report, project).await;
    drop(scratch);
    let expected = project.path(&format!("fixtures/{}/expected", plan.job));
    let produced = produced?;
    let mut differ = Vec::new();
    for (name, text) in &produced {
        let path = expected.join(name);
        if update {
            let refused = |_| Failure::new(ending::REFUSED, Phase::Files, format!("`{name}` cannot be written"));
            std::fs::create_dir_all(&expected).and_then(|()| std::fs::write(&path, text)).map_err(refused)?;
        } else if std::fs::read_to_string(&path).ok().as_ref() != Some(text) {
            differ.push(name.clone());
        }
    }
    let there = std::fs::read_dir(&expected).map(|entries| entries.flatten().collect::<Vec<_>>()).unwrap_or_default();
    let surplus = there
        .iter()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !produced.contains_key(name));
    differ.extend(surplus);
    Ok(Tested { job: plan.job.to_string(), differ })
}

/// The plan with every store in a folder of its own: what a test writes is nobody's warehouse.
fn into(plan: &mut Plan, scratch: &Path) {
    for (name, store) in &mut plan.stores {
        let url = scratch.join(name.as_str()).to_string_lossy().into_owned();
        store.primary = Location { url, ..Location::default() };
        store.second = None;
    }
}

/// What a run leaves: its report with what differs from run to run masked, and the rows of every table that somebody
/// outside may read.
async fn produced(plan: &Plan, report: &RunReport, project: &Project) -> Result<BTreeMap<String, String>, Failure> {
    let mut files = BTreeMap::new();
    let report = serde_json::to_value(report).map(masked).map(|report| format!("{report:#}\n"));
    files.insert("report.json".to_owned(), report.unwrap_or_default());
    for (dataset, output) in
        plan.datasets.iter().flat_map(|dataset| dataset.outputs.iter().map(move |output| (dataset, output)))
    {
        let Some(store) = plan.stores.get(&output.store).filter(|store| store.audience != Audience::Restricted) else {
            continue;
        };
        let folder =
            crate::access::open(&store.primary, project.root(), output.store.as_str(), crate::access::Purpose::Read);
        let Ok(folder) = folder else { continue };
        let rows = rows_of_table(&folder, dataset.name.as_str())
            .await
            .map_err(|error| Failure::store(&error, Phase::Reconcile))?;
        files.insert(format!("{}.{}.csv", output.store, dataset.name), rows);
    }
    Ok(files)
}

/// Clock, duration, sizes and ids differ from run to run and from machine to machine.
fn masked(mut report: serde_json::Value) -> serde_json::Value {
    fn mask(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Object(fields) => {
                for (name, value) in fields.iter_mut() {
                    match name.as_str() {
                        "run" | "seconds" | "usd" | "bytes" | "at" | "page_at" | "rows_at" | "quarantine_at"
                        | "nightferry" | "started_by" | "seconds_by_stage" | "cpu_seconds" | "peak_memory_bytes"
                        | "vcpu_seconds" | "gb_seconds" | "bytes_out" => *value = serde_json::json!("*"),
                        _ => mask(value),
                    }
                }
            }
            serde_json::Value::Array(items) => items.iter_mut().for_each(mask),
            _ => {}
        }
    }
    mask(&mut report);
    report
}
