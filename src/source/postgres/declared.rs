//! A type in the server's words -> the type that a schema may declare for it.
//!
//! Pure. Never in here: a type that changes a value; where the server's type says too little, every value is checked when it
//! is read.

use crate::data::ColumnType;

/// What holds a number of which the source says no more than that it is one.
const ANY_NUMBER: &str = "numeric(38,10)";

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
    let reads = |word: &str| ColumnType::parse(word).filter(|declared| reads(*declared));
    // A number without a size, or with one that no declared type has, is most often a small one.
    let has_no_type = || !word.ends_with("[]") && ColumnType::parse(word).is_none();
    let of_any_size = word == "numeric" || word.starts_with("numeric(") && has_no_type();
    if of_any_size && let Some(number) = reads(ANY_NUMBER) {
        return Some((number, Fit::Guess));
    }
    // A type of somebody's own is declared by its kind.
    let (kinds, array) = (["enum", "composite", "range", "multirange"], if word.ends_with("[]") { "[]" } else { "" });
    let own = || kinds.iter().find_map(|kind| reads(&format!("{kind}{array}")));
    reads(&ours(word)).or_else(own).map(|same| (same, Fit::Same))
}

/// Whether a column of the server's `word` may hold what a column of the same kind, as it is declared, may not: it was widened. Of
/// a word without a length or precision, as that of a query's column, nobody knows, and each value is looked at.
pub fn is_wider(word: &str, declared: ColumnType) -> bool {
    match (ColumnType::parse(&ours(word)), declared) {
        (Some(ColumnType::Varchar(found)), ColumnType::Varchar(declared))
        | (Some(ColumnType::Char(found)), ColumnType::Char(declared)) => found > declared,
        (Some(ColumnType::Text), ColumnType::Varchar(_) | ColumnType::Char(_)) => word == "text",
        (
            Some(ColumnType::Numeric { precision, scale }),
            ColumnType::Numeric { precision: declared_precision, scale: declared_scale },
        ) => {
            let before_the_point = |precision: u8, scale: u8| i16::from(precision) - i16::from(scale);
            scale > declared_scale
                || before_the_point(precision, scale) > before_the_point(declared_precision, declared_scale)
        }
        _ => false,
    }
}

/// The word of a schema for the server's: shorter, and without a precision of seconds, which takes nothing away; of an array, without
/// any size.
fn ours(word: &str) -> String {
    if let Some(element) = word.strip_suffix("[]") {
        let element = match (element.find('('), element.find(')')) {
            (Some(open), Some(close)) if open < close => format!("{}{}", &element[..open], &element[close + 1..]),
            _ => element.to_owned(),
        };
        let element = match element.as_str() {
            "character varying" => "varchar".to_owned(),
            "character" => "char".to_owned(),
            plain => ours(plain),
        };
        return format!("{element}[]");
    }
    if let Some(rest) = word.strip_prefix("character varying") {
        return if rest.starts_with('(') { format!("varchar{rest}") } else { format!("text{rest}") };
    }
    if let Some(rest) = word.strip_prefix("bit varying") {
        return format!("varbit{rest}");
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
    fn tells_what_was_widened() {
        for (word, declared, expected) in [
            ("character varying(40)", "varchar(40)", false),
            ("character varying(41)", "varchar(40)", true),
            ("character varying(41)", "text", false),
            ("character varying", "varchar(40)", false),
            ("text", "varchar(40)", true),
            ("character(4)", "char(3)", true),
            ("numeric(12,2)", "numeric(14,2)", false),
            ("numeric(12,2)", "numeric(12,4)", true),
            ("numeric(12,4)", "numeric(14,2)", true),
            ("numeric", "numeric(14,2)", false),
            ("app.pounds", "numeric(14,2)", false),
        ] {
            let declared = ColumnType::parse(declared).expect("a type");
            assert_eq!(is_wider(word, declared), expected, "{word} as {declared}");
        }
    }

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
            ("character varying[]", "varchar[]"),
            ("character varying(9)[]", "varchar[]"),
            ("character(3)[]", "char[]"),
            ("timestamp(3) with time zone[]", "timestamptz[]"),
            ("time without time zone[]", "time[]"),
            ("numeric(12,2)[]", "numeric[]"),
            ("bit varying(5)", "varbit(5)"),
            ("bit varying", "varbit"),
            ("bit varying(5)[]", "varbit[]"),
            ("bit(5)[]", "bit[]"),
            ("integer[]", "integer[]"),
            ("\"char\"[]", "\"char\"[]"),
        ] {
            let found = declared(word, |_| true).map(|(declared, fit)| (declared.to_string(), fit));
            assert_eq!(found, Some((expected.to_owned(), Fit::Same)), "{word}");
        }
        let number = ColumnType::parse(ANY_NUMBER).expect("a type");
        for word in ["numeric", "numeric(5,-2)", "numeric(1000,2)"] {
            assert_eq!(declared(word, |_| true), Some((number, Fit::Guess)), "{word}");
        }
        let of_kind =
            |word: &str, kind: &str| declared(word, |to| to.to_string() == kind).map(|(found, _)| found.to_string());
        assert_eq!(of_kind("app.mood", "enum"), Some("enum".into()));
        assert_eq!(of_kind("app.mood[]", "enum[]"), Some("enum[]".into()));
        assert_eq!(of_kind("app.pair", "composite"), Some("composite".into()));
        assert_eq!(of_kind("tsvector", "tsvector"), Some("tsvector".into()));
        assert_eq!(declared("numeric(12,2)", |_| false), None);
    }
}
