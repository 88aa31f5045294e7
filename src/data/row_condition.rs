//! A condition on a row as it was extracted, of one column. Only the words: who looks is `privacy`.

use super::Name;
use std::fmt;

/// A condition on one column of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowCondition {
    /// The column.
    pub column: Name,
    /// What is asked of its value. Of NULL nothing holds but [`RowTest::Null`].
    pub test: RowTest,
}

/// What is asked of a value. Values are texts of the column's type, the author's own.
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
        let RowCondition { column, test } = self;
        match test {
            RowTest::Is(values) => write!(f, "{column} is {}", values.join(" or ")),
            RowTest::IsNot(values) => write!(f, "{column} is not {}", values.join(" nor ")),
            RowTest::Under(value) => write!(f, "{column} is under {value}"),
            RowTest::From(value) => write!(f, "{column} is {value} or over"),
            RowTest::Null => write!(f, "{column} is NULL"),
        }
    }
}
