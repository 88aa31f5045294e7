//! What a claim needs of a unit's rows. On the CPU pool, many units at once.

use super::super::compare::CompareFault;
use super::gathered::ROWS_MAX;
use super::groups::{days, intervals, keyed, periods, sums};
use super::key::{columns, keys, wide};
use crate::data::cell::CellBuilder;
use crate::data::{Batch, Column, ColumnType, Name};
use arrow::array::{ArrayRef, BooleanArray, RecordBatch, Scalar, UInt32Array};
use arrow::compute::kernels::cmp::{gt, gt_eq, lt, lt_eq};
use arrow::compute::take_record_batch;
use std::collections::HashSet;
use std::fmt;

/// What is needed of a dataset's rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Take {
    /// The rows with a NULL in one of these columns.
    Nulls(Vec<Name>),
    /// The rows whose column holds another value than these.
    Others(Name, Vec<String>),
    /// The rows whose column is outside these bounds.
    Outside(Name, Vec<(Bound, String)>),
    /// How often each key is there.
    Keys {
        /// The key's columns.
        columns: Vec<Name>,
        /// Whether a key with a NULL is one.
        with_null: bool,
    },
    /// The sum of a column for each group.
    Sums {
        /// The group's columns.
        per: Vec<Name>,
        /// What is added up.
        of: Name,
    },
    /// Which periods each day of a group has.
    Periods {
        /// The group's columns.
        per: Vec<Name>,
        /// The day.
        day: Name,
        /// The period's number.
        period: Name,
    },
    /// Which days a group has.
    Days {
        /// The group's columns.
        per: Vec<Name>,
        /// The day.
        day: Name,
    },
    /// The intervals of a group.
    Intervals {
        /// The group's columns.
        per: Vec<Name>,
        /// Where each begins.
        from: Name,
        /// Where each ends.
        to: Name,
    },
}

/// An end of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// This or more.
    Min,
    /// This or less.
    Max,
    /// More than this.
    Above,
    /// Less than this.
    Below,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Bound::Min => ">=",
            Bound::Max => "<=",
            Bound::Above => ">",
            Bound::Below => "<",
        })
    }
}

impl Take {
    /// The columns that are looked at.
    pub fn columns(&self) -> Vec<&Name> {
        match self {
            Take::Nulls(columns) | Take::Keys { columns, .. } => columns.iter().collect(),
            Take::Others(column, _) | Take::Outside(column, _) => vec![column],
            Take::Sums { per, of } => per.iter().chain([of]).collect(),
            Take::Periods { per, day, period } => per.iter().chain([day, period]).collect(),
            Take::Days { per, day } => per.iter().chain([day]).collect(),
            Take::Intervals { per, from, to } => per.iter().chain([from, to]).collect(),
        }
    }
}

/// A [`Take`], its values read as the types of its columns.
#[derive(Debug)]
pub struct Taker {
    take: Take,
    /// Of `Others`: the keys of the accepted values.
    accepted: HashSet<Vec<u8>>,
    /// Of `Outside`: one cell each.
    bounds: Vec<(Bound, ArrayRef)>,
}

/// What was taken of a unit's rows.
#[derive(Debug, Default)]
pub struct Taken {
    /// Rows that break the claim by themselves.
    pub(super) broken: u64,
    /// The first of them: their places in the extract, and themselves.
    pub(super) places: Vec<u64>,
    pub(super) rows: Option<RecordBatch>,
    /// Records by bucket.
    pub(super) records: Vec<(usize, RecordBatch)>,
}

impl Taker {
    /// For a dataset of these columns. `None` where one is lacking, or a value is none of its column's type.
    pub fn new(take: Take, columns: &[Column]) -> Option<Self> {
        let typed = |name: &Name| columns.iter().find(|column| column.name == *name).map(|column| column.column_type);
        let (mut accepted, mut bounds) = (HashSet::new(), Vec::new());
        for name in take.columns() {
            typed(name)?;
        }
        match &take {
            Take::Others(column, values) => {
                let cells = wide(&cells(typed(column)?, values.iter().map(String::as_str))?).ok()?;
                accepted.extend(keys(&[cells], values.len()).ok()?.iter().flatten().map(<[u8]>::to_vec));
            }
            Take::Outside(column, ends) => {
                for (bound, value) in ends {
                    bounds.push((*bound, wide(&cells(typed(column)?, [value.as_str()])?).ok()?));
                }
            }
            _ => {}
        }
        Some(Taker { take, accepted, bounds })
    }

    /// Takes of a batch, whose first row, good or bad, stands at `first` in the extract.
    pub fn of(&self, batch: &Batch, first: u64) -> Result<Taken, CompareFault> {
        let rows = &batch.rows;
        let places = places(batch, first);
        let broken = match &self.take {
            Take::Nulls(names) => {
                let columns = columns(rows, names)?;
                (0..rows.num_rows()).filter(|row| !super::key::is_whole(&columns, *row)).collect()
            }
            Take::Others(name, _) => {
                let cells = columns(rows, std::slice::from_ref(name))?;
                let keys = keys(&cells, rows.num_rows())?;
                let is_other = |row: &usize| cells[0].is_valid(*row) && !self.accepted.contains(keys.value(*row));
                (0..rows.num_rows()).filter(is_other).collect()
            }
            Take::Outside(name, _) => {
                let cells = columns(rows, std::slice::from_ref(name))?;
                self.outside(&cells[0])?
            }
            grouped => return Ok(Taken { records: records(grouped, rows, &places)?, ..Taken::default() }),
        };
        by_themselves(rows, &places, &broken)
    }

    /// The rows outside some bound. A NULL is within all of them.
    fn outside(&self, cells: &ArrayRef) -> Result<Vec<usize>, CompareFault> {
        let mut within: Vec<BooleanArray> = Vec::new();
        for (bound, value) in &self.bounds {
            let value = Scalar::new(value.clone());
            within.push(match bound {
                Bound::Min => gt_eq(cells, &value),
                Bound::Max => lt_eq(cells, &value),
                Bound::Above => gt(cells, &value),
                Bound::Below => lt(cells, &value),
            }?);
        }
        let is_outside = |row: &usize| cells.is_valid(*row) && within.iter().any(|within| !within.value(*row));
        Ok((0..cells.len()).filter(is_outside).collect())
    }
}

/// Records of groups, by bucket.
fn records(take: &Take, rows: &RecordBatch, places: &[u64]) -> Result<Vec<(usize, RecordBatch)>, CompareFault> {
    let one = |name: &Name| columns(rows, std::slice::from_ref(name)).map(|mut cells| cells.remove(0));
    match take {
        Take::Keys { columns: names, with_null } => keyed(&columns(rows, names)?, *with_null, places),
        Take::Sums { per, of } => sums(&columns(rows, per)?, &one(of)?, places),
        Take::Periods { per, day, period } => periods(&columns(rows, per)?, &one(day)?, &one(period)?, places),
        Take::Days { per, day } => days(&columns(rows, per)?, &one(day)?, places),
        Take::Intervals { per, from, to } => intervals(&columns(rows, per)?, &one(from)?, &one(to)?, places),
        Take::Nulls(_) | Take::Others(..) | Take::Outside(..) => Ok(Vec::new()),
    }
}

/// Rows that break a claim by themselves: all are counted, the first are kept.
fn by_themselves(rows: &RecordBatch, places: &[u64], broken: &[usize]) -> Result<Taken, CompareFault> {
    let shown = &broken[..broken.len().min(ROWS_MAX)];
    let indices = UInt32Array::from_iter_values(shown.iter().map(|row| *row as u32));
    Ok(Taken {
        broken: broken.len() as u64,
        places: shown.iter().map(|row| places[*row]).collect(),
        rows: (!shown.is_empty()).then(|| take_record_batch(rows, &indices)).transpose()?,
        records: Vec::new(),
    })
}

/// Where each good row stands in the extract: bad ones have their place among them.
fn places(batch: &Batch, first: u64) -> Vec<u64> {
    let mut bad = batch.bad.iter().map(|bad| bad.ordinal).peekable();
    let mut next = first;
    let place = |_| {
        while bad.next_if_eq(&next).is_some() {
            next += 1;
        }
        next += 1;
        next - 1
    };
    (0..batch.rows.num_rows()).map(place).collect()
}

/// Texts as cells of a type.
fn cells<'a>(column_type: ColumnType, texts: impl IntoIterator<Item = &'a str>) -> Option<ArrayRef> {
    let mut built = CellBuilder::new(column_type, 1);
    texts.into_iter().try_for_each(|text| built.push_text(text)).ok()?;
    Some(built.finish())
}
