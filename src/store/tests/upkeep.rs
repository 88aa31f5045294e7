//! Tables between their nights: what is wrong is found, the way back is a commit like any other, nothing that anybody needs is
//! taken away, and whoever a failover has overtaken is refused.

use super::faulty::{Kill, Side as When};
use super::world::{Ended, World, part};
use crate::data::{Audience, Name};
use crate::store::checkpoint::EVERY_OF_TESTS;
use crate::store::delta::log::entry_path;
use crate::store::mutant::{Mutant, plant};
use crate::store::upkeep::collect::{Terms, collect};
use crate::store::upkeep::compare::{Compared, Side, compare};
use crate::store::upkeep::history::history;
use crate::store::upkeep::rollback::{Asked, WentBack, rollback};
use crate::store::upkeep::verify::{Fault, verify};
use crate::store::{Decision, RUNS, StoreError, raise, replicate};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures::TryStreamExt;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Every object, by path.
pub(super) type Objects = BTreeMap<String, Bytes>;

pub(super) async fn objects(memory: &InMemory) -> Objects {
    let listed: Vec<_> = memory.list(None).try_collect().await.expect("a list");
    let mut objects = Objects::new();
    for meta in listed {
        let bytes = memory.get(&meta.location).await.expect("it").bytes().await.expect("bytes");
        objects.insert(meta.location.to_string(), bytes);
    }
    objects
}

pub(super) async fn laid(objects: &Objects) -> World {
    let memory = Arc::new(InMemory::new());
    for (path, bytes) in objects {
        memory.put(&Path::from(path.as_str()), bytes.clone().into()).await.expect("put");
    }
    World::over(memory)
}

/// Three nights of two tables, in two clouds.
async fn three_nights() -> World {
    let world = World::new();
    for (run, day, rows) in [("run-a", 21, 3), ("run-b", 22, 5), ("run-c", 23, 8)] {
        assert_eq!(world.night(run, day, rows).await, Ok(Ended::Published));
    }
    world
}

pub(super) async fn compared(world: &World, table: &str) -> Compared {
    compare(&world.warehouse(), &world.second_folder(), &world.security(), table).await.expect("compared")
}

fn flipped(bytes: &Bytes, at: usize) -> Bytes {
    let mut flipped = bytes.to_vec();
    let place = at % flipped.len();
    flipped[place] ^= 1 << (at % 8);
    flipped.into()
}

/// What can happen to one side behind the back of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Harm {
    BitOfAPart,
    TwoPartsSwapped,
    PartCutShort,
    PartGrown,
    PartGone,
    OtherPartInItsPlace,
    BitOfAManifest,
    ManifestGone,
    ManifestOfAnotherNight,
    BitOfAnEntry,
    EntryGone,
    EntryOfAnotherVersion,
    SurplusVersion,
    CheckpointGone,
    CheckpointOfAnotherTable,
    SameBitOnBothSides,
}

const HARMS: [Harm; 16] = [
    Harm::BitOfAPart,
    Harm::TwoPartsSwapped,
    Harm::PartCutShort,
    Harm::PartGrown,
    Harm::PartGone,
    Harm::OtherPartInItsPlace,
    Harm::BitOfAManifest,
    Harm::ManifestGone,
    Harm::ManifestOfAnotherNight,
    Harm::BitOfAnEntry,
    Harm::EntryGone,
    Harm::EntryOfAnotherVersion,
    Harm::SurplusVersion,
    Harm::CheckpointGone,
    Harm::CheckpointOfAnotherTable,
    Harm::SameBitOnBothSides,
];

/// Does `harm` to a table on one side; gives back the objects it touched, by path under the table's folder.
fn do_harm(objects: &mut Objects, harm: Harm, at: &str, table: &str, seed: usize) -> Vec<String> {
    let root = format!("{at}/{table}/");
    let of = |ending: &str| -> Vec<String> {
        objects.keys().filter(|path| path.starts_with(&root) && path.ends_with(ending)).cloned().collect()
    };
    let (checkpoints, parts): (Vec<_>, Vec<_>) =
        of(".parquet").into_iter().partition(|path| path.contains("_delta_log"));
    let manifests = of("_manifest.json");
    let entries: Vec<String> = of(".json").into_iter().filter(|path| path.contains("_delta_log")).collect();
    let pick = |of: &[String]| of[seed % of.len()].clone();
    let other = |of: &[String]| of[(seed + 1) % of.len()].clone();
    let touched = match harm {
        Harm::BitOfAPart | Harm::SameBitOnBothSides => {
            let path = pick(&parts);
            let bytes = flipped(&objects[&path], seed);
            if harm == Harm::SameBitOnBothSides {
                let there = path.replacen(at, if at == "s3" { "azure" } else { "s3" }, 1);
                objects.insert(there, bytes.clone());
            }
            objects.insert(path.clone(), bytes);
            vec![path]
        }
        Harm::TwoPartsSwapped => {
            let (one, two) = (pick(&parts), other(&parts));
            let (bytes, others) = (objects[&one].clone(), objects[&two].clone());
            objects.insert(one.clone(), others);
            objects.insert(two.clone(), bytes);
            vec![one, two]
        }
        Harm::PartCutShort => {
            let path = pick(&parts);
            let bytes = objects[&path].clone();
            objects.insert(path.clone(), bytes.slice(..bytes.len() - 1 - seed % 40));
            vec![path]
        }
        Harm::PartGrown => {
            let path = pick(&parts);
            let bytes = [objects[&path].as_ref(), b"\0"].concat();
            objects.insert(path.clone(), bytes.into());
            vec![path]
        }
        Harm::OtherPartInItsPlace => {
            let path = pick(&parts);
            let more = part(table, 40 + seed as i64 % 50, Audience::Restricted).expect("a part");
            objects.insert(path.clone(), more.bytes().clone());
            vec![path]
        }
        Harm::BitOfAManifest => {
            let path = pick(&manifests);
            let bytes = flipped(&objects[&path], seed);
            objects.insert(path.clone(), bytes);
            vec![path]
        }
        Harm::ManifestOfAnotherNight => {
            let path = pick(&manifests);
            let bytes = objects[&other(&manifests)].clone();
            objects.insert(path.clone(), bytes);
            vec![path]
        }
        Harm::BitOfAnEntry => {
            let path = pick(&entries);
            let bytes = flipped(&objects[&path], seed);
            objects.insert(path.clone(), bytes);
            vec![path]
        }
        Harm::EntryOfAnotherVersion => {
            let path = pick(&entries);
            let bytes = objects[&other(&entries)].clone();
            objects.insert(path.clone(), bytes);
            vec![path]
        }
        Harm::PartGone | Harm::ManifestGone | Harm::EntryGone => {
            let path = match harm {
                Harm::PartGone => pick(&parts),
                Harm::ManifestGone => pick(&manifests),
                // Without its last entry a second cloud is only behind; a test of its own has that.
                _ => pick(&entries[..entries.len() - 1]),
            };
            objects.remove(&path);
            vec![path]
        }
        Harm::CheckpointGone => {
            let path = pick(&checkpoints);
            objects.remove(&path);
            vec![path]
        }
        Harm::CheckpointOfAnotherTable => {
            let path = pick(&checkpoints);
            let another = if table == "unit" { "invoice" } else { "unit" };
            let bytes = objects[&path.replace(table, another)].clone();
            objects.insert(path.clone(), bytes);
            vec![path]
        }
        Harm::SurplusVersion => {
            let path = format!("{root}_delta_log/{:020}.json", entries.len());
            objects.insert(path.clone(), objects[&pick(&entries)].clone());
            vec![path]
        }
    };
    touched.iter().map(|path| path[root.len()..].to_owned()).collect()
}

#[tokio::test]
async fn a_thousand_harms_of_sixteen_kinds_are_all_found_by_comparing_the_clouds() {
    let whole = objects(&three_nights().await.memory).await;
    let mut found: BTreeMap<Harm, usize> = BTreeMap::new();
    for seed in 0..1_024_usize {
        let harm = HARMS[seed % HARMS.len()];
        let round = seed / HARMS.len();
        let table = ["invoice", "unit"][round % 2];
        // What is surplus in the first is what the second lacks: it is behind, and no harm.
        let at = if harm == Harm::SurplusVersion { "azure" } else { ["azure", "s3"][round / 2 % 2] };
        let mut harmed = whole.clone();
        let touched = do_harm(&mut harmed, harm, at, table, round * 31 + 7);
        let seen = compared(&laid(&harmed).await, table).await;
        for object in &touched {
            let told = seen.differences.iter().find(|one| one.object == *object);
            let told = told.unwrap_or_else(|| panic!("{harm:?} at {at}, seed {seed}: {object} in {seen:?}"));
            let side = if at == "s3" { Side::First } else { Side::Second };
            let decided = harm != Harm::SameBitOnBothSides;
            assert!(told.side == side || !decided, "{harm:?} at {at}, seed {seed}: {told:?}");
        }
        *found.entry(harm).or_default() += 1;
        let untouched = if table == "invoice" { "unit" } else { "invoice" };
        if round == 0 {
            assert_eq!(compared(&laid(&harmed).await, untouched).await.differences, []);
        }
    }
    println!("{} harms of {} kinds found", found.values().sum::<usize>(), found.len());
    assert!(found.values().sum::<usize>() >= 1_000 && found.len() == HARMS.len(), "{found:?}");
}

#[tokio::test]
async fn a_cloud_that_has_lost_its_newest_nights_is_told_by_their_records() {
    let whole = objects(&three_nights().await.memory).await;
    for table in ["invoice", "unit", "nightferry_runs"] {
        let mut harmed = whole.clone();
        for version in [1, 2] {
            harmed.remove(&format!("s3/{table}/{}", entry_path(version))).expect("an entry");
        }
        let seen = compared(&laid(&harmed).await, table).await;
        let entries = seen.differences.iter().filter(|one| one.object.ends_with(".json"));
        let told: Vec<_> = entries.map(|one| (one.version, one.side, one.fault)).collect();
        assert_eq!(told, [(1, Side::First, Fault::Missing), (2, Side::First, Fault::Missing)], "{table}");
        assert!(seen.behind.is_empty(), "{seen:?}");
    }
    // The records are gone too: then nobody decided it, and whoever has it has something of somebody else's.
    let mut harmed = whole.clone();
    harmed.retain(|path, _| !path.contains("_jobs/") && *path != format!("s3/invoice/{}", entry_path(2)));
    let seen = compared(&laid(&harmed).await, "invoice").await;
    assert!(seen.differences.iter().any(|one| (one.side, one.fault) == (Side::Second, Fault::Surplus)), "{seen:?}");
}

#[tokio::test]
async fn tells_how_far_a_part_differs() {
    let whole = objects(&three_nights().await.memory).await;
    let mut harmed = whole.clone();
    do_harm(&mut harmed, Harm::OtherPartInItsPlace, "azure", "unit", 0);
    let faults: Vec<Fault> = compared(&laid(&harmed).await, "unit").await.differences.iter().map(|d| d.fault).collect();
    assert_eq!(faults, [Fault::Size, Fault::Rows, Fault::Schema]);
    let mut harmed = whole.clone();
    do_harm(&mut harmed, Harm::BitOfAPart, "azure", "unit", 200);
    let seen = compared(&laid(&harmed).await, "unit").await;
    assert_eq!(seen.differences[0].fault, Fault::Sha256, "the size is the same");
}

#[tokio::test]
async fn a_second_cloud_that_is_behind_is_no_other_one() {
    let world = World::new();
    world.night("run-a", 21, 3).await.expect("a night");
    world.second_away(true);
    assert_eq!(world.night("run-b", 22, 5).await, Ok(Ended::SecondPending));
    world.second_away(false);
    let seen = compared(&world, "invoice").await;
    assert_eq!((seen.differences.len(), seen.behind, seen.versions), (0, vec![1], 1));
}

#[tokio::test]
async fn what_was_harmed_in_one_cloud_is_found_there_by_its_manifests() {
    let whole = objects(&three_nights().await.memory).await;
    let world = laid(&whole).await;
    let seen = verify(&world.warehouse(), &world.security(), "unit").await.expect("looked at");
    assert_eq!((seen.findings.len(), seen.versions, seen.objects, seen.rows), (0, 3, 9, 6 + 10 + 16));
    let runs = verify(&world.warehouse(), &world.security(), "nightferry_runs").await.expect("looked at");
    assert_eq!((runs.findings.len(), runs.versions, runs.rows), (0, 3, 6));
    for (seed, harm) in HARMS.into_iter().enumerate().filter(|(_, harm)| *harm != Harm::EntryGone) {
        let mut harmed = whole.clone();
        let touched = do_harm(&mut harmed, harm, "s3", "unit", seed * 31 + 7);
        let world = laid(&harmed).await;
        let looked = verify(&world.warehouse(), &world.security(), "unit").await;
        match looked {
            Ok(seen) => {
                let is_told = |object: &String| seen.findings.iter().any(|finding| finding.object == *object);
                let surplus = harm == Harm::SurplusVersion && !seen.findings.is_empty();
                assert!(surplus || touched.iter().all(is_told), "{harm:?}: {:?}", seen.findings);
            }
            Err(error) => panic!("{harm:?}: {error:?}"),
        }
    }
}

/// The faults of `invoice` in the first cloud, by version.
async fn faults(objects: &Objects) -> Vec<(u64, Fault)> {
    let world = laid(objects).await;
    let seen = verify(&world.warehouse(), &world.security(), "invoice").await.expect("looked at");
    seen.findings.iter().map(|finding| (finding.version, finding.fault)).collect()
}

#[tokio::test]
async fn a_version_that_no_record_decided_is_found() {
    let whole = objects(&three_nights().await.memory).await;
    let entry = |version: usize| format!("s3/invoice/_delta_log/{version:020}.json");
    assert_eq!(faults(&whole).await, []);
    let mut foreign = whole.clone();
    let text = r#"{"commitInfo":{"timestamp":1795000000000,"operation":"DELETE"}}"#;
    foreign.insert(entry(3), Bytes::from_static(text.as_bytes()));
    assert_eq!(faults(&foreign).await, [(3, Fault::Foreign)]);
    // The record of the second night is lost.
    let mut lost = whole.clone();
    lost.remove("security/_jobs/settlements/00000000000000000001.json").expect("a record");
    assert_eq!(faults(&lost).await, [(1, Fault::Foreign)]);
    // Nothing, or half of it, is left of an entry.
    let half = whole[&entry(1)].slice(..whole[&entry(1)].len() / 2);
    for left in [Bytes::new(), half] {
        let mut unreadable = whole.clone();
        unreadable.insert(entry(1), left);
        let found = faults(&unreadable).await;
        assert_eq!(found, [(1, Fault::Unreadable), (1, Fault::Record)]);
    }
}

#[tokio::test]
async fn a_night_is_not_forgotten_behind_any_number_of_ways_back() {
    let world = three_nights().await;
    for nth in 0..33 {
        let went = back(&world, &format!("run-x{nth}"), nth % 2).await;
        assert!(matches!(went, Ok(WentBack::Done(_))), "{nth}: {went:?}");
    }
    let crate::store::ledger::Newest { records, next, .. } =
        crate::store::ledger::records(&world.security(), &world.job).await.expect("records");
    assert_eq!((records.len(), next), (36, 36));
    assert!(records.windows(2).all(|pair| pair[0].number + 1 == pair[1].number), "oldest first");
    let already = Decision::AlreadyPublished { run: "run-c".into() };
    assert_eq!(world.night("run-d", 23, 9).await, Ok(Ended::Decided(already)));
    let newer = world.night("run-e", 22, 9).await;
    assert!(matches!(newer, Ok(Ended::Decided(Decision::Superseded { .. }))), "{newer:?}");
    assert_eq!(world.night("run-f", 24, 9).await, Ok(Ended::Published));
}

fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

fn at() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_795_000_900_000).expect("a time")
}

pub(super) async fn back(world: &World, run: &str, to: u64) -> Result<WentBack, StoreError> {
    let (store, dataset) = (name("warehouse"), name("invoice"));
    let (today, reason) = (World::today(), "a wrong list");
    let asked = Asked { today: &today, store: &store, dataset: &dataset, to, reason, run, stamp: "prod", at: at() };
    let stores = world.stores();
    let went = rollback(&asked, &world.security(), &stores).await?;
    if let WentBack::Done(record) = &went {
        replicate(record, &stores).await?;
    }
    Ok(went)
}

#[tokio::test]
async fn an_earlier_version_is_the_next_one_in_both_clouds() {
    let world = three_nights().await;
    let went = back(&world, "run-x", 0).await.expect("it went back");
    let WentBack::Done(record) = went else { panic!("{went:?}") };
    assert_eq!((record.number, record.back_to, record.reason.as_deref()), (3, Some(0), Some("a wrong list")));
    let seen = world.seen().await;
    assert_eq!((seen.versions, seen.rows), ([4, 3, 4], [3, 16]), "the other table is as it was");
    assert_eq!(seen.second, seen.primary);
    assert!(seen.runs.contains(&"invoice run-x 3".into()), "{:?}", seen.runs);
    let versions = history(&world.primary_folder().child("invoice")).await.expect("versions");
    let told: Vec<_> = versions.iter().map(|of| (of.version, of.rows, of.back_to)).collect();
    assert_eq!(told, [(0, 3, None), (1, 5, None), (2, 8, None), (3, 3, Some(0))]);
    assert_eq!(versions[3].period.as_deref(), Some("2026-11-21"));
    let looked = verify(&world.warehouse(), &world.security(), "invoice").await.expect("looked at");
    assert_eq!(looked.findings, []);
    assert_eq!(compared(&world, "invoice").await.differences, []);
    // The nights stand: the newest is published, and the next one comes over the old rows.
    let already = Decision::AlreadyPublished { run: "run-c".into() };
    assert_eq!(world.night("run-d", 23, 9).await, Ok(Ended::Decided(already)));
    assert_eq!(back(&world, "run-y", 3).await, Ok(WentBack::There));
    assert_eq!(world.night("run-e", 24, 9).await, Ok(Ended::Published));
    assert_eq!(world.seen().await.rows, [9, 18]);
    // And back to the version that had gone back.
    assert!(matches!(back(&world, "run-z", 3).await, Ok(WentBack::Done(_))));
    assert_eq!(world.seen().await.rows, [3, 18]);
    let none = back(&world, "run-n", 77).await;
    assert!(matches!(none, Err(StoreError::NotThere { .. })), "{none:?}");
}

#[tokio::test]
async fn the_way_back_ends_the_same_wherever_it_is_killed() {
    let whole = objects(&three_nights().await.memory).await;
    let calls = {
        let world = laid(&whole).await;
        back(&world, "run-x", 0).await.expect("it went back");
        world.faulty.calls()
    };
    assert!(calls > 40, "{calls} calls only");
    let mut went = 0;
    for nth in 0..calls {
        for side in [When::Before, When::After] {
            let world = laid(&whole).await;
            world.faulty.kill(Kill { nth, side });
            let _ = back(&world, "run-x", 0).await;
            world.faulty.reset();
            // The next night completes what was begun, and publishes its own.
            assert_eq!(world.night("run-d", 24, 9).await, Ok(Ended::Published), "kill {side:?} call {nth}");
            let versions = history(&world.primary_folder().child("invoice")).await.expect("versions");
            let rows: Vec<u64> = versions.iter().map(|of| of.rows).collect();
            match rows.as_slice() {
                [3, 5, 8, 3, 9] => went += 1,
                [3, 5, 8, 9] => {}
                other => panic!("kill {side:?} call {nth}: {other:?}"),
            }
            let seen = world.seen().await;
            assert_eq!(seen.rows, [9, 18], "kill {side:?} call {nth}");
            assert_eq!(seen.second, seen.primary, "kill {side:?} call {nth}");
        }
    }
    assert!(went > 10 && went < calls * 2 - 10, "both ends of the record were tried: {went} of {calls}");
}

pub(super) fn terms(days: i64, apply: bool) -> Terms {
    Terms { now: Utc::now().max(at()) + TimeDelta::days(days), keep_days: 30, apply }
}

#[tokio::test]
async fn takes_away_what_no_version_in_retention_names_and_a_day_after_it_is_listed() {
    // The log keeps all its versions.
    EVERY_OF_TESTS.set(100);
    let world = three_nights().await;
    let orphan = world.primary_folder().at("invoice/run=orphan/part-00000-00000000.parquet");
    world.memory.put(&orphan, Bytes::from_static(b"left by a killed run").into()).await.expect("an orphan");
    let gc = |days: i64, apply: bool| {
        let (warehouse, security) = (world.warehouse(), world.security());
        async move { collect(&warehouse, &security, "invoice", terms(days, apply)).await.expect("collected") }
    };
    let count = |clouds: &[crate::store::upkeep::collect::Collected]| -> Vec<(usize, usize, usize)> {
        clouds.iter().map(|of| (of.marked.len(), of.waiting, of.deleted.len())).collect()
    };
    let before = objects(&world.memory).await;
    assert_eq!(count(&gc(1, true).await), [(0, 0, 0), (0, 0, 0)], "all is young");
    assert_eq!(count(&gc(40, false).await), [(5, 0, 0), (4, 0, 0)], "two parts of two nights, and the orphan");
    assert_eq!(objects(&world.memory).await, before, "nothing was written or deleted");
    assert_eq!(count(&gc(40, true).await), [(5, 0, 0), (4, 0, 0)]);
    assert_eq!(count(&gc(40, true).await), [(0, 5, 0), (0, 4, 0)], "not a day later");
    // What is listed may not be gone back to; what somebody went back to before is not taken away.
    let refused = back(&world, "run-x", 1).await;
    assert!(matches!(refused, Err(StoreError::NotThere { .. })), "{refused:?}");
    assert_eq!(count(&gc(42, true).await), [(0, 0, 5), (0, 0, 4)]);
    assert_eq!(count(&gc(43, true).await), [(0, 0, 0), (0, 0, 0)]);
    let seen = world.seen().await;
    assert_eq!((seen.rows, seen.versions), ([8, 16], [3, 3, 3]));
    assert_eq!(seen.second, seen.primary);
    let looked = verify(&world.warehouse(), &world.security(), "invoice").await.expect("looked at");
    assert_eq!((looked.findings, looked.collected), (vec![], 4));
    assert_eq!(compared(&world, "invoice").await.differences, []);
    assert_eq!(world.night("run-d", 24, 9).await, Ok(Ended::Published));
}

#[tokio::test]
async fn takes_nothing_of_a_table_away_whose_log_is_lost_in_either_cloud() {
    let whole = objects(&three_nights().await.memory).await;
    for cloud in ["s3", "azure"] {
        let mut lost = whole.clone();
        lost.retain(|path, _| !path.starts_with(&format!("{cloud}/invoice/_delta_log")));
        let world = laid(&lost).await;
        for (days, keep_days) in [(40, 30), (42, 30), (40, u32::MAX)] {
            let terms = Terms { keep_days, ..terms(days, true) };
            let refused = collect(&world.warehouse(), &world.security(), "invoice", terms).await;
            assert!(matches!(refused, Err(StoreError::NotThere { .. })), "{cloud}: {refused:?}");
        }
        assert_eq!(objects(&world.memory).await, lost, "{cloud}");
    }
    let ages = Terms { keep_days: u32::MAX, ..terms(40, true) };
    let world = laid(&whole).await;
    let clouds = collect(&world.warehouse(), &world.security(), "invoice", ages).await.expect("collected");
    assert!(clouds.iter().all(|of| of.marked.is_empty()), "{clouds:?}");
}

#[tokio::test]
async fn takes_nothing_away_that_the_second_cloud_or_an_open_record_still_needs() {
    let world = World::new();
    world.night("run-a", 21, 3).await.expect("a night");
    world.second_away(true);
    assert_eq!(world.night("run-b", 22, 5).await, Ok(Ended::SecondPending));
    let asked = collect(&world.warehouse(), &world.security(), "invoice", terms(40, true)).await;
    assert!(matches!(asked, Err(StoreError::Away { .. })), "a second cloud that cannot be asked: {asked:?}");
    assert_eq!(world.night("run-c", 23, 6).await, Ok(Ended::SecondPending));
    world.second_away(false);
    // Killed between the record and the tables.
    world.faulty.reset();
    let before_log = world.faulty.kill_before("s3/invoice/_delta_log");
    let _ = world.night("run-d", 24, 7).await;
    assert!(before_log.reached());
    world.faulty.reset();
    for days in [40, 42] {
        let clouds = collect(&world.warehouse(), &world.security(), "invoice", terms(days, true)).await;
        let clouds = clouds.expect("collected");
        let going: Vec<&String> = clouds.iter().flat_map(|of| of.marked.iter().chain(&of.deleted)).collect();
        // The second cloud shows the first night still, and lacks both that follow.
        assert!(going.is_empty(), "{going:?}");
    }
    // A collector that forgets the second cloud would take them, so that this test would find it.
    plant(Some(Mutant::SecondForgotten));
    let careless = collect(&world.warehouse(), &world.security(), "invoice", terms(40, false)).await;
    plant(None);
    assert!(careless.expect("looked at").iter().any(|of| !of.marked.is_empty()));
    assert_eq!(world.night("run-e", 25, 9).await, Ok(Ended::Published));
    let seen = world.seen().await;
    assert_eq!((seen.rows, seen.versions), ([9, 18], [5, 5, 5]));
    assert_eq!(seen.second, seen.primary);
}

#[tokio::test]
async fn refuses_whoever_a_failover_has_overtaken() {
    let world = three_nights().await;
    // The first cloud is away: the epoch is raised in the second alone.
    raise(&world.second_folder(), 1, "the first is away", at()).await.expect("raised");
    raise(&world.second_folder(), 1, "the first is away", at()).await.expect("raised twice");
    let lower = raise(&world.second_folder(), 0, "a mistake", at()).await;
    assert!(matches!(lower, Err(StoreError::Epoch { newest: 1, ours: 0, .. })), "{lower:?}");
    // Whoever still has the old environment is refused, though its own first cloud knows nothing of it.
    let refused = world.night("run-d", 24, 9).await;
    let is_refused = |ended: &Result<Ended, StoreError>| match ended {
        Err(StoreError::Epoch { newest: 1, ours: 0, .. }) => true,
        Err(StoreError::Decided(cause)) => matches!(**cause, StoreError::Epoch { newest: 1, ours: 0, .. }),
        _ => false,
    };
    assert!(is_refused(&refused), "{refused:?}");
    assert_eq!(world.seen().await.versions, [3, 3, 3]);
    // The other cloud is the first now; the one that was away learns the epoch when it is carried to.
    let over = world.failed_over(1);
    assert_eq!(over.night("run-e", 24, 9).await, Ok(Ended::Published));
    let seen = world.seen().await;
    assert_eq!((seen.rows, seen.versions), ([9, 18], [4, 4, 4]));
    assert_eq!(seen.second, seen.primary);
    assert!(is_refused(&world.night("run-f", 25, 9).await));
    // An epoch that nobody raised is nobody's to write in.
    let early = world.failed_over(2).night("run-g", 25, 9).await;
    assert!(early.is_err(), "{early:?}");
}

#[tokio::test]
async fn after_a_failover_the_cloud_that_took_over_is_right_about_the_runs_too() {
    let world = three_nights().await;
    world.second_away(true);
    for (run, day, rows) in [("run-d", 24, 9), ("run-e", 25, 10)] {
        assert_eq!(world.night(run, day, rows).await, Ok(Ended::SecondPending));
    }
    world.second_away(false);
    raise(&world.second_folder(), 1, "the first is away", at()).await.expect("raised");
    let over = world.failed_over(1);
    let night = over.night("run-f", 24, 7).await;
    assert!(matches!(night, Err(StoreError::Diverged { .. })), "the other cloud has what never came over: {night:?}");
    let entry = |version| entry_path(version);
    for table in ["invoice", "unit", RUNS] {
        let seen = compare(&over.warehouse(), &over.primary_folder(), &over.security(), table).await.expect("compared");
        let told: Vec<_> = seen.differences.iter().map(|of| (of.object.clone(), of.side, of.fault)).collect();
        // Version 3 is run-f's in the cloud that took over; 4 is nobody's there.
        assert!(told.contains(&(entry(3), Side::Second, Fault::Entry)), "{table}: {told:?}");
        assert!(told.contains(&(entry(4), Side::Second, Fault::Surplus)), "{table}: {told:?}");
        assert!(seen.differences.iter().all(|of| of.side == Side::Second), "{table}: {told:?}");
    }
    // An entry that came over and was lost there since is missed there.
    for table in ["invoice", RUNS] {
        let lost = over.second_folder().child(table).at(&entry(2));
        world.memory.delete(&lost).await.expect("deleted");
        let seen = compare(&over.warehouse(), &over.primary_folder(), &over.security(), table).await.expect("compared");
        let told: Vec<_> = seen.differences.iter().map(|of| (of.object.clone(), of.side, of.fault)).collect();
        assert!(told.contains(&(entry(2), Side::First, Fault::Missing)), "{table}: {told:?}");
    }
}

#[tokio::test]
async fn a_failover_in_the_middle_of_a_night_stops_it_before_its_record() {
    let mut stopped = 0;
    for seed in 0..40 {
        let world = three_nights().await;
        world.faulty.reset();
        world.faulty.interleave(seed);
        let fence = async {
            for _ in 0..seed * 4 {
                tokio::task::yield_now().await;
            }
            raise(&world.second_folder(), 1, "the first is away", at()).await
        };
        let (night, raised) = futures::join!(world.night("run-d", 24, 9), fence);
        raised.expect("raised");
        let records = crate::store::ledger::records(&world.security(), &world.job).await.expect("records").records;
        match night {
            // Before the fence, or too late for it to be seen: then the record stands, and the new side completes it.
            Ok(_) => assert_eq!(records.len(), 4, "seed {seed}"),
            Err(_) => stopped += usize::from(records.len() == 3),
        }
        world.faulty.reset();
        let over = world.failed_over(1);
        // Published there if it came over, or else to be published there.
        let after = over.night("run-e", 24, 7).await;
        let rows = match after {
            Ok(Ended::Published) => [7, 14],
            Ok(Ended::Decided(Decision::AlreadyPublished { ref run })) if run == "run-d" => [9, 18],
            // The first cloud has what the other never saw.
            Err(StoreError::Diverged { .. }) => [7, 14],
            other => panic!("seed {seed}: {other:?}"),
        };
        assert_eq!(over.seen_first_azure().await, rows, "seed {seed}");
    }
    assert!(stopped > 0, "no night was stopped in time");
}
