//! Tokens of Microsoft Entra: for an application, by what it shows.
//!
//! Azure from AWS without a secret: a token that AWS signs for the role, exchanged for one that Azure takes. Asked for where the surroundings
//! say so (`NIGHTFERRY_AZURE_AUDIENCE`, with `AZURE_CLIENT_ID` and `AZURE_TENANT_ID`); a token of Azure's is kept in memory until five minutes
//! before it is over, one of AWS's never. By a secret of the application's: `client_secret.rs`.
//!
//! Source: Microsoft, "Microsoft identity platform and the OAuth 2.0 client credentials flow", first case: a shared secret, and third case: a
//! federated credential; "Authorize access to blobs using Microsoft Entra ID".
//!
//! Never in here: where a secret is found.

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
/// What a token for Azure Storage is for.
pub(super) const STORAGE: &str = "https://storage.azure.com/.default";
/// What is told of an address that could be nobody who hands out tokens.
const NEVER_ASKED: &str = "AZURE_AUTHORITY_HOST or AWS_ENDPOINT_URL_STS, of which NIGHTFERRY_AZURE_AUDIENCE or a client secret has us ask for tokens, is an address that is never asked";
/// Longest life of a token that is believed.
const LIFE_MAX_SECONDS: i64 = 86_400;

/// An application, and who hands out tokens for it.
#[derive(Debug)]
pub(super) struct Application {
    tenant: String,
    client: String,
    entra: String,
}

/// What an application shows.
pub(super) enum Proof<'a> {
    /// A token of somebody whom the application trusts.
    Assertion(&'a SecretString),
    /// Its secret.
    Secret(&'a SecretString),
}

/// A token, and when it is over.
pub(super) struct Fresh {
    pub token: SecretString,
    until: DateTime<Utc>,
}

impl Fresh {
    /// As a store is shown it.
    pub fn shown(self) -> (AzureCredential, DateTime<Utc>) {
        (AzureCredential::BearerToken(self.token.expose_secret().to_owned()), self.until)
    }
}

#[derive(Deserialize)]
struct Answered {
    access_token: String,
    expires_in: i64,
}

impl Application {
    /// The application and tenant named, or those of the surroundings; `lacking` is told where neither names one.
    pub fn of(
        variable: impl Fn(&str) -> Option<String>,
        (client, tenant): (Option<&str>, Option<&str>),
        lacking: &'static str,
    ) -> Result<Self, IdentityFault> {
        let needed = |named: Option<&str>, name: &str| {
            let given = named.map(str::to_owned).or_else(|| variable(name));
            given.filter(|value| is_word(value)).ok_or(IdentityFault::Surroundings(lacking))
        };
        let (tenant, client) = (needed(tenant, "AZURE_TENANT_ID")?, needed(client, "AZURE_CLIENT_ID")?);
        let entra = variable("AZURE_AUTHORITY_HOST").unwrap_or_else(|| "https://login.microsoftonline.com".into());
        let entra = asked(&entra).map(str::to_owned).ok_or(IdentityFault::Surroundings(NEVER_ASKED))?;
        Ok(Application { tenant, client, entra })
    }

    /// A token for `scope`, asked for once.
    pub async fn token(&self, scope: &str, proof: Proof<'_>, now: DateTime<Utc>) -> Result<Fresh, IdentityFault> {
        let mut form = vec![("client_id", self.client.as_str()), ("scope", scope)];
        match proof {
            Proof::Assertion(assertion) => form.extend([
                ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                ("client_assertion", assertion.expose_secret()),
            ]),
            Proof::Secret(secret) => form.push(("client_secret", secret.expose_secret())),
        }
        form.push(("grant_type", "client_credentials"));
        let pairs: Vec<String> = form.into_iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let body: SecretString = pairs.join("&").into();
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
        Ok(Fresh { token: access_token.into(), until: now + TimeDelta::seconds(expires_in.min(LIFE_MAX_SECONDS)) })
    }
}

/// The road from AWS.
#[derive(Debug)]
pub(super) struct FromAws {
    application: Application,
    audience: String,
    region: String,
    sts: String,
    kept: Renewed<AzureCredential>,
}

impl FromAws {
    /// As the surroundings say; `None` where they do not ask for it.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, IdentityFault> {
        let Some(audience) = variable(AUDIENCE) else { return Ok(None) };
        let lacking = "NIGHTFERRY_AZURE_AUDIENCE needs AZURE_CLIENT_ID, AZURE_TENANT_ID and AWS_REGION beside it";
        let application = Application::of(&variable, (None, None), lacking)?;
        let region = variable("AWS_REGION").filter(|value| is_word(value));
        let region = region.ok_or(IdentityFault::Surroundings(lacking))?;
        let sts = variable("AWS_ENDPOINT_URL_STS").unwrap_or_else(|| format!("https://sts.{region}.amazonaws.com"));
        let sts = asked(&sts).map(str::to_owned).ok_or(IdentityFault::Surroundings(NEVER_ASKED))?;
        Ok(Some(FromAws { application, audience, region, sts, kept: Renewed::default() }))
    }

    /// A token for `scope`, asked for once.
    pub async fn exchanged(&self, scope: &str, now: DateTime<Utc>) -> Result<Fresh, IdentityFault> {
        let assertion = web_identity_token(&self.sts, &self.region, &self.audience, now).await?;
        self.application.token(scope, Proof::Assertion(&assertion), now).await
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
            let exchanged = |now| async move { Ok(self.exchanged(STORAGE, now).await?.shown()) };
            self.kept.get(exchanged, |fault: &IdentityFault| fault.is_passing()).await.map_err(failed)
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
