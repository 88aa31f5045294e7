//! What the services' start script says of the servers it started. A test that needs one fails without it, and says so.

use nightferry::access::{Folder, Purpose, open};
use nightferry::job::Location;

/// The S3 servers' bucket of the warehouse.
pub const BUCKET: &str = "nightferry-warehouse";
/// The Azure emulator's container.
pub const CONTAINER: &str = "warehouse";

/// A variable of the start script.
pub fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: `make test` starts the services and sets it"))
}

/// A fresh folder in the S3 bucket of the tests.
pub fn s3(label: &str) -> Folder {
    at("s3", BUCKET, &variable("NIGHTFERRY_S3_ENDPOINT"), label)
}

/// A fresh folder in the bucket of an S3 server whose conditional writes are not exclusive.
pub fn s3_not_exclusive(label: &str) -> Folder {
    at("s3", BUCKET, &variable("NIGHTFERRY_S3_NOMETA_ENDPOINT"), label)
}

/// A fresh folder in the Azure container of the tests.
pub fn azure(label: &str) -> Folder {
    at("az", CONTAINER, &variable("NIGHTFERRY_AZURE_ENDPOINT"), label)
}

/// A fresh folder of this machine under `root`.
pub fn local(root: &std::path::Path, label: &str) -> Folder {
    let location = Location { url: "store".into(), ..Location::default() };
    open(&location, root, label, Purpose::Write).expect("a folder")
}

fn at(scheme: &str, bucket: &str, endpoint: &str, label: &str) -> Folder {
    let url = format!("{scheme}://{bucket}/{}", uuid::Uuid::now_v7());
    let location =
        Location { url, region: Some("eu-west-2".into()), endpoint: Some(endpoint.into()), ..Location::default() };
    open(&location, std::path::Path::new("."), label, Purpose::Write).expect("a place")
}
