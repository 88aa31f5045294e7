//! A batch as it came -> the schema's columns and types; rows that do not fit are set aside.
//!
//! Takes columns that are of their type already, text, and the Arrow types that other writers choose for the same
//! values (wider integers, other decimals, other units of time). Nothing is rounded: a value that would change makes a
//! bad row. Never in here: what happens to bad rows.

use super::cell::{CellBuilder, checked_text, rescaled};
use super::{BadRow, Batch, Beyond, Column, ColumnType, Name, RowFault};
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, RecordBatch, RecordBatchOptions, StringViewArray, StringViewBuilder,
    new_null_array,
};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Decimal128Type, Field, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, Schema, Time32MillisecondType, Time32SecondType, Time64MicrosecondType, Time64NanosecondType, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use std::collections::BTreeMap;
use std::sync::Arc;

const DAY_MICROS: i64 = 86_400_000_000;

/// A column whose Arrow type no reading makes into the declared one: the source's type has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column `{column}` comes as {found}, the schema says {declared}")]
pub struct TypeDrift {
    /// The column.
    pub column: String,
    /// The Arrow type that came.
    pub found: String,
    /// The declared type.
    pub declared: String,
}

/// The cells of `raw` that take more than `bytes_max` bytes: row, column, and that they are too [`Large`](RowFault::Large).
pub fn oversized(raw: &RecordBatch, bytes_max: usize) -> Vec<(usize, usize, RowFault)> {
    let mut found = Vec::new();
    for (index, cells) in raw.columns().iter().enumerate() {
        let bytes = |row: usize| match cells.data_type() {
            DataType::Utf8View => cells.as_string_view().value(row).len(),
            DataType::BinaryView => cells.as_binary_view().value(row).len(),
            DataType::Utf8 => cells.as_string::<i32>().value(row).len(),
            DataType::LargeUtf8 => cells.as_string::<i64>().value(row).len(),
            DataType::Binary => cells.as_binary::<i32>().value(row).len(),
            DataType::LargeBinary => cells.as_binary::<i64>().value(row).len(),
            _ => 0,
        };
        // Most columns are smaller as a whole, or say in their views that no cell is larger.
        let is_larger = |view: &u128| *view as u32 as usize > bytes_max;
        let may_hold = cells.get_buffer_memory_size() > bytes_max
            && match cells.data_type() {
                DataType::Utf8View => cells.as_string_view().views().iter().any(is_larger),
                DataType::BinaryView => cells.as_binary_view().views().iter().any(is_larger),
                _ => true,
            };
        if may_hold {
            let rows = (0..cells.len()).filter(|row| cells.is_valid(*row) && bytes(*row) > bytes_max);
            found.extend(rows.map(|row| (row, index, RowFault::Large)));
        }
    }
    found
}

/// Reads `raw` (the columns of `columns`, in that order) as the schema says. `first_ordinal` is the ordinal of its first
/// row in the extract; `faults` are rows that the reader found wanting already.
pub fn conform(
    raw: &RecordBatch,
    columns: &[&Column],
    first_ordinal: u64,
    faults: Vec<(usize, usize, RowFault)>,
) -> Result<Batch, TypeDrift> {
    let mut found = faults;
    let mut good = Vec::with_capacity(columns.len());
    for (index, column) in columns.iter().enumerate() {
        let cells = read(raw.column(index), column.column_type, index, &mut found).ok_or_else(|| TypeDrift {
            column: column.name.to_string(),
            found: raw.column(index).data_type().to_string(),
            declared: column.column_type.to_string(),
        })?;
        if !column.nullable && raw.column(index).null_count() > 0 {
            let nulls = (0..raw.num_rows()).filter(|row| raw.column(index).is_null(*row));
            found.extend(nulls.map(|row| (row, index, RowFault::Null)));
        }
        good.push(cells);
    }
    let fields = columns.iter().map(|column| Field::new(column.name.as_str(), column.column_type.arrow(), true));
    let rows = batch(Arc::new(Schema::new(fields.collect::<Vec<_>>())), good, raw.num_rows(), columns)?;
    let is_nulled = |(_, index, fault): &(usize, usize, RowFault)| {
        *fault == RowFault::Range && columns[*index].beyond == Beyond::Null
    };
    let (beyond, mut found): (Vec<_>, Vec<_>) = found.into_iter().partition(is_nulled);
    if found.is_empty() {
        let bad_rows = texts(raw, columns, &[])?;
        return Ok(Batch { rows, bad: Vec::new(), bad_rows, nulled: counted(&beyond, columns, |_| true) });
    }
    // A fault that the reader told stands before the NULL it left in the cell.
    found.sort_by_key(|(row, column, fault)| (*row, *column, matches!(fault, RowFault::Null)));
    found.dedup_by_key(|(row, _, _)| *row);
    let mut keep = vec![true; raw.num_rows()];
    found.iter().for_each(|(row, _, _)| keep[*row] = false);
    let nulled = counted(&beyond, columns, |row| keep[row]);
    let rows = filter_record_batch(&rows, &BooleanArray::from(keep)).map_err(|_| shape(columns))?;
    let bad = found.iter().map(|(row, index, fault)| BadRow {
        ordinal: first_ordinal + *row as u64,
        column: columns[*index].name.clone(),
        fault: *fault,
    });
    let places: Vec<usize> = found.iter().map(|(row, _, _)| *row).collect();
    Ok(Batch { rows, bad: bad.collect(), bad_rows: texts(raw, columns, &places)?, nulled })
}

/// The cells that became NULL, by column, of the rows that are kept.
fn counted(beyond: &Faults, columns: &[&Column], is_kept: impl Fn(usize) -> bool) -> BTreeMap<Name, u64> {
    let mut counts = BTreeMap::new();
    for (_, index, _) in beyond.iter().filter(|(row, ..)| is_kept(*row)) {
        *counts.entry(columns[*index].name.clone()).or_default() += 1;
    }
    counts
}

fn batch(
    schema: Arc<Schema>,
    columns: Vec<ArrayRef>,
    rows: usize,
    wanted: &[&Column],
) -> Result<RecordBatch, TypeDrift> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema, columns, &options).map_err(|_| shape(wanted))
}

/// Columns that do not fit together at all: the reader's fault, told as the first column's.
fn shape(columns: &[&Column]) -> TypeDrift {
    TypeDrift {
        column: columns.first().map(|column| column.name.to_string()).unwrap_or_default(),
        found: "columns of other lengths".into(),
        declared: "one length".into(),
    }
}

/// The cells at `rows`, every column as text.
fn texts(raw: &RecordBatch, columns: &[&Column], rows: &[usize]) -> Result<RecordBatch, TypeDrift> {
    let fields = columns.iter().map(|column| Field::new(column.name.as_str(), DataType::Utf8View, true));
    let options = FormatOptions::default();
    let built = raw.columns().iter().take(columns.len()).map(|cells| -> ArrayRef {
        let Ok(formatter) = ArrayFormatter::try_new(cells.as_ref(), &options) else {
            return new_null_array(&DataType::Utf8View, rows.len());
        };
        let text = |row: &usize| (!cells.is_null(*row)).then(|| formatter.value(*row).try_to_string().ok()).flatten();
        Arc::new(rows.iter().map(text).collect::<StringViewArray>())
    });
    batch(Arc::new(Schema::new(fields.collect::<Vec<_>>())), built.collect(), rows.len(), columns)
}

type Faults = Vec<(usize, usize, RowFault)>;

/// The column in its declared type; a cell that does not fit becomes NULL and a fault. `None` when the types have nothing
/// to do with each other.
fn read(cells: &ArrayRef, column_type: ColumnType, index: usize, faults: &mut Faults) -> Option<ArrayRef> {
    let declared = column_type.arrow();
    if *cells.data_type() == declared && (!needs_a_look(column_type) || is_all_canonical(cells, column_type)) {
        return Some(Arc::clone(cells));
    }
    let mut built = CellBuilder::new(column_type, cells.len());
    let mut push = |row: usize, pushed: Result<(), RowFault>, built: &mut CellBuilder| {
        if let Err(fault) = pushed {
            built.push_null();
            faults.push((row, index, fault));
        }
    };
    macro_rules! each {
        ($cells:expr, |$cell:ident, $to:ident| $pushed:expr) => {{
            for (row, cell) in $cells.iter().enumerate() {
                match cell {
                    Some($cell) => {
                        let $to = &mut built;
                        let pushed = $pushed;
                        push(row, pushed, &mut built);
                    }
                    None => built.push_null(),
                }
            }
        }};
    }
    match cells.data_type() {
        DataType::Utf8View if is_textual(column_type) => {
            return Some(look_through(cells.as_string_view(), column_type, index, faults));
        }
        DataType::Utf8View => each!(cells.as_string_view(), |cell, to| to.push_text(cell)),
        DataType::Utf8 => each!(cells.as_string::<i32>(), |cell, to| to.push_text(cell)),
        DataType::LargeUtf8 => each!(cells.as_string::<i64>(), |cell, to| to.push_text(cell)),
        DataType::Null => (0..cells.len()).for_each(|_| built.push_null()),
        DataType::Boolean if column_type == ColumnType::Boolean => return Some(Arc::clone(cells)),
        DataType::Int8 if is_number(column_type) => {
            each!(cells.as_primitive::<Int8Type>(), |n, to| to.push_whole(n.into()))
        }
        DataType::Int16 if is_number(column_type) => {
            each!(cells.as_primitive::<Int16Type>(), |n, to| to.push_whole(n.into()))
        }
        DataType::Int32 if is_number(column_type) => {
            each!(cells.as_primitive::<Int32Type>(), |n, to| to.push_whole(n.into()))
        }
        DataType::Int64 if is_number(column_type) => each!(cells.as_primitive::<Int64Type>(), |n, to| to.push_whole(n)),
        DataType::UInt8 if is_number(column_type) => {
            each!(cells.as_primitive::<UInt8Type>(), |n, to| to.push_whole(n.into()))
        }
        DataType::UInt16 if is_number(column_type) => {
            each!(cells.as_primitive::<UInt16Type>(), |n, to| to.push_whole(n.into()))
        }
        DataType::UInt32 if is_number(column_type) => {
            each!(cells.as_primitive::<UInt32Type>(), |n, to| to.push_whole(n.into()))
        }
        DataType::UInt64 if is_number(column_type) => {
            each!(cells.as_primitive::<UInt64Type>(), |n, to| i64::try_from(n)
                .map_err(|_| RowFault::Range)
                .and_then(|n| to.push_whole(n)))
        }
        DataType::Decimal128(_, scale) => {
            let scale = i32::from(*scale);
            match column_type {
                ColumnType::Numeric { .. } => {
                    each!(cells.as_primitive::<Decimal128Type>(), |n, to| to.push_decimal(n, scale))
                }
                ColumnType::Smallint | ColumnType::Integer | ColumnType::Bigint => {
                    each!(cells.as_primitive::<Decimal128Type>(), |n, to| rescaled(n, scale, 38, 0)
                        .and_then(|n| i64::try_from(n).map_err(|_| RowFault::Range))
                        .and_then(|n| to.push_whole(n)))
                }
                _ => return None,
            }
        }
        DataType::Float32 if column_type == ColumnType::Double => {
            let wider = cells.as_primitive::<Float32Type>().unary::<_, Float64Type>(f64::from);
            return Some(Arc::new(wider));
        }
        DataType::Float64 if column_type == ColumnType::Real => {
            // A real read through a double is the same number when it comes back the same.
            each!(cells.as_primitive::<Float64Type>(), |n, to| {
                let narrow = n as f32;
                let same = f64::from(narrow) == n || n.is_nan();
                if same { to.push_text(&narrow.to_string()) } else { Err(RowFault::Range) }
            })
        }
        DataType::Date64 if column_type == ColumnType::Date => {
            each!(cells.as_primitive::<Date64Type>(), |ms, to| midnight(ms.checked_mul(1000))
                .and_then(|day| to.push_whole(day)))
        }
        DataType::Date32 if matches!(column_type, ColumnType::Timestamp) => {
            each!(cells.as_primitive::<Date32Type>(), |day, to| i64::from(day)
                .checked_mul(DAY_MICROS)
                .ok_or(RowFault::Range)
                .and_then(|micros| to.push_whole(micros)))
        }
        DataType::Time32(TimeUnit::Second) if column_type == ColumnType::Time => {
            each!(cells.as_primitive::<Time32SecondType>(), |t, to| to.push_whole(i64::from(t) * 1_000_000))
        }
        DataType::Time32(TimeUnit::Millisecond) if column_type == ColumnType::Time => {
            each!(cells.as_primitive::<Time32MillisecondType>(), |t, to| to.push_whole(i64::from(t) * 1_000))
        }
        DataType::Time64(TimeUnit::Microsecond) if column_type == ColumnType::Time => {
            each!(cells.as_primitive::<Time64MicrosecondType>(), |t, to| to.push_whole(t))
        }
        DataType::Time64(TimeUnit::Nanosecond) if column_type == ColumnType::Time => {
            each!(cells.as_primitive::<Time64NanosecondType>(), |t, to| nanos(t).and_then(|t| to.push_whole(t)))
        }
        DataType::Timestamp(unit, zone) => {
            // A zone-less moment is no timestamptz: which zone it means cannot be known here.
            let fits = match column_type {
                ColumnType::Timestamptz => zone.is_some(),
                ColumnType::Timestamp | ColumnType::Date => zone.is_none(),
                _ => false,
            };
            if !fits {
                return None;
            }
            let place = |micros: Result<i64, RowFault>, to: &mut CellBuilder| match column_type {
                ColumnType::Date => micros.and_then(|micros| midnight(Some(micros))).and_then(|day| to.push_whole(day)),
                _ => micros.and_then(|micros| to.push_whole(micros)),
            };
            let wide = |number: i64, by: i64| number.checked_mul(by).ok_or(RowFault::Range);
            match unit {
                TimeUnit::Second => {
                    each!(cells.as_primitive::<TimestampSecondType>(), |t, to| place(wide(t, 1_000_000), to))
                }
                TimeUnit::Millisecond => {
                    each!(cells.as_primitive::<TimestampMillisecondType>(), |t, to| place(wide(t, 1_000), to))
                }
                TimeUnit::Microsecond => {
                    each!(cells.as_primitive::<TimestampMicrosecondType>(), |t, to| place(Ok(t), to))
                }
                TimeUnit::Nanosecond => {
                    each!(cells.as_primitive::<TimestampNanosecondType>(), |t, to| place(nanos(t), to))
                }
            }
        }
        DataType::Binary if column_type == ColumnType::Bytea => {
            each!(cells.as_binary::<i32>(), |bytes, to| to.push_bytes(bytes))
        }
        DataType::LargeBinary if column_type == ColumnType::Bytea => {
            each!(cells.as_binary::<i64>(), |bytes, to| to.push_bytes(bytes))
        }
        DataType::FixedSizeBinary(16) if column_type == ColumnType::Uuid => {
            each!(cells.as_fixed_size_binary(), |bytes, to| uuid::Uuid::from_slice(bytes)
                .map_err(|_| RowFault::Type)
                .and_then(|uuid| to.push_text(&uuid.to_string())))
        }
        _ => return None,
    }
    Some(built.finish())
}

/// Text of the right Arrow type whose length or form the type still limits.
fn needs_a_look(column_type: ColumnType) -> bool {
    matches!(
        column_type,
        ColumnType::Varchar(_)
            | ColumnType::Char(_)
            | ColumnType::Json
            | ColumnType::Jsonb
            | ColumnType::Uuid
            | ColumnType::Printed(_)
    )
}

/// Whether these are UUIDs as they are carried: what a database gives needs no second writing.
fn is_all_canonical(cells: &ArrayRef, column_type: ColumnType) -> bool {
    let is_canonical = |cell: &str| {
        cell.len() == 36
            && cell.bytes().enumerate().all(|(at, byte)| match at {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            })
    };
    column_type == ColumnType::Uuid && cells.as_string_view().iter().flatten().all(is_canonical)
}

fn is_textual(column_type: ColumnType) -> bool {
    column_type.is_text() && column_type != ColumnType::Uuid
}

/// Text that is right as it is almost always: only a column with a cell that changes is built anew.
fn look_through(cells: &StringViewArray, column_type: ColumnType, index: usize, faults: &mut Faults) -> ArrayRef {
    let is_same = |cell: &str| checked_text(column_type, cell).is_ok_and(|checked| checked.len() == cell.len());
    if cells.iter().flatten().all(is_same) {
        return Arc::new(cells.clone());
    }
    let mut built = StringViewBuilder::with_capacity(cells.len());
    for (row, cell) in cells.iter().enumerate() {
        match cell.map(|cell| checked_text(column_type, cell)) {
            Some(Ok(cell)) => built.append_value(cell),
            Some(Err(fault)) => {
                built.append_null();
                faults.push((row, index, fault));
            }
            None => built.append_null(),
        }
    }
    Arc::new(built.finish())
}

fn is_number(column_type: ColumnType) -> bool {
    matches!(
        column_type,
        ColumnType::Smallint
            | ColumnType::Integer
            | ColumnType::Bigint
            | ColumnType::Numeric { .. }
            | ColumnType::Real
            | ColumnType::Double
    )
}

fn midnight(micros: Option<i64>) -> Result<i64, RowFault> {
    let micros = micros.ok_or(RowFault::Range)?;
    if micros.rem_euclid(DAY_MICROS) == 0 { Ok(micros.div_euclid(DAY_MICROS)) } else { Err(RowFault::Range) }
}

fn nanos(nanos: i64) -> Result<i64, RowFault> {
    if nanos % 1_000 == 0 { Ok(nanos / 1_000) } else { Err(RowFault::Range) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Class, Name};
    use arrow::array::{
        Date32Array, Decimal128Array, Int32Array, StringArray, TimestampMillisecondArray, TimestampNanosecondArray,
        TimestampSecondArray,
    };
    use std::collections::BTreeMap;

    fn column(name: &str, column_type: &str, nullable: bool) -> Column {
        Column {
            name: Name::new(name).expect("a name"),
            column_type: ColumnType::parse(column_type).expect("a type"),
            class: Class::Open,
            kind: None,
            source: vec![name.into()],
            nullable,
            beyond: Beyond::Error,
            unit: None,
            description: None,
            references: None,
            treat: BTreeMap::new(),
            not_personal: BTreeMap::new(),
        }
    }

    fn texts_of(cells: &[Option<&str>]) -> ArrayRef {
        Arc::new(cells.iter().copied().collect::<StringViewArray>())
    }

    #[test]
    fn sets_rows_aside_by_their_ordinal_and_first_fault() {
        let raw = RecordBatch::try_from_iter([
            ("id", texts_of(&[Some("1"), None, Some("x"), Some("4")])),
            ("amount", texts_of(&[Some("1.50"), Some("2"), Some("y"), Some("4.001")])),
        ])
        .expect("rows");
        let columns = [column("id", "integer", false), column("amount", "numeric(6,2)", false)];
        let batch = conform(&raw, &columns.each_ref(), 100, Vec::new()).expect("conformed");
        assert_eq!(batch.rows.num_rows(), 1);
        let told: Vec<_> = batch.bad.iter().map(|bad| (bad.ordinal, bad.column.as_str(), bad.fault)).collect();
        assert_eq!(told, [(101, "id", RowFault::Null), (102, "id", RowFault::Type), (103, "amount", RowFault::Range)]);
        assert_eq!(
            batch.bad_rows.column(1).as_string_view().iter().collect::<Vec<_>>(),
            [Some("2"), Some("y"), Some("4.001")]
        );
    }

    #[test]
    fn makes_null_of_what_is_beyond_the_type_where_the_schema_says_so_and_counts_it() {
        let raw = RecordBatch::try_from_iter([
            ("amount", texts_of(&[Some("1.50"), Some("NaN"), Some("1.505"), Some("x"), Some("Infinity")])),
            ("day", texts_of(&[Some("infinity"), Some("2026-11-22"), Some("infinity"), None, Some("2026-02-30")])),
        ])
        .expect("rows");
        let beyond = |name: &str, word: &str| Column { beyond: Beyond::Null, ..column(name, word, true) };
        let columns = [beyond("amount", "numeric(6,2)"), beyond("day", "date")];
        let batch = conform(&raw, &columns.each_ref(), 0, Vec::new()).expect("conformed");
        let told: Vec<_> = batch.bad.iter().map(|bad| (bad.ordinal, bad.column.as_str(), bad.fault)).collect();
        // What is no value at all stays a bad row, and NULLs of rows that are set aside are not counted.
        assert_eq!(told, [(3, "amount", RowFault::Type), (4, "day", RowFault::Type)]);
        let nulled: Vec<_> = batch.nulled.iter().map(|(name, count)| (name.as_str(), *count)).collect();
        assert_eq!(nulled, [("amount", 2), ("day", 2)]);
        let amounts: Vec<_> = batch.rows.column(0).as_primitive::<Decimal128Type>().iter().collect();
        assert_eq!(amounts, [Some(150), None, None]);
    }

    #[test]
    fn takes_a_column_of_its_type_as_it_is() {
        let ids: ArrayRef = Arc::new(Int32Array::from(vec![1, 2]));
        let raw = RecordBatch::try_from_iter([("id", Arc::clone(&ids))]).expect("rows");
        let batch = conform(&raw, &[&column("id", "integer", false)], 0, Vec::new()).expect("conformed");
        assert!(Arc::ptr_eq(batch.rows.column(0), &ids));
        assert_eq!(batch.bad_rows.num_rows(), 0);
    }

    #[test]
    fn takes_uuids_as_they_are_only_when_every_one_is_in_the_form_that_is_carried() {
        let carried = texts_of(&[Some("0199b6c2-7d3a-7c11-a1b2-c3d4e5f60718"), None]);
        let written = texts_of(&[Some("0199B6C2-7D3A-7C11-A1B2-C3D4E5F60718"), None]);
        let columns = [column("id", "uuid", true)];
        for (cells, same) in [(&carried, true), (&written, false)] {
            let raw = RecordBatch::try_from_iter([("id", Arc::clone(cells))]).expect("rows");
            let batch = conform(&raw, &columns.each_ref(), 0, Vec::new()).expect("conformed");
            assert_eq!(Arc::ptr_eq(batch.rows.column(0), cells), same);
            assert_eq!(batch.rows.column(0).as_string_view().value(0), carried.as_string_view().value(0));
        }
    }

    #[test]
    fn reads_other_writers_types_exactly_or_not_at_all() {
        let decimals: ArrayRef =
            Arc::new(Decimal128Array::from(vec![1_5000, 1_2345]).with_precision_and_scale(20, 4).expect("decimals"));
        let nanos: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![1_000, 1_001]).with_timezone("UTC"));
        let raw = RecordBatch::try_from_iter([("amount", decimals), ("at", nanos)]).expect("rows");
        let columns = [column("amount", "numeric(6,2)", false), column("at", "timestamptz", false)];
        let batch = conform(&raw, &columns.each_ref(), 0, Vec::new()).expect("conformed");
        assert_eq!(batch.rows.num_rows(), 1);
        assert_eq!(batch.rows.column(0).as_primitive::<Decimal128Type>().value(0), 150);
        assert_eq!(batch.rows.column(1).as_primitive::<TimestampMicrosecondType>().value(0), 1);
    }

    #[test]
    fn sets_moments_aside_that_are_beyond_the_calendar() {
        let days: ArrayRef = Arc::new(Date32Array::from(vec![20_000, i32::MAX, i32::MIN]));
        let seconds: ArrayRef = Arc::new(TimestampSecondArray::from(vec![1_728_000_000, i64::MAX, i64::MIN]));
        let millis: ArrayRef = Arc::new(TimestampMillisecondArray::from(vec![1_728_000_000_000, i64::MAX, i64::MIN]));
        for cells in [days, seconds, millis] {
            let raw = RecordBatch::try_from_iter([("at", cells)]).expect("rows");
            let batch = conform(&raw, &[&column("at", "timestamp", false)], 0, Vec::new()).expect("a batch");
            assert_eq!(
                batch.rows.column(0).as_primitive::<TimestampMicrosecondType>().values(),
                &[1_728_000_000_000_000]
            );
            assert_eq!(batch.bad.iter().map(|bad| bad.fault).collect::<Vec<_>>(), [RowFault::Range; 2]);
        }
    }

    #[test]
    fn sets_a_cell_aside_that_is_too_large_whatever_becomes_of_what_is_beyond_its_type() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["1".to_owned(), "1".repeat(200), "1".repeat(50)]));
        let raw = RecordBatch::try_from_iter([("amount", texts)]).expect("rows");
        let amount = Column { beyond: Beyond::Null, ..column("amount", "numeric(6,2)", true) };
        let batch = conform(&raw, &[&amount], 0, oversized(&raw, 100)).expect("conformed");
        let bad: Vec<_> = batch.bad.iter().map(|bad| (bad.ordinal, bad.fault)).collect();
        assert_eq!((bad, batch.rows.num_rows()), (vec![(1, RowFault::Large)], 2));
        assert_eq!(batch.nulled, BTreeMap::from([(amount.name, 1)]));
    }

    #[test]
    fn refuses_a_type_that_has_nothing_to_do_with_the_declared_one() {
        let raw =
            RecordBatch::try_from_iter([("id", Arc::new(BooleanArray::from(vec![true])) as ArrayRef)]).expect("rows");
        let drift = conform(&raw, &[&column("id", "integer", false)], 0, Vec::new()).err();
        assert_eq!(
            drift.map(|drift| drift.to_string()).as_deref(),
            Some("column `id` comes as Boolean, the schema says integer")
        );
    }
}
