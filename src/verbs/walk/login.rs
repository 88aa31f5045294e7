//! A PostgreSQL source of the environment -> what its login needs: secrets and certificates, read.

use crate::access::secret;
use crate::data::{Extract, Name};
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::job::{ClientSpec, Plan, PostgresSpec, SecretRef, SourceSpec};
use crate::source::{self, ClientCertificate, Login};
use crate::world::World;
use std::collections::BTreeMap;
use std::path::Path;

/// Reads what the login of source `name` needs.
pub fn login(name: &Name, spec: &PostgresSpec, root: &Path) -> Result<Login, Failure> {
    let invalid = |what: String| Failure::new(ending::ENVIRONMENT_INVALID, Phase::Open, what);
    let secret =
        |secret: &SecretRef| secret::text(secret, root, &World::variable).map_err(|fault| invalid(fault.to_string()));
    let file = |key: &str, path: &String| {
        std::fs::read(root.join(path)).map_err(|_| invalid(format!("the `{key}` of source `{name}` cannot be read")))
    };
    let client = |client: &ClientSpec| {
        let certificate_pem = file("client_cert", &client.certificate)?;
        Ok(ClientCertificate { certificate_pem, key_pem: secret(&client.key)? })
    };
    Ok(Login {
        password: spec.password.as_ref().map(secret).transpose()?,
        // A variable of ours is nobody's to change.
        password_file: match &spec.password {
            Some(SecretRef::File(path)) => Some(root.join(path)),
            _ => None,
        },
        ca_pem: spec.ca.as_ref().map(|ca| file("ca", ca)).transpose()?,
        client: spec.login.client.as_ref().map(client).transpose()?,
    })
}

/// For each source of the plans whose role may do more than read, the SQL that makes one which may not.
pub async fn remedies(plans: &[Plan], root: &Path) -> BTreeMap<Name, String> {
    let mut remedies = BTreeMap::new();
    for (name, spec) in plans.iter().flat_map(|plan| &plan.sources) {
        let SourceSpec::Postgres(spec) = spec else { continue };
        let Ok(login) = login(name, spec, root) else { continue };
        let extracts = plans.iter().flat_map(|plan| &plan.datasets).filter(|dataset| dataset.from == *name);
        let extracts: Vec<&Extract> = extracts.map(|dataset| &dataset.extract).collect();
        // Why a source cannot be asked is told already, by whoever asked it first.
        if let Ok(Some(sql)) = source::remedy(name, spec, &login, &extracts).await {
            remedies.insert(name.clone(), sql);
        }
    }
    remedies
}
