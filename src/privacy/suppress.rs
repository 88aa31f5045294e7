//! Rows that an audience does not see, by what they were before treatment.
//!
//! Never in here: why a row is left out; that is the schema's.

use super::redact::{ColumnTreatment, RedactFault};
use crate::data::cell::CellBuilder;
use crate::data::{ColumnType, Form, RowCondition, RowTest};
use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, Scalar};
use arrow::buffer::BooleanBuffer;
use arrow::compute::kernels::cmp::{eq, gt_eq, lt};

/// Why a condition cannot be asked of a type: what it takes.
pub fn condition_refusal(test: &RowTest, column_type: ColumnType) -> Option<&'static str> {
    let is_number = matches!(
        column_type,
        ColumnType::Smallint
            | ColumnType::Integer
            | ColumnType::Bigint
            | ColumnType::Numeric { .. }
            | ColumnType::Real
            | ColumnType::Double
    );
    let is_dated = matches!(column_type, ColumnType::Date | ColumnType::Timestamp | ColumnType::Timestamptz);
    let is_varied = matches!(column_type, ColumnType::Json | ColumnType::Jsonb | ColumnType::Bytea)
        || matches!(column_type, ColumnType::Printed(printed) if printed.form() == Form::Varied);
    if test.is_of_order() && !is_number && !is_dated {
        return Some("`under` and `from` take numbers, dates and timestamps");
    }
    if is_varied && *test != RowTest::Null {
        return Some("equal values of it may be written in several ways: ask for `null`, or of another column");
    }
    if matches!(test, RowTest::Is(values) | RowTest::IsNot(values) if values.is_empty()) {
        return Some("it names one value at least");
    }
    cells(test, column_type).is_none().then_some("its values are texts of the column's type, in quotes")
}

/// The rows of which any of `conditions` holds; `columns` are those of the rows.
pub fn suppressed(
    rows: &RecordBatch,
    columns: &[ColumnTreatment],
    conditions: &[RowCondition],
) -> Result<BooleanArray, RedactFault> {
    let mut any = BooleanBuffer::new_unset(rows.num_rows());
    for condition in conditions {
        let missing = || RedactFault::Missing(condition.column.to_string());
        let column = columns.iter().map(|shown| &shown.column).find(|column| column.name == condition.column);
        let column = column.ok_or_else(missing)?;
        let values = rows.column_by_name(column.name.as_str()).ok_or_else(missing)?;
        any = &any | &holds(values, column.column_type, &condition.test).ok_or_else(missing)?;
    }
    Ok(BooleanArray::new(any, None))
}

fn holds(values: &ArrayRef, column_type: ColumnType, test: &RowTest) -> Option<BooleanBuffer> {
    let valid = match values.logical_nulls() {
        Some(nulls) => nulls.inner().clone(),
        None => BooleanBuffer::new_set(values.len()),
    };
    let asked = |compared: BooleanArray| &valid & compared.values();
    let cells = cells(test, column_type)?;
    Some(match (test, cells.as_slice()) {
        (RowTest::Null, _) => !&valid,
        (RowTest::Under(_), [edge]) => asked(lt(values, &Scalar::new(edge)).ok()?),
        (RowTest::From(_), [edge]) => asked(gt_eq(values, &Scalar::new(edge)).ok()?),
        (RowTest::Is(_) | RowTest::IsNot(_), named) => {
            let mut is_one = BooleanBuffer::new_unset(values.len());
            for cell in named {
                is_one = &is_one | &asked(eq(values, &Scalar::new(cell)).ok()?);
            }
            if matches!(test, RowTest::Is(_)) { is_one } else { &valid & &!&is_one }
        }
        _ => return None,
    })
}

/// The values that are named, a cell each.
fn cells(test: &RowTest, column_type: ColumnType) -> Option<Vec<ArrayRef>> {
    let cell = |text: &String| {
        let mut cell = CellBuilder::new(column_type, 1);
        cell.push_text(text).ok()?;
        Some(cell.finish())
    };
    test.values().iter().map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Column, Name, Treatment};
    use arrow::array::{BooleanArray, Date32Array, Int64Array, StringViewArray};
    use std::sync::Arc;

    fn left_out(values: ArrayRef, declared: &str, test: RowTest) -> Vec<bool> {
        let (name, declared) = (Name::new("c").expect("a name"), ColumnType::parse(declared).expect("a type"));
        assert_eq!(condition_refusal(&test, declared), None);
        let columns = [ColumnTreatment { column: Column::plain(name.clone(), declared), treatment: Treatment::Drop }];
        let rows = RecordBatch::try_from_iter([("c", values)]).expect("rows");
        let found = suppressed(&rows, &columns, &[RowCondition { column: name, test }]).expect("a mask");
        found.values().iter().collect()
    }

    #[test]
    fn finds_the_rows_and_of_null_nothing_holds_but_that_it_is() {
        let texts: ArrayRef = Arc::new(StringViewArray::from(vec![Some("draft"), None, Some("sent"), Some("")]));
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let text = |test| left_out(Arc::clone(&texts), "text", test);
        assert_eq!(text(RowTest::Is(words(&["draft", "sealed"]))), [true, false, false, false]);
        assert_eq!(text(RowTest::IsNot(words(&["sent"]))), [true, false, false, true]);
        assert_eq!(text(RowTest::Null), [false, true, false, false]);
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(17), Some(18), None]));
        assert_eq!(left_out(Arc::clone(&numbers), "bigint", RowTest::Under("18".into())), [true, false, false]);
        assert_eq!(left_out(numbers, "bigint", RowTest::From("18".into())), [false, true, false]);
        let days: ArrayRef = Arc::new(Date32Array::from(vec![Some(0), Some(1)]));
        assert_eq!(left_out(days, "date", RowTest::From("1970-01-02".into())), [false, true]);
        let truths: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]));
        assert_eq!(left_out(truths, "boolean", RowTest::Is(words(&["true"]))), [true, false, false]);
    }

    #[test]
    fn refuses_what_cannot_be_asked() {
        let refused = |test: RowTest, declared: &str| {
            condition_refusal(&test, ColumnType::parse(declared).expect("a type")).is_some()
        };
        assert!(refused(RowTest::Under("a".into()), "text"));
        assert!(refused(RowTest::Under("a".into()), "bigint"));
        assert!(refused(RowTest::Is(vec!["{}".into()]), "jsonb"));
        assert!(refused(RowTest::Is(Vec::new()), "text"));
        assert!(!refused(RowTest::Null, "jsonb"));
    }
}
