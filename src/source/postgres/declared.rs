//! A type in the server's words -> the type that a schema may declare for it.
//!
//! Pure. Never in here: a type that changes a value; where the server's type says too little, every value is checked when it
//! is read.

use crate::data::ColumnType;

/// What holds a number of which the source says no more than that it is one.
const ANY_NUMBER: ColumnType = ColumnType::Numeric { precision: 38, scale: 10 };

/// Whether a declared type is the source's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It is.
    Same,
    /// It holds what such a column usually holds; a value that does not fit is a bad row.
    Guess,
}

/// What to declare for `word`, of which `reads` says whether it can be read as a type.
pub fn declared(word: &str, reads: impl Fn(ColumnType) -> bool) -> Option<(ColumnType, Fit)> {
    let same = ColumnType::parse(&ours(word)).filter(|declared| reads(*declared));
    if let Some(same) = same {
        return Some((same, Fit::Same));
    }
    (word.starts_with("numeric") && !word.ends_with(']') && reads(ANY_NUMBER)).then_some((ANY_NUMBER, Fit::Guess))
}

/// The word of a schema for the server's: shorter, and without a precision of seconds, which takes nothing away.
fn ours(word: &str) -> String {
    if let Some(rest) = word.strip_prefix("character varying") {
        return if rest.starts_with('(') { format!("varchar{rest}") } else { format!("text{rest}") };
    }
    if let Some(rest) = word.strip_prefix("character(") {
        return format!("char({rest}");
    }
    let is_plain = |head: &str, tail: &str| {
        let between = word.strip_prefix(head).and_then(|rest| rest.strip_suffix(tail));
        between.is_some_and(|precision| precision.is_empty() || precision.starts_with('(') && precision.ends_with(')'))
    };
    for (head, tail, ours) in [
        ("timestamp", " with time zone", "timestamptz"),
        ("timestamp", " without time zone", "timestamp"),
        ("time", " with time zone", "timetz"),
        ("time", " without time zone", "time"),
    ] {
        if is_plain(head, tail) {
            return ours.to_owned();
        }
    }
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_schemas_word_for_the_servers() {
        for (word, expected) in [
            ("character varying(40)", "varchar(40)"),
            ("character varying", "text"),
            ("character(3)", "char(3)"),
            ("timestamp(3) with time zone", "timestamptz"),
            ("timestamp without time zone", "timestamp"),
            ("time(0) without time zone", "time"),
            ("numeric(12,2)", "numeric(12,2)"),
            ("double precision", "double precision"),
        ] {
            let found = declared(word, |_| true).map(|(declared, fit)| (declared.to_string(), fit));
            assert_eq!(found, Some((expected.to_owned(), Fit::Same)), "{word}");
        }
        assert_eq!(declared("numeric(5,-2)", |_| true), Some((ANY_NUMBER, Fit::Guess)));
        assert_eq!(declared("tsvector", |_| true), None);
        assert_eq!(declared("numeric(12,2)", |_| false), None);
    }
}
