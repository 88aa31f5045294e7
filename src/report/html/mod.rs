//! Reports as pages for a browser, each a file of its own that loads nothing.
//!
//! ```text
//! frame.rs    markup into which text comes escaped, and what stands around every page
//! parts.rs    tables, numbers, verdicts        chart.rs  drawings, each said in words too
//! run.rs      the page of a run                dataset.rs  one dataset of it; its stream.rs, and where to look.rs
//! diff.rs     the page of a comparison              nights.rs   the page of a job's nights
//! ```
//!
//! Never in here: a value of the data. The reports that pages are made of have none.

mod chart;
mod dataset;
mod diff;
mod frame;
mod look;
mod nights;
mod parts;
mod run;
mod stream;
#[cfg(test)]
mod tests;

pub use diff::diff_page;
pub use nights::nights_page;
pub use run::run_page;
