//! What lies beside a topic's objects: keys of the values in them, the schemas that values name, and what the runs that landed
//! them say.

use super::{Topic, corrupt};
use crate::changes::{AvroSchema, KeyLines, Manifest, Manifests, Object, SchemaId, Schemas};
use crate::format::compression::Compression;
use crate::source::SourceError;
use futures::{StreamExt, TryStreamExt, stream};
use std::collections::BTreeMap;

/// What the keys of an object may unpack to: a key is a small part of its record, and they are held while its values are read.
const KEYS_BYTES_MAX: u64 = 256 << 20;
/// Schemas of a topic, at most.
const SCHEMAS_MAX: usize = 4_096;
/// Manifests of a topic, at most: a night each for more than a hundred years.
const MANIFESTS_MAX: usize = 65_536;
/// Manifests that are fetched at once.
const AT_ONCE: usize = 16;

impl Topic {
    /// The keys at `path`.
    pub(super) async fn keys(&self, path: &str) -> Result<KeyLines, SourceError> {
        let packed = self.whole(path).await?.bytes;
        let (compression, _) = Compression::of(path);
        let bytes = compression.unpack(packed, KEYS_BYTES_MAX).map_err(|fault| corrupt(path, fault.to_string()))?;
        Ok(KeyLines::new(bytes))
    }

    /// The schemas at `paths`, by id.
    pub(super) async fn schemas(&self, paths: &BTreeMap<SchemaId, String>) -> Result<Schemas, SourceError> {
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

    /// The manifests at `paths`, together.
    pub(super) async fn manifests(&self, paths: &[String]) -> Result<Manifests, SourceError> {
        if let Some(path) = paths.get(MANIFESTS_MAX) {
            return Err(corrupt(path, format!("is one of more than {MANIFESTS_MAX} manifests")));
        }
        let read = |path: &String| {
            let path = path.clone();
            async move {
                let text = self.whole(&path).await?.bytes;
                let manifest = Manifest::parse(&text).map_err(|bad| corrupt(&path, bad.to_string()))?;
                Ok::<_, SourceError>((path, manifest))
            }
        };
        let manifests: Vec<_> = stream::iter(paths.iter().map(read)).buffered(AT_ONCE).try_collect().await?;
        Manifests::all(&manifests).map_err(|(path, bad)| corrupt(&path, bad.to_string()))
    }

    /// Holds the bytes of an object against its manifest, where one names it.
    pub(super) fn check_bytes(&self, object: &Object, bytes: &[u8]) -> Result<(), SourceError> {
        let below = object.path.strip_prefix(&self.name).and_then(|path| path.strip_prefix('/'));
        let named = self.manifests.as_ref().zip(below).and_then(|(manifests, path)| manifests.objects.get(path));
        let Some(named) = named else { return Ok(()) };
        let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
        let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        match hex.eq_ignore_ascii_case(&named.sha256) {
            true => Ok(()),
            false => Err(corrupt(&object.path, "is not what its manifest says: its bytes have another SHA-256".into())),
        }
    }
}
