//! How a place in Azure is shown who we are, where its environment says so: `sas`, or `client_secret`.
//!
//! Never in here: a secret. What is said of one is where it is found.

use super::environment_file::Reader;
use super::plan::{AzureLogin, SecretRef};
use super::secret_file::secret;
use super::shape::{Key, Shape, optional};
use super::tree::Node;

/// Keys of a place that may lie in Azure.
pub const SAS: Key = optional("sas", Shape::Secret, "where the shared access signature is found that Azure is shown");
/// The secret of an application.
pub const CLIENT_SECRET: Key =
    optional("client_secret", Shape::Secret, "where the secret of the application is found that Azure is shown");
/// The application.
pub const CLIENT_ID: Key = optional("client_id", Shape::Given, "the application [AZURE_CLIENT_ID]");
/// Its tenant.
pub const TENANT_ID: Key = optional("tenant_id", Shape::Given, "its tenant [AZURE_TENANT_ID]");

impl Reader<'_> {
    /// What a place says of its login; keys begin with `front`. The outer `None`: something is wrong, and told.
    pub(super) fn azure(&mut self, node: &Node, front: &str, url: &str) -> Option<Option<AzureLogin>> {
        let key = |name: &str| if front.is_empty() { name.to_owned() } else { format!("{front}_{name}") };
        let before = self.problems.len();
        let at = |name: &str| node.get(&key(name));
        let (sas, client_secret) = (at("sas"), at("client_secret"));
        let is_azure = ["az://", "azure://", "abfs://", "abfss://"].iter().any(|scheme| url.starts_with(scheme));
        for name in ["sas", "client_secret", "client_id", "tenant_id"] {
            let Some(of) = at(name) else { continue };
            let (here, url_key) = (key(name), if front.is_empty() { "url" } else { front });
            if !is_azure {
                let message = format!("`{here}` is of a place in Azure, and `{url_key}` is none");
                self.told("E-ENV-AZURE", of, &message, "az:// or abfss://; S3 takes the process's own credentials");
            } else if matches!(secret(of), Some(SecretRef::TestKey)) {
                self.told("E-ENV-AZURE", of, &format!("`{here}` is no key of tests"), "{ aws_secret = \"NAME\" }");
            } else if name == "client_secret" && sas.is_some() {
                let message = format!("`{here}` stands beside `{}`", key("sas"));
                self.told("E-ENV-AZURE", of, &message, "a place is shown one of them; leave the other out");
            } else if name.ends_with("_id") && client_secret.is_none() {
                let message = format!("`{here}` says nothing without `{}`", key("client_secret"));
                self.told("E-ENV-AZURE", of, &message, "it names whose secret that is");
            }
        }
        if self.problems.len() > before {
            return None;
        }
        if let Some(secret) = sas.and_then(secret) {
            return Some(Some(AzureLogin::Sas(secret)));
        }
        let Some(secret) = client_secret.and_then(secret) else { return Some(None) };
        let mut given = |name: &str| match at(name) {
            Some(_) => self.given(node, &key(name)).map(Some),
            None => Some(None),
        };
        let (client, tenant) = (given("client_id")?, given("tenant_id")?);
        Some(Some(AzureLogin::Client { secret, client, tenant }))
    }
}
