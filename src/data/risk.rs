//! What is asked of the risk that is left once a table was treated: which columns could tell a person together, and how alone nobody
//! may stand. Only the words: who counts is `privacy`.

use super::Name;

/// What is asked of a table for one audience.
#[derive(Clone, Debug, PartialEq)]
pub struct RiskTerms {
    /// Columns by which somebody who knows a person could find their row.
    pub quasi: Vec<Name>,
    /// The column that must not follow from them.
    pub sensitive: Option<Name>,
    /// Fewest rows that may share the values of `quasi`.
    pub k_min: Option<u64>,
    /// Fewest different values of `sensitive` that rows which share those of `quasi` may have.
    pub l_min: Option<u64>,
    /// Largest shares of rows, from 0 to 1, that share them with fewer than 5, fewer than 10, and no other row.
    pub under_5_max: Option<f64>,
    /// See `under_5_max`.
    pub under_10_max: Option<f64>,
    /// See `under_5_max`.
    pub unique_max: Option<f64>,
    /// What a table does that is beyond one of these.
    pub beyond: RiskBeyond,
}

/// What a table does whose risk is beyond its terms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RiskBeyond {
    /// Nothing of the job is published.
    #[default]
    Stop,
    /// It is published, and told.
    Warn,
}
