//! Claims against a plain reading of the same rows, however they are cut and wherever they are put aside.

use super::*;
use crate::data::cell::CellBuilder;
use crate::data::scratch::MemoryScratch;
use crate::data::{BadRow, Batch, Column, ColumnType, RowFault};
use crate::format::spill::Aside;
use arrow::array::RecordBatch;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

fn names(texts: &[&str]) -> Vec<Name> {
    texts.iter().map(|text| name(text)).collect()
}

fn column(of: &str, column_type: &str) -> Column {
    Column::plain(name(of), ColumnType::parse(column_type).expect("a type"))
}

/// Rows of texts, NULL where there is none.
type Rows<'a> = Vec<Vec<Option<&'a str>>>;

fn batch(columns: &[Column], rows: &[Vec<Option<&str>>]) -> RecordBatch {
    let cells = columns.iter().enumerate().map(|(place, column)| {
        let mut built = CellBuilder::new(column.column_type, rows.len());
        for row in rows {
            match row[place] {
                Some(text) => built.push_text(text).expect("a cell"),
                None => built.push_null(),
            }
        }
        (column.name.as_str(), built.finish(), true)
    });
    RecordBatch::try_from_iter_with_nullable(cells).expect("rows")
}

/// A dataset: its columns, and its rows as they were cut.
struct Dataset<'a> {
    columns: Vec<Column>,
    units: Vec<Rows<'a>>,
}

fn dataset<'a>(columns: &[(&str, &str)], units: Vec<Rows<'a>>) -> Dataset<'a> {
    Dataset { columns: columns.iter().map(|(of, column_type)| column(of, column_type)).collect(), units }
}

fn gather(take: Take, dataset: &Dataset<'_>, memory_bytes_max: u64) -> Gathered {
    let aside = Aside::new(Arc::new(MemoryScratch::default()), memory_bytes_max);
    let taker = Taker::new(take, &dataset.columns).expect("a taker");
    let mut gathered = Gathered::new(&aside);
    let mut first = 0;
    for unit in &dataset.units {
        let rows = batch(&dataset.columns, unit);
        let bad_rows = RecordBatch::new_empty(rows.schema());
        let batch = Batch { rows, bad: Vec::new(), bad_rows, nulled: BTreeMap::new() };
        gathered.add(taker.of(&batch, first).expect("taken")).expect("room");
        first += unit.len() as u64;
    }
    gathered
}

/// Count and places, in memory and on disk alike.
fn settled(claim: &Claim, datasets: &[(&str, &Dataset<'_>)]) -> (u64, Vec<u64>, Option<String>) {
    let [here, there] = [u64::MAX, 0].map(|memory_bytes_max| {
        let own = name(datasets[0].0);
        let of = |dataset: &Name| datasets.iter().find(|(name, _)| *name == dataset.as_str()).expect("a dataset").1;
        let sides = claim.sides(&own).into_iter().map(|(dataset, take)| gather(take, of(dataset), memory_bytes_max));
        let broken = settle(claim, sides.collect(), 1 << 30).expect("settled");
        (broken.count, broken.places, broken.reason)
    });
    assert_eq!(here, there, "memory and disk differ");
    here
}

fn alone(claim: &Claim, dataset: &Dataset<'_>) -> (u64, Vec<u64>) {
    let (count, places, _) = settled(claim, &[("thing", dataset)]);
    (count, places)
}

#[test]
fn unique_counts_rows_after_the_first_and_leaves_null_out() {
    let rows = vec![
        vec![vec![Some("1"), Some("a")], vec![Some("1"), None], vec![Some("2"), Some("a")]],
        vec![vec![Some("1"), Some("a")], vec![Some("1"), None], vec![Some("1"), Some("a")], vec![Some("2"), Some("")]],
    ];
    let things = dataset(&[("id", "integer"), ("part", "text")], rows);
    assert_eq!(alone(&Claim::Unique(names(&["id", "part"])), &things), (2, vec![3]));
    assert_eq!(alone(&Claim::Unique(names(&["id"])), &things), (5, vec![1, 6]));
    assert_eq!(alone(&Claim::NotNull(names(&["id", "part"])), &things), (2, vec![1, 4]));
}

#[test]
fn floats_are_compared_as_postgresql_compares_them() {
    let cells = ["0", "-0", "NaN", "1.5", "-1", "Infinity"];
    let things = dataset(&[("x", "real")], vec![cells.iter().map(|cell| vec![Some(*cell)]).collect()]);
    assert_eq!(alone(&Claim::Unique(names(&["x"])), &things), (1, vec![1]));
    let range = |bounds: &[(Bound, &str)]| {
        Claim::Range(name("x"), bounds.iter().map(|(bound, value)| (*bound, (*value).to_owned())).collect())
    };
    assert_eq!(alone(&range(&[(Bound::Min, "0")]), &things), (1, vec![4]));
    // NaN is above every number, and beyond every largest one.
    assert_eq!(alone(&range(&[(Bound::Max, "Infinity")]), &things), (1, vec![2]));
    assert_eq!(alone(&range(&[(Bound::Above, "0"), (Bound::Below, "2")]), &things), (5, vec![0, 1, 2, 4, 5]));
    assert_eq!(alone(&Claim::Accepted(name("x"), vec!["0".into(), "1.5".into()]), &things), (3, vec![2, 4, 5]));
}

#[test]
fn a_reference_with_a_null_passes_and_types_of_other_widths_meet() {
    let child = dataset(
        &[("a", "smallint"), ("b", "varchar(9)")],
        vec![vec![vec![Some("1"), Some("x")], vec![Some("1"), None]], vec![vec![Some("2"), Some("x")]; 3]],
    );
    let parent =
        dataset(&[("k", "bigint"), ("l", "text")], vec![vec![vec![Some("1"), Some("x")], vec![None, Some("x")]]]);
    let of = Referenced { dataset: name("other"), key: names(&["k", "l"]), published: None };
    let claim = Claim::References(names(&["a", "b"]), of);
    assert_eq!(settled(&claim, &[("thing", &child), ("other", &parent)]).0, 3);
    assert_eq!(settled(&claim, &[("thing", &child), ("other", &parent)]).1, [2]);
    let none = dataset(&[("k", "bigint"), ("l", "text")], Vec::new());
    assert_eq!(settled(&claim, &[("thing", &child), ("other", &none)]).0, 4);
    assert_eq!(
        settled(
            &claim,
            &[("thing", &dataset(&[("a", "smallint"), ("b", "varchar(9)")], Vec::new())), ("other", &none)]
        )
        .0,
        0
    );
}

fn day_of(date: &'static str, periods: std::ops::RangeInclusive<u32>) -> Rows<'static> {
    let period = |period: u32| -> &'static str { Box::leak(period.to_string().into_boxed_str()) };
    periods.map(|number| vec![Some("u"), Some(date), Some(period(number))]).collect()
}

#[test]
fn knows_the_nights_when_clocks_change() {
    let claim =
        |half_hours| Claim::PeriodsADay { day: name("day"), period: name("period"), half_hours, per: names(&["unit"]) };
    let columns = [("unit", "text"), ("day", "date"), ("period", "smallint")];
    let broken = |rows: Rows<'static>, half_hours| {
        // Cut in the middle of a day: the halves meet again.
        let (one, other) = rows.split_at(rows.len() / 2);
        alone(&claim(half_hours), &dataset(&columns, vec![one.to_vec(), other.to_vec()]))
    };
    for (date, periods) in [("2026-03-29", 46), ("2026-10-25", 50), ("2026-11-22", 48)] {
        assert_eq!(broken(day_of(date, 1..=periods), 1), (0, Vec::new()), "{date}");
        assert_eq!(broken(day_of(date, 1..=periods / 2), 2), (0, Vec::new()), "{date} by the hour");
        for other in [46, 48, 50].into_iter().filter(|other| *other != periods) {
            assert_eq!(broken(day_of(date, 1..=other), 1), (1, vec![0]), "{date} of {other}");
        }
        // As many as there are, but one twice and one lacking; and the first lacking.
        let mut twice = day_of(date, 1..=periods);
        twice[3][2] = Some("3");
        assert_eq!(broken(twice, 1), (1, vec![0]), "{date}");
        assert_eq!(broken(day_of(date, 2..=periods + 1), 1), (1, vec![0]), "{date}");
        let mut null = day_of(date, 1..=periods);
        null[5][2] = None;
        assert_eq!(broken(null, 1), (1, vec![0]), "{date}");
        let mut far = day_of(date, 1..=periods);
        far.push(vec![Some("u"), Some(date), Some("65")]);
        far.push(vec![Some("u"), Some(date), Some("0")]);
        assert_eq!(broken(far, 1).0, 1, "{date}");
    }
    let mut unknown = day_of("2026-11-22", 1..=48);
    unknown.push(vec![Some("u"), None, Some("1")]);
    assert_eq!(broken(unknown, 1), (1, vec![48]), "a NULL day has no periods");
}

#[test]
fn finds_days_that_lack_between_the_first_and_the_last() {
    let rows = ["2024-02-27", "2024-02-28", "2024-03-01", "2024-03-01", "2024-03-04"];
    let rows: Rows<'_> = rows
        .iter()
        .map(|day| vec![Some("a"), Some(*day)])
        .chain([vec![Some("b"), Some("2020-01-01")], vec![Some("a"), None]])
        .collect();
    let things = dataset(&[("unit", "text"), ("day", "date")], vec![rows]);
    let claim = |per: &[&str]| Claim::GapFree { day: name("day"), per: names(per) };
    // 29 February, 2 and 3 March.
    assert_eq!(alone(&claim(&["unit"]), &things), (3, vec![2, 4]));
    assert_eq!(alone(&claim(&[]), &things).0, 3 + 1_517);
}

#[test]
fn finds_intervals_that_overlap_end_early_or_never_end() {
    let rows: Rows<'_> = vec![
        vec![Some("a"), Some("2025-04-01"), Some("2026-03-31")],
        vec![Some("a"), Some("2026-04-01"), None],
        vec![Some("b"), Some("2025-04-01"), Some("2026-04-01")],
        vec![Some("b"), Some("2026-04-01"), None],
        vec![Some("b"), Some("2027-04-01"), Some("2027-05-01")],
        vec![Some("c"), Some("2026-04-01"), Some("2026-03-31")],
        vec![Some("d"), None, Some("2020-01-01")],
        vec![Some("d"), Some("2019-01-01"), None],
    ];
    let things = dataset(&[("id", "text"), ("from_day", "date"), ("to_day", "date")], vec![rows]);
    let claim = |end| Claim::NoOverlap { from: name("from_day"), to: name("to_day"), end, per: names(&["id"]) };
    let (count, places, reason) = settled(&claim(End::Included), &[("thing", &things)]);
    assert_eq!((count, places), (4, vec![3, 4, 5, 7]));
    assert_eq!(reason.as_deref(), Some("1 of them end before they begin"));
    assert_eq!(alone(&claim(End::Excluded), &things), (3, vec![4, 5, 7]));
}

#[test]
fn sums_balance_to_the_last_place_and_at_any_size() {
    let most = "9".repeat(38);
    let (day, invoice) = ([("d", "date"), ("x", "numeric(38,0)")], [("d", "date"), ("x", "numeric(12,2)")]);
    let of = |dataset: &str| Sum { dataset: name(dataset), column: name("x"), per: names(&["d"]) };
    let claim = |within: Option<&str>| Claim::Balance {
        one: of("thing"),
        others: vec![of("other")],
        within: within.map(str::to_owned),
    };
    let one = dataset(
        &day,
        vec![
            vec![vec![Some("2026-01-01"), Some("3")], vec![Some("2026-01-02"), Some(&most)]],
            vec![vec![Some("2026-01-01"), None], vec![Some("2026-01-02"), Some(&most)], vec![None, Some("1")]],
        ],
    );
    let other = dataset(
        &invoice,
        vec![vec![
            vec![Some("2026-01-01"), Some("1.50")],
            vec![Some("2026-01-01"), Some("1.51")],
            vec![Some("2026-01-03"), Some("0")],
            vec![None, Some("1.00")],
        ]],
    );
    let both = [("thing", &one), ("other", &other)];
    let (count, places, reason) = settled(&claim(None), &both);
    assert_eq!((count, places), (3, vec![0, 1]));
    assert_eq!(reason.as_deref(), Some("2 of them on one side only"));
    assert_eq!(settled(&claim(Some("0.01")), &both).0, 2);
    assert_eq!(settled(&claim(Some("0.009")), &both).0, 3);
}

#[test]
fn a_dataset_has_as_many_rows_as_are_claimed() {
    let things = dataset(&[("id", "text")], vec![vec![vec![Some("a")]; 2], vec![vec![Some("b")], vec![None]]]);
    let claim = |min, max, per: &[&str]| Claim::Rows { min, max, per: names(per) };
    assert_eq!(alone(&claim(Some(4), Some(4), &[]), &things).0, 0);
    assert_eq!(settled(&claim(Some(5), None, &[]), &[("thing", &things)]).2.as_deref(), Some("it has 4"));
    assert_eq!(alone(&claim(None, Some(3), &[]), &things).0, 1);
    assert_eq!(alone(&claim(Some(2), None, &["id"]), &things), (2, vec![2, 3]));
    assert_eq!(alone(&claim(Some(1), None, &[]), &dataset(&[("id", "text")], Vec::new())).0, 1);
}

#[test]
fn bad_rows_keep_their_place_in_the_extract() {
    let columns = [column("id", "integer")];
    let rows = batch(&columns, &[vec![Some("1")], vec![Some("1")], vec![None]]);
    let bad = [10, 11, 13].map(|ordinal| BadRow { ordinal, column: name("id"), fault: RowFault::Type });
    let bad_rows = RecordBatch::new_empty(rows.schema());
    let batch = Batch { rows, bad: bad.into(), bad_rows, nulled: BTreeMap::new() };
    let aside = Aside::new(Arc::new(MemoryScratch::default()), 0);
    for (claim, places) in [(Claim::Unique(names(&["id"])), [14]), (Claim::NotNull(names(&["id"])), [15])] {
        let own = name("thing");
        let taker = Taker::new(claim.sides(&own).remove(0).1, &columns).expect("a taker");
        let mut gathered = Gathered::new(&aside);
        gathered.add(taker.of(&batch, 10).expect("taken")).expect("room");
        assert_eq!(settle(&claim, vec![gathered], 1 << 20).expect("settled").places, places);
    }
}

#[test]
fn says_so_when_one_bucket_is_more_than_the_memory() {
    let rows: Rows<'_> = vec![vec![Some("a"), Some("2026-01-01"), None]; 5_000];
    let things = dataset(&[("id", "text"), ("f", "date"), ("t", "date")], vec![rows]);
    let claim = Claim::NoOverlap { from: name("f"), to: name("t"), end: End::Included, per: names(&["id"]) };
    let own = name("thing");
    let sides = claim.sides(&own).into_iter().map(|(_, take)| gather(take, &things, 0)).collect();
    assert!(matches!(settle(&claim, sides, 10_000), Err(ClaimFault::Memory(_))));
}

/// Rows of small numbers, cut anywhere.
fn cut(rows: &[(Option<u8>, Option<u8>)], cuts: &[prop::sample::Index]) -> Vec<Vec<Vec<Option<String>>>> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(rows.len() + 1)).chain([0, rows.len()]).collect();
    cuts.sort_unstable();
    let text = |cell: Option<u8>| cell.map(|cell| cell.to_string());
    let units = cuts.windows(2).map(|ends| rows[ends[0]..ends[1]].iter().map(|row| vec![text(row.0), text(row.1)]));
    units.map(Iterator::collect).collect()
}

fn borrowed(units: &[Vec<Vec<Option<String>>>]) -> Vec<Rows<'_>> {
    units.iter().map(|unit| unit.iter().map(|row| row.iter().map(Option::as_deref).collect()).collect()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn says_the_same_as_a_plain_reading_however_rows_are_cut(
        rows in proptest::collection::vec((proptest::option::of(0u8..6), proptest::option::of(0u8..9)), 0..60),
        parents in proptest::collection::vec(0u8..6, 0..6),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..5),
    ) {
        let units = cut(&rows, &cuts);
        let things = dataset(&[("k", "integer"), ("v", "integer")], borrowed(&units));
        let whole: Vec<(u8, u8)> = rows.iter().filter_map(|(k, v)| Some(((*k)?, (*v)?))).collect();
        let distinct: BTreeSet<(u8, u8)> = whole.iter().copied().collect();
        prop_assert_eq!(alone(&Claim::Unique(names(&["k", "v"])), &things).0, (whole.len() - distinct.len()) as u64);

        let keys: Vec<(Option<u8>, Option<u8>)> = parents.iter().map(|k| (Some(*k), None)).collect();
        let keys = cut(&keys, &cuts);
        let parent = dataset(&[("k", "bigint"), ("v", "integer")], borrowed(&keys));
        let of = Referenced { dataset: name("other"), key: names(&["k"]), published: None };
        let orphans = rows.iter().filter(|(k, _)| k.is_some_and(|k| !parents.contains(&k))).count() as u64;
        let claim = Claim::References(names(&["k"]), of);
        prop_assert_eq!(settled(&claim, &[("thing", &things), ("other", &parent)]).0, orphans);

        // Each row against every other: begins while one that began before it, or stands before it, has not ended.
        let begin = |row: &(Option<u8>, Option<u8>)| row.0.map_or(-1, i32::from);
        let end = |row: &(Option<u8>, Option<u8>)| row.1.map_or(99, i32::from);
        let overlaps = (0..rows.len()).filter(|one| {
            let (from, to) = (begin(&rows[*one]), end(&rows[*one]));
            to < from || (0..rows.len()).any(|other| {
                let (began, ended) = (begin(&rows[other]), end(&rows[other]));
                ended >= began && (began, other) < (from, *one) && from <= ended
            })
        });
        let expected: Vec<u64> = overlaps.map(|row| row as u64).collect();
        let claim = Claim::NoOverlap { from: name("k"), to: name("v"), end: End::Included, per: Vec::new() };
        prop_assert_eq!(alone(&claim, &things), (expected.len() as u64, expected));

        let mut sums: BTreeMap<Option<u8>, u64> = BTreeMap::new();
        rows.iter().for_each(|(k, v)| *sums.entry(*k).or_default() += u64::from(v.unwrap_or(0)));
        let mut counts: BTreeMap<Option<u8>, u64> = BTreeMap::new();
        rows.iter().for_each(|(k, _)| *counts.entry(*k).or_default() += 1);
        let of = |column: &str| Sum { dataset: name("thing"), column: name(column), per: names(&["k"]) };
        let unequal = sums.iter().filter(|(k, sum)| **sum != u64::from(k.unwrap_or(0)) * counts[*k]).count() as u64;
        let claim = Claim::Balance { one: of("v"), others: vec![of("k")], within: None };
        prop_assert_eq!(alone(&claim, &things).0, unequal);
        let few = counts.values().filter(|count| **count < 3).count() as u64;
        prop_assert_eq!(alone(&Claim::Rows { min: Some(3), max: None, per: names(&["k"]) }, &things).0, few);
    }
}
