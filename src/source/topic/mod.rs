//! Dumps of Kafka topics: the objects that hold a topic, in order, and what lies beside them.
//!
//! ```text
//! pour.rs     objects as they arrive -> blocks of lines or rows
//! rooms.rs    pieces of local files, read into rooms that are used again
//! beside.rs   keys, schemas and manifests that lie beside the objects
//! ```
//!
//! Never in here: what an event means (`changes`).

mod beside;
mod pour;
mod rooms;

use super::fault::{BUCKET, fault};
use super::{SourceError, objects};
use crate::access::Folder;
use crate::changes::{Held, Layout, Manifests, Object, Payload, SchemaId, Schemas};
use crate::data::Name;
use crate::format::compression::Compression;
pub use pour::Poured;
use rooms::Rooms;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What the Avro schemas of a topic lie in.
const SCHEMAS: &str = "_schemas/";
/// What the manifests of the runs that landed it lie in.
const RUNS: &str = "_runs/";
/// Room for the positions of one object, where records keep none and objects none of their first.
const OBJECT_POSITIONS: u32 = 40;

/// A topic's dump.
pub struct Topic {
    source: Name,
    name: String,
    folder: Folder,
    layout: Layout,
    objects: Vec<Object>,
    /// Path of the values without its packing -> path of their keys.
    keys: HashMap<String, String>,
    schemas: Arc<Schemas>,
    manifests: Option<Manifests>,
    /// An object of tombstones that have lost their place.
    tombstones: Option<String>,
    rooms: Rooms,
}

impl Topic {
    /// Lists the objects that hold `topic`, by partition and first offset.
    pub async fn open(source: &Name, folder: &Folder, layout: Layout, topic: &str) -> Result<Self, SourceError> {
        let below = folder.at(&layout.folder(topic));
        let listed = objects::listed(folder, &below).await;
        let listed = listed.map_err(|error| fault(source, &format!("listing topic {topic}"), BUCKET, &error))?;
        let (mut objects, mut keys, mut schemas) = (Vec::new(), HashMap::new(), BTreeMap::new());
        let (mut tombstones, mut runs, mut sizes) = (None, Vec::new(), HashMap::new());
        for meta in listed {
            let Some(path) = folder.relative(&meta.location) else { continue };
            let below = path.strip_prefix(topic).and_then(|rest| rest.strip_prefix('/'));
            if let Some(id) = below.and_then(|below| below.strip_prefix(SCHEMAS)) {
                let id = id.strip_suffix(".avsc").and_then(SchemaId::parse).ok_or_else(|| unnamed(&path))?;
                schemas.insert(id, path);
                continue;
            }
            let is_run = below.is_some_and(|below| below.starts_with(RUNS) && below.ends_with(".json"));
            if is_run && layout == Layout::Relay {
                runs.push(path);
                continue;
            }
            sizes.insert(path.clone(), meta.size);
            match layout.held(&path, topic) {
                Held::Values(object) if meta.size == 0 => return Err(corrupt(&object.path, "is empty".into())),
                Held::Values(object) => objects.push(object),
                Held::Keys(values) => drop(keys.insert(values, path)),
                Held::Tombstones => tombstones = Some(path),
                Held::Beside => {}
                // What a store lists for an empty folder holds no byte.
                Held::Unknown if meta.size == 0 => {}
                Held::Unknown => return Err(unknown(path, layout)),
            }
        }
        if objects.is_empty() {
            let hint = format!("the dump of source `{source}` holds it as {}", layout.named());
            return Err(SourceError::NotThere { what: format!("topic {topic}"), hint: Some(hint) });
        }
        objects.sort();
        if layout.is_in_order_of_names() {
            follow(&mut objects);
        }
        let mut opened = Topic {
            source: source.clone(),
            name: topic.to_owned(),
            folder: folder.clone(),
            layout,
            objects,
            keys,
            schemas: Arc::default(),
            manifests: None,
            tombstones,
            rooms: Rooms::default(),
        };
        opened.schemas = Arc::new(opened.schemas(&schemas).await?);
        if !runs.is_empty() {
            let manifests = opened.manifests(&runs).await?;
            opened.objects = named(topic, opened.objects, &sizes, &manifests)?;
            opened.manifests = Some(manifests);
        }
        Ok(opened)
    }

    /// The same without the objects that were read before; `read`: path -> the object as it was then.
    pub fn beyond(mut self, read: &HashMap<String, Object>) -> Result<Self, SourceError> {
        let moved = self.objects.iter().find(|object| read.get(&object.path).is_some_and(|before| before != *object));
        if let Some(object) = moved {
            return Err(corrupt(&object.path, "is no longer where it was among the topic's objects".into()));
        }
        self.objects.retain(|object| !read.contains_key(&object.path));
        Ok(self)
    }

    /// The same with nothing but the last object of each partition, where the objects' names tell which that is.
    #[must_use]
    pub fn newest(mut self) -> Self {
        if matches!(self.layout, Layout::Confluent | Layout::Relay | Layout::Aiven) {
            let objects = std::mem::take(&mut self.objects);
            let last: BTreeMap<u32, Object> = objects.into_iter().map(|object| (object.partition, object)).collect();
            self.objects = last.into_values().collect();
        }
        self
    }

    /// The objects, in order.
    pub fn objects(&self) -> &[Object] {
        &self.objects
    }

    /// What the runs say that landed it, where they say something.
    pub fn landed(&self) -> Option<&Manifests> {
        self.manifests.as_ref()
    }

    /// The Avro schemas that lie beside them.
    pub fn avro(&self) -> Arc<Schemas> {
        Arc::clone(&self.schemas)
    }

    /// Fails where deletions are told by tombstones alone and the layout has lost their place among the values.
    pub fn check_tombstones(&self, payload: Payload) -> Result<(), SourceError> {
        match &self.tombstones {
            Some(path) if payload.is_flat() => Err(corrupt(
                path,
                "holds deletions whose place among the values nobody knows; hint: a layout that keeps offsets tells it"
                    .into(),
            )),
            _ => Ok(()),
        }
    }

    /// Where the keys of an object's values lie.
    fn keys_of(&self, object: &Object) -> Option<&String> {
        let (_, plain) = Compression::of(&object.path);
        self.keys.get(plain)
    }
}

/// The objects that manifests name: others are still being landed. Every one that is named is there, as large as it was.
fn named(
    topic: &str,
    mut objects: Vec<Object>,
    sizes: &HashMap<String, u64>,
    manifests: &Manifests,
) -> Result<Vec<Object>, SourceError> {
    for object in manifests.objects.values() {
        let path = format!("{topic}/{}", object.path);
        match sizes.get(&path) {
            Some(bytes) if *bytes == object.bytes => {}
            Some(_) => return Err(corrupt(&path, "is not as large as its manifest says".into())),
            None => return Err(corrupt(&path, "is named in a manifest and is not there".into())),
        }
    }
    let below = |object: &Object| object.path.strip_prefix(topic)?.strip_prefix('/').map(str::to_owned);
    objects.retain(|object| below(object).is_some_and(|path| manifests.objects.contains_key(&path)));
    Ok(objects)
}

/// Positions that go on from one object of a partition to the next.
fn follow(objects: &mut [Object]) {
    let mut before: Option<(u32, u64)> = None;
    for object in objects {
        let index = before.filter(|(partition, _)| *partition == object.partition).map_or(0, |(_, index)| index + 1);
        object.first_offset = index << OBJECT_POSITIONS;
        before = Some((object.partition, index));
    }
}

fn corrupt(object: &str, fault: String) -> SourceError {
    SourceError::Corrupt { object: object.to_owned(), fault, row: None }
}

fn unnamed(path: &str) -> SourceError {
    corrupt(path, "is named otherwise than a schema; hint: _schemas/<id>.avsc, a number or a GUID".into())
}

/// An object that may hold events and is not read: to pass it over would be to compare with less than the topic told.
fn unknown(object: String, layout: Layout) -> SourceError {
    let packing = if layout.is_lines() { ", also packed (`.gz`, `.zst`, `.lz4`, `.snappy`)," } else { "" };
    let fault = format!(
        "is named otherwise than the layout says; hint: {}{packing} is read; keys and headers beside it, and names that start with `_` or `.`, are passed over",
        layout.named()
    );
    corrupt(&object, fault)
}

#[cfg(test)]
mod tests;
