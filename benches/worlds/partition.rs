//! One partition of a topic: lines into objects of a bounded number of events, packed.

use super::Fault;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Events that are delivered again.
const REDELIVERED: usize = 3;

/// How objects are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// As nothing, gzip and zstd.
    InTurn,
    /// As zstd alone.
    Zstd,
}

/// A partition that is being written. Its offsets have no gaps.
pub struct Partition {
    topic: String,
    number: u32,
    folder: PathBuf,
    object_events_max: u64,
    packing: Packing,
    object: Option<Object>,
    in_object: u64,
    next_offset: u64,
    objects: u64,
    last: VecDeque<String>,
}

enum Object {
    Plain(BufWriter<File>),
    Gzip(flate2::write::GzEncoder<BufWriter<File>>),
    Zstd(zstd::Encoder<'static, BufWriter<File>>),
}

impl Partition {
    /// Partition `number` of a topic below `folder`, still without objects.
    pub fn new(folder: &Path, topic: &str, number: u32, object_events_max: u64, packing: Packing) -> Self {
        Partition {
            topic: topic.to_owned(),
            number,
            folder: folder.join(topic).join(format!("partition={number}")),
            object_events_max,
            packing,
            object: None,
            in_object: 0,
            next_offset: 0,
            objects: 0,
            last: VecDeque::new(),
        }
    }

    /// Adds an event.
    pub fn push(&mut self, line: &str) -> Result<(), Fault> {
        let doing = || format!("write topic `{}`", self.topic);
        let mut object = match self.object.take() {
            Some(object) if self.in_object < self.object_events_max => object,
            full => {
                if let Some(full) = full {
                    full.close().map_err(|source| Fault::Io { doing: doing(), source })?;
                }
                self.in_object = 0;
                self.objects += 1;
                self.open().map_err(|source| Fault::Io { doing: doing(), source })?
            }
        };
        let written = object.write(line.as_bytes()).and_then(|()| object.write(b"\n"));
        written.map_err(|source| Fault::Io { doing: doing(), source })?;
        self.object = Some(object);
        self.in_object += 1;
        self.next_offset += 1;
        if self.last.len() == REDELIVERED {
            self.last.pop_front();
        }
        self.last.push_back(line.to_owned());
        Ok(())
    }

    /// Delivers the last events once more, in their order; gives how many they are.
    pub fn deliver_again(&mut self) -> Result<u64, Fault> {
        let lines: Vec<_> = self.last.iter().cloned().collect();
        lines.iter().try_for_each(|line| self.push(line))?;
        Ok(lines.len() as u64)
    }

    /// Ends the last object; gives how many there are.
    pub fn finish(self) -> Result<u64, Fault> {
        let doing = format!("write topic `{}`", self.topic);
        if let Some(object) = self.object {
            object.close().map_err(|source| Fault::Io { doing, source })?;
        }
        Ok(self.objects)
    }

    fn open(&self) -> std::io::Result<Object> {
        std::fs::create_dir_all(&self.folder)?;
        let ending = match self.packing {
            Packing::InTurn => ["", ".gz", ".zst"][((self.objects + u64::from(self.number)) % 3) as usize],
            Packing::Zstd => ".zst",
        };
        let name = format!("{}+{}+{:010}.json{ending}", self.topic, self.number, self.next_offset);
        let file = BufWriter::new(File::create_new(self.folder.join(name))?);
        Ok(match ending {
            ".gz" => Object::Gzip(flate2::write::GzEncoder::new(file, flate2::Compression::fast())),
            ".zst" => Object::Zstd(zstd::Encoder::new(file, 1)?),
            _ => Object::Plain(file),
        })
    }
}

impl Object {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match self {
            Object::Plain(file) => file.write_all(bytes),
            Object::Gzip(packed) => packed.write_all(bytes),
            Object::Zstd(packed) => packed.write_all(bytes),
        }
    }

    fn close(self) -> std::io::Result<()> {
        let mut file = match self {
            Object::Plain(file) => file,
            Object::Gzip(packed) => packed.finish()?,
            Object::Zstd(packed) => packed.finish()?,
        };
        file.flush()
    }
}
