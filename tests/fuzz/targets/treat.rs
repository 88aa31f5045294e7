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
use std::sync::{Arc, LazyLock};
use privacy::{Keys, Subject, TEST_SECRET, Told, published_type, treat};

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

static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys::derive(TEST_SECRET, [domain()]).expect("keys"));

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
    let fields = Treatment::Fields(
        [hmac.clone(), Treatment::Mask { last: given.last }, Treatment::Label, Treatment::Keep, ff1(Alphabet::Digits)]
            .into_iter()
            .zip([vec![given.path.0.clone()], vec![given.path.1.clone()], vec!["a".into(), "b".into()], vec!["c".into()], vec!["d".into()]])
            .map(|(treatment, path)| FieldTreatment { path, kind: None, treatment, optional: true })
            .collect(),
    );
    let bucket = |edges: [String; 2]| Treatment::Bucket { edges: edges.to_vec() };

    for treatment in [
        Treatment::Null,
        Treatment::Mask { last: given.last },
        Treatment::Label,
        Treatment::Scrub,
        Treatment::Generalise(Generalisation::District),
        hmac.clone(),
        ff1(Alphabet::Digits),
        ff1(Alphabet::Alphanumeric),
    ] {
        let treated = treated(&texts, &column(ColumnType::Text), &treatment);
        let hides = matches!(treatment, Treatment::Label | Treatment::Hmac { .. });
        for (before, after) in given.texts.iter().zip(treated.as_string_view_opt().into_iter().flatten()) {
            let (Some(before), Some(after)) = (before, after) else { continue };
            assert!(!hides || before.chars().count() < 40 || !after.contains(before.as_str()));
        }
    }
    let shown = treated(&texts, &column(ColumnType::Json), &fields);
    for cell in shown.as_string_view().iter().flatten() {
        assert!(serde_json::from_str::<serde::de::IgnoredAny>(cell).is_ok(), "what is shown of JSON is JSON");
    }
    for treatment in [
        hmac.clone(),
        Treatment::Mask { last: given.last },
        ff1(Alphabet::Digits),
        Treatment::Generalise(Generalisation::Band { width: given.width.max(1) }),
        bucket([given.edge.to_string(), given.edge.saturating_add(1 + i64::from(given.last)).to_string()]),
    ] {
        treated(&numbers, &column(ColumnType::Bigint), &treatment);
    }
    for (values, column_type) in [(&dates, ColumnType::Date), (&moments, ColumnType::Timestamptz)] {
        for treatment in [
            Treatment::Generalise(Generalisation::Year),
            Treatment::Generalise(Generalisation::Month),
            shift.clone(),
        ] {
            treated(values, &column(column_type), &treatment);
        }
    }
});

fn treated(values: &ArrayRef, column: &Column, treatment: &Treatment) -> ArrayRef {
    let whose = Column::plain(name("whose"), ColumnType::Bigint);
    let subjects: ArrayRef = Arc::new((0..values.len() as i64).map(|row| (row % 3 > 0).then_some(row / 7)).collect::<Int64Array>());
    let subject = Subject { column: &whose, values: &subjects };
    match treat(values, column, treatment, Some(&subject), &KEYS, &mut Told::default()) {
        Ok(treated) => {
            assert_eq!((treated.len(), treated.data_type()), (values.len(), &published_type(column, treatment)));
            let is_all_null = *treatment == Treatment::Null;
            assert!((0..values.len()).all(|row| treated.is_null(row) == (is_all_null || values.is_null(row))), "{treatment}");
            treated
        }
        Err(fault) => panic!("{fault}"),
    }
}
