//! Copies with one object a period, wherever they are killed: the next night leaves that of its version, in both clouds.

use super::faulty::{Kill, Side};
use super::upkeep::{compared, laid, objects};
use super::world::{Ended, World};
use crate::data::Name;
use crate::store::part::sha256;
use crate::store::plain::{PlainCopy, folder, said};
use crate::store::upkeep::verify::verify;
use crate::store::{StoreError, plain_wanted};
use object_store::ObjectStoreExt;

/// A world whose table `invoice` has a copy, of its first night.
async fn copied() -> World {
    let world = World::new();
    plain_wanted(&world.warehouse(), &Name::new("invoice").expect("a name"), true).await.expect("begun");
    assert_eq!(world.night("run-a", 21, 300).await, Ok(Ended::Published));
    world
}

/// The copies of both clouds, each object held against what is said of it.
async fn copies(world: &World) -> [PlainCopy; 2] {
    let mut copies = Vec::new();
    for cloud in [world.primary_folder(), world.second_folder()] {
        let plain = folder(&cloud, "invoice");
        let copy = said(&plain).await.expect("read").expect("a copy");
        for object in copy.objects.iter().filter(|_| copy.whole) {
            let bytes = world.memory.get(&plain.at(&object.path)).await.expect("it").bytes().await.expect("bytes");
            assert_eq!((sha256(&bytes), bytes.len() as u64), (object.sha256.clone(), object.bytes));
        }
        copies.push(copy);
    }
    copies.try_into().expect("two")
}

#[tokio::test]
async fn wherever_a_copy_is_killed_the_next_night_leaves_that_of_its_version() {
    let world = copied().await;
    let [first, second] = copies(&world).await;
    let of = |copy: &PlainCopy| (copy.whole, copy.version, copy.rows, copy.objects.len());
    assert_eq!((of(&first), of(&second)), ((true, Some(0), 300, 1), (true, Some(0), 300, 1)));
    assert_eq!(first.objects[0].sha256, second.objects[0].sha256, "the same bytes in both clouds");
    let whole = objects(&world.memory).await;
    let calls = {
        let world = laid(&whole).await;
        assert_eq!(world.night("run-b", 22, 5).await, Ok(Ended::Published));
        world.faulty.calls()
    };
    let mut behind = 0;
    for nth in 0..calls {
        let world = laid(&whole).await;
        world.faulty.kill(Kill { nth, side: if nth % 2 == 0 { Side::Before } else { Side::After } });
        let _ = world.night("run-b", 22, 5).await;
        world.faulty.reset();
        behind += usize::from(!copies(&world).await[0].whole);
        assert_eq!(world.night("run-c", 23, 7).await, Ok(Ended::Published), "call {nth}");
        let [first, second] = copies(&world).await;
        assert!(first.whole && second.whole && first.rows == 7 && second.rows == 7, "call {nth}: {first:?}");
        let looked = verify(&world.warehouse(), &world.security(), "invoice").await.expect("looked at");
        assert!(looked.findings.is_empty() && looked.plain.is_some_and(|plain| plain.current), "call {nth}");
        assert_eq!(compared(&world, "invoice").await.differences, [], "call {nth}");
    }
    assert!(behind > 2, "{behind} of {calls} kills left a copy that says it is not whole");
}

#[tokio::test]
async fn a_copy_that_is_no_longer_wanted_is_gone_from_both_clouds() {
    let world = copied().await;
    plain_wanted(&world.warehouse(), &Name::new("invoice").expect("a name"), false).await.expect("cleared");
    assert_eq!(world.night("run-b", 22, 5).await, Ok(Ended::Published));
    let left: Vec<String> = objects(&world.memory).await.into_keys().filter(|path| path.contains("/plain/")).collect();
    assert_eq!(left, Vec::<String>::new());
}

/// Every object of a copy, in both clouds.
async fn objects_of_copies(world: &World) -> Vec<String> {
    let paths = objects(&world.memory).await.into_keys();
    paths.filter(|path| path.contains("/plain/") && path.ends_with(".parquet")).collect()
}

#[tokio::test]
async fn a_second_cloud_that_differs_keeps_nobody_in_the_copy_of_the_first() {
    let world = copied().await;
    let entry = world.second_folder().child("invoice").at("_delta_log/00000000000000000000.json");
    world.memory.put(&entry, "{}".into()).await.expect("put");
    let ended = world.night("run-b", 22, 5).await;
    assert!(matches!(ended, Err(StoreError::Diverged { .. })), "{ended:?}");
    let [first, _] = copies(&world).await;
    assert_eq!((first.whole, first.version, first.rows), (true, Some(1), 5));
}

#[tokio::test]
async fn what_no_retry_cures_leaves_nothing_of_an_earlier_version_in_either_cloud() {
    let world = copied().await;
    let armed = world.faulty.kill_before("s3/plain/invoice/_version.json");
    let _ = world.night("run-b", 22, 5).await;
    assert!(armed.reached());
    world.faulty.reset();
    assert_eq!(objects_of_copies(&world).await.len(), 2, "the earlier version's");
    let paths = objects(&world.memory).await.into_keys();
    let mut parts = paths.filter(|path| path.starts_with("s3/invoice/run=run-b/part"));
    world.memory.put(&parts.next().expect("a part").into(), "no part".into()).await.expect("put");
    // The same night again: it is published, and its copy is behind.
    let ended = world.night("run-b", 22, 5).await;
    assert!(matches!(ended, Ok(Ended::Decided(_))), "{ended:?}");
    assert_eq!(objects_of_copies(&world).await, Vec::<String>::new());
    let [first, second] = copies(&world).await;
    assert!(!first.whole && !second.whole, "{first:?} {second:?}");
}
