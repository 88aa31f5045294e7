//! What Amazon ECS tells a container of its task: which one it is, what it was given, and where its log goes.
//!
//! Asked of the address that ECS puts into `ECS_CONTAINER_METADATA_URI_V4`: ECS's own, or one of this machine (tests). Nobody else
//! is asked, whatever the variable says, and a task that tells nothing is no reason to end a night.
//!
//! Source: Amazon ECS Developer Guide, "Task metadata endpoint version 4".
//!
//! Never in here: credentials, which another path of the same address hands out.

use super::straight::{Question, Straight};
use crate::job::{is_this_machine, never_asked};
use crate::report::TaskReport;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// Where ECS tells: an address of the link, which no router passes on.
const ECS: &str = "http://169.254.170.2/";
/// How long both questions may take.
const WITHIN: Duration = Duration::from_secs(2);
/// Longest word that is taken.
const WORD_MAX: usize = 256;

/// Why nothing is known of the task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TaskFault {
    /// The variable names somebody who is not ECS.
    #[error("ECS_CONTAINER_METADATA_URI_V4 is no address of ECS, and was not asked")]
    NotEcs,
    /// Nobody answers there.
    #[error("nobody tells of this task")]
    Away,
    /// It was answered otherwise.
    #[error("what is told of this task is not what ECS tells")]
    NotTold,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Told {
    cluster: Option<String>,
    #[serde(rename = "TaskARN")]
    task: Option<String>,
    family: Option<String>,
    revision: Option<String>,
    availability_zone: Option<String>,
    launch_type: Option<String>,
    limits: Option<Limits>,
    clock_drift: Option<Clock>,
}

#[derive(Deserialize)]
struct Limits {
    #[serde(rename = "CPU")]
    vcpu: Option<f64>,
    #[serde(rename = "Memory")]
    memory_mib: Option<u64>,
}

#[derive(Deserialize)]
struct Clock {
    #[serde(rename = "ClockSynchronizationStatus")]
    status: Option<String>,
}

#[derive(Deserialize)]
struct Container {
    #[serde(rename = "ImageID")]
    image: Option<String>,
    #[serde(rename = "LogOptions")]
    log: Option<Log>,
}

#[derive(Deserialize)]
struct Log {
    #[serde(rename = "awslogs-group")]
    group: Option<String>,
    #[serde(rename = "awslogs-stream")]
    stream: Option<String>,
}

/// What is told at `uri`.
pub async fn task(uri: &str) -> Result<TaskReport, TaskFault> {
    let uri = uri.trim_end_matches('/');
    let is_here = uri.starts_with("http://") && is_this_machine(uri) && never_asked(uri).is_none();
    if !is_here && !uri.starts_with(ECS) {
        return Err(TaskFault::NotEcs);
    }
    let of_task = format!("{uri}/task");
    let both = async { tokio::join!(asked::<Told>(&of_task), asked::<Container>(uri)) };
    let (told, container) = tokio::time::timeout(WITHIN, both).await.map_err(|_| TaskFault::Away)?;
    let told = told?;
    let (image, log) = container.ok().map_or((None, None), |container| (container.image, container.log));
    let (group, stream) = log.map_or((None, None), |log| (log.group, log.stream));
    let id = told.task.as_deref().and_then(|arn| arn.rsplit('/').next()).map(str::to_owned);
    let cluster = told.cluster.as_deref().and_then(|arn| arn.rsplit('/').next()).map(str::to_owned);
    let limits = told.limits.unwrap_or(Limits { vcpu: None, memory_mib: None });
    Ok(TaskReport {
        id: plain(id).ok_or(TaskFault::NotTold)?,
        cluster: plain(cluster),
        definition: plain(told.family.zip(told.revision).map(|(family, revision)| format!("{family}:{revision}"))),
        zone: plain(told.availability_zone),
        launch_type: plain(told.launch_type),
        vcpu: limits.vcpu.filter(|vcpu| (0.0..=1024.0).contains(vcpu)),
        memory_mib: limits.memory_mib.filter(|mib| *mib < 1 << 32),
        clock: plain(told.clock_drift.and_then(|clock| clock.status)),
        image: plain(image),
        log_group: plain(group),
        log_stream: plain(stream),
    })
}

async fn asked<T: DeserializeOwned>(url: &str) -> Result<T, TaskFault> {
    let question = Question { url, headers: Vec::new(), body: None, within: WITHIN };
    let answer = Straight::default().ask(&question).await.map_err(|_| TaskFault::Away)?;
    match answer.status {
        200 => serde_json::from_slice(&answer.body).map_err(|_| TaskFault::NotTold),
        500..=599 => Err(TaskFault::Away),
        _ => Err(TaskFault::NotTold),
    }
}

/// A word that may stand in a report: nothing that moves a cursor or ends a line.
fn plain(word: Option<String>) -> Option<String> {
    let is_plain = |sign: char| sign.is_ascii_alphanumeric() || "-_.:/@+#=".contains(sign);
    word.filter(|word| !word.is_empty() && word.len() <= WORD_MAX && word.chars().all(is_plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn asks_ecs_and_this_machine_and_nobody_else() {
        for uri in [
            "http://169.254.169.254/v4/a",
            "http://169.254.170.20/v4/a",
            "http://169.254.170.2@127.0.0.1:9/v4/a",
            "http://169.254.170.2.example.org/v4/a",
            "https://127.0.0.1/v4/a",
            "http://a@127.0.0.1/v4/a",
            "http://127.0.0.1/v4/a?b",
            "file:///etc/passwd",
            "",
        ] {
            assert_eq!(task(uri).await.err(), Some(TaskFault::NotEcs), "{uri}");
        }
    }

    #[test]
    fn takes_no_word_that_a_report_could_not_show() {
        for word in ["a b", "a\nb", "\u{1b}[2J", "", &"a".repeat(257)] {
            assert_eq!(plain(Some(word.into())), None, "{word:?}");
        }
        assert_eq!(plain(Some("/aws/batch/job".into())).as_deref(), Some("/aws/batch/job"));
    }
}
