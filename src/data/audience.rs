//! Who may see a store's data, and how delicate a column is.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Who a store is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Stays in AWS: quarantine, dead letters, the differing rows of a comparison.
    Restricted,
    /// Analysts: no personal data.
    Analytics,
    /// Reports, ledger, audit.
    Security,
    /// The website: an allow-list of what the law asks to publish.
    Public,
}

/// How delicate a column's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Anyone may know it.
    Open,
    /// For those who work with the data.
    Internal,
    /// About a person.
    Personal,
    /// About a person, and harmful in the wrong hands.
    Sensitive,
}

impl Audience {
    /// All audiences, in the order of the table in the README.
    pub const ALL: [Audience; 4] = [Audience::Restricted, Audience::Analytics, Audience::Security, Audience::Public];

    /// The word in files and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Audience::Restricted => "restricted",
            Audience::Analytics => "analytics",
            Audience::Security => "security",
            Audience::Public => "public",
        }
    }
}

impl Class {
    /// All classes, from open to sensitive.
    pub const ALL: [Class; 4] = [Class::Open, Class::Internal, Class::Personal, Class::Sensitive];

    /// The word in files and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Class::Open => "open",
            Class::Internal => "internal",
            Class::Personal => "personal",
            Class::Sensitive => "sensitive",
        }
    }

    /// Whether values of this class are about a person.
    pub fn is_personal(self) -> bool {
        matches!(self, Class::Personal | Class::Sensitive)
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
