//! A condition in SQL, written by the job's author, with named parameters: `settlement_date >= $from`.
//!
//! ```text
//! text -> Condition: SQL, parameter, SQL, ..   a parameter is found where SQL would look for one, and nowhere else:
//!                                              not in a string, a quoted name, a comment or a dollar quote
//! Condition + values -> Filter -> SQL          for PostgreSQL each value by its one writer (`literal`); over frames a name
//! ```
//!
//! Source of the lexical rules: PostgreSQL 15, chapter 4.1. Where the text ends inside a string or comment, the rest counts
//! as inside: the server refuses such a condition.
//!
//! Never in here: a value's own text.

use super::literal::Literal;
use std::ops::Range;

/// A condition as it was written, cut at its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    text: String,
    parameters: Vec<(String, Range<usize>)>,
    numbered: Option<usize>,
    closes_others: bool,
}

/// A condition whose every parameter has its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    condition: Condition,
    values: Vec<Literal>,
}

impl Condition {
    /// Finds the parameters in `text`.
    pub fn read(text: &str) -> Self {
        let mut condition =
            Condition { text: text.to_owned(), parameters: Vec::new(), numbered: None, closes_others: false };
        let (mut at, mut open) = (0, 0usize);
        while at < text.len() {
            at += match token(&text[at..]) {
                Token::Other(length) => {
                    match &text[at..at + length] {
                        "(" => open += 1,
                        ")" if open == 0 => condition.closes_others = true,
                        ")" => open -= 1,
                        _ => {}
                    }
                    length
                }
                Token::Numbered(length) => {
                    condition.numbered.get_or_insert(at);
                    length
                }
                Token::Parameter(length) => {
                    let name = text[at + 1..at + length].to_owned();
                    condition.parameters.push((name, at..at + length));
                    length
                }
            };
        }
        condition
    }

    /// Its parameters by name, in their order.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.parameters.iter().map(|(name, _)| name.as_str())
    }

    /// Whether it has a parameter by number (`$1`), which nothing is bound to.
    pub fn has_numbers(&self) -> bool {
        self.numbered.is_some()
    }

    /// Whether it closes a bracket that it has not opened: one of ours, around it.
    pub fn closes_others(&self) -> bool {
        self.closes_others
    }

    /// Gives every parameter its value; `None` when one has none.
    pub fn bind(&self, value: impl Fn(&str) -> Option<Literal>) -> Option<Filter> {
        let values = self.parameters().map(value).collect::<Option<_>>()?;
        Some(Filter { condition: self.clone(), values })
    }

    fn filled(&self, write: impl Fn(usize) -> String) -> String {
        let mut out = String::with_capacity(self.text.len());
        let mut done = 0;
        for (place, (_, range)) in self.parameters.iter().enumerate() {
            out.push_str(&self.text[done..range.start]);
            out.push_str(&write(place));
            done = range.end;
        }
        out.push_str(&self.text[done..]);
        out
    }
}

impl Filter {
    /// The condition as PostgreSQL reads it.
    pub fn postgres(&self) -> String {
        self.condition.filled(|place| self.values[place].postgres())
    }

    /// The condition as PostgreSQL reads it, but for the values of some parameters.
    pub fn but(&self, parameters: &[&str]) -> String {
        self.condition.filled(|place| match self.condition.parameters[place].0.as_str() {
            name if parameters.contains(&name) => column(name),
            _ => self.values[place].postgres(),
        })
    }

    /// The condition over a frame that has the [`Filter::columns`] beside its own.
    pub fn frames(&self) -> String {
        self.condition.filled(|place| format!("\"{}\"", column(&self.condition.parameters[place].0)))
    }

    /// The columns that stand for the parameters, each once.
    pub fn columns(&self) -> Vec<(String, &Literal)> {
        let mut columns: Vec<(String, &Literal)> = Vec::new();
        for ((name, _), value) in self.condition.parameters.iter().zip(&self.values) {
            let name = column(name);
            if columns.iter().all(|(there, _)| *there != name) {
                columns.push((name, value));
            }
        }
        columns
    }
}

/// No column of a schema is called so: names of ours are letters, digits and `_`.
fn column(parameter: &str) -> String {
    format!("${parameter}")
}

/// What a condition begins with, and how long that is in bytes.
#[derive(Debug, PartialEq, Eq)]
enum Token {
    Parameter(usize),
    Numbered(usize),
    Other(usize),
}

fn token(rest: &str) -> Token {
    let is_start = |c: char| c.is_alphabetic() || c == '_';
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let while_is = |is: &dyn Fn(char) -> bool| rest.find(|c| !is(c)).unwrap_or(rest.len());
    match rest.chars().next() {
        None => Token::Other(0),
        Some('\'') => Token::Other(quoted(rest, '\'')),
        Some('"') => Token::Other(quoted(rest, '"')),
        Some('e' | 'E') if rest[1..].starts_with('\'') => Token::Other(1 + escaped(&rest[1..])),
        Some('-') if rest.starts_with("--") => Token::Other(rest.find('\n').unwrap_or(rest.len())),
        Some('/') if rest.starts_with("/*") => Token::Other(comment(rest)),
        Some('$') => dollar(rest),
        Some(c) if is_start(c) => Token::Other(while_is(&is_part)),
        Some(c) => Token::Other(c.len_utf8()),
    }
}

/// `$name`, `$1`, `$$ .. $$` or `$tag$ .. $tag$`.
fn dollar(rest: &str) -> Token {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let length = 1 + rest[1..].find(|c| !is_part(c)).unwrap_or(rest.len() - 1);
    let digit_first = rest[1..].starts_with(|c: char| c.is_ascii_digit());
    if rest[length..].starts_with('$') && !digit_first {
        let tag = &rest[..=length];
        let inside = &rest[tag.len()..];
        return Token::Other(tag.len() + inside.find(tag).map_or(inside.len(), |at| at + tag.len()));
    }
    match (length, digit_first) {
        (1, _) => Token::Other(1),
        (_, true) => Token::Numbered(length),
        _ => Token::Parameter(length),
    }
}

/// A string or a quoted name: the quote doubled is the quote itself.
fn quoted(rest: &str, quote: char) -> usize {
    let mut at = 1;
    while let Some(end) = rest[at..].find(quote) {
        at += end + 1;
        if !rest[at..].starts_with(quote) {
            return at;
        }
        at += 1;
    }
    rest.len()
}

/// A string in which a backslash takes the next sign's meaning away.
fn escaped(rest: &str) -> usize {
    let mut at = 1;
    while let Some(next) = rest[at..].find(['\'', '\\']) {
        at += next + 1;
        let is_backslash = rest[..at].ends_with('\\');
        match rest[at..].chars().next() {
            Some(c) if is_backslash => at += c.len_utf8(),
            Some('\'') => at += 1,
            _ if is_backslash => return rest.len(),
            _ => return at,
        }
    }
    rest.len()
}

/// A comment, with the comments inside it.
fn comment(rest: &str) -> usize {
    let (mut at, mut depth) = (2, 1);
    while depth > 0 {
        match (rest[at..].find("/*"), rest[at..].find("*/")) {
            (Some(opens), Some(closes)) if opens < closes => (at, depth) = (at + opens + 2, depth + 1),
            (_, Some(closes)) => (at, depth) = (at + closes + 2, depth - 1),
            _ => return rest.len(),
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(text: &str) -> Vec<String> {
        Condition::read(text).parameters().map(str::to_owned).collect()
    }

    #[test]
    fn finds_parameters_where_sql_would_look_for_them_and_nowhere_else() {
        for (text, found) in [
            ("day >= $from and day<$until", vec!["from", "until"]),
            ("a = '$from' and b = $b", vec!["b"]),
            ("a = 'it''s $from' or \"$from\" = $b", vec!["b"]),
            ("a = E'\\' $from' or a = $b", vec!["b"]),
            ("a = e'\\\\' or a = $b", vec!["b"]),
            ("a = 'x\\' or a = $b", vec!["b"]),
            ("a > 1 -- $from\n and a < $b", vec!["b"]),
            ("a > 1 /* $from /* $x */ $y */ and a < $b", vec!["b"]),
            ("a = $$ $from $$ and a < $b", vec!["b"]),
            ("a = $tag$ $from $other$ $tag$ and a < $b", vec!["b"]),
            ("a$from > 1 and a < $b", vec!["b"]),
            ("a = 'open $from", vec![]),
            ("é$from = 'é' and x = $b", vec!["b"]),
            ("$from::date, $b", vec!["from", "b"]),
        ] {
            assert_eq!(names(text), found, "{text}");
        }
        for (text, closes) in [
            ("a = 1) or (b = 2", true),
            ("(a = 1))", true),
            ("a in (1, (2)) and b = ')' -- )", false),
            ("a = $$)$$ and \")\" = /* ) */ 1 and (b", false),
        ] {
            assert_eq!(Condition::read(text).closes_others(), closes, "{text}");
        }
        assert!(Condition::read("a = $1").has_numbers());
        assert!(!Condition::read("a = '$1' and b1 = $b1").has_numbers());
    }

    #[test]
    fn sets_values_in_and_leaves_the_rest_as_it_was() {
        let condition = Condition::read("a = $x and b = '$x' or c = $x");
        let filter = condition.bind(|_| Literal::read("text", "o'clock").ok()).expect("bound");
        let value = "('o''clock'::pg_catalog.text)";
        assert_eq!(filter.postgres(), format!("a = {value} and b = '$x' or c = {value}"));
        assert_eq!(filter.frames(), "a = \"$x\" and b = '$x' or c = \"$x\"");
        assert_eq!(filter.columns().len(), 1);
        assert_eq!(condition.bind(|_| None), None);
    }

    proptest! {
        #[test]
        fn reads_any_text_to_its_end(text in "[a$'\"\\\\/*\\-eE1é \n]{0,40}") {
            let condition = Condition::read(&text);
            let back = condition.filled(|place| format!("${}", condition.parameters[place].0));
            prop_assert_eq!(back, text);
        }
    }
}
