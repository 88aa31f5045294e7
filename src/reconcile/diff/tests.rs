//! Laws of the comparison: nothing but the rows decides what it comes to. A model that knows only maps says what is right.

use super::*;
use crate::data::scratch::MemoryScratch;
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringViewArray};
use arrow::datatypes::DataType;
use proptest::prelude::*;
use std::sync::Arc;

type Row = (Option<i64>, Option<i64>, Option<String>);

/// A side in memory: batches in files.
struct Made {
    columns: Vec<Found>,
    pieces: Vec<Piece>,
    files: Vec<Vec<RecordBatch>>,
}

impl Made {
    fn of(files: &[&[Row]], batch_rows: usize, is_counted: bool) -> Self {
        let found = |name: &str, data_type| Found { name: name.into(), data_type };
        let pieces = files.iter().enumerate().map(|(place, rows)| Piece {
            file: format!("{place}"),
            first: 0,
            rows: is_counted.then_some(rows.len() as u64),
        });
        Made {
            columns: vec![
                found("id", DataType::Int64),
                found("amount", DataType::Int64),
                found("note", DataType::Utf8View),
            ],
            pieces: pieces.collect(),
            files: files.iter().map(|rows| rows.chunks(batch_rows.max(1)).map(batch).collect()).collect(),
        }
    }
}

fn batch(rows: &[Row]) -> RecordBatch {
    let ids: ArrayRef = Arc::new(rows.iter().map(|row| row.0).collect::<Int64Array>());
    let amounts: ArrayRef = Arc::new(rows.iter().map(|row| row.1).collect::<Int64Array>());
    let notes: ArrayRef = Arc::new(rows.iter().map(|row| row.2.clone()).collect::<StringViewArray>());
    let columns = [("id", ids, true), ("amount", amounts, true), ("note", notes, true)];
    RecordBatch::try_from_iter_with_nullable(columns).expect("rows")
}

impl Side for Made {
    fn columns(&self) -> &[Found] {
        &self.columns
    }

    fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    fn read(&self, piece: usize, columns: &[usize], keep: Option<Vec<u32>>) -> Batches {
        let batches: Vec<_> =
            self.files[piece].iter().map(|batch| Ok(batch.project(columns).expect("columns"))).collect();
        let batches: Batches = Box::new(batches.into_iter());
        match keep {
            Some(keep) => keep_rows(batches, keep),
            None => batches,
        }
    }
}

struct Room {
    seed: u64,
    cores: usize,
    bytes_max: u64,
}

const ROOMY: Room = Room { seed: 1, cores: 1, bytes_max: 1 << 30 };

fn compared(left: &Made, right: &Made, room: &Room, rows: Option<&mut Vec<RecordBatch>>) -> DiffOutcome {
    let terms = DiffTerms { key: vec!["id".into()], ..DiffTerms::default() };
    let scratch = Arc::new(MemoryScratch::default());
    let aside = Aside::new(scratch, room.bytes_max);
    let means = Means { seed: room.seed, cores: room.cores, aside: &aside, bytes_max: room.bytes_max };
    let Some(rows) = rows else { return diff([left, right], &terms, &means, None).expect("compared") };
    let mut sink = |batch| {
        rows.push(batch);
        Ok(())
    };
    diff([left, right], &terms, &means, Some(&mut sink)).expect("compared")
}

/// NULL keys, duplicates, compared, missing, extra, changed, changed amounts and notes: from maps.
fn model(left: &[Row], right: &[Row]) -> [u64; 10] {
    let once = |rows: &[Row]| {
        let mut found: BTreeMap<i64, Vec<Row>> = BTreeMap::new();
        rows.iter()
            .filter_map(|row| Some((row.0?, row)))
            .for_each(|(id, row)| found.entry(id).or_default().push(row.clone()));
        found
    };
    let nulls = |rows: &[Row]| rows.iter().filter(|row| row.0.is_none()).count() as u64;
    let (one, two) = (once(left), once(right));
    let duplicates = |rows: &BTreeMap<i64, Vec<Row>>| rows.values().map(|rows| rows.len() as u64 - 1).sum::<u64>();
    let is_once = |id: &i64| [&one, &two].iter().all(|rows| rows.get(id).is_none_or(|rows| rows.len() == 1));
    let mut counted = [nulls(left), nulls(right), duplicates(&one), duplicates(&two), 0, 0, 0, 0, 0, 0];
    for (id, ours) in one.iter().filter(|(id, _)| is_once(id)) {
        let Some(theirs) = two.get(id) else {
            counted[5] += 1;
            continue;
        };
        counted[4] += 1;
        counted[7] += u64::from(ours[0] != theirs[0]);
        counted[8] += u64::from(ours[0].1 != theirs[0].1);
        counted[9] += u64::from(ours[0].2 != theirs[0].2);
    }
    counted[6] = two.keys().filter(|id| is_once(id) && !one.contains_key(id)).count() as u64;
    counted
}

fn counted(outcome: &DiffOutcome) -> [u64; 10] {
    let sides = &outcome.sides;
    [
        sides[0].null_keys.count,
        sides[1].null_keys.count,
        sides[0].duplicates.count,
        sides[1].duplicates.count,
        outcome.compared,
        outcome.missing.count,
        outcome.extra.count,
        outcome.changed,
        outcome.columns[0].changed,
        outcome.columns[1].changed,
    ]
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let note = proptest::option::weighted(0.8, "(a longer text than a view holds )?[ab]?");
    let id = proptest::option::weighted(0.97, 0i64..40);
    proptest::collection::vec((id, proptest::option::weighted(0.9, 0i64..3), note), 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn comes_to_what_maps_come_to(left in rows(), right in rows()) {
        let outcome = compared(&Made::of(&[&left], 7, true), &Made::of(&[&right], 5, true), &ROOMY, None);
        prop_assert_eq!(counted(&outcome), model(&left, &right));
        prop_assert_eq!([outcome.sides[0].rows, outcome.sides[1].rows], [left.len() as u64, right.len() as u64]);
    }

    #[test]
    fn depends_on_no_file_batch_core_seed_or_memory(
        left in rows(), right in rows(), cut in 0usize..40, batch_rows in 1usize..9, seed: u64, cores in 1usize..4, is_counted: bool,
    ) {
        let (mut told, mut also_told) = (Vec::new(), Vec::new());
        let expected = compared(&Made::of(&[&left], 100, true), &Made::of(&[&right], 100, true), &ROOMY, Some(&mut told));
        // Beginning with an empty file, and with no room at all.
        let (one, two) = left.split_at(cut.min(left.len()));
        let (three, four) = right.split_at(cut.min(right.len()));
        let split = [Made::of(&[&[], one, two], batch_rows, is_counted), Made::of(&[three, four, &[]], batch_rows, is_counted)];
        let outcome = compared(&split[0], &split[1], &Room { seed, cores, bytes_max: 0 }, Some(&mut also_told));
        prop_assert_eq!(counted(&outcome), counted(&expected));
        // The same rows are told, by their place in all of the side.
        let place = |files: [usize; 3]| move |at: &Position| at.row + files[..at.file.parse::<usize>().expect("a file")].iter().sum::<usize>() as u64;
        let (ours, theirs) = (place([0, one.len(), two.len()]), place([three.len(), four.len(), 0]));
        let numbers = |told: &RowsTold, at: &dyn Fn(&Position) -> u64| told.first.iter().map(at).collect::<Vec<_>>();
        prop_assert_eq!(numbers(&outcome.missing, &ours), numbers(&expected.missing, &|at| at.row));
        prop_assert_eq!(numbers(&outcome.extra, &theirs), numbers(&expected.extra, &|at| at.row));
        prop_assert_eq!(numbers(&outcome.sides[1].duplicates, &theirs), numbers(&expected.sides[1].duplicates, &|at| at.row));
        let pairs = |outcome: &DiffOutcome| outcome.changed_first.iter().map(|row| row.columns.clone()).collect::<Vec<_>>();
        prop_assert_eq!(pairs(&outcome), pairs(&expected));
        // And handed on, in the same order.
        let values = |batches: &[RecordBatch]| batches.iter().flat_map(|batch| (0..batch.num_rows()).map(|row| {
            format!("{:?}", batch.columns()[..5].iter().map(|cells| cells.slice(row, 1)).collect::<Vec<_>>())
        })).collect::<Vec<_>>();
        prop_assert_eq!(values(&also_told), values(&told));
        prop_assert_eq!(outcome.rows_out, expected.missing.count + expected.extra.count + 2 * expected.changed);
    }

    #[test]
    fn does_not_depend_on_the_order_of_rows(left in rows(), right in rows(), shuffled: u64) {
        let mut other = right.clone();
        other.sort_by_key(|row| row.0.map(|id| (id as u64 ^ shuffled).wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        let one = compared(&Made::of(&[&left], 7, true), &Made::of(&[&right], 7, true), &ROOMY, None);
        let two = compared(&Made::of(&[&left], 7, true), &Made::of(&[&other], 7, true), &ROOMY, None);
        prop_assert_eq!(counted(&one), counted(&two));
    }

    #[test]
    fn calls_missing_extra_when_the_sides_change_places(left in rows(), right in rows()) {
        let (left, right) = (Made::of(&[&left], 7, true), Made::of(&[&right], 7, true));
        let [a, b, c, d, compared_rows, missing, extra, changed, amounts, notes] = counted(&compared(&left, &right, &ROOMY, None));
        let swapped = counted(&compared(&right, &left, &ROOMY, None));
        prop_assert_eq!(swapped, [b, a, d, c, compared_rows, extra, missing, changed, amounts, notes]);
    }

    #[test]
    fn is_the_same_as_itself(rows in rows()) {
        let side = Made::of(&[&rows], 7, true);
        let outcome = counted(&compared(&side, &side, &ROOMY, None));
        prop_assert_eq!(outcome[5..].iter().sum::<u64>(), 0);
    }
}
