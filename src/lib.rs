//! nightferry carries the day's data across at night.

pub mod access;
pub mod calendar;
pub mod changes;
pub mod cli;
pub mod cost;
pub mod data;
pub mod ending;
pub mod failure;
pub mod format;
pub mod frame;
pub mod job;
pub mod privacy;
pub mod problem;
pub mod reconcile;
pub mod report;
pub mod source;
pub mod store;
pub mod world;
