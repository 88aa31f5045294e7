//! Rows that a person may have to look at -> Parquet in the restricted store, through the same maker as every other row.

use super::cross::Crossed;
use super::open::Opened;
use crate::data::{Audience, Class, Column, ColumnType, Name, Treatment, beside};
use crate::failure::{Failure, Phase};
use crate::privacy::{ColumnTreatment, Keys, redact};
use crate::store::{Encoder, PartLimits, Parts, file_part};
use crate::{ending, store::StoreError};
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringViewArray};
use arrow::compute::concat_batches;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Files the rows that were set aside: their cells as text, with ordinal, column and fault. Gives the path.
pub async fn quarantine(crossed: &Crossed, run: &str, opened: &Opened) -> Result<Option<String>, Failure> {
    let Some((_, first)) = crossed.bad.first() else { return Ok(None) };
    let rows = concat_batches(&first.schema(), crossed.bad.iter().map(|(_, row)| row)).map_err(|_| shape())?;
    let schema = rows.schema();
    let named = |name: &str| beside(name, |name| schema.column_with_name(name).is_some());
    let about: [(&str, ArrayRef); 3] = [
        ("bad_row", Arc::new(Int64Array::from_iter_values(crossed.bad.iter().map(|(bad, _)| bad.ordinal as i64)))),
        (
            "bad_column",
            Arc::new(StringViewArray::from_iter_values(crossed.bad.iter().map(|(bad, _)| bad.column.as_str()))),
        ),
        (
            "bad_because",
            Arc::new(StringViewArray::from_iter_values(crossed.bad.iter().map(|(bad, _)| bad.fault.to_string()))),
        ),
    ];
    let cells = schema.fields().iter().zip(rows.columns()).map(|(field, cells)| (field.name().clone(), cells.clone()));
    let all = RecordBatch::try_from_iter_with_nullable(
        about
            .into_iter()
            .map(|(name, cells)| (named(name), cells))
            .chain(cells)
            .map(|(name, cells)| (name, cells, true)),
    );
    file(
        &all.map_err(|_| shape())?,
        &[(&named("bad_row"), ColumnType::Bigint)],
        &[],
        "quarantine",
        &crossed.name,
        run,
        opened,
    )
    .await
    .map(Some)
}

/// Files the rows in which extract and topic differ. Gives the path.
pub async fn differences(
    rows: &[RecordBatch],
    columns: &[Column],
    dataset: &Name,
    run: &str,
    opened: &Opened,
) -> Result<Option<String>, Failure> {
    let Some(first) = rows.first() else { return Ok(None) };
    let rows = concat_batches(&first.schema(), rows).map_err(|_| shape())?;
    file(&rows, &[], columns, "differences", dataset, run, opened).await.map(Some)
}

/// Columns are of their type in `columns` or `types`, and text otherwise.
async fn file(
    rows: &RecordBatch,
    types: &[(&str, ColumnType)],
    columns: &[Column],
    shelf: &str,
    dataset: &Name,
    run: &str,
    opened: &Opened,
) -> Result<String, Failure> {
    let schema = rows.schema();
    let shown = schema.fields().iter().filter_map(|field| {
        let known = columns.iter().find(|column| column.name.as_str() == field.name()).cloned();
        let named = || {
            let column_type =
                types.iter().find(|(name, _)| name == field.name()).map_or(ColumnType::Text, |(_, kind)| *kind);
            Some(plain(Name::new(field.name()).ok()?, column_type))
        };
        Some(ColumnTreatment { column: known.or_else(named)?, treatment: Treatment::Keep })
    });
    let shown: Vec<ColumnTreatment> = shown.collect();
    let redacted = redact(rows, &shown, Audience::Restricted, dataset, &Keys::none()).map_err(|_| shape())?;
    let failed = |error: StoreError| Failure::store(&error, Phase::Reconcile);
    let encoder = Encoder::new(&redacted, &shown, run, None).map_err(failed)?;
    let mut parts = Parts::new(&encoder, PartLimits { rows_max: u64::MAX, bytes_max: u64::MAX });
    parts.append(encoder.encode(&[redacted]).map_err(failed)?).map_err(failed)?;
    let part = parts.finish().map_err(failed)?.ok_or_else(shape)?;
    let shelf = Name::new(shelf).map_err(|_| shape())?;
    file_part(&opened.restricted, &shelf, run, 0, &part).await.map_err(failed)
}

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
