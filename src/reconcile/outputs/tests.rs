//! Laws of what a comparison leaves behind, over small random worlds.

use super::super::compare::{Counts, Terms, compare};
use super::super::diff::Tolerance;
use super::super::latest::{Latest, Settled};
use super::changes::{ChangeFault, apply};
use super::*;
use crate::data::scratch::MemoryScratch;
use crate::data::{Beyond, Class, Column, ColumnType, Name};
use arrow::array::{BooleanArray, Int32Array, Int64Array, StringViewArray};
use arrow::datatypes::{Field, Schema};
use proptest::prelude::*;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// A key's values: a number, or NULL; and a text that the stream may not tell.
type Values = (Option<i32>, Option<u8>);

fn terms() -> Terms {
    let column = |name: &str, column_type, class| Column {
        name: Name::new(name).expect("a name"),
        column_type,
        class,
        kind: None,
        source: vec![name.into()],
        nullable: true,
        beyond: Beyond::Error,
        unit: None,
        description: None,
        references: None,
        treat: BTreeMap::new(),
        not_personal: BTreeMap::new(),
    };
    let columns = vec![
        column("id", ColumnType::Bigint, Class::Internal),
        column("amount", ColumnType::Integer, Class::Open),
        column("email", ColumnType::Text, Class::Personal),
    ];
    Terms { columns, key: vec![0], told: vec![true; 3], tolerance: vec![Tolerance::default(); 3], within: None }
}

fn text(word: Option<u8>) -> Option<String> {
    word.map(|word| format!("wren{word}@example.org"))
}

fn rows(of: &BTreeMap<i64, Values>) -> RecordBatch {
    let terms = terms();
    let fields = terms.columns.iter().map(|c| Field::new(c.name.as_str(), c.column_type.arrow(), true));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(of.keys().copied())),
        Arc::new(of.values().map(|values| values.0).collect::<Int32Array>()),
        Arc::new(of.values().map(|values| text(values.1)).collect::<StringViewArray>()),
    ];
    RecordBatch::try_new(Arc::new(Schema::new(fields.collect::<Vec<_>>())), columns).expect("rows")
}

/// The topic's state: of the keys in `untold` it does not tell the text.
fn state(of: &BTreeMap<i64, Values>, untold: &HashSet<i64>) -> Latest {
    let hidden: BTreeMap<i64, Values> =
        of.iter().map(|(id, values)| (*id, if untold.contains(id) { (values.0, None) } else { *values })).collect();
    let rows = rows(&hidden);
    let converter = terms().converter().expect("a converter");
    let keys = converter.convert_columns(&[Arc::clone(rows.column(0))]).expect("keys");
    let all = BooleanArray::from(vec![true; rows.num_rows()]);
    let told: BooleanArray = of.keys().map(|id| Some(!untold.contains(id))).collect();
    Latest {
        columns: rows.columns().to_vec(),
        known: vec![all.clone(), all, told],
        keys: keys.iter().map(|key| key.data().to_vec()).collect(),
        partitions: vec![0; rows.num_rows()],
        positions: (0..rows.num_rows() as u64).collect(),
        settled: vec![Settled::Yes; rows.num_rows()],
        ..Latest::default()
    }
}

struct World {
    terms: Terms,
    rows: RecordBatch,
    state: Latest,
    counts: Counts,
    outputs: Outputs,
    prints: Prints,
}

fn world(extract: &BTreeMap<i64, Values>, topic: &BTreeMap<i64, Values>, untold: &HashSet<i64>) -> World {
    let (terms, rows, state) = (terms(), rows(extract), state(topic, untold));
    let seal = Seal::new(&[3; SECRET_BYTES]);
    let aside = Aside::new(Arc::new(MemoryScratch::default()), 1 << 16);
    let mut counts = Counts::default();
    let mut gathering = Gathering::new(&terms, &seal, &aside);
    let found = compare(&terms, &rows, &state, &HashSet::new(), &mut counts).expect("compared");
    gathering.add(&terms, &rows, &state, &found).expect("added");
    let outputs = gathering.finish(&terms, &StreamFacts::default()).expect("outputs");
    let prints = Prints::new(&terms, seal.seed());
    World { terms, rows, state, counts, outputs, prints }
}

fn images(outputs: &Outputs) -> Option<RecordBatch> {
    let images: Vec<RecordBatch> = outputs.changes.images.iter().map(|rows| rows.expect("rows")).collect();
    Some(arrow::compute::concat_batches(&images.first()?.schema(), &images).expect("one"))
}

fn left(terms: &Terms, rows: &RecordBatch, state: &Latest) -> u64 {
    let mut counts = Counts::default();
    compare(terms, rows, state, &HashSet::new(), &mut counts).expect("compared");
    counts.missing + counts.extra + counts.changed + counts.unknown_cells
}

fn side() -> impl Strategy<Value = BTreeMap<i64, Values>> {
    let values = (proptest::option::weighted(0.8, 0i32..3), proptest::option::weighted(0.8, 0u8..2));
    proptest::collection::btree_map(-4i64..6, values, 0..9)
}

#[test]
fn rows_that_are_listed_keep_no_texts_of_the_bucket_that_they_are_of() {
    let texts: Vec<String> = (0..20_000).map(|number| format!("wren{number:06}@example.org")).collect();
    let texts: ArrayRef = Arc::new(StringViewArray::from_iter_values(&texts));
    let bucket = RecordBatch::try_from_iter([("email", texts)]).expect("rows");
    let mut listed = Listed::new(&Aside::new(Arc::new(MemoryScratch::default()), 1 << 30), 10);
    listed.push(&bucket.slice(7, 2)).expect("room");
    let kept = listed.iter().next().expect("rows").expect("rows");
    assert_eq!(kept, bucket.slice(7, 2));
    assert!(kept.get_array_memory_size() * 100 < bucket.get_array_memory_size());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn changes_applied_twice_are_changes_applied_once_and_come_to_the_extract(
        extract in side(), topic in side(), untold in proptest::collection::hash_set(-4i64..6, 0..3),
    ) {
        let World { terms, rows, state, outputs, prints, counts } = world(&extract, &topic, &untold);
        prop_assert_eq!(outputs.changes.state, ChangeState::Proven);
        let differing = counts.missing + counts.extra + counts.changed + outputs.unknown_rows;
        prop_assert_eq!(outputs.changes.changes, differing);
        prop_assert_eq!(outputs.drift_rows.rows(), differing);
        let Some(changes) = images(&outputs) else {
            prop_assert_eq!(left(&terms, &rows, &state), 0);
            return Ok(());
        };
        let once = apply(&terms, &prints, &state, &changes).expect("applied");
        prop_assert_eq!(left(&terms, &rows, &once), 0);
        prop_assert_eq!(once.keys.len(), extract.len());
        let twice = apply(&terms, &prints, &once, &changes).expect("applied again");
        prop_assert_eq!((&once.keys, &once.columns, &once.known), (&twice.keys, &twice.columns, &twice.known));
    }

    #[test]
    fn changes_write_over_nothing_that_came_meanwhile(extract in side(), topic in side(), at in any::<prop::sample::Index>()) {
        let World { terms, outputs, prints, .. } = world(&extract, &topic, &HashSet::new());
        let Some(changes) = images(&outputs) else { return Ok(()) };
        let keys: Vec<i64> = changes.column(0).as_primitive::<Int64Type>().values().to_vec();
        let mut later = topic.clone();
        // Neither what was there nor what should be.
        later.insert(keys[at.index(keys.len())], (Some(77), Some(9)));
        let refused = apply(&terms, &prints, &state(&later, &HashSet::new()), &changes);
        prop_assert_eq!(refused.err(), Some(ChangeFault::Conflict));
    }

    #[test]
    fn fingerprints_are_the_same_exactly_where_the_sides_are(extract in side(), topic in side(), untold in proptest::collection::hash_set(-4i64..6, 0..2)) {
        let World { terms, rows, state, outputs, .. } = world(&extract, &topic, &untold);
        let is_same = left(&terms, &rows, &state) == 0;
        prop_assert_eq!(outputs.buckets_differing == 0, is_same);
        prop_assert_eq!(outputs.prints[0] == outputs.prints[1], is_same);
        // Another run that has the same rows shows the same, whatever it compared them with.
        prop_assert_eq!(&world(&extract, &BTreeMap::new(), &HashSet::new()).outputs.prints[0], &outputs.prints[0]);
    }

    #[test]
    fn no_list_of_drift_holds_a_value_of_a_personal_column(extract in side(), topic in side()) {
        let outputs = world(&extract, &topic, &HashSet::new()).outputs;
        let cells = outputs.drift_cells.iter().map(|rows| rows.expect("rows"));
        let lists = cells.chain([outputs.column_stats, outputs.fingerprints, outputs.stream_health]);
        for rows in lists {
            let printed = format!("{rows:?}");
            prop_assert!(!printed.contains("@example.org"));
        }
    }
}

#[test]
fn more_changes_than_one_set_may_name_are_refused_and_the_drift_is_counted_all_the_same() {
    let extract: BTreeMap<i64, Values> = (0..CHANGES_MAX as i64 + 1).map(|id| (id, (Some(1), None))).collect();
    let outputs = world(&extract, &BTreeMap::new(), &HashSet::new()).outputs;
    assert_eq!(outputs.changes.state, ChangeState::TooMany);
    assert_eq!(outputs.drift_rows.rows(), CHANGES_MAX + 1);
    assert_eq!((outputs.differences.rows(), outputs.differences.found()), (1_000, CHANGES_MAX + 1));
}

#[test]
fn a_column_is_counted_on_both_sides() {
    let extract = [(1, (Some(5), Some(1))), (2, (None, None)), (3, (Some(5), Some(2)))].into();
    let topic = [(1, (Some(6), Some(1))), (2, (Some(7), None))].into();
    let World { outputs, .. } = world(&extract, &topic, &[2].into());
    let amount = &outputs.columns[1];
    let [ours, theirs] = &amount.sides;
    assert_eq!((ours.nulls, ours.distinct.count(), theirs.nulls, theirs.distinct.count()), (1, 1, 0, 2));
    assert_eq!((amount.compared, amount.different, amount.unknown), (2, 2, 0));
    let email = &outputs.columns[2];
    // An untold cell is no NULL.
    assert_eq!((email.compared, email.unknown, email.sides[1].nulls), (1, 1, 0));
    let ends = |name: &str, row: usize| {
        let cells = outputs.column_stats.column_by_name(name).expect("a column").as_string_view();
        cells.is_valid(row).then(|| cells.value(row).to_owned())
    };
    assert_eq!((ends("extract_min", 1), ends("topic_max", 1)), (Some("5".into()), Some("7".into())));
    assert_eq!((ends("extract_min", 2), ends("topic_max", 2)), (None, None), "a personal column shows no value");
}
