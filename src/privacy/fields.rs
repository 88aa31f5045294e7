//! JSON with the fields that an audience may see, each treated, and none that nobody named.
//!
//! A path goes through objects by name and through arrays by itself. It ends at a text, number or truth value, or a list of
//! such; what else is there, is left out: a field that appears one night is seen by nobody. A cell that is no JSON, or is nested
//! deeper than [`DEPTH_MAX`], becomes `null`, and so does what stands where a path expected something else.
//!
//! Every path is counted where it is and where it should be: one that no row of a run has is a field that was renamed.
//!
//! Values are read where they stand: a number that is kept keeps every digit.

use super::bucket::words;
use super::canonical::Canonical;
use super::ff1::Ff1;
use super::keys::Keys;
use super::mac::Mac;
use super::scrub::Scrubber;
use super::shift::{Subject, days_of, moved, nobodys};
use super::told::{FieldTold, Told};
use super::treat::{district, mask, token};
use super::vault::Vault;
use super::written::{Number, WrittenDate};
use crate::data::{Alphabet, FieldTreatment, Generalisation, Treatment};
use arrow::array::{Array, ArrayRef, AsArray, StringViewBuilder};
use chrono::{Datelike, NaiveDate, TimeDelta};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::Arc;

/// Objects and arrays in one another, at most.
const DEPTH_MAX: usize = 64;

/// A path and what becomes of what is there.
struct Field<'a> {
    path: &'a [String],
    how: How<'a>,
}

/// What becomes of a leaf, and what stands for one that it cannot be done to.
struct How<'a> {
    what: What<'a>,
    label: String,
}

enum What<'a> {
    Keep,
    Null,
    Label,
    Mask(usize),
    Hmac(&'a Mac, Canonical),
    /// Of a vault, and whether it had a token for every value so far.
    Token(&'a Vault, Canonical, Cell<bool>),
    Ff1(&'a Ff1, Alphabet),
    Generalise(&'a Generalisation),
    Bucket(Edges<'a>, Vec<String>),
    /// Each row's days, and how those of nobody are found.
    DateShift(Vec<Option<i64>>, u16, &'a Mac),
    Scrub(Box<RefCell<Scrubber<'static>>>),
}

/// Where ranges begin.
pub(super) enum Edges<'a> {
    Numbers(Vec<Number<'a>>),
    Days(Vec<NaiveDate>),
}

impl<'a> Edges<'a> {
    /// `None` where they are neither all numbers nor all dates.
    pub(super) fn of(edges: &'a [String]) -> Option<Self> {
        let numbers: Option<Vec<_>> = edges.iter().map(|edge| Number::parse(edge)).collect();
        let days = || edges.iter().map(|edge| WrittenDate::day(edge)).collect::<Option<Vec<_>>>();
        numbers.map(Edges::Numbers).or_else(|| days().map(Edges::Days))
    }

    /// Which range a leaf is in; `None` of what is no number, or no date.
    pub(super) fn range(&self, leaf: &str) -> Option<usize> {
        Some(match self {
            Edges::Numbers(edges) => {
                let number = Number::parse(leaf)?;
                edges.partition_point(|edge| *edge <= number)
            }
            Edges::Days(edges) => {
                let day = WrittenDate::parse(leaf)?.day;
                edges.partition_point(|edge| *edge <= day)
            }
        })
    }
}

/// What remains of a path, what becomes of what is there, and which of the declared fields it is.
type Way<'a> = (&'a [String], &'a How<'a>, usize);

/// The cells of the JSON column `column`, with nothing in them but `fields`, and what that told of these. `None` where a key or `subject` is
/// lacking, a vault has no room for another token, or a treatment is none of a field.
pub fn shown(
    cells: &ArrayRef,
    column: &str,
    fields: &[FieldTreatment],
    subject: Option<&Subject<'_>>,
    keys: &Keys,
) -> Option<(ArrayRef, Told)> {
    let prepared = |field| prepared(field, column, subject, keys);
    let fields: Vec<Field<'_>> = fields.iter().map(prepared).collect::<Option<_>>()?;
    let all: Vec<Way<'_>> = fields.iter().enumerate().map(|(place, field)| (field.path, &field.how, place)).collect();
    let mut told = vec![FieldTold::default(); fields.len()];
    let cells = cells.as_string_view_opt()?;
    let mut built = StringViewBuilder::with_capacity(cells.len());
    let mut out = String::new();
    for (row, cell) in cells.iter().enumerate() {
        match cell {
            Some(cell) => {
                out.clear();
                match serde_json::from_str::<&RawValue>(cell) {
                    Ok(value) => write(value, &all, (row, 0), &mut told, &mut out),
                    Err(_) => nothing(&all, &mut told, &mut out),
                }
                built.append_value(&out);
            }
            None => built.append_null(),
        }
    }
    let mut told = Told { fields: told, ..Told::default() };
    for field in fields {
        match field.how.what {
            What::Token(_, _, is_given) if !is_given.get() => return None,
            What::Scrub(scrubber) => {
                told = told.and(Told { replaced: scrubber.into_inner().end(), ..Told::default() });
            }
            _ => {}
        }
    }
    Some((Arc::new(built.finish()) as ArrayRef, told))
}

/// Treated cells of the JSON column `column` without the leaves in which nothing of a value is left: what looks like personal data in
/// those is chance. `None` where they are no text.
pub fn readable(cells: &ArrayRef, column: &str, fields: &[FieldTreatment]) -> Option<ArrayRef> {
    let kept = fields.iter().filter(|field| !field.treatment.leaves_nothing());
    let kept: Vec<_> = kept.map(|field| FieldTreatment { treatment: Treatment::Keep, ..field.clone() }).collect();
    shown(cells, column, &kept, None, &Keys::none()).map(|(cells, _)| cells)
}

/// Where each of `fields` is, and is lacking, in cells of the JSON column `column`, of which nothing is shown. `None` where they are no text.
pub fn counted(cells: &ArrayRef, column: &str, fields: &[FieldTreatment]) -> Option<Vec<FieldTold>> {
    let blanked = |field: &FieldTreatment| FieldTreatment {
        path: field.path.clone(),
        kind: None,
        treatment: Treatment::Null,
        optional: field.optional,
    };
    let fields: Vec<_> = fields.iter().map(blanked).collect();
    shown(cells, column, &fields, None, &Keys::none()).map(|(_, told)| told.fields)
}

/// What no path expected becomes null.
fn nothing(fields: &[Way<'_>], told: &mut [FieldTold], out: &mut String) {
    fields.iter().for_each(|(_, _, place)| told[*place].lacking += 1);
    out.push_str("null");
}

fn prepared<'a>(
    field: &'a FieldTreatment,
    column: &str,
    subject: Option<&Subject<'_>>,
    keys: &'a Keys,
) -> Option<Field<'a>> {
    let canonical = || Canonical::of(field.kind.as_deref());
    let what = match &field.treatment {
        Treatment::Keep => What::Keep,
        Treatment::Null => What::Null,
        Treatment::Label => What::Label,
        Treatment::Mask { last } => What::Mask(usize::from(*last)),
        Treatment::Hmac { domain } => What::Hmac(keys.get(domain)?, canonical()),
        Treatment::Token { domain } => What::Token(keys.vault(domain)?, canonical(), Cell::new(true)),
        Treatment::Ff1 { domain, alphabet } => What::Ff1(keys.ff1(domain)?, *alphabet),
        Treatment::Generalise(how) => What::Generalise(how),
        Treatment::Bucket { edges } => What::Bucket(Edges::of(edges)?, words(edges)),
        Treatment::DateShift { domain, days, .. } => {
            let key = keys.dates(domain)?;
            What::DateShift(days_of(subject?, *days, key)?, *days, key)
        }
        // The words of the field's own name are those beside its values.
        Treatment::Scrub => {
            let name = field.path.last().map_or(column, String::as_str);
            What::Scrub(Box::new(RefCell::new(Scrubber::new(name).ok()?)))
        }
        Treatment::Drop | Treatment::Fields(_) => return None,
    };
    let label = format!("<{}>", field.kind.as_deref().unwrap_or("personal"));
    Some(Field { path: &field.path, how: How { what, label } })
}

/// Writes what `fields` show of a value of a row, so deep in its cell.
fn write(value: &RawValue, fields: &[Way<'_>], (row, depth): (usize, usize), told: &mut [FieldTold], out: &mut String) {
    match stands(value, depth) {
        Stands::Unread => nothing(fields, told, out),
        Stands::Object(entries) => object(&entries, fields, (row, depth), told, out),
        Stands::List(items) => {
            out.push('[');
            for (place, item) in items.into_iter().enumerate() {
                out.push_str(if place > 0 { "," } else { "" });
                write(item, fields, (row, depth + 1), told, out);
            }
            out.push(']');
        }
        // A null is a value of its own field, and no objection to those behind it.
        Stands::Leaf(text) => {
            for (path, _, place) in fields {
                told[*place].hits += u64::from(path.is_empty());
                told[*place].lacking += u64::from(!path.is_empty() && text != "null");
            }
            match fields.iter().find(|(path, ..)| path.is_empty()) {
                Some((_, how, _)) => leaf(text, how, row, out),
                None => out.push_str("null"),
            }
        }
    }
}

fn object(
    entries: &[(Cow<'_, str>, &RawValue)],
    fields: &[Way<'_>],
    (row, depth): (usize, usize),
    told: &mut [FieldTold],
    out: &mut String,
) {
    for (path, _, place) in fields {
        let is_there = path.first().is_some_and(|first| entries.iter().any(|(name, _)| name == first));
        told[*place].lacking += u64::from(!is_there);
    }
    out.push('{');
    let mut is_first = true;
    for (name, value) in entries {
        let within = fields.iter().filter_map(|(path, how, place)| {
            let (first, rest) = path.split_first()?;
            (first.as_str() == name).then_some((rest, *how, *place))
        });
        let within: Vec<Way<'_>> = within.collect();
        if within.is_empty() {
            continue;
        }
        out.push_str(if is_first { "" } else { "," });
        is_first = false;
        quoted(name, out);
        out.push(':');
        write(value, &within, (row, depth + 1), told, out);
    }
    out.push('}');
}

/// A text, number or truth value, treated; JSON's null stays null.
fn leaf(text: &str, how: &How<'_>, row: usize, out: &mut String) {
    if text == "null" {
        return out.push_str("null");
    }
    let decoded = serde_json::from_str::<Cow<'_, str>>(text);
    let is_text = decoded.is_ok();
    let is_truth = matches!(text, "true" | "false");
    let plain = decoded.unwrap_or(Cow::Borrowed(text));
    let mut treated = String::new();
    let is_done = match &how.what {
        What::Keep => return out.push_str(text),
        What::Null => return out.push_str("null"),
        What::Label => false,
        // There are two truth values: an end tells which.
        What::Mask(_) if is_truth => false,
        What::Mask(last) => {
            mask(&plain, *last, &mut treated);
            true
        }
        What::Hmac(key, canonical) => {
            let mut written = String::new();
            let writing = canonical.write(&plain, &mut written);
            token(key, writing, &written, &mut treated);
            true
        }
        What::Token(vault, canonical, is_given) => {
            let mut written = String::new();
            let writing = canonical.write(&plain, &mut written);
            is_given.set(is_given.get() & vault.token(writing, &written, &mut treated).is_some());
            true
        }
        What::Ff1(ff1, alphabet) => ff1.text(&plain, *alphabet, &mut treated),
        What::Generalise(Generalisation::District) => {
            district(&plain, &mut treated);
            true
        }
        What::Generalise(Generalisation::Band { width }) => {
            let band = Number::parse(&plain).and_then(|number| number.band(*width));
            match band {
                // A number stays one.
                Some(band) if !is_text => return out.push_str(&band.to_string()),
                Some(band) => treated.push_str(&band.to_string()),
                None => {}
            }
            band.is_some()
        }
        What::Generalise(Generalisation::Year) => dated(&plain, |date| date.day.with_ordinal(1), &mut treated),
        What::Generalise(Generalisation::Month) => dated(&plain, |date| date.day.with_day(1), &mut treated),
        What::Bucket(edges, words) => {
            let range = edges.range(&plain).and_then(|range| words.get(range));
            treated.push_str(range.map_or("", String::as_str));
            range.is_some()
        }
        What::DateShift(days, days_max, key) => {
            let is_moved = dated(
                &plain,
                |date| {
                    let own = date.day.signed_duration_since(NaiveDate::default()).num_days();
                    let days = days.get(row).copied()?.unwrap_or_else(|| nobodys(own, *days_max, key));
                    NaiveDate::default().checked_add_signed(TimeDelta::try_days(moved(own, days))?)
                },
                &mut treated,
            );
            // The time of day stays, as a column's does.
            if let Some(date) = WrittenDate::parse(&plain).filter(|_| is_moved) {
                treated.push_str(date.time);
            }
            is_moved
        }
        // A number that JSON writes with an exponent does not look like what it is.
        What::Scrub(_) if !is_text && !is_truth && Number::parse(text).is_none() => false,
        What::Scrub(scrubber) => {
            let mut scrubber = scrubber.borrow_mut();
            let scrubbed = scrubber.scrubbed(&plain);
            // A number in which nothing was found is what it was.
            if scrubbed == plain {
                return out.push_str(text);
            }
            treated.push_str(scrubbed);
            true
        }
    };
    quoted(if is_done { &treated } else { &how.label }, out);
}

/// Writes another day for a date; whether it was one.
fn dated(text: &str, other: impl Fn(WrittenDate<'_>) -> Option<NaiveDate>, out: &mut String) -> bool {
    let day = WrittenDate::parse(text).and_then(other);
    if let Some(day) = day {
        out.push_str(&day.to_string());
    }
    day.is_some()
}

fn quoted(text: &str, out: &mut String) {
    // A text is always JSON; without room for it there is nothing to say.
    out.push_str(&serde_json::to_string(text).unwrap_or_else(|_| "null".into()));
}

/// What stands at a place of JSON.
pub(super) enum Stands<'a> {
    Object(Vec<(Cow<'a, str>, &'a RawValue)>),
    List(Vec<&'a RawValue>),
    /// A text, number, truth value or null, as it is written.
    Leaf(&'a str),
    /// An object or a list that is nested too deep, or cannot be read.
    Unread,
}

/// What stands so deep in a cell.
pub(super) fn stands(value: &RawValue, depth: usize) -> Stands<'_> {
    let text = value.get().trim();
    match text.as_bytes().first() {
        Some(b'{' | b'[') if depth >= DEPTH_MAX => Stands::Unread,
        Some(b'{') => serde_json::from_str(text).map_or(Stands::Unread, |Entries(entries)| Stands::Object(entries)),
        Some(b'[') => serde_json::from_str(text).map_or(Stands::Unread, Stands::List),
        _ => Stands::Leaf(text),
    }
}

/// The fields of an object in their order, a name that is there twice twice.
struct Entries<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// A name as it stands or, where it has escapes, decoded.
#[derive(serde::Deserialize)]
struct FieldName<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some((FieldName(name), value)) = map.next_entry::<FieldName<'de>, &'de RawValue>()? {
                    entries.push((name, value));
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Each)
    }
}

#[cfg(test)]
mod tests {
    use super::super::keys::TEST_SECRET;
    use super::*;
    use crate::data::Name;
    use arrow::array::StringViewArray;
    use proptest::prelude::*;

    fn people() -> Name {
        Name::new("people").expect("a name")
    }

    fn field(path: &str, kind: Option<&str>, treatment: Treatment) -> FieldTreatment {
        let path = path.split('.').map(str::to_owned).collect();
        FieldTreatment { path, kind: kind.map(str::to_owned), treatment, optional: false }
    }

    fn of(cell: &str, fields: &[FieldTreatment]) -> String {
        let keys = Keys::derive(TEST_SECRET, [people()]).expect("keys");
        let cells: ArrayRef = Arc::new(StringViewArray::from(vec![Some(cell), None]));
        let (shown, _) = shown(&cells, "notes", fields, None, &keys).expect("cells");
        assert!(shown.is_null(1), "NULL stays NULL");
        shown.as_string_view().value(0).to_owned()
    }

    #[test]
    fn shows_what_is_named_and_nothing_else() {
        let fields = [
            field("kyc.passed", None, Treatment::Keep),
            field("kyc.score", None, Treatment::Keep),
            field("contacts.email", Some("email"), Treatment::Label),
            field("contacts.phone", Some("phone"), Treatment::Mask { last: 3 }),
            field("tags", None, Treatment::Keep),
            field("gone", None, Treatment::Null),
            field("consent", Some("consent"), Treatment::Mask { last: 2 }),
        ];
        let cell = r#" {"kyc": {"passed": true, "score": 9007199254740993.10, "by": "Wren Alder"}, "new": "Wren Alder",
            "contacts": [{"email": "wren@example.org", "phone": "07700 900123", "name": "Wren"}, {"phone": null}, "Wren", 5],
            "tags": ["a\u00e9", {"who": "Wren"}, ["b"]], "gone": "Wren", "consent": [true, 123], "Wren": 1} "#;
        let expected = concat!(
            r#"{"kyc":{"passed":true,"score":9007199254740993.10},"#,
            r#""contacts":[{"email":"<email>","phone":"***** ***123"},{"phone":null},null,null],"#,
            r#""tags":["a\u00e9",{},["b"]],"gone":null,"consent":["<consent>","**3"]}"#
        );
        assert_eq!(of(cell, &fields), expected);
    }

    #[test]
    fn counts_where_a_field_is_and_where_it_should_be() {
        let fields = ["a.b", "a.b.c", "l.x", "top"].map(|path| field(path, None, Treatment::Keep));
        let told = |cells: &[Option<&str>]| -> Vec<(u64, u64)> {
            let cells: ArrayRef = Arc::new(StringViewArray::from(cells.to_vec()));
            let (_, told) = shown(&cells, "notes", &fields, None, &Keys::none()).expect("cells");
            // Whatever is done to the fields, and where nobody sees them.
            assert_eq!(counted(&cells, "notes", &fields), Some(told.fields.clone()));
            told.fields.iter().map(|told| (told.hits, told.lacking)).collect()
        };
        // NULL, null and an empty list on the way say nothing; another name, or something else in its place, does.
        assert_eq!(
            told(&[None, Some("null"), Some(r#"{"a":null,"l":[],"top":null}"#)]),
            [(0, 0), (0, 0), (0, 0), (1, 0)]
        );
        assert_eq!(told(&[Some(r#"{"a":{"b":1},"l":[{"x":1},{"y":1},2]}"#)]), [(1, 0), (0, 1), (1, 2), (0, 1)]);
        assert_eq!(told(&[Some(r#"{"a":{"b":{"c":1}},"top":[1,2]}"#)]), [(0, 1), (1, 0), (0, 1), (2, 0)]);
        assert_eq!(told(&[Some("no JSON")]), [(0, 1); 4]);
        assert_eq!(told(&[]), [(0, 0); 4]);
    }

    #[test]
    fn a_pseudonym_in_json_is_that_of_a_column() {
        let hmac = || Treatment::Hmac { domain: people() };
        let token = |cell: &str, kind| of(cell, &[field("e", kind, hmac())]);
        assert_eq!(
            token(r#"{"e":" WREN@example.org"}"#, Some("email")),
            token(r#"{"e":"wren\u0040example.org"}"#, Some("email"))
        );
        assert_ne!(token(r#"{"e":"WREN@example.org"}"#, None), token(r#"{"e":"wren@example.org"}"#, None));
        // A number and its text are one value.
        assert_eq!(token(r#"{"e":77}"#, None), token(r#"{"e":"77"}"#, None));
    }

    #[test]
    fn makes_dates_numbers_and_postcodes_coarser_and_shows_nothing_of_what_is_none() {
        let fields = [
            field("born", Some("date_of_birth"), Treatment::Generalise(Generalisation::Year)),
            field("since", None, Treatment::Generalise(Generalisation::Month)),
            field("pay", Some("salary"), Treatment::Generalise(Generalisation::Band { width: 1000 })),
            field("at", Some("postcode"), Treatment::Generalise(Generalisation::District)),
            field("age", Some("age"), Treatment::Bucket { edges: vec!["18".into(), "65".into()] }),
            field("on", None, Treatment::Bucket { edges: vec!["2000-01-01".into()] }),
        ];
        let cell = r#"{"born":"1961-07-09","since":["2020-02-29T10:30:00Z",null],"pay":[41999.99,-0.5,"41999"],"at":"zz1 4zz",
            "age":[17.999,"65",70],"on":["1999-12-31 23:59","2000-01-01"]}"#;
        let expected = concat!(
            r#"{"born":"1961-01-01","since":["2020-02-01",null],"pay":[41000,-1000,"41000"],"at":"ZZ1","#,
            r#""age":["under 18","65 and over","65 and over"],"on":["under 2000-01-01","2000-01-01 and over"]}"#
        );
        assert_eq!(of(cell, &fields), expected);
        let cell = r#"{"born":"9 July 1961","since":1961,"pay":"about 40k","at":"Wren","age":1e2,"on":"Wren"}"#;
        let expected = concat!(
            r#"{"born":"<date_of_birth>","since":"<personal>","pay":"<salary>","at":"<postcode>","#,
            r#""age":"<age>","on":"<personal>"}"#
        );
        assert_eq!(of(cell, &fields), expected);
    }

    #[test]
    fn scrubs_free_text_in_json_and_counts_what_it_replaced() {
        let notes = [field("log.note", None, Treatment::Scrub)];
        let cell = r#"{"log":[{"note":"Ring Sarah Whitcombe on 07700 900461"},{"note":5},{"note":"unit is out"},{"note":9.434765919e9},{"note":true},{"by":"Wren"}]}"#;
        let cells: ArrayRef = Arc::new(StringViewArray::from(vec![cell]));
        let (cells, told) = shown(&cells, "visits", &notes, None, &Keys::none()).expect("cells");
        let expected = r#"{"log":[{"note":"Ring <person_name> on <phone>"},{"note":5},{"note":"unit is out"},{"note":"<personal>"},{"note":true},{}]}"#;
        assert_eq!(cells.as_string_view().value(0), expected);
        assert_eq!(told.replaced.into_iter().collect::<Vec<_>>(), [("person_name", 1), ("phone", 1)]);
    }

    #[test]
    fn what_looks_like_a_person_in_a_pseudonym_is_not_read_and_all_else_is() {
        let ff1 = Treatment::Ff1 { domain: people(), alphabet: Alphabet::Digits };
        let fields = [field("who.phone", None, ff1), field("who.note", None, Treatment::Scrub)];
        let cells: ArrayRef = Arc::new(StringViewArray::from(vec![
            r#"{"who":[{"phone":"07700900461","note":"ring wren@example.org"},{"phone":7}]}"#,
        ]));
        let left = readable(&cells, "visits", &fields).expect("cells");
        assert_eq!(left.as_string_view().value(0), r#"{"who":[{"note":"ring wren@example.org"},{}]}"#);
    }

    #[test]
    fn moves_a_date_in_json_by_as_many_days_as_the_same_subjects_date_in_a_column() {
        use super::super::shift::shifted;
        use crate::data::{Column, ColumnType};
        use arrow::array::{Date32Array, Int64Array};
        use arrow::datatypes::Date32Type;
        let keys = Keys::derive(TEST_SECRET, [people()]).expect("keys");
        let column = Column::plain(Name::new("id").expect("a name"), ColumnType::Bigint);
        let values: ArrayRef = Arc::new(Int64Array::from(vec![Some(7), None, Some(8)]));
        let subject = Subject { column: &column, values: &values };
        let shift = Treatment::DateShift { domain: people(), subject: column.name.clone(), days: 30 };
        let cells: ArrayRef = Arc::new(StringViewArray::from(vec![
            r#"{"d":["1970-01-11","1970-01-11T10:30:00+01:00"]}"#,
            r#"{"d":"1970-01-11"}"#,
            r#"{"d":[null,"Wren, 1970-01-11"]}"#,
        ]));
        let (moved, _) = shown(&cells, "visits", &[field("d", None, shift)], Some(&subject), &keys).expect("cells");
        let dates: ArrayRef = Arc::new(Date32Array::from(vec![10, 10, 10]));
        let beside = shifted(&dates, &subject, 30, keys.dates(&people()).expect("a key")).expect("moved");
        let day = |row: usize| {
            let days = beside.as_primitive::<Date32Type>().value(row);
            (NaiveDate::default() + TimeDelta::days(days.into())).to_string()
        };
        let moved = moved.as_string_view();
        assert_eq!(moved.value(0), format!(r#"{{"d":["{0}","{0}T10:30:00+01:00"]}}"#, day(0)));
        assert_eq!(moved.value(1), format!(r#"{{"d":"{}"}}"#, day(1)));
        assert_eq!(moved.value(2), r#"{"d":[null,"<personal>"]}"#);
    }

    #[test]
    fn what_is_no_json_or_too_deep_is_null() {
        let keep = [field("a", None, Treatment::Keep)];
        for cell in ["", "{", "Wren Alder", "{\"a\":}", "\u{0}", "{\"a\":1}}"] {
            assert_eq!(of(cell, &keep), "null", "{cell}");
        }
        for cell in ["5", "\"Wren\"", "true", "null"] {
            assert_eq!(of(cell, &keep), "null", "{cell}");
        }
        let deep = format!("{}1{}", "[".repeat(300_000), "]".repeat(300_000));
        assert!(of(&deep, &keep).len() < 200);
        let objects = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
        assert!(of(&objects, &keep).len() < 1_000);
        assert_eq!(of(r#"{"a":1,"a":"x"}"#, &keep), r#"{"a":1,"a":"x"}"#);
        assert_eq!(of(r#"{"\u0061":1}"#, &keep), r#"{"a":1}"#);
    }

    proptest! {
        #[test]
        fn is_json_and_has_no_text_that_nobody_named(
            names in proptest::collection::vec("[a-c]", 1..5), values in proptest::collection::vec("[x-z\"\\\\é\u{1}]{1,6}", 1..5), is_list in any::<bool>(),
        ) {
            let mut cell = serde_json::json!(values);
            for name in &names {
                cell = if is_list { serde_json::json!([{ name: cell }, 7]) } else { serde_json::json!({ name: cell, "other": "secret" }) };
            }
            let text = of(&cell.to_string(), &[field("a.b", None, Treatment::Label), field("c", None, Treatment::Label)]);
            prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{}", text);
            let shows = text.replace("<personal>", "").contains(|sign| "xyzé7".contains(sign)) || text.contains("secret");
            prop_assert!(!shows, "{} of {}", text, cell);
        }
    }
}
