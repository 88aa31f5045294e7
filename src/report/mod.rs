//! What happened: the report of a run as plain values, and its faces.
//!
//! ```text
//! run.rs       the report's values; their JSON names are an API
//! dataset.rs   those of one dataset        drift.rs  those of where it differs, and what was left behind
//! diff.rs      what a comparison of two datasets came to; diff_terminal.rs: as a person reads it
//! terminal.rs  the report as a person reads it after the run
//! nights.rs    what many nights came to; nights_terminal.rs: as a person reads it
//! papers/      what is done with personal data, for those who answer for it
//! html/        reports as pages for a browser
//! metrics.rs   numbers that machines gather; relay_metrics.rs: those of a relay
//! numbers.rs   1,234,567 and 3.2 MiB
//! ```
//!
//! Pure. Never in here: a value from the data. Names, counts and places only.

mod catalogue;
mod dataset;
mod ddl;
mod diff;
mod diff_terminal;
pub mod doctor;
mod drift;
mod html;
mod lineage;
mod message;
mod metrics;
mod nights;
mod nights_terminal;
mod numbers;
mod openlineage;
mod papers;
mod platform;
mod relay_metrics;
mod run;
mod terminal;

pub use catalogue::catalogue;
pub use dataset::{
    CheckReport, ColumnReport, Counted, DatasetReport, DatasetState, FieldReport, LooksLikeReport, MergeReport,
    PeriodReport, PlainReport, Proof, ReconciliationReport, RiskReport, SmallCellsReport, SourceReport, StoreReport,
    StoreState, StreamReport, ToleratedReport, Verdict,
};
pub use ddl::{DdlColumn, DdlFor, DdlView, ddl, sql_type};
pub use diff::{DiffReport, DiffSide, DiffVerdict};
pub use diff_terminal::diff_terminal;
pub use doctor::{Advice, CheckedReport, DoctorReport, FindingReport, doctor_terminal};
pub use drift::{
    ChangeSetReport, ChangeSetState, ComparedColumn, FingerprintReport, OutputReport, PartitionReport, SpreadReport,
};
pub use html::{diff_page, nights_page, run_page};
pub use lineage::{lineage_svg, lineage_text};
pub use message::{
    Cause, KILLED, LATE, LEFT_OUT, Message, MessageState, NOTICES, ROWS, SLOWED, pagerduty_body, plain_body,
    slack_body, teams_body,
};
pub use metrics::{LINE_BYTES_MAX, Measured, emf, nights_metrics, openmetrics, run_metrics};
pub use nights::{
    AlarmReport, DueReport, FiguresReport, NightReport, NightsReport, NightsStanding, PointReport, SeriesReport,
};
pub use nights_terminal::nights_terminal;
pub use numbers::{bytes, count};
pub use openlineage::{run_ended, run_started};
pub use papers::{PAPER_FORMAT, Paper, article30, dpia, paper};
pub use platform::{BatchReport, TaskReport};
pub use relay_metrics::{RelayNumbers, TopicLag, TopicNumbers, relay_metrics};
pub use run::{CostReport, Outcome, ProblemReport, RequestsReport, RunReport};
pub use terminal::terminal;
