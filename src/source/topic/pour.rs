//! Objects as they arrive -> blocks of lines, or of rows.
//!
//! Lines come in pieces and are unpacked as they do; Parquet needs its footer first, so it comes whole.

use super::{Topic, corrupt};
use crate::changes::{Block, Cutter, KeyLines, Layout, Object, RECORD_COLUMNS, RECORD_HEADERS, is_load};
use crate::format::compression::Compression;
use crate::format::unpack::{SLICE_BYTES, Unpacker};
use crate::format::{Rows, csv, parquet_read};
use crate::source::fault::fault;
use crate::source::{SourceError, objects};
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use object_store::{GetOptions, GetRange, GetResult, GetResultPayload};
use std::io::{ErrorKind, Read};
use std::sync::Arc;

/// Bytes of an object that are asked for at once.
pub(super) const PIECE_BYTES: u64 = 8 << 20;
/// Bytes of a line's beginning that are kept, and not asked for again.
const LINE_BYTES_LONG: usize = 1 << 20;
/// What an object may unpack to: beyond it, it is taken for a bomb.
const OBJECT_BYTES_MAX: u64 = 64 << 30;
/// Bytes of an object that is read whole.
const WHOLE_BYTES_MAX: u64 = 1 << 30;
/// Rows of a block.
const BLOCK_ROWS: usize = 16_384;

impl Topic {
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
            State::Next(object, None) => (object, Box::new(self.begin(object).await?)),
        };
        if let Some(rows) = &mut current.rows {
            let block = rows.next(object, self.layout)?;
            return Ok(Some(match block {
                Some(block) => (Poured::Block(object.path.clone(), block), State::Next(object, Some(current))),
                None => (Poured::Ended(object.path.clone(), current.tag.unwrap_or_default()), State::Over),
            }));
        }
        loop {
            let is_last = current.arrived == current.bytes;
            if let Some(block) = current.melt.block(is_last).map_err(|fault| corrupt(&object.path, fault))? {
                return Ok(Some((Poured::Block(object.path.clone(), block), State::Next(object, Some(current)))));
            }
            if is_last {
                let tag = current.tag.unwrap_or_default();
                return Ok(Some((Poured::Ended(object.path.clone(), tag), State::Over)));
            }
            // A line that the last piece has only the beginning of is asked for again, whole.
            current.arrived -= current.melt.give_back();
            let piece = self.piece(object, current.arrived, current.tag.clone()).await?;
            current.arrived += piece.bytes.len() as u64;
            current.melt.piece = piece.bytes;
        }
    }

    async fn begin(&self, object: &Object) -> Result<Current, SourceError> {
        if !self.layout.is_lines() {
            let whole = self.whole(&object.path).await?;
            self.check_bytes(object, &whole.bytes)?;
            let rows = RowsOf::open(object, self.layout, whole.bytes)?;
            let melt = Melt::new(object, Bytes::new(), self.cutter(object, None));
            let melt = melt.map_err(|fault| corrupt(&object.path, fault))?;
            return Ok(Current { tag: whole.tag, arrived: 0, bytes: 0, melt, rows: Some(rows) });
        }
        let keys = match self.keys_of(object) {
            Some(path) => Some(Arc::new(self.keys(path).await?)),
            None => None,
        };
        let piece = self.piece(object, 0, None).await?;
        let (compression, _) = Compression::of(&object.path);
        if compression == Compression::Plain && piece.of_bytes > OBJECT_BYTES_MAX {
            return Err(corrupt(&object.path, "is larger than 64 GiB".into()));
        }
        let arrived = piece.bytes.len() as u64;
        let melt = Melt::new(object, piece.bytes, self.cutter(object, keys));
        let melt = melt.map_err(|fault| corrupt(&object.path, fault))?;
        Ok(Current { tag: piece.tag, arrived, bytes: piece.of_bytes, melt, rows: None })
    }

    fn cutter(&self, object: &Object, keys: Option<Arc<KeyLines>>) -> Cutter {
        Cutter::new(object, self.layout, keys)
    }

    /// The whole object at `path`.
    pub(super) async fn whole(&self, path: &str) -> Result<Piece, SourceError> {
        let away = |error| fault(&self.source, &format!("reading {path}"), path, &error);
        let got = objects::got(&self.folder, &self.folder.at(path), GetOptions::default()).await.map_err(away)?;
        let (tag, of_bytes) = (got.meta.e_tag.clone(), got.meta.size);
        if of_bytes > WHOLE_BYTES_MAX {
            return Err(corrupt(path, "is larger than 1 GiB, which is too large to be read whole".into()));
        }
        let bytes = got.bytes().await.map_err(away)?;
        Ok(Piece { tag, of_bytes, bytes })
    }

    /// A piece of `object`; the first one decides which version of it.
    async fn piece(&self, object: &Object, at: u64, tag: Option<String>) -> Result<Piece, SourceError> {
        let during = format!("reading {}", object.path);
        let away = |error| fault(&self.source, &during, &object.path, &error);
        let range = Some(GetRange::Bounded(at..at + PIECE_BYTES));
        let options = GetOptions { range, if_match: tag, ..GetOptions::default() };
        let got = objects::got(&self.folder, &self.folder.at(&object.path), options).await.map_err(away)?;
        let (tag, of_bytes) = (got.meta.e_tag.clone(), got.meta.size);
        let bytes = self.read(got).await.map_err(away)?;
        if bytes.is_empty() {
            return Err(corrupt(&object.path, "ends before the bytes that it should have".into()));
        }
        Ok(Piece { tag, of_bytes, bytes })
    }

    /// The bytes that a store gives; a file's by ourselves, into a room that is there.
    async fn read(&self, got: GetResult) -> object_store::Result<Bytes> {
        match got {
            GetResult { payload: GetResultPayload::File(file, _), range, .. } => {
                let rooms = self.rooms.clone();
                let read = tokio::task::spawn_blocking(move || rooms.read(&file, range)).await?;
                read.map_err(|error| object_store::Error::Generic { store: "LocalFileSystem", source: error.into() })
            }
            got => got.bytes().await,
        }
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
    Next(&'a Object, Option<Box<Current>>),
    Over,
}

/// A part of an object.
pub(super) struct Piece {
    tag: Option<String>,
    /// Bytes of the whole object.
    of_bytes: u64,
    pub(super) bytes: Bytes,
}

/// The object in hand.
struct Current {
    tag: Option<String>,
    arrived: u64,
    bytes: u64,
    melt: Melt,
    /// Where there are no lines.
    rows: Option<RowsOf>,
}

/// Rows of an object.
struct RowsOf {
    rows: Rows,
    row: u64,
    is_load: bool,
    is_text: bool,
}

impl RowsOf {
    fn open(object: &Object, layout: Layout, bytes: Bytes) -> Result<Self, SourceError> {
        if layout == Layout::Dms {
            return Self::of_dms(object, bytes);
        }
        let opened = parquet_read::open(bytes).map_err(|fault| corrupt(&object.path, fault.to_string()))?;
        let place = |name: &str| {
            let place = opened.columns.iter().position(|(column, _)| column == name);
            place.ok_or_else(|| corrupt(&object.path, format!("has no column `{name}`")))
        };
        let mut places = RECORD_COLUMNS.iter().map(|name| place(name)).collect::<Result<Vec<_>, _>>()?;
        places.extend(place(RECORD_HEADERS).ok());
        Ok(RowsOf { rows: opened.rows(places, BLOCK_ROWS), row: 0, is_load: false, is_text: false })
    }

    /// Rows of Parquet, or of CSV whose first line names the columns.
    fn of_dms(object: &Object, bytes: Bytes) -> Result<Self, SourceError> {
        let (compression, plain) = Compression::of(&object.path);
        let bad = |fault: crate::format::FormatFault| corrupt(&object.path, fault.to_string());
        let is_text = plain.ends_with(".csv");
        let opened = if is_text {
            let text = compression.stream(std::io::Cursor::new(bytes), OBJECT_BYTES_MAX).map_err(bad)?;
            csv::open_stream(text, &|_: &[&str]| true).map_err(bad)?
        } else {
            parquet_read::open(bytes).map_err(bad)?
        };
        let places = (0..opened.columns.len()).collect();
        Ok(RowsOf { rows: opened.rows(places, BLOCK_ROWS), row: 0, is_load: is_load(&object.path), is_text })
    }

    fn next(&mut self, object: &Object, layout: Layout) -> Result<Option<Block>, SourceError> {
        let Some(batch) = self.rows.next() else { return Ok(None) };
        let batch = batch.map_err(|fault| corrupt(&object.path, fault.to_string()))?;
        let first_line = self.row + 1;
        self.row += batch.num_rows() as u64;
        let block = Block::of_rows(object, layout, first_line, batch);
        let first_position = block.first_position + first_line - 1;
        Ok(Some(match layout {
            Layout::Dms => Block { first_position, is_load: self.is_load, is_text: self.is_text, ..block },
            _ => block,
        }))
    }
}

/// A piece that arrived, on its way to blocks.
struct Melt {
    piece: Bytes,
    unpacker: Option<Unpacker>,
    /// Of a packing that is unpacked when it is there whole.
    whole: Option<Whole>,
    /// Whether nothing is packed, so that blocks are cut out of the pieces themselves.
    is_plain: bool,
    cutter: Cutter,
}

/// A packed object that is put together, and then read.
struct Whole {
    compression: Compression,
    packed: Vec<u8>,
    unpacked: Option<Box<dyn Read + Send>>,
}

impl Whole {
    fn add(&mut self, piece: &Bytes) -> Result<(), String> {
        if (self.packed.len() + piece.len()) as u64 > WHOLE_BYTES_MAX {
            return Err("is larger than 1 GiB, which is too large for its packing; hint: gzip and zstd are unpacked as they come".into());
        }
        self.packed.extend_from_slice(piece);
        Ok(())
    }

    /// Unpacks some more behind `out`; whether that is all.
    fn pull(&mut self, out: &mut Vec<u8>) -> Result<bool, String> {
        let unpacked = match &mut self.unpacked {
            Some(unpacked) => unpacked,
            none => {
                let packed = std::mem::take(&mut self.packed);
                let stream = self.compression.stream(std::io::Cursor::new(packed), OBJECT_BYTES_MAX);
                none.insert(stream.map_err(|fault| fault.to_string())?)
            }
        };
        let read = unpacked.take(SLICE_BYTES as u64 * 16).read_to_end(out);
        let fault = |error: std::io::Error| match error.kind() {
            ErrorKind::FileTooLarge => "unpacks to more than its cap".to_owned(),
            _ => self.compression.torn().to_string(),
        };
        Ok(read.map_err(fault)? == 0)
    }
}

impl Melt {
    fn new(object: &Object, piece: Bytes, cutter: Cutter) -> Result<Self, String> {
        let (compression, _) = Compression::of(&object.path);
        if !Unpacker::takes(compression) {
            let whole = Whole { compression, packed: Vec::new(), unpacked: None };
            return Ok(Melt { piece, unpacker: None, whole: Some(whole), is_plain: false, cutter });
        }
        let unpacker = Unpacker::new(compression, OBJECT_BYTES_MAX).map_err(|fault| fault.to_string())?;
        let is_plain = compression == Compression::Plain;
        Ok(Melt { piece, unpacker: Some(unpacker), whole: None, is_plain, cutter })
    }

    /// Bytes of a line's beginning that are dropped: it comes again with the next piece.
    fn give_back(&mut self) -> u64 {
        let is_begun = self.is_plain && self.cutter.pending.is_empty();
        if is_begun { std::mem::take(&mut self.piece).len() as u64 } else { 0 }
    }

    /// The next block; `None` when it takes another piece, or when there is none behind the last.
    fn block(&mut self, is_last: bool) -> Result<Option<Block>, String> {
        if self.is_plain && self.cutter.pending.is_empty() {
            let begins_with = self.piece.len();
            let block = self.cutter.cut_from(&mut self.piece, is_last);
            if block.is_some() || is_last || begins_with < LINE_BYTES_LONG {
                return Ok(block);
            }
        }
        loop {
            if let Some(block) = self.cutter.cut().map_err(|fault| fault.to_string())? {
                return Ok(Some(block));
            }
            if let Some(whole) = &mut self.whole {
                whole.add(&std::mem::take(&mut self.piece))?;
                if !is_last {
                    return Ok(None);
                }
                if whole.pull(&mut self.cutter.pending)? {
                    self.whole = None;
                }
                continue;
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
