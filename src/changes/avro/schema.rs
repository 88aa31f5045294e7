//! A schema in Avro's JSON -> its nodes, which name each other by place: a record may hold itself.

use super::super::debezium::FieldHint;
use serde_json::{Map, Value as Tree};
use std::collections::HashMap;

/// Nodes of a schema, at most.
const NODES_MAX: usize = 65_536;
/// Types within types, at most.
const DEPTH_MAX: usize = 64;

/// A schema is none that Avro allows, or is beyond all reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no Avro schema")]
pub struct BadSchema;

/// A schema.
#[derive(Debug)]
pub struct Schema {
    nodes: Vec<(Node, FieldHint)>,
    root: usize,
}

/// A type.
#[derive(Debug)]
pub enum Node {
    /// `null`
    Null,
    /// `boolean`
    Boolean,
    /// `int` or `long`: they are written alike.
    Whole,
    /// `float`
    Float,
    /// `double`
    Double,
    /// `bytes`
    Bytes,
    /// `string`
    Text,
    /// `fixed` of so many bytes.
    Fixed(usize),
    /// `enum` of these words.
    Enum(Vec<String>),
    /// `array` of a type.
    Array(usize),
    /// `map` of a type.
    Map(usize),
    /// One of these types.
    Union(Vec<usize>),
    /// A record.
    Record(Record),
    /// A record whose fields are being read.
    Begun,
}

/// A record's fields, in their order.
#[derive(Debug, Default)]
pub struct Record {
    /// The fields.
    pub fields: Vec<Field>,
}

/// A field of a record.
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// The place of its type.
    pub node: usize,
}

impl Schema {
    /// Reads a schema's file.
    pub fn parse(text: &[u8]) -> Result<Self, BadSchema> {
        let tree: Tree = serde_json::from_slice(text).map_err(|_| BadSchema)?;
        let mut reader = Reader { nodes: Vec::new(), named: HashMap::new() };
        let root = reader.node(&tree, "", 0)?;
        Ok(Schema { nodes: reader.nodes, root })
    }

    /// The place of the whole.
    pub fn root(&self) -> usize {
        self.root
    }

    /// The type at a place.
    pub fn node(&self, place: usize) -> &Node {
        &self.nodes[place].0
    }

    /// The fields of `after`, or of a record without one its own.
    pub fn hints(&self) -> HashMap<String, FieldHint> {
        let Some(envelope) = self.record(self.root) else { return HashMap::new() };
        let after =
            envelope.fields.iter().find(|field| field.name == "after").and_then(|field| self.record(field.node));
        let row = after.unwrap_or(envelope);
        row.fields.iter().map(|field| (field.name.clone(), self.hint(field.node))).collect()
    }

    /// The record at a place, or the one that a union has there.
    pub(super) fn record(&self, place: usize) -> Option<&Record> {
        match self.node(place) {
            Node::Record(record) => Some(record),
            Node::Union(of) => of.iter().find_map(|place| match self.node(*place) {
                Node::Record(record) => Some(record),
                _ => None,
            }),
            _ => None,
        }
    }

    /// How a field of the type at a place is written.
    pub(super) fn hint(&self, place: usize) -> FieldHint {
        match self.node(place) {
            Node::Union(of) => {
                let value = of.iter().find(|place| !matches!(self.node(**place), Node::Null));
                value.map(|place| self.nodes[*place].1.clone()).unwrap_or_default()
            }
            _ => self.nodes[place].1.clone(),
        }
    }
}

struct Reader {
    nodes: Vec<(Node, FieldHint)>,
    named: HashMap<String, usize>,
}

impl Reader {
    fn put(&mut self, node: Node, hint: FieldHint) -> Result<usize, BadSchema> {
        if self.nodes.len() == NODES_MAX {
            return Err(BadSchema);
        }
        self.nodes.push((node, hint));
        Ok(self.nodes.len() - 1)
    }

    fn node(&mut self, tree: &Tree, space: &str, depth: usize) -> Result<usize, BadSchema> {
        if depth > DEPTH_MAX {
            return Err(BadSchema);
        }
        match tree {
            Tree::String(name) => self.name(name, space, FieldHint::default()),
            Tree::Array(of) => {
                let of = of.iter().map(|tree| self.node(tree, space, depth + 1)).collect::<Result<Vec<_>, _>>()?;
                self.put(Node::Union(of), FieldHint::default())
            }
            Tree::Object(object) => self.object(object, space, depth),
            _ => Err(BadSchema),
        }
    }

    fn name(&mut self, name: &str, space: &str, hint: FieldHint) -> Result<usize, BadSchema> {
        let node = match name {
            "null" => Node::Null,
            "boolean" => Node::Boolean,
            "int" | "long" => Node::Whole,
            "float" => Node::Float,
            "double" => Node::Double,
            "bytes" => Node::Bytes,
            "string" => Node::Text,
            _ => {
                let known = self.named.get(&full(name, space)).or_else(|| self.named.get(name));
                return known.copied().ok_or(BadSchema);
            }
        };
        self.put(node, FieldHint { physical: Some(name.to_owned()), ..hint })
    }

    fn object(&mut self, object: &Map<String, Tree>, space: &str, depth: usize) -> Result<usize, BadSchema> {
        let text = |key: &str| object.get(key).and_then(Tree::as_str);
        let hint = FieldHint {
            name: text("connect.name").map(str::to_owned),
            physical: None,
            scale: object.get("scale").and_then(Tree::as_i64).and_then(|scale| i32::try_from(scale).ok()),
        };
        let kind = match object.get("type").ok_or(BadSchema)? {
            Tree::String(kind) => kind.as_str(),
            inner => return self.node(inner, space, depth + 1),
        };
        let space = text("namespace").unwrap_or(space);
        let part = |key: &str| object.get(key).ok_or(BadSchema);
        match kind {
            "array" => {
                let of = self.node(part("items")?, space, depth + 1)?;
                self.put(Node::Array(of), hint)
            }
            "map" => {
                let of = self.node(part("values")?, space, depth + 1)?;
                self.put(Node::Map(of), hint)
            }
            "fixed" => {
                let size = part("size")?.as_u64().and_then(|size| usize::try_from(size).ok()).ok_or(BadSchema)?;
                let place = self.put(Node::Fixed(size), FieldHint { physical: Some("bytes".into()), ..hint })?;
                self.declare(text("name"), space, place)
            }
            "enum" => {
                let words = part("symbols")?.as_array().ok_or(BadSchema)?;
                let words = words.iter().map(|word| word.as_str().map(str::to_owned).ok_or(BadSchema));
                let place = self.put(Node::Enum(words.collect::<Result<_, _>>()?), hint)?;
                self.declare(text("name"), space, place)
            }
            "record" => {
                let place = self.put(Node::Begun, hint)?;
                let name = text("name").ok_or(BadSchema)?;
                self.declare(Some(name), space, place)?;
                let inner = name.rsplit_once('.').map_or(space, |(space, _)| space);
                let mut record = Record::default();
                for field in part("fields")?.as_array().ok_or(BadSchema)? {
                    let name = field.get("name").and_then(Tree::as_str).ok_or(BadSchema)?.to_owned();
                    let node = self.node(field.get("type").ok_or(BadSchema)?, inner, depth + 1)?;
                    record.fields.push(Field { name, node });
                }
                self.nodes[place].0 = Node::Record(record);
                Ok(place)
            }
            name => self.name(name, space, hint),
        }
    }

    fn declare(&mut self, name: Option<&str>, space: &str, place: usize) -> Result<usize, BadSchema> {
        self.named.insert(full(name.ok_or(BadSchema)?, space), place);
        Ok(place)
    }
}

fn full(name: &str, space: &str) -> String {
    if name.contains('.') || space.is_empty() { name.to_owned() } else { format!("{space}.{name}") }
}
