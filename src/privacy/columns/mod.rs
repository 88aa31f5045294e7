//! A column's cells -> what it is of: by its name, the shape of its values, their checks, and how many differ.
//!
//! ```text
//! tally.rs     cells, one by one -> counts         headers.rs   words of a column's name -> a kind
//! verdict.rs   counts and name -> a kind and how sure
//! memo.rs      cells that come again -> what they told the first time
//! ```
//!
//! Never in what comes out of here: a value. What is counted as different is a hash of it.

mod headers;
mod memo;
mod tally;
mod verdict;

pub use headers::{Said, said};
pub use memo::{Asked, Memo};
pub use tally::{CellKind, CellTold, ColumnTally, Span, may_be_sentence, told_of_found};
pub use verdict::{ColumnVerdict, verdict};
