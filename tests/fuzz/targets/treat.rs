//! Any cells of a column under every treatment of its type: as many come out, NULL stays NULL, and what must hide a value does.

#![no_main]
#![allow(dead_code, unused_imports)]

#[path = "../../../src/data/mod.rs"]
mod data;
#[path = "treatments.rs"]
mod privacy;

use arrow::array::{Array, ArrayRef, AsArray, Date32Array, Int64Array, StringViewArray, TimestampMicrosecondArray};
use data::{Alphabet, Column, ColumnType, FieldTreatment, Generalisation, Name, Treatment};
use libfuzzer_sys::{arbitrary, fuzz_target};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use privacy::{Keys, Subject, TEST_SECRET, Told, Vault, published_type, treat};

/// What cells are of, and what is done to them.
#[derive(arbitrary::Arbitrary, Debug)]
struct Given {
    texts: Vec<Option<String>>,
    numbers: Vec<Option<i64>>,
    dates: Vec<Option<i32>>,
    last: u8,
    width: u64,
    days: u16,
    kind: Option<u8>,
    edge: i64,
    path: (String, String),
}

const KINDS: [&str; 6] = ["email", "person_name", "phone", "postcode", "nino", "reference"];

/// Keys, and an empty vault whose tokens are numbers in turn.
fn with_vault() -> Keys {
    let next = AtomicU64::new(1);
    let random = move |bytes: &mut [u8]| {
        bytes.fill(0);
        bytes.iter_mut().zip(next.fetch_add(1, Ordering::Relaxed).to_le_bytes()).for_each(|(byte, next)| *byte = next);
        true
    };
    let vault = Vault::new(&[7; 32], Box::new(random), 1 << 30);
    let keys = Keys::derive(TEST_SECRET, [domain()]).expect("keys");
    keys.with_vaults([(domain(), Arc::new(vault))].into())
}

fn name(name: &str) -> Name {
    Name::new(name).expect("a name")
}

fn domain() -> Name {
    name("people")
}

/// Days since 1970 of the years 1 to 9999, which is all that a night lets in; and of moments the microseconds.
const DAYS: std::ops::RangeInclusive<i32> = -719_162..=2_932_896;
const MICROS_A_DAY: i64 = 86_400_000_000;

fn day(any: i32) -> i32 {
    DAYS.start() + any.rem_euclid(DAYS.end() - DAYS.start() + 1)
}

fn moment(any: i64) -> i64 {
    i64::from(day((any / MICROS_A_DAY) as i32)) * MICROS_A_DAY + any.rem_euclid(MICROS_A_DAY)
}

fuzz_target!(|given: Given| {
    let column = |column_type| {
        let mut column = Column::plain(name("cell"), column_type);
        column.kind = given.kind.map(|kind| KINDS[usize::from(kind) % KINDS.len()].to_owned());
        column
    };
    let texts: ArrayRef = Arc::new(given.texts.iter().map(Option::as_deref).collect::<StringViewArray>());
    let numbers: ArrayRef = Arc::new(given.numbers.iter().copied().collect::<Int64Array>());
    let dates: ArrayRef = Arc::new(given.dates.iter().map(|date| date.map(day)).collect::<Date32Array>());
    let moments = given.numbers.iter().map(|number| number.map(moment));
    let moments = moments.collect::<TimestampMicrosecondArray>().with_timezone("UTC");
    let moments: ArrayRef = Arc::new(moments);

    let hmac = Treatment::Hmac { domain: domain() };
    let ff1 = |alphabet| Treatment::Ff1 { domain: domain(), alphabet };
    let shift = Treatment::DateShift { domain: domain(), subject: name("whose"), days: given.days.max(1) };
    let bucket = |edges: [String; 2]| Treatment::Bucket { edges: edges.to_vec() };
    let numbers_from = || bucket([given.edge.to_string(), given.edge.saturating_add(1 + i64::from(given.last)).to_string()]);
    let token = Treatment::Token { domain: domain() };
    let of_a_leaf = [
        Treatment::Keep,
        Treatment::Null,
        Treatment::Label,
        Treatment::Scrub,
        Treatment::Mask { last: given.last },
        Treatment::Generalise(Generalisation::Year),
        Treatment::Generalise(Generalisation::Month),
        Treatment::Generalise(Generalisation::District),
        Treatment::Generalise(Generalisation::Band { width: given.width.max(1) }),
        bucket(["1950-01-01".into(), "2000-01-01".into()]),
        numbers_from(),
        hmac.clone(),
        token.clone(),
        ff1(Alphabet::Digits),
        ff1(Alphabet::Alphanumeric),
        shift.clone(),
    ];
    // Two paths of any names; the others are `a` to `p`, and `a` is looked for in `b` too.
    let fields = Treatment::Fields(
        of_a_leaf
            .into_iter()
            .zip('a'..)
            .flat_map(|(treatment, letter)| match letter {
                'a' => vec![(treatment.clone(), vec!["b".into(), letter.into()]), (treatment, vec![given.path.0.clone()])],
                'l' => vec![(treatment, vec![given.path.1.clone()])],
                _ => vec![(treatment, vec![letter.into()])],
            })
            .map(|(treatment, path)| FieldTreatment { path, kind: None, treatment, optional: true })
            .collect(),
    );
    let keys = with_vault();

    for treatment in [
        Treatment::Null,
        Treatment::Mask { last: given.last },
        Treatment::Label,
        Treatment::Scrub,
        Treatment::Generalise(Generalisation::District),
        hmac.clone(),
        token.clone(),
        ff1(Alphabet::Digits),
        ff1(Alphabet::Alphanumeric),
    ] {
        let treated = treated(&texts, &column(ColumnType::Text), &treatment, &keys);
        let hides = matches!(treatment, Treatment::Label | Treatment::Hmac { .. } | Treatment::Token { .. });
        for (before, after) in given.texts.iter().zip(treated.as_string_view_opt().into_iter().flatten()) {
            let (Some(before), Some(after)) = (before, after) else { continue };
            assert!(!hides || before.chars().count() < 40 || !after.contains(before.as_str()));
        }
    }
    let shown = treated(&texts, &column(ColumnType::Json), &fields, &keys);
    for cell in shown.as_string_view().iter().flatten() {
        assert!(serde_json::from_str::<serde::de::IgnoredAny>(cell).is_ok(), "what is shown of JSON is JSON");
    }
    for treatment in [
        hmac.clone(),
        token.clone(),
        Treatment::Mask { last: given.last },
        ff1(Alphabet::Digits),
        Treatment::Generalise(Generalisation::Band { width: given.width.max(1) }),
        numbers_from(),
    ] {
        treated(&numbers, &column(ColumnType::Bigint), &treatment, &keys);
    }
    for (values, column_type, edge) in
        [(&dates, ColumnType::Date, "1950-01-01"), (&moments, ColumnType::Timestamptz, "1950-01-01 00:00Z")]
    {
        for treatment in [
            Treatment::Generalise(Generalisation::Year),
            Treatment::Generalise(Generalisation::Month),
            shift.clone(),
            Treatment::Bucket { edges: vec![edge.into()] },
        ] {
            treated(values, &column(column_type), &treatment, &keys);
        }
    }
});

fn treated(values: &ArrayRef, column: &Column, treatment: &Treatment, keys: &Keys) -> ArrayRef {
    let whose = Column::plain(name("whose"), ColumnType::Bigint);
    let subjects: ArrayRef = Arc::new((0..values.len() as i64).map(|row| (row % 3 > 0).then_some(row / 7)).collect::<Int64Array>());
    let subject = Subject { column: &whose, values: &subjects };
    match treat(values, column, treatment, Some(&subject), keys, &mut Told::default()) {
        Ok(treated) => {
            assert_eq!((treated.len(), treated.data_type()), (values.len(), &published_type(column, treatment)));
            let is_all_null = *treatment == Treatment::Null;
            assert!((0..values.len()).all(|row| treated.is_null(row) == (is_all_null || values.is_null(row))), "{treatment}");
            treated
        }
        Err(fault) => panic!("{fault}"),
    }
}
