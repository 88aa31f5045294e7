//! `nightferry relay tombstone JOB --topic TOPIC --keys FILE`: what a topic holds of some keys; with `--apply` tombstones for those
//! that are alive; with `--verify` whether compaction has taken what they stand for. What was done leaves a receipt in the store
//! `security`, created once.
//!
//! Never in here: a key in a message or a receipt. A key may say who somebody is, so that only its HMAC is told.

use super::super::cluster::login;
use super::super::walk;
use super::landing::{bounds, opened};
use super::receipts::{self, Of};
use super::{Failure, KafkaSpec, Name, Plan, Project, Write, json, roads};
use super::{TombstoneHow, TombstoneRequest};
use crate::ending;
use crate::failure::Phase;
use crate::job::KafkaAuth;
use crate::relay::{Burial, Cleaning, Delivered, Held, RelayFault, Seen, Sent};
use crate::store::Store;
use crate::world::{Clock, World, stopped};
use serde_json::Value;
use std::collections::{BTreeSet, HashSet};
use std::path::Path;

/// Bytes of a file of keys, at most.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// Keys in it, at most.
const KEYS_MAX: usize = 1_000_000;
/// What an HMAC of a key is told apart by from that of anything else: no kind of value has a space.
const OF_KEY: &[u8] = b"kafka key";

pub(super) async fn go(
    project: &Project,
    plan: &Plan,
    request: &TombstoneRequest,
    out: &mut dyn Write,
) -> Result<Option<Failure>, Failure> {
    let (from, kafka) = cluster_of(plan, &request.topic)?;
    let keys = keys_in(&request.keys, request.hex)?;
    let of_keys = walk::keys_of(plan, project.root(), Vec::new()).await?;
    let Some((mac, check)) = of_keys.forgotten() else {
        let what = "the environment has no `tokens` secret, by which keys are told in a receipt";
        return Err(Failure::new(ending::ENVIRONMENT_INVALID, Phase::Open, what));
    };
    let hash = |key: &[u8]| {
        let tag = mac.of_parts(&[OF_KEY, b"\0", request.topic.as_bytes(), b"\0", key]);
        tag.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let hashes: Vec<String> = keys.iter().map(|key| hash(key)).collect();
    if let KafkaAuth::Iam { .. } = kafka.auth {
        // The client that asks for settings is never given the tokens that it would show.
        let what =
            format!("the cluster of source `{from}` takes tokens of IAM, by which no topic's settings can be asked");
        return Err(Failure::new(ending::ENVIRONMENT_INVALID, Phase::Open, what));
    }
    let login = login(&from, &kafka, project.root()).await?;
    let burial = Burial::new(&from, &kafka, login, &request.topic, keys, bounds(plan).queue_bytes).map_err(failed)?;
    let cleaning = burial.cleaning().await.map_err(failed)?;
    // Where a receipt goes is asked before anything is sent.
    let security = match request.how {
        TombstoneHow::Look => None,
        _ => Some(security(plan, project.root()).await?),
    };
    let seen = burial.look(stopped()).await.map_err(failed)?;
    let run = World::run_id(Clock::System.now());
    let of = Of { plan, request, seen: &seen, hashes: &hashes, check: &check };
    let mut told = json!({
        "job": plan.job, "environment": plan.environment, "source": from, "topic": request.topic, "run": run,
        "settings": cleaning, "found": Found::of(hashes.len(), &seen, &[]),
    });
    let mut sent = Sent::default();
    if let (TombstoneHow::Apply { .. }, Some(security), true) = (&request.how, &security, seen.has_alive()) {
        // What nobody can take back is not begun before it is written down that it is.
        let path = format!("_tombstones/{}/{run}-begun.json", request.topic);
        receipts::put(security, &path, of.begun(&told), "store.put.begun").await?;
        // A client that cannot be made has sent nothing.
        sent =
            burial.bury(&seen, stopped()).await.unwrap_or_else(|fault| Sent { fault: Some(fault), ..Sent::default() });
    }
    let fault = sent.fault.take().map(failed);
    let found = Found::of(hashes.len(), &seen, &sent.delivered);
    told["found"] = json!(found);
    let mut unknown = 0;
    if let (TombstoneHow::Verify, Some(security)) = (&request.how, &security) {
        unknown = receipts::unknown_keys(security, &of).await?;
        told["never_in"] = json!(unknown);
    }
    if let Some(security) = &security {
        let path = format!("_tombstones/{}/{run}.json", request.topic);
        let put =
            receipts::put(security, &path, of.closing(&told, &sent.delivered, fault.as_ref()), "store.put.receipt")
                .await;
        match (put, fault) {
            // Why it ended comes before why that could not be written down: what was begun is, and the next run finds the rest.
            (_, Some(fault)) => return Err(fault),
            (put, None) => put?,
        }
        told["receipt"] = json!(path);
    }
    show(request, &told, &found, &cleaning, out);
    match request.how {
        TombstoneHow::Verify => Ok(found.left(&request.topic, unknown)),
        _ => Ok(None),
    }
}

/// How a failure is told of what was sent.
pub(super) trait Buried {
    fn buried(self) -> Self;
}

impl Buried for Failure {
    fn buried(mut self) -> Self {
        self.ending.safe = ending::BURIED;
        self
    }
}

fn failed(fault: RelayFault) -> Failure {
    let is_refused = matches!(fault, RelayFault::NeverCompacted { .. });
    let failure = Failure::relay(&fault);
    if is_refused { Failure { ending: ending::NEVER_COMPACTED, ..failure } } else { failure.buried() }
}

/// The source of the environment whose topic it is, and its cluster: one of the job's topics, and no other.
fn cluster_of(plan: &Plan, topic: &str) -> Result<(Name, KafkaSpec), Failure> {
    let mut roads = roads(plan).into_iter().filter(|road| road.topics.iter().any(|of| of == topic));
    match (roads.next(), roads.next()) {
        (Some(super::Road { from, kafka: Some(kafka), .. }), None) => Ok((from, kafka)),
        (Some(_), None) => {
            let what = format!("the source of topic `{topic}` names no `kafka`");
            Err(Failure::new(ending::ENVIRONMENT_INVALID, Phase::Files, what))
        }
        (Some(_), Some(_)) => Err(usage(&format!("topic `{topic}` is that of several sources of the job"))),
        (None, _) => {
            Err(usage(&format!("`{}` lands no topic `{topic}`: `relay --plan` lists those it does", plan.job)))
        }
    }
}

fn usage(what: &str) -> Failure {
    Failure::new(ending::TOMB_USAGE, Phase::Files, what)
}

/// The keys of a file, a line each, each once.
fn keys_in(path: &Path, are_hex: bool) -> Result<Vec<Vec<u8>>, Failure> {
    let unreadable = |_| usage("the file of --keys cannot be read");
    if std::fs::metadata(path).map_err(unreadable)?.len() > FILE_BYTES_MAX {
        return Err(usage("the file of --keys has more than 64 MiB"));
    }
    let text = std::fs::read(path).map_err(unreadable)?;
    let (mut keys, mut known) = (Vec::new(), HashSet::new());
    for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        let key = match are_hex {
            false => line.to_vec(),
            true => unhex(line).ok_or_else(|| usage(&format!("line {} of --keys is no hex", number + 1)))?,
        };
        if known.insert(key.clone()) {
            keys.push(key);
        }
    }
    match keys.len() {
        0 => Err(usage("the file of --keys has no key")),
        count if count > KEYS_MAX => Err(usage("the file of --keys has more than a million keys")),
        _ => Ok(keys),
    }
}

fn unhex(line: &[u8]) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        line.iter().map(|digit| (*digit as char).to_digit(16).map(|digit| digit as u8)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

async fn security(plan: &Plan, root: &Path) -> Result<Store, Failure> {
    let spec = plan.stores.iter().find(|(name, _)| name.as_str() == "security").map(|(_, spec)| spec);
    let missing = || Failure::new(ending::NOT_THERE, Phase::Open, "there is no store `security`");
    opened(spec.ok_or_else(missing)?, plan, root).await
}

/// What was found, in counts. A key that stands in two partitions has two places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
struct Found {
    /// Keys that were asked for.
    asked: usize,
    /// Those of which no record is there.
    never_seen: usize,
    /// Records with a value under the others.
    values: u64,
    /// Places whose newest record is a value.
    alive: usize,
    /// Places whose newest record is a tombstone, and older values wait there for compaction.
    waiting: usize,
    /// Tombstones that were sent now.
    sent: usize,
}

impl Found {
    fn of(asked: usize, seen: &Seen, sent: &[Delivered]) -> Self {
        let keys: BTreeSet<usize> = seen.held.keys().map(|(number, _)| *number).collect();
        let of = |is: &dyn Fn(&Held) -> bool| seen.held.values().filter(|held| is(held)).count();
        Found {
            asked,
            never_seen: asked - keys.len(),
            values: seen.held.values().map(|held| held.values).sum(),
            alive: of(&Held::is_alive),
            waiting: of(&|held| held.values > 0 && !held.is_alive()),
            sent: sent.len(),
        }
    }

    /// What is left, as it ends the run; `None` where nothing is, of `unknown` keys as far as they were ever there.
    fn left(&self, topic: &str, unknown: usize) -> Option<Failure> {
        let Found { values, alive, waiting, .. } = self;
        if *alive > 0 {
            let what = format!("topic `{topic}` has values of {alive} keys with no tombstone behind them");
            return Some(Failure::new(ending::VALUES_ALIVE, Phase::Land, what));
        }
        if unknown > 0 {
            let what =
                format!("topic `{topic}` was never seen to have {unknown} of the keys, so that nothing is attested");
            return Some(Failure::new(ending::KEYS_UNKNOWN, Phase::Land, what));
        }
        if *waiting > 0 {
            let what = format!("topic `{topic}` still has {values} values of {waiting} keys before their tombstones");
            return Some(Failure::new(ending::VALUES_WAIT, Phase::Land, what));
        }
        None
    }
}

fn show(request: &TombstoneRequest, told: &Value, found: &Found, cleaning: &Cleaning, out: &mut dyn Write) {
    // A closed pipe is the reader's choice.
    if request.json {
        let _ = writeln!(out, "{told}");
        return;
    }
    let Found { asked, never_seen, values, alive, waiting, sent } = found;
    let hours = |ms: i64| ms / 3_600_000;
    let _ = writeln!(out, "{}\n", request.topic);
    let _ = writeln!(out, "  {asked} keys, {never_seen} of them never seen there");
    let _ =
        writeln!(out, "  {values} values: {alive} keys alive, {waiting} with a tombstone that waits for compaction");
    let _ = writeln!(
        out,
        "  compacted after {} h at most; tombstones stay {} h for readers that come later",
        hours(cleaning.lag_ms_max),
        hours(cleaning.tombstone_ms)
    );
    let _ = match (&request.how, told["receipt"].as_str()) {
        (TombstoneHow::Apply { .. }, Some(path)) => writeln!(out, "  {sent} tombstones sent; receipt {path}"),
        (_, Some(path)) => writeln!(out, "  nothing sent; receipt {path}"),
        _ => writeln!(out, "  nothing was sent or written; --apply sends {alive} tombstones"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_lines_as_bytes_or_hex_each_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("keys");
        std::fs::write(&file, b"{\"id\":1}\n\n{\"id\":2}\r\n{\"id\":1}\n \n").expect("written");
        let keys = keys_in(&file, false).expect("keys");
        assert_eq!(keys, [b"{\"id\":1}".to_vec(), b"{\"id\":2}".to_vec(), b" ".to_vec()]);
        std::fs::write(&file, b"00000001FF\n").expect("written");
        assert_eq!(keys_in(&file, true).expect("keys"), [vec![0, 0, 0, 1, 255]]);
        for bad in [b"0g".as_slice(), b"123", b"\n\n", b""] {
            std::fs::write(&file, bad).expect("written");
            let refused = keys_in(&file, true).expect_err("refused");
            assert_eq!(refused.ending.id, "E-TOMB-2");
            assert!(!refused.to_string().contains("123"), "{refused}");
        }
    }
}
