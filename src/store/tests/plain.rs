//! Copies with one object a period, wherever they are killed: the next night leaves that of its version, in both clouds.

use super::faulty::{Kill, Side};
use super::upkeep::{compared, laid, objects};
use super::world::{Ended, World};
use crate::data::Name;
use crate::store::mutant::{Mutant, plant};
use crate::store::part::sha256;
use crate::store::plain::{PlainCopy, folder, said};
use crate::store::upkeep::verify::{Fault, verify};
use crate::store::upload::Upload;
use crate::store::{StoreError, plain_wanted};
use bytes::Bytes;
use futures::TryStreamExt;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::{BTreeMap, BTreeSet};

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

/// The store's tags of all that is below `plain/`: whatever is written there, the same bytes too, has another.
async fn tags(world: &World) -> BTreeMap<String, Option<String>> {
    let all: Vec<_> = world.memory.list(None).try_collect().await.expect("a list");
    let plain = all.into_iter().filter(|meta| meta.location.as_ref().contains("/plain/"));
    plain.map(|meta| (meta.location.to_string(), meta.e_tag)).collect()
}

#[tokio::test]
async fn a_writer_that_stood_still_writes_nothing_over_a_newer_copy() {
    let whole = objects(&copied().await.memory).await;
    // Before it begins an object, before it says that the copy is not whole, and before it says that it is.
    let places = ["s3", "azure"].into_iter().flat_map(|cloud| {
        [("all.parquet", 0), ("_version.json", 0), ("_version.json", 1)]
            .map(|(object, nth)| (format!("{cloud}/plain/invoice/{object}"), nth))
    });
    let mut overwritten = 0;
    for (path, nth) in places {
        for mutant in [None, Some(Mutant::StalledCopyGoesOn)] {
            let slow = laid(&whole).await;
            let quick = World::over(slow.memory.clone());
            slow.faulty.hold(&path, nth);
            // What it goes by is settled before it stands still.
            plant(mutant);
            let newer = async {
                while !slow.faulty.is_held() {
                    tokio::task::yield_now().await;
                }
                assert_eq!(quick.night("run-c", 23, 7).await, Ok(Ended::Published), "{path} {nth}");
                let made = tags(&quick).await;
                slow.faulty.let_go();
                made
            };
            let (ended, made) = futures::join!(slow.night("run-b", 22, 3_000), newer);
            plant(None);
            match mutant {
                None => {
                    assert_eq!(ended, Ok(Ended::Published), "{path} {nth}");
                    assert_eq!(tags(&quick).await, made, "{path} {nth}");
                    let [first, second] = copies(&quick).await;
                    let is_newer = |copy: &PlainCopy| copy.whole && copy.version == Some(2) && copy.rows == 7;
                    assert!(is_newer(&first) && is_newer(&second), "{path} {nth}: {first:?} {second:?}");
                }
                Some(_) => overwritten += usize::from(tags(&quick).await != made),
            }
        }
    }
    assert!(overwritten > 0, "a writer that does not look would write over it");
}

#[tokio::test]
async fn what_comes_in_one_put_gives_way_to_whoever_was_quicker() {
    let world = World::new();
    let plain = folder(&world.primary_folder(), "invoice");
    let key = plain.at("all.parquet");
    let uploads = async |text: &'static str| {
        let mut upload = Upload::over(&plain, key.clone(), "store.put.plain").await.expect("begun");
        upload.write(&Bytes::from_static(text.as_bytes())).await.expect("written");
        upload
    };
    // Nothing was there, and then something of this one.
    for there in ["first", "second"] {
        let slow = uploads("slow").await;
        assert!(uploads(there).await.finish().await.expect("asked").is_some());
        assert!(slow.finish().await.expect("asked").is_none(), "{there}");
        let found = world.memory.get(&key).await.expect("it").bytes().await.expect("bytes");
        assert_eq!(found, Bytes::from(there));
    }
    // The same bytes of somebody else, or of an attempt of its own whose answer was lost, are its own.
    let (one, two) = (uploads("third").await, uploads("third").await);
    assert!(one.finish().await.expect("asked").is_some() && two.finish().await.expect("asked").is_some());
}

/// The first rows of a Parquet file, encoded otherwise.
fn otherwise(bytes: &Bytes, rows: usize) -> Bytes {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes.clone()).expect("Parquet").build().expect("a reader");
    let batches: Vec<_> = reader.map(|batch| batch.expect("a batch")).collect();
    let all = arrow::compute::concat_batches(&batches[0].schema(), &batches).expect("one batch").slice(0, rows);
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, all.schema(), None).expect("a writer");
    writer.write(&all).expect("written");
    writer.close().expect("closed");
    bytes.into()
}

#[tokio::test]
async fn copies_that_two_versions_of_nightferry_wrote_are_compared_by_their_rows() {
    let world = copied().await;
    let plain = folder(&world.second_folder(), "invoice");
    let (copy, key) = (said(&plain).await.expect("read").expect("a copy"), plain.at("all.parquet"));
    let written = world.memory.get(&key).await.expect("it").bytes().await.expect("bytes");
    for (rows, expected) in [(300, vec![]), (299, vec![Fault::Sha256, Fault::Rows])] {
        let bytes = otherwise(&written, rows);
        assert_ne!(bytes, written);
        world.memory.put(&key, bytes.clone().into()).await.expect("put");
        let mut said = copy.clone();
        (said.objects[0].sha256, said.objects[0].bytes) = (sha256(&bytes), bytes.len() as u64);
        let text = serde_json::to_vec(&said).expect("JSON");
        world.memory.put(&plain.at("_version.json"), text.into()).await.expect("put");
        let found: BTreeSet<Fault> = compared(&world, "invoice").await.differences.iter().map(|of| of.fault).collect();
        assert_eq!(found, BTreeSet::from_iter(expected), "{rows}");
    }
    // What is not what its own copy says is told of as ever.
    world.memory.put(&key, otherwise(&written, 300).into()).await.expect("put");
    assert!(!compared(&world, "invoice").await.differences.is_empty());
}
