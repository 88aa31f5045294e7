//! Rows that an audience does not see, by what they were before treatment.
//!
//! A condition on a path inside JSON holds of a row where it holds anywhere at the path, and where it cannot be asked: of an object or of
//! what is no such value at its end, of something else on the way, of a cell that is no JSON or nested too deep on the way.
//!
//! Never in here: why a row is left out; that is the schema's.

use super::bucket::ascend_in_json;
use super::fields::{Edges, Stands, counted, stands};
use super::redact::{ColumnTreatment, RedactFault};
use super::told::{FieldTold, Told};
use super::written::Number;
use crate::data::cell::CellBuilder;
use crate::data::{Column, ColumnType, Form, Name, RowCondition, RowTest, Treatment};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, Scalar};
use arrow::buffer::BooleanBuffer;
use arrow::compute::filter;
use arrow::compute::kernels::cmp::{eq, gt_eq, lt};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Why a condition cannot be asked of a type: what it takes.
pub fn condition_refusal(condition: &RowCondition, column_type: ColumnType) -> Option<&'static str> {
    let RowCondition { path, optional, test, .. } = condition;
    let is_json = matches!(column_type, ColumnType::Json | ColumnType::Jsonb);
    if matches!(test, RowTest::Is(values) | RowTest::IsNot(values) if values.is_empty()) {
        return Some("it names one value at least");
    }
    if !path.is_empty() {
        return match test {
            _ if !is_json => Some("a `path` goes into json and jsonb"),
            RowTest::Is(values) | RowTest::IsNot(values) if values.iter().any(|value| is_never(value)) => {
                Some("`null = true` asks for null, and a number is written in digits alone")
            }
            RowTest::Under(_) | RowTest::From(_) if !ascend_in_json(test.values()) => {
                Some("inside JSON `under` and `from` take a number or a date, in quotes")
            }
            _ => None,
        };
    }
    if *optional {
        return Some("`optional` is said of a `path`");
    }
    let is_number = matches!(
        column_type,
        ColumnType::Smallint
            | ColumnType::Integer
            | ColumnType::Bigint
            | ColumnType::Numeric { .. }
            | ColumnType::Real
            | ColumnType::Double
    );
    let is_dated = matches!(column_type, ColumnType::Date | ColumnType::Timestamp | ColumnType::Timestamptz);
    let is_varied = is_json
        || column_type == ColumnType::Bytea
        || matches!(column_type, ColumnType::Printed(printed) if printed.form() == Form::Varied);
    if is_varied && *test != RowTest::Null {
        return Some(
            "equal values of it may be written in several ways: ask for `null`, a `path` of JSON, or another column",
        );
    }
    if test.is_of_order() && !is_number && !is_dated {
        return Some("`under` and `from` take numbers, dates and timestamps");
    }
    cells(test, column_type).is_none().then_some("its values are texts of the column's type, in quotes")
}

/// Whether a text is what JSON has and is equal to nothing here: null, or a number with an exponent.
fn is_never(value: &str) -> bool {
    value == "null" || Number::parse(value).is_none() && serde_json::from_str::<serde_json::Number>(value).is_ok()
}

/// The rows of which any of `conditions` holds, and of each path that was asked for whether it was there; `columns` are those of the rows.
pub fn suppressed(
    rows: &RecordBatch,
    columns: &[ColumnTreatment],
    conditions: &[RowCondition],
) -> Result<(BooleanArray, BTreeMap<String, Told>), RedactFault> {
    let mut any = BooleanBuffer::new_unset(rows.num_rows());
    let (mut inside, mut told) = (BTreeMap::<&Name, Vec<&RowCondition>>::new(), BTreeMap::new());
    for condition in conditions {
        if !condition.path.is_empty() {
            inside.entry(&condition.column).or_default().push(condition);
            continue;
        }
        let (column, values) = asked_of(rows, columns, &condition.column)?;
        let holds = holds(values, column.column_type, &condition.test).ok_or_else(|| missing(&condition.column))?;
        any = &any | &holds;
    }
    for (name, conditions) in inside {
        let (_, values) = asked_of(rows, columns, name)?;
        let (holds, fields) = holds_inside(values, &conditions).ok_or_else(|| missing(name))?;
        any = &any | &holds;
        for (condition, field) in conditions.iter().zip(fields) {
            told.insert(condition.place(), Told { fields: vec![field], ..Told::default() });
        }
    }
    Ok((BooleanArray::new(any, None), told))
}

/// Of columns of which the audience sees fields of their JSON, where these fields are in the rows that are left out.
pub fn unseen_fields(
    rows: &RecordBatch,
    columns: &[ColumnTreatment],
    left_out: &BooleanArray,
) -> Result<BTreeMap<String, Told>, RedactFault> {
    let mut told = BTreeMap::new();
    for ColumnTreatment { column, treatment } in columns {
        let Treatment::Fields(fields) = treatment else { continue };
        let (_, values) = asked_of(rows, columns, &column.name)?;
        let values = filter(values, left_out).map_err(|_| missing(&column.name))?;
        let found = counted(&values, column.name.as_str(), fields).ok_or_else(|| missing(&column.name))?;
        let fields = found.into_iter().map(FieldTold::unseen).collect();
        told.insert(column.name.to_string(), Told { fields, ..Told::default() });
    }
    Ok(told)
}

/// A column that something is asked of, and its values.
fn asked_of<'a>(
    rows: &'a RecordBatch,
    columns: &'a [ColumnTreatment],
    name: &Name,
) -> Result<(&'a Column, &'a ArrayRef), RedactFault> {
    let column = columns.iter().map(|shown| &shown.column).find(|column| column.name == *name);
    column.zip(rows.column_by_name(name.as_str())).ok_or_else(|| missing(name))
}

fn missing(name: &Name) -> RedactFault {
    RedactFault::Missing(name.to_string())
}

fn holds(values: &ArrayRef, column_type: ColumnType, test: &RowTest) -> Option<BooleanBuffer> {
    let valid = match values.logical_nulls() {
        Some(nulls) => nulls.inner().clone(),
        None => BooleanBuffer::new_set(values.len()),
    };
    let asked = |compared: BooleanArray| &valid & compared.values();
    let cells = cells(test, column_type)?;
    Some(match (test, cells.as_slice()) {
        (RowTest::Null, _) => !&valid,
        (RowTest::Under(_), [edge]) => asked(lt(values, &Scalar::new(edge)).ok()?),
        (RowTest::From(_), [edge]) => asked(gt_eq(values, &Scalar::new(edge)).ok()?),
        (RowTest::Is(_) | RowTest::IsNot(_), named) => {
            let mut is_one = BooleanBuffer::new_unset(values.len());
            for cell in named {
                is_one = &is_one | &asked(eq(values, &Scalar::new(cell)).ok()?);
            }
            if matches!(test, RowTest::Is(_)) { is_one } else { &valid & &!&is_one }
        }
        _ => return None,
    })
}

/// The cells of JSON that any of a column's conditions holds of, and where each of these had its path. What stands in a cell is read once
/// for all of them.
fn holds_inside(cells: &ArrayRef, conditions: &[&RowCondition]) -> Option<(BooleanBuffer, Vec<FieldTold>)> {
    let asked: Vec<Asked<'_>> = conditions.iter().map(|condition| Asked::of(&condition.test)).collect::<Option<_>>()?;
    let ways = conditions.iter().zip(&asked).enumerate();
    let ways: Vec<Way<'_>> =
        ways.map(|(place, (condition, asked))| (condition.path.as_slice(), asked, place)).collect();
    let mut told = vec![FieldTold::default(); conditions.len()];
    let each = cells.as_string_view_opt()?.iter().map(|cell| match cell.map(serde_json::from_str::<&RawValue>) {
        None => holds_of_nothing(&ways),
        Some(Ok(value)) => finds(value, &ways, 0, &mut told),
        Some(Err(_)) => cannot_be_asked(&ways, &mut told),
    });
    let holds = each.collect();
    Some((holds, told))
}

/// What remains of a path, what is asked at its end, and which of the conditions that is.
type Way<'a> = (&'a [String], &'a Asked<'a>, usize);

/// Whether any of them holds where nothing is.
fn holds_of_nothing(ways: &[Way<'_>]) -> bool {
    ways.iter().any(|(_, asked, _)| asked.is_of_nothing())
}

/// None of them can be asked, and so each of them holds.
fn cannot_be_asked(ways: &[Way<'_>], told: &mut [FieldTold]) -> bool {
    ways.iter().for_each(|(_, _, place)| told[*place].lacking += 1);
    !ways.is_empty()
}

/// Whether any of them holds of anything at its path of a value, so deep in its cell, or cannot be asked there.
fn finds(value: &RawValue, ways: &[Way<'_>], depth: usize, told: &mut [FieldTold]) -> bool {
    match stands(value, depth) {
        Stands::List(items) if items.is_empty() => holds_of_nothing(ways),
        Stands::List(items) => items.into_iter().fold(false, |any, item| any | finds(item, ways, depth + 1, told)),
        Stands::Object(entries) => finds_within(&entries, ways, depth, told),
        // Neither there nor lacking: a field that has another name now may leave a null behind.
        Stands::Leaf("null") => holds_of_nothing(ways),
        Stands::Leaf(leaf) => ways.iter().fold(false, |any, way| {
            let (path, asked, place) = way;
            match path.is_empty() {
                true => {
                    told[*place].hits += 1;
                    any | asked.holds(leaf)
                }
                false => any | cannot_be_asked(std::slice::from_ref(way), told),
            }
        }),
        Stands::Unread => cannot_be_asked(ways, told),
    }
}

/// The same of the fields of an object.
fn finds_within(entries: &[(Cow<'_, str>, &RawValue)], ways: &[Way<'_>], depth: usize, told: &mut [FieldTold]) -> bool {
    let mut any = false;
    for way in ways {
        let (path, asked, place) = way;
        any |= match path.first() {
            None => cannot_be_asked(std::slice::from_ref(way), told),
            Some(first) if entries.iter().any(|(name, _)| name == first) => false,
            Some(_) => {
                told[*place].lacking += 1;
                asked.is_of_nothing()
            }
        };
    }
    for (name, value) in entries {
        let within = ways.iter().filter_map(|(path, asked, place)| {
            let (first, rest) = path.split_first()?;
            (name == first).then_some((rest, *asked, *place))
        });
        let within: Vec<Way<'_>> = within.collect();
        if !within.is_empty() {
            any |= finds(value, &within, depth + 1, told);
        }
    }
    any
}

/// What is asked of a text, number or truth value in JSON.
enum Asked<'a> {
    /// Whether it is one of these, or, where that is `false`, none of them. Of truth values alone what is none cannot be asked.
    Is { values: &'a [String], is_one: bool, of_truth: bool },
    /// Whether it is in this one of the two ranges.
    Range(Edges<'a>, usize),
    /// Whether it is not there, or null.
    Null,
}

impl<'a> Asked<'a> {
    fn of(test: &'a RowTest) -> Option<Self> {
        Some(match test {
            RowTest::Is(values) | RowTest::IsNot(values) => Asked::Is {
                values,
                is_one: matches!(test, RowTest::Is(_)),
                of_truth: values.iter().all(|value| is_truth(value)),
            },
            RowTest::Under(_) => Asked::Range(Edges::of(test.values())?, 0),
            RowTest::From(_) => Asked::Range(Edges::of(test.values())?, 1),
            RowTest::Null => Asked::Null,
        })
    }

    /// Whether it holds where nothing is.
    fn is_of_nothing(&self) -> bool {
        matches!(self, Asked::Null)
    }

    /// Whether it holds of a text, number or truth value as JSON writes it, or cannot be asked of it.
    fn holds(&self, leaf: &str) -> bool {
        let number = Number::parse(leaf);
        let text = match number.is_some() || is_truth(leaf) {
            true => Some(Cow::Borrowed(leaf)),
            // Of a number with an exponent there is none.
            false => serde_json::from_str::<Cow<'_, str>>(leaf).ok(),
        };
        match self {
            Asked::Is { values, is_one, of_truth } => {
                text.filter(|text| !of_truth || is_truth(text)).is_none_or(|text| {
                    let equals = |value: &String| match number {
                        Some(number) => Number::parse(value).is_some_and(|value| value == number),
                        None => *value == text,
                    };
                    values.iter().any(equals) == *is_one
                })
            }
            Asked::Range(edges, range) => text.and_then(|text| edges.range(&text)).is_none_or(|found| found == *range),
            Asked::Null => false,
        }
    }
}

/// Whether a text is a truth value as JSON writes it.
fn is_truth(text: &str) -> bool {
    matches!(text, "true" | "false")
}

/// The values that are named, a cell each.
fn cells(test: &RowTest, column_type: ColumnType) -> Option<Vec<ArrayRef>> {
    let cell = |text: &String| {
        let mut cell = CellBuilder::new(column_type, 1);
        cell.push_text(text).ok()?;
        Some(cell.finish())
    };
    test.values().iter().map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::FieldTreatment;
    use arrow::array::{BooleanArray, Date32Array, Int64Array, StringViewArray};
    use std::sync::Arc;

    fn condition(path: &[&str], test: RowTest) -> RowCondition {
        let path = path.iter().map(|name| (*name).to_owned()).collect();
        RowCondition { column: Name::new("c").expect("a name"), path, optional: false, test }
    }

    fn asked(values: ArrayRef, declared: &str, conditions: &[RowCondition]) -> (Vec<bool>, BTreeMap<String, Told>) {
        let declared = ColumnType::parse(declared).expect("a type");
        conditions.iter().for_each(|condition| assert_eq!(condition_refusal(condition, declared), None));
        let column = Column::plain(Name::new("c").expect("a name"), declared);
        let columns = [ColumnTreatment { column, treatment: Treatment::Drop }];
        let rows = RecordBatch::try_from_iter([("c", values)]).expect("rows");
        let (found, told) = suppressed(&rows, &columns, conditions).expect("a mask");
        (found.values().iter().collect(), told)
    }

    fn left_out(values: ArrayRef, declared: &str, test: RowTest) -> Vec<bool> {
        let (found, told) = asked(values, declared, &[condition(&[], test)]);
        assert!(told.is_empty(), "a whole column is always there");
        found
    }

    /// Of each cell whether it is left out by what is at `a.b`, and of all of them where that is and where it should be.
    fn inside(cells: &[Option<&str>], test: RowTest) -> (Vec<bool>, (u64, u64)) {
        let cells: ArrayRef = Arc::new(StringViewArray::from(cells.to_vec()));
        let (found, told) = asked(cells, "jsonb", &[condition(&["a", "b"], test)]);
        let field = told["c.a.b"].fields[0];
        (found, (field.hits, field.lacking))
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn finds_the_rows_and_of_null_nothing_holds_but_that_it_is() {
        let texts: ArrayRef = Arc::new(StringViewArray::from(vec![Some("draft"), None, Some("sent"), Some("")]));
        let text = |test| left_out(Arc::clone(&texts), "text", test);
        assert_eq!(text(RowTest::Is(words(&["draft", "sealed"]))), [true, false, false, false]);
        assert_eq!(text(RowTest::IsNot(words(&["sent"]))), [true, false, false, true]);
        assert_eq!(text(RowTest::Null), [false, true, false, false]);
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(17), Some(18), None]));
        assert_eq!(left_out(Arc::clone(&numbers), "bigint", RowTest::Under("18".into())), [true, false, false]);
        assert_eq!(left_out(numbers, "bigint", RowTest::From("18".into())), [false, true, false]);
        let days: ArrayRef = Arc::new(Date32Array::from(vec![Some(0), Some(1)]));
        assert_eq!(left_out(days, "date", RowTest::From("1970-01-02".into())), [false, true]);
        let truths: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]));
        assert_eq!(left_out(truths, "boolean", RowTest::Is(words(&["true"]))), [true, false, false]);
    }

    #[test]
    fn asks_what_is_inside_json_by_value_and_through_lists() {
        let found = |cell: &str, test: RowTest| inside(&[Some(cell)], test).0[0];
        for (leaf, value, is_one) in [
            ("false", "false", true),
            ("true", "false", false),
            ("\"false\"", "false", true),
            ("1.0", "1", true),
            ("-0.0", "0", true),
            ("10", "1", false),
            ("\"1.0\"", "1", false),
            ("\"dr\\u0061ft\"", "draft", true),
            ("\"Draft\"", "draft", false),
            ("\"\"", "", true),
        ] {
            let cell = format!("{{\"a\":{{\"b\":{leaf}}}}}");
            assert_eq!(found(&cell, RowTest::Is(words(&["other", value]))), is_one, "{cell}");
            assert_eq!(found(&cell, RowTest::IsNot(words(&["other", value]))), !is_one, "{cell}");
            assert!(!found(&cell, RowTest::Null), "{cell}");
        }
        for (leaf, edge, is_under) in [
            ("17.999", "18", true),
            ("18", "18", false),
            ("\"17\"", "18", true),
            ("-2", "-1.5", true),
            ("\"2007-12-31T23:59:00Z\"", "2008-01-01", true),
            ("\"2008-01-01\"", "2008-01-01", false),
        ] {
            let cell = format!("{{\"a\":[{{\"b\":[{leaf}]}}]}}");
            assert_eq!(found(&cell, RowTest::Under(edge.into())), is_under, "{cell}");
            assert_eq!(found(&cell, RowTest::From(edge.into())), !is_under, "{cell}");
        }
        // One of several is enough, also of a name that is there twice.
        let draft = || RowTest::Is(words(&["draft"]));
        assert!(found(r#"{"a":[{"b":"sent"},{"b":["sealed","draft"]}]}"#, draft()));
        assert!(found(r#"{"a":{"b":"draft","b":"sent"}}"#, draft()));
        assert!(!found(r#"{"a":[{"b":"sent"},{"c":"draft"}],"b":"draft"}"#, draft()));
    }

    #[test]
    fn of_nothing_holds_that_nothing_is_there_and_what_cannot_be_asked_is_left_out() {
        let tests = || {
            let [is, is_not] = [RowTest::Is(words(&["x"])), RowTest::IsNot(words(&["x"]))];
            [is, is_not, RowTest::Under("18".into()), RowTest::From("2008-01-01".into())]
        };
        let nothing = [
            None,
            Some("null"),
            Some("[]"),
            Some("{}"),
            Some(r#"{"a":null}"#),
            Some(r#"{"a":[]}"#),
            Some(r#"{"a":{"c":1}}"#),
            Some(r#"{"a":{"b":null}}"#),
            Some(r#"{"a":{"b":[]}}"#),
        ];
        assert_eq!(inside(&nothing, RowTest::Null), (vec![true; nothing.len()], (0, 2)));
        for test in tests() {
            assert_eq!(inside(&nothing, test.clone()).0, vec![false; nothing.len()], "{test:?}");
        }
        assert!(inside(&[Some(r#"{"a":[{"b":"x"},{"c":1}]}"#)], RowTest::Null).0[0], "one of them lacks it");
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        let unasked =
            [r#"{"a":{"b":{"x":1}}}"#, r#"{"a":{"b":["y",{}]}}"#, r#"{"a":"x"}"#, "5", "{", "", &*deep].map(Some);
        for test in tests().into_iter().chain([RowTest::Null]) {
            let (found, (_, lacking)) = inside(&unasked, test.clone());
            assert_eq!(found, vec![true; unasked.len()], "{test:?}");
            assert_eq!(lacking, 7, "{test:?}");
        }
        for leaf in ["true", "\"Wren\"", "1e1", "\"1e1\"", "\"9 July 2009\""] {
            let cell = format!("{{\"a\":{{\"b\":{leaf}}}}}");
            for test in [RowTest::Under("0".into()), RowTest::From("18".into()), RowTest::From("2008-01-01".into())] {
                assert_eq!(inside(&[Some(cell.as_str())], test), (vec![true], (1, 0)), "{cell}");
            }
        }
        // Where a yes or a no is asked for, anything else is neither.
        for leaf in ["0", "\"False\"", "\" false\"", "\"\"", "\"no\""] {
            let cell = format!("{{\"a\":{{\"b\":{leaf}}}}}");
            for test in [RowTest::Is(words(&["false"])), RowTest::IsNot(words(&["true", "false"]))] {
                assert_eq!(inside(&[Some(cell.as_str())], test), (vec![true], (1, 0)), "{cell}");
            }
        }
        // Nobody knows without its digits whether a number is another.
        assert!(inside(&[Some(r#"{"a":{"b":1e1}}"#)], RowTest::Is(words(&["11"]))).0[0]);
    }

    #[test]
    fn conditions_that_are_asked_together_come_to_what_each_comes_to_alone() {
        let cells: ArrayRef = Arc::new(StringViewArray::from(vec![
            None,
            Some("null"),
            Some("{"),
            Some("[]"),
            Some(r#"{"a":{"b":"x"},"c":18}"#),
            Some(r#"{"a":{"b":"x"},"c":17}"#),
            Some(r#"{"a":[{"b":"y"},{"b":null},[]],"c":[18,{}]}"#),
            Some(r#"{"a":{},"c":"x","a":{"b":{"d":1}}}"#),
            Some(r#"[{"a":"x"},{"c":3}]"#),
        ]));
        let conditions = [
            condition(&["a", "b"], RowTest::IsNot(words(&["x"]))),
            condition(&["a", "b"], RowTest::Null),
            condition(&["a"], RowTest::Is(words(&["x"]))),
            condition(&["a", "b", "d"], RowTest::From("2".into())),
            condition(&["c"], RowTest::Under("18".into())),
            condition(&[], RowTest::Null),
        ];
        for some in (1..=conditions.len()).flat_map(|many| conditions.windows(many)) {
            let alone = some.iter().map(|one| asked(Arc::clone(&cells), "jsonb", std::slice::from_ref(one)));
            let alone: Vec<_> = alone.collect();
            let (found, told) = asked(Arc::clone(&cells), "jsonb", some);
            let any = |row: usize| alone.iter().any(|(found, _)| found[row]);
            assert_eq!(found, (0..cells.len()).map(any).collect::<Vec<_>>(), "{some:?}");
            let each: BTreeMap<String, Told> = alone.into_iter().flat_map(|(_, told)| told).collect();
            assert_eq!(told, each, "{some:?}");
        }
    }

    #[test]
    fn counts_the_fields_of_rows_that_are_left_out_and_of_no_others() {
        let field = |name: &str| FieldTreatment {
            path: vec![name.to_owned()],
            kind: None,
            treatment: Treatment::Label,
            optional: false,
        };
        let column = Column::plain(Name::new("c").expect("a name"), ColumnType::Jsonb);
        let columns = [ColumnTreatment { column, treatment: Treatment::Fields(vec![field("a"), field("b")]) }];
        let cells: ArrayRef = Arc::new(StringViewArray::from(vec![Some(r#"{"a":1}"#), Some(r#"{"b":[1,2]}"#), None]));
        let rows = RecordBatch::try_from_iter([("c", cells)]).expect("rows");
        let told = unseen_fields(&rows, &columns, &BooleanArray::from(vec![false, true, true])).expect("counts");
        let counts = |told: &FieldTold| (told.hits, told.lacking, told.unseen_hits, told.unseen_lacking);
        assert_eq!(told["c"].fields.iter().map(counts).collect::<Vec<_>>(), [(0, 0, 0, 1), (0, 0, 2, 0)]);
    }

    #[test]
    fn refuses_what_cannot_be_asked() {
        let of = |asked: RowCondition, declared: &str| {
            condition_refusal(&asked, ColumnType::parse(declared).expect("a type")).is_some()
        };
        let refused = |test: RowTest, declared: &str| of(condition(&[], test), declared);
        assert!(refused(RowTest::Under("a".into()), "text"));
        assert!(refused(RowTest::Under("a".into()), "bigint"));
        assert!(refused(RowTest::Is(vec!["{}".into()]), "jsonb"));
        assert!(refused(RowTest::Is(Vec::new()), "text"));
        assert!(!refused(RowTest::Null, "jsonb"));
        assert!(of(RowCondition { optional: true, ..condition(&[], RowTest::Null) }, "jsonb"));
        for (path, test, declared) in [
            (vec!["a"], RowTest::Null, "text"),
            (vec!["a"], RowTest::Under("Wren".into()), "jsonb"),
            (vec!["a"], RowTest::From("2008-01-01T00:00:00Z".into()), "jsonb"),
            (vec!["a"], RowTest::IsNot(Vec::new()), "jsonb"),
            (vec!["a"], RowTest::Is(words(&["1", "1e0"])), "jsonb"),
            (vec!["a"], RowTest::IsNot(words(&["null"])), "jsonb"),
        ] {
            assert!(of(condition(&path, test), declared), "{path:?} {declared}");
        }
    }
}
