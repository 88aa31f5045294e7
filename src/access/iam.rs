//! A login to a database by AWS IAM: a signed promise that whoever holds the account's credentials wants in, good for a
//! quarter of an hour.
//!
//! The token is the url of `rds-db:connect`, presigned by Signature Version 4, without its scheme. Credentials come from where
//! object_store finds them for a bucket: variables, a web identity, the task's or the machine's role.
//!
//! Source: AWS, "IAM database authentication", "Signature Version 4: authenticating requests with query parameters".
//!
//! Never in here: a token that is kept. One is made for each connection.

use super::location::{bounded, retries};
use super::meaning::{Meaning, meaning};
use chrono::{DateTime, Utc};
use object_store::aws::{AmazonS3Builder, AwsCredential};
use ring::digest::{SHA256, digest};
use ring::hmac::{HMAC_SHA256, Key, sign};
use secrecy::SecretString;
use std::fmt::Write;

/// How long a token is good for: AWS takes no longer one.
const SECONDS_MAX: u32 = 900;

const SERVICE: &str = "rds-db";

/// What a token lets in, and where.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// The database's own endpoint: a token for another name of it is refused.
    pub host: &'a str,
    /// Its port.
    pub port: u16,
    /// Role.
    pub user: &'a str,
    /// Region of the database.
    pub region: &'a str,
}

/// Why there is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IamFault {
    /// There are no credentials, or they were refused.
    NoCredentials,
    /// Whoever hands them out cannot be reached.
    Away,
}

/// A token for one connection, signed now.
pub async fn token(signed: &Signed<'_>) -> Result<SecretString, IamFault> {
    // No bucket is ever asked: the builder is what knows where credentials are.
    let builder = AmazonS3Builder::from_env().with_bucket_name("none").with_region(signed.region);
    let store = builder.with_client_options(bounded()).with_retry(retries()).build();
    let store = store.map_err(|_| IamFault::NoCredentials)?;
    let credential = store.credentials().get_credential().await.map_err(|error| match meaning(&error) {
        Meaning::Away(_) => IamFault::Away,
        _ => IamFault::NoCredentials,
    })?;
    Ok(presigned(signed, &credential, Utc::now()).into())
}

/// The token that `credential` signs at `now`.
pub fn presigned(signed: &Signed<'_>, credential: &AwsCredential, now: DateTime<Utc>) -> String {
    let Signed { host, port, user, region } = signed;
    let (moment, day) = (now.format("%Y%m%dT%H%M%SZ").to_string(), now.format("%Y%m%d").to_string());
    let scope = format!("{day}/{region}/{SERVICE}/aws4_request");
    // In the order of their names, as they are signed.
    let mut query = format!(
        "Action=connect&DBUser={}&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}&X-Amz-Date={moment}&X-Amz-Expires={SECONDS_MAX}",
        escaped(user),
        escaped(&format!("{}/{scope}", credential.key_id)),
    );
    if let Some(token) = &credential.token {
        let _ = write!(query, "&X-Amz-Security-Token={}", escaped(token));
    }
    query.push_str("&X-Amz-SignedHeaders=host");
    let host = host.to_lowercase();
    let body = hex(digest(&SHA256, b"").as_ref());
    let request = format!("GET\n/\n{query}\nhost:{host}:{port}\n\nhost\n{body}");
    let request = hex(digest(&SHA256, request.as_bytes()).as_ref());
    let to_sign = format!("AWS4-HMAC-SHA256\n{moment}\n{scope}\n{request}");
    let secret = format!("AWS4{}", credential.secret_key);
    let key = [day.as_str(), region, SERVICE, "aws4_request"]
        .iter()
        .fold(secret.into_bytes(), |key, part| sign(&Key::new(HMAC_SHA256, &key), part.as_bytes()).as_ref().to_vec());
    let signature = hex(sign(&Key::new(HMAC_SHA256, &key), to_sign.as_bytes()).as_ref());
    format!("{host}:{port}/?{query}&X-Amz-Signature={signature}")
}

/// Every byte but the unreserved ones of RFC 3986 as `%XX`: a blank is `%20`, and `+`, `/` and `=` stand for nothing else.
fn escaped(text: &str) -> String {
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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
