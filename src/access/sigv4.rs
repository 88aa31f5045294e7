//! What credentials of AWS sign, by Signature Version 4: a request's head, or its query.
//!
//! Credentials come from where object_store finds them for a bucket: variables, a web identity, the task's or the machine's role.
//!
//! Source: AWS, "Signature Version 4 signing process".
//!
//! Never in here: credentials that are kept.

use super::container::Container;
use super::identity::IdentityFault;
use super::location::{bounded, retries};
use super::meaning::{Meaning, meaning};
use super::straight::Straight;
use chrono::{DateTime, Utc};
use object_store::aws::{AmazonS3Builder, AwsCredential};
use ring::digest::{SHA256, digest};
use ring::hmac::{HMAC_SHA256, Key, sign};
use std::fmt::Write;
use std::sync::Arc;

/// Why there is no signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IamFault {
    /// There are no credentials, or they were refused.
    NoCredentials,
    /// Whoever hands them out cannot be reached.
    Away,
}

/// The credentials of this process, for `region`.
pub async fn credentials(region: &str) -> Result<Arc<AwsCredential>, IamFault> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let of_identity = |fault: IdentityFault| if fault.is_passing() { IamFault::Away } else { IamFault::NoCredentials };
    if let Some(container) = Container::of(variable).map_err(of_identity)? {
        return container.credential().await.map_err(of_identity);
    }
    // No bucket is ever asked: the builder is what knows where credentials are.
    let builder = AmazonS3Builder::from_env().with_bucket_name("none").with_region(region);
    let builder = builder.with_client_options(bounded()).with_http_connector(Straight::default());
    let store = builder.with_retry(retries()).build();
    let store = store.map_err(|_| IamFault::NoCredentials)?;
    store.credentials().get_credential().await.map_err(|error| match meaning(&error) {
        Meaning::Away(_) => IamFault::Away,
        _ => IamFault::NoCredentials,
    })
}

/// When and for what a signature is good.
#[derive(Clone, Debug)]
pub struct Scope<'a> {
    /// `20261123T023000Z`.
    pub moment: String,
    day: String,
    region: &'a str,
    service: &'a str,
}

impl<'a> Scope<'a> {
    /// Signed at `now` for a service of a region.
    pub fn new(now: DateTime<Utc>, region: &'a str, service: &'a str) -> Self {
        let (moment, day) = (now.format("%Y%m%dT%H%M%SZ").to_string(), now.format("%Y%m%d").to_string());
        Scope { moment, day, region, service }
    }

    /// As it stands behind the key's id: `20261123/eu-west-2/sns/aws4_request`.
    pub fn words(&self) -> String {
        format!("{}/{}/{}/aws4_request", self.day, self.region, self.service)
    }

    /// The signature of a canonical request, in hex.
    pub fn signature(&self, request: &str, secret_key: &str) -> String {
        let request = hex(digest(&SHA256, request.as_bytes()).as_ref());
        let to_sign = format!("AWS4-HMAC-SHA256\n{}\n{}\n{request}", self.moment, self.words());
        let secret = format!("AWS4{secret_key}").into_bytes();
        let key = [self.day.as_str(), self.region, self.service, "aws4_request"]
            .iter()
            .fold(secret, |key, part| sign(&Key::new(HMAC_SHA256, &key), part.as_bytes()).as_ref().to_vec());
        hex(sign(&Key::new(HMAC_SHA256, &key), to_sign.as_bytes()).as_ref())
    }
}

/// A request that is to be signed.
#[derive(Clone, Debug)]
pub struct Signing<'a> {
    /// `GET` or `POST`.
    pub method: &'a str,
    /// With its port where that is not the scheme's own.
    pub host: &'a str,
    /// From its first `/`, each segment escaped.
    pub path: &'a str,
    /// Names in their order, each with its `=` and value, escaped.
    pub query: &'a str,
    /// Besides those that every request has; names in small letters.
    pub headers: Vec<(&'static str, String)>,
    /// What is sent; empty of a GET.
    pub body: &'a str,
}

/// The query of a GET of the root of `host` (with its port where that is not the scheme's own), presigned: it is good for so many
/// seconds. `asked` is what is asked, escaped, in the order of its names, which are before `X-Amz`.
pub fn presigned(scope: &Scope<'_>, host: &str, asked: &str, seconds: u32, credential: &AwsCredential) -> String {
    // In the order of their names, as they are signed.
    let mut query = format!(
        "{asked}&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}&X-Amz-Date={}&X-Amz-Expires={seconds}",
        escaped(&format!("{}/{}", credential.key_id, scope.words())),
        scope.moment,
    );
    if let Some(token) = &credential.token {
        let _ = write!(query, "&X-Amz-Security-Token={}", escaped(token));
    }
    query.push_str("&X-Amz-SignedHeaders=host");
    let body = hex(digest(&SHA256, b"").as_ref());
    let request = format!("GET\n/\n{query}\nhost:{host}\n\nhost\n{body}");
    let signature = scope.signature(&request, &credential.secret_key);
    format!("{query}&X-Amz-Signature={signature}")
}

/// The headers that sign a POST of `body`, which is a form, to the root of `host` (with its port where that is not the scheme's own).
pub fn signed_form(
    scope: &Scope<'_>,
    host: &str,
    body: &str,
    credential: &AwsCredential,
) -> Vec<(&'static str, String)> {
    let headers = vec![("content-type", "application/x-www-form-urlencoded; charset=utf-8".to_owned())];
    signed(scope, Signing { method: "POST", host, path: "/", query: "", headers, body }, credential)
}

/// All headers of a request, its signature among them.
pub fn signed(scope: &Scope<'_>, signing: Signing<'_>, credential: &AwsCredential) -> Vec<(&'static str, String)> {
    let Signing { method, host, path, query, mut headers, body } = signing;
    headers.extend([("host", host.to_owned()), ("x-amz-date", scope.moment.clone())]);
    headers.extend(credential.token.iter().map(|token| ("x-amz-security-token", token.clone())));
    headers.sort_by_key(|(name, _)| *name);
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let told: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let body = hex(digest(&SHA256, body.as_bytes()).as_ref());
    let request = format!("{method}\n{path}\n{query}\n{told}\n{names}\n{body}");
    let signature = scope.signature(&request, &credential.secret_key);
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={names}, Signature={signature}",
        credential.key_id,
        scope.words()
    );
    headers.push(("authorization", authorization));
    headers
}

/// Every byte but the unreserved ones of RFC 3986 as `%XX`: a blank is `%20`, and `+`, `/` and `=` stand for nothing else.
pub fn escaped(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte.into()),
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
        out
    })
}

/// Bytes in lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
