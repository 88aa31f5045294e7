//! The PostgreSQL source against a real server.

mod bench;
mod columns;
mod endings;
mod files;
mod keys;
mod logins;
mod lost;
mod moments;
mod nights;
mod online;
mod parts;
mod restarts;
mod server;
mod values;
