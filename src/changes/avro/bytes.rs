//! Avro's bytes, read as a schema says. Every length is held against what is left.

use super::super::value::Value;
use super::schema::{Node, Schema};

/// Bytes are not what the schema says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damaged;

/// Types within types, at most.
const DEPTH_MAX: usize = 64;
/// Items of an array or a map that are passed over, at most: a `null` takes no byte.
const ITEMS_MAX: u64 = 1 << 24;

/// Bytes that are left.
#[derive(Clone, Debug)]
pub struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    /// All of these.
    pub fn new(bytes: &'a [u8]) -> Self {
        Bytes(bytes)
    }

    /// Nothing may be left.
    pub fn end(&self) -> Result<(), Damaged> {
        if self.0.is_empty() { Ok(()) } else { Err(Damaged) }
    }

    pub(super) fn take(&mut self, bytes: usize) -> Result<&'a [u8], Damaged> {
        let (taken, rest) = self.0.split_at_checked(bytes).ok_or(Damaged)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Damaged> {
        self.take(N)?.try_into().map_err(|_| Damaged)
    }

    /// A whole number: seven bits a byte, the last first, zigzag.
    pub(super) fn whole(&mut self) -> Result<i64, Damaged> {
        let mut number = 0u64;
        for at in 0..10 {
            let [byte] = self.array()?;
            // The tenth byte has room for one bit.
            if at == 9 && byte > 1 {
                return Err(Damaged);
            }
            number |= u64::from(byte & 0x7f) << (7 * at);
            if byte < 0x80 {
                return Ok((number >> 1) as i64 ^ -((number & 1) as i64));
            }
        }
        Err(Damaged)
    }

    pub(super) fn prefixed(&mut self) -> Result<&'a [u8], Damaged> {
        let length = usize::try_from(self.whole()?).map_err(|_| Damaged)?;
        self.take(length)
    }

    /// The type that stands here: of a union the one that its number names.
    pub fn branch<'s>(&mut self, schema: &'s Schema, place: usize) -> Result<&'s Node, Damaged> {
        match schema.node(place) {
            Node::Union(of) => {
                let branch = usize::try_from(self.whole()?).map_err(|_| Damaged)?;
                match schema.node(*of.get(branch).ok_or(Damaged)?) {
                    // Avro has no union in a union.
                    Node::Union(_) => Err(Damaged),
                    node => Ok(node),
                }
            }
            node => Ok(node),
        }
    }

    /// A value for a cell; what no cell holds is passed over.
    pub fn value(&mut self, schema: &Schema, place: usize) -> Result<Value<'a>, Damaged> {
        match self.branch(schema, place)? {
            Node::Null => Ok(Value::Null),
            Node::Boolean => self.truth().map(Value::from),
            Node::Whole => self.whole().map(Value::Whole),
            Node::Float => self.array().map(f32::from_le_bytes).map(|number| Value::Float(number.into())),
            Node::Double => self.array().map(f64::from_le_bytes).map(Value::Double),
            Node::Bytes => self.prefixed().map(Value::Bytes),
            Node::Text => self.text().map(Value::Text),
            Node::Fixed(size) => self.take(*size).map(Value::Bytes),
            // Debezium's `VariableScaleDecimal`.
            Node::Record(record) => match record.fields.as_slice() {
                [scale, value]
                    if (scale.name.as_str(), value.name.as_str()) == ("scale", "value")
                        && matches!(schema.node(scale.node), Node::Whole)
                        && matches!(schema.node(value.node), Node::Bytes) =>
                {
                    let scale = i32::try_from(self.whole()?).map_err(|_| Damaged)?;
                    Ok(Value::Decimal(self.prefixed()?, scale.into()))
                }
                _ => {
                    record.fields.iter().try_for_each(|field| self.pass(schema, field.node, 1))?;
                    Ok(Value::Other)
                }
            },
            node => self.pass_node(schema, node, 1).map(|()| Value::Other),
        }
    }

    /// Passes a value over.
    pub fn skip(&mut self, schema: &Schema, place: usize) -> Result<(), Damaged> {
        self.pass(schema, place, 0)
    }

    pub(super) fn truth(&mut self) -> Result<bool, Damaged> {
        match self.array()? {
            [0] => Ok(false),
            [1] => Ok(true),
            [_] => Err(Damaged),
        }
    }

    pub(super) fn text(&mut self) -> Result<&'a str, Damaged> {
        std::str::from_utf8(self.prefixed()?).map_err(|_| Damaged)
    }

    fn pass(&mut self, schema: &Schema, place: usize, depth: usize) -> Result<(), Damaged> {
        let node = self.branch(schema, place)?;
        self.pass_node(schema, node, depth)
    }

    fn pass_node(&mut self, schema: &Schema, node: &Node, depth: usize) -> Result<(), Damaged> {
        if depth > DEPTH_MAX {
            return Err(Damaged);
        }
        match node {
            Node::Null => Ok(()),
            Node::Boolean => self.truth().map(drop),
            Node::Whole => self.whole().map(drop),
            Node::Float => self.take(4).map(drop),
            Node::Double => self.take(8).map(drop),
            Node::Bytes | Node::Text => self.prefixed().map(drop),
            Node::Fixed(size) => self.take(*size).map(drop),
            Node::Enum(words) => {
                let word = usize::try_from(self.whole()?).map_err(|_| Damaged)?;
                if word < words.len() { Ok(()) } else { Err(Damaged) }
            }
            Node::Array(of) => self.items(schema, *of, false, depth),
            Node::Map(of) => self.items(schema, *of, true, depth),
            Node::Record(record) => record.fields.iter().try_for_each(|field| self.pass(schema, field.node, depth + 1)),
            Node::Union(_) | Node::Begun => Err(Damaged),
        }
    }

    /// Blocks of items, of a map each behind its key, up to an empty one.
    fn items(&mut self, schema: &Schema, of: usize, are_keyed: bool, depth: usize) -> Result<(), Damaged> {
        let mut passed = 0;
        loop {
            let count = self.whole()?;
            if count == 0 {
                return Ok(());
            }
            if count < 0 {
                // Its bytes are told, so that it can be passed over whole.
                self.prefixed()?;
                continue;
            }
            passed += count.unsigned_abs();
            if passed > ITEMS_MAX {
                return Err(Damaged);
            }
            for _ in 0..count {
                if are_keyed {
                    self.prefixed()?;
                }
                self.pass(schema, of, depth + 1)?;
            }
        }
    }
}
