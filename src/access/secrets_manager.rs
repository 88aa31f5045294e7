//! AWS Secrets Manager: the current value of a secret, by a POST that the process's credentials sign.
//!
//! Asked where the secret's ARN says, or in the region of the surroundings.
//!
//! Source: AWS Secrets Manager API reference, "GetSecretValue", version 2017-10-17, and its "Common errors".
//!
//! Never in here: another version of a secret than the current one.

use super::identity::{is_apart, passing};
use super::manager::{ManagerFault, WITHIN};
use super::sigv4::{IamFault, Scope, Signing, credentials, signed};
use super::straight::{Question, Straight};
use super::sts::asked;
use crate::job::AwsSecret;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use secrecy::zeroize::Zeroize;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Answered {
    #[serde(rename = "SecretString")]
    text: Option<String>,
    #[serde(rename = "SecretBinary")]
    bytes: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(rename = "__type", default)]
    kind: String,
    #[serde(alias = "Message", default)]
    message: String,
}

/// The current value of `secret`, its name or ARN.
pub(super) async fn value(
    secret: &str,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<SecretString, ManagerFault> {
    let AwsSecret { region, domain } = AwsSecret::of(secret).ok_or(ManagerFault::NotThere)?;
    let around = || variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION")).filter(|name| is_region(name));
    let lacking = ManagerFault::Surroundings("a secret that is named without its ARN needs AWS_REGION");
    let region = region.map(str::to_owned).or_else(around).ok_or(lacking)?;
    let endpoint = variable("AWS_ENDPOINT_URL_SECRETS_MANAGER");
    let endpoint = endpoint.unwrap_or_else(|| format!("https://secretsmanager.{region}.{domain}"));
    let never = ManagerFault::Surroundings("AWS_ENDPOINT_URL_SECRETS_MANAGER is an address that is never asked");
    let endpoint = asked(&endpoint).ok_or(never)?;
    let credential = credentials(&region).await.map_err(|fault| match fault {
        IamFault::NoCredentials => ManagerFault::NoCredentials,
        IamFault::Away => ManagerFault::Away(None),
    })?;
    let now = Utc::now();
    let body = json!({ "SecretId": secret }).to_string();
    let headers = vec![
        ("content-type", "application/x-amz-json-1.1".to_owned()),
        ("x-amz-target", "secretsmanager.GetSecretValue".to_owned()),
    ];
    let host = endpoint.split_once("://").map_or(endpoint, |(_, host)| host);
    let signing = Signing { method: "POST", host, path: "/", query: "", headers, body: &body };
    let scope = Scope::new(now, &region, "secretsmanager");
    // The client writes the host itself, as it was signed.
    let headers = signed(&scope, signing, &credential).into_iter().filter(|(name, _)| *name != "host").collect();
    let url = format!("{endpoint}/");
    let question = Question { url: &url, headers, body: Some(&body), within: WITHIN };
    let mut answer = Straight::default().ask(&question).await?;
    let read = match answer.status {
        200 => read(&answer.body),
        status => Err(refused(status, &answer.body, answer.date, now)),
    };
    answer.body.zeroize();
    read
}

fn read(body: &[u8]) -> Result<SecretString, ManagerFault> {
    let Answered { text, bytes } = serde_json::from_slice(body).map_err(|_| ManagerFault::Unreadable)?;
    if let Some(text) = text {
        return Ok(text.into());
    }
    let mut packed = bytes.ok_or(ManagerFault::Unreadable)?;
    let bytes = STANDARD.decode(&packed).map_err(|_| ManagerFault::Unreadable);
    packed.zeroize();
    let text = String::from_utf8(bytes?).map_err(|error| {
        error.into_bytes().zeroize();
        ManagerFault::NotText
    })?;
    Ok(text.into())
}

/// What it says with `status` and `body` at its own time `date`.
fn refused(status: u16, body: &[u8], date: Option<DateTime<Utc>>, now: DateTime<Utc>) -> ManagerFault {
    let said: Option<Refusal> = serde_json::from_slice(body).ok();
    let kind = said.as_ref().map_or("", |said| said.kind.rsplit('#').next().unwrap_or_default());
    let is_about = |word: &str| said.as_ref().is_some_and(|said| said.message.contains(word));
    match kind {
        "ThrottlingException" | "Throttling" | "TooManyRequestsException" | "RequestLimitExceeded" => {
            return ManagerFault::Away(Some(429));
        }
        "ResourceNotFoundException" => return ManagerFault::NotThere,
        "InvalidRequestException" if is_about("delet") => return ManagerFault::Deleted,
        "DecryptionFailure" => return ManagerFault::Key,
        "AccessDeniedException" if is_about("KMS") => return ManagerFault::Key,
        "AccessDeniedException" => return ManagerFault::Denied,
        _ if passing(status) => return ManagerFault::Away(Some(status)),
        _ => {}
    }
    match kind {
        _ if (300..400).contains(&status) => ManagerFault::Elsewhere,
        _ if is_apart(date, now) || is_about("Signature expired") || is_about("Signature not yet current") => {
            ManagerFault::Clock
        }
        "RequestExpired" | "RequestTimeTooSkewed" => ManagerFault::Clock,
        "ExpiredTokenException" | "ExpiredToken" => ManagerFault::Expired,
        "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "MissingAuthenticationTokenException" => ManagerFault::Signature,
        _ => ManagerFault::Refused,
    }
}

/// A name of a region: nothing that would lead elsewhere in a url.
fn is_region(name: &str) -> bool {
    !name.is_empty() && name.len() <= 32 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
