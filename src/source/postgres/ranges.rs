//! How a table's rows are divided among readers: ranges of pages, of about the same size. Pure.
//!
//! Cuts depend on a table's size and on nothing else, above all not on how many readers there are, so that the same rows
//! come in the same order and batches whatever the number. They lie at whole multiples of a range's pages: a table that
//! has grown since has its earlier cuts where they were, and the rows that our snapshot shows do not move.
//!
//! The first range has no lower end and the last no upper one, so that together they are the table, whatever was measured.

use std::fmt;

/// Bytes of a table in a range. Small, so that what waits for its turn is little, and no reader is left with much at the
/// end; large enough that the millisecond in which a COPY begins is nothing.
pub const RANGE_BYTES: u64 = 16 << 20;

/// Ranges of a table, at most: of a larger one each is larger.
const RANGES_MAX: u64 = 1 << 17;

/// Pages from `from` up to `to`, where they end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pages {
    from: Option<u64>,
    to: Option<u64>,
}

/// The ranges of a table of `bytes`, in order; one where there is nothing to divide.
pub fn by_page(bytes: u64, page_bytes: u64) -> Vec<Pages> {
    let pages = bytes / page_bytes.max(1);
    let mut step = (RANGE_BYTES / page_bytes.max(1)).max(1);
    while pages / step > RANGES_MAX {
        step *= 2;
    }
    let cuts: Vec<u64> = (1..).map(|nth| nth * step).take_while(|cut| *cut < pages).collect();
    let from = std::iter::once(None).chain(cuts.iter().copied().map(Some));
    let to = cuts.iter().copied().map(Some).chain(std::iter::once(None));
    from.zip(to).map(|(from, to)| Pages { from, to }).collect()
}

impl Pages {
    /// The condition in SQL; none for a whole table.
    pub fn condition(self) -> Option<String> {
        match (self.from, self.to) {
            (None, None) => None,
            _ => Some(self.to_string()),
        }
    }
}

impl fmt::Display for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Rows of a page are numbered from 1.
        match (self.from, self.to) {
            (None, None) => f.write_str("true"),
            (Some(from), None) => write!(f, "ctid >= '({from},0)'"),
            (None, Some(to)) => write!(f, "ctid < '({to},0)'"),
            (Some(from), Some(to)) => write!(f, "ctid >= '({from},0)' AND ctid < '({to},0)'"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PAGE: u64 = 8192;

    #[test]
    fn cuts_at_multiples_of_a_range_and_leaves_both_ends_open() {
        let told = |pages: u64| by_page(pages * PAGE, PAGE).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(told(0), ["true"]);
        assert_eq!(told(2048), ["true"]);
        assert_eq!(told(2049), ["ctid < '(2048,0)'", "ctid >= '(2048,0)'"]);
        assert_eq!(told(4097), ["ctid < '(2048,0)'", "ctid >= '(2048,0)' AND ctid < '(4096,0)'", "ctid >= '(4096,0)'"]);
        assert_eq!(by_page(0, PAGE)[0].condition(), None);
    }

    #[test]
    fn makes_no_more_ranges_of_the_largest_table_than_there_may_be() {
        assert!(by_page(u64::from(u32::MAX) * PAGE, PAGE).len() as u64 <= RANGES_MAX + 1);
    }

    proptest! {
        #[test]
        fn every_page_is_in_one_range(pages in 0u64..1 << 24, page in 0u64..1 << 25) {
            let ranges = by_page(pages * PAGE, PAGE);
            let holds = |range: &&Pages| range.from.is_none_or(|from| page >= from) && range.to.is_none_or(|to| page < to);
            prop_assert_eq!(ranges.iter().filter(holds).count(), 1);
        }

        #[test]
        fn a_table_that_grows_keeps_its_cuts(pages in 0u64..1 << 20, more in 0u64..1 << 20) {
            let (before, after) = (by_page(pages * PAGE, PAGE), by_page((pages + more) * PAGE, PAGE));
            let ends = |ranges: &[Pages]| ranges.iter().filter_map(|range| range.to).collect::<Vec<_>>();
            prop_assert!(ends(&after).starts_with(&ends(&before)));
        }
    }
}
