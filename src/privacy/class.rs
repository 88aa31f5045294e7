//! A column that nobody declared as personal, by all of its cells: does what is in it agree with its class?
//!
//! A single e-mail address ends a night by itself (`detect`). Names of people, streets and postcodes do not, since open columns hold
//! them on purpose; a column that is full of them is judged here, as `scan` judges it. Who has looked and knows better says so in the
//! schema, kind by kind (`not_personal`), and nothing else is let pass by that. Never in here: a value.

use super::columns::{CellKind, ColumnTally, Said, said, verdict};
use super::detect::Recognisers;
use super::recognise::Kind;
use crate::data::text::whole_of;
use crate::data::{Class, Column, ColumnType, CountedTexts, Printed};
use arrow::array::{Array, ArrayRef, AsArray, StringViewArray};
use arrow::datatypes::{Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type};
use std::collections::BTreeMap;

/// What stands for a column of sentences that hold something about people.
const FREE_TEXT: &str = "free_text";

/// What a column's cells tell, part by part.
#[derive(Clone, Debug)]
pub struct Content(ColumnTally);

/// A column whose content is not of its class.
#[derive(Clone, Debug, PartialEq)]
pub struct Disagreement {
    /// What it is of.
    pub kind: &'static str,
    /// The share of its cells that look like it, from 0 to 1.
    pub share: f64,
    /// How sure that is, from 0 to 1.
    pub confidence: f64,
}

/// Whether a schema file may say of a kind that values are not of it.
pub fn is_kind(id: &str) -> bool {
    id == FREE_TEXT || Kind::parse(id).is_some()
}

impl Content {
    /// Looks at published cells of `column`: cells of each kind that no open column may hold, and what tells its content; that is
    /// `None` of a type in which nobody keeps what is about a person, and of JSON.
    pub fn look(
        cells: &ArrayRef,
        column: &Column,
        recognisers: &Recognisers,
    ) -> (BTreeMap<&'static str, u64>, Option<Self>) {
        let name = column.name.as_str();
        let numbers = |tally| (BTreeMap::new(), Some(Content(tally)));
        match column.column_type {
            ColumnType::Smallint => {
                let cells = cells.as_primitive::<Int16Type>();
                numbers(recognisers.numbers(cells.iter().flatten().map(i128::from), name))
            }
            ColumnType::Integer => {
                let cells = cells.as_primitive::<Int32Type>();
                numbers(recognisers.numbers(cells.iter().flatten().map(i128::from), name))
            }
            ColumnType::Bigint => {
                let cells = cells.as_primitive::<Int64Type>();
                numbers(recognisers.numbers(cells.iter().flatten().map(i128::from), name))
            }
            ColumnType::Numeric { scale: 0, .. } => {
                let cells = cells.as_primitive::<Decimal128Type>();
                numbers(recognisers.numbers(cells.iter().flatten(), name))
            }
            ColumnType::Numeric { scale, .. } => {
                let (cells, unit) = (cells.as_primitive::<Decimal128Type>(), 10i128.pow(u32::from(scale)));
                numbers(of_numbers(cells.iter().flatten().map(|cell| whole_units(cell, unit)), name, recognisers))
            }
            ColumnType::Real => {
                let cells = cells.as_primitive::<Float32Type>();
                let whole = |cell: f32| whole_number(f64::from(cell));
                numbers(of_numbers(cells.iter().flatten().map(whole), name, recognisers))
            }
            ColumnType::Double => {
                let cells = cells.as_primitive::<Float64Type>();
                numbers(of_numbers(cells.iter().flatten().map(whole_number), name, recognisers))
            }
            ColumnType::Date | ColumnType::Timestamp | ColumnType::Timestamptz if is_born(name) => {
                numbers(of_days(cells.len() - cells.null_count()))
            }
            ColumnType::Json | ColumnType::Jsonb => (BTreeMap::new(), None),
            ColumnType::Printed(printed) => match cells.as_string_view_opt() {
                Some(texts) => of_printed(texts, printed, name, recognisers),
                None => (BTreeMap::new(), None),
            },
            column_type => match CountedTexts::of(cells).filter(|_| column_type.is_text()) {
                Some(texts) => of_texts(texts, column_type, name, recognisers),
                None => (BTreeMap::new(), None),
            },
        }
    }

    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Content(self.0.and(other.0))
    }

    /// What is wrong with `column` being open or internal, if anything is.
    pub fn against(&self, column: &Column) -> Option<Disagreement> {
        if !matches!(column.class, Class::Open | Class::Internal) {
            return None;
        }
        let known = column.not_personal.keys().filter_map(|kind| Kind::parse(kind));
        let tally = known.fold(self.0.clone(), ColumnTally::without);
        judged(column, &tally).filter(|found| !column.not_personal.contains_key(found.kind))
    }

    /// What the column is of, whatever its class and whoever knows better.
    pub fn of(&self, column: &Column) -> Option<Disagreement> {
        judged(column, &self.0)
    }
}

/// Texts, and UUIDs.
fn of_texts(
    texts: CountedTexts<'_>,
    column_type: ColumnType,
    name: &str,
    recognisers: &Recognisers,
) -> (BTreeMap<&'static str, u64>, Option<Content>) {
    let (found, tally) = recognisers.findings_and_tally(texts, name);
    // Letters and digits, and no street: `address` points at one.
    let tally = if column_type == ColumnType::Uuid { tally.without(Kind::Address) } else { tally };
    (found, Some(Content(tally)))
}

/// Texts that PostgreSQL prints of a type that no reader has: numbers and days are looked at as such, arrays one by one of their elements.
fn of_printed(
    texts: &StringViewArray,
    printed: Printed,
    name: &str,
    recognisers: &Recognisers,
) -> (BTreeMap<&'static str, u64>, Option<Content>) {
    let elements = printed.is_array().then(|| elements_of(texts));
    let cells = elements.as_ref().unwrap_or(texts);
    let tally = match printed.word() {
        "json" | "jsonb" => None,
        "date" | "timestamp" | "timestamptz" => is_born(name).then(|| of_days(cells.len() - cells.null_count())),
        "smallint" | "integer" | "bigint" | "numeric" | "real" | "double precision" => {
            Some(of_numbers(cells.iter().flatten().map(printed_number), name, recognisers))
        }
        _ if elements.is_some() => Some(recognisers.findings_and_tally(cells, name).1),
        _ => {
            let (found, tally) = recognisers.findings_and_tally(cells, name);
            return (found, Some(Content(tally)));
        }
    };
    match tally {
        // What no open column may hold is counted by cells, not by elements.
        Some(tally) => (recognisers.findings(texts), Some(Content(tally))),
        None => (BTreeMap::new(), None),
    }
}

/// Whether a column's name says that somebody was born then.
fn is_born(name: &str) -> bool {
    said(name) == Said::Surely(Kind::DateOfBirth)
}

fn of_days(cells: usize) -> ColumnTally {
    let mut tally = ColumnTally::for_verdict(CellKind::Date);
    tally.add_unlike(cells as u64);
    tally
}

/// Numbers some of which are whole; the others are counted, and not looked at any further.
fn of_numbers(numbers: impl Iterator<Item = Option<i128>>, name: &str, recognisers: &Recognisers) -> ColumnTally {
    let mut fractions = 0;
    let whole = numbers.inspect(|number| fractions += u64::from(number.is_none())).flatten();
    let mut tally = recognisers.numbers(whole, name);
    tally.add_unlike(fractions);
    tally
}

fn whole_units(cell: i128, unit: i128) -> Option<i128> {
    // Nearly all fit into half as many bits, whose division takes a tenth of the time.
    if let (Ok(cell), Ok(unit)) = (i64::try_from(cell), i64::try_from(unit)) {
        return (cell % unit == 0).then(|| (cell / unit).into());
    }
    (cell % unit == 0).then(|| cell / unit)
}

fn whole_number(number: f64) -> Option<i128> {
    whole_of(number).map(i128::from)
}

/// A number as PostgreSQL prints it, where it is whole.
fn printed_number(text: &str) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_whole = fraction.bytes().all(|digit| digit == b'0');
    is_whole.then(|| whole.parse().ok()).flatten()
}

/// The elements of arrays of any dimensions, as PostgreSQL prints them.
fn elements_of(arrays: &StringViewArray) -> StringViewArray {
    let mut elements = Vec::new();
    arrays.iter().flatten().for_each(|array| add_elements(array, &mut elements));
    StringViewArray::from_iter_values(elements)
}

/// `{a,"b, c",NULL}`, with bounds before it where they are not those of most arrays.
fn add_elements(array: &str, elements: &mut Vec<String>) {
    let (_, array) = array.split_at(array.find('{').unwrap_or(0));
    let (mut element, mut is_quoted, mut was_quoted) = (String::new(), false, false);
    let mut signs = array.chars();
    while let Some(sign) = signs.next() {
        match sign {
            '\\' => element.extend(signs.next()),
            '"' => (is_quoted, was_quoted) = (!is_quoted, true),
            '{' | '}' | ',' if !is_quoted => {
                let element = std::mem::take(&mut element);
                if was_quoted || !matches!(element.as_str(), "" | "NULL") {
                    elements.push(element);
                }
                was_quoted = false;
            }
            sign => element.push(sign),
        }
    }
}

fn judged(column: &Column, tally: &ColumnTally) -> Option<Disagreement> {
    let judged = verdict(column.name.as_str(), tally);
    let kind = judged.kind?;
    let found = judged.found.iter().map(|(_, cells)| *cells).max().unwrap_or(0);
    let share = if kind == FREE_TEXT { found as f64 / tally.cells as f64 } else { judged.shape };
    Some(Disagreement { kind, share, confidence: judged.confidence })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Name;
    use crate::privacy::recognise::is_card;
    use arrow::array::{Date32Array, Decimal128Array, Float64Array, Int64Array, TimestampMicrosecondArray};
    use std::sync::Arc;

    fn column(name: &str, column_type: ColumnType) -> Column {
        Column::plain(Name::new(name).expect("a name"), column_type)
    }

    fn found(column: &Column, cells: ArrayRef) -> Option<Disagreement> {
        let recognisers = Recognisers::new().expect("patterns");
        // In two parts, as a table is written.
        let half = cells.len() / 2;
        let look = |cells: ArrayRef| Content::look(&cells, column, &recognisers).1.expect("a content");
        look(cells.slice(0, half)).and(look(cells.slice(half, cells.len() - half))).against(column)
    }

    fn texts(cells: impl Iterator<Item = String>) -> ArrayRef {
        Arc::new(StringViewArray::from_iter_values(cells))
    }

    fn names() -> ArrayRef {
        let surnames = ["Alder", "Ashdown", "Whitcombe", "Hartley", "Fletcher", "Barnes", "Hughes"];
        let forenames = ["Sarah", "Tobias", "Zoe", "Martin", "Helen"];
        texts((0..70).map(|at| format!("{} {}", forenames[at % 5], surnames[at % 7])))
    }

    #[test]
    fn a_column_full_of_people_is_not_open_whatever_it_is_called() {
        let reference = column("reference", ColumnType::Text);
        let ninos = texts((0..40).map(|at| format!("QQ{:06}A", 100_000 + at * 7)).map(|nino| nino.replace("QQ", "AB")));
        let kind = |column: &Column, cells| found(column, cells).map(|found| found.kind);
        assert_eq!(kind(&reference, ninos), Some("nino"));
        assert_eq!(kind(&reference, names()), Some("person_name"));
        let born: ArrayRef = Arc::new(Date32Array::from_iter_values(0..9));
        assert_eq!(kind(&column("born_on", ColumnType::Date), born), Some("date_of_birth"));
    }

    fn printed(name: &str, word: &str) -> Column {
        column(name, ColumnType::parse(word).expect("a type"))
    }

    #[test]
    fn every_type_that_is_carried_as_text_is_judged_as_text_is() {
        let kind = |column: &Column, cells| found(column, cells).map(|found| found.kind);
        for word in ["citext", "name", "enum", "xml", "varchar(40)", "char(40)"] {
            assert_eq!(kind(&printed("reference", word), names()), Some("person_name"), "{word}");
        }
        let people = names();
        let people: Vec<&str> = people.as_string_view().iter().flatten().collect();
        let arrays = people.chunks(2).map(|pair| format!("{{\"{}\",NULL,\"{}\"}}", pair[0], pair[1]));
        assert_eq!(kind(&printed("reference", "text[]"), texts(arrays)), Some("person_name"));
        let keys = ["{\"key\": 1}", "{}"];
        for word in ["json", "jsonb", "json[]"] {
            let cells = texts((0..40).map(|at| keys[at % 2].to_owned()));
            let looked = Content::look(&cells, &printed("born_on", word), &Recognisers::new().expect("patterns"));
            assert!(looked.1.is_none(), "{word}");
        }
    }

    #[test]
    fn a_moment_at_which_somebody_was_born_is_a_date_of_birth() {
        let kind = |column: &Column, cells| found(column, cells).map(|found| found.kind);
        let moments: ArrayRef = Arc::new(TimestampMicrosecondArray::from_iter_values(0..9));
        for word in ["timestamp", "timestamptz"] {
            assert_eq!(kind(&printed("date_of_birth", word), moments.clone()), Some("date_of_birth"), "{word}");
        }
        let beyond = ColumnType::Timestamp.beyond_as_text().expect("a text");
        let cells = texts((0..9).map(|at| format!("198{at}-04-03 00:00:00")));
        assert_eq!(kind(&column("date_of_birth", beyond), cells), Some("date_of_birth"));
        let recognisers = Recognisers::new().expect("patterns");
        assert!(Content::look(&moments, &printed("updated_at", "timestamp"), &recognisers).1.is_none());
    }

    #[test]
    fn takes_arrays_apart_as_they_are_printed() {
        for (array, expected) in [
            ("{}", &[][..]),
            ("{a,NULL,\"NULL\",\"\"}", &["a", "NULL", ""]),
            (r#"[0:1]={"b, c","d \"e\" \\f"}"#, &["b, c", r#"d "e" \f"#]),
            ("{{1,2},{3,4}}", &["1", "2", "3", "4"]),
        ] {
            let mut elements = Vec::new();
            add_elements(array, &mut elements);
            assert_eq!(elements, expected, "{array}");
        }
    }

    /// The number with its check digit, where there is one.
    fn nhs_number(front: i64) -> Option<i64> {
        let digits: Vec<i64> = format!("{front:09}").bytes().map(|digit| i64::from(digit - b'0')).collect();
        let sum: i64 = digits.iter().zip((2..=10).rev()).map(|(digit, weight)| digit * weight).sum();
        match 11 - sum % 11 {
            11 => Some(front * 10),
            10 => None,
            digit => Some(front * 10 + digit),
        }
    }

    #[test]
    fn whole_numbers_are_told_in_every_type_of_numbers() {
        let nhs: Vec<i64> = (999_100_000..).filter_map(nhs_number).take(40).collect();
        let kind = |column: &Column, cells| found(column, cells).map(|found| found.kind);
        let doubles: ArrayRef = Arc::new(Float64Array::from_iter_values(nhs.iter().map(|nhs| *nhs as f64)));
        assert_eq!(kind(&printed("reference", "double precision"), doubles), Some("nhs_number"));
        let scaled = Decimal128Array::from_iter_values(nhs.iter().map(|nhs| i128::from(*nhs) * 100));
        let scaled: ArrayRef = Arc::new(scaled);
        assert_eq!(kind(&printed("reference", "numeric(38,2)"), scaled), Some("nhs_number"));
        for (word, zeros) in [("numeric", ""), ("numeric", ".00")] {
            let cells = texts(nhs.iter().map(|nhs| format!("{nhs}{zeros}")));
            assert_eq!(kind(&printed("reference", word), cells), Some("nhs_number"), "{word}{zeros}");
        }
        let arrays = texts(nhs.chunks(2).map(|pair| format!("{{{},{}}}", pair[0], pair[1])));
        assert_eq!(kind(&printed("reference", "bigint[]"), arrays), Some("nhs_number"));
        let prices: ArrayRef = Arc::new(Float64Array::from_iter_values(nhs.iter().map(|nhs| *nhs as f64 / 7.0)));
        assert_eq!(kind(&printed("price", "double precision"), prices), None);
    }

    #[test]
    fn numbers_are_told_by_their_check_digits() {
        let nhs: Vec<i64> = (999_100_000..).filter_map(nhs_number).take(40).collect();
        let any: Vec<i64> = (999_100_000..).map(|front| front * 10 + 3).take(40).collect();
        let reference = column("reference", ColumnType::Bigint);
        let kind = |cells: Vec<i64>| found(&reference, Arc::new(Int64Array::from(cells))).map(|found| found.kind);
        assert_eq!(kind(nhs.clone()), Some("nhs_number"));
        assert_eq!(kind(any), None);
        let text = found(&column("reference", ColumnType::Text), texts(nhs.iter().map(i64::to_string)));
        assert_eq!(text.map(|found| found.kind), Some("nhs_number"));
    }

    #[test]
    fn numbers_are_told_by_their_check_digits_whatever_is_said_around_them() {
        let nhs: Vec<i64> = (999_100_000..).filter_map(nhs_number).take(40).collect();
        // Visa's range.
        let has_sum = |number: &i64| is_card(&number.to_string().bytes().map(|sign| sign - b'0').collect::<Vec<_>>());
        let cards: Vec<i64> = (4_000_001_234_567_000..).filter(has_sum).take(40).collect();
        let kind = |name: &str, cells: &[i64]| {
            let cells: ArrayRef = Arc::new(Int64Array::from(cells.to_vec()));
            found(&column(name, ColumnType::Bigint), cells).map(|found| found.kind)
        };
        for name in ["patient_id", "contact_id", "customer", "value"] {
            assert_eq!(kind(name, &nhs), Some("nhs_number"), "{name}");
            assert_eq!(kind(name, &cards), Some("card"), "{name}");
            assert_eq!(kind(name, &(5_000_000_000..5_000_000_400).collect::<Vec<_>>()), None, "{name}");
        }
    }

    #[test]
    fn what_somebody_knows_is_let_pass_of_that_kind_and_no_other() {
        let mut reference = column("reference", ColumnType::Text);
        reference.not_personal.insert("person_name".into(), "ships".into());
        assert_eq!(found(&reference, names()), None);
        let ninos = texts((0..40).map(|at| format!("AB{:06}A", 100_000 + at * 7)));
        assert_eq!(found(&reference, ninos).map(|found| found.kind), Some("nino"));
    }

    #[test]
    fn units_sites_statuses_and_references_are_nobodys() {
        for (name, cells) in [
            ("unit_name", &["Awel y Môr Offshore Wind Farm A Phase 1", "Charity Farm", "Drax 3", "Burbo Bank"][..]),
            ("technology", &["Solar PV", "Offshore Wind", "Dedicated Biomass with CHP"]),
            ("cfd_id", &["AAA-LIG-176", "AR2-HRN-306", "NUC-HPC-198"]),
            ("status", &["Live (Post-FIC)", "Terminated", "Pre-Start Date"]),
            ("counterparty", &["Hornsea 1 Limited", "Ørsted A/S", "Drax Power Limited"]),
            ("bmu_id", &["T_DRAXX-3", "E_BURBO", "2__PSTAT001"]),
        ] {
            let cells = texts((0..60).map(|at| cells[at % cells.len()].to_owned()));
            assert_eq!(found(&column(name, ColumnType::Text), cells), None, "{name}");
        }
    }
}
