//! What is known of a dataset once its rows have come over.

use super::held::Unseen;
use super::lane::LaneDone;
use super::merged::{MergedAll, Merging};
use crate::data::{BadRow, Name, Origin, Period};
use crate::format::spill::Spill;
use crate::job::SideOf;
use crate::privacy::{Held, SmallCellsTold, Told};
use crate::reconcile::claims::Gathered;
use crate::reconcile::{CompareFault, Comparison, KeyFaults, Tally, UniqueKeys};
use arrow::datatypes::SchemaRef;

use std::collections::BTreeMap;

/// A dataset on the other side, unseen.
pub struct Crossed {
    /// The dataset.
    pub name: Name,
    /// The moment its rows show.
    pub origin: Origin,
    /// Whether all its rows came over.
    pub is_whole: bool,
    /// Rows that the source gave.
    pub rows_read: u64,
    /// Rows that were set aside.
    pub rows_bad: u64,
    /// The first of them.
    pub first_bad: Option<BadRow>,
    /// All of them: why, and their cells as text.
    pub bad: Spill,
    /// Where they are in the restricted store, once they are.
    pub quarantine_at: Option<String>,
    /// Cells of the good rows that are NULL because the declared type cannot hold them, by column.
    pub nulled: BTreeMap<Name, u64>,
    /// Columns that nobody classified and that were left out.
    pub withheld: Vec<String>,
    /// Rows that the source gave of each period, where the table is written by periods.
    pub periods: Vec<(Period, u64)>,
    /// The tally of the good rows, before treatment.
    pub read: Tally,
    /// The rows before treatment, for SQL that names the dataset, and to show those that break a claim.
    pub kept: Option<Spill>,
    /// What the job's checks need of the rows, by the side that needs it.
    pub gathered: Vec<(SideOf, Gathered)>,
    /// The columns of `kept`.
    pub schema: SchemaRef,
    /// The extract's side of the comparison.
    pub comparison: Option<Comparison>,
    /// The keys of a dataset that is compared with nothing, while rows come.
    pub unique: Option<UniqueKeys>,
    /// What is wrong with them, once all have come.
    pub keys: Option<Result<KeyFaults, CompareFault>>,
    /// What merging the rows into the tables came to, where that is how they are written.
    pub merged: Option<MergedAll>,
    /// The merge, while rows come.
    pub merging: Option<Merging>,
    /// For each store that does not get all rows, how many it does not get, and the tally, before treatment, of those that it gets or
    /// would get if none were of a small group.
    pub left_out: Vec<Option<(u64, Tally)>>,
    /// For each store that does not see small groups, what was taken out for that.
    pub unseen: Vec<Unseen>,
    /// For each store that does not see small groups, the rows that wait until they are known.
    pub held: Vec<Option<Held>>,
    /// For each of these stores, what it was not shown.
    pub small_cells: Vec<Option<SmallCellsTold>>,
    /// For each store, column -> what treating it told, and where its fields are in rows that are left out; and path by which rows are left
    /// out -> whether it was there, in any row but theirs who are to be forgotten.
    pub told: Vec<BTreeMap<String, Told>>,
    /// What each store got.
    pub lanes: Vec<LaneDone>,
}
