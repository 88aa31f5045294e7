//! The PostgreSQL source against a real server.

mod bench;
mod columns;
mod endings;
mod logins;
mod moments;
mod online;
mod parameters;
mod values;
