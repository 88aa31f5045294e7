//! One journey a file: what each verb does, as a straight line of steps. Each writes its result to `out` and gives the
//! exit code; what goes wrong is a line on stderr.

mod array;
mod catalogue;
#[cfg(feature = "relay")]
mod cluster;
mod days;
mod desk;
mod diff;
mod doctor;
mod files;
mod init;
mod lineage;
mod measured;
mod paths;
mod plan;
mod relay;
mod run;
mod scan;
mod status;
mod stop;
mod stores;
mod table;
mod telling;
mod test;
mod validate;
mod walk;

pub use days::Days;
pub use desk::{Desk, Desks, Refused, no_timetable, told_once};
pub use diff::{DiffRequest, diff};
pub use doctor::{DoctorRequest, doctor};
pub use files::tell_as;
pub use init::{InitRequest, init};
pub use measured::Metrics;
pub use plan::{PaperKind, PlanRequest, plan};
pub use relay::{RelayBegin, RelayRequest, TombstoneHow, TombstoneRequest, relay, tombstone};
pub use run::{RunRequest, run};
pub use scan::{Database, ScanOf, ScanRequest, ScanTells, scan};
pub use status::{StatusRequest, status};
pub use table::{TableRequest, TableWhat, table};
pub use telling::Teller;
pub use test::{TestRequest, test};
pub use validate::{ValidateRequest, validate};

use crate::world::{Progress, World};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Log lines as [`log`] has them, for who works above the verbs.
pub fn log_lines(progress: &Progress) {
    log(progress);
}

/// Log lines on stderr, ours only: other crates' lines may quote what they choked on. `NIGHTFERRY_LOG` chooses the level.
/// Beside a bar only what a person must see is told.
fn log(progress: &Progress) {
    let level = World::variable("NIGHTFERRY_LOG").filter(|level| level.bytes().all(|byte| byte.is_ascii_alphabetic()));
    let level = level.unwrap_or_else(|| if progress.has_bars() { "warn" } else { "info" }.into());
    let filter = EnvFilter::new(format!("off,nightferry={level}"));
    let stderr = std::io::stderr();
    let is_coloured = stderr.is_terminal() && World::variable("NO_COLOR").is_none();
    // A second call (several jobs in one process) keeps the first one's subscriber.
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    let _ = lines.with_ansi(is_coloured).try_init();
}
