//! The risk that is left in a table as it was written: how many rows share the values by which a person could be found.
//!
//! Rows are counted by the values that the audience sees, not by those behind them. NULL is a value like any other, as it is where SQL groups.
//! Groups are put aside in buckets, and counted bucket by bucket, so that memory holds one part in [`BUCKETS`] of them at a time.
//! Never in here: what is too much (`data::RiskTerms`), and a value in what is told.

use crate::data::scratch::ScratchFault;
use crate::data::{Name, RiskTerms};
use crate::format::spill::{Aside, Spill};
use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, RecordBatch, UInt32Array};
use arrow::compute::take;
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// Parts that the groups are counted in.
const BUCKETS: usize = 64;

/// Values in one writing.
pub(super) type Written = Arc<[u8]>;

/// Rows of a group, and its different sensitive values.
type Group = (u64, HashSet<Written>);

/// Counts the rows of a table, part by part.
pub struct RiskMeter {
    terms: RiskTerms,
    buckets: Vec<Spill>,
}

/// Rows of a part, ready to be counted: for each bucket that has some, their groups and sensitive values.
pub struct RiskRows(Vec<(usize, RecordBatch)>);

/// The risk that is left in a table.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Risk {
    /// Rows.
    pub rows: u64,
    /// Groups of rows that share the values.
    pub groups: u64,
    /// Rows of the smallest group; 0 without rows.
    pub k_min: u64,
    /// Rows of groups of fewer than 5.
    pub under_5: u64,
    /// Rows of groups of fewer than 10.
    pub under_10: u64,
    /// Rows that are a group of their own.
    pub unique: u64,
    /// Different sensitive values of the group that has fewest, where such a column is named.
    pub l_min: Option<u64>,
}

/// Counting failed.
#[derive(Debug, thiserror::Error)]
pub enum RiskFault {
    /// There is no scratch space left.
    #[error(transparent)]
    Scratch(#[from] ScratchFault),
    /// A column is not among the rows, or they do not fit together (a fault of ours).
    #[error("the columns that the risk is counted by are not among the rows")]
    Shape,
}

impl From<ArrowError> for RiskFault {
    fn from(_: ArrowError) -> Self {
        RiskFault::Shape
    }
}

impl RiskRows {
    /// Of rows as they were written.
    pub fn of(rows: &RecordBatch, terms: &RiskTerms) -> Result<Self, RiskFault> {
        let groups = written(rows, &terms.quasi)?;
        let sensitive = written(rows, terms.sensitive.as_slice())?;
        let of_bucket = |(bucket, places): (usize, UInt32Array)| {
            let cells: [(&str, ArrayRef); 2] =
                [("group", take(&groups, &places, None)?), ("sensitive", take(&sensitive, &places, None)?)];
            Ok::<_, RiskFault>((bucket, RecordBatch::try_from_iter(cells)?))
        };
        Ok(RiskRows(in_buckets(&groups, BUCKETS).map(of_bucket).collect::<Result<_, RiskFault>>()?))
    }
}

/// The rows of each bucket that has some: rows of one group are in one bucket, whichever batch they come in.
pub(super) fn in_buckets(groups: &BinaryArray, buckets: usize) -> impl Iterator<Item = (usize, UInt32Array)> {
    let mut places: Vec<Vec<u32>> = vec![Vec::new(); buckets];
    for (row, group) in groups.iter().flatten().enumerate() {
        let mut hasher = DefaultHasher::new();
        group.hash(&mut hasher);
        places[(hasher.finish() % buckets as u64) as usize].push(row as u32);
    }
    let filled = places.into_iter().enumerate().filter(|(_, places)| !places.is_empty());
    filled.map(|(bucket, places)| (bucket, places.into()))
}

/// The values of `columns` in one writing, a row each; without columns all rows are alike.
pub(super) fn written(rows: &RecordBatch, columns: &[Name]) -> Result<BinaryArray, RiskFault> {
    if columns.is_empty() {
        return Ok(BinaryArray::from_iter_values((0..rows.num_rows()).map(|_| b"")));
    }
    let cells = columns.iter().map(|name| rows.column_by_name(name.as_str()).cloned());
    let cells: Vec<ArrayRef> = cells.collect::<Option<_>>().ok_or(RiskFault::Shape)?;
    let fields = cells.iter().map(|cells| SortField::new(cells.data_type().clone())).collect();
    Ok(RowConverter::new(fields)?.convert_columns(&cells)?.try_into_binary()?)
}

impl RiskMeter {
    /// Nothing counted yet.
    pub fn new(terms: &RiskTerms, aside: &Aside) -> Self {
        RiskMeter { terms: terms.clone(), buckets: (0..BUCKETS).map(|_| Spill::new(aside)).collect() }
    }

    /// What is asked.
    pub fn terms(&self) -> &RiskTerms {
        &self.terms
    }

    /// Adds the rows of a part.
    pub fn add(&mut self, rows: RiskRows) -> Result<(), RiskFault> {
        rows.0.into_iter().try_for_each(|(bucket, rows)| Ok(self.buckets[bucket].push(rows)?))
    }

    /// Counts.
    pub fn finish(self) -> Result<Risk, RiskFault> {
        let has_sensitive = self.terms.sensitive.is_some();
        let (mut risk, mut k_min, mut l_min) = (Risk::default(), None, None);
        for bucket in self.buckets {
            let mut groups: HashMap<Written, Group> = HashMap::new();
            for rows in bucket.iter() {
                let rows = rows?;
                let column = |place: usize| rows.column(place).as_binary_opt::<i32>().ok_or(RiskFault::Shape);
                let (keys, values) = (column(0)?, column(1)?);
                for row in 0..rows.num_rows() {
                    let (key, value) = (keys.value(row), values.value(row));
                    if !groups.contains_key(key) {
                        groups.insert(key.into(), Default::default());
                    }
                    let group = groups.get_mut(key).ok_or(RiskFault::Shape)?;
                    group.0 += 1;
                    if has_sensitive && !group.1.contains(value) {
                        group.1.insert(value.into());
                    }
                }
            }
            for (rows, values) in groups.into_values() {
                risk.rows += rows;
                risk.groups += 1;
                risk.under_5 += if rows < 5 { rows } else { 0 };
                risk.under_10 += if rows < 10 { rows } else { 0 };
                risk.unique += u64::from(rows == 1);
                k_min = Some(k_min.unwrap_or(rows).min(rows));
                let different = values.len() as u64;
                l_min = Some(l_min.unwrap_or(different).min(different));
            }
        }
        Ok(Risk { k_min: k_min.unwrap_or(0), l_min: has_sensitive.then(|| l_min.unwrap_or(0)), ..risk })
    }
}

impl Risk {
    /// A part of the rows, from 0 to 1.
    pub fn share(&self, rows: u64) -> f64 {
        if self.rows == 0 { 0.0 } else { rows as f64 / self.rows as f64 }
    }

    /// Where it is beyond `terms`, in words; a table without rows is not.
    pub fn beyond(&self, terms: &RiskTerms) -> Vec<String> {
        if self.rows == 0 {
            return Vec::new();
        }
        let fewer = |name: &str, found: Option<u64>, least: Option<u64>| {
            let (found, least) = found.zip(least)?;
            (found < least).then(|| format!("{name} is {found}, {least} is the least"))
        };
        let more = |name: &str, rows: u64, most: Option<f64>| {
            let (share, most) = (self.share(rows), most?);
            (share > most).then(|| format!("the share of rows {name} is {share:.4}, {most} is the most"))
        };
        let all = [
            fewer("k", Some(self.k_min), terms.k_min),
            fewer("l", self.l_min, terms.l_min),
            more("in groups of fewer than 5", self.under_5, terms.under_5_max),
            more("in groups of fewer than 10", self.under_10, terms.under_10_max),
            more("that are alone", self.unique, terms.unique_max),
        ];
        all.into_iter().flatten().collect()
    }
}
