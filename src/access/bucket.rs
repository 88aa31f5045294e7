//! What is asked of a bucket or container itself, beside its objects: who may look into it, and what its rules cost.
//!
//! Never in here: what is wrong with an answer (`lifecycle` reads S3's rules), and anything that writes.

use super::Folder;
use super::address::{Address, parse};
use super::azure::container_at;
use super::lifecycle::{LifecycleRule, rules};
use super::location::{bucket_at, client};
use super::meaning::{Meaning, meaning};
use super::sigv4::{Scope, Signing, credentials, escaped, hex, signed};
use super::straight::{Answer, Question, Straight};
use crate::failpoint;
use crate::job::Location;
use chrono::{DateTime, Utc};
use object_store::ObjectStoreExt;
use object_store::aws::AwsCredential;
use object_store::path::Path as ObjectPath;
use ring::digest::{SHA256, digest};
use std::path::Path;
use std::sync::Arc;
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
    /// Of a bucket of S3.
    region: Option<String>,
}

impl Place {
    /// `None` of a folder of this machine, and of what cannot be opened or whose address the surroundings keep to themselves.
    fn of(location: &Location, project: &Path) -> Option<Self> {
        let (_, straight) = client(location, project, "").ok()?;
        let (url, region) = match parse(&location.url).ok()? {
            Address::Local(_) => return None,
            Address::S3 { bucket, .. } => bucket_at(location, &bucket).map(|(url, region)| (url, Some(region)))?,
            Address::Azure { container, account, fabric, .. } => {
                (container_at(location, &container, (account.as_deref(), fabric))?, None)
            }
        };
        Some(Place { straight, url, region })
    }

    async fn status_without_credentials(&self, rest: &str) -> Option<u16> {
        let url = format!("{}{rest}", self.url);
        let question = Question { url: &url, headers: Vec::new(), body: None, within: WITHIN };
        Some(self.ask(&question).await?.status)
    }

    /// What is answered; `None` where nothing is.
    async fn ask(&self, question: &Question<'_>) -> Option<Answer> {
        let answer = failpoint::around("store.ask", self.straight.ask(question)).await;
        answer.ok()
    }
}

/// Whether somebody without any credentials may read the object `at`, or list what is there. `None` where nobody could be asked, as of a
/// folder of this machine, or who was did not say.
pub async fn is_open_to_all(location: &Location, project: &Path, at: &ObjectPath) -> Option<bool> {
    let place = Place::of(location, project)?;
    let object = below(at);
    let list = match place.region {
        Some(_) => "?list-type=2&max-keys=1",
        None => "?restype=container&comp=list&maxresults=1",
    };
    let mut is_told = true;
    for rest in [object.as_str(), list] {
        match place.status_without_credentials(rest).await {
            Some(200) => return Some(true),
            // Come too late or too often: no word about who may.
            Some(408 | 429) | None => is_told = false,
            Some(status) => is_told &= (400..500).contains(&status),
        }
    }
    is_told.then_some(false)
}

/// The rules of the bucket that `location` lies in, signed at `now`.
pub async fn lifecycle(location: &Location, project: &Path, now: DateTime<Utc>) -> Lifecycle {
    match signed_answer(location, project, ("", "lifecycle="), now).await {
        Some(answer) if answer.status == 200 => rules(&answer.body).map_or(Lifecycle::Untold, Lifecycle::Rules),
        Some(answer) if answer.status == 404 && holds(&answer.body, b"NoSuchLifecycleConfiguration") => {
            Lifecycle::Rules(Vec::new())
        }
        _ => Lifecycle::Untold,
    }
}

/// The key of KMS that S3 says the object `at` is under, asked at `now`; the inner `None` where it is under none. The outer: nobody said.
pub async fn kms_key_of(
    location: &Location,
    project: &Path,
    at: &ObjectPath,
    now: DateTime<Utc>,
) -> Option<Option<String>> {
    let answer = signed_answer(location, project, (&below(at), ""), now).await?;
    (answer.status == 200).then_some(answer.kms_key)
}

/// What a bucket of S3 answers of what lies at a path below it, to a GET that our credentials sign.
async fn signed_answer(
    location: &Location,
    project: &Path,
    (path, query): (&str, &str),
    now: DateTime<Utc>,
) -> Option<Answer> {
    let place = Place::of(location, project)?;
    let region = place.region.as_ref()?;
    let credential = credential(location, region).await?;
    let (host, bucket) = place.url.split_once("://").and_then(|(_, rest)| rest.split_once('/'))?;
    let (path, url) = (format!("/{bucket}{path}"), format!("{}{path}?{query}", place.url));
    let scope = Scope::new(now, region, "s3");
    let headers = vec![("x-amz-content-sha256", hex(digest(&SHA256, b"").as_ref()))];
    let signing = Signing { method: "GET", host, path: &path, query, headers, body: "" };
    let headers = signed(&scope, signing, &credential).into_iter().filter(|(name, _)| *name != "host").collect();
    let url = url.trim_end_matches('?');
    place.ask(&Question { url, headers, body: None, within: WITHIN }).await
}

/// The path of an object below its bucket, as a url has it.
fn below(at: &ObjectPath) -> String {
    at.parts().map(|part| format!("/{}", escaped(part.as_ref()))).collect()
}

/// The credentials with which `location` is asked.
async fn credential(location: &Location, region: &str) -> Option<Arc<AwsCredential>> {
    match super::location::credentials(location).ok()? {
        Some(who) => who.get_credential().await.ok(),
        None => credentials(region).await.ok(),
    }
}

fn holds(body: &[u8], word: &[u8]) -> bool {
    body.windows(word.len()).any(|window| window == word)
}

/// Whether these credentials may delete what no run ever deletes: anything but a probe or the parts of a run. Asked of an object that
/// is not there, so that nothing goes. `None` where it was neither done nor refused.
pub async fn may_delete_anything(folder: &Folder, name: &str) -> Option<bool> {
    let deleted = failpoint::around("store.delete_nothing", folder.store().delete(&folder.at(name))).await;
    match deleted {
        Ok(()) => Some(true),
        Err(error) => matches!(meaning(&error), Meaning::Refused).then_some(false),
    }
}
