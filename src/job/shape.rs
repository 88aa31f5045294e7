//! What a file may hold, as data: the one description that checks every file and makes the JSON Schemas for editors.
//!
//! Never in here: what the keys mean together; that is looked at once the shapes are right.

use super::secret_file;
use super::tree::{Entry, Node, Text, Value};
use crate::data::Name;
use crate::problem::Problems;
use serde_json::{Map, Value as Json, json};

/// What a value may be.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Any text that is not empty.
    Text,
    /// Any text, also an empty one.
    AnyText,
    /// A text, or `{ env = "NAME" }`: the text of an environment variable.
    Given,
    /// A name of ours: snake_case.
    Name,
    /// A path inside the project, with `/`.
    Path,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A whole number from 0.
    Whole,
    /// A whole number from 1.
    Count,
    /// A whole number, or `{ env = "NAME" }`.
    GivenWhole,
    /// `true` or `false`.
    Truth,
    /// A size with its unit: `32MiB`.
    Size,
    /// A secret by reference, never the secret.
    Secret,
    /// A list of these.
    List(&'static Shape),
    /// One of these, or a list of them.
    OneOrMore(&'static Shape),
    /// A table with these keys.
    Table(&'static [Key]),
    /// A table of things by name: `[dataset.invoice]`.
    Things(&'static Shape),
    /// A table of values by column.
    Columns(&'static Shape),
    /// A table of values by path: any text is one.
    Paths(&'static Shape),
    /// A word, or a table with exactly one of these keys.
    WordOr(&'static [&'static str], &'static [Key]),
    /// A table with exactly one of these keys.
    OneOf(&'static [Key]),
}

/// A key of a table.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The key.
    pub name: &'static str,
    /// What its value may be.
    pub shape: Shape,
    /// Whether it must be there.
    pub need: Need,
    /// What it says, for editors.
    pub doc: &'static str,
}

/// Whether a key must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It must.
    Required,
    /// It may be left out.
    Optional,
}

/// A key that must be there.
pub const fn required(name: &'static str, shape: Shape, doc: &'static str) -> Key {
    Key { name, shape, need: Need::Required, doc }
}

/// A key that may be left out.
pub const fn optional(name: &'static str, shape: Shape, doc: &'static str) -> Key {
    Key { name, shape, need: Need::Optional, doc }
}

const ENV: &[Key] = &[required("env", Shape::Text, "the environment variable that holds it")];

/// Tells every value of `node` that is not of its shape.
pub fn check(text: &Text, node: &Node, shape: Shape, path: &str, problems: &mut Problems) {
    let mut found = |what: &str, expected: &str| {
        let message = format!("`{path}` is {what}, where {expected} is expected");
        problems.add("E-FILE-TYPE", text.place(node.span.start), message, None);
    };
    let mut wrong = |expected: &str| found(node.what(), expected);
    match shape {
        Shape::Text => match node.text() {
            Some("") => found("empty", "a text"),
            Some(_) => {}
            None => wrong("a text"),
        },
        Shape::AnyText if node.text().is_some() => {}
        Shape::AnyText => wrong("a text"),
        Shape::Given | Shape::GivenWhole if matches!(node.value, Value::Table(_)) => {
            table(text, node, ENV, path, problems)
        }
        Shape::Given => check(text, node, Shape::Text, path, problems),
        Shape::GivenWhole => check(text, node, Shape::Whole, path, problems),
        Shape::Name => match node.text() {
            Some(name) => name_fault(text, node.span.start, name, path, problems),
            None => wrong("a name"),
        },
        Shape::Path => match node.text() {
            Some(named) if is_inside(named) => {}
            Some(_) => {
                let message = format!("`{path}` leaves the project's folder");
                let hint = "a path is relative to the folder that holds `jobs/`, without `..`".to_owned();
                problems.add("E-FILE-PATH", text.place(node.span.start), message, Some(hint));
            }
            None => wrong("a path"),
        },
        Shape::Word(words) => match node.text() {
            Some(word) if words.contains(&word) => {}
            Some(_) => {
                let message = format!("`{path}` is none of its words");
                problems.add("E-FILE-WORD", text.place(node.span.start), message, Some(one_of(words)));
            }
            None => wrong("a word"),
        },
        Shape::Whole => match node.whole() {
            Some(0..) => {}
            Some(_) => found("below 0", "a whole number"),
            None => wrong("a whole number"),
        },
        Shape::Count => match node.whole() {
            Some(1..) => {}
            Some(_) => found("below 1", "a whole number"),
            None => wrong("a whole number"),
        },
        Shape::Truth if node.truth().is_none() => wrong("`true` or `false`"),
        Shape::Truth => {}
        Shape::Size => match node.text() {
            Some(size) if bytes(size).is_some() => {}
            _ => wrong("a size such as \"32MiB\""),
        },
        Shape::Secret => secret_file::check(text, node, path, problems),
        Shape::List(item) => match &node.value {
            Value::List(items) => items.iter().for_each(|node| check(text, node, *item, path, problems)),
            _ => wrong("a list"),
        },
        Shape::OneOrMore(item) => match &node.value {
            Value::List(items) => items.iter().for_each(|node| check(text, node, *item, path, problems)),
            _ => check(text, node, *item, path, problems),
        },
        Shape::Table(keys) => table(text, node, keys, path, problems),
        Shape::Things(item) | Shape::Columns(item) => match &node.value {
            Value::Table(entries) => {
                for Entry { key, key_span, node } in entries {
                    let path = format!("{path}.{}", shown(key));
                    name_fault(text, key_span.start, key, &path, problems);
                    check(text, node, *item, &path, problems);
                }
            }
            _ => wrong("a table"),
        },
        Shape::Paths(item) => match &node.value {
            Value::Table(entries) => {
                let below = |key: &str| format!("{path}.{}", shown(key));
                entries.iter().for_each(|entry| check(text, &entry.node, *item, &below(&entry.key), problems));
            }
            _ => wrong("a table"),
        },
        Shape::WordOr(words, keys) => match &node.value {
            Value::Text(_) => check(text, node, Shape::Word(words), path, problems),
            Value::Table(_) => one_key(text, node, keys, path, problems),
            _ => wrong("a word or a table"),
        },
        Shape::OneOf(keys) => match &node.value {
            Value::Table(_) => one_key(text, node, keys, path, problems),
            _ => wrong("a table"),
        },
    }
}

/// Tells every key of a table that is not of `keys`, every value that is not of its shape, and what is missing.
pub(super) fn table(text: &Text, node: &Node, keys: &[Key], path: &str, problems: &mut Problems) {
    let Value::Table(entries) = &node.value else {
        let message = format!("`{path}` is {}, where a table is expected", node.what());
        problems.add("E-FILE-TYPE", text.place(node.span.start), message, None);
        return;
    };
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    for Entry { key, key_span, node } in entries {
        match keys.iter().find(|known| known.name == key) {
            Some(known) => check(text, node, known.shape, &below(key), problems),
            None => {
                let names: Vec<&str> = keys.iter().map(|known| known.name).collect();
                let message = format!("unknown key `{}`", shown(key));
                problems.add("E-FILE-UNKNOWN-KEY", text.place(key_span.start), message, Some(nearest(key, &names)));
            }
        }
    }
    for missing in
        keys.iter().filter(|known| known.need == Need::Required && !entries.iter().any(|entry| entry.key == known.name))
    {
        let message = format!("`{}` is missing", below(missing.name));
        problems.add("E-FILE-MISSING-KEY", text.place(node.span.start), message, Some(missing.doc.to_owned()));
    }
}

fn one_key(text: &Text, node: &Node, keys: &[Key], path: &str, problems: &mut Problems) {
    table(text, node, keys, path, problems);
    if node.entries().len() != 1 {
        let names: Vec<&str> = keys.iter().map(|known| known.name).collect();
        let message = format!("`{path}` takes exactly one key");
        problems.add("E-FILE-ONE-OF", text.place(node.span.start), message, Some(one_of(&names)));
    }
}

fn name_fault(text: &Text, offset: usize, name: &str, path: &str, problems: &mut Problems) {
    if let Err(fault) = Name::new(name) {
        problems.add("E-FILE-NAME", text.place(offset), format!("`{path}` is no name"), Some(fault.to_string()));
    }
}

/// A key as a message may repeat it: a file's author may have pasted anything there.
pub fn shown(key: &str) -> String {
    let plain = key.len() <= 40 && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if plain { key.to_owned() } else { "...".to_owned() }
}

/// Whether a path stays in the project's folder.
fn is_inside(path: &str) -> bool {
    !path.is_empty()
        && !path.starts_with(['/', '~', '\\'])
        && !path.contains(['\0', '\\'])
        && path.split('/').all(|part| part != ".." && !part.is_empty())
}

/// `1GiB` in bytes.
pub fn bytes(size: &str) -> Option<u64> {
    let digits = size.find(|c: char| !c.is_ascii_digit()).unwrap_or(size.len());
    let number: u64 = size[..digits].parse().ok()?;
    let unit = match size[digits..].trim() {
        "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(unit).filter(|bytes| *bytes > 0)
}

/// `one of a, b, c`.
pub fn one_of(words: &[&str]) -> String {
    format!("one of {}", words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "))
}

/// The known word that is most like `word`, or all of them.
pub fn nearest(word: &str, known: &[&str]) -> String {
    let near = known.iter().map(|candidate| (distance(word, candidate), candidate)).min();
    match near {
        Some((steps, candidate)) if steps <= 2.max(candidate.len() / 4) => format!("did you mean `{candidate}`?"),
        _ if known.is_empty() => "there is nothing to choose from".to_owned(),
        _ => one_of(known),
    }
}

/// Letters to insert, delete or change (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().take(64).enumerate() {
        let mut corner = row[0];
        row[0] = line + 1;
        for (column, candidate) in other.iter().enumerate() {
            let changed = corner + usize::from(letter != *candidate);
            corner = row[column + 1];
            row[column + 1] = changed.min(corner + 1).min(row[column] + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

/// The JSON Schema (draft 2020-12) of a file of that shape.
pub fn json_schema(title: &str, shape: Shape) -> Json {
    let mut schema = json_schema_of(shape);
    if let Some(object) = schema.as_object_mut() {
        object.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
        object.insert("title".into(), json!(title));
    }
    schema
}

/// The JSON Schema of one value.
pub(super) fn json_schema_of(shape: Shape) -> Json {
    let env = || json_schema_of(Shape::Table(ENV));
    match shape {
        Shape::Text | Shape::Path => json!({ "type": "string", "minLength": 1 }),
        Shape::AnyText => json!({ "type": "string" }),
        Shape::Given => json!({ "anyOf": [{ "type": "string", "minLength": 1 }, env()] }),
        Shape::Name => json!({ "type": "string", "pattern": NAME_PATTERN }),
        Shape::Word(words) => json!({ "enum": words }),
        Shape::Whole => json!({ "type": "integer", "minimum": 0 }),
        Shape::Count => json!({ "type": "integer", "minimum": 1 }),
        Shape::GivenWhole => json!({ "anyOf": [{ "type": "integer", "minimum": 0 }, env()] }),
        Shape::Truth => json!({ "type": "boolean" }),
        Shape::Size => json!({ "type": "string", "pattern": "^[0-9]+ ?(B|KiB|MiB|GiB)$" }),
        Shape::Secret => secret_file::schema(),
        Shape::List(item) => json!({ "type": "array", "items": json_schema_of(*item) }),
        Shape::OneOrMore(item) => {
            json!({ "anyOf": [json_schema_of(*item), { "type": "array", "items": json_schema_of(*item) }] })
        }
        Shape::Table(keys) => object(keys),
        Shape::Things(item) | Shape::Columns(item) => json!({
            "type": "object", "propertyNames": { "pattern": NAME_PATTERN }, "additionalProperties": json_schema_of(*item)
        }),
        Shape::Paths(item) => json!({ "type": "object", "additionalProperties": json_schema_of(*item) }),
        Shape::WordOr(words, keys) => json!({ "anyOf": [{ "enum": words }, json_schema_of(Shape::OneOf(keys))] }),
        Shape::OneOf(keys) => {
            let mut one = object(keys);
            if let Some(object) = one.as_object_mut() {
                object.insert("minProperties".into(), json!(1));
                object.insert("maxProperties".into(), json!(1));
            }
            one
        }
    }
}

const NAME_PATTERN: &str = "^[a-z][a-z0-9_]{0,62}$";

fn object(keys: &[Key]) -> Json {
    let mut properties = Map::new();
    for key in keys {
        let mut schema = json_schema_of(key.shape);
        if let Some(object) = schema.as_object_mut() {
            object.insert("description".into(), json!(key.doc));
        }
        properties.insert(key.name.into(), schema);
    }
    let needed: Vec<&str> = keys.iter().filter(|key| key.need == Need::Required).map(|key| key.name).collect();
    json!({ "type": "object", "properties": properties, "required": needed, "additionalProperties": false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sizes_with_their_unit() {
        assert_eq!(bytes("1GiB"), Some(1 << 30));
        assert_eq!(bytes("32 MiB"), Some(32 << 20));
        for text in ["", "1", "1MB", "-1B", "0B", "99999999999GiB"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }

    #[test]
    fn suggests_the_nearest_word() {
        assert_eq!(nearest("tabel", &["table", "query"]), "did you mean `table`?");
        assert_eq!(nearest("xyz", &["table", "query"]), "one of `table`, `query`");
    }

    #[test]
    fn keeps_paths_inside_the_project() {
        for path in ["../x", "/etc/passwd", "a/../b", "~x", "a//b", "", "a\\b"] {
            assert!(!is_inside(path), "{path}");
        }
        assert!(is_inside("jobs/sql/day.sql"));
    }
}
