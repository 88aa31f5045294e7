//! The chain of objects of a topic, which is the truth about what is landed: each is named by the offset that it begins with and
//! says in its footer where the next one begins.
//!
//! ```text
//! <topic>/p=0/00000000000000000000.parquet   next = 4711
//! <topic>/p=0/00000000000000004711.parquet   next = 9632
//! <topic>/p=0/_begin.json                    where the first one begins: who creates it decides
//! <topic>/_runs/<run>.json                   names both; what none names was landed by a run that was killed
//! ```
//!
//! A run names everything that none before it did. So the newest manifests say enough: what lies before all that they answer for is
//! named by older ones.
//!
//! Never in here: what becomes of records.

use super::fault::RelayFault;
use super::hits::Hits;
use super::identity::Witness;
use crate::access::Folder;
use crate::changes::{Held, Layout, Manifest, Named, Object};
use crate::data::{Audience, Name};
use crate::format::parquet_records;
use crate::store::{Absent, dump, put_if_absent, sha256};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::collections::BTreeMap;

/// Bytes that are asked for to find a footer in: nearly all are shorter.
const FOOTER_BYTES: u64 = 16 << 10;
/// Manifests that are fetched at once.
const AT_ONCE: usize = 16;
/// Manifests that are read, the newest of all.
const MANIFESTS_MAX: usize = 64;
/// How often a chain is listed that seems to have a gap.
const LISTINGS_MAX: usize = 3;

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
    /// How often what is treated was there.
    pub hits: Hits,
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
    /// How often what is treated was there.
    pub hits: &'a Hits,
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
            ("nightferry.hits", serde_json::to_string(self.hits).unwrap_or_default()),
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
        let (mut chain, mut gap) = Self::read_once(folder, of).await?;
        for _ in 1..LISTINGS_MAX {
            if gap.is_none() {
                break;
            }
            (chain, gap) = Self::read_once(folder, of).await?;
        }
        match gap {
            Some(path) => {
                Err(of.damaged(&path, "begins behind the end of the object before it: one between them is gone"))
            }
            None => Ok(chain),
        }
    }

    /// The same, and the object before which one is not listed: a listing of several pages may not show what is landed meanwhile,
    /// and show what is landed behind it.
    async fn read_once(folder: &Folder, of: Owner<'_>) -> Result<(Self, Option<String>), RelayFault> {
        let (mut objects, mut runs) = (Vec::new(), Vec::new());
        let (runs_of, schemas_of) = (format!("{}/_runs/", of.topic), format!("{}/_schemas/", of.topic));
        for (path, size) in dump::list(folder, of.topic).await? {
            match Layout::Relay.held(&path, of.topic) {
                Held::Values(object) => objects.push((object, size)),
                _ if path.starts_with(&runs_of) && path.ends_with(".json") => runs.push(path),
                // Avro schemas, which whoever runs the registry puts there.
                _ if path.starts_with(&schemas_of) => {}
                Held::Unknown if size > 0 => return Err(of.damaged(&path, "is none of the relay's")),
                _ => {}
            }
        }
        // Names of runs begin with their time. The listing is in their order.
        let newest = &runs[runs.len().saturating_sub(MANIFESTS_MAX)..];
        let manifests = newest_said(folder, of, newest).await?;
        let is_all = newest.len() == runs.len();
        let mut chain = Chain::default();
        for (partition, (_, next)) in &manifests.ranges {
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
        // Object -> where the next one begins, as far as somebody said so.
        let mut nexts: BTreeMap<&str, u64> = BTreeMap::new();
        for (object, _) in &objects {
            let named = object.path.strip_prefix(of.topic).and_then(|path| path.strip_prefix('/'));
            if let Some(named) = named.and_then(|named| manifests.objects.get(named)) {
                nexts.extend(named.next.map(|next| (object.path.as_str(), next)));
                continue;
            }
            // Before everything that those manifests answer for.
            let is_older = |(first, _): &(u64, u64)| object.first_offset < *first;
            if !is_all && manifests.ranges.get(&object.partition).is_some_and(is_older) {
                continue;
            }
            let bytes = dump::fetch(folder, &object.path).await?;
            let (partition, first) = (number(object.partition, of)?, number(object.first_offset, of)?);
            let link = Link::of(of, partition, first, &bytes)?;
            nexts.insert(&object.path, number(link.next, of)?);
            chain.unnamed.push(link);
        }
        let mut gap = None;
        for (before, behind) in objects.iter().zip(objects.iter().skip(1)).map(|((a, _), (b, _))| (a, b)) {
            let next = nexts.get(before.path.as_str()).filter(|_| before.partition == behind.partition);
            let Some(next) = next else { continue };
            if behind.first_offset < *next {
                return Err(
                    of.damaged(&behind.path, "begins before the end of the object before it: the chain is forked")
                );
            }
            if behind.first_offset > *next {
                gap.get_or_insert_with(|| behind.path.clone());
            }
        }
        Ok((chain, gap))
    }

    /// Partition -> the offset before which nothing of it is left to be read.
    pub fn landed_to(&self) -> BTreeMap<i32, i64> {
        self.tails.iter().map(|(partition, tail)| (*partition, tail.covered)).collect()
    }
}

/// Where a partition begins of which nothing is landed: at `first`, unless somebody else has begun it elsewhere.
pub async fn begin(folder: &Folder, of: Owner<'_>, partition: i32, first: i64) -> Result<i64, RelayFault> {
    #[derive(Deserialize)]
    struct Begin {
        first: i64,
    }
    let path = format!("{}/p={partition}/_begin.json", of.topic);
    let text = format!("{}\n", json!({"begin": 1, "topic": of.topic, "partition": partition, "first": first}));
    match put_if_absent(folder, &folder.at(&path), text.into(), "store.put.dump_begin").await? {
        Absent::Created | Absent::Mine => Ok(first),
        Absent::Other(theirs) => {
            let begin = serde_json::from_slice(&theirs).ok().filter(|Begin { first }| *first >= 0);
            begin
                .map(|Begin { first }| first)
                .ok_or_else(|| of.damaged(&path, "does not say where its partition begins"))
        }
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
        Ok(Link {
            partition,
            first,
            next,
            path: below(partition, first),
            records: count("nightferry.records")?,
            tombstones: count("nightferry.tombstones")?,
            dead_letters: count("nightferry.dead_letters")?,
            bytes: bytes.len() as u64,
            sha256: sha256(bytes),
            treated: said.get("nightferry.treated").cloned().ok_or_else(no_relay)?,
            hits: listed(&said, "nightferry.hits").ok_or_else(no_relay)?,
            witnesses: listed(&said, "nightferry.witnesses").ok_or_else(no_relay)?,
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

/// What a footer lists; objects that were landed before that was said list nothing.
fn listed<T: Default + DeserializeOwned>(said: &BTreeMap<String, String>, key: &str) -> Option<T> {
    said.get(key).map_or(Some(T::default()), |text| serde_json::from_str(text).ok())
}

/// Where the chain goes on behind an object, and the last records of it.
async fn footer(folder: &Folder, of: Owner<'_>, object: &Object, size: u64) -> Result<(i64, Vec<Witness>), RelayFault> {
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
    Ok((check(of, &object.path, place, &said)?, listed(&said, "nightferry.witnesses").ok_or_else(no_relay)?))
}

/// What some manifests of a topic say together.
struct NewestSaid {
    /// The objects, by their paths below the topic's folder.
    objects: BTreeMap<String, Named>,
    /// Partition -> the first offset that they answer for, and the one behind the last.
    ranges: BTreeMap<u32, (u64, u64)>,
}

async fn newest_said(folder: &Folder, of: Owner<'_>, runs: &[String]) -> Result<NewestSaid, RelayFault> {
    let read = |path: &String| {
        let path = path.clone();
        async move {
            let text = dump::fetch(folder, &path).await?;
            let manifest = Manifest::parse(&text).map_err(|bad| RelayFault::manifest(of.from, &path, &bad))?;
            Ok::<_, RelayFault>((path, manifest))
        }
    };
    let all: Vec<_> = stream::iter(runs.iter().map(read)).buffered(AT_ONCE).try_collect().await?;
    let mut said = NewestSaid { objects: BTreeMap::new(), ranges: BTreeMap::new() };
    for (_, manifest) in all {
        for (partition, first, next) in manifest.ranges() {
            let range = said.ranges.entry(partition).or_insert((first, next));
            *range = (range.0.min(first), range.1.max(next));
        }
        said.objects.extend(manifest.objects().iter().map(|object| (object.path.clone(), object.clone())));
    }
    Ok(said)
}

/// Kafka's own numbers are signed.
fn number<W, N: TryFrom<W>>(written: W, of: Owner<'_>) -> Result<N, RelayFault> {
    N::try_from(written).map_err(|_| of.damaged(of.topic, "has a number that is none of Kafka's"))
}
