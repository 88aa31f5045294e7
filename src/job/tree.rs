//! A text in TOML -> a tree of values with their places. Faults of syntax are told by place, never by the line's text.

use crate::problem::{Place, Problems};
use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// A file of the project, its text and its name for messages.
#[derive(Clone, Debug)]
pub struct Text {
    /// Name relative to the project.
    pub file: String,
    /// Its text.
    pub text: String,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// Bytes in the text.
    pub span: Range<usize>,
    /// The value.
    pub value: Value,
}

/// A value of TOML, as far as the files need them.
#[derive(Clone, Debug)]
pub enum Value {
    /// A text.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// A truth value.
    Truth(bool),
    /// Values in order.
    List(Vec<Node>),
    /// Named values, in the file's order.
    Table(Vec<Entry>),
    /// A float, date or number out of range: none of our keys takes one.
    Other(&'static str),
}

/// A named value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its key.
    pub key: String,
    /// Where the key stands.
    pub key_span: Range<usize>,
    /// Its value.
    pub node: Node,
}

impl Text {
    /// The place of a byte.
    pub fn place(&self, offset: usize) -> Place {
        Place::of(self.file.clone(), &self.text, offset)
    }

    /// Reads the text; `None` and a problem for each fault when it is not TOML.
    pub fn tree(&self, problems: &mut Problems) -> Option<Node> {
        let (table, errors) = DeTable::parse_recoverable(&self.text);
        let Some(first) = errors.first() else {
            let span = table.span();
            return Some(Node { span, value: Value::Table(entries(table.into_inner())) });
        };
        // After a first fault the rest is often its echo; the first few are told.
        let is_same_line = |offset: usize| self.place(offset).line;
        let mut told = Vec::new();
        for error in errors.iter().take(ERRORS_TOLD_MAX).chain(std::iter::once(first)) {
            let offset = error.span().map_or(0, |span| span.start);
            if told.contains(&is_same_line(offset)) {
                continue;
            }
            told.push(is_same_line(offset));
            let message = if error.message().starts_with("duplicate key") {
                "this key is there twice"
            } else if error.message().contains("recursion") || error.message().contains("nest") {
                "this is nested too deeply"
            } else {
                "this is not TOML"
            };
            problems.add("E-FILE-SYNTAX", self.place(offset), message, None);
        }
        None
    }
}

/// Faults of syntax told of one file.
const ERRORS_TOLD_MAX: usize = 5;

impl Node {
    /// The value under `key`, when this is a table that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    /// The named values; none when this is no table.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Table(entries) => entries,
            _ => &[],
        }
    }

    /// The values in order; none when this is no list.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The text, when it is one.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The whole number, when it is one.
    pub fn whole(&self) -> Option<i64> {
        match &self.value {
            Value::Whole(number) => Some(*number),
            _ => None,
        }
    }

    /// The truth value, when it is one.
    pub fn truth(&self) -> Option<bool> {
        match &self.value {
            Value::Truth(truth) => Some(*truth),
            _ => None,
        }
    }

    /// What this is, in words.
    pub fn what(&self) -> &'static str {
        match &self.value {
            Value::Text(_) => "a text",
            Value::Whole(_) => "a whole number",
            Value::Truth(_) => "`true` or `false`",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
            Value::Other(what) => what,
        }
    }
}

fn entries(table: DeTable<'_>) -> Vec<Entry> {
    let entry = |(key, value): (toml::Spanned<std::borrow::Cow<'_, str>>, toml::Spanned<DeValue<'_>>)| Entry {
        key_span: key.span(),
        key: key.into_inner().into_owned(),
        node: node(value),
    };
    let mut entries: Vec<_> = table.into_iter().map(entry).collect();
    entries.sort_by_key(|entry| entry.key_span.start);
    entries
}

fn node(value: toml::Spanned<DeValue<'_>>) -> Node {
    let span = value.span();
    let value = match value.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Value::Whole(number),
            Err(_) => Value::Other("a number out of range"),
        },
        DeValue::Boolean(truth) => Value::Truth(truth),
        DeValue::Float(_) => Value::Other("a number with a point"),
        DeValue::Datetime(_) => Value::Other("a date without quotes"),
        DeValue::Array(items) => Value::List(items.into_iter().map(node).collect()),
        DeValue::Table(table) => Value::Table(entries(table)),
    };
    Node { span, value }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Node, String> {
        let text = Text { file: "jobs/a.toml".into(), text: text.into() };
        let mut problems = Problems::default();
        text.tree(&mut problems).ok_or_else(|| problems.to_string())
    }

    #[test]
    fn keeps_the_order_of_the_file() {
        let tree = read("[b]\n[a]\n[c]\n").expect("a tree");
        assert_eq!(tree.entries().iter().map(|entry| entry.key.as_str()).collect::<Vec<_>>(), ["b", "a", "c"]);
    }

    #[test]
    fn tells_the_place_of_a_fault_and_nothing_of_the_line() {
        let told = read("name = \"x\"\npassword = opensesame\n").expect_err("a fault");
        assert_eq!(told, "jobs/a.toml:2:12  this is not TOML  [E-FILE-SYNTAX]");
        assert!(read("a = 1\na = 2\n").expect_err("a fault").contains("twice"));
    }

    #[test]
    fn survives_nesting_and_binary() {
        assert!(read(&"[".repeat(100_000)).is_err());
        assert!(read(&format!("a = {}", "[".repeat(100_000))).is_err());
        assert!(read(&format!("a = {}", "{b = ".repeat(100_000))).is_err());
        assert!(read("\u{0}\u{1}\u{feff}binary").is_err());
    }
}
