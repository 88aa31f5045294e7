//! A column's type at the source against the declared one: how the server is asked for it, and how the answer is read.
//!
//! Pure. Never in here: what the server says about types (`catalog`).

use crate::data::select::{Large, Shown};
use crate::data::{At, ColumnType};
use crate::source::pgcopy::Wire;

/// Types in PostgreSQL's catalogue.
const BYTEA: u32 = 17;
const TEXT: u32 = 25;
const JSON: u32 = 114;
const MONEY: u32 = 790;
const VARCHAR: u32 = 1043;
const JSONB: u32 = 3802;

/// A type of the server, domains seen through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceType {
    /// Its object id, or that of an array's elements.
    pub id: u32,
    /// Its name in `pg_type`, or that of an array's elements.
    pub name: String,
    /// Whether it is one of PostgreSQL's own.
    pub is_builtin: bool,
    /// `pg_type.typtype`: base, enum, composite, range, multirange, pseudo.
    pub kind: char,
    /// Whether it is an array of such a type.
    pub is_array: bool,
}

impl SourceType {
    /// How a column of this type comes as `declared`; `None` when it cannot.
    pub fn read_as(&self, declared: ColumnType) -> Option<(Shown, Wire)> {
        if let ColumnType::Printed(printed) = declared {
            let is_it = printed.is_array() == self.is_array && self.is_at(printed.at());
            let shown = match (self.is_sent_as_text(), self.is_cast_as_printed()) {
                (true, _) => Shown::AsItIs,
                (false, true) => Shown::Cast,
                (false, false) => Shown::Printed,
            };
            return is_it.then_some((shown, Wire::Text));
        }
        if self.is_array {
            return None;
        }
        match (self.id, declared) {
            (MONEY, ColumnType::Numeric { .. }) => Some((Shown::Numeric, Wire::Numeric)),
            (_, ColumnType::Text) if self.is_sent_as_text() => Some((Shown::AsItIs, Wire::Text)),
            (id, _) => Wire::of(id).filter(|wire| wire.reads_as(declared)).map(|wire| (Shown::AsItIs, wire)),
        }
    }

    /// How a value of it is cut where it is too large to be sent; `None` for those that have an end of their own.
    pub fn large(&self, shown: Shown) -> Option<Large> {
        match (shown, self.id) {
            (Shown::Numeric, _) => None,
            (Shown::Cast | Shown::Printed, _) => Some(Large::Printed),
            (Shown::AsItIs, TEXT | VARCHAR) => Some(Large::Text),
            (Shown::AsItIs, BYTEA) => Some(Large::Bytes),
            (Shown::AsItIs, JSON) => Some(Large::Json("to_json")),
            (Shown::AsItIs, JSONB) => Some(Large::Json("to_jsonb")),
            (Shown::AsItIs, _) => self.is_at(At::Extension("citext")).then_some(Large::Text),
        }
    }

    fn is_at(&self, at: At) -> bool {
        match at {
            At::Catalog(name) => self.is_builtin && self.name == name,
            At::Extension(name) => !self.is_builtin && self.name == name && self.kind == 'b',
            At::Kind(kind) => self.kind == kind,
        }
    }

    /// Whether a cast to text gives what is printed: of PostgreSQL's own types, those for which no cast of their own is there
    /// (an xml's leaves in the encoding that printing leaves out). A type of somebody's own may have one.
    ///
    /// Source: PostgreSQL 15, `src/include/catalog/pg_cast.dat`, casts to 25.
    fn is_cast_as_printed(&self) -> bool {
        let has_a_cast =
            !self.is_array && matches!(self.name.as_str(), "inet" | "cidr" | "char" | "bpchar" | "bool" | "xml");
        self.is_builtin && !has_a_cast
    }

    /// Whether its binary form is the text that it prints.
    fn is_sent_as_text(&self) -> bool {
        let is_a_text = self.kind == 'e' || self.is_at(At::Catalog("name")) || self.is_at(At::Extension("citext"));
        is_a_text && !self.is_array
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(id: u32, name: &str, kind: char, is_array: bool) -> SourceType {
        SourceType { id, name: name.into(), is_builtin: id < 10_000, kind, is_array }
    }

    #[test]
    fn reads_a_type_as_its_own_word_and_as_no_other() {
        let (mood, hstore) = (source(20_000, "mood", 'e', false), source(20_001, "hstore", 'b', false));
        let (numbers, interval) = (source(23, "int4", 'b', true), source(1186, "interval", 'b', false));
        for (source, word, shown) in [
            (&mood, "enum", Some(Shown::AsItIs)),
            (&mood, "text", Some(Shown::AsItIs)),
            (&mood, "varchar(9)", None),
            (&mood, "composite", None),
            (&hstore, "hstore", Some(Shown::Printed)),
            (&hstore, "text", None),
            (&numbers, "integer[]", Some(Shown::Cast)),
            (&numbers, "integer", None),
            (&numbers, "bigint[]", None),
            (&interval, "interval", Some(Shown::Cast)),
            (&source(869, "inet", 'b', false), "inet", Some(Shown::Printed)),
            (&source(142, "xml", 'b', false), "xml", Some(Shown::Printed)),
            (&source(869, "inet", 'b', true), "inet[]", Some(Shown::Cast)),
            (&source(20_000, "mood", 'e', true), "enum[]", Some(Shown::Printed)),
            (&interval, "interval[]", None),
            (&interval, "text", None),
            (&source(20_002, "interval", 'b', false), "interval", None),
            (&source(790, "money", 'b', false), "money", Some(Shown::Numeric)),
            (&source(790, "money", 'b', true), "money", None),
            (&source(790, "money", 'b', true), "money[]", Some(Shown::Cast)),
            (&source(26, "oid", 'b', false), "oid", Some(Shown::AsItIs)),
            (&source(26, "oid", 'b', false), "integer", None),
            (&source(25, "text", 'b', false), "enum", None),
        ] {
            let declared = ColumnType::parse(word).expect("a type");
            assert_eq!(source.read_as(declared).map(|(shown, _)| shown), shown, "{source:?} as {word}");
        }
    }
}
