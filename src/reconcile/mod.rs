//! Do two sides agree? Tallies of what was read and written, the comparison of extract and topic, the author's checks.
//!
//! ```text
//! exact_sum.rs  floats summed without error
//! tally.rs      per column: rows, NULLs, sum, smallest, largest; tally(a + b) = tally(a) + tally(b)
//! sides.rs      both sides in buckets by key, put aside
//! latest.rs     a bucket's events -> the latest state of each key, cell by cell
//! order.rs      what of a key came again, and what came anew
//! compare.rs    a bucket's rows against the latest states, typed
//! merge.rs      which rows of a table give way to changed ones
//! unique.rs     keys of a table that is compared with nothing
//! verdict.rs    counts and stream facts -> verdict, proof, and words for people
//! claims/       what the author declares of a dataset: unique, not NULL, sums, periods of a day ..
//! checks.rs     the author's SQL
//! outputs/      what a comparison leaves behind: the drift, the columns, the stream, fingerprints, the change set
//! diff/         any two datasets, in bounded memory
//! ```
//!
//! Pure. Never in here: what a verdict does to the run.

mod checks;
pub mod claims;
mod compare;
pub mod diff;
mod exact_sum;
mod latest;
mod merge;
mod order;
pub mod outputs;
mod sides;
mod tally;
mod unique;
mod verdict;

pub use checks::{CheckFault, CheckOutcome, CheckTable, check};
pub use compare::{CompareFault, Counts};
pub use merge::{Deleted, KeyBuckets, Merge, merge};
pub use sides::{Comparison, Outcome};
pub use tally::{ColumnTally, Tally, Total};
pub use unique::{KeyFaults, Keys, UniqueKeys};
pub use verdict::{Curable, Judged, Stream, Verdict, judge, key_phrase};
