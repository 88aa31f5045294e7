//! The far bank against a world that fails: kills at every call, lost answers, conflicts, racing runs, a second cloud that
//! is away. Each test compares what readers would see, by replaying the logs and decoding the files.
//!
//! ```text
//! again.rs    rows of a published file once more
//! faulty.rs   a store that fails as asked, over one in memory
//! long.rs     tables whose logs are long
//! meanwhile.rs  tables that change while they are looked at
//! plain.rs    copies with one object a period
//! shortened.rs  logs whose first entries go
//! simulator.rs  storms: thousands of worlds, each from a seed; and the faults that they must find
//! upkeep.rs   tables between their nights
//! world.rs    a job of two tables, its stores, one night of it, and what readers see
//! ```

mod again;
mod faulty;
mod long;
mod meanwhile;
mod plain;
mod shortened;
mod simulator;
mod upkeep;
mod world;

use super::{Absent, Decision, Manifest, Staged, StoreError, preflight, put_if_absent, suppression_list};
use crate::data::Audience;
use crate::data::scratch::Allowance;
use crate::failure::{Failure, Phase};
use bytes::Bytes;
use faulty::{Kill, Side};
use futures::TryStreamExt;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use std::sync::Arc;
use world::{Ended, World};

#[tokio::test]
async fn publishes_a_night_once_and_the_next_one_over_it() {
    let world = World::new();
    assert_eq!(world.night("run-a", 21, 3).await, Ok(Ended::Published));
    assert_eq!(
        world.night("run-b", 21, 4).await,
        Ok(Ended::Decided(Decision::AlreadyPublished { run: "run-a".into() }))
    );
    assert_eq!(world.night("run-c", 22, 5).await, Ok(Ended::Published));
    let older = world.night("run-d", 20, 9).await;
    assert!(matches!(older, Ok(Ended::Decided(Decision::Superseded { .. }))), "{older:?}");
    let seen = world.seen().await;
    assert_eq!(seen.versions, [2, 2, 2]);
    assert_eq!(seen.rows, [5, 10]);
    assert_eq!(seen.runs, ["invoice run-a 3", "invoice run-c 5", "unit run-a 6", "unit run-c 10"]);
    assert_eq!(seen.second, seen.primary);
}

#[tokio::test]
async fn tells_the_names_of_the_sources_objects_to_nobody_outside() {
    let world = World::new();
    assert_eq!(world.night("run-a", 21, 3).await, Ok(Ended::Published));
    let all: Vec<_> = world.memory.list(None).try_collect().await.expect("a list");
    let mut told = Vec::new();
    for meta in all {
        let bytes = world.memory.get(&meta.location).await.expect("it").bytes().await.expect("bytes");
        if bytes.windows(12).any(|window| window == b"ada.lovelace") {
            told.push(meta.location.to_string());
        }
    }
    assert_eq!(told, ["security/_jobs/settlements/00000000000000000000.json"]);
}

#[tokio::test]
async fn publishes_the_same_period_again_when_a_person_says_why() {
    let world = World::new();
    assert_eq!(world.night("run-a", 21, 3).await, Ok(Ended::Published));
    assert_eq!(world.night_again("run-b", 21, 4, "a corrected source").await, Ok(Ended::Published));
    let seen = world.seen().await;
    assert_eq!((seen.versions, seen.rows), ([2, 2, 2], [4, 8]));
    let records = super::ledger::records(&world.security(), &world.job).await.expect("records").records;
    assert_eq!(records[1].reason.as_deref(), Some("a corrected source"));
}

#[tokio::test]
async fn ends_the_same_wherever_it_is_killed() {
    let calls = {
        let world = World::new();
        world.night("run-a", 21, 3).await.expect("the night before");
        world.faulty.reset();
        world.night("run-b", 22, 5).await.expect("an undisturbed night");
        world.faulty.calls()
    };
    assert!(calls > 60, "{calls} calls only");
    let mut recovered = [0, 0];
    for nth in 0..calls {
        for side in [Side::Before, Side::After] {
            let world = World::new();
            world.night("run-a", 21, 3).await.expect("the night before");
            world.faulty.reset();
            world.faulty.kill(Kill { nth, side });
            let _ = world.night("run-b", 22, 5).await;
            world.faulty.reset();
            // The next attempt reads other rows, so that it shows whose night was published.
            let next = world.night("run-c", 22, 7).await;
            let seen = world.seen().await;
            let expected = match &next {
                Ok(Ended::Published) => [7, 14],
                Ok(Ended::Decided(Decision::AlreadyPublished { run })) if run == "run-b" => [5, 10],
                other => panic!("kill {side:?} call {nth}: {other:?}"),
            };
            recovered[usize::from(next != Ok(Ended::Published))] += 1;
            assert_eq!(seen.rows, expected, "kill {side:?} call {nth}");
            assert_eq!(seen.versions, [2, 2, 2], "kill {side:?} call {nth}");
            assert_eq!(seen.runs.len(), 4, "kill {side:?} call {nth}: {:?}", seen.runs);
            assert_eq!(seen.second, seen.primary, "kill {side:?} call {nth}");
        }
    }
    assert!(recovered.iter().all(|count| *count > 20), "both ends of the record were tried: {recovered:?}");
}

#[tokio::test]
async fn ends_the_same_when_the_recovery_is_killed_too() {
    for seed in 0..150_usize {
        let world = World::new();
        world.night("run-a", 21, 3).await.expect("the night before");
        for (attempt, run) in ["run-b", "run-c"].into_iter().enumerate() {
            world.faulty.reset();
            let side = if (seed + attempt) % 2 == 0 { Side::Before } else { Side::After };
            // Spread over the night (about 100 calls) by steps that share no factor with it.
            world.faulty.kill(Kill { nth: (seed * 37 + attempt * 53) % 101, side });
            let _ = world.night(run, 22, 5).await;
        }
        world.faulty.reset();
        world.night("run-d", 22, 5).await.expect("the third attempt");
        let seen = world.seen().await;
        assert_eq!((seen.versions, seen.rows), ([2, 2, 2], [5, 10]), "seed {seed}");
        assert_eq!(seen.runs.len(), 4, "seed {seed}: {:?}", seen.runs);
        assert_eq!(seen.second, seen.primary, "seed {seed}");
    }
}

#[tokio::test]
async fn ends_the_same_after_a_race_that_is_killed_in_bad_weather() {
    let mut winners = std::collections::BTreeSet::new();
    for seed in 0..150_u64 {
        let world = World::new();
        world.night("run-a", 21, 3).await.expect("the night before");
        world.faulty.reset();
        world.faulty.misbehave(seed);
        world.faulty.interleave(seed);
        world.faulty.kill(Kill { nth: (seed as usize * 67) % 211, side: Side::After });
        let _ = futures::join!(world.night("run-b", 22, 5), world.night("run-c", 22, 7));
        world.faulty.reset();
        world.night("run-d", 22, 9).await.expect("the next attempt");
        let seen = world.seen().await;
        assert_eq!(seen.versions, [2, 2, 2], "seed {seed}");
        let [invoices, units] = seen.rows;
        assert!(units == 2 * invoices && [5, 7, 9].contains(&invoices), "seed {seed}: {:?}", seen.rows);
        assert_eq!(seen.runs.len(), 4, "seed {seed}: {:?}", seen.runs);
        assert_eq!(seen.second, seen.primary, "seed {seed}");
        winners.insert(invoices);
    }
    assert_eq!(winners.len(), 3, "each of the three runs won at times: {winners:?}");
}

#[test]
fn may_be_awaited_on_any_thread() {
    fn on_any_thread<T: Send>(_: impl Fn(&'static World) -> T) {}
    on_any_thread(|world| world.night("run-a", 21, 3));
}

#[tokio::test]
async fn publishes_in_spite_of_lost_answers_and_conflicts_that_stored_nothing() {
    for seed in 0..60 {
        let world = World::new();
        world.faulty.misbehave(seed);
        assert_eq!(world.night("run-a", 21, 3).await, Ok(Ended::Published), "seed {seed}");
        assert_eq!(world.night("run-b", 22, 5).await, Ok(Ended::Published), "seed {seed}");
        world.faulty.reset();
        let seen = world.seen().await;
        assert_eq!((seen.versions, seen.rows), ([2, 2, 2], [5, 10]), "seed {seed}");
        assert_eq!(seen.runs.len(), 4, "seed {seed}");
        assert_eq!(seen.second, seen.primary, "seed {seed}");
    }
}

#[tokio::test]
async fn lets_one_of_two_racing_runs_publish() {
    let mut lost = 0;
    for seed in 0..80 {
        let world = World::new();
        world.faulty.interleave(seed);
        let (one, two) = futures::join!(world.night("run-a", 21, 3), world.night("run-b", 21, 4));
        let published = [&one, &two].iter().filter(|end| **end == &Ok(Ended::Published)).count();
        let already = [&one, &two].iter().filter(|end| matches!(end, Ok(Ended::Decided(_)))).count();
        assert_eq!((published, already), (1, 1), "seed {seed}: {one:?} {two:?}");
        lost += world.lost();
        let seen = world.seen().await;
        assert_eq!(seen.versions, [1, 1, 1], "seed {seed}");
        let rows = if one == Ok(Ended::Published) { [3, 6] } else { [4, 8] };
        assert_eq!(seen.rows, rows, "seed {seed}");
        assert_eq!(seen.runs.len(), 2, "seed {seed}: {:?}", seen.runs);
        assert_eq!(seen.second, seen.primary, "seed {seed}");
    }
    assert!(lost > 0, "no race was ever lost at the record");
}

#[tokio::test]
async fn never_ends_a_race_of_two_days_with_the_older_one() {
    for seed in 0..80 {
        let world = World::new();
        world.faulty.interleave(seed);
        let (older, newer) = futures::join!(world.night("run-a", 21, 3), world.night("run-b", 22, 4));
        assert_eq!(newer, Ok(Ended::Published), "seed {seed}");
        assert!(older.is_ok(), "seed {seed}: {older:?}");
        assert_eq!(world.seen().await.rows, [4, 8], "seed {seed}");
    }
}

#[tokio::test]
async fn carries_earlier_nights_first_once_the_second_cloud_is_back() {
    let world = World::new();
    world.night("run-a", 21, 3).await.expect("a night");
    world.second_away(true);
    assert_eq!(world.night("run-b", 22, 5).await, Ok(Ended::SecondPending));
    assert_eq!(world.night("run-c", 23, 6).await, Ok(Ended::SecondPending));
    let seen = world.seen().await;
    assert_eq!((seen.versions, seen.rows), ([3, 3, 3], [6, 12]));
    assert_ne!(seen.second, seen.primary);
    world.second_away(false);
    assert_eq!(world.night("run-d", 24, 7).await, Ok(Ended::Published));
    let seen = world.seen().await;
    assert_eq!(seen.rows, [7, 14]);
    assert_eq!(seen.second, seen.primary);
}

#[tokio::test]
async fn a_list_that_is_newer_than_a_night_stops_it_and_the_next_one_goes_by_it() {
    let world = World::new();
    world.night("run-a", 21, 3).await.expect("a night without a list");
    assert_eq!(outrun(&world, "run-b", 22, 0).await, Ok(Ended::ListIsNewer));
    let seen = world.seen().await;
    assert_eq!((seen.versions, seen.rows), ([1, 1, 1], [3, 6]));
    let left: Vec<_> = world.memory.list(None).try_collect().await.expect("a list");
    assert!(left.iter().all(|meta| !meta.location.as_ref().contains("run-b")), "its parts are gone");
    assert_eq!(world.night("run-c", 22, 5).await, Ok(Ended::Published));
    assert_eq!(manifest(&world, "run-a").await.suppression_list, None);
    assert_eq!(manifest(&world, "run-c").await.suppression_list, Some(0));
    assert_eq!(outrun(&world, "run-d", 23, 1).await, Ok(Ended::ListIsNewer), "a list after a list as well");
}

/// A night during which somebody is forgotten: it read the list before.
async fn outrun(world: &World, run: &str, day: u32, list: u64) -> Result<Ended, StoreError> {
    let other = World::over(world.memory.clone());
    let read = suppression_list(&world.security(), "prod").await?.map(|list| list.number);
    other.forget(list).await?;
    world.night_by(run, day, 5, read).await
}

async fn manifest(world: &World, run: &str) -> Manifest {
    let path = world.primary_folder().at(&format!("invoice/run={run}/_manifest.json"));
    let bytes = world.memory.get(&path).await.expect("a manifest").bytes().await.expect("bytes");
    serde_json::from_slice(&bytes).expect("a manifest")
}

#[tokio::test]
async fn copies_only_what_a_committed_entry_names() {
    let world = World::new();
    let orphan = world.primary_folder().at("invoice/run=orphan/part-00000-00000000.parquet");
    world.memory.put(&orphan, PutPayload::from_static(b"left by a killed run")).await.expect("an orphan");
    world.night("run-a", 21, 3).await.expect("a night");
    let copied: Vec<_> = world.memory.list(Some(&"azure".into())).try_collect().await.expect("a list");
    assert!(!copied.is_empty());
    assert!(copied.iter().all(|meta| !meta.location.as_ref().contains("orphan")));
}

#[tokio::test]
async fn stops_at_a_second_cloud_that_holds_something_else() {
    let world = World::new();
    world.night("run-a", 21, 3).await.expect("a night");
    let entry = world.second_folder().at("invoice/_delta_log/00000000000000000000.json");
    world.memory.put(&entry, PutPayload::from_static(b"{\"commitInfo\":{}}\n")).await.expect("a foreign entry");
    let ended = world.night("run-b", 22, 5).await;
    assert!(matches!(ended, Err(StoreError::Diverged { .. })), "{ended:?}");
    assert_eq!(world.seen().await.rows, [5, 10], "the primary is published all the same");
}

#[tokio::test]
async fn notices_a_part_that_changed_on_the_way_to_the_second_cloud() {
    let world = World::new();
    world.second_away(true);
    assert_eq!(world.night("run-a", 21, 3).await, Ok(Ended::SecondPending));
    world.second_away(false);
    let parts: Vec<_> = world.memory.list(Some(&"s3/invoice/run=run-a".into())).try_collect().await.expect("a list");
    let part = parts.iter().find(|meta| meta.location.as_ref().ends_with(".parquet")).expect("a part");
    let mut bytes = world.memory.get(&part.location).await.expect("it").bytes().await.expect("bytes").to_vec();
    bytes[100] ^= 1;
    world.memory.put(&part.location, bytes.into()).await.expect("a flipped bit");
    let ended = world.night("run-b", 22, 5).await;
    assert!(matches!(ended, Err(StoreError::Checksum { .. })), "{ended:?}");
}

#[tokio::test]
async fn refuses_another_environments_store_and_another_jobs_table() {
    let world = World::new();
    world.night("run-a", 21, 3).await.expect("a night");
    let dev = world.with_stamp("dev");
    let refused = dev.night("run-b", 22, 5).await;
    assert!(matches!(refused, Err(StoreError::Stamp { .. })), "{refused:?}");
    assert!(matches!(dev.warehouse().check_stamp("dev").await, Err(StoreError::Stamp { .. })));
    assert_eq!(dev.warehouse().check_stamp("prod").await, Ok(()));
    let other = world.with_job("contracts");
    let refused = other.night("run-b", 22, 5).await;
    assert!(matches!(refused, Err(StoreError::Owner { .. })), "{refused:?}");
    assert_eq!(world.seen().await.rows, [3, 6]);
}

#[tokio::test]
async fn refuses_to_publish_over_a_version_that_somebody_else_wrote() {
    let world = World::new();
    world.night("run-a", 21, 3).await.expect("a night");
    world.faulty.reset();
    // Killed between the record and the tables; then somebody else takes the version that the record names.
    let before_log = world.faulty.kill_before("_delta_log");
    let _ = world.night("run-b", 22, 5).await;
    assert!(before_log.reached());
    world.faulty.reset();
    let entry = world.primary_folder().at("invoice/_delta_log/00000000000000000001.json");
    world.memory.put(&entry, PutPayload::from_static(b"{\"commitInfo\":{}}\n")).await.expect("a foreign entry");
    let refused = world.night("run-c", 22, 7).await;
    let Err(StoreError::Decided(cause)) = refused else { panic!("{refused:?}") };
    assert!(matches!(*cause, StoreError::Conflict { version: 1, .. }), "{cause:?}");
}

#[tokio::test]
async fn refuses_to_go_on_over_a_table_that_was_removed() {
    let world = World::new();
    world.night("run-a", 21, 3).await.expect("a night");
    let all: Vec<_> = world.memory.list(Some(&"s3/invoice".into())).try_collect().await.expect("a list");
    for meta in all {
        world.memory.delete(&meta.location).await.expect("deleted");
    }
    let refused = world.night("run-b", 22, 5).await;
    let Err(StoreError::Decided(cause)) = refused else { panic!("{refused:?}") };
    assert!(matches!(*cause, StoreError::NotThere { .. }), "{cause:?}");
}

#[tokio::test]
async fn refuses_any_night_while_its_ledger_knows_less_than_its_tables() {
    let world = World::new();
    world.night("run-a", 21, 3).await.expect("a night");
    world.night("run-b", 22, 5).await.expect("the next");
    let records: Vec<_> = world.memory.list(Some(&"security/_jobs".into())).try_collect().await.expect("a list");
    let records = records.iter().filter(|meta| meta.location.filename().is_some_and(|name| name.len() == 25));
    let mut kept = Vec::new();
    for meta in records {
        let bytes = world.memory.get(&meta.location).await.expect("it").bytes().await.expect("bytes");
        kept.push((meta.location.clone(), bytes));
        world.memory.delete(&meta.location).await.expect("deleted");
    }
    assert_eq!(kept.len(), 2);
    for (run, day, again) in [("run-c", 20, None), ("run-d", 23, None), ("run-e", 22, Some("a corrected source"))] {
        let refused = match again {
            None => world.night(run, day, 9).await,
            Some(why) => world.night_again(run, day, 9, why).await,
        };
        assert!(matches!(refused, Err(StoreError::LedgerBehind { .. })), "{run}: {refused:?}");
        let told = refused.expect_err("a refusal").to_string();
        assert!(told.contains("table `invoice`") && told.contains("`_jobs/settlements`"), "{told}");
    }
    let left: Vec<_> = world.memory.list(Some(&"security/_jobs".into())).try_collect().await.expect("a list");
    assert!(left.iter().all(|meta| meta.location.filename().is_some_and(|name| name.len() != 25)), "no record is new");
    assert_eq!(world.seen().await.rows, [5, 10]);
    // Half of it back is not enough; all of it is.
    for (nth, (path, bytes)) in kept.into_iter().enumerate() {
        let early = world.night(&format!("run-{nth}"), 23, 9).await;
        assert!(matches!(early, Err(StoreError::LedgerBehind { .. })), "{early:?}");
        world.memory.put(&path, bytes.into()).await.expect("brought back");
    }
    assert_eq!(world.night("run-z", 23, 7).await, Ok(Ended::Published));
    assert_eq!(world.seen().await.rows, [7, 14]);
}

#[tokio::test]
async fn no_more_waits_for_the_verdict_than_the_disk_may_hold() {
    let mut world = World::waiting();
    let staged = world.stage("run-a", 3).await.expect("staged");
    let bytes: u64 = staged.iter().map(Staged::bytes).sum();
    world.spill = Arc::new(Allowance::new(bytes));
    let staged = world.stage("run-b", 3).await.expect("as much as there is room for");
    assert_eq!(world.stage("run-c", 3).await.expect_err("no room is left"), StoreError::Spilled);
    assert_eq!(Failure::store(&StoreError::Spilled, Phase::Stage).ending.code, 51);
    drop(staged);
    world.stage("run-d", 3).await.expect("what was let go takes no room");
}

#[tokio::test]
async fn keeps_a_waiting_store_empty_until_the_verdict() {
    let world = World::waiting();
    let staged = world.stage("run-a", 3).await.expect("staged");
    let outside: Vec<_> = world.memory.list(Some(&"s3".into())).try_collect().await.expect("a list");
    assert_eq!(outside.len(), 0);
    let waiting: Vec<_> = world.memory.list(Some(&"scratch".into())).try_collect().await.expect("a list");
    assert_eq!(waiting.len(), 4);
    for table in &staged {
        table.discard().await.expect("discarded");
    }
    let waiting: Vec<_> = world.memory.list(Some(&"scratch".into())).try_collect().await.expect("a list");
    assert_eq!(waiting.len(), 0);
    assert_eq!(world.night("run-b", 21, 3).await, Ok(Ended::Published));
    assert_eq!(world.seen().await.rows, [3, 6]);
}

#[tokio::test]
async fn discards_this_runs_parts_and_nobody_elses() {
    let world = World::new();
    world.night("run-a", 21, 3).await.expect("a night");
    let staged = world.stage("run-b", 5).await.expect("staged");
    for table in &staged {
        table.discard().await.expect("discarded");
        table.discard().await.expect("discarded twice");
    }
    let left: Vec<_> = world.memory.list(None).try_collect().await.expect("a list");
    assert!(left.iter().all(|meta| !meta.location.as_ref().contains("run-b")));
    assert_eq!(world.seen().await.rows, [3, 6]);
}

#[tokio::test]
async fn refuses_rows_that_were_made_for_another_audience() {
    let world = World::new();
    let part = world::part("invoice", 3, Audience::Restricted).expect("a part");
    let mut staging = world.staging("invoice", "run-a", part.schema());
    let refused = staging.add(&part).await;
    let (wants, got) = (Audience::Analytics, Audience::Restricted);
    assert_eq!(refused, Err(StoreError::Audience { store: "warehouse".into(), wants, got }));
    let written: Vec<_> = world.memory.list(None).try_collect().await.expect("a list");
    assert_eq!(written.len(), 0);
}

#[tokio::test]
async fn tells_bounds_of_no_column_that_is_about_a_person() {
    let part = world::part("invoice", 3, Audience::Restricted).expect("a part");
    let told: Vec<_> = part.columns().iter().map(|c| (c.name.as_str(), c.bounds.range.is_some())).collect();
    assert_eq!(told, [("id", true), ("email", false)]);
}

#[tokio::test]
async fn decides_every_answer_to_a_conditional_write_by_looking() {
    use faulty::PutFault::*;
    let (ours, theirs) = (Bytes::from_static(b"ours"), Bytes::from_static(b"theirs"));
    let cases = [
        (None, Absent::Created),
        (Some(StoredThenExists), Absent::Mine),
        (Some(StoredThenLost), Absent::Mine),
        (Some(ConflictNotStored), Absent::Created),
        (Some(NeverArrived), Absent::Created),
    ];
    for (fault, expected) in cases {
        let world = World::new();
        let folder = world.primary_folder();
        world.faulty.next_put(fault);
        let key = folder.at("key");
        let first = put_if_absent(&folder, &key, ours.clone(), "test").await;
        assert_eq!(first, Ok(expected), "{fault:?}");
        world.faulty.next_put(fault);
        let again = put_if_absent(&folder, &key, ours.clone(), "test").await;
        assert_eq!(again, Ok(Absent::Mine), "{fault:?}");
        let other = put_if_absent(&folder, &key, theirs.clone(), "test").await;
        assert_eq!(other, Ok(Absent::Other(ours.clone())), "{fault:?}");
    }
}

#[tokio::test]
async fn gives_up_after_a_bounded_number_of_attempts() {
    let world = World::new();
    let folder = world.primary_folder();
    world.faulty.away(true);
    let ended = put_if_absent(&folder, &folder.at("key"), Bytes::from_static(b"ours"), "test").await;
    assert!(matches!(ended, Err(StoreError::Away { .. })), "{ended:?}");
    assert!(world.faulty.calls() <= 12);
}

#[tokio::test]
async fn passes_a_store_that_is_exclusive_and_catches_one_that_is_not() {
    let world = World::new();
    assert_eq!(preflight(&world.primary_folder()).await, Ok(()));
    world.faulty.overwrite_always(true);
    let refused = preflight(&world.primary_folder()).await;
    assert_eq!(refused, Err(StoreError::NotExclusive { store: "warehouse".into() }));
    let left: Vec<_> = world.memory.list(None).try_collect().await.expect("a list");
    assert_eq!(left.len(), 0, "the probes are gone");
}
