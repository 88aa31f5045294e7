//! A login to a cluster of Kafka on MSK by AWS IAM: a token of OAUTHBEARER, good for a quarter of an hour at most.
//!
//! The token is the url of `kafka-cluster:Connect`, presigned by Signature Version 4, in base64 as urls take it, without padding; behind
//! the signature stands who made it.
//!
//! Source: AWS, "IAM access control" of Amazon MSK, and its own library `aws-msk-iam-sasl-signer`.
//!
//! Never in here: a token that is kept, and when another is needed (`relay`).

use super::sigv4::{self, IamFault, Scope, credentials, escaped};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use object_store::aws::AwsCredential;
use secrecy::SecretString;

/// A token, and when it is over.
#[derive(Clone, Debug)]
pub struct Token {
    /// Itself.
    pub text: SecretString,
    /// Milliseconds since 1970.
    pub over_at: i64,
}

/// A token for `region`, signed now and good for so many seconds.
pub async fn token(region: &str, seconds: u32) -> Result<Token, IamFault> {
    let credential = credentials(region).await?;
    let now = Utc::now();
    // As it stands in the token, without what is less than a second.
    let over_at = (now.timestamp() + i64::from(seconds)) * 1_000;
    Ok(Token { text: presigned(region, seconds, &credential, now).into(), over_at })
}

/// The token that `credential` signs at `now`.
pub fn presigned(region: &str, seconds: u32, credential: &AwsCredential, now: DateTime<Utc>) -> String {
    let scope = Scope::new(now, region, "kafka-cluster");
    let host = format!("kafka.{region}.amazonaws.com");
    let asked = format!("Action={}", escaped("kafka-cluster:Connect"));
    let query = sigv4::presigned(&scope, &host, &asked, seconds, credential);
    let agent = escaped(concat!("nightferry/", env!("CARGO_PKG_VERSION")));
    BASE64_URL_SAFE_NO_PAD.encode(format!("https://{host}/?{query}&User-Agent={agent}"))
}
