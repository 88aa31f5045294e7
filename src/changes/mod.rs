//! Change events -> the latest state of each key.
//!
//! ```text
//! layout.rs    an object's name -> topic partition, first offset, packing
//! block.rs     an object's bytes as they arrive -> blocks of whole lines
//! debezium.rs  a line -> envelope: before, after, source, op
//! cell.rs      a JSON value -> a cell of the declared type, or UNKNOWN
//! printed.rs   the same for types that are carried as PostgreSQL's text
//! decode.rs    a block -> Changes: typed columns, and what each row knows
//! ```
//!
//! Pure. Never in here: where the bytes come from, and a value in an error.

mod block;
mod cell;
mod debezium;
mod decode;
mod layout;
mod printed;

pub use block::{Block, Cutter, LongLine};
pub use decode::{AsOf, Because, Changes, DecodeFault, OP, Op, StreamFacts, decode, schema};
pub use layout::{Object, confluent, is_beside};
pub use printed::untold;
