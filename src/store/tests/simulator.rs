//! The protocol in storms. The code that commits is the real one; the world is in memory, and everything that befalls it comes from
//! a seed, so that a violation can be had again: `NIGHTFERRY_SEED=77 cargo test --lib simulator::holds`.
//!
//! ```text
//! a world of two nights, in two clouds
//!   at once:     two processes that run nights, sometimes of the same day, each with bad weather of its own (writes that are
//!                stored and answered 500, lost, refused with 409 and not stored, never arrived; reads without an answer), each
//!                killed before or after one of its calls, or not; a reader of both clouds; a collector that takes everything
//!                older than the storm for old; somebody who goes back to an earlier version; an erasure that writes a newer
//!                suppression list; a second cloud that is away; a hint where the job's records begin that may be wrong
//!   then:        another attempt of a killed night, and a last night in calm weather
//! ```
//!
//! What must hold: a reader of either cloud sees whole versions, never an earlier one after a later; the log has no gap; every
//! period is published by one run, in order, in both tables; what a run says it did is so; `nightferry_runs` has each table and
//! night once; no night behind an erasure goes by an older list; the checkpoint that a log names is there; `verify` and `compare` find nothing (hashes, the manifests' chain, the records); the last night is there.

use super::faulty::{Kill, Side};
use super::world::{Ended, World};
use crate::data::Name;
use crate::store::beginning::OF_TESTS;
use crate::store::checkpoint::EVERY_OF_TESTS;
use crate::store::delta::action::{decode_path, encode_path};
use crate::store::delta::checkpoint::{HINT, Hint, checkpoint_path};
use crate::store::delta::log::entry_path;
use crate::store::delta::shortened::{Shortened, shortened};
use crate::store::ledger;
use crate::store::manifest::Manifest;
use crate::store::mutant::{Mutant, plant};
use crate::store::part::sha256;
use crate::store::upkeep::collect::{Terms, collect};
use crate::store::upkeep::compare::compare;
use crate::store::upkeep::history::{BACK_TO, Entry, Log};
use crate::store::upkeep::rollback::{Asked, rollback};
use crate::store::upkeep::verify::verify;
use crate::store::{Decision, RUNS, StoreError, Stores, replicate};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures::TryStreamExt;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Seeds of `cargo test`, where `NIGHTFERRY_SEEDS` says no other number (`make test` says 20,000), and of a soak.
const SEEDS: [u64; 2] = [4_000, 1_000_000];
/// Seeds within which every planted fault must be found: every fourth, of large storms.
const MUTANT_SEEDS: u64 = 1_000;
/// After every so manieth storm all objects are read and held against their manifests, and the clouds against each other.
const CLOSELY: u64 = 16;
/// Storms at once: they sleep now and then, between the attempts of a write.
const THREADS: u64 = 4;
/// Where a soak goes on.
const SOAKED: &str = "target/soaked-seeds";

/// Every one but [`Mutant::SecondForgotten`], which takes more days than a storm has (`upkeep` finds it), and
/// [`Mutant::LogCutFirst`], which shows between two calls alone (`shortened` finds it).
const MUTANTS: [Mutant; 20] = [
    Mutant::AnswerBelieved,
    Mutant::ConflictTaken,
    Mutant::WritesOver,
    Mutant::TablesFirst,
    Mutant::NoRecovery,
    Mutant::FirstTableOnly,
    Mutant::Unchained,
    Mutant::SecondLogFirst,
    Mutant::SecondNewestOnly,
    Mutant::OlderOverNewer,
    Mutant::PeriodTwice,
    Mutant::RunsTwice,
    Mutant::OldFilesStay,
    Mutant::NoGrace,
    Mutant::OnePhase,
    Mutant::MarkedIgnored,
    Mutant::HintFirst,
    Mutant::ListIgnored,
    Mutant::BeginningBelieved,
    Mutant::CheckpointOfBefore,
];

/// What happened in how many storms.
#[derive(Debug, Default)]
struct Counts {
    calls: AtomicU64,
    kills: AtomicU64,
    reads: AtomicU64,
    backs: AtomicU64,
    collected: AtomicU64,
    lost: AtomicU64,
    forgot: AtomicU64,
    shortened: AtomicU64,
}

impl Counts {
    fn add(of: &AtomicU64, more: u64) {
        of.fetch_add(more, Ordering::Relaxed);
    }

    fn told(&self) -> String {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        format!(
            "{} store calls, {} kills, {} reads of a whole table, {} ways back, {} objects collected, {} turns lost, {} erasures, {} logs shortened",
            of(&self.calls),
            of(&self.kills),
            of(&self.reads),
            of(&self.backs),
            of(&self.collected),
            of(&self.lost),
            of(&self.forgot),
            of(&self.shortened)
        )
    }
}

/// The world before the storm.
type Laid = BTreeMap<Path, Bytes>;

async fn two_nights() -> Laid {
    let memory = Arc::new(InMemory::new());
    let world = World::process(&memory, 1, true);
    // So that the second has one, to which a log can be shortened.
    EVERY_OF_TESTS.set(1);
    for (run, day, rows) in [("run-a", 20, 2), ("run-b", 21, 3)] {
        assert_eq!(world.night(run, day, rows).await, Ok(Ended::Published));
    }
    let listed: Vec<_> = memory.list(None).try_collect().await.expect("a list");
    let mut laid = Laid::new();
    for meta in listed {
        let bytes = memory.get(&meta.location).await.expect("it").bytes().await.expect("bytes");
        laid.insert(meta.location, bytes);
    }
    laid
}

/// splitmix64: numbers out of a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

/// A night in the storm.
struct Attempt {
    world: World,
    run: String,
    day: u32,
    rows: i64,
}

impl Attempt {
    fn new(world: World, dice: &mut Dice, nth: u64) -> Self {
        if dice.roll(4) > 0 {
            world.faulty.misbehave(dice.roll(u64::MAX));
        }
        if dice.roll(3) == 0 {
            world.faulty.reads_fail();
        }
        world.faulty.interleave(dice.roll(u64::MAX));
        if dice.roll(2) == 0 {
            let side = if dice.roll(2) == 0 { Side::Before } else { Side::After };
            world.faulty.kill(Kill { nth: dice.roll(110) as usize, side });
        }
        if dice.roll(5) == 0 {
            world.second_away(true);
        }
        let day = [21, 22, 22, 22, 23][dice.roll(5) as usize];
        Attempt { world, run: format!("run-{}", (b'c' + nth as u8) as char), day, rows: 4 + nth as i64 }
    }

    async fn night(&self) -> Result<Ended, StoreError> {
        self.world.night(&self.run, self.day, self.rows).await
    }
}

/// One storm. What it comes to, or what broke.
///
/// Of four storms one is large: two runs at once, a reader and a guest, a third run after them, two clouds. The others have one
/// run or two at once, and in half of them the store has one cloud.
async fn storm(laid: &Laid, seed: u64, counts: &Counts) -> Result<(), String> {
    let memory = Arc::new(InMemory::new());
    // One in eight has checkpoints, which take most of a storm's time.
    let has_checkpoints = seed % 16 < 2;
    let is_checkpoint = |path: &Path| path.as_ref().contains("checkpoint");
    for (path, bytes) in laid.iter().filter(|(path, _)| has_checkpoints || !is_checkpoint(path)) {
        memory.put(path, bytes.clone().into()).await.map_err(|error| error.to_string())?;
    }
    let began = Utc::now();
    hint_at_a_beginning(&memory, seed).await;
    EVERY_OF_TESTS.set(if has_checkpoints { 2 } else { 100 });
    let mut dice = Dice(seed);
    let is_large = seed.is_multiple_of(4);
    let runs = if is_large { 3 } else { 1 + usize::from(dice.roll(3) == 0) };
    let has_second = is_large || dice.roll(2) == 0;
    let process = || World::process(&memory, 1, has_second);
    let attempts: Vec<Attempt> = (0..runs as u64).map(|nth| Attempt::new(process(), &mut dice, nth)).collect();
    let mut ended = Vec::new();
    match attempts.as_slice() {
        [one] => ended.push(one.night().await),
        [one, two] => {
            let (one, two) = futures::join!(one.night(), two.night());
            ended.extend([one, two]);
        }
        [one, two, three, ..] => {
            let guest = guest_of(&memory, dice.roll(5), dice.roll(u64::MAX), began, counts);
            let reader = reader(&memory, 2 + dice.roll(6), dice.roll(u64::MAX), counts);
            let (one, two, guest, read) = futures::join!(one.night(), two.night(), guest, reader);
            guest?;
            read?;
            ended.extend([one, two, three.night().await]);
        }
        [] => {}
    }
    let calm = process();
    let last = calm.night("run-z", 24, 9).await;
    if last != Ok(Ended::Published) {
        return Err(format!("the last night: {last:?}"));
    }
    for attempt in &attempts {
        Counts::add(&counts.calls, attempt.world.faulty.calls() as u64);
        Counts::add(&counts.kills, u64::from(attempt.world.faulty.is_dead()));
        Counts::add(&counts.lost, attempt.world.lost() as u64);
    }
    holds(&calm, &attempts, ended, seed.is_multiple_of(CLOSELY), counts).await
}

/// Where the records are said to begin: rightly, long ago, at one that is not there, in no words, or nowhere. In every other storm a
/// listing goes back one record only, so that the runs themselves write it over and over.
async fn hint_at_a_beginning(memory: &InMemory, seed: u64) {
    let mut dice = Dice(seed ^ 0x1ed9);
    OF_TESTS.set(if dice.roll(2) == 0 { (1, 2) } else { (100, 32) });
    let said = ["{\"from\":0}", "{\"from\":1}", "{\"from\":900}", "{\"from\":", ""][dice.roll(5) as usize];
    if !said.is_empty() {
        let path = Path::from("security/_nightferry/ledgers/settlements.json");
        memory.put(&path, said.into()).await.expect("put");
    }
}

/// Somebody who is there too: who goes back, who collects, who forgets people, or nobody.
async fn guest_of(
    memory: &Arc<InMemory>,
    who: u64,
    seed: u64,
    began: DateTime<Utc>,
    counts: &Counts,
) -> Result<(), String> {
    let world = World::process(memory, 1, true);
    world.faulty.interleave(seed);
    let mut dice = Dice(seed);
    match who {
        0 => {
            go_back(&world, &mut dice, counts).await;
            Ok(())
        }
        1 => collect_all(&world, &mut dice, began, counts).await,
        2 => {
            let other = World::process(memory, 1, true);
            let mut others = Dice(seed ^ 2);
            other.faulty.interleave(seed ^ 1);
            let (collected, ()) =
                futures::join!(collect_all(&world, &mut dice, began, counts), go_back(&other, &mut others, counts));
            collected
        }
        3 => {
            for _ in 0..dice.roll(120) {
                tokio::task::yield_now().await;
            }
            let forgot = world.forget(0).await;
            Counts::add(&counts.forgot, u64::from(forgot.is_ok()));
            forgot.map_err(|error| format!("an erasure: {error}"))
        }
        _ => Ok(()),
    }
}

async fn go_back(world: &World, dice: &mut Dice, counts: &Counts) {
    let (store, dataset) = (name("warehouse"), name("invoice"));
    if dice.roll(3) == 0 {
        world.faulty.kill(Kill { nth: dice.roll(60) as usize, side: Side::After });
    }
    let today = World::today();
    let asked = Asked {
        today: &today,
        store: &store,
        dataset: &dataset,
        to: dice.roll(2),
        reason: "a storm",
        run: "run-y",
        stamp: "prod",
        at: DateTime::from_timestamp_millis(1_795_000_000_500).expect("a time"),
    };
    let stores: Stores = world.stores();
    let went = rollback(&asked, &world.security(), &stores).await;
    if let Ok(crate::store::upkeep::rollback::WentBack::Done(record)) = &went {
        let _ = replicate(record, &stores).await;
        Counts::add(&counts.backs, 1);
    }
}

/// Lists what is old, and deletes it two days later. Whatever was put there in the storm is young.
async fn collect_all(world: &World, dice: &mut Dice, began: DateTime<Utc>, counts: &Counts) -> Result<(), String> {
    let (warehouse, security) = (world.warehouse(), world.security());
    for keep_days in [30, 32] {
        let terms = Terms { now: began + TimeDelta::days(i64::from(keep_days)), keep_days, apply: true };
        match collect(&warehouse, &security, "invoice", terms).await {
            Ok(clouds) => Counts::add(&counts.collected, clouds.iter().map(|of| of.deleted.len() as u64).sum()),
            Err(error) => return Err(format!("the collector: {error}")),
        }
        for _ in 0..dice.roll(60) {
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}

/// Reads tables of either cloud, as a reader that knows the log alone.
async fn reader(memory: &Arc<InMemory>, times: u64, seed: u64, counts: &Counts) -> Result<(), String> {
    let world = World::process(memory, 1, true);
    world.faulty.interleave(seed);
    let clouds = [world.primary_folder(), world.second_folder()];
    let mut dice = Dice(seed);
    let mut newest: BTreeMap<(u64, u64), u64> = BTreeMap::new();
    for _ in 0..times {
        let (cloud, table) = (dice.roll(2), dice.roll(2));
        let name = ["invoice", "unit"][table as usize];
        let version = whole(&clouds[cloud as usize].child(name)).await;
        let version = version.map_err(|what| format!("a reader of {name}: {what}"))?;
        let before = newest.insert((cloud, table), version).unwrap_or(0);
        if version < before {
            return Err(format!("a reader of {name} saw version {version} after {before}"));
        }
        Counts::add(&counts.reads, 1);
        for _ in 0..dice.roll(60) {
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}

/// The newest version of a table, when everything that it names is there and is what its manifest says.
async fn whole(table: &crate::access::Folder) -> Result<u64, String> {
    let log = Log::read(table).await.map_err(|error| error.to_string())?;
    let newest = log.entries.last().ok_or("no version")?;
    let version = newest.version;
    let (path, expected) = newest.manifest().ok_or("no manifest")?;
    let read = async |path: &str| -> Result<Bytes, String> {
        let found = table.store().get(&table.at(path)).await.map_err(|_| format!("{path} is not there"))?;
        found.bytes().await.map_err(|_| format!("{path} cannot be read"))
    };
    let text = read(path).await?;
    if sha256(&text) != expected {
        return Err(format!("version {version}: another manifest"));
    }
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|_| "no manifest")?;
    if let Ok(hint) = table.store().get(&table.at(HINT)).await {
        let hint = hint.bytes().await.map_err(|_| "the hint cannot be read")?;
        let hint: Hint = serde_json::from_slice(&hint).map_err(|_| "it is no hint")?;
        read(&checkpoint_path(hint.version)).await?;
    }
    let paths = live(&log);
    if paths.len() != manifest.files.len() {
        return Err(format!("version {version} has {} files, its manifest {}", paths.len(), manifest.files.len()));
    }
    for file in &manifest.files {
        if !paths.contains(&file.path) {
            return Err(format!("version {version} lacks {}", file.path));
        }
        if sha256(&read(&file.path).await?) != file.sha256 {
            return Err(format!("{} has other bytes", file.path));
        }
    }
    Ok(version)
}

/// The files of the newest version, as the log tells them.
fn live(log: &Log) -> BTreeSet<String> {
    let standing = log.begins.iter().flat_map(Shortened::standing);
    let mut paths: BTreeSet<String> = standing.map(|file| encode_path(&file.path)).collect();
    for entry in &log.entries {
        for gone in entry.removed() {
            paths.remove(gone);
        }
        paths.extend(entry.added().map(|add| add.path.clone()));
    }
    paths.iter().filter_map(|path| decode_path(path)).collect()
}

/// What must be so after the storm.
async fn holds(
    calm: &World,
    attempts: &[Attempt],
    ended: Vec<Result<Ended, StoreError>>,
    closely: bool,
    counts: &Counts,
) -> Result<(), String> {
    let (first, second) = (calm.primary_folder(), calm.second_folder());
    let (mut nights, mut begun): (Vec<Vec<(String, String)>>, Vec<usize>) = Default::default();
    for table in ["invoice", "unit", RUNS] {
        let log = Log::read(&first.child(table)).await.map_err(|error| format!("the log of {table}: {error}"))?;
        Counts::add(&counts.shortened, u64::from(log.begins.is_some()));
        begun.push(usize::try_from(log.first()).unwrap_or(usize::MAX));
        let told = |entry: &Entry, key: &str| entry.info(key).unwrap_or_default().to_owned();
        let is_back = |entry: &&Entry| entry.info(BACK_TO).is_some() || entry.info("nightferry.run") == Some("run-y");
        let of = log.entries.iter().filter(|entry| !is_back(entry));
        nights.push(of.map(|entry| (told(entry, "nightferry.period"), told(entry, "nightferry.run"))).collect());
        same(calm, table, &log).await?;
        if table != RUNS {
            whole(&first.child(table)).await.map_err(|what| format!("at the end, {table}: {what}"))?;
        }
        if closely {
            let found = match calm.has_second() {
                true => compare(&calm.warehouse(), &second, &calm.security(), table).await,
                false => Ok(Default::default()),
            };
            let found = found.map_err(|error| error.to_string())?;
            if !found.differences.is_empty() || !found.behind.is_empty() {
                return Err(format!("the clouds of {table} differ: {found:?}"));
            }
            let found = verify(&calm.warehouse(), &calm.security(), table).await.map_err(|error| error.to_string())?;
            if !found.findings.is_empty() {
                return Err(format!("{table}: {:?}", found.findings));
            }
        }
    }
    if !nights[0].windows(2).all(|pair| pair[0].0 < pair[1].0) {
        return Err(format!("the periods went back, or came twice: {:?}", nights[0]));
    }
    // The collector shortens the log of one table alone, and the two first nights were whole before.
    let shorter = nights[1].get(begun[0]..).is_some_and(|later| later == nights[0]);
    if begun[0] > 1 || begun[1..] != [0, 0] || !shorter || nights[1] != nights[2] {
        return Err(format!("the tables had other nights: {nights:?}"));
    }
    nights.swap(0, 1);
    if nights[0].last().is_none_or(|(_, run)| run != "run-z") {
        return Err(format!("the last night is not the last: {:?}", nights[0]));
    }
    nobody_is_brought_back(calm).await?;
    let published = |run: &str| nights[0].iter().any(|(_, of)| of == run);
    for (attempt, ended) in attempts.iter().zip(ended) {
        let told = match &ended {
            Ok(Ended::Published | Ended::SecondPending) => published(&attempt.run),
            Ok(Ended::Decided(Decision::AlreadyPublished { run })) => published(run) && !published(&attempt.run),
            Ok(Ended::ListIsNewer | Ended::Decided(Decision::Superseded { .. })) => !published(&attempt.run),
            Ok(Ended::Decided(_)) => false,
            // Nothing is known, and either is well; but nobody else writes here.
            Err(StoreError::Decided(cause)) => !matches!(**cause, StoreError::Conflict { .. }),
            Err(error) => !matches!(error, StoreError::Outrun { .. } | StoreError::Conflict { .. }),
        };
        if !told {
            return Err(format!("{} of day {} said {ended:?}: {:?}", attempt.run, attempt.day, nights[0]));
        }
    }
    Ok(())
}

/// Whether every night behind an erasure went by its list.
async fn nobody_is_brought_back(calm: &World) -> Result<(), String> {
    let mut records = Vec::new();
    let every = ledger::each(&calm.security(), &calm.job, |record| records.push(record.clone())).await;
    every.map_err(|error| error.to_string())?;
    let mut list = None;
    for record in records {
        if record.run.starts_with("erasure") {
            list = Some(0);
        }
        for table in &record.tables {
            let path = calm.primary_folder().child(table.dataset.as_str()).at(&table.manifest.path);
            let text = calm.memory.get(&path).await.map_err(|_| format!("{path} is not there"))?;
            let text = text.bytes().await.map_err(|_| "a manifest cannot be read")?;
            let manifest: Manifest = serde_json::from_slice(&text).map_err(|_| "no manifest")?;
            if manifest.suppression_list < list {
                return Err(format!(
                    "{} went by list {:?} behind list {list:?}",
                    record.run, manifest.suppression_list
                ));
            }
        }
    }
    Ok(())
}

/// Whether the second cloud has this log too, byte for byte, and both have everything that its newest version names.
async fn same(calm: &World, table: &str, log: &Log) -> Result<(), String> {
    let second = calm.has_second().then(|| calm.second_folder());
    for root in std::iter::once(calm.primary_folder()).chain(second) {
        let table = root.child(table);
        for path in live(log) {
            calm.memory.head(&table.at(&path)).await.map_err(|_| format!("{path} is not there"))?;
        }
        let begins = shortened(&table).await.map_err(|error| error.to_string())?.map_or(0, |begins| begins.version);
        for entry in log.entries.iter().filter(|entry| entry.version >= begins) {
            let path = table.at(&entry_path(entry.version));
            let found = calm.memory.get(&path).await.map_err(|_| format!("{path} is not there"))?;
            if found.bytes().await.ok().as_ref() != Some(&entry.text) {
                return Err(format!("{path} is another"));
            }
        }
    }
    Ok(())
}

fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

/// The first violation among `seeds`, with the seed that had it.
fn first_violation(seeds: impl Iterator<Item = u64>, laid: &Laid, counts: &Counts) -> Option<(u64, String)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    for seed in seeds {
        if let Err(what) = runtime.block_on(storm(laid, seed, counts)) {
            return Some((seed, what));
        }
    }
    None
}

fn laid() -> Laid {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(two_nights())
}

#[test]
fn holds_in_every_storm() {
    let (laid, counts, began) = (laid(), Counts::default(), Instant::now());
    if let Some(seed) = std::env::var("NIGHTFERRY_SEED").ok().and_then(|seed| seed.parse().ok()) {
        assert_eq!(first_violation(std::iter::once(seed), &laid, &counts), None);
        return;
    }
    let is_soak = std::env::var_os("NIGHTFERRY_SOAK").is_some();
    let wanted = std::env::var("NIGHTFERRY_SEEDS").ok().and_then(|seeds| seeds.parse().ok());
    let (mut from, until) = (if is_soak { soaked() } else { 0 }, wanted.unwrap_or(SEEDS[usize::from(is_soak)]));
    let first = from;
    while from < until {
        let to = until.min(from + 20_000);
        let violations: Vec<_> = std::thread::scope(|scope| {
            let (laid, counts) = (&laid, &counts);
            let thread = |nth: u64| {
                scope.spawn(move || first_violation((from + nth..to).step_by(THREADS as usize), laid, counts))
            };
            let threads: Vec<_> = (0..THREADS).map(thread).collect();
            threads.into_iter().filter_map(|thread| thread.join().expect("a thread")).collect()
        });
        assert!(violations.is_empty(), "{violations:?}");
        from = to;
        if is_soak {
            std::fs::write(SOAKED, from.to_string()).expect("written");
            println!("seeds to {from} of {until}: 0 violations, {:.0} s", began.elapsed().as_secs_f64());
        }
    }
    println!(
        "{} simulated seeds ({first} to {until}), 0 violations, {:.0} s: {}",
        until - first,
        began.elapsed().as_secs_f64(),
        counts.told()
    );
}

/// How many seeds earlier soaks have been through.
fn soaked() -> u64 {
    std::fs::read_to_string(SOAKED).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

#[test]
fn every_planted_fault_is_found_within_a_thousand_seeds() {
    let laid = laid();
    let found: Vec<(Mutant, Option<(u64, String)>)> = std::thread::scope(|scope| {
        let laid = &laid;
        let hunt = |nth: usize| {
            scope.spawn(move || {
                let mine = MUTANTS.into_iter().skip(nth).step_by(THREADS as usize);
                let hunted = mine.map(|mutant| {
                    plant(Some(mutant));
                    (mutant, first_violation((0..MUTANT_SEEDS).map(|nth| 4 * nth), laid, &Counts::default()))
                });
                hunted.collect::<Vec<_>>()
            })
        };
        let threads: Vec<_> = (0..THREADS as usize).map(hunt).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("a thread")).collect()
    });
    for (mutant, violation) in &found {
        println!("{mutant:?}: {violation:?}");
    }
    let missed: Vec<_> = found.iter().filter(|(_, violation)| violation.is_none()).map(|(mutant, _)| mutant).collect();
    assert!(missed.is_empty() && found.len() == MUTANTS.len(), "not found: {missed:?}");
}
