//! The whole road with real servers: PostgreSQL -> Debezium -> Kafka -> a dump by kcat -> the real binary.
//!
//! ```text
//! server.rs     a database of a test's own, and its gate: a query that holds a run up until the dump is there
//! stream.rs     connectors, and dumps of their topics
//! load.rs       four writers
//! planted.rs    differences made in a dump
//! rounds.rs     extracts while they write: no false drift, and every planted difference
//! moments.rs    which rule places a change before or behind an extract
//! values.rs     what Debezium writes for what is not ordinary
//! invented.rs   the generator's events beside Debezium's
//! ```

mod invented;
mod load;
mod moments;
mod planted;
mod rounds;
mod server;
mod stream;
mod values;

#[cfg(feature = "relay")]
pub use self::{
    load::{Draws, FIRST_STILL, LEDGER, Load, TABLES},
    planted::plant,
    server::{JOB, Server, compared, dataset, run as execute, schema},
    stream::{Connector, lines, passed},
};
