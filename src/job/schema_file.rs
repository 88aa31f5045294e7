//! `schemas/<name>.toml` -> [`Schema`], every fault told.

use super::files::SCHEMA;
use super::references_file::{KeyReference, read_references};
use super::risk_file::read_risk;
use super::shape::{check, one_of, shown};
use super::small_cells_file::read_small_cells;
use super::suppress_file::read_suppress_rows;
use super::treatment_file::{check_paths, check_subjects, read_treatment, refusal, weakness};
use super::tree::{Entry, Node, Text};
use crate::data::{Audience, Beyond, Class, Column, ColumnType, Name, OnNewColumn, Reference, Schema};
use crate::privacy::{PolicyFault, is_kind, treatment};
use crate::problem::Problems;
use std::collections::BTreeMap;

/// Longest column name that every warehouse reader takes.
const COLUMN_NAME_MAX: usize = 32;

/// What a column may be declared as.
const TYPES: &str = "a type of the README's table, such as bigint, numeric(14,2), numeric, boolean, text, varchar(40), char(3), uuid, date, \
                     time, timestamptz, bytea, jsonb, money, interval, inet, int4range, enum, composite, integer[]";

/// A schema and where its parts stand.
#[derive(Clone, Debug)]
pub struct SchemaFile {
    /// The schema.
    pub schema: Schema,
    /// The text it comes from.
    pub text: Text,
    /// Where each column stands: name -> byte.
    pub columns: BTreeMap<Name, usize>,
    /// Where `confirmed = false` stands, by column: its class is a guess.
    pub unconfirmed: BTreeMap<Name, usize>,
    /// Keys of other schemas that several columns together point at.
    pub references: Vec<KeyReference>,
}

/// Reads a schema. `None` when its shape is wrong; every fault is told either way.
pub fn read(name: &Name, text: Text, problems: &mut Problems) -> Option<SchemaFile> {
    let tree = text.tree(problems)?;
    let before = problems.len();
    check(&text, &tree, SCHEMA, "", problems);
    if problems.len() > before {
        return None;
    }
    let mut columns = Vec::new();
    let (mut places, mut unconfirmed) = (BTreeMap::new(), BTreeMap::new());
    for Entry { key, key_span, node } in tree.get("columns").map(Node::entries).unwrap_or_default() {
        let Ok(name) = Name::new(key) else { continue };
        if key.len() > COLUMN_NAME_MAX {
            let hint = "warehouse readers take column names of up to 32 characters; `source` keeps the long one";
            let message = format!("column `{}` has a name of {} characters", shown(key), key.len());
            problems.add("E-SCHEMA-LONG-NAME", text.place(key_span.start), message, Some(hint.into()));
        }
        places.insert(name.clone(), key_span.start);
        if let Some(confirmed) = node.get("confirmed").filter(|confirmed| confirmed.truth() == Some(false)) {
            unconfirmed.insert(name.clone(), confirmed.span.start);
        }
        columns.extend(column(&text, name, key_span.start, node, problems));
    }
    let suppress_rows = read_suppress_rows(&text, &tree, &columns, problems);
    let risk = read_risk(&text, &tree, &columns, problems);
    let key = names(tree.get("key"));
    let small_cells = read_small_cells(&text, &tree, &columns, &key, problems);
    let references = read_references(&text, &tree, &columns, problems);
    let schema = Schema {
        name: name.clone(),
        description: tree.get("description").and_then(Node::text).unwrap_or_default().to_owned(),
        key,
        on_new_column: match tree.get("on_new_column").and_then(Node::text) {
            Some("withhold") => OnNewColumn::Withhold,
            _ => OnNewColumn::Stop,
        },
        suppress_rows,
        risk,
        small_cells,
        columns,
    };
    check_key(&text, &tree, &schema, problems);
    check_spellings(&text, &schema, &places, problems);
    check_subjects(&text, &schema, &places, problems);
    (problems.len() == before).then_some(SchemaFile { schema, text, columns: places, unconfirmed, references })
}

pub(super) fn names(node: Option<&Node>) -> Vec<Name> {
    node.map(Node::items).unwrap_or_default().iter().filter_map(|item| Name::new(item.text()?).ok()).collect()
}

fn column(text: &Text, name: Name, at: usize, node: &Node, problems: &mut Problems) -> Option<Column> {
    let type_node = node.get("type")?;
    let Some(declared) = ColumnType::parse(type_node.text()?) else {
        let message = format!("column `{name}` has a type that is none of ours");
        problems.add("E-SCHEMA-TYPE", text.place(type_node.span.start), message, Some(TYPES.into()));
        return None;
    };
    let nullable = node.get("nullable").and_then(Node::truth).unwrap_or(false);
    let beyond = read_beyond(text, &name, declared, nullable, node, problems);
    let column_type = match beyond {
        Beyond::Text => declared.beyond_as_text().unwrap_or(declared),
        Beyond::Error | Beyond::Null => declared,
    };
    let texts = |key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
    let source = match node.get("source") {
        Some(one) if one.text().is_some() => one.text().map(|one| vec![one.to_owned()]).unwrap_or_default(),
        Some(list) => list.items().iter().filter_map(Node::text).map(str::to_owned).collect(),
        None => vec![name.to_string()],
    };
    let class = Class::ALL.into_iter().find(|class| node.get("class").and_then(Node::text) == Some(class.as_str()))?;
    let references = node.get("references").and_then(|reference| {
        let name = |key: &str| Name::new(reference.get(key)?.text()?).ok();
        Some(Reference { schema: name("schema")?, column: name("column")? })
    });
    let mut treat = BTreeMap::new();
    for Entry { key, node, .. } in node.get("treat").map(Node::entries).unwrap_or_default() {
        let audience = Audience::ALL.into_iter().find(|audience| audience.as_str() == key);
        check_paths(text, &name, node, problems);
        if let Some((audience, treatment)) = audience.zip(read_treatment(node)) {
            if let Some(takes) = refusal(&treatment, column_type) {
                let message =
                    format!("column `{name}` is {column_type}, which cannot be treated by `{}`", treatment.word());
                problems.add("E-SCHEMA-TREATMENT", text.place(node.span.start), message, Some(takes.into()));
            }
            if audience == Audience::Restricted && !treatment.vaults().is_empty() {
                let message = format!("column `{name}` would have tokens in the store of its vault");
                let hint = "`restricted` may see the value itself; `hmac` gives it a pseudonym there";
                problems.add("E-SCHEMA-VAULT", text.place(node.span.start), message, Some(hint.into()));
            }
            if let Some(hint) = weakness(&treatment, class) {
                let message = format!("column `{name}` would be shown nearly as it is by `{}`", treatment.word());
                problems.add("E-SCHEMA-WEAK", text.place(node.span.start), message, Some(hint.into()));
            }
            treat.insert(audience, treatment);
        }
    }
    let column = Column {
        name,
        column_type,
        class,
        kind: texts("kind"),
        source,
        nullable,
        beyond,
        unit: texts("unit"),
        description: texts("description"),
        references,
        treat,
        not_personal: read_not_personal(text, class, node, problems),
    };
    for audience in column.treat.keys() {
        if let Err(fault @ PolicyFault::PersonalKept { .. }) = treatment(&column, *audience) {
            let hint = "`drop` leaves the column out, `label`, `mask`, `hmac` and `generalise` replace its values";
            problems.add(
                "E-SCHEMA-POLICY",
                text.place(at),
                format!("column `{}` {fault}", column.name),
                Some(hint.into()),
            );
        }
    }
    Some(column)
}

/// The kinds of personal data that somebody knows the values not to be.
fn read_not_personal(text: &Text, class: Class, node: &Node, problems: &mut Problems) -> BTreeMap<String, String> {
    let mut kinds = BTreeMap::new();
    for Entry { key, key_span, node } in node.get("not_personal").map(Node::entries).unwrap_or_default() {
        let mut refuse = |message: &str, hint: String| {
            problems.add("E-SCHEMA-NOT-PERSONAL", text.place(key_span.start), message, Some(hint));
        };
        if class.is_personal() {
            let hint = format!("`class = \"{class}\"` says the contrary: leave one of the two out");
            refuse("values of a column about people are not personal", hint);
        } else if !is_kind(key) {
            refuse(
                "`not_personal` names a kind that is none of ours",
                "`nightferry scan --kinds` lists them; `free_text` is one more".into(),
            );
        } else {
            kinds.extend(node.text().map(|why| (key.clone(), why.to_owned())));
        }
    }
    kinds
}

/// What becomes of a value that the type cannot hold, where there is such a value.
fn read_beyond(
    text: &Text,
    name: &Name,
    declared: ColumnType,
    nullable: bool,
    node: &Node,
    problems: &mut Problems,
) -> Beyond {
    let Some(node) = node.get("beyond") else { return Beyond::Error };
    let beyond = match node.text() {
        Some("null") => Beyond::Null,
        Some("text") => Beyond::Text,
        _ => Beyond::Error,
    };
    let mut refuse = |message: String, hint: &str| {
        problems.add("E-SCHEMA-BEYOND", text.place(node.span.start), message, Some(hint.into()));
    };
    if declared.beyond_as_text().is_none() {
        let hint = "it is for numeric(p,s), money, date, time, timestamp and timestamptz";
        refuse(format!("column `{name}` is {declared}: no value is beyond it"), hint);
    } else if beyond == Beyond::Null && !nullable {
        refuse(format!("column `{name}` would have NULLs and is not nullable"), "`nullable = true` beside it");
    }
    beyond
}

fn check_key(text: &Text, tree: &Node, schema: &Schema, problems: &mut Problems) {
    let Some(node) = tree.get("key") else { return };
    let known: Vec<&str> =
        tree.get("columns").map(Node::entries).unwrap_or_default().iter().map(|entry| entry.key.as_str()).collect();
    if schema.key.is_empty() {
        let hint = "a row needs columns that tell it from the others";
        problems.add("E-SCHEMA-KEY", text.place(node.span.start), "the key has no columns", Some(hint.into()));
    }
    for (place, (name, item)) in schema.key.iter().zip(node.items()).enumerate() {
        let at = text.place(item.span.start);
        match schema.column(name.as_str()) {
            // Of a column that has a fault of its own that one is told.
            None if known.contains(&name.as_str()) => {}
            None => problems.add(
                "E-SCHEMA-KEY",
                at,
                format!("key column `{name}` is not among the columns"),
                Some(one_of(&known)),
            ),
            Some(column) if column.nullable => {
                let hint = "a NULL key cannot be compared; leave `nullable` out";
                problems.add("E-SCHEMA-KEY", at, format!("key column `{name}` is nullable"), Some(hint.into()));
            }
            Some(_) if schema.key[..place].contains(name) => {
                problems.add("E-SCHEMA-KEY", at, format!("key column `{name}` is there twice"), None);
            }
            Some(_) => {}
        }
    }
}

/// No column of a source is two of ours: it is found by its spellings and by our own name for it.
fn check_spellings(text: &Text, schema: &Schema, places: &BTreeMap<Name, usize>, problems: &mut Problems) {
    for (index, column) in schema.columns.iter().enumerate() {
        let is_it = |other: &Column, name: &str| other.is_spelt(name) || other.name.as_str() == name;
        let shares = |other: &&Column| {
            is_it(other, column.name.as_str()) || column.source.iter().any(|spelling| is_it(other, spelling))
        };
        let taken = schema.columns[..index].iter().find(shares);
        if let Some(other) = taken {
            let at = text.place(places.get(&column.name).copied().unwrap_or(0));
            let message = format!("columns `{}` and `{}` have the same source", other.name, column.name);
            problems.add("E-SCHEMA-SOURCE", at, message, None);
        }
    }
}
