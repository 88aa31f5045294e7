//! The columns that a source has against those that the schema knows: which to read, or how they differ.
//!
//! Fails closed: a column that nobody classified stops the run unless the schema says to withhold it.
//! Never in here: types of a particular source; they come in as words.

use super::name::NAME_BYTES_MAX;
use super::{Column, Name, OnNewColumn, Schema};
use std::fmt;

/// Columns of a source that are told, at most.
const TOLD_MAX: usize = 20;

/// Digits in a row in a name that is told, at most: more may be a number of somebody's.
const DIGITS_MAX: usize = 5;

/// A column as the source describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundColumn {
    /// Its name at the source.
    pub name: String,
    /// Why its type cannot be read as the declared one: the type in the source's own word, such as `money`. `None` when it can.
    pub unreadable: Option<String>,
}

/// Which of the source's columns to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matched {
    /// For each wanted column, its place among the found ones.
    pub places: Vec<usize>,
    /// Columns that the schema does not know, left out as it says, as they may be [`told`].
    pub withheld: Vec<String>,
}

/// How a source's columns differ from the schema. Names and types only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// Columns that nobody classified, as they may be [`told`].
    pub unclassified: Vec<String>,
    /// Columns that are wanted and not there.
    pub missing: Vec<String>,
    /// Columns that are there under two of their spellings.
    pub ambiguous: Vec<String>,
    /// Columns whose type changed: name, found, declared.
    pub retyped: Vec<(String, String, String)>,
}

/// Finds the `wanted` columns of `schema` among `found`, by their spellings and by their own name.
pub fn match_columns(found: &[FoundColumn], schema: &Schema, wanted: &[Name]) -> Result<Matched, Drift> {
    let is_it = |column: &Column, name: &str| column.is_spelt(name) || column.name.as_str() == name;
    let mut drift = Drift::default();
    let mut withheld = Vec::new();
    let unknown = |found: &FoundColumn| !schema.columns.iter().any(|column| is_it(column, &found.name));
    let mut new: Vec<String> =
        (1..).zip(found).filter(|(_, found)| unknown(found)).map(|(n, found)| told(n, &found.name)).collect();
    let more = new.len().saturating_sub(TOLD_MAX);
    if more > 0 {
        new.truncate(TOLD_MAX);
        new.push(format!("columns that are not listed: {more}"));
    }
    match schema.on_new_column {
        OnNewColumn::Stop => drift.unclassified = new,
        OnNewColumn::Withhold => withheld = new,
    }
    let mut places = Vec::with_capacity(wanted.len());
    for name in wanted {
        let Some(column) = schema.column(name.as_str()) else {
            drift.missing.push(name.to_string());
            continue;
        };
        let mut spelt = found.iter().enumerate().filter(|(_, found)| is_it(column, &found.name));
        match (spelt.next(), spelt.next()) {
            (Some(_), Some(_)) => drift.ambiguous.push(name.to_string()),
            (Some((place, FoundColumn { unreadable: None, .. })), None) => places.push(place),
            (Some((_, FoundColumn { unreadable: Some(found), .. })), None) => {
                drift.retyped.push((name.to_string(), found.clone(), column.column_type.to_string()));
            }
            (None, _) => drift.missing.push(name.to_string()),
        }
    }
    if drift == Drift::default() { Ok(Matched { places, withheld }) } else { Err(drift) }
}

/// What messages and reports call the `n`th column of a source: by its name only where that looks like a column's name.
///
/// A header may be a row of values in the wrong place, and a table may have a column for each person.
fn told(n: usize, name: &str) -> String {
    if is_tellable(name) { name.to_owned() } else { format!("column {n} (its name is not repeated)") }
}

/// Whether a column's name looks like one, and may be told.
pub fn is_tellable(name: &str) -> bool {
    let mut digits = 0;
    let is_short_of_digits = name.bytes().all(|byte| {
        digits = if byte.is_ascii_digit() { digits + 1 } else { 0 };
        digits <= DIGITS_MAX
    });
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_ .-".contains(&byte);
    (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(is_plain) && is_short_of_digits
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |name: &String| if is_tellable(name) { format!("`{name}`") } else { name.clone() };
        let names = |names: &[String]| names.iter().map(name).collect::<Vec<_>>().join(", ");
        let mut parts = Vec::new();
        if !self.unclassified.is_empty() {
            parts.push(format!("nobody classified {}", names(&self.unclassified)));
        }
        if !self.missing.is_empty() {
            parts.push(format!("{} not there", names(&self.missing)));
        }
        if !self.ambiguous.is_empty() {
            parts.push(format!("{} there under two spellings", names(&self.ambiguous)));
        }
        parts.extend(
            self.retyped
                .iter()
                .map(|(name, found, declared)| format!("`{name}` is {found}, the schema says {declared}")),
        );
        f.write_str(&parts.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Beyond, Class, ColumnType};
    use std::collections::BTreeMap;

    fn schema(on_new_column: OnNewColumn) -> Schema {
        let column = |name: &str, source: &[&str]| Column {
            name: Name::new(name).expect("a name"),
            column_type: ColumnType::Text,
            class: Class::Open,
            kind: None,
            source: source.iter().map(|spelling| (*spelling).to_owned()).collect(),
            nullable: true,
            beyond: Beyond::Error,
            unit: None,
            description: None,
            references: None,
            treat: BTreeMap::new(),
            not_personal: BTreeMap::new(),
        };
        Schema {
            name: Name::new("unit").expect("a name"),
            description: String::new(),
            key: vec![Name::new("cfd_id").expect("a name")],
            on_new_column,
            suppress_rows: BTreeMap::new(),
            risk: BTreeMap::new(),
            small_cells: BTreeMap::new(),
            columns: vec![column("cfd_id", &["CfD_ID", "CFD_ID"]), column("status", &["status"])],
        }
    }

    fn found(names: &[&str]) -> Vec<FoundColumn> {
        names.iter().map(|name| FoundColumn { name: (*name).into(), unreadable: None }).collect()
    }

    fn wanted(names: &[&str]) -> Vec<Name> {
        names.iter().map(|name| Name::new(name).expect("a name")).collect()
    }

    #[test]
    fn finds_a_column_by_any_of_its_spellings() {
        let matched =
            match_columns(&found(&["status", "CFD_ID"]), &schema(OnNewColumn::Stop), &wanted(&["cfd_id", "status"]));
        assert_eq!(matched.map(|matched| matched.places), Ok(vec![1, 0]));
    }

    #[test]
    fn stops_at_a_column_that_nobody_classified() {
        let drift = match_columns(&found(&["CfD_ID", "_id"]), &schema(OnNewColumn::Stop), &wanted(&["cfd_id"]));
        assert_eq!(drift.map_err(|drift| drift.to_string()), Err("nobody classified `_id`".into()));
        let matched = match_columns(&found(&["CfD_ID", "_id"]), &schema(OnNewColumn::Withhold), &wanted(&["cfd_id"]));
        assert_eq!(matched.map(|matched| matched.withheld), Ok(vec!["_id".into()]));
    }

    #[test]
    fn repeats_no_name_that_may_be_a_value() {
        let names = ["CfD_ID", "wren@example.org", "a\nb", "07700900123", "", "Zo\u{eb}", &"a".repeat(64), "a b-c.d_1"];
        let drift = match_columns(&found(&names), &schema(OnNewColumn::Stop), &wanted(&["cfd_id"]));
        let hidden = (2..=7).map(|n| format!("column {n} (its name is not repeated)")).collect::<Vec<_>>().join(", ");
        let said = format!("nobody classified {hidden}, `a b-c.d_1`");
        assert_eq!(drift.map_err(|drift| drift.to_string()), Err(said));
        let matched = match_columns(&found(&names[..2]), &schema(OnNewColumn::Withhold), &wanted(&["cfd_id"]));
        let withheld = matched.map(|matched| matched.withheld);
        assert_eq!(withheld, Ok(vec!["column 2 (its name is not repeated)".into()]));
    }

    #[test]
    fn tells_a_bounded_number_of_columns() {
        let names: Vec<String> = (0..100).map(|n| format!("column_{n}")).chain(["CfD_ID".to_owned()]).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let matched = match_columns(&found(&names), &schema(OnNewColumn::Withhold), &wanted(&["cfd_id"]));
        let withheld = matched.map(|matched| matched.withheld).unwrap_or_default();
        assert_eq!((withheld.len(), withheld[20].as_str()), (21, "columns that are not listed: 80"));
    }

    #[test]
    fn tells_every_difference_at_once() {
        let mut columns = found(&["CfD_ID", "CFD_ID", "new"]);
        columns.push(FoundColumn { name: "status".into(), unreadable: Some("money".into()) });
        let drift = match_columns(&columns, &schema(OnNewColumn::Stop), &wanted(&["cfd_id", "status", "gone"]));
        assert_eq!(
            drift.map_err(|drift| drift.to_string()),
            Err("nobody classified `new`; `gone` not there; `cfd_id` there under two spellings; `status` is money, the schema says text".into())
        );
    }
}
