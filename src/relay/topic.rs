//! A topic on its way into a dump: where it ends, how far it is landed, and what there is to say of both.

use super::chain::{self, Chain, Link, Owner, Tail};
use super::cluster::{Cluster, Stretch};
use super::fault::RelayFault;
use super::hits::Hits;
use super::identity::Known;
use super::land::{Landed, Landing};
use super::letters::Letters;
use super::manifest;
use super::schemas::newer;
use super::treat::TopicTreatment;
use super::walk::{Asked, Begin, TopicAsked};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// A topic under way.
pub struct Topic {
    /// Its name.
    pub name: Arc<str>,
    /// What is done to its records.
    pub treatment: Option<Arc<TopicTreatment>>,
    /// Where its partitions begin and end.
    pub partitions: BTreeMap<i32, Stretch>,
    /// What is landed.
    pub chain: Chain,
    /// How far each partition is that could be asked.
    pub landings: BTreeMap<i32, Arc<Landing>>,
    /// Why not all of them could; none where they could.
    pub away: Option<RelayFault>,
    /// What the last manifest said of the partitions.
    pub said: Option<BTreeMap<i32, manifest::Stretch>>,
    /// Whether it was opened before: what is landed since is our own.
    has_begun: bool,
    /// Whether it was found to be the topic that was landed, so far.
    pub is_known: bool,
}

/// What a round has to say of a topic.
pub struct CameTo {
    /// Everything that no manifest names yet.
    pub links: Vec<Link>,
    /// How far each partition is.
    pub partitions: BTreeMap<i32, manifest::Stretch>,
    /// Objects among the links that others had landed, or a run that was killed.
    pub found: u64,
    /// Those among them that stood where one of ours was to be.
    pub conflicts: u64,
}

impl Topic {
    /// Not asked for yet.
    pub fn new(TopicAsked { name, treatment }: &TopicAsked) -> Self {
        Topic {
            name: name.as_str().into(),
            treatment: treatment.clone(),
            partitions: BTreeMap::new(),
            chain: Chain::default(),
            landings: BTreeMap::new(),
            away: None,
            said: None,
            has_begun: false,
            is_known: false,
        }
    }

    /// Where it ends now, and how far it is landed. First its ends: what is landed after them is not among them. A partition of which
    /// nobody can say it just now is left out, and `away` says why.
    pub async fn open(
        &mut self,
        asked: &Asked,
        cluster: &Arc<Cluster>,
        letters: &Arc<Letters>,
    ) -> Result<(), RelayFault> {
        self.learn(asked).await?;
        let (asks, topic) = (Arc::clone(cluster), self.name.to_string());
        let stretches = tokio::task::spawn_blocking(move || asks.reachable(&topic));
        let (stretches, away) = stretches.await.map_err(|_| RelayFault::Ours)??;
        // Who begins it somewhere else begins all of it: another run would take what is begun for the whole.
        match away {
            Some(fault) if asked.begin.is_some() && !self.has_begun => return Err(fault),
            away => self.away = away,
        }
        if self.said.is_none() {
            let owner = Owner { from: &asked.from, topic: &self.name, audience: asked.kafka.audience };
            self.chain = Chain::read(&asked.folder, owner).await?;
            if asked.begin.is_some() && !self.has_begun && !self.chain.tails.is_empty() {
                return Err(RelayFault::Begun { topic: self.name.to_string() });
            }
        }
        self.has_begun = true;
        let mut landings = BTreeMap::new();
        for stretch in &stretches {
            let Stretch { partition, low, end } = *stretch;
            let tail = match self.chain.tails.get(&partition) {
                Some(tail) => *tail,
                None => {
                    let ours = self.begin(asked, cluster, *stretch).await?;
                    if ours < low {
                        let (topic, offsets) = (self.name.to_string(), low - ours);
                        return Err(RelayFault::Lost { topic, partition, next: ours, offsets });
                    }
                    let owner = Owner { from: &asked.from, topic: &self.name, audience: asked.kafka.audience };
                    let first = chain::begin(&asked.folder, owner, partition, ours).await?;
                    if asked.begin.is_some() && first != ours {
                        return Err(RelayFault::Begun { topic: self.name.to_string() });
                    }
                    *self.chain.tails.entry(partition).or_insert(Tail { next: first, covered: first })
                }
            };
            let (topic, next) = (self.name.to_string(), tail.covered);
            let end = if end < next {
                // Another relay may have landed meanwhile what came meanwhile.
                let (asks, topic) = (Arc::clone(cluster), topic.clone());
                let now = tokio::task::spawn_blocking(move || asks.stretch(&topic, partition));
                now.await.map_err(|_| RelayFault::Ours)??.end
            } else {
                end
            };
            if low > next {
                return Err(RelayFault::Lost { topic, partition, next, offsets: low - next });
            }
            if end < next {
                return Err(RelayFault::Shorter { topic, partition, next, end });
            }
            let witnesses = self.chain.witnesses.get(&partition).cloned().unwrap_or_default();
            let landed = Landed { next: tail.next, covered: tail.covered, witnesses, ..Landed::default() };
            let landing = Landing {
                folder: asked.folder.clone(),
                from: asked.from.clone(),
                topic: Arc::clone(&self.name),
                partition,
                audience: asked.kafka.audience,
                treatment: self.treatment.clone(),
                letters: Arc::clone(letters),
                tally: Arc::clone(cluster.tally()),
                landed: Mutex::new(landed),
            };
            landings.insert(partition, Arc::new(landing));
        }
        self.landings = landings;
        self.partitions = stretches.into_iter().map(|stretch| (stretch.partition, stretch)).collect();
        Ok(())
    }

    /// Looks for schemas that were laid beside the dump since: whoever has them may come later than the relay, which follows for days.
    async fn learn(&self, asked: &Asked) -> Result<(), RelayFault> {
        let Some(treatment) = &self.treatment else { return Ok(()) };
        let Some(known) = treatment.schemas() else { return Ok(()) };
        if let Some(schemas) = newer(&asked.folder, &asked.from, &self.name, &known).await? {
            treatment.learn(schemas);
        }
        Ok(())
    }

    /// Where a partition begins of which nothing is landed.
    async fn begin(&self, asked: &Asked, cluster: &Arc<Cluster>, stretch: Stretch) -> Result<i64, RelayFault> {
        match asked.begin {
            None => Ok(stretch.low),
            Some(Begin::Offset(offset)) => Ok(offset.min(stretch.end)),
            Some(Begin::Time(millis)) => {
                let (asks, topic) = (Arc::clone(cluster), self.name.to_string());
                let found = tokio::task::spawn_blocking(move || asks.offset_at(&topic, stretch, millis));
                found.await.map_err(|_| RelayFault::Ours)?
            }
        }
    }

    /// The offset of a partition before which nothing is left to be read.
    pub fn covered(&self, partition: i32) -> i64 {
        self.landings.get(&partition).map_or(0, |landing| landing.landed().covered)
    }

    /// Partition -> the offset before which nothing of it is left to be read; none of a topic that was never opened.
    pub fn landed_to(&self) -> Option<BTreeMap<i32, i64>> {
        if self.landings.is_empty() {
            return None;
        }
        // One that could not be asked just now is landed as far as its chain is.
        let mut all = self.chain.landed_to();
        for partition in self.landings.keys() {
            let covered = self.covered(*partition);
            let landed = all.entry(*partition).or_insert(covered);
            *landed = covered.max(*landed);
        }
        Some(all)
    }

    /// How often what is treated was there, in all that no manifest names yet and that was treated as it is now.
    pub fn hits(&self, links: &[Link]) -> Hits {
        let mut hits = Hits::default();
        if let Some(treated) = self.treatment.as_ref().map(|treatment| treatment.text()) {
            links.iter().filter(|link| link.treated == treated).for_each(|link| hits.add(&link.hits));
        }
        hits
    }

    /// A declared path that nothing of all that has, though there were rows.
    pub fn path_lacking(&self) -> Result<Option<String>, RelayFault> {
        let paths = self.treatment.as_ref().map(|treatment| treatment.paths()).unwrap_or_default();
        Ok(self.hits(&self.come_to()?.links).lacking(&paths).cloned())
    }

    /// What is known of its partitions' last records, where it is time to look at them once more: before anything is landed behind
    /// them, and the first time.
    pub fn known(&self) -> Vec<Known> {
        let goes_on = |landing: &Arc<Landing>| {
            self.partitions.get(&landing.partition).is_some_and(|stretch| landing.landed().covered < stretch.end)
        };
        if self.is_known && !self.landings.values().any(goes_on) {
            return Vec::new();
        }
        let known = self.landings.iter().filter_map(|(partition, landing)| {
            let (low, landed) = (self.partitions.get(partition)?.low, landing.landed());
            let (topic, witnesses) = (self.name.to_string(), landed.witnesses.clone());
            let known = Known { topic, partition: *partition, low, next: landed.next, witnesses };
            known.from().is_some().then_some(known)
        });
        known.collect()
    }

    /// Everything that no manifest names yet, how far each partition is, and how much of it others had landed.
    pub fn come_to(&self) -> Result<CameTo, RelayFault> {
        let mut links: Vec<Link> = self.chain.unnamed.clone();
        let mut found = links.len() as u64;
        let (mut partitions, mut conflicts) = (BTreeMap::new(), 0);
        for (partition, landing) in &self.landings {
            let stretch = self.partitions.get(partition).ok_or(RelayFault::Ours)?;
            let landed = landing.landed();
            let before = self.chain.tails.get(partition).map_or(stretch.low, |tail| tail.next);
            let unnamed = self.chain.unnamed.iter().filter(|link| link.partition == *partition);
            let first = unnamed.map(|link| link.first).fold(before, i64::min);
            let at = manifest::Stretch { low: stretch.low, first, next: landed.covered, end: stretch.end };
            partitions.insert(*partition, at);
            links.extend(landed.links.iter().cloned());
            conflicts += landed.adopted;
        }
        links.sort_by_key(|link| (link.partition, link.first));
        found += conflicts;
        Ok(CameTo { links, partitions, found, conflicts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Folder;
    use crate::data::{Audience, Name};
    use object_store::memory::InMemory;
    use object_store::path::Path;

    fn landing(covered: i64) -> Arc<Landing> {
        let folder = Folder::new(Arc::new(InMemory::new()), Path::from("landed"), "topics");
        Arc::new(Landing {
            letters: Arc::new(Letters::new(&folder, "run", 0)),
            folder,
            from: Name::new("topics").expect("a name"),
            topic: "t".into(),
            partition: 0,
            audience: Audience::Restricted,
            treatment: None,
            tally: Arc::default(),
            landed: Mutex::new(Landed { next: covered, covered, ..Landed::default() }),
        })
    }

    #[test]
    fn of_a_topic_that_no_round_came_to_nothing_is_known_and_of_a_partition_that_is_away_what_its_chain_says() {
        let mut topic = Topic::new(&TopicAsked { name: "t".into(), treatment: None });
        assert_eq!(topic.landed_to(), None);
        topic.chain.tails.extend([(0, 4), (1, 7)].map(|(at, covered)| (at, Tail { next: covered, covered })));
        assert_eq!(topic.landed_to(), None);
        topic.landings.insert(0, landing(9));
        assert_eq!(topic.landed_to(), Some(BTreeMap::from([(0, 9), (1, 7)])));
    }
}
