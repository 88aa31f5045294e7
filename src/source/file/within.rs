//! The rows of one period, out of files that hold more: what a database's `WHERE` does.
//!
//! A row whose day cannot be read stays: nobody knows that it is of another period, and it is told as the bad row that it is.
//!
//! Never in here: the author's own conditions (`sql`).

use crate::data::conform::conform;
use crate::data::{Column, Extract, Within};
use crate::format::FormatFault;
use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;

/// A period, and where its column stands among those of an extract.
#[derive(Clone)]
pub struct OfPeriod {
    within: Within,
    place: usize,
    /// Read without regard to NULLs: they are told later.
    column: Column,
}

impl OfPeriod {
    /// The period that `extract` asks for; `None` when it asks for all rows.
    pub fn of(extract: &Extract) -> Option<Self> {
        let within = extract.within.clone()?;
        let place = extract.columns.iter().position(|column| *column == within.by)?;
        let column = Column { nullable: true, ..extract.schema.column(within.by.as_str())?.clone() };
        Some(OfPeriod { within, place, column })
    }

    /// The rows of the period, of `rows` with the extract's columns.
    pub fn of_these(&self, rows: &RecordBatch) -> Result<RecordBatch, FormatFault> {
        let lost = || FormatFault::new("has a column of days that cannot be compared with a period");
        let cells = rows.column(self.place).clone();
        let one = RecordBatch::try_from_iter_with_nullable([(self.column.name.as_str(), cells, true)]);
        let read = conform(&one.map_err(|_| lost())?, &[&self.column], 0, Vec::new()).map_err(|_| lost())?;
        let inside = self.within.mask(read.rows.column(0)).map_err(|_| lost())?;
        let mut bad = read.bad.iter().map(|bad| bad.ordinal).peekable();
        let mut inside = inside.iter();
        let keep = (0..rows.num_rows() as u64).map(|row| match bad.next_if_eq(&row) {
            Some(_) => true,
            None => inside.next().flatten().unwrap_or(true),
        });
        filter_record_batch(rows, &keep.map(Some).collect::<BooleanArray>()).map_err(|_| lost())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Class, ColumnType, Literal, Name, OnNewColumn, Period, Rows, Schema, TableName};
    use arrow::array::{AsArray, StringViewArray};
    use std::collections::BTreeMap;
    use std::sync::Arc;

    #[test]
    fn keeps_the_rows_of_the_period_and_those_whose_day_nobody_can_read() {
        let name = |text: &str| Name::new(text).expect("a name");
        let column = Column {
            name: name("day"),
            column_type: ColumnType::Date,
            class: Class::Open,
            kind: None,
            source: vec!["Day".into()],
            beyond: crate::data::Beyond::Error,
            nullable: false,
            unit: None,
            description: None,
            references: None,
            treat: BTreeMap::new(),
            not_personal: BTreeMap::new(),
        };
        let schema = Schema {
            name: name("thing"),
            description: String::new(),
            key: vec![name("day")],
            on_new_column: OnNewColumn::Stop,
            suppress_rows: Default::default(),
            risk: Default::default(),
            small_cells: Default::default(),
            columns: vec![column],
        };
        let day: chrono::NaiveDate = "2026-10-25".parse().expect("a day");
        let within = Within {
            by: name("day"),
            period: Period::day(day),
            from: Literal::Date(day),
            until: Literal::Date(Period::day(day).until()),
        };
        let extract = Extract {
            dataset: name("thing"),
            rows: Rows::Table { table: TableName { schema: "a".into(), table: "b".into() }, filter: None },
            within: Some(within),
            since: None,
            schema: Arc::new(schema),
            columns: vec![name("day")],
            batch_rows_max: 10,
        };
        let cells = [Some("2026-10-24"), Some("2026-10-25"), Some("soon"), None, Some("2026-10-26")];
        let rows = RecordBatch::try_from_iter([("Day", Arc::new(StringViewArray::from_iter(cells)) as _)]);
        let kept = OfPeriod::of(&extract).expect("a period").of_these(&rows.expect("rows")).expect("rows");
        let kept: Vec<Option<&str>> = kept.column(0).as_string_view().iter().collect();
        assert_eq!(kept, [Some("2026-10-25"), Some("soon"), None]);
    }
}
