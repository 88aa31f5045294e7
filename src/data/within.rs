//! The rows of one period: a condition on a column of days or moments.
//!
//! A period's bounds are the first day and the day after the last; for a column of moments they are the instants of those
//! local midnights, so that a day of 46 or 50 half-hours has all of them and no more.
//!
//! A row whose column is NULL is of no period. It is never passed over in silence: it comes along with every period, and is
//! told as the bad row that it is (a period's column may not be nullable).

use super::{Literal, Name, Period};
use arrow::array::{Array, ArrayRef, BooleanArray, Datum, Scalar};
use arrow::compute::kernels::cmp::{gt_eq, lt};
use arrow::compute::{and, is_null, or_kleene};
use arrow::error::ArrowError;

/// The rows of one period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Within {
    /// The column that says when a row belongs.
    pub by: Name,
    /// The period.
    pub period: Period,
    /// Its beginning, of the column's type.
    pub from: Literal,
    /// What comes right after its end.
    pub until: Literal,
}

/// The rows that have changed since a moment: a condition on the column that says when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Since {
    /// The column that says when a row was last changed.
    pub by: Name,
    /// The moment.
    pub from: Literal,
}

impl Since {
    /// The condition for PostgreSQL; `column` is the quoted name of the column. A row that does not say when comes along, and is
    /// told as the bad row that it is.
    pub fn condition(&self, column: &str) -> String {
        let from = self.from.postgres();
        format!("({column} >= {from} OR {column} IS NULL)")
    }
}

impl Within {
    /// The condition for PostgreSQL, which a table's index or partitions answer; `column` is the quoted name of the column.
    pub fn condition(&self, column: &str) -> String {
        let (from, until) = (self.from.postgres(), self.until.postgres());
        format!("(({column} >= {from} AND {column} < {until}) OR {column} IS NULL)")
    }

    /// Which cells of the column are of the period; NULL is.
    pub fn mask(&self, cells: &ArrayRef) -> Result<BooleanArray, ArrowError> {
        let bound = |literal: &Literal| Scalar::new(literal.column(1));
        let (from, until) = (bound(&self.from), bound(&self.until));
        let inside = and(&gt_eq(cells, &from as &dyn Datum)?, &lt(cells, &until as &dyn Datum)?)?;
        or_kleene(&inside, &is_null(cells)?)
    }

    /// Whether every cell of the column is of the period.
    pub fn holds(&self, cells: &ArrayRef) -> bool {
        self.mask(cells).is_ok_and(|mask| mask.true_count() == cells.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Date32Array, TimestampMicrosecondArray};
    use std::sync::Arc;

    fn within(from: &str, until: &str, word: &str) -> Within {
        let read = |text: &str| Literal::read(word, text).expect("a literal");
        let day = "2026-03-29".parse().expect("a day");
        let by = Name::new("settlement_date").expect("a name");
        Within { by, period: Period::day(day), from: read(from), until: read(until) }
    }

    #[test]
    fn takes_the_first_moment_of_a_period_and_not_the_one_after_its_last() {
        // The clocks go forward: 23 hours.
        let day = within("2026-03-29T00:00:00Z", "2026-03-29T23:00:00Z", "timestamptz");
        let start = 1_774_742_400_000_000;
        let end = start + 23 * 3_600_000_000;
        let cells: ArrayRef = Arc::new(
            TimestampMicrosecondArray::from(vec![Some(start - 1), Some(start), Some(end - 1), Some(end), None])
                .with_timezone("UTC"),
        );
        let mask: Vec<bool> = day.mask(&cells).expect("a mask").iter().map(Option::unwrap_or_default).collect();
        assert_eq!(mask, [false, true, true, false, true]);
        assert!(day.holds(&cells.slice(1, 2)) && !day.holds(&cells));
    }

    #[test]
    fn compares_days_as_days() {
        let day = within("2026-03-29", "2026-03-30", "date");
        let cells: ArrayRef = Arc::new(Date32Array::from(vec![20_540, 20_541, 20_542]));
        let mask: Vec<Option<bool>> = day.mask(&cells).expect("a mask").iter().collect();
        assert_eq!(mask, [Some(false), Some(true), Some(false)]);
    }

    #[test]
    fn asks_for_rows_without_a_day_too() {
        let sql = within("2026-03-29", "2026-03-30", "date").condition("\"Day\"");
        assert_eq!(
            sql,
            "((\"Day\" >= ('2026-03-29'::pg_catalog.date) AND \"Day\" < ('2026-03-30'::pg_catalog.date)) OR \"Day\" IS NULL)"
        );
    }
}
