//! Which rows of two tables have the same key: the join of the comparison.
//!
//! Keys come encoded as one binary column a side (`arrow::row` gives one writing for equal typed values), so that a
//! composite key has no separator to confuse, `('a|b','c')` with `('a','b|c')`.

use super::bridge::{CannotCross, batch, frame};
use arrow::array::{ArrayRef, AsArray, RecordBatch, UInt32Array};
use arrow::datatypes::UInt32Type;
use polars::prelude::{IntoLazy, JoinArgs, JoinCoalesce, JoinType, col};
use std::sync::Arc;

/// The outcome of a full join: places of rows, each list sorted by the left place or, without one, by the right place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyMatch {
    /// Rows with the same key: left place, right place.
    pub both: Vec<(u32, u32)>,
    /// Left rows without a right one.
    pub left_only: Vec<u32>,
    /// Right rows without a left one.
    pub right_only: Vec<u32>,
}

/// Matches two lists of keys, each without repeats and without NULL.
pub fn match_keys(left: ArrayRef, right: ArrayRef) -> Result<KeyMatch, CannotCross> {
    let side = |keys: ArrayRef, place: &str| {
        let places: ArrayRef = Arc::new(UInt32Array::from_iter_values(0..keys.len() as u32));
        let rows = RecordBatch::try_from_iter_with_nullable([("key", keys, true), (place, places, true)]);
        let rows = rows.map_err(|_| CannotCross)?;
        frame(&rows.schema(), std::slice::from_ref(&rows))
    };
    let (left, right) = (side(left, "left")?, side(right, "right")?);
    let mut full = JoinArgs::new(JoinType::Full);
    full.coalesce = JoinCoalesce::CoalesceColumns;
    let joined = left.lazy().join(right.lazy(), [col("key")], [col("key")], full).select([col("left"), col("right")]);
    let joined = batch(joined.collect().map_err(|_| CannotCross)?)?;
    let (left, right) = (joined.column(0).as_primitive::<UInt32Type>(), joined.column(1).as_primitive::<UInt32Type>());
    let mut matched = KeyMatch::default();
    for (left, right) in left.iter().zip(right) {
        match (left, right) {
            (Some(left), Some(right)) => matched.both.push((left, right)),
            (Some(left), None) => matched.left_only.push(left),
            (None, Some(right)) => matched.right_only.push(right),
            (None, None) => {}
        }
    }
    matched.both.sort_unstable();
    matched.left_only.sort_unstable();
    matched.right_only.sort_unstable();
    Ok(matched)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::BinaryViewArray;

    fn keys(keys: &[&str]) -> ArrayRef {
        Arc::new(BinaryViewArray::from_iter_values(keys.iter().map(|key| key.as_bytes())))
    }

    #[test]
    fn finds_what_is_on_both_sides_and_on_one() {
        let matched = match_keys(keys(&["b", "a", "x"]), keys(&["y", "a", "b"])).expect("matched");
        assert_eq!(matched.both, [(0, 2), (1, 1)]);
        assert_eq!((matched.left_only, matched.right_only), (vec![2], vec![0]));
    }

    #[test]
    fn matches_nothing_with_nothing() {
        assert_eq!(match_keys(keys(&[]), keys(&[])), Ok(KeyMatch::default()));
        assert_eq!(match_keys(keys(&["a"]), keys(&[])).map(|matched| matched.left_only), Ok(vec![0]));
    }
}
