//! The rooms of `src/privacy` that look at text, by their path.

#[path = "../../../src/privacy/columns/mod.rs"]
mod columns;
#[path = "../../../src/privacy/engine/mod.rs"]
mod engine;
#[path = "../../../src/privacy/names/mod.rs"]
mod names;
#[path = "../../../src/privacy/recognise/mod.rs"]
mod recognise;
#[path = "../../../src/privacy/scrub.rs"]
mod scrub;

pub use columns::{CellKind, ColumnTally, verdict};
pub use engine::{Engine, Header};
pub use scrub::scrub;
