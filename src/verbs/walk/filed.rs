//! Rows that a person may have to look at -> Parquet in the restricted store, through the same policy and the same maker as
//! every other row. Those of people who are to be forgotten are not filed.

use super::crossed::Crossed;
use super::open::Opened;
use crate::data::scratch::ScratchFault;
use crate::data::{Audience, Batch, Column, ColumnType, Name, Treatment, beside};
use crate::failure::{Failure, Phase};
use crate::job::{DatasetPlan, Plan};
use crate::privacy::{ColumnTreatment, redact};
use crate::store::{Encoder, Part, PartLimits, Parts, file_part};
use crate::{ending, store::StoreError};
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringViewArray};
use arrow::compute::concat_batches;
use arrow::datatypes::DataType;
use std::sync::Arc;

/// The bad rows of a batch: ordinal, column and fault, then their cells as text.
pub fn with_reasons(batch: &Batch) -> Result<RecordBatch, Failure> {
    let bad = || batch.bad.iter();
    let schema = batch.bad_rows.schema();
    let named = |name: &str| beside(name, |name| schema.column_with_name(name).is_some());
    let about: [(&str, ArrayRef); 3] = [
        ("bad_row", Arc::new(Int64Array::from_iter_values(bad().map(|bad| bad.ordinal as i64)))),
        ("bad_column", Arc::new(StringViewArray::from_iter_values(bad().map(|bad| bad.column.as_str())))),
        ("bad_because", Arc::new(StringViewArray::from_iter_values(bad().map(|bad| bad.fault.to_string())))),
    ];
    let about = about.into_iter().map(|(name, cells)| (named(name), cells));
    let cells = schema.fields().iter().map(|field| field.name().clone()).zip(batch.bad_rows.columns().iter().cloned());
    let all = about.chain(cells).map(|(name, cells)| (name, cells, true));
    RecordBatch::try_from_iter_with_nullable(all).map_err(|_| shape())
}

/// Files every row that was set aside. Gives the path of the file, or of its folder where there are several.
///
/// The cells are as they came, and may be of no type that a treatment takes: a column that `restricted` does not keep as it
/// is, is left out.
pub async fn quarantine(
    plan: &Plan,
    dataset: &DatasetPlan,
    crossed: &Crossed,
    run: &str,
    opened: &Opened,
) -> Result<Option<String>, Failure> {
    let no_room = |fault: ScratchFault| Failure::new(ending::DISK, Phase::Extract, fault.to_string());
    let Some(first) = crossed.bad.iter().next() else { return Ok(None) };
    let schema = first.map_err(no_room)?.schema();
    // As it came, a value may be written so that nobody can tell whose it is: then the row's place and its fault are all that is told.
    let may_be_theirs = opened.may_hold_forgotten(dataset);
    let is_kept = |name: &str| {
        let shown = dataset.set_aside.iter().find(|shown| shown.column.name.as_str() == name);
        shown.is_none_or(|shown| shown.treatment == Treatment::Keep && !may_be_theirs)
    };
    let shown = schema.fields().iter().map(|field| field.name().as_str()).filter(|name| is_kept(name)).map(|name| {
        // Of ours the first is the row's place in the extract.
        let column_type = if name == schema.field(0).name() { ColumnType::Bigint } else { ColumnType::Text };
        Some(ColumnTreatment { column: Column::plain(Name::new(name).ok()?, column_type), treatment: Treatment::Keep })
    });
    let shown: Vec<ColumnTreatment> = shown.collect::<Option<_>>().ok_or_else(shape)?;
    let limits = PartLimits { rows_max: plan.limits.part_rows_max as u64, bytes_max: plan.limits.part_bytes_max };
    let filing = Filing { shelf: "quarantine", list: "part", dataset, run, opened, limits };
    let paths = file(crossed.bad.iter().map(|rows| rows.map_err(no_room)), &shown, &filing).await?;
    Ok(match paths.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        [first, ..] => first.rsplit_once('/').map(|(folder, _)| folder.to_owned()),
    })
}

/// Files rows that break the dataset's checks, treated for `restricted`. Gives the path.
pub async fn breaches(
    rows: &[RecordBatch],
    dataset: &DatasetPlan,
    run: &str,
    opened: &Opened,
) -> Result<Option<String>, Failure> {
    together("breaches", rows, dataset, run, opened).await
}

/// Files few rows in one file: columns of the dataset, treated, and columns of ours, of text or whole numbers.
async fn together(
    shelf: &str,
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
        let planned = planned.map(|shown| as_compared(shown, field.data_type()));
        let ours = || {
            let is_whole = *field.data_type() == DataType::Int64;
            let column_type = if is_whole { ColumnType::Bigint } else { ColumnType::Text };
            let column = Column::plain(Name::new(field.name()).ok()?, column_type);
            Some(ColumnTreatment { column, treatment: Treatment::Keep })
        };
        planned.or_else(ours)
    });
    let shown: Vec<ColumnTreatment> = shown.collect::<Option<_>>().ok_or_else(shape)?;
    // There are at most `ROWS_MAX` of a check: one file.
    let limits = PartLimits { rows_max: u64::MAX, bytes_max: u64::MAX };
    let filing = Filing { shelf, list: "part", dataset, run, opened, limits };
    Ok(file(std::iter::once(Ok(rows)), &shown, &filing).await?.into_iter().next())
}

/// Of a column that was compared as the topic's dump has it, treated: that, where people may see the column at all.
pub fn as_compared(shown: ColumnTreatment, as_is: &DataType) -> ColumnTreatment {
    if shown.column.column_type.arrow() == *as_is {
        return shown;
    }
    let treatment = if shown.treatment == Treatment::Keep { Treatment::Keep } else { Treatment::Drop };
    ColumnTreatment { column: Column { column_type: ColumnType::Text, ..shown.column }, treatment }
}

/// Where rows are filed, and in files of which size.
pub struct Filing<'a> {
    pub shelf: &'a str,
    pub list: &'a str,
    pub dataset: &'a DatasetPlan,
    pub run: &'a str,
    pub opened: &'a Opened,
    pub limits: PartLimits,
}

/// Treats, encodes and files rows, a batch at a time. Gives the paths of the files.
pub async fn file(
    rows: impl Iterator<Item = Result<RecordBatch, Failure>>,
    shown: &[ColumnTreatment],
    filing: &Filing<'_>,
) -> Result<Vec<String>, Failure> {
    let Filing { dataset, run, opened, .. } = *filing;
    let failed = |error: StoreError| Failure::store(&error, Phase::Reconcile);
    let name = |name: &str| Name::new(name).map_err(|_| shape());
    let (shelf, list) = (name(filing.shelf)?, name(filing.list)?);
    let filed = async |number: usize, part: Part| {
        let path = file_part(&opened.restricted, [&shelf, &list], run, number as u32, &part).await.map_err(failed)?;
        opened.has_filed(&path);
        Ok::<_, Failure>(path)
    };
    opened.restricted.claim(&opened.stamp).await.map_err(failed)?;
    let mut parts: Option<(Encoder, Parts)> = None;
    let mut paths: Vec<String> = Vec::new();
    for rows in rows {
        let rows = others(&rows?, dataset, opened)?;
        if rows.num_rows() == 0 {
            continue;
        }
        let redacted = redact(&rows, shown, Audience::Restricted, &dataset.name, &opened.keys).map_err(|_| shape())?;
        let (encoder, parts) = match &mut parts {
            Some(begun) => begun,
            None => {
                let encoder = Encoder::new(&redacted, shown, run, None).map_err(failed)?;
                let empty = Parts::new(&encoder, filing.limits);
                parts.insert((encoder, empty))
            }
        };
        if let Some(part) = parts.append(encoder.encode(&[redacted]).map_err(failed)?).map_err(failed)? {
            paths.push(filed(paths.len(), part).await?);
        }
    }
    let last = parts.map(|(_, parts)| parts.finish()).transpose().map_err(failed)?.flatten();
    if let Some(part) = last {
        paths.push(filed(paths.len(), part).await?);
    }
    Ok(paths)
}

/// The rows that are not of people who are to be forgotten; none where a column that would tell is not among theirs. What is filed may
/// be text, whatever the column is.
fn others(rows: &RecordBatch, dataset: &DatasetPlan, opened: &Opened) -> Result<RecordBatch, Failure> {
    let mut asked = opened.forgotten.columns(&dataset.schema.columns);
    if asked.any(|column| rows.column_by_name(column.name.as_str()).is_none()) {
        return Ok(rows.slice(0, 0));
    }
    let as_filed = |column: &Column| {
        let field = rows.schema().column_with_name(column.name.as_str()).map(|(_, field)| field.data_type().clone());
        let is_text = field.as_ref() == Some(&DataType::Utf8View);
        if is_text { Column { column_type: ColumnType::Text, ..column.clone() } } else { column.clone() }
    };
    let columns: Vec<Column> = dataset.schema.columns.iter().map(as_filed).collect();
    let others = opened.forgotten.others(rows, &columns);
    others.map_err(|fault| Failure::new(ending::FORGETS_NOT, Phase::Redact, fault.to_string()))
}

/// Rows that do not fit together: a fault of ours.
pub fn shape() -> Failure {
    Failure::new(ending::COMPARISON_ERROR, Phase::Reconcile, "rows that were set aside do not fit together")
}
