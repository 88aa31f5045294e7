//! Receipts of tombstones in the store `security`, `_tombstones/<topic>/`: created once, and read again for the keys that were seen.
//!
//! Never in here: a key. One is told by its HMAC alone.

use super::tombstone::Buried;
use super::{Failure, Plan, TombstoneHow, TombstoneRequest, json};
use crate::failure::Phase;
use crate::relay::{Delivered, RelayFault, Seen, Stretch};
use crate::store::{Absent, Store, StoreError, dump, put_if_absent};
use crate::world::Clock;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};

/// What a receipt is of.
pub(super) struct Of<'a> {
    pub(super) plan: &'a Plan,
    pub(super) request: &'a TombstoneRequest,
    pub(super) seen: &'a Seen,
    pub(super) hashes: &'a [String],
    pub(super) check: &'a str,
}

impl Of<'_> {
    /// What is written down before anything is sent.
    pub(super) fn begun(&self, told: &Value) -> String {
        let mut receipt = self.receipt(told, &[]);
        receipt["begun"] = json!(true);
        format!("{receipt}\n")
    }

    /// What is written down at the end, also of a run that failed on its way.
    pub(super) fn closing(&self, told: &Value, sent: &[Delivered], fault: Option<&Failure>) -> String {
        let mut receipt = self.receipt(told, sent);
        if let TombstoneHow::Verify = self.request.how {
            let has_none = told["found"]["values"] == json!(0);
            // Of keys that nobody ever saw there nothing is said.
            let is_said = !has_none || told["never_in"] == json!(0);
            receipt["none_left"] = if is_said { json!(has_none) } else { Value::Null };
        }
        if let Some(fault) = fault {
            receipt["ended"] = json!(fault.ending.id);
        }
        format!("{receipt}\n")
    }

    /// What was asked, read, found and sent, each key by its HMAC.
    fn receipt(&self, told: &Value, sent: &[Delivered]) -> Value {
        let sent: BTreeMap<(usize, i32), i64> = sent.iter().map(|of| ((of.number, of.partition), of.offset)).collect();
        let mut places: Vec<Vec<Value>> = vec![Vec::new(); self.hashes.len()];
        for ((number, partition), held) in &self.seen.held {
            let now = sent.get(&(*number, *partition));
            places[*number].push(json!({
                "partition": partition, "values": held.values, "last_value": held.value,
                "tombstone": now.copied().or(held.tombstone), "sent": now.is_some(),
            }));
        }
        let mut keys: Vec<Value> =
            self.hashes.iter().zip(places).map(|(key, at)| json!({"key": key, "at": at})).collect();
        // The order of the file would tell which is whose to who has it.
        keys.sort_by(|a, b| a["key"].as_str().cmp(&b["key"].as_str()));
        let stretches = self.seen.stretches.iter();
        let read: BTreeMap<String, Value> = stretches
            .map(|Stretch { partition, low, end }| (partition.to_string(), json!({"low": low, "end": end})))
            .collect();
        let mut receipt = told.clone();
        receipt["receipt"] = json!(1);
        receipt["stamp"] = json!(self.plan.stamp);
        receipt["at"] = json!(Clock::System.now());
        receipt["key_check"] = json!(self.check);
        receipt["partitions"] = json!(read);
        receipt["keys"] = json!(keys);
        if let TombstoneHow::Apply { reason } = &self.request.how {
            receipt["reason"] = json!(reason);
        }
        receipt
    }
}

/// Creates a receipt. `call` names the place where a test may kill it.
pub(super) async fn put(security: &Store, path: &str, text: String, call: &'static str) -> Result<(), Failure> {
    let folder = security.primary();
    match put_if_absent(folder, &folder.at(path), text.into(), call).await {
        Ok(Absent::Created | Absent::Mine) => Ok(()),
        Ok(Absent::Other(_)) => Err(Failure::relay(&RelayFault::Ours).buried()),
        Err(error) => Err(Failure::store(&error, Phase::Publish).buried()),
    }
}

/// How many keys nobody ever saw in the topic: they are not there now, and no receipt says that they were. That they are gone is not
/// known of them: the file may have them in another form than the topic.
pub(super) async fn unknown_keys(security: &Store, of: &Of<'_>) -> Result<usize, Failure> {
    let seen: HashSet<usize> = of.seen.held.keys().map(|(number, _)| *number).collect();
    let unseen = of.hashes.iter().enumerate().filter(|(number, _)| !seen.contains(number));
    let mut unseen: HashSet<&str> = unseen.map(|(_, hash)| hash.as_str()).collect();
    if !unseen.is_empty() {
        let known = seen_in(security, &of.request.topic, of.check, &unseen).await;
        known.map_err(|error| Failure::store(&error, Phase::Publish).buried())?.iter().for_each(|key| {
            unseen.remove(key.as_str());
        });
    }
    Ok(unseen.len())
}

/// Of the keys `of`, by their HMACs, those that a receipt of the topic saw in it. A receipt under another secret, or one that cannot be
/// read, saw none: what is not known is not attested.
async fn seen_in(
    security: &Store,
    topic: &str,
    check: &str,
    of: &HashSet<&str>,
) -> Result<HashSet<String>, StoreError> {
    let mut seen = HashSet::new();
    for (path, _) in dump::list(security.primary(), &format!("_tombstones/{topic}")).await? {
        let text = dump::fetch(security.primary(), &path).await?;
        let Ok(receipt) = serde_json::from_slice::<Receipt>(&text) else { continue };
        if receipt.key_check == check && receipt.topic == topic {
            let there = receipt.keys.into_iter().filter(|key| !key.at.is_empty() && of.contains(key.key.as_str()));
            seen.extend(there.map(|key| key.key));
        }
    }
    Ok(seen)
}

#[derive(Deserialize)]
struct Receipt {
    topic: String,
    key_check: String,
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Key {
    key: String,
    at: Vec<IgnoredAny>,
}
