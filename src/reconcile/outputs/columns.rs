//! What each column is like on both sides: NULLs, different values, smallest and largest, and how its cells compared.
//!
//! Smallest and largest values are values of the data: only of columns that may be read ([`is_readable`]).

use super::super::compare::{CompareFault, Found, Terms};
use super::prints::Prints;
use super::sketch::Sketch;
use crate::data::{Audience, Column, Treatment};
use arrow::array::{
    Array, ArrayRef, ArrowNativeTypeOp, ArrowNumericType, AsArray, BooleanArray, Int64Array, PrimitiveArray,
    RecordBatch, StringViewArray, downcast_primitive_array,
};
use arrow::compute::{cast, concat, max, max_boolean, max_string_view, min, min_boolean, min_string_view};
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use std::sync::Arc;

/// Characters of a value that are shown.
const SHOWN_CHARS_MAX: usize = 200;

/// Whether a column's values may be read in what a comparison leaves behind: it is about no person, and the restricted store
/// keeps it as it is.
pub fn is_readable(column: &Column) -> bool {
    let declared = column.treat.get(&Audience::Restricted);
    !column.class.is_personal() && declared.is_none_or(|treatment| *treatment == Treatment::Keep)
}

/// A column on one side.
#[derive(Clone, Debug, Default)]
pub struct ColumnSide {
    /// NULLs.
    pub nulls: u64,
    /// Different values.
    pub distinct: Sketch,
    /// The smallest value and the largest, of readable columns.
    ends: Option<ArrayRef>,
}

/// A column of a comparison.
#[derive(Clone, Debug, Default)]
pub struct ColumnStats {
    /// In the extract, and in the topic.
    pub sides: [ColumnSide; 2],
    /// Pairs of cells that were compared.
    pub compared: u64,
    /// Of them, those that differ.
    pub different: u64,
    /// Those that differ within the column's tolerance.
    pub tolerated: u64,
    /// Cells that the stream does not tell, of keys on both sides.
    pub unknown: u64,
}

impl ColumnSide {
    /// Adds cells of a column.
    pub fn add(
        &mut self,
        terms: &Terms,
        place: usize,
        cells: &ArrayRef,
        known: Option<&BooleanArray>,
        prints: &Prints,
    ) -> Result<(), CompareFault> {
        let unknown = known.map_or(0, |known| known.len() - known.true_count());
        self.nulls += (cells.null_count() - unknown.min(cells.null_count())) as u64;
        for (row, print) in prints.cells(terms, place, cells)?.into_iter().enumerate() {
            if cells.is_valid(row) {
                self.distinct.add(print);
            }
        }
        if is_readable(&terms.columns[place]) {
            let both = match (&self.ends, ends(cells)?) {
                (Some(before), Some(ends)) => self::ends(&concat(&[before.as_ref(), ends.as_ref()])?)?,
                (_, ends) => ends,
            };
            self.ends = both.or_else(|| self.ends.take());
        }
        Ok(())
    }

    /// The smallest or the largest value as text.
    fn end(&self, which: usize) -> Option<String> {
        texts(self.ends.as_ref()?).ok()?.get(which)?.clone()
    }
}

/// The smallest value and the largest, where there is a value.
fn ends(cells: &ArrayRef) -> Result<Option<ArrayRef>, CompareFault> {
    fn of<T: ArrowNumericType>(cells: &PrimitiveArray<T>) -> Option<ArrayRef>
    where
        T::Native: ArrowNativeTypeOp,
    {
        let ends = PrimitiveArray::<T>::from_iter_values([min(cells)?, max(cells)?]);
        Some(Arc::new(ends.with_data_type(cells.data_type().clone())))
    }
    let cells = cells.as_ref();
    Ok(downcast_primitive_array!(
        cells => of(cells),
        DataType::Utf8View => {
            let texts = cells.as_string_view();
            let ends = [min_string_view(texts), max_string_view(texts)];
            ends[0].map(|_| -> ArrayRef { Arc::new(StringViewArray::from_iter(ends)) })
        }
        DataType::Boolean => {
            let truths = cells.as_boolean();
            let ends = [min_boolean(truths), max_boolean(truths)];
            ends[0].map(|_| -> ArrayRef { Arc::new(BooleanArray::from(ends.to_vec())) })
        }
        // Bytes have an order that tells nobody anything.
        _ => None,
    ))
}

impl ColumnStats {
    /// Adds how the pairs of a bucket compared.
    pub fn compared(&mut self, found: &super::super::compare::ColumnFound<'_>) {
        let known = found.known.true_count() as u64;
        self.compared += known;
        self.unknown += found.known.len() as u64 - known;
        self.different += found.differs.true_count() as u64;
        self.tolerated += found.tolerated;
    }
}

/// Adds the pairs of a bucket to the columns' numbers.
pub fn add_pairs(stats: &mut [ColumnStats], found: &Found<'_>) {
    found.columns.iter().for_each(|column| stats[column.place].compared(column));
}

/// Values as text, cut off where they are long; NULL stays NULL.
pub fn texts(cells: &ArrayRef) -> Result<Vec<Option<String>>, CompareFault> {
    // A moment in UTC needs no zone to be written, and no list of zones to find it in.
    let cells = match cells.data_type() {
        DataType::Timestamp(unit, Some(_)) => cast(cells, &DataType::Timestamp(*unit, None))?,
        _ => Arc::clone(cells),
    };
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(cells.as_ref(), &options)?;
    (0..cells.len())
        .map(|row| {
            if cells.is_null(row) {
                return Ok(None);
            }
            let text = formatter.value(row).try_to_string()?;
            Ok(Some(match text.char_indices().nth(SHOWN_CHARS_MAX) {
                Some((at, _)) => format!("{}…", &text[..at]),
                None => text,
            }))
        })
        .collect()
}

/// A row a column: `column_name`, `type`, `class`, `is_key`, then of both sides NULLs, different values (and whether that is exact),
/// smallest and largest, and how the cells compared.
pub fn rows(terms: &Terms, stats: &[ColumnStats]) -> Result<RecordBatch, CompareFault> {
    let columns = || terms.columns.iter();
    let text = |texts: Vec<Option<String>>| -> ArrayRef { Arc::new(texts.into_iter().collect::<StringViewArray>()) };
    let number = |of: &dyn Fn(&ColumnStats) -> u64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(stats.iter().map(|stats| of(stats) as i64)))
    };
    let truth = |of: &dyn Fn(usize) -> bool| -> ArrayRef {
        Arc::new((0..stats.len()).map(|place| Some(of(place))).collect::<BooleanArray>())
    };
    let compared: Vec<usize> = terms.compared().collect();
    let mut out: Vec<(String, ArrayRef)> = vec![
        ("column_name".into(), text(columns().map(|column| Some(column.name.to_string())).collect())),
        ("type".into(), text(columns().map(|column| Some(column.column_type.to_string())).collect())),
        ("class".into(), text(columns().map(|column| Some(column.class.to_string())).collect())),
        ("is_key".into(), truth(&|place| terms.key.contains(&place))),
        ("is_compared".into(), truth(&|place| terms.key.contains(&place) || compared.contains(&place))),
    ];
    for (side, word) in ["extract", "topic"].into_iter().enumerate() {
        out.push((format!("{word}_nulls"), number(&|stats| stats.sides[side].nulls)));
        out.push((format!("{word}_distinct"), number(&|stats| stats.sides[side].distinct.count())));
        out.push((format!("{word}_distinct_is_exact"), truth(&|place| stats[place].sides[side].distinct.is_exact())));
        let end = |which: usize| text(stats.iter().map(|stats| stats.sides[side].end(which)).collect());
        out.push((format!("{word}_min"), end(0)));
        out.push((format!("{word}_max"), end(1)));
    }
    out.push(("compared".into(), number(&|stats| stats.compared)));
    out.push(("different".into(), number(&|stats| stats.different)));
    out.push(("tolerated".into(), number(&|stats| stats.tolerated)));
    out.push(("unknown".into(), number(&|stats| stats.unknown)));
    Ok(RecordBatch::try_from_iter_with_nullable(out.into_iter().map(|(name, cells)| (name, cells, true)))?)
}
