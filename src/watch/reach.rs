//! Which nights a published one makes good besides its own: by how the job's tables are written.
//!
//! A table that is written as a whole holds what an older night would have brought, and nobody publishes that any more. A table that is
//! written by periods lacks every day that nobody ran.

use super::LedgerRun;
use crate::calendar::Due;
use crate::data::{Every, Period};

/// How the tables of a job are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tables {
    /// At least one as a whole: its job publishes no older night after a newer one.
    Whole,
    /// Each by periods, of which these are the shortest.
    ByPeriods(Every),
}

impl Tables {
    /// Whether a run for the days `run` that was good published `due` too. Of a table by periods a run at or after the due alone says so, unless its
    /// days are the very same: what was run earlier may have found the period unfinished.
    pub fn reach(self, run: &LedgerRun, due: &Due) -> bool {
        let (of, wanted) = (run.period, due.period);
        match self {
            _ if of == wanted => true,
            Tables::Whole => of.to >= wanted.to,
            Tables::ByPeriods(every) => {
                let written = Period { from: every.around(of.from).from, to: every.around(of.to).to };
                of.to >= wanted.to && written.holds(wanted) && run.started_at >= due.at
            }
        }
    }
}
