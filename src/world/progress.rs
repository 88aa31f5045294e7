//! What people see while a run works: a bar for the job and a line for each table in hand, on stderr.
//!
//! When stderr is no terminal: one plain line a stage. Never in here: a value from the data, and stdout.

use crate::report::{bytes, count};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ProgressMode {
    /// Bars on a terminal, else lines.
    #[default]
    Auto,
    /// Bars.
    Bar,
    /// A plain line a stage.
    Log,
    /// A JSON object a stage.
    Json,
    /// Nothing.
    None,
}

/// Least time between two plain lines of one table.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// The progress of a run.
pub struct Progress {
    mode: ProgressMode,
    bars: MultiProgress,
    job: ProgressBar,
}

/// The progress of one table.
#[derive(Clone)]
pub struct TableProgress(Arc<Table>);

struct Table {
    name: String,
    mode: ProgressMode,
    job: ProgressBar,
    bar: ProgressBar,
    rows: AtomicU64,
    /// Rows that are expected, 0 where nobody knows.
    expected: AtomicU64,
    bytes: AtomicU64,
    started: Instant,
    told: AtomicU64,
}

impl Progress {
    /// Progress in the mode that fits: `Auto` becomes bars on a terminal, lines elsewhere.
    pub fn new(mode: ProgressMode) -> Self {
        let mode = match mode {
            ProgressMode::Auto if std::io::stderr().is_terminal() => ProgressMode::Bar,
            ProgressMode::Auto => ProgressMode::Log,
            chosen => chosen,
        };
        let target =
            if mode == ProgressMode::Bar { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Progress { mode, bars: MultiProgress::with_draw_target(target), job: ProgressBar::hidden() }
    }

    /// Whether log lines would tear a bar.
    pub fn has_bars(&self) -> bool {
        self.mode == ProgressMode::Bar
    }

    /// Begins a job of so many tables, or begins it again.
    pub fn job(&mut self, name: &str, tables: u64) {
        self.job.finish_and_clear();
        let style = ProgressStyle::with_template("  {msg:<22} [{bar:30}] {pos}/{len} tables  {elapsed}");
        self.job = self.bars.add(ProgressBar::new(tables));
        if let Ok(style) = style {
            self.job.set_style(style.progress_chars("=> "));
        }
        self.job.set_message(name.to_owned());
        self.job.enable_steady_tick(Duration::from_millis(200));
    }

    /// Begins a table.
    pub fn table(&self, name: &str) -> TableProgress {
        let bar = self.bars.add(ProgressBar::new_spinner());
        if let Ok(style) = ProgressStyle::with_template("  {spinner} {msg}") {
            bar.set_style(style);
        }
        self.stage(name, "extracting");
        TableProgress(Arc::new(Table {
            name: name.to_owned(),
            mode: self.mode,
            job: self.job.clone(),
            bar,
            rows: AtomicU64::new(0),
            expected: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            started: Instant::now(),
            told: AtomicU64::new(0),
        }))
    }

    /// Tells that a stage of `subject` begins: `extracting`, `comparing`, `publishing`.
    pub fn stage(&self, subject: &str, stage: &'static str) {
        match self.mode {
            ProgressMode::Bar => self.job.set_message(format!("{subject}: {stage}")),
            ProgressMode::Log => tracing::info!(subject, stage),
            ProgressMode::Json => line(&serde_json::json!({ "subject": subject, "stage": stage })),
            ProgressMode::Auto | ProgressMode::None => {}
        }
    }

    /// Takes the bars away.
    pub fn finish(&self) {
        self.job.finish_and_clear();
        let _ = self.bars.clear();
    }
}

impl TableProgress {
    /// About so many rows will have come at the end.
    pub fn expects(&self, rows: u64) {
        self.0.expected.store(rows, Ordering::Relaxed);
    }

    /// More rows have been read, and encoded bytes written.
    pub fn add(&self, rows: u64, written: u64) {
        let table = &self.0;
        let rows = table.rows.fetch_add(rows, Ordering::Relaxed) + rows;
        let written = table.bytes.fetch_add(written, Ordering::Relaxed) + written;
        let seconds = table.started.elapsed().as_secs_f64().max(0.001);
        let rate = (rows as f64 / seconds) as u64;
        // An estimate that was passed says nothing of what is left.
        let left = table.expected.load(Ordering::Relaxed).checked_sub(rows).filter(|left| *left > 0);
        match table.mode {
            ProgressMode::Bar => table.bar.set_message(format!(
                "{:<20} {:>12} rows {:>10} rows/s {:>10}{}",
                table.name,
                count(rows),
                count(rate),
                bytes(written),
                left.map(|left| format!("  about {} left", count(left))).unwrap_or_default()
            )),
            ProgressMode::Log | ProgressMode::Json => {
                let turn = table.started.elapsed().as_secs() / LINE_EVERY.as_secs();
                if turn > table.told.swap(turn, Ordering::Relaxed) {
                    if table.mode == ProgressMode::Log {
                        tracing::info!(
                            table = table.name,
                            rows,
                            rows_per_second = rate,
                            bytes = written,
                            rows_left = left
                        );
                    } else {
                        line(&serde_json::json!({
                            "table": table.name, "rows": rows, "rows_per_second": rate, "bytes": written, "rows_left": left,
                        }));
                    }
                }
            }
            ProgressMode::Auto | ProgressMode::None => {}
        }
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        self.job.inc(1);
    }
}

#[expect(clippy::print_stderr, reason = "progress is what stderr is for")]
fn line(value: &serde_json::Value) {
    eprintln!("{value}");
}
