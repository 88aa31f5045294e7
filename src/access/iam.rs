//! A login to a database by AWS IAM: a signed promise that whoever holds the account's credentials wants in, good for a
//! quarter of an hour.
//!
//! The token is the url of `rds-db:connect`, presigned by Signature Version 4, without its scheme.
//!
//! Source: AWS, "IAM database authentication", "Signature Version 4: authenticating requests with query parameters".
//!
//! Never in here: a token that is kept. One is made for each connection.

use super::sigv4::{IamFault, Scope, credentials, escaped, hex};
use chrono::{DateTime, Utc};
use object_store::aws::AwsCredential;
use ring::digest::{SHA256, digest};
use secrecy::SecretString;
use std::fmt::Write;

/// How long a token is good for: AWS takes no longer one.
const SECONDS_MAX: u32 = 900;

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

/// A token for one connection, signed now.
pub async fn token(signed: &Signed<'_>) -> Result<SecretString, IamFault> {
    let credential = credentials(signed.region).await?;
    Ok(presigned(signed, &credential, Utc::now()).into())
}

/// The token that `credential` signs at `now`.
pub fn presigned(signed: &Signed<'_>, credential: &AwsCredential, now: DateTime<Utc>) -> String {
    let Signed { host, port, user, region } = signed;
    let scope = Scope::new(now, region, "rds-db");
    // In the order of their names, as they are signed.
    let mut query = format!(
        "Action=connect&DBUser={}&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}&X-Amz-Date={}&X-Amz-Expires={SECONDS_MAX}",
        escaped(user),
        escaped(&format!("{}/{}", credential.key_id, scope.words())),
        scope.moment,
    );
    if let Some(token) = &credential.token {
        let _ = write!(query, "&X-Amz-Security-Token={}", escaped(token));
    }
    query.push_str("&X-Amz-SignedHeaders=host");
    let host = host.to_lowercase();
    let body = hex(digest(&SHA256, b"").as_ref());
    let request = format!("GET\n/\n{query}\nhost:{host}:{port}\n\nhost\n{body}");
    let signature = scope.signature(&request, &credential.secret_key);
    format!("{host}:{port}/?{query}&X-Amz-Signature={signature}")
}
