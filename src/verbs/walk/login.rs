//! A PostgreSQL source of the environment -> what its login needs: secrets and certificates, read.

use crate::access::secret;
use crate::data::Name;
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::job::{ClientSpec, PostgresSpec, SecretRef};
use crate::source::{ClientCertificate, Login};
use crate::world::World;
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
