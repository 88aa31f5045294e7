//! What became of topics in a round: manifests beside what was landed, and what is said of them.

use super::account::Tally;
use super::chain::{Link, Tail};
use super::fault::RelayFault;
use super::manifest::{self, Said};
use super::topic::{CameTo, Topic};
use super::walk::Asked;
use crate::store::{Absent, StoreError, put_if_absent};

/// What became of a topic.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Told {
    /// The topic.
    pub topic: String,
    /// Its partitions.
    pub partitions: usize,
    /// Objects that the run's manifest names.
    pub objects: usize,
    /// Records in them.
    pub records: u64,
    /// Those without a value.
    pub tombstones: u64,
    /// Their size.
    pub bytes: u64,
    /// Records that could not be treated, and were put aside.
    pub dead_letters: u64,
    /// Objects that others had landed, or a run that was killed.
    pub found: u64,
    /// Those among them that stood where one of ours was to be: there is a second relay.
    pub put_conflicts: u64,
    /// Whether every partition was read as far as it went at the start.
    pub complete: bool,
}

/// Writes the manifests of a round, of every topic of which there is something to say.
pub async fn tell(asked: &Asked, tally: &Tally, topics: &mut [Topic], round: u64) -> Result<Vec<Told>, RelayFault> {
    let mut told = Vec::new();
    let account = tally.so_far();
    for topic in topics {
        // What a round has not all of is named by the next one, as what was landed by a run that was killed.
        if topic.away.is_some() || topic.path_lacking()?.is_some() {
            continue;
        }
        let CameTo { links, partitions, found, conflicts } = topic.come_to()?;
        let audience = asked.kafka.audience;
        let treated = topic.treatment.as_ref().map_or_else(|| "{}".to_owned(), |treatment| treatment.text());
        let hits = topic.hits(&links).each();
        let run = if round == 1 { asked.run.clone() } else { format!("{}-r{round}", asked.run) };
        let said = Said {
            run: &run,
            topic: &topic.name,
            audience: audience.as_str(),
            treated: &treated,
            hits: &hits,
            partitions: &partitions,
            links: &links,
            account: &account,
            conflicts,
        };
        if !links.is_empty() || topic.said.as_ref() != Some(&partitions) {
            write(asked, &said).await?;
        }
        let sum = |of: fn(&Link) -> u64| links.iter().map(of).sum::<u64>();
        told.push(Told {
            topic: topic.name.to_string(),
            partitions: partitions.len(),
            objects: links.len(),
            records: sum(|link| link.records),
            tombstones: sum(|link| link.tombstones),
            bytes: sum(|link| link.bytes),
            dead_letters: sum(|link| link.dead_letters),
            found,
            put_conflicts: conflicts,
            complete: partitions.values().all(|at| at.next >= at.end),
        });
        if told.last().is_some_and(|told| told.complete) {
            tally.went_on(&topic.name);
        }
        // The next round goes on behind it.
        topic.chain.unnamed.clear();
        for (partition, landing) in &topic.landings {
            let landed = landing.landed();
            topic.chain.tails.insert(*partition, Tail { next: landed.next, covered: landed.covered });
            topic.chain.witnesses.insert(*partition, landed.witnesses.clone());
        }
        topic.said = Some(partitions);
    }
    Ok(told)
}

async fn write(asked: &Asked, said: &Said<'_>) -> Result<(), RelayFault> {
    for (name, text) in manifest::manifests(said) {
        let key = asked.folder.at(&format!("{}/_runs/{name}", said.topic));
        match put_if_absent(&asked.folder, &key, text.into(), "store.put.dump_manifest").await? {
            Absent::Created | Absent::Mine => {}
            Absent::Other(_) => {
                let (store, object) = (asked.folder.label().to_owned(), format!("`_runs/{name}`"));
                return Err(StoreError::Damaged { store, object, fault: "another run has its name" }.into());
            }
        }
    }
    Ok(())
}
