//! One suite for every kind of store: memory, a local folder, S3, Azure. What commits rest on must hold in each.

use crate::readers::{night, python, store};
use crate::services::{BUCKET, CONTAINER, azure, local, s3, s3_not_exclusive, variable};
use bytes::Bytes;
use futures::TryStreamExt;
use futures::future::join_all;
use nightferry::access::{Folder, Purpose, open};
use nightferry::data::{Audience, Name};
use nightferry::job::Location;
use nightferry::store::{Absent, StoreError, Stores, complete, preflight, put_if_absent, replicate};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStoreExt, PutPayload};
use std::collections::BTreeMap;
use std::sync::Arc;

#[tokio::test]
async fn a_store_in_memory_keeps_the_promise() {
    conformance(&Folder::new(Arc::new(InMemory::new()), Path::from("a"), "memory")).await;
}

#[tokio::test]
async fn a_local_folder_keeps_the_promise() {
    let root = tempfile::tempdir().expect("a folder");
    conformance(&local(root.path(), "local")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn s3_keeps_the_promise() {
    conformance(&s3("s3")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn azure_keeps_the_promise() {
    conformance(&azure("azure")).await;
}

#[tokio::test]
async fn the_preflight_catches_an_s3_server_that_ignores_conditions() {
    let refused = preflight(&s3_not_exclusive("careless")).await;
    assert_eq!(refused, Err(StoreError::NotExclusive { store: "careless".into() }));
}

#[tokio::test]
async fn the_preflight_says_that_a_bucket_or_container_is_not_there() {
    let places = [
        ("s3://no-such-bucket-here/x", "NIGHTFERRY_S3_ENDPOINT"),
        ("az://no-such-container-here/x", "NIGHTFERRY_AZURE_ENDPOINT"),
    ];
    for (url, endpoint) in places {
        let region = Some("eu-west-2".into());
        let location = Location { url: url.into(), region, endpoint: Some(variable(endpoint)), ..Location::default() };
        let folder = open(&location, std::path::Path::new("."), "missing", Purpose::Write).expect("a place");
        let refused = preflight(&folder).await;
        let expected = StoreError::NotThere { store: "missing".into(), what: "the bucket or container".into() };
        assert_eq!(refused, Err(expected), "{url}");
    }
}

#[tokio::test]
async fn the_preflight_says_that_nobody_answers() {
    // A port that was free a moment ago: nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let endpoint = Some(format!("http://127.0.0.1:{port}"));
    let location =
        Location { url: "s3://bucket/x".into(), region: Some("eu-west-2".into()), endpoint, ..Location::default() };
    let folder = open(&location, std::path::Path::new("."), "gone", Purpose::Write).expect("a place");
    let refused = preflight(&folder).await;
    assert!(matches!(refused, Err(StoreError::Away { code: None, .. })), "{refused:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_may_not_be_written_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let root = tempfile::tempdir().expect("a folder");
    let folder = local(root.path(), "local");
    let path = root.path().join("store");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o555)).expect("read only");
    let refused = preflight(&folder).await;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("writable again");
    // Root writes everywhere.
    let root_user = std::fs::metadata("/proc/self").is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0);
    let expected = if root_user { "passed" } else { "refused" };
    let got = if refused.is_ok() { "passed" } else { "refused" };
    assert_eq!(got, expected, "{refused:?}");
    if let Err(error) = refused {
        assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nights_cross_from_s3_to_azure_once_it_is_there() {
    let root = tempfile::tempdir().expect("a folder");
    let (primary, second, scratch) = (s3("warehouse"), azure("warehouse (second)"), local(root.path(), "scratch"));
    let security = store("security", Audience::Security, s3("security"), None);
    let missing = {
        let url = "az://no-such-container-here/x".to_owned();
        let endpoint = Some(variable("NIGHTFERRY_AZURE_ENDPOINT"));
        let location = Location { url, endpoint, ..Location::default() };
        open(&location, std::path::Path::new("."), "warehouse (second)", Purpose::Write).expect("a place")
    };
    let name = |text| Name::new(text).expect("a name");
    for (day, rows, there) in [(20, 700, true), (21, 310, false), (22, 150, true)] {
        let second = if there { second.clone() } else { missing.clone() };
        let warehouse = store("warehouse", Audience::Analytics, primary.clone(), Some(second));
        let record = night(&warehouse, &security, &scratch, day, rows).await;
        let states = replicate(&record, &Stores::from([(name("warehouse"), warehouse)])).await.expect("carried");
        assert_eq!(states.len(), 2, "the table and nightferry_runs");
        assert!(states.iter().all(|state| state.pending.is_none() == there), "{states:?}");
    }
    for table in ["everything", "nightferry_runs"] {
        let (here, there) = (objects(&primary, table).await, objects(&second, table).await);
        assert!(here.len() >= 6, "{:?}", here.keys());
        assert_eq!(here.keys().collect::<Vec<_>>(), there.keys().collect::<Vec<_>>());
        assert!(here == there, "same names, other bytes");
    }
    for (scheme, bucket, folder) in [("s3", BUCKET, &primary), ("az", CONTAINER, &second)] {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/count_rows.py");
        let seen = python(&[script, &format!("{scheme}://{bucket}/{}", folder.at("everything"))]);
        assert_eq!(seen.trim(), "2 150", "deltalake on {scheme}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_runs_that_complete_one_night_on_s3_write_it_once() {
    let root = tempfile::tempdir().expect("a folder");
    let (primary, scratch) = (s3("warehouse"), local(root.path(), "scratch"));
    let (warehouse, security) = (
        store("warehouse", Audience::Analytics, primary.clone(), None),
        store("security", Audience::Security, s3("security"), None),
    );
    let record = night(&warehouse, &security, &scratch, 20, 150).await;
    // As if the run had been killed right after its record.
    for table in ["everything", "nightferry_runs"] {
        let entry = primary.at(&format!("{table}/_delta_log/{:020}.json", 0));
        primary.store().delete(&entry).await.expect("deleted");
    }
    let stores = Stores::from([(Name::new("warehouse").expect("a name"), warehouse)]);
    let ends = join_all((0..6).map(|_| complete(&record, &stores))).await;
    assert!(ends.iter().all(Result::is_ok), "{ends:?}");
    for table in ["everything", "nightferry_runs"] {
        let log = objects(&primary, &format!("{table}/_delta_log")).await;
        assert_eq!(log.len(), 1, "{table}: {:?}", log.keys());
    }
}

/// Every object under `table`, by path.
async fn objects(folder: &Folder, table: &str) -> BTreeMap<String, Bytes> {
    let listed: Vec<_> = folder.store().list(Some(&folder.at(table))).try_collect().await.expect("a list");
    let mut objects = BTreeMap::new();
    for meta in listed {
        let bytes = folder.store().get(&meta.location).await.expect("an object").bytes().await.expect("bytes");
        objects.insert(folder.relative(&meta.location).expect("under the folder"), bytes);
    }
    objects
}

/// What every store must do.
async fn conformance(folder: &Folder) {
    assert_eq!(preflight(folder).await, Ok(()), "its create-only write is exclusive");
    one_of_eight_writers_wins(folder).await;
    lists_what_is_under_a_prefix(folder).await;
    gives_ranges(folder).await;
    keeps_large_objects(folder).await;
    deletes_for_good(folder).await;
}

async fn one_of_eight_writers_wins(folder: &Folder) {
    for round in 0..10 {
        let key = folder.at(&format!("race/{round:020}.json"));
        let texts: Vec<Bytes> = (0..8).map(|writer| format!("{{\"writer\":{writer}}}").into()).collect();
        let ends = join_all(texts.iter().map(|text| put_if_absent(folder, &key, text.clone(), "test"))).await;
        let ends: Vec<Absent> = ends.into_iter().map(|end| end.expect("an answer")).collect();
        let winners: Vec<usize> = (0..8).filter(|writer| !matches!(ends[*writer], Absent::Other(_))).collect();
        assert_eq!(winners.len(), 1, "round {round}: {ends:?}");
        let winner = &texts[winners[0]];
        assert!(ends.iter().all(|end| !matches!(end, Absent::Other(found) if found != winner)), "round {round}");
        let stale = put_if_absent(folder, &key, Bytes::from_static(b"late"), "test").await;
        assert_eq!(stale, Ok(Absent::Other(winner.clone())));
        let again = put_if_absent(folder, &key, winner.clone(), "test").await;
        assert_eq!(again, Ok(Absent::Mine));
    }
}

async fn lists_what_is_under_a_prefix(folder: &Folder) {
    for name in ["list/b", "list/a", "list/c/d", "lister/x"] {
        folder.store().put(&folder.at(name), PutPayload::from_static(b"x")).await.expect("written");
    }
    let listed: Vec<_> = folder.store().list(Some(&folder.at("list"))).try_collect().await.expect("a list");
    let mut names: Vec<_> = listed.iter().filter_map(|meta| folder.relative(&meta.location)).collect();
    names.sort();
    assert_eq!(names, ["list/a", "list/b", "list/c/d"]);
    let none: Vec<_> = folder.store().list(Some(&folder.at("nothing"))).try_collect().await.expect("a list");
    assert!(none.is_empty());
}

async fn gives_ranges(folder: &Folder) {
    let key = folder.at("ranges/run=0199-1/part 0+é.bin");
    folder.store().put(&key, PutPayload::from_static(b"0123456789")).await.expect("written");
    assert_eq!(folder.store().get_range(&key, 2..5).await.expect("a range").as_ref(), b"234");
    let tail = GetOptions { range: Some(GetRange::Suffix(3)), ..GetOptions::default() };
    // Azure has no suffix ranges; everywhere else the footer of a file is read so.
    if let Ok(tail) = folder.store().get_opts(&key, tail).await {
        assert_eq!(tail.bytes().await.expect("bytes").as_ref(), b"789");
    }
    assert_eq!(folder.store().head(&key).await.expect("a head").size, 10);
}

async fn keeps_large_objects(folder: &Folder) {
    let bytes: Bytes = (0..24u32 << 18).flat_map(|word| word.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    assert_eq!(bytes.len(), 24 << 20);
    let key = folder.at("large/part.parquet");
    folder.store().put(&key, PutPayload::from_bytes(bytes.clone())).await.expect("written");
    let back = folder.store().get(&key).await.expect("an object").bytes().await.expect("bytes");
    assert!(back == bytes, "24 MiB come back as they went");
}

async fn deletes_for_good(folder: &Folder) {
    let key = folder.at("delete/me");
    folder.store().put(&key, PutPayload::from_static(b"x")).await.expect("written");
    folder.store().delete(&key).await.expect("deleted");
    let gone = folder.store().get(&key).await.expect_err("nothing there");
    assert!(matches!(gone, object_store::Error::NotFound { .. }), "{gone}");
    let created = put_if_absent(folder, &key, Bytes::from_static(b"y"), "test").await;
    assert_eq!(created, Ok(Absent::Created));
}
