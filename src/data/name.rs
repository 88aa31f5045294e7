//! Names of jobs, datasets, columns, sources and stores: they become file and folder names, so they are strict.

use std::fmt;
use std::sync::Arc;

/// Longest name, in bytes: PostgreSQL's own limit for an identifier.
pub const NAME_BYTES_MAX: usize = 63;

/// A name in snake_case ASCII, from a letter, at most 63 bytes: safe as a folder, a Delta column and an SQL identifier.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

/// A name for a column of our own that stands beside the data's: `wanted`, or with `nightferry_` before it where the data
/// has a column of that name.
pub fn beside(wanted: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut name = wanted.to_owned();
    while taken(&name) {
        name.insert_str(0, "nightferry_");
    }
    name
}

/// Why a text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// There is nothing in it.
    #[error("a name has at least one letter")]
    Empty,
    /// It is longer than [`NAME_BYTES_MAX`].
    #[error("a name has at most 63 characters")]
    TooLong,
    /// A character other than `a-z`, `0-9` and `_`, or one other than a letter at the front.
    #[error("a name is snake_case: a letter, then letters, digits or `_`")]
    Character,
}

impl Name {
    /// Checks and makes a name.
    pub fn new(text: &str) -> Result<Self, NameFault> {
        if text.is_empty() {
            return Err(NameFault::Empty);
        }
        if text.len() > NAME_BYTES_MAX {
            return Err(NameFault::TooLong);
        }
        let front = text.starts_with(|c: char| c.is_ascii_lowercase());
        let rest = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if front && rest { Ok(Name(text.into())) } else { Err(NameFault::Character) }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0)
    }
}

impl std::borrow::Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl serde::Serialize for Name {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Name {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Name::new(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_could_leave_its_folder_or_need_quoting() {
        for text in ["../x", "a/b", "a.b", "A", "1a", "_a", "a-b", "é", "a b"] {
            assert_eq!(Name::new(text), Err(NameFault::Character), "{text}");
        }
        assert_eq!(Name::new(""), Err(NameFault::Empty));
        assert_eq!(Name::new(&"a".repeat(64)), Err(NameFault::TooLong));
        assert!(Name::new("difference_payment2").is_ok());
    }

    #[test]
    fn stands_beside_columns_of_its_own_name() {
        let taken = ["side", "nightferry_side"];
        let names = ["side", "differs"].map(|wanted| beside(wanted, |name| taken.contains(&name)));
        assert_eq!(names, ["nightferry_nightferry_side", "differs"]);
    }
}
