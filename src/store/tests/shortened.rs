//! Logs whose first entries go: every verb begins where they begin, in both clouds, whatever was killed on the way.

use super::faulty::{Kill, Side};
use super::upkeep::{Objects, back, compared, laid, objects, terms};
use super::world::{Ended, World};
use crate::store::checkpoint::EVERY_OF_TESTS;
use crate::store::delta::checkpoint::checkpoint_path;
use crate::store::delta::log::{entry_path, replay, replay_to};
use crate::store::delta::shortened::path_of;
use crate::store::mutant::{Mutant, plant};
use crate::store::upkeep::collect::{Collected, collect};
use crate::store::upkeep::history::history;
use crate::store::upkeep::verify::{Fault, Verified, verify};
use crate::store::{RUNS, StoreError};
use object_store::ObjectStoreExt;
use object_store::path::Path;

/// Six nights of two tables in two clouds, with a checkpoint at versions 2 and 4.
async fn six_nights() -> World {
    six_nights_with_a_checkpoint_every(2).await
}

async fn six_nights_with_a_checkpoint_every(versions: u64) -> World {
    EVERY_OF_TESTS.set(versions);
    let world = World::new();
    for (night, run) in ["run-a", "run-b", "run-c", "run-d", "run-e", "run-f"].into_iter().enumerate() {
        let (day, rows) = (10 + night as u32, 3 + night as i64);
        assert_eq!(world.night(run, day, rows).await, Ok(Ended::Published));
    }
    world
}

async fn gc(world: &World, table: &str, apply: bool) -> Result<Vec<Collected>, StoreError> {
    collect(&world.warehouse(), &world.security(), table, terms(40, apply)).await
}

/// Every table listed, and collected two days later.
async fn collected_as_a_whole(world: &World) {
    for days in [40, 42] {
        for table in ["invoice", "unit", RUNS] {
            collect(&world.warehouse(), &world.security(), table, terms(days, true)).await.expect("collected");
        }
    }
}

/// What is left of a world without its second cloud.
async fn first_alone(world: &World) -> Objects {
    let mut alone = objects(&world.memory).await;
    alone.retain(|path, _| !path.starts_with("azure/"));
    alone
}

async fn verified(world: &World, table: &str) -> Verified {
    verify(&world.warehouse(), &world.security(), table).await.expect("looked at")
}

async fn versions(world: &World, table: &str) -> Vec<(u64, u64)> {
    let versions = history(&world.primary_folder().child(table)).await.expect("a log");
    versions.iter().map(|of| (of.version, of.rows)).collect()
}

#[tokio::test]
async fn a_log_begins_at_the_newest_checkpoint_before_what_is_kept_and_is_proven_from_there() {
    let world = six_nights().await;
    for table in ["invoice", RUNS] {
        let before = objects(&world.memory).await;
        let dry = gc(&world, table, false).await.expect("asked");
        assert_eq!(objects(&world.memory).await, before, "nothing was written or deleted");
        let told: Vec<_> = dry.iter().map(|of| (of.log_begins, of.log_deleted.len())).collect();
        // Four entries, and the checkpoint of version 2.
        assert_eq!(told, [(4, 5), (4, 5)], "{table}");
        assert_eq!(gc(&world, table, true).await.expect("done"), dry, "{table}");
        let second = gc(&world, table, true).await.expect("done");
        assert!(second.iter().all(|of| of.log_begins == 4 && of.log_deleted.is_empty()), "{second:?}");
        for cloud in [world.primary_folder(), world.second_folder()] {
            let table = cloud.child(table);
            let there = |path: String| table.at(&path);
            for path in (0..4).map(entry_path).chain([checkpoint_path(2)]) {
                assert!(world.memory.head(&there(path.clone())).await.is_err(), "{path}");
            }
            for path in [entry_path(4), entry_path(5), checkpoint_path(4), path_of(4)] {
                assert!(world.memory.head(&there(path.clone())).await.is_ok(), "{path}");
            }
            assert_eq!(replay(&table).await.expect("a log").version, Some(5));
        }
    }
    assert_eq!(versions(&world, "invoice").await, [(4, 7), (5, 8)]);
    // Each night adds a row a table.
    assert_eq!(versions(&world, RUNS).await, [(4, 10), (5, 12)]);
    for table in ["invoice", "unit", RUNS] {
        let seen = verified(&world, table).await;
        assert_eq!((seen.findings, seen.begins), (vec![], if table == "unit" { 0 } else { 4 }), "{table}");
        let held = compared(&world, table).await;
        assert_eq!((held.differences, held.behind), (vec![], vec![]), "{table}");
    }
    assert_eq!(verified(&world, RUNS).await.rows, 12, "the rows of the versions that are gone are proven too");
    let seen = world.seen().await;
    assert_eq!(seen.second, seen.primary);
    assert_eq!(world.night("run-g", 24, 9).await, Ok(Ended::Published));
    assert_eq!(versions(&world, "invoice").await, [(4, 7), (5, 8), (6, 9)]);
}

#[tokio::test]
async fn nobody_goes_back_to_what_the_log_no_longer_has_and_everybody_to_what_it_has() {
    let world = six_nights().await;
    gc(&world, "invoice", true).await.expect("done");
    for to in [0, 2, 3] {
        let refused = back(&world, "run-x", to).await;
        assert!(
            matches!(refused, Err(StoreError::Shortened { version, oldest: 4, .. }) if version == to),
            "{to}: {refused:?}"
        );
    }
    let table = world.primary_folder().child("invoice");
    assert!(matches!(replay_to(&table, Some(3)).await, Err(StoreError::Shortened { oldest: 4, .. })));
    assert!(matches!(replay_to(&table, Some(9)).await, Ok(state) if state.version == Some(5)));
    // Its files were listed by the same collection, so it may not be gone back to; what is kept may.
    assert!(matches!(back(&world, "run-x", 4).await, Err(StoreError::NotThere { .. })));
    assert_eq!(world.night("run-g", 24, 9).await, Ok(Ended::Published));
    back(&world, "run-y", 5).await.expect("gone back");
    assert_eq!(versions(&world, "invoice").await, [(4, 7), (5, 8), (6, 9), (7, 8)]);
    assert_eq!(verified(&world, "invoice").await.findings, []);
    assert_eq!(compared(&world, "invoice").await.differences, []);
}

#[tokio::test]
async fn wherever_the_shortening_is_killed_all_is_whole_and_the_next_one_ends_it() {
    let whole = objects(&six_nights().await.memory).await;
    let undisturbed = laid(&whole).await;
    undisturbed.faulty.reset();
    gc(&undisturbed, RUNS, true).await.expect("done");
    let (calls, ended) = (undisturbed.faulty.calls(), objects(&undisturbed.memory).await);
    let mut states = std::collections::BTreeSet::new();
    for nth in 0..calls {
        for side in [Side::Before, Side::After] {
            let world = laid(&whole).await;
            world.faulty.kill(Kill { nth, side });
            let killed = gc(&world, RUNS, true).await;
            world.faulty.reset();
            let told = format!("kill {side:?} call {nth}: {killed:?}");
            states.insert(versions(&world, RUNS).await.len());
            assert_eq!(verified(&world, RUNS).await.findings, [], "{told}");
            assert_eq!(compared(&world, RUNS).await.differences, [], "{told}");
            assert_eq!(world.seen_rows().await, [8, 16], "{told}");
            gc(&world, RUNS, true).await.expect("done");
            let now = objects(&world.memory).await;
            assert!(now.keys().eq(ended.keys()), "{told}");
            assert_eq!(world.night("run-g", 24, 9).await, Ok(Ended::Published), "{told}");
        }
    }
    assert_eq!(Vec::from_iter(states), [2, 6], "killed before it was said, and after");
}

#[tokio::test]
async fn a_log_whose_entries_go_before_it_is_said_where_it_begins_would_be_found() {
    let whole = objects(&six_nights().await.memory).await;
    plant(Some(Mutant::LogCutFirst));
    let undisturbed = laid(&whole).await;
    undisturbed.faulty.reset();
    gc(&undisturbed, RUNS, true).await.expect("done");
    let mut torn = 0;
    for nth in 0..undisturbed.faulty.calls() {
        let world = laid(&whole).await;
        world.faulty.kill(Kill { nth, side: Side::After });
        let _ = gc(&world, RUNS, true).await;
        world.faulty.reset();
        torn += usize::from(verify(&world.warehouse(), &world.security(), RUNS).await.is_err());
    }
    plant(None);
    assert!(torn > 0, "no kill left a log that begins nowhere");
}

#[tokio::test]
async fn a_cloud_that_was_shortened_alone_differs_in_nothing() {
    let world = six_nights().await;
    let before = objects(&world.memory).await;
    gc(&world, "invoice", true).await.expect("done");
    let after = objects(&world.memory).await;
    for longer in ["s3/invoice/", "azure/invoice/"] {
        let mut one = after.clone();
        one.retain(|path, _| !path.starts_with(longer));
        one.extend(
            before.iter().filter(|(path, _)| path.starts_with(longer)).map(|(path, of)| (path.clone(), of.clone())),
        );
        let world = laid(&one).await;
        let held = compared(&world, "invoice").await;
        assert_eq!((held.differences, held.behind, held.versions), (vec![], vec![], 2), "{longer}");
        assert_eq!(verified(&world, "invoice").await.findings, []);
        assert_eq!(world.night("run-g", 24, 9).await, Ok(Ended::Published), "{longer}");
        let held = compared(&world, "invoice").await;
        assert_eq!((held.differences, held.behind, held.versions), (vec![], vec![], 3), "{longer}");
    }
}

#[tokio::test]
async fn a_new_second_cloud_begins_where_the_first_does_wherever_it_is_killed() {
    // Where it was shortened to, or at 0: of both the files of earlier versions are gone by then.
    for (every, begins) in [(2, 4), (100, 0)] {
        let world = six_nights_with_a_checkpoint_every(every).await;
        collected_as_a_whole(&world).await;
        let alone = first_alone(&world).await;
        let whole = laid(&alone).await;
        let held = compared(&whole, "invoice").await;
        assert_eq!((held.differences, held.behind), (vec![], (begins..6).collect()), "it is only behind");
        whole.faulty.reset();
        assert_eq!(whole.night("run-g", 24, 9).await, Ok(Ended::Published));
        for nth in (0..whole.faulty.calls()).step_by(3) {
            let world = laid(&alone).await;
            world.faulty.kill(Kill { nth, side: Side::After });
            let _ = world.night("run-g", 24, 9).await;
            world.faulty.reset();
            assert_eq!(world.night("run-h", 25, 9).await, Ok(Ended::Published), "call {nth}");
            for table in ["invoice", "unit", RUNS] {
                let told = format!("a checkpoint every {every}, call {nth}: {table}");
                let held = compared(&world, table).await;
                assert_eq!((held.differences, held.behind), (vec![], vec![]), "{told}");
                let second = world.second_folder().child(table);
                assert_eq!(history(&second).await.expect("a log")[0].version, begins, "{told}");
                // Whoever asks the other cloud hears of the same versions that they are without their files.
                let (here, there) = (verified(&world, table).await, verified(&world.failed_over(0), table).await);
                assert_eq!((&here.findings, &there.findings), (&vec![], &vec![]), "{told}");
                assert_eq!((here.collected, here.objects), (there.collected, there.objects), "{told}");
                let expected = if table == RUNS { 0 } else { 2 * (5 - begins) };
                assert_eq!(here.collected, expected, "{told}");
            }
        }
    }
}

#[tokio::test]
async fn a_new_second_cloud_misses_what_the_newest_version_has_and_what_no_list_names() {
    let world = six_nights().await;
    collected_as_a_whole(&world).await;
    let alone = first_alone(&world).await;
    let newest = alone.keys().find(|path| path.starts_with("s3/invoice/run=run-f/part")).expect("a part").clone();
    let listed = format!(
        r#"{{"format":1,"marked_at":"2026-11-01T00:00:00Z","objects":["{}"]}}"#,
        newest.trim_start_matches("s3/invoice/")
    );
    // On a list, and live all the same.
    let mut lost = alone.clone();
    lost.remove(&newest);
    lost.insert("s3/invoice/_gc/00000000000000000001-x.json".into(), listed.into());
    let lost = laid(&lost).await;
    let _ = lost.night("run-x", 15, 8).await;
    assert_eq!(compared(&lost, "invoice").await.behind, [5], "the same night again carries nothing without it");
    // Of an earlier version by then, and on no list.
    let mut lost = alone.clone();
    lost.remove(&newest);
    let lost = laid(&lost).await;
    assert_eq!(lost.night("run-g", 24, 9).await, Ok(Ended::SecondPending));
    assert_eq!(compared(&lost, "invoice").await.behind, [5, 6]);
    let found = verified(&lost, "invoice").await.findings;
    assert!(matches!(found.as_slice(), [one] if one.fault == Fault::Missing && one.version == 5), "{found:?}");
    // Once it is there again all of it is carried.
    let path = Path::from(newest.as_str());
    lost.memory.put(&path, alone[&newest].clone().into()).await.expect("put");
    assert_eq!(lost.night("run-h", 25, 9).await, Ok(Ended::Published));
    assert_eq!(compared(&lost, "invoice").await.behind, [0; 0]);
}

#[tokio::test]
async fn what_is_not_proven_shortens_nothing_and_what_is_changed_afterwards_is_found() {
    let world = six_nights().await;
    let whole = objects(&world.memory).await;
    let (four, two) = (checkpoint_path(4), checkpoint_path(2));
    for (object, with) in [
        // A checkpoint of another table, and one of another version.
        (four.clone(), whole[&format!("s3/unit/{four}")].clone()),
        (four.clone(), whole[&format!("s3/invoice/{two}")].clone()),
    ] {
        let mut harmed = whole.clone();
        harmed.insert(format!("s3/invoice/{object}"), with);
        let world = laid(&harmed).await;
        let clouds = gc(&world, "invoice", true).await.expect("asked");
        assert_eq!((clouds[0].log_begins, clouds[1].log_begins), (0, 4));
    }
    let mut harmed = whole.clone();
    let part = whole.keys().find(|path| path.starts_with(&format!("s3/{RUNS}/run=run-b"))).expect("a part").clone();
    harmed.insert(part, whole["security/_jobs/settlements/00000000000000000000.json"].clone());
    let world = laid(&harmed).await;
    gc(&world, RUNS, true).await.expect("done");
    let found: Vec<_> = verified(&world, RUNS).await.findings.iter().map(|of| (of.version, of.fault)).collect();
    assert_eq!(found, [(1, Fault::Size)], "a file of a version that is gone is still held against its hash");

    let world = laid(&whole).await;
    gc(&world, RUNS, true).await.expect("done");
    let shortened = objects(&world.memory).await;
    for (object, expected) in
        [(format!("s3/{RUNS}/{four}"), Fault::Checkpoint), (format!("s3/{RUNS}/{}", entry_path(4)), Fault::Entry)]
    {
        let mut harmed = shortened.clone();
        let with = match expected {
            Fault::Entry => format!("s3/{RUNS}/{}", entry_path(5)),
            _ => format!("s3/invoice/{four}"),
        };
        harmed.insert(object.clone(), shortened[&with].clone());
        let found = verified(&laid(&harmed).await, RUNS).await.findings;
        assert!(found.iter().any(|of| of.fault == expected), "{object}: {found:?}");
    }
}
