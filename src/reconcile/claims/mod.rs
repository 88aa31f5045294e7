//! The author's claims about a dataset that need no SQL: declared in the job file, looked at in the scan that carries the rows.
//!
//! ```text
//! rows of a unit  -> Taker: what a claim needs of them, on the CPU pool (take.rs; key.rs gives equal keys one writing)
//!                      rows that break a claim by themselves: counted there and then
//!                      all else: a record for each group of the unit: its sum, its periods, its days (groups.rs)
//! records         -> Gathered: in buckets by key, put aside in scratch (gathered.rs)
//! all rows came   -> settle: a bucket at a time, the sides of a claim beside each other (settle.rs, balance.rs)
//! ```
//!
//! What comes of a claim are counts, and the places of rows in the extract: never a value. The answer is the same however the
//! rows were cut into units and whatever of them was on disk.
//!
//! Pure. Never in here: the author's SQL (`checks`), and what a broken claim does to the run.

mod balance;
mod gathered;
mod groups;
mod key;
mod settle;
mod take;
#[cfg(test)]
mod tests;

pub use gathered::{Gathered, ROWS_MAX};
pub use key::wide_type;
pub use settle::{Broken, ClaimFault, Of, settle};
pub use take::{Bound, Take, Taken, Taker};

use crate::data::Name;
use std::fmt;

/// What an author claims of a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// No two rows have the same values in these columns. Rows with a NULL in one of them are left out, as in SQL.
    Unique(Vec<Name>),
    /// No NULL in these columns.
    NotNull(Vec<Name>),
    /// The column holds one of these values, or NULL. The values are texts of the column's type.
    Accepted(Name, Vec<String>),
    /// The column lies within these bounds, or is NULL. The bounds are texts of the column's type.
    Range(Name, Vec<(Bound, String)>),
    /// These columns, unless one is NULL, are a key of another dataset.
    References(Vec<Name>, Referenced),
    /// So many rows, in all or in each group.
    Rows {
        /// The fewest.
        min: Option<u64>,
        /// The most.
        max: Option<u64>,
        /// The columns that make a group.
        per: Vec<Name>,
    },
    /// A sum for each group is the same here and elsewhere. A NULL adds nothing.
    Balance {
        /// Here.
        one: Sum,
        /// Elsewhere in the job, or in another column.
        others: Vec<Sum>,
        /// Largest difference that counts as none, a decimal number.
        within: Option<String>,
    },
    /// Each group has every period of each of its days, once.
    PeriodsADay {
        /// The settlement day, in Europe/London.
        day: Name,
        /// The period's number, from 1.
        period: Name,
        /// Half hours that make a period.
        half_hours: u32,
        /// The columns that make a group besides the day.
        per: Vec<Name>,
    },
    /// Each group has every day between its first and its last.
    GapFree {
        /// The day.
        day: Name,
        /// The columns that make a group.
        per: Vec<Name>,
    },
    /// No two intervals of a group overlap, and none ends before it begins. A NULL is an open end.
    NoOverlap {
        /// Where it begins.
        from: Name,
        /// Where it ends.
        to: Name,
        /// Whether the end is part of it.
        end: End,
        /// The columns that make a group.
        per: Vec<Name>,
    },
}

/// What a reference points at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referenced {
    /// The dataset.
    pub dataset: Name,
    /// Its columns, in the order of those that point at them.
    pub key: Vec<Name>,
    /// Where it is published, when another job carries it.
    pub published: Option<PublishedBy>,
}

/// A table that another job publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedBy {
    /// That job.
    pub job: Name,
    /// The store where it is.
    pub store: Name,
    /// One of its versions; the newest without it.
    pub version: Option<u64>,
}

/// A sum for each group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    /// The dataset.
    pub dataset: Name,
    /// What is added up: a whole number or a numeric.
    pub column: Name,
    /// The columns that make a group.
    pub per: Vec<Name>,
}

/// Whether an interval's end is part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The last day of a tariff.
    Included,
    /// The first moment after it.
    Excluded,
}

impl Claim {
    /// The word of the job file.
    pub fn kind(&self) -> &'static str {
        match self {
            Claim::Unique(_) => "unique",
            Claim::NotNull(_) => "not_null",
            Claim::Accepted(..) => "accepted",
            Claim::Range(..) => "range",
            Claim::References(..) => "references",
            Claim::Rows { .. } => "rows",
            Claim::Balance { .. } => "balance",
            Claim::PeriodsADay { .. } => "periods_a_day",
            Claim::GapFree { .. } => "gap_free",
            Claim::NoOverlap { .. } => "no_overlap",
        }
    }

    /// What is needed of which dataset, its own (`own`) first. A table that another job publishes is no dataset of this one.
    pub fn sides<'a>(&'a self, own: &'a Name) -> Vec<(&'a Name, Take)> {
        match self {
            Claim::Unique(columns) => vec![(own, Take::Keys { columns: columns.clone(), with_null: false })],
            Claim::NotNull(columns) => vec![(own, Take::Nulls(columns.clone()))],
            Claim::Accepted(column, values) => vec![(own, Take::Others(column.clone(), values.clone()))],
            Claim::Range(column, bounds) => vec![(own, Take::Outside(column.clone(), bounds.clone()))],
            Claim::References(columns, referenced) => {
                let ours = (own, Take::Keys { columns: columns.clone(), with_null: false });
                let theirs = referenced.published.is_none().then(|| (&referenced.dataset, referenced.take()));
                std::iter::once(ours).chain(theirs).collect()
            }
            Claim::Rows { per, .. } => vec![(own, Take::Keys { columns: per.clone(), with_null: true })],
            Claim::Balance { one, others, .. } => {
                let side = |sum: &'a Sum| (&sum.dataset, Take::Sums { per: sum.per.clone(), of: sum.column.clone() });
                std::iter::once(one).chain(others).map(side).collect()
            }
            Claim::PeriodsADay { day, period, per, .. } => {
                vec![(own, Take::Periods { per: per.clone(), day: day.clone(), period: period.clone() })]
            }
            Claim::GapFree { day, per } => vec![(own, Take::Days { per: per.clone(), day: day.clone() })],
            Claim::NoOverlap { from, to, per, .. } => {
                vec![(own, Take::Intervals { per: per.clone(), from: from.clone(), to: to.clone() })]
            }
        }
    }

    /// Whether a row's part in it is known only when all rows are: such rows are put aside, to be shown.
    pub fn needs_all_rows(&self) -> bool {
        !matches!(self, Claim::NotNull(_) | Claim::Accepted(..) | Claim::Range(..))
    }
}

impl Referenced {
    /// What is needed of the dataset.
    pub fn take(&self) -> Take {
        Take::Keys { columns: self.key.clone(), with_null: false }
    }
}

/// As the plan tells it. Values of the job file are the author's own words, not the data's.
impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |names: &[Name]| names.iter().map(Name::as_str).collect::<Vec<_>>().join(", ");
        let per = |names: &[Name]| if names.is_empty() { String::new() } else { format!(", for each {}", list(names)) };
        match self {
            Claim::Unique(columns) => write!(f, "no two rows have the same {}", list(columns)),
            Claim::NotNull(columns) => write!(f, "no NULL in {}", list(columns)),
            Claim::Accepted(column, values) => write!(f, "{column} is one of {}", values.join(", ")),
            Claim::Range(column, bounds) => {
                let bounds = bounds.iter().map(|(bound, value)| format!("{bound} {value}"));
                write!(f, "{column} is {}", bounds.collect::<Vec<_>>().join(" and "))
            }
            Claim::References(columns, of) => {
                write!(f, "{} is among {} of {}", list(columns), list(&of.key), of.dataset)?;
                let Some(PublishedBy { job, store, version }) = &of.published else { return Ok(()) };
                match version {
                    Some(version) => write!(f, ", version {version}"),
                    None => write!(f, ", the newest version"),
                }?;
                write!(f, " that job {job} published in {store}")
            }
            Claim::Rows { min, max, per: groups } => {
                let bounds = [min.map(|min| format!("at least {min}")), max.map(|max| format!("at most {max}"))];
                write!(f, "{} rows{}", bounds.into_iter().flatten().collect::<Vec<_>>().join(" and "), per(groups))
            }
            Claim::Balance { one, others, within } => {
                write!(f, "the sum of {}", one.column)?;
                for other in others {
                    write!(f, " = {}.{}", other.dataset, other.column)?;
                }
                write!(f, "{}", per(&one.per))?;
                within.iter().try_for_each(|within| write!(f, ", within {within}"))
            }
            Claim::PeriodsADay { day, period, half_hours, per: groups } => {
                let periods = if *half_hours == 1 { "46, 48 or 50 half hours" } else { "23, 24 or 25 hours" };
                write!(f, "{period} counts the {periods} of each {day}{}", per(groups))
            }
            Claim::GapFree { day, per: groups } => write!(f, "no day is lacking in {day}{}", per(groups)),
            Claim::NoOverlap { from, to, end, per: groups } => {
                let end = if *end == End::Included { "included" } else { "excluded" };
                write!(f, "no two intervals of {from} to {to} ({end}) overlap{}", per(groups))
            }
        }
    }
}
