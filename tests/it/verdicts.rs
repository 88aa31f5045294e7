//! A verdict depends on what happened and on nothing else: not on how a topic's objects are cut and in which order they are read, not
//! on what a connector delivers again, not on the extract's batches, nor on what is put aside. What it must come to is worked out by
//! a map.

use crate::laws::{column, name, texts};
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringViewArray};
use nightferry::changes::{AsOf, Block, Layout, Object, Reading, decode};
use nightferry::data::scratch::Allowance;
use nightferry::data::{Batch, Class, Origin, PgSnapshot};
use nightferry::format::spill::Aside;
use nightferry::reconcile::outputs::Seal;
use nightferry::reconcile::{Comparison, Counts, Curable, Judged, Stream, Verdict, judge};
use nightferry::world::DiskScratch;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

const PARTITIONS: u64 = 3;
/// A transaction that the extract shows, and one that had not begun.
const TRANSACTIONS: [u64; 2] = [4000, 6000];

/// What happens to a key.
#[derive(Clone, Copy, Debug)]
enum Happening {
    Written(u8),
    /// An update that does not touch the value, which a topic leaves out.
    Touched,
    Deleted,
}

type Event = (u64, Happening);

fn events() -> impl Strategy<Value = Vec<Event>> {
    let happening = prop_oneof![
        4 => (0u8..3).prop_map(Happening::Written),
        2 => Just(Happening::Touched),
        1 => Just(Happening::Deleted),
    ];
    proptest::collection::vec((0u64..9, happening), 1..40)
}

/// Key -> its value at the end, `None` where nobody can tell it; of the events that the extract shows.
fn state(events: &[Event]) -> BTreeMap<u64, Option<u8>> {
    let mut state = BTreeMap::new();
    for (key, happening) in events {
        match happening {
            Happening::Written(value) => drop(state.insert(*key, Some(*value))),
            Happening::Touched => drop(state.entry(*key).or_insert(None)),
            Happening::Deleted => drop(state.remove(key)),
        }
    }
    state
}

fn line(place: usize, (key, happening): &Event, transaction: u64) -> String {
    let source = json!({"txId": transaction, "lsn": 1_000 + 10 * place});
    let row = |note: &str| json!({"id": key, "note": note});
    match happening {
        Happening::Written(value) => json!({"after": row(&format!("v{value}")), "op": "u", "source": source}),
        Happening::Touched => json!({"after": row("__debezium_unavailable_value"), "op": "u", "source": source}),
        Happening::Deleted => json!({"before": {"id": key}, "after": null, "op": "d", "source": source}),
    }
    .to_string()
}

/// The lines of each partition: what the extract shows, what came later, and what was delivered again from `again` on.
fn partitions(shown: &[Event], later: &[Event], again: Option<Index>) -> Vec<Vec<String>> {
    let of = |partition: u64| {
        let all = shown
            .iter()
            .map(|event| (event, TRANSACTIONS[0]))
            .chain(later.iter().map(|event| (event, TRANSACTIONS[1])));
        let all = all.enumerate().filter(|(_, ((key, _), _))| key % PARTITIONS == partition);
        let mut lines: Vec<String> = all.map(|(place, (event, transaction))| line(place, event, transaction)).collect();
        if let (Some(again), false) = (again, lines.is_empty()) {
            let from = again.index(lines.len());
            let stretch = lines[from..lines.len().min(from + 5)].to_vec();
            lines.extend(stretch);
        }
        // Shows that the partition has come past the extract.
        lines.push(line(999, &(100 + partition, Happening::Written(0)), TRANSACTIONS[1]));
        lines
    };
    (0..PARTITIONS).map(of).collect()
}

/// The lines in objects of `size`: partition, first offset, text.
fn objects(partitions: &[Vec<String>], size: usize) -> Vec<(u32, u64, String)> {
    let cut = |(partition, lines): (usize, &Vec<String>)| {
        let object = |(at, lines): (usize, &[String])| (partition as u32, (at * size) as u64, lines.join("\n"));
        lines.chunks(size).enumerate().map(object).collect::<Vec<_>>()
    };
    partitions.iter().enumerate().flat_map(cut).collect()
}

/// Rows of an extract; a key may be NULL.
type Row = (Option<i64>, String);

struct Came {
    judged: Judged,
    /// Compared, missing, extra, changed, unknown cells, duplicates, NULL keys.
    counts: [u64; 7],
}

fn compared(rows: &[Row], batch_rows: usize, objects: &[(u32, u64, String)], aside_bytes: u64) -> Came {
    let columns = vec![column("id", "bigint", Class::Internal, None), column("note", "text", Class::Open, None)];
    let folder = tempfile::tempdir().expect("a folder");
    let aside =
        Aside::new(Arc::new(DiskScratch::open(folder.path(), &Allowance::unlimited()).expect("scratch")), aside_bytes);
    let mut comparison =
        Comparison::new(columns.clone(), &[name("id")], &BTreeMap::new(), &Seal::new(&[7; 32]), &aside);
    for rows in rows.chunks(batch_rows) {
        let ids: ArrayRef = Arc::new(rows.iter().map(|row| row.0).collect::<Int64Array>());
        let notes: ArrayRef = Arc::new(rows.iter().map(|row| Some(&row.1)).collect::<StringViewArray>());
        let rows = RecordBatch::try_from_iter_with_nullable([("id", ids, true), ("note", notes, true)]).expect("rows");
        let none = [("id", texts(&[]), true), ("note", texts(&[]), true)];
        let bad_rows = RecordBatch::try_from_iter_with_nullable(none).expect("none");
        let batch = Batch { rows, bad: Vec::new(), bad_rows, nulled: BTreeMap::new() };
        comparison.add_extract(&batch).expect("added");
    }
    let snapshot = PgSnapshot::parse("5000:5010:");
    let origin =
        Origin { extracted_at: Default::default(), snapshot, inputs: Vec::new(), server: None, position: None };
    for (partition, first_offset, lines) in objects {
        let object = Object { partition: *partition, first_offset: *first_offset, path: String::new() };
        let block = Block::whole(&object, Layout::Confluent, lines.clone().into());
        let wanted: Vec<_> = columns.iter().collect();
        let changes = decode(&block, &wanted, &[0], &AsOf::from(&origin), &Reading::default()).expect("events");
        comparison.add_changes(&changes).expect("added");
    }
    // Looking at what there is so far changes nothing.
    let so_far = comparison.so_far().expect("compared").counts;
    let outcome = comparison.finish().expect("compared");
    let counts = outcome.counts;
    assert_eq!(so_far, counts);
    let stream = Stream { has_snapshot: true, allow_empty: true, heartbeat: false, dead_letters: 0 };
    let judged = judge(&counts, &outcome.facts, stream);
    let Counts { compared, missing, extra, changed, unknown_cells, duplicates, null_keys, .. } = counts;
    Came { judged, counts: [compared, missing, extra, changed, unknown_cells, duplicates, null_keys] }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn a_verdict_is_the_same_however_a_topic_is_cut_shuffled_delivered_again_or_put_aside(
        shown in events(), later in events(), again in proptest::option::of(any::<Index>()),
        others in proptest::collection::vec((0u64..12, 0u8..3), 0..4), dropped in 0u64..12,
        duplicates in 0usize..3, nulls in 0usize..3,
        sizes in (1usize..9, 1usize..9), order in any::<u64>(),
    ) {
        let state = state(&shown);
        // The extract agrees but for what was changed, added and taken out of it here.
        let mut extract: BTreeMap<u64, u8> = state.iter().map(|(key, value)| (*key, value.unwrap_or(9))).collect();
        extract.extend(others);
        extract.remove(&dropped);
        let mut rows: Vec<Row> = extract.iter().map(|(key, value)| (Some(*key as i64), format!("v{value}"))).collect();
        let copies: Vec<Row> = rows.iter().take(duplicates).cloned().collect();
        let copied = copies.len() as u64;
        rows.extend(copies);
        rows.extend((0..nulls).map(|_| (None, "v0".to_owned())));

        let both = || extract.iter().filter_map(|(key, value)| Some((value, state.get(key)?)));
        let expected = [
            both().count() as u64,
            state.keys().filter(|key| !extract.contains_key(key)).count() as u64,
            extract.keys().filter(|key| !state.contains_key(key)).count() as u64,
            both().filter(|(ours, theirs)| theirs.is_some_and(|theirs| theirs != **ours)).count() as u64,
            both().filter(|(_, theirs)| theirs.is_none()).count() as u64,
            copied,
            nulls as u64,
        ];
        let one = compared(&rows, 100, &objects(&partitions(&shown, &later, None), 1_000), 1 << 24);
        prop_assert_eq!(one.counts, expected);
        let verdict = match expected {
            [.., duplicates, nulls] if duplicates + nulls > 0 => Verdict::Error,
            [_, missing, extra, changed, ..] if missing + extra + changed > 0 => Verdict::Drift,
            [.., unknown, _, _] if unknown > 0 => Verdict::Inconclusive(Curable::Never),
            _ => Verdict::Match,
        };
        prop_assert_eq!(one.judged.verdict, verdict);

        let mut cut = objects(&partitions(&shown, &later, again), sizes.0);
        // Any order of the objects, and of the rows but for which of two alike is the first.
        let shuffled = |at: usize| order.wrapping_mul(at as u64 * 2 + 1).rotate_left(17);
        cut.sort_by_key(|(partition, offset, _)| shuffled((*partition as usize + 7) * (*offset as usize + 3)));
        let mut turned: Vec<Row> = rows.clone();
        turned.rotate_left(order as usize % rows.len().max(1));
        let other = compared(&turned, sizes.1, &cut, 1 << 8);
        prop_assert_eq!(other.counts, expected);
        prop_assert_eq!(one.judged, other.judged);
    }
}
