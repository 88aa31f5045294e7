//! Events of lineage, to where the environment wants them. What does not get there is told in the log, and changes nothing else.

use super::walk;
use crate::job::{EVENT_MAX, Plan};
use crate::notify::{Surroundings, send_event};
use crate::store;
use crate::world::World;
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use tokio::time::timeout;

/// Which of a run's two events it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The first.
    Start,
    /// The last.
    End,
}

/// Sends one `event` of `run` to all who want it.
pub async fn tell_event(plan: &Plan, project: &Path, (run, which): (&str, Which), event: &Value, now: DateTime<Utc>) {
    let spec = &plan.lineage;
    let warn =
        |to: &str, why: String| tracing::warn!(job = %plan.job, to, why, "an event of lineage could not be kept");
    let around = Surroundings { project, variable: &World::variable, now };
    let sending = async {
        if let Some(http) = &spec.http
            && let Err(fault) = send_event(http, event, around).await
        {
            warn("http", fault.to_string());
        }
    };
    let storing = async {
        if spec.is_stored
            && let Err(why) = keep(plan, project, run, which, event).await
        {
            warn("store", why);
        }
    };
    if let Some(file) = &spec.file
        && append(&project.join(file), event).is_err()
    {
        warn("file", "it cannot be written".into());
    }
    let both = async { tokio::join!(sending, storing) };
    if timeout(EVENT_MAX, both).await.is_err() {
        warn("http or store", "it took too long".into());
    }
}

/// One line, in one write: lines of two runs at once do not mix.
fn append(path: &Path, event: &Value) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::OpenOptions::new().create(true).append(true).open(path)?.write_all(format!("{event}\n").as_bytes())
}

async fn keep(plan: &Plan, project: &Path, run: &str, which: Which, event: &Value) -> Result<(), String> {
    let security = walk::security(plan, project).map_err(|failure| failure.what)?;
    let word = if which == Which::Start { "start" } else { "end" };
    let path = format!("lineage/{}/{run}.{word}.json", plan.job);
    let keeping = async {
        // Another environment's store gets nothing.
        security.check_stamp(&plan.stamp).await?;
        store::file_report(&security, &path, event.to_string().into()).await
    };
    keeping.await.map_err(|error| error.to_string())
}
