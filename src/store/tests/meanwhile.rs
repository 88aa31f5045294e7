//! Tables that are looked at while somebody deletes or writes over what is looked at: what only went or changed is no fault, and what
//! is one is found all the same.

use super::upkeep::{compared, laid, objects, terms};
use super::world::{Ended, World};
use crate::data::Name;
use crate::store::checkpoint::EVERY_OF_TESTS;
use crate::store::mutant::{Mutant, plant};
use crate::store::plain_wanted;
use crate::store::upkeep::collect::collect;
use crate::store::upkeep::compare::compare;
use crate::store::upkeep::verify::verify;
use object_store::ObjectStoreExt;
use object_store::path::Path;

/// Ten nights with a plain copy of one table, of which six were listed and shortened before the other four.
async fn ten_nights() -> World {
    EVERY_OF_TESTS.set(2);
    let world = World::new();
    plain_wanted(&world.warehouse(), &Name::new("invoice").expect("a name"), true).await.expect("begun");
    for night in 0..10_u32 {
        let run = format!("run-{night}");
        assert_eq!(world.night(&run, 10 + night, 3 + i64::from(night)).await, Ok(Ended::Published));
        if night == 5 {
            gc(&world, 40).await;
        }
    }
    world
}

async fn gc(world: &World, days: i64) {
    let collected = collect(&world.warehouse(), &world.security(), "invoice", terms(days, true)).await;
    collected.expect("collected");
}

/// What `verify` and `compare` tell of, after so many turns of everybody else: findings, or that they failed.
async fn found(world: &World, turns: u64) -> [Result<usize, String>; 2] {
    for _ in 0..turns {
        tokio::task::yield_now().await;
    }
    let verified = verify(&world.warehouse(), &world.security(), "invoice").await;
    let compared = compare(&world.warehouse(), &world.second_folder(), &world.security(), "invoice").await;
    [
        verified.map(|seen| seen.findings.len()).map_err(|error| error.to_string()),
        compared.map(|seen| seen.differences.len()).map_err(|error| error.to_string()),
    ]
}

#[tokio::test]
async fn what_goes_or_is_written_over_while_it_is_looked_at_is_no_fault() {
    let whole = objects(&ten_nights().await.memory).await;
    let mut hasty = [0, 0];
    for seed in 0..60_u64 {
        for mutant in [None, Some(Mutant::LooksOnce)] {
            let world = laid(&whole).await;
            let other = World::over(world.memory.clone());
            world.faulty.interleave(seed);
            other.faulty.interleave(seed + 7_000);
            plant(mutant);
            let turns = seed * 11 % 400;
            let found = match seed % 2 {
                0 => futures::join!(found(&world, turns), gc(&other, 82)).0,
                _ => {
                    let (found, night) = futures::join!(found(&world, turns), other.night("run-x", 24, 40));
                    assert_eq!(night, Ok(Ended::Published), "seed {seed}");
                    found
                }
            };
            plant(None);
            match mutant {
                None => assert_eq!(found, [Ok(0), Ok(0)], "seed {seed}"),
                Some(_) => hasty[seed as usize % 2] += usize::from(found != [Ok(0), Ok(0)]),
            }
        }
    }
    println!("whoever looks once tells of {} of 30 collections and {} of 30 nights", hasty[0], hasty[1]);
    assert!(hasty.iter().all(|hasty| *hasty > 0), "{hasty:?}");
}

#[tokio::test]
async fn what_is_a_fault_is_found_beside_whoever_deletes_or_writes_over() {
    let whole = objects(&ten_nights().await.memory).await;
    let part = whole.keys().find(|path| path.starts_with("s3/invoice/run=run-9/part")).expect("a part").clone();
    for seed in 0..24_u64 {
        let mut harmed = whole.clone();
        let mut bytes = whole[&part].to_vec();
        let at = seed as usize * 13 % bytes.len();
        bytes[at] ^= 4;
        harmed.insert(part.clone(), bytes.into());
        let world = laid(&harmed).await;
        let other = World::over(world.memory.clone());
        world.faulty.interleave(seed);
        other.faulty.interleave(seed + 7_000);
        let turns = seed * 11 % 400;
        let found = match seed % 2 {
            0 => {
                let (warehouse, security) = (other.warehouse(), other.security());
                // It ends with the copy, which cannot be made of such a part.
                let gc = collect(&warehouse, &security, "invoice", terms(82, true));
                futures::join!(found(&world, turns), gc).0
            }
            _ => futures::join!(found(&world, turns), other.night("run-x", 24, 40)).0,
        };
        assert!(found.iter().all(|found| found.as_ref().is_ok_and(|found| *found > 0)), "seed {seed}: {found:?}");
    }
}

#[tokio::test]
async fn a_log_that_is_shortened_further_while_it_is_asked_where_it_begins_is_asked_again() {
    let whole = objects(&ten_nights().await.memory).await;
    let world = laid(&whole).await;
    gc(&world, 82).await;
    let after = objects(&world.memory).await;
    let said = |objects: &super::upkeep::Objects| -> Vec<String> {
        objects.keys().filter(|path| path.starts_with("s3/invoice/_shortened/")).cloned().collect()
    };
    assert_ne!(said(&whole), said(&after), "it was shortened further, and what was said before is gone");
    // One that is gone without another in its place is a fault.
    let gone = Path::from(said(&after)[0].as_str());
    world.memory.delete(&gone).await.expect("deleted");
    let looked = verify(&world.warehouse(), &world.security(), "invoice").await;
    assert!(looked.is_err() || !looked.is_ok_and(|seen| seen.findings.is_empty()));
    assert_eq!(compared(&laid(&after).await, "invoice").await.differences, []);
}
