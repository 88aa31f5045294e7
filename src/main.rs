//! The door: arguments -> logging -> world -> one verb -> exit code. Nothing else.

use nightferry::format::parquet_read;
use nightferry::{cli, frame, world};
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// How long what a verb has left behind may go on once we were told to stop: a schedule kills us a second after the longest stop.
const LEFT_MAX: Duration = Duration::from_millis(500);
/// How long is slept before we look whether anything is left.
const LOOK: Duration = Duration::from_millis(10);

fn main() -> ExitCode {
    tell_panics_without_their_payload();
    let asked = cli::parse();
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(_) => return complain("E-MEMORY-50 phase=start what=\"no threads to work with\""),
    };
    // The result goes out in one piece at the end: a reader of stdout never sees half of it.
    let mut out = Vec::new();
    let code = runtime.block_on(asked.perform(&mut out));
    // A closed pipe is the reader's choice (`| head`), not a failure of ours.
    let _ = io::stdout().write_all(&out).and_then(|()| io::stdout().flush());
    // Otherwise all that blocks is waited for, however long it takes.
    if world::is_stopped() {
        leave(runtime);
    }
    ExitCode::from(code)
}

/// Goes without who still blocks, as one does who asks brokers that do not answer. What was left to be done, such as to give an upload
/// up, has its time.
fn leave(runtime: Runtime) {
    let (began, metrics) = (Instant::now(), runtime.metrics());
    runtime.block_on(async {
        while metrics.num_alive_tasks() > 0 && began.elapsed() < LEFT_MAX {
            tokio::time::sleep(LOOK).await;
        }
    });
    runtime.shutdown_timeout(LEFT_MAX.saturating_sub(began.elapsed()));
}

/// A panic is a bug of ours, except the SQL engine's over SQL that it gives up on, which ends as any other fault of that
/// SQL, and Arrow's over somebody's damaged Parquet, which ends as any other damage. Its text may quote what it choked on, so only the place is told.
fn tell_panics_without_their_payload() {
    std::panic::set_hook(Box::new(|panic| {
        let is_of_engine = panic.location().is_some_and(|at| at.file().contains("/polars"));
        let is_of_arrow =
            panic.location().is_some_and(|at| ["/arrow-", "/parquet-"].iter().any(|of| at.file().contains(of)));
        if is_of_engine && frame::is_asked() || is_of_arrow && parquet_read::reads_others() {
            return;
        }
        let place = panic.location().map(|at| format!("{}:{}", at.file(), at.line())).unwrap_or_default();
        let _ = writeln!(
            io::stderr(),
            "E-BUG-101 phase=unknown what=\"a bug of nightferry's, at {place}\" safe=\"what is published is whole\" \
             retryable=false next=\"report this line\""
        );
    }));
}

fn complain(line: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "{line}");
    ExitCode::from(50)
}
