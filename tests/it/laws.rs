//! Laws that hold for any rows: of treatment, of encoding, of tallies, and of the comparison with a topic.

use arrow::array::*;
use nightferry::changes::{AsOf, Block, Layout, Object, Reading, decode};
use nightferry::data::scratch::Allowance;
use nightferry::data::{
    Audience, Batch, Beyond, Class, Column, ColumnType, Generalisation, Name, Origin, PgSnapshot, Treatment,
};
use nightferry::format::spill::Aside;
use nightferry::privacy::{ColumnTreatment, Keys, TEST_SECRET, redact};
use nightferry::reconcile::outputs::Seal;
use nightferry::reconcile::{Comparison, Outcome, Stream, Tally, judge};
use nightferry::store::{Encoder, PartLimits, Parts};
use nightferry::world::DiskScratch;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

pub fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

pub fn column(of: &str, column_type: &str, class: Class, kind: Option<&str>) -> Column {
    Column {
        name: name(of),
        column_type: ColumnType::parse(column_type).expect("a type"),
        class,
        kind: kind.map(str::to_owned),
        source: vec![of.into()],
        nullable: true,
        beyond: Beyond::Error,
        unit: None,
        description: None,
        references: None,
        treat: BTreeMap::new(),
        not_personal: BTreeMap::new(),
    }
}

fn keys() -> Keys {
    Keys::derive(TEST_SECRET, ["people", "banks"].map(name)).expect("keys")
}

pub fn texts(values: &[Option<String>]) -> ArrayRef {
    Arc::new(values.iter().map(Option::as_deref).collect::<StringViewArray>())
}

/// What analysts see of the texts of one personal column.
fn treated(values: &[Option<String>], kind: &str, treatment: Treatment) -> Vec<Option<String>> {
    let shown = [ColumnTreatment { column: column("value", "text", Class::Personal, Some(kind)), treatment }];
    let rows = RecordBatch::try_from_iter_with_nullable([("value", texts(values), true)]).expect("rows");
    let rows = redact(&rows, &shown, Audience::Analytics, &name("thing"), &keys()).expect("treated rows");
    let seen = rows.rows().columns().first().map(|column| column.as_string_view().clone());
    seen.iter().flat_map(|seen| seen.iter().map(|cell| cell.map(str::to_owned))).collect()
}

fn hmac(domain: &str) -> Treatment {
    Treatment::Hmac { domain: name(domain) }
}

type Row = (Option<i64>, Option<f64>, Option<i64>, Option<String>);

fn any_rows(most: usize) -> impl Strategy<Value = Vec<Row>> {
    let float = any::<f64>().prop_filter("finite", |float| float.is_finite());
    let row = (any::<Option<i64>>(), proptest::option::of(float), any::<Option<i64>>(), proptest::option::of(".{0,9}"));
    proptest::collection::vec(row, 0..most)
}

fn batch(rows: &[Row]) -> RecordBatch {
    let money = Decimal128Array::from_iter(rows.iter().map(|row| row.2.map(i128::from)));
    let columns: [(&str, ArrayRef); 4] = [
        ("id", Arc::new(rows.iter().map(|row| row.0).collect::<Int64Array>())),
        ("share", Arc::new(rows.iter().map(|row| row.1).collect::<Float64Array>())),
        ("money", Arc::new(money.with_precision_and_scale(38, 2).expect("decimals"))),
        ("owner", texts(&rows.iter().map(|row| row.3.clone()).collect::<Vec<_>>())),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, cells)| (name, cells, true))).expect("rows")
}

/// The bytes that analysts' store gets of some rows.
fn encoded(rows: &[Row]) -> Vec<u8> {
    let shown = [
        ("id", "bigint", Class::Internal, Treatment::Keep),
        ("share", "double precision", Class::Open, Treatment::Keep),
        ("money", "numeric(38,2)", Class::Open, Treatment::Keep),
        ("owner", "text", Class::Personal, hmac("people")),
    ];
    let shown =
        shown.map(|(of, kind, class, treatment)| ColumnTreatment { column: column(of, kind, class, None), treatment });
    let rows = redact(&batch(rows), &shown, Audience::Analytics, &name("thing"), &keys()).expect("treated rows");
    let encoder = Encoder::new(&rows, &shown, "run", Some("7:9:8")).expect("an encoder");
    let mut parts = Parts::new(&encoder, PartLimits { rows_max: 1_000, bytes_max: 1 << 20 });
    parts.append(encoder.encode(&[rows]).expect("a row group")).expect("appended");
    parts.finish().expect("finished").map(|part| part.bytes().to_vec()).unwrap_or_default()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn the_same_rows_policy_and_key_give_the_same_bytes(rows in any_rows(30)) {
        prop_assert_eq!(encoded(&rows), encoded(&rows));
    }

    #[test]
    fn a_tally_is_the_same_in_any_order_and_any_split(
        (rows, shuffled) in any_rows(30).prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..5),
    ) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(rows.len() + 1)).chain([0, rows.len()]).collect();
        cuts.sort_unstable();
        let parts = cuts.windows(2).map(|cut| Tally::of(&batch(&shuffled[cut[0]..cut[1]])));
        let whole = parts.fold(Tally::default(), Tally::and);
        prop_assert_eq!(whole, Tally::of(&batch(&rows)));
    }

    #[test]
    fn treatments_that_hide_show_no_part_of_a_value(values in proptest::collection::vec(proptest::option::of("[g-zG-Z@. ]{4,20}"), 1..12)) {
        for treatment in [Treatment::Drop, Treatment::Null, Treatment::Label, hmac("people")] {
            let seen = treated(&values, "remark", treatment.clone());
            for (value, seen) in values.iter().zip(&seen) {
                prop_assert!(value.is_some() || seen.is_none(), "NULL stays NULL");
                let (Some(value), Some(seen)) = (value, seen) else { continue };
                // Tokens are hexadecimal and the values are not; the label is a word of the schema.
                let shares = seen != "<remark>" && value.chars().any(|sign| sign.is_alphabetic() && seen.contains(sign));
                prop_assert!(!shares && value != seen, "{treatment} shows {seen} of {value}");
            }
        }
    }

    #[test]
    fn a_mask_shows_no_more_than_the_last(value in ".{0,16}", last in 0u8..20) {
        let seen = treated(&[Some(value.clone())], "phone", Treatment::Mask { last });
        let seen = seen[0].clone().expect("a value");
        prop_assert_eq!(seen.chars().count(), value.chars().count());
        let signs: Vec<char> = value.chars().filter(|sign| sign.is_alphanumeric()).collect();
        let shown: Vec<char> = seen.chars().filter(|sign| sign.is_alphanumeric()).collect();
        prop_assert!(shown.len() <= usize::from(last), "{seen}");
        prop_assert!(shown.len() * 2 <= signs.len(), "never more than half of it");
        prop_assert_eq!(&signs[signs.len() - shown.len()..], &shown[..]);
    }

    #[test]
    fn one_address_or_number_is_one_token_in_any_writing_and_another_in_every_domain(
        local in "[a-z][a-z0-9.]{0,10}", host in "[a-z]{1,8}", digits in "7[0-9]{9}", blanks in " {0,2}", upper in any::<u16>(),
    ) {
        let address = format!("{local}@{host}.org");
        let cased: String = address.chars().enumerate().map(|(at, sign)| if upper >> (at % 16) & 1 == 1 { sign.to_ascii_uppercase() } else { sign }).collect();
        let token = |value: &str, kind, domain| treated(&[Some(value.to_owned())], kind, hmac(domain))[0].clone();
        let people = token(&address, "email", "people");
        prop_assert_eq!(&token(&format!("{blanks}{cased}{blanks}"), "email", "people"), &people);
        prop_assert_ne!(&token(&address, "email", "banks"), &people);
        prop_assert_ne!(&token(&format!("x{address}"), "email", "people"), &people);
        let phone = token(&format!("0{digits}"), "phone", "people");
        let (front, back) = digits.split_at(4);
        for writing in [format!("+44{digits}"), format!("0044 {front} {back}"), format!("+44 (0){front}-{back}"), format!("{blanks}0{front} {back}{blanks}")] {
            prop_assert_eq!(&token(&writing, "phone", "people"), &phone, "{}", writing);
        }
        // As an address a number is another thing, written as it stands.
        prop_assert_ne!(&token(&format!("+44{digits}"), "email", "people"), &phone);
    }

    #[test]
    fn a_generalised_date_tells_the_year_and_nothing_else(days in proptest::collection::vec(-30_000i32..40_000, 1..12)) {
        let shown = [ColumnTreatment { column: column("born", "date", Class::Sensitive, None), treatment: Treatment::Generalise(Generalisation::Year) }];
        let born: ArrayRef = Arc::new(Date32Array::from(days.clone()));
        let rows = RecordBatch::try_from_iter([("born", born)]).expect("rows");
        let rows = redact(&rows, &shown, Audience::Analytics, &name("thing"), &keys()).expect("treated rows");
        let seen = rows.rows().column(0).as_primitive::<arrow::datatypes::Date32Type>();
        for (day, seen) in days.iter().zip(seen.iter().flatten()) {
            let date = |day: i32| chrono::NaiveDate::default() + chrono::TimeDelta::days(i64::from(day));
            prop_assert_eq!(date(seen).format("%Y-%m-%d").to_string(), date(*day).format("%Y-01-01").to_string());
        }
    }
}

/// What happens to one key: its values one after the other, `None` where it is deleted.
type History = Vec<Option<u32>>;

/// The topic's lines of `histories`, the events of each key in their order and the keys' in the order of `turns`.
fn topic(histories: &[History], turns: &[prop::sample::Index], transaction: u32) -> String {
    let mut left: Vec<(usize, std::slice::Iter<'_, Option<u32>>)> =
        histories.iter().map(|history| history.iter()).enumerate().collect();
    let mut lines = String::new();
    for turn in turns.iter().cycle() {
        left.retain(|(_, events)| events.len() > 0);
        if left.is_empty() {
            break;
        }
        let at = turn.index(left.len());
        let (key, events) = &mut left[at];
        let line = match events.next() {
            Some(Some(value)) => format!("{{\"after\":{{\"id\":{key},\"v\":{value}}},\"op\":\"u\""),
            _ => format!("{{\"before\":{{\"id\":{key}}},\"after\":null,\"op\":\"d\""),
        };
        lines.push_str(&format!("{line},\"source\":{{\"txId\":{transaction}}}}}\n"));
    }
    lines
}

fn compared(extract: &[Vec<(i64, i32)>], objects: &[(u32, u64, String)]) -> Outcome {
    let columns = vec![column("id", "bigint", Class::Internal, None), column("v", "integer", Class::Open, None)];
    let folder = tempfile::tempdir().expect("a folder");
    let aside =
        Aside::new(Arc::new(DiskScratch::open(folder.path(), &Allowance::unlimited()).expect("scratch")), 1 << 12);
    let mut comparison =
        Comparison::new(columns.clone(), &[name("id")], &BTreeMap::new(), &Seal::new(&[1; 32]), &aside);
    for rows in extract {
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.0)));
        let values: ArrayRef = Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| row.1)));
        let rows = RecordBatch::try_from_iter_with_nullable([("id", ids, true), ("v", values, true)]).expect("rows");
        let none = RecordBatch::try_from_iter_with_nullable([("id", texts(&[]), true), ("v", texts(&[]), true)])
            .expect("none");
        comparison
            .add_extract(&Batch { rows, bad: Vec::new(), bad_rows: none, nulled: BTreeMap::new() })
            .expect("added");
    }
    let origin = Origin {
        extracted_at: Default::default(),
        snapshot: PgSnapshot::parse("5000:5010:"),
        inputs: Vec::new(),
        server: None,
        position: None,
    };
    for (partition, first_offset, lines) in objects {
        let object = Object { partition: *partition, first_offset: *first_offset, path: String::new() };
        let changes = decode(
            &Block::whole(&object, Layout::Confluent, lines.clone().into()),
            &columns.iter().collect::<Vec<_>>(),
            &[0],
            &AsOf::from(&origin),
            &Reading::default(),
        );
        comparison.add_changes(&changes.expect("events")).expect("added");
    }
    comparison.finish().expect("compared")
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn a_comparison_is_the_same_in_any_order_of_what_commutes(
        histories in proptest::collection::vec(proptest::collection::vec(proptest::option::weighted(0.8, 0u32..4), 1..4), 1..10),
        (rows, shuffled) in proptest::collection::vec((0i64..12, 0i32..4), 0..12).prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
        turns in proptest::collection::vec(any::<prop::sample::Index>(), 1..20), cut in any::<prop::sample::Index>(), half in any::<prop::sample::Index>(),
    ) {
        // One row a key: of rows that share one, the first stands, whichever that is.
        let once = |rows: &[(i64, i32)]| rows.iter().map(|row| (row.0, (row.0 * 7 % 4) as i32)).collect::<BTreeMap<_, _>>();
        let (rows, keyed) = (once(&rows), once(&shuffled));
        let mut shuffled: Vec<(i64, i32)> = shuffled.iter().filter_map(|row| Some((row.0, *keyed.get(&row.0)?))).collect();
        let mut seen = std::collections::BTreeSet::new();
        shuffled.retain(|row| seen.insert(row.0));
        let in_order = topic(&histories, &turns[..1], 4_000);
        let mixed = topic(&histories, &turns, 4_000);
        let later = topic(&[vec![Some(9)]], &turns, 6_000);
        let one = compared(&[rows.into_iter().collect()], &[(0, 0, in_order), (1, 0, later.clone())]);
        // The same in two batches, the events in another order, in two objects that are read the other way round.
        let line_ends: Vec<usize> = mixed.match_indices('\n').map(|(at, _)| at + 1).collect();
        let lines = cut.index(line_ends.len() + 1);
        let (front, back) = mixed.split_at(if lines == 0 { 0 } else { line_ends[lines - 1] });
        let (some, others) = shuffled.split_at(half.index(shuffled.len() + 1));
        let objects = [(1, 0, later), (0, lines as u64, back.to_owned()), (0, 0, front.to_owned())];
        let other = compared(&[others.to_vec(), some.to_vec()], &objects);
        prop_assert_eq!(&one.counts, &other.counts);
        let stream = Stream { has_snapshot: true, allow_empty: false, heartbeat: false, dead_letters: 0 };
        prop_assert_eq!(judge(&one.counts, &one.facts, stream), judge(&other.counts, &other.facts, stream));
    }
}
