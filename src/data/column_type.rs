//! The types a schema may declare, and the Arrow type that carries each inside a run.

use super::Printed;
use arrow::datatypes::{DataType, TimeUnit};
use std::fmt;

/// A declared column type, in PostgreSQL's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ColumnType {
    /// `smallint`
    Smallint,
    /// `integer`
    Integer,
    /// `bigint`
    Bigint,
    /// `numeric(precision, scale)`, precision 1-38, scale 0-precision
    Numeric {
        /// Decimal digits in all.
        precision: u8,
        /// Decimal digits after the point.
        scale: u8,
    },
    /// `real`
    Real,
    /// `double precision`
    Double,
    /// `boolean`
    Boolean,
    /// `text`
    Text,
    /// `varchar(n)`
    Varchar(u32),
    /// `char(n)`: trailing blanks mean nothing and are not carried
    Char(u32),
    /// `uuid`, carried as lower-case text with hyphens
    Uuid,
    /// `date`
    Date,
    /// `time` without zone, microseconds
    Time,
    /// `timestamp` without zone, microseconds; published as if it were UTC
    Timestamp,
    /// `timestamptz`, microseconds UTC
    Timestamptz,
    /// `bytea`
    Bytea,
    /// `json`, carried as its text
    Json,
    /// `jsonb`, carried as PostgreSQL prints it
    Jsonb,
    /// Every other type, carried as the text that PostgreSQL prints
    Printed(Printed),
}

impl ColumnType {
    /// The Arrow type of this column inside a run (extract, comparison, checks).
    ///
    /// Text is `Utf8View` so that it crosses into Polars without a copy; `Time64` and zone-less timestamps are
    /// kept apart from their published form ([`ColumnType::published`]).
    pub fn arrow(self) -> DataType {
        match self {
            ColumnType::Smallint => DataType::Int16,
            ColumnType::Integer => DataType::Int32,
            ColumnType::Bigint => DataType::Int64,
            ColumnType::Numeric { precision, scale } => DataType::Decimal128(precision, scale as i8),
            ColumnType::Real => DataType::Float32,
            ColumnType::Double => DataType::Float64,
            ColumnType::Boolean => DataType::Boolean,
            ColumnType::Text | ColumnType::Varchar(_) | ColumnType::Char(_) => DataType::Utf8View,
            ColumnType::Uuid | ColumnType::Json | ColumnType::Jsonb | ColumnType::Printed(_) => DataType::Utf8View,
            ColumnType::Date => DataType::Date32,
            ColumnType::Time => DataType::Time64(TimeUnit::Microsecond),
            ColumnType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            ColumnType::Timestamptz => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            ColumnType::Bytea => DataType::BinaryView,
        }
    }

    /// The Arrow type in published files: what Delta's reader 1 / writer 2 can hold and Power BI, Fabric and Synapse read.
    ///
    /// Differs from [`ColumnType::arrow`] for `time` (text `HH:MM:SS.ffffff`: Delta has no time of day) and `timestamp`
    /// (UTC: a zone-less timestamp needs a Delta feature that Fabric cannot read).
    pub fn published(self) -> DataType {
        match self {
            ColumnType::Time => DataType::Utf8View,
            ColumnType::Timestamp => ColumnType::Timestamptz.arrow(),
            other => other.arrow(),
        }
    }

    /// Whether values are text in Arrow.
    pub fn is_text(self) -> bool {
        self.arrow() == DataType::Utf8View
    }

    /// The same type as PostgreSQL's text, for which no value is beyond it; `None` where Arrow and every reader hold whatever
    /// PostgreSQL does.
    pub fn beyond_as_text(self) -> Option<Self> {
        let word = match self {
            ColumnType::Numeric { .. } => "numeric",
            ColumnType::Date => "date",
            ColumnType::Time => "time",
            ColumnType::Timestamp => "timestamp",
            ColumnType::Timestamptz => "timestamptz",
            _ => return None,
        };
        Printed::of(word).map(ColumnType::Printed)
    }

    /// Reads the word of a schema file, such as `numeric(12,3)`; `None` when it is no type of ours.
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.trim();
        let (head, arguments) = match word.split_once('(') {
            Some((head, rest)) => (head.trim(), Some(rest.strip_suffix(')')?)),
            None => (word, None),
        };
        let length = || arguments?.trim().parse::<u32>().ok().filter(|n| *n > 0);
        match (head, arguments) {
            ("smallint" | "int2", None) => Some(ColumnType::Smallint),
            ("integer" | "int" | "int4", None) => Some(ColumnType::Integer),
            ("bigint" | "int8", None) => Some(ColumnType::Bigint),
            ("real" | "float4", None) => Some(ColumnType::Real),
            ("double precision" | "float8", None) => Some(ColumnType::Double),
            ("boolean" | "bool", None) => Some(ColumnType::Boolean),
            ("text", None) => Some(ColumnType::Text),
            ("uuid", None) => Some(ColumnType::Uuid),
            ("date", None) => Some(ColumnType::Date),
            ("time", None) => Some(ColumnType::Time),
            ("timestamp", None) => Some(ColumnType::Timestamp),
            ("timestamptz", None) => Some(ColumnType::Timestamptz),
            ("bytea", None) => Some(ColumnType::Bytea),
            ("json", None) => Some(ColumnType::Json),
            ("jsonb", None) => Some(ColumnType::Jsonb),
            // Exact in a type that readers have: PostgreSQL's money is 64 bits of the smallest unit, most often a hundredth; object
            // and transaction ids are whole numbers of 32 bits, or of 64, without a sign.
            ("money", None) => Some(ColumnType::Numeric { precision: 19, scale: 2 }),
            ("oid" | "xid" | "cid", None) => Some(ColumnType::Bigint),
            ("xid8", None) => Some(ColumnType::Numeric { precision: 20, scale: 0 }),
            ("varchar", Some(_)) => length().map(ColumnType::Varchar),
            ("char", Some(_)) => length().map(ColumnType::Char),
            ("numeric" | "decimal", Some(arguments)) => {
                let (precision, scale) = arguments.split_once(',').unwrap_or((arguments, "0"));
                let precision = precision.trim().parse::<u8>().ok().filter(|p| (1..=38).contains(p))?;
                let scale = scale.trim().parse::<u8>().ok().filter(|s| *s <= precision)?;
                Some(ColumnType::Numeric { precision, scale })
            }
            _ => Printed::parse(word).map(ColumnType::Printed),
        }
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ColumnType::Smallint => f.write_str("smallint"),
            ColumnType::Integer => f.write_str("integer"),
            ColumnType::Bigint => f.write_str("bigint"),
            ColumnType::Numeric { precision, scale } => write!(f, "numeric({precision},{scale})"),
            ColumnType::Real => f.write_str("real"),
            ColumnType::Double => f.write_str("double precision"),
            ColumnType::Boolean => f.write_str("boolean"),
            ColumnType::Text => f.write_str("text"),
            ColumnType::Varchar(length) => write!(f, "varchar({length})"),
            ColumnType::Char(length) => write!(f, "char({length})"),
            ColumnType::Uuid => f.write_str("uuid"),
            ColumnType::Date => f.write_str("date"),
            ColumnType::Time => f.write_str("time"),
            ColumnType::Timestamp => f.write_str("timestamp"),
            ColumnType::Timestamptz => f.write_str("timestamptz"),
            ColumnType::Bytea => f.write_str("bytea"),
            ColumnType::Json => f.write_str("json"),
            ColumnType::Jsonb => f.write_str("jsonb"),
            ColumnType::Printed(printed) => printed.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_what_it_parses() {
        for word in [
            "smallint",
            "integer",
            "bigint",
            "numeric(12,3)",
            "real",
            "double precision",
            "boolean",
            "text",
            "varchar(40)",
            "char(3)",
            "uuid",
            "date",
            "time",
            "timestamp",
            "timestamptz",
            "bytea",
            "json",
            "jsonb",
            "interval",
            "numeric",
            "timestamptz[]",
        ] {
            assert_eq!(ColumnType::parse(word).map(|t| t.to_string()).as_deref(), Some(word));
        }
    }

    #[test]
    fn refuses_numerics_that_arrow_cannot_hold() {
        for word in ["numeric(39,2)", "numeric(4,5)", "numeric(0)", "varchar", "varchar(0)", "text(3)", "money(2)"] {
            assert_eq!(ColumnType::parse(word), None, "{word}");
        }
    }

    #[test]
    fn gives_exact_types_to_money_and_ids() {
        for (word, exact) in
            [("money", "numeric(19,2)"), ("oid", "bigint"), ("xid", "bigint"), ("xid8", "numeric(20,0)")]
        {
            assert_eq!(ColumnType::parse(word), ColumnType::parse(exact), "{word}");
        }
    }
}
