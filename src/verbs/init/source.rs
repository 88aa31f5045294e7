//! `nightferry init --source NAME`: a database's catalogue -> a job file and a schema file a table, for a person to finish.
//!
//! Nothing that is there is written over: either every file is new, or none is written.

use super::super::files;
use super::super::walk::login;
use super::draft::{Draft, draft};
use crate::data::Name;
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::job::SourceSpec;
use crate::source::{Wanted, survey};
use crate::world::Project;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

/// Paths named in a message, at most.
const PATHS_TOLD_MAX: usize = 5;

/// Reads the catalogue of `source` and writes the files.
pub async fn write(environment: &str, source: &Name, job: Option<&Name>, wanted: &Wanted) -> Result<Draft, Failure> {
    let project = files::project(Path::new("jobs"))?;
    let environment = files::environment(&project, environment)?;
    let spec = match environment.sources.get(source) {
        Some(SourceSpec::Postgres(spec)) => spec,
        Some(_) => {
            let what = format!("source `{source}` is no PostgreSQL database: only a database has a catalogue");
            return Err(Failure::new(ending::NOT_THERE, Phase::Files, what));
        }
        None => {
            let known: Vec<_> = environment.sources.keys().map(|name| format!("`{name}`")).collect();
            let what = format!("there is no source `{source}`; hint: `{}` has {}", environment.name, known.join(", "));
            return Err(Failure::new(ending::NOT_THERE, Phase::Files, what));
        }
    };
    let login = login(source, spec, project.root()).await?;
    let found = survey(source, spec, &login, wanted).await.map_err(|error| Failure::source(&error, Phase::Open))?;
    let draft = draft(job.unwrap_or(source), source, &environment, &found).ok_or_else(|| {
        let what = "there is no table among those asked for that the role may read and a job could carry";
        Failure::new(ending::NOT_THERE, Phase::Files, what)
    })?;
    write_new(&project, &draft)?;
    Ok(draft)
}

fn write_new(project: &Project, draft: &Draft) -> Result<(), Failure> {
    let there: Vec<&str> = draft.paths().into_iter().filter(|path| project.path(path).exists()).collect();
    if !there.is_empty() {
        let more = there.len().saturating_sub(PATHS_TOLD_MAX);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let shown = there[..there.len().min(PATHS_TOLD_MAX)].join(", ");
        let what = format!("{shown}{more} would be written over");
        return Err(Failure::new(ending::THERE_ALREADY, Phase::Files, what));
    }
    let mut written = Vec::new();
    for (path, text) in &draft.files {
        let path = project.path(path);
        if let Err(error) = create(&path, text) {
            // Half a draft would be in the way of the next one; what somebody else made meanwhile is not ours to take.
            if error.kind() != std::io::ErrorKind::AlreadyExists {
                written.push(path);
            }
            written.iter().for_each(|path| drop(std::fs::remove_file(path)));
            return Err(Failure::new(ending::REFUSED, Phase::Files, "a file of the draft cannot be written"));
        }
        written.push(path);
    }
    Ok(())
}

fn create(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
}
