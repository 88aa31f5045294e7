//! A login to a database by AWS IAM: a signed promise that whoever holds the account's credentials wants in, good for a
//! quarter of an hour.
//!
//! The token is the url of `rds-db:connect`, presigned by Signature Version 4, without its scheme.
//!
//! Source: AWS, "IAM database authentication", "Signature Version 4: authenticating requests with query parameters".
//!
//! Never in here: a token that is kept. One is made for each connection.

use super::sigv4::{self, IamFault, Scope, credentials, escaped};
use chrono::{DateTime, Utc};
use object_store::aws::AwsCredential;
use secrecy::SecretString;

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
    let host = format!("{}:{port}", host.to_lowercase());
    let asked = format!("Action=connect&DBUser={}", escaped(user));
    format!("{host}/?{}", sigv4::presigned(&scope, &host, &asked, SECONDS_MAX, credential))
}
