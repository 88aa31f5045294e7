//! A fault in a text that a person wrote: where it is, what is wrong, what would help.
//!
//! Never in here: the text itself. A line of a job file may hold a secret pasted by mistake, so a problem
//! names keys and places, and quotes only words that are part of nightferry's own language or names that
//! other lines define.

use std::fmt;

/// A place in a file: the path as the person knows it, line and column counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Path relative to the project's folder.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in Unicode scalar values, from 1.
    pub column: usize,
}

impl Place {
    /// The first character of a file: for faults of the file as a whole.
    pub fn start(file: impl Into<String>) -> Self {
        Place { file: file.into(), line: 1, column: 1 }
    }

    /// The place of byte `offset` in `text`.
    pub fn of(file: impl Into<String>, text: &str, offset: usize) -> Self {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &text[..offset];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Place {
            file: file.into(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Whether a sign would move a terminal's cursor, shows nothing, or turns the direction of what stands around it: what somebody wrote must
/// look like what it is.
pub fn is_unseen(sign: char) -> bool {
    let is_format = matches!(sign,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}');
    sign.is_control() || is_format
}

/// A path that some file names, as a message may repeat it: letters, digits and `._-/`. Anything else may be a secret, or SQL
/// that was put in the place of a path.
pub fn shown_path(path: &str) -> &str {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte);
    if path.len() <= PATH_BYTES_MAX && path.bytes().all(plain) { path } else { "..." }
}

/// Longest path that a message repeats.
const PATH_BYTES_MAX: usize = 200;

/// One fault: id, place, message, and a hint where one helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Stable id, such as `E-JOB-UNKNOWN-KEY`.
    pub id: &'static str,
    /// Where it is.
    pub place: Place,
    /// A lowercase fragment; names in backticks.
    pub message: String,
    /// What would help, if anything can be said.
    pub hint: Option<String>,
}

/// Problems in the order of their places, as a person reads the files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Adds one.
    pub fn add(&mut self, id: &'static str, place: Place, message: impl Into<String>, hint: Option<String>) {
        self.0.push(Problem { id, place, message: message.into(), hint });
    }

    /// Takes over all of another list.
    pub fn extend(&mut self, other: Problems) {
        self.0.extend(other.0);
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The problems, sorted by file, line and column, each once.
    pub fn sorted(mut self) -> Vec<Problem> {
        self.0.sort_by(|a, b| (&a.place, a.id, &a.message).cmp(&(&b.place, b.id, &b.message)));
        self.0.dedup();
        self.0
    }

    /// `Ok(value)` when there are no problems, else the problems.
    pub fn or<T>(self, value: T) -> Result<T, Problems> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place.to_string();
        write!(f, "{place}  {}  [{}]", self.message, self.id)?;
        if let Some(hint) = &self.hint {
            write!(f, "\n{:width$}  hint: {hint}", "", width = place.chars().count())?;
        }
        Ok(())
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.clone().sorted().iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_lines_and_columns_from_one_in_characters() {
        let text = "a = 1\nnäme = 2\n";
        let at = text.find("= 2").map(|offset| Place::of("jobs/a.toml", text, offset));
        assert_eq!(at.map(|place| place.to_string()), Some("jobs/a.toml:2:6".into()));
        assert_eq!(Place::of("f", "", 99).to_string(), "f:1:1");
    }

    #[test]
    fn puts_the_hint_under_the_message() {
        let mut problems = Problems::default();
        problems.add(
            "E-JOB-SOURCE",
            Place::start("jobs/a.toml"),
            "unknown source `x`",
            Some("environment `dev` has `y`".into()),
        );
        assert_eq!(
            problems.to_string(),
            "jobs/a.toml:1:1  unknown source `x`  [E-JOB-SOURCE]\n                 hint: environment `dev` has `y`"
        );
    }
}
