//! What columns of a schema point at in others: keys of several columns read, and every reference looked up where it points.
//!
//! Nothing is looked at in rows for it: a check of a job does that, and finds here what it points at.

use super::check_types::can_point;
use super::load::{self, Read};
use super::schema_file::{self, SchemaFile, names};
use super::tree::{Entry, Node, Text};
use crate::data::{Column, Name, Schema};
use crate::problem::{Place, Problems};
use std::collections::BTreeMap;

/// Columns that together point at a key of another schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyReference {
    /// The columns.
    pub columns: Vec<Name>,
    /// The other schema.
    pub schema: Name,
    /// Its columns, in the order of these.
    pub key: Vec<Name>,
    /// Where it stands.
    pub at: usize,
}

impl KeyReference {
    /// The key in the order of `columns`, where these are its columns.
    pub fn key_of(&self, columns: &[Name]) -> Option<Vec<Name>> {
        let key_of = |name: &Name| self.key.get(self.columns.iter().position(|own| own == name)?).cloned();
        let key = columns.iter().map(key_of).collect::<Option<Vec<_>>>()?;
        (key.len() == self.columns.len()).then_some(key)
    }
}

/// Reads the references of several columns; `columns` are the schema's.
pub fn read_references(text: &Text, tree: &Node, columns: &[Column], problems: &mut Problems) -> Vec<KeyReference> {
    let mut references = Vec::new();
    for node in tree.get("references").map(Node::items).unwrap_or_default() {
        let Some(schema) = node.get("schema").and_then(Node::text).and_then(|name| Name::new(name).ok()) else {
            continue;
        };
        let (own, key) = (names(node.get("columns")), names(node.get("key")));
        let mut refuse = |message: String, hint: &str| {
            problems.add("E-SCHEMA-REFERENCE", text.place(node.span.start), message, Some(hint.into()));
        };
        if own.len() < 2 {
            let hint = "at the column: references = { schema = \"..\", column = \"..\" }";
            refuse("a reference of one column stands at the column".into(), hint);
        }
        if own.len() != key.len() {
            refuse("the two sides of a reference have not as many columns".into(), "one for each, in their order");
        }
        for side in [&own, &key] {
            let twice = side.iter().enumerate().find(|(place, name)| side[..*place].contains(name));
            if let Some((_, name)) = twice {
                refuse(format!("column `{name}` is there twice"), "each once");
            }
        }
        for name in own.iter().filter(|name| !columns.iter().any(|column| column.name == **name)) {
            // Of a column that has a fault of its own that one is told.
            if !is_declared(tree, name) {
                refuse(format!("column `{name}` points at another schema and is not there"), "one of the columns");
            }
        }
        references.push(KeyReference { columns: own, schema, key, at: node.span.start });
    }
    references
}

fn is_declared(tree: &Node, name: &Name) -> bool {
    let entries: &[Entry] = tree.get("columns").map(Node::entries).unwrap_or_default();
    entries.iter().any(|entry| entry.key == name.as_str())
}

/// Looks every reference up where it points. That may be a schema that the job does not read: its file is looked at as well.
pub fn check_references(schemas: &BTreeMap<Name, SchemaFile>, read: Read<'_>, problems: &mut Problems) {
    let mut pointed = Pointed { schemas, read, others: BTreeMap::new() };
    for file in schemas.values() {
        for column in &file.schema.columns {
            let Some(reference) = &column.references else { continue };
            let place = file.text.place(file.columns.get(&column.name).copied().unwrap_or(0));
            let Some(found) = pointed.schema(&reference.schema, &place, problems) else { continue };
            if found.column(reference.column.as_str()).is_none() {
                problems.add(
                    "E-SCHEMA-REFERENCE",
                    place,
                    not_there(&column.name, &reference.schema, &reference.column),
                    None,
                );
            }
        }
        for reference in &file.references {
            check_key(file, reference, &mut pointed, problems);
        }
    }
}

fn not_there(name: &Name, schema: &Name, column: &Name) -> String {
    format!("column `{name}` refers to `{schema}.{column}`, which is not there")
}

/// Tells columns of a key that are not there, or whose values are not those of the columns that point at them.
fn check_key(file: &SchemaFile, reference: &KeyReference, pointed: &mut Pointed<'_>, problems: &mut Problems) {
    let KeyReference { columns, schema, key, at } = reference;
    let place = file.text.place(*at);
    let Some(found) = pointed.schema(schema, &place, problems) else { return };
    for (name, other) in columns.iter().zip(key) {
        let Some(own) = file.schema.column(name.as_str()) else { continue };
        let Some(other) = found.column(other.as_str()) else {
            problems.add("E-SCHEMA-REFERENCE", place.clone(), not_there(name, schema, other), None);
            continue;
        };
        if !can_point(own.column_type, other.column_type) {
            let message = format!(
                "column `{name}` is {}, and `{}` of `{schema}` is {}",
                own.column_type, other.name, other.column_type
            );
            let hint = "both sides have one kind of type, and equal values of it are written alike";
            problems.add("E-SCHEMA-REFERENCE", place.clone(), message, Some(hint.into()));
        }
    }
}

/// The schemas that are pointed at: those of the job, and others that are read for it.
struct Pointed<'a> {
    schemas: &'a BTreeMap<Name, SchemaFile>,
    read: Read<'a>,
    others: BTreeMap<Name, Option<SchemaFile>>,
}

impl Pointed<'_> {
    /// A schema that is named at `place`.
    fn schema(&mut self, name: &Name, place: &Place, problems: &mut Problems) -> Option<&Schema> {
        let (schemas, read) = (self.schemas, self.read);
        if let Some(found) = schemas.get(name) {
            return Some(&found.schema);
        }
        let other = self.others.entry(name.clone()).or_insert_with(|| {
            let text = load::text(&format!("schemas/{name}.toml"), read, Some(place.clone()), problems)?;
            // Its own faults are told by the jobs that read it.
            schema_file::read(name, text, &mut Problems::default())
        });
        other.as_ref().map(|other| &other.schema)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READING: &str = "description = \"Readings.\"\nkey = [\"cfd_id\", \"day\", \"period\"]\n\n[columns]\n\
        cfd_id = { type = \"text\", class = \"open\" }\nday = { type = \"date\", class = \"open\" }\n\
        period = { type = \"smallint\", class = \"open\" }\n";

    /// What is said of a schema `order` that begins with `references`; nothing where all is well.
    fn told(references: &str) -> String {
        let order = format!(
            "description = \"Orders.\"\nkey = [\"id\"]\nreferences = [{references}]\n\n[columns]\n\
             id = {{ type = \"bigint\", class = \"open\" }}\ncfd = {{ type = \"text\", class = \"open\" }}\n\
             on_day = {{ type = \"date\", class = \"open\" }}\nhalf_hour = {{ type = \"integer\", class = \"open\" }}\n\
             more = {{ type = \"json\", class = \"open\" }}\n"
        );
        let mut problems = Problems::default();
        let (name, text) =
            (Name::new("order").expect("a name"), Text { file: "schemas/order.toml".into(), text: order });
        if let Some(file) = schema_file::read(&name, text, &mut problems) {
            let read = |path: &str| match path {
                "schemas/reading.toml" => Ok(READING.to_owned()),
                _ => Err("is not there".to_owned()),
            };
            check_references(&BTreeMap::from([(name, file)]), &read, &mut problems);
        }
        problems.to_string()
    }

    #[test]
    fn takes_a_key_of_several_columns_that_is_there() {
        let whole = "{ columns = [\"cfd\", \"on_day\", \"half_hour\"], schema = \"reading\", key = [\"cfd_id\", \"day\", \"period\"] }";
        assert_eq!(told(whole), "");
        assert_eq!(told(""), "");
    }

    #[test]
    fn refuses_a_key_that_is_not_there_or_of_another_kind() {
        for (columns, schema, key, said) in [
            ("\"cfd\"", "reading", "\"cfd_id\"", "a reference of one column stands at the column"),
            ("\"cfd\", \"on_day\"", "reading", "\"cfd_id\"", "have not as many columns"),
            ("\"cfd\", \"cfd\"", "reading", "\"cfd_id\", \"day\"", "column `cfd` is there twice"),
            ("\"cfd\", \"on_day\"", "reading", "\"day\", \"day\"", "column `day` is there twice"),
            (
                "\"cfd\", \"dya\"",
                "reading",
                "\"cfd_id\", \"day\"",
                "column `dya` points at another schema and is not there",
            ),
            (
                "\"cfd\", \"on_day\"",
                "reading",
                "\"cfd_id\", \"dya\"",
                "column `on_day` refers to `reading.dya`, which is not there",
            ),
            (
                "\"cfd\", \"on_day\"",
                "reading",
                "\"cfd_id\", \"period\"",
                "column `on_day` is date, and `period` of `reading` is smallint",
            ),
            ("\"more\", \"on_day\"", "reading", "\"cfd_id\", \"day\"", "column `more` is json"),
            ("\"cfd\", \"on_day\"", "nowhere", "\"cfd_id\", \"day\"", "`schemas/nowhere.toml` is not there"),
        ] {
            let told = told(&format!("{{ columns = [{columns}], schema = \"{schema}\", key = [{key}] }}"));
            assert!(told.contains(said), "{columns} to {key} of {schema}: {told}");
        }
    }

    #[test]
    fn finds_the_key_whatever_the_order_of_the_columns() {
        let list =
            |names: &[&str]| -> Vec<Name> { names.iter().map(|name| Name::new(name).expect("a name")).collect() };
        let reference = KeyReference {
            columns: list(&["cfd", "on_day"]),
            schema: Name::new("reading").expect("a name"),
            key: list(&["cfd_id", "day"]),
            at: 0,
        };
        assert_eq!(reference.key_of(&list(&["on_day", "cfd"])), Some(list(&["day", "cfd_id"])));
        assert_eq!(reference.key_of(&list(&["cfd"])), None);
        assert_eq!(reference.key_of(&list(&["cfd", "half_hour"])), None);
    }
}
