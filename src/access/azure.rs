//! Azure Blob Storage, Data Lake and Fabric, and the emulator of tests.
//!
//! Never in here: a key of anybody's but the emulator's, which is public.

use super::address::Fabric;
use super::client_secret::FromSecret;
use super::entra::FromAws;
use super::identity::IdentityFault;
use super::location::{AccessError, asked, client, retries};
use super::meter::{Meter, Metered};
use super::sas::FromSas;
use super::secret::around;
use crate::job::{AzureLogin, Location, is_this_machine};
use object_store::ObjectStore;
use object_store::azure::{AzureConfigKey, AzureCredentialProvider, MicrosoftAzureBuilder};
use std::path::Path;
use std::sync::Arc;

/// The account that every Azure emulator has, and its key, which opens nothing but an emulator.
/// Source: Microsoft, "Use the Azurite emulator for local Azure Storage development", well-known storage account and key.
const EMULATOR_ACCOUNT: &str = "devstoreaccount1";
const EMULATOR_KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// The container `container` of the account that the url, the surroundings or an emulator's endpoint names.
pub(super) fn azure(
    location: &Location,
    project: &Path,
    container: &str,
    (account, fabric): (Option<&str>, Fabric),
    label: &str,
    meter: &Meter,
) -> Result<Arc<dyn ObjectStore>, AccessError> {
    let (options, straight) = client(location, project, label)?;
    let mut builder = MicrosoftAzureBuilder::from_env()
        .with_container_name(container)
        .with_client_options(options)
        .with_http_connector(Metered { by: straight, meter: meter.clone() })
        .with_retry(retries());
    if let Some(account) = account {
        builder = builder.with_account(account);
    }
    if fabric == Fabric::Yes {
        builder = builder.with_use_fabric_endpoint(true);
    }
    let shown = shown(location, project).map_err(|fault| AccessError::Token { label: label.into(), fault })?;
    let configured = |builder: &MicrosoftAzureBuilder, key| builder.get_config_value(&key);
    asked(configured(&builder, AzureConfigKey::Endpoint).into_iter().collect(), label)?;
    let account = configured(&builder, AzureConfigKey::AccountName);
    let account = account.or_else(|| location.endpoint.as_deref().and_then(emulated_account).map(str::to_owned));
    let is_emulated = configured(&builder, AzureConfigKey::UseEmulator).is_some_and(|value| value == "true");
    if account.is_none() && !is_emulated {
        let what = "`AZURE_STORAGE_ACCOUNT_NAME`, or the account in its url";
        return Err(AccessError::Missing { label: label.into(), what });
    }
    if let (Some(endpoint), Some(account)) = (&location.endpoint, &account) {
        // `use_emulator` would ignore the endpoint; with it off, an emulator's account is the first segment of the path.
        builder = builder.with_use_emulator(false).with_account(account);
        builder = builder.with_endpoint(emulator_endpoint(endpoint, account));
        let keys = [AzureConfigKey::AccessKey, AzureConfigKey::SasKey, AzureConfigKey::Token];
        let has_key = keys.into_iter().any(|key| configured(&builder, key).is_some());
        if account == EMULATOR_ACCOUNT && is_this_machine(endpoint) && !has_key && shown.is_none() {
            builder = builder.with_access_key(EMULATOR_KEY);
        }
    }
    if let Some(shown) = shown {
        builder = builder.with_credentials(shown);
    }
    let store = builder.build().map_err(|_| AccessError::Missing {
        label: label.into(),
        what: "`AZURE_*` variables that Azure understands",
    })?;
    Ok(Arc::new(store))
}

/// What Azure is shown: what the environment refers to before what the surroundings say; `None` where object_store finds it there.
fn shown(location: &Location, project: &Path) -> Result<Option<AzureCredentialProvider>, IdentityFault> {
    Ok(match &location.azure {
        Some(AzureLogin::Sas(secret)) => Some(Arc::new(FromSas::of(secret.clone(), project.into()))),
        Some(AzureLogin::Client { secret, client, tenant }) => {
            let named = (client.as_deref(), tenant.as_deref());
            Some(Arc::new(FromSecret::of(secret.clone(), named, project.into())?))
        }
        None => FromAws::of(around)?.map(|from_aws| Arc::new(from_aws) as AzureCredentialProvider),
    })
}

/// The url by which `container` is asked, as [`azure`] takes its account and host. `None` where the surroundings name another host.
pub(super) fn container_at(
    location: &Location,
    container: &str,
    (account, fabric): (Option<&str>, Fabric),
) -> Option<String> {
    let builder = MicrosoftAzureBuilder::from_env();
    let around = |key| builder.get_config_value(&key);
    let is_set = |key| around(key).is_some_and(|value| value == "true");
    let account = account.map(str::to_owned).or_else(|| around(AzureConfigKey::AccountName));
    if let Some(endpoint) = &location.endpoint {
        let account = account.or_else(|| emulated_account(endpoint).map(str::to_owned))?;
        return Some(format!("{}/{container}", emulator_endpoint(endpoint, &account)));
    }
    if around(AzureConfigKey::Endpoint).is_some() || is_set(AzureConfigKey::UseEmulator) {
        return None;
    }
    let is_fabric = fabric == Fabric::Yes || is_set(AzureConfigKey::UseFabricEndpoint);
    let host = if is_fabric { "blob.fabric.microsoft.com" } else { "blob.core.windows.net" };
    Some(format!("https://{}.{host}/{container}", account?))
}

/// The account in the path of an emulator's endpoint.
fn emulated_account(endpoint: &str) -> Option<&str> {
    let (_, rest) = endpoint.trim_end_matches('/').split_once("://")?;
    let (_, account) = rest.split_once('/')?;
    (is_this_machine(endpoint) && !account.contains('/')).then_some(account)
}

/// `http://127.0.0.1:10000` -> `http://127.0.0.1:10000/account`: emulators have no host for each account.
fn emulator_endpoint(endpoint: &str, account: &str) -> String {
    let endpoint = endpoint.trim_end_matches('/');
    let has_path = endpoint.split_once("://").is_some_and(|(_, rest)| rest.contains('/'));
    if is_this_machine(endpoint) && !has_path { format!("{endpoint}/{account}") } else { endpoint.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_is_asked_at_the_host_of_its_own_kind() {
        let at = |endpoint: Option<&str>, fabric| {
            let endpoint = endpoint.map(str::to_owned);
            let location = Location { url: "az://c".into(), endpoint, ..Location::default() };
            container_at(&location, "c", (Some("a"), fabric))
        };
        assert_eq!(at(None, Fabric::No).as_deref(), Some("https://a.blob.core.windows.net/c"));
        assert_eq!(at(None, Fabric::Yes).as_deref(), Some("https://a.blob.fabric.microsoft.com/c"));
        assert_eq!(at(Some("http://127.0.0.1:10000"), Fabric::No).as_deref(), Some("http://127.0.0.1:10000/a/c"));
    }

    #[test]
    fn puts_the_account_into_an_emulators_path_only() {
        assert_eq!(emulator_endpoint("http://127.0.0.1:10000", "a"), "http://127.0.0.1:10000/a");
        assert_eq!(emulator_endpoint("http://127.0.0.1:10000/a/", "a"), "http://127.0.0.1:10000/a");
        assert_eq!(emulated_account("http://127.0.0.1:10000/a/"), Some("a"));
        assert_eq!(emulated_account("https://storage.example.org/a"), None);
        assert_eq!(emulator_endpoint("https://a.blob.core.windows.net", "a"), "https://a.blob.core.windows.net");
    }
}
