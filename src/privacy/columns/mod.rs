//! A column's cells -> what it is of: by its name, the shape of its values, their checks, and how many differ.
//!
//! ```text
//! tally.rs     cells, one by one -> counts         headers.rs   words of a column's name -> a kind
//! verdict.rs   counts and name -> a kind and how sure
//! ```
//!
//! Never in here: a value. What is counted as different is a hash of it.

mod headers;
mod tally;
mod verdict;

pub use headers::{Said, said};
pub use tally::{CellKind, ColumnTally, Span, WholeName, may_be_sentence};
pub use verdict::{ColumnVerdict, verdict};
