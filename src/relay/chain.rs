//! The chain of objects of a topic, which is the truth about what is landed: each is named by the offset that it begins with and
//! says in its footer where the next one begins.
//!
//! ```text
//! <topic>/p=0/00000000000000000000.parquet   next = 4711
//! <topic>/p=0/00000000000000004711.parquet   next = 9632
//! <topic>/_runs/<run>.json                   names both; what none names was landed by a run that was killed
//! ```
//!
//! Never in here: what becomes of records.

use super::fault::RelayFault;
use super::identity::Witness;
use crate::access::Folder;
use crate::changes::{Held, Layout, Manifest, Manifests, Object};
use crate::data::{Audience, Name};
use crate::format::parquet_records;
use crate::store::dump;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use std::collections::BTreeMap;

/// Bytes that are asked for to find a footer in: nearly all are shorter.
const FOOTER_BYTES: u64 = 16 << 10;
/// Manifests that are fetched at once.
const AT_ONCE: usize = 16;

/// What is landed of a topic.
#[derive(Debug, Default)]
pub struct Chain {
    /// Partition -> where it goes on.
    pub tails: BTreeMap<i32, Tail>,
    /// Objects that no manifest names, in order.
    pub unnamed: Vec<Link>,
    /// Partition -> the last records of its chain.
    pub witnesses: BTreeMap<i32, Vec<Witness>>,
}

/// Where a partition goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tail {
    /// The offset that the next object begins with.
    pub next: i64,
    /// The offset before which nothing is left to be read; not before `next`.
    pub covered: i64,
}

/// An object of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its partition.
    pub partition: i32,
    /// The offset that it begins with.
    pub first: i64,
    /// The offset that the next one begins with.
    pub next: i64,
    /// Its path below the topic's folder.
    pub path: String,
    /// Records in it.
    pub records: u64,
    /// Those without a value.
    pub tombstones: u64,
    /// Records of its stretch that are put aside.
    pub dead_letters: u64,
    /// Its size.
    pub bytes: u64,
    /// Its hash, in hexadecimal.
    pub sha256: String,
    /// What was done to its records, as a manifest says it.
    pub treated: String,
    /// The last records of its stretch.
    pub witnesses: Vec<Witness>,
}

/// What an object says of itself in its footer.
#[derive(Clone, Debug)]
pub struct Footer<'a> {
    /// Topic.
    pub topic: &'a str,
    /// Partition.
    pub partition: i32,
    /// The offset that it begins with.
    pub first: i64,
    /// The offset that the next one begins with.
    pub next: i64,
    /// Who may see it.
    pub audience: Audience,
    /// Records in it.
    pub records: usize,
    /// Those without a value.
    pub tombstones: usize,
    /// Records of its stretch that are put aside.
    pub dead_letters: usize,
    /// What was done to its records, as a manifest says it.
    pub treated: &'a str,
    /// The last records of its stretch.
    pub witnesses: &'a [Witness],
}

impl Footer<'_> {
    /// The texts that are written.
    pub fn texts(&self) -> BTreeMap<&'static str, String> {
        BTreeMap::from([
            ("nightferry.topic", self.topic.to_owned()),
            ("nightferry.partition", self.partition.to_string()),
            ("nightferry.first", self.first.to_string()),
            ("nightferry.next", self.next.to_string()),
            ("nightferry.audience", self.audience.to_string()),
            ("nightferry.records", self.records.to_string()),
            ("nightferry.tombstones", self.tombstones.to_string()),
            ("nightferry.dead_letters", self.dead_letters.to_string()),
            ("nightferry.treated", self.treated.to_owned()),
            ("nightferry.witnesses", serde_json::to_string(self.witnesses).unwrap_or_default()),
        ])
    }
}

/// The path of an object under the dump's folder.
pub fn path(topic: &str, partition: i32, first: i64) -> String {
    format!("{topic}/{}", below(partition, first))
}

fn below(partition: i32, first: i64) -> String {
    format!("p={partition}/{first:020}.parquet")
}

/// Whose a chain has to be.
#[derive(Clone, Copy)]
pub struct Owner<'a> {
    /// The source of the environment.
    pub from: &'a Name,
    /// The topic.
    pub topic: &'a str,
    /// Who may see it.
    pub audience: Audience,
}

impl Chain {
    /// Reads where the chain of a topic ends, and what no manifest names of it.
    pub async fn read(folder: &Folder, of: Owner<'_>) -> Result<Self, RelayFault> {
        let (mut objects, mut runs) = (Vec::new(), Vec::new());
        let runs_of = format!("{}/_runs/", of.topic);
        for (path, size) in dump::list(folder, of.topic).await? {
            match Layout::Relay.held(&path, of.topic) {
                Held::Values(object) => objects.push((object, size)),
                _ if path.starts_with(&runs_of) && path.ends_with(".json") => runs.push(path),
                Held::Unknown if size > 0 => return Err(of.damaged(&path, "is none of the relay's")),
                _ => {}
            }
        }
        let manifests = manifests(folder, of, &runs).await?;
        let mut chain = Chain::default();
        for (partition, next) in &manifests.nexts {
            let (partition, next) = (number(*partition, of)?, number(*next, of)?);
            // Nothing of it was landed so far, and what is before is known to hold nothing.
            chain.tails.insert(partition, Tail { next, covered: next });
        }
        let mut last: BTreeMap<i32, &(Object, u64)> = BTreeMap::new();
        for listed in &objects {
            last.insert(number(listed.0.partition, of)?, listed);
        }
        for (partition, (object, size)) in last {
            let (next, witnesses) = footer(folder, of, object, *size).await?;
            let tail = chain.tails.entry(partition).or_default();
            tail.covered = tail.covered.max(next);
            tail.next = next;
            chain.witnesses.insert(partition, witnesses);
        }
        for (object, _) in &objects {
            let named = object.path.strip_prefix(of.topic).and_then(|path| path.strip_prefix('/'));
            if named.is_some_and(|named| manifests.objects.contains_key(named)) {
                continue;
            }
            let bytes = dump::fetch(folder, &object.path).await?;
            let (partition, first) = (number(object.partition, of)?, number(object.first_offset, of)?);
            chain.unnamed.push(Link::of(of, partition, first, &bytes)?);
        }
        Ok(chain)
    }
}

impl Owner<'_> {
    fn damaged(&self, path: &str, fault: &str) -> RelayFault {
        RelayFault::Damaged { from: self.from.clone(), path: path.to_owned(), fault: fault.to_owned() }
    }
}

impl Link {
    /// An object whose bytes are at hand; refuses one that is none of this chain.
    pub fn of(of: Owner<'_>, partition: i32, first: i64, bytes: &Bytes) -> Result<Self, RelayFault> {
        let path = path(of.topic, partition, first);
        let no_relay = || of.damaged(&path, "is no object that a relay wrote");
        let said = parquet_records::said(bytes).ok_or_else(no_relay)?;
        let next = check(of, &path, (partition, first), &said)?;
        let count = |key: &str| said.get(key).and_then(|count| count.parse().ok()).ok_or_else(no_relay);
        let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
        Ok(Link {
            partition,
            first,
            next,
            path: below(partition, first),
            records: count("nightferry.records")?,
            tombstones: count("nightferry.tombstones")?,
            dead_letters: count("nightferry.dead_letters")?,
            bytes: bytes.len() as u64,
            sha256: digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect(),
            treated: said.get("nightferry.treated").cloned().ok_or_else(no_relay)?,
            witnesses: witnesses(&said).ok_or_else(no_relay)?,
        })
    }
}

/// Holds a footer against the place where it was found; gives where the chain goes on.
fn check(
    of: Owner<'_>,
    path: &str,
    (partition, first): (i32, i64),
    said: &BTreeMap<String, String>,
) -> Result<i64, RelayFault> {
    let is = |key: &str, expected: &str| said.get(key).is_some_and(|found| found == expected);
    if !is("nightferry.topic", of.topic)
        || !is("nightferry.partition", &partition.to_string())
        || !is("nightferry.first", &first.to_string())
    {
        return Err(of.damaged(path, "says that it lies elsewhere in the chain"));
    }
    if !is("nightferry.audience", of.audience.as_str()) {
        return Err(of.damaged(path, "was landed for another audience; hint: each audience has a folder of its own"));
    }
    let next = said.get("nightferry.next").and_then(|next| next.parse().ok()).filter(|next| *next > first);
    next.ok_or_else(|| of.damaged(path, "does not say where the chain goes on"))
}

/// The last records that a footer names; those of objects that were landed before they were named are none.
fn witnesses(said: &BTreeMap<String, String>) -> Option<Vec<Witness>> {
    said.get("nightferry.witnesses").map_or(Some(Vec::new()), |text| serde_json::from_str(text).ok())
}

/// Where the chain goes on behind an object, and the last records of it.
async fn footer(
    folder: &Folder,
    of: Owner<'_>,
    object: &Object,
    size: u64,
) -> Result<(i64, Vec<Witness>), RelayFault> {
    let mut end = dump::fetch_end(folder, &object.path, size, FOOTER_BYTES).await?;
    let length = parquet_records::footer_bytes(&end);
    let length = length.filter(|length| *length as u64 <= size);
    let length = length.ok_or_else(|| of.damaged(&object.path, "is no whole object of Parquet"))?;
    if length > end.len() {
        end = dump::fetch_end(folder, &object.path, size, length as u64).await?;
    }
    let no_relay = || of.damaged(&object.path, "is no object that a relay wrote");
    let said = parquet_records::said(&end).ok_or_else(no_relay)?;
    let place = (number(object.partition, of)?, number(object.first_offset, of)?);
    Ok((check(of, &object.path, place, &said)?, witnesses(&said).ok_or_else(no_relay)?))
}

async fn manifests(folder: &Folder, of: Owner<'_>, runs: &[String]) -> Result<Manifests, RelayFault> {
    let read = |path: &String| {
        let path = path.clone();
        async move {
            let text = dump::fetch(folder, &path).await?;
            let manifest = Manifest::parse(&text).map_err(|bad| RelayFault::manifest(of.from, &path, &bad))?;
            Ok::<_, RelayFault>((path, manifest))
        }
    };
    let all: Vec<_> = stream::iter(runs.iter().map(read)).buffered(AT_ONCE).try_collect().await?;
    Manifests::all(&all).map_err(|(path, bad)| RelayFault::manifest(of.from, &path, &bad))
}

/// Kafka's own numbers are signed.
fn number<W, N: TryFrom<W>>(written: W, of: Owner<'_>) -> Result<N, RelayFault> {
    N::try_from(written).map_err(|_| of.damaged(of.topic, "has a number that is none of Kafka's"))
}
