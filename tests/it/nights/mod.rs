//! Whole nights by the real binary over real servers: PostgreSQL on the near bank, S3 and Azure on the far one.
//!
//! ```text
//! agree.rs   what was published against what SQL finds at the source
//! both.rs    the two shipped jobs in the environment `services`
//! kills.rs   a night that is killed at every store call
//! points.rs  the same over folders, at a hundred places
//! ```

mod agree;
mod both;
mod kills;
mod points;

use crate::databases::Databases;
use crate::ferry::Ferry;
use crate::services::variable;
use crate::worlds::{Made, Name, Settings, World};
use nightferry::access::{Folder, Purpose, open};
use nightferry::job::Location;
use object_store::{ObjectStoreExt, PutPayload};
use std::path::Path;

/// The environment of real servers.
const ENVIRONMENT: &str = "jobs/environments/services.toml";

/// The shipped project, with worlds of its own in the databases and topics that `services` names, and stores of its own.
pub struct RealFerry {
    pub ferry: Ferry,
    pub databases: Databases,
    /// What sets this test's buckets and folders apart from every other's.
    own: String,
}

impl RealFerry {
    /// No world yet. `limits` are lines of `[limits]`.
    pub fn new(limits: &str) -> Self {
        let real =
            RealFerry { ferry: Ferry::shipped(), databases: Databases::new(), own: uuid::Uuid::now_v7().to_string() };
        for store in ["warehouse", "restricted", "security", "topics"] {
            let bucket = format!("s3://nightferry-{store}/");
            real.ferry.edit(ENVIRONMENT, &bucket, &format!("{bucket}{}/", real.own));
        }
        real.ferry.edit(ENVIRONMENT, "az://warehouse/", &format!("az://warehouse/{}/", real.own));
        for name in Name::ALL {
            let database = format!("database = \"{}\"", name.word());
            real.ferry.edit(ENVIRONMENT, &database, &format!("database = \"{}\"", real.databases.name(name)));
        }
        let text = format!("{}\n[limits]\n{limits}\n", real.ferry.read(ENVIRONMENT));
        real.ferry.write(ENVIRONMENT, text.as_bytes());
        real
    }

    /// Makes a world: its tables in the database, its topics in the bucket.
    pub async fn lay(&self, name: Name, settings: &Settings) -> Made {
        let world = World::new(name, settings).expect("a world");
        let topics = self.ferry.path("generated");
        let made = world.load(&self.databases.admin, &self.databases.name(name), Some(&topics)).await.expect("loaded");
        let there = s3(&format!("s3://nightferry-topics/{}/{}", self.own, name.word()));
        for file in self.ferry.files("generated") {
            let bytes = std::fs::read(topics.join(&file)).expect("a topic's file");
            there.store().put(&there.at(&file), PutPayload::from(bytes)).await.expect("uploaded");
        }
        std::fs::remove_dir_all(topics).expect("removed");
        made
    }

    /// The address of a table in a store of the environment, for other people's readers.
    pub fn table(&self, store: &str, dataset: &str) -> String {
        let bucket = match store {
            "warehouse (second)" => format!("az://warehouse/{}/analytics", self.own),
            "warehouse" => format!("s3://nightferry-warehouse/{}/analytics", self.own),
            store => format!("s3://nightferry-warehouse/{}/{store}", self.own),
        };
        format!("{bucket}/{dataset}")
    }

    /// The same for our own: url and endpoint of each cloud.
    pub fn places(&self) -> [(String, String); 2] {
        let second = format!("az://warehouse/{}/analytics", self.own);
        let first = format!("s3://nightferry-warehouse/{}/analytics", self.own);
        [(first, variable("NIGHTFERRY_S3_ENDPOINT")), (second, variable("NIGHTFERRY_AZURE_ENDPOINT"))]
    }

    /// Whether each of `tables` has a log, in each cloud.
    pub fn are_there(&self, tables: &[&str]) -> Vec<bool> {
        let clouds = self.clouds();
        let asked = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            let first = |(cloud, table): (&Folder, &str)| {
                let entry = cloud.at(&format!("{table}/_delta_log/{:020}.json", 0));
                runtime.block_on(cloud.store().head(&entry)).is_ok()
            };
            clouds.iter().flat_map(|cloud| tables.iter().map(move |table| (cloud, *table))).map(first).collect()
        };
        std::thread::scope(|threads| threads.spawn(asked).join().expect("no panic"))
    }

    /// The warehouse, in both clouds.
    pub fn clouds(&self) -> [Folder; 2] {
        let second = place(&format!("az://warehouse/{}/analytics", self.own), "NIGHTFERRY_AZURE_ENDPOINT");
        [s3(&format!("s3://nightferry-warehouse/{}/analytics", self.own)), second]
    }
}

fn s3(url: &str) -> Folder {
    place(url, "NIGHTFERRY_S3_ENDPOINT")
}

fn place(url: &str, endpoint: &str) -> Folder {
    let endpoint = Some(variable(endpoint));
    let location = Location { url: url.into(), region: Some("eu-west-2".into()), endpoint, ..Location::default() };
    open(&location, Path::new("."), "a place", Purpose::Write).expect("a place")
}
