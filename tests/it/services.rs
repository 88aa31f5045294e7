//! What the services' start script says of the servers it started. A test that needs one fails without it, and says so.

use nightferry::access::{Folder, Purpose, open};
use nightferry::job::Location;

/// A variable of the start script.
pub fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: `make test` starts the services and sets it"))
}

/// A fresh folder in the S3 bucket of the tests.
pub fn s3(label: &str) -> Folder {
    at("s3", &variable("NIGHTFERRY_S3_BUCKET"), &variable("NIGHTFERRY_S3_ENDPOINT"), label)
}

/// A fresh folder in the bucket of an S3 server whose conditional writes are not exclusive.
pub fn s3_not_exclusive(label: &str) -> Folder {
    at("s3", &variable("NIGHTFERRY_S3_BUCKET"), &variable("NIGHTFERRY_S3_NOMETA_ENDPOINT"), label)
}

/// A fresh folder in the Azure container of the tests.
pub fn azure(label: &str) -> Folder {
    at("az", &variable("NIGHTFERRY_AZURE_CONTAINER"), &variable("NIGHTFERRY_AZURE_ENDPOINT"), label)
}

/// A fresh folder of this machine under `root`.
pub fn local(root: &std::path::Path, label: &str) -> Folder {
    let location = Location { url: "store".into(), region: None, endpoint: None, ca: None };
    open(&location, root, label, Purpose::Write).expect("a folder")
}

fn at(scheme: &str, bucket: &str, endpoint: &str, label: &str) -> Folder {
    let url = format!("{scheme}://{bucket}/{}", uuid::Uuid::now_v7());
    let location = Location { url, region: Some("us-east-1".into()), endpoint: Some(endpoint.into()), ca: None };
    open(&location, std::path::Path::new("."), label, Purpose::Write).expect("a place")
}
