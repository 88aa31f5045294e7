//! Tables whose logs are long: what a night costs does not grow with them, and whatever a replay begins at, it comes to the same.

use super::world::{Ended, World};
use crate::access::Folder;
use crate::store::RUNS;
use crate::store::beginning;
use crate::store::checkpoint::{EVERY_OF_TESTS, keep_up};
use crate::store::delta::checkpoint::{HINT, checkpoint_path};
use crate::store::delta::entry::{Commit, Mode, entry};
use crate::store::delta::layout;
use crate::store::delta::log::{TableState, apply, entry_path, read, replay, replay_to, versions};
use crate::store::delta::resume::{resumed, written};
use crate::store::ledger::{self, JobRecord};
use crate::store::{StagedPart, settle};
use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};

/// As many as the calls of two nights may differ by: a checkpoint that there is, and its entry, for each look at a table.
const MORE_CALLS_MAX: usize = 30;

/// Entries up to and with the one before `next`, as other nights or jobs would have left them, in these clouds, and the newest
/// two checkpoints.
async fn lengthen(clouds: &[Folder], next: u64) {
    let mut state = replay(&clouds[0]).await.expect("a log");
    let is_runs = clouds[0].at("x").as_ref().contains(RUNS);
    while state.next_version() < next {
        let (version, text) = (state.next_version(), following(&state, is_runs, &[]));
        for cloud in clouds {
            let key = cloud.at(&entry_path(version));
            cloud.store().put(&key, PutPayload::from(text.clone().into_bytes())).await.expect("put");
        }
        apply(&mut state, version, text.as_bytes()).expect("an entry");
        if version > 0 && version % 100 == 0 && version + 200 > next {
            let (bytes, _) = written(&state).expect("a file");
            for cloud in clouds {
                put(cloud, &checkpoint_path(version), bytes.clone()).await;
            }
        }
    }
    for cloud in clouds {
        keep_up(cloud, next - 1).await;
    }
}

/// The entry of a night of another day, or of another job's run.
fn following(state: &TableState, appends: bool, info: &[(&'static str, Option<String>)]) -> String {
    let metadata = state.metadata.clone().expect("metadata");
    let (version, run) = (state.next_version(), format!("run-{}", state.next_version()));
    let path = format!("run={run}/part-00000-00000000.parquet");
    let part = StagedPart { path, bytes: 10, rows: 2, sha256: "ab".into(), columns: Vec::new(), period: None };
    let commit = Commit {
        mode: if appends { Mode::Append } else { Mode::Replace },
        name: "x",
        description: metadata.description.as_deref().unwrap_or_default(),
        schema_text: metadata.schema_string.clone(),
        configuration: metadata.configuration.clone(),
        table_id: metadata.id.clone(),
        parts: &[part],
        transaction: if appends { (run.clone(), 0) } else { ("nightferry:settlements".into(), 1) },
        info: [("nightferry.run", Some(run.clone())), ("nightferry.sha256", Some("ab".into()))]
            .into_iter()
            .chain(info.iter().cloned())
            .collect(),
        // Clocks of two machines: the later version may be the earlier one.
        at_ms: 1_795_000_000_000 + i64::try_from(version ^ 1).expect("a number") * 3_600_000,
    };
    entry(state, &commit).expect("a text")
}

/// Two nights, and then so many that the next is version `next` of every table.
async fn long(next: u64) -> World {
    EVERY_OF_TESTS.set(100);
    let world = World::new();
    for (run, day, rows) in [("run-a", 20, 2), ("run-b", 21, 3)] {
        assert_eq!(world.night(run, day, rows).await, Ok(Ended::Published));
    }
    for table in ["invoice", "unit", RUNS] {
        lengthen(&[world.primary_folder().child(table), world.second_folder().child(table)], next).await;
    }
    world.faulty.reset();
    world
}

#[tokio::test]
async fn a_night_of_version_2050_costs_what_one_of_version_50_costs() {
    let mut costs = Vec::new();
    for next in [50, 2_050] {
        let world = long(next).await;
        assert_eq!(world.night("run-c", 22, 5).await, Ok(Ended::Published));
        costs.push((world.faulty.calls(), world.faulty.listed()));
        let seen = world.seen_rows().await;
        assert_eq!(seen, [5, 10], "{next}");
        for folder in [world.primary_folder(), world.second_folder()] {
            let runs = replay(&folder.child(RUNS)).await.expect("a log");
            assert_eq!(runs.version, Some(next));
            assert!(runs.transactions.contains_key("run-c") && runs.transactions.contains_key("run-a"));
        }
    }
    println!("store calls and objects listed of a night at versions 50 and 2050: {costs:?}");
    let (first, listed) = costs[0];
    for (calls, told) in &costs[1..] {
        assert!(*calls <= first + MORE_CALLS_MAX, "{costs:?}");
        assert!(*told <= listed + MORE_CALLS_MAX, "{costs:?}");
    }
}

#[tokio::test]
async fn a_log_of_more_than_ten_thousand_entries_is_read_and_appended_to() {
    let world = long(50).await;
    let table = world.primary_folder().child(RUNS);
    lengthen(&[table.clone(), world.second_folder().child(RUNS)], 10_150).await;
    world.faulty.reset();
    assert_eq!(world.night("run-c", 22, 5).await, Ok(Ended::Published));
    assert_eq!(replay(&table).await.expect("a log").version, Some(10_150));
    assert!(world.faulty.calls() < 500, "{}", world.faulty.calls());
    assert_eq!(versions(&table, None).await.expect("a log").len(), 10_151);
}

#[tokio::test]
async fn a_store_where_nothing_can_be_written_over_costs_a_night_no_replay() {
    let world = long(150).await;
    assert_eq!(replay(&world.primary_folder().child(RUNS)).await.expect("a log").version, Some(149));
    world.faulty.keep_objects();
    // The name of 100 stays for good; what a night of 410 costs is not what lies between.
    for table in ["invoice", "unit", RUNS] {
        lengthen(&[world.primary_folder().child(table), world.second_folder().child(table)], 250).await;
        lengthen(&[world.primary_folder().child(table), world.second_folder().child(table)], 350).await;
        lengthen(&[world.primary_folder().child(table), world.second_folder().child(table)], 410).await;
    }
    let hint = read_at(&world.primary_folder().child(RUNS), HINT).await;
    assert!(String::from_utf8_lossy(&hint).contains(r#""version":100"#));
    world.faulty.reset();
    world.faulty.keep_objects();
    assert_eq!(world.night("run-c", 22, 5).await, Ok(Ended::Published));
    let kept = world.faulty.calls();
    let plain = long(410).await;
    assert_eq!(plain.night("run-c", 22, 5).await, Ok(Ended::Published));
    println!(
        "store calls of a night at version 410: {kept} where nothing can be written over, {} elsewhere",
        plain.faulty.calls()
    );
    assert!(kept <= plain.faulty.calls() + MORE_CALLS_MAX, "{kept} and {}", plain.faulty.calls());
    assert_eq!(world.seen_rows().await, [5, 10]);
}

#[tokio::test]
async fn a_cloud_that_was_away_for_three_hundred_versions_is_not_asked_for_its_checkpoint_at_each() {
    let world = long(50).await;
    for table in ["invoice", "unit", RUNS] {
        let first = world.primary_folder().child(table);
        lengthen(std::slice::from_ref(&first), 350).await;
        // What the entries name has to be there to be carried.
        for version in 50..350 {
            let path = first.at(&format!("run=run-{version}/part-00000-00000000.parquet"));
            world.memory.put(&path, PutPayload::from_static(b"0123456789")).await.expect("put");
            let there = world.second_folder().child(table);
            let path = there.at(&format!("run=run-{version}/part-00000-00000000.parquet"));
            world.memory.put(&path, PutPayload::from_static(b"0123456789")).await.expect("put");
        }
    }
    world.faulty.reset();
    let ended = world.night("run-c", 22, 5).await;
    assert_eq!(ended, Ok(Ended::Published));
    println!("reads of a hint while 300 versions of three tables are carried: {}", world.faulty.hints());
    assert!(world.faulty.hints() <= 60, "{}", world.faulty.hints());
    for table in ["invoice", "unit", RUNS] {
        let there = world.second_folder().child(table);
        assert_eq!(versions(&there, None).await.expect("a log").len(), 351, "{table}");
        assert!(String::from_utf8_lossy(&read_at(&there, HINT).await).contains(r#""version":300"#), "{table}");
    }
}

#[tokio::test]
async fn a_checkpoint_that_is_not_whole_or_of_another_branch_is_passed_over() {
    let world = long(250).await;
    let table = world.primary_folder().child(RUNS);
    let expected = replay(&table).await.expect("a log");
    let good = read_at(&table, &checkpoint_path(200)).await;
    let older = read_at(&table, &checkpoint_path(100)).await;
    for bad in [good.slice(..good.len() / 2), Bytes::from_static(b"PAR1"), older] {
        put(&table, &checkpoint_path(200), bad).await;
        assert_eq!(replay(&table).await.as_ref(), Ok(&expected), "from an earlier one");
    }
    // Whole, and of a version 200 that another branch had.
    let before = replay_to(&table, Some(199)).await.expect("a log");
    let mut other = before.clone();
    apply(&mut other, 200, following(&before, true, &[("x", Some("another".into()))]).as_bytes()).expect("an entry");
    put(&table, &checkpoint_path(200), written(&other).expect("a file").0).await;
    assert_eq!(replay(&table).await.as_ref(), Ok(&expected), "the entry beside it is another");
    // None at all: what it names is no checkpoint.
    put(&table, &checkpoint_path(200), good.clone()).await;
    put(&table, HINT, Bytes::from_static(br#"{"version":900,"size":1}"#)).await;
    assert_eq!(replay(&table).await.as_ref(), Ok(&expected), "it names nothing that is there");
    // A gap is a gap wherever it is.
    put(&table, HINT, Bytes::from_static(br#"{"version":200,"size":1}"#)).await;
    table.store().delete(&table.at(&entry_path(230))).await.expect("deleted");
    assert!(replay(&table).await.is_err(), "an entry after the checkpoint is gone");
}

#[tokio::test]
async fn a_log_that_others_cleaned_up_by_the_rules_is_read_and_appended_to() {
    let world = long(250).await;
    for cloud in [world.primary_folder(), world.second_folder()] {
        let table = cloud.child(RUNS);
        // Whatever lies before a checkpoint may go, earlier checkpoints too.
        for version in 0..200 {
            table.store().delete(&table.at(&entry_path(version))).await.expect("deleted");
        }
        table.store().delete(&table.at(&checkpoint_path(100))).await.expect("deleted");
    }
    assert_eq!(world.night("run-c", 22, 5).await, Ok(Ended::Published));
    for cloud in [world.primary_folder(), world.second_folder()] {
        let runs = replay(&cloud.child(RUNS)).await.expect("a log");
        assert!(runs.version == Some(250) && runs.transactions.contains_key("run-a"), "{:?}", runs.version);
        let earlier = replay_to(&cloud.child(RUNS), Some(150)).await;
        assert!(earlier.is_err(), "a version that is gone is none: {earlier:?}");
    }
    assert_eq!(world.seen_rows().await, [5, 10]);
}

#[tokio::test]
async fn comes_to_the_same_from_every_checkpoint_as_from_the_first_entry() {
    EVERY_OF_TESTS.set(100);
    let world = World::new();
    assert_eq!(world.night("run-a", 20, 2).await, Ok(Ended::Published));
    let table = world.primary_folder().child("invoice");
    let mut state = replay(&table).await.expect("a log");
    for version in 1..60u64 {
        let day = format!("2026-11-{:02}", version % 28 + 1);
        let info = match version % 3 {
            0 => vec![(layout::MERGED_TO, Some(format!("{day}T01:02:03.000004Z")))],
            _ => vec![(layout::PERIODS, Some(day)), ("nightferry.manifestSha256", Some(format!("{version:064}")))],
        };
        let text = following(&state, version % 5 == 0, &info);
        put(&table, &entry_path(version), text.clone().into()).await;
        apply(&mut state, version, text.as_bytes()).expect("an entry");
        let (bytes, actions) = written(&state).expect("a file");
        assert_eq!(written(&state).expect("a file").0, bytes, "the same bytes again");
        let (back, count) = resumed(bytes.clone()).expect("ours");
        assert_eq!(count, actions);
        let gone =
            crate::store::delta::checkpoint::gone(&state).map(|gone| (gone.path.clone(), gone.clone())).collect();
        assert_eq!(back, TableState { removed: gone, ..state.clone() }, "version {version}");
        // From here on as from the first entry.
        let next = following(&state, false, &[]);
        let (mut one, mut two) = (state.clone(), back);
        apply(&mut one, version + 1, next.as_bytes()).expect("an entry");
        apply(&mut two, version + 1, next.as_bytes()).expect("an entry");
        assert_eq!(written(&one), written(&two), "version {version}");
    }
    assert!(!state.periods.is_empty(), "periods are among what comes back");
}

#[tokio::test]
async fn a_bit_that_is_flipped_in_a_checkpoint_changes_no_table() {
    let world = long(101).await;
    let table = world.primary_folder().child("invoice");
    let bytes = read_at(&table, &checkpoint_path(100)).await;
    assert!(resumed(bytes.clone()).is_some(), "ours");
    for at in (0..bytes.len()).step_by(7) {
        let mut flipped = bytes.to_vec();
        flipped[at] ^= 1 << (at % 8);
        assert_eq!(resumed(flipped.into()), None, "byte {at}");
    }
    for at in (0..bytes.len()).step_by(61) {
        assert_eq!(resumed(bytes.slice(..at)), None, "cut at {at}");
    }
}

async fn read_at(table: &Folder, path: &str) -> Bytes {
    table.store().get(&table.at(path)).await.expect("it").bytes().await.expect("bytes")
}

async fn put(table: &Folder, path: &str, bytes: Bytes) {
    table.store().put(&table.at(path), PutPayload::from_bytes(bytes)).await.expect("put");
    assert!(read(table, 0).await.is_ok());
}

/// Records up to and with the one before `next`, as other nights of the job would have left them.
async fn lengthen_ledger(world: &World, next: u64) {
    let security = world.security();
    let newest = ledger::records(&security, &world.job).await.expect("records");
    let last = newest.records.last().expect("a record").clone();
    for number in newest.next..next {
        let run = format!("run-of-{number}");
        let record = JobRecord { number, run, tables: Vec::new(), inputs: Default::default(), ..last.clone() };
        let key = security.primary().at(&format!("_jobs/settlements/{number:020}.json"));
        world.memory.put(&key, serde_json::to_vec(&record).expect("JSON").into()).await.expect("put");
    }
}

/// Two nights, then so many that the next is number `next`, and a run that found it had to list them all.
async fn long_ledger(next: u64) -> World {
    let world = World::new();
    for (run, day, rows) in [("run-a", 20, 2), ("run-b", 21, 3)] {
        assert_eq!(world.night(run, day, rows).await, Ok(Ended::Published));
    }
    lengthen_ledger(&world, next).await;
    settle(&world.security(), &world.stores(), &world.job, "prod").await.expect("settled");
    world.faulty.reset();
    world
}

async fn told_from(world: &World) -> Option<u64> {
    beginning::told(&world.security(), &world.job).await
}

#[tokio::test]
async fn a_night_after_3650_costs_what_one_after_10_costs() {
    let mut costs = Vec::new();
    for next in [10, 200, 3_650] {
        let world = long_ledger(next).await;
        assert_eq!(world.night("run-c", 22, 5).await, Ok(Ended::Published));
        costs.push((world.faulty.calls(), world.faulty.listed(), world.faulty.pages()));
        assert_eq!(world.seen_rows().await, [5, 10], "{next}");
        let found = ledger::records(&world.security(), &world.job).await.expect("records");
        assert_eq!(found.next, next + 1);
    }
    println!("store calls, objects listed and pages of a night after 10, 200 and 3,650: {costs:?}");
    for (calls, listed, pages) in &costs[1..] {
        // A record read for each of a month of nights.
        assert!(*calls <= costs[0].0 + 32, "{costs:?}");
        assert!(*listed <= costs[0].1 + 400, "{costs:?}");
        assert_eq!(*pages, costs[0].2, "{costs:?}");
    }
}

#[tokio::test]
async fn finds_the_newest_record_whatever_is_said_of_where_to_begin() {
    let world = long_ledger(350).await;
    let (security, key) = (world.security(), Path::from("security/_nightferry/ledgers/settlements.json"));
    assert_eq!(told_from(&world).await, Some(249));
    let right = ledger::records(&security, &world.job).await.expect("records");
    assert_eq!((right.next, right.listed_from, right.records.len()), (350, 249, 32));
    // Behind by much, by nothing, and by less than a month of nights; then what is not there, and what is no hint.
    for (said, from) in
        [("1", 1), ("249", 249), ("349", 0), ("350", 0), ("18446744073709551615", 0), ("-1", 0), ("x", 0)]
    {
        world.memory.put(&key, format!("{{\"from\":{said}}}").into()).await.expect("put");
        let found = ledger::records(&security, &world.job).await.expect("records");
        assert_eq!((found.next, &found.records, found.listed_from), (350, &right.records, from), "{said}");
    }
    world.memory.delete(&key).await.expect("deleted");
    assert_eq!(ledger::records(&security, &world.job).await.expect("records").records, right.records);
    // The next run says it again.
    settle(&security, &world.stores(), &world.job, "prod").await.expect("settled");
    assert_eq!(told_from(&world).await, Some(249));
    // The record that is told of is gone, though those behind it are there.
    world.memory.delete(&Path::from(format!("security/_jobs/settlements/{:020}.json", 249))).await.expect("deleted");
    assert_eq!(ledger::records(&security, &world.job).await.expect("records").records, right.records);
}

#[tokio::test]
async fn two_hundred_ways_back_do_not_hide_the_nights_before_them() {
    let world = long_ledger(350).await;
    let security = world.security();
    let newest = ledger::records(&security, &world.job).await.expect("records");
    let last = newest.records.last().expect("a record").clone();
    for number in 350..550 {
        let record = JobRecord { number, back_to: Some(0), ..last.clone() };
        let key = security.primary().at(&format!("_jobs/settlements/{number:020}.json"));
        world.memory.put(&key, serde_json::to_vec(&record).expect("JSON").into()).await.expect("put");
    }
    world
        .memory
        .put(&Path::from("security/_nightferry/ledgers/settlements.json"), "{\"from\":400}".into())
        .await
        .expect("put");
    let found = ledger::records(&security, &world.job).await.expect("records");
    assert_eq!((found.next, found.listed_from), (550, 0));
    assert!(found.records.iter().filter(|record| record.back_to.is_none()).count() >= 32);
}

#[tokio::test]
async fn a_run_is_published_where_the_hint_can_neither_be_read_nor_written() {
    let world = long_ledger(350).await;
    lengthen_ledger(&world, 800).await;
    world.faulty.away_below(Some("security/_nightferry/ledgers"));
    assert_eq!(world.night("run-c", 22, 5).await, Ok(Ended::Published));
    world.faulty.away_below(None);
    assert_eq!(told_from(&world).await, Some(249), "as it was");
    world.faulty.keep_objects();
    assert_eq!(world.night("run-d", 23, 6).await, Ok(Ended::Published));
    assert_eq!(told_from(&world).await, Some(249), "as it was");
    world.faulty.reset();
    assert_eq!(world.night("run-e", 24, 7).await, Ok(Ended::Published));
    assert_eq!(told_from(&world).await, Some(701));
    assert_eq!(world.seen_rows().await, [7, 14]);
}
