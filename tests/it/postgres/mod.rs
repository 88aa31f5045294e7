//! The PostgreSQL source against a real server.

mod bench;
mod certificates;
mod columns;
mod drafts;
mod drifts;
mod drill;
mod endings;
mod files;
mod iam;
mod keys;
mod large;
mod logins;
mod lost;
mod moments;
mod nights;
mod online;
mod own;
mod parameters;
mod parts;
mod powers;
mod restarts;
mod scanned;
pub mod server;
mod stalls;
mod town;
mod values;
mod waiting;
