//! Azure from AWS without a secret: a token that AWS signs for the role, exchanged at Microsoft Entra for one that Azure Storage takes.
//!
//! Asked for where the surroundings say so (`NIGHTFERRY_AZURE_AUDIENCE`, with `AZURE_CLIENT_ID` and `AZURE_TENANT_ID`); a token of Azure's is
//! kept in memory until five minutes before it is over, one of AWS's never.
//!
//! Source: Microsoft, "Microsoft identity platform and the OAuth 2.0 client credentials flow", third case: a federated credential; "Authorize
//! access to blobs using Microsoft Entra ID".
//!
//! Never in here: a secret of the application's. Where there is one, object_store asks by it (`AZURE_CLIENT_SECRET`).

use super::identity::{IdentityFault, of_entra};
use super::renewed::Renewed;
use super::sigv4::escaped;
use super::straight::{Question, Straight};
use super::sts::{WITHIN, asked, unanswered, web_identity_token};
use chrono::{DateTime, TimeDelta, Utc};
use object_store::CredentialProvider;
use object_store::azure::AzureCredential;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::pin::Pin;
use std::sync::Arc;

/// The variable that says for which audience AWS is asked: the one of the federated credential, mostly `api://AzureADTokenExchange`.
const AUDIENCE: &str = "NIGHTFERRY_AZURE_AUDIENCE";
/// What the token is for.
const SCOPE: &str = "https://storage.azure.com/.default";
/// Longest life of a token that is believed.
const LIFE_MAX_SECONDS: i64 = 86_400;

/// Whom to ask, and for whom.
#[derive(Debug)]
pub(super) struct FromAws {
    tenant: String,
    client: String,
    audience: String,
    region: String,
    entra: String,
    sts: String,
    held: Renewed<AzureCredential>,
}

#[derive(Deserialize)]
struct Answered {
    access_token: String,
    expires_in: i64,
}

impl FromAws {
    /// As the surroundings say; `None` where they do not ask for it.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, IdentityFault> {
        let Some(audience) = variable(AUDIENCE) else { return Ok(None) };
        let lacking = "NIGHTFERRY_AZURE_AUDIENCE needs AZURE_CLIENT_ID, AZURE_TENANT_ID and AWS_REGION beside it";
        let needed =
            |name: &str| variable(name).filter(|value| is_word(value)).ok_or(IdentityFault::Surroundings(lacking));
        let (tenant, client, region) = (needed("AZURE_TENANT_ID")?, needed("AZURE_CLIENT_ID")?, needed("AWS_REGION")?);
        let entra = variable("AZURE_AUTHORITY_HOST").unwrap_or_else(|| "https://login.microsoftonline.com".into());
        let sts = variable("AWS_ENDPOINT_URL_STS").unwrap_or_else(|| format!("https://sts.{region}.amazonaws.com"));
        let sound = |address: &str| {
            let fault = "NIGHTFERRY_AZURE_AUDIENCE is set, and AZURE_AUTHORITY_HOST or AWS_ENDPOINT_URL_STS is an address that is never asked";
            asked(address).map(str::to_owned).ok_or(IdentityFault::Surroundings(fault))
        };
        let (entra, sts) = (sound(&entra)?, sound(&sts)?);
        Ok(Some(FromAws { tenant, client, audience, region, entra, sts, held: Renewed::default() }))
    }

    async fn exchanged(&self, now: DateTime<Utc>) -> Result<(AzureCredential, DateTime<Utc>), IdentityFault> {
        let assertion = web_identity_token(&self.sts, &self.region, &self.audience, now).await?;
        let application = Application { entra: &self.entra, tenant: &self.tenant, client: &self.client };
        let (token, until) = application.token(SCOPE, &assertion, now).await?;
        Ok((AzureCredential::BearerToken(token.expose_secret().to_owned()), until))
    }
}

/// An application of a tenant, which shows who it is by a token of others.
pub(super) struct Application<'a> {
    /// Address of Entra, without a `/` at its end.
    pub entra: &'a str,
    /// The tenant.
    pub tenant: &'a str,
    /// The application's id.
    pub client: &'a str,
}

impl Application<'_> {
    /// Entra's token for `scope`, in exchange for `assertion`, and its end.
    pub async fn token(
        &self,
        scope: &str,
        assertion: &SecretString,
        now: DateTime<Utc>,
    ) -> Result<(SecretString, DateTime<Utc>), IdentityFault> {
        let body: SecretString = [
            ("client_id", self.client),
            ("scope", scope),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion.expose_secret()),
            ("grant_type", "client_credentials"),
        ]
        .map(|(name, value)| format!("{name}={}", escaped(value)))
        .join("&")
        .into();
        let url = format!("{}/{}/oauth2/v2.0/token", self.entra, self.tenant);
        let headers = vec![("content-type", "application/x-www-form-urlencoded".to_owned())];
        let question = Question { url: &url, headers, body: Some(body.expose_secret()), within: WITHIN };
        let answer = Straight::default().ask(&question).await.map_err(unanswered)?;
        if answer.status != 200 {
            return Err(of_entra(answer.status, &answer.body, answer.date, now));
        }
        let Answered { access_token, expires_in } =
            serde_json::from_slice(&answer.body).map_err(|_| IdentityFault::Unreadable)?;
        if !is_graphic(&access_token) || expires_in <= 0 {
            return Err(IdentityFault::Unreadable);
        }
        Ok((access_token.into(), now + TimeDelta::seconds(expires_in.min(LIFE_MAX_SECONDS))))
    }
}

impl CredentialProvider for FromAws {
    type Credential = AzureCredential;

    fn get_credential<'a, 'b>(
        &'a self,
    ) -> Pin<Box<dyn Future<Output = object_store::Result<Arc<AzureCredential>>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move {
            let failed = |fault| object_store::Error::Generic { store: "AzureFederation", source: Box::new(fault) };
            self.held.get(|now| self.exchanged(now)).await.map_err(failed)
        })
    }
}

/// What may stand in a header.
pub(super) fn is_graphic(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A name of a tenant, an application or a region: nothing that would lead elsewhere in a url.
pub(super) fn is_word(value: &str) -> bool {
    !value.is_empty()
        && value.len() <= 128
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}
