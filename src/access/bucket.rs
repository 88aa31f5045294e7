//! What is asked of a bucket or container itself, beside its objects: who may look into it, and what its rules cost.
//!
//! Never in here: what is wrong with an answer (`lifecycle` reads S3's rules), and anything that writes.

use super::Folder;
use super::address::{Address, parse};
use super::lifecycle::{LifecycleRule, rules};
use super::location::client;
use super::sigv4::{Scope, Signing, credentials, escaped, hex, signed};
use super::straight::{Question, Straight};
use crate::job::Location;
use chrono::{DateTime, Utc};
use object_store::ObjectStoreExt;
use object_store::path::Path as ObjectPath;
use ring::digest::{SHA256, digest};
use std::path::Path;
use std::time::Duration;

/// How long one question may take.
const WITHIN: Duration = Duration::from_secs(10);

/// The rules by which a bucket lets objects go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    /// These; none where it has none.
    Rules(Vec<LifecycleRule>),
    /// It does not tell us: no S3, no such API, or no right to ask, which a night does not need.
    Untold,
}

/// A bucket or container as HTTP knows it.
struct Place {
    straight: Straight,
    /// Without a `/` at its end.
    url: String,
}

impl Place {
    /// `None` of a folder of this machine, and of what cannot be opened.
    fn of(location: &Location, project: &Path) -> Option<Self> {
        let (_, straight) = client(location, project, "").ok()?;
        let endpoint = location.endpoint.as_deref().map(|endpoint| endpoint.trim_end_matches('/'));
        let url = match parse(&location.url).ok()? {
            Address::Local(_) => return None,
            Address::S3 { bucket, .. } => match (endpoint, &location.region) {
                (Some(endpoint), _) => format!("{endpoint}/{bucket}"),
                (None, Some(region)) => format!("https://s3.{region}.amazonaws.com/{bucket}"),
                (None, None) => return None,
            },
            Address::Azure { container, account, .. } => match (endpoint, account) {
                (Some(endpoint), _) => format!("{endpoint}/{container}"),
                (None, Some(account)) => format!("https://{account}.blob.core.windows.net/{container}"),
                (None, None) => return None,
            },
        };
        Some(Place { straight, url })
    }

    async fn status_without_credentials(&self, rest: &str) -> Option<u16> {
        let url = format!("{}{rest}", self.url);
        let question = Question { url: &url, headers: Vec::new(), body: None, within: WITHIN };
        Some(self.straight.ask(&question).await.ok()?.status)
    }
}

/// Whether somebody without any credentials may read the object `at`, or list what is there. A folder of this machine is not asked.
pub async fn is_open_to_all(location: &Location, project: &Path, at: &ObjectPath) -> bool {
    let Some(place) = Place::of(location, project) else { return false };
    let object: String = at.parts().map(|part| format!("/{}", escaped(part.as_ref()))).collect();
    for rest in [object.as_str(), "?list-type=2&max-keys=1", "?restype=container&comp=list&maxresults=1"] {
        if place.status_without_credentials(rest).await == Some(200) {
            return true;
        }
    }
    false
}

/// The rules of the bucket that `location` lies in, signed at `now`.
pub async fn lifecycle(location: &Location, project: &Path, now: DateTime<Utc>) -> Lifecycle {
    let is_s3 = matches!(parse(&location.url), Ok(Address::S3 { .. }));
    let (Some(place), Some(region), true) = (Place::of(location, project), &location.region, is_s3) else {
        return Lifecycle::Untold;
    };
    let Ok(credential) = credentials(region).await else { return Lifecycle::Untold };
    let Some((host, path)) = place.url.split_once("://").and_then(|(_, rest)| rest.split_once('/')) else {
        return Lifecycle::Untold;
    };
    let path = format!("/{path}");
    let scope = Scope::new(now, region, "s3");
    let headers = vec![("x-amz-content-sha256", hex(digest(&SHA256, b"").as_ref()))];
    let signing = Signing { method: "GET", host, path: &path, query: "lifecycle=", headers, body: "" };
    let headers = signed(&scope, signing, &credential).into_iter().filter(|(name, _)| *name != "host").collect();
    let url = format!("{}?lifecycle=", place.url);
    let question = Question { url: &url, headers, body: None, within: WITHIN };
    match place.straight.ask(&question).await {
        Ok(answer) if answer.status == 200 => rules(&answer.body).map_or(Lifecycle::Untold, Lifecycle::Rules),
        Ok(answer) if answer.status == 404 && holds(&answer.body, b"NoSuchLifecycleConfiguration") => {
            Lifecycle::Rules(Vec::new())
        }
        _ => Lifecycle::Untold,
    }
}

fn holds(body: &[u8], word: &[u8]) -> bool {
    body.windows(word.len()).any(|window| window == word)
}

/// Whether these credentials may delete what no run ever deletes: anything but a probe or the parts of a run. Asked of an object that
/// is not there, so that nothing goes.
pub async fn may_delete_anything(folder: &Folder, name: &str) -> bool {
    folder.store().delete(&folder.at(name)).await.is_ok()
}
