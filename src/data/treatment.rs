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
    /// A random token that stands for the value in every table of the domain, as the domain's vault has it and nothing else.
    Token {
        /// Columns of one domain can be joined.
        domain: Name,
    },
    /// A coarser value of the same meaning.
    Generalise(Generalisation),
    /// Text in which everything found about a person is replaced by its kind, such as `<phone>`.
    Scrub,
    /// Digits and letters become others of the same form: the same value gives the same one in every column of the domain and of
    /// one type, and whoever has the key can undo it.
    Ff1 {
        /// Columns of one domain can be joined.
        domain: Name,
        /// What a text is made of.
        alphabet: Alphabet,
    },
    /// A date is moved by a number of days that is the same for all dates of one subject, in every table of the domain.
    DateShift {
        /// Dates of one domain are moved alike.
        domain: Name,
        /// The column that says whose the row is.
        subject: Name,
        /// Furthest, either way.
        days: u16,
    },
    /// JSON with these fields, each treated, and no others.
    Fields(Vec<FieldTreatment>),
    /// The range that a value is in, in words.
    Bucket {
        /// Where ranges begin, as texts of the column's type, ascending.
        edges: Vec<String>,
    },
}

/// What is done to a field of JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldTreatment {
    /// The names of the objects' fields on the way; arrays on it are gone through.
    pub path: Vec<String>,
    /// What it is about, such as `email`.
    pub kind: Option<String>,
    /// What is done to it.
    pub treatment: Treatment,
    /// Whether it may be lacking in every row of a run; another that is ends the run.
    pub optional: bool,
}

/// What a text is made of, besides what stands between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alphabet {
    /// 0 to 9.
    Digits,
    /// 0 to 9 and A to Z; small letters are taken for large ones.
    Alphanumeric,
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

    /// The word of a schema file.
    pub fn word(&self) -> &'static str {
        match self {
            Treatment::Keep => "keep",
            Treatment::Drop => "drop",
            Treatment::Null => "null",
            Treatment::Mask { .. } => "mask",
            Treatment::Label => "label",
            Treatment::Scrub => "scrub",
            Treatment::Hmac { .. } => "hmac",
            Treatment::Token { .. } => "token",
            Treatment::Generalise(_) => "generalise",
            Treatment::Ff1 { .. } => "ff1",
            Treatment::DateShift { .. } => "date_shift",
            Treatment::Fields(_) => "fields",
            Treatment::Bucket { .. } => "bucket",
        }
    }

    /// The domains whose keys make the values.
    pub fn domains(&self) -> Vec<&Name> {
        match self {
            Treatment::Hmac { domain } | Treatment::Ff1 { domain, .. } | Treatment::DateShift { domain, .. } => {
                vec![domain]
            }
            Treatment::Fields(fields) => fields.iter().flat_map(|field| field.treatment.domains()).collect(),
            _ => Vec::new(),
        }
    }

    /// The domains whose vaults have the values.
    pub fn vaults(&self) -> Vec<&Name> {
        match self {
            Treatment::Token { domain } => vec![domain],
            Treatment::Fields(fields) => fields.iter().flat_map(|field| field.treatment.vaults()).collect(),
            _ => Vec::new(),
        }
    }

    /// Another column of the row that is needed beside; fields of one column have one subject.
    pub fn subject(&self) -> Option<&Name> {
        match self {
            Treatment::DateShift { subject, .. } => Some(subject),
            Treatment::Fields(fields) => fields.iter().find_map(|field| field.treatment.subject()),
            _ => None,
        }
    }

    /// Whether nothing of a value is left in what it becomes, so that what looks like personal data there is chance.
    pub fn leaves_nothing(&self) -> bool {
        matches!(
            self,
            Treatment::Label
                | Treatment::Hmac { .. }
                | Treatment::Token { .. }
                | Treatment::Ff1 { .. }
                | Treatment::Bucket { .. }
        )
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
            Treatment::Token { domain } => write!(f, "token ({domain})"),
            Treatment::Generalise(Generalisation::Year) => f.write_str("generalise (year)"),
            Treatment::Generalise(Generalisation::Month) => f.write_str("generalise (month)"),
            Treatment::Generalise(Generalisation::District) => f.write_str("generalise (district)"),
            Treatment::Generalise(Generalisation::Band { width }) => write!(f, "generalise (band {width})"),
            Treatment::Ff1 { domain, alphabet: Alphabet::Digits } => write!(f, "ff1 ({domain})"),
            Treatment::Ff1 { domain, alphabet: Alphabet::Alphanumeric } => write!(f, "ff1 ({domain}, alphanumeric)"),
            Treatment::DateShift { domain, subject, days } => {
                write!(f, "date_shift ({domain}, by {subject}, {days} days)")
            }
            Treatment::Fields(fields) => {
                let fields = fields.iter().map(|field| format!("{} {}", field.path.join("."), field.treatment));
                write!(f, "fields ({})", fields.collect::<Vec<_>>().join(", "))
            }
            Treatment::Bucket { edges } => write!(f, "bucket ({})", edges.join(", ")),
        }
    }
}
