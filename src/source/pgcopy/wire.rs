//! The PostgreSQL types that are read, and the declared types each may be read as.
//!
//! A type passes only where no value could change on the way: wider is fine, narrower is drift. `numeric` is the
//! exception that real schemas need (an unconstrained `numeric` at the source): there each value is checked. Two that look
//! wider are not: a topic writes 0.1 of a `real` as 0.1, which as a double is another number than the one extracted, and
//! keeps the blanks of `char(n)`, which as text mean something.

use crate::data::ColumnType;

/// What a column's bytes in a binary COPY mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// `smallint`
    Int2,
    /// `integer`
    Int4,
    /// `bigint`
    Int8,
    /// `numeric`, constrained or not
    Numeric,
    /// `real`
    Float4,
    /// `double precision`
    Float8,
    /// `boolean`
    Bool,
    /// `text` or `varchar`, and whatever else the server was asked to print as text
    Text,
    /// `char(n)`: padded with blanks that mean nothing
    Bpchar,
    /// `uuid`
    Uuid,
    /// `date`
    Date,
    /// `time` without zone
    Time,
    /// `timestamp` without zone
    Timestamp,
    /// `timestamptz`
    Timestamptz,
    /// `bytea`
    Bytea,
    /// `json`
    Json,
    /// `jsonb`
    Jsonb,
    /// `oid`, `xid` or `cid`: 32 bits without a sign
    Oid,
    /// `xid8`: 64 bits without a sign
    Xid8,
}

impl Wire {
    /// By the type's object id; `None` for a type that is not read.
    ///
    /// Source: PostgreSQL 15, `src/include/catalog/pg_type.dat`; ids of built-in types never change.
    pub fn of(type_id: u32) -> Option<Self> {
        Some(match type_id {
            21 => Wire::Int2,
            23 => Wire::Int4,
            20 => Wire::Int8,
            1700 => Wire::Numeric,
            700 => Wire::Float4,
            701 => Wire::Float8,
            16 => Wire::Bool,
            25 | 1043 => Wire::Text,
            1042 => Wire::Bpchar,
            2950 => Wire::Uuid,
            1082 => Wire::Date,
            1083 => Wire::Time,
            1114 => Wire::Timestamp,
            1184 => Wire::Timestamptz,
            17 => Wire::Bytea,
            114 => Wire::Json,
            3802 => Wire::Jsonb,
            26 | 28 | 29 => Wire::Oid,
            5069 => Wire::Xid8,
            _ => return None,
        })
    }

    /// Whether every value of this type can be carried as `declared`, or is checked when it is read.
    pub fn reads_as(self, declared: ColumnType) -> bool {
        use ColumnType as To;
        match self {
            Wire::Int2 => matches!(declared, To::Smallint | To::Integer | To::Bigint | To::Numeric { .. }),
            Wire::Int4 => matches!(declared, To::Integer | To::Bigint | To::Numeric { .. }),
            Wire::Int8 => matches!(declared, To::Bigint | To::Numeric { .. }),
            Wire::Numeric => matches!(declared, To::Numeric { .. }),
            Wire::Float4 => declared == To::Real,
            Wire::Float8 => declared == To::Double,
            Wire::Bool => declared == To::Boolean,
            Wire::Text => matches!(declared, To::Text | To::Varchar(_) | To::Char(_) | To::Printed(_)),
            Wire::Bpchar => matches!(declared, To::Char(_)),
            Wire::Uuid => declared == To::Uuid,
            Wire::Date => declared == To::Date,
            Wire::Time => declared == To::Time,
            Wire::Timestamp => declared == To::Timestamp,
            Wire::Timestamptz => declared == To::Timestamptz,
            Wire::Bytea => declared == To::Bytea,
            Wire::Json => declared == To::Json,
            Wire::Jsonb => declared == To::Jsonb,
            Wire::Oid => matches!(declared, To::Bigint | To::Numeric { .. }),
            Wire::Xid8 => matches!(declared, To::Numeric { .. }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_wider_but_never_narrower() {
        let declared = |word: &str| ColumnType::parse(word).expect("a type");
        for (wire, word, reads) in [
            (Wire::Int4, "bigint", true),
            (Wire::Int8, "integer", false),
            (Wire::Int4, "numeric(10,0)", true),
            (Wire::Numeric, "bigint", false),
            (Wire::Float8, "real", false),
            (Wire::Float4, "double precision", false),
            (Wire::Bpchar, "char(8)", true),
            (Wire::Bpchar, "text", false),
            (Wire::Bpchar, "varchar(8)", false),
            (Wire::Text, "numeric(14,2)", false),
            (Wire::Text, "varchar(3)", true),
            (Wire::Timestamp, "timestamptz", false),
            (Wire::Json, "jsonb", false),
            (Wire::Uuid, "text", false),
        ] {
            assert_eq!(wire.reads_as(declared(word)), reads, "{wire:?} as {word}");
        }
        assert_eq!(Wire::of(790), None, "money: what its number counts depends on the server's lc_monetary");
    }
}
