//! What was asked: texts -> [`Job`] -> [`Plan`]. Pure: texts come in as parameters, nothing is opened.
//!
//! A job names datasets, sources and stores; an environment says what the sources and stores are; a schema says what
//! a dataset's columns are. [`Plan`] is all three decided: every path, limit, query and treatment.

mod plan;

pub use plan::*;
