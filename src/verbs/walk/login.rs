//! A PostgreSQL source of the environment -> what its login needs: secrets and certificates, read.

use crate::access::secret;
use crate::data::{Extract, Name};
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::job::{ClientSpec, Plan, PostgresSpec, SecretRef, SourceSpec};
use crate::source::{self, ClientCertificate, Login};
use crate::world::World;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::path::Path;

/// Reads what the login of source `name` needs.
pub async fn login(name: &Name, spec: &PostgresSpec, root: &Path) -> Result<Login, Failure> {
    let invalid = |what: String| Failure::new(ending::ENVIRONMENT_INVALID, Phase::Open, what);
    let file = |key: &str, path: &String| {
        std::fs::read(root.join(path)).map_err(|_| invalid(format!("the `{key}` of source `{name}` cannot be read")))
    };
    let client = match &spec.login.client {
        Some(ClientSpec { certificate, key }) => {
            let certificate_pem = file("client_cert", certificate)?;
            Some(ClientCertificate { certificate_pem, key_pem: read(key, root).await? })
        }
        None => None,
    };
    Ok(Login {
        password: match &spec.password {
            Some(password) => Some(read(password, root).await?),
            None => None,
        },
        password_at: match &spec.password {
            Some(SecretRef::File(path)) => Some(SecretRef::File(root.join(path).to_string_lossy().into_owned())),
            // A variable of ours is nobody's to change.
            managed => managed.clone().filter(SecretRef::is_managed),
        },
        ca_pem: spec.ca.as_ref().map(|ca| file("ca", ca)).transpose()?,
        client,
    })
}

/// The secret that is referred to, as text.
pub async fn read(secret: &SecretRef, root: &Path) -> Result<SecretString, Failure> {
    secret::text(secret, root, &World::variable).await.map_err(|fault| Failure::secret(&fault))
}

/// For each source of the plans whose role may do more than read, the SQL that makes one which may not.
pub async fn remedies(plans: &[Plan], root: &Path) -> BTreeMap<Name, String> {
    let mut remedies = BTreeMap::new();
    for (name, spec) in plans.iter().flat_map(|plan| &plan.sources) {
        let SourceSpec::Postgres(spec) = spec else { continue };
        let Ok(login) = login(name, spec, root).await else { continue };
        let extracts = plans.iter().flat_map(|plan| &plan.datasets).filter(|dataset| dataset.from == *name);
        let extracts: Vec<&Extract> = extracts.map(|dataset| &dataset.extract).collect();
        // Why a source cannot be asked is told already, by whoever asked it first.
        if let Ok(Some(sql)) = source::remedy(name, spec, &login, &extracts).await {
            remedies.insert(name.clone(), sql);
        }
    }
    remedies
}
