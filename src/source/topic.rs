//! Dumps of Kafka topics: the objects that hold a topic, in order, and their lines unpacked.
//!
//! Never in here: what an event means (`changes`).

use super::SourceError;
use super::fault::{BUCKET, fault};
use crate::access::Folder;
use crate::changes::{Object, confluent, is_beside};
use crate::data::Name;
use crate::format::DECODED_BYTES_MAX;
use crate::format::compression::Compression;
use crate::job::DumpLayout;
use bytes::Bytes;
use futures::TryStreamExt;
use object_store::ObjectStoreExt;

/// How the objects are named, for messages.
const NAMED: &str = "<topic>/partition=<n>/<topic>+<n>+<offset>.json";

/// A topic's dump.
pub struct Topic {
    source: Name,
    folder: Folder,
    objects: Vec<Object>,
}

impl Topic {
    /// Lists the objects that hold `topic`, by partition and first offset.
    pub async fn open(source: &Name, folder: &Folder, layout: DumpLayout, topic: &str) -> Result<Self, SourceError> {
        let DumpLayout::Confluent = layout;
        let below = folder.at(topic);
        let listed = folder.store().list(Some(&below)).try_collect::<Vec<_>>().await;
        let listed = listed.map_err(|error| fault(source, &format!("listing topic {topic}"), BUCKET, &error))?;
        let mut objects = Vec::new();
        for meta in listed {
            let Some(path) = folder.relative(&meta.location) else { continue };
            match confluent(&path, topic) {
                Some(object) => objects.push(object),
                // What a store lists for an empty folder holds no byte.
                None if meta.size == 0 || is_beside(&path, topic) => {}
                None => return Err(unknown(path)),
            }
        }
        if objects.is_empty() {
            let hint = format!("the dump of source `{source}` holds it as {NAMED}");
            return Err(SourceError::NotThere { what: format!("topic {topic}"), hint: Some(hint) });
        }
        objects.sort();
        Ok(Topic { source: source.clone(), folder: folder.clone(), objects })
    }

    /// The objects, in order.
    pub fn objects(&self) -> &[Object] {
        &self.objects
    }

    /// An object's bytes as they are kept, and its ETag.
    pub async fn read(&self, object: &Object) -> Result<(Bytes, String), SourceError> {
        let during = format!("reading {}", object.path);
        let away = |error| fault(&self.source, &during, &object.path, &error);
        let got = self.folder.store().get(&self.folder.at(&object.path)).await.map_err(away)?;
        let tag = got.meta.e_tag.clone().unwrap_or_default();
        Ok((got.bytes().await.map_err(away)?, tag))
    }
}

/// An object that may hold events and is not read: to pass it over would be to compare with less than the topic told.
fn unknown(object: String) -> SourceError {
    let fault = format!(
        "is named otherwise than the layout says; hint: {NAMED}, also `.gz` or `.zst`, is read; its `.keys` and `.headers`, and names that start with `_` or `.`, are passed over"
    );
    SourceError::Corrupt { object, fault, row: None }
}

/// An object's lines.
pub fn unpack(object: &Object, packed: Bytes) -> Result<Bytes, SourceError> {
    let (compression, _) = Compression::of(&object.path);
    let damaged = |fault: crate::format::FormatFault| SourceError::Corrupt {
        object: object.path.clone(),
        fault: fault.fault,
        row: fault.row,
    };
    compression.unpack(packed, DECODED_BYTES_MAX).map_err(damaged)
}
