//! What happened: the report of a run as plain values, and its faces.
//!
//! ```text
//! run.rs       the report's values; their JSON names are an API
//! dataset.rs   those of one dataset
//! terminal.rs  the report as a person reads it after the run
//! numbers.rs   1,234,567 and 3.2 MiB
//! ```
//!
//! Pure. Never in here: a value from the data. Names, counts and places only.

mod dataset;
mod numbers;
mod run;
mod terminal;

pub use dataset::{
    CheckReport, ColumnReport, DatasetReport, DatasetState, Proof, ReconciliationReport, SourceReport, StoreReport,
    StoreState, StreamReport, Verdict,
};
pub use numbers::{bytes, count};
pub use run::{CostReport, Outcome, ProblemReport, RunReport};
pub use terminal::terminal;
