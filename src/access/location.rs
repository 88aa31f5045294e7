//! A location of the environment -> a [`Folder`]: the only place where object stores are built.
//!
//! Every connection is bounded: connecting, one request, retries and the time they may take in all. TLS is checked
//! against the system's roots and the location's own `ca`; plain HTTP is for this machine only (emulators in tests).
//!
//! Never in here: a key in a url, and the provider's own error texts (they quote urls and headers).

use super::Folder;
use super::address::{Address, parse};
use super::azure::azure;
use super::container::Container;
use super::identity::IdentityFault;
use super::meter::{Meter, Metered};
use super::role::Role;
use super::straight::Straight;
use crate::job::{KmsSpec, Location, is_this_machine, never_asked};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, AwsCredentialProvider, S3ConditionalPut};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Longest time to connect.
pub(super) const CONNECT_SECONDS_MAX: u64 = 5;
/// Longest time of one request with its body: 32 MiB at 3 Mbit/s.
pub(super) const REQUEST_SECONDS_MAX: u64 = 90;
/// The region where nobody names one: object_store's.
const REGION: &str = "us-east-1";
/// Retries of one request.
const RETRIES_MAX: usize = 6;
/// Longest time in which a request may be retried.
const RETRY_SECONDS_MAX: u64 = 60;
/// Largest CA file, in bytes: the whole web's roots take about 0.2 MiB.
const CA_BYTES_MAX: u64 = 4 << 20;

/// What a location is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It must be there already.
    Read,
    /// A local folder is made when it is not there. Buckets and containers never are.
    Write,
}

/// Why a place could not be opened. Names only, never what a url or variable holds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// The url is not one of ours (exit 10).
    #[error("the url of `{label}` {fault}")]
    Url {
        /// The store or source.
        label: String,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// A folder that is not there (exit 14).
    #[error("the folder of `{label}` is not there")]
    NotThere {
        /// The store or source.
        label: String,
    },
    /// A file where a folder is expected (exit 14).
    #[error("the path of `{label}` is a file; hint: a folder is expected")]
    NotAFolder {
        /// The store or source.
        label: String,
    },
    /// This machine does not let us in (exit 12).
    #[error("the folder of `{label}` may not be opened")]
    Refused {
        /// The store or source.
        label: String,
    },
    /// What the provider needs is not set (exit 11).
    #[error("`{label}` needs {what}")]
    Missing {
        /// The store or source.
        label: String,
        /// The variable, or what is wrong with it.
        what: &'static str,
    },
    /// What the surroundings say of tokens cannot be meant (exit 11).
    #[error("`{label}` cannot ask for a token: {fault}")]
    Token {
        /// The store or source.
        label: String,
        /// Why.
        fault: IdentityFault,
    },
    /// Plain HTTP to another machine, or a CA file that cannot be used (exit 13).
    #[error("the connection to `{label}` cannot be trusted: {fault}")]
    Tls {
        /// The store or source.
        label: String,
        /// What is wrong.
        fault: &'static str,
    },
}

/// Opens `location`; relative local paths start at `project`, and so does the path of a `ca`. `label` is what messages
/// call it. Nothing is asked of a bucket or container yet.
pub fn open(location: &Location, project: &FilePath, label: &str, purpose: Purpose) -> Result<Folder, AccessError> {
    open_metered(location, project, label, purpose, &Meter::default())
}

/// The same, and `meter` counts what is asked of it.
pub fn open_metered(
    location: &Location,
    project: &FilePath,
    label: &str,
    purpose: Purpose,
    meter: &Meter,
) -> Result<Folder, AccessError> {
    let label = || label.to_owned();
    match parse(&location.url).map_err(|fault| AccessError::Url { label: label(), fault })? {
        Address::Local(path) => local(&project.join(path), &label(), purpose),
        Address::S3 { bucket, prefix } => {
            let store = s3(location, project, &bucket, &label(), meter)?;
            Ok(Folder::new(store, prefix, &label()))
        }
        Address::Azure { container, account, fabric, prefix } => {
            let store = azure(location, project, &container, (account.as_deref(), fabric), &label(), meter)?;
            Ok(Folder::new(store, prefix, &label()))
        }
    }
}

/// Where a local folder that is there really lies, every symbolic link followed; `None` of anything else.
pub fn ground(location: &Location, project: &FilePath) -> Option<PathBuf> {
    match parse(&location.url) {
        Ok(Address::Local(path)) => project.join(path).canonicalize().ok(),
        _ => None,
    }
}

fn local(root: &FilePath, label: &str, purpose: Purpose) -> Result<Folder, AccessError> {
    let label_owned = || label.to_owned();
    let refused = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => AccessError::NotThere { label: label_owned() },
        std::io::ErrorKind::NotADirectory | std::io::ErrorKind::AlreadyExists => {
            AccessError::NotAFolder { label: label_owned() }
        }
        _ => AccessError::Refused { label: label_owned() },
    };
    if purpose == Purpose::Write {
        std::fs::create_dir_all(root).map_err(refused)?;
    }
    if !std::fs::metadata(root).map_err(refused)?.is_dir() {
        return Err(AccessError::NotAFolder { label: label_owned() });
    }
    let store = LocalFileSystem::new_with_prefix(root).map_err(|_| AccessError::NotThere { label: label_owned() })?;
    Ok(Folder::new(Arc::new(store), Path::default(), label))
}

fn s3(
    location: &Location,
    project: &FilePath,
    bucket: &str,
    label: &str,
    meter: &Meter,
) -> Result<Arc<dyn ObjectStore>, AccessError> {
    let (options, straight) = client(location, project, label)?;
    let mut builder = AmazonS3Builder::from_env()
        .with_bucket_name(bucket)
        .with_client_options(options)
        .with_http_connector(Metered { by: straight, meter: meter.clone() })
        .with_retry(retries())
        // Whatever the surroundings say: without If-None-Match there is no commit.
        .with_conditional_put(S3ConditionalPut::ETagMatch);
    let surroundings = [AmazonS3ConfigKey::S3Endpoint, AmazonS3ConfigKey::Endpoint];
    let surroundings = surroundings.iter().filter_map(|key| builder.get_config_value(key));
    asked(surroundings.collect(), label)?;
    if let Some(region) = &location.region {
        builder = builder.with_region(region);
    }
    if let Some(endpoint) = &location.endpoint {
        builder = builder.with_endpoint(endpoint.trim_end_matches('/')).with_virtual_hosted_style_request(false);
    }
    if let Some(KmsSpec { key, bucket_key }) = &location.kms {
        builder = builder.with_sse_kms_encryption(key.as_str()).with_bucket_key(*bucket_key);
    }
    let who = credentials(location).map_err(|fault| AccessError::Token { label: label.into(), fault })?;
    if let Some(who) = who {
        builder = builder.with_credentials(who);
    }
    let store = builder
        .build()
        .map_err(|_| AccessError::Missing { label: label.into(), what: "`AWS_*` variables that S3 understands" })?;
    Ok(Arc::new(store))
}

/// Who hands out credentials for a bucket, where that is the location's own role or the container's: object_store knows the others.
pub(super) fn credentials(location: &Location) -> Result<Option<AwsCredentialProvider>, IdentityFault> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    Ok(match &location.role {
        Some(role) => Some(Arc::new(Role::of(role, location.region.as_deref(), variable)?)),
        None => Container::of(variable)?.map(|container| Arc::new(container) as _),
    })
}

/// The url by which `bucket` is asked, and its region: as [`open`] takes them, of the location or of the surroundings. `None` where the
/// surroundings name an endpoint: whether it holds the bucket already, nobody says.
pub(super) fn bucket_at(location: &Location, bucket: &str) -> Option<(String, String)> {
    let builder = AmazonS3Builder::from_env();
    let around = |key| builder.get_config_value(&key);
    let region = location.region.clone().or_else(|| around(AmazonS3ConfigKey::Region));
    let region = region.unwrap_or_else(|| REGION.to_owned());
    let has_endpoint =
        [AmazonS3ConfigKey::S3Endpoint, AmazonS3ConfigKey::Endpoint].into_iter().any(|key| around(key).is_some());
    let url = match &location.endpoint {
        Some(endpoint) => format!("{}/{bucket}", endpoint.trim_end_matches('/')),
        None if has_endpoint => return None,
        None => format!("https://s3.{region}.amazonaws.com/{bucket}"),
    };
    Some((url, region))
}

/// Refuses endpoints that are never asked, also where the surroundings name them.
pub(super) fn asked(endpoints: Vec<String>, label: &str) -> Result<(), AccessError> {
    match endpoints.iter().find_map(|endpoint| never_asked(endpoint)) {
        Some(fault) => Err(AccessError::Url { label: label.into(), fault }),
        None => Ok(()),
    }
}

/// How any place is reached: within bounds, over TLS that is checked, and nowhere that an answer leads to.
pub(super) fn client(
    location: &Location,
    project: &FilePath,
    label: &str,
) -> Result<(ClientOptions, Straight), AccessError> {
    let tls = |fault| AccessError::Tls { label: label.to_owned(), fault };
    let mut options = bounded();
    if let Some(endpoint) = &location.endpoint {
        asked(vec![endpoint.clone()], label)?;
        match endpoint.split_once("://").map(|(scheme, _)| scheme) {
            Some("https") => {}
            Some("http") if is_this_machine(endpoint) => options = options.with_allow_http(true),
            Some("http") => {
                return Err(tls("its endpoint is plain `http`; hint: only this machine may be spoken to so"));
            }
            _ => {
                let fault = "has an endpoint that is neither `https://` nor `http://`";
                return Err(AccessError::Url { label: label.into(), fault });
            }
        }
    }
    let mut straight = Straight::default();
    if let Some(ca) = &location.ca {
        let file = project.join(ca);
        let size = std::fs::metadata(&file).map_err(|_| tls("its `ca` file cannot be read"))?.len();
        if size > CA_BYTES_MAX {
            return Err(tls("its `ca` file is larger than 4 MiB"));
        }
        let pem = std::fs::read(&file).map_err(|_| tls("its `ca` file cannot be read"))?;
        straight = Straight::trusting(&pem).ok_or_else(|| tls("its `ca` file holds no PEM certificate"))?;
    }
    Ok((options, straight))
}

/// How long connecting and one request may take.
pub(super) fn bounded() -> ClientOptions {
    ClientOptions::new()
        .with_connect_timeout(Duration::from_secs(CONNECT_SECONDS_MAX))
        .with_timeout(Duration::from_secs(REQUEST_SECONDS_MAX))
}

/// How often and how long one request is tried.
pub(super) fn retries() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(5),
            base: 2.0,
        },
        max_retries: RETRIES_MAX,
        retry_timeout: Duration::from_secs(RETRY_SECONDS_MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(url: &str) -> Location {
        Location { url: url.into(), ..Location::default() }
    }

    #[test]
    fn refuses_plain_http_to_another_machine() {
        let far = Location { endpoint: Some("http://storage.example.org:9000".into()), ..location("s3://bucket/a") };
        let refused = open(&far, FilePath::new("."), "warehouse", Purpose::Write);
        assert!(matches!(refused, Err(AccessError::Tls { .. })));
    }

    #[test]
    fn refuses_a_store_path_that_is_a_file() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("taken"), "x").expect("a file");
        for (path, purpose) in [("taken", Purpose::Write), ("taken", Purpose::Read), ("taken/below", Purpose::Write)] {
            let refused = open(&location(path), folder.path(), "warehouse", purpose).err();
            assert_eq!(refused, Some(AccessError::NotAFolder { label: "warehouse".into() }), "{path}");
        }
        let missing = open(&location("missing"), folder.path(), "topics", Purpose::Read).err();
        assert_eq!(missing, Some(AccessError::NotThere { label: "topics".into() }));
        assert!(open(&location("made"), folder.path(), "warehouse", Purpose::Write).is_ok());
    }

    #[test]
    fn refuses_a_ca_that_is_none() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("ca.pem"), "not a certificate").expect("a file");
        for ca in ["ca.pem", "missing.pem"] {
            let s3 = Location { ca: Some(ca.into()), region: Some("eu-west-2".into()), ..location("s3://bucket") };
            assert!(
                matches!(open(&s3, folder.path(), "warehouse", Purpose::Write), Err(AccessError::Tls { .. })),
                "{ca}"
            );
        }
    }
}
