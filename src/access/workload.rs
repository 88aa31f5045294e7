//! A token of Azure's that says who a workload there is: from the endpoint of its managed identity (Container Apps, App Service), or from
//! Entra, in exchange for the token that Kubernetes puts into a file (AKS).
//!
//! Source: Microsoft, "Managed identities in Azure Container Apps", "REST endpoint reference"; "Use Microsoft Entra Workload ID with AKS".
//!
//! Never in here: a token that is kept, the metadata service of a machine (an address of the link, which is never asked), and what the token is for.

use super::entra::{Application, Proof, is_graphic, is_word};
use super::identity::{IdentityFault, of_workload};
use super::sigv4::escaped;
use super::straight::{Question, Straight};
use super::sts::{WITHIN, asked, unanswered};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::path::PathBuf;

/// Longest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 32 << 10;

/// Who hands this workload its tokens.
#[derive(Debug)]
pub(super) enum Workload {
    /// The endpoint of its managed identity.
    Identity {
        /// Its address.
        endpoint: String,
        /// What it wants to be shown: whoever knows it runs in this container.
        header: SecretString,
        /// Which identity, where there are several.
        client: Option<String>,
    },
    /// Entra, in exchange for the token of a file.
    Federated {
        /// The file; its platform changes what is in it.
        file: PathBuf,
        /// For whom it is exchanged.
        application: Application,
    },
}

#[derive(Deserialize)]
struct Answered {
    access_token: String,
}

impl Workload {
    /// As the surroundings say.
    pub fn of(variable: &impl Fn(&str) -> Option<String>) -> Result<Self, IdentityFault> {
        let fault = IdentityFault::Surroundings;
        if let Some(endpoint) = variable("IDENTITY_ENDPOINT") {
            let never = "IDENTITY_ENDPOINT is an address that is never asked";
            let endpoint = asked(&endpoint).ok_or(fault(never))?.to_owned();
            let header = variable("IDENTITY_HEADER").filter(|header| is_graphic(header));
            let header = header.ok_or(fault("IDENTITY_ENDPOINT needs IDENTITY_HEADER beside it"))?.into();
            return Ok(Workload::Identity {
                endpoint,
                header,
                client: variable("AZURE_CLIENT_ID").filter(|value| is_word(value)),
            });
        }
        let lacking = "a `role` needs IDENTITY_ENDPOINT, or AZURE_FEDERATED_TOKEN_FILE with AZURE_CLIENT_ID and AZURE_TENANT_ID, which Azure sets";
        let file = variable("AZURE_FEDERATED_TOKEN_FILE").ok_or(fault(lacking))?.into();
        Ok(Workload::Federated { file, application: Application::of(variable, (None, None), lacking)? })
    }

    /// A token for `audience`.
    pub async fn token(&self, audience: &str, now: DateTime<Utc>) -> Result<SecretString, IdentityFault> {
        match self {
            Workload::Identity { endpoint, header, client } => {
                of_identity(endpoint, header, client.as_deref(), audience).await
            }
            Workload::Federated { file, application } => {
                let lacking = IdentityFault::Surroundings("AZURE_FEDERATED_TOKEN_FILE cannot be read");
                let is_small = std::fs::metadata(file).is_ok_and(|file| file.len() <= FILE_BYTES_MAX);
                let own = std::fs::read_to_string(file).ok().filter(|_| is_small).ok_or(lacking)?;
                let (own, scope): (SecretString, _) =
                    (own.trim_end().to_owned().into(), format!("{audience}/.default"));
                let fresh =
                    application.token(&scope, Proof::Assertion(&own), now).await.map_err(|fault| match fault {
                        IdentityFault::Audience
                        | IdentityFault::Subject
                        | IdentityFault::Assertion
                        | IdentityFault::TokenExpired => IdentityFault::Federated,
                        other => other,
                    })?;
                Ok(fresh.token)
            }
        }
    }
}

async fn of_identity(
    endpoint: &str,
    header: &SecretString,
    client: Option<&str>,
    audience: &str,
) -> Result<SecretString, IdentityFault> {
    let which = client.map(|client| format!("&client_id={}", escaped(client))).unwrap_or_default();
    let url = format!("{endpoint}?api-version=2019-08-01&resource={}{which}", escaped(audience));
    let headers = vec![("x-identity-header", header.expose_secret().to_owned())];
    let question = Question { url: &url, headers, body: None, within: WITHIN };
    let answer = Straight::default().ask(&question).await.map_err(unanswered)?;
    if answer.status != 200 {
        return Err(of_workload(answer.status));
    }
    let Answered { access_token } = serde_json::from_slice(&answer.body).map_err(|_| IdentityFault::Unreadable)?;
    if !is_graphic(&access_token) {
        return Err(IdentityFault::Unreadable);
    }
    Ok(access_token.into())
}
