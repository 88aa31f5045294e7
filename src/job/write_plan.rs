//! How a dataset's tables are written, and what is asked of the source for it.
//!
//! Never in here: faults of the files.

use super::job_file::{Dataset, DatasetRows, Written};
use super::plan::DatasetPlan;
use crate::calendar::day_start;
use crate::data::{ColumnType, Every, Extract, Filter, Literal, Name, Period, Rows, Schema, Within};
use crate::reconcile::Deleted;
use chrono::TimeDelta;

/// Periods of one run, at most: a year of days and a month.
pub const PERIODS_MAX: usize = 400;

/// How a dataset's tables are written.
#[derive(Clone, Debug)]
pub enum WriteMode {
    /// The whole state, every time.
    Replace,
    /// One period at a time: its rows and no other are extracted, and they take the place of what the table has of it.
    ReplacePeriod {
        /// The column that says when a row belongs.
        by: Name,
        /// How long a period is.
        every: Every,
        /// What is asked of the source, a period each, in their order.
        extracts: Vec<Extract>,
    },
    /// What has changed since the last time; rows of the same key give way.
    Merge(Box<MergePlan>),
}

/// How changes are found and merged.
#[derive(Clone, Debug)]
pub struct MergePlan {
    /// The column that says when a row was last changed.
    pub watermark: Name,
    /// How much further back than the last extract every extract goes: longer than any transaction that writes to the table.
    pub lag: TimeDelta,
    /// What a row that the source no longer has does.
    pub deleted: Deleted,
    /// What is asked of the source for its keys, all of them, each with its watermark.
    pub keys: Extract,
}

impl WriteMode {
    /// The word in the job file.
    pub fn as_str(&self) -> &'static str {
        match self {
            WriteMode::Replace => "replace",
            WriteMode::ReplacePeriod { .. } => "replace_period",
            WriteMode::Merge(_) => "merge",
        }
    }

    /// The periods that are written; none where the whole state is.
    pub fn periods(&self) -> Vec<Period> {
        match self {
            WriteMode::Replace | WriteMode::Merge(_) => Vec::new(),
            WriteMode::ReplacePeriod { extracts, .. } => extracts.iter().filter_map(period).collect(),
        }
    }

    /// All the periods in one, where the table is written by periods: there is no day between them.
    pub fn within(&self) -> Option<Within> {
        let WriteMode::ReplacePeriod { extracts, .. } = self else { return None };
        let (first, last) = (extracts.first()?.within.clone()?, extracts.last()?.within.clone()?);
        let period = Period { from: first.period.from, to: last.period.to };
        Some(Within { period, until: last.until, ..first })
    }

    /// The column that says when a row belongs, where one does.
    pub fn by(&self) -> Option<&Name> {
        match self {
            WriteMode::Replace | WriteMode::Merge(_) => None,
            WriteMode::ReplacePeriod { by, .. } => Some(by),
        }
    }
}

/// The period that an extract is of.
fn period(extract: &Extract) -> Option<Period> {
    Some(extract.within.as_ref()?.period)
}

impl DatasetPlan {
    /// Everything that is asked of the source, in its order.
    pub fn extracts(&self) -> &[Extract] {
        match &self.write {
            WriteMode::Replace | WriteMode::Merge(_) => std::slice::from_ref(&self.extract),
            WriteMode::ReplacePeriod { extracts, .. } => extracts,
        }
    }
}

/// The write of `dataset` for the days `asked`, each of its extracts made from `plain`; `None` when there are more periods
/// than [`PERIODS_MAX`].
pub(super) fn write(dataset: &Dataset, asked: Period, schema: &Schema, plain: &Extract) -> Option<WriteMode> {
    let (by, every) = match &dataset.write {
        Written::Replace => return Some(WriteMode::Replace),
        Written::Merge { watermark, lag_seconds, deleted } => {
            return Some(WriteMode::Merge(Box::new(MergePlan {
                watermark: watermark.value.clone(),
                lag: TimeDelta::try_seconds(*lag_seconds)?,
                deleted: *deleted,
                keys: Extract { columns: keys(schema, &watermark.value), ..plain.clone() },
            })));
        }
        Written::ReplacePeriod { by, every } => (by, every),
    };
    let moments = schema.column(by.value.as_str()).is_some_and(|column| column.column_type == ColumnType::Timestamptz);
    let extract = |period: Period| {
        let [from, until] = [period.from, period.until()].map(|day| match moments {
            true => day_start(day).map(Literal::Moment),
            false => Some(Literal::Date(day)),
        });
        let within = Within { by: by.value.clone(), period, from: from?, until: until? };
        Some(Extract { rows: rows(dataset, &plain.rows, period)?, within: Some(within), ..plain.clone() })
    };
    let periods = every.periods(asked, PERIODS_MAX)?;
    let extracts = periods.into_iter().map(extract).collect::<Option<_>>()?;
    Some(WriteMode::ReplacePeriod { by: by.value.clone(), every: *every, extracts })
}

/// The columns of the key, and the watermark.
fn keys(schema: &Schema, watermark: &Name) -> Vec<Name> {
    let beside = std::iter::once(watermark).filter(|watermark| !schema.is_key(watermark));
    schema.key.iter().chain(beside).cloned().collect()
}

/// `rows` with the parameters of their `where` as they are for `period`.
fn rows(dataset: &Dataset, rows: &Rows, period: Period) -> Option<Rows> {
    Some(match rows {
        Rows::Table { table, .. } => Rows::Table { table: table.clone(), filter: filter(dataset, period)? },
        Rows::Query { .. } => rows.clone(),
    })
}

/// The `where` of a dataset for `period`; the outer `None` when a parameter has no value.
pub(super) fn filter(dataset: &Dataset, period: Period) -> Option<Option<Filter>> {
    let DatasetRows::Table(_, Some(condition)) = &dataset.rows else { return Some(None) };
    let value = |name: &str| match name {
        "from" => Some(Literal::Date(period.from)),
        "to" => Some(Literal::Date(period.to)),
        "until" => Some(Literal::Date(period.until())),
        "from_time" => day_start(period.from).map(Literal::Moment),
        "until_time" => day_start(period.until()).map(Literal::Moment),
        own => dataset.parameters.iter().find(|(name, _)| name.value == own)?.1.clone(),
    };
    condition.value.bind(value).map(Some)
}
