//! Rows that a person may have to look at -> Parquet in the restricted store, through the same policy and the same maker as
//! every other row.

use super::cross::Crossed;
use super::open::Opened;
use crate::data::{Audience, Class, Column, ColumnType, Name, Treatment};
use crate::failure::{Failure, Phase};
use crate::job::DatasetPlan;
use crate::privacy::{ColumnTreatment, redact};
use crate::store::{Encoder, PartLimits, Parts, file_part};
use crate::{ending, store::StoreError};
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringViewArray};
use arrow::compute::concat_batches;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The column that holds a bad row's place in the extract.
const BAD_ROW: &str = "bad_row";

/// Files the rows that were set aside: their cells as text, with ordinal, column and fault. Gives the path.
///
/// The cells are as they came, and may be of no type that a treatment takes: a column that `restricted` does not keep as it
/// is, is left out.
pub async fn quarantine(
    dataset: &DatasetPlan,
    crossed: &Crossed,
    run: &str,
    opened: &Opened,
) -> Result<Option<String>, Failure> {
    let Some((_, first)) = crossed.bad.first() else { return Ok(None) };
    let rows = concat_batches(&first.schema(), crossed.bad.iter().map(|(_, row)| row)).map_err(|_| shape())?;
    let about: [(&str, ArrayRef); 3] = [
        (BAD_ROW, Arc::new(Int64Array::from_iter_values(crossed.bad.iter().map(|(bad, _)| bad.ordinal as i64)))),
        (
            "bad_column",
            Arc::new(StringViewArray::from_iter_values(crossed.bad.iter().map(|(bad, _)| bad.column.as_str()))),
        ),
        (
            "bad_because",
            Arc::new(StringViewArray::from_iter_values(crossed.bad.iter().map(|(bad, _)| bad.fault.to_string()))),
        ),
    ];
    let schema = rows.schema();
    let cells = schema.fields().iter().zip(rows.columns()).map(|(field, cells)| (field.name().as_str(), cells.clone()));
    let all = RecordBatch::try_from_iter_with_nullable(
        about.into_iter().chain(cells).map(|(name, cells)| (name, cells, true)),
    );
    let all = all.map_err(|_| shape())?;
    let is_kept = |name: &str| {
        let shown = dataset.set_aside.iter().find(|shown| shown.column.name.as_str() == name);
        shown.is_none_or(|shown| shown.treatment == Treatment::Keep)
    };
    let schema = all.schema();
    let shown = schema.fields().iter().map(|field| field.name().as_str()).filter(|name| is_kept(name)).map(|name| {
        let column_type = if name == BAD_ROW { ColumnType::Bigint } else { ColumnType::Text };
        Some(ColumnTreatment { column: plain(Name::new(name).ok()?, column_type), treatment: Treatment::Keep })
    });
    let shown: Vec<ColumnTreatment> = shown.collect::<Option<_>>().ok_or_else(shape)?;
    file(&all, &shown, "quarantine", &dataset.name, run, opened).await.map(Some)
}

/// Files the rows in which extract and topic differ, treated for `restricted`. Gives the path.
pub async fn differences(
    rows: &[RecordBatch],
    dataset: &DatasetPlan,
    run: &str,
    opened: &Opened,
) -> Result<Option<String>, Failure> {
    let Some(first) = rows.first() else { return Ok(None) };
    let rows = concat_batches(&first.schema(), rows).map_err(|_| shape())?;
    let schema = rows.schema();
    let shown = schema.fields().iter().map(|field| {
        let planned = dataset.set_aside.iter().find(|shown| shown.column.name.as_str() == field.name()).cloned();
        let ours = || {
            let column = plain(Name::new(field.name()).ok()?, ColumnType::Text);
            Some(ColumnTreatment { column, treatment: Treatment::Keep })
        };
        planned.or_else(ours)
    });
    let shown: Vec<ColumnTreatment> = shown.collect::<Option<_>>().ok_or_else(shape)?;
    file(&rows, &shown, "differences", &dataset.name, run, opened).await.map(Some)
}

async fn file(
    rows: &RecordBatch,
    shown: &[ColumnTreatment],
    shelf: &str,
    dataset: &Name,
    run: &str,
    opened: &Opened,
) -> Result<String, Failure> {
    let redacted = redact(rows, shown, Audience::Restricted, dataset, &opened.keys).map_err(|_| shape())?;
    let failed = |error: StoreError| Failure::store(&error, Phase::Reconcile);
    let encoder = Encoder::new(&redacted, shown, run, None).map_err(failed)?;
    let mut parts = Parts::new(&encoder, PartLimits { rows_max: u64::MAX, bytes_max: u64::MAX });
    parts.append(encoder.encode(&[redacted]).map_err(failed)?).map_err(failed)?;
    let part = parts.finish().map_err(failed)?.ok_or_else(shape)?;
    let shelf = Name::new(shelf).map_err(|_| shape())?;
    file_part(&opened.restricted, &shelf, run, 0, &part).await.map_err(failed)
}

/// A column of ours, that says why a row is there.
fn plain(name: Name, column_type: ColumnType) -> Column {
    Column {
        source: vec![name.to_string()],
        name,
        column_type,
        class: Class::Open,
        kind: None,
        nullable: true,
        unit: None,
        description: None,
        references: None,
        treat: BTreeMap::new(),
    }
}

fn shape() -> Failure {
    Failure::new(ending::COMPARISON_ERROR, Phase::Reconcile, "rows that were set aside do not fit together")
}
