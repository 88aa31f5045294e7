//! The PostgreSQL source against a real server.

mod bench;
mod certificates;
mod columns;
mod drafts;
mod endings;
mod iam;
mod logins;
mod moments;
mod online;
mod own;
mod powers;
mod stalls;
mod town;
mod values;
