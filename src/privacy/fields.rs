//! JSON with the fields that an audience may see, each treated, and none that nobody named.
//!
//! A path goes through objects by name and through arrays by itself. It ends at a text, number or truth value, or a list of
//! such; what else is there, is left out: a field that appears one night is seen by nobody. A cell that is no JSON, or is nested
//! deeper than [`DEPTH_MAX`], becomes `null`, and so does what stands where a path expected something else.
//!
//! Every path is counted where it is and where it should be: one that no row of a run has is a field that was renamed.
//!
//! Values are read where they stand: a number that is kept keeps every digit.

use super::canonical::Canonical;
use super::ff1::Ff1;
use super::keys::Keys;
use super::mac::Mac;
use super::told::FieldTold;
use super::treat::{mask, token};
use super::vault::Vault;
use crate::data::{Alphabet, FieldTreatment, Treatment};
use arrow::array::{Array, ArrayRef, AsArray, StringViewBuilder};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

/// Objects and arrays in one another, at most.
const DEPTH_MAX: usize = 64;

/// A path and what becomes of what is there.
struct Field<'a> {
    path: &'a [String],
    how: How<'a>,
}

enum How<'a> {
    Keep,
    Null,
    Label(String),
    Mask(usize),
    Hmac(&'a Mac, Canonical),
    /// Of a vault, and whether it had a token for every value so far.
    Token(&'a Vault, Canonical, Cell<bool>),
    Ff1(&'a Ff1, Alphabet, String),
}

/// What remains of a path, what becomes of what is there, and which of the declared fields it is.
type Way<'a> = (&'a [String], &'a How<'a>, usize);

/// The cells of a JSON column, with nothing in them but `fields`, and for each of these whether it was there. `None` where a key is
/// lacking, a vault has no room for another token, or a treatment is none of a field.
pub fn shown(cells: &ArrayRef, fields: &[FieldTreatment], keys: &Keys) -> Option<(ArrayRef, Vec<FieldTold>)> {
    let fields: Vec<Field<'_>> = fields.iter().map(|field| prepared(field, keys)).collect::<Option<_>>()?;
    let all: Vec<Way<'_>> = fields.iter().enumerate().map(|(place, field)| (field.path, &field.how, place)).collect();
    let mut told = vec![FieldTold::default(); fields.len()];
    let cells = cells.as_string_view_opt()?;
    let mut built = StringViewBuilder::with_capacity(cells.len());
    let mut out = String::new();
    for cell in cells {
        match cell {
            Some(cell) => {
                out.clear();
                match serde_json::from_str::<&RawValue>(cell) {
                    Ok(value) => write(value, &all, 0, &mut told, &mut out),
                    Err(_) => nothing(&all, &mut told, &mut out),
                }
                built.append_value(&out);
            }
            None => built.append_null(),
        }
    }
    let is_given = |field: &Field<'_>| !matches!(&field.how, How::Token(_, _, is_given) if !is_given.get());
    fields.iter().all(is_given).then(|| (Arc::new(built.finish()) as ArrayRef, told))
}

/// What no path expected becomes null.
fn nothing(fields: &[Way<'_>], told: &mut [FieldTold], out: &mut String) {
    fields.iter().for_each(|(_, _, place)| told[*place].lacking += 1);
    out.push_str("null");
}

fn prepared<'a>(field: &'a FieldTreatment, keys: &'a Keys) -> Option<Field<'a>> {
    let label = || format!("<{}>", field.kind.as_deref().unwrap_or("personal"));
    let how = match &field.treatment {
        Treatment::Keep => How::Keep,
        Treatment::Null => How::Null,
        Treatment::Label => How::Label(label()),
        Treatment::Mask { last } => How::Mask(usize::from(*last)),
        Treatment::Hmac { domain } => How::Hmac(keys.get(domain)?, Canonical::of(field.kind.as_deref())),
        Treatment::Token { domain } => {
            How::Token(keys.vault(domain)?, Canonical::of(field.kind.as_deref()), Cell::new(true))
        }
        Treatment::Ff1 { domain, alphabet } => How::Ff1(keys.ff1(domain)?, *alphabet, label()),
        _ => return None,
    };
    Some(Field { path: &field.path, how })
}

/// Writes what `fields` show of a value.
fn write(value: &RawValue, fields: &[Way<'_>], depth: usize, told: &mut [FieldTold], out: &mut String) {
    let text = value.get().trim();
    let is_too_deep = depth >= DEPTH_MAX;
    match text.as_bytes().first() {
        Some(b'{' | b'[') if is_too_deep => nothing(fields, told, out),
        Some(b'{') => match serde_json::from_str::<Entries<'_>>(text) {
            Ok(Entries(entries)) => object(&entries, fields, depth, told, out),
            Err(_) => nothing(fields, told, out),
        },
        Some(b'[') => match serde_json::from_str::<Vec<&RawValue>>(text) {
            Ok(items) => {
                out.push('[');
                for (place, item) in items.into_iter().enumerate() {
                    out.push_str(if place > 0 { "," } else { "" });
                    write(item, fields, depth + 1, told, out);
                }
                out.push(']');
            }
            Err(_) => nothing(fields, told, out),
        },
        // A null is a value of its own field, and no objection to those behind it.
        _ => {
            for (path, _, place) in fields {
                told[*place].hits += u64::from(path.is_empty());
                told[*place].lacking += u64::from(!path.is_empty() && text != "null");
            }
            match fields.iter().find(|(path, ..)| path.is_empty()) {
                Some((_, how, _)) => leaf(text, how, out),
                None => out.push_str("null"),
            }
        }
    }
}

fn object(
    entries: &[(Cow<'_, str>, &RawValue)],
    fields: &[Way<'_>],
    depth: usize,
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
        write(value, &within, depth + 1, told, out);
    }
    out.push('}');
}

/// A text, number or truth value, treated; JSON's null stays null.
fn leaf(text: &str, how: &How<'_>, out: &mut String) {
    if text == "null" {
        return out.push_str("null");
    }
    let plain = || match serde_json::from_str::<Cow<'_, str>>(text) {
        Ok(decoded) => decoded.into_owned(),
        Err(_) => text.to_owned(),
    };
    let mut treated = String::new();
    match how {
        How::Keep => return out.push_str(text),
        How::Null => return out.push_str("null"),
        How::Label(label) => treated.push_str(label),
        How::Mask(last) => mask(&plain(), *last, &mut treated),
        How::Hmac(key, canonical) => {
            let mut written = String::new();
            let writing = canonical.write(&plain(), &mut written);
            token(key, writing, &written, &mut treated);
        }
        How::Token(vault, canonical, is_given) => {
            let mut written = String::new();
            let writing = canonical.write(&plain(), &mut written);
            is_given.set(is_given.get() & vault.token(writing, &written, &mut treated).is_some());
        }
        How::Ff1(ff1, alphabet, label) => {
            if !ff1.text(&plain(), *alphabet, &mut treated) {
                treated.push_str(label);
            }
        }
    }
    quoted(&treated, out);
}

fn quoted(text: &str, out: &mut String) {
    // A text is always JSON; without room for it there is nothing to say.
    out.push_str(&serde_json::to_string(text).unwrap_or_else(|_| "null".into()));
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
        let (shown, _) = shown(&cells, fields, &keys).expect("cells");
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
        ];
        let cell = r#" {"kyc": {"passed": true, "score": 9007199254740993.10, "by": "Wren Alder"}, "new": "Wren Alder",
            "contacts": [{"email": "wren@example.org", "phone": "07700 900123", "name": "Wren"}, {"phone": null}, "Wren", 5],
            "tags": ["a\u00e9", {"who": "Wren"}, ["b"]], "gone": "Wren", "Wren": 1} "#;
        let expected = concat!(
            r#"{"kyc":{"passed":true,"score":9007199254740993.10},"#,
            r#""contacts":[{"email":"<email>","phone":"***** ***123"},{"phone":null},null,null],"#,
            r#""tags":["a\u00e9",{},["b"]],"gone":null}"#
        );
        assert_eq!(of(cell, &fields), expected);
    }

    #[test]
    fn counts_where_a_field_is_and_where_it_should_be() {
        let fields = ["a.b", "a.b.c", "l.x", "top"].map(|path| field(path, None, Treatment::Keep));
        let told = |cells: &[Option<&str>]| -> Vec<(u64, u64)> {
            let cells: ArrayRef = Arc::new(StringViewArray::from(cells.to_vec()));
            let (_, told) = shown(&cells, &fields, &Keys::none()).expect("cells");
            told.iter().map(|told| (told.hits, told.lacking)).collect()
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
