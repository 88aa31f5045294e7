//! What happens to a column's values before an audience may see them. Only the words: the doing is `privacy`'s.

use super::Name;
use std::fmt;

/// What is done to one column for one audience.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// As it is.
    Keep,
    /// The column is left out.
    Drop,
    /// The column stays, every value NULL.
    Null,
    /// Each letter and digit becomes `*` but the last `last`; punctuation stays.
    Mask {
        /// How many characters stay readable at the end.
        last: u8,
    },
    /// The value is replaced by the name of its kind, such as `<email>`.
    Label,
    /// A keyed pseudonym: the same value gives the same token in every column of the domain.
    Hmac {
        /// Columns of one domain can be joined.
        domain: Name,
    },
    /// A coarser value of the same meaning.
    Generalise(Generalisation),
    /// Text in which everything found about a person is replaced by its kind, such as `<phone>`.
    Scrub,
}

/// How a value is made coarser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Generalisation {
    /// A date or timestamp to 1 January of its year.
    Year,
    /// A date or timestamp to the first of its month.
    Month,
    /// A UK postcode to its outward part.
    District,
    /// A number to the lower edge of its band.
    Band {
        /// Width of a band, in the column's unit.
        width: u64,
    },
}

impl Treatment {
    /// Whether the audience sees the column at all.
    pub fn is_visible(&self) -> bool {
        !matches!(self, Treatment::Drop)
    }

    /// Whether the values themselves are needed to make what the audience sees.
    pub fn needs_values(&self) -> bool {
        !matches!(self, Treatment::Drop | Treatment::Null)
    }
}

impl fmt::Display for Treatment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Treatment::Keep => f.write_str("keep"),
            Treatment::Drop => f.write_str("drop"),
            Treatment::Null => f.write_str("null"),
            Treatment::Mask { last } => write!(f, "mask (last {last})"),
            Treatment::Label => f.write_str("label"),
            Treatment::Scrub => f.write_str("scrub"),
            Treatment::Hmac { domain } => write!(f, "hmac ({domain})"),
            Treatment::Generalise(Generalisation::Year) => f.write_str("generalise (year)"),
            Treatment::Generalise(Generalisation::Month) => f.write_str("generalise (month)"),
            Treatment::Generalise(Generalisation::District) => f.write_str("generalise (district)"),
            Treatment::Generalise(Generalisation::Band { width }) => write!(f, "generalise (band {width})"),
        }
    }
}
