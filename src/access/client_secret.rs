//! A store in Azure by the secret of an application, which is referred to: read whenever a token is asked for, so that one that was
//! exchanged for another meanwhile is followed.
//!
//! Never in here: the secret, beyond the question that shows it.

use super::entra::{Application, Fresh, Proof, STORAGE};
use super::identity::IdentityFault;
use super::renewed::Renewed;
use super::secret::{self, SecretFault, around};
use crate::job::SecretRef;
use chrono::{DateTime, Utc};
use object_store::CredentialProvider;
use object_store::azure::AzureCredential;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

const LACKING: &str =
    "`client_secret` needs `client_id` and `tenant_id` beside it, or AZURE_CLIENT_ID and AZURE_TENANT_ID";

/// The road by a client secret.
#[derive(Debug)]
pub(super) struct FromSecret {
    application: Application,
    secret: SecretRef,
    project: PathBuf,
    kept: Renewed<AzureCredential>,
}

/// Why there is no token.
enum Lacking {
    Secret(SecretFault),
    Token(IdentityFault),
}

impl FromSecret {
    /// By the secret that is referred to, for the application and tenant named, or those of the surroundings.
    pub fn of(secret: SecretRef, named: (Option<&str>, Option<&str>), project: PathBuf) -> Result<Self, IdentityFault> {
        let application = Application::of(around, named, LACKING)?;
        Ok(FromSecret { application, secret, project, kept: Renewed::default() })
    }

    async fn exchanged(&self, now: DateTime<Utc>) -> Result<Fresh, Lacking> {
        let secret = secret::text(&self.secret, &self.project, &around).await.map_err(Lacking::Secret)?;
        self.application.token(STORAGE, Proof::Secret(&secret), now).await.map_err(Lacking::Token)
    }
}

impl CredentialProvider for FromSecret {
    type Credential = AzureCredential;

    fn get_credential<'a, 'b>(
        &'a self,
    ) -> Pin<Box<dyn Future<Output = object_store::Result<Arc<AzureCredential>>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move {
            let failed = |lacking| {
                let source: Box<dyn std::error::Error + Send + Sync> = match lacking {
                    Lacking::Secret(fault) => Box::new(fault),
                    Lacking::Token(fault) => Box::new(fault),
                };
                object_store::Error::Generic { store: "AzureClientSecret", source }
            };
            // A manager that is away was asked a few times already.
            let is_passing = |lacking: &Lacking| matches!(lacking, Lacking::Token(fault) if fault.is_passing());
            let exchanged = |now| async move { Ok(self.exchanged(now).await?.shown()) };
            self.kept.get(exchanged, is_passing).await.map_err(failed)
        })
    }
}
