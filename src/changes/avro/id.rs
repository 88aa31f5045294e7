//! Which schema a value is of: a number, or a GUID.
//!
//! ```text
//! 0x00 and 4 bytes    before the body, or in the record's header
//! 0x01 and 16 bytes   the same, since Confluent's serializers of 2025
//! ```
//!
//! Source: Confluent documentation, "Wire format"; `SchemaId` of confluent-kafka.

use std::fmt;

/// A schema's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SchemaId {
    /// A number of the registry.
    Number(u32),
    /// A GUID, the same in every registry.
    Guid(u128),
}

/// The header that a value's schema is named in.
pub const VALUE_HEADER: &str = "__value_schema_id";
/// The same of a key's.
pub const KEY_HEADER: &str = "__key_schema_id";

impl SchemaId {
    /// Reads an id from the beginning of `bytes`; gives what follows it.
    pub fn split(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (magic, rest) = bytes.split_first()?;
        match magic {
            0 => rest.split_first_chunk().map(|(id, body)| (SchemaId::Number(u32::from_be_bytes(*id)), body)),
            1 => rest.split_first_chunk().map(|(id, body)| (SchemaId::Guid(u128::from_be_bytes(*id)), body)),
            _ => None,
        }
    }

    /// As a file beside a topic is named by it: digits, or a GUID with its hyphens.
    pub fn parse(text: &str) -> Option<Self> {
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().ok().map(SchemaId::Number);
        }
        let id = uuid::Uuid::try_parse(text).ok().filter(|id| id.hyphenated().to_string() == text)?;
        Some(SchemaId::Guid(id.as_u128()))
    }
}

impl fmt::Display for SchemaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SchemaId::Number(id) => write!(f, "{id}"),
            SchemaId::Guid(id) => write!(f, "{}", uuid::Uuid::from_u128(*id).hyphenated()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_frames_and_names_files_by_them() {
        let guid = [&[1][..], &[0xab; 16], b"body"].concat();
        let id = SchemaId::Guid(u128::from_be_bytes([0xab; 16]));
        assert_eq!(SchemaId::split(&guid), Some((id, &b"body"[..])));
        assert_eq!(SchemaId::split(&[0, 0, 0, 1, 44, 9]), Some((SchemaId::Number(300), &[9][..])));
        assert_eq!(id.to_string(), "abababab-abab-abab-abab-abababababab");
        for id in [id, SchemaId::Number(300)] {
            assert_eq!(SchemaId::parse(&id.to_string()), Some(id));
        }
        for bytes in [&[][..], &[0, 1, 2, 3], &[1; 16], &[2; 40]] {
            assert_eq!(SchemaId::split(bytes), None);
        }
        for text in
            ["", "-1", "99999999999", "ABABABAB-abab-abab-abab-abababababab", "abababababababababababababababab"]
        {
            assert_eq!(SchemaId::parse(text), None, "{text}");
        }
    }
}
