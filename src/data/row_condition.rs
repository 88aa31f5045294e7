//! A condition on a row as it was extracted, of one column or of a path inside its JSON. Only the words: who looks is `privacy`.

use super::Name;
use std::fmt;

/// A condition on one column of a row, or on what is inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowCondition {
    /// The column.
    pub column: Name,
    /// The way to what is asked, as that of a field that is treated; empty where the column's own value is.
    pub path: Vec<String>,
    /// Whether nothing may be at the path in every row of a run; another path of which that is so ends the run.
    pub optional: bool,
    /// What is asked of its value. Of NULL nothing holds but [`RowTest::Null`].
    pub test: RowTest,
}

impl RowCondition {
    /// The column, and the path where there is one: `details.consent.given`.
    pub fn place(&self) -> String {
        let path = self.path.iter().map(String::as_str);
        std::iter::once(self.column.as_str()).chain(path).collect::<Vec<_>>().join(".")
    }
}

/// What is asked of a value. Values are texts of the column's type, or of what JSON holds; the author's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowTest {
    /// It is one of these.
    Is(Vec<String>),
    /// It is none of these.
    IsNot(Vec<String>),
    /// It is less than this, or earlier.
    Under(String),
    /// It is this, more or later.
    From(String),
    /// It is NULL.
    Null,
}

impl RowTest {
    /// The values that are named.
    pub fn values(&self) -> &[String] {
        match self {
            RowTest::Is(values) | RowTest::IsNot(values) => values,
            RowTest::Under(value) | RowTest::From(value) => std::slice::from_ref(value),
            RowTest::Null => &[],
        }
    }

    /// Whether it asks for an order of values.
    pub fn is_of_order(&self) -> bool {
        matches!(self, RowTest::Under(_) | RowTest::From(_))
    }
}

impl fmt::Display for RowCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place();
        match &self.test {
            RowTest::Is(values) => write!(f, "{place} is {}", values.join(" or ")),
            RowTest::IsNot(values) => write!(f, "{place} is not {}", values.join(" nor ")),
            RowTest::Under(value) => write!(f, "{place} is under {value}"),
            RowTest::From(value) => write!(f, "{place} is {value} or over"),
            RowTest::Null => write!(f, "{place} is NULL"),
        }?;
        if self.optional { f.write_str(" (optional: a run may lack the path)") } else { Ok(()) }
    }
}
