//! Types that no warehouse reader holds: their values are carried as the text that PostgreSQL prints.
//!
//! One row of [`WORDS`] a word of the schema file. An array is carried so whatever its elements are, and a column with
//! `beyond = "text"` as well. Never in here: how a source is asked for such a text, and what a topic makes of one.

use super::RowFault;
use std::fmt;

/// A type whose values are carried as PostgreSQL's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Printed {
    word: &'static str,
    is_array: bool,
    length: Option<u32>,
}

/// Where a word's type is found in PostgreSQL's catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// Among PostgreSQL's own types, by its name in `pg_type`.
    Catalog(&'static str),
    /// A type of that name which is none of PostgreSQL's own.
    Extension(&'static str),
    /// Any type of that kind (`pg_type.typtype`).
    Kind(char),
}

/// What the text of a value is made of. It decides which treatments mean anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One thing, and equal values have one text.
    Word,
    /// Several things; equal values have one text.
    Parts,
    /// Equal values may have several texts, as `1.0` and `1.00`.
    Varied,
}

use At::{Catalog, Extension, Kind};
use Form::{Parts, Varied, Word};

/// Word, the type it stands for, form, and whether a column may be declared so: the others have an Arrow type of their own
/// and are text only as elements of an array, or beyond it.
const WORDS: &[(&str, At, Form, bool)] = &[
    ("numeric", Catalog("numeric"), Varied, true),
    ("interval", Catalog("interval"), Varied, true),
    ("timetz", Catalog("timetz"), Parts, true),
    ("bit", Catalog("bit"), Word, true),
    ("varbit", Catalog("varbit"), Word, true),
    ("inet", Catalog("inet"), Word, true),
    ("cidr", Catalog("cidr"), Word, true),
    ("macaddr", Catalog("macaddr"), Word, true),
    ("macaddr8", Catalog("macaddr8"), Word, true),
    ("xml", Catalog("xml"), Parts, true),
    ("name", Catalog("name"), Word, true),
    ("\"char\"", Catalog("char"), Word, true),
    ("point", Catalog("point"), Parts, true),
    ("line", Catalog("line"), Parts, true),
    ("lseg", Catalog("lseg"), Parts, true),
    ("box", Catalog("box"), Parts, true),
    ("path", Catalog("path"), Parts, true),
    ("polygon", Catalog("polygon"), Parts, true),
    ("circle", Catalog("circle"), Parts, true),
    ("tsvector", Catalog("tsvector"), Parts, true),
    ("tsquery", Catalog("tsquery"), Parts, true),
    ("jsonpath", Catalog("jsonpath"), Parts, true),
    ("pg_lsn", Catalog("pg_lsn"), Word, true),
    ("tid", Catalog("tid"), Word, true),
    ("pg_snapshot", Catalog("pg_snapshot"), Parts, true),
    ("txid_snapshot", Catalog("txid_snapshot"), Parts, true),
    ("refcursor", Catalog("refcursor"), Word, true),
    ("aclitem", Catalog("aclitem"), Parts, true),
    ("int2vector", Catalog("int2vector"), Parts, true),
    ("oidvector", Catalog("oidvector"), Parts, true),
    ("regclass", Catalog("regclass"), Word, true),
    ("regcollation", Catalog("regcollation"), Word, true),
    ("regconfig", Catalog("regconfig"), Word, true),
    ("regdictionary", Catalog("regdictionary"), Word, true),
    ("regnamespace", Catalog("regnamespace"), Word, true),
    ("regoper", Catalog("regoper"), Word, true),
    ("regoperator", Catalog("regoperator"), Word, true),
    ("regproc", Catalog("regproc"), Word, true),
    ("regprocedure", Catalog("regprocedure"), Word, true),
    ("regrole", Catalog("regrole"), Word, true),
    ("regtype", Catalog("regtype"), Word, true),
    ("int4range", Catalog("int4range"), Parts, true),
    ("int8range", Catalog("int8range"), Parts, true),
    ("numrange", Catalog("numrange"), Varied, true),
    ("daterange", Catalog("daterange"), Parts, true),
    ("tsrange", Catalog("tsrange"), Parts, true),
    ("tstzrange", Catalog("tstzrange"), Parts, true),
    ("int4multirange", Catalog("int4multirange"), Parts, true),
    ("int8multirange", Catalog("int8multirange"), Parts, true),
    ("nummultirange", Catalog("nummultirange"), Varied, true),
    ("datemultirange", Catalog("datemultirange"), Parts, true),
    ("tsmultirange", Catalog("tsmultirange"), Parts, true),
    ("tstzmultirange", Catalog("tstzmultirange"), Parts, true),
    ("enum", Kind('e'), Word, true),
    ("composite", Kind('c'), Varied, true),
    ("range", Kind('r'), Varied, true),
    ("multirange", Kind('m'), Varied, true),
    ("citext", Extension("citext"), Word, true),
    ("hstore", Extension("hstore"), Parts, true),
    ("ltree", Extension("ltree"), Word, true),
    ("lquery", Extension("lquery"), Word, true),
    ("ltxtquery", Extension("ltxtquery"), Word, true),
    ("smallint", Catalog("int2"), Parts, false),
    ("integer", Catalog("int4"), Parts, false),
    ("bigint", Catalog("int8"), Parts, false),
    ("real", Catalog("float4"), Varied, false),
    ("double precision", Catalog("float8"), Varied, false),
    ("boolean", Catalog("bool"), Parts, false),
    ("text", Catalog("text"), Parts, false),
    ("varchar", Catalog("varchar"), Parts, false),
    ("char", Catalog("bpchar"), Parts, false),
    ("uuid", Catalog("uuid"), Parts, false),
    ("date", Catalog("date"), Parts, false),
    ("time", Catalog("time"), Parts, false),
    ("timestamp", Catalog("timestamp"), Parts, false),
    ("timestamptz", Catalog("timestamptz"), Parts, false),
    ("bytea", Catalog("bytea"), Parts, false),
    ("json", Catalog("json"), Varied, false),
    ("jsonb", Catalog("jsonb"), Varied, false),
    ("money", Catalog("money"), Parts, false),
    ("oid", Catalog("oid"), Parts, false),
    ("xid", Catalog("xid"), Parts, false),
    ("cid", Catalog("cid"), Parts, false),
    ("xid8", Catalog("xid8"), Parts, false),
];

impl Printed {
    /// Reads a word of a schema file, such as `interval`, `bit(8)` or `integer[]`; `None` when it is none of these.
    pub fn parse(word: &str) -> Option<Self> {
        if let Some(element) = word.strip_suffix("[]") {
            return Self::found(element.trim_end()).map(|found| Printed { is_array: true, ..found });
        }
        if let Some((head, length)) = word.strip_suffix(')').and_then(|word| word.split_once('(')) {
            let found = Self::found(head.trim_end()).filter(|found| found.has_length())?;
            let length = length.trim().parse().ok().filter(|length| *length > 0)?;
            return Some(Printed { length: Some(length), ..found });
        }
        let found = Self::found(word)?;
        let is_declared = WORDS.iter().any(|(word, _, _, is_declared)| *word == found.word && *is_declared);
        // A bare `bit` is one bit to PostgreSQL.
        let length = (found.word == "bit").then_some(1);
        is_declared.then_some(Printed { length, ..found })
    }

    /// The type of that word as text, though it has an Arrow type of its own.
    pub(super) fn of(word: &str) -> Option<Self> {
        Self::found(word)
    }

    fn found(word: &str) -> Option<Self> {
        let (word, ..) = WORDS.iter().find(|(known, ..)| *known == word)?;
        Some(Printed { word, is_array: false, length: None })
    }

    /// The word of the type, or of an array's elements.
    pub fn word(self) -> &'static str {
        self.word
    }

    /// Whether it is an array of the word's type, of any dimensions and bounds.
    pub fn is_array(self) -> bool {
        self.is_array
    }

    /// Where the word's type is in the catalogue.
    pub fn at(self) -> At {
        WORDS.iter().find(|(word, ..)| *word == self.word).map_or(Kind('?'), |(_, at, ..)| *at)
    }

    /// What its texts are made of.
    pub fn form(self) -> Form {
        let form = WORDS.iter().find(|(word, ..)| *word == self.word).map_or(Varied, |(_, _, form, _)| *form);
        if self.is_array && form == Word { Parts } else { form }
    }

    /// Whether a text may be one of this type's, so far as its ends and signs tell: another writer's file may hold another form
    /// of the same, such as JSON's of an array.
    pub(super) fn check(self, text: &str) -> Result<(), RowFault> {
        let between = |open: &[char], close: &[char]| text.starts_with(open) && text.ends_with(close);
        let is_one = match (self.word, self.is_array) {
            (_, true) => {
                between(&['{'], &['}']) || (text.starts_with('[') && text.contains("]={") && text.ends_with('}'))
            }
            ("bit" | "varbit", _) => text.bytes().all(|bit| matches!(bit, b'0' | b'1')),
            ("numeric", _) => is_number(text),
            ("composite", _) => between(&['('], &[')']),
            ("hstore", _) => text.is_empty() || text.contains("=>"),
            (word, _) if word.ends_with("multirange") => between(&['{'], &['}']),
            (word, _) if word.ends_with("range") => text == "empty" || between(&['[', '('], &[']', ')']),
            _ => true,
        };
        match self.length {
            _ if !is_one => Err(RowFault::Type),
            Some(length) if text.len() > length as usize => Err(RowFault::Range),
            Some(length) if text.len() < length as usize && self.word == "bit" => Err(RowFault::Range),
            _ => Ok(()),
        }
    }

    fn has_length(self) -> bool {
        matches!(self.word, "bit" | "varbit")
    }

    /// Every word that a column may be declared with, in the order of the README.
    pub fn words() -> impl Iterator<Item = &'static str> {
        WORDS.iter().filter(|(.., is_declared)| *is_declared).map(|(word, ..)| *word)
    }
}

/// Whether it is a number as PostgreSQL prints a `numeric`: no exponent, and no sign before what is positive.
pub fn is_number(text: &str) -> bool {
    if matches!(text, "NaN" | "Infinity" | "-Infinity") {
        return true;
    }
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    are_digits(whole) && are_digits(fraction)
}

impl fmt::Display for Printed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word)?;
        if let Some(length) = self.length {
            write!(f, "({length})")?;
        }
        let is_declared = WORDS.iter().any(|(word, .., is_declared)| *word == self.word && *is_declared);
        f.write_str(match (self.is_array, is_declared) {
            (true, _) => "[]",
            (false, true) => "",
            (false, false) => " as text",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_what_it_parses() {
        for word in Printed::words().chain(["bit(8)", "varbit(12)", "integer[]", "enum[]", "double precision[]"]) {
            let printed = Printed::parse(word).map(|printed| printed.to_string());
            assert_eq!(printed.as_deref(), Some(if word == "bit" { "bit(1)" } else { word }));
        }
    }

    #[test]
    fn refuses_what_is_no_type_of_its_own() {
        for word in ["date", "[]", "integer[3]", "numeric(3)[]", "bit(0)", "inet(3)", "mood", "mood[]", "bit(8"] {
            assert_eq!(Printed::parse(word), None, "{word}");
        }
    }

    #[test]
    fn takes_no_other_writers_form_of_a_value() {
        for (word, good, bad) in [
            ("integer[]", "[0:1]={1,2}", "[1,2]"),
            ("text[]", "{}", ""),
            ("numeric", "-0.10", "1e5"),
            ("numeric", "NaN", ".5"),
            ("composite", "(,)", "{\"a\":1}"),
            ("hstore", "\"a\"=>NULL", "{\"a\":null}"),
            ("int4range", "empty", "1..2"),
            ("int4range", "[1,)", "{[1,)}"),
            ("multirange", "{}", "empty"),
            ("varbit(3)", "", "102"),
        ] {
            let printed = Printed::parse(word).expect("a type");
            assert_eq!((printed.check(good), printed.check(bad)), (Ok(()), Err(RowFault::Type)), "{word}");
        }
        let bits = Printed::parse("bit(3)").expect("a type");
        assert_eq!(["010", "01", "0101"].map(|text| bits.check(text).is_ok()), [true, false, false]);
    }

    #[test]
    fn has_each_word_and_each_type_once() {
        for (index, (word, at, ..)) in WORDS.iter().enumerate() {
            assert!(!WORDS[..index].iter().any(|(other, found, ..)| other == word || found == at), "{word}");
        }
    }
}
