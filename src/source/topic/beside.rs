//! What lies beside a topic's objects: keys of the values in them, and the schemas that values name.

use super::{Topic, corrupt};
use crate::changes::{AvroSchema, KeyLines, Schemas};
use crate::format::compression::Compression;
use crate::source::SourceError;
use std::collections::BTreeMap;

/// What the keys of an object may unpack to: a key is a small part of its record.
const KEYS_BYTES_MAX: u64 = 1 << 30;
/// Schemas of a topic, at most.
const SCHEMAS_MAX: usize = 4_096;

impl Topic {
    /// The keys at `path`.
    pub(super) async fn keys(&self, path: &str) -> Result<KeyLines, SourceError> {
        let packed = self.whole(path).await?.bytes;
        let (compression, _) = Compression::of(path);
        let bytes = compression.unpack(packed, KEYS_BYTES_MAX).map_err(|fault| corrupt(path, fault.to_string()))?;
        Ok(KeyLines::new(bytes))
    }

    /// The schemas at `paths`, by id.
    pub(super) async fn schemas(&self, paths: &BTreeMap<u32, String>) -> Result<Schemas, SourceError> {
        let mut schemas = Schemas::default();
        for (id, path) in paths {
            if schemas.0.len() == SCHEMAS_MAX {
                return Err(corrupt(path, format!("is one of more than {SCHEMAS_MAX} schemas")));
            }
            let text = self.whole(path).await?.bytes;
            let schema = AvroSchema::parse(&text).map_err(|fault| corrupt(path, fault.to_string()))?;
            schemas.0.insert(*id, schema);
        }
        Ok(schemas)
    }
}
