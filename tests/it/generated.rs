//! The generator of worlds, judged by the real binary: a world agrees with its topics, and differs exactly where it was made to.

use crate::databases::Databases;
use crate::ferry::Ferry;
use crate::worlds::{Fault, Made, Name, Settings, World};
use serde_json::Value;
use sqlx::{ConnectOptions, Connection};

const ENVIRONMENT: &str = "jobs/environments/dev.toml";

fn settings(rows: u64, seed: u64) -> Settings {
    Settings { seed, rows, ..Settings::default() }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let bytes = |seed: u64| {
        let ferry = Ferry::shipped();
        for name in Name::ALL {
            let folder = ferry.path("world");
            World::new(name, &settings(300, seed)).unwrap().write(Some(&folder), Some(&folder)).unwrap();
        }
        let files = ferry.files("world");
        files
            .into_iter()
            .map(|file| (std::fs::read(ferry.path("world").join(&file)).unwrap(), file))
            .collect::<Vec<_>>()
    };
    let (one, again, other) = (bytes(7), bytes(7), bytes(8));
    assert!(one.len() > 11 * 2 && one == again);
    assert!(one != other);
}

#[test]
fn a_world_in_files_agrees_with_its_topics() {
    let ferry = Ferry::shipped();
    of_files(&ferry);
    for name in Name::ALL {
        let world = World::new(name, &settings(2_000, 11)).unwrap();
        let made = world.write(Some(&ferry.path("world")), Some(&ferry.path("topics"))).unwrap();
        agrees(&ferry, &world, &made);
    }
}

#[test]
fn a_world_differs_exactly_where_it_was_made_to() {
    let ferry = Ferry::shipped();
    of_files(&ferry);
    // The one job publishes a drift of payments, the other refuses every drift.
    let wanted =
        [(Name::Settlements, None, (0, "amount_gbp")), (Name::Contracts, Some("signatory"), (21, "signed_on"))];
    for (name, differing, (code, column)) in wanted {
        let settings = Settings { differences: 8, differing: differing.map(Into::into), ..settings(1_000, 12) };
        let world = World::new(name, &settings).unwrap();
        let made = world.write(Some(&ferry.path("world")), Some(&ferry.path("topics"))).unwrap();
        let planted = made.differences.clone().unwrap();
        assert_eq!((planted.changed, planted.missing, planted.extra), (4, 2, 2));
        let (came, report) = ferry.report(&[&format!("jobs/{}.toml", name.word())]);
        assert_eq!(came.code, code, "{}", came.err);
        for (dataset, outcome) in compared(&report) {
            let counts = ["changed", "missing", "extra"].map(|count| outcome[count].as_u64().unwrap());
            let expected = if dataset == planted.table { [4, 2, 2] } else { [0, 0, 0] };
            assert_eq!(counts, expected, "{dataset}");
            if dataset == planted.table {
                assert_eq!(outcome["changed_columns"], serde_json::json!({ column: 4 }));
            }
        }
    }
}

#[test]
fn refuses_a_world_that_cannot_be() {
    let fault = |settings: Settings| World::new(Name::Contracts, &settings).err();
    assert!(matches!(fault(settings(99, 1)), Some(Fault::TooSmall)));
    let nowhere = Settings { differences: 1, differing: Some("invoice".into()), ..settings(100, 1) };
    assert!(matches!(fault(nowhere), Some(Fault::NoTable(_))));
    let crowded = Settings { differences: 1_000, ..settings(100, 1) };
    assert!(matches!(fault(crowded), Some(Fault::TooManyDifferences { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_world_in_postgresql_agrees_with_its_topics() {
    let ferry = Ferry::shipped();
    let databases = Databases::new();
    for name in Name::ALL {
        let world = World::new(name, &settings(2_000, 13)).unwrap();
        let database = databases.name(name);
        of_postgres(&ferry, name, &database);
        let made = world.load(&databases.admin, &database, Some(&ferry.path("topics"))).await.unwrap();
        agrees(&ferry, &world, &made);
    }
    databases.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_table_is_loaded_alone() {
    let databases = Databases::new();
    let database = databases.name(Name::Contracts);
    let world = World::new(Name::Contracts, &settings(1_500, 14)).unwrap();
    let made = world.load_table(&databases.admin, &database, "contact").await.unwrap();
    assert_eq!(made.tables.keys().collect::<Vec<_>>(), ["contact"]);
    let mut connection = databases.admin.clone().database(&database).connect().await.unwrap();
    let count = "select (select count(*) from contracts.contact), (select count(*) from contracts.contract)";
    let counted: (i64, i64) = sqlx::query_as(count).fetch_one(&mut connection).await.unwrap();
    assert_eq!(counted, (1_500, 0));
    connection.close().await.unwrap();
    databases.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_world_is_not_logged_and_its_topics_are_packed() {
    let ferry = Ferry::shipped();
    let databases = Databases::new();
    let database = databases.name(Name::Settlements);
    let settings = Settings { untold: Some("metered_output".into()), is_large: true, ..settings(500, 15) };
    let world = World::new(Name::Settlements, &settings).unwrap();
    let made = world.load(&databases.admin, &database, Some(&ferry.path("topics"))).await.unwrap();
    let told: Vec<_> = made.tables.iter().filter(|(_, table)| table.topic.is_none()).map(|(name, _)| name).collect();
    assert_eq!(told, ["metered_output"]);
    let objects = ferry.files("topics");
    assert!(objects.iter().all(|path| path.ends_with(".json.zst") && !path.contains("metered_output")), "{objects:?}");
    let mut connection = databases.admin.clone().database(&database).connect().await.unwrap();
    let asked = "select count(*) filter (where relpersistence = 'u'), count(*), (select count(*) from pg_publication)
        from pg_class where relnamespace = 'settlements'::regnamespace and relkind = 'r'";
    let (unlogged, all, publications): (i64, i64, i64) =
        sqlx::query_as(asked).fetch_one(&mut connection).await.unwrap();
    assert_eq!((unlogged, publications), (all, 0));
    assert!(all >= 5, "{all}");
    connection.close().await.unwrap();
    databases.drop().await;
}

/// Runs the world's job: every dataset that is compared must be the same as its topic, by transactions.
fn agrees(ferry: &Ferry, world: &World, made: &Made) {
    let (came, report) = ferry.report(&[&format!("jobs/{}.toml", world.name().word())]);
    assert_eq!(came.code, 0, "{}", came.err);
    let compared = compared(&report);
    assert_eq!(compared.len(), made.tables.len());
    for (dataset, outcome) in compared {
        assert_eq!((&outcome["verdict"], &outcome["proof"]), (&"MATCH".into(), &"txid".into()), "{dataset}: {outcome}");
        let topic = made.tables[dataset].topic.unwrap();
        assert_eq!(outcome["compared"], topic.carried, "{dataset}");
        assert!(topic.later >= topic.partitions && topic.events > topic.carried, "{dataset}: {topic:?}");
    }
}

fn compared(report: &Value) -> Vec<(&str, &Value)> {
    let datasets = report["datasets"].as_array().unwrap().iter();
    let outcomes = datasets.map(|dataset| (dataset["name"].as_str().unwrap(), &dataset["reconciliation"]));
    outcomes.filter(|(_, outcome)| outcome["verdict"] != "NOT_COMPARED").collect()
}

/// The default environment, with the world in place of the fixtures.
fn of_files(ferry: &Ferry) {
    for name in Name::ALL {
        ferry.edit(ENVIRONMENT, &format!("fixtures/{}/extract", name.word()), "world");
        ferry.edit(ENVIRONMENT, &format!("fixtures/{}/topics", name.word()), "topics");
    }
}

/// The default environment, with a database of its own in place of the files.
fn of_postgres(ferry: &Ferry, name: Name, database: &str) {
    let word = name.word();
    let login = ["host", "port", "user", "password", "ca"]
        .map(|part| format!("{part} = {{ env = \"NIGHTFERRY_PG_{}\" }}, ", part.to_uppercase()));
    let files = format!("files = {{ url = \"fixtures/{word}/extract\" }}");
    ferry.edit(ENVIRONMENT, &files, &format!("postgres = {{ {}database = \"{database}\" }}", login.concat()));
    ferry.edit(ENVIRONMENT, &format!("fixtures/{word}/topics"), "topics");
}
