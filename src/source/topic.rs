//! Dumps of Kafka topics: the objects that hold a topic, in order, and their lines, unpacked as they arrive.
//!
//! Never in here: what an event means (`changes`).

use super::SourceError;
use super::fault::{BUCKET, fault};
use crate::access::Folder;
use crate::changes::{Block, Cutter, Object, confluent, is_beside};
use crate::data::Name;
use crate::format::compression::Compression;
use crate::format::unpack::{SLICE_BYTES, Unpacker};
use crate::job::DumpLayout;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::{GetOptions, GetRange};

/// How the objects are named, for messages.
const NAMED: &str = "<topic>/partition=<n>/<topic>+<n>+<offset>.json";
/// Bytes of an object that are asked for at once.
const PIECE_BYTES: u64 = 8 << 20;
/// What an object may unpack to: beyond it, it is taken for a bomb.
const OBJECT_BYTES_MAX: u64 = 64 << 30;

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
                Some(object) if meta.size == 0 => return Err(corrupt(&object, "is empty".into())),
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

    /// Everything that the objects hold, in their order: blocks of lines, and behind the last of each object what it was. An
    /// object comes in pieces, all of one version of it.
    pub fn pour(&self) -> BoxStream<'_, Result<Poured, SourceError>> {
        let one = |object| stream::try_unfold(State::Next(object, None), |state| self.step(state));
        stream::iter(&self.objects).flat_map(one).boxed()
    }

    /// The next block of an object; behind the last one that it ended.
    async fn step<'a>(&self, state: State<'a>) -> Result<Option<(Poured, State<'a>)>, SourceError> {
        let (object, mut current) = match state {
            State::Over => return Ok(None),
            State::Next(object, Some(current)) => (object, current),
            State::Next(object, None) => (object, self.begin(object).await?),
        };
        loop {
            let is_last = current.arrived == current.bytes;
            if let Some(block) = current.melt.block(is_last).map_err(|fault| corrupt(object, fault))? {
                return Ok(Some((Poured::Block(object.path.clone(), block), State::Next(object, Some(current)))));
            }
            if is_last {
                let tag = current.tag.unwrap_or_default();
                return Ok(Some((Poured::Ended(object.path.clone(), tag), State::Over)));
            }
            let piece = self.piece(object, current.arrived, current.tag.clone()).await?;
            current.arrived += piece.bytes.len() as u64;
            current.melt.piece = piece.bytes;
        }
    }

    async fn begin(&self, object: &Object) -> Result<Current, SourceError> {
        let piece = self.piece(object, 0, None).await?;
        let arrived = piece.bytes.len() as u64;
        let melt = Melt::new(object, piece.bytes).map_err(|fault| corrupt(object, fault))?;
        Ok(Current { tag: piece.tag, arrived, bytes: piece.of_bytes, melt })
    }

    /// A piece of `object`; the first one decides which version of it.
    async fn piece(&self, object: &Object, at: u64, tag: Option<String>) -> Result<Piece, SourceError> {
        let during = format!("reading {}", object.path);
        let away = |error| fault(&self.source, &during, &object.path, &error);
        let range = Some(GetRange::Bounded(at..at + PIECE_BYTES));
        let options = GetOptions { range, if_match: tag, ..GetOptions::default() };
        let got = self.folder.store().get_opts(&self.folder.at(&object.path), options).await.map_err(away)?;
        let (tag, of_bytes) = (got.meta.e_tag.clone(), got.meta.size);
        let bytes = got.bytes().await.map_err(away)?;
        if bytes.is_empty() {
            return Err(corrupt(object, "ends before the bytes that it should have".into()));
        }
        Ok(Piece { tag, of_bytes, bytes })
    }
}

/// What comes out of a dump.
#[derive(Debug)]
pub enum Poured {
    /// Lines of the object at this path.
    Block(String, Block),
    /// The object at this path came to its end; and its ETag.
    Ended(String, String),
}

enum State<'a> {
    Next(&'a Object, Option<Current>),
    Over,
}

/// A part of an object.
struct Piece {
    tag: Option<String>,
    /// Bytes of the whole object.
    of_bytes: u64,
    bytes: Bytes,
}

/// The object in hand.
struct Current {
    tag: Option<String>,
    arrived: u64,
    bytes: u64,
    melt: Melt,
}

/// A piece that arrived, on its way to blocks.
struct Melt {
    piece: Bytes,
    unpacker: Option<Unpacker>,
    cutter: Cutter,
}

impl Melt {
    fn new(object: &Object, piece: Bytes) -> Result<Self, String> {
        let (compression, _) = Compression::of(&object.path);
        let unpacker = Unpacker::new(compression, OBJECT_BYTES_MAX).map_err(|fault| fault.to_string())?;
        Ok(Melt { piece, unpacker: Some(unpacker), cutter: Cutter::new(object) })
    }

    /// The next block; `None` when it takes another piece, or when there is none behind the last.
    fn block(&mut self, is_last: bool) -> Result<Option<Block>, String> {
        loop {
            if let Some(block) = self.cutter.cut().map_err(|fault| fault.to_string())? {
                return Ok(Some(block));
            }
            let Some(unpacker) = &mut self.unpacker else { return Ok(self.cutter.finish()) };
            if self.piece.is_empty() {
                if !is_last {
                    return Ok(None);
                }
                let rest = self.unpacker.take().map(|unpacker| unpacker.finish(&mut self.cutter.pending));
                rest.transpose().map_err(|fault| fault.to_string())?;
                continue;
            }
            let slice = self.piece.split_to(self.piece.len().min(SLICE_BYTES));
            unpacker.push(&slice, &mut self.cutter.pending).map_err(|fault| fault.to_string())?;
        }
    }
}

fn corrupt(object: &Object, fault: String) -> SourceError {
    SourceError::Corrupt { object: object.path.clone(), fault, row: None }
}

/// An object that may hold events and is not read: to pass it over would be to compare with less than the topic told.
fn unknown(object: String) -> SourceError {
    let fault = format!(
        "is named otherwise than the layout says; hint: {NAMED}, also `.gz` or `.zst`, is read; its `.keys` and `.headers`, and names that start with `_` or `.`, are passed over"
    );
    SourceError::Corrupt { object, fault, row: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::memory::InMemory;
    use object_store::path::Path;
    use object_store::{ObjectStore, ObjectStoreExt};
    use std::sync::Arc;

    /// Lines that no packing makes small, so that an object takes several pieces.
    fn lines(pieces: u64) -> Vec<u8> {
        let (mut text, mut state) = (Vec::new(), 1u64);
        while (text.len() as u64) < pieces * PIECE_BYTES {
            for _ in 0..100 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                // Any byte but a line end.
                text.extend((state >> 8).to_be_bytes().map(|byte| if byte == b'\n' { 0 } else { byte }));
            }
            text.push(b'\n');
        }
        text
    }

    async fn poured(ending: &str, packed: Vec<u8>) -> Result<(Vec<Block>, Vec<String>), SourceError> {
        let store = Arc::new(InMemory::new());
        let path = format!("topics/t/partition=0/t+0+0000000007.json{ending}");
        store.put(&Path::from(path), packed.into()).await.expect("put");
        let folder = Folder::new(store as Arc<dyn ObjectStore>, Path::from("topics"), "topics");
        let topic = Topic::open(&Name::new("topics").expect("a name"), &folder, DumpLayout::Confluent, "t").await?;
        let (mut blocks, mut tags) = (Vec::new(), Vec::new());
        let mut pouring = topic.pour();
        while let Some(next) = pouring.next().await {
            match next? {
                Poured::Block(_, block) => blocks.push(block),
                Poured::Ended(_, tag) => tags.push(tag),
            }
        }
        Ok((blocks, tags))
    }

    #[tokio::test]
    async fn gives_the_lines_of_an_object_of_many_pieces_whatever_packs_them() {
        let text = lines(2);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut gzip, &text).expect("packed");
        let packed = [
            ("", text.clone()),
            (".gz", gzip.finish().expect("packed")),
            (".zst", zstd::encode_all(text.as_slice(), 1).expect("packed")),
        ];
        for (ending, packed) in packed {
            assert!(packed.len() as u64 > PIECE_BYTES);
            let cut = packed[..packed.len() - 1].to_vec();
            let (blocks, tags) = poured(ending, packed).await.expect("poured");
            assert!(blocks.len() > 2 && blocks[0].first_position == 7, "{ending}");
            assert!(blocks.iter().flat_map(|block| block.bytes.iter()).eq(text.iter()), "{ending}");
            assert!(tags.len() == 1 && !tags[0].is_empty(), "{ending}");
            if !ending.is_empty() {
                assert!(matches!(poured(ending, cut).await, Err(SourceError::Corrupt { .. })), "{ending}");
            }
        }
    }

    #[tokio::test]
    async fn takes_an_empty_object_for_one_that_was_cut() {
        assert!(matches!(poured("", Vec::new()).await, Err(SourceError::Corrupt { .. })));
    }
}
