//! Groups of so few people that an audience must not see them, and those that go with them, since a known total less what is shown
//! would tell the others.
//!
//! ```text
//! HeldRows::of(Redacted)   which group each row is in; any thread
//! Held::push               rows are put aside, groups in buckets by their values: memory holds one bucket at a time
//! Held::decide             -> Released: a bit a row; totals go through buckets of their own (`totals.rs`)
//! Released::rows           the rows once more, in order, without what may not be seen, and what that was
//! ```
//!
//! The rule for each total, of the groups that it is of: where any is hidden, at least two are, and so many people together that one of
//! them alone could have `under` of them, were there one in each of the others. One more group is enough for that, since one that is not
//! small has `under` by itself; it is the one of fewest people. With one set of totals, parts of a whole, no small number can be computed.
//!
//! Never in here: what is small (`data::SmallCells`), and a value in what is told.

use super::redact::Redacted;
use super::risk::{Written, in_buckets, written};
use super::totals::{Counted, Totals};
use crate::data::SmallCells;
use crate::data::scratch::ScratchFault;
use crate::format::spill::{Aside, Spill, compact};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, UInt32Array};
use arrow::buffer::{BooleanBuffer, MutableBuffer};
use arrow::compute::{cast, filter_record_batch, nullif, take};
use arrow::datatypes::{DataType, Int64Type, UInt32Type};
use arrow::error::ArrowError;
use arrow::util::bit_util::set_bit;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Parts that the groups are counted in.
pub(super) const BUCKETS: usize = 64;

/// Rows that wait until all groups are known.
pub struct Held {
    terms: SmallCells,
    aside: Aside,
    rows: Spill,
    /// Whose the rows are, without rows.
    whose: Option<Redacted>,
    /// Groups of the rows, and where each batch of them begins among all rows.
    buckets: Vec<(Spill, Vec<u64>)>,
}

/// Rows, and for each bucket that has some of them: group, total, people, and where the row stands in these rows.
pub struct HeldRows(Redacted, Vec<(usize, RecordBatch)>);

/// Rows of which it is known what may be seen.
pub struct Released {
    terms: SmallCells,
    rows: Spill,
    whose: Option<Redacted>,
    hidden: BooleanBuffer,
    told: SmallCellsTold,
}

/// Rows of which it is known what may be seen, in their order.
pub struct ReleasedRows {
    /// What may be seen of them.
    pub seen: Redacted,
    /// What was taken out of them, which nobody may see: it is there to be counted. Whole rows or, of a table of counts, the cells that
    /// are NULL in `seen`.
    pub unseen: RecordBatch,
    /// How many they were.
    pub came: usize,
}

/// What was not shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SmallCellsTold {
    /// Groups.
    pub groups: u64,
    /// Of them, those of too few people.
    pub small: u64,
    /// Those that went with them.
    pub beside: u64,
    /// Rows of both.
    pub rows: u64,
    /// Totals that tell a small group all the same: nobody else is in them.
    pub open_totals: u64,
}

/// Counting failed.
#[derive(Debug, thiserror::Error)]
pub enum SmallCellsFault {
    /// There is no scratch space left.
    #[error(transparent)]
    Scratch(#[from] ScratchFault),
    /// A column is not among the rows, or they do not fit together (a fault of ours).
    #[error("the columns that small groups are counted by are not among the rows")]
    Shape,
}

impl From<ArrowError> for SmallCellsFault {
    fn from(_: ArrowError) -> Self {
        SmallCellsFault::Shape
    }
}

impl SmallCellsTold {
    /// Both together.
    #[must_use]
    pub fn and(self, more: Self) -> Self {
        SmallCellsTold {
            groups: self.groups + more.groups,
            small: self.small + more.small,
            beside: self.beside + more.beside,
            rows: self.rows + more.rows,
            open_totals: self.open_totals + more.open_totals,
        }
    }
}

impl HeldRows {
    /// Of rows as the audience would see them.
    pub fn of(rows: Redacted, terms: &SmallCells) -> Result<Self, SmallCellsFault> {
        let shape = |_| SmallCellsFault::Shape;
        let groups = written(rows.rows(), &terms.by).map_err(shape)?;
        let totals = written(rows.rows(), &terms.total).map_err(shape)?;
        let people: ArrayRef = match &terms.count {
            None => Arc::new(Int64Array::from_value(1, rows.rows().num_rows())),
            Some(count) => {
                let counts = rows.rows().column_by_name(count.as_str()).ok_or(SmallCellsFault::Shape)?;
                cast(counts, &DataType::Int64)?
            }
        };
        let of_bucket = |(bucket, places): (usize, UInt32Array)| {
            let cells: [(&str, ArrayRef, bool); 4] = [
                ("group", take(&groups, &places, None)?, false),
                ("total", take(&totals, &places, None)?, false),
                ("people", take(&people, &places, None)?, true),
                ("place", Arc::new(places), false),
            ];
            Ok::<_, SmallCellsFault>((bucket, RecordBatch::try_from_iter_with_nullable(cells)?))
        };
        let taken = in_buckets(&groups, BUCKETS).map(of_bucket).collect::<Result<_, _>>()?;
        Ok(HeldRows(rows, taken))
    }
}

/// A group: its people, whether that is certain, whether a row of it is about few, and the total it is in.
struct Group {
    people: u64,
    is_certain: bool,
    has_few: bool,
    total: Written,
}

impl Held {
    /// Nothing yet.
    pub fn new(terms: &SmallCells, aside: &Aside) -> Self {
        let bucket = |_| (Spill::new(aside), Vec::new());
        let buckets = (0..BUCKETS).map(bucket).collect();
        Held { terms: terms.clone(), aside: aside.clone(), rows: Spill::new(aside), whose: None, buckets }
    }

    /// What is held so far, and nothing in its place: groups are counted anew.
    #[must_use]
    pub fn cut(&mut self) -> Held {
        let next = Held::new(&self.terms, &self.aside);
        std::mem::replace(self, next)
    }

    /// Adds rows, in their order.
    pub fn push(&mut self, HeldRows(rows, groups): HeldRows) -> Result<(), SmallCellsFault> {
        let before = self.rows.rows();
        for (bucket, groups) in groups {
            let (spill, starts) = &mut self.buckets[bucket];
            starts.push(before);
            spill.push(groups)?;
        }
        let whose = rows.put_back(rows.rows().slice(0, 0));
        self.whose.get_or_insert(whose);
        // Parts of larger rows, whose texts they would take along.
        Ok(self.rows.push(compact(rows.rows())?)?)
    }

    /// Decides which rows may not be seen.
    pub fn decide(self) -> Result<Released, SmallCellsFault> {
        let mut hidden = MutableBuffer::from_len_zeroed((self.rows.rows() as usize).div_ceil(8));
        let (mut told, under) = (SmallCellsTold::default(), self.terms.under);
        let mut totals = Totals::new(under, &self.aside);
        for bucket in &self.buckets {
            let counted = self.counted(bucket)?;
            let small: HashSet<Written> =
                counted.iter().filter(|group| group.is_small).map(|group| Arc::clone(&group.group)).collect();
            told.groups += counted.len() as u64;
            told.small += small.len() as u64;
            told.rows += hide(bucket, &small, &mut hidden)?;
            totals.add(counted.into_iter())?;
        }
        let beside = totals.decide()?;
        for (place, bucket) in self.buckets.iter().enumerate() {
            told.rows += hide(bucket, &beside.of(place)?, &mut hidden)?;
        }
        let told = SmallCellsTold { beside: beside.groups, open_totals: beside.open_totals, ..told };
        let hidden = BooleanBuffer::new(hidden.into(), 0, self.rows.rows() as usize);
        Ok(Released { terms: self.terms, rows: self.rows, whose: self.whose, hidden, told })
    }

    /// The groups of one bucket.
    fn counted(&self, bucket: &(Spill, Vec<u64>)) -> Result<Vec<Counted>, SmallCellsFault> {
        let (under, is_row_a_person) = (self.terms.under, self.terms.count.is_none());
        let mut groups: HashMap<Written, Group> = HashMap::new();
        each_row(bucket, |row| {
            if !groups.contains_key(row.group) {
                let total = row.total.into();
                groups.insert(row.group.into(), Group { people: 0, is_certain: true, has_few: false, total });
            }
            if let Some(group) = groups.get_mut(row.group) {
                match row.people.and_then(|people| u64::try_from(people).ok()) {
                    Some(people) => {
                        group.people = group.people.saturating_add(people);
                        // A row of a table of counts is seen by itself, however many its group has.
                        group.has_few |= !is_row_a_person && (1..under).contains(&people);
                    }
                    None => group.is_certain = false,
                }
            }
        })?;
        let counted = groups.into_iter().map(|(name, Group { people, is_certain, has_few, total })| {
            // Where nobody says how many there are, they may be few; where there is nobody, there is nobody to hide.
            let is_small = !is_certain || has_few || (people > 0 && people < under);
            Counted { group: name, total, people, is_certain, is_small }
        });
        Ok(counted.collect())
    }
}

/// A row of a bucket.
struct Row<'a> {
    group: &'a [u8],
    total: &'a [u8],
    people: Option<i64>,
    place: usize,
}

fn each_row((rows, starts): &(Spill, Vec<u64>), mut to_do: impl FnMut(Row<'_>)) -> Result<(), SmallCellsFault> {
    for (rows, start) in rows.iter().zip(starts) {
        let rows = rows?;
        let text = |place: usize| rows.column(place).as_binary_opt::<i32>().ok_or(SmallCellsFault::Shape);
        let (groups, totals) = (text(0)?, text(1)?);
        let people = rows.column(2).as_primitive_opt::<Int64Type>().ok_or(SmallCellsFault::Shape)?;
        let places = rows.column(3).as_primitive_opt::<UInt32Type>().ok_or(SmallCellsFault::Shape)?;
        for row in 0..rows.num_rows() {
            let place = *start as usize + places.value(row) as usize;
            let people = people.is_valid(row).then(|| people.value(row));
            to_do(Row { group: groups.value(row), total: totals.value(row), people, place });
        }
    }
    Ok(())
}

/// Marks the rows of some groups, and says how many they are.
fn hide(
    bucket: &(Spill, Vec<u64>),
    groups: &HashSet<Written>,
    hidden: &mut MutableBuffer,
) -> Result<u64, SmallCellsFault> {
    let mut rows = 0;
    if !groups.is_empty() {
        each_row(bucket, |row| {
            if groups.contains(row.group) {
                set_bit(hidden, row.place);
                rows += 1;
            }
        })?;
    }
    Ok(rows)
}

impl Released {
    /// What was not shown.
    pub fn told(&self) -> SmallCellsTold {
        self.told
    }

    /// What may be seen of the rows that came as the `place`th; `start` is where they begin among all rows. Nothing behind the last ones.
    pub fn rows(&self, place: usize, start: usize) -> Result<Option<ReleasedRows>, SmallCellsFault> {
        let (Some(whose), Some(rows)) = (&self.whose, self.rows.at(place)) else {
            // Behind the last ones, and nowhere else.
            return if start == self.hidden.len() { Ok(None) } else { Err(SmallCellsFault::Shape) };
        };
        let rows = rows?;
        let came = rows.num_rows();
        let hidden = BooleanArray::new(self.hidden.slice(start, came), None);
        let (seen, unseen) = match &self.terms.count {
            None => {
                let shown = BooleanArray::new(!hidden.values(), None);
                (filter_record_batch(&rows, &shown)?, filter_record_batch(&rows, &hidden)?)
            }
            Some(_) => {
                let schema = rows.schema();
                let is_told = |name: &str| self.terms.by.iter().any(|by| by.as_str() == name);
                let cells =
                    schema.fields().iter().zip(rows.columns()).map(|(field, cells)| match is_told(field.name()) {
                        true => Ok(Arc::clone(cells)),
                        false => nullif(cells, &hidden),
                    });
                let seen = RecordBatch::try_new(schema.clone(), cells.collect::<Result<_, _>>()?)?;
                let blanked = (0..rows.num_columns()).filter(|place| !is_told(schema.field(*place).name()));
                (seen, filter_record_batch(&rows.project(&blanked.collect::<Vec<_>>())?, &hidden)?)
            }
        };
        Ok(Some(ReleasedRows { seen: whose.put_back(seen), unseen, came }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::scratch::MemoryScratch;
    use crate::data::{Audience, Column, ColumnType, Name, Treatment};
    use crate::privacy::{ColumnTreatment, Keys, redact};
    use arrow::array::StringViewArray;
    use proptest::prelude::*;

    fn name(name: &str) -> Name {
        Name::new(name).expect("a name")
    }

    /// Rows of a region, a kind and a number of people, some of them not known.
    type Rows = Vec<(u8, u8, Option<i64>)>;

    fn redacted(rows: &[(u8, u8, Option<i64>)]) -> Redacted {
        let words = |word: fn(&(u8, u8, Option<i64>)) -> u8| -> ArrayRef {
            Arc::new(StringViewArray::from_iter_values(rows.iter().map(|row| format!("value {}", word(row)))))
        };
        let people: ArrayRef = Arc::new(Int64Array::from_iter(rows.iter().map(|row| row.2)));
        let cells =
            [("region", words(|row| row.0), false), ("kind", words(|row| row.1), false), ("people", people, true)];
        let rows = RecordBatch::try_from_iter_with_nullable(cells).expect("rows");
        let shown = |column: &str, column_type| ColumnTreatment {
            column: Column::plain(name(column), column_type),
            treatment: Treatment::Keep,
        };
        let columns =
            [shown("region", ColumnType::Text), shown("kind", ColumnType::Text), shown("people", ColumnType::Bigint)];
        redact(&rows, &columns, Audience::Public, &name("things"), &Keys::none()).expect("redacted rows")
    }

    fn terms(count: bool, total: &[&str]) -> SmallCells {
        let by = vec![name("region"), name("kind")];
        SmallCells {
            by,
            count: count.then(|| name("people")),
            under: 5,
            total: total.iter().map(|n| name(n)).collect(),
        }
    }

    /// The rows that may be seen, by their place, and what is told.
    fn seen(rows: &Rows, terms: &SmallCells, batch: usize) -> (Vec<bool>, SmallCellsTold) {
        let mut held = Held::new(terms, &Aside::new(Arc::new(MemoryScratch::default()), 2_000));
        for rows in rows.chunks(batch) {
            held.push(HeldRows::of(redacted(rows), terms).expect("groups")).expect("room");
        }
        let released = held.decide().expect("decided");
        let (mut place, mut start, mut shown) = (0, 0, Vec::new());
        while let Some(ReleasedRows { seen, unseen, came: all }) = released.rows(place, start).expect("rows") {
            let came = &rows[start..start + all];
            let hidden = &released.hidden.slice(start, all);
            let expected: Rows = match terms.count {
                Some(_) => {
                    came.iter().zip(hidden).map(|(row, hidden)| (row.0, row.1, row.2.filter(|_| !hidden))).collect()
                }
                None => came.iter().zip(hidden).filter(|(_, hidden)| !hidden).map(|(row, _)| *row).collect(),
            };
            assert_eq!(seen.rows(), redacted(&expected).rows());
            assert_eq!(seen.audience(), Audience::Public);
            let out: Rows = came.iter().zip(hidden).filter(|(_, hidden)| *hidden).map(|(row, _)| *row).collect();
            let taken = redacted(&out).rows().project(if terms.count.is_some() { &[2] } else { &[0, 1, 2] });
            assert_eq!(unseen, taken.expect("columns"), "and what was taken out is the rest");
            shown.extend(hidden.iter().map(|hidden| !hidden));
            (place, start) = (place + 1, start + all);
        }
        assert_eq!(start, rows.len());
        (shown, released.told())
    }

    #[test]
    fn one_small_cell_takes_the_next_one_of_its_total_with_it() {
        let rows =
            vec![(1, 1, Some(3)), (1, 2, Some(9)), (1, 3, Some(7)), (1, 4, Some(0)), (2, 1, Some(6)), (2, 2, Some(5))];
        let (shown, told) = seen(&rows, &terms(true, &["region"]), 2);
        assert_eq!(shown, [false, true, false, true, true, true]);
        let expected = SmallCellsTold { groups: 6, small: 1, beside: 1, rows: 2, open_totals: 0 };
        assert_eq!(told, expected);
    }

    #[test]
    fn five_groups_of_one_tell_themselves_and_take_another_with_them() {
        let rows: Rows = (1..=5).map(|kind| (1, kind, Some(1))).chain([(1, 6, Some(100)), (1, 7, Some(200))]).collect();
        let (shown, told) = seen(&rows, &terms(true, &["region"]), 9);
        assert_eq!(shown, [false, false, false, false, false, false, true]);
        assert_eq!((told.small, told.beside), (5, 1));
    }

    #[test]
    fn a_row_about_few_is_not_seen_in_a_group_of_many() {
        let rows = vec![(1, 1, Some(3)), (1, 1, Some(90)), (1, 2, Some(9)), (1, 3, Some(80))];
        let (shown, _) = seen(&rows, &terms(true, &["region"]), 9);
        assert_eq!(shown, [false, false, false, true]);
    }

    #[test]
    fn a_total_that_nobody_else_is_in_is_told_of() {
        let (shown, told) = seen(&vec![(1, 1, Some(3)), (2, 1, Some(9))], &terms(true, &["region"]), 9);
        assert_eq!((shown, told.open_totals), (vec![false, true], 1));
    }

    #[test]
    fn a_number_that_is_not_known_may_be_small() {
        let (shown, _) =
            seen(&vec![(1, 1, None), (1, 1, Some(90)), (1, 2, Some(9)), (1, 3, Some(8))], &terms(true, &[]), 9);
        assert_eq!(shown, [false, false, true, false], "of the table's total");
        let (shown, _) = seen(&vec![(1, 1, Some(-2)), (1, 2, Some(9)), (1, 3, Some(8))], &terms(true, &[]), 9);
        assert_eq!(shown, [false, true, false]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn nothing_small_is_shown_and_no_total_tells_it(
            rows in proptest::collection::vec((0u8..4, 0u8..5, proptest::option::weighted(0.98, 0i64..8)), 0..60),
            is_count in any::<bool>(),
            by_region in any::<bool>(),
            batch in 8usize..50,
        ) {
            let terms = terms(is_count, if by_region { &["region"] } else { &[] });
            let (shown, told) = seen(&rows, &terms, batch);
            prop_assert_eq!((&shown, told), (&seen(&rows, &terms, 200).0, told), "however the rows were cut");
            let mut groups: HashMap<(u8, u8), (i64, bool, bool)> = HashMap::new();
            for (row, shown) in rows.iter().zip(&shown) {
                let group = groups.entry((row.0, row.1)).or_insert((0, true, *shown));
                let people = if is_count { row.2 } else { Some(1) };
                *group = (group.0 + people.unwrap_or(0), group.1 && people.is_some(), group.2);
                prop_assert!(!shown || !is_count || people.is_some_and(|people| people == 0 || people >= 5), "a row about few");
                prop_assert_eq!(group.2, *shown, "a group is shown or not");
            }
            prop_assert!(groups.values().all(|(people, known, shown)| !shown || (*known && (*people == 0 || *people >= 5))));
            let mut totals: HashMap<u8, Vec<(i64, bool, bool)>> = HashMap::new();
            for ((region, _), group) in &groups {
                totals.entry(if by_region { *region } else { 0 }).or_default().push(*group);
            }
            let mut open = 0;
            for groups in totals.values() {
                let hidden: Vec<(i64, bool)> =
                    groups.iter().filter(|group| !group.2).map(|group| (group.0, group.1)).collect();
                // One of each but one of those that are known leaves the most that the last could have.
                let others = hidden.iter().filter(|(_, known)| *known).count().saturating_sub(1) as i64;
                let people: i64 = hidden.iter().map(|(people, _)| people).sum();
                let tells = !hidden.is_empty() && (hidden.len() < 2 || people - others < 5);
                open += u64::from(tells);
                prop_assert!(!tells || groups.iter().all(|(people, _, shown)| !shown || *people == 0), "nobody else was there");
            }
            prop_assert_eq!(told.open_totals, open);
        }
    }
}
