//! Azure Key Vault: the current value of a secret, by a GET with a token of Microsoft Entra's.
//!
//! The token is got as the surroundings say: from AWS without a secret (`NIGHTFERRY_AZURE_AUDIENCE`), or by the secret of an application
//! (`AZURE_CLIENT_SECRET`).
//!
//! Source: Microsoft, "Azure Key Vault REST API reference", "Get Secret", version 7.4, and "REST API error codes".
//!
//! Never in here: a token that is kept, and a managed identity of Azure's, whose endpoint is link-local.

use super::entra::{Application, FromAws, Proof};
use super::identity::{IdentityFault, is_apart, passing};
use super::manager::{ManagerFault, WITHIN};
use super::straight::{Question, Straight};
use crate::job::VaultSecret;
use chrono::{DateTime, Utc};
use secrecy::zeroize::Zeroize;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

const VERSION: &str = "7.4";

const LACKING: &str = "a secret of Key Vault needs NIGHTFERRY_AZURE_AUDIENCE or AZURE_CLIENT_SECRET, with AZURE_CLIENT_ID and AZURE_TENANT_ID beside it";

#[derive(Deserialize)]
struct Answered {
    value: String,
}

#[derive(Deserialize)]
struct Refusal {
    error: Told,
}

#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    code: String,
    innererror: Option<Inner>,
}

#[derive(Deserialize)]
struct Inner {
    #[serde(default)]
    code: String,
}

/// The value of the secret at `url`, the current one where it names no version.
pub(super) async fn value(url: &str, variable: impl Fn(&str) -> Option<String>) -> Result<SecretString, ManagerFault> {
    let VaultSecret { vault, path, scope } = VaultSecret::of(url).ok_or(ManagerFault::NotThere)?;
    let token = token(scope, variable).await.map_err(|fault| match fault {
        IdentityFault::Surroundings(fault) => ManagerFault::Surroundings(fault),
        fault => ManagerFault::NoToken(fault),
    })?;
    let url = format!("{vault}/{path}?api-version={VERSION}");
    let headers = vec![("authorization", format!("Bearer {}", token.expose_secret()))];
    let question = Question { url: &url, headers, body: None, within: WITHIN };
    let mut answer = Straight::default().ask(&question).await?;
    let read = match answer.status {
        200 => serde_json::from_slice(&answer.body)
            .map(|Answered { value }| value.into())
            .map_err(|_| ManagerFault::Unreadable),
        status => Err(refused(status, &answer.body, answer.date, Utc::now())),
    };
    answer.body.zeroize();
    read
}

async fn token(scope: &str, variable: impl Fn(&str) -> Option<String>) -> Result<SecretString, IdentityFault> {
    if let Some(from_aws) = FromAws::of(&variable)? {
        return Ok(from_aws.exchanged(scope, Utc::now()).await?.token);
    }
    let secret = variable("AZURE_CLIENT_SECRET").map(SecretString::from);
    let secret = secret.ok_or(IdentityFault::Surroundings(LACKING))?;
    let application = Application::of(&variable, (None, None), LACKING)?;
    Ok(application.token(scope, Proof::Secret(&secret), Utc::now()).await?.token)
}

/// What it says with `status` and `body` at its own time `date`.
fn refused(status: u16, body: &[u8], date: Option<DateTime<Utc>>, now: DateTime<Utc>) -> ManagerFault {
    let said: Option<Refusal> = serde_json::from_slice(body).ok();
    let inner = said.as_ref().and_then(|said| said.error.innererror.as_ref()).map_or("", |inner| inner.code.as_str());
    let code = said.as_ref().map_or("", |said| said.error.code.as_str());
    match (status, code, inner) {
        _ if passing(status) => ManagerFault::Away(Some(status)),
        (300..=399, ..) => ManagerFault::Elsewhere,
        (404, ..) => ManagerFault::NotThere,
        (409, ..) => ManagerFault::Deleted,
        (403, _, "SecretDisabled") => ManagerFault::Disabled,
        (403, _, "ForbiddenByFirewall" | "ForbiddenByConnection") => ManagerFault::Network,
        (403, ..) => ManagerFault::Denied,
        _ if is_apart(date, now) => ManagerFault::Clock,
        (401, ..) => ManagerFault::Token,
        _ => ManagerFault::Refused,
    }
}
