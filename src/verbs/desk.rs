//! A job as those see it who watch over it: its timetable, and the store where its reports lie. No source is opened.

use super::{files, walk};
use crate::calendar::{Timetable, last_full_day};
use crate::data::{Every, Name, Period};
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::job::{Plan, WriteMode};
use crate::store::Store;
use crate::watch::{LedgerRun, Tables};
use crate::world::{Clock, Project};
use chrono::{DateTime, Utc};
use std::path::{Path, PathBuf};

/// A job, watched over.
pub struct Desk {
    /// Its name.
    pub job: Name,
    /// Its file.
    pub path: PathBuf,
    /// When it is due; `None` where its file does not say.
    pub timetable: Option<Timetable>,
    /// What a run of it now would do.
    pub plan: Plan,
    /// How its tables are written.
    pub tables: Tables,
    /// The store of reports and records.
    pub security: Store,
}

/// Jobs, watched over.
pub struct Desks {
    /// The project's folder.
    pub project: Project,
    /// Those that can be.
    pub desks: Vec<Desk>,
    /// The others, each fault once.
    pub refused: Vec<Refused>,
}

/// A job that cannot be watched over.
#[derive(Clone, Debug)]
pub struct Refused {
    /// Its file.
    pub path: PathBuf,
    /// Why.
    pub failure: Failure,
}

/// Why jobs are refused: what is wrong for many of them, as an environment is, once.
pub fn told_once(refused: &[Refused]) -> impl Iterator<Item = &Failure> {
    let is_first = |place: &usize| !refused[..*place].iter().any(|other| other.failure == refused[*place].failure);
    (0..refused.len()).filter(is_first).map(|place| &refused[place].failure)
}

impl Desk {
    /// The desks of the jobs named, or of every job of the project. A job whose files are not valid is refused by itself.
    pub fn of(named: Vec<PathBuf>, environment: &str) -> Result<Desks, Failure> {
        let start = named.first().cloned().unwrap_or_else(|| PathBuf::from("jobs"));
        let project = files::project(&start)?;
        let (mut desks, mut refused) = (Vec::new(), Vec::new());
        for path in files::jobs(&project, named)? {
            match Desk::open(&project, &path, environment) {
                Ok(desk) => desks.push(desk),
                Err(failure) => refused.push(Refused { path, failure }),
            }
        }
        Ok(Desks { project, desks, refused })
    }

    fn open(project: &Project, path: &Path, environment: &str) -> Result<Desk, Failure> {
        let checked = files::load(project, path, environment)?;
        let timetable = checked.job.schedule.clone();
        let plan = checked.plan(Period::day(last_full_day(Clock::System.now()))).map_err(files::invalid)?;
        let security = walk::security(&plan, project.root())?;
        let tables = tables(&plan);
        Ok(Desk { job: plan.job.clone(), path: path.to_owned(), timetable, plan, tables, security })
    }

    /// The newest `most` runs since `since`, oldest first. A report that cannot be read is passed over, and told.
    pub async fn runs(&self, since: DateTime<Utc>, most: usize) -> Result<Vec<LedgerRun>, Failure> {
        let reports = crate::store::reports(&self.security, &self.job, since, most).await;
        let reports = reports.map_err(|error| Failure::store(&error, Phase::Open))?;
        let read = reports.into_iter().filter_map(|(run, text)| {
            let parsed = LedgerRun::parse(&text);
            if parsed.is_none() {
                tracing::warn!(job = %self.job, run, "its report cannot be read");
            }
            parsed
        });
        Ok(read.collect())
    }
}

fn tables(plan: &Plan) -> Tables {
    let every = |mode: &WriteMode| match mode {
        WriteMode::ReplacePeriod { every, .. } => Some(*every),
        WriteMode::Replace | WriteMode::Merge(_) => None,
    };
    let all: Option<Vec<Every>> = plan.datasets.iter().map(|dataset| every(&dataset.write)).collect();
    let shortest = all.and_then(|all| Every::ALL.into_iter().find(|every| all.contains(every)));
    shortest.map_or(Tables::Whole, Tables::ByPeriods)
}

/// The job has no `[schedule]`.
pub fn no_timetable(desk: &Desk) -> Refused {
    let what = format!("job `{}` has no [schedule]", desk.job);
    Refused { path: desk.path.clone(), failure: Failure::new(ending::JOB_INVALID, Phase::Files, what) }
}
