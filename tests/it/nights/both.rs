//! The two shipped jobs over real servers: every kept column agrees with the source, in both clouds.

use super::RealFerry;
use super::agree::{AtSource, Published, published};
use crate::worlds::{Name, Settings};
use serde_json::Value;
use sqlx::PgConnection;

/// Small enough for twenty parts of two row groups in the largest table.
const LIMITS: &str = "row_group_rows_max = 300\npart_rows_max = 600";

#[tokio::test(flavor = "multi_thread")]
async fn both_jobs_publish_what_sql_finds_at_the_source() {
    let real = RealFerry::new(LIMITS);
    for name in Name::ALL {
        real.lay(name, &Settings { seed: 31, rows: 13_000, ..Settings::default() }).await;
        let job = format!("jobs/{}.toml", name.word());
        let (came, report) = real.ferry.report(&[&job, "--env", "services"]);
        assert_eq!(came.code, 0, "{}", came.err);
        assert_eq!(report["outcome"], "published");
        let mut database = real.databases.connect(name).await;
        let mut largest = 0;
        // The prices come from a third party's file, which no SQL sees; what they give is in `fixtures/settlements/expected`.
        let datasets = report["datasets"].as_array().expect("datasets").iter();
        let tables: Vec<(&str, &Value)> = datasets
            .filter(|dataset| dataset["name"] != "reference_price")
            .flat_map(|dataset| dataset["stores"].as_array().expect("stores").iter().map(move |store| (dataset, store)))
            .map(|(dataset, store)| (dataset["name"].as_str().expect("a name"), store))
            .collect();
        let urls = tables.iter().map(|(dataset, store)| real.table(store["name"].as_str().expect("a name"), dataset));
        let seconds = tables.iter().filter(|(_, store)| store["name"] == "warehouse");
        let seconds = seconds.map(|(dataset, _)| real.table("warehouse (second)", dataset));
        let seen = published(&urls.chain(seconds).collect::<Vec<_>>());
        let (primary, second) = seen.split_at(tables.len());
        let mut second = second.iter();
        for ((dataset, store), published) in tables.iter().zip(primary) {
            let source = AtSource::of(real.ferry.root(), &job, dataset, &mut database).await;
            agrees(&source, published, store, &mut database).await;
            if store["name"] == "warehouse" {
                assert!(second.next() == Some(published), "{dataset}: the second cloud has what the first has");
            }
            if published.row_groups_max >= 2 {
                largest = largest.max(published.files);
            }
        }
        assert!(largest >= 20, "{job}: {largest} parts of the largest table");
    }
    real.databases.drop().await;
}

/// Holds a published table against the source, column by column, as its report says they were treated.
async fn agrees(source: &AtSource, published: &Published, store: &Value, database: &mut PgConnection) {
    assert_eq!(published.rows, source.rows(database).await);
    assert!(published.rows > 0);
    for column in store["columns"].as_array().expect("columns") {
        let name = column["name"].as_str().expect("a name");
        let expected = source.facts(name, database).await;
        let found = published.columns.get(name);
        match column["treatment"].as_str().expect("a treatment") {
            "drop" => assert!(found.is_none(), "{name} was to be dropped"),
            "keep" => {
                let found = found.unwrap_or_else(|| panic!("{name} is not there"));
                if source.is_float(name) {
                    for (found, expected) in found.iter().zip(&expected) {
                        assert_eq!(number(found), number(expected), "{name}: {found:?}, not {expected:?}");
                    }
                } else {
                    assert_eq!(found, &expected, "{name}");
                }
            }
            _ => assert_eq!(found.expect("a treated column")[0], expected[0], "{name}: cells that are not NULL"),
        }
    }
}

fn number(text: &Option<String>) -> Option<f64> {
    text.as_ref().map(|text| text.parse().expect("a number"))
}
