//! A `treat` of a schema file -> the treatment, and what its column has against it.

use super::job_file::VAULT;
use super::tree::{Entry, Node, Text};
use crate::data::{Alphabet, Class, ColumnType, FieldTreatment, Form, Generalisation, Name, Schema, Treatment};
use crate::privacy::{ascend, ascend_in_json};
use crate::problem::Problems;
use std::collections::BTreeMap;

/// Most signs that a mask may leave readable.
const MASK_LAST_MAX: u8 = 4;

/// Fewest digits of a type whose values FF1 may permute.
const FF1_DIGITS_MIN: u8 = 6;

/// Fewest and most days that dates are moved by.
const DAYS_MIN: u16 = 7;
const DAYS_MAX: u16 = 3650;

pub fn read_treatment(node: &Node) -> Option<Treatment> {
    match node.text() {
        Some("keep") => return Some(Treatment::Keep),
        Some("drop") => return Some(Treatment::Drop),
        Some("null") => return Some(Treatment::Null),
        Some("label") => return Some(Treatment::Label),
        Some("scrub") => return Some(Treatment::Scrub),
        _ => {}
    }
    if let Some(domain) = node.get("hmac").and_then(Node::text) {
        return Some(Treatment::Hmac { domain: Name::new(domain).ok()? });
    }
    if let Some(domain) = node.get("token").and_then(Node::text) {
        return Some(Treatment::Token { domain: Name::new(domain).ok()? });
    }
    if let Some(last) = node.get("mask").and_then(|mask| mask.get("last")?.whole()) {
        return Some(Treatment::Mask { last: u8::try_from(last).unwrap_or(u8::MAX) });
    }
    if let Some(ff1) = node.get("ff1") {
        let alphabet = match ff1.get("alphabet").and_then(Node::text) {
            Some("alphanumeric") => Alphabet::Alphanumeric,
            _ => Alphabet::Digits,
        };
        return Some(Treatment::Ff1 { domain: Name::new(ff1.get("domain")?.text()?).ok()?, alphabet });
    }
    if let Some(shift) = node.get("date_shift") {
        let name = |key: &str| Name::new(shift.get(key)?.text()?).ok();
        let days = u16::try_from(shift.get("days")?.whole()?).unwrap_or(u16::MAX);
        return Some(Treatment::DateShift { domain: name("domain")?, subject: name("subject")?, days });
    }
    if let Some(fields) = node.get("fields") {
        let field = |entry: &Entry| {
            let kind = entry.node.get("kind").and_then(Node::text).map(str::to_owned);
            let path = read_path(&entry.key);
            let treatment = read_treatment(entry.node.get("treat")?)?;
            let optional = entry.node.get("optional").and_then(Node::truth).unwrap_or(false);
            Some(FieldTreatment { path, kind, treatment, optional })
        };
        return Some(Treatment::Fields(fields.entries().iter().map(field).collect::<Option<_>>()?));
    }
    if let Some(bucket) = node.get("bucket") {
        let edges = bucket.items().iter().filter_map(Node::text).map(str::to_owned).collect();
        return Some(Treatment::Bucket { edges });
    }
    let how = node.get("generalise")?;
    Some(Treatment::Generalise(match how.text() {
        Some("year") => Generalisation::Year,
        Some("month") => Generalisation::Month,
        Some("district") => Generalisation::District,
        _ => Generalisation::Band { width: u64::try_from(how.get("band")?.whole()?).ok()? },
    }))
}

/// What a path into JSON looks like.
pub const PATH: &str = "a path is names with dots between, none of them empty: \"consent.given\"";

/// The names of a path such as `contact.email`.
pub fn read_path(written: &str) -> Vec<String> {
    written.split('.').map(str::to_owned).collect()
}

/// Whether it can be the way to something inside JSON, and be told on one line.
pub fn is_path(names: &[String]) -> bool {
    names.iter().all(|name| !name.is_empty() && !name.contains(char::is_control))
}

/// Tells the fields of a column's treatment that are declared by what is no path.
pub fn check_paths(text: &Text, column: &Name, treatment: &Node, problems: &mut Problems) {
    let fields = treatment.get("fields").map(Node::entries).unwrap_or_default();
    for Entry { key_span, .. } in fields.iter().filter(|field| !is_path(&read_path(&field.key))) {
        let message = format!("a key of `fields` is no path into column `{column}`");
        problems.add("E-SCHEMA-TREATMENT", text.place(key_span.start), message, Some(PATH.into()));
    }
}

/// Why a type cannot take a treatment: what the treatment takes.
pub fn refusal(treatment: &Treatment, column_type: ColumnType) -> Option<&'static str> {
    let whole = matches!(column_type, ColumnType::Smallint | ColumnType::Integer | ColumnType::Bigint);
    let number = whole || matches!(column_type, ColumnType::Numeric { .. } | ColumnType::Real | ColumnType::Double);
    let dated = matches!(column_type, ColumnType::Date | ColumnType::Timestamp | ColumnType::Timestamptz);
    let form = match column_type {
        ColumnType::Printed(printed) => Some(printed.form()),
        _ => None,
    };
    let text = column_type.is_text();
    let (takes, fits) = match treatment {
        Treatment::Keep | Treatment::Drop | Treatment::Null => return None,
        Treatment::Mask { .. } if form.is_some_and(|form| form != Form::Word) => (
            "a mask hides the end of one thing; of several it would show the last: `label`, `null` or `drop` it",
            false,
        ),
        Treatment::Token { domain } if has_no_vault(domain) => {
            ("the domain's name is too long for its vault to be named after it", false)
        }
        Treatment::Hmac { .. } | Treatment::Token { .. } if form == Some(Form::Varied) => (
            "equal values of it may have several texts, so that tokens would not join: `label`, `null` or `drop` it",
            false,
        ),
        Treatment::Scrub => (
            "it takes text, varchar and char",
            matches!(column_type, ColumnType::Text | ColumnType::Varchar(_) | ColumnType::Char(_)),
        ),
        Treatment::Mask { .. } | Treatment::Label | Treatment::Hmac { .. } | Treatment::Token { .. } => {
            ("it takes text, uuid, json and whole numbers", text || whole)
        }
        Treatment::Generalise(Generalisation::Year | Generalisation::Month) => ("it takes dates and timestamps", dated),
        Treatment::Generalise(Generalisation::District) => {
            ("it takes text", text && form.is_none_or(|form| form == Form::Word))
        }
        Treatment::Generalise(Generalisation::Band { width: 0 }) => ("a band is at least 1 wide", false),
        Treatment::Generalise(Generalisation::Band { .. }) => ("it takes numbers", number),
        Treatment::Ff1 { alphabet, .. } => {
            let is_wide = match column_type {
                ColumnType::Integer | ColumnType::Bigint => true,
                ColumnType::Numeric { precision, scale } => scale == 0 && precision >= FF1_DIGITS_MIN,
                _ => false,
            };
            let is_text = matches!(column_type, ColumnType::Text | ColumnType::Varchar(_) | ColumnType::Char(_));
            let takes = "it takes text, and whole numbers of which there are a million at least: integer, bigint, numeric(6) and longer";
            (takes, is_text || (is_wide && *alphabet == Alphabet::Digits))
        }
        Treatment::DateShift { .. } => ("it takes dates and timestamps", dated),
        Treatment::Fields(_) if treatment.vaults().into_iter().any(has_no_vault) => {
            ("a domain's name is too long for its vault to be named after it", false)
        }
        Treatment::Fields(fields) if fields.iter().any(|field| !fits_json(&field.treatment)) => (
            "a field's edges are numbers, or dates, in quotes, each above the one before; a band is at least 1 wide",
            false,
        ),
        Treatment::Fields(fields) if has_two_subjects(fields) => {
            ("the fields of one column are moved by one subject", false)
        }
        Treatment::Fields(fields) => {
            let is_json = matches!(column_type, ColumnType::Json | ColumnType::Jsonb);
            ("it takes json and jsonb, and at least one path such as \"contact.email\"", is_json && !fields.is_empty())
        }
        Treatment::Bucket { edges } => (
            "it takes numbers and dates; its edges are values of the column's type, in quotes, each above the one before",
            (number || dated) && ascend(column_type, edges),
        ),
    };
    (!fits).then_some(takes)
}

/// Whether a field of JSON, which has no type, can take a treatment.
fn fits_json(treatment: &Treatment) -> bool {
    match treatment {
        Treatment::Bucket { edges } => ascend_in_json(edges),
        Treatment::Generalise(Generalisation::Band { width }) => *width > 0,
        _ => true,
    }
}

fn has_two_subjects(fields: &[FieldTreatment]) -> bool {
    let mut subjects = fields.iter().filter_map(|field| field.treatment.subject());
    subjects.next().is_some_and(|first| subjects.any(|subject| subject != first))
}

/// Whether no vault can be named after a domain.
fn has_no_vault(domain: &Name) -> bool {
    Name::new(&format!("{VAULT}{domain}")).is_err()
}

/// Why a treatment is one in name only.
pub fn weakness(treatment: &Treatment, class: Class) -> Option<&'static str> {
    match treatment {
        Treatment::Mask { last } if *last > MASK_LAST_MAX => {
            Some("a mask leaves the last 4 letters and digits at most")
        }
        Treatment::Fields(fields) => fields.iter().find_map(|field| weakness(&field.treatment, class)),
        Treatment::DateShift { days, .. } if !(DAYS_MIN..=DAYS_MAX).contains(days) => {
            Some("a date is moved by up to 7 days at least, and by 3650 at most")
        }
        Treatment::Generalise(Generalisation::Band { width: 1 })
            if matches!(class, Class::Personal | Class::Sensitive) =>
        {
            Some("a band is at least 2 wide where the column is personal or sensitive")
        }
        _ => None,
    }
}

/// Tells a subject that is not there, is the date itself, or has no text by which to know it again.
pub fn check_subjects(text: &Text, schema: &Schema, places: &BTreeMap<Name, usize>, problems: &mut Problems) {
    for column in &schema.columns {
        for subject in column.treat.values().filter_map(Treatment::subject) {
            let is_known = |column_type: ColumnType| {
                let is_whole = matches!(column_type, ColumnType::Smallint | ColumnType::Integer | ColumnType::Bigint);
                let may_vary = matches!(column_type, ColumnType::Printed(printed) if printed.form() == Form::Varied);
                is_whole || (column_type.is_text() && !may_vary && column_type != ColumnType::Json)
            };
            let fits = |found: &crate::data::Column| found.name != column.name && is_known(found.column_type);
            if schema.column(subject.as_str()).is_none_or(|found| !fits(found)) {
                let at = text.place(places.get(&column.name).copied().unwrap_or(0));
                let message = format!("column `{}` is moved by `{subject}`, which says nobody", column.name);
                let hint = "a subject is another column of the schema: text, uuid or a whole number";
                problems.add("E-SCHEMA-SUBJECT", at, message, Some(hint.into()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_names_with_dots_between() {
        for written in ["consent", "consent.given", "Consent given.é", " a"] {
            assert!(is_path(&read_path(written)), "{written}");
        }
        for written in ["", ".", "consent.", ".given", "consent..given", "consent.gi\nven", "\u{1b}[2J", "a.\u{85}"] {
            assert!(!is_path(&read_path(written)), "{written:?}");
        }
    }
}
