//! One integration-test binary: Polars links slowly, so it is linked once.
// Clippy's leave to unwrap in tests covers test functions and `#[cfg(test)]`; all of this binary is a test.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod audience;
mod awaited;
mod bad_input;
mod canary;
mod cases;
mod claims;
mod closed;
mod clouds;
mod compared;
mod costs;
mod crossing;
mod damage;
mod databases;
mod differences;
mod dms_files;
mod elsewhere;
mod endings;
mod errors;
mod face;
mod faulty;
mod ferry;
mod forms;
mod generated;
mod hostile;
mod large_files;
mod laws;
mod layouts;
mod lineage;
mod live;
mod matrix;
mod messages;
mod metrics;
mod modes;
mod nights;
mod outputs;
mod pages;
mod papers;
mod postgres;
mod problems;
mod progress;
mod publishing;
mod readers;
#[cfg(feature = "relay")]
mod relay;
mod risks;
mod runbooks;
mod scans;
mod schedule;
mod services;
mod set_aside;
mod small_cells;
pub mod status;
mod stores;
mod suppressed;
mod tidy;
mod tokens;
mod treated;
mod treatments;
mod types;
mod upkeep;
mod verdicts;
mod views;
#[path = "../../benches/worlds/mod.rs"]
mod worlds;
