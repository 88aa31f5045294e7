//! Buffers of one partition, in order -> objects of its chain, each created once.
//!
//! Where an object is there already, another relay was first: its object stands, and ours goes on behind it with what is left.
//! Nobody can fork a chain, because a name says where an object begins and nothing else.

use super::account::Tally;
use super::buffer::Filled;
use super::chain::{Footer, Link, Owner, path};
use super::cluster::Reader;
use super::fault::RelayFault;
use super::hits::Hits;
use super::identity::{Witness, witnesses};
use super::letters::Letters;
use super::treat::{TopicTreatment, Treated};
use crate::access::Folder;
use crate::data::{Audience, Name};
use crate::format::parquet_records::RecordsFile;
use crate::format::parquet_write::WriteFault;
use crate::store::{Absent, StoreError, put_if_absent};
use arrow::array::{Array, RecordBatch};
use bytes::Bytes;
use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::UnboundedReceiver;

/// The place of a record's value among its columns.
const VALUE: usize = 3;

/// Where a partition's chain goes, and what has become of it.
pub struct Landing {
    /// The dump's folder.
    pub folder: Folder,
    /// The source of the environment.
    pub from: Name,
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// Who may see it.
    pub audience: Audience,
    /// What is done to its records; none where they are landed as they are.
    pub treatment: Option<Arc<TopicTreatment>>,
    /// Where records go that this cannot be done to.
    pub letters: Arc<Letters>,
    /// Where it is counted.
    pub tally: Arc<Tally>,
    /// How far it is.
    pub landed: Mutex<Landed>,
}

/// How far a partition is landed.
#[derive(Debug, Default)]
pub struct Landed {
    /// The offset that the next object begins with.
    pub next: i64,
    /// The offset before which nothing is left to be read.
    pub covered: i64,
    /// Objects that were created or found on the way.
    pub links: Vec<Link>,
    /// Those among them that another relay had created.
    pub adopted: u64,
    /// The last records of the last of them.
    pub witnesses: Vec<Witness>,
}

/// What all who land share.
pub struct Hands {
    /// As many objects are made at once.
    pub makers: Semaphore,
    /// Bytes on their way.
    pub held: Arc<AtomicUsize>,
    /// Where markers are put.
    pub reader: Arc<Reader>,
}

impl Landing {
    /// How far it is.
    pub fn landed(&self) -> MutexGuard<'_, Landed> {
        self.landed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn owner(&self) -> Owner<'_> {
        Owner { from: &self.from, topic: &self.topic, audience: self.audience }
    }

    /// Lands what comes, in order, until nothing more does.
    pub async fn all(
        self: Arc<Self>,
        mut from: UnboundedReceiver<Filled>,
        hands: Arc<Hands>,
    ) -> Result<(), RelayFault> {
        while let Some(filled) = from.recv().await {
            let bytes = filled.bytes;
            let put = self.put(filled, &hands).await;
            hands.held.fetch_sub(bytes, Ordering::SeqCst);
            put?;
        }
        Ok(())
    }

    async fn put(&self, filled: Filled, hands: &Hands) -> Result<(), RelayFault> {
        let covered = filled.next;
        let mut left = Some(filled);
        while let Some(filled) = left.take() {
            let Some(filled) = filled.beyond(self.landed().next) else { break };
            // What holds no record needs no object: the next one begins here.
            if filled.records.num_rows() == 0 {
                break;
            }
            let (filled, bytes, dead) = self.encoded(filled, hands).await?;
            let place = (self.partition, filled.first);
            match dead {
                // A round that failed may have had some.
                None => {
                    self.letters.count(&self.topic, place, 0);
                }
                Some((dead, records)) => {
                    let path = self.letters.put(&self.topic, place, dead).await?;
                    // They are there also where they are too many.
                    self.tally.put_aside(&self.topic, self.letters.count(&self.topic, place, records));
                    self.letters.weigh(&self.topic, path)?;
                }
            }
            let key = self.folder.at(&path(&self.topic, self.partition, filled.first));
            match put_if_absent(&self.folder, &key, bytes.clone(), "store.put.dump").await? {
                Absent::Created | Absent::Mine => {
                    self.add(&filled, &bytes, 0)?;
                }
                Absent::Other(theirs) => {
                    let theirs = self.add(&filled, &theirs, 1)?;
                    self.letters.instead(&self.topic, place, theirs)?;
                    left = Some(filled);
                }
            }
            self.mark(&hands.reader);
        }
        let mut landed = self.landed();
        landed.covered = landed.covered.max(covered).max(landed.next);
        Ok(())
    }

    /// Adds an object that is there to the chain; gives its dead letters.
    fn add(&self, filled: &Filled, bytes: &Bytes, adopted: u64) -> Result<u64, RelayFault> {
        let link = Link::of(self.owner(), self.partition, filled.first, bytes)?;
        match adopted {
            0 => self.tally.landed(&self.topic, &link),
            _ => self.tally.conflicted(&self.topic),
        }
        let mut landed = self.landed();
        landed.next = link.next;
        landed.covered = landed.covered.max(link.next);
        landed.witnesses.clone_from(&link.witnesses);
        let letters = link.dead_letters;
        landed.links.push(link);
        landed.adopted += adopted;
        Ok(letters)
    }

    /// The buffer as an object's bytes, and what of it is put aside, with how many records that is.
    async fn encoded(
        &self,
        filled: Filled,
        hands: &Hands,
    ) -> Result<(Filled, Bytes, Option<(Bytes, u64)>), RelayFault> {
        let _maker = hands.makers.acquire().await.map_err(|_| RelayFault::Ours)?;
        let (topic, partition, audience) = (Arc::clone(&self.topic), self.partition, self.audience);
        let treatment = self.treatment.clone();
        let made = tokio::task::spawn_blocking(move || {
            let made = Made::of(&filled.records, treatment.as_deref(), &topic)?;
            let treated = treatment.as_ref().map_or_else(|| "{}".to_owned(), |treatment| treatment.text());
            let footer = Footer {
                topic: &topic,
                partition,
                first: filled.first,
                next: filled.next,
                audience,
                records: made.landed.records,
                tombstones: made.landed.tombstones,
                dead_letters: made.dead.records,
                treated: &treated,
                hits: &made.hits,
                // As they came: those that are put aside are among them.
                witnesses: &witnesses(&filled.records, audience == Audience::Restricted && treatment.is_none()),
            };
            let (said, dead_letters) = (footer.texts(), made.dead.records as u64);
            let bytes = made.landed.end(&said, &topic)?.ok_or(RelayFault::Ours)?;
            let dead = made.dead.end(&said, &topic)?.map(|dead| (dead, dead_letters));
            Ok::<_, RelayFault>((filled, bytes, dead))
        });
        made.await.map_err(|_| RelayFault::Ours)?
    }

    /// Puts the group's marker behind what is landed: for others to see, and read by nobody here.
    fn mark(&self, reader: &Reader) {
        let next = self.landed().next;
        let mut list = TopicPartitionList::with_capacity(1);
        if list.add_partition_offset(&self.topic, self.partition, Offset::Offset(next)).is_ok() {
            // Without leave to put it, or a coordinator, there is no marker.
            let _ = reader.commit(&list, CommitMode::Async);
        }
    }
}

/// An object in the making, and what is put aside of it.
#[derive(Default)]
struct Made {
    landed: Piled,
    dead: Piled,
    hits: Hits,
}

/// Records that were added to a file, which is there once there were any.
#[derive(Default)]
struct Piled {
    file: Option<RecordsFile>,
    records: usize,
    tombstones: usize,
}

impl Made {
    /// Of records as they came. What was treated is packed piece by piece: it never lies whole beside what it was made of.
    fn of(records: &RecordBatch, treatment: Option<&TopicTreatment>, topic: &str) -> Result<Self, RelayFault> {
        let mut made = Made::default();
        let Some(treatment) = treatment else {
            made.landed.add(records, topic)?;
            return Ok(made);
        };
        treatment.each(records, |Treated { records, dead, hits }| {
            made.landed.add(&records, topic)?;
            if let Some(dead) = dead {
                made.dead.add(&dead, topic)?;
            }
            made.hits.add(&hits);
            Ok(())
        })?;
        Ok(made)
    }
}

impl Piled {
    fn add(&mut self, records: &RecordBatch, topic: &str) -> Result<(), RelayFault> {
        let file = match self.file.take() {
            Some(file) => Some(file),
            None => RecordsFile::begin(&records.schema()),
        };
        let file = self.file.insert(file.ok_or_else(|| unwritten(topic))?);
        file.add(records).ok_or_else(|| unwritten(topic))?;
        self.records += records.num_rows();
        self.tombstones += records.column(VALUE).null_count();
        Ok(())
    }

    fn end(self, said: &BTreeMap<&'static str, String>, topic: &str) -> Result<Option<Bytes>, RelayFault> {
        self.file.map(|file| file.end(said).ok_or_else(|| unwritten(topic))).transpose()
    }
}

fn unwritten(topic: &str) -> RelayFault {
    let fault = WriteFault::Encoder("putting records into an object");
    StoreError::Encode { dataset: topic.to_owned(), fault }.into()
}
