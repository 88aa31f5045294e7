//! Numbers, dates and moments -> which of the declared ranges they are in, in words: `under 18`, `18 to under 40`, `65 and over`.
//!
//! The edges are the author's own texts, and so are the words: nothing of a value is in them.

use super::written::{Number, WrittenDate};
use crate::data::ColumnType;
use crate::data::cell::CellBuilder;
use arrow::array::{Array, ArrayRef, AsArray, Scalar, StringViewBuilder};
use arrow::compute::kernels::cmp::gt_eq;
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use std::sync::Arc;

/// The range of each value, of those that begin at `edges`, which ascend. NULL stays NULL; NaN is above every number.
pub fn bucketed(values: &ArrayRef, column_type: ColumnType, edges: &[String]) -> Option<ArrayRef> {
    let values = one_zero(values);
    let mut ranges = vec![0usize; values.len()];
    for edge in cells(column_type, edges)? {
        let is_beyond = gt_eq(&values, &Scalar::new(one_zero(&edge))).ok()?;
        ranges.iter_mut().enumerate().for_each(|(row, range)| *range += usize::from(is_beyond.value(row)));
    }
    let words = words(edges);
    let mut built = StringViewBuilder::with_capacity(values.len());
    for (row, range) in ranges.into_iter().enumerate() {
        built.append_option(values.is_valid(row).then(|| words[range].as_str()));
    }
    Some(Arc::new(built.finish()))
}

/// Whether `edges` are values of the type, at least one, each above the one before.
pub fn ascend(column_type: ColumnType, edges: &[String]) -> bool {
    let Some(cells) = cells(column_type, edges).filter(|cells| !cells.is_empty()) else { return false };
    cells.windows(2).all(|pair| {
        let pair = [one_zero(&pair[0]), one_zero(&pair[1])];
        gt_eq(&pair[0], &pair[1]).is_ok_and(|is_beyond| !is_beyond.value(0))
    })
}

/// Whether `edges` are numbers, or dates, as JSON writes them, at least one, each above the one before.
pub fn ascend_in_json(edges: &[String]) -> bool {
    fn ascend<T: PartialOrd>(edges: Option<Vec<T>>) -> bool {
        edges.is_some_and(|edges| !edges.is_empty() && edges.is_sorted_by(|one, next| one < next))
    }
    ascend(edges.iter().map(|edge| Number::parse(edge)).collect())
        || ascend(edges.iter().map(|edge| WrittenDate::day(edge)).collect())
}

/// The edges, one cell each.
fn cells(column_type: ColumnType, edges: &[String]) -> Option<Vec<ArrayRef>> {
    let cell = |edge: &String| {
        let mut cell = CellBuilder::new(column_type, 1);
        cell.push_text(edge).ok()?;
        Some(cell.finish())
    };
    edges.iter().map(cell).collect()
}

/// What the ranges that begin at `edges` are called: of what is below them first.
pub(super) fn words(edges: &[String]) -> Vec<String> {
    let between = edges.windows(2).map(|pair| format!("{} to under {}", pair[0], pair[1]));
    let first = edges.first().map(|edge| format!("under {edge}"));
    let last = edges.last().map(|edge| format!("{edge} and over"));
    first.into_iter().chain(between).chain(last).collect()
}

/// Floats as PostgreSQL orders them: -0 is 0, and there is one NaN.
fn one_zero(values: &ArrayRef) -> ArrayRef {
    match values.data_type() {
        DataType::Float32 => {
            let floats = values.as_primitive::<Float32Type>();
            Arc::new(floats.unary::<_, Float32Type>(|float| if float.is_nan() { f32::NAN } else { float + 0.0 }))
        }
        DataType::Float64 => {
            let floats = values.as_primitive::<Float64Type>();
            Arc::new(floats.unary::<_, Float64Type>(|float| if float.is_nan() { f64::NAN } else { float + 0.0 }))
        }
        _ => Arc::clone(values),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn column(column_type: &str, cells: &[Option<&str>]) -> (ColumnType, ArrayRef) {
        let column_type = ColumnType::parse(column_type).expect("a type");
        let mut built = CellBuilder::new(column_type, cells.len());
        for cell in cells {
            match cell {
                Some(cell) => built.push_text(cell).expect("a cell"),
                None => built.push_null(),
            }
        }
        (column_type, built.finish())
    }

    fn ranges(column_type: &str, cells: &[Option<&str>], edges: &[&str]) -> Vec<Option<String>> {
        let (column_type, values) = column(column_type, cells);
        let edges: Vec<String> = edges.iter().map(|edge| (*edge).to_owned()).collect();
        assert!(ascend(column_type, &edges));
        let words = bucketed(&values, column_type, &edges).expect("ranges");
        words.as_string_view().iter().map(|word| word.map(str::to_owned)).collect()
    }

    #[test]
    fn says_the_range_in_the_words_of_its_edges() {
        let some = |words: &[&str]| words.iter().map(|word| Some((*word).to_owned())).collect::<Vec<_>>();
        let edges = ["18", "40"];
        let three = some(&["under 18", "18 to under 40", "40 and over"]);
        for column_type in ["smallint", "integer", "bigint", "numeric(9,2)", "real", "double precision"] {
            assert_eq!(ranges(column_type, &[Some("17"), Some("18"), Some("40")], &edges), three, "{column_type}");
            assert_eq!(ranges(column_type, &[None], &edges), [None], "{column_type}");
        }
        let days = ranges("date", &[Some("1999-12-31"), Some("2000-01-01")], &["2000-01-01"]);
        assert_eq!(days, some(&["under 2000-01-01", "2000-01-01 and over"]));
        let floats = ranges("double precision", &[Some("-0"), Some("NaN"), Some("-Infinity")], &["0"]);
        assert_eq!(floats, some(&["0 and over", "0 and over", "under 0"]));
    }

    #[test]
    fn refuses_edges_that_do_not_ascend_or_are_no_values() {
        for edges in [vec![], vec!["2", "1"], vec!["1", "1"], vec!["1", "x"], vec!["NaN"]] {
            let edges: Vec<String> = edges.into_iter().map(str::to_owned).collect();
            assert!(!ascend(ColumnType::Integer, &edges), "{edges:?}");
        }
        assert!(!ascend(ColumnType::Double, &["-0".into(), "0".into()]));
    }

    proptest! {
        #[test]
        fn puts_each_number_between_its_edges(numbers in proptest::collection::vec(-50i64..50, 1..30), edges in proptest::collection::btree_set(-40i64..40, 1..6)) {
            let edges: Vec<String> = edges.iter().map(i64::to_string).collect();
            let cells: Vec<String> = numbers.iter().map(i64::to_string).collect();
            let cells: Vec<Option<&str>> = cells.iter().map(|cell| Some(cell.as_str())).collect();
            let edge_refs: Vec<&str> = edges.iter().map(String::as_str).collect();
            for (number, range) in numbers.iter().zip(ranges("bigint", &cells, &edge_refs)) {
                let range = range.expect("a range");
                let edge = |text: &str| text.parse::<i64>().expect("an edge");
                let is_in = match (range.strip_prefix("under "), range.strip_suffix(" and over"), range.split_once(" to under ")) {
                    (Some(high), _, _) => *number < edge(high),
                    (_, Some(low), _) => *number >= edge(low),
                    (_, _, Some((low, high))) => (edge(low)..edge(high)).contains(number),
                    _ => false,
                };
                prop_assert!(is_in, "{} in {}", number, range);
            }
        }
    }
}
