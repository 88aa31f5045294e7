//! nightferry carries the day's data across at night.

pub mod data;
pub mod job;
pub mod privacy;
pub mod problem;
pub mod source;
